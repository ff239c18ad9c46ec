"""Functions that processors have no instruction for, in terms of those that they have."""

from __future__ import annotations

from collections.abc import Callable

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.engines.native.loops import Const, Expr, Op

#: name -> (arguments, dtype) -> an expression in simpler operations
EXPANSIONS: dict[str, Callable[[tuple[Expr, ...], DType], Expr]] = {}


def _exp(args: tuple[Expr, ...], dtype: DType) -> Expr:
    (x,) = args
    f = lambda v: Const(v, dtype)
    o = lambda n, *a: Op(n, a, a[-1].dtype)
    if dtype is dtypes.float64:
        return Op("exp_library", (x,), dtype)
    x = o("minimum", f(88.5), o("maximum", f(-88.0), x))
    n = o("round_even", o("multiply", x, f(1.44269504088896)))
    r = o("fma", n, f(-0.693145751953125), x)
    r = o("fma", n, f(-1.42860682030941723212e-6), r)
    p = f(1.9875691500e-4)
    for c in (1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1):
        p = o("fma", p, r, f(c))
    p = o("add", o("fma", p, o("multiply", r, r), r), f(1.0))
    i = Op("cast", (n,), dtypes.int32)
    s = Op("bitcast", (o("shift_left", o("add", i, Const(127, dtypes.int32)), Const(23, dtypes.int32)),), dtype)
    return o("multiply", p, s)


EXPANSIONS["exp"] = _exp


def _log(args: tuple[Expr, ...], dtype: DType) -> Expr:
    (x,) = args
    f = lambda v: Const(v, dtype)
    o = lambda n, *a: Op(n, a, a[-1].dtype)
    i32 = dtypes.int32
    bits = Op("bitcast", (x,), i32)
    e = o("shift_right", o("subtract", bits, Const(0x3F3504F3, i32)), Const(23, i32))
    m = Op("bitcast", (o("subtract", bits, o("shift_left", e, Const(23, i32))),), dtype)
    r = o("subtract", m, f(1.0))
    z = o("multiply", r, r)
    p = f(7.0376836292e-2)
    for c in (-1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1):
        p = o("fma", p, r, f(c))
    n = Op("cast", (e,), dtype)
    y = o("multiply", o("multiply", r, z), p)
    y = o("fma", n, f(-2.12194440e-4), y)
    y = o("fma", z, f(-0.5), y)
    y = o("add", r, y)
    return o("fma", n, f(0.693359375), y)


EXPANSIONS["log"] = _log
EXPANSIONS["pow"] = lambda args, dtype: Op("exp", (Op("multiply", (args[1], Op("log", (args[0],), dtype)), dtype),), dtype)
