"""Reductions by segment: rows that carry the same number are reduced into one.

The sorted forms take ascending numbers and make as many rows as the last one asks for; the unsorted ones take numbers
in any order (negative ones are left out) and are told how many rows to make.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dims import Dim
from weft.ir.types import TensorType
from weft.ops.axes import need_rank, same_shape, shape_of
from weft.ops.families import quiet
from weft.ops.opdef import OpDef, SpecError, case, register

if TYPE_CHECKING:
    from weft.base.dims import Dimension

_IDS = (dtypes.int32, dtypes.int64)
_HALF = (dtypes.float16.numpy, dtypes.bfloat16.numpy)


def _reduce(data: Any, ids: Any, count: int, combine: Any, start: Any) -> Any:
    """The rows of data combined by id into `count` rows that begin as `start`; half precisions rounded once."""
    rest = data.shape[ids.ndim :]
    wide = data.astype(np.float32) if data.dtype in _HALF else data
    result = np.full((count, *rest), start, wide.dtype)
    kept = ids.reshape(-1) >= 0
    rows = wide.reshape(-1, *rest) if wide.size else wide.reshape(ids.size, *rest)
    if np.all(kept):
        combine.at(result, ids.reshape(-1), rows)
    else:
        combine.at(result, ids.reshape(-1)[kept], rows[kept])
    return result.astype(data.dtype)


def _least(dtype: Any) -> Any:
    return np.asarray(dtypes.as_dtype(dtype).min, dtype)


def _greatest(dtype: Any) -> Any:
    return np.asarray(dtypes.as_dtype(dtype).max, dtype)


#: how rows combine, and what a segment without rows is (unsorted)
_KINDS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "sum": (np.add, lambda dtype: 0),
    "prod": (np.multiply, lambda dtype: 1),
    "max": (np.maximum, _least),
    "min": (np.minimum, _greatest),
}


# Sorted --------------------------------------------------------------------------------------------------------------


def _segment_spec(data: TensorType, segment_ids: TensorType) -> TensorType:
    need_rank(segment_ids, 1, "segment_ids")
    shape = shape_of(data)
    if same_shape(shape[:1], shape_of(segment_ids)) is None:
        raise SpecError(f"`data` has shape {shapes.show(data.shape)}, `segment_ids` {shapes.show(segment_ids.shape)}",
                        expected="a number for each row of data")  # fmt: skip
    return TensorType((Dim.fresh("segments"), *shape[1:]), data.dtype)


def _sorted_count(ids: Any) -> int:
    if not ids.size:
        return 0
    if ids[0] < 0:
        raise ValueError(f"`segment_ids` begins with {ids[0]} (expected 0 or more)")
    falls = np.flatnonzero(ids[1:] < ids[:-1])
    if falls.size:
        place = int(falls[0]) + 1
        raise ValueError(
            f"`segment_ids` falls from {ids[place - 1]} to {ids[place]} at position {place} "
            "(expected ascending numbers; tf.math.unsorted_segment_* takes any order)"
        )
    return int(ids[-1]) + 1


def _sorted_reference(kind: str) -> Callable[[Any, Any], Any]:
    combine, start = _KINDS[kind]

    def reference(data: Any, segment_ids: Any) -> Any:
        count = _sorted_count(segment_ids)
        result = _reduce(data, segment_ids, count, combine, start(data.dtype))
        if kind in ("max", "min"):  # a number that was skipped leaves zeros here
            result[np.bincount(segment_ids, minlength=count) == 0] = 0
        return result

    return reference


def _row_counts(ids: Any, count: int, rank: int) -> Any:
    return np.maximum(np.bincount(ids, minlength=count), 1).reshape(-1, *(1,) * (rank - 1))


def _segment_mean(data: Any, segment_ids: Any) -> Any:
    count = _sorted_count(segment_ids)
    wide = data.astype(np.float32) if data.dtype in _HALF else data
    total = _reduce(wide, segment_ids, count, np.add, 0)
    counts = _row_counts(segment_ids, count, data.ndim)
    if data.dtype.kind in "iu":  # truncated towards zero
        return (np.sign(total) * (np.abs(total) // counts.astype(data.dtype))).astype(data.dtype)
    return (total / counts.astype(wide.real.dtype)).astype(data.dtype)


def _mean_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    _, ids = node.inputs
    dtype = b.dtype(ct)
    rank = len(b.shape(ct))
    ones = b.full((b.shape(ids)[0], *(1,) * (rank - 1)), 1, dtype)
    counts = b.maximum(b.real(b.segment_sum(ones, ids)) if dtype.is_complex else b.segment_sum(ones, ids), 1)
    counts = b.cast(counts, dtype=dtype) if dtype.is_complex else counts
    # divided row by row: that both results have as many segments is nothing a shape rule can know
    return b.divide(b.gather(ct, ids, axis=0), b.gather(counts, ids, axis=0)), None


def _gather_rows(b: Any, value: Any, ids: Any) -> Any:
    return b.gather(value, ids, axis=0)


def _extreme_vjp(total: str) -> Callable[..., Sequence[Any]]:
    """The cotangent in equal parts to the rows that reached the extreme."""

    def rule(b: Any, node: Any, ct: Any) -> Sequence[Any]:
        data, ids, *extra = node.inputs
        pick = _gather_rows if total == "segment_sum" else _gather_kept
        won = b.cast(b.equal(pick(b, node.outputs[0], ids), data), dtype=b.dtype(data))
        winners = b.call(total, won, ids, *extra, **node.attrs)
        # shared out row by row: a segment without rows would divide by 0
        share = b.divide_no_nan(pick(b, ct, ids), pick(b, winners, ids))
        return b.multiply(share, won), None, *[None] * len(extra)

    return rule


def _product_vjp(name: str) -> Callable[..., Sequence[Any]]:
    """The product of the others: result / x, and where x is 0 the product without zeros if it is the only one."""

    def rule(b: Any, node: Any, ct: Any) -> Sequence[Any]:
        data, ids, *extra = node.inputs
        ordered = name == "segment"
        pick = _gather_rows if ordered else _gather_kept
        zero = b.equal(data, b.zeros_like(data))
        zeros = b.call(f"{name}_sum", b.cast(zero, dtype=dtypes.int32), ids, *extra, **node.attrs)
        filled = b.select(zero, b.ones_like(data), data)
        without = b.call(f"{name}_prod", filled, ids, *extra, **node.attrs)
        alone = b.greater(pick(b, zeros, ids), 1)
        others = b.select(zero, pick(b, without, ids), b.divide(pick(b, node.outputs[0], ids), filled))
        part = b.multiply(pick(b, ct, ids), b.conj(others))
        return b.select(alone, b.zeros_like(part), part), None, *[None] * len(extra)

    return rule


def _linear(name: str) -> Callable[..., Sequence[Any]]:
    return lambda b, node, t, *_: (b.call(name, t, *node.inputs[1:], **node.attrs),)


_SORTED_CASES = (
    case((4, 2), np.array([0, 0, 1, 3], np.int32), domain=(0.5, 2.0)),
    case((3,), np.array([0, 1, 1], np.int64), domain=(0.5, 2.0)),
    case((0, 2), np.zeros((0,), np.int32)),
)


def _sorted(kind: str, reference: Any, allowed: Any, vjp: Any, doc: str) -> None:
    register(
        OpDef(
            name=f"segment_{kind}",
            inputs=("data", "segment_ids"),
            spec=_segment_spec,
            reference=quiet(reference),
            dtypes=(allowed, _IDS),
            same=(0,),
            vjp=vjp,
            jvp=_linear(f"segment_{kind}") if kind in ("sum", "mean") else None,
            doc=doc,
            cases=_SORTED_CASES,
        )  # fmt: skip
    )


_sorted("sum", _sorted_reference("sum"), dtypes.NUMBERS,
        lambda b, node, ct: (b.gather(ct, node.inputs[1], axis=0), None),
        "The sum of the rows of each segment.")  # fmt: skip
_sorted("mean", _segment_mean, dtypes.NUMBERS, _mean_vjp,
        "The mean of the rows of each segment; 0 where there is none.")  # fmt: skip
_sorted("prod", _sorted_reference("prod"), dtypes.NUMBERS, _product_vjp("segment"),
        "The product of the rows of each segment; 1 where there is none.")  # fmt: skip
_sorted("max", _sorted_reference("max"), dtypes.REALS, _extreme_vjp("segment_sum"),
        "The greatest of the rows of each segment; 0 where there is none.")  # fmt: skip
_sorted("min", _sorted_reference("min"), dtypes.REALS, _extreme_vjp("segment_sum"),
        "The least of the rows of each segment; 0 where there is none.")  # fmt: skip


# Unsorted ------------------------------------------------------------------------------------------------------------


def _unsorted_spec(
    data: TensorType, segment_ids: TensorType, *count: TensorType, num_segments: Dimension | None
) -> TensorType:
    shape, covered = shape_of(data), shape_of(segment_ids)
    if len(covered) > len(shape) or same_shape(shape[: len(covered)], covered) is None:
        raise SpecError(f"`data` has shape {shapes.show(data.shape)}, `segment_ids` {shapes.show(segment_ids.shape)}",
                        expected="a shape of data that begins with that of segment_ids")  # fmt: skip
    if (num_segments is None) == (not count) or len(count) > 1:
        raise SpecError("the number of segments must be given once", expected="num_segments, or one scalar tensor")
    if count:
        need_rank(count[0], 0, "num_segments")
    if isinstance(num_segments, int) and num_segments < 0:
        raise SpecError(f"num_segments is {num_segments}", expected="0 or more")
    rows = Dim.fresh("segments") if num_segments is None else num_segments
    return TensorType((rows, *shape[len(covered) :]), data.dtype)


def _unsorted_reference(kind: str) -> Callable[..., Any]:
    combine, start = _KINDS[kind]

    def reference(data: Any, segment_ids: Any, *count: Any, num_segments: int | None) -> Any:
        rows = int(count[0]) if num_segments is None else num_segments
        if rows < 0:
            raise ValueError(f"`num_segments` is {rows} (expected 0 or more)")
        if segment_ids.size and segment_ids.max() >= rows:
            bad = np.argwhere(segment_ids >= rows)[0]
            raise IndexError(f"`segment_ids` holds {segment_ids[tuple(bad)]} at position {bad.tolist()} "
                             f"(allowed: below {rows}, and negative ones, which are left out)")  # fmt: skip
        return _reduce(data, segment_ids, rows, combine, start(data.dtype))

    return reference


def _gather_kept(b: Any, value: Any, ids: Any) -> Any:
    """The rows at the numbers, zeros at negative ones."""
    rows = b.gather(value, b.maximum(ids, 0), axis=0)
    shape = b.shape(ids)
    kept = b.greater_equal(ids, 0)
    rest = len(b.shape(rows)) - len(shape)
    if rest:
        kept = b.reshape(kept, shape=(*shape, *(1,) * rest))
    return b.select(kept, rows, b.zeros_like(rows))


_WITH_GAPS = (
    case((4, 2), np.array([2, 0, -1, 2], np.int32), domain=(0.5, 2.0), num_segments=3),
    case((2, 3), np.array([[1, 0, 1], [1, -2, 0]], np.int64), domain=(0.5, 2.0), num_segments=2),
    case((0, 2), np.zeros((0,), np.int32), num_segments=2),
)
# an empty segment of `max` and `min` holds the dtype's limit, next to which no difference can be seen
_WITHOUT_GAPS = (
    case((4, 2), np.array([1, 0, -1, 1], np.int32), domain=(0.5, 2.0), num_segments=2),
    case((3,), np.array([1, 1, 0], np.int64), np.int32(2), domain=(0.5, 2.0)),
    case((0, 2), np.zeros((0,), np.int32), num_segments=0),
)


def _unsorted(kind: str, allowed: Any, vjp: Any, doc: str) -> None:
    register(
        OpDef(
            name=f"unsorted_segment_{kind}",
            inputs=("data", "segment_ids", "*count"),
            attrs={"num_segments": None},
            spec=_unsorted_spec,
            reference=quiet(_unsorted_reference(kind)),
            dtypes=(allowed, _IDS, _IDS),
            same=(0,),
            vjp=vjp,
            jvp=_linear(f"unsorted_segment_{kind}") if kind == "sum" else None,
            doc=doc,
            cases=_WITHOUT_GAPS if kind in ("max", "min") else _WITHOUT_GAPS + _WITH_GAPS,
        )  # fmt: skip
    )


_unsorted("sum", dtypes.NUMBERS,
          lambda b, node, ct: (_gather_kept(b, ct, node.inputs[1]), None, *[None] * len(node.inputs[2:])),
          "The sum of the rows with each number; how many to make is an attribute or a further scalar.")  # fmt: skip
_unsorted("prod", dtypes.NUMBERS, _product_vjp("unsorted_segment"),
          "The product of the rows with each number; 1 where there is none.")  # fmt: skip
_unsorted("max", dtypes.REALS, _extreme_vjp("unsorted_segment_sum"),
          "The greatest of the rows with each number; the dtype's least finite value where there is none.")  # fmt: skip
_unsorted("min", dtypes.REALS, _extreme_vjp("unsorted_segment_sum"),
          "The least of the rows with each number; the dtype's greatest finite value where there is none.")  # fmt: skip
