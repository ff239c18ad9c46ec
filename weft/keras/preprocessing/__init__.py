"""What programs of Keras 2 import from here."""

from weft.extend import word_absent
from weft.keras.preprocessing import image, sequence, text
from weft.keras.utils.directories import (
    image_dataset_from_directory,
    text_dataset_from_directory,
    timeseries_dataset_from_array,
)

word_absent(globals(), "keras.preprocessing")

__all__ = [
    "image", "image_dataset_from_directory", "sequence", "text", "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]  # fmt: skip
