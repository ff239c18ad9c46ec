"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.compat.v1.metrics import accuracy as accuracy
from weft.compat.v1.metrics import mean as mean
from weft.compat.v1.metrics import mean_cosine_distance as mean_cosine_distance
from weft.compat.v1.metrics import mean_iou as mean_iou
from weft.compat.v1.metrics import mean_per_class_accuracy as mean_per_class_accuracy
from weft.compat.v1.metrics import mean_relative_error as mean_relative_error
from weft.compat.v1.metrics import mean_tensor as mean_tensor
from weft.compat.v1.metrics import percentage_below as percentage_below
from weft.compat.v1.metrics import root_mean_squared_error as root_mean_squared_error
from weft.compat.v1.metrics_at_k import average_precision_at_k as average_precision_at_k
from weft.compat.v1.metrics_at_k import precision_at_k as precision_at_k
from weft.compat.v1.metrics_at_k import precision_at_top_k as precision_at_top_k
from weft.compat.v1.metrics_at_k import recall_at_k as recall_at_k
from weft.compat.v1.metrics_at_k import recall_at_top_k as recall_at_top_k
from weft.compat.v1.metrics_at_k import sparse_average_precision_at_k as sparse_average_precision_at_k
from weft.compat.v1.metrics_at_k import sparse_precision_at_k as sparse_precision_at_k
from weft.compat.v1.metrics_thresholds import auc as auc
from weft.compat.v1.metrics_thresholds import sensitivity_at_specificity as sensitivity_at_specificity
from weft.compat.v1.metrics_thresholds import specificity_at_sensitivity as specificity_at_sensitivity

def false_negatives(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """How many false negatives there were; the arguments are those of `accuracy`."""

def false_negatives_at_thresholds(
    labels: Any, predictions: Any, thresholds: Any, weights: Any = ..., metrics_collections: Any = ...,
    updates_collections: Any = ..., name: str | None = ...
) -> tuple[Any, Any]:
    """How many false negatives there were at each of the thresholds: `[thresholds]`."""

def false_positives(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """How many false positives there were; the arguments are those of `accuracy`."""

def false_positives_at_thresholds(
    labels: Any, predictions: Any, thresholds: Any, weights: Any = ..., metrics_collections: Any = ...,
    updates_collections: Any = ..., name: str | None = ...
) -> tuple[Any, Any]:
    """How many false positives there were at each of the thresholds: `[thresholds]`."""

def mean_absolute_error(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """The mean of |predictions - labels|. The arguments after `predictions` are those of `mean`."""

def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """The mean of (predictions - labels)². The arguments after `predictions` are those of `mean`."""

def precision(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """The share of positive predictions that were right; the arguments are those of `accuracy`."""

def precision_at_thresholds(
    labels: Any, predictions: Any, thresholds: Any, weights: Any = ..., metrics_collections: Any = ...,
    updates_collections: Any = ..., name: str | None = ...
) -> tuple[Any, Any]:
    """The share of positive predictions that were right, at each of the thresholds: `[thresholds]`."""

def recall(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """The share of positive labels that were found; the arguments are those of `accuracy`."""

def recall_at_thresholds(
    labels: Any, predictions: Any, thresholds: Any, weights: Any = ..., metrics_collections: Any = ...,
    updates_collections: Any = ..., name: str | None = ...
) -> tuple[Any, Any]:
    """The share of positive labels that were found, at each of the thresholds: `[thresholds]`."""

def true_negatives(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """How many true negatives there were; the arguments are those of `accuracy`."""

def true_negatives_at_thresholds(
    labels: Any, predictions: Any, thresholds: Any, weights: Any = ..., metrics_collections: Any = ...,
    updates_collections: Any = ..., name: str | None = ...
) -> tuple[Any, Any]:
    """How many true negatives there were at each of the thresholds: `[thresholds]`."""

def true_positives(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """How many true positives there were; the arguments are those of `accuracy`."""

def true_positives_at_thresholds(
    labels: Any, predictions: Any, thresholds: Any, weights: Any = ..., metrics_collections: Any = ...,
    updates_collections: Any = ..., name: str | None = ...
) -> tuple[Any, Any]:
    """How many true positives there were at each of the thresholds: `[thresholds]`."""
