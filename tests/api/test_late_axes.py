"""Axes that only running tells: each function gives along a traced axis what it gives along the same number."""

import numpy as np
import pytest

import weft as tf

X = np.random.RandomState(0).randn(2, 4, 2).astype(np.float32)
ALONG = {
    "reduce_sum": tf.reduce_sum,
    "reduce_logsumexp": tf.reduce_logsumexp,
    "reduce_std": tf.math.reduce_std,
    "count_nonzero": tf.math.count_nonzero,
    "argmin": tf.argmin,
    "cumsum": lambda x, axis: tf.cumsum(x, axis, exclusive=True, reverse=True),
    "gather": lambda x, axis: tf.gather(x, [[1, 0], [0, 0]], axis=axis),
    "concat": lambda x, axis: tf.concat([x, 2 * x], axis),
    "expand_dims": tf.expand_dims,
    "reverse": lambda x, axis: tf.reverse(x, [axis]),
    "roll": lambda x, axis: tf.roll(x, [1], [axis]),
    "split": lambda x, axis: tf.split(x, 2, axis),
    "l2_normalize": tf.math.l2_normalize,
}


@pytest.mark.parametrize("name", ALONG)
def test_along_each_axis(name):
    traced = tf.function(lambda x, axis: ALONG[name](x, axis=axis), reduce_retracing=True)
    for axis in range(-3, 3):
        wanted = tf.nest.flatten(ALONG[name](X, axis=axis))
        for one, other in zip(wanted, tf.nest.flatten(traced(tf.constant(X), tf.constant(axis))), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axes", [[0, 1], [2, 0], [1], [-1, -3], [0, 1, 2]])
def test_over_several_axes(axes, keepdims):
    traced = tf.function(lambda x, over: tf.math.reduce_variance(x, over, keepdims))
    np.testing.assert_allclose(traced(X, tf.constant(axes)), X.var(tuple(axes), keepdims=keepdims), rtol=1e-5)


def test_an_axis_in_a_list_and_lengths_of_parts():
    total = tf.function(lambda x, axis: tf.reduce_sum(x, axis=[axis, 0]))(X, tf.constant(1))
    np.testing.assert_allclose(total, X.sum((0, 1)), rtol=1e-5)
    parts = tf.function(lambda x, axis: tf.split(x, [1, 3], axis))(X, tf.constant(1))
    assert [part.shape.as_list() for part in parts] == [[2, 1, 2], [2, 3, 2]]


def test_pairs_of_axes():
    y = np.random.RandomState(1).randn(2, 3, 4).astype(np.float32)
    traced = tf.function(lambda x, y, axes: tf.tensordot(x, y, axes))
    for axes in ([[2, 1], [0, 2]], [[0], [0]], [[-3], [0]]):
        np.testing.assert_allclose(traced(X, y, tf.constant(axes)), np.tensordot(X, y, axes), rtol=1e-4)


def test_gradients():
    @tf.function
    def slope(x, axis):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_max(x * x, axis=axis)
        return tape.gradient(y, x)

    x = tf.constant([[1.0, 2.0, 3.0], [6.0, 5.0, 4.0]])
    assert slope(x, tf.constant(1)).numpy().tolist() == [[0, 0, 6], [12, 0, 0]]
    assert slope(x, tf.constant(0)).numpy().tolist() == [[0, 0, 0], [12, 10, 8]]


def test_what_is_no_axis_is_refused():
    traced = tf.function(lambda x, axis: tf.reduce_sum(x, axis))
    with pytest.raises(tf.errors.InvalidArgumentError, match="none of the 3 axes"):
        traced(X, tf.constant(3))
    with pytest.raises(tf.errors.InvalidArgumentError, match="named twice"):
        traced(X, tf.constant([1, -2]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="different sizes beside the axis"):
        tf.function(lambda x, y, axis: tf.concat([x, y], axis))(X, X[:, :2], tf.constant(2))
    with pytest.raises(tf.errors.InvalidArgumentError, match="no multiple of 3"):
        tf.function(lambda x, axis: tf.split(x, 3, axis))(X, tf.constant(1))
