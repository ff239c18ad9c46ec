"""What `keras.export` writes, and the layer that reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras import layers

X = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)


class Summed(keras.Model):
    """A model of two arguments."""

    def call(self, x, y):
        return x + 2 * y


def test_arguments_keep_their_names(tmp_path: Path) -> None:
    model = Summed()
    expected = model(X, X).numpy()
    model.export(tmp_path / "m", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "m"))
    np.testing.assert_array_equal(served.serve(X, X), expected)
    assert served.serve(X[:1], X[:1]).shape == (1, 4)
    layer = layers.MultiHeadAttention(2, 2)
    pair = tf.ones((3, 2, 2)), tf.ones((3, 5, 2))
    expected = layer(*pair).numpy()
    archive = keras.export.ExportArchive()
    archive.add_endpoint("call", layer.call, [tf.TensorSpec((None, 2, 2)), tf.TensorSpec((None, 5, 2))])
    archive.write_out(tmp_path / "layer", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "layer"))
    np.testing.assert_allclose(loaded.call(query=pair[0], value=pair[1]), expected, atol=1e-6)
    assert len(loaded.variables) == len(layer.variables)


@pytest.mark.parametrize("signature", [
    keras.InputSpec(dtype="float32", shape=(None, 4)), keras.KerasTensor((None, 4), name="inputs"), tf.constant(X),
    tf.TensorSpec((None, 4)),
])  # fmt: skip
def test_signatures(signature: Any, tmp_path: Path) -> None:
    model = keras.Sequential([layers.Dense(2)])
    expected = model(X).numpy()
    model.export(tmp_path / "m", verbose=False, input_signature=(signature,))
    served = tf.saved_model.load(str(tmp_path / "m"))
    np.testing.assert_allclose(served.serve(X), expected, atol=1e-6)
    np.testing.assert_allclose(served.serve(X[:2]), expected[:2], atol=1e-6)


def test_a_function_that_uses_another_one(tmp_path: Path) -> None:
    model = keras.Sequential([layers.Dense(1)])
    expected = model(X * 2 + 1).numpy()
    archive = keras.export.ExportArchive()
    predict = archive.track_and_add_endpoint("model", model, [tf.TensorSpec((None, 4))])

    @tf.function
    def both(x):
        return predict(x * 2 + 1)

    both(tf.constant(X))
    archive.add_endpoint("both", both)
    archive.write_out(tmp_path / "m", verbose=False)
    np.testing.assert_allclose(tf.saved_model.load(str(tmp_path / "m")).both(tf.constant(X)), expected, atol=1e-6)


def test_refused(tmp_path: Path) -> None:
    archive = keras.export.ExportArchive()
    with pytest.raises(ValueError, match="Invalid resource type"):
        archive.track("model")
    with pytest.raises(ValueError, match="you must provide an `input_signature`"):
        archive.add_endpoint("call", lambda x: x)
    with pytest.raises(ValueError, match="you must either provide a function"):
        archive.add_endpoint("call", tf.function(lambda x: x))
    with pytest.raises(ValueError, match="It must be built"):
        keras.Sequential([layers.Dense(2)]).export(tmp_path / "m")
    with pytest.raises(TypeError, match="Unsupported x=123"):
        keras.Sequential([keras.Input((4,)), layers.Dense(2)]).export(tmp_path / "m", input_signature=(123,))


def test_a_file_does_not_open_others(tmp_path: Path) -> None:
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    inner.export(tmp_path / "m", verbose=False)
    model = keras.Sequential([keras.Input((4,)), layers.TFSMLayer(tmp_path / "m")])
    model.save(tmp_path / "outer.keras")
    with pytest.raises(ValueError, match="refused in safe mode"):
        keras.models.load_model(tmp_path / "outer.keras")
    again = keras.models.load_model(tmp_path / "outer.keras", safe_mode=False)
    np.testing.assert_allclose(again(X), inner(X), atol=1e-6)
    config = model.layers[-1].get_config()
    assert layers.TFSMLayer.from_config(config, safe_mode=False)(X).shape == (3, 2)
