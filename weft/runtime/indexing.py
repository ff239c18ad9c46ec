"""`x[...]`: Python's indexing with slices, integers, newaxis, ellipsis, scalar tensors and masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.errors import explain
from weft.runtime import context, dispatch, frontdoor, sizes, tensor
from weft.runtime.tensor import EagerTensor


def getitem(x: Any, key: Any) -> Any:
    """A part of a tensor.

    Raises:
        TypeError: For keys that are no index, with what to use instead.
    """
    x = frontdoor.convert(x)
    if x.__class__ is EagerTensor and _is_basic(key) and dispatch.at_once():
        found = _basic_part(x, key if key.__class__ is tuple else (key,))
        if found is not None:
            return found
    if _is_mask(key):
        return dispatch.call("boolean_mask", x, frontdoor.convert(key))
    keys = key if isinstance(key, tuple) else (key,)
    if isinstance(key, list):
        keys = tuple(key)
    bounds: list[Any] = []
    index = tuple(_entry(k, bounds) for k in keys)
    scope = context.scope()
    if scope is None or scope.ordered or not any(map(_has_tensor, keys)):
        return dispatch.call("strided_slice", x, *bounds, index=index)
    from weft.runtime.operation_counts import standing_for

    with standing_for(_operations(keys)):
        return dispatch.call("strided_slice", x, *bounds, index=index)


def _has_tensor(key: Any) -> bool:
    parts = (key.start, key.stop, key.step) if isinstance(key, slice) else (key,)
    return any(map(frontdoor.is_tensor_like, parts))


def _operations(keys: tuple[Any, ...]) -> int:
    """How many operations TensorFlow 1 makes of a part: bounds of integers are a constant, others are packed of all."""
    total = 1
    rows = [(key.start, key.stop, key.step) if isinstance(key, slice) else (key, key, None) for key in keys]
    for column in zip(*rows, strict=True):
        tensors = sum(map(frontdoor.is_tensor_like, column))
        total += 1 + (len(keys) - tensors if tensors else 0)
    return total + 2 * sum(map(frontdoor.is_tensor_like, keys))  # behind one row ends the part: a sum


def _is_basic(key: Any) -> bool:
    """Whether a key is made of plain integers, slices of them, None and `...`."""
    kind = key.__class__
    if kind is slice:
        return _BOUNDS.issuperset((key.start.__class__, key.stop.__class__, key.step.__class__))
    return kind is int or key is None or key is Ellipsis or (kind is tuple and all(map(_is_single, key)))


def _is_single(key: Any) -> bool:
    return key.__class__ is not tuple and _is_basic(key)


_BOUNDS = frozenset((int, type(None)))


def _basic_part(x: EagerTensor, key: tuple[Any, ...]) -> EagerTensor | None:
    """The part as numpy gives it, which means the same by such keys; None for keys that it refuses."""
    try:
        part = x._array[key if Ellipsis in key else (*key, Ellipsis)]
    except (IndexError, ValueError):
        return None
    made = EagerTensor(part)
    tapes = context.tapes()
    if tapes:
        attrs = {"index": tuple(_entry(k, []) for k in key)}
        for tape in tapes:
            tape.note("strided_slice", (x,), (made,), attrs)
    return made


def _is_mask(key: Any) -> bool:
    dtype = getattr(key, "dtype", None)
    return dtype is not None and (dtype == np.bool_ or dtype == dtypes.bool_) and len(key.shape) > 0


def _entry(key: Any, bounds: list[Any]) -> tuple[Any, ...]:
    if key is None:
        return ("newaxis",)
    if key is Ellipsis:
        return ("ellipsis",)
    if isinstance(key, slice):
        return ("slice", *(_bound(b, bounds) for b in (key.start, key.stop, key.step)))
    if isinstance(key, (bool, np.bool_)):
        raise TypeError(_advice(key))
    return ("int", _bound(key, bounds))


def _bound(value: Any, bounds: list[Any]) -> Any:
    """An integer, or a marker for the next of the run-time bounds."""
    if value is None:
        return None
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iu":
        return int(value)
    if frontdoor.is_tensor_like(value):
        found = frontdoor.convert(value)
        if found.dtype.is_integer and found.shape.rank in (0, None):
            if isinstance(found, EagerTensor):
                return int(found._array)
            fixed = sizes.known(found)
            if isinstance(fixed, (int, Dim)):
                return fixed
            bounds.append(found)
            return ("operand", len(bounds) - 1)
    raise TypeError(_advice(value))


def _advice(key: Any) -> str:
    return explain(
        "A tensor is indexed with integers, slices, None, ..., scalar integer tensors or a boolean mask.",
        received=f"{type(key).__name__}: {key!r}"[:200],
        hint="use tf.gather(x, indices) for lists of rows and tf.gather_nd for points",
    )


tensor.operators["getitem"] = getitem
