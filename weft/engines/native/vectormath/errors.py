"""The error function, and the normal distribution's."""

from __future__ import annotations

import math

from weft.engines.native.vectormath import coefficients as c
from weft.engines.native.vectormath.build import Math, X, pick
from weft.engines.native.vectormath.exponential import exp, exp_in_parts
from weft.engines.native.vectormath.logarithm import log1p


def erf(m: Math, x: X) -> X:
    """1.5 ulp."""
    size = x.abs()
    if m.narrow:
        bounded = size.at_most(4.0)
        z = x * x
        small = m.fma(size, m.polynomial(z, c.ERF_F32), size)
        large = 1.0 - exp(m, m.polynomial(bounded, c.ERFC_TAIL_F32))
        return pick(size < 0.9486, small, large).signed_as(x)
    near = size < 1.0
    z = size.at_most(1.0) * size.at_most(1.0)
    small = m.fma(size, m.polynomial(z, c.ERF_F64), size)
    return pick(near, small, 1.0 - _tail(m, size)).signed_as(x)


def _tail(m: Math, size: X) -> X:
    """erfc of a number from 0.5 on: (1 + 2x) exp(x^2) erfc(x) is a flat curve in (x - 3.75) / (x + 3.75)."""
    curve_of = c.ERFC_F32 if m.narrow else c.ERFC_F64
    size = size.at_most(10.1 if m.narrow else 28.0)
    # one division does for both quotients: the curve is flat, and so hardly changes with the last places of t
    middle = size + 3.75
    bottom, bottom_low = m.fast_two_sum(2.0 * size, m.number(1.0))
    both = 1.0 / (middle * bottom)
    t = (size - 3.75) * (both * bottom)
    # the last step of the polynomial and the division keep what they lose: a product with the reciprocal will do
    first, first_low = m.two_product(t, m.polynomial(t, curve_of[:-1]))
    top, top_low = m.fast_two_sum(m.number(curve_of[-1]), first)
    inverse = both * middle
    curve = top * inverse
    lost = (m.rest(top, curve, bottom) + (top_low + first_low - curve * bottom_low)) * inverse
    square, error = m.two_product(size, size)
    value, value_low, n = exp_in_parts(m, -square, -error)
    return m.scaled(m.fma(value, curve, value * lost + value_low * curve), n)


def erfc(m: Math, x: X) -> X:
    """2 ulp."""
    size = x.abs()
    near = 1.0 - m.fma(x, m.polynomial(x * x, c.ERF_F32 if m.narrow else c.ERF_F64), x)
    tail = _tail(m, size)
    far = pick(x < 0.0, 2.0 - tail, tail)
    return pick(size < 0.5, near, far)


def erfinv(m: Math, x: X) -> X:
    """A first guess by a formula of Winitzki's, and steps of Halley's on whichever of erf and erfc is exact there."""
    size = x.abs()
    inside = pick(size < 1.0, size, 0.0)
    ln = log1p(m, -(inside * inside))
    a = 2.0 / (math.pi * 0.147) + 0.5 * ln
    guess = ((a * a - ln * (1 / 0.147)).sqrt() - a).at_least(0.0).sqrt()
    y = pick(inside < 0.1, inside * (math.sqrt(math.pi) / 2), guess)
    for _ in range(3):
        above = y > 0.5
        wrong = pick(above, (1.0 - inside) - erfc(m, y), erf(m, y) - inside)
        step = wrong * (math.sqrt(math.pi) / 2) / exp(m, -(y * y))
        y = y - step / (1.0 + y * step)
    y = pick(size < 1e-9, size * (math.sqrt(math.pi) / 2), y)
    value = pick(size.equals(1.0), math.inf, pick(size < 1.0, y, math.nan))
    return value.signed_as(x)
