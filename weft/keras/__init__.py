"""Keras on Weft: layers and models that are trained with `compile` and `fit`.

Names are loaded when they are first used, so that importing this costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weft.keras import (
        activations,
        backend,
        callbacks,
        config,
        constraints,
        datasets,
        distillation,
        distribution,
        dtype_policies,
        export,
        initializers,
        layers,
        legacy,
        losses,
        metrics,
        mixed_precision,
        models,
        ops,
        optimizers,
        preprocessing,
        random,
        regularizers,
        saving,
        tree,
        utils,
        wrappers,
    )
    from weft.keras.core.function import Function
    from weft.keras.core.keras_tensor import KerasTensor
    from weft.keras.core.naming import name_scope
    from weft.keras.core.operation import Operation
    from weft.keras.core.remat import RematScope, device, remat
    from weft.keras.core.stateless import StatelessScope, SymbolicScope
    from weft.keras.core.variable import Variable
    from weft.keras.dtype_policies import DTypePolicy, FloatDTypePolicy
    from weft.keras.initializers import Initializer
    from weft.keras.layers import Input, InputSpec, Layer
    from weft.keras.losses import Loss
    from weft.keras.metrics import Metric
    from weft.keras.models import Model, Sequential
    from weft.keras.optimizers import Optimizer
    from weft.keras.regularizers import Regularizer

#: The release of Keras whose behaviour this follows.
__version__ = "3.15.0"

_MODULES = (
    "activations", "backend", "callbacks", "config", "constraints", "datasets", "distillation", "distribution",
    "dtype_policies", "export", "initializers", "layers", "legacy", "losses", "metrics", "mixed_precision", "models",
    "ops", "optimizers", "preprocessing", "random", "regularizers", "saving", "tree", "utils", "wrappers",
)  # fmt: skip

_NAMES = {
    "DTypePolicy": "dtype_policies", "FloatDTypePolicy": "dtype_policies", "Function": "core.function",
    "Initializer": "initializers", "Input": "layers", "InputSpec": "layers", "KerasTensor": "core.keras_tensor",
    "Layer": "layers", "Loss": "losses", "Metric": "metrics", "Model": "models", "Operation": "core.operation",
    "Optimizer": "optimizers", "Regularizer": "regularizers", "RematScope": "core.remat", "Sequential": "models",
    "StatelessScope": "core.stateless", "SymbolicScope": "core.stateless", "Variable": "core.variable",
    "device": "core.remat", "name_scope": "core.naming", "remat": "core.remat",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "experimental":  # Keras 2's place for schedules
        return importlib.import_module("weft.keras.optimizers.schedules")
    if name in _MODULES:
        return importlib.import_module(f"weft.keras.{name}")
    if name in _NAMES:
        value = getattr(importlib.import_module(f"weft.keras.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    if name.startswith("__"):
        raise AttributeError(name)
    from weft.extend import absent

    raise AttributeError(absent(f"keras.{name}", [*_MODULES, *_NAMES]))


def version() -> str:
    """The release of Keras whose behaviour this follows."""
    return __version__


def __dir__() -> list[str]:
    return sorted({*_MODULES, *_NAMES, "__version__", "version"})


__all__ = [
    "DTypePolicy", "FloatDTypePolicy", "Function", "Initializer", "Input", "InputSpec", "KerasTensor", "Layer", "Loss",
    "Metric", "Model", "Operation", "Optimizer", "Regularizer", "RematScope", "Sequential", "StatelessScope",
    "SymbolicScope", "Variable", "activations", "backend", "callbacks", "config", "constraints", "datasets",
    "distillation", "distribution", "device", "dtype_policies", "export", "initializers", "layers", "legacy", "losses",
    "metrics", "mixed_precision", "models", "name_scope", "ops", "optimizers", "preprocessing", "random",
    "regularizers", "remat", "saving", "tree", "utils", "version", "wrappers",
]  # fmt: skip
