"""Contrast made even, part by part of an image."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.layers.preprocessing.image.base import BaseImagePreprocessingLayer
from weft.keras.layers.preprocessing.image.colour import frequencies, value_pair
from weft.keras.layers.preprocessing.image.resampling import size_of

_LEVELS = 256


class ContrastLimitedAdaptiveHistogramEqualization(BaseImagePreprocessingLayer):
    """Spreads the values of each channel so that all are about equally frequent, in each tile of the image (CLAHE).

    Between the middles of the tiles the result goes over from one to the next.

    Args:
        value_range: The least and the greatest value of a pixel.
        clip_limit: How many times the mean a value may be frequent; more counts for all values. 0 for no limit.
        tile_grid_size: The number of tiles down and across.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.

    Source: Zuiderveld 1994.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> layer = keras.layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2))
        >>> layer(tf.reshape(tf.range(64.0), (1, 8, 8, 1))).shape
        TensorShape([1, 8, 8, 1])
    """

    def __init__(
        self, value_range: Any = (0, 255), clip_limit: float = 4.0, tile_grid_size: Any = (8, 8),
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        name = type(self).__name__
        self.value_range = value_pair(name, value_range)
        self.clip_limit = clip_limit
        grid = tuple(tile_grid_size) if isinstance(tile_grid_size, (list, tuple)) else (tile_grid_size,) * 2
        if len(grid) != 2 or any(not isinstance(n, int) or n < 1 for n in grid):
            raise ValueError(explain(f"{name}: `tile_grid_size` is two numbers.", received=repr(tile_grid_size)))
        self.tile_grid_size = grid

    def _converted(self, images: Any) -> Any:
        return self._floats_converted(images)

    def transform_images(self, images: Any, transformation: Any = None, training: Any = True) -> Any:
        low, high = self.value_range
        values = tf.cast(images, "float32")
        if (low, high) != (0, 255):
            values = (values - low) / (high - low) * 255.0
        found = self._equalized(values)
        if (low, high) != (0, 255):
            found = found / 255.0 * (high - low) + low
        return tf.cast(tf.ensure_shape(found, images.shape), images.dtype)

    def _equalized(self, values: Any) -> Any:
        """Values in [0, 255], `[batch, height, width, channels]`."""
        height, width = size_of(values, 1), size_of(values, 2)
        down, across = self.tile_grid_size
        high, wide = (height + down - 1) // down, (width + across - 1) // across
        paddings = [[0, 0], [0, high * down - height], [0, wide * across - width], [0, 0]]
        levels = tf.cast(tf.clip_by_value(tf.pad(values, paddings, "SYMMETRIC"), 0.0, 255.0), "int32")
        count, channels = size_of(values, 0), int(values.shape[3])
        tiles = tf.reshape(levels, tf.stack([count, down, high, across, wide, channels]))
        tiles = tf.reshape(tf.transpose(tiles, (0, 1, 3, 5, 2, 4)), tf.stack([-1, high * wide]))
        table = tf.reshape(self._tables(tiles, high * wide), (-1,))
        image = (tf.range(count) * down)[:, None, None, None]
        channel = tf.range(channels)

        def look_up(row: Any, column: Any) -> Any:
            tile = (image + row[:, None, None]) * across + column[:, None]
            return tf.gather(table, (tile * channels + channel) * _LEVELS + levels)

        (above, below, share_y), (left, right, share_x) = _between(high, down), _between(wide, across)
        share_y, share_x = share_y[:, None, None], share_x[:, None]
        upper = look_up(above, left) * (1.0 - share_x) + look_up(above, right) * share_x
        lower = look_up(below, left) * (1.0 - share_x) + look_up(below, right) * share_x
        return (upper * (1.0 - share_y) + lower * share_y)[:, :height, :width]

    def _tables(self, tiles: Any, size: Any) -> Any:
        """What each level becomes, for each tile and channel: `[tiles, 256]`."""
        frequent, size = frequencies(tiles, _LEVELS), tf.cast(size, "float32")
        if self.clip_limit > 0:
            kept = tf.minimum(frequent, self.clip_limit * size / _LEVELS)
            frequent = kept + tf.reduce_sum(frequent - kept, axis=-1, keepdims=True) / _LEVELS
        below = tf.cumsum(frequent, axis=-1)
        least = below[:, :1]
        whole = tf.where(tf.equal(size, least), tf.ones_like(least), size - least)
        return tf.clip_by_value((below - least) * 255.0 / whole, 0.0, 255.0)


def _between(length: Any, tiles: int) -> tuple[Any, Any, Any]:
    """For each place of an axis: the tiles whose middles it lies between, and how near it is to the second."""
    size = tf.cast(length, "float32")
    place = (tf.cast(tf.range(length * tiles), "float32") - size / 2.0) / size
    first = tf.floor(place)
    ends = [tf.cast(tf.clip_by_value(tile, 0.0, tiles - 1.0), "int32") for tile in (first, first + 1.0)]
    return ends[0], ends[1], place - first
