"""Messages: presence, oneofs, maps, copying, encoding, and what damaged bytes do."""

from __future__ import annotations

import copy
import importlib
import pickle
import pkgutil
import random

import numpy as np
import pytest

from tests.formats import golden
from tests.formats.damage import flips, peak_memory, refused, truncations
from weft.base.errors import DataLossError
from weft.formats import messages
from weft.formats.codec import Limits
from weft.formats.fields import REGISTRY
from weft.formats.messages import graph, meta_graph, summary, tensor
from weft.formats.messages.example import BytesList, Example, Feature, Features, FloatList, Int64List

for _module in pkgutil.iter_modules(messages.__path__, f"{messages.__name__}."):
    importlib.import_module(_module.name)  # messages are registered where they are defined

# Parts that nothing here reads or writes; they survive as unknown fields.
LEFT_OUT = {
    "tensorflow.DeviceStepStats": {"thread_names"},
    "tensorflow.GraphDef": {"debug_info"},
    "tensorflow.MetaGraphDef": {"object_graph_def"},
    "tensorflow.NodeExecStats": {
        "memory", "memory_stats", "output", "referenced_tensor", "scheduled_nanos",
        "all_start_nanos", "all_end_rel_nanos", "op_start_rel_nanos", "op_end_rel_nanos",
    },
    "tensorflow.RunMetadata": {"cost_graph", "session_metadata"},
    "tensorflow.ServerDef": {"cluster_device_filters", "default_session_config", "replica"},
    "tensorflow.TensorInfo": {"composite_tensor"},
}  # fmt: skip
# TensorBoard's, protobuf's own schemas (which conformance checks with a schema that protobuf wrote), and our own.
NOT_TENSORFLOWS = ("tensorboard.", "google.protobuf.", "weft.")


@pytest.mark.parametrize("name", sorted(name for name in REGISTRY if name in golden.values()["descriptors"]))
def test_schemas_are_tensorflows(name):
    real = golden.values()["descriptors"][name]
    ours = REGISTRY[name].DESCRIPTOR.fields_by_name
    assert set(real) == set(ours) | LEFT_OUT.get(name, set())
    for field, spec in ours.items():
        entry = real[field]
        assert (spec.number, spec.kind, spec.label) == (entry["number"], entry["kind"], entry["label"]), field
        assert spec.message_name == entry.get("message", ""), field
        assert spec.oneof == entry.get("oneof"), field
        assert spec.packed == entry.get("packed", False), field
        assert spec.key_kind == entry.get("key", ""), field
        if "enum" in entry:
            assert {member.name: member.value for member in spec.enum} == entry["enum"]


def test_every_message_is_checked_against_tensorflow():
    assert {name for name in REGISTRY if not name.startswith(NOT_TENSORFLOWS)} <= set(golden.values()["descriptors"])


def test_golden_messages_read_and_write_the_same_bytes():
    for name, forms in golden.values()["messages"].items():
        kind = REGISTRY[f"tensorflow.{name}"]
        data = bytes.fromhex(forms["hex"])
        message = kind.FromString(data)
        if name != "Example":  # Python's protobuf orders map keys of different lengths in a way of its own
            assert message.SerializeToString() == data
        assert len(message.SerializeToString()) == len(data)
        assert kind.FromString(message.SerializeToString()) == message


def make_example() -> Example:
    made = Example()
    made.features.feature["label"].int64_list.value.append(3)
    made.features.feature["image"].bytes_list.value.append(b"png")
    made.features.feature["weights"].float_list.value.extend([0.5, 1.5])
    return made


def test_sub_messages_appear_when_something_is_set_in_them():
    made = Example()
    features = made.features
    assert not made.HasField("features")
    assert "x" not in features.feature
    assert not made.HasField("features")
    features.feature["x"].int64_list.value.append(1)
    assert made.HasField("features")
    assert made.features is features
    assert made.features.feature["x"].WhichOneof("kind") == "int64_list"


def test_reading_leaves_no_trace_in_the_bytes():
    made = Example()
    assert made.features.feature.get("x") is None
    assert len(made.features.feature) == 0
    assert made.SerializeToString() == b""
    node = graph.AttrValue()
    assert (node.i, node.s, list(node.list.i)) == (0, b"", [])
    assert node.WhichOneof("value") is None
    assert node.SerializeToString() == b""


def test_the_constructor_takes_values_dicts_and_messages():
    made = Example(
        features=Features(
            feature={
                "label": Feature(int64_list=Int64List(value=[3])),
                "image": {"bytes_list": BytesList(value=[b"png"])},
                "weights": {"float_list": {"value": np.array([0.5, 1.5])}},
            }
        )
    )
    assert made == make_example()


def test_a_oneof_holds_its_last_set_member():
    value = summary.Summary.Value(tag="loss", simple_value=0.0)
    assert value.WhichOneof("value") == "simple_value"
    assert value.HasField("simple_value")  # set to its default, and still set
    value.histo.num = 3
    assert value.WhichOneof("value") == "histo"
    assert not value.HasField("simple_value")
    copy_of = summary.Summary.Value.FromString(value.SerializeToString())
    assert copy_of == value
    value.ClearField("value")
    assert value.WhichOneof("value") is None


def test_of_a_oneof_read_twice_the_last_wins():
    first = graph.AttrValue(i=3).SerializeToString()
    second = graph.AttrValue(s=b"x").SerializeToString()
    assert graph.AttrValue.FromString(first + second) == graph.AttrValue(s=b"x")


def test_scalars_that_hold_their_default_are_not_written():
    event = summary.Event(step=0, wall_time=0.0)
    assert event.SerializeToString() == b""
    assert summary.Event(wall_time=-0.0).SerializeToString() != b""
    with pytest.raises(ValueError, match="unset"):
        event.HasField("step")


def test_singular_messages_merge_and_repeated_ones_append():
    first, second = graph.NodeDef(name="a", input=["x"]), graph.NodeDef(op="Add", input=["y"])
    second.attr["T"].type = 1
    merged = graph.NodeDef.FromString(first.SerializeToString() + second.SerializeToString())
    first.MergeFrom(second)
    assert first == merged
    assert (merged.name, merged.op, list(merged.input), merged.attr["T"].type) == ("a", "Add", ["x", "y"], 1)


def test_copies_are_their_own():
    made = make_example()
    copies = [copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made)), Example()]
    copies[-1].CopyFrom(made)
    for other in copies:
        assert other == made
        other.features.feature["label"].int64_list.value[0] = 9
        assert other != made
    assert made.features.feature["label"].int64_list.value[0] == 3


def test_appended_messages_are_copied():
    node = graph.NodeDef(name="a")
    definition = graph.GraphDef()
    definition.node.append(node)
    node.name = "b"
    assert definition.node[0].name == "a"
    assert definition.node.add(name="c") is definition.node[1]


def test_fields_that_the_schema_does_not_know_survive():
    known = graph.VersionDef(producer=7).SerializeToString()
    unknown = b"\xa0\x06\x05" + b"\xaa\x06\x03abc" + b"\xb5\x06\x01\x02\x03\x04" + b"\xb9\x06" + bytes(8)
    message = graph.VersionDef.FromString(unknown + known)
    assert message.producer == 7
    assert message.SerializeToString() == known + unknown
    assert copy.deepcopy(message).SerializeToString() == known + unknown
    message.DiscardUnknownFields()
    assert message.SerializeToString() == known


def test_a_known_field_of_another_wire_type_is_kept_as_unknown():
    data = b"\x0a\x01x"  # producer, an int32, as a string
    message = graph.VersionDef.FromString(data)
    assert message.producer == 0
    assert message.SerializeToString() == data


def test_packed_and_unpacked_numbers_are_both_read():
    unpacked = b"\x08\x01\x08\x02"
    packed = b"\x0a\x02\x03\x04"
    assert Int64List.FromString(unpacked + packed).value == [1, 2, 3, 4]


def test_numbers_out_of_range_wrap_as_protobuf_does():
    data = b"\x08" + b"\xff" * 9 + b"\x01"
    assert graph.VersionDef.FromString(data).producer == -1
    assert graph.VersionDef.FromString(b"\x08\x80\x80\x80\x80\x10").producer == 0


def test_enums_take_names_and_keep_unknown_numbers():
    assert tensor.TensorProto(dtype="DT_HALF").dtype == 19
    assert tensor.TensorProto.FromString(b"\x08\xe7\x07").dtype == 999
    with pytest.raises(ValueError, match="DT_FLOAT"):
        tensor.TensorProto(dtype="DT_NONSENSE")


def test_repeated_numbers_behave_as_lists_and_arrays():
    values = FloatList(value=range(5)).value
    values[1:3] = [10, 20.5]
    values += [7]
    del values[0]
    values.insert(0, -1)
    assert list(values) == values == [-1, 10, 20.5, 3, 4, 7]
    assert np.asarray(values).dtype == np.float32
    array = np.asarray(values)
    values.append(1)  # an array taken from it does not lock it
    assert array.shape == (6,)
    flags = tensor.TensorProto(bool_val=[True, False]).bool_val
    assert list(flags) == [True, False]
    assert isinstance(flags[0], bool)
    assert np.asarray(flags).dtype == np.bool_


def test_large_numpy_arrays_are_taken_whole():
    array = np.arange(-1000, 1000)
    assert np.array_equal(Int64List(value=array).value, array)
    assert list(FloatList(value=array.astype(np.float16)).value) == list(array)
    with pytest.raises(ValueError, match="int32"):
        tensor.TensorProto(int_val=np.array([1 << 40]))


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Int64List(value=["3"]), TypeError, r"Int64List.value takes int64 numbers, got '3' of type str"),
        (lambda: Int64List(value=[1.5]), TypeError, "int64"),
        (lambda: Int64List(value=np.array([1.5])), TypeError, "int64"),
        (lambda: Int64List(value=[1 << 63]), ValueError, "int64"),
        (lambda: FloatList(value=["0.5"]), TypeError, "float"),
        (lambda: FloatList(value=np.array(["0.5"])), TypeError, "float"),
        (lambda: BytesList(value=["text"]), TypeError, r"encode"),
        (lambda: graph.NodeDef(name=3), TypeError, "NodeDef.name takes text"),
        (lambda: graph.NodeDef(name=b"\xff"), ValueError, "UTF-8"),
        (lambda: graph.NodeDef(nme="x"), ValueError, r"has no field 'nme'. Did you mean `name`"),
        (lambda: Example(features=Feature()), TypeError, "Features"),
        (lambda: graph.GraphDef(node=["x"]), TypeError, "NodeDef"),
        (lambda: summary.Event(step=True + 0.5), TypeError, "int64"),
        (lambda: meta_graph.SaverDef(sharded="yes"), TypeError, "bool"),
    ],
)
def test_wrong_values_are_refused_by_name(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_misspelt_attributes_and_assignments_are_refused():
    made = Example()
    with pytest.raises(AttributeError):
        made.feature = 1
    with pytest.raises(AttributeError, match="CopyFrom"):
        made.features = Features()
    with pytest.raises(AttributeError, match="extend"):
        Int64List().value = [1]
    with pytest.raises(ValueError, match="takes no assignment"):
        made.features.feature["x"] = Feature()
    with pytest.raises(TypeError, match="keys"):
        made.features.feature[3]


def test_maps_of_scalars():
    function = graph.FunctionDef(ret={"out": "y:0"}, resource_arg_unique_id={1: 2})
    function.ret["other"] = "z:0"
    again = graph.FunctionDef.FromString(function.SerializeToString())
    assert dict(again.ret) == {"out": "y:0", "other": "z:0"}
    assert dict(again.resource_arg_unique_id) == {1: 2}
    assert again.ret["absent"] == ""
    with pytest.raises(TypeError):
        again.ret["x"] = 3


def test_equal_messages_have_equal_bytes_whatever_the_order_of_keys():
    one, other = graph.NodeDef(), graph.NodeDef()
    for key in "abc":
        one.attr[key].i = 1
    for key in "cab":
        other.attr[key].i = 1
    assert one.SerializeToString() == other.SerializeToString()


def test_buffers_of_any_kind_are_read():
    data = make_example().SerializeToString()
    for form in (bytearray(data), memoryview(data), np.frombuffer(data, np.uint8)):
        assert Example.FromString(form) == make_example()


def test_text_that_is_not_utf8_is_refused():
    with pytest.raises(DataLossError, match=r"NodeDef.name.*UTF-8"):
        graph.NodeDef.FromString(b"\x0a\x02\xff\xfe")


def nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = graph.FullTypeDef(args=[graph.FullTypeDef()]).SerializeToString()[:1] + _length(data) + data
    return data


def _length(data: bytes) -> bytes:
    from weft.formats.wire import encode_varint

    return encode_varint(len(data))


def test_nesting_is_bounded():
    assert graph.FullTypeDef.FromString(nested(99)).SerializeToString() == nested(99)
    with pytest.raises(DataLossError, match="nested too deeply"):
        graph.FullTypeDef.FromString(nested(100))
    with pytest.raises(DataLossError, match="nested too deeply"):
        graph.FullTypeDef.FromString(nested(20_000))
    assert graph.FullTypeDef.FromString(nested(150), limits=Limits(depth=200))


def test_the_number_of_messages_is_bounded():
    data = b"\x0a\x00" * 1000
    with pytest.raises(DataLossError, match="too many messages"):
        graph.GraphDef.FromString(data, limits=Limits(messages=1000))
    assert len(graph.GraphDef.FromString(data).node) == 1000


def test_claimed_lengths_allocate_nothing():
    huge = b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
    for kind in (Int64List, graph.GraphDef, Features, graph.NodeDef):
        assert peak_memory(lambda kind=kind: refused(lambda: kind.FromString(huge))) < 1 << 16


@pytest.mark.parametrize("name", ["Example", "GraphDef"])
def test_damaged_messages_are_read_or_refused(name):
    kind = REGISTRY[f"tensorflow.{name}"]
    data = bytes.fromhex(golden.values()["messages"][name]["hex"])
    for damaged in (*truncations(data), *flips(data, 1500)):
        if not refused(lambda damaged=damaged: kind.FromString(damaged)):
            message = kind.FromString(damaged)
            assert kind.FromString(message.SerializeToString()).SerializeToString() == message.SerializeToString()


def test_random_bytes_are_read_or_refused():
    rng = random.Random(3)
    kinds = sorted(REGISTRY.values(), key=lambda kind: kind.DESCRIPTOR.full_name)
    for _ in range(3000):
        data = rng.randbytes(rng.randint(0, 40))
        refused(lambda data=data: rng.choice(kinds).FromString(data))
