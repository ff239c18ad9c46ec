"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.image import ResizeMethod as ResizeMethod
from weft.compat.v1.image import crop_and_resize as crop_and_resize
from weft.compat.v1.image import draw_bounding_boxes as draw_bounding_boxes
from weft.compat.v1.image import extract_image_patches as extract_image_patches
from weft.compat.v1.image import resize_area as resize_area
from weft.compat.v1.image import resize_bicubic as resize_bicubic
from weft.compat.v1.image import resize_bilinear as resize_bilinear
from weft.compat.v1.image import resize_image_with_pad as resize_image_with_pad
from weft.compat.v1.image import resize_images as _resize
from weft.compat.v1.image import resize_images as resize_images
from weft.compat.v1.image import resize_nearest_neighbor as resize_nearest_neighbor

resize = _resize
