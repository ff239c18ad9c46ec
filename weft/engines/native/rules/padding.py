"""Borders around tensors: of a constant, or of the tensor's own elements mirrored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.engines.native.index import Entry, Index
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, rule
from weft.engines.native.rewriting import guarded
from weft.engines.native.rules.index import settled
from weft.engines.native.shorthand import cast, compare, op, pick
from weft.engines.native.sources import Computed, Indices, Source
from weft.ir.graph import Node

if TYPE_CHECKING:
    from weft.base.dims import Dimension


@rule("pad")
def _pad(low: Lowering, node: Node) -> Sequence[Source]:
    source, shape = settled(low, low.source(node.inputs[0])), node.outputs[0].shape
    assert shape is not None
    paddings = node.attrs["paddings"]
    if node.attrs["mode"] != "constant":
        return [_mirrored(low, source, paddings, node.attrs["mode"] == "reflect")]
    border = Const(node.attrs["constant_value"], source.dtype)

    def element(indices: Indices) -> Expr:
        inside: Expr | None = None
        for index, (before, after), size in zip(indices, paddings, source.shape, strict=True):
            tests = [compare("greater_equal", At(index), At(Index.of(before)))] if _some(before) else []
            tests += [compare("less", At(index), At(Index.of(size + before)))] if _some(after) else []
            for test in tests:
                inside = test if inside is None else Op("and", (inside, test), dtypes.bool_)
        moved = source.at(tuple(index - before for index, (before, _) in zip(indices, paddings, strict=True)))
        return moved if inside is None else pick(inside, guarded(moved, inside), border)

    return [Computed(shape, source.dtype, element, source.cost + 3)]


def _some(size: Dimension) -> bool:
    return not (isinstance(size, int) and size == 0)


def _mirrored(low: Lowering, source: Source, paddings: Sequence[tuple[Dimension, Dimension]], skip: bool) -> Source:
    """`skip` leaves out the edge itself. How much may be mirrored depends on the sizes, which must be known."""
    _know(low, source.shape, paddings)

    def element(indices: Indices) -> Expr:
        own = []
        for index, (before, after), size in zip(indices, paddings, source.shape, strict=True):
            place: Expr = At(index - before)
            if _some(before):
                mirror = At(Index.of(before) - index - (0 if skip else 1))
                place = pick(compare("less", At(index), At(Index.of(before))), mirror, place)
            if _some(after):
                end = size + before
                mirror = At(Index.of(end + size - (2 if skip else 1)) - index)
                place = pick(compare("greater_equal", At(index), At(Index.of(end))), mirror, place)
            own.append(index if not _some(before) and not _some(after) else Index.of(Entry(place, size)))
        return source.at(tuple(own))

    shape = tuple(n + before + after for n, (before, after) in zip(source.shape, paddings, strict=True))
    return Computed(shape, source.dtype, element, source.cost + 4)


def _know(low: Lowering, shape: Sequence[Dimension], paddings: Sequence[tuple[Dimension, Dimension]]) -> None:
    low.known(*(size for size, pair in zip(shape, paddings, strict=True) if any(map(_some, pair))))
    low.known(*(amount for pair in paddings for amount in pair))


@rule("mirror_pad_grad")
def _mirror_pad_grad(low: Lowering, node: Node) -> Sequence[Source]:
    """Each element and its images in the border, an axis after the other, as they were mirrored."""
    ct = low.source(node.inputs[0])
    paddings, skip = node.attrs["paddings"], node.attrs["mode"] == "reflect"
    shape = node.outputs[0].shape
    assert shape is not None
    _know(low, shape, paddings)
    dtype = ct.dtype
    found: Source = ct
    wide = dtypes.float32 if dtype in (dtypes.float16, dtypes.bfloat16) else dtype
    for axis, (before, after) in enumerate(paddings):
        if before or after:
            found = _folded(settled(low, found), axis, before, after, skip, wide)
    return [found if found.dtype is dtype else Computed(
        found.shape, dtype, lambda place: cast(found.at(place), dtype), found.cost + 1)]  # fmt: skip


def _folded(source: Source, axis: int, before: int, after: int, skip: bool, dtype: dtypes.DType) -> Source:
    size = source.shape[axis] - before - after
    edge = 0 if skip else 1

    def element(place: Indices) -> Expr:
        index = place[axis]

        def at(where: Index) -> Expr:
            return cast(source.at((*place[:axis], where, *place[axis + 1 :])), dtype)

        def image(where: Index, first: Dimension, last: Dimension) -> Expr:
            there = Op("and", (compare("greater_equal", At(where), At(Index.of(first))),
                               compare("less", At(where), At(Index.of(last)))), dtypes.bool_)  # fmt: skip
            return pick(there, guarded(at(where), there), Const(0, dtype))

        total = at(index + before)
        if before:  # what lies as far in front of the edge as this lies behind it
            total = op("add", image(Index.of(before - edge) - index, 0, before), total)
        if after:
            end = before + size
            total = op("add", total, image(Index.of(end + size - 2 + edge) - index, end, end + after))
        return total

    shape = (*source.shape[:axis], size, *source.shape[axis + 1 :])
    return Computed(shape, dtype, element, 3 * source.cost + 8)


