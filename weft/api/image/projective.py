"""Images seen through a projective map: turned, sheared, scaled, tilted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.api import array, math
from weft.api.common import cast_to
from weft.api.image.common import taken
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain


def _reflected(place: Any, size: Any) -> Any:
    """Places beyond the edges mirrored at them: the outermost pixel comes twice."""
    turn = math.floormod(place, 2.0 * size)
    return array.where(turn >= size, 2.0 * size - turn - 1.0, turn)


def _wrapped(place: Any, size: Any) -> Any:
    """Places beyond the edges as if the image came again there."""
    steps = math.maximum(size - 1.0, 1.0)
    low = place + size * (_whole(-place / steps) + 1.0)
    high = place - size * _whole(place / steps)
    return array.where(place < 0.0, low, array.where(place > size - 1.0, high, place))


def _whole(x: Any) -> Any:
    return math.sign(x) * math.floor(math.abs(x))


_BEYOND: dict[str, Callable[[Any, Any], Any]] = {
    "CONSTANT": lambda place, size: place,
    "NEAREST": lambda place, size: place,
    "REFLECT": _reflected,
    "WRAP": _wrapped,
}


def projective_transform(images: Any, transforms: Any, output_shape: Any, fill_value: Any = 0.0,
                         interpolation: str = "NEAREST", fill_mode: str = "CONSTANT") -> Any:  # fmt: skip
    """Images in which the pixel (x, y) is what stands at another place of the given ones.

    Args:
        images: `[batch, height, width, channels]`.
        transforms: `[batch or 1, 8]`, a0 to c1: the place is (a0 x + a1 y + a2, b0 x + b1 y + b2) / (c0 x + c1 y + 1).
        output_shape: The height and width of the results.
        fill_value: What stands beyond the edges, for CONSTANT.
        interpolation: "NEAREST" or "BILINEAR".
        fill_mode: "CONSTANT", "REFLECT", "WRAP" or "NEAREST".

    Returns:
        `[batch, output height, output width, channels]` of the images' dtype.
    """
    if fill_mode not in _BEYOND or interpolation not in ("NEAREST", "BILINEAR"):
        raise InvalidArgumentError(explain("projective_transform: no such fill_mode or interpolation.",
                                           received=f"{fill_mode!r}, {interpolation!r}",
                                           expected=f"NEAREST or BILINEAR; {', '.join(_BEYOND)}"))  # fmt: skip
    x = taken(images, "projective_transform", (4,))
    batch, height, width, channels = array.unstack(array.shape(x), num=4)
    down, across = array.unstack(cast_to(output_shape, dtypes.int32), num=2)
    column = cast_to(array.range(across), dtypes.float32)[None, None, :]
    row = cast_to(array.range(down), dtypes.float32)[None, :, None]
    a = [part[:, None, None] for part in array.unstack(cast_to(transforms, dtypes.float32), num=8, axis=-1)]
    scale = a[6] * column + a[7] * row + 1.0
    seen = math.not_equal(scale, 0.0)
    scale = array.where(seen, scale, array.ones_like(scale))
    sizes = [cast_to(size, dtypes.float32) for size in (height, width)]
    places = [(a[3] * column + a[4] * row + a[5]) / scale, (a[0] * column + a[1] * row + a[2]) / scale]
    if fill_mode != "CONSTANT":
        places = [math.clip_by_value(_BEYOND[fill_mode](place, size), 0.0, size - 1.0)
                  for place, size in zip(places, sizes, strict=True)]  # fmt: skip
    filling = cast_to(fill_value, x.dtype)
    flat = array.reshape(x, array.stack([batch, height * width, channels]))

    def read(y: Any, x_at: Any) -> Any:
        inside = (y >= 0.0) & (y < sizes[0]) & (x_at >= 0.0) & (x_at < sizes[1]) & seen
        where = cast_to(array.where(inside, y, array.zeros_like(y)), dtypes.int32) * width \
            + cast_to(array.where(inside, x_at, array.zeros_like(x_at)), dtypes.int32)  # fmt: skip
        where = array.broadcast_to(where, array.stack([batch, down, across]))
        return array.where(inside[..., None], array.gather(flat, where, batch_dims=1), filling)

    if interpolation == "NEAREST":
        return read(math.round(places[0]), math.round(places[1]))
    top, left = math.floor(places[0]), math.floor(places[1])
    below, right = (places[0] - top)[..., None], (places[1] - left)[..., None]

    def between(y: Any) -> Any:
        first, second = (cast_to(read(y, at), dtypes.float32) for at in (left, left + 1.0))
        return (1.0 - right) * first + right * second

    made = (1.0 - below) * between(top) + below * between(top + 1.0)
    return array.where(seen[..., None], cast_to(made, x.dtype), filling)
