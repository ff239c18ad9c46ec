"""Values of tensors of a graph that are known without running it."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base.dims import Dim
from weft.base.errors import explain
from weft.ir.graph import Node, Value, attr_symbols
from weft.ops import opdef
from weft.ops.opdef import Effect
from weft.runtime import fed_parameters, frontdoor, sizes
from weft.runtime.tensor import EagerTensor, SymbolicTensor

#: so many nodes are looked at before a value counts as unknown
_LIMIT = 200


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a tensor as an array, where it depends on constants and known sizes alone; else None.

    Args:
        tensor: A tensor, eager or of a graph.
        partial: Accepted; a value is known as a whole or not at all.

    Example:
        >>> import weft as tf
        >>> with tf.Graph().as_default():
        ...     print(tf.get_static_value(tf.constant([1, 2]) * 3))
        [3 6]
    """
    if isinstance(tensor, EagerTensor):
        return tensor._array.copy()
    if not isinstance(tensor, SymbolicTensor):
        return None
    known = sizes.known(tensor) if tensor.dtype.is_integer else None
    if known is not None and not any(isinstance(n, Dim) for n in (known if isinstance(known, tuple) else (known,))):
        return np.asarray(known, tensor.dtype.numpy)
    found = _computed(tensor._value)
    if found is not None:
        fed_parameters.note(tensor._value, found)
    return found


def _computed(value: Value) -> Any:
    needed: dict[Node, None] = {}
    stack = [value.node]
    while stack:
        node = stack.pop()
        if node in needed:
            continue
        if len(needed) == _LIMIT or not _is_pure(node):
            return None
        needed[node] = None
        stack.extend(v.node for v in node.inputs)
    found: dict[Value, Any] = {}
    for node in sorted(needed, key=lambda n: n.serial):
        record = opdef.get(node.op)
        try:
            results = record.reference(*(found[v] for v in node.inputs), **node.attrs)
        except Exception:
            return None  # it raises where it is run
        several = isinstance(results, (tuple, list))
        for output, result in zip(node.outputs, results if several else (results,), strict=False):
            found[output] = np.asarray(result, output.dtype.numpy)
    return found[value].copy()


def _is_pure(node: Node) -> bool:
    if node.op == "input" or sizes.has_default(node):
        return False
    if node.subgraphs() or opdef.get(node.op).effect is not Effect.NONE:
        return False
    if any(value.type.is_resource for value in node.inputs):
        return False
    return not any(attr_symbols(attr) for attr in node.attrs.values())


def known_array(value: Any, dtype: Any = None, what: str = "the value") -> Any:
    """What is known now, also while a graph is built, as an array.

    Raises:
        TypeError: For a tensor of a graph that is known only when it runs.
    """
    if not frontdoor.is_tensor_like(value):
        return frontdoor.to_array(value, dtype)
    known = get_static_value(value)
    if known is None:
        raise TypeError(explain(f"{what} must be known while the graph is built.", received=repr(value),
                                hint="give a number or an array, or run the tensor first"))  # fmt: skip
    return np.asarray(known) if dtype is None else np.asarray(known, dtype.numpy)
