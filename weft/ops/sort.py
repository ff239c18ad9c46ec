"""Order: sorting, the greatest k, and places in a sorted sequence. NaN counts as greater than every number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dims import Dim
from weft.ir.types import TensorType
from weft.ops.axes import INDICES, axis_of, need_rank, same_shape, same_size, shape_of
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, nondifferentiable, register

if TYPE_CHECKING:
    from weft.base.dims import Dimension
    from weft.base.dtypes import DType

_HALF = (dtypes.float16.numpy, dtypes.bfloat16.numpy)
_POSITIONS = nondifferentiable("its results are positions")
_SORTABLE = (*dtypes.REALS, dtypes.bool_)
_TIES = case(np.array([[2.0, 1.0, 2.0, 1.0], [0.0, 3.0, 3.0, 3.0]]), grad=0, axis=-1)
_NAN = case(np.array([2.0, np.nan, -np.inf, np.inf]), grad=0, dtypes=dtypes.FLOATS)


def _comparable(x: Any) -> Any:
    return x.astype(np.float32) if x.dtype in _HALF else x


def _check_direction(x: TensorType, axis: int, direction: str) -> None:
    axis_of(axis, len(shape_of(x)))
    if direction not in ("ASCENDING", "DESCENDING"):
        raise SpecError(f"direction is {direction!r}", expected="ASCENDING or DESCENDING")


def _sort_spec(x: TensorType, *, axis: int, direction: str) -> TensorType:
    _check_direction(x, axis, direction)
    return x


def _order(x: Any, axis: int, direction: str) -> Any:
    """The positions that sort an axis; equal elements stay in their order."""
    x = _comparable(x)
    if direction == "ASCENDING":
        return np.argsort(x, axis=axis, kind="stable")
    turned = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(turned, axis)


def _sort(x: Any, axis: int, direction: str) -> Any:
    ordered = np.sort(_comparable(x), axis=axis).astype(x.dtype)
    return ordered if direction == "ASCENDING" else np.flip(ordered, axis)


def _sort_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x = node.inputs[0]
    order = b.argsort(x, **node.attrs)
    return (b.take_along_axis_grad(ct, order, shape=b.shape(x), axis=node.attrs["axis"]),)


register(
    OpDef(
        name="sort",
        inputs=("x",),
        attrs={"axis": -1, "direction": "ASCENDING"},
        spec=_sort_spec,
        reference=_sort,
        decompose=lambda b, x, axis, direction: b.take_along_axis(
            x, b.argsort(x, axis=axis, direction=direction), axis=axis),
        dtypes=(_SORTABLE,),
        vjp=_sort_vjp,
        jvp=lambda b, node, t: (
            b.take_along_axis(t, b.argsort(node.inputs[0], **node.attrs), axis=node.attrs["axis"]),),
        doc="The elements in order along an axis.",
        cases=(case((2, 4)), case((3, 2), axis=0, direction="DESCENDING"), case((0, 2), axis=0), _TIES, _NAN),
    )
)  # fmt: skip

register(
    OpDef(
        name="argsort",
        inputs=("x",),
        attrs={"axis": -1, "direction": "ASCENDING", "dtype": dtypes.int32},
        spec=lambda x, axis, direction, dtype: _sort_spec(x, axis=axis, direction=direction).with_dtype(dtype),
        reference=lambda x, axis, direction, dtype: _order(x, axis, direction).astype(dtype.numpy),
        dtypes=(_SORTABLE,),
        vjp=_POSITIONS,
        doc="The positions that put the elements in order along an axis; equal ones stay in their order.",
        cases=(case((2, 4)), case((3, 2), axis=0, direction="DESCENDING", dtype=dtypes.int64), _TIES, _NAN),
    )
)


# The greatest --------------------------------------------------------------------------------------------------------


def _top_k_spec(
    x: TensorType, *count: TensorType, k: Dimension | None, sorted: bool, index_type: DType
) -> tuple[TensorType, TensorType]:
    shape = shape_of(x)
    if not shape:
        raise SpecError("`x` is a scalar", expected="at least one axis")
    if (k is None) == (not count) or len(count) > 1:
        raise SpecError("how many to take must be given once", expected="k, or one scalar tensor")
    if count:
        need_rank(count[0], 0, "k")
    size: Dimension = Dim.fresh("k") if k is None else k
    if isinstance(size, int) and isinstance(shape[-1], int) and not 0 <= size <= shape[-1]:
        raise SpecError(f"k is {size}, the last axis has {shape[-1]} elements", expected=f"0 to {shape[-1]}")
    result = (*shape[:-1], size)
    return TensorType(result, x.dtype), TensorType(result, index_type)


def _top_k(x: Any, *count: Any, k: int | None, sorted: bool, index_type: DType) -> tuple[Any, Any]:
    wanted = int(count[0]) if k is None else k
    if not 0 <= wanted <= x.shape[-1]:
        raise ValueError(f"k is {wanted}, the last axis has {x.shape[-1]} elements (allowed: 0 to {x.shape[-1]})")
    if wanted == 1 and x.size:
        order = np.argmax(_comparable(x), axis=-1, keepdims=True)
    elif 0 < wanted <= x.shape[-1] // 2:
        order = _greatest(_comparable(x), wanted)
    else:
        order = _order(x, -1, "DESCENDING")[..., :wanted]
    return np.take_along_axis(x, order, -1), order.astype(index_type.numpy)


def _greatest(x: Any, count: int) -> Any:
    """The positions of the greatest elements of rows, in order, without sorting the others."""
    if x.dtype.kind == "f" and np.isnan(x).any():
        return _order(x, -1, "DESCENDING")[..., :count]
    if not x.size:
        return _order(x, -1, "DESCENDING")[..., :count]
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    least = np.partition(rows, rows.shape[1] - count, axis=1)[:, rows.shape[1] - count, None]
    where, places = np.nonzero(rows >= least)
    if len(places) > len(rows) * count:  # of those that equal the least one the first are taken
        equal = rows[where, places] == least[where, 0]
        before = np.cumsum(equal) - equal
        begins = np.searchsorted(where, np.arange(len(rows)))
        number = before - before[begins][where]  # of its row, among the equal ones
        room = count - np.bincount(where[~equal], minlength=len(rows))
        places = places[~equal | (number < room[where])]
    chosen = places.reshape(len(rows), count)
    order = _order(np.take_along_axis(rows, chosen, 1), -1, "DESCENDING")
    return np.take_along_axis(chosen, order, 1).reshape(*x.shape[:-1], count)


def _top_k_vjp(b: Any, node: Any, ct: Any, _: Any) -> Sequence[Any]:
    x = node.inputs[0]
    spread = b.take_along_axis_grad(ct, node.outputs[1], shape=b.shape(x), axis=-1)
    return spread, *[None] * len(node.inputs[1:])


register(
    OpDef(
        name="top_k",
        inputs=("x", "*count"),
        attrs={"k": None, "sorted": True, "index_type": dtypes.int32},
        spec=_top_k_spec,
        reference=_top_k,
        dtypes=(dtypes.REALS, INDICES),
        same=(0,),
        vjp=_top_k_vjp,
        jvp=lambda b, node, t, *_: (b.take_along_axis(t, node.outputs[1], axis=-1), None),
        outputs=("values", "indices"),
        doc="The k greatest elements of the last axis, the greatest first, and where they are; of equals the first.",
        cases=(
            case((2, 5), k=3),
            case((2, 5), k=1, sorted=False),
            case((4,), np.int32(2)),
            case((2, 3), k=0),
            case(np.array([[2.0, 1.0, 2.0, 1.0], [0.0, 3.0, 3.0, 3.0]]), k=3, grad=0, index_type=dtypes.int64),
            case(np.array([2.0, np.nan, -np.inf, np.inf]), k=2, grad=0, dtypes=dtypes.FLOATS),
        ),
    )
)


def _in_top_k_spec(targets: TensorType, predictions: TensorType, *, k: int) -> TensorType:
    need_rank(targets, 1, "targets")
    need_rank(predictions, 2, "predictions")
    if same_size(shape_of(targets)[0], shape_of(predictions)[0]) is None:
        raise SpecError(
            f"`targets` has shape {shapes.show(targets.shape)}, `predictions` {shapes.show(predictions.shape)}",
            expected="a row of predictions for each target",
        )
    return TensorType(targets.shape, dtypes.bool_)


def _in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    rows = _comparable(predictions)
    inside = (targets >= 0) & (targets < rows.shape[1])
    if not rows.shape[1]:
        return inside
    chosen = np.take_along_axis(rows, np.where(inside, targets, 0)[:, None], 1)
    finite = np.all(np.isfinite(rows), axis=1)  # with a NaN or infinity in the row no ranking can be told
    return inside & finite & (np.sum(rows > chosen, axis=1) < k)


register(
    OpDef(
        name="in_top_k",
        inputs=("targets", "predictions"),
        attrs={"k": REQUIRED},
        spec=_in_top_k_spec,
        reference=_in_top_k,
        dtypes=((dtypes.int32, dtypes.int64), dtypes.FLOATS),
        same=(1,),
        vjp=nondifferentiable("its result is a bool"),
        doc="Whether fewer than k predictions of its row exceed that of the target; false for rows not all finite.",
        cases=(
            case(np.array([0, 2, 1], np.int32), (3, 4), k=2),
            case(np.array([0, 4, -1], np.int64), np.array([[1.0, 1.0], [1.0, 2.0], [3.0, 2.0]]), k=1),
        ),
    )
)


def _nth_element_spec(x: TensorType, *, n: int, reverse: bool) -> TensorType:
    shape = shape_of(x)
    if not shape:
        raise SpecError("`x` is a scalar", expected="at least one axis")
    if n < 0 or (isinstance(shape[-1], int) and n >= shape[-1]):
        raise SpecError(f"n is {n}, the last axis has {shape[-1]} elements", expected="0 or more, and less than that")
    return TensorType(shape[:-1], x.dtype)


def _nth_element(x: Any, n: int, reverse: bool) -> Any:
    if n >= x.shape[-1]:
        raise ValueError(f"n is {n}, the last axis has {x.shape[-1]} elements (allowed: 0 to {x.shape[-1] - 1})")
    place = x.shape[-1] - 1 - n if reverse else n
    return np.partition(_comparable(x), place, axis=-1)[..., place].astype(x.dtype)


def _nth_element_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x = node.inputs[0]
    found = b.expand_dims(node.outputs[0], axis=-1)
    equal = b.cast(b.equal(x, found), dtype=b.dtype(x))
    count = b.reduce_sum(equal, axis=(-1,), keepdims=True)
    return (b.multiply(b.divide(equal, count), b.expand_dims(ct, axis=-1)),)


register(
    OpDef(
        name="nth_element",
        inputs=("x",),
        attrs={"n": REQUIRED, "reverse": False},
        spec=_nth_element_spec,
        reference=_nth_element,
        dtypes=(dtypes.REALS,),
        vjp=_nth_element_vjp,
        doc="The element of the last axis that stands at place n in ascending (reverse: descending) order.",
        cases=(case((2, 5), n=1), case((4,), n=0, reverse=True)),
    )
)


# Places in a sequence ------------------------------------------------------------------------------------------------


def _searchsorted_spec(sequence: TensorType, values: TensorType, *, side: str, dtype: DType) -> TensorType:
    if side not in ("left", "right"):
        raise SpecError(f"side is {side!r}", expected="left or right")
    rows, wanted = shape_of(sequence), shape_of(values)
    if not rows or len(rows) != len(wanted) or same_shape(rows[:-1], wanted[:-1]) is None:
        raise SpecError(f"`sorted_sequence` has shape {shapes.show(sequence.shape)}, `values` "
                        f"{shapes.show(values.shape)}", expected="equal shapes but for the last axis")  # fmt: skip
    return values.with_dtype(dtype)


def _searchsorted(sequence: Any, values: Any, side: Any, dtype: DType) -> Any:
    size = sequence.shape[-1]
    rows = _comparable(sequence).reshape(-1, size) if sequence.size else np.zeros((0, size))
    wanted = _comparable(values).reshape(len(rows) or -1, values.shape[-1]) if values.size else np.zeros((0, 0))
    found = np.zeros(values.shape, dtype.numpy)
    flat = found.reshape(-1, values.shape[-1]) if values.size else found
    for row, line, result in zip(rows, wanted, flat, strict=False):
        result[...] = np.searchsorted(row, line, side)
    if values.dtype.kind not in "iu":  # no element is less than NaN: it goes to the front from the left
        found[np.isnan(values)] = 0 if side == "left" else size
    return found


register(
    OpDef(
        name="searchsorted",
        inputs=("sorted_sequence", "values"),
        attrs={"side": "left", "dtype": dtypes.int32},
        spec=_searchsorted_spec,
        reference=_searchsorted,
        dtypes=(dtypes.REALS,),
        vjp=_POSITIONS,
        doc="Where each value would go in the ascending last axis: before its equals (left) or behind them (right).",
        cases=(
            case(np.array([1, 3, 3, 5]), np.array([0, 3, 4, 6, 5])),
            case(np.array([[1, 3], [2, 4]]), np.array([[3], [5]]), side="right", dtype=dtypes.int64),
            case(np.zeros((0,)), np.array([1, 2])),
        ),
    )
)
