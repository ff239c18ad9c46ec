"""Images bent like rubber at random."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import random
from weft.keras.layers.preprocessing.image.base import RandomImageLayer, bounds
from weft.keras.layers.preprocessing.image.colour import along, value_pair
from weft.keras.layers.preprocessing.image.resampling import one_of
from weft.keras.ops.pictures import move_pixels

_KINDS = ("nearest", "bilinear")
_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


class RandomElasticTransform(RandomImageLayer):
    """In training, moves every pixel of some images a little, neighbours alike.

    Args:
        factor: The probability at most, or the least and the greatest one.
        scale: How far pixels move at most, from 0 to 1; or the least and the greatest number.
        interpolation: "bilinear" or "nearest".
        fill_mode: What appears at the edges: "reflect", "mirror", "wrap", "constant" or "nearest".
        fill_value: What appears for "constant".
        value_range: The least and the greatest value of a pixel.
        seed: Makes the draws the same every time.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.

    Source: Simard et al. 2003.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.RandomElasticTransform(seed=1)(tf.ones((2, 8, 8, 3)), training=True).shape
        TensorShape([2, 8, 8, 3])
    """

    def __init__(
        self, factor: Any = 1.0, scale: Any = 1.0, interpolation: str = "bilinear", fill_mode: str = "reflect",
        fill_value: float = 0.0, value_range: Any = (0, 255), seed: Any = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        name = type(self).__name__
        self.factor = bounds(name, "factor", factor, 0, 1)
        self.scale = bounds(name, "scale", scale, 0, 1)
        self.interpolation = one_of(name, "interpolation", interpolation, _KINDS)
        self.fill_mode = one_of(name, "fill_mode", fill_mode, _MODES)
        self.fill_value = fill_value
        self.value_range = value_pair(name, value_range)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training or self.scale[1] == 0 or self.factor[1] == 0:
            return None
        count = self._batch_of(data)
        likely = self._uniform((count,), *self.factor, seed)
        chosen = self._uniform((count,), 0.0, 1.0, seed) < likely
        generator = self.generator if seed is None else seed
        return {"apply_transform": chosen, "distortion_factor": self._uniform((), *self.scale, seed),
                "seed": random.seed_generator.draw_seed(generator)}  # fmt: skip

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None:
            return images
        low, high = (tf.cast(value, images.dtype) for value in self.value_range)
        return tf.clip_by_value(self._bent(images, transformation, self.interpolation), low, high)

    def transform_segmentation_masks(self, masks: Any, transformation: Any, training: Any = True) -> Any:
        return masks if transformation is None else self._bent(masks, transformation, "nearest")

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None:
            return bounding_boxes
        raise NotImplementedError(explain(
            f"Layer `{self.name}` (RandomElasticTransform) does not bend bounding boxes.",
            hint="RandomPerspective, RandomShear and RandomRotation move boxes with their images",
        ))  # fmt: skip

    def _bent(self, images: Any, transformation: Any, interpolation: str) -> Any:
        height, width = self._sizes_of(images)
        if not isinstance(height, int) or not isinstance(width, int):
            raise ValueError(explain(
                f"Layer `{self.name}` (RandomElasticTransform) needs images of a known size.",
                hint="put a Resizing layer in front, or give the input its size",
            ))  # fmt: skip
        moves = self._moves(images, transformation, height, width)
        rows = tf.cast(tf.range(height), moves.dtype)[None, :, None] + moves
        columns = tf.cast(tf.range(width), moves.dtype)[None, None, :] + moves
        bent = move_pixels(images, rows, columns, _KINDS.index(interpolation), self.fill_mode, self.fill_value)
        chosen = tf.reshape(tf.cast(transformation["apply_transform"], "bool"), (-1, 1, 1, 1))
        return tf.where(chosen, tf.cast(bent, images.dtype), images)

    def _moves(self, images: Any, transformation: Any, height: int, width: int) -> Any:
        """How far each pixel moves, down and to the right alike, `[batch, height, width]`."""
        factor = tf.cast(transformation["distortion_factor"], "float32")
        sigma = min(height, width) * 0.05 * factor
        drawn = random.normal((self._batch_of(images), height, width), dtype="float32", seed=transformation["seed"])
        # The window is as wide as the strongest move needs; what lies beyond three deviations counts nothing.
        most = 3 * int(min(height, width) * 0.05 * self.scale[1])
        place = tf.cast(tf.range(-most, most + 1), "float32")
        weights = tf.exp(-tf.square(place) / (2.0 * tf.square(tf.maximum(sigma, 1e-6))))
        weights = tf.where(tf.abs(place) <= 3.0 * tf.floor(sigma), weights, tf.zeros_like(weights))
        weights = weights / tf.reduce_sum(weights)
        smooth = along(along((drawn * sigma)[..., None], weights, 1), weights, 2)[..., 0]
        return max(height, width) * 0.1 * factor * smooth
