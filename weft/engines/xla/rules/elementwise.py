"""Arithmetic, elementary functions, comparisons, logic, bits, and activations that jax has as such."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax

from weft.engines.xla import sharding
from weft.engines.xla.table import lowering

if TYPE_CHECKING:
    from weft.engines.xla.walk import Walk


def kind(x: Any) -> str:
    """numpy's letter for the kind of dtype; `f` for bfloat16 too."""
    return "f" if jnp.issubdtype(x.dtype, jnp.floating) else str(x.dtype.kind)


def in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    """Half precisions computed in float32 and rounded once, as the references do."""

    def wrapped(*arrays: Any, **attrs: Any) -> Any:
        half = next((a.dtype for a in arrays if a.dtype.itemsize == 2 and kind(a) == "f"), None)
        if half is None:
            return function(*arrays, **attrs)
        result = function(*(a.astype(jnp.float32) if a.dtype == half else a for a in arrays), **attrs)
        return result.astype(half) if result.dtype == jnp.float32 else result

    return wrapped


def _plain(**functions: Callable[..., Any]) -> None:
    for name, function in functions.items():
        lowering(name)(in_float32(function))


_plain(
    add=jnp.add, subtract=jnp.subtract, multiply=jnp.multiply, divide=jnp.true_divide, maximum=jnp.maximum,
    minimum=jnp.minimum, atan2=jnp.arctan2, negative=jnp.negative, abs=jnp.abs,
    square=jnp.square, sqrt=jnp.sqrt, exp=jnp.exp, expm1=jnp.expm1, log=jnp.log, log1p=jnp.log1p, sin=jnp.sin,
    cos=jnp.cos, tan=jnp.tan, asin=jnp.arcsin, acos=jnp.arccos, atan=jnp.arctan, sinh=jnp.sinh, cosh=jnp.cosh,
    tanh=jnp.tanh, asinh=jnp.arcsinh, acosh=jnp.arccosh, atanh=jnp.arctanh, conj=jnp.conj, real=jnp.real,
    imag=jnp.imag, exp2=jnp.exp2, log2=jnp.log2, log10=jnp.log10, cbrt=jnp.cbrt,
    equal=jnp.equal, not_equal=jnp.not_equal, less=jnp.less, less_equal=jnp.less_equal, greater=jnp.greater,
    greater_equal=jnp.greater_equal, logical_and=jnp.logical_and, logical_or=jnp.logical_or,
    logical_xor=jnp.logical_xor, logical_not=jnp.logical_not, is_nan=jnp.isnan, is_inf=jnp.isinf,
    is_finite=jnp.isfinite, bitwise_and=jnp.bitwise_and, bitwise_or=jnp.bitwise_or, bitwise_xor=jnp.bitwise_xor,
    invert=jnp.invert, softplus=jax.nn.softplus,
)  # fmt: skip


for _name in ("identity", "stop_gradient"):
    lowering(_name)(lambda x: x)
lowering("prevent_gradient")(lambda x, message: x)
lowering("constant_around")(lambda value, at: value)


@lowering("lay_out", walk=True)
def _lay_out(walk: Walk, x: Any, axes: Any) -> Any:
    return sharding.laid_out(x, axes) if walk.axis is None else x  # a replica has all of its own


@lowering("nextafter")
def _nextafter(x: Any, y: Any) -> Any:
    return lax.nextafter(*jnp.broadcast_arrays(x, y))


@lowering("complex")
def _complex(x: Any, y: Any) -> Any:
    return lax.complex(*jnp.broadcast_arrays(x, y))


@lowering("sign")
def _sign(x: Any) -> Any:
    if kind(x) != "c":
        return jnp.sign(x)
    return jnp.where(x == 0, jnp.zeros((), x.dtype), x / jnp.abs(x))


@lowering("reciprocal", checks=True)
def _reciprocal(check: Any, x: Any) -> Any:
    if kind(x) in "iu":
        return _truncatediv(check, jnp.ones_like(x), x)
    return in_float32(lambda x: 1 / x)(x)


@lowering("rsqrt")
@in_float32
def _rsqrt(x: Any) -> Any:
    return 1 / jnp.sqrt(x)


@lowering("sigmoid")
@in_float32
def _sigmoid(x: Any) -> Any:
    return 1 / (1 + jnp.exp(-x)) if kind(x) == "c" else jax.nn.sigmoid(x)


def _whole(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: x if kind(x) in "iu" else function(x)


lowering("floor")(_whole(jnp.floor))
lowering("ceil")(_whole(jnp.ceil))
lowering("round")(_whole(jnp.rint))
lowering("trunc")(_whole(jnp.trunc))

# Division ------------------------------------------------------------------------------------------------------------


def _divisor(check: Any, x: Any, y: Any) -> Any:
    """The divisor with ones in the place of zeros, which make the run fail (where there is anything to divide)."""
    joined = jnp.broadcast_shapes(x.shape, y.shape)
    if 0 not in joined:
        check(y == 0)
    return jnp.where(y == 0, jnp.ones((), y.dtype), y)


@lowering("floordiv", checks=True)
def _floordiv(check: Any, x: Any, y: Any) -> Any:
    if kind(x) in "iu":
        return jnp.floor_divide(x, _divisor(check, x, y))
    return in_float32(lambda x, y: jnp.floor(x / y))(x, y)


@lowering("truncatediv", checks=True)
def _truncatediv(check: Any, x: Any, y: Any) -> Any:
    if kind(x) in "iu":
        return lax.div(*jnp.broadcast_arrays(x, _divisor(check, x, y)))
    return in_float32(lambda x, y: jnp.trunc(x / y))(x, y)


@lowering("floormod", checks=True)
def _floormod(check: Any, x: Any, y: Any) -> Any:
    return jnp.mod(x, _divisor(check, x, y)) if kind(x) in "iu" else in_float32(jnp.mod)(x, y)


@lowering("truncatemod", checks=True)
def _truncatemod(check: Any, x: Any, y: Any) -> Any:
    return jnp.fmod(x, _divisor(check, x, y)) if kind(x) in "iu" else in_float32(jnp.fmod)(x, y)


@lowering("divide_no_nan")
@in_float32
def _divide_no_nan(x: Any, y: Any) -> Any:
    safe = jnp.where(y == 0, jnp.ones((), y.dtype), y)
    return jnp.where(y == 0, jnp.zeros((), x.dtype), x / safe)


@lowering("multiply_no_nan")
@in_float32
def _multiply_no_nan(x: Any, y: Any) -> Any:
    return jnp.where(y == 0, jnp.zeros((), x.dtype), x * y)


@lowering("pow", checks=True)
def _pow(check: Any, x: Any, y: Any) -> Any:
    if kind(x) == "i":
        check(y < 0)
        return jnp.power(x, jnp.maximum(y, 0))
    if kind(x) in "uc":
        return jnp.power(x, y)
    return in_float32(_float_power)(x, y)


def _float_power(x: Any, y: Any) -> Any:
    result = jnp.power(x, y)
    result = jnp.where(y == 1, x, result)
    return jnp.where(y == 2, x * x, result)


@lowering("approximate_equal")
@in_float32
def _approximate_equal(x: Any, y: Any, tolerance: float) -> Any:
    if kind(x) == "u":
        return (jnp.maximum(x, y) - jnp.minimum(x, y)).astype(jnp.float64) < tolerance
    distance = jnp.abs(x - y)
    return (distance.astype(jnp.float64) if kind(x) == "i" else distance) < tolerance


# Choice and bits -----------------------------------------------------------------------------------------------------


@lowering("select")
def _select(condition: Any, x: Any, y: Any) -> Any:
    return jnp.where(condition, x, y)


def _clamped(y: Any, x: Any) -> Any:
    return jnp.clip(y, 0, x.dtype.itemsize * 8 - 1).astype(x.dtype)


@lowering("left_shift")
def _left_shift(x: Any, y: Any) -> Any:
    return jnp.left_shift(x, _clamped(y, x))


@lowering("right_shift")
def _right_shift(x: Any, y: Any) -> Any:
    return jnp.right_shift(x, _clamped(y, x))


@lowering("population_count")
def _population_count(x: Any) -> Any:
    return lax.population_count(x).astype(jnp.uint8)
