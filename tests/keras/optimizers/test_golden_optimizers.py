"""Fifty updates of every optimizer against Keras' own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from tests.golden import recipes
from weft import extend
from weft.keras import optimizers
from weft.keras.core.variable import Variable

golden = recipes.Golden("keras_optimizers")


def cases(kind: str) -> list[str]:
    return [n for n, r in golden.cases.items() if r["kind"] == kind]


def make(record: dict[str, Any]) -> Any:
    return getattr(optimizers, record["optimizer"])(**record["config"])


def close(actual: Any, expected: Any, label: str) -> None:
    # Where Adam and its like divide two small numbers, the last bits of either show; 50 updates add them up.
    np.testing.assert_allclose(
        actual.numpy(), expected, rtol=2e-6, atol=2e-6 if "nadam" in label else 1e-6, err_msg=label
    )


@pytest.mark.parametrize("name", cases("dense"))
@pytest.mark.parametrize("traced", [False, True])
def test_dense_updates(name: str, traced: bool) -> None:
    record = golden.cases[name]
    optimizer = make(record)
    variables = [Variable(value, name=f"v{i}") for i, value in enumerate(recipes.optimizer_start())]
    apply = lambda grads: optimizer.apply_gradients(zip(grads, variables, strict=True))  # noqa: E731
    if traced:
        apply = extend.function(apply)
    for step in range(recipes.OPTIMIZER_STEPS):
        apply([tf.constant(gradient) for gradient in recipes.optimizer_gradients(step)])
        for place, variable in enumerate(variables):
            key = f"{name}/after/{step + 1}/{place}"
            if key in golden:
                close(variable, golden[key], key)
    slots = golden.series(f"{name}/slot")
    assert len(optimizer.variables) == len(slots)
    for place, (variable, expected) in enumerate(zip(optimizer.variables, slots, strict=True)):
        np.testing.assert_allclose(variable.numpy(), expected, rtol=2e-5, atol=1e-6, err_msg=f"slot {place}")
    if record["config"].get("use_ema"):
        optimizer.finalize_variable_values(variables)
        for place, variable in enumerate(variables):
            close(variable, golden[f"{name}/finalized/{place}"], "finalized")


@pytest.mark.parametrize("name", cases("sparse"))
def test_sparse_updates(name: str) -> None:
    record = golden.cases[name]
    optimizer = make(record)
    variable = Variable(recipes.sparse_start(), name="rows")

    @extend.function
    def apply(rows: Any, values: Any) -> None:
        optimizer.apply_gradients([(tf.IndexedSlices(values, rows, variable.shape), variable)])

    for step in range(recipes.OPTIMIZER_STEPS):
        rows, values = recipes.sparse_gradient(step, record["unique"])
        apply(tf.constant(rows), tf.constant(values))
        key = f"{name}/after/{step + 1}/0"
        if key in golden:
            close(variable, golden[key], key)


@pytest.mark.parametrize("name", cases("schedule"))
def test_schedules(name: str) -> None:
    record = golden.cases[name]
    schedule = getattr(optimizers.schedules, record["schedule"])(**record["config"])
    again = optimizers.schedules.deserialize(optimizers.schedules.serialize(schedule))
    for step, rate in zip(golden[f"{name}/steps"], golden[f"{name}/rates"], strict=True):
        np.testing.assert_allclose(float(schedule(int(step))), rate, rtol=1e-5, atol=1e-9)
        np.testing.assert_allclose(float(again(tf.constant(int(step)))), rate, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", cases("scheduled"))
def test_an_optimizer_follows_its_schedule(name: str) -> None:
    record = golden.cases[name]
    optimizer = optimizers.SGD(getattr(optimizers.schedules, record["schedule"])(**record["config"]))
    variables = [Variable(value, name=f"v{i}") for i, value in enumerate(recipes.optimizer_start())]
    for step in range(recipes.OPTIMIZER_STEPS):
        optimizer.apply_gradients(zip(recipes.optimizer_gradients(step), variables, strict=True))
        for place, variable in enumerate(variables):
            key = f"{name}/after/{step + 1}/{place}"
            if key in golden:
                close(variable, golden[key], key)
