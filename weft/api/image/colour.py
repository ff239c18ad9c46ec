"""Colours of images: other colour spaces, brightness, contrast, hue, saturation."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api import array, math
from weft.api.image.common import in_floats, taken
from weft.base import dtypes
from weft.base.errors import DTypeError, InvalidArgumentError, explain
from weft.runtime import frontdoor

#: ITU-R BT.601, as TensorFlow rounds it
_GREY = (0.2989, 0.5870, 0.1140)
_YIQ = ((0.299, 0.59590059, 0.2115), (0.587, -0.27455667, -0.52273617), (0.114, -0.32134392, 0.31119955))
_YUV = ((0.299, -0.14714119, 0.61497538), (0.587, -0.28886916, -0.51496512), (0.114, 0.43601035, -0.10001026))
_OF_YIQ = ((1, 1, 1), (0.95598634, -0.27201283, -1.10674021), (0.6208248, -0.64720424, 1.70423049))
_OF_YUV = ((1, 1, 1), (0, -0.394642334, 2.03206185), (1.13988303, -0.58062185, 0))


def _colours(image: Any, function: str) -> Any:
    x = frontdoor.convert(image)
    if x.shape.rank is not None and x.shape[-1] not in (3, None):
        raise InvalidArgumentError(explain(f"tf.image.{function}: the last dimension is red, green and blue.",
                                 received=str(x.type), expected="[..., 3]"))  # fmt: skip
    return x


def _float_colours(image: Any, function: str) -> Any:
    x = _colours(image, function)
    if not x.dtype.is_floating:
        raise DTypeError(explain(f"tf.image.{function}: colours are floats.", received=str(x.type),
                                 hint="tf.image.convert_image_dtype(images, tf.float32)"))  # fmt: skip
    return x


def _mixed(x: Any, matrix: Any) -> Any:
    return math.tensordot(x, array.constant(np.asarray(matrix, x.dtype.numpy)), [[-1], [0]])


def rgb_to_grayscale(images: Any, name: str | None = None) -> Any:
    """How bright the pixels are: `[..., 3]` becomes `[..., 1]`, in the same dtype."""
    x = _colours(images, "rgb_to_grayscale")
    return in_floats(x, lambda v: _mixed(v, [[share] for share in _GREY]))


def grayscale_to_rgb(images: Any, name: str | None = None) -> Any:
    """One channel as three equal ones."""
    x = frontdoor.convert(images)
    if x.shape.rank is not None and x.shape[-1] not in (1, None):
        raise ValueError(explain("tf.image.grayscale_to_rgb: the last dimension has size 1.", received=str(x.type)))
    return array.concat([x, x, x], axis=-1)


def rgb_to_hsv(images: Any, name: str | None = None) -> Any:
    """Hue, saturation and value of red, green and blue, all within [0, 1] (Smith 1978)."""
    x = _float_colours(images, "rgb_to_hsv")
    red, green, blue = x[..., 0], x[..., 1], x[..., 2]
    value = math.reduce_max(x, axis=-1)
    spread = value - math.reduce_min(x, axis=-1)
    some = math.greater(spread, 0.0)
    safe = array.where(some, spread, array.ones_like(spread))
    sixth = array.where(
        math.equal(value, red), math.floormod((green - blue) / safe, 6.0),
        array.where(math.equal(value, green), (blue - red) / safe + 2.0, (red - green) / safe + 4.0),
    )  # fmt: skip
    hue = array.where(some, sixth / 6.0, array.zeros_like(sixth))
    bright = math.greater(value, 0.0)
    share = spread / array.where(bright, value, array.ones_like(value))
    saturation = array.where(bright, share, array.zeros_like(value))
    return array.stack([hue, saturation, value], axis=-1)


def hsv_to_rgb(images: Any, name: str | None = None) -> Any:
    """Red, green and blue of hue, saturation and value."""
    x = _float_colours(images, "hsv_to_rgb")
    hue, saturation, value = x[..., 0], x[..., 1], x[..., 2]
    return array.stack([(1.0 - saturation + saturation * p) * value for p in _shares(hue * 6.0)], axis=-1)


def _shares(around: Any) -> tuple[Any, ...]:
    """How far each colour is from the least one towards the greatest, of the hue in sixths of the circle."""
    return _unit(math.abs(around - 3.0) - 1.0), _unit(2.0 - math.abs(around - 2.0)), _unit(2.0 - math.abs(around - 4.0))


def _between(least: Any, greatest: Any, hue: Any) -> Any:
    """Colours of a hue whose least and greatest channels are these, to the bit."""
    spread = greatest - least
    parts = [array.where(math.greater_equal(p, 1.0), greatest, least + spread * p) for p in _shares(hue * 6.0)]
    return array.stack(parts, axis=-1)


def _unit(x: Any) -> Any:
    return math.clip_by_value(x, 0.0, 1.0)


def rgb_to_yiq(images: Any) -> Any:
    """Luma and the two chroma of NTSC."""
    x = _float_colours(images, "rgb_to_yiq")
    return _mixed(x, _YIQ)


def yiq_to_rgb(images: Any) -> Any:
    """Red, green and blue of NTSC's luma and chroma."""
    x = _float_colours(images, "yiq_to_rgb")
    return _mixed(x, _OF_YIQ)


def rgb_to_yuv(images: Any) -> Any:
    """Luma and the two chroma of PAL."""
    x = _float_colours(images, "rgb_to_yuv")
    return _mixed(x, _YUV)


def yuv_to_rgb(images: Any) -> Any:
    """Red, green and blue of PAL's luma and chroma."""
    x = _float_colours(images, "yuv_to_rgb")
    return _mixed(x, _OF_YUV)


def adjust_brightness(image: Any, delta: Any) -> Any:
    """Images with `delta` added, where white is 1.

    Example:
        >>> import weft as tf
        >>> tf.image.adjust_brightness(tf.zeros([1, 1, 3]), 0.25)[0, 0].numpy().tolist()
        [0.25, 0.25, 0.25]
    """
    x = frontdoor.convert(image)
    return in_floats(x, lambda v: v + array.cast(delta, v.dtype))


def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """Images with each channel's distance from its mean multiplied."""
    def changed(v: Any) -> Any:
        # in float32, as TensorFlow does
        wide = array.cast(v, dtypes.float32)
        mean = math.reduce_mean(wide, axis=[-3, -2], keepdims=True)
        return array.cast((wide - mean) * array.cast(contrast_factor, dtypes.float32) + mean, v.dtype)

    return in_floats(taken(images, "adjust_contrast"), changed)


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Any:
    """`gain * image ** gamma`, where white is 1.

    Raises:
        ValueError: For a negative gamma.
    """
    if isinstance(gamma, (int, float)) and gamma < 0:
        raise ValueError(explain("tf.image.adjust_gamma: gamma must not be negative.", received=str(gamma)))
    x = frontdoor.convert(image)
    return in_floats(x, lambda v: array.cast(gain, v.dtype) * math.pow(v, array.cast(gamma, v.dtype)))


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Any:
    """Images with their hue turned by `delta` of a full circle.

    Raises:
        ValueError: For a `delta` outside [-1, 1].
    """
    if isinstance(delta, (int, float)) and not -1 <= delta <= 1:
        raise ValueError(f"adjust_hue: `delta` must be in the interval [-1, 1], received {delta}.")

    def turned(v: Any) -> Any:
        hue = math.floormod(rgb_to_hsv(v)[..., 0] + array.cast(delta, v.dtype), 1.0)
        return _between(math.reduce_min(v, axis=-1), math.reduce_max(v, axis=-1), hue)

    return in_floats(_colours(image, "adjust_hue"), turned)


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Any:
    """Images with their saturation multiplied, up to full saturation."""
    def changed(v: Any) -> Any:
        hsv = rgb_to_hsv(v)
        saturation = _unit(hsv[..., 1] * array.cast(saturation_factor, v.dtype))
        return _between(hsv[..., 2] - saturation * hsv[..., 2], hsv[..., 2], hsv[..., 0])

    return in_floats(_colours(image, "adjust_saturation"), changed)


def per_image_standardization(image: Any) -> Any:
    """Images with mean 0 and variance 1, each over all its values; nearly even ones are divided by less.

    Returns:
        float32 of the images' shape.
    """
    x = array.cast(taken(image, "per_image_standardization"), dtypes.float32)
    count = array.cast(math.reduce_prod(array.shape(x)[-3:]), dtypes.float32)
    mean = math.reduce_mean(x, axis=[-1, -2, -3], keepdims=True)
    spread = math.reduce_std(x, axis=[-1, -2, -3], keepdims=True)
    return (x - mean) / math.maximum(spread, 1.0 / math.sqrt(count))
