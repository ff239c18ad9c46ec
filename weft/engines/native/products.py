"""Products of matrices of any shape, and many of them side by side.

A chunk is a block of rows by some strips of columns, a strip being as wide as a tile. Before the rows of a block are
multiplied with a strip, what they need of B lies in order: it was packed for all blocks (`packing.Panels`) where there
are many of them, it is packed here for this block, or it stays where it lies where there are only a few rows. Rows of
A that share places in a cache, or columns of A, are packed here too. The reduced axis is walked in stretches that
leave all this in the cache.

Each element is one sum in one order, from the first term to the last, however the work is cut: none of these choices
changes a bit of the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import Dim, ceil_divide, maximum, product, quotient
from weft.base.dims import minimum as lesser
from weft.engines.native import microkernels
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Entry, Index, LoopVar
from weft.engines.native.kernels import Plan, epilogue, minimum, prefetches
from weft.engines.native.loops import (
    At,
    Buffer,
    Call,
    Const,
    Expr,
    For,
    If,
    Kernel,
    Load,
    Masked,
    Op,
    Prefetch,
    Statement,
)  # fmt: skip
from weft.engines.native.lower import Lowering, Nest
from weft.engines.native.packing import (
    SQUARE,
    Element,
    Operand,
    Pairs,
    Panels,
    Steps,
    compare,
    limited,
    panel,
    tiles,
)
from weft.engines.native.sources import Memory, unflatten

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.base.dtypes import DType
    from weft.engines.native.rewriting import Rewriter
    from weft.engines.native.target import Target

#: vectors in a row of a tile at most, where there are many registers and where there are few: a tile of four by six
#: takes fewer instructions for its sums than one of two by fourteen, and memory is read in longer pieces
WIDE, NARROW = 4, 2
#: how long a stretch of the reduced axis is at most
STRETCH = 512
#: rows of a block at most: with a stretch of A they stay in a core's own cache
ROWS = 272
#: more rows than this: B is packed once for all blocks; the second number where A is packed, too, for which blocks
#: should be low and broad
MANY, SOME = ROWS, 128
#: bytes that stay in the nearest cache beside other things: B of no more need not be packed
NEAR = 1 << 14
#: bytes after which addresses share a place in the nearest cache, and that come from memory together
WAY, LINE = 1 << 12, 64

# what things cost, in cycles: to pack a number of A or of B that lies in order, or across; to claim a chunk and to say
# that it is done
_A_MOVED, _A_TURNED, _B_MOVED, _B_TURNED, _CLAIMED = 0.5, 1.25, 0.75, 1.0, 400
#: the same of what is not in memory, but made on the way; how much longer sums take where numbers of A share places of
#: the nearest cache, and where each of these has room for a tile's rows but so many
_MADE, _CROWDED, _APART, _BEYOND = 6.0, 0.4, 0.02, 2
#: strips of a chunk that are tried out, so many of them that one is never alone, and numbers of threads that chunks are
#: to go round among
_STRIPS, _WIDE, _THREADS = (1, 2, 3, 4, 6, 8, 12, 16), 8, (1, 2, 4)
#: bytes of a row that memory is fast for
_BROAD = 256
#: bytes of an operand that a core keeps from chunk to chunk, about, and what part of its own cache those of A take that
#: stay from strip to strip
_KEPT, _STAYING = 1 << 19, 5 / 16
#: cycles that a number takes to come from farther away: of A by rows and by columns, which are asked for ahead, of B
#: where that is packed already, and where it is not
_A_FAR, _COLUMNS_FAR, _B_FAR, _B_UNPACKED = 0.3, 0.3, 0.3, 1.0
#: what unknown rows are taken for where they are few and where they are many, and within a loop
_USUAL, _TURNING = ((SOME, 2 * SOME), (8 * SOME, 32 * SOME)), (32,)
#: what an unknown number of terms is taken for, and of products side by side
_TERMS, _BATCH = 4 * STRETCH, 16


class Product:
    """result[..., i, j] = sum over k of a[..., i, k] * b[..., k, j].

    Args:
        shape: The result's sizes; the last axis is the columns, the one before it the rows.
        inner: The size that is summed over.
        a: The first operand's element: it may not depend on the column.
        b: The second operand's: it may not depend on the row.
        dtype: Of the operands, where `halves` says nothing else, and the result.
        halves: For processors that add up pairs of products, the operands' type: bfloat16, or int16 where `dtype` is
            int32.
    """

    takes_epilogue = True

    def __init__(
        self, shape: Shape, inner: Dimension, a: Element, b: Element, dtype: DType, halves: DType | None = None
    ) -> None:
        self.shape, self.dtype, self.pairs = tuple(shape), dtype, halves is not None
        kind, given = (Operand, dtype) if halves is None else (Pairs, halves)
        self.a, self.b = (kind(element, axis, self.shape, inner, given) for element, axis in ((a, -2), (b, -1)))
        self.inner = self.a.inner
        self.packed: Memory | None = None
        self.panel_bytes = 2 * LINE  # of a row of B in order
        self.turning = False  # whether it is part of a loop in which B stays the same
        self.stays = False  # whether B stays the same in all turns of a loop, or from run to run

    def folds(self, steps: tuple[int, ...]) -> bool:
        """Whether a pooling of such windows may be done on a tile."""
        return False

    def add(self, low: Lowering, name: str, output: Memory | None = None) -> Memory:
        """The product's result, whose nests are added to the others; `output` is where it goes, if that is given."""
        loads = self.b.loads()
        self.turning = low.region is not None and low.stays(loads)
        self.stays = self.turning or low.steady(loads)
        met, self.panel_bytes = self.met, low.panel_bytes
        if (isinstance(met, Dim) or met > self.many) and not self.near():
            width = self.panel_bytes // self.dtype.size
            batch = tuple(size if own else 1 for size, own in zip(self.shape[:-2], self.b.batch(), strict=True))
            length = ceil_divide(self.inner, SQUARE) * SQUARE
            shape = (*batch, ceil_divide(self.shape[-1], width), length, width)
            packed = self.packed = low.temporary(shape, self.b.dtype, "panels")
            # for few rows nothing is packed ahead, but where that serves more than this product alone
            some = isinstance(met, Dim) and not self.stays
            runs = lesser(1, quotient(met, self.many + 1)) if some else 1
            template = Panels(self.b, packed, runs)
            low.nests.append(Nest(shape, lambda place, _: packed.at(place), packed, name="pack", template=template))
        made = output or low.temporary(self.shape, self.dtype, name)
        low.nests.append(Nest(self.shape, lambda place, _: made.at(place), made, name=name, template=self))
        return made

    def packs_a(self) -> bool:
        """Whether a block of A is packed: it lies unevenly, or rows share places in a cache."""
        steps = self.a.steps()
        if self.pairs or steps is None or 1 not in (steps.along, steps.inner):
            return True
        columns = self.shape[-1]
        if isinstance(columns, int) and columns * self.dtype.size <= _BROAD:
            return False
        return (steps.along if steps.inner == 1 else steps.inner) * self.dtype.size % WAY == 0

    @property
    def met(self) -> Dimension:
        """How many rows meet the same B, those of all matrices along whose axes it does not differ."""
        own = zip(self.shape[:-2], self.b.batch(), strict=True)
        return product((self.shape[-2], *(size for size, differs in own if not differs)))

    @property
    def many(self) -> int:
        """With more rows than that B is packed once for all of them, or for all turns of a loop, or for many runs."""
        if self.stays:
            return 0
        return SOME if self.packs_a() else MANY

    def near(self) -> bool:
        """Whether B is used where it lies: it stays in the nearest cache, or lies as panels do."""
        steps = self.b.steps()
        if steps is None or steps.along != 1:
            return False
        apart = steps.inner * self.dtype.size
        return apart in (2 * LINE, self.panel_bytes) or (isinstance(self.inner, int) and self.inner * apart <= NEAR)

    def read_through(self, into: Rewriter) -> None:
        """From now on, the operands' elements are what a rewriter makes of them."""
        for operand in (self.a, self.b):
            operand.read_through(into)

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        found = [*self.a.loads(), *self.b.loads()]
        return found if self.packed is None else [*found, Load(self.packed.buffer, ZERO)]

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel, with what the group does to each element of the result."""
        return _Writer(self, group, name, plan).kernel()


@dataclass(frozen=True)
class Blocking:
    """How a product is cut.

    Attributes:
        height: Rows of a tile.
        heights: Of the tiles that rows are cut into where too few are left, the highest first.
        rows: Rows of a block, a multiple of a tile's.
        columns: Of a strip.
        strips: Of a chunk.
        packs_a: Whether a chunk packs what it needs of A.
        many_rows, many_strips: The same where an unknown number of rows turns out to be above `MANY`.
    """

    height: int
    heights: tuple[int, ...]
    rows: int
    columns: int
    strips: int
    packs_a: bool
    many_rows: int
    many_strips: int


def blockings(
    shape: Shape, inner: Dimension, lanes: int, target: Target, wide: int, pack_a: float = 0.0, pack_b: float = 0.0,
    slower: float = 0.0, turning: bool = False, far: float = _A_FAR,
) -> list[Blocking]:  # fmt: skip
    """Ways to cut a product of some sizes, the best first.

    A tile has enough sums that none waits for the one before, few enough to stay in registers beside a row of B and a
    number of A. Where the number of rows is known only at run time, tiles are lower by halves for those that are left.
    Of blocks and strips those are taken with which the product would end first, looked at for several numbers of
    threads.

    Args:
        shape: The result's.
        inner: The size that is summed over.
        lanes: Numbers in a vector.
        target: The machine.
        wide: Vectors in a row of a tile at most.
        pack_a: Cycles that a chunk takes to pack a number of A; 0 where that stays where it is.
        pack_b: The same of B.
        slower: How much longer sums take with A where it is; 0 where it has to be packed.
        turning: Whether it is part of a loop.
        far: Cycles that a number of A takes to come where it does not stay near.
    """
    *batch, rows, columns = shape
    if isinstance(columns, int):
        wide = max(1, min(wide, -(-columns // lanes)))
    most = tallest_tile(wide, target)
    height = _even(rows, most) if isinstance(rows, int) else most if most < 8 else most // 4 * 4
    highest = max(1, ROWS // height)  # tiles of a block
    heights: tuple[int, ...]
    if isinstance(rows, int):
        heights = (rows % height,) if rows % height else ()
        tiles_ = -(-rows // height)
        least = max(1, -(-tiles_ // highest))
        blocks = sorted({-(-tiles_ // -(-tiles_ // n)) for n in range(least, min(tiles_, 2 * least + 8) + 1)} or {1})
    else:
        heights = tuple(h for h in (8, 4, 2, 1) if h < height)
        tiles_, blocks = highest, [1, 2, 3]
    across = ceil_divide(columns, wide * lanes)
    many = product(tuple(size if isinstance(size, int) else _BATCH for size in batch))
    assert isinstance(many, int)
    length = inner if isinstance(inner, int) else _TERMS
    size = target.vector_bytes // lanes
    if not isinstance(columns, int) or length * columns * size > 2 * _KEPT:
        pack_b += _B_UNPACKED if pack_b else _B_FAR
    # strips alone would be read and written in pieces too short for memory to be fast
    broad = wide * lanes * size >= _BROAD
    apart = [n for n in _STRIPS if n > 1 or broad or not isinstance(across, int) or across < _WIDE]
    apart = [(_even(across, min(n, max(1, across))) if isinstance(across, int) else n) for n in apart]
    cases = ((rows,),) if isinstance(rows, int) else (_TURNING,) if turning else _USUAL

    def score(usual: tuple[int, ...], count: int, strips: int, packing: float, longer: float) -> float:
        tall = -(-tiles_ // count) * height
        groups = many * (-(-across // strips) if isinstance(across, int) else 8)
        found = 0.0
        for there in usual:
            high = min(tall, there)
            # what does not stay near comes again for each chunk, or even for each strip
            again = strips if high * min(length, STRETCH) * size > _STAYING * target.own else 1
            come = packing + (far * again if there * length * size > _KEPT else 0.0)
            work = length * (longer * high * strips * wide + come * high + pack_b * strips * wide * lanes) + _CLAIMED
            chunks = groups * -(-there // tall)
            # whole rounds of chunks, and some of one that ends late
            found += sum((-(-chunks // n) + 0.125) * n * work for n in _THREADS) / max(1, there)
        return found

    def cheapest(usual: tuple[int, ...], way: tuple[float, float]) -> list[tuple[float, int, int]]:
        return sorted({(score(usual, count, strips, *way), -(-tiles_ // count) * height, strips)
                       for count in blocks for strips in apart})  # fmt: skip

    found: dict[Blocking, float] = {}
    for packing, longer in [(pack_a, 1.0), *([(0.0, 1.0 + slower)] if slower and pack_a else [])]:
        # few rows and many of them together, the best with the best
        for places in zip(*(cheapest(usual, (packing, longer)) for usual in cases), strict=True):
            few, many_ = places[0], places[-1]
            made = Blocking(height, heights, few[1], wide * lanes, few[2], packing > 0, many_[1], many_[2])
            found.setdefault(made, sum(cost for cost, _, _ in places))
    return sorted(found, key=found.__getitem__)


def panel_bytes(target: Target) -> int:
    """Bytes of a row of a panel: as broad as a strip, or as two lines where vectors are short."""
    return max(2 * LINE, widest(target) * target.vector_bytes)


def widest(target: Target) -> int:
    """Vectors in a row of a tile at most."""
    return WIDE if target.registers >= 32 else NARROW


def tallest_tile(wide: int, target: Target) -> int:
    """Rows of a tile at most: sums stay in registers beside a row of B and a number of A."""
    return min(14, (target.registers - 2 - wide) // wide)


def _even(size: int, most: int) -> int:
    """The size of parts that are nearly alike, none of more than so many."""
    return max(1, -(-size // -(-size // max(1, most)))) if size else 1


class _Writer:
    """One product's kernel being written."""

    def __init__(self, given: Product, group: Group, name: str, plan: Plan) -> None:
        self.given, self.group, self.name, self.plan = given, group, name, plan
        self.a, self.b, self.dtype = given.a, given.b, given.dtype
        *batch, self.rows, self.columns = given.shape
        lanes = self.lanes = plan.target.lanes(self.dtype.size)
        steps = self.a.steps()
        pack_a = _MADE if steps is None else _A_TURNED if steps.inner == 1 else _A_MOVED
        wide = self._wide(steps)
        kind = (
            given.shape, given.inner, lanes, plan.target, wide, pack_a if given.packs_a() else 0.0, self._packs_b(),
            self._crowded(steps, wide), given.turning,
            _A_FAR if steps is None or steps.inner == 1 else _COLUMNS_FAR,
        )  # fmt: skip
        cut = self.cut = plan.choose(name, kind, blockings(*kind))
        packs = cut.packs_a
        self.strips = ceil_divide(self.columns, cut.columns)
        self.tall = self._by_rows(cut.rows, cut.many_rows)
        self.share = self._by_rows(cut.strips, cut.many_strips)
        down = self._by_rows(*(ceil_divide(self.rows, size) for size in (cut.rows, cut.many_rows)))
        groups = self._by_rows(*(ceil_divide(self.strips, size) for size in (cut.strips, cut.many_strips)))
        blocks = (*batch, down, groups)
        self.chunk = LoopVar("chunk", product(blocks))
        *outer, block, strip = unflatten(Index.of(self.chunk), blocks)
        self.outer, self.first = tuple(outer), block * self.tall
        self.strip = strip * self.share
        self.height = limited(self.first, self.rows, self.tall)
        self.stretches = maximum(1, ceil_divide(given.inner, STRETCH))  # of nothing, the sums are 0
        self.stretch = STRETCH
        if isinstance(given.inner, int) and isinstance(self.stretches, int):  # of nearly equal length
            self.stretch = -(-given.inner // self.stretches // lanes) * lanes if self.stretches > 1 else given.inner
        self.tiles = max(cut.rows, cut.many_rows) // cut.height
        self.most = max(cut.strips, cut.many_strips)  # strips of a chunk
        length = -(-self.stretch // lanes) * lanes
        self.panel = self._scratch("panel", length * cut.columns, self.b.dtype)
        many = 1 if self.stretches == 1 else self.tiles * self.most
        # with nothing else to do, whole tiles are added up where the result lies
        self.plain, self.apart = None, 0
        if len(group.nests) == 1 and isinstance(apart := group.nests[0].output.strides[-2], int):
            self.plain, self.apart = group.nests[0].output, apart
        self.sums = self._scratch("sums", many * cut.height * cut.columns, self.dtype)
        wide = -(-cut.height // lanes) * lanes
        self.steps_a = Steps(1, wide) if packs or steps is None else steps
        self.size_of_tile = (length + 1) * wide  # tiles begin in different places of a cache
        self.block = self._scratch("block", self.tiles * self.size_of_tile, self.a.dtype) if packs else None

    def _scratch(self, name: str, size: int, dtype: DType) -> Buffer:
        return Buffer(f"{name}_{self.name}", dtype, size, "thread")

    def _by_rows(self, few: Dimension, many: Dimension) -> Dimension:
        """One size or the other, as rows of an unknown number turn out to be few or many."""
        if few == many or isinstance(self.rows, int):
            return few
        return few + (many - few) * lesser(1, quotient(self.rows, MANY + 1))

    def _packs_b(self) -> float:
        """Cycles that it takes a chunk to pack a number of B; 0 where that is packed before, or need not be."""
        given, steps = self.given, self.b.steps()
        if given.near() or (given.packed is not None and (isinstance(given.met, int) or given.stays)):
            return 0.0
        return _MADE if steps is None else _B_MOVED if steps.along == 1 else _B_TURNED

    def _wide(self, steps: Steps | None) -> int:
        """Vectors in a row of a tile at most: fewer where rows of A are put in order, of which tiles should be high."""
        in_place = steps is not None and (steps.inner == 1 or not self.given.packs_a())
        return NARROW if self.given.pairs or not in_place else widest(self.plan.target)

    def _crowded(self, steps: Steps | None, wide: int) -> float:
        """How much longer sums take with A where it is: little where a line of each of a tile's rows stays near; 0
        where it has to be packed, since it lies unevenly."""
        if steps is None or self.given.pairs or 1 not in (steps.along, steps.inner):
            return 0.0
        room = self.plan.target.nearest // WAY
        stays = steps.inner == 1 and room + _BEYOND >= tallest_tile(wide, self.plan.target)
        return _APART if stays else _CROWDED

    def _place_of_a(self, tile: Index, offset: Index, start: Index) -> tuple[Buffer, Index]:
        if self.block is not None:
            return self.block, tile * self.size_of_tile + offset
        return self.a.start(self.outer, self.first + tile * self.cut.height + offset, start)

    def _ways(self, column: Index, left: Index | None, start: Index) -> list[_Way]:
        """Where a strip of B may lie, and when; the last is for all other times."""
        found: list[_Way] = []
        steps, packed = self.b.steps(), self.given.packed
        if packed is not None:
            width = packed.shape[-1]
            assert isinstance(width, int)
            outer = tuple(ZERO if size == 1 else i for size, i in zip(packed.shape, self.outer, strict=False))
            place = packed.place((*outer, column // width, start, column % width))
            met = self.given.met
            always = isinstance(met, int) or self.given.stays
            condition = None if always else compare("less", Index.of(self.given.many), Index.of(met))
            found.append(_Way(packed.buffer, place, width, condition))
        if steps is not None and steps.along == 1 and left is None:
            few = 2 * self.cut.height
            condition = compare("less_equal", Index.of(self.rows), Index.of(few))
            if self.given.near() or (isinstance(self.rows, int) and self.rows <= few):
                condition = None
            if condition is None or not isinstance(self.rows, int):
                found.append(_Way(*self.b.start(self.outer, column, start), steps.inner, condition))
        found.append(_Way(self.panel, ZERO, self.cut.columns, None))
        whole = next(number for number, way in enumerate(found) if way.condition is None)
        return found[: whole + 1]

    # -- the walk -----------------------------------------------------------------------------------------------------

    def kernel(self) -> Kernel:
        """Stretch by stretch, strip by strip, tile by tile."""
        part = LoopVar("part", self.stretches)
        if self.stretches == 1:
            body = self._stretch(ZERO, Index.of(self.given.inner), None)
        else:
            start = Index.of(part) * self.stretch
            count = limited(start, self.given.inner, self.stretch)
            body = [For(part, ZERO, Index.of(part.extent), self._stretch(start, count, part))]
        return Kernel(self.name, self.chunk, body, self.lanes)

    def _stretch(self, start: Index, count: Index, part: LoopVar | None) -> list[Statement]:
        strip, width = LoopVar("strip", self.most), self.cut.columns
        column = (self.strip + Index.of(strip)) * width
        vectors = width // self.lanes

        def code(wide: int, left: Index | None) -> list[Statement]:
            return self._strip(Index.of(strip), column, wide, left, start, count, part)

        body: list[Statement]
        if not isinstance(self.columns, int):
            left = Index.of(self.columns) - column
            body = [If(compare("less", left, Index.of(width)), code(vectors, left), code(vectors, None))]
        elif self.columns % width == 0:
            body = code(vectors, None)
        else:
            cut = self.columns % width
            last = code(-(-cut // self.lanes), Index.of(cut))
            here = compare("equal", self.strip + Index.of(strip), Index.of(self.columns // width))
            body = last if self.columns < width else [If(here, last, code(vectors, None))]
        stop = limited(self.strip, self.strips, self.share)
        packed: list[Statement] = []
        if self.block is not None:
            packed = tiles(self.a, self.lanes, self.outer, self.first, self.height, self.tiles * self.cut.height,
                           self.cut.height,
                           start, count, self.block, self.size_of_tile)  # fmt: skip
        return [*packed, For(strip, ZERO, stop, body)]

    def _strip(
        self, strip: Index, column: Index, wide: int, left: Index | None, start: Index, count: Index,
        part: LoopVar | None,
    ) -> list[Statement]:  # fmt: skip
        ways = self._ways(column, left, start)
        pack: list[Statement] = []
        done: list[Statement] = []
        if ways[-1].buffer is self.panel:
            pack = panel(self.b, self.lanes, self.outer, column, wide, left, start, count, (self.panel, ZERO),
                         self.cut.columns)  # fmt: skip
            for way in ways[:-1]:
                assert way.condition is not None
                pack = [If(Op("not", (way.condition,), dtypes.bool_), pack)]
        height = self.cut.height
        tile = LoopVar("tile", self.tiles)
        many = (self.height + (height - 1)) // height
        tall = tallest(self.height, Index.of(tile) * height, height)
        at = ZERO if part is None else (strip * self.tiles + tile) * (height * self.cut.columns)
        target = _Target(self.sums, at, self.cut.columns, self.lanes)
        if self.plain is not None and left is None and isinstance(self.columns, int):
            place = (*self.outer, self.first + Index.of(tile) * height, column)
            target = _Target(self.plain.buffer, self.plain.place(place), self.apart, self.lanes)
        else:
            # the next tile is the one below, or the first of the next strip
            below = compare("less", Index.of(tile) + 1, many)
            after = _either(below, (Index.of(tile) + 1) * height, 0), column + _either(below, ZERO, self.cut.columns)
            done += self._results(Index.of(tile) * height, tall, column, wide, left, at, after)
            if part is not None:
                done = [If(_equal(Index.of(part), self.stretches - 1), done)]
            if left is not None and left.number is not None and self.lanes * self.dtype.size == 64:
                if left.number <= self.lanes // 2:  # narrower vectors take less time
                    target = _Target(self.sums, at, self.cut.columns, self.lanes // 2)
        sums = self._sums(Index.of(tile), tall, wide, ways, start, count, part, target)
        row = LoopVar("r", height)
        first: list[Statement] = []
        if done and left is None and (ahead := self._ahead(ZERO, row, column, wide)):
            first = [If(_equal(strip, 0), [For(row, ZERO, minimum(Index.of(height), self.height), ahead)])]
            if part is not None:
                first = [If(_equal(Index.of(part), self.stretches - 1), first)]
        coming = self._coming(Index.of(tile), strip, column, start, count, part) if pack and left is None else []
        return [*first, *pack, For(tile, ZERO, many, [*coming, *sums, *done])]

    def _coming(
        self, tile: Index, strip: Index, column: Index, start: Index, count: Index, part: LoopVar | None
    ) -> list[Statement]:  # fmt: skip
        """Asks for what will be packed of B next, a part of it with each tile: its rows lie far apart, where no machine
        foresees them."""
        steps = self.b.steps()
        if steps is None or steps.along != 1 or steps.inner * self.b.dtype.size < WAY or not isinstance(self.rows, int):
            return []
        share = -(-self.stretch // self.tiles)
        k = LoopVar("ahead", self.stretch)
        more = compare("less", strip + 1, limited(self.strip, self.strips, self.share))

        def ask(column: Index, start: Index, count: Index) -> list[Statement]:
            body: list[Statement] = []
            for vector in range(self.cut.columns * self.b.dtype.size // LINE):
                place = self.b.start(self.outer, column, start + k)
                body.append(Prefetch(place[0], place[1] + vector * (LINE // self.b.dtype.size)))
            return [For(k, tile * share, minimum((tile + 1) * share, count), body)]

        beside = ask(column + self.cut.columns, start, count)
        if part is None:
            return [If(more, beside)]
        following = start + self.stretch
        below = ask(self.strip * self.cut.columns, following, limited(following, self.given.inner, self.stretch))
        return [If(more, beside, [If(compare("less", Index.of(part) + 1, Index.of(part.extent)), below)])]

    def _ahead(self, first: Index, row: LoopVar, column: Index, wide: int) -> list[Statement]:
        """Asks for what the maps behind the product will read of a row, so that it arrives while sums are made."""
        found: list[Statement] = []
        for vector in range(wide):
            place = (*self.outer, self.first + first + row, column + vector * self.lanes + LANE)
            found += prefetches(self.group, self.plan, place)
        return [one for one in found if isinstance(one, Prefetch) and row in one.index.terms]

    # -- tiles --------------------------------------------------------------------------------------------------------

    def _sums(
        self, tile: Index, tall: Index, wide: int, ways: list[_Way], start: Index, count: Index, part: LoopVar | None,
        target: _Target,
    ) -> list[Statement]:  # fmt: skip
        """Calls of the routine: for a whole tile, or for what is left of one."""
        height, heights = self.cut.height, self.cut.heights
        onward = ZERO if part is None else Index.of(part)
        inward = self.steps_a.inner == 1
        step = self.steps_a.along if inward else self.steps_a.inner

        def call(offset: Index, rows: int) -> list[Statement]:
            made: list[Statement] = []
            for way in reversed(ways):
                routine = microkernels.tile(self.dtype, rows, wide, target.lanes, inward, self.plan.target.fma,
                                            self.given.pairs)  # fmt: skip
                places = (
                    self._place_of_a(tile, offset, start), (way.buffer, way.place),
                    (target.buffer, target.place + offset * target.step),
                )  # fmt: skip
                one: list[Statement] = [Call(routine, places, (count, onward), (step, way.step, target.step))]
                made = one if way.condition is None else [If(way.condition, one, made)]
            return made

        if tall.number is not None:
            return call(ZERO, tall.number)
        whole = compare("equal", tall, Index.of(height))
        if isinstance(self.rows, int):
            return [If(whole, call(ZERO, height), call(ZERO, heights[0]))] if heights else call(ZERO, height)
        pieces: list[Statement] = []
        for size in heights:  # what is left in halves: 7 rows are 4 and 2 and 1
            offset = Index.of(Entry(_and(tall, -2 * size), height))
            bit = Op("not_equal", (_and(tall, size), At(ZERO)), dtypes.bool_)
            pieces.append(If(bit, call(offset, size)))
        return [If(whole, call(ZERO, height), pieces)]

    def _results(
        self, first: Index, tall: Index, column: Index, wide: int, left: Index | None, at: Index,
        after: tuple[Index, Index],
    ) -> list[Statement]:  # fmt: skip
        """What the group does with the sums of a tile, row by row; meanwhile what the next tile needs may come."""
        row = LoopVar("r", self.cut.height)
        body: list[Statement] = []
        for vector in range(wide):
            across = Index.of(vector * self.lanes) + LANE
            place = (*self.outer, self.first + first + row, column + across)
            value = Load(self.sums, at + Index.of(row) * self.cut.columns + across)
            done = epilogue(self.group, self.plan, place, value)
            rest = None if left is None else left - vector * self.lanes
            if rest is not None and (rest.number is None or rest.number < self.lanes):
                done = [Masked(rest, done)]
            body += done
        ahead = self._ahead(after[0], row, after[1], wide) if left is None else []
        return [For(row, ZERO, tall, [*body, *ahead])]


@dataclass(frozen=True)
class _Way:
    """Where a strip of B lies: how far apart its rows are, and when it does (None: always)."""

    buffer: Buffer
    place: Index
    step: int
    condition: Expr | None


@dataclass(frozen=True)
class _Target:
    """Where the sums of a tile go: how far apart its rows are, and how wide the vectors."""

    buffer: Buffer
    place: Index
    step: int
    lanes: int


def tallest(height: Index, first: Index, part: int) -> Index:
    """The same within a block."""
    if height.number is not None:
        return limited(first, height.number, part)
    return minimum(Index.of(part), height - first)


def _equal(index: Index, number: Dimension) -> Expr:
    return compare("equal", index, Index.of(number))


def _either(condition: Expr, yes: Index, no: Dimension) -> Index:
    """One of two numbers."""
    return Index.of(Entry(Op("select", (condition, At(yes), At(Index.of(no))), dtypes.int64)))


def _and(index: Index, bits: int) -> Expr:
    return Op("and", (At(index), Const(bits, dtypes.int64)), dtypes.int64)

