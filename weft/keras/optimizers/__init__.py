"""Optimizers: `keras.optimizers`."""

from __future__ import annotations

import sys
from typing import Any

import weft as tf
from weft.extend import explain, nearest
from weft.keras.core import lookup
from weft.keras.optimizers import schedules
from weft.keras.optimizers.adafactor import Adafactor
from weft.keras.optimizers.adam import Adam, Adamax, AdamW, Lamb, Nadam
from weft.keras.optimizers.muon import Muon, ScheduleFreeAdamW
from weft.keras.optimizers.optimizer import Optimizer
from weft.keras.optimizers.rmsprop import Adadelta, Adagrad, Ftrl, RMSprop
from weft.keras.optimizers.scaling import LossScaleOptimizer
from weft.keras.optimizers.several import MultiOptimizer, OptimizerMap
from weft.keras.optimizers.sgd import SGD, Lion

_CLASSES = (Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, LossScaleOptimizer, MultiOptimizer,
            Muon, Nadam, RMSprop, SGD, ScheduleFreeAdamW)  # fmt: skip

#: other names, by which programs for TensorFlow 1 and early Keras call them
_OLD_NAMES: dict[str, Any] = {
    "RMSProp": RMSprop, "RMSpropOptimizer": RMSprop, "RMSPropOptimizer": RMSprop, "AdamOptimizer": Adam,
    "AdagradOptimizer": Adagrad, "AdadeltaOptimizer": Adadelta, "FtrlOptimizer": Ftrl, "SGDOptimizer": SGD,
    "GradientDescentOptimizer": SGD, "adam": Adam, "sgd": SGD, "rmsprop": RMSprop, "adagrad": Adagrad,
    "adadelta": Adadelta, "adamax": Adamax, "nadam": Nadam, "ftrl": Ftrl,
}  # fmt: skip

#: every name that stands for an optimizer
TABLE: dict[str, Any] = {cls.__name__: cls for cls in _CLASSES} | _OLD_NAMES
_LOWER = {name.lower(): cls for name, cls in TABLE.items()}


def get(identifier: Any) -> Any:
    """The optimizer for a name, a configuration, a class or an optimizer.

    Args:
        identifier: One of these, or None. Case does not matter in names.

    Returns:
        An optimizer; None for None.

    Raises:
        ValueError: For an unknown name, naming the nearest ones, and for what cannot be an optimizer.

    Example:
        >>> from weft import keras
        >>> type(keras.optimizers.get("adam")).__name__
        'Adam'
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        from weft.keras.saving import get_registered_object

        found = get_registered_object(identifier) or _LOWER.get(identifier.lower())
        if found is None:
            raise ValueError(explain(
                f"There is no optimizer named {identifier!r}. "
                f"{nearest(identifier, sorted({c.__name__.lower() for c in _CLASSES}))}",
                hint="pass a known name, or an object such as keras.optimizers.Adam(learning_rate=0.001)",
            ))  # fmt: skip
        return found()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    if isinstance(identifier, tf.compat.v1.train.Optimizer):
        from weft.keras.optimizers.version_one import TFOptimizer

        return TFOptimizer(identifier)
    raise ValueError(explain(
        f"{identifier!r} is no optimizer.", expected="a name, a configuration dict, or an object of keras.optimizers",
        received=f"an object of class {type(identifier).__name__}",
    ))  # fmt: skip


def serialize(optimizer: Any) -> Any:
    """The configuration of an optimizer."""
    return lookup.serialize(optimizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The optimizer of a configuration."""
    if isinstance(config, dict) and str(config.get("class_name", "")).lower() in _LOWER:
        config = {**config, "class_name": _LOWER[config["class_name"].lower()].__name__}
    return lookup.deserialize(config, TABLE, "optimizer", custom_objects)


def __getattr__(name: str) -> Any:
    if name == "legacy":
        import importlib

        return importlib.import_module("weft.keras.optimizers.legacy")
    if name == "experimental":  # where Keras 2.9 had what stands here since
        return sys.modules[__name__]
    if name in _OLD_NAMES:
        return _OLD_NAMES[name]
    raise AttributeError(
        f"module 'keras.optimizers' has no attribute {name!r}. {nearest(name, [c.__name__ for c in _CLASSES])}"
    )


# Keras 2's names in small letters; as attributes, because modules of this package have some of them
globals().update({name: cls for name, cls in _OLD_NAMES.items() if name == name.lower()})

__all__ = [
    "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion",
    "LossScaleOptimizer", "MultiOptimizer", "Muon", "Nadam", "Optimizer", "OptimizerMap", "RMSprop",
    "ScheduleFreeAdamW", "deserialize", "get", "schedules", "serialize",
]  # fmt: skip
