"""Losses and metrics of Keras 2 that close over symbolic tensors of the model."""

import numpy as np
import pytest

from weft import keras
from weft.keras import backend, layers

DATA = np.random.default_rng(0).normal(size=(10, 6)).astype("float32")


def _parts():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6,))
    hidden = layers.Dense(5, activation="relu")(inputs)
    mean, spread = layers.Dense(2)(hidden), layers.Dense(2)(hidden)
    draw = layers.Lambda(lambda both: both[0] + both[1] * backend.random_normal(backend.shape(both[0])))
    latent = draw([mean, spread])
    return keras.Model(inputs, layers.Dense(6)(latent)), mean, spread, latent


def _divergence(mean, spread):
    return -0.5 * backend.sum(1 + spread - backend.square(mean) - backend.exp(spread), axis=-1)


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("when", ["before", "within"])
def test_a_loss_reads_tensors_of_the_model(when, eagerly):
    model, mean, spread, _ = _parts()
    before = _divergence(mean, spread)

    def loss(labels, predictions):
        return (before if when == "before" else _divergence(mean, spread)) + 0.0 * predictions[:, 0]

    model.compile(keras.optimizers.SGD(0.1), loss, run_eagerly=eagerly)
    parts = keras.Model(model.input, [mean, spread])
    expected = float(np.mean(_divergence(*parts.predict(DATA, verbose=0))))
    np.testing.assert_allclose(model.evaluate(DATA, DATA, verbose=0), expected, rtol=1e-5)
    losses = model.fit(DATA, DATA, batch_size=4, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < 0.8 * losses[0]


def test_what_was_drawn_is_what_the_model_drew():
    model, _, _, latent = _parts()
    kernel, bias = model.layers[-1].weights
    rows = lambda y, p: backend.sum(backend.square(p - (backend.dot(latent, kernel) + bias)), axis=-1)  # noqa: E731
    model.compile("sgd", "mse", metrics=[rows])
    assert model.evaluate(DATA, DATA, verbose=0)[1] < 1e-10


def test_tensors_of_another_model_are_refused():
    model, *_ = _parts()
    other = layers.Dense(1)(keras.Input((3,)))
    model.compile("sgd", lambda y, p: backend.mean(backend.square(y - p)) + backend.mean(other))
    with pytest.raises(ValueError, match="which this model does not compute"):
        model.fit(DATA, DATA, verbose=0)
