"""Windows cut out of images at places that tensors tell."""

from __future__ import annotations

from typing import Any

from weft.api import array, math, random
from weft.api.common import cast_to
from weft.api.image import resizing
from weft.api.image.common import size_of, taken
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain


def _corner(offset: Any, whole: Any, part: Any, centered: bool, normalized: bool) -> Any:
    """Where a window begins along an axis."""
    whole, part = cast_to(whole, dtypes.float32), cast_to(part, dtypes.float32)
    if centered and normalized:
        offset = (offset + 1.0) / 2.0 * whole - part / 2.0
    elif centered:
        offset = offset + whole / 2.0
    elif normalized:
        offset = offset * whole
    return cast_to(offset, dtypes.int32)


def _filling(x: Any, shape: Any, noise: str) -> Any:
    """What stands beyond the edges: nothing, or numbers that lie as the image's do."""
    if noise == "uniform":
        low, high = (f(x, [1, 2], keepdims=True) for f in (math.reduce_min, math.reduce_max))
        return low + random.uniform(shape) * (high - low)
    if noise == "gaussian":
        return math.reduce_mean(x, [1, 2], True) + random.normal(shape) * math.reduce_std(x, [1, 2], True)
    return array.zeros(shape)


def extract_glimpse(input: Any, size: Any, offsets: Any, centered: bool = True, normalized: bool = True,
                    noise: str = "uniform", name: str | None = None) -> Any:  # fmt: skip
    """One window of each image.

    Args:
        input: float32 `[batch, height, width, channels]`.
        size: The window's height and width.
        offsets: `[batch, 2]`: where each window lies, down and across.
        centered: Whether offsets are counted from the middle.
        normalized: Whether they are shares of the image: -1 to 1 where centered, else 0 to 1.
        noise: What fills places beyond the image: 'uniform' or 'gaussian' numbers like the image's, or 'zero'.
        name: The node's name.

    Returns:
        `[batch, window height, window width, channels]`; no gradient goes through it.

    Raises:
        InvalidArgumentError: For another `noise`.

    Example:
        >>> import weft as tf
        >>> image = tf.reshape(tf.range(16.0), [1, 4, 4, 1])
        >>> tf.image.extract_glimpse(image, [2, 2], [[0.0, 0.0]])[0, :, :, 0].numpy().tolist()
        [[5.0, 6.0], [9.0, 10.0]]
    """
    return windows(input, size, offsets, _corner, centered, normalized, noise, name)


def windows(input: Any, size: Any, offsets: Any, corner: Any, centered: bool, normalized: bool, noise: str,
            name: str | None) -> Any:  # fmt: skip
    """One window of each image; `corner` tells where it begins along an axis. The rest is as for `extract_glimpse`."""
    if noise not in ("uniform", "gaussian", "zero"):
        raise InvalidArgumentError(explain("extract_glimpse: no such noise.", received=repr(noise),
                                           expected="'uniform', 'gaussian' or 'zero'"))  # fmt: skip
    x = array.cast(taken(input, "extract_glimpse", (4,)), dtypes.float32)
    tall, wide = resizing.pair(size)
    batch, height, width, channels = (size_of(x, axis) for axis in range(4))
    places = cast_to(offsets, dtypes.float32)
    rows = corner(places[:, 0], height, tall, centered, normalized)[:, None] + array.range(tall)
    columns = corner(places[:, 1], width, wide, centered, normalized)[:, None] + array.range(wide)
    down = math.logical_and(rows >= 0, rows < height)[:, :, None, None]
    across = math.logical_and(columns >= 0, columns < width)[:, None, :, None]
    flat = array.reshape(x, [batch, height * width, channels])
    where = (math.clip_by_value(rows, 0, height - 1) * width)[:, :, None] \
        + math.clip_by_value(columns, 0, width - 1)[:, None, :]  # fmt: skip
    found = array.gather(flat, where, batch_dims=1)
    beyond = _filling(x, [batch, tall, wide, channels], noise)
    return array.stop_gradient(array.where(math.logical_and(down, across), found, beyond), name=name)
