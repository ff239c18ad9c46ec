"""What TensorFlow's operations on images, boxes and sound are made of here, and those that its optimizers of graphs put
together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.compat.v1 import image as v1_image
from weft.compat.v1.graph_import import HANDLERS, Importer, NotKnown, Source, handles
from weft.compat.v1.graph_import_network import _text, _windows
from weft.compat.v1.graph_import_rules import apply
from weft.compat.v1.host import host_call
from weft.ir.types import TensorType


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


@handles("CombinedNonMaxSuppression")
def _combined(x: Importer, source: Source) -> Any:
    """The best boxes of each image, those of each class thinned by themselves."""
    from weft.api.image.boxes import _kept

    per_class, clip = bool(source.attrs.get("pad_per_class")), bool(source.attrs.get("clip_boxes", True))
    values = x.values(source)
    most_known, total_known = (weft.get_static_value(values[place]) for place in (2, 3))

    def run(boxes: Any, scores: Any, most: Any, total: Any, overlap: Any, least: Any) -> list[Any]:
        batch, _, classes = scores.shape
        rows = min(int(total), int(most) * classes) if per_class else int(total)
        results: list[Any] = [np.zeros((batch, rows, 4), np.float32), np.zeros((batch, rows), np.float32),
                              np.zeros((batch, rows), np.float32), np.zeros(batch, np.int32)]  # fmt: skip
        for place in range(batch):
            kept: list[Any] = []
            for number in range(classes):
                own = boxes[place, :, number if boxes.shape[2] > 1 else 0]
                chosen, given = _kept(own, scores[place, :, number], int(most), float(overlap), float(least), 0.0)
                kept += [(-score, order, own[row], number) for order, (row, score) in
                         enumerate(zip(chosen, given, strict=True), len(kept))]  # fmt: skip
            kept = sorted(kept, key=lambda item: item[:2])[:rows]
            for order, (negative, _, box, number) in enumerate(kept):
                results[0][place, order] = np.clip(box, 0, 1) if clip else box
                results[1][place, order], results[2][place, order] = -negative, number
            results[3][place] = len(kept)
        return results

    batch = (values[0].shape.symbolic or (None,))[0]
    classes = values[1].shape[-1]
    rows = None if total_known is None else int(total_known)
    if per_class and rows is not None:
        rows = None if most_known is None or classes is None else min(rows, int(most_known) * classes)
    shape = weft.TensorShape([batch if isinstance(batch, int) else None, rows, 4]).symbolic or ()
    kinds = [TensorType(shape, dtypes.float32), TensorType(shape[:2], dtypes.float32),
             TensorType(shape[:2], dtypes.float32), TensorType(shape[:1], dtypes.int32)]  # fmt: skip
    return list(host_call(run, values, kinds, source.op, "combined"))


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


def _as_narrow(value: Any, low: Any, high: Any, bits: int, narrow: bool) -> Any:
    """Values as so many bits between two limits give them, after moving the limits so that 0 is one of the values."""
    least, most = float(narrow), float(2**bits - 1)
    low, high = weft.cast(low, dtypes.float32), weft.cast(high, dtypes.float32)
    scale = (high - low) / (most - least)
    zero = least - low / scale
    moved = weft.where(zero < least, least, weft.where(zero > most, most, weft.floor(zero + 0.5)))
    new_low, new_high = (least - moved) * scale, (most - moved) * scale
    clipped = weft.clip_by_value(value, new_low, new_high)
    rounded = weft.floor((clipped - new_low) * (1.0 / scale) + 0.5) * scale + new_low
    nothing = weft.logical_and(weft.equal(low, 0.0), weft.equal(high, 0.0))
    return weft.where(nothing, weft.zeros_like(value), rounded)


@handles("FakeQuantWithMinMaxArgs")
def _narrow_args(x: Importer, source: Source) -> Any:
    limits = source.attrs.get("min", -6.0), source.attrs.get("max", 6.0)
    return _as_narrow(x.value(source.inputs[0]), limits[0], limits[1], source.attrs.get("num_bits", 8),
                      bool(source.attrs.get("narrow_range")))  # fmt: skip


@handles("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel")
def _narrow_vars(x: Importer, source: Source) -> Any:
    value, low, high = x.values(source)
    return _as_narrow(value, low, high, source.attrs.get("num_bits", 8), bool(source.attrs.get("narrow_range")))


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
