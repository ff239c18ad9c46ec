"""Makes `weft/engines/native/vectormath/coefficients.py`: polynomials by Chebyshev interpolation in high precision.

Needs mpmath. Each entry is a function of one variable on an interval, and the degree that its accuracy takes; the
coefficients are those of powers, highest first, each rounded to the precision that it is used in.

    python tools/vectormath/make_coefficients.py > weft/engines/native/vectormath/coefficients.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from mpmath import mp, mpf

mp.dps = 60


def interpolate(f: Callable[[mpf], mpf], low: mpf, high: mpf, degree: int) -> list[mpf]:
    """Coefficients of the interpolation of f in the Chebyshev points of an interval, highest power first."""
    n = degree + 1
    low, high = mpf(low), mpf(high)
    nodes = [mp.cos(mp.pi * (2 * k + 1) / (2 * n)) for k in range(n)]
    values = [f((low + high) / 2 + (high - low) / 2 * t) for t in nodes]
    chebyshev = []
    for j in range(n):
        total = mp.fsum(values[k] * mp.cos(j * mp.pi * (2 * k + 1) / (2 * n)) for k in range(n)) * 2 / n
        chebyshev.append(total / 2 if j == 0 else total)
    # to powers of t, then of x = middle + half * t
    previous, current = [mpf(1)], [mpf(0), mpf(1)]
    powers = [mpf(0)] * n
    powers[0] += chebyshev[0]
    for j in range(1, n):
        for i, c in enumerate(current):
            powers[i] += chebyshev[j] * c
        following = [mpf(0), *(2 * c for c in current)]
        for i, c in enumerate(previous):
            following[i] -= c
        previous, current = current, following
    half, middle = (high - low) / 2, (low + high) / 2
    result = [mpf(0)]
    for c in reversed(powers):  # Horner in (x - middle) / half
        grown = [mpf(0)] * (len(result) + 1)
        for i, r in enumerate(result):
            grown[i + 1] += r / half
            grown[i] -= r * middle / half
        grown[0] += c
        result = grown
    return list(reversed(result[:n]))


def _near(f: Callable[[mpf], mpf], limit: mpf) -> Callable[[mpf], mpf]:
    """f, which is written as a difference, evaluated with digits to spare."""

    def computed(x: mpf) -> mpf:
        if abs(x) < mpf(10) ** -40:
            return mpf(limit)
        with mp.workdps(200):
            return +f(x)

    return computed


LN2 = mp.log(2)
S = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)  # the greatest (m - 1) / (m + 1) of a mantissa between sqrt(1/2) and sqrt(2)

EXP = _near(lambda r: (mp.exp(r) - 1 - r) / r**2, mpf(1) / 2)
ATANH = _near(lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z, mpf(2) / 3)
ATANH5 = _near(lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2 - 2 * z / 3) / z**2, mpf(2) / 5)
LOG = _near(lambda f: (mp.log(1 + f) - f + f * f / 2) / f**3, mpf(1) / 3)
SIN = _near(lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, -mpf(1) / 6)
COS = _near(lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, mpf(1) / 24)
SINH = _near(lambda z: (mp.sinh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, mpf(1) / 6)
TANH = _near(lambda z: (mp.tanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, -mpf(1) / 3)
ASINH = _near(lambda z: (mp.asinh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, -mpf(1) / 6)
ATAN = _near(lambda z: (mp.atan(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, -mpf(1) / 3)
ASIN = _near(lambda z: (mp.asin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, mpf(1) / 6)
ERF = _near(lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, 2 / mp.sqrt(mp.pi) - 1)
LGAMMA_NEAR_2 = _near(lambda d: mp.loggamma(2 + d) / d, 1 - mp.euler)
CENTRE = mpf("3.75")


def erfc_scaled(t: mpf) -> mpf:
    """(1 + 2x) exp(x^2) erfc(x) in t = (x - 3.75) / (x + 3.75)."""
    if t > 1 - mpf(10) ** -30:
        return 2 / mp.sqrt(mp.pi)
    x = CENTRE * (1 + t) / (1 - t)
    if x > 200:
        total, term = mpf(1), mpf(1)
        for k in range(1, 40):
            term *= -(2 * k - 1) / (2 * x * x)
            total += term
        return (1 + 2 * x) * total / (x * mp.sqrt(mp.pi))
    with mp.workdps(120):
        return +((1 + 2 * x) * mp.exp(x * x) * mp.erfc(x))


def lgamma_tail(z: mpf) -> mpf:
    """What Stirling's formula leaves, times x, in z = 1 / x^2."""
    if z < mpf(10) ** -30:
        return mpf(1) / 12
    with mp.workdps(90):
        x = 1 / mp.sqrt(z)
        return +(x * (mp.loggamma(x) - (x - mpf(1) / 2) * mp.log(x) + x - mp.log(2 * mp.pi) / 2))


def digamma_tail(z: mpf) -> mpf:
    """(log(x) - 1/(2x) - digamma(x)) x^2 in z = 1 / x^2."""
    if z < mpf(10) ** -30:
        return mpf(1) / 12
    with mp.workdps(90):
        x = 1 / mp.sqrt(z)
        return +((mp.log(x) - 1 / (2 * x) - mp.digamma(x)) * x * x)


#: name, function, interval, degree, digits of the numbers
ENTRIES = [
    ("EXP_F32", EXP, -LN2 / 2, LN2 / 2, 4, 32),
    ("EXP_F64", EXP, -LN2 / 2, LN2 / 2, 10, 64),
    ("LOG_F32", LOG, 1 / mp.sqrt(2) - 1, mp.sqrt(2) - 1, 7, 32),
    ("ATANH_F64", ATANH, 0, S * S, 7, 64),
    ("ATANH5_F64", ATANH5, 0, S * S, 7, 64),
    ("SIN_F32", SIN, 0, (mp.pi / 4) ** 2, 2, 32),
    ("COS_F32", COS, 0, (mp.pi / 4) ** 2, 2, 32),
    ("SIN_F64", SIN, 0, (mp.pi / 4) ** 2, 6, 64),
    ("COS_F64", COS, 0, (mp.pi / 4) ** 2, 6, 64),
    ("SINH_F64", SINH, 0, 1, 7, 64),
    ("TANH_F32", TANH, 0, mpf("0.36"), 4, 32),
    ("TANH_F64", TANH, 0, mpf("0.36"), 12, 64),
    ("ASINH_F64", ASINH, 0, mpf("0.25"), 16, 64),
    ("ATAN_F64", ATAN, 0, mpf("0.25"), 15, 64),
    ("ASIN_F64", ASIN, 0, mpf("0.25"), 13, 64),
    ("ERF_F32", ERF, 0, mpf("0.9"), 6, 32),
    ("ERFC_TAIL_F32", lambda x: mp.log(mp.erfc(x)), mpf("0.94"), mpf("4.0"), 8, 32),
    ("ERF_F64", ERF, 0, 1, 11, 64),
    ("ERFC_F32", erfc_scaled, mpf("-0.79"), mpf("0.46"), 9, 32),
    ("ERFC_F64", erfc_scaled, -1, 1, 27, 64),
    ("LGAMMA_F64", lgamma_tail, 0, mpf(1) / 64, 9, 64),
    ("LGAMMA_NEAR_2_F64", LGAMMA_NEAR_2, -mpf(1) / 2, mpf(1) / 2, 19, 64),
    ("DIGAMMA_F64", digamma_tail, 0, mpf(1) / 64, 9, 64),
]


def parts(number: mpf, bits: list[int]) -> list[mpf]:
    """A number as a sum of ones with so many bits each."""
    found = []
    for count in bits:
        exponent = mp.floor(mp.log(abs(number), 2))
        unit = mpf(2) ** (exponent - count + 1)
        part = mp.nint(number / unit) * unit
        found.append(part)
        number -= part
    return found


CONSTANTS = [
    ("LN2_F32", parts(LN2, [15, 24]), 32),
    ("LN2_F64", parts(LN2, [41, 53]), 64),
    ("LOG10_2_F64", parts(mp.log10(2), [41, 53]), 64),
    ("LOG2_E_F64", parts(1 / LN2, [53, 53]), 64),
    ("LOG10_E_F64", parts(1 / mp.log(10), [53, 53]), 64),
    ("HALF_PI_F32", parts(mp.pi / 2, [11, 11, 11, 24]), 32),
    ("HALF_PI_F64", parts(mp.pi / 2, [33, 33, 33, 53]), 64),
    ("HALF_PI_WHOLE_F64", parts(mp.pi / 2, [53, 53]), 64),
    ("QUARTER_PI_WHOLE_F64", parts(mp.pi / 4, [53, 53]), 64),
]


def rounded(number: mpf, digits: int) -> str:
    if digits == 32:
        return repr(float(np.float32(float(number))))
    return repr(float(number))


def written(name: str, numbers: list[str]) -> str:
    lines, line = [], ""
    for number in numbers:
        if len(line) + len(number) > 110:
            lines.append("    " + line.rstrip())
            line = ""
        line += number + ", "
    lines.append("    " + line.rstrip())
    return f"{name} = (\n" + "\n".join(lines) + "\n)  # fmt: skip"


def main() -> None:
    print('"""Numbers of the approximations, made by tools/vectormath/make_coefficients.py."""\n')
    print("# highest power first")
    for name, f, low, high, degree, digits in ENTRIES:
        found = interpolate(f, mpf(low), mpf(high), degree)
        worst = max(
            abs(sum(c * x ** (degree - i) for i, c in enumerate(found)) - f(x))
            for x in (mpf(low) + (mpf(high) - mpf(low)) * k / 57 for k in range(1, 57))
        )
        print(name, mp.nstr(worst, 3), file=sys.stderr)
        print(written(name, [rounded(c, digits) for c in found]))
    print("\n# numbers as sums")
    for name, numbers, digits in CONSTANTS:
        print(written(name, [rounded(n, digits) for n in numbers]))
    print("\n#: 2/pi in words of 64 bits, from its first bit behind the point")
    with mp.workprec(1600):
        digits_ = int(mp.floor(2 / mp.pi * mpf(2) ** (64 * 20)))
    words = [(digits_ >> (64 * (19 - i))) & (2**64 - 1) for i in range(20)]
    print(written("TWO_OVER_PI", [hex(w) for w in words]))


if __name__ == "__main__":
    main()
