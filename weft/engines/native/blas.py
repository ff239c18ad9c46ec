"""One thread for the BLAS that numpy brings, while we use it: the same bits every time, and no threads left spinning.

Wheels of numpy hold an OpenBLAS, which has functions to read and to set how many threads it takes. Another BLAS is
left as it is.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

from weft.base.locks import Lock

_PREFIXES = ("scipy_openblas", "openblas")
_SUFFIXES = ("64_", "")
_lock = Lock()
_inside = 0  # how many are within `one_thread`
_before = 0  # how many threads there were when the first of them came


@cache
def _functions() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """What reads and what sets the number of threads; None where numpy brings another BLAS."""
    home = Path(np.__file__).parent
    for folder in (home.parent / "numpy.libs", home / ".libs", home / ".dylibs"):
        for file in sorted(folder.glob("*openblas*")):
            with contextlib.suppress(OSError):
                library = ctypes.CDLL(str(file))  # which numpy has loaded already
                for prefix in _PREFIXES:
                    for suffix in _SUFFIXES:
                        read = getattr(library, f"{prefix}_get_num_threads{suffix}", None)
                        change = getattr(library, f"{prefix}_set_num_threads{suffix}", None)
                        if read is not None and change is not None:
                            change.restype = None
                            return read, change
    return None


def threads() -> int | None:
    """How many threads numpy's BLAS takes; None where it does not say."""
    found = _functions()
    return None if found is None else found[0]()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Products within it use one thread. The number is the process's: it comes back when the last one has left."""
    global _inside, _before
    found = _functions()
    if found is None:
        yield
        return
    read, change = found
    with _lock:
        if _inside == 0:
            _before = read()
            if _before != 1:
                change(1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0 and _before != 1:
                change(_before)
