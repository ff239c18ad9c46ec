"""`keras.ops.image`."""

from weft.keras.ops.groups import group

__getattr__, __dir__, __all__ = group("image")
