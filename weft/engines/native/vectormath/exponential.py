"""Exponentials and what is made of them."""

from __future__ import annotations

import math

from weft.engines.native.vectormath import coefficients as c
from weft.engines.native.vectormath.build import Math, Numeric, X, pick


def _reduced(m: Math, x: X) -> tuple[X, X, X, X]:
    """x as n ln 2 + high + low: n as a float and as `scaled` takes it, and the rest."""
    high, low = c.LN2_F32 if m.narrow else c.LN2_F64
    n, bits = m.whole(x * (1 / math.log(2)))
    return n, m.power(n, bits), m.fma(n, -high, x), n * low


def _curve(m: Math, r: X) -> X:
    """(exp(r) - 1 - r) / r^2."""
    return m.polynomial(r, c.EXP_F32 if m.narrow else c.EXP_F64)


def exp_in_parts(m: Math, x: X, more: Numeric = 0.0) -> tuple[X, X, X]:
    """exp(x + more), where `more` is much less than 1, as (a + b) * 2^n."""
    lowest, highest = (-105.0, 90.0) if m.narrow else (-746.0, 711.0)
    x = x.at_least(lowest).at_most(highest)
    _, n, high, low = _reduced(m, x)
    low = low if isinstance(more, float) else low - more
    r = high - low
    small = (high - r) - low  # what r has lost
    value, lost = m.fast_two_sum(m.number(1.0), r + m.fma(r * r, _curve(m, r), small))
    return value, lost, n


def exp_of_sum(m: Math, x: X, more: Numeric = 0.0, halvings: int = 0) -> X:
    """exp(x + more) / 2^halvings."""
    value, _, n = exp_in_parts(m, x, more)
    return m.scaled(value, n - halvings if halvings else n)


def exp(m: Math, x: X) -> X:
    """1 ulp."""
    lowest, highest = (-105.0, 90.0) if m.narrow else (-746.0, 711.0)
    x = x.at_least(lowest).at_most(highest)
    whole, n, high, _ = _reduced(m, x)
    r = m.fma(whole, -(c.LN2_F32 if m.narrow else c.LN2_F64)[1], high)
    return m.scaled(1.0 + m.fma(r * r, _curve(m, r), r), n)


def exp2(m: Math, x: X) -> X:
    """1 ulp."""
    lowest, highest = (-151.0, 129.0) if m.narrow else (-1077.0, 1025.0)
    x = x.at_least(lowest).at_most(highest)
    n, bits = m.whole(x)
    r = (x - n) * math.log(2)
    return m.scaled(1.0 + m.fma(r * r, _curve(m, r), r), m.power(n, bits))


def expm1(m: Math, x: X) -> X:
    """1.5 ulp."""
    lowest, highest = (-20.0, 89.0) if m.narrow else (-40.0, 710.0)
    bounded = x.at_least(lowest).at_most(highest)
    _, n, high, low = _reduced(m, bounded)
    r = high - low
    small = (high - r) - low
    p = r + m.fma(r * r, _curve(m, r), small)
    # 2^n itself may be out of range
    half = m.scaled(m.number(1.0), n - 1) if m.scales else m.power_of_two(n - 1)
    value = 2.0 * m.fma(half, p, half - 0.5)
    value = pick(x > (88.8 if m.narrow else 709.8), math.inf, value)
    return pick(x.abs() < (2.0**-25 if m.narrow else 2.0**-54), x, value)


def tanh(m: Math, x: X) -> X:
    """1.5 ulp."""
    size = x.abs().at_most(10.0 if m.narrow else 20.0)
    z = size * size
    small = m.fma(size * z, m.polynomial(z, c.TANH_F32 if m.narrow else c.TANH_F64), size)
    return pick(size < 0.6, small, 1.0 - 2.0 / (exp(m, 2.0 * size) + 1.0)).signed_as(x)


def sinh(m: Math, x: X) -> X:
    """2 ulp."""
    size = x.abs()
    z = size.at_most(1.0) * size.at_most(1.0)
    small = m.fma(size * z, m.polynomial(z, c.SINH_F64), size)
    half = exp_of_sum(m, size, halvings=1)
    return pick(size < 1.0, small, half - 0.25 / half).signed_as(x)


def cosh(m: Math, x: X) -> X:
    """2 ulp."""
    half = exp_of_sum(m, x.abs(), halvings=1)
    return half + 0.25 / half
