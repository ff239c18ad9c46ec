"""What all layers that change images have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras import random
from weft.keras.config import standardize_data_format
from weft.keras.core.dtypes import is_float
from weft.keras.layers.layer import Layer
from weft.keras.layers.preprocessing.image.boxes import dense_boxes
from weft.keras.random.seed_generator import SeedGenerator


def _of_one_too(transform: Callable[..., Any]) -> Callable[..., Any]:
    """Lets a `transform_images` of batches take one image."""

    @functools.wraps(transform)
    def call(self: Any, images: Any, *args: Any, **kwargs: Any) -> Any:
        if len(images.shape if hasattr(images, "shape") else np.shape(images)) != 3:
            return transform(self, images, *args, **kwargs)
        found = transform(self, tf.expand_dims(images, 0), *args, **kwargs)
        return found[0] if len(found.shape) == 4 and found.shape[0] in (1, None) else found

    return call


class BaseImagePreprocessingLayer(Layer):
    """Images in, images out: one, a batch, or a dict with `images` and what belongs to them.

    A layer draws what it does to a batch in `get_random_transformation`, and does it in `transform_images`; both see
    batches with the channels last, and a program may hand `transform_images` one image. In a dict, `labels`,
    `segmentation_masks` and `bounding_boxes` (a dict of `boxes` and `labels`) follow their images; other parts stay as
    they are.
    """

    def __init__(
        self, data_format: str | None = None, bounding_box_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.bounding_box_format = bounding_box_format
        self._set_up()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = cls.__dict__.get("transform_images")
        if callable(own) and cls.__module__.startswith("weft.keras."):  # a user's own knows what it is given
            cls.transform_images = _of_one_too(own)  # type: ignore[method-assign]

    def _set_up(self) -> None:
        """Further attributes that all layers of a kind have."""

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        """What is to be done to images, drawn at random; None for nothing.

        Args:
            data: Images, or a dict with `images`.
            training: Whether this is training.
            seed: A seed or generator, in place of the layer's own.
        """
        return {}

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        """The images, `[batch, height, width, channels]`, changed."""
        raise NotImplementedError

    def transform_labels(self, labels: Any, transformation: Any, training: Any = True) -> Any:
        """The labels that belong to the changed images."""
        return labels

    def transform_segmentation_masks(self, masks: Any, transformation: Any, training: Any = True) -> Any:
        """The masks that belong to the changed images."""
        return masks

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: Any = True) -> Any:
        """The boxes, `[batch, boxes, 4]` in a dict with their labels, that belong to the changed images."""
        return bounding_boxes

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.bounding_box_format is None:
            config.pop("bounding_box_format", None)
        return config

    def call(self, data: Any, training: Any = True) -> Any:
        """The images, changed."""
        if isinstance(data, dict):
            return self._on_dict(data, training)
        batch, single = self._batched(data)
        found = self.transform_images(batch, self._drawn(batch, training), training=training)
        return self._restored(found, single)

    def _drawn(self, batch: Any, training: Any) -> Any:
        return self.get_random_transformation(batch, training=training)

    def _on_dict(self, data: dict[str, Any], training: Any) -> dict[str, Any]:
        if "images" not in data:
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) takes images, or a dict with them.",
                received=f"a dict with {sorted(data)}",
                expected="`images`, and perhaps `labels`, `bounding_boxes`, `segmentation_masks`",
            ))  # fmt: skip
        batch, single = self._batched(data["images"])
        transformation = self._drawn(batch, training)
        found = {**data, "images": self._restored(
            self.transform_images(batch, transformation, training=training), single)}  # fmt: skip
        if "bounding_boxes" in data:
            found["bounding_boxes"] = self._boxes(data["bounding_boxes"], transformation, training, single)
        if "labels" in data:
            labels = tf.convert_to_tensor(data["labels"])
            labels = self.transform_labels(_first(labels, single), transformation, training=training)
            found["labels"] = labels[0] if single else labels
        if "segmentation_masks" in data:
            masks, _ = self._batched(data["segmentation_masks"])
            found["segmentation_masks"] = self._restored(
                self.transform_segmentation_masks(masks, transformation, training=training), single
            )
        return found

    def _boxes(self, boxes: Any, transformation: Any, training: Any, single: bool) -> Any:
        if not self.bounding_box_format:
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) got bounding boxes and does not know their format.",
                hint=f"{type(self).__name__}(…, bounding_box_format='xyxy') says how boxes are written",
            ))  # fmt: skip
        dense = dense_boxes(boxes)
        dense = {key: _first(value, single) if key in ("boxes", "labels") else value for key, value in dense.items()}
        found = self.transform_bounding_boxes(dense, transformation, training=training)
        return {key: value[0] if single and key in ("boxes", "labels") else value for key, value in found.items()}

    def _batched(self, images: Any) -> tuple[Any, bool]:
        """Floats with a batch in front and the channels last, and whether there was one image only."""
        images = self._converted(tf.convert_to_tensor(images) if not hasattr(images, "dtype") else images)
        rank = images.shape.rank
        if rank not in (3, 4):
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) takes images. "
                "Expected the input image to be rank 3 or 4.",
                received=f"shape {images.shape}",
                expected="(height, width, channels) or (batch, height, width, channels)",
            ))  # fmt: skip
        images = tf.expand_dims(images, 0) if rank == 3 else images
        if self.data_format == "channels_first":
            images = tf.transpose(images, (0, 2, 3, 1))
        return images, rank == 3

    def _floats_converted(self, images: Any) -> Any:
        """Integers as they are, floats in the layer's dtype."""
        return tf.cast(images, self.compute_dtype) if is_float(images.dtype) else images

    def _batch_of(self, data: Any) -> Any:
        """The number of images: 1 for one without a batch."""
        images = data["images"] if isinstance(data, dict) else data
        if len(images.shape) == 3:
            return 1
        return tf.shape(images)[0] if images.shape[0] is None else int(images.shape[0])

    def _sizes_of(self, data: Any) -> tuple[Any, Any]:
        """Height and width."""
        images = data["images"] if isinstance(data, dict) else data
        found = [tf.shape(images)[axis] if images.shape[axis] is None else int(images.shape[axis]) for axis in (-3, -2)]
        return found[0], found[1]

    def _shape_of(self, data: Any) -> tuple[Any, Any, Any, Any]:
        """What boxes need to know of the images that something is drawn for."""
        images = data["images"] if isinstance(data, dict) else data
        return (self._batch_of(data), *self._sizes_of(data), images.shape[-1])

    def _converted(self, images: Any) -> Any:
        wanted = self.compute_dtype
        return tf.cast(images, wanted if is_float(wanted) else "float32") if images.dtype != wanted else images

    def _restored(self, images: Any, single: bool) -> Any:
        if self.data_format == "channels_first":
            images = tf.transpose(images, (0, 3, 1, 2))
        return images[0] if single else images


def _first(value: Any, single: bool) -> Any:
    """A batch of one, of what belongs to a single image."""
    return tf.expand_dims(value, 0) if single else value


class RandomImageLayer(BaseImagePreprocessingLayer):
    """A layer with a seed, and a generator of its own."""

    seed: Any

    def _set_seed(self, seed: Any) -> None:
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def call(self, data: Any, training: Any = True) -> Any:
        """The images, changed at random in training."""
        if training is None or training is False:
            return self._unchanged(data)
        return super().call(data, training=training)

    def _unchanged(self, data: Any) -> Any:
        if isinstance(data, dict):
            return {key: self._converted(value) if key == "images" else value for key, value in data.items()}
        return tf.identity(self._converted(data))

    def _uniform(self, shape: Any, low: Any, high: Any, seed: Any = None) -> Any:
        return random.uniform(shape, low, high, dtype="float32", seed=self.generator if seed is None else seed)


def bounds(layer: str, name: str, value: Any, low: float, high: float, symmetric: bool = False) -> tuple[Any, Any]:
    """A factor as a pair: one number stands for `(low or -number, number)`.

    Args:
        layer: For the message.
        name: The argument, likewise.
        value: A number, or two.
        low: The least that a number may be, and the lower end of its pair unless `symmetric`.
        high: The most.
        symmetric: Whether a number f means (-f, f).

    Raises:
        ValueError: For more numbers, and for those outside.
    """
    if isinstance(value, (tuple, list)):
        least = -high if symmetric else low
        if len(value) == 2 and all(isinstance(n, (int, float)) and least <= n <= high for n in value):
            return tuple(sorted(value))  # type: ignore[return-value]
    elif isinstance(value, (int, float)) and low <= value <= high:
        return (-abs(value), abs(value)) if symmetric else (min(0, value), max(0, value))
    raise ValueError(explain(
        f"{layer}: The `{name}` argument should be a number (or a list of two numbers) in the range "
        f"[{float(low)}, {float(high)}].", received=repr(value)
    ))  # fmt: skip
