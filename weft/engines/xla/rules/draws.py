"""Random numbers by attempts: gamma, Poisson, binomial. Each element has blocks of its own to draw from.

What is drawn for an element does not depend on the others: all go on until the last one is accepted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from weft.base.dtypes import DType
from weft.engines.xla.rules.random import blocks_at, normal_pairs, unit_float64
from weft.engines.xla.table import lowering

_ATTEMPTS = 64
#: blocks that an element of gamma and Poisson numbers has for itself
_RESERVED = 256


def _block(key: Any, counter: Any, count: int, number: Any) -> Any:
    """The block of that number of each element: two uniform numbers an element, float64 `[count, 2]`."""
    numbers = lax.iota(jnp.uint64, count) * jnp.uint64(_ATTEMPTS) + jnp.asarray(number).astype(jnp.uint64)
    return unit_float64(blocks_at(key, counter, numbers).reshape(count, 2, 2))


def _until_accepted(
    attempt: Callable[[Any], tuple[Any, Any]], otherwise: Any, done: Any, step: int, turns: int = _ATTEMPTS
) -> Any:
    """The first accepted value of each element.

    Args:
        attempt: (number of the turn) -> (values, which of them are accepted).
        otherwise: What an element is whose attempts are used up.
        done: Which elements need none.
        step: By how much the number of the turn rises.
        turns: How far it rises.
    """

    def more(state: Any) -> Any:
        turn, _, done = state
        return (turn < turns) & ~jnp.all(done)

    def draw(state: Any) -> Any:
        turn, result, done = state
        values, accepted = attempt(turn)
        takes = accepted & ~done
        return turn + step, jnp.where(takes, values, result), done | takes

    return lax.while_loop(more, draw, (jnp.asarray(0), otherwise, done))[1]


class _Pairs:
    """Blocks of each element's own, of which uniform and normal numbers are taken in pairs (see `weft.ops.random`).

    What has been taken is a tuple of arrays, `start`, which loops carry: each call gives the next one beside numbers.
    """

    def __init__(self, key: Any, counter: Any, shape: tuple[int, ...], parameter: tuple[int, ...]) -> None:
        self._key, self._counter = key, counter
        count, places = math.prod(shape), max(1, math.prod(shape[len(shape) - len(parameter) :]))
        numbers = lax.iota(jnp.uint64, count)
        order = numbers % jnp.uint64(places) * jnp.uint64(count // places) + numbers // jnp.uint64(places)
        kept, left = jnp.zeros((count, 2), jnp.float64), jnp.zeros(count, jnp.int32)
        self.start = order * jnp.uint64(_RESERVED), kept, left, kept, left

    def uniform(self, state: Any, wanted: Any) -> tuple[Any, Any]:
        """A uniform number for each element that is wanted; what has been taken then."""
        at, kept, left, normal, normal_left = state
        number, (at, kept, left) = self._taken(at, kept, left, wanted, lambda pairs: pairs)
        return number, (at, kept, left, normal, normal_left)

    def normal(self, state: Any, wanted: Any) -> tuple[Any, Any]:
        """A normal number for each element that is wanted; what has been taken then."""
        at, uniform, uniform_left, kept, left = state
        number, (at, kept, left) = self._taken(
            at, kept, left, wanted, lambda pairs: jnp.stack(normal_pairs(pairs[:, 0], pairs[:, 1]), axis=-1)
        )
        return number, (at, uniform, uniform_left, kept, left)

    def _taken(self, at: Any, kept: Any, left: Any, wanted: Any, made: Callable[[Any], Any]) -> Any:
        empty = wanted & (left == 0)
        pairs = unit_float64(blocks_at(self._key, self._counter, at).reshape(-1, 2, 2))
        kept = jnp.where(empty[:, None], made(pairs), kept)
        left = jnp.where(empty, 2, left) - wanted.astype(jnp.int32)
        number = jnp.take_along_axis(kept, jnp.maximum(left, 0)[:, None], axis=1)[:, 0]
        return number, (at + empty.astype(jnp.uint64), kept, left)


@lowering("random_gamma", checks=True)
def _random_gamma(check: Any, key: Any, counter: Any, alpha: Any, shape: tuple[int, ...]) -> Any:
    check(jnp.logical_not(alpha > 0))
    shapes = jnp.broadcast_to(alpha, shape).reshape(-1).astype(jnp.float64)
    draws = _Pairs(key, counter, shape, alpha.shape)
    exponential = shapes == 1
    u, taken = draws.uniform(draws.start, exponential)
    first = jnp.where(exponential, -jnp.log1p(-u), shapes)
    d = shapes + jnp.where(shapes < 1, 2 / 3, -1 / 3)
    c = 1 / 3 / jnp.sqrt(d)

    def more(state: Any) -> Any:
        return ~jnp.all(state[1])

    def draw(state: Any) -> Any:
        result, done, taken = state
        x, taken = draws.normal(taken, ~done)
        v = 1 + c * x
        tried = ~done & (v > 0)
        v = jnp.where(tried, v, 1.0) ** 3
        u, taken = draws.uniform(taken, tried)
        quick = u < 1 - 0.0331 * (x * x) * (x * x)
        accepted = tried & (quick | (jnp.log(u) < 0.5 * x * x + d * (1 - v + jnp.log(v))))
        small = accepted & (shapes < 1)
        power, taken = draws.uniform(taken, small)
        value = jnp.where(small, d * v * power ** (1 / shapes), d * v)
        return jnp.where(accepted, value, result), done | accepted, taken

    # what is refused is no reason to draw for ever
    result = lax.while_loop(more, draw, (first, exponential | ~(shapes > 0), taken))[0]
    return result.astype(alpha.dtype).reshape(shape)


def _by_inversion(u: Any, start: Any, grow: Callable[[Any, Any], Any], most: int, limit: Any) -> Any:
    """How many terms of a distribution's sum a uniform number exceeds."""

    def more(state: Any) -> Any:
        k, count, _, reached = state
        return (k < most) & jnp.any((u >= reached) & (count < limit))

    def add(state: Any) -> Any:
        k, count, probability, reached = state
        count = count + ((u >= reached) & (count < limit))
        probability = grow(probability, k)
        return k + 1, count, probability, reached + probability

    return lax.while_loop(more, add, (jnp.asarray(1.0), jnp.zeros_like(u), start, start))[1]


@lowering("random_poisson", checks=True)
def _random_poisson(check: Any, key: Any, counter: Any, rate: Any, shape: tuple[int, ...], dtype: DType) -> Any:
    check(~(jnp.isfinite(rate.astype(jnp.float64)) & (rate >= 0)))
    rates = jnp.broadcast_to(rate, shape).reshape(-1).astype(jnp.float64)
    draws = _Pairs(key, counter, shape, rate.shape)
    fine = jnp.isfinite(rates) & (rates >= 0)
    few = rates < 10
    least = jnp.exp(-rates)

    def more(state: Any) -> Any:
        return ~jnp.all(state[1])

    def multiply(state: Any) -> Any:
        counted, done, product, taken = state
        u, taken = draws.uniform(taken, ~done)
        product = jnp.where(done, product, product * u)
        done = done | (product <= least)
        return counted + ~done, done, product, taken

    zero = jnp.zeros_like(rates)
    counted, _, _, taken = lax.while_loop(more, multiply, (zero, ~(few & fine), zero + 1, draws.start))
    lam = jnp.where(few, 10.0, rates)
    b = 0.931 + 2.53 * jnp.sqrt(lam)
    a = -0.059 + 0.02483 * b

    def attempt(state: Any) -> Any:
        result, done, taken = state
        u, taken = draws.uniform(taken, ~done)
        v, taken = draws.uniform(taken, ~done)
        u = u - 0.5
        room = 0.5 - jnp.abs(u)
        k = jnp.floor((2 * a / room + b) * u + lam + 0.43)
        density = k * jnp.log(lam) - lam - lax.lgamma(jnp.maximum(k, 0) + 1)
        scale = jnp.log(v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (room * room) + b))
        quick = (room >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2))
        accepted = ~done & (quick | ((k >= 0) & ~((room < 0.013) & (v > room)) & (scale <= density)))
        return jnp.where(accepted, k, result), done | accepted, taken

    drawn = lax.while_loop(more, attempt, (counted, few | ~fine, taken))[0]
    return drawn.astype(dtype.numpy).reshape(shape)


@lowering("random_binomial", checks=True)
def _random_binomial(check: Any, key: Any, counter: Any, counts: Any, probs: Any, shape: tuple[int, ...],
                     dtype: DType) -> Any:  # fmt: skip
    check(~((probs >= 0) & (probs <= 1)))
    check(~(counts >= 0))
    n = jnp.floor(jnp.broadcast_to(counts, shape).reshape(-1).astype(jnp.float64))
    given = jnp.broadcast_to(probs, shape).reshape(-1).astype(jnp.float64)
    p = jnp.minimum(given, 1 - given)
    count = n.shape[0]
    few = n * p < 10
    u = _block(key, counter, count, 0)[:, 0] if count else n
    ratio = p / (1 - p)
    counted = _by_inversion(u, (1 - p) ** n, lambda q, k: q * ratio * jnp.maximum(n - k + 1, 0) / k, 120, n)
    spread = jnp.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p

    def attempt(turn: Any) -> tuple[Any, Any]:
        uniform = _block(key, counter, count, turn)
        u, v = uniform[:, 0] - 0.5, 1 - uniform[:, 1]
        room = 0.5 - jnp.abs(u)
        k = jnp.floor((2 * a / room + b) * u + n * p + 0.5)
        within = (k >= 0) & (k <= n)
        mode = jnp.floor((n + 1) * p)
        at = jnp.clip(k, 0, n)
        density = (lax.lgamma(mode + 1) + lax.lgamma(n - mode + 1) - lax.lgamma(at + 1) - lax.lgamma(n - at + 1)
                   + (at - mode) * jnp.log(p / (1 - p)))  # fmt: skip
        scale = jnp.log(v * (2.83 + 5.1 / b) * spread / (a / (room * room) + b))
        quick = (room >= 0.07) & (v <= 0.92 - 4.2 / b)
        return k, within & (quick | (scale <= density))

    drawn = _until_accepted(attempt, jnp.floor(n * p), few, 1)
    result = jnp.where(few, counted, drawn)
    return jnp.where(given > 0.5, n - result, result).astype(dtype.numpy).reshape(shape)


@lowering("random_gamma_gradient")
def _random_gamma_gradient(alpha: Any, sample: Any) -> Any:
    a, x = jnp.broadcast_arrays(alpha.astype(jnp.float64), sample.astype(jnp.float64))
    x = jnp.maximum(x, jnp.finfo(jnp.float64).tiny)
    large = a > 1000
    z = 3 * jnp.sqrt(a) * ((x / a) ** (1 / 3) - 1 + 1 / (9 * a))
    far = 1 + z / (2 * jnp.sqrt(a))
    a, x = jnp.where(large, 1.0, a), jnp.where(large, 1.0, x)
    log_x = jnp.log(x)

    # the terms of the distribution function's series over the density, in a recurrence
    def more(state: Any) -> Any:
        n, _, term, total, part, _ = state
        near = (n > jnp.max(x - a)) & (jnp.max(jnp.abs(part)) <= 1e-14 * jnp.min(jnp.abs(total)))
        return (n == 1) | ((n < 20000) & ~near & jnp.any(term > 1e-300))

    def add(state: Any) -> Any:
        n, psi, term, total, _, _ = state
        part = term * (psi - log_x)
        return n + 1, psi + 1 / (a + n), term * x / (a + n), total + part, part, n

    if not a.size:
        return a.astype(alpha.dtype)
    zero = jnp.zeros_like(a)
    start = jnp.asarray(1.0), lax.digamma(a + 1), x / a, zero, zero, jnp.asarray(0.0)
    total = lax.while_loop(more, add, start)[3]
    return jnp.where(large, far, total).astype(alpha.dtype)


