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


def test_a_weight_a_sample_counts_for_all_its_losses() -> None:
    y_true, y_pred = np.zeros((3, 4, 1), "float32"), np.arange(12, dtype="float32").reshape(3, 4, 1)
    loss = losses.MeanSquaredError()
    found = loss(y_true, y_pred, sample_weight=[1.0, 0.0, 2.0])
    wanted = loss(y_true, y_pred, sample_weight=[[1.0] * 4, [0.0] * 4, [2.0] * 4])
    assert float(found) == float(wanted) > 0


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="sample weights"):
        losses.MeanSquaredError()(
            np.zeros((3, 4, 2), "float32"), np.ones((3, 4, 2), "float32"), sample_weight=np.ones((3, 5))
        )


def test_probabilities_become_logits_only_where_their_origin_is_known() -> None:
    from weft import extend

    @extend.function
    def traced(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return losses.categorical_crossentropy(labels, tf.nn.softmax(logits))

    logits, labels = np.array([[50.0, 0.0]], "float32"), np.array([[0.0, 1.0]], "float32")
    assert float(traced(labels, logits)[0]) == pytest.approx(50.0)
    assert float(losses.categorical_crossentropy(labels, tf.nn.softmax(logits))[0]) == pytest.approx(16.118, abs=1e-2)
