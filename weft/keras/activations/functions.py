"""The functions themselves. Each takes a tensor of any shape and returns one of the same shape."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.core.conversion import convert_to_tensor


def linear(x: Any) -> Any:
    """x."""
    return x


def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0,
    alpha: float | None = None,
) -> Any:  # fmt: skip
    """`max(x, 0)`; in general: `negative_slope · (x − threshold)` below the threshold, x above it, at most `max_value`.

    Args:
        x: A tensor.
        negative_slope: The slope below the threshold.
        max_value: The greatest result.
        threshold: Where the negative side begins.
        alpha: `negative_slope`, as Keras 2 called it.
    """
    x = convert_to_tensor(x)
    negative_slope = negative_slope if alpha is None else alpha
    if not negative_slope and threshold == 0.0:
        if max_value is None:
            return tf.nn.relu(x)
        return (
            tf.nn.relu6(x) if max_value == 6 else tf.clip_by_value(x, tf.cast(0, x.dtype), tf.cast(max_value, x.dtype))
        )
    if negative_slope and threshold == 0.0 and max_value is None:
        return tf.nn.leaky_relu(x, alpha=negative_slope)
    below = negative_slope * tf.nn.relu(threshold - x) if negative_slope else None
    above = tf.nn.relu(x) if threshold == 0.0 else x * tf.cast(x > threshold, x.dtype)
    if max_value is not None:
        above = tf.clip_by_value(above, tf.cast(0, x.dtype), tf.cast(max_value, x.dtype))
    return above if below is None else above - below


def relu6(x: Any) -> Any:
    """`min(max(x, 0), 6)`."""
    return tf.nn.relu6(convert_to_tensor(x))


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x where it is positive, `negative_slope · x` elsewhere."""
    return tf.nn.leaky_relu(convert_to_tensor(x), alpha=negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where it is positive, `alpha · (eˣ − 1)` elsewhere. Source: Clevert, Unterthiner and Hochreiter 2016."""
    x = convert_to_tensor(x)
    if alpha == 1:
        return tf.nn.elu(x)
    return tf.where(x > 0, x, alpha * tf.nn.elu(x))


def celu(x: Any, alpha: float = 1.0) -> Any:
    """`max(x, 0) + min(0, alpha · (e^(x/alpha) − 1))`. Source: Barron 2017."""
    x = convert_to_tensor(x)
    return tf.maximum(x, 0.0) + alpha * tf.math.expm1(tf.minimum(x, 0.0) / alpha)


def selu(x: Any) -> Any:
    """The scaled elu that keeps mean 0 and variance 1. Source: Klambauer et al. 2017."""
    return tf.nn.selu(convert_to_tensor(x))


def gelu(x: Any, approximate: bool = False) -> Any:
    """`x · Φ(x)`, Φ the normal distribution; by a tanh where `approximate`. Source: Hendrycks and Gimpel 2016."""
    return tf.nn.gelu(convert_to_tensor(x), approximate=approximate)


def silu(x: Any) -> Any:
    """`x · sigmoid(x)`, also called swish. Source: Ramachandran, Zoph and Le 2017."""
    return tf.nn.silu(convert_to_tensor(x))


def mish(x: Any) -> Any:
    """`x · tanh(softplus(x))`. Source: Misra 2019."""
    x = convert_to_tensor(x)
    return x * tf.tanh(tf.nn.softplus(x))


def sigmoid(x: Any) -> Any:
    """`1 / (1 + e⁻ˣ)`."""
    return tf.sigmoid(convert_to_tensor(x))


def log_sigmoid(x: Any) -> Any:
    """`log(sigmoid(x))`, without overflow."""
    return -tf.nn.softplus(-convert_to_tensor(x))


def keras2_hard_sigmoid(x: Any) -> Any:
    """`0.2 x + 0.5`, cut off at 0 and 1: what Keras 1 and 2 called hard_sigmoid. Models from their files have it."""
    x = convert_to_tensor(x)
    return tf.clip_by_value(x * 0.2 + 0.5, 0.0, 1.0)


def hard_sigmoid(x: Any) -> Any:
    """`x / 6 + 1/2`, kept within [0, 1]."""
    x = convert_to_tensor(x)
    return tf.nn.relu6(x + 3.0) / 6.0


def hard_silu(x: Any) -> Any:
    """`x · hard_sigmoid(x)`. Source: Howard et al. 2019."""
    x = convert_to_tensor(x)
    return x * hard_sigmoid(x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return tf.tanh(convert_to_tensor(x))


def hard_tanh(x: Any) -> Any:
    """x, kept within [-1, 1]."""
    return tf.clip_by_value(convert_to_tensor(x), -1.0, 1.0)


def tanh_shrink(x: Any) -> Any:
    """`x − tanh(x)`."""
    x = convert_to_tensor(x)
    return x - tf.tanh(x)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved towards 0 by the threshold; 0 within it."""
    x = convert_to_tensor(x)
    return tf.nn.relu(x - threshold) - tf.nn.relu(-x - threshold)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x, but 0 within ±threshold."""
    x = convert_to_tensor(x)
    return tf.where(tf.abs(x) > threshold, x, tf.zeros_like(x))


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x where it is above the threshold, `default_value` elsewhere."""
    x = convert_to_tensor(x)
    return tf.where(x > threshold, x, tf.cast(default_value, x.dtype) * tf.ones_like(x))


def exponential(x: Any) -> Any:
    """eˣ."""
    return tf.exp(convert_to_tensor(x))


def softplus(x: Any) -> Any:
    """`log(1 + eˣ)`."""
    return tf.nn.softplus(convert_to_tensor(x))


def softsign(x: Any) -> Any:
    """`x / (1 + |x|)`."""
    return tf.nn.softsign(convert_to_tensor(x))


def squareplus(x: Any, b: float = 4) -> Any:
    """`(x + √(x² + b)) / 2`. Source: Barron 2021."""
    x = convert_to_tensor(x)
    return (x + tf.sqrt(tf.square(x) + b)) / 2.0


def sparse_plus(x: Any) -> Any:
    """0 up to -1, x from 1 on, `(x + 1)² / 4` between."""
    x = convert_to_tensor(x)
    middle = 0.25 * tf.square(x + 1.0)
    return tf.where(x <= -1.0, tf.zeros_like(x), tf.where(x < 1.0, middle, x))


def sparse_sigmoid(x: Any) -> Any:
    """`(x + 1) / 2`, kept within [0, 1]."""
    x = convert_to_tensor(x)
    return tf.where(x <= -1.0, tf.zeros_like(x), tf.where(x >= 1.0, tf.ones_like(x), 0.5 * (x + 1.0)))


def softmax(x: Any, axis: Any = -1) -> Any:
    """`eˣ / Σ eˣ` along an axis (or several, taken together): positive numbers whose sum is 1.

    Args:
        x: A tensor of at least one axis.
        axis: The axis or axes of the sum.
    """
    x = convert_to_tensor(x)
    if isinstance(axis, (list, tuple)):
        shifted = tf.exp(x - tf.reduce_max(x, axis=list(axis), keepdims=True))
        return shifted / tf.reduce_sum(shifted, axis=list(axis), keepdims=True)
    return tf.nn.softmax(x, axis=axis)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """The logarithm of the softmax along an axis, or several, taken together."""
    x = convert_to_tensor(x)
    if isinstance(axis, (list, tuple)):
        shifted = x - tf.reduce_max(x, axis=list(axis), keepdims=True)
        return shifted - tf.math.log(tf.reduce_sum(tf.exp(shifted), axis=list(axis), keepdims=True))
    return tf.nn.log_softmax(x, axis=axis)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """The point of the probability simplex that is nearest to x. Source: Martins and Astudillo 2016."""
    x = convert_to_tensor(x)
    last = x.shape.rank - 1
    if not -last - 1 <= axis <= last:
        raise ValueError(explain(
            f"sparsemax: axis {axis} is out of bounds for a tensor of rank {last + 1}.", received=f"shape {x.shape}"
        ))  # fmt: skip
    moved = axis not in (-1, last)
    if moved:
        order = list(range(last + 1))
        order[axis], order[last] = order[last], order[axis]
        x = tf.transpose(x, order)
    ranked = tf.sort(x, axis=-1, direction="DESCENDING")
    sums = tf.cumsum(ranked, axis=-1)
    places = tf.cast(tf.range(1, tf.shape(x)[-1] + 1), x.dtype)
    inside = tf.cast(1.0 + places * ranked > sums, x.dtype)
    count = tf.reduce_sum(inside, axis=-1, keepdims=True)
    level = (tf.reduce_sum(ranked * inside, axis=-1, keepdims=True) - 1.0) / count
    result = tf.nn.relu(x - level)
    return tf.transpose(result, order) if moved else result


def glu(x: Any, axis: int = -1) -> Any:
    """The first half along an axis, times the sigmoid of the second. Source: Dauphin et al. 2017."""
    first, second = tf.split(convert_to_tensor(x), 2, axis=axis)
    return first * tf.sigmoid(second)
