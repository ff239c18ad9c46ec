"""Shapes that only a run tells: of what is drawn, filled and dropped."""

import numpy as np
import pytest

import weft.compat.v1 as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default():
        tf.set_random_seed(3)
        yield


def run(fetch, feed=None):
    with tf.Session() as session:
        return session.run(fetch, feed)


@pytest.mark.parametrize("draw", [
    lambda shape: tf.random_uniform(shape), lambda shape: tf.random_normal(shape), lambda shape: tf.zeros(shape),
    lambda shape: tf.ones(shape), lambda shape: tf.truncated_normal(shape), lambda shape: tf.random_gamma(shape, 2.0),
    lambda shape: tf.random_uniform(shape, 0, 9, tf.int32),
])  # fmt: skip
def test_a_fed_shape_of_unknown_length(draw):
    shape = tf.placeholder(tf.int32)
    assert run(draw(shape), {shape: [2, 3]}).shape == (2, 3)


@pytest.mark.parametrize("keep", [lambda: 0.5, lambda: tf.placeholder_with_default(0.5, [])])
def test_dropout_of_a_tensor_of_unknown_shape_drops_what_it_drops_of_a_known_one(keep):
    images, found = np.ones((4, 6), np.float32), []
    for shape in (None, [None, 6], [4, 6]):
        with tf.Graph().as_default():
            tf.set_random_seed(3)
            x = tf.placeholder(tf.float32, shape)
            found.append(run(tf.nn.dropout(x, keep()), {x: images}))
    assert 0 < np.count_nonzero(found[0]) < 24
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("shape", [None, [None, 6]])
@pytest.mark.parametrize("noise", [lambda x: tf.placeholder_with_default([4, 1], None), lambda x: [tf.shape(x)[0], 1],
                                   lambda x: [4, 1]])  # fmt: skip
def test_dropout_of_rows(shape, noise):
    x = tf.placeholder(tf.float32, shape)
    rows = run(tf.nn.dropout(x, 0.5, noise_shape=noise(x)), {x: np.ones((4, 6))})
    assert rows.shape == (4, 6)
    assert all(len(set(row)) == 1 for row in rows)


@pytest.mark.parametrize("draw", [
    lambda rate: tf.random_gamma([2], rate), lambda rate: tf.random_poisson(rate, [2]),
    lambda rate: tf.random_gamma([2], rate, rate),
])  # fmt: skip
def test_draws_for_each_of_parameters_of_unknown_shape(draw):
    rate = tf.placeholder(tf.float32)
    assert run(draw(rate), {rate: np.ones((3, 4))}).shape == (2, 3, 4)


def test_a_scalar_tensor_is_a_shape():
    size = tf.placeholder(tf.int32, [])
    assert run([tf.zeros(size), tf.ones(size)], {size: 2})[1].tolist() == [1.0, 1.0]


def test_a_tensor_alone_is_its_own_sum():
    x = tf.placeholder(tf.float32, [2])
    assert tf.add_n([x]) is x
    assert tf.add_n([x], name="total").name == "total:0"
    assert tf.add_n([x, x]).name == "AddN:0"
