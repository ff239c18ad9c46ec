"""Schemas as messages: what `protoc --descriptor_set_out` writes, as far as reading and writing data needs it."""

from __future__ import annotations

from weft.formats.containers import RepeatedMessage
from weft.formats.fields import message, repeated_message, scalar
from weft.formats.message import Message


class FieldOptions(Message, proto="google.protobuf.FieldOptions"):
    """How a field is written."""

    packed: bool = scalar(2, "bool", optional=True)


class FieldDescriptorProto(Message, proto="google.protobuf.FieldDescriptorProto"):
    """One field of a message."""

    name: str = scalar(1, "string")
    number: int = scalar(3, "int32")
    label: int = scalar(4, "int32")
    type: int = scalar(5, "int32")
    type_name: str = scalar(6, "string")
    default_value: str = scalar(7, "string", optional=True)
    options: FieldOptions = message(8, "google.protobuf.FieldOptions")
    oneof_index: int = scalar(9, "int32", optional=True)


class EnumValueDescriptorProto(Message, proto="google.protobuf.EnumValueDescriptorProto"):
    """A name of an enum and its number."""

    name: str = scalar(1, "string")
    number: int = scalar(2, "int32")


class EnumDescriptorProto(Message, proto="google.protobuf.EnumDescriptorProto"):
    """An enum."""

    name: str = scalar(1, "string")
    value: RepeatedMessage[EnumValueDescriptorProto] = repeated_message(2, "google.protobuf.EnumValueDescriptorProto")


class OneofDescriptorProto(Message, proto="google.protobuf.OneofDescriptorProto"):
    """The name of a group of fields of which one is set."""

    name: str = scalar(1, "string")


class DescriptorProto(Message, proto="google.protobuf.DescriptorProto"):
    """A message, with what is declared inside it."""

    name: str = scalar(1, "string")
    field: RepeatedMessage[FieldDescriptorProto] = repeated_message(2, "google.protobuf.FieldDescriptorProto")
    nested_type: RepeatedMessage[DescriptorProto] = repeated_message(3, "google.protobuf.DescriptorProto")
    enum_type: RepeatedMessage[EnumDescriptorProto] = repeated_message(4, "google.protobuf.EnumDescriptorProto")
    oneof_decl: RepeatedMessage[OneofDescriptorProto] = repeated_message(8, "google.protobuf.OneofDescriptorProto")


class FileDescriptorProto(Message, proto="google.protobuf.FileDescriptorProto"):
    """What a .proto file declares."""

    name: str = scalar(1, "string")
    package: str = scalar(2, "string")
    message_type: RepeatedMessage[DescriptorProto] = repeated_message(4, "google.protobuf.DescriptorProto")
    enum_type: RepeatedMessage[EnumDescriptorProto] = repeated_message(5, "google.protobuf.EnumDescriptorProto")
    syntax: str = scalar(12, "string")


class FileDescriptorSet(Message, proto="google.protobuf.FileDescriptorSet"):
    """Files, each behind those that it imports."""

    file: RepeatedMessage[FileDescriptorProto] = repeated_message(1, "google.protobuf.FileDescriptorProto")
