"""Messages of a program's own schema: classes made from descriptors, and fields read and written without a class."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, cast

from weft.base.errors import InvalidArgumentError
from weft.formats import wire
from weft.formats.fields import FieldSpec
from weft.formats.message import Message, MessageMeta
from weft.formats.messages.descriptor import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorSet,
)

#: kinds by their number in FieldDescriptorProto
_KINDS: Final = {
    1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32", 8: "bool", 9: "string",
    11: "message", 12: "bytes", 13: "uint32", 14: "enum", 15: "sfixed32", 16: "sfixed64", 17: "sint32", 18: "sint64",
}  # fmt: skip
_REPEATED: Final = 3
_WORDS: Final = {"true": True, "false": False}


def message_classes(data: bytes) -> dict[str, type[Message]]:
    """The message classes that a serialised FileDescriptorSet declares, by full name.

    Raises:
        DataLossError: Where the bytes are no such message.
        InvalidArgumentError: Where a field is of a kind that is not known (groups), or named as no field can be.
    """
    registry: dict[str, type[Message]] = {}
    files = FileDescriptorSet.FromString(data).file
    enums: dict[str, type[IntEnum]] = {}
    for file in files:
        top = f"{file.package}." if file.package else ""
        for path, enum in _enums_in(top, file.message_type, file.enum_type):
            numbers = {value.name: value.number for value in enum.value}
            enums[path] = cast("type[IntEnum]", IntEnum(enum.name or "Enum", numbers))
    for file in files:
        top = f"{file.package}." if file.package else ""
        for path, declared in _messages_in(top, file.message_type):
            _make_class(path, declared, file.syntax == "proto3", enums, registry)
    return registry


def _messages_in(prefix: str, declared: Iterable[DescriptorProto]) -> Iterator[tuple[str, DescriptorProto]]:
    for each in declared:
        yield prefix + each.name, each
        yield from _messages_in(f"{prefix}{each.name}.", each.nested_type)


def _enums_in(prefix: str, messages: Iterable[DescriptorProto],
              enums: Iterable[EnumDescriptorProto]) -> Iterator[tuple[str, EnumDescriptorProto]]:  # fmt: skip
    for enum in enums:
        yield prefix + enum.name, enum
    for path, declared in _messages_in(prefix, messages):
        for enum in declared.enum_type:
            yield f"{path}.{enum.name}", enum


def _make_class(path: str, declared: DescriptorProto, proto3: bool, enums: Mapping[str, type[IntEnum]],
                registry: dict[str, type[Message]]) -> None:  # fmt: skip
    specs: dict[str, Any] = {}
    for field in declared.field:
        if not field.name.isidentifier() or hasattr(Message, field.name) or field.name.startswith("__"):
            raise InvalidArgumentError(f"{path}: a field cannot be named {field.name!r}.")
        specs[field.name] = _spec(path, field, declared, proto3, enums, registry)
    name = declared.name if declared.name.isidentifier() and not keyword.iskeyword(declared.name) else "Described"
    MessageMeta(name, (Message,), {"__doc__": f"The message {path}.", **specs}, proto=path, registry=registry)


def _spec(path: str, field: FieldDescriptorProto, declared: DescriptorProto, proto3: bool,
          enums: Mapping[str, type[IntEnum]], registry: dict[str, type[Message]]) -> FieldSpec:  # fmt: skip
    kind = _KINDS.get(field.type)
    if kind is None:
        raise InvalidArgumentError(f"{path}.{field.name} is of kind {field.type}, which is not known here (a group?).")
    target = field.type_name.lstrip(".")
    enum = enums.get(target) if kind == "enum" else None
    oneof = None
    if field.HasField("oneof_index") and field.oneof_index < len(declared.oneof_decl):
        oneof = declared.oneof_decl[field.oneof_index].name
    repeats = field.label == _REPEATED
    packs = field.options.packed if field.options.HasField("packed") else proto3
    unset: Any = None
    if field.HasField("default_value"):
        unset = _default(kind, field.default_value, enum)
    elif enum is not None and len(enum):
        unset = int(next(iter(enum)))
    return FieldSpec(
        field.number, kind, "repeated" if repeats else "singular", message_name=target, enum=enum, oneof=oneof,
        packed=repeats and packs and kind in wire.NUMERIC_KINDS,
        optional=not proto3 and not repeats, unset=unset, registry=registry,
    )  # fmt: skip


def _default(kind: str, text: str, enum: type[IntEnum] | None) -> Any:
    """A default as a schema writes it: in Python's words but for booleans, names of enums and escaped bytes."""
    if kind == "string":
        return text
    if kind == "bytes":
        return text.encode("latin-1", "replace").decode("unicode_escape").encode("latin-1", "replace")
    if kind == "bool":
        return _WORDS.get(text, False)
    if kind == "enum":
        return int(enum[text]) if enum is not None and text in enum.__members__ else 0
    return float(text) if kind in ("float", "double") else int(text)


# Fields without a class --------------------------------------------------------------------------------------------


def is_repeated(spec: FieldSpec) -> bool:
    """Whether a message may hold several values of a field; entries of maps are messages."""
    return spec.label != "singular"


def value_kind(spec: FieldSpec) -> str:
    """The kind of a field's values: of a map, whose entries are messages, `message`."""
    return "message" if spec.label == "map" else spec.kind


def read_fields(data: bytes, specs: Sequence[FieldSpec]) -> list[list[Any]]:
    """The values of some fields in a message's bytes, in the order of `specs`; messages and text stay bytes.

    Of a field that is not repeated the last value counts. What has another wire type than its field is left out, as
    parsers leave out what they do not know.

    Raises:
        DataLossError: Where the bytes are no message.
    """
    found: list[list[Any]] = [[] for _ in specs]
    places = {spec.number: place for place, spec in enumerate(specs)}
    position, end = 0, len(data)
    while position < end:
        number, kind_of_wire, position = wire.decode_tag(data, position, end)
        after = wire.skip_value(data, position, end, kind_of_wire, number)
        place = places.get(number)
        if place is not None:
            kind = value_kind(specs[place])
            if kind_of_wire == wire.wire_type(kind):
                found[place].append(_value(kind, data, position, after))
            elif kind_of_wire == wire.BYTES and is_repeated(specs[place]):
                start, stop = wire.decode_length(data, position, end)
                found[place].extend(wire.decode_packed(kind, data, start, stop).tolist())
        position = after
    return [values if is_repeated(spec) else values[-1:] for spec, values in zip(specs, found)]


def _value(kind: str, data: bytes, position: int, end: int) -> Any:
    if kind in wire.VARINT_KINDS:
        return wire.varint_to_number(kind, wire.decode_varint(data, position, end)[0])
    if kind in wire.FIXED_FORMATS:
        return wire.FIXED_FORMATS[kind].unpack_from(data, position)[0]
    start, stop = wire.decode_length(data, position, end)
    return data[start:stop]


def write_field(spec: FieldSpec, values: Any) -> bytes:
    """The bytes of some values of a field, an array or list; messages and text are bytes already."""
    kind = value_kind(spec)
    if not len(values):
        return b""
    if spec.packed:
        body = wire.encode_packed(kind, values)
        return wire.tag_bytes(spec.number, wire.BYTES) + wire.encode_varint(len(body)) + body
    tag = wire.tag_bytes(spec.number, wire.wire_type(kind))
    return b"".join(tag + _written(kind, value) for value in values)


def _written(kind: str, value: Any) -> bytes:
    if kind in wire.VARINT_KINDS:
        return wire.number_to_varint(kind, int(value))
    if kind in wire.FIXED_FORMATS:
        return wire.FIXED_FORMATS[kind].pack(value)
    body = value if isinstance(value, bytes) else str(value).encode()
    return wire.encode_varint(len(body)) + body
