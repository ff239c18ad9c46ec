"""Philox4x32-10, the counter-based random number generator behind every random op.

A stream is a key of two 32-bit numbers and a counter of 128 bits, given as two or four 32-bit words, low word first.
Block n of a stream is the function of (key, counter + n); it holds four 32-bit words. Word w of a stream is word w % 4
of block w // 4, so any part of a stream can be computed by itself, in any order and on any engine.

Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_FACTORS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_MASK64 = (1 << 64) - 1
#: blocks computed at a time, so that the rounds run in the processor's cache
_CHUNK = 1 << 13


def counter_value(counter: Any) -> int:
    """A counter as one number: two or four 32-bit words, low word first."""
    return sum(int(word) << (32 * position) for position, word in enumerate(np.asarray(counter).ravel()))


def blocks(key: Any, counter: Any, count: int) -> Array:
    """Consecutive blocks: uint32 [count, 4]."""
    result = np.empty((count, 4), np.uint32)
    first = counter_value(counter)
    for start in range(0, count, _CHUNK):
        part = result[start : start + _CHUNK]
        _fill(key, *_consecutive(first + start, len(part)), part)
    return result


def stream_of_seed(seed: Any) -> tuple[Array, Array]:
    """The stream that a seed of two integers stands for: key uint32 [2] and counter uint32 [4].

    Close seeds give unrelated streams, because the seed itself goes through the generator first. TensorFlow's stateless
    ops begin the same way, with the same fixed key.
    """
    numbers = np.asarray(seed).astype(np.int64).astype(np.uint64).ravel()
    counter = np.array([int(n) >> shift & 0xFFFFFFFF for n in numbers for shift in (0, 32)], np.uint32)
    mixed = blocks(np.array([0x3EC8F720, 0x02461E29], np.uint32), counter, 1)[0]
    return mixed[:2].copy(), np.array([0, 0, mixed[2], mixed[3]], np.uint32)


def words(key: Any, counter: Any, count: int) -> Array:
    """The first words of a stream: uint32 [count]."""
    return blocks(key, counter, -(-count // 4)).reshape(-1)[:count]


def blocks_at(key: Any, counter: Any, numbers: Array) -> Array:
    """The blocks of the given numbers (uint64 [n]): uint32 [n, 4]."""
    result = np.empty((numbers.size, 4), np.uint32)
    first = counter_value(counter)
    low, high = np.uint64(first & _MASK64), np.uint64(first >> 64 & _MASK64)
    for start in range(0, numbers.size, _CHUNK):
        part = result[start : start + _CHUNK]
        lows = numbers[start : start + _CHUNK] + low
        _fill(key, lows, high + (lows < low).astype(np.uint64), part)
    return result


def _consecutive(first: int, count: int) -> tuple[Array, Array]:
    """The counters first, first + 1, …: low and high halves, uint64."""
    low = np.uint64(first & _MASK64)
    lows = np.arange(count, dtype=np.uint64) + low
    highs = np.full(count, first >> 64 & _MASK64, np.uint64)
    highs += lows < low
    return lows, highs


def _fill(key: Any, lows: Array, highs: Array, result: Array) -> None:
    """Writes the blocks of some counters into an array [n, 4]."""
    count = len(lows)
    # Each round multiplies two words to 64 bits; halves of the products are read through 32-bit views.
    even, odd = _halves(lows)
    even2, odd2 = _halves(highs)
    c = [even.copy(), odd.copy(), even2.copy(), odd2.copy()]
    products = (np.empty((2, count), np.uint64), np.empty((2, count), np.uint64))
    k0, k1 = (int(word) for word in np.asarray(key).ravel()[:2])
    first, third = c[0], c[2]
    second, fourth = c[1], c[3]
    spare = (np.empty(count, np.uint32), np.empty(count, np.uint32))
    for turn in range(_ROUNDS):
        p0, p1 = products[turn % 2]
        np.multiply(first, _FACTORS[0], out=p0, dtype=np.uint64)
        np.multiply(third, _FACTORS[1], out=p1, dtype=np.uint64)
        low0, high0 = _halves(p0)
        low1, high1 = _halves(p1)
        np.bitwise_xor(high1, second, out=spare[0])
        np.bitwise_xor(spare[0], np.uint32(k0), out=first)
        np.bitwise_xor(high0, fourth, out=spare[1])
        np.bitwise_xor(spare[1], np.uint32(k1), out=third)
        second, fourth = low1, low0
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    for position, word in enumerate((first, second, third, fourth)):
        result[:, position] = word


def _halves(values: Array) -> tuple[Array, Array]:
    """Views of the low and high 32 bits of 64-bit numbers."""
    pairs = values.view(np.uint32).reshape(-1, 2)
    return (pairs[:, 0], pairs[:, 1]) if _LITTLE else (pairs[:, 1], pairs[:, 0])


_LITTLE = bool(np.array([1], np.uint64).view(np.uint32)[0])


# Numbers from bits ----------------------------------------------------------------------------------------------------


def wide(pairs: Array) -> Array:
    """64-bit numbers from pairs of words [..., 2], low word first: uint64."""
    low, high = pairs[..., 0].astype(np.uint64), pairs[..., 1].astype(np.uint64)
    result: Array = low | high << np.uint64(32)
    return result


def unit_float32(bits: Array) -> Array:
    """Multiples of 2**-23 in [0, 1), from the low 23 bits: float32."""
    result: Array = (bits & np.uint32(0x7FFFFF)).astype(np.float32) * np.float32(2.0**-23)
    return result


def unit_float64(pairs: Array) -> Array:
    """Multiples of 2**-52 in [0, 1), from pairs of words [..., 2], the first one giving the high 20 bits: float64."""
    high = (pairs[..., 0] & np.uint32(0xFFFFF)).astype(np.float64)
    result: Array = (high * 2.0**32 + pairs[..., 1]) * 2.0**-52
    return result


def normal_pairs(first: Array, second: Array) -> tuple[Array, Array]:
    """Two independent standard normal numbers from two uniform ones, by Box and Muller.

    Of float32 numbers, the functions are computed in float64 and rounded once, so that no library's last digit shows.
    """
    dtype = first.dtype
    logarithm = np.log(np.maximum(first, np.asarray(1e-7, dtype)).astype(np.float64)).astype(dtype)
    radius = np.sqrt(-2 * logarithm)
    angle = (second * np.float64(2 * np.pi)).astype(dtype).astype(np.float64)
    return np.sin(angle).astype(dtype) * radius, np.cos(angle).astype(dtype) * radius


def normal_float32(groups: Array) -> Array:
    """Four float32 normal numbers from each block [n, 4]."""
    uniform = unit_float32(groups)
    result = np.empty_like(uniform)
    for column in (0, 2):
        result[:, column], result[:, column + 1] = normal_pairs(uniform[:, column], uniform[:, column + 1])
    return result


def normal_float64(groups: Array) -> Array:
    """Two float64 normal numbers from each block [n, 4]."""
    uniform = unit_float64(groups.reshape(-1, 2, 2))
    return np.stack(normal_pairs(uniform[:, 0], uniform[:, 1]), axis=-1)


def truncated(key: Any, counter: Any, count: int, double: bool) -> Array:
    """Normal numbers within two standard deviations: those outside are drawn again.

    A group of four numbers (two in float64) has 256 (128) blocks of its own and takes from them, in order, what lies
    within: so much that it never runs out in practice.
    """
    per_group = 2 if double else 4
    reserved = 64 * per_group
    groups = -(-count // per_group)
    result = np.zeros((groups, per_group), np.float64 if double else np.float32)
    filled = np.zeros(groups, np.int64)
    for turn in range(reserved):
        open_groups = np.flatnonzero(filled < per_group)
        if not open_groups.size:
            break
        drawn = blocks_at(key, counter, (open_groups * reserved + turn).astype(np.uint64))
        values = normal_float64(drawn) if double else normal_float32(drawn)
        for column in range(values.shape[1]):
            candidate = values[:, column]
            take = (np.abs(candidate) < 2) & (filled[open_groups] < per_group)
            chosen = open_groups[take]
            result[chosen, filled[chosen]] = candidate[take]
            filled[chosen] += 1
    return result.reshape(-1)[:count]
