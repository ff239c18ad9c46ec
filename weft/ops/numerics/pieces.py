"""Functions put together from pieces, and the sum of a Chebyshev expansion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

Piece = tuple[Any, Callable[..., Any]]


@lru_cache(maxsize=256)
def _cut(table: tuple[float, ...], precision: float) -> tuple[float, ...]:
    """The coefficients that matter at a precision."""
    scale = max(abs(c) for c in table) * precision / 8
    return table[: max(i for i, c in enumerate(table) if abs(c) > scale) + 1]


def chebyshev(table: tuple[float, ...], t: Any) -> Any:
    """The sum of table[k] * T_k(t) by Clenshaw's recurrence, in the precision of t.

    Args:
        table: Coefficients; those too small for the dtype of t are skipped.
        t: Points in [-1, 1].
    """
    table = _cut(table, float(np.finfo(t.dtype).eps))
    twice = t + t
    last = np.zeros_like(t)
    before = np.zeros_like(t)
    for c in reversed(table[1:]):
        last, before = twice * last - before + t.dtype.type(c), last
    return t * last - before + t.dtype.type(table[0])


def unit(x: Any, low: float, high: float) -> Any:
    """The interval [low, high] mapped onto [-1, 1]."""
    return (x - x.dtype.type((low + high) / 2)) * x.dtype.type(2 / (high - low))


def piecewise(arguments: Sequence[Any], pieces: Sequence[Piece], otherwise: float = np.nan) -> Any:
    """Each piece computed on those elements only for which it holds; the first that holds wins.

    Args:
        arguments: Arrays of one shape and dtype.
        pieces: Pairs of (where it holds, function of the arguments' elements there or a number).
        otherwise: The result where none holds.
    """
    if not arguments[0].ndim:  # pieces may assign to elements, which scalars do not let them
        lines = [np.reshape(a, 1) for a in arguments]
        return piecewise(lines, [(np.reshape(holds, 1), f) for holds, f in pieces], otherwise).reshape(())
    result = np.full(arguments[0].shape, otherwise, arguments[0].dtype)
    free = np.ones(arguments[0].shape, bool)
    for holds, function in pieces:
        chosen = free & holds
        if chosen.all() and chosen.size:
            return np.asarray(function(*arguments), result.dtype)
        if chosen.any():
            result[chosen] = function(*(a[chosen] for a in arguments))
            free &= ~chosen
    return result


def constant(number: float) -> Callable[..., Any]:
    """A piece that is one number."""
    return lambda *arguments: np.full_like(arguments[0], number)
