"""Elements by index: gather in its forms. An index out of range throws the step away, and reads nothing meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import Dim
from weft.engines.native.index import ZERO, Entry, Index, LoopVar
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, aligned, rule
from weft.engines.native.problems import Specialise
from weft.engines.native.rewriting import Rewriter, guarded
from weft.engines.native.shorthand import cast, compare, pick
from weft.engines.native.sources import Computed, Indices, Source
from weft.ir.graph import Node

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape


def wide(index: Expr) -> Expr:
    """An index as int64."""
    return cast(index, dtypes.int64)


def inside(index: Expr, size: Dimension) -> Expr:
    """Whether an int64 index lies in an axis: negative ones are, seen as unsigned, greater than any size."""
    return compare("less", cast(index, dtypes.uint64), cast(At(Index.of(size)), dtypes.uint64))


def outside(index: Expr, size: Dimension) -> Expr:
    """The opposite of `inside`."""
    return compare("greater_equal", cast(index, dtypes.uint64), cast(At(Index.of(size)), dtypes.uint64))


def entry(index: Expr, size: Dimension) -> Index:
    """An int64 number as an index into an axis; 0 where it lies outside."""
    return Index.of(Entry(pick(inside(index, size), index, Const(0, dtypes.int64)), size))


def read(size: Dimension, index: Expr, at: Callable[[Index], Expr]) -> Expr:
    """What lies at an int64 index of an axis; something harmless where the axis does not reach that far."""
    if isinstance(size, int) and size > 0:
        return at(entry(index, size))
    place = LoopVar("place", size)
    found = at(Index.of(place))
    if isinstance(size, int):
        return Const(0, found.dtype)
    # the axis may turn out to be empty: then not even its first element is there
    return Rewriter(values={place: entry(index, size)}).expr(guarded(found, inside(index, size)))


def settled(low: Lowering, source: Source, name: str = "t") -> Source:
    """A source that may be asked for the same element many times."""
    return low.memory(source, name) if source.cost > 3 else source


@rule("gather")
def _gather(low: Lowering, node: Node) -> Sequence[Source]:
    x, indices = settled(low, low.source(node.inputs[0])), settled(low, low.source(node.inputs[1]), "indices")
    shape = node.outputs[0].shape
    assert shape is not None
    axis, batch = _axes(node, x.shape, indices.shape)
    size, more = x.shape[axis], len(indices.shape) - batch
    low.check(indices.shape, lambda place: outside(wide(indices.at(place)), size))

    def element(place: Indices) -> Expr:
        index = wide(indices.at((*place[:batch], *place[axis : axis + more])))
        return read(size, index, lambda at: x.at((*place[:axis], at, *place[axis + more :])))

    return [Computed(shape, x.dtype, element, x.cost + indices.cost + 4)]


def _axes(node: Node, x: Shape, indices: Shape) -> tuple[int, int]:
    """The axis and the number of batch axes, counted from the front."""
    batch = node.attrs["batch_dims"]
    return node.attrs["axis"] % len(x), batch + len(indices) if batch < 0 else int(batch)


@rule("gather_nd")
def _gather_nd(low: Lowering, node: Node) -> Sequence[Source]:
    x, indices = settled(low, low.source(node.inputs[0])), settled(low, low.source(node.inputs[1]), "indices")
    shape = node.outputs[0].shape
    assert shape is not None
    batch = node.attrs["batch_dims"]
    sizes = tuple_sizes(low, x.shape, indices, batch)
    front = len(indices.shape) - 1
    check_tuples(low, indices, sizes)

    def element(place: Indices) -> Expr:
        def at(done: tuple[Index, ...]) -> Expr:
            depth = len(done)
            if depth == len(sizes):
                return x.at((*place[:batch], *done, *place[front:]))
            index = wide(indices.at((*place[:front], Index.of(depth))))
            return read(sizes[depth], index, lambda found: at((*done, found)))

        return at(())

    return [Computed(shape, x.dtype, element, x.cost + 4 * len(sizes) + 1)]


def tuple_sizes(low: Lowering, x: Shape, indices: Source, batch: int) -> Shape:
    """The sizes of the axes that index tuples speak of.

    Raises:
        Specialise: Where the length of the tuples is not known.
    """
    depth = indices.shape[-1]
    if isinstance(depth, Dim):
        raise Specialise(depth.symbols())
    return tuple(x[batch : batch + depth])


def check_tuples(low: Lowering, indices: Source, sizes: Shape) -> None:
    """Throws the step away where an index tuple is out of range."""
    if not sizes:
        return

    def wrong(place: Indices) -> Expr:
        found: Expr | None = None
        for axis, size in enumerate(sizes):
            test = outside(wide(indices.at((*place, Index.of(axis)))), size)
            found = test if found is None else Op("or", (found, test), dtypes.bool_)
        assert found is not None
        return found

    low.check(indices.shape[:-1], wrong)


@rule("take_along_axis")
def _take_along_axis(low: Lowering, node: Node) -> Sequence[Source]:
    x, indices = settled(low, low.source(node.inputs[0])), settled(low, low.source(node.inputs[1]), "indices")
    shape = node.outputs[0].shape
    assert shape is not None
    axis = node.attrs["axis"] % len(shape)
    size = x.shape[axis]
    low.check(indices.shape, lambda place: outside(wide(indices.at(place)), size))
    to_x = along(x.shape, shape, axis)
    to_indices = aligned(indices, shape)

    def element(place: Indices) -> Expr:
        def at(index: Index) -> Expr:
            own = list(to_x(place))
            own[axis] = index
            return x.at(tuple(own))

        return read(size, wide(indices.at(to_indices(place))), at)

    return [Computed(shape, x.dtype, element, x.cost + indices.cost + 4)]


def along(x: Shape, whole: Shape, axis: int) -> Callable[[Indices], Indices]:
    """From places in a result to those of an operand that may be broadcast on all axes but one."""
    return places_of(tuple(whole[i] if i == axis else n for i, n in enumerate(x)), whole)


def places_of(own: Shape, whole: Shape) -> Callable[[Indices], Indices]:
    """From indices into a broadcast shape to those into an operand of this shape."""
    return aligned(Computed(own, dtypes.bool_, lambda indices: Const(False, dtypes.bool_), 0), whole)


@rule("reverse_sequence")
def _reverse_sequence(low: Lowering, node: Node) -> Sequence[Source]:
    x, lengths = settled(low, low.source(node.inputs[0])), settled(low, low.source(node.inputs[1]), "lengths")
    rank = len(x.shape)
    axis, batch = node.attrs["seq_axis"] % rank, node.attrs["batch_axis"] % rank
    size = x.shape[axis]
    low.check(lengths.shape, lambda place: outside(wide(lengths.at(place)), size + 1))

    def element(place: Indices) -> Expr:
        length = wide(lengths.at((place[batch],)))
        mirrored = Op("subtract", (length, At(place[axis] + 1)), dtypes.int64)
        source = pick(compare("less", At(place[axis]), length), mirrored, At(place[axis]))
        return read(size, source, lambda index: x.at((*place[:axis], index, *place[axis + 1 :])))

    return [Computed(x.shape, x.dtype, element, x.cost + 5)]


@rule("take_row")
def _take_row(low: Lowering, node: Node) -> Sequence[Source]:
    x, index = settled(low, low.source(node.inputs[0])), settled(low, low.source(node.inputs[1]), "index")
    size = x.shape[0]
    low.check((), lambda place: outside(wide(index.at(())), size))

    def element(place: Indices) -> Expr:
        return read(size, wide(index.at(())), lambda found: x.at((found, *place)))

    return [Computed(x.shape[1:], x.dtype, element, x.cost + 3)]


@rule("put_row")
def _put_row(low: Lowering, node: Node) -> Sequence[Source]:
    x, index = settled(low, low.source(node.inputs[0])), settled(low, low.source(node.inputs[1]), "index")
    shape = node.outputs[0].shape
    assert shape is not None
    size = shape[0]

    def chosen() -> Expr:  # from the end where negative, as the reference takes it
        given = wide(index.at(()))
        from_end = Op("add", (given, At(Index.of(size))), dtypes.int64)
        return pick(compare("less", given, Const(0, dtypes.int64)), from_end, given)

    low.check((), lambda place: outside(chosen(), size))

    def element(place: Indices) -> Expr:
        return pick(compare("equal", At(place[0]), chosen()), x.at(place[1:]), Const(0, x.dtype))

    return [Computed(shape, x.dtype, element, x.cost + 2)]


# -- windows whose place is computed ----------------------------------------------------------------------------------


def window_starts(low: Lowering, starts: Sequence[Source], whole: Shape, sizes: Shape) -> list[Expr]:
    """Where a window begins, each in range; the step is thrown away where one was not."""
    found = []
    for start, size, length in zip(starts, whole, sizes, strict=True):
        given = wide(settled(low, start, "start").at(()))
        room = size - length + 1  # how many places there are to begin at
        wrong = Op("or", (outside(given, room), compare("less_equal", At(Index.of(room)), At(ZERO))), dtypes.bool_)
        low.check((), lambda place, wrong=wrong: wrong)  # type: ignore[misc]
        found.append(pick(inside(given, room), given, Const(0, dtypes.int64)))
    return found


@rule("dynamic_slice")
def _dynamic_slice(low: Lowering, node: Node) -> Sequence[Source]:
    x, *starts = (low.source(value) for value in node.inputs)
    x, shape = settled(low, x), node.outputs[0].shape
    assert shape is not None
    first = window_starts(low, starts, x.shape, shape)
    low.known(*_rooms(x.shape, shape))  # a window that does not fit would be read beyond the end

    def element(place: Indices) -> Expr:
        return x.at(tuple(Index.of(Entry(start)) + index for start, index in zip(first, place, strict=True)))

    return [Computed(shape, x.dtype, element, x.cost + 2)]


def _rooms(whole: Shape, sizes: Shape) -> list[Dimension]:
    return [size - length for size, length in zip(whole, sizes, strict=True)]


@rule("dynamic_update_slice")
def _dynamic_update_slice(low: Lowering, node: Node) -> Sequence[Source]:
    x, update, *starts = (low.source(value) for value in node.inputs)
    x, update = settled(low, x), settled(low, update)
    first = window_starts(low, starts, x.shape, update.shape)

    def element(place: Indices) -> Expr:
        within: Expr | None = None
        own: list[Index] = []
        for index, start, length in zip(place, first, update.shape, strict=True):
            offset = index - Index.of(Entry(start))
            test = inside(At(offset), length)
            within = test if within is None else Op("and", (within, test), dtypes.bool_)
            own.append(offset)
        old = x.at(place)
        new = update.at(tuple(own))
        return new if within is None else pick(within, guarded(new, within), old)

    return [Computed(x.shape, x.dtype, element, x.cost + update.cost + 4)]


@rule("roll")
def _roll(low: Lowering, node: Node) -> Sequence[Source]:
    x = settled(low, low.source(node.inputs[0]))
    steps: dict[int, int] = {}
    for shift, axis in zip(node.attrs["shift"], node.attrs["axis"], strict=True):
        steps[axis % len(x.shape)] = steps.get(axis % len(x.shape), 0) + shift
    for axis in steps:
        low.known(x.shape[axis])

    def element(place: Indices) -> Expr:
        own = list(place)
        for axis, shift in steps.items():
            size = x.shape[axis]
            assert isinstance(size, int)
            if size and shift % size:
                at, back = At(place[axis]), shift % size
                first = compare("less", at, At(Index.of(back)))
                own[axis] = Index.of(Entry(pick(first, At(place[axis] + (size - back)), At(place[axis] - back)), size))
        return x.at(tuple(own))

    return [Computed(x.shape, x.dtype, element, x.cost + 3 * len(steps))]
