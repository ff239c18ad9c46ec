"""The values of repeated and map fields. They check what is put into them and tell their message of the change.

Numbers are kept in an `array.array`: compact, typed, and a cheap `np.asarray` away.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt

from weft.formats.fields import INT_RANGES, FieldSpec, check_scalar

if TYPE_CHECKING:
    from weft.formats.message import Message

T = TypeVar("T")
K = TypeVar("K")
M = TypeVar("M", bound="Message")

_TYPE_CODES: Final = {
    "float": "f",
    "double": "d",
    "bool": "B",
    "int32": "i",
    "sint32": "i",
    "sfixed32": "i",
    "enum": "i",
    "uint32": "I",
    "fixed32": "I",
    "int64": "q",
    "sint64": "q",
    "sfixed64": "q",
    "uint64": "Q",
    "fixed64": "Q",
}


class RepeatedScalar(MutableSequence[T]):
    """The numbers, texts or bytes of a repeated field."""

    __slots__ = ("_items", "_owner", "_spec")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, spec: FieldSpec, owner: Message | None = None) -> None:
        self._spec = spec
        self._owner = owner
        self._items: Any = array(_TYPE_CODES[spec.kind]) if spec.kind in _TYPE_CODES else []

    def _touch(self) -> None:
        if self._owner is not None:
            self._owner._touch()

    def _check_all(self, values: Iterable[Any]) -> Any:
        """The values in storable form, checked as a whole where that is faster than one by one."""
        spec = self._spec
        if isinstance(values, RepeatedScalar) and values._spec.kind == spec.kind:
            return values._items
        if isinstance(self._items, array) and isinstance(values, np.ndarray) and values.ndim == 1:
            fast = _array_from_numpy(spec, self._items.typecode, values)
            if fast is not None:
                return fast
        if isinstance(self._items, array) and spec.kind not in ("bool", "enum"):
            known = values if isinstance(values, (list, tuple)) else list(values)
            try:
                return array(self._items.typecode, known)
            except (TypeError, OverflowError):
                return array(self._items.typecode, [spec.check(value) for value in known])
        checked = [spec.check(value) for value in values]
        return array(self._items.typecode, checked) if isinstance(self._items, array) else checked

    def _out(self, value: Any) -> Any:
        return value != 0 if self._spec.kind == "bool" else value

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> MutableSequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | MutableSequence[T]:
        if isinstance(index, slice):
            return [self._out(value) for value in self._items[index]]
        found: T = self._out(self._items[index])
        return found

    def __setitem__(self, index: int | slice, value: Any) -> None:
        self._items[index] = self._check_all(value) if isinstance(index, slice) else self._spec.check(value)
        self._touch()

    def __delitem__(self, index: int | slice) -> None:
        del self._items[index]
        self._touch()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items) if self._spec.kind != "bool" else iter([self._out(item) for item in self._items])

    def insert(self, index: int, value: T) -> None:
        """Puts a value in front of the one at `index`."""
        self._items.insert(index, self._spec.check(value))
        self._touch()

    def append(self, value: T) -> None:
        """Adds a value at the end."""
        self._items.append(self._spec.check(value))
        self._touch()

    def extend(self, values: Iterable[T]) -> None:
        """Adds values at the end; a numpy array of numbers is taken as a whole."""
        checked = self._check_all(values)
        if len(checked):
            self._items.extend(checked)
            self._touch()

    def MergeFrom(self, other: Iterable[T]) -> None:
        """Adds the values of another repeated field at the end."""
        self.extend(other)

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """Sorts in place, as `list.sort` does."""
        self[:] = sorted(self, key=key, reverse=reverse)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if not isinstance(self._items, array):
            out = np.empty(len(self._items), object)
            out[:] = self._items
            if dtype is None and len(out) and not any(item[-1:] in (b"\0", "\0") for item in self._items):
                return np.array(self._items)  # as of a list; numpy's texts drop zeros at the end
            return out if dtype is None else out.astype(dtype)
        # A copy even where numpy would do without: a view would lock the array against appends.
        kind = np.dtype(self._items.typecode)
        numbers = np.array(self._items, np.dtype(kind.str))  # int64 has two names in C; numpy shows one of them oddly
        if self._spec.kind == "bool":
            numbers = numbers.astype(np.bool_)
        return numbers if dtype is None else numbers.astype(dtype, copy=False)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, RepeatedScalar):
            return bool(self._items == other._items)
        return list(self) == list(other) if isinstance(other, (list, tuple)) else NotImplemented

    def __repr__(self) -> str:
        return repr(list(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)

    def __deepcopy__(self, memo: Any) -> list[T]:
        return list(self)


def _array_from_numpy(spec: FieldSpec, code: str, values: npt.NDArray[Any]) -> array[Any] | None:
    """Checks a numpy array as a whole; None where its values need looking at one by one."""
    if spec.kind in ("float", "double"):
        if values.dtype.kind not in "biuf" and values.dtype.name != "bfloat16":
            return None
    elif values.dtype.kind not in "biu":
        return None
    elif spec.kind != "bool" and values.size:
        low, high = INT_RANGES[spec.kind]
        if int(values.min()) < low or int(values.max()) > high:
            return None
    out = array(code)
    with np.errstate(over="ignore"):
        stored = values != 0 if spec.kind == "bool" else values
        out.frombytes(np.ascontiguousarray(stored, np.dtype(code)).tobytes())
    return out


class RepeatedMessage(MutableSequence[M]):
    """The messages of a repeated field. What is appended is copied."""

    __slots__ = ("_items", "_owner", "_spec")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, spec: FieldSpec, owner: Message | None = None) -> None:
        self._spec = spec
        self._owner = owner
        self._items: list[M] = []

    def _touch(self) -> None:
        if self._owner is not None:
            self._owner._touch()

    def _copy(self, value: Any) -> M:
        kind = self._spec.message_type()
        made = kind()
        if isinstance(value, Mapping):
            made = kind(**value)
        elif type(value) is kind:
            made.MergeFrom(value)
        else:
            raise TypeError(
                f"{self._spec.full_name} takes {kind.DESCRIPTOR.full_name} messages, got {type(value).__name__}."
            )
        return made  # type: ignore[return-value]

    @overload
    def __getitem__(self, index: int) -> M: ...
    @overload
    def __getitem__(self, index: slice) -> MutableSequence[M]: ...
    def __getitem__(self, index: int | slice) -> M | MutableSequence[M]:
        return self._items[index]

    def __setitem__(self, index: int | slice, value: Any) -> None:
        if isinstance(index, slice):
            self._items[index] = [self._copy(message) for message in value]
        else:
            self._items[index] = self._copy(value)
        self._touch()

    def __delitem__(self, index: int | slice) -> None:
        del self._items[index]
        self._touch()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[M]:
        return iter(self._items)

    def insert(self, index: int, value: M) -> None:
        """Puts a copy of a message in front of the one at `index`."""
        self._items.insert(index, self._copy(value))
        self._touch()

    def add(self, **fields: Any) -> M:
        """Adds a new message at the end, sets the given fields, and returns it."""
        made: Any = self._spec.message_type()(**fields)
        self._items.append(made)
        self._touch()
        return made  # type: ignore[no-any-return]

    def extend(self, values: Iterable[M]) -> None:
        """Adds copies of messages at the end."""
        copies = [self._copy(value) for value in values]
        if copies:
            self._items.extend(copies)
            self._touch()

    def MergeFrom(self, other: Iterable[M]) -> None:
        """Adds copies of another field's messages at the end."""
        self.extend(other)

    def sort(self, *, key: Any, reverse: bool = False) -> None:
        """Sorts in place, as `list.sort` does."""
        self._items.sort(key=key, reverse=reverse)
        self._touch()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, RepeatedMessage):
            return self._items == other._items
        return self._items == list(other) if isinstance(other, (list, tuple)) else NotImplemented

    def __repr__(self) -> str:
        return repr(self._items)

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (self._items,)


class _Map(Generic[K]):
    """What scalar and message maps share."""

    __slots__ = ("_items", "_owner", "_spec")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, spec: FieldSpec, owner: Message | None = None) -> None:
        self._spec = spec
        self._owner = owner
        self._items: dict[K, Any] = {}

    def _touch(self) -> None:
        if self._owner is not None:
            self._owner._touch()

    def _key(self, key: Any) -> K:
        try:
            checked: K = check_scalar(self._spec.key_kind, key)
        except (TypeError, ValueError) as error:
            raise type(error)(f"The keys of {self._spec.full_name}: {error}") from None
        return checked

    def __contains__(self, key: object) -> bool:
        return self._key(key) in self._items

    def __delitem__(self, key: K) -> None:
        del self._items[self._key(key)]
        self._touch()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __repr__(self) -> str:
        return repr(self._items)

    def clear(self) -> None:
        """Removes every entry."""
        self._items.clear()
        self._touch()


class ScalarMap(_Map[K], MutableMapping[K, T]):
    """A map field whose values are scalars. Reading an absent key adds it with its default, as protobuf does."""

    __slots__ = ()

    def __getitem__(self, key: K) -> T:
        known = self._key(key)
        if known not in self._items:
            self._items[known] = self._spec.default
            self._touch()
        found: T = self._items[known]
        return found

    def __setitem__(self, key: K, value: T) -> None:
        self._items[self._key(key)] = self._spec.check(value)
        self._touch()

    def get(self, key: K, default: Any = None) -> Any:
        """The value of a key, or the default; adds nothing."""
        return self._items.get(self._key(key), default)

    def MergeFrom(self, other: Mapping[K, T]) -> None:
        """Adds another map's entries, replacing those with the same keys."""
        self.update(other)

    def __eq__(self, other: object) -> bool:
        return self._items == (other._items if isinstance(other, _Map) else other)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (self._items,)


class MessageMap(_Map[K], Mapping[K, M]):
    """A map field whose values are messages. Reading an absent key adds an empty message, as protobuf does."""

    __slots__ = ()

    def __getitem__(self, key: K) -> M:
        known = self._key(key)
        if known not in self._items:
            self._items[known] = self._spec.message_type()()
            self._touch()
        found: M = self._items[known]
        return found

    def __setitem__(self, key: K, value: Any) -> None:
        raise ValueError(f"{self._spec.full_name} takes no assignment; change the message at map[key], or CopyFrom it.")

    def get_or_create(self, key: K) -> M:
        """The message of a key, added where it is absent."""
        return self[key]

    def get(self, key: K, default: Any = None) -> Any:
        """The message of a key, or the default; adds nothing."""
        return self._items.get(self._key(key), default)

    def update(self, other: Mapping[K, Any]) -> None:
        """Adds copies of messages (or dicts of their fields), replacing those with the same keys."""
        kind = self._spec.message_type()
        for key, value in other.items():
            made = kind(**value) if isinstance(value, Mapping) else kind()
            if not isinstance(value, Mapping):
                made.CopyFrom(value)
            self._items[self._key(key)] = made
        self._touch()

    def MergeFrom(self, other: Mapping[K, M]) -> None:
        """Adds copies of another map's messages, replacing those with the same keys."""
        self.update(other)

    def pop(self, key: K, *default: Any) -> Any:
        """Removes a key and returns its message."""
        found = self._items.pop(self._key(key), *default)
        self._touch()
        return found

    def __eq__(self, other: object) -> bool:
        return self._items == (other._items if isinstance(other, _Map) else other)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (self._items,)
