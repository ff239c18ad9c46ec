"""`keras.legacy`: what Keras keeps from its second version."""

from weft.extend import word_absent
from weft.keras.legacy import saving

word_absent(globals(), "keras.legacy")

__all__ = ["saving"]
