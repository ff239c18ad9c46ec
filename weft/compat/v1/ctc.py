"""Connectionist temporal classification in version 1: sparse labels, time first."""

from __future__ import annotations

from typing import Any

import weft
from weft.api import ctc as _ctc
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1.ops import _old_name
from weft.runtime.sparse import SparseTensor


def ctc_loss(labels: Any, inputs: Any = None, sequence_length: Any = None, preprocess_collapse_repeated: bool = False,
             ctc_merge_repeated: bool = True, ignore_longer_outputs_than_inputs: bool = False, time_major: bool = True,
             logits: Any = None) -> Any:  # fmt: skip
    """Connectionist temporal classification: minus the log-probability of label sequences over all alignments.

    Args:
        labels: A SparseTensor `[batch, labels]` of integers.
        inputs: Logits `[time, batch, classes]`, or `[batch, time, classes]`; the last class stands for nothing.
        sequence_length: `[batch]`: how many steps count.
        preprocess_collapse_repeated: Must be False.
        ctc_merge_repeated: Must be True.
        ignore_longer_outputs_than_inputs: Whether a sequence with more labels than steps costs nothing.
        time_major: Whether time comes first.
        logits: Another name of `inputs`.

    Returns:
        `[batch]`.

    Source: Graves et al., Connectionist Temporal Classification, 2006.
    """
    for word, given, usual in (("preprocess_collapse_repeated", preprocess_collapse_repeated, False),
                               ("ctc_merge_repeated", ctc_merge_repeated, True)):  # fmt: skip
        if bool(given) is not usual:
            raise NotImplementedError(explain(f"ctc_loss has no `{word}`.", received=repr(given), hint="leave it out"))
    if not isinstance(labels, SparseTensor):
        raise TypeError("Expected labels to be a SparseTensor")
    scores = weft.convert_to_tensor(_old_name(logits, inputs, "logits", "inputs"))
    if scores.shape[-1] is None:
        raise ValueError(explain("ctc_loss: the number of classes must be known.", received=str(scores.shape),
                                 hint="set it with set_shape"))  # fmt: skip
    losses = _ctc.ctc_loss(labels, scores, None, sequence_length, time_major, None, scores.shape[-1] - 1)
    if not ignore_longer_outputs_than_inputs:
        return losses
    return weft.where(weft.math.is_finite(losses), losses, weft.zeros_like(losses))


def ctc_greedy_decoder(inputs: Any, sequence_length: Any, merge_repeated: bool = True) -> tuple[Any, Any]:
    """The best class at each time, without blanks; see `weft.nn.ctc_greedy_decoder`."""
    return _ctc.ctc_greedy_decoder(inputs, sequence_length, merge_repeated)


def ctc_beam_search_decoder(inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1,
                            merge_repeated: bool = True) -> tuple[Any, Any]:  # fmt: skip
    """The likeliest label sequences, by beam search; `merge_repeated` makes equal neighbours in them one."""
    paths, scores = _ctc.ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths)
    return ([_merged(path) for path in paths] if merge_repeated else paths), scores


def _merged(path: Any) -> Any:
    """A sparse matrix of labels in which equal neighbours are one."""
    rows, labels = path.indices[:, 0], path.values
    changed = weft.logical_or(weft.not_equal(rows[1:], rows[:-1]), weft.not_equal(labels[1:], labels[:-1]))
    kept = weft.concat([weft.ones_like(rows[:1], dtypes.bool_), changed], 0)
    rows, labels = weft.boolean_mask(rows, kept), weft.boolean_mask(labels, kept)
    number = weft.range(weft.size(rows, out_type=dtypes.int64))
    count = weft.math.unsorted_segment_sum(weft.ones_like(rows), rows, path.dense_shape[0])
    place = number - weft.gather(weft.cumsum(count, exclusive=True), rows)
    widest = weft.reduce_max(weft.concat([weft.zeros([1], dtypes.int64), count], 0))
    return SparseTensor(weft.stack([rows, place], 1), labels, weft.stack([path.dense_shape[0], widest]))


ctc_loss_v2 = _ctc.ctc_loss


ctc_beam_search_decoder_v2 = _ctc.ctc_beam_search_decoder
