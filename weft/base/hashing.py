"""Hashes of bytes that mean the same everywhere: FarmHash's 64-bit fingerprint, SipHash-2-4 and a 64-bit MurmurHash.

They are TensorFlow's, so that a vocabulary hashed by one is found by the other. All arithmetic is modulo 2**64.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

_MASK = 0xFFFFFFFFFFFFFFFF
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _rotate_right(x: int, by: int) -> int:
    x &= _MASK
    return (x >> by | x << (64 - by)) & _MASK


def _word(data: Any, at: int, size: int = 8) -> Any:
    if data.__class__ is _Column:
        return data.word(at, size)
    return int.from_bytes(data[at : at + size], "little")


# FarmHash ------------------------------------------------------------------------------------------------------------


def _mix(x: int) -> int:
    x &= _MASK
    return x ^ x >> 47


def _pair(u: int, v: int, factor: int) -> int:
    """Two words made one."""
    a = _mix(((u ^ v) & _MASK) * factor)
    return _mix(((v ^ a) & _MASK) * factor) * factor & _MASK


def _up_to_16(s: Any) -> Any:
    n = len(s)
    factor = _K2 + n * 2
    if n >= 8:
        a = _word(s, 0) + _K2
        b = _word(s, n - 8)
        c = _rotate_right(b, 37) * factor + a
        d = (_rotate_right(a, 25) + b) * factor
        return _pair(c, d, factor)
    if n >= 4:
        return _pair(n + (_word(s, 0, 4) << 3), _word(s, n - 4, 4), factor)
    if n:
        y = s[0] + (s[n >> 1] << 8)
        z = n + (s[n - 1] << 2)
        return _mix(y * _K2 ^ z * _K0) * _K2 & _MASK
    return _K2


def _up_to_32(s: Any) -> Any:
    n = len(s)
    factor = _K2 + n * 2
    a, b = _word(s, 0) * _K1, _word(s, 8)
    c, d = _word(s, n - 8) * factor, _word(s, n - 16) * _K2
    return _pair(_rotate_right(a + b, 43) + _rotate_right(c, 30) + d, a + _rotate_right(b + _K2, 18) + c, factor)


def _up_to_64(s: Any) -> Any:
    n = len(s)
    factor = _K2 + n * 2
    a, b = _word(s, 0) * _K2, _word(s, 8)
    c, d = _word(s, n - 8) * factor, _word(s, n - 16) * _K2
    y = _rotate_right(a + b, 43) + _rotate_right(c, 30) + d
    z = _pair(y, a + _rotate_right(b + _K2, 18) + c, factor)
    e, f = _word(s, 16) * factor, _word(s, 24)
    g, h = (y + _word(s, n - 32)) * factor, (z + _word(s, n - 24)) * factor
    return _pair(_rotate_right(e + f, 43) + _rotate_right(g, 30) + h, e + _rotate_right(f + a, 18) + g, factor)


def _four_words(s: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    """Two words of state stirred with 32 bytes."""
    w, x, y, z = (_word(s, at + offset) for offset in (0, 8, 16, 24))
    a += w
    b = _rotate_right(b + a + z, 21)
    c = a
    a += x + y
    return (a + z) & _MASK, (b + _rotate_right(a, 44) + c) & _MASK


def fingerprint64(s: Any) -> Any:
    """FarmHash's 64-bit fingerprint: the same number on every machine, for good.

    Args:
        s: Any bytes.

    Returns:
        A number from 0 to 2**64 - 1.
    """
    n = len(s)
    if n <= 16:
        return _up_to_16(s)
    if n <= 32:
        return _up_to_32(s)
    if n <= 64:
        return _up_to_64(s)
    seed = 81
    y = (seed * _K1 + 113) & _MASK
    z = _mix(y * _K2 + 113) * _K2 & _MASK
    v = w = (0, 0)
    x = (seed * _K2 + _word(s, 0)) & _MASK
    last = (n - 1) // 64 * 64
    for at in (*range(0, last, 64), n - 64):
        # the last 64 bytes are stirred in once more, with factors that depend on what came before
        closing = at == n - 64 and at + 64 > last
        factor, nine = (_K1 + ((z & 0xFF) << 1), 9) if closing else (_K1, 1)
        if closing:
            w = (w[0] + ((n - 1) & 63), w[1])
            v = (v[0] + w[0], v[1])
            w = (w[0] + v[0], w[1])
        x = _rotate_right(x + y + v[0] + _word(s, at + 8), 37) * factor
        y = _rotate_right(y + v[1] + _word(s, at + 48), 42) * factor
        x = (x ^ w[1] * nine) & _MASK
        y = (y + v[0] * nine + _word(s, at + 40)) & _MASK
        z = _rotate_right(z + w[0], 33) * factor & _MASK
        v = _four_words(s, at, v[1] * factor, x + w[0])
        w = _four_words(s, at + 32, z + w[1], y + _word(s, at + 16))
        z, x = x, z
    return _pair(_pair(v[0], w[0], factor) + _mix(y) * _K0 + z, _pair(v[1], w[1], factor) + x, factor)


def fingerprints64(texts: Sequence[bytes]) -> Any:
    """The fingerprints of many texts: those of up to 64 bytes that have one length at once.

    Args:
        texts: Any bytes.

    Returns:
        uint64 `[texts]`.
    """
    return _of_many(texts, fingerprint64, 64)


def murmurs64(texts: Sequence[bytes]) -> Any:
    """`murmur64` of many texts, as `fingerprints64`."""
    return _of_many(texts, murmur64, 1 << 10)


def _of_many(texts: Sequence[bytes], function: Any, longest: int) -> Any:
    """The numbers of many texts: those of up to a length that have one length at once."""
    found = np.empty(len(texts), np.uint64)
    if not len(texts):
        return found
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    order = np.argsort(lengths, kind="stable")
    bounds = [0, *(np.flatnonzero(np.diff(lengths[order])) + 1).tolist(), len(texts)]
    for begin, end in pairwise(bounds):
        places = order[begin:end]
        members = [texts[place] for place in places.tolist()]
        if len(members) < _WORTH_A_TABLE or not 0 < len(members[0]) <= longest:
            found[places] = np.array([function(text) for text in members], np.uint64)
        else:
            found[places] = function(_Column(members))
    return found


_WORTH_A_TABLE = 32  # texts of one length


class _Column:
    """Many texts of one length, of which each word is a column of numbers modulo 2**64."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        self._table = np.frombuffer(b"".join(texts), np.uint8).reshape(len(texts), -1)

    def __len__(self) -> int:
        return self._table.shape[1]

    def __getitem__(self, at: int) -> Any:
        return self._table[:, at].astype(np.uint64)

    def word(self, at: int, size: int) -> Any:
        part = self._table[:, at : at + size]
        if part.shape[1] < size:  # the end of the texts
            part = np.pad(part, [(0, 0), (0, size - part.shape[1])])
        return np.ascontiguousarray(part).view(f"<u{size}")[:, 0].astype(np.uint64)


# SipHash -------------------------------------------------------------------------------------------------------------


def _rotate_left(x: int, by: int) -> int:
    return (x << by | x >> (64 - by)) & _MASK


def _rounds(v: list[int], count: int) -> None:
    a, b, c, d = v
    for _ in range(count):
        a = (a + b) & _MASK
        c = (c + d) & _MASK
        b = _rotate_left(b, 13) ^ a
        d = _rotate_left(d, 16) ^ c
        a = _rotate_left(a, 32)
        a = (a + d) & _MASK
        c = (c + b) & _MASK
        d = _rotate_left(d, 21) ^ a
        b = _rotate_left(b, 17) ^ c
        c = _rotate_left(c, 32)
    v[:] = a, b, c, d


def siphash(s: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4, a keyed hash for input that may be hostile.

    Args:
        s: Any bytes.
        key: Two numbers; negative ones count modulo 2**64.

    Returns:
        A number from 0 to 2**64 - 1.

    Source:
        Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012).
    """
    k0, k1 = (k & _MASK for k in key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    whole = len(s) // 8 * 8
    for at in range(0, whole + 1, 8):
        word = _word(s, at) if at < whole else _word(s, at) | (len(s) & 0xFF) << 56
        v[3] ^= word
        _rounds(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    _rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


# MurmurHash ----------------------------------------------------------------------------------------------------------

_MURMUR = 0xC6A4A7935BD1E995


def murmur64(s: Any, seed: int = 0xDECAFCAFFE) -> Any:
    """The 64-bit MurmurHash (variant A) that `tf.strings.to_hash_bucket` uses.

    Args:
        s: Any bytes.
        seed: A number that changes the whole function.

    Returns:
        A number from 0 to 2**64 - 1.
    """
    h = (seed ^ len(s) * _MURMUR) & _MASK
    whole = len(s) // 8 * 8
    for at in range(0, whole, 8):
        k = _mix(_word(s, at) * _MURMUR) * _MURMUR
        h = ((h ^ k) & _MASK) * _MURMUR & _MASK
    if whole < len(s):
        h = (h ^ _word(s, whole)) * _MURMUR & _MASK
    return _mix(_mix(h) * _MURMUR)


# Crosses -------------------------------------------------------------------------------------------------------------

#: what a cross of features begins with
CROSS_KEY = 0xDECAFCAFFE


def concatenate(first: int, second: int) -> int:
    """The fingerprint of two fingerprints, one after the other."""
    factor = 0xC6A4A7935BD1E995
    mixed = _mix(second * factor) * factor
    mixed = ((first ^ factor) ^ mixed) * factor & _MASK
    return _mix(_mix(mixed) * factor)
