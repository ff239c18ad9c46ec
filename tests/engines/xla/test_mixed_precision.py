"""Mixed precision on the XLA engine: float16 with its loss scaled, and bfloat16, beside the reference's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

import weft as tf  # noqa: E402
from weft import keras  # noqa: E402
from weft.keras import layers  # noqa: E402
from weft.runtime import dispatch  # noqa: E402

_RNG = np.random.default_rng(0)
_X, _Y = _RNG.random((72, 10), dtype=np.float32), _RNG.integers(0, 4, 72)


@pytest.fixture(autouse=True)
def _xla() -> Iterator[None]:
    dispatch.use_engine("xla")
    yield
    keras.mixed_precision.set_global_policy("float32")
    dispatch.use_engine(None)


def _trained(policy: str, **compiled: Any) -> tuple[list[float], Any]:
    """The losses of eight epochs, the last batch of each a short one, and the model."""
    keras.mixed_precision.set_global_policy(policy)
    keras.utils.set_random_seed(1)
    model = keras.Sequential([
        keras.Input((10,)), layers.Dense(16, activation="relu", use_bias=False), layers.BatchNormalization(),
        layers.Dropout(0.1), layers.Dense(4, dtype="float32"),
    ])  # fmt: skip
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), **compiled)
    return model.fit(_X, _Y, batch_size=16, epochs=8, verbose=0).history["loss"], model


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_training_is_the_reference_engines_and_that_of_several_devices(policy: str) -> None:
    alone, model = _trained(policy)
    assert model.layers[0].compute_dtype == policy.removeprefix("mixed_")
    assert model.layers[0].kernel.dtype == tf.float32
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == (policy == "mixed_float16")
    grouped, _ = _trained(policy, steps_per_execution=3)
    np.testing.assert_array_equal(grouped, alone)
    if len(jax.devices()) >= 4:
        with tf.distribute.MirroredStrategy([f"/cpu:{number}" for number in range(4)]).scope():
            together, _ = _trained(policy)
        np.testing.assert_allclose(together, alone, rtol=0, atol=2e-3)
    dispatch.use_engine("reference")
    wanted, _ = _trained(policy)
    np.testing.assert_allclose(alone, wanted, rtol=0, atol=2e-3)


def test_steps_that_overflow_are_left_out_and_halve_the_scale() -> None:
    found = []
    for engine in ("xla", "reference"):
        dispatch.use_engine(engine)
        keras.mixed_precision.set_global_policy("mixed_float16")
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((10,)), layers.Dense(4)])
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0**20)
        model.compile(optimizer, "mse")
        first, scales, still = model.get_weights()[0], [], 0
        for _ in range(12):
            model.train_on_batch(_X[:16], np.full((16, 4), 50.0, np.float32))
            scales.append(float(optimizer.dynamic_scale.numpy()))
            still += np.array_equal(model.get_weights()[0], first)
        assert all(np.isfinite(weight).all() for weight in model.get_weights())
        assert scales[0] == 2.0**19 and scales[-1] == scales[-2] and 0 < still < 12
        found.append((scales, still, model.get_weights()[0]))
    assert found[0][:2] == found[1][:2]
    np.testing.assert_allclose(found[0][2], found[1][2], rtol=1e-2, atol=1e-3)
