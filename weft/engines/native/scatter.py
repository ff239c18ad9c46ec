"""Rows put, or added, where indices say: what undoes a gather.

Each chunk owns a range of the result's rows. It goes through all the indices, in order, and takes up those that fall
into its range: so each row gets its updates in the order in which they come, whatever number of threads there is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import ceil_divide, product
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Entry, Index, LoopVar
from weft.engines.native.kernels import CHUNK, Plan, minimum
from weft.engines.native.loops import At, Expr, For, If, Kernel, Load, Masked, Op, Statement, Store
from weft.engines.native.lower import variables
from weft.engines.native.rewriting import loads
from weft.engines.native.shorthand import compare
from weft.engines.native.sources import Indices, Memory, unflatten

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape

#: at most so many ranges of rows: each of them goes through all the indices
_RANGES = 8


class Scatter:
    """output[o, row(o, u), c] = combine(that, value(o, u, c)) for each u in order.

    Args:
        output: Where the result goes, a view `[*outer, rows, columns]` of it.
        outer: Sizes of the axes that updates share with the result.
        updates: The sizes over which updates run, in order.
        row: (outer, updates) -> the row, an int64 number; outside of the rows the update is left out.
        value: (outer, updates, column) -> what is put there.
        combine: The operation; "" where the last update is what counts.
        start: (outer, row, column) -> what the result begins as; None where it has its values already.
    """

    takes_epilogue = False

    def __init__(
        self, output: Memory, outer: Shape, updates: Shape, row: Callable[[Indices, Indices], Expr],
        value: Callable[[Indices, Indices, Index], Expr], combine: str,
        start: Callable[[Indices, Index, Index], Expr] | None,
    ) -> None:  # fmt: skip
        self.output, self.outer, self.updates = output, tuple(outer), tuple(updates)
        self.row, self.value, self.combine, self.start = row, value, combine, start
        self.rows, self.columns = output.shape[-2:]

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        outer = tuple(map(Index.of, variables(self.outer, "o")))
        update = tuple(map(Index.of, variables(self.updates, "u")))
        row, column = LoopVar("row", self.rows), LoopVar("column", self.columns)
        exprs = [self.row(outer, update), self.value(outer, update, Index.of(column))]
        if self.start is not None:
            exprs.append(self.start(outer, Index.of(row), Index.of(column)))
        return loads(exprs)

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel."""
        lanes = plan.target.lanes(max(4, self.output.dtype.size))
        count = product(self.outer)
        size, work = self.rows * self.columns, product(self.updates) * self.columns
        ranges, block = _shares(count, size, work)
        length = ceil_divide(self.rows, ranges)
        chunk = LoopVar("chunk", ceil_divide(count, block) * ranges)
        number = LoopVar("number", count)
        outer = unflatten(Index.of(number), self.outer)
        low = Index.of(chunk) % ranges * length
        if ranges > 1 and not isinstance(self.rows, int):
            low = minimum(low, Index.of(self.rows))  # the last ranges of few rows are empty
        high = minimum(low + length, Index.of(self.rows))
        body = [*self._begin(outer, low, high, lanes), *self._scan(outer, low, high, lanes)]
        first = Index.of(chunk) // ranges * block
        last = minimum(first + block, Index.of(count))
        return Kernel(name, chunk, [For(number, first, last, body)], lanes)

    def _begin(self, outer: Indices, low: Index, high: Index, lanes: int) -> list[Statement]:
        if self.start is None:
            return []
        start = self.start

        def put(row: Index, column: Index) -> list[Statement]:
            place = self.output.place((*outer, row, column))
            return [Store([(self.output.buffer, place, start(outer, row, column))])]

        if isinstance(self.columns, int) and self.columns == 1:  # rows are neighbours, where they lie side by side
            return over(low, high, self.rows, lanes, lambda row: put(row, ZERO))
        row = LoopVar("row", self.rows)
        inner = over(ZERO, Index.of(self.columns), self.columns, lanes, lambda column: put(Index.of(row), column))
        return [For(row, low, high, inner)]

    def _scan(self, outer: Indices, low: Index, high: Index, lanes: int) -> list[Statement]:
        update = variables(self.updates, "u")
        place = tuple(map(Index.of, update))
        row = self.row(outer, place)
        mine = Op("and", (compare("greater_equal", row, At(low)), compare("less", row, At(high))), dtypes.bool_)
        at = Index.of(Entry(row, self.rows))

        def put(column: Index) -> list[Statement]:
            where, value = self.output.place((*outer, at, column)), self.value(outer, place, column)
            if self.combine:
                value = Op(self.combine, (Load(self.output.buffer, where), value), value.dtype)
            return [Store([(self.output.buffer, where, value)])]

        one = isinstance(self.columns, int) and self.columns == 1
        body = put(ZERO) if one else over(ZERO, Index.of(self.columns), self.columns, lanes, put)
        loop: list[Statement] = [If(mine, body)]
        for variable in reversed(update):
            loop = [For(variable, ZERO, Index.of(variable.extent), loop)]
        return loop


def _shares(count: Dimension, size: Dimension, work: Dimension) -> tuple[int, int]:
    """Into how many ranges rows are cut, and how many of the outer places a chunk takes."""
    if isinstance(count, int) and count < _RANGES:
        return max(1, min(_RANGES, size // CHUNK)) if isinstance(size, int) else _RANGES, 1
    known = size if isinstance(size, int) else CHUNK
    known += work if isinstance(work, int) else CHUNK
    return 1, max(1, CHUNK // max(1, known))


def over(
    start: Index, stop: Index, extent: Dimension, lanes: int, make: Callable[[Index], list[Statement]]
) -> list[Statement]:
    """Statements for each place of an axis: whole vectors, then the rest masked."""
    body: list[Statement] = []
    whole = start + (stop - start) // lanes * lanes
    step = LoopVar("step", extent)
    if (whole - start).number != 0:
        body.append(For(step, start, whole, make(Index.of(step) + LANE), step=lanes))
    rest = stop - whole
    if rest.number != 0:
        body.append(Masked(rest, make(whole + LANE)))
    return body
