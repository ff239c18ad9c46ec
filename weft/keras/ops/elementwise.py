"""Functions of one or two tensors, element by element: a table of what computes each and by which dtype rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain, op
from weft.keras.core.conversion import cast, convert_to_tensor
from weft.keras.core.dtypes import is_float, is_int, standardize_dtype
from weft.keras.ops.promotion import alike, as_floats, to_rule
from weft.keras.ops.records import FUNCTIONS, alias, operation


def _is_complex(x: Any) -> bool:
    return "complex" in standardize_dtype(x.dtype)


def _by(name: str) -> Callable[..., Any]:
    """The op of the table with this name."""
    return lambda *tensors: op(name, *tensors)


def _through_integers(compute: Callable[..., Any]) -> Callable[..., Any]:
    """What is not defined for booleans, done with them as numbers."""

    def call(x: Any) -> Any:
        if x.dtype != "bool":
            return compute(x)
        return tf.cast(compute(tf.cast(x, "int32")), "bool")

    return call


def _only_floats(compute: Callable[..., Any]) -> Callable[..., Any]:
    """What leaves integers and booleans as they are."""
    return lambda x: compute(x) if is_float(x.dtype) or _is_complex(x) else x


def _if_float(compute: Callable[..., Any], otherwise: bool) -> Callable[..., Any]:
    """A question that has one answer for all that is no float."""
    return lambda x: compute(x) if is_float(x.dtype) else tf.fill(tf.shape(x), otherwise)


def _signbit(x: Any) -> Any:
    dtype = standardize_dtype(x.dtype)
    if is_float(dtype):
        x = tf.bitcast(x, {"float64": "int64", "float32": "int32"}.get(dtype, "int16"))
    elif not is_int(dtype) or dtype.startswith("u"):
        return tf.zeros_like(x, dtype="bool")
    return x < tf.cast(0, x.dtype)


def _isreal(x: Any) -> Any:
    return tf.equal(tf.math.imag(x), 0) if _is_complex(x) else tf.ones_like(x, dtype="bool")


def _imag(x: Any) -> Any:
    return tf.math.imag(x) if _is_complex(x) else tf.zeros_like(x)


def _sinc(x: Any) -> Any:
    turned = x * tf.cast(math.pi, x.dtype)
    safe = tf.where(tf.equal(x, 0), tf.ones_like(x), turned)
    return tf.where(tf.equal(x, 0), tf.ones_like(x), tf.sin(safe) / safe)


def _angle(x: Any) -> Any:
    return tf.math.angle(x) if _is_complex(x) else tf.where(x < 0, tf.cast(math.pi, x.dtype), tf.zeros_like(x))


def _times(factor: float) -> Callable[..., Any]:
    return lambda x: x * tf.cast(factor, x.dtype)


#: name → (what computes it on a tensor of the rule's dtype, the rule, its docstring)
_UNARY: dict[str, tuple[Callable[..., Any], str, str]] = {
    "absolute": (_through_integers(tf.abs), "same", "|x|; of complex numbers, their moduli."),
    "negative": (tf.negative, "same", "-x."),
    "sign": (tf.sign, "same", "-1, 0 or 1."),
    "conjugate": (tf.math.conj, "same", "The complex conjugates; real numbers stay."),
    "real": (lambda x: tf.math.real(x) if _is_complex(x) else x, "same", "The real parts."),
    "imag": (_imag, "same", "The imaginary parts; 0 of real numbers."),
    "angle": (_angle, "float", "The angles of complex numbers; of real ones, 0 or π."),
    "trunc": (_only_floats(_by("trunc")), "same", "The whole numbers next to x on the side of 0."),
    "ceil": (tf.math.ceil, "float", "The least whole numbers that are not below x."),
    "floor": (tf.floor, "float", "The greatest whole numbers that are not above x."),
    "square": (tf.square, "number", "x²."),
    "sqrt": (tf.sqrt, "float", "The square roots."),
    "cbrt": (_by("cbrt"), "wide float", "The cube roots."),
    "reciprocal": (tf.math.reciprocal, "same", "1 / x."),
    "exp": (tf.exp, "float", "eˣ."),
    "exp2": (_by("exp2"), "float", "2ˣ."),
    "expm1": (tf.math.expm1, "float", "eˣ - 1, exact for small x."),
    "log": (tf.math.log, "float", "The natural logarithms."),
    "log10": (_by("log10"), "float", "The logarithms to base 10."),
    "log1p": (tf.math.log1p, "float", "log(1 + x), exact for small x."),
    "log2": (_by("log2"), "float", "The logarithms to base 2."),
    "sin": (tf.sin, "float", "The sines."),
    "cos": (tf.cos, "float", "The cosines."),
    "tan": (tf.tan, "float", "The tangents."),
    "arcsin": (tf.asin, "float", "The angles with these sines."),
    "arccos": (tf.acos, "float", "The angles with these cosines."),
    "arctan": (tf.atan, "float", "The angles with these tangents."),
    "sinh": (tf.sinh, "float", "The hyperbolic sines."),
    "cosh": (tf.cosh, "float", "The hyperbolic cosines."),
    "tanh": (tf.tanh, "float", "The hyperbolic tangents."),
    "arcsinh": (tf.asinh, "float", "The numbers with these hyperbolic sines."),
    "arccosh": (tf.acosh, "float", "The numbers with these hyperbolic cosines."),
    "arctanh": (tf.atanh, "float", "The numbers with these hyperbolic tangents."),
    "sinc": (_sinc, "float", "sin(πx) / (πx); 1 at 0."),
    "deg2rad": (_times(math.pi / 180), "wide float", "Degrees as radians."),
    "rad2deg": (_times(180 / math.pi), "wide float", "Radians as degrees."),
    "i0": (tf.math.bessel_i0, "wide float", "The modified Bessel function of the first kind, of order 0."),
    "fabs": (tf.abs, "float", "|x| as floats."),
    "isfinite": (_if_float(tf.math.is_finite, True), "same", "Where x is neither infinite nor NaN."),
    "isinf": (_if_float(tf.math.is_inf, False), "same", "Where x is infinite."),
    "isnan": (_if_float(tf.math.is_nan, False), "same", "Where x is NaN."),
    "isneginf": (_if_float(lambda x: tf.equal(x, -math.inf), False), "same", "Where x is -∞."),
    "isposinf": (_if_float(lambda x: tf.equal(x, math.inf), False), "same", "Where x is ∞."),
    "isreal": (_isreal, "same", "Where the imaginary part is 0."),
    "signbit": (_signbit, "same", "Where the sign is minus, that of -0.0 included."),
    "logical_not": (lambda x: tf.logical_not(tf.cast(x, "bool")), "same", "Where x is 0 or False."),
    "bitwise_not": (tf.bitwise.invert, "same", "Every bit turned over."),
}
#: of Keras' math part, for floats alone
_MATH: dict[str, tuple[Callable[..., Any], str]] = {
    "erf": (tf.math.erf, "The error function."),
    "erfc": (tf.math.erfc, "1 - erf(x), exact where that is small."),
    "erfinv": (tf.math.erfinv, "The number whose error function is x."),
    "rsqrt": (tf.math.rsqrt, "1 / √x."),
}


def _enter_unary(name: str, section: str, compute: Callable[..., Any], rule: str, doc: str) -> None:
    def function(x: Any) -> Any:
        return compute(to_rule(x, rule))

    function.__doc__ = doc
    operation(section, name)(function)


for _name, (_compute, _rule, _doc) in _UNARY.items():
    _enter_unary(_name, "numpy", _compute, _rule, _doc)
for _name, (_compute, _doc) in _MATH.items():
    _enter_unary(_name, "math", _compute, "float", _doc)
alias("abs", "absolute")
alias("conj", "conjugate")
alias("bitwise_invert", "bitwise_not")


# Of two tensors ------------------------------------------------------------------------------------------------------


def _whole_divisor(compute: Callable[..., Any]) -> Callable[..., Any]:
    """What divides integers, for booleans as for integers."""
    return lambda x, y: compute(*((tf.cast(v, "int32") for v in (x, y)) if x.dtype == "bool" else (x, y)))


def _nextafter(x: Any, y: Any) -> Any:
    if x.dtype in ("float32", "float64"):
        return tf.math.nextafter(x, y)
    return tf.cast(tf.math.nextafter(tf.cast(x, "float64"), tf.cast(y, "float64")), x.dtype)


def _logaddexp2(x: Any, y: Any) -> Any:
    two = tf.cast(math.log(2.0), x.dtype)
    return op("logaddexp", x * two, y * two) / two


def _logical(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y: compute(tf.cast(x, "bool"), tf.cast(y, "bool"))


def _hypot(x: Any, y: Any) -> Any:
    x, y = tf.abs(x), tf.abs(y)
    greater, lesser = tf.maximum(x, y), tf.minimum(x, y)
    share = tf.math.divide_no_nan(lesser, greater)
    root = greater * tf.sqrt(1 + share * share)
    return tf.where(tf.math.is_inf(greater), greater, root) if is_float(greater.dtype) else root


def _heaviside(x: Any, y: Any) -> Any:
    steps = tf.where(tf.equal(x, 0), y, tf.cast(x > 0, x.dtype))
    return tf.where(tf.math.is_nan(x), x, steps)


def _gcd(x: Any, y: Any) -> Any:
    x, y = (value if standardize_dtype(value.dtype).startswith("u") else tf.abs(value) for value in (x, y))
    zeros = tf.zeros_like(x + y)
    x, y = x + zeros, y + zeros

    def step(a: Any, b: Any) -> Any:
        going = tf.not_equal(b, 0)
        rest = tf.math.floormod(a, tf.where(going, b, tf.ones_like(b)))
        return tf.where(going, b, a), tf.where(going, rest, b)

    return tf.while_loop(lambda a, b: tf.reduce_any(tf.not_equal(b, 0)), step, (x, y))[0]


def _lcm(x: Any, y: Any) -> Any:
    common = _gcd(x, y)
    safe = tf.where(tf.equal(common, 0), tf.ones_like(common), common)
    product = tf.math.floordiv(x, safe) * y
    product = product if standardize_dtype(product.dtype).startswith("u") else tf.abs(product)
    return tf.where(tf.equal(common, 0), tf.zeros_like(product), product)


def _ignoring_nan(compute: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, y: Any) -> Any:
        if not is_float(x.dtype):
            return compute(x, y)
        return tf.where(tf.math.is_nan(x), y, tf.where(tf.math.is_nan(y), x, compute(x, y)))

    return call


#: name → (what computes it on two tensors of one dtype, the rule, whether plain numbers give way, its docstring)
_BINARY: dict[str, tuple[Callable[..., Any], str, bool, str]] = {
    "add": (tf.add, "same", True, "x1 + x2."),
    "subtract": (tf.subtract, "same", True, "x1 - x2."),
    "multiply": (tf.multiply, "same", True, "x1 · x2."),
    "divide": (tf.divide, "float", True, "x1 / x2; integers are divided as floats."),
    "divide_no_nan": (tf.math.divide_no_nan, "float", True, "x1 / x2, 0 where x2 is 0."),
    "maximum": (tf.maximum, "same", True, "The greater of the two."),
    "minimum": (tf.minimum, "same", True, "The lesser of the two."),
    "fmax": (_ignoring_nan(tf.maximum), "same", True, "The greater of the two; NaN only where both are."),
    "fmin": (_ignoring_nan(tf.minimum), "same", True, "The lesser of the two; NaN only where both are."),
    "floor_divide": (_whole_divisor(tf.math.floordiv), "same", True, "The quotient rounded downwards."),
    "mod": (_whole_divisor(tf.math.floormod), "same", False, "The rest of the quotient rounded downwards."),
    "fmod": (_whole_divisor(tf.truncatemod), "same", False, "The rest of the quotient rounded towards 0."),
    "arctan2": (tf.atan2, "float", False, "The angles of the points (x2, x1)."),
    "logaddexp": (_by("logaddexp"), "float", False, "log(exp(x1) + exp(x2)), without overflow."),
    "logaddexp2": (_logaddexp2, "float", False, "log2(2^x1 + 2^x2), without overflow."),
    "nextafter": (_nextafter, "float", False, "The float next to x1 in the direction of x2."),
    "hypot": (_hypot, "wide float", False, "√(x1² + x2²), without overflow."),
    "heaviside": (_heaviside, "wide float", False, "0 below 0, 1 above it, x2 where x1 is 0."),
    "gcd": (_gcd, "same", False, "The greatest common divisors of integers."),
    "lcm": (_lcm, "same", False, "The least common multiples of integers."),
    "equal": (tf.equal, "same", False, "Where x1 = x2."),
    "not_equal": (tf.not_equal, "same", False, "Where x1 ≠ x2."),
    "less": (tf.less, "same", False, "Where x1 < x2."),
    "less_equal": (tf.less_equal, "same", False, "Where x1 ≤ x2."),
    "greater": (tf.greater, "same", False, "Where x1 > x2."),
    "greater_equal": (tf.greater_equal, "same", False, "Where x1 ≥ x2."),
    "logical_and": (_logical(tf.logical_and), "same", False, "Where both are true."),
    "logical_or": (_logical(tf.logical_or), "same", False, "Where one is true."),
    "logical_xor": (_logical(tf.math.logical_xor), "same", False, "Where exactly one is true."),
}
#: of two integer tensors, whose parameters Keras calls x and y: what computes it, whether a plain y gives way
_BITS: dict[str, tuple[Callable[..., Any], bool, str]] = {
    "bitwise_and": (tf.bitwise.bitwise_and, False, "The bits that both have."),
    "bitwise_or": (tf.bitwise.bitwise_or, False, "The bits that one has."),
    "bitwise_xor": (tf.bitwise.bitwise_xor, False, "The bits that exactly one has."),
    "left_shift": (tf.bitwise.left_shift, True, "x · 2^y."),
    "right_shift": (tf.bitwise.right_shift, True, "x / 2^y, rounded downwards."),
}


def _enter_binary(name: str, compute: Callable[..., Any], rule: str, weak: bool, doc: str) -> None:
    def function(x1: Any, x2: Any) -> Any:
        return compute(*alike(x1, x2, rule=rule, weak=weak))

    function.__doc__ = doc
    operation("numpy", name)(function)


def _enter_bits(name: str, compute: Callable[..., Any], weak: bool, doc: str) -> None:
    def function(x: Any, y: Any) -> Any:
        return compute(*alike(convert_to_tensor(x), y, weak=weak))

    function.__doc__ = doc
    operation("numpy", name)(function)


for _name, (_compute, _rule, _weak, _doc) in _BINARY.items():
    _enter_binary(_name, _compute, _rule, _weak, _doc)
for _name, (_compute, _weak, _doc) in _BITS.items():
    _enter_bits(_name, _compute, _weak, _doc)
alias("true_divide", "divide")
alias("bitwise_left_shift", "left_shift")
alias("bitwise_right_shift", "right_shift")


@operation("numpy")
def power(x1: Any, x2: Any) -> Any:
    """x1 to the power x2; integers have no negative powers."""
    base, exponent = alike(x1, x2)
    # As an unsigned number the exponent would be another one; signed ones are looked at where they are computed.
    if isinstance(x2, int) and x2 < 0 and standardize_dtype(base.dtype).startswith("uint"):
        raise tf.errors.InvalidArgumentError(None, None, explain(
            f"power: integers to negative integer powers are not integers (received exponent {x2}).",
            received=f"x1 of dtype {standardize_dtype(base.dtype)}",
            hint='cast x1 first: keras.ops.cast(x1, "float32")',
        ))  # fmt: skip
    return tf.pow(base, exponent)


# Functions with further arguments ------------------------------------------------------------------------------------


@operation("numpy")
def ldexp(x1: Any, x2: Any) -> Any:
    """x1 · 2^x2 for integers x2."""
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    if not is_int(x2.dtype):
        raise TypeError(explain(
            "ldexp: `x2` must be integers.", received=f"dtype {standardize_dtype(x2.dtype)}",
            hint="for other exponents, write x1 * keras.ops.exp2(x2)",
        ))  # fmt: skip
    x1, _ = alike(x1, x2, rule="float")
    most = {"float16": 12, "float64": 1020}.get(standardize_dtype(x1.dtype), 124)
    steps = tf.clip_by_value(cast(x2, "int32"), -4 * most, 4 * most)  # beyond, all numbers are 0 or infinite
    part = tf.math.floordiv(steps, 4)  # 2^x2 itself may be infinite where the product is not
    by_part, by_rest = (op("exp2", cast(power, x1.dtype)) for power in (part, steps - 3 * part))
    return x1 * by_part * by_part * by_part * by_rest


@operation("numpy")
def round(x: Any, decimals: int = 0) -> Any:
    """The nearest numbers with so many decimals; halves go to the even one.

    Args:
        x: Any shape; integers stay integers.
        decimals: How many, negative ones before the point.
    """
    x = convert_to_tensor(x)
    if decimals == 0:
        return tf.round(x)
    shift = 10.0**decimals
    if is_int(x.dtype):
        if decimals > 0:
            return x
        return tf.cast(tf.round(cast(x, "float64") * shift) / shift, x.dtype)
    return tf.round(x * tf.cast(shift, x.dtype)) / tf.cast(shift, x.dtype)


@operation("numpy")
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """The values, kept between `x_min` and `x_max`."""
    x = to_rule(x, "number")
    low = x.dtype.min if x_min is None else x_min
    high = x.dtype.max if x_max is None else x_max
    return tf.minimum(tf.maximum(x, tf.cast(low, x.dtype)), tf.cast(high, x.dtype))


@operation("numpy")
def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """The values, with numbers for NaN and infinities.

    Args:
        x: Any shape.
        nan: What stands for NaN.
        posinf: What stands for ∞; the greatest number of the dtype by default.
        neginf: What stands for -∞; the least one by default.
    """
    x = convert_to_tensor(x)
    if not is_float(x.dtype):
        return x
    low = x.dtype.min if neginf is None else neginf
    high = x.dtype.max if posinf is None else posinf
    kept = tf.where(tf.math.is_nan(x), tf.cast(nan, x.dtype), x)
    kept = tf.where(tf.equal(x, math.inf), tf.cast(high, x.dtype), kept)
    return tf.where(tf.equal(x, -math.inf), tf.cast(low, x.dtype), kept)


@operation("numpy")
def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Where |x1 - x2| ≤ atol + rtol · |x2|; infinities must be equal."""
    x1, x2 = alike(x1, x2, weak=False)
    if not is_float(x1.dtype):
        x1, x2 = alike(x1, x2, rule="float") if not _is_complex(x1) else (x1, x2)
    near = tf.abs(x1 - x2) <= tf.cast(atol, tf.abs(x2).dtype) + tf.cast(rtol, tf.abs(x2).dtype) * tf.abs(x2)
    if _is_complex(x1):
        return near
    finite = tf.logical_and(tf.math.is_finite(x1), tf.math.is_finite(x2))
    found = tf.where(finite, near, tf.equal(x1, x2))
    if equal_nan:
        found = tf.logical_or(found, tf.logical_and(tf.math.is_nan(x1), tf.math.is_nan(x2)))
    return found


@operation("numpy")
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether x1 and x2 are close everywhere, as `isclose` has it."""
    return tf.reduce_all(FUNCTIONS["isclose"](x1, x2, rtol, atol, equal_nan))


@operation("numpy")
def view(x: Any, dtype: Any = None) -> Any:
    """The same bytes read as another dtype; the last axis changes its size where the width differs."""
    x = convert_to_tensor(x)
    if dtype is None:
        return x
    old, new = tf.as_dtype(x.dtype).size, tf.as_dtype(standardize_dtype(dtype)).size
    if new > old:
        last = int(x.shape[-1])
        if last * old % new:
            raise ValueError(explain(
                "view: the last axis does not fill whole elements of the new dtype.",
                received=f"shape {x.shape}, dtype {standardize_dtype(x.dtype)}, to {standardize_dtype(dtype)}",
            ))  # fmt: skip
        x = tf.reshape(x, (*FUNCTIONS["shape"](x)[:-1], last * old // new, new // old))
    found = tf.bitcast(x, standardize_dtype(dtype))
    if new < old:
        sizes = FUNCTIONS["shape"](x)
        found = tf.reshape(found, (*sizes[:-1], sizes[-1] * (old // new)))
    return found


@operation("math")
def view_as_complex(x: Any) -> Any:
    """`[..., 2]`, real and imaginary parts, as complex numbers `[...]`."""
    x = as_floats(x)
    if x.shape[-1] != 2:
        raise ValueError(explain(
            "view_as_complex: Last dimension of input must be size 2.", received=f"shape {x.shape}"
        ))  # fmt: skip
    return tf.cast(tf.complex(x[..., 0], x[..., 1]), "complex64")  # of float64, too


@operation("math")
def view_as_real(x: Any) -> Any:
    """Complex numbers `[...]` as real and imaginary parts `[..., 2]`."""
    x = convert_to_tensor(x)
    return tf.stack([tf.math.real(x) if _is_complex(x) else x, _imag(x)], axis=-1)


@operation("nn")
def polar(abs_: Any, angle: Any) -> Any:
    """Complex numbers of their moduli and angles."""
    abs_, angle = alike(abs_, angle, rule="float", weak=False)
    return tf.complex(abs_ * tf.cos(angle), abs_ * tf.sin(angle))


@operation("core")
def saturate_cast(x: Any, dtype: Any) -> Any:
    """The values in another dtype; what it cannot hold becomes its nearest bound."""
    return tf.saturate_cast(convert_to_tensor(x), standardize_dtype(dtype))
