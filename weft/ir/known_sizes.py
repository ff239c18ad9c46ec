"""What a graph tells of the content of integer tensors without running: sizes, and what is counted from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from weft.base import dims
from weft.ir.graph import Value

_ARITHMETIC = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "floordiv": dims.quotient,
    "floormod": dims.remainder,
    "maximum": dims.maximum,
    "minimum": dims.minimum,
}


def content_of(array: Any) -> Any:
    """An integer array of rank 0 or 1 as a number or a tuple of numbers; None for any other."""
    if array.dtype.kind not in "iu" or array.ndim > 1:
        return None
    return int(array) if array.ndim == 0 else tuple(int(n) for n in array)


def content(
    value: Value, given: Callable[[Value], Any] | None = None, fed: Mapping[Value, Any] = MappingProxyType({})
) -> Any:
    """The content of an integer value of rank 0 or 1 as a size or a tuple of sizes, where it follows from shapes.

    Args:
        value: Which.
        given: Tells the array that an input stands for, or None where it may be any.
        fed: Arrays that stand for values of the graph.

    Returns:
        An int or `Dim`, a tuple of them, or None where only running tells.
    """
    node = value.node
    op, attrs = node.op, node.attrs
    if value in fed:
        return content_of(fed[value])
    if node.metadata.get("type") == "PlaceholderWithDefault":  # a session may feed another in its place
        return None
    if op == "constant":
        return content_of(attrs["value"].array)
    if op == "input":
        array = None if given is None else given(value)
        return None if array is None else content_of(array)
    if op == "dimensions":
        return tuple(attrs["sizes"])
    if op == "dimension":
        return attrs["size"]
    if op == "shape":
        return node.inputs[0].shape
    if op == "shape_of_axis":
        shape = node.inputs[0].shape
        return None if shape is None else shape[attrs["axis"]]
    if op == "size":
        shape = node.inputs[0].shape
        return None if shape is None else dims.product(tuple(shape))
    if op in ("identity", "cast") and value.dtype.is_integer:
        return content(node.inputs[0], given, fed)
    if op == "strided_slice" and len(node.inputs) == 1:
        return _slice(content(node.inputs[0], given, fed), attrs["index"])
    if op in ("stack", "concat") and value.type.rank == 1:
        parts = [content(v, given, fed) for v in node.inputs]
        if any(p is None for p in parts):
            return None
        return tuple(parts) if op == "stack" else tuple(n for p in parts for n in p)
    if op in ("reduce_prod", "reduce_sum"):
        over_all = attrs["axis"] is None or any(axis in (0, -1) for axis in attrs["axis"])
        folded = _fold(op, content(node.inputs[0], given, fed)) if over_all else None
        return (folded,) if folded is not None and attrs["keepdims"] else folded
    if op in _ARITHMETIC:
        return _elementwise(_ARITHMETIC[op], *(content(v, given, fed) for v in node.inputs))
    return None


def resolve_minus_one(shape: Sequence[Any], given: Sequence[Any]) -> tuple[Any, ...]:
    """A target shape with its -1 replaced by what the elements of a tensor of shape `given` leave for it.

    Where the target has zeros, those are left out on both sides, as TensorFlow does: `(0, 3)` to `(0, -1)` is `(0, 3)`.

    Raises:
        ValueError: For two -1, or where the sizes do not divide.
    """
    minus = [i for i, n in enumerate(shape) if isinstance(n, int) and n == -1]
    if not minus:
        return tuple(shape)
    if len(minus) > 1:
        raise ValueError(f"Only one size may be -1, received {tuple(shape)}.")
    others = [n for i, n in enumerate(shape) if i != minus[0]]
    nothing = any(_is_zero(n) for n in given)
    if any(_is_zero(n) for n in others):
        given, others = ([n for n in sizes if not _is_zero(n)] for sizes in (given, others))
    total, rest = dims.product(tuple(given)), dims.product(tuple(others))
    if isinstance(total, int) and isinstance(rest, int) and total % rest and not nothing:
        raise ValueError(f"{total} elements cannot be reshaped to {tuple(shape)}: {total} is not divisible by {rest}.")
    missing = total // rest
    return tuple(missing if i == minus[0] else n for i, n in enumerate(shape))


def _is_zero(size: Any) -> bool:
    return isinstance(size, int) and size == 0


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
