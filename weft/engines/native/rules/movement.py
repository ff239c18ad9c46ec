"""The same elements elsewhere: nothing is computed, and mostly nothing is copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.engines.native.index import Index
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, Specialise, Unsupported, aligned, rule, view
from weft.engines.native.rewriting import guarded
from weft.engines.native.rules.pointwise import cast, compare, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source, flat_index, row_major, unflatten
from weft.ir.graph import Node

if TYPE_CHECKING:
    from weft.base.dims import Dimension


@rule("constant")
def _constant(low: Lowering, node: Node) -> Sequence[Source]:
    array = node.attrs["value"].array
    dtype = node.outputs[0].dtype
    if array.size == 1:
        made = Const(array.reshape(-1)[0], dtype)
        return [Computed(array.shape, dtype, lambda indices: made, 0)]
    memory = low.temporary(array.shape, dtype, "constant")
    memory.buffer.role, memory.buffer.data = "constant", array
    return [memory]


@rule("reshape", "expand_dims", "squeeze")
def _reshape(low: Lowering, node: Node) -> Sequence[Source]:
    source, shape = low.source(node.inputs[0]), node.outputs[0].shape
    assert shape is not None
    if isinstance(source, Memory) and source.contiguous:
        return [Memory(source.buffer, shape, row_major(shape), source.offset)]
    return [view(source, shape, lambda indices: unflatten(flat_index(shape, indices), source.shape))]


@rule("broadcast_to")
def _broadcast(low: Lowering, node: Node) -> Sequence[Source]:
    source, shape = low.source(node.inputs[0]), node.outputs[0].shape
    assert shape is not None
    if source.cost > 3:
        source = low.memory(source)
    return [view(source, shape, aligned(source, shape))]


@rule("transpose")
def _transpose(low: Lowering, node: Node) -> Sequence[Source]:
    source, order = low.source(node.inputs[0]), node.attrs["perm"]
    rank = len(source.shape)
    order = tuple(range(rank))[::-1] if order is None else tuple(axis % rank for axis in order)
    shape = tuple(source.shape[axis] for axis in order)
    if isinstance(source, Memory):
        strides = tuple(source.strides[axis] for axis in order)
        return [Memory(source.buffer, shape, strides, source.offset)]
    back = tuple(order.index(axis) for axis in range(rank))

    def where(indices: Indices) -> Indices:
        return tuple(indices[place] for place in back)

    return [view(source, shape, where)]


@rule("iota")
def _iota(low: Lowering, node: Node) -> Sequence[Source]:
    shape, dtype = tuple(node.attrs["shape"]), node.attrs["dtype"]
    axis = node.attrs["axis"] % len(shape)
    return [Computed(shape, dtype, lambda indices: cast(At(Index.of(indices[axis])), dtype), 1)]


# -- parts ------------------------------------------------------------------------------------------------------------


def _window(source: Source, shape: Sequence[Dimension], starts: Sequence[Dimension], steps: Sequence[int]) -> Source:
    """A part of a source: its element i is element start + step * i."""
    if isinstance(source, Memory):
        offset = source.place(tuple(map(Index.of, starts)))
        strides = tuple(stride * step for stride, step in zip(source.strides, steps, strict=True))
        return Memory(source.buffer, tuple(shape), strides, offset)

    def where(indices: Indices) -> Indices:
        return tuple(index * step + start for index, start, step in zip(indices, starts, steps, strict=True))

    return view(source, tuple(shape), where)


@rule("slice")
def _slice(low: Lowering, node: Node) -> Sequence[Source]:
    shape = node.outputs[0].shape
    assert shape is not None
    begin = tuple(node.attrs["begin"])
    return [_window(low.source(node.inputs[0]), shape, begin, (1,) * len(shape))]


@rule("concat")
def _concat(low: Lowering, node: Node) -> Sequence[Source]:
    parts = [low.source(value) for value in node.inputs]
    parts = [low.memory(part) if part.cost > 3 else part for part in parts]
    shape = node.outputs[0].shape
    assert shape is not None
    axis = node.attrs["axis"] % len(shape)
    ends: list[Dimension] = []
    for part in parts:
        ends.append((ends[-1] if ends else 0) + part.shape[axis])

    def element(indices: Indices) -> Expr:
        found: Expr | None = None
        for number in range(len(parts) - 1, -1, -1):
            start = ends[number - 1] if number else 0
            moved = parts[number].at((*indices[:axis], indices[axis] - start, *indices[axis + 1 :]))
            below = compare("less", At(indices[axis]), At(Index.of(ends[number])))
            above = compare("greater_equal", At(indices[axis]), At(Index.of(start)))
            inside = Op("and", (below, above), dtypes.bool_)
            moved = guarded(moved, inside)
            found = moved if found is None else pick(below, moved, found)
        assert found is not None
        return found

    return [Computed(shape, parts[0].dtype, element, 4 * len(parts))]
