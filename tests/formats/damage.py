"""Damaged copies of a file's bytes, and the check that a reader takes damage well."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

from weft.base.errors import DataLossError, InvalidArgumentError, NotFoundError, UnimplementedError

REFUSALS = (DataLossError, InvalidArgumentError, NotFoundError, UnimplementedError)


def truncations(data: bytes) -> Iterator[bytes]:
    """Every proper prefix."""
    for length in range(len(data)):
        yield data[:length]


def flips(data: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """Copies with one to three bits turned over."""
    rng = random.Random(seed)
    for _ in range(count):
        damaged = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        yield bytes(damaged)


def refused(read: Callable[[], Any]) -> bool:
    """Whether reading ends in one of the errors that damage may end in; any other error is the test's failure."""
    try:
        read()
    except REFUSALS:
        return True
    return False


def peak_memory(call: Callable[[], Any]) -> int:
    """The most bytes that Python and numpy held at once during a call, beyond those before it."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
