"""The routines that products share: a tile of sums in registers, and squares that are turned round on their way.

How far apart things lie is an argument, so that products of all sizes are made by the same few routines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import Dim
from weft.engines.native.contraction import multiply_add
from weft.engines.native.index import LANE, ZERO, Index, LoopVar
from weft.engines.native.kernels import minimum
from weft.engines.native.loops import (
    At,
    Buffer,
    Const,
    Expr,
    For,
    Get,
    If,
    Load,
    Op,
    Prefetch,
    Register,
    Routine,
    Set,
    Statement,
    Store,
    Transpose,
)  # fmt: skip

if TYPE_CHECKING:
    from weft.base.dtypes import DType

_MANY = 1 << 40
#: steps of a sum after which what is asked for now has come
_AHEAD = 24
#: steps between which places are asked for: those of a line
_LINE = 16
#: rows of a tile that LLVM has registers for the addresses of, several steps at a time
_FEW = 9
_STEP_A, _STEP_B, _STEP_C = (Dim.fresh("apart") for _ in range(3))


def tile(
    dtype: DType, height: int, wide: int, lanes: int, rows: bool, fused: bool, pairs: bool = False
) -> Routine:
    """c[r, j] += sum over k of a[r, k] * b[k, j], for so many rows and vectors of columns.

    The routine takes a, b, c, how many k there are, and whether c is to be gone on from (else it is 0 at first); then
    how far apart rows of a (or its columns, which then lie in order), rows of b and rows of c lie.

    Args:
        dtype: Of the numbers.
        height: Rows.
        wide: Vectors in a row.
        lanes: Numbers in a vector.
        rows: Whether rows of a lie in order, else its columns.
        fused: Whether to multiply and add in one rounding.
        pairs: Whether elements of a and b are pairs, as int32, whose products are both added: of bfloat16, or of int16
            where c is of int32.
    """
    given = dtypes.int32 if pairs else dtype
    a, b, c = (Buffer(name, kind, 0, "argument") for name, kind in (("a", given), ("b", given), ("c", dtype)))
    count, onward = LoopVar("count", _MANY), LoopVar("onward", 2)
    r, v, k = LoopVar("r", height), LoopVar("v", wide), LoopVar("k", _MANY)
    sums = Register("sums", dtype, (height, wide), vector=True)
    spot = (Index.of(r), Index.of(v))
    here = Index.of(r) * _STEP_C + Index.of(v) * lanes + LANE

    def each(statement: Statement) -> Statement:
        inner = For(v, ZERO, Index.of(wide), [statement], unrolled=True)
        return For(r, ZERO, Index.of(height), [inner], unrolled=True)

    def step(at: Index) -> Statement:
        # row by row: a number of a is spread, used for each vector of b, and its register free again
        number = Load(a, Index.of(r) * _STEP_A + at if rows else Index.of(r) + at * _STEP_A)
        vector = Load(b, at * _STEP_B + Index.of(v) * lanes + LANE)
        total = Get(sums, spot)
        made = Op("dot_pairs", (number, vector, total), dtype) if pairs else multiply_add(number, vector, total, fused)
        return each(Set(sums, made, spot))

    def ahead(at: Index) -> list[Statement]:
        # columns of a may lie in pages of their own, which no machine foresees
        ends = [] if rows else [0, height - 1] if height > lanes // 2 else [height - 1]
        return [Prefetch(a, Index.of(end) + (at + _AHEAD) * _STEP_A) for end in dict.fromkeys(ends)]

    def asked(at: Index) -> list[Statement]:
        # of a what the tile below will need, and where sums will be stored, row by row
        row = minimum(at // _LINE, Index.of(height - 1))
        below = [Prefetch(a, Index.of(height + n) * _STEP_A + at) for n in range(height if rows else 0)]
        return [*below, *(Prefetch(c, row * _STEP_C + n * lanes, writes=True) for n in range(wide))]

    # beyond that, LLVM has so many addresses of rows at hand that sums no longer have room
    steps = 1 if rows and height > _FEW else 4
    u, turn = LoopVar("u", steps), LoopVar("turn", _LINE)
    whole = Index.of(count) // _LINE * _LINE
    at = Index.of(k) + turn + u
    several = For(u, ZERO, Index.of(steps), [*ahead(at), step(at)], unrolled=True)
    line = For(turn, ZERO, Index.of(_LINE), [several], step=steps)
    zeros, held = (each(Set(sums, value, spot)) for value in (Const(0, dtype), Load(c, here)))
    body = [
        If(_equal(Index.of(onward), 0), [zeros], [held]),
        For(k, ZERO, whole, [*asked(Index.of(k)), line], step=_LINE),
        For(k, whole, Index.of(count), [step(Index.of(k))]),
        each(Store([(c, here, Get(sums, spot))])),
    ]  # fmt: skip
    kind = f"{'pairs_' if pairs else ''}{dtype.name}"
    name = f"tile_{kind}_{height}x{wide}x{lanes}_{'rows' if rows else 'columns'}"
    return Routine(name, (a, b, c), (count, onward), (_STEP_A, _STEP_B, _STEP_C), body, lanes)


def square(dtype: DType, lanes: int, cut: bool) -> Routine:
    """to[k, j] = from[j, k] for as many j and k as a vector has numbers.

    The routine takes from, to, and (used where `cut`) how many j and k there are; beyond them it puts zeros. Then how
    far apart rows of `from` and of `to` lie.

    Args:
        dtype: Of the numbers.
        lanes: Numbers in a vector.
        cut: Whether there may be fewer than all.
    """
    given, made = Buffer("from", dtype, 0, "argument"), Buffer("to", dtype, 0, "argument")
    rows, columns = LoopVar("rows", lanes + 1), LoopVar("columns", lanes + 1)
    r = LoopVar("r", lanes)
    held = Register("square", dtype, (lanes,), vector=True)
    spot = (Index.of(r),)
    guard: Expr | None = None
    if cut:
        inside = [Op("less", (At(Index.of(x)), At(Index.of(n))), dtypes.bool_) for x, n in ((r, rows), (LANE, columns))]
        guard = Op("and", tuple(inside), dtypes.bool_)

    def each(statement: Statement) -> Statement:
        return For(r, ZERO, Index.of(lanes), [statement], unrolled=True)

    body: list[Statement] = [
        each(Set(held, Load(given, Index.of(r) * _STEP_A + LANE, guard), spot)),
        Transpose(held),
        each(Store([(made, Index.of(r) * _STEP_C + LANE, Get(held, spot))])),
    ]
    name = f"{'cut_' if cut else ''}square_{dtype.name}_{lanes}"
    return Routine(name, (given, made), (rows, columns), (_STEP_A, _STEP_C), body, lanes)


def _equal(index: Index, number: int) -> Expr:
    return Op("equal", (At(index), At(Index.of(number))), dtypes.bool_)
