"""What programs of Keras 2 import from here."""

from weft.extend import word_absent
from weft.keras.preprocessing import image, sequence

word_absent(globals(), "keras.preprocessing")

__all__ = ["image", "sequence"]
