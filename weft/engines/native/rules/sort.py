"""Order: positions that sort an axis, the greatest few, and places in a sorted sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.engines.native.index import ZERO, Entry, Index
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, Nest, rule
from weft.engines.native.ordering import Order
from weft.engines.native.problems import Unsupported
from weft.engines.native.rewriting import guarded
from weft.engines.native.rules.index import entry, inside, settled, wide
from weft.engines.native.rules.reduction import reduce_over
from weft.engines.native.shorthand import cast, compare, op, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source
from weft.ir.graph import Node

if TYPE_CHECKING:
    from weft.base.dtypes import DType

_HALVES = (dtypes.float16, dtypes.bfloat16)


def _compared(dtype: DType) -> DType:
    return dtypes.float32 if dtype in _HALVES else dtype


def ordered(low: Lowering, source: Source, axis: int, count: int, descending: bool, dtype: DType, name: str) -> Memory:
    """The positions along an axis of the first `count` elements in order."""
    size = source.shape[axis]
    assert isinstance(size, int)
    output = low.temporary((*source.shape[:axis], count, *source.shape[axis + 1 :]), dtype, name)
    outer = [a for a in range(len(source.shape)) if a != axis]
    seen = Memory(output.buffer, tuple(output.shape[a] for a in (*outer, axis)),
                  tuple(output.strides[a] for a in (*outer, axis)))  # fmt: skip
    wide_type = _compared(source.dtype)

    def key(place: Indices, index: Index) -> Expr:
        return cast(source.at((*place[:axis], index, *place[axis:])), wide_type)

    template = Order(seen, size, key, wide_type, descending, output.buffer.name)
    low.nests.append(Nest(seen.shape, lambda place, _: seen.at(place), seen, name=name, template=template))
    return output


@rule("argsort")
def _argsort(low: Lowering, node: Node) -> Sequence[Source]:
    source = low.source(node.inputs[0])
    axis = node.attrs["axis"] % len(source.shape)
    size = source.shape[axis]
    low.known(size)
    assert isinstance(size, int)
    descending = node.attrs["direction"] == "DESCENDING"
    return [ordered(low, source, axis, size, descending, node.attrs["dtype"], "argsort")]


def _at_positions(source: Source, axis: int, positions: Memory) -> Source:
    """The elements of a source at positions along an axis, which are in range."""
    size = source.shape[axis]

    def element(place: Indices) -> Expr:
        index = Index.of(Entry(wide(positions.at(place)), size))
        return source.at((*place[:axis], index, *place[axis + 1 :]))

    return Computed(positions.shape, source.dtype, element, source.cost + 3)


@rule("top_k")
def _top_k(low: Lowering, node: Node) -> Sequence[Source]:
    if len(node.inputs) > 1:
        raise Unsupported("a number of elements that is computed")
    source = settled(low, low.source(node.inputs[0]))
    axis, count = len(source.shape) - 1, node.attrs["k"]
    low.known(source.shape[axis], count)
    positions = ordered(low, source, axis, count, True, node.attrs["index_type"], "top_k")
    return [_at_positions(source, axis, positions), positions]


@rule("nth_element")
def _nth_element(low: Lowering, node: Node) -> Sequence[Source]:
    source = settled(low, low.source(node.inputs[0]))
    axis, n = len(source.shape) - 1, node.attrs["n"]
    size = source.shape[axis]
    low.known(size)
    assert isinstance(size, int)
    place, descending = (n, node.attrs["reverse"]) if n < size - n else (size - 1 - n, not node.attrs["reverse"])
    positions = ordered(low, source, axis, place + 1, descending, dtypes.int32, "nth_element")
    found = _at_positions(source, axis, positions)
    return [Computed(source.shape[:-1], source.dtype, lambda p: found.at((*p, Index.of(place))), found.cost)]


@rule("in_top_k")
def _in_top_k(low: Lowering, node: Node) -> Sequence[Source]:
    """Fewer than k of a row's numbers are above the target's, and all of them are finite."""
    targets, rows = (settled(low, low.source(value)) for value in node.inputs)
    size, dtype, wanted = rows.shape[1], _compared(rows.dtype), dtypes.int64
    low.known(size)
    if size == 0:
        raise Unsupported("predictions without classes")

    def score(indices: Indices) -> Expr:
        return cast(rows.at(indices), dtype)

    def above(_: Expr, indices: Indices) -> Expr:
        target = wide(targets.at(indices[:1]))
        better = compare("greater", score(indices), score((indices[0], entry(target, size))))
        return cast(better, wanted)

    def finite(_: Expr, indices: Indices) -> Expr:
        return compare("less", op("abs", score(indices)), Const(float("inf"), dtype))

    count = reduce_over(low, rows, (1,), "add", "above", wanted, above)
    sound = reduce_over(low, rows, (1,), "and", "finite", dtypes.bool_, finite)

    def element(place: Indices) -> Expr:
        few = compare("less", count.at(place), Const(node.attrs["k"], wanted))
        there = Op("and", (inside(wide(targets.at(place)), size), sound.at(place)), dtypes.bool_)
        return Op("and", (there, few), dtypes.bool_)

    return [Computed(targets.shape, dtypes.bool_, element, 4)]


@rule("searchsorted")
def _searchsorted(low: Lowering, node: Node) -> Sequence[Source]:
    """By halves: the steps of a binary search, each of which adds a power of two or nothing."""
    sequence, values = (settled(low, low.source(value)) for value in node.inputs)
    size, right = sequence.shape[-1], node.attrs["side"] == "right"
    low.known(size)
    assert isinstance(size, int)
    dtype, target = _compared(values.dtype), node.attrs["dtype"]

    def element(place: Indices) -> Expr:
        wanted = cast(values.at(place), dtype)
        found: Expr = At(ZERO)
        step = 1 << size.bit_length() >> 1
        while step:
            next_ = op("add", found, Const(step, dtypes.int64))
            there = compare("less_equal", next_, Const(size, dtypes.int64))
            probe = sequence.at((*place[:-1], Index.of(Entry(next_, size + 1)) - 1))
            passed = compare("less_equal" if right else "less", cast(guarded(probe, there), dtype), wanted)
            found = pick(Op("and", (there, passed), dtypes.bool_), next_, found)
            step >>= 1
        if dtype.is_floating:  # no element is less than NaN, and behind all goes what is not less than any
            found = pick(Op("is_nan", (wanted,), dtypes.bool_), Const(size if right else 0, dtypes.int64), found)
        return cast(found, target)

    return [Computed(values.shape, target, element, 8 * max(1, size.bit_length()))]
