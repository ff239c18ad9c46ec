"""Running sums, products and extremes along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from weft.engines.xla.rules.elementwise import in_float32, kind
from weft.engines.xla.table import lowering


def _at(x: Any, axis: int, which: slice) -> tuple[slice, ...]:
    return (*(slice(None) for _ in range(axis % x.ndim)), which)


def _shifted(x: Any, axis: int, reverse: bool, fill: Any) -> Any:
    if x.shape[axis] == 0:
        return x
    kept = x[_at(x, axis, slice(1, None) if reverse else slice(None, -1))]
    edge = jnp.full_like(x[_at(x, axis, slice(0, 1))], fill)
    return jnp.concatenate([kept, edge] if reverse else [edge, kept], axis=axis)


@lowering("shift")
def _shift(x: Any, axis: int, reverse: bool) -> Any:
    return _shifted(x, axis, reverse, 0)


@lowering("linear_recurrence")
@in_float32
def _linear_recurrence(coefficients: Any, values: Any, axis: int, reverse: bool) -> Any:
    rows = jnp.moveaxis(coefficients, axis, 0), jnp.moveaxis(values, axis, 0)

    def step(carry: Any, row: Any) -> Any:
        coefficient, value = row
        carry = value + coefficient * carry
        return carry, carry

    if not values.shape[axis]:
        return values
    # the first place has nothing before it, so that an infinite coefficient there does no harm
    first = -1 if reverse else 0
    start = rows[0].at[first].set(0), rows[1]
    _, found = lax.scan(step, jnp.zeros_like(rows[1][0]), start, reverse=reverse)
    return jnp.moveaxis(found, 0, axis)


def _running(name: str, function: Callable[..., Any], start: Any) -> None:
    def run(x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
        axis = axis % x.ndim
        result = function(x, axis=axis, reverse=reverse).astype(x.dtype)
        return _shifted(result, axis, reverse, start) if exclusive else result

    lowering(name)(in_float32(run))


_running("cumsum", lax.cumsum, 0)
_running("cumprod", lax.cumprod, 1)


@lowering("cumulative_logsumexp")
@in_float32
def _cumulative_logsumexp(x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    axis = axis % x.ndim
    result = _log_scan(x, axis, reverse)
    return _shifted(result, axis, reverse, -jnp.inf) if exclusive else result


def _log_scan(x: Any, axis: int, reverse: bool) -> Any:
    if not x.shape[axis]:
        return x
    return lax.associative_scan(jnp.logaddexp, x, axis=axis, reverse=reverse)


def _extreme(name: str, better: Callable[[Any, Any], Any]) -> None:
    @lowering(name)
    def run(x: Any, axis: int, reverse: bool) -> Any:
        axis = axis % x.ndim
        places = lax.broadcasted_iota(jnp.int64, x.shape, axis)
        if not x.shape[axis]:
            return x, places

        def choose(first: Any, second: Any) -> Any:
            a, at = first
            b, bt = second
            takes = better(b, a)  # of equals the first stays
            if kind(a) == "f":
                takes = takes | (jnp.isnan(b) & ~jnp.isnan(a))
            return jnp.where(takes, b, a), jnp.where(takes, bt, at)

        return lax.associative_scan(choose, (x, places), axis=axis, reverse=reverse)


_extreme("cummax", lambda b, a: b > a)
_extreme("cummin", lambda b, a: b < a)
