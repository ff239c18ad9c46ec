"""What holds while a file is read or written: whether code may run, and which objects occur more than once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from weft.keras import config


class _State(threading.local):
    def __init__(self) -> None:
        self.safe: list[bool] = []
        self.rebuilding = 0
        self.copying = 0
        self.written: list[dict[int, tuple[Any, int]]] = []
        self.read: list[dict[int, Any]] = []


_state = _State()


@contextmanager
def safe_mode(value: Any) -> Iterator[None]:
    """Inside, Python code in configurations runs where `value` is False; an outer scope wins over inner ones."""
    _state.safe.append(_state.safe[-1] if _state.safe else value is not False)
    try:
        yield
    finally:
        _state.safe.pop()


def may_run_code() -> bool:
    """Whether Python code in configurations may run: only where somebody said so."""
    return config.is_unsafe_deserialization_enabled() or (bool(_state.safe) and not _state.safe[-1])


@contextmanager
def rebuilding() -> Iterator[None]:
    """Inside, objects are made whose state comes afterwards: vocabularies may still be missing."""
    _state.rebuilding += 1
    try:
        yield
    finally:
        _state.rebuilding -= 1


def is_rebuilding() -> bool:
    """Whether the state of objects comes later."""
    return _state.rebuilding > 0


@contextmanager
def copying() -> Iterator[None]:
    """Inside, configurations go into copies in this process and not into files: they hold lambdas as they are."""
    _state.copying += 1
    try:
        yield
    finally:
        _state.copying -= 1


def is_copying() -> bool:
    """Whether configurations stay in this process."""
    return _state.copying > 0


@contextmanager
def shared_objects() -> Iterator[None]:
    """Inside, an object that occurs twice is one object again after reading."""
    _state.written.append({})
    _state.read.append({})
    try:
        yield
    finally:
        _state.written.pop()
        _state.read.pop()


def note_written(obj: Any, record: dict[str, Any]) -> None:
    """An object was written as a record; gives it a number where it has state, so that it can be shared."""
    if not _state.written or not hasattr(obj, "save_own_variables"):
        return
    known = _state.written[-1]  # objects are kept, lest another one takes their place in memory
    _, number = known.setdefault(id(obj), (obj, len(known) + 1))
    record["shared_object_id"] = number


def already_read(record: dict[str, Any]) -> Any:
    """The object that a record with a number stands for, where it was read before; else None."""
    number = record.get("shared_object_id")
    return _state.read[-1].get(number) if _state.read and isinstance(number, int) else None


def note_read(record: dict[str, Any], obj: Any) -> None:
    """An object was read from a record."""
    number = record.get("shared_object_id")
    if _state.read and isinstance(number, int):
        _state.read[-1][number] = obj
