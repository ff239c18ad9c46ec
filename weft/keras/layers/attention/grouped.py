"""Attention in which several heads of queries share a head of keys and values."""

from __future__ import annotations

import math
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import constraints, initializers, regularizers
from weft.keras.core import naming
from weft.keras.core.shapes import as_shape
from weft.keras.layers.activations import Softmax
from weft.keras.layers.attention import (
    check_flash,
    check_pairing,
    check_window,
    fresh,
    joined_masks,
    unnamed_weights,
    without_flash,
)
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.core.einsum_dense import EinsumDense
from weft.keras.layers.layer import Layer
from weft.keras.layers.regularization import Dropout


class GroupQueryAttention(Layer):
    """Attention in several heads, of which groups share their keys and values.

    Args:
        head_dim: The size of a head.
        num_query_heads: The number of heads of queries.
        num_key_value_heads: The number of heads of keys and values, which divides it.
        dropout: Share of the weights that is dropped in training.
        use_bias: Whether the projections have biases.
        sliding_window: How far apart a target and the sources that it sees may be, both counted in.
        flash_attention: None, or whether the weights may be left unnamed; the numbers are the same.
        kernel_initializer: First value of the projections.
        bias_initializer: First value of their biases.
        kernel_regularizer: Penalty on the projections.
        bias_regularizer: Penalty on their biases.
        activity_regularizer: Penalty on the output.
        kernel_constraint: What is done to the projections after an update.
        bias_constraint: What is done to their biases after an update.
        use_gate: Whether a learned gate of the query decides what passes to the output.
        seed: Makes the dropout the same every time.
        **kwargs: As for every layer.

    Returns:
        For queries `[batch, targets, features]`, the same; with `return_attention_scores` also the weights
        `[batch, heads, targets, sources]`.

    Source: Ainslie et al. 2023.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> x = tf.ones((2, 5, 8))
        >>> keras.layers.GroupQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)(x, x).shape
        TensorShape([2, 5, 8])
    """

    _query_dense: Any
    _key_dense: Any
    _gate_dense: Any
    _value_dense: Any

    #: what it is called in files
    _saved_class = "grouped_query_attention"
    def __init__(
        self, head_dim: int, num_query_heads: int, num_key_value_heads: int, dropout: float = 0.0,
        use_bias: bool = True, sliding_window: int | None = None, flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, use_gate: bool = False, seed: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if kwargs.get("name") is None and type(self) is GroupQueryAttention:
            kwargs["name"] = naming.auto_name("grouped_query_attention")  # Keras' name for it
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        name = "GroupQueryAttention"
        self.head_dim = positive_int(name, "head_dim", head_dim)
        self.num_query_heads = positive_int(name, "num_query_heads", num_query_heads)
        self.num_key_value_heads = positive_int(name, "num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise ValueError(explain(
                f"{name}: `num_query_heads` must be a multiple of `num_key_value_heads`.",
                received=f"{num_query_heads} and {num_key_value_heads}",
            ))  # fmt: skip
        self.dropout = dropout
        self.use_bias = use_bias
        self.use_gate = use_gate
        self.sliding_window = check_window(name, sliding_window)
        self.flash_attention = check_flash(name, flash_attention, dropout)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.seed = seed
        self.supports_masking = True
        self._sliding_window = self.sliding_window
        self._return_attention_scores = False

    def _projection(self, name: str, equation: str, output_shape: Any, bias_axes: str) -> EinsumDense:
        made = EinsumDense(
            equation, output_shape=output_shape, bias_axes=bias_axes if self.use_bias else None, name=name,
            dtype=self.dtype_policy, kernel_initializer=fresh(self.kernel_initializer),
            bias_initializer=fresh(self.bias_initializer), kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer, kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
        )  # fmt: skip
        made.supports_masking = True  # masks are the whole layer's affair
        return made

    def build(  # type: ignore[override]  # as in Keras: one shape for each argument of call
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        shapes = {"query": query_shape, "key": key_shape, "gate": query_shape, "value": value_shape}
        check_pairing(self, value_shape, key_shape)
        for name in ("query", "key", *(("gate",) if self.use_gate else ()), "value"):
            if len(shapes[name]) != 3:
                raise ValueError(explain(
                    f"Layer `{self.name}` (GroupQueryAttention): the {name} must be [batch, steps, features].",
                    received=f"shape {tf.TensorShape(shapes[name])}",
                ))  # fmt: skip
            heads = self.num_query_heads if name in ("query", "gate") else self.num_key_value_heads
            made = self._projection(name, "abx,xyz->abyz", (None, heads, self.head_dim), "yz")
            made.build(shapes[name])
            setattr(self, f"_{name}_dense", made)
        self._softmax = Softmax(axis=-1, dtype=self.dtype_policy)
        self._dropout_layer = Dropout(self.dropout, seed=self.seed, dtype=self.dtype_policy)
        self._output_dense = self._projection("attention_output", "abyz,yzu->abu", (None, query_shape[-1]), "u")
        self._output_dense.build((*query_shape[:2], self.num_query_heads, self.head_dim))

    def call(
        self, query: Any, value: Any, key: Any = None, query_mask: Any = None, value_mask: Any = None,
        key_mask: Any = None, attention_mask: Any = None, return_attention_scores: bool = False, training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:  # fmt: skip
        """The mixed values. Arguments as for MultiHeadAttention."""
        if self.flash_attention and return_attention_scores:
            raise ValueError(explain(
                f"Layer `{self.name}` (GroupQueryAttention): returning attention scores is not supported when flash "
                "attention is enabled.",
                hint="leave out flash_attention=True, or return_attention_scores=True",
            ))  # fmt: skip
        key = value if key is None else key
        # Unlike MultiHeadAttention, Keras takes the query's mask into the weights here.
        mask = joined_masks(
            query, value, query_mask, (value_mask, key_mask), attention_mask, use_causal_mask, self.sliding_window
        )
        self.__dict__["_return_attention_scores"] = return_attention_scores  # no argument, as in Keras
        shared = self.num_query_heads // self.num_key_value_heads
        mixed, weights = self._compute_attention(
            self._query_dense(query), tf.repeat(self._key_dense(key), shared, axis=2),
            tf.repeat(self._value_dense(value), shared, axis=2), attention_mask=mask, training=training,
        )  # fmt: skip
        if self.use_gate:
            mixed = mixed * tf.sigmoid(self._gate_dense(query))
        output = self._output_dense(mixed)
        return (output, weights) if return_attention_scores else output

    def _compute_attention(
        self, query: Any, key: Any, value: Any, attention_mask: Any = None, training: Any = None,
        use_causal_mask: bool = False,
    ) -> tuple[Any, Any]:  # fmt: skip
        """The mixed values and the weights, of projections, where each query's head has keys and values of its own;
        what is made of this layer calls it and replaces it."""
        if use_causal_mask:  # asked for by classes made of this one: `call` has it in the mask already
            attention_mask = joined_masks(query, key, None, (), attention_mask, True, None)
        mask = None if attention_mask is None else tf.expand_dims(attention_mask, 1)
        scores = tf.einsum("abyz,aByz->aybB", query * (1.0 / math.sqrt(self.head_dim)), key)
        unnamed = not self.dropout and not self._return_attention_scores
        weights = unnamed_weights(scores, mask) if unnamed else self._softmax(scores, mask=mask)
        return tf.einsum("aybB,aByz->abyz", self._dropout_layer(weights, training=training), value), weights

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return previous_mask

    def compute_output_shape(  # type: ignore[override]  # as in Keras: one shape for each argument of call
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> Any:
        """The shape of the output: that of the query."""
        if query_shape[-1] != value_shape[-1]:
            raise ValueError(explain(
                f"Layer `{self.name}` (GroupQueryAttention): the last sizes of query and value must be equal.",
                received=f"query {tf.TensorShape(query_shape)}, value {tf.TensorShape(value_shape)}",
            ))  # fmt: skip
        check_pairing(self, as_shape(value_shape), as_shape(value_shape if key_shape is None else key_shape))
        return as_shape(query_shape)

    def get_config(self) -> dict[str, Any]:
        return without_flash(super().get_config())
