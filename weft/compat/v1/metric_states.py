"""What the metrics of `tf.metrics` have in common: variables, scopes and collections, weights, kinds of answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1 import initializers
from weft.compat.v1.naming import in_graph
from weft.compat.v1.variable_scopes import variable_scope
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys
from weft.runtime.graph_variable import make_variable


def metric_variable(shape: Any, dtype: Any, validate_shape: bool = True, name: str | None = None) -> Any:
    """A local variable of zeros that keeps a metric's state."""
    zeros = initializers.zeros_initializer()
    keys = [GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES]
    return make_variable(lambda: zeros(shape, dtype), trainable=False, collections=keys,
                         validate_shape=validate_shape, name=name)  # fmt: skip


@contextmanager
def metric_scope(name: str | None, default: str, metrics_collections: Any,
                 updates_collections: Any) -> Iterator[list[Any]]:  # fmt: skip
    """A variable scope; the value and its update, which the block puts into the list, join their collections."""
    if not in_graph():
        raise RuntimeError(
            explain(f"tf.metrics.{default} is not supported when eager execution is enabled.",
                    hint="use tf.keras.metrics, or build inside `with tf.Graph().as_default():`")  # fmt: skip
        )
    found: list[Any] = []
    with variable_scope(name, default):
        yield found
    collect(metrics_collections, updates_collections, found)


def collect(metrics_collections: Any, updates_collections: Any, results: Sequence[Any]) -> None:
    for keys, item in zip((metrics_collections, updates_collections), results, strict=True):
        for key in [keys] if isinstance(keys, str) else (keys or []):
            graphs.default_graph().add_to_collection(key, item)


def weights_like(weights: Any, values: Any) -> Any:
    """Weights as floats in the shape of values."""
    given = weft.cast(weft.convert_to_tensor(weights), dtypes.float32)
    if given.shape.rank and values.shape.rank == given.shape.rank + 1:
        given = weft.expand_dims(given, -1)
    return given * weft.ones_like(weft.cast(values, dtypes.float32))


def ratio(total: Any, count: Any, name: str) -> Any:
    return weft.math.divide_no_nan(total, weft.maximum(count, 0), name=name)


def add_to(variable: Any, amount: Any) -> Any:
    return variable.assign_add(amount)


def same_rank(labels: Any, predictions: Any) -> tuple[Any, Any]:
    """A last axis of size 1 that only one of them has is taken away."""
    first, second = labels.shape.rank, predictions.shape.rank
    if first is not None and second is not None and first == second + 1 and labels.shape[-1] in (1, None):
        labels = weft.squeeze(labels, [-1])
    elif first is not None and second is not None and second == first + 1 and predictions.shape[-1] in (1, None):
        predictions = weft.squeeze(predictions, [-1])
    return labels, predictions


#: whether label and prediction are true in what is counted
_KINDS = {"true_positives": (True, True), "false_positives": (False, True), "true_negatives": (False, False),
          "false_negatives": (True, False)}  # fmt: skip


def hits(kind: str, truth: Any, found: Any, weights: Any) -> Any:
    """1, or the weight, where label and prediction are of a kind; else 0."""
    label, prediction = _KINDS[kind]
    hit = weft.logical_and(truth if label else weft.logical_not(truth),
                           found if prediction else weft.logical_not(found))  # fmt: skip
    numbers = weft.cast(hit, dtypes.float32)
    return numbers if weights is None else numbers * weights
