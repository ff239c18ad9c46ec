"""Elements in other places: padding, rolling, reversing, patches."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from weft.engines.xla.rules.elementwise import in_float32
from weft.engines.xla.table import lowering


@lowering("pad")
def _pad(x: Any, paddings: Any, mode: str, constant_value: Any) -> Any:
    if not paddings:
        return x
    if mode == "constant":
        return jnp.pad(x, paddings, constant_values=jnp.asarray(constant_value).astype(x.dtype))
    for axis, pair in enumerate(paddings):
        if any(pair):
            x = jnp.take(x, _mirrored(x.shape[axis], pair[0], pair[1], mode), axis=axis)
    return x


def _mirrored(size: int, before: int, after: int, mode: str) -> Any:
    """For each place of a padded axis, the place that its element comes from."""
    return np.pad(np.arange(size), (before, after), mode=mode)  # type: ignore[call-overload]


@lowering("mirror_pad_grad")
@in_float32
def _mirror_pad_grad(ct: Any, paddings: Any, mode: str) -> Any:
    for axis, (before, after) in enumerate(paddings):
        if before or after:
            rows = jnp.moveaxis(ct, axis, 0)
            size = ct.shape[axis] - before - after
            total = jnp.zeros((size, *rows.shape[1:]), ct.dtype).at[_mirrored(size, before, after, mode)].add(rows)
            ct = jnp.moveaxis(total, 0, axis)
    return ct


@lowering("pad_dynamic", static=(1,))
def _pad_dynamic(x: Any, paddings: Any, constant_value: Any) -> Any:
    return _pad(x, tuple(map(tuple, paddings.tolist())), "constant", constant_value)


@lowering("roll")
def _roll(x: Any, shift: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    return jnp.roll(x, shift, axis) if axis else x


@lowering("roll_dynamic")
def _roll_dynamic(x: Any, shift: Any, axis: tuple[int, ...]) -> Any:
    for number, along in enumerate(axis):
        x = jnp.roll(x, shift[number], along)
    return x


@lowering("reverse_sequence", checks=True)
def _reverse_sequence(check: Any, x: Any, lengths: Any, seq_axis: int, batch_axis: int) -> Any:
    size = x.shape[seq_axis]
    check((lengths < 0) | (lengths > size))
    rows = jnp.moveaxis(x, (batch_axis, seq_axis), (0, 1))
    position = jnp.arange(size)[None, :]
    source = jnp.where(position < lengths[:, None], lengths[:, None] - 1 - position, position)
    found = rows[jnp.arange(rows.shape[0])[:, None], source]
    return jnp.moveaxis(found, (0, 1), (batch_axis, seq_axis))


def _patches(shape: Any, sizes: Any, strides: Any, rates: Any, padding: str) -> tuple[list[int], list[Any], list[Any]]:
    """Counts of windows, paddings, and for each place in the window the slices that it visits."""
    counts, pairs = [], []
    for size, window, stride, rate in zip(shape[1:-1], sizes, strides, rates, strict=True):
        reach = (window - 1) * rate + 1
        count = -(-size // stride) if padding == "SAME" else (size - reach) // stride + 1
        total = max((count - 1) * stride + reach - size, 0) if padding == "SAME" else 0
        counts.append(count)
        pairs.append((total // 2, total - total // 2))
    places = [
        (slice(None), *(slice(o * rate, o * rate + max((count - 1) * stride + 1, 0), stride)
                        for o, rate, count, stride in zip(offset, rates, counts, strides, strict=True)))
        for offset in np.ndindex(*sizes)
    ]  # fmt: skip
    return counts, pairs, places


@lowering("extract_patches")
def _extract_patches(x: Any, sizes: Any, strides: Any, rates: Any, padding: str) -> Any:
    counts, pairs, places = _patches(x.shape, sizes, strides, rates, padding)
    padded = jnp.pad(x, ((0, 0), *pairs, (0, 0)))
    parts = jnp.stack([padded[place] for place in places], axis=-2)
    return parts.reshape(x.shape[0], *counts, len(places) * x.shape[-1])


@lowering("extract_patches_grad")
def _extract_patches_grad(ct: Any, shape: Any, sizes: Any, strides: Any, rates: Any, padding: str) -> Any:
    counts, pairs, places = _patches(shape, sizes, strides, rates, padding)
    spatial = [size + before + after for size, (before, after) in zip(shape[1:-1], pairs, strict=True)]
    total = jnp.zeros((shape[0], *spatial, shape[-1]), ct.dtype)
    parts = ct.reshape(shape[0], *counts, len(places), shape[-1])
    for number, place in enumerate(places):
        total = total.at[place].add(parts[..., number, :])
    inside = [slice(before, before + size) for size, (before, _) in zip(shape[1:-1], pairs, strict=True)]
    return total[(slice(None), *inside)]
