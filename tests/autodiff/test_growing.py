"""Gradients through loops whose values change their sizes from step to step: the graph's are those of eager code."""

from __future__ import annotations

import numpy as np
import pytest

import weft as tf

SEEN = tf.Variable([0.8])


def _vector(x):
    for _ in tf.range(3):
        tf.autograph.experimental.set_loop_options(shape_invariants=[(x, tf.TensorShape([None]))])
        x = tf.concat([tf.sin(x), x[:1] * x[-1:] * SEEN], 0)
    return x


def _array(x):
    rows = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    for i in tf.range(4):
        rows = rows.write(i, tf.tanh(x * SEEN) * tf.cast(i + 1, tf.float32))
        x = x * tf.reduce_sum(rows.stack()) * 0.1 + rows.read(i)
    return rows.stack()


def _until(x):
    rows = tf.TensorArray(tf.float32, size=0, dynamic_size=True, element_shape=[4])
    i = 0
    while tf.reduce_sum(x) < 30.0:
        x = x * 1.5 + SEEN
        rows = rows.write(i, x * x)
        i += 1
    return rows.stack()


def _masked(x):
    total = 0.0
    for i in tf.range(4):
        some = tf.boolean_mask(x, x > tf.cast(i, tf.float32) * 0.3)
        total += tf.reduce_sum(tf.sin(some) * some) * SEEN[0]
    return total


def _shrinking(x):
    while tf.size(x) > 1:
        tf.autograph.experimental.set_loop_options(shape_invariants=[(x, tf.TensorShape([None]))])
        x = x[1:] * tf.cos(x[:-1]) + SEEN
    return x


def _no_turn(x):
    while tf.reduce_sum(x) < 0.0:
        tf.autograph.experimental.set_loop_options(shape_invariants=[(x, tf.TensorShape([None]))])
        x = tf.concat([x, x * SEEN], 0)
    return x * x


def _two_orders(function, x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = function(x)
        first = inner.gradient(y, [x, SEEN], unconnected_gradients="zero")
        total = tf.reduce_sum(first[0] ** 2) + tf.reduce_sum(first[1] ** 2)
    second = outer.gradient(total, [x, SEEN], unconnected_gradients="zero")
    return [y, *first, *second]


@pytest.mark.parametrize("function", [_vector, _array, _until, _masked, _shrinking, _no_turn])
def test_two_orders(function):
    x = tf.constant([0.3, 0.5, 0.9, 1.4])
    wanted = _two_orders(function, x)
    for found in (_two_orders(tf.function(function), x), tf.function(_two_orders)(function, x)):
        for got, value in zip(found, wanted, strict=True):
            np.testing.assert_allclose(got.numpy(), value.numpy(), rtol=2e-4, atol=1e-5)


def test_states_of_which_only_the_shape_is_asked_are_not_kept():
    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            rows = tf.TensorArray(tf.float32, size=0, dynamic_size=True, element_shape=[1000])
            for i in tf.range(4):
                rows = rows.write(i, tf.sin(x))
            total = tf.reduce_sum(rows.stack())
        return tape.gradient(total, x)

    x = tf.ones([1000])
    np.testing.assert_allclose(gradient(x).numpy(), np.full(1000, 4 * np.cos(1.0)), rtol=1e-5)
    graph = gradient.get_concrete_function(x).graph
    stacks = [v for node in graph.nodes if node.op == "while_loop" for v in node.outputs if v.shape[-1:] == (1000,)]
    assert all(len(v.shape) < 3 for v in stacks)  # no history of all rows


def test_ragged_rows_in_a_graph():
    ragged = tf.ragged.constant([[1.0, 2.0], [3.0], [], [4.0, 5.0, 6.0]])
    spec = tf.RaggedTensorSpec([None], tf.float32)

    @tf.function
    def double(x):
        return tf.map_fn(lambda row: (row * 2.0, tf.size(row)), x, fn_output_signature=(spec, tf.int32))

    doubled, sizes = double(ragged)
    assert doubled.to_list() == [[2.0, 4.0], [6.0], [], [8.0, 10.0, 12.0]]
    assert sizes.numpy().tolist() == [2, 1, 0, 3]
    deep = tf.ragged.constant([[[1], [2, 3]], [], [[], [5]]])
    spec = tf.RaggedTensorSpec([None, None], tf.int32)

    @tf.function
    def add_one(x):
        return tf.map_fn(lambda row: tf.ragged.map_flat_values(lambda t: t + 1, row), x, fn_output_signature=spec)

    assert add_one(deep).to_list() == [[[2], [3, 4]], [], [[], [6]]]
    counts = tf.constant([1, 3, 0])
    spec = tf.RaggedTensorSpec([None], tf.int32)
    for run in (lambda f: f, tf.function):
        found = run(lambda n: tf.map_fn(tf.range, n, fn_output_signature=spec))(counts)
        assert found.to_list() == [[0], [0, 1, 2], []]


def test_the_gradient_of_ragged_results():
    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            spec = tf.RaggedTensorSpec([None], tf.float32)
            y = tf.map_fn(lambda v: v * tf.ones([tf.cast(v, tf.int32)]), x, fn_output_signature=spec)
            total = tf.reduce_sum(y.flat_values**2)
        return tape.gradient(total, x)

    assert gradient(tf.constant([1.0, 2.0, 3.0])).numpy().tolist() == [2.0, 8.0, 18.0]
