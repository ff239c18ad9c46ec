"""Connectionist temporal classification: its loss and its decoders (Graves et al. 2006)."""

from __future__ import annotations

from typing import Any

from weft.api import array, math, ordering, sparse
from weft.api.common import apply, cast_to, integer
from weft.base import dtypes
from weft.runtime import frontdoor
from weft.runtime.sparse import SparseTensor


def ctc_loss(labels: Any, logits: Any, label_length: Any, logit_length: Any, logits_time_major: bool = True,
             unique: Any = None, blank_index: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """Connectionist temporal classification: minus the log-probability of label sequences over all alignments.

    Args:
        labels: `[batch, labels]`, integers, or a SparseTensor, which says the lengths itself.
        logits: `[time, batch, classes]`, or `[batch, time, classes]` unless `logits_time_major`.
        label_length: `[batch]`; None for sparse labels.
        logit_length: `[batch]`.
        logits_time_major: Whether time comes first.
        unique: Accepted.
        blank_index: The class that stands for nothing; 0 where None, which sparse labels may not leave out.
        name: Accepted.

    Returns:
        `[batch]`.
    """
    scores = frontdoor.convert(logits)
    if isinstance(labels, SparseTensor):
        if blank_index is None:
            raise ValueError("Argument `blank_index` must be provided when labels is a SparseTensor.")
        rows = labels.indices[:, 0]
        label_length = math.unsorted_segment_sum(array.ones_like(rows, dtypes.int32), rows, labels.dense_shape[0])
        labels = sparse.to_dense(labels)
    if not logits_time_major:
        scores = array.transpose(scores, [1, 0, 2])
    blank = 0 if blank_index is None else integer(blank_index, "blank_index")
    lengths = [_lengths(n) for n in (label_length, logit_length)]
    return apply("ctc_loss", scores, _lengths(labels), *lengths, blank_index=blank, name=name)


def _lengths(value: Any) -> Any:
    tensor = frontdoor.convert(value)
    return tensor if tensor.dtype in (dtypes.int32, dtypes.int64) else cast_to(tensor, dtypes.int32)


def _decoded(decoded: Any, lengths: Any) -> SparseTensor:
    """Rows filled up at the end as a sparse matrix, as wide as the longest row."""
    kept = math.less(array.range(array.shape(decoded)[1])[None], cast_to(lengths, dtypes.int32)[:, None])
    places = array.where(kept)
    widest = math.reduce_max(array.concat([array.zeros([1], dtypes.int64), cast_to(lengths, dtypes.int64)], 0))
    rows = cast_to(array.shape(decoded)[0], dtypes.int64)
    return SparseTensor(places, array.gather_nd(decoded, places), array.stack([rows, widest]))


def ctc_greedy_decoder(inputs: Any, sequence_length: Any, merge_repeated: bool = True,
                       blank_index: int | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The best class at each time, without blanks.

    Args:
        inputs: Logits `[time, batch, classes]`.
        sequence_length: `[batch]`.
        merge_repeated: Whether equal neighbours are one label.
        blank_index: The class that stands for nothing; the last where None.

    Returns:
        A list of one SparseTensor `[batch, labels]`, int64, and minus the sum of the best logits, `[batch, 1]`.
    """
    blank = -1 if blank_index is None else integer(blank_index, "blank_index")
    decoded, lengths, score = apply("ctc_greedy_decoder", inputs, _lengths(sequence_length), blank_index=blank,
                                    merge_repeated=bool(merge_repeated))  # fmt: skip
    return [_decoded(decoded, lengths)], score


def ctc_beam_search_decoder(inputs: Any, sequence_length: Any, beam_width: int = 100,
                            top_paths: int = 1) -> tuple[Any, Any]:  # fmt: skip
    """The likeliest label sequences, by beam search; the last class stands for nothing.

    Args:
        inputs: Logits `[time, batch, classes]`.
        sequence_length: `[batch]`.
        beam_width: How many beginnings are followed at a time.
        top_paths: How many sequences are wanted.

    Returns:
        A list of SparseTensors `[batch, labels]`, int64, and their log-probabilities `[batch, top_paths]`.
    """
    paths = integer(top_paths, "top_paths")
    decoded, lengths, score = apply("ctc_beam_search_decoder", inputs, _lengths(sequence_length), blank_index=-1,
                                    beam_width=integer(beam_width, "beam_width"), top_paths=paths)  # fmt: skip
    return [_decoded(decoded[number], lengths[number]) for number in range(paths)], score


def collapse_repeated(labels: Any, seq_length: Any, name: str | None = None) -> tuple[Any, Any]:
    """Rows of labels in which equal neighbours are one, filled up with 0, and how long they are.

    Args:
        labels: `[batch, time]`.
        seq_length: `[batch]`.
        name: Accepted.

    Returns:
        `[batch, longest]`, and the lengths `[batch]`.
    """
    x, lengths = frontdoor.convert(labels), frontdoor.convert(seq_length)
    changed = math.not_equal(x[:, 1:], x[:, :-1])
    first = array.concat([array.ones_like(x[:, :1], dtypes.bool_), changed], 1)
    inside = array.sequence_mask(lengths, array.shape(x)[1])
    kept = math.logical_and(first, inside)
    counts = math.reduce_sum(cast_to(kept, lengths.dtype), axis=1)
    place = math.cumsum(cast_to(kept, dtypes.int64), axis=1) - 1
    at = array.where(kept)
    target = array.stack([at[:, 0], array.gather_nd(place, at)], 1)
    shape = array.stack([array.shape(x)[0], cast_to(math.reduce_max(counts), dtypes.int32)])
    return array.tensor_scatter_nd_update(array.fill(shape, array.constant(0, x.dtype)), target,
                                          array.gather_nd(x, at)), counts  # fmt: skip


def ctc_unique_labels(labels: Any, name: str | None = None) -> list[Any]:
    """The different labels of each row and which of them each place has: two tensors of the shape of `labels`."""
    x = frontdoor.convert(labels)
    rows, width = x.shape.as_list()
    found = [ordering.unique(x[row]) for row in range(rows)]
    uniques = [array.pad(u.y, [[0, width - u.y.shape[0]]]) if u.y.shape[0] is not None else
               array.concat([u.y, array.zeros([width - array.shape(u.y)[0]], x.dtype)], 0) for u in found]  # fmt: skip
    return [cast_to(array.stack(uniques), dtypes.int64), array.stack([u.idx for u in found])]
