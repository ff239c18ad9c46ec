"""The gamma function's kin: logarithm, derivatives, incomplete gamma and beta integrals, Hurwitz' zeta function.

Everything here takes and gives float64 arrays.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from weft.ops.numerics import coefficients as table
from weft.ops.numerics.pieces import chebyshev, constant, piecewise, unit

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def stirling_rest(x: Any) -> Any:
    """log Gamma(x) less its leading terms, for x >= 10. Source: Abramowitz and Stegun 6.1.41."""
    inverse = 1 / x
    square = inverse * inverse
    total = np.zeros_like(x)
    for k in range(9, 0, -1):
        total = total * square + table.BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    return total * inverse


def lgamma1p(x: Any) -> Any:
    """log Gamma(1 + x) for 0 <= x <= 2, exact in the relative sense near both zeros."""
    return x * (x - 1) * chebyshev(table.LGAMMA, x - 1)


def _lgamma_middle(x: Any) -> Any:
    product = np.ones_like(x)
    while True:
        above = x > 3
        if not above.any():
            return np.log(product) + lgamma1p(x - 1)
        x = np.where(above, x - 1, x)
        product = np.where(above, product * x, product)


def _sin_pi(x: Any) -> Any:
    """sin(pi * x), exact zeros at whole numbers."""
    rest = x - 2 * np.round(x / 2)
    rest = np.where(rest > 0.5, 1 - rest, np.where(rest < -0.5, -1 - rest, rest))
    return np.sin(math.pi * rest)


def lgamma(x: Any) -> Any:
    """The logarithm of |Gamma(x)|; infinite at 0 and the negative whole numbers."""
    return piecewise((x,), (
        ((x <= 0) & (x == np.floor(x)), constant(np.inf)),
        ((x > 0) & (x < 1), lambda x: lgamma1p(x) - np.log(x)),
        ((x >= 1) & (x <= 3), lambda x: lgamma1p(x - 1)),
        ((x > 3) & (x < 12), _lgamma_middle),
        (x == np.inf, constant(np.inf)),
        (x >= 12, lambda x: (x - 0.5) * (np.log(x) - 1) + (_HALF_LOG_TWO_PI - 0.5 + stirling_rest(x))),
        ((x < 0) & (x > -1e-20), lambda x: -np.log(-x)),  # the product below would be lost below the least number
        (x < 0, lambda x: np.log(math.pi / np.abs(x * _sin_pi(x))) - lgamma(-x)),
    ))  # fmt: skip


def _digamma_near_root(x: Any) -> Any:
    high, low = table.ROOT_OF_DIGAMMA
    return ((x - high) - low) * chebyshev(table.DIGAMMA, unit(x, 1, 2))


def _digamma_middle(x: Any) -> Any:
    total = np.zeros_like(x)
    while True:
        above = x > 2
        if not above.any():
            return total + _digamma_near_root(x)
        x = np.where(above, x - 1, x)
        total = np.where(above, total + 1 / x, total)


def _digamma_large(x: Any) -> Any:
    square = 1 / (x * x)  # Abramowitz and Stegun 6.3.18
    total = np.zeros_like(x)
    for k in range(9, 0, -1):
        total = (total + table.BERNOULLI[k - 1] / (2 * k)) * square
    return np.log(x) - 0.5 / x - total


def _cot_pi(x: Any) -> Any:
    rest = x - np.round(x)
    return np.where(np.abs(rest) == 0.5, 0.0, 1 / np.tan(math.pi * rest))


def digamma(x: Any) -> Any:
    """The derivative of log Gamma(x); NaN at 0 and the negative whole numbers."""
    return piecewise((x,), (
        ((x <= 0) & (x == np.floor(x)), constant(np.nan)),
        ((x > 0) & (x < 1), lambda x: _digamma_near_root(x + 1) - 1 / x),
        ((x >= 1) & (x <= 2), _digamma_near_root),
        ((x > 2) & (x < 12), _digamma_middle),
        (x >= 12, _digamma_large),
        (x < 0, lambda x: digamma(1 - x) - math.pi * _cot_pi(x)),
    ))  # fmt: skip


_TERMS = 12  # so many are added before the Euler-Maclaurin formula takes over


def _zeta(x: Any, q: Any) -> Any:
    """Source: the Euler-Maclaurin formula, Abramowitz and Stegun 23.1.30, applied to Hurwitz' series."""
    total = np.zeros_like(q)
    for k in range(_TERMS):
        total += np.power(q + k, -x)
    end = q + _TERMS
    power = np.power(end, -x)
    total += power * (end / (x - 1) + 0.5)
    term = power * x / end
    factorial = 2.0
    for k in range(1, len(table.BERNOULLI)):
        total += table.BERNOULLI[k - 1] / factorial * term
        term = term * ((x + 2 * k - 1) / end) * ((x + 2 * k) / end)
        factorial *= (2 * k + 1) * (2 * k + 2)
    return total


def zeta(x: Any, q: Any) -> Any:
    """Hurwitz' zeta function, the sum of (q + k)**-x over k >= 0."""

    def below(x: Any, q: Any) -> Any:  # whole x: the terms left of 0 one by one
        count = np.floor(-q) + 1
        total = np.zeros_like(q)
        for k in range(int(min(count.max(), 10_000))):
            total += np.where(k < count, np.power(np.where(k < count, q + k, 1), -x), 0)
        return total + _zeta(x, q + count)

    return piecewise((x, q), (
        (np.isnan(x) | np.isnan(q) | (x < 1), constant(np.nan)),
        (x == 1, constant(np.inf)),
        ((q <= 0) & (q == np.floor(q)), constant(np.inf)),
        ((q <= 0) & (x != np.floor(x)), constant(np.nan)),
        ((x == np.inf) & (q > 0), lambda x, q: np.select((q < 1, q == 1), (np.inf, 1.0), 0.0)),
        (q == np.inf, constant(0.0)),
        (q > 1e9, lambda x, q: (1 / (x - 1) + 0.5 / q) * np.power(q, 1 - x)),
        (q <= 0, below),
        (q > 0, _zeta),
    ))  # fmt: skip


def polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of digamma for whole n >= 0; NaN for others."""

    def higher(n: Any, x: Any) -> Any:
        factorial = np.exp(lgamma(n + 1))
        exact = n <= 20
        factorial[exact] = [math.factorial(int(k)) for k in n[exact]]
        sign = np.where(n % 2 == 0, -1.0, 1.0)
        return sign * factorial * zeta(n + 1, x)

    return piecewise((n, x), (
        ((n < 0) | (n != np.floor(n)) | np.isnan(x), constant(np.nan)),
        (n == 0, lambda n, x: digamma(x)),
        ((x <= 0) & (x == np.floor(x)) & (n % 2 == 0), constant(np.nan)),  # a pole with two different sides
        (n > 0, higher),
    ))  # fmt: skip


# Incomplete gamma ----------------------------------------------------------------------------------------------------


def _less_log1p(u: Any) -> Any:
    """u - log(1 + u) without cancellation: with r = u / (2 + u) it is r * u - 2 (r**3 / 3 + r**5 / 5 + ...)."""
    near = np.abs(u) < 0.5
    small = np.where(near, u, 0.0)
    r = small / (2 + small)
    square = r * r
    tail = np.zeros_like(r)
    for k in range(18, 0, -1):
        tail = tail * square + 1 / (2 * k + 1)
    return np.where(near, r * small - 2 * r * square * tail, u - np.log1p(np.where(near, 0.0, u)))


def _gamma_weight(a: Any, x: Any) -> Any:
    """x**a * exp(-x) / Gamma(a + 1)."""
    large = a >= 10
    many = np.where(large, a, 10.0)
    by_stirling = np.exp(-many * _less_log1p((x - many) / many) - stirling_rest(many)) / np.sqrt(2 * math.pi * many)
    few = np.where(large, 1.0, a)
    return np.where(large, by_stirling, np.exp(few * np.log(x) - x - lgamma(few + 1)))


def _gamma_series(a: Any, x: Any, slope: bool) -> tuple[Any, Any]:
    """P(a, x) for x < a + 1, and its derivative in a. Source: Abramowitz and Stegun 6.5.29."""
    term = np.ones_like(x)
    change = np.zeros_like(x)
    total, total_change = term.copy(), change.copy()
    for n in range(1, 2000):
        ratio = x / (a + n)
        change = ratio * (change - term / (a + n))
        term = term * ratio
        total += term
        total_change += change
        if not np.any((term > 1e-17 * total) | (np.abs(change) > 1e-17 * np.abs(total_change))):
            break
    weight = _gamma_weight(a, x)
    if not slope:
        return weight * total, total
    return weight * total, weight * (total * (np.log(x) - digamma(a + 1)) + total_change)


@cache
def _quadrature() -> tuple[Any, Any]:
    nodes, weights = np.polynomial.legendre.leggauss(96)
    return (nodes + 1) / 2, weights / 2


def _gamma_integral(a: Any, x: Any, side: float, slope: bool) -> tuple[Any, Any]:
    """Q(a, x) for side 1 (x >= a), P(a, x) for side -1 (x < a), and the derivative in a.

    With t = x + side * s the integrand is exp(-side * s + (a - 1) log(1 + side * s / x)): smooth, falling from 1. It is
    cut where it is below exp(-44), at a point found by Newton's method, and integrated by Gauss and Legendre's rule.
    """
    end = 60 + 15 * np.sqrt(np.maximum(x, a))
    if side < 0:
        end = np.minimum(end, x * (1 - 1e-13))
    for _ in range(6):
        value = -side * end + (a - 1) * np.log1p(side * end / x) + 44
        step = value / (-side + side * (a - 1) / (x + side * end))
        end = np.where(value < 0, end - step, end)
        if side < 0:
            end = np.clip(end, 0, x * (1 - 1e-13))
    nodes, weights = _quadrature()
    s = end[..., None] * nodes
    logs = np.log1p(side * s / x[..., None])
    values = np.exp(-side * s + (a - 1)[..., None] * logs) * weights
    scale = _gamma_weight(a, x) * a / x * end
    part = scale * values.sum(-1)
    if not slope:
        return part, part
    return part, scale * (values * logs).sum(-1) + part * (np.log(x) - digamma(a))


def _igammac_small(a: Any, x: Any) -> Any:
    """Q(a, x) for x <= 1.5 and a <= 1, where 1 - P would lose all digits. Source: DLMF 8.7.1."""
    log_power = a * np.log(x) - lgamma1p(a)
    total = np.zeros_like(x)
    term = np.ones_like(x)
    for n in range(1, 30):
        term = term * (-x / n)
        total += term / (a + n)
    return -np.expm1(log_power) - np.exp(log_power) * a * total


def _parts(a: Any, x: Any, upper: bool, slope: bool) -> Any:
    """P or Q, or its derivative in a, for finite a > 0 and x > 0."""

    def lower_part(found: tuple[Any, Any]) -> Any:
        value, change = found
        if slope:
            return -change if upper else change
        return 1 - value if upper else value

    def upper_part(found: tuple[Any, Any]) -> Any:
        value, change = found
        if slope:
            return change if upper else -change
        return value if upper else 1 - value

    direct = (x <= 1.5) & (a <= 1) if upper and not slope else np.zeros(a.shape, bool)
    return piecewise((a, x), (
        (direct, _igammac_small),
        ((x < a + 1) & (a <= 100), lambda a, x: lower_part(_gamma_series(a, x, slope))),
        (x < a, lambda a, x: lower_part(_gamma_integral(a, x, -1.0, slope))),
        (x >= a, lambda a, x: upper_part(_gamma_integral(a, x, 1.0, slope))),
    ))  # fmt: skip


def _incomplete(a: Any, x: Any, upper: bool, slope: bool) -> Any:
    bottom, top = (0.0, 0.0) if slope else (1.0, 0.0) if upper else (0.0, 1.0)
    return piecewise((a, x), (
        (np.isnan(a) | np.isnan(x) | (a < 0) | (x < 0), constant(np.nan)),
        (a == 0, constant(np.nan)),
        (x == 0, constant(bottom)),
        (np.isinf(a) & np.isinf(x), constant(np.nan)),
        (np.isinf(a), constant(bottom)),
        (np.isinf(x), constant(top)),
        ((x > 0) & (a > 0), lambda a, x: _parts(a, x, upper, slope)),
    ))  # fmt: skip


def igamma(a: Any, x: Any) -> Any:
    """The regularized lower incomplete gamma function P(a, x)."""
    return _incomplete(a, x, False, False)


def igammac(a: Any, x: Any) -> Any:
    """The regularized upper incomplete gamma function Q(a, x) = 1 - P(a, x)."""
    return _incomplete(a, x, True, False)


def igamma_grad_a(a: Any, x: Any) -> Any:
    """The derivative of P(a, x) in a."""
    return _incomplete(a, x, False, True)


# Incomplete beta -----------------------------------------------------------------------------------------------------


def lbeta(a: Any, b: Any) -> Any:
    """log(Gamma(a) Gamma(b) / Gamma(a + b))."""
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _beta_weight(a: Any, b: Any, x: Any) -> Any:
    """x**a * (1 - x)**b / B(a, b)."""
    large = (a >= 10) & (b >= 10)
    p, q = np.where(large, a, 10.0), np.where(large, b, 10.0)
    n = p + q
    off = x - p / n
    exponent = -p * _less_log1p(off * n / p) - q * _less_log1p(-off * n / q)
    rest = stirling_rest(n) - stirling_rest(p) - stirling_rest(q)
    by_stirling = np.exp(exponent + rest) * np.sqrt(p * q / (2 * math.pi * n))
    p, q = np.where(large, 1.0, a), np.where(large, 1.0, b)
    return np.where(large, by_stirling, np.exp(p * np.log(x) + q * np.log1p(-x) - lbeta(p, q)))


def _beta_fraction(a: Any, b: Any, x: Any) -> Any:
    """The continued fraction of the incomplete beta function by Lentz' method. Source: Abramowitz and Stegun 26.5.8."""
    tiny = 1e-300
    c = np.ones_like(x)
    d = 1 - (a + b) * x / (a + 1)
    d = 1 / np.where(np.abs(d) < tiny, tiny, d)
    result = d.copy()
    settled = np.zeros(x.shape, bool)
    for m in range(1, 20_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + numerator * d
            d = 1 / np.where(np.abs(d) < tiny, tiny, d)
            c = 1 + numerator / c
            c = np.where(np.abs(c) < tiny, tiny, c)
            factor = c * d
            result = np.where(settled, result, result * factor)  # further factors would only add rounding errors
        settled |= np.abs(factor - 1) <= 2.3e-16
        if settled.all():
            break
    return result


def betainc(a: Any, b: Any, x: Any) -> Any:
    """The regularized incomplete beta function I_x(a, b)."""
    invalid = np.isnan(a) | np.isnan(b) | np.isnan(x) | (a <= 0) | (b <= 0) | (x < 0) | (x > 1)
    direct = x < (a + 1) / (a + b + 2)
    return piecewise((a, b, x), (
        (invalid, constant(np.nan)),
        (x == 0, constant(0.0)),
        (x == 1, constant(1.0)),
        (direct, lambda a, b, x: _beta_weight(a, b, x) * _beta_fraction(a, b, x) / a),
        (~direct, lambda a, b, x: 1 - _beta_weight(a, b, x) * _beta_fraction(b, a, 1 - x) / b),
    ))  # fmt: skip
