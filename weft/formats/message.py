"""Messages: classes whose fields are declared as data and whose encoding, decoding and copying follow from them.

They behave as the classes that protobuf generates for Python do: sub-messages appear on first use, repeated fields and
maps are filled in place, `SerializeToString` and `FromString` go to bytes and back. Fields that a schema does not know
are kept and written out again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from weft.base.errors import DataLossError, nearest
from weft.formats import codec
from weft.formats.containers import MessageMap, RepeatedMessage, RepeatedScalar, ScalarMap
from weft.formats.fields import REGISTRY, FieldSpec


@dataclass(frozen=True, eq=False)
class Descriptor:
    """What is known of a message class: its names and its fields, by number."""

    full_name: str
    fields: tuple[FieldSpec, ...]
    fields_by_name: dict[str, FieldSpec]
    oneofs: dict[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """The last part of the full name."""
        return self.full_name.rpartition(".")[2]


class _Attribute:
    """A message's attribute for one field."""

    __slots__ = ("_spec",)

    def __init__(self, spec: FieldSpec) -> None:
        self._spec = spec

    def __get__(self, instance: Message | None, owner: type[Message]) -> Any:
        if instance is None:
            return self
        spec = self._spec
        found = instance._values.get(spec.name)
        if found is None:
            if spec.label == "singular" and spec.kind != "message":
                return spec.default
            found = instance._make_child(spec)
        return found

    def __set__(self, instance: Message, value: Any) -> None:
        spec = self._spec
        if spec.label != "singular":
            raise AttributeError(f"{spec.full_name} is a {spec.label} field: fill it in place, with extend or update.")
        if spec.kind == "message":
            raise AttributeError(f"{spec.full_name} is a message: change it in place, or use its CopyFrom.")
        instance._set_scalar(spec, spec.check(value))

    def __delete__(self, instance: Message) -> None:
        raise AttributeError(f"Use ClearField({self._spec.name!r}) to empty {self._spec.full_name}.")


class MessageMeta(type):
    """Collects the declared fields of a message class and registers it under its protobuf name."""

    DESCRIPTOR: Descriptor

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], proto: str = "",
                registry: dict[str, type[Message]] | None = None) -> MessageMeta:  # fmt: skip
        specs = {key: value for key, value in namespace.items() if isinstance(value, FieldSpec)}
        oneofs: dict[str, tuple[str, ...]] = {}
        for key, spec in specs.items():
            spec.name, spec.owner = key, proto
            if spec.oneof is not None:
                oneofs[spec.oneof] = (*oneofs.get(spec.oneof, ()), key)
        for key, spec in specs.items():
            if spec.oneof is not None:
                spec.siblings = tuple(other for other in oneofs[spec.oneof] if other != key)
            namespace[key] = _Attribute(spec)
        fields = tuple(sorted(specs.values(), key=lambda spec: spec.number))
        if len({spec.number for spec in fields}) != len(fields):
            raise ValueError(f"{proto}: two fields have the same number.")
        # Without a __dict__, a misspelt attribute is an error and a message is small.
        namespace.setdefault("__slots__", ())
        namespace["DESCRIPTOR"] = Descriptor(proto, fields, {spec.name: spec for spec in fields}, oneofs)
        namespace["_table"] = None
        made = super().__new__(mcs, name, bases, namespace)
        if proto:
            (REGISTRY if registry is None else registry)[proto] = made  # type: ignore[assignment]
        return made

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], proto: str = "",
                 registry: dict[str, type[Message]] | None = None) -> None:  # fmt: skip
        super().__init__(name, bases, namespace)


class Message(metaclass=MessageMeta):
    """The base of every message.

    Args:
        **fields: First values: scalars, lists, dicts for maps; a message field takes a message or a dict of its fields.

    Raises:
        ValueError: For a field that the message does not have, or a number out of range.
        TypeError: For a value of a wrong type.

    Example:
        >>> from weft.formats.messages.example import Int64List
        >>> Int64List.FromString(Int64List(value=[1, 2, 300]).SerializeToString()).value
        [1, 2, 300]
    """

    __slots__ = ("_parent", "_unknown", "_values", "__weakref__")
    __hash__ = None  # type: ignore[assignment]
    DESCRIPTOR: ClassVar[Descriptor]
    _table: ClassVar[codec.Table | None]

    def __init__(self, **fields: Any) -> None:
        # Set fields by name; containers, empty or not; and sub-messages that were looked at but not set, which are told
        # by their _parent, the message to enter once something is set in them.
        self._values: dict[str, Any] = {}
        self._unknown = b""
        self._parent: tuple[Message, FieldSpec] | None = None
        for name, value in fields.items():
            spec = self._spec(name)
            if value is None:
                continue
            if spec.label == "singular" and spec.kind != "message":
                setattr(self, name, value)
            else:
                self._fill(spec, value)

    def _fill(self, spec: FieldSpec, value: Any) -> None:
        child = getattr(self, spec.name)
        if spec.label == "map":
            child.update(value)
        elif spec.label == "repeated":
            child.extend(value)
        else:
            kind = spec.message_type()
            child.CopyFrom(kind(**value) if isinstance(value, Mapping) else value)
            child._touch()

    @classmethod
    def _spec(cls, name: str) -> FieldSpec:
        spec = cls.DESCRIPTOR.fields_by_name.get(name)
        if spec is None:
            known = cls.DESCRIPTOR.fields_by_name
            raise ValueError(f"{cls.DESCRIPTOR.full_name} has no field {name!r}. {nearest(name, known)}")
        return spec

    def _make_child(self, spec: FieldSpec) -> Any:
        owner = self if self._parent is not None else None
        child: Any
        if spec.label == "map":
            child = (MessageMap if spec.kind == "message" else ScalarMap)(spec, owner)
        elif spec.label == "repeated":
            child = (RepeatedMessage if spec.kind == "message" else RepeatedScalar)(spec, owner)
        else:
            child = spec.message_type()()
            child._parent = (self, spec)
        self._values[spec.name] = child
        return child

    def _set_scalar(self, spec: FieldSpec, value: Any) -> None:
        if spec.has_presence or not codec.is_default(value):
            self._values[spec.name] = value
            self._drop_siblings(spec)
        else:
            self._values.pop(spec.name, None)
        self._touch()

    def _drop_siblings(self, spec: FieldSpec) -> None:
        for sibling in spec.siblings:
            if self._is_set(sibling):
                del self._values[sibling]

    def _touch(self) -> None:
        """Notes that something was set: a message that was only looked at so far enters its parent."""
        if self._parent is not None:
            parent, spec = self._parent
            self._parent = None
            parent._values[spec.name] = self
            parent._drop_siblings(spec)
            parent._touch()

    def _is_set(self, name: str) -> bool:
        value = self._values.get(name)
        if value is None:
            return False
        if isinstance(value, Message):
            return value._parent is None
        spec = self.DESCRIPTOR.fields_by_name[name]
        return spec.label == "singular" or len(value) > 0

    def HasField(self, name: str) -> bool:
        """Whether a field is set.

        Raises:
            ValueError: For a field that does not tell unset from default: repeated, maps, plain scalars.
        """
        if name in self.DESCRIPTOR.oneofs:
            return self.WhichOneof(name) is not None
        spec = self._spec(name)
        if not spec.has_presence:
            raise ValueError(f"{spec.full_name} does not tell unset from default; compare its value.")
        return self._is_set(name)

    def WhichOneof(self, name: str) -> str | None:
        """The name of the set field of a oneof, or None."""
        members = self.DESCRIPTOR.oneofs.get(name)
        if members is None:
            known = self.DESCRIPTOR.oneofs
            raise ValueError(f"{self.DESCRIPTOR.full_name} has no oneof {name!r}. {nearest(name, known)}")
        return next((member for member in members if self._is_set(member)), None)

    def ListFields(self) -> list[tuple[FieldSpec, Any]]:
        """The set fields and their values, by field number."""
        return [(spec, self._values[spec.name]) for spec in self.DESCRIPTOR.fields if self._is_set(spec.name)]

    def ClearField(self, name: str) -> None:
        """Unsets a field, or the set member of a oneof."""
        if name in self.DESCRIPTOR.oneofs:
            member = self.WhichOneof(name)
            if member is None:
                return
            name = member
        self._spec(name)
        self._detach(self._values.pop(name, None))
        self._touch()

    def Clear(self) -> None:
        """Unsets every field."""
        for value in self._values.values():
            self._detach(value)
        self._values = {}
        self._unknown = b""
        self._touch()

    @staticmethod
    def _detach(value: Any) -> None:
        if isinstance(value, Message):
            value._parent = None

    def DiscardUnknownFields(self) -> None:
        """Forgets, here and in every sub-message, the fields that the schema does not know."""
        self._unknown = b""
        for spec, value in self.ListFields():
            if spec.kind == "message":
                for child in _messages_in(spec, value):
                    child.DiscardUnknownFields()

    def MergeFrom(self, other: Message) -> None:
        """Adds another message of this class: scalars replace, repeated fields append, messages merge."""
        if type(other) is not type(self):
            raise TypeError(
                f"{self.DESCRIPTOR.full_name} merges with its own kind, got {type(other).__module__}."
                f"{type(other).__qualname__}."
            )
        if other is self:
            raise ValueError(f"A {self.DESCRIPTOR.full_name} message cannot be merged with itself.")
        for spec, value in other.ListFields():
            if spec.label == "singular" and spec.kind != "message":
                self._set_scalar(spec, value)
            else:
                child = getattr(self, spec.name)
                child.MergeFrom(value)
                if isinstance(child, Message):
                    child._touch()
        self._unknown += other._unknown
        self._touch()

    def CopyFrom(self, other: Message) -> None:
        """Becomes a copy of another message of this class."""
        if other is not self:
            if type(other) is type(self):
                self.Clear()
            self.MergeFrom(other)

    def SetInParent(self) -> None:
        """Sets this message in the one that it was read from, even where it is empty."""
        self._touch()

    def IsInitialized(self) -> bool:
        """True: no field is required."""
        return True

    def ByteSize(self) -> int:
        """The length of the encoded message."""
        return len(self.SerializeToString())

    def SerializeToString(self, *, deterministic: bool = True) -> bytes:
        """Encodes to bytes; equal messages give equal bytes, whatever `deterministic` says."""
        return codec.encode(self)

    SerializePartialToString = SerializeToString

    def MergeFromString(self, data: Any, *, limits: codec.Limits | None = None) -> int:
        """Adds an encoded message to this one.

        Args:
            data: `bytes` or any object with the buffer protocol.
            limits: Bounds on nesting and on the number of messages; None takes the defaults.

        Returns:
            The number of bytes read.

        Raises:
            DataLossError: Where the bytes are no encoding of this message.
        """
        raw = data if isinstance(data, bytes) else bytes(memoryview(data))
        try:
            codec.decode(self, raw, limits or codec.Limits())
        except DataLossError as error:
            raise DataLossError(f"These bytes are no valid {self.DESCRIPTOR.full_name} message: {error}") from None
        self._touch()
        return len(raw)

    def ParseFromString(self, data: Any, *, limits: codec.Limits | None = None) -> int:
        """Becomes the message that bytes encode; the arguments are those of `MergeFromString`."""
        self.Clear()
        return self.MergeFromString(data, limits=limits)

    @classmethod
    def FromString(cls, data: Any, *, limits: codec.Limits | None = None) -> Self:
        """The message that bytes encode; the arguments are those of `MergeFromString`."""
        made = cls()
        made.MergeFromString(data, limits=limits)
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        if type(other) is not type(self) or self._unknown != other._unknown:
            return False
        mine = [(spec.name, value) for spec, value in self.ListFields()]
        return mine == [(spec.name, value) for spec, value in other.ListFields()]

    def __str__(self) -> str:
        from weft.formats import text

        return text.to_text(self)

    def __repr__(self) -> str:
        return str(self)

    def __deepcopy__(self, memo: Any) -> Self:
        made = type(self)()
        made.MergeFrom(self)
        return made

    def __copy__(self) -> Self:
        return self.__deepcopy__(None)  # a shallow copy would share sub-messages

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (type(self), self.SerializeToString())


def _unpickle(cls: type[Message], data: bytes) -> Message:
    return cls.FromString(data)


def _messages_in(spec: FieldSpec, value: Any) -> Iterator[Message]:
    if spec.label == "map":
        yield from value.values()
    elif spec.label == "repeated":
        yield from value
    else:
        yield value
