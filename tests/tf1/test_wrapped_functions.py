"""Graphs of TensorFlow 1 as functions of TensorFlow 2."""

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

import weft as tf

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "graph_defs_2.json"


@pytest.fixture(autouse=True)
def eager():
    tf.compat.v1.enable_eager_execution()
    yield
    tf.compat.v1.disable_eager_execution()


def wrapped_graph(message, inputs, outputs):
    """The recipe of TensorFlow's guide to migration."""
    wrapped = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(message, name=""), [])
    element = wrapped.graph.as_graph_element
    return wrapped.prune(tf.nest.map_structure(element, inputs), tf.nest.map_structure(element, outputs))


@pytest.mark.parametrize("title", ["function", "lowered function"])
def test_frozen_graphs_are_called(title):
    held = json.loads(GOLDEN.read_text(encoding="utf-8"))["graphs"][title]
    message = tf.compat.v1.GraphDef()
    message.ParseFromString(zlib.decompress(base64.b64decode(held["graph"])))
    function = wrapped_graph(message, ["x:0"], held["outputs"])
    data = tf.constant(np.sin(np.arange(6, dtype=np.float32)).reshape(2, 3))
    for found in (function(data), function(x=data), tf.function(lambda x: function(x))(data)):
        for tensor, expected in zip(found, held["results"], strict=True):
            np.testing.assert_allclose(tensor.numpy().ravel(), expected["values"], rtol=1e-5)


def test_gradients_flow_through_them():
    wrapped = tf.compat.v1.wrap_function(lambda x: x * x, [tf.TensorSpec([], tf.float32)])
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = wrapped(x)
    assert float(tape.gradient(y, x)) == 6.0


def test_variables_live_outside():
    def build(x):
        v = tf.compat.v1.get_variable("v", initializer=2.0)
        return tf.compat.v1.assign_add(v, x)

    wrapped = tf.compat.v1.wrap_function(build, [tf.TensorSpec([], tf.float32)])
    assert [float(wrapped(tf.constant(1.0))) for _ in range(2)] == [3.0, 4.0]
    assert [float(v) for v in wrapped.variables] == [4.0]


def test_what_is_not_fed_is_named():
    def build():
        tf.identity(tf.compat.v1.placeholder(tf.float32, [], name="x"), name="y")

    wrapped = tf.compat.v1.wrap_function(build, [])
    with pytest.raises(ValueError, match="placeholder `x`"):
        wrapped.prune([], "y:0")


def test_graph_util_of_version_2():
    with tf.Graph().as_default() as first:
        tf.identity(tf.constant(2.0), name="y")
    with tf.Graph().as_default() as second:
        (found,) = tf.graph_util.import_graph_def(first.as_graph_def(), return_elements=["y:0"])
        assert found.name == "import/y:0"
        assert tf.compat.v1.Session(graph=second).run(found) == 2.0


def test_functions_are_frozen(tmp_path):
    from weft.compat.v1.graph_util import convert_variables_to_constants_v2

    weights = tf.Variable(np.arange(6, dtype=np.float32).reshape(3, 2))

    @tf.function
    def model(x):
        hidden = tf.nn.relu(x @ weights)
        return tf.while_loop(lambda i, h: i < 3, lambda i, h: (i + 1, h * 1.5), (0, hidden))[1]

    frozen = convert_variables_to_constants_v2(model.get_concrete_function(tf.TensorSpec([None, 3], name="x")))
    data = np.sin(np.arange(6, dtype=np.float32)).reshape(2, 3)
    expected = model(tf.constant(data)).numpy()
    weights.assign(weights * 0.0)  # which the frozen one does not notice
    np.testing.assert_array_equal(frozen(tf.constant(data))[0], expected)
    tf.io.write_graph(frozen.graph, str(tmp_path), "frozen.pb", as_text=False)
    message = tf.compat.v1.GraphDef.FromString((tmp_path / "frozen.pb").read_bytes())
    function = wrapped_graph(message, "x:0", frozen.outputs[0].name)
    np.testing.assert_allclose(function(tf.constant(data)), expected, rtol=1e-6)
    writing = tf.function(lambda x: weights.assign_add(x)).get_concrete_function(tf.TensorSpec([3, 2]))
    with pytest.raises(NotImplementedError, match="assign_add"):
        convert_variables_to_constants_v2(writing)
