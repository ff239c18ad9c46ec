"""`tf.losses`: weighted means of losses, which join a collection of the graph."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np

import weft
from weft.api import nn as _nn
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1 import nn as _v1
from weft.compat.v1.naming import in_graph
from weft.compat.v1.ops import _old_name, add_n
from weft.runtime import context
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys
from weft.runtime.operation_counts import further, standing_for
from weft.runtime.scopes import NameScope


class Reduction:
    """How the losses of elements become one number, or do not."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All of them."""
        return (cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE, cls.SUM_BY_NONZERO_WEIGHTS)

    @classmethod
    def validate(cls, key: str) -> None:
        """Refuses others.

        Raises:
            ValueError: For others.
        """
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}.")


_COUNTED = Reduction.SUM_BY_NONZERO_WEIGHTS


def _scope(scope: str | None, default: str) -> Any:
    return NameScope(scope or default) if in_graph() else nullcontext()


def add_loss(loss: Any, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """Puts a loss into the graph's collection."""
    if loss_collection and in_graph():
        graphs.default_graph().add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Any]:
    """The losses of the graph, without penalties."""
    return graphs.default_graph().get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """The penalties on variables."""
    return graphs.default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Any:
    """The sum of the penalties on variables; 0 where there are none."""
    found = get_regularization_losses(scope)
    return add_n(found, name) if found else weft.constant(0.0)


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None) -> Any:
    """The sum of all losses of the graph.

    Args:
        add_regularization_losses: Whether penalties on variables count too.
        name: A name for the operation.
        scope: A pattern that the losses' names must match.
    """
    found = get_losses(scope)
    if add_regularization_losses:
        found += get_regularization_losses(scope)
    return add_n(found, name)


def compute_weighted_loss(losses: Any, weights: Any = 1.0, scope: str | None = None,
                          loss_collection: str | None = GraphKeys.LOSSES,
                          reduction: str = _COUNTED) -> Any:  # fmt: skip
    """The losses of elements times weights, as one number.

    Args:
        losses: The losses, of any shape.
        weights: A number, or a tensor that broadcasts to them: of the same rank, each size 1 or theirs.
        scope: The name scope.
        loss_collection: The collection that the result joins.
        reduction: A `Reduction`; the mean over elements whose weight is not 0 where not given.

    Raises:
        ValueError: For weights that do not broadcast to the losses.
    """
    Reduction.validate(reduction)
    with _scope(scope, "weighted_loss"), standing_for(_operations(weights, reduction)) as standing:
        if reduction == _COUNTED:
            standing.gradients = (29, 6)
        values = weft.convert_to_tensor(losses)
        given = values.dtype
        values = values if given == dtypes.float32 else weft.cast(values, dtypes.float32)
        factor = weft.cast(weft.convert_to_tensor(weights), dtypes.float32)
        _check_weights(values, factor)
        weighted = weft.math.multiply(values, factor)
        if reduction == Reduction.NONE:
            loss = weighted
        else:
            loss = weft.reduce_sum(weighted)
            if reduction == Reduction.MEAN:
                loss = _ratio(loss, weft.reduce_sum(weft.ones_like(values) * factor))
            elif reduction == _COUNTED:
                loss = _ratio(loss, _present(values, factor))
            elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
                loss = _ratio(loss, weft.cast(weft.size(values), dtypes.float32))
        loss = loss if given == dtypes.float32 else weft.cast(loss, given)
    add_loss(loss, loss_collection)
    return loss


def _operations(weights: Any, reduction: str) -> int | None:
    """How many operations TensorFlow makes: it checks the weights and counts those that are not 0 in the graph."""
    scalar = not weft.is_tensor(weights) and np.ndim(weights) == 0
    if not scalar:
        return 145 if reduction == _COUNTED else None
    return {_COUNTED: 31, Reduction.NONE: 8, Reduction.SUM: 10}.get(reduction)


def _check_weights(values: Any, weights: Any) -> None:
    rank, own = values.shape.rank, weights.shape.rank
    if own == 0 or rank is None or own is None:
        return
    sizes = list(zip(weights.shape.as_list(), values.shape.as_list(), strict=False))
    if own != rank or any(w not in (1, None) and v is not None and w != v for w, v in sizes):
        raise ValueError(
            explain("weights can not be broadcast to values: each size must be 1 or that of the losses.",
                    expected=str(values.shape), received=str(weights.shape))  # fmt: skip
        )


def _ratio(total: Any, count: Any) -> Any:
    return weft.math.divide_no_nan(total, count, name="value")


def _present(values: Any, weights: Any) -> Any:
    """How many elements have a weight other than 0."""
    with _scope(None, "num_present"):
        nonzero = weft.where(weft.equal(weights, 0.0), weft.zeros_like(weights), weft.ones_like(weights))
        return weft.reduce_sum(nonzero * weft.ones_like(values))


def _floats(labels: Any, predictions: Any, what: str) -> tuple[Any, Any]:
    """Both as float32 of one shape.

    Raises:
        ValueError: For none, or shapes that differ.
    """
    for name, value in (("labels", labels), (what, predictions)):
        if value is None:
            raise ValueError(f"{name} must not be None.")
    second, first = (weft.cast(weft.convert_to_tensor(t), dtypes.float32) for t in (predictions, labels))
    second.shape.assert_is_compatible_with(first.shape)
    return first, second


def mean_squared_error(labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
                       loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _COUNTED) -> Any:  # fmt: skip
    """The mean of (predictions - labels)².

    Args:
        labels: The truth, of any shape.
        predictions: Of the same shape.
        weights: As for `compute_weighted_loss`, like what follows.
        scope: The name scope.
        loss_collection: The collection that the result joins.
        reduction: How the elements become one number.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     float(session.run(tf.losses.mean_squared_error([1.0, 2.0], [1.0, 4.0])))
        2.0
    """
    with _scope(scope, "mean_squared_error"):
        truth, found = _floats(labels, predictions, "predictions")
        return compute_weighted_loss(weft.math.squared_difference(found, truth), weights, _here(), loss_collection,
                                     reduction)  # fmt: skip


def _here() -> str | None:
    """The present name scope, to be used as it is."""
    return "/".join([*context.names(), ""]) if in_graph() else None


def absolute_difference(labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
                        loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _COUNTED) -> Any:  # fmt: skip
    """The mean of |predictions - labels|; the arguments are those of `mean_squared_error`."""
    with _scope(scope, "absolute_difference"):
        truth, found = _floats(labels, predictions, "predictions")
        return compute_weighted_loss(weft.abs(weft.subtract(found, truth)), weights, _here(), loss_collection,
                                     reduction)  # fmt: skip


def log_loss(labels: Any, predictions: Any, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None,
             loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _COUNTED) -> Any:  # fmt: skip
    """The mean of -labels · log(predictions + epsilon) - (1 - labels) · log(1 - predictions + epsilon)."""
    with _scope(scope, "log_loss"):
        truth, found = _floats(labels, predictions, "predictions")
        losses = -(truth * weft.math.log(found + epsilon)) - (1 - truth) * weft.math.log(1 - found + epsilon)
        return compute_weighted_loss(losses, weights, _here(), loss_collection, reduction)


def hinge_loss(labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None,
               loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _COUNTED) -> Any:  # fmt: skip
    """The mean of max(0, 1 - (2 · labels - 1) · logits), for labels of 0 and 1."""
    with _scope(scope, "hinge_loss"):
        truth, scores = _floats(labels, logits, "logits")
        further(1)  # ones in the labels' shape
        losses = _nn.relu(1.0 - (2 * truth - 1.0) * scores)
        return compute_weighted_loss(losses, weights, _here(), loss_collection, reduction)


def huber_loss(labels: Any, predictions: Any, weights: Any = 1.0, delta: float = 1.0, scope: str | None = None,
               loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _COUNTED) -> Any:  # fmt: skip
    """The mean of d² / 2 for errors d up to delta, and of delta · d - delta² / 2 above."""
    with _scope(scope, "huber_loss"):
        truth, found = _floats(labels, predictions, "predictions")
        error = weft.abs(weft.subtract(found, truth))
        square = weft.minimum(error, delta)
        losses = 0.5 * square * square + delta * (error - square)
        return compute_weighted_loss(losses, weights, _here(), loss_collection, reduction)


def cosine_distance(labels: Any, predictions: Any, axis: Any = None, weights: Any = 1.0, scope: str | None = None,
                    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _COUNTED,
                    dim: Any = None) -> Any:  # fmt: skip
    """The mean of 1 - labels · predictions along an axis, for vectors of length 1."""
    along = _old_name(axis, dim, "axis", "dim")
    if along is None:
        raise ValueError("You must specify 'axis'.")
    with _scope(scope, "cosine_distance_loss"):
        truth, found = _floats(labels, predictions, "predictions")
        losses = 1 - weft.reduce_sum(found * truth, axis=along, keepdims=True)
        return compute_weighted_loss(losses, weights, _here(), loss_collection, reduction)


def mean_pairwise_squared_error(labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
                                loss_collection: str | None = GraphKeys.LOSSES) -> Any:  # fmt: skip
    """The mean, over pairs of elements of one row, of the squared difference between their errors.

    Args:
        labels: `[batch, ...]`.
        predictions: Of the same shape.
        weights: A number, or one for each row: `[batch]` or `[batch, 1, ...]`.
        scope: The name scope.
        loss_collection: The collection that the result joins.
    """
    with _scope(scope, "mean_pairwise_squared_error"):
        truth, found = _floats(labels, predictions, "predictions")
        factor = weft.cast(weft.convert_to_tensor(weights), dtypes.float32)
        error = found - truth
        over = list(range(1, error.shape.rank))
        count = weft.reduce_sum(weft.ones_like(error), axis=over, keepdims=True)
        shared = weft.maximum(count - 1, 0)
        squares = 2.0 * weft.math.divide_no_nan(weft.reduce_sum(error * error, axis=over, keepdims=True), shared)
        totals = weft.reduce_sum(error, axis=over, keepdims=True)
        mixed = 2.0 * weft.math.divide_no_nan(totals * totals, weft.maximum(count * (count - 1), 0))
        if factor.shape.rank == 1 and error.shape.rank > 1:
            factor = weft.reshape(factor, [-1] + [1] * (error.shape.rank - 1))
        present = weft.cast(weft.not_equal(factor, 0.0), dtypes.float32) * weft.ones_like(squares)
        total = weft.reduce_sum((squares - mixed) * factor * (present if factor.shape.rank else 1.0))
        any_present = weft.greater(weft.reduce_sum(present), 0.0)
        loss = weft.where(any_present, total, weft.zeros_like(total), name="value_2")
    add_loss(loss, loss_collection)
    return loss


def sigmoid_cross_entropy(multi_class_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0,
                          scope: str | None = None, loss_collection: str | None = GraphKeys.LOSSES,
                          reduction: str = _COUNTED) -> Any:  # fmt: skip
    """The mean cross-entropy between labels from 0 to 1 and sigmoid(logits).

    Args:
        multi_class_labels: `[batch, classes]`.
        logits: `[batch, classes]`.
        weights: As for `compute_weighted_loss`, like what follows.
        label_smoothing: Share of each label that becomes 1/2.
        scope: The name scope.
        loss_collection: The collection that the result joins.
        reduction: How the elements become one number.
    """
    with _scope(scope, "sigmoid_cross_entropy_loss"):
        scores = weft.convert_to_tensor(logits)
        labels = weft.cast(weft.convert_to_tensor(multi_class_labels), scores.dtype)
        scores.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = _v1.sigmoid_cross_entropy_with_logits(labels=labels, logits=scores, name="xentropy")
        return compute_weighted_loss(losses, weights, _here(), loss_collection, reduction)


def softmax_cross_entropy(onehot_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0,
                          scope: str | None = None, loss_collection: str | None = GraphKeys.LOSSES,
                          reduction: str = _COUNTED) -> Any:  # fmt: skip
    """The mean cross-entropy between label distributions and softmax(logits).

    Args:
        onehot_labels: `[batch, classes]`.
        logits: `[batch, classes]`.
        weights: A number, or one for each row.
        label_smoothing: Share of each label that is spread over all classes.
        scope: The name scope.
        loss_collection: The collection that the result joins.
        reduction: How the rows become one number.
    """
    with _scope(scope, "softmax_cross_entropy_loss"):
        scores = weft.convert_to_tensor(logits)
        labels = weft.cast(weft.convert_to_tensor(onehot_labels), scores.dtype)
        scores.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            classes = weft.cast(weft.shape(labels)[-1], scores.dtype)
            labels = labels * (1.0 - label_smoothing) + label_smoothing / classes
        truth = weft.stop_gradient(labels)
        losses = _v1.softmax_cross_entropy_with_logits_v2(truth, scores, -1, "xentropy")
        return compute_weighted_loss(losses, weights, _here(), loss_collection, reduction)


def sparse_softmax_cross_entropy(labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None,
                                 loss_collection: str | None = GraphKeys.LOSSES,
                                 reduction: str = _COUNTED) -> Any:  # fmt: skip
    """The mean cross-entropy between class numbers and softmax(logits).

    Args:
        labels: `[batch]` or `[batch, 1]`, integers.
        logits: `[batch, classes]`.
        weights: A number, or one for each row.
        scope: The name scope.
        loss_collection: The collection that the result joins.
        reduction: How the rows become one number.
    """
    with _scope(scope, "sparse_softmax_cross_entropy_loss"):
        scores, numbers = weft.convert_to_tensor(logits), weft.convert_to_tensor(labels)
        rank = numbers.shape.rank
        if rank is not None and rank == scores.shape.rank and numbers.shape[-1] in (1, None):
            numbers = weft.squeeze(numbers, [-1])
        factor = weights if np.ndim(weights) == 0 and not weft.is_tensor(weights) else weft.convert_to_tensor(weights)
        further(-1)  # the weights are not made twice
        losses = _v1.sparse_softmax_cross_entropy_with_logits(labels=numbers, logits=scores, name="xentropy")
        ranks = (None if factor is weights else factor.shape.rank, losses.shape.rank)
        if None not in ranks and ranks[0] == ranks[1] + 1:
            factor = weft.squeeze(factor, [-1])
        return compute_weighted_loss(losses, factor, _here(), loss_collection, reduction)
