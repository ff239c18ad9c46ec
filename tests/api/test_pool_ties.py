"""Equal elements in a window of max pooling: who has the gradient."""

import numpy as np
import pytest

import weft as tf

#: axes -> values, their shape, the gradient of windows of two: from TensorFlow 2.21 on a CPU
_TIES = {
    "1": ([1, 1, 0, 1, 0, 0], (1, 6, 1), [1, 0, 0, 1, 1, 0]),
    "2": ([1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 2], (1, 4, 4, 1),
          [1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]),
    "3": ([1, 1, 1, 1, 2, 2, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1], (1, 2, 4, 2, 1),
          [1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]),
}  # fmt: skip


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("axes", _TIES)
def test_equal_elements_share_a_gradient_in_three_axes_only(axes, data_format):
    values, shape, expected = _TIES[axes]
    x = np.array(values, np.float32).reshape(shape)
    wanted = np.array(expected, np.float32).reshape(shape)
    if data_format == "channels_first":
        x, wanted = np.moveaxis(x, -1, 1), np.moveaxis(wanted, -1, 1)
    layer = getattr(tf.keras.layers, f"MaxPooling{axes}D")(2, data_format=data_format)
    value = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(value)
        y = layer(value)
    assert np.array_equal(tape.gradient(y, value), wanted)


def test_the_second_gradient_of_ties_in_three_axes():
    x = np.array([1, 2, 0, 2, 2, 0, 2, 2], np.float32).reshape(1, 2, 2, 2, 1)
    value = tf.constant(x)
    with tf.GradientTape() as outer:
        outer.watch(value)
        with tf.GradientTape() as inner:
            inner.watch(value)
            y = tf.nn.max_pool3d(value, 2, 2, "VALID")
            z = tf.reduce_sum(y * y)
        first = inner.gradient(z, value)
        s = tf.reduce_sum(first * first)
    assert np.array_equal(np.ravel(first), [0, 4, 0, 4, 4, 0, 4, 4])
    assert np.array_equal(np.ravel(outer.gradient(s, value)), [0, 16, 0, 16, 16, 0, 16, 16])
