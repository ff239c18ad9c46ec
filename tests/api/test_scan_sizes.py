"""Scans whose carried values have sizes that only running tells."""

import pytest

import weft as tf

NUMBERS = tf.TensorSpec([None], tf.int32)
MATRIX = tf.TensorSpec([None, None], tf.float32)


def _masks(lengths, x):
    """For each length a row with that many ones, as wide as `x`."""
    width = tf.stack([tf.shape(x)[1]])

    def row(old, length):
        return tf.expand_dims(tf.range(tf.shape(old)[1]), 0) < tf.fill(width, length)

    start = tf.cast(tf.fill([1, tf.shape(x)[1]], 0), tf.bool)
    return tf.cast(tf.scan(row, lengths, initializer=start)[:, 0, :], tf.int32)


def test_sizes_that_are_the_same_in_another_way():
    traced = tf.function(_masks, input_signature=[NUMBERS, MATRIX])
    found = traced(tf.constant([1, 3, 2]), tf.zeros([2, 4]))
    assert found.numpy().tolist() == [[1, 0, 0, 0], [1, 1, 1, 0], [1, 1, 0, 0]]
    assert traced(tf.constant([0, 3]), tf.zeros([2, 2])).numpy().tolist() == [[0, 0], [1, 1]]
    assert _masks(tf.constant([1]), tf.zeros([1, 2])).numpy().tolist() == [[1, 0]]


@tf.function(input_signature=[tf.TensorSpec([None], tf.float32), MATRIX])
def _filtered(factors, x):
    def step(carry, factor):
        return factor * carry + tf.boolean_mask(x, x[:, 0] > 0)

    return tf.scan(step, factors, initializer=x)


def test_a_size_that_depends_on_values():
    found = _filtered(tf.constant([1.0, 2.0]), tf.ones([2, 3]))
    assert found.numpy().tolist() == [[[2.0] * 3] * 2, [[5.0] * 3] * 2]


def test_the_gradient_through_such_a_scan():
    factors = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(factors)
        loss = tf.reduce_sum(_filtered(factors, tf.ones([2, 3]))[-1])
    assert tape.gradient(loss, factors).numpy().tolist() == [12.0, 12.0]


def test_a_size_that_changes_is_refused_when_it_happens():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32), MATRIX])
    def longer(factors, x):
        return tf.scan(lambda carry, factor: tf.concat([carry, x], 0)[tf.cast(factor, tf.int32) :], factors, x)

    assert longer(tf.constant([2.0]), tf.ones([2, 3])).shape == (1, 2, 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"ensure_shape: the tensor has shape \(4, 3\)"):
        longer(tf.constant([0.0]), tf.ones([2, 3]))
