"""Pooling over windows, and its gradients: of equal elements the first has the gradient (in 3-d all of them)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from weft.base.dtypes import DType
from weft.engines.xla.rules.convolution import windows_on
from weft.engines.xla.rules.elementwise import in_float32, kind
from weft.engines.xla.table import lowering
from weft.ops.windows import CHANNELS_LAST, Window, window_of


def _last(x: Any, data_format: str) -> Any:
    return x if data_format == CHANNELS_LAST else jnp.moveaxis(x, 1, -1)


def _from_last(x: Any, data_format: str) -> Any:
    return x if data_format == CHANNELS_LAST else jnp.moveaxis(x, -1, 1)


def _lowest(x: Any) -> Any:
    return np.asarray(-np.inf if kind(x) == "f" else jnp.iinfo(x.dtype).min, x.dtype)


def _slide(x: Any, windows: Window, start: Any, combine: Any) -> Any:
    """Windows of `[batch, *spatial, channels]` combined."""
    return lax.reduce_window(
        x, start, combine, (1, *windows.window, 1), (1, *windows.strides, 1), ((0, 0), *windows.pads, (0, 0)),
        window_dilation=(1, *windows.dilations, 1),
    )  # fmt: skip


def _pad(x: Any, windows: Window, value: Any) -> Any:
    pairs = [(before, windows.extent(axis) - before - size if windows.padded else 0)
             for axis, ((before, _), size) in enumerate(zip(windows.pads, windows.sizes, strict=True))]  # fmt: skip
    return jnp.pad(x, ((0, 0), *pairs, (0, 0)), constant_values=value) if windows.padded else x


def _empty(x: Any, windows: Window) -> bool:
    return 0 in windows.out or not x.size


def _nothing(x: Any, windows: Window, data_format: str) -> Any:
    return _from_last(jnp.zeros((x.shape[0], *windows.out, x.shape[-1]), x.dtype), data_format)


@lowering("max_pool")
def max_pool(x: Any, window: Any, strides: Any, padding: Any, dilations: Any, data_format: str) -> Any:
    """The greatest element of every window; NaN loses against any number."""
    windows = windows_on(x.shape, window, strides, padding, dilations, data_format)
    last = _last(x, data_format)
    if _empty(last, windows):
        return _nothing(last, windows, data_format)
    lowest = _lowest(x)
    if kind(x) != "f":
        return _from_last(_slide(last, windows, lowest, lax.max), data_format)

    def with_nan(x: Any) -> Any:
        found = _slide(jnp.where(jnp.isnan(x), lowest, x), windows, lowest, lax.max)
        numbers = _slide((~jnp.isnan(x)).astype(jnp.int32), windows, np.int32(0), lax.max)
        return jnp.where(numbers > 0, found, jnp.asarray(jnp.nan, x.dtype))

    found = lax.cond(jnp.any(jnp.isnan(last)), with_nan, lambda x: _slide(x, windows, lowest, lax.max), last)
    return _from_last(found, data_format)


def _winners(x: Any, y: Any, windows: Window, every: bool = False) -> Iterator[tuple[Any, Any]]:
    """For each position in the window, the index of its elements and where they are what has the gradient."""
    padded = _pad(x, windows, 0)
    inside = None
    if windows.padded:
        inside = windows.pad(np.ones((1, *windows.sizes, 1), bool), False)
    taken: Any = None
    for offset in windows.offsets():
        index = windows.at(offset)
        element = padded[index]
        wins = element == y
        if kind(y) == "f":
            wins = wins | (jnp.isnan(y) & jnp.isnan(element))
        if inside is not None:
            wins = wins & inside[index]
        if not every:
            free = wins if taken is None else wins & ~taken
            taken = wins if taken is None else wins | taken
            wins = free
        yield index, wins


def _spread(values: Any, windows: Window, index: Any) -> Any:
    """Values at the places of an index into the padded tensor, zeros elsewhere."""
    config = [(0, 0, 0)]
    for axis, along in enumerate(index[1:]):
        reach = along.start + (windows.out[axis] - 1) * windows.strides[axis] + 1
        extent = windows.extent(axis) if windows.padded else max(windows.extent(axis), reach)
        config.append((along.start, extent - reach, windows.strides[axis] - 1))
    return lax.pad(values, np.zeros((), values.dtype), [*config, (0, 0, 0)])


@lowering("max_pool_gradient")
@in_float32
def _max_pool_gradient(x: Any, y: Any, ct: Any, window: Any, strides: Any, padding: Any, dilations: Any,
                       data_format: str) -> Any:  # fmt: skip
    windows = windows_on(x.shape, window, strides, padding, dilations, data_format)
    shape = x.shape
    x, y, ct = (_last(a, data_format) for a in (x, y, ct))
    if not ct.size:
        return jnp.zeros(shape, ct.dtype)
    total: Any = 0
    zero = jnp.zeros((), ct.dtype)
    for index, wins in _winners(x, y, windows, len(windows.sizes) == 3):
        total = total + _spread(jnp.where(wins, ct, zero), windows, index)
    return _from_last(total[windows.inner()], data_format)


@lowering("max_pool_pick")
def _max_pool_pick(x: Any, y: Any, g: Any, window: Any, strides: Any, padding: Any, dilations: Any,
                   data_format: str) -> Any:  # fmt: skip
    windows = windows_on(x.shape, window, strides, padding, dilations, data_format)
    x, y, g = (_last(a, data_format) for a in (x, y, g))
    result = jnp.zeros(y.shape, g.dtype)
    if result.size:
        padded = _pad(g, windows, 0)
        for index, wins in _winners(x, y, windows):
            result = jnp.where(wins, padded[index], result)
    return _from_last(result, data_format)


@lowering("max_pool_with_argmax")
def _max_pool_with_argmax(x: Any, window: Any, strides: Any, padding: Any, dilations: Any, data_format: str,
                          include_batch_in_index: bool, dtype: DType) -> Any:  # fmt: skip
    windows = windows_on(x.shape, window, strides, padding, dilations, data_format)
    y = max_pool(x, window, strides, padding, dilations, data_format)
    size = math.prod(x.shape[1:])
    found = jnp.zeros(_last(y, data_format).shape, jnp.int64)
    if y.size:
        flat = np.arange(size).reshape(1, *x.shape[1:])
        flat = flat if data_format == CHANNELS_LAST else np.moveaxis(flat, 1, -1)
        positions = windows.pad(flat, -1)
        for index, wins in _winners(_last(x, data_format), _last(y, data_format), windows):
            found = jnp.where(wins, positions[index], found)
    found = _from_last(found, data_format)
    if include_batch_in_index:
        found = found + (jnp.arange(x.shape[0]) * size).reshape(-1, *(1,) * (y.ndim - 1))
    return y, found.astype(dtype.numpy)


def _counts(windows: Window, dtype: Any) -> Any:
    """How many elements of each window are not padding."""
    counts = np.ones((1,) * (len(windows.out) + 2), np.float64)
    for axis, out in enumerate(windows.out):
        line = np.zeros(windows.extent(axis) if windows.padded else windows.sizes[axis])
        before = windows.pads[axis][0]
        line[before : before + windows.sizes[axis]] = 1
        per = sum(line[windows.along(axis, p)] for p in range(windows.window[axis]))
        counts = counts * np.reshape(per, (1,) * (axis + 1) + (out,) + (1,) * (len(windows.out) - axis))
    return counts[0].astype(dtype)


@lowering("avg_pool")
@in_float32
def _avg_pool(x: Any, window: Any, strides: Any, padding: Any, dilations: Any, data_format: str) -> Any:
    windows = windows_on(x.shape, window, strides, padding, dilations, data_format)
    last = _last(x, data_format)
    if _empty(last, windows):
        return _nothing(last, windows, data_format)
    total = _slide(last, windows, np.zeros((), last.dtype), lax.add)
    return _from_last(total / _counts(windows, last.dtype), data_format)


@lowering("avg_pool_gradient")
@in_float32
def _avg_pool_gradient(ct: Any, input_shape: tuple[int, ...], window: Any, strides: Any, padding: Any,
                       dilations: Any, data_format: str) -> Any:  # fmt: skip
    windows = windows_on(input_shape, window, strides, padding, dilations, data_format)
    last = _last(ct, data_format)
    if not last.size:
        return jnp.zeros(input_shape, ct.dtype)
    share = last / _counts(windows, last.dtype)
    for axis in range(len(windows.sizes)):
        extent = windows.extent(axis)
        total: Any = 0
        for position in range(windows.window[axis]):
            along = windows.along(axis, position)
            reach = along.start + (windows.out[axis] - 1) * windows.strides[axis] + 1
            config = [(0, 0, 0)] * share.ndim
            config[axis + 1] = (along.start, extent - reach, windows.strides[axis] - 1)
            total = total + lax.pad(share, np.zeros((), share.dtype), config)
        share = total
    return _from_last(share[windows.inner()], data_format)


@lowering("dilation")
@in_float32
def _dilation(x: Any, filter: Any, strides: Any, padding: Any, dilations: Any) -> Any:
    windows = window_of(x.shape[1:-1], filter.shape[:-1], strides, padding, dilations)
    lowest = _lowest(x)
    result = jnp.full((x.shape[0], *windows.out, x.shape[-1]), lowest)
    if not result.size:
        return result
    padded = _pad(x, windows, 0)
    inside = windows.pad(np.ones((1, *windows.sizes, 1), bool), False) if windows.padded else None
    for offset in windows.offsets():
        index = windows.at(offset)
        value = padded[index] + filter[offset]
        result = jnp.maximum(result, value if inside is None else jnp.where(inside[index], value, lowest))
    return result


@lowering("channel_neighbours_sum")
@in_float32
def _channel_neighbours_sum(x: Any, radius: int) -> Any:
    if not x.size:
        return x
    reach = min(radius, x.shape[-1])
    window = (1,) * (x.ndim - 1) + (2 * reach + 1,)
    pads = [(0, 0)] * (x.ndim - 1) + [(reach, reach)]
    return lax.reduce_window(x, np.zeros((), x.dtype), lax.add, window, (1,) * x.ndim, pads)


