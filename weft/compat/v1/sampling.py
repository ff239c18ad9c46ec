"""Losses over a sample of the classes, for outputs with very many of them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import weft
from weft.api.sampling import compute_accidental_hits, sampled_logits
from weft.compat.v1 import nn as _nn
from weft.compat.v1.embedding import embedding_lookup
from weft.compat.v1.naming import composite, counted, in_graph
from weft.compat.v1.old_names import _tell
from weft.compat.v1.random import (  # noqa: F401
    all_candidate_sampler,
    fixed_unigram_candidate_sampler,
    learned_unigram_candidate_sampler,
    log_uniform_candidate_sampler,
    uniform_candidate_sampler,
)
from weft.runtime.scopes import NameScope


def _ordered(labels: Any, inputs: Any, what: str) -> tuple[Any, Any]:
    """Labels and inputs as tensors. Before version 1.0 the inputs came first, which shows by their dtypes."""
    first, second = weft.convert_to_tensor(labels), weft.convert_to_tensor(inputs)
    if first.dtype.is_floating and second.dtype.is_integer:
        _tell(f"nn.{what}(weights, biases, inputs, labels)", f"nn.{what}(weights, biases, labels, inputs)")
        return second, first
    return first, second


def _lookup(partition_strategy: str) -> Any:
    return lambda table, ids: embedding_lookup(table, ids, partition_strategy)


def nce_loss(weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int,
             num_true: int = 1, sampled_values: Any = None, remove_accidental_hits: bool = False,
             partition_strategy: str = "mod", name: str = "nce_loss", seed: int | None = None) -> Any:  # fmt: skip
    """Noise-contrastive estimation: the sigmoid cross-entropy of true classes and of drawn ones, for each row.

    Args:
        weights: `[num_classes, size]`, or a list of its parts.
        biases: `[num_classes]`.
        labels: `[batch, num_true]`, integers.
        inputs: `[batch, size]`.
        num_sampled: How many classes are drawn for the whole batch.
        num_classes: How many there are.
        num_true: How many true classes each row has.
        sampled_values: What a sampler gave; log-uniform draws where None.
        remove_accidental_hits: Whether drawn classes that are true are left out.
        partition_strategy: How a list of weights is cut: `mod` or `div`.
        name: The name scope.
        seed: For the draws.

    Returns:
        `[batch]`.

    Source: Gutmann and Hyvärinen, Noise-contrastive estimation, 2010.
    """
    with NameScope(name) if in_graph() else nullcontext():
        labels, inputs = _ordered(labels, inputs, "nce_loss")
        scores, truth = sampled_logits(weights, biases, labels, inputs, num_sampled, num_classes, num_true,
                                       sampled_values, True, remove_accidental_hits, seed,
                                       _lookup(partition_strategy))  # fmt: skip
        losses = _nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=scores, name="sampled_losses")
        return weft.reduce_sum(losses, axis=1)


def sampled_softmax_loss(weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int,
                         num_true: int = 1, sampled_values: Any = None, remove_accidental_hits: bool = True,
                         partition_strategy: str = "mod", name: str = "sampled_softmax_loss",
                         seed: int | None = None) -> Any:  # fmt: skip
    """The softmax cross-entropy over true and drawn classes, for each row; the arguments are those of `nce_loss`.

    Source: Jean et al., On Using Very Large Target Vocabulary for Neural Machine Translation, 2014.
    """
    with NameScope(name) if in_graph() else nullcontext():
        labels, inputs = _ordered(labels, inputs, "sampled_softmax_loss")
        scores, truth = sampled_logits(weights, biases, labels, inputs, num_sampled, num_classes, num_true,
                                       sampled_values, True, remove_accidental_hits, seed,
                                       _lookup(partition_strategy))  # fmt: skip
        return weft.nn.softmax_cross_entropy_with_logits(weft.stop_gradient(truth), scores)


compute_accidental_hits = composite("nn.compute_accidental_hits", compute_accidental_hits)
nce_loss = counted("nn.nce_loss", nce_loss)
sampled_softmax_loss = counted("nn.sampled_softmax_loss", sampled_softmax_loss)
