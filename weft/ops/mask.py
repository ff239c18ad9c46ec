"""Positions and choices: where something holds, masks, one-hot vectors, partitions and how to stitch them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.base.dims import Dim
from weft.ir.types import TensorType
from weft.ops.axes import INDICES, axis_of, need_rank, same_shape, shape_of
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, nondifferentiable, register

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.base.dtypes import DType

_POSITIONS = nondifferentiable("its results are positions")


def _where(condition: Any) -> Any:
    if condition.ndim == 0:  # one empty tuple, or none
        return np.zeros((int(bool(condition)), 0), np.int64)
    return np.argwhere(condition).astype(np.int64)


register(
    OpDef(
        name="where",
        inputs=("condition",),
        spec=lambda condition: TensorType((Dim.fresh("where"), len(shape_of(condition))), dtypes.int64),
        reference=_where,
        dtypes=(dtypes.DENSE,),
        vjp=_POSITIONS,
        doc="The index tuples of all elements that are true (or not 0), in row-major order.",
        cases=(
            case(np.array([[True, False], [True, True]]), dtypes=(dtypes.bool_,)),
            case(np.array([0.0, -1.0, 2.0]), dtypes=dtypes.FLOATS),
            case(np.array([0, 1, 2])),
            case(np.zeros((0, 2), np.bool_), dtypes=(dtypes.bool_,)),
        ),
    )
)


# Masks ---------------------------------------------------------------------------------------------------------------


def _masked(x: Shape, mask: Shape, axis: int) -> tuple[int, Shape]:
    """The first masked axis, and x's shape around what the mask covers.

    Raises:
        SpecError: Where the mask does not fit.
    """
    if not mask:
        raise SpecError("`mask` is a scalar", expected="a mask with at least one axis")
    at = axis_of(axis, len(x))
    if at + len(mask) > len(x) or same_shape(x[at : at + len(mask)], mask) is None:
        raise SpecError(f"a mask of shape {shapes.show(mask)} does not fit shape {shapes.show(x)} from axis {at} on",
                        expected=shapes.show(x[at : at + len(mask)]))  # fmt: skip
    return at, mask


def _boolean_mask_spec(x: TensorType, mask: TensorType, *, axis: int) -> TensorType:
    shape = shape_of(x)
    at, covered = _masked(shape, shape_of(mask), axis)
    return TensorType((*shape[:at], Dim.fresh("mask"), *shape[at + len(covered) :]), x.dtype)


register(
    OpDef(
        name="boolean_mask",
        inputs=("x", "mask"),
        attrs={"axis": 0},
        spec=_boolean_mask_spec,
        reference=lambda x, mask, axis: x[(*(slice(None),) * (axis % x.ndim), mask)],
        dtypes=(dtypes.ALL, (dtypes.bool_,)),
        same=(0,),
        vjp=lambda b, node, ct: (
            b.boolean_mask_grad(ct, node.inputs[1], shape=b.shape(node.inputs[0]), **node.attrs), None),
        jvp=lambda b, node, t, _: (b.boolean_mask(t, node.inputs[1], **node.attrs),),
        doc="The slices of x at which the mask, which covers axes from `axis` on, is true.",
        cases=(
            case((3, 2), np.array([True, False, True])),
            case((2, 3), np.array([[True, False, True], [False, False, True]])),
            case((2, 3, 2), np.array([False, True, True]), axis=1),
            case((2, 3), np.array([False, False, False]), axis=-1),
        ),
    )
)  # fmt: skip


def _boolean_mask_grad_spec(ct: TensorType, mask: TensorType, *, shape: Shape, axis: int) -> TensorType:
    at, covered = _masked(tuple(shape), shape_of(mask), axis)
    part = (*shape[:at], Dim.fresh("mask"), *shape[at + len(covered) :])
    if not shapes.compatible(part, ct.shape):
        raise SpecError(f"`ct` has shape {shapes.show(ct.shape)}", expected=shapes.show(part))
    return TensorType(tuple(shape), ct.dtype)


def _boolean_mask_grad(ct: Any, mask: Any, shape: tuple[int, ...], axis: int) -> Any:
    at = axis % len(shape)
    if ct.shape[at] != np.count_nonzero(mask):
        raise ValueError(f"`ct` has {ct.shape[at]} slices, the mask takes {np.count_nonzero(mask)}")
    whole = np.zeros(shape, ct.dtype)
    whole[(*(slice(None),) * at, mask)] = ct
    return whole


register(
    OpDef(
        name="boolean_mask_grad",
        inputs=("ct", "mask"),
        attrs={"shape": REQUIRED, "axis": 0},
        spec=_boolean_mask_grad_spec,
        reference=_boolean_mask_grad,
        dtypes=(dtypes.DENSE, (dtypes.bool_,)),
        same=(0,),
        vjp=lambda b, node, ct: (b.boolean_mask(ct, node.inputs[1], axis=node.attrs["axis"]), None),
        jvp=lambda b, node, t, _: (b.boolean_mask_grad(t, node.inputs[1], **node.attrs),),
        doc="Zeros of a shape with slices written where the mask is true; the gradient of `boolean_mask`.",
        cases=(
            case((2, 2), np.array([True, False, True]), shape=(3, 2)),
            case((2, 2, 2), np.array([False, True, True]), shape=(2, 3, 2), axis=1),
        ),
    )
)


def _one_hot_spec(
    indices: TensorType, *, depth: Dimension, axis: int, dtype: DType, on_value: Any, off_value: Any
) -> TensorType:
    shape = shape_of(indices)
    at = axis_of(axis, len(shape), extra=1)
    if isinstance(depth, int) and depth < 0:
        raise SpecError(f"depth is {depth}", expected="0 or more")
    return TensorType((*shape[:at], depth, *shape[at:]), dtype)


def _one_hot(indices: Any, depth: int, axis: int, dtype: DType, on_value: Any, off_value: Any) -> Any:
    off = b"" if dtype is dtypes.string and off_value == 0 else off_value
    result = np.full((indices.size, depth), off, dtype.numpy)
    flat = indices.reshape(-1)
    rows = np.flatnonzero((flat >= 0) & (flat < depth))
    result[rows, flat[rows]] = on_value
    return np.moveaxis(result.reshape(*indices.shape, depth), -1, axis)


def _one_hot_decompose(
    b: Any, indices: Any, depth: Dimension, axis: int, dtype: DType, on_value: Any, off_value: Any
) -> Any:
    wide = dtypes.int64 if b.dtype(indices) in (dtypes.int64, dtypes.uint32) else dtypes.int32
    at = axis % (len(b.shape(indices)) + 1)
    line = tuple(depth if i == at else 1 for i in range(len(b.shape(indices)) + 1))
    hit = b.equal(b.cast(b.expand_dims(indices, axis=at), dtype=wide), b.iota(shape=line, axis=at, dtype=wide))
    off = b"" if dtype is dtypes.string and off_value == 0 else off_value
    return b.select(hit, b.constant(on_value, dtype), b.constant(off, dtype))


register(
    OpDef(
        name="one_hot",
        inputs=("indices",),
        attrs={"depth": REQUIRED, "axis": -1, "dtype": dtypes.float32, "on_value": 1, "off_value": 0},
        spec=_one_hot_spec,
        reference=_one_hot,
        decompose=_one_hot_decompose,
        dtypes=(INDICES,),
        vjp=nondifferentiable("its operand holds positions"),
        doc="For each index a vector along a new axis, on at the index, off elsewhere; all off for one out of range.",
        cases=(
            case(np.array([[0, 2], [3, 1]], np.int32), depth=3),
            case(np.array([1, -1, 2], np.int64), depth=3, axis=0, dtype=dtypes.int32, on_value=5, off_value=-1,
                 dtypes=dtypes.SIGNED),
            case(np.int32(1), depth=2, dtype=dtypes.bool_, on_value=True, off_value=False),
        ),
    )
)  # fmt: skip


# Partitions ----------------------------------------------------------------------------------------------------------


def _dynamic_partition_spec(x: TensorType, partitions: TensorType, *, num_partitions: int) -> tuple[TensorType, ...]:
    shape, covered = shape_of(x), shape_of(partitions)
    if num_partitions < 1:
        raise SpecError(f"num_partitions is {num_partitions}", expected="1 or more")
    if len(covered) > len(shape) or same_shape(shape[: len(covered)], covered) is None:
        raise SpecError(f"`x` has shape {shapes.show(x.shape)}, `partitions` {shapes.show(partitions.shape)}",
                        expected="a shape of x that begins with that of partitions")  # fmt: skip
    rest = shape[len(covered) :]
    return tuple(TensorType((Dim.fresh("part"), *rest), x.dtype) for _ in range(num_partitions))


def _dynamic_partition(x: Any, partitions: Any, num_partitions: int) -> tuple[Any, ...]:
    if partitions.size and (partitions.min() < 0 or partitions.max() >= num_partitions):
        bad = np.argwhere((partitions < 0) | (partitions >= num_partitions))[0]
        raise IndexError(f"`partitions` holds {partitions[tuple(bad)]} at position {bad.tolist()} "
                         f"(allowed: 0 to {num_partitions - 1})")  # fmt: skip
    return tuple(x[partitions == number] if partitions.ndim else x[None][np.atleast_1d(partitions == number)]
                 for number in range(num_partitions))  # fmt: skip


def _as_tuple(values: Any) -> tuple[Any, ...]:
    return values if isinstance(values, tuple) else (values,)


def _dynamic_partition_vjp(b: Any, node: Any, *cts: Any) -> Sequence[Any]:
    x, partitions = node.inputs
    shape, covered = b.shape(x), b.shape(partitions)
    count = dims.product(covered)
    numbers = b.reshape(b.iota(shape=(count,)), shape=covered)
    places = _as_tuple(b.dynamic_partition(numbers, partitions, **node.attrs))
    flat = b.dynamic_stitch(b.concat(*places, axis=0), b.concat(*cts, axis=0), size=count)
    return b.reshape(flat, shape=shape), None


register(
    OpDef(
        name="dynamic_partition",
        inputs=("x", "partitions"),
        attrs={"num_partitions": REQUIRED},
        spec=_dynamic_partition_spec,
        reference=_dynamic_partition,
        dtypes=(dtypes.ALL, (dtypes.int32,)),
        same=(0,),
        vjp=_dynamic_partition_vjp,
        outputs=None,
        doc="The slices of x sorted into as many tensors as there are partitions, in order.",
        cases=(
            case((4, 2), np.array([0, 2, 0, 1], np.int32), num_partitions=3),
            case((2, 2), np.array([[1, 0], [1, 1]], np.int32), num_partitions=2),
            case((3,), np.array([0, 0, 0], np.int32), num_partitions=1),
            case((2,), np.int32(1), num_partitions=2),
        ),
    )
)


def _dynamic_stitch_spec(indices: TensorType, data: TensorType, *, size: Dimension | None) -> TensorType:
    need_rank(indices, 1, "indices")
    if same_shape(shape_of(data)[:1], shape_of(indices)) is None:
        raise SpecError(f"`data` has shape {shapes.show(data.shape)}, `indices` {shapes.show(indices.shape)}",
                        expected="a slice of data for each index")  # fmt: skip
    return TensorType((Dim.fresh("stitched") if size is None else size, *shape_of(data)[1:]), data.dtype)


def _dynamic_stitch(indices: Any, data: Any, size: int | None) -> Any:
    length = (int(indices.max()) + 1 if indices.size else 0) if size is None else size
    if indices.size and (indices.min() < 0 or indices.max() >= length):
        place = int(np.flatnonzero((indices < 0) | (indices >= length))[0])
        allowed = "0 or more" if size is None else f"0 to {length - 1}"
        raise IndexError(f"`indices` holds {indices[place]} at position {place} (allowed: {allowed})")
    empty = b"" if data.dtype == object else 0
    result = np.full((length, *data.shape[1:]), empty, data.dtype)
    result[indices] = data
    return result


register(
    OpDef(
        name="dynamic_stitch",
        inputs=("indices", "data"),
        attrs={"size": None},
        spec=_dynamic_stitch_spec,
        reference=_dynamic_stitch,
        dtypes=((dtypes.int32, dtypes.int64), dtypes.ALL),
        same=(1,),
        vjp=lambda b, node, ct: (None, b.gather(ct, node.inputs[0], axis=0)),
        jvp=lambda b, node, _, t: (b.dynamic_stitch(node.inputs[0], t, **node.attrs),),
        doc="data[i] at row indices[i], the last of several; as many rows as the greatest index or `size` asks for.",
        cases=(
            case(np.array([3, 0, 1], np.int32), (3, 2)),
            case(np.array([3, 0, 1], np.int64), (3,), size=5),
            case(np.zeros((0,), np.int32), (0, 2)),
        ),
    )
)


def _invert_permutation(x: Any) -> Any:
    if x.size and (x.min() < 0 or x.max() >= len(x)):
        place = int(np.flatnonzero((x < 0) | (x >= len(x)))[0])
        raise ValueError(f"`x` holds {x[place]} at position {place} (allowed: 0 to {len(x) - 1})")
    counts = np.bincount(x, minlength=len(x))
    if np.any(counts > 1):
        raise ValueError(f"`x` holds {int(np.flatnonzero(counts > 1)[0])} more than once: it is no permutation")
    result = np.empty_like(x)
    result[x] = np.arange(len(x), dtype=x.dtype)
    return result


def _vector(x: TensorType) -> TensorType:
    need_rank(x, 1, "x")
    return x


register(
    OpDef(
        name="invert_permutation",
        inputs=("x",),
        spec=_vector,
        reference=_invert_permutation,
        dtypes=((dtypes.int32, dtypes.int64),),
        vjp=_POSITIONS,
        doc="The permutation that undoes another: result[x[i]] = i.",
        cases=(case(np.array([3, 0, 2, 1], np.int32)), case(np.zeros((0,), np.int64))),
    )
)
