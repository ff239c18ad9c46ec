"""Data sets: `keras.datasets`."""

from weft.extend import word_absent
from weft.keras.datasets import mnist

word_absent(globals(), "keras.datasets")

__all__ = ["mnist"]
