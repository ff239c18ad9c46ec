"""Optimizers that programs wrote for TensorFlow 2.0 to 2.10; the numbers are those of TensorFlow 1.15's tf.keras."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras


class Averaged(keras.optimizers.Optimizer):
    """Adam, as it was written then."""

    def __init__(self, learning_rate=0.01, beta_1=0.9, beta_2=0.999, name="Averaged", **kwargs):
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("decay", self._initial_decay)
        self._set_hyper("beta_1", beta_1)
        self._set_hyper("beta_2", beta_2)
        self.epsilon = 1e-7

    def _create_slots(self, var_list):
        for name in ("m", "v"):
            for var in var_list:
                self.add_slot(var, name)

    def _prepare_local(self, var_device, var_dtype, apply_state):
        super()._prepare_local(var_device, var_dtype, apply_state)
        t = tf.cast(self.iterations + 1, var_dtype)
        b1, b2 = (tf.identity(self._get_hyper(name, var_dtype)) for name in ("beta_1", "beta_2"))
        shared = apply_state[var_device, var_dtype]
        shared.update(b1=b1, b2=b2, lr=shared["lr_t"] * tf.sqrt(1 - tf.pow(b2, t)) / (1 - tf.pow(b1, t)))

    def _resource_apply_dense(self, grad, var, apply_state=None):
        device, dtype = var.device, var.dtype.base_dtype
        c = (apply_state or {}).get((device, dtype)) or self._fallback_apply_state(device, dtype)
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        m_t = m.assign(c["b1"] * m + (1 - c["b1"]) * grad)
        v_t = v.assign(c["b2"] * v + (1 - c["b2"]) * grad * grad)
        return var.assign_sub(c["lr"] * m_t / (tf.sqrt(v_t) + self.epsilon))

    def _resource_apply_sparse(self, grad, var, indices, apply_state=None):
        c = apply_state[var.device, var.dtype.base_dtype]
        m = self.get_slot(var, "m")
        m.assign(m * c["b1"])
        with tf.control_dependencies([m]):
            m_t = self._resource_scatter_add(m, indices, grad * (1 - c["b1"]))
        return var.assign_sub(c["lr"] * m_t)

    def get_config(self):
        numbers = {name: self._serialize_hyperparameter(name) for name in ("learning_rate", "decay", "beta_1")}
        return {**super().get_config(), **numbers}


X, Y = np.array([[0, 1], [1, 1], [2, 3], [5, 6]]), np.arange(4.0)[:, None]


def _model() -> Any:
    table = keras.layers.Embedding(7, 3, embeddings_initializer=keras.initializers.Constant(0.5))
    head = keras.layers.Dense(1, kernel_initializer="ones")
    return keras.Sequential([keras.Input((2,), dtype="int32"), table, keras.layers.Flatten(), head])


def test_training() -> None:
    model, optimizer = _model(), Averaged(learning_rate=0.05, decay=0.01)
    model.compile(optimizer, "mse")
    losses = model.fit(X, Y, epochs=5, batch_size=2, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(losses, [3.42, 2.38563, 1.7238, 1.32904, 1.12362], atol=2e-5)
    assert int(optimizer.iterations) == 10 and sorted(optimizer.get_slot_names()) == ["m", "v"]
    assert float(optimizer.beta_1) == pytest.approx(0.9) and float(optimizer.lr) == pytest.approx(0.05)
    config = optimizer.get_config()
    assert config.pop("name") == "Averaged"
    assert config == pytest.approx({"learning_rate": 0.05, "decay": 0.01, "beta_1": 0.9})
    assert Averaged.from_config(optimizer.get_config()).get_config() == optimizer.get_config()


def test_changed_and_copied(tmp_path: Path) -> None:
    model = _model()
    model.compile(Averaged(0.05), "mse")
    model.fit(X, Y, verbose=0)
    model.optimizer._set_hyper("beta_1", 0.5)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", custom_objects={"Averaged": Averaged})
    twin = copy.deepcopy(model)
    assert float(again.optimizer.beta_1) == 0.5
    for each in (model, again, twin):
        each.fit(X, Y, verbose=0)
    for one, two, three in zip(model.get_weights(), again.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)


def _steps(optimizer: Any, variable: Any) -> Any:
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(variable * variable * [1.0, 3.0])
        optimizer.apply_gradients([(tape.gradient(loss, variable), variable)])
    return variable.numpy()


def test_over_a_rule_of_today() -> None:
    class Halved(keras.optimizers.Adam):
        def _resource_apply_dense(self, grad, var, apply_state=None):
            return super()._resource_apply_dense(grad * 0.5, var, apply_state=apply_state)

    optimizer, variable = Halved(0.1), tf.Variable([1.0, 2.0])
    np.testing.assert_allclose(_steps(optimizer, variable), [0.70159, 1.70062], atol=2e-5)
    np.testing.assert_allclose(optimizer.get_slot(variable, "m"), [0.24204, 1.53905], atol=2e-5)
    assert float(optimizer._get_hyper("beta_1", tf.float32)) == pytest.approx(0.9)


class First(keras.optimizers.Optimizer):
    """A rule without apply_state, and with slots that begin at 1."""

    def __init__(self, learning_rate=0.1, name="First", **kwargs):
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", learning_rate)
        self._set_hyper("momentum", 0.9)

    def _create_slots(self, var_list):
        for var in var_list:
            self.add_slot(var, "last", initializer=keras.initializers.Ones())

    def _resource_apply_dense(self, grad, var):
        last = self.get_slot(var, "last")
        var.assign(var - self._decayed_lr(var.dtype.base_dtype) * grad + self._get_hyper("momentum", var.dtype) * last)
        last.assign(grad)


def test_without_shared_state() -> None:
    optimizer, variable = First(), tf.Variable([1.0, 2.0])
    _steps(optimizer, variable)
    other = tf.Variable([1.0, 2.0])  # variables may come later
    np.testing.assert_array_equal(_steps(optimizer, other), variable.numpy())
    with pytest.raises(KeyError, match="keeps no"):
        optimizer.get_slot(variable, "m")
    with pytest.raises(AttributeError, match="has no attribute 'rho'"):
        _ = optimizer.rho
