"""What programs of Keras 2 import from here."""

from weft.keras.preprocessing import sequence

__all__ = ["sequence"]
