"""Reductions: sums, means, extremes, and where they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.ir.types import TensorType
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register


def reduced_shape(x: TensorType, axis: tuple[int, ...], keepdims: bool) -> tuple[Any, ...]:
    """The shape after reducing over axes.

    Raises:
        SpecError: For an axis out of range or named twice.
    """
    rank = x.rank or 0
    normal = [shapes.normalize_axis(a, rank) for a in axis]
    for given, found in zip(axis, normal, strict=True):
        if found is None:
            problem = f"axis {given} is out of range for a tensor of rank {rank}"
            raise SpecError(problem, expected=f"-{rank} to {rank - 1}")
    if len(set(normal)) != len(normal):
        raise SpecError(f"axis {axis} names an axis twice")
    if keepdims:
        return tuple(1 if i in normal else d for i, d in enumerate(x.shape or ()))
    return tuple(d for i, d in enumerate(x.shape or ()) if i not in normal)


def _sum(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    if x.dtype in (np.float16, dtypes.bfloat16.numpy):
        return np.sum(x.astype(np.float32), axis=axis, keepdims=keepdims).astype(x.dtype)
    return np.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


def expand_reduced(b: Any, ct: Any, node: Any) -> Any:
    """The cotangent of a reduction, broadcast back to the shape of its operand."""
    shape = b.shape(node.inputs[0])
    if not node.attrs["keepdims"]:
        axes = {a % len(shape) for a in node.attrs["axis"]}
        ct = b.reshape(ct, shape=tuple(1 if i in axes else d for i, d in enumerate(shape)))
    return b.broadcast_to(ct, shape=shape)


register(
    OpDef(
        name="reduce_sum",
        inputs=("x",),
        attrs={"axis": REQUIRED, "keepdims": False},
        spec=lambda x, axis, keepdims: TensorType(reduced_shape(x, axis, keepdims), x.dtype),
        reference=_sum,
        dtypes=(dtypes.NUMBERS,),
        vjp=lambda b, node, ct: (expand_reduced(b, ct, node),),
        jvp=lambda b, node, t: (b.reduce_sum(t, **node.attrs),),
        doc="The sum over axes.",
        cases=(
            case((2, 3, 4), axis=(0, 2)),
            case((2, 3), axis=(-1,), keepdims=True),
            case((2, 3), axis=()),
            case((0, 3), axis=(0,)),
        ),
    )
)
