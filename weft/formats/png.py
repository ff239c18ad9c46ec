"""A PNG encoder for image summaries: 8 bits a channel, grey to RGBA."""

from __future__ import annotations

import struct
import zlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weft.base.errors import InvalidArgumentError, explain

_COLOR_TYPES: Final = {1: 0, 2: 4, 3: 2, 4: 6}  # by channels: grey, grey with alpha, RGB, RGBA
_MAX_SIDE: Final = (1 << 31) - 1


def encode_png(image: npt.NDArray[Any], level: int = 6) -> bytes:
    """Encodes an image.

    Args:
        image: `[height, width, channels]`, uint8, with 1 to 4 channels; at least one pixel.
        level: zlib's compression level.

    Returns:
        The PNG file.

    Raises:
        InvalidArgumentError: For another dtype, rank or number of channels.

    Example:
        >>> import numpy as np
        >>> encode_png(np.zeros((2, 2, 3), np.uint8))[:4]
        b'\\x89PNG'
    """
    array = np.asarray(image)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] not in _COLOR_TYPES or 0 in array.shape:
        raise InvalidArgumentError(
            explain(
                "encode_png: this array is no image.",
                expected="uint8 [height, width, 1 to 4], not empty",
                received=f"{array.dtype} {list(array.shape)}",
                hint="scale to 0 … 255, cast to uint8, and add a channel axis where there is none",
            )
        )
    height, width, channels = array.shape
    if max(height, width) > _MAX_SIDE:
        raise InvalidArgumentError(f"encode_png: a side of {max(height, width)} pixels is too long for PNG.")
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOR_TYPES[channels], 0, 0, 0)
    filtered = _filter_rows(array.reshape(height, width * channels))
    pieces = [b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", header)]
    pieces += [_chunk(b"IDAT", zlib.compress(filtered, level)), _chunk(b"IEND", b"")]
    return b"".join(pieces)


def _filter_rows(rows: npt.NDArray[np.uint8]) -> bytes:
    """Each row as differences from the row above (filter 2), which compress far better than the bytes themselves."""
    out = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    out[:, 0] = 2
    out[0, 1:] = rows[0]
    out[1:, 1:] = rows[1:] - rows[:-1]
    return out.tobytes()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
