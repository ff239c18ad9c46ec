"""Locks that survive a fork."""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections import deque
from collections.abc import Iterable
from itertools import repeat
from types import TracebackType
from typing import Any

_serials = itertools.count()
_RLock: Any = type(threading.RLock())


class Lock:
    """A re-entrant lock for `with` blocks.

    A forked child has one thread. A lock that another thread of its parent held at that moment would stay held for
    ever; this one is free there.

    Example:
        >>> lock = Lock()
        >>> with lock, lock:
        ...     pass
    """

    __slots__ = ("__weakref__", "_lock", "serial")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.serial = next(_serials)
        _made.add(self)

    def __enter__(self) -> Lock:
        self._lock.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lock.release()


class Together:
    """Several locks as one, taken in the order in which they were made: so no two threads wait for each other.

    Ctrl-C leaves none behind: the locks are taken and released in loops that Python does not interrupt.

    Args:
        locks: Which; one may be there twice.

    Example:
        >>> with Together([Lock(), Lock()]):
        ...     pass
    """

    __slots__ = ("_held", "_locks")

    def __init__(self, locks: Iterable[Lock]) -> None:
        self._locks = sorted(set(locks), key=_serial)
        self._held: list[Any] = []

    def acquire(self) -> None:
        """Takes them all, or none where it is interrupted."""
        try:
            self._held.extend(filter(_RLock.acquire, [lock._lock for lock in self._locks]))
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Releases those that are held."""
        deque(map(_RLock.release, map(list.pop, repeat(self._held, len(self._held)))), maxlen=0)

    def __enter__(self) -> Together:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def _serial(lock: Lock) -> int:
    return lock.serial


_made: weakref.WeakSet[Lock] = weakref.WeakSet()


def _free_in_child() -> None:
    for lock in list(_made):
        if lock._lock.acquire(blocking=False):  # nobody's, or the forking thread's own, which will release it
            lock._lock.release()
        else:
            lock._lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_in_child)
