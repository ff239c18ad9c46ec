"""Special functions: error, gamma, Bessel and other integrals, and logarithms that know what 0 times infinity is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.base.dtypes import COMPLEX, FLOATS, float32, float64
from weft.ir.types import TensorType
from weft.ops.families import binary, elementwise_shape, in_float32, quiet, unary
from weft.ops.numerics import bessel, errors, gammas
from weft.ops.opdef import Case, OpDef, case, nondifferentiable, register

_ROOT_PI = math.sqrt(math.pi)
_NO_ORDER = "TensorFlow has no gradient in the order either"


def _through_float64(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of float64 arrays of one shape as one of floats that broadcast."""

    def reference(*arrays: Any) -> Any:
        wide = np.broadcast_arrays(*(a.astype(np.float64) for a in arrays))
        return np.asarray(function(*(np.ascontiguousarray(a).reshape(a.shape) for a in wide))).astype(arrays[0].dtype)

    return reference


def erfc(x: Any) -> Any:
    """1 - erf(x) of a float32 or float64 array; the gelu activation needs it too."""
    return errors.erfc(np.asarray(x))


def _zeros_to_ones(b: Any, x: Any) -> tuple[Any, Any]:
    """Where x is 0, and x with ones there, to divide by."""
    zero = b.equal(x, b.zeros_like(x))
    return zero, b.select(zero, b.ones_like(x), x)


_WIDE = case(np.array([-30.0, -7.0, -1.3, -1e-8, 0.0, 0.7, 2.0, 5.5, 26.0, np.inf, -np.inf, np.nan]), grad=0,
             dtypes=(float32, float64), name="wide")  # fmt: skip


def _special(name: str, function: Callable[..., Any], vjp: Any, doc: str, domain: Any = (-2.0, 2.0),
             cases: Sequence[Case] = (), **options: Any) -> OpDef:  # fmt: skip
    plain = (case((2, 3), domain=domain), case((), domain=domain), case((0, 3), domain=domain))
    return unary(name, function, dtypes=FLOATS, vjp=vjp, doc=doc, cases=(*plain, *cases), **options)


# Error functions -----------------------------------------------------------------------------------------------------


def _erf_slope(b: Any, x: Any, sign: float) -> Any:
    return b.multiply(b.exp(b.negative(b.square(x))), sign * 2 / _ROOT_PI)


def _inverse_slope(b: Any, y: Any, sign: float) -> Any:
    return b.multiply(b.exp(b.square(y)), sign * _ROOT_PI / 2)


_special("erf", errors.erf, lambda b, ct, x, y: b.multiply(ct, _erf_slope(b, x, 1)), cases=(_WIDE,),
         doc="The error function: 2 / sqrt(pi) times the integral of exp(-t*t) from 0 to x.")  # fmt: skip
_special("erfc", errors.erfc, lambda b, ct, x, y: b.multiply(ct, _erf_slope(b, x, -1)), cases=(_WIDE,),
         doc="1 - erf(x), exact where erf is near 1.")  # fmt: skip
_special("erfinv", _through_float64(errors.erfinv), lambda b, ct, x, y: b.multiply(ct, _inverse_slope(b, y, 1)),
         domain=(-0.8, 0.8), cases=(case(np.array([-1.0, 1.0, 2.0, 0.999]), grad=0),),
         doc="The inverse of erf.")  # fmt: skip
_special("erfcinv", _through_float64(errors.erfcinv), lambda b, ct, x, y: b.multiply(ct, _inverse_slope(b, y, -1)),
         domain=(0.2, 1.8), cases=(case(np.array([0.0, 2.0, -1.0, 1e-4]), grad=0),),
         doc="The inverse of erfc.")  # fmt: skip
_special("ndtri", _through_float64(errors.ndtri), domain=(0.1, 0.9),
         cases=(case(np.array([0.0, 1.0, 2.0, 1e-4]), grad=0),),
         vjp=lambda b, ct, x, y: b.multiply(
             ct, b.multiply(b.exp(b.multiply(b.square(y), 0.5)), math.sqrt(2 * math.pi))),
         doc="The quantile of the standard normal distribution.")  # fmt: skip
_special("dawsn", _through_float64(errors.dawsn), cases=(_WIDE,),
         vjp=lambda b, ct, x, y: b.multiply(ct, b.subtract(b.ones_like(y), b.multiply(b.multiply(x, y), 2))),
         doc="Dawson's integral: exp(-x*x) times the integral of exp(t*t) from 0 to x.")  # fmt: skip
_special("expint", _through_float64(errors.expint), domain=(0.5, 3.0), cases=(_WIDE,),
         vjp=lambda b, ct, x, y: b.multiply(ct, b.divide(b.exp(x), x)),
         doc="The exponential integral Ei of x >= 0; NaN below.")  # fmt: skip


def _right_angles(b: Any, x: Any) -> Any:
    return b.multiply(b.square(x), math.pi / 2)


_special("fresnel_sin", _through_float64(errors.fresnel_sin), cases=(_WIDE,),
         vjp=lambda b, ct, x, y: b.multiply(ct, b.sin(_right_angles(b, x))),
         doc="Fresnel's integral of sin(pi/2 * t*t) from 0 to x.")  # fmt: skip
_special("fresnel_cos", _through_float64(errors.fresnel_cos), cases=(_WIDE,),
         vjp=lambda b, ct, x, y: b.multiply(ct, b.cos(_right_angles(b, x))),
         doc="Fresnel's integral of cos(pi/2 * t*t) from 0 to x.")  # fmt: skip


def _spence_vjp(b: Any, ct: Any, x: Any, y: Any) -> Any:
    one, rest = _zeros_to_ones(b, b.subtract(b.ones_like(x), x))
    return b.multiply(ct, b.select(one, b.full_like(x, -1), b.divide(b.log(x), rest)))


_special("spence", _through_float64(errors.spence), vjp=_spence_vjp, domain=(0.2, 3.0),
         cases=(case(np.array([-1.0, 0.0, 1.0, 100.0]), grad=0),),
         doc="Spence's integral, the dilogarithm of 1 - x, for x >= 0.")  # fmt: skip

# Gamma functions -----------------------------------------------------------------------------------------------------

_POLES = case(np.array([-2.5, -1.0, 0.0, 1.0, 2.0, 11.9, 1e5, np.inf]), grad=0, name="poles")

_special("lgamma", _through_float64(gammas.lgamma), lambda b, ct, x, y: b.multiply(ct, b.digamma(x)), domain=(0.3, 4.0),
         cases=(_POLES,), doc="The logarithm of |Gamma(x)|.")  # fmt: skip
_special("digamma", _through_float64(gammas.digamma), domain=(0.3, 4.0), cases=(_POLES,),
         vjp=lambda b, ct, x, y: b.multiply(ct, b.polygamma(b.ones_like(x), x)),
         doc="The derivative of lgamma.")  # fmt: skip

_ORDERS = np.array([[0.0], [1.0], [2.0], [5.0]])
_AT = np.array([0.5, 1.0, 2.5])

binary("polygamma", _through_float64(gammas.polygamma), dtypes=FLOATS,
       vjp=lambda b, ct, n, x, y: (None, b.multiply(ct, b.polygamma(b.add(n, 1), x))), reason=_NO_ORDER,
       cases=(case(_ORDERS, _AT, grad=0), case(np.array(1.0), (2, 3), domain=(0.5, 3.0))),
       doc="The n-th derivative of digamma at x; NaN unless n is a whole number.")  # fmt: skip
binary("zeta", _through_float64(gammas.zeta), dtypes=FLOATS,
       vjp=lambda b, ct, x, q, y: (
           None, b.negative(b.multiply(ct, b.multiply(x, b.zeta(b.add(x, 1), q))))), reason=_NO_ORDER,
       cases=(case(_ORDERS + 1.5, _AT, grad=0), case(np.array(2.0), (2, 3), domain=(0.5, 3.0))),
       doc="Hurwitz' zeta function: the sum of (q + k)**-x over k >= 0.")  # fmt: skip


def _gamma_density(b: Any, a: Any, x: Any) -> Any:
    return b.exp(b.subtract(b.subtract(b.xlogy(b.subtract(a, 1), x), x), b.lgamma(a)))


_GAMMA_DOMAIN = ((0.5, 4.0), (0.5, 4.0))
_GAMMA_CASES = (
    case((2, 3), (2, 3), domain=_GAMMA_DOMAIN, grad=1),
    case((2, 1), (3,), domain=_GAMMA_DOMAIN, grad=1),
    case((), (0,), domain=_GAMMA_DOMAIN),
    case(np.array([0.0, 1.0, 1.0, 150.0, 1e4]), np.array([1.0, 0.0, np.inf, 170.0, 1e4]), grad=0, name="edges"),
)
_GAMMA_REASON = "its derivative in the first operand has none of its own; TensorFlow has none there either"
binary("igamma", _through_float64(gammas.igamma), dtypes=FLOATS, grad_order=1, reason=_GAMMA_REASON, cases=_GAMMA_CASES,
       vjp=lambda b, ct, a, x, y: (
           b.multiply(ct, b.igamma_grad_a(a, x)), b.multiply(ct, _gamma_density(b, a, x))),
       doc="The regularized lower incomplete gamma function P(a, x).")  # fmt: skip
binary("igammac", _through_float64(gammas.igammac), dtypes=FLOATS, grad_order=1, reason=_GAMMA_REASON,
       cases=_GAMMA_CASES, vjp=lambda b, ct, a, x, y: (
           b.negative(b.multiply(ct, b.igamma_grad_a(a, x))), b.negative(b.multiply(ct, _gamma_density(b, a, x)))),
       doc="The regularized upper incomplete gamma function Q(a, x) = 1 - P(a, x).")  # fmt: skip
binary("igamma_grad_a", _through_float64(gammas.igamma_grad_a), dtypes=FLOATS,
       vjp=nondifferentiable("it is a derivative of igamma for which no further one is written"), cases=_GAMMA_CASES,
       doc="The derivative of igamma(a, x) in a.")  # fmt: skip


def _betainc_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    p, q, x = node.inputs
    if not node.needs[2]:
        return None, None, None
    beta = b.subtract(b.add(b.lgamma(p), b.lgamma(q)), b.lgamma(b.add(p, q)))
    powers = b.add(b.xlog1py(b.subtract(q, 1), b.negative(x)), b.xlogy(b.subtract(p, 1), x))
    density = b.exp(b.subtract(powers, beta))
    return None, None, b.unbroadcast_like(b.multiply(ct, density), x)


register(
    OpDef(
        name="betainc",
        inputs=("a", "b", "x"),
        spec=lambda a, b, x: TensorType(elementwise_shape((a, b, x)), a.dtype),
        reference=quiet(in_float32(_through_float64(gammas.betainc))),
        dtypes=(FLOATS,),
        vjp=_betainc_vjp,
        reason="TensorFlow has no gradient in a and b either",
        doc="The regularized incomplete beta function I_x(a, b); its gradient flows to x only.",
        cases=(
            case((2, 3), (2, 3), (2, 3), domain=((0.5, 4.0), (0.5, 4.0), (0.1, 0.9))),
            case((), (3,), (2, 1), domain=((0.5, 8.0), (0.5, 8.0), (0.3, 0.7))),
            case(np.array([1.0, 1.0, 0.0, 2.0]), np.array([2.0, 2.0, 1.0, 3.0]), np.array([0.0, 1.0, 0.5, 1.5]),
                 grad=0),
        ),
    )
)

# Bessel functions ----------------------------------------------------------------------------------------------------


def _order_one(b: Any, ct: Any, x: Any, slope: Callable[[Any], Any]) -> Any:
    """The gradient of a function that starts as x / 2: the slope is asked for with 1 / x, and 1/2 at 0."""
    zero, safe = _zeros_to_ones(b, x)
    return b.multiply(ct, b.select(zero, b.full_like(x, 0.5), slope(b.reciprocal(safe))))


_BESSEL = {"domain": (0.3, 4.0)}
_special("bessel_i0", _through_float64(bessel.i0), lambda b, ct, x, y: b.multiply(ct, b.bessel_i1(x)), cases=(_WIDE,),
         doc="The modified Bessel function of the first kind and order 0.", **_BESSEL)  # fmt: skip
_special("bessel_i1", _through_float64(bessel.i1), cases=(_WIDE,),
         vjp=lambda b, ct, x, y: _order_one(
             b, ct, x, lambda inverse: b.subtract(b.bessel_i0(x), b.multiply(y, inverse))),
         doc="The modified Bessel function of the first kind and order 1.", **_BESSEL)  # fmt: skip
_special("bessel_i0e", _through_float64(bessel.i0e), cases=(_WIDE,),
         vjp=lambda b, ct, x, y: b.multiply(ct, b.subtract(b.bessel_i1e(x), b.multiply(b.sign(x), y))),
         doc="exp(-|x|) bessel_i0(x).", **_BESSEL)  # fmt: skip
_special("bessel_i1e", _through_float64(bessel.i1e), cases=(_WIDE,),
         vjp=lambda b, ct, x, y: _order_one(
             b, ct, x, lambda inverse: b.subtract(b.bessel_i0e(x), b.multiply(y, b.add(b.sign(x), inverse)))),
         doc="exp(-|x|) bessel_i1(x).", **_BESSEL)  # fmt: skip
_special("bessel_j0", _through_float64(bessel.j0), lambda b, ct, x, y: b.negative(b.multiply(ct, b.bessel_j1(x))),
         cases=(_WIDE,), doc="The Bessel function of the first kind and order 0.", **_BESSEL)  # fmt: skip
_special("bessel_j1", _through_float64(bessel.j1), cases=(_WIDE,),
         vjp=lambda b, ct, x, y: _order_one(
             b, ct, x, lambda inverse: b.subtract(b.bessel_j0(x), b.multiply(y, inverse))),
         doc="The Bessel function of the first kind and order 1.", **_BESSEL)  # fmt: skip
_special("bessel_y0", _through_float64(bessel.y0), lambda b, ct, x, y: b.negative(b.multiply(ct, b.bessel_y1(x))),
         cases=(_WIDE,), doc="The Bessel function of the second kind and order 0.", **_BESSEL)  # fmt: skip
_special("bessel_y1", _through_float64(bessel.y1), cases=(_WIDE,),
         vjp=lambda b, ct, x, y: b.multiply(ct, b.subtract(b.bessel_y0(x), b.divide(y, x))),
         doc="The Bessel function of the second kind and order 1.", **_BESSEL)  # fmt: skip
_special("bessel_k0", _through_float64(bessel.k0), lambda b, ct, x, y: b.negative(b.multiply(ct, b.bessel_k1(x))),
         cases=(_WIDE,), doc="The modified Bessel function of the second kind and order 0.", **_BESSEL)  # fmt: skip
_special("bessel_k0e", _through_float64(bessel.k0e), cases=(_WIDE,),
         vjp=lambda b, ct, x, y: b.multiply(ct, b.subtract(y, b.bessel_k1e(x))),
         doc="exp(x) bessel_k0(x).", **_BESSEL)  # fmt: skip
_special("bessel_k1", _through_float64(bessel.k1), cases=(_WIDE,),
         vjp=lambda b, ct, x, y: b.negative(b.multiply(ct, b.add(b.bessel_k0(x), b.divide(y, x)))),
         doc="The modified Bessel function of the second kind and order 1.", **_BESSEL)  # fmt: skip
_special("bessel_k1e", _through_float64(bessel.k1e), cases=(_WIDE,),
         vjp=lambda b, ct, x, y: b.multiply(ct, b.subtract(b.subtract(y, b.divide(y, x)), b.bessel_k0e(x))),
         doc="exp(x) bessel_k1(x).", **_BESSEL)  # fmt: skip

# Logarithms and powers -----------------------------------------------------------------------------------------------


def _unless_zero(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def reference(x: Any, y: Any) -> Any:
        zero = x == 0
        return np.where(zero, np.zeros((), x.dtype), function(x, np.where(zero, np.ones((), y.dtype), y)))

    return reference


def _not_zero(b: Any, x: Any) -> Any:
    return b.cast(b.not_equal(x, b.zeros_like(x)), dtype=b.dtype(x))


_X_DOMAIN = ((0.5, 2.0), (0.5, 2.0))
_X_CASES = (
    case((2, 3), (2, 3), domain=_X_DOMAIN),
    case((2, 1), (3,), domain=_X_DOMAIN),
    case((), (0, 2), domain=_X_DOMAIN),
    case(np.array([0.0, 0.0, 0.0, 2.0]), np.array([0.0, np.inf, np.nan, 0.5]), grad=0, name="zeros"),
)
_X_DTYPES = FLOATS + COMPLEX
binary("xlogy", _unless_zero(lambda x, y: x * np.log(y)), dtypes=_X_DTYPES, cases=_X_CASES,
       vjp=lambda b, ct, x, y, z: (b.multiply(ct, b.conj(b.xlogy(_not_zero(b, x), y))),
                                   b.multiply(ct, b.conj(b.xdivy(x, y)))),
       doc="x log(y), and 0 where x is 0.")  # fmt: skip
binary("xlog1py", _unless_zero(lambda x, y: x * np.log1p(y)), dtypes=_X_DTYPES, cases=_X_CASES,
       vjp=lambda b, ct, x, y, z: (b.multiply(ct, b.conj(b.xlog1py(_not_zero(b, x), y))),
                                   b.multiply(ct, b.conj(b.xdivy(x, b.add(y, 1))))),
       doc="x log(1 + y), and 0 where x is 0.")  # fmt: skip
binary("xdivy", _unless_zero(lambda x, y: x / y), dtypes=_X_DTYPES, cases=_X_CASES,
       vjp=lambda b, ct, x, y, z: (b.multiply(ct, b.conj(b.xdivy(_not_zero(b, x), y))),
                                   b.multiply(ct, b.conj(b.xdivy(b.negative(x), b.square(y))))),
       doc="x / y, and 0 where x is 0.")  # fmt: skip
binary("logaddexp", np.logaddexp, dtypes=FLOATS,
       vjp=lambda b, ct, x, y, z: (b.multiply(ct, b.sigmoid(b.subtract(x, y))),
                                   b.multiply(ct, b.sigmoid(b.subtract(y, x)))),
       doc="log(exp(x) + exp(y)), without overflow.")  # fmt: skip
_special("exp2", np.exp2, lambda b, ct, x, y: b.multiply(ct, b.multiply(y, math.log(2))), doc="2 to the x.")
_special("log2", np.log2, lambda b, ct, x, y: b.divide(b.multiply(ct, 1 / math.log(2)), x), domain=(0.5, 2.0),
         doc="The logarithm to base 2.")  # fmt: skip
_special("log10", np.log10, lambda b, ct, x, y: b.divide(b.multiply(ct, 1 / math.log(10)), x), domain=(0.5, 2.0),
         doc="The logarithm to base 10.")  # fmt: skip
_special("cbrt", np.cbrt, lambda b, ct, x, y: b.divide(b.multiply(ct, 1 / 3), b.square(y)), domain=(0.5, 2.0),
         doc="The cube root, negative for negative x.")  # fmt: skip
