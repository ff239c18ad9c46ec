"""What a message's field is: its number, kind and label, and how a Python value is checked before it is stored."""

from __future__ import annotations

import math
import operator
import reprlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from weft.formats import wire

if TYPE_CHECKING:
    from weft.formats.message import Message

Label = Literal["singular", "repeated", "map"]

# Every message class by its full protobuf name, so that schemas may refer to classes that come later.
REGISTRY: Final[dict[str, type[Message]]] = {}

_INT_RANGES: Final = {
    "int32": (-(1 << 31), (1 << 31) - 1),
    "int64": (-(1 << 63), (1 << 63) - 1),
    "uint32": (0, (1 << 32) - 1),
    "uint64": (0, (1 << 64) - 1),
}
INT_RANGES: Final = _INT_RANGES | {
    "sint32": _INT_RANGES["int32"],
    "sfixed32": _INT_RANGES["int32"],
    "enum": _INT_RANGES["int32"],
    "sint64": _INT_RANGES["int64"],
    "sfixed64": _INT_RANGES["int64"],
    "fixed32": _INT_RANGES["uint32"],
    "fixed64": _INT_RANGES["uint64"],
}
_DEFAULTS: Final[dict[str, Any]] = {"string": "", "bytes": b"", "bool": False, "float": 0.0, "double": 0.0}
_FLOAT32: Final = struct.Struct("<f")


@dataclass(eq=False, slots=True)
class FieldSpec:
    """One field of a message. `kind` is a scalar kind, `enum` or `message`; of a map, the kind of its values."""

    number: int
    kind: str
    label: Label = "singular"
    key_kind: str = ""
    message_name: str = ""
    enum: type[IntEnum] | None = None
    oneof: str | None = None
    packed: bool = False
    optional: bool = False
    name: str = ""
    owner: str = ""
    siblings: tuple[str, ...] = ()
    unset: Any = None  # what an unset scalar field gives, where a schema of proto2 says so
    registry: dict[str, type[Message]] | None = None  # where its messages are looked up: REGISTRY where None

    @property
    def has_presence(self) -> bool:
        """Whether a set field is told from one that holds its default."""
        return self.label == "singular" and (self.kind == "message" or self.oneof is not None or self.optional)

    @property
    def default(self) -> Any:
        """The value of an unset scalar field."""
        return _DEFAULTS.get(self.kind, 0) if self.unset is None else self.unset

    @property
    def full_name(self) -> str:
        """The message's full name, a dot, and the field's name."""
        return f"{self.owner}.{self.name}"

    def message_type(self) -> type[Message]:
        """The class of this field's messages."""
        return (REGISTRY if self.registry is None else self.registry)[self.message_name]

    def check(self, value: Any) -> Any:
        """Turns a Python or numpy value into what is stored, or raises TypeError or ValueError."""
        try:
            return check_scalar(self.kind, value, self.enum)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.full_name} {error}") from None


def check_scalar(kind: str, value: Any, enum: type[IntEnum] | None = None) -> Any:
    """Turns a value into what a field of a scalar kind stores; the errors are the ends of sentences."""
    return _CHECKS[kind](kind, value) if kind != "enum" else _check_enum(value, enum)


def _describe(value: Any) -> str:
    return f"{reprlib.repr(value)} of type {type(value).__name__}"


def _check_int(kind: str, value: Any) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"takes {kind} numbers, got {_describe(value)}.") from None
    low, high = INT_RANGES[kind]
    if not low <= number <= high:
        raise ValueError(f"takes {kind} numbers in [{low}, {high}], got {number}.")
    return number


def _check_enum(value: Any, enum: type[IntEnum] | None) -> int:
    if isinstance(value, str) and enum is not None:
        if value not in enum.__members__:
            raise ValueError(f"takes one of {', '.join(enum.__members__)}, got {value!r}.")
        return int(enum[value])
    return _check_int("enum", value)


def _check_float(kind: str, value: Any) -> float:
    if isinstance(value, (str, bytes)) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise TypeError(f"takes {kind} numbers, got {_describe(value)}.")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"takes {kind} numbers, got an integer that is too large.") from None
    return number if kind == "double" else round_to_float32(number)


def round_to_float32(number: float) -> float:
    """The nearest single-precision number; infinite where it is out of range."""
    try:
        return float(_FLOAT32.unpack(_FLOAT32.pack(number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)


def _check_bool(kind: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        _check_int("int64", value) if hasattr(value, "__index__") else _refuse(kind, value)
    return bool(value)


def _refuse(kind: str, value: Any) -> None:
    raise TypeError(f"takes {kind} values, got {_describe(value)}.")


def _check_string(kind: str, value: Any) -> str:
    if isinstance(value, bytes):
        try:
            return str(value, "utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"takes text, got bytes that are not UTF-8: {reprlib.repr(value)}.") from None
    if not isinstance(value, str):
        raise TypeError(f"takes text, got {_describe(value)}.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(f"takes text, got lone surrogates: {reprlib.repr(value)}.") from None
    return str(value)


def _check_bytes(kind: str, value: Any) -> bytes:
    if isinstance(value, str):
        raise TypeError(f"takes bytes, got the text {reprlib.repr(value)}; pass it through .encode().")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"takes bytes, got {_describe(value)}.")


_CHECKS: Final[dict[str, Callable[[str, Any], Any]]] = {
    "float": _check_float,
    "double": _check_float,
    "bool": _check_bool,
    "string": _check_string,
    "bytes": _check_bytes,
} | dict.fromkeys((kind for kind in INT_RANGES if kind != "enum"), _check_int)


# The functions below declare fields in a class body. They return Any, because the class gives the attribute its type.


def scalar(number: int, kind: str, *, oneof: str | None = None, optional: bool = False) -> Any:
    """Declares a singular field of a scalar kind."""
    _known(kind)
    return FieldSpec(number, kind, oneof=oneof, optional=optional)


def enumeration(number: int, enum: type[IntEnum], *, oneof: str | None = None) -> Any:
    """Declares a singular enum field; its value is a plain int, and unknown numbers are kept."""
    return FieldSpec(number, "enum", enum=enum, oneof=oneof)


def message(number: int, name: str, *, oneof: str | None = None) -> Any:
    """Declares a singular message field; `name` is the message's full protobuf name."""
    return FieldSpec(number, "message", message_name=name, oneof=oneof)


def repeated(number: int, kind: str | type[IntEnum], *, packed: bool = True) -> Any:
    """Declares a repeated scalar or enum field; numbers are packed unless the schema says otherwise."""
    if isinstance(kind, str):
        return FieldSpec(number, _known(kind), "repeated", packed=packed and kind in wire.NUMERIC_KINDS)
    return FieldSpec(number, "enum", "repeated", enum=kind, packed=packed)


def repeated_message(number: int, name: str) -> Any:
    """Declares a repeated message field."""
    return FieldSpec(number, "message", "repeated", message_name=name)


def mapping(number: int, key_kind: str, kind: str) -> Any:
    """Declares a map field; `kind` is a scalar kind or the full name of a message."""
    _known(key_kind)
    if kind in wire.SCALAR_KINDS:
        return FieldSpec(number, kind, "map", key_kind=key_kind)
    return FieldSpec(number, "message", "map", key_kind=key_kind, message_name=kind)


def _known(kind: str) -> str:
    if kind not in wire.SCALAR_KINDS:
        raise ValueError(f"{kind!r} is not a scalar kind.")
    return kind
