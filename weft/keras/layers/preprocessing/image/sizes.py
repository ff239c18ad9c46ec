"""Images of other sizes."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.core.dtypes import is_float
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.preprocessing.image.base import BaseImagePreprocessingLayer
from weft.keras.layers.preprocessing.image.boxes import moved, part_of, size_in
from weft.keras.layers.preprocessing.image.resampling import INTERPOLATIONS, one_of, resize, size_of


def _least(a: Any, b: Any) -> Any:
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else tf.minimum(a, b)


def _most(a: Any, b: Any) -> Any:
    return max(a, b) if isinstance(a, int) and isinstance(b, int) else tf.maximum(a, b)


def middle_part(old_height: Any, old_width: Any, height: int, width: int) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The largest part in the middle that has the wanted ratio: where it begins, and its height and width."""
    part_height = _most(_least(old_height, old_width * height // width), 1)
    part_width = _most(_least(old_width, old_height * width // height), 1)
    return ((old_height - part_height) // 2, (old_width - part_width) // 2), (part_height, part_width)


def crop_and_resize(images: Any, height: int, width: int, **how: Any) -> Any:
    """The largest part in the middle that has the wanted ratio of height to width, resized."""
    (top, left), (part_height, part_width) = middle_part(size_of(images, 1), size_of(images, 2), height, width)
    images = images[:, top : top + part_height, left : left + part_width]
    return resize(images, height, width, **how)


def resize_images(
    images: Any, height: int, width: int, kind: str = "bilinear", antialias: bool = False, crop: bool = False,
    pad: bool = False, fill: float = 0.0,
) -> Any:  # fmt: skip
    """Images of another size and the same dtype; integers are rounded.

    Args:
        images: `[batch, height, width, channels]`.
        height: The new height.
        width: The new width.
        kind: One of INTERPOLATIONS.
        antialias: Whether all pixels count where images become smaller.
        crop: Whether to cut off what would distort the image.
        pad: Whether to add what would distort it.
        fill: What is added then.
    """
    values = tf.cast(images, images.dtype if is_float(images.dtype) else "float32")
    how: dict[str, Any] = {"kind": kind, "antialias": antialias}
    if crop:
        found = crop_and_resize(values, height, width, **how)
    else:
        found = resize(_padded(values, height, width, fill) if pad else values, height, width, **how)
    if found.dtype == images.dtype:
        return found
    return tf.cast(tf.round(found), images.dtype)


def _padded(images: Any, wanted_height: int, wanted_width: int, fill: float) -> Any:
    height, width = size_of(images, 1), size_of(images, 2)
    around_height = (_most(height, width * wanted_height // wanted_width) - height) // 2
    around_width = (_most(width, height * wanted_width // wanted_height) - width) // 2
    paddings = [[0, 0], [around_height, around_height], [around_width, around_width], [0, 0]]
    return tf.pad(images, paddings, constant_values=fill)


class Resizing(BaseImagePreprocessingLayer):
    """Brings images to one size.

    Args:
        height: The height.
        width: The width.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5" or "area".
        crop_to_aspect_ratio: Whether to cut off what would distort the image.
        pad_to_aspect_ratio: Whether to add what would distort it.
        fill_mode: "constant".
        fill_value: What is added then.
        antialias: Whether all pixels count where images become smaller.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Resizing(32, 48)(tf.ones((2, 100, 80, 3))).shape
        TensorShape([2, 32, 48, 3])
    """

    def __init__(
        self, height: int, width: int, interpolation: str = "bilinear", crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False, fill_mode: str = "constant", fill_value: float = 0.0,
        antialias: bool = False, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.height = positive_int("Resizing", "height", height)
        self.width = positive_int("Resizing", "width", width)
        self.interpolation = one_of("Resizing", "interpolation", interpolation, INTERPOLATIONS)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError("Resizing: only one of `crop_to_aspect_ratio` and `pad_to_aspect_ratio` can be True.")
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode = one_of("Resizing", "fill_mode", fill_mode, ("constant",))
        self.fill_value = fill_value
        self.antialias = antialias

    def _converted(self, images: Any) -> Any:
        return images  # bytes stay bytes

    def transform_images(self, images: Any, transformation: Any = None, training: Any = True) -> Any:
        return self._resized(images, self.interpolation)

    def transform_segmentation_masks(self, masks: Any, transformation: Any = None, training: Any = True) -> Any:
        return self._resized(masks, "nearest")

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        return self._sizes_of(data)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: Any = True) -> Any:
        boxes = bounding_boxes["boxes"]
        filling = tf.reduce_all(tf.logical_or(tf.equal(boxes, -1.0), tf.equal(boxes, 0.0)), axis=-1, keepdims=True)
        found = moved(bounding_boxes, lambda corners: self._scaled(corners, *transformation),
                      self.bounding_box_format, transformation, (self.height, self.width))  # fmt: skip
        return {**found, "boxes": tf.where(filling, tf.zeros_like(found["boxes"]), found["boxes"])}

    def _scaled(self, corners: Any, height: Any, width: Any) -> Any:
        height, width = tf.cast(height, corners.dtype), tf.cast(width, corners.dtype)
        down, across = self.height / height, self.width / width
        left = top = tf.zeros_like(down)
        if self.pad_to_aspect_ratio or self.crop_to_aspect_ratio:
            both = tf.minimum(down, across) if self.pad_to_aspect_ratio else tf.maximum(down, across)
            down = across = both
            # What is added counts as a shift to the right, what is cut off as one to the left.
            if self.pad_to_aspect_ratio:
                top, left = (self.height - height * both) // 2.0, (self.width - width * both) // 2.0
            else:
                top, left = -((height * both - self.height) // 2.0), -((width * both - self.width) // 2.0)
        return corners * tf.stack([across, down, across, down]) + tf.stack([left, top, left, top])

    def _resized(self, images: Any, kind: str) -> Any:
        return resize_images(
            images, self.height, self.width, kind, self.antialias, self.crop_to_aspect_ratio,
            self.pad_to_aspect_ratio, self.fill_value,
        )  # fmt: skip


class CenterCrop(BaseImagePreprocessingLayer):
    """The middle of images; those that are too small are enlarged first.

    Args:
        height: The height.
        width: The width.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.
    """

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height = positive_int("CenterCrop", "height", height)
        self.width = positive_int("CenterCrop", "width", width)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        return {"input_shape": self._shape_of(data)}

    def transform_images(self, images: Any, transformation: Any = None, training: Any = True) -> Any:
        return self._cropped(images, "bilinear")

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: Any = True) -> Any:
        height, width = size_in(transformation)
        new = self.height, self.width
        if height >= self.height and width >= self.width:
            begin, part = ((height - self.height) // 2, (width - self.width) // 2), new
        else:
            begin, part = middle_part(height, width, *new)
        return moved(bounding_boxes, lambda boxes: part_of(boxes, begin, part, new), self.bounding_box_format,
                     (height, width), new)  # fmt: skip

    def transform_segmentation_masks(self, masks: Any, transformation: Any = None, training: Any = True) -> Any:
        return self._cropped(masks, "nearest")

    def _cropped(self, images: Any, kind: str) -> Any:
        height, width = images.shape[1], images.shape[2]
        if height is None or width is None:
            raise ValueError(explain(
                f"Layer `{self.name}` (CenterCrop) needs images of a known size.", received=f"shape {images.shape}",
                hint="Resizing(height, width, crop_to_aspect_ratio=True) takes any size",
            ))  # fmt: skip
        if height < self.height or width < self.width:
            return crop_and_resize(images, self.height, self.width, kind=kind)
        top, left = (height - self.height) // 2, (width - self.width) // 2
        return images[:, top : top + self.height, left : left + self.width]
