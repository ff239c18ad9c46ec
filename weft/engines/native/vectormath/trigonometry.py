"""Sine, cosine, tangent, and their inverses."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from weft.base import dtypes
from weft.engines.native.vectormath import coefficients as c
from weft.engines.native.vectormath.build import Math, X, pick, tree

_WINDOWS = 17  # where 192 bits of 2/pi can start, in words


def _product_halves(a: X, b: X) -> tuple[X, X]:
    """The 128 bits of a product of two 64-bit numbers: upper, lower."""
    mask = 0xFFFFFFFF
    a1, a0, b1, b0 = a >> 32, a & mask, b >> 32, b & mask
    low = a0 * b0
    middle = a1 * b0 + (low >> 32)
    cross = a0 * b1 + (middle & mask)
    return a1 * b1 + (middle >> 32) + (cross >> 32), a * b


def _half_word(x: X, bias: int = 0) -> X:
    """32 bits as a float64: moved into the mantissa of 2^52."""
    return (x | 0x4330000000000000).viewed(dtypes.float64) - (2.0**52 + bias)


def _reduced_by_bits(m: Math, x: X) -> tuple[X, X, X]:
    """The nearest multiple of pi/2 taken from a number of any size: what is left as a sum of two, and which.

    Of 2/pi only the bits that matter are multiplied: those before them give multiples of four quadrants. Their place
    follows from the exponent; they are picked from a table of constants, which takes no reading of memory.
    """
    bits = x.abs().as_bits(signed=False)
    exponent = (bits >> 52) + (64 - 2 - 1075)  # where the window starts, behind a word of zeros
    number = (bits & ((1 << 52) - 1)) | (1 << 52)
    word, shift = (exponent >> 6) & 31, exponent & 63
    chosen = [(word & (1 << place)).differs(0) for place in range(5)]
    table = [0, *c.TWO_OVER_PI]
    words = [tree(chosen, table[i : i + _WINDOWS], bits) for i in range(4)]
    back = 64 - shift
    window = [(a << shift) | pick(shift.equals(0), 0, b >> pick(shift.equals(0), 1, back))
              for a, b in pairwise(words)]  # fmt: skip
    upper1, lower1 = _product_halves(number, window[1])
    upper2, _ = _product_halves(number, window[2])
    low = lower1 + upper2
    high = number * window[0] + upper1 + pick(low < lower1, bits.lift(1), 0)
    n = (high + (1 << 61)) >> 62
    high = high - (n << 62)
    # as four numbers of 32 bits, the first with a sign
    first = _half_word(((high.viewed(dtypes.int64) >> 32) + (1 << 31)).viewed(dtypes.uint64), 1 << 31)
    rest = [_half_word(high & 0xFFFFFFFF), _half_word(low >> 32), _half_word(low & 0xFFFFFFFF)]
    scale = 2.0**-30
    total, error = first * scale, m.number(0.0)
    for part in rest:
        scale *= 2.0**-32
        total, lost = m.two_sum(total, part * scale)
        error = error + lost
    total, error = m.two_sum(total, error)
    r, low_r = m.two_product(total, m.number(c.HALF_PI_WHOLE_F64[0]))
    low_r = low_r + (total * c.HALF_PI_WHOLE_F64[1] + error * c.HALF_PI_WHOLE_F64[0])
    r, low_r = m.fast_two_sum(r, low_r)
    negative = x.as_bits() < 0
    n = n.viewed(dtypes.int64)
    return pick(negative, -r, r), pick(negative, -low_r, low_r), pick(negative, 0 - n, n)


def _reduced_by_parts(m: Math, x: X) -> tuple[X, X, X]:
    """The same for numbers of moderate size: pi/2 in parts whose products with the multiple are exact."""
    n, bits = m.whole(x * (2 / math.pi))
    parts = c.HALF_PI_F32 if m.narrow else c.HALF_PI_F64
    r = m.fma(n, -parts[0], x)
    r, low = m.two_sum(r, n * -parts[1])
    r, more = m.two_sum(r, n * -parts[2])
    low = (low + more) - n * parts[3]
    r, low = m.fast_two_sum(r, low)
    return r, low, bits


def sine_near_0(m: Math, r: X, low: X) -> X:
    """sin(r + low) up to pi/4."""
    z = r * r
    p = m.polynomial(z, c.SIN_F32 if m.narrow else c.SIN_F64)
    return r + m.fma(r * z, p, low - 0.5 * z * low)


def cosine_near_0(m: Math, r: X, low: X) -> X:
    """cos(r + low) up to pi/4."""
    z = r * r
    half = 0.5 * z
    p = m.polynomial(z, c.COS_F32 if m.narrow else c.COS_F64)
    top = 1.0 - half
    return top + (((1.0 - top) - half) + m.fma(z * z, p, -(r * low)))


def _sine_at(m: Math, r: X, low: X, n: X) -> X:
    """The sine of r and n quadrants."""
    value = pick((n & 1).differs(0), cosine_near_0(m, r, low), sine_near_0(m, r, low))
    return pick((n & 2).differs(0), -value, value)


def _with_large(m: Math, x: X, formula: Callable[[Math, X, X, X], X]) -> X:
    """A formula of (math, r, low, n); numbers whose multiple of pi/2 is large are reduced by bits, in float64."""
    limit = 8000.0 if m.narrow else 2.0**20
    large = x.abs() > limit
    fast = pick(large, 0.0, x)

    def by_bits(x: X) -> X:
        wide = m.within(dtypes.float64)
        r, low, n = _reduced_by_bits(wide, x.to(dtypes.float64))
        return formula(wide, r, low, n).to(m.dtype)

    value = m.where_any(large, formula(m, *_reduced_by_parts(m, fast)), x, by_bits)
    return value + (x - x)  # NaN where there is no angle


def sin(m: Math, x: X) -> X:
    """1 ulp."""
    value = _with_large(m, x, _sine_at)
    return pick(x.abs() < (2.0**-13 if m.narrow else 2.0**-27), x, value)


def cos(m: Math, x: X) -> X:
    """1 ulp."""
    return _with_large(m, x, lambda m, r, low, n: _sine_at(m, r, low, n + 1))


def tan(m: Math, x: X) -> X:
    """2 ulp."""

    def quotient(m: Math, r: X, low: X, n: X) -> X:
        s, k = sine_near_0(m, r, low), cosine_near_0(m, r, low)
        odd = (n & 1).differs(0)
        return pick(odd, -k, s) / pick(odd, s, k)

    return pick(x.abs() < (2.0**-13 if m.narrow else 2.0**-27), x, _with_large(m, x, quotient))


def _atan_of(m: Math, above: X, below: X) -> X:
    """atan(above / below) of positive numbers, as 0, pi/4 or pi/2 and that of a small one."""
    # 0.41 and 2.41 are about the tangents of pi/8 and 3 pi/8
    low, high = above < 0.4140625 * below, above > 2.4140625 * below
    top = pick(low, above, pick(high, -below, above - below))
    bottom = pick(low, below, pick(high, above, above + below))
    t = top / bottom
    z = t * t
    curve = t * z * m.polynomial(z, c.ATAN_F64)
    nothing = m.number(0.0)
    base = pick(low, nothing, pick(high, m.number(math.pi / 2), math.pi / 4))
    rest = pick(low, nothing, pick(high, m.number(c.HALF_PI_WHOLE_F64[1]), c.QUARTER_PI_WHOLE_F64[1]))
    return base + (t + (curve + rest))


def atan(m: Math, x: X) -> X:
    """1.5 ulp."""
    size = x.abs().at_most(1e300)
    return _atan_of(m, size, m.number(1.0)).signed_as(x)


def atan2(m: Math, y: X, x: X) -> X:
    """2 ulp."""
    above, below = y.abs(), x.abs()
    swapped = above > below
    less, greater = pick(swapped, below, above), pick(swapped, above, below)
    both = less.equals(math.inf)
    # neither the sum overflows nor does the difference lose bits
    scale = pick(greater > 1e300, m.number(2.0**-60), pick(greater < 1e-250, m.number(2.0**200), 1.0))
    less, greater = pick(both, 1.0, less * scale), pick(both, 1.0, greater * scale)
    nowhere = greater.equals(0.0)
    low = (less < 0.5 * greater) | nowhere  # above it, the difference is exact
    t = pick(low, less, less - greater) / pick(nowhere, 1.0, pick(low, greater, less + greater))
    z = t * t
    value = t + t * z * m.polynomial(z, c.ATAN_F64)
    # pi/4 or 0 are added to the angle; it is then taken from pi/2, and from pi, with what those numbers lack
    quarter, more = pick(low, m.number(0.0), math.pi / 4), pick(low, m.number(0.0), c.QUARTER_PI_WHOLE_F64[1])
    behind = x.as_bits() < 0
    turned = swapped ^ behind
    base = pick(swapped, m.number(math.pi / 2), pick(behind, m.number(math.pi), 0.0))
    rest = base * (c.HALF_PI_WHOLE_F64[1] / c.HALF_PI_WHOLE_F64[0])
    value, quarter, more = pick(turned, -value, value), pick(turned, -quarter, quarter), pick(turned, -more, more)
    value = (base + quarter) + (value + (rest + more))
    return pick(x.is_nan() | y.is_nan(), math.nan, value.signed_as(y))


def _arcsine(m: Math, x: X) -> tuple[X, X, X]:
    """The size of x, whether it is above 1/2, and asin of it, or of sqrt((1 - it) / 2) there."""
    size = x.abs()
    far = size > 0.5
    z = pick(far, 0.5 * (1.0 - size), size * size)
    s = pick(far, z.sqrt(), size)
    square, low = m.two_product(s, s)
    lost = pick(far & z.differs(0.0), ((z - square) - low) / (2.0 * s), 0.0)  # what the root's rounding took
    return size, far, s + m.fma(s * z, m.polynomial(z, c.ASIN_F64), lost)


def asin(m: Math, x: X) -> X:
    """1.5 ulp."""
    _, far, a = _arcsine(m, x)
    turned = c.HALF_PI_WHOLE_F64[0] - (2.0 * a - c.HALF_PI_WHOLE_F64[1])
    return pick(far, turned, a).signed_as(x)


def acos(m: Math, x: X) -> X:
    """1.5 ulp."""
    _, far, a = _arcsine(m, x)
    high, low = c.HALF_PI_WHOLE_F64
    negative = x < 0.0
    a2 = 2.0 * a
    outside = pick(negative, 2 * high - (a2 - 2 * low), a2)
    signed = pick(negative, -a, a)
    return pick(far, outside, high - (signed - low))
