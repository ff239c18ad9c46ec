"""`keras.ops.image`: images resized, mapped, blurred, cut into patches and compared."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras import random
from weft.keras.config import standardize_data_format
from weft.keras.core.conversion import cast, convert_to_tensor
from weft.keras.core.dtypes import is_int, result_type, standardize_dtype
from weft.keras.layers.preprocessing.image import colour
from weft.keras.layers.preprocessing.image.geometry import maps_between
from weft.keras.layers.preprocessing.image.resampling import FILL_MODES, INTERPOLATIONS, one_of, project, size_of
from weft.keras.layers.preprocessing.image.sizes import resize_images
from weft.keras.ops.promotion import alike, as_floats
from weft.keras.ops.records import FUNCTIONS, operation

_BETWEEN = ("nearest", "bilinear")


def _on_batch(
    function: str, compute: Callable[..., Any], images: Any, data_format: str | None, spatial: int = 2
) -> Any:
    """A function of `[batch, …, channels]` on one image or a batch, with the channels where they are.

    What the function returns may have further axes behind the channels.
    """
    images = convert_to_tensor(images)
    first = standardize_data_format(data_format) == "channels_first"
    rank = images.shape.rank
    if rank not in (spatial + 1, spatial + 2):
        raise ValueError(explain(
            f"{function}: Invalid images rank: expected rank 3 (single image) or rank 4 (batch of images).",
            received=f"shape {images.shape}",
            expected="(height, width, channels) or (batch, height, width, channels)",
        ))  # fmt: skip
    single = rank == spatial + 1
    batch = images[None] if single else images
    batch = FUNCTIONS["moveaxis"](batch, 1, spatial + 1) if first else batch
    found = compute(batch)
    if first and found.shape.rank > spatial + 1:
        found = FUNCTIONS["moveaxis"](found, spatial + 1, 1)
    return found[0] if single else found


def _image(public: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return operation("image", f"image.{public}")


@_image("resize")
def resize(
    images: Any, size: Any, interpolation: str = "bilinear", antialias: bool = False,
    crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False, fill_mode: str = "constant",
    fill_value: float = 0.0, data_format: str | None = None,
) -> Any:  # fmt: skip
    """Images of another size.

    Args:
        images: `[batch, height, width, channels]` or one image.
        size: Height and width.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5" or "area".
        antialias: Whether all pixels count where images become smaller.
        crop_to_aspect_ratio: Whether to cut off what would distort the image.
        pad_to_aspect_ratio: Whether to add what would distort it.
        fill_mode: "constant".
        fill_value: What is added then.
        data_format: "channels_last" or "channels_first".
    """
    kind = one_of("resize", "interpolation", interpolation, INTERPOLATIONS)
    one_of("resize", "fill_mode", fill_mode, ("constant",))
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("resize: only one of `crop_to_aspect_ratio` and `pad_to_aspect_ratio` can be True.")
    if len(size) != 2:
        raise ValueError(explain("resize: `size` must be (height, width).", received=repr(size)))
    if any(isinstance(one, (int, np.integer)) and one < 1 for one in size):
        raise ValueError(explain("resize: `size` must have positive height and width.", received=f"size={size}"))
    height, width = size

    def compute(batch: Any) -> Any:
        return resize_images(
            batch, height, width, kind, antialias, crop_to_aspect_ratio, pad_to_aspect_ratio, fill_value
        )

    return _on_batch("resize", compute, images, data_format)


def _map_image(name: str, interpolation: str, fill_mode: str) -> None:
    one_of(name, "interpolation", interpolation, _BETWEEN)
    one_of(name, "fill_mode", fill_mode, FILL_MODES)


@_image("affine_transform")
def affine_transform(
    images: Any, transform: Any, interpolation: str = "bilinear", fill_mode: str = "constant", fill_value: float = 0,
    data_format: str | None = None,
) -> Any:  # fmt: skip
    """Images seen through affine maps.

    Args:
        images: `[batch, height, width, channels]` or one image.
        transform: `[batch, 8]` or `[8]`: the output at (x, y) is the input at
            `((a x + b y + c) / k, (d x + e y + f) / k)` with `k = g x + h y + 1`.
        interpolation: "bilinear" or "nearest".
        fill_mode: What is outside: "constant", "nearest", "wrap" or "reflect".
        fill_value: The value there, for "constant".
        data_format: "channels_last" or "channels_first".
    """
    _map_image("affine_transform", interpolation, fill_mode)
    maps = convert_to_tensor(transform, "float32")
    if maps.shape.rank not in (1, 2):
        raise ValueError(explain(
            "affine_transform: Invalid transform rank: expected rank 1 (one map for all) or rank 2 (one an image).",
            received=f"shape {maps.shape}",
        ))  # fmt: skip
    maps = maps if maps.shape.rank == 2 else maps[None]

    def compute(batch: Any) -> Any:
        wide = as_floats(batch)
        return tf.cast(project(wide, maps, interpolation, fill_mode, fill_value), batch.dtype)

    return _on_batch("affine_transform", compute, images, data_format)


@_image("perspective_transform")
def perspective_transform(
    images: Any, start_points: Any, end_points: Any, interpolation: str = "bilinear", fill_value: float = 0,
    data_format: str | None = None,
) -> Any:  # fmt: skip
    """Images moved so that four points come to lie on four others.

    Args:
        images: `[batch, height, width, channels]` or one image.
        start_points: `[batch, 4, 2]` or `[4, 2]`, places (x, y).
        end_points: Where they go to.
        interpolation: "bilinear" or "nearest".
        fill_value: What is outside.
        data_format: "channels_last" or "channels_first".
    """
    _map_image("perspective_transform", interpolation, "constant")
    start, end = (cast(convert_to_tensor(points), "float32") for points in (start_points, end_points))
    for name, points in (("start_points", start), ("end_points", end)):
        if points.shape.rank not in (2, 3) or points.shape[-2:] != (4, 2):
            raise ValueError(explain(
                f"perspective_transform: Invalid {name} shape: expected (4, 2) for one image or (batch, 4, 2).",
                received=f"shape {points.shape}",
            ))  # fmt: skip
    start, end = (points if points.shape.rank == 3 else points[None] for points in (start, end))

    def compute(batch: Any) -> Any:
        maps = maps_between(end, start)
        found = project(as_floats(batch), maps, interpolation, "constant", fill_value)
        return tf.cast(found, batch.dtype)

    return _on_batch("perspective_transform", compute, images, data_format)


# Colours -------------------------------------------------------------------------------------------------------------


#: what is said of images with other numbers of channels than these
_WRONG_CHANNELS = {
    (3,): "{function}: Input images must have 3 channels, but received images with {count} channels.",
    (1, 3): "{function}: Invalid channel size: expected 3 (RGB) or 1 (Grayscale). Received {count} channels.",
}


def _channels_of(function: str, batch: Any, counts: tuple[int, ...]) -> None:
    if batch.shape[-1] not in (None, *counts):
        raise ValueError(explain(
            _WRONG_CHANNELS[counts].format(function=function, count=batch.shape[-1]),
            received=f"shape {batch.shape}",
            hint='images of shape (channels, height, width) need data_format="channels_first"',
        ))  # fmt: skip


def _of_three_channels(function: str, compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(batch: Any) -> Any:
        _channels_of(function, batch, (3,))
        return compute(batch)

    return checked


def _floats_only(function: str, images: Any) -> Any:
    images = convert_to_tensor(images)
    if "float" not in standardize_dtype(images.dtype):
        raise ValueError(explain(
            f"{function}: Invalid images dtype: expected float dtype. Floats in [0, 1] are needed.",
            received=f"dtype {standardize_dtype(images.dtype)}",
            hint="divide by 255 first",
        ))  # fmt: skip
    return images


@_image("rgb_to_grayscale")
def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Any:
    """The brightness of coloured images, with one channel; images of one channel stay."""

    def compute(batch: Any) -> Any:
        _channels_of("rgb_to_grayscale", batch, (1, 3))
        if batch.shape[-1] == 1:
            return batch
        found = colour.to_grey(cast(batch, "float32") if is_int(batch.dtype) else batch)
        return tf.cast(found, batch.dtype)

    return _on_batch("rgb_to_grayscale", compute, images, data_format)


@_image("rgb_to_hsv")
def rgb_to_hsv(images: Any, data_format: str | None = None) -> Any:
    """Red, green and blue in [0, 1] as hue, saturation and value in [0, 1]."""
    compute = _of_three_channels("rgb_to_hsv", colour.to_hsv)
    return _on_batch("rgb_to_hsv", compute, _floats_only("rgb_to_hsv", images), data_format)


@_image("hsv_to_rgb")
def hsv_to_rgb(images: Any, data_format: str | None = None) -> Any:
    """Hue, saturation and value in [0, 1] as red, green and blue in [0, 1]."""
    compute = _of_three_channels("hsv_to_rgb", colour.to_rgb)
    return _on_batch("hsv_to_rgb", compute, _floats_only("hsv_to_rgb", images), data_format)


# Patches, borders ----------------------------------------------------------------------------------------------------


def _patches(function: str, images: Any, size: Any, strides: Any, rate: Any, padding: str, data_format: Any) -> Any:
    """Windows as channels: a convolution with the kernel that keeps every value."""
    spatial = len(size)
    steps = strides if isinstance(strides, (tuple, list)) else (strides,)
    rates = rate if isinstance(rate, (tuple, list)) else (rate,)
    if any(one > 1 for one in rates) and any(one is not None and one > 1 for one in steps):
        raise ValueError(explain(
            f"{function}: `strides` > 1 and `dilation_rate` > 1 do not go together.",
            received=f"strides={strides}, dilation_rate={rate}",
        ))  # fmt: skip

    def compute(batch: Any) -> Any:
        channels = int(batch.shape[-1])
        count = int(np.prod(size)) * channels
        kernel = np.eye(count, dtype=np.float32).reshape((*size, channels, count))
        wide = batch if "float" in standardize_dtype(batch.dtype) else cast(batch, "float32")
        kernel = cast(tf.constant(kernel), wide.dtype)
        found = FUNCTIONS["conv"](wide, kernel, size if strides is None else strides, padding, "channels_last", rate)
        return tf.cast(found, batch.dtype)

    return _on_batch(function, compute, images, data_format, spatial)


def _window_sizes(function: str, size: Any, counts: tuple[int, ...]) -> tuple[int, ...]:
    lengths = " or ".join(map(str, counts))
    if not isinstance(size, (tuple, list)) or (len(counts) == 1 and len(size) not in counts):
        raise TypeError(explain(
            f"{function}: what `size` is, is no window. Expected an int or a tuple of length {lengths}.",
            received=repr(size),
        ))  # fmt: skip
    if len(size) not in counts:
        raise ValueError(explain(
            f"{function}: `size` has {len(size)} numbers. Expected a tuple of length {lengths}.", received=repr(size)
        ))  # fmt: skip
    return tuple(size)


@_image("extract_patches")
def extract_patches(
    images: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid",
    data_format: str | None = None,
) -> Any:  # fmt: skip
    """Windows of images as channels.

    Args:
        images: `[batch, height, width, channels]` or one image; of three sizes volumes.
        size: The window: one number, two, or three for volumes.
        strides: From one window to the next; the window by default.
        dilation_rate: The distance between the places of a window.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".

    Returns:
        `[batch, rows, columns, window · channels]`.
    """
    sizes = (size, size) if isinstance(size, int) else _window_sizes("extract_patches", size, (2, 3))
    return _patches("extract_patches", images, sizes, strides, dilation_rate, padding, data_format)


@_image("extract_patches_3d")
def extract_patches_3d(
    volumes: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid",
    data_format: str | None = None,
) -> Any:  # fmt: skip
    """Windows of volumes as channels; arguments as for `extract_patches`."""
    sizes = (size,) * 3 if isinstance(size, int) else _window_sizes("extract_patches_3d", size, (3,))
    return _patches("extract_patches_3d", volumes, sizes, strides, dilation_rate, padding, data_format)


def _two_of(function: str, before: Any, after: Any, target: Any, names: tuple[str, str, str]) -> None:
    given = {name: value for name, value in zip(names, (before, after, target)) if value is not None}
    if len(given) != 2:
        raise ValueError(explain(
            f"{function}: Must specify exactly two of {', '.join(names)}.",
            received=", ".join(f"{name}={value}" for name, value in given.items()) or "none",
        ))  # fmt: skip
    for name, value in given.items():
        if value < 0:
            raise ValueError(explain(f"{function}: {name} must be >= 0.", received=f"{name}={value}"))


def _edges(function: str, batch: Any, axis: int, before: Any, after: Any, target: Any, names: Any) -> tuple[Any, Any]:
    """How much is added (or cut off, for crop_images) before and after along an axis, whose size need not be known."""
    _two_of(function, before, after, target, names)
    if target is not None:
        size = size_of(batch, axis)
        more = target - size if function == "pad_images" else size - target
        before, after = (more - after, after) if before is None else (before, more - before)
    for name, value in zip(names, (before, after)):
        if isinstance(value, int) and value < 0:
            raise ValueError(explain(
                f"{function}: {name} must be >= 0: the sizes do not go together.",
                received=f"size {batch.shape[axis]}, {before} before, {after} after",
            ))  # fmt: skip
    return before, after


def _of_height_and_width(batch: Any, height: Any, width: Any) -> Any:
    """Images of which height and width are known to be given ones, where these are given."""
    known = [target if size is None else size for size, target in zip(batch.shape[1:3], (height, width))]
    return tf.ensure_shape(batch, [batch.shape[0], *known, batch.shape[3]])


@_image("pad_images")
def pad_images(
    images: Any, top_padding: int | None = None, left_padding: int | None = None, bottom_padding: int | None = None,
    right_padding: int | None = None, target_height: int | None = None, target_width: int | None = None,
    data_format: str | None = None,
) -> Any:  # fmt: skip
    """Zeros around images: of top, bottom and target height two are given, of left, right and target width likewise."""

    def compute(batch: Any) -> Any:
        rows = _edges("pad_images", batch, 1, top_padding, bottom_padding, target_height,
                      ("top_padding", "bottom_padding", "target_height"))  # fmt: skip
        columns = _edges("pad_images", batch, 2, left_padding, right_padding, target_width,
                         ("left_padding", "right_padding", "target_width"))  # fmt: skip
        padded = tf.pad(batch, [[0, 0], list(rows), list(columns), [0, 0]])
        return _of_height_and_width(padded, target_height, target_width)

    return _on_batch("pad_images", compute, images, data_format)


@_image("crop_images")
def crop_images(
    images: Any, top_cropping: int | None = None, left_cropping: int | None = None, bottom_cropping: int | None = None,
    right_cropping: int | None = None, target_height: int | None = None, target_width: int | None = None,
    data_format: str | None = None,
) -> Any:  # fmt: skip
    """Parts of images: of top, bottom and target height two are given, of left, right and target width likewise."""

    def compute(batch: Any) -> Any:
        top, bottom = _edges("crop_images", batch, 1, top_cropping, bottom_cropping, target_height,
                             ("top_cropping", "bottom_cropping", "target_height"))  # fmt: skip
        left, right = _edges("crop_images", batch, 2, left_cropping, right_cropping, target_width,
                             ("left_cropping", "right_cropping", "target_width"))  # fmt: skip
        cut = batch[:, top : size_of(batch, 1) - bottom, left : size_of(batch, 2) - right]
        return _of_height_and_width(cut, target_height, target_width)

    return _on_batch("crop_images", compute, images, data_format)


# Blurring, edges, likeness -------------------------------------------------------------------------------------------


def _bell(size: int, sigma: Any, dtype: Any) -> Any:
    place = tf.cast(tf.range(size), dtype) - tf.cast((size - 1) / 2, dtype)
    weights = tf.exp(tf.cast(-0.5, dtype) * tf.square(place / tf.cast(sigma, dtype)))
    return weights / tf.reduce_sum(weights)


@_image("gaussian_blur")
def gaussian_blur(
    images: Any, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: str | None = None
) -> Any:
    """Images blurred by a bell curve.

    Args:
        images: `[batch, height, width, channels]` or one image, floats.
        kernel_size: Two sizes of the window.
        sigma: Two standard deviations.
        data_format: "channels_last" or "channels_first".
    """

    def compute(batch: Any) -> Any:
        across = _bell(int(kernel_size[0]), sigma[0], batch.dtype)
        down = _bell(int(kernel_size[1]), sigma[1], batch.dtype)
        # Keras' kernel has its first size along the second curve: the two are the same where the sizes are.
        window = tf.reshape(tf.tensordot(down, across, 0), (int(kernel_size[0]), int(kernel_size[1]), 1, 1))
        return tf.nn.convolution(batch, tf.tile(window, [1, 1, 1, int(batch.shape[-1])]), padding="SAME")

    return _on_batch("gaussian_blur", compute, images, data_format)


@_image("sobel_edges")
def sobel_edges(images: Any, data_format: str | None = None) -> Any:
    """How images change downwards and to the right: `[batch, height, width, channels, 2]`."""
    return _on_batch("sobel_edges", tf.image.sobel_edges, as_floats(images), data_format)


@_image("ssim")
def ssim(
    image1: Any, image2: Any, max_val: float = 1.0, filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01,
    k2: float = 0.03, data_format: str | None = None,
) -> Any:  # fmt: skip
    """How alike two images are: 1 for equal ones, one number an image. Source: Wang et al. 2004.

    Args:
        image1: `[batch, height, width, channels]` or one image.
        image2: The same.
        max_val: The greatest possible value.
        filter_size: The size of the window.
        filter_sigma: The standard deviation of its weights.
        k1: Steadies the means.
        k2: Steadies the variances.
        data_format: "channels_last" or "channels_first".
    """
    kind = standardize_dtype(convert_to_tensor(image1).dtype)
    first, second = alike(image1, image2, rule="float", weak=False)
    weights = _bell(filter_size, filter_sigma, first.dtype)
    window = tf.reshape(tf.tensordot(weights, weights, 0), (filter_size, filter_size, 1, 1))
    if first.shape.rank not in (3, 4) or second.shape.rank != first.shape.rank:
        raise ValueError(explain("ssim: two images or two batches are needed.",
                                 received=f"{first.shape} and {second.shape}"))  # fmt: skip
    if standardize_data_format(data_format) == "channels_first":
        first, second = (FUNCTIONS["moveaxis"](one, -3, -1) for one in (first, second))
    single = first.shape.rank == 3
    first, second = (one[None] if single else one for one in (first, second))

    def blurred(batch: Any) -> Any:
        return tf.nn.convolution(batch, tf.tile(window, [1, 1, 1, int(batch.shape[-1])]), padding="VALID")

    mean1, mean2 = blurred(first), blurred(second)
    spread1, spread2 = blurred(first * first) - mean1 * mean1, blurred(second * second) - mean2 * mean2
    common = blurred(first * second) - mean1 * mean2
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    found = (2.0 * mean1 * mean2 + c1) * (2.0 * common + c2)
    found = found / ((mean1 * mean1 + mean2 * mean2 + c1) * (spread1 + spread2 + c2))
    found = tf.reduce_mean(found, axis=[1, 2, 3])
    return cast(found[0] if single else found, kind)


# Values between pixels -----------------------------------------------------------------------------------------------


def _inside(place: Any, size: Any, mode: str) -> tuple[Any, Any]:
    """Whole places within an axis, and whether they were so."""
    if mode in ("constant", "nearest"):
        valid = tf.logical_and(place >= 0, place < size) if mode == "constant" else tf.ones_like(place, "bool")
        return tf.clip_by_value(place, 0, size - 1), valid
    if mode == "wrap":
        return tf.math.floormod(place, size), tf.ones_like(place, "bool")
    turned = tf.math.floormod(tf.abs(place), 2 * size)
    back = 2 * size - turned - (1 if mode == "reflect" else 0)
    return tf.where(turned < size, turned, back), tf.ones_like(place, "bool")


@_image("map_coordinates")
def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> Any:
    """The values at places between those of a tensor.

    Args:
        inputs: Any shape, of rank n.
        coordinates: `[n, ...]`, one coordinate an axis.
        order: 0 takes the nearest value, 1 interpolates.
        fill_mode: What is outside: "constant", "nearest", "wrap", "mirror" or "reflect".
        fill_value: The value there, for "constant".

    Returns:
        The shape of the coordinates without their first axis.
    """
    inputs = convert_to_tensor(inputs)
    one_of("map_coordinates", "fill_mode", fill_mode, ("constant", "nearest", "wrap", "mirror", "reflect"))
    if order not in (0, 1):
        raise NotImplementedError(f"map_coordinates: `order` is 0 or 1, received {order!r}.")
    given = [convert_to_tensor(one) for one in coordinates] if isinstance(coordinates, (list, tuple)) else (
        tf.unstack(as_floats(coordinates))
    )  # fmt: skip
    given = [as_floats(one) for one in given]
    if any(one.shape.rank == 0 for one in given):
        raise ValueError(explain(
            "map_coordinates: Invalid coordinates rank: expected at least rank 2.", received="rank 1",
            hint="coordinates of one place are of shape (rank of `inputs`, 1)",
        ))  # fmt: skip
    if len(given) != inputs.shape.rank:
        raise ValueError(explain(
            "map_coordinates: the first size of `coordinates` must be the same as the rank of `inputs`.",
            received=f"{len(given)}, inputs {inputs.shape}",
        ))  # fmt: skip
    ways = [_neighbours(one, size_of(inputs, axis), order, fill_mode) for axis, one in enumerate(given)]
    kind = given[0].dtype
    total: Any = 0
    for choice in itertools.product(*ways):
        found = tf.cast(tf.gather_nd(inputs, tf.stack([place for place, _, _ in choice], axis=-1)), kind)
        if fill_mode == "constant":
            valid = choice[0][1]
            for _, more, _ in choice[1:]:
                valid = tf.logical_and(valid, more)
            found = tf.where(valid, found, tf.cast(fill_value, kind))
        for _, _, weight in choice:
            found = found * weight
        total = total + found
    return tf.cast(tf.round(total) if is_int(inputs.dtype) else total, inputs.dtype)


def _neighbours(place: Any, size: Any, order: int, mode: str) -> list[tuple[Any, Any, Any]]:
    """The whole places next to given ones on an axis: (place, whether it is inside, weight)."""
    if order == 0:
        nearest = _inside(tf.cast(tf.round(place), "int32"), size, mode)
        return [(*nearest, tf.ones_like(place))]
    low = tf.floor(place)
    share = place - low
    whole = tf.cast(low, "int32")
    return [(*_inside(whole, size, mode), 1 - share), (*_inside(whole + 1, size, mode), share)]


@_image("elastic_transform")
def elastic_transform(
    images: Any, alpha: float = 20.0, sigma: float = 5.0, interpolation: str = "bilinear", fill_mode: str = "reflect",
    fill_value: float = 0.0, seed: Any = None, data_format: str | None = None,
) -> Any:  # fmt: skip
    """Images of which every pixel is moved a little, neighbours alike.

    Args:
        images: `[batch, height, width, channels]` or one image.
        alpha: How far.
        sigma: How smooth the movement is.
        interpolation: "bilinear" or "nearest".
        fill_mode: What is outside: "constant", "nearest", "wrap", "mirror" or "reflect".
        fill_value: The value there, for "constant".
        seed: An integer, a SeedGenerator, or None.
        data_format: "channels_last" or "channels_first".
    """
    order = _BETWEEN.index(one_of("elastic_transform", "interpolation", interpolation, _BETWEEN))
    drawn = random.seed_generator.draw_seed(seed)

    def compute(batch: Any) -> Any:
        count, height, width = (size_of(batch, axis) for axis in range(3))
        kind = as_floats(batch).dtype
        window = 6 * int(sigma) | 1
        # One seed for both directions, as in Keras: pixels move along the diagonal.
        moves = random.normal((count, height, width), dtype=kind.name, seed=drawn) * tf.cast(sigma, kind)
        moves = gaussian_blur(moves[..., None], (window, window), (sigma, sigma), "channels_last")[..., 0]
        rows = tf.cast(tf.range(height), kind)[None, :, None] + tf.cast(alpha, kind) * moves
        columns = tf.cast(tf.range(width), kind)[None, None, :] + tf.cast(alpha, kind) * moves
        return move_pixels(batch, rows, columns, order, fill_mode, fill_value)

    return _on_batch("elastic_transform", compute, images, data_format)


def move_pixels(batch: Any, rows: Any, columns: Any, order: int, mode: str, fill: float) -> Any:
    """The values at places of each image, all channels at once."""
    shape = tf.shape(rows + tf.cast(tf.zeros_like(batch[..., 0]), rows.dtype))
    numbers = tf.cast(tf.range(size_of(batch, 0)), rows.dtype)[:, None, None] + tf.zeros_like(rows)
    found = []
    for channel in tf.unstack(batch, axis=-1):
        places = [tf.broadcast_to(one, shape) for one in (numbers, rows, columns)]
        found.append(map_coordinates(channel, places, order, mode, fill))
    return tf.stack(found, axis=-1)


# Resampling along axes -----------------------------------------------------------------------------------------------


def _cubic(x: Any) -> Any:
    near = ((1.5 * x - 2.5) * x) * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return tf.where(x >= 2.0, tf.zeros_like(x), tf.where(x >= 1.0, far, near))


def _lanczos(radius: float) -> Callable[[Any], Any]:
    def weights(x: Any) -> Any:
        safe = tf.where(x > 1e-3, x, tf.ones_like(x))
        found = radius * tf.sin(np.pi * safe) * tf.sin(np.pi * safe / radius) / (np.pi**2 * safe * safe)
        return tf.where(x > radius, tf.zeros_like(x), tf.where(x > 1e-3, found, tf.ones_like(x)))

    return weights


_KERNELS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), lambda x: tf.maximum(1 - x, tf.zeros_like(x))),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), _cubic),
    "lanczos3": _lanczos(3.0),
    "lanczos5": _lanczos(5.0),
}


def _axis_weights(before: Any, after: int, scale: Any, shift: Any, kernel: Any, antialias: bool) -> Any:
    """What each old place gives to each new one, `[before, after]`."""
    kind = scale.dtype
    inverse = 1.0 / scale
    width = tf.maximum(inverse, tf.ones_like(inverse)) if antialias else tf.ones_like(inverse)
    places = (tf.cast(tf.range(after), kind) + 0.5) * inverse - shift * inverse - 0.5
    weights = kernel(tf.abs(places[None, :] - tf.cast(tf.range(before), kind)[:, None]) / width)
    total = tf.reduce_sum(weights, axis=0, keepdims=True)
    there = tf.abs(total) > 1000.0 * float(np.finfo(np.float32).eps)
    weights = tf.where(there, weights / tf.where(there, total, tf.ones_like(total)), tf.zeros_like(weights))
    inside = tf.logical_and(places >= -0.5, places <= tf.cast(before, kind) - 0.5)
    return tf.where(inside[None, :], weights, tf.zeros_like(weights))


@_image("scale_and_translate")
def scale_and_translate(
    images: Any, output_shape: Any, scale: Any, translation: Any, spatial_dims: Any, method: str,
    antialias: bool = True,
) -> Any:  # fmt: skip
    """Images scaled and moved along some axes.

    Args:
        images: Any shape.
        output_shape: The shape of the result.
        scale: One factor an axis of `spatial_dims`.
        translation: One distance an axis, in places of the result.
        spatial_dims: Which axes.
        method: "linear", "cubic", "lanczos3" or "lanczos5".
        antialias: Whether all places count where an axis becomes smaller.
    """
    one_of("scale_and_translate", "method", method, tuple(_KERNELS))
    images, scale, translation = (convert_to_tensor(one) for one in (images, scale, translation))
    kind = result_type(scale.dtype, translation.dtype)
    scale, translation = cast(scale, kind), cast(translation, kind)
    found = tf.cast(images, "float32") if is_int(images.dtype) else images
    for place, axis in enumerate(spatial_dims):
        axis %= images.shape.rank
        weights = _axis_weights(size_of(images, axis), int(output_shape[axis]), scale[place], translation[place],
                                _KERNELS[method], antialias)  # fmt: skip
        found = FUNCTIONS["moveaxis"](tf.tensordot(found, tf.cast(weights, found.dtype), [[axis], [0]]), -1, axis)
    if is_int(images.dtype):
        least, most = (tf.cast(edge(images), found.dtype) for edge in (tf.reduce_min, tf.reduce_max))
        return tf.cast(tf.clip_by_value(tf.round(found), least, most), images.dtype)
    return found
