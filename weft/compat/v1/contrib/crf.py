"""`tf.contrib.crf`: conditional random fields over sequences of tags, in which neighbours influence each other."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.compat.v1.variable_scopes import get_variable


def _mask(lengths: Any, steps: Any) -> Any:
    """Which steps belong to their sequences: booleans `[sequences, steps]`."""
    return weft.sequence_mask(lengths, maxlen=weft.shape(steps)[1])


def _by_time(tensor: Any) -> Any:
    """Steps first, sequences second."""
    rank = tensor.shape.rank
    return weft.transpose(tensor, [1, 0, *range(2, rank)])


def crf_unary_score(tag_indices: Any, sequence_lengths: Any, inputs: Any) -> Any:
    """The sum of the scores that the tags have by themselves.

    Args:
        tag_indices: Integers `[sequences, steps]`.
        sequence_lengths: `[sequences]`; what stands behind a sequence's end does not count.
        inputs: The scores `[sequences, steps, tags]`.

    Returns:
        `[sequences]`.
    """
    scores = weft.convert_to_tensor(inputs)
    tags = weft.convert_to_tensor(tag_indices)
    chosen = weft.gather(scores, tags, batch_dims=2)
    return weft.reduce_sum(chosen * weft.cast(_mask(sequence_lengths, tags), chosen.dtype), 1)


def crf_binary_score(tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """The sum of the scores of the steps from each tag to the next.

    Args:
        tag_indices: Integers `[sequences, steps]`.
        sequence_lengths: `[sequences]`.
        transition_params: `[tags, tags]`: from the tag of the row to that of the column.

    Returns:
        `[sequences]`.
    """
    tags, weights = weft.convert_to_tensor(tag_indices), weft.convert_to_tensor(transition_params)
    pairs = weft.stack([tags[:, :-1], tags[:, 1:]], -1)
    scores = weft.gather_nd(weights, pairs)
    return weft.reduce_sum(scores * weft.cast(_mask(sequence_lengths, tags)[:, 1:], scores.dtype), 1)


def crf_sequence_score(inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """The score of a sequence of tags, not normalized: those of its tags and of the steps between them.

    Args:
        inputs: `[sequences, steps, tags]`.
        tag_indices: Integers `[sequences, steps]`.
        sequence_lengths: `[sequences]`.
        transition_params: `[tags, tags]`.

    Returns:
        `[sequences]`.
    """
    alone = crf_unary_score(tag_indices, sequence_lengths, inputs)
    return alone + crf_binary_score(tag_indices, sequence_lengths, transition_params)


def crf_multitag_sequence_score(inputs: Any, tag_bitmap: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """The score, not normalized, of all sequences together whose tags are among those that are allowed at each step.

    Args:
        inputs: `[sequences, steps, tags]`.
        tag_bitmap: Booleans of that shape: which tags each step may have.
        sequence_lengths: `[sequences]`.
        transition_params: `[tags, tags]`.

    Returns:
        `[sequences]`.
    """
    scores = weft.convert_to_tensor(inputs)
    allowed = weft.where(tag_bitmap, scores, weft.fill(weft.shape(scores), weft.constant(-np.inf, scores.dtype)))
    return crf_log_norm(allowed, sequence_lengths, transition_params)


def crf_log_norm(inputs: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """The logarithm of the sum of exp(score) over all sequences of tags: what a score is normalized by.

    Args:
        inputs: `[sequences, steps, tags]`.
        sequence_lengths: `[sequences]`; a sequence without steps has 0.
        transition_params: `[tags, tags]`.

    Returns:
        `[sequences]`.
    """
    scores, weights = weft.convert_to_tensor(inputs), weft.convert_to_tensor(transition_params)[None]
    lengths = weft.convert_to_tensor(sequence_lengths)

    def step(sums: Any, taken: Any) -> Any:
        score, goes_on = taken
        further = score + weft.reduce_logsumexp(sums[:, :, None] + weights, 1)
        return weft.where(goes_on[:, None], further, sums)

    rest = _by_time(scores)[1:], _by_time(_mask(lengths, scores))[1:]
    last = weft.foldl(step, rest, initializer=scores[:, 0])
    total = weft.reduce_logsumexp(last, 1)
    return weft.where(weft.less_equal(lengths, 0), weft.zeros_like(total), total)


def crf_log_likelihood(inputs: Any, tag_indices: Any, sequence_lengths: Any,
                       transition_params: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The logarithm of the probability of sequences of tags, of which training makes the mean large.

    Args:
        inputs: The scores of each tag at each step, as a network gives them: `[sequences, steps, tags]`.
        tag_indices: The right tags, integers `[sequences, steps]`.
        sequence_lengths: `[sequences]`.
        transition_params: `[tags, tags]`; a variable `transitions` where None.

    Returns:
        The logarithms `[sequences]`, and the transitions.

    Example:
        >>> import weft.compat.v1 as tf
        >>> from weft.compat.v1.contrib import crf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     found, _ = crf.crf_log_likelihood(tf.zeros([1, 2, 2]), [[0, 1]], [2], tf.zeros([2, 2]))
        ...     round(float(session.run(found)[0]), 4)  # one of four
        -1.3863

    Source: Lafferty et al., Conditional Random Fields, 2001.
    """
    scores = weft.convert_to_tensor(inputs)
    count = scores.shape[2]
    weights = get_variable("transitions", [count, count]) if transition_params is None else transition_params
    score = crf_sequence_score(scores, tag_indices, sequence_lengths, weights)
    return score - crf_log_norm(scores, sequence_lengths, weights), weights


def viterbi_decode(score: Any, transition_params: Any) -> tuple[list[Any], Any]:
    """The best sequence of tags for one sequence's scores, worked out by numpy outside of graphs.

    Args:
        score: An array `[steps, tags]`.
        transition_params: An array `[tags, tags]`.

    Returns:
        The tags as a list of integers, and their score.
    """
    best, chosen = np.zeros_like(score), np.zeros_like(score, dtype=np.int32)
    best[0] = score[0]
    for step in range(1, score.shape[0]):
        ways = np.expand_dims(best[step - 1], 1) + transition_params
        best[step], chosen[step] = score[step] + np.max(ways, 0), np.argmax(ways, 0)
    tags = [np.argmax(best[-1])]
    for before in reversed(chosen[1:]):
        tags.append(before[tags[-1]])
    return tags[::-1], np.max(best[-1])


def crf_decode(potentials: Any, transition_params: Any, sequence_length: Any) -> tuple[Any, Any]:
    """The best sequence of tags for each sequence's scores, by Viterbi's algorithm.

    Args:
        potentials: `[sequences, steps, tags]`.
        transition_params: `[tags, tags]`.
        sequence_length: `[sequences]`.

    Returns:
        The tags, int32 `[sequences, steps]`, 0 behind the end of a sequence, and their scores `[sequences]`.
    """
    scores, weights = weft.convert_to_tensor(potentials), weft.convert_to_tensor(transition_params)[None]
    goes_on = _by_time(_mask(sequence_length, scores))[1:]
    same = weft.range(weft.shape(scores)[2])[None]

    def step(before: Any, taken: Any) -> Any:
        best, _ = before
        score, present = taken[0], taken[1][:, None]
        ways = best[:, :, None] + weights
        further = score + weft.reduce_max(ways, 1)
        chosen = weft.argmax(ways, 1, output_type=dtypes.int32)
        # Where a sequence has ended, each tag comes from itself, so that the way back passes by.
        return weft.where(present, further, best), weft.where(present, chosen, same + weft.zeros_like(chosen))

    first = scores[:, 0]
    start = first, weft.zeros_like(first, dtypes.int32)
    best, chosen = weft.scan(step, (_by_time(scores)[1:], goes_on), initializer=start)
    last = weft.concat([first[None], best], 0)[-1]
    end = weft.argmax(last, 1, output_type=dtypes.int32)
    before = weft.scan(lambda tag, ways: weft.gather(ways, tag, batch_dims=1), chosen, initializer=end, reverse=True)
    tags = _by_time(weft.concat([before, end[None]], 0))
    steps = weft.maximum(weft.convert_to_tensor(sequence_length), 1)
    return tags * weft.cast(_mask(steps, tags), dtypes.int32), weft.reduce_max(last, 1)
