"""The routines that products share: a tile of sums in registers, and squares that are turned round on their way.

Strides are numbers in the code, so that all rows of a tile are reached from one address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.engines.native.contraction import multiply_add
from weft.engines.native.index import LANE, ZERO, Index, LoopVar
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
    Register,
    Routine,
    Set,
    Statement,
    Store,
    Transpose,
)  # fmt: skip

if TYPE_CHECKING:
    from weft.base.dtypes import DType

#: steps along the reduced axis that are written out one after the other
UNROLLED = 4
_MANY = 1 << 40


def tile(
    dtype: DType, height: int, wide: int, lanes: int, steps_a: tuple[int, int], step_b: int, step_c: int, fused: bool
) -> Routine:
    """c[r, j] += sum over k of a[r, k] * b[k, j], for so many rows and vectors of columns.

    The routine takes a, b, c, how many k there are, and whether c is to be gone on from (else it is 0 at first).

    Args:
        dtype: Of the numbers.
        height: Rows.
        wide: Vectors in a row.
        lanes: Numbers in a vector.
        steps_a: How far apart neighbours of a lie, along its rows' axis and along the sum.
        step_b: How far apart rows of b lie.
        step_c: How far apart rows of c lie.
        fused: Whether to multiply and add in one rounding.
    """
    a, b, c = (Buffer(name, dtype, 0, "argument") for name in "abc")
    count, onward = LoopVar("count", _MANY), LoopVar("onward", 2)
    r, v, k, u = LoopVar("r", height), LoopVar("v", wide), LoopVar("k", _MANY), LoopVar("u", UNROLLED)
    sums = Register("sums", dtype, (height, wide), vector=True)
    spot = (Index.of(r), Index.of(v))
    here = Index.of(r) * step_c + Index.of(v) * lanes + LANE

    def each(statement: Statement) -> Statement:
        inner = For(v, ZERO, Index.of(wide), [statement], unrolled=True)
        return For(r, ZERO, Index.of(height), [inner], unrolled=True)

    def step(at: Index) -> Statement:
        # row by row: a number of a is spread, used for each vector of b, and its register free again
        number = Load(a, Index.of(r) * steps_a[0] + at * steps_a[1])
        vector = Load(b, at * step_b + Index.of(v) * lanes + LANE)
        return each(Set(sums, multiply_add(number, vector, Get(sums, spot), fused), spot))

    whole = Index.of(count) // UNROLLED * UNROLLED
    several = For(u, ZERO, Index.of(UNROLLED), [step(Index.of(k) + u)], unrolled=True)
    zeros, held = (each(Set(sums, value, spot)) for value in (Const(0, dtype), Load(c, here)))
    body = [
        If(_equal(Index.of(onward), 0), [zeros], [held]),
        For(k, ZERO, whole, [several], step=UNROLLED),
        For(k, whole, Index.of(count), [step(Index.of(k))]),
        each(Store([(c, here, Get(sums, spot))])),
    ]  # fmt: skip
    name = f"tile_{dtype.name}_{height}x{wide}x{lanes}_{steps_a[0]}_{steps_a[1]}_{step_b}_{step_c}"
    return Routine(name, (a, b, c), (count, onward), body, lanes)


def square(dtype: DType, lanes: int, step: int, into: int, cut: bool) -> Routine:
    """to[k, j] = from[j, k] for as many j and k as a vector has numbers.

    The routine takes from, to, and (used where `cut`) how many j and k there are; beyond them it puts zeros.

    Args:
        dtype: Of the numbers.
        lanes: Numbers in a vector.
        step: How far apart rows of `from` lie.
        into: How far apart rows of `to` lie.
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
        each(Set(held, Load(given, Index.of(r) * step + LANE, guard), spot)),
        Transpose(held),
        each(Store([(made, Index.of(r) * into + LANE, Get(held, spot))])),
    ]
    name = f"{'cut_' if cut else ''}square_{dtype.name}_{step}_{into}"
    return Routine(name, (given, made), (rows, columns), body, lanes)


def _equal(index: Index, number: int) -> Expr:
    return Op("equal", (At(index), At(Index.of(number))), dtypes.bool_)
