"""Shapes that users hand in: lists, tensors, mixtures. What is known of them while tracing stays known.

`tf.reshape(x, [tf.shape(x)[0], -1])` in a traced function keeps the batch symbol: the shape tensor is followed back to
the sizes that it was made of, and only where that fails does the op take the tensor itself at run time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.shapes import TensorShape
from weft.ir import known_sizes
from weft.ir.graph import Node, Value
from weft.runtime import context, dispatch, fed_parameters, frontdoor
from weft.runtime.tensor import EagerTensor, Tensor

resolve_minus_one = known_sizes.resolve_minus_one


def known(tensor: Any) -> Any:
    """The content of an integer tensor of rank 0 or 1 as a size or a tuple of sizes, where it follows from shapes.

    Returns:
        An int or `Dim`, a tuple of them, or None where only running tells.
    """
    if isinstance(tensor, EagerTensor):
        return known_sizes.content_of(tensor._array)
    value = getattr(tensor, "_value", None)
    if value is None:
        return None
    found = known_sizes.content(value, _given)
    if found is not None:
        fed_parameters.note(value, found)
    return found


def has_default(node: Node) -> bool:
    """Whether a node is a placeholder with a default value, in whose place a session may feed another."""
    return node.metadata.get("type") == "PlaceholderWithDefault"


def _given(value: Value) -> Any:
    """The array that a captured input stands for, where it is one that cannot change."""
    captured = next((key.target for key, own in value.node.graph.captures.items() if own is value), None)
    return captured._array if isinstance(captured, EagerTensor) else None


def shape_argument(shape: Any) -> tuple[Any, ...] | Any:
    """A shape that a user gave: a tuple of sizes (-1 and symbols among them), or a tensor where only running tells."""
    if isinstance(shape, TensorShape):
        if shape.symbolic is None:
            raise ValueError("A shape of unknown rank cannot be used here.")
        return shape.symbolic
    if isinstance(shape, (int, np.integer, Dim)):
        return (int(shape) if not isinstance(shape, Dim) else shape,)
    if isinstance(shape, (list, tuple)):
        parts = [_size(item) for item in shape]
        if all(part is not None for part in parts):
            return tuple(parts)
        return as_tensor(shape)
    tensor = frontdoor.convert(shape)
    found = known(tensor)
    if isinstance(found, tuple):
        return found
    if found is not None:
        return (found,)
    return tensor


def as_tensor(shape: Any) -> Any:
    """Sizes, some of which may be known by name alone, as one tensor; a tensor as it is."""
    return frontdoor.convert([_number(item) for item in shape]) if isinstance(shape, (list, tuple)) else shape


def _number(item: Any) -> Any:
    """A size among others of which only running tells."""
    if isinstance(item, Dim):
        return dispatch.call("dimension", size=item)
    if item is None:
        return -1
    size = _whole(frontdoor.convert(item))  # a placeholder made without a shape holds one number
    return size if size.shape.rank is not None else dispatch.call("reshape", size, shape=())


def _whole(tensor: Any) -> Any:
    """A tensor among sizes as an integer: `tf.math.ceil(height / 8)` is a float, and TensorFlow takes it so."""
    return dispatch.call("cast", tensor, dtype=dtypes.int32) if tensor.dtype.is_floating else tensor


def _size(item: Any) -> Any:
    if item is None:
        return -1
    if isinstance(item, (int, np.integer)):
        return int(item)
    if isinstance(item, Dim):
        return item
    if isinstance(item, float) and item.is_integer():
        return int(item)
    if isinstance(item, np.ndarray) and item.ndim == 0:
        return int(item)
    if hasattr(item, "value") and not isinstance(item, Tensor) and not callable(item.value):  # a TensorFlow 1 Dimension
        return -1 if item.value is None else int(item.value)
    if frontdoor.is_tensor_like(item):
        found = known(_whole(frontdoor.convert(item)))
        return None if isinstance(found, tuple) else found
    kind = ValueError if isinstance(item, (str, bytes)) else TypeError  # which TensorFlow cannot put beside integers
    raise kind(f"A size must be an integer, received {item!r}.")


def known_parts(shape: Any) -> tuple[Any, ...] | None:
    """The sizes of a list with tensors in it, None for those that are not known; None for a shape that is a tensor."""
    if isinstance(shape, (list, tuple)):
        found = [_size(n) for n in shape]
        return tuple(None if n == -1 else n for n in found)
    return None


def is_static(shape: Any) -> bool:
    """Whether a shape argument came out as a tuple of sizes."""
    return isinstance(shape, tuple)


def shape_tensor(tensor: Any, dtype: Any = dtypes.int32) -> Any:
    """The shape of a tensor as a tensor; in a graph its symbols stay known."""
    shape = tensor.shape.symbolic
    if shape is None:
        return dispatch.call("shape", tensor, dtype=dtype)
    if context.scope() is None:
        return EagerTensor(np.asarray(shape, dtype.numpy))
    return dispatch.call("dimensions", sizes=tuple(shape), dtype=dtype)
