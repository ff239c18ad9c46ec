"""`tf.contrib.seq2seq`: the loss of sequences."""

from __future__ import annotations

from typing import Any

import weft
from weft.base.absent import absent
from weft.compat.v1 import nn as _nn


def sequence_loss(logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True,
                  average_across_batch: bool = True, sum_over_timesteps: bool = False, sum_over_batch: bool = False,
                  softmax_loss_function: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """The weighted cross-entropy of sequences of symbols.

    Args:
        logits: `[batch, time, symbols]`.
        targets: `[batch, time]`, integers.
        weights: `[batch, time]`: how much each step counts.
        average_across_timesteps: Whether the sum over time is divided by the weights' sum.
        average_across_batch: Likewise over the batch.
        sum_over_timesteps: Whether to add up over time and divide by the number of steps that count.
        sum_over_batch: Likewise over the batch.
        softmax_loss_function: `(labels=, logits=)` to losses, in place of the cross-entropy.
        name: Accepted.

    Returns:
        One number, where batch and time are added up; else `[batch]`, `[time]` or `[batch, time]`.

    Raises:
        ValueError: For other ranks, or a mean and a sum over one axis.
    """
    scores, truth, share = (weft.convert_to_tensor(item) for item in (logits, targets, weights))
    for what, tensor, rank in (("Logits", scores, 3), ("Targets", truth, 2), ("Weights", share, 2)):
        if tensor.shape.rank != rank:
            raise ValueError(f"{what} must be a tensor of {rank} axes, received shape {tensor.shape}.")
    if (average_across_timesteps and sum_over_timesteps) or (average_across_batch and sum_over_batch):
        raise ValueError("average_across_* and sum_over_* of one axis cannot both be set.")
    flat = weft.reshape(scores, [-1, weft.shape(scores)[2]])
    if softmax_loss_function is None:
        losses = _nn.sparse_softmax_cross_entropy_with_logits(labels=weft.reshape(truth, [-1]), logits=flat)
    else:
        losses = softmax_loss_function(labels=weft.reshape(truth, [-1]), logits=flat)
    losses = losses * weft.reshape(share, [-1])
    if average_across_timesteps and average_across_batch:
        return weft.math.divide_no_nan(weft.reduce_sum(losses), weft.reduce_sum(share))
    if sum_over_timesteps and sum_over_batch:
        return weft.math.divide_no_nan(weft.reduce_sum(losses), _count(share, None))
    losses = weft.reshape(losses, weft.shape(scores)[:2])
    for axis, mean, add in ((1, average_across_timesteps, sum_over_timesteps),
                            (0, average_across_batch, sum_over_batch)):  # fmt: skip
        if mean:
            return weft.math.divide_no_nan(weft.reduce_sum(losses, axis), weft.reduce_sum(share, axis))
        if add:
            return weft.math.divide_no_nan(weft.reduce_sum(losses, axis), _count(share, axis))
    return losses


def _count(weights: Any, axis: int | None) -> Any:
    return weft.cast(weft.math.count_nonzero(weights, axis), weights.dtype)


def __getattr__(name: str) -> Any:
    raise AttributeError(absent(f"tf.contrib.seq2seq.{name}", ["sequence_loss"]))
