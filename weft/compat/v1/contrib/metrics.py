"""`tf.contrib.metrics`: the metrics of `tf.metrics` under their older names, predictions first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import weft
from weft.base import dtypes
from weft.compat import v1
from weft.compat.v1 import metrics as _metrics
from weft.compat.v1 import sets as _sets
from weft.runtime.scopes import NameScope

set_size, set_intersection = _sets.set_size, _sets.set_intersection
set_difference, set_union = _sets.set_difference, _sets.set_union


def _of_predictions(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A metric whose arguments begin with the predictions, not with the labels."""

    def older(predictions: Any, labels: Any, *args: Any, **kwargs: Any) -> Any:
        return function(labels, predictions, *args, **kwargs)

    older.__name__ = older.__qualname__ = name
    older.__doc__ = f"As `tf.metrics.{function.__name__}`, with the predictions before the labels."
    return older


streaming_mean, streaming_mean_tensor = _metrics.mean, _metrics.mean_tensor
streaming_percentage_less = _metrics.percentage_below
streaming_accuracy = _of_predictions("streaming_accuracy", _metrics.accuracy)
streaming_auc = _of_predictions("streaming_auc", _metrics.auc)
streaming_false_negatives = _of_predictions("streaming_false_negatives", _metrics.false_negatives)
streaming_false_positives = _of_predictions("streaming_false_positives", _metrics.false_positives)
streaming_true_negatives = _of_predictions("streaming_true_negatives", _metrics.true_negatives)
streaming_true_positives = _of_predictions("streaming_true_positives", _metrics.true_positives)
streaming_mean_absolute_error = _of_predictions("streaming_mean_absolute_error", _metrics.mean_absolute_error)
streaming_mean_cosine_distance = _of_predictions("streaming_mean_cosine_distance", _metrics.mean_cosine_distance)
streaming_mean_iou = _of_predictions("streaming_mean_iou", _metrics.mean_iou)
streaming_mean_relative_error = _of_predictions("streaming_mean_relative_error", _metrics.mean_relative_error)
streaming_mean_squared_error = _of_predictions("streaming_mean_squared_error", _metrics.mean_squared_error)
streaming_precision = _of_predictions("streaming_precision", _metrics.precision)
streaming_recall = _of_predictions("streaming_recall", _metrics.recall)
streaming_root_mean_squared_error = _of_predictions("streaming_root_mean_squared_error",
                                                    _metrics.root_mean_squared_error)  # fmt: skip


def accuracy(predictions: Any, labels: Any, weights: Any = None, name: str | None = None) -> Any:
    """The share of predictions of this batch that are the labels.

    Args:
        predictions: Integers, booleans or strings.
        labels: Of the same shape and dtype.
        weights: Of that shape; 1 where None.
        name: Accepted.

    Raises:
        ValueError: For labels of another dtype.
    """
    found, truth = weft.convert_to_tensor(predictions), weft.convert_to_tensor(labels)
    if truth.dtype != found.dtype:
        raise ValueError("Labels and predictions should have the same dtype.")
    with NameScope(name or "accuracy"):
        right = weft.cast(weft.equal(found, truth), dtypes.float32)
        if weights is None:
            return weft.reduce_mean(right)
        share = weft.cast(weights, dtypes.float32)
        return weft.reduce_sum(right * share) / weft.reduce_sum(share * weft.ones_like(right))


def confusion_matrix(labels: Any, predictions: Any, num_classes: Any = None, dtype: Any = dtypes.int32,
                     name: str | None = None, weights: Any = None) -> Any:  # fmt: skip
    """How often each class (row) was predicted as each class (column)."""
    return v1.confusion_matrix(labels, predictions, num_classes, dtype, None, weights)


def aggregate_metrics(*value_update_tuples: Any) -> tuple[list[Any], list[Any]]:
    """The values and the updates of several metrics, as two lists.

    Raises:
        ValueError: Where there are none.
    """
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair.")
    values, updates = zip(*value_update_tuples, strict=True)
    return list(values), list(updates)


def aggregate_metric_map(names_to_tuples: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values and the updates of several metrics, as two dictionaries by name."""
    pairs: Iterable[Any] = names_to_tuples.items()
    found = list(pairs)
    return {name: pair[0] for name, pair in found}, {name: pair[1] for name, pair in found}
