"""Functions that make tensors: zeros, ones, random numbers; in a graph with the nodes that version 1 makes for them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np

import weft
from weft.api.common import shape_vector
from weft.api.drawing import drawn_shape
from weft.base import dtypes
from weft.compat.v1 import operation_tables
from weft.compat.v1.naming import counted, in_graph
from weft.runtime import dispatch, frontdoor, sizes
from weft.runtime.operation_counts import further, standing_for
from weft.runtime.scopes import Unit

#: from so many elements on a filled tensor is computed when it runs instead of being kept in the graph
_LARGE = 1000


def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None, preferred_dtype: Any = None,
                      dtype_hint: Any = None) -> Any:  # fmt: skip
    """A value as a tensor; version 1 takes the name third."""
    hint = dtype_hint if dtype_hint is not None else preferred_dtype
    return weft.convert_to_tensor(value, dtype, hint, name)


def _static(shape: Any) -> tuple[int, ...] | None:
    """A shape that holds no tensor, as numbers."""
    if frontdoor.is_tensor_like(shape):
        return None
    found = sizes.shape_argument(shape)
    known = sizes.is_static(found) and all(isinstance(n, int) and n >= 0 for n in found)
    return tuple(found) if known else None


def _filled(shape: Any, number: Any, dtype: Any, name: str) -> Any:
    held = dtypes.as_dtype(dtype)
    static = _static(shape)
    if static is not None and int(np.prod(static)) < _LARGE:
        value: Any = np.full(static, b"", object) if held is dtypes.string else np.full(static, number, held.numpy)
        return frontdoor.constant(value, name)
    with Unit(name) as unit:
        if static is not None:
            frontdoor.constant(np.asarray(static, np.int32), "shape_as_tensor")
            further(-1)  # which is the same as the one that `fill` makes
        whole = weft.fill(shape_vector(shape), frontdoor.constant(np.asarray(number, held.numpy), "Const"))
        return unit.call(whole, "", "Fill")


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """A tensor of zeros."""
    if not in_graph():
        return weft.zeros(shape, dtype, name)
    with standing_for(operation_tables.zeros(shape)):
        return _filled(shape, 0, dtype, name or "zeros")


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """A tensor of ones."""
    if not in_graph():
        return weft.ones(shape, dtype, name)
    with standing_for(operation_tables.zeros(shape)):
        return _filled(shape, 1, dtype, name or "ones")


def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Any:
    """Zeros in the shape and dtype of another tensor."""
    if not in_graph():
        return weft.zeros_like(tensor, dtype, name)
    like = weft.convert_to_tensor(tensor)
    if like.shape.is_fully_defined():
        return zeros(like.shape, like.dtype if dtype is None else dtype, name or "zeros_like")
    with Unit(name or "zeros_like") as unit:
        return unit.call(weft.zeros_like(like, dtype), "", "ZerosLike", single=True)


def fill(dims: Any, value: Any, name: str | None = None) -> Any:
    """A tensor of a shape, filled with one value."""
    if not in_graph():
        return weft.fill(dims, value, name)
    with Unit(name or "Fill") as unit:
        if _static(dims) is not None:
            frontdoor.constant(np.asarray(_static(dims), np.int32), "dims")
        return unit.call(weft.fill(dims, frontdoor.convert(value, name="value")), "", "Fill")


def _late(shape: Any) -> bool:
    """Whether tensors of a graph tell a shape."""
    if isinstance(shape, (list, tuple)):
        return not all(map(operation_tables.plain, shape))
    return frontdoor.is_tensor_like(shape) and _static(shape) is None


def _scaled(kind: str, shape: Any, parts: dict[str, Any], dtype: Any, seed: Any, name: str) -> Any:
    """Random numbers in [0, 1) or standard normal ones, stretched and moved as TensorFlow 1's graphs do it."""
    held = dtypes.as_dtype(dtype)
    late = _late(shape)
    before = operation_tables.packed(shape) + sum(map(operation_tables.plain, parts.values()))
    with Unit(name) as unit, standing_for(before + (4 if kind == "uniform" else 3) if late else None) as standing:
        if _static(shape) is not None:
            frontdoor.constant(np.asarray(_static(shape), np.int32), "shape")
        elif isinstance(shape, (list, tuple)):
            shape = drawn_shape(shape)
        first, second = (frontdoor.convert(value, None if frontdoor.is_tensor_like(value) else held, part)
                         for part, value in parts.items())  # fmt: skip
        if late:
            standing.so_far(before)
        standard = getattr(weft.random, kind)(shape, dtype=held, seed=seed)
        if kind == "uniform":
            width = dispatch.apply(_record("subtract"), (second, first), {}, "sub")[0]
            moved, by = dispatch.apply(_record("multiply"), (standard, width), {}, "mul")[0], first
        else:
            moved, by = dispatch.apply(_record("multiply"), (standard, second), {}, "mul")[0], first
        return dispatch.apply(_record("add"), (moved, by), {}, unit.name + "/")[0]


def _record(op: str) -> Any:
    from weft.ops import opdef

    return opdef.get(op)


def random_uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32, seed: Any = None,
                   name: str | None = None) -> Any:  # fmt: skip
    """Numbers from `[minval, maxval)`."""
    held = dtypes.as_dtype(dtype)
    if not in_graph():
        return weft.random.uniform(shape, minval, maxval, held, seed, name)
    label = name or "random_uniform"
    if not held.is_integer:
        return _scaled("uniform", shape, {"min": minval, "max": 1 if maxval is None else maxval}, held, seed, label)
    if maxval is None:
        raise ValueError(f"random_uniform needs a `maxval` for integers ({held.name}).")
    late, before = _late(shape), operation_tables.packed(shape) + sum(map(operation_tables.plain, (minval, maxval)))
    with Unit(label) as unit, standing_for(before + 1 if late else None) as standing:
        if _static(shape) is not None:
            frontdoor.constant(np.asarray(_static(shape), np.int32), "shape")
        elif isinstance(shape, (list, tuple)):
            shape = drawn_shape(shape)
        low, high = frontdoor.convert(minval, held, "min"), frontdoor.convert(maxval, held, "max")
        if late:
            standing.so_far(before)
        return unit.call(weft.random.uniform(shape, low, high, held, seed), "", "RandomUniformInt")


def random_crop(value: Any, size: Any, seed: Any = None, name: str | None = None) -> Any:
    """A part of a tensor, of a given size, at a random place.

    Args:
        value: The tensor.
        size: The part's size along every axis.
        seed: For the place.
        name: A name for the operation.

    Raises:
        ValueError: For a size beyond the tensor's, where that is known.
    """
    tensor = weft.convert_to_tensor(value)
    known = [n for n in weft.TensorShape(size).as_list() if n is not None]
    for whole, part in zip(tensor.shape.as_list(), known, strict=True):
        if whole is not None and whole < part:
            raise ValueError(f"Need value.shape >= size, got {tensor.shape} and {known}.")
    with Unit(name or "random_crop") if in_graph() else nullcontext() as unit, standing_for(18) as standing:
        limit = weft.shape(tensor) - weft.constant(known, weft.int32) + 1
        standing.so_far(13)  # and two more before the draw
        place = weft.random.uniform([len(known)], 0, dtypes.int32.max, dtypes.int32, seed) % limit
        part = weft.slice(tensor, place, known)
        return part if unit is None else unit.call(part)


def random_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, seed: Any = None,
                  name: str | None = None) -> Any:  # fmt: skip
    """Normally distributed numbers."""
    if not in_graph():
        return weft.random.normal(shape, mean, stddev, dtype, seed, name)
    return _scaled("normal", shape, {"mean": mean, "stddev": stddev}, dtype, seed, name or "random_normal")


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, seed: Any = None,
                     name: str | None = None) -> Any:  # fmt: skip
    """Normally distributed numbers within two deviations of the mean."""
    if not in_graph():
        return weft.random.truncated_normal(shape, mean, stddev, dtype, seed, name)
    parts = {"mean": mean, "stddev": stddev}
    return _scaled("truncated_normal", shape, parts, dtype, seed, name or "truncated_normal")


fill = counted("fill", fill)
