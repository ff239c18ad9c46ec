"""Results that are computed twice rather than kept: the same bits in less memory, and only where that is safe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.base import flags
from weft.engines.native import again, cache, compiler
from weft.engines.native.image import Place
from weft.engines.native.program import _arrange
from weft.runtime import dispatch


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    dispatch.use_engine("native")
    with flags.override(WEFT_CACHE="off"):
        yield
    dispatch.use_engine(None)


def _trained(monkeypatch: pytest.MonkeyPatch, much: int) -> tuple[list[np.ndarray], list[tuple[int, ...]], int]:
    """Weights after some steps of layers with normalisation, where results are in use, and the bytes of the plan."""
    cache._loaded.clear()
    cache._recent.clear()
    monkeypatch.setattr(again, "_MUCH", much)
    found: list[tuple[int, ...]] = []
    sizes: list[int] = []

    def watched(phases: Any, groups: Any, lives: Any) -> Any:
        made = again.run_again(phases, groups, lives)
        found.extend(lives.values())
        places = [Place(n, 4 * b.size, b.name, lives[b]) for n, b in enumerate(lives) if isinstance(b.size, int)]
        sizes.append(_arrange(places, {})[1])
        return made

    monkeypatch.setattr(compiler, "run_again", watched)
    rng = np.random.default_rng(3)
    weights = [tf.Variable(rng.normal(size=(48, 48)).astype(np.float32) / 7) for _ in range(5)]
    scales = [tf.Variable(np.ones(48, np.float32)) for _ in weights]
    x = tf.constant(rng.normal(size=(256, 48)).astype(np.float32))

    @tf.function
    def step() -> None:
        with tf.GradientTape() as tape:
            y = x
            for weight, scale in zip(weights, scales, strict=True):
                y = y @ weight
                mean, variance = tf.nn.moments(y, [0])
                y = tf.nn.relu((y - mean) * tf.math.rsqrt(variance + 1e-3) * scale + 0.1)
            loss = tf.reduce_mean(tf.square(y - 1.0))
        variables = [*weights, *scales]
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(0.1 * gradient)

    for _ in range(3):
        step()
    return [v.numpy() for v in (*weights, *scales)], found, max(sizes)


def test_what_is_made_twice_has_the_same_bits_and_leaves_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, lives, size = _trained(monkeypatch, 1 << 62)
    assert all(len(life) == 2 for life in lives)
    twice, lives, less = _trained(monkeypatch, 0)
    assert sum(len(life) == 4 for life in lives) >= 3
    assert less < 0.9 * size
    for one, other in zip(kept, twice, strict=True):
        assert one.tobytes() == other.tobytes()


def test_variables_that_are_written_meanwhile_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "_MUCH", 0)
    scale = tf.Variable(np.full(64, 2.0, np.float32))
    x = tf.constant(np.random.default_rng(0).normal(size=(300, 64)).astype(np.float32))

    @tf.function
    def step() -> Any:
        y = x * scale
        total = tf.reduce_sum(y)
        scale.assign(scale * 0.0 + total)
        z = tf.exp(x - tf.reduce_max(x, 0)) * total
        return tf.reduce_sum(z * z), tf.reduce_sum(y * z, 0)

    dispatch.use_engine("native")
    got = [each.numpy() for each in step()]
    y = x.numpy() * 2.0
    z = np.exp(x.numpy() - x.numpy().max(0)) * y.sum()
    np.testing.assert_allclose(got[0], (z * z).sum(), rtol=1e-4)
    np.testing.assert_allclose(got[1], (y * z).sum(0), rtol=2e-3, atol=1e-2)


def test_others_may_lie_where_a_result_is_not_needed() -> None:
    places = [Place(1, 4096, "twice", (0, 1, 4, 5)), Place(2, 4096, "between", (2, 3)), Place(3, 64, "beside", (1, 2))]
    offsets, size = _arrange(places, {})
    assert offsets[1] == offsets[2] == 0 and offsets[3] >= 4096 and size < 2 * 4096
