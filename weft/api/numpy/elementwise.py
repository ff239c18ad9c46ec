"""`tf.experimental.numpy`, element by element: arithmetic, functions of a number, bits, comparisons, logic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft.api import array as arrays
from weft.api import bitwise, math
from weft.api.common import cast_to
from weft.api.numpy.conversion import asarray, default_float, floated, inexact, named, together
from weft.base import dtypes
from weft.base.errors import explain


def _one(name: str, function: Callable[[Any], Any], floats: bool = False) -> Callable[..., Any]:
    """A function of one array; `floats`: whether integers are made floats first."""

    def apply(x: Any) -> Any:
        return function(floated(x) if floats else asarray(x))

    return named(apply, name, f"NumPy's `{name}`, element by element.\n\nArgs:\n    x: An array.", __name__)


def _two(name: str, function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A function of two arrays that are brought to one dtype."""

    def apply(x1: Any, x2: Any) -> Any:
        return function(*together(x1, x2))

    doc = f"NumPy's `{name}`, element by element.\n\nArgs:\n    x1: An array.\n    x2: One that broadcasts with it."
    return named(apply, name, doc, __name__)


def _of_bools(numbers: Callable[[Any, Any], Any], bools: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: bools(x, y) if x.dtype.is_bool else numbers(x, y)


def _bools_as(dtype: Any, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: function(cast_to(x, dtype), cast_to(y, dtype)) if x.dtype.is_bool else function(x, y)


# Arithmetic ----------------------------------------------------------------------------------------------------------

add = _two("add", _of_bools(math.add, math.logical_or))
subtract = _two("subtract", math.subtract)
multiply = _two("multiply", _of_bools(math.multiply, math.logical_and))
floor_divide = _two("floor_divide", _bools_as(dtypes.int8, math.floordiv))
mod = _two("mod", _bools_as(dtypes.int8, math.floormod))
remainder = _two("remainder", _bools_as(dtypes.int8, math.floormod))
power = _two("power", math.pow)
float_power = _two("float_power", math.pow)
arctan2 = _two("arctan2", math.atan2)
nextafter = _two("nextafter", math.nextafter)
minimum = _two("minimum", _of_bools(math.minimum, math.logical_and))
maximum = _two("maximum", _of_bools(math.maximum, math.logical_or))


def _divided(x: Any, y: Any) -> Any:
    if x.dtype.is_bool:
        x, y = cast_to(x, default_float()), cast_to(y, default_float())
    return math.divide(x, y)


true_divide = _two("true_divide", _divided)
divide = _two("divide", _divided)


def divmod(x1: Any, x2: Any) -> tuple[Any, Any]:
    """`floor_divide` and `mod`."""
    return floor_divide(x1, x2), mod(x1, x2)


def clip(a: Any, a_min: Any, a_max: Any) -> Any:
    """The values moved into a range, of which one end may be open.

    Raises:
        ValueError: Where both ends are None.
    """
    if a_min is None and a_max is None:
        raise ValueError("clip: one of `a_min` and `a_max` must be given.")
    if a_min is None:
        return minimum(a, a_max)
    if a_max is None:
        return maximum(a, a_min)
    x, low, high = together(a, a_min, a_max)
    return math.maximum(low, math.minimum(high, x))


def heaviside(x1: Any, x2: Any) -> Any:
    """0 for negative numbers, 1 for positive ones, and `x2` for zeros."""
    x, middle = together(x1, x2)
    zero = arrays.zeros([], middle.dtype)
    step = arrays.where(math.less(x, cast_to(zero, x.dtype)), zero,
                        arrays.where(math.greater(x, cast_to(zero, x.dtype)), zero + 1, middle))  # fmt: skip
    return floated(step)


def hypot(x1: Any, x2: Any) -> Any:
    """The root of the sum of two squares."""
    return sqrt(add(square(x1), square(x2)))


def _log_of_sum(x1: Any, x2: Any, base: float | None) -> Any:
    difference = subtract(x1, x2)
    power_of = exp if base is None else exp2
    small = log1p(power_of(math.negative(math.abs(difference))))
    small = small if base is None else small / np.log(base)
    return arrays.where(isnan(difference), *together(add(x1, x2), add(maximum(x1, x2), small)))


def logaddexp(x1: Any, x2: Any) -> Any:
    """log(exp(x1) + exp(x2))."""
    return _log_of_sum(x1, x2, None)


def logaddexp2(x1: Any, x2: Any) -> Any:
    """The same to base 2."""
    return _log_of_sum(x1, x2, 2.0)


def _greatest_divisor(x: Any, y: Any) -> Any:
    """Euclid's algorithm, as many steps as the longest pair of the dtype may need."""
    if not x.dtype.is_integer:
        raise ValueError(explain("gcd and lcm take integers.", received=x.dtype.name))
    from weft.api import flow

    x, y = (math.abs(part) if not part.dtype.is_unsigned else part for part in (x, y))
    x, y = x + arrays.zeros_like(y), y + arrays.zeros_like(x)  # of one shape, which the loop keeps

    def step(x: Any, y: Any) -> tuple[Any, Any]:
        there = math.not_equal(y, arrays.zeros_like(y))
        rest = math.floormod(x, arrays.where(there, y, arrays.ones_like(y)))
        return arrays.where(there, y, x), arrays.where(there, rest, arrays.zeros_like(y))

    return flow.while_loop(lambda x, y: math.reduce_any(math.not_equal(y, arrays.zeros_like(y))), step, (x, y))[0]


def _least_multiple(x: Any, y: Any) -> Any:
    divisor = _greatest_divisor(x, y)
    none = math.equal(divisor, arrays.zeros_like(divisor))
    safe = arrays.where(none, arrays.ones_like(divisor), divisor)
    if not x.dtype.is_unsigned:
        x, y = math.abs(x), math.abs(y)
    return arrays.where(none, arrays.zeros_like(divisor), x * math.floordiv(y, safe))


gcd = _two("gcd", _greatest_divisor)
lcm = _two("lcm", _least_multiple)

# Functions of a number -----------------------------------------------------------------------------------------------

exp = _one("exp", math.exp, floats=True)
expm1 = _one("expm1", math.expm1, floats=True)
exp2 = _one("exp2", lambda x: math.pow(arrays.constant(2, x.dtype), x), floats=True)
log = _one("log", math.log, floats=True)
log1p = _one("log1p", math.log1p, floats=True)
log2 = _one("log2", lambda x: math.log(x) / np.log(2.0), floats=True)
log10 = _one("log10", lambda x: math.log(x) / np.log(10.0), floats=True)
sqrt = _one("sqrt", math.sqrt, floats=True)
square = _one("square", math.square)
reciprocal = _one("reciprocal", math.reciprocal)
abs = _one("abs", math.abs)
absolute = _one("absolute", math.abs)
fabs = _one("fabs", math.abs)
negative = _one("negative", math.negative)
positive = _one("positive", lambda x: x)
conj = _one("conj", math.conj)
conjugate = _one("conjugate", math.conj)
real = _one("real", math.real)
imag = _one("imag", math.imag)
ceil = _one("ceil", math.ceil, floats=True)
floor = _one("floor", math.floor, floats=True)
sin = _one("sin", math.sin, floats=True)
cos = _one("cos", math.cos, floats=True)
tan = _one("tan", math.tan, floats=True)
sinh = _one("sinh", math.sinh, floats=True)
cosh = _one("cosh", math.cosh, floats=True)
tanh = _one("tanh", math.tanh, floats=True)
arcsin = _one("arcsin", math.asin, floats=True)
arccos = _one("arccos", math.acos, floats=True)
arctan = _one("arctan", math.atan, floats=True)
arcsinh = _one("arcsinh", math.asinh, floats=True)
arccosh = _one("arccosh", math.acosh, floats=True)
arctanh = _one("arctanh", math.atanh, floats=True)
deg2rad = _one("deg2rad", lambda x: x * (np.pi / 180.0), floats=True)
rad2deg = _one("rad2deg", lambda x: x * (180.0 / np.pi), floats=True)
isnan = _one("isnan", math.is_nan, floats=True)
isfinite = _one("isfinite", math.is_finite, floats=True)
iscomplex = _one("iscomplex", lambda x: math.not_equal(math.imag(x), 0))
isreal = _one("isreal", lambda x: math.equal(math.imag(x), 0))


def _signless_root(x: Any) -> Any:
    root = math.pow(math.abs(x), 1.0 / 3)
    return arrays.where(math.less(x, 0), -root, root)


def _without_fraction(x: Any) -> Any:
    return arrays.where(math.less(x, 0), math.ceil(x), math.floor(x))


def _sine_over(x: Any) -> Any:
    angle = x * np.pi
    return arrays.where(math.equal(x, 0), arrays.ones_like(x), math.sin(angle) / angle)


def _below_zero(x: Any) -> Any:
    return arrays.zeros_like(x) if x.dtype.is_bool else math.less(x, arrays.zeros_like(x))


cbrt = _one("cbrt", _signless_root, floats=True)
fix = _one("fix", _without_fraction, floats=True)
sinc = _one("sinc", _sine_over, floats=True)
signbit = _one("signbit", _below_zero)


def sign(x: Any, out: Any = None, where: Any = None, **kwargs: Any) -> Any:
    """-1, 0 or 1; complex numbers are brought to length 1."""
    if out is not None or where is not None or kwargs:
        raise ValueError("sign: only `x` can be given here.")
    return math.sign(asarray(x))


def angle(z: Any, deg: bool = False) -> Any:
    """The angle of complex numbers, in degrees if `deg`; 0 or pi for real ones."""
    x = floated(z)
    found = math.angle(x) if x.dtype.is_complex else arrays.where(math.less(x, 0), np.float32(np.pi), np.float32(0))
    return rad2deg(found) if deg else found


def around(a: Any, decimals: Any = 0) -> Any:
    """Rounded to a number of decimals, to the even neighbour where two are as near."""
    x = asarray(a)
    number = x if inexact(x) else cast_to(x, default_float())
    factor = 10.0**decimals
    return cast_to(math.round(number * factor) / factor, x.dtype)


def round(a: Any, decimals: Any = 0) -> Any:
    """`around`."""
    return around(a, decimals)


def isinf(x: Any) -> Any:
    """Whether a number is infinite, either way."""
    x = asarray(x)
    return math.is_inf(x) if x.dtype.is_floating else False


def isposinf(x: Any) -> Any:
    """Whether a number is infinite."""
    x = asarray(x)
    return math.equal(x, np.inf) if x.dtype.is_floating else False


def isneginf(x: Any) -> Any:
    """Whether a number is minus infinity."""
    x = asarray(x)
    return math.equal(x, -np.inf) if x.dtype.is_floating else False


def iscomplexobj(x: Any) -> bool:
    """Whether an array is of a complex dtype."""
    return bool(asarray(x).dtype.is_complex)


def isrealobj(x: Any) -> bool:
    """Whether an array is of any other dtype than a complex one."""
    return not iscomplexobj(x)


# Bits ----------------------------------------------------------------------------------------------------------------

bitwise_and = _two("bitwise_and", _of_bools(bitwise.bitwise_and, math.logical_and))
bitwise_or = _two("bitwise_or", _of_bools(bitwise.bitwise_or, math.logical_or))
bitwise_xor = _two("bitwise_xor", _of_bools(bitwise.bitwise_xor, math.logical_xor))
bitwise_not = _one("bitwise_not", lambda x: math.logical_not(x) if x.dtype.is_bool else bitwise.invert(x))

# Comparisons ---------------------------------------------------------------------------------------------------------

equal = _two("equal", math.equal)
not_equal = _two("not_equal", math.not_equal)
greater = _two("greater", _bools_as(dtypes.int32, math.greater))
greater_equal = _two("greater_equal", _bools_as(dtypes.int32, math.greater_equal))
less = _two("less", _bools_as(dtypes.int32, math.less))
less_equal = _two("less_equal", _bools_as(dtypes.int32, math.less_equal))


def array_equal(a1: Any, a2: Any) -> Any:
    """Whether two arrays have one shape and the same elements."""
    x, y = together(a1, a2)
    if x.shape.rank != y.shape.rank or not x.shape.is_compatible_with(y.shape):
        return arrays.constant(False)
    return math.reduce_all(math.equal(x, y))


def isclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Whether |a - b| <= atol + rtol |b|; whether they are equal, for integers."""
    x, y = together(a, b)
    if not inexact(x):
        return math.equal(x, y)
    near = math.less_equal(math.abs(x - y), atol + rtol * math.abs(y))
    return math.logical_or(near, math.logical_and(math.is_nan(x), math.is_nan(y))) if equal_nan else near


def allclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Whether all elements are close (`isclose`)."""
    return math.reduce_all(isclose(a, b, rtol, atol, equal_nan))


# Logic ---------------------------------------------------------------------------------------------------------------


def _logic(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(x1: Any, x2: Any) -> Any:
        return function(asarray(x1, np.bool_), asarray(x2, np.bool_))

    return named(apply, name, f"NumPy's `{name}`: what is not zero is true.", __name__)


logical_and = _logic("logical_and", math.logical_and)
logical_or = _logic("logical_or", math.logical_or)
logical_xor = _logic("logical_xor", math.logical_xor)


def logical_not(x: Any) -> Any:
    """Whether elements are zero."""
    return math.logical_not(asarray(x, np.bool_))


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Elements of `x` where a condition holds and of `y` elsewhere; with the condition alone, where it holds."""
    chosen = asarray(condition, np.bool_)
    if x is None and y is None:
        from weft.api.numpy.shaping import nonzero

        return nonzero(chosen)
    if x is None or y is None:
        raise ValueError("where: give both `x` and `y`, or neither.")
    return arrays.where(chosen, *together(x, y))


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """Elements of the first choice whose condition holds; the default where none does."""
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(explain("select: one choice for each condition.",
                                 received=f"{len(condlist)} conditions, {len(choicelist)} choices"))  # fmt: skip
    found, *choices = together(default, *choicelist)
    for condition, choice in zip(reversed(list(condlist)), reversed(choices), strict=True):
        found = where(condition, choice, found)
    return found
