"""Factories for ops that come in families: what all unary or all binary elementwise ops have in common."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.ir.types import TensorType
from weft.ops.opdef import Case, Nondifferentiable, OpDef, SpecError, case, load, nondifferentiable, register

if TYPE_CHECKING:
    from weft.base.dtypes import DType

#: half precisions are computed in float32 and rounded once: numpy's own half loops round after every operation
_HALF = (np.dtype(np.float16), dtypes.bfloat16.numpy)


_unary: list[str] = []
_broadcasting: list[str] = []


#: a context in which numpy's infinities and NaNs are no warnings; runs in copies of it, which cost next to nothing
_QUIET = contextvars.Context()
_QUIET.run(np.seterr, all="ignore")
quiet_context = _QUIET.copy
#: references made by the two functions below: what they are made of
_layers: dict[Any, tuple[str, Callable[..., Any]]] = {}


def in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    """A reference that computes half-precision operands in float32 and rounds the result once."""

    def wrapped(*arrays: Any, **attrs: Any) -> Any:
        half = None
        for a in arrays:
            if a.dtype.itemsize == 2 and a.dtype in _HALF:
                half = a.dtype
                break
        if half is None:
            return function(*arrays, **attrs)
        result = function(*(a.astype(np.float32) if a.dtype == half else a for a in arrays), **attrs)
        return result.astype(half) if getattr(result, "dtype", None) == np.float32 else result

    _layers[wrapped] = ("in_float32", function)
    return wrapped


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """A reference whose infinities and NaNs are results, not warnings."""

    def wrapped(*arrays: Any, **attrs: Any) -> Any:
        return quiet_context().run(function, *arrays, **attrs)

    _layers[wrapped] = ("quiet", function)
    return wrapped


def bare(reference: Callable[..., Any], given: Sequence[Any]) -> tuple[Callable[..., Any], bool]:
    """What is left of a reference for operands of these numpy dtypes, and whether it is to run in `quiet_context`."""
    half = any(dtype in _HALF for dtype in given)
    calm = False
    while reference in _layers and not (half and _layers[reference][0] == "in_float32"):
        kind, reference = _layers[reference]
        calm = calm or kind == "quiet"
    return reference, calm


def elementwise_shape(types: Sequence[TensorType]) -> tuple[Any, ...] | None:
    """The broadcast of all operands' shapes; None where one of them is unknown.

    Raises:
        SpecError: Naming the axis at which two of them do not go together.
    """
    if any(type.shape is None for type in types):
        return None
    result = types[0].shape or ()
    for type in types[1:]:
        shape = type.shape or ()
        joined = shapes.broadcast(result, shape)
        if joined is None:
            raise _broadcast_error(result, shape)
        result = joined
    return result


def _broadcast_error(first: tuple[Any, ...], second: tuple[Any, ...]) -> SpecError:
    for back in range(1, min(len(first), len(second)) + 1):
        if dims.broadcast(first[-back], second[-back]) is None:
            axis = f"{first[-back]} against {second[-back]}, {back} from the end" if back > 1 else (
                f"{first[-back]} against {second[-back]} in the last axis")  # fmt: skip
            break
    return SpecError(
        f"shapes {shapes.show(first)} and {shapes.show(second)} do not broadcast: {axis}",
        expected="sizes that are equal, or one of them 1",
        hint="reshape, transpose or expand_dims one operand",
    )


def unary(
    name: str,
    reference: Callable[..., Any],
    *,
    vjp: Callable[[Any, Any, Any, Any], Any] | Nondifferentiable,
    dtypes: tuple[DType, ...],
    result: Callable[[DType], DType] | None = None,
    domain: Any = (-2.0, 2.0),
    cases: Sequence[Case] | None = None,
    decompose: Callable[..., Any] | None = None,
    doc: str = "",
    tolerance: float = 1e-5,
    grad_order: int = 2,
    reason: str = "",
) -> OpDef:
    """Registers an op that maps each element by itself.

    Args:
        name: The op.
        reference: Array to array.
        vjp: (builder, cotangent, x, y) -> cotangent of x; the derivative is the same rule in forward mode where it is
            linear in the cotangent, which it always is, so `jvp` uses it too (for real x).
        dtypes: Dtypes of x.
        result: The result's dtype from that of x; the same where None.
        domain: Where test values come from.
        cases: Test cases; a matrix, a scalar and an empty one where None.
        decompose: The op in terms of others.
        doc: One line.
        tolerance: Of float32 results against float64 ones.
        grad_order: Highest order of gradients claimed.
        reason: Why it is below 2, or why dtypes fall short of TensorFlow's.
    """

    def spec(x: TensorType) -> TensorType:
        return TensorType(x.shape, x.dtype if result is None else result(x.dtype))

    rule: Any = vjp
    jvp: Any = None
    if not isinstance(vjp, Nondifferentiable):
        elementwise = vjp

        def rule(b: Any, node: Any, ct: Any) -> Sequence[Any]:
            return (elementwise(b, ct, node.inputs[0], node.outputs[0]),)

        def jvp(b: Any, node: Any, t: Any) -> Sequence[Any]:
            if b.dtype(node.inputs[0]).is_complex and not b.dtype(node.outputs[0]).is_complex:  # abs, real, imag
                slope = elementwise(b, b.ones_like(node.outputs[0]), node.inputs[0], node.outputs[0])
                return (b.real(b.multiply(b.conj(slope), t)),)
            if b.dtype(node.inputs[0]).is_complex:  # rules conjugate: take the tangent through conjugates
                return (b.conj(elementwise(b, b.conj(t), node.inputs[0], node.outputs[0])),)
            return (elementwise(b, t, node.inputs[0], node.outputs[0]),)

    _unary.append(name)
    return register(
        OpDef(name=name, inputs=("x",), spec=spec, reference=quiet(in_float32(reference)), dtypes=(dtypes,), vjp=rule,
              jvp=jvp, decompose=decompose, any_rank=True, by_dtype=True, doc=doc, grad_order=grad_order, reason=reason,
              cases=cases if cases is not None else (
                  case((2, 3), domain=domain, tolerance=tolerance),
                  case((), domain=domain, tolerance=tolerance),
                  case((0, 3), domain=domain)))  # fmt: skip
    )


def broadcasting_ops() -> tuple[str, ...]:
    """The names of all ops made by `binary`: those of two operands that broadcast."""
    load()
    return tuple(_broadcasting)


def elementwise_ops() -> tuple[str, ...]:
    """The names of all ops made by `unary` or `binary`: each element of the result needs one of each operand."""
    load()
    return (*_unary, *_broadcasting)


def binary(
    name: str,
    reference: Callable[..., Any],
    *,
    vjp: Callable[[Any, Any, Any, Any, Any], Sequence[Any]] | Nondifferentiable,
    dtypes: tuple[DType, ...],
    result: Callable[[DType], DType] | None = None,
    domain: Any = (-2.0, 2.0),
    cases: Sequence[Case] | None = None,
    decompose: Callable[..., Any] | None = None,
    doc: str = "",
    tolerance: float = 1e-5,
    grad_order: int = 2,
    reason: str = "",
) -> OpDef:
    """Registers an op on two operands that broadcast. `vjp` is (builder, cotangent, x, y, z) -> the two cotangents in
    the shape of the result; summing them over broadcast axes is done here. Either may be None."""

    def spec(x: TensorType, y: TensorType) -> TensorType:
        return TensorType(elementwise_shape((x, y)), x.dtype if result is None else result(x.dtype))

    rule: Any = vjp
    if not isinstance(vjp, Nondifferentiable):
        elementwise = vjp

        def rule(b: Any, node: Any, ct: Any) -> Sequence[Any]:
            x, y = node.inputs
            parts = elementwise(b, ct, x, y, node.outputs[0])
            return [None if part is None or not need else b.unbroadcast_like(part, operand)
                    for part, operand, need in zip(parts, (x, y), node.needs, strict=True)]  # fmt: skip

    _broadcasting.append(name)
    return register(
        OpDef(name=name, inputs=("x", "y"), spec=spec, reference=quiet(in_float32(reference)), dtypes=(dtypes,),
              vjp=rule, decompose=decompose, any_rank=True, by_dtype=True, doc=doc, grad_order=grad_order,
              reason=reason,
              cases=cases if cases is not None else (
                  case((2, 3), (2, 3), domain=domain, tolerance=tolerance),
                  case((2, 1, 3), (4, 1), domain=domain, tolerance=tolerance),
                  case((2, 3), (), domain=domain, tolerance=tolerance),
                  case((0, 3), (3,), domain=domain)))  # fmt: skip
    )


def to_bool(_: DType) -> DType:
    """The result dtype of predicates."""
    return dtypes.bool_


NO_BOOL_GRADIENT = nondifferentiable("its result is a bool, which has no gradient")
PIECEWISE_CONSTANT = nondifferentiable("it is constant between its jumps")
