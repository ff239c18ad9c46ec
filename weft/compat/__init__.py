"""What TensorFlow calls ``tf.compat``, and the ``tensorflow`` and ``keras`` import names.

``weft.compat.v1`` are TensorFlow 1's names with TensorFlow 1's meanings, ``weft.compat.v2`` is Weft's own front door.
"""

import importlib
import numbers
import os
from types import ModuleType
from typing import Any

import numpy as np

bytes_or_text_types = (bytes, str)
complex_types = (numbers.Complex, np.number)
integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)

_SUBMODULES = ("v1", "v2")


def as_bytes(bytes_or_text: bytes | bytearray | str, encoding: str = "utf-8") -> bytes:
    """Give text as bytes, and bytes as they are.

    Raises:
        TypeError: It is neither.

    Example:
        >>> as_bytes("weft")
        b'weft'
    """
    if isinstance(bytes_or_text, bytearray):
        return bytes(bytes_or_text)
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text
    raise TypeError(f"as_bytes expected text or bytes, received {bytes_or_text!r}. Convert it with str() first.")


def as_text(bytes_or_text: bytes | str, encoding: str = "utf-8") -> str:
    """Give bytes as text, and text as it is.

    Raises:
        TypeError: It is neither.

    Example:
        >>> as_text(b"weft")
        'weft'
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    raise TypeError(f"as_text expected text or bytes, received {bytes_or_text!r}. Convert it with str() first.")


as_str = as_text


def as_str_any(value: Any, encoding: str = "utf-8") -> str:
    """Give anything as text: bytes decoded, all else through `str`."""
    return as_text(value, encoding) if isinstance(value, bytes) else str(value)


def path_to_str(path: Any) -> Any:
    """Give a path object as text, and anything else as it is."""
    return as_str_any(os.fspath(path)) if hasattr(path, "__fspath__") else path


def dimension_value(dimension: Any) -> int | None:
    """Give a dimension as an int or None, whether it is TensorFlow 1's object or plain."""
    return getattr(dimension, "value", dimension)


def __getattr__(name: str) -> ModuleType:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
