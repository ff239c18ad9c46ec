"""Elementwise ops: each element of the result from one of each operand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.engines.native.loops import Const, Expr, Op
from weft.engines.native.lower import Lowering, aligned, rule
from weft.engines.native.problems import Unsupported
from weft.engines.native.shorthand import cast, compare, like, op, pick
from weft.engines.native.sources import Computed, Source
from weft.engines.native.vectormath import FUNCTIONS
from weft.ir.graph import Node

#: (operands, dtype of the operands, dtype of the result) -> the result
Formula = Callable[[Sequence[Expr], DType, DType], Expr]


def _direct(name: str) -> Formula:
    return lambda args, source, target: Op(name, tuple(args), target)


def in_float32(formula: Formula) -> Formula:
    """Half precisions are computed in float32 and rounded once."""

    def computed(args: Sequence[Expr], source: DType, target: DType) -> Expr:
        if source not in (dtypes.float16, dtypes.bfloat16):
            return formula(args, source, target)
        wide = [cast(a, dtypes.float32) if a.dtype is source else a for a in args]
        result = formula(wide, dtypes.float32, dtypes.float32 if target is source else target)
        return cast(result, target)

    return computed


def floats_only(formula: Formula) -> Formula:
    def computed(args: Sequence[Expr], source: DType, target: DType) -> Expr:
        if not source.is_floating:
            raise Unsupported(f"no native code for {source.name}")
        return formula(args, source, target)

    return in_float32(computed)


def _unless_whole(formula: Formula) -> Formula:
    """A rounding, which integers do not need."""
    rounded = in_float32(formula)
    return lambda args, source, target: rounded(args, source, target) if source.is_floating else args[0]


def _compare(name: str) -> Formula:
    return lambda args, source, target: compare(name, args[0], args[1])


def _square(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    return op("multiply", args[0], args[0])


def _sign(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    x = args[0]
    zero = like(0, x)
    if source.is_unsigned:
        return pick(compare("greater", x, zero), like(1, x), zero)
    signed = pick(compare("greater", x, zero), like(1, x), pick(compare("less", x, zero), like(-1, x), zero))
    return pick(Op("is_nan", (x,), dtypes.bool_), x, signed) if source.is_floating else signed


def _relu(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    return op("maximum", like(0, args[0]), args[0])


def _relu6(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    return op("minimum", like(6, args[0]), _relu(args, source, target))


def _divide_no_nan(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    x, y = args
    return pick(compare("equal", y, like(0, y)), like(0, x), op("divide", x, y))


def _multiply_no_nan(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    x, y = args
    return pick(compare("equal", y, like(0, y)), like(0, x), op("multiply", x, y))


def _rsqrt(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    return op("divide", like(1, args[0]), op("sqrt", args[0]))


def _reciprocal(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    return op("divide", like(1, args[0]), args[0])


def _sigmoid(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    # from exp(-|x|), which cannot overflow
    x = args[0]
    small = op("exp", op("negative", op("abs", x)))
    below = op("add", like(1, x), small)
    return op("divide", pick(compare("less", x, like(0, x)), small, like(1, x)), below)


def _softplus(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    x = args[0]
    small = op("exp", op("negative", op("abs", x)))
    return op("add", op("maximum", like(0, x), x), op("log1p", small))


def _is_inf(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    return compare("equal", op("abs", args[0]), like(math.inf, args[0]))


def _is_finite(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    return compare("less", op("abs", args[0]), like(math.inf, args[0]))


def _squared_difference(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    difference = op("subtract", args[0], args[1])
    return op("multiply", difference, difference)


def _xlogy(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    x, y = args
    return pick(compare("equal", x, like(0, x)), like(0, x), op("multiply", x, op("log", y)))


def _xlog1py(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    x, y = args
    return pick(compare("equal", x, like(0, x)), like(0, x), op("multiply", x, op("log1p", y)))


def _logaddexp(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    x, y = args
    greater, less = op("maximum", x, y), op("minimum", x, y)
    # two infinities of one sign have no difference
    difference = pick(compare("equal", x, y), like(0, x), op("subtract", less, greater))
    return op("add", greater, op("log1p", op("exp", difference)))


def _xdivy(args: Sequence[Expr], source: DType, target: DType) -> Expr:
    x, y = args
    return pick(compare("equal", x, like(0, x)), like(0, x), op("divide", x, y))


def _logical(name: str) -> Formula:
    return lambda args, source, target: Op(name, tuple(args), dtypes.bool_)


#: op -> (formula, about how many instructions)
FORMULAS: dict[str, tuple[Formula, int]] = {
    "add": (in_float32(_direct("add")), 1),
    "subtract": (in_float32(_direct("subtract")), 1),
    "multiply": (in_float32(_direct("multiply")), 1),
    "divide": (floats_only(_direct("divide")), 4),
    "maximum": (in_float32(_direct("maximum")), 1),
    "minimum": (in_float32(_direct("minimum")), 1),
    "squared_difference": (in_float32(_squared_difference), 2),
    "divide_no_nan": (floats_only(_divide_no_nan), 5),
    "multiply_no_nan": (floats_only(_multiply_no_nan), 2),
    "negative": (in_float32(_direct("negative")), 1),
    "abs": (in_float32(_direct("abs")), 1),
    "sign": (in_float32(_sign), 4),
    "square": (in_float32(_square), 1),
    "reciprocal": (floats_only(_reciprocal), 4),
    "sqrt": (floats_only(_direct("sqrt")), 5),
    "rsqrt": (floats_only(_rsqrt), 9),
    "floor": (_unless_whole(_direct("floor")), 1),
    "ceil": (_unless_whole(_direct("ceil")), 1),
    "round": (_unless_whole(_direct("round_even")), 1),
    "trunc": (_unless_whole(_direct("trunc")), 1),
    **{name: (floats_only(_direct(name)), found.cost) for name, found in FUNCTIONS.items()},
    "xlog1py": (floats_only(_xlog1py), 40),
    "logaddexp": (floats_only(_logaddexp), 60),
    "sigmoid": (floats_only(_sigmoid), 18),
    "softplus": (floats_only(_softplus), 30),
    "relu": (in_float32(_relu), 1),
    "relu6": (in_float32(_relu6), 2),
    "xlogy": (floats_only(_xlogy), 18),
    "xdivy": (floats_only(_xdivy), 6),
    "equal": (_compare("equal"), 1),
    "not_equal": (_compare("not_equal"), 1),
    "less": (_compare("less"), 1),
    "less_equal": (_compare("less_equal"), 1),
    "greater": (_compare("greater"), 1),
    "greater_equal": (_compare("greater_equal"), 1),
    "logical_and": (_logical("and"), 1),
    "logical_or": (_logical("or"), 1),
    "logical_xor": (_logical("xor"), 1),
    "logical_not": (_logical("not"), 1),
    "bitwise_and": (_direct("and"), 1),
    "bitwise_or": (_direct("or"), 1),
    "bitwise_xor": (_direct("xor"), 1),
    "invert": (_direct("not"), 1),
    "is_nan": (floats_only(lambda args, source, target: Op("is_nan", (args[0],), dtypes.bool_)), 1),
    "is_inf": (floats_only(_is_inf), 2),
    "is_finite": (floats_only(_is_finite), 2),
}


def elementwise(low: Lowering, node: Node, operands: Sequence[Source], formula: Formula, cost: int) -> Source:
    """A source whose elements are a formula of those of the operands."""
    out = node.outputs[0].type
    shape = out.shape
    if shape is None:
        raise Unsupported("its rank is not known")
    # an operand that is read more than once for each of its elements is not computed anew each time
    settled = [low.memory(s) if s.cost > 3 and tuple(s.shape) != tuple(shape) else s for s in operands]
    places = [aligned(source, shape) for source in settled]
    source = operands[-1].dtype
    formula([Const(0, operand.dtype) for operand in operands], source, out.dtype)  # refuses what it cannot do

    def element(indices: Any) -> Expr:
        args = [operand.at(place(indices)) for operand, place in zip(settled, places, strict=True)]
        return formula(args, source, out.dtype)

    return Computed(shape, out.dtype, element, cost + sum(s.cost for s in settled))


@rule(*FORMULAS)
def _pointwise(low: Lowering, node: Node) -> Sequence[Source]:
    formula, cost = FORMULAS[node.op]
    return [elementwise(low, node, [low.source(v) for v in node.inputs], formula, cost)]


@rule("cast")
def _cast(low: Lowering, node: Node) -> Sequence[Source]:
    target = node.attrs["dtype"]
    return [elementwise(low, node, [low.source(node.inputs[0])], lambda args, s, t: cast(args[0], target), 1)]


@rule("select")
def _select(low: Lowering, node: Node) -> Sequence[Source]:
    operands = [low.source(v) for v in node.inputs]
    return [elementwise(low, node, operands, lambda args, s, t: pick(args[0], args[1], args[2]), 1)]


@rule("leaky_relu")
def _leaky_relu(low: Lowering, node: Node) -> Sequence[Source]:
    slope = node.attrs["alpha"]

    def formula(args: Sequence[Expr], source: DType, target: DType) -> Expr:
        x = args[0]
        if source.is_integer:  # rounded towards zero
            scaled = cast(op("multiply", cast(x, dtypes.float64), Const(slope, dtypes.float64)), source)
        else:
            scaled = op("multiply", x, like(slope, x))
        return pick(compare("greater", x, like(0, x)), x, scaled)

    return [elementwise(low, node, [low.source(node.inputs[0])], in_float32(formula), 2)]


# complex numbers are not native
@rule("identity", "stop_gradient", "prevent_gradient", "constant_around", "conj", "real")
def _identity(low: Lowering, node: Node) -> Sequence[Source]:
    return [low.source(node.inputs[0])]
