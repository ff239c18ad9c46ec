"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

def bessel_i0(x: Any, name: str | None = ...) -> Any:
    """The modified Bessel function of the first kind and order 0."""

def bessel_i0e(x: Any, name: str | None = ...) -> Any:
    """exp(-|x|) bessel_i0(x)."""

def bessel_i1(x: Any, name: str | None = ...) -> Any:
    """The modified Bessel function of the first kind and order 1."""

def bessel_i1e(x: Any, name: str | None = ...) -> Any:
    """exp(-|x|) bessel_i1(x)."""

def bessel_j0(x: Any, name: str | None = ...) -> Any:
    """The Bessel function of the first kind and order 0."""

def bessel_j1(x: Any, name: str | None = ...) -> Any:
    """The Bessel function of the first kind and order 1."""

def bessel_k0(x: Any, name: str | None = ...) -> Any:
    """The modified Bessel function of the second kind and order 0."""

def bessel_k0e(x: Any, name: str | None = ...) -> Any:
    """exp(x) bessel_k0(x)."""

def bessel_k1(x: Any, name: str | None = ...) -> Any:
    """The modified Bessel function of the second kind and order 1."""

def bessel_k1e(x: Any, name: str | None = ...) -> Any:
    """exp(x) bessel_k1(x)."""

def bessel_y0(x: Any, name: str | None = ...) -> Any:
    """The Bessel function of the second kind and order 0."""

def bessel_y1(x: Any, name: str | None = ...) -> Any:
    """The Bessel function of the second kind and order 1."""

def dawsn(x: Any, name: str | None = ...) -> Any:
    """Dawson's integral: exp(-x*x) times the integral of exp(t*t) from 0 to x."""

def expint(x: Any, name: str | None = ...) -> Any:
    """The exponential integral Ei of x >= 0; NaN below."""

def fresnel_cos(x: Any, name: str | None = ...) -> Any:
    """Fresnel's integral of cos(pi/2 * t*t) from 0 to x."""

def fresnel_sin(x: Any, name: str | None = ...) -> Any:
    """Fresnel's integral of sin(pi/2 * t*t) from 0 to x."""

def spence(x: Any, name: str | None = ...) -> Any:
    """Spence's integral, the dilogarithm of 1 - x, for x >= 0."""
