"""A replica's share of the loss of a batch that several replicas compute."""

from __future__ import annotations

from typing import Any

from weft.api import array, math
from weft.api.common import cast_to
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor


def _replicas() -> int:
    from weft.api import distribute

    return int(distribute.get_strategy().num_replicas_in_sync)


def compute_average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None) -> Any:
    """The sum of the losses of examples, divided by the size of the batch over all replicas.

    Args:
        per_example_loss: `[batch, ...]`.
        sample_weight: What each counts.
        global_batch_size: The size of the batch over all replicas; that of the losses times replicas where None.

    Returns:
        A scalar.

    Example:
        >>> import weft as tf
        >>> float(tf.nn.compute_average_loss([1.0, 2.0, 6.0], global_batch_size=4))
        2.25
    """
    losses = frontdoor.convert(per_example_loss)
    dtype = losses.dtype
    if sample_weight is not None:
        weights = cast_to(sample_weight, dtypes.float32)
        losses = cast_to(losses, dtypes.float32)
        if weights.shape.rank is not None and losses.shape.rank is not None:
            for _ in range(losses.shape.rank - weights.shape.rank):
                weights = array.expand_dims(weights, -1)
        losses = losses * weights
    losses = cast_to(losses, dtype)
    if global_batch_size is None:
        if losses.shape.rank == 0:
            raise ValueError("If `per_example_loss` is a scalar, `global_batch_size` must be given.")
        global_batch_size = array.shape(losses)[0] * _replicas()
    size = frontdoor.convert(global_batch_size)
    if size.shape.rank not in (0, None) or not size.dtype.is_integer:
        raise TypeError(explain("`global_batch_size` must be an integer scalar.", received=repr(global_batch_size)))
    return math.reduce_sum(losses) / cast_to(size, losses.dtype)


def scale_regularization_loss(regularization_loss: Any) -> Any:
    """The sum of penalties, divided by the number of replicas."""
    return math.reduce_sum(frontdoor.convert(regularization_loss)) / float(_replicas())
