"""Constants, and the identity in its shades: what passes a value on and differs only in what flows back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.ir.graph import Constant
from weft.ir.types import TensorType
from weft.ops.opdef import REQUIRED, OpDef, case, nondifferentiable, register


def _constant_spec(*, value: Constant) -> TensorType:
    return TensorType(value.array.shape, dtypes.as_dtype(value.array.dtype))


register(
    OpDef(
        name="constant",
        inputs=(),
        attrs={"value": REQUIRED},
        spec=_constant_spec,
        reference=lambda value: value.array,
        dtypes=(),
        vjp=lambda b, node, ct: (),
        doc="A value known when the graph is built.",
        cases=(case(value=Constant(np.array([[1.5, -2.0]], np.float32))), case(value=Constant(np.int64(3)))),
    )
)


def _same_type(x: TensorType, **attrs: Any) -> TensorType:
    return TensorType(x.shape, x.dtype, x.handle)


register(
    OpDef(
        name="identity",
        inputs=("x",),
        spec=_same_type,
        reference=lambda x: x,
        dtypes=((*dtypes.ALL, dtypes.variant),),
        vjp=lambda b, node, ct: (ct,),
        jvp=lambda b, node, t: (t,),
        doc="The same value.",
        cases=(case((2, 3)), case(())),
    )
)

register(
    OpDef(
        name="identity_n",
        inputs=("*values",),
        spec=lambda *values: tuple(_same_type(value) for value in values),
        reference=lambda *values: values,
        dtypes=((*dtypes.ALL, dtypes.variant),),
        same=(),
        vjp=lambda b, node, *cts: cts,
        jvp=lambda b, node, *ts: ts,
        decompose=lambda b, *values: tuple(b.identity(value) for value in values),
        outputs=None,
        doc="The same values, as the results of one op: what several nodes make shows as one operation of a graph.",
        cases=(case((2, 3), ()), case((2,)), case((3,), (3,), (2, 1))),
    )
)

register(
    OpDef(
        name="stop_gradient",
        inputs=("x",),
        spec=_same_type,
        reference=lambda x: x,
        dtypes=(dtypes.ALL,),
        vjp=nondifferentiable("stop_gradient blocks it on purpose"),
        doc="The same value; no gradient flows back.",
        cases=(case((2, 3)),),
    )
)


register(
    OpDef(
        name="lay_out",
        inputs=("x",),
        attrs={"axes": REQUIRED},
        spec=lambda x, axes: _same_type(x),
        reference=lambda x, axes: x,
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: (b.call("lay_out", ct, axes=node.attrs["axes"]),),
        jvp=lambda b, node, t: (b.call("lay_out", t, axes=node.attrs["axes"]),),
        decompose=lambda b, x, axes: b.identity(x),
        any_rank=True,
        doc="The same value, cut over a grid of devices: for each axis, the first ones if they are fewer, the name of "
        "the grid's axis that it is cut along, or None.",
        cases=(case((2, 3), axes=(None, "model")), case((4,), axes=("batch",))),
    )
)


def _around_spec(value: TensorType, at: TensorType) -> TensorType:
    return TensorType(value.shape, value.dtype)


register(
    OpDef(
        name="constant_around",
        inputs=("value", "at"),
        spec=_around_spec,
        reference=lambda value, at: value,
        dtypes=(dtypes.NUMBERS, dtypes.NUMBERS),
        same=(),
        vjp=lambda b, node, ct: (ct, b.zeros_like(node.inputs[1])),
        jvp=lambda b, node, t, _: (t,),
        decompose=lambda b, value, at: b.identity(value),
        doc="The value, which stays as it is when `at` changes a little: zeros flow back to `at`, where an op that "
        "chose between pieces by it (the slope of a rectifier) would leave nothing, as if it had no part in it.",
        cases=(case((2, 3), (2, 3)), case((2,), (3, 1))),
    )
)


def _prevent_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    raise LookupError(node.attrs["message"] or "this value refuses to be differentiated")


register(
    OpDef(
        name="prevent_gradient",
        inputs=("x",),
        attrs={"message": ""},
        spec=_same_type,
        reference=lambda x, message: x,
        dtypes=(dtypes.ALL,),
        vjp=_prevent_vjp,
        grad_order=0,
        reason="asking for its gradient is an error, on purpose",
        doc="The same value; asking for a gradient through it is an error.",
        cases=(case((2,)),),
    )
)
