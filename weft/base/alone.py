"""Threads that share the processors with others of their kind: what they run takes one processor each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Here(threading.local):
    alone = False


_here = _Here()


def work_alone() -> None:
    """Says so of the present thread, until it ends."""
    _here.alone = True


@contextmanager
def working_alone() -> Iterator[None]:
    """Says so of the present thread for a while: others are busy with what it will need next."""
    before, _here.alone = _here.alone, True
    try:
        yield
    finally:
        _here.alone = before


def works_alone() -> bool:
    """Whether the present thread is one of them."""
    return _here.alone
