"""The error function and its kin: inverse, Dawson, Fresnel, exponential integral, dilogarithm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from weft.ops.numerics import coefficients as table
from weft.ops.numerics.pieces import chebyshev, constant, piecewise, unit

_ROOT_PI = math.sqrt(math.pi)


def exp_minus_square(x: Any) -> Any:
    """exp(-x*x) with the rounding error of the square taken out: it would be magnified by the exponent."""
    bits = 12 if x.dtype == np.float32 else 27
    scaled = x * x.dtype.type(2**bits + 1)
    high = scaled - (scaled - x)  # the leading half of the digits, whose square is exact (Veltkamp's splitting)
    high = np.where(np.isfinite(high), high, x)
    return np.exp(-high * high) * np.exp(-(x - high) * (x + high))


def _erf_small(x: Any) -> Any:
    return x * chebyshev(table.ERF_SMALL, 2 * x * x - 1)


def _erfc_large(x: Any) -> Any:
    """erfc of x >= 1/2 by a form of which only a slowly varying factor is expanded."""
    half = x - x.dtype.type(0.5)
    return exp_minus_square(x) * chebyshev(table.ERFC_LARGE, (half - 3) / (half + 3)) / (1 + 2 * x)


_END = 27.5  # erfc is 0 in float64 beyond


def erf(x: Any) -> Any:
    """The error function.

    Args:
        x: float32 or float64.
    """
    size = np.abs(x)
    return piecewise((x,), (
        (size < 1, _erf_small),
        (size > 6, np.sign),
        (size >= 1, lambda x: np.copysign(1 - _erfc_large(np.abs(x)), x)),
    ))  # fmt: skip


def erfc(x: Any) -> Any:
    """1 - erf(x), without cancellation.

    Args:
        x: float32 or float64.
    """
    return piecewise((x,), (
        (np.abs(x) < 0.5, lambda x: 1 - _erf_small(x)),
        (x > _END, constant(0.0)),
        (x < -6, constant(2.0)),
        (x > 0, _erfc_large),
        (x < 0, lambda x: 2 - _erfc_large(-x)),
    ))  # fmt: skip


def _erfcinv_tail(q: Any) -> Any:
    """The x > 0 with erfc(x) = q < 1/2: a start good to 5e-4 and steps of Halley's method.

    Source of the start: Abramowitz and Stegun 26.2.23.
    """
    log_q = np.log(q)
    t = np.sqrt(-2 * (log_q - math.log(2)))
    x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    x = np.maximum(x / math.sqrt(2), 0.1)
    for _ in range(3):
        factor = chebyshev(table.ERFC_LARGE, (x - 3.5) / (x + 2.5)) / (1 + 2 * x)  # erfc(x) * exp(x*x)
        off = (factor - np.exp(x * x + log_q)) * (_ROOT_PI / 2)
        x = x + off / (1 - x * off)
    return x


def _erfinv_middle(y: Any) -> Any:
    """The x with erf(x) = y for |y| <= 1/2, by steps of Halley's method."""
    x = y * (_ROOT_PI / 2 + y * y * 0.232)
    for _ in range(3):
        off = (_erf_small(x) - y) * np.exp(x * x) * (_ROOT_PI / 2)
        x = x - off / (1 + x * off)
    return x


def erfinv(y: Any) -> Any:
    """The inverse of erf on [-1, 1], in float64."""
    size = np.abs(y)
    return piecewise((y,), (
        (size <= 0.5, _erfinv_middle),
        (size < 1, lambda y: np.copysign(_erfcinv_tail(1 - np.abs(y)), y)),
        (size == 1, lambda y: np.copysign(np.full_like(y, np.inf), y)),
    ))  # fmt: skip


def erfcinv(q: Any) -> Any:
    """The inverse of erfc on [0, 2], in float64."""
    return piecewise((q,), (
        (np.abs(q - 1) <= 0.5, lambda q: _erfinv_middle(1 - q)),
        (q == 0, constant(np.inf)),
        (q == 2, constant(-np.inf)),
        ((q > 0) & (q < 1), _erfcinv_tail),
        ((q > 1) & (q < 2), lambda q: -_erfcinv_tail(2 - q)),
    ))  # fmt: skip


def ndtri(p: Any) -> Any:
    """The quantile of the normal distribution, in float64."""
    return -math.sqrt(2) * erfcinv(2 * p)


def dawsn(x: Any) -> Any:
    """Dawson's integral exp(-x*x) * integral of exp(t*t) from 0 to x, in float64."""
    size = np.abs(x)
    return piecewise((x,), (
        (size <= 3, lambda x: x * chebyshev(table.DAWSON_SMALL, unit(x * x, 0, 9))),
        (size <= 7, lambda x: np.copysign(chebyshev(table.DAWSON_MIDDLE, unit(np.abs(x), 3, 7)), x)),
        (size > 7, lambda x: chebyshev(table.DAWSON_LARGE, 2 * (7 / x) ** 2 - 1) / (2 * x)),
    ))  # fmt: skip


def expint(x: Any) -> Any:
    """The exponential integral Ei of x >= 0, in float64."""

    def scaled(x: Any, factor: Any) -> Any:
        half = np.exp(x / 2)  # exp(x) may overflow where the quotient does not
        return half * (factor / x) * half

    return piecewise((x,), (
        (x == 0, constant(-np.inf)),
        (x == np.inf, constant(np.inf)),
        ((x > 0) & (x <= 6), lambda x: np.log(x) + np.euler_gamma + x * chebyshev(table.EI_SMALL, unit(x, 0, 6))),
        ((x > 0) & (x <= 14), lambda x: scaled(x, chebyshev(table.EI_MIDDLE, unit(x, 6, 14)))),
        ((x > 0) & (x <= 40), lambda x: scaled(x, chebyshev(table.EI_WIDE, unit(x, 14, 40)))),
        (x > 40, lambda x: scaled(x, chebyshev(table.EI_LARGE, 80 / x - 1))),
    ))  # fmt: skip


def _dilogarithm(y: Any) -> Any:
    return y * chebyshev(table.DILOGARITHM, 2 * y)


def spence(x: Any) -> Any:
    """The dilogarithm of 1 - x for x >= 0, in float64."""

    def upside(x: Any) -> Any:  # reflection: Abramowitz and Stegun 27.7.3
        return math.pi**2 / 6 - np.log(x) * np.log1p(-x) - _dilogarithm(x)

    def far(x: Any) -> Any:  # inversion: Abramowitz and Stegun 27.7.5
        inverse = 1 / x
        inner = piecewise((inverse,), ((inverse < 0.5, upside), (inverse >= 0.5, lambda z: _dilogarithm(1 - z))))
        return -0.5 * np.log(x) ** 2 - inner

    return piecewise((x,), (
        (x == 0, constant(math.pi**2 / 6)),
        (x == np.inf, constant(-np.inf)),
        ((x > 0) & (x < 0.5), upside),
        ((x > 0) & (x <= 1.5), lambda x: _dilogarithm(1 - x)),
        (x > 1.5, far),
    ))  # fmt: skip


_EDGE = 1.6


def _fresnel(x: Any, sine: bool) -> Any:
    size = np.abs(x)

    def small(x: Any) -> Any:
        t = unit(x**4, 0, _EDGE**4)
        return x**3 * chebyshev(table.FRESNEL_S_SMALL, t) if sine else x * chebyshev(table.FRESNEL_C_SMALL, t)

    def large(x: Any) -> Any:
        size = np.abs(x)
        t = 2 * (_EDGE / size) ** 4 - 1
        f = chebyshev(table.FRESNEL_F_LARGE, t) / (math.pi * size)
        g = chebyshev(table.FRESNEL_G_LARGE, t) / (math.pi**2 * size**3)
        square = size * size
        scaled = size * (2.0**27 + 1)
        high = scaled - (scaled - size)
        low = size - high
        rest = ((high * high - square) + 2 * high * low) + low * low  # what rounding took from the square (Dekker)
        angle = (np.fmod(square, 4) + rest) * (math.pi / 2)
        part = f * np.cos(angle) + g * np.sin(angle) if sine else g * np.cos(angle) - f * np.sin(angle)
        return np.copysign(0.5 - part, x)

    return piecewise((x,), (
        (size <= _EDGE, small),
        (size > 1e17, lambda x: np.copysign(0.5, x)),
        (size > _EDGE, large),
    ))  # fmt: skip


def fresnel_sin(x: Any) -> Any:
    """The integral of sin(pi/2 * t*t) from 0 to x, in float64."""
    return _fresnel(x, True)


def fresnel_cos(x: Any) -> Any:
    """The integral of cos(pi/2 * t*t) from 0 to x, in float64."""
    return _fresnel(x, False)
