"""Convolutions of bfloat16: the reference's numbers, and the short ways that those of float32 take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import extend
from weft.base import flags
from weft.runtime import dispatch


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    with flags.override(WEFT_ENGINE="native"):
        yield
    dispatch.use_engine(None)


def _pooled(x: Any, kernel: Any) -> Any:
    return tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "VALID")), 2, 2, "VALID")


def _greatest(x: Any, kernel: Any) -> Any:
    return tf.reduce_max(tf.nn.relu(tf.nn.conv1d(x, kernel, 1, "VALID")), axis=1)


def _gradients(function: Callable[..., Any]) -> Callable[..., Any]:
    def both(x: Any, kernel: Any) -> Any:
        x, kernel = tf.cast(x, tf.bfloat16), tf.cast(kernel, tf.bfloat16)
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            loss = tf.reduce_sum(tf.cast(function(x, kernel), tf.float32) ** 2)
        return [tf.cast(g, tf.float32) for g in tape.gradient(loss, [x, kernel])]

    return both


@pytest.mark.parametrize(
    ("function", "image", "kernel"),
    [(_pooled, (3, 14, 14, 32), (3, 3, 32, 24)), (_greatest, (3, 60, 20), (3, 20, 40))],
)
def test_what_pooling_leaves_out_is_left_out(
    function: Callable[..., Any], image: tuple[int, ...], kernel: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(5)
    given = [rng.standard_normal(shape).astype(np.float32) for shape in (image, kernel)]
    with extend.profile() as profile:
        native = [one.numpy() for one in tf.function(_gradients(function))(*given)]
    assert any("spots" in entry.kernel for entry in profile.entries)
    dispatch.use_engine("reference")
    for one, other in zip(native, tf.function(_gradients(function))(*given), strict=True):
        scale = np.abs(other.numpy()).max()
        # a number rounded the other way may move a maximum; few do
        assert np.mean(np.abs(one - other.numpy()) > 0.02 * scale) < 0.002
