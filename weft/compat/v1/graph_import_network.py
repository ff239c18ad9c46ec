"""What TensorFlow's operations with windows, strings and summaries are made of here."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.compat.v1.graph_import import Importer, NotKnown, Source, handles
from weft.compat.v1.graph_import_rules import apply, of, sizes_at
from weft.compat.v1.io import decode_raw
from weft.compat.v1.strings import to_number
from weft.compat.v1.summary import _histogram, _merged, _single
from weft.formats.summaries import simple_scalar
from weft.ir.types import TensorType
from weft.runtime.host_call import host_call

# Windows ------------------------------------------------------------------------------------------------------------


def _text(value: Any, default: str = "") -> str:
    return value.decode() if isinstance(value, bytes) else (value or default)


def _spatial(source: Source, name: str, rank: int) -> tuple[int, ...]:
    whole = source.attrs.get(name) or [1] * (rank + 2)
    last = _text(source.attrs.get("data_format"), "NHWC").endswith("C")
    return tuple(int(n) for n in (whole[1:-1] if last else whole[2:]))


def _windows(source: Source, rank: int) -> dict[str, Any]:
    padding: Any = _text(source.attrs["padding"])
    if padding == "EXPLICIT":
        pairs = source.attrs["explicit_paddings"]
        both = [(pairs[2 * i], pairs[2 * i + 1]) for i in range(rank + 2)]
        padding = tuple(both[1:-1] if _text(source.attrs.get("data_format"), "NHWC").endswith("C") else both[2:])
    last = _text(source.attrs.get("data_format"), "NHWC").endswith("C")
    return {"strides": _spatial(source, "strides", rank), "padding": padding,
            "dilations": _spatial(source, "dilations", rank),
            "data_format": "channels_last" if last else "channels_first"}  # fmt: skip


@handles("Conv2D", "Conv3D")
def _conv(x: Importer, source: Source) -> Any:
    values = x.values(source)
    groups = 1
    given, wanted = values[0].shape, values[1].shape
    attrs = _windows(source, int(source.op[4]))
    if given.rank is not None and wanted.rank is not None:
        channels = given[-1] if attrs["data_format"] == "channels_last" else given[1]
        groups = 1 if channels is None or not wanted[-2] else max(channels // wanted[-2], 1)
    return apply("conv", *values, groups=groups, **attrs)


@handles("Conv2DBackpropInput", "Conv3DBackpropInputV2")
def _conv_input(x: Importer, source: Source) -> Any:
    _, kernel, gradient = x.values(source)
    return apply("conv_input_gradient", gradient, kernel, input_shape=sizes_at(x, source, 0),
                  **_windows(source, int(source.op[4])))  # fmt: skip


@handles("Conv2DBackpropFilter", "Conv3DBackpropFilterV2")
def _conv_kernel(x: Importer, source: Source) -> Any:
    value, _, gradient = x.values(source)
    return apply("conv_kernel_gradient", value, gradient, kernel_shape=sizes_at(x, source, 1),
                  **_windows(source, int(source.op[4])))  # fmt: skip


@handles("DepthwiseConv2dNative")
def _depthwise(x: Importer, source: Source) -> Any:
    return apply("depthwise_conv", *x.values(source), **_windows(source, 2))


@handles("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D", "MaxPoolGrad", "MaxPool3DGrad", "MaxPoolV2")
def _pool(x: Importer, source: Source) -> Any:
    rank = 3 if "3D" in source.op else 2
    op = "avg_pool" if source.op[0] == "A" else "max_pool_gradient" if source.op.endswith("Grad") else "max_pool"
    if source.op == "MaxPoolV2":
        raise NotKnown("windows that are tensors")
    return apply(op, *x.values(source), window=_spatial(source, "ksize", rank), **_windows(source, rank))


@handles("AvgPoolGrad", "AvgPool3DGrad")
def _avg_gradient(x: Importer, source: Source) -> Any:
    rank = 3 if "3D" in source.op else 2
    return apply("avg_pool_gradient", x.value(source.inputs[1]), input_shape=sizes_at(x, source, 0),
                  window=_spatial(source, "ksize", rank), **_windows(source, rank))  # fmt: skip


@handles("BiasAdd")
def _bias(x: Importer, source: Source) -> Any:
    value, bias = x.values(source)
    return weft.nn.bias_add(value, bias, _text(source.attrs.get("data_format"), "NHWC"))


@handles("BiasAddGrad")
def _bias_gradient(x: Importer, source: Source) -> Any:
    value = x.value(source.inputs[0])
    last = _text(source.attrs.get("data_format"), "NHWC").endswith("C")
    axes = [i for i in range(value.shape.rank) if i != (value.shape.rank - 1 if last else 1)]
    return weft.reduce_sum(value, axes)


@handles("LRN")
def _lrn(x: Importer, source: Source) -> Any:
    held = {k: source.attrs[k] for k in ("depth_radius", "bias", "alpha", "beta") if k in source.attrs}
    return weft.nn.local_response_normalization(x.value(source.inputs[0]), **held)


@handles("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def _batch_norm(x: Importer, source: Source) -> Any:
    value, scale, offset, mean, variance = x.values(source)
    training = source.attrs.get("is_training", True)
    last = _text(source.attrs.get("data_format"), "NHWC").endswith("C")
    rank = value.shape.rank
    axis = rank - 1 if last else 1
    epsilon = source.attrs.get("epsilon", 1e-4)
    axes = [i for i in range(rank) if i != axis]

    def spread(vector: Any) -> Any:
        return vector if last else weft.reshape(vector, [-1 if i == axis else 1 for i in range(rank)])

    def normal(mean: Any, variance: Any) -> Any:
        return weft.nn.batch_normalization(value, spread(mean), spread(variance), spread(offset), spread(scale),
                                           epsilon)  # fmt: skip

    if not training:
        found = normal(mean, variance)
        return [found, mean, variance, mean, variance, variance]
    mean, variance = weft.nn.moments(value, axes)
    found = normal(mean, variance)
    count = weft.cast(weft.size(value) // weft.size(mean), variance.dtype)
    return [found, mean, variance * count / weft.maximum(count - 1, 1), mean, variance, variance]


@handles("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3")
def _batch_norm_gradient(x: Importer, source: Source) -> Any:
    gradient, value, scale, mean, variance = x.values(source)[:5]
    last = _text(source.attrs.get("data_format"), "NHWC").endswith("C")
    rank = value.shape.rank
    axis = rank - 1 if last else 1
    axes = [i for i in range(rank) if i != axis]

    def spread(vector: Any) -> Any:
        return vector if last else weft.reshape(vector, [-1 if i == axis else 1 for i in range(rank)])

    rate = weft.math.rsqrt(variance + source.attrs.get("epsilon", 1e-4))
    centred = (value - spread(mean)) * spread(rate)
    offset_gradient, scale_gradient = weft.reduce_sum(gradient, axes), weft.reduce_sum(gradient * centred, axes)
    inner = gradient
    if source.attrs.get("is_training", True):
        count = weft.cast(weft.size(value) // weft.size(mean), value.dtype)
        inner = gradient - spread(offset_gradient / count) - centred * spread(scale_gradient / count)
    nothing = weft.zeros([0], scale.dtype)
    return [inner * spread(scale * rate), scale_gradient, offset_gradient, nothing, nothing]


@handles("ConcatOffset")
def _offsets(x: Importer, source: Source) -> Any:
    axis, *shapes = x.values(source)
    axis = int(x.static(source, 0))
    rank = shapes[0].shape[0]
    if rank is None:
        raise NotKnown("of unknown rank")
    at = weft.one_hot(axis % rank, rank, dtype=dtypes.int32)
    found, total = [], weft.zeros([rank], dtypes.int32)
    for shape in shapes:
        found.append(total)
        total = total + shape * at
    return found


@handles("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic")
def _resize(x: Importer, source: Source) -> Any:
    from weft.compat.v1 import image

    function = {"ResizeBilinear": image.resize_bilinear, "ResizeBicubic": image.resize_bicubic,
                "ResizeNearestNeighbor": image.resize_nearest_neighbor}[source.op]  # fmt: skip
    images, size = x.values(source)
    return function(images, size, bool(source.attrs.get("align_corners")), None,
                    bool(source.attrs.get("half_pixel_centers")))  # fmt: skip


@handles("DecodeJpeg", "DecodePng", "DecodeBmp")
def _decode_image(x: Importer, source: Source) -> Any:
    function: Any = {"DecodeJpeg": weft.image.decode_jpeg, "DecodePng": weft.image.decode_png,
                "DecodeBmp": weft.image.decode_bmp}[source.op]  # fmt: skip
    return function(x.value(source.inputs[0]), channels=source.attrs.get("channels") or 0)


# Strings ------------------------------------------------------------------------------------------------------------

handles("StringToNumber")(of(to_number, "out_type"))
handles("DecodeRaw")(of(decode_raw, "out_type", "little_endian"))
handles("StringJoin")(lambda x, s: weft.strings.join(x.values(s), _text(s.attrs.get("separator"))))


@handles("AsString")
def _as_string(x: Importer, source: Source) -> Any:
    held = {k: source.attrs[k] for k in ("precision", "scientific", "shortest", "width") if k in source.attrs}
    return weft.strings.as_string(x.value(source.inputs[0]), fill=_text(source.attrs.get("fill")), **held)


# Summaries ----------------------------------------------------------------------------------------------------------


@handles("ScalarSummary", "HistogramSummary")
def _summary(x: Importer, source: Source) -> Any:
    tag = np.ravel(x.static(source, 0))[0].decode()

    def build(value: Any) -> list[Any]:
        made = (simple_scalar(tag, _single(value, tag)) if source.op == "ScalarSummary"
                else _histogram(tag, value))  # fmt: skip
        return [np.array(made.SerializeToString(), object)]

    return host_call(build, [x.value(source.inputs[1])], [TensorType((), dtypes.string)], source.op, "summary")


@handles("MergeSummary")
def _merge_summary(x: Importer, source: Source) -> Any:
    return host_call(lambda *parts: [np.array(_merged(*parts).SerializeToString(), object)], x.values(source),
                     [TensorType((), dtypes.string)], source.op, "summary")  # fmt: skip

