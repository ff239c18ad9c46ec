"""Random ops in a graph whose shape only running tells: drawn numbers are those of the same shape given beforehand."""

import numpy as np
import pytest

import weft as tf
import weft.compat.v1 as v1

SIZE = [tf.TensorSpec([], tf.int32)]


@pytest.mark.parametrize(
    "draw",
    [
        lambda shape: tf.random.stateless_normal(shape, [1, 2]),
        lambda shape: tf.random.stateless_uniform(shape, [1, 2], 0, 9, tf.int32),
        lambda shape: tf.random.stateless_truncated_normal(shape, [1, 2]),
        lambda shape: tf.random.stateless_gamma(shape, [1, 2], 0.5),
    ],
    ids=["normal", "integers", "truncated", "gamma"],
)
def test_the_numbers_are_those_of_a_known_shape(draw):
    of_sizes = tf.function(lambda n: draw([n, 3]), input_signature=SIZE)
    of_tensor = tf.function(lambda n: draw(tf.stack([n, 3])), input_signature=SIZE)
    of_any_rank = tf.function(draw, input_signature=[tf.TensorSpec([None], tf.int32)])
    expected = draw([5, 3]).numpy()
    for given in (of_sizes(5), of_tensor(5), of_any_rank(tf.constant([5, 3]))):
        np.testing.assert_array_equal(given, expected)
    assert of_sizes(2).shape == (2, 3)


def test_stateful_draws_move_their_generator_by_what_was_drawn():
    tf.random.set_seed(3)
    expected = [tf.random.normal([4]).numpy(), tf.random.normal([4]).numpy()]
    drawn = tf.function(lambda n: tf.random.normal([n]), input_signature=SIZE)
    tf.random.set_seed(3)
    first, second = drawn(4).numpy(), drawn(4).numpy()
    assert (first != second).all()
    assert first.shape == expected[0].shape


@pytest.mark.parametrize(
    ("draw", "shape"),
    [
        (lambda n: tf.random.gamma([n], [0.5, 2.0]), (5, 2)),
        (lambda n: tf.random.poisson([n], [1.0, 2.0]), (5, 2)),
        (lambda n: tf.random.categorical(tf.zeros([2, 3]), n), (2, 5)),
        (lambda n: tf.nn.dropout(tf.ones([n, 4]), 0.5, noise_shape=[n, 1]), (5, 4)),
        (lambda n: tf.random.shuffle(tf.range(n)), (5,)),
    ],
    ids=["gamma", "poisson", "categorical", "dropout", "shuffle"],
)
def test_shapes(draw, shape):
    assert tf.function(draw, input_signature=SIZE)(5).shape == shape


def test_a_batch_of_indices_is_drawn_below_a_number_of_rows():
    @tf.function(input_signature=[tf.TensorSpec([None, 2]), tf.TensorSpec([], tf.int32)])
    def sample(rows, count):
        return tf.gather(rows, tf.random.uniform([count], 0, tf.shape(rows)[0], tf.int32))

    assert sample(tf.ones([3, 2]), 6).shape == (6, 2)


def test_a_negative_size_is_refused():
    drawn = tf.function(lambda n: tf.random.normal([n]), input_signature=SIZE)
    with pytest.raises(tf.errors.InvalidArgumentError, match="0 or more"):
        drawn(-1)


def test_a_graph_of_version_1():
    with v1.Graph().as_default():
        n, shape = v1.placeholder(tf.int32, []), v1.placeholder(tf.int32)
        drawn = v1.random_uniform([n, 2]), v1.random_normal(shape)
        with v1.Session() as session:
            first, second = session.run(drawn, {n: 3, shape: [2, 3, 4]})
    assert first.shape == (3, 2)
    assert second.shape == (2, 3, 4)
