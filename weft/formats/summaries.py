"""Builds summaries of scalars, histograms, images, texts and sounds.

TensorFlow 1's form has a field for each kind. The newer one is a tensor with the name of the TensorBoard plugin that
shows it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weft.base.errors import InvalidArgumentError, explain
from weft.formats.messages.summary import DataClass, HistogramProto, Summary, SummaryMetadata
from weft.formats.png import encode_png
from weft.formats.tensors import to_tensor_proto

_LARGEST: Final = float(np.finfo(np.float64).max)


def simple_scalar(tag: str, value: float) -> Summary:
    """A scalar in TensorFlow 1's form."""
    return Summary(value=[Summary.Value(tag=tag, simple_value=value)])


def simple_histogram(tag: str, values: npt.ArrayLike) -> Summary:
    """A histogram in TensorFlow 1's form, with its exponentially growing buckets."""
    return Summary(value=[Summary.Value(tag=tag, histo=histogram_proto(values))])


def simple_image(tag: str, image: npt.NDArray[Any]) -> Summary:
    """An image in TensorFlow 1's form.

    Args:
        tag: The tag.
        image: `[height, width, channels]`, uint8.
    """
    height, width, channels = np.asarray(image).shape if np.asarray(image).ndim == 3 else (0, 0, 0)
    encoded = encode_png(image)
    shown = Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=encoded)
    return Summary(value=[Summary.Value(tag=tag, image=shown)])


def scalar(tag: str, value: float, *, description: str = "") -> Summary:
    """A scalar for TensorBoard's scalars plugin; kept in single precision."""
    tensor = np.asarray(value, np.float32)
    if tensor.ndim:
        raise InvalidArgumentError(
            explain(f"Summary {tag!r}: a scalar has no dimensions.", received=f"shape {list(tensor.shape)}")
        )
    return _plugin_summary(tag, tensor, "scalars", DataClass.DATA_CLASS_SCALAR, description)


def histogram(tag: str, values: npt.ArrayLike, *, buckets: int = 30, description: str = "") -> Summary:
    """A histogram for TensorBoard's histograms plugin.

    Args:
        tag: The tag.
        values: Numbers of any shape.
        buckets: How many equal buckets from the least to the greatest value.
        description: Shown beside the plot, in Markdown.
    """
    return _plugin_summary(
        tag, histogram_buckets(values, buckets), "histograms", DataClass.DATA_CLASS_TENSOR, description
    )


def images(tag: str, batch: npt.NDArray[Any], *, max_outputs: int = 3, description: str = "") -> Summary:
    """Images for TensorBoard's images plugin.

    Args:
        tag: The tag.
        batch: `[count, height, width, channels]`, uint8.
        max_outputs: The most images that are kept.
        description: Shown beside the images, in Markdown.
    """
    array = np.asarray(batch)
    if array.ndim != 4:
        raise InvalidArgumentError(
            explain(
                f"Summary {tag!r}: images come as a batch.",
                expected="[count, height, width, channels]",
                received=f"{array.dtype} {list(array.shape)}",
                hint="add a leading axis with image[None]",
            )
        )
    encoded = [encode_png(image) for image in array[:max_outputs]]
    parts = [str(array.shape[2]).encode(), str(array.shape[1]).encode(), *encoded]
    return _plugin_summary(tag, np.array(parts, object), "images", DataClass.DATA_CLASS_BLOB_SEQUENCE, description)


def text(tag: str, value: str | bytes | Sequence[str | bytes], *, description: str = "") -> Summary:
    """A text, or an array of texts, for TensorBoard's text plugin; shown as Markdown."""
    array = np.array(value, object)
    return _plugin_summary(tag, array, "text", DataClass.DATA_CLASS_TENSOR, description)


def keras_model(tag: str, configuration: str) -> Summary:
    """A Keras model's configuration as JSON, for TensorBoard's conceptual graph."""
    value = Summary.Value(tag=tag, tensor=to_tensor_proto(np.array(configuration.encode(), object)))
    value.metadata.plugin_data.plugin_name = "graph_keras_model"
    value.metadata.plugin_data.content = b"1"
    return Summary(value=[value])


def audio(
    tag: str, batch: npt.NDArray[Any], sample_rate: int, *, max_outputs: int = 3, description: str = ""
) -> Summary:
    """Sounds for TensorBoard's audio plugin.

    Args:
        tag: The tag.
        batch: `[count, frames, channels]`, floats in -1 … 1.
        sample_rate: Frames a second.
        max_outputs: The most sounds that are kept.
        description: Shown beside the sounds, in Markdown.
    """
    array = np.asarray(batch)
    if array.ndim != 3 or array.dtype.kind != "f":
        raise InvalidArgumentError(
            explain(
                f"Summary {tag!r}: sounds come as a batch of floats.",
                expected="[count, frames, channels]",
                received=f"{array.dtype} {list(array.shape)}",
            )
        )
    sounds = array[:max_outputs]
    parts = np.empty((len(sounds), 2), object)
    parts[:, 0] = [encode_wav(sound, sample_rate) for sound in sounds]
    parts[:, 1] = b""
    # The content says, in the plugin's own message, that the encoding is WAV (field 2, value 11).
    return _plugin_summary(tag, parts, "audio", DataClass.DATA_CLASS_BLOB_SEQUENCE, description, b"\x10\x0b")


def encode_wav(sound: npt.NDArray[Any], sample_rate: int) -> bytes:
    """A WAV file, 16 bits a sample, of floats `[frames, channels]` in -1 … 1; louder ones are clipped."""
    frames, channels = sound.shape
    samples = np.clip(np.nan_to_num(sound), -1.0, 1.0) * 32767.0
    data = samples.astype("<i2").tobytes()
    size = 2 * channels
    layout = struct.pack("<HHIIHH", 1, channels, sample_rate, sample_rate * size, size, 16)
    chunks = b"WAVEfmt " + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", frames * size) + data
    return b"".join((b"RIFF", struct.pack("<I", len(chunks)), chunks))


def _plugin_summary(
    tag: str, tensor: npt.NDArray[Any], plugin: str, data_class: int, description: str, content: bytes = b""
) -> Summary:
    metadata = SummaryMetadata(data_class=data_class, summary_description=description)
    metadata.plugin_data.plugin_name = plugin
    metadata.plugin_data.content = content
    return Summary(value=[Summary.Value(tag=tag, tensor=to_tensor_proto(tensor), metadata=metadata)])


def histogram_buckets(values: npt.ArrayLike, buckets: int = 30) -> npt.NDArray[np.float64]:
    """Counts values in equal buckets.

    Args:
        values: Numbers of any shape; those that are not finite are left out.
        buckets: How many.

    Returns:
        `[buckets, 3]` float64: left edge, right edge, count. All zeros where there are no values; where they are all
        the same, every edge is that value and the last bucket counts them.
    """
    flat = np.asarray(values).astype(np.float64).reshape(-1)
    flat = flat[np.isfinite(flat)]
    out = np.zeros((buckets, 3))
    if buckets == 0 or flat.size == 0:
        return out
    low, high = float(flat.min()), float(flat.max())
    if low == high:
        out[:, :2] = low
        out[-1, 2] = flat.size
        return out
    width = (high - low) / buckets
    if not 0 < width < math.inf:  # so far apart, or so near, that the width is no number: count on a scale of their own
        scale = max(-low, high)
        inner = histogram_buckets(flat / scale, buckets)
        inner[:, :2] *= scale
        return inner
    edges = low + np.arange(buckets) * width
    index = np.clip(np.floor((flat - low) / width), 0, buckets - 1)
    out[:, 0] = edges
    out[:, 1] = np.append(edges[1:], high)
    out[:, 2] = np.bincount(index.astype(np.int64), minlength=buckets)
    return out


@cache
def _exponential_limits() -> npt.NDArray[np.float64]:
    """TensorFlow 1's bucket limits: ± 1e-12 growing by a tenth up to 1e20, zero between, and the largest number."""
    positive = []
    limit = 1e-12
    while limit < 1e20:
        positive.append(limit)
        limit *= 1.1
    positive.append(_LARGEST)
    return np.array([-limit for limit in reversed(positive)] + [0.0] + positive)


def histogram_proto(values: npt.ArrayLike) -> HistogramProto:
    """A histogram in the buckets of TensorFlow 1; runs of empty buckets are kept as one.

    Args:
        values: Numbers of any shape.

    Raises:
        InvalidArgumentError: Where a value is not finite.
    """
    flat = np.asarray(values).astype(np.float64).reshape(-1)
    if not np.isfinite(flat).all():
        bad = flat[~np.isfinite(flat)][0]
        raise InvalidArgumentError(
            explain("A histogram takes finite values.", received=str(bad), hint="find the step that made it first")
        )
    limits = _exponential_limits()
    # A value on a limit counts in the bucket above it.
    counts = np.bincount(np.minimum(np.searchsorted(limits, flat, "right"), limits.size - 1), minlength=limits.size)
    proto = HistogramProto(num=flat.size, sum=flat.sum(), sum_squares=np.square(flat).sum())
    proto.min = flat.min() if flat.size else _LARGEST
    proto.max = flat.max() if flat.size else -_LARGEST
    # An empty bucket stays only as the last of its run: it is the left edge of what follows.
    keep = counts > 0
    keep[:-1] |= counts[1:] > 0
    keep[-1] = True
    proto.bucket_limit.extend(limits[keep])
    proto.bucket.extend(counts[keep].astype(np.float64))
    return proto
