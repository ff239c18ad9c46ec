"""What TensorFlow's operations on images, boxes and sound are made of here, and those that its optimizers of graphs put
together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import weft
from weft.api import quantization
from weft.api.image.projective import projective_transform
from weft.base import dtypes
from weft.compat.v1 import image as v1_image
from weft.compat.v1.graph_import import HANDLERS, Importer, NotKnown, Source, handles
from weft.compat.v1.graph_import_network import _text, _windows
from weft.compat.v1.graph_import_rules import apply


def calls(function: Callable[..., Any], **attributes: Any) -> Callable[[Importer, Source], Any]:
    """A function of the operands; attributes are its further arguments: `argument="attribute"`, or with a default as
    `argument=("attribute", default)`."""

    def make(x: Importer, source: Source) -> Any:
        given: dict[str, Any] = {}
        for name, wanted in attributes.items():
            label, *default = wanted if isinstance(wanted, tuple) else (wanted,)
            value = source.attrs.get(label)
            if value is not None:
                given[name] = value.decode() if isinstance(value, bytes) else value
            elif default:
                given[name] = default[0]
        return function(*x.values(source), **given)

    return make


# Images -------------------------------------------------------------------------------------------------------------

handles("RGBToHSV")(calls(weft.image.rgb_to_hsv))
handles("HSVToRGB")(calls(weft.image.hsv_to_rgb))
handles("AdjustContrastv2")(calls(weft.image.adjust_contrast))
handles("AdjustHue")(calls(weft.image.adjust_hue))
handles("AdjustSaturation")(calls(weft.image.adjust_saturation))
handles("CropAndResize")(calls(weft.image.crop_and_resize, method="method", extrapolation_value="extrapolation_value"))
handles("DrawBoundingBoxes", "DrawBoundingBoxesV2")(calls(weft.image.draw_bounding_boxes))
handles("ResizeArea")(calls(v1_image.resize_area, align_corners="align_corners"))
handles("DecodeGif")(calls(weft.image.decode_gif))
handles("DecodeAndCropJpeg")(calls(weft.image.decode_and_crop_jpeg, channels="channels"))
handles("DecodeImage")(calls(weft.image.decode_image, channels="channels", dtype="dtype",
                             expand_animations="expand_animations"))  # fmt: skip
handles("EncodePng")(calls(weft.image.encode_png, compression="compression"))
handles("EncodeJpeg")(calls(weft.image.encode_jpeg, format="format", quality="quality"))
handles("ExtractJpegShape")(calls(weft.image.extract_jpeg_shape, output_type="output_type"))


@handles("ExtractImagePatches")
def _patches(x: Importer, source: Source) -> Any:
    attrs = source.attrs
    return weft.image.extract_patches(x.value(source.inputs[0]), attrs["ksizes"], attrs["strides"], attrs["rates"],
                                      _text(attrs["padding"]))  # fmt: skip


@handles("MaxPoolWithArgmax")
def _pool_with_places(x: Importer, source: Source) -> Any:
    return list(weft.nn.max_pool_with_argmax(
        x.value(source.inputs[0]), source.attrs["ksize"], source.attrs["strides"], _text(source.attrs["padding"]),
        output_dtype=source.attrs.get("Targmax") or dtypes.int64,
        include_batch_in_index=bool(source.attrs.get("include_batch_in_index"))))  # fmt: skip


@handles("Dilation2D")
def _dilation(x: Importer, source: Source) -> Any:
    value, kernel = x.values(source)
    return weft.nn.dilation2d(value, kernel, source.attrs["strides"], _text(source.attrs["padding"]), "NHWC",
                              source.attrs["rates"])  # fmt: skip


@handles("ImageProjectiveTransformV2", "ImageProjectiveTransformV3")
def _projected(x: Importer, source: Source) -> Any:
    attrs = source.attrs
    images, transforms, shape, *filling = x.values(source)
    return projective_transform(images, transforms, shape, filling[0] if filling else 0.0,
                                _text(attrs["interpolation"]), _text(attrs.get("fill_mode"), "CONSTANT"))  # fmt: skip


# Boxes --------------------------------------------------------------------------------------------------------------


@handles("NonMaxSuppression", "NonMaxSuppressionV2", "NonMaxSuppressionV3", "NonMaxSuppressionV4")
def _thinned(x: Importer, source: Source) -> Any:
    boxes, scores, most, *limits = x.values(source)
    if source.op == "NonMaxSuppression":
        limits = [source.attrs.get("iou_threshold", 0.5)]
    found = weft.image.non_max_suppression(boxes, scores, most, *limits)
    if source.op != "NonMaxSuppressionV4":
        return found
    return [_padded(source, found, most), weft.size(found)]


def _padded(source: Source, rows: Any, most: Any) -> Any:
    if not source.attrs.get("pad_to_max_output_size"):
        return rows
    return weft.pad(rows, [[0, most - weft.size(rows)]])


@handles("NonMaxSuppressionV5")
def _thinned_softly(x: Importer, source: Source) -> Any:
    boxes, scores, most, *limits = x.values(source)
    numbers, given = weft.image.non_max_suppression_with_scores(boxes, scores, most, *limits)
    return [_padded(source, numbers, most), _padded(source, given, most), weft.size(numbers)]


handles("NonMaxSuppressionWithOverlaps")(calls(weft.image.non_max_suppression_overlaps))


handles("CombinedNonMaxSuppression")(calls(weft.image.combined_non_max_suppression, pad_per_class="pad_per_class",
                                           clip_boxes="clip_boxes"))  # fmt: skip
handles("ExtractGlimpse", "ExtractGlimpseV2")(calls(weft.image.extract_glimpse, centered="centered",
                                                    normalized="normalized", noise="noise"))  # fmt: skip


# What optimizers of graphs put together -----------------------------------------------------------------------------

_BEHIND: dict[str, Callable[..., Any]] = {
    "Relu": weft.nn.relu, "Relu6": weft.nn.relu6, "Elu": weft.nn.elu, "Tanh": weft.tanh, "Sigmoid": weft.sigmoid,
}  # fmt: skip


@handles("_FusedConv2D", "_FusedDepthwiseConv2dNative", "_FusedMatMul")
def _fused(x: Importer, source: Source) -> Any:
    parts = [_text(part) for part in source.attrs["fused_ops"]]
    bare = Source.__new__(Source)
    bare.__dict__.update(source.__dict__, inputs=source.inputs[:2],
                         op=source.op.removeprefix("_Fused"))  # fmt: skip
    found = HANDLERS[bare.op](x, bare)
    value = found[0] if isinstance(found, list) else found
    supply = iter(x.values(source)[2:])
    for part in parts:
        if part == "BiasAdd":
            value = weft.nn.bias_add(value, next(supply), _text(source.attrs.get("data_format"), "NHWC"))
        elif part == "LeakyRelu":
            value = weft.nn.leaky_relu(value, source.attrs.get("leakyrelu_alpha", 0.2))
        elif part == "FusedBatchNorm":
            scale, offset, mean, variance = (next(supply) for _ in range(4))
            value = weft.nn.batch_normalization(value, mean, variance, offset, scale, source.attrs["epsilon"])
        elif part in _BEHIND:
            value = _BEHIND[part](value)
        else:
            raise NotKnown(f"{part} within it")
    return value


@handles("_FusedBatchNormEx")
def _normal_and_more(x: Importer, source: Source) -> Any:
    found = HANDLERS["FusedBatchNormV3"](x, source)
    if source.attrs.get("num_side_inputs"):
        found[0] = found[0] + x.values(source)[5]
    mode = _text(source.attrs.get("activation_mode"), "Identity")
    return found if mode == "Identity" else [_BEHIND[mode](found[0]), *found[1:]]


@handles("FusedPadConv2D", "FusedResizeAndPadConv2D")
def _padded_conv(x: Importer, source: Source) -> Any:
    values = x.values(source)
    value, kernel = values[0], values[-1]
    if source.op == "FusedResizeAndPadConv2D":
        value = v1_image.resize_bilinear(value, values[1], bool(source.attrs.get("resize_align_corners")))
    value = weft.pad(value, x.static(source, len(values) - 2), _text(source.attrs["mode"]))
    return apply("conv", value, kernel, groups=1, **_windows(source, 2))


@handles("BatchNormWithGlobalNormalization")
def _normal_of_old(x: Importer, source: Source) -> Any:
    value, mean, variance, offset, scale = x.values(source)
    factor = scale if source.attrs["scale_after_normalization"] else None
    return weft.nn.batch_normalization(value, mean, variance, offset, factor, source.attrs["variance_epsilon"])


# Rounding as narrow numbers would -----------------------------------------------------------------------------------

_BITS = {"num_bits": "num_bits", "narrow_range": "narrow_range"}
_LIMITS = {"min": "min", "max": "max", **_BITS}
_THERE = {"signed_input": "signed_input", "num_bits": "num_bits", "range_given": "range_given",
          "round_mode": "round_mode", "narrow_range": "narrow_range", "axis": "axis"}  # fmt: skip
handles("FakeQuantWithMinMaxArgs")(calls(quantization.fake_quant_with_min_max_args, **_LIMITS))
handles("FakeQuantWithMinMaxArgsGradient")(calls(quantization.fake_quant_with_min_max_args_gradient, **_LIMITS))
handles("FakeQuantWithMinMaxVars")(calls(quantization.fake_quant_with_min_max_vars, **_BITS))
handles("FakeQuantWithMinMaxVarsGradient")(calls(quantization.fake_quant_with_min_max_vars_gradient, **_BITS))
handles("FakeQuantWithMinMaxVarsPerChannel")(calls(quantization.fake_quant_with_min_max_vars_per_channel, **_BITS))
handles("FakeQuantWithMinMaxVarsPerChannelGradient")(calls(
    quantization.fake_quant_with_min_max_vars_per_channel_gradient, **_BITS))  # fmt: skip
handles("QuantizeAndDequantizeV2")(calls(quantization.quantize_and_dequantize, **_THERE))
handles("QuantizeAndDequantizeV4")(calls(quantization.quantize_and_dequantize_v2, **_THERE))


@handles("QuantizeAndDequantizeV3")
def _there_and_back(x: Importer, source: Source) -> Any:
    value, low, high, bits = x.values(source)
    given = {name: source.attrs[name] for name in ("signed_input", "range_given", "narrow_range", "axis")
             if name in source.attrs}  # fmt: skip
    if (known := weft.get_static_value(bits)) is None:
        raise NotKnown("the number of bits is told by data")
    return quantization.quantize_and_dequantize(value, low, high, num_bits=int(known), **given)


# Sound --------------------------------------------------------------------------------------------------------------


@handles("DecodeWav")
def _wav(x: Importer, source: Source) -> Any:
    found = weft.audio.decode_wav(x.value(source.inputs[0]), source.attrs.get("desired_channels", -1),
                                  source.attrs.get("desired_samples", -1))  # fmt: skip
    return list(found)


@handles("AudioSpectrogram")
def _spectrogram(x: Importer, source: Source) -> Any:
    """How strong each frequency is in windows of the samples: `[channels, windows, frequencies]`."""
    window, stride = source.attrs["window_size"], source.attrs["stride"]
    length = 1 << (window - 1).bit_length()
    samples = weft.cast(weft.transpose(x.value(source.inputs[0])), dtypes.float64)
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    found = weft.abs(weft.signal.rfft(weft.signal.frame(samples, window, stride) * shape, [length]))
    return weft.cast(weft.square(found) if source.attrs.get("magnitude_squared") else found, dtypes.float32)


@handles("Mfcc")
def _mfcc(x: Importer, source: Source) -> Any:
    """The cosine transform of the logarithms of a spectrogram seen through filters that are even on the mel scale."""
    held = {"upper_frequency_limit": 4000.0, "lower_frequency_limit": 20.0, "filterbank_channel_count": 40,
            "dct_coefficient_count": 13}  # fmt: skip
    held.update({key: value for key, value in source.attrs.items() if key in held})
    spectrogram, rate = x.value(source.inputs[0]), int(x.static(source, 1))
    bins, count = spectrogram.shape[-1], int(held["filterbank_channel_count"])
    weights = _mel_weights(int(bins), rate, count, held["lower_frequency_limit"], held["upper_frequency_limit"])
    energies = weft.tensordot(weft.sqrt(weft.cast(spectrogram, dtypes.float64)), weft.constant(weights), 1)
    logarithms = weft.math.log(weft.maximum(energies, 1e-12))
    wanted = np.arange(int(held["dct_coefficient_count"]))[None]
    turns = np.cos(np.pi / count * (np.arange(count)[:, None] + 0.5) * wanted) * np.sqrt(2.0 / count)
    return weft.cast(weft.tensordot(logarithms, weft.constant(turns), 1), dtypes.float32)


def _mel_weights(bins: int, rate: int, count: int, low: float, high: float) -> Any:
    """How much each frequency counts in each filter `[bins, filters]`: triangles that are even on the mel scale."""
    least, most = (1127.0 * np.log1p(limit / 700.0) for limit in (low, high))
    centres = least + (most - least) / (count + 1) * np.arange(1, count + 2)
    step = 0.5 * rate / (bins - 1)
    first, last = int(1.5 + low / step), int(high / step)
    weights = np.zeros((bins, count))
    for place in range(first, min(last, bins - 1) + 1):
        mel = 1127.0 * np.log1p(place * step / 700.0)
        above = int(np.searchsorted(centres, mel))  # the filter whose centre is the next
        below = least if above == 0 else centres[above - 1]
        share = (centres[above] - mel) / (centres[above] - below)
        if above > 0:
            weights[place, above - 1] = share
        if above < count:
            weights[place, above] = 1.0 - share
    return weights
