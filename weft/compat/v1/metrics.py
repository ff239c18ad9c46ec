"""`tf.metrics`: values kept in local variables over many batches. Each function gives the value and what updates it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft
from weft.base import dtypes
from weft.compat.v1.metric_states import (
    add_to,
    collect,
    hits,
    metric_scope,
    metric_variable,
    ratio,
    same_rank,
    weights_like,
)
from weft.compat.v1.metrics_at_k import (  # noqa: F401
    average_precision_at_k,
    precision_at_k,
    precision_at_top_k,
    recall_at_k,
    recall_at_top_k,
    sparse_average_precision_at_k,
    sparse_precision_at_k,
)
from weft.compat.v1.metrics_thresholds import (  # noqa: F401
    auc,
    false_negatives_at_thresholds,
    false_positives_at_thresholds,
    precision_at_thresholds,
    recall_at_thresholds,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
    true_negatives_at_thresholds,
    true_positives_at_thresholds,
)
from weft.compat.v1.naming import count
from weft.compat.v1.variable_scopes import variable_scope


def mean(values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
         name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean of all values so far.

    Args:
        values: Of any shape.
        weights: Of a shape that broadcasts to theirs; 1 where None.
        metrics_collections: The collections that the value joins.
        updates_collections: The collections that the update joins.
        name: The name of its variable scope.

    Returns:
        The value so far, and the operation that takes a batch in and gives the value after it.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     value, update = tf.metrics.mean([1.0, 2.0, 6.0])
        ...     session.run(tf.local_variables_initializer())
        ...     _ = session.run(update)
        ...     float(session.run(value))
        3.0
    """
    with metric_scope(name, "mean", metrics_collections, updates_collections) as results:
        numbers = weft.cast(weft.convert_to_tensor(values), dtypes.float32)
        total, count = (metric_variable([], dtypes.float32, name=part) for part in ("total", "count"))
        if weights is None:
            amount = weft.cast(weft.size(numbers), dtypes.float32)
        else:
            factor = weights_like(weights, numbers)
            numbers, amount = numbers * factor, weft.reduce_sum(factor)
        whole = add_to(total, weft.reduce_sum(numbers))
        with weft.control_dependencies([numbers]):
            number = add_to(count, amount)
        results += [ratio(total, count, "value"), ratio(whole, number, "update_op")]
    return results[0], results[1]


def accuracy(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
             updates_collections: Any = None, name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """How often predictions were the labels; the arguments after `predictions` are those of `mean`."""
    found, truth = weft.convert_to_tensor(predictions), weft.convert_to_tensor(labels)
    truth, found = same_rank(truth, found)
    found.shape.assert_is_compatible_with(truth.shape)
    right = weft.cast(weft.equal(weft.cast(found, truth.dtype), truth), dtypes.float32)
    return mean(right, weights, metrics_collections, updates_collections, name or "accuracy")


def _of_errors(default: str, error: Callable[[Any, Any], Any], doc: str) -> Any:
    def function(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
                 updates_collections: Any = None, name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
        both = (weft.cast(weft.convert_to_tensor(t), dtypes.float32) for t in (labels, predictions))
        truth, found = same_rank(*both)
        found.shape.assert_is_compatible_with(truth.shape)
        return mean(error(truth, found), weights, metrics_collections, updates_collections, name or default)

    function.__name__ = function.__qualname__ = default
    function.__doc__ = f"{doc} The arguments after `predictions` are those of `mean`."
    return function


mean_absolute_error = _of_errors("mean_absolute_error", lambda t, p: weft.abs(p - t),
                                 "The mean of |predictions - labels|.")  # fmt: skip
mean_squared_error = _of_errors("mean_squared_error", lambda t, p: weft.math.squared_difference(t, p),
                                "The mean of (predictions - labels)².")  # fmt: skip


def root_mean_squared_error(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
                            updates_collections: Any = None, name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The square root of the mean of (predictions - labels)²; the other arguments are those of `mean`."""
    value, update = mean_squared_error(labels, predictions, weights, None, None, name or "root_mean_squared_error")
    roots = weft.sqrt(value), weft.sqrt(update)
    collect(metrics_collections, updates_collections, roots)
    return roots


def mean_relative_error(labels: Any, predictions: Any, normalizer: Any, weights: Any = None,
                        metrics_collections: Any = None, updates_collections: Any = None,
                        name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean of |labels - predictions| / normalizer, 0 where that is 0; the other arguments are those of `mean`."""
    truth, found, by = (weft.cast(weft.convert_to_tensor(t), dtypes.float32) for t in (labels, predictions, normalizer))
    error = weft.math.divide_no_nan(weft.abs(truth - found), by)
    return mean(error, weights, metrics_collections, updates_collections, name or "mean_relative_error")


def mean_cosine_distance(labels: Any, predictions: Any, dim: int, weights: Any = None, metrics_collections: Any = None,
                         updates_collections: Any = None, name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """1 minus the mean of labels · predictions along an axis; the other arguments are those of `mean`."""
    truth, found = (weft.cast(weft.convert_to_tensor(t), dtypes.float32) for t in (labels, predictions))
    products = weft.reduce_sum(found * truth, axis=[dim], keepdims=True)
    value, update = mean(products, weights, None, None, name or "mean_cosine_distance")
    distances = 1.0 - value, 1.0 - update
    collect(metrics_collections, updates_collections, distances)
    return distances


def percentage_below(values: Any, threshold: Any, weights: Any = None, metrics_collections: Any = None,
                     updates_collections: Any = None, name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of values below a threshold; the other arguments are those of `mean`."""
    below = weft.cast(weft.less(weft.convert_to_tensor(values), threshold), dtypes.float32)
    return mean(below, weights, metrics_collections, updates_collections, name or "percentage_below_threshold")


def mean_tensor(values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean of every element over all batches, for values of one shape; the arguments are those of `mean`."""
    with metric_scope(name, "mean", metrics_collections, updates_collections) as results:
        numbers = weft.cast(weft.convert_to_tensor(values), dtypes.float32)
        total = metric_variable(numbers.shape, dtypes.float32, name="total_tensor")
        count = metric_variable(numbers.shape, dtypes.float32, name="count_tensor")
        factor = weft.ones_like(numbers) if weights is None else weights_like(weights, numbers)
        sums = add_to(total, numbers * factor), add_to(count, factor)
        results += [ratio(total, count, "value"), ratio(*sums, "update_op")]
    return results[0], results[1]


# Counts of right and wrong answers -----------------------------------------------------------------------------------


def _answers(labels: Any, predictions: Any) -> tuple[Any, Any]:
    truth, found = (weft.cast(weft.convert_to_tensor(t), dtypes.bool_) for t in (labels, predictions))
    truth, found = same_rank(truth, found)
    found.shape.assert_is_compatible_with(truth.shape)
    return truth, found


def _count(kind: str, truth: Any, found: Any, weights: Any) -> tuple[Any, Any]:
    """A variable with the count so far, and the operation that adds a batch to it."""
    numbers = hits(kind, truth, found, None if weights is None else weights_like(weights, found))
    with variable_scope(None, kind):
        kept = metric_variable([], dtypes.float32, name="count")
    return kept, add_to(kept, weft.reduce_sum(numbers))


def _counter(kind: str) -> Any:
    def function(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
                 updates_collections: Any = None, name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
        with metric_scope(name, kind, metrics_collections, updates_collections) as results:
            truth, found = _answers(labels, predictions)
            numbers = hits(kind, truth, found, None if weights is None else weights_like(weights, found))
            kept = metric_variable([], dtypes.float32, name="count")
            results += [weft.identity(kept, name="value"), add_to(kept, weft.reduce_sum(numbers))]
        return results[0], results[1]

    function.__name__ = function.__qualname__ = kind
    function.__doc__ = f"How many {kind.replace('_', ' ')} there were; the arguments are those of `accuracy`."
    return function


true_positives = _counter("true_positives")
false_positives = _counter("false_positives")
true_negatives = _counter("true_negatives")
false_negatives = _counter("false_negatives")


def _share(default: str, other: str, doc: str) -> Any:
    def function(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
                 updates_collections: Any = None, name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
        with metric_scope(name, default, metrics_collections, updates_collections) as results:
            truth, found = _answers(labels, predictions)
            hits, more_hits = _count("true_positives", truth, found, weights)
            rest, more_rest = _count(other, truth, found, weights)
            value = weft.math.divide_no_nan(weft.convert_to_tensor(hits), hits + rest, name="value")
            results += [value, weft.math.divide_no_nan(more_hits, more_hits + more_rest, name="update_op")]
        return results[0], results[1]

    function.__name__ = function.__qualname__ = default
    function.__doc__ = f"{doc}; the arguments are those of `accuracy`."
    return function


precision = _share("precision", "false_positives", "The share of positive predictions that were right")
recall = _share("recall", "false_negatives", "The share of positive labels that were found")


def _confusion(labels: Any, predictions: Any, classes: int, weights: Any) -> tuple[Any, Any]:
    """A variable with the table of labels and predictions so far, and the operation that adds a batch to it."""
    given = (weft.cast(weft.convert_to_tensor(t), dtypes.int64) for t in (labels, predictions))
    truth, found = (weft.reshape(t, [-1]) for t in given)
    like = weft.convert_to_tensor(predictions)
    numbers = None if weights is None else weft.reshape(weights_like(weights, like), [-1])
    table = weft.math.confusion_matrix(truth, found, classes, weights=numbers, dtype=dtypes.float64)
    kept = metric_variable([classes, classes], dtypes.float64, name="total_confusion_matrix")
    return kept, add_to(kept, table)


def mean_iou(labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
             updates_collections: Any = None, name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean over classes of the share that labels and predictions have in common.

    Args:
        labels: Class numbers, of any shape.
        predictions: Class numbers of the same shape.
        num_classes: How many classes there are.
        weights: As for `mean`, like what follows.
        metrics_collections: The collections that the value joins.
        updates_collections: The collections that the update joins.
        name: The name of its variable scope.

    Returns:
        The value so far, and the operation that takes a batch in, whose result is the table of all answers.
    """
    with metric_scope(name, "mean_iou", metrics_collections, updates_collections) as results:
        kept, update = _confusion(labels, predictions, num_classes, weights)
        table = weft.cast(weft.convert_to_tensor(kept), dtypes.float32)
        both = weft.linalg.diag_part(table)
        either = weft.reduce_sum(table, axis=0) + weft.reduce_sum(table, axis=1) - both
        present = weft.reduce_sum(weft.cast(weft.not_equal(either, 0.0), dtypes.float32))
        shares = both / weft.where(weft.greater(either, 0.0), either, weft.ones_like(either))
        results += [weft.math.divide_no_nan(weft.reduce_sum(shares), present, name="Select_1"), update]
    return results[0], results[1]


def mean_per_class_accuracy(labels: Any, predictions: Any, num_classes: int, weights: Any = None,
                            metrics_collections: Any = None, updates_collections: Any = None,
                            name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The mean over classes of how often their labels were predicted; the arguments are those of `mean_iou`."""
    with metric_scope(name, "mean_accuracy", metrics_collections, updates_collections) as results:
        truth = weft.reshape(weft.cast(weft.convert_to_tensor(labels), dtypes.int64), [-1])
        found = weft.reshape(weft.cast(weft.convert_to_tensor(predictions), dtypes.int64), [-1])
        ones = weft.ones_like(weft.cast(truth, dtypes.float32))
        like = weft.convert_to_tensor(predictions)
        factor = ones if weights is None else weft.reshape(weights_like(weights, like), [-1])
        right = weft.cast(weft.equal(truth, found), dtypes.float32) * factor
        total = metric_variable([num_classes], dtypes.float32, name="total")
        count = metric_variable([num_classes], dtypes.float32, name="count")
        more = [add_to(kept, weft.math.unsorted_segment_sum(numbers, truth, num_classes))
                for kept, numbers in ((count, factor), (total, right))]  # fmt: skip
        results += [weft.reduce_mean(ratio(total, count, "per_class"), name="mean_accuracy"),
                    ratio(more[1], more[0], "update_op")]  # fmt: skip
    return results[0], results[1]


count("metrics.", globals())
