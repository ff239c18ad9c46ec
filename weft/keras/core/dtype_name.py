"""Dtypes as Keras gives them: their names, which also answer what TensorFlow's dtypes are asked."""

from __future__ import annotations

from typing import Any

import weft as tf


class DTypeName(str):
    """The name of a dtype, a `str`; whatever a `tf.DType` knows (`name`, `is_floating`, `size`, …) it knows, too.

    Example:
        >>> from weft import keras
        >>> dtype = keras.Input((2,)).dtype
        >>> f"{dtype}", dtype.startswith("float"), dtype.is_floating, dtype == "float32"
        ('float32', True, True, True)
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(tf.as_dtype(self), name)

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other) if isinstance(other, str) else tf.as_dtype(self) == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


_NAMES: dict[tf.DType, DTypeName] = {}


def named(dtype: tf.DType) -> DTypeName:
    """The name of a dtype, the same object each time."""
    found = _NAMES.get(dtype)
    return found if found is not None else _NAMES.setdefault(dtype, DTypeName(dtype.name))
