"""Images of another size.

Resizing is a product with a matrix for each axis, so that its gradient, unknown sizes and any kernel come free.
"""

from __future__ import annotations

import math as numbers
from functools import partial
from typing import Any

import numpy as np

from weft.api import array, math
from weft.api.image import geometry
from weft.api.image.common import as_batch, size_of, taken
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain, nearest
from weft.runtime import frontdoor


class ResizeMethod:
    """How pixels are mixed when an image gets another size."""

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    AREA = "area"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    GAUSSIAN = "gaussian"
    MITCHELLCUBIC = "mitchellcubic"


_METHODS = tuple(value for name, value in vars(ResizeMethod).items() if name.isupper())
#: version 1 has numbers for the first four
_NUMBERED = {0: "bilinear", 1: "nearest", 2: "bicubic", 3: "area"}


def _cubic(x: Any, b: float = 0.0, c: float = 0.5) -> Any:
    """The kernels of Mitchell and Netravali (1988); those of Keys (1981) for b = 0 and c = 1/2."""
    near = ((12 - 9 * b - 6 * c) * x + (-18 + 12 * b + 6 * c)) * x * x + (6 - 2 * b)
    far = (((-b - 6 * c) * x + (6 * b + 30 * c)) * x + (-12 * b - 48 * c)) * x + (8 * b + 24 * c)
    return array.where(x < 1.0, near / 6.0, array.where(x < 2.0, far / 6.0, array.zeros_like(x)))


def _lanczos(x: Any, radius: float) -> Any:
    angle = numbers.pi * math.maximum(x, 1e-6)
    value = radius * math.sin(angle) * math.sin(angle / radius) / math.square(angle)
    return array.where(x < 1e-6, array.ones_like(x), array.where(x < radius, value, array.zeros_like(x)))


def _gaussian(x: Any) -> Any:
    radius, sigma = 1.5, 0.5
    return array.where(x < radius, math.exp(-(x * x) / (2.0 * sigma * sigma)), array.zeros_like(x))


def weights(old: Any, new: Any, kind: str, antialias: bool) -> Any:
    """How much each old pixel counts for each new one along an axis, `[new, old]`."""
    scale = array.cast(old, dtypes.float32) / array.cast(new, dtypes.float32)
    column = array.cast(array.range(old), dtypes.float32)[None, :]
    row = array.cast(array.range(new), dtypes.float32)[:, None]
    if kind == "area":  # as much of each old pixel as the new one covers
        covered = math.minimum((row + 1.0) * scale, column + 1.0) - math.maximum(row * scale, column)
        found = math.maximum(covered, 0.0)
    else:
        place = (row + 0.5) * scale - 0.5
        if kind == "bicubic" and not antialias:  # TensorFlow looks the weights up in a table of 1024 steps
            whole = math.floor(place)
            place = whole + math.round((place - whole) * 1024.0) / 1024.0
        # where pixels come together, the kernel grows to take all of them in
        wide = math.maximum(scale, 1.0) if antialias else 1.0
        distance = math.abs(place - column) / wide
        found = _kernel(kind, distance)
    return found / math.reduce_sum(found, axis=1, keepdims=True)


def _kernel(kind: str, distance: Any) -> Any:
    if kind == "bilinear":
        return math.maximum(1.0 - distance, 0.0)
    if kind == "bicubic":
        return _cubic(distance)
    if kind == "mitchellcubic":
        return _cubic(distance, 1 / 3, 1 / 3)
    return _gaussian(distance) if kind == "gaussian" else _lanczos(distance, float(kind[-1]))


def _method(method: Any) -> str:
    word = _NUMBERED.get(method, method) if isinstance(method, int) else str(method).lower()
    if word not in _METHODS:
        raise ValueError(explain(f"tf.image.resize: no method {method!r}. {nearest(str(word), _METHODS)}",
                                 expected="one of " + ", ".join(map(repr, _METHODS))))  # fmt: skip
    return str(word)


def pair(size: Any) -> tuple[Any, Any]:
    """A height and a width, as integers where they are known."""
    if isinstance(size, (list, tuple)):
        if len(size) != 2:
            raise InvalidArgumentError(explain("'size' must be a 1-D int32 Tensor of 2 elements: (height, width).",
                                     received=repr(size)))  # fmt: skip
        first, second = size
        return _one(first), _one(second)
    found = frontdoor.convert(size)
    if found.shape.rank is not None and tuple(found.shape.as_list()) not in ((2,), (None,)):
        raise InvalidArgumentError(explain("'size' must be a 1-D int32 Tensor of 2 elements: (height, width).",
                                 received=str(found.type)))  # fmt: skip
    return _one(found[0]), _one(found[1])


def _one(size: Any) -> Any:
    """A size as an integer where it is known."""
    from weft.runtime import sizes

    if isinstance(size, int):
        return size
    known = sizes.known(frontdoor.convert(size))
    return known if isinstance(known, int) else array.cast(size, dtypes.int32)


def resize(images: Any, size: Any, method: Any = ResizeMethod.BILINEAR, preserve_aspect_ratio: bool = False,
           antialias: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """Images of another size.

    Args:
        images: `[batch, height, width, channels]` or `[height, width, channels]`.
        size: The new height and width.
        method: One of `ResizeMethod`.
        preserve_aspect_ratio: Whether the image only gets as large as fits into `size`, in its own proportions.
        antialias: Whether all pixels count where images become smaller.
        name: The node's name.

    Returns:
        float32; the images' dtype for "nearest".

    Raises:
        ValueError: For another rank, an unknown method, a size that is no pair.

    Example:
        >>> import weft as tf
        >>> tf.image.resize(tf.constant([[[0.0], [4.0]]]), [1, 4]).numpy()[0, :, 0].tolist()
        [0.0, 1.0, 3.0, 4.0]
    """
    kind = _method(method)
    x = taken(images, "resize")
    height, width = pair(size)
    if preserve_aspect_ratio:
        height, width = _fitting(x, height, width)
    if isinstance(height, int) and isinstance(width, int):
        if height <= 0 or width <= 0:
            raise InvalidArgumentError(explain("tf.image.resize: sizes are positive.", received=f"({height}, {width})"))
        if tuple(x.shape[-3:-1]) == (height, width):
            return x if kind == "nearest" else array.cast(x, dtypes.float32)
    if kind == "bilinear" and not antialias and (x.shape.rank == 3 or not x.dtype.is_floating):
        return as_batch(x, lambda batch: _between_neighbours(batch, height, width))
    return as_batch(x, lambda batch: _resized(batch, height, width, kind, antialias))


def _between_neighbours(x: Any, height: Any, width: Any) -> Any:
    """Bilinear without antialiasing: two rows, then two columns, for each new one.

    A product with a matrix has the better gradient; images that come from files, single ones or of integers, have none.
    """
    x = array.cast(x, dtypes.float32) if x.dtype.is_floating else x
    for axis, new in ((1, height), (2, width)):
        old = size_of(x, axis)
        if isinstance(old, int) and isinstance(new, int) and old == new:
            continue
        scale = array.cast(old, dtypes.float32) / array.cast(new, dtypes.float32)
        place = (array.cast(array.range(new), dtypes.float32) + 0.5) * scale - 0.5
        before = math.floor(place)
        share = place - before
        first = math.maximum(array.cast(before, dtypes.int32), 0)
        second = math.minimum(array.cast(before, dtypes.int32) + 1, old - 1)
        one, other = (array.cast(array.gather(x, which, axis=axis), dtypes.float32) for which in (first, second))
        share = array.reshape(share, [1, -1, 1, 1] if axis == 1 else [1, 1, -1, 1])
        x = one + (other - one) * share
    return array.cast(x, dtypes.float32)


def _fitting(x: Any, height: Any, width: Any) -> tuple[Any, Any]:
    """The greatest size within (height, width) that has the images' proportions."""
    old_height, old_width = size_of(x, -3), size_of(x, -2)
    if all(isinstance(n, int) for n in (old_height, old_width, height, width)):
        scale = min(height / old_height, width / old_width)
        return max(1, numbers.floor(scale * old_height + 0.5)), max(1, numbers.floor(scale * old_width + 0.5))
    old = [array.cast(n, dtypes.float32) for n in (old_height, old_width)]
    scale = math.minimum(array.cast(height, dtypes.float32) / old[0], array.cast(width, dtypes.float32) / old[1])
    first, second = (array.cast(math.maximum(1.0, math.round(scale * n)), dtypes.int32) for n in old)
    return first, second


def _resized(x: Any, height: Any, width: Any, kind: str, antialias: bool) -> Any:
    x = x if kind == "nearest" else array.cast(x, dtypes.float32)
    for axis, new in ((1, height), (2, width)):
        old = size_of(x, axis)
        if isinstance(old, int) and isinstance(new, int) and old == new:
            continue
        if kind == "nearest":
            scale = array.cast(old, dtypes.float32) / array.cast(new, dtypes.float32)
            place = math.floor((array.cast(array.range(new), dtypes.float32) + 0.5) * scale)
            x = array.gather(x, math.minimum(array.cast(place, dtypes.int32), old - 1), axis=axis)
            continue
        matrix = array.cast(weights(old, new, kind, antialias), dtypes.float32)
        x = math.einsum("nh,bhwc->bnwc" if axis == 1 else "nw,bhwc->bhnc", matrix, x)
    return x if kind == "nearest" else array.cast(x, dtypes.float32)


def resize_with_pad(image: Any, target_height: Any, target_width: Any, method: Any = ResizeMethod.BILINEAR,
                    antialias: bool = False) -> Any:  # fmt: skip
    """Images as large as fits into a size, in their own proportions, in the middle of zeros."""
    x = taken(image, "resize_with_pad")
    size, (top, left) = within(x, target_height, target_width)
    resized = resize(x, size, method, antialias=antialias)
    return geometry.pad_to_bounding_box(resized, top, left, target_height, target_width)


def within(x: Any, target_height: Any, target_width: Any) -> tuple[list[Any], tuple[Any, Any]]:
    """How large images get in their own proportions within a size, and the margins above them and on their left."""
    height, width = size_of(x, -3), size_of(x, -2)
    known = all(isinstance(n, int) for n in (height, width, target_height, target_width))
    as_float = np.float32 if known else partial(array.cast, dtype=dtypes.float32)
    down, across, target_down, target_across = map(as_float, (height, width, target_height, target_width))
    as_integer = partial(array.cast, dtype=dtypes.int32)
    most, floor, whole = (max, np.floor, int) if known else (math.maximum, math.floor, as_integer)
    ratio = most(across / target_across, down / target_down)
    new_height, new_width = whole(floor(down / ratio)), whole(floor(across / ratio))
    # the margins follow from the size before it is rounded
    top = most(0, whole(floor((target_down - down / ratio) / 2)))
    left = most(0, whole(floor((target_across - across / ratio) / 2)))
    return [new_height, new_width], (top, left)
