"""Metrics: `keras.metrics`."""

from __future__ import annotations

from typing import Any

from weft.extend import explain, nearest
from weft.keras import losses as _losses
from weft.keras.core import lookup
from weft.keras.core.naming import to_snake_case
from weft.keras.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from weft.keras.metrics.confusion import (
    AUC,
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from weft.keras.metrics.correlation import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    concordance_correlation,
    pearson_correlation,
)
from weft.keras.metrics.metric import Metric
from weft.keras.metrics.of_losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from weft.keras.metrics.operating_points import (
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from weft.keras.metrics.overlap import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from weft.keras.metrics.reduction import Mean, MeanMetricWrapper, Sum
from weft.keras.metrics.scores import F1Score, FBetaScore, R2Score

_CLASSES = (
    AUC, Accuracy, BinaryAccuracy, BinaryCrossentropy, BinaryIoU, CategoricalAccuracy, CategoricalCrossentropy,
    CategoricalHinge, ConcordanceCorrelation, CosineSimilarity, F1Score, FBetaScore, FalseNegatives, FalsePositives,
    Hinge, IoU, KLDivergence, LogCoshError, Mean, MeanAbsoluteError, MeanAbsolutePercentageError, MeanIoU,
    MeanMetricWrapper, MeanSquaredError, MeanSquaredLogarithmicError, OneHotIoU, OneHotMeanIoU, PearsonCorrelation,
    Poisson, Precision, PrecisionAtRecall, R2Score, Recall, RecallAtPrecision, RootMeanSquaredError,
    SensitivityAtSpecificity, SparseCategoricalAccuracy, SparseCategoricalCrossentropy, SparseTopKCategoricalAccuracy,
    SpecificityAtSensitivity, SquaredHinge, Sum, TopKCategoricalAccuracy, TrueNegatives, TruePositives,
)  # fmt: skip

_SHORT: dict[str, Any] = {
    "mse": MeanSquaredError, "MSE": MeanSquaredError, "mae": MeanAbsoluteError, "MAE": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError, "MAPE": MeanAbsolutePercentageError, "msle": MeanSquaredLogarithmicError,
    "MSLE": MeanSquaredLogarithmicError, "rmse": RootMeanSquaredError, "RMSE": RootMeanSquaredError,
    "bce": BinaryCrossentropy, "BCE": BinaryCrossentropy, "kld": KLDivergence, "KLD": KLDivergence,
    "kullback_leibler_divergence": KLDivergence, "logcosh": LogCoshError, "log_cosh": LogCoshError,
    "cosine_proximity": CosineSimilarity, "auc": AUC,
}  # fmt: skip

_FUNCTIONS: dict[str, Any] = {
    function.__name__: function
    for function in (
        binary_accuracy, categorical_accuracy, sparse_categorical_accuracy, sparse_top_k_categorical_accuracy,
        top_k_categorical_accuracy, concordance_correlation, pearson_correlation,
    )
}  # fmt: skip

#: every name that stands for a metric
TABLE: dict[str, Any] = {
    **{to_snake_case(cls.__name__): cls for cls in _CLASSES},
    **{cls.__name__: cls for cls in _CLASSES},
    **_SHORT,
}


def get(identifier: Any) -> Any:
    """The metric for a name, a configuration, a class, a function or a metric.

    Args:
        identifier: One of these; None gives None.

    Returns:
        A metric, or a function of labels and predictions.

    Raises:
        ValueError: For an unknown name, naming the nearest ones.

    Example:
        >>> from weft import keras
        >>> keras.metrics.get("mae").name
        'mean_absolute_error'
    """
    if isinstance(identifier, str):
        from weft.keras.saving import get_registered_object

        found = get_registered_object(identifier) or TABLE.get(identifier) or TABLE.get(to_snake_case(identifier))
        found = found or _FUNCTIONS.get(identifier) or _losses.TABLE.get(identifier)
        if found is None:
            names = sorted({to_snake_case(cls.__name__) for cls in _CLASSES} | {"accuracy", "acc", "mse", "mae"})
            raise ValueError(explain(
                f"There is no metric named {identifier!r}. {nearest(identifier, names)}",
                hint="pass a known name, an object of keras.metrics, or a function of (y_true, y_pred)",
            ))  # fmt: skip
        return found() if isinstance(found, type) else found
    return lookup.get(identifier, TABLE, "metric")


def serialize(metric: Any) -> Any:
    """The configuration of a metric."""
    return lookup.serialize(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric of a configuration."""
    return lookup.deserialize(config, {**TABLE, **_FUNCTIONS}, "metric", custom_objects)


def __getattr__(name: str) -> Any:
    # Keras 2 kept the losses' functions here too.
    found = _SHORT.get(name) or (_losses.TABLE.get(name) if not isinstance(_losses.TABLE.get(name), type) else None)
    if found is None:
        raise AttributeError(f"module 'keras.metrics' has no attribute {name!r}. {nearest(name, TABLE)}")
    return found


__all__ = [
    "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU", "CategoricalAccuracy",
    "CategoricalCrossentropy", "CategoricalHinge", "ConcordanceCorrelation", "CosineSimilarity", "F1Score",
    "FBetaScore", "FalseNegatives", "FalsePositives", "Hinge", "IoU", "KLDivergence", "LogCoshError", "Mean",
    "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanIoU", "MeanMetricWrapper", "MeanSquaredError",
    "MeanSquaredLogarithmicError", "Metric", "OneHotIoU", "OneHotMeanIoU", "PearsonCorrelation", "Poisson",
    "Precision", "PrecisionAtRecall", "R2Score", "Recall", "RecallAtPrecision", "RootMeanSquaredError",
    "SensitivityAtSpecificity", "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy", "SpecificityAtSensitivity", "SquaredHinge", "Sum", "TopKCategoricalAccuracy",
    "TrueNegatives", "TruePositives", "binary_accuracy", "categorical_accuracy", "concordance_correlation",
    "deserialize", "get", "pearson_correlation", "serialize", "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy", "top_k_categorical_accuracy",
]  # fmt: skip
