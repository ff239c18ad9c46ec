"""Gradients that programs register, and the blocks of graphs that ask for them."""

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.runtime import gradient_overrides

DATA = np.array([[1, 2, -3], [4, -5, 6]], np.float32)


@pytest.fixture(autouse=True)
def registered():
    before = dict(gradient_overrides._REGISTERED)
    yield
    gradient_overrides._REGISTERED.clear()
    gradient_overrides._REGISTERED.update(before)


@tf.RegisterGradient("TestsOnlyPositive")
def only_positive(op, gradient):
    return tf.where(gradient > 0, tf.cast(op.inputs[0] > 0, gradient.dtype) * gradient, tf.zeros_like(gradient))


def evaluate(tensors, feeds):
    with tf.Session() as session:
        return session.run(tensors, feeds)


def test_a_block_gives_operations_another_gradient():
    x = tf.placeholder(tf.float32, [None, 3])
    graph = tf.get_default_graph()
    with graph.gradient_override_map({"Relu": "TestsOnlyPositive"}):
        guided = tf.nn.relu(x)
        (inside,) = tf.gradients(guided * [1.0, -1.0, 2.0], x)
    plain = tf.nn.relu(x)
    assert guided.op.get_attr("_gradient_op_type") == b"TestsOnlyPositive"
    found = [inside, tf.gradients(guided * [1.0, -1.0, 2.0], x)[0], tf.gradients(plain * [1.0, -1.0, 2.0], x)[0]]
    assert found[0].op.name.startswith("gradients/Relu_grad/")
    first, second, usual = evaluate(found, {x: DATA})
    np.testing.assert_array_equal(first, [[1, 0, 0], [1, 0, 2]])
    np.testing.assert_array_equal(second, first)
    np.testing.assert_array_equal(usual, [[1, -1, 0], [1, 0, 2]])


@pytest.mark.parametrize("name", ["Round", "Sign", "Floor"])
def test_what_has_no_gradient_passes_it_through(name):
    x = tf.placeholder(tf.float32, [None, 3])
    with tf.get_default_graph().gradient_override_map({name: "Identity"}):
        y = {"Round": tf.round, "Sign": tf.sign, "Floor": tf.floor}[name](x) * 2.0
    np.testing.assert_array_equal(evaluate(tf.gradients(y, x)[0], {x: DATA}), np.full([2, 3], 2))


def test_python_functions_get_gradients():
    tf.RegisterGradient("TestsOfPython")(lambda op, gradient: (gradient * op.inputs[1], None))
    x, factor = tf.placeholder(tf.float32, [None, 3]), tf.constant(5.0)
    with tf.get_default_graph().gradient_override_map({"PyFunc": "TestsOfPython"}):
        (y,) = tf.py_func(lambda a, b: a * b, [x, factor], [tf.float32])
    y.set_shape([None, 3])
    grads = tf.gradients(tf.reduce_sum(y), [x, factor])
    assert grads[1] is None
    np.testing.assert_array_equal(evaluate(grads[0], {x: DATA}), np.full([2, 3], 5))


def test_inner_blocks_go_first_and_files_keep_them():
    tf.RegisterGradient("TestsOuter")(lambda op, gradient: gradient * 10)
    x = tf.placeholder(tf.float32, [3], name="x")
    graph = tf.get_default_graph()
    with graph.gradient_override_map({"Relu": "TestsOuter", "Sigmoid": "TestsOuter"}):
        with graph.gradient_override_map({"Relu": "TestsOnlyPositive"}):
            y = tf.nn.relu(x)
        tf.sigmoid(y, name="y")
    with tf.Graph().as_default():
        tf.import_graph_def(graph.as_graph_def(), name="")
        again = tf.get_default_graph()
        (found,) = tf.gradients(again.get_tensor_by_name("y:0"), again.get_tensor_by_name("x:0"))
        np.testing.assert_array_equal(evaluate(found, {"x:0": [1.0, -1.0, 0.5]}), [10, 0, 10])


def test_what_is_refused():
    with pytest.raises(KeyError, match="Square"):
        tf.RegisterGradient("Square")(only_positive)
    with pytest.raises(KeyError, match="registered at"):
        tf.RegisterGradient("TestsOnlyPositive")(only_positive)
    with pytest.raises(TypeError, match="must be a string"):
        tf.NotDifferentiable(3)
    x = tf.constant(1.0)
    with tf.get_default_graph().gradient_override_map({"Round": "TestsOfNothing"}):
        y = tf.round(x)
    with pytest.raises(LookupError, match="TestsOfNothing"):
        tf.gradients(y, x)
    with (
        pytest.raises(TypeError, match="strings to strings"),
        tf.get_default_graph().gradient_override_map({"Round": 3}),
    ):
        pass


def test_types_without_a_gradient():
    tf.NotDifferentiable("TestsNothing")
    x = tf.constant(1.0)
    with tf.get_default_graph().gradient_override_map({"Exp": "TestsNothing"}):
        y = tf.exp(x)
    assert tf.gradients(y, x) == [None]
