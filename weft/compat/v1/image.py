"""`tf.image` of version 1: resizing as it was then, and older names; everything else is `weft.image`."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, NamedTuple

import weft
from weft.api.image import glimpses, resizing
from weft.api.image.boxes import thinned
from weft.api.image.common import as_batch, size_of, taken
from weft.base import dtypes
from weft.base.absent import absent
from weft.base.errors import explain
from weft.compat.v1.making import random_crop as random_crop
from weft.compat.v1.naming import composite, counted, in_graph
from weft.compat.v1.ops import _old_name
from weft.runtime.scopes import NameScope, Unit


class ResizeMethod:
    """How pixels are mixed when an image gets another size."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


_RENAMED = {"per_image_whitening": "per_image_standardization"}


def _places(old: Any, new: Any, align_corners: bool, half_pixel_centers: bool) -> Any:
    """Where each new pixel lies among the old ones along an axis."""
    first, second = (weft.cast(n, dtypes.float32) for n in (old, new))
    row = weft.cast(weft.range(new), dtypes.float32)
    scale = first / second
    if align_corners:
        scale = weft.where(second > 1.0, (first - 1.0) / weft.maximum(second - 1.0, 1.0), scale)
    return (row + 0.5) * scale - 0.5 if half_pixel_centers else row * scale


def _one_hot(index: Any, old: Any) -> Any:
    last = weft.cast(old, dtypes.float32) - 1.0
    column = weft.cast(weft.range(old), dtypes.float32)[None, :]
    return weft.cast(weft.equal(weft.clip_by_value(index, 0.0, last)[:, None], column), dtypes.float32)


def _weights(old: Any, new: Any, cubic: bool, align_corners: bool) -> Any:
    """How much each old pixel counts for each new one along an axis, `[new, old]`, without half pixels."""
    place = _places(old, new, align_corners, False)
    low = weft.floor(place)
    rest = place - low
    if not cubic:
        return _one_hot(low, old) * (1.0 - rest)[:, None] + _one_hot(low + 1.0, old) * rest[:, None]
    rest = weft.round(rest * 1024.0) / 1024.0  # TensorFlow looks the weights up in a table of so many steps

    def near(x: Any) -> Any:
        return (1.25 * x - 2.25) * x * x + 1.0

    def far(x: Any) -> Any:
        return ((-0.75 * x + 3.75) * x - 6.0) * x + 3.0

    parts = [far(rest + 1.0), near(rest), near(1.0 - rest), far(2.0 - rest)]
    return sum(_one_hot(low + (k - 1.0), old) * part[:, None] for k, part in enumerate(parts))


def _resized(batch: Any, size: Any, cubic: bool, align_corners: bool) -> Any:
    x = weft.cast(batch, dtypes.float32)
    height, width = resizing.pair(size)
    for axis, new, rule in ((1, height, "nh,bhwc->bnwc"), (2, width, "nw,bhwc->bhnc")):
        x = weft.einsum(rule, _weights(size_of(x, axis), new, cubic, align_corners), x)
    return x


def _batch(images: Any, what: str) -> Any:
    x = taken(images, what)
    if x.shape.rank not in (4, None):
        raise ValueError(explain(f"tf.image.{what} takes a batch of images.", received=str(x.type),
                                 hint="tf.image.resize_images takes single ones too"))  # fmt: skip
    return x


def resize_bilinear(images: Any, size: Any, align_corners: bool = False, name: str | None = None,
                    half_pixel_centers: bool = False) -> Any:  # fmt: skip
    """Images of another size, mixed of the four pixels around each place.

    Args:
        images: `[batch, height, width, channels]`.
        size: The new height and width.
        align_corners: Whether the corners' centres stay where they are.
        name: As given.
        half_pixel_centers: Whether pixels have their centres in their middle, as in version 2.

    Returns:
        float32.
    """
    x = _batch(images, "resize_bilinear")
    if half_pixel_centers:
        return weft.image.resize(x, size, "bilinear")
    return _resized(x, size, False, bool(align_corners))


def resize_bicubic(images: Any, size: Any, align_corners: bool = False, name: str | None = None,
                   half_pixel_centers: bool = False) -> Any:  # fmt: skip
    """Images of another size, mixed of the sixteen pixels around each place; see `resize_bilinear`."""
    x = _batch(images, "resize_bicubic")
    if half_pixel_centers:
        return weft.image.resize(x, size, "bicubic")
    return _resized(x, size, True, bool(align_corners))


def resize_nearest_neighbor(images: Any, size: Any, align_corners: bool = False, name: str | None = None,
                            half_pixel_centers: bool = False) -> Any:  # fmt: skip
    """Images of another size and the same dtype, of the pixels themselves; see `resize_bilinear`."""
    x = _batch(images, "resize_nearest_neighbor")
    if half_pixel_centers:
        return weft.image.resize(x, size, "nearest")
    height, width = resizing.pair(size)
    for axis, new in ((1, height), (2, width)):
        old = size_of(x, axis)
        place = _places(old, new, bool(align_corners), False)
        place = weft.floor(place + 0.5) if align_corners else weft.floor(place)
        x = weft.gather(x, weft.minimum(weft.cast(place, dtypes.int32), old - 1), axis=axis)
    return x


def resize_area(images: Any, size: Any, align_corners: bool = False, name: str | None = None) -> Any:
    """Images of another size, each pixel the mean of the area that it covers; see `resize_bilinear`."""
    x = _batch(images, "resize_area")
    if not align_corners:
        return weft.image.resize(x, size, "area")
    x = weft.cast(x, dtypes.float32)
    height, width = resizing.pair(size)
    for axis, new, rule in ((1, height, "nh,bhwc->bnwc"), (2, width, "nw,bhwc->bhnc")):
        x = weft.einsum(rule, _shares(size_of(x, axis), new), x)
    return x


def _shares(old: Any, new: Any) -> Any:
    """How much each old pixel counts for the mean of each new one along an axis whose corners are aligned.

    What lies beyond the last pixel counts as the last.
    """
    first, second = (weft.cast(n, dtypes.float32) for n in (old, new))
    scale = weft.where(second > 1.0, (first - 1.0) / weft.maximum(second - 1.0, 1.0), first / second)
    start = weft.cast(weft.range(new), dtypes.float32)[:, None] * scale
    column = weft.cast(weft.range(old), dtypes.float32)[None, :]
    end = weft.where(column >= first - 1.0, float("inf"), column + 1.0)
    inside = weft.minimum(end, start + scale) - weft.maximum(column, start)
    return weft.maximum(inside, 0.0) / scale


resize_area, resize_bicubic, resize_bilinear, resize_nearest_neighbor = (
    composite(f"image.{function.__name__}", function)
    for function in (resize_area, resize_bicubic, resize_bilinear, resize_nearest_neighbor))  # fmt: skip
_METHODS = {0: resize_bilinear, 1: resize_nearest_neighbor, 2: resize_bicubic, 3: resize_area,
            "bilinear": resize_bilinear, "nearest": resize_nearest_neighbor, "bicubic": resize_bicubic,
            "area": resize_area}  # fmt: skip


def resize_images(images: Any, size: Any, method: Any = ResizeMethod.BILINEAR, align_corners: bool = False,
                  preserve_aspect_ratio: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """Images of another size.

    Args:
        images: `[batch, height, width, channels]` or `[height, width, channels]`.
        size: The new height and width.
        method: One of `ResizeMethod`.
        align_corners: Whether the corners' centres stay where they are.
        preserve_aspect_ratio: Whether the image only gets as large as fits into `size`, in its own proportions.
        name: As given.

    Returns:
        float32; the images themselves where the size is the same, their dtype for the nearest neighbor.

    Raises:
        ValueError: For another rank, an unknown method, a size that is no pair.
    """
    function = _METHODS.get(method)
    if function is None:
        raise ValueError(explain(f"Resize method is not implemented: {method!r}.",
                                 expected="one of tf.image.ResizeMethod"))  # fmt: skip
    x = taken(images, "resize_images")
    height, width = resizing.pair(size)
    if preserve_aspect_ratio:
        height, width = resizing._fitting(x, height, width)
    if isinstance(height, int) and isinstance(width, int) and tuple(x.shape[-3:-1]) == (height, width):
        return x
    with NameScope(name or "resize") if in_graph() else nullcontext():
        return as_batch(x, lambda batch: function(batch, [height, width], align_corners))


resize = resize_images
transpose_image = transpose = composite("image.transpose", weft.image.transpose)


def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Any:
    """Images of a size, their middle kept and zeros around it."""
    x = taken(image, "resize_image_with_crop_or_pad")
    if not in_graph():
        return weft.image.resize_with_crop_or_pad(x, target_height, target_width)
    with Unit("resize_image_with_crop_or_pad") as unit:
        found = weft.image.resize_with_crop_or_pad(x, target_height, target_width)
        return unit.call(found, "Squeeze" if x.shape.rank == 3 else "control_dependency_1", "Identity")


resize_with_crop_or_pad = resize_image_with_crop_or_pad = counted(
    "image.resize_image_with_crop_or_pad", resize_image_with_crop_or_pad)


def resize_image_with_pad(image: Any, target_height: Any, target_width: Any, method: Any = ResizeMethod.BILINEAR,
                          align_corners: bool = False) -> Any:  # fmt: skip
    """Images as large as fits into a size, in their own proportions, in the middle of zeros."""
    x = taken(image, "resize_image_with_pad")
    size, (top, left) = resizing.within(x, target_height, target_width)
    found = resize_images(x, size, method, align_corners)
    return weft.image.pad_to_bounding_box(found, top, left, target_height, target_width)


def crop_and_resize(image: Any, boxes: Any, box_ind: Any = None, crop_size: Any = None, method: str = "bilinear",
                    extrapolation_value: float = 0, name: str | None = None,
                    box_indices: Any = None) -> Any:  # fmt: skip
    """Parts of images, each of one size; `box_indices` is another name of `box_ind`. See `weft.image`."""
    indices = _old_name(box_ind, box_indices, "box_ind", "box_indices")
    return weft.image.crop_and_resize(image, boxes, indices, crop_size, method, extrapolation_value, name)


def extract_image_patches(images: Any, ksizes: Any = None, strides: Any = None, rates: Any = None, padding: Any = None,
                          name: str | None = None, sizes: Any = None) -> Any:  # fmt: skip
    """Windows of images as channels; `sizes` is another name of `ksizes`. See `weft.image.extract_patches`."""
    windows = _old_name(ksizes, sizes, "ksizes", "sizes")
    return weft.image.extract_patches(images, windows, strides, rates, padding, name)


def extract_glimpse(input: Any, size: Any, offsets: Any, centered: bool = True, normalized: bool = True,
                    uniform_noise: bool = True, name: str | None = None) -> Any:  # fmt: skip
    """One window of each image, which lies around its offset; see `weft.image.extract_glimpse`."""
    noise = "uniform" if uniform_noise else "gaussian"
    return glimpses.windows(input, size, offsets, _around, centered, normalized, noise, name)


def _around(offset: Any, whole: Any, part: Any, centered: bool, normalized: bool) -> Any:
    """Where a window around an offset begins along an axis."""
    whole, part = weft.cast(whole, dtypes.float32), weft.cast(part, dtypes.float32)
    offset = offset * whole if normalized else offset
    offset = offset / 2.0 + whole / 2.0 if centered else offset
    return weft.cast(offset - part / 2.0, dtypes.int32)


class _NonMaxSuppressionV4(NamedTuple):
    selected_indices: Any
    valid_outputs: Any


def non_max_suppression_padded(boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5,
                               score_threshold: Any = float("-inf"), pad_to_max_output_size: bool = False,
                               name: str | None = None) -> _NonMaxSuppressionV4:  # fmt: skip
    """`non_max_suppression`, filled with zeros up to `max_output_size`: (numbers, how many)."""
    found = weft.image.non_max_suppression_padded(boxes, scores, max_output_size, iou_threshold, score_threshold,
                                                  pad_to_max_output_size, name)  # fmt: skip
    return _NonMaxSuppressionV4(*found)


def non_max_suppression_with_scores(boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5,
                                    score_threshold: Any = float("-inf"), soft_nms_sigma: Any = 0.0,
                                    name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """`non_max_suppression` with the scores that boxes have left; a sigma above 0 lowers those of boxes that stay."""
    return thinned(boxes, scores, max_output_size, iou_threshold, score_threshold, soft_nms_sigma, drops=True)


def sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: Any, seed: int | None = None, seed2: int | None = None,
    min_object_covered: Any = 0.1, aspect_ratio_range: Any = None, area_range: Any = None,
    max_attempts: int | None = None, use_image_if_no_bounding_boxes: bool | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """A random crop of an image that covers enough of one of its boxes; see `weft.image`. There are two seeds."""
    return weft.image.sample_distorted_bounding_box(
        image_size, bounding_boxes, seed or seed2 or 0, min_object_covered, aspect_ratio_range, area_range,
        max_attempts, use_image_if_no_bounding_boxes, name,
    )  # fmt: skip


def draw_bounding_boxes(images: Any, boxes: Any, name: str | None = None, colors: Any = None) -> Any:
    """Images with boxes drawn into them; see `weft.image.draw_bounding_boxes`. Version 1 takes the name third."""
    return weft.image.draw_bounding_boxes(images, boxes, colors, name)


resize_image_with_pad, crop_and_resize, draw_bounding_boxes, extract_image_patches = (
    composite(f"image.{function.__name__}", function)
    for function in (resize_image_with_pad, crop_and_resize, draw_bounding_boxes, extract_image_patches))
extract_glimpse, non_max_suppression_padded, non_max_suppression_with_scores, sample_distorted_bounding_box = (
    composite(f"image.{function.__name__}", function)
    for function in (extract_glimpse, non_max_suppression_padded, non_max_suppression_with_scores,
                     sample_distorted_bounding_box))


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        found = globals()[name] = composite(f"image.{name}", getattr(weft.image, _RENAMED.get(name, name)))
        return found
    except AttributeError:
        own = [n for n in globals() if not n.startswith("_")]
        raise AttributeError(absent(f"tf.image.{name}", [*own, *_RENAMED, *dir(weft.image)])) from None
