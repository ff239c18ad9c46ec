"""The classes of losses: functions with a reduction."""

from __future__ import annotations

from typing import Any

from weft.extend import explain
from weft.keras.losses import crossentropy, distances
from weft.keras.losses.loss import LossFunctionWrapper

crossentropy.sparse_categorical_crossentropy._weft_labels_are_classes = True  # type: ignore[attr-defined]

_REDUCTION = "sum_over_batch_size"


class _Plain(LossFunctionWrapper):
    """A loss whose function takes nothing but labels and predictions."""

    _function: Any = None
    _name = ""

    def __init__(self, reduction: str | None = _REDUCTION, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(type(self)._function, reduction=reduction, name=name or type(self)._name, dtype=dtype)


class MeanSquaredError(_Plain):
    """The mean of squared errors.

    Example:
        >>> from weft import keras
        >>> float(keras.losses.MeanSquaredError()([[0.0], [0.0]], [[1.0], [3.0]]))
        5.0
    """

    _function, _name = staticmethod(distances.mean_squared_error), "mean_squared_error"


class MeanAbsoluteError(_Plain):
    """The mean of absolute errors."""

    _function, _name = staticmethod(distances.mean_absolute_error), "mean_absolute_error"


class MeanAbsolutePercentageError(_Plain):
    """The mean of errors in percent of the labels."""

    _function, _name = staticmethod(distances.mean_absolute_percentage_error), "mean_absolute_percentage_error"


class MeanSquaredLogarithmicError(_Plain):
    """The mean of squared differences of logarithms."""

    _function, _name = staticmethod(distances.mean_squared_logarithmic_error), "mean_squared_logarithmic_error"


class LogCosh(_Plain):
    """The mean of log(cosh(error))."""

    _function, _name = staticmethod(distances.log_cosh), "log_cosh"


class Poisson(_Plain):
    """The mean of y_pred - y_true · log(y_pred)."""

    _function, _name = staticmethod(distances.poisson), "poisson"


class KLDivergence(_Plain):
    """The Kullback-Leibler divergence of the predictions from the labels."""

    _function, _name = staticmethod(distances.kl_divergence), "kl_divergence"


class Hinge(_Plain):
    """max(1 - y_true · y_pred, 0), for labels -1 and 1."""

    _function, _name = staticmethod(distances.hinge), "hinge"


class SquaredHinge(_Plain):
    """max(1 - y_true · y_pred, 0)², for labels -1 and 1."""

    _function, _name = staticmethod(distances.squared_hinge), "squared_hinge"


class CategoricalHinge(_Plain):
    """The hinge over classes, for one-hot labels."""

    _function, _name = staticmethod(distances.categorical_hinge), "categorical_hinge"


class Huber(LossFunctionWrapper):
    """Squared for small errors, linear for large ones.

    Args:
        delta: Where the square turns into a line.
        reduction: See `Loss`.
        name: Its name.
        dtype: Its dtype.
    """

    def __init__(
        self, delta: float = 1.0, reduction: str | None = _REDUCTION, name: str | None = "huber_loss", dtype: Any = None
    ) -> None:
        super().__init__(distances.huber, reduction=reduction, name=name, dtype=dtype, delta=delta)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine of the angle between labels and predictions.

    Args:
        axis: The axis of the vectors.
        reduction: See `Loss`.
        name: Its name.
        dtype: Its dtype.
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = _REDUCTION,
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(distances.cosine_similarity, reduction=reduction, name=name, dtype=dtype, axis=axis)


class Dice(LossFunctionWrapper):
    """1 - twice the overlap over the sum of both.

    Args:
        reduction: See `Loss`.
        name: Its name.
        axis: The axes that are summed; all where None.
        dtype: Its dtype.
    """

    def __init__(
        self, reduction: str | None = _REDUCTION, name: str | None = "dice", axis: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(distances.dice, reduction=reduction, name=name, dtype=dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """The dice loss with weights for what is predicted wrongly and what is missed.

    Args:
        alpha: Weight of what is predicted wrongly.
        beta: Weight of what is missed.
        reduction: See `Loss`.
        name: Its name.
        axis: The axes that are summed; all where None.
        dtype: Its dtype.
    """

    def __init__(
        self, alpha: float = 0.5, beta: float = 0.5, reduction: str | None = _REDUCTION, name: str | None = "tversky",
        axis: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            distances.tversky, reduction=reduction, name=name, dtype=dtype, alpha=alpha, beta=beta, axis=axis
        )


class BinaryCrossentropy(LossFunctionWrapper):
    """Cross-entropy for labels 0 and 1.

    Args:
        from_logits: Whether predictions are logits.
        label_smoothing: How far labels are drawn towards 0.5, from 0 to 1.
        axis: The axis over which the mean of a row is taken.
        reduction: See `Loss`.
        name: Its name.
        dtype: Its dtype.
    """

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = _REDUCTION, name: str | None = "binary_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            crossentropy.binary_crossentropy, reduction=reduction, name=name, dtype=dtype, from_logits=from_logits,
            label_smoothing=_share(label_smoothing), axis=axis,
        )  # fmt: skip
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Cross-entropy for labels 0 and 1 in which easy answers count less.

    Args:
        apply_class_balancing: Whether labels 1 weigh `alpha` and labels 0 `1 - alpha`.
        alpha: That weight.
        gamma: How strongly easy answers are played down.
        from_logits: Whether predictions are logits.
        label_smoothing: How far labels are drawn towards 0.5.
        axis: The axis over which the mean of a row is taken.
        reduction: See `Loss`.
        name: Its name.
        dtype: Its dtype.
    """

    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
        label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = _REDUCTION,
        name: str | None = "binary_focal_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            crossentropy.binary_focal_crossentropy, reduction=reduction, name=name, dtype=dtype,
            apply_class_balancing=apply_class_balancing, alpha=alpha, gamma=gamma, from_logits=from_logits,
            label_smoothing=_share(label_smoothing), axis=axis,
        )  # fmt: skip


class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy for one-hot labels.

    Args:
        from_logits: Whether predictions are logits.
        label_smoothing: Share of the labels' weight that is spread over all classes.
        axis: The axis of the classes.
        reduction: See `Loss`.
        name: Its name.
        dtype: Its dtype.
    """

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = _REDUCTION, name: str | None = "categorical_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            crossentropy.categorical_crossentropy, reduction=reduction, name=name, dtype=dtype,
            from_logits=from_logits, label_smoothing=_share(label_smoothing), axis=axis,
        )  # fmt: skip
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """Cross-entropy for one-hot labels in which easy answers count less.

    Args:
        alpha: A weight, or one for each class.
        gamma: How strongly easy answers are played down.
        from_logits: Whether predictions are logits.
        label_smoothing: Share of the labels' weight that is spread over all classes.
        axis: The axis of the classes.
        reduction: See `Loss`.
        name: Its name.
        dtype: Its dtype.
    """

    def __init__(
        self, alpha: Any = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0,
        axis: int = -1, reduction: str | None = _REDUCTION, name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            crossentropy.categorical_focal_crossentropy, reduction=reduction, name=name, dtype=dtype, alpha=alpha,
            gamma=gamma, from_logits=from_logits, label_smoothing=_share(label_smoothing), axis=axis,
        )  # fmt: skip


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy for labels that are class numbers.

    Args:
        from_logits: Whether predictions are logits.
        ignore_class: A label whose rows do not count.
        reduction: See `Loss`.
        axis: The axis of the classes.
        name: Its name.
        dtype: Its dtype.
    """

    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None, reduction: str | None = _REDUCTION,
        axis: int = -1, name: str | None = "sparse_categorical_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            crossentropy.sparse_categorical_crossentropy, reduction=reduction, name=name, dtype=dtype,
            from_logits=from_logits, ignore_class=ignore_class, axis=axis,
        )  # fmt: skip
        self.from_logits, self.ignore_class = from_logits, ignore_class

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each row. Ranks are not aligned first: labels of one rank less are what is meant."""
        return self.fn(y_true, y_pred, **self._fn_kwargs)


def _share(smoothing: float) -> float:
    if not 0.0 <= smoothing <= 1.0:
        raise ValueError(explain("label_smoothing must be from 0 to 1.", received=repr(smoothing)))
    return smoothing
