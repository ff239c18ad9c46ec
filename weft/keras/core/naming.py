"""Names: automatic ones (`dense`, `dense_1`), scopes, and the paths of variables."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from weft.extend import Lock, set_part

#: where a new word begins in CamelCase: a capital behind a small letter, or one that small letters follow
_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])")

_lock = Lock()
_counts: dict[str, int] = {}


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.names: list[str] = []
        self.callers: list[object] = []


_scopes = _Scopes()


def to_snake_case(name: str) -> str:
    """`Conv2DTranspose` → `conv2d_transpose`, `LSTM` → `lstm`."""
    plain = "".join(character for character in name if character.isalnum() or character == "_")
    return _WORD_START.sub("_", plain).lower()


def auto_name(prefix: str) -> str:
    """The prefix when it is asked for first, then `prefix_1`, `prefix_2`, …"""
    with _lock:
        count = _counts.get(prefix, 0)
        _counts[prefix] = count + 1
    return prefix if count == 0 else f"{prefix}_{count}"


def reset_names() -> None:
    """Starts the numbering of automatic names again."""
    with _lock:
        _counts.clear()


@contextmanager
def name_scope(name: str, caller: object = None) -> Iterator[None]:
    """Puts a name in front of the paths of variables made inside.

    Args:
        name: The name.
        caller: Whoever opens it; opening it again at once for the same caller changes nothing.
    """
    if caller is not None and _scopes.callers and _scopes.callers[-1] is caller:
        yield
        return
    _scopes.names.append(name)
    _scopes.callers.append(caller)
    before = set_part(current_path())
    try:
        yield
    finally:
        set_part(before)
        _scopes.names.pop()
        _scopes.callers.pop()


@contextmanager
def path_scope(path: str) -> Iterator[None]:
    """Puts a path in front of what is made inside, where no scope is open: a layer's own, once it has one."""
    if not path or _scopes.names:
        yield
        return
    with name_scope(path):
        yield


def current_path() -> str:
    """The open scopes joined by slashes."""
    return "/".join(_scopes.names)


def path_in_graphs() -> str:
    """The open scopes as TensorFlow 1's graphs have them: models of symbolic tensors and cells are left out."""
    found: list[str] = []
    around: object = None
    for name, caller in zip(_scopes.names, _scopes.callers, strict=True):
        is_cell = caller is not None and getattr(around, "cell", None) is caller
        if getattr(caller, "_names_in_graphs", True) and not is_cell:
            found.append(name)
        around = caller
    return "/".join(found)
