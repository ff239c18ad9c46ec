"""`tf.contrib.seq2seq`: decoders with attention, and the loss of sequences."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import weft
from weft.base.absent import absent
from weft.compat.v1 import nn as _nn
from weft.compat.v1.contrib.seq2seq_attention import (  # noqa: F401
    AttentionMechanism,
    AttentionWrapper,
    AttentionWrapperState,
    BahdanauAttention,
    LuongAttention,
    hardmax,
)
from weft.compat.v1.contrib.seq2seq_beam import (  # noqa: F401
    BeamSearchDecoder,
    BeamSearchDecoderOutput,
    BeamSearchDecoderState,
    FinalBeamSearchDecoderOutput,
    gather_tree,
    tile_batch,
)
from weft.compat.v1.contrib.seq2seq_decoder import (  # noqa: F401
    BasicDecoder,
    BasicDecoderOutput,
    CustomHelper,
    Decoder,
    GreedyEmbeddingHelper,
    Helper,
    InferenceHelper,
    SampleEmbeddingHelper,
    ScheduledEmbeddingTrainingHelper,
    TrainingHelper,
    dynamic_decode,
)
from weft.compat.v1.naming import composite, in_graph
from weft.runtime.operation_counts import further
from weft.runtime.scopes import NameScope


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
        name: The name scope.

    Returns:
        One number, where batch and time are added up; else `[batch]`, `[time]` or `[batch, time]`.

    Raises:
        ValueError: For other ranks, or a mean and a sum over one axis.
    """
    with NameScope(name, "sequence_loss") if in_graph() else nullcontext():
        return _loss(logits, targets, weights, (average_across_timesteps, average_across_batch),
                     (sum_over_timesteps, sum_over_batch), softmax_loss_function)  # fmt: skip


def _loss(logits: Any, targets: Any, weights: Any, means: tuple[bool, bool], sums: tuple[bool, bool],
          softmax_loss_function: Any) -> Any:  # fmt: skip
    scores, truth, share = (weft.convert_to_tensor(item) for item in (logits, targets, weights))
    for what, tensor, rank in (("Logits", scores, 3), ("Targets", truth, 2), ("Weights", share, 2)):
        if tensor.shape.rank != rank:
            raise ValueError(f"{what} must be a tensor of {rank} axes, received shape {tensor.shape}.")
    if any(mean and add for mean, add in zip(means, sums, strict=True)):
        raise ValueError("average_across_* and sum_over_* of one axis cannot both be set.")
    flat = weft.reshape(scores, [-1, weft.shape(scores)[2]])
    if softmax_loss_function is None:
        losses = _nn.sparse_softmax_cross_entropy_with_logits(labels=weft.reshape(truth, [-1]), logits=flat)
    else:
        losses = softmax_loss_function(labels=weft.reshape(truth, [-1]), logits=flat)
    losses = losses * weft.reshape(share, [-1])
    if all(means):
        further(1)  # the sizes as one tensor
        return _share(weft.reduce_sum(losses), weft.reduce_sum(share))
    if all(sums):
        return _share(weft.reduce_sum(losses), _count(share, None))
    losses = weft.reshape(losses, weft.shape(scores)[:2])
    for axis, mean, add in zip((1, 0), means, sums, strict=True):
        if mean:
            return _share(weft.reduce_sum(losses, axis), weft.reduce_sum(share, axis))
        if add:
            return _share(weft.reduce_sum(losses, axis), _count(share, axis))
    return losses


_share = composite("div_no_nan", weft.math.divide_no_nan)


def _count(weights: Any, axis: int | None) -> Any:
    return weft.cast(weft.math.count_nonzero(weights, axis), weights.dtype)


def __getattr__(name: str) -> Any:
    raise AttributeError(absent(f"tf.contrib.seq2seq.{name}", [n for n in globals() if n[0].isalpha()]))
