"""Loops of eager code and of graphs: what the caller gets, and what the functions see."""

from collections import namedtuple

import numpy as np
import pytest

import weft as tf

Pair = namedtuple("Pair", ["step", "total"])


def _run(traced, function):
    return tf.function(function)() if traced else function()


@pytest.mark.parametrize("traced", [False, True])
def test_a_loop_gives_tensors(traced):
    (step,) = _run(traced, lambda: tf.while_loop(lambda i: i < 3, lambda i: [3], [0]))
    assert isinstance(step, tf.Tensor) and step.dtype is tf.int32 and step.numpy() == 3


def test_what_never_ran_is_converted_too():
    step, values = tf.while_loop(lambda i, v: False, lambda i, v: [i, v], [5, np.ones(2)])
    assert step.numpy() == 5 and values.dtype is tf.float64


def test_functions_of_an_eager_loop_see_what_was_given():
    seen = []
    tf.while_loop(lambda i: i < 2, lambda i: [seen.append(type(i)) or i + 1], [0])
    assert seen == [int, int]


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("maximum", [None, 2])
@pytest.mark.parametrize("start", [[0, 0.0], (0, 0.0), Pair(0, 0.0)])
def test_the_result_is_a_sequence_like_the_one_given(traced, maximum, start):
    def loop():
        return tf.while_loop(
            lambda i, s: tf.less(i, 2), lambda i, s: (i + 1, s + 2.0), start, maximum_iterations=maximum
        )

    found = _run(traced, loop)
    assert type(found) is type(start)
    assert [float(value) for value in found] == [2.0, 4.0]


@pytest.mark.parametrize("traced", [False, True])
def test_a_body_of_another_structure_is_refused(traced):
    with pytest.raises(ValueError, match="the body returns another structure"):
        _run(traced, lambda: tf.while_loop(lambda i, j: tf.less(i, 3), lambda i, j: [3], [0, 1]))


@pytest.mark.parametrize("turn", [lambda a: tf.concat([a, a[:1]], 0), lambda a: a[1:]])
def test_a_size_that_a_turn_changes_is_not_that_of_the_start(turn):
    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def loop(a):
        return tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, turn(a)), (0, a))[1]

    expected = np.ones([5, 3], np.float32)
    for _ in range(3):
        expected = turn(tf.constant(expected)).numpy()
    np.testing.assert_array_equal(loop(np.ones([5, 3], np.float32)), expected)
