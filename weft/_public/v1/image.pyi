"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.compat.v1.image import ResizeMethod as ResizeMethod
from weft.compat.v1.image import resize_images as _resize
from weft.compat.v1.image import resize_images as resize_images
from weft.compat.v1.making import random_crop as random_crop

resize = _resize

def crop_and_resize(
    image: Any, boxes: Any, box_ind: Any = ..., crop_size: Any = ..., method: str = ..., extrapolation_value: float =
    ..., name: str | None = ..., box_indices: Any = ...
) -> Any:
    """Parts of images, each of one size; `box_indices` is another name of `box_ind`. See `weft.image`."""

def draw_bounding_boxes(images: Any, boxes: Any, name: str | None = ..., colors: Any = ...) -> Any:
    """Images with boxes drawn into them; see `weft.image.draw_bounding_boxes`. Version 1 takes the name third."""

def extract_glimpse(
    input: Any, size: Any, offsets: Any, centered: bool = ..., normalized: bool = ..., uniform_noise: bool = ..., name:
    str | None = ...
) -> Any:
    """One window of each image, which lies around its offset; see `weft.image.extract_glimpse`."""

def extract_image_patches(
    images: Any, ksizes: Any = ..., strides: Any = ..., rates: Any = ..., padding: Any = ..., name: str | None = ...,
    sizes: Any = ...
) -> Any:
    """Windows of images as channels; `sizes` is another name of `ksizes`. See `weft.image.extract_patches`."""

def non_max_suppression_padded(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = ..., score_threshold: Any = ...,
    pad_to_max_output_size: bool = ..., name: str | None = ...
) -> Any:
    """`non_max_suppression`, filled with zeros up to `max_output_size`: (numbers, how many)."""

def non_max_suppression_with_scores(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = ..., score_threshold: Any = ..., soft_nms_sigma:
    Any = ..., name: str | None = ...
) -> tuple[Any, Any]:
    """`non_max_suppression` with the scores that boxes have left; a sigma above 0 lowers those of boxes that stay."""

def resize_area(images: Any, size: Any, align_corners: bool = ..., name: str | None = ...) -> Any:
    """Images of another size, each pixel the mean of the area that it covers; see `resize_bilinear`."""

def resize_bicubic(
    images: Any, size: Any, align_corners: bool = ..., name: str | None = ..., half_pixel_centers: bool = ...
) -> Any:
    """Images of another size, mixed of the sixteen pixels around each place; see `resize_bilinear`."""

def resize_bilinear(
    images: Any, size: Any, align_corners: bool = ..., name: str | None = ..., half_pixel_centers: bool = ...
) -> Any:
    """Images of another size, mixed of the four pixels around each place."""

def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Any:
    """Images of a size, their middle kept and zeros around it."""

def resize_image_with_pad(
    image: Any, target_height: Any, target_width: Any, method: Any = ..., align_corners: bool = ...
) -> Any:
    """Images as large as fits into a size, in their own proportions, in the middle of zeros."""

def resize_nearest_neighbor(
    images: Any, size: Any, align_corners: bool = ..., name: str | None = ..., half_pixel_centers: bool = ...
) -> Any:
    """Images of another size and the same dtype, of the pixels themselves; see `resize_bilinear`."""

def resize_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Any:
    """Images of a size, their middle kept and zeros around it."""

def sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: Any, seed: int | None = ..., seed2: int | None = ..., min_object_covered: Any =
    ..., aspect_ratio_range: Any = ..., area_range: Any = ..., max_attempts: int | None = ...,
    use_image_if_no_bounding_boxes: bool | None = ..., name: str | None = ...
) -> Any:
    """A random crop of an image that covers enough of one of its boxes; see `weft.image`. There are two seeds."""

def transpose(image: Any, name: str | None = ...) -> Any:
    """Images with height and width exchanged."""

def transpose_image(image: Any, name: str | None = ...) -> Any:
    """Images with height and width exchanged."""
