"""Images that become taller or wider at random."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.layers.preprocessing.image.base import RandomImageLayer
from weft.keras.layers.preprocessing.image.resampling import INTERPOLATIONS, one_of, resize, size_of


def _shares(layer: str, factor: Any) -> tuple[float, float]:
    """By which shares a side changes at least and at most; one number stands for both directions.

    Raises:
        ValueError: For anything else, and where nothing would be left of the side.
    """
    pair = tuple(factor) if isinstance(factor, (list, tuple)) else (-factor, factor)
    if len(pair) != 2 or pair[1] < pair[0]:
        raise ValueError(explain(
            f"{layer}: the `factor` argument cannot have an upper bound lesser than the lower bound.",
            received=repr(factor), expected="a number, or (lower, upper)",
        ))  # fmt: skip
    if pair[0] < -1.0:
        raise ValueError(explain(
            f"{layer}: the `factor` argument must have values larger than -1.", received=repr(factor)
        ))  # fmt: skip
    return pair


class _RandomSide(RandomImageLayer):
    """One side of a batch of images gets another length."""

    _axis = 1

    def __init__(self, factor: Any, interpolation: str = "bilinear", seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor
        self._lower, self._upper = _shares(type(self).__name__, factor)
        self.interpolation = one_of(type(self).__name__, "interpolation", interpolation, INTERPOLATIONS)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        share = self._uniform((), 1.0 + self._lower, 1.0 + self._upper, seed)
        size = tf.cast(self._sizes_of(data)[self._axis - 1], "float32")
        return {"size": tf.cast(share * size, "int32")}

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        return self._changed(images, transformation, self.interpolation)

    def transform_segmentation_masks(self, masks: Any, transformation: Any, training: Any = True) -> Any:
        return self._changed(masks, transformation, "nearest")

    def _changed(self, images: Any, transformation: Any, kind: str) -> Any:
        height, width = size_of(images, 1), size_of(images, 2)
        if self._axis == 1:
            height = transformation["size"]
        else:
            width = transformation["size"]
        found = resize(images, height, width, kind)
        known = list(images.shape)
        known[self._axis] = None
        return tf.ensure_shape(found, known)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if config["data_format"] == "channels_last":
            config.pop("data_format")  # which Keras' own does not take
        return config


class RandomHeight(_RandomSide):
    """Makes images taller or less tall, all of a batch alike, in training.

    Args:
        factor: By which share of the height at most, in both directions; or (least, most), where less is negative.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5" or "area".
        seed: Makes the heights the same every time.
        **kwargs: As for every layer.

    Returns:
        For images `[batch, height, width, channels]`, floats of another height.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> layer = keras.layers.RandomHeight((0.5, 0.5))
        >>> layer(tf.ones((2, 10, 8, 3)), training=True).shape, layer(tf.ones((2, 10, 8, 3)), training=False).shape
        (TensorShape([2, 15, 8, 3]), TensorShape([2, 10, 8, 3]))
    """


class RandomWidth(_RandomSide):
    """Makes images wider or less wide, all of a batch alike, in training. Arguments as for `RandomHeight`."""

    _axis = 2


__all__ = ["RandomHeight", "RandomWidth"]
