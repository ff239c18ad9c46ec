"""`tf.io.decode_proto`, `tf.io.encode_proto`, `tf.io.decode_json_example`: serialised messages as tensors."""

from __future__ import annotations

import importlib
from collections import namedtuple
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from weft.api import gfile
from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.errors import DataLossError, InvalidArgumentError, explain, nearest
from weft.formats.described import message_classes, read_fields, value_kind, write_field
from weft.formats.fields import REGISTRY, FieldSpec
from weft.formats.json_messages import from_json
from weft.formats.message import Message
from weft.formats.messages.example import Example
from weft.formats.text import from_text
from weft.ir.types import TensorType
from weft.runtime import frontdoor
from weft.runtime.host_call import host_call
from weft.runtime.kept_calls import keepable

#: which dtypes a field of a kind may become or be made of
_TAKEN: Final = {
    "double": "float64", "float": "float32 float64", "int64": "int64", "sint64": "int64", "sfixed64": "int64",
    "uint64": "uint64", "fixed64": "uint64", "int32": "int32 int64", "sint32": "int32 int64",
    "sfixed32": "int32 int64", "uint32": "uint32 uint64", "fixed32": "uint32 uint64", "bool": "bool", "enum": "int32",
    "string": "string", "bytes": "string", "message": "string",
}  # fmt: skip
_LOCAL: Final = "local://"
_INLINE: Final = b"bytes://"

DecodeProto = namedtuple("DecodeProto", "sizes values")
DecodeProto.__qualname__ = DecodeProto.__name__ = "DecodeProtoV2"


def _message_class(message_type: str, source: str | bytes, op: str) -> type[Message]:
    """The class of a message: one that Weft knows, or one that descriptors declare."""
    given = source if isinstance(source, bytes) else str(source).encode("utf-8", "surrogateescape")
    if given in (b"", _LOCAL.encode()):
        for family in ("example", "tensor", "graph", "summary", "checkpoint", "meta_graph", "variable", "saved_model"):
            importlib.import_module(f"weft.formats.messages.{family}")
        known = dict(REGISTRY)
    elif given.startswith(_INLINE):
        known = message_classes(given.removeprefix(_INLINE))
    else:
        with gfile.GFile(given.decode("utf-8", "surrogateescape"), "rb") as file:
            known = message_classes(file.read())
    if message_type not in known:
        hint = f"{nearest(message_type, known)} Write `descriptor_source`: `protoc --include_imports "
        raise InvalidArgumentError(explain(
            f"{op}: No descriptor found for message type {message_type}", received=f"descriptor_source={given[:40]!r}",
            hint=hint + "--descriptor_set_out` makes the file",
        ))  # fmt: skip
    return known[message_type]


def _fields(kind: type[Message], names: Sequence[str], types: Sequence[dtypes.DType], op: str) -> list[FieldSpec]:
    known = kind.DESCRIPTOR.fields_by_name
    specs = []
    for name, dtype in zip(names, types):
        spec = known.get(name)
        if spec is None:
            raise InvalidArgumentError(explain(
                f"{op}: Unknown field: {name} in message type {kind.DESCRIPTOR.full_name}", hint=nearest(name, known)
            ))  # fmt: skip
        taken = _TAKEN[value_kind(spec)]
        if dtype.name not in taken.split():
            raise InvalidArgumentError(explain(
                f"{op}: the field {spec.full_name} is of kind {value_kind(spec)}, which {dtype.name} does not hold.",
                expected=taken.replace(" ", " or "), received=dtype.name,
            ))  # fmt: skip
        specs.append(spec)
    return specs


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


@keepable("io.decode_proto", "bytes")
def decode_proto(bytes: Any, message_type: str, field_names: Any, output_types: Any,
                 descriptor_source: str | bytes = _LOCAL, message_format: str = "binary", sanitize: bool = False,
                 name: str | None = None) -> Any:  # fmt: skip
    """Fields of serialised messages as tensors.

    Args:
        bytes: Messages: strings of any shape.
        message_type: The message's full name, such as `"tensorflow.Example"`.
        field_names: Which fields.
        output_types: A dtype for each: numbers as the field's kind has them (a `float` also as float64, an `int32` also
            as int64, a `uint32` also as uint64), enums int32, text, bytes and messages strings.
        descriptor_source: Where the message is declared: `local://`, the messages of TensorFlow's own files; the path
            of a FileDescriptorSet, as `protoc --descriptor_set_out` writes it; or `bytes://` and such a set itself.
        message_format: `"binary"` or `"text"`.
        sanitize: Whether messages are read and written anew first, so that those within are in canonical form.
        name: The node's name.

    Returns:
        `sizes`, an int32 `[..., fields]`, how many values of each field there are; and `values`, a list with
        `[..., most values]` of each field, filled up with the field's default.

    Raises:
        InvalidArgumentError: For a message or field that is not declared, a dtype that does not hold it, no messages.
        DataLossError: Where a message cannot be read; says which.

    Example:
        >>> import weft as tf
        >>> data = tf.train.Int64List(value=[5, 6]).SerializeToString()
        >>> tf.io.decode_proto([data, b""], "tensorflow.Int64List", ["value"], [tf.int64]).values[0].numpy().tolist()
        [[5, 6], [0, 0]]
    """
    names = [str(each) for each in _listed(field_names)]
    kinds = [dtypes.as_dtype(each) for each in _listed(output_types)]
    if len(names) != len(kinds):
        raise InvalidArgumentError(explain(
            "decode_proto: field_names and output_types attributes must have the same length",
            received=f"{len(names)} names, {len(kinds)} types",
        ))  # fmt: skip
    if message_format not in ("binary", "text"):
        raise InvalidArgumentError(
            explain("decode_proto: message_format must be one of binary or text", received=repr(message_format))
        )
    declared = _message_class(message_type, descriptor_source, "decode_proto")
    specs = _fields(declared, names, kinds, "decode_proto")

    def run(data: Any) -> list[Any]:
        if data.size == 0:
            raise InvalidArgumentError("decode_proto: Bufs argument must contain at least one value")
        rows = [_read(declared, item, specs, message_format, sanitize, at) for at, item in enumerate(data.flat)]
        sizes = np.array([[len(values) for values in row] for row in rows], np.int32).reshape(*data.shape, len(specs))
        results: list[Any] = [sizes]
        for place, (spec, dtype) in enumerate(zip(specs, kinds)):
            width = max(1, *(len(row[place]) for row in rows))
            unset = b"" if value_kind(spec) == "message" else spec.default
            filled = np.full((len(rows), width), unset.encode() if isinstance(unset, str) else unset, dtype.numpy)
            for row, values in zip(filled, rows):
                row[: len(values[place])] = values[place]
            results.append(filled.reshape(*data.shape, width))
        return results

    data = frontdoor.convert(bytes, None if frontdoor.is_tensor_like(bytes) else dtypes.string)
    if data.shape.rank is None:
        raise InvalidArgumentError(explain("decode_proto: `bytes` needs a known rank.", received=str(data.type)))
    outer = tuple(data.shape.symbolic)
    types = [TensorType((*outer, len(specs)), dtypes.int32)]
    types += [TensorType((*outer, Dim.fresh("values")), dtype) for dtype in kinds]
    sizes, *values = host_call(run, [data], types, "DecodeProtoV2", name)
    return DecodeProto(sizes, values)


def _read(declared: type[Message], data: Any, specs: list[FieldSpec], form: str, sanitize: bool,
          place: int) -> list[list[Any]]:  # fmt: skip
    try:
        raw = data if isinstance(data, bytes) else str(data).encode()
        if form == "text":
            raw = from_text(raw, declared).SerializeToString()
        elif sanitize:
            raw = declared.FromString(raw).SerializeToString()
        return read_fields(raw, specs)
    except (DataLossError, InvalidArgumentError) as error:
        raise DataLossError(f"decode_proto: message {place} is no {declared.DESCRIPTOR.full_name}: {error}") from None


def encode_proto(sizes: Any, values: Any, field_names: Any, message_type: str,
                 descriptor_source: str | bytes = _LOCAL, name: str | None = None) -> Any:  # fmt: skip
    """Serialised messages of the values of their fields.

    Args:
        sizes: `[..., fields]`, int32: how many values of each field are written.
        values: A list with a tensor for each field, `[..., at least so many values]`, of a dtype that `decode_proto`
            would give.
        field_names: The fields' names; they are written in the order of their numbers.
        message_type: The message's full name.
        descriptor_source: Where the message is declared, as for `decode_proto`.
        name: The node's name.

    Returns:
        Strings of the shape that is before the last axis of `sizes`.

    Raises:
        InvalidArgumentError: For a message or field that is not declared, a dtype that does not fit it, shapes that do
            not agree.

    Example:
        >>> import weft as tf
        >>> tf.io.encode_proto([[2]], [[[b"a", b"b"]]], ["value"], "tensorflow.BytesList").numpy().tolist()
        [b'\\n\\x01a\\n\\x01b']
    """
    names = [str(each) for each in _listed(field_names)]
    counts = frontdoor.convert(sizes, None if frontdoor.is_tensor_like(sizes) else dtypes.int32)
    columns = [frontdoor.convert(each) for each in values]
    if len(names) != len(columns):
        raise InvalidArgumentError(explain(
            "encode_proto: `values` needs a tensor for each of `field_names`.",
            received=f"{len(names)} names, {len(columns)} tensors",
        ))  # fmt: skip
    declared = _message_class(message_type, descriptor_source, "encode_proto")
    specs = _fields(declared, names, [column.dtype for column in columns], "encode_proto")
    order = sorted(range(len(specs)), key=lambda place: specs[place].number)

    def run(counts: Any, *columns: Any) -> list[Any]:
        outer = counts.shape[:-1]
        for place, column in enumerate(columns):
            if column.shape[:-1] != outer or counts.shape[-1:] != (len(specs),):
                raise InvalidArgumentError(
                    f"encode_proto: sizes should be batch_size + [len(field_names)]. Saw: {list(counts.shape)} but "
                    f"expected: {[*column.shape[:-1], len(specs)]}, by the values of {names[place]!r}."
                )
        flat = counts.reshape(-1, len(specs))
        rows = [column.reshape(-1, column.shape[-1]) for column in columns]
        for place, row in enumerate(rows):
            beyond = np.flatnonzero(flat[:, place] > row.shape[1])
            if beyond.size:
                raise InvalidArgumentError(
                    f"encode_proto: Size to write must not be larger than value tensor; but saw: "
                    f"{flat[beyond[0], place]} > {row.shape[1]} at message {beyond[0]} field {place}"
                )
        made = np.empty(len(flat), object)
        for at, sized in enumerate(flat):
            made[at] = b"".join(write_field(specs[place], rows[place][at, : sized[place]]) for place in order)
        return [made.reshape(outer)]

    if counts.shape.rank is None:
        raise InvalidArgumentError(explain("encode_proto: `sizes` needs a known rank.", received=str(counts.type)))
    types = [TensorType(tuple(counts.shape.symbolic)[:-1], dtypes.string)]
    return host_call(run, [counts, *columns], types, "EncodeProto", name)[0]


@keepable("io.decode_json_example", "json_examples")
def decode_json_example(json_examples: Any, name: str | None = None) -> Any:
    """Examples written as JSON, serialised as `tf.io.parse_example` takes them.

    Args:
        json_examples: `tf.train.Example` messages in JSON: strings of any shape.
        name: The node's name.

    Returns:
        Strings of that shape.

    Raises:
        InvalidArgumentError: Where a string is no JSON or no Example.

    Example:
        >>> import weft as tf
        >>> made = tf.io.decode_json_example('{"features": {"feature": {"x": {"int64List": {"value": [7]}}}}}')
        >>> int(tf.io.parse_single_example(made, {"x": tf.io.FixedLenFeature([], tf.int64)})["x"])
        7
    """
    texts = frontdoor.convert(json_examples, None if frontdoor.is_tensor_like(json_examples) else dtypes.string)

    def run(texts: Any) -> list[Any]:
        made = np.empty(texts.shape, object)
        for place, text in np.ndenumerate(texts):
            made[place] = from_json(text, Example).SerializeToString()
        return [made]

    return host_call(run, [texts], [TensorType(texts.shape.symbolic, dtypes.string)], "DecodeJSONExample", name)[0]
