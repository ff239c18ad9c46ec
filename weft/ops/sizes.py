"""Shapes as values: asking for them, counting along them, and shaping by sizes that are known at run time only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dims import Dim
from weft.ir import known_sizes
from weft.ir.types import TensorType
from weft.ops.axes import INDICES, axis_of, need_rank, same_size, shape_of
from weft.ops.families import in_float32
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, nondifferentiable, register
from weft.ops.shape import sum_to

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.base.dtypes import DType

_A_SIZE = nondifferentiable("its result is a shape, which does not change with the values")
_ANY = (*dtypes.ALL, dtypes.variant)


def _sized(value: int, dtype: DType) -> Any:
    if value > dtype.max:
        raise ValueError(f"a tensor of {value} elements does not fit {dtype.name}: ask with out_type=tf.int64")
    return np.asarray(value, dtype.numpy)


register(
    OpDef(
        name="shape",
        inputs=("x",),
        attrs={"dtype": dtypes.int32},
        spec=lambda x, dtype: TensorType((len(shape_of(x)),), dtype),
        reference=lambda x, dtype: np.array(x.shape, dtype.numpy),
        dtypes=(_ANY,),
        vjp=_A_SIZE,
        doc="The shape that a tensor has at run time, as a vector.",
        cases=(case((2, 3)), case((), dtype=dtypes.int64), case((0, 3))),
    )
)

register(
    OpDef(
        name="size",
        inputs=("x",),
        attrs={"dtype": dtypes.int32},
        spec=lambda x, dtype: TensorType((), dtype),
        reference=lambda x, dtype: _sized(x.size, dtype),
        dtypes=(_ANY,),
        vjp=_A_SIZE,
        doc="The number of elements that a tensor has at run time.",
        cases=(case((2, 3)), case((), dtype=dtypes.int64), case((0, 3))),
    )
)

register(
    OpDef(
        name="rank",
        inputs=("x",),
        spec=lambda x: TensorType((), dtypes.int32),
        reference=lambda x: np.asarray(x.ndim, np.int32),
        dtypes=(_ANY,),
        vjp=_A_SIZE,
        doc="The number of axes that a tensor has at run time.",
        cases=(case((2, 3)), case(())),
    )
)

register(
    OpDef(
        name="dimensions",
        inputs=(),
        attrs={"sizes": REQUIRED, "dtype": dtypes.int32},
        spec=lambda sizes, dtype: TensorType((len(sizes),), dtype),
        reference=lambda sizes, dtype: np.array(sizes, dtype.numpy),
        dtypes=(),
        vjp=lambda b, node, ct: (),
        doc="Sizes, some of which may be known at run time only, as a vector.",
        cases=(case(sizes=(2, 3)), case(sizes=(), dtype=dtypes.float32)),
    )
)


# Counting ------------------------------------------------------------------------------------------------------------


def _iota_spec(*, shape: Shape, axis: int, dtype: DType) -> TensorType:
    axis_of(axis, len(shape))
    return TensorType(tuple(shape), dtype)


def _iota(shape: tuple[int, ...], axis: int, dtype: DType) -> Any:
    line = np.arange(shape[axis]).astype(dtype.numpy)
    return np.broadcast_to(line.reshape((-1,) + (1,) * (len(shape) - 1 - axis % len(shape))), shape)


register(
    OpDef(
        name="iota",
        inputs=(),
        attrs={"shape": REQUIRED, "axis": 0, "dtype": dtypes.int32},
        spec=_iota_spec,
        reference=_iota,
        dtypes=(),
        vjp=lambda b, node, ct: (),
        doc="Each element's position along an axis.",
        cases=(case(shape=(3,)), case(shape=(2, 3, 4), axis=1, dtype=dtypes.float32), case(shape=(2, 3), axis=-1)),
    )
)


def _range_spec(start: TensorType, limit: TensorType, delta: TensorType) -> TensorType:
    for type, name in ((start, "start"), (limit, "limit"), (delta, "delta")):
        need_rank(type, 0, name)
    return TensorType((Dim.fresh("range"),), start.dtype)


def range_length(start: Any, limit: Any, delta: Any) -> int:
    """How many numbers `range` makes.

    Raises:
        ValueError: For a step of 0, or one in the wrong direction.
    """
    if not all(math.isfinite(number) for number in (start, limit, delta)):
        raise ValueError(f"a range from {start} to {limit} by {delta} has no end (expected finite numbers)")
    if delta == 0:
        raise ValueError("`delta` is 0: the numbers would not get anywhere")
    if (limit - start) * (1 if delta > 0 else -1) < 0:
        raise ValueError(
            f"from start {start} a step of {delta} does not lead to limit {limit}: "
            f"with a {'positive' if delta > 0 else 'negative'} step, start must not lie beyond limit"
        )
    if isinstance(start, int):
        whole: int = -((start - limit) // delta)
        return whole
    count: int = math.ceil((limit - start) / delta)
    return max(0, count)


def _range(start: Any, limit: Any, delta: Any) -> Any:
    dtype = start.dtype
    wide = np.float32 if dtype.itemsize == 2 else dtype
    if dtype.kind in "iu":
        first, last, step = int(start), int(limit), int(delta)
        return first + step * np.arange(range_length(first, last, step), dtype=np.int64).astype(dtype)
    count = range_length(float(start), float(limit), float(delta))
    return (start.astype(wide) + delta.astype(wide) * np.arange(count).astype(wide)).astype(dtype)


register(
    OpDef(
        name="range",
        inputs=("start", "limit", "delta"),
        spec=_range_spec,
        reference=_range,
        dtypes=(dtypes.FLOATS + dtypes.INTEGERS,),
        vjp=nondifferentiable("its numbers are a count, and TensorFlow gives it no gradient"),
        doc="Numbers from start on, delta apart, as long as they stay short of limit; as many as the data says.",
        cases=(
            case(np.int32(1), np.int32(9), np.int32(3), dtypes=(dtypes.int32,)),
            case(np.int64(5), np.int64(0), np.int64(-2), dtypes=(dtypes.int64,)),
            case(np.float32(0.5), np.float32(3.0), np.float32(0.25), dtypes=dtypes.FLOATS),
            case(np.int32(1), np.int32(1), np.int32(3), dtypes=(dtypes.int32,)),
        ),
    )
)


# Shaping by run-time sizes -------------------------------------------------------------------------------------------


def promised(shape: TensorType, sizes: tuple[Dimension | None, ...] | None, name: str = "shape") -> Shape | None:
    """The shape that a vector of sizes stands for: what is known of it, fresh symbols for the rest; None where not even
    the length of the vector is known.

    Raises:
        SpecError: Where it is no vector, or its length not that of `sizes`.
    """
    need_rank(shape, 1, name)
    (length,) = shape_of(shape)
    if sizes is None:
        if isinstance(length, Dim):
            return None
        sizes = (None,) * length
    if same_size(length, len(sizes)) is None:
        raise SpecError(f"`{name}` has length {length}, {len(sizes)} sizes are promised")
    return shapes.fresh(sizes, "size")


def kept(result: Any, sizes: tuple[int | None, ...] | None) -> Any:
    """The result, once it has the sizes that were promised.

    Raises:
        ValueError: Where it has not.
    """
    for axis, size in enumerate(sizes or ()):
        if size is not None and result.shape[axis] != size:
            raise ValueError(f"axis {axis} of the result has size {result.shape[axis]}, expected {size}")
    return result


def _reshape_dynamic(x: Any, shape: Any, sizes: Any) -> Any:
    wanted = tuple(shape.tolist())
    if sum(n == -1 for n in wanted) > 1 or any(n < -1 for n in wanted):
        raise ValueError(f"`shape` is {wanted}: expected sizes of 0 or more, and at most one -1")
    rest = math.prod(n for n in wanted if n != -1)
    if (rest != x.size) if -1 not in wanted else (x.size % rest if rest else x.size):
        raise ValueError(f"a tensor of shape {shapes.show(x.shape)} has {x.size} elements, which do not fill {wanted}")
    if -1 in wanted and rest == 0:  # numpy cannot tell what stands for the rest of nothing
        wanted = known_sizes.resolve_minus_one(wanted, x.shape)
    return kept(np.reshape(x, wanted), sizes)


register(
    OpDef(
        name="reshape_dynamic",
        inputs=("x", "shape"),
        attrs={"sizes": None},
        spec=lambda x, shape, sizes: TensorType(promised(shape, sizes), x.dtype),
        reference=_reshape_dynamic,
        dtypes=(dtypes.ALL, INDICES),
        same=(0,),
        vjp=lambda b, node, ct: (b.reshape_like(ct, node.inputs[0]), None),
        jvp=lambda b, node, t, _: (b.reshape_dynamic(t, node.inputs[1], **node.attrs),),
        doc="`reshape` to a shape known at run time (one size may be -1); `sizes` holds what is known before, or None.",
        cases=(
            case((2, 6), np.array([3, -1], np.int32)),
            case((2, 6), np.array([-1, 4], np.int64), sizes=(None, 4)),
            case((0, 3), np.array([3, 0], np.int32)),
        ),
    )
)


def _broadcast_to_dynamic(x: Any, shape: Any, sizes: Any) -> Any:
    wanted = tuple(shape.tolist())
    if any(n < 0 for n in wanted):
        raise ValueError(f"`shape` is {wanted}: expected sizes of 0 or more")
    try:
        return kept(np.broadcast_to(x, wanted), sizes)
    except ValueError as error:
        if "expected" in str(error):
            raise
        raise ValueError(f"shape {shapes.show(x.shape)} does not broadcast to {wanted}") from None


register(
    OpDef(
        name="broadcast_to_dynamic",
        inputs=("x", "shape"),
        attrs={"sizes": None},
        spec=lambda x, shape, sizes: TensorType(promised(shape, sizes), x.dtype),
        reference=_broadcast_to_dynamic,
        dtypes=(dtypes.ALL, INDICES),
        same=(0,),
        vjp=lambda b, node, ct: (b.unbroadcast_like(ct, node.inputs[0]), None),
        jvp=lambda b, node, t, _: (b.broadcast_to_dynamic(t, node.inputs[1], **node.attrs),),
        doc="`broadcast_to` to a shape known at run time; `sizes` holds what is known of it before, or None.",
        cases=(
            case((3, 1), np.array([2, 3, 4], np.int32)),
            case((), np.array([2, 3], np.int64), sizes=(2, None)),
            case((2,), np.array([0, 2], np.int32)),
        ),
    )
)


def _sum_to_shape_dynamic(x: Any, shape: Any) -> Any:
    wanted = tuple(shape.tolist())
    fits = len(wanted) <= x.ndim and all(n in (1, m) for n, m in zip(wanted[::-1], x.shape[::-1], strict=False))
    if not fits:
        raise ValueError(f"a tensor of shape {wanted} does not broadcast to {shapes.show(x.shape)}")
    return sum_to(x, wanted)


register(
    OpDef(
        name="sum_to_shape_dynamic",
        inputs=("x", "shape"),
        spec=lambda x, shape: TensorType(promised(shape, None), x.dtype),
        reference=in_float32(_sum_to_shape_dynamic),
        dtypes=(dtypes.NUMBERS, INDICES),
        same=(0,),
        vjp=lambda b, node, ct: (b.broadcast_like(ct, node.inputs[0]), None),
        jvp=lambda b, node, t, _: (b.sum_to_shape_dynamic(t, node.inputs[1]),),
        doc="`sum_to_shape` to a shape known at run time; undoes `broadcast_to_dynamic`.",
        cases=(
            case((2, 3, 4), np.array([3, 1], np.int32)),
            case((2, 3), np.array([2, 3], np.int64)),
            case((2, 3), np.array([], np.int32)),
        ),
    )
)


def _ensure_shape_spec(x: TensorType, *, shape: tuple[Dimension | None, ...]) -> TensorType:
    if not shapes.compatible(shape_of(x), shapes.fresh(shape)):
        raise SpecError(f"the tensor has shape {shapes.show(x.shape)}", expected=shapes.show(shapes.fresh(shape)))
    return TensorType(tuple(a if b is None or isinstance(a, int) else b
                            for a, b in zip(shape_of(x), shape, strict=True)), x.dtype)  # fmt: skip


def _ensure_shape(x: Any, shape: tuple[int | None, ...]) -> Any:
    if len(shape) != x.ndim or any(n is not None and n != m for n, m in zip(shape, x.shape, strict=True)):
        raise ValueError(f"the tensor has shape {shapes.show(x.shape)}, expected {shape}")
    return x


register(
    OpDef(
        name="ensure_shape",
        inputs=("x",),
        attrs={"shape": REQUIRED},
        spec=_ensure_shape_spec,
        reference=_ensure_shape,
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: (ct,),
        jvp=lambda b, node, t: (t,),
        doc="The same value, refused at run time where its shape is another (None: any size).",
        cases=(case((2, 3), shape=(None, 3)), case((), shape=())),
    )
)


def repeat_indices(repeats: Any) -> Any:
    """Each position as often as the number there says.

    Raises:
        ValueError: For a negative number.
    """
    if np.any(repeats < 0):
        place = int(np.flatnonzero(repeats < 0)[0])
        raise ValueError(f"`repeats` holds {repeats[place]} at position {place} (expected 0 or more)")
    return np.repeat(np.arange(len(repeats), dtype=np.int32), repeats)


def _repeat_indices_spec(repeats: TensorType) -> TensorType:
    need_rank(repeats, 1, "repeats")
    return TensorType((Dim.fresh("repeats"),), dtypes.int32)


register(
    OpDef(
        name="repeat_indices",
        inputs=("repeats",),
        spec=_repeat_indices_spec,
        reference=repeat_indices,
        dtypes=(INDICES,),
        vjp=nondifferentiable("its results are positions"),
        doc="Each position i as often as repeats[i] says: what to gather by to repeat by a tensor.",
        cases=(case(np.array([1, 0, 3], np.int32), dtypes=(dtypes.int32,)),),
    )
)


def _tile_dynamic(x: Any, multiples: Any) -> Any:
    if np.any(multiples < 0):
        raise ValueError(f"`multiples` is {multiples.tolist()} (expected 0 or more)")
    return np.tile(x, tuple(multiples.tolist())) if x.ndim else x


def _tile_dynamic_spec(x: TensorType, multiples: TensorType) -> TensorType:
    need_rank(multiples, 1, "multiples")
    if same_size(shape_of(multiples)[0], len(shape_of(x))) is None:
        raise SpecError(f"`multiples` has shape {shapes.show(multiples.shape)}, the tensor has rank {x.rank}")
    return TensorType(tuple(Dim.fresh("tiled") for _ in shape_of(x)), x.dtype)


def _tile_dynamic_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    return b.tile_grad(ct, node.inputs[1], shape=b.shape(node.inputs[0])), None


register(
    OpDef(
        name="tile_dynamic",
        inputs=("x", "multiples"),
        spec=_tile_dynamic_spec,
        reference=_tile_dynamic,
        dtypes=(dtypes.ALL, INDICES),
        same=(0,),
        vjp=_tile_dynamic_vjp,
        jvp=lambda b, node, t, _: (b.tile_dynamic(t, node.inputs[1]),),
        doc="`tile` by numbers known at run time only.",
        cases=(case((2, 3), np.array([2, 1], np.int32)), case((2,), np.array([0], np.int64))),
    )
)


def _tile_grad_spec(ct: TensorType, multiples: TensorType, *, shape: tuple[Any, ...]) -> TensorType:
    need_rank(ct, len(shape), "ct")
    need_rank(multiples, 1, "multiples")
    if same_size(shape_of(multiples)[0], len(shape)) is None:
        raise SpecError(f"`multiples` has shape {shapes.show(multiples.shape)}, the tensor has {len(shape)} axes")
    return TensorType(tuple(shape), ct.dtype)


def _tile_grad(ct: Any, multiples: Any, shape: tuple[int, ...]) -> Any:
    split = [n for pair in zip(multiples.tolist(), shape, strict=True) for n in pair]
    if ct.shape != tuple(first * second for first, second in zip(split[::2], split[1::2], strict=True)):
        raise ValueError(f"`ct` of shape {ct.shape} is not {shape} tiled by {multiples.tolist()}")
    wide = ct.astype(np.float32) if ct.dtype.kind in "fV" and ct.dtype.itemsize == 2 else ct
    return np.sum(wide.reshape(split), axis=tuple(range(0, 2 * len(shape), 2)), dtype=wide.dtype).astype(ct.dtype)


register(
    OpDef(
        name="tile_grad",
        inputs=("ct", "multiples"),
        attrs={"shape": REQUIRED},
        spec=_tile_grad_spec,
        reference=_tile_grad,
        dtypes=(dtypes.NUMBERS, INDICES),
        same=(0,),
        vjp=lambda b, node, ct: (b.tile_dynamic(ct, node.inputs[1]), None),
        doc="The sum of all copies of a tensor that was tiled; the gradient of `tile_dynamic`.",
        cases=(case((4, 3), np.array([2, 1], np.int32), shape=(2, 3)),),
    )
)

__all__ = ["kept", "promised", "range_length", "repeat_indices"]
