"""Pictures in files and as arrays, and pictures changed at random."""

from weft.extend import word_absent
from weft.keras.preprocessing.affine import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
)
from weft.keras.preprocessing.image_generator import ImageDataGenerator
from weft.keras.preprocessing.image_iterators import DataFrameIterator, DirectoryIterator, Iterator, NumpyArrayIterator
from weft.keras.utils.image_utils import array_to_img, img_to_array, load_img, save_img, smart_resize

word_absent(globals(), "keras.preprocessing.image")

__all__ = [
    "DataFrameIterator", "DirectoryIterator", "ImageDataGenerator", "Iterator", "NumpyArrayIterator",
    "apply_affine_transform", "apply_brightness_shift", "apply_channel_shift", "array_to_img", "img_to_array",
    "load_img", "random_brightness", "random_channel_shift", "random_rotation", "random_shear", "random_shift",
    "random_zoom", "save_img", "smart_resize",
]  # fmt: skip
