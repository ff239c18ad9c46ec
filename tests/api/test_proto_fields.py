"""`tf.io.decode_proto` and `tf.io.encode_proto`: a program's own schema, what is refused, files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import weft as tf
from weft.formats.messages.descriptor import FileDescriptorSet

#: (name, number in FieldDescriptorProto, a dtype, a value, the default)
KINDS = [
    ("d", 1, tf.float64, -1.25, 0.0), ("f", 2, tf.float32, 2.5, 0.0), ("i64", 3, tf.int64, -(1 << 62), 0),
    ("u64", 4, tf.uint64, (1 << 64) - 1, 0), ("i32", 5, tf.int32, -7, 0), ("x64", 6, tf.uint64, 8, 0),
    ("x32", 7, tf.uint32, (1 << 32) - 1, 0), ("b", 8, tf.bool, True, False), ("s", 9, tf.string, b"weft", b""),
    ("y", 12, tf.string, b"\xff\x00", b""), ("u32", 13, tf.uint32, 10, 0), ("f32", 15, tf.int32, -11, 0),
    ("f64", 16, tf.int64, -12, 0), ("z32", 17, tf.int32, -13, 0), ("z64", 18, tf.int64, -14, 0),
]  # fmt: skip


def schema(label: int = 1, syntax: str = "proto2") -> bytes:
    fields = [{"name": n, "number": at, "type": kind, "label": label} for at, (n, kind, *_) in enumerate(KINDS, 1)]
    file = {"package": "p", "syntax": syntax, "message_type": [{"name": "M", "field": fields}]}
    return FileDescriptorSet(file=[file]).SerializeToString()


@pytest.mark.parametrize("syntax", ["proto2", "proto3"])
@pytest.mark.parametrize(("label", "count"), [(1, 1), (3, 3)])
def test_what_is_encoded_is_decoded(label: int, count: int, syntax: str) -> None:
    source = b"bytes://" + schema(label, syntax)
    names, types = [row[0] for row in KINDS], [row[2] for row in KINDS]
    values = [tf.constant([[row[3]] * count], row[2]) for row in KINDS]
    data = tf.io.encode_proto([[count] * len(KINDS)], values, names, "p.M", source)
    read = tf.io.decode_proto(tf.concat([data, [b""]], 0), "p.M", names, types, source)
    assert read.sizes.numpy().tolist() == [[count] * len(KINDS), [0] * len(KINDS)]
    for found, value, (*_, default) in zip(read.values, values, KINDS):
        assert found.dtype == value.dtype
        assert found.numpy().tolist() == [value.numpy().tolist()[0], [default] * count]


def test_a_schema_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "schema.bin").write_bytes(schema())
    read = tf.io.decode_proto(b"\x28\x05", "p.M", ["i32"], [tf.int64], str(tmp_path / "schema.bin"))
    assert read.values[0].numpy().tolist() == [5]
    with pytest.raises(tf.errors.NotFoundError):
        tf.io.decode_proto(b"", "p.M", ["i32"], [tf.int64], str(tmp_path / "none.bin"))


@pytest.mark.parametrize("data", [b"\x0a", b"\x0a\x05ab", b"\xff" * 12, b"\x00", b"\x0b\x0c"])
def test_messages_that_cannot_be_read(data: bytes) -> None:
    with pytest.raises(tf.errors.DataLossError, match="message 1"):
        tf.io.decode_proto([b"", data], "tensorflow.BytesList", ["value"], [tf.string])


@pytest.mark.parametrize("name", ["__slots__", "SerializeToString", "not a name", ""])
def test_fields_cannot_be_named_as_a_message_has_members(name: str) -> None:
    file = {"message_type": [{"name": "M", "field": [{"name": name, "number": 1, "type": 5, "label": 1}]}]}
    source = b"bytes://" + FileDescriptorSet(file=[file]).SerializeToString()
    with pytest.raises(tf.errors.InvalidArgumentError, match="cannot be named"):
        tf.io.decode_proto(b"", "M", ["x"], [tf.int32], source)


def test_a_schema_stays_with_its_call() -> None:
    source = b"bytes://" + schema()
    tf.io.decode_proto(b"", "p.M", ["i32"], [tf.int32], source)
    with pytest.raises(tf.errors.InvalidArgumentError, match="No descriptor found"):
        tf.io.decode_proto(b"", "p.M", ["i32"], [tf.int32])


def test_in_a_data_set() -> None:
    rows = [tf.train.FloatList(value=np.arange(3.0) + at).SerializeToString() for at in range(4)]
    read = (
        tf.data.Dataset.from_tensor_slices(rows)
        .batch(2)
        .map(lambda x: tf.io.decode_proto(x, "tensorflow.FloatList", ["value"], [tf.float32]).values[0])
    )
    assert [batch.numpy().tolist() for batch in read][1] == [[2.0, 3.0, 4.0], [3.0, 4.0, 5.0]]
