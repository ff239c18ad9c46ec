"""Shapes of tensors changed: broadcast, reshape, transpose, join and split, pad, tile."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.ir.types import TensorType
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register


def _broadcast_to_spec(x: TensorType, *, shape: tuple[Any, ...]) -> TensorType:
    joined = shapes.broadcast(x.shape or (), shape)
    if joined is None or len(joined) != len(shape):
        raise SpecError(f"shape {shapes.show(x.shape)} does not broadcast to {shapes.show(shape)}")
    return TensorType(shape, x.dtype)


register(
    OpDef(
        name="broadcast_to",
        inputs=("x",),
        attrs={"shape": REQUIRED},
        spec=_broadcast_to_spec,
        reference=lambda x, shape: np.broadcast_to(x, shape),
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: (b.unbroadcast(ct, b.shape(node.inputs[0])),),
        jvp=lambda b, node, t: (b.broadcast_to(t, shape=node.attrs["shape"]),),
        doc="The tensor repeated along axes of size 1, and along new ones in front, until it has the shape.",
        cases=(case((3, 1), shape=(2, 3, 4)), case((), shape=(2, 0)), case((2,), shape=(2,))),
    )
)


def _sum_to_shape(x: Any, shape: tuple[int, ...]) -> Any:
    extra = x.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 and x.shape[i + extra] != 1)
    return np.sum(x, axis=axes, dtype=x.dtype).reshape(shape) if axes else x


register(
    OpDef(
        name="sum_to_shape",
        inputs=("x",),
        attrs={"shape": REQUIRED},
        spec=lambda x, shape: TensorType(tuple(shape), x.dtype),
        reference=_sum_to_shape,
        dtypes=(dtypes.NUMBERS,),
        vjp=lambda b, node, ct: (b.broadcast_to(ct, shape=b.shape(node.inputs[0])),),
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
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: (b.reshape(ct, shape=b.shape(node.inputs[0])),),
        jvp=lambda b, node, t: (b.reshape(t, shape=node.attrs["shape"]),),
        doc="The same elements in the same order under another shape (no -1 here: the front door resolves it).",
        cases=(case((2, 6), shape=(3, 4)), case((), shape=(1, 1)), case((0, 3), shape=(3, 0))),
    )
)
