"""Bounding boxes that follow their images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.utils.bounding_boxes import clip_to_image_size, convert_format

Boxes = dict[str, Any]


def dense_boxes(bounding_boxes: Any) -> Boxes:
    """Boxes and labels as tensors: lists of different lengths and ragged tensors are filled up, labels with -1.

    Args:
        bounding_boxes: A dict with `boxes`, `[boxes, 4]` or `[batch, boxes, 4]`, and `labels`, `[boxes]` or
            `[batch, boxes]` (or with classes behind).

    Raises:
        ValueError: Where one of the two is missing, or their ranks do not belong together.
    """
    if not isinstance(bounding_boxes, dict) or not {"boxes", "labels"} <= set(bounding_boxes):
        received = sorted(bounding_boxes) if isinstance(bounding_boxes, dict) else type(bounding_boxes).__name__
        raise ValueError(explain("`bounding_boxes` is a dict with `boxes` and `labels`.", received=str(received)))
    boxes, labels = bounding_boxes["boxes"], bounding_boxes["labels"]
    if isinstance(boxes, (list, tuple)) and boxes and isinstance(boxes[0], (list, tuple)) and _uneven(boxes):
        boxes, labels = tf.ragged.constant(boxes, ragged_rank=1, inner_shape=(4,)), tf.ragged.constant(labels)
    boxes, labels = _filled(boxes, 0, "float32"), _filled(labels, -1)
    ranks = boxes.shape.rank, labels.shape.rank
    if ranks[0] not in (2, 3) or ranks[1] not in (ranks[0] - 1, ranks[0]):
        raise ValueError(explain(
            "`bounding_boxes` has four numbers and one label for each box.",
            received=f"boxes of shape {boxes.shape}, labels of shape {labels.shape}",
            expected="(boxes, 4) with (boxes,), or (batch, boxes, 4) with (batch, boxes)",
        ))  # fmt: skip
    return {**bounding_boxes, "boxes": boxes, "labels": labels}


def _uneven(boxes: Any) -> bool:
    return isinstance(boxes[0][0] if boxes[0] else None, (list, tuple)) and len({len(one) for one in boxes}) > 1


def _filled(value: Any, fill: float, dtype: str | None = None) -> Any:
    if isinstance(value, tf.RaggedTensor):
        value = value.to_tensor(default_value=tf.cast(fill, value.dtype))
    value = tf.convert_to_tensor(value)
    return tf.cast(value, dtype) if dtype is not None and value.dtype != dtype else value


def moved(
    boxes: Boxes, move: Callable[[Any], Any], source: Any, before: tuple[Any, Any],
    after: tuple[Any, Any] | None = None,
) -> Boxes:  # fmt: skip
    """Boxes changed as corners in pixels, and cut off at the edges of the new image.

    Args:
        boxes: A dict with `boxes` and `labels`.
        move: Gives `[…, 4]` (left, top, right, bottom) anew.
        source: The format of the boxes.
        before: Height and width of the image.
        after: Height and width of the new one, if these are others.
    """
    height, width = after or before
    found = convert_format(boxes, source or "xyxy", "xyxy", *before)
    found["boxes"] = move(found["boxes"])
    return convert_format(clip_to_image_size(found, height, width), "xyxy", source or "xyxy", height, width)


def beside(values: Any, boxes: Any) -> Any:
    """Numbers `[batch]`, against boxes."""
    values = tf.reshape(tf.convert_to_tensor(values), (-1, *(1,) * (boxes.shape.rank - 1)))
    return tf.cast(values, boxes.dtype)


def across_and_down(x: Any, y: Any) -> Any:
    """Two numbers for each image as four: for left and right the first, for top and bottom the other."""
    return tf.concat([x, y, x, y], axis=-1)


def part_of(boxes: Any, begin: tuple[Any, Any], part: tuple[Any, Any], size: tuple[Any, Any]) -> Any:
    """Boxes as they lie in a part of the image that is brought to another size.

    Args:
        boxes: `[…, 4]`, as corners.
        begin: Where the part begins: top and left.
        part: Its height and width.
        size: The height and width that it gets.
    """
    top, left, high, wide = (tf.cast(one, boxes.dtype) for one in (*begin, *part))
    shift = tf.stack([left, top, left, top])
    edges = tf.stack([wide, high, wide, high])
    scale = tf.cast(tf.stack([size[1], size[0], size[1], size[0]]), boxes.dtype) / edges
    return tf.clip_by_value(boxes - shift, tf.zeros_like(edges), edges) * scale


def size_in(transformation: Any) -> tuple[Any, Any]:
    """The height and width of the images that a transformation was drawn for."""
    if "image_height" in transformation:
        return transformation["image_height"], transformation["image_width"]
    shape = transformation["input_shape"]
    return shape[-3], shape[-2]
