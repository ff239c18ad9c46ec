"""Images at other places than their pixels': resizing, and affine and projective maps."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain, nearest

INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "area")
FILL_MODES = ("reflect", "wrap", "constant", "nearest")


def one_of(layer: str, name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """An argument that is one of a few words.

    Raises:
        ValueError: For any other, naming layer and argument.
    """
    word = str(value).lower()
    if word not in allowed:
        raise ValueError(explain(
            f"{layer}: `{name}` is {value!r}. {nearest(word, allowed)}",
            expected="one of " + ", ".join(repr(item) for item in allowed),
        ))  # fmt: skip
    return word


def size_of(images: Any, axis: int) -> Any:
    """The size of an axis: an integer where it is known, else a tensor."""
    size = images.shape[axis]
    return tf.shape(images)[axis] if size is None else int(size)


def resize(images: Any, height: Any, width: Any, kind: str = "bilinear", antialias: bool = False) -> Any:
    """Images of another size.

    Args:
        images: `[batch, height, width, channels]`, floats.
        height: The new height.
        width: The new width.
        kind: One of INTERPOLATIONS.
        antialias: Whether all pixels count where images become smaller.
    """
    return tf.cast(tf.image.resize(images, (height, width), kind, antialias=antialias), images.dtype)


def _fold(place: Any, size: Any, mode: str) -> Any:
    """Places outside `[0, size - 1]` as those inside that they mirror, repeat or continue."""
    count = tf.cast(size, place.dtype)
    if mode == "reflect":
        period = 2.0 * count
        place = place - period * tf.floor(place / period)
        place = tf.where(place >= count - 0.5, period - 1.0 - place, place)
    elif mode == "wrap":
        # TensorFlow's count of how often to go round: from the last pixel on, not from the image's end.
        steps = tf.maximum(count - 1.0, 1.0)
        under = place + count * (tf.floor(-place / steps) + 1.0)
        over = place - count * tf.floor(place / steps)
        place = tf.where(place < 0.0, under, tf.where(place > count - 1.0, over, place))
    return tf.clip_by_value(place, tf.zeros_like(count), count - 1.0)


def _pick(images: Any, y: Any, x: Any, fill: Any) -> Any:
    """The pixels at whole places `[batch, n]`, `[batch, n, channels]`; `fill` (if any) outside."""
    height, width = size_of(images, 1), size_of(images, 2)
    inside_y = tf.clip_by_value(tf.cast(y, "int32"), 0, height - 1)
    inside_x = tf.clip_by_value(tf.cast(x, "int32"), 0, width - 1)
    flat = tf.reshape(images, (size_of(images, 0), -1, images.shape[3]))
    found = tf.gather(flat, inside_y * width + inside_x, axis=1, batch_dims=1)
    if fill is None:
        return found
    kept = tf.logical_and(
        tf.logical_and(y >= 0.0, y <= tf.cast(height - 1, y.dtype)),
        tf.logical_and(x >= 0.0, x <= tf.cast(width - 1, x.dtype)),
    )
    return tf.where(kept[..., None], found, tf.cast(fill, found.dtype))


def project(images: Any, maps: Any, interpolation: str = "bilinear", mode: str = "reflect", fill: float = 0.0) -> Any:
    """Images seen through projective maps.

    Args:
        images: `[batch, height, width, channels]`, floats.
        maps: `[batch, 8]`: the output at (x, y) is the input at `((a x + b y + c) / k, (d x + e y + f) / k)` with
            `k = g x + h y + 1`.
        interpolation: "bilinear" or "nearest".
        mode: What is outside of the image: one of FILL_MODES.
        fill: The value there, for "constant".
    """
    height, width = size_of(images, 1), size_of(images, 2)
    x = tf.reshape(tf.tile(tf.cast(tf.range(width), "float32")[None, :], (height, 1)), (1, -1))
    y = tf.reshape(tf.tile(tf.cast(tf.range(height), "float32")[:, None], (1, width)), (1, -1))
    a, b, c, d, e, f, g, h = (tf.cast(maps, "float32")[:, n : n + 1] for n in range(8))
    depth = g * x + h * y + 1.0
    far_x, far_y = (a * x + b * y + c) / depth, (d * x + e * y + f) / depth
    outside = fill if mode == "constant" else None
    if mode != "constant":
        far_x, far_y = _fold(far_x, width, mode), _fold(far_y, height, mode)
    if interpolation == "nearest":
        found = _pick(images, tf.floor(far_y + 0.5), tf.floor(far_x + 0.5), outside)
    else:
        left, top = tf.floor(far_x), tf.floor(far_y)
        share_x = tf.cast(far_x - left, images.dtype)[..., None]
        share_y = tf.cast(far_y - top, images.dtype)[..., None]
        above = _pick(images, top, left, outside) * (1.0 - share_x) + _pick(images, top, left + 1.0, outside) * share_x
        below = (
            _pick(images, top + 1.0, left, outside) * (1.0 - share_x)
            + _pick(images, top + 1.0, left + 1.0, outside) * share_x
        )
        found = above * (1.0 - share_y) + below * share_y
    return tf.reshape(found, tf.shape(images))
