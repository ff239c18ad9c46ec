"""Uses of tf.image as expressions, kept as text so that both sides evaluate the very same lines.

Bound are `tf`, `np`, `I` (tf.image), `one` and `two` (floats in [0, 1], `[7, 6, 3]`), `batch` (`[2, 7, 6, 3]`), `whole`
(uint8 `[7, 6, 3]`), `big` (`[1, 24, 20, 1]`), `boxes`, `scores`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")

PROGRAMS = (
    [f"I.resize({image}, ({h}, {w}), '{method}', antialias={smooth})" for method in METHODS for smooth in (False, True)
     for image, h, w in (("batch", 4, 9), ("one", 13, 3), ("whole", 5, 12)) if not (method == "area" and smooth)
     # where a pixel lies on the very edge of this kernel, roundings decide whether it counts
     if not (method == "gaussian" and smooth and h == 4)]
    + """
I.resize(one, (14, 14), preserve_aspect_ratio=True)
I.resize(one, (3, 14), preserve_aspect_ratio=True)
I.resize(whole, (7, 6))
I.resize(one, tf.constant([4, 4]), I.ResizeMethod.NEAREST_NEIGHBOR)
I.resize_with_pad(one, 10, 12)
I.resize_with_pad(batch, 5, 5)
I.resize_with_crop_or_pad(one, 5, 9)
I.resize_with_crop_or_pad(batch, 10, 3)
I.resize_with_crop_or_pad(one, 8, 7)
I.central_crop(one, 0.5)
I.central_crop(batch, 0.7)
I.crop_to_bounding_box(one, 1, 2, 4, 3)
I.pad_to_bounding_box(batch, 1, 2, 10, 11)
I.flip_left_right(one)
I.flip_up_down(batch)
I.transpose(one)
I.transpose(batch)
I.rot90(one)
I.rot90(batch, 2)
I.rot90(one, 3)
I.rot90(one, -1)
I.extract_patches(batch, [1, 3, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], 'VALID')
I.extract_patches(batch, [1, 3, 2, 1], [1, 3, 1, 1], [1, 2, 2, 1], 'SAME')
I.image_gradients(batch)
I.sobel_edges(batch)
I.convert_image_dtype(whole, tf.float32)
I.convert_image_dtype(one, tf.uint8)
I.convert_image_dtype(one * 2 - 0.5, tf.uint8, saturate=True)
I.convert_image_dtype(whole, tf.uint16)
I.convert_image_dtype(tf.cast(whole, tf.int32) * 1000, tf.uint8, saturate=True)
I.convert_image_dtype(one, tf.float16)
I.convert_image_dtype(whole, tf.int16)
I.rgb_to_grayscale(one)
I.rgb_to_grayscale(whole)
I.grayscale_to_rgb(one[..., :1])
I.rgb_to_hsv(one)
I.hsv_to_rgb(one)
I.rgb_to_yiq(one)
I.yiq_to_rgb(one)
I.rgb_to_yuv(one)
I.yuv_to_rgb(one)
I.adjust_brightness(one, 0.2)
I.adjust_brightness(whole, -0.3)
I.adjust_contrast(batch, 1.7)
I.adjust_contrast(whole, 0.4)
I.adjust_gamma(one, 2.2, 0.9)
I.adjust_gamma(whole, 0.5)
I.adjust_hue(one, 0.13)
I.adjust_hue(whole, -0.4)
I.adjust_saturation(one, 1.8)
I.adjust_saturation(whole, 0.3)
I.per_image_standardization(batch)
I.per_image_standardization(whole)
I.per_image_standardization(tf.ones([3, 3, 1]))
I.stateless_random_flip_left_right(batch, [3, 5])
I.stateless_random_flip_up_down(one, [3, 5])
I.stateless_random_brightness(one, 0.3, [1, 2])
I.stateless_random_contrast(one, 0.3, 1.5, [1, 2])
I.stateless_random_hue(one, 0.2, [1, 2])
I.stateless_random_saturation(one, 0.3, 1.5, [1, 2])
I.stateless_random_crop(one, [4, 3, 3], [1, 2])
I.psnr(batch, batch * 0.9, 1.0)
I.psnr(whole, whole[::-1], 255)
I.ssim(big, big[:, ::-1], 1.0)
I.ssim(batch, batch * 0.8 + 0.1, 1.0, filter_size=5)
I.ssim(batch, batch * 0.8 + 0.1, 1.0, filter_size=3, return_index_map=True)
I.ssim_multiscale(big, big * 0.9, 1.0, power_factors=(0.3, 0.7), filter_size=5)
I.total_variation(batch)
I.total_variation(one)
I.crop_and_resize(batch, [[0.1, 0.2, 0.9, 0.7], [0.5, 1.0, -0.2, 0.0], [0, 0, 1.2, 1.5]], [0, 1, 1], [3, 4])
I.crop_and_resize(batch, [[0.1, 0.2, 0.9, 0.7]], [1], [1, 5], 'nearest', 7.0)
I.non_max_suppression(boxes, scores, 5)
I.non_max_suppression(boxes, scores, 10, iou_threshold=0.2, score_threshold=0.3)
I.non_max_suppression_with_scores(boxes, scores, 10, iou_threshold=0.9, soft_nms_sigma=0.4, score_threshold=0.1)
I.non_max_suppression_padded(boxes, scores, 8, 0.3, pad_to_max_output_size=True)
I.draw_bounding_boxes(batch, [[[0.1, 0.2, 0.8, 0.7]], [[-0.3, 0.0, 0.5, 1.4]]], [[1.0, 0.5, 0.0]])
I.decode_png(I.encode_png(whole))
I.decode_png(I.encode_png(whole), channels=1)
I.decode_png(I.encode_png(tf.cast(whole[..., :1], tf.uint16) * 200), dtype=tf.uint16)
I.decode_image(I.encode_png(whole), dtype=tf.float32)
I.is_jpeg(I.encode_png(whole))
I.extract_jpeg_shape(I.encode_jpeg(whole))
""".strip().splitlines()
)  # fmt: skip

REFUSED = """
I.resize(one[0], (3, 3))
I.resize(one, (3, 3), 'cubical')
I.resize(one, 3)
I.central_crop(one, 1.5)
I.crop_to_bounding_box(one, 5, 0, 4, 3)
I.pad_to_bounding_box(one, 0, 0, 3, 3)
I.adjust_gamma(one, -1.0)
I.random_hue(one, 0.7)
I.random_contrast(one, 2.0, 1.0)
I.random_crop(one, [9, 9, 3])
I.decode_png(b'no picture')
I.rgb_to_hsv(one[..., :2])
""".strip().splitlines()


def names(tf: Any) -> dict[str, Any]:
    """What the expressions are written with."""
    draw = np.random.default_rng(11)
    images = draw.random((2, 7, 6, 3)).astype("float32")
    corners = draw.random((9, 2)).astype("float32") * 0.5
    boxes = np.concatenate([corners, corners + 0.2 + draw.random((9, 2)).astype("float32") * 0.3], 1)
    return {
        "tf": tf, "np": np, "I": tf.image, "batch": tf.constant(images), "one": tf.constant(images[0]),
        "two": tf.constant(images[1]), "whole": tf.constant((images[0] * 255).astype("uint8")),
        "big": tf.constant(draw.random((1, 24, 20, 1)).astype("float32")), "boxes": tf.constant(boxes),
        "scores": tf.constant(draw.random(9).astype("float32")),
    }  # fmt: skip
