"""Layers against Keras 3.15: outputs and gradients from the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from tests.golden import recipes
from weft import keras

CASES = {topic: recipes.Golden(topic).cases for topic in ("keras_layers", "keras_more_layers", "keras_further_layers")}
#: Keras 3.15 gives zeros where more than one place is above the threshold; ours sums to 1, as in the paper.
RIGHT_PADDED = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0]], bool)
WRONG_IN_KERAS = {"activation_sparsemax"}


def names(*kinds: str) -> list[tuple[str, str]]:
    return [
        (topic, name)
        for topic, cases in CASES.items()
        for name, case in cases.items()
        if case["kind"] in kinds and name not in WRONG_IN_KERAS
    ]


def tuples(value: Any) -> Any:
    return tuple(tuples(item) for item in value) if isinstance(value, list) else value


def make(topic: str, name: str) -> Any:
    case = CASES[topic][name]
    config = {key: tuples(value) for key, value in case["config"].items()}
    if "inner" in case:
        kind, inner = case["inner"]
        return getattr(keras.layers, case["layer"])(getattr(keras.layers, kind)(**inner), **config)
    return getattr(keras.layers, case["layer"])(**config)


@pytest.mark.parametrize(("topic", "name"), names("plain", "wrapped"))
def test_layer(topic: str, name: str, comparisons: Any) -> None:
    compare = comparisons[topic]
    golden = compare.golden
    layer = make(topic, name)
    inputs = golden[f"{name}/input/0"]
    layer.build(inputs.shape)
    compare.load(name, layer)
    call: dict[str, Any] = {}
    states = golden.series(f"{name}/initial_state")
    if states:
        call["initial_state"] = [tf.constant(state) for state in states]
    if f"{name}/mask" in golden and CASES[topic][name]["layer"] != "Embedding":
        call["mask"] = tf.constant(golden[f"{name}/mask"])
    compare.call(name, "", layer, [inputs], **call)
    if CASES[topic][name]["layer"] == "Embedding" and f"{name}/mask" in golden:
        np.testing.assert_array_equal(np.asarray(layer.compute_mask(tf.constant(inputs))), golden[f"{name}/mask"])


@pytest.mark.parametrize(("topic", "name"), names("plain", "wrapped"))
def test_shape_without_values_is_that_with_values(topic: str, name: str, comparisons: Any) -> None:
    golden = comparisons[topic].golden
    inputs = golden[f"{name}/input/0"]
    layer = make(topic, name)
    symbolic = layer(keras.KerasTensor((None, *inputs.shape[1:]), dtype=inputs.dtype.name))
    flat = list(symbolic) if isinstance(symbolic, (list, tuple)) else [symbolic]
    for tensor, expected in zip(flat, golden.series(f"{name}/output"), strict=True):
        assert tuple(tensor.shape) == (None, *expected.shape[1:])
        assert tensor.dtype == "float32"
    again = type(layer).from_config(layer.get_config())
    again.build(inputs.shape)
    assert [tuple(w.shape) for w in again.weights] == [tuple(w.shape) for w in layer.weights]


@pytest.mark.parametrize(("topic", "name"), names("merge"))
def test_merging(topic: str, name: str, comparisons: Any) -> None:
    compare = comparisons[topic]
    compare.call(name, "", make(topic, name), compare.golden.series(f"{name}/input"), as_list=True)


@pytest.mark.parametrize(("topic", "name"), names("attention"))
def test_attention(topic: str, name: str, comparisons: Any) -> None:
    compare = comparisons[topic]
    case = CASES[topic][name]
    layer = make(topic, name)
    inputs = compare.golden.series(f"{name}/input")
    several = case["layer"] in ("MultiHeadAttention", "GroupQueryAttention")
    _ = layer(*inputs) if several else layer(inputs)
    assert [weight.path.split("/", 1)[-1] for weight in layer.weights] == case["weights"]
    layer.set_weights(compare.golden.series(f"{name}/weight"))
    mask = tf.constant(RIGHT_PADDED)
    call = {
        key: mask if key.endswith("_mask") and key != "use_causal_mask" else value
        for key, value in case["call"].items()
    }

    class Called:
        trainable_weights = layer.trainable_weights

        def __call__(self, tensors: Any, **kwargs: Any) -> Any:
            return layer(*tensors, **kwargs) if several else layer(tensors, **kwargs)

    compare.call(name, "", Called(), inputs, as_list=True, **call)
    symbols = [keras.KerasTensor((None, *value.shape[1:])) for value in inputs]
    found = layer(*symbols) if several else layer(symbols)
    shape = found.shape
    assert tuple(shape)[1:] == compare.golden[f"{name}/output/0"].shape[1:]


@pytest.mark.parametrize(("topic", "name"), names("normalization"))
def test_batch_normalization(topic: str, name: str, comparisons: Any) -> None:
    compare = comparisons[topic]
    layer = make(topic, name)
    inputs = compare.golden.series(f"{name}/input")
    layer.build(inputs[0].shape)
    compare.load(name, layer)
    compare.call(name, "inference/", layer, inputs[:1], training=False)
    for step, value in enumerate(inputs):
        compare.call(name, f"training/{step}/", layer, [value], training=True)
        for weight, expected in zip(
            layer.weights, compare.golden.series(f"{name}/training/{step}/weight_after"), strict=True
        ):
            compare.close(weight, expected, weight.path)
    compare.call(name, "inference_after/", layer, inputs[:1], training=False)


@pytest.mark.parametrize(("topic", "name"), names("stateful"))
def test_stateful(topic: str, name: str, comparisons: Any) -> None:
    compare = comparisons[topic]
    layer = make(topic, name)
    first, second = compare.golden.series(f"{name}/input")
    layer.build(first.shape)
    compare.load(name, layer)
    compare.call(name, "call/0/", layer, [first])
    compare.call(name, "call/1/", layer, [second])
    layer.reset_state()
    compare.close(layer(tf.constant(first)), compare.golden[f"{name}/call/2/output/0"], "after reset_state()")


@pytest.mark.parametrize(("topic", "name"), names("model"))
def test_masks_travel(topic: str, name: str, comparisons: Any) -> None:
    compare = comparisons[topic]
    inputs = compare.golden[f"{name}/input/0"]
    model = keras.Sequential([keras.Input(inputs.shape[1:], dtype="int32")])
    for kind, config in CASES[topic][name]["config"]["layers"]:
        model.add(getattr(keras.layers, kind)(**config))
    model.set_weights(compare.golden.series(f"{name}/weight"))
    compare.call(name, "", model, [inputs])


@pytest.mark.parametrize(("topic", "name"), names("spectral"))
def test_spectral_normalization(topic: str, name: str, comparisons: Any) -> None:
    compare = comparisons[topic]
    layer = make(topic, name)
    inputs = compare.golden[f"{name}/input/0"]
    layer.build(inputs.shape)
    compare.load(name, layer)
    for expected in compare.golden.series(f"{name}/training"):
        compare.close(layer(inputs, training=True), expected, "in training")
    for weight, expected in zip(layer.weights, compare.golden.series(f"{name}/weight_after"), strict=True):
        compare.close(weight, expected, weight.path)
    compare.close(layer(inputs), compare.golden[f"{name}/inference"], "in inference")


@pytest.mark.parametrize(("topic", "name"), names("made"))
def test_layer_as_it_is_made(topic: str, name: str, comparisons: Any) -> None:
    compare = comparisons[topic]
    layer = make(topic, name)
    inputs, expected = compare.golden[f"{name}/input/0"], compare.golden[f"{name}/output/0"]
    # Keras makes the mel scale in float32: its bands are off by 1e-5, which decibels of weak bands show.
    off = 1e-3 if CASES[topic][name]["layer"] == "MelSpectrogram" else 1e-5

    def close(found: Any) -> None:
        np.testing.assert_allclose(found, expected, rtol=off, atol=off)

    close(layer(inputs))
    assert [weight.path.split("/")[-1] for weight in layer.weights] == CASES[topic][name]["weights"]
    for weight, value in zip(layer.weights, compare.golden.series(f"{name}/weight"), strict=True):
        compare.close(weight, value, weight.path)
    traced = tf.function(
        lambda x: layer(x), input_signature=[tf.TensorSpec([None if n > 2 else n for n in inputs.shape], "float32")]
    )
    close(traced(inputs))
    close(type(layer).from_config(layer.get_config())(inputs))
