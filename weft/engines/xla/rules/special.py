"""Special functions, computed in float64 and rounded once, as the references do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import jax.scipy.special as special
from jax import lax

from weft.engines.xla.rules.elementwise import in_float32
from weft.engines.xla.table import lowering
from weft.ops.numerics import coefficients as table


def _through_float64(name: str, function: Callable[..., Any]) -> None:
    @lowering(name)
    def run(*arrays: Any) -> Any:
        wide = jnp.broadcast_arrays(*(a.astype(jnp.float64) for a in arrays))
        return function(*wide).astype(arrays[0].dtype)


def _poles(x: Any) -> Any:
    return (x <= 0) & (x == jnp.floor(x))


def _expint(x: Any) -> Any:
    inside = (x > 0) & (x < jnp.inf)
    found = special.expi(jnp.where(inside, x, 1.0))
    return jnp.where(inside, found, jnp.where(x == 0, -jnp.inf, jnp.where(x > 0, jnp.inf, jnp.nan)))


def _betainc(a: Any, b: Any, x: Any) -> Any:
    valid = (a > 0) & (b > 0) & (x >= 0) & (x <= 1)
    return jnp.where(valid, lax.betainc(a, b, x), jnp.nan)


lowering("erf")(in_float32(special.erf))
lowering("erfc")(in_float32(special.erfc))
_through_float64("erfinv", special.erfinv)
_through_float64("ndtri", lambda x: jnp.where((x < 0) | (x > 1), jnp.nan, special.ndtri(jnp.clip(x, 0, 1))))
_through_float64("erfcinv", lambda x: -special.ndtri(jnp.where((x < 0) | (x > 2), jnp.nan, x) / 2) * math.sqrt(0.5))
_through_float64("dawsn", special.dawsn)
_through_float64("expint", _expint)
_through_float64("fresnel_sin", lambda x: special.fresnel(x)[0])
_through_float64("fresnel_cos", lambda x: special.fresnel(x)[1])
_through_float64("spence", special.spence)
_through_float64("lgamma", lambda x: jnp.where(_poles(x), jnp.inf, lax.lgamma(x)))
_through_float64("digamma", lambda x: jnp.where(_poles(x), jnp.nan, lax.digamma(x)))
_through_float64("igamma", lambda a, x: jnp.where(a > 0, lax.igamma(a, x), jnp.nan))
_through_float64("igammac", lambda a, x: jnp.where(a > 0, lax.igammac(a, x), jnp.nan))
_through_float64("igamma_grad_a", lambda a, x: jnp.where(jnp.isinf(x) & (a > 0), 0.0, lax.igamma_grad_a(a, x)))
_through_float64("betainc", _betainc)
_through_float64("polygamma", lax.polygamma)
_through_float64("zeta", lax.zeta)

# Logarithms ----------------------------------------------------------------------------------------------------------


def _unless_zero(name: str, function: Callable[[Any, Any], Any]) -> None:
    @lowering(name)
    @in_float32
    def run(x: Any, y: Any) -> Any:
        return jnp.where(x == 0, jnp.zeros((), x.dtype), function(x, y))


_unless_zero("xlogy", lambda x, y: x * jnp.log(y))
_unless_zero("xlog1py", lambda x, y: x * jnp.log1p(y))
_unless_zero("xdivy", lambda x, y: x / y)
lowering("logaddexp")(in_float32(jnp.logaddexp))

# Bessel functions, by the expansions that the references sum ---------------------------------------------------------


def _chebyshev(coefficients: tuple[float, ...], t: Any) -> Any:
    """The sum of coefficients[k] * T_k(t) by Clenshaw's recurrence."""
    last = before = jnp.zeros_like(t)
    for c in reversed(coefficients[1:]):
        last, before = 2 * t * last - before + c, last
    return t * last - before + coefficients[0]


def _unit(x: Any, low: float, high: float) -> Any:
    """The interval [low, high] mapped onto [-1, 1], and what lies outside onto its ends."""
    return jnp.clip((x - (low + high) / 2) * (2 / (high - low)), -1, 1)


def _beyond(x: Any, least: float) -> Any:
    """x where it is beyond a bound, the bound elsewhere: what is computed for nothing stays finite."""
    return jnp.where(x > least, x, least)


def _i0e(x: Any) -> Any:
    size = jnp.abs(x)
    far = _beyond(size, 8)
    large = _chebyshev(table.I0_LARGE, 16 / far - 1) / jnp.sqrt(far)
    return jnp.where(jnp.isnan(x), x, jnp.where(size <= 8, _chebyshev(table.I0_SMALL, _unit(size, 0, 8)), large))


def _i1e(x: Any) -> Any:
    size = jnp.abs(x)
    far = _beyond(size, 8)
    large = _chebyshev(table.I1_LARGE, 16 / far - 1) / jnp.sqrt(far)
    near = size * _chebyshev(table.I1_SMALL, _unit(size, 0, 8))
    return jnp.copysign(jnp.where(jnp.isnan(x), x, jnp.where(size <= 8, near, large)), x)


def _grown(scaled: Any, x: Any) -> Any:
    half = jnp.exp(jnp.abs(x) / 2)
    return jnp.where(jnp.isinf(x), jnp.copysign(jnp.inf, scaled), scaled * half * half)


def _i0(x: Any) -> Any:
    return jnp.where(jnp.isinf(x), jnp.inf, _grown(_i0e(x), x))


def _i1(x: Any) -> Any:
    return jnp.where(jnp.isinf(x), x, _grown(_i1e(x), x))


def _k(order: int, scaled: bool) -> Callable[[Any], Any]:
    small = (table.K0_SMALL, table.K1_SMALL)[order]
    large = (table.K0_LARGE, table.K1_LARGE)[order]

    def run(x: Any) -> Any:
        near = jnp.where((x > 0) & (x <= 2), x, 1.0)
        sum_ = _chebyshev(small, _unit(near * near, 0, 4))
        logarithm = jnp.log(near / 2)
        first = sum_ - logarithm * _i0(near) if order == 0 else sum_ / near + logarithm * _i1(near)
        far = _beyond(x, 2)
        second = _chebyshev(large, 4 / far - 1) / jnp.sqrt(far)
        first, second = (first * jnp.exp(near), second) if scaled else (first, second * jnp.exp(-far))
        found = jnp.where(x <= 2, first, second)
        return jnp.where(x <= 0, jnp.inf, jnp.where(jnp.isnan(x), x, found))

    return run


def _oscillating(order: int, x: Any) -> tuple[Any, Any]:
    """J and Y beyond 8 by their slowly varying factors."""
    x = jnp.where(jnp.isinf(x), 8.0, _beyond(x, 8))
    u = 2 * (8 / x) ** 2 - 1
    p = _chebyshev((table.P0_LARGE, table.P1_LARGE)[order], u)
    q = _chebyshev((table.Q0_LARGE, table.Q1_LARGE)[order], u) / x
    sin, cos = jnp.sin(x), jnp.cos(x)
    first, second = (cos + sin) * math.sqrt(0.5), (sin - cos) * math.sqrt(0.5)
    if order == 1:
        first, second = second, -first
    scale = jnp.sqrt(2 / (math.pi * x))
    return scale * (p * first - q * second), scale * (p * second + q * first)


def _j(order: int, x: Any) -> Any:
    size = jnp.abs(x)
    t = _unit(size * size, 0, 64)
    near = _chebyshev(table.J0_SMALL, t) if order == 0 else size * _chebyshev(table.J1_SMALL, t)
    found = jnp.where(size <= 8, near, jnp.where(jnp.isinf(size), 0.0, _oscillating(order, size)[0]))
    found = jnp.where(jnp.isnan(x), x, found)
    return jnp.where(jnp.signbit(x), -found, found) if order else found


def _y(order: int, x: Any) -> Any:
    near = jnp.where((x > 0) & (x <= 8), x, 1.0)
    t, logarithm = _unit(near * near, 0, 64), jnp.log(near)
    if order == 0:
        first = _chebyshev(table.Y0_SMALL, t) + 2 / math.pi * logarithm * _j(0, near)
    else:
        first = near * _chebyshev(table.Y1_SMALL, t) + 2 / math.pi * (logarithm * _j(1, near) - 1 / near)
    found = jnp.where(x <= 8, first, jnp.where(jnp.isinf(x), 0.0, _oscillating(order, x)[1]))
    return jnp.where(x <= 0, -jnp.inf, jnp.where(jnp.isnan(x), x, found))


for _name, _function in (
    ("i0e", _i0e), ("i1e", _i1e), ("i0", _i0), ("i1", _i1), ("k0", _k(0, False)), ("k0e", _k(0, True)),
    ("k1", _k(1, False)), ("k1e", _k(1, True)), ("j0", lambda x: _j(0, x)), ("j1", lambda x: _j(1, x)),
    ("y0", lambda x: _y(0, x)), ("y1", lambda x: _y(1, x)),
):  # fmt: skip
    _through_float64(f"bessel_{_name}", _function)
