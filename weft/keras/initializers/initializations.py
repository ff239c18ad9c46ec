"""`keras.initializations` of Keras 1: a function of a shape for each way of drawing the first value of a weight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.keras import initializers
from weft.keras.initializers import get as get
from weft.keras.initializers.fixed import Identity, Ones, Zeros
from weft.keras.initializers.random import Orthogonal, RandomNormal, RandomUniform


def uniform(shape: Any, scale: float = 0.05, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Numbers between -scale and scale."""
    return RandomUniform(-scale, scale)(shape)


def normal(shape: Any, scale: float = 0.05, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Normally distributed numbers with a standard deviation of `scale`."""
    return RandomNormal(0.0, scale)(shape)


def orthogonal(shape: Any, scale: float = 1.1, name: str | None = None, dim_ordering: str = "th") -> Any:
    """An orthogonal matrix, times `scale`."""
    return Orthogonal(gain=scale)(shape)


def identity(shape: Any, scale: float = 1, name: str | None = None, dim_ordering: str = "th") -> Any:
    """The identity, times `scale`."""
    return Identity(gain=scale)(shape)


def zero(shape: Any, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Zeros."""
    return Zeros()(shape)


def one(shape: Any, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Ones."""
    return Ones()(shape)


def _today(name: str) -> Callable[..., Any]:
    """Keras 1's function under the name of a class of today."""

    def initialize(shape: Any, name: str | None = None, dim_ordering: str = "th") -> Any:
        return found()(shape)

    found = getattr(initializers, name)
    initialize.__name__ = initialize.__qualname__ = name
    initialize.__doc__ = f"What `{found.__name__}` of today gives."
    return initialize


lecun_uniform, glorot_normal, glorot_uniform, he_normal, he_uniform = (
    _today(name) for name in ("lecun_uniform", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform")
)
