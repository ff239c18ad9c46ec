"""Layers against Keras 3.15: outputs and gradients from the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from tests.golden import recipes
from weft import keras

GOLDEN = recipes.Golden("keras_layers")


def names(*kinds: str) -> list[str]:
    return [name for name, case in GOLDEN.cases.items() if case["kind"] in kinds]


def close(actual: Any, expected: np.ndarray, what: str) -> None:
    actual = np.asarray(actual)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    scale = max(1.0, float(np.max(np.abs(expected[np.isfinite(expected)]), initial=0.0)))
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5 * scale, err_msg=what)


def compare(name: str, part: str, layer: Any, inputs: Any, **call: Any) -> None:
    """Output and gradients of one call."""
    tensor = tf.constant(inputs)
    floating = tensor.dtype.is_floating
    with tf.GradientTape() as tape:
        if floating:
            tape.watch(tensor)
        found = layer(tensor, **call)
        outputs = list(found) if isinstance(found, (list, tuple)) else [found]
        cotangents = GOLDEN.series(f"{name}/{part}cotangent")
        total = tf.add_n([tf.reduce_sum(o * c) for o, c in zip(outputs, cotangents, strict=True)])
    for index, expected in enumerate(GOLDEN.series(f"{name}/{part}output")):
        close(outputs[index], expected, f"output {index}")
    weights = layer.trainable_weights
    gradients = tape.gradient(total, ([tensor] if floating else []) + weights)
    if floating:
        key = f"{name}/{part}grad_input/0"
        if key in GOLDEN:
            close(gradients[0], GOLDEN[key], "gradient of the input")
        gradients = gradients[1:]
    for index, gradient in enumerate(gradients):
        key = f"{name}/{part}grad_weight/{index}"
        if key in GOLDEN:
            close(tf.convert_to_tensor(gradient), GOLDEN[key], f"gradient of {weights[index].path}")


def make(name: str) -> Any:
    case = GOLDEN.cases[name]
    config = {key: tuple(value) if isinstance(value, list) else value for key, value in case["config"].items()}
    return getattr(keras.layers, case["layer"])(**config)


@pytest.mark.parametrize("name", names("plain"))
def test_layer(name: str) -> None:
    layer = make(name)
    inputs = GOLDEN[f"{name}/input/0"]
    layer.build(inputs.shape)
    weights = GOLDEN.series(f"{name}/weight")
    assert [weight.path.split("/")[-1] for weight in layer.weights] == GOLDEN.cases[name]["weights"]
    layer.set_weights(weights)
    call: dict[str, Any] = {}
    states = GOLDEN.series(f"{name}/initial_state")
    if states:
        call["initial_state"] = [tf.constant(state) for state in states]
    if f"{name}/mask" in GOLDEN and GOLDEN.cases[name]["layer"] != "Embedding":
        call["mask"] = tf.constant(GOLDEN[f"{name}/mask"])
    compare(name, "", layer, inputs, **call)
    if GOLDEN.cases[name]["layer"] == "Embedding" and f"{name}/mask" in GOLDEN:
        np.testing.assert_array_equal(np.asarray(layer.compute_mask(tf.constant(inputs))), GOLDEN[f"{name}/mask"])


@pytest.mark.parametrize("name", names("plain"))
def test_shape_without_values_is_that_with_values(name: str) -> None:
    inputs = GOLDEN[f"{name}/input/0"]
    symbolic = make(name)(keras.KerasTensor((None, *inputs.shape[1:]), dtype=inputs.dtype.name))
    flat = list(symbolic) if isinstance(symbolic, (list, tuple)) else [symbolic]
    for tensor, expected in zip(flat, GOLDEN.series(f"{name}/output"), strict=True):
        assert tuple(tensor.shape) == (None, *expected.shape[1:])
        assert tensor.dtype == "float32"


@pytest.mark.parametrize("name", names("normalization"))
def test_batch_normalization(name: str) -> None:
    layer = make(name)
    inputs = GOLDEN.series(f"{name}/input")
    layer.build(inputs[0].shape)
    assert [weight.name for weight in layer.weights] == GOLDEN.cases[name]["weights"]
    layer.set_weights(GOLDEN.series(f"{name}/weight"))
    compare(name, "inference/", layer, inputs[0], training=False)
    for step, value in enumerate(inputs):
        compare(name, f"training/{step}/", layer, value, training=True)
        for weight, expected in zip(layer.weights, GOLDEN.series(f"{name}/training/{step}/weight_after"), strict=True):
            close(weight, expected, weight.path)
    compare(name, "inference_after/", layer, inputs[0], training=False)


@pytest.mark.parametrize("name", names("stateful"))
def test_stateful(name: str) -> None:
    layer = make(name)
    first, second = GOLDEN.series(f"{name}/input")
    layer.build(first.shape)
    layer.set_weights(GOLDEN.series(f"{name}/weight"))
    compare(name, "call/0/", layer, first)
    compare(name, "call/1/", layer, second)
    layer.reset_state()
    close(layer(tf.constant(first)), GOLDEN[f"{name}/call/2/output/0"], "after reset_state()")


@pytest.mark.parametrize("name", names("model"))
def test_masks_travel(name: str) -> None:
    inputs = GOLDEN[f"{name}/input/0"]
    model = keras.Sequential([keras.Input(inputs.shape[1:], dtype="int32")])
    for kind, config in GOLDEN.cases[name]["config"]["layers"]:
        model.add(getattr(keras.layers, kind)(**config))
    model.set_weights(GOLDEN.series(f"{name}/weight"))
    compare(name, "", model, inputs)
