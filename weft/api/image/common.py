"""What functions of images share: their sizes, one image as a batch, values in their range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft.api import array, math
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor


def taken(image: Any, function: str, ranks: tuple[int, ...] = (3, 4)) -> Any:
    """Images as a tensor.

    Raises:
        ValueError: Where they have another rank.
    """
    x = frontdoor.convert(image)
    if x.shape.rank is not None and x.shape.rank not in ranks:
        raise ValueError(explain(
            f"tf.image.{function}: images have {' or '.join(map(str, ranks))} dimensions.", received=str(x.type),
            expected="[height, width, channels] or [batch, height, width, channels]",
        ))  # fmt: skip
    return x


def size_of(x: Any, axis: int) -> Any:
    """The size of an axis: an integer where it is known, else a tensor."""
    size = x.shape[axis] if x.shape.rank is not None else None
    return array.shape(x)[axis] if size is None else int(size)


def as_batch(x: Any, function: Callable[[Any], Any]) -> Any:
    """What a function of batches gives, for one image, too."""
    if x.shape.rank == 3:
        return array.squeeze(function(array.expand_dims(x, 0)), [0])
    return function(x)


def greatest(dtype: Any) -> int:
    """The greatest integer of a dtype."""
    return int(np.iinfo(dtype.numpy).max)


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Any:
    """Images of another dtype, their values between 0 and its greatest (integers) or 1 (floats).

    Args:
        image: Of any shape.
        dtype: The new dtype.
        saturate: Whether values outside of the range become its ends, where an integer dtype may not hold them.
        name: The node's name.

    Example:
        >>> import weft as tf
        >>> tf.image.convert_image_dtype(tf.constant([0, 255], tf.uint8), tf.float32).numpy().tolist()
        [0.0, 1.0]
    """
    x, wanted = frontdoor.convert(image), dtypes.as_dtype(dtype)
    cast = array.saturate_cast if saturate else array.cast
    for one in (x.dtype, wanted):
        if not (one.is_floating or one.is_integer):
            raise AttributeError(explain("convert_image_dtype: images have integers or floats.", received=one.name))
    if x.dtype == wanted:
        return array.identity(x)
    if x.dtype.is_integer and wanted.is_integer:
        here, there = greatest(x.dtype), greatest(wanted)
        if here > there:
            return cast(math.floordiv(x, array.constant((here + 1) // (there + 1), x.dtype)), wanted)
        return math.multiply(cast(x, wanted), array.constant((there + 1) // (here + 1), wanted))
    if x.dtype.is_floating and wanted.is_floating:
        return array.cast(x, wanted)
    if x.dtype.is_integer:
        return math.multiply(array.cast(x, wanted), array.constant(1.0 / greatest(x.dtype), wanted))
    return cast(math.multiply(x, array.constant(greatest(wanted) + 0.5, x.dtype)), wanted)


def in_floats(x: Any, function: Callable[[Any], Any]) -> Any:
    """What a function of floats gives, in the images' own dtype and range."""
    if x.dtype in (dtypes.float16, dtypes.float32):
        return function(x)
    return convert_image_dtype(function(convert_image_dtype(x, dtypes.float32)), x.dtype, saturate=True)
