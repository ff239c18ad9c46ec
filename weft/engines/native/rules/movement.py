"""The same elements elsewhere: nothing is computed, and mostly nothing is copied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import Dim, product
from weft.engines.native.index import ZERO, Index
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, Nest, aligned, rule, view
from weft.engines.native.rewriting import guarded
from weft.engines.native.shorthand import cast, compare, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source, flat_index, row_major, unflatten
from weft.ir.graph import Node

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.base.dtypes import DType

#: neighbours from one part of a concatenation for which it is worth walking through that part alone
_RUN = 16


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
    shape = node.outputs[0].shape
    assert shape is not None
    axis = node.attrs["axis"] % len(shape)
    if low.users.get(node.outputs[0], 0) > 1 and all(_long(part.shape[axis:]) for part in parts):
        return [_side_by_side(low, parts, shape, axis)]
    parts = [low.memory(part) if part.cost > 3 else part for part in parts]
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


def _long(run: Shape) -> bool:
    """Whether so many neighbours are worth a walk of their own."""
    size = product(tuple(run))
    return isinstance(size, Dim) or size >= _RUN


def _side_by_side(low: Lowering, parts: Sequence[Source], shape: Shape, axis: int) -> Memory:
    """What is stored anyway is written part by part: no element has to ask of which part it is."""
    whole = low.temporary(shape, parts[0].dtype, "concat")
    start: Dimension = 0
    for part in parts:
        if product(tuple(part.shape)) != 0:
            first = (*(ZERO for _ in shape[:axis]), Index.of(start), *(ZERO for _ in shape[axis + 1 :]))
            place = Memory(whole.buffer, part.shape, whole.strides, whole.place(first))
            low.nests.append(Nest(part.shape, _element(part), place, name="concat", part=True))
        start = start + part.shape[axis]
    return whole


def _element(source: Source) -> Callable[[Indices, Indices], Expr]:
    return lambda place, _: source.at(place)


@rule("cross")
def _cross(low: Lowering, node: Node) -> Sequence[Source]:
    a, b = (low.memory(low.source(value)) for value in node.inputs)
    shape, dtype = node.outputs[0].shape, node.outputs[0].dtype
    assert shape is not None
    wide = dtypes.float32 if dtype in (dtypes.float16, dtypes.bfloat16) else dtype
    low.known(a.shape[-1], b.shape[-1])

    def element(place: Indices) -> Expr:
        def part(source: Memory, step: int) -> Expr:
            return cast(source.at((*place[:-1], (place[-1] + step) % 3)), wide)

        first, second = (Op("multiply", (part(a, i), part(b, 3 - i)), wide) for i in (1, 2))
        return cast(Op("subtract", (first, second), wide), dtype)

    return [Computed(shape, dtype, element, 8)]


@rule("crop_or_pad")
def _crop_or_pad(low: Lowering, node: Node) -> Sequence[Source]:
    source, shape = low.source(node.inputs[0]), tuple(node.attrs["shape"])
    source = low.memory(source) if source.cost > 3 else source

    def element(place: Indices) -> Expr:
        inside: Expr | None = None
        for index, size, wanted in zip(place, source.shape, shape, strict=True):
            if size != wanted and not (isinstance(size, int) and isinstance(wanted, int) and wanted < size):
                test = compare("less", At(index), At(Index.of(size)))
                inside = test if inside is None else Op("and", (inside, test), dtypes.bool_)
        found = source.at(place)
        return found if inside is None else pick(inside, guarded(found, inside), Const(0, source.dtype))

    return [Computed(shape, source.dtype, element, source.cost + 2)]


@rule("bitcast")
def _bitcast(low: Lowering, node: Node) -> Sequence[Source]:
    """The bytes of an element as one of the same size, or as several, or those of several as one."""
    source, target, shape = low.source(node.inputs[0]), node.attrs["dtype"], node.outputs[0].shape
    assert shape is not None
    source = low.memory(source) if source.cost > 3 else source
    own, wanted = source.dtype.size, target.size
    bits = {1: dtypes.uint8, 2: dtypes.uint16, 4: dtypes.uint32, 8: dtypes.uint64}

    def as_type(value: Expr, dtype: DType) -> Expr:
        return value if value.dtype is dtype else Op("bitcast", (value,), dtype)

    def element(place: Indices) -> Expr:
        if own == wanted:
            return as_type(source.at(place), target)
        if wanted < own:
            whole = as_type(source.at(place[:-1]), bits[own])
            shift = Op("cast", (At(place[-1] * (8 * wanted)),), bits[own])
            return as_type(cast(Op("shift_right", (whole, shift), bits[own]), bits[wanted]), target)
        found: Expr = Const(0, bits[wanted])
        for part in range(wanted // own):
            piece = cast(as_type(source.at((*place, Index.of(part))), bits[own]), bits[wanted])
            moved = Op("shift_left", (piece, Const(8 * own * part, bits[wanted])), bits[wanted])
            found = Op("or", (found, moved), bits[wanted])
        return as_type(found, target)

    if wanted > own:
        low.known(source.shape[-1])
    return [Computed(shape, target, element, source.cost + 3 * max(1, wanted // own))]
