"""Orders: the positions that sort rows of numbers, by merging runs, or only the first few of them, by insertion.

A NaN counts as greater than every number, and equal elements stay in their order. A chunk works on some of the rows,
with room of its own for the keys and positions that it moves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import ceil_divide, product
from weft.engines.native.fusion import Group
from weft.engines.native.index import ZERO, Entry, Index, LoopVar
from weft.engines.native.kernels import CHUNK, Plan, minimum
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
    Op,
    Register,
    Set,
    Statement,
    Store,
)
from weft.engines.native.lower import variables
from weft.engines.native.rewriting import loads
from weft.engines.native.scatter import over
from weft.engines.native.sources import Indices, Memory, unflatten

if TYPE_CHECKING:
    from weft.base.dtypes import DType

#: (outer place, position) -> the number to order by
Key = Callable[[Indices, Index], Expr]
#: up to so many first positions are found by inserting into a list of them
FEW = 32


class Order:
    """output[o, i] = the position of the element that comes i-th in its row, of the first `count`.

    Args:
        output: A view `[*outer, count]` of the result.
        size: How many elements a row has, a number.
        key: What is compared, in the type that it is compared in.
        dtype: That type.
        descending: Whether the greatest come first.
        room: A name for the memory that chunks need to themselves.
    """

    takes_epilogue = False

    def __init__(self, output: Memory, size: int, key: Key, dtype: DType, descending: bool, room: str) -> None:
        *outer, count = output.shape
        assert isinstance(count, int)
        self.output, self.outer, self.count, self.size = output, tuple(outer), count, size
        self.key, self.dtype, self.descending = key, dtype, descending
        self.rows = product(self.outer)
        self.block = max(1, CHUNK // max(1, size * size.bit_length()))
        self.chunks = ceil_divide(self.rows, self.block)
        self.merges = count > FEW
        held = 2 * size if self.merges else count
        self.keys = Buffer(f"{room}_keys", dtype, self.chunks * held)
        self.places = Buffer(f"{room}_places", output.dtype, self.chunks * held)
        self.held = held

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        outer = tuple(map(Index.of, variables(self.outer, "o")))
        return loads([self.key(outer, Index.of(LoopVar("i", self.size)))])

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel."""
        lanes = plan.target.lanes(max(4, self.dtype.size))
        chunk, row = LoopVar("chunk", self.chunks), LoopVar("row", self.rows)
        outer = unflatten(Index.of(row), self.outer)
        base = Index.of(chunk) * self.held
        body = self._merged(outer, base, lanes) if self.merges else self._inserted(outer, base, lanes)
        first = Index.of(chunk) * self.block
        stop = minimum(first + self.block, Index.of(self.rows))
        return Kernel(name, chunk, [For(row, first, stop, body)], lanes)

    def _before(self, x: Expr, y: Expr) -> Expr:
        """Whether one number comes before another, in its own right."""
        found: Expr = Op("greater" if self.descending else "less", (x, y), dtypes.bool_)
        if not self.dtype.is_floating:
            return found
        first, last = (x, y) if self.descending else (y, x)
        some, none = (Op("is_nan", (v,), dtypes.bool_) for v in (first, last))
        alone = Op("and", (some, Op("not", (none,), dtypes.bool_)), dtypes.bool_)
        return Op("or", (found, alone), dtypes.bool_)

    def _put(self, at: Index, key: Expr, place: Expr) -> Statement:
        return Store([(self.keys, at, key), (self.places, at, place)])

    def _handed_out(self, outer: Indices, base: Index, lanes: int) -> list[Statement]:
        def make(index: Index) -> list[Statement]:
            return [Store([(self.output.buffer, self.output.place((*outer, index)), Load(self.places, base + index))])]

        return over(ZERO, Index.of(self.count), self.count, lanes, make)

    # -- all of a row: runs of 1, 2, 4 … are merged -------------------------------------------------------------------

    def _merged(self, outer: Indices, base: Index, lanes: int) -> list[Statement]:
        size, dtype = self.size, self.output.dtype

        def begin(index: Index) -> list[Statement]:
            return [self._put(base + index, self.key(outer, index), Op("cast", (At(index),), dtype))]

        body = over(ZERO, Index.of(size), size, lanes, begin)
        source, target, width = base, base + size, 1
        while width < size:
            body.append(self._pass(source, target, width))
            source, target, width = target, source, 2 * width
        return [*body, *self._handed_out(outer, source, lanes)]

    def _pass(self, source: Index, target: Index, width: int) -> Statement:
        """Neighbouring runs of a width become runs of twice the width; the shorter end is merged like the others."""
        run, at = LoopVar("run", -(-self.size // (2 * width))), LoopVar("at", self.size)
        start = Index.of(run) * (2 * width)
        middle, stop = (minimum(start + n, Index.of(self.size)) for n in (width, 2 * width))
        left, right = Register("left", dtypes.int64), Register("right", dtypes.int64)
        last = At(Index.of(self.size - 1))

        def place(register: Register) -> Index:
            return source + Index.of(Entry(Op("minimum", (Get(register), last), dtypes.int64), self.size))

        keys = [Load(self.keys, place(register)) for register in (left, right)]
        places = [Load(self.places, place(register)) for register in (left, right)]
        none_left = Op("greater_equal", (Get(left), At(middle)), dtypes.bool_)
        some_right = Op("less", (Get(right), At(stop)), dtypes.bool_)
        wins = Op("or", (none_left, self._before(keys[1], keys[0])), dtypes.bool_)
        wins = Op("and", (some_right, wins), dtypes.bool_)
        taken = Register("taken", dtypes.int64)  # held, because the ends move while it is used
        one = Const(1, dtypes.int64)
        second = Op("not_equal", (Get(taken), Const(0, dtypes.int64)), dtypes.bool_)
        body: list[Statement] = [
            Set(taken, Op("cast", (wins,), dtypes.int64)),
            self._put(target + at, _pick(second, keys[1], keys[0]), _pick(second, places[1], places[0])),
            Set(left, Op("add", (Get(left), Op("subtract", (one, Get(taken)), dtypes.int64)), dtypes.int64)),
            Set(right, Op("add", (Get(right), Get(taken)), dtypes.int64)),
        ]
        return For(run, ZERO, Index.of(run.extent), [
            Set(left, At(start)), Set(right, At(middle)), For(at, start, stop, body),
        ])  # fmt: skip

    # -- the first few: each element is let in where it belongs -------------------------------------------------------

    def _inserted(self, outer: Indices, base: Index, lanes: int) -> list[Statement]:
        first, other = LoopVar("first", self.count), LoopVar("other", self.size)
        dtype = self.output.dtype

        def let_in(index: LoopVar, at: Index, steps: Index) -> list[Statement]:
            put = self._put(base + at, self.key(outer, Index.of(index)), Op("cast", (At(Index.of(index)),), dtype))
            return [put, self._settled(base, at, steps)]

        fill = For(first, ZERO, Index.of(self.count), let_in(first, Index.of(first), Index.of(first)))
        end = Index.of(self.count - 1)
        better = self._before(self.key(outer, Index.of(other)), Load(self.keys, base + end))
        rest = For(other, Index.of(self.count), Index.of(self.size), [If(better, let_in(other, end, end))])
        return [fill, *([rest] if self.size > self.count else []), *self._handed_out(outer, base, lanes)]

    def _settled(self, base: Index, start: Index, steps: Index) -> Statement:
        """Moves the element at a place forward, past those that it comes before."""
        turn = LoopVar("turn", self.count)
        upper, lower = base + start - turn - 1, base + start - turn
        keys = [Load(self.keys, at) for at in (upper, lower)]
        places = [Load(self.places, at) for at in (upper, lower)]
        swap = self._before(keys[1], keys[0])
        entries = []
        for buffer, (above, below) in ((self.keys, keys), (self.places, places)):
            entries += [(buffer, upper, _pick(swap, below, above)), (buffer, lower, _pick(swap, above, below))]
        return For(turn, ZERO, steps, [Store(entries)])


def _pick(condition: Expr, yes: Expr, no: Expr) -> Expr:
    return Op("select", (condition, yes, no), no.dtype)


