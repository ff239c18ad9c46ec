"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.keras.losses.crossentropy import binary_crossentropy as binary_crossentropy
from weft.keras.losses.crossentropy import binary_focal_crossentropy as binary_focal_crossentropy
from weft.keras.losses.crossentropy import categorical_crossentropy as categorical_crossentropy
from weft.keras.losses.crossentropy import categorical_focal_crossentropy as categorical_focal_crossentropy
from weft.keras.losses.crossentropy import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from weft.keras.losses.distances import categorical_hinge as categorical_hinge
from weft.keras.losses.distances import cosine_similarity as _cosine
from weft.keras.losses.distances import cosine_similarity as cosine_similarity
from weft.keras.losses.distances import dice as dice
from weft.keras.losses.distances import hinge as hinge
from weft.keras.losses.distances import huber as _huber_loss
from weft.keras.losses.distances import huber as huber
from weft.keras.losses.distances import kl_divergence as kl_divergence
from weft.keras.losses.distances import mean_absolute_error as mean_absolute_error
from weft.keras.losses.distances import mean_absolute_percentage_error as mean_absolute_percentage_error
from weft.keras.losses.distances import mean_squared_error as mean_squared_error
from weft.keras.losses.distances import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from weft.keras.losses.distances import poisson as poisson
from weft.keras.losses.distances import squared_hinge as squared_hinge
from weft.keras.losses.distances import tversky as tversky
from weft.keras.losses.sequences import categorical_generalized_cross_entropy as categorical_generalized_cross_entropy
from weft.keras.losses.sequences import circle as circle
from weft.keras.losses.sequences import ctc as ctc
from weft.keras.metrics.accuracy import Accuracy as Accuracy
from weft.keras.metrics.accuracy import BinaryAccuracy as BinaryAccuracy
from weft.keras.metrics.accuracy import CategoricalAccuracy as CategoricalAccuracy
from weft.keras.metrics.accuracy import SparseCategoricalAccuracy as SparseCategoricalAccuracy
from weft.keras.metrics.accuracy import SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy
from weft.keras.metrics.accuracy import TopKCategoricalAccuracy as TopKCategoricalAccuracy
from weft.keras.metrics.accuracy import binary_accuracy as binary_accuracy
from weft.keras.metrics.accuracy import categorical_accuracy as categorical_accuracy
from weft.keras.metrics.accuracy import sparse_categorical_accuracy as sparse_categorical_accuracy
from weft.keras.metrics.accuracy import sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy
from weft.keras.metrics.accuracy import top_k_categorical_accuracy as top_k_categorical_accuracy
from weft.keras.metrics.confusion import AUC as AUC
from weft.keras.metrics.confusion import AUC as _auc
from weft.keras.metrics.confusion import FalseNegatives as FalseNegatives
from weft.keras.metrics.confusion import FalsePositives as FalsePositives
from weft.keras.metrics.confusion import Precision as Precision
from weft.keras.metrics.confusion import Recall as Recall
from weft.keras.metrics.confusion import TrueNegatives as TrueNegatives
from weft.keras.metrics.confusion import TruePositives as TruePositives
from weft.keras.metrics.correlation import ConcordanceCorrelation as ConcordanceCorrelation
from weft.keras.metrics.correlation import PearsonCorrelation as PearsonCorrelation
from weft.keras.metrics.correlation import concordance_correlation as concordance_correlation
from weft.keras.metrics.correlation import pearson_correlation as pearson_correlation
from weft.keras.metrics.metric import Metric as Metric
from weft.keras.metrics.of_losses import BinaryCrossentropy as BinaryCrossentropy
from weft.keras.metrics.of_losses import BinaryCrossentropy as _BCE
from weft.keras.metrics.of_losses import BinaryCrossentropy as _bce
from weft.keras.metrics.of_losses import CategoricalCrossentropy as CategoricalCrossentropy
from weft.keras.metrics.of_losses import CategoricalHinge as CategoricalHinge
from weft.keras.metrics.of_losses import CosineSimilarity as CosineSimilarity
from weft.keras.metrics.of_losses import CosineSimilarity as _cosine_proximity
from weft.keras.metrics.of_losses import Hinge as Hinge
from weft.keras.metrics.of_losses import KLDivergence as KLDivergence
from weft.keras.metrics.of_losses import KLDivergence as _KLD
from weft.keras.metrics.of_losses import KLDivergence as _kld
from weft.keras.metrics.of_losses import KLDivergence as _kullback_leibler_divergence
from weft.keras.metrics.of_losses import LogCoshError as LogCoshError
from weft.keras.metrics.of_losses import LogCoshError as _log_cosh
from weft.keras.metrics.of_losses import LogCoshError as _logcosh
from weft.keras.metrics.of_losses import MeanAbsoluteError as MeanAbsoluteError
from weft.keras.metrics.of_losses import MeanAbsoluteError as _MAE
from weft.keras.metrics.of_losses import MeanAbsoluteError as _mae
from weft.keras.metrics.of_losses import MeanAbsolutePercentageError as MeanAbsolutePercentageError
from weft.keras.metrics.of_losses import MeanAbsolutePercentageError as _MAPE
from weft.keras.metrics.of_losses import MeanAbsolutePercentageError as _mape
from weft.keras.metrics.of_losses import MeanSquaredError as MeanSquaredError
from weft.keras.metrics.of_losses import MeanSquaredError as _MSE
from weft.keras.metrics.of_losses import MeanSquaredError as _mse
from weft.keras.metrics.of_losses import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
from weft.keras.metrics.of_losses import MeanSquaredLogarithmicError as _MSLE
from weft.keras.metrics.of_losses import MeanSquaredLogarithmicError as _msle
from weft.keras.metrics.of_losses import Poisson as Poisson
from weft.keras.metrics.of_losses import RootMeanSquaredError as RootMeanSquaredError
from weft.keras.metrics.of_losses import RootMeanSquaredError as _RMSE
from weft.keras.metrics.of_losses import RootMeanSquaredError as _rmse
from weft.keras.metrics.of_losses import SparseCategoricalCrossentropy as SparseCategoricalCrossentropy
from weft.keras.metrics.of_losses import SquaredHinge as SquaredHinge
from weft.keras.metrics.operating_points import PrecisionAtRecall as PrecisionAtRecall
from weft.keras.metrics.operating_points import RecallAtPrecision as RecallAtPrecision
from weft.keras.metrics.operating_points import SensitivityAtSpecificity as SensitivityAtSpecificity
from weft.keras.metrics.operating_points import SpecificityAtSensitivity as SpecificityAtSensitivity
from weft.keras.metrics.overlap import BinaryIoU as BinaryIoU
from weft.keras.metrics.overlap import IoU as IoU
from weft.keras.metrics.overlap import MeanIoU as MeanIoU
from weft.keras.metrics.overlap import OneHotIoU as OneHotIoU
from weft.keras.metrics.overlap import OneHotMeanIoU as OneHotMeanIoU
from weft.keras.metrics.reduction import Mean as Mean
from weft.keras.metrics.reduction import MeanMetricWrapper as MeanMetricWrapper
from weft.keras.metrics.reduction import Sum as Sum
from weft.keras.metrics.scores import F1Score as F1Score
from weft.keras.metrics.scores import FBetaScore as FBetaScore
from weft.keras.metrics.scores import R2Score as R2Score

BCE = _BCE
KLD = _KLD
MAE = _MAE
MAPE = _MAPE
MSE = _MSE
MSLE = _MSLE
RMSE = _RMSE
auc = _auc
bce = _bce
cosine = _cosine
cosine_proximity = _cosine_proximity
huber_loss = _huber_loss
kld = _kld
kullback_leibler_divergence = _kullback_leibler_divergence
log_cosh = _log_cosh
logcosh = _logcosh
mae = _mae
mape = _mape
mse = _mse
msle = _msle
rmse = _rmse

def deserialize(config: Any, custom_objects: dict[str, Any] | None = ...) -> Any:
    """The metric of a configuration."""

def get(identifier: Any) -> Any:
    """The metric for a name, a configuration, a class, a function or a metric."""

def serialize(metric: Any) -> Any:
    """The configuration of a metric."""
