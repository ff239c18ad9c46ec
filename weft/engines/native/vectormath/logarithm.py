"""Logarithms, powers, and the inverses of hyperbolic functions."""

from __future__ import annotations

import math
from fractions import Fraction

from weft.engines.native.vectormath import coefficients as c
from weft.engines.native.vectormath.build import Math, X, pick
from weft.engines.native.vectormath.exponential import exp_of_sum


def _parts(m: Math, x: X) -> tuple[X, X]:
    """Mantissa between sqrt(1/2) and sqrt(2), and exponent as a float, of a positive finite number."""
    f = m.format
    tiny = x < (2.0**-126 if m.narrow else 2.0**-1022)
    x = pick(tiny, x * (2.0**25 if m.narrow else 2.0**54), x)
    bits = x.as_bits()
    k = (bits - (0x3F3504F3 if m.narrow else 0x3FE6A09E667F3BCD)) >> f.mantissa
    mantissa = (bits - (k << f.mantissa)).viewed(f.real)
    k = m.to_float(k)
    return mantissa, pick(tiny, k - (25.0 if m.narrow else 54.0), k)


def _bend(m: Math, f: X) -> tuple[X, X]:
    """Two numbers whose difference is f - log(1 + f): f^2 / 2 and the rest."""
    half = 0.5 * f * f
    if m.narrow:
        return half, f * f * f * m.polynomial(f, c.LOG_F32)
    s = f / (2.0 + f)
    z = s * s
    return half, s * (half + z * m.polynomial(z, c.ATANH_F64))


def _ends(m: Math, x: X, value: X) -> X:
    """The logarithm's values where there is no mantissa."""
    value = pick(x > 0.0, value, pick(x.equals(0.0), -math.inf, x.lift(math.nan)))
    return pick(x.equals(math.inf), x, value)


def log(m: Math, x: X) -> X:
    """1 ulp."""
    mantissa, k = _parts(m, x)
    f = mantissa - 1.0
    half, rest = _bend(m, f)
    high, low = c.LN2_F32 if m.narrow else c.LN2_F64
    return _ends(m, x, m.fma(k, high, f - (half - m.fma(k, low, rest))))


def log1p(m: Math, x: X) -> X:
    """1.5 ulp."""
    u, lost = m.two_sum(m.number(1.0), x)
    mantissa, k = _parts(m, u)
    f = mantissa - 1.0
    half, rest = _bend(m, f)
    high, low = c.LN2_F32 if m.narrow else c.LN2_F64
    value = m.fma(k, high, f - (half - (m.fma(k, low, rest) + lost / u)))
    return pick(x.abs() < (2.0**-25 if m.narrow else 2.0**-54), x, _ends(m, u, value))


def _in_base(m: Math, f: X, base: int) -> X:
    """log(1 + f) / log(base), rounded nearly once: what the steps lose is carried along."""
    half, half_low = m.two_product(0.5 * f, f)
    s = f / (2.0 + f)
    z = s * s
    rest = s * (half + z * m.polynomial(z, c.ATANH_F64)) - half_low
    total, lost = m.fast_two_sum(f, -half)
    total, more = m.fast_two_sum(total, rest)
    high, low = c.LOG2_E_F64 if base == 2 else c.LOG10_E_F64
    product, error = m.two_product(total, m.number(high))
    return product + (error + ((lost + more) * high + total * low))


def log2(m: Math, x: X) -> X:
    """1 ulp."""
    mantissa, k = _parts(m, x)
    return _ends(m, x, k + _in_base(m, mantissa - 1.0, 2))


def log10(m: Math, x: X) -> X:
    """1.5 ulp."""
    mantissa, k = _parts(m, x)
    high, low = c.LOG10_2_F64
    return _ends(m, x, k * high + m.fma(k, low, _in_base(m, mantissa - 1.0, 10)))


def _log_twice(m: Math, x: X) -> tuple[X, X]:
    """The logarithm of a positive number as a sum of two."""
    mantissa, k = _parts(m, x)
    f = mantissa - 1.0  # exact
    below, below_low = m.fast_two_sum(m.number(2.0), f)
    s = f / below
    back, back_low = m.two_product(s, below)
    s_low = ((f - back) - back_low - s * below_low) / below
    z, z_low = m.two_product(s, s)
    z_low = z_low + 2.0 * s * s_low
    # 2 s + z s (2/3 + z (...)): the 2/3 as a sum, what comes after in one number
    tail = z * m.polynomial(z, c.ATANH5_F64)
    factor, factor_low = m.fast_two_sum(m.number(2 / 3), tail)
    factor_low = factor_low + float(Fraction(2, 3) - Fraction(2 / 3))
    cube, cube_low = m.two_product(z, s)
    cube_low = cube_low + (z_low * s + z * s_low)
    third, third_low = m.two_product(cube, factor)
    third_low = third_low + (cube_low * factor + cube * factor_low)
    high, low = c.LN2_F64
    total, error = m.two_sum(k * high, 2.0 * s)
    total, error2 = m.two_sum(total, third)
    error = error + error2 + (third_low + 2.0 * s_low + k * low)
    return m.fast_two_sum(total, error)


def pow(m: Math, x: X, y: X) -> X:
    """1 ulp."""
    size = x.abs()
    high, low = _log_twice(m, size)
    bounded = y.at_least(-(2.0**65)).at_most(2.0**65)
    product, error = m.two_product(bounded, high)
    error = error + bounded * low
    product, error = m.fast_two_sum(product, error)
    error = pick(product.abs() < 1000.0, error, 0.0)
    value = exp_of_sum(m, product, error)
    whole, odd = m.is_whole(y)
    up = y > 0.0
    nothing, all_ = m.number(0.0), m.number(math.inf)
    value = pick(size.equals(0.0), pick(up, nothing, all_), value)
    value = pick(size.equals(math.inf), pick(up, all_, nothing), value)
    value = pick(x.as_bits() < 0, pick(odd, -value, value), value)
    wrong = (x < 0.0) & ~whole & size.differs(math.inf)
    value = pick(wrong | x.is_nan() | y.is_nan(), math.nan, value)
    return pick(y.equals(0.0) | x.equals(1.0), 1.0, value)


def asinh(m: Math, x: X) -> X:
    """2 ulp."""
    size = x.abs()
    bounded = size.at_most(0.5)
    z = bounded * bounded
    small = m.fma(bounded * z, m.polynomial(z, c.ASINH_F64), bounded)
    huge = size > 2.0**28
    a = pick(huge, 1.0, size)
    square = a * a
    argument = pick(huge, size - 1.0, a + square / (1.0 + (square + 1.0).sqrt()))
    value = log1p(m, argument) + pick(huge, m.number(math.log(2)), 0.0)
    return pick(size < 0.5, small, value).signed_as(x)


def acosh(m: Math, x: X) -> X:
    """1.5 ulp: log1p(t + sqrt(t (t + 2))) of t = x - 1, with what the square root loses."""
    huge = x > 2.0**28
    t = pick(huge, 1.0, x - 1.0)
    above, above_low = m.fast_two_sum(m.number(2.0), t)
    square, low = m.two_product(t, above)
    root = square.sqrt()
    back, back_low = m.two_product(root, root)
    rest = (((square - back) - back_low) + (low + t * above_low)) * 0.5
    total, lost = m.fast_two_sum(root, t)
    rest = pick(huge | t.equals(0.0), 0.0, (rest / root + lost) / (1.0 + total))
    value = log1p(m, pick(huge, x - 1.0, total)) + (rest + pick(huge, m.number(math.log(2)), 0.0))
    return pick(x < 1.0, math.nan, value)


def atanh(m: Math, x: X) -> X:
    """2 ulp."""
    size = x.abs()
    tiny = size < 2.0**-28
    value = 0.5 * log1p(m, 2.0 * size / (1.0 - size))
    value = pick(size > 1.0, math.nan, pick(tiny, size, value))
    return value.signed_as(x)


def cbrt(m: Math, x: X) -> X:
    """1 ulp: a power, and a step of Newton's."""
    tiny = x.abs() < 2.0**-900  # where products would lose bits
    size = x.abs() * pick(tiny, m.number(2.0**300), 1.0)
    root = exp_of_sum(m, log(m, size) * (1 / 3))
    square, square_low = m.two_product(root, root)
    cube, cube_low = m.two_product(square, root)
    rest = (size - cube) - (cube_low + square_low * root)
    root = (root + rest / (3.0 * square)) * pick(tiny, m.number(2.0**-100), 1.0)
    special = size.equals(0.0) | size.equals(math.inf) | size.is_nan()
    return pick(special, x, root.signed_as(x))
