"""Losses against Keras' own numbers."""

from __future__ import annotations

import numpy as np
import pytest

import weft as tf
from tests.golden import recipes
from weft.keras import losses

golden = recipes.Golden("keras_losses_metrics")
CASES = [name for name, record in golden.cases.items() if record["kind"] == "loss"]
REDUCTIONS = ("sum_over_batch_size", "sum", "none", "mean_with_sample_weight")


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_those_of_keras(name: str) -> None:
    record = golden.cases[name]
    y_true, y_pred = golden[f"{name}/y_true"], golden[f"{name}/y_pred"]
    compared = 0
    for title in ("unweighted", "weighted", "row_weighted"):
        weights = None if title == "unweighted" else golden.arrays.get(f"{name}/sample_weight/{title}")
        for reduction in REDUCTIONS:
            key = f"{name}/{title}/{reduction}"
            if f"{key}/value" not in golden:
                continue
            loss = getattr(losses, record["class"])(reduction=reduction, **record["config"])
            prediction = tf.constant(y_pred)
            with tf.GradientTape() as tape:
                tape.watch(prediction)
                value = loss(y_true, prediction, sample_weight=weights)
                total = tf.reduce_sum(value)
            np.testing.assert_allclose(value.numpy(), golden[f"{key}/value"], rtol=2e-5, atol=2e-6, err_msg=key)
            gradient = tape.gradient(total, prediction).numpy()
            np.testing.assert_allclose(gradient, golden[f"{key}/gradient"], rtol=1e-4, atol=2e-6, err_msg=key)
            compared += 1
    assert compared >= 4
