"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.keras.losses.crossentropy import binary_crossentropy as _BCE
from weft.keras.losses.crossentropy import binary_crossentropy as _bce
from weft.keras.losses.crossentropy import binary_crossentropy as binary_crossentropy
from weft.keras.losses.crossentropy import binary_focal_crossentropy as binary_focal_crossentropy
from weft.keras.losses.crossentropy import categorical_crossentropy as categorical_crossentropy
from weft.keras.losses.crossentropy import categorical_focal_crossentropy as categorical_focal_crossentropy
from weft.keras.losses.crossentropy import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from weft.keras.losses.distances import categorical_hinge as categorical_hinge
from weft.keras.losses.distances import cosine_similarity as _cosine
from weft.keras.losses.distances import cosine_similarity as _cosine_proximity
from weft.keras.losses.distances import cosine_similarity as cosine_similarity
from weft.keras.losses.distances import dice as dice
from weft.keras.losses.distances import hinge as hinge
from weft.keras.losses.distances import huber as _huber_loss
from weft.keras.losses.distances import huber as huber
from weft.keras.losses.distances import kl_divergence as _KLD
from weft.keras.losses.distances import kl_divergence as _kld
from weft.keras.losses.distances import kl_divergence as _kullback_leibler_divergence
from weft.keras.losses.distances import kl_divergence as kl_divergence
from weft.keras.losses.distances import log_cosh as _logcosh
from weft.keras.losses.distances import log_cosh as log_cosh
from weft.keras.losses.distances import mean_absolute_error as _MAE
from weft.keras.losses.distances import mean_absolute_error as _mae
from weft.keras.losses.distances import mean_absolute_error as mean_absolute_error
from weft.keras.losses.distances import mean_absolute_percentage_error as _MAPE
from weft.keras.losses.distances import mean_absolute_percentage_error as _mape
from weft.keras.losses.distances import mean_absolute_percentage_error as mean_absolute_percentage_error
from weft.keras.losses.distances import mean_squared_error as _MSE
from weft.keras.losses.distances import mean_squared_error as _mse
from weft.keras.losses.distances import mean_squared_error as mean_squared_error
from weft.keras.losses.distances import mean_squared_logarithmic_error as _MSLE
from weft.keras.losses.distances import mean_squared_logarithmic_error as _msle
from weft.keras.losses.distances import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from weft.keras.losses.distances import poisson as poisson
from weft.keras.losses.distances import squared_hinge as squared_hinge
from weft.keras.losses.distances import tversky as tversky
from weft.keras.losses.loss import Loss as Loss
from weft.keras.losses.loss import LossFunctionWrapper as LossFunctionWrapper
from weft.keras.losses.loss import Reduction as Reduction
from weft.keras.losses.losses import BinaryCrossentropy as BinaryCrossentropy
from weft.keras.losses.losses import BinaryFocalCrossentropy as BinaryFocalCrossentropy
from weft.keras.losses.losses import CategoricalCrossentropy as CategoricalCrossentropy
from weft.keras.losses.losses import CategoricalFocalCrossentropy as CategoricalFocalCrossentropy
from weft.keras.losses.losses import CategoricalHinge as CategoricalHinge
from weft.keras.losses.losses import CosineSimilarity as CosineSimilarity
from weft.keras.losses.losses import Dice as Dice
from weft.keras.losses.losses import Hinge as Hinge
from weft.keras.losses.losses import Huber as Huber
from weft.keras.losses.losses import KLDivergence as KLDivergence
from weft.keras.losses.losses import LogCosh as LogCosh
from weft.keras.losses.losses import MeanAbsoluteError as MeanAbsoluteError
from weft.keras.losses.losses import MeanAbsolutePercentageError as MeanAbsolutePercentageError
from weft.keras.losses.losses import MeanSquaredError as MeanSquaredError
from weft.keras.losses.losses import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
from weft.keras.losses.losses import Poisson as Poisson
from weft.keras.losses.losses import SparseCategoricalCrossentropy as SparseCategoricalCrossentropy
from weft.keras.losses.losses import SquaredHinge as SquaredHinge
from weft.keras.losses.losses import Tversky as Tversky
from weft.keras.losses.sequences import CTC as CTC
from weft.keras.losses.sequences import CategoricalGeneralizedCrossEntropy as CategoricalGeneralizedCrossEntropy
from weft.keras.losses.sequences import Circle as Circle
from weft.keras.losses.sequences import categorical_generalized_cross_entropy as categorical_generalized_cross_entropy
from weft.keras.losses.sequences import circle as circle
from weft.keras.losses.sequences import ctc as ctc

BCE = _BCE
KLD = _KLD
MAE = _MAE
MAPE = _MAPE
MSE = _MSE
MSLE = _MSLE
bce = _bce
cosine = _cosine
cosine_proximity = _cosine_proximity
huber_loss = _huber_loss
kld = _kld
kullback_leibler_divergence = _kullback_leibler_divergence
logcosh = _logcosh
mae = _mae
mape = _mape
mse = _mse
msle = _msle

def deserialize(name: Any, custom_objects: dict[str, Any] | None = ...) -> Any:
    """The loss of a configuration."""

def get(identifier: Any) -> Any:
    """The loss for a name, a configuration, a class, a function or a loss."""

def serialize(loss: Any) -> Any:
    """The configuration of a loss."""
