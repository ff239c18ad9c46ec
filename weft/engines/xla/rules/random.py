"""Random numbers: the same generator, and the same words for the same elements, as everywhere else.

`weft.ops.philox` says what a word of a stream is, `weft.ops.random` which words an element uses. The products of 32-bit
words need 64 bits: compiled code has them, because the engine traces with jax's 64-bit types on.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jax import lax

from weft.base.dtypes import DType
from weft.engines.xla.table import lowering

_FACTORS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10


def _word(value: Any) -> Any:
    return value.astype(jnp.uint32)


def _counter(counter: Any) -> tuple[Any, Any]:
    """A counter of two or four words as two 64-bit numbers, the low one first."""
    words = counter.reshape(-1).astype(jnp.uint64)
    low = words[0] | words[1] << 32
    high = words[2] | words[3] << 32 if words.shape[0] == 4 else jnp.zeros((), jnp.uint64)
    return low, high


def blocks_at(key: Any, counter: Any, numbers: Any) -> Any:
    """The blocks of the given numbers (uint64): uint32 `[..., 4]`."""
    low, high = _counter(counter)
    lows = numbers + low
    highs = high + (lows < low).astype(jnp.uint64)
    c = [_word(lows), _word(lows >> 32), _word(highs), _word(highs >> 32)]
    keys = key.reshape(-1)
    k0, k1 = keys[0], keys[1]
    for _ in range(_ROUNDS):
        p0 = c[0].astype(jnp.uint64) * jnp.uint64(_FACTORS[0])
        p1 = c[2].astype(jnp.uint64) * jnp.uint64(_FACTORS[1])
        c = [_word(p1 >> 32) ^ c[1] ^ k0, _word(p1), _word(p0 >> 32) ^ c[3] ^ k1, _word(p0)]
        k0, k1 = k0 + jnp.uint32(_WEYL[0]), k1 + jnp.uint32(_WEYL[1])
    return jnp.stack(c, axis=-1)


def blocks(key: Any, counter: Any, count: int) -> Any:
    """Consecutive blocks: uint32 `[count, 4]`."""
    return blocks_at(key, counter, lax.iota(jnp.uint64, count))


def words(key: Any, counter: Any, count: int) -> Any:
    """The first words of a stream: uint32 `[count]`."""
    return blocks(key, counter, -(-count // 4)).reshape(-1)[:count]


def wide(pairs: Any) -> Any:
    """64-bit numbers from pairs of words `[..., 2]`, low word first."""
    return pairs[..., 0].astype(jnp.uint64) | pairs[..., 1].astype(jnp.uint64) << 32


def unit_float32(bits: Any) -> Any:
    """Multiples of 2**-23 in [0, 1), from the low 23 bits."""
    return (bits & jnp.uint32(0x7FFFFF)).astype(jnp.float32) * jnp.float32(2.0**-23)


def unit_float64(pairs: Any) -> Any:
    """Multiples of 2**-52 in [0, 1), from pairs of words `[..., 2]`, the first one giving the high 20 bits."""
    high = (pairs[..., 0] & jnp.uint32(0xFFFFF)).astype(jnp.float64)
    return (high * 2.0**32 + pairs[..., 1].astype(jnp.float64)) * 2.0**-52


def normal_pairs(first: Any, second: Any) -> tuple[Any, Any]:
    """Two independent standard normal numbers from two uniform ones; the functions are computed in float64."""
    dtype = first.dtype
    logarithm = jnp.log(jnp.maximum(first, jnp.asarray(1e-7, dtype)).astype(jnp.float64)).astype(dtype)
    radius = jnp.sqrt(-2 * logarithm)
    angle = (second.astype(jnp.float64) * (2 * math.pi)).astype(dtype).astype(jnp.float64)
    return jnp.sin(angle).astype(dtype) * radius, jnp.cos(angle).astype(dtype) * radius


def normals(groups: Any, double: bool) -> Any:
    """Four float32 normal numbers, or two float64 ones, from each block `[..., 4]`."""
    if double:
        uniform = unit_float64(groups.reshape(*groups.shape[:-1], 2, 2))
        return jnp.stack(normal_pairs(uniform[..., 0], uniform[..., 1]), axis=-1)
    uniform = unit_float32(groups)
    pairs = [normal_pairs(uniform[..., column], uniform[..., column + 1]) for column in (0, 2)]
    return jnp.stack([number for pair in pairs for number in pair], axis=-1)


@lowering("random_stream")
def _random_stream(seed: Any) -> Any:
    numbers = seed.astype(jnp.int64).astype(jnp.uint64).reshape(-1)
    counter = jnp.stack([_word(numbers >> shift) for shift in (0, 32)], axis=-1).reshape(-1)
    mixed = blocks(jnp.asarray([0x3EC8F720, 0x02461E29], jnp.uint32), counter, 1)[0]
    zeros = jnp.zeros(2, jnp.uint32)
    return mixed[:2], jnp.concatenate([zeros, mixed[2:]])


def _raw(key: Any, counter: Any, count: int, size: int) -> Any:
    """Unsigned words of the dtype's width (32 bits at least)."""
    if size == 8:
        return wide(words(key, counter, 2 * count).reshape(-1, 2))
    return words(key, counter, count)


@lowering("random_bits")
def _random_bits(key: Any, counter: Any, shape: tuple[int, ...], dtype: DType) -> Any:
    return _raw(key, counter, math.prod(shape), dtype.size).astype(dtype.numpy).reshape(shape)


@lowering("random_uniform")
def _random_uniform(key: Any, counter: Any, shape: tuple[int, ...], dtype: DType) -> Any:
    count = math.prod(shape)
    if dtype.name == "float64":
        return unit_float64(words(key, counter, 2 * count).reshape(-1, 2)).reshape(shape)
    bits = words(key, counter, count)
    if dtype.name == "float32":
        return unit_float32(bits).reshape(shape)
    digits = 10 if dtype.name == "float16" else 7
    values = (bits & jnp.uint32((1 << digits) - 1)).astype(jnp.float32) * jnp.float32(2.0**-digits)
    return values.astype(dtype.numpy).reshape(shape)


@lowering("random_integers", checks=True)
def _random_integers(check: Any, key: Any, counter: Any, minval: Any, maxval: Any, shape: tuple[int, ...]) -> Any:
    check(minval >= maxval)
    bits = _raw(key, counter, math.prod(shape), minval.dtype.itemsize).reshape(shape)
    unsigned = jnp.dtype(f"u{minval.dtype.itemsize}")
    width = (maxval.astype(unsigned) - minval.astype(unsigned)).astype(bits.dtype)
    offset = (bits % jnp.where(width == 0, jnp.ones((), width.dtype), width)).astype(unsigned)
    return (minval.astype(unsigned) + offset).astype(minval.dtype)


@lowering("random_normal")
def _random_normal(key: Any, counter: Any, shape: tuple[int, ...], dtype: DType) -> Any:
    count, double = math.prod(shape), dtype.name == "float64"
    values = normals(blocks(key, counter, -(-count // (2 if double else 4))), double)
    return values.reshape(-1)[:count].astype(dtype.numpy).reshape(shape)


@lowering("random_truncated_normal")
def _random_truncated_normal(key: Any, counter: Any, shape: tuple[int, ...], dtype: DType) -> Any:
    count, double = math.prod(shape), dtype.name == "float64"
    per_group = 2 if double else 4
    reserved = 64 * per_group
    groups = -(-count // per_group)
    first = lax.iota(jnp.uint64, groups) * jnp.uint64(reserved)
    columns = jnp.arange(per_group)

    def more(state: Any) -> Any:
        turn, _, filled = state
        return (turn < reserved) & jnp.any(filled < per_group)

    def draw(state: Any) -> Any:
        turn, result, filled = state
        values = normals(blocks_at(key, counter, first + turn.astype(jnp.uint64)), double)
        for column in range(per_group):
            candidate = values[:, column]
            take = (jnp.abs(candidate) < 2) & (filled < per_group)
            at = take[:, None] & (columns == filled[:, None])
            result = jnp.where(at, candidate[:, None], result)
            filled = filled + take
        return turn + 1, result, filled

    start = jnp.zeros((groups, per_group), jnp.float64 if double else jnp.float32)
    _, result, _ = lax.while_loop(more, draw, (jnp.asarray(0), start, jnp.zeros(groups, jnp.int64)))
    return result.reshape(-1)[:count].astype(dtype.numpy).reshape(shape)


@lowering("random_permutation")
def _random_permutation(key: Any, counter: Any, size: int, dtype: DType) -> Any:
    return jnp.argsort(wide(words(key, counter, 2 * size).reshape(-1, 2)), stable=True).astype(dtype.numpy)


@lowering("random_shuffle_order")
def _random_shuffle_order(key: Any, counter: Any, size: int, dtype: DType) -> Any:
    order = jnp.arange(size)
    if size < 2:
        return order.astype(dtype.numpy)
    drawn = words(key, counter, size - 1).astype(jnp.int64)

    def exchange(place: Any, order: Any) -> Any:
        other = place + drawn[place] % (size - place)
        here, there = order[place], order[other]
        return order.at[place].set(there).at[other].set(here)

    return lax.fori_loop(0, size - 1, exchange, order).astype(dtype.numpy)


@lowering("random_categorical", checks=True)
def _random_categorical(check: Any, key: Any, counter: Any, logits: Any, num_samples: int, dtype: DType) -> Any:
    rows, classes = logits.shape
    uniform = unit_float64(words(key, counter, 2 * rows * num_samples).reshape(rows, num_samples, 2))
    if not rows * num_samples:
        return jnp.zeros((rows, num_samples), dtype.numpy)
    logits = logits.astype(jnp.float64)
    finite = jnp.isfinite(logits)
    top = jnp.max(jnp.where(finite, logits, -jnp.inf), axis=-1, keepdims=True)
    weights = jnp.where(finite, jnp.exp(logits - jnp.where(jnp.isfinite(top), top, 0)), 0)
    reached = lax.cumsum(weights, axis=1)
    check(jnp.logical_not(reached[:, -1] > 0))
    last = classes - 1 - jnp.argmax(weights[:, ::-1] > 0, axis=-1)
    goal = uniform * reached[:, -1:]
    found = jnp.sum(reached[:, None, :] <= goal[:, :, None], axis=-1)
    return jnp.minimum(found, last[:, None]).astype(dtype.numpy)


