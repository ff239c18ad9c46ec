"""Low-rank adaptation of Dense, EinsumDense and Embedding."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras import layers

#: how a layer is made, its input, and the names and shapes of its weights with rank 2, as in Keras
CASES: tuple[tuple[Any, Any, list[tuple[str, tuple[int, ...]]]], ...] = (
    (lambda **k: layers.Dense(4, **k), np.ones((2, 3), np.float32),
     [("kernel", (3, 4)), ("bias", (4,)), ("lora_kernel_a", (3, 2)), ("lora_kernel_b", (2, 4))]),
    (lambda **k: layers.EinsumDense("ab,bcd->acd", (2, 3), **k), np.ones((2, 4), np.float32),
     [("kernel", (4, 2, 3)), ("lora_kernel_a", (4, 2, 2)), ("lora_kernel_b", (2, 3))]),
    (lambda **k: layers.Conv1D(4, 2, **k), np.ones((2, 5, 3), np.float32),
     [("kernel", (2, 3, 4)), ("bias", (4,)), ("lora_kernel_a", (2, 3, 2)), ("lora_kernel_b", (2, 4))]),
    (lambda **k: layers.Embedding(5, 3, **k), np.array([[1, 4]]),
     [("embeddings", (5, 3)), ("lora_embeddings_a", (5, 2)), ("lora_embeddings_b", (2, 3))]),
)  # fmt: skip


@pytest.mark.parametrize(("make", "inputs", "weights"), CASES, ids=["Dense", "EinsumDense", "Conv1D", "Embedding"])
def test_the_addition(make: Any, inputs: Any, weights: Any) -> None:
    plain = make()
    before = np.asarray(plain(inputs))
    plain.enable_lora(2, lora_alpha=6.0)
    assert [(w.name, tuple(w.shape)) for w in plain.weights] == weights
    assert [w.name for w in plain.trainable_weights] == [name for name, _ in weights[1:]]
    np.testing.assert_array_equal(plain(inputs), before)  # b begins with zeros
    a, b = plain.trainable_weights[-2:]
    assert getattr(plain, a.name) is a and getattr(plain, b.name) is b
    b.assign(tf.ones_like(b))
    whole = make()
    whole.build(inputs.shape)
    added = 3.0 * np.tensordot(np.asarray(a), np.asarray(b), 1)
    whole.set_weights([plain.get_weights()[0] + added, *plain.get_weights()[1 : len(weights) - 2]])
    np.testing.assert_allclose(getattr(plain, weights[0][0]), whole.get_weights()[0], rtol=1e-6)
    np.testing.assert_allclose(plain(inputs), whole(inputs), rtol=1e-5)
    with pytest.raises(ValueError, match="already enabled"):
        plain.enable_lora(2)


@pytest.mark.parametrize(("make", "inputs", "weights"), CASES, ids=["Dense", "EinsumDense", "Conv1D", "Embedding"])
def test_as_an_argument(make: Any, inputs: Any, weights: Any) -> None:
    layer = make(lora_rank=2, lora_alpha=4.0)
    output = np.asarray(layer(inputs))
    assert [(w.name, tuple(w.shape)) for w in layer.weights] == weights
    record = json.loads(json.dumps(layers.serialize(layer)))
    assert record["config"]["lora_rank"] == 2 and record["config"]["lora_alpha"] == 4.0
    again = layers.deserialize(record)
    again(inputs)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(inputs), output)
    assert "lora_rank" not in make().get_config()
    layer = make(lora_rank=2, dtype="mixed_float16")
    assert layer(inputs).dtype == "float16"


def test_training_leaves_the_kernel() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Dense(1)])
    for layer in model.layers:
        layer.enable_lora(2)
    model.compile("sgd", "mse")
    before = [np.asarray(layer.weights[0]) for layer in model.layers]
    changed = np.asarray(model.layers[0].lora_kernel_b)
    model.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=2, verbose=0)
    for layer, kernel in zip(model.layers, before, strict=True):
        np.testing.assert_array_equal(layer.weights[0], kernel)
    assert not np.array_equal(model.layers[1].lora_kernel_b, np.zeros((2, 1)))
    assert changed.shape == (2, 4)


def test_refused() -> None:
    with pytest.raises(ValueError, match="isn't yet built"):
        layers.Dense(2).enable_lora(1)
    with pytest.raises(ValueError, match="rank"):
        layers.Dense(2, lora_rank=-1)
    with pytest.raises(NotImplementedError, match="quantization"):
        layers.Dense(2, quantization_config={"mode": "int8"})
    with pytest.raises(ValueError, match="incompatible with kernel constraints"):
        layers.Dense(2, kernel_constraint="max_norm").enable_lora(1)
    with pytest.raises(AttributeError, match="not built"):
        _ = layers.Dense(2).kernel


def test_saved_weights_fit_a_plain_layer(tmp_path: Any) -> None:
    """The file has the kernel with what is added to it; a plain file ends the addition."""
    x = np.ones((2, 3), np.float32)
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4)])
    model.layers[0].enable_lora(2, b_initializer="ones")
    assert model.layers[0].lora_kernel_a.path == f"{model.layers[0].path}/lora_kernel_a"
    model.save_weights(tmp_path / "adapted.weights.h5")
    plain = keras.Sequential([keras.Input((3,)), layers.Dense(4)])
    plain.load_weights(tmp_path / "adapted.weights.h5")
    np.testing.assert_allclose(plain(x), model(x), rtol=1e-6)
    plain.layers[0].kernel.assign(np.zeros((3, 4)))
    plain.save_weights(tmp_path / "plain.weights.h5")
    model.load_weights(tmp_path / "plain.weights.h5")
    np.testing.assert_array_equal(model(x), np.zeros((2, 4)))
