"""The kernel of a run through a matrix that is never stored: some rows at a time, from products to products.

A chunk is one matrix of the batch, or some rows of one. What the products need of operands that all rows share lies in
order before the first rows are made; a block of rows is as high as the nearer caches have room for. Sums over the rows
of the matrix go on from block to block, so that each is one sum in one order, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from weft.base import dtypes
from weft.base.dims import ceil_divide, product
from weft.engines.native import microkernels
from weft.engines.native.attention import Run, Use
from weft.engines.native.fusion import Group, walk
from weft.engines.native.index import LANE, ZERO, Index, LoopVar
from weft.engines.native.kernels import Plan, Rows, minimum, rewrite_body
from weft.engines.native.loops import At, Buffer, Call, Const, Expr, For, If, Kernel, Load, Masked, Op, Statement, Store
from weft.engines.native.lower import Nest
from weft.engines.native.packing import Operand, limited, panel, tiles
from weft.engines.native.products import NARROW, Product, tallest, tallest_tile
from weft.engines.native.rewriting import Rewriter
from weft.engines.native.sources import Indices, Memory, unflatten

#: rows of a block, at most, and bytes that its matrices may take
_ROWS, _BYTES = 70, 3 << 17
#: rows of a block where columns ahead of them are left out: the fewer, the less is done in vain
_CAUSAL = 28
#: rows of a chunk, about, where nothing is summed over rows
_SHARE = 256

#: (where a tile begins, how many rows it has) -> what is done with it
_Tile = Callable[[Index, int], list[Statement]]
#: (where a strip begins, its vectors, how many columns there are of the last strip) -> what is done with it
_Strip = Callable[[Index, int, int | None], list[Statement]]
_Place = tuple[Buffer, Index]


def kernel_of_run(group: Group, name: str, plan: Plan) -> Kernel:
    """The kernel of a group that is a run."""
    return _Writer(group.nests[0].run, group, name, plan).kernel()


def _evenly(size: int, most: int) -> int:
    return -(-size // -(-size // max(1, most)))


class _RowMaps(Rows):
    """The maps over a row, which stores only what is read behind it."""

    def _crosses_stages(self, nest: Nest) -> bool:
        stage = self.group.stages[nest]
        return any(at > stage and any(load.buffer is nest.output.buffer for load in walk(other).reads)
                   for other, at in self.group.stages.items())  # fmt: skip

    #: where rows end
    stop: Index | None = None

    def _bound(self, items: Sequence[object], variable: LoopVar) -> Index:
        return Index.of(variable.extent) if self.stop is None else self.stop


@dataclass(frozen=True)
class _Numbers:
    """Where numbers of the first operand lie: how to get at a tile's, whether in rows, and how far these are apart."""

    at: Callable[[Index], _Place]
    rows: bool
    step: int


class _Writer:
    """One run's kernel being written."""

    def __init__(self, run: Run, group: Group, name: str, plan: Plan) -> None:
        self.run, self.group, self.name, self.plan = run, group, name, plan
        self.dtype = run.scores[0].template.dtype
        *batch, rows, columns = run.space
        assert isinstance(rows, int) and isinstance(columns, int)
        self.rows, self.columns = rows, columns
        target, size = plan.target, self.dtype.size
        lanes = self.lanes = target.lanes(size)
        self.width = NARROW * lanes
        self.most = tallest_tile(NARROW, target)
        self.apart = -(-columns // self.width) * self.width
        if self.apart * size % 512 == 0:  # rows that do not share places in a cache
            self.apart += lanes
        read = {use.square for use in run.uses}
        made = {nest.output.buffer for nest in run.scores}
        inside = {buffer for buffer in run.squares if buffer in read | made or buffer not in run.kept}
        inside |= run.given.keys() & read
        self.height = _evenly(rows, self.most)
        most = _ROWS if run.ahead is None else _CAUSAL
        room = _BYTES // (self.apart * size * max(1, len(inside)) * self.height)
        self.tiles = _evenly(-(-rows // self.height), min(max(1, room), max(1, most // self.height)))
        self.block_rows = self.tiles * self.height
        blocks = -(-rows // self.block_rows)
        alone = any(use.down for use in run.uses)
        self.blocks = blocks if alone else _evenly(blocks, max(1, _SHARE // self.block_rows))
        parts = ceil_divide(blocks, self.blocks)
        self.chunk = LoopVar("chunk", product((*batch, parts)))
        *outer, part = unflatten(Index.of(self.chunk), (*batch, parts))
        self.outer = tuple(outer)
        self.block = LoopVar("block", self.blocks)
        self.first = (part * self.blocks + self.block) * self.block_rows
        self.count = limited(self.first, rows, self.block_rows)
        self.stop = None if run.ahead is None else self._stop(run.ahead)
        self.left = limited(part * self.blocks, blocks, self.blocks)
        strides = (*(0 for _ in batch), self.apart, 1)
        self.squares = {
            buffer: Memory(self._scratch(buffer.name, self.block_rows * self.apart, buffer.dtype), run.space, strides,
                           self.first * -self.apart)
            for buffer in sorted(inside, key=lambda buffer: buffer.name)
        }  # fmt: skip
        self.begin: list[Statement] = []  # what is done before the first block, and behind the last
        self.end: list[Statement] = []

    def _stop(self, ahead: int) -> Index:
        """Where the columns end that take part in a block's rows, in whole strips."""
        strips = (self.first + (self.block_rows - 1 + ahead + self.width - 1)) // self.width
        if self.columns % self.width == 0:
            return minimum(Index.of(self.columns // self.width), strips) * self.width
        return minimum(Index.of(self.columns), strips * self.width)

    def _scratch(self, name: str, size: int, dtype: dtypes.DType | None = None) -> Buffer:
        return Buffer(f"{name}_{self.name}", dtype or self.dtype, size, "thread")

    def kernel(self) -> Kernel:
        """Block by block: the products that give the matrix, what is done with its rows, the products that read it."""
        body: list[Statement] = []
        for number, nest in enumerate(self.run.scores):
            body += self._score(nest, f"{number}")
        body += self._maps()
        for number, use in enumerate(self.run.uses):
            body += (self._down if use.down else self._along)(use, f"_{number}")
        return Kernel(self.name, self.chunk, [*self.begin, For(self.block, ZERO, self.left, body), *self.end],
                      self.lanes)  # fmt: skip

    # -- parts of matrices --------------------------------------------------------------------------------------------

    def _by_tiles(
        self, count: Index, size: int, height: int, make: _Tile, stop: Index | None = None
    ) -> list[Statement]:
        """Rows in tiles; `count` is how many of at most `size` there are, and beyond `stop` they take no part."""
        rest = (self.rows if count.number is None else count.number) % height
        tile = LoopVar("tile", -(-size // height))
        here = Index.of(tile) * height
        if count.number is not None:
            whole = count.number // height
            many = Index.of(whole) if stop is None else minimum(Index.of(whole), (stop + (height - 1)) // height)
            body: list[Statement] = [For(tile, ZERO, many, make(here, height))] if whole else []
            return [*body, *(_where(stop, whole * height, make(Index.of(whole * height), rest)) if rest else [])]
        if not rest:
            return [For(tile, ZERO, count // height, make(here, height))]
        full = _equal(tallest(count, here, height), Index.of(height))
        return [For(tile, ZERO, (count + (height - 1)) // height,
                    [If(full, make(here, height), make(here, rest))])]  # fmt: skip

    def _by_strips(self, columns: int, make: _Strip, stop: Index | None = None) -> list[Statement]:
        strip = LoopVar("strip", -(-columns // self.width))
        whole, cut = divmod(columns, self.width)
        body: list[Statement] = []
        if whole:
            many = Index.of(whole) if stop is None else minimum(
                Index.of(whole), (stop + (self.width - 1)) // self.width)  # fmt: skip
            body.append(For(strip, ZERO, many, make(Index.of(strip) * self.width, NARROW, None)))
        if cut:
            begin = whole * self.width
            body += _where(stop, begin, make(Index.of(begin), -(-cut // self.lanes), cut))
        return body

    def _panels(self, operand: Operand, columns: int, start: Index, count: Index, most: int, name: str
                ) -> tuple[Buffer, int, list[Statement]]:  # fmt: skip
        """The second operand put in order: where, how long a panel is, and how it is done."""
        length = -(-most // self.lanes) * self.lanes
        room = self._scratch(name, length * -(-columns // self.width) * self.width)

        def make(column: Index, vectors: int, cut: int | None) -> list[Statement]:
            left = None if cut is None or cut % self.lanes == 0 else Index.of(cut)
            return panel(operand, self.lanes, self.outer, column, vectors, left, start, count,
                         (room, column * length), self.width)  # fmt: skip

        return room, length, self._by_strips(columns, make)

    def _numbers(self, operand: Operand, start: Index, count: Index, most: int, along: tuple[Index, Index, int, int],
                 name: str) -> tuple[_Numbers, list[Statement]]:  # fmt: skip
        """The first operand: where it lies, or put in order where its rows would share places in a cache.

        `along` is its first row, how many there are and may be, and the height of a tile.
        """
        first, rows, most_rows, height = along
        steps = operand.steps()
        assert steps is not None
        if steps.inner == 1 and steps.along * self.dtype.size % 2048:
            return _Numbers(lambda row: operand.start(self.outer, first + row, start), True, steps.along), []
        if steps.along == 1 and steps.inner != 1:
            return _Numbers(lambda row: operand.start(self.outer, first + row, start), False, steps.inner), []
        wide = -(-height // self.lanes) * self.lanes
        size = (-(-most // self.lanes) * self.lanes + 1) * wide
        room = self._scratch(name, -(-most_rows // height) * size)
        done = tiles(operand, self.lanes, self.outer, first, rows, most_rows, height, start, count, room, size)
        return _Numbers(lambda row: (room, row // height * size), False, wide), done

    def _call(self, rows: int, wide: int, a: _Place, inward: bool, b: _Place, c: _Place, numbers: tuple[Index, Index],
              steps: tuple[int, int, int]) -> list[Statement]:  # fmt: skip
        routine = microkernels.tile(self.dtype, rows, wide, self.lanes, inward, self.plan.target.fma)
        return [Call(routine, (a, b, c), numbers, steps)]

    # -- products that give the matrix --------------------------------------------------------------------------------

    def _score(self, nest: Nest, name: str) -> list[Statement]:
        given: Product = nest.template
        deep = given.inner
        assert isinstance(deep, int)
        room, length, pack = self._panels(given.b, self.columns, ZERO, Index.of(deep), deep, f"columns{name}")
        self.begin += pack
        along = (self.first, self.count, self.block_rows, self.height)
        numbers, before = self._numbers(given.a, ZERO, Index.of(deep), deep, along, f"rows{name}")
        square = self.squares[nest.output.buffer].buffer

        def strip(column: Index, wide: int, _: int | None) -> list[Statement]:
            def tile(row: Index, rows: int) -> list[Statement]:
                return self._call(rows, wide, numbers.at(row), numbers.rows, (room, column * length),
                                  (square, row * self.apart + column), (Index.of(deep), ZERO),
                                  (numbers.step, self.width, self.apart))  # fmt: skip

            return self._by_tiles(self.count, self.block_rows, self.height, tile)

        return [*before, *self._by_strips(self.columns, strip, self.stop)]

    # -- maps ---------------------------------------------------------------------------------------------------------

    def _maps(self) -> list[Statement]:
        run, inside = self.run, self.squares
        nests = [_copy(memory, inside[buffer]) for buffer, memory in run.given.items() if buffer in inside]
        nests += [self._local(nest) for nest in run.maps]
        nests += [_copy(inside[buffer], memory) for buffer, memory in run.kept.items() if buffer in inside]
        if not nests:
            return []
        read = {inside[use.square].buffer for use in run.uses}
        rows = _RowMaps(
            Group("rows", run.space, len(run.space) - 1, nests, stages=_stages(nests)), self.name,
            Plan(self.plan.target, lambda buffer, _: buffer in read or self._stored(buffer)),
        )  # fmt: skip
        rows.stop = self.stop
        row = LoopVar("r", self.block_rows)
        place = (*self.outer, self.first + row)
        body = rewrite_body(rows.row(), Rewriter(values=dict(zip(rows.rows, place, strict=True))))
        if self.stop is not None:  # tiles that end behind the last column find nothing there
            ahead = LoopVar("ahead", self.columns)
            clear = [Store([(self.squares[use.square].buffer, Index.of(row) * self.apart + Index.of(ahead) + LANE,
                             Const(0, self.dtype))]) for use in run.uses if use.down and use.side == -2]  # fmt: skip
            end = minimum(Index.of(self.columns), self.stop + (self.most - 1))
            body += [For(ahead, self.stop, end, [*clear], step=self.lanes)] if clear else []
        return [For(row, ZERO, self.count, body)]

    def _stored(self, buffer: Buffer) -> bool:
        return buffer.role != "thread" and self.plan.stored(buffer, self.group)

    def _local(self, nest: Nest) -> Nest:
        """A map that finds the matrices where this kernel has them."""

        def value(place: Indices, within: Indices) -> Expr:
            def instead(load: Load) -> Expr | None:
                here = self.squares.get(load.buffer)
                return None if here is None else Load(here.buffer, here.place((*place, *within)), load.guard)

            return Rewriter(instead).expr(nest.value(place, within))

        return replace(nest, value=value, output=self.squares.get(nest.output.buffer, nest.output), seen=None)

    # -- products that read it ----------------------------------------------------------------------------------------

    def _along(self, use: Use, name: str) -> list[Statement]:
        """Sums along the rows: the matrix is the first operand."""
        given, output = use.nest.template, use.nest.output
        square = self.squares[use.square].buffer
        width, apart = output.shape[-1], output.strides[-2]
        assert isinstance(width, int) and isinstance(apart, int)
        room, length, pack = self._panels(given.b, width, ZERO, Index.of(self.columns), self.columns, f"columns{name}")
        self.begin += pack
        sums = self._scratch(f"sums{name}", self.height * self.width)

        def strip(column: Index, wide: int, cut: int | None) -> list[Statement]:
            whole = cut is None or cut % self.lanes == 0

            def tile(row: Index, rows: int) -> list[Statement]:
                place = output.buffer, output.place((*self.outer, self.first + row, column))
                done = self._call(rows, wide, (square, row * self.apart), True, (room, column * length),
                                  place if whole else (sums, ZERO), (self.stop or Index.of(self.columns), ZERO),
                                  (self.apart, self.width, apart if whole else self.width))  # fmt: skip
                if not whole:
                    done += self._copied((sums, ZERO), self.width, rows, wide, cut or 0, place, apart)
                return done

            return self._by_tiles(self.count, self.block_rows, self.height, tile)

        return self._by_strips(width, strip)

    def _down(self, use: Use, name: str) -> list[Statement]:
        """Sums over the rows, which go on from block to block."""
        given, output = use.nest.template, use.nest.output
        square = self.squares[use.square].buffer
        rows, width = output.shape[-2:]
        apart = output.strides[-2]
        assert isinstance(rows, int) and isinstance(width, int) and isinstance(apart, int)
        height = _evenly(rows, self.most)
        step = -(-width // self.width) * self.width
        sums = self._scratch(f"sums{name}", rows * step) if width % self.lanes else None
        if use.side == -2:
            numbers = _Numbers(lambda row: (square, row), False, self.apart)
            room, length, before = self._panels(given.b, width, self.first, self.count, self.block_rows,
                                                f"columns{name}")  # fmt: skip
        else:
            room, length = square, 1
            numbers, before = self._numbers(given.a, self.first, self.count, self.block_rows,
                                            (ZERO, Index.of(rows), rows, height), f"rows{name}")  # fmt: skip
        step_b = self.width if use.side == -2 else self.apart

        def strip(column: Index, wide: int, cut: int | None) -> list[Statement]:
            whole = cut is None or cut % self.lanes == 0

            def tile(row: Index, tall: int) -> list[Statement]:
                place = output.buffer, output.place((*self.outer, row, column))
                if not whole:
                    assert sums is not None
                    place = sums, row * step + column
                return self._call(tall, wide, numbers.at(row), numbers.rows, (room, column * length), place,
                                  (self.count, Index.of(self.block) if self.stop is None else Index.of(1)),
                                  (numbers.step, step_b, apart if whole else step))  # fmt: skip

            if not whole:
                assert sums is not None
                to = output.buffer, output.place((*self.outer, ZERO, column))
                self.end += self._copied((sums, column), step, rows, wide, cut or 0, to, apart)
            return self._by_tiles(Index.of(rows), rows, height, tile, self.stop if use.side == -2 else None)

        if self.stop is not None:  # not every block comes by every place
            self.begin += self._cleared(output, rows, width, sums, step)
        return [*before, *self._by_strips(width, strip, self.stop if use.side == -1 else None)]

    def _cleared(self, output: Memory, rows: int, width: int, sums: Buffer | None, step: int) -> list[Statement]:
        row, vector = LoopVar("r", rows), LoopVar("v", width)
        at, zero = Index.of(vector) + LANE, Const(0, self.dtype)
        direct = width if sums is None else width // self.width * self.width
        store = Store([(output.buffer, output.place((*self.outer, Index.of(row), at)), zero)])
        body: list[Statement] = [For(vector, ZERO, Index.of(direct), [store], step=self.lanes)]
        if sums is not None:
            store = Store([(sums, Index.of(row) * step + at, zero)])
            body.append(For(vector, Index.of(direct), Index.of(width), [store], step=self.lanes))
        return [For(row, ZERO, Index.of(rows), body)]

    def _copied(self, start: _Place, step: int, rows: int, wide: int, columns: int, to: _Place, apart: int
                ) -> list[Statement]:  # fmt: skip
        """Sums put where they belong, in rows so far apart, the last vector of a row in part."""
        row = LoopVar("r", rows)
        body: list[Statement] = []
        for vector in range(wide):
            at = Index.of(vector * self.lanes) + LANE
            value = Load(start[0], start[1] + Index.of(row) * step + at)
            one: list[Statement] = [Store([(to[0], to[1] + Index.of(row) * apart + at, value)])]
            rest = columns - vector * self.lanes
            body += one if rest >= self.lanes else [Masked(Index.of(rest), one)]
        return [For(row, ZERO, Index.of(rows), body)]


def _copy(source: Memory, target: Memory) -> Nest:
    return Nest(source.shape, lambda place, _: source.at(place), target, name="copy")


def _stages(nests: Sequence[Nest]) -> dict[Nest, int]:
    """Which of the maps over a row share a loop: those that need nothing of one another but their own place."""
    made: dict[Buffer, Nest] = {}
    found: dict[Nest, int] = {}
    for nest in nests:
        stage = 0
        for load in walk(nest).reads:
            maker = made.get(load.buffer)
            if maker is not None:
                beside = not maker.reduced and maker.shape == (*nest.shape, *nest.reduced)
                stage = max(stage, found[maker] + (0 if beside else 1))
        found[nest] = stage
        made[nest.output.buffer] = nest
    return found


def _where(stop: Index | None, begin: int, body: list[Statement]) -> list[Statement]:
    """What is done only where columns from `begin` on take part."""
    return body if stop is None else [If(_less(Index.of(begin), stop), body)]


def _less(first: Index, second: Index) -> Expr:
    return Op("less", (At(first), At(second)), dtypes.bool_)


def _equal(first: Index, second: Index) -> Expr:
    return Op("equal", (At(first), At(second)), dtypes.bool_)
