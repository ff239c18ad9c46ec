"""Scores, overlaps, correlations and operating points against Keras' own numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.golden import recipes
from weft import extend
from weft.keras import metrics

golden = recipes.Golden("keras_more_metrics")


@pytest.mark.filterwarnings("ignore:MeanIoU counts in int32")
@pytest.mark.parametrize("title", ["unweighted", "weighted"])
@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("name", list(golden.cases))
def test_results_after_each_update(name: str, title: str, traced: bool) -> None:
    record = golden.cases[name]
    metric = getattr(metrics, record["class"])(**record["config"])
    update = extend.function(metric.update_state) if traced else metric.update_state
    results = []
    for number in range(record["updates"]):
        weight = golden[f"{name}/sample_weight/{number}"] if title == "weighted" else None
        update(golden[f"{name}/y_true/{number}"], golden[f"{name}/y_pred/{number}"], sample_weight=weight)
        results.append(metric.result().numpy())
    np.testing.assert_allclose(np.stack(results), golden[f"{name}/{title}/results"], rtol=2e-5, atol=1e-6)
    metric.reset_state()
    update(golden[f"{name}/y_true/0"], golden[f"{name}/y_pred/0"])
    first = golden[f"{name}/unweighted/results"][0]
    np.testing.assert_allclose(metric.result().numpy(), first, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", list(golden.cases))
def test_every_metric_survives_its_configuration(name: str) -> None:
    record = golden.cases[name]
    metric = getattr(metrics, record["class"])(**record["config"])
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="average=mikro(?s:.*)`micro`"):
        metrics.F1Score(average="mikro")
    with pytest.raises(ValueError, match="Invalid `threshold` argument value"):
        metrics.FBetaScore(threshold=0.0)
    with pytest.raises(ValueError, match=r"expects 2D inputs with shape \[batch, outputs\]"):
        metrics.F1Score()([0, 1], [0.1, 0.9])
    with pytest.raises(ValueError, match="not among the 2 classes"):
        metrics.IoU(num_classes=2, target_class_ids=[2])
    with pytest.raises(ValueError, match="`recall` must be in the range"):
        metrics.PrecisionAtRecall(1.5)
    with pytest.raises(ValueError, match="predictions are a matrix"):
        metrics.AUC(multi_label=True)([0, 1], [0.1, 0.9])
    with pytest.raises(ValueError, match="`num_labels` belongs to"):
        metrics.AUC(num_labels=3)
