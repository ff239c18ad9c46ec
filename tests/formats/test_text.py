"""The text form of messages."""

from __future__ import annotations

import random

import pytest

from tests.formats import golden
from weft.base.errors import InvalidArgumentError
from weft.formats import text
from weft.formats.fields import REGISTRY
from weft.formats.messages.checkpoint import CheckpointState
from weft.formats.messages.example import Example, FloatList
from weft.formats.messages.graph import AttrValue, FullTypeDef, GraphDef, NodeDef, VersionDef
from weft.formats.messages.meta_graph import SaverDef
from weft.formats.messages.summary import HistogramProto
from weft.formats.messages.tensor import TensorProto


@pytest.mark.parametrize("name", golden.values()["messages"])
def test_text_is_protobufs_own(name):
    forms = golden.values()["messages"][name]
    kind = REGISTRY[f"tensorflow.{name}"]
    message = kind.FromString(bytes.fromhex(forms["hex"]))
    assert str(message) == forms["text"]
    assert text.from_text(forms["text"], kind) == message


def test_the_parser_takes_every_way_of_writing():
    written = """
        # a comment
        name: "a" 'b' "c"   ; op: 'Add',
        input: ["x", "y"] input: "z"
        attr { key: "T" value { type: DT_FLOAT } }
        attr: < key: 'shape', value: { shape: { dim { size: 0x10 } dim { size: 010 } dim { size: -1 } } } >
        attr { value { f: -1.5e1f } key: "f" }
        attr { key: "inf" value { f: -inf } }
        attr { key: "b" value { b: True } }
        attr { key: "s" value { s: "\\x41\\102\\n\\303\\274\\u00fc\\U0001F600" } }
        attr { key: "empty" }
    """
    node = text.from_text(written, NodeDef)
    assert (node.name, node.op, list(node.input)) == ("abc", "Add", ["x", "y", "z"])
    assert node.attr["T"].type == 1
    assert [dim.size for dim in node.attr["shape"].shape.dim] == [16, 8, -1]
    assert node.attr["f"].f == -15.0
    assert node.attr["inf"].f == float("-inf")
    assert node.attr["b"].b is True
    assert node.attr["s"].s == "AB\nüü😀".encode()
    assert node.attr["empty"].WhichOneof("value") is None
    assert text.from_text(str(node), NodeDef) == node


def test_numbers_come_back_to_the_bit():
    rng = random.Random(1)
    floats = FloatList(value=[rng.uniform(-1, 1) * 10 ** rng.randint(-40, 38) for _ in range(300)])
    floats.value.extend([0.1, -0.0, float("inf"), 3.4e38, 1e-45])
    assert text.from_text(str(floats), FloatList).SerializeToString() == floats.SerializeToString()
    doubles = HistogramProto(bucket=[rng.uniform(-1, 1) * 10 ** rng.randint(-300, 300) for _ in range(300)])
    assert text.from_text(str(doubles), HistogramProto) == doubles
    assert str(FloatList(value=[0.1])) == "value: 0.1\n"
    assert str(FloatList(value=[float("nan")])) == "value: nan\n"


def test_enums_print_as_names_and_unknown_ones_as_numbers():
    assert str(SaverDef(version=SaverDef.V2)) == "version: V2\n"
    assert text.from_text("version: 2", SaverDef).version == SaverDef.V2
    assert str(TensorProto(dtype=999)) == "dtype: 999\n"


@pytest.mark.parametrize(
    ("kind", "written", "problem"),
    [
        (VersionDef, "producer: 1\nproduzer: 2", r"line 2, column 1: .*no field 'produzer'. Did you mean `producer`"),
        (VersionDef, "producer: 1 producer: 2", "given twice"),
        (VersionDef, "producer 1", "expected ':'"),
        (VersionDef, "producer:", "found the end of the text"),
        (VersionDef, "producer: 99999999999", "int32"),
        (VersionDef, "producer: 1.5", "no int32 value"),
        (VersionDef, "producer: " + "9" * 10_000, "int32"),
        (VersionDef, "producer: @", "does not belong here"),
        (VersionDef, "bad_consumers: [1, 2", "expected"),
        (CheckpointState, 'model_checkpoint_path: "open', "does not belong here"),
        (CheckpointState, "model_checkpoint_path: 3", "quoted"),
        (CheckpointState, 'model_checkpoint_path: "\\xff"', "UTF-8"),
        (CheckpointState, 'model_checkpoint_path: "\\q"', "escape"),
        (CheckpointState, 'model_checkpoint_path: "\\UFFFFFFFF"', "no character"),
        (CheckpointState, 'model_checkpoint_path: "\\ud800"', "no character"),
        (AttrValue, "type: DT_NOTHING", "DT_FLOAT"),
        (AttrValue, "b: maybe", "no bool value"),
        (AttrValue, "shape { dim { size: 1 }", "expected '}'"),
        (AttrValue, "shape { dim { size: 1 > }", "expected"),
        (NodeDef, 'attr { name: "x" }', "entry"),
        (GraphDef, "[type.googleapis.com/x] { }", "Extensions"),
        (FullTypeDef, "args {" * 1000, "nested"),
    ],
)
def test_wrong_text_is_refused_with_its_place(kind, written, problem):
    with pytest.raises(InvalidArgumentError, match=problem):
        text.from_text(written, kind)


def test_unknown_fields_are_skipped_on_request():
    written = 'a: 1 b { c: "x" d: [1, {}] e < f: -2 > } g: [] model_checkpoint_path: "p" h { i { } }'
    assert text.from_text(written, CheckpointState, allow_unknown_fields=True).model_checkpoint_path == "p"
    with pytest.raises(InvalidArgumentError, match="nested"):
        text.from_text("a {" * 1000, CheckpointState, allow_unknown_fields=True)
    with pytest.raises(InvalidArgumentError):
        text.from_text("a", CheckpointState, allow_unknown_fields=True)


def test_damaged_text_is_read_or_refused():
    forms = golden.values()["messages"]["Example"]["text"]
    rng = random.Random(5)
    for length in range(len(forms)):
        _read_or_refuse(forms[:length])
    for _ in range(1000):
        place = rng.randrange(len(forms))
        _read_or_refuse(forms[:place] + rng.choice("{}[]<>:\"'\\#;,-aZ0\0é\n") + forms[place + rng.randint(0, 2) :])


def _read_or_refuse(written: str) -> None:
    try:
        text.from_text(written, Example)
    except InvalidArgumentError:
        pass


def test_bytes_that_are_not_utf8_are_refused():
    with pytest.raises(InvalidArgumentError, match="byte 3"):
        text.from_text(b"abc\xff", CheckpointState)
