"""Images mixed with one another, and with nothing."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import random
from weft.keras.core.dtypes import is_float
from weft.keras.layers.preprocessing.image.base import RandomImageLayer, bounds
from weft.keras.layers.preprocessing.image.colour import value_pair


class MixUp(RandomImageLayer):
    """In training, mixes each image with another one of the batch, and their labels likewise.

    Args:
        alpha: Both parameters of the Beta distribution of the shares; small ones leave most images nearly alone.
        data_format: `"channels_last"` or `"channels_first"`.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.

    Source: Zhang et al. 2018.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> data = {"images": tf.random.normal((4, 8, 8, 3)), "labels": tf.one_hot([0, 1, 2, 0], 3)}
        >>> mixed = keras.layers.MixUp(seed=1)(data)
        >>> mixed["labels"].numpy().sum(axis=1).round(5).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, alpha: float = 0.2, data_format: str | None = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or alpha <= 0:
            raise ValueError(explain("MixUp: `alpha` must be positive.", received=repr(alpha)))
        self.alpha = alpha
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        count = self._batch_of(data)
        generator = self.generator if seed is None else seed
        shares = random.beta((count,), self.alpha, self.alpha, dtype="float32", seed=generator)
        return {"mix_weight": shares, "permutation_order": random.shuffle(tf.range(count), seed=generator)}

    def _mixed(self, values: Any, transformation: Any) -> Any:
        if transformation is None:
            return values
        shares = tf.cast(transformation["mix_weight"], values.dtype)
        shares = tf.reshape(shares, (-1, *(1,) * (values.shape.rank - 1)))
        return shares * values + (1.0 - shares) * tf.gather(values, transformation["permutation_order"])

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        return self._mixed(images, transformation)

    def transform_labels(self, labels: Any, transformation: Any, training: Any = True) -> Any:
        if not is_float(labels.dtype):
            raise ValueError(explain(
                f"Layer `{self.name}` (MixUp) mixes labels that are floats.", received=f"dtype {labels.dtype}",
                hint="encode class numbers first: keras.utils.to_categorical(labels), or tf.one_hot(labels, classes)",
            ))  # fmt: skip
        return self._mixed(labels, transformation)

    def transform_segmentation_masks(self, masks: Any, transformation: Any, training: Any = True) -> Any:
        return self._mixed(masks, transformation)


class RandomErasing(RandomImageLayer):
    """In training, covers a rectangle of some images.

    Args:
        factor: The probability at most, or the least and the greatest one.
        scale: What shares of height and width are covered, as the square of a number of this range: one number is the
            greatest, two are the least and the greatest.
        fill_value: What covers: a value, one for each channel, or None for noise.
        value_range: The least and the greatest value of a pixel.
        seed: Makes the draws the same every time.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.

    Source: Zhong et al. 2020.
    """

    def __init__(
        self, factor: Any = 1.0, scale: Any = (0.02, 0.33), fill_value: Any = None, value_range: Any = (0, 255),
        seed: Any = None, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.factor = bounds("RandomErasing", "factor", factor, 0, 1)
        self.scale = bounds("RandomErasing", "scale", scale, 0, 1)
        self.fill_value = fill_value
        self.value_range = value_pair("RandomErasing", value_range)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        count = self._batch_of(data)
        height, width = self._sizes_of(data)
        shares = tf.sqrt(self._uniform((count, 2), *self.scale, seed))
        across = self._inside(self._uniform((count,), 0.0, 1.0, seed), shares[:, 0], width)
        down = self._inside(self._uniform((count,), 0.0, 1.0, seed), shares[:, 1], height)
        likely = self._uniform((count,), *self.factor, seed)
        chosen = self._uniform((count,), 0.0, 1.0, seed) < likely
        covered = tf.logical_and(down[:, :, None], across[:, None, :])[..., None]
        covered = tf.logical_and(covered, tf.reshape(chosen, (-1, 1, 1, 1)))
        return {"apply_erasing": chosen, "batch_masks": covered, "fill_value": self._filling(data, seed)}

    def _inside(self, drawn: Any, share: Any, size: Any) -> Any:
        """Which places of an axis are covered, `[batch, size]`."""
        whole = tf.cast(size, "float32")
        begin = drawn * (whole - share * whole)
        place = tf.cast(tf.range(size), "float32")[None, :]
        return tf.logical_and(place > begin[:, None], place < (begin + share * whole)[:, None])

    def _filling(self, data: Any, seed: Any) -> Any:
        if self.fill_value is not None:
            return tf.constant(self.fill_value, dtype="float32")
        images = data["images"] if isinstance(data, dict) else data
        low, high = self.value_range
        generator = self.generator if seed is None else seed
        noise = random.normal(tf.shape(images), dtype="float32", seed=generator)
        return tf.clip_by_value(noise * float(high), float(low), float(high))

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None:
            return images
        return tf.where(transformation["batch_masks"], tf.cast(transformation["fill_value"], images.dtype), images)
