"""Loops that are told not to be differentiated, and indices that may not be bad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import weft as tf

LOOPS: dict[str, Callable[[Any, bool], Any]] = {
    "while_loop": lambda x, back: tf.while_loop(
        lambda i, a: i < 3, lambda i, a: (i + 1, a * x), (tf.constant(0), tf.constant(1.0)), back_prop=back
    )[1],
    "map_fn": lambda x, back: tf.map_fn(lambda row: row * x, tf.ones(2), back_prop=back),
    "scan": lambda x, back: tf.scan(lambda a, row: a * x + row, tf.ones(3), back_prop=back),
    "scan_from": lambda x, back: tf.scan(lambda a, row: a * x + row, tf.ones(3), tf.constant(1.0), back_prop=back),
    "foldl": lambda x, back: tf.foldl(lambda a, row: a * x + row, tf.ones(3), back_prop=back),
    "foldr": lambda x, back: tf.foldr(lambda a, row: a * x + row, tf.ones(3), back_prop=back),
}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_back_prop_false_stops_gradients_in_graphs(loop: Callable[[Any, bool], Any]) -> None:
    @tf.function
    def gradient(x: Any, back: bool) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            result = loop(x, back)
        found = tape.gradient(result, x)
        return tf.constant(-1.0) if found is None else found

    assert float(gradient(tf.constant(2.0), True)) > 0
    assert float(gradient(tf.constant(2.0), False)) == -1.0


def test_a_policy_for_bad_indices_that_is_not_there_is_refused() -> None:
    assert tf.gather_nd([1.0, 2.0], [[1]], bad_indices_policy="ERROR").numpy().tolist() == [2.0]
    assert tf.gather_nd([1.0, 2.0], [[1], [7]], bad_indices_policy="IGNORE").numpy().tolist() == [2.0, 0.0]
    with pytest.raises(ValueError, match="no such bad_indices_policy"):
        tf.gather_nd([1.0, 2.0], [[0]], bad_indices_policy="SOME")
