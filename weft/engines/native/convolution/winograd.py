"""Convolutions with 3x3 windows by Winograd's F(2x2, 3x3): 16 products for four results instead of 36.

A tile of 2x2 results is A' [(G w G') * (B' d B)] A, where d is the 4x4 patch under it and w the kernel (Lavin and Gray,
"Fast algorithms for convolutional neural networks", 2016, equation 8). The products of all tiles and channels are 16
matrix products. A chunk takes some tiles through all three steps, so that what lies between them stays in the
cache.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import ceil_divide, product, quotient
from weft.base.dims import maximum as greater
from weft.base.dims import minimum as lesser
from weft.engines.native.contraction import by_rows, multiply_add, tile_of
from weft.engines.native.convolution.epilogue import Windows
from weft.engines.native.convolution.parts import FLOATS, add_template, by_vectors, filled, reads_of, scratch, store
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Entry, Index, LoopVar
from weft.engines.native.kernels import Plan, epilogue, minimum
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
    Prefetch,
    Register,
    Set,
    Statement,
    Store,
)  # fmt: skip
from weft.engines.native.lower import Lowering
from weft.engines.native.rewriting import guarded
from weft.engines.native.shorthand import compare, op
from weft.engines.native.sources import Indices, Memory, Source, unflatten

if TYPE_CHECKING:
    from weft.base.dims import Dimension
    from weft.base.dtypes import DType
    from weft.ops.windows import Window

_PATCH = 16  # 4x4
_WIDEST = 16  # filters are rounded up to as many, which is whole vectors on every target
_TILES, _MOST = 48, 56  # the least and the most tiles of a chunk
_SCRATCH = 1 << 19  # bytes that a chunk's matrices take where that allows enough tiles
_PARTIAL = 1 << 25  # bytes of the shares' sums of a kernel's gradient
_TALL = 8  # the most tiles that go through the products at once: images of few tiles leave little over
_CHUNKS = 8  # about how many chunks one image shall make
_FILTERS = 128  # the most filters of a chunk, so that few images make chunks enough


def pays(window: Window, channels: Dimension, filters: Dimension, groups: int, dtype: DType) -> bool:
    """Whether a convolution is quicker this way: a 3x3 window, and enough channels that the products outweigh."""
    plain = window.window == (3, 3) and window.strides == (1, 1) and window.dilations == (1, 1) and groups == 1
    if not plain or dtype not in FLOATS or not isinstance(channels, int) or not isinstance(filters, int):
        return False
    covered = product(tuple(2 * _half(size) for size in window.out))
    wanted = product(tuple(window.out))
    assert isinstance(covered, int) and isinstance(wanted, int)
    direct = 9 * wanted * channels * filters
    # additions of the transforms, in memory rather than in registers: each counts about three times
    tiles = covered // 4
    products = _PATCH * tiles * channels * filters
    return products + 3 * tiles * (32 * channels + 24 * filters) < 0.9 * direct


def _half(size: int) -> int:
    return -(-size // 2)


def convolution(low: Lowering, x: Memory, kernel: Memory, window: Window, name: str) -> Memory:
    """The convolution of images, without their padding."""
    batch, channels, filters = x.shape[0], kernel.shape[-2], kernel.shape[-1]
    assert isinstance(channels, int) and isinstance(filters, int)
    weights = low.temporary((_PATCH, channels, -(-filters // _WIDEST) * _WIDEST), x.dtype, "winograd")
    add_template(low, weights, _Weights(kernel, weights), "pack")
    result = low.temporary((batch, *window.out, filters), x.dtype, name)
    add_template(low, result, _Convolution(x, [before for before, _ in window.pads], weights, result), name)
    return result


def kernel_gradient(
    low: Lowering, x: Memory, cotangent: Memory, window: Window, most: int
) -> Source:
    """The gradient for the kernel, by the adjoint: G' [sum over tiles of (B' d B) * (A y A')] G.

    The images are cut into shares, as many whatever the number of threads, that are added up in order: at most so many,
    and fewer where their sums are long.
    """
    channels, filters = x.shape[-1], cotangent.shape[-1]
    assert isinstance(channels, int) and isinstance(filters, int)
    wide = -(-filters // _WIDEST) * _WIDEST
    shares = most
    while shares > 1 and shares * _PATCH * channels * wide * x.dtype.size > _PARTIAL:
        shares //= 2
    partial = low.temporary((shares, _PATCH, channels, wide), x.dtype, "winograd_gradient")
    before = [first for first, _ in window.pads]
    add_template(low, partial, _KernelGradient(x, before, cotangent, partial, most), "conv_kernel_gradient")

    def total(place: Indices, within: Indices) -> Expr:
        return partial.at((*within, *place))

    some = filled(x.shape[0], shares)
    summed = low.memory(low.reduce((_PATCH, channels, wide), (some,), x.dtype, "add", total, "shares"))
    result = low.temporary((3, 3, channels, filters), x.dtype, "kernel_gradient")
    add_template(low, result, _Adjoint(summed, result), "adjoint")
    return result


def _wide(padded: int, lanes: int) -> int:
    """How many vectors of filters lie side by side in a panel."""
    vectors = padded // lanes
    return next(wide for wide in (2, 3, 1) if vectors % wide == 0)


def _in_panels(weights: Memory, part: Index, channel: Index, panel: Index, within: Index, block: int) -> Index:
    """Where a number lies: for each part panels of some filters, in which channel after channel is gone through."""
    _, channels, padded = weights.shape
    assert isinstance(channels, int) and isinstance(padded, int)
    return part * (channels * padded) + panel * (channels * block) + channel * block + within


class _Weights:
    """G w G' for each pair of channels, in panels; filters are rounded up to whole vectors, with zeros."""

    takes_epilogue = False

    def __init__(self, given: Memory, output: Memory) -> None:
        self.given, self.output = given, output

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return reads_of(self.given)

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """A chunk for each input channel."""
        dtype, filters, padded = self.given.dtype, self.given.shape[-1], self.output.shape[-1]
        assert isinstance(filters, int) and isinstance(padded, int)
        lanes = plan.target.lanes(dtype.size)
        block = _wide(padded, lanes) * lanes
        chunk, panel, v = LoopVar("chunk", self.given.shape[-2]), LoopVar("j", padded // block), LoopVar("v", block)
        channel, within = Index.of(chunk), Index.of(v) + LANE
        at = Index.of(panel) * block + within
        taken = Register("w", dtype, (3, 3), vector=True)
        rows = Register("g", dtype, (4, 3), vector=True)
        inside = compare("less", At(at), At(Index.of(filters)))
        body: list[Statement] = []
        for y in range(3):
            for x in range(3):
                load = self.given.at((Index.of(y), Index.of(x), channel, at))
                body.append(Set(taken, load if filters == padded else guarded(load, inside), _spot(y, x)))
        for x in range(3):
            column_of = [Get(taken, _spot(y, x)) for y in range(3)]
            body += [Set(rows, value, _spot(y, x)) for y, value in enumerate(_spread(column_of, dtype))]
        for y in range(4):
            for x, value in enumerate(_spread([Get(rows, _spot(y, x)) for x in range(3)], dtype)):
                place = _in_panels(self.output, Index.of(4 * y + x), channel, Index.of(panel), within, block)
                body.append(Store([(self.output.buffer, place, value)]))
        inner: Statement = For(v, ZERO, Index.of(block), body, step=lanes)
        return Kernel(name, chunk, [For(panel, ZERO, Index.of(panel.extent), [inner])], lanes)


def _spread(w: Sequence[Expr], dtype: DType) -> list[Expr]:
    """G w for one column of a kernel."""
    half = Const(0.5, dtype)
    ends = op("multiply", op("add", w[0], w[2]), half)
    middle = op("multiply", w[1], half)
    return [w[0], op("add", ends, middle), op("subtract", ends, middle), w[2]]


def _under(d: Sequence[Expr]) -> list[Expr]:
    """B' d for one column of a patch."""
    return [op("subtract", d[0], d[2]), op("add", d[1], d[2]), op("subtract", d[2], d[1]), op("subtract", d[1], d[3])]


def _gathered(m: Sequence[Expr]) -> list[Expr]:
    """A' m for one column of products."""
    return [op("add", op("add", m[0], m[1]), m[2]), op("subtract", op("subtract", m[1], m[2]), m[3])]


def _scattered(y: Sequence[Expr]) -> list[Expr]:
    """A y for one column of a tile of results."""
    return [y[0], op("add", y[0], y[1]), op("subtract", y[0], y[1]), op("negative", y[1])]


def _collected(u: Sequence[Expr], dtype: DType) -> list[Expr]:
    """G' u for one column of products."""
    half = Const(0.5, dtype)
    ends, middle = (op("multiply", op(name, u[1], u[2]), half) for name in ("add", "subtract"))
    return [op("add", u[0], ends), middle, op("add", ends, u[3])]


def _spot(y: int, x: int) -> tuple[Index, Index]:
    return Index.of(y), Index.of(x)


class _Tiles:
    """Tiles of 2x2 results over padded images, numbered through all images.

    Args:
        x: The images, without their padding.
        before: How many rows and columns of zeros lie before them.
        counts: How many tiles there are down and across.
    """

    def __init__(self, x: Memory, before: Sequence[int], counts: Sequence[int]) -> None:
        self.x, self.before, self.counts = x, tuple(before), tuple(counts)

    @property
    def total(self) -> Dimension:
        """How many there are."""
        return product((self.x.shape[0], *self.counts))

    def find(self, number: Index) -> tuple[Index, Index, Index]:
        """The image of a tile, and its row and column."""
        image, row, column = unflatten(number, (self.x.shape[0], *self.counts))
        return image, row, column

    def patch(self, tile: tuple[Index, Index, Index], channels: int, lanes: int, into: Memory, row: Index) -> list[
        Statement
    ]:  # fmt: skip
        """B' d B of one tile; rows and columns of its patch may lie outside of the image, where there are zeros."""
        corner = [t * 2 - before for t, before in zip(tile[1:], self.before, strict=True)]
        sides: list[Expr] = []
        edges: list[list[Expr | None]] = []
        for at, before, count, size in zip(corner, self.before, self.counts, self.x.shape[1:3], strict=True):
            assert isinstance(size, int)
            lowest, highest = -before, 2 * (count - 1) - before + 3
            tests: list[Expr | None] = []
            for offset in range(4):
                test = None
                if lowest + offset < 0:
                    test = compare("greater_equal", At(at + offset), At(ZERO))
                if highest - 3 + offset >= size:
                    test = _both(test, compare("less", At(at + offset), At(Index.of(size))))
                tests.append(test)
            edges.append(tests)
            sides += [test for test in (tests[0], tests[3]) if test is not None]

        def load(y: int, x: int, at: Index, edge: bool) -> Expr:
            element = self.x.at((tile[0], corner[0] + y, corner[1] + x, at))
            there = _both(edges[0][y], edges[1][x]) if edge else None
            return element if there is None else guarded(element, there)

        def make(edge: bool) -> list[Statement]:
            return by_vectors(channels, lanes, lambda at: _patch(
                self.x.dtype, lambda y, x: load(y, x, at, edge), into, row, at))  # fmt: skip

        if not sides:
            return make(False)
        inner = sides[0] if len(sides) == 1 else functools.reduce(lambda a, b: op("and", a, b), sides)
        return [If(inner, make(False), make(True))]


def _both(first: Expr | None, second: Expr | None) -> Expr | None:
    return second if first is None else first if second is None else op("and", first, second)


def _share(padded: int, block: int) -> int:
    """How many filters a chunk takes: whole panels, the same for all chunks."""
    panels = padded // block
    return block * next(n for n in range(max(1, min(panels, _FILTERS // block)), 0, -1) if panels % n == 0)


def _patch(
    dtype: DType, load: Callable[[int, int], Expr], patches: Memory, tile: Index, at: Index
) -> list[Statement]:
    """B' d B of one tile, for a vector of channels."""
    given, rows = (Register(name, dtype, (4, 4), vector=True) for name in ("d", "b"))
    body: list[Statement] = []
    for x in range(4):
        for y in range(4):
            body.append(Set(given, load(y, x), _spot(y, x)))
        values = _under([Get(given, _spot(y, x)) for y in range(4)])
        body += [Set(rows, value, _spot(y, x)) for y, value in enumerate(values)]
    for y in range(4):
        values = _under([Get(rows, _spot(y, x)) for x in range(4)])
        body += [store(patches, (Index.of(4 * y + x), tile, at), value) for x, value in enumerate(values)]
    return body


def _row(size: int, lanes: int, dtype: DType) -> int:
    """How long a row of a scratch matrix is: whole vectors, and rows not a power of two apart."""
    whole = -(-size // lanes) * lanes
    return whole + lanes if whole * dtype.size % 1024 == 0 else whole


def _many(tall: int, channels: int, filters: int, dtype: DType) -> int:
    """How many tiles a chunk has: enough that the kernel's numbers are used often, few enough for the cache."""
    room = _SCRATCH // (_PATCH * (channels + filters) * dtype.size)
    return tall * max(1, min(_MOST, max(_TILES, room)) // tall)


def _some(total: Dimension, tall: int, most: int, shares: int, size: int) -> Dimension:
    """How many tiles a chunk takes: fewer than it could where few images would leave threads without work.

    Args:
        total: How many there are.
        tall: So many go through the products at once.
        most: The most that a chunk can take.
        shares: Into how many parts the filters are cut, which are chunks of their own.
        size: Bytes of the kernel's numbers of a part: the more they are, the oftener each is to be used.
    """
    wanted = ceil_divide(ceil_divide(total, max(1, _CHUNKS // shares)), tall) * tall
    least = tall if size <= _SCRATCH else 2 * tall
    return lesser(most, greater(least, wanted))


class _Convolution:
    """The three steps for some tiles and some filters in each chunk."""

    takes_epilogue = True

    def __init__(self, x: Memory, before: Sequence[int], weights: Memory, output: Memory) -> None:
        self.x, self.before, self.weights, self.output = x, tuple(before), weights, output
        self.dtype = x.dtype

    def folds(self, steps: tuple[int, ...]) -> bool:
        """Whether a pooling of such windows may be done on a tile of results."""
        return steps == (2, 2)

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return reads_of(self.x, self.weights)

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel, with what the group does to each element of the result."""
        channels, padded, filters = self.x.shape[-1], self.weights.shape[-1], self.output.shape[-1]
        assert isinstance(channels, int) and isinstance(padded, int) and isinstance(filters, int)
        lanes = plan.target.lanes(self.dtype.size)
        windows = Windows(group, plan, (2, 2))
        tiles = _Tiles(self.x, self.before, windows.counts)
        total, wide = tiles.total, _wide(padded, lanes)
        each = _share(padded, wide * lanes)
        tall, _ = tile_of(_TALL, wide * lanes, lanes, plan.target.registers)
        count = _many(tall, channels, each, self.dtype)
        some = _some(total, tall, count, padded // each, _PATCH * channels * each * self.dtype.size)
        patches = scratch("patches", self.dtype, (_PATCH, count, _row(channels, lanes, self.dtype)))
        products = scratch("products", self.dtype, (_PATCH, count, _row(each, lanes, self.dtype)))
        shape = (padded // each, quotient(total + (some - 1), some))
        chunk = LoopVar("chunk", product(shape))
        share, block = unflatten(Index.of(chunk), shape)
        first = block * some
        here = minimum(Index.of(some), Index.of(total) - first)
        tile = LoopVar("tile", count)
        number = Index.of(tile)
        place = tiles.find(first + number)

        def results(at: Index) -> list[Statement]:
            return self._results(windows, (*place, share * each + at), products, number, at)

        if each == padded or filters == padded:
            made = by_vectors(min(each, filters), lanes, results)
        else:
            at = LoopVar("at", each)
            rest = Index.of(filters) - (share * each + Index.of(at))
            made = [For(at, ZERO, Index.of(each), [Masked(rest, results(Index.of(at) + LANE))], step=lanes)]
        body: list[Statement] = [
            For(tile, ZERO, here, tiles.patch(place, channels, lanes, patches, number)),
            *self._products(patches, products, share * (each // (wide * lanes)), here, tall, wide, lanes, plan),
            For(tile, ZERO, here, made),
        ]
        return Kernel(name, chunk, body, lanes)

    def _products(
        self, patches: Memory, products: Memory, start: Index, here: Index, tall: int, wide: int, lanes: int,
        plan: Plan,
    ) -> list[Statement]:  # fmt: skip
        """For each of the 16 places of a patch: tiles by channels times channels by filters."""
        channels, count, each = self.weights.shape[1], products.shape[1], products.shape[2]
        assert isinstance(count, int) and isinstance(each, int)
        block = wide * lanes
        part, panel = LoopVar("part", _PATCH), LoopVar("j", each // block)
        r, k, v, rows = LoopVar("r", tall), LoopVar("k", channels), LoopVar("v", wide), LoopVar("i", count // tall)
        sums = Register("sums", self.dtype, (tall, wide), vector=True)
        spot, row = (Index.of(r), Index.of(v)), Index.of(rows) * tall + Index.of(r)
        within = Index.of(v) * lanes + LANE

        def all_of(statement: Statement) -> Statement:
            return For(r, ZERO, Index.of(tall), [For(v, ZERO, Index.of(wide), [statement], unrolled=True)],
                       unrolled=True)  # fmt: skip

        a = patches.at((Index.of(part), row, Index.of(k)))
        place = _in_panels(self.weights, Index.of(part), Index.of(k), start + panel, within, block)
        b = Load(self.weights.buffer, place)
        tile = [
            all_of(Set(sums, Const(0, self.dtype), spot)),
            For(k, ZERO, Index.of(channels), [
                all_of(Set(sums, multiply_add(a, b, Get(sums, spot), plan.target.fma), spot))]),
            all_of(store(products, (Index.of(part), row, Index.of(panel) * block + within), Get(sums, spot))),
        ]  # fmt: skip
        inner = For(rows, ZERO, (here + (tall - 1)) // tall, tile)
        return [For(part, ZERO, Index.of(_PATCH), [For(panel, ZERO, Index.of(panel.extent), [inner])])]

    def _results(self, windows: Windows, place: Indices, products: Memory, tile: Index, at: Index) -> list[Statement]:
        """A' m A of one tile, for a vector of filters, and what the group does with it."""
        given = Register("m", self.dtype, (4, 4), vector=True)
        rows = Register("a", self.dtype, (2, 4), vector=True)
        made = Register("y", self.dtype, (2, 2), vector=True)
        body: list[Statement] = []
        for x in range(4):
            for y in range(4):
                body.append(Set(given, products.at((Index.of(4 * y + x), tile, at)), _spot(y, x)))
            values = _gathered([Get(given, _spot(y, x)) for y in range(4)])
            body += [Set(rows, value, _spot(y, x)) for y, value in enumerate(values)]
        for y in range(2):
            values = _gathered([Get(rows, _spot(y, x)) for x in range(4)])
            body += [Set(made, value, _spot(y, x)) for x, value in enumerate(values)]
        held = {(y, x): Get(made, _spot(y, x)) for y in range(2) for x in range(2)}
        return body + windows.finish(place, lambda offset: held[offset[0], offset[1]])


class _KernelGradient:
    """Sums of products over tiles: a share of the images, and some of the filters, in each chunk."""

    takes_epilogue = False

    def __init__(
        self, x: Memory, before: Sequence[int], cotangent: Memory, output: Memory, chunks: int
    ) -> None:
        self.x, self.before, self.cotangent, self.output = x, tuple(before), cotangent, output
        self.dtype = x.dtype
        shares, *_, wide = output.shape
        assert isinstance(shares, int) and isinstance(wide, int)
        parts = chunks // shares if wide == cotangent.shape[-1] else 1
        while wide % (parts * _WIDEST):
            parts -= 1
        self.parts = parts  # into how many the filters are cut

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return reads_of(self.x, self.cotangent)

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel: some tiles at a time."""
        shares, _, channels, wide = self.output.shape
        filters, batch = self.cotangent.shape[-1], self.x.shape[0]
        assert isinstance(channels, int) and isinstance(wide, int) and isinstance(filters, int)
        assert isinstance(shares, int)
        wide, filters = wide // self.parts, filters // self.parts
        lanes = plan.target.lanes(self.dtype.size)
        counts = [_half(size) for size in self.cotangent.shape[1:-1]]  # type: ignore[arg-type]
        tiles = _Tiles(self.x, self.before, counts)
        each = counts[0] * counts[1]
        share = ceil_divide(batch, shares)
        count = min(_many(1, channels, wide, self.dtype), share * each) if isinstance(share, int) else _many(
            1, channels, wide, self.dtype)  # fmt: skip
        patches = scratch("patches", self.dtype, (_PATCH, count, _row(channels, lanes, self.dtype)))
        changes = scratch("changes", self.dtype, (_PATCH, count, _row(wide, lanes, self.dtype)))
        chunk, block, tile = LoopVar("chunk", shares * self.parts), LoopVar(
            "block", ceil_divide(share * each, count)), LoopVar("tile", count)  # fmt: skip
        number_of_share, part = unflatten(Index.of(chunk), (shares, self.parts))
        # a share beyond the batch has none: what is divided must not be negative
        left = minimum(Index.of(share), Index.of(batch) - number_of_share * share)
        images = Op("maximum", (At(left), At(ZERO)), dtypes.int64)
        mine = Index.of(Entry(images, share)) * each
        first = Index.of(block) * count
        here = minimum(Index.of(count), mine - first)
        place = tiles.find(number_of_share * (share * each) + first + tile)
        number = Index.of(tile)
        fill = For(tile, ZERO, here, [
            *tiles.patch(place, channels, lanes, patches, number),
            *by_vectors(filters, lanes, lambda at: self._change(place, part * filters, at, changes, number)),
        ])  # fmt: skip
        start = compare("equal", At(Index.of(block)), At(ZERO))
        sums = self._sums(number_of_share, part * wide, patches, changes, here, start, lanes, plan)
        blocks = (mine + (count - 1)) // count
        return Kernel(name, chunk, [For(block, ZERO, blocks, [fill, *sums])], lanes)

    def _change(self, place: Indices, low: Index, at: Index, changes: Memory, tile: Index) -> list[Statement]:
        """A y A' of one tile, for a vector of filters (counted from `low`); beyond an odd size there is nothing."""
        given, rows = Register("y", self.dtype, (2, 2), vector=True), Register("a", self.dtype, (4, 2), vector=True)
        corner = [index * 2 for index in place[1:]]
        there: list[Expr | None] = [
            compare("less", At(start + 1), At(Index.of(size))) if isinstance(size, int) and size % 2 else None
            for start, size in zip(corner, self.cotangent.shape[1:-1], strict=True)
        ]
        body: list[Statement] = []
        for x in range(2):
            for y in range(2):
                load = self.cotangent.at((place[0], corner[0] + y, corner[1] + x, low + at))
                inside = _both(there[0] if y else None, there[1] if x else None)
                body.append(Set(given, load if inside is None else guarded(load, inside), _spot(y, x)))
            values = _scattered([Get(given, _spot(y, x)) for y in range(2)])
            body += [Set(rows, value, _spot(y, x)) for y, value in enumerate(values)]
        for y in range(4):
            values = _scattered([Get(rows, _spot(y, x)) for x in range(2)])
            body += [store(changes, (Index.of(4 * y + x), tile, at), value) for x, value in enumerate(values)]
        return body

    def _sums(
        self, share: Index, low: Index, patches: Memory, changes: Memory, here: Index, start: Expr, lanes: int,
        plan: Plan,
    ) -> list[Statement]:  # fmt: skip
        """For each of the 16 places: channels by tiles times tiles by filters, added to what the output holds."""
        channels, padded = self.output.shape[2:]
        assert isinstance(channels, int) and isinstance(padded, int)
        padded //= self.parts
        tall, wide = tile_of(channels, padded, lanes, plan.target.registers)
        while (padded // lanes) % wide:
            wide -= 1
        part, column = LoopVar("part", _PATCH), LoopVar("j", padded)
        r, t, v = LoopVar("r", tall), LoopVar("t", changes.shape[1]), LoopVar("v", wide)
        rows = LoopVar("i", -(-channels // tall))
        sums = Register("sums", self.dtype, (tall, wide), vector=True)

        def some(first: Index, height: int) -> list[Statement]:
            def each(make: Callable[[Index, Index], Statement]) -> list[Statement]:
                where = Index.of(column) + Index.of(v) * lanes + LANE
                body = make(first + Index.of(r), where)
                inner = For(v, ZERO, Index.of(wide), [body], unrolled=True)
                return [For(r, ZERO, Index.of(height), [inner], unrolled=True)]

            spot = (Index.of(r), Index.of(v))

            def step(i: Index, j: Index) -> Statement:
                a, b = patches.at((Index.of(part), Index.of(t), i)), changes.at((Index.of(part), Index.of(t), j))
                return Set(sums, multiply_add(a, b, Get(sums, spot), plan.target.fma), spot)

            def to(i: Index, j: Index) -> Indices:
                return share, Index.of(part), i, low + j

            first_ones = each(lambda i, j: store(self.output, to(i, j), Get(sums, spot)))
            more = each(lambda i, j: store(self.output, to(i, j), op("add", self.output.at(to(i, j)), Get(sums, spot))))
            return [  # what is there already comes from far away: it is asked for now and wanted at the end
                *each(lambda i, j: Prefetch(self.output.buffer, self.output.place(to(i, j)))),
                *each(lambda i, j: Set(sums, Const(0, self.dtype), spot)),
                For(t, ZERO, here, each(step)),
                If(start, first_ones, more),
            ]

        inner = For(rows, ZERO, Index.of(rows.extent), by_rows(channels, tall, Index.of(rows), some))
        columns = For(column, ZERO, Index.of(padded), [inner], step=wide * lanes)
        return [For(part, ZERO, Index.of(_PATCH), [columns])]


class _Adjoint:
    """G' u G for each pair of channels."""

    takes_epilogue = True

    def __init__(self, given: Memory, output: Memory) -> None:
        self.given, self.output = given, output

    def folds(self, steps: tuple[int, ...]) -> bool:
        """Whether a pooling of such windows may be done on it: there is none of kernels."""
        return False

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return reads_of(self.given)

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """A chunk for each input channel."""
        dtype, (channels, filters) = self.given.dtype, self.output.shape[2:]
        assert isinstance(filters, int)
        lanes = plan.target.lanes(dtype.size)
        chunk = LoopVar("chunk", channels)
        channel = Index.of(chunk)
        taken = Register("u", dtype, (4, 4), vector=True)
        rows = Register("g", dtype, (3, 4), vector=True)
        made = Register("w", dtype, (3, 3), vector=True)

        def vector(at: Index) -> list[Statement]:
            body: list[Statement] = []
            for x in range(4):
                for y in range(4):
                    body.append(Set(taken, self.given.at((Index.of(4 * y + x), channel, at)), _spot(y, x)))
                values = _collected([Get(taken, _spot(y, x)) for y in range(4)], dtype)
                body += [Set(rows, value, _spot(y, x)) for y, value in enumerate(values)]
            for y in range(3):
                values = _collected([Get(rows, _spot(y, x)) for x in range(4)], dtype)
                body += [Set(made, value, _spot(y, x)) for x, value in enumerate(values)]
            for y in range(3):
                for x in range(3):
                    place = (Index.of(y), Index.of(x), channel, at)
                    body += epilogue(group, plan, place, Get(made, _spot(y, x)))
            return body

        return Kernel(name, chunk, by_vectors(filters, lanes, vector), lanes)
