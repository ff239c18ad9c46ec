"""`tf.recompute_grad`: the same gradients, and no intermediate results kept."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import weft as tf

WEIGHTS = tf.Variable([[0.1, 0.2], [-0.3, 0.4]])


def block(x: Any, training: bool = False, scale: float = 2.0) -> Any:
    """A block with a variable and an argument that is no tensor."""
    hidden = tf.tanh(x @ WEIGHTS)
    return tf.sin(hidden) * scale if training else hidden


def gradients(function: Any, x: Any) -> list[Any]:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(function(function(x), training=True))
    return [y, *tape.gradient(y, [x, WEIGHTS])]


@pytest.mark.parametrize("traced", [False, True])
def test_gradients_are_the_same(traced: bool) -> None:
    x = tf.constant([[0.1, 0.2], [0.3, 0.4]])
    again = tf.recompute_grad(block)
    found = (tf.function(gradients) if traced else gradients)(again, x)
    for one, other in zip(found, gradients(block, x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_a_variable_alone() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = tf.recompute_grad(lambda v: v * v)(x)
    assert float(tape.gradient(y, x)) == 6.0


def test_structures_and_second_order() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            first, second = tf.recompute_grad(lambda pair: (pair[0] ** 2, pair[1]))((x, x + 1))
            y = tf.reduce_sum(first * second)
        slope = tape.gradient(y, x)
    np.testing.assert_allclose(slope, [5.0, 16.0])
    np.testing.assert_allclose(outer.gradient(slope, x), [8.0, 14.0])


def test_intermediate_results_are_not_kept() -> None:
    big = tf.ones([64, 1024])

    def deep(x: Any) -> Any:
        for _ in range(16):
            x = tf.sin(x) * 1.01
        return x

    kept = {}
    for name, function in {"plain": deep, "again": tf.recompute_grad(deep)}.items():
        tracemalloc.start()
        with tf.GradientTape() as tape:
            tape.watch(big)
            y = function(big)
        kept[name] = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert tape.gradient(y, big).shape == big.shape
    assert kept["again"] < 3 * 64 * 1024 * 4 < kept["plain"]
