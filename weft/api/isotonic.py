"""Monotone fits to sequences."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from weft.api import array, math
from weft.api.common import cast_to
from weft.base import dtypes
from weft.ir.types import TensorType
from weft.runtime import frontdoor
from weft.runtime.custom_gradient import custom_gradient
from weft.runtime.host_call import host_call


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
