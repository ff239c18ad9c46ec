"""Short ways to write expressions of the loop IR."""

from __future__ import annotations

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.engines.native.loops import Const, Expr, Op


def op(name: str, *args: Expr, dtype: DType | None = None) -> Op:
    """An operation whose result has its last operand's type, unless told."""
    return Op(name, args, dtype or args[-1].dtype)


def cast(x: Expr, dtype: DType) -> Expr:
    """A number in another type."""
    return x if x.dtype is dtype else Op("cast", (x,), dtype)


def like(value: float, x: Expr) -> Const:
    """A constant of an operand's type."""
    return Const(value, x.dtype)


def pick(condition: Expr, yes: Expr, no: Expr) -> Expr:
    """One or the other."""
    return Op("select", (condition, yes, no), no.dtype)


def compare(name: str, x: Expr, y: Expr) -> Expr:
    """A comparison."""
    return Op(name, (x, y), dtypes.bool_)
