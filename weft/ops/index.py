"""Elements by index: gather, and what undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.ir.types import TensorType
from weft.ops.axes import (
    INDICES,
    add_rows,
    axis_of,
    check_indices,
    need_rank,
    same_shape,
    shape_of,
)
from weft.ops.families import in_float32
from weft.ops.opdef import REQUIRED, OpDef, Slices, SpecError, case, register

if TYPE_CHECKING:
    from weft.base.dims import Shape

# Slices along an axis ------------------------------------------------------------------------------------------------


def _places(x: Shape, indices: Shape, axis: int, batch_dims: int) -> tuple[int, int]:
    """The axis and the number of batch axes, counted from the front."""
    at = axis_of(axis, len(x))
    batch = batch_dims + len(indices) if batch_dims < 0 else batch_dims
    if not 0 <= batch <= min(len(indices), at):
        raise SpecError(f"batch_dims {batch_dims} is out of range for axis {at} and indices of rank {len(indices)}",
                        expected=f"0 to {min(len(indices), at)}")  # fmt: skip
    if same_shape(x[:batch], indices[:batch]) is None:
        raise SpecError(f"x of shape {shapes.show(x)} and indices of shape {shapes.show(indices)} differ in their "
                        f"first {batch} axes", expected="equal batch axes")  # fmt: skip
    return at, batch


def _gather_spec(x: TensorType, indices: TensorType, *, axis: int, batch_dims: int) -> TensorType:
    shape, wanted = shape_of(x), shape_of(indices)
    at, batch = _places(shape, wanted, axis, batch_dims)
    front = same_shape(shape[:batch], wanted[:batch]) or ()
    return TensorType((*front, *shape[batch:at], *wanted[batch:], *shape[at + 1 :]), x.dtype)


def _flat(x: tuple[int, ...], indices: tuple[int, ...], at: int, batch: int) -> tuple[tuple[int, ...], tuple[int, int]]:
    """The sizes (batch, before the axis, axis, after it) and (batch, indices) to which a gather can be flattened."""
    count = int(np.prod(x[:batch], dtype=np.int64))
    before = int(np.prod(x[batch:at], dtype=np.int64))
    after = int(np.prod(x[at + 1 :], dtype=np.int64))
    return (count, before, x[at], after), (count, int(np.prod(indices[batch:], dtype=np.int64)))


def _gather(x: Any, indices: Any, axis: int, batch_dims: int) -> Any:
    at, batch = _places(x.shape, indices.shape, axis, batch_dims)
    check_indices(indices, x.shape[at], what=f" for axis {at} of shape {shapes.show(x.shape)}")
    if batch == 0:
        if indices.ndim == 0:
            return x[(*(slice(None),) * at, int(indices), ...)]
        return np.take(x, indices, axis=at)
    shape = (*x.shape[:at], *indices.shape[batch:], *x.shape[at + 1 :])
    wide, narrow = _flat(x.shape, indices.shape, at, batch)
    rows = np.arange(wide[0])[:, None]
    found = np.moveaxis(x.reshape(wide), 2, 1)[rows, indices.reshape(narrow)]
    return np.moveaxis(found, 1, 2).reshape(shape)


def _gather_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, indices = node.inputs
    shape = b.shape(x)
    if node.attrs["axis"] == 0:  # only where it was written so: of axis=-1 the gradient is dense, whatever the rank
        count = dims.product(b.shape(indices))
        return Slices(b.reshape(ct, shape=(count, *shape[1:])), b.reshape(indices, shape=(count,)), shape), None
    return b.gather_grad(ct, indices, shape=shape, **node.attrs), None


_GATHER_CASES: tuple[Any, ...] = (
    ((5, 3), np.array([[0, 4], [4, 2]], np.int32), {"axis": 0, "batch_dims": 0}),
    ((2, 3, 4), np.array([2, 0, 0], np.int64), {"axis": 1, "batch_dims": 0}),
    ((2, 3, 4), np.array([[3, 1], [0, 0]], np.int32), {"axis": -1, "batch_dims": 1}),
    ((2, 3), np.array([[2, 0], [1, 1]], np.int32), {"axis": 1, "batch_dims": -1}),
    ((4,), np.int32(3), {"axis": 0, "batch_dims": 0}),
    ((4, 2), np.zeros((0,), np.int32), {"axis": 0, "batch_dims": 0}),
)

register(
    OpDef(
        name="gather",
        inputs=("x", "indices"),
        attrs={"axis": 0, "batch_dims": 0},
        spec=_gather_spec,
        reference=_gather,
        dtypes=(dtypes.ALL, INDICES),
        same=(0,),
        vjp=_gather_vjp,
        jvp=lambda b, node, t, _: (b.gather(t, node.inputs[1], **node.attrs),),
        doc="The slices of x along an axis at the indices; the first batch_dims axes go along with those of indices.",
        cases=tuple(case(x, indices, **attrs) for x, indices, attrs in _GATHER_CASES),
    )
)


def _gather_grad_spec(ct: TensorType, indices: TensorType, *, shape: Shape, axis: int, batch_dims: int) -> TensorType:
    whole = TensorType(tuple(shape), ct.dtype)
    part = _gather_spec(whole, indices, axis=axis, batch_dims=batch_dims)
    if not shapes.compatible(part.shape, ct.shape):
        raise SpecError(f"`ct` has shape {shapes.show(ct.shape)}, gathering gives {shapes.show(part.shape)}")
    return whole


def _gather_grad(ct: Any, indices: Any, shape: tuple[int, ...], axis: int, batch_dims: int) -> Any:
    at, batch = _places(shape, indices.shape, axis, batch_dims)
    check_indices(indices, shape[at], what=f" for axis {at} of shape {shapes.show(shape)}")
    wide, narrow = _flat(shape, indices.shape, at, batch)
    total = np.zeros((wide[0], wide[2], wide[1], wide[3]), ct.dtype)
    values = np.moveaxis(ct.reshape(wide[0], wide[1], narrow[1], wide[3]), 2, 1)
    np.add.at(total, (np.arange(wide[0])[:, None], indices.reshape(narrow)), values)
    return np.moveaxis(total, 1, 2).reshape(shape)


register(
    OpDef(
        name="gather_grad",
        inputs=("ct", "indices"),
        attrs={"shape": REQUIRED, "axis": 0, "batch_dims": 0},
        spec=_gather_grad_spec,
        reference=in_float32(_gather_grad),
        dtypes=(dtypes.NUMBERS, INDICES),
        same=(0,),
        vjp=lambda b, node, ct: (
            b.gather(ct, node.inputs[1], axis=node.attrs["axis"], batch_dims=node.attrs["batch_dims"]), None),
        jvp=lambda b, node, t, _: (b.gather_grad(t, node.inputs[1], **node.attrs),),
        doc="Zeros of a shape with slices added where `gather` would take them; the gradient of `gather`.",
        cases=(
            case((2, 3, 4), np.array([2, 0, 0], np.int64), shape=(2, 3, 4), axis=1),
            case((2, 3, 2), np.array([[3, 1], [0, 0]], np.int32), shape=(2, 3, 4), axis=2, batch_dims=1),
            case((2, 2, 3), np.array([[0, 4], [4, 2]], np.int32), shape=(5, 3)),
        ),
    )
)  # fmt: skip


def _scatter_add_rows_spec(x: TensorType, indices: TensorType, values: TensorType) -> TensorType:
    need_rank(indices, 1, "indices")
    if not shape_of(x):
        raise SpecError("`x` is a scalar and has no rows")
    wanted = (*shape_of(indices), *shape_of(x)[1:])
    if same_shape(wanted, shape_of(values)) is None:
        raise SpecError(f"`values` has shape {shapes.show(values.shape)}", expected=shapes.show(wanted))
    return x


def _scatter_add_rows(x: Any, indices: Any, values: Any) -> Any:
    check_indices(indices, x.shape[0], what=f" for the rows of shape {shapes.show(x.shape)}")
    return add_rows(x, indices, values)


register(
    OpDef(
        name="scatter_add_rows",
        inputs=("x", "indices", "values"),
        spec=_scatter_add_rows_spec,
        reference=_scatter_add_rows,
        dtypes=(dtypes.NUMBERS, INDICES, dtypes.NUMBERS),
        same=(0, 2),
        vjp=lambda b, node, ct: (
            ct, None, b.gather(ct, node.inputs[1], axis=0, batch_dims=0) if node.needs[2] else None),
        jvp=lambda b, node, t, _, tv: (b.scatter_add_rows(t, node.inputs[1], tv),),
        doc="x with values[i] added to its row indices[i], in the order of i; rows may recur.",
        cases=(case((5, 3), np.array([4, 0, 4], np.int32), (3, 3)), case((4,), np.array([1, 1], np.int64), (2,)),
               case((4, 2), np.zeros((0,), np.int32), (0, 2))),
    )
)  # fmt: skip
