"""How labels and predictions, or values and weights, are brought to one rank before they are compared."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain


def align_ranks(first: Any, second: Any, expand_vectors: bool = True) -> tuple[Any, Any]:
    """Two tensors whose ranks differ by a last axis of size 1, at one rank; others as they are.

    `(n,)` with `(n, 1)` would broadcast to `(n, n)`, which nobody who compares them means.

    Args:
        first: A tensor.
        second: A tensor.
        expand_vectors: Whether a vector gets the axis; otherwise the other one loses it.
    """
    one, two = first.shape.rank, second.shape.rank
    if one is None or two is None or abs(one - two) != 1:
        return first, second
    longer, shorter = (first, second) if one > two else (second, first)
    if longer.shape[-1] == 1:
        if shorter.shape.rank == 1 and expand_vectors:
            shorter = tf.expand_dims(shorter, -1)
        else:
            longer = tf.squeeze(longer, -1)
    return (longer, shorter) if one > two else (shorter, longer)


def as_float_like(values: Any, predictions: Any) -> Any:
    """Values as a tensor of the predictions' dtype."""
    values = tf.convert_to_tensor(values)
    return values if values.dtype == predictions.dtype else tf.cast(values, predictions.dtype)


def as_predictions(values: Any) -> Any:
    """Predictions as a tensor of floats."""
    values = tf.convert_to_tensor(values)
    if values.dtype.is_floating:
        return values
    from weft.keras import config

    return tf.cast(values, config.floatx())


def prepare(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Labels and predictions as float tensors of one dtype; of one rank where only a last axis of size 1 is between."""
    y_pred = as_predictions(y_pred)
    y_true, y_pred = align_ranks(as_float_like(y_true, y_pred), y_pred)
    try:
        tf.broadcast_static_shape(y_true.shape, y_pred.shape)
    except ValueError as error:
        raise ValueError(explain(
            "The loss cannot compare labels with predictions: they differ in shape.",
            received=[f"y_true {y_true.shape}", f"y_pred {y_pred.shape}"], expected=f"labels of shape {y_pred.shape}",
            hint="give the last layer as many units as the labels have columns",
        )) from error  # fmt: skip
    return y_true, y_pred
