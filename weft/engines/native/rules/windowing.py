"""Windows on images, channels last: which elements a window reads, and which windows read an element.

Both are asked for one position in the window at a time. It is written out where windows are small, and the variable of
a loop where they are large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from weft.base import dtypes
from weft.base.dims import product
from weft.engines.native.index import ZERO, Index
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering
from weft.engines.native.rewriting import guarded
from weft.engines.native.rules.conv import channels_last, windows
from weft.engines.native.shorthand import cast, compare, op, pick
from weft.engines.native.sources import Computed, Indices, Source
from weft.ops.windows import Window

if TYPE_CHECKING:
    from weft.base.dims import Shape
    from weft.base.dtypes import DType

#: windows of more elements than this are gone through by a loop
MOST = 64

#: where something lies, and whether it is there (None: always)
Spot = tuple[Indices, "Expr | None"]


def window_on(low: Lowering, shape: Shape, extents: Sequence[Any], attrs: Any) -> Window:
    """The windows on an image, whose spatial sizes and channels must be known."""
    low.known(shape[-1])
    return windows(low, shape[1:-1], extents, attrs)


def held(low: Lowering, source: Source, data_format: str) -> Source:
    """An operand that is read many times, channels last, in the type that is computed in."""
    memory = low.memory(channels_last(low.memory(source), data_format))
    if memory.dtype not in (dtypes.float16, dtypes.bfloat16):
        return memory
    return Computed(memory.shape, dtypes.float32, lambda place: cast(memory.at(place), dtypes.float32), 1)


def both(first: Expr | None, second: Expr | None) -> Expr | None:
    """Two conditions, of which None always holds."""
    if first is None or second is None:
        return first or second
    return Op("and", (first, second), dtypes.bool_)


def spot(window: Window, place: Indices, offset: Sequence[Index]) -> Spot:
    """The element that the window at a place reads at an offset."""
    found: list[Index] = []
    inside: Expr | None = None
    for axis, position in enumerate(offset):
        before, _ = window.pads[axis]
        shift = position * window.dilations[axis] - before
        index = place[1 + axis] * window.strides[axis] + shift
        if before and (shift.number is None or shift.number < 0):
            inside = both(inside, compare("greater_equal", At(index), At(ZERO)))
        reach = (window.window[axis] - 1) * window.dilations[axis] - before if shift.number is None else shift.number
        if (window.out[axis] - 1) * window.strides[axis] + reach >= window.sizes[axis]:
            inside = both(inside, compare("less", At(index), At(Index.of(window.sizes[axis]))))
        found.append(index)
    return (place[0], *found, place[-1]), inside


def covering(window: Window, place: Indices, offset: Sequence[Index]) -> Spot:
    """The window that reads the element at a place at an offset."""
    found: list[Index] = []
    there: Expr | None = None
    for axis, position in enumerate(offset):
        stride, (before, _) = window.strides[axis], window.pads[axis]
        shift = Index.of(before) - position * window.dilations[axis]
        least = most = shift.number
        if least is None or most is None:
            least, most = before - (window.window[axis] - 1) * window.dilations[axis], before
        lift = -(-max(0, -least) // stride) * stride  # so that what is divided is not negative
        raised = place[1 + axis] + (shift + lift)
        if stride > 1:
            there = both(there, compare("equal", At(raised % stride), At(ZERO)))
        number = raised // stride - lift // stride
        if lift:
            there = both(there, compare("greater_equal", At(raised), At(Index.of(lift))))
        if (window.sizes[axis] - 1 + most) // stride >= window.out[axis]:
            there = both(there, compare("less", At(number), At(Index.of(window.out[axis]))))
        found.append(number)
    return (place[0], *found, place[-1]), there


def small(window: Window) -> bool:
    """Whether the positions in the window are written out."""
    return product(tuple(window.window)) <= MOST  # type: ignore[operator]


def offsets(window: Window) -> Iterator[tuple[Index, ...]]:
    """The positions in a window, in order."""
    for offset in window.offsets():
        yield tuple(map(Index.of, offset))


def read(source: Source, where: Spot, otherwise: Expr) -> Expr:
    """An element, where there is one."""
    place, inside = where
    element = source.at(place)
    return element if inside is None else pick(inside, guarded(element, inside), otherwise)


def total(
    low: Lowering, shape: Shape, window: Window, dtype: DType, value: Callable[[Indices, Sequence[Index]], Expr],
    name: str,
) -> Source:  # fmt: skip
    """The sum over the positions in a window of (place, position) -> number."""
    if not small(window):
        ends = [size - 1 for size in window.window]

        def backwards(place: Indices, within: Indices) -> Expr:  # so that `covering` divides nothing negative
            return value(place, [Index.of(end) - at for end, at in zip(ends, within, strict=True)])

        return low.reduce(shape, tuple(window.window), dtype, "add", backwards, name)

    def element(place: Indices) -> Expr:
        found: Expr | None = None
        for offset in offsets(window):
            part = value(place, offset)
            found = part if found is None else op("add", found, part)
        assert found is not None
        return found

    return Computed(shape, dtype, element, 100)


def count(window: Window, place: Indices, dtype: DType) -> Expr:
    """How many elements of the window at a place are not padding."""
    found: Expr = Const(1, dtype)
    constant = 1
    for axis in range(len(window.sizes)):
        always, sometimes = 0, None
        for position in range(window.window[axis]):
            offset = [ZERO if a != axis else Index.of(position) for a in range(len(window.sizes))]
            inside = _along(window, place, axis, offset)
            if inside is None:
                always += 1
                continue
            one = cast(inside, dtype)
            sometimes = one if sometimes is None else op("add", sometimes, one)
        if sometimes is None:
            constant *= always
        else:
            found = op("multiply", found, op("add", sometimes, Const(always, dtype)))
    return found if constant == 1 else op("multiply", found, Const(constant, dtype))


def _along(window: Window, place: Indices, axis: int, offset: Sequence[Index]) -> Expr | None:
    """Whether a position lies inside along one axis."""
    line = Window((window.sizes[axis],), (window.window[axis],), (window.strides[axis],), (window.dilations[axis],),
                  (window.pads[axis],), (window.out[axis],))  # fmt: skip
    return spot(line, (place[0], place[1 + axis], place[-1]), [offset[axis]])[1]
