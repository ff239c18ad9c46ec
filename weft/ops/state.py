"""State: variables behind resource handles, read and written, and the counters of random generators."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dtypes, replica, shapes
from weft.base.dims import Dim
from weft.base.errors import FailedPreconditionError, explain
from weft.ir.types import TensorType
from weft.ops.opdef import REQUIRED, Effect, OpDef, SpecError, case, nondifferentiable, register

_ANY = (*dtypes.ALL, dtypes.variant)
_NO_STATE_CASES = "state ops are tested through variables"


def _held(handle: TensorType) -> TensorType:
    if handle.handle is None:
        raise SpecError("its handle does not say what the variable holds")
    return handle.handle


def _contents(handle: TensorType) -> TensorType:
    """What a read gives. Sizes that the handle leaves open are this read's own: a write may change them."""
    held = _held(handle)
    return TensorType(shapes.refreshed(held.shape), held.dtype)


def _read(cell: Any) -> Any:
    value = cell.read()
    if value is None:
        name = getattr(cell, "name", "") or "a variable"
        raise FailedPreconditionError(
            explain(f"Attempting to use uninitialized value {name}: `{name}` is read before it has a value.",
                    hint="run tf.compat.v1.global_variables_initializer() first (and local_variables_initializer(), as "
                    "the variables of tf.metrics and of num_epochs are local), or assign it a value")  # fmt: skip
        )
    return value


register(
    OpDef(
        name="read_variable",
        inputs=("handle",),
        spec=_contents,
        reference=_read,
        dtypes=((dtypes.resource,),),
        vjp=lambda b, node, ct: (ct,),
        effect=Effect.READ,
        cases=(case((2, 3)), case(())),
        doc="The variable's present value.",
    )
)


def _check_fit(held: TensorType, value: TensorType) -> TensorType:
    if held.dtype is not value.dtype:
        raise SpecError(
            f"the variable holds {held.dtype.name}, the value is {value.dtype.name}",
            hint=f"convert it with tf.cast(value, tf.{held.dtype.name})",
            dtype=True,
        )
    if not shapes.compatible(held.shape, value.shape):
        raise SpecError(f"the variable has shape {shapes.show(held.shape)}, the value {shapes.show(value.shape)}")
    return value


def _assign(cell: Any, value: Any) -> Any:
    cell.write(value)
    return value


def _shape_of_result(held: TensorType, value: TensorType) -> TensorType:
    if held.shape is None or value.shape is None:
        return value if held.shape is None else TensorType(shapes.refreshed(held.shape), held.dtype)
    sizes = zip(held.shape, value.shape, strict=True)
    return TensorType(tuple(new if isinstance(old, Dim) else old for old, new in sizes), held.dtype)


register(
    OpDef(
        name="assign_variable",
        inputs=("handle", "value"),
        spec=lambda handle, value: _shape_of_result(_held(handle), _check_fit(_held(handle), value)),
        reference=_assign,
        dtypes=((dtypes.resource,), _ANY),
        same=(),
        vjp=nondifferentiable("an assignment stores a value; differentiate the value before it is assigned"),
        effect=Effect.WRITE,
        cases=(case((2, 3), (2, 3), dtypes=(dtypes.float32,)),),
        doc="Gives the variable a value; returns it.",
    )
)


def _update_spec(handle: TensorType, value: TensorType) -> TensorType:
    return _shape_of_result(_held(handle), _check_fit(_held(handle), value))


for _name, _function, _doc in (
    ("assign_add_variable", np.add, "Adds to the variable; returns its new value."),
    ("assign_sub_variable", np.subtract, "Subtracts from the variable; returns its new value."),
):

    def _update(cell: Any, value: Any, _function: Any = _function) -> Any:
        held = _read(cell)
        if held.shape != value.shape:
            raise ValueError(f"the variable has shape {held.shape}, the value {value.shape}; they must be equal")
        return _assign(cell, np.asarray(_function(held, value)))

    register(
        OpDef(
            name=_name,
            inputs=("handle", "value"),
            spec=_update_spec,
            reference=_update,
            dtypes=((dtypes.resource,), dtypes.NUMBERS),
            same=(),
            vjp=nondifferentiable("an assignment stores a value; differentiate the value before it is assigned"),
            effect=Effect.WRITE,
            cases=(case((2, 3), (2, 3), dtypes=(dtypes.float32,)), case((), (), dtypes=(dtypes.float32,))),
            doc=_doc,
        )
    )


def _is_initialized(cell: Any) -> Any:
    return np.asarray(cell.read() is not None)


register(
    OpDef(
        name="is_variable_initialized",
        inputs=("handle",),
        spec=lambda handle: TensorType((), dtypes.bool_),
        reference=_is_initialized,
        dtypes=((dtypes.resource,),),
        vjp=nondifferentiable("its result is a bool"),
        effect=Effect.READ,
        cases=(case((2,)),),
        doc="Whether the variable has a value.",
    )
)


_MASK = (1 << 64) - 1


def _words(counter: int) -> tuple[int, int]:
    return counter & _MASK, counter >> 64 & _MASK


def _advance(cell: Any, blocks: int) -> Any:
    low, high, key = (int(word) for word in _read(cell))
    before, (number, count) = high << 64 | low, replica.present()
    begin, after = (_words(before + turn * blocks) for turn in (number, count))
    cell.write(np.array([*after, key], np.uint64))
    halves = np.array([*begin, key], "<u8").view("<u4").astype(np.uint32)
    return halves[4:].copy(), halves[:4].copy()


register(
    OpDef(
        name="advance_random_state",
        inputs=("handle",),
        attrs={"blocks": REQUIRED},
        spec=lambda handle, blocks: (TensorType((2,), dtypes.uint32), TensorType((4,), dtypes.uint32)),
        reference=_advance,
        dtypes=((dtypes.resource,),),
        vjp=nondifferentiable("random state has no gradient"),
        effect=Effect.WRITE,
        outputs=("key", "counter"),
        cases=(case(np.array([2**64 - 1, 5, 2**40 + 7], np.uint64), blocks=3),),
        doc="Takes `blocks` blocks of four 32-bit numbers from a generator, whose state is its counter (two 64-bit "
        "words, low one first) and its key: returns the key and the first counter as 32-bit words, low ones first. "
        "Replicas take blocks one after the other, each its own.",
    )
)
