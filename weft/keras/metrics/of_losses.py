"""Losses as metrics: their means over all samples seen."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.keras.losses import crossentropy, distances
from weft.keras.losses.alignment import align_ranks
from weft.keras.metrics.reduction import Mean, MeanMetricWrapper


class _OfLoss(MeanMetricWrapper):
    """The mean of a loss whose function takes nothing but labels and predictions."""

    _direction = "down"

    _function: Any = None
    _name = ""

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(type(self)._function, name or type(self)._name, dtype=dtype)


class MeanSquaredError(_OfLoss):
    """The mean of squared errors."""

    _function, _name = staticmethod(distances.mean_squared_error), "mean_squared_error"


class MeanAbsoluteError(_OfLoss):
    """The mean of absolute errors."""

    _function, _name = staticmethod(distances.mean_absolute_error), "mean_absolute_error"


class MeanAbsolutePercentageError(_OfLoss):
    """The mean of errors in percent of the labels."""

    _function, _name = staticmethod(distances.mean_absolute_percentage_error), "mean_absolute_percentage_error"


class MeanSquaredLogarithmicError(_OfLoss):
    """The mean of squared differences of logarithms."""

    _function, _name = staticmethod(distances.mean_squared_logarithmic_error), "mean_squared_logarithmic_error"


class LogCoshError(_OfLoss):
    """The mean of log(cosh(error))."""

    _function, _name = staticmethod(distances.log_cosh), "logcosh"


class Poisson(_OfLoss):
    """The mean of y_pred - y_true · log(y_pred)."""

    _function, _name = staticmethod(distances.poisson), "poisson"


class KLDivergence(_OfLoss):
    """The mean Kullback-Leibler divergence."""

    _function, _name = staticmethod(distances.kl_divergence), "kl_divergence"


class Hinge(_OfLoss):
    """The mean of max(1 - y_true · y_pred, 0)."""

    _function, _name = staticmethod(distances.hinge), "hinge"


class SquaredHinge(_OfLoss):
    """The mean of max(1 - y_true · y_pred, 0)²."""

    _function, _name = staticmethod(distances.squared_hinge), "squared_hinge"


class CategoricalHinge(_OfLoss):
    """The mean of the hinge over classes."""

    _function, _name = staticmethod(distances.categorical_hinge), "categorical_hinge"


def _cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    return -distances.cosine_similarity(y_true, y_pred, axis=axis)


class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between labels and predictions: 1 where they point the same way.

    Args:
        name: Its name.
        dtype: Its dtype.
        axis: The axis of the vectors.
    """

    _direction = "up"

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(_cosine, name, dtype=dtype, axis=axis)


class RootMeanSquaredError(Mean):
    """The root of the mean of squared errors.

    Args:
        name: Its name.
        dtype: Its dtype.
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Takes a batch in."""
        y_true, y_pred = (tf.cast(tf.convert_to_tensor(value), self.dtype) for value in (y_true, y_pred))
        y_true, y_pred = align_ranks(y_true, y_pred)
        super().update_state(tf.square(y_pred - y_true), sample_weight=sample_weight)

    def result(self) -> Any:
        """The root of the mean."""
        return tf.sqrt(super().result())


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy for labels 0 and 1.

    Args:
        name: Its name.
        dtype: Its dtype.
        from_logits: Whether predictions are logits.
        label_smoothing: How far labels are drawn towards 0.5.
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "binary_crossentropy", dtype: Any = None, from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:  # fmt: skip
        super().__init__(
            crossentropy.binary_crossentropy,
            name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy for one-hot labels.

    Args:
        name: Its name.
        dtype: Its dtype.
        from_logits: Whether predictions are logits.
        label_smoothing: Share of the labels' weight that is spread over all classes.
        axis: The axis of the classes.
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "categorical_crossentropy", dtype: Any = None, from_logits: bool = False,
        label_smoothing: float = 0, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(
            crossentropy.categorical_crossentropy, name, dtype=dtype, from_logits=from_logits,
            label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy for labels that are class numbers.

    Args:
        name: Its name.
        dtype: Its dtype.
        from_logits: Whether predictions are logits.
        axis: The axis of the classes.
        ignore_class: A label whose rows have the value 0, and do not count where there are weights; or None.
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "sparse_categorical_crossentropy", dtype: Any = None, from_logits: bool = False,
        axis: int = -1, ignore_class: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            crossentropy.sparse_categorical_crossentropy, name, dtype=dtype, from_logits=from_logits, axis=axis,
            ignore_class=ignore_class,
        )  # fmt: skip
