"""Gradients of embeddings: only rows that were looked up are summed, and all rows get what the optimizer gives them."""

from __future__ import annotations

import numpy as np
import pytest

import weft as tf
from weft import keras


@pytest.mark.parametrize("kind", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("length", [None, 7])
def test_rows_are_sums_of_their_updates(kind, length):
    rng = np.random.default_rng(2)
    places = np.array([4, 0, 999, 4, 17, 4, 0], np.int32)
    values = rng.integers(-9, 9, (7, 24)).astype("float32")
    expected = np.zeros((1000, 24), np.float32)
    np.add.at(expected, places, values)

    @tf.function(input_signature=[tf.TensorSpec((length,), "int32"), tf.TensorSpec((length, 24), kind)])
    def spread(places, values):
        return tf.convert_to_tensor(tf.IndexedSlices(values, places, (1000, 24))) * 2

    found = spread(tf.constant(places), tf.cast(tf.constant(values), kind))
    np.testing.assert_array_equal(tf.cast(found, "float32").numpy(), 2 * expected)


def _trained(engine: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WEFT_ENGINE", engine)
    keras.utils.set_random_seed(5)
    model = keras.Sequential([keras.Input((3,), dtype="int32"), keras.layers.Embedding(700, 8),
                              keras.layers.Flatten(), keras.layers.Dense(1)])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.1), "mse")
    rng = np.random.default_rng(1)
    for _ in range(4):
        model.train_on_batch(rng.integers(0, 700, (5, 3)).astype("int32"), rng.normal(size=(5, 1)).astype("float32"))
    return model


def test_the_optimizer_does_to_all_rows_what_it_does_elsewhere(monkeypatch):
    native, reference = _trained("native", monkeypatch), _trained("reference", monkeypatch)
    for ours, theirs in zip(native.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


def test_a_place_out_of_range_changes_nothing(monkeypatch):
    model = _trained("native", monkeypatch)
    before = model.get_weights()
    with pytest.raises(tf.errors.InvalidArgumentError):
        model.train_on_batch(np.array([[0, 1, 700]], "int32"), np.zeros((1, 1), "float32"))
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
