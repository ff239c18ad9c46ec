"""What metrics do with dtypes, odd inputs and the third curve of AUC."""

from __future__ import annotations

import numpy as np
import pytest

from weft import keras
from weft.keras import metrics


def test_a_metric_computes_in_its_policys_dtype_and_keeps_what_is_said() -> None:
    metric = metrics.Mean(dtype=keras.dtype_policies.DTypePolicy("mixed_float16"))
    assert metric.dtype == "float16" and metric.total.dtype == "float16"
    assert metrics.Precision(dtype="float16").true_positives.dtype == "float32"
    with pytest.raises(AttributeError):
        metric.dtype = "float32"  # type: ignore[misc]


def test_a_name_with_a_slash() -> None:
    assert metrics.Mean(name="a/b").total.path == "a/b/total"


def test_one_class_of_one_output() -> None:
    with pytest.raises(ValueError, match="must be a 2D array"):
        metrics.Precision(class_id=1)([0, 1], [0.2, 0.8])


def test_labels_and_predictions_that_are_truth_values() -> None:
    metric = metrics.BinaryAccuracy()
    assert float(metric(np.array([[True], [False]]), np.array([[True], [True]]))) == 0.5


def test_weights_that_lose_their_fractions() -> None:
    with pytest.warns(UserWarning, match="weights given as float"):
        metrics.MeanIoU(num_classes=2)([0, 1], [0, 1], sample_weight=np.array([0.5, 1.0]))


@pytest.mark.parametrize(("method", "area"), [("interpolation", 0.5), ("minoring", 2 / 9), ("majoring", 7 / 9)])
def test_precision_and_recall_as_gains(method: str, area: float) -> None:
    y_true = [0, 0, 0, 1, 0, 1, 0, 1, 1, 1]
    y_pred = [0.1, 0.2, 0.3, 0.3, 0.4, 0.4, 0.6, 0.6, 0.8, 0.9]
    # Gains at the thresholds: recall 1, 1/3, 0; precision 0, 2/3, 1.
    metric = metrics.AUC(num_thresholds=3, curve="PRGAIN", summation_method=method)
    np.testing.assert_allclose(float(metric(y_true, y_pred)), area, atol=1e-3)


def test_what_top_k_accuracies_were_made_with() -> None:
    metric = metrics.SparseTopKCategoricalAccuracy(k=3, from_sorted_ids=True)
    assert (metric.k, metric.from_sorted_ids) == (3, True)
