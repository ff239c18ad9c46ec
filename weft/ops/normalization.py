"""Normalisation: a tensor brought to mean 0 and variance 1 along axes, then scaled and shifted.

`batch_norm_training`, `layer_norm`, `group_norm` and `rms_norm` differ in the axes and in the shapes of scale and
offset; one standardisation serves them all. Variances are those of the population, not of a sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dims import Dim
from weft.base.dtypes import FLOATS
from weft.ir.types import TensorType
from weft.ops.derived import vjp_of_parts
from weft.ops.families import in_float32, quiet
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register

Array = np.ndarray[Any, Any]

_HALF = (np.dtype(np.float16), dtypes.bfloat16.numpy)


def _in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    """Like `families.in_float32`, for references with several results."""

    def wrapped(*arrays: Array, **attrs: Any) -> Any:
        half = next((a.dtype for a in arrays if a.dtype in _HALF), None)
        if half is None:
            return function(*arrays, **attrs)
        results = function(*(a.astype(np.float32) if a.dtype == half else a for a in arrays), **attrs)
        return tuple(r.astype(half) for r in results)

    return wrapped


def _others(rank: int, axis: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(i for i in range(rank) if i not in axis)


def _normal_axes(x: TensorType, axis: tuple[int, ...]) -> tuple[int, ...]:
    rank = x.rank or 0
    found = []
    for given in axis:
        normal = shapes.normalize_axis(given, rank)
        if normal is None:
            problem = f"axis {given} is out of bounds for a tensor of rank {rank}"
            raise SpecError(problem, expected=f"-{rank} to {rank - 1}")
        found.append(normal)
    if len(set(found)) != len(found):
        raise SpecError(f"axis {axis} names an axis twice")
    return tuple(sorted(found))


def _check_parameter(name: str, type: TensorType, expected: tuple[Any, ...], x: TensorType) -> None:
    if not shapes.compatible(type.shape, expected):
        raise SpecError(f"`{name}` has shape {shapes.show(type.shape)} for an input of shape {shapes.show(x.shape)}",
                        expected=shapes.show(expected), hint="check the axis that is normalised")  # fmt: skip


def _spread(b: Any, value: Any, x: Any, axis: tuple[int, ...]) -> Any:
    """A parameter whose axes are those of x in `axis`, shaped so that it broadcasts over x."""
    shape = b.shape(x)
    return b.reshape(value, shape=tuple(d if i in axis else 1 for i, d in enumerate(shape)))


def _wide(array: Array, rank: int, axis: tuple[int, ...]) -> Array:
    """The same for arrays."""
    sizes = iter(array.shape)
    return array.reshape(tuple(next(sizes) if i in axis else 1 for i in range(rank)))


def _moments(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """The mean, x less the mean, and the variance, with kept axes. Two passes: squares of x would lose digits."""
    # Sums divided here, because numpy's mean warns where there is nothing to take it of; NaN is the answer then.
    count = np.asarray(math.prod(x.shape[i] for i in axes), x.dtype)
    mean = x.sum(axis=axes, keepdims=True, dtype=x.dtype) / count
    centred = x - mean
    variance = np.square(centred).sum(axis=axes, keepdims=True, dtype=x.dtype) / count
    return mean, centred, variance


# Batch normalisation --------------------------------------------------------------------------------------------------


def _batch_axes(x: TensorType, axis: int) -> tuple[int, tuple[int, ...]]:
    (channel,) = _normal_axes(x, (axis,))
    return channel, _others(x.rank or 0, (channel,))


def _batch_norm_spec(
    x: TensorType, scale: TensorType, offset: TensorType, *, axis: int, epsilon: float
) -> tuple[TensorType, ...]:
    channel, _ = _batch_axes(x, axis)
    size = ((x.shape or ())[channel],)
    _check_parameter("scale", scale, size, x)
    _check_parameter("offset", offset, size, x)
    return x, TensorType(size, x.dtype), TensorType(size, x.dtype)


def _batch_norm_training(x: Array, scale: Array, offset: Array, axis: int, epsilon: float) -> Any:
    channel = axis % x.ndim
    if channel == x.ndim - 1 and x.ndim > 2:
        y, mean, variance = _batch_norm_training(x.reshape(-1, x.shape[-1]), scale, offset, 1, epsilon)
        return y.reshape(x.shape), mean, variance
    mean, centred, variance = _moments(x, _others(x.ndim, (channel,)))
    factor = _wide(scale, x.ndim, (channel,)) / np.sqrt(variance + np.asarray(epsilon, x.dtype))
    centred *= factor
    centred += _wide(offset, x.ndim, (channel,))
    return centred, mean.reshape(-1), variance.reshape(-1)


def _batch_norm_parts(b: Any, x: Any, scale: Any, offset: Any, *, axis: int, epsilon: float) -> Any:
    rank = len(b.shape(x))
    channel = axis % rank
    others = _others(rank, (channel,))
    mean = b.reduce_mean(x, axis=others, keepdims=True)
    centred = b.subtract(x, mean)
    variance = b.reduce_mean(b.square(centred), axis=others, keepdims=True)
    factor = b.multiply(b.rsqrt(b.add(variance, epsilon)), _spread(b, scale, x, (channel,)))
    y = b.add(b.multiply(centred, factor), _spread(b, offset, x, (channel,)))
    size = (b.shape(x)[channel],)
    return y, b.reshape(mean, shape=size), b.reshape(variance, shape=size)


def _batch_norm_vjp(b: Any, node: Any, ct: Any, mean_ct: Any, variance_ct: Any) -> Sequence[Any]:
    x, scale, _ = node.inputs
    _, mean, variance = node.outputs
    to_x, to_scale, to_offset = b.batch_norm_gradient(ct, x, scale, mean, variance, mean_ct, variance_ct, **node.attrs)
    return to_x, to_scale, to_offset


def _batch_norm_gradient(
    ct: Array, x: Array, scale: Array, mean: Array, variance: Array, mean_ct: Array, variance_ct: Array, axis: int,
    epsilon: float,
) -> Any:  # fmt: skip
    channel = axis % x.ndim
    if channel == x.ndim - 1 and x.ndim > 2:
        flat = (-1, x.shape[-1])
        to_x, to_scale, to_offset = _batch_norm_gradient(
            ct.reshape(flat), x.reshape(flat), scale, mean, variance, mean_ct, variance_ct, 1, epsilon)  # fmt: skip
        return to_x.reshape(x.shape), to_scale, to_offset
    others = _others(x.ndim, (channel,))

    def wide(v: Array) -> Array:
        return _wide(v, x.ndim, (channel,))

    one = np.ones((), x.dtype)
    count = np.asarray(max(1, math.prod(x.shape[i] for i in others)), x.dtype)
    inverse = one / np.sqrt(variance + np.asarray(epsilon, x.dtype))
    centred = x - wide(mean)
    to_offset = ct.sum(axis=others, dtype=x.dtype)
    along = (ct * centred).sum(axis=others, dtype=x.dtype)
    # y = (x - mean) * inverse * scale + offset; the mean and the variance depend on x too.
    slope = (2 * variance_ct - along * scale * inverse**3) / count
    shift = (mean_ct - to_offset * scale * inverse) / count
    to_x = ct * wide(scale * inverse)
    centred *= wide(slope)
    to_x += centred
    to_x += wide(shift)
    return to_x, along * inverse, to_offset


def _batch_norm_gradient_parts(
    b: Any, ct: Any, x: Any, scale: Any, mean: Any, variance: Any, mean_ct: Any, variance_ct: Any, *, axis: int,
    epsilon: float,
) -> Any:  # fmt: skip
    shape = b.shape(x)
    channel = axis % len(shape)
    others = _others(len(shape), (channel,))

    def wide(v: Any) -> Any:
        return _spread(b, v, x, (channel,))

    inverse = b.rsqrt(b.add(variance, epsilon))
    centred = b.subtract(x, wide(mean))
    to_offset = b.reduce_sum(ct, axis=others, keepdims=False)
    along = b.reduce_sum(b.multiply(ct, centred), axis=others, keepdims=False)
    factor = b.multiply(scale, inverse)
    # Means over as many elements as were summed: what a division by their number would be.
    count = b.reduce_sum(b.ones_like(ct), axis=others, keepdims=False)
    cubed = b.multiply(factor, b.square(inverse))
    slope = b.divide(b.subtract(b.multiply(variance_ct, 2), b.multiply(along, cubed)), count)
    shift = b.divide(b.subtract(mean_ct, b.multiply(to_offset, factor)), count)
    to_x = b.add(b.add(b.multiply(ct, wide(factor)), b.multiply(centred, wide(slope))), wide(shift))
    return to_x, b.multiply(along, inverse), to_offset


def _batch_norm_gradient_spec(
    ct: TensorType, x: TensorType, scale: TensorType, *rest: TensorType, axis: int, epsilon: float
) -> tuple[TensorType, ...]:
    if not shapes.compatible(ct.shape, x.shape):
        raise SpecError(f"the cotangent has shape {shapes.show(ct.shape)}", expected=shapes.show(x.shape))
    channel, _ = _batch_axes(x, axis)
    for name, parameter in zip(("scale", "mean", "variance", "mean_ct", "variance_ct"), (scale, *rest), strict=True):
        _check_parameter(name, parameter, ((x.shape or ())[channel],), x)
    return x, scale, scale


register(
    OpDef(
        name="batch_norm_training",
        inputs=("x", "scale", "offset"),
        attrs={"axis": -1, "epsilon": 1e-3},
        spec=_batch_norm_spec,
        reference=quiet(_in_float32(_batch_norm_training)),
        dtypes=(FLOATS,),
        outputs=("output", "mean", "variance"),
        vjp=_batch_norm_vjp,
        decompose=_batch_norm_parts,
        doc="x normalised over all axes but the channels', and the mean and variance of each channel.",
        cases=(case((4, 3), (3,), (3,)), case((2, 3, 3, 2), (2,), (2,), epsilon=1e-2),
               case((2, 3, 2), (3,), (3,), axis=1), case((0, 3), (3,), (3,), grad=0)),
    )
)  # fmt: skip
register(
    OpDef(
        name="batch_norm_gradient",
        inputs=("ct", "x", "scale", "mean", "variance", "mean_ct", "variance_ct"),
        attrs={"axis": -1, "epsilon": 1e-3},
        spec=_batch_norm_gradient_spec,
        reference=quiet(_in_float32(_batch_norm_gradient)),
        dtypes=(FLOATS,),
        outputs=("x", "scale", "offset"),
        vjp=vjp_of_parts(_batch_norm_gradient_parts, "batch_norm_gradient"),
        decompose=_batch_norm_gradient_parts,
        doc="The cotangents of x, scale and offset of batch_norm_training, its mean and variance given.",
        cases=(case((4, 3), (4, 3), (3,), (3,), (3,), (3,), (3,), domain=(0.5, 2.0)),
               case((2, 2, 2, 3), (2, 2, 2, 3), (3,), (3,), (3,), (3,), (3,), domain=(0.5, 2.0)),
               case((2, 3, 2), (2, 3, 2), (3,), (3,), (3,), (3,), (3,), domain=(0.5, 2.0), axis=1)),
    )
)  # fmt: skip


def _inference_spec(x: TensorType, *parameters: TensorType, axis: int, epsilon: float) -> TensorType:
    channel, _ = _batch_axes(x, axis)
    for name, parameter in zip(("scale", "offset", "mean", "variance"), parameters, strict=True):
        _check_parameter(name, parameter, ((x.shape or ())[channel],), x)
    return x


def _batch_norm_inference(
    x: Array, scale: Array, offset: Array, mean: Array, variance: Array, axis: int, epsilon: float
) -> Any:
    channel = (axis % x.ndim,)
    factor = scale / np.sqrt(variance + np.asarray(epsilon, x.dtype))
    y = (x - _wide(mean, x.ndim, channel)) * _wide(factor, x.ndim, channel)
    y += _wide(offset, x.ndim, channel)
    return y


def _batch_norm_inference_parts(
    b: Any, x: Any, scale: Any, offset: Any, mean: Any, variance: Any, *, axis: int, epsilon: float
) -> Any:
    channel = (axis % len(b.shape(x)),)
    factor = b.multiply(b.rsqrt(b.add(variance, epsilon)), scale)
    centred = b.subtract(x, _spread(b, mean, x, channel))
    return b.add(b.multiply(centred, _spread(b, factor, x, channel)), _spread(b, offset, x, channel))


register(
    OpDef(
        name="batch_norm_inference",
        inputs=("x", "scale", "offset", "mean", "variance"),
        attrs={"axis": -1, "epsilon": 1e-3},
        spec=_inference_spec,
        reference=quiet(in_float32(_batch_norm_inference)),
        dtypes=(FLOATS,),
        vjp=vjp_of_parts(_batch_norm_inference_parts, "batch_norm_inference"),
        decompose=_batch_norm_inference_parts,
        doc="x normalised by a given mean and variance of each channel.",
        cases=(case((4, 3), (3,), (3,), (3,), (3,), domain=(0.5, 2.0)),
               case((2, 3, 2), (3,), (3,), (3,), (3,), domain=(0.5, 2.0), axis=1),
               case((0, 3), (3,), (3,), (3,), (3,), domain=(0.5, 2.0))),
    )
)  # fmt: skip


# Normalisation of each example by itself ------------------------------------------------------------------------------


def _layer_spec(x: TensorType, scale: TensorType, offset: TensorType | None = None, *, axis: tuple[int, ...],
                epsilon: float) -> TensorType:  # fmt: skip
    axes = _normal_axes(x, axis)
    if not axes:
        raise SpecError("it needs an axis to normalise over", expected="such as axis=(-1,)")
    expected = tuple((x.shape or ())[i] for i in axes)
    _check_parameter("scale", scale, expected, x)
    if offset is not None:
        _check_parameter("offset", offset, expected, x)
    return x


def _layer_norm(x: Array, scale: Array, offset: Array, axis: tuple[int, ...], epsilon: float) -> Any:
    axes = tuple(sorted(a % x.ndim for a in axis))
    _, centred, variance = _moments(x, axes)
    centred /= np.sqrt(variance + np.asarray(epsilon, x.dtype))
    centred *= _wide(scale, x.ndim, axes)
    centred += _wide(offset, x.ndim, axes)
    return centred


def _standardized(b: Any, x: Any, axes: tuple[int, ...], epsilon: float) -> tuple[Any, Any]:
    """(x - mean) / deviation, and 1 / deviation."""
    centred = b.subtract(x, b.reduce_mean(x, axis=axes, keepdims=True))
    inverse = b.rsqrt(b.add(b.reduce_mean(b.square(centred), axis=axes, keepdims=True), epsilon))
    return b.multiply(centred, inverse), inverse


def _standardized_ct(b: Any, ct: Any, standard: Any, inverse: Any, axes: tuple[int, ...]) -> Any:
    """The cotangent of x, given that of the standardised x."""
    mean = b.reduce_mean(ct, axis=axes, keepdims=True)
    along = b.multiply(standard, b.reduce_mean(b.multiply(ct, standard), axis=axes, keepdims=True))
    return b.multiply(inverse, b.subtract(b.subtract(ct, mean), along))


def _layer_norm_parts(b: Any, x: Any, scale: Any, offset: Any, *, axis: tuple[int, ...], epsilon: float) -> Any:
    axes = tuple(sorted(a % len(b.shape(x)) for a in axis))
    standard, _ = _standardized(b, x, axes, epsilon)
    return b.add(b.multiply(standard, _spread(b, scale, x, axes)), _spread(b, offset, x, axes))


def _layer_norm_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, scale, _ = node.inputs
    rank = len(b.shape(x))
    axes = tuple(sorted(a % rank for a in node.attrs["axis"]))
    others = _others(rank, axes)
    standard, inverse = _standardized(b, x, axes, node.attrs["epsilon"])
    to_x = to_scale = to_offset = None
    if node.needs[0]:
        to_x = _standardized_ct(b, b.multiply(ct, _spread(b, scale, x, axes)), standard, inverse, axes)
    if node.needs[1]:
        to_scale = b.reduce_sum(b.multiply(ct, standard), axis=others, keepdims=False)
    if node.needs[2]:
        to_offset = b.reduce_sum(ct, axis=others, keepdims=False)
    return to_x, to_scale, to_offset


register(
    OpDef(
        name="layer_norm",
        inputs=("x", "scale", "offset"),
        attrs={"axis": (-1,), "epsilon": 1e-3},
        spec=_layer_spec,
        reference=quiet(in_float32(_layer_norm)),
        dtypes=(FLOATS,),
        vjp=_layer_norm_vjp,
        decompose=_layer_norm_parts,
        doc="x normalised over the given axes; scale and offset have those axes.",
        cases=(case((3, 4), (4,), (4,)), case((2, 3, 4), (2, 4), (2, 4), axis=(0, -1)),
               case((2, 3, 2), (3,), (3,), axis=(1,)), case((0, 4), (4,), (4,))),
    )
)  # fmt: skip


def _rms_norm(x: Array, scale: Array, axis: tuple[int, ...], epsilon: float) -> Any:
    axes = tuple(sorted(a % x.ndim for a in axis))
    power = np.square(x).sum(axis=axes, keepdims=True, dtype=x.dtype)
    power /= np.asarray(math.prod(x.shape[i] for i in axes), x.dtype)
    return x / np.sqrt(power + np.asarray(epsilon, x.dtype)) * _wide(scale, x.ndim, axes)


def _rms_norm_parts(b: Any, x: Any, scale: Any, *, axis: tuple[int, ...], epsilon: float) -> Any:
    axes = tuple(sorted(a % len(b.shape(x)) for a in axis))
    inverse = b.rsqrt(b.add(b.reduce_mean(b.square(x), axis=axes, keepdims=True), epsilon))
    return b.multiply(b.multiply(x, inverse), _spread(b, scale, x, axes))


def _rms_norm_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, scale = node.inputs
    rank = len(b.shape(x))
    axes = tuple(sorted(a % rank for a in node.attrs["axis"]))
    inverse = b.rsqrt(b.add(b.reduce_mean(b.square(x), axis=axes, keepdims=True), node.attrs["epsilon"]))
    standard = b.multiply(x, inverse)
    to_x = to_scale = None
    if node.needs[0]:
        flow = b.multiply(ct, _spread(b, scale, x, axes))
        along = b.multiply(standard, b.reduce_mean(b.multiply(flow, standard), axis=axes, keepdims=True))
        to_x = b.multiply(inverse, b.subtract(flow, along))
    if node.needs[1]:
        to_scale = b.reduce_sum(b.multiply(ct, standard), axis=_others(rank, axes), keepdims=False)
    return to_x, to_scale


register(
    OpDef(
        name="rms_norm",
        inputs=("x", "scale"),
        attrs={"axis": (-1,), "epsilon": 1e-6},
        spec=_layer_spec,
        reference=quiet(in_float32(_rms_norm)),
        dtypes=(FLOATS,),
        vjp=_rms_norm_vjp,
        decompose=_rms_norm_parts,
        doc="x divided by the root of its mean square over the given axes, and scaled.",
        cases=(case((3, 4), (4,)), case((2, 3, 4), (3, 4), axis=(1, 2)), case((0, 4), (4,))),
    )
)


# Groups of channels ---------------------------------------------------------------------------------------------------


def _group_spec(
    x: TensorType, scale: TensorType, offset: TensorType, *, groups: int, axis: int, epsilon: float
) -> TensorType:
    (channel,) = _normal_axes(x, (axis,))
    if channel == 0:
        raise SpecError("the channels cannot be on the batch axis 0", expected="[batch, ..., channels]")
    channels = (x.shape or ())[channel]
    if isinstance(channels, Dim):
        raise SpecError("the number of channels must be known", hint="give the input a static channel axis")
    if groups < 1 or channels % groups:
        raise SpecError(f"{channels} channels do not split evenly into {groups} groups",
                        expected=f"a divisor of {channels}")  # fmt: skip
    _check_parameter("scale", scale, (channels,), x)
    _check_parameter("offset", offset, (channels,), x)
    return x


def _grouped_shape(shape: tuple[Any, ...], channel: int, groups: int) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    """The shape with channels split into groups, and the axes over which a group is normalised."""
    split = (*shape[:channel], groups, shape[channel] // groups, *shape[channel + 1 :])
    return split, tuple(i for i in range(1, len(split)) if i != channel)


def _group_norm(x: Array, scale: Array, offset: Array, groups: int, axis: int, epsilon: float) -> Any:
    channel = axis % x.ndim
    split, axes = _grouped_shape(x.shape, channel, groups)
    _, centred, variance = _moments(x.reshape(split), axes)
    centred /= np.sqrt(variance + np.asarray(epsilon, x.dtype))
    y = centred.reshape(x.shape)
    y *= _wide(scale, x.ndim, (channel,))
    y += _wide(offset, x.ndim, (channel,))
    return y


def _group_norm_parts(b: Any, x: Any, scale: Any, offset: Any, *, groups: int, axis: int, epsilon: float) -> Any:
    shape = b.shape(x)
    channel = axis % len(shape)
    split, axes = _grouped_shape(shape, channel, groups)
    standard, _ = _standardized(b, b.reshape(x, shape=split), axes, epsilon)
    scaled = b.multiply(b.reshape(standard, shape=shape), _spread(b, scale, x, (channel,)))
    return b.add(scaled, _spread(b, offset, x, (channel,)))


def _group_norm_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, scale, _ = node.inputs
    shape = b.shape(x)
    channel = node.attrs["axis"] % len(shape)
    others = _others(len(shape), (channel,))
    split, axes = _grouped_shape(shape, channel, node.attrs["groups"])
    standard, inverse = _standardized(b, b.reshape(x, shape=split), axes, node.attrs["epsilon"])
    to_x = to_scale = to_offset = None
    if node.needs[0]:
        flow = b.reshape(b.multiply(ct, _spread(b, scale, x, (channel,))), shape=split)
        to_x = b.reshape(_standardized_ct(b, flow, standard, inverse, axes), shape=shape)
    if node.needs[1]:
        to_scale = b.reduce_sum(b.multiply(ct, b.reshape(standard, shape=shape)), axis=others, keepdims=False)
    if node.needs[2]:
        to_offset = b.reduce_sum(ct, axis=others, keepdims=False)
    return to_x, to_scale, to_offset


register(
    OpDef(
        name="group_norm",
        inputs=("x", "scale", "offset"),
        attrs={"groups": REQUIRED, "axis": -1, "epsilon": 1e-3},
        spec=_group_spec,
        reference=quiet(in_float32(_group_norm)),
        dtypes=(FLOATS,),
        vjp=_group_norm_vjp,
        decompose=_group_norm_parts,
        doc="Each example normalised over groups of channels; one group a channel is instance normalisation.",
        cases=(case((2, 3, 4), (4,), (4,), groups=2), case((2, 4, 3), (4,), (4,), groups=2, axis=1),
               case((2, 3, 2, 3), (3,), (3,), groups=3), case((0, 3, 4), (4,), (4,), groups=2)),
    )
)  # fmt: skip


# Local response normalisation -----------------------------------------------------------------------------------------


def _neighbours(x: Array, radius: int) -> Array:
    """The sum over channels at most so far away."""
    sums = np.zeros((*x.shape[:-1], x.shape[-1] + 1), x.dtype)
    np.cumsum(x, axis=-1, out=sums[..., 1:])
    channel = np.arange(x.shape[-1])
    upper = np.minimum(channel + radius + 1, x.shape[-1])
    result: Array = sums[..., upper] - sums[..., np.maximum(channel - radius, 0)]
    return result


def _band_sum(x: Array, radius: int) -> Array:
    """The same term by term where that is cheap, so that no large sums cancel."""
    if radius > 8:
        return _neighbours(x, radius)
    result = x.copy()
    for step in range(1, min(radius, x.shape[-1] - 1) + 1):
        result[..., step:] += x[..., :-step]
        result[..., :-step] += x[..., step:]
    return result


def _lrn_spec(x: TensorType, *, depth_radius: int, bias: float, alpha: float, beta: float) -> TensorType:
    if not x.rank:
        raise SpecError("its input is a single number", expected="[..., channels]")
    if depth_radius < 0:
        raise SpecError(f"depth_radius is {depth_radius}", expected="0 or more channels to each side")
    return x


def _lrn(x: Array, depth_radius: int, bias: float, alpha: float, beta: float) -> Any:
    base = np.asarray(bias, x.dtype) + np.asarray(alpha, x.dtype) * _band_sum(np.square(x), depth_radius)
    return x * base ** np.asarray(-beta, x.dtype)


def _lrn_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    (x,) = node.inputs
    radius, alpha, beta = (node.attrs[k] for k in ("depth_radius", "alpha", "beta"))
    base = b.add(b.multiply(b.channel_neighbours_sum(b.square(x), radius=radius), alpha), node.attrs["bias"])
    direct = b.multiply(ct, b.pow(base, b.full_like(base, -beta)))
    inner = b.multiply(b.multiply(ct, x), b.pow(base, b.full_like(base, -beta - 1)))
    around = b.channel_neighbours_sum(inner, radius=radius)
    return (b.subtract(direct, b.multiply(b.multiply(x, around), 2 * alpha * beta)),)


register(
    OpDef(
        name="channel_neighbours_sum",
        inputs=("x",),
        attrs={"radius": REQUIRED},
        spec=lambda x, radius: x,
        reference=quiet(in_float32(_band_sum)),
        dtypes=(FLOATS,),
        vjp=lambda b, node, ct: (b.channel_neighbours_sum(ct, **node.attrs),),
        jvp=lambda b, node, t: (b.channel_neighbours_sum(t, **node.attrs),),
        doc="For each channel (last axis) the sum over the channels at most `radius` away.",
        cases=(case((2, 5), radius=1), case((2, 3), radius=7), case((2, 4), radius=0), case((2, 12), radius=9)),
    )
)
register(
    OpDef(
        name="local_response_normalization",
        inputs=("x",),
        attrs={"depth_radius": 5, "bias": 1.0, "alpha": 1.0, "beta": 0.5},
        spec=_lrn_spec,
        reference=quiet(in_float32(_lrn)),
        dtypes=(FLOATS,),
        vjp=_lrn_vjp,
        decompose=lambda b, x, depth_radius, bias, alpha, beta: b.multiply(x, b.pow(
            b.add(b.multiply(b.channel_neighbours_sum(b.square(x), radius=depth_radius), alpha), bias),
            b.full_like(x, -beta))),
        doc="x / (bias + alpha * sum of squares of the neighbouring channels) ** beta.",
        cases=(case((1, 2, 2, 6), depth_radius=2), case((2, 3), depth_radius=5, alpha=0.1, beta=0.75)),
    )
)  # fmt: skip
