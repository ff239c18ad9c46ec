"""Encoding and decoding of messages, derived from their fields: a table of readers by tag and of writers by field."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base.errors import DataLossError
from weft.formats import wire
from weft.formats.containers import MessageMap, RepeatedMessage, RepeatedScalar, ScalarMap
from weft.formats.fields import FieldSpec

if TYPE_CHECKING:
    from weft.formats.message import Message

# Below this many bytes a plain loop beats numpy's call overhead.
_SMALL_PACKED = 48


@dataclass(frozen=True)
class Limits:
    """Bounds on what a decoder builds.

    Args:
        depth: The deepest nesting of messages.
        messages: The most messages; None takes a million and one more for every sixteen bytes of input, which keeps
            the memory of many tiny messages in proportion to the input.
    """

    depth: int = 100
    messages: int | None = None


class _Budget:
    __slots__ = ("messages",)

    def __init__(self, messages: int) -> None:
        self.messages = messages


Reader = Callable[["Message", bytes, int, int, _Budget, int], int]
Writer = Callable[[Any, "list[bytes]"], None]


@dataclass(frozen=True)
class Table:
    """How a message class is read, by tag, and written, by field number."""

    readers: dict[int, Reader]
    writers: tuple[tuple[str, Writer], ...]


def is_default(value: Any) -> bool:
    """Whether a scalar is its kind's default. Negative zero is not: its bits differ."""
    return not value and not (isinstance(value, float) and math.copysign(1.0, value) < 0)


def table_of(kind: type[Message]) -> Table:
    """The table of a message class, made at first use: by then the classes it refers to exist."""
    table = kind._table
    if table is None:
        readers: dict[int, Reader] = {}
        for spec in kind.DESCRIPTOR.fields:
            readers.update(_readers(spec))
        table = Table(readers, tuple((spec.name, _writer(spec)) for spec in kind.DESCRIPTOR.fields))
        kind._table = table
    return table


def encode(message: Message) -> bytes:
    """The bytes of a message: set fields by number, map entries by key, unknown fields last."""
    out: list[bytes] = []
    values = message._values
    for name, write in table_of(type(message)).writers:
        value = values.get(name)
        if value is not None:
            write(value, out)
    if message._unknown:
        out.append(message._unknown)
    return b"".join(out)


def decode(message: Message, data: bytes, limits: Limits) -> None:
    """Adds what bytes encode to a message."""
    messages = limits.messages if limits.messages is not None else 1_000_000 + len(data) // 16
    _decode_into(message, data, 0, len(data), _Budget(messages), limits.depth)


def _decode_into(message: Message, data: bytes, position: int, end: int, budget: _Budget, depth: int) -> None:
    if depth <= 0:
        raise DataLossError(f"Messages are nested too deeply at byte {position}; `limits` takes a greater depth.")
    budget.messages -= 1
    if budget.messages < 0:
        raise DataLossError(f"There are too many messages, counted up to byte {position}; `limits` allows more.")
    readers = table_of(type(message)).readers
    unknown = bytearray()
    while position < end:
        tag = data[position]
        after = position + 1
        if tag > 127:
            tag, after = wire.decode_varint(data, position, end)
        reader = readers.get(tag)
        if reader is not None:
            position = reader(message, data, after, end, budget, depth)
        else:
            number, wire_type, after = wire.decode_tag(data, position, end)
            after = wire.skip_value(data, after, end, wire_type, number)
            unknown += data[position:after]
            position = after
    if unknown:
        message._unknown += bytes(unknown)


def _readers(spec: FieldSpec) -> dict[int, Reader]:
    tag = spec.number << 3
    if spec.label == "map":
        return {tag | wire.BYTES: _map_reader(spec)}
    if spec.kind == "message":
        reader = _repeated_message_reader(spec) if spec.label == "repeated" else _message_reader(spec)
        return {tag | wire.BYTES: reader}
    if spec.label == "singular":
        return {tag | wire.wire_type(spec.kind): _scalar_reader(spec)}
    readers = {tag | wire.wire_type(spec.kind): _repeated_reader(spec)}
    if spec.kind in wire.NUMERIC_KINDS:
        readers[tag | wire.BYTES] = _packed_reader(spec)
    return readers


def _value_reader(kind: str, name: str) -> Callable[[bytes, int, int], tuple[Any, int]]:
    """A function that reads one scalar value: (data, position, end) → (value, position behind)."""
    if kind in wire.VARINT_KINDS:

        def read_varint(data: bytes, position: int, end: int) -> tuple[Any, int]:
            value, after = wire.decode_varint(data, position, end)
            return wire.varint_to_number(kind, value), after

        return read_varint
    if kind in wire.FIXED_KINDS:
        layout = wire.FIXED_FORMATS[kind]

        def read_fixed(data: bytes, position: int, end: int) -> tuple[Any, int]:
            after = position + layout.size
            if after > end:
                raise DataLossError(f"The value of {name} at byte {position} is cut off at byte {end}.")
            return layout.unpack_from(data, position)[0], after

        return read_fixed
    if kind == "bytes":

        def read_bytes(data: bytes, position: int, end: int) -> tuple[Any, int]:
            start, stop = wire.decode_length(data, position, end)
            return data[start:stop], stop

        return read_bytes

    def read_string(data: bytes, position: int, end: int) -> tuple[Any, int]:
        start, stop = wire.decode_length(data, position, end)
        try:
            return str(data[start:stop], "utf-8"), stop
        except UnicodeDecodeError:
            raise DataLossError(f"The text of {name} at byte {start} is not UTF-8.") from None

    return read_string


def _scalar_reader(spec: FieldSpec) -> Reader:
    read_value = _value_reader(spec.kind, spec.full_name)
    name, always, has_siblings = spec.name, spec.has_presence, bool(spec.siblings)

    def read(message: Message, data: bytes, position: int, end: int, budget: _Budget, depth: int) -> int:
        value, position = read_value(data, position, end)
        if always or not is_default(value):
            message._values[name] = value
            if has_siblings:
                message._drop_siblings(spec)
        else:
            message._values.pop(name, None)
        return position

    return read


def _container(message: Message, spec: FieldSpec) -> Any:
    found = message._values.get(spec.name)
    return message._make_child(spec) if found is None else found


def _repeated_reader(spec: FieldSpec) -> Reader:
    read_value = _value_reader(spec.kind, spec.full_name)

    def read(message: Message, data: bytes, position: int, end: int, budget: _Budget, depth: int) -> int:
        value, position = read_value(data, position, end)
        _container(message, spec)._items.append(value)
        return position

    return read


def _packed_reader(spec: FieldSpec) -> Reader:
    kind = spec.kind
    read_value = _value_reader(kind, spec.full_name)

    def read(message: Message, data: bytes, position: int, end: int, budget: _Budget, depth: int) -> int:
        start, stop = wire.decode_length(data, position, end)
        items: array[Any] = _container(message, spec)._items
        if stop - start > _SMALL_PACKED or kind in wire.FIXED_KINDS:
            numbers = wire.decode_packed(kind, data, start, stop)
            items.frombytes(np.ascontiguousarray(numbers, np.dtype(items.typecode)).tobytes())
            return stop
        while start < stop:
            value, start = read_value(data, start, stop)
            items.append(value)
        return stop

    return read


def _message_reader(spec: FieldSpec) -> Reader:
    kind, name, has_siblings = spec.message_type(), spec.name, bool(spec.siblings)

    def read(message: Message, data: bytes, position: int, end: int, budget: _Budget, depth: int) -> int:
        start, stop = wire.decode_length(data, position, end)
        child = message._values.get(name)
        if child is None:
            child = message._values[name] = kind()
        child._parent = None
        if has_siblings:
            message._drop_siblings(spec)
        _decode_into(child, data, start, stop, budget, depth - 1)
        return stop

    return read


def _repeated_message_reader(spec: FieldSpec) -> Reader:
    kind = spec.message_type()

    def read(message: Message, data: bytes, position: int, end: int, budget: _Budget, depth: int) -> int:
        start, stop = wire.decode_length(data, position, end)
        child = kind()
        _decode_into(child, data, start, stop, budget, depth - 1)
        _container(message, spec)._items.append(child)
        return stop

    return read


def _map_reader(spec: FieldSpec) -> Reader:
    read_key = _value_reader(spec.key_kind, f"the keys of {spec.full_name}")
    key_tag = 1 << 3 | wire.wire_type(spec.key_kind)
    value_tag = 2 << 3 | wire.wire_type(spec.kind)
    key_default: Any = FieldSpec(1, spec.key_kind).default
    kind = spec.message_type() if spec.kind == "message" else None
    read_scalar = _value_reader(spec.kind, spec.full_name) if kind is None else None

    def read(message: Message, data: bytes, position: int, end: int, budget: _Budget, depth: int) -> int:
        position, stop = wire.decode_length(data, position, end)
        key = key_default
        value: Any = spec.default if kind is None else kind()
        while position < stop:
            tag = data[position]
            if tag == key_tag:
                key, position = read_key(data, position + 1, stop)
            elif tag == value_tag and read_scalar is not None:
                value, position = read_scalar(data, position + 1, stop)
            elif tag == value_tag:
                start, position = wire.decode_length(data, position + 1, stop)
                _decode_into(value, data, start, position, budget, depth - 1)
            else:
                number, wire_type, after = wire.decode_tag(data, position, stop)
                position = wire.skip_value(data, after, stop, wire_type, number)
        _container(message, spec)._items[key] = value
        return stop

    return read


def _writer(spec: FieldSpec) -> Writer:
    if spec.label == "map":
        return _map_writer(spec)
    if spec.kind == "message":
        return _repeated_message_writer(spec) if spec.label == "repeated" else _message_writer(spec)
    if spec.label == "singular":
        return _scalar_writer(spec.number, spec.kind)
    if spec.packed:
        return _packed_writer(spec)
    write_one = _scalar_writer(spec.number, spec.kind)

    def write(value: RepeatedScalar[Any], out: list[bytes]) -> None:
        for item in value._items:
            write_one(item, out)

    return write


def _scalar_writer(number: int, kind: str) -> Writer:
    tag = wire.tag_bytes(number, wire.wire_type(kind))
    if kind in wire.VARINT_KINDS:
        return lambda value, out: out.extend((tag, wire.number_to_varint(kind, value)))
    if kind in wire.FIXED_KINDS:
        pack = wire.FIXED_FORMATS[kind].pack
        return lambda value, out: out.extend((tag, pack(value)))
    if kind == "bytes":
        return lambda value, out: out.extend((tag, wire.encode_varint(len(value)), value))

    def write_string(value: str, out: list[bytes]) -> None:
        encoded = value.encode("utf-8")
        out.extend((tag, wire.encode_varint(len(encoded)), encoded))

    return write_string


def _packed_writer(spec: FieldSpec) -> Writer:
    tag, kind = wire.tag_bytes(spec.number, wire.BYTES), spec.kind

    def write(value: RepeatedScalar[Any], out: list[bytes]) -> None:
        items = value._items
        if not items:
            return
        if len(items) > 8 or kind in wire.FIXED_KINDS:
            content = wire.encode_packed(kind, np.frombuffer(items, items.typecode))
        else:
            content = b"".join([wire.number_to_varint(kind, item) for item in items])
        out.extend((tag, wire.encode_varint(len(content)), content))

    return write


def _message_writer(spec: FieldSpec) -> Writer:
    tag = wire.tag_bytes(spec.number, wire.BYTES)

    def write(value: Message, out: list[bytes]) -> None:
        if value._parent is None:
            content = encode(value)
            out.extend((tag, wire.encode_varint(len(content)), content))

    return write


def _repeated_message_writer(spec: FieldSpec) -> Writer:
    tag = wire.tag_bytes(spec.number, wire.BYTES)

    def write(value: RepeatedMessage[Any], out: list[bytes]) -> None:
        for item in value._items:
            content = encode(item)
            out.extend((tag, wire.encode_varint(len(content)), content))

    return write


def _map_writer(spec: FieldSpec) -> Writer:
    tag = wire.tag_bytes(spec.number, wire.BYTES)
    write_key = _scalar_writer(1, spec.key_kind)
    write_value = _message_writer(FieldSpec(2, "message")) if spec.kind == "message" else _scalar_writer(2, spec.kind)

    def write(value: ScalarMap[Any, Any] | MessageMap[Any, Any], out: list[bytes]) -> None:
        for key in sorted(value._items):
            entry: list[bytes] = []
            write_key(key, entry)
            write_value(value._items[key], entry)
            content = b"".join(entry)
            out.extend((tag, wire.encode_varint(len(content)), content))

    return write
