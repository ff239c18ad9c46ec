"""Activations: what networks put between their layers, element by element, and softmax."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dtypes import COMPLEX, FLOATS, REALS
from weft.ir.types import TensorType
from weft.ops.families import in_float32, quiet, unary
from weft.ops.opdef import Case, OpDef, SpecError, case, register
from weft.ops.reduce import normal_axes
from weft.ops.special import erfc

_AWAY = (0.3, 2.0)  # away from the kink at 0
_BOTH = case(np.array([[-1.5, -0.4, 0.3], [2.0, 0.7, -0.2]]))
_FAR = case(np.array([-200.0, -30.0, -1e-6, 0.0, 1e-6, 30.0, 200.0, np.inf, -np.inf, np.nan]), grad=0, name="far out")


def _scalar(b: Any, like: Any, number: float) -> Any:
    return b.constant(number, b.dtype(like))


def _chosen_by(b: Any, x: Any, condition: Any, value: Any, other: Any) -> Any:
    """One of two slopes' results, by where x lies: x has a part in it, though a small step of x changes nothing."""
    return b.constant_around(b.select(condition, value, other), x)


def _where(b: Any, condition: Any, value: Any) -> Any:
    """The value where the condition holds, 0 elsewhere."""
    return b.select(condition, value, b.zeros_like(value))


def _sigmoid(x: Any) -> Any:
    if x.dtype.kind == "c":
        return 1 / (1 + np.exp(-x))
    small = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, np.ones((), x.dtype), small) / (1 + small)


unary("sigmoid", _sigmoid, dtypes=FLOATS + COMPLEX, doc="1 / (1 + exp(-x)).",
      vjp=lambda b, ct, x, y: b.multiply(ct, b.conj(b.multiply(y, b.subtract(b.ones_like(y), y)))),
      cases=(case((2, 3)), case(()), case((0,)), case((3,), domain=(-40.0, 40.0))))  # fmt: skip


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


unary("softplus", _softplus, dtypes=FLOATS, doc="log(1 + exp(x)).",
      vjp=lambda b, ct, x, y: b.multiply(ct, b.sigmoid(x)), cases=(case((2, 3)), case(()), _FAR))  # fmt: skip
unary("log_sigmoid", lambda x: -_softplus(-x), dtypes=FLOATS, doc="log(sigmoid(x)).",
      vjp=lambda b, ct, x, y: b.multiply(ct, b.sigmoid(b.negative(x))),
      decompose=lambda b, x: b.negative(b.softplus(b.negative(x))), cases=(case((2, 3)), case(()), _FAR))  # fmt: skip
unary("softsign", lambda x: x / (1 + np.abs(x)), dtypes=FLOATS, domain=_AWAY, doc="x / (1 + |x|).",
      vjp=lambda b, ct, x, y: b.divide(ct, b.square(b.add(b.abs(x), 1))),
      decompose=lambda b, x: b.divide(x, b.add(b.abs(x), 1)),
      cases=(_BOTH, case((), domain=_AWAY), case((0,))))  # fmt: skip

# Rectifiers ----------------------------------------------------------------------------------------------------------


unary("relu", lambda x: np.maximum(x, np.zeros((), x.dtype)), dtypes=REALS, domain=_AWAY, doc="max(x, 0).",
      vjp=lambda b, ct, x, y: _chosen_by(b, y, b.greater(y, b.zeros_like(y)), ct, b.zeros_like(ct)),
      decompose=lambda b, x: b.maximum(x, 0), cases=(_BOTH, case((), domain=_AWAY), case((0, 2))))  # fmt: skip


def _relu6_vjp(b: Any, ct: Any, x: Any, y: Any) -> Any:
    inside = b.logical_and(b.greater(x, b.zeros_like(x)), b.less(x, b.full_like(x, 6)))
    return _chosen_by(b, x, inside, ct, b.zeros_like(ct))


unary("relu6", lambda x: np.minimum(np.maximum(x, np.zeros((), x.dtype)), np.asarray(6, x.dtype)), dtypes=REALS,
      vjp=_relu6_vjp, decompose=lambda b, x: b.minimum(b.maximum(x, 0), 6),
      cases=(_BOTH, case(np.array([5.0, 7.0, -1.0])), case((), domain=_AWAY)),
      doc="min(max(x, 0), 6).")  # fmt: skip


def _with_slope(
    name: str, reference: Callable[..., Any], vjp: Any, *, attrs: dict[str, Any],
    dtypes: tuple[dtypes.DType, ...], cases: Sequence[Case], doc: str, decompose: Any = None,
) -> OpDef:  # fmt: skip
    """Registers an elementwise op with attributes; `vjp` is (builder, cotangent, x, y, **attrs) -> cotangent."""

    def rule(b: Any, node: Any, ct: Any) -> Sequence[Any]:
        return (vjp(b, ct, node.inputs[0], node.outputs[0], **node.attrs),)

    return register(
        OpDef(name=name, inputs=("x",), attrs=attrs, spec=lambda x, **_: TensorType(x.shape, x.dtype),
              reference=quiet(in_float32(reference)), dtypes=(dtypes,), vjp=rule, jvp=rule, decompose=decompose,
              cases=cases, doc=doc)  # fmt: skip
    )


def _leaky(b: Any, value: Any, x: Any, alpha: float) -> Any:
    return b.select(b.greater(x, b.zeros_like(x)), value, b.multiply(value, _scalar(b, value, alpha)))


_with_slope(
    "leaky_relu",
    lambda x, alpha: np.where(x > 0, x, (x * np.asarray(alpha, x.dtype if x.dtype.kind == "f" else np.float64))
                              .astype(x.dtype)),
    lambda b, ct, x, y, alpha: b.constant_around(_leaky(b, ct, x, alpha), x),
    attrs={"alpha": 0.2},
    dtypes=REALS,
    cases=(_BOTH, case(_BOTH.inputs[0], alpha=0.0), case((), alpha=0.5, domain=_AWAY)),
    decompose=lambda b, x, alpha: b.cast(_leaky(b, b.cast(x, dtype=dtypes.float64), x, alpha), dtype=b.dtype(x))
    if b.dtype(x).is_integer else _leaky(b, x, x, alpha),
    doc="x where it is positive, else alpha times x.",
)  # fmt: skip


def _elu_vjp(b: Any, ct: Any, x: Any, y: Any, alpha: float) -> Any:
    slope = b.multiply(b.exp(b.minimum(x, b.zeros_like(x))), _scalar(b, x, alpha))
    return b.select(b.greater(x, b.zeros_like(x)), ct, b.multiply(ct, slope))


_with_slope(
    "elu",
    lambda x, alpha: np.where(x > 0, x, np.asarray(alpha, x.dtype) * np.expm1(np.minimum(x, 0))),
    _elu_vjp,
    attrs={"alpha": 1.0},
    dtypes=FLOATS,
    cases=(_BOTH, case(_BOTH.inputs[0], alpha=0.5), case((), domain=_AWAY), _FAR),
    decompose=lambda b, x, alpha: b.select(b.greater(x, b.zeros_like(x)), x, b.multiply(
        b.expm1(b.minimum(x, b.zeros_like(x))), _scalar(b, x, alpha))),
    doc="x where it is positive, else alpha * (exp(x) - 1).",
)  # fmt: skip

# Source: Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks" (2017): the pair for which mean 0
# and variance 1 are a fixed point.
_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717



def _selu_vjp(b: Any, ct: Any, x: Any, y: Any) -> Any:
    zero = b.zeros_like(x)
    slope = b.multiply(b.exp(b.minimum(x, zero)), _SELU_ALPHA)
    return b.multiply(b.select(b.greater_equal(x, zero), ct, b.multiply(ct, slope)), _SELU_SCALE)


unary("selu", lambda x: np.asarray(_SELU_SCALE, x.dtype) * np.where(
          x > 0, x, np.asarray(_SELU_ALPHA, x.dtype) * np.expm1(np.minimum(x, 0))),
      dtypes=FLOATS, vjp=_selu_vjp,
      decompose=lambda b, x: b.multiply(b.elu(x, alpha=_SELU_ALPHA), _SELU_SCALE),
      cases=(_BOTH, case((), domain=_AWAY), _FAR),
      doc="The scaled elu that keeps mean 0 and variance 1.")  # fmt: skip

# Gates ---------------------------------------------------------------------------------------------------------------

_ROOT_HALF = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)
_TANH_SCALE = math.sqrt(2 / math.pi)


def _gelu(x: Any, approximate: bool) -> Any:
    if approximate:
        inner = np.asarray(_TANH_SCALE, x.dtype) * (x + np.asarray(0.044715, x.dtype) * x * x * x)
        return 0.5 * x * (1 + np.tanh(inner))
    return 0.5 * x * erfc(x * np.asarray(-_ROOT_HALF, x.dtype))


def _gelu_vjp(b: Any, ct: Any, x: Any, y: Any, approximate: bool) -> Any:
    if approximate:
        squared = b.square(x)
        inner = b.multiply(b.multiply(x, b.add(b.multiply(squared, 0.044715), 1)), _TANH_SCALE)
        tanh = b.tanh(inner)
        slope = b.multiply(b.add(b.multiply(squared, 3 * 0.044715), 1), _TANH_SCALE)
        change = b.multiply(b.multiply(x, slope), b.subtract(b.ones_like(tanh), b.square(tanh)))
        return b.multiply(ct, b.multiply(b.add(b.add(tanh, 1), change), 0.5))
    below = b.multiply(b.erfc(b.multiply(x, -_ROOT_HALF)), 0.5)
    density = b.multiply(b.exp(b.multiply(b.square(x), -0.5)), _DENSITY)
    return b.multiply(ct, b.add(below, b.multiply(x, density)))


def _decompose_gelu(b: Any, x: Any, approximate: bool) -> Any:
    if approximate:
        inner = b.multiply(b.multiply(x, b.add(b.multiply(b.square(x), 0.044715), 1)), _TANH_SCALE)
        return b.multiply(b.multiply(x, 0.5), b.add(b.tanh(inner), 1))
    return b.multiply(b.multiply(x, 0.5), b.erfc(b.multiply(x, -_ROOT_HALF)))


_with_slope(
    "gelu", _gelu, _gelu_vjp, attrs={"approximate": False}, dtypes=FLOATS, decompose=_decompose_gelu,
    cases=(case((2, 3)), case((2, 3), approximate=True), case(())),
    doc="x times the probability that a normal variable is below x; approximate: by a tanh.",
)  # fmt: skip


def _silu_vjp(b: Any, ct: Any, x: Any, y: Any, beta: float) -> Any:
    gate = b.sigmoid(b.multiply(x, beta))
    rest = b.multiply(b.multiply(x, beta), b.subtract(b.ones_like(gate), gate))
    return b.multiply(ct, b.multiply(gate, b.add(rest, 1)))


_with_slope(
    "silu",
    lambda x, beta: x * _sigmoid(np.asarray(beta, x.dtype) * x),
    _silu_vjp,
    attrs={"beta": 1.0},
    dtypes=FLOATS,
    decompose=lambda b, x, beta: b.multiply(x, b.sigmoid(b.multiply(x, beta))),
    cases=(case((2, 3)), case((2, 3), beta=1.702), case(())),
    doc="x times sigmoid(beta * x); also called swish.",
)


def _mish_vjp(b: Any, ct: Any, x: Any, y: Any) -> Any:
    gate = b.tanh(b.softplus(x))
    change = b.multiply(b.multiply(x, b.sigmoid(x)), b.subtract(b.ones_like(gate), b.square(gate)))
    return b.multiply(ct, b.add(gate, change))


unary("mish", lambda x: x * np.tanh(_softplus(x)), dtypes=FLOATS, vjp=_mish_vjp,
      decompose=lambda b, x: b.multiply(x, b.tanh(b.softplus(x))), doc="x times tanh(softplus(x)).")  # fmt: skip


def _hard_sigmoid(x: Any) -> Any:
    return np.minimum(np.maximum(x / np.asarray(6, x.dtype) + np.asarray(0.5, x.dtype), 0), 1).astype(x.dtype)


def _within(b: Any, x: Any) -> Any:
    return b.less(b.abs(x), b.full_like(x, 3))


unary("hard_sigmoid", _hard_sigmoid, dtypes=FLOATS,
      vjp=lambda b, ct, x, y: _where(b, _within(b, x), b.multiply(ct, 1 / 6)),
      decompose=lambda b, x: b.minimum(b.maximum(b.add(b.divide(x, 6), 0.5), 0), 1),
      cases=(case((2, 3)), case(np.array([-4.0, 4.0, 1.0])), case(())),
      doc="x / 6 + 1/2, kept between 0 and 1.")  # fmt: skip
unary("hard_silu", lambda x: x * _hard_sigmoid(x), dtypes=FLOATS,
      vjp=lambda b, ct, x, y: b.multiply(ct, b.add(
          b.hard_sigmoid(x), _where(b, _within(b, x), b.multiply(x, 1 / 6)))),
      decompose=lambda b, x: b.multiply(x, b.hard_sigmoid(x)),
      cases=(case((2, 3)), case(np.array([-4.0, 4.0, 1.0])), case(())),
      doc="x times hard_sigmoid(x).")  # fmt: skip

# Softmax -------------------------------------------------------------------------------------------------------------


def _axis_spec(x: TensorType, *, axis: int) -> TensorType:
    if x.rank == 0:
        raise SpecError("received a scalar", expected="rank 1 or more")
    normal_axes((axis,), x.rank or 0)
    return TensorType(x.shape, x.dtype)


def _centred(x: Any, axis: int) -> Any:
    return x - np.max(x, axis=axis, keepdims=True, initial=-np.inf).astype(x.dtype)


def _softmax(x: Any, axis: int) -> Any:
    result = np.exp(_centred(x, axis))
    result /= np.sum(result, axis=axis, keepdims=True, dtype=x.dtype)
    return result


def _log_softmax(x: Any, axis: int) -> Any:
    result = _centred(x, axis)
    result -= np.log(np.sum(np.exp(result), axis=axis, keepdims=True, dtype=x.dtype))
    return result


def _softmax_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    y, axis = node.outputs[0], (node.attrs["axis"],)
    mean = b.reduce_sum(b.multiply(ct, y), axis=axis, keepdims=True)
    return (b.multiply(b.subtract(ct, mean), y),)


def _log_softmax_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    total = b.reduce_sum(ct, axis=(node.attrs["axis"],), keepdims=True)
    return (b.subtract(ct, b.multiply(total, b.exp(node.outputs[0]))),)


def _stable(b: Any, x: Any, axis: int) -> Any:
    return b.subtract(x, b.stop_gradient(b.reduce_max(x, axis=(axis,), keepdims=True)))


def _decompose_softmax(b: Any, x: Any, axis: int) -> Any:
    powers = b.exp(_stable(b, x, axis))
    return b.divide(powers, b.reduce_sum(powers, axis=(axis,), keepdims=True))


def _decompose_log_softmax(b: Any, x: Any, axis: int) -> Any:
    centred = _stable(b, x, axis)
    return b.subtract(centred, b.log(b.reduce_sum(b.exp(centred), axis=(axis,), keepdims=True)))


_SOFTMAX_CASES = (
    case((2, 3), axis=-1),
    case((2, 3, 2), axis=1),
    case((4,), axis=0),
    case((0, 3), axis=-1),
    case((2, 0), axis=-1),
    case(np.array([[1000.0, 1001.0], [-1000.0, 0.0]]), axis=-1, grad=0, name="far out"),
)
register(OpDef(name="softmax", inputs=("x",), attrs={"axis": -1}, spec=_axis_spec,
               reference=quiet(in_float32(_softmax)), dtypes=(FLOATS,), vjp=_softmax_vjp,
               decompose=_decompose_softmax, cases=_SOFTMAX_CASES,
               doc="exp(x) / sum(exp(x)) along an axis."))  # fmt: skip
register(OpDef(name="log_softmax", inputs=("x",), attrs={"axis": -1}, spec=_axis_spec,
               reference=quiet(in_float32(_log_softmax)), dtypes=(FLOATS,), vjp=_log_softmax_vjp,
               decompose=_decompose_log_softmax, cases=_SOFTMAX_CASES,
               doc="log(softmax(x)) along an axis."))  # fmt: skip
