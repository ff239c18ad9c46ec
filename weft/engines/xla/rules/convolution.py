"""Convolution and its two gradients, which are convolutions too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from weft.engines.xla.rules.elementwise import in_float32
from weft.engines.xla.table import lowering
from weft.ops.windows import CHANNELS_LAST, Window, window_of


def windows_on(shape: Sequence[int], window: Any, strides: Any, padding: Any, dilations: Any,
               data_format: str) -> Window:  # fmt: skip
    """How windows lie on a tensor of a shape."""
    spatial = shape[1:-1] if data_format == CHANNELS_LAST else shape[2:]
    return window_of(spatial, window, strides, padding, dilations)


def _letters(rank: int) -> str:
    return "DEFGHW"[-rank:]


def _layout(first: str, last: str, rank: int, data_format: str) -> str:
    spatial = _letters(rank)
    return first + spatial + last if data_format == CHANNELS_LAST else first + last + spatial


@lowering("conv")
@in_float32
def _conv(x: Any, kernel: Any, strides: Any, padding: Any, dilations: Any, groups: int, data_format: str) -> Any:
    window = windows_on(x.shape, kernel.shape[:-2], strides, padding, dilations, data_format)
    rank = len(window.sizes)
    layout = _layout("N", "C", rank, data_format)
    if 0 in (*x.shape, *window.out, *kernel.shape):
        sizes = (x.shape[0], *window.out, kernel.shape[-1])
        shape = sizes if data_format == CHANNELS_LAST else (sizes[0], sizes[-1], *sizes[1:-1])
        return jnp.zeros(shape, x.dtype)
    return lax.conv_general_dilated(
        x, kernel, strides, window.pads, rhs_dilation=dilations, feature_group_count=groups,
        dimension_numbers=(layout, _letters(rank) + "IO", layout),
    )  # fmt: skip


@lowering("conv_input_gradient")
@in_float32
def _conv_input_gradient(ct: Any, kernel: Any, input_shape: tuple[int, ...], strides: Any, padding: Any,
                         dilations: Any, groups: int, data_format: str) -> Any:  # fmt: skip
    window = windows_on(input_shape, kernel.shape[:-2], strides, padding, dilations, data_format)
    rank = len(window.sizes)
    if 0 in (*ct.shape, *input_shape, *kernel.shape):
        return jnp.zeros(input_shape, ct.dtype)
    layout = _layout("N", "C", rank, data_format)
    inner, filters = kernel.shape[-2:]
    split = kernel.reshape(*window.window, inner, groups, filters // groups)
    turned = jnp.flip(jnp.moveaxis(split, -1, -3), range(rank))  # [window, filters / groups, inner, groups]
    turned = jnp.swapaxes(turned, -1, -2).reshape(*window.window, filters // groups, groups * inner)
    pads = []
    for axis, (before, _) in enumerate(window.pads):
        reach = (window.window[axis] - 1) * dilations[axis] + 1
        front = reach - 1 - before
        spread = (window.out[axis] - 1) * strides[axis] + 1
        pads.append((front, window.sizes[axis] + reach - 1 - spread - front))
    return lax.conv_general_dilated(
        ct, turned, (1,) * rank, pads, lhs_dilation=strides, rhs_dilation=dilations, feature_group_count=groups,
        dimension_numbers=(layout, _letters(rank) + "IO", layout),
    )  # fmt: skip


@lowering("conv_kernel_gradient")
@in_float32
def _conv_kernel_gradient(x: Any, ct: Any, kernel_shape: tuple[int, ...], strides: Any, padding: Any,
                          dilations: Any, groups: int, data_format: str) -> Any:  # fmt: skip
    window = windows_on(x.shape, kernel_shape[:-2], strides, padding, dilations, data_format)
    rank = len(window.sizes)
    if not math.prod(x.shape) or not math.prod(ct.shape):
        return jnp.zeros(kernel_shape, x.dtype)
    pads = []
    for axis, (before, _) in enumerate(window.pads):
        reach = (window.window[axis] - 1) * dilations[axis] + (window.out[axis] - 1) * strides[axis] + 1
        pads.append((before, reach - window.sizes[axis] - before))
    return lax.conv_general_dilated(
        x, ct, dilations, pads, rhs_dilation=strides, batch_group_count=groups,
        dimension_numbers=(_layout("C", "N", rank, data_format), _layout("I", "O", rank, data_format),
                           _letters(rank) + "NC"),
    )  # fmt: skip
