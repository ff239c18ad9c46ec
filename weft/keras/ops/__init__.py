"""`keras.ops`: functions of tensors with Keras' names and dtype rules.

They take numbers, lists, arrays and tensors, and symbolic tensors, on which they are recorded as operations of a model.
The parts of the table stand in modules by subject; `keras.ops.numpy`, `.nn`, `.linalg` and `.image` are groups of it.
"""

from __future__ import annotations

import importlib
from typing import Any

from weft.extend import absent
from weft.keras.ops import (  # noqa: F401  each enters its functions into the table
    core,
    creation,
    elementwise,
    indexing,
    linear,
    network,
    pictures,
    products,
    reductions,
    shaping,
    signals,
)
from weft.keras.ops.records import FUNCTIONS

_GROUPS = ("image", "linalg", "nn", "numpy")


def __getattr__(name: str) -> Any:
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    if name in _GROUPS:
        return importlib.import_module(f"weft.keras.ops.{name}")
    raise AttributeError(absent(f"keras.ops.{name}", __all__))


def __dir__() -> list[str]:
    return __all__


__all__ = sorted({*(name for name in FUNCTIONS if "." not in name), *_GROUPS})
