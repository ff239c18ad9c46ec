"""Slices with Python's meaning, windows, and writing into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from weft.engines.xla.table import HostOnly, lowering
from weft.ops.slice import consumed


def _entries(index: Any, rank: int) -> list[Any]:
    """The index with the ellipsis, or what is missing at the end, written out."""
    missing = (("slice", None, None, None),) * (rank - consumed(index))
    places = [i for i, entry in enumerate(index) if entry[0] == "ellipsis"]
    at = places[0] if places else len(index)
    return [*index[:at], *missing, *index[at + len(places) :]]


def _place(check: Any, shape: Sequence[int], index: Any, bounds: Sequence[Any]) -> tuple[Any, ...]:
    """The index as jax takes it. Positions may be known at run time only; bounds of slices must be known."""
    result: list[Any] = []
    axis = 0
    for entry in _entries(index, len(shape)):
        if entry[0] == "newaxis":
            result.append(None)
            continue
        if entry[0] == "int":
            result.append(_position(check, shape[axis], entry[1], bounds))
        else:
            result.append(slice(*(_number(bound, bounds) for bound in entry[1:])))
            if result[-1].step == 0:
                raise HostOnly("a step of 0")
        axis += 1
    return tuple(result)


def _number(bound: Any, bounds: Sequence[Any]) -> Any:
    if not isinstance(bound, tuple):
        return bound
    given = bounds[bound[1]]
    if not isinstance(given, np.ndarray):
        raise HostOnly("a bound of the slice decides a size and is known at run time only")
    return int(given)


def _position(check: Any, size: int, position: Any, bounds: Sequence[Any]) -> Any:
    if isinstance(position, tuple):
        position = bounds[position[1]]
    if isinstance(position, np.ndarray):
        position = int(position)
    if isinstance(position, int):
        if not -size <= position < size:
            check(jnp.asarray(True))
            return 0 if size else slice(0, 0)
        return position
    check((position < -size) | (position >= size))
    return jnp.where(position < 0, position + size, position)


@lowering("strided_slice", checks=True, raw=True)
def _strided_slice(check: Any, x: Any, *bounds: Any, index: Any) -> Any:
    return jnp.asarray(x)[_place(check, x.shape, index, bounds)]


@lowering("strided_slice_grad", checks=True, raw=True)
def _strided_slice_grad(check: Any, ct: Any, *bounds: Any, index: Any, shape: tuple[int, ...]) -> Any:
    return jnp.zeros(shape, ct.dtype).at[_place(check, shape, index, bounds)].set(ct)


@lowering("tensor_strided_slice_update", checks=True, raw=True)
def _update(check: Any, x: Any, value: Any, *bounds: Any, index: Any) -> Any:
    return jnp.asarray(x).at[_place(check, x.shape, index, bounds)].set(value)


def _window(x: Any, begin: Sequence[int], size: Sequence[int]) -> Any:
    ends = [own if n < 0 else b + n for b, n, own in zip(begin, size, x.shape, strict=True)]
    if any(b < 0 or b > end or end > own for b, end, own in zip(begin, ends, x.shape, strict=True)):
        raise HostOnly("the window does not fit")
    return x[tuple(slice(b, end) for b, end in zip(begin, ends, strict=True))]


@lowering("slice")
def _slice(x: Any, begin: tuple[int, ...], size: tuple[int, ...]) -> Any:
    return _window(x, begin, size)


@lowering("slice_dynamic", static=(1, 2))
def _slice_dynamic(x: Any, begin: Any, size: Any, sizes: Any) -> Any:
    return _window(x, begin.tolist(), size.tolist())


def _check_starts(check: Any, shape: Sequence[int], starts: Sequence[Any], sizes: Sequence[int]) -> list[Any]:
    for own, start, size in zip(shape, starts, sizes, strict=True):
        check((start < 0) | (start > own - size))
    return [start.astype(jnp.int64) for start in starts]


@lowering("dynamic_slice", checks=True)
def _dynamic_slice(check: Any, x: Any, *starts: Any, sizes: tuple[int, ...]) -> Any:
    return lax.dynamic_slice(x, _check_starts(check, x.shape, starts, sizes), sizes) if sizes else x


@lowering("dynamic_update_slice", checks=True)
def _dynamic_update_slice(check: Any, x: Any, update: Any, *starts: Any) -> Any:
    starts = tuple(_check_starts(check, x.shape, starts, update.shape))
    return lax.dynamic_update_slice(x, update, starts) if starts else update


@lowering("take_row", checks=True)
def _take_row(check: Any, x: Any, index: Any) -> Any:
    check((index < 0) | (index >= x.shape[0]))
    return lax.dynamic_index_in_dim(x, index, 0, keepdims=False) if x.shape[0] else jnp.zeros(x.shape[1:], x.dtype)


@lowering("put_row", checks=True)
def _put_row(check: Any, x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    check((index < -shape[0]) | (index >= shape[0]))
    return jnp.zeros(shape, x.dtype).at[index].set(x)
