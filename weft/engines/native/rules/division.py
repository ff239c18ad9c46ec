"""Quotients and remainders, and the bits of integers.

Dividing an integer by zero throws the step away. Until that is noticed, and where the quotient of the least integer
and -1 has no place in its type, another divisor stands in: the instruction would end the process.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.engines.native.loops import Const, Expr, Op
from weft.engines.native.lower import Lowering, rule, zeros
from weft.engines.native.rules.pointwise import FORMULAS, Formula, elementwise, in_float32
from weft.engines.native.shorthand import cast, compare, like, op, pick
from weft.engines.native.sources import Indices, Source
from weft.ir.graph import Node

#: quotients below which a float remainder is exact: of float32 and narrower types, and of float64
_FURTHEST = (2.0**29, 2.0**53)


def _quotient(x: Expr, y: Expr) -> Expr:
    """An integer quotient, rounded towards zero; that of the least integer and -1 wraps around."""
    if x.dtype.size <= 4:  # exact in float64, which divides many numbers at once
        wide = dtypes.float64
        exact = Op("trunc", (op("divide", cast(x, wide), cast(y, wide)),), wide)
        return cast(cast(exact, dtypes.int64), x.dtype)
    if x.dtype.is_unsigned:
        return op("int_divide", x, _never(0, y))
    minus_one = compare("equal", y, like(-1, y))
    return pick(minus_one, op("negative", x), op("int_divide", x, _never(-1, _never(0, y))))


def _never(value: int, y: Expr) -> Expr:
    """A divisor, 1 where it is this value."""
    return pick(compare("equal", y, like(value, y)), like(1, y), y)


def _truncated(x: Expr, y: Expr) -> tuple[Expr, Expr]:
    """The quotient rounded towards zero, and the remainder that goes with it."""
    quotient = _quotient(x, y)
    return quotient, op("subtract", x, op("multiply", quotient, y))


def remainder(x: Expr, y: Expr) -> Expr:
    """The remainder of integers of which the second is not zero, with the sign of the first."""
    return _truncated(x, y)[1]


def _differ(x: Expr, y: Expr) -> Expr:
    """Whether the signs of two numbers differ."""
    return compare("not_equal", compare("less", x, like(0, x)), compare("less", y, like(0, y)))


def _below(rest: Expr, y: Expr) -> Expr:
    """Whether a remainder is on the wrong side of zero, for a quotient rounded downwards."""
    left = compare("not_equal", rest, like(0, rest))
    return Op("and", (left, _differ(rest, y)), dtypes.bool_)


def _float_remainder(x: Expr, y: Expr) -> Expr:
    """The remainder with the sign of x, exact where the quotient is less than `_FURTHEST`."""
    wide = dtypes.float64
    a, b = op("abs", cast(x, wide)), op("abs", cast(y, wide))
    quotient = op("trunc", op("divide", a, b))
    if x.dtype is dtypes.float64:
        rest: Expr = Op("fma", (op("negative", quotient), b, a), wide)
    else:  # the product has no more digits than a float64
        rest = op("subtract", a, op("multiply", quotient, b))
    rest = pick(compare("less", rest, like(0, rest)), op("add", rest, b), rest)  # the quotient was rounded up
    rest = pick(compare("equal", b, like(math.inf, b)), a, rest)
    return pick(compare("equal", a, like(math.inf, a)), like(math.nan, x),
                Op("copysign", (cast(rest, x.dtype), x), x.dtype))  # fmt: skip


def _too_far(x: Expr, y: Expr) -> Expr:
    """Whether a float remainder would not be exact: the step is then left to the reference."""
    a, b = (op("abs", cast(v, dtypes.float64)) for v in (x, y))
    limit = _FURTHEST[x.dtype is dtypes.float64]
    far = compare("greater_equal", a, op("multiply", b, Const(limit, dtypes.float64)))
    some = compare("greater", b, like(0, b))
    return Op("and", (Op("and", (far, some), dtypes.bool_), compare("less", a, like(math.inf, a))), dtypes.bool_)


def _floordiv(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    x, y = args
    if source.is_floating:
        return op("floor", op("divide", x, y))
    quotient, rest = _truncated(x, y)
    if source.is_unsigned:
        return quotient
    return pick(_below(rest, y), op("subtract", quotient, like(1, quotient)), quotient)


def _truncatediv(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    return op("trunc", op("divide", *args)) if source.is_floating else _quotient(*args)


def _truncatemod(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    return _float_remainder(*args) if source.is_floating else _truncated(*args)[1]


def _floormod(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    x, y = args
    if not source.is_floating:
        rest = _truncated(x, y)[1]
        return rest if source.is_unsigned else pick(_below(rest, y), op("add", rest, y), rest)
    rest = _float_remainder(x, y)
    moved = pick(_below(rest, y), op("add", rest, y), rest)
    return pick(compare("equal", rest, like(0, rest)), Op("copysign", (like(0, y), y), y.dtype), moved)


_DIVISIONS: dict[str, tuple[Formula, int]] = {
    "floordiv": (_floordiv, 8),
    "truncatediv": (_truncatediv, 6),
    "floormod": (_floormod, 10),
    "truncatemod": (_truncatemod, 8),
}


@rule(*_DIVISIONS)
def _divide(low: Lowering, node: Node) -> Sequence[Source]:
    formula, cost = _DIVISIONS[node.op]
    x, y = (low.source(value) for value in node.inputs)
    if not y.dtype.is_floating:
        y = _refuse_zero(low, y)
    elif node.op in ("floormod", "truncatemod"):
        x, y = (low.memory(v) if v.cost > 3 else v for v in (x, y))
        made = elementwise(low, node, [x, y], lambda args, source, target: _too_far(*args), cost)
        low.check(made.shape, made.at)
    return [elementwise(low, node, [x, y], in_float32(formula), cost)]


def _refuse_zero(low: Lowering, divisor: Source) -> Source:
    """The divisors, of which none is zero; the step is thrown away where one was."""
    if divisor.cost == 0:
        first = divisor.at(zeros(len(divisor.shape)))
        if isinstance(first, Const) and first.value != 0:  # one number throughout
            return divisor
    held = low.memory(divisor) if divisor.cost > 3 else divisor

    def zero(place: Indices) -> Expr:
        found = held.at(place)
        return compare("equal", found, like(0, found))

    low.check(held.shape, zero)
    return held


@rule("reciprocal")
def _reciprocal(low: Lowering, node: Node) -> Sequence[Source]:
    x = low.source(node.inputs[0])
    if x.dtype.is_floating:
        formula, cost = FORMULAS["reciprocal"]
        return [elementwise(low, node, [x], formula, cost)]
    x = _refuse_zero(low, x)
    return [elementwise(low, node, [x], lambda args, source, target: _quotient(like(1, args[0]), args[0]), 6)]


@rule("pow")
def _pow(low: Lowering, node: Node) -> Sequence[Source]:
    """Of integers by repeated squaring; a negative exponent throws the step away."""
    x, y = (low.source(value) for value in node.inputs)
    if y.dtype.is_floating:
        formula, cost = FORMULAS["pow"]
        return [elementwise(low, node, [x, y], formula, cost)]
    held = low.memory(y) if y.cost > 3 else y
    if not y.dtype.is_unsigned:
        low.check(held.shape, lambda place: compare("less", held.at(place), Const(0, held.dtype)))
    rounds = y.dtype.size * 8 - (0 if y.dtype.is_unsigned else 1)
    return [elementwise(low, node, [x, held], _squarings(rounds), 3 * rounds)]


def _squarings(rounds: int) -> Formula:
    def formula(args: Sequence[Expr], source: DType, target: DType) -> Expr:
        base, exponent = args
        result: Expr = like(1, base)
        many = max(1, int(exponent.value).bit_length()) if isinstance(exponent, Const) else rounds
        for turn in range(many):
            bit = op("and", exponent, like(1 << turn, exponent))
            result = pick(compare("not_equal", bit, like(0, bit)), op("multiply", result, base), result)
            base = op("multiply", base, base)
        return result

    return formula


# -- bits -------------------------------------------------------------------------------------------------------------


def _shift(name: str) -> Formula:
    def formula(args: Sequence[Expr], source: DType, target: DType) -> Expr:
        x, y = args
        most = op("minimum", like(source.size * 8 - 1, y), y)  # further is not defined on machines
        return op(name, x, most if source.is_unsigned else op("maximum", like(0, y), most))

    return formula


def _population_count(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    unsigned = {1: dtypes.uint8, 2: dtypes.uint16, 4: dtypes.uint32, 8: dtypes.uint64}[source.size]
    x = args[0] if source is unsigned else Op("bitcast", (args[0],), unsigned)
    bits = source.size * 8

    def halves(x: Expr, width: int) -> tuple[Expr, Expr]:
        mask = sum(((1 << width) - 1) << start for start in range(0, bits, 2 * width))
        kept = like(mask, x)
        return op("and", x, kept), op("and", op("shift_right", x, like(width, x)), kept)

    width = 1
    while width < bits:  # counts of twice as many bits, side by side, in each round
        x = op("add", *halves(x, width))
        width *= 2
    return cast(x, target)


_BITS: dict[str, tuple[Formula, int]] = {
    "left_shift": (_shift("shift_left"), 3),
    "right_shift": (_shift("shift_right"), 3),
    "population_count": (_population_count, 20),
}


@rule(*_BITS)
def _bits(low: Lowering, node: Node) -> Sequence[Source]:
    formula, cost = _BITS[node.op]
    return [elementwise(low, node, [low.source(value) for value in node.inputs], formula, cost)]


# -- the rest ---------------------------------------------------------------------------------------------------------


@rule("approximate_equal")
def _approximate_equal(low: Lowering, node: Node) -> Sequence[Source]:
    tolerance = node.attrs["tolerance"]

    def formula(args: Sequence[Expr], source: DType, target: DType) -> Expr:
        x, y = args
        if source.is_unsigned:
            distance = op("subtract", op("maximum", x, y), op("minimum", x, y))
        else:
            distance = op("abs", op("subtract", x, y))
        if source.is_integer:  # a tolerance may be any number
            return compare("less", cast(distance, dtypes.float64), Const(tolerance, dtypes.float64))
        return compare("less", distance, like(tolerance, distance))

    return [elementwise(low, node, [low.source(v) for v in node.inputs], in_float32(formula), 3)]
