"""A PNG encoder of grey to RGBA, and what Pillow lacks: a decoder of 16 bits for each of several channels."""

from __future__ import annotations

import struct
import zlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weft.base.errors import DataLossError, InvalidArgumentError, explain

_COLOR_TYPES: Final = {1: 0, 2: 4, 3: 2, 4: 6}  # by channels: grey, grey with alpha, RGB, RGBA
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_MAX_SIDE: Final = (1 << 31) - 1


def encode_png(image: npt.NDArray[Any], level: int = 6) -> bytes:
    """Encodes an image.

    Args:
        image: `[height, width, channels]`, uint8 or uint16, with 1 to 4 channels; at least one pixel.
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
    whole = array.ndim == 3 and array.shape[2] in _COLOR_TYPES and 0 not in array.shape
    if array.dtype not in (np.uint8, np.uint16) or not whole:
        raise InvalidArgumentError(
            explain(
                "encode_png: this array is no image.",
                expected="uint8 or uint16 [height, width, 1 to 4], not empty",
                received=f"{array.dtype} {list(array.shape)}",
                hint="scale to 0 … 255, cast to uint8, and add a channel axis where there is none",
            )
        )
    height, width, channels = array.shape
    if max(height, width) > _MAX_SIDE:
        raise InvalidArgumentError(f"encode_png: a side of {max(height, width)} pixels is too long for PNG.")
    header = struct.pack(">IIBBBBB", width, height, 8 * array.itemsize, _COLOR_TYPES[channels], 0, 0, 0)
    numbers = np.ascontiguousarray(array, ">u2").view(np.uint8) if array.dtype == np.uint16 else array
    filtered = _filter_rows(numbers.reshape(height, width * channels * array.itemsize))
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


def is_deep(data: bytes) -> bool:
    """Whether a file is a PNG file with 16 bits for each of several channels."""
    return data[:8] == _SIGNATURE and data[24:25] == b"\x10" and data[25:26] in (b"\x02", b"\x04", b"\x06")


def decode_deep(data: bytes, most: int) -> npt.NDArray[np.uint16] | None:
    """The pixels of a file that `is_deep`.

    Args:
        data: The file.
        most: As many pixels as it may have.

    Returns:
        `[height, width, channels]`; None for files whose rows are interlaced, or that have a colour for transparency.

    Raises:
        DataLossError: Where it is damaged.
    """
    position, packed, header = 8, [], b""
    while position + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        content = data[position + 8 : position + 8 + size]
        if data[position + 8 + size : position + 12 + size] != struct.pack(">I", zlib.crc32(kind + content)):
            raise DataLossError("a PNG file is damaged: the checksum of a part does not match.")
        if kind == b"tRNS":
            return None
        if kind == b"IHDR":
            header = content
        elif kind == b"IDAT":
            packed.append(content)
        position += 12 + size
    if len(header) != 13:
        raise DataLossError("a PNG file is damaged: it has no header.")
    width, height, _, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if interlaced or not 0 < width * height <= most:
        return None
    channels = {number: count for count, number in _COLOR_TYPES.items()}[colour]
    step, length = 2 * channels, 2 * channels * width
    try:
        content = zlib.decompressobj().decompress(b"".join(packed), height * (length + 1))
    except zlib.error as error:
        raise DataLossError(f"a PNG file is damaged: {error}.") from None
    if len(content) < height * (length + 1):
        raise DataLossError("a PNG file is cut short.")
    rows = np.frombuffer(content, np.uint8).reshape(height, length + 1)
    out = np.zeros((height + 1, length), np.uint8)  # a row of zeros before the first one
    for place in range(height):
        out[place + 1] = _unfiltered(int(rows[place, 0]), rows[place, 1:], out[place], step)
    return out[1:].view(">u2").astype(np.uint16).reshape(height, width, channels)


def _unfiltered(kind: int, row: npt.NDArray[np.uint8], above: npt.NDArray[np.uint8], step: int) -> Any:
    """A row's bytes from their differences to the pixel on the left, the one above, their mean or the nearest one."""
    if kind == 0:
        return row
    if kind == 1:
        return np.cumsum(row.reshape(-1, step), axis=0, dtype=np.uint8).reshape(-1)
    if kind == 2:
        return row + above
    if kind not in (3, 4):
        raise DataLossError(f"a PNG file is damaged: there is no filter {kind}.")
    found, over = bytearray(step) + bytearray(row.tobytes()), bytes(step) + above.tobytes()
    for place in range(step, len(found)):
        left, up = found[place - step], over[place]
        if kind == 3:
            near = left + up >> 1
        else:
            corner = over[place - step]
            a, b, c = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
            near = left if a <= b and a <= c else up if b <= c else corner
        found[place] = (found[place] + near) & 255
    return np.frombuffer(bytes(found[step:]), np.uint8)
