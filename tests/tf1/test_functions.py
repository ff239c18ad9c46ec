"""Functions of version 2 in graphs of version 1: one node a call, whose effects keep their order."""

import numpy as np
import pytest

import weft
import weft.compat.v1 as tf
from weft.base.errors import InaccessibleTensorError
from weft.runtime import context


def _variable(value=1.0):
    return tf.get_variable("v", initializer=value)


def _run(*fetches):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [session.run(fetch) for fetch in fetches]


def test_effects_keep_the_order_of_the_program():
    v = _variable()

    @tf.function
    def f():
        v.assign(5.0)
        return v.read_value()

    assert _run(f(), v) == [5.0, 5.0]


def test_effects_happen_whatever_is_returned():
    v = _variable()

    @tf.function
    def f():
        v.assign_add(5.0)
        return tf.constant(2.0)

    made = f()
    with tf.control_dependencies([made]):
        after = v.read_value()
    assert _run(made, v) == [2.0, 6.0]
    assert _run(after) == [6.0]


def test_functions_in_functions_branches_and_loops():
    v = _variable()

    @tf.function
    def more():
        v.assign_add(1.0)
        return v.read_value()

    @tf.function
    def twice():
        more()
        more()
        return v.read_value()

    chosen = tf.placeholder(tf.bool, [])
    branch = tf.cond(chosen, more, lambda: tf.constant(0.0))
    _, total = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a + more()), (0, 0.0))
    nested = twice()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(branch, {chosen: False}) == 0.0 and session.run(v) == 1.0
        assert session.run(branch, {chosen: True}) == 2.0 and session.run(v) == 2.0
        assert session.run(total) == 3.0 + 4.0 + 5.0
        assert session.run(nested) == 7.0


def test_a_graph_traces_once_and_tensors_of_the_graph_are_captured():
    outside = tf.placeholder(tf.float32, [None])
    count = []

    @tf.function
    def f(x):
        count.append(x)
        return x * outside

    both = f(tf.constant(2.0)) + f(tf.constant(3.0))
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(both, {outside: [1.0, 2.0]}), [5.0, 10.0])
    assert len(count) == 1
    with tf.Graph().as_default(), pytest.raises(InaccessibleTensorError, match="is used in graph"):
        f(tf.constant(2.0))


def test_one_function_in_two_graphs_and_eagerly():
    f = tf.function(lambda x: x + tf.constant([1.0, 2.0]))
    for _ in range(2):
        with tf.Graph().as_default(), tf.Session() as session:
            np.testing.assert_array_equal(session.run(f(tf.constant(1.0))), [2.0, 3.0])
    with context.open_scope(None):
        found = f(weft.constant(1.0))
    assert found.numpy().tolist() == [2.0, 3.0]


def test_gradients_take_what_the_call_computed():
    v = _variable(3.0)

    @tf.function
    def f(x):
        v.assign_add(1.0)
        return x * v * v

    slope = tf.gradients(f(tf.constant(2.0)), [v])[0]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(slope) == 16.0
        assert session.run(v) == 4.0  # it ran once

    x = tf.ones([20])
    y = tf.function(lambda x: tf.nn.dropout(x, rate=0.5))(x)
    kept, gradient = _run([y, tf.gradients(y, x)[0]])[0]
    np.testing.assert_array_equal(kept, gradient)


def test_second_order_through_a_call():
    x = tf.constant(2.0)
    y = tf.function(lambda x: x**4)(x)
    first = tf.gradients(y, x)[0]
    assert _run([y, first, tf.gradients(first, x)[0]]) == [[16.0, 32.0, 48.0]]


def test_what_has_no_gradient_can_be_called():
    x = tf.placeholder(tf.float32, [None])

    @tf.function
    def grow(x):
        return tf.while_loop(
            lambda i, a: i < 3, lambda i, a: (i + 1, tf.concat([a, x], 0)), (0, x),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None])),
        )[1]  # fmt: skip

    host = tf.function(lambda x: tf.numpy_function(lambda a: a[0] * 2, [x], tf.float32) + x)
    with tf.Session() as session:
        assert session.run(tf.reduce_sum(grow(x)), {x: [1.0, 2.0]}) == 12.0
        assert session.run(host(x), {x: [4.0]}).tolist() == [12.0]


def test_nodes_have_the_names_and_types_of_calls():
    v = _variable()
    plain, stateful = tf.function(lambda x: x * 2.0)(tf.constant(1.0)), tf.function(lambda: v.assign(2.0))()
    assert (plain.name, plain.op.type) == ("PartitionedCall:0", "PartitionedCall")
    assert (stateful.name, stateful.op.type) == ("StatefulPartitionedCall:0", "StatefulPartitionedCall")


def test_random_numbers_follow_the_graphs_seed_and_start_anew_in_each_session():
    tf.set_random_seed(3)
    drawn = tf.function(lambda: tf.random_uniform([2]))
    first, second = drawn(), drawn()
    runs = [_run(first, second, first) for _ in range(2)]
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(runs[0][0], runs[0][2])
