"""Pictures in files and as arrays."""

from weft.extend import word_absent
from weft.keras.utils.image_utils import array_to_img, img_to_array, load_img, save_img, smart_resize

word_absent(globals(), "keras.preprocessing.image")

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]
