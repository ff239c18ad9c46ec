"""Samples of classes, and losses over them, for outputs with very many classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from weft.api import array, math
from weft.api.common import cast_to
from weft.base import dtypes
from weft.base.errors import explain
from weft.ir.types import TensorType
from weft.ops import philox
from weft.runtime import frontdoor
from weft.runtime import random as streams
from weft.runtime.host_call import host_call


class AccidentalHits(NamedTuple):
    """The result of `compute_accidental_hits`."""

    indices: Any
    ids: Any
    weights: Any


class _Kind(NamedTuple):
    """How one sampler draws."""

    #: words of the stream [n, k] to class numbers [n]
    pick: Callable[[Any], Any]
    #: how many words one draw takes
    words: int
    #: class numbers to their probabilities, float32
    chance: Callable[[Any], Any]


def _draw(kind: _Kind, count: int, unique: bool, key: Any, counter: Any) -> tuple[Any, int]:
    """Class numbers, and how many draws they took."""
    at = 0

    def some(size: int) -> Any:
        nonlocal at
        blocks = -(-size * kind.words // 4)
        found = philox.blocks_at(key, counter, np.arange(at, at + blocks, dtype=np.uint64))
        at += blocks
        return kind.pick(found.reshape(-1, kind.words)[:size])

    if not unique:
        return some(count), count
    seen: dict[int, None] = {}
    tries = 0
    while len(seen) < count:
        for number in some(-(-count // 4) * 4).tolist():  # whole blocks, so that no word is passed over
            tries += 1
            seen[number] = None
            if len(seen) == count:
                break
    return np.fromiter(seen, np.int64, count), tries


class CandidateSample(NamedTuple):
    """Drawn classes, and how often the true and the drawn ones are to be expected among them."""

    sampled_candidates: Any
    true_expected_count: Any
    sampled_expected_count: Any


def _expected(chance: Any, count: int, tries: int) -> Any:
    """How often classes of these probabilities are among the draws, float32."""
    if tries == count:
        return (chance * np.float32(count)).astype(np.float32)
    # The chance to be among so many draws. Each step is rounded to float32, from more exact numbers than numpy's.
    missed = np.float32(tries) * np.log1p(-chance.astype(np.float64)).astype(np.float32)
    return (-np.expm1(missed.astype(np.float64))).astype(np.float32)


def _sample(default: str, kind: _Kind, true_classes: Any, num_sampled: int, unique: bool, seed: Any, name: str | None,
            learn: Callable[[Any], None] | None = None) -> Any:  # fmt: skip
    """The operation: draws, and counts what is to be expected."""
    true = cast_to(frontdoor.convert(true_classes, name="true_classes"), dtypes.int64)
    count = int(num_sampled)
    key, counter = streams.take("candidates", (count,), dtypes.int64, seed)

    def draw(classes: Any, key: Any, counter: Any) -> list[Any]:
        ids, tries = _draw(kind, count, unique, key, counter)
        found = [np.asarray(ids, np.int64), *(_expected(kind.chance(of), count, tries) for of in (classes, ids))]
        if learn is not None:
            learn(classes)
        return found

    types = [TensorType((count,), dtypes.int64), TensorType(true.shape.symbolic, dtypes.float32),
             TensorType((count,), dtypes.float32)]  # fmt: skip
    title = default.title().replace("_", "")
    return _results[title](*host_call(draw, [true, key, counter], types, title, name))


def _check(default: str, num_sampled: int, range_max: int, unique: bool) -> None:
    if unique and num_sampled > range_max:
        raise ValueError(
            explain(f"{default} cannot draw {num_sampled} different ones of {range_max} classes.",
                    hint="draw fewer, or unique=False")  # fmt: skip
        )


def _result(title: str) -> Any:
    """A class of the operation's name, as TensorFlow prints it."""
    return type(title, (CandidateSample,), {"__slots__": (), "__doc__": CandidateSample.__doc__})


_results = {f"{kind}CandidateSampler": _result(f"{kind}CandidateSampler")
            for kind in ("LogUniform", "Uniform", "LearnedUnigram", "FixedUnigram")}  # fmt: skip


def _log_uniform(limit: int) -> _Kind:
    """The probability of class k is log((k + 2) / (k + 1)) / log(limit + 1)."""
    whole = np.log1p(np.float64(limit))

    def pick(words: Any) -> Any:
        return (np.exp(philox.unit_float64(words) * whole).astype(np.int64) - 1) % limit  # rounding may give the limit

    def chance(ids: Any) -> Any:
        return (np.log((ids + 2.0) / (ids + 1.0)) / whole).astype(np.float32)

    return _Kind(pick, 2, chance)


def _uniform(limit: int) -> _Kind:
    def pick(words: Any) -> Any:
        return (philox.wide(words) % np.uint64(limit)).astype(np.int64)

    return _Kind(pick, 2, lambda ids: np.full(np.shape(ids), 1.0 / limit, np.float32))


def _sampler(default: str, make: Callable[[int], _Kind], text: str) -> Any:
    def function(true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int,
                 seed: int | None = None, name: str | None = None) -> tuple[Any, Any, Any]:  # fmt: skip
        _check(default, num_sampled, range_max, unique)
        return _sample(default, make(int(range_max)), true_classes, num_sampled, unique, seed, name)

    function.__name__ = function.__qualname__ = default
    function.__doc__ = f"""Draws class numbers ({text}), and says how often each is expected among the draws.

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


log_uniform_candidate_sampler = _sampler("log_uniform_candidate_sampler", _log_uniform, "log-uniform")
uniform_candidate_sampler = _sampler("uniform_candidate_sampler", _uniform, "uniform")


def _check_weights(default: str, num_sampled: int, unique: bool, weights: Any) -> None:
    if unique and num_sampled > int((weights > 0).sum()):
        raise ValueError(explain(f"{default} cannot draw {num_sampled} different ones of the classes that have a "
                                 "chance.", hint="draw fewer, or unique=False"))  # fmt: skip


def _share(weights: Any) -> Callable[[Any], Any]:
    return lambda ids: (weights[ids] / weights.sum()).astype(np.float32)


def learned_unigram_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = None,
    name: str | None = None,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Draws class numbers as often as they have been true so far; the arguments are those of the other samplers."""
    default = "learned_unigram_candidate_sampler"
    _check(default, num_sampled, range_max, unique)
    weights = np.ones(range_max, np.int64)

    def pick(words: Any) -> Any:
        upto = np.cumsum(weights)
        return np.searchsorted(upto, words[:, 0].astype(np.int64) % upto[-1], side="right")

    def learn(classes: Any) -> None:
        np.add.at(weights, classes.ravel(), 1)

    kind = _Kind(pick, 1, _share(weights))
    return _sample(default, kind, true_classes, num_sampled, unique, seed, name, learn)


def _by_weights(weights: Any) -> Callable[[Any], Any]:
    """What draws class numbers by weights: a class by chance, and whether it or its partner.

    Source: M. Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE Transactions on
    Software Engineering 17, 1991.
    """
    count = len(weights)
    left = weights * count / weights.sum()
    small, large = [i for i in range(count) if left[i] <= 1], [i for i in range(count) if left[i] > 1]
    partner, own = np.arange(count), np.ones(count, np.float32)
    while small and large:
        low, high = small.pop(), large.pop()
        partner[low], own[low] = high, left[low]
        left[high] -= 1 - left[low]
        (small if left[high] < 1 else large).append(high)

    def pick(words: Any) -> Any:
        place = (words[:, 1] % np.uint32(count)).astype(np.int64)
        return np.where(philox.unit_float32(words[:, 0]) < own[place], place, partner[place])

    return pick


def fixed_unigram_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, vocab_file: str = "",
    distortion: float = 1.0, num_reserved_ids: int = 0, num_shards: int = 1, shard: int = 0,
    unigrams: Sequence[float] = (), seed: int | None = None, name: str | None = None,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Draws class numbers by given frequencies.

    Args:
        true_classes: `[batch, num_true]`, int64.
        num_true: How many true classes there are for each row.
        num_sampled: How many classes are drawn.
        unique: Whether no class is drawn twice.
        range_max: How many classes there are.
        vocab_file: A file with a class in each line, whose last field, behind a comma, is its frequency.
        distortion: The frequencies are raised to this power.
        num_reserved_ids: How many classes in front of these are never drawn.
        num_shards: Of how many parts of the classes one is drawn from.
        shard: Which one.
        unigrams: The frequencies, where there is no file.
        seed: For the random numbers.
        name: A name for the operation.

    Returns:
        The classes `[num_sampled]`, the expected counts of the true ones and those of the drawn ones.
    """
    if bool(vocab_file) == bool(len(unigrams)):
        raise ValueError("fixed_unigram_candidate_sampler: give either `vocab_file` or `unigrams`.")
    if vocab_file:
        with open(vocab_file, encoding="utf-8") as file:
            unigrams = [float(line.rsplit(",", 1)[-1]) for line in file if line.strip()]
    weights = np.concatenate([np.zeros(num_reserved_ids), np.asarray(unigrams, np.float64) ** distortion])
    if len(weights) != range_max:
        raise ValueError(explain("fixed_unigram_candidate_sampler: one frequency for each class.",
                                 expected=f"{range_max - num_reserved_ids}", received=str(len(unigrams))))  # fmt: skip
    weights[np.arange(range_max) % num_shards != shard] = 0
    default = "fixed_unigram_candidate_sampler"
    _check_weights(default, num_sampled, unique, weights)
    kind = _Kind(_by_weights(weights), 2, _share(weights))
    return _sample(default, kind, true_classes, num_sampled, unique, seed, name)


def all_candidate_sampler(true_classes: Any, num_true: int, num_sampled: int, unique: bool, seed: int | None = None,
                          name: str | None = None) -> tuple[Any, Any, Any]:  # fmt: skip
    """Every class, each expected once: makes the losses over samples exact, for tests.

    Returns:
        The classes `[num_sampled]`, and ones in the shapes of the true and of the drawn ones.
    """
    true = frontdoor.convert(true_classes)
    drawn = array.constant(np.arange(num_sampled), dtypes.int64)
    ones = array.ones_like(true, dtypes.float32), array.ones([num_sampled], dtypes.float32)
    return CandidateSample(drawn, *ones)


def compute_accidental_hits(true_classes: Any, sampled_candidates: Any, num_true: int, seed: int | None = None,
                            name: str | None = None) -> AccidentalHits:  # fmt: skip
    """Where drawn classes are true ones.

    Args:
        true_classes: `[batch, num_true]`, int64.
        sampled_candidates: `[num_sampled]`, int64.
        num_true: How many true classes there are for each row.
        seed: Accepted.
        name: Accepted.

    Returns:
        The rows `[hits]`, int32, the places among the drawn ones `[hits]`, int64, and the least float32 for each.
    """
    true = cast_to(frontdoor.convert(true_classes), dtypes.int64)
    same = math.equal(array.expand_dims(true, 2), cast_to(frontdoor.convert(sampled_candidates), dtypes.int64))
    hits = array.where(same)
    count = array.shape(hits)[:1]
    least = array.fill(count, array.constant(-float(np.finfo(np.float32).max), dtypes.float32))
    return AccidentalHits(cast_to(hits[:, 0], dtypes.int32), hits[:, 2], least)


def sampled_logits(weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int,
                    num_true: int, sampled_values: Any, subtract_log_q: bool, remove_accidental_hits: bool,
                    seed: int | None, lookup: Callable[[Any, Any], Any]) -> tuple[Any, Any]:  # fmt: skip
    """Scores of true and of drawn classes, and the labels that belong to them."""
    true = array.reshape(cast_to(frontdoor.convert(labels), dtypes.int64), [-1, num_true])
    if sampled_values is None:
        sampled_values = log_uniform_candidate_sampler(true, num_true, num_sampled, True, num_classes, seed)
    drawn, true_count, drawn_count = (array.stop_gradient(t) for t in sampled_values)
    flat = array.reshape(true, [-1])
    every = array.concat([flat, drawn], 0)
    rows = lookup(weights, every)
    offsets = lookup(biases, every)
    size = inputs.shape[-1]
    sampled_rows, true_rows = rows[-num_sampled:], array.reshape(rows[:-num_sampled], [-1, num_true, size])
    sampled_offsets, true_offsets = offsets[-num_sampled:], array.reshape(offsets[:-num_sampled], [-1, num_true])
    true_scores = math.reduce_sum(array.expand_dims(inputs, 1) * true_rows, axis=2) + true_offsets
    drawn_scores = math.matmul(inputs, sampled_rows, transpose_b=True) + sampled_offsets
    if remove_accidental_hits:
        hits = math.reduce_any(math.equal(array.expand_dims(true, 2), array.reshape(drawn, [1, 1, -1])), axis=1)
        drawn_scores = drawn_scores + cast_to(hits, dtypes.float32) * float(np.finfo(np.float32).min)
    if subtract_log_q:
        true_scores = true_scores - math.log(array.reshape(true_count, [-1, num_true]))
        drawn_scores = drawn_scores - math.log(drawn_count)
    out_labels = array.concat([array.ones_like(true_scores) / float(num_true), array.zeros_like(drawn_scores)], 1)
    return array.concat([true_scores, drawn_scores], 1), out_labels




def _whole(table: Any, ids: Any) -> Any:
    """The rows of a table, parts of which follow each other where it is a list."""
    from weft.api.nn import embedding_lookup

    parts = table if isinstance(table, (list, tuple)) else [table]
    return embedding_lookup(parts[0] if len(parts) == 1 else array.concat(list(parts), 0), ids)


def nce_loss(weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int,
             num_true: int = 1, sampled_values: Any = None, remove_accidental_hits: bool = False,
             name: str = "nce_loss") -> Any:  # fmt: skip
    """Noise-contrastive estimation: the sigmoid cross-entropy of true classes and of drawn ones, for each row.

    Args:
        weights: `[num_classes, size]`, or a list of parts that follow each other.
        biases: `[num_classes]`.
        labels: `[batch, num_true]`, integers.
        inputs: `[batch, size]`.
        num_sampled: How many classes are drawn for the whole batch.
        num_classes: How many there are.
        num_true: How many true classes each row has.
        sampled_values: What a sampler gave; log-uniform draws where None.
        remove_accidental_hits: Whether drawn classes that are true are left out.
        name: Accepted.

    Returns:
        `[batch]`.

    Source: Gutmann and Hyvärinen, Noise-contrastive estimation, 2010.
    """
    from weft.api import nn

    scores, truth = sampled_logits(weights, biases, labels, frontdoor.convert(inputs), num_sampled, num_classes,
                                   num_true, sampled_values, True, remove_accidental_hits, None, _whole)  # fmt: skip
    return math.reduce_sum(nn.sigmoid_cross_entropy_with_logits(truth, scores), axis=1)


def sampled_softmax_loss(weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int,
                         num_true: int = 1, sampled_values: Any = None, remove_accidental_hits: bool = True,
                         seed: int | None = None, name: str = "sampled_softmax_loss") -> Any:  # fmt: skip
    """The softmax cross-entropy over true and drawn classes, for each row; the arguments are those of `nce_loss`.

    Source: Jean et al., On Using Very Large Target Vocabulary for Neural Machine Translation, 2014.
    """
    from weft.api import nn

    scores, truth = sampled_logits(weights, biases, labels, frontdoor.convert(inputs), num_sampled, num_classes,
                                   num_true, sampled_values, True, remove_accidental_hits, seed, _whole)  # fmt: skip
    return nn.softmax_cross_entropy_with_logits(array.stop_gradient(truth), scores)
