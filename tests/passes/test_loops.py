"""Loops that take the same walk are one: a gradient does not run its loop again."""

from __future__ import annotations

import numpy as np
import pytest

import weft as tf
from weft.passes import loops, pipeline


def _steps(rows, start, weights, bias):
    def cell(state, row):
        new = tf.tanh(tf.matmul(state, weights) + row + bias)
        return new, new * 2.0

    return tf.scan(lambda state, row: cell(state, row)[0], rows, start)


def _loss(rows, start, weights, bias):
    return tf.reduce_sum(tf.square(_steps(rows, start, weights, bias)))


def _given(dtype="float64"):
    rng = np.random.default_rng(3)
    shapes = (5, 2, 3), (2, 3), (3, 3), (3,)
    return [tf.constant(rng.normal(size=shape), dtype) for shape in shapes]


def _gradients(*given):
    with tf.GradientTape() as tape:
        for value in given:
            tape.watch(value)
        loss = _loss(*given)
    return tape.gradient(loss, list(given))


@pytest.mark.parametrize("position", range(4))
def test_gradients_are_those_of_small_steps(position):
    given = _given()
    found = _gradients(*given)[position].numpy()
    base = [value.numpy() for value in given]
    for place in np.ndindex(found.shape):
        sides = []
        for side in (1e-6, -1e-6):
            moved = [array.copy() for array in base]
            moved[position][place] += side
            sides.append(float(_loss(*map(tf.constant, moved))))
        assert found[place] == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-6, abs=1e-8)


def test_traced_gradients_are_the_eager_ones():
    given = _given()
    for eager, traced in zip(_gradients(*given), tf.function(_gradients)(*given), strict=True):
        np.testing.assert_allclose(traced.numpy(), eager.numpy(), rtol=1e-12)


def test_a_loop_and_its_repetition_are_one():
    graph = tf.function(_gradients).get_concrete_function(*_given()).graph
    before = [node for node in pipeline.inline_calls(graph).nodes if node.op == "scan"]
    after = [node for node in loops.merge_loops(pipeline.inline_calls(graph)).nodes if node.op == "scan"]
    assert len(before) == 3 and len(after) == 2
    backward = after[1]
    assert not any(node.op == "matmul" and node.attrs["transpose_a"] for node in backward.attrs["body"].nodes)
    assert sum(node.op == "tanh" for scan in after for node in scan.attrs["body"].nodes) == 1


def test_rows_that_share_a_cotangent_each_get_it():
    draw = np.random.default_rng(5)
    x, y, w = (tf.constant(draw.random(shape)) for shape in ((5, 3), (5, 3), (3,)))

    def looped(x, y, w):
        with tf.GradientTape() as tape:
            tape.watch((x, y, w))
            states = tf.scan(lambda c, rows: c * w + rows[0] + rows[1], (x, y), tf.zeros([3], tf.float64))
            loss = tf.reduce_sum(states * x)
        return tape.gradient(loss, (x, y, w))

    def written_out(x, y, w):
        with tf.GradientTape() as tape:
            tape.watch((x, y, w))
            state, loss = tf.zeros([3], tf.float64), 0.0
            for step in range(5):
                state = state * w + x[step] + y[step]
                loss += tf.reduce_sum(state * x[step])
        return tape.gradient(loss, (x, y, w))

    for found, expected in zip(tf.function(looped)(x, y, w), written_out(x, y, w), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
