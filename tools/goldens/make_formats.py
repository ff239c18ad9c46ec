"""Writes small files with TensorFlow for the tests of `weft.formats`: records, events, checkpoints, messages.

Run it with a Python that has TensorFlow 2; it needs nothing of Weft. The files go to `tests/golden/formats/`.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import ml_dtypes
import numpy as np
import tensorflow as tf
from google.protobuf import descriptor_pool, message_factory, text_format
from google.protobuf.descriptor import FieldDescriptor

# Imported for their message classes, which register themselves.
from tensorflow.core.framework import variable_pb2  # noqa: F401
from tensorflow.core.protobuf import (  # noqa: F401
    config_pb2,
    control_flow_pb2,
    queue_runner_pb2,
    saved_model_pb2,
    tensor_bundle_pb2,
    tensorflow_server_pb2,
    trackable_object_graph_pb2,
)
from tensorflow.core.util import saved_tensor_slice_pb2  # noqa: F401

TARGET = Path(__file__).resolve().parents[2] / "tests" / "golden" / "formats"
ROOTS = [
    "Example",
    "SequenceExample",
    "GraphDef",
    "Event",
    "CheckpointState",
    "BundleHeaderProto",
    "BundleEntryProto",
    "TrackableObjectGraph",
    "MetaGraphDef",
    "VariableDef",
    "QueueRunnerDef",
    "WhileContextDef",
    "ServerDef",
    "RunMetadata",
    "ConfigProto",
    "RunOptions",
    "SavedModel",
    "SavedTensorSlices",
]
KINDS = {number: name[5:].lower() for name, number in vars(FieldDescriptor).items() if name.startswith("TYPE_")}
DTYPES = "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64 complex128".split()


def message_class(name: str) -> Any:
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(f"tensorflow.{name}"))


def describe(root: Any, found: dict[str, Any]) -> None:
    """Notes the fields of a message and of all that it refers to."""
    if root.full_name in found:
        return
    fields: dict[str, Any] = {}
    found[root.full_name] = fields
    for field in root.fields:
        entry: dict[str, Any] = {"number": field.number, "kind": KINDS[field.type]}
        target = field.message_type
        if target is not None and target.GetOptions().map_entry:
            entry["key"] = KINDS[target.fields_by_name["key"].type]
            value = target.fields_by_name["value"]
            entry["kind"], target = KINDS[value.type], value.message_type
            entry["label"] = "map"
        else:
            entry["label"] = "repeated" if field.is_repeated else "singular"
            entry["packed"] = bool(field.is_repeated and field.is_packed)
        if target is not None:
            entry["message"] = target.full_name
            describe(target, found)
        if field.enum_type is not None:
            entry["enum"] = {value.name: value.number for value in field.enum_type.values}
        if field.containing_oneof is not None:
            entry["oneof"] = field.containing_oneof.name
        fields[field.name] = entry


def descriptors() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ROOTS:
        describe(message_class(name).DESCRIPTOR, found)
    return found


def messages() -> dict[str, dict[str, str]]:
    """Messages in binary (hexadecimal) and text form."""
    example = message_class("Example")()
    example.features.feature["label"].int64_list.value.extend([1, -2, 1 << 62, 300])
    example.features.feature["weights"].float_list.value.extend([0.1, -0.0, float("inf"), 1e-40])
    example.features.feature["name"].bytes_list.value.extend([b"", b"\x00\xff'\"\n", "Größe".encode()])
    example.features.feature["missing"].SetInParent()
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 3], name="x")
        tf.identity(tf.matmul(x, tf.ones([3, 2])) * 0.5, name="y")
    definition = graph.as_graph_def()
    definition.versions.producer = 2000  # the day's number is no part of what is tested
    event = message_class("Event")(wall_time=1.5, step=3, file_version="brain.Event:2")
    found = {"Example": example, "GraphDef": definition, "Event": event}
    return {
        name: {
            "hex": message.SerializeToString(deterministic=True).hex(),
            "text": text_format.MessageToString(message),
        }
        for name, message in found.items()
    }


def array(dtype: str) -> np.ndarray:
    return np.arange(6).reshape(2, 3).astype(dtype)


def tensor_protos() -> dict[str, dict[str, str]]:
    """The same arrays as Python's `make_tensor_proto` and the runtime's `serialize_tensor` spell them."""
    arrays = {dtype: array(dtype) for dtype in DTYPES} | {
        "bfloat16": array("float32").astype(ml_dtypes.bfloat16),
        "string": np.array([[b"a", b""], [b"\x00\xff", b"abc"]], object),
    }
    found = {}
    for name, values in arrays.items():
        scalar = values.reshape(-1)[1]
        found[name] = {
            "array": tf.make_tensor_proto(values).SerializeToString().hex(),
            "scalar": tf.make_tensor_proto(scalar).SerializeToString().hex(),
            "runtime": tf.io.serialize_tensor(tf.constant(values)).numpy().hex(),
        }
    # A list with fewer values than elements: the last is repeated.
    short = tf.make_tensor_proto(7.0, shape=[2, 2])
    found["repeated"] = {"array": short.SerializeToString().hex()}
    return found


def histograms() -> dict[str, Any]:
    cases = {
        "spread": [1e-12, 1.0, 1e30, -5.0, -1e-13, 0.0, 1.1e-12, 0.25],
        "equal": [2.5] * 4,
        "empty": [],
    }
    found = {}
    for name, values in cases.items():
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            made = session.run(tf.compat.v1.summary.histogram("h", tf.constant(values, tf.float64)))
        found[name] = {"values": values, "hex": made.hex()}
    return found


def write_records() -> None:
    for compression in ("", "GZIP", "ZLIB"):
        path = TARGET / f"records{compression and '.'}{compression.lower()}.tfrecord"
        with tf.io.TFRecordWriter(str(path), compression) as writer:
            for record in (b"", b"one", bytes(range(256)) * 8):
                writer.write(record)


def write_events() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with tf.Graph().as_default():
            writer = tf.compat.v1.summary.FileWriter(folder)
        summary = tf.compat.v1.Summary(value=[tf.compat.v1.Summary.Value(tag="loss", simple_value=0.25)])
        writer.add_event(tf.compat.v1.Event(wall_time=10.0, step=1, summary=summary))
        session_log = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
        writer.add_event(tf.compat.v1.Event(wall_time=11.0, step=2, session_log=session_log))
        writer.close()
        (made,) = Path(folder).iterdir()
        shutil.copy(made, TARGET / "events.out.tfevents.1.host")


def write_checkpoints() -> None:
    arrays = {f"dtypes/{dtype}": array(dtype) for dtype in DTYPES}
    arrays["dtypes/bfloat16"] = array("float32").astype(ml_dtypes.bfloat16)
    arrays["scalar"] = np.float32(1.5)
    arrays["empty"] = np.zeros((0, 3), np.float32)
    strings = {"strings": np.array([[b"a", b""], [b"\x00\xff", b"x" * 300]], object)}
    tensors = {name: tf.constant(values) for name, values in (arrays | strings).items()}
    names = sorted(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(TARGET / "all_dtypes"),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tensors[name] for name in names],
    )
    whole = np.arange(300 * 4, dtype=np.int32).reshape(300, 4)
    tf.raw_ops.SaveV2(
        prefix=str(TARGET / "partitioned"),
        tensor_names=["rows", "rows", "boxes", "boxes", "boxes"],
        shape_and_slices=["300 4 0,290:-", "300 4 290,10:-", "300 4 0,290:0,4", "300 4 290,10:0,1", "300 4 290,10:1,3"],
        tensors=[whole[:290], whole[290:], whole[:290], whole[290:, :1], whole[290:, 1:]],
    )
    # Two shards, merged as a sharded saver does.
    with tempfile.TemporaryDirectory() as folder:
        parts = [f"{folder}/part{number}" for number in range(2)]
        for number, part in enumerate(parts):
            values = np.full(3, number, np.float32)
            tf.raw_ops.SaveV2(prefix=part, tensor_names=[f"t{number}"], shape_and_slices=[""], tensors=[values])
        tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=parts, destination_prefix=str(TARGET / "sharded"))
    # An object graph, as tf.train.Checkpoint writes it, with its state file.
    folder = TARGET / "objects"
    shutil.rmtree(folder, ignore_errors=True)
    checkpoint = tf.train.Checkpoint(weight=tf.Variable([1.0, 2.0]), step=tf.Variable(3, dtype=tf.int64))
    checkpoint.save(str(folder / "ckpt"))


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    write_records()
    write_events()
    write_checkpoints()
    content = {
        "made_by": "tools/goldens/make_formats.py",
        "tensorflow": tf.__version__,
        "messages": messages(),
        "tensor_protos": tensor_protos(),
        "histograms": histograms(),
        "descriptors": descriptors(),
    }
    with open(TARGET / "formats.json", "w", encoding="utf-8") as file:
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
        file.write("{\n" + ",\n".join(lines) + "\n}")
        file.write("\n")


if __name__ == "__main__":
    main()
