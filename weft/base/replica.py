"""Which of several replicas the present thread runs, where replicas run in threads of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Replica(NamedTuple):
    """One of several.

    Attributes:
        number: Which one.
        among: How many there are.
    """

    number: int
    among: int


class _Here(threading.local):
    replica = Replica(0, 1)


_here = _Here()


@contextmanager
def running(number: int, count: int) -> Iterator[None]:
    """Says so of the present thread for a while."""
    before, _here.replica = _here.replica, Replica(number, count)
    try:
        yield
    finally:
        _here.replica = before


def present() -> Replica:
    """The one that the present thread runs; the only one outside of replicas."""
    return _here.replica
