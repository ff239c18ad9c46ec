"""Elements by index: gathers and scatters. Indices out of range make the run fail, as they do elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from weft.engines.xla.rules.elementwise import in_float32
from weft.engines.xla.table import HostOnly, lowering


def inside(check: Any, indices: Any, limit: int) -> Any:
    """Indices, after a check that they lie between 0 and a limit; within it whatever they are."""
    check((indices < 0) | (indices >= limit))
    return jnp.clip(indices.astype(jnp.int64), 0, max(limit - 1, 0))


def _places(rank: int, indices: Any, axis: int, batch_dims: int) -> tuple[int, int]:
    return axis % rank, batch_dims + indices.ndim if batch_dims < 0 else batch_dims


def _flat(shape: Sequence[int], indices: Any, at: int, batch: int) -> tuple[tuple[int, ...], tuple[int, int]]:
    """The sizes (batch, before the axis, axis, after it) and (batch, indices) that a gather can be flattened to."""
    wide = math.prod(shape[:batch]), math.prod(shape[batch:at]), shape[at], math.prod(shape[at + 1 :])
    return wide, (wide[0], math.prod(indices.shape[batch:]))


@lowering("gather", checks=True)
def _gather(check: Any, x: Any, indices: Any, axis: int, batch_dims: int) -> Any:
    at, batch = _places(x.ndim, indices, axis, batch_dims)
    shape = (*x.shape[:at], *indices.shape[batch:], *x.shape[at + 1 :])
    indices = inside(check, indices, x.shape[at])
    if 0 in shape or not x.size:
        return jnp.zeros(shape, x.dtype)
    if batch == 0:
        return jnp.take(x, indices, axis=at, mode="clip")
    wide, narrow = _flat(x.shape, indices, at, batch)
    found = jnp.moveaxis(x.reshape(wide), 2, 1)[jnp.arange(wide[0])[:, None], indices.reshape(narrow)]
    return jnp.moveaxis(found, 1, 2).reshape(shape)


@lowering("gather_grad", checks=True)
def _gather_grad(check: Any, ct: Any, indices: Any, shape: tuple[int, ...], axis: int, batch_dims: int) -> Any:
    at, batch = _places(len(shape), indices, axis, batch_dims)
    indices = inside(check, indices, shape[at])
    return _summed(ct, indices, shape=shape, at=at, batch=batch)


@in_float32
def _summed(ct: Any, indices: Any, shape: tuple[int, ...], at: int, batch: int) -> Any:
    if 0 in (*shape, *ct.shape):
        return jnp.zeros(shape, ct.dtype)
    wide, narrow = _flat(shape, indices, at, batch)
    values = jnp.moveaxis(ct.reshape(wide[0], wide[1], narrow[1], wide[3]), 2, 1)
    total = jnp.zeros((wide[0], wide[2], wide[1], wide[3]), ct.dtype)
    total = total.at[jnp.arange(wide[0])[:, None], indices.reshape(narrow)].add(values)
    return jnp.moveaxis(total, 1, 2).reshape(shape)


@lowering("scatter_add_rows", checks=True)
def _scatter_add_rows(check: Any, x: Any, indices: Any, values: Any) -> Any:
    indices = inside(check, indices, x.shape[0])
    if not values.size or not x.size:
        return x
    return in_float32(lambda x, values: x.at[indices].add(values))(x, values)


# Index tuples --------------------------------------------------------------------------------------------------------


def _tuples(check: Any, shape: Sequence[int], indices: Any, batch_dims: int) -> tuple[Any, int]:
    """For each index tuple the number of its slice among all slices, and the axis at which slices begin."""
    depth = indices.shape[-1]
    sizes = shape[batch_dims : batch_dims + depth]
    number = jnp.zeros(indices.shape[:-1], jnp.int64)
    for place, size in enumerate(sizes):
        number = number * size + inside(check, indices[..., place], size)
    count = math.prod(sizes)
    for axis in range(batch_dims):
        line = np.arange(shape[axis]) * math.prod(shape[axis + 1 : batch_dims]) * count
        number = number + line.reshape(-1, *(1,) * (number.ndim - axis - 1))
    return number.reshape(-1), batch_dims + depth


def _rows(x: Any, cut: int) -> Any:
    return x.reshape(math.prod(x.shape[:cut]), math.prod(x.shape[cut:]))


@lowering("gather_nd", checks=True)
def _gather_nd(check: Any, x: Any, indices: Any, batch_dims: int) -> Any:
    number, cut = _tuples(check, x.shape, indices, batch_dims)
    shape = (*x.shape[:batch_dims], *indices.shape[batch_dims:-1], *x.shape[cut:])
    if 0 in shape or not x.size:
        return jnp.zeros(shape, x.dtype)
    return _rows(x, cut)[number].reshape(shape)


def _scattered(combine: Callable[[Any, Any, Any], Any], check: Any, x: Any, indices: Any, updates: Any,
               batch_dims: int = 0) -> Any:  # fmt: skip
    number, cut = _tuples(check, x.shape, indices, batch_dims)
    if not updates.size or not x.size:
        return x
    shape = x.shape

    def run(x: Any, updates: Any) -> Any:
        rows = _rows(x, cut)
        return combine(rows, number, updates.reshape(len(number), rows.shape[1])).reshape(shape)

    return in_float32(run)(x, updates)


@lowering("scatter_nd", checks=True)
def _scatter_nd(check: Any, indices: Any, updates: Any, shape: tuple[int, ...], batch_dims: int) -> Any:
    # of truth values the sum says whether any was true
    either = updates.dtype == bool
    values = updates.astype(jnp.int8) if either else updates
    total = _scattered(lambda rows, at, values: rows.at[at].max(values) if either else rows.at[at].add(values), check,
                       jnp.zeros(shape, values.dtype), indices, values, batch_dims)  # fmt: skip
    return total.astype(updates.dtype)


def overwrite(rows: Any, at: Any, values: Any) -> Any:
    """Rows with values written at places, the last of several: devices may write in any order."""
    latest = jnp.zeros(rows.shape[0], jnp.int64).at[at].max(jnp.arange(1, len(at) + 1))
    taken = values[jnp.maximum(latest - 1, 0)]
    return jnp.where((latest > 0).reshape(-1, *(1,) * (rows.ndim - 1)), taken, rows)


for _name, _combine in (
    ("update", overwrite),
    ("add", lambda rows, at, values: rows.at[at].add(values)),
    ("sub", lambda rows, at, values: rows.at[at].add(-values)),
    ("max", lambda rows, at, values: rows.at[at].max(values)),
    ("min", lambda rows, at, values: rows.at[at].min(values)),
    ("mul", lambda rows, at, values: rows.at[at].multiply(values)),
    ("div", lambda rows, at, values: rows.at[at].divide(values)),
):

    def _tensor_scatter(check: Any, x: Any, indices: Any, updates: Any, _combine: Any = _combine) -> Any:
        return _scattered(_combine, check, x, indices, updates)

    lowering(f"tensor_scatter_{_name}", checks=True)(_tensor_scatter)


# One index an element ------------------------------------------------------------------------------------------------


def _along(check: Any, shape: Sequence[int], indices: Any, axis: int) -> tuple[Any, ...]:
    at = axis % len(shape)
    indices = inside(check, indices, shape[at])
    whole = [max(a, b) if 0 not in (a, b) else 0 for a, b in zip(shape, indices.shape, strict=True)]
    places: list[Any] = []
    for axis_, size in enumerate(shape):
        if axis_ == at:
            places.append(indices)
        else:
            line = np.arange(whole[axis_]) if size != 1 else np.zeros(whole[axis_], np.int64)
            places.append(line.reshape((-1,) + (1,) * (len(shape) - 1 - axis_)))
    return tuple(places)


@lowering("take_along_axis", checks=True)
def _take_along_axis(check: Any, x: Any, indices: Any, axis: int) -> Any:
    places = _along(check, x.shape, indices, axis)
    shape = jnp.broadcast_shapes(*(place.shape for place in places))
    return x[places] if x.size else jnp.zeros(shape, x.dtype)


@lowering("take_along_axis_grad", checks=True)
def _take_along_axis_grad(check: Any, ct: Any, indices: Any, shape: tuple[int, ...], axis: int) -> Any:
    places = _along(check, shape, indices, axis)
    if not ct.size or 0 in shape:
        return jnp.zeros(shape, ct.dtype)
    return in_float32(lambda ct: jnp.zeros(shape, ct.dtype).at[places].add(ct))(ct)


@lowering("put_along_axis", checks=True)
def _put_along_axis(check: Any, x: Any, indices: Any, values: Any, axis: int) -> Any:
    places = _along(check, x.shape, indices, axis)
    if not values.size or not x.size:
        return x
    wide = jnp.broadcast_arrays(*places)
    number = jnp.zeros(wide[0].shape, jnp.int64)
    for place, size in zip(wide, x.shape, strict=True):
        number = number * size + place
    return overwrite(x.reshape(-1), number.reshape(-1), values.reshape(-1)).reshape(x.shape)


@lowering("dynamic_stitch", checks=True)
def _dynamic_stitch(check: Any, indices: Any, data: Any, size: int | None) -> Any:
    if size is None:
        raise HostOnly("how many rows there are depends on the indices")
    at = inside(check, indices, size)
    zeros = jnp.zeros((size, *data.shape[1:]), data.dtype)
    return overwrite(zeros, at, data) if data.size and zeros.size else zeros


@lowering("invert_permutation", checks=True)
def _invert_permutation(check: Any, x: Any) -> Any:
    at = inside(check, x, x.shape[0])
    check(jnp.zeros(x.shape[0], jnp.int32).at[at].add(1) > 1)
    return jnp.zeros_like(x).at[at].set(lax.iota(x.dtype, x.shape[0]))
