"""Gradients of convolutions where a pooling behind them lets one number of each window through.

What flows back through max pooling is zero but for one place in each window. Summing over windows instead of places
takes a fraction of the products: each window has a number and a patch of the image where it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import ceil_divide, product
from weft.engines.native.contraction import multiply_add
from weft.engines.native.convolution.parts import add_template, cut, reads_of, store
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Entry, Index, LoopVar
from weft.engines.native.kernels import Plan
from weft.engines.native.loops import (
    At,
    Const,
    Expr,
    For,
    Get,
    If,
    Kernel,
    Load,
    Masked,
    Register,
    Set,
    Statement,
    Store,
)  # fmt: skip
from weft.engines.native.lower import Lowering, view
from weft.engines.native.rewriting import guarded
from weft.engines.native.rules.pointwise import cast, compare, op, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source, unflatten

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.base.dtypes import DType
    from weft.ops.windows import Window

_WIDE = (dtypes.float32, dtypes.float64)
_HELD = 18  # vectors of a patch that are summed in registers at once
_FILTERS = 16  # a chunk takes so many filters, and the image stays near


class Unpooled(Computed):
    """The gradient of max pooling over windows that do not overlap: each has one place that is not zero.

    Attributes:
        values: The numbers, one for each window.
        winner: The place in the window of each.
        window: How the windows lie.
    """

    lasting = True

    def __init__(self, dense: Source, values: Source, winner: Memory, window: Window) -> None:
        super().__init__(dense.shape, dense.dtype, dense.at, dense.cost)
        self.values, self.winner, self.window = values, winner, window


def disjoint(window: Window) -> bool:
    """Whether no element belongs to two windows."""
    return window.strides == window.window and set(window.dilations) == {1}


class Spots:
    """Where the patch of each window's number begins, in images that a convolution reads.

    Args:
        low: Where nests are added.
        ct: The numbers and their places among the convolution's results.
        window: How the convolution's windows lie on padded images.
        image: The shape of those: [batch, height, width, channels].
    """

    def __init__(self, low: Lowering, ct: Unpooled, window: Window, image: Shape) -> None:
        self.values = low.memory(ct.values, "cotangent")
        self.window, self.image = window, tuple(image)
        pool, strides = ct.window, window.strides
        width, channels = image[2:]
        assert isinstance(width, int) and isinstance(channels, int)
        #: how many elements a row of a patch has: they are neighbours
        self.length = window.window[1] * channels

        def begin(place: Indices) -> Expr:
            number = cast(ct.winner.at(place), dtypes.int32)
            extents = pool.window
            # one of few places: chosen rather than divided, which costs more
            found: Expr = Const(0, dtypes.int32)
            for turn in range(1, extents[0] * extents[1]):
                y, x = divmod(turn, extents[1])
                at = (y * strides[0] * width + x * strides[1]) * channels
                found = pick(compare("equal", number, Const(turn, dtypes.int32)), Const(at, dtypes.int32), found)
            corner = [place[1 + axis] * pool.strides[axis] - pool.pads[axis][0] for axis in range(2)]
            base = (corner[0] * strides[0] * width + corner[1] * strides[1]) * channels
            return op("add", cast(At(base), dtypes.int32), found)

        self.begin = low.memory(Computed(self.values.shape, dtypes.int32, begin, 40), "begin")

    def at(self, place: Indices) -> tuple[Expr, Index]:
        """The number of a window, and where its patch begins in the image."""
        size = product(self.image[1:])
        return self.values.at(place), Index.of(Entry(cast(self.begin.at(place), dtypes.int64), size))

    def parts(self, lanes: int) -> list[tuple[int, int, int]]:
        """The vectors of a patch: (row, first element, how many elements)."""
        return [(row, first, min(lanes, self.length - first))
                for row in range(self.window.window[0]) for first in range(0, self.length, lanes)]  # fmt: skip


def fits(ct: Source, window: Window, channels: Dimension, groups: int, dtype: DType) -> bool:
    """Whether a convolution's gradients are summed sooner window by window than place by place.

    A patch's rows must be neighbours in memory, and long enough that vectors are not mostly empty.
    """
    plain = len(window.window) == 2 and groups == 1 and window.dilations == (1, 1) and dtype in _WIDE
    if not isinstance(ct, Unpooled) or not plain or not isinstance(channels, int):
        return False
    lanes = 64 // dtype.size
    length, rows = window.window[1] * channels, window.window[0]
    every = product(tuple(window.out)) * length * rows / lanes  # type: ignore[operator]
    chosen = product(tuple(ct.window.out)) * rows * -(-length // lanes)
    return bool(1.5 * chosen < every)  # type: ignore[operator]


# The gradient for the kernel -----------------------------------------------------------------------------------------


def kernel_gradient(
    low: Lowering, x: Memory, ct: Unpooled, window: Window, shares: int, limit: Callable[[Indices], Index]
) -> Source:
    """The sum over windows of their number times their patch: [height, width, channels, filters].

    `x` is padded. The images are cut into shares, as many whatever the number of threads, added up in order.
    """
    spots = Spots(low, ct, window, x.shape)
    filters, channels = ct.shape[-1], x.shape[-1]
    assert isinstance(filters, int) and isinstance(channels, int)
    partial = low.temporary((shares, filters, window.window[0], spots.length), x.dtype, "patches")
    template = _KernelGradient(x, spots, partial, limit)
    add_template(low, partial, template, "conv_kernel_gradient")
    batch, share = x.shape[0], ceil_divide(x.shape[0], shares)

    def total(place: Indices, within: Indices) -> Expr:
        # shares beyond the batch are empty: nothing was stored there
        return guarded(partial.at((*within, *place)), compare("less", At(within[0] * share), At(Index.of(batch))))

    summed = low.memory(low.reduce(partial.shape[1:], (shares,), x.dtype, "add", total, "shares"))
    shape = (*window.window, channels, filters)
    return low.memory(view(summed, shape, lambda p: (p[3], p[0], p[1] * channels + p[2])), "kernel_gradient")


class _KernelGradient:
    """A share of the images and some filters in each chunk."""

    takes_epilogue = False

    def __init__(self, x: Memory, spots: Spots, output: Memory, limit: Callable[[Indices], Index]) -> None:
        self.x, self.spots, self.output, self.limit = x, spots, output, limit

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return reads_of(self.x, self.spots.values, self.spots.begin)

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """Image by image; a filter's sums stay in registers while its windows are gone through."""
        shares, filters = self.output.shape[:2]
        dtype, batch = self.x.dtype, self.x.shape[0]
        assert isinstance(shares, int) and isinstance(filters, int)
        lanes = plan.target.lanes(dtype.size)
        many = min(filters, _FILTERS)
        chunk = LoopVar("chunk", shares * ceil_divide(filters, many))
        share, block = unflatten(Index.of(chunk), (shares, ceil_divide(filters, many)))
        number, turn = LoopVar("n", ceil_divide(batch, shares)), LoopVar("f", many)
        image = share * number.extent + Index.of(number)
        filter_ = block * many + Index.of(turn)
        body: list[Statement] = []
        for held in _some(self.spots.parts(lanes)):
            body += self._part(held, image, share, filter_, Index.of(number), dtype, plan)
        if filters % many:
            body = [If(compare("less", At(filter_), At(Index.of(filters))), body)]
        body = [For(turn, ZERO, Index.of(many), body)]
        return Kernel(name, chunk, [For(number, ZERO, self.limit((share,)), body)], lanes)

    def _part(
        self, held: Sequence[tuple[int, int, int]], image: Index, share: Index, filter_: Index, number: Index,
        dtype: DType, plan: Plan,
    ) -> list[Statement]:  # fmt: skip
        sums = Register("sums", dtype, (len(held),), vector=True)
        lanes = plan.target.lanes(dtype.size)

        def each(make: Callable[[int, Index, Index], Statement]) -> list[Statement]:
            return [cut(make(n, Index.of(row), Index.of(first) + LANE), size, lanes)
                    for n, (row, first, size) in enumerate(held)]  # fmt: skip

        def step(value: Expr, begin: Index) -> list[Statement]:
            row_of = self.x.strides[1]
            base = self.x.place((image, ZERO, ZERO, ZERO)) + begin

            def add(n: int, row: Index, at: Index) -> Statement:
                spot = (Index.of(n),)
                element = Load(self.x.buffer, base + row * row_of + at)
                return Set(sums, multiply_add(value, element, Get(sums, spot), plan.target.fma), spot)

            return each(add)

        zero = Const(0, dtype)
        held_before = each(lambda n, row, at: Set(sums, self.output.at((share, filter_, row, at)), (Index.of(n),)))
        start = each(lambda n, row, at: Set(sums, zero, (Index.of(n),)))
        return [
            If(compare("equal", At(number), At(ZERO)), start, held_before),
            *_windows(self.spots, image, filter_, step),
            *each(lambda n, row, at: store(self.output, (share, filter_, row, at), Get(sums, (Index.of(n),)))),
        ]


# The gradient for the images -----------------------------------------------------------------------------------------


def input_gradient(low: Lowering, ct: Unpooled, kernel: Source, window: Window, image: Shape) -> Memory:
    """The sum over windows of their number times the kernel, each where its patch lies, for padded images."""
    spots = Spots(low, ct, window, image)
    channels, filters = kernel.shape[-2:]
    assert isinstance(channels, int)
    laid = (filters, window.window[0], spots.length)
    weights = low.memory(view(kernel, laid, lambda p: (p[1], p[2] // channels, p[2] % channels, p[0])), "pack")
    result = low.temporary(image, kernel.dtype, "conv_input_gradient")
    template = _InputGradient(spots, weights, result)
    add_template(low, result, template, "conv_input_gradient")
    return result


class _InputGradient:
    """An image in each chunk."""

    takes_epilogue = False

    def __init__(self, spots: Spots, weights: Memory, output: Memory) -> None:
        self.spots, self.weights, self.output = spots, weights, output

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return reads_of(self.weights, self.spots.values, self.spots.begin)

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """Filter by filter: its weights stay in registers while its windows are gone through."""
        dtype, (batch, *image_shape) = self.output.dtype, self.output.shape
        lanes = plan.target.lanes(dtype.size)
        chunk, turn = LoopVar("chunk", batch), LoopVar("f", self.weights.shape[0])
        image, filter_ = Index.of(chunk), Index.of(turn)
        size = product(tuple(image_shape))
        assert isinstance(size, int)
        base = image * size
        at = LoopVar("at", size)
        zero = Const(0, dtype)
        whole = size // lanes * lanes
        clear: list[Statement] = [
            For(at, ZERO, Index.of(whole), [Store([(self.output.buffer, base + at + LANE, zero)])], step=lanes)
        ]
        if size > whole:
            clear.append(Masked(Index.of(size - whole), [Store([(self.output.buffer, base + whole + LANE, zero)])]))
        body: list[Statement] = []
        for held in _some(self.spots.parts(lanes)):
            body += self._part(held, base, image, filter_, dtype, plan)
        return Kernel(name, chunk, [*clear, For(turn, ZERO, Index.of(turn.extent), body)], lanes)

    def _part(
        self, held: Sequence[tuple[int, int, int]], base: Index, image: Index, filter_: Index, dtype: DType, plan: Plan
    ) -> list[Statement]:
        lanes = plan.target.lanes(dtype.size)
        weights = Register("weights", dtype, (len(held),), vector=True)
        row_of = self.output.strides[1]

        def each(make: Callable[[int, Index, Index], Statement]) -> list[Statement]:
            return [cut(make(n, Index.of(row), Index.of(first) + LANE), size, lanes)
                    for n, (row, first, size) in enumerate(held)]  # fmt: skip

        def step(value: Expr, begin: Index) -> list[Statement]:
            def add(n: int, row: Index, at: Index) -> Statement:
                place = base + begin + row * row_of + at
                before = Load(self.output.buffer, place)
                made = multiply_add(value, Get(weights, (Index.of(n),)), before, plan.target.fma)
                return Store([(self.output.buffer, place, made)])

            # nothing comes back through a unit that was off
            return [If(compare("not_equal", value, Const(0, dtype)), each(add))]

        return [
            *each(lambda n, row, at: Set(weights, self.weights.at((filter_, row, at)), (Index.of(n),))),
            *_windows(self.spots, image, filter_, step),
        ]


# What both share -----------------------------------------------------------------------------------------------------


def _windows(
    spots: Spots, image: Index, filter_: Index, step: Callable[[Expr, Index], list[Statement]]
) -> list[Statement]:
    down, across = (LoopVar(name, size) for name, size in zip("yx", spots.values.shape[1:-1], strict=True))
    value, begin = spots.at((image, Index.of(down), Index.of(across), filter_))
    inner = For(across, ZERO, Index.of(across.extent), step(value, begin))
    return [For(down, ZERO, Index.of(down.extent), [inner])]


def _some(parts: Sequence[tuple[int, int, int]]) -> list[Sequence[tuple[int, int, int]]]:
    """The parts in groups that registers can hold, about as many in each."""
    groups = -(-len(parts) // _HELD)
    each = -(-len(parts) // groups)
    return [parts[at : at + each] for at in range(0, len(parts), each)]
