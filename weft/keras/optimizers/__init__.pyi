"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.keras.optimizers import legacy as legacy
from weft.keras.optimizers import schedules as schedules
from weft.keras.optimizers.adafactor import Adafactor as Adafactor
from weft.keras.optimizers.adam import Adam as Adam
from weft.keras.optimizers.adam import Adam as _AdamOptimizer
from weft.keras.optimizers.adam import Adamax as Adamax
from weft.keras.optimizers.adam import AdamW as AdamW
from weft.keras.optimizers.adam import Lamb as Lamb
from weft.keras.optimizers.adam import Nadam as Nadam
from weft.keras.optimizers.muon import Muon as Muon
from weft.keras.optimizers.muon import ScheduleFreeAdamW as ScheduleFreeAdamW
from weft.keras.optimizers.optimizer import Optimizer as Optimizer
from weft.keras.optimizers.rmsprop import Adadelta as Adadelta
from weft.keras.optimizers.rmsprop import Adadelta as _AdadeltaOptimizer
from weft.keras.optimizers.rmsprop import Adagrad as Adagrad
from weft.keras.optimizers.rmsprop import Adagrad as _AdagradOptimizer
from weft.keras.optimizers.rmsprop import Ftrl as Ftrl
from weft.keras.optimizers.rmsprop import Ftrl as _FtrlOptimizer
from weft.keras.optimizers.rmsprop import RMSprop as RMSprop
from weft.keras.optimizers.rmsprop import RMSprop as _RMSProp
from weft.keras.optimizers.rmsprop import RMSprop as _RMSPropOptimizer
from weft.keras.optimizers.rmsprop import RMSprop as _RMSpropOptimizer
from weft.keras.optimizers.scaling import LossScaleOptimizer as LossScaleOptimizer
from weft.keras.optimizers.several import MultiOptimizer as MultiOptimizer
from weft.keras.optimizers.several import OptimizerMap as OptimizerMap
from weft.keras.optimizers.sgd import SGD as SGD
from weft.keras.optimizers.sgd import SGD as _GradientDescentOptimizer
from weft.keras.optimizers.sgd import SGD as _SGDOptimizer
from weft.keras.optimizers.sgd import Lion as Lion

AdadeltaOptimizer = _AdadeltaOptimizer
AdagradOptimizer = _AdagradOptimizer
AdamOptimizer = _AdamOptimizer
FtrlOptimizer = _FtrlOptimizer
GradientDescentOptimizer = _GradientDescentOptimizer
RMSProp = _RMSProp
RMSPropOptimizer = _RMSPropOptimizer
RMSpropOptimizer = _RMSpropOptimizer
SGDOptimizer = _SGDOptimizer

def deserialize(config: Any, custom_objects: dict[str, Any] | None = ...) -> Any:
    """The optimizer of a configuration."""

def get(identifier: Any) -> Any:
    """The optimizer for a name, a configuration, a class or an optimizer."""

def serialize(optimizer: Any) -> Any:
    """The configuration of an optimizer."""
