"""Small models and data that the tests of this folder share, importable by the processes that they start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft import keras

_rng = np.random.default_rng(7)
X = _rng.normal(size=(96, 8)).astype(np.float32)
Y = _rng.integers(0, 3, size=96)


def sequential() -> Any:
    """Dense layers with a regularizer, normalisation and dropout: weights, moving means and random state."""
    return keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(16, activation="relu", kernel_regularizer="l2"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def without_input() -> Any:
    """A Sequential that learns its input's shape from the first data."""
    return keras.Sequential(
        [
            keras.layers.Dense(12, activation="tanh"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def functional() -> Any:
    """Branches, a layer used twice, arithmetic on symbolic tensors, a model inside the model."""
    inner = keras.Sequential([keras.Input((16,)), keras.layers.Dense(16, activation="relu")])
    inputs = keras.Input((8,))
    left = keras.layers.Dense(8, activation="relu")(inputs)
    right = keras.layers.Dense(8, activation="tanh")(inputs)
    joined = keras.layers.Concatenate()([left, right]) * 0.5 + 0.25
    twice = inner(inner(joined))
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(keras.layers.Dropout(0.3)(twice)))


def convolutional() -> Any:
    """Convolution and pooling over the samples seen as small images."""
    return keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Reshape((4, 2, 1)),
            keras.layers.Conv2D(4, (3, 2), padding="same", activation="relu"),
            keras.layers.MaxPooling2D((2, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


class Reader(keras.Model):
    """A class of its own: a recurrent layer, layers in a list, a metric."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = keras.layers.Reshape((4, 2))
        self.cells = keras.layers.LSTM(6)
        self.blocks = [keras.layers.Dense(6, activation="relu"), keras.layers.Dropout(0.2)]
        self.head = keras.layers.Dense(3, activation="softmax")

    def call(self, inputs: Any) -> Any:
        x = self.cells(self.steps(inputs))
        for block in self.blocks:
            x = block(x)
        return self.head(x)


MAKERS: dict[str, Callable[[], Any]] = {
    "sequential": sequential,
    "without_input": without_input,
    "functional": functional,
    "convolutional": convolutional,
    "subclassed": Reader,
}


def compiled(name: str, optimizer: Any = "adam", seed: int = 3) -> Any:
    """A compiled model, the same one every time."""
    keras.utils.set_random_seed(seed)
    model = MAKERS[name]()
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fitted(name: str, optimizer: Any = "adam", seed: int = 3) -> Any:
    """A compiled model after an epoch."""
    model = compiled(name, optimizer, seed)
    model.fit(X, Y, batch_size=32, verbose=0)
    return model


def weights(model: Any) -> list[Any]:
    """Every array of a model, the optimizer's included."""
    held = [*model.variables, *(model.optimizer.variables if model.optimizer is not None else [])]
    return [np.array(variable) for variable in held]


def predict(model: Any) -> Any:
    """What it predicts for the samples."""
    return model.predict(X, batch_size=32, verbose=0)


def train_on(model: Any, epochs: int = 2, seed: int = 11) -> tuple[Any, list[Any]]:
    """Trains on from where a model is: the history and all arrays afterwards."""
    keras.utils.set_random_seed(seed)
    history = model.fit(X, Y, batch_size=32, epochs=epochs, verbose=0).history
    return history, weights(model)


def assert_same_bits(first: list[Any], second: list[Any]) -> None:
    """Every array equals its counterpart, bit by bit."""
    assert len(first) == len(second)
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        assert one.dtype == other.dtype and one.shape == other.shape, f"array {number}"
        assert one.tobytes() == other.tobytes(), f"array {number} of shape {one.shape}"
