"""Correlations of labels and predictions."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.keras import config
from weft.keras.losses.alignment import align_ranks
from weft.keras.metrics.reduction import MeanMetricWrapper


def _both(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    y_pred = tf.convert_to_tensor(y_pred)
    y_pred = y_pred if y_pred.dtype.is_floating else tf.cast(y_pred, config.floatx())
    return align_ranks(tf.cast(tf.convert_to_tensor(y_true), y_pred.dtype), y_pred)


def pearson_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> Any:
    """Pearson's correlation along an axis: the mean product of both, each moved to mean 0 and scaled to variance 1.

    Args:
        y_true: Labels.
        y_pred: Predictions of the same shape.
        axis: The axis or axes.
    """
    y_true, y_pred = _both(y_true, y_pred)

    def standard(values: Any) -> Any:
        centred = values - tf.reduce_mean(values, axis=axis, keepdims=True)
        return centred / tf.math.reduce_std(centred, axis=axis, keepdims=True)

    return tf.reduce_mean(standard(y_true) * standard(y_pred), axis=axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> Any:
    """Lin's concordance along an axis: correlation that also asks for equal means and variances.

    Args:
        y_true: Labels.
        y_pred: Predictions of the same shape.
        axis: The axis or axes.
    """
    y_true, y_pred = _both(y_true, y_pred)
    true_mean, mean = (tf.reduce_mean(values, axis=axis, keepdims=True) for values in (y_true, y_pred))
    true_variance, variance = (
        tf.math.reduce_variance(values, axis=axis, keepdims=True) for values in (y_true - true_mean, y_pred - mean)
    )
    # The labels less the predictions' mean, as in Keras; in the sum over the axis it makes no difference.
    product = (y_true - mean) * (y_pred - mean)
    spread = true_variance + variance + tf.square(true_mean - mean)
    return tf.reduce_mean(2.0 * product / (spread + config.epsilon()), axis=axis)


class _Correlation(MeanMetricWrapper):
    _direction = "up"

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {"name": self.name, "dtype": self.dtype, "axis": self._fn_kwargs["axis"]}


class PearsonCorrelation(_Correlation):
    """The mean of Pearson's correlation of labels and predictions.

    Args:
        name: Its name.
        dtype: Its dtype.
        axis: The axis or axes along which they are correlated.
    """

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: Any = -1) -> None:
        super().__init__(pearson_correlation, name, dtype=dtype, axis=axis)


class ConcordanceCorrelation(_Correlation):
    """The mean of Lin's concordance of labels and predictions.

    Args:
        name: Its name.
        dtype: Its dtype.
        axis: The axis or axes along which they are compared.
    """

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: Any = -1) -> None:
        super().__init__(concordance_correlation, name, dtype=dtype, axis=axis)
