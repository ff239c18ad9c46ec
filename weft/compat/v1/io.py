"""`tf.io` of version 1: raw bytes as numbers, and Base64."""

from __future__ import annotations

from typing import Any

from weft.api import io as _io
from weft.api.io import decode_base64, encode_base64  # noqa: F401
from weft.compat.v1.ops import _old_name


def decode_raw(input_bytes: Any = None, out_type: Any = None, little_endian: bool = True, name: str | None = None,
               bytes: Any = None) -> Any:  # fmt: skip
    """The bytes of strings, which must be of one length, as numbers; `bytes` is another name of `input_bytes`.

    Raises:
        TypeError: Without strings or a dtype.
    """
    text = _old_name(input_bytes, bytes, "input_bytes", "bytes")
    if text is None or out_type is None:
        raise TypeError("decode_raw needs `input_bytes` and `out_type`.")
    return _io.decode_raw(text, out_type, little_endian, None, name)
