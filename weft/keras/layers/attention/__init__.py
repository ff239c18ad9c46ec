"""Attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras import constraints, initializers, regularizers
from weft.keras.core.masking import get_mask
from weft.keras.core.shapes import as_shape
from weft.keras.layers.activations import Softmax
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.core.einsum_dense import EinsumDense
from weft.keras.layers.layer import Layer
from weft.keras.layers.regularization import Dropout

#: letters for the axes of queries but the last; those of keys are capitals where attention goes along them
_AXES = list("abcdefgh")


class MultiHeadAttention(Layer):
    """Attention in several heads: each mixes the values by how well keys match queries, in a space of its own.

    Args:
        num_heads: The number of heads.
        key_dim: The size of queries and keys in a head.
        value_dim: The size of values in a head; `key_dim` by default.
        dropout: Share of the weights that is dropped in training.
        use_bias: Whether the projections have biases.
        output_shape: The size of the output, or several; that of the query by default.
        attention_axes: The axes along which attention goes; all but the first and the last by default.
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

    _query_dense: Any
    _key_dense: Any
    _gate_dense: Any
    _value_dense: Any

    #: what these attributes are called in files
    _saved_names = {"_query_dense": "query_dense", "_key_dense": "key_dense", "_value_dense": "value_dense",
                    "_output_dense": "output_dense"}  # fmt: skip

    query_dense = property(lambda self: self._query_dense, doc="The projection of queries.")
    key_dense = property(lambda self: self._key_dense, doc="The projection of keys.")
    value_dense = property(lambda self: self._value_dense, doc="The projection of values.")
    output_dense = property(lambda self: self._output_dense, doc="The projection to the output.")

    def __init__(
        self, num_heads: int, key_dim: int, value_dim: int | None = None, dropout: float = 0.0, use_bias: bool = True,
        output_shape: Any = None, attention_axes: Any = None, sliding_window: int | None = None,
        flash_attention: bool | None = None, kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None, bias_constraint: Any = None, use_gate: bool = False, seed: Any = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.num_heads = positive_int("MultiHeadAttention", "num_heads", num_heads)
        self.key_dim = positive_int("MultiHeadAttention", "key_dim", key_dim)
        self.value_dim = (
            self.key_dim if value_dim is None else positive_int("MultiHeadAttention", "value_dim", value_dim)
        )
        self.dropout = dropout
        self.use_bias = use_bias
        self._output_size = _output_sizes(output_shape)
        self.attention_axes = (
            attention_axes if attention_axes is None else (attention_axes,) if isinstance(attention_axes, int)
            else tuple(attention_axes)
        )  # fmt: skip
        self.sliding_window = check_window("MultiHeadAttention", sliding_window)
        self.flash_attention = check_flash("MultiHeadAttention", flash_attention, dropout)
        self.use_gate = use_gate
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.seed = seed
        self.supports_masking = True
        # under Keras' own names too, for the classes that are made of this one
        self._num_heads, self._key_dim, self._value_dim = self.num_heads, self.key_dim, self.value_dim
        self._use_bias, self._dropout, self._output_shape = use_bias, dropout, self._output_size
        self._sliding_window = self.sliding_window

    def _get_common_kwargs_for_sublayer(self) -> dict[str, Any]:
        """What the projections have in common."""
        return {
            "kernel_initializer": fresh(self.kernel_initializer), "bias_initializer": fresh(self.bias_initializer),
            "kernel_regularizer": self.kernel_regularizer, "bias_regularizer": self.bias_regularizer,
            "activity_regularizer": None, "kernel_constraint": self.kernel_constraint,
            "bias_constraint": self.bias_constraint, "dtype": self.dtype_policy,
        }  # fmt: skip

    def _projection(self, name: str, equation: str, output_shape: Any, bias_axes: str) -> EinsumDense:
        made = EinsumDense(
            equation, output_shape=output_shape, bias_axes=bias_axes if self.use_bias else None, name=name,
            **self._get_common_kwargs_for_sublayer(),
        )  # fmt: skip
        made.supports_masking = True  # masks are the whole layer's affair
        return made

    def build(  # type: ignore[override]  # as in Keras: one shape for each argument of call
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        rank = len(query_shape)
        check_pairing(self, value_shape, key_shape)
        for what, shape in (("query", query_shape), ("value", value_shape), ("key", key_shape)):
            if len(shape) != rank or rank < 3:
                raise ValueError(explain(
                    f"Layer `{self.name}` (MultiHeadAttention): the {what} must have "
                    f"{'3 axes, [batch, steps, features]' if rank <= 3 else f'{rank} axes, as the query'}.",
                    received=f"shape {tf.TensorShape(shape)}",
                ))  # fmt: skip
        inner = "".join(_AXES[: rank - 1])
        heads = (None,) * (rank - 2)
        widths = {"query": self.key_dim, "key": self.key_dim, "gate": self.value_dim, "value": self.value_dim}
        shapes = {"query": query_shape, "key": key_shape, "gate": query_shape, "value": value_shape}
        for name in ("query", "key", *(("gate",) if self.use_gate else ()), "value"):
            made = self._projection(name, f"{inner}x,xyz->{inner}yz", (*heads, self.num_heads, widths[name]), "yz")
            made.build(shapes[name])
            setattr(self, f"_{name}_dense", made)
        sizes = (query_shape[-1],) if self._output_size is None else self._output_size
        self._build_attention(rank + 1)
        out = "uvw"[: len(sizes)]
        equation = f"{inner}yz,yz{out}->{inner}{out}"
        self._output_dense = self._projection("attention_output", equation, (*heads, *sizes), out)
        self._output_dense.build((*query_shape[:-1], self.num_heads, self.value_dim))

    def _build_attention(self, rank: int) -> None:
        """Makes what needs the rank of projected queries, `[batch, …, heads, size]`, to be known."""
        self._set_equations(rank - 1)
        self._attention_axes = self._axes
        self._softmax = Softmax(axis=tuple(range(-len(self._axes), 0)), dtype=self.dtype_policy)
        self._dropout_layer = Dropout(self.dropout, seed=self.seed, dtype=self.dtype_policy)

    def _set_equations(self, rank: int) -> None:
        """How scores and outputs are made: `[batch, other axes, heads, target axes, source axes]` are the scores."""
        self._axes = tuple(range(1, rank - 1)) if self.attention_axes is None else tuple(
            sorted(axis % rank for axis in self.attention_axes)
        )  # fmt: skip
        target = _AXES[: rank - 1]
        source = [letter.upper() if axis in self._axes else letter for axis, letter in enumerate(target)]
        other = "".join(letter for axis, letter in enumerate(target) if axis not in self._axes)
        scores = other + "y" + "".join(target[axis] for axis in self._axes)
        scores += "".join(source[axis] for axis in self._axes)
        self._score_equation = f"{''.join(target)}yz,{''.join(source)}yz->{scores}"
        self._mix_equation = f"{scores},{''.join(source)}yz->{''.join(target)}yz"

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
        # Of the query, the mask that the tensor carries counts, as in Keras; one that is passed travels on alone.
        mask = self._mask(get_mask(query), query, value, value_mask, key_mask, attention_mask, use_causal_mask)
        if self.flash_attention and return_attention_scores:
            raise ValueError(explain(
                f"Layer `{self.name}` (MultiHeadAttention): returning attention scores is not supported when flash "
                "attention is enabled.",
                hint="leave out flash_attention=True, or return_attention_scores=True",
            ))  # fmt: skip
        mixed, weights = self._compute_attention(
            self._query_dense(query), self._key_dense(key), self._value_dense(value), attention_mask=mask,
            training=training, return_attention_scores=return_attention_scores,
        )  # fmt: skip
        if self.use_gate:
            mixed = mixed * tf.sigmoid(self._gate_dense(query))
        output = self._output_dense(mixed)
        return (output, weights) if return_attention_scores else output

    def _compute_attention(
        self, query: Any, key: Any, value: Any, attention_mask: Any = None, training: Any = None,
        return_attention_scores: bool = False, use_causal_mask: bool = False,
    ) -> tuple[Any, Any]:  # fmt: skip
        """The mixed values and the weights, of projections; what is made of this layer calls it and replaces it."""
        if use_causal_mask:  # asked for by classes made of this one: `call` has it in the mask already
            attention_mask = joined_masks(query, key, None, (), attention_mask, True, None)
        scores = tf.einsum(self._score_equation, query * (1.0 / math.sqrt(self.key_dim)), key)
        unnamed = not self.dropout and not return_attention_scores and scores.shape.rank == 4
        if unnamed and type(self)._masked_softmax is MultiHeadAttention._masked_softmax:
            weights = unnamed_weights(scores, self._widened(attention_mask, scores))
        else:
            weights = self._masked_softmax(scores, attention_mask)
        return tf.einsum(self._mix_equation, self._dropout_layer(weights, training=training), value), weights

    def _masked_softmax(self, attention_scores: Any, attention_mask: Any = None) -> Any:
        """The weights of scores; classes made of this one may weigh otherwise."""
        return self._softmax(attention_scores, mask=self._widened(attention_mask, attention_scores))

    def _widened(self, mask: Any, scores: Any) -> Any:
        """A mask with axes for the heads."""
        if mask is not None:
            mask = tf.convert_to_tensor(mask)
            for _ in range(scores.shape.rank - mask.shape.rank):
                mask = tf.expand_dims(mask, -2 * len(self._axes) - 1)
        return mask

    def _mask(
        self, carried: Any, query: Any, value: Any, value_mask: Any, key_mask: Any, attention_mask: Any, causal: bool
    ) -> Any:
        """All masks as one, `[batch or 1, targets, sources]`; None where there is none."""
        return joined_masks(query, value, carried, (value_mask, key_mask), attention_mask, causal, self.sliding_window)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return previous_mask

    def compute_output_shape(  # type: ignore[override]  # as in Keras: one shape for each argument of call
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> Any:
        """The shape of the output: the query's, with the output's size in the end."""
        query_shape = as_shape(query_shape)
        check_pairing(self, as_shape(value_shape), as_shape(value_shape if key_shape is None else key_shape))
        return query_shape if self._output_size is None else query_shape[:-1] + self._output_size

    def get_config(self) -> dict[str, Any]:
        config = without_flash({**super().get_config(), "output_shape": self._output_size})
        if self.built and self.attention_axes is None:
            config["attention_axes"] = self._axes
        return config


def fresh(initializer: Any) -> Any:
    """An initializer of its own for one projection: one and the same would give all of them the same values."""
    return initializer.clone() if isinstance(initializer, initializers.Initializer) else initializer


def _output_sizes(output_shape: Any) -> tuple[int, ...] | None:
    """The sizes of the output's last axes, one or several; None where they are the query's."""
    if output_shape is None or (isinstance(output_shape, (list, tuple)) and all(map(_is_size, output_shape))):
        return None if output_shape is None else tuple(output_shape)
    if not _is_size(output_shape):
        raise ValueError(explain(
            "MultiHeadAttention: Invalid `output_shape`.", received=repr(output_shape),
            expected="None, an integer or a tuple of integers",
        ))  # fmt: skip
    return (int(output_shape),)


def _is_size(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def check_pairing(layer: Any, value_shape: Any, key_shape: Any) -> None:
    """Refuses values and keys that do not belong together: one key a value."""
    inner, paired = tuple(value_shape[1:-1]), tuple(key_shape[1:-1])
    if len(inner) != len(paired) or any(a != b for a, b in zip(inner, paired) if None not in (a, b)):
        raise ValueError(explain(
            f"Layer `{layer.name}` ({type(layer).__name__}): all sizes of value and key but the last must be equal.",
            received=f"value {tf.TensorShape(value_shape)}, key {tf.TensorShape(key_shape)}",
        ))  # fmt: skip


def without_flash(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration that says nothing of flash attention unless it was asked for."""
    if config.get("flash_attention") is None:
        config.pop("flash_attention", None)
    return config


def check_window(layer: str, window: Any) -> Any:
    """A sliding window: None, or a positive integer."""
    return None if window is None else positive_int(layer, "sliding_window", window)


def check_flash(layer: str, flash: Any, dropout: float) -> Any:
    """Whether attention may be computed without its weights.

    Raises:
        ValueError: Together with dropout, which needs them.
    """
    if flash and dropout:
        raise ValueError(explain(
            f"{layer}: flash_attention=True and dropout={dropout} do not go together.",
            hint="set dropout=0.0, or leave out flash_attention=True",
        ))  # fmt: skip
    return flash


def unnamed_weights(scores: Any, mask: Any) -> Any:
    """Weights that nobody asked for and nothing is dropped from.

    A target that may see nothing then weighs all sources equally, where `Softmax` gives it none: as Keras does, whose
    kernels for the two cases differ in this.

    Args:
        scores: `[batch, heads, targets, sources]`.
        mask: Which may be seen, of a shape that goes with it; None for all.
    """
    wide = scores if scores.dtype == "float64" else tf.cast(scores, "float32")
    if mask is not None:
        wide = tf.where(mask, wide, tf.constant(-0.7 * wide.dtype.max, wide.dtype))
    return tf.cast(tf.nn.softmax(wide, axis=-1), scores.dtype)


def joined_masks(
    query: Any, value: Any, targets: Any, sources: Any, attention: Any, causal: bool, window: int | None
) -> Any:
    """All masks of attention as one, `[batch or 1, targets, sources]`; None where there is none.

    Args:
        query: `[batch, targets, …]`.
        value: `[batch, sources, …]`.
        targets: Mask `[batch, targets]`, or None.
        sources: Masks `[batch, sources]`, or None.
        attention: A mask `[…, targets, sources]`, or None.
        causal: Whether no target sees later sources.
        window: How far apart targets and sources may be.
    """
    parts = [tf.expand_dims(tf.cast(mask, "bool"), 1) for mask in sources if mask is not None]
    if targets is not None:
        parts.append(tf.expand_dims(tf.cast(targets, "bool"), -1))
    if causal or window is not None:
        apart = tf.range(tf.shape(query)[1])[:, None] - tf.range(tf.shape(value)[1])[None, :]
        if causal:
            parts.append(tf.expand_dims(apart >= 0, 0))
        if window is not None:
            parts.append(tf.expand_dims(tf.abs(apart) < window, 0))
    if attention is not None:
        parts.append(tf.cast(attention, "bool"))
    if not parts:
        return None
    found = parts[0]
    for part in parts[1:]:
        found = tf.logical_and(found, part)
    return found


def _is_shape(value: Any) -> bool:
    return bool(value) and all(size is None or _is_size(size) for size in value)


class _SimpleAttention(Layer):
    """What Attention and AdditiveAttention have in common: `[query, value]` or `[query, value, key]` come as a list."""

    def __init__(self, use_scale: bool, dropout: float = 0.0, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.dropout = dropout
        self.seed = seed
        self.supports_masking = True
        if dropout:
            self._dropout = Dropout(dropout, seed=seed, dtype=self.dtype_policy)

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        """How well keys match queries, `[batch, targets, sources]`."""
        raise NotImplementedError

    def _calculate_score_mask(self, scores: Any, v_mask: Any, use_causal_mask: bool) -> Any:
        """Which scores count, of a shape that goes with theirs; None for all."""
        allowed = None if v_mask is None else tf.expand_dims(tf.cast(v_mask, "bool"), 1)
        if use_causal_mask:
            sizes = tf.shape(scores)
            rows, columns = tf.range(sizes[1])[:, None], tf.range(sizes[2])[None, :]
            causal = tf.expand_dims(rows >= columns, 0)
            allowed = causal if allowed is None else tf.logical_and(allowed, causal)
        return allowed

    def call(self, inputs: Any, mask: Any = None, training: Any = None, return_attention_scores: bool = False,
             use_causal_mask: bool = False) -> Any:  # fmt: skip
        """The mixed values, `[batch, targets, features]`."""
        self._check_lists(inputs, mask)
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = (mask[0], mask[1]) if isinstance(mask, (list, tuple)) else (None, None)
        scores = self._calculate_scores(query, key)
        allowed = self._calculate_score_mask(scores, value_mask, use_causal_mask)
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

    def _check_lists(self, inputs: Any, mask: Any = None) -> None:
        """Refuses what is no list of two or three, with the masks of the first two or all."""
        for what, found, expected in (("", inputs, "[query, value]"), (" mask", mask, "[query_mask, value_mask]")):
            if what and found is None:
                continue
            if not isinstance(found, (list, tuple)) or len(found) not in (2, 3) or (not what and _is_shape(found)):
                problem = "mask must be a list" if what else "must be called on a list"
                raise ValueError(explain(
                    f"Layer `{self.name}`: an {type(self).__name__} layer {problem} of length 2 or 3.",
                    received=repr(found)[:200], expected=f"{expected}, with a key third where it is not the value",
                ))  # fmt: skip

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:  # type: ignore[override]  # Keras calls it so
        """The query's mask."""
        self._check_lists(inputs, mask)
        return None if mask is None or mask[0] is None else tf.convert_to_tensor(mask[0])


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
            raise ValueError(explain(
                "Attention: Invalid value for argument score_mode. Expected one of {'dot', 'concat'}.",
                received=repr(score_mode),
            ))  # fmt: skip
        self.score_mode = score_mode

    def build(self, input_shape: Any) -> None:
        self._check_lists(input_shape)
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(name="concat_score_weight", shape=(), initializer="ones")

    def _calculate_scores(self, query: Any, key: Any) -> Any:
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
        self._check_lists(input_shape)
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(input_shape[0][-1],), initializer="glorot_uniform")

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        joined = tf.tanh(tf.expand_dims(query, 2) + tf.expand_dims(key, 1))
        return tf.reduce_sum(joined if self.scale is None else joined * self.scale, axis=-1)
