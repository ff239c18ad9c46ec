"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.compat.v1.metrics import accuracy as accuracy
from weft.compat.v1.metrics import auc as auc
from weft.compat.v1.metrics import mean as mean
from weft.compat.v1.metrics import mean_cosine_distance as mean_cosine_distance
from weft.compat.v1.metrics import mean_iou as mean_iou
from weft.compat.v1.metrics import mean_per_class_accuracy as mean_per_class_accuracy
from weft.compat.v1.metrics import mean_relative_error as mean_relative_error
from weft.compat.v1.metrics import mean_tensor as mean_tensor
from weft.compat.v1.metrics import metric_variable as metric_variable
from weft.compat.v1.metrics import percentage_below as percentage_below
from weft.compat.v1.metrics import root_mean_squared_error as root_mean_squared_error

def false_negatives(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """How many false negatives there were; the arguments are those of `accuracy`."""

def false_positives(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """How many false positives there were; the arguments are those of `accuracy`."""

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

def recall(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """The share of positive labels that were found; the arguments are those of `accuracy`."""

def true_negatives(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """How many true negatives there were; the arguments are those of `accuracy`."""

def true_positives(
    labels: Any, predictions: Any, weights: Any = ..., metrics_collections: Any = ..., updates_collections: Any = ...,
    name: str | None = ...
) -> tuple[Any, Any]:
    """How many true positives there were; the arguments are those of `accuracy`."""
