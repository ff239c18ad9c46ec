"""Rules that keep every bit, zeros' signs and denormal numbers included: neutral elements, undone steps, shapes, casts.

Which NaN a NaN is does not count as a bit: processors do not agree on it. Rules that would turn a NaN or an infinity
into a number hold for integers only, and so are marked.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from weft.base.dtypes import DType
from weft.ops import families
from weft.ops.builder import GraphBuilder
from weft.passes import pattern
from weft.passes.pattern import Match
from weft.passes.rewrite import Rule

# Conditions ----------------------------------------------------------------------------------------------------------


def _dtype(test: Callable[[DType], bool]) -> Callable[[Match], bool]:
    """A condition on the dtype of the first matched node's first input."""
    return lambda m: test(m.nodes[0].inputs[0].dtype)


_integer = _dtype(lambda d: d.is_integer)
_signed = _dtype(lambda d: not (d.is_integer and d.min == 0))
_real = _dtype(lambda d: not d.is_complex)
_floating = _dtype(lambda d: d.is_floating)
_wide = _dtype(lambda d: d.name in ("float32", "float64"))  # half precisions would be rounded between two steps


_SIGNIFICANT_BITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


def holds_all(narrow: DType, wide: DType) -> bool:
    """Whether every value of one dtype is a value of the other."""
    if narrow is wide or narrow.is_bool:
        return narrow is wide or wide.is_numeric
    if wide.is_bool or (narrow.is_complex and not wide.is_complex):
        return False
    if narrow.is_integer and wide.is_integer:
        return bool(wide.min <= narrow.min and narrow.max <= wide.max)
    if wide.is_integer:
        return False
    inner, outer = narrow.real_dtype, wide.real_dtype
    if inner.is_integer:
        return int(inner.max).bit_length() <= _SIGNIFICANT_BITS[outer.name]
    fits = _SIGNIFICANT_BITS[inner.name] <= _SIGNIFICANT_BITS[outer.name]
    return fits and float(inner.max) <= float(outer.max)


# Functions that build what a pattern cannot say ----------------------------------------------------------------------


def _own_shape(_: GraphBuilder, m: Match) -> Any:
    return m["x"]  # the driver refuses it unless the type is the very same


def _transposed_twice(b: GraphBuilder, m: Match) -> Any:
    outer, inner = m.attrs["p"], m.attrs["q"]
    joined = tuple(inner[i] for i in outer)
    return m["x"] if joined == tuple(range(len(joined))) else b.call("transpose", m["x"], perm=joined)


def _identity_transpose(_: GraphBuilder, m: Match) -> Any:
    return m["x"] if tuple(m.attrs["p"]) == tuple(range(len(m.attrs["p"]))) else None


def _as_reshape(b: GraphBuilder, m: Match) -> Any:
    shape = m.nodes[0].outputs[0].shape
    return None if shape is None or m["x"].shape is None else b.call("reshape", m["x"], shape=shape)


def _window(b: GraphBuilder, m: Match) -> Any:
    sizes = m.attrs["s"]
    if sizes is None or None in sizes or not sizes:
        return None
    starts = [b.call("strided_slice", m["begin"], index=(("int", axis),)) for axis in range(len(sizes))]
    return b.call("dynamic_slice", m["x"], *starts, sizes=tuple(sizes))


def _cast_chain(b: GraphBuilder, m: Match) -> Any:
    start, middle = m["x"].dtype, m.nodes[1].outputs[0].dtype
    target = m.attrs["t"]
    if not holds_all(start, middle):
        return None
    if start.is_integer and not middle.is_integer and target.is_integer and not holds_all(start, target):
        return None  # floats are held at the ends of a narrower range, integers wrap around
    return m["x"] if start is target else b.call("cast", m["x"], dtype=target)


def _power(b: GraphBuilder, m: Match) -> Any:
    x = m["x"]
    if pattern.is_number(m["N"], 2):
        return b.call("square", x)
    return x if pattern.is_number(m["N"], 1) else None


def _by_power_of_two(b: GraphBuilder, m: Match) -> Any:
    divisor = pattern.uniform(m["N"])
    if divisor is None or divisor == 0 or not math.isfinite(divisor) or abs(math.frexp(float(divisor))[0]) != 0.5:
        return None
    if not 2.0**-14 <= abs(float(divisor)) <= 2.0**14:  # its reciprocal is a normal number in every dtype
        return None
    return b.call("multiply", m["x"], b.constant(1 / float(divisor), m["x"].dtype))


def _zero(b: GraphBuilder, m: Match) -> Any:
    value = m.nodes[0].outputs[0]
    return None if value.shape is None else b.full(value.shape, 0, value.dtype)


def _chosen(b: GraphBuilder, m: Match) -> Any:
    condition = pattern.uniform(m["C"])
    return None if condition is None else m["x"] if condition else m["y"]


def _without_broadcast(position: int) -> Callable[[GraphBuilder, Match], Any]:
    """An elementwise op on a broadcast operand, where the other one (or the op itself) broadcasts it anyway."""

    def build(b: GraphBuilder, m: Match) -> Any:
        node = m.nodes[0]
        inputs = list(node.inputs)
        inner = inputs[position].node
        if inner.op != "broadcast_to" or inner.control:
            return None
        inputs[position] = inner.inputs[0]
        return b.call(node.op, *inputs, **node.attrs)

    return build


def _slice_of_concat(b: GraphBuilder, m: Match) -> Any:
    """The part of a concatenation that lies within one operand, sliced from that operand."""
    node = m.nodes[0]
    joined = node.inputs[0].node
    if joined.op != "concat" or joined.control:
        return None
    rank = joined.outputs[0].type.rank or 0
    axis = joined.attrs["axis"] % rank if rank else 0
    begin, size, shape = node.attrs["begin"], node.attrs["size"], node.outputs[0].shape
    length = shape[axis] if shape is not None else None
    if not isinstance(begin[axis], int) or not isinstance(length, int):
        return None
    start = 0
    for operand in joined.inputs:
        extent = operand.shape[axis] if operand.shape is not None else None
        if not isinstance(extent, int):
            return None
        if start <= begin[axis] and begin[axis] + length <= start + extent:
            moved = (*begin[:axis], begin[axis] - start, *begin[axis + 1 :])
            return b.call("slice", operand, begin=moved, size=(*size[:axis], length, *size[axis + 1 :]))
        start += extent
    return None


def _mask_before_unpooling(b: GraphBuilder, m: Match) -> Any:
    """A place that max pooling chose is positive where the pool's result is: fewer numbers are looked at."""
    pooled, unpooled = m["y"].node, next(node for node in m.nodes if node.op == "max_pool_gradient")
    if pooled.op != "max_pool" or pooled.inputs[0] is not m["x"] or pooled.attrs != unpooled.attrs:
        return None
    positive = b.greater(m["y"], b.constant(0, m["y"].dtype))
    masked = b.select(positive, m["c"], b.constant(0, m["c"].dtype))
    return b.call("max_pool_gradient", m["x"], m["y"], masked, **unpooled.attrs)


def _whole_slice(_: GraphBuilder, m: Match) -> Any:
    return m["x"] if all(b == 0 for b in m.attrs["b"]) else None


# The table -----------------------------------------------------------------------------------------------------------

ALGEBRA: tuple[Rule, ...] = (
    Rule("identity", "identity(x)", "x", any_rank=True),
    Rule("stop_gradient after differentiation", "stop_gradient(x)", "x", any_rank=True),
    Rule("prevent_gradient after differentiation", "prevent_gradient(x)", "x", any_rank=True),
    Rule("constant_around after differentiation", "constant_around(x, y)", "x", any_rank=True),
    # neutral elements
    Rule("add integer zero", "add(x, 0)", "x", when=_integer),
    Rule("add negative zero", "add(x, -0.0)", "x", when=_floating),
    Rule("subtract zero", "subtract(x, 0)", "x", when=_real),
    Rule("subtract from zero", "subtract(0, x)", "negative(x)", when=_integer),
    Rule("multiply by one", "multiply(x, 1)", "x", when=_real),
    Rule("multiply by minus one", "multiply(x, -1)", "negative(x)", when=_real),
    Rule("multiply by integer zero", "multiply(x, 0)", _zero, when=_integer),
    Rule("divide by one", "divide(x, 1)", "x", when=_real),
    Rule("divide by a power of two", "divide(x, N)", _by_power_of_two, when=_floating),
    Rule("integer less itself", "subtract(x, x)", _zero, when=_integer),
    Rule("power", "pow(x, N)", _power, when=_real),  # these two powers are what the op says they are
    Rule("one by square root", "divide(1, sqrt(x))", "rsqrt(x)", when=_wide),  # what rsqrt says it is
    Rule("reciprocal of square root", "reciprocal(sqrt(x))", "rsqrt(x)", when=_wide, any_rank=True),
    Rule("and true", "logical_and(x, True)", "x"),
    Rule("or false", "logical_or(x, False)", "x"),
    Rule("maximum of one", "maximum(x, x)", "x", any_rank=True),
    Rule("minimum of one", "minimum(x, x)", "x", any_rank=True),
    Rule("and of one", "logical_and(x, x)", "x", any_rank=True),
    Rule("or of one", "logical_or(x, x)", "x", any_rank=True),
    # steps undone
    Rule("double negation", "negative(negative(x))", "x", any_rank=True),
    Rule("double not", "logical_not(logical_not(x))", "x", any_rank=True),
    Rule("double inversion", "invert(invert(x))", "x", any_rank=True),
    Rule("double conjugate", "conj(conj(x))", "x", any_rank=True),
    Rule("conjugate of reals", "conj(x)", "x", when=_real, any_rank=True),
    Rule("real part of reals", "real(x)", "x", when=_real, any_rank=True),
    Rule("not equal", "logical_not(equal(x, y))", "not_equal(x, y)", any_rank=True),
    Rule("not unequal", "logical_not(not_equal(x, y))", "equal(x, y)", any_rank=True),
    # signs
    Rule("add negative", "add(x, negative(y))", "subtract(x, y)", any_rank=True),
    Rule("subtract negative", "subtract(x, negative(y))", "add(x, y)", any_rank=True),
    Rule("negated integer difference", "negative(subtract(x, y))", "subtract(y, x)",
         when=_integer, any_rank=True),
    Rule("product of negatives", "multiply(negative(x), negative(y))", "multiply(x, y)", when=_real, any_rank=True),
    Rule("absolute value of negative", "abs(negative(x))", "abs(x)", when=_signed, any_rank=True),
    Rule("absolute value twice", "abs(abs(x))", "abs(x)", any_rank=True),
    Rule("square of negative", "square(negative(x))", "square(x)", when=_real, any_rank=True),
    Rule("square of absolute value", "square(abs(x))", "square(x)",
         when=lambda m: not m["x"].dtype.is_complex, any_rank=True),
    Rule("relu twice", "relu(relu(x))", "relu(x)", any_rank=True),
    # choice
    Rule("either is the same", "select(c, x, x)", "x"),
    Rule("choice decided", "select(C, x, y)", _chosen),
    Rule("choice by not", "select(logical_not(c), x, y)", "select(c, y, x)", any_rank=True),
    Rule("mask of what max pooling gives back", "select(greater(x, 0), max_pool_gradient(x, y, c), 0)",
         _mask_before_unpooling),
    # dtypes
    Rule("cast to own dtype", "cast(x, dtype=t)", _own_shape, any_rank=True),
    Rule("casts in a row", "cast(cast(x), dtype=t)", _cast_chain, any_rank=True),
    # shapes
    Rule("reshape to own shape", "reshape(x)", _own_shape),
    Rule("reshapes in a row", "reshape(reshape(x), shape=s)", "reshape(x, shape=s)"),
    Rule("expand_dims is a reshape", "expand_dims(x)", _as_reshape),
    Rule("squeeze is a reshape", "squeeze(x)", _as_reshape),
    Rule("transpose by identity", "transpose(x, perm=p)", _identity_transpose),
    Rule("transposes in a row", "transpose(transpose(x, perm=q), perm=p)", _transposed_twice),
    Rule("broadcast to own shape", "broadcast_to(x)", _own_shape),
    Rule("broadcasts in a row", "broadcast_to(broadcast_to(x), shape=s)", "broadcast_to(x, shape=s)"),
    Rule("sum to own shape", "sum_to_shape(x)", _own_shape),
    Rule("window of a known size", "slice_dynamic(x, begin, size, sizes=s)", _window),
    Rule("slice of everything", "slice(x, begin=b)", _whole_slice),
    Rule("slice of a concatenation", "slice(x)", _slice_of_concat),
    *(Rule(f"{op} over no axis", f"{op}(x, axis=())", "x", when=_real)  # 1 * (inf + 0i) has a NaN in it
      for op in ("reduce_max", "reduce_min", "reduce_prod", "reduce_all", "reduce_any")),
    *(Rule(f"{op} over no axis", f"{op}(x, axis=())", "x", when=_integer)  # a sum begins with 0.0: -0.0 becomes 0.0
      for op in ("reduce_sum", "reduce_mean")),
)  # fmt: skip


def broadcast_rules() -> tuple[Rule, ...]:
    """For every op that broadcasts: operands that it broadcasts by itself need no `broadcast_to`."""
    two = tuple(
        Rule(f"{op} broadcasts operand {position}", f"{op}(x, y)", _without_broadcast(position))
        for op in families.broadcasting_ops() for position in (0, 1)
    )  # fmt: skip
    three = tuple(
        Rule(f"{op} broadcasts operand {position}", f"{op}(x, y, z)", _without_broadcast(position))
        for op, positions in (("select", (0, 1, 2)), ("clip", (1, 2))) for position in positions
    )  # fmt: skip
    return two + three

