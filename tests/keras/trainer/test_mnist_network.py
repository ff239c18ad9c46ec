"""The MNIST network step by step against Keras: outputs, gradients, twenty steps of training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from tests.golden import recipes
from weft import extend, keras

golden = recipes.Golden("mnist_network")


class Mask(keras.layers.Layer):
    """Multiplies by a mask that is given from outside: dropout with the draw stored."""

    def build(self, input_shape: Any) -> None:
        self.mask = self.add_weight(shape=(recipes.MNIST_BATCH, 128), initializer="ones", trainable=False, name="mask")

    def call(self, inputs: Any) -> Any:
        return inputs * self.mask


def make(seed: int, masked: bool) -> Any:
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu", name="conv1"), layers.MaxPooling2D(2,
        name="pool1"),
        layers.Conv2D(64, 3, activation="relu", name="conv2"), layers.MaxPooling2D(2, name="pool2"),
        layers.Flatten(name="flatten"), layers.Dense(128, activation="relu", name="dense1"),
        *([Mask(name="mask")] if masked else []), layers.Dense(10, activation="softmax", name="dense2"),
    ])  # fmt: skip
    for variable, value in zip(model.trainable_variables, recipes.mnist_parameters(seed), strict=True):
        variable.assign(value)
    return model


def set_mask(model: Any, step: int) -> None:
    model.get_layer("mask").mask.assign(recipes.mnist_mask(step))


def check_sample(actual: Any, key: str, tolerance: float) -> None:
    flat = np.asarray(actual).reshape(-1)
    expected = golden[f"{key}/values"]
    scale = max(np.abs(expected).max(), 1e-12)
    assert np.abs(flat[golden[f"{key}/index"]] - expected).max() <= tolerance * scale, key
    total = float(golden[f"{key}/sum_of_squares"])
    assert abs(np.sum(flat.astype(np.float64) ** 2) - total) <= 10 * tolerance * max(total, 1e-12), key


def test_outputs_of_every_layer() -> None:
    model = make(100, masked=False)
    images, _ = recipes.mnist_batch(0)
    values = images
    for layer in model.layers:
        values = layer(values)
        check_sample(values, f"outputs/float32/{layer.name}", 1e-5)


@pytest.mark.parametrize("place,seed", list(enumerate(recipes.MNIST_PARAMETER_SEEDS)))
@pytest.mark.parametrize("kind", ["plain", "masked"])
def test_gradients(kind: str, place: int, seed: int) -> None:
    model = make(seed, kind == "masked")
    if kind == "masked":
        set_mask(model, place)
    images, labels = recipes.mnist_batch(place)

    @extend.function
    def gradients(images: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = keras.losses.SparseCategoricalCrossentropy()(labels, model(images, training=True))
        return loss, tape.gradient(loss, model.trainable_variables)

    loss, found = gradients(images, labels)
    key = f"gradients/{kind}/{seed}/float32"
    np.testing.assert_allclose(float(loss), float(golden[f"{key}/loss"]), rtol=1e-5)
    for (name, _), gradient in zip(recipes.MNIST_SHAPES, found, strict=True):
        check_sample(gradient, f"{key}/{name}", 1e-5)


@pytest.mark.parametrize("kind", ["plain", "masked"])
def test_twenty_steps_of_training(kind: str) -> None:
    model = make(100, kind == "masked")
    model.compile(
        keras.optimizers.Adam(recipes.MNIST_LEARNING_RATE), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    losses, accuracies = [], []
    for step in range(recipes.MNIST_STEPS):
        if kind == "masked":
            set_mask(model, step)
        logs = model.train_on_batch(*recipes.mnist_batch(step), return_dict=True)
        losses.append(logs["loss"])
        accuracies.append(logs["accuracy"])
    np.testing.assert_allclose(losses, golden[f"training/{kind}/float32/losses"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(accuracies, golden[f"training/{kind}/accuracies"], atol=1e-6)
    for (name, _), variable in zip(recipes.MNIST_SHAPES, model.trainable_variables, strict=True):
        check_sample(variable, f"training/{kind}/float32/final/{name}", 1e-3)
