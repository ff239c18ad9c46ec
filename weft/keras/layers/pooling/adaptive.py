"""Pooling to a given size: windows as large as they must be."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras.config import standardize_data_format
from weft.keras.layers.convolution.arguments import per_axis
from weft.keras.layers.input_spec import InputSpec
from weft.keras.layers.layer import Layer


class BaseAdaptivePooling(Layer):
    """One value for each of a given number of windows, which may overlap by one place."""

    rank = 0

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_size = per_axis(type(self).__name__, "output_size", output_size, self.rank)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        """The output."""
        first = 1 if self.data_format == "channels_last" else 2
        for axis, wanted in enumerate(self.output_size, first):
            size = inputs.shape[axis]
            if size is None:
                raise ValueError(explain(
                    f"Layer `{self.name}` ({type(self).__name__}) needs inputs of a known size.",
                    received=f"shape {inputs.shape}, axis {axis} is unknown",
                ))  # fmt: skip
            begins = np.arange(wanted) * size // wanted
            ends = -(-(np.arange(wanted) + 1) * size // wanted)
            inputs = self._pool(inputs, axis, begins, ends)
        return inputs

    def _pool(self, values: Any, axis: int, begins: Any, ends: Any) -> Any:
        raise NotImplementedError


class _AdaptiveAverage(BaseAdaptivePooling):
    def _pool(self, values: Any, axis: int, begins: Any, ends: Any) -> Any:
        places = np.arange(int(values.shape[axis]))
        inside = (places >= begins[:, None]) & (places < ends[:, None])
        weights = tf.cast(inside / (ends - begins)[:, None], values.dtype)
        letters = "abcde"[: values.shape.rank]
        return tf.einsum(f"{letters},z{letters[axis]}->{letters.replace(letters[axis], 'z')}", values, weights)


class _AdaptiveMax(BaseAdaptivePooling):
    def _pool(self, values: Any, axis: int, begins: Any, ends: Any) -> Any:
        # Shorter windows repeat their last place.
        places = np.minimum(begins[:, None] + np.arange((ends - begins).max()), ends[:, None] - 1)
        return tf.reduce_max(tf.gather(values, places, axis=axis), axis=axis + 1)


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
