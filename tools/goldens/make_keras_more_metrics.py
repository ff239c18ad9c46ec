"""Keras metrics beyond those of keras_losses_metrics, recorded in the same way."""

from __future__ import annotations

from typing import Any

import _store as store
import make_keras_losses_metrics as base
import numpy as np

base.out = out = store.Store("keras_more_metrics")
recipes = base.recipes


def batches(make: Any) -> list[tuple[np.ndarray, ...]]:
    """Three batches of different sizes."""
    return [make(recipes.generator(4100 + number), 4 + number) for number in range(base.UPDATES)]


def hot(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
    """One-hot labels of three classes."""
    return base.one_hot(recipes.integers(rng, (rows,), 3), 3), recipes.uniform(rng, (rows, 3), 0.0, 1.0)


def several(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
    """Labels of which several may hold."""
    return recipes.integers(rng, (rows, 3), 2).astype(np.float32), recipes.uniform(rng, (rows, 3), 0.01, 0.99)


def numbers(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
    """Class numbers on both sides."""
    return recipes.integers(rng, (rows,), 3), recipes.integers(rng, (rows,), 3)


def binary(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
    """Labels 0 and 1."""
    return recipes.integers(rng, (rows,), 2).astype(np.float32), recipes.uniform(rng, (rows,), 0.01, 0.99)


def real(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
    """Three real outputs."""
    return recipes.uniform(rng, (rows, 3), 0.1, 2.0), recipes.uniform(rng, (rows, 3), 0.1, 2.0)


def case(name: str, kind: str, config: dict[str, Any], rows: list[tuple[np.ndarray, ...]]) -> None:
    """Streaming: the result after every update, without and with weights; some have none before the first."""
    out.case(name, kind="metric", **{"class": kind}, config=config, updates=len(rows))
    for number, parts in enumerate(rows):
        for part, value in zip(("y_true", "y_pred"), parts):
            out.put(f"{name}/{part}/{number}", value)
        weight = recipes.uniform(base.draws(name, 40 + number), (len(parts[0]),), 0.0, 2.0)
        out.put(f"{name}/sample_weight/{number}", weight)
    for title in ("unweighted", "weighted"):
        metric = getattr(base.keras.metrics, kind)(**config)
        results = []
        for number, parts in enumerate(rows):
            weight = out.arrays[f"{name}/sample_weight/{number}"] if title == "weighted" else None
            metric.update_state(*parts, sample_weight=weight)
            results.append(np.asarray(metric.result()))
        out.put(f"{name}/{title}/results", np.stack(results))


def main() -> None:
    """Writes tests/golden/keras_more_metrics.npz."""
    for average in (None, "micro", "macro", "weighted"):
        case(f"fbeta_{average}", "FBetaScore", {"average": average, "beta": 2.0}, batches(hot))
        case(f"f1_{average}", "F1Score", {"average": average, "threshold": 0.4}, batches(several))
    for aggregation in (None, "uniform_average", "variance_weighted_average"):
        config = {"class_aggregation": aggregation}
        case(f"r2_{aggregation}", "R2Score", config, batches(real))
    case("r2_adjusted", "R2Score", {"num_regressors": 2}, batches(real))
    floats = {"dtype": "float32"}
    case("iou", "IoU", {"num_classes": 3, "target_class_ids": [0, 2], **floats}, batches(numbers))
    case("mean_iou", "MeanIoU", {"num_classes": 3, **floats}, batches(numbers))
    case("mean_iou_int", "MeanIoU", {"num_classes": 4}, batches(numbers))
    case("mean_iou_ignore", "MeanIoU", {"num_classes": 3, "ignore_class": 1, **floats}, batches(numbers))
    case("binary_iou", "BinaryIoU", {"threshold": 0.3, **floats}, batches(binary))
    one_hot = {"num_classes": 3, **floats}
    case("one_hot_iou", "OneHotIoU", {**one_hot, "target_class_ids": [1]}, batches(hot))
    case("one_hot_mean_iou", "OneHotMeanIoU", one_hot, batches(hot))
    case("pearson", "PearsonCorrelation", {}, batches(real))
    case("concordance", "ConcordanceCorrelation", {}, batches(real))
    for name, word in (("SensitivityAtSpecificity", "specificity"), ("SpecificityAtSensitivity", "sensitivity"),
                       ("PrecisionAtRecall", "recall"), ("RecallAtPrecision", "precision")):  # fmt: skip
        case(word, name, {word: 0.6}, batches(binary))
        case(f"{word}_class", name, {word: 0.4, "num_thresholds": 7, "class_id": 1}, batches(several))
    several_labels = {"multi_label": True, "num_thresholds": 20}
    case("auc_labels", "AUC", several_labels, batches(several))
    case("auc_labels_pr", "AUC", {**several_labels, "curve": "PR"}, batches(several))
    weighted = {**several_labels, "num_labels": 3, "label_weights": [1.0, 0.5, 2.0]}
    case("auc_labels_weighted", "AUC", weighted, batches(several))
    case("auc_label_weights", "AUC", {"label_weights": [1.0, 0.5, 2.0]}, batches(several))
    out.save()


if __name__ == "__main__":
    main()
