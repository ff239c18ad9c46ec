"""Shapes that users hand in: lists, tensors, mixtures. What is known of them while tracing stays known.

`tf.reshape(x, [tf.shape(x)[0], -1])` in a traced function keeps the batch symbol: the shape tensor is followed back to
the sizes that it was made of, and only where that fails does the op take the tensor itself at run time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dims, dtypes
from weft.base.dims import Dim
from weft.base.shapes import TensorShape
from weft.ir.graph import Node, Value
from weft.runtime import context, dispatch, frontdoor
from weft.runtime.tensor import EagerTensor, Tensor

_ARITHMETIC = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "floordiv": dims.quotient,
    "floormod": dims.remainder,
    "maximum": dims.maximum,
    "minimum": dims.minimum,
}


def known(tensor: Any) -> Any:
    """The content of an integer tensor of rank 0 or 1 as a size or a tuple of sizes, where it follows from shapes.

    Returns:
        An int or `Dim`, a tuple of them, or None where only running tells.
    """
    if isinstance(tensor, EagerTensor):
        return _content(tensor._array)
    value = getattr(tensor, "_value", None)
    return None if value is None else _known_value(value)


def has_default(node: Node) -> bool:
    """Whether a node is a placeholder with a default value, in whose place a session may feed another."""
    return node.metadata.get("type") == "PlaceholderWithDefault"


def _content(array: Any) -> Any:
    if array.dtype.kind not in "iu" or array.ndim > 1:
        return None
    return int(array) if array.ndim == 0 else tuple(int(n) for n in array)


def _known_value(value: Value) -> Any:
    node = value.node
    op, attrs = node.op, node.attrs
    if has_default(node):
        return None
    if op == "constant":
        return _content(attrs["value"].array)
    if op == "input":
        captured = next((key.target for key, own in node.graph.captures.items() if own is value), None)
        return _content(captured._array) if isinstance(captured, EagerTensor) else None
    if op == "dimensions":
        return tuple(attrs["sizes"])
    if op == "dimension":
        return attrs["size"]
    if op == "shape":
        return node.inputs[0].shape
    if op == "shape_of_axis":
        shape = node.inputs[0].shape
        return None if shape is None else shape[attrs["axis"]]
    if op in ("identity", "cast") and value.dtype.is_integer:
        return _known_value(node.inputs[0])
    if op == "strided_slice" and len(node.inputs) == 1:
        return _slice(_known_value(node.inputs[0]), attrs["index"])
    if op in ("stack", "concat") and value.type.rank == 1:
        parts = [_known_value(v) for v in node.inputs]
        if any(p is None for p in parts):
            return None
        return tuple(parts) if op == "stack" else tuple(n for p in parts for n in p)
    if op in ("reduce_prod", "reduce_sum"):
        over_all = attrs["axis"] is None or any(axis in (0, -1) for axis in attrs["axis"])
        folded = _fold(op, _known_value(node.inputs[0])) if over_all else None
        return (folded,) if folded is not None and attrs["keepdims"] else folded
    if op in _ARITHMETIC:
        return _elementwise(_ARITHMETIC[op], *(_known_value(v) for v in node.inputs))
    return None


def _slice(whole: Any, index: Any) -> Any:
    if not isinstance(whole, tuple) or len(index) != 1:
        return None
    entry = index[0]
    if entry[0] == "int" and isinstance(entry[1], int):
        return whole[entry[1]] if -len(whole) <= entry[1] < len(whole) else None
    if entry[0] == "slice" and all(b is None or isinstance(b, int) for b in entry[1:]):
        return whole[slice(*entry[1:])]
    return None


def _fold(op: str, sizes: Any) -> Any:
    if not isinstance(sizes, tuple):
        return None
    if op == "reduce_prod":
        return dims.product(sizes)
    total: Any = 0
    for size in sizes:
        total = total + size
    return total


def _elementwise(function: Any, a: Any, b: Any) -> Any:
    if a is None or b is None:
        return None
    if isinstance(a, tuple) and isinstance(b, tuple):
        return tuple(function(m, n) for m, n in zip(a, b, strict=True)) if len(a) == len(b) else None
    if isinstance(a, tuple):
        return tuple(function(m, b) for m in a)
    if isinstance(b, tuple):
        return tuple(function(a, n) for n in b)
    return function(a, b)


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
        return frontdoor.convert([frontdoor.convert(i) if i is not None else -1 for i in shape])
    tensor = frontdoor.convert(shape)
    found = known(tensor)
    if isinstance(found, tuple):
        return found
    if found is not None:
        return (found,)
    return tensor


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
        found = known(frontdoor.convert(item))
        return None if isinstance(found, tuple) else found
    raise TypeError(f"A size must be an integer, received {item!r}.")


def known_parts(shape: Any) -> tuple[Any, ...] | None:
    """The sizes of a list with tensors in it, None for those that are not known; None for a shape that is a tensor."""
    if isinstance(shape, (list, tuple)):
        found = [_size(n) for n in shape]
        return tuple(None if n == -1 else n for n in found)
    return None


def is_static(shape: Any) -> bool:
    """Whether a shape argument came out as a tuple of sizes."""
    return isinstance(shape, tuple)


def resolve_minus_one(shape: Sequence[Any], total: Any) -> tuple[Any, ...]:
    """A target shape with its -1 replaced by what the number of elements leaves for it.

    Raises:
        ValueError: For two -1, or where the sizes do not divide.
    """
    minus = [i for i, n in enumerate(shape) if isinstance(n, int) and n == -1]
    if not minus:
        return tuple(shape)
    if len(minus) > 1:
        raise ValueError(f"Only one size may be -1, received {tuple(shape)}.")
    rest = dims.product(tuple(n for i, n in enumerate(shape) if i != minus[0]))
    if isinstance(rest, int) and rest == 0:
        missing: Any = 0
    elif isinstance(total, int) and isinstance(rest, int) and total % rest:
        raise ValueError(f"{total} elements cannot be reshaped to {tuple(shape)}: {total} is not divisible by {rest}.")
    else:
        missing = total // rest
    return tuple(missing if i == minus[0] else n for i, n in enumerate(shape))


def shape_tensor(tensor: Any, dtype: Any = dtypes.int32) -> Any:
    """The shape of a tensor as a tensor; in a graph its symbols stay known."""
    shape = tensor.shape.symbolic
    if shape is None:
        return dispatch.call("shape", tensor, dtype=dtype)
    if context.scope() is None:
        return EagerTensor(np.asarray(shape, dtype.numpy))
    return dispatch.call("dimensions", sizes=tuple(shape), dtype=dtype)
