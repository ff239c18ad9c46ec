"""A given number of bounding boxes for each image."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.preprocessing.image.base import BaseImagePreprocessingLayer


class MaxNumBoundingBoxes(BaseImagePreprocessingLayer):
    """Gives each image the same number of boxes: further ones fall away, missing ones are filled in.

    Args:
        max_number: The number.
        fill_value: What boxes and labels are filled with.
        **kwargs: As for every layer; `bounding_box_format` must be given.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> boxes = {"boxes": tf.ones((2, 1, 4)), "labels": tf.ones((2, 1), "int32")}
        >>> layer = keras.layers.MaxNumBoundingBoxes(3, bounding_box_format="xyxy")
        >>> layer({"images": tf.ones((2, 8, 8, 3)), "bounding_boxes": boxes})["bounding_boxes"]["labels"].numpy()
        array([[ 1, -1, -1],
               [ 1, -1, -1]], dtype=int32)
    """

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_number = positive_int("MaxNumBoundingBoxes", "max_number", int(max_number))
        self.fill_value = int(fill_value)

    def _converted(self, images: Any) -> Any:
        return self._floats_converted(images)

    def transform_images(self, images: Any, transformation: Any = None, training: Any = True) -> Any:
        return images

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: Any = True) -> Any:
        parts = {key: self._filled(bounding_boxes[key]) for key in ("boxes", "labels")}
        return {**bounding_boxes, **parts}

    def _filled(self, values: Any) -> Any:
        """`[batch, max_number, …]`."""
        values = tf.convert_to_tensor(values)[:, : self.max_number]
        missing = tf.maximum(self.max_number - tf.shape(values)[1], 0)
        paddings = [[0, 0], [0, missing], *[[0, 0]] * (values.shape.rank - 2)]
        filled = tf.pad(values, paddings, constant_values=tf.cast(self.fill_value, values.dtype))
        return tf.ensure_shape(filled, (values.shape[0], self.max_number, *values.shape[2:]))
