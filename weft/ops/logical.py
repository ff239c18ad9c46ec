"""Comparisons, logic, choice between tensors, tests of floats, and bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dtypes import ALL, FLOATS, INTEGERS, NUMBERS, REALS
from weft.ir.types import TensorType
from weft.ops.families import NO_BOOL_GRADIENT, binary, elementwise_shape, in_float32, quiet, to_bool, unary
from weft.ops.opdef import Case, OpDef, SpecError, case, nondifferentiable, register

_BOOL = (dtypes.bool_,)
_NO_BIT_GRADIENT = nondifferentiable("it works on the bits of integers, which have no gradient")
_WORDS = np.array([b"fir", b"oak", b"", b"ash"], object)
_SPECIAL = np.array([-np.inf, -1.0, -0.0, 0.0, 1.0, np.inf, np.nan])

_function: Any

# Comparisons ---------------------------------------------------------------------------------------------------------

_PAIRS = (
    case((2, 3), (2, 3), domain=(-2, 2)),
    case((2, 1, 3), (4, 1), domain=(-2, 2)),
    case((0, 3), (3,)),
    case((), ()),
    case(_SPECIAL, _SPECIAL[:, None], dtypes=(dtypes.float32, dtypes.float64), name="special"),
)
_PAIRS_OF_WORDS = (case(_WORDS, _WORDS[:, None], dtypes=(dtypes.string,), name="strings"),)

binary("equal", np.equal, dtypes=ALL, result=to_bool, vjp=NO_BOOL_GRADIENT, cases=_PAIRS + _PAIRS_OF_WORDS,
       doc="Whether x is y; NaN equals nothing.")  # fmt: skip
binary("not_equal", np.not_equal, dtypes=ALL, result=to_bool, vjp=NO_BOOL_GRADIENT, cases=_PAIRS + _PAIRS_OF_WORDS,
       doc="Whether x differs from y; NaN differs from everything.")  # fmt: skip
for _name, _function, _doc in (
    ("less", np.less, "Whether x < y."),
    ("less_equal", np.less_equal, "Whether x <= y."),
    ("greater", np.greater, "Whether x > y."),
    ("greater_equal", np.greater_equal, "Whether x >= y."),
):
    binary(_name, _function, dtypes=REALS, result=to_bool, vjp=NO_BOOL_GRADIENT, cases=_PAIRS, doc=_doc)


def _approximate_equal(x: Any, y: Any, tolerance: float) -> Any:
    if x.dtype.kind == "u":  # the difference of unsigned integers would wrap around
        return np.maximum(x, y) - np.minimum(x, y) < tolerance
    return np.abs(x - y) < tolerance


def _approximate_equal_spec(x: TensorType, y: TensorType, *, tolerance: float) -> TensorType:
    if not shapes.compatible(x.shape or (), y.shape or ()):
        raise SpecError(
            f"shapes {shapes.show(x.shape)} and {shapes.show(y.shape)} differ",
            hint="bring both to one shape, for instance with tf.broadcast_to",
        )
    return TensorType(x.shape, dtypes.bool_)


register(
    OpDef(
        name="approximate_equal",
        inputs=("x", "y"),
        attrs={"tolerance": 1e-5},
        spec=_approximate_equal_spec,
        reference=quiet(in_float32(_approximate_equal)),
        dtypes=(NUMBERS,),
        vjp=NO_BOOL_GRADIENT,
        doc="Whether |x - y| < tolerance; operands of one shape.",
        cases=(
            case(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.000001, 4.0])),
            Case(((2, 3), (2, 3)), {"tolerance": 2.0}, domain=(0, 4)),
        ),
    )
)

# Logic ---------------------------------------------------------------------------------------------------------------

for _name, _function, _doc in (
    ("logical_and", np.logical_and, "Whether both hold."),
    ("logical_or", np.logical_or, "Whether at least one holds."),
    ("logical_xor", np.logical_xor, "Whether exactly one holds."),
):
    binary(_name, _function, dtypes=_BOOL, vjp=NO_BOOL_GRADIENT, doc=_doc)
unary("logical_not", np.logical_not, dtypes=_BOOL, vjp=NO_BOOL_GRADIENT, doc="Whether it does not hold.")

# Choice --------------------------------------------------------------------------------------------------------------


def _select_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    condition, x, y = node.inputs
    zero = b.zeros_like(ct)
    _, needs_x, needs_y = node.needs
    return (
        None,
        b.unbroadcast_like(b.select(condition, ct, zero), x) if needs_x else None,
        b.unbroadcast_like(b.select(condition, zero, ct), y) if needs_y else None,
    )


def _select_jvp(b: Any, node: Any, _: Any, x: Any, y: Any) -> Sequence[Any]:
    return (b.select(node.inputs[0], x, y),) if x is not None and y is not None else (None,)


def _select(condition: Any, x: Any, y: Any) -> Any:
    if x.dtype.kind == "O" or x.itemsize > 8:
        return np.where(condition, x, y)
    # np.where branches on every element, which costs ten times as much on conditions without a pattern.
    whole = np.dtype(f"i{x.itemsize}")
    taken = np.negative(condition.view(np.int8), dtype=whole)
    bits = y.view(whole)
    return np.bitwise_xor(np.bitwise_and(np.bitwise_xor(x.view(whole), bits), taken), bits).view(x.dtype)


register(
    OpDef(
        name="select",
        inputs=("condition", "x", "y"),
        spec=lambda condition, x, y: TensorType(elementwise_shape((condition, x, y)), x.dtype),
        any_rank=True,
        reference=_select,
        dtypes=(_BOOL, ALL, ALL),
        same=(1, 2),
        vjp=_select_vjp,
        jvp=_select_jvp,
        doc="x where the condition holds and y elsewhere; all three broadcast.",
        cases=(
            case((2, 3), (2, 3), (2, 3)),
            case((3, 1), (2, 1, 4), (4,)),
            case((), (2, 2), ()),
            case((2, 1), (), (3,)),
            case((0, 3), (3,), ()),
            case(np.array([True, False]), _WORDS[:2], _WORDS[2:], dtypes=(dtypes.string,), name="strings"),
        ),
    )
)


def _clip_spec(x: TensorType, low: TensorType, high: TensorType) -> TensorType:
    joined = elementwise_shape((x, low, high))
    if not shapes.compatible(joined, x.shape or ()):
        raise SpecError(
            f"bounds of shapes {shapes.show(low.shape)} and {shapes.show(high.shape)} do not broadcast to the shape "
            f"of `x`, {shapes.show(x.shape)}",
            hint="give bounds that are numbers or broadcast to the shape of `x`",
        )
    return x


def _clip(x: Any, low: Any, high: Any) -> Any:
    result = np.maximum(np.minimum(x, high), low)
    if np.shape(result) != np.shape(x):  # sizes that were not known to the shape rule
        raise ValueError(f"bounds of shapes {low.shape} and {high.shape} do not broadcast to that of `x`, {x.shape}")
    return result


def _clip_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, low, high = node.inputs
    zero = b.zeros_like(ct)
    below_high = b.less_equal(x, high)
    above_low = b.greater_equal(b.minimum(x, high), low)
    inside = b.select(above_low, ct, zero)
    needs_x, needs_low, needs_high = node.needs
    return (
        b.select(below_high, inside, zero) if needs_x else None,
        b.unbroadcast_like(b.select(above_low, zero, ct), low) if needs_low else None,
        b.unbroadcast_like(b.select(below_high, zero, inside), high) if needs_high else None,
    )


register(
    OpDef(
        name="clip",
        inputs=("x", "low", "high"),
        spec=_clip_spec,
        reference=quiet(in_float32(_clip)),
        dtypes=(REALS,),
        vjp=_clip_vjp,
        decompose=lambda b, x, low, high: b.maximum(b.minimum(x, high), low),
        doc="max(min(x, high), low): x held between bounds that broadcast to its shape; NaN stays NaN. Where x is "
        "exactly at a bound the gradient is x's.",
        cases=(
            case((2, 3), (), (), domain=((-2.0, 2.0), (-0.9, -0.5), (0.5, 0.9))),
            case((2, 3), (3,), (2, 1), domain=((-2.0, 2.0), (-0.9, -0.5), (0.5, 0.9))),
            case((0, 3), (), ()),
            case(np.array([-3.0, 0.25, 3.0, np.nan]), np.array(-1.0), np.array(1.0), grad=0,
                 dtypes=FLOATS, name="nan"),
            case(np.array([-3.0, 0.5, 3.0]), np.array(1.0), np.array(-1.0), grad=0, dtypes=FLOATS, name="crossed"),
        ),
    )
)  # fmt: skip

# Tests of floats -----------------------------------------------------------------------------------------------------

for _name, _function, _doc in (
    ("is_nan", np.isnan, "Whether it is not a number."),
    ("is_inf", np.isinf, "Whether it is infinite."),
    ("is_finite", np.isfinite, "Whether it is neither infinite nor NaN."),
):
    unary(_name, _function, dtypes=FLOATS, result=to_bool, vjp=NO_BOOL_GRADIENT, doc=_doc,
          cases=(case((2, 3)), case(()), case((0, 3)), case(_SPECIAL, name="special")))  # fmt: skip

# Bits ----------------------------------------------------------------------------------------------------------------


def _clamped(x: Any, y: Any) -> tuple[Any, Any]:
    # Shifts by less than 0 or by the width and more are undefined on machines: they become the nearest shift that is.
    return x, np.clip(y, 0, x.dtype.itemsize * 8 - 1).astype(x.dtype)


def _bit_count(x: Any) -> Any:
    return np.bitwise_count(x.view(np.dtype(f"u{x.dtype.itemsize}")))  # numpy counts the bits of |x| for signed ones


_BITS = (case((2, 3), (2, 3), domain=(0, 100)), case((2, 1), (3,), domain=(0, 100)), case((0, 2), (2,)))
_SHIFTS = (
    case((2, 3), (2, 3), domain=((0, 100), (0, 7))),
    case(np.array([-1, 5, -128, 127]), np.array([[-1], [0], [3], [100]]), dtypes=(dtypes.int8,), name="out of range"),
)

for _name, _function, _doc in (
    ("bitwise_and", np.bitwise_and, "The bits set in both."),
    ("bitwise_or", np.bitwise_or, "The bits set in at least one."),
    ("bitwise_xor", np.bitwise_xor, "The bits set in exactly one."),
):
    binary(_name, _function, dtypes=INTEGERS, vjp=_NO_BIT_GRADIENT, cases=_BITS, doc=_doc)
unary("invert", np.invert, dtypes=INTEGERS, vjp=_NO_BIT_GRADIENT, domain=(0, 100), doc="Every bit turned over.")
binary("left_shift", lambda x, y: np.left_shift(*_clamped(x, y)), dtypes=INTEGERS, vjp=_NO_BIT_GRADIENT, cases=_SHIFTS,
       doc="The bits moved up by y, which is held between 0 and the width less 1.")  # fmt: skip
binary("right_shift", lambda x, y: np.right_shift(*_clamped(x, y)), dtypes=INTEGERS, vjp=_NO_BIT_GRADIENT,
       cases=_SHIFTS,
       doc="The bits moved down by y, which is held between 0 and the width less 1; keeps the sign.")  # fmt: skip
unary("population_count", _bit_count, dtypes=INTEGERS, result=lambda _: dtypes.uint8, vjp=_NO_BIT_GRADIENT,
      domain=(0, 100), doc="The number of bits that are set.")  # fmt: skip

