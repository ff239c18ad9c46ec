"""Images flipped, turned, moved, zoomed, sheared and cropped at random."""

from __future__ import annotations

import math
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.preprocessing.image.base import RandomImageLayer, bounds
from weft.keras.layers.preprocessing.image.boxes import across_and_down, beside, moved, part_of, size_in
from weft.keras.layers.preprocessing.image.resampling import FILL_MODES, one_of, project, resize
from weft.keras.layers.preprocessing.image.sizes import crop_and_resize, middle_part
from weft.keras.random.seed_generator import make_default_seed
from weft.keras.utils.bounding_boxes import affine_transform

_FLIPS = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(RandomImageLayer):
    """In training, mirrors every other image on average.

    Args:
        mode: "horizontal" (left and right change places), "vertical", or "horizontal_and_vertical".
        seed: Makes the draws the same every time.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> layer = keras.layers.RandomFlip("horizontal", seed=1)
        >>> sorted(layer(tf.constant([[[1.0], [2.0]]])).numpy().ravel().tolist())
        [1.0, 2.0]
    """

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: Any = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.mode = one_of("RandomFlip", "mode", mode, _FLIPS)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        drawn = self._uniform((self._batch_of(data), 1, 1, 1), 0.0, 1.0, seed)
        return {"flips": drawn <= 0.5, "input_shape": self._shape_of(data)}

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None:
            return images
        flips = transformation["flips"]
        if "horizontal" in self.mode:
            images = tf.where(flips, tf.reverse(images, [2]), images)
        if "vertical" in self.mode:
            images = tf.where(flips, tf.reverse(images, [1]), images)
        return images

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None or not training:
            return bounding_boxes
        height, width = size_in(transformation)

        def mirrored(boxes: Any) -> Any:
            flips = tf.cast(beside(tf.cast(transformation["flips"], "float32"), boxes), "bool")
            left, top, right, bottom = tf.split(boxes, 4, axis=-1)
            if "horizontal" in self.mode:
                right, left = tf.cast(width, boxes.dtype) - left, tf.cast(width, boxes.dtype) - right
            if "vertical" in self.mode:
                bottom, top = tf.cast(height, boxes.dtype) - top, tf.cast(height, boxes.dtype) - bottom
            return tf.where(flips, tf.concat([left, top, right, bottom], axis=-1), boxes)

        return moved(bounding_boxes, mirrored, self.bounding_box_format, (height, width))

    def transform_segmentation_masks(self, masks: Any, transformation: Any, training: Any = True) -> Any:
        return self.transform_images(masks, transformation, training)


class _RandomMap(RandomImageLayer):
    """An affine map of each image."""

    def _set_map(self, fill_mode: str, interpolation: str, fill_value: float, seed: Any) -> None:
        name = type(self).__name__
        self.fill_mode = one_of(name, "fill_mode", fill_mode, FILL_MODES)
        self.interpolation = one_of(name, "interpolation", interpolation, ("bilinear", "nearest"))
        self.fill_value = fill_value
        self._set_seed(seed)

    def _maps(self, transformation: Any, height: Any, width: Any) -> Any:
        """The maps, `[batch, 8]`."""
        raise NotImplementedError

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        return self._mapped(images, transformation, self.interpolation)

    def transform_segmentation_masks(self, masks: Any, transformation: Any, training: Any = True) -> Any:
        return self._mapped(masks, transformation, "nearest")

    def _mapped(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return images
        height, width = self._sizes_of(images)
        maps = self._maps(transformation, height, width)
        return project(images, maps, interpolation, self.fill_mode, self.fill_value)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None or not training:
            return bounding_boxes
        size = size_in(transformation)
        return moved(
            bounding_boxes, lambda boxes: self._move(boxes, transformation, *size), self.bounding_box_format, size
        )

    def _move(self, boxes: Any, transformation: Any, height: Any, width: Any) -> Any:
        """The boxes, `[batch, boxes, 4]` (left, top, right, bottom), where they are in the new image."""
        raise NotImplementedError


def _columns(*columns: Any) -> Any:
    """Numbers and columns `[batch]` as `[batch, columns]`."""
    like = next(column for column in columns if hasattr(column, "shape"))
    return tf.stack([column if hasattr(column, "shape") else tf.fill(tf.shape(like), float(column))
                     for column in columns], axis=1)  # fmt: skip


def _last(size: Any) -> Any:
    return tf.cast(size - 1, "float32")


class RandomRotation(_RandomMap):
    """In training, turns images about their middle.

    Args:
        factor: By what share of a full turn at most, counter-clockwise; or the least and the greatest share.
        fill_mode: What appears at the edges: "reflect", "wrap", "constant" or "nearest".
        interpolation: "bilinear" or "nearest".
        seed: Makes the draws the same every time.
        fill_value: What appears for "constant".
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.
    """

    def __init__(
        self, factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear", seed: Any = None,
        fill_value: float = 0.0, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.factor = bounds("RandomRotation", "factor", factor, -1, 1, symmetric=True)
        self._set_map(fill_mode, interpolation, fill_value, seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        height, width = self._sizes_of(data)
        angle = self._uniform((self._batch_of(data),), *self.factor, seed) * 360.0
        return {"angle": angle, "image_height": height, "image_width": width, "batch_size": self._batch_of(data)}

    def _maps(self, transformation: Any, height: Any, width: Any) -> Any:
        angle = transformation["angle"] * (math.pi / 180.0)
        cos, sin, right, bottom = tf.cos(angle), tf.sin(angle), _last(width), _last(height)
        x = (right - (cos * right - sin * bottom)) / 2.0
        y = (bottom - (sin * right + cos * bottom)) / 2.0
        return _columns(cos, -sin, x, sin, cos, y, 0, 0)

    def _move(self, boxes: Any, transformation: Any, height: Any, width: Any) -> Any:
        angle = tf.convert_to_tensor(transformation["angle"])
        none = tf.zeros_like(angle)
        return affine_transform(boxes, angle, none, none, none + 1.0, none, none, height, width)


class RandomZoom(_RandomMap):
    """In training, zooms in (below 0) or out (above 0).

    Args:
        height_factor: By what share of the height at most, or the least and the greatest share.
        width_factor: Likewise for the width; as the height where None.
        fill_mode: What appears at the edges: "reflect", "wrap", "constant" or "nearest".
        interpolation: "bilinear" or "nearest".
        seed: Makes the draws the same every time.
        fill_value: What appears for "constant".
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.
    """

    def __init__(
        self, height_factor: Any, width_factor: Any = None, fill_mode: str = "reflect",
        interpolation: str = "bilinear", seed: Any = None, fill_value: float = 0.0, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height = bounds("RandomZoom", "height_factor", height_factor, -1, 1, symmetric=True)
        self._width = (
            None
            if width_factor is None
            else bounds("RandomZoom", "width_factor", width_factor, -1, 1, symmetric=True)
        )
        if min(*self._height, *(self._width or (0,))) <= -1:
            raise ValueError("RandomZoom: a factor of -1 would leave nothing of the image.")
        self._set_map(fill_mode, interpolation, fill_value, seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        shape = (self._batch_of(data), 1)
        height = self._uniform(shape, 1.0 + self._height[0], 1.0 + self._height[1], seed)
        width = height
        if self._width is not None:
            width = self._uniform(shape, 1.0 + self._width[0], 1.0 + self._width[1], seed)
        return {"height_zoom": height, "width_zoom": width, "input_shape": self._shape_of(data)}

    def _maps(self, transformation: Any, height: Any, width: Any) -> Any:
        zoom_x, zoom_y = transformation["width_zoom"][:, 0], transformation["height_zoom"][:, 0]
        x, y = (1.0 - zoom_x) * _last(width) / 2.0, (1.0 - zoom_y) * _last(height) / 2.0
        return _columns(zoom_x, 0, x, 0, zoom_y, y, 0, 0)

    def _move(self, boxes: Any, transformation: Any, height: Any, width: Any) -> Any:
        zoom = [beside(transformation[name], boxes) for name in ("width_zoom", "height_zoom")]
        size = [tf.cast(one, boxes.dtype) for one in (width, height)]
        begin = [(1.0 - by) * (length - 1.0) / 2.0 for by, length in zip(zoom, size)]
        extent = across_and_down(*(by * length for by, length in zip(zoom, size)))
        inside = tf.clip_by_value(boxes - across_and_down(*begin), tf.zeros_like(extent), extent)
        return inside / extent * tf.stack(size * 2)


class RandomTranslation(_RandomMap):
    """In training, moves images.

    Args:
        height_factor: Down by what share of the height at most (up below 0), or the least and the greatest share.
        width_factor: Likewise to the right.
        fill_mode: What appears at the edges: "reflect", "wrap", "constant" or "nearest".
        interpolation: "bilinear" or "nearest".
        seed: Makes the draws the same every time.
        fill_value: What appears for "constant".
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.
    """

    def __init__(
        self, height_factor: Any, width_factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear",
        seed: Any = None, fill_value: float = 0.0, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height = bounds("RandomTranslation", "height_factor", height_factor, -1, 1, symmetric=True)
        self._width = bounds("RandomTranslation", "width_factor", width_factor, -1, 1, symmetric=True)
        self._set_map(fill_mode, interpolation, fill_value, seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        height, width = self._sizes_of(data)
        shape = (self._batch_of(data), 1)
        down = self._uniform(shape, *self._height, seed) * tf.cast(height, "float32")
        right = self._uniform(shape, *self._width, seed) * tf.cast(width, "float32")
        return {"translations": tf.concat([right, down], axis=1), "input_shape": self._shape_of(data)}

    def _maps(self, transformation: Any, height: Any, width: Any) -> Any:
        by = transformation["translations"]
        return _columns(tf.ones_like(by[:, 0]), 0, -by[:, 0], 0, 1, -by[:, 1], 0, 0)

    def _move(self, boxes: Any, transformation: Any, height: Any, width: Any) -> Any:
        by = tf.convert_to_tensor(transformation["translations"])
        return boxes + across_and_down(beside(by[:, 0], boxes), beside(by[:, 1], boxes))


class RandomShear(_RandomMap):
    """In training, moves the rows of images against one another, and the columns.

    Args:
        x_factor: By what share at most; or the least and the greatest share, to either side.
        y_factor: Likewise for the columns.
        interpolation: "bilinear" or "nearest".
        fill_mode: What appears at the edges: "reflect", "wrap", "constant" or "nearest".
        fill_value: What appears for "constant".
        data_format: `"channels_last"` or `"channels_first"`.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.
    """

    def __init__(
        self, x_factor: Any = 0.0, y_factor: Any = 0.0, interpolation: str = "bilinear", fill_mode: str = "reflect",
        fill_value: float = 0.0, data_format: str | None = None, seed: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.x_factor = bounds("RandomShear", "x_factor", x_factor, 0, 1, symmetric=True)
        self.y_factor = bounds("RandomShear", "y_factor", y_factor, 0, 1, symmetric=True)
        self._set_map(fill_mode, interpolation, fill_value, seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        shape = (self._batch_of(data), 1)
        side = tf.where(self._uniform(shape, 0.0, 1.0, seed) > 0.5, -1.0, 1.0)
        y = self._uniform(shape, *self.y_factor, seed) * side
        x = self._uniform(shape, *self.x_factor, seed) * side
        return {"shear_factor": tf.concat([x, y], axis=1), "input_shape": self._shape_of(data)}

    def _maps(self, transformation: Any, height: Any, width: Any) -> Any:
        shear = transformation["shear_factor"]
        return _columns(1, shear[:, 0], 0, shear[:, 1], 1, 0, 0, 0)

    def _move(self, boxes: Any, transformation: Any, height: Any, width: Any) -> Any:
        # As Keras does it: in shares of width and height, first along the rows, then along the columns.
        shear = tf.convert_to_tensor(transformation["shear_factor"])
        x, y = beside(shear[:, 0], boxes), beside(shear[:, 1], boxes)
        size = tf.cast(tf.stack([width, height] * 2), boxes.dtype)
        left, top, right, bottom = tf.split(boxes / size, 4, axis=-1)
        left, right = left - tf.maximum(x * top, x * bottom), right - tf.minimum(x * top, x * bottom)
        top, bottom = top - tf.maximum(y * left, y * right), bottom - tf.minimum(y * left, y * right)
        return tf.concat([left, top, right, bottom], axis=-1) * size


class RandomCrop(RandomImageLayer):
    """In training, a part of the images, the same for a batch; else their middle. Those too small are enlarged.

    Args:
        height: The height of the part.
        width: Its width.
        seed: Makes the draws the same every time.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.
    """

    def __init__(
        self, height: int, width: int, seed: Any = None, data_format: str | None = None, name: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, name=name, **kwargs)
        self.height = positive_int("RandomCrop", "height", height)
        self.width = positive_int("RandomCrop", "width", width)
        if seed is None:
            make_default_seed()  # Keras draws one here that it makes no use of; what comes after begins as there
        self._set_seed(seed)

    def call(self, data: Any, training: Any = True) -> Any:
        """The parts."""
        return super(RandomImageLayer, self).call(data, training=training)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        height, width = self._sizes_of(data)
        if not isinstance(height, int) or not isinstance(width, int):
            raise ValueError(explain(
                f"Layer `{self.name}` (RandomCrop) needs images of a known size.",
                hint="put a Resizing layer in front, or give the input its size",
            ))  # fmt: skip
        if not training:
            return None, None, height, width
        if height <= self.height or width <= self.width:
            # The middle of the largest part with the wanted ratio.
            (top, left), _ = middle_part(height, width, self.height, self.width)
            return top, left, height, width
        top = tf.cast(self._uniform((), 0.0, float(height - self.height + 1), seed), "int32")
        left = tf.cast(self._uniform((), 0.0, float(width - self.width + 1), seed), "int32")
        return top, left, height, width

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        return self._cropped(images, transformation, "bilinear")

    def transform_segmentation_masks(self, masks: Any, transformation: Any, training: Any = True) -> Any:
        return self._cropped(masks, transformation, "nearest")

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: Any = True) -> Any:
        top, left, *size = transformation
        height, width = size or (self.height, self.width)
        begin, part = (top, left), self._part(top, left, height, width)
        if top is None:
            begin, part = middle_part(height, width, self.height, self.width)
        new = self.height, self.width
        return moved(bounding_boxes, lambda boxes: part_of(boxes, begin, part, new), self.bounding_box_format,
                     (height, width), new)  # fmt: skip

    def _part(self, top: Any, left: Any, height: int, width: int) -> tuple[int, int]:
        """How much of the image is left from there on, at most what is wanted."""
        below, beyond = (n if isinstance(n, int) else 0 for n in (top, left))
        return min(self.height, height - below), min(self.width, width - beyond)

    def _cropped(self, images: Any, transformation: Any, kind: str) -> Any:
        if transformation is None or transformation[0] is None:
            return crop_and_resize(images, self.height, self.width, kind=kind)
        top, left = transformation[:2]
        height, width = self._part(top, left, int(images.shape[1]), int(images.shape[2]))
        images = tf.gather(images, top + tf.range(height), axis=1)
        return resize(tf.gather(images, left + tf.range(width), axis=2), self.height, self.width, kind)


class RandomPerspective(RandomImageLayer):
    """In training, shows some images as if from the side: their corners move, and straight lines stay straight.

    Args:
        factor: The probability at most, or the least and the greatest one.
        scale: How far corners move at most, as a share of twice the distance from the first one.
        interpolation: "bilinear" or "nearest".
        fill_value: What appears at the edges.
        seed: Makes the draws the same every time.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.
    """

    def __init__(
        self, factor: Any = 1.0, scale: float = 1.0, interpolation: str = "bilinear", fill_value: float = 0.0,
        seed: Any = None, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.factor = bounds("RandomPerspective", "factor", factor, 0, 1)
        if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 0 <= scale <= 1:
            raise ValueError(explain("RandomPerspective: `scale` is a share from 0 to 1.", received=repr(scale)))
        self.scale = scale
        self.interpolation = one_of("RandomPerspective", "interpolation", interpolation, ("bilinear", "nearest"))
        self.fill_value = fill_value
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        count = self._batch_of(data)
        height, width = self._sizes_of(data)
        likely = self._uniform((count,), *self.factor, seed)
        chosen = self._uniform((count,), 0.0, 1.0, seed) < likely
        right, bottom = _last(width), _last(height)
        zero = tf.zeros_like(right)
        corners = tf.stack([tf.stack(pair) for pair in ((zero, zero), (right, zero), (zero, bottom), (right, bottom))])
        by = self._uniform((count, 4, 2), -0.5, 0.5, seed) * self.scale
        start = tf.ones_like(by) * corners
        return {"apply_perspective": chosen, "start_points": start, "end_points": start + start * by,
                "input_shape": self._shape_of(data)}  # fmt: skip

    def _mapped(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return images
        maps = maps_between(transformation["end_points"], transformation["start_points"])
        found = project(images, maps, interpolation, "constant", self.fill_value)
        return tf.where(tf.reshape(transformation["apply_perspective"], (-1, 1, 1, 1)), found, images)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None or not training:
            return bounding_boxes
        points = [tf.cast(transformation[name], "float32") for name in ("start_points", "end_points")]
        a, b, c, d, e, f, g, h = tf.unstack(maps_between(*points)[:, None, None, :], axis=-1)

        def seen(boxes: Any) -> Any:
            left, top, right, bottom = tf.split(boxes, 4, axis=-1)
            x, y = tf.concat([left, right, left, right], axis=-1), tf.concat([top, bottom, bottom, top], axis=-1)
            depth = g * x + h * y + 1.0
            corners = (a * x + b * y + c) / depth, (d * x + e * y + f) / depth
            edges = [edge(one, axis=-1) for edge in (tf.reduce_min, tf.reduce_max) for one in corners]
            chosen = tf.reshape(tf.cast(transformation["apply_perspective"], "bool"), (-1, 1, 1))
            return tf.where(chosen, tf.stack(edges, axis=-1), boxes)

        return moved(bounding_boxes, seen, self.bounding_box_format, size_in(transformation))

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        return self._mapped(images, transformation, self.interpolation)

    def transform_segmentation_masks(self, masks: Any, transformation: Any, training: Any = True) -> Any:
        return self._mapped(masks, transformation, "nearest")


def maps_between(points: Any, targets: Any) -> Any:
    """The projective maps `[batch, 8]` that take four points to four others, `[batch, 4, 2]`."""
    x, y = points[..., 0], points[..., 1]
    u, v = targets[..., 0], targets[..., 1]
    one, zero = tf.ones_like(x), tf.zeros_like(x)
    first = tf.stack([x, y, one, zero, zero, zero, -x * u, -y * u], axis=-1)
    second = tf.stack([zero, zero, zero, x, y, one, -x * v, -y * v], axis=-1)
    equations = tf.concat([first, second], axis=1)
    return tf.linalg.solve(equations, tf.concat([u, v], axis=1)[..., None])[..., 0]
