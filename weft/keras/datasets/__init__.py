"""Data sets: `keras.datasets`."""

from weft.keras.datasets import mnist

__all__ = ["mnist"]
