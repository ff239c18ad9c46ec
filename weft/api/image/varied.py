"""Images changed at random: with numbers from the global stream, or as functions of a seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.api import array, math, random
from weft.api.common import apply
from weft.api.image import codecs, colour, geometry
from weft.api.image.common import taken
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import frontdoor, sizes

Draw = Callable[..., Any]


def _global(seed: Any) -> Draw:
    def draw(shape: Any, low: Any, high: Any, dtype: Any = dtypes.float32) -> Any:
        return random.uniform(shape, low, high, dtype=dtype, seed=seed)

    return draw


def _fixed(seed: Any) -> Draw:
    def draw(shape: Any, low: Any, high: Any, dtype: Any = dtypes.float32) -> Any:
        return random.stateless_uniform(shape, seed, low, high, dtype=dtype)

    return draw


def _flipped(image: Any, draw: Draw, flip: Callable[[Any], Any], function: str) -> Any:
    x = taken(image, function)
    if x.shape.rank == 3:
        return array.where(math.less(draw([], 0.0, 1.0), 0.5), flip(x), x)
    each = math.greater(draw([array.shape(x)[0]], 0.0, 1.0), 0.5)  # of several, TensorFlow flips those above a half
    return array.where(array.reshape(each, [-1, 1, 1, 1]), flip(x), x)


def random_flip_left_right(image: Any, seed: Any = None) -> Any:
    """Each image mirrored along its width, or not."""
    return _flipped(image, _global(seed), geometry.flip_left_right, "random_flip_left_right")


def random_flip_up_down(image: Any, seed: Any = None) -> Any:
    """Each image mirrored along its height, or not."""
    return _flipped(image, _global(seed), geometry.flip_up_down, "random_flip_up_down")


def stateless_random_flip_left_right(image: Any, seed: Any) -> Any:
    """`random_flip_left_right` as a function of a seed of two integers."""
    return _flipped(image, _fixed(seed), geometry.flip_left_right, "stateless_random_flip_left_right")


def stateless_random_flip_up_down(image: Any, seed: Any) -> Any:
    """`random_flip_up_down` as a function of a seed of two integers."""
    return _flipped(image, _fixed(seed), geometry.flip_up_down, "stateless_random_flip_up_down")


def _refuse(function: str, holds: bool, what: str, received: str) -> None:
    if not holds:
        raise ValueError(explain(f"tf.image.{function}: {what}.", received=received))


def _brightness(image: Any, max_delta: Any, draw: Draw, function: str) -> Any:
    _refuse(function, max_delta >= 0, "max_delta must not be negative", str(max_delta))
    return colour.adjust_brightness(image, draw([], -max_delta, max_delta))


def random_brightness(image: Any, max_delta: Any, seed: Any = None) -> Any:
    """Images with a number from [-max_delta, max_delta) added."""
    return _brightness(image, max_delta, _global(seed), "random_brightness")


def stateless_random_brightness(image: Any, max_delta: Any, seed: Any) -> Any:
    """`random_brightness` as a function of a seed of two integers."""
    return _brightness(image, max_delta, _fixed(seed), "stateless_random_brightness")


def _between(function: str, lower: Any, upper: Any) -> None:
    _refuse(function, upper > lower, "upper must be > lower", f"lower {lower}, upper {upper}")
    _refuse(function, lower >= 0, "lower must not be negative", f"lower {lower}")


def random_contrast(image: Any, lower: Any, upper: Any, seed: Any = None) -> Any:
    """Images with their contrast multiplied by a number from [lower, upper)."""
    _between("random_contrast", lower, upper)
    return colour.adjust_contrast(image, _global(seed)([], lower, upper))


def stateless_random_contrast(image: Any, lower: Any, upper: Any, seed: Any) -> Any:
    """`random_contrast` as a function of a seed of two integers."""
    _between("stateless_random_contrast", lower, upper)
    return colour.adjust_contrast(image, _fixed(seed)([], lower, upper))


def _hue(image: Any, max_delta: Any, draw: Draw, function: str) -> Any:
    _refuse(function, 0 <= max_delta <= 0.5, "max_delta must be within [0, 0.5]", str(max_delta))
    return colour.adjust_hue(image, draw([], -max_delta, max_delta))


def random_hue(image: Any, max_delta: Any, seed: Any = None) -> Any:
    """Images with their hue turned by a share of a circle from [-max_delta, max_delta)."""
    return _hue(image, max_delta, _global(seed), "random_hue")


def stateless_random_hue(image: Any, max_delta: Any, seed: Any) -> Any:
    """`random_hue` as a function of a seed of two integers."""
    return _hue(image, max_delta, _fixed(seed), "stateless_random_hue")


def random_saturation(image: Any, lower: Any, upper: Any, seed: Any = None) -> Any:
    """Images with their saturation multiplied by a number from [lower, upper)."""
    _between("random_saturation", lower, upper)
    return colour.adjust_saturation(image, _global(seed)([], lower, upper))


def stateless_random_saturation(image: Any, lower: Any, upper: Any, seed: Any = None) -> Any:
    """`random_saturation` as a function of a seed of two integers."""
    _between("stateless_random_saturation", lower, upper)
    return colour.adjust_saturation(image, _fixed(seed)([], lower, upper))


def _quality(image: Any, least: int, most: int, draw: Draw, function: str) -> Any:
    _refuse(function, 0 <= least <= 100 and 0 <= most <= 100, "qualities are within [0, 100]", f"{least}, {most}")
    _refuse(function, least < most, "the least quality must be below the greatest", f"{least}, {most}")
    return codecs.adjust_jpeg_quality(image, draw([], least, most, dtypes.int32))


def random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: Any = None) -> Any:
    """An image with the losses of a JPEG file of some quality."""
    return _quality(image, min_jpeg_quality, max_jpeg_quality, _global(seed), "random_jpeg_quality")


def stateless_random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: Any) -> Any:
    """`random_jpeg_quality` as a function of a seed of two integers."""
    return _quality(image, min_jpeg_quality, max_jpeg_quality, _fixed(seed), "stateless_random_jpeg_quality")


def _cropped(value: Any, size: Any, draw: Draw) -> Any:
    x = frontdoor.convert(value)
    rank = x.shape.rank
    wanted: Any = sizes.shape_argument(size)
    plain = isinstance(wanted, tuple) and all(isinstance(count, int) for count in wanted)
    wanted = list(wanted) if plain else array.cast(size, dtypes.int32)
    if isinstance(wanted, list):
        if rank is not None and len(wanted) != rank:
            raise InvalidArgumentError(explain(
                "random_crop: `size` has one number for each dimension.", received=str(wanted),
                expected=f"{rank} numbers for {x.type}",
            ))  # fmt: skip
        for axis, count in enumerate(wanted):
            whole = x.shape[axis] if rank is not None else None
            if whole is not None and count > whole:
                raise InvalidArgumentError(explain("random_crop: the size must not exceed the image's.",
                                         received=f"{count} of {whole} along axis {axis}"))  # fmt: skip
    shape = array.shape(x)
    if not isinstance(wanted, list):
        apply("assert", math.reduce_all(wanted <= shape), wanted, shape,
              message="random_crop: the size must not exceed the image's")  # fmt: skip
    room = shape - array.cast(wanted, dtypes.int32) + 1
    start = math.floormod(draw(array.shape(shape), 0, 2**31 - 1, dtypes.int32), room)
    found = array.slice(x, start, wanted)
    if isinstance(wanted, list):
        found.set_shape(wanted)
    return found


def random_crop(value: Any, size: Any, seed: Any = None, name: str | None = None) -> Any:
    """A part of a tensor, of a size, from anywhere."""
    return _cropped(value, size, _global(seed))


def stateless_random_crop(value: Any, size: Any, seed: Any, name: str | None = None) -> Any:
    """`random_crop` as a function of a seed of two integers."""
    return _cropped(value, size, _fixed(seed))
