"""`tf.nn`: losses of parts, statistics in parts, alignments without time stamps, older forms."""

from __future__ import annotations

from typing import Any

from weft.api import array, math, sparse
from weft.api.common import apply, cast_to, integer
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor
from weft.runtime.sparse import SparseTensor


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


# Statistics in parts -------------------------------------------------------------------------------------------------


def sufficient_statistics(x: Any, axes: Any, shift: Any = None, keepdims: bool = False,
                          name: str | None = None) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """What mean and variance over axes follow from.

    Args:
        x: A tensor.
        axes: Over which axes.
        shift: What is taken off beforehand, near the mean, or None.
        keepdims: Whether reduced axes stay, with size 1.
        name: Accepted.

    Returns:
        The number of elements, their sum, the sum of their squares (both after the shift), and the shift.
    """
    tensor = frontdoor.convert(x)
    over = sorted({int(a) % tensor.shape.rank for a in (axes if isinstance(axes, (list, tuple)) else [axes])})
    known = tensor.shape.as_list()
    if all(known[a] is not None for a in over):
        number = 1
        for a in over:
            number *= known[a]
        count = array.constant(number, tensor.dtype)
    else:
        count = cast_to(math.reduce_prod(array.gather(array.shape(tensor), over)), tensor.dtype)
    moved = tensor if shift is None else tensor - cast_to(frontdoor.convert(shift), tensor.dtype)
    total = math.reduce_sum(moved, axis=over, keepdims=keepdims)
    squares = math.reduce_sum(math.square(moved), axis=over, keepdims=keepdims)
    return count, total, squares, None if shift is None else frontdoor.convert(shift)


def normalize_moments(counts: Any, mean_ss: Any, variance_ss: Any, shift: Any,
                      name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """Mean and variance from what `sufficient_statistics` gives."""
    divisor = math.reciprocal(frontdoor.convert(counts))
    moved = math.multiply(mean_ss, divisor)
    mean = moved if shift is None else moved + shift
    return mean, math.subtract(math.multiply(variance_ss, divisor), math.square(moved))


def weighted_moments(x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False,
                     name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """Mean and variance over axes, where elements count by weights that broadcast."""
    tensor = frontdoor.convert(x)
    weights = frontdoor.convert(frequency_weights, None if frontdoor.is_tensor_like(frequency_weights)
                                else tensor.dtype)  # fmt: skip
    wide = tensor.dtype is dtypes.float16
    values = cast_to(tensor, dtypes.float32) if wide else tensor
    weights = cast_to(weights, values.dtype)
    over = [int(a) for a in (axes if isinstance(axes, (list, tuple)) else [axes])]
    spread = weights + array.zeros_like(values)
    total = math.reduce_sum(spread, axis=over, keepdims=True)
    mean = math.reduce_sum(values * weights, axis=over, keepdims=True) / total
    distance = math.reduce_sum(weights * math.squared_difference(values, mean), axis=over, keepdims=True) / total
    if not keepdims:
        mean, distance = array.squeeze(mean, over), array.squeeze(distance, over)
    return (cast_to(mean, tensor.dtype), cast_to(distance, tensor.dtype)) if wide else (mean, distance)


def batch_norm_with_global_normalization(input: Any, mean: Any, variance: Any, beta: Any, gamma: Any,
                                         variance_epsilon: float, scale_after_normalization: bool,
                                         name: str | None = None) -> Any:  # fmt: skip
    """`batch_normalization`, with the scale left out unless it is asked for."""
    from weft.api.nn import batch_normalization

    return batch_normalization(input, mean, variance, beta, gamma if scale_after_normalization else None,
                               variance_epsilon, name)  # fmt: skip


def atrous_conv2d(value: Any, filters: Any, rate: Any, padding: str, name: str | None = None) -> Any:
    """A convolution of images whose filter has holes: only every `rate`-th pixel counts."""
    from weft.api.nn import convolution

    return convolution(value, filters, 1, padding, "NHWC", [integer(rate, "rate")] * 2, name)


# Alignments ----------------------------------------------------------------------------------------------------------


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
    found = [array.unique(x[row]) for row in range(rows)]
    uniques = [array.pad(u.y, [[0, width - u.y.shape[0]]]) if u.y.shape[0] is not None else
               array.concat([u.y, array.zeros([width - array.shape(u.y)[0]], x.dtype)], 0) for u in found]  # fmt: skip
    return [cast_to(array.stack(uniques), dtypes.int64), array.stack([u.idx for u in found])]
