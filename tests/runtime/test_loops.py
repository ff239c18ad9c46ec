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


def test_shape_invariants_of_composite_variables():
    @tf.function
    def f(n):
        rows = tf.TensorArray(tf.float32, 0, dynamic_size=True)
        many = tf.SparseTensor([[0]], [1.0], [8])
        ragged = tf.ragged.constant([[1], [2, 3]])

        def body(i, x, rows, many, ragged):
            many = tf.SparseTensor(tf.concat([many.indices, [[i + 1]]], 0), tf.concat([many.values, [2.0]], 0), [8])
            return (i + 1, tf.concat([x, x[-1:] + 1], 0), rows.write(tf.cast(i, tf.int32), x[-1]), many,
                    tf.concat([ragged, ragged], 0))  # fmt: skip

        return tf.while_loop(
            lambda i, *_: i < n, body, [tf.constant(0, tf.int64), tf.zeros([1]), rows, many, ragged],
            shape_invariants=[tf.TensorShape([]), tf.TensorSpec([None]), tf.TensorShape(None), tf.TensorShape([8]),
                              tf.RaggedTensorSpec([None, None], tf.int32)],
        )  # fmt: skip

    _, x, rows, many, ragged = f(tf.constant(3, tf.int64))
    assert x.numpy().tolist() == [0, 1, 2, 3] and rows.stack().numpy().tolist() == [0, 1, 2]
    assert tf.sparse.to_dense(many).numpy().tolist() == [1, 2, 2, 2, 0, 0, 0, 0] and ragged.nrows() == 16


def test_loop_options_take_specs_and_composite_variables():
    @tf.function
    def f():
        x, ragged, rows = tf.zeros([1]), tf.ragged.constant([[1]]), tf.TensorArray(tf.float32, 3)
        for i in tf.range(3):
            tf.autograph.experimental.set_loop_options(shape_invariants=[
                (x, tf.TensorSpec([None], tf.float32)), (ragged, tf.RaggedTensorSpec([None, None], tf.int32)),
                (rows, tf.TensorShape(None)),
            ])  # fmt: skip
            x = tf.concat([x, x], 0)
            ragged = tf.concat([ragged, ragged], 0)
            rows = rows.write(i, tf.cast(tf.size(x), tf.float32))
        return tf.size(x), ragged.nrows(), rows.stack()

    size, count, rows = f()
    assert size == 8 and count == 8 and rows.numpy().tolist() == [2, 4, 8]


def test_too_few_shape_invariants_say_so():
    @tf.function
    def f():
        return tf.while_loop(lambda a, b: a < 3, lambda a, b: (a + 1, b), [0, (1, 2)],
                             shape_invariants=[tf.TensorShape([]), tf.TensorShape([])])  # fmt: skip

    with pytest.raises(ValueError, match="gives 2 shapes for 3 loop variables"):
        f()
