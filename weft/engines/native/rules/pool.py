"""Pooling and its gradients, grey-scale dilation, and windows laid out as patches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import product
from weft.engines.native.convolution import sparse
from weft.engines.native.index import Entry, Index
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, rule
from weft.engines.native.rewriting import guarded
from weft.engines.native.rules.conv import from_channels_last
from weft.engines.native.rules.index import settled
from weft.engines.native.rules.windowing import (
    both,
    count,
    covering,
    held,
    offsets,
    read,
    small,
    spot,
    total,
    window_on,
)
from weft.engines.native.shorthand import cast, compare, op, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source, flat_index, unflatten
from weft.ir.graph import Node
from weft.ops.windows import CHANNELS_LAST, Window

if TYPE_CHECKING:
    from weft.base.dims import Shape
    from weft.base.dtypes import DType


def _finished(low: Lowering, node: Node, source: Source) -> Source:
    """A result in memory, in the node's type and order of axes."""
    dtype = node.outputs[0].dtype
    if source.dtype is not dtype:
        wide = source
        source = Computed(wide.shape, dtype, lambda place: cast(wide.at(place), dtype), wide.cost + 1)
    return from_channels_last(low.memory(source, node.op), node.attrs["data_format"])


def _lowest(dtype: DType) -> Const:
    return Const(float("-inf") if dtype.is_floating else dtype.limits[0], dtype)


def _is_nan(x: Expr) -> Expr:
    return Op("is_nan", (x,), dtypes.bool_)


def _running(x: Source, window: Window, place: Indices, lowest: Const) -> tuple[Expr, Expr]:
    """The greatest element of a small window, and the number of the first position that holds it."""
    best: Expr | None = None
    number: Expr = Const(0, dtypes.int8)
    for turn, offset in enumerate(offsets(window)):
        found = read(x, spot(window, place, offset), lowest)
        if best is None:
            best = found
            continue
        better = compare("greater", found, best)
        if x.dtype.is_floating:  # a number is better than none: not (found <= best), and found is a number
            worse = Op("not", (compare("less_equal", found, best),), dtypes.bool_)
            better = Op("and", (worse, Op("not", (_is_nan(found),), dtypes.bool_)), dtypes.bool_)
        best = pick(better, found, best)
        number = pick(better, Const(turn, dtypes.int8), number)
    assert best is not None
    return best, number


# -- the greatest -----------------------------------------------------------------------------------------------------


def _greatest(low: Lowering, x: Source, window: Window) -> Source:
    """The greatest element of each window; NaN loses against any number."""
    shape, floating = (x.shape[0], *window.out, x.shape[-1]), x.dtype.is_floating
    lowest = _lowest(x.dtype)
    if small(window):
        def element(place: Indices) -> Expr:
            return _running(x, window, place, lowest)[0]

        return Computed(shape, x.dtype, element, 100)

    def number(place: Indices, offset: Indices) -> Expr:
        found = read(x, spot(window, place, offset), lowest)
        return pick(_is_nan(found), lowest, found) if floating else found

    def none(place: Indices, offset: Indices) -> Expr:
        where, inside = spot(window, place, offset)
        found = _is_nan(x.at(where) if inside is None else guarded(x.at(where), inside))
        return found if inside is None else Op("or", (found, Op("not", (inside,), dtypes.bool_)), dtypes.bool_)

    best = low.reduce(shape, tuple(window.window), x.dtype, "maximum", number, "greatest")
    if not floating:
        return best
    nothing = low.reduce(shape, tuple(window.window), dtypes.bool_, "and", none, "nothing")
    nan = Const(float("nan"), x.dtype)
    return Computed(shape, x.dtype, lambda place: pick(nothing.at(place), nan, best.at(place)), 1)


@rule("max_pool")
def _max_pool(low: Lowering, node: Node) -> Sequence[Source]:
    x = held(low, low.source(node.inputs[0]), node.attrs["data_format"])
    window = window_on(low, x.shape, node.attrs["window"], node.attrs)
    return [_finished(low, node, _greatest(low, x, window))]


def _wins(element: Expr, best: Expr) -> Expr:
    """Whether an element is the greatest of its window."""
    same = compare("equal", element, best)
    if not element.dtype.is_floating:
        return same
    lost = Op("and", (_is_nan(element), _is_nan(best)), dtypes.bool_)
    return Op("or", (same, lost), dtypes.bool_)


def _winner(low: Lowering, x: Source, y: Source, window: Window) -> Source:
    """The number of the position in each window that holds the first of its greatest elements."""
    many = product(tuple(window.window))
    dtype = dtypes.int8 if small(window) else dtypes.int64

    def good(place: Indices, offset: Sequence[Index]) -> Expr:
        where, inside = spot(window, place, offset)
        element = x.at(where) if inside is None else guarded(x.at(where), inside)
        found = both(_wins(element, y.at(place)), inside)
        assert found is not None
        return found

    if small(window) and not window.padded:
        running = Computed(y.shape, dtype, lambda place: _running(x, window, place, _lowest(x.dtype))[1], 100)
        return low.memory(running, "winner")
    if small(window):
        def element(place: Indices) -> Expr:
            chosen: Expr = Const(many, dtype)
            for number, offset in reversed(list(enumerate(offsets(window)))):
                chosen = pick(good(place, offset), Const(number, dtype), chosen)
            return chosen

        return low.memory(Computed(y.shape, dtype, element, 100), "winner")

    def place_of(place: Indices, offset: Indices) -> Expr:
        return pick(good(place, offset), At(flat_index(tuple(window.window), offset)), At(Index.of(many)))

    return low.reduce(y.shape, tuple(window.window), dtype, "minimum", place_of, "winner")


@rule("max_pool_gradient")
def _max_pool_gradient(low: Lowering, node: Node) -> Sequence[Source]:
    """Each window's cotangent goes to the first of its greatest elements; over three axes to all of them."""
    x, y, ct = (held(low, low.source(v), node.attrs["data_format"]) for v in node.inputs)
    window = window_on(low, x.shape, node.attrs["window"], node.attrs)
    low.known(*y.shape[1:], *ct.shape[1:])
    winner = None if len(window.sizes) == 3 else _winner(low, x, y, window)
    zero = Const(0, ct.dtype)

    def value(place: Indices, offset: Sequence[Index]) -> Expr:
        where, there = covering(window, place, offset)

        def at(source: Source) -> Expr:
            return source.at(where) if there is None else guarded(source.at(where), there)

        if winner is None:
            good: Expr | None = _wins(x.at(place), at(y))
        else:
            good = compare("equal", at(winner), cast(At(flat_index(tuple(window.window), tuple(offset))), winner.dtype))
        good = both(good, there)
        assert good is not None
        return pick(good, at(ct), zero)

    made = total(low, x.shape, window, ct.dtype, value, node.op)
    light = _light(node, made)
    last = node.attrs["data_format"] == CHANNELS_LAST
    if isinstance(winner, Memory) and len(window.window) == 2 and last and sparse.disjoint(window):
        values = Computed(ct.shape, light.dtype, lambda place: cast(ct.at(place), light.dtype), ct.cost)
        return [sparse.Unpooled(light, ct if ct.dtype is light.dtype else values, winner, window)]
    return [light]


def _light(node: Node, made: Source) -> Source:
    """A gradient, computed where it is used."""
    dtype, source = node.outputs[0].dtype, made
    if made.dtype is not dtype:
        source = Computed(made.shape, dtype, lambda place: cast(made.at(place), dtype), 20)
    elif made.cost > 20:
        source = Computed(made.shape, dtype, made.at, 20)
    return from_channels_last(source, node.attrs["data_format"])


def _picked(
    low: Lowering, x: Source, y: Source, window: Window, value: Callable[[Indices, Expr], Expr], dtype: DType
) -> Source:
    """For each window (where its first greatest element lies, whether it has one) -> number; 0 where it has none."""
    winner = _winner(low, x, y, window)
    extents = tuple(window.window)

    def element(place: Indices) -> Expr:
        number = cast(winner.at(place), dtypes.int64)
        there = compare("less", number, At(Index.of(product(extents))))
        offset = unflatten(Index.of(Entry(pick(there, number, Const(0, dtypes.int64)), product(extents))), extents)
        return pick(there, value(spot(window, place, offset)[0], there), Const(0, dtype))

    return Computed(y.shape, dtype, element, 20)


@rule("max_pool_pick")
def _max_pool_pick(low: Lowering, node: Node) -> Sequence[Source]:
    x, y, g = (held(low, low.source(v), node.attrs["data_format"]) for v in node.inputs)
    window = window_on(low, x.shape, node.attrs["window"], node.attrs)
    low.known(*y.shape[1:], *g.shape[1:])
    made = _picked(low, x, y, window, lambda where, there: guarded(g.at(where), there), g.dtype)
    return [_finished(low, node, made)]


@rule("max_pool_with_argmax")
def _max_pool_with_argmax(low: Lowering, node: Node) -> Sequence[Source]:
    last = node.attrs["data_format"] == CHANNELS_LAST
    x = held(low, low.source(node.inputs[0]), node.attrs["data_format"])
    window = window_on(low, x.shape, node.attrs["window"], node.attrs)
    y = low.memory(_greatest(low, x, window), "greatest")
    image = x.shape[1:] if last else (x.shape[-1], *x.shape[1:-1])
    whole, dtype = node.attrs["include_batch_in_index"], node.attrs["dtype"]

    def position(where: Indices, _: Expr) -> Expr:
        within = where[1:] if last else (where[-1], *where[1:-1])
        index = flat_index(image, within)
        return cast(At(index + where[0] * product(image) if whole else index), dtype)

    index = low.memory(_picked(low, x, y, window, position, dtype), "argmax")
    return [_finished(low, node, y), from_channels_last(index, node.attrs["data_format"])]


# -- means ------------------------------------------------------------------------------------------------------------


@rule("avg_pool")
def _avg_pool(low: Lowering, node: Node) -> Sequence[Source]:
    x = held(low, low.source(node.inputs[0]), node.attrs["data_format"])
    window = window_on(low, x.shape, node.attrs["window"], node.attrs)
    shape = (x.shape[0], *window.out, x.shape[-1])
    zero = Const(0, x.dtype)
    summed = total(low, shape, window, x.dtype, lambda place, o: read(x, spot(window, place, o), zero), "sum")
    mean = Computed(shape, x.dtype, lambda p: op("divide", summed.at(p), count(window, p, x.dtype)), summed.cost + 4)
    return [_finished(low, node, mean)]


@rule("avg_pool_gradient")
def _avg_pool_gradient(low: Lowering, node: Node) -> Sequence[Source]:
    shape = node.outputs[0].shape
    assert shape is not None
    ct = held(low, low.source(node.inputs[0]), node.attrs["data_format"])
    image = shape if node.attrs["data_format"] == CHANNELS_LAST else (shape[0], *shape[2:], shape[1])
    window = window_on(low, image, node.attrs["window"], node.attrs)
    low.known(*ct.shape[1:])

    def share(place: Indices) -> Expr:
        return op("divide", ct.at(place), count(window, place, ct.dtype))

    shares = low.memory(Computed(ct.shape, ct.dtype, share, 10), "share")
    zero = Const(0, ct.dtype)
    made = total(low, image, window, ct.dtype, lambda place, o: read(shares, covering(window, place, o), zero), node.op)
    return [_light(node, made)]


# -- dilation ---------------------------------------------------------------------------------------------------------


@rule("dilation")
def _dilation(low: Lowering, node: Node) -> Sequence[Source]:
    x = held(low, low.source(node.inputs[0]), CHANNELS_LAST)
    weights = held(low, low.source(node.inputs[1]), CHANNELS_LAST)
    low.known(*weights.shape)
    window = window_on(low, x.shape, weights.shape[:-1], node.attrs)
    lowest = _lowest(x.dtype)

    def value(place: Indices, offset: Indices) -> Expr:
        where, inside = spot(window, place, offset)
        element = x.at(where) if inside is None else guarded(x.at(where), inside)
        found = op("add", element, weights.at((*offset, place[-1])))
        return found if inside is None else pick(inside, found, lowest)

    shape = (x.shape[0], *window.out, x.shape[-1])
    made = low.reduce(shape, tuple(window.window), x.dtype, "maximum", value, "dilation")
    dtype = node.outputs[0].dtype
    return [Computed(shape, dtype, lambda place: cast(made.at(place), dtype), 1)]


# -- patches ----------------------------------------------------------------------------------------------------------


def _patches(low: Lowering, shape: Shape, node: Node) -> Window:
    attrs = {"strides": node.attrs["strides"], "padding": node.attrs["padding"], "dilations": node.attrs["rates"]}
    return window_on(low, shape, node.attrs["sizes"], attrs)


@rule("extract_patches")
def _extract_patches(low: Lowering, node: Node) -> Sequence[Source]:
    x, shape = settled(low, low.source(node.inputs[0])), node.outputs[0].shape
    assert shape is not None
    window = _patches(low, x.shape, node)
    laid = (*window.window, x.shape[-1])
    zero = Const(0, x.dtype)

    def element(place: Indices) -> Expr:
        *offset, channel = unflatten(place[-1], laid)
        return read(x, spot(window, (*place[:-1], channel), offset), zero)

    return [Computed((shape[0], *window.out, shape[-1]), x.dtype, element, x.cost + 6)]


@rule("extract_patches_grad")
def _extract_patches_grad(low: Lowering, node: Node) -> Sequence[Source]:
    ct, shape = held(low, low.source(node.inputs[0]), CHANNELS_LAST), tuple(node.attrs["shape"])
    window = _patches(low, shape, node)
    low.known(*ct.shape[1:])
    laid = (*window.window, shape[-1])
    zero = Const(0, ct.dtype)

    def value(place: Indices, offset: Sequence[Index]) -> Expr:
        where, there = covering(window, place, offset)
        element = ct.at((*where[:-1], flat_index(laid, (*offset, place[-1]))))
        return element if there is None else pick(there, guarded(element, there), zero)

    made = total(low, shape, window, ct.dtype, value, node.op)
    dtype = node.outputs[0].dtype
    return [Computed(shape, dtype, lambda place: cast(made.at(place), dtype), 20)]


@rule("channel_neighbours_sum")
def _channel_neighbours_sum(low: Lowering, node: Node) -> Sequence[Source]:
    x = held(low, low.source(node.inputs[0]), CHANNELS_LAST)
    radius, size, dtype = node.attrs["radius"], x.shape[-1], node.outputs[0].dtype

    def value(place: Indices, within: Indices) -> Expr:
        at = place[-1] + within[0] - radius
        there = both(compare("greater_equal", At(at), At(Index.of(0))), compare("less", At(at), At(Index.of(size))))
        assert there is not None
        return pick(there, guarded(x.at((*place[:-1], at)), there), Const(0, x.dtype))

    made = low.reduce(x.shape, (2 * radius + 1,), x.dtype, "add", value, "neighbours")
    return [Computed(x.shape, dtype, lambda place: cast(made.at(place), dtype), 1)]
