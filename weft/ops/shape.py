"""Shapes of tensors changed: broadcast, reshape, transpose, axes added, dropped, turned round and rolled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.ir.types import TensorType
from weft.ops.axes import axis_of, shape_of
from weft.ops.families import in_float32
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register


def _broadcast_to_spec(x: TensorType, *, shape: tuple[Any, ...]) -> TensorType:
    joined = shapes.broadcast(x.shape or (), shape)
    if joined is None or len(joined) != len(shape):
        raise SpecError(f"shape {shapes.show(x.shape)} does not broadcast to {shapes.show(shape)}")
    return TensorType(shape, x.dtype)


def _ready_broadcast(arrays: Sequence[Any], attrs: Mapping[str, Any]) -> Callable[..., Any] | None:
    """One number seen everywhere."""
    x, shape = arrays[0], attrs["shape"]
    if x.shape == shape:
        return lambda x: x
    if x.size != 1 or x.dtype.kind not in "fciub":
        return None
    still = (0,) * len(shape)

    def everywhere(x: Any) -> Any:
        view: Any = np.ndarray(shape, x.dtype, x, 0, still)
        view.setflags(write=False)
        return view

    return everywhere


def _ready_reshape(arrays: Sequence[Any], attrs: Mapping[str, Any]) -> Callable[..., Any]:
    shape = attrs["shape"]
    return lambda x: x.reshape(shape)


register(
    OpDef(
        name="broadcast_to",
        inputs=("x",),
        attrs={"shape": REQUIRED},
        spec=_broadcast_to_spec,
        reference=lambda x, shape: np.broadcast_to(x, shape),
        prepare=_ready_broadcast,
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: (b.unbroadcast_like(ct, node.inputs[0]),),
        jvp=lambda b, node, t: (b.broadcast_to(t, shape=node.attrs["shape"]),),
        doc="The tensor repeated along axes of size 1, and along new ones in front, until it has the shape.",
        cases=(case((3, 1), shape=(2, 3, 4)), case((), shape=(2, 0)), case((2,), shape=(2,))),
    )
)


def _sum_to_shape_spec(x: TensorType, *, shape: tuple[Any, ...]) -> TensorType:
    wide = shape_of(x)
    joined = shapes.broadcast(wide, tuple(shape))
    if len(shape) > len(wide) or joined is None or not shapes.compatible(joined, wide):
        raise SpecError(f"a tensor of shape {shapes.show(shape)} does not broadcast to {shapes.show(x.shape)}")
    return TensorType(tuple(shape), x.dtype)


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """The sum over the axes along which a tensor of this shape was broadcast."""
    if x.shape == shape:
        return x
    extra = x.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 and x.shape[i + extra] != 1)
    return np.sum(x, axis=axes, dtype=x.dtype).reshape(shape) if axes else x


register(
    OpDef(
        name="sum_to_shape",
        inputs=("x",),
        attrs={"shape": REQUIRED},
        spec=_sum_to_shape_spec,
        reference=in_float32(sum_to),
        dtypes=(dtypes.NUMBERS,),
        vjp=lambda b, node, ct: (b.broadcast_like(ct, node.inputs[0]),),
        jvp=lambda b, node, t: (b.sum_to_shape(t, shape=node.attrs["shape"]),),
        doc="The sum over the axes along which a tensor of this shape was broadcast; undoes `broadcast_to`.",
        cases=(case((2, 3, 4), shape=(3, 1)), case((2, 3), shape=(2, 3))),
    )
)


def _reshape_spec(x: TensorType, *, shape: tuple[Any, ...]) -> TensorType:
    total = dims.product(x.shape or ())
    wanted = dims.product(shape)
    if isinstance(total, int) and isinstance(wanted, int) and total != wanted:
        raise SpecError(
            f"a tensor of shape {shapes.show(x.shape)} has {total} elements, {shapes.show(shape)} would have {wanted}",
            hint="let one size be -1 to have it computed",
        )
    return TensorType(tuple(shape), x.dtype)


register(
    OpDef(
        name="reshape",
        inputs=("x",),
        attrs={"shape": REQUIRED},
        spec=_reshape_spec,
        reference=lambda x, shape: np.reshape(x, shape),
        prepare=_ready_reshape,
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: (b.reshape_like(ct, node.inputs[0]),),
        jvp=lambda b, node, t: (b.reshape(t, shape=node.attrs["shape"]),),
        doc="The same elements in the same order under another shape (no -1 here: the front door resolves it).",
        cases=(case((2, 6), shape=(3, 4)), case((), shape=(1, 1)), case((0, 3), shape=(3, 0))),
    )
)


def _transpose_spec(x: TensorType, *, perm: tuple[int, ...]) -> TensorType:
    shape = shape_of(x)
    if sorted(perm) != list(range(len(shape))):
        raise SpecError(
            f"perm {tuple(perm)} is not an order of the {len(shape)} axes of shape {shapes.show(x.shape)}",
            expected=f"each of 0 to {len(shape) - 1} once" if shape else "()",
        )
    return TensorType(tuple(shape[i] for i in perm), x.dtype)


def _inverse(perm: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(perm)), key=perm.__getitem__))


register(
    OpDef(
        name="transpose",
        inputs=("x",),
        attrs={"perm": REQUIRED},
        spec=_transpose_spec,
        reference=lambda x, perm: np.transpose(x, perm),
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: (b.transpose(ct, perm=_inverse(node.attrs["perm"])),),
        jvp=lambda b, node, t: (b.transpose(t, **node.attrs),),
        doc="The axes in another order: axis i of the result is axis perm[i].",
        cases=(
            case((2, 3, 4), perm=(2, 0, 1)),
            case((2, 3), perm=(0, 1)),
            case((), perm=()),
            case((0, 3), perm=(1, 0)),
        ),
    )
)


register(
    OpDef(
        name="reverse_axes",
        inputs=("x",),
        spec=lambda x: TensorType(shape_of(x)[::-1], x.dtype),
        reference=lambda x: np.transpose(x),
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: (b.reverse_axes(ct),),
        jvp=lambda b, node, t: (b.reverse_axes(t),),
        decompose=lambda b, x: b.transpose(x, perm=tuple(range(len(b.shape(x))))[::-1]),
        doc="The axes in reverse order, however many they are.",
        cases=(case((2, 3, 4)), case(()), case((0, 3))),
    )
)


def _as_axes(axis: Any) -> tuple[int, ...]:
    return (axis,) if isinstance(axis, int) else tuple(axis)


def _expand_dims_spec(x: TensorType, *, axis: Any) -> TensorType:
    rank = len(shape_of(x)) + len(_as_axes(axis))
    new = {axis_of(a, rank) for a in _as_axes(axis)}
    if len(new) != len(_as_axes(axis)):
        raise SpecError(f"axis {axis} names an axis twice")
    old = iter(shape_of(x))
    return TensorType(tuple(1 if i in new else next(old) for i in range(rank)), x.dtype)


register(
    OpDef(
        name="expand_dims",
        inputs=("x",),
        attrs={"axis": REQUIRED},
        spec=_expand_dims_spec,
        reference=lambda x, axis: np.expand_dims(x, axis),
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: (b.squeeze(ct, axis=_as_axes(node.attrs["axis"])),),
        decompose=lambda b, x, axis: b.reshape(
            x, shape=_expand_dims_spec(TensorType(b.shape(x), b.dtype(x)), axis=axis).shape
        ),
        jvp=lambda b, node, t: (b.expand_dims(t, **node.attrs),),
        doc="New axes of size 1 at the places (an int or several) that they have in the result.",
        cases=(case((2, 3), axis=0), case((2, 3), axis=-1), case((2, 3), axis=(0, -1)), case((), axis=0)),
    )
)


def _squeeze_spec(x: TensorType, *, axis: tuple[int, ...] | None) -> TensorType:
    shape = shape_of(x)
    if axis is None:
        gone = {i for i, d in enumerate(shape) if d == 1}
        if any(isinstance(d, dims.Dim) for d in shape):
            return TensorType(None, x.dtype)  # only running tells which of them are 1
    else:
        gone = {axis_of(a, len(shape)) for a in _as_axes(axis)}
    for i in sorted(gone):
        if isinstance(shape[i], int) and shape[i] != 1:
            raise SpecError(
                f"axis {i} of shape {shapes.show(x.shape)} has size {shape[i]} and cannot be dropped",
                expected="axes of size 1",
            )
    return TensorType(tuple(d for i, d in enumerate(shape) if i not in gone), x.dtype)


def _squeeze(x: Any, axis: Any) -> Any:
    for a in () if axis is None else _as_axes(axis):
        if x.shape[a] != 1:
            raise ValueError(f"axis {a} has size {x.shape[a]} and cannot be dropped (expected 1)")
    return np.squeeze(x, None if axis is None else _as_axes(axis))


def _squeezed(b: Any, x: Any, axis: Any) -> Any:
    wanted = _squeeze_spec(TensorType(b.shape(x), b.dtype(x)), axis=axis).shape
    if wanted is not None:
        return b.reshape(x, shape=wanted)
    sizes = b.call("shape", x)
    return b.reshape_dynamic(x, b.boolean_mask(sizes, b.not_equal(sizes, b.constant(1, b.dtype(sizes)))))


register(
    OpDef(
        name="squeeze",
        inputs=("x",),
        attrs={"axis": None},
        spec=_squeeze_spec,
        reference=_squeeze,
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: (b.reshape_like(ct, node.inputs[0]),),
        jvp=lambda b, node, t: (b.squeeze(t, **node.attrs),),
        decompose=_squeezed,
        doc="Without the named axes, which have size 1; all such axes where none is named.",
        cases=(case((1, 3, 1), axis=(0,)), case((1, 3, 1), axis=None), case((2, 1), axis=-1), case((2, 3), axis=())),
    )
)
