"""Pooling: one value for each window, or for all places."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.keras.config import standardize_data_format
from weft.keras.layers.convolution.arguments import format_letters, padding_mode, per_axis, require_room
from weft.keras.layers.input_spec import InputSpec
from weft.keras.layers.layer import Layer


class BasePooling(Layer):
    """One value for each window. `rank` is the number of axes that the window moves along, `kind` what is taken."""

    _stateless = True

    rank = 0
    kind = "MAX"
    _old_arguments = {"pool_length": "pool_size", "stride": "strides"}

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        name = type(self).__name__
        self.pool_size = per_axis(name, "pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else per_axis(name, "strides", strides, self.rank)
        self.padding = padding_mode(name, padding)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        """The output."""
        if self.padding == "valid" and not tf.executing_eagerly():  # at once, nothing may come out, as in Keras
            require_room(self, inputs, self.pool_size, (1,) * self.rank, self.data_format)
        return tf.nn.pool(
            inputs, list(self.pool_size), self.kind, strides=list(self.strides), padding=self.padding.upper(),
            data_format=format_letters(self.data_format, self.rank),
        )  # fmt: skip


class MaxPooling1D(BasePooling):
    """The greatest value of each window of steps. Arguments as for MaxPooling2D."""

    rank = 1


class MaxPooling2D(BasePooling):
    """The greatest value of each window of an image.

    Args:
        pool_size: The window's height and width; one integer for both.
        strides: How far it moves; the window's size by default.
        padding: `"valid"` (full windows only) or `"same"`.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.

    Returns:
        For inputs `[batch, height, width, channels]`, the same with new height and width.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.MaxPooling2D()(tf.ones((1, 6, 8, 3))).shape
        TensorShape([1, 3, 4, 3])
    """

    rank = 2


class MaxPooling3D(BasePooling):
    """The greatest value of each window of a volume. Arguments as for MaxPooling2D."""

    rank = 3


class AveragePooling1D(BasePooling):
    """The mean of each window of steps. Arguments as for MaxPooling2D."""

    rank = 1
    kind = "AVG"


class AveragePooling2D(BasePooling):
    """The mean of each window of an image; padding does not count. Arguments as for MaxPooling2D."""

    rank = 2
    kind = "AVG"


class AveragePooling3D(BasePooling):
    """The mean of each window of a volume; padding does not count. Arguments as for MaxPooling2D."""

    rank = 3
    kind = "AVG"


class BaseGlobalPooling(Layer):
    """One value a channel."""

    _stateless = True

    rank = 0

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _axes(self) -> list[int]:
        first = 1 if self.data_format == "channels_last" else 2
        return list(range(first, first + self.rank))


class _GlobalMax(BaseGlobalPooling):
    def call(self, inputs: Any) -> Any:
        """The output."""
        return tf.reduce_max(inputs, axis=self._axes, keepdims=self.keepdims)


class _GlobalAverage(BaseGlobalPooling):
    def call(self, inputs: Any) -> Any:
        """The output."""
        return tf.reduce_mean(inputs, axis=self._axes, keepdims=self.keepdims)


class GlobalMaxPooling1D(_GlobalMax):
    """The greatest value of each channel over all steps.

    Args:
        data_format: `"channels_last"` or `"channels_first"`.
        keepdims: Whether the steps' axis stays, with size 1.
        **kwargs: As for every layer.
    """

    rank = 1


class GlobalMaxPooling2D(_GlobalMax):
    """The greatest value of each channel of an image. Arguments as for GlobalMaxPooling1D."""

    rank = 2


class GlobalMaxPooling3D(_GlobalMax):
    """The greatest value of each channel of a volume. Arguments as for GlobalMaxPooling1D."""

    rank = 3


class GlobalAveragePooling1D(BaseGlobalPooling):
    """The mean of each channel over all steps; masked steps do not count. Arguments as for GlobalMaxPooling1D."""

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The output."""
        if mask is None:
            return tf.reduce_mean(inputs, axis=self._axes, keepdims=self.keepdims)
        axis = self._axes[0]
        weights = tf.expand_dims(tf.cast(mask, inputs.dtype), axis=2 if axis == 1 else 1)
        total = tf.reduce_sum(inputs * weights, axis=axis, keepdims=self.keepdims)
        return total / tf.reduce_sum(weights, axis=axis, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None


class GlobalAveragePooling2D(_GlobalAverage):
    """The mean of each channel of an image. Arguments as for GlobalMaxPooling1D."""

    rank = 2


class GlobalAveragePooling3D(_GlobalAverage):
    """The mean of each channel of a volume. Arguments as for GlobalMaxPooling1D."""

    rank = 3
