"""The network of the demo against Keras 3.15: outputs of every layer and gradients, from the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from tests.golden import recipes
from weft import keras
from weft.keras import layers

GOLDEN = recipes.Golden("mnist_network")
NAMES = ("conv1", "pool1", "conv2", "pool2", "flatten", "dense1", "dense2")


def network(mask: Any = None) -> Any:
    x = inputs = keras.Input((28, 28, 1))
    stages = [
        layers.Conv2D(32, 3, activation="relu", name="conv1"), layers.MaxPooling2D(name="pool1"),
        layers.Conv2D(64, 3, activation="relu", name="conv2"), layers.MaxPooling2D(name="pool2"),
        layers.Flatten(name="flatten"), layers.Dense(128, activation="relu", name="dense1"),
    ]  # fmt: skip
    for stage in stages:
        x = stage(x)
    if mask is not None:
        x = x * mask
    return keras.Model(inputs, layers.Dense(10, activation="softmax", name="dense2")(x))


def check(actual: Any, key: str, tolerance: float = 1e-5) -> None:
    flat = np.asarray(actual, np.float32).ravel()
    expected = GOLDEN[f"{key}/values"]
    scale = max(float(np.abs(expected).max()), float(np.sqrt(GOLDEN[f"{key}/sum_of_squares"] / flat.size)), 1e-12)
    np.testing.assert_allclose(flat[GOLDEN[f"{key}/index"]], expected, rtol=tolerance, atol=tolerance * scale)
    np.testing.assert_allclose(
        np.square(flat.astype(np.float64)).sum(), GOLDEN[f"{key}/sum_of_squares"], rtol=10 * tolerance
    )


def test_outputs_of_every_layer() -> None:
    model = network()
    model.set_weights(recipes.mnist_parameters(100))
    images, _ = recipes.mnist_batch(0)
    stages = keras.Model(model.input, [model.get_layer(name).output for name in NAMES])
    for name, output in zip(NAMES, stages(images), strict=True):
        check(output, f"outputs/float32/{name}")


@pytest.mark.parametrize("kind", ["plain", "masked"])
@pytest.mark.parametrize(("position", "seed"), list(enumerate(recipes.MNIST_PARAMETER_SEEDS)))
def test_gradients(kind: str, position: int, seed: int) -> None:
    model = network(tf.constant(recipes.mnist_mask(position)) if kind == "masked" else None)
    model.set_weights(recipes.mnist_parameters(seed))
    images, labels = recipes.mnist_batch(position)
    logits = keras.Model(model.input, model.get_layer("dense2").input)
    dense = model.get_layer("dense2")
    with tf.GradientTape() as tape:
        scores = tf.matmul(logits(images), dense.kernel) + dense.bias
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=scores))
    key = f"gradients/{kind}/{seed}/float32"
    assert abs(float(loss) - float(GOLDEN[f"{key}/loss"])) < 1e-5
    for (name, _), gradient in zip(recipes.MNIST_SHAPES, tape.gradient(loss, model.trainable_weights), strict=True):
        check(gradient, f"{key}/{name}")
