"""Loops and branches inside native code: also those whose number of turns only data tells, and one within another."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.engines.native import cache
from weft.engines.native.rules import loops
from weft.runtime import dispatch

pytestmark = pytest.mark.either_schedule


@pytest.fixture(autouse=True)
def on_the_host(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """What runs on the host in spite of all is logged; after the test there must be nothing."""
    monkeypatch.setenv("WEFT_ENGINE", "native")
    monkeypatch.setenv("WEFT_DEBUG", "1")
    with caplog.at_level(logging.WARNING, logger="weft.native"):
        yield
    assert not [record for record in caplog.records if "on the host" in record.getMessage()]


def _collatz(n):
    steps = tf.constant(0)
    while n > 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


def _weighted(x):
    total, i = tf.constant(0.0), tf.constant(0)
    while i < 5:
        j = tf.constant(0)
        while j < i:
            total += x[j] * tf.cast(i, "float32")
            j += 1
        i += 1
    return total


def _roots(x):
    def better(y, turns):
        return 0.5 * (y + x / y), turns + 1

    return tf.while_loop(lambda y, turns: tf.reduce_any(tf.abs(y * y - x) > 1e-5 * x), better,
                         (tf.ones_like(x), 0), maximum_iterations=40)  # fmt: skip


@pytest.mark.parametrize(("start", "steps"), [(1, 0), (2, 1), (3, 7), (27, 111), (97, 118)])
def test_branches_within_a_loop(start, steps):
    assert int(tf.function(_collatz)(tf.constant(start))) == steps


def test_a_loop_within_a_loop():
    x = np.array([3, 1, 4, 1, 5, 9], np.float32)
    expected = sum(float(x[j]) * i for i in range(5) for j in range(i))
    assert float(tf.function(_weighted)(tf.constant(x))) == expected


@pytest.mark.parametrize("size", [1, 3, 40, 3000])
def test_a_test_over_many_elements(size):
    x = np.linspace(0.5, 900, size).astype("float32")
    roots, turns = tf.function(_roots)(tf.constant(x))
    np.testing.assert_allclose(roots.numpy(), np.sqrt(x), rtol=2e-6)
    assert 3 <= int(turns) <= 12


@pytest.mark.parametrize("most", [0, 1, 2, 5])
def test_a_greatest_number_of_turns(most):
    double = tf.function(lambda x: tf.while_loop(lambda y: True, lambda y: y * 2, (x,), maximum_iterations=most))
    assert double(tf.constant([1.0, 3.0]))[0].numpy().tolist() == [2.0**most, 3.0 * 2**most]


def test_scans_within_scans_and_loops_within_scans():
    rows = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")

    @tf.function
    def twice(x):
        return tf.scan(lambda c, row: tf.reduce_sum(tf.scan(lambda a, b: a * 0.5 + b, row, c)), x, tf.constant(1.0))

    expected, carry = [], np.float32(1)
    for row in rows:
        total = np.float32(0)
        for number in row:
            carry = carry * np.float32(0.5) + number
            total += carry
        carry = total
        expected.append(total)
    np.testing.assert_allclose(twice(tf.constant(rows)).numpy(), expected, rtol=1e-5)

    @tf.function
    def climbs(x):
        def up(c, top):
            return tf.while_loop(lambda y: y < top, lambda y: y * 2 + 1, (c * 0.0 + 1.0,), maximum_iterations=50)[0]

        return tf.scan(up, x, tf.constant(0.0))

    assert climbs(tf.constant([5.0, 100.0, 0.0])).numpy().tolist() == [7.0, 127.0, 1.0]


@pytest.mark.parametrize("taken", [True, False])
def test_a_loop_within_a_branch(taken):
    @tf.function
    def maybe(flag, x):
        return tf.cond(flag, lambda: tf.while_loop(lambda y: y < 100.0, lambda y: y * 2, (x,),
                                                   maximum_iterations=30)[0], lambda: x)  # fmt: skip

    assert float(maybe(tf.constant(taken), tf.constant(3.0))) == (192.0 if taken else 3.0)


def test_products_within_a_loop_have_the_same_bits_for_any_number_of_threads(monkeypatch):
    rng = np.random.default_rng(4)
    x, w = (tf.constant(rng.normal(size=size).astype("float32") / 8) for size in ((33, 70), (70, 70)))

    @tf.function
    def turned(x, w):
        return tf.while_loop(lambda y, n: n < 6, lambda y, n: (tf.tanh(tf.matmul(y, w)), n + 1), (x, 0))[0]

    found = []
    for count in (1, 2, 3):
        monkeypatch.setenv("WEFT_NUM_THREADS", str(count))
        found.append(turned(x, w).numpy())
    expected = x.numpy()
    for _ in range(6):
        expected = np.tanh(expected @ w.numpy())
    np.testing.assert_allclose(found[0], expected, rtol=1e-4, atol=1e-5)
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()


@pytest.mark.parametrize("checked", ["0", "1"])
def test_rows_of_a_stack_that_would_share_places_lie_apart(monkeypatch, checked):
    """The gates' gradients are rows of 4 KiB, which the next turn's product reads, and the kernels' behind the loop."""
    monkeypatch.setenv("WEFT_CHECK", checked)
    monkeypatch.setattr(cache, "find", lambda *given: None)  # everything is compiled here
    apart = []
    plain = loops._stack

    def stack(*given):
        made = plain(*given)
        apart.append(made.strides[-2] > made.shape[-1])
        return made

    monkeypatch.setattr(loops, "_stack", stack)
    layer = keras.layers.LSTM(256, return_sequences=True)
    layer.build((None, 3, 7))

    def gradients(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) ** 2)
        return tape.gradient(loss, layer.trainable_variables)

    rows = np.random.default_rng(4).standard_normal((5, 3, 7)).astype("float32")
    made = tf.function(gradients, input_signature=[tf.TensorSpec((None, 3, 7))])(rows)
    assert True in apart and False in apart
    dispatch.use_engine("reference")
    try:
        wanted = gradients(tf.constant(rows))
    finally:
        dispatch.use_engine(None)
    for one, other in zip(made, wanted, strict=True):
        assert np.abs(one - other).max() < 2e-6 * np.abs(other).max()


def test_a_place_out_of_range_ends_the_loop(monkeypatch):
    @tf.function
    def walk(x, at):
        return tf.while_loop(lambda i, s: i >= 0, lambda i, s: (tf.gather(x, i), s + 1), (at, 0),
                             maximum_iterations=10)[1]  # fmt: skip

    assert int(walk(tf.constant([1, 2, -1]), tf.constant(0))) == 3
    with pytest.raises(tf.errors.InvalidArgumentError):
        walk(tf.constant([1, 7, -1]), tf.constant(0))


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
@pytest.mark.parametrize("steps", [None, 1, 7])
@pytest.mark.parametrize("options", [{}, {"go_backwards": True}, {"masked": True}])
def test_the_last_output_of_a_network_that_recurs(kind, steps, options):
    rng = np.random.default_rng(3)
    x = tf.constant(rng.standard_normal((4, steps or 5, 3)), "float32")
    backwards = options.get("go_backwards", False)
    mask = tf.constant(rng.random((4, steps or 5)) < 0.7) if "masked" in options else None
    tf.keras.utils.set_random_seed(5)
    short = getattr(tf.keras.layers, kind)(6, go_backwards=backwards)
    long = getattr(tf.keras.layers, kind)(6, go_backwards=backwards, return_sequences=True)
    short.build(x.shape)
    long.build(x.shape)
    long.set_weights(short.get_weights())

    @tf.function(input_signature=[tf.TensorSpec([4, steps, 3])])
    def gradients(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            last = short(x, mask=mask)
            every = long(x, mask=mask)[:, -1]
            squares = last**2, every**2
        return last, every, tape.gradient(squares[0], x), tape.gradient(squares[1], x)

    last, every, first, second = gradients(x)
    np.testing.assert_array_equal(last, every)
    np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-7)
    with tf.GradientTape() as tape:
        tape.watch(x)
        eager = short(x, mask=mask)
        square = eager**2
    np.testing.assert_allclose(last, eager, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(first, tape.gradient(square, x), rtol=1e-4, atol=1e-5)
