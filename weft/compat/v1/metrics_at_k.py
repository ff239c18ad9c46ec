"""The metrics of `tf.metrics` that look at the k classes with the highest scores."""

from __future__ import annotations

from typing import Any

import weft
from weft.base import dtypes
from weft.compat.v1.metric_states import add_to, metric_scope, metric_variable
from weft.runtime import graph as graphs
from weft.runtime.sparse import SparseTensor


def _name(kind: str, k: Any, class_id: Any = None) -> str:
    name = f"{kind}_at_{k}" if k is not None else f"{kind}_at_k"
    return name if class_id is None else f"{name}_class{class_id}"


def _classes(labels: Any) -> Any:
    """Labels as int64 `[..., labels]`; sparse ones have -1 where there is none."""
    if isinstance(labels, SparseTensor):
        return weft.sparse.to_dense(labels.with_values(weft.cast(labels.values, dtypes.int64)), -1)
    return weft.cast(weft.convert_to_tensor(labels), dtypes.int64)


def _with_labels_axis(labels: Any, predictions: Any) -> Any:
    """A label for each row has an axis of its own, as several have."""
    found = _classes(labels)
    return weft.expand_dims(found, -1) if found.shape.rank == predictions.shape.rank - 1 else found


def _top(predictions: Any, k: int) -> Any:
    return weft.cast(weft.math.top_k(weft.convert_to_tensor(predictions), k)[1], dtypes.int64)


def _in(members: Any, others: Any) -> Any:
    """Which of the last axis of one tensor are among those of the other."""
    return weft.reduce_any(weft.equal(members[..., :, None], others[..., None, :]), -1)


def _once(members: Any) -> Any:
    """Which of the last axis did not come before along it, and are there at all."""
    same = weft.equal(members[..., :, None], members[..., None, :])
    count = weft.shape(members)[-1]
    before = weft.linalg.band_part(weft.ones([count, count], dtypes.int32), -1, 0) - weft.eye(count, dtype=dtypes.int32)
    return weft.logical_and(weft.logical_not(weft.reduce_any(same & weft.cast(before, dtypes.bool_), -1)), members >= 0)


def _rows(chosen: Any, members: Any, class_id: Any) -> Any:
    """How many are chosen in each row, of one class or of all: float64."""
    kept = chosen if class_id is None else chosen & weft.equal(members, weft.cast(class_id, dtypes.int64))
    return weft.reduce_sum(weft.cast(kept & _once(members), dtypes.float64), -1)


def _counter(rows: Any, weights: Any, name: str) -> tuple[Any, Any]:
    """A variable with the weighted sum of the rows so far, and the operation that adds a batch to it."""
    if weights is not None:
        rows = rows * weft.cast(weights, dtypes.float64)
    kept = metric_variable([], dtypes.float64, name=name)
    return kept, add_to(kept, weft.reduce_sum(rows))


def _share(kind: str, labels: Any, top: Any, k: Any, class_id: Any, weights: Any, metrics_collections: Any,
           updates_collections: Any, name: str | None) -> tuple[Any, Any]:  # fmt: skip
    """The share of predictions that are labels (precision), or of labels that are predicted (recall)."""
    with metric_scope(name, _name(kind, k, class_id), metrics_collections, updates_collections) as results:
        predicted = weft.cast(weft.convert_to_tensor(top), dtypes.int64)
        truth = _with_labels_axis(labels, predicted)
        right = _rows(_in(predicted, truth), predicted, class_id)
        if kind == "precision":
            rest, other = _rows(weft.logical_not(_in(predicted, truth)), predicted, class_id), "false_positive"
        else:
            rest, other = _rows(weft.logical_not(_in(truth, predicted)), truth, class_id), "false_negative"
        kept, more = _counter(right, weights, _name("true_positive", k, class_id))
        others, further = _counter(rest, weights, _name(other, k, class_id))
        scope = f"{graphs.default_graph().get_name_scope()}/"  # the value is called as the scope is
        results += [weft.divide(kept, weft.add(kept, others), name=scope),
                    weft.divide(more, weft.add(more, further), name="update")]  # fmt: skip
    return results[0], results[1]


def recall_at_top_k(labels: Any, predictions_idx: Any, k: int | None = None, class_id: Any = None, weights: Any = None,
                    metrics_collections: Any = None, updates_collections: Any = None,
                    name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of labels that are among predicted classes.

    Args:
        labels: Class numbers `[..., labels]`, sparse where rows have several numbers of them, or `[...]`.
        predictions_idx: The predicted classes `[..., k]`.
        k: How many these are, for its name.
        class_id: The one class that counts; all where None.
        weights: Of the shape `[...]`, or one that broadcasts to it; 1 where None.
        metrics_collections: The collections that the value joins.
        updates_collections: The collections that the update joins.
        name: The name of its variable scope.

    Returns:
        The value so far, a scalar float64, and the operation that takes a batch in and gives the value after it.
    """
    return _share("recall", labels, predictions_idx, k, class_id, weights, metrics_collections, updates_collections,
                  name)  # fmt: skip


def recall_at_k(labels: Any, predictions: Any, k: int, class_id: Any = None, weights: Any = None,
                metrics_collections: Any = None, updates_collections: Any = None,
                name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of labels that are among the k classes with the highest scores, `predictions` `[..., classes]`.

    The other arguments are those of `recall_at_top_k`.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     value, update = tf.metrics.recall_at_k(tf.constant([[0, 1]], tf.int64), [[0.6, 0.1, 0.3]], 2)
        ...     session.run(tf.local_variables_initializer())
        ...     float(session.run(update))
        0.5
    """
    return recall_at_top_k(labels, _top(predictions, k), k, class_id, weights, metrics_collections, updates_collections,
                           name)  # fmt: skip


def precision_at_top_k(labels: Any, predictions_idx: Any, k: int | None = None, class_id: Any = None,
                       weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                       name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of predicted classes that are labels; the arguments are those of `recall_at_top_k`."""
    return _share("precision", labels, predictions_idx, k, class_id, weights, metrics_collections, updates_collections,
                  name)  # fmt: skip


def precision_at_k(labels: Any, predictions: Any, k: int, class_id: Any = None, weights: Any = None,
                   metrics_collections: Any = None, updates_collections: Any = None,
                   name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of the k classes with the highest scores that are labels; the arguments are those of `recall_at_k`."""
    return precision_at_top_k(labels, _top(predictions, k), k, class_id, weights, metrics_collections,
                              updates_collections, name)  # fmt: skip


def sparse_precision_at_k(labels: Any, predictions: Any, k: int, class_id: Any = None, weights: Any = None,
                          metrics_collections: Any = None, updates_collections: Any = None,
                          name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The older name of `precision_at_k`."""
    return precision_at_k(labels, predictions, k, class_id, weights, metrics_collections, updates_collections, name)


def average_precision_at_k(labels: Any, predictions: Any, k: int, weights: Any = None, metrics_collections: Any = None,
                           updates_collections: Any = None, name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean over rows of the average precision of the k classes with the highest scores.

    That of a row is the sum, over the places at which a label stands, of the precision up to there, divided by the
    number of labels, or by k where that is less.

    Args:
        labels: Class numbers `[..., labels]`, sparse or dense, or `[...]`.
        predictions: Scores `[..., classes]`.
        k: How many classes are looked at.
        weights: Of the shape `[...]`, or one that broadcasts to it; 1 where None.
        metrics_collections: The collections that the value joins.
        updates_collections: The collections that the update joins.
        name: The name of its variable scope.

    Returns:
        The value so far, a scalar float64, and the operation that takes a batch in and gives the value after it.
    """
    if k < 1:
        raise ValueError(f"Invalid k={k}.")
    with metric_scope(name, _name("average_precision", k), metrics_collections, updates_collections) as results:
        predicted = _top(predictions, k)
        truth = _with_labels_axis(labels, predicted)
        relevant = weft.cast(_in(predicted, truth) & _once(predicted), dtypes.float64)
        precision = weft.cumsum(relevant, -1) / weft.cast(weft.range(1, k + 1), dtypes.float64)
        number = weft.reduce_sum(weft.cast(_once(truth), dtypes.float64), -1)
        rows = weft.divide(weft.reduce_sum(precision * relevant, -1), weft.minimum(number, float(k)))
        if weights is None:
            amount = weft.cast(weft.size(rows), dtypes.float64)
        else:
            factor = weft.cast(weights, dtypes.float64) * weft.ones_like(rows)
            rows, amount = rows * factor, weft.reduce_sum(factor)
        with_all = [metric_variable([], dtypes.float64, name=part) for part in ("max", "total")]
        more = [add_to(kept, new) for kept, new in zip(with_all, (amount, weft.reduce_sum(rows)), strict=True)]
        results += [weft.math.divide_no_nan(weft.convert_to_tensor(with_all[1]), with_all[0], name="mean"),
                    weft.math.divide_no_nan(more[1], more[0], name="update")]  # fmt: skip
    return results[0], results[1]


def sparse_average_precision_at_k(labels: Any, predictions: Any, k: int, weights: Any = None,
                                  metrics_collections: Any = None, updates_collections: Any = None,
                                  name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The older name of `average_precision_at_k`."""
    return average_precision_at_k(labels, predictions, k, weights, metrics_collections, updates_collections, name)
