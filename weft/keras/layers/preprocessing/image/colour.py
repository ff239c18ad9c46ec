"""The colours of images, changed at random."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import random
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.preprocessing.image.base import BaseImagePreprocessingLayer, RandomImageLayer, bounds

#: how bright red, green and blue are
_GREY = (0.2989, 0.587, 0.114)


def value_pair(layer: str, value: Any) -> tuple[float, float]:
    """A `value_range`.

    Raises:
        ValueError: For anything but two numbers, the lesser first.
    """
    pair = tuple(value) if isinstance(value, (list, tuple)) else ()
    if len(pair) != 2 or not pair[0] < pair[1]:
        raise ValueError(explain(
            f"{layer}: The `value_range` argument should be a list of two numbers, the least and the greatest value "
            "of a pixel.", received=repr(value), expected="for instance (0, 255) or (0, 1)",
        ))  # fmt: skip
    return pair


def to_grey(images: Any) -> Any:
    """The brightness of each pixel, `[…, 1]`."""
    weights = tf.cast(tf.constant(_GREY), images.dtype)
    return tf.reduce_sum(images * weights, axis=-1, keepdims=True)


def to_hsv(images: Any) -> Any:
    """Red, green and blue in [0, 1] as hue, saturation and value in [0, 1]."""
    red, green, blue = images[..., 0], images[..., 1], images[..., 2]
    most = tf.reduce_max(images, axis=-1)
    spread = most - tf.reduce_min(images, axis=-1)
    saturation = tf.math.divide_no_nan(spread, most)
    hue = tf.where(
        tf.equal(most, red), tf.math.divide_no_nan(green - blue, spread),
        tf.where(tf.equal(most, green), tf.math.divide_no_nan(blue - red, spread) + 2.0,
                 tf.math.divide_no_nan(red - green, spread) + 4.0),
    ) / 6.0  # fmt: skip
    return tf.stack([tf.where(hue < 0.0, hue + 1.0, hue), saturation, most], axis=-1)


def to_rgb(images: Any) -> Any:
    """Hue, saturation and value in [0, 1] as red, green and blue in [0, 1]."""
    hue, saturation, value = images[..., 0], images[..., 1], images[..., 2]
    parts = []
    for place in (5.0, 3.0, 1.0):
        turn = place + hue * 6.0
        turn = turn - 6.0 * tf.floor(turn / 6.0)
        dip = tf.clip_by_value(tf.minimum(turn, 4.0 - turn), 0.0, 1.0)
        parts.append(value * (1.0 - saturation * dip))
    return tf.stack(parts, axis=-1)


def _wide(values: Any) -> Any:
    """Numbers `[batch]` against images."""
    return tf.reshape(values, (-1, 1, 1, 1))


class _Colour(RandomImageLayer):
    """A random factor, and values that stay within a range."""

    _low = 0.0
    _symmetric = False

    def _set_colour(self, factor: Any, value_range: Any, seed: Any) -> None:
        name = type(self).__name__
        self.factor = bounds(name, "factor", factor, self._low, 1, symmetric=self._symmetric)
        self.value_range = value_pair(name, value_range)
        self._set_seed(seed)

    def _clip(self, images: Any) -> Any:
        low, high = (tf.cast(value, images.dtype) for value in self.value_range)
        return tf.clip_by_value(images, low, high)

    def _unit(self, images: Any) -> Any:
        """Values in [0, 1]."""
        low, high = self.value_range
        return (images - low) / (high - low)

    def _ranged(self, images: Any) -> Any:
        """Values of [0, 1] in the layer's range."""
        low, high = self.value_range
        return images * (high - low) + low

    def _column(self, data: Any, low: float, high: float, seed: Any) -> Any:
        return self._uniform((self._batch_of(data), 1, 1, 1), low, high, seed)


class RandomBrightness(_Colour):
    """In training, makes images brighter or darker.

    Args:
        factor: By what share of the range at most, or the least and the greatest share.
        value_range: The least and the greatest value of a pixel.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.
    """

    _low, _symmetric = -1.0, True

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_colour(factor, value_range, seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        span = self.value_range[1] - self.value_range[0]
        return {"rgb_delta": self._column(data, *self.factor, seed) * span}

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        return self._clip(images + tf.cast(transformation["rgb_delta"], images.dtype)) if transformation else images


class RandomContrast(_Colour):
    """In training, moves each channel's values away from their mean, or towards it.

    Args:
        factor: By what share at most; or two shares, of which the first means less contrast and the second more.
        value_range: The least and the greatest value of a pixel.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_colour(factor, value_range, seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        return {"contrast_factor": self._column(data, 1.0 - self.factor[0], 1.0 + self.factor[1], seed)}

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if not transformation:
            return images
        mean = tf.reduce_mean(images, axis=[1, 2], keepdims=True)
        return self._clip((images - mean) * tf.cast(transformation["contrast_factor"], images.dtype) + mean)


class RandomHue(_Colour):
    """In training, turns the hue.

    Args:
        factor: By what share of half a turn at most, to either side; or the least and the greatest share.
        value_range: The least and the greatest value of a pixel.
        data_format: `"channels_last"` or `"channels_first"`.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_colour(factor, value_range, seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        count = self._batch_of(data)
        side = tf.where(self._uniform((count,), 0.0, 1.0, seed) > 0.5, -1.0, 1.0)
        return {"factor": side * self._uniform((count,), *self.factor, seed) * 0.5}

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if not transformation:
            return images
        hsv = to_hsv(self._unit(images))
        hue = hsv[..., 0] + tf.cast(_wide(transformation["factor"])[..., 0], images.dtype)
        hue = hue - tf.floor(hue)
        return self._clip(self._ranged(to_rgb(tf.concat([hue[..., None], hsv[..., 1:]], axis=-1))))


class RandomSaturation(_Colour):
    """In training, changes the saturation.

    Args:
        factor: A number or two: 0.5 changes nothing, below the colours fade, above they grow stronger.
        value_range: The least and the greatest value of a pixel.
        data_format: `"channels_last"` or `"channels_first"`.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.
    """

    _low, _symmetric = -1.0, True

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_colour(factor, value_range, seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        share = self._uniform((self._batch_of(data),), *self.factor, seed)
        return {"factor": share / (1.0 - share + 1e-7)}

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if not transformation:
            return images
        hsv = to_hsv(self._unit(images))
        saturation = hsv[..., 1:2] * tf.cast(_wide(transformation["factor"]), images.dtype)
        # As in Keras the saturation is bounded by the range of pixels, and what comes of it is not.
        low, high = (tf.cast(value, images.dtype) for value in self.value_range)
        hsv = tf.concat([hsv[..., :1], tf.clip_by_value(saturation, low, high), hsv[..., 2:]], axis=-1)
        return self._ranged(to_rgb(hsv))


class RandomGrayscale(RandomImageLayer):
    """In training, takes the colour out of some images.

    Args:
        factor: The share of images.
        data_format: `"channels_last"` or `"channels_first"`.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.
    """

    def __init__(self, factor: float = 0.5, data_format: str | None = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        bounds("RandomGrayscale", "factor", factor, 0, 1)
        self.factor = factor
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        return self._uniform((self._batch_of(data), 1, 1, 1), 0.0, 1.0, seed) < self.factor

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None:
            return images
        grey = tf.concat([to_grey(images)] * 3, axis=-1)
        return tf.where(transformation, grey, images)


class _Sometimes(_Colour):
    """What happens to some images only: to each with a probability drawn between the two factors."""

    def _chosen(self, data: Any, seed: Any) -> Any:
        count = self._batch_of(data)
        likely = self._uniform((count,), *self.factor, seed)
        return self._uniform((count,), 0.0, 1.0, seed) < likely


class RandomInvert(_Sometimes):
    """In training, makes a negative of some images.

    Args:
        factor: The probability at most, or the least and the greatest one.
        value_range: The least and the greatest value of a pixel.
        seed: Makes the draws the same every time.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.
    """

    def __init__(
        self, factor: Any = 1.0, value_range: Any = (0, 255), seed: Any = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self._set_colour(factor, value_range, seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        return {"apply_inversion": self._chosen(data, seed)} if training else None

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if not transformation:
            return images
        return tf.where(_wide(transformation["apply_inversion"]), self.value_range[1] - images, images)


class RandomGaussianBlur(_Sometimes):
    """In training, blurs some images.

    Args:
        factor: The probability at most, or the least and the greatest one.
        kernel_size: The window, an odd number or two.
        sigma: The standard deviation at most, or the least and the greatest one.
        value_range: The least and the greatest value of a pixel.
        data_format: `"channels_last"` or `"channels_first"`.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.
    """

    def __init__(
        self, factor: Any = 1.0, kernel_size: Any = 3, sigma: Any = 1.0, value_range: Any = (0, 255),
        data_format: str | None = None, seed: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self._set_colour(factor, value_range, seed)
        sizes = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        if len(sizes) != 2 or any(not isinstance(n, int) or n < 1 or n % 2 == 0 for n in sizes):
            raise ValueError(f"RandomGaussianBlur: `kernel_size` is an odd number or two, received {kernel_size!r}.")
        self.kernel_size = sizes
        self.sigma = bounds("RandomGaussianBlur", "sigma", sigma, 0, float("inf"))

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        chosen = self._chosen(data, seed)
        return {"should_apply_blur": chosen, "blur_factor": self._uniform((2,), *self.sigma, seed) + 1e-6}

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if not transformation:
            return images
        sigma = tf.cast(transformation["blur_factor"], images.dtype)
        blurred = images
        for axis, size in enumerate(self.kernel_size):
            place = tf.cast(tf.range(size), images.dtype) - (size - 1) / 2.0
            weights = tf.exp(-tf.square(place) / (2.0 * tf.square(sigma[1 - axis])))
            blurred = along(blurred, weights / tf.reduce_sum(weights), axis + 1)
        return self._clip(tf.where(_wide(transformation["should_apply_blur"]), blurred, images))


def along(images: Any, weights: Any, axis: int) -> Any:
    """Each channel convolved along one axis, zeros around the image."""
    channels = int(images.shape[3])
    size = int(weights.shape[0])
    kernel = tf.reshape(weights, (size, 1, 1, 1) if axis == 1 else (1, size, 1, 1))
    kernel = tf.tile(kernel, (1, 1, 1, channels))
    return tf.nn.convolution(images, kernel, padding="SAME")


class RandomPosterization(_Colour):
    """In training, leaves fewer levels of brightness.

    Args:
        factor: How many bits are left at most, from 1 to 8; or the least and the greatest number.
        value_range: The least and the greatest value of a pixel.
        data_format: `"channels_last"` or `"channels_first"`.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        pair = (1, factor) if isinstance(factor, int) else tuple(factor)
        if len(pair) != 2 or not all(isinstance(n, int) and 1 <= n <= 8 for n in pair):
            raise ValueError(explain(
                "RandomPosterization: `factor` is a number of bits from 1 to 8, or two.", received=repr(factor)
            ))  # fmt: skip
        self.factor = tuple(sorted(pair))
        self.value_range = value_pair("RandomPosterization", value_range)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        low, high = self.factor
        generator = self.generator if seed is None else seed
        bits = random.randint((self._batch_of(data),), low, max(high, low + 1), dtype="int64", seed=generator)
        return {"shift_factor": 8 - bits}

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if not transformation:
            return images
        step = tf.cast(tf.bitwise.left_shift(tf.ones_like(transformation["shift_factor"]),
                                             transformation["shift_factor"]), images.dtype)  # fmt: skip
        levels = tf.floor(self._unit(images) * 255.0)
        return self._ranged(tf.floor(levels / _wide(step)) * _wide(step) / 255.0)


class RandomSharpness(_Colour):
    """In training, blurs images a little, or sharpens them.

    Args:
        factor: A number or two: 0 blurs, 0.5 changes nothing, 1 sharpens.
        value_range: The least and the greatest value of a pixel.
        data_format: `"channels_last"` or `"channels_first"`.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_colour(factor, value_range, seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        return {"factor": self._uniform((self._batch_of(data),), *self.factor, seed)} if training else None

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if not transformation:
            return images
        channels = int(images.shape[3])
        kernel = tf.reshape(tf.constant([1.0, 1, 1, 1, 5, 1, 1, 1, 1], dtype=images.dtype) / 13.0, (3, 3, 1, 1))
        smooth = tf.nn.convolution(images, tf.tile(kernel, (1, 1, 1, channels)), padding="SAME")
        factor = tf.cast(_wide(transformation["factor"]), images.dtype)
        return self._clip(smooth + 2.0 * factor * (images - smooth))


class RandomColorDegeneration(_Colour):
    """In training, mixes images with their grey versions.

    Args:
        factor: How much grey at most, or the least and the greatest share.
        value_range: The least and the greatest value of a pixel.
        data_format: `"channels_last"` or `"channels_first"`.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.
    """

    _low, _symmetric = -1.0, True

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_colour(factor, value_range, seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        return {"factor": self._column(data, *self.factor, seed)} if training else None

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if not transformation:
            return images
        factor = tf.cast(transformation["factor"], images.dtype)
        return self._clip(images + factor * (to_grey(images) - images))


class Solarization(_Colour):
    """Makes a negative of what is brighter than a threshold.

    Args:
        addition_factor: By what share of the range images are made brighter first, at most.
        threshold_factor: The threshold at most, as a share of the range; or the least and the greatest.
        value_range: The least and the greatest value of a pixel.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.
    """

    def __init__(
        self, addition_factor: Any = 0.0, threshold_factor: Any = 0.0, value_range: Any = (0, 255), seed: Any = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.addition_factor = bounds("Solarization", "addition_factor", addition_factor, 0, 1)
        self.threshold_factor = bounds("Solarization", "threshold_factor", threshold_factor, 0, 1)
        self.value_range = value_pair("Solarization", value_range)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        return {"additions": self._column(data, *self.addition_factor, seed) * 255.0,
                "thresholds": self._column(data, *self.threshold_factor, seed) * 255.0}  # fmt: skip

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if not transformation:
            return images
        values = self._unit(images) * 255.0
        brighter = values + tf.cast(transformation["additions"], images.dtype)
        brighter = tf.clip_by_value(brighter, 0.0, 255.0)
        kept = brighter < tf.cast(transformation["thresholds"], images.dtype)
        return self._ranged(tf.where(kept, brighter, 255.0 - brighter) / 255.0)


class RandomColorJitter(RandomImageLayer):
    """In training, changes brightness, contrast, saturation and hue, one after the other.

    Args:
        value_range: The least and the greatest value of a pixel.
        brightness_factor: As for RandomBrightness; None leaves it alone.
        contrast_factor: As for RandomContrast.
        saturation_factor: As for RandomSaturation.
        hue_factor: As for RandomHue.
        seed: Makes the draws the same every time.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.
    """

    def __init__(
        self, value_range: Any = (0, 255), brightness_factor: Any = None, contrast_factor: Any = None,
        saturation_factor: Any = None, hue_factor: Any = None, seed: Any = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = value_pair("RandomColorJitter", value_range)
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        self._set_seed(seed)
        self._steps: list[Any] = [
            kind(factor, value_range=value_range, seed=0, dtype=self.dtype_policy)
            for kind, factor in (
                (RandomBrightness, brightness_factor), (RandomContrast, contrast_factor),
                (RandomSaturation, saturation_factor), (RandomHue, hue_factor),
            ) if factor is not None
        ]  # fmt: skip

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        for step in self._steps:
            drawn = step.get_random_transformation(images, training=training, seed=self.generator)
            images = step.transform_images(images, drawn, training=training)
        return images


class AutoContrast(BaseImagePreprocessingLayer):
    """Stretches the values of each channel over the whole range.

    Args:
        value_range: The least and the greatest value of a pixel.
        **kwargs: As for every layer.
    """

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = value_pair("AutoContrast", value_range)

    def transform_images(self, images: Any, transformation: Any = None, training: Any = True) -> Any:
        low, high = self.value_range
        least = tf.reduce_min(images, axis=[1, 2], keepdims=True)
        spread = tf.reduce_max(images, axis=[1, 2], keepdims=True) - least
        stretched = (images - least) * tf.math.divide_no_nan(tf.cast(high - low, images.dtype), spread) + low
        return tf.where(tf.equal(spread, 0.0), images, tf.clip_by_value(stretched, low, high))


def frequencies(place: Any, bins: int) -> Any:
    """How often each whole number below `bins` stands in each row, `[rows, bins]`, floats."""
    count = tf.shape(place)[0]
    which = tf.tile(tf.range(count)[:, None], (1, tf.shape(place)[1]))
    at = tf.reshape(tf.stack([which, place], axis=-1), (-1, 2))
    return tf.scatter_nd(at, tf.ones_like(at[:, 0], dtype="float32"), tf.stack([count, bins]))


class Equalization(BaseImagePreprocessingLayer):
    """Spreads the values of each picture's channels so that all are about equally frequent; outside training, nothing.

    Args:
        value_range: The least and the greatest value of a pixel.
        bins: How many values are told apart.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> picture = tf.constant([[[7.0], [7.0]], [[8.0], [9.0]]])
        >>> keras.layers.Equalization()(picture).numpy().ravel().tolist()
        [0.0, 0.0, 128.0, 255.0]
    """

    def __init__(
        self, value_range: Any = (0, 255), bins: int = 256, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = value_pair("Equalization", value_range)
        self.bins = positive_int("Equalization", "bins", bins)

    def transform_images(self, images: Any, transformation: Any = None, training: Any = True) -> Any:
        if not training:
            return images
        low, high = self.value_range
        levels = (images - low) * (255.0 / (high - low))
        planes = tf.transpose(levels, (0, 3, 1, 2))
        rows = tf.reshape(planes, (-1, tf.shape(images)[1] * tf.shape(images)[2]))
        place = tf.cast(tf.clip_by_value(tf.floor(rows * ((self.bins - 1) / 255.0)), 0.0, self.bins - 1.0), "int32")
        new = tf.gather(self._table(place), place, axis=1, batch_dims=1)
        # Where all values are one, there is nothing to spread.
        flat = tf.equal(tf.reduce_max(place, axis=1, keepdims=True), tf.reduce_min(place, axis=1, keepdims=True))
        spread = tf.reshape(tf.where(flat, tf.cast(rows, "float32"), new), tf.shape(planes))
        spread = tf.transpose(spread, (0, 2, 3, 1)) * ((high - low) / 255.0) + low
        return tf.cast(tf.ensure_shape(spread, images.shape), images.dtype)

    def _table(self, place: Any) -> Any:
        """The new value of each bin, for each row."""
        frequent = frequencies(place, self.bins)
        below = tf.cumsum(frequent, axis=1)
        total = below[:, -1:]
        least = tf.reduce_min(tf.where(frequent > 0.0, below, total), axis=1, keepdims=True)
        return tf.round(tf.math.divide_no_nan(tf.maximum(below - least, 0.0) * 255.0, total - least))
