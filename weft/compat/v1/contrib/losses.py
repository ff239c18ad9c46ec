"""`tf.contrib.losses`: the losses with the predictions first, as they were before `tf.losses`."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import weft
from weft.compat.v1 import losses as _losses
from weft.compat.v1.contrib import metric_learning as metric_learning
from weft.compat.v1.losses import (  # noqa: F401
    add_loss,
    compute_weighted_loss,
    get_losses,
    get_regularization_losses,
    get_total_loss,
)
from weft.compat.v1.naming import in_graph
from weft.runtime.scopes import NameScope


def _predictions_first(name: str) -> Any:
    function = getattr(_losses, name)

    def call(predictions: Any, labels: Any = None, weights: Any = 1.0, **options: Any) -> Any:
        return function(labels, predictions, weights, **options)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"As `tf.losses.{name}`, with the predictions first."
    return call


absolute_difference = _predictions_first("absolute_difference")
log_loss = _predictions_first("log_loss")
mean_squared_error = _predictions_first("mean_squared_error")
sigmoid_cross_entropy = _predictions_first("sigmoid_cross_entropy")
softmax_cross_entropy = _predictions_first("softmax_cross_entropy")
sparse_softmax_cross_entropy = _predictions_first("sparse_softmax_cross_entropy")


def hinge_loss(logits: Any, labels: Any = None, scope: str | None = None) -> Any:
    """max(0, 1 - label · logit) of each element, the labels being 0 or 1; they are not added up."""
    with NameScope(scope or "hinge_loss") if in_graph() else nullcontext():
        scores = weft.convert_to_tensor(logits)
        signs = 2.0 * weft.cast(labels, scores.dtype) - 1.0
        return weft.nn.relu(1.0 - signs * scores)


def cosine_distance(predictions: Any, labels: Any = None, axis: Any = None, weights: Any = 1.0,
                    scope: str | None = None, dim: Any = None) -> Any:  # fmt: skip
    """As `tf.losses.cosine_distance`, with the predictions first."""
    return _losses.cosine_distance(labels, predictions, dim if axis is None else axis, weights, scope)


def mean_pairwise_squared_error(predictions: Any, labels: Any = None, weights: Any = 1.0,
                                scope: str | None = None) -> Any:  # fmt: skip
    """Twice the variance of each row's errors, added up over the rows.

    `tf.losses.mean_pairwise_squared_error` divides by the number of pairs of two different elements instead.

    Args:
        predictions: `[batch, ...]`.
        labels: Of the same shape.
        weights: A number, or one for each row.
        scope: The name scope.
    """
    with NameScope(scope or "mean_pairwise_squared_error") if in_graph() else nullcontext():
        found = weft.cast(predictions, weft.float32)
        error = found - weft.cast(labels, weft.float32)
        rows = weft.math.reduce_variance(error, axis=list(range(1, error.shape.rank)))
        factor = weft.cast(weights, weft.float32)
        factor = weft.reshape(factor, [-1]) if factor.shape.rank else factor
        loss = weft.reduce_sum(2.0 * rows * factor, name="value")
        add_loss(loss)
        return loss
