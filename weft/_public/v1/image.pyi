"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.compat.v1.image import ResizeMethod as ResizeMethod
from weft.compat.v1.image import draw_bounding_boxes as draw_bounding_boxes
from weft.compat.v1.image import resize_image_with_crop_or_pad as resize_image_with_crop_or_pad
from weft.compat.v1.image import resize_images as _resize
from weft.compat.v1.image import resize_images as resize_images

resize = _resize

def crop_and_resize(
    image: Any, boxes: Any, box_ind: Any = ..., crop_size: Any = ..., method: str = ..., extrapolation_value: float =
    ..., name: str | None = ..., box_indices: Any = ...
) -> Any:
    """Parts of images, each of one size; `box_indices` is another name of `box_ind`. See `weft.image`."""

def extract_image_patches(
    images: Any, ksizes: Any = ..., strides: Any = ..., rates: Any = ..., padding: Any = ..., name: str | None = ...,
    sizes: Any = ...
) -> Any:
    """Windows of images as channels; `sizes` is another name of `ksizes`. See `weft.image.extract_patches`."""

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

def resize_image_with_pad(
    image: Any, target_height: Any, target_width: Any, method: Any = ..., align_corners: bool = ...
) -> Any:
    """Images as large as fits into a size, in their own proportions, in the middle of zeros."""

def resize_nearest_neighbor(
    images: Any, size: Any, align_corners: bool = ..., name: str | None = ..., half_pixel_centers: bool = ...
) -> Any:
    """Images of another size and the same dtype, of the pixels themselves; see `resize_bilinear`."""
