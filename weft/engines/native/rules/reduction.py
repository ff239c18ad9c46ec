"""Reductions: many elements combined into one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft.base import dtypes
from weft.base.dims import Dim, product
from weft.base.dtypes import DType
from weft.engines.native.convolution.sparse import Unpooled
from weft.engines.native.index import Index
from weft.engines.native.kernels import identity
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, rule
from weft.engines.native.problems import Specialise, Unsupported
from weft.engines.native.shorthand import cast, compare, op, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source
from weft.ir.graph import Node

_COMBINE = {
    "reduce_sum": "add", "reduce_mean": "add", "reduce_prod": "multiply", "reduce_max": "maximum",
    "reduce_min": "minimum", "reduce_any": "or", "reduce_all": "and",
}  # fmt: skip


def axes_of(node: Node, rank: int) -> tuple[int, ...]:
    """The axes that a node reduces, in order."""
    axis = node.attrs["axis"]
    if axis is None:
        return tuple(range(rank))
    found = (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(sorted(a % rank for a in found))


def reduce_over(
    low: Lowering, source: Source, axes: Sequence[int], combine: str, name: str, dtype: DType | None = None,
    map: Any = None,
) -> Memory:  # fmt: skip
    """The elements of a source combined over some axes; `map` is applied to each first."""
    kept = [axis for axis in range(len(source.shape)) if axis not in axes]
    wide = dtype or source.dtype
    shape = tuple(source.shape[axis] for axis in kept)
    combined = [axis for axis in axes if source.shape[axis] != 1]

    def value(place: Indices, within: Indices) -> Expr:
        indices: list[Index] = [Index({}, 0)] * len(source.shape)
        for axis, index in zip(kept, place, strict=True):
            indices[axis] = index
        for axis, index in zip(combined, within, strict=True):
            indices[axis] = index
        element = source.at(tuple(indices))
        return element if map is None else map(element, tuple(indices))

    if not combined:  # one element each: nothing is combined, and results lie side by side
        return low.memory(Computed(shape, wide, lambda place: value(place, ()), source.cost + 1), name)
    return low.reduce(shape, tuple(source.shape[a] for a in combined), wide, combine, value, name)


def _keep(low: Lowering, node: Node, result: Source) -> Source:
    """The result under the shape that the node gives it (with `keepdims`, axes of size 1)."""
    shape = node.outputs[0].shape
    assert shape is not None
    if len(shape) == len(result.shape):
        return result
    axes = axes_of(node, len(shape))
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    if isinstance(result, Memory):
        return Memory(result.buffer, shape)
    return Computed(shape, result.dtype, lambda indices: result.at(tuple(indices[k] for k in kept)), result.cost)


@rule(*_COMBINE)
def _reduce(low: Lowering, node: Node) -> Sequence[Source]:
    source = low.source(node.inputs[0])
    dtype = source.dtype
    if dtype.is_complex:
        raise Unsupported("no native code for complex numbers")
    axes = axes_of(node, len(source.shape))
    if not axes:
        return [source]
    if isinstance(source, Unpooled) and node.op == "reduce_sum" and {1, 2} <= set(axes):
        source = source.values  # each number lies somewhere in the image: the sum need not look where
    half = dtype in (dtypes.float16, dtypes.bfloat16)
    wide = dtypes.float32 if half else dtype
    combined = reduce_over(low, source, axes, _COMBINE[node.op], node.op, wide,
                           (lambda element, _: cast(element, wide)) if half else None)  # fmt: skip
    result: Source = combined
    if node.op == "reduce_mean":
        if not dtype.is_floating:
            raise Unsupported("the mean of integers")
        count = product(tuple(source.shape[a] for a in axes))
        number = cast(At(Index.of(count)), wide)
        result = Computed(combined.shape, wide, lambda place: op("divide", combined.at(place), number), 4)
    if half:
        wide_result = result
        result = Computed(combined.shape, dtype, lambda place: cast(wide_result.at(place), dtype), result.cost + 1)
    return [_keep(low, node, result)]


@rule("count_nonzero")
def _count_nonzero(low: Lowering, node: Node) -> Sequence[Source]:
    source, dtype = low.source(node.inputs[0]), node.attrs["dtype"]
    axes = axes_of(node, len(source.shape))

    def counted(element: Expr, _: Indices) -> Expr:
        return cast(cast(element, dtypes.bool_), dtypes.int64)

    found = reduce_over(low, source, axes, "add", node.op, dtypes.int64, counted)
    return [_keep(low, node, Computed(found.shape, dtype, lambda place: cast(found.at(place), dtype), 1))]


@rule("argmax", "argmin")
def _argmax(low: Lowering, node: Node) -> Sequence[Source]:
    """The first of the greatest: the least index whose element is the greatest. NaN counts as the worst there is."""
    source = low.source(node.inputs[0])
    if source.dtype.is_complex or source.dtype.is_bool:
        raise Unsupported(f"no native code for {source.dtype.name}")
    rank = len(source.shape)
    axis = node.attrs["axis"] % rank
    if source.cost > 3:
        source = low.memory(source)
    combine = "maximum" if node.op == "argmax" else "minimum"
    worst = identity(combine, source.dtype)

    def ranked(element: Expr) -> Expr:
        if not source.dtype.is_floating:
            return element
        return pick(Op("is_nan", (element,), dtypes.bool_), worst, element)

    best = reduce_over(low, source, (axis,), combine, "best", None, lambda element, _: ranked(element))
    size = source.shape[axis]
    last = Const(2**62, dtypes.int64)

    def place_of(element: Expr, indices: Indices) -> Expr:
        top = best.at(tuple(index for a, index in enumerate(indices) if a != axis))
        return pick(compare("equal", ranked(element), top), At(indices[axis]), last)

    if isinstance(size, Dim):
        raise Specialise(size.symbols())
    first = reduce_over(low, source, (axis,), "minimum", "place", dtypes.int64, place_of)
    target = node.outputs[0].dtype
    return [Computed(first.shape, target, lambda place: cast(first.at(place), target), 1)]


@rule("sum_to_shape")
def _sum_to_shape(low: Lowering, node: Node) -> Sequence[Source]:
    """The axes that a broadcast stretched are summed; whether an axis is one of them must be known."""
    source, shape = low.source(node.inputs[0]), tuple(node.attrs["shape"])
    extra = len(source.shape) - len(shape)
    axes = list(range(extra))
    for axis, (size, target) in enumerate(zip(source.shape[extra:], shape, strict=True), start=extra):
        if size == target:
            continue
        if isinstance(target, Dim):
            raise Specialise(target.symbols() | (size.symbols() if isinstance(size, Dim) else frozenset()))
        axes.append(axis)
    if not axes:
        return [source]
    dtype = source.dtype
    wide = dtypes.float32 if dtype in (dtypes.float16, dtypes.bfloat16) else dtype
    summed = reduce_over(low, source, axes, "add", node.op, wide, lambda element, _: cast(element, wide))
    result = Memory(summed.buffer, shape)
    return [result if wide is dtype else Computed(shape, dtype, lambda place: cast(result.at(place), dtype), 1)]
