"""Threads that share the processors with others of their kind: what they run takes one processor each."""

from __future__ import annotations

import threading


class _Here(threading.local):
    alone = False


_here = _Here()


def work_alone() -> None:
    """Says so of the present thread, until it ends."""
    _here.alone = True


def works_alone() -> bool:
    """Whether the present thread is one of them."""
    return _here.alone
