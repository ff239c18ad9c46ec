"""The metrics of `tf.metrics` that count answers at several thresholds, and what is worked out from these counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1.metric_states import add_to, hits, metric_scope, metric_variable, weights_like

_SMALL = 1e-7  # keeps from dividing by 0
_ALL = ("true_positives", "false_negatives", "true_negatives", "false_positives")


def counts_at(labels: Any, predictions: Any, limits: Sequence[float], weights: Any,
              kinds: Sequence[str] = _ALL) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """How many answers of each kind there are where predictions above a threshold count as true.

    Args:
        labels: Truth values.
        predictions: From 0 to 1, of the same shape.
        limits: The thresholds.
        weights: Of a shape that broadcasts to theirs; 1 where None.
        kinds: Which kinds are counted.

    Returns:
        Two dictionaries by kind: the counts so far `[thresholds]`, and operations that add a batch to them.
    """
    like = weft.convert_to_tensor(predictions)
    scores = weft.reshape(weft.cast(like, dtypes.float32), [1, -1])
    truth = weft.reshape(weft.cast(weft.convert_to_tensor(labels), dtypes.bool_), [1, -1])
    above = weft.greater(scores, weft.reshape(weft.constant(limits, dtypes.float32), [-1, 1]))
    factor = None if weights is None else weft.reshape(weights_like(weights, like), [1, -1])
    kept, new = {}, {}
    for kind in kinds:
        variable = metric_variable([len(limits)], dtypes.float32, name=kind)
        kept[kind] = weft.convert_to_tensor(variable)
        new[kind] = add_to(variable, weft.reduce_sum(hits(kind, truth, above, factor), axis=1))
    return kept, new


def spread_limits(count: int, last: float = 1.0 + _SMALL) -> list[float]:
    """So many thresholds from 0 to 1 at equal distances, the first and last of them beyond these."""
    return [-_SMALL, *((i + 1) / (count - 1) for i in range(count - 2)), last]


def _counter(kind: str) -> Any:
    def function(labels: Any, predictions: Any, thresholds: Any, weights: Any = None, metrics_collections: Any = None,
                 updates_collections: Any = None, name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
        with metric_scope(name, kind, metrics_collections, updates_collections) as results:
            kept, new = counts_at(labels, predictions, list(thresholds), weights, (kind,))
            results += [kept[kind], new[kind]]
        return results[0], results[1]

    function.__name__ = function.__qualname__ = f"{kind}_at_thresholds"
    function.__doc__ = f"How many {kind.replace('_', ' ')} there were at each of the thresholds: `[thresholds]`."
    return function


true_positives_at_thresholds = _counter("true_positives")
false_positives_at_thresholds = _counter("false_positives")
true_negatives_at_thresholds = _counter("true_negatives")
false_negatives_at_thresholds = _counter("false_negatives")


def _share(default: str, other: str, doc: str) -> Any:
    def function(labels: Any, predictions: Any, thresholds: Any, weights: Any = None, metrics_collections: Any = None,
                 updates_collections: Any = None, name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
        with metric_scope(name, f"{default}_at_thresholds", metrics_collections, updates_collections) as results:
            kinds = ("true_positives", other)
            for counts, part in zip(counts_at(labels, predictions, list(thresholds), weights, kinds),
                                    ("value", "update_op"), strict=True):  # fmt: skip
                right, rest = (counts[kind] for kind in kinds)
                results.append(weft.divide(right, _SMALL + right + rest, name=f"{default}_{part}"))
        return results[0], results[1]

    function.__name__ = function.__qualname__ = f"{default}_at_thresholds"
    function.__doc__ = f"{doc}, at each of the thresholds: `[thresholds]`."
    return function


precision_at_thresholds = _share("precision", "false_positives", "The share of positive predictions that were right")
recall_at_thresholds = _share("recall", "false_negatives", "The share of positive labels that were found")


def sensitivity_at_specificity(labels: Any, predictions: Any, specificity: float, weights: Any = None,
                               num_thresholds: int = 200, metrics_collections: Any = None,
                               updates_collections: Any = None,
                               name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of positive labels found, at the threshold at which most nearly so many negative ones are known.

    Args:
        labels: Truth values.
        predictions: From 0 to 1, of the same shape.
        specificity: The share of negative labels that are known as such, from 0 to 1.
        weights: Of a shape that broadcasts to theirs; 1 where None.
        num_thresholds: How many thresholds are tried.
        metrics_collections: The collections that the value joins.
        updates_collections: The collections that the update joins.
        name: The name of its variable scope.

    Raises:
        ValueError: For a `specificity` outside of 0 to 1.
    """
    _check_share("specificity", specificity)

    def at(counts: dict[str, Any]) -> Any:
        distance = weft.abs(_part(counts, "true_negatives", "false_positives") - specificity)
        return weft.argmin(distance, 0)

    def share(counts: dict[str, Any], name: str) -> Any:
        place = weft.cast(at(counts), dtypes.int32)
        right, rest = counts["true_positives"][place], counts["false_negatives"][place]
        return weft.divide(right, right + rest + _SMALL, name=name)

    return _at_best("sensitivity_at_specificity", share, labels, predictions, weights, num_thresholds,
                    metrics_collections, updates_collections, name)  # fmt: skip


def specificity_at_sensitivity(labels: Any, predictions: Any, sensitivity: float, weights: Any = None,
                               num_thresholds: int = 200, metrics_collections: Any = None,
                               updates_collections: Any = None,
                               name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The share of negative labels known as such, where most nearly a share of positive ones is found.

    `sensitivity` is that share, from 0 to 1; the other arguments are those of `sensitivity_at_specificity`.
    """
    _check_share("sensitivity", sensitivity)

    def share(counts: dict[str, Any], name: str) -> Any:
        distance = weft.abs(_part(counts, "true_positives", "false_negatives") - sensitivity)
        nearest = weft.cast(weft.equal(distance, weft.reduce_min(distance)), dtypes.int64)
        place = weft.cast(weft.argmax(weft.cumsum(nearest), 0), dtypes.int32)
        right, rest = counts["true_negatives"][place], counts["false_positives"][place]
        return weft.divide(right, right + rest + _SMALL, name=name)

    return _at_best("specificity_at_sensitivity", share, labels, predictions, weights, num_thresholds,
                    metrics_collections, updates_collections, name)  # fmt: skip


def _check_share(what: str, share: float) -> None:
    if share < 0 or share > 1:
        raise ValueError(explain(f"`{what}` must be in the range [0, 1].", received=str(share)))


def _part(counts: dict[str, Any], kind: str, other: str) -> Any:
    return weft.divide(counts[kind], counts[kind] + counts[other] + _SMALL)


def _at_best(default: str, share: Callable[[dict[str, Any], str], Any], labels: Any, predictions: Any, weights: Any,
             thresholds: int, metrics_collections: Any, updates_collections: Any,
             name: str | None) -> tuple[Any, Any]:  # fmt: skip
    with metric_scope(name, default, metrics_collections, updates_collections) as results:
        limits = spread_limits(thresholds, 1.0 - _SMALL)
        counts, new = counts_at(labels, predictions, limits, weights)
        results += [share(counts, "value"), share(new, "update_op")]
    return results[0], results[1]


# The area under a curve ----------------------------------------------------------------------------------------------

_METHODS = ("trapezoidal", "careful_interpolation", "minoring", "majoring")
_LITTLE = 1e-6


def auc(labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
        updates_collections: Any = None, curve: str = "ROC", name: str | None = None,
        summation_method: str = "trapezoidal", thresholds: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The area under the curve of true over false positives (ROC), or of precision over recall (PR), by thresholds.

    Args:
        labels: Truth values.
        predictions: From 0 to 1, of the same shape.
        weights: As for `mean`.
        num_thresholds: How many thresholds there are, two of them beyond 0 and 1.
        metrics_collections: The collections that the value joins.
        updates_collections: The collections that the update joins.
        curve: `ROC` or `PR`.
        name: The name of its variable scope.
        summation_method: `trapezoidal`, `minoring` (the lower end of each interval), `majoring` (the higher one) or
            `careful_interpolation` (the counts change evenly within an interval; for PR).
        thresholds: Thresholds between 0 and 1 in the place of equally spaced ones.

    Raises:
        ValueError: For another curve or method.
    """
    if curve not in ("ROC", "PR"):
        raise ValueError(explain("tf.metrics.auc: no such curve.", expected="ROC or PR", received=repr(curve)))
    if summation_method not in _METHODS:
        raise ValueError(explain("tf.metrics.auc: no such summation_method.", expected=", ".join(_METHODS),
                                 received=repr(summation_method)))  # fmt: skip
    limits = spread_limits(num_thresholds) if thresholds is None else [-_SMALL, *sorted(thresholds), 1.0 + _SMALL]
    with metric_scope(name, "auc", metrics_collections, updates_collections) as results:
        for counts, part in zip(counts_at(labels, predictions, limits, weights), ("value", "update_op"), strict=True):
            results.append(_area(counts, part, curve, summation_method))
    return results[0], results[1]


def _area(counts: dict[str, Any], name: str, curve: str, method: str) -> Any:
    right, missed, known, wrong = (counts[kind] for kind in _ALL)
    if method == "careful_interpolation" and curve == "PR":
        return _interpolated(right, wrong, missed, name)
    found = (right + _LITTLE) / (right + missed + _LITTLE)
    if curve == "ROC":
        x, y = wrong / (wrong + known + _LITTLE), found
    else:
        x, y = found, (right + _LITTLE) / (right + wrong + _LITTLE)
    width = x[:-1] - x[1:]
    if method in ("minoring", "majoring"):
        height = (weft.minimum if method == "minoring" else weft.maximum)(y[:-1], y[1:])
        return weft.reduce_sum(width * height, name=name)
    return weft.reduce_sum(width * (y[:-1] + y[1:]) / 2.0, name=name)


def _interpolated(right: Any, wrong: Any, missed: Any, name: str) -> Any:
    """The area under precision over recall where counts change evenly between thresholds.

    Source: Davis and Goadrich, The Relationship Between Precision-Recall and ROC Curves, 2006.
    """
    said = right + wrong
    step = right[:-1] - right[1:]
    slope = weft.math.divide_no_nan(step, weft.maximum(said[:-1] - said[1:], 0))
    base = right[1:] - slope * said[1:]
    both = weft.logical_and(said[:-1] > 0, said[1:] > 0)
    times = weft.where(both, weft.math.divide_no_nan(said[:-1], weft.maximum(said[1:], 0)), weft.ones_like(said[1:]))
    total = weft.maximum(right[1:] + missed[1:], 0)
    return weft.reduce_sum(weft.math.divide_no_nan(slope * (step + base * weft.math.log(times)), total), name=name)
