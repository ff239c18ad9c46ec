"""What stays in memory: neither graphs that are gone nor the buffers of every length that has come by."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.base import flags
from weft.runtime import dispatch

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    dispatch.use_engine("native")
    with flags.override(WEFT_CACHE="off"):
        yield
    dispatch.use_engine(None)


def _resident() -> float:
    """The memory in use, in MiB."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_results_that_do_not_fit_into_memory_are_named() -> None:
    product = tf.function(lambda x: tf.matmul(x, x, transpose_b=True))
    wanted = r"(?s)not enough memory for its results.*58\.2 TiB.*float32\[4000000, 4000000\]"
    with pytest.raises(MemoryError, match=wanted):
        product(tf.zeros([4_000_000, 2]))


def test_three_hundred_compilations_leave_memory_flat() -> None:
    x = tf.constant(np.ones((8, 16), np.float32))

    def compile_one(number: int) -> None:
        function = tf.function(lambda x: tf.reduce_sum(tf.nn.relu(x * float(number) + 1.0) @ tf.ones([16, 4])))
        assert function(x).numpy() > 0

    for number in range(60):
        compile_one(number)
    before = _resident()
    for number in range(60, 360):
        compile_one(number)
    assert _resident() - before < 12


def test_sequences_of_many_lengths_share_one_arena() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None, 32])])
    def attention(x: Any) -> Any:
        return tf.matmul(tf.nn.softmax(tf.matmul(x, x, transpose_b=True)), x)

    longest = np.random.default_rng(0).standard_normal((4, 700, 32)).astype(np.float32)
    attention(longest)
    before = _resident()
    for length in range(400, 700, 10):
        found = attention(longest[:, :length]).numpy()
        scores = longest[0, :length] @ longest[0, :length].T
        weights = np.exp(scores - scores.max(1, keepdims=True))
        wanted = weights / weights.sum(1, keepdims=True) @ longest[0, :length]
        np.testing.assert_allclose(found[0], wanted, rtol=1e-3, atol=1e-4)
    assert _resident() - before < 40  # each has some 10 MiB of its own
