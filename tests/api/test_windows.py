"""Windows of a known size at a place known at run time: their shapes, their compiled form, their errors."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

import weft as tf


@tf.function
def _part(x: Any, place: Any) -> Any:
    found = tf.slice(x, tf.stack([place, 0]), [2, 3])
    assert found.shape == (2, 3)
    return found * 2.0


def test_windows_have_the_shape_that_their_size_says() -> None:
    x = np.arange(20, dtype=np.float32).reshape(5, 4)
    for place in (0, 1, 3):
        np.testing.assert_array_equal(_part(x, tf.constant(place)), x[place : place + 2, :3] * 2)

    @tf.function
    def rest(x: Any, place: Any) -> Any:
        found = tf.slice(x, [place, 1], [-1, 2])
        assert found.shape == (None, 2)
        return found

    np.testing.assert_array_equal(rest(x, tf.constant(2)), x[2:, 1:3])


def test_windows_are_compiled_with_what_is_around_them(caplog: pytest.LogCaptureFixture,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("WEFT_DEBUG", "1")
    with caplog.at_level(logging.INFO, "weft"):
        image = np.random.default_rng(0).random((12, 12, 3)).astype(np.float32)
        crop = tf.function(lambda x: tf.image.random_crop(x, [8, 8, 3]) + 1.0)
        assert crop(image).shape == (8, 8, 3)
    assert "compiled" in caplog.text or "kept" in caplog.text
    assert "on the host" not in caplog.text


def test_a_window_beyond_the_end_is_refused() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="axis 0"):
        _part(np.zeros((5, 4), np.float32), tf.constant(4))


def test_gradients_of_windows() -> None:
    x = tf.constant(np.arange(20, dtype=np.float32).reshape(5, 4))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(_part(x, tf.constant(3)) ** 2)
    expected = np.zeros((5, 4), np.float32)
    expected[3:, :3] = 8 * x.numpy()[3:, :3]
    np.testing.assert_allclose(tape.gradient(y, x), expected)
