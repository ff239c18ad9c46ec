"""Losses over a sample of the classes, for outputs with very many of them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1 import nn as _nn
from weft.compat.v1.embedding import embedding_lookup
from weft.compat.v1.host import host_call
from weft.compat.v1.naming import in_graph
from weft.ir.types import TensorType
from weft.runtime import random as streams
from weft.runtime.scopes import NameScope


def _log_uniform(ids: Any, limit: int) -> Any:
    """The probability of class numbers where that of class k is log((k + 2) / (k + 1)) / log(limit + 1)."""
    numbers = weft.cast(ids, dtypes.float32)
    return weft.math.log((numbers + 2.0) / (numbers + 1.0)) / float(np.log(limit + 1))


def _uniform(ids: Any, limit: int) -> Any:
    return weft.ones_like(weft.cast(ids, dtypes.float32)) / float(limit)


def _draw(kind: str, limit: int, count: int, unique: bool, rng: np.random.Generator) -> tuple[Any, int]:
    """Class numbers, and how many draws they took."""

    def some(size: int) -> Any:
        if kind == "uniform":
            return rng.integers(0, limit, size)
        drawn = np.exp(rng.random(size) * np.log(limit + 1.0)).astype(np.int64) - 1
        return np.clip(drawn, 0, limit - 1)

    if not unique:
        return some(count), count
    found: list[int] = []
    seen: set[int] = set()
    tries = 0
    while len(found) < count:
        for number in some(count).tolist():
            tries += 1
            if number not in seen:
                seen.add(number)
                found.append(number)
                if len(found) == count:
                    break
    return np.asarray(found), tries


def _sampler(kind: str, probability: Any, default: str) -> Any:
    def function(true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int,
                 seed: int | None = None, name: str | None = None) -> tuple[Any, Any, Any]:  # fmt: skip
        if unique and num_sampled > range_max:
            raise ValueError(
                explain(f"{default} cannot draw {num_sampled} different ones of {range_max} classes.",
                        hint="draw fewer, or unique=False")  # fmt: skip
            )
        label = name or default
        with NameScope(label) if in_graph() else nullcontext():
            source = streams.op_seeds(seed)
            generator = np.random.Generator(np.random.PCG64(list(source) if source is not None else None))
            types = [TensorType((num_sampled,), dtypes.int64), TensorType((), dtypes.float32)]

            def draw() -> list[Any]:
                ids, tries = _draw(kind, range_max, num_sampled, unique, generator)
                return [np.asarray(ids, np.int64), np.float32(tries)]

            ids, tries = host_call(draw, (), types, default.title().replace("_", ""))
            true = weft.cast(weft.convert_to_tensor(true_classes), dtypes.int64)
            return ids, _expected(true, tries, num_sampled, range_max, unique, probability), _expected(
                ids, tries, num_sampled, range_max, unique, probability
            )

    function.__name__ = function.__qualname__ = default
    function.__doc__ = f"""Draws class numbers ({kind}), and says how often each is expected among the draws.

    Args:
        true_classes: `[batch, num_true]`, int64.
        num_true: How many true classes there are for each row.
        num_sampled: How many classes are drawn.
        unique: Whether no class is drawn twice.
        range_max: How many classes there are.
        seed: For the random numbers.
        name: A name for the operation.

    Returns:
        The classes `[num_sampled]`, the expected counts of the true ones and those of the drawn ones.
    """
    return function


def _expected(ids: Any, tries: Any, count: int, limit: int, unique: bool, probability: Any) -> Any:
    chance = probability(ids, limit)
    if not unique:
        return chance * float(count)
    return -weft.math.expm1(tries * weft.math.log1p(-chance))  # the chance to be among so many draws


log_uniform_candidate_sampler = _sampler("log-uniform", _log_uniform, "log_uniform_candidate_sampler")
uniform_candidate_sampler = _sampler("uniform", _uniform, "uniform_candidate_sampler")


def _sampled_logits(weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int,
                    num_true: int, sampled_values: Any, subtract_log_q: bool, remove_accidental_hits: bool,
                    partition_strategy: str, seed: int | None) -> tuple[Any, Any]:  # fmt: skip
    """Scores of true and of drawn classes, and the labels that belong to them."""
    true = weft.reshape(weft.cast(weft.convert_to_tensor(labels), dtypes.int64), [-1, num_true])
    if sampled_values is None:
        sampled_values = log_uniform_candidate_sampler(true, num_true, num_sampled, True, num_classes, seed)
    drawn, true_count, drawn_count = (weft.stop_gradient(t) for t in sampled_values)
    flat = weft.reshape(true, [-1])
    every = weft.concat([flat, drawn], 0)
    rows = embedding_lookup(weights, every, partition_strategy)
    offsets = embedding_lookup(biases, every, partition_strategy)
    size = inputs.shape[-1]
    sampled_rows, true_rows = rows[-num_sampled:], weft.reshape(rows[:-num_sampled], [-1, num_true, size])
    sampled_offsets, true_offsets = offsets[-num_sampled:], weft.reshape(offsets[:-num_sampled], [-1, num_true])
    true_scores = weft.reduce_sum(weft.expand_dims(inputs, 1) * true_rows, axis=2) + true_offsets
    drawn_scores = weft.matmul(inputs, sampled_rows, transpose_b=True) + sampled_offsets
    if remove_accidental_hits:
        hits = weft.reduce_any(weft.equal(weft.expand_dims(true, 2), weft.reshape(drawn, [1, 1, -1])), axis=1)
        drawn_scores = drawn_scores + weft.cast(hits, dtypes.float32) * float(np.finfo(np.float32).min)
    if subtract_log_q:
        true_scores = true_scores - weft.math.log(weft.reshape(true_count, [-1, num_true]))
        drawn_scores = drawn_scores - weft.math.log(drawn_count)
    out_labels = weft.concat([weft.ones_like(true_scores) / float(num_true), weft.zeros_like(drawn_scores)], 1)
    return weft.concat([true_scores, drawn_scores], 1), out_labels


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
        scores, truth = _sampled_logits(weights, biases, labels, weft.convert_to_tensor(inputs), num_sampled,
                                        num_classes, num_true, sampled_values, True, remove_accidental_hits,
                                        partition_strategy, seed)  # fmt: skip
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
        scores, truth = _sampled_logits(weights, biases, labels, weft.convert_to_tensor(inputs), num_sampled,
                                        num_classes, num_true, sampled_values, True, remove_accidental_hits,
                                        partition_strategy, seed)  # fmt: skip
        return weft.nn.softmax_cross_entropy_with_logits(weft.stop_gradient(truth), scores)
