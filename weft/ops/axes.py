"""What rules about axes, sizes and indices share: refusals with one wording, shapes that agree, range checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dims import Dim
from weft.ops.families import in_float32
from weft.ops.opdef import SpecError

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.ir.types import TensorType

INDICES = (dtypes.int32, dtypes.int64, dtypes.int16, dtypes.uint8, dtypes.uint16, dtypes.int8, dtypes.uint32)


def axis_of(axis: int, rank: int, *, extra: int = 0, name: str = "axis") -> int:
    """The axis counted from the front; `extra` is 1 where the axis is one to be made.

    Raises:
        SpecError: Where it is out of range.
    """
    found = shapes.normalize_axis(axis, rank, extra)
    if found is None:
        limit = rank + extra
        raise SpecError(
            f"{name} {axis} is out of bounds for a tensor of rank {rank}",
            expected=f"{-limit} to {limit - 1}" if limit else "a tensor with at least one axis",
        )
    return found


def same_size(first: Dimension, second: Dimension) -> Dimension | None:
    """The size that two dimensions which must be equal stand for (the known one), or None where they differ."""
    if isinstance(first, int):
        return first if isinstance(second, Dim) or first == second else None
    return second if isinstance(second, int) else first


def same_shape(first: Shape, second: Shape) -> Shape | None:
    """The shape that two shapes which must be equal stand for, or None where they differ."""
    if len(first) != len(second):
        return None
    merged = []
    for a, b in zip(first, second, strict=True):
        size = same_size(a, b)
        if size is None:
            return None
        merged.append(size)
    return tuple(merged)


def shape_of(type: TensorType) -> Shape:
    """The shape of a type whose rank is known, which `OpDef.infer` sees to."""
    return type.shape or ()


def need_rank(type: TensorType, rank: int, name: str) -> None:
    """Refuses a tensor of another rank.

    Raises:
        SpecError: Naming the argument.
    """
    if len(shape_of(type)) != rank:
        raise SpecError(f"`{name}` must have rank {rank}, received shape {shapes.show(type.shape)}")


def check_indices(indices: Any, limit: int, name: str = "indices", what: str = "") -> None:
    """Refuses indices outside `[0, limit)`.

    Raises:
        IndexError: With the first bad value, its position and the allowed range.
    """
    if indices.size == 0:
        return
    if indices.min() >= 0 and indices.max() < limit:
        return
    bad = np.argwhere((indices < 0) | (indices >= limit))[0]
    place = f" at position {bad.tolist()}" if indices.ndim else ""
    allowed = f"0 to {limit - 1}" if limit > 0 else "none, as the axis is empty"
    raise IndexError(f"`{name}` holds {indices[tuple(bad)]}{place}, which is out of range{what} (allowed: {allowed})")


def add_rows(x: Any, indices: Any, values: Any) -> Any:
    """x with `values[i]` added to row `indices[i]`, in order; the same bits as a loop over i."""
    result = x.copy()
    np.add.at(result, indices, values)
    return result


#: the same, half precisions accumulated in float32 and rounded once
add_rows = in_float32(add_rows)

__all__ = [
    "INDICES", "add_rows", "axis_of", "check_indices", "need_rank", "same_shape", "same_size", "shape_of",
]  # fmt: skip
