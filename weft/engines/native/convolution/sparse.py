"""Gradients of convolutions where a pooling behind them lets one number of each window through.

What flows back through max pooling is zero but for one place in each window. Summing over windows instead of places
takes a fraction of the products: each window has a number and a patch of the image where it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import ceil_divide, product
from weft.engines.native.contraction import by_extent, multiply_add
from weft.engines.native.convolution.parts import FLOATS, add_template, cut, even, filled, nested, reads_of, store
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
    Op,
    Register,
    Set,
    Statement,
    Store,
)  # fmt: skip
from weft.engines.native.lower import Lowering, variables, view
from weft.engines.native.rewriting import guarded, loads
from weft.engines.native.shorthand import cast, compare, op, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source, unflatten

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.base.dtypes import DType
    from weft.ops.windows import Window

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
        self.spots: dict[tuple[Window, Shape], Spots] = {}


def disjoint(window: Window) -> bool:
    """Whether no element belongs to two windows."""
    return window.strides == window.window and set(window.dilations) == {1}


class Spots:
    """For each image and filter a list of the numbers that are not zero, and where the patch of each begins.

    A list is made of pairs, its length before them. Both are as wide as the numbers, which stand there by their bits.

    Args:
        low: Where nests are added.
        filters: How many there are.
        most: How long a list may be.
        dtype: Of the numbers.
        window: How the convolution's windows lie on padded images.
        image: The shape of those: [batch, height, width, channels].
    """

    takes_epilogue = False

    def __init__(
        self, low: Lowering, filters: Dimension, most: int, dtype: DType, window: Window, image: Shape
    ) -> None:
        self.window, self.image, self.dtype = window, tuple(image), dtype
        self.whole = dtypes.int32 if dtype.size == 4 else dtypes.int64
        width, channels = image[2:]
        assert isinstance(width, int) and isinstance(channels, int)
        #: how many elements a row of a patch has: they are neighbours
        self.length = window.window[1] * channels
        self.row = width * channels
        self.lists = low.temporary((image[0], filters, 1 + 2 * most), self.whole, "spots")
        add_template(low, self.lists, self, "spots")

    def each(self, image: Index, filter_: Index, step: Callable[[Expr, Index], list[Statement]]) -> list[Statement]:
        """A loop over a list: step gets a number, and where its patch begins in the image."""
        entry = LoopVar("e", self.lists.shape[-1])
        row = (image, filter_)
        size = product(self.image[1:])
        value = Op("bitcast", (self.lists.at((*row, Index.of(entry) * 2 + 2)),), self.dtype)
        begin = Index.of(Entry(cast(self.lists.at((*row, Index.of(entry) * 2 + 1)), dtypes.int64), size))
        stop = Index.of(Entry(cast(self.lists.at((*row, ZERO)), dtypes.int64)))
        return [For(entry, ZERO, stop, step(value, begin))]

    def parts(self, lanes: int) -> list[tuple[int, int, int]]:
        """The vectors of a patch: (row, first element, how many elements)."""
        return [(row, first, min(lanes, self.length - first))
                for row in range(self.window.window[0]) for first in range(0, self.length, lanes)]  # fmt: skip

    def pair(self, at: Index, row: Indices, begin: Expr, number: Expr) -> Statement:
        """Puts a pair into a list."""
        return Store([
            (self.lists.buffer, self.lists.place((*row, at * 2 + 1)), begin),
            (self.lists.buffer, self.lists.place((*row, at * 2 + 2)), Op("bitcast", (number,), self.whole)),
        ])  # fmt: skip


class _PooledSpots(Spots):
    """The lists of what flows back through max pooling."""

    def __init__(self, low: Lowering, ct: Unpooled, window: Window, image: Shape) -> None:
        self.ct = ct
        most = product(tuple(ct.values.shape[1:-1]))
        assert isinstance(most, int)
        super().__init__(low, ct.values.shape[-1], most, ct.values.dtype, window, image)

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        place = tuple(map(Index.of, variables(self.ct.values.shape, "t")))
        return loads([self.ct.values.at(place), self.ct.winner.at(place)])

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The lists of an image in each chunk."""
        batch, *_ = self.ct.values.shape
        chunk = LoopVar("chunk", batch)
        filter_, down, across = (LoopVar(name, size) for name, size in zip(
            "fyx", (self.lists.shape[1], *self.ct.values.shape[1:3]), strict=True))  # fmt: skip
        place = (Index.of(chunk), Index.of(down), Index.of(across), Index.of(filter_))
        held = Register("count", dtypes.int64)
        number = self.ct.values.at(place)
        next_ = Index.of(Entry(Get(held), self.lists.shape[-1]))
        row = (Index.of(chunk), Index.of(filter_))
        some = cast(compare("not_equal", number, Const(0, self.dtype)), dtypes.int64)
        body: list[Statement] = [
            self.pair(next_, row, self._begin(place), number),
            Set(held, op("add", Get(held), some)),
        ]
        body = [
            Set(held, Const(0, dtypes.int64)),
            *nested([down, across], body),
            store(self.lists, (*row, ZERO), cast(Get(held), self.whole)),
        ]
        return Kernel(name, chunk, nested([filter_], body), 1)

    def _begin(self, place: Indices) -> Expr:
        """Where the patch of a window's greatest result begins in its image."""
        pool, strides, channels = self.ct.window, self.window.strides, self.image[-1]
        assert isinstance(channels, int)
        number = self.ct.winner.at(place)
        found: Expr = Const(0, self.whole)
        for turn in range(1, pool.window[0] * pool.window[1]):  # one of few: chosen, for it need not be divided
            y, x = divmod(turn, pool.window[1])
            at = y * strides[0] * self.row + x * strides[1] * channels
            found = pick(compare("equal", number, Const(turn, number.dtype)), Const(at, self.whole), found)
        corner = [place[1 + axis] * pool.strides[axis] - pool.pads[axis][0] for axis in range(2)]
        base = corner[0] * (strides[0] * self.row) + corner[1] * (strides[1] * channels)
        return op("add", cast(At(base), self.whole), found)


def spots_of(low: Lowering, ct: Unpooled, window: Window, image: Shape) -> Spots:
    """The lists for images of a shape: both gradients use the same."""
    key = (window, tuple(image))
    found = ct.spots.get(key)
    if found is None:
        found = ct.spots[key] = _PooledSpots(low, ct, window, image)
    return found


def fits(ct: Source, window: Window, channels: Dimension, groups: int, dtype: DType) -> bool:
    """Whether a convolution's gradients are summed sooner window by window than place by place.

    A patch's rows must be neighbours in memory, and long enough that vectors are not mostly empty.
    """
    plain = len(window.window) == 2 and groups == 1 and window.dilations == (1, 1) and dtype in FLOATS
    if not isinstance(ct, Unpooled) or not plain or not isinstance(channels, int):
        return False
    lanes = 64 // dtype.size
    length, rows = window.window[1] * channels, window.window[0]
    every = product(tuple(window.out)) * length * rows / lanes  # type: ignore[operator]
    chosen = product(tuple(ct.window.out)) * rows * -(-length // lanes)
    return bool(1.5 * chosen < every)  # type: ignore[operator]


def masks(ct: Unpooled, window: Window, channels: int, dtype: DType) -> bool:
    """Whether a kernel's gradient is summed window by window with every place of the pooling's tried."""
    many = product((*window.window, channels))
    inside = not ct.window.padded and len(window.window) == 2 and dtype in FLOATS and ct.values.dtype is dtype
    return inside and isinstance(many, int) and many <= 128 and len(list(ct.window.offsets())) <= 9


# The gradient for the kernel -----------------------------------------------------------------------------------------


def kernel_gradient(
    low: Lowering, x: Memory, spots: Spots, filters: int, shares: int, limit: Callable[[Indices], Index]
) -> Source:
    """The sum over windows of their number times their patch: [height, width, channels, filters].

    `x` is padded. The images are cut into shares, as many whatever the number of threads, added up in order.
    """
    window, channels = spots.window, x.shape[-1]
    assert isinstance(channels, int)
    partial = low.temporary((shares, filters, window.window[0], spots.length), x.dtype, "patches")
    template = _KernelGradient(x, spots, partial, limit)
    add_template(low, partial, template, "conv_kernel_gradient")

    def total(place: Indices, within: Indices) -> Expr:
        return partial.at((*within, *place))

    some = filled(x.shape[0], shares)
    summed = low.memory(low.reduce(partial.shape[1:], (some,), x.dtype, "add", total, "shares"))
    shape = (*window.window, channels, filters)
    return low.memory(view(summed, shape, lambda p: (p[3], p[0], p[1] * channels + p[2])), "kernel_gradient")


class _KernelGradient:
    """A share of the images and some filters in each chunk."""

    takes_epilogue = False

    def __init__(self, x: Memory, spots: Spots, output: Memory, limit: Callable[[Indices], Index]) -> None:
        self.x, self.spots, self.output, self.limit = x, spots, output, limit

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return reads_of(self.x, self.spots.lists)

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
            *self.spots.each(image, filter_, step),
            *each(lambda n, row, at: store(self.output, (share, filter_, row, at), Get(sums, (Index.of(n),)))),
        ]


def masked_kernel_gradient(
    low: Lowering, x: Memory, ct: Unpooled, window: Window, shares: int, limit: Callable[[Indices], Index]
) -> Source:
    """The same where patches are small: every place of a window is gone through, filters side by side.

    Returns:
        The shares' sums, [shares, height * width * channels, filters].
    """
    filters, channels = ct.shape[-1], x.shape[-1]
    rows = product((*window.window, channels))
    partial = low.temporary((shares, rows, filters), x.dtype, "patches")
    add_template(low, partial, _MaskedKernelGradient(x, ct, window, partial, limit), "conv_kernel_gradient")
    return partial


class _MaskedKernelGradient:
    """A share of the images, some rows of the gradient and some filters in each chunk."""

    takes_epilogue = False

    def __init__(
        self, x: Memory, ct: Unpooled, window: Window, output: Memory, limit: Callable[[Indices], Index]
    ) -> None:
        self.x, self.ct, self.window, self.output, self.limit = x, ct, window, output, limit

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        place = tuple(map(Index.of, variables(self.ct.values.shape, "t")))
        return [*reads_of(self.x), *loads([self.ct.values.at(place), self.ct.winner.at(place)])]

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """Window by window; the sums stay in registers."""
        shares, rows, filters = self.output.shape
        batch, dtype = self.x.shape[0], self.x.dtype
        assert isinstance(rows, int) and isinstance(filters, int) and isinstance(shares, int)
        lanes, registers = plan.target.lanes(dtype.size), plan.target.registers
        wide = 2 if filters > lanes and rows <= (registers - 8) // 2 else 1
        tall = even(rows, (registers - 6) // wide)
        shape = (shares, -(-filters // (wide * lanes)), -(-rows // tall))
        chunk = LoopVar("chunk", product(shape))
        share, column, block = unflatten(Index.of(chunk), shape)
        many = ceil_divide(batch, shares)
        image = LoopVar("n", many)
        sums = Register("sums", dtype, (tall, wide), vector=True)

        def some(first: int, height: int) -> list[Statement]:
            left = Index.of(filters) - column * (wide * lanes)
            body = []
            for part in by_extent(filters, wide * lanes, lanes, left, lambda widths, cut: self._rows(
                first, height, column * (wide * lanes), widths, cut, share, image, many, sums, plan)):  # fmt: skip
                body.append(part)
            return body

        body: list[Statement] = []
        for number in range(-(-rows // tall)):
            made = some(number * tall, min(tall, rows - number * tall))
            here = compare("equal", At(block), At(Index.of(number)))
            body += made if rows <= tall else [If(here, made)]
        return Kernel(name, chunk, body, lanes)

    def _rows(
        self, first: int, height: int, column: Index, widths: int, cut_: Index | None, share: Index, image: LoopVar,
        many: Dimension, sums: Register, plan: Plan,
    ) -> list[Statement]:  # fmt: skip
        pool, window, dtype, lanes = self.ct.window, self.window, self.x.dtype, sums.dtype.size
        lanes = plan.target.lanes(dtype.size)
        channels = self.x.shape[-1]
        assert isinstance(channels, int)
        down, across = (LoopVar(axis, size) for axis, size in zip("yx", pool.out, strict=True))
        number = share * many + image
        within = {(r, v): (Index.of(r), Index.of(v)) for r in range(height) for v in range(widths)}
        columns = [column + v * lanes + LANE for v in range(widths)]
        body: list[Statement] = []
        parts: list[tuple[Expr, Expr]] = []
        for v, at in enumerate(columns):
            place = (number, Index.of(down), Index.of(across), at)
            held = [self.ct.values.at(place), self.ct.winner.at(place)]
            if cut_ is not None and v == widths - 1:
                held = [guarded(expr, compare("less", At(Index.of(LANE)), At(cut_))) for expr in held]
            parts.append((held[0], held[1]))
        for turn, offset in enumerate(pool.offsets()):
            corner = [Index.of(p) * s + o for p, s, o in zip((down, across), pool.strides, offset, strict=True)]
            chosen = [pick(compare("equal", winner, Const(turn, winner.dtype)), value, Const(0, dtype))
                      for value, winner in parts]  # fmt: skip
            for r in range(height):
                y, x, channel = (i.number or 0 for i in unflatten(Index.of(first + r), (*window.window, channels)))
                spot = [c * s + k * d for c, s, k, d in zip(
                    corner, window.strides, (y, x), window.dilations, strict=True)]  # fmt: skip
                element = self.x.at((number, *spot, Index.of(channel)))
                for v, value in enumerate(chosen):
                    added = multiply_add(element, value, Get(sums, within[r, v]), plan.target.fma)
                    body.append(Set(sums, added, within[r, v]))
        stores = [store(self.output, (share, Index.of(first + r), columns[v]), Get(sums, within[r, v]))
                  for v in range(widths) for r in range(height)]  # fmt: skip
        finish: list[Statement] = list(stores)
        if cut_ is not None:
            finish = [*stores[: -height], Masked(cut_, list(stores[-height:]))]
        inner = nested([down, across], body)
        return [
            *(Set(sums, Const(0, dtype), place) for place in within.values()),
            For(image, ZERO, self.limit((share,)), inner),
            *finish,
        ]


# The gradient for the images -----------------------------------------------------------------------------------------


def input_gradient(low: Lowering, spots: Spots, kernel: Source) -> Memory:
    """The sum over windows of their number times the kernel, each where its patch lies, for padded images."""
    window, image = spots.window, spots.image
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
        return reads_of(self.weights, self.spots.lists)

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

            return each(add)

        return [
            *each(lambda n, row, at: Set(weights, self.weights.at((filter_, row, at)), (Index.of(n),))),
            *self.spots.each(image, filter_, step),
        ]


# What both share -----------------------------------------------------------------------------------------------------


def _some(parts: Sequence[tuple[int, int, int]]) -> list[Sequence[tuple[int, int, int]]]:
    """The parts in groups that registers can hold, about as many in each."""
    groups = -(-len(parts) // _HELD)
    each = -(-len(parts) // groups)
    return [parts[at : at + each] for at in range(0, len(parts), each)]
