"""Boxes in images: cut out, drawn, thinned out. A box is (top, left, bottom, right), as shares of height and width."""

from __future__ import annotations

import heapq
from typing import Any, NamedTuple

import numpy as np

from weft.api import array, math
from weft.api.common import apply
from weft.api.image import resizing
from weft.api.image.common import size_of, taken
from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.errors import InvalidArgumentError, explain
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.runtime import dispatch, frontdoor
from weft.runtime.host_call import host_call
from weft.runtime.static import get_static_value


def crop_and_resize(image: Any, boxes: Any, box_indices: Any, crop_size: Any, method: str = "bilinear",
                    extrapolation_value: float = 0.0, name: str | None = None) -> Any:  # fmt: skip
    """Boxes of images, all of one size.

    Args:
        image: `[batch, height, width, channels]`.
        boxes: `[boxes, 4]`; a box may reach beyond its image, or be turned round.
        box_indices: `[boxes]`: which image each box is of.
        crop_size: The height and width of what is given back.
        method: "bilinear" or "nearest".
        extrapolation_value: The value beyond the image.
        name: The node's name.

    Returns:
        float32 `[boxes, crop height, crop width, channels]`.
    """
    if method not in ("bilinear", "nearest"):
        raise ValueError(explain("crop_and_resize: `method` is 'bilinear' or 'nearest'.", received=repr(method)))
    x = array.cast(taken(image, "crop_and_resize", (4,)), dtypes.float32)
    edges = array.cast(boxes, dtypes.float32)
    height, width = resizing.pair(crop_size)
    down, y_in = _places(edges[:, 0], edges[:, 2], height, size_of(x, 1))
    across, x_in = _places(edges[:, 1], edges[:, 3], width, size_of(x, 2))
    which = array.cast(box_indices, dtypes.int64)
    whole = [array.cast(size_of(x, axis), dtypes.int64) for axis in (0, 1, 2)]
    message = "crop_and_resize: `box_indices` names an image that there is not"
    apply("assert", math.reduce_all(math.logical_and(which >= 0, which < whole[0])), which, message=message)
    pixels = array.reshape(x, array.stack([-1, array.shape(x)[-1]]))

    def pick(rows: Any, columns: Any) -> Any:
        rows = math.clip_by_value(array.cast(rows, dtypes.int64), 0, whole[1] - 1)
        columns = math.clip_by_value(array.cast(columns, dtypes.int64), 0, whole[2] - 1)
        lines = (which[:, None] * whole[1] + rows) * whole[2]
        return array.gather(pixels, lines[:, :, None] + columns[:, None, :])

    if method == "nearest":
        found = pick(_rounded(down), _rounded(across))
    else:
        top, left = math.floor(down), math.floor(across)
        share_y, share_x = (down - top)[:, :, None, None], (across - left)[:, None, :, None]
        bottom, right = math.ceil(down), math.ceil(across)
        above = pick(top, left) + (pick(top, right) - pick(top, left)) * share_x
        below = pick(bottom, left) + (pick(bottom, right) - pick(bottom, left)) * share_x
        found = above + (below - above) * share_y
    inside = math.logical_and(y_in[:, :, None], x_in[:, None, :])[..., None]
    return array.where(inside, found, array.constant(extrapolation_value, dtypes.float32))


def _rounded(place: Any) -> Any:
    """The nearest whole number, of two the greater."""
    low = math.floor(place)
    return low + array.cast(place - low >= 0.5, dtypes.float32)


def _places(start: Any, end: Any, count: Any, whole: Any) -> tuple[Any, Any]:
    """Where the rows of crops lie in the image, `[boxes, count]`, and whether that is inside of it."""
    last = array.cast(whole, dtypes.float32) - 1.0
    steps = array.cast(count, dtypes.float32) - 1.0
    several = math.greater(steps, 0.0)
    step = array.where(several, (end - start) * last / math.maximum(steps, 1.0), array.zeros_like(start))
    first = array.where(several, start * last, 0.5 * (start + end) * last)
    place = first[:, None] + array.cast(array.range(count), dtypes.float32)[None, :] * step[:, None]
    return place, math.logical_and(math.greater_equal(place, 0.0), math.less_equal(place, last))


def _kept(boxes: Any, scores: Any, most: int, overlap: float, least: float, sigma: float,
          drops: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """The numbers and scores of the boxes that stay (Bodla et al. 2017 for `sigma` above 0).

    With `drops`, as in version 1, a box that overlaps a better one too much goes whatever sigma is.
    """
    if boxes.ndim != 2 or boxes.shape[1] != 4 or scores.shape != boxes.shape[:1]:
        raise InvalidArgumentError(explain("non_max_suppression: one score for each box.",
                                           received=f"boxes {boxes.shape}, scores {scores.shape}",
                                           expected="boxes [n, 4], scores [n]"))  # fmt: skip
    low = np.minimum(boxes[:, :2], boxes[:, 2:]).astype(np.float32)
    high = np.maximum(boxes[:, :2], boxes[:, 2:]).astype(np.float32)
    areas = (high - low).prod(axis=1)
    if sigma <= 0:
        return _kept_apart(low, high, areas, scores, most, overlap, least)
    left = [(-float(score), number, 0) for number, score in enumerate(scores) if score > least]
    heapq.heapify(left)
    chosen: list[int] = []
    given: list[float] = []
    while left and len(chosen) < most:
        negative, number, seen = heapq.heappop(left)
        score = np.float32(-negative)
        out = False
        for other in reversed(chosen[seen:]):
            shared = float(_overlap(low, high, areas, number, other))
            score = np.float32(score * np.exp(np.float32(-0.5 / sigma) * np.float32(shared * shared)))
            if drops:
                out = shared > overlap
            if out or score <= least:
                break
        if out or score <= least:
            continue
        if score == np.float32(-negative):
            chosen.append(number)
            given.append(float(score))
        else:
            heapq.heappush(left, (-float(score), number, len(chosen)))
    return np.asarray(chosen, np.int32), np.asarray(given, np.float32)


_BLOCK = 128  # boxes that are compared with one another at once


def _kept_apart(
    low: Any, high: Any, areas: Any, scores: Any, most: int, overlap: float, least: float
) -> tuple[Any, Any]:
    """`_kept` where scores stay as they are: blocks of boxes, best first, beside those chosen and among themselves."""
    order = np.flatnonzero(scores > least)
    order = order[np.argsort(-scores[order].astype(np.float64), kind="stable")]
    chosen = np.zeros(0, np.int64)
    for begin in range(0, len(order), _BLOCK):
        if len(chosen) >= most:
            break
        block = order[begin : begin + _BLOCK]
        if len(chosen):
            block = block[~(_overlaps(low, high, areas, block, chosen) > overlap).any(axis=1)]
        beside = _overlaps(low, high, areas, block, block) > overlap
        stays = np.ones(len(block), bool)
        for place in range(len(block)):
            if stays[place]:
                stays[place + 1 :] &= ~beside[place, place + 1 :]
        chosen = np.concatenate([chosen, block[stays]])
    chosen = chosen[: max(most, 0)]
    return chosen.astype(np.int32), scores[chosen].astype(np.float32)


def _overlaps(low: Any, high: Any, areas: Any, rows: Any, columns: Any) -> Any:
    """The intersection over the union of each of some boxes with each of others."""
    near = [np.minimum(high[rows, axis, None], high[columns, axis]) for axis in (0, 1)]
    far = [np.maximum(low[rows, axis, None], low[columns, axis]) for axis in (0, 1)]
    shared = np.maximum(near[0] - far[0], 0) * np.maximum(near[1] - far[1], 0)
    first, second = areas[rows, None], areas[columns]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = shared / (first + second - shared)
    return np.where((first > 0) & (second > 0), share, np.float32(0))


def _overlap(low: Any, high: Any, areas: Any, first: int, second: int) -> Any:
    """The intersection over the union of two boxes."""
    if areas[first] <= 0 or areas[second] <= 0:
        return 0.0
    shared = np.maximum(np.minimum(high[first], high[second]) - np.maximum(low[first], low[second]), 0).prod()
    return shared / (areas[first] + areas[second] - shared)


def thinned(boxes: Any, scores: Any, most: Any, overlap: Any, least: Any, sigma: Any,
            drops: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """The numbers and scores of the boxes that stay, when it runs; see `_kept`."""

    def run(boxes: Any, scores: Any, most: Any, overlap: Any, least: Any, sigma: Any) -> list[Any]:
        return list(_kept(boxes, scores, int(most), float(overlap), float(least), float(sigma), drops))

    inputs = [frontdoor.convert(boxes), frontdoor.convert(scores), array.cast(most, dtypes.int32),
              *(array.cast(v, dtypes.float32) for v in (overlap, least, sigma))]  # fmt: skip
    count = Dim.fresh()
    attrs = {"function": run, "types": (TensorType((count,), dtypes.int32), TensorType((count,), dtypes.float32)),
             "gradient": None}  # fmt: skip
    numbers, given = dispatch.apply(opdef.get("py_function"), inputs, attrs, "non_max_suppression")[:2]
    return numbers, given


def non_max_suppression(boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5,
                        score_threshold: Any = float("-inf"), name: str | None = None) -> Any:  # fmt: skip
    """Which boxes stay when those that overlap a better one go: their numbers, best first.

    Args:
        boxes: `[n, 4]`, two opposite corners each.
        scores: `[n]`.
        max_output_size: How many may stay.
        iou_threshold: The greatest overlap (intersection over union) with a better box.
        score_threshold: Boxes must have a greater score.
        name: The node's name.

    Returns:
        int32 `[kept]`.

    Example:
        >>> import weft as tf
        >>> boxes = [[0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 1.0, 1.1], [0.0, 2.0, 1.0, 3.0]]
        >>> tf.image.non_max_suppression(boxes, [0.9, 0.8, 0.7], 3).numpy().tolist()
        [0, 2]
    """
    return thinned(boxes, scores, max_output_size, iou_threshold, score_threshold, 0.0)[0]


def non_max_suppression_with_scores(boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5,
                                    score_threshold: Any = float("-inf"), soft_nms_sigma: Any = 0.0,
                                    name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """`non_max_suppression` with the scores that boxes have left; a sigma above 0 lowers scores rather than drops."""
    return thinned(boxes, scores, max_output_size, iou_threshold, score_threshold, soft_nms_sigma)


class CombinedNonMaxSuppression(NamedTuple):
    """The result of `combined_non_max_suppression`: the boxes of each image, best first, and how many they are."""

    nmsed_boxes: Any
    nmsed_scores: Any
    nmsed_classes: Any
    valid_detections: Any


def combined_non_max_suppression(
    boxes: Any, scores: Any, max_output_size_per_class: Any, max_total_size: Any, iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"), pad_per_class: bool = False, clip_boxes: bool = True,
    name: str | None = None,
) -> CombinedNonMaxSuppression:  # fmt: skip
    """The best boxes of each image of a batch, those of each class thinned by themselves.

    Args:
        boxes: `[batch, boxes, classes or 1, 4]`.
        scores: `[batch, boxes, classes]`.
        max_output_size_per_class: How many boxes of a class may stay.
        max_total_size: How many boxes of an image may stay.
        iou_threshold: The greatest overlap with a better box of the class.
        score_threshold: Boxes must have a greater score.
        pad_per_class: Whether there are rows for no more than all classes can fill.
        clip_boxes: Whether coordinates are kept between 0 and 1.
        name: The node's name.

    Returns:
        Fields `nmsed_boxes` `[batch, rows, 4]`, `nmsed_scores` and `nmsed_classes` `[batch, rows]`, filled up with
        zeros, and `valid_detections` `[batch]`.
    """
    def run(boxes: Any, scores: Any, most: Any, total: Any, overlap: Any, least: Any) -> list[Any]:
        batch, _, classes = scores.shape
        rows = min(int(total), int(most) * classes) if pad_per_class else int(total)
        results: list[Any] = [np.zeros((batch, rows, 4), np.float32), np.zeros((batch, rows), np.float32),
                              np.zeros((batch, rows), np.float32), np.zeros(batch, np.int32)]  # fmt: skip
        for place in range(batch):
            kept: list[Any] = []
            for number in range(classes):
                own = boxes[place, :, number if boxes.shape[2] > 1 else 0]
                chosen, given = _kept(own, scores[place, :, number], int(most), float(overlap), float(least), 0.0)
                kept += [(-score, order, own[row], number) for order, (row, score) in
                         enumerate(zip(chosen, given, strict=True), len(kept))]  # fmt: skip
            kept = sorted(kept, key=lambda item: item[:2])[:rows]
            for order, (negative, _, box, number) in enumerate(kept):
                results[0][place, order] = np.clip(box, 0, 1) if clip_boxes else box
                results[1][place, order], results[2][place, order] = -negative, number
            results[3][place] = len(kept)
        return results

    values = [array.cast(boxes, dtypes.float32), array.cast(scores, dtypes.float32),
              array.cast(max_output_size_per_class, dtypes.int32), array.cast(max_total_size, dtypes.int32),
              array.cast(iou_threshold, dtypes.float32), array.cast(score_threshold, dtypes.float32)]  # fmt: skip
    batch = (values[0].shape.symbolic or (None,))[0]
    most, total, classes = get_static_value(values[2]), get_static_value(values[3]), values[1].shape[-1]
    count: Any = None if total is None else int(total)
    if pad_per_class and count is not None:
        count = None if most is None or classes is None else min(count, int(most) * classes)
    shape = (Dim.fresh() if batch is None else batch, Dim.fresh() if count is None else count, 4)
    kinds = [TensorType(shape, dtypes.float32), TensorType(shape[:2], dtypes.float32),
             TensorType(shape[:2], dtypes.float32), TensorType(shape[:1], dtypes.int32)]  # fmt: skip
    return CombinedNonMaxSuppression(*host_call(run, values, kinds, "CombinedNonMaxSuppression", name))


def non_max_suppression_overlaps(overlaps: Any, scores: Any, max_output_size: Any, overlap_threshold: Any = 0.5,
                                 score_threshold: Any = float("-inf"), name: str | None = None) -> Any:  # fmt: skip
    """`non_max_suppression` where the overlaps of all pairs are given: `[n, n]`."""
    def run(overlaps: Any, scores: Any, most: Any, threshold: Any, least: Any) -> list[Any]:
        chosen: list[int] = []
        for number in np.lexsort((np.arange(len(scores)), -scores)):
            if len(chosen) >= int(most) or scores[number] <= least:
                break
            if all(overlaps[number, other] <= threshold for other in chosen):
                chosen.append(int(number))
        return [np.asarray(chosen, np.int32)]

    inputs = [frontdoor.convert(overlaps), frontdoor.convert(scores), array.cast(max_output_size, dtypes.int32),
              array.cast(overlap_threshold, dtypes.float32), array.cast(score_threshold, dtypes.float32)]  # fmt: skip
    attrs = {"function": run, "types": (TensorType((Dim.fresh(),), dtypes.int32),), "gradient": None}
    return dispatch.apply(opdef.get("py_function"), inputs, attrs, "non_max_suppression_overlaps")[0]


def non_max_suppression_padded(boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5,
                               score_threshold: Any = float("-inf"), pad_to_max_output_size: bool = False,
                               name: str | None = None, sorted_input: bool = False,
                               canonicalized_coordinates: bool = False,
                               tile_size: int = 512) -> tuple[Any, Any]:  # fmt: skip
    """`non_max_suppression` for one image, filled with zeros up to `max_output_size`: (numbers, how many)."""
    x = frontdoor.convert(boxes)
    if x.shape.rank != 2:
        raise NotImplementedError(explain("non_max_suppression_padded takes the boxes of one image.",
                                          received=str(x.type), hint="call it for each image: tf.map_fn"))  # fmt: skip
    numbers = non_max_suppression(x, scores, max_output_size, iou_threshold, score_threshold)
    count = array.size(numbers)
    if pad_to_max_output_size:
        numbers = array.pad(numbers, [[0, max_output_size - count]])
    return numbers, count


_COLOURS = ((1, 1, 0, 1), (0, 0, 1, 1), (1, 0, 0, 1), (0, 1, 0, 1), (0.5, 0, 0.5, 1), (0.5, 0.5, 0, 1), (0.5, 0, 0, 1),
            (0, 0, 0.5, 1), (0, 1, 1, 1), (1, 0, 1, 1))  # fmt: skip


def draw_bounding_boxes(images: Any, boxes: Any, colors: Any = None, name: str | None = None) -> Any:
    """Images with the outlines of boxes, one pixel wide.

    Args:
        images: `[batch, height, width, 1, 3 or 4]`, floats.
        boxes: `[batch, boxes, 4]`.
        colors: `[colours, channels]`, taken in turns; ten of our own where None.
        name: The node's name.
    """
    x = taken(images, "draw_bounding_boxes", (4,))
    palette = array.constant(np.asarray(_COLOURS, np.float32)) if colors is None else array.cast(colors, dtypes.float32)

    def run(images: Any, boxes: Any, palette: Any) -> list[Any]:
        drawn = images.copy()
        height, width, channels = images.shape[1:]
        for number in range(len(images)):
            for place, box in enumerate(boxes[number]):
                colour = palette[place % len(palette)][:channels]
                colour = np.ones(1) if channels == 1 and colors is None else colour
                top, bottom = (int(float(v) * (height - 1)) for v in (box[0], box[2]))
                left, right = (int(float(v) * (width - 1)) for v in (box[1], box[3]))
                if top > bottom or left > right or top >= height or bottom < 0 or left >= width or right < 0:
                    continue
                rows = slice(max(top, 0), min(bottom, height - 1) + 1)
                columns = slice(max(left, 0), min(right, width - 1) + 1)
                if top >= 0:
                    drawn[number, top, columns] = colour
                if bottom < height:
                    drawn[number, bottom, columns] = colour
                if left >= 0:
                    drawn[number, rows, left] = colour
                if right < width:
                    drawn[number, rows, right] = colour
        return [drawn]

    attrs = {"function": run, "types": (x.type,), "gradient": None}
    inputs = [x, frontdoor.convert(boxes), palette]
    return dispatch.apply(opdef.get("py_function"), inputs, attrs, "draw_bounding_boxes")[0]
