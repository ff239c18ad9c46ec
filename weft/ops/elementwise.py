"""Arithmetic and the elementary functions, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dtypes import COMPLEX, FLOATS, NUMBERS, REALS, SIGNED
from weft.ops.families import PIECEWISE_CONSTANT, binary, unary
from weft.ops.opdef import case

_ANALYTIC = FLOATS + COMPLEX
_NONZERO = (0.5, 2.0)

# Arithmetic ---------------------------------------------------------------------------------------------------------

binary("add", np.add, dtypes=NUMBERS, vjp=lambda b, ct, x, y, z: (ct, ct), doc="x + y.")
binary("subtract", np.subtract, dtypes=NUMBERS, vjp=lambda b, ct, x, y, z: (ct, b.negative(ct)), doc="x - y.")
binary(
    "multiply",
    np.multiply,
    dtypes=NUMBERS,
    vjp=lambda b, ct, x, y, z: (b.multiply(ct, b.conj(y)), b.multiply(ct, b.conj(x))),
    doc="x * y.",
)
binary(
    "divide",
    np.true_divide,
    dtypes=_ANALYTIC,
    domain=((-2.0, 2.0), _NONZERO),
    vjp=lambda b, ct, x, y, z: (
        b.divide(ct, b.conj(y)),
        b.negative(b.multiply(ct, b.conj(b.divide(z, y)))),
    ),
    doc="x / y for floats and complex numbers.",
)


def _check_divisor(x: Any, y: Any) -> None:
    if x.dtype.kind in "iu" and np.any(y == 0):
        row = int(np.flatnonzero(np.ravel(y == 0))[0])
        raise ZeroDivisionError(f"integer division by zero (element {row} of `y`)")


def _floor_divide(x: Any, y: Any) -> Any:
    _check_divisor(x, y)
    # floats as TensorFlow does, so that x / 0 is infinite and x / inf is 0; numpy goes by the remainder
    return np.floor_divide(x, y) if x.dtype.kind in "iu" else np.floor(x / y)


def _floor_mod(x: Any, y: Any) -> Any:
    _check_divisor(x, y)
    return np.mod(x, y)


def _truncate_divide(x: Any, y: Any) -> Any:
    _check_divisor(x, y)
    if x.dtype.kind not in "iu":
        return np.trunc(x / y)
    quotient = np.floor_divide(x, y)
    inexact = (quotient * y != x) & ((x < 0) != (y < 0))
    return (quotient + inexact).astype(x.dtype)


def _truncate_mod(x: Any, y: Any) -> Any:
    _check_divisor(x, y)
    return np.fmod(x, y)


_DIVISIONS = (
    case((2, 3), (2, 3), domain=((-8, 8), (1, 4))),
    case((2, 1, 3), (4, 1), domain=((-8, 8), (1, 4))),
    case((0, 3), (3,), domain=((-8, 8), (1, 4))),
    case(np.array([5.0, -5.0, 0.0, -5.0, 1.0, np.inf]), np.array([0.0, 0.0, 0.0, np.inf, -np.inf, 2.0]),
         dtypes=FLOATS, name="zeros and infinities"),
)  # fmt: skip
binary("floordiv", _floor_divide, dtypes=REALS, cases=_DIVISIONS, vjp=PIECEWISE_CONSTANT,
       doc="The quotient rounded towards minus infinity.")  # fmt: skip
binary("truncatediv", _truncate_divide, dtypes=REALS, cases=_DIVISIONS, vjp=PIECEWISE_CONSTANT,
       doc="The quotient rounded towards zero.")  # fmt: skip
binary(
    "floormod",
    _floor_mod,
    dtypes=REALS,
    domain=((0.3, 0.9), (1.1, 2.0)),
    vjp=lambda b, ct, x, y, z: (ct, b.negative(b.multiply(ct, b.floordiv(x, y)))),
    doc="The remainder with the sign of y.",
)
binary(
    "truncatemod",
    _truncate_mod,
    dtypes=REALS,
    domain=((0.3, 0.9), (1.1, 2.0)),
    vjp=lambda b, ct, x, y, z: (ct, b.negative(b.multiply(ct, b.trunc(b.divide(x, y))))),
    doc="The remainder with the sign of x.",
)


def _power(x: Any, y: Any) -> Any:
    if x.dtype.kind == "i" and np.any(y < 0):
        raise ValueError(f"integers to negative integer powers are not integers (received exponent {y[y < 0].flat[0]})")
    if x.dtype.kind == "f" and y.ndim == 0:
        number = y.item()
        return x * x if number == 2 else x.copy() if number == 1 else np.power(x, y)
    result = np.power(x, y)
    if x.dtype.kind == "f":  # libraries round powers as they like; these two are exact, or rounded once
        result = np.where(y == 1, x, result) if np.any(y == 1) else result
        result = np.where(y == 2, x * x, result) if np.any(y == 2) else result
    return result


def _power_vjp(b: Any, ct: Any, x: Any, y: Any, z: Any) -> Any:
    x, y, z = b.conj(x), b.conj(y), b.conj(z)
    to_x = b.multiply(ct, b.multiply(y, b.pow(x, b.subtract(y, 1))))
    # log x is taken as 0 where x is not positive: there x**y is flat in y, or not real off the integers
    positive = b.not_equal(x, 0) if b.dtype(x).is_complex else b.greater(x, 0)
    safe = b.select(positive, x, b.ones_like(x))
    to_y = b.multiply(ct, b.multiply(z, b.log(safe)))
    return to_x, to_y


binary("pow", _power, dtypes=NUMBERS, domain=((0.5, 2.0), (0.0, 2.0)), vjp=_power_vjp,
       doc="x to the power y: for y = 1 that is x, and for floats and y = 2 it is x * x, rounded once.")


def _select_winner(b: Any, ct: Any, wins: Any) -> tuple[Any, Any]:
    zero = b.zeros_like(ct)
    return b.select(wins, ct, zero), b.select(wins, zero, ct)


binary("maximum", np.maximum, dtypes=REALS, doc="The greater of x and y; NaN where either is.",
       vjp=lambda b, ct, x, y, z: _select_winner(b, ct, b.greater_equal(x, y)))  # fmt: skip
binary("minimum", np.minimum, dtypes=REALS, doc="The lesser of x and y; NaN where either is.",
       vjp=lambda b, ct, x, y, z: _select_winner(b, ct, b.less_equal(x, y)))  # fmt: skip


def _squared_difference_vjp(b: Any, ct: Any, x: Any, y: Any, z: Any) -> Any:
    # of complex numbers it is real: an imaginary part of the cotangent goes nowhere
    twice = b.add(ct, b.conj(ct)) if b.dtype(x).is_complex else b.multiply(ct, 2)
    to_x = b.multiply(twice, b.subtract(x, y))
    return to_x, b.negative(to_x)


binary(
    "squared_difference",
    lambda x, y: np.multiply(x - y, np.conj(x - y)),  # not by *, which rounds complex scalars otherwise than arrays
    dtypes=NUMBERS,
    vjp=_squared_difference_vjp,
    decompose=lambda b, x, y: b.square(b.subtract(x, y)) if not b.dtype(x).is_complex else b.multiply(
        b.subtract(x, y), b.conj(b.subtract(x, y))),
    doc="(x - y) squared; times the conjugate for complex numbers.",
)  # fmt: skip
binary(
    "divide_no_nan",
    lambda x, y: np.where(y == 0, np.zeros((), x.dtype), np.true_divide(x, np.where(y == 0, np.ones((), y.dtype), y))),
    dtypes=_ANALYTIC,
    domain=((-2.0, 2.0), _NONZERO),
    vjp=lambda b, ct, x, y, z: (
        b.divide_no_nan(ct, b.conj(y)),
        b.negative(b.multiply(ct, b.conj(b.divide_no_nan(z, y)))),
    ),
    doc="x / y, and 0 where y is 0.",
)
binary(
    "multiply_no_nan",
    lambda x, y: np.where(y == 0, np.zeros((), x.dtype), x * y),
    dtypes=_ANALYTIC,
    vjp=lambda b, ct, x, y, z: (b.multiply_no_nan(ct, b.conj(y)), b.multiply_no_nan(b.conj(x), ct)),
    doc="x * y, and 0 where y is 0 even if x is infinite or NaN.",
)
binary(
    "atan2",
    np.arctan2,
    dtypes=FLOATS,
    domain=((0.5, 2.0), (0.5, 2.0)),
    vjp=lambda b, ct, y, x, z: _atan2_vjp(b, ct, y, x),
    doc="The angle of the point (x, y), from -pi to pi; the first operand is y.",
)


def _atan2_vjp(b: Any, ct: Any, y: Any, x: Any) -> Any:
    scale = b.divide(ct, b.add(b.square(x), b.square(y)))
    return b.multiply(scale, x), b.negative(b.multiply(scale, y))


binary("nextafter", np.nextafter, dtypes=(dtypes.float32, dtypes.float64),
       vjp=lambda b, ct, x, y, out: (ct, b.zeros_like(ct)),
       doc="The next float after x in the direction of y.")  # fmt: skip

# One operand ---------------------------------------------------------------------------------------------------------

unary("negative", np.negative, dtypes=NUMBERS, vjp=lambda b, ct, x, y: b.negative(ct), doc="-x.")


def _absolute_vjp(b: Any, ct: Any, x: Any, y: Any) -> Any:
    if b.dtype(x).is_complex:
        # not by `sign`, through which no second derivative would flow
        return b.multiply(b.complex(ct, b.zeros_like(ct)), b.divide_no_nan(x, b.complex(y, b.zeros_like(y))))
    return b.multiply(ct, b.sign(x))


unary("abs", np.abs, dtypes=NUMBERS, result=lambda d: d.real_dtype, domain=(0.2, 2.0), vjp=_absolute_vjp,
      doc="The absolute value; the modulus of complex numbers.")  # fmt: skip


def _sign(x: Any) -> Any:
    return np.where(x == 0, np.zeros((), x.dtype), x / np.abs(x)) if x.dtype.kind == "c" else np.sign(x)


def _turn_only(b: Any, t: Any, x: Any, y: Any) -> Any:
    # What moves x along its own direction leaves the sign as it is: nothing is left of that for real numbers, and the
    # part across it, by the modulus, for complex ones.
    if not b.dtype(x).is_complex:
        return b.zeros_like(x)
    modulus = b.complex(b.abs(x), b.zeros_like(b.abs(x)))
    along = b.real(b.multiply(b.conj(y), t))
    return b.divide_no_nan(b.subtract(t, b.multiply(y, b.complex(along, b.zeros_like(along)))), modulus)


_sign_record = unary("sign", _sign, dtypes=NUMBERS, domain=(0.2, 2.0), vjp=_turn_only,
                     doc="-1, 0 or 1; x / |x| for complex numbers.")  # fmt: skip
_sign_record.jvp = lambda b, node, t: (_turn_only(b, t, node.inputs[0], node.outputs[0]),)  # it is its own adjoint
unary("square", np.square, dtypes=NUMBERS, vjp=lambda b, ct, x, y: b.multiply(ct, b.multiply(b.conj(x), 2)),
      doc="x times x.")  # fmt: skip
# Where a slope is infinite and nothing flows back, 0 is what flows on: sqrt, rsqrt and reciprocal at 0, behind a
# `where` that left them out. By `multiply_no_nan`, so that what flows back can be differentiated too, wherever it is 0.
unary("reciprocal", lambda x: 1 / x if x.dtype.kind not in "iu" else _truncate_divide(np.ones_like(x), x),
      dtypes=NUMBERS, domain=_NONZERO,
      vjp=lambda b, ct, x, y: b.multiply_no_nan(b.conj(b.negative(b.square(y))), ct), doc="1 / x.")  # fmt: skip
unary("sqrt", np.sqrt, dtypes=_ANALYTIC, domain=_NONZERO,
      vjp=lambda b, ct, x, y: b.multiply_no_nan(b.reciprocal(b.conj(y)), b.multiply(ct, 0.5)),
      doc="The square root.")  # fmt: skip
unary("rsqrt", lambda x: 1 / np.sqrt(x), dtypes=_ANALYTIC, domain=_NONZERO,
      vjp=lambda b, ct, x, y: b.multiply_no_nan(b.conj(b.multiply(b.multiply(y, b.square(y)), -0.5)), ct),
      doc="1 / sqrt(x).")  # fmt: skip
unary("exp", np.exp, dtypes=_ANALYTIC, vjp=lambda b, ct, x, y: b.multiply(ct, b.conj(y)), doc="e to the x.")
unary("expm1", np.expm1, dtypes=_ANALYTIC, vjp=lambda b, ct, x, y: b.multiply(ct, b.conj(b.exp(x))),
      doc="e to the x, less 1, exact for small x.")  # fmt: skip
unary("log", np.log, dtypes=_ANALYTIC, domain=_NONZERO, vjp=lambda b, ct, x, y: b.divide(ct, b.conj(x)),
      doc="The natural logarithm.")  # fmt: skip
unary("log1p", np.log1p, dtypes=_ANALYTIC, domain=(-0.5, 2.0),
      vjp=lambda b, ct, x, y: b.divide(ct, b.conj(b.add(x, 1))), doc="log(1 + x), exact for small x.")  # fmt: skip
unary("sin", np.sin, dtypes=_ANALYTIC, vjp=lambda b, ct, x, y: b.multiply(ct, b.conj(b.cos(x))), doc="The sine.")
unary("cos", np.cos, dtypes=_ANALYTIC, doc="The cosine.",
      vjp=lambda b, ct, x, y: b.negative(b.multiply(ct, b.conj(b.sin(x)))))  # fmt: skip
unary("tan", np.tan, dtypes=_ANALYTIC, domain=(-1.0, 1.0), doc="The tangent.",
      vjp=lambda b, ct, x, y: b.multiply(ct, b.conj(b.add(b.square(y), 1))))  # fmt: skip
unary("asin", np.arcsin, dtypes=_ANALYTIC, domain=(-0.8, 0.8), doc="The inverse sine.",
      vjp=lambda b, ct, x, y: b.multiply(ct, b.conj(b.rsqrt(b.subtract(b.ones_like(x), b.square(x))))))  # fmt: skip
unary("acos", np.arccos, dtypes=_ANALYTIC, domain=(-0.8, 0.8), doc="The inverse cosine.",
      vjp=lambda b, ct, x, y: b.negative(
          b.multiply(ct, b.conj(b.rsqrt(b.subtract(b.ones_like(x), b.square(x)))))))  # fmt: skip
unary("atan", np.arctan, dtypes=_ANALYTIC, domain=(-0.8, 2.0), doc="The inverse tangent.",
      vjp=lambda b, ct, x, y: b.divide(ct, b.conj(b.add(b.square(x), 1))))  # fmt: skip
unary("sinh", np.sinh, dtypes=_ANALYTIC, vjp=lambda b, ct, x, y: b.multiply(ct, b.conj(b.cosh(x))),
      doc="The hyperbolic sine.")  # fmt: skip
unary("cosh", np.cosh, dtypes=_ANALYTIC, vjp=lambda b, ct, x, y: b.multiply(ct, b.conj(b.sinh(x))),
      doc="The hyperbolic cosine.")  # fmt: skip
unary("tanh", np.tanh, dtypes=_ANALYTIC, doc="The hyperbolic tangent.",
      vjp=lambda b, ct, x, y: b.multiply(ct, b.conj(b.subtract(b.ones_like(y), b.square(y)))))  # fmt: skip
unary("asinh", np.arcsinh, dtypes=_ANALYTIC, doc="The inverse hyperbolic sine.",
      vjp=lambda b, ct, x, y: b.divide(ct, b.conj(b.cosh(y))))  # fmt: skip
unary("acosh", np.arccosh, dtypes=_ANALYTIC, domain=(1.2, 3.0), doc="The inverse hyperbolic cosine.",
      vjp=lambda b, ct, x, y: b.divide(ct, b.conj(b.sinh(y))))  # fmt: skip
unary("atanh", np.arctanh, dtypes=_ANALYTIC, domain=(-0.8, 0.8), doc="The inverse hyperbolic tangent.",
      vjp=lambda b, ct, x, y: b.divide(ct, b.conj(b.subtract(b.ones_like(x), b.square(x)))))  # fmt: skip

_KNOTS = case(np.array([-2.5, -1.5, -0.5, -0.0, 0.5, 1.5, 2.5, np.inf, np.nan]))


def _whole(function: Any) -> Any:
    return lambda x: x if x.dtype.kind in "iu" else function(x)


for _name, _function, _doc in (
    ("floor", np.floor, "The greatest whole number that is not above x."),
    ("ceil", np.ceil, "The least whole number that is not below x."),
    ("round", np.rint, "The nearest whole number; halves go to the even one."),
    ("trunc", np.trunc, "The whole part, towards zero."),
):
    unary(_name, _whole(_function), dtypes=REALS if _name != "trunc" else FLOATS + SIGNED, vjp=PIECEWISE_CONSTANT,
          doc=_doc, cases=(case((2, 3)), case(()), _KNOTS))  # fmt: skip

# Complex numbers -----------------------------------------------------------------------------------------------------


def _complex_of(dtype: dtypes.DType) -> dtypes.DType:
    return dtypes.complex128 if dtype is dtypes.float64 else dtypes.complex64


unary("conj", np.conj, dtypes=NUMBERS, vjp=lambda b, ct, x, y: b.conj(ct), doc="The complex conjugate.")
unary("real", np.real, dtypes=NUMBERS, result=lambda d: d.real_dtype, doc="The real part.",
      vjp=lambda b, ct, x, y: b.complex(ct, b.zeros_like(ct)) if b.dtype(x).is_complex else ct)  # fmt: skip
unary("imag", np.imag, dtypes=COMPLEX, result=lambda d: d.real_dtype, doc="The imaginary part.",
      vjp=lambda b, ct, x, y: b.complex(b.zeros_like(ct), ct))  # fmt: skip
def _complex(x: Any, y: Any) -> Any:
    # part by part: a product with 1j would turn an infinite part into NaN
    result = np.empty(np.broadcast_shapes(x.shape, y.shape), _complex_of(dtypes.as_dtype(x.dtype)).numpy)
    result.real, result.imag = x, y
    return result


binary("complex", _complex, dtypes=(dtypes.float32, dtypes.float64), result=_complex_of,
       vjp=lambda b, ct, x, y, z: (b.real(ct), b.imag(ct)), doc="x + iy.")  # fmt: skip
