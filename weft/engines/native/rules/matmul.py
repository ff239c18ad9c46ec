"""Products of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from weft.base import dtypes
from weft.base.dims import Dim, ceil_divide, product
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Entry, Index, LoopVar
from weft.engines.native.kernels import Plan, epilogue, prefetches
from weft.engines.native.loops import (
    At, Const, Expr, For, Get, If, Kernel, Load, Masked, Op, Register, Set, Statement,
)  # fmt: skip
from weft.engines.native.lower import Lowering, Nest, Unsupported, aligned, rule, variables
from weft.engines.native.rewriting import guarded, loads
from weft.engines.native.rules.pointwise import compare, op
from weft.engines.native.sources import Indices, Memory, Source, unflatten
from weft.ir.graph import Node

if TYPE_CHECKING:
    from weft.base.dims import Dimension


class MatMul:
    """C[..., i, j] = sum over k of A[..., i, k] * B[..., k, j].

    A tile of the result is held in registers while k runs; rows of B are read as vectors, numbers of A are spread.
    """

    takes_epilogue = True

    def __init__(self, a: Source, b: Source, shape: tuple[Dimension, ...], inner: Dimension, place_a: Any, place_b: Any):
        self.a, self.b, self.shape, self.inner = a, b, shape, inner
        self.place_a, self.place_b = place_a, place_b

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        place = tuple(map(Index.of, variables(self.shape, "t")))
        k = Index.of(LoopVar("k", self.inner))
        return loads([self.a.at(self.place_a((*place[:-1], k))), self.b.at(self.place_b((*place[:-2], k, place[-1])))])

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel, with what the group does to each element of the result."""
        *batch, rows, columns = self.shape
        target = plan.target
        lanes = target.lanes(self.a.dtype.size)
        tall, wide = tile_of(rows, columns, lanes, target.registers)
        block = lanes * wide
        row_blocks, column_blocks = ceil_divide(rows, tall), ceil_divide(columns, block)
        chunk = LoopVar("chunk", product((*batch, row_blocks, column_blocks)))
        *outer, i0, j0 = unflatten(Index.of(chunk), (*batch, row_blocks, column_blocks))
        sums = Register("sums", self.a.dtype, (tall, wide), vector=True)
        r, k = LoopVar("r", tall), LoopVar("k", self.inner)

        def tile(first: Index, height: int, widths: int, cut: Index | None) -> list[Statement]:
            """Rows from `first` on, so many vectors of columns; `cut` is what is left of the last one, where it is cut."""

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
                    column = place(j0 * block + part * lanes + LANE)[-1]
                    b = self.b.at(self.place_b((*outer, Index.of(k), column)))
                    if cut is not None and part == widths - 1:
                        b = guarded(b, compare("less", At(Index.of(LANE)), At(cut)))
                    vectors.append(b)
                a = self.a.at(self.place_a((*outer, first + Index.of(r), Index.of(k))))
                body: list[Statement] = []
                for part, b in enumerate(vectors):
                    where = (Index.of(r), Index.of(part))
                    body.append(Set(sums, multiply_add(a, b, Get(sums, where), target.fma), where))
                return [For(r, ZERO, Index.of(height), body, unrolled=True)]

            zero = Const(0, self.a.dtype)
            return [
                *each(lambda part, at: prefetches(group, plan, place(at))),
                *each(lambda part, at: [Set(sums, zero, (Index.of(r), part))]),
                For(k, ZERO, Index.of(self.inner), term()),
                *each(lambda part, at: epilogue(group, plan, place(at), Get(sums, (Index.of(r), part)))),
            ]  # fmt: skip

        def columns_from(first: Index, height: int) -> list[Statement]:
            left = Index.of(columns) - j0 * block
            return by_extent(columns, block, lanes, left, lambda w, cut: tile(first, height, w, cut))

        return Kernel(name, chunk, by_rows(rows, tall, i0, columns_from), lanes)


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
    left = Index.of(rows) - first
    pieces: list[Statement] = []
    size = 1 << (tall - 1).bit_length() - 1
    while size:  # what is left in halves: 7 rows are 4 and 2 and 1
        offset = Index.of(Entry(op("and", At(left), Const(-2 * size, dtypes.int64)), rows))
        bit = compare("not_equal", op("and", At(left), Const(size, dtypes.int64)), At(ZERO))
        pieces.append(If(bit, make(first + offset, size)))
        size //= 2
    whole = compare("greater_equal", At(left), At(Index.of(tall)))
    return [If(whole, make(first, tall), pieces)]


def multiply_add(a: Expr, b: Expr, total: Expr, fused: bool) -> Expr:
    """total + a * b, in one rounding where the machine can."""
    if fused:
        return Op("fma", (a, b, total), total.dtype)
    return Op("add", (total, Op("multiply", (a, b), total.dtype)), total.dtype)


@rule("matmul")
def _matmul(low: Lowering, node: Node) -> Sequence[Source]:
    a, b = (low.source(value) for value in node.inputs)
    out = node.outputs[0]
    if a.dtype not in (dtypes.float32, dtypes.float64) or out.dtype is not a.dtype:
        raise Unsupported(f"no native product of {a.dtype.name}")
    if a.cost > 0:
        a = low.memory(a)
    if b.cost > 0:
        b = low.memory(b)
    shape = tuple(out.shape or ())
    flip_a = bool(node.attrs["transpose_a"] or node.attrs["adjoint_a"])
    flip_b = bool(node.attrs["transpose_b"] or node.attrs["adjoint_b"])
    inner = a.shape[-2] if flip_a else a.shape[-1]
    batch = shape[:-2]

    def places(source: Source, flip: bool) -> Any:
        where = aligned(Memory(low.temporary((), source.dtype).buffer, source.shape[:-2]), batch)

        def place(indices: Indices) -> Indices:
            *outer, i, j = indices
            return (*where(tuple(outer)), *((j, i) if flip else (i, j)))

        return place

    if flip_b or not isinstance(b, Memory):
        # rows of B must lie in order: they are read as vectors
        turned = (*b.shape[:-2], b.shape[-1], b.shape[-2]) if flip_b else b.shape
        whole, turn = b, flip_b
        packed = low.temporary(turned, b.dtype, "packed")

        def value(place: Indices, _: Indices) -> Expr:
            return whole.at((*place[:-2], place[-1], place[-2]) if turn else place)

        low.nests.append(Nest(turned, value, packed, name="pack"))
        b, flip_b = packed, False
    output = low.temporary(shape, out.dtype, "product")
    template = MatMul(a, b, shape, inner, places(a, flip_a), places(b, flip_b))
    low.nests.append(Nest(shape, lambda place, _: output.at(place), output, name="matmul", template=template))
    return [output]

