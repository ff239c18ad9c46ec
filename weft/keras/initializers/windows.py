"""Windows by name: how much each step of a stretch of a signal counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# Cosine sums: a[0] - a[1] cos t + a[2] cos 2t - …, t from 0 to 2 pi. Source: Harris 1978, Nuttall 1981, ISO 18431.
_SUMS = {
    "boxcar": (1.0,),
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "nuttall": (0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "blackmanharris": (0.35875, 0.48829, 0.14128, 0.01168),
    "flattop": (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
}


def _cosines(weights: tuple[float, ...]) -> Callable[[Any, int], Any]:
    def values(x: Any, length: int) -> Any:
        return sum(weight * np.cos(np.pi * order * x) for order, weight in enumerate(weights))

    return values


def _tukey(x: Any, length: int) -> Any:
    """Flat in the middle half, with the ends of a Hann window."""
    edge = np.maximum(np.abs(x) - 0.5, 0.0) / 0.5
    return 0.5 * (1 + np.cos(np.pi * edge))


def _parzen(x: Any, length: int) -> Any:
    """Pieces of cubic polynomials; the ends are half a step beyond the stretch."""
    far = np.abs(x) * (length - 1) / length
    return np.where(far <= 0.5, 1 - 6 * far**2 * (1 - far), 2 * (1 - far) ** 3)


def _bohman(x: Any, length: int) -> Any:
    far = np.abs(x)
    found = (1 - far) * np.cos(np.pi * far) + np.sin(np.pi * far) / np.pi
    return np.where(far < 1, found, 0.0)


def _triangle(x: Any, length: int) -> Any:
    """A triangle whose ends are half a step (of an odd number of steps, one) beyond the stretch."""
    return 1 - np.abs(x) * (length - 1) / (length + length % 2)


#: name → its values where x is -1 at the first step, 0 in the middle and 1 at the last, for so many steps
WINDOWS: dict[str, Callable[[Any, int], Any]] = {
    **{name: _cosines(weights) for name, weights in _SUMS.items()},
    "bartlett": lambda x, length: 1 - np.abs(x),
    "barthann": lambda x, length: 0.62 - 0.24 * np.abs(x) + 0.38 * np.cos(np.pi * x),
    "bohman": _bohman,
    "cosine": lambda x, length: np.cos(np.pi / 2 * x * (length - 1) / length),
    "parzen": _parzen,
    "triang": _triangle,
    "tukey": _tukey,
}


def of_length(name: str, length: int, periodic: bool) -> Any:
    """A window as float64 `[length]`.

    Args:
        name: One of `WINDOWS`.
        length: How many steps.
        periodic: Whether it goes on from its end at its beginning, as if it had a step more.
    """
    if length < 2:
        return np.ones(max(length, 0))
    steps = length + 1 if periodic else length
    return WINDOWS[name](np.linspace(-1.0, 1.0, steps), steps)[:length] * np.ones(length)
