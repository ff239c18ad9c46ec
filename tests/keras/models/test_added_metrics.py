"""`add_metric` of Keras 2: means of values of a call, and of symbolic tensors, in the logs."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras import layers

_X = np.random.default_rng(0).random((32, 6)).astype(np.float32)


class _Measured(layers.Layer):
    def call(self, x: Any) -> Any:
        self.add_metric(tf.reduce_sum(x, axis=-1), name="rows", aggregation="mean")
        self.add_metric(tf.reduce_max(x), name="greatest")
        return x * 2.0


def test_layers_report_means_of_what_their_calls_saw() -> None:
    start = keras.Input((6,))
    model = keras.Model(start, _Measured()(start))
    model.compile("sgd", "mse")
    logs = model.evaluate(_X, _X * 2, batch_size=8, verbose=0, return_dict=True)
    assert sorted(logs) == ["greatest", "loss", "rows"]
    np.testing.assert_allclose(logs["rows"], _X.sum(1).mean(), rtol=1e-6)
    np.testing.assert_allclose(logs["greatest"], _X.reshape(4, -1).max(1).mean(), rtol=1e-6)
    assert model.metrics_names == ["loss", "rows", "greatest"] and model.weights == []


def _encoder() -> tuple[Any, Any]:
    start = keras.Input((6,))
    mean, spread = layers.Dense(2)(start), layers.Dense(2)(start)
    end = layers.Dense(6)(mean + tf.exp(spread))
    model = keras.Model(start, end)
    error = tf.reduce_mean(tf.square(end - start), axis=-1)
    divergence = -0.5 * tf.reduce_sum(1 + spread - tf.square(mean) - tf.exp(spread), axis=-1)
    model.add_loss(tf.reduce_mean(error + divergence))
    model.add_metric(divergence, name="divergence")
    model.compile("adam")
    return model, error


def test_models_report_means_of_symbolic_tensors() -> None:
    model, error = _encoder()
    model.add_metric(error, name="error", aggregation="mean")  # also once the model is compiled
    history = model.fit(_X, None, batch_size=8, epochs=2, verbose=0, validation_data=(_X, None)).history
    assert sorted(history) == ["divergence", "error", "loss", "val_divergence", "val_error", "val_loss"]
    np.testing.assert_allclose(np.add(history["divergence"], history["error"]), history["loss"], rtol=1e-5)
    assert len(model.get_weights()) == 6
    assert model.predict(_X, verbose=0).shape == _X.shape
    other = copy.deepcopy(model)
    other.compile("adam")
    found = other.evaluate(_X, None, verbose=0, return_dict=True)
    assert found == pytest.approx(model.evaluate(_X, None, verbose=0, return_dict=True))


def test_a_name_is_needed() -> None:
    model, error = _encoder()
    with pytest.raises(ValueError, match="add_metric takes a value, a name"):
        model.add_metric(error)
    with pytest.raises(ValueError, match="aggregation='sum'"):
        model.add_metric(error, name="error", aggregation="sum")
