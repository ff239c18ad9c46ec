"""Written by tools/make_stubs.py; do not edit."""

from weft.keras import activations as activations
from weft.keras import backend as backend
from weft.keras import callbacks as callbacks
from weft.keras import config as config
from weft.keras import constraints as constraints
from weft.keras import datasets as datasets
from weft.keras import distillation as distillation
from weft.keras import distribution as distribution
from weft.keras import dtype_policies as dtype_policies
from weft.keras import export as export
from weft.keras import initializers as initializers
from weft.keras import layers as layers
from weft.keras import legacy as legacy
from weft.keras import losses as losses
from weft.keras import metrics as metrics
from weft.keras import mixed_precision as mixed_precision
from weft.keras import models as models
from weft.keras import ops as ops
from weft.keras import optimizers as optimizers
from weft.keras import preprocessing as preprocessing
from weft.keras import random as random
from weft.keras import regularizers as regularizers
from weft.keras import saving as saving
from weft.keras import tree as tree
from weft.keras import utils as utils
from weft.keras import wrappers as wrappers
from weft.keras.core.function import Function as Function
from weft.keras.core.keras_tensor import KerasTensor as KerasTensor
from weft.keras.core.naming import name_scope as name_scope
from weft.keras.core.operation import Operation as Operation
from weft.keras.core.remat import RematScope as RematScope
from weft.keras.core.remat import device as device
from weft.keras.core.remat import remat as remat
from weft.keras.core.stateless import StatelessScope as StatelessScope
from weft.keras.core.stateless import SymbolicScope as SymbolicScope
from weft.keras.core.variable import Variable as Variable
from weft.keras.dtype_policies import DTypePolicy as DTypePolicy
from weft.keras.dtype_policies import FloatDTypePolicy as FloatDTypePolicy
from weft.keras.initializers.initializer import Initializer as Initializer
from weft.keras.layers.core.input_layer import Input as Input
from weft.keras.layers.input_spec import InputSpec as InputSpec
from weft.keras.layers.layer import Layer as Layer
from weft.keras.losses.loss import Loss as Loss
from weft.keras.metrics.metric import Metric as Metric
from weft.keras.models.model import Model as Model
from weft.keras.models.sequential import Sequential as Sequential
from weft.keras.optimizers.optimizer import Optimizer as Optimizer
from weft.keras.regularizers import Regularizer as Regularizer

__version__: str

def version() -> str:
    """The release of Keras whose behaviour this follows."""
