"""Losses: `keras.losses`."""

from __future__ import annotations

from typing import Any

from weft.extend import explain, nearest
from weft.keras.core import lookup
from weft.keras.core.naming import to_snake_case
from weft.keras.losses.crossentropy import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    sparse_categorical_crossentropy,
)
from weft.keras.losses.distances import (
    categorical_hinge,
    cosine_similarity,
    dice,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    squared_hinge,
    tversky,
)
from weft.keras.losses.loss import Loss, LossFunctionWrapper, Reduction
from weft.keras.losses.losses import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Dice,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    Tversky,
)
from weft.keras.losses.sequences import (
    CTC,
    CategoricalGeneralizedCrossEntropy,
    Circle,
    categorical_generalized_cross_entropy,
    circle,
    ctc,
)

_CLASSES = (
    CTC, CategoricalGeneralizedCrossEntropy, Circle,
    BinaryCrossentropy, BinaryFocalCrossentropy, CategoricalCrossentropy, CategoricalFocalCrossentropy,
    CategoricalHinge, CosineSimilarity, Dice, Hinge, Huber, KLDivergence, LogCosh, MeanAbsoluteError,
    MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError, Poisson,
    SparseCategoricalCrossentropy, SquaredHinge, Tversky,
)  # fmt: skip

_FUNCTIONS = (
    categorical_generalized_cross_entropy, circle, ctc,
    binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy, categorical_focal_crossentropy,
    categorical_hinge, cosine_similarity, dice, hinge, huber, kl_divergence, log_cosh, mean_absolute_error,
    mean_absolute_percentage_error, mean_squared_error, mean_squared_logarithmic_error, poisson,
    sparse_categorical_crossentropy, squared_hinge, tversky,
)  # fmt: skip

_SHORT: dict[str, Any] = {
    "mse": mean_squared_error, "MSE": mean_squared_error, "mae": mean_absolute_error, "MAE": mean_absolute_error,
    "mape": mean_absolute_percentage_error, "MAPE": mean_absolute_percentage_error,
    "msle": mean_squared_logarithmic_error, "MSLE": mean_squared_logarithmic_error,
    "bce": binary_crossentropy, "BCE": binary_crossentropy, "kld": kl_divergence, "KLD": kl_divergence,
    "kullback_leibler_divergence": kl_divergence, "logcosh": log_cosh, "huber_loss": huber,
    "cosine_proximity": cosine_similarity, "cosine": cosine_similarity,  # Keras 2's
}  # fmt: skip

#: every name that stands for a loss
TABLE: dict[str, Any] = {
    **{cls.__name__: cls for cls in (*_CLASSES, Loss, LossFunctionWrapper)},
    **{function.__name__: function for function in _FUNCTIONS},
    **_SHORT,
}


def get(identifier: Any) -> Any:
    """The loss for a name, a configuration, a class, a function or a loss.

    Args:
        identifier: One of these; None gives None.

    Returns:
        A function of labels and predictions.

    Raises:
        ValueError: For an unknown name, naming the nearest ones.

    Example:
        >>> from weft import keras
        >>> keras.losses.get("mse").__name__
        'mean_squared_error'
    """
    if isinstance(identifier, str):
        from weft.keras.saving import get_registered_object

        found = get_registered_object(identifier, module_objects=TABLE) or TABLE.get(to_snake_case(identifier))
        if found is None:
            names = [*(function.__name__ for function in _FUNCTIONS), "mse", "mae", "bce"]
            raise ValueError(explain(
                f"There is no loss named {identifier!r}. {nearest(identifier, names)}",
                hint="pass a known name, an object of keras.losses, or a function of (y_true, y_pred)",
            ))  # fmt: skip
        return found() if isinstance(found, type) else found
    return lookup.get(identifier, TABLE, "loss")


def serialize(loss: Any) -> Any:
    """The configuration of a loss."""
    return lookup.serialize(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss of a configuration."""
    return lookup.deserialize(name, TABLE, "loss", custom_objects)


def __getattr__(name: str) -> Any:
    if name in _SHORT:
        return _SHORT[name]
    raise AttributeError(f"module 'keras.losses' has no attribute {name!r}. {nearest(name, TABLE)}")


__all__ = [
    "CTC", "CategoricalGeneralizedCrossEntropy", "Circle", "Reduction", "categorical_generalized_cross_entropy",
    "circle", "ctc",
    "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy",
    "CategoricalHinge", "CosineSimilarity", "Dice", "Hinge", "Huber", "KLDivergence", "LogCosh", "Loss",
    "LossFunctionWrapper", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError",
    "MeanSquaredLogarithmicError", "Poisson", "SparseCategoricalCrossentropy", "SquaredHinge", "Tversky",
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy",
    "categorical_hinge", "cosine_similarity", "deserialize", "dice", "get", "hinge", "huber", "kl_divergence",
    "log_cosh", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "poisson", "serialize", "sparse_categorical_crossentropy", "squared_hinge",
    "tversky",
]  # fmt: skip
