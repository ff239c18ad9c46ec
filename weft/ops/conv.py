"""Convolution over one, two, three or more spatial axes, its two gradients, and the depthwise one.

All four ops are linear in each operand, and their gradients are one another, so derivatives exist to any order:
with y = conv(x, k), `conv_input_gradient` is the map y-cotangent -> x-cotangent, which is also what TensorFlow calls
transposed convolution, and `conv_kernel_gradient` the map (x, y-cotangent) -> k-cotangent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dims import Dim
from weft.ir.types import TensorType
from weft.ops.families import in_float32, quiet
from weft.ops.opdef import REQUIRED, Case, OpDef, SpecError, case, register
from weft.ops.windows import (
    CHANNELS_FIRST,
    CHANNELS_LAST,
    Array,
    Padding,
    Window,
    channels_last,
    check_lists,
    from_channels_last,
    join_shape,
    known,
    split_shape,
    window_of,
    windows_along,
)

#: elements of unfolded windows that are held at a time: large enough for the matrix product, small enough for caches
_BLOCK = 1 << 20
#: up to so many channels, unfolded windows are laid out with the positions innermost
_FEW = 4


# Shapes --------------------------------------------------------------------------------------------------------------


def _output_shape(
    x: TensorType, kernel: tuple[Any, ...], strides: tuple[int, ...], padding: Padding, dilations: tuple[int, ...],
    groups: int, data_format: str,
) -> tuple[Any, ...]:  # fmt: skip
    batch, spatial, channels = split_shape(x, data_format)
    rank = len(spatial)
    if len(kernel) != rank + 2:
        raise SpecError(
            f"the kernel has shape {shapes.show(kernel)}, of rank {len(kernel)}",
            expected=f"rank {rank + 2}: the {rank} sizes of the window, then input channels / groups, output channels",
        )
    check_lists(rank, padding, strides=strides, dilations=dilations)
    inner, outer = kernel[-2:]
    if isinstance(channels, int) and isinstance(inner, int) and channels != inner * groups:
        raise SpecError(
            f"the input has {channels} channels ({data_format}), the kernel of shape {shapes.show(kernel)} takes "
            + (f"{inner}" if groups == 1 else f"{inner} for each of {groups} groups, {inner * groups} together"),
            expected=f"a kernel {shapes.show((*kernel[:-2], channels // groups, outer))}" if channels % groups == 0
            else f"a number of channels that {groups} groups share evenly",
            hint="check the channel count and data_format",
        )  # fmt: skip
    if isinstance(outer, int) and outer % groups:
        raise SpecError(f"{outer} output channels do not split evenly into {groups} groups")
    window = known(kernel[:-2], "the size of the window")
    if any(size < 1 for size in window):
        raise SpecError(f"the window has size {window}", expected="at least 1 along each axis")
    out = [windows_along(size, window[i], strides[i], dilations[i], padding if isinstance(padding, str) else padding[i])
           for i, size in enumerate(spatial)]  # fmt: skip
    return join_shape(batch, out, outer, data_format)


def _check_cotangent(ct: TensorType, expected: tuple[Any, ...]) -> None:
    if not shapes.compatible(ct.shape, expected):
        raise SpecError(
            f"the cotangent has shape {shapes.show(ct.shape)}, which is not what the convolution gives",
            expected=shapes.show(expected),
            hint="for a transposed convolution, check output_shape against strides and padding",
        )


def _conv_spec(x: TensorType, kernel: TensorType, **attrs: Any) -> TensorType:
    return TensorType(_output_shape(x, kernel.shape or (), **attrs), x.dtype)


def _input_gradient_spec(
    ct: TensorType, kernel: TensorType, *, input_shape: tuple[Any, ...], **attrs: Any
) -> TensorType:
    x = TensorType(tuple(input_shape), ct.dtype)
    _check_cotangent(ct, _output_shape(x, kernel.shape or (), **attrs))
    return x


def _kernel_gradient_spec(x: TensorType, ct: TensorType, *, kernel_shape: tuple[Any, ...], **attrs: Any) -> TensorType:
    _check_cotangent(ct, _output_shape(x, tuple(kernel_shape), **attrs))
    return TensorType(tuple(kernel_shape), x.dtype)


# The matrix products -------------------------------------------------------------------------------------------------


def _blocks(window: Window, batch: int, channels: int) -> Iterator[tuple[slice, ...]]:
    """Indices of parts of `[batch, *out]`, contiguous in memory, whose unfolded windows are of bearable size."""
    row = math.prod(window.out[1:]) * math.prod(window.window) * channels
    image = row * window.out[0]
    if image <= _BLOCK:
        step = max(1, _BLOCK // max(image, 1))
        yield from ((slice(i, i + step),) for i in range(0, batch, step))
        return
    step = max(1, _BLOCK // row)
    for i in range(batch):
        yield from ((slice(i, i + 1), slice(r, r + step)) for r in range(0, window.out[0], step))


def _unfold(view: Array, rank: int, groups: int) -> Array:
    """Windows as columns of a matrix for each group: `[groups, positions, window * channels / groups]`."""
    channels = view.shape[-1]
    positions = math.prod(view.shape[: rank + 1])
    if groups == 1:
        if channels <= _FEW:
            # Copying runs along the innermost axis: with few channels that had better be the positions.
            order = (*range(rank + 1, 2 * rank + 2), *range(rank + 1))
            return view.transpose(order).reshape(-1, positions).T[None]
        return view.reshape(1, positions, -1)
    size = channels // groups
    step = view.strides[-1]
    split = np.lib.stride_tricks.as_strided(view, (groups, *view.shape[:-1], size),
                                            (step * size, *view.strides[:-1], step), writeable=False)  # fmt: skip
    return split.reshape(groups, positions, -1)


def _by_group(kernel: Array, groups: int) -> Array:
    """The kernel as `[groups, window * channels / groups, filters / groups]`."""
    filters = kernel.shape[-1]
    return np.moveaxis(kernel.reshape(-1, groups, filters // groups), 1, 0)


def _forward(x: Array, kernel: Array, window: Window, groups: int) -> Array:
    rank = len(window.sizes)
    filters = kernel.shape[-1]
    y = np.empty((x.shape[0], *window.out, filters), x.dtype)
    if not y.size or not kernel.size:
        y[...] = 0
        return y
    padded = window.pad(x)
    if groups > 1 and kernel.shape[-2] == 1:
        return _forward_depthwise(padded, kernel, window, y)
    weights = _by_group(kernel, groups)
    view = window.view(padded)
    for part in _blocks(window, x.shape[0], x.shape[-1]):
        columns = _unfold(view[part], rank, groups)
        if groups == 1:
            np.matmul(columns[0], weights[0], out=y[part].reshape(-1, filters))
        else:
            result = np.moveaxis(np.matmul(columns, weights), 0, 1)
            y[part] = result.reshape(y[part].shape)
    return y


def _kernel_gradient(x: Array, ct: Array, kernel_shape: tuple[int, ...], window: Window, groups: int) -> Array:
    rank = len(window.sizes)
    filters = kernel_shape[-1]
    if not x.size or not ct.size:
        return np.zeros(kernel_shape, x.dtype)
    padded = window.pad(x)
    if groups > 1 and kernel_shape[-2] == 1:
        return _kernel_gradient_depthwise(padded, ct, kernel_shape, window)
    view = window.view(padded)
    total: Any = 0
    for part in _blocks(window, x.shape[0], x.shape[-1]):
        columns = _unfold(view[part], rank, groups)
        rows = np.moveaxis(ct[part].reshape(-1, groups, filters // groups), 1, 0)
        total = total + np.matmul(columns.swapaxes(1, 2), rows)
    result: Array = np.moveaxis(total, 0, 1).reshape(kernel_shape)
    return result


def _input_gradient(ct: Array, kernel: Array, channels: int, window: Window, groups: int) -> Array:
    dx = window.empty_padded(ct.shape[0], channels, ct.dtype)
    if ct.size and kernel.size:
        if groups > 1 and kernel.shape[-2] == 1:
            _spread_depthwise(dx, ct, kernel, window)
        elif groups == 1 and channels <= _FEW:
            _spread_few(dx, ct, kernel, window)
        else:
            _spread(dx, ct, kernel, window, groups)
    return dx[window.inner()] if dx.shape[1:-1] != window.sizes else dx


def _spread(dx: Array, ct: Array, kernel: Array, window: Window, groups: int) -> None:
    """Adds to every position what the windows over it give, one position of the window at a time."""
    shape = (*ct.shape[:-1], dx.shape[-1])
    inner, filters = kernel.shape[-2:]
    rows = np.moveaxis(ct.reshape(-1, groups, filters // groups), 1, 0)  # [groups, positions, filters / groups]
    buffer = np.empty((rows.shape[1], groups, inner), ct.dtype)
    for offset in window.offsets():
        weights = kernel[offset].reshape(inner, groups, filters // groups).transpose(1, 2, 0)
        if groups == 1:
            np.matmul(rows[0], weights[0], out=buffer[:, 0])
        else:
            np.matmul(rows, weights, out=np.moveaxis(buffer, 1, 0))
        target = dx[window.at(offset)]
        np.add(target, buffer.reshape(shape), out=target)


def _spread_few(dx: Array, ct: Array, kernel: Array, window: Window) -> None:
    """The same for few channels: one product for all positions of the window, positions innermost."""
    batch, filters = ct.shape[0], ct.shape[-1]
    weights = kernel.reshape(-1, filters)
    channels = dx.shape[-1]
    for part in _blocks(window, batch, channels):
        piece = ct[part]
        parts = np.matmul(weights, piece.reshape(-1, filters).T).reshape(*window.window, channels, *piece.shape[:-1])
        rows = part[1] if len(part) > 1 else None
        for offset in window.offsets():
            index = list(window.at(offset))
            index[0] = part[0]
            if rows is not None:
                first = index[1].start + rows.start * window.strides[0]
                index[1] = slice(first, first + window.strides[0] * (piece.shape[1] - 1) + 1, window.strides[0])
            target = dx[tuple(index)]
            np.add(target, np.moveaxis(parts[offset], 0, -1), out=target)


# One input channel a group: products with a scalar, not of matrices ---------------------------------------------------


def _forward_depthwise(padded: Array, kernel: Array, window: Window, y: Array) -> Array:
    channels = padded.shape[-1]
    many = kernel.shape[-1] // channels
    wide = y.reshape(*y.shape[:-1], channels, many)
    buffer = np.empty_like(wide)
    for number, offset in enumerate(window.offsets()):
        weights = kernel[offset].reshape(channels, many)
        np.multiply(padded[window.at(offset)][..., None], weights, out=buffer if number else wide)
        if number:
            np.add(wide, buffer, out=wide)
    return y


def _kernel_gradient_depthwise(padded: Array, ct: Array, kernel_shape: tuple[int, ...], window: Window) -> Array:
    channels = padded.shape[-1]
    rows = ct.reshape(-1, channels, kernel_shape[-1] // channels)
    result = np.empty((*kernel_shape[:-2], *rows.shape[1:]), ct.dtype)
    for offset in window.offsets():
        piece = padded[window.at(offset)].reshape(-1, channels)
        np.einsum("pc,pcm->cm", piece, rows, out=result[offset])
    return result.reshape(kernel_shape)


def _spread_depthwise(dx: Array, ct: Array, kernel: Array, window: Window) -> None:
    channels = dx.shape[-1]
    rows = ct.reshape(*ct.shape[:-1], channels, kernel.shape[-1] // channels)
    for offset in window.offsets():
        weights = kernel[offset].reshape(rows.shape[-2:])
        target = dx[window.at(offset)]
        product_ = rows[..., 0] * weights[:, 0] if rows.shape[-1] == 1 else np.einsum("...cm,cm->...c", rows, weights)
        np.add(target, product_, out=target)


# References ----------------------------------------------------------------------------------------------------------


def _windows(input_shape: Sequence[int], kernel_shape: Sequence[int], strides: Any, padding: Any, dilations: Any,
             data_format: str) -> Window:  # fmt: skip
    spatial = input_shape[1:-1] if data_format == CHANNELS_LAST else input_shape[2:]
    return window_of(spatial, kernel_shape[:-2], strides, padding, dilations)


def _conv(x: Array, kernel: Array, *, strides: Any, padding: Any, dilations: Any, groups: int, data_format: str) -> Any:
    window = _windows(x.shape, kernel.shape, strides, padding, dilations, data_format)
    y = _forward(channels_last(x, data_format), np.ascontiguousarray(kernel), window, groups)
    return from_channels_last(y, data_format)


def _conv_input_gradient(ct: Array, kernel: Array, *, input_shape: tuple[int, ...], strides: Any, padding: Any,
                         dilations: Any, groups: int, data_format: str) -> Any:  # fmt: skip
    window = _windows(input_shape, kernel.shape, strides, padding, dilations, data_format)
    last = np.ascontiguousarray(channels_last(ct, data_format))
    channels = input_shape[-1 if data_format == CHANNELS_LAST else 1]
    dx = _input_gradient(last, np.ascontiguousarray(kernel), channels, window, groups)
    return from_channels_last(dx, data_format)


def _conv_kernel_gradient(x: Array, ct: Array, *, kernel_shape: tuple[int, ...], strides: Any, padding: Any,
                          dilations: Any, groups: int, data_format: str) -> Any:  # fmt: skip
    window = _windows(x.shape, kernel_shape, strides, padding, dilations, data_format)
    last = np.ascontiguousarray(channels_last(ct, data_format))
    return _kernel_gradient(channels_last(x, data_format), last, kernel_shape, window, groups)


# Records -------------------------------------------------------------------------------------------------------------

_DTYPES = (*dtypes.FLOATS, dtypes.int32)
_ATTRS = {"strides": REQUIRED, "padding": "VALID", "dilations": REQUIRED, "groups": 1, "data_format": CHANNELS_LAST}
_SHARED = ("strides", "padding", "dilations", "groups", "data_format")


def _shared(node: Any) -> dict[str, Any]:
    return {name: node.attrs[name] for name in _SHARED}


def _conv_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, kernel = node.inputs
    to_x = b.conv_input_gradient(ct, kernel, input_shape=b.shape(x), **_shared(node)) if node.needs[0] else None
    to_kernel = b.conv_kernel_gradient(x, ct, kernel_shape=b.shape(kernel), **_shared(node)) if node.needs[1] else None
    return to_x, to_kernel


def _input_gradient_vjp(b: Any, node: Any, g: Any) -> Sequence[Any]:
    ct, kernel = node.inputs
    to_ct = b.conv(g, kernel, **_shared(node)) if node.needs[0] else None
    to_kernel = b.conv_kernel_gradient(g, ct, kernel_shape=b.shape(kernel), **_shared(node)) if node.needs[1] else None
    return to_ct, to_kernel


def _kernel_gradient_vjp(b: Any, node: Any, g: Any) -> Sequence[Any]:
    x, ct = node.inputs
    to_x = b.conv_input_gradient(ct, g, input_shape=b.shape(x), **_shared(node)) if node.needs[0] else None
    to_ct = b.conv(x, g, **_shared(node)) if node.needs[1] else None
    return to_x, to_ct


def _bilinear_jvp(name: str) -> Any:
    def jvp(b: Any, node: Any, *tangents: Any) -> Sequence[Any]:
        parts = []
        for index, tangent in enumerate(tangents):
            if tangent is not None:
                operands = list(node.inputs)
                operands[index] = tangent
                parts.append(b.call(name, *operands, **node.attrs))
        return (parts[0] if len(parts) == 1 else b.add(*parts),)

    return jvp


#: (input shape, kernel shape, attributes): every path of the references, even windows, strides that do not fit
_GEOMETRIES: tuple[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]], ...] = (
    ((2, 5, 5, 5), (3, 3, 5, 2), dict(strides=(1, 1), dilations=(1, 1))),
    ((2, 5, 6, 1), (2, 3, 1, 3), dict(strides=(2, 2), dilations=(1, 1), padding="SAME")),
    ((1, 6, 5, 6), (2, 2, 6, 2), dict(strides=(2, 1), dilations=(1, 2), padding="SAME")),
    ((1, 4, 5, 2), (3, 2, 2, 3), dict(strides=(1, 2), dilations=(1, 1), padding=((2, 0), (0, 3)))),
    ((2, 4, 4, 6), (2, 2, 3, 4), dict(strides=(1, 1), dilations=(1, 1), padding="SAME", groups=2)),
    ((1, 4, 4, 3), (3, 3, 1, 6), dict(strides=(1, 2), dilations=(1, 1), padding="SAME", groups=3)),
    ((2, 7, 2), (3, 2, 3), dict(strides=(2,), dilations=(1,))),
    ((2, 7, 5), (2, 5, 2), dict(strides=(1,), dilations=(3,))),
    ((1, 3, 4, 3, 2), (2, 2, 2, 2, 2), dict(strides=(1, 2, 1), dilations=(1, 1, 1), padding="SAME")),
    ((2, 3, 5, 4), (2, 2, 3, 2), dict(strides=(1, 1), dilations=(1, 1), padding="SAME", data_format=CHANNELS_FIRST)),
    ((2, 4, 4, 5), (1, 1, 5, 3), dict(strides=(1, 1), dilations=(1, 1))),
    ((0, 4, 4, 2), (2, 2, 2, 3), dict(strides=(1, 1), dilations=(1, 1))),
)


def _result_shape(x: tuple[int, ...], kernel: tuple[int, ...], attrs: dict[str, Any]) -> tuple[int, ...]:
    full: dict[str, Any] = {"padding": "VALID", "groups": 1, "data_format": CHANNELS_LAST} | attrs
    return tuple(_output_shape(TensorType(x, dtypes.float32), kernel, **full))


def _cases(kind: str) -> Sequence[Case]:
    made = []
    for x, kernel, attrs in _GEOMETRIES:
        result = _result_shape(x, kernel, attrs)
        if kind == "conv":
            made.append(case(x, kernel, **attrs))
        elif kind == "input":
            made.append(case(result, kernel, input_shape=x, **attrs))
        else:
            made.append(case(x, result, kernel_shape=kernel, **attrs))
    return made


register(
    OpDef(
        name="conv",
        inputs=("x", "kernel"),
        attrs=_ATTRS,
        spec=_conv_spec,
        reference=quiet(in_float32(_conv)),
        dtypes=(_DTYPES,),
        vjp=_conv_vjp,
        jvp=_bilinear_jvp("conv"),
        doc="Cross-correlation of x [batch, *spatial, channels] with a kernel [*window, channels / groups, filters].",
        cases=lambda: _cases("conv"),
    )
)
register(
    OpDef(
        name="conv_input_gradient",
        inputs=("ct", "kernel"),
        attrs={"input_shape": REQUIRED, **_ATTRS},
        spec=_input_gradient_spec,
        reference=quiet(in_float32(_conv_input_gradient)),
        dtypes=(_DTYPES,),
        vjp=_input_gradient_vjp,
        jvp=_bilinear_jvp("conv_input_gradient"),
        doc="The cotangent of conv's x, of shape input_shape; TensorFlow's transposed convolution.",
        cases=lambda: _cases("input"),
    )
)
register(
    OpDef(
        name="conv_kernel_gradient",
        inputs=("x", "ct"),
        attrs={"kernel_shape": REQUIRED, **_ATTRS},
        spec=_kernel_gradient_spec,
        reference=quiet(in_float32(_conv_kernel_gradient)),
        dtypes=(_DTYPES,),
        vjp=_kernel_gradient_vjp,
        jvp=_bilinear_jvp("conv_kernel_gradient"),
        doc="The cotangent of conv's kernel.",
        cases=lambda: _cases("kernel"),
    )
)


# Depthwise -----------------------------------------------------------------------------------------------------------


def _depthwise_kernel(kernel: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(kernel) < 3:
        raise SpecError(f"the kernel has shape {shapes.show(kernel)}",
                        expected="[*window, channels, outputs per channel]")  # fmt: skip
    return (*kernel[:-2], 1, kernel[-2] * kernel[-1])


def _depthwise_spec(x: TensorType, kernel: TensorType, **attrs: Any) -> TensorType:
    shape = kernel.shape or ()
    flat = _depthwise_kernel(shape)
    channels = split_shape(x, attrs["data_format"])[2]
    if isinstance(shape[-2], Dim):
        raise SpecError("the number of channels must be known", hint="give the kernel a static shape")
    if isinstance(channels, int) and channels != shape[-2]:
        raise SpecError(
            f"the input has {channels} channels ({attrs['data_format']}), the kernel of shape {shapes.show(shape)} "
            f"takes {shape[-2]}",
            hint="check the channel count and data_format",
        )
    return TensorType(_output_shape(x, flat, groups=shape[-2], **attrs), x.dtype)


def _depthwise(x: Array, kernel: Array, **attrs: Any) -> Any:
    return _conv(x, kernel.reshape(_depthwise_kernel(kernel.shape)), groups=kernel.shape[-2], **attrs)


def _depthwise_as_conv(b: Any, x: Any, kernel: Any, **attrs: Any) -> Any:
    shape = b.shape(kernel)
    return b.conv(x, b.reshape(kernel, shape=_depthwise_kernel(shape)), groups=shape[-2], **attrs)


def _depthwise_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, kernel = node.inputs
    shape = b.shape(kernel)
    flat = _depthwise_kernel(shape)
    attrs = {**node.attrs, "groups": shape[-2]}
    to_x = to_kernel = None
    if node.needs[0]:
        to_x = b.conv_input_gradient(ct, b.reshape(kernel, shape=flat), input_shape=b.shape(x), **attrs)
    if node.needs[1]:
        to_kernel = b.reshape(b.conv_kernel_gradient(x, ct, kernel_shape=flat, **attrs), shape=shape)
    return to_x, to_kernel


register(
    OpDef(
        name="depthwise_conv",
        inputs=("x", "kernel"),
        attrs={"strides": REQUIRED, "padding": "VALID", "dilations": REQUIRED, "data_format": CHANNELS_LAST},
        spec=_depthwise_spec,
        reference=quiet(in_float32(_depthwise)),
        dtypes=(_DTYPES,),
        vjp=_depthwise_vjp,
        jvp=_bilinear_jvp("depthwise_conv"),
        decompose=_depthwise_as_conv,
        doc="Each channel convolved by itself with a kernel [*window, channels, outputs per channel].",
        cases=(
            case((2, 5, 5, 3), (3, 3, 3, 2), strides=(1, 1), dilations=(1, 1)),
            case((1, 6, 5, 2), (2, 2, 2, 1), strides=(2, 2), dilations=(1, 1), padding="SAME"),
            case((1, 2, 6, 6), (3, 2, 2, 1), strides=(1, 1), dilations=(2, 1), data_format=CHANNELS_FIRST),
            case((2, 6, 1), (3, 1, 2), strides=(1,), dilations=(1,), padding="SAME"),
            case((0, 5, 5, 3), (3, 3, 3, 2), strides=(1, 1), dilations=(1, 1)),
        ),
    )
)
