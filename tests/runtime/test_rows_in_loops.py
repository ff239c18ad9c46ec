"""Rows that a loop writes to a TensorArray, of which only running tells the rank or the sizes."""

from __future__ import annotations

import numpy as np

import weft as tf


def test_rows_of_unknown_rank():
    factor = tf.Variable(2.0)

    def environment(scale):
        return np.array([1.0, 2.0], np.float32) * scale, np.array(3, np.int32)

    @tf.function
    def episode(count):
        rewards = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
        states = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        for i in tf.range(count):
            scale = tf.cast(i + 1, tf.float32)
            state, reward = tf.numpy_function(environment, [scale], [tf.float32, tf.int32])
            rewards = rewards.write(i, reward)
            states = states.write(i, state * factor)
            if i == 3:
                break
        return rewards.stack(), states.stack(), states.read(0), states.concat()

    with tf.GradientTape() as tape:
        rewards, states, first, joined = episode(tf.constant(6))
        total = tf.reduce_sum(states)
    assert rewards.numpy().tolist() == [3, 3, 3, 3]
    assert states.numpy().tolist() == [[2.0 * i, 4.0 * i] for i in range(1, 5)]
    assert first.numpy().tolist() == [2.0, 4.0]
    assert joined.shape == (8,)
    assert tape.gradient(total, factor).numpy() == 30.0


def test_rows_whose_size_data_tells():
    @tf.function
    def fill(x):
        rows = tf.TensorArray(tf.float32, 3)
        for i in tf.range(3):
            rows = rows.write(i, tf.boolean_mask(x, x > 1.0) * tf.cast(i, tf.float32))
        return rows.stack()

    assert fill(tf.constant([1.0, 2.0, 3.0])).numpy().tolist() == [[0.0, 0.0], [2.0, 3.0], [4.0, 6.0]]


def test_a_shape_that_is_known_in_part():
    rows = tf.TensorArray(tf.float32, 3, element_shape=[None])

    @tf.function
    def fill(count):
        def turn(i, array):
            return i + 1, array.write(i, tf.numpy_function(lambda: np.ones(2, "float32"), [], tf.float32))

        return tf.while_loop(lambda i, _: i < count, turn, (0, rows))[1].stack()

    assert fill(tf.constant(3)).numpy().tolist() == [[1.0, 1.0]] * 3


def test_gradient_through_a_loop_with_a_matrix_that_all_turns_use():
    weights = tf.Variable([[0.5, 0.25], [1.0, -0.5]])

    def rows(x):
        found = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        for i in tf.range(3):
            x = tf.tanh(tf.matmul(x, weights))
            found = found.write(i, tf.reduce_sum(x))
        return tf.reduce_sum(found.stack())

    results = []
    for run in (rows, tf.function(rows)):
        with tf.GradientTape() as tape:
            total = run(tf.constant([[1.0, 2.0]]))
        results.append(tape.gradient(total, weights).numpy())
    np.testing.assert_allclose(*results, rtol=1e-5)


def test_rows_of_known_and_of_unknown_rank_in_one_array():
    def zeros():
        return tf.numpy_function(lambda: np.zeros(2, np.float32), [], tf.float32)

    @tf.function
    def in_turns(count):
        rows = tf.TensorArray(tf.float32, 0, dynamic_size=True)
        for i in tf.range(count):
            rows = rows.write(i, tf.ones([2])) if i % 2 == 0 else rows.write(i, zeros())
        return rows.stack()

    @tf.function
    def first_before(count):
        rows = tf.TensorArray(tf.float32, 0, dynamic_size=True).write(0, tf.ones([2]))
        for i in tf.range(1, count):
            rows = rows.write(i, zeros())
        return rows.stack()

    assert in_turns(tf.constant(3)).numpy().tolist() == [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    assert first_before(tf.constant(2)).numpy().tolist() == [[1.0, 1.0], [0.0, 0.0]]
