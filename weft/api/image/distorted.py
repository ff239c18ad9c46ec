"""Random crops of images that still cover what boxes mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from weft.api.common import cast_to
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.ir.types import TensorType
from weft.runtime import frontdoor
from weft.runtime import random as streams
from weft.runtime.host_call import host_call


class DistortedBox(NamedTuple):
    """The result of `sample_distorted_bounding_box`."""

    begin: Any
    size: Any
    bboxes: Any


def _candidate(height: int, width: int, ratio: float, area: Sequence[float],
               rng: Any) -> tuple[int, int, int, int] | None:  # fmt: skip
    """A crop of a ratio of width and height whose share of the image lies in a range: y, x, height, width."""
    least, most = (share * height * width for share in area)
    tall = round(float(np.sqrt(least / ratio)))
    limit = round(float(np.sqrt(most / ratio)))
    if round(limit * ratio) > width:
        limit = int((width + 0.5 - 1e-7) / ratio)
        if round(limit * ratio) > width:
            limit -= 1
    limit = min(limit, height)
    tall = min(tall, limit)
    if tall < limit:
        tall = int(rng.integers(tall, limit + 1))
    wide = round(tall * ratio)
    if wide * tall < least:
        tall += 1
        wide = round(tall * ratio)
    if wide * tall > most:
        tall -= 1
        wide = round(tall * ratio)
    if not (least <= wide * tall <= most and 0 < wide <= width and 0 < tall <= height):
        return None
    y = int(rng.integers(0, height - tall + 1))
    x = int(rng.integers(0, width - wide + 1))
    return y, x, tall, wide


def _covers(crop: tuple[int, int, int, int], boxes: Any, least: float) -> bool:
    """Whether a crop covers a share of one of the boxes, which are in pixels: y0, x0, y1, x1."""
    y, x, tall, wide = crop
    for top, left, bottom, right in boxes.tolist():
        whole = (bottom - top) * (right - left)
        if whole <= 0:
            continue
        inside = max(0, min(bottom, y + tall) - max(top, y)) * max(0, min(right, x + wide) - max(left, x))
        if inside > 0 and inside / whole >= least:
            return True
    return False


def sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: Any, seed: int = 0, min_object_covered: Any = 0.1, aspect_ratio_range: Any = None,
    area_range: Any = None, max_attempts: int | None = None, use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> DistortedBox:  # fmt: skip
    """A random crop of an image that covers enough of one of its boxes.

    Args:
        image_size: `[3]`, integers: height, width, channels.
        bounding_boxes: `[images, boxes, 4]`: top, left, bottom, right, as shares of the image.
        seed: For the random numbers; 0 for one that differs from run to run.
        min_object_covered: How much of a box must be in the crop, 0 to 1.
        aspect_ratio_range: The least and the greatest width divided by height; (0.75, 1.33) where None.
        area_range: The least and the greatest share of the image; (0.05, 1) where None.
        max_attempts: How often to try before the whole image is taken; 100 where None.
        use_image_if_no_bounding_boxes: Whether no boxes stand for one of the whole image; they are refused otherwise.
        name: The node's name.

    Returns:
        `begin` `[3]` and `size` `[3]` for `tf.slice`, and the crop as a box `[1, 1, 4]`.

    Raises:
        InvalidArgumentError: For an image that is empty, boxes outside of it, or none where that is refused.

    Example:
        >>> import weft as tf
        >>> image = tf.zeros([40, 60, 3])
        >>> crop = tf.image.sample_distorted_bounding_box([40, 60, 3], [[[0.0, 0.0, 1.0, 1.0]]], min_object_covered=0.5)
        >>> tf.slice(image, crop.begin, crop.size).shape[2]
        3
    """
    source = streams.op_seeds(seed or None)
    rng = np.random.Generator(np.random.PCG64(list(source) if source is not None else None))
    return _sampled(image_size, bounding_boxes, rng, None, min_object_covered, aspect_ratio_range, area_range,
                    max_attempts, use_image_if_no_bounding_boxes, name)  # fmt: skip


def stateless_sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: Any, seed: Any, min_object_covered: Any = 0.1, aspect_ratio_range: Any = None,
    area_range: Any = None, max_attempts: int | None = None, use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> DistortedBox:  # fmt: skip
    """As `sample_distorted_bounding_box`, as a function of a seed of two integers."""
    return _sampled(image_size, bounding_boxes, None, seed, min_object_covered, aspect_ratio_range, area_range,
                    max_attempts, use_image_if_no_bounding_boxes, name)  # fmt: skip


def _sampled(image_size: Any, bounding_boxes: Any, kept: Any, seed: Any, min_object_covered: Any,
             aspect_ratio_range: Any, area_range: Any, max_attempts: int | None,
             use_image_if_no_bounding_boxes: bool | None, name: str | None) -> DistortedBox:  # fmt: skip
    ratios = tuple(float(r) for r in (aspect_ratio_range or (0.75, 1.33)))
    areas = tuple(float(a) for a in (area_range or (0.05, 1.0)))
    if len(ratios) != 2 or not 0 < ratios[0] <= ratios[1]:
        raise InvalidArgumentError(explain("`aspect_ratio_range` must be two positive numbers that ascend.",
                                           received=str(ratios)))  # fmt: skip
    if len(areas) != 2 or not 0 < areas[0] <= areas[1] <= 1:
        raise InvalidArgumentError(explain("`area_range` must be two numbers in (0, 1] that ascend.",
                                           received=str(areas)))  # fmt: skip
    tries = 100 if max_attempts is None else int(max_attempts)
    size = frontdoor.convert(image_size, None if frontdoor.is_tensor_like(image_size) else dtypes.int32)

    def run(image: Any, boxes: Any, covered: Any, *seeds: Any) -> list[Any]:
        rng = np.random.Generator(np.random.PCG64([int(s) & (2**64 - 1) for s in seeds[0]])) if seeds else kept
        height, width = int(image[0]), int(image[1])
        if height <= 0 or width <= 0:
            raise InvalidArgumentError(f"Image height and width must be positive, got {height} and {width}.")
        flat = boxes.reshape(-1, 4)
        if not len(flat):
            if not use_image_if_no_bounding_boxes:
                raise InvalidArgumentError(explain("No bounding boxes provided as input.", hint="pass "
                                                   "use_image_if_no_bounding_boxes=True"))  # fmt: skip
            flat = np.array([[0.0, 0.0, 1.0, 1.0]])
        if flat.min() < 0 or flat.max() > 1:
            raise InvalidArgumentError(explain("All bounding box coordinates must be in [0.0, 1.0].",
                                               received=str(flat.tolist())[:100]))  # fmt: skip
        pixels = (flat * np.array([height, width, height, width])).astype(np.int64)
        crop = (0, 0, height, width)
        for _ in range(tries):
            found = _candidate(height, width, float(rng.uniform(*ratios)), areas, rng)
            if found is not None and _covers(found, pixels, float(covered)):
                crop = found
                break
        y, x, tall, wide = crop
        kind = image.dtype
        box = np.array([y / height, x / width, (y + tall) / height, (x + wide) / width], np.float32)
        return [np.array([y, x, 0], kind), np.array([tall, wide, -1], kind), box.reshape(1, 1, 4)]

    types = [TensorType((3,), size.dtype), TensorType((3,), size.dtype), TensorType((1, 1, 4), dtypes.float32)]
    inputs = [size, cast_to(bounding_boxes, dtypes.float32), cast_to(min_object_covered, dtypes.float32)]
    if seed is not None:
        inputs.append(cast_to(seed, dtypes.int64))
    return DistortedBox(*host_call(run, inputs, types, "SampleDistortedBoundingBoxV2", name))
