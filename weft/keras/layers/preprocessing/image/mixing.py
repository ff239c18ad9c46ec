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
        values = tf.convert_to_tensor(values)
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

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None or not training:
            return bounding_boxes
        boxes, labels = (tf.convert_to_tensor(bounding_boxes[key]) for key in ("boxes", "labels"))
        order = transformation["permutation_order"]
        both = tf.concat([boxes, tf.gather(boxes, order)], axis=1)
        return {**bounding_boxes, "boxes": both,
                "labels": tf.concat([labels, tf.gather(labels, order)], axis=boxes.shape.rank - 2)}  # fmt: skip


class CutMix(RandomImageLayer):
    """In training, puts a rectangle of another image of the batch into each image, and mixes their labels likewise.

    Args:
        factor: Both parameters of the Beta distribution of the shares, at most; or the least and the greatest.
        seed: Makes the draws the same every time.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.

    Source: Yun et al. 2019.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> data = {"images": tf.random.normal((4, 8, 8, 3)), "labels": tf.one_hot([0, 1, 2, 0], 3)}
        >>> mixed = keras.layers.CutMix(seed=1)(data)
        >>> mixed["labels"].numpy().sum(axis=1).round(5).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, factor: Any = 1.0, seed: Any = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = bounds("CutMix", "factor", factor, 0, 1)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        images = data["images"] if isinstance(data, dict) else data
        if not training or len(images.shape) == 3:
            return None
        count, (height, width) = self._batch_of(data), self._sizes_of(data)
        generator = self.generator if seed is None else seed
        alpha = self._uniform((), *self.factor, seed) + 1e-6
        ratio = tf.sqrt(1.0 - random.beta((count,), alpha, alpha, dtype="float32", seed=generator))
        left, right = self._cut(count, width, ratio, seed)
        top, bottom = self._cut(count, height, ratio, seed)
        across = _within(left, right, width)
        down = _within(top, bottom, height)
        covered = tf.logical_and(down[:, :, None], across[:, None, :])[..., None]
        area = (right - left) * (bottom - top) / (tf.cast(width, "float32") * tf.cast(height, "float32"))
        order = random.shuffle(tf.range(count), seed=generator)
        return {"permutation_order": order, "batch_masks": covered, "mix_weight": 1.0 - area}

    def _cut(self, count: Any, size: Any, ratio: Any, seed: Any) -> tuple[Any, Any]:
        """Where the rectangles begin and end along an axis."""
        length = ratio * tf.cast(size, "float32")
        begin = self._uniform((count,), 0.0, 1.0, seed) * (tf.cast(size, "float32") - length)
        return begin, begin + length

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None:
            return images
        return tf.where(transformation["batch_masks"], tf.gather(images, transformation["permutation_order"]), images)

    def transform_labels(self, labels: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None:
            return labels
        if not is_float(labels.dtype):
            raise ValueError(_class_numbers(self, labels))
        share = tf.cast(tf.reshape(transformation["mix_weight"], (-1, 1)), labels.dtype)
        return share * labels + (1.0 - share) * tf.gather(labels, transformation["permutation_order"])

    def transform_segmentation_masks(self, masks: Any, transformation: Any, training: Any = True) -> Any:
        return self.transform_images(masks, transformation, training)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None:
            return bounding_boxes
        raise NotImplementedError(explain(
            f"Layer `{self.name}` (CutMix) does not cut bounding boxes.",
            hint="MixUp mixes images with their boxes",
        ))  # fmt: skip


def _within(begin: Any, end: Any, size: Any) -> Any:
    """Which places of an axis lie between two bounds, `[batch, size]`."""
    place = tf.cast(tf.range(size), "float32")[None, :]
    return tf.logical_and(place >= begin[:, None], place < end[:, None])


def _class_numbers(layer: Any, labels: Any) -> str:
    return explain(
        f"Layer `{layer.name}` ({type(layer).__name__}) mixes labels that are floats.",
        received=f"dtype {labels.dtype}",
        hint="encode class numbers first: keras.utils.to_categorical(labels), or tf.one_hot(labels, classes)",
    )


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
