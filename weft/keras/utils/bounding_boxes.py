"""Boxes around the things in a picture: their formats, how they are cut, moved and compared."""

from __future__ import annotations

import math
from typing import Any

import weft as tf
from weft.extend import explain, nearest
from weft.keras.config import epsilon

#: the order of the four numbers; `rel_` means shares of the picture's width and height
FORMATS = (
    "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh",
)  # fmt: skip
_ENCODINGS = ("center_xywh", "center_yxhw")


def _format(name: str, value: Any) -> str:
    word = str(value).lower()
    if word not in FORMATS:
        raise ValueError(explain(
            f"`{name}` is {value!r}, which is no format of bounding boxes. {nearest(word, FORMATS)}",
            expected="one of " + ", ".join(repr(item) for item in FORMATS),
        ))  # fmt: skip
    return word


def _only_corners(name: str, value: str) -> None:
    if value != "xyxy":
        raise NotImplementedError(explain(
            f"{name} takes boxes as xyxy.", received=f"bounding_box_format={value!r}",
            hint="convert them first: keras.utils.bounding_boxes.convert_format(boxes, source, 'xyxy')",
        ))  # fmt: skip


def _tensor(boxes: Any, dtype: Any = None) -> Any:
    boxes = tf.convert_to_tensor(boxes)
    return boxes if dtype is None or boxes.dtype == dtype else tf.cast(boxes, dtype)


def _four(boxes: Any) -> list[Any]:
    return tf.split(boxes, 4, axis=-1)


def _corners(boxes: Any, kind: str) -> tuple[Any, Any, Any, Any]:
    """Left, top, right and bottom, `[…, 1]` each."""
    a, b, c, d = _four(boxes)
    if kind in ("yxyx", "center_yxhw"):
        a, b, c, d = b, a, d, c
    if kind.startswith("center"):
        return a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0
    return (a, b, a + c, b + d) if kind == "xywh" else (a, b, c, d)


def _laid_out(left: Any, top: Any, right: Any, bottom: Any, kind: str) -> Any:
    wide, high = right - left, bottom - top
    parts = (left, top, right, bottom)
    if kind == "xywh":
        parts = (left, top, wide, high)
    elif kind.startswith("center"):
        parts = (left + wide / 2.0, top + high / 2.0, wide, high)
    if kind in ("yxyx", "center_yxhw"):
        parts = (parts[1], parts[0], parts[3], parts[2])
    return tf.concat(parts, axis=-1)


def convert_format(
    boxes: Any, source: str, target: str, height: Any = None, width: Any = None, dtype: Any = "float32"
) -> Any:
    """Boxes in another format.

    Args:
        boxes: `[…, 4]`, or a dict with `boxes`.
        source: Their format: "xyxy" (left, top, right, bottom), "yxyx", "xywh" (left, top, width, height),
            "center_xywh", "center_yxhw"; with "rel_" in front (all but the last) as shares of width and height.
        target: The format wanted.
        height: The picture's height, for formats with "rel_".
        width: Its width.
        dtype: The result's dtype.

    Returns:
        The same in the other format.

    Raises:
        ValueError: For unknown formats, boxes that are not four numbers, and where height or width is missing.

    Example:
        >>> from weft import keras
        >>> keras.utils.bounding_boxes.convert_format([[1.0, 2.0, 5.0, 4.0]], "xyxy", "center_xywh").numpy().tolist()
        [[3.0, 3.0, 4.0, 2.0]]
    """
    if isinstance(boxes, dict):
        return {**boxes, "boxes": convert_format(boxes["boxes"], source, target, height, width, dtype)}
    boxes = _tensor(boxes)
    if boxes.shape[-1] != 4:
        raise ValueError(explain("convert_format: `boxes` has four numbers a box.", received=f"shape {boxes.shape}"))
    source, target = _format("source", source), _format("target", target)
    relative = source.startswith("rel_"), target.startswith("rel_")
    if any(relative) and (height is None or width is None):
        raise ValueError(explain(
            "convert_format: formats with `rel_` are shares of a picture of known size: it must receive `height` and "
            "`width`.", received=f"source={source!r}, target={target!r}, height={height}, width={width}",
            hint="pass height= and width=",
        ))  # fmt: skip
    boxes = _tensor(boxes, dtype)
    if source == target:
        return boxes
    left, top, right, bottom = _corners(boxes, source.removeprefix("rel_"))
    if relative[0] != relative[1]:
        width, height = tf.cast(width, boxes.dtype), tf.cast(height, boxes.dtype)
        if relative[0]:
            left, top, right, bottom = left * width, top * height, right * width, bottom * height
        else:
            left, top, right, bottom = left / width, top / height, right / width, bottom / height
    return _laid_out(left, top, right, bottom, target.removeprefix("rel_"))


def clip_to_image_size(
    bounding_boxes: dict[str, Any], height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> dict[str, Any]:
    """Boxes without what sticks out of the picture; where nothing is left, the label becomes -1.

    Args:
        bounding_boxes: A dict with `boxes`, `[…, boxes, 4]`, and perhaps `labels`, `[…, boxes]`.
        height: The picture's height, for "xyxy".
        width: Its width.
        bounding_box_format: "xyxy" or "rel_xyxy".

    Returns:
        A dict with the same keys.

    Example:
        >>> from weft import keras
        >>> cut = keras.utils.bounding_boxes.clip_to_image_size({"boxes": [[-2.0, 1.0, 4.0, 9.0]]}, 5, 3)
        >>> cut["boxes"].numpy().tolist()
        [[0.0, 1.0, 3.0, 5.0]]
    """
    if bounding_box_format not in ("xyxy", "rel_xyxy"):
        _only_corners("clip_to_image_size", bounding_box_format)
    boxes = _tensor(bounding_boxes["boxes"])
    if bounding_box_format == "rel_xyxy":
        width = height = 1
    elif height is None or width is None:
        raise ValueError(explain(
            "clip_to_image_size: boxes as xyxy are clipped to a picture of known size.",
            received=f"height={height}, width={width}", hint="pass height= and width=",
        ))  # fmt: skip
    left, top, right, bottom = _within(_four(boxes), tf.cast(height, boxes.dtype), tf.cast(width, boxes.dtype))
    found = {**bounding_boxes, "boxes": tf.concat([left, top, right, bottom], axis=-1)}
    if bounding_boxes.get("labels") is not None:
        labels = _tensor(bounding_boxes["labels"])
        there = ((right - left) * (bottom - top) > 0)[..., 0]
        found["labels"] = tf.where(there, labels, tf.cast(-1, labels.dtype))
    return found


def _within(parts: Any, height: Any, width: Any) -> tuple[Any, Any, Any, Any]:
    left, top, right, bottom = parts
    none = tf.zeros_like(width)
    return (
        tf.clip_by_value(left, none, width), tf.clip_by_value(top, none, height),
        tf.clip_by_value(right, none, width), tf.clip_by_value(bottom, none, height),
    )  # fmt: skip


def crop(boxes: Any, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy") -> Any:
    """Boxes as they lie in a part of the picture.

    Args:
        boxes: `[…, 4]`, as xyxy.
        top: Where the part begins.
        left: Likewise.
        height: Its height.
        width: Its width.
        bounding_box_format: "xyxy".

    Returns:
        `[…, 4]`.
    """
    _only_corners("crop", bounding_box_format)
    moved = pad(boxes, -top, -left)
    size = [tf.cast(one, moved.dtype) for one in (height, width)]
    return tf.concat(_within(_four(moved), *size), axis=-1)


def pad(
    boxes: Any, top: Any, left: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Any:
    """Boxes as they lie in a picture that was enlarged above and on the left.

    Args:
        boxes: `[…, 4]`, as xyxy.
        top: How much was added above.
        left: How much was added on the left.
        height: Not used.
        width: Not used.
        bounding_box_format: "xyxy".

    Returns:
        `[…, 4]`.
    """
    _only_corners("pad", bounding_box_format)
    boxes = _tensor(boxes)
    top, left = tf.cast(top, boxes.dtype), tf.cast(left, boxes.dtype)
    return boxes + tf.stack([left, top, left, top], axis=-1)


def affine_transform(
    boxes: Any, angle: Any, translate_x: Any, translate_y: Any, scale: Any, shear_x: Any, shear_y: Any, height: Any,
    width: Any, center_x: Any = None, center_y: Any = None, bounding_box_format: str = "xyxy",
) -> Any:  # fmt: skip
    """The boxes around what boxes become when the picture is turned, moved, scaled and sheared.

    Args:
        boxes: `[batch, boxes, 4]`, as xyxy.
        angle: Degrees, `[batch]`.
        translate_x: To the right, as a share of the width less one, `[batch]`.
        translate_y: Down, likewise.
        scale: The factor, `[batch]`.
        shear_x: Degrees, `[batch]`.
        shear_y: Degrees, `[batch]`.
        height: The picture's height.
        width: Its width.
        center_x: About which point, as a share; the middle where None.
        center_y: Likewise.
        bounding_box_format: "xyxy".

    Returns:
        `[batch, boxes, 4]`.
    """
    _only_corners("affine_transform", bounding_box_format)
    angle = tf.convert_to_tensor(angle)
    kind = angle.dtype
    right, bottom = tf.cast(width, kind) - 1.0, tf.cast(height, kind) - 1.0
    middle = [(0.5 if center_x is None else center_x) * right, (0.5 if center_y is None else center_y) * bottom]
    radians = [-tf.cast(one, kind) * (math.pi / 180.0) for one in (angle, shear_x, shear_y)]
    matrix = tf.cast(scale, kind)[:, None, None] * _turned(*radians)
    middle = tf.stack([one + tf.zeros_like(angle) for one in middle], axis=-1)
    moved = tf.stack([tf.cast(translate_x, kind) * right, tf.cast(translate_y, kind) * bottom], axis=-1)
    offset = middle - tf.linalg.matvec(matrix, middle - moved)
    left, top, far, low = (part[..., 0] for part in _four(_tensor(boxes, kind)))
    points = tf.stack([tf.stack([left, far, far, left], -1), tf.stack([top, top, low, low], -1)], axis=-2)
    found = tf.linalg.matmul(matrix[:, None], points) + offset[:, None, :, None]
    return tf.concat([tf.reduce_min(found, axis=-1), tf.reduce_max(found, axis=-1)], axis=-1)


def _turned(turn: Any, shear_x: Any, shear_y: Any) -> Any:
    """The inverse of a shear followed by a turn, of determinant 1, `[batch, 2, 2]`."""
    a = tf.cos(turn - shear_y) / tf.cos(shear_y)
    c = -tf.sin(turn - shear_y) / tf.cos(shear_y)
    b = a * tf.tan(shear_x) + tf.sin(turn)
    d = tf.cos(turn) - c * tf.tan(shear_x)
    return tf.stack([tf.stack([d, -b], axis=-1), tf.stack([-c, a], axis=-1)], axis=-2)


def _sizes(image_shape: Any) -> tuple[Any, Any]:
    return (None, None) if image_shape is None else (image_shape[0], image_shape[1])


def _variances(variance: Any) -> Any:
    if variance is None:
        return None
    variance = _tensor(variance, "float32")
    if variance.shape[-1] != 4:
        raise ValueError(explain("`variance` is four numbers.", received=f"shape {variance.shape}"))
    return variance


def _encoding(name: str, value: str) -> str:
    if value not in _ENCODINGS:
        raise ValueError(explain(f"`{name}` is 'center_xywh' or 'center_yxhw'.", received=repr(value)))
    return value


def encode_box_to_deltas(
    anchors: Any, boxes: Any, anchor_format: str, box_format: str, encoding_format: str = "center_yxhw",
    variance: Any = None, image_shape: Any = None,
) -> Any:  # fmt: skip
    """Where boxes lie beside anchors, in the anchors' sizes, and the logarithms of how much larger they are.

    Args:
        anchors: `[anchors, 4]`.
        boxes: `[anchors, 4]` or `[batch, anchors, 4]`.
        anchor_format: The anchors' format.
        box_format: The boxes' format.
        encoding_format: "center_yxhw" or "center_xywh": the order of the result.
        variance: Four numbers that the result is divided by.
        image_shape: (height, width, channels), for formats with "rel_".

    Returns:
        As `boxes`.
    """
    variance, kind = _variances(variance), _encoding("encoding_format", encoding_format)
    height, width = _sizes(image_shape)
    anchors = convert_format(anchors, anchor_format, kind, height, width)
    boxes = convert_format(boxes, box_format, kind, height, width)
    size = tf.maximum(anchors[..., 2:], epsilon())
    grown = tf.math.log(tf.maximum(boxes[..., 2:], epsilon()) / size)
    moved = (boxes[..., :2] - anchors[..., :2]) / size
    found = tf.concat([moved, grown + tf.zeros_like(moved)], axis=-1)
    return found if variance is None else found / variance


def decode_deltas_to_boxes(
    anchors: Any, boxes_delta: Any, anchor_format: str, box_format: str, encoded_format: str = "center_yxhw",
    variance: Any = None, image_shape: Any = None,
) -> Any:  # fmt: skip
    """The boxes that `encode_box_to_deltas` was given.

    Args:
        anchors: `[anchors, 4]`, or a dict of such.
        boxes_delta: `[anchors, 4]` or `[batch, anchors, 4]`, or a dict with the same keys.
        anchor_format: The anchors' format.
        box_format: The format wanted.
        encoded_format: "center_yxhw" or "center_xywh": the order of `boxes_delta`.
        variance: Four numbers that `boxes_delta` is multiplied by.
        image_shape: (height, width, channels), for formats with "rel_".

    Returns:
        Boxes; a dict of them for a dict.
    """
    if isinstance(anchors, dict) and isinstance(boxes_delta, dict):
        options = (anchor_format, box_format, encoded_format, variance, image_shape)
        return {level: decode_deltas_to_boxes(one, boxes_delta[level], *options) for level, one in anchors.items()}
    variance, kind = _variances(variance), _encoding("encoded_format", encoded_format)
    height, width = _sizes(image_shape)
    anchors = convert_format(anchors, anchor_format, kind, height, width)
    delta = _tensor(boxes_delta, "float32")
    delta = delta if variance is None else delta * variance
    moved = delta[..., :2] * anchors[..., 2:] + anchors[..., :2]
    return convert_format(
        tf.concat([moved, tf.exp(delta[..., 2:]) * anchors[..., 2:]], axis=-1), kind, box_format, height, width
    )


def compute_iou(
    boxes1: Any, boxes2: Any, bounding_box_format: str, use_masking: bool = False, mask_val: float = -1,
    image_shape: Any = None,
) -> Any:  # fmt: skip
    """What each box has in common with each other one: the area of both over the area of either.

    Args:
        boxes1: `[n, 4]` or `[batch, n, 4]`.
        boxes2: `[m, 4]` or `[batch, m, 4]`.
        bounding_box_format: The format of both.
        use_masking: Whether boxes of nothing but negative numbers are left out.
        mask_val: The result for these.
        image_shape: (height, width, channels), for formats with "rel_".

    Returns:
        `[n, m]` or `[batch, n, m]`.

    Raises:
        ValueError: For other ranks, and for "rel_" without `image_shape`.

    Example:
        >>> from weft import keras
        >>> boxes = [[0.0, 0.0, 2.0, 2.0]]
        >>> round(float(keras.utils.bounding_boxes.compute_iou(boxes, [[1.0, 0.0, 3.0, 2.0]], "xyxy")[0, 0]), 4)
        0.3333
    """
    boxes1, boxes2 = _tensor(boxes1), _tensor(boxes2)
    for name, boxes in (("boxes1", boxes1), ("boxes2", boxes2)):
        if boxes.shape.rank not in (2, 3):
            raise ValueError(explain(
                f"compute_iou: `{name}` is [boxes, 4] or [batch, boxes, 4].", received=f"shape {boxes.shape}"
            ))  # fmt: skip
    height, width = _sizes_for("compute_iou", bounding_box_format, image_shape)
    boxes1, boxes2 = (convert_format(one, bounding_box_format, "yxyx", height, width) for one in (boxes1, boxes2))
    rows, columns = boxes1[..., :, None, :], boxes2[..., None, :, :]
    sides = tf.minimum(rows[..., 2:], columns[..., 2:]) - tf.maximum(rows[..., :2], columns[..., :2])
    common = tf.reduce_prod(tf.maximum(0.0, sides), axis=-1)
    areas = [tf.reduce_prod(one[..., 2:] - one[..., :2], axis=-1) for one in (rows, columns)]
    found = common / (areas[0] + areas[1] - common + epsilon())
    if not use_masking:
        return found
    nothing = [tf.reduce_max(one, axis=-1) < 0.0 for one in (rows, columns)]
    return tf.where(tf.logical_or(*nothing), tf.cast(mask_val, found.dtype), found)


def _sizes_for(name: str, bounding_box_format: str, image_shape: Any) -> tuple[Any, Any]:
    if "rel" in bounding_box_format and image_shape is None:
        raise ValueError(explain(
            f"{name}: formats with `rel_` are shares of a picture of known size.",
            received=f"bounding_box_format={bounding_box_format!r}", hint="pass image_shape=(height, width, channels)",
        ))  # fmt: skip
    return _sizes(image_shape)


def compute_ciou(boxes1: Any, boxes2: Any, bounding_box_format: str, image_shape: Any = None) -> Any:
    """How well boxes lie on one another: their common share, less how far apart and how unlike in shape they are.

    Args:
        boxes1: `[…, 4]`.
        boxes2: `[…, 4]`.
        bounding_box_format: The format of both.
        image_shape: (height, width, channels), for formats with "rel_".

    Returns:
        `[…]`, at most 1.

    Source: Zheng et al. 2020, equation 10.
    """
    height, width = _sizes_for("compute_ciou", bounding_box_format, image_shape)
    small = epsilon()
    boxes = [convert_format(one, bounding_box_format, "xyxy", height, width) for one in (boxes1, boxes2)]
    begin, end = [one[..., :2] for one in boxes], [one[..., 2:] for one in boxes]
    sizes = [last - first + tf.constant([0.0, small], first.dtype) for first, last in zip(begin, end)]
    common = tf.reduce_prod(tf.maximum(tf.minimum(*end) - tf.maximum(*begin), 0.0), axis=-1)
    union = tf.reduce_prod(sizes[0], axis=-1) + tf.reduce_prod(sizes[1], axis=-1) - common + small
    share = common / (union + small)
    around = tf.reduce_sum(tf.square(tf.maximum(*end) - tf.minimum(*begin)), axis=-1) + small
    apart = tf.reduce_sum(tf.square((begin[0] + end[0]) / 2.0 - (begin[1] + end[1]) / 2.0), axis=-1)
    slopes = [tf.atan(one[..., 0] / one[..., 1]) for one in sizes]
    unlike = (4.0 / math.pi**2) * tf.square(slopes[1] - slopes[0])
    return share - (apart / around + unlike * unlike / (unlike - share + (1.0 + small)))


__all__ = [
    "affine_transform", "clip_to_image_size", "compute_ciou", "compute_iou", "convert_format", "crop",
    "decode_deltas_to_boxes", "encode_box_to_deltas", "pad",
]  # fmt: skip
