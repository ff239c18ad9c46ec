"""What the modules of this floor share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from weft.base import dtypes
from weft.base.errors import explain
from weft.ops import opdef
from weft.runtime import dispatch, frontdoor, sizes
from weft.runtime.tensor import EagerTensor, Tensor


def apply(op: str, *inputs: Any, name: str | None = None, **attrs: Any) -> Any:
    """Applies an op to converted inputs; one output comes bare, several as a tuple."""
    tensors = [value if value.__class__ is EagerTensor else frontdoor.operand(value) for value in inputs]
    outputs = dispatch.finish(opdef.get(op), tensors, attrs, name)
    return outputs[0] if len(outputs) == 1 else outputs


def unary(op: str, public: str | None = None) -> Callable[..., Any]:
    """The public form of an op on one tensor."""

    def function(x: Any, name: str | None = None) -> Any:
        if x.__class__ is not EagerTensor:
            x = frontdoor.operand(x)
        if x.__class__ is EagerTensor:
            found = dispatch.single(opdef.get(op), x)
            if found is not None:
                return found
        return dispatch.apply(opdef.get(op), (x,), {}, name)[0]

    return _named(function, public or op, opdef.get(op).doc, "x: A tensor.")


def binary(op: str, public: str | None = None) -> Callable[..., Any]:
    """The public form of an op on two tensors that broadcast."""
    function = frontdoor.binary(op, said=public or op)
    return _named(function, public or op, opdef.get(op).doc, "x: A tensor.\n    y: A tensor that broadcasts with it.")


def _named(function: Callable[..., Any], name: str, doc: str, args: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    # Pickle looks a function up by name in its module: that is the one that asked for it, two calls out.
    function.__module__ = sys._getframe(2).f_globals["__name__"]
    function.__doc__ = f"{doc}\n\nArgs:\n    {args}\n    name: The node's name.\n\nReturns:\n    A tensor."
    return function


def axes_of(x: Any, axis: Any) -> tuple[int, ...]:
    """The axes to reduce over as a tuple; all of them for None."""
    if axis is None:
        rank = x.shape.rank
        if rank is None:
            raise ValueError("The axes of a tensor of unknown rank cannot be counted; use set_shape or name the axes.")
        return tuple(range(rank))
    if isinstance(axis, (list, tuple)):
        # a list becomes one tensor of integers, in which a boolean counts as 0 or 1
        return tuple(int(a) if isinstance(a, bool) else integer(a, "axis") for a in axis)
    if not isinstance(axis, int) and hasattr(axis, "shape"):
        found = sizes.known(frontdoor.convert(axis))
        if isinstance(found, tuple):
            return tuple(found)
        if found is not None:
            return (found,)
    return (integer(axis, "axis"),)


def in_a_row(x: Any) -> Any:
    """All elements as a vector, whatever the rank."""
    return dispatch.call("reshape_dynamic", x, dispatch.builder.constant([-1], dtypes.int32))


def shape_vector(shape: Any) -> Any:
    """A shape argument, in which a scalar tensor is one size."""
    if isinstance(shape, Tensor) and shape.shape.rank == 0:
        return apply("reshape", shape, shape=(1,))
    return shape


def reduced(op: str, x: Any, axis: Any, keepdims: Any, name: str | None = None, **attrs: Any) -> Any:
    """A reduction over axes, all of them for None; where their number is not known, over the elements in a row."""
    if axis is not None or x.shape.rank is not None:
        return apply(op, x, axis=axes_of(x, axis), keepdims=bool(keepdims), name=name, **attrs)
    result = apply(op, in_a_row(x), axis=(0,), keepdims=False, name=name, **attrs)
    return with_axes_of(result, x) if keepdims else result


def with_axes_of(scalar: Any, x: Any) -> Any:
    """A scalar with as many axes of size 1 as a tensor of unknown rank has."""
    return dispatch.call("reshape_dynamic", scalar, dispatch.builder.ones_like(dispatch.call("shape", x)))


def integer(value: Any, what: str) -> int:
    """A Python integer out of one, a numpy one or a tensor whose value is known.

    Raises:
        TypeError: For anything else.
    """
    if isinstance(value, bool):
        raise TypeError(f"`{what}` must be an integer, received {value!r}.")
    if isinstance(value, int):
        return value
    if frontdoor.is_tensor_like(value):
        found = sizes.known(frontdoor.convert(value))
        if isinstance(found, int):
            return found
    try:
        return int(value.__index__())
    except (AttributeError, TypeError):
        hint = "give a Python number: the function is traced for each" if frontdoor.is_tensor_like(value) else None
        raise TypeError(explain(f"`{what}` must be an integer.", received=repr(value), hint=hint)) from None


def cast_to(x: Any, dtype: Any) -> Any:
    """A tensor of that dtype."""
    tensor = frontdoor.convert(x)
    wanted = dtypes.as_dtype(dtype)
    return tensor if tensor.dtype == wanted else dispatch.call("cast", tensor, dtype=wanted)


def keeps_all(rate: Any) -> bool:
    """Whether dropout of a rate is known to leave all as it is.

    Raises:
        ValueError: For a rate outside [0, 1).
    """
    if isinstance(rate, (int, float)) and not 0 <= rate < 1:
        raise ValueError(f"`rate` must be in [0, 1), received {rate}.")
    return isinstance(rate, (int, float)) and rate == 0
