"""`tf.layers`: pooling over one, two or three axes."""

from __future__ import annotations

from typing import Any

import weft
from weft.api import nn as _nn
from weft.base.errors import explain
from weft.compat.v1.layer_base import Layer


def several(value: Any, rank: int, what: str) -> tuple[int, ...]:
    """A size for each axis, out of one for all or a list.

    Raises:
        ValueError: For another number of them.
    """
    found = (value,) * rank if isinstance(value, int) else tuple(int(v) for v in value)
    if len(found) != rank:
        raise ValueError(explain(f"The `{what}` argument must be a tuple of {rank} integers.", received=repr(value)))
    return found


def letters(rank: int, channels_first: bool) -> str:
    """The data format as ops call it: `NHWC`, `NCHW` and their like."""
    axes = {1: "W", 2: "HW", 3: "DHW"}[rank]
    return f"NC{axes}" if channels_first else f"N{axes}C"


def is_channels_first(data_format: str) -> bool:
    """Whether the channels come before the other axes.

    Raises:
        ValueError: For a data format that there is not.
    """
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError("The `data_format` argument must be one of \"channels_first\", \"channels_last\". "
                         f"Received: {data_format}")  # fmt: skip
    return data_format == "channels_first"


class _Pooling(Layer):
    """Windows of the input, each as one number.

    Args:
        pool_size: The size of a window: a number, or one for each axis.
        strides: The steps between windows.
        padding: `valid` or `same`.
        data_format: `channels_last` or `channels_first`.
        name: The name of its scope.
        **kwargs: What every `Layer` takes.
    """

    _rank = 2
    _op = "max_pool"

    def __init__(self, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
                 name: str | None = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(name=name, **kwargs)
        self.pool_size = several(pool_size, self._rank, "pool_size")
        self.strides = self.pool_size if strides is None else several(strides, self._rank, "strides")
        self.padding, self.data_format = padding.lower(), data_format
        self._first = is_channels_first(data_format)

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Computes its result."""
        self._refuse_rank(inputs.shape, self._rank + 2)
        pool = getattr(_nn, self._op)
        padding = self.padding.upper()
        if self._rank > 1:
            return pool(inputs, list(self.pool_size), list(self.strides), padding, letters(self._rank, self._first))
        axis = 2 if not self._first else 3  # as an image of one column, which is what version 1's graphs show
        image = weft.expand_dims(inputs, axis)
        pooled = pool(image, [*self.pool_size, 1], [*self.strides, 1], padding, letters(2, self._first))
        return weft.squeeze(pooled, axis)


class MaxPooling1D(_Pooling):
    """The greatest number of each window along one axis.

    Args:
        pool_size, strides, padding, data_format, name: As for all pooling layers, in this order.
    """

    _rank = 1


class MaxPooling2D(_Pooling):
    """The greatest number of each window of an image.

    Args:
        pool_size, strides, padding, data_format, name: As for all pooling layers, in this order.
    """


class MaxPooling3D(_Pooling):
    """The greatest number of each window of a volume.

    Args:
        pool_size, strides, padding, data_format, name: As for all pooling layers, in this order.
    """

    _rank = 3


class AveragePooling1D(_Pooling):
    """The mean of each window along one axis.

    Args:
        pool_size, strides, padding, data_format, name: As for all pooling layers, in this order.
    """

    _rank, _op = 1, "avg_pool"


class AveragePooling2D(_Pooling):
    """The mean of each window of an image.

    Args:
        pool_size, strides, padding, data_format, name: As for all pooling layers, in this order.
    """

    _op = "avg_pool"


class AveragePooling3D(_Pooling):
    """The mean of each window of a volume.

    Args:
        pool_size, strides, padding, data_format, name: As for all pooling layers, in this order.
    """

    _rank, _op = 3, "avg_pool"


def _function(kind: type[_Pooling], name: str) -> Any:
    def function(inputs: Any, pool_size: Any, strides: Any, padding: str = "valid",
                 data_format: str = "channels_last", name: str | None = None) -> Any:  # fmt: skip
        return kind(pool_size, strides, padding, data_format, name)(inputs)

    function.__name__ = function.__qualname__ = name
    first = (kind.__doc__ or "").partition("\n")[0]
    function.__doc__ = f"{first} See `{kind.__name__}` for the arguments."
    return function


max_pooling1d = _function(MaxPooling1D, "max_pooling1d")
max_pooling2d = _function(MaxPooling2D, "max_pooling2d")
max_pooling3d = _function(MaxPooling3D, "max_pooling3d")
average_pooling1d = _function(AveragePooling1D, "average_pooling1d")
average_pooling2d = _function(AveragePooling2D, "average_pooling2d")
average_pooling3d = _function(AveragePooling3D, "average_pooling3d")
