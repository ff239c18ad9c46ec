"""Images turned, mirrored, cut and framed."""

from __future__ import annotations

from functools import partial
from typing import Any

from weft.api import array, math
from weft.api.common import apply, integer
from weft.api.image.common import size_of, taken
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import context, frontdoor
from weft.runtime.tensor import SymbolicTensor


def flip_left_right(image: Any) -> Any:
    """Images mirrored along their width."""
    return array.reverse(taken(image, "flip_left_right"), [-2])


def flip_up_down(image: Any) -> Any:
    """Images mirrored along their height."""
    return array.reverse(taken(image, "flip_up_down"), [-3])


def transpose(image: Any, name: str | None = None) -> Any:
    """Images with height and width exchanged."""
    x = taken(image, "transpose")
    return array.transpose(x, [1, 0, 2] if x.shape.rank == 3 else [0, 2, 1, 3])


def rot90(image: Any, k: Any = 1, name: str | None = None) -> Any:
    """Images turned by `k` quarter turns against the clock.

    Example:
        >>> import weft as tf
        >>> tf.image.rot90(tf.reshape(tf.range(4), [2, 2, 1]))[..., 0].numpy().tolist()
        [[1, 3], [0, 2]]
    """
    x = taken(image, "rot90")
    if not isinstance(k, int):
        from weft.runtime import control, sizes

        known = sizes.known(frontdoor.convert(k))
        if not isinstance(known, int):
            turned = x
            for number in (1, 2, 3):
                here = math.equal(math.floormod(k, 4), number)
                turned = control.cond(here, partial(rot90, x, number), partial(array.identity, turned))
            return turned
        k = known
    return (array.identity, lambda v: flip_up_down(transpose(v)), lambda v: flip_up_down(flip_left_right(v)),
            lambda v: transpose(flip_up_down(v)))[k % 4](x)  # fmt: skip


def _box(x: Any, top: Any, left: Any, height: Any, width: Any) -> Any:
    """A part of images."""
    ends = (top + height, left + width)
    return x[..., top : ends[0], left : ends[1], :]


def _check(function: str, holds: Any, what: str, received: str) -> None:
    if holds is False:
        raise ValueError(explain(f"tf.image.{function}: {what}.", received=received))


def _check_later(function: str, what: str, **holds: Any) -> None:
    """Checks what is known when a traced function runs; a graph of TensorFlow 1 runs only what its fetches need."""
    scope = context.scope()
    if scope is not None and scope.outermost().ordered:
        for name, condition in holds.items():
            if not isinstance(condition, bool):
                apply("assert", condition, message=f"tf.image.{function}: {name} {what}")


def _known(*values: Any) -> bool:
    return all(isinstance(value, int) for value in values)


def _plain(value: Any) -> Any:
    """A size or an offset, as an integer where it is known."""
    from weft.runtime import sizes

    if isinstance(value, int):
        return value
    found = sizes.known(frontdoor.convert(value))
    return found if isinstance(found, int) else array.cast(value, dtypes.int32)


def crop_to_bounding_box(image: Any, offset_height: Any, offset_width: Any, target_height: Any,
                         target_width: Any) -> Any:  # fmt: skip
    """The part of images that begins at (offset_height, offset_width) and has a size.

    Raises:
        ValueError: Where it does not lie in the image.
    """
    x = taken(image, "crop_to_bounding_box")
    top, left, height, width = map(_plain, (offset_height, offset_width, target_height, target_width))
    for name, start, count, axis in (("height", top, height, -3), ("width", left, width, -2)):
        whole = size_of(x, axis)
        if _known(start):
            _check("crop_to_bounding_box", start >= 0, f"offset_{name} must not be negative", str(start))
        if _known(count):
            _check("crop_to_bounding_box", count > 0, f"target_{name} must be greater than 0", str(count))
        if _known(start, count, whole):
            _check("crop_to_bounding_box", start + count <= whole, f"{name} must be >= target + offset",
                   f"{name} {whole}, offset {start}, target {count}")  # fmt: skip
        else:
            _check_later("crop_to_bounding_box", "must not be negative", **{f"offset_{name}": start >= 0})
            _check_later("crop_to_bounding_box", "must be greater than 0", **{f"target_{name}": count > 0})
            _check_later("crop_to_bounding_box", "must be >= target + offset", **{name: start + count <= whole})
    return _box(x, top, left, height, width)


def pad_to_bounding_box(image: Any, offset_height: Any, offset_width: Any, target_height: Any,
                        target_width: Any) -> Any:  # fmt: skip
    """Images within zeros: `offset_height` rows above, `offset_width` columns on the left, as large as the target.

    Raises:
        ValueError: Where they do not fit.
    """
    x = taken(image, "pad_to_bounding_box")
    top, left, height, width = map(_plain, (offset_height, offset_width, target_height, target_width))
    below, right = height - top - size_of(x, -3), width - left - size_of(x, -2)
    for name, value in (("offset_height", top), ("offset_width", left)):
        if _known(value):
            _check("pad_to_bounding_box", value >= 0, f"{name} must not be negative", str(value))
    for name, value, target in (("height", below, height), ("width", right, width)):
        if _known(value):
            _check("pad_to_bounding_box", value >= 0, f"{name} must be <= target - offset",
                   f"target_{name} {target}, {-value} too few")  # fmt: skip
    frame = [[top, below], [left, right], [0, 0]]
    return array.pad(x, frame if x.shape.rank == 3 else [[0, 0], *frame])


def resize_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Any:
    """The middle of images where they are larger than the target, within zeros where they are smaller."""
    x = taken(image, "resize_with_crop_or_pad")
    height, width = _plain(target_height), _plain(target_width)
    if any(_known(n) and n <= 0 for n in (height, width)):
        raise ValueError(explain("tf.image.resize_with_crop_or_pad: the target must be greater than 0.",
                                 received=f"({height}, {width})"))  # fmt: skip
    least = min if _known(height, width, size_of(x, -3), size_of(x, -2)) else math.minimum
    most = max if least is min else math.maximum
    more_height, more_width = height - size_of(x, -3), width - size_of(x, -2)
    cut = crop_to_bounding_box(x, most(-more_height // 2, 0), most(-more_width // 2, 0),
                               least(height, size_of(x, -3)), least(width, size_of(x, -2)))  # fmt: skip
    return pad_to_bounding_box(cut, most(more_height // 2, 0), most(more_width // 2, 0), height, width)


def central_crop(image: Any, central_fraction: Any) -> Any:
    """The middle of images: this share of their height and of their width.

    Raises:
        ValueError: For a share that is not above 0 and at most 1.
    """
    x = taken(image, "central_crop")
    if isinstance(central_fraction, SymbolicTensor):
        return _central_crop_later(x, central_fraction)
    share = float(central_fraction)
    if not 0.0 < share <= 1.0:
        raise ValueError(explain("tf.image.central_crop: central_fraction must be within (0, 1].",
                                 received=str(central_fraction)))  # fmt: skip
    if share == 1.0:
        return x
    starts = []
    for axis in (-3, -2):
        whole = size_of(x, axis)
        if isinstance(whole, int):
            start = int((whole - whole * share) / 2)
            starts.append((start, whole - 2 * start))
        else:
            exact = array.cast(whole, dtypes.float64)
            start = array.cast((exact - exact * share) / 2.0, dtypes.int32)
            starts.append((start, whole - 2 * start))
    (top, height), (left, width) = starts
    return _box(x, top, left, height, width)


def _central_crop_later(x: Any, fraction: Any) -> Any:
    """`central_crop` by a share that only running tells."""
    message = "tf.image.central_crop: central_fraction must be within (0, 1]"
    within = apply("logical_and", fraction > 0, fraction <= 1)
    apply("assert", within, fraction, message=message)
    share, starts = array.cast(fraction, dtypes.float64), []
    for axis in (-3, -2):
        whole = array.shape(x)[axis]
        exact = array.cast(whole, dtypes.float64)
        starts.append(array.cast((exact - exact * share) / 2.0, dtypes.int32))
        starts.append(whole - 2 * starts[-1])
    top, height, left, width = starts
    return _box(x, top, left, height, width)


def extract_patches(images: Any, sizes: Any, strides: Any, rates: Any, padding: str, name: str | None = None) -> Any:
    """Windows of images, each as one vector of its pixels.

    Args:
        images: `[batch, height, width, channels]`.
        sizes: `[1, rows, columns, 1]` of a window.
        strides: `[1, rows, columns, 1]` from one window to the next.
        rates: `[1, rows, columns, 1]` from one pixel of a window to the next.
        padding: "VALID" or "SAME".
        name: The node's name.

    Returns:
        `[batch, windows down, windows across, rows * columns * channels]`.
    """
    x = taken(images, "extract_patches", (4,))
    (_, rows, columns, _), (_, down, across, _), (_, tall, wide, _) = (
        [integer(n, "extract_patches") for n in part] for part in (sizes, strides, rates)
    )  # fmt: skip
    reach = ((rows - 1) * tall + 1, (columns - 1) * wide + 1)
    if padding.upper() == "SAME":
        frame = [[0, 0]]
        for axis, step, window in ((1, down, reach[0]), (2, across, reach[1])):
            whole = size_of(x, axis)
            most = max if isinstance(whole, int) else math.maximum
            missing = most((-(-whole // step) - 1) * step + window - whole, 0)
            frame.append([missing // 2, missing - missing // 2])
        x = array.pad(x, [*frame, [0, 0]])
    elif padding.upper() != "VALID":
        raise ValueError(explain("extract_patches: padding is 'VALID' or 'SAME'.", received=repr(padding)))
    counts = [(size_of(x, axis) - window) // step + 1
              for axis, window, step in ((1, reach[0], down), (2, reach[1], across))]  # fmt: skip
    parts = []
    for row in range(rows):
        for column in range(columns):
            first, left = row * tall, column * wide
            parts.append(x[:, first : first + (counts[0] - 1) * down + 1 : down,
                           left : left + (counts[1] - 1) * across + 1 : across, :])  # fmt: skip
    return array.concat(parts, axis=3)


def image_gradients(image: Any) -> Any:
    """The differences of neighbours: (down, across), each of the images' shape, zero in the last row or column."""
    x = taken(image, "image_gradients", (4,))
    down, across = x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]
    return array.pad(down, [[0, 0], [0, 1], [0, 0], [0, 0]]), array.pad(across, [[0, 0], [0, 0], [0, 1], [0, 0]])


def sobel_edges(image: Any) -> Any:
    """Sobel's edges: `[batch, height, width, channels, 2]`, down and across."""
    x = taken(image, "sobel_edges", (4,))
    framed = array.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")

    def part(row: int, column: int) -> Any:
        height, width = size_of(x, 1), size_of(x, 2)
        return framed[:, row : row + height, column : column + width, :]

    below = part(2, 0) + 2.0 * part(2, 1) + part(2, 2)
    above = part(0, 0) + 2.0 * part(0, 1) + part(0, 2)
    right = part(0, 2) + 2.0 * part(1, 2) + part(2, 2)
    left = part(0, 0) + 2.0 * part(1, 0) + part(2, 0)
    return array.stack([below - above, right - left], axis=-1)
