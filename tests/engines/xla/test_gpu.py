"""What only a GPU can show: steps, variables, strategies and memory there. Skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from weft.base import accelerators

jax = pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

import weft as tf  # noqa: E402
from tests.engines.programs import convolutions, data, mlp, recurrent  # noqa: E402
from weft import keras  # noqa: E402
from weft.runtime import dispatch  # noqa: E402

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif("NVIDIA GPU" not in accelerators.usable(), reason="no GPU that jax can use is here"),
]


@pytest.fixture(autouse=True)
def _xla() -> Iterator[None]:
    dispatch.use_engine("xla")
    yield
    dispatch.use_engine(None)


def test_a_gpu_is_listed_and_computes_unasked() -> None:
    (first, *_) = tf.config.list_physical_devices("GPU")
    assert first.name == "/physical_device:GPU:0"
    v = tf.Variable([1.0, 2.0])
    tf.function(lambda: v.assign_add([1.0, 1.0]))()
    assert {device.platform for device in v._cell.peek().array.sharding.device_set} == {"gpu"}
    with tf.device("/CPU:0"):
        tf.function(lambda: v.assign_add([1.0, 1.0]))()
    assert {device.platform for device in v._cell.peek().array.sharding.device_set} == {"cpu"}
    assert v.numpy().tolist() == [3.0, 4.0]


@pytest.mark.parametrize("make", [mlp, convolutions, recurrent])
def test_training_is_the_reference_engines(make: Any) -> None:
    found = []
    for engine in ("xla", "reference"):
        dispatch.use_engine(engine)
        keras.utils.set_random_seed(5)
        model = make()
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        x, y = data(model, 44)
        batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
        losses = model.fit(x, y, batch_size=16, epochs=2, verbose=0).history["loss"]
        found.append(losses + model.fit(batches, epochs=2, verbose=0).history["loss"])
    np.testing.assert_allclose(found[0], found[1], rtol=2e-3)


def test_random_numbers_are_those_of_a_processor() -> None:
    draw = tf.function(lambda: (tf.random.uniform([1000]), tf.random.normal([1000])))
    found = []
    for engine in ("xla", "reference"):
        dispatch.use_engine(engine)
        tf.random.set_seed(7)
        found.append([part.numpy() for part in draw()])
    for mine, other in zip(*found, strict=True):
        np.testing.assert_array_max_ulp(mine, other, 4)


def test_mirrored_over_all_gpus_is_one_device() -> None:
    x, y = np.random.default_rng(0).random((70, 10), dtype=np.float32), np.arange(70) % 4
    found = []
    for strategy in (tf.distribute.OneDeviceStrategy("/gpu:0"), tf.distribute.MirroredStrategy()):
        keras.utils.set_random_seed(1)
        with strategy.scope():
            model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(4)])
            model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        found.append(model.fit(x, y, batch_size=16, epochs=3, verbose=0).history["loss"])
    np.testing.assert_allclose(found[1], found[0], atol=1e-4)
