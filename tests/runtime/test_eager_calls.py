"""Calls that were accepted before take a short way: the same results, the same errors, heard by the same listeners."""

import threading
import warnings

import numpy as np
import pytest

import weft as tf
from weft.engines.native import blas
from weft.ops import opdef
from weft.runtime import dispatch

ONES = np.ones((3, 2), np.float32)


def _pair():
    a, b = tf.constant(ONES), tf.constant(ONES * 2)
    for _ in range(3):
        a + b, tf.matmul(a, b, transpose_b=True), tf.square(a), -a  # accepted from now on
    return a, b


def _message(function):
    with pytest.raises((ValueError, TypeError)) as caught:
        function()
    return type(caught.value), str(caught.value)


def test_a_refusal_is_worded_the_same_before_and_after_a_call_that_was_accepted():
    opdef.get("maximum").ready.clear()
    x, wrong, other = tf.constant(ONES), tf.zeros((4, 5)), tf.zeros((3, 2), tf.float64)
    calls = [lambda: tf.maximum(x, wrong), lambda: tf.maximum(x, other)]
    before = [_message(call) for call in calls]
    for _ in range(2):
        assert tf.maximum(x, x).shape == (3, 2)
    assert [_message(call) for call in calls] == before
    assert "do not broadcast" in before[0][1]


def test_operands_still_broadcast():
    a, _ = _pair()
    np.testing.assert_array_equal(a + tf.constant([1.0, 2.0]), ONES + [1, 2])
    assert (a + tf.constant(1.0)).shape == (3, 2)
    assert (tf.constant(1.0) + tf.constant(2.0)).numpy() == 3


def test_an_operator_on_one_operand_does_not_take_two():
    a, b = _pair()
    with pytest.raises((TypeError, ValueError)):
        dispatch.apply(opdef.get("square"), (a, b), {})
    np.testing.assert_array_equal(b, ONES * 2)


def test_infinities_are_no_warnings():
    a, _ = _pair()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            assert np.isinf((a / tf.zeros((3, 2))).numpy()).all()
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        tf.square(a * 1e30)
        np.square(np.float32(1e30))


def test_graphs_and_tapes_hear_of_such_calls():
    a, b = _pair()

    @tf.function
    def traced(x):
        return x + b

    np.testing.assert_array_equal(traced(a), ONES * 3)
    with tf.Graph().as_default():
        assert not hasattr(tf.constant(1.0) + tf.constant(2.0), "_array")
        assert not hasattr(a + b, "_array")
    with tf.GradientTape() as tape:
        tape.watch(a)
        y = tf.square(a + b)
    np.testing.assert_array_equal(tape.gradient(y, a), ONES * 6)


def test_checks_of_numerics_hear_of_such_calls():
    a, b = _pair()
    tf.debugging.enable_check_numerics()
    try:
        with pytest.raises(tf.errors.InvalidArgumentError):
            a / (b - b)
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.square(a / (b - b))
    finally:
        tf.debugging.disable_check_numerics()


def test_a_thread_may_build_a_graph_while_others_compute():
    a, b = _pair()
    inside, done = threading.Event(), threading.Event()

    def build():
        with tf.Graph().as_default():
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=build)
    thread.start()
    inside.wait(10)
    try:
        np.testing.assert_array_equal(a + b, ONES * 3)
    finally:
        done.set()
        thread.join()


def test_another_engine_makes_its_own_ready():
    _pair()
    assert opdef.get("add").ready
    dispatch.use_engine("reference")
    try:
        assert not opdef.get("add").ready
        _pair()
    finally:
        dispatch.use_engine(None)


def test_attributes_of_other_kinds_are_other_calls():
    x = tf.constant(ONES)
    tf.reduce_sum(x, axis=1)
    with pytest.raises(TypeError):
        tf.reduce_sum(x, axis=True)


def test_small_products_are_those_of_one_thread():
    found = blas._functions()
    if found is None:
        pytest.skip("numpy brings another BLAS")
    read, change = found
    before = read()
    dispatch.use_engine("native")
    rng = np.random.default_rng(0)
    shapes = [((31, 31), (31, 32)), ((1, 999), (999, 1)), ((999, 1), (1, 65)), ((2, 400), (400, 2))]
    try:
        for left, right in shapes:
            a, b = rng.standard_normal(left).astype(np.float32), rng.standard_normal(right).astype(np.float32)
            made = []
            for count in (1, 2, 4):
                change(count)
                made += [tf.matmul(a, b).numpy().tobytes(), tf.matmul(a, a, transpose_b=True).numpy().tobytes()]
            assert len(set(made[::2])) == 1 and len(set(made[1::2])) == 1, (left, right)
    finally:
        change(before)
        dispatch.use_engine(None)
