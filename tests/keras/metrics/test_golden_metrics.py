"""Metrics against Keras' own numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.golden import recipes
from weft import extend
from weft.keras import metrics

golden = recipes.Golden("keras_losses_metrics")
CASES = [name for name, record in golden.cases.items() if record["kind"] == "metric"]


@pytest.mark.parametrize("title", ["unweighted", "weighted"])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("traced", [False, True])
def test_results_after_each_update(name: str, title: str, traced: bool) -> None:
    record = golden.cases[name]
    if f"{name}/{title}/results" not in golden:
        pytest.skip("no such case")
    metric = getattr(metrics, record["class"])(**record["config"])
    update = extend.function(metric.update_state) if traced else metric.update_state
    results = [metric.result().numpy()]
    for number in range(record["updates"]):
        weight = golden[f"{name}/sample_weight/{number}"] if title == "weighted" else None
        if f"{name}/values/{number}" in golden:
            update(golden[f"{name}/values/{number}"], sample_weight=weight)
        else:
            update(golden[f"{name}/y_true/{number}"], golden[f"{name}/y_pred/{number}"], sample_weight=weight)
        results.append(metric.result().numpy())
    np.testing.assert_allclose(np.stack(results), golden[f"{name}/{title}/results"], rtol=1e-5, atol=1e-6)
    metric.reset_state()
    np.testing.assert_allclose(metric.result().numpy(), golden[f"{name}/{title}/after_reset"], atol=1e-7)


def test_every_metric_survives_its_configuration() -> None:
    for name in CASES:
        record = golden.cases[name]
        metric = getattr(metrics, record["class"])(**record["config"])
        again = metrics.deserialize(metrics.serialize(metric))
        assert type(again) is type(metric)
        assert again.get_config() == metric.get_config()
