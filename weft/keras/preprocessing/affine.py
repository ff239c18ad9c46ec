"""Turning, moving, shearing and zooming single pictures, and changing their brightness and channels, in numpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from weft.extend import explain

#: what `fill_mode` may be
FILL_MODES = ("constant", "nearest", "reflect", "wrap")


def _inside(places: Any, size: int, mode: str) -> Any:
    """Coordinates on an axis, those outside brought inside by a fill mode; -1 where "constant" fills."""
    if mode == "constant":
        return np.where((places < 0) | (places > size - 1), -1.0, places)
    if mode == "nearest":
        return np.clip(places, 0, size - 1)
    if size == 1:
        return np.zeros_like(places)
    if mode == "reflect":  # d c b a | a b c d | d c b a
        turned = np.mod(places + 0.5, 2.0 * size)
        return np.clip(np.where(turned > size, 2.0 * size - turned, turned) - 0.5, -0.5, size - 0.5)
    period = size - 1  # the last place is the first again
    return np.where((places < 0) | (places > period), np.mod(places, period), places)


def _whole(places: Any, size: int, mode: str) -> Any:
    """Whole places next to coordinates, those just outside brought inside: mirrored, or as the fill mode says."""
    if mode == "nearest":
        return np.clip(places, 0, size - 1)
    if mode == "reflect":
        turned = np.mod(places, 2 * size)
        return np.where(turned >= size, 2 * size - 1 - turned, turned)
    if size == 1:
        return np.zeros_like(places)
    turned = np.mod(places, 2 * size - 2)
    return np.where(turned >= size, 2 * size - 2 - turned, turned)


def _weights(share: Any, order: int) -> list[Any]:
    """What the neighbours of a place weigh: B-splines of an order at the distances of its `order + 1` neighbours.

    Args:
        share: How far the place lies behind the first neighbour but `order // 2`.
        order: 0 to 5.
    """
    found = []
    for neighbour in range(order + 1):
        distance = share + order // 2 - neighbour
        terms = (
            (-1) ** k * math.comb(order + 1, k) * np.maximum(distance + (order + 1) / 2 - k, 0.0) ** order
            for k in range(order + 2)
        )
        found.append(sum(terms) / math.factorial(order))
    return found


#: the poles of the filters that make a spline's coefficients of the numbers it goes through
_POLES = {
    2: (math.sqrt(8.0) - 3.0,),
    3: (math.sqrt(3.0) - 2.0,),
    4: (math.sqrt(664.0 - math.sqrt(438976.0)) + math.sqrt(304.0) - 19.0,
        math.sqrt(664.0 + math.sqrt(438976.0)) - math.sqrt(304.0) - 19.0),
    5: (math.sqrt(67.5 - math.sqrt(4436.25)) + math.sqrt(26.25) - 6.5,
        math.sqrt(67.5 + math.sqrt(4436.25)) - math.sqrt(26.25) - 6.5),
}  # fmt: skip


def _coefficients(values: Any, order: int, mode: str) -> Any:
    """The coefficients of the spline through numbers, along the first axis. Source: Unser 1999, box 2."""
    size = len(values)
    if size == 1:
        return values
    found = values * np.prod([(1.0 - pole) * (1.0 - 1.0 / pole) for pole in _POLES[order]])
    for pole in _POLES[order]:
        _causal_start(found, pole, mode)
        for place in range(1, size):
            found[place] += pole * found[place - 1]
        if mode == "reflect":
            found[-1] *= pole / (pole - 1.0)
        else:
            found[-1] = (pole * found[-2] + found[-1]) * pole / (pole * pole - 1.0)
        for place in range(size - 2, -1, -1):
            found[place] = pole * (found[place + 1] - found[place])
    return found


def _causal_start(values: Any, pole: float, mode: str) -> None:
    """Sets the first value of the filter that runs forward, as if the line went on, turned round, for ever."""
    size = len(values)
    powers = pole ** np.arange(size).reshape((-1,) + (1,) * (values.ndim - 1))
    back = powers[::-1]
    if mode == "reflect":
        along = (powers * values).sum(0) + pole**size * (back * values).sum(0)
        values[0] += along * pole / (1.0 - pole ** (2 * size))
    else:
        ends = values[0] + pole ** (size - 1) * values[-1]
        middle = ((powers + pole ** (size - 1) * back) * values)[1:-1].sum(0)
        values[0] = (ends + middle) / (1.0 - pole ** (2 * size - 2))


def resampled(picture: Any, matrix: Any, offset: Any, order: int, mode: str, fill: float) -> Any:
    """A picture at the places that a matrix and an offset give, as `scipy.ndimage.affine_transform` has it.

    Args:
        picture: `[height, width, channels]`.
        matrix: `[2, 2]`, from places of the result to those of the picture.
        offset: `[2]`, added to them.
        order: Of the spline between pixels: 0 is the nearest pixel, 1 linear, up to 5.
        mode: One of `FILL_MODES`.
        fill: The value outside, for "constant".

    Returns:
        The picture's shape and dtype.
    """
    if mode not in FILL_MODES:
        raise ValueError(explain(
            f"`fill_mode` is {mode!r}.", expected="one of " + ", ".join(map(repr, FILL_MODES))
        ))  # fmt: skip
    if order not in range(6):
        raise ValueError(explain("The order of interpolation is a whole number from 0 to 5.", received=repr(order)))
    values = picture.astype(np.float64)
    margin = 12 if order > 1 and mode == "nearest" else 0
    if margin:
        values = np.pad(values, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    if order > 1:
        kind = "reflect" if mode in ("reflect", "nearest") else "mirror"
        values = _coefficients(values, order, kind)
        values = _coefficients(values.swapaxes(0, 1), order, kind).swapaxes(0, 1)
    rows, columns = np.indices(picture.shape[:2], dtype=np.float64)
    ways = []
    outside: Any = False
    for axis in range(2):
        size = picture.shape[axis] + 2 * margin
        places = matrix[axis][0] * rows + matrix[axis][1] * columns + offset[axis]
        places = _inside(places + margin, size, mode)
        if mode == "constant":
            outside = outside | (places < 0)
            places = np.maximum(places, 0)
        first = np.floor(places + (0.5 if order % 2 == 0 else 0.0))
        numbers = first.astype(np.int64) - order // 2
        near = [_whole(numbers + n, size, mode) for n in range(order + 1)]
        ways.append(list(zip(near, _weights(places - first, order) if order else [1.0], strict=True)))
    total = np.zeros(picture.shape, np.float64)
    for row, height in ways[0]:
        for column, width in ways[1]:
            total += values[row, column] * np.asarray(height * width)[..., None]
    if mode == "constant":
        total = np.where(outside[..., None], fill, total)
    return _as(total, picture.dtype)


def _as(values: Any, dtype: Any) -> Any:
    """Numbers in a dtype; for integers rounded, and not below or above what it holds."""
    if dtype.kind not in "iu":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.trunc(values + np.copysign(0.5, values)), limits.min, limits.max).astype(dtype)


def affine_matrix(theta: float, tx: float, ty: float, shear: float, zx: float, zy: float) -> Any:
    """The product of a turn, a move, a shear and a zoom, `[3, 3]`; None where nothing is to do.

    Args:
        theta: The angle in degrees.
        tx: Pixels along the first axis, x, which is that of the columns.
        ty: Pixels along the rows' axis.
        shear: The angle of the shear in degrees.
        zx: How many columns of the picture one column of the result covers.
        zy: Likewise for rows.
    """
    parts = []
    if theta != 0:
        sine, cosine = np.sin(np.deg2rad(theta)), np.cos(np.deg2rad(theta))
        parts.append([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    if tx != 0 or ty != 0:
        parts.append([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    if shear != 0:
        angle = np.deg2rad(shear)
        parts.append([[1, -np.sin(angle), 0], [0, np.cos(angle), 0], [0, 0, 1]])
    if zx != 1 or zy != 1:
        parts.append([[zx, 0, 0], [0, zy, 0], [0, 0, 1]])
    found: Any = None
    for numbers in parts:
        found = np.array(numbers) if found is None else found @ np.array(numbers)
    return found


def apply_affine_transform(
    x: Any, theta: float = 0, tx: float = 0, ty: float = 0, shear: float = 0, zx: float = 1, zy: float = 1,
    row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest", cval: float = 0.0,
    order: int = 1,
) -> Any:  # fmt: skip
    """A picture turned, moved, sheared and zoomed about its middle.

    Args:
        x: One picture, of rank 3.
        theta: The angle in degrees.
        tx: By how many pixels it is moved along the columns' axis.
        ty: Likewise along the rows' axis.
        shear: The angle of the shear in degrees.
        zx: The zoom along the columns' axis: 2 shows twice as much.
        zy: Likewise along the rows' axis.
        row_axis: Which axis has the rows.
        col_axis: Which axis has the columns.
        channel_axis: Which axis has the channels: the first or the last.
        fill_mode: What is outside: "constant", "nearest", "reflect" or "wrap".
        cval: The value there, for "constant".
        order: Of the interpolation, 0 to 5.

    Raises:
        ValueError: For axes that are not 0, 1 and 2.
    """
    if sorted((row_axis, col_axis, channel_axis)) != [0, 1, 2]:
        raise ValueError(explain(
            "apply_affine_transform: `row_axis`, `col_axis` and `channel_axis` must be distinct, and 0, 1 and 2.",
            received=f"{row_axis}, {col_axis}, {channel_axis}",
        ))  # fmt: skip
    if x.ndim != 3:
        raise ValueError(explain("Input arrays must be multi-channel 2D images.", received=f"shape {x.shape}"))
    if channel_axis == 1:
        raise ValueError("Channels are allowed in the first and last dimensions.")
    matrix = affine_matrix(theta, tx, ty, shear, zx, zy)
    if matrix is None:
        return x
    middle = [x.shape[axis] / 2 - 0.5 for axis in (row_axis, col_axis)]
    there, back = np.eye(3), np.eye(3)
    there[:2, 2], back[:2, 2] = middle, np.negative(middle)
    matrix = there @ matrix @ back
    order_of_axes = (row_axis, col_axis, channel_axis)
    if row_axis > col_axis:  # the matrix goes with the axes as they lie
        order_of_axes = (col_axis, row_axis, channel_axis)
    else:  # x, which is the columns, comes first in the matrix
        matrix = matrix[[1, 0, 2]][:, [1, 0, 2]]
    moved = resampled(x.transpose(order_of_axes), matrix[:2, :2], matrix[:2, 2], order, fill_mode, cval)
    return moved.transpose(np.argsort(order_of_axes))


def flip_axis(x: Any, axis: int) -> Any:
    """A picture with an axis in the other direction."""
    return np.flip(np.asarray(x), axis)


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> Any:
    """A picture of which every channel has a number added, kept between its least and greatest value.

    Args:
        x: One picture.
        intensity: The number.
        channel_axis: Which axis has the channels; like the others, it is kept.
    """
    return np.clip(x + intensity, np.min(x), np.max(x))


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True) -> Any:
    """A picture darker or brighter.

    Args:
        x: One picture, channels last.
        brightness: The factor: 0 is black, 1 the picture itself.
        scale: Whether values are stretched to 0 … 255 first.

    Returns:
        Floats, whole numbers from 0 to 255; in the picture's own range where it went beyond that and `scale` is False.
    """
    least, greatest = np.min(x), np.max(x)
    beyond = bool(least < 0 or greatest > 255)
    values = np.asarray(x, np.float32)
    if beyond or scale:
        values = values - least
        top = values.max()
        values = (values / top if top != 0 else values) * 255
    levels = values.astype(np.uint8)
    found = np.clip(levels * np.float32(brightness), 0, 255).astype(np.uint8).astype(np.float32)
    if x.shape[-1] == 4:
        found[..., 3] = levels[..., 3]  # how opaque it is stays
    return found / 255 * (greatest - least) + least if beyond and not scale else found


def random_rotation(
    x: Any, rg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest",
    cval: float = 0.0, interpolation_order: int = 1,
) -> Any:  # fmt: skip
    """A picture turned by up to `rg` degrees; the rest as for `apply_affine_transform`."""
    return apply_affine_transform(
        x, theta=np.random.uniform(-rg, rg), row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis,
        fill_mode=fill_mode, cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_shift(
    x: Any, wrg: float, hrg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> Any:  # fmt: skip
    """A picture moved by up to these shares of its width and height; the rest as for `apply_affine_transform`."""
    tx = np.random.uniform(-hrg, hrg) * x.shape[row_axis]
    ty = np.random.uniform(-wrg, wrg) * x.shape[col_axis]
    return apply_affine_transform(
        x, tx=tx, ty=ty, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode,
        cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_shear(
    x: Any, intensity: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest",
    cval: float = 0.0, interpolation_order: int = 1,
) -> Any:  # fmt: skip
    """A picture sheared by up to `intensity` degrees; the rest as for `apply_affine_transform`."""
    return apply_affine_transform(
        x, shear=np.random.uniform(-intensity, intensity), row_axis=row_axis, col_axis=col_axis,
        channel_axis=channel_axis, fill_mode=fill_mode, cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_zoom(
    x: Any, zoom_range: Any, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest",
    cval: float = 0.0, interpolation_order: int = 1,
) -> Any:  # fmt: skip
    """A picture zoomed by two numbers of a range, one for each axis; the rest as for `apply_affine_transform`."""
    if len(zoom_range) != 2:
        raise ValueError(explain("`zoom_range` should be a tuple or list of two floats.", received=repr(zoom_range)))
    zx, zy = (1, 1) if tuple(zoom_range) == (1, 1) else np.random.uniform(zoom_range[0], zoom_range[1], 2)
    return apply_affine_transform(
        x, zx=zx, zy=zy, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode,
        cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_channel_shift(x: Any, intensity_range: float, channel_axis: int = 0) -> Any:
    """A picture with up to `intensity_range` added or taken away."""
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis=channel_axis)


def random_brightness(x: Any, brightness_range: Any, scale: bool = True) -> Any:
    """A picture with its brightness multiplied by a number of a range; see `apply_brightness_shift`."""
    if len(brightness_range) != 2:
        raise ValueError(explain(
            "`brightness_range` should be a tuple or list of two floats.", received=repr(brightness_range)
        ))  # fmt: skip
    return apply_brightness_shift(x, np.random.uniform(brightness_range[0], brightness_range[1]), scale)
