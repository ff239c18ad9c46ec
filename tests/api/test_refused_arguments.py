"""Arguments that have no meaning are refused, where an answer would look like one."""

import numpy as np
import pytest

import weft as tf


@pytest.mark.parametrize("in_function", [False, True])
def test_a_matrix_that_begins_with_nan_has_no_inverse(in_function):
    wrap = tf.function if in_function else lambda f: f
    matrices = tf.constant([[[1.0, 0.0], [0.0, 1.0]], [[np.nan, 1.0], [1.0, 2.0]]])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"matrix \(1,\) is not invertible"):
        wrap(tf.linalg.inv)(matrices)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
        wrap(tf.linalg.solve)(matrices[1], tf.ones([2, 1]))
    assert np.isnan(tf.linalg.inv([[1.0, 2.0], [2.0, np.nan]])).all()  # as TensorFlow has it


@pytest.mark.parametrize("draw", [
    lambda: tf.random.normal([-2]),
    lambda: tf.random.uniform([2, -2]),
    lambda: tf.random.uniform([-2], 0, 5, tf.int32),
    lambda: tf.random.truncated_normal([-2]),
    lambda: tf.random.gamma([-2], 1.0),
    lambda: tf.random.stateless_normal([-2], [1, 2]),
    lambda: tf.random.stateless_uniform([-2], [1, 2]),
    lambda: tf.random.Generator.from_seed(1).normal([-2]),
    lambda: tf.random.Generator.from_seed(1).uniform([-2]),
])  # fmt: skip
def test_no_fewer_than_no_numbers_are_drawn(draw):
    with pytest.raises(tf.errors.InvalidArgumentError, match="negative"):
        draw()


def test_hues_turn_by_a_circle_at_most_and_nothing_is_made_ahead_less_than_never():
    with pytest.raises(ValueError, match=r"\[-1, 1\], received 2.0"):
        tf.image.adjust_hue(tf.zeros([2, 2, 3]), 2.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="received -5"):
        tf.data.Dataset.range(2).prefetch(-5)
    assert list(tf.data.Dataset.range(2).prefetch(tf.data.AUTOTUNE).as_numpy_iterator()) == [0, 1]
    ahead = tf.data.Dataset.range(3).flat_map(lambda n: tf.data.Dataset.range(n).prefetch(n))  # known later
    assert list(ahead.as_numpy_iterator()) == [0, 0, 1]


def test_an_operator_that_says_nothing_of_its_matrix_says_so():
    class Nothing(tf.linalg.LinearOperator):
        def __init__(self):
            super().__init__(dtype=tf.float32)

    with pytest.raises(NotImplementedError, match="_matmul"):
        Nothing().to_dense()


@pytest.mark.parametrize("wrong", [
    lambda: tf.pad(tf.ones([2, 3]), [1, 1]),
    lambda: tf.pad(tf.ones([2, 3]), [[3, 1, 1], [0, 0, 1]]),
    lambda: tf.eye(-1),
    lambda: tf.eye(2, -1),
    lambda: tf.gather(tf.ones([2, 3]), [0.5]),
    lambda: tf.one_hot([0.5], 3),
])  # fmt: skip
def test_arguments_of_another_form_are_invalid_arguments(wrong):
    with pytest.raises(tf.errors.InvalidArgumentError):
        wrong()


def test_a_mask_of_numbers_takes_what_is_not_zero():
    assert tf.boolean_mask([5, 6, 7], [2, 0, 1]).numpy().tolist() == [5, 7]
    with pytest.raises(TypeError, match="repeats.*integer"):
        tf.repeat([1, 2], 2.5)
