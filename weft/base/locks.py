"""Locks that survive a fork."""

from __future__ import annotations

import os
import threading
import weakref
from types import TracebackType


class Lock:
    """A re-entrant lock for `with` blocks.

    A forked child has one thread. A lock that another thread of its parent held at that moment would stay held for
    ever; this one is free there.

    Example:
        >>> lock = Lock()
        >>> with lock, lock:
        ...     pass
    """

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _made.add(self)

    def __enter__(self) -> Lock:
        self._lock.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lock.release()


_made: weakref.WeakSet[Lock] = weakref.WeakSet()


def _free_in_child() -> None:
    for lock in list(_made):
        if lock._lock.acquire(blocking=False):  # nobody's, or the forking thread's own, which will release it
            lock._lock.release()
        else:
            lock._lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_in_child)
