"""Running reductions along an axis, and the linear recurrence with which they are differentiated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dtypes import COMPLEX, FLOATS, NUMBERS, REALS
from weft.ir.types import TensorType
from weft.ops.families import in_float32, quiet
from weft.ops.opdef import Case, OpDef, SpecError, case, register
from weft.ops.reduce import normal_axes


def _axis_spec(x: TensorType, *, axis: int, **_: Any) -> TensorType:
    normal_axes((axis,), x.rank or 0)
    return x.with_shape(x.shape)


def _at(x: Any, axis: int, which: Any) -> tuple[Any, ...]:
    """The index of one place, or slice, along an axis."""
    return (*(slice(None) for _ in range(axis % x.ndim)), which)


def shifted(x: Any, axis: int, reverse: bool, fill: Any = 0) -> Any:
    """The array moved by one along an axis, the place that falls free filled."""
    result = np.full_like(x, fill)
    if x.shape[axis] > 1:
        later, earlier = _at(x, axis, slice(1, None)), _at(x, axis, slice(None, -1))
        if reverse:
            result[earlier] = x[later]
        else:
            result[later] = x[earlier]
    return result


register(
    OpDef(
        name="shift",
        inputs=("x",),
        attrs={"axis": 0, "reverse": False},
        spec=_axis_spec,
        reference=shifted,
        dtypes=(NUMBERS,),
        vjp=lambda b, node, ct: (b.shift(ct, axis=node.attrs["axis"], reverse=not node.attrs["reverse"]),),
        jvp=lambda b, node, t: (b.shift(t, **node.attrs),),
        doc="The tensor moved by one place along an axis, a zero where nothing comes in.",
        cases=(case((3, 2), axis=0), case((2, 3), axis=-1, reverse=True), case((1,), axis=0), case((0, 2), axis=0)),
    )
)


@quiet
@in_float32
def _recurrence(coefficients: Any, values: Any, axis: int, reverse: bool) -> Any:
    result = np.array(values)
    places = range(values.shape[axis])
    previous = None
    for place in reversed(places) if reverse else places:
        at = _at(values, axis, place)
        if previous is not None:
            result[at] += coefficients[at] * result[previous]
        previous = at
    return result


def _recurrence_spec(coefficients: TensorType, values: TensorType, *, axis: int, reverse: bool) -> TensorType:
    if not shapes.compatible(coefficients.shape, values.shape):
        raise SpecError(
            f"coefficients have shape {shapes.show(coefficients.shape)}, values {shapes.show(values.shape)}",
            expected="equal shapes",
        )
    return _axis_spec(values, axis=axis)


def _recurrence_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    # The adjoint runs the other way: what a place passes on is weighted by the next place's coefficient.
    coefficients = node.inputs[0]
    axis, reverse = node.attrs["axis"], node.attrs["reverse"]
    onward = b.shift(b.conj(coefficients), axis=axis, reverse=not reverse)
    to_values = b.linear_recurrence(onward, ct, axis=axis, reverse=not reverse)
    before = b.shift(node.outputs[0], axis=axis, reverse=reverse)
    return b.multiply(to_values, b.conj(before)) if node.needs[0] else None, to_values


register(
    OpDef(
        name="linear_recurrence",
        inputs=("coefficients", "values"),
        attrs={"axis": 0, "reverse": False},
        spec=_recurrence_spec,
        reference=_recurrence,
        dtypes=(FLOATS + COMPLEX,),
        vjp=_recurrence_vjp,
        doc="y[i] = values[i] + coefficients[i] * y[i-1] along an axis, y[-1] being 0.",
        cases=(
            case((4, 2), (4, 2), axis=0),
            case((2, 3), (2, 3), axis=-1, reverse=True),
            case((1,), (1,), axis=0),
            case((0, 2), (0, 2), axis=0),
        ),
    )
)


def _scan(function: Any, start: Any) -> Callable[..., Any]:
    """A running reduction from a numpy one: run backwards by flipping, exclusive by moving one on."""

    def reference(x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
        turned = np.flip(x, axis) if reverse else x
        result = np.asarray(function(turned, axis))
        if exclusive:
            result = shifted(result, axis, False, start)
        return np.flip(result, axis) if reverse else result

    return quiet(in_float32(reference))


_ATTRS = {"axis": 0, "exclusive": False, "reverse": False}


def _scan_cases(**extra: Any) -> Sequence[Case]:
    return (
        case((4, 2), axis=0, **extra),
        case((2, 3), axis=-1, reverse=True, **extra),
        case((2, 3), axis=1, exclusive=True, **extra),
        case((3, 2), axis=-2, exclusive=True, reverse=True, **extra),
        case((0, 2), axis=0, **extra),
        case((2, 0), axis=0, **extra),
        case((1,), axis=0, exclusive=True, **extra),
    )


def _opposite(b: Any, op: str, value: Any, node: Any) -> Any:
    attrs = dict(node.attrs)
    attrs["reverse"] = not attrs["reverse"]
    return b.call(op, value, **attrs)


register(
    OpDef(
        name="cumsum",
        inputs=("x",),
        attrs=_ATTRS,
        spec=_axis_spec,
        reference=_scan(lambda x, axis: np.cumsum(x, axis=axis, dtype=x.dtype), 0),
        dtypes=(NUMBERS,),
        vjp=lambda b, node, ct: (_opposite(b, "cumsum", ct, node),),
        jvp=lambda b, node, t: (b.cumsum(t, **node.attrs),),
        doc="The running sum along an axis.",
        cases=_scan_cases(),
    )
)


def _cumprod_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    # dy[j]/dx[i] is what comes before i times what lies between i and j. The first factor is a running product; the
    # sum over j of the second is a recurrence from the far end. No division: zeros are numbers like others.
    x = b.conj(node.inputs[0])
    axis, reverse = node.attrs["axis"], node.attrs["reverse"]
    before = b.cumprod(x, axis=axis, exclusive=True, reverse=reverse)
    if node.attrs["exclusive"]:
        behind = b.shift(b.linear_recurrence(x, ct, axis=axis, reverse=not reverse), axis=axis, reverse=not reverse)
    else:
        onward = b.shift(x, axis=axis, reverse=not reverse)
        behind = b.linear_recurrence(onward, ct, axis=axis, reverse=not reverse)
    return (b.multiply(before, behind),)


register(
    OpDef(
        name="cumprod",
        inputs=("x",),
        attrs=_ATTRS,
        spec=_axis_spec,
        reference=_scan(lambda x, axis: np.cumprod(x, axis=axis, dtype=x.dtype), 1),
        dtypes=(NUMBERS,),
        vjp=_cumprod_vjp,
        doc="The running product along an axis.",
        cases=(*_scan_cases(), case(np.array([1.5, 0.0, 2.0, 0.0, 3.0]), axis=0, name="zeros")),
    )
)


def _log_add(x: Any, axis: int) -> Any:
    return np.logaddexp.accumulate(x, axis=axis)


def _cumulative_logsumexp_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    # sum over j of ct[j] * exp(x[i] - y[j]), positive and negative cotangents apart, each in logarithms.
    x, y = node.inputs[0], node.outputs[0]
    floor = b.full_like(ct, -np.inf)

    def part(sign: Any) -> Any:
        ct_part = b.multiply(ct, sign)
        wanted = b.greater(ct_part, b.zeros_like(ct))
        logs = b.log(b.select(wanted, ct_part, b.ones_like(ct)))
        terms = b.select(wanted, b.subtract(logs, y), floor)
        return b.exp(b.add(_opposite(b, "cumulative_logsumexp", terms, node), x))

    return (b.subtract(part(1), part(-1)),)


register(
    OpDef(
        name="cumulative_logsumexp",
        inputs=("x",),
        attrs=_ATTRS,
        spec=_axis_spec,
        reference=_scan(_log_add, -np.inf),
        dtypes=(FLOATS,),
        vjp=_cumulative_logsumexp_vjp,
        grad_order=1,
        reason="its rule takes logarithms of the cotangent, as TensorFlow's does: it is not linear where that is 0",
        doc="log(cumsum(exp(x))) along an axis, without overflow.",
        cases=(
            case((4, 2), axis=0, grad=1),
            case((2, 3), axis=-1, reverse=True, grad=1),
            case((2, 3), axis=1, exclusive=True, grad=0),  # the first is -inf, which no difference quotient survives
            case((3, 2), axis=-2, exclusive=True, reverse=True, grad=0),
            case((0, 2), axis=0, grad=1),
        ),
    )
)


def _extreme_positions(x: Any, axis: int, reverse: bool, least: bool) -> tuple[Any, Any]:
    """The running extreme and the position of its first occurrence in the direction of the run."""
    turned = np.flip(x, axis) if reverse else x
    values = (np.minimum if least else np.maximum).accumulate(turned, axis=axis)
    size = x.shape[axis]
    places = np.arange(size).reshape([-1 if i == axis % x.ndim else 1 for i in range(x.ndim)])
    fresh = np.ones(x.shape, bool)  # where the extreme changes, a new position is taken
    before = values[_at(values, axis, slice(None, -1))]
    after = values[_at(values, axis, slice(1, None))]
    fresh[_at(fresh, axis, slice(1, None))] = (after != before) & ~((after != after) & (before != before))
    where = np.maximum.accumulate(np.where(fresh, places, 0), axis=axis)
    if reverse:
        values, where = np.flip(values, axis), np.flip(size - 1 - where, axis)
    return values, where.astype(np.int64)


def _running_extreme_vjp(b: Any, node: Any, ct: Any, _: Any) -> Sequence[Any]:
    return (b.take_along_axis_grad(ct, node.outputs[1], shape=b.shape(ct), axis=node.attrs["axis"]),)


for _name, _least, _doc in (
    ("cummax", False, "The running maximum along an axis, and where it was found."),
    ("cummin", True, "The running minimum along an axis, and where it was found."),
):
    register(
        OpDef(
            name=_name,
            inputs=("x",),
            attrs={"axis": 0, "reverse": False},
            spec=lambda x, axis, reverse: (_axis_spec(x, axis=axis), TensorType(x.shape, dtypes.int64)),
            reference=quiet(lambda x, axis, reverse, _least=_least: _extreme_positions(x, axis, reverse, _least)),
            dtypes=(REALS,),
            vjp=_running_extreme_vjp,
            doc=_doc,
            outputs=("values", "indices"),
            cases=(case((4, 2), axis=0), case((2, 3), axis=-1, reverse=True), case((0, 2), axis=0),
                   case(np.array([1.0, np.nan, 2.0, 3.0]), axis=0, grad=0)),
        )
    )  # fmt: skip
