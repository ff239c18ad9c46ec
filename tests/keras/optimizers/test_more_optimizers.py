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
        with pytest.raises(ValueError, match="on the `inner_optimizer`"):
            optimizers.LossScaleOptimizer(optimizers.SGD(), clipnorm=1.0)
        with pytest.raises(ValueError, match="must be an optimizer"):
            optimizers.LossScaleOptimizer("sgd")


class TestSeveralOptimizers:
    def variables(self):
        with keras.name_scope("encoder"):
            first = keras.Variable([2.0], name="kernel")
        return [first, keras.Variable([3.0], name="bias")]

    def chosen(self):
        inner = optimizers.SGD(0.5, use_ema=True, name="inner")
        return optimizers.OptimizerMap(optimizers.SGD(0.25, name="usual"), {"encoder/.*": inner})

    def test_each_variable_by_its_own(self):
        variables, optimizer = self.variables(), optimizers.MultiOptimizer(self.chosen(), loss_scale_factor=2.0)
        optimizer.apply([tf.constant([2.0]), tf.constant([4.0])], variables)
        assert [float(v[0]) for v in variables] == [1.5, 2.5] and int(optimizer.iterations) == 1
        assert [each.name for each in optimizer.optimizers] == ["inner", "usual"]
        assert float(optimizer.scale_loss(tf.constant(3.0))) == 6.0
        with pytest.raises(AttributeError, match="no learning rate"):
            _ = optimizer.learning_rate

    def test_configuration_there_and_back(self):
        again = optimizers.deserialize(optimizers.serialize(optimizers.MultiOptimizer(self.chosen())))
        again.build(self.variables())
        assert [float(each.learning_rate) for each in again.optimizers] == [0.5, 0.25]

    def test_it_trains_a_model_and_callbacks_know_it(self):
        first = keras.layers.Dense(2, kernel_initializer="ones", use_bias=False, name="encoder")
        model = keras.Sequential([first, keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)])
        optimizer = optimizers.MultiOptimizer(self.chosen())
        model.compile(optimizer, "mse")
        halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
        x = np.ones((1, 1), "float32")
        history = model.fit(x, 0 * x, verbose=0, callbacks=[halve, keras.callbacks.SwapEMAWeights()])
        assert [float(each.learning_rate) for each in optimizer.optimizers] == [0.25, 0.125]
        assert history.history["learning_rate_inner"] == [0.25] and history.history["learning_rate_usual"] == [0.125]

    def test_none_inside_is_made_of_others(self):
        chosen = self.chosen()
        with pytest.raises(ValueError, match="of their own"):
            chosen["a"] = optimizers.LossScaleOptimizer(optimizers.SGD())
        chosen["encoder/kernel.*"] = optimizers.Adam()
        with pytest.raises(ValueError, match="several patterns"):
            chosen(self.variables()[0])


def test_gradients_that_take_their_variables_place_over_several_steps():
    variable = keras.Variable([1.0, 2.0])
    variable.overwrite_with_gradient = True
    optimizer = optimizers.SGD(1.0, gradient_accumulation_steps=2)
    optimizer.apply([tf.constant([1.0, 4.0])], [variable])
    assert variable.numpy().tolist() == [1.0, 2.0]
    optimizer.apply([tf.constant([3.0, 1.0])], [variable])
    assert variable.numpy().tolist() == [3.0, 4.0]


def test_weights_of_other_shapes_change_nothing() -> None:
    kernel = keras.Variable(np.ones((2, 3), np.float32), name="kernel")
    optimizer = optimizers.Adam()
    optimizer.build([kernel])
    before = [variable.numpy() for variable in optimizer.variables]
    values = [value + 1 for value in before]
    values[-1] = np.zeros((4, 4), np.float32)
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        optimizer.set_weights(values)
    for variable, value in zip(optimizer.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
