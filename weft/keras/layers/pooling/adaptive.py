"""Pooling to a given size: windows as large as they must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras.config import standardize_data_format
from weft.keras.layers.convolution.arguments import per_axis
from weft.keras.layers.input_spec import InputSpec
from weft.keras.layers.layer import Layer


def pool_to(
    pool: Callable[..., Any], values: Any, output_size: tuple[int, ...], data_format: str, where: str
) -> Any:
    """One value for each of a given number of windows along each spatial axis; `where` is whom to name in errors."""
    first = 1 if data_format == "channels_last" else 2
    for axis, wanted in enumerate(output_size, first):
        size = values.shape[axis]
        if size is None:
            raise ValueError(explain(
                f"{where} needs inputs of a known size.", received=f"shape {values.shape}, axis {axis} is unknown"
            ))  # fmt: skip
        begins = np.arange(wanted) * size // wanted
        ends = -(-(np.arange(wanted) + 1) * size // wanted)
        values = pool(values, axis, begins, ends)
    return values


def adaptive_average(values: Any, axis: int, begins: Any, ends: Any) -> Any:
    """The means of windows along an axis."""
    places = np.arange(int(values.shape[axis]))
    inside = (places >= begins[:, None]) & (places < ends[:, None])
    weights = tf.cast(inside / (ends - begins)[:, None], values.dtype)
    letters = "abcde"[: values.shape.rank]
    return tf.einsum(f"{letters},z{letters[axis]}->{letters.replace(letters[axis], 'z')}", values, weights)


def adaptive_max(values: Any, axis: int, begins: Any, ends: Any) -> Any:
    """The greatest values of windows along an axis."""
    # Shorter windows repeat their last place.
    places = np.minimum(begins[:, None] + np.arange((ends - begins).max()), ends[:, None] - 1)
    return tf.reduce_max(tf.gather(values, places, axis=axis), axis=axis + 1)


class BaseAdaptivePooling(Layer):
    """One value for each of a given number of windows, which may overlap by one place."""

    rank = 0
    _pool: Callable[..., Any]

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_size = per_axis(type(self).__name__, "output_size", output_size, self.rank)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        """The output."""
        where = f"Layer `{self.name}` ({type(self).__name__})"
        return pool_to(type(self)._pool, inputs, self.output_size, self.data_format, where)


class _AdaptiveAverage(BaseAdaptivePooling):
    _pool = staticmethod(adaptive_average)


class _AdaptiveMax(BaseAdaptivePooling):
    _pool = staticmethod(adaptive_max)


class AdaptiveAveragePooling1D(_AdaptiveAverage):
    """The mean of each of a number of windows. Arguments as for AdaptiveAveragePooling2D."""

    rank = 1


class AdaptiveAveragePooling2D(_AdaptiveAverage):
    """The mean of each of a number of windows of an image.

    Args:
        output_size: The output's height and width; one integer for both.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.AdaptiveAveragePooling2D(2)(tf.ones((1, 5, 7, 3))).shape
        TensorShape([1, 2, 2, 3])
    """

    rank = 2


class AdaptiveAveragePooling3D(_AdaptiveAverage):
    """The mean of each of a number of windows of a volume. Arguments as for AdaptiveAveragePooling2D."""

    rank = 3


class AdaptiveMaxPooling1D(_AdaptiveMax):
    """The greatest value of each of a number of windows. Arguments as for AdaptiveAveragePooling2D."""

    rank = 1


class AdaptiveMaxPooling2D(_AdaptiveMax):
    """The greatest value of each of a number of windows of an image. Arguments as for AdaptiveAveragePooling2D."""

    rank = 2


class AdaptiveMaxPooling3D(_AdaptiveMax):
    """The greatest value of each of a number of windows of a volume. Arguments as for AdaptiveAveragePooling2D."""

    rank = 3
