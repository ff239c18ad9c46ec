"""Recurrent layers: cells, the one loop that runs them, and wrappers."""

from typing import Any


def __getattr__(name: str) -> Any:
    """The layer's class: programs of Keras 2 look it up in a module of this name."""
    from weft.keras import layers

    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(layers, name)
