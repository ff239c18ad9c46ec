"""Files of TensorFlow 1.15.5 are read, and files that are written here are read again here.

The way to TensorFlow is shown by `tools/check_exchanged_files.py`, which `make conformance` runs.
"""

import base64
import sys
import zlib
from pathlib import Path

import pytest

import weft.compat.v1 as tf
from weft.compat.protobuf import ProtobufFinder
from weft.formats.messages.control_flow import CondContextDef, WhileContextDef

from .conftest import golden

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "goldens"))
import tf1_file_programs as programs

GOLDEN = golden("tf1_files.json")


@pytest.fixture(autouse=True)
def protobuf():
    """`google.protobuf.text_format`, which programs read text with, as `weft run` supplies it."""
    finder = ProtobufFinder()
    finder.install()
    yield
    finder.uninstall()


@pytest.mark.parametrize("kind", programs.KINDS)
def test_files_of_tensorflow_are_read(kind, tmp_path):
    for name, content in GOLDEN[kind].items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(zlib.decompress(base64.b64decode(content)))
    programs.read(tf, kind, str(tmp_path))


@pytest.mark.parametrize("kind", programs.KINDS)
def test_files_that_are_written_are_read(kind, tmp_path):
    programs.write(tf, kind, str(tmp_path))
    programs.read(tf, kind, str(tmp_path))


def test_branches_and_loops_are_written_with_what_is_part_of_them():
    x = tf.placeholder(tf.float32, [3], name="x")
    turn = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, tf.cond(
        i > 1, lambda: a * x, lambda: tf.sin(a))), [0, x], name="turns")[1]  # fmt: skip
    tf.cond(x[0] > 0, lambda: turn, lambda: x, name="choice")
    made = tf.train.export_meta_graph()
    names = {node.name for node in made.graph_def.node}
    [content] = made.collection_def["while_context"].bytes_list.value
    loop = WhileContextDef.FromString(content)
    sides = [CondContextDef.FromString(item) for item in made.collection_def["cond_context"].bytes_list.value]
    assert [side.branch for side in sides] == [0, 1] and len(loop.nested_contexts) == 2
    assert "x:0" in loop.values_def.external_values and len(loop.loop_enter_names) == len(loop.loop_exit_names)
    for context in (loop, *sides, *(nested.cond_ctxt for nested in loop.nested_contexts)):
        held = set(context.values_def.values)
        assert context.pivot_name in held
        assert {name.partition(":")[0] for name in held} <= names
    inner = {name for nested in loop.nested_contexts for name in nested.cond_ctxt.values_def.values}
    outside = {name for nested in loop.nested_contexts for name in nested.cond_ctxt.values_def.external_values}
    assert inner - outside <= set(loop.values_def.values)
