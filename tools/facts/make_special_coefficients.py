"""Makes weft/ops/numerics/coefficients.py: Chebyshev expansions of the special functions.

Each entry is a smooth function of one variable on [-1, 1], named after the piece of the special function that it
serves. The coefficients are computed here with 50 digits, at Chebyshev points (Trefethen, Approximation Theory and
Approximation Practice, chapter 3), and cut where they no longer matter in float64. Needs mpmath:

    pip install mpmath
    python tools/facts/make_special_coefficients.py > weft/ops/numerics/coefficients.py
"""

from __future__ import annotations

from collections.abc import Callable

from mpmath import mp, mpf

mp.dps = 50
NODES = 96
Function = Callable[[mpf], mpf]


def coefficients(function: Function) -> list[float]:
    """The Chebyshev coefficients on [-1, 1], the first halved already, up to the last that float64 can feel."""
    angles = [mp.pi * (k + mpf(1) / 2) / NODES for k in range(NODES)]
    values = [function(mp.cos(a)) for a in angles]
    found = [2 * mp.fsum(v * mp.cos(j * a) for v, a in zip(values, angles)) / NODES for j in range(NODES)]
    found[0] /= 2
    scale = max(abs(c) for c in found)
    last = max(j for j, c in enumerate(found) if abs(c) > scale * mpf(2) ** -56)
    if last > NODES - 12:
        raise ValueError(f"{function} needs more than {NODES} points")
    return [float(c) for c in found[: last + 1]]


def between(low: float, high: float, function: Function) -> Function:
    """The function on [low, high] as one on [-1, 1]."""
    centre, half = (mpf(high) + mpf(low)) / 2, (mpf(high) - mpf(low)) / 2
    return lambda t: function(centre + half * t)


def beyond(start: float, function: Function, power: int = 1) -> Function:
    """The function on [start, infinity), in the variable (start / x)**power, which runs from 0 to 1."""
    return between(0, 1, lambda u: function(mpf(start) / mp.root(u, power)))


def in_square(limit: float, function: Function, power: int = 2) -> Function:
    """An even function on [0, limit], in the variable x**power."""
    return between(0, mpf(limit) ** power, lambda u: function(mp.root(u, power)))


def scaled_erfc(t: mpf) -> mpf:
    """(1 + 2x) exp(x*x) erfc(x), with x = 1/2 + 3 (1 + t) / (1 - t). Source: Schonfelder, Math. Comp. 32 (1978)."""
    x = mpf(1) / 2 + 3 * (1 + t) / (1 - t)
    if x > 500:  # its asymptotic series, where the product under- and overflows
        return (1 + 2 * x) / (x * mp.sqrt(mp.pi)) * mp.fsum(
            (-1) ** k * mp.fac2(2 * k - 1) / (2 * x * x) ** k for k in range(12))  # fmt: skip
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


def bessel_pair(order: int, cosine: bool) -> Function:
    """The slowly varying factors of J and Y. Source: Abramowitz and Stegun 9.2.5, 9.2.6."""

    def function(x: mpf) -> mpf:
        angle = x - (2 * order + 1) * mp.pi / 4
        j, y = mp.besselj(order, x), mp.bessely(order, x)
        scale = mp.sqrt(mp.pi * x / 2)
        if cosine:
            return scale * (j * mp.cos(angle) + y * mp.sin(angle))
        return scale * x * (y * mp.cos(angle) - j * mp.sin(angle))

    return function


def fresnel_auxiliary(which: str) -> Function:
    """The auxiliary functions f and g, scaled to be finite at infinity. Source: Abramowitz and Stegun 7.3.5, 7.3.6."""

    def function(x: mpf) -> mpf:
        with mp.workdps(mp.dps + 20):
            angle = mp.pi * x * x / 2
            s, c = mpf(1) / 2 - mp.fresnels(x), mpf(1) / 2 - mp.fresnelc(x)
            if which == "f":
                return mp.pi * x * (s * mp.cos(angle) - c * mp.sin(angle))
            return mp.pi**2 * x**3 * (c * mp.cos(angle) + s * mp.sin(angle))

    return function


def dawson(x: mpf) -> mpf:
    """Dawson's integral; far out by its asymptotic series, cut at its least term."""
    if x > 12:
        return mp.fsum(mp.fac2(2 * k - 1) / (2 * x * x) ** k for k in range(140)) / (2 * x)
    with mp.workdps(mp.dps + int(x * x)):
        return mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x)


ROOT_OF_DIGAMMA = mp.findroot(mp.digamma, mpf("1.4616321449683623"))
log = mp.log

TABLES: dict[str, Function] = {
    "ERF_SMALL": in_square(1, lambda x: mp.erf(x) / x),
    "ERFC_LARGE": scaled_erfc,
    "LGAMMA": between(1, 3, lambda x: mp.loggamma(x) / ((x - 1) * (x - 2))),
    "DIGAMMA": between(1, 2, lambda x: mp.digamma(x) / (x - ROOT_OF_DIGAMMA)),
    "I0_SMALL": between(0, 8, lambda x: mp.exp(-x) * mp.besseli(0, x)),
    "I0_LARGE": beyond(8, lambda x: mp.sqrt(x) * mp.exp(-x) * mp.besseli(0, x)),
    "I1_SMALL": between(0, 8, lambda x: mp.exp(-x) * mp.besseli(1, x) / x),
    "I1_LARGE": beyond(8, lambda x: mp.sqrt(x) * mp.exp(-x) * mp.besseli(1, x)),
    "K0_SMALL": in_square(2, lambda x: mp.besselk(0, x) + log(x / 2) * mp.besseli(0, x)),
    "K0_LARGE": beyond(2, lambda x: mp.sqrt(x) * mp.exp(x) * mp.besselk(0, x)),
    "K1_SMALL": in_square(2, lambda x: x * (mp.besselk(1, x) - log(x / 2) * mp.besseli(1, x))),
    "K1_LARGE": beyond(2, lambda x: mp.sqrt(x) * mp.exp(x) * mp.besselk(1, x)),
    "J0_SMALL": in_square(8, lambda x: mp.besselj(0, x)),
    "J1_SMALL": in_square(8, lambda x: mp.besselj(1, x) / x),
    "Y0_SMALL": in_square(8, lambda x: mp.bessely(0, x) - 2 / mp.pi * log(x) * mp.besselj(0, x)),
    "Y1_SMALL": in_square(
        8, lambda x: (mp.bessely(1, x) - 2 / mp.pi * (log(x) * mp.besselj(1, x) - 1 / x)) / x
    ),
    "P0_LARGE": beyond(8, bessel_pair(0, True), 2),
    "Q0_LARGE": beyond(8, bessel_pair(0, False), 2),
    "P1_LARGE": beyond(8, bessel_pair(1, True), 2),
    "Q1_LARGE": beyond(8, bessel_pair(1, False), 2),
    "DAWSON_SMALL": in_square(3, lambda x: dawson(x) / x),
    "DAWSON_MIDDLE": between(3, 7, dawson),
    "DAWSON_LARGE": beyond(7, lambda x: 2 * x * dawson(x), 2),
    "EI_SMALL": between(0, 6, lambda x: (mp.ei(x) - log(x) - mp.euler) / x),
    "EI_MIDDLE": between(6, 14, lambda x: x * mp.exp(-x) * mp.ei(x)),
    "EI_WIDE": between(14, 40, lambda x: x * mp.exp(-x) * mp.ei(x)),
    "EI_LARGE": beyond(40, lambda x: x * mp.exp(-x) * mp.ei(x)),
    "DILOGARITHM": between(-0.5, 0.5, lambda y: mp.re(mp.polylog(2, y)) / y),
    "FRESNEL_S_SMALL": in_square(1.6, lambda x: mp.fresnels(x) / x**3, 4),
    "FRESNEL_C_SMALL": in_square(1.6, lambda x: mp.fresnelc(x) / x, 4),
    "FRESNEL_F_LARGE": beyond(1.6, fresnel_auxiliary("f"), 4),
    "FRESNEL_G_LARGE": beyond(1.6, fresnel_auxiliary("g"), 4),
}

HEAD = '''"""Chebyshev coefficients of the special functions.

Made by tools/facts/make_special_coefficients.py: edit that.
"""

from __future__ import annotations

Table = tuple[float, ...]
'''


def show(name: str, numbers: list[float]) -> None:
    """Prints one table."""
    print(f"{name}: Table = (")
    line = "   "
    for number in numbers:
        piece = f" {number!r},"
        if len(line + piece) > 118:
            print(line)
            line = "   "
        line += piece
    print(f"{line}\n)  # fmt: skip")


def main() -> None:
    """Prints the module."""
    print(HEAD)
    high = float(ROOT_OF_DIGAMMA)
    print(f"ROOT_OF_DIGAMMA: Table = ({high!r}, {float(ROOT_OF_DIGAMMA - high)!r})")
    show("BERNOULLI", [float(mp.bernoulli(2 * k)) for k in range(1, 16)])
    for name, function in TABLES.items():
        show(name, coefficients(function))


if __name__ == "__main__":
    main()
