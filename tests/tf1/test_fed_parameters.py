"""Feeds for tensors that functions took as axes, sizes and shapes while the graph was built."""

import numpy as np
import pytest

import weft.compat.v1 as tf

ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)


def _fed(make, first, then):
    """What a function of an array and a constant gives with the constant as it is, and with another one fed."""
    x, parameter = tf.placeholder(tf.float32, [None, None]), tf.constant(first)
    result = make(x, parameter)
    with tf.Session() as session:
        return [session.run(result, {x: ROWS, **feed}).tolist() for feed in ({}, {parameter: then}, {})]


def test_a_fed_shape_is_that_of_draws_which_go_on_behind_one_another():
    shape = tf.constant([2, 3])
    drawn = tf.random_uniform(shape, seed=5)
    same = tf.random_uniform([3, 5], seed=5)
    with tf.Session() as session:
        for _ in range(2):
            assert np.array_equal(session.run(drawn, {shape: [3, 5]}), session.run(same))
        assert session.run(drawn).shape == (2, 3)


@pytest.mark.parametrize(
    "make, first, then",
    [
        (lambda x, k: tf.reduce_sum(x, k), 0, 1),
        (lambda x, k: tf.reduce_max(x, k, keepdims=True) + 1.0, -1, 0),
        (lambda x, k: tf.reduce_mean(x, k), [0], [1]),
        (lambda x, k: tf.argmax(x, k), 0, 1),
        (lambda x, k: tf.concat([x, x], k), 0, 1),
        (lambda x, k: tf.expand_dims(x, k), 0, 2),
        (lambda x, k: tf.cumsum(x, k), 0, 1),
        (lambda x, k: tf.reverse(x, k), [0], [1]),
        (lambda x, k: tf.transpose(x, k), [0, 1], [1, 0]),
        (lambda x, k: tf.nn.top_k(x, k)[0], 1, 3),
        (lambda x, k: tf.fill(k, 2.0), [2], [3]),
        (lambda x, k: tf.tile(x, k), [1, 1], [2, 1]),
        (lambda x, k: tf.slice(x, k, [1, 2]), [0, 0], [2, 1]),
        (lambda x, k: tf.one_hot([0, 1], k), 2, 4),
        (lambda x, k: tf.reshape(x, k), [2, 6], [6, 2]),
        (lambda x, k: x[k], 0, 2),
        (lambda x, k: x[:, k:], 0, 2),
    ],
)  # fmt: skip
def test_what_is_fed_counts(make, first, then):
    plain, fed, again = _fed(make, first, then)
    tf.reset_default_graph()
    assert plain == again != fed == _fed(make, then, then)[0]


def test_a_fed_shape_does_not_ask_for_the_tensor_that_it_was_of():
    shape = tf.shape(tf.placeholder(tf.float32, [None, None]))
    result = tf.reshape(tf.range(6), shape)
    with tf.Session() as session:
        assert session.run(result, {shape: [3, 2]}).tolist() == [[0, 1], [2, 3], [4, 5]]
        assert session.run(result, {shape: [1, 6]}).tolist() == [[0, 1, 2, 3, 4, 5]]


def test_the_operand_that_tensorflow_has_for_an_axis():
    total = tf.reduce_sum(tf.constant(ROWS), 1)
    with tf.Session() as session:
        assert session.run(total, {"Sum/reduction_indices:0": 0}).tolist() == ROWS.sum(0).tolist()


def _nested(x, k):
    return tf.reduce_sum(tf.reduce_sum(x, k), 0)


@pytest.mark.parametrize(
    "make, first, then",
    [
        (lambda x, k: tf.gradients(tf.square(tf.reduce_sum(x, k)), x)[0], 0, 1),
        (_nested, 0, 1),
        (lambda x, k: tf.sequence_mask([1, 2], k), 2, 3),
        (lambda x, k: tf.nn.dropout(x, keep_prob=1.0) * tf.eye(k)[0, 0], 2, 3),
    ],
)  # fmt: skip
def test_what_cannot_be_made_again_is_refused_with_the_line_that_read(make, first, then):
    x, parameter = tf.placeholder(tf.float32, [None, None]), tf.constant(first, name="parameter")
    result = make(x, parameter)
    with tf.Session() as session:
        session.run(result, {x: ROWS})
        with pytest.raises(ValueError, match="parameter:0 may not be fed"):
            session.run(result, {x: ROWS, parameter: then})


def test_other_tensors_are_fed_as_ever():
    factor, axis = tf.constant(2.0), tf.constant(0)
    scaled = tf.constant(ROWS) * factor
    total = tf.reduce_sum(scaled, axis)
    with tf.Session() as session:
        assert session.run(total, {factor: 3.0}).tolist() == (ROWS.sum(0) * 3).tolist()
        assert session.run(total, {scaled: ROWS, axis: 1}).tolist() == ROWS.sum(1).tolist()


def test_parts_of_a_run_keep_the_sizes_that_were_read():
    x, y = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.float32, [])
    first = tf.reshape(x, [tf.shape(x)[0] * 2])
    second = tf.reshape(first, tf.shape(x)) * y
    with tf.Session() as session:
        handle = session.partial_run_setup([first, second], [x, y])
        assert session.partial_run(handle, first, {x: [[1, 2]]}).tolist() == [1, 2]
        assert session.partial_run(handle, second, {y: 2.0}).tolist() == [[2, 4]]
