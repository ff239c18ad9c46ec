"""Sums of products: matrix products, convolutions and their gradients are all made from one tile.

A tile of the result, some rows by some vectors of columns, stays in registers while the reduced axes run; for each
step a vector of B is read for each part of a row, and a number of A is spread over a vector for each row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import Dim, ceil_divide, product
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Entry, Index, LoopVar
from weft.engines.native.kernels import Plan, epilogue, prefetches
from weft.engines.native.loops import At, Const, Expr, For, Get, If, Kernel, Load, Masked, Op, Register, Set, Statement
from weft.engines.native.lower import variables
from weft.engines.native.rewriting import guarded, loads
from weft.engines.native.shorthand import compare, op
from weft.engines.native.sources import Indices, unflatten

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.base.dtypes import DType

#: (place in the result, place in the reduced axes) -> an element
Operand = Callable[[Indices, Indices], Expr]


class Contraction:
    """result[..., i, j] = sum over r of a[..., i, r] * b[..., r, j].

    Args:
        shape: The result's sizes; the last axis is the columns, the one before it the rows.
        reduced: The sizes that are summed over, in order.
        a: The first operand's element: it may not depend on the column.
        b: The second operand's: it may not depend on the row, and columns should be neighbours in memory.
        dtype: Of the operands and the result.
        limit: (place) -> where the first reduced axis ends for this place, where that is not its size.
        stream: The result's first axis are shares of the first reduced one, a chunk each. A share goes through its
            part once and adds to the result in memory, so that what it reads need not come from far away again for
            every tile.
    """

    def __init__(
        self, shape: Shape, reduced: Shape, a: Operand, b: Operand, dtype: DType,
        limit: Callable[[Indices], Index] | None = None, stream: bool = False,
    ) -> None:  # fmt: skip
        self.shape, self.reduced, self.a, self.b, self.dtype = tuple(shape), tuple(reduced), a, b, dtype
        self.limit, self.stream = limit, stream

    @property
    def takes_epilogue(self) -> bool:
        """Whether maps may be done on a tile before it is stored."""
        return not self.stream

    def folds(self, steps: tuple[int, ...]) -> bool:
        """Whether a pooling of such windows may be done on a tile."""
        return False

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        place = tuple(map(Index.of, variables(self.shape, "t")))
        within = tuple(map(Index.of, variables(self.reduced, "k")))
        return loads([self.a(place, within), self.b(place, within)])

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel, with what the group does to each element of the result."""
        *batch, rows, columns = self.shape
        target = plan.target
        lanes = target.lanes(self.dtype.size)
        tall, wide = tile_of(rows, columns, lanes, target.registers)
        block = lanes * wide
        row_blocks, column_blocks = ceil_divide(rows, tall), ceil_divide(columns, block)
        blocks = (*batch, row_blocks, column_blocks)
        chunk = LoopVar("chunk", batch[0] if self.stream else product(blocks))
        walked = variables(blocks[1:], "b") if self.stream else ()
        places = (Index.of(chunk), *map(Index.of, walked)) if self.stream else unflatten(Index.of(chunk), blocks)
        *outer, i0, j0 = places
        sums = Register("sums", self.dtype, (tall, wide), vector=True)
        r = LoopVar("r", tall)
        summed = variables(self.reduced, "k")
        within = tuple(map(Index.of, summed))

        def tile(first: Index, height: int, widths: int, cut: Index | None) -> list[Statement]:
            """Rows from `first` on, so many vectors of columns; `cut` is what is left of the last, if cut."""

            def each(make: Callable[[Index, Index], list[Statement]]) -> list[Statement]:
                found: list[Statement] = []
                for part in range(widths):
                    at = j0 * block + part * lanes + LANE
                    body: list[Statement] = [
                        For(r, ZERO, Index.of(height), make(Index.of(part), at), unrolled=True)
                    ]
                    found += body if cut is None or part < widths - 1 else [Masked(cut, body)]
                return found

            def place(at: Index) -> Indices:
                return (*outer, first + Index.of(r), at)

            def term() -> list[Statement]:
                # row by row: a number of A is spread, used for each vector of B, and its register free again
                vectors = []
                for part in range(widths):
                    b = self.b(place(j0 * block + part * lanes + LANE), within)
                    if cut is not None and part == widths - 1:
                        b = guarded(b, compare("less", At(Index.of(LANE)), At(cut)))
                    vectors.append(b)
                a = self.a(place(j0 * block), within)
                body: list[Statement] = []
                for part, b in enumerate(vectors):
                    where = (Index.of(r), Index.of(part))
                    body.append(Set(sums, multiply_add(a, b, Get(sums, where), target.fma), where))
                loop: list[Statement] = [For(r, ZERO, Index.of(height), body, unrolled=True)]
                for axis in range(len(summed) - 1, 0 if self.stream else -1, -1):
                    stop = Index.of(summed[axis].extent)
                    if axis == 0 and self.limit is not None:
                        stop = self.limit((*outer, first, j0 * block))
                    loop = [For(summed[axis], ZERO, stop, loop)]
                return loop

            zero = Const(0, self.dtype)
            start = each(lambda part, at: [Set(sums, zero, (Index.of(r), part))])
            if self.stream:  # all but the first turn go on from what lies in memory
                held = each(lambda part, at: [Set(sums, group.nests[0].output.at(place(at)), (Index.of(r), part))])
                start = [If(compare("equal", At(within[0]), At(ZERO)), start, held)]
            return [
                *each(lambda part, at: prefetches(group, plan, place(at))),
                *start,
                *term(),
                *each(lambda part, at: epilogue(group, plan, place(at), Get(sums, (Index.of(r), part)))),
            ]  # fmt: skip

        def columns_from(first: Index, height: int) -> list[Statement]:
            left = Index.of(columns) - j0 * block
            return by_extent(columns, block, lanes, left, lambda w, cut: tile(first, height, w, cut))

        body = by_rows(rows, tall, i0, columns_from)
        if self.stream:
            for variable in reversed(walked):
                body = [For(variable, ZERO, Index.of(variable.extent), body)]
            share = self.limit((Index.of(chunk), *within)) if self.limit else Index.of(summed[0].extent)
            body = [For(summed[0], ZERO, share, body)]
        return Kernel(name, chunk, body, lanes)


def tile_of(rows: Dimension, columns: Dimension, lanes: int, registers: int) -> tuple[int, int]:
    """How many rows and how many vectors of columns a tile has.

    Enough sums that none has to wait for the one before, few enough to stay in registers beside a row of B and a
    number of A. Where the number of rows is known only at run time they are eight, which divides most batches.
    """
    vectors = ceil_divide(columns, lanes) if isinstance(columns, int) else 4
    assert isinstance(vectors, int)
    wide = min(vectors, 3 if registers >= 32 and (vectors % 3 == 0 or vectors > 4) and isinstance(rows, Dim) else 2)
    if isinstance(rows, Dim):
        return (8 if registers >= 32 else 4), wide
    tall = min(rows, (registers - 2 - wide) // wide, 14 if wide > 1 else 16)
    return max(1, -(-rows // -(-rows // max(1, tall)))), wide  # the same for all blocks, as nearly as can be


def by_extent(
    size: Dimension, block: int, lanes: int, left: Index, make: Callable[[int, Index | None], list[Statement]]
) -> list[Statement]:
    """Code for a block of columns, and for the last one, where vectors are missing and one of them may be cut."""
    wide = block // lanes
    if isinstance(size, int):
        cut = size % block
        if cut == 0:
            return make(wide, None)
        vectors = -(-cut // lanes)
        last = make(vectors, Index.of(cut - (vectors - 1) * lanes) if cut % lanes else None)
        if size < block:
            return last
        return [If(compare("less", At(left), At(Index.of(block))), last, make(wide, None))]
    body = make(wide, None)
    for vectors in range(wide, 0, -1):
        condition = compare("less", At(left), At(Index.of(vectors * lanes)))
        body = [If(condition, make(vectors, left - (vectors - 1) * lanes), body)] if vectors == wide else _nested(
            body, condition, make(vectors, left - (vectors - 1) * lanes))  # fmt: skip
    return body


def _nested(body: list[Statement], condition: Expr, then: list[Statement]) -> list[Statement]:
    return [If(condition, then, body)]


def by_rows(
    rows: Dimension, tall: int, block: Index, make: Callable[[Index, int], list[Statement]]
) -> list[Statement]:
    """Code for a block of rows, and for the last one, which may have fewer."""
    first = block * tall
    if isinstance(rows, int):
        cut = rows % tall
        if cut == 0:
            return make(first, tall)
        last = compare("equal", At(block), At(Index.of(rows // tall)))
        return [If(last, make(first, cut), make(first, tall))]
    if rows % tall == 0:  # a whole image may be as many, whatever their number
        return make(first, tall)
    left = Index.of(rows) - first
    pieces: list[Statement] = []
    size = 1 << (tall - 1).bit_length() - 1
    halves = tall & (tall - 1) == 0  # what is left has then the last bits of their number
    while size and not (halves and rows % (2 * size) == 0):  # what is left in halves: 7 rows are 4 and 2 and 1
        offset = Index.of(Entry(op("and", At(left), Const(-2 * size, dtypes.int64)), rows))
        bit = compare("not_equal", op("and", At(left), Const(size, dtypes.int64)), At(ZERO))
        pieces.append(If(bit, make(first + offset, size)))
        size //= 2
    whole = compare("greater_equal", At(left), At(Index.of(tall)))
    return [If(whole, make(first, tall), pieces)]


def multiply_add(a: Expr, b: Expr, total: Expr, fused: bool) -> Expr:
    """total + a * b, in one rounding where the machine can."""
    if fused and total.dtype.is_floating:
        return Op("fma", (a, b, total), total.dtype)
    return Op("add", (total, Op("multiply", (a, b), total.dtype)), total.dtype)
