"""Images that are smaller than the window of a pooling or convolution without padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras

IMAGE = np.ones([1, 1, 3, 1], np.float32)


def _maximum(x: Any, height: int, stride: int) -> Any:
    return tf.nn.max_pool2d(x, [height, 1], [stride, 1], "VALID")


def _mean(x: Any, height: int, stride: int) -> Any:
    return tf.nn.avg_pool2d(x, [height, 1], [stride, 1], "VALID")


def _products(x: Any, height: int, stride: int) -> Any:
    return tf.nn.conv2d(x, tf.ones([height, 1, 1, 1]), [stride, 1], "VALID")


@pytest.mark.parametrize("of", [_maximum, _mean, _products])
@pytest.mark.parametrize("height,stride", [(2, 1), (3, 2), (4, 2), (4, 4), (6, 3)])
def test_nothing_comes_out_of_an_image_that_is_too_small_by_less_than_two_strides(of, height, stride):
    assert of(IMAGE, height, stride).shape == (1, 0, 3, 1)
    x = tf.constant(IMAGE)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(of(x, height, stride) + 1.0)
    assert np.array_equal(tape.gradient(y, x), np.zeros_like(IMAGE))

    unknown = tf.function(lambda x: of(x, height, stride) + 1.0, input_signature=[tf.TensorSpec([None, None, None, 1])])
    assert unknown(IMAGE).shape == (1, 0, 3, 1)
    assert unknown(np.ones([1, 9, 3, 1], np.float32)).shape == (1, (9 - height) // stride + 1, 3, 1)


@pytest.mark.parametrize("of", [_maximum, _mean, _products])
@pytest.mark.parametrize("height,stride", [(3, 1), (5, 2), (9, 3)])
def test_smaller_images_are_refused(of, height, stride):
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"window of {height} does not fit into an axis of size 1"):
        of(IMAGE, height, stride)


@pytest.mark.parametrize("of", [_maximum, _mean, _products])
def test_functions_refuse_what_they_know_to_be_too_small(of):
    with pytest.raises(ValueError, match="(?s)Negative dimension size caused by subtracting 4 from 1.*SAME"):
        tf.function(of)(tf.constant(IMAGE), 4, 2)


def test_pooling_layers_give_nothing_at_once_and_refuse_in_a_model():
    for kind in (keras.layers.MaxPooling2D, keras.layers.AveragePooling2D):
        assert kind([2, 1])(IMAGE).shape == (1, 0, 3, 1)
        with pytest.raises(ValueError, match="does not fit into axis 1"):
            kind([2, 1])(keras.Input([1, 3, 1]))
    assert keras.layers.MaxPooling3D(3)(np.ones([1, 2, 2, 2, 1], np.float32)).shape == (1, 0, 0, 0, 1)
    with pytest.raises(ValueError, match="does not fit into axis 1"):
        keras.layers.Conv2D(2, [2, 1])(IMAGE)


@pytest.mark.parametrize("pool,shape", [
    (tf.nn.max_pool1d, [1, 2, 3, 1]), (tf.nn.avg_pool1d, [2, 3]), (tf.nn.max_pool2d, [2, 3, 1]),
    (tf.nn.avg_pool2d, [1, 2, 2, 3, 1]), (tf.nn.max_pool3d, [1, 2, 3, 1]), (tf.nn.avg_pool3d, [2, 3, 1]),
])  # fmt: skip
def test_pools_of_a_rank_refuse_others(pool, shape):
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"of rank {len(shape)}(?s:.*)expand_dims"):
        pool(tf.ones(shape), 2, 2, "VALID")
