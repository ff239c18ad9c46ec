"""Decodes Snappy's raw block format, in which some SSTables keep their blocks."""

from __future__ import annotations

from typing import Final

from weft.base.errors import DataLossError
from weft.formats.wire import decode_varint

MAX_LENGTH: Final = (1 << 32) - 1


def decompress(data: bytes) -> bytes:
    """Decodes a block.

    Args:
        data: The length of the content as a varint, then literals and copies.

    Returns:
        The content. Nothing is allocated for a claimed length, only for what the block really holds.

    Raises:
        DataLossError: Where the block is damaged.

    Example:
        >>> decompress(bytes([8, 0, 97, 0x0D, 1]))
        b'aaaaaaaa'
    """
    length, position = decode_varint(data, 0, len(data))
    if length > MAX_LENGTH:
        raise DataLossError(f"Snappy block: a length of {length} bytes is too long.")
    out = bytearray()
    end = len(data)
    while position < end:
        tag = data[position]
        position += 1
        kind = tag & 3
        if kind == 0:
            size, position = _literal_size(data, position, tag >> 2)
            if size > end - position:
                raise DataLossError(f"Snappy block: the literal at byte {position} is cut off.")
            out += data[position : position + size]
            position += size
        else:
            width = (1, 2, 4)[kind - 1]
            if width > end - position:
                raise DataLossError(f"Snappy block: the copy at byte {position} is cut off.")
            offset = int.from_bytes(data[position : position + width], "little")
            size = (tag >> 2) + 1
            if kind == 1:
                offset |= tag >> 5 << 8
                size = (tag >> 2 & 7) + 4
            position += width
            _copy(out, offset, size)
        if len(out) > length:
            raise DataLossError(f"Snappy block: it holds more than the {length} bytes that it claims.")
    if len(out) != length:
        raise DataLossError(f"Snappy block: it holds {len(out)} of the {length} bytes that it claims.")
    return bytes(out)


def _literal_size(data: bytes, position: int, code: int) -> tuple[int, int]:
    """The size of a literal: up to 60 in the tag itself, beyond that in one to four bytes."""
    if code < 60:
        return code + 1, position
    width = code - 59
    if width > len(data) - position:
        raise DataLossError(f"Snappy block: the length at byte {position} is cut off.")
    return int.from_bytes(data[position : position + width], "little") + 1, position + width


def _copy(out: bytearray, offset: int, size: int) -> None:
    """Repeats what stands `offset` bytes back; a copy longer than that repeats itself."""
    if not 1 <= offset <= len(out):
        raise DataLossError(f"Snappy block: a copy reaches {offset} bytes back where there are {len(out)}.")
    start = len(out) - offset
    pattern = bytes(out[start : start + size])
    out += (pattern * (size // len(pattern) + 1))[:size]
