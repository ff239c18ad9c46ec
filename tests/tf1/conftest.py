"""Programs of TensorFlow 1 run in its graph mode, each from an empty default graph."""

import json
from pathlib import Path

import pytest

import weft.compat.v1 as tf
from weft.runtime import context

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def golden(name):
    """A golden file's content."""
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def graph_mode():
    """Graphs as TensorFlow 1 has them, within this folder alone."""
    tf.reset_default_graph()
    tf.disable_v2_behavior()
    yield
    tf.enable_v2_behavior()
    tf.reset_default_graph()
    assert context.scope() is None
