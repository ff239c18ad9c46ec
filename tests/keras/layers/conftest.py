"""What the layers' golden tests have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from tests.golden import recipes


class Comparison:
    """Calls layers and compares with a golden file."""

    def __init__(self, topic: str) -> None:
        self.golden = recipes.Golden(topic)

    def close(self, actual: Any, expected: np.ndarray, what: str) -> None:
        actual = np.asarray(actual)
        assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
        scale = max(1.0, float(np.max(np.abs(expected[np.isfinite(expected)]), initial=0.0)))
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5 * scale, err_msg=what)

    def call(self, name: str, part: str, layer: Any, inputs: list[Any], as_list: bool = False, **call: Any) -> None:
        """Output and gradients of one call."""
        tensors = [tf.constant(value) for value in inputs]
        watched = [tensor for tensor in tensors if tensor.dtype.is_floating]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            found = layer(tensors if as_list else tensors[0], **call)
            outputs = list(found) if isinstance(found, (list, tuple)) else [found]
            cotangents = self.golden.series(f"{name}/{part}cotangent")
            total = tf.add_n([tf.reduce_sum(o * c) for o, c in zip(outputs, cotangents, strict=True)])
        for index, expected in enumerate(self.golden.series(f"{name}/{part}output")):
            self.close(outputs[index], expected, f"output {index}")
        weights = layer.trainable_weights
        gradients = tape.gradient(total, watched + weights)
        for index, gradient in enumerate(gradients[: len(watched)]):
            key = f"{name}/{part}grad_input/{index}"
            if key in self.golden:
                self.close(gradient, self.golden[key], f"gradient of input {index}")
        for index, gradient in enumerate(gradients[len(watched) :]):
            key = f"{name}/{part}grad_weight/{index}"
            if key in self.golden:
                self.close(tf.convert_to_tensor(gradient), self.golden[key], f"gradient of {weights[index].path}")

    def load(self, name: str, layer: Any) -> None:
        """Sets the stored weights, after a look at their names."""
        assert [weight.path.split("/")[-1] for weight in layer.weights] == self.golden.cases[name]["weights"]
        layer.set_weights(self.golden.series(f"{name}/weight"))


@pytest.fixture(scope="session")
def comparisons() -> dict[str, Comparison]:
    return {topic: Comparison(topic) for topic in ("keras_layers", "keras_more_layers", "keras_further_layers")}
