"""The rarer functions of `tf.nn`: monotone fits, the greatest few, pooling by uneven windows, gradients by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from weft.api import array, math
from weft.api.common import cast_to, integer, keeps_all
from weft.base import dtypes
from weft.base.errors import explain
from weft.ir.types import TensorType
from weft.runtime import frontdoor
from weft.runtime import random as streams
from weft.runtime.custom_gradient import custom_gradient
from weft.runtime.host_call import host_call

# Monotone fits ------------------------------------------------------------------------------------------------------


class IsotonicRegression(NamedTuple):
    """The nearest monotone sequences, and which stretch of equal values each place is of."""

    output: Any
    segments: Any


def _falling(row: Any) -> tuple[Any, Any]:
    """The nearest falling sequence: stretches that rise are joined to their mean (Ayer et al. 1955)."""
    means: list[float] = []
    counts: list[int] = []
    for value in row.tolist():
        means.append(value)
        counts.append(1)
        while len(means) > 1 and means[-2] < means[-1]:
            mean, count = means.pop(), counts.pop()
            total = counts[-1] + count
            means[-1] = (means[-1] * counts[-1] + mean * count) / total
            counts[-1] = total
    return np.repeat(means, counts), np.repeat(np.arange(len(counts)), counts)


def isotonic_regression(inputs: Any, decreasing: bool = True, axis: int = -1) -> IsotonicRegression:
    """The monotone sequences that are nearest to some in the sum of squares.

    Args:
        inputs: `[..., n, ...]`, sequences along `axis`.
        decreasing: Whether they fall, else they rise.
        axis: The axis of the sequences.

    Returns:
        `output`, floats of the shape of `inputs`, and `segments`, int32: which stretch of equal values a place is of.

    Example:
        >>> import weft as tf
        >>> tf.nn.isotonic_regression([3.0, 1.0, 2.0]).output.numpy().tolist()
        [3.0, 1.5, 1.5]
    """
    x = frontdoor.convert(inputs)
    kind = x.dtype if x.dtype.is_floating else dtypes.float32 if x.dtype.size < 4 else dtypes.float64
    rank = x.shape.rank
    if rank is None:
        raise ValueError("isotonic_regression: the number of axes must be known; use set_shape.")
    last = axis % rank == rank - 1
    order = [a for a in range(rank) if a != axis % rank] + [axis % rank]
    x = cast_to(x if last else array.transpose(x, order), kind)

    def run(values: Any) -> list[Any]:
        flat = values.reshape(-1, values.shape[-1]) if values.size else values.reshape(0, values.shape[-1])
        found = [_falling(row) for row in flat.astype(np.float64)]
        made = np.array([row for row, _ in found]).reshape(values.shape).astype(values.dtype)
        return [made, np.array([row for _, row in found], np.int32).reshape(values.shape)]

    @custom_gradient
    def fitted(values: Any) -> Any:
        types = [TensorType(values.type.shape, values.dtype), TensorType(values.type.shape, dtypes.int32)]
        made, segments = host_call(run, [array.stop_gradient(values)], types, "IsotonicRegression")

        def back(ct: Any, _: Any = None) -> Any:
            size = array.shape(ct)[-1]
            rows = array.reshape(ct, array.stack([-1, size]))
            count = array.shape(rows)[0]
            ids = array.reshape(segments, array.stack([-1, size])) + (array.range(count) * size)[:, None]
            ids = array.reshape(ids, [-1])
            means = math.unsorted_segment_mean(array.reshape(rows, [-1]), ids, count * size)
            return array.reshape(array.gather(means, ids), array.shape(ct))

        return (made, segments), back

    made, segments = fitted(x if decreasing else -x)
    made = made if decreasing else -made
    if not last:
        undo = [int(place) for place in np.argsort(order)]
        made, segments = array.transpose(made, undo), array.transpose(segments, undo)
    return IsotonicRegression(made, segments)


# The greatest few ---------------------------------------------------------------------------------------------------


class ApproxTopK(NamedTuple):
    """The greatest or least elements along an axis, and where they stand."""

    values: Any
    indices: Any


def approx_top_k(input: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95, is_max_k: bool = True,
                 reduction_input_size_override: int = -1, aggregate_to_topk: bool = True,
                 name: str | None = None) -> ApproxTopK:  # fmt: skip
    """The `k` greatest (or least) elements along an axis: all of them are found, whatever share is asked for.

    Raises:
        NotImplementedError: Without `aggregate_to_topk`, which is for what several TPUs then join.
    """
    if not aggregate_to_topk:
        raise NotImplementedError(explain("approx_top_k gives the k elements themselves.",
                                          received="aggregate_to_topk=False", hint="leave it out"))  # fmt: skip
    x = frontdoor.convert(input)
    axis = integer(reduction_dimension, "reduction_dimension") % x.shape.rank
    last = axis == x.shape.rank - 1
    order = [a for a in range(x.shape.rank) if a != axis] + [axis]
    rows = x if last else array.transpose(x, order)
    values, indices = math.top_k(rows if is_max_k else -rows, k)
    values = values if is_max_k else -values
    if not last:
        undo = [int(place) for place in np.argsort(order)]
        values, indices = array.transpose(values, undo), array.transpose(indices, undo)
    return ApproxTopK(values, indices)


def approx_max_k(operand: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95,
                 reduction_input_size_override: int = -1, aggregate_to_topk: bool = True,
                 name: str | None = None) -> ApproxTopK:  # fmt: skip
    """The `k` greatest elements along an axis: all of them are found, whatever share is asked for."""
    return approx_top_k(operand, k, reduction_dimension, recall_target, True, reduction_input_size_override,
                        aggregate_to_topk, name)  # fmt: skip


def approx_min_k(operand: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95,
                 reduction_input_size_override: int = -1, aggregate_to_topk: bool = True,
                 name: str | None = None) -> ApproxTopK:  # fmt: skip
    """The `k` least elements along an axis: all of them are found, whatever share is asked for."""
    return approx_top_k(operand, k, reduction_dimension, recall_target, False, reduction_input_size_override,
                        aggregate_to_topk, name)  # fmt: skip


# Pooling by uneven windows ------------------------------------------------------------------------------------------


def _borders(size: int, ratio: float, pseudo: bool, rng: Any) -> list[int]:
    """Where windows of one or two steps begin, and the last ends (Graham 2014)."""
    count = int(np.floor(size / ratio))
    if pseudo:
        share = rng.uniform()
        ratio = (size - 1) / count if count else 1.0
        steps = [int(np.ceil(ratio * (i + share))) for i in range(count)]
        found = [0, *[max(s, 1) for s in steps[1:]], size]
        return [min(max(place, number), size - (count - number)) for number, place in enumerate(found)]
    short = size // count
    longer = size - short * count
    lengths = rng.permutation([short + 1] * longer + [short] * (count - longer))
    return [0, *np.cumsum(lengths).tolist()]


def _windows(x: Any, borders: list[int], axis: int, overlapping: bool, join: Callable[..., Any]) -> Any:
    """An axis reduced window by window."""
    ends = [min(end + 1, borders[-1]) if overlapping else end for end in borders[1:]]
    parts = [join(x[(slice(None),) * axis + (slice(begin, end),)], axis, keepdims=True)
             for begin, end in zip(borders[:-1], ends, strict=True)]  # fmt: skip
    return array.concat(parts, axis)


class FractionalPool(NamedTuple):
    """The pooled images, and where windows begin down and across."""

    output: Any
    row_pooling_sequence: Any
    col_pooling_sequence: Any


def _fractional(value: Any, ratio: Any, pseudo: bool, overlapping: bool, seed: int, join: Any,
                said: str) -> FractionalPool:  # fmt: skip
    x = frontdoor.convert(value)
    ratios = [1.0, float(ratio), float(ratio), 1.0] if np.ndim(ratio) == 0 else [float(r) for r in ratio]
    ratios = [1.0, *ratios, 1.0] if len(ratios) == 2 else [1.0, *ratios * 2, 1.0] if len(ratios) == 1 else ratios
    if len(ratios) != 4 or ratios[0] != 1.0 or ratios[3] != 1.0 or min(ratios) < 1.0:
        raise ValueError(explain(f"{said}: `pooling_ratio` says how much smaller height and width become.",
                                 expected="[1, rows, columns, 1], each at least 1", received=str(ratio)))  # fmt: skip
    height, width = (integer(size, "the size of the images") for size in x.shape[1:3])
    seeds = streams.op_seeds(seed or None)
    rng = np.random.Generator(np.random.PCG64(list(seeds) if seeds is not None else None))
    rows, columns = (_borders(size, r, pseudo, rng) for size, r in ((height, ratios[1]), (width, ratios[2])))
    made = _windows(_windows(x, rows, 1, overlapping, join), columns, 2, overlapping, join)
    return FractionalPool(made, array.constant(rows, dtypes.int64), array.constant(columns, dtypes.int64))


def fractional_max_pool(value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False,
                        seed: int = 0, name: str | None = None) -> FractionalPool:  # fmt: skip
    """The greatest value of each of some windows whose sizes differ by chance (Graham 2014).

    Args:
        value: `[batch, height, width, channels]`.
        pooling_ratio: How much smaller height and width become: one number, two, or `[1, rows, columns, 1]`.
        pseudo_random: Whether sizes are spread evenly, else they are shuffled.
        overlapping: Whether a window has the first row and column of the next.
        seed: For the random numbers; 0 for one that differs from run to run. Traced functions draw once.
        name: The node's name.

    Returns:
        `output`, and int64 `row_pooling_sequence` and `col_pooling_sequence`: where windows begin and the last ends.
    """
    return _fractional(value, pooling_ratio, pseudo_random, overlapping, seed, math.reduce_max, "fractional_max_pool")


def fractional_avg_pool(value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False,
                        seed: int = 0, name: str | None = None) -> FractionalPool:  # fmt: skip
    """As `fractional_max_pool`, with the mean of each window."""
    return _fractional(value, pooling_ratio, pseudo_random, overlapping, seed, math.reduce_mean, "fractional_avg_pool")


# Gradients as functions ---------------------------------------------------------------------------------------------


def _pulled_back(function: Callable[[Any], Any], x: Any, ct: Any) -> Any:
    """What flows back to `x` through a function that is linear in it."""
    from weft.autodiff import GradientTape

    with GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x, ct)


def depthwise_conv2d_backprop_input(input_sizes: Any, filter: Any, out_backprop: Any, strides: Any, padding: Any,
                                    data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1),
                                    name: str | None = None) -> Any:  # fmt: skip
    """What flows back to the images of a depthwise convolution, whose sizes are `input_sizes`."""
    ct = frontdoor.convert(out_backprop)
    kernel = frontdoor.convert(filter, hint=ct.dtype)
    images = array.zeros(input_sizes, ct.dtype)
    return _pulled_back(lambda x: _depthwise(x, kernel, strides, padding, data_format, dilations), images, ct)


def depthwise_conv2d_backprop_filter(input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any,
                                     data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1),
                                     name: str | None = None) -> Any:  # fmt: skip
    """What flows back to the filter of a depthwise convolution, whose sizes are `filter_sizes`."""
    ct = frontdoor.convert(out_backprop)
    images = frontdoor.convert(input, hint=ct.dtype)
    kernel = array.zeros(filter_sizes, ct.dtype)
    return _pulled_back(lambda k: _depthwise(images, k, strides, padding, data_format, dilations), kernel, ct)


def _depthwise(images: Any, kernel: Any, strides: Any, padding: Any, data_format: str, dilations: Any) -> Any:
    from weft.api.nn import depthwise_conv2d

    holes = list(dilations)[2:] if data_format.upper().startswith("NC") else list(dilations)[1:3]
    return depthwise_conv2d(images, kernel, strides, padding, data_format, holes)


def atrous_conv2d_transpose(value: Any, filters: Any, output_shape: Any, rate: Any, padding: Any,
                            name: str | None = None) -> Any:  # fmt: skip
    """The gradient of a convolution whose filter has holes as an operation."""
    from weft.api.nn import conv_transpose

    return conv_transpose(value, filters, output_shape, 1, padding, "NHWC", [rate, rate], name)


# Dropout ------------------------------------------------------------------------------------------------------------


def general_dropout(x: Any, rate: Any, uniform_sampler: Callable[..., Any], noise_shape: Any = None,
                    name: str | None = None) -> Any:  # fmt: skip
    """`tf.nn.dropout` by numbers of one's own.

    Args:
        x: Floats.
        rate: The share of the elements that become zero.
        uniform_sampler: `(shape=..., dtype=...)` to numbers between 0 and 1.
        noise_shape: The shape of these numbers, which is broadcast; that of `x` where None.
        name: The node's name.

    Raises:
        ValueError: For a rate outside [0, 1).
    """
    tensor = frontdoor.convert(x)
    if keeps_all(rate):
        return tensor
    share = cast_to(rate, tensor.dtype)
    drawn = uniform_sampler(shape=array.shape(tensor) if noise_shape is None else noise_shape, dtype=tensor.dtype)
    kept = math.greater_equal(drawn, share)
    scale = 1 / (1 - (rate if isinstance(rate, (int, float)) else share))
    return array.where(kept, tensor * scale, array.zeros_like(tensor))


def stateless_dropout(x: Any, rate: Any, seed: Any, rng_alg: Any = None, noise_shape: Any = None,
                      name: str | None = None) -> Any:  # fmt: skip
    """`tf.nn.dropout` as a function of a seed of two integers."""
    from weft.api import random

    def drawn(shape: Any, dtype: Any) -> Any:
        return random.stateless_uniform(shape, seed, dtype=dtype, alg=rng_alg or "auto_select")

    return general_dropout(x, rate, drawn, noise_shape, name)


class experimental:
    """`tf.nn.experimental`."""

    general_dropout = staticmethod(general_dropout)
    stateless_dropout = staticmethod(stateless_dropout)
