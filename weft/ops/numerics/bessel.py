"""Bessel functions of orders 0 and 1, in float64. Sources: Abramowitz and Stegun, chapter 9."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from weft.ops.numerics import coefficients as table
from weft.ops.numerics.pieces import chebyshev, constant, piecewise, unit


def i0e(x: Any) -> Any:
    """exp(-|x|) I0(x)."""
    return piecewise((np.abs(x),), (
        (np.abs(x) <= 8, lambda x: chebyshev(table.I0_SMALL, unit(x, 0, 8))),
        (np.abs(x) > 8, lambda x: chebyshev(table.I0_LARGE, 16 / x - 1) / np.sqrt(x)),
    ))  # fmt: skip


def i1e(x: Any) -> Any:
    """exp(-|x|) I1(x)."""
    size = piecewise((np.abs(x),), (
        (np.abs(x) <= 8, lambda x: x * chebyshev(table.I1_SMALL, unit(x, 0, 8))),
        (np.abs(x) > 8, lambda x: chebyshev(table.I1_LARGE, 16 / x - 1) / np.sqrt(x)),
    ))  # fmt: skip
    return np.copysign(size, x)


def _grown(scaled: Any, x: Any) -> Any:
    half = np.exp(np.abs(x) / 2)  # exp(|x|) may overflow where the product does not
    return np.where(np.isinf(x), np.copysign(np.inf, scaled), scaled * half * half)


def i0(x: Any) -> Any:
    """The modified Bessel function I0."""
    return np.where(np.isinf(x), np.inf, _grown(i0e(x), x))


def i1(x: Any) -> Any:
    """The modified Bessel function I1."""
    return np.where(np.isinf(x), x, _grown(i1e(x), x))


def _k0_small(x: Any) -> Any:
    return chebyshev(table.K0_SMALL, unit(x * x, 0, 4)) - np.log(x / 2) * i0(x)


def _k1_small(x: Any) -> Any:
    return chebyshev(table.K1_SMALL, unit(x * x, 0, 4)) / x + np.log(x / 2) * i1(x)


def _large(coefficients: tuple[float, ...], x: Any) -> Any:
    return chebyshev(coefficients, 4 / x - 1) / np.sqrt(x)


def _k(x: Any, small: Any, coefficients: tuple[float, ...], scaled: bool) -> Any:
    return piecewise((x,), (
        (x <= 0, constant(np.inf)),
        (x <= 2, lambda x: small(x) * np.exp(x) if scaled else small(x)),
        (x > 2, lambda x: _large(coefficients, x) if scaled else _large(coefficients, x) * np.exp(-x)),
    ))  # fmt: skip


def k0(x: Any) -> Any:
    """The modified Bessel function K0."""
    return _k(x, _k0_small, table.K0_LARGE, False)


def k0e(x: Any) -> Any:
    """exp(x) K0(x)."""
    return _k(x, _k0_small, table.K0_LARGE, True)


def k1(x: Any) -> Any:
    """The modified Bessel function K1."""
    return _k(x, _k1_small, table.K1_LARGE, False)


def k1e(x: Any) -> Any:
    """exp(x) K1(x)."""
    return _k(x, _k1_small, table.K1_LARGE, True)


_ROOT_HALF = math.sqrt(0.5)


def _oscillating(order: int, x: Any) -> tuple[Any, Any]:
    """J and Y beyond 8 by their slowly varying factors; the angle is turned by sums, so that no digit of x is lost."""
    u = 2 * (8 / x) ** 2 - 1
    p = chebyshev((table.P0_LARGE, table.P1_LARGE)[order], u)
    q = chebyshev((table.Q0_LARGE, table.Q1_LARGE)[order], u) / x
    sin, cos = np.sin(x), np.cos(x)
    first, second = (cos + sin) * _ROOT_HALF, (sin - cos) * _ROOT_HALF  # cosine and sine of x - pi/4
    if order == 1:
        first, second = second, -first
    scale = np.sqrt(2 / (math.pi * x))
    return scale * (p * first - q * second), scale * (p * second + q * first)


def _t(x: Any) -> Any:
    return unit(x * x, 0, 64)


def j0(x: Any) -> Any:
    """The Bessel function J0."""
    size = np.abs(x)
    return piecewise((size,), (
        (size <= 8, lambda x: chebyshev(table.J0_SMALL, _t(x))),
        (np.isinf(size), constant(0.0)),
        (size > 8, lambda x: _oscillating(0, x)[0]),
    ))  # fmt: skip


def j1(x: Any) -> Any:
    """The Bessel function J1."""
    size = np.abs(x)
    positive = piecewise((size,), (
        (size <= 8, lambda x: x * chebyshev(table.J1_SMALL, _t(x))),
        (np.isinf(size), constant(0.0)),
        (size > 8, lambda x: _oscillating(1, x)[0]),
    ))  # fmt: skip
    return np.where(np.signbit(x), -positive, positive)


def y0(x: Any) -> Any:
    """The Bessel function Y0 of x > 0; -inf elsewhere."""
    return piecewise((x,), (
        (x <= 0, constant(-np.inf)),
        (x <= 8, lambda x: chebyshev(table.Y0_SMALL, _t(x)) + 2 / math.pi * np.log(x) * j0(x)),
        (np.isinf(x), constant(0.0)),
        (x > 8, lambda x: _oscillating(0, x)[1]),
    ))  # fmt: skip


def y1(x: Any) -> Any:
    """The Bessel function Y1 of x > 0; -inf elsewhere."""
    return piecewise((x,), (
        (x <= 0, constant(-np.inf)),
        (x <= 8, lambda x: x * chebyshev(table.Y1_SMALL, _t(x)) + 2 / math.pi * (np.log(x) * j1(x) - 1 / x)),
        (np.isinf(x), constant(0.0)),
        (x > 8, lambda x: _oscillating(1, x)[1]),
    ))  # fmt: skip
