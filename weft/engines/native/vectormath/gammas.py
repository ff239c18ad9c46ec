"""The logarithm of the gamma function, and its slope."""

from __future__ import annotations

import math

from weft.engines.native.vectormath import coefficients as c
from weft.engines.native.vectormath.build import Math, X, pick
from weft.engines.native.vectormath.logarithm import log, log1p
from weft.engines.native.vectormath.trigonometry import cosine_near_0, sine_near_0


def _turn(m: Math, size: X) -> tuple[X, X, X]:
    """pi times a positive number's distance from the nearest whole number, with sign: sine and cosine of it, it."""
    bounded = size.at_most(2.0**52)
    n = (bounded + 2.0**52) - 2.0**52
    distance = bounded - n
    # both halves of the quarter: sine and cosine by the formulas of at most pi/4
    far = distance.abs() > 0.25
    folded = pick(far, 0.5 - distance.abs(), distance.abs())
    angle, low = m.two_product(folded, m.number(math.pi))
    low = low + folded * (2 * c.HALF_PI_WHOLE_F64[1])
    s, k = sine_near_0(m, angle, low), cosine_near_0(m, angle, low)
    return pick(far, k, s).signed_as(distance), pick(far, s, k), distance


def lgamma(m: Math, x: X) -> X:
    """2 ulp of the greater of the result and 1: a polynomial around 2, Stirling's formula from 8.5 on.

    Between them as many steps down as it takes; left of 1/2 by reflection.
    """
    negative = x < 0.5
    a = pick(negative, 1.0 - x, x)
    product, y = m.number(1.0), a.at_most(8.5)
    for _ in range(6):
        above = y >= 2.5
        y = pick(above, y - 1.0, y)
        product = pick(above, product * y, product)
    first = a < 1.5
    d = y - pick(first, m.number(1.0), 2.0)
    near = d * m.polynomial(d.at_most(0.5), c.LGAMMA_NEAR_2_F64)
    near = near + pick(first, -log1p(m, d), log(m, product))
    big = a.at_least(8.0)
    tail = m.polynomial(1.0 / (big * big), c.LGAMMA_F64) / big
    far = m.fma(big - 0.5, log(m, big) - 1.0, tail + (0.5 * math.log(2 * math.pi) - 0.5))
    value = pick(a < 8.5, near, far)
    sine, _, distance = _turn(m, x.abs())
    tiny = x.abs() < 2.0**-200  # 1 / x; and the least numbers have too few bits for a product with pi
    reflected = pick(tiny, 0.0, m.number(math.log(math.pi))) - log(m, pick(tiny, x.abs(), sine.abs())) - value
    value = pick(negative, reflected, value)
    pole = (x <= 0.0) & (distance.equals(0.0))
    value = pick(pole | x.abs().equals(math.inf), math.inf, value)
    return pick(x.is_nan(), x, value)


def digamma(m: Math, x: X) -> X:
    """The slope of Stirling's formula, in the same way; NaN at the poles."""
    negative = x < 0.5
    a = pick(negative, 1.0 - x, x)
    y, steps = a, m.number(0.0)
    for _ in range(8):
        below = y < 8.0
        steps = pick(below, steps + 1.0 / y, steps)
        y = pick(below, y + 1.0, y)
    z = 1.0 / (y * y)
    value = (log(m, y) - 0.5 / y) - z * m.polynomial(z, c.DIGAMMA_F64) - steps
    sine, cosine, distance = _turn(m, x.abs())
    # psi(x) = psi(1 - x) - pi / tan(pi x)
    slope = math.pi * cosine / pick(sine.equals(0.0), 1.0, sine)
    value = pick(negative, value + pick(x < 0.0, slope, -slope), value)
    value = pick((x <= 0.0) & (distance.equals(0.0)), math.nan, value)
    return pick(x.equals(math.inf), x, value)
