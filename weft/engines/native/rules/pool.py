"""Pooling and its gradients. Windows are written out, one term for each of their elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from weft.base import dtypes
from weft.engines.native.index import Index
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, Unsupported, rule
from weft.engines.native.rewriting import guarded
from weft.engines.native.rules.conv import channels_last, from_channels_last, windows
from weft.engines.native.rules.pointwise import cast, compare, op, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source
from weft.ir.graph import Node
from weft.ops.windows import CHANNELS_LAST, Window

#: windows of more elements than this would make too much code
_MOST = 64


def _window(low: Lowering, shape: Sequence[Any], attrs: Any) -> Window:
    found = windows(low, shape[1:-1], attrs["window"], attrs)
    low.known(shape[-1])
    count = 1
    for size in found.window:
        count *= size
    if count > _MOST:
        raise Unsupported(f"pooling over windows of {count} elements")
    return found


def _both(first: Expr | None, second: Expr | None) -> Expr | None:
    if first is None or second is None:
        return first or second
    return Op("and", (first, second), dtypes.bool_)


def _spots(window: Window, place: Indices) -> Iterator[tuple[tuple[int, ...], Indices, Expr | None]]:
    """For each element of the window at a place: its offset, where it lies, and whether that is inside (None: always)."""
    for offset in window.offsets():
        spot: list[Index] = []
        inside: Expr | None = None
        for axis, position in enumerate(offset):
            before, _ = window.pads[axis]
            shift = position * window.dilations[axis] - before
            index = place[1 + axis] * window.strides[axis] + shift
            if shift < 0:
                inside = _both(inside, compare("greater_equal", At(index), At(Index.of(0))))
            if (window.out[axis] - 1) * window.strides[axis] + shift >= window.sizes[axis]:
                inside = _both(inside, compare("less", At(index), At(Index.of(window.sizes[axis]))))
            spot.append(index)
        yield offset, (place[0], *spot, place[-1]), inside


def _read(source: Source, spot: Indices, inside: Expr | None, otherwise: Const) -> Expr:
    element = source.at(spot)
    return element if inside is None else pick(inside, guarded(element, inside), otherwise)


def _lowest(source: Source) -> Const:
    return Const(float("-inf") if source.dtype.is_floating else source.dtype.limits[0], source.dtype)


def _greatest(x: Source, window: Window, place: Indices) -> Expr:
    """The greatest element of a window; NaN loses against any number."""
    best: Expr | None = None
    for _, spot, inside in _spots(window, place):
        element = _read(x, spot, inside, _lowest(x))
        if best is None:
            best = element
            continue
        better = compare("greater", element, best)
        if x.dtype.is_floating:
            better = Op("or", (better, Op("is_nan", (best,), dtypes.bool_)), dtypes.bool_)
        best = pick(better, element, best)
    assert best is not None
    return best


def _in_memory(low: Lowering, source: Source, data_format: str) -> Memory:
    return low.memory(channels_last(low.memory(source), data_format))


@rule("max_pool")
def _max_pool(low: Lowering, node: Node) -> Sequence[Source]:
    attrs = node.attrs
    x = _in_memory(low, low.source(node.inputs[0]), attrs["data_format"])
    window = _window(low, x.shape, attrs)
    shape = (x.shape[0], *window.out, x.shape[-1])
    made = low.memory(Computed(shape, x.dtype, lambda place: _greatest(x, window, place), 100), "max_pool")
    return [from_channels_last(made, attrs["data_format"])]


def _covering(window: Window, place: Indices) -> Iterator[tuple[tuple[int, ...], Indices, Expr | None]]:
    """For each offset: the window in which a place has that offset, and whether there is one (None: always)."""
    for offset in window.offsets():
        found: list[Index] = []
        there: Expr | None = None
        for axis, position in enumerate(offset):
            stride, (before, _) = window.strides[axis], window.pads[axis]
            shift = before - position * window.dilations[axis]
            lift = -(-max(0, -shift) // stride) * stride  # so that what is divided is not negative
            raised = place[1 + axis] + (shift + lift)
            if stride > 1:
                there = _both(there, compare("equal", At(raised % stride), At(Index.of(0))))
            number = raised // stride - lift // stride
            if lift:
                there = _both(there, compare("greater_equal", At(raised), At(Index.of(lift))))
            if (window.sizes[axis] - 1 + shift) // stride >= window.out[axis]:
                there = _both(there, compare("less", At(number), At(Index.of(window.out[axis]))))
            found.append(number)
        yield offset, (place[0], *found, place[-1]), there


@rule("max_pool_gradient")
def _max_pool_gradient(low: Lowering, node: Node) -> Sequence[Source]:
    """Each window's cotangent goes to the first of its greatest elements; over three axes to all of them."""
    attrs = node.attrs
    x, y, ct = (_in_memory(low, low.source(v), attrs["data_format"]) for v in node.inputs)
    window = _window(low, x.shape, attrs)
    every = len(window.sizes) == 3
    low.known(*y.shape[1:], *ct.shape[1:])

    def wins(element: Expr, best: Expr) -> Expr:
        same = compare("equal", element, best)
        if not x.dtype.is_floating:
            return same
        lost = Op("and", (Op("is_nan", (element,), dtypes.bool_), Op("is_nan", (best,), dtypes.bool_)), dtypes.bool_)
        return Op("or", (same, lost), dtypes.bool_)

    numbers = {offset: number for number, offset in enumerate(window.offsets())}

    def first(place: Indices) -> Expr:
        best = y.at(place)
        chosen: Expr = Const(len(numbers), dtypes.int8)
        for offset, spot, inside in reversed(list(_spots(window, place))):
            element = x.at(spot) if inside is None else guarded(x.at(spot), inside)
            good = wins(element, best)
            if inside is not None:
                good = Op("and", (good, inside), dtypes.bool_)
            chosen = pick(good, Const(numbers[offset], dtypes.int8), chosen)
        return chosen

    winner = None if every else low.memory(Computed(y.shape, dtypes.int8, first, 100), "winner")

    def element(place: Indices) -> Expr:
        total: Expr | None = None
        zero = Const(0, ct.dtype)
        for offset, at, there in _covering(window, place):
            if winner is None:
                best = y.at(at) if there is None else guarded(y.at(at), there)
                good = wins(x.at(place), best)
            else:
                number = winner.at(at) if there is None else guarded(winner.at(at), there)
                good = compare("equal", number, Const(numbers[offset], dtypes.int8))
            share = ct.at(at) if there is None else guarded(ct.at(at), there)
            if there is not None:
                good = Op("and", (good, there), dtypes.bool_)
            part = pick(good, share, zero)
            total = part if total is None else op("add", total, part)
        assert total is not None
        return total

    made = Computed(x.shape, ct.dtype, element, 20)
    return [from_channels_last(made, attrs["data_format"])]


def _count(window: Window, place: Indices, dtype: dtypes.DType) -> Expr:
    """How many elements of a window are not padding."""
    total: Expr | None = None
    constant = 0
    for _, _, inside in _spots(window, place):
        if inside is None:
            constant += 1
        else:
            part = cast(inside, dtype)
            total = part if total is None else op("add", total, part)
    if total is None:
        return Const(constant, dtype)
    return op("add", total, Const(constant, dtype)) if constant else total


@rule("avg_pool")
def _avg_pool(low: Lowering, node: Node) -> Sequence[Source]:
    attrs = node.attrs
    x = _in_memory(low, low.source(node.inputs[0]), attrs["data_format"])
    if x.dtype not in (dtypes.float32, dtypes.float64):
        raise Unsupported(f"averages of {x.dtype.name}")
    window = _window(low, x.shape, attrs)

    def element(place: Indices) -> Expr:
        total: Expr | None = None
        for _, spot, inside in _spots(window, place):
            part = _read(x, spot, inside, Const(0, x.dtype))
            total = part if total is None else op("add", total, part)
        assert total is not None
        return op("divide", total, _count(window, place, x.dtype))

    made = low.memory(Computed((x.shape[0], *window.out, x.shape[-1]), x.dtype, element, 100), "avg_pool")
    return [from_channels_last(made, attrs["data_format"])]


@rule("avg_pool_gradient")
def _avg_pool_gradient(low: Lowering, node: Node) -> Sequence[Source]:
    attrs = node.attrs
    shape = node.outputs[0].shape
    assert shape is not None
    ct = _in_memory(low, low.source(node.inputs[0]), attrs["data_format"])
    if ct.dtype not in (dtypes.float32, dtypes.float64):
        raise Unsupported(f"averages of {ct.dtype.name}")
    last = shape if attrs["data_format"] == CHANNELS_LAST else (shape[0], *shape[2:], shape[1])
    window = _window(low, last, attrs)
    low.known(*ct.shape[1:])

    def share(place: Indices) -> Expr:
        return op("divide", ct.at(place), _count(window, place, ct.dtype))

    shares = low.memory(Computed(ct.shape, ct.dtype, share, 10), "share")

    def element(place: Indices) -> Expr:
        total: Expr | None = None
        for _, at, there in _covering(window, place):
            part = _read(shares, at, there, Const(0, ct.dtype))
            total = part if total is None else op("add", total, part)
        assert total is not None
        return total

    return [from_channels_last(Computed(last, ct.dtype, element, 20), attrs["data_format"])]
