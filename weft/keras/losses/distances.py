"""Losses that measure how far predictions are from the labels, and those of margins."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.keras import config
from weft.keras.losses.alignment import as_float_like, as_predictions, prepare


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean((y_true - y_pred)²) over the last axis.

    Args:
        y_true: `[..., n]`.
        y_pred: `[..., n]`.

    Returns:
        `[...]`.

    Example:
        >>> from weft import keras
        >>> keras.losses.mean_squared_error([[1.0, 2.0]], [[1.0, 4.0]]).numpy().tolist()
        [2.0]
    """
    y_true, y_pred = prepare(y_true, y_pred)
    return tf.reduce_mean(tf.square(y_true - y_pred), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean(|y_true - y_pred|) over the last axis.

    Args:
        y_true: `[..., n]`.
        y_pred: `[..., n]`.
    """
    y_true, y_pred = prepare(y_true, y_pred)
    return tf.reduce_mean(tf.abs(y_true - y_pred), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 · mean(|y_true - y_pred| / |y_true|) over the last axis; labels near 0 count as epsilon.

    Args:
        y_true: `[..., n]`.
        y_pred: `[..., n]`.
    """
    y_true, y_pred = prepare(y_true, y_pred)
    scale = tf.maximum(tf.abs(y_true), config.epsilon())
    return 100.0 * tf.reduce_mean(tf.abs((y_true - y_pred) / scale), axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean((log(y_true + 1) - log(y_pred + 1))²) over the last axis; what is below 0 counts as epsilon.

    Args:
        y_true: `[..., n]`.
        y_pred: `[..., n]`.
    """
    y_true, y_pred = prepare(y_true, y_pred)

    def log(values: Any) -> Any:
        return tf.math.log(tf.maximum(values, config.epsilon()) + 1.0)

    return tf.reduce_mean(tf.square(log(y_true) - log(y_pred)), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Mean over the last axis of e²/2 for errors up to `delta`, and delta·(|e| - delta/2) for larger ones.

    Args:
        y_true: `[..., n]`.
        y_pred: `[..., n]`.
        delta: Where the square turns into a line.
    """
    y_true, y_pred = prepare(y_true, y_pred)
    error = tf.abs(y_true - y_pred)
    return tf.reduce_mean(
        tf.where(error <= delta, 0.5 * tf.square(error), delta * error - 0.5 * delta * delta), axis=-1
    )


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean(log(cosh(y_pred - y_true))) over the last axis, computed so that large errors do not overflow.

    Args:
        y_true: `[..., n]`.
        y_pred: `[..., n]`.
    """
    y_true, y_pred = prepare(y_true, y_pred)
    error = y_pred - y_true
    return tf.reduce_mean(error + tf.nn.softplus(-2.0 * error) - 0.6931471805599453, axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between labels and predictions: -1 where they point the same way.

    Args:
        y_true: `[..., n]`.
        y_pred: `[..., n]`.
        axis: The axis of the vectors.
    """
    y_true, y_pred = prepare(y_true, y_pred)
    return -tf.reduce_sum(tf.nn.l2_normalize(y_true, axis=axis) * tf.nn.l2_normalize(y_pred, axis=axis), axis=axis)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean(y_pred - y_true · log(y_pred)) over the last axis.

    Args:
        y_true: `[..., n]`, counts.
        y_pred: `[..., n]`, rates.
    """
    y_true, y_pred = prepare(y_true, y_pred)
    return tf.reduce_mean(y_pred - y_true * tf.math.log(y_pred + config.epsilon()), axis=-1)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum(y_true · log(y_true / y_pred)) over the last axis, both kept epsilon away from 0.

    Args:
        y_true: `[..., n]`, distributions.
        y_pred: `[..., n]`, distributions.
    """
    y_pred = as_predictions(y_pred)
    y_true = tf.clip_by_value(as_float_like(y_true, y_pred), config.epsilon(), 1.0)
    y_pred = tf.clip_by_value(y_pred, config.epsilon(), 1.0)
    return tf.reduce_sum(y_true * tf.math.log(y_true / y_pred), axis=-1)


def _as_signs(y_true: Any) -> Any:
    """Labels of -1 and 1; where all labels are 0 or 1, the zeros become -1."""
    binary = tf.reduce_all(tf.logical_or(tf.equal(y_true, 0.0), tf.equal(y_true, 1.0)))
    return tf.where(binary, 2.0 * y_true - 1.0, y_true)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true · y_pred, 0)) over the last axis.

    Args:
        y_true: `[..., n]`, -1 or 1; or 0 or 1.
        y_pred: `[..., n]`.
    """
    y_true, y_pred = _signed(y_true, y_pred)
    return tf.reduce_mean(tf.maximum(1.0 - y_true * y_pred, 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true · y_pred, 0)²) over the last axis.

    Args:
        y_true: `[..., n]`, -1 or 1; or 0 or 1.
        y_pred: `[..., n]`.
    """
    y_true, y_pred = _signed(y_true, y_pred)
    return tf.reduce_mean(tf.square(tf.maximum(1.0 - y_true * y_pred, 0.0)), axis=-1)


def _signed(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    y_true, y_pred = prepare(y_true, y_pred)
    return _as_signs(y_true), y_pred


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(0, 1 + the best wrong prediction - the right one) over the last axis.

    Args:
        y_true: `[..., classes]`, one-hot.
        y_pred: `[..., classes]`.
    """
    y_pred = as_predictions(y_pred)
    y_true = as_float_like(y_true, y_pred)
    right = tf.reduce_sum(y_true * y_pred, axis=-1)
    wrong = tf.reduce_max((1.0 - y_true) * y_pred, axis=-1)
    return tf.maximum(wrong - right + 1.0, 0.0)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """1 - 2·|overlap| / (|y_true| + |y_pred|).

    Args:
        y_true: Labels.
        y_pred: Predictions of the same shape.
        axis: The axes that are summed; all where None.
    """
    y_true, y_pred = prepare(y_true, y_pred)
    if axis is None:
        y_true, y_pred = tf.reshape(y_true, [-1]), tf.reshape(y_pred, [-1])
    overlap = tf.reduce_sum(y_true * y_pred, axis=axis)
    total = tf.reduce_sum(y_true, axis=axis) + tf.reduce_sum(y_pred, axis=axis)
    return 1.0 - tf.math.divide_no_nan(2.0 * overlap, total + config.epsilon())


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """1 - hits / (hits + alpha · false negatives + beta · false positives).

    Keras weighs the two kinds of errors this way round, whatever is written elsewhere about alpha and beta.

    Args:
        y_true: Labels.
        y_pred: Predictions of the same shape.
        alpha: Weight of what is missed.
        beta: Weight of what is predicted wrongly.
        axis: The axes that are summed; all where None.

    Source: Salehi et al., Tversky loss function for image segmentation, 2017.
    """
    y_true, y_pred = prepare(y_true, y_pred)
    if axis is None:
        y_true, y_pred = tf.reshape(y_true, [-1]), tf.reshape(y_pred, [-1])
    hits = tf.reduce_sum(y_true * y_pred, axis=axis)
    wrong = tf.reduce_sum((1.0 - y_true) * y_pred, axis=axis)
    missed = tf.reduce_sum(y_true * (1.0 - y_pred), axis=axis)
    return 1.0 - tf.math.divide_no_nan(hits, hits + alpha * missed + beta * wrong + config.epsilon())


__all__ = [
    "categorical_hinge", "cosine_similarity", "dice", "hinge", "huber", "kl_divergence", "log_cosh",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error",
    "poisson", "squared_hinge", "tversky",
]  # fmt: skip
