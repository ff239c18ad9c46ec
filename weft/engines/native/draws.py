"""Words of random streams in memory, and normal numbers that are drawn again until they lie near enough.

A block of a stream gives four neighbouring words. Vectors work on as many blocks as they have lanes, a quarter as many
vectors as lanes at a time: turned round in registers, their words are whole vectors in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import ceil_divide
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Index, LoopVar
from weft.engines.native.kernels import CHUNK, Plan, minimum
from weft.engines.native.loops import (
    Across,
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
    Transpose,
)  # fmt: skip
from weft.engines.native.rewriting import loads
from weft.engines.native.sources import Memory

if TYPE_CHECKING:
    from weft.base.dims import Dimension

#: buffers of words are filled in portions of so many: a square of the widest vectors
PORTION = 256

#: the number of a block -> its four words, or what is made of them
Block = Callable[[Index], Sequence[Expr]]


class Words:
    """output[4 b + w] = word w of block b; the output is a whole number of portions."""

    takes_epilogue = False

    def __init__(self, output: Memory, block: Block) -> None:
        self.output, self.block = output, block
        (self.size,) = output.shape

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return loads(self.block(Index.of(LoopVar("b", self.size))))

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel."""
        lanes = plan.target.lanes(4)
        square, parts = lanes * lanes, lanes // 4
        squares = self.size // square
        many = CHUNK // square
        chunk, number = LoopVar("chunk", ceil_divide(squares, many)), LoopVar("number", squares)
        words = Register("words", dtypes.uint32, (lanes,), vector=True)
        body: list[Statement] = []
        for part in range(parts):
            block = Index.of(number) * (square // 4) + Index.of(LANE) * parts + part
            for place, word in enumerate(self.block(block)):
                body.append(Set(words, word, (Index.of(4 * part + place),)))
        body.append(Transpose(words))
        row = LoopVar("row", lanes)
        target = Index.of(number) * square + Index.of(row) * lanes + LANE
        put = Store([(self.output.buffer, target, Get(words, (Index.of(row),)))])
        body.append(For(row, ZERO, Index.of(lanes), [put], unrolled=True))
        first = Index.of(chunk) * many
        return Kernel(name, chunk, [For(number, first, minimum(first + many, Index.of(squares)), body)], lanes)


class Kept:
    """Groups of numbers, each from blocks of its own, of which those within a bound are taken in order.

    Args:
        output: Where they go: a whole number of portions.
        group: How many there are in a group.
        turns: How many blocks a group may use.
        numbers: The number of a block -> what it offers, in order.
        near: Whether a number is taken.
    """

    takes_epilogue = False

    def __init__(
        self, output: Memory, group: int, turns: int, numbers: Block, near: Callable[[Expr], Expr]
    ) -> None:
        self.output, self.group, self.turns, self.numbers, self.near = output, group, turns, numbers, near
        (self.size,) = output.shape

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return loads(self.numbers(Index.of(LoopVar("b", self.size))))

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel: a lane for each group, until all of a vector's groups are full."""
        dtype = self.output.dtype
        lanes = plan.target.lanes(max(4, dtype.size))
        vectors = self.size // (self.group * lanes)
        many = max(1, PORTION // (self.group * lanes))
        chunk, number = LoopVar("chunk", ceil_divide(vectors, many)), LoopVar("number", vectors)
        first_group = Index.of(number) * lanes + LANE
        taken = Register("taken", dtype, (self.group,), vector=True)
        count = Register("count", dtypes.int32, (), vector=True)
        turn = LoopVar("turn", self.turns)
        offered = Register("offered", dtype, (len(self.numbers(ZERO)),), vector=True)
        step: list[Statement] = []
        for place, value in enumerate(self.numbers(first_group * self.turns + turn)):
            step.append(Set(offered, value, (Index.of(place),)))
        for place in range(offered.shape[0]):
            value = Get(offered, (Index.of(place),))
            good = self.near(value)
            for slot in range(self.group):
                at = (Index.of(slot),)
                here = Op("equal", (Get(count), Const(slot, dtypes.int32)), dtypes.bool_)
                here = Op("and", (here, good), dtypes.bool_)
                step.append(Set(taken, Op("select", (here, value, Get(taken, at)), dtype), at))
            more = Op("cast", (good,), dtypes.int32)
            step.append(Set(count, Op("add", (Get(count), more), dtypes.int32)))
        least = Across("minimum", Get(count))
        body: list[Statement] = [Set(count, Const(0, dtypes.int32))]
        body += [Set(taken, Const(0, dtype), (Index.of(slot),)) for slot in range(self.group)]
        body.append(For(turn, ZERO, Index.of(self.turns), [
            If(Op("less", (least, Const(self.group, dtypes.int32)), dtypes.bool_), step)
        ]))  # fmt: skip
        for slot in range(self.group):
            value = Get(taken, (Index.of(slot),))
            body.append(Store([(self.output.buffer, first_group * self.group + slot, value)]))
        first = Index.of(chunk) * many
        return Kernel(name, chunk, [For(number, first, minimum(first + many, Index.of(vectors)), body)], lanes)


def portions(count: Dimension) -> Dimension:
    """A number of elements, rounded up to whole portions."""
    return ceil_divide(count, PORTION) * PORTION
