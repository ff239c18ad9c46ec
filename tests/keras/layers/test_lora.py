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
    (lambda **k: layers.Embedding(5, 3, **k), np.array([[1, 4]]),
     [("embeddings", (5, 3)), ("lora_embeddings_a", (5, 2)), ("lora_embeddings_b", (2, 3))]),
)  # fmt: skip


@pytest.mark.parametrize(("make", "inputs", "weights"), CASES, ids=["Dense", "EinsumDense", "Embedding"])
def test_the_addition(make: Any, inputs: Any, weights: Any) -> None:
    plain = make()
    before = np.asarray(plain(inputs))
    plain.enable_lora(2, lora_alpha=6.0)
    assert [(w.name, tuple(w.shape)) for w in plain.weights] == weights
    assert [w.name for w in plain.trainable_weights] == [name for name, _ in weights[1:]]
    np.testing.assert_array_equal(plain(inputs), before)  # b begins with zeros
    plain.lora_kernel_b.assign(tf.ones_like(plain.lora_kernel_b))
    whole = make()
    whole.build(inputs.shape)
    added = 3.0 * np.tensordot(np.asarray(plain.lora_kernel_a), np.asarray(plain.lora_kernel_b), 1)
    whole.set_weights([plain.get_weights()[0] + added, *plain.get_weights()[1 : len(weights) - 2]])
    np.testing.assert_allclose(plain(inputs), whole(inputs), rtol=1e-5)
    with pytest.raises(ValueError, match="once"):
        plain.enable_lora(2)


@pytest.mark.parametrize(("make", "inputs", "weights"), CASES, ids=["Dense", "EinsumDense", "Embedding"])
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
    before = [np.asarray(layer.kernel) for layer in model.layers]
    changed = np.asarray(model.layers[0].lora_kernel_b)
    model.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=2, verbose=0)
    for layer, kernel in zip(model.layers, before, strict=True):
        np.testing.assert_array_equal(layer.kernel, kernel)
    assert not np.array_equal(model.layers[1].lora_kernel_b, np.zeros((2, 1)))
    assert changed.shape == (2, 4)


def test_refused() -> None:
    with pytest.raises(ValueError, match="not built"):
        layers.Dense(2).enable_lora(1)
    with pytest.raises(ValueError, match="rank"):
        layers.Dense(2, lora_rank=-1)
    with pytest.raises(NotImplementedError, match="quantization"):
        layers.Dense(2, quantization_config={"mode": "int8"})
