"""Muon, ScheduleFreeAdamW and LossScaleOptimizer; losses whose numbers are stored beside theirs."""

from __future__ import annotations

import numpy as np
import pytest

import weft as tf
from tests.golden import recipes
from weft import keras
from weft.keras import optimizers

golden = recipes.Golden("keras_more_optimizers")


@pytest.mark.parametrize("name", [name for name, record in golden.cases.items() if record["kind"] == "dense"])
def test_updates(name):
    record = golden.cases[name]
    optimizer = getattr(optimizers, record["optimizer"])(**record["config"])
    variables = [keras.Variable(value) for value in recipes.optimizer_start()]
    for step in range(recipes.OPTIMIZER_STEPS):
        gradients = [tf.constant(gradient) for gradient in recipes.optimizer_gradients(step)]
        optimizer.apply_gradients(zip(gradients, variables))
        for place, variable in enumerate(variables):
            key = f"{name}/after/{step + 1}/{place}"
            if key in golden:
                # Muon's iteration magnifies rounding where singular values are small
                near = 2e-4 if "muon" in name else 2e-6
                np.testing.assert_allclose(variable.numpy(), golden[key], rtol=near, atol=near, err_msg=key)
    slots = golden.series(f"{name}/slot")
    assert len(optimizer.variables) == len(slots)
    assert type(optimizer).from_config(optimizer.get_config()).get_config() == optimizer.get_config()


@pytest.mark.parametrize("name", [name for name, record in golden.cases.items() if record["kind"] == "loss"])
def test_losses(name):
    record = golden.cases[name]
    for reduction in ("sum_over_batch_size", "none"):
        loss = getattr(keras.losses, record["loss"])(**record["config"], reduction=reduction)
        found = loss(golden[f"{name}/y_true"], golden[f"{name}/y_pred"])
        np.testing.assert_allclose(found, golden[f"{name}/{reduction}"], rtol=2e-5, atol=1e-6)
        again = keras.losses.deserialize(keras.losses.serialize(loss))
        np.testing.assert_array_equal(again(golden[f"{name}/y_true"], golden[f"{name}/y_pred"]), found)


class TestLossScale:
    @pytest.mark.parametrize("traced", [False, True])
    def test_scale_grows_and_falls(self, traced):
        optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(1.0), initial_scale=4.0, dynamic_growth_steps=2)
        v = keras.Variable([1.0, 2.0])
        apply = tf.function(lambda g: optimizer.apply([g], [v])) if traced else lambda g: optimizer.apply([g], [v])
        apply(tf.constant([4.0, 4.0]))
        assert v.numpy().tolist() == [0.0, 1.0] and float(optimizer.dynamic_scale) == 4.0
        apply(tf.constant([4.0, np.inf]))
        assert v.numpy().tolist() == [0.0, 1.0] and float(optimizer.dynamic_scale) == 2.0
        apply(tf.constant([2.0, 2.0]))
        apply(tf.constant([2.0, 2.0]))
        assert v.numpy().tolist() == [-2.0, -1.0] and float(optimizer.dynamic_scale) == 4.0
        assert int(optimizer.iterations) == 3 and len(optimizer.variables) == 6

    def test_in_fit_with_half_precision(self):
        model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(2, dtype="mixed_float16"), keras.layers.Dense(1)]
        )
        model.compile(keras.mixed_precision.LossScaleOptimizer(optimizers.SGD(0.1), dynamic_growth_steps=2), "mse")
        x = np.random.RandomState(0).normal(size=(16, 3)).astype(np.float32)
        history = model.fit(x, x.sum(1), epochs=4, batch_size=8, verbose=0).history["loss"]
        assert history[-1] < history[0]
        assert float(model.optimizer.dynamic_scale) >= 2.0**10

    def test_stateless(self):
        optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(1.0), initial_scale=4.0)
        v = keras.Variable([1.0, 2.0])
        optimizer.build([v])
        state = [tf.convert_to_tensor(one) for one in optimizer.variables]
        (new,), state = optimizer.stateless_apply(state, [tf.constant([4.0, 8.0])], [tf.constant([3.0, 3.0])])
        assert new.numpy().tolist() == [2.0, 1.0] and v.numpy().tolist() == [1.0, 2.0]
        (same,), state = optimizer.stateless_apply(state, [tf.constant([np.nan, 8.0])], [new])
        assert same.numpy().tolist() == [2.0, 1.0] and 2.0 in [float(tf.reduce_max(one)) for one in state]

    def test_wrong_arguments(self):
        with pytest.raises(ValueError, match="inside"):
            optimizers.LossScaleOptimizer(optimizers.SGD(), clipnorm=1.0)
        with pytest.raises(ValueError, match="must be an optimizer"):
            optimizers.LossScaleOptimizer("sgd")
