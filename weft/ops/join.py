"""Tensors joined and taken apart along an axis: concat, split, stack, unstack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dims import Dim
from weft.ir.types import TensorType
from weft.ops.axes import axis_of, same_shape, same_size, shape_of
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register


def _concat_spec(*values: TensorType, axis: int) -> TensorType:
    if not values:
        raise SpecError("needs at least one tensor")
    first = shape_of(values[0])
    if not first:
        raise SpecError("scalars cannot be joined along an axis", hint="use tf.stack, which makes a new axis")
    at = axis_of(axis, len(first))
    result = list(first)
    for position, value in enumerate(values[1:], start=1):
        shape = shape_of(value)
        if len(shape) != len(first):
            raise SpecError(
                f"values[0] has rank {len(first)}, values[{position}] has rank {len(shape)}",
                expected="one rank for all",
            )
        for i, (a, b) in enumerate(zip(result, shape, strict=True)):
            size = a + b if i == at else same_size(a, b)
            if size is None:
                raise SpecError(
                    f"values[{position}] of shape {shapes.show(shape)} does not continue values[0] of shape "
                    f"{shapes.show(first)}: axis {i} is {b}, expected {a}",
                    expected=f"equal sizes on all axes but axis {at}",
                )
            result[i] = size
    return TensorType(tuple(result), values[0].dtype)


def _concat_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    shape = b.shape(ct)
    at = node.attrs["axis"] % len(shape)
    parts: list[Any] = []
    begin: Any = 0
    for value, need in zip(node.inputs, node.needs, strict=True):
        size = b.shape(value)
        start = tuple(begin if i == at else 0 for i in range(len(shape)))
        parts.append(b.slice(ct, begin=start, size=size) if need else None)
        begin = begin + size[at]
    return parts


register(
    OpDef(
        name="concat",
        inputs=("*values",),
        attrs={"axis": REQUIRED},
        spec=_concat_spec,
        reference=lambda *values, axis: np.concatenate(values, axis=axis),
        dtypes=(dtypes.ALL,),
        vjp=_concat_vjp,
        jvp=lambda b, node, *ts: (b.concat(*ts, **node.attrs),),
        doc="The tensors one after the other along an axis that they have.",
        cases=(
            case((2, 3), (2, 1), (2, 2), axis=1),
            case((2, 3), (1, 3), axis=-2),
            case((2,), axis=0),
            case((0, 2), (3, 2), axis=0),
        ),
    )
)


def _split_sizes(size: Any, num_or_sizes: Any) -> tuple[Any, ...]:
    if not isinstance(num_or_sizes, tuple):
        if num_or_sizes < 1:
            raise SpecError(f"cannot split into {num_or_sizes} parts", expected="at least 1")
        if isinstance(size, int) and size % num_or_sizes:
            raise SpecError(f"an axis of size {size} does not split into {num_or_sizes} equal parts",
                            hint="give the sizes of the parts as a list")  # fmt: skip
        return tuple(size // num_or_sizes for _ in range(num_or_sizes))
    open_places = [i for i, s in enumerate(num_or_sizes) if isinstance(s, int) and s == -1]
    if len(open_places) > 1:
        raise SpecError(f"sizes {num_or_sizes} leave more than one open", expected="at most one -1")
    total: Any = 0
    for i, part in enumerate(num_or_sizes):
        if i not in open_places:
            if isinstance(part, int) and part < 0:
                raise SpecError(f"sizes {num_or_sizes} hold the negative size {part}")
            total = total + part
    rest = size - total
    if isinstance(rest, int) and (rest < 0 or (rest and not open_places)):
        raise SpecError(f"parts of sizes {num_or_sizes} make {total}, the axis has size {size}")
    return tuple(rest if i in open_places else part for i, part in enumerate(num_or_sizes))


def _split_spec(x: TensorType, *, num_or_sizes: Any, axis: int) -> tuple[TensorType, ...]:
    shape = shape_of(x)
    at = axis_of(axis, len(shape))
    return tuple(
        TensorType((*shape[:at], part, *shape[at + 1 :]), x.dtype) for part in _split_sizes(shape[at], num_or_sizes)
    )


def _split(x: Any, num_or_sizes: Any, axis: int) -> tuple[Any, ...]:
    try:
        sizes = _split_sizes(x.shape[axis], num_or_sizes)
    except SpecError as error:  # the size was not known when the graph was built
        raise ValueError(error.problem) from None
    parts: list[Any] = np.split(x, np.cumsum(sizes[:-1], dtype=np.int64), axis=axis)
    return tuple(parts)


def _split_decompose(b: Any, x: Any, num_or_sizes: Any, axis: int) -> tuple[Any, ...]:
    shape = b.shape(x)
    at = axis % len(shape)
    parts: list[Any] = []
    begin: Any = 0
    for size in _split_sizes(shape[at], num_or_sizes):
        start = tuple(begin if i == at else 0 for i in range(len(shape)))
        parts.append(b.slice(x, begin=start, size=tuple(size if i == at else n for i, n in enumerate(shape))))
        begin = begin + size
    return tuple(parts)


register(
    OpDef(
        name="split",
        inputs=("x",),
        attrs={"num_or_sizes": REQUIRED, "axis": 0},
        spec=_split_spec,
        reference=_split,
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, *cts: (b.concat(*cts, axis=node.attrs["axis"]),),
        jvp=lambda b, node, t: _as_tuple(b.split(t, **node.attrs)),
        decompose=_split_decompose,
        outputs=None,
        doc="The parts of a tensor along an axis: so many equal ones, or ones of the sizes (one may be -1, the rest).",
        cases=(
            case((4, 3), num_or_sizes=2, axis=0),
            case((2, 6), num_or_sizes=(1, -1, 2), axis=-1),
            case((3,), num_or_sizes=1, axis=0),
            case((3, 2), num_or_sizes=(0, 3), axis=0),
        ),
    )
)


def _stack_spec(*values: TensorType, axis: int) -> TensorType:
    if not values:
        raise SpecError("needs at least one tensor")
    shape = shape_of(values[0])
    at = axis_of(axis, len(shape), extra=1)
    for position, value in enumerate(values[1:], start=1):
        merged = same_shape(shape, shape_of(value))
        if merged is None:
            raise SpecError(
                f"values[{position}] has shape {shapes.show(value.shape)}, values[0] {shapes.show(values[0].shape)}",
                expected="one shape for all",
            )
        shape = merged
    return TensorType((*shape[:at], len(values), *shape[at:]), values[0].dtype)


register(
    OpDef(
        name="stack",
        inputs=("*values",),
        attrs={"axis": 0},
        spec=_stack_spec,
        reference=lambda *values, axis: np.stack(values, axis=axis),
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: _as_tuple(b.unstack(ct, num=len(node.inputs), axis=node.attrs["axis"])),
        jvp=lambda b, node, *ts: (b.stack(*ts, **node.attrs),),
        decompose=lambda b, *values, axis: b.concat(*(b.expand_dims(v, axis=axis) for v in values), axis=axis),
        doc="Tensors of one shape side by side along a new axis.",
        cases=(case((2, 3), (2, 3), axis=0), case((2, 3), (2, 3), (2, 3), axis=-1), case((), (), axis=0),
               case((2,), axis=1)),
    )
)  # fmt: skip


def _as_tuple(values: Any) -> Sequence[Any]:
    return values if isinstance(values, tuple) else (values,)


def _unstack_spec(x: TensorType, *, num: int | None, axis: int) -> tuple[TensorType, ...]:
    shape = shape_of(x)
    at = axis_of(axis, len(shape))
    size = shape[at]
    if num is None:
        if isinstance(size, Dim):
            raise SpecError(f"the size of axis {at} is not known, so neither is how many tensors to make",
                            hint="give num=")  # fmt: skip
        num = size
    if isinstance(size, int) and size != num:
        raise SpecError(f"axis {at} has size {size}, num is {num}", expected="the two to be equal")
    return (TensorType(shape[:at] + shape[at + 1 :], x.dtype),) * num


def _unstack(x: Any, num: int | None, axis: int) -> tuple[Any, ...]:
    if num is not None and x.shape[axis] != num:
        raise ValueError(f"axis {axis} has size {x.shape[axis]}, num is {num}")
    first = np.moveaxis(x, axis, 0)
    return tuple(first[i, ...] for i in range(len(first)))


def _unstack_decompose(b: Any, x: Any, num: int | None, axis: int) -> tuple[Any, ...]:
    shape = b.shape(x)
    at = axis % len(shape)
    whole = (("slice", None, None, None),) * at
    count = shape[at] if num is None else num
    return tuple(b.strided_slice(x, index=(*whole, ("int", position))) for position in range(count))


register(
    OpDef(
        name="unstack",
        inputs=("x",),
        attrs={"num": None, "axis": 0},
        spec=_unstack_spec,
        reference=_unstack,
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, *cts: (b.stack(*cts, axis=node.attrs["axis"]),),
        jvp=lambda b, node, t: _as_tuple(b.unstack(t, **node.attrs)),
        decompose=_unstack_decompose,
        outputs=None,
        doc="The slices of a tensor along an axis, the axis dropped.",
        cases=(case((2, 3), axis=0), case((2, 3), num=3, axis=-1), case((1, 2), axis=0)),
    )
)
