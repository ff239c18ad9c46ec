"""Different values and how often they occur: unique, counts, histograms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dims import Dim
from weft.ir.types import TensorType
from weft.ops.axes import axis_of, need_rank, same_shape, shape_of
from weft.ops.opdef import OpDef, SpecError, case, nondifferentiable, register

if TYPE_CHECKING:
    from weft.base.dims import Dimension
    from weft.base.dtypes import DType

_HALF = (dtypes.float16.numpy, dtypes.bfloat16.numpy)
_COUNTS = nondifferentiable("its results are counts and positions")


def _unique_parts(x: Any) -> tuple[Any, Any, Any]:
    """Where each different value occurs first, which of them each element is, and how often each occurs."""
    if x.dtype == object:
        numbers = {value: number for number, value in enumerate(dict.fromkeys(x.tolist()))}
        which = np.fromiter(map(numbers.__getitem__, x.tolist()), np.int64, len(x))
        return _first_places(which, len(numbers)), which, np.bincount(which, minlength=len(numbers))
    if x.dtype.kind in "iu" and len(x):
        least, greatest = int(x.min()), int(x.max())
        if greatest - least < 4 * len(x):  # a table of all numbers between is no larger than what sorting needs
            wide = x if x.dtype.itemsize == 8 else x.astype(np.int64)  # in fewer bits the difference would wrap round
            return _counted((wide - wide.dtype.type(least)).astype(np.int64), greatest - least + 1)
    values = x.astype(np.float32) if x.dtype in _HALF else x
    if not len(values):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    sorting = np.argsort(values)
    ordered = values[sorting]
    begins = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    starts = np.flatnonzero(begins)
    found = np.minimum.reduceat(sorting, starts)
    order = np.argsort(found)  # these are sorted by value, the results come in the order of their first occurrence
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    which = np.empty(len(values), np.int64)
    which[sorting] = rank[np.cumsum(begins) - 1]
    return found[order], which, np.diff(starts, append=len(values))[order]


def _first_places(which: Any, count: int) -> Any:
    """Where each of the numbers from 0 occurs first."""
    first = np.empty(count, np.int64)
    first[which[::-1]] = np.arange(len(which) - 1, -1, -1)  # of several writes to a place the last one stays
    return first


def _counted(x: Any, size: int) -> tuple[Any, Any, Any]:
    """The parts of integers from 0 up to a size that a table can have."""
    counts = np.bincount(x, minlength=size)
    there = np.flatnonzero(counts)
    places = np.zeros(size, np.int64)
    places[x[::-1]] = np.arange(len(x) - 1, -1, -1)
    first = places[there]
    order = np.argsort(first)
    numbers = np.empty(size, np.int64)
    numbers[there[order]] = np.arange(len(order))
    return first[order], numbers[x], counts[there[order]]


def _parts_along(x: Any, axis: int) -> tuple[Any, Any, Any]:
    """`_unique_parts` of what lies along an axis: two are the same where all their elements are."""
    rows = np.moveaxis(x, axis, 0)
    rows = rows.reshape(len(rows), math.prod(rows.shape[1:]))
    which = np.zeros(len(rows), np.int64)
    for column in rows.T:  # the rows' numbers so far and the numbers of one column give new ones
        own = _unique_parts(column)[1]
        which = _unique_parts(which * (len(rows) + 1) + own)[1]
    return _unique_parts(which)


def _unique_spec(x: TensorType, *, dtype: DType, axis: int | None) -> tuple[TensorType, TensorType]:
    if axis is None:
        need_rank(x, 1, "x")
        axis = 0
    shape = list(shape_of(x))
    place = axis_of(axis, len(shape))
    count, shape[place] = shape[place], Dim.fresh("unique")
    return TensorType(tuple(shape), x.dtype), TensorType((count,), dtype)


def _unique(x: Any, dtype: DType, axis: int | None) -> tuple[Any, Any]:
    values, which, _ = _unique_with_counts(x, dtype, axis)
    return values, which


def _unique_with_counts(x: Any, dtype: DType, axis: int | None) -> tuple[Any, Any, Any]:
    first, which, counts = _unique_parts(x) if x.ndim == 1 else _parts_along(x, 0 if axis is None else axis)
    return np.take(x, first, axis or 0), which.astype(dtype.numpy), counts.astype(dtype.numpy)


def _unique_with_counts_spec(x: TensorType, *, dtype: DType, axis: int | None) -> tuple[TensorType, ...]:
    values, which = _unique_spec(x, dtype=dtype, axis=axis)
    return values, which, TensorType((shape_of(values)[axis or 0],), dtype)


_UNIQUE_CASES = (
    case(np.array([3, 1, 3, 2, 1]), dtype=dtypes.int32),
    case(np.array([0.5, np.nan, 0.5, np.nan]), dtype=dtypes.int64, dtypes=dtypes.FLOATS),
    case(np.array([b"b", b"a", b"b"], object), dtypes=(dtypes.string,)),
    case(np.zeros((0,))),
    case(np.array([[1, 2], [3, 4], [1, 2]]), axis=0),
    case(np.array([[[1, 2], [0, 2]], [[1, 2], [0, 1]]]), axis=-1, dtypes=dtypes.FLOATS),
    case(np.array([[b"a", b"b", b"a"]], object), axis=1, dtypes=(dtypes.string,)),
    case(np.zeros((2, 0)), axis=0),
    case(np.zeros((0, 2)), axis=0),
)

register(
    OpDef(
        name="unique",
        inputs=("x",),
        attrs={"dtype": dtypes.int32, "axis": None},
        spec=_unique_spec,
        reference=_unique,
        dtypes=(dtypes.ALL,),
        vjp=_COUNTS,
        outputs=("y", "idx"),
        doc="The different values of a vector, or along an axis, in order of occurrence, and which of them each is.",
        cases=_UNIQUE_CASES,
    )
)

register(
    OpDef(
        name="unique_with_counts",
        inputs=("x",),
        attrs={"dtype": dtypes.int32, "axis": None},
        spec=_unique_with_counts_spec,
        reference=_unique_with_counts,
        dtypes=(dtypes.ALL,),
        vjp=_COUNTS,
        outputs=("y", "idx", "count"),
        doc="`unique`, and how often each value occurs.",
        cases=_UNIQUE_CASES,
    )
)


# Counts --------------------------------------------------------------------------------------------------------------


def _bincount_spec(
    values: TensorType,
    *weights: TensorType,
    size: Dimension | None,
    minlength: int,
    maxlength: int | None,
    dtype: DType,
    binary_output: bool,
) -> TensorType:
    shape = shape_of(values)
    if len(shape) not in (1, 2):
        raise SpecError(f"`values` has shape {shapes.show(values.shape)}", expected="a vector, or rows to count in")
    if len(weights) > 1 or (weights and binary_output):
        raise SpecError("binary output and weights exclude one another" if binary_output else "more than one `weights`")
    if weights and same_shape(shape, shape_of(weights[0])) is None:
        raise SpecError(f"`weights` has shape {shapes.show(weights[0].shape)}", expected=shapes.show(values.shape))
    bins = Dim.fresh("bins") if size is None else size
    return TensorType((*shape[:-1], bins), weights[0].dtype if weights else dtype)


def _bincount(
    values: Any,
    *weights: Any,
    size: int | None,
    minlength: int,
    maxlength: int | None,
    dtype: DType,
    binary_output: bool,
) -> Any:
    if values.size and values.min() < 0:
        bad = np.argwhere(values < 0)[0]
        raise ValueError(f"`values` holds {values[tuple(bad)]} at position {bad.tolist()} (expected 0 or more)")
    if size is None:
        size = int(values.max()) + 1 if values.size else 0
        size = max(size, minlength) if maxlength is None else min(max(size, minlength), maxlength)
    rows = values.reshape(-1, values.shape[-1]) if values.ndim == 2 else values[None]
    kept = rows < size
    row = np.broadcast_to(np.arange(len(rows))[:, None], rows.shape)[kept]
    result = np.zeros((len(rows), size), weights[0].dtype if weights else dtype.numpy)
    if binary_output:
        result[row, rows[kept]] = 1
    elif weights:
        np.add.at(result, (row, rows[kept]), weights[0].reshape(rows.shape)[kept])
    else:
        flat = np.bincount(row * size + rows[kept], minlength=len(rows) * size)
        result[...] = flat.reshape(len(rows), size)
    return result if values.ndim == 2 else result[0]


register(
    OpDef(
        name="bincount",
        inputs=("values", "*weights"),
        attrs={"size": None, "minlength": 0, "maxlength": None, "dtype": dtypes.int32, "binary_output": False},
        spec=_bincount_spec,
        reference=_bincount,
        dtypes=((dtypes.int32, dtypes.int64), (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)),
        same=(0,),
        vjp=nondifferentiable("TensorFlow gives counts no gradient"),
        doc="How often each number occurs (or the sum of its weights), in a vector or in each row; size from the data "
        "unless given.",
        cases=(
            case(np.array([1, 2, 2, 5], np.int32), minlength=2, maxlength=4),
            case(np.array([1, 2, 2, 5], np.int64), (4,), size=6),
            case(np.array([[1, 1], [0, 2]], np.int32), size=3, binary_output=True, dtype=dtypes.float32),
            case(np.zeros((0,), np.int32)),
        ),
    )
)


def _histogram_spec(values: TensorType, value_range: TensorType, *, nbins: int, dtype: DType) -> TensorType:
    if same_shape(shape_of(value_range), (2,)) is None:
        raise SpecError(f"`value_range` has shape {shapes.show(value_range.shape)}", expected="(2,): low and high")
    if nbins < 1:
        raise SpecError(f"nbins is {nbins}", expected="1 or more")
    return TensorType((nbins,), dtype)


def _histogram(values: Any, value_range: Any, nbins: int, dtype: DType) -> Any:
    low, high = (float(edge) for edge in value_range)
    if not low < high:
        raise ValueError(f"`value_range` is [{low}, {high}] (expected low < high)")
    wide = np.float32 if values.dtype.itemsize == 2 and values.dtype.kind not in "iu" else np.float64
    wide = values.dtype if values.dtype.kind == "f" and values.dtype.itemsize > 2 else wide
    edges = value_range.astype(wide)
    with np.errstate(all="ignore"):
        place = np.floor(nbins * ((values.astype(wide) - edges[0]) / (edges[1] - edges[0])))
    if np.isnan(place).any():
        raise ValueError("`values` must not contain NaN")
    return np.bincount(np.clip(place, 0, nbins - 1).astype(np.int64).reshape(-1), minlength=nbins).astype(dtype.numpy)


register(
    OpDef(
        name="histogram_fixed_width",
        inputs=("values", "value_range"),
        attrs={"nbins": 100, "dtype": dtypes.int32},
        spec=_histogram_spec,
        reference=_histogram,
        dtypes=(dtypes.REALS,),
        vjp=nondifferentiable("counts jump"),
        doc="How many values fall into each of equal bins; those outside the range count in the outermost bins.",
        cases=(
            case(np.array([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0]), np.array([0.0, 5.0]), nbins=5, dtypes=dtypes.FLOATS),
            case(np.array([[1, 2], [3, 9]]), np.array([0, 10]), nbins=2, dtype=dtypes.int64),
        ),
    )
)
