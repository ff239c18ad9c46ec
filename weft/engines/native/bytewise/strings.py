"""Strings on the host by native code: between two ops they are addresses and sizes in bytes that somebody keeps.

Python's objects are read where they lie, and made again only where an op needs them or a graph returns them.
"""

from __future__ import annotations

import ctypes
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from weft.base.locks import Lock
from weft.engines.native.bytewise import words
from weft.ops import opdef, string, string_pattern, string_split
from weft.ops.opdef import OpDef

_VIEW = np.dtype([("at", np.int64), ("size", np.int64)])
#: words of what every Python object begins with
_HEAD = object.__basicsize__ // 8
#: what takes long for more strings than these; asking for one's turn again would take longer than all else
_LONG, _SHORT = (words.translate, words.take_parts, words.look_up), 32
_BYTES = bytes(range(256))
_ALL_KEPT = bytes([1] * 256)

Kernel = Callable[[Sequence[Any], Mapping[str, Any]], "tuple[Any, ...] | None"]


class Strings(np.ndarray[Any, Any]):
    """A tensor of strings: where each lies and its size.

    Attributes:
        owners: What keeps the bytes.
    """

    owners: tuple[Any, ...] = ()

    def __array_finalize__(self, source: Any) -> None:
        self.owners = getattr(source, "owners", ())


def made_of(views: Any, shape: Sequence[int], owners: tuple[Any, ...]) -> Strings:
    """The strings of some addresses and sizes."""
    made = views.view(_VIEW).reshape(shape).view(Strings)
    made.owners = owners
    found: Strings = made
    return found


def as_words(strings: Any) -> Any:
    """The addresses and sizes as one array of numbers."""
    return np.ascontiguousarray(np.asarray(strings)).reshape(-1).view(np.int64)


@cache
def _native(function: Callable[..., Any], free: bool) -> Callable[..., int]:
    return words.library.native(function, free)


def _run(function: Callable[..., Any], count: int, *given: Any) -> int:
    """Calls a kernel, arrays by their addresses; other threads run meanwhile where it takes long."""
    places = [g.ctypes.data if isinstance(g, np.ndarray) else g for g in given]
    return _native(function, count > _SHORT and function in _LONG)(*places)


@cache
def knows_objects() -> bool:
    """Whether Python keeps bytes as `find_objects` believes: tried out on some."""
    if sys.implementation.name != "cpython" or object.__basicsize__ != 16 or bytes.__basicsize__ != 33:
        return False
    some = np.array([b"", b"weft", bytes(300)], object)
    found = of_objects(some, trusted=True)
    if found is None or [ctypes.string_at(int(v["at"]), int(v["size"])) for v in found] != some.tolist():
        return False
    return of_objects(np.array([b"a", "a"], object), trusted=True) is None


def of_objects(objects: Any, trusted: bool = False) -> Strings | None:
    """The strings of a tensor of Python's objects; None where others are among them."""
    if not trusted and not knows_objects():
        return None
    flat = np.ascontiguousarray(objects)
    views = np.empty(2 * flat.size, np.int64)
    if _run(words.find_objects, 0, flat, flat.size, views, id(bytes), _HEAD) < flat.size:
        return None
    return made_of(views, objects.shape, (flat,))


_NONE = id(None) if sys.version_info < (3, 12) else 1  # later it is not counted who has None; nothing lies at 1


@cache
def _maker() -> tuple[Callable[..., int], int]:
    address = ctypes.cast(ctypes.pythonapi.PyBytes_FromStringAndSize, ctypes.c_void_p).value
    return words.library.native(words.make_objects, free=False), address or 0


def plain(value: Any) -> Any:
    """A value as references know it: strings become Python's objects."""
    if not isinstance(value, Strings):
        return value
    made = np.empty(value.size, object)
    run, maker = _maker()
    views = as_words(value)
    if run(views.ctypes.data, value.size, made.ctypes.data, maker, _NONE) < value.size:
        raise MemoryError("there is no memory for so many strings")
    return made.reshape(value.shape)


def taken(value: Any) -> Strings | None:
    """A tensor of strings, Python's objects or not; None where other objects are in it."""
    return value if isinstance(value, Strings) else of_objects(value)


# What changes bytes --------------------------------------------------------------------------------------------------


def _translated(x: Any, into: bytes, kept: bytes) -> tuple[Any, ...] | None:
    strings = taken(x)
    if strings is None:
        return None
    views, count = as_words(strings), strings.size
    goal = np.empty(_run(words.total, count, views, count) + 1, np.uint8)  # one more: what is left out is written, too
    made = np.empty(2 * count + 1, np.int64)
    made[0] = goal.ctypes.data
    _run(words.translate, count, views, count, into, kept, goal, made)
    return (made_of(made[: 2 * count], strings.shape, (goal,)),)


def _cased(table: bytes) -> Kernel:
    def kernel(operands: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...] | None:
        return None if attrs["encoding"] else _translated(operands[0], table, _ALL_KEPT)

    return kernel


def _replaced(operands: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    pattern, rewrite = plain(operands[1]), plain(operands[2])
    letters = string_pattern.letters(pattern.item()) if attrs["replace_global"] else None
    if letters is None or rewrite.item():
        return None
    return _translated(operands[0], _BYTES, bytes(code not in letters for code in range(256)))


# Parts ---------------------------------------------------------------------------------------------------------------


def _marks(attrs: Mapping[str, Any]) -> tuple[bytes, int] | None:
    """Which bytes divide, and whether runs of them do; None for what takes Python."""
    separator = string.raw(attrs["separator"])
    if attrs["maxsplit"] >= 0 or len(separator) > 1:
        return None
    if not separator:
        return words.SPACE, 1
    return bytes(code == separator[0] for code in range(256)), 0


def _split_rows(operands: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    marks, strings = _marks(attrs), taken(operands[0])
    if marks is None or strings is None:
        return None
    views, count, width = as_words(strings), strings.size, attrs["width"]
    if width is None:
        width = _run(words.count_parts, count, views, count, *marks, np.empty(count, np.int64))
    made = np.empty(2 * count * width, np.int64)
    if width:
        _run(words.take_parts, count, views, count, *marks, width, made)
    return (made_of(made, (*strings.shape, width), strings.owners),)


def _split(operands: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    marks, strings = _marks(attrs), taken(operands[0])
    if marks is None or strings is None:
        return None
    views, count = as_words(strings), strings.size
    counts = np.empty(count, np.int64)
    _run(words.count_parts, count, views, count, *marks, counts)
    made = np.empty(2 * int(counts.sum()), np.int64)
    _run(words.take_parts, count, views, count, *marks, 0, made)
    index, shape = string_split.places(strings.shape, counts)
    return index, made_of(made, (len(index),), strings.owners), shape


# Comparing and looking up --------------------------------------------------------------------------------------------


def _compared(operands: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    if not all(isinstance(x, Strings) or x.dtype == object for x in operands):
        return None
    first, second = (taken(x) for x in operands)
    if first is None or second is None:
        return None
    shape = np.broadcast_shapes(first.shape, second.shape)
    count = int(np.prod(shape))
    sides: list[Any] = []
    for x in (first, second):
        one = x.size == 1
        sides += [as_words(x if one or x.shape == shape else np.broadcast_to(x, shape)), 0 if one else 2]
    found = np.empty(shape, np.bool_)
    _run(words.compare, count, *sides, count, found)
    return (found,)


def _differing(operands: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    found = _compared(operands, attrs)
    return None if found is None else (~found[0],)


class _Table:
    """The keys of a lookup, by their hashes."""

    def __init__(self, keys: Strings) -> None:
        self.owners = keys.owners
        size = 4
        while size < 2 * keys.size:
            size *= 2
        self.mask = size - 1
        self.slots = np.zeros(4 * size, np.int64)
        _run(words.enter, keys.size, as_words(keys), keys.size, self.slots, self.mask)


_lock = Lock()
_tables: dict[int, tuple[Any, _Table]] = {}  # by the array's id: a weak reference to it, and its table


def _table_of(keys: Any) -> _Table | None:
    """The table of an array of keys, kept for as long as the array lives."""
    name = id(keys)
    with _lock:
        known = _tables.get(name)
        if known is not None and known[0]() is keys:
            return known[1]
    strings = taken(keys)
    if strings is None:
        return None
    made = _Table(strings)
    # it keeps a copy of the array, so that it does not keep the array itself
    made.owners = tuple([owner.copy() if owner is keys else owner for owner in made.owners])
    with _lock:
        _tables[name] = (weakref.ref(keys, lambda gone: _forget(name, gone)), made)
    return made


def _forget(name: int, gone: Any) -> None:
    with _lock:
        known = _tables.get(name)
        if known is not None and known[0] is gone:
            del _tables[name]


def _positions(operands: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    values, keys = operands
    if not (isinstance(values, Strings) or values.dtype == object):
        return None
    strings, table = taken(values), _table_of(keys)
    if strings is None or table is None:
        return None
    found = np.empty(strings.shape, np.int64)
    count = strings.size
    _run(words.look_up, count, as_words(strings), count, table.slots, table.mask, found)
    return (found,)


# Places --------------------------------------------------------------------------------------------------------------

#: ops that only move elements, and do not look into them
_MOVES = frozenset((
    "identity", "reshape", "expand_dims", "squeeze", "strided_slice", "slice", "broadcast_to", "gather", "gather_nd",
    "transpose", "concat", "stack", "reverse", "tensor_scatter_update", "ensure_shape", "boolean_mask",
))  # fmt: skip


def _moved(record: OpDef, operands: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """An op that moves elements, where a string among them is no object."""
    owners: tuple[Any, ...] = ()
    given = []
    for operand in operands:
        strings = taken(operand) if operand.dtype == object else operand
        if strings is None:
            return None
        if isinstance(strings, Strings):
            owners += tuple(owner for owner in strings.owners if not any(owner is o for o in owners))
        given.append(np.asarray(strings))
    results = opdef.apply_reference(record, given, attrs)
    return tuple([made_of(r.view(), r.shape, owners) if r.dtype == _VIEW else r for r in results])


_KERNELS: dict[str, Kernel] = {
    "string_lower": _cased(string.TO_LOWER), "string_upper": _cased(string.TO_UPPER), "regex_replace": _replaced,
    "string_split": _split, "string_split_rows": _split_rows, "positions_of": _positions, "equal": _compared,
    "not_equal": _differing,
}  # fmt: skip


def kernel_for(record: OpDef, operands: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """An op's results by native code; None where it has none for this."""
    kernel = _KERNELS.get(record.name)
    if kernel is not None:
        return kernel(operands, attrs)
    if record.name in _MOVES and any(isinstance(operand, Strings) for operand in operands):
        return _moved(record, operands, attrs)
    return None
