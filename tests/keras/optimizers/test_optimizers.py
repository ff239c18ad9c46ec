"""What optimizers do besides their rule: old spellings, configurations, copies, messages."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras import optimizers

# These are around others: test_more_optimizers.py
AROUND = {optimizers.LossScaleOptimizer, optimizers.MultiOptimizer}
CLASSES = sorted(set(optimizers.TABLE.values()) - AROUND, key=lambda cls: cls.__name__)


def step(optimizer: Any, gradient: float = 1.0, start: float = 1.0) -> float:
    variable = tf.Variable(start)
    optimizer.apply_gradients([(tf.constant(gradient), variable)])
    return float(variable)


@pytest.mark.parametrize("cls", CLASSES)
def test_configuration_there_and_back(cls: Any) -> None:
    optimizer = cls(learning_rate=0.25, clipnorm=1.0, use_ema=True)
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert type(again) is cls and again.get_config() == optimizer.get_config()
    assert type(optimizers.get(cls.__name__.lower())) is cls


def test_a_schedule_survives_the_configuration() -> None:
    schedule = optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    again = optimizers.deserialize(optimizers.serialize(optimizers.SGD(schedule)))
    assert again._learning_rate.get_config() == schedule.get_config()


def test_old_spellings_are_honoured() -> None:
    assert step(optimizers.SGD(lr=0.5)) == 0.5
    optimizer = optimizers.SGD(lr=1.0, decay=1.0)
    variable = tf.Variable(0.0)
    for _ in range(3):
        optimizer.apply_gradients([(tf.constant(-1.0), variable)])
    assert float(variable) == pytest.approx(1 + 1 / 2 + 1 / 3)
    assert optimizers.RMSpropOptimizer is optimizers.RMSprop
    assert optimizers.legacy.Adam is optimizers.Adam
    optimizer.lr = 0.25
    assert float(optimizer.learning_rate) == 0.25


def test_the_learning_rate_can_be_set() -> None:
    optimizer = optimizers.SGD(0.5)
    optimizer.learning_rate = 0.25
    assert step(optimizer) == 0.75
    optimizer.learning_rate.assign(0.125)
    assert float(optimizer.learning_rate) == 0.125
    with pytest.raises(TypeError, match="schedule"):
        optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)).learning_rate = 0.1
    assert step(optimizers.SGD(lambda: 0.5)) == 0.5


@pytest.mark.parametrize("options", [
    {"clipnorm": 1.0, "clipvalue": 1.0}, {"gradient_accumulation_steps": 1}, {"use_ema": True, "ema_momentum": 2.0},
    {"learning_rate": "fast"}, {"decay": -1.0},
])  # fmt: skip
def test_impossible_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="SGD"):
        optimizers.SGD(**options)


def test_variables_without_gradients() -> None:
    first, second = keras.Variable(1.0, name="first"), keras.Variable(1.0, name="second")
    optimizer = optimizers.SGD(0.5)
    with pytest.warns(UserWarning, match="`second`"):
        optimizer.apply_gradients([(tf.constant(1.0), first), (None, second)])
    assert float(first) == 0.5 and float(second) == 1.0
    with pytest.raises(ValueError, match="GradientTape"):
        optimizer.apply_gradients([(None, first)])
    with pytest.raises(ValueError, match="does not know variable `third`"):
        optimizer.apply_gradients([(tf.constant(1.0), keras.Variable(1.0, name="third"))])


def test_minimize() -> None:
    variable = tf.Variable(3.0)
    optimizer = optimizers.SGD(0.5)
    optimizer.minimize(lambda: variable * variable, [variable])
    assert float(variable) == 0.0
    with tf.GradientTape() as tape:
        loss = (variable - 1.0) ** 2
    optimizer.minimize(loss, [variable], tape=tape)
    assert float(variable) == 1.0


def test_constraints_hold_after_an_update() -> None:
    variable = keras.Variable([1.0, -1.0], name="v")
    variable.constraint = keras.constraints.NonNeg()
    optimizers.SGD(0.0).apply_gradients([(tf.constant([0.0, 0.0]), variable)])
    np.testing.assert_array_equal(variable.numpy(), [1.0, 0.0])


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_a_copy_goes_on(copied: Any) -> None:
    variable, optimizer = tf.Variable(1.0), optimizers.Adam(0.1)
    optimizer.apply_gradients([(tf.constant(2.0), variable)])
    other_variable, other = copied((variable, optimizer))
    for made, by in ((variable, optimizer), (other_variable, other)):
        by.apply_gradients([(tf.constant(-3.0), made)])
    assert float(variable) == float(other_variable) and int(other.iterations) == 2


def test_state_can_be_read_and_set() -> None:
    variable, optimizer = tf.Variable(1.0), optimizers.Adam(0.1)
    optimizer.apply_gradients([(tf.constant(2.0), variable)])
    again = optimizers.Adam(0.5)
    again.build([variable])
    again.set_weights(optimizer.get_weights())
    for ours, theirs in zip(again.variables, optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    with pytest.raises(ValueError, match="before it knows which variables.*\n.*\n.*4 values for its 2"):
        optimizers.Adam().set_weights(optimizer.get_weights())


def test_unknown_optimizers() -> None:
    with pytest.raises(ValueError, match="`rmsprop`"):
        optimizers.get("rmspop")
    with pytest.raises(ValueError, match="is no optimizer"):
        optimizers.get(3)
    with pytest.raises(AttributeError, match="`Adam`"):
        _ = optimizers.Adem


def test_a_variable_as_learning_rate_is_the_programs_own():
    rate = tf.Variable(0.5)
    optimizer = keras.optimizers.SGD(rate)
    v = tf.Variable(1.0)
    optimizer.apply_gradients([(tf.constant(1.0), v)])
    rate.assign(0.1)
    optimizer.apply_gradients([(tf.constant(1.0), v)])
    assert float(v) == pytest.approx(0.4) and optimizer.learning_rate is rate
    optimizer.learning_rate = 0.25
    assert float(rate) == 0.25 and optimizer.get_config()["learning_rate"] == 0.25
