"""Shapes: the same elements under another shape, repeated, summed back, put together."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from weft.base.dtypes import DType
from weft.engines.xla.rules.reductions import reduce_sum
from weft.engines.xla.table import HostOnly, lowering
from weft.ir import known_sizes


@lowering("broadcast_to")
def _broadcast_to(x: Any, shape: tuple[int, ...]) -> Any:
    return jnp.broadcast_to(x, shape)


@lowering("sum_to_shape")
def sum_to_shape(x: Any, shape: tuple[int, ...]) -> Any:
    """The sum over the axes along which a tensor of that shape was broadcast."""
    extra = x.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        axis for axis, size in enumerate(shape, start=extra) if size == 1 and x.shape[axis] != 1
    )
    return reduce_sum(x, axes, False).reshape(shape) if axes else x.reshape(shape)


@lowering("reshape")
def _reshape(x: Any, shape: tuple[int, ...]) -> Any:
    return x.reshape(shape)


@lowering("transpose")
def _transpose(x: Any, perm: tuple[int, ...]) -> Any:
    return jnp.transpose(x, perm)


@lowering("concat")
def _concat(*values: Any, axis: int) -> Any:
    return jnp.concatenate(values, axis=axis)


@lowering("iota")
def _iota(shape: tuple[int, ...], axis: int, dtype: DType) -> Any:
    axis = axis % max(len(shape), 1)
    return lax.broadcasted_iota(dtype.numpy, shape, axis) if shape else jnp.zeros((), dtype.numpy)


def _sizes(shape: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in np.asarray(shape).reshape(-1))


@lowering("reshape_dynamic", static=(1,))
def _reshape_dynamic(x: Any, shape: Any, sizes: Any) -> Any:
    return x.reshape(known_sizes.resolve_minus_one(_sizes(shape), x.shape))


@lowering("broadcast_to_dynamic", static=(1,))
def _broadcast_to_dynamic(x: Any, shape: Any, sizes: Any) -> Any:
    return jnp.broadcast_to(x, _sizes(shape))


@lowering("sum_to_shape_dynamic", static=(1,))
def _sum_to_shape_dynamic(x: Any, shape: Any) -> Any:
    return sum_to_shape(x, _sizes(shape))


@lowering("ensure_shape", checks=True)
def _ensure_shape(check: Any, x: Any, shape: Any) -> Any:
    if shape is not None:
        fits = len(shape) == x.ndim and all(size in (None, own) for size, own in zip(shape, x.shape, strict=True))
        if not fits:
            check(jnp.asarray(True))
    return x


@lowering("range", static=(0, 1, 2))
def _range(start: Any, limit: Any, delta: Any) -> Any:
    if delta == 0:
        raise HostOnly("a step of 0")
    return jnp.asarray(np.arange(start[()], limit[()], delta[()], dtype=start.dtype))


@lowering("tile_dynamic", static=(1,))
def _tile_dynamic(x: Any, multiples: Any) -> Any:
    return jnp.tile(x, _sizes(multiples))


@lowering("tile_grad", static=(1,))
def _tile_grad(ct: Any, multiples: Any, shape: tuple[int, ...]) -> Any:
    split = [part for times, size in zip(_sizes(multiples), shape, strict=True) for part in (times, size)]
    return reduce_sum(ct.reshape(split), tuple(range(0, 2 * len(shape), 2)), False)


@lowering("repeat_indices", static=(0,))
def _repeat_indices(repeats: Any) -> Any:
    return jnp.asarray(np.repeat(np.arange(len(repeats), dtype=repeats.dtype), repeats))


@lowering("crop_or_pad")
def crop_or_pad(x: Any, shape: tuple[int, ...]) -> Any:
    """The tensor cut, or continued by zeros, at the end of each axis."""
    if not shape:
        return x
    x = x[tuple(slice(0, size) for size in shape)]
    return jnp.pad(x, [(0, size - own) for size, own in zip(shape, x.shape, strict=True)])
