"""MultiOptimizer: each variable by its optimizer, in a fit, in files, and what it refuses."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

import weft as tf
from weft import keras

X = np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32)
Y = X.sum(axis=1, keepdims=True)


def network() -> keras.Model:
    return keras.Sequential([
        keras.Input((4,)),
        keras.layers.Dense(3, name="first", kernel_initializer="ones"),
        keras.layers.Dense(1, name="last", kernel_initializer="ones"),
    ])  # fmt: skip


def optimizer() -> keras.optimizers.MultiOptimizer:
    paths = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.01))
    paths["(.*/)?last/.*"] = keras.optimizers.Adam(0.1)
    return keras.optimizers.MultiOptimizer(paths)


def test_each_variable_has_its_own_in_a_fit() -> None:
    model = network()
    model.compile(optimizer(), "mse")
    model.fit(X, Y, batch_size=16, epochs=1, shuffle=False, verbose=0)
    alone = network()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(alone(X) - Y))
    variables = alone.trainable_variables
    gradients = tape.gradient(loss, variables)
    keras.optimizers.SGD(0.01).apply(gradients[:2], variables[:2])
    keras.optimizers.Adam(0.1).apply(gradients[2:], variables[2:])
    for found, expected in zip(model.get_weights(), alone.get_weights()):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert int(model.optimizer.iterations) == 1 and len(model.optimizer.optimizers) == 2


def test_file_goes_on_where_it_ended(tmp_path: Path) -> None:
    model = network()
    model.compile(optimizer(), "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for one in (model, again):
        one.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    for found, expected in zip(again.get_weights(), model.get_weights()):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_copies_go_on_alike() -> None:
    model = network()
    model.compile(optimizer(), "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert other.optimizer.optimizers[0] is not model.optimizer.optimizers[0]
        other.fit(X, Y, epochs=1, shuffle=False, verbose=0)
        assert int(other.optimizer.iterations) == int(model.optimizer.iterations) + 1


def test_functions_and_loss_scales() -> None:
    sgd, other = keras.optimizers.SGD(0.5), keras.optimizers.SGD(0.25)
    several = keras.optimizers.MultiOptimizer(lambda v: sgd if "a" in v.path else other, loss_scale_factor=4.0)
    a, b = keras.Variable(1.0, name="a"), keras.Variable(1.0, name="b")
    several.apply([tf.constant(4.0), tf.constant(4.0)], [a, b])
    assert (float(a), float(b)) == (0.5, 0.75) and other.loss_scale_factor == 4.0
    new, state = several.stateless_apply([v.value for v in several.variables], [tf.constant(4.0)] * 2, [a, b])
    assert [float(v) for v in new] == [0.0, 0.5] and int(state[0]) == 2 and float(a) == 0.5


def test_refused() -> None:
    paths = keras.optimizers.OptimizerMap(keras.optimizers.SGD(), {"a/.*": keras.optimizers.SGD()})
    with pytest.raises(ValueError, match="already"):
        paths["a/.*"] = keras.optimizers.SGD()
    paths[".*/b"] = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="several patterns"):
        paths["a/b"]
    with pytest.raises(ValueError, match="of their own"):
        paths["c"] = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())
    with pytest.raises(TypeError, match="keras.optimizers.get"):
        keras.optimizers.OptimizerMap("adam")
    with pytest.raises(AttributeError, match="each optimizer inside"):
        optimizer().learning_rate
