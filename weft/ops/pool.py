"""Max and average pooling over any number of spatial axes, and their gradients; grey-scale dilation.

A NaN loses against any number, as in TensorFlow on a CPU; the maximum of nothing but NaNs is NaN. Of equal elements the
first has the gradient; in pooling over three axes each has it in full, and only the gradient's own gradient comes from
the first. So it is in TensorFlow on a CPU.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.ir.types import TensorType
from weft.ops.derived import vjp_of_parts
from weft.ops.families import in_float32, quiet
from weft.ops.opdef import REQUIRED, Case, OpDef, SpecError, case, register
from weft.ops.windows import (
    CHANNELS_FIRST,
    CHANNELS_LAST,
    Array,
    Window,
    channels_last,
    check_lists,
    fold,
    from_channels_last,
    join_shape,
    known,
    pair_of,
    split_shape,
    window_of,
    windows_along,
)


def _pooled_shape(x: TensorType, *, window: Any, strides: Any, padding: Any, dilations: Any, data_format: str) -> Any:
    batch, spatial, channels = split_shape(x, data_format)
    check_lists(len(spatial), padding, window=window, strides=strides, dilations=dilations)
    if not isinstance(padding, str):
        for axis, pair in enumerate(padding):
            if max(pair) >= (window[axis] - 1) * dilations[axis] + 1:
                raise SpecError(f"padding {pair} of spatial axis {axis} holds a whole window of {window[axis]}",
                                expected="less padding than the window is long")  # fmt: skip
    out = [windows_along(size, window[i], strides[i], dilations[i], pair_of(padding, i))
           for i, size in enumerate(spatial)]  # fmt: skip
    return join_shape(batch, out, channels, data_format)


def _pool_spec(x: TensorType, **attrs: Any) -> TensorType:
    return TensorType(_pooled_shape(x, **attrs), x.dtype)


def _check_pooled(name: str, type: TensorType, expected: tuple[Any, ...]) -> None:
    if not shapes.compatible(type.shape, expected):
        raise SpecError(f"`{name}` has shape {shapes.show(type.shape)}, which is not what the pooling gives",
                        expected=shapes.show(expected))  # fmt: skip


def _max_gradient_spec(x: TensorType, y: TensorType, ct: TensorType, **attrs: Any) -> TensorType:
    pooled = _pooled_shape(x, **attrs)
    _check_pooled("y", y, pooled)
    _check_pooled("ct", ct, pooled)
    return TensorType(x.shape, ct.dtype)


def _max_pick_spec(x: TensorType, y: TensorType, g: TensorType, **attrs: Any) -> TensorType:
    pooled = _pooled_shape(x, **attrs)
    _check_pooled("y", y, pooled)
    if not shapes.compatible(g.shape, x.shape):
        raise SpecError(f"`g` has shape {shapes.show(g.shape)}", expected=f"that of x, {shapes.show(x.shape)}")
    return TensorType(pooled, g.dtype)


def _average_gradient_spec(ct: TensorType, *, input_shape: tuple[Any, ...], **attrs: Any) -> TensorType:
    x = TensorType(tuple(input_shape), ct.dtype)
    _check_pooled("ct", ct, _pooled_shape(x, **attrs))
    return x


# References ----------------------------------------------------------------------------------------------------------


def _windows(shape: Sequence[int], window: Any, strides: Any, padding: Any, dilations: Any, data_format: str) -> Window:
    spatial = shape[1:-1] if data_format == CHANNELS_LAST else shape[2:]
    return window_of(spatial, window, strides, padding, dilations)


def _lowest(dtype: np.dtype[Any]) -> Any:
    return -np.inf if dtype.kind not in "iu" else np.iinfo(dtype).min


def _greater(dtype: np.dtype[Any]) -> Any:
    return np.maximum if dtype.kind in "iu" else np.fmax


def _max_pool(x: Array, *, data_format: str, **attrs: Any) -> Any:
    windows = _windows(x.shape, data_format=data_format, **attrs)
    last = channels_last(x, data_format)
    if 0 in windows.out or not last.size:
        return from_channels_last(np.empty((last.shape[0], *windows.out, last.shape[-1]), x.dtype), data_format)
    y = fold(windows, windows.pad(last, _lowest(last.dtype)), _greater(last.dtype))
    return from_channels_last(np.ascontiguousarray(y), data_format)


class _Winners:
    """For each position of the window in turn, where it holds what has the gradient: the first of a window's greatest
    elements, or `every` one of them."""

    def __init__(self, x: Array, y: Array, windows: Window, every: bool = False) -> None:
        self.every = every
        self.windows = windows
        self.x = windows.pad(x, 0)
        self.y = y
        self.inside: Array | None = None
        if windows.padded:  # padding never wins, whatever its value
            self.inside = windows.pad(np.ones((1, *windows.sizes, 1), bool), False)

    def __iter__(self) -> Any:
        free: Array | None = None
        undefined = np.isnan(self.y) if self.y.dtype.kind not in "iu" else None
        if undefined is not None and not undefined.any():
            undefined = None
        for offset in self.windows.offsets():
            index = self.windows.at(offset)
            element = self.x[index]
            wins = element == self.y
            if undefined is not None:
                wins |= undefined & np.isnan(element)
            if self.inside is not None:
                wins &= self.inside[index]
            if self.every:
                pass
            elif free is None:
                free = ~wins
            else:
                wins &= free
                free ^= wins
            yield offset, index, wins


def _shared(windows: Window) -> bool:
    """Whether all of a window's greatest elements have its gradient."""
    return len(windows.sizes) == 3


def _where(condition: Array, values: Array) -> Array:
    """The values where the condition holds, 0 elsewhere: by their bits, several times as fast as `np.where`."""
    whole = np.dtype(f"i{values.itemsize}")
    kept = np.negative(condition.view(np.int8), dtype=whole)
    result: Array = np.bitwise_and(values.view(whole), kept, out=kept).view(values.dtype)
    return result


def _max_pool_gradient(x: Array, y: Array, ct: Array, *, data_format: str, **attrs: Any) -> Any:
    windows = _windows(x.shape, data_format=data_format, **attrs)
    x, y, ct = (channels_last(a, data_format) for a in (x, y, ct))
    dx = windows.empty_padded(x.shape[0], x.shape[-1], ct.dtype)
    if ct.size:
        for _, index, wins in _Winners(x, y, windows, _shared(windows)):
            target = dx[index]
            target += _where(wins, ct)
    inner = dx[windows.inner()] if dx.shape[1:-1] != windows.sizes else dx
    return from_channels_last(inner, data_format)


def _max_pool_pick(x: Array, y: Array, g: Array, *, data_format: str, **attrs: Any) -> Any:
    windows = _windows(x.shape, data_format=data_format, **attrs)
    x, y, g = (channels_last(a, data_format) for a in (x, y, g))
    result = np.zeros(y.shape, g.dtype)
    if result.size:
        padded = windows.pad(g, 0)
        for _, index, wins in _Winners(x, y, windows):
            np.copyto(result, padded[index], where=wins)
    return from_channels_last(result, data_format)


def _counts(windows: Window, dtype: Any) -> Array:
    """How many elements of each window are not padding: `[*out, 1]`."""
    if not windows.padded:
        return np.full((1,) * (len(windows.out) + 1), float(np.prod(windows.window)), dtype)
    ones = windows.pad(np.ones((1, *windows.sizes, 1), dtype))
    counts: Array = fold(windows, ones, np.add)[0]
    return counts


def _average_pool(x: Array, *, data_format: str, **attrs: Any) -> Any:
    windows = _windows(x.shape, data_format=data_format, **attrs)
    last = channels_last(x, data_format)
    if 0 in windows.out or not last.size:
        return from_channels_last(np.empty((last.shape[0], *windows.out, last.shape[-1]), x.dtype), data_format)
    y = fold(windows, windows.pad(last), np.add) / _counts(windows, last.dtype)
    return from_channels_last(y, data_format)


def _average_pool_gradient(ct: Array, *, input_shape: tuple[int, ...], data_format: str, **attrs: Any) -> Any:
    windows = _windows(input_shape, data_format=data_format, **attrs)
    last = channels_last(ct, data_format)
    if not last.size:
        return np.zeros(input_shape, ct.dtype)
    share = last / _counts(windows, last.dtype)
    for axis in range(len(windows.sizes)):  # the opposite of `fold`, one axis after another
        shape = (*share.shape[: axis + 1], windows.extent(axis), *share.shape[axis + 2 :])
        wide = np.zeros(shape, ct.dtype)
        for position in range(windows.window[axis]):
            target = wide[(*(slice(None),) * (axis + 1), windows.along(axis, position))]
            target += share
        share = wide
    inner = share[windows.inner()] if share.shape[1:-1] != windows.sizes else share
    return from_channels_last(inner, data_format)


def _max_pool_with_argmax(
    x: Array, *, data_format: str, include_batch_in_index: bool, dtype: dtypes.DType, **attrs: Any
) -> Any:
    windows = _windows(x.shape, data_format=data_format, **attrs)
    y = in_float32(_max_pool)(x, data_format=data_format, **attrs)
    index = np.zeros(y.shape, np.int64)
    if y.size:
        size = 1
        for n in x.shape[1:]:
            size *= n
        flat = np.arange(size).reshape(1, *x.shape[1:])
        positions = windows.pad(channels_last(flat, data_format), -1)
        last = channels_last(index, data_format)
        for _, at, wins in _Winners(channels_last(x, data_format), channels_last(y, data_format), windows):
            np.copyto(last, positions[at], where=wins)
        if include_batch_in_index:
            index += (np.arange(x.shape[0]) * size).reshape(-1, *(1,) * (y.ndim - 1))
    return y, index.astype(dtype.numpy)


# Records -------------------------------------------------------------------------------------------------------------

_ATTRS = {"window": REQUIRED, "strides": REQUIRED, "padding": "VALID", "dilations": REQUIRED,
          "data_format": CHANNELS_LAST}  # fmt: skip


def _max_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    return (b.max_pool_gradient(node.inputs[0], node.outputs[0], ct, **node.attrs),)


def _max_jvp(b: Any, node: Any, t: Any) -> Sequence[Any]:
    return (b.max_pool_pick(node.inputs[0], node.outputs[0], t, **node.attrs),)


def _max_gradient_vjp(b: Any, node: Any, g: Any) -> Sequence[Any]:
    x, y, _ = node.inputs
    # which element of a window is greatest stays the same as x changes a little
    to_x = b.zeros_like(x) if node.needs[0] else None
    return to_x, None, b.max_pool_pick(x, y, g, **node.attrs) if node.needs[2] else None


def _max_pick_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, y, _ = node.inputs
    to_x = b.zeros_like(x) if node.needs[0] else None
    return to_x, None, b.max_pool_gradient(x, y, ct, **node.attrs) if node.needs[2] else None


def _argmax_vjp(b: Any, node: Any, ct: Any, _: Any) -> Sequence[Any]:
    attrs = {name: node.attrs[name] for name in _ATTRS}
    return (b.max_pool_gradient(node.inputs[0], node.outputs[0], ct, **attrs),)


def _average_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    return (b.avg_pool_gradient(ct, input_shape=b.shape(node.inputs[0]), **node.attrs),)


def _average_gradient_vjp(b: Any, node: Any, g: Any) -> Sequence[Any]:
    return (b.avg_pool(g, **{name: node.attrs[name] for name in _ATTRS}),)


_GEOMETRIES: tuple[tuple[tuple[int, ...], dict[str, Any]], ...] = (
    ((2, 4, 6, 3), dict(window=(2, 2), strides=(2, 2), dilations=(1, 1))),
    ((1, 5, 5, 2), dict(window=(2, 2), strides=(2, 2), dilations=(1, 1), padding="SAME")),
    ((1, 5, 6, 2), dict(window=(3, 3), strides=(2, 1), dilations=(1, 1), padding="SAME")),
    ((2, 6, 2), dict(window=(3,), strides=(1,), dilations=(1,))),
    ((1, 7, 5, 1), dict(window=(2, 3), strides=(1, 1), dilations=(3, 1))),
    ((1, 3, 4, 3, 2), dict(window=(2, 2, 2), strides=(1, 2, 2), dilations=(1, 1, 1), padding="SAME")),
    ((2, 2, 4, 5), dict(window=(2, 2), strides=(2, 2), dilations=(1, 1), padding="SAME", data_format=CHANNELS_FIRST)),
    ((1, 4, 4, 2), dict(window=(3, 2), strides=(2, 2), dilations=(1, 1), padding=((1, 1), (0, 1)))),
    ((0, 4, 4, 2), dict(window=(2, 2), strides=(2, 2), dilations=(1, 1))),
)


def _distinct(shape: tuple[int, ...]) -> Array:
    """Values without near ties, so that small steps never change which one is greatest."""
    size = int(np.prod(shape))
    return ((np.arange(size) * 7919 % max(size, 1)) / 8.0 - size / 16.0).reshape(shape).astype(np.float32)


def _pooled(shape: tuple[int, ...], attrs: dict[str, Any]) -> tuple[int, ...]:
    full = {"padding": "VALID", "data_format": CHANNELS_LAST} | attrs
    return tuple(_pooled_shape(TensorType(shape, dtypes.float32), **full))


def _max_cases(kind: str) -> Sequence[Case]:
    made = []
    for shape, attrs in _GEOMETRIES:
        x = _distinct(shape)
        full = {"padding": "VALID", "data_format": CHANNELS_LAST} | attrs
        if kind == "pool":
            made.append(case(x, **attrs))
        else:
            y = _max_pool(x, **full)
            made.append(case(x, y, y.shape if kind == "gradient" else shape, **attrs))
    return made


def _average_cases(kind: str) -> Sequence[Case]:
    if kind == "pool":
        return [case(shape, **attrs) for shape, attrs in _GEOMETRIES]
    return [case(_pooled(shape, attrs), input_shape=shape, **attrs) for shape, attrs in _GEOMETRIES]


register(
    OpDef(
        name="max_pool",
        inputs=("x",),
        attrs=_ATTRS,
        spec=_pool_spec,
        reference=quiet(in_float32(_max_pool)),
        dtypes=(dtypes.REALS,),
        vjp=_max_vjp,
        jvp=_max_jvp,
        doc="The greatest element of every window of x [batch, *spatial, channels].",
        cases=lambda: _max_cases("pool"),
    )
)
register(
    OpDef(
        name="max_pool_gradient",
        inputs=("x", "y", "ct"),
        attrs=_ATTRS,
        spec=_max_gradient_spec,
        reference=quiet(in_float32(_max_pool_gradient)),
        dtypes=(dtypes.REALS,),
        vjp=_max_gradient_vjp,
        doc="The cotangent of max_pool's x: each window's goes to the first of its greatest elements, in 3-d to all.",
        cases=lambda: _max_cases("gradient"),
    )
)
register(
    OpDef(
        name="max_pool_pick",
        inputs=("x", "y", "g"),
        attrs=_ATTRS,
        spec=_max_pick_spec,
        reference=quiet(in_float32(_max_pool_pick)),
        dtypes=(dtypes.REALS,),
        vjp=_max_pick_vjp,
        doc="For every window, the element of g at the place of the first of the greatest elements of x.",
        cases=lambda: _max_cases("pick"),
    )
)
register(
    OpDef(
        name="max_pool_with_argmax",
        inputs=("x",),
        attrs={**_ATTRS, "include_batch_in_index": False, "dtype": dtypes.int64},
        spec=lambda x, include_batch_in_index, dtype, **attrs: (
            TensorType(_pooled_shape(x, **attrs), x.dtype),
            TensorType(_pooled_shape(x, **attrs), dtype),
        ),
        reference=quiet(_max_pool_with_argmax),
        dtypes=(dtypes.REALS,),
        outputs=("output", "argmax"),
        vjp=_argmax_vjp,
        doc="max_pool, and the flat index in each image (or in the batch) of the first of the greatest elements.",
        cases=lambda: [*_max_cases("pool"), Case((_distinct((2, 4, 4, 1)),), dict(
            window=(2, 2), strides=(2, 2), dilations=(1, 1), include_batch_in_index=True, dtype=dtypes.int32))],
    )
)  # fmt: skip
register(
    OpDef(
        name="avg_pool",
        inputs=("x",),
        attrs=_ATTRS,
        spec=_pool_spec,
        reference=quiet(in_float32(_average_pool)),
        dtypes=(dtypes.FLOATS,),
        vjp=_average_vjp,
        jvp=lambda b, node, t: (b.avg_pool(t, **node.attrs),),
        doc="The mean of every window of x [batch, *spatial, channels]; padding does not count.",
        cases=lambda: _average_cases("pool"),
    )
)
register(
    OpDef(
        name="avg_pool_gradient",
        inputs=("ct",),
        attrs={"input_shape": REQUIRED, **_ATTRS},
        spec=_average_gradient_spec,
        reference=quiet(in_float32(_average_pool_gradient)),
        dtypes=(dtypes.FLOATS,),
        vjp=_average_gradient_vjp,
        jvp=lambda b, node, t: (b.avg_pool_gradient(t, **node.attrs),),
        doc="The cotangent of avg_pool's x, of shape input_shape.",
        cases=lambda: _average_cases("gradient"),
    )
)


# Dilation ------------------------------------------------------------------------------------------------------------


def _dilation_spec(x: TensorType, filter: TensorType, *, strides: Any, padding: Any, dilations: Any) -> TensorType:
    batch, spatial, channels = split_shape(x, CHANNELS_LAST)
    shape = filter.shape or ()
    if len(shape) != len(spatial) + 1 or not shapes.compatible(shape[-1:], (channels,)):
        raise SpecError(f"the filter has shape {shapes.show(shape)} for an input of shape {shapes.show(x.shape)}",
                        expected="[*window, channels] with the channels of the input")  # fmt: skip
    window = known(shape[:-1], "the size of the window")
    check_lists(len(spatial), padding, window=window, strides=strides, dilations=dilations)
    out = [windows_along(size, window[i], strides[i], dilations[i], pair_of(padding, i))
           for i, size in enumerate(spatial)]  # fmt: skip
    return TensorType((batch, *out, channels), x.dtype)


def _dilation(x: Array, filter: Array, strides: Any, padding: Any, dilations: Any) -> Any:
    windows = window_of(x.shape[1:-1], filter.shape[:-1], strides, padding, dilations)
    padded = windows.pad(x)
    lowest = np.asarray(_lowest(x.dtype), x.dtype)
    inside = windows.pad(np.ones((1, *windows.sizes, 1), bool), False) if windows.padded else None
    result = np.full((x.shape[0], *windows.out, x.shape[-1]), lowest, x.dtype)
    for offset in windows.offsets():
        index = windows.at(offset)
        value = padded[index] + filter[offset]
        np.maximum(result, value if inside is None else np.where(inside[index], value, lowest), out=result)
    return result


def _dilation_parts(b: Any, x: Any, filter: Any, *, strides: Any, padding: Any, dilations: Any) -> Any:
    """The same in smaller ops, for floats: of equal values the first keeps the gradient."""
    shape, window = b.shape(x), b.shape(filter)[:-1]
    pads, counts = [(0, 0)], []
    for axis, size in enumerate(shape[1:-1]):
        count = windows_along(size, window[axis], strides[axis], dilations[axis], pair_of(padding, axis))
        total: Any = 0
        if padding == "SAME":
            total = dims.maximum((count - 1) * strides[axis] + (window[axis] - 1) * dilations[axis] + 1 - size, 0)
        pair = pair_of(padding, axis)
        pads.append((total // 2, total - total // 2) if isinstance(pair, str) else pair)
        counts.append(count)
    padded = b.pad(x, paddings=(*pads, (0, 0)), constant_value=-math.inf)
    result = None
    for offset in itertools.product(*(range(size) for size in window)):
        index: list[Any] = [("slice", None, None, None)]
        for axis, position in enumerate(offset):
            start = position * dilations[axis]
            index.append(("slice", start, start + strides[axis] * (counts[axis] - 1) + 1, strides[axis]))
        weight = b.strided_slice(filter, index=tuple(("int", position) for position in offset))
        value = b.add(b.strided_slice(padded, index=tuple(index)), weight)
        result = value if result is None else b.maximum(result, value)
    return result


register(
    OpDef(
        name="dilation",
        inputs=("x", "filter"),
        attrs={"strides": REQUIRED, "padding": "VALID", "dilations": REQUIRED},
        spec=_dilation_spec,
        reference=quiet(in_float32(_dilation)),
        dtypes=(dtypes.REALS,),
        vjp=vjp_of_parts(_dilation_parts, "dilation"),
        doc="The greatest of x + filter in every window of x [batch, *spatial, channels]; padding never wins.",
        cases=(case(_distinct((1, 4, 5, 2)), (2, 3, 2), strides=(1, 2), dilations=(1, 1), domain=(-0.05, 0.05)),
               case(_distinct((2, 5, 4, 1)), (2, 2, 1), strides=(2, 1), dilations=(1, 2), padding="SAME",
                    domain=(-0.05, 0.05)),
               case((0, 4, 4, 2), (2, 2, 2), strides=(1, 1), dilations=(1, 1))),
    )
)  # fmt: skip
