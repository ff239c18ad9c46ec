"""Attention."""

from __future__ import annotations

import math
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import constraints, initializers, regularizers
from weft.keras.layers.activations import Softmax
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.core.einsum_dense import EinsumDense
from weft.keras.layers.layer import Layer
from weft.keras.layers.regularization import Dropout


class MultiHeadAttention(Layer):
    """Attention in several heads: each mixes the values by how well keys match queries, in a space of its own.

    Args:
        num_heads: The number of heads.
        key_dim: The size of queries and keys in a head.
        value_dim: The size of values in a head; `key_dim` by default.
        dropout: Share of the weights that is dropped in training.
        use_bias: Whether the projections have biases.
        output_shape: The size of the output; that of the query by default.
        kernel_initializer: First value of the projections.
        bias_initializer: First value of their biases.
        kernel_regularizer: Penalty on the projections.
        bias_regularizer: Penalty on their biases.
        activity_regularizer: Penalty on the output.
        kernel_constraint: What is done to the projections after an update.
        bias_constraint: What is done to their biases after an update.
        seed: Makes the dropout the same every time.
        **kwargs: As for every layer.

    Returns:
        For queries `[batch, targets, features]` and values `[batch, sources, features]`, `[batch, targets, output]`;
        with `return_attention_scores` also the weights `[batch, heads, targets, sources]`.

    Source: Vaswani et al. 2017.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> x = tf.ones((2, 5, 8))
        >>> keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)(x, x).shape
        TensorShape([2, 5, 8])
    """

    def __init__(
        self, num_heads: int, key_dim: int, value_dim: int | None = None, dropout: float = 0.0, use_bias: bool = True,
        output_shape: Any = None, kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, bias_constraint: Any = None, seed: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.num_heads = positive_int("MultiHeadAttention", "num_heads", num_heads)
        self.key_dim = positive_int("MultiHeadAttention", "key_dim", key_dim)
        self.value_dim = (
            self.key_dim if value_dim is None else positive_int("MultiHeadAttention", "value_dim", value_dim)
        )
        self.dropout = dropout
        self.use_bias = use_bias
        self._output_size = output_shape if output_shape is None or isinstance(output_shape, int) else output_shape[0]
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.seed = seed
        self.supports_masking = True

    def _projection(self, name: str, equation: str, output_shape: Any, bias_axes: str) -> EinsumDense:
        return EinsumDense(
            equation, output_shape=output_shape, bias_axes=bias_axes if self.use_bias else None, name=name,
            dtype=self.dtype_policy, kernel_initializer=initializers.get(self.kernel_initializer),
            bias_initializer=initializers.get(self.bias_initializer), kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer, kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
        )  # fmt: skip

    def build(  # type: ignore[override]  # as in Keras: one shape for each argument of call
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        for what, shape in (("query", query_shape), ("value", value_shape), ("key", key_shape)):
            if len(shape) != 3:
                raise ValueError(explain(
                    f"Layer `{self.name}` (MultiHeadAttention): the {what} must have 3 axes, [batch, steps, features].",
                    received=f"shape {tf.TensorShape(shape)}",
                ))  # fmt: skip
        heads = (None, self.num_heads)
        self._query = self._projection("query", "abc,cde->abde", (*heads, self.key_dim), "de")
        self._key = self._projection("key", "abc,cde->abde", (*heads, self.key_dim), "de")
        self._value = self._projection("value", "abc,cde->abde", (*heads, self.value_dim), "de")
        size = query_shape[-1] if self._output_size is None else self._output_size
        self._softmax = Softmax(axis=-1, dtype=self.dtype_policy)
        self._dropout = Dropout(self.dropout, seed=self.seed, dtype=self.dtype_policy)
        self._output = self._projection("attention_output", "abcd,cde->abe", (None, size), "e")
        self._query.build(query_shape)
        self._key.build(key_shape)
        self._value.build(value_shape)
        self._output.build((*query_shape[:2], self.num_heads, self.value_dim))

    def call(
        self, query: Any, value: Any, key: Any = None, query_mask: Any = None, value_mask: Any = None,
        key_mask: Any = None, attention_mask: Any = None, return_attention_scores: bool = False, training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:  # fmt: skip
        """The mixed values.

        Args:
            query: `[batch, targets, features]`.
            value: `[batch, sources, features]`.
            key: As `value`, which it is by default.
            query_mask: Which targets count, `[batch, targets]`; handed on with the output.
            value_mask: Which sources count, `[batch, sources]`.
            key_mask: Likewise.
            attention_mask: Which target may see which source, `[batch, targets, sources]`.
            return_attention_scores: Whether to return the weights too.
            training: Whether this is training.
            use_causal_mask: Whether no target may see later sources.
        """
        key = value if key is None else key
        # The query's mask travels on with the output. It changes no weight: what padding sees is of no matter.
        mask = self._mask(query, value, value_mask, key_mask, attention_mask, use_causal_mask)
        queries = self._query(query) * (1.0 / math.sqrt(self.key_dim))
        scores = tf.einsum("abcd,aecd->acbe", queries, self._key(key))
        weights = self._softmax(scores, mask=None if mask is None else tf.expand_dims(mask, 1))
        mixed = tf.einsum("acbe,aecd->abcd", self._dropout(weights, training=training), self._value(value))
        output = self._output(mixed)
        return (output, weights) if return_attention_scores else output

    def _mask(self, query: Any, value: Any, value_mask: Any, key_mask: Any, attention_mask: Any, causal: bool) -> Any:
        """All masks as one, `[batch or 1, targets, sources]`; None where there is none."""
        parts = []
        for mask in (value_mask, key_mask):
            if mask is not None:
                parts.append(tf.expand_dims(tf.cast(mask, "bool"), 1))
        if causal:
            rows, columns = tf.range(tf.shape(query)[1])[:, None], tf.range(tf.shape(value)[1])[None, :]
            parts.append(tf.expand_dims(rows >= columns, 0))
        if attention_mask is not None:
            parts.append(tf.cast(attention_mask, "bool"))
        if not parts:
            return None
        found = parts[0]
        for part in parts[1:]:
            found = tf.logical_and(found, part)
        return found

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return previous_mask

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_shape": self._output_size}


class _SimpleAttention(Layer):
    """What Attention and AdditiveAttention have in common: `[query, value]` or `[query, value, key]` come as a list."""

    def __init__(self, use_scale: bool, dropout: float = 0.0, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.dropout = dropout
        self.seed = seed
        self.supports_masking = True
        if dropout:
            self._dropout = Dropout(dropout, seed=seed)

    def _scores(self, query: Any, key: Any) -> Any:
        raise NotImplementedError

    def call(self, inputs: Any, mask: Any = None, training: Any = None, return_attention_scores: bool = False,
             use_causal_mask: bool = False) -> Any:  # fmt: skip
        """The mixed values, `[batch, targets, features]`."""
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) takes a list: [query, value] or [query, value, key].",
                received=repr(inputs)[:200],
            ))  # fmt: skip
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = (mask[0], mask[1]) if isinstance(mask, (list, tuple)) else (None, None)
        scores = self._scores(query, key)
        allowed = None if value_mask is None else tf.expand_dims(tf.cast(value_mask, "bool"), 1)
        if use_causal_mask:
            rows, columns = tf.range(tf.shape(query)[1])[:, None], tf.range(tf.shape(key)[1])[None, :]
            causal = tf.expand_dims(rows >= columns, 0)
            allowed = causal if allowed is None else tf.logical_and(allowed, causal)
        if allowed is not None:
            least = 65504.0 if scores.dtype == "float16" else 1e9
            scores = scores - least * tf.cast(tf.logical_not(allowed), scores.dtype)
        weights = tf.nn.softmax(scores, axis=-1)
        if self.dropout:
            weights = self._dropout(weights, training=training)
        result = tf.matmul(weights, value)
        if query_mask is not None:
            result = result * tf.expand_dims(tf.cast(query_mask, result.dtype), -1)
        return (result, weights) if return_attention_scores else result

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return previous_mask[0] if isinstance(previous_mask, (list, tuple)) else None


class Attention(_SimpleAttention):
    """Mixes values by the products of queries and keys.

    Args:
        use_scale: Whether the products are scaled by a learned number.
        score_mode: `"dot"`, or `"concat"` (the sum of tanh of query plus key).
        dropout: Share of the weights that is dropped in training.
        seed: Makes the dropout the same every time.
        **kwargs: As for every layer.

    Source: Luong, Pham and Manning 2015.
    """

    def __init__(self, use_scale: bool = False, score_mode: str = "dot", dropout: float = 0.0, seed: Any = None,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(use_scale, dropout, seed, **kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(f"Attention: `score_mode` is 'dot' or 'concat', received {score_mode!r}.")
        self.score_mode = score_mode

    def build(self, input_shape: Any) -> None:
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(name="concat_score_weight", shape=(), initializer="ones")

    def _scores(self, query: Any, key: Any) -> Any:
        if self.score_mode == "dot":
            scores = tf.matmul(query, key, transpose_b=True)
            return scores if self.scale is None else scores * self.scale
        joined = tf.expand_dims(query, 2) + tf.expand_dims(key, 1)
        joined = joined if self.scale is None else joined * self.scale
        return tf.convert_to_tensor(self.concat_score_weight) * tf.reduce_sum(tf.tanh(joined), axis=-1)


class AdditiveAttention(_SimpleAttention):
    """Mixes values by the sum of tanh of query plus key.

    Args:
        use_scale: Whether each feature has a learned weight.
        dropout: Share of the weights that is dropped in training.
        seed: Makes the dropout the same every time.
        **kwargs: As for every layer.

    Source: Bahdanau, Cho and Bengio 2015.
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(use_scale, dropout, seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(input_shape[0][-1],), initializer="glorot_uniform")

    def _scores(self, query: Any, key: Any) -> Any:
        joined = tf.tanh(tf.expand_dims(query, 2) + tf.expand_dims(key, 1))
        return tf.reduce_sum(joined if self.scale is None else joined * self.scale, axis=-1)
