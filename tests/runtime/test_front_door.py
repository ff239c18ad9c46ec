"""Which dtype Python and numpy values get, and which are refused; what TensorFlow 2.21 gives stands beside each."""

import warnings

import numpy as np
import pytest

import weft as tf


@pytest.mark.parametrize(
    ("value", "eager", "traced"),
    [
        ([np.int64(5), 2], "int32", "int32"),
        ([np.int8(5)], "int32", "int8"),
        ([np.int64(2**40), 1], "int64", "int64"),
        ([np.float32(1.5), 2], "float32", "float32"),
        ([np.float64(1.5), 2], "float64", "float32"),
        ([2, np.float64(1.5)], "float32", "float32"),
        ([np.float16(1)], "float16", "float16"),
        ([1, 2.5], "float32", "float32"),
        ([np.complex64(1)], "complex128", "complex64"),
        ([True, False], "bool", "bool"),
        ([], "float32", "float32"),
        (np.float64(1.5), "float64", "float64"),
        (np.int8(1), "int8", "int8"),
        (2**40, "int64", "int64"),
    ],
)
def test_the_first_number_of_a_sequence_tells(value, eager, traced):
    found = []
    tf.function(lambda: found.append(tf.constant(value).dtype.name) or 0)()
    assert (tf.constant(value).dtype.name, *found) == (eager, traced)


def test_arrays_in_a_list():
    assert tf.constant([np.ones(2, np.int64), np.ones(2, np.int64)]).dtype is tf.int32
    assert tf.constant([np.ones(2), np.ones(2)]).dtype is tf.float64


@pytest.mark.parametrize(
    ("value", "dtype", "words"),
    [
        (1 + 2j, tf.float32, "imaginary part"),
        ([1, 1j], tf.int32, "imaginary part"),
        (1, tf.bool, "!= 0"),
        ([True, 0.5], tf.bool, "!= 0"),
        ([np.float64(1.5)], tf.int32, "fraction"),
        ([1, 2.5], tf.uint64, "fraction"),
        (2**63, None, "does not fit into int64"),
        ([2**63, 1.0], tf.int64, "fraction"),
        (2**63, tf.int64, "does not fit into int64"),
        (2**70, tf.uint64, "fit into uint64"),
        (1e300, None, "does not fit into float32"),
        ([1, 2], tf.string, "as_string"),
    ],
)
def test_what_would_be_lost_is_refused(value, dtype, words):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((TypeError, ValueError), match=words):
            tf.constant(value, dtype)


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (2**63, tf.uint64, 2**63),
        ([2**63, 1], tf.uint64, [2**63, 1]),
        (2**70, tf.float32, 2.0**70),
        ([2**64], tf.float64, [2.0**64]),
        (np.array([1, 2], object), tf.int8, [1, 2]),
        ([], tf.string, []),
        (True, tf.float32, 1.0),
        (np.array([0, 2]), tf.bool, [False, True]),
    ],
)
def test_what_fits_is_taken(value, dtype, expected):
    found = tf.constant(value, dtype)
    assert found.dtype is dtype and found.numpy().tolist() == expected


def test_a_sequence_beside_a_tensor_takes_its_dtype():
    assert (tf.constant([1.0]) + [np.float64(2)]).dtype is tf.float32
    assert (tf.constant([1], tf.int64) * [np.int32(2)]).dtype is tf.int64


def test_conversions_of_arrays_are_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tf.constant(np.array([np.nan, 1e300]), tf.int32)
        assert np.isinf(tf.constant(np.array(1e300), tf.float32).numpy())


@pytest.mark.parametrize("traced", [False, True])
def test_a_list_that_holds_tensors_is_one_beside_a_tensor(traced):
    beside = tf.constant([2.0, 3.0])

    def both(x):
        return tf.reduce_sum(beside * [x, 1.0] + (0.5, x) - [x, x] / beside), tf.maximum([x, 7], beside)

    x = tf.constant(4.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total, greatest = (tf.function(both) if traced else both)(x)
    assert float(total) == pytest.approx(8.0 + 3.0 + 0.5 + 4.0 - 2.0 - 4.0 / 3.0)
    assert float(tape.gradient(total, x)) == pytest.approx(2.0 + 1.0 - 0.5 - 1 / 3)
    assert greatest.numpy().tolist() == [4.0, 7.0]


def test_a_list_of_tensors_of_another_dtype_is_refused():
    with pytest.raises((TypeError, ValueError)):
        tf.constant([1.0, 2.0]) + [tf.constant(1.0, tf.float64), 2.0]
