"""Fifty steps of training a small network in several ways, for tests of what shares them among devices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import weft as tf
from weft import keras
from weft.keras import distribution, layers

_RNG = np.random.default_rng(0)
_X, _Y = _RNG.random((72, 10), dtype=np.float32), _RNG.integers(0, 4, 72)
#: of the five batches of an epoch the last is a short one
_BATCH, _EPOCHS = 16, 10
#: of a custom loop: replicas have different numbers of rows, and some have none of the last batch
_UNEVEN = 15
WAYS = ("arrays", "tf.data", "loop")


class Trained(NamedTuple):
    """What has come out: the mean losses so far or those of each step, the weights, on how many devices they lie."""

    losses: list[float]
    weights: list[Any]
    devices: int


def _network() -> Any:
    keras.utils.set_random_seed(1)
    return keras.Sequential([
        keras.Input((10,)), layers.Dense(16, activation="relu", use_bias=False, name="up"),
        layers.BatchNormalization(synchronized=True), layers.Dropout(0.1), layers.Dense(8, name="down"),
    ])  # fmt: skip


def grid(devices: list[str], rows: int) -> Any:
    """Batches cut along one axis of a grid of devices, and what the network's layers hold along the other."""
    mesh = distribution.DeviceMesh((rows, len(devices) // rows), ["data", "model"], devices)
    layouts = distribution.LayoutMap(mesh)
    layouts[".*up/kernel"] = (None, "model")
    layouts[".*down/kernel"] = ("model", None)
    return distribution.ModelParallel(layout_map=layouts, batch_dim_name="data")


def fitted(way: str, together: int = 1) -> Trained:
    """`fit` over arrays, or over a dataset, so many steps in one call."""
    model = _network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-2), loss, steps_per_execution=together)
    losses: list[float] = []
    watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: losses.append(float(logs["loss"])))
    data = tf.data.Dataset.from_tensor_slices((_X, _Y)).batch(_BATCH)
    options = {"callbacks": [watch], "epochs": _EPOCHS, "verbose": 0}
    if way == "arrays":
        model.fit(_X, _Y, batch_size=_BATCH, **options)
    else:
        model.fit(data, **options)
    return Trained(losses, model.get_weights(), _spread(model))


def _spread(model: Any) -> int:
    held = model.layers[0].kernel._cell.peek()
    return len(held.array.sharding.device_set) if hasattr(held, "array") else 1  # other engines hold numpy's arrays


def looped(strategy: Any) -> Trained:
    """A custom loop under a strategy; without dropout, of which every replica draws its own."""
    keras.utils.set_random_seed(1)
    with strategy.scope():
        model = keras.Sequential([
            keras.Input((10,)), layers.Dense(16, activation="relu", use_bias=False, name="up"),
            layers.BatchNormalization(synchronized=True), layers.Dense(8, name="down"),
        ])  # fmt: skip
        optimizer = keras.optimizers.Adam(1e-2)
        loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    data = tf.data.Dataset.from_tensor_slices((_X, _Y)).batch(_UNEVEN)

    def step(batch: Any) -> Any:
        x, y = batch
        with tf.GradientTape() as tape:
            loss = tf.nn.compute_average_loss(loss_of(y, model(x, training=True)), global_batch_size=_UNEVEN)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    @tf.function
    def train(shared: Any) -> Any:
        return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(step, args=(shared,)), axis=None)

    losses = [float(train(shared)) for _ in range(_EPOCHS)
              for shared in strategy.experimental_distribute_dataset(data)]  # fmt: skip
    return Trained(losses, model.get_weights(), _spread(model))


def assert_same(found: Trained, wanted: Trained) -> None:
    """Compares with one device; of steps that were taken together the last one's loss is known."""
    together = 50 // len(found.losses)
    assert len(found.losses) * together == len(wanted.losses) == 50
    np.testing.assert_allclose(found.losses, wanted.losses[together - 1 :: together], rtol=0, atol=1e-5)
    for mine, theirs in zip(found.weights, wanted.weights, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-4)
