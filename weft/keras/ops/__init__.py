"""`keras.ops`: functions of tensors with Keras' names and dtype rules.

They take numbers, lists, arrays and tensors, and symbolic tensors, on which they are recorded as operations of a model.
The parts of the table stand in modules by subject; `keras.ops.numpy`, `.nn`, `.linalg` and `.image` are groups of it.
"""

from __future__ import annotations

import importlib
from typing import Any

from weft.keras.ops.records import FUNCTIONS

#: modules that enter their functions into the table when they are loaded: models import this package, and need none
_SUBJECTS = ("core", "creation", "elementwise", "indexing", "linear", "network", "pictures", "products", "reductions",
             "shaping", "signals")  # fmt: skip
_GROUPS = ("image", "linalg", "nn", "numpy")


def load() -> dict[str, Any]:
    """Fills the table, and returns it."""
    for subject in _SUBJECTS:
        importlib.import_module(f"weft.keras.ops.{subject}")
    return FUNCTIONS


def __getattr__(name: str) -> Any:
    if name in _GROUPS:
        return importlib.import_module(f"weft.keras.ops.{name}")
    if name == "__all__":
        return __dir__()
    if name.startswith("__"):
        raise AttributeError(name)
    table = load()
    if name in table:
        return table[name]
    from weft.extend import absent

    raise AttributeError(absent(f"keras.ops.{name}", __dir__()))


def __dir__() -> list[str]:
    return sorted({*(name for name in load() if "." not in name), *_GROUPS})
