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


def test_numbers_beside_tensors_keep_their_kind_and_sign():
    for _ in range(2):
        x = tf.constant([1.0])
        assert np.signbit((x * -0.0).numpy()).all() and not np.signbit((x * 0.0).numpy()).any()
        assert (tf.constant([1.0], tf.float64) * 0.1).numpy()[0] == 0.1
        assert (x * 0.1).numpy()[0] == np.float32(0.1)
        assert (tf.constant([3]) * 2).dtype is tf.int32 and (tf.constant([3]) * 2.0).dtype is tf.float32
        with pytest.raises((TypeError, ValueError)):
            tf.constant([3], tf.uint8) + 300
        assert (x + True).numpy()[0] == 2.0 and (tf.constant(1) * True).dtype is tf.int32
        assert tf.constant(1).dtype is tf.int32 and tf.constant(1.0).dtype is tf.float32
        assert tf.cast(1, tf.float64).dtype is tf.float64


def test_a_number_that_is_kept_is_nobodys_to_change():
    first, second = tf.Variable(2.5), tf.Variable(2.5)

    @tf.function
    def add():
        first.assign_add(1.0)

    for _ in range(3):
        add()
    first.assign_add(2.5)
    assert float(first) == 8 and float(second) == 2.5 and float(tf.constant(1.0) * 2.5) == 2.5


def test_writes_take_what_fits_alone():
    v = tf.Variable([1.0, 2.0])
    for _ in range(2):
        v.assign([1.0, 2.0])
        v.assign_add(tf.constant([1.0, 1.0]))
        v.assign_sub(tf.constant([0.5, 0.5]))
        assert v.numpy().tolist() == [1.5, 2.5]
        for wrong in (tf.constant([1.0]), tf.constant(1.0), tf.constant([1, 2]), tf.constant([[1.0, 2.0]])):
            for method in (v.assign, v.assign_add, v.assign_sub):
                with pytest.raises((ValueError, TypeError)):
                    method(wrong)
    assert v.numpy().tolist() == [1.5, 2.5]
    assert v.assign(tf.constant([0.0, 0.0])) is v
    assert v.assign_add(tf.constant([1.0, 1.0]), read_value=False) is None
    wide = tf.Variable([1.0], shape=[None])
    wide.assign(tf.constant([1.0, 2.0]))
    assert wide.numpy().tolist() == [1.0, 2.0]
    count = tf.Variable(0, dtype=tf.int64)
    count.assign_add(1)
    count.assign_add(1)
    assert count.numpy() == 2 and count.dtype is tf.int64


def test_threads_add_up():
    v = tf.Variable(0.0)
    one = tf.constant(1.0)
    threads = [threading.Thread(target=lambda: [v.assign_add(one) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert float(v) == 800


def test_parts():
    x = tf.constant(np.arange(12, dtype=np.float32).reshape(3, 4))
    keys = [0, -1, slice(1, None), (0, 1), (slice(None), -2), (None, 1), (..., 0), (slice(2, 0, -1), None, ..., 3), ()]
    for key in keys:
        expected = x.numpy()[key]
        for _ in range(2):
            found = x[key]
            assert found.shape == expected.shape and found.numpy().tolist() == expected.tolist()
    for key in (3, (0, 9), (0, 0, 0), slice(0, 2, 0)):
        with pytest.raises((ValueError, IndexError)):
            x[key]
    for key in (True, 1.5, (0, True), "a"):
        with pytest.raises(TypeError):
            x[key]
    words = tf.constant(["one", "two"])
    assert words[0].numpy() == b"one" and words[1:].numpy().tolist() == [b"two"]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x[1, 1:] * 3.0
    expected = np.zeros((3, 4))
    expected[1, 1:] = 3
    np.testing.assert_array_equal(tape.gradient(y, x), expected)


def test_shapes_and_fillings():
    x = tf.constant(np.arange(6, dtype=np.float32))
    for _ in range(2):
        assert tf.reshape(x, (2, 3)).shape == (2, 3) and tf.reshape(x, [-1, 2]).shape == (3, 2)
        assert tf.reshape(x[:4], [2, -1]).shape == (2, 2)
        for wrong in ((4, 2), (-1, -1), (-1, 4)):
            with pytest.raises(tf.errors.InvalidArgumentError):
                tf.reshape(x, wrong)
        assert tf.zeros((2, 3)).numpy().tolist() == [[0.0] * 3] * 2
        assert tf.ones([2], tf.int32).dtype is tf.int32 and tf.ones_like(x).numpy().tolist() == [1.0] * 6
        assert tf.ones((1,), tf.bool).numpy().tolist() == [True] and tf.zeros((1,), tf.string).numpy() == [b""]
        v = tf.Variable(tf.zeros((2,)))
        v.assign_add([1.0, 2.0])
        assert tf.zeros((2,)).numpy().tolist() == [0.0, 0.0]
        with tf.Graph().as_default():
            assert not hasattr(tf.zeros((2, 3)), "_array")
    with pytest.raises((ValueError, TypeError)):
        tf.zeros((2, -3))


def test_attributes_that_are_equal_but_not_the_same():
    x = tf.constant([1.0])
    for _ in range(3):
        signs = [np.signbit(tf.pad(x, [[1, 0]], constant_values=value).numpy()[0]) for value in (0.0, -0.0, 0)]
        assert signs == [False, True, False]


def test_defaults_may_be_left_out():
    x = tf.constant(ONES)
    record = opdef.get("reduce_sum")
    record.ready.clear()
    for _ in range(3):
        assert dispatch.call("reduce_sum", x, axis=(1,)).shape == (3,)
        assert dispatch.call("reduce_sum", x, axis=(1,), keepdims=True).shape == (3, 1)
        with pytest.raises(TypeError, match="needs the attribute"):
            dispatch.call("reduce_sum", x)
        with pytest.raises(TypeError, match="has no attribute"):
            dispatch.call("reduce_sum", x, axis=(1,), other=2)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = dispatch.call("reduce_sum", x, axis=(1,))
    assert tape.gradient(y, x).shape == (3, 2)
