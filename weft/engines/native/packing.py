"""Operands of products on their way to where they lie in order.

Columns of B become panels, [k][column] with as many columns as a tile has; rows of A become tiles, [k][row]. Where
the order of the axes changes, squares of vectors are turned round in registers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import ceil_divide, product
from weft.engines.native import microkernels
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Entry, Index, LoopVar
from weft.engines.native.kernels import Plan, minimum
from weft.engines.native.loops import At, Buffer, Call, Const, Expr, For, If, Kernel, Load, Masked, Op, Statement, Store
from weft.engines.native.lower import variables
from weft.engines.native.rewriting import Rewriter, guarded, loads
from weft.engines.native.sources import Indices, unflatten

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.base.dtypes import DType
    from weft.engines.native.sources import Memory

#: (place in the result, place along the reduced axis) -> an element
Element = Callable[[Indices, Index], Expr]

#: the widest square: panels have room for whole ones
SQUARE = 16
#: rows of the reduced axis that a chunk packs
_STRIP = 32


@dataclass(frozen=True)
class Steps:
    """How far apart an operand's elements lie, along the result's axis and along the reduced one."""

    along: int
    inner: int


@dataclass(eq=False)
class Operand:
    """One side of a product.

    Attributes:
        element: The elements.
        axis: Which axis of the result it has: -2 for A, whose elements do not depend on the column, -1 for B.
        shape: The result's sizes.
        inner: The size of the reduced axis.
        dtype: Of the elements.
    """

    element: Element
    axis: int
    shape: Shape
    inner: Dimension
    dtype: DType

    def at(self, outer: Indices, along: Index, k: Index) -> Expr:
        """An element."""
        # worked out in plain variables, whose ranges are known: places then need no quotients, which lanes would take
        axes, expr = self._plain
        return Rewriter(values=dict(zip(axes, (*outer, along, k), strict=True))).expr(expr)

    @cached_property
    def _plain(self) -> tuple[tuple[LoopVar, ...], Expr]:
        *outer, along, k = axes = variables((*self.shape[:-2], self.shape[self.axis], self.inner), "t")
        place = tuple(map(Index.of, outer))
        one = Index.of(along)
        place = (*place, one, ZERO) if self.axis == -2 else (*place, ZERO, one)
        return axes, self.element(place, Index.of(k))

    def read_through(self, into: Rewriter) -> None:
        """From now on, elements are what a rewriter makes of them."""
        before = self.element
        self.element = lambda place, k: into.expr(before(place, k))
        self.__dict__.pop("_plain", None)

    def start(self, outer: Indices, along: Index, k: Index) -> tuple[Buffer, Index]:
        """Where an element lies, if it lies in memory."""
        load = self.at(outer, along, k)
        assert isinstance(load, Load)
        return load.buffer, load.index

    def loads(self) -> list[Load]:
        """What it reads."""
        *outer, along = map(Index.of, variables((*self.shape[:-2], self.shape[self.axis]), "t"))
        return loads([self.at(tuple(outer), along, Index.of(LoopVar("k", self.inner)))])

    def steps(self) -> Steps | None:
        """Its steps, if it lies in memory at even distances."""
        *outer, along = variables((*self.shape[:-2], self.shape[self.axis]), "t")
        k = LoopVar("k", self.inner)
        expr = self.at(tuple(map(Index.of, outer)), Index.of(along), Index.of(k))
        if not isinstance(expr, Load) or expr.guard is not None:
            return None
        found = [expr.index.terms.get(variable, 0) for variable in (along, k)]
        rest = expr.index - Index({along: found[0], k: found[1]})
        if any(isinstance(atom, Entry) for atom in expr.index.terms) or {along, k} & rest.variables():
            return None
        first, second = found
        return Steps(first, second) if isinstance(first, int) and isinstance(second, int) else None

    def batch(self) -> tuple[bool, ...]:
        """For each outer axis of the result, whether the operand differs along it."""
        *outer, along = variables((*self.shape[:-2], self.shape[self.axis]), "t")
        used: set[LoopVar] = set()
        for load in loads([self.at(tuple(map(Index.of, outer)), Index.of(along), ZERO)]):
            used |= load.index.variables()
        return tuple(variable in used for variable in outer)


class Pairs(Operand):
    """An operand of two bytes an element in pairs along the reduced axis, each an int32 with the first in its low half.
    """

    def __init__(self, element: Element, axis: int, shape: Shape, inner: Dimension, dtype: DType) -> None:
        super().__init__(self._pair, axis, shape, ceil_divide(inner, 2), dtypes.int32)
        self.given = Operand(element, axis, shape, inner, dtype)

    def _pair(self, place: Indices, k: Index) -> Expr:
        first, second = (self.given.element(place, k * 2 + half) for half in (0, 1))
        if not (isinstance(self.given.inner, int) and self.given.inner % 2 == 0):  # the last one may be alone
            second = guarded(second, compare("less", k * 2 + 1, Index.of(self.given.inner)))
        low, high = (Op("cast", (Op("bitcast", (half,), dtypes.uint16),), dtypes.int32) for half in (first, second))
        return Op("or", (low, Op("shift_left", (high, Const(16, dtypes.int32)), dtypes.int32)), dtypes.int32)

    def read_through(self, into: Rewriter) -> None:
        """The same of what the pairs are made of."""
        self.given.read_through(into)
        self.__dict__.pop("_plain", None)

    def start(self, outer: Indices, along: Index, k: Index) -> tuple[Buffer, Index]:
        """Where a pair lies, if it lies in memory."""
        return self.given.start(outer, along, k * 2)

    def steps(self) -> Steps | None:
        """Its steps in pairs, where neighbours along the reduced axis are neighbours in memory."""
        steps, inner = self.given.steps(), self.given.inner
        if steps is None or steps.inner != 1 or steps.along % 2 or not isinstance(inner, int) or inner % 2:
            return None
        return Steps(steps.along // 2, 1)


def turned(
    operand: Operand, lanes: int, outer: Indices, along: Index, there: Index, start: Index, count: Index,
    to: tuple[Buffer, Index], step: int,
) -> list[Statement]:  # fmt: skip
    """Squares of one vector's width: to[k * step + i] = element(along + i, start + k), zeros beyond `there`."""
    steps = operand.steps()
    assert steps is not None
    k = LoopVar("k", operand.inner)
    full = Index.of(lanes)
    square, cut = (microkernels.square(operand.dtype, lanes, some) for some in (False, True))

    def call(at: Index, columns: Index) -> Statement:
        whole = there.number is not None and there.number >= lanes and columns is full
        places = operand.start(outer, along, start + at), (to[0], to[1] + at * step)
        return Call(square if whole else cut, places, (there, columns), (steps.along, step))

    most = count // lanes * lanes
    body: list[Statement] = [For(k, ZERO, most, [call(Index.of(k), full)], step=lanes)]
    if (count - most).number != 0:
        body.append(If(compare("less", most, count), [call(most, count - most)]))
    return body


def panel(
    operand: Operand, lanes: int, outer: Indices, column: Index, vectors: int, left: Index | None, start: Index,
    count: Index, to: tuple[Buffer, Index], step: int,
) -> list[Statement]:  # fmt: skip
    """Packs so many vectors of columns, rows `step` apart; with `left`, that many columns are there, then zeros."""
    steps = operand.steps()
    v = LoopVar("v", vectors)
    if steps is not None and steps.inner == 1 and steps.along > 1:
        there = Index.of(lanes) if left is None else minimum(Index.of(lanes), left - Index.of(v) * lanes)
        target = to[0], to[1] + Index.of(v) * lanes
        body = turned(operand, lanes, outer, column + Index.of(v) * lanes, there, start, count, target, step)
        return [For(v, ZERO, Index.of(vectors), body)]
    k = LoopVar("k", operand.inner)
    at = Index.of(v) * lanes + LANE
    value = operand.at(outer, column + at, start + k)
    if left is not None:
        value = guarded(value, compare("less", at, left))
    stored = Store([(to[0], to[1] + Index.of(k) * step + at, value)])
    alone = count.number == 1
    return [For(k, ZERO, count, [For(v, ZERO, Index.of(vectors), [stored], unrolled=True)], unrolled=alone)]


def tiles(
    operand: Operand, lanes: int, outer: Indices, first: Index, rows: Index, most: int, height: int, start: Index,
    count: Index, to: Buffer, size: int,
) -> list[Statement]:  # fmt: skip
    """Packs rows from `first` on, tile by tile: each takes `size` numbers, [k][row] with rows in whole vectors."""
    steps = operand.steps()
    tile, k = LoopVar("tile", -(-most // height)), LoopVar("k", operand.inner)
    wide = -(-height // lanes) * lanes

    def turn(here: Index, tall: Index) -> list[Statement]:
        body: list[Statement] = []
        for offset in range(0, height, lanes):
            there = minimum(Index.of(lanes), tall - offset)
            place = to, here * size + offset
            body += turned(operand, lanes, outer, first + here * height + offset, there, start, count, place, wide)
        return body

    def move(here: Index, tall: Index) -> list[Statement]:
        body: list[Statement] = []
        for offset in range(0, height, lanes):
            at, row = here * size + offset + LANE, first + here * height + offset + LANE
            stored = Store([(to, at + Index.of(k) * wide, operand.at(outer, row, start + k))])
            full = tall.number is not None and tall.number >= offset + lanes
            body += [stored] if full else [Masked(tall - offset, [stored])]
        return body

    make = turn if steps is not None and steps.inner == 1 else move
    whole, last = rows // height, rows % height
    body: list[Statement] = [For(tile, ZERO, whole, make(Index.of(tile), Index.of(height)))]
    if last.number != 0:
        body.append(If(compare("less", ZERO, last), make(whole, last)))
    return body if make is turn else [For(k, ZERO, count, body)]


class Panels:
    """All of B in panels, [..., panel, k, column], for many blocks of rows to use.

    Args:
        operand: B.
        output: Where the panels go; batch axes along which B does not differ are 1.
        runs: 1, or a size that is 0 where nobody wants the panels.
    """

    takes_epilogue = False

    def __init__(self, operand: Operand, output: Memory, runs: Dimension) -> None:
        self.operand, self.output, self.runs = operand, output, runs

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return self.operand.loads()

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel: a chunk for some rows of all panels, or for one panel whose columns are turned round."""
        operand = self.operand
        lanes = plan.target.lanes(operand.dtype.size)
        *batch, many, _, width = self.output.shape
        inner = operand.inner
        assert isinstance(width, int)
        steps = operand.steps()
        apart = steps is not None and steps.inner == 1
        strips = 1 if apart else ceil_divide(inner, _STRIP)
        blocks = (*batch, many if apart else 1, strips)
        chunk = LoopVar("chunk", product(blocks) * self.runs)
        *outer, one, strip = unflatten(Index.of(chunk), blocks)
        start = strip * _STRIP
        count = Index.of(inner) if apart else limited(start, inner, _STRIP)
        every = LoopVar("panel", many)
        number = one if apart else Index.of(every)
        k = LoopVar("k", inner)

        def pack(left: Index | None) -> list[Statement]:
            place = self.output.place((*outer, number, start if apart else start + k, ZERO))
            where = tuple(outer), number * width, width // lanes, left
            if apart:
                return panel(operand, lanes, *where, ZERO, count, (self.output.buffer, place), width)
            return panel(operand, lanes, *where, start + k, Index.of(1), (self.output.buffer, place), width)

        columns = operand.shape[-1]
        if isinstance(columns, int) and columns % width == 0:
            body = pack(None)
        else:
            left = Index.of(columns) - number * width
            last = pack(left)
            alone = isinstance(columns, int) and columns < width
            body = last if alone else [If(compare("less", left, Index.of(width)), last, pack(None))]
        if not apart:  # row by row, as they lie in memory
            body = [For(k, ZERO, count, [For(every, ZERO, Index.of(many), body)])]
        return Kernel(name, chunk, body, lanes)


def compare(name: str, first: Index, second: Index) -> Expr:
    """Two indices compared."""
    return Op(name, (At(first), At(second)), dtypes.bool_)


def limited(first: Index, whole: Dimension, part: Dimension) -> Index:
    """How much of a part there is that begins somewhere."""
    if isinstance(whole, int) and isinstance(part, int):
        if whole % part == 0:
            return Index.of(part)
        if whole <= part:
            return Index.of(whole)
    return minimum(Index.of(part), Index.of(whole) - first)
