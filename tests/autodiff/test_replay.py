"""Differentiating branches, loops and calls does nothing again: numbers are TensorFlow 2.21's."""

import numpy as np
import pytest

import weft as tf
from weft.autodiff.replay import has_such, record
from weft.autodiff.subgraph import gradient_graph
from weft.base.errors import InternalError
from weft.ir.verifier import verify
from weft.ops import interpreter

v1 = tf.compat.v1


def _numbers(*tensors):
    return [float(t) for t in tensors]


def _same_mask(y, g):
    return np.array_equal(y, g) and 0 < np.count_nonzero(y) < np.size(y)


# Branches ------------------------------------------------------------------------------------------------------------


def _dropped(x, p):
    return tf.cond(p, lambda: tf.nn.dropout(x, 0.5), lambda: x)


def test_the_gradient_of_a_branch_uses_the_numbers_drawn_in_it():
    @tf.function
    def inside(x, p):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = _dropped(x, p)
        return y, tape.gradient(y, x)

    x = tf.ones([60])
    assert _same_mask(*inside(x, tf.constant(True)))
    y, g = inside(x, tf.constant(False))
    assert np.all(y == 1) and np.all(g == 1)

    outside = tf.function(_dropped)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = outside(x, tf.constant(True))
    assert _same_mask(y, tape.gradient(y, x))


def _branch_that_writes(v):
    def branch(x):
        v.assign_add(1.0)
        return x * v

    return lambda x, p: tf.cond(p, lambda: branch(x), lambda: x)


def test_the_gradient_of_a_branch_writes_nothing():
    v = tf.Variable(1.0)
    function = _branch_that_writes(v)

    @tf.function
    def gradient(x, p):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x, p)
        return tape.gradient(y, x)

    assert float(gradient(tf.constant(2.0), tf.constant(True))) == 2.0
    assert float(v) == 2.0


def test_a_persistent_tape_may_be_asked_about_a_branch_again():
    v = tf.Variable(1.0)
    function = tf.function(_branch_that_writes(v))
    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = function(x, tf.constant(True))
    assert _numbers(tape.gradient(y, x), tape.gradient(y, v), tape.gradient(y, x)) == [2.0, 2.0, 2.0]
    assert float(v) == 2.0


def test_gradients_in_a_graph_of_version_1():
    with tf.Graph().as_default():
        x, p = v1.placeholder(tf.float32, [60]), v1.placeholder(tf.bool, [])
        y = _dropped(x, p)
        (once,) = v1.gradients(y, x)
        (again,) = v1.gradients(y * y, x)
        with v1.Session() as session:
            feeds = {x: np.ones(60, np.float32)}
            a, b, c = session.run([y, once, again], {**feeds, p: True})
            assert _same_mask(a, b) and np.array_equal(c, 2 * a * a)
            assert session.run([y, once], {**feeds, p: False})[1].sum() == 60


def test_sizes_known_only_in_a_branch():
    v = tf.Variable(1.0)

    @tf.function(input_signature=[tf.TensorSpec([None]), tf.TensorSpec([], tf.bool)])
    def gradient(x, p):
        def branch():
            chosen = tf.boolean_mask(x, x > 0)
            drawn = tf.random.uniform(tf.shape(chosen)) * 0.0 + 2.0
            return tf.reduce_sum(chosen * drawn * v.assign_add(1.0))

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cond(p, branch, lambda: tf.reduce_sum(x))
        return y, tape.gradient(y, x)

    y, g = gradient(tf.constant([1.0, -2.0, 3.0]), tf.constant(True))
    assert float(y) == 16.0 and list(g.numpy()) == [4.0, 0.0, 4.0]
    y, g = gradient(tf.constant([1.0, -2.0]), tf.constant(False))
    assert float(y) == -1.0 and list(g.numpy()) == [1.0, 1.0]
    assert float(v) == 2.0


# Loops ---------------------------------------------------------------------------------------------------------------


def _loop(step, start, steps=3):
    return tf.while_loop(lambda i, y: i < steps, lambda i, y: (i + 1, step(y)), [tf.constant(0), start])[1]


def _counting(v, function):
    def step(y):
        v.assign_add(1.0)
        return function(y, v)

    return step


def test_the_gradient_of_a_loop_uses_what_each_step_read():
    v = tf.Variable(0.0)

    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = _loop(_counting(v, lambda y, v: y * v), x)
        return tape.gradient(y, x)

    assert float(gradient(tf.constant(2.0))) == 6.0
    assert float(v) == 3.0


def test_the_gradient_of_a_loop_in_a_function():
    v = tf.Variable(0.0)
    function = tf.function(lambda x: _loop(_counting(v, lambda y, v: y * v), x))
    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = function(x)
    assert _numbers(tape.gradient(y, x), tape.gradient(y, v)) == [6.0, 22.0]
    assert float(v) == 3.0


@pytest.mark.parametrize("inside", [True, False])
def test_second_order_through_a_loop(inside):
    v = tf.Variable(0.0)

    def function(x):
        return _loop(_counting(v, lambda y, v: y * y * v), x)

    def orders(x, f):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = f(x)
            first = inner.gradient(y, x)
        return y, first, outer.gradient(first, x)

    x = tf.constant(2.0)
    found = tf.function(lambda x: orders(x, function))(x) if inside else orders(x, tf.function(function))
    assert _numbers(*found) == [3072.0, 12288.0, 43008.0]
    assert float(v) == 3.0


def test_a_condition_that_reads_what_the_body_writes():
    v = tf.Variable(3)

    @tf.function
    def gradient(x):
        def body(y):
            return (y * 2.0 + 0.0 * tf.cast(v.assign_sub(1), tf.float32),)

        with tf.GradientTape() as tape:
            tape.watch(x)
            (y,) = tf.while_loop(lambda y: v > 0, body, [x])
        return y, tape.gradient(y, x)

    assert _numbers(*gradient(tf.constant(1.0))) == [8.0, 8.0]
    assert int(v) == 0


def test_random_numbers_in_loops():
    @tf.function
    def gradients(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = _loop(lambda y: tf.nn.dropout(y, 0.3), x)
            z = tf.map_fn(lambda row: tf.nn.dropout(row, 0.5), tf.reshape(x, [3, 20]))
        return y, tape.gradient(y, x), z, tape.gradient(z, x)

    y, of_y, z, of_z = gradients(tf.ones([60]))
    assert _same_mask(y, of_y)
    assert _same_mask(z, tf.reshape(of_z, [3, 20]))


def test_eager_maps():
    v = tf.Variable(1.0)
    x = tf.constant([1.0, 2.0, 3.0])

    def row(r):
        v.assign_add(1.0)
        return r * v * v

    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.map_fn(row, x)
    assert list(tape.gradient(y, x).numpy()) == [4.0, 9.0, 16.0]
    assert _numbers(tape.gradient(y, v), v) == [40.0, 4.0]

    wide = tf.ones([4, 20])
    with tf.GradientTape() as tape:
        tape.watch(wide)
        y = tf.map_fn(lambda r: tf.nn.dropout(r, 0.5), wide)
    assert _same_mask(y, tape.gradient(y, wide))


def test_branches_in_loops_and_loops_in_branches_and_loops():
    v = tf.Variable(1.0)
    times = _counting(v, lambda y, v: y * v)

    @tf.function
    def mixed(x):
        def body(i, y):
            return i + 1, tf.cond(tf.equal(i % 2, 1), lambda: times(y), lambda: y * 3.0)

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.while_loop(lambda i, y: i < 5, body, [tf.constant(0), x])[1]
        return y, *tape.gradient(y, [x, v])

    assert _numbers(*mixed(tf.constant(2.0)), v) == [324.0, 162.0, 270.0, 3.0]

    v.assign(1.0)

    @tf.function
    def within(x, p, n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cond(p, lambda: _loop(times, x, n), lambda: x)
        return y, tape.gradient(y, x)

    x = tf.constant(2.0)
    assert _numbers(*within(x, tf.constant(True), tf.constant(3)), v) == [48.0, 24.0, 4.0]
    assert _numbers(*within(x, tf.constant(False), tf.constant(3)), v) == [2.0, 1.0, 4.0]
    assert _numbers(*within(x, tf.constant(True), tf.constant(0)), v) == [2.0, 1.0, 4.0]

    v.assign(1.0)

    @tf.function
    def nested(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = _loop(lambda y: _loop(times, y, 2), x, 2)
        return y, tape.gradient(y, x)

    assert _numbers(*nested(x), v) == [240.0, 120.0, 5.0]


def test_python_functions_are_called_once():
    calls = []

    def host(_):
        calls.append(1)
        return np.float32(len(calls))

    def ask(y):
        found = tf.numpy_function(host, [tf.stop_gradient(y)], tf.float32)
        found.set_shape([])
        return found

    @tf.function
    def gradient(x, p):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.cond(p, lambda: x * ask(x), lambda: x)
            z = _loop(lambda y: y * ask(y), x)
        return y, tape.gradient(y, x), z, tape.gradient(z, x)

    assert _numbers(*gradient(tf.constant(2.0), tf.constant(True))) == [2.0, 1.0, 48.0, 24.0]
    assert len(calls) == 4


def test_python_functions_with_gradients_are_called_once():
    calls = []

    def host(a):
        calls.append(1)
        return a * a * float(len(calls))

    def ask(y):
        found = tf.py_function(host, [y], tf.float32)
        found.set_shape([])
        return found

    @tf.function
    def inside(x, p):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.cond(p, lambda: ask(x), lambda: x)
            z = _loop(ask, x, 2)
        return y, tape.gradient(y, x), z, tape.gradient(z, x)

    x = tf.constant(2.0)
    assert _numbers(*inside(x, tf.constant(True))) == [4.0, 4.0, 192.0, 384.0]
    assert len(calls) == 3
    calls.clear()
    for function in (ask, tf.function(ask)):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = function(x)
        assert _numbers(tape.gradient(y, x), tape.gradient(y, x)) == [4.0 * len(calls)] * 2
    assert len(calls) == 2


def test_what_is_kept_of_a_step_must_have_one_shape():
    sizes = iter([2, 3, 4])

    @tf.function
    def gradient(x):
        def step(y):
            drawn = tf.numpy_function(lambda: np.ones(next(sizes), np.float32), [], tf.float32)
            return y * tf.reduce_sum(drawn)

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = _loop(step, x)
        return tape.gradient(y, x)

    with pytest.raises(tf.errors.InvalidArgumentError, match=r"step 1 has shape \(3,\).*must have one shape"):
        gradient(tf.constant(2.0))


# Calls ---------------------------------------------------------------------------------------------------------------


def test_second_order_through_a_call_draws_nothing():
    function = tf.function(lambda x: tf.reduce_sum(tf.nn.dropout(x, 0.5) * x * x))
    x = tf.ones([60])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = function(x)
        first = inner.gradient(y, x)
    assert np.count_nonzero(first) < 60
    np.testing.assert_allclose(outer.gradient(first, x), 2 * first.numpy(), rtol=1e-6)


def test_higher_orders_through_a_call_write_nothing():
    v = tf.Variable(1.0)

    @tf.function
    def function(x):
        v.assign_add(1.0)
        return x * x * x * x * v

    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as third:
        third.watch(x)
        with tf.GradientTape(persistent=True) as second:
            second.watch(x)
            with tf.GradientTape(persistent=True) as first:
                first.watch(x)
                y = function(x)
            g, gv = first.gradient(y, [x, v])
        gg, gx = second.gradient(g, [x, v])
    assert _numbers(g, gv, gg, gx) == [64.0, 16.0, 96.0, 32.0]
    assert _numbers(second.gradient(gv, x), third.gradient(gg, x), third.gradient(gg, v)) == [32.0, 96.0, 48.0]
    assert float(v) == 2.0


def test_second_order_through_a_branch_in_a_call():
    v = tf.Variable(0.0)

    @tf.function
    def function(x, p):
        return tf.cond(p, lambda: x * x * v.assign_add(1.0), lambda: x)

    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = function(x, tf.constant(True))
        g = tape.gradient(y, x)
    assert _numbers(g, tape.gradient(g, x), v) == [6.0, 2.0, 1.0]


def test_forward_mode_runs_a_call_once():
    v = tf.Variable(1.0)

    @tf.function
    def function(x):
        v.assign_add(1.0)
        return x * v

    x = tf.constant(2.0)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as accumulator:
        y = function(x)
    assert _numbers(accumulator.jvp(y), v) == [2.0, 2.0]

    dropout = tf.function(lambda x: tf.nn.dropout(x, 0.5))
    x = tf.ones([60])
    with tf.autodiff.ForwardAccumulator(x, x) as accumulator:
        y = dropout(x)
    assert _same_mask(y, accumulator.jvp(y))


def test_forward_mode_within_a_function():
    @tf.function
    def function(x):
        with tf.autodiff.ForwardAccumulator(x, tf.ones([60])) as accumulator:
            y = _dropped(x, tf.reduce_sum(x) > 0)
        return y, accumulator.jvp(y)

    assert _same_mask(*function(tf.ones([60])))


# The two graphs ------------------------------------------------------------------------------------------------------


def test_a_recorded_graph_and_its_replay():
    v = tf.Variable(2.0)
    traced = tf.function(lambda x: _loop(_counting(v, lambda y, v: y * v), x) * v).get_concrete_function(
        tf.TensorSpec([], tf.float32)
    )
    assert has_such(traced.graph)
    made = record(traced.graph)
    verify(made.graph)
    verify(made.replay)
    assert not has_such(made.replay)
    cell = traced.captured[0]._array
    result, *kept = interpreter.run(made.graph, [np.float32(1.5), cell])
    assert result == 1.5 * 3 * 4 * 5 * 5 and float(v) == 5.0
    assert interpreter.run(made.replay, [np.float32(1.5), cell, *kept]) == [result]
    assert float(v) == 5.0
    with pytest.raises(InternalError, match="its gradient would do that again"):
        gradient_graph(traced.graph, [0])


def test_what_a_loop_only_reads_is_kept_once():
    weights = tf.Variable([[0.1, 0.2], [0.3, -0.4]])

    @tf.function
    def gradient(rows):
        with tf.GradientTape() as tape:
            tape.watch(rows)
            states = tf.scan(lambda h, r: tf.tanh(tf.linalg.matvec(weights, h) + r), rows, tf.zeros([2]))
            loss = tf.reduce_sum(states * states)
        return tape.gradient(loss, [rows, weights])

    rows = tf.constant([[1.0, 2.0], [3.0, 4.0], [0.5, -1.0]])
    of_rows, of_weights = gradient(rows)
    np.testing.assert_allclose(of_rows, [[0.64071, 0.13625], [0.01095, 0.00436], [0.74264, -0.57475]], atol=1e-5)
    np.testing.assert_allclose(of_weights, [[0.74883, 0.75251], [-0.56977, -0.57002]], atol=1e-5)
    scans = [n for n in gradient.get_concrete_function(rows).graph.nodes if n.op == "scan"]
    assert len(scans[0].outputs) == 2  # the carry and the states, and no stack of weights
    assert not any(v.type.is_resource for n in scans[1:] for v in n.inputs)


def test_second_order_by_a_variable_that_a_loop_only_reads():
    w = tf.Variable(1.5)

    @tf.function
    def mixed(x):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = _loop(lambda y: y * w, x)
            first = inner.gradient(y, x)
        return y, first, outer.gradient(first, w)

    assert _numbers(*mixed(tf.constant(2.0))) == [6.75, 3.375, 6.75]
