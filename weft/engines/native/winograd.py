"""Convolutions with 3x3 windows by Winograd's F(2x2, 3x3): 16 products for four results instead of 36.

A tile of 2x2 results is A' [(G w G') * (B' d B)] A, where d is the 4x4 patch under it and w the kernel (Lavin and Gray,
"Fast algorithms for convolutional neural networks", 2016, equation 8). The products of all tiles and channels are 16
matrix products. A chunk takes some rows of tiles through all three steps, so that what lies between them stays in the
cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import ceil_divide, product
from weft.engines.native.contraction import by_rows, multiply_add, tile_of
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Entry, Index, LoopVar
from weft.engines.native.kernels import Plan, epilogue
from weft.engines.native.loops import (
    At,
    Buffer,
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
from weft.engines.native.lower import Lowering, Nest, variables
from weft.engines.native.rewriting import guarded, loads
from weft.engines.native.rules.pointwise import compare, op, pick
from weft.engines.native.sources import Indices, Memory, Source, unflatten

if TYPE_CHECKING:
    from weft.base.dims import Dimension
    from weft.base.dtypes import DType
    from weft.ops.windows import Window

_WIDE = (dtypes.float32, dtypes.float64)
_PATCH = 16  # 4x4
_WIDEST = 16  # filters are rounded up to as many, which is whole vectors on every target
_TILES = 48  # about so many tiles in a chunk: enough that the kernel's numbers are used often while they are near


def pays(window: Window, channels: Dimension, filters: Dimension, groups: int, dtype: DType) -> bool:
    """Whether a convolution is quicker this way: a 3x3 window, and enough channels that the products outweigh."""
    plain = window.window == (3, 3) and window.strides == (1, 1) and window.dilations == (1, 1) and groups == 1
    if not plain or dtype not in _WIDE or not isinstance(channels, int) or not isinstance(filters, int):
        return False
    covered = product(tuple(2 * _half(size) for size in window.out))
    wanted = product(tuple(window.out))
    assert isinstance(covered, int) and isinstance(wanted, int)
    direct = 9 * wanted * channels * filters
    # additions of the transforms, in memory rather than in registers: each counts about three times
    tiles = covered // 4
    products = _PATCH * tiles * channels * filters
    return products + 3 * tiles * (32 * channels + 24 * filters) < 0.9 * direct


def extents(window: Window) -> list[int]:
    """How large the padded image must be, so that whole tiles lie over it."""
    return [2 * _half(size) + 2 for size in window.out]


def _half(size: int) -> int:
    return -(-size // 2)


def convolution(low: Lowering, x: Memory, kernel: Memory, window: Window, name: str) -> Memory:
    """The convolution of images that are padded to `extents`."""
    batch, channels, filters = x.shape[0], kernel.shape[-2], kernel.shape[-1]
    assert isinstance(channels, int) and isinstance(filters, int)
    weights = low.temporary((_PATCH, channels, -(-filters // _WIDEST) * _WIDEST), x.dtype, "winograd")
    _add(low, weights, _Weights(kernel, weights), "pack")
    result = low.temporary((batch, *window.out, filters), x.dtype, name)
    _add(low, result, _Convolution(x, weights, result), name)
    return result


def kernel_gradient(
    low: Lowering, x: Memory, cotangent: Memory, window: Window, shares: int, limit: Callable[[Indices], Index]
) -> Source:
    """The gradient for the kernel, by the adjoint: G' [sum over tiles of (B' d B) * (A y A')] G.

    The images are cut into shares, as many whatever the number of threads, that are added up in order; `limit` says
    how many images a share has.
    """
    channels, filters = x.shape[-1], cotangent.shape[-1]
    assert isinstance(channels, int) and isinstance(filters, int)
    wide = -(-filters // _WIDEST) * _WIDEST
    partial = low.temporary((shares, _PATCH, channels, wide), x.dtype, "winograd_gradient")
    _add(low, partial, _KernelGradient(x, cotangent, partial, limit), "conv_kernel_gradient")
    batch, share = x.shape[0], ceil_divide(x.shape[0], shares)

    def total(place: Indices, within: Indices) -> Expr:
        # shares beyond the batch are empty: nothing was stored there
        return guarded(partial.at((*within, *place)), compare("less", At(within[0] * share), At(Index.of(batch))))

    summed = low.memory(low.reduce((_PATCH, channels, wide), (shares,), x.dtype, "add", total, "shares"))
    result = low.temporary((3, 3, channels, filters), x.dtype, "kernel_gradient")
    _add(low, result, _Adjoint(summed, result), "adjoint")
    return result


def _add(
    low: Lowering, output: Memory, template: _Weights | _Convolution | _KernelGradient | _Adjoint, name: str
) -> None:
    low.nests.append(Nest(output.shape, lambda place, _: output.at(place), output, name=name, template=template))


class _Weights:
    """G w G' for each pair of channels; filters are rounded up to whole vectors, with zeros."""

    takes_epilogue = False

    def __init__(self, given: Memory, output: Memory) -> None:
        self.given, self.output = given, output

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return loads([self.given.at(tuple(map(Index.of, variables(self.given.shape, "k"))))])

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """A chunk for each input channel."""
        dtype, filters = self.given.dtype, self.given.shape[-1]
        assert isinstance(filters, int)
        lanes = plan.target.lanes(dtype.size)
        chunk, column = LoopVar("chunk", self.given.shape[-2]), LoopVar("j", self.output.shape[-1])
        channel, at = Index.of(chunk), Index.of(column) + LANE
        taken = Register("w", dtype, (3, 3), vector=True)
        rows = Register("g", dtype, (4, 3), vector=True)
        inside = compare("less", At(at), At(Index.of(filters)))
        body: list[Statement] = []
        for y in range(3):
            for x in range(3):
                load = self.given.at((Index.of(y), Index.of(x), channel, at))
                assert isinstance(load, Load)
                body.append(Set(taken, Load(load.buffer, load.index, inside), _spot(y, x)))
        for x in range(3):
            column_of = [Get(taken, _spot(y, x)) for y in range(3)]
            body += [Set(rows, value, _spot(y, x)) for y, value in enumerate(_spread(column_of, dtype))]
        for y in range(4):
            values = _spread([Get(rows, _spot(y, x)) for x in range(3)], dtype)
            body += [_store(self.output, (Index.of(4 * y + x), channel, at), value) for x, value in enumerate(values)]
        return Kernel(name, chunk, [For(column, ZERO, Index.of(column.extent), body, step=lanes)], lanes)


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


def _store(memory: Memory, place: Indices, value: Expr) -> Store:
    return Store([(memory.buffer, memory.place(place), value)])


class _Convolution:
    """The three steps for some rows of tiles of one image."""

    takes_epilogue = True

    def __init__(self, x: Memory, weights: Memory, output: Memory) -> None:
        self.x, self.weights, self.output = x, weights, output
        self.dtype = x.dtype
        down, across = (_half(size) for size in output.shape[1:-1])  # type: ignore[arg-type]
        self.tiles = (down, across)
        # the rows of tiles of a chunk: all chunks alike, about _TILES tiles
        chunks = max(1, -(-down * across // _TILES))
        self.rows = -(-down // min(down, chunks))

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        places = [tuple(map(Index.of, variables(memory.shape, "t"))) for memory in (self.x, self.weights)]
        return loads([self.x.at(places[0]), self.weights.at(places[1])])

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel, with what the group does to each element of the result."""
        batch, channels = self.x.shape[0], self.x.shape[-1]
        padded = self.weights.shape[-1]
        assert isinstance(channels, int) and isinstance(padded, int)
        lanes = plan.target.lanes(self.dtype.size)
        down, across = self.tiles
        chunks = -(-down // self.rows)
        count = self.rows * across
        patches = _scratch("patches", self.dtype, (_PATCH, count, -(-channels // lanes) * lanes))
        products = _scratch("products", self.dtype, (_PATCH, count, padded))
        chunk = LoopVar("chunk", product((batch, chunks)))
        image, block = unflatten(Index.of(chunk), (batch, chunks))
        first = block * self.rows
        row, column = LoopVar("ty", self.rows), LoopVar("tx", across)
        tile = Index.of(row) * across + Index.of(column)
        # the last chunk may reach beyond the image: what it computes there is not stored
        there = compare("less", At(first + Index.of(row)), At(Index.of(down)))

        def tiles(make: Callable[[], list[Statement]]) -> list[Statement]:
            body: list[Statement] = [For(column, ZERO, Index.of(across), make())]
            if down % self.rows:
                body = [If(there, body)]
            return [For(row, ZERO, Index.of(self.rows), body)]

        def transform() -> list[Statement]:
            corner = ((first + Index.of(row)) * 2, Index.of(column) * 2)
            return _by_vectors(channels, lanes, lambda at: _patch(self.x, image, corner, at, patches, tile))

        def store() -> list[Statement]:
            corner = ((first + Index.of(row)) * 2, Index.of(column) * 2)
            filters = self.output.shape[-1]
            assert isinstance(filters, int)
            return _by_vectors(
                filters, lanes, lambda at: self._results(group, plan, image, corner, at, products, tile)
            )

        body = [*tiles(transform), *self._products(patches, products, count, lanes, plan), *tiles(store)]
        return Kernel(name, chunk, body, lanes)

    def _products(
        self, patches: Memory, products: Memory, count: int, lanes: int, plan: Plan
    ) -> list[Statement]:
        """For each of the 16 places of a patch: tiles by channels times channels by filters."""
        channels, padded = self.weights.shape[1:]
        assert isinstance(padded, int)
        tall, wide = tile_of(count, padded, lanes, plan.target.registers)
        while (padded // lanes) % wide:
            wide -= 1
        part, block = LoopVar("part", _PATCH), LoopVar("j", padded)
        r, k, v, rows = LoopVar("r", tall), LoopVar("k", channels), LoopVar("v", wide), LoopVar("i", -(-count // tall))
        sums = Register("sums", self.dtype, (tall, wide), vector=True)

        def some(start: Index, height: int) -> list[Statement]:
            def each(make: Callable[[Index, Index], Statement]) -> list[Statement]:
                where = Index.of(block) + Index.of(v) * lanes + LANE
                body = make(start + Index.of(r), where)
                inner = For(v, ZERO, Index.of(wide), [body], unrolled=True)
                return [For(r, ZERO, Index.of(height), [inner], unrolled=True)]

            spot = (Index.of(r), Index.of(v))

            def step(i: Index, j: Index) -> Statement:
                a = patches.at((Index.of(part), i, Index.of(k)))
                b = self.weights.at((Index.of(part), Index.of(k), j))
                return Set(sums, multiply_add(a, b, Get(sums, spot), plan.target.fma), spot)

            return [
                *each(lambda i, j: Set(sums, Const(0, self.dtype), spot)),
                For(k, ZERO, Index.of(channels), each(step)),
                *each(lambda i, j: _store(products, (Index.of(part), i, j), Get(sums, spot))),
            ]

        inner = For(rows, ZERO, Index.of(rows.extent), by_rows(count, tall, Index.of(rows), some))
        columns = For(block, ZERO, Index.of(padded), [inner], step=wide * lanes)
        return [For(part, ZERO, Index.of(_PATCH), [columns])]

    def _results(
        self, group: Group, plan: Plan, image: Index, corner: tuple[Index, Index], at: Index, products: Memory,
        tile: Index,
    ) -> list[Statement]:  # fmt: skip
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
        for y in range(2):
            for x in range(2):
                place = (image, corner[0] + y, corner[1] + x, at)
                body += self._inside(y, x, corner, epilogue(group, plan, place, Get(made, _spot(y, x))))
        return body

    def _inside(self, y: int, x: int, corner: tuple[Index, Index], body: list[Statement]) -> list[Statement]:
        """The last tile of an odd size has one row, or column, too many."""
        for offset, axis in ((x, 1), (y, 0)):
            size = self.output.shape[1 + axis]
            assert isinstance(size, int)
            if offset == 1 and size % 2:
                body = [If(compare("less", At(corner[axis] + 1), At(Index.of(size))), body)]
        return body


def _patch(
    images: Memory, image: Index, corner: tuple[Index, Index], at: Index, patches: Memory, tile: Index
) -> list[Statement]:
    """B' d B of one tile, for a vector of channels."""
    given, rows = (Register(name, images.dtype, (4, 4), vector=True) for name in ("d", "b"))
    body: list[Statement] = []
    for x in range(4):
        for y in range(4):
            body.append(Set(given, images.at((image, corner[0] + y, corner[1] + x, at)), _spot(y, x)))
        values = _under([Get(given, _spot(y, x)) for y in range(4)])
        body += [Set(rows, value, _spot(y, x)) for y, value in enumerate(values)]
    for y in range(4):
        values = _under([Get(rows, _spot(y, x)) for x in range(4)])
        body += [_store(patches, (Index.of(4 * y + x), tile, at), value) for x, value in enumerate(values)]
    return body


class _KernelGradient:
    """Sums of products over tiles, a share of the images in each chunk."""

    takes_epilogue = False

    def __init__(self, x: Memory, cotangent: Memory, output: Memory, limit: Callable[[Indices], Index]) -> None:
        self.x, self.cotangent, self.output, self.limit = x, cotangent, output, limit
        self.dtype = x.dtype
        down, across = (_half(size) for size in cotangent.shape[1:-1])  # type: ignore[arg-type]
        self.tiles = (down, across)
        self.rows = -(-down // min(down, max(1, -(-down * across // _TILES))))

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        operands = (self.x, self.cotangent)
        return loads([memory.at(tuple(map(Index.of, variables(memory.shape, "t")))) for memory in operands])

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel: image by image, some rows of tiles at a time."""
        shares, _, channels, wide = self.output.shape
        filters, batch = self.cotangent.shape[-1], self.x.shape[0]
        assert isinstance(channels, int) and isinstance(wide, int) and isinstance(filters, int)
        lanes = plan.target.lanes(self.dtype.size)
        down, across = self.tiles
        chunk = LoopVar("chunk", shares)
        assert isinstance(shares, int)
        number, blocks = LoopVar("n", ceil_divide(batch, shares)), -(-down // self.rows)
        block = LoopVar("block", blocks)
        row, column = LoopVar("ty", self.rows), LoopVar("tx", across)
        image = Index.of(chunk) * number.extent + Index.of(number)
        first = Index.of(block) * self.rows
        corner = ((first + Index.of(row)) * 2, Index.of(column) * 2)
        tile = Index.of(row) * across + Index.of(column)
        count = self.rows * across
        patches = _scratch("patches", self.dtype, (_PATCH, count, -(-channels // lanes) * lanes))
        changes = _scratch("changes", self.dtype, (_PATCH, count, wide))
        there = compare("less", At(first + Index.of(row)), At(Index.of(down)))
        body = [
            *_by_vectors(channels, lanes, lambda at: _patch(self.x, image, corner, at, patches, tile)),
            *_by_vectors(filters, lanes, lambda at: self._change(image, corner, at, changes, tile)),
        ]
        body = [For(column, ZERO, Index.of(across), body)]
        last = self.rows - (blocks * self.rows - down)
        stop = Index.of(self.rows)
        if down % self.rows:
            body = [If(there, body)]
        fill: Statement = For(row, ZERO, stop, body)
        start = op("and", *(compare("equal", At(Index.of(each)), At(ZERO)) for each in (number, block)))
        sums = self._sums(Index.of(chunk), patches, changes, count, last * across, block, start, lanes, plan)
        within = For(block, ZERO, Index.of(block.extent), [fill, *sums])
        return Kernel(name, chunk, [For(number, ZERO, self.limit((Index.of(chunk),)), [within])], lanes)

    def _change(
        self, image: Index, corner: tuple[Index, Index], at: Index, changes: Memory, tile: Index
    ) -> list[Statement]:
        """A y A' of one tile, for a vector of filters; beyond an odd size there is nothing."""
        given, rows = Register("y", self.dtype, (2, 2), vector=True), Register("a", self.dtype, (4, 2), vector=True)
        body: list[Statement] = []
        for x in range(2):
            for y in range(2):
                load = self.cotangent.at((image, corner[0] + y, corner[1] + x, at))
                for offset, axis in ((y, 0), (x, 1)):
                    size = self.cotangent.shape[1 + axis]
                    assert isinstance(size, int)
                    if offset and size % 2:
                        load = guarded(load, compare("less", At(corner[axis] + 1), At(Index.of(size))))
                body.append(Set(given, load, _spot(y, x)))
            values = _scattered([Get(given, _spot(y, x)) for y in range(2)])
            body += [Set(rows, value, _spot(y, x)) for y, value in enumerate(values)]
        for y in range(4):
            values = _scattered([Get(rows, _spot(y, x)) for x in range(2)])
            body += [_store(changes, (Index.of(4 * y + x), tile, at), value) for x, value in enumerate(values)]
        return body

    def _sums(
        self, share: Index, patches: Memory, changes: Memory, count: int, cut: int, block: LoopVar, start: Expr,
        lanes: int, plan: Plan,
    ) -> list[Statement]:  # fmt: skip
        """For each of the 16 places: channels by tiles times tiles by filters, added to what the output holds."""
        channels, padded = self.output.shape[2:]
        assert isinstance(channels, int) and isinstance(padded, int)
        tall, wide = tile_of(channels, padded, lanes, plan.target.registers)
        while (padded // lanes) % wide:
            wide -= 1
        part, column = LoopVar("part", _PATCH), LoopVar("j", padded)
        r, t, v = LoopVar("r", tall), LoopVar("t", count), LoopVar("v", wide)
        rows = LoopVar("i", -(-channels // tall))
        sums = Register("sums", self.dtype, (tall, wide), vector=True)
        stop = Index.of(count)
        if cut != count:
            full = compare("less", At(Index.of(block)), At(Index.of(block.extent) - 1))
            stop = Index.of(Entry(pick(full, At(Index.of(count)), At(Index.of(cut))), count + 1))

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

            held = each(lambda i, j: Set(sums, self.output.at((share, Index.of(part), i, j)), spot))
            return [
                If(start, each(lambda i, j: Set(sums, Const(0, self.dtype), spot)), held),
                For(t, ZERO, stop, each(step)),
                *each(lambda i, j: _store(self.output, (share, Index.of(part), i, j), Get(sums, spot))),
            ]

        inner = For(rows, ZERO, Index.of(rows.extent), by_rows(channels, tall, Index.of(rows), some))
        columns = For(column, ZERO, Index.of(padded), [inner], step=wide * lanes)
        return [For(part, ZERO, Index.of(_PATCH), [columns])]


class _Adjoint:
    """G' u G for each pair of channels."""

    takes_epilogue = True

    def __init__(self, given: Memory, output: Memory) -> None:
        self.given, self.output = given, output

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return loads([self.given.at(tuple(map(Index.of, variables(self.given.shape, "t"))))])

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

        return Kernel(name, chunk, _by_vectors(filters, lanes, vector), lanes)


def _scratch(name: str, dtype: DType, shape: tuple[int, ...]) -> Memory:
    return Memory(Buffer(name, dtype, product(shape), "thread"), shape)


def _by_vectors(size: int, lanes: int, make: Callable[[Index], list[Statement]]) -> list[Statement]:
    """Code for every vector of an axis; the last one may be cut."""
    whole = size // lanes * lanes
    at = LoopVar("at", size)
    body: list[Statement] = []
    if whole:
        body.append(For(at, ZERO, Index.of(whole), make(Index.of(at) + LANE), step=lanes))
    if size > whole:
        body.append(Masked(Index.of(size - whole), make(Index.of(whole) + LANE)))
    return body
