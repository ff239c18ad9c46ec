"""Triangles: the Cholesky decomposition, and systems whose matrix is one. A matrix is one thread's work."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from weft.base.dims import ceil_divide, product
from weft.engines.native.contraction import multiply_add
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Index, LoopVar
from weft.engines.native.kernels import CHUNK, Plan, minimum
from weft.engines.native.loops import (
    Across,
    Const,
    For,
    Get,
    Kernel,
    Load,
    Masked,
    Op,
    Register,
    Set,
    Statement,
    Store,
)  # fmt: skip
from weft.engines.native.lower import variables
from weft.engines.native.rewriting import loads
from weft.engines.native.sources import Indices, Memory, unflatten

if TYPE_CHECKING:
    from weft.base.dtypes import DType
    from weft.engines.native.loops import Expr


class _OneByOne:
    """Matrices of a stack, each by itself; `output` is where they go, [*batch, rows, columns]."""

    takes_epilogue = False

    def __init__(self, output: Memory, dtype: DType) -> None:
        self.output, self.dtype = output, dtype
        *batch, rows, columns = output.shape
        assert isinstance(rows, int) and isinstance(columns, int)
        self.batch, self.rows, self.columns = tuple(batch), rows, columns

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel: a chunk is some matrices."""
        lanes = plan.target.lanes(self.dtype.size)
        count = product(self.batch)
        block = max(1, CHUNK // max(1, self.rows * self.rows * self.columns // 4))
        chunk, number = LoopVar("chunk", ceil_divide(count, block)), LoopVar("matrix", count)
        begin = Index.of(chunk) * block
        body = self.one(unflatten(Index.of(number), self.batch), lanes, plan.target.fma)
        return Kernel(name, chunk, [For(number, begin, minimum(begin + block, Index.of(count)), body)], lanes)

    def one(self, outer: Indices, lanes: int, fma: bool) -> list[Statement]:
        """What is done with one matrix."""
        raise NotImplementedError

    def made(self, outer: Indices, row: Index, column: Index) -> Load:
        """A number of the result, made before."""
        return Load(self.output.buffer, self.output.place((*outer, row, column)))

    def store(self, outer: Indices, row: Index, column: Index, value: Expr) -> Statement:
        """Stores a number of the result, or a vector."""
        return Store([(self.output.buffer, self.output.place((*outer, row, column)), value)])


class Cholesky(_OneByOne):
    """output @ output.T = x for each matrix, row after row; what is not positive definite leaves a NaN on the diagonal.

    Args:
        output: Where the lower triangles go, zeros above them.
        x: The matrices' elements.
    """

    def __init__(self, output: Memory, x: Callable[[Indices], Expr], dtype: DType) -> None:
        super().__init__(output, dtype)
        self.x = x

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return loads([self.x(tuple(map(Index.of, variables(self.output.shape, "p"))))])

    def one(self, outer: Indices, lanes: int, fma: bool) -> list[Statement]:
        size, dtype = self.rows, self.dtype
        i, j, above = LoopVar("i", size), LoopVar("j", size), LoopVar("above", size)
        parts, total = Register("parts", dtype, (), vector=True), Register("total", dtype)

        def rest(row: Index, column: Index) -> list[Statement]:
            """What is left of an element when the products of the columns before are taken from it."""
            step = LoopVar("step", size)

            def add(at: Index) -> list[Statement]:
                term = multiply_add(self.made(outer, row, at), self.made(outer, column, at), Get(parts), fma)
                return [Set(parts, term)]

            whole = column // lanes * lanes
            return [
                Set(parts, Const(0, dtype)),
                For(step, ZERO, whole, add(Index.of(step) + LANE), step=lanes),
                Masked(column - whole, add(whole + LANE)),
                Set(total, Op("subtract", (self.x((*outer, row, column)), Across("add", Get(parts))), dtype)),
            ]

        row, column = Index.of(i), Index.of(j)
        beside: Expr = Op("divide", (Get(total), self.made(outer, column, column)), dtype)
        return [For(i, ZERO, Index.of(size), [
            For(j, ZERO, row, [*rest(row, column), self.store(outer, row, column, beside)]),
            *rest(row, row),
            self.store(outer, row, row, Op("sqrt", (Get(total),), dtype)),
            For(above, row + 1, Index.of(size), [self.store(outer, row, Index.of(above), Const(0, dtype))]),
        ])]  # fmt: skip


class Substitution(_OneByOne):
    """matrix @ output = rhs for each triangular matrix, row after row, side by side across the columns.

    Args:
        output: Where the solutions go.
        matrix: (batch, row, column) -> an element of the triangle.
        rhs: The right-hand sides' elements.
        forward: Whether the triangle is a lower one: the first row is solved first.
    """

    def __init__(
        self, output: Memory, matrix: Callable[[Indices, Index, Index], Expr], rhs: Callable[[Indices], Expr],
        dtype: DType, forward: bool,
    ) -> None:  # fmt: skip
        super().__init__(output, dtype)
        self.matrix, self.rhs, self.forward = matrix, rhs, forward

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        *outer, row, column = map(Index.of, variables(self.output.shape, "p"))
        other = Index.of(LoopVar("k", self.rows))
        return loads([self.matrix(tuple(outer), row, other), self.rhs((*outer, row, column))])

    def one(self, outer: Indices, lanes: int, fma: bool) -> list[Statement]:
        vector = self.columns > 1
        width = lanes if vector else 1
        part, t, u = LoopVar("part", -(-self.columns // width)), LoopVar("t", self.rows), LoopVar("u", self.rows)
        column = Index.of(part) * width + (LANE if vector else 0)
        left = Register("left", self.dtype, (), vector)

        def at(number: LoopVar) -> Index:
            return Index.of(number) if self.forward else Index.of(self.rows - 1) - number

        row, before = at(t), at(u)
        taken = Op("negative", (self.matrix(outer, row, before),), self.dtype)
        body: list[Statement] = [For(t, ZERO, Index.of(self.rows), [
            Set(left, self.rhs((*outer, row, column))),
            For(u, ZERO, Index.of(t), [
                Set(left, multiply_add(taken, self.made(outer, before, column), Get(left), fma))
            ]),
            self.store(outer, row, column, Op("divide", (Get(left), self.matrix(outer, row, row)), self.dtype)),
        ])]  # fmt: skip
        if self.columns % width:
            body = [Masked(minimum(Index.of(self.columns) - Index.of(part) * width, Index.of(width)), body)]
        return [For(part, ZERO, Index.of(part.extent), body)]
