"""Python's garbage collector, put off while much is made that stays.

Tracing and compiling make graphs of many thousand objects. The collector goes through all of them again and again as
they become more, and finds nothing: a third of the time.
"""

from __future__ import annotations

import gc
import os
import threading
from types import TracebackType

_lock = threading.Lock()
_depth = 0
_was_on = False


class Later:
    """No collections within, in any thread.

    Example:
        >>> with Later():
        ...     gc.isenabled()
        False
    """

    __slots__ = ()

    def __enter__(self) -> None:
        global _depth, _was_on
        with _lock:
            if _depth == 0:
                _was_on = gc.isenabled()
                gc.disable()
            _depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        global _depth
        with _lock:
            _depth -= 1
            if _depth == 0 and _was_on:
                gc.enable()


def _restore() -> None:
    """In a child after fork the thread that put collections off is not there."""
    global _lock, _depth
    _lock = threading.Lock()
    if _depth and _was_on:
        gc.enable()
    _depth = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restore)
