"""The protobuf wire format below the level of messages: varints, tags, fixed-width numbers, packed arrays.

Everything here reads from a `bytes` object between two positions and never allocates more than a small multiple of the
bytes it was given, whatever the bytes claim.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weft.base.errors import DataLossError

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
GROUP_START: Final = 3
GROUP_END: Final = 4
FIXED32: Final = 5

MAX_FIELD_NUMBER: Final = (1 << 29) - 1
_MASK64: Final = (1 << 64) - 1
_VARINT_BYTES: Final = 10
_PACK_CHUNK: Final = 1 << 16

# How each scalar kind travels: its wire type, and the numpy type that holds its values.
VARINT_KINDS: Final[dict[str, npt.DTypeLike]] = {
    "int32": np.int32,
    "int64": np.int64,
    "uint32": np.uint32,
    "uint64": np.uint64,
    "sint32": np.int32,
    "sint64": np.int64,
    "bool": np.bool_,
    "enum": np.int32,
}
FIXED_KINDS: Final[dict[str, npt.DTypeLike]] = {
    "float": "<f4",
    "double": "<f8",
    "fixed32": "<u4",
    "fixed64": "<u8",
    "sfixed32": "<i4",
    "sfixed64": "<i8",
}
FIXED_FORMATS: Final = {
    "float": struct.Struct("<f"),
    "double": struct.Struct("<d"),
    "fixed32": struct.Struct("<I"),
    "fixed64": struct.Struct("<Q"),
    "sfixed32": struct.Struct("<i"),
    "sfixed64": struct.Struct("<q"),
}
NUMERIC_KINDS: Final = frozenset(VARINT_KINDS) | frozenset(FIXED_KINDS)
SCALAR_KINDS: Final = NUMERIC_KINDS | {"string", "bytes"}


def wire_type(kind: str) -> int:
    """The wire type of one value of a kind (`int32`, `string`, `message`, …)."""
    if kind in VARINT_KINDS:
        return VARINT
    if kind in FIXED_KINDS:
        return FIXED32 if FIXED_FORMATS[kind].size == 4 else FIXED64
    return BYTES


def tag_bytes(number: int, wire: int) -> bytes:
    """The encoded tag of a field."""
    return encode_varint(number << 3 | wire)


def encode_varint(value: int) -> bytes:
    """Encodes an integer in base 128, low bits first; a negative one as its 64-bit two's complement."""
    if 0 <= value < 128:
        return _ONE_BYTE[value]
    value &= _MASK64
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


_ONE_BYTE: Final = tuple(bytes([value]) for value in range(128))


def decode_varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """Reads a varint of at most 64 bits.

    Args:
        data: The bytes.
        position: Where the varint starts.
        end: Where the readable bytes end.

    Returns:
        The value, in [0, 2**64), and the position behind it.

    Raises:
        DataLossError: Where it runs past `end` or does not fit 64 bits.
    """
    if position < end and data[position] < 128:  # by far the most are this short
        return data[position], position + 1
    value = 0
    limit = min(end, position + _VARINT_BYTES)
    start = position
    while position < limit:
        byte = data[position]
        value |= (byte & 127) << (7 * (position - start))
        position += 1
        if byte < 128:
            if value > _MASK64:
                break
            return value, position
    if position - start == _VARINT_BYTES:
        raise DataLossError(f"The varint at byte {start} does not fit 64 bits.")
    raise DataLossError(f"The varint at byte {start} is cut off at byte {end}.")


def zigzag_encode(value: int) -> int:
    """Maps signed integers to unsigned ones so that small magnitudes stay small: 0, -1, 1, -2 → 0, 1, 2, 3."""
    return (value << 1) ^ (value >> 63)


def zigzag_decode(value: int) -> int:
    """The inverse of `zigzag_encode`."""
    return (value >> 1) ^ -(value & 1)


def decode_tag(data: bytes, position: int, end: int) -> tuple[int, int, int]:
    """Reads a tag: the field number, the wire type and the position behind it."""
    tag, after = decode_varint(data, position, end)
    number, wire = tag >> 3, tag & 7
    if not 1 <= number <= MAX_FIELD_NUMBER:
        raise DataLossError(f"The tag at byte {position} has the field number {number}, which cannot be.")
    return number, wire, after


def decode_length(data: bytes, position: int, end: int) -> tuple[int, int]:
    """Reads a length prefix: the first position of the content and the one behind it."""
    size, start = decode_varint(data, position, end)
    if size > end - start:
        raise DataLossError(f"The length at byte {position} claims {size} bytes, but {end - start} are left.")
    return start, start + size


def skip_value(data: bytes, position: int, end: int, wire: int, number: int) -> int:
    """The position behind a value of a given wire type; `number` is the field's, for messages."""
    if wire == VARINT:
        return decode_varint(data, position, end)[1]
    if wire == BYTES:
        return decode_length(data, position, end)[1]
    if wire in (FIXED32, FIXED64):
        after = position + (4 if wire == FIXED32 else 8)
        if after > end:
            raise DataLossError(f"The fixed-width value of field {number} at byte {position} is cut off at byte {end}.")
        return after
    if wire in (GROUP_START, GROUP_END):
        raise DataLossError(f"Field {number} at byte {position} is a group, a form that is not supported.")
    raise DataLossError(f"Field {number} at byte {position} has the wire type {wire}, which does not exist.")


def varint_to_number(kind: str, value: int) -> int | bool:
    """Reads a 64-bit varint as a value of a kind, truncated as protobuf does."""
    if kind == "bool":
        return value != 0
    if kind in ("int32", "enum"):
        value &= 0xFFFFFFFF
        return value - (1 << 32) if value >> 31 else value
    if kind == "int64":
        return value - (1 << 64) if value >> 63 else value
    if kind == "uint32":
        return value & 0xFFFFFFFF
    if kind == "sint32":
        return zigzag_decode(value & 0xFFFFFFFF)
    if kind == "sint64":
        return zigzag_decode(value)
    return value


def number_to_varint(kind: str, value: int) -> bytes:
    """Encodes a value of a varint kind."""
    return encode_varint(zigzag_encode(value) if kind in ("sint32", "sint64") else int(value))


def decode_packed(kind: str, data: bytes, position: int, end: int) -> npt.NDArray[Any]:
    """Reads a packed array of numbers.

    Args:
        kind: A numeric kind.
        data: The bytes.
        position: Where the array starts.
        end: Where it ends.

    Returns:
        `[count]` in the kind's numpy type, a copy.

    Raises:
        DataLossError: Where the bytes do not divide into whole values.
    """
    if kind in FIXED_KINDS:
        dtype = np.dtype(FIXED_KINDS[kind])
        if (end - position) % dtype.itemsize:
            raise DataLossError(f"A packed array of {end - position} bytes does not hold whole {kind} values.")
        fixed: npt.NDArray[Any] = np.frombuffer(data, dtype, (end - position) // dtype.itemsize, position)
        return fixed.astype(dtype.newbyteorder("="))
    parts: list[npt.NDArray[Any]] = []
    while position < end:
        part, position = _decode_varint_chunk(kind, data, position, end)
        parts.append(part)
    if not parts:
        return np.empty(0, VARINT_KINDS[kind])
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _decode_varint_chunk(kind: str, data: bytes, position: int, end: int) -> tuple[npt.NDArray[Any], int]:
    """Decodes the whole varints among the next chunk of bytes; working in chunks bounds the temporary arrays."""
    raw = np.frombuffer(data, np.uint8, min(end - position, _PACK_CHUNK), position)
    lasts = np.flatnonzero(raw < 128)
    if lasts.size == 0:
        decode_varint(data, position, end)  # raises, saying whether it is cut off or too long
        raise DataLossError(f"The varint at byte {position} does not end.")
    used = int(lasts[-1]) + 1
    if lasts.size == used:
        values = raw[:used].astype(np.uint64)
    else:
        starts = np.concatenate(([0], lasts[:-1] + 1))
        lengths = lasts - starts + 1
        # The tenth byte holds one bit: more does not fit.
        too_long = (lengths > _VARINT_BYTES) | ((lengths == _VARINT_BYTES) & (raw[lasts] > 1))
        if too_long.any():
            raise DataLossError(f"The varint at byte {position + int(starts[too_long.argmax()])} does not fit 64 bits.")
        offsets = np.arange(used) - np.repeat(starts, lengths)
        pieces = (raw[:used] & np.uint8(127)).astype(np.uint64) << (offsets * 7).astype(np.uint64)
        values = np.bitwise_or.reduceat(pieces, starts)
    return _convert_varints(kind, values), position + used


def _convert_varints(kind: str, values: npt.NDArray[np.uint64]) -> npt.NDArray[Any]:
    if kind == "bool":
        return values.astype(np.bool_)
    if kind in ("sint32", "sint64"):
        if kind == "sint32":
            values = values & np.uint64(0xFFFFFFFF)
        half = (values >> np.uint64(1)).astype(np.int64)
        return (half ^ -(values & np.uint64(1)).astype(np.int64)).astype(VARINT_KINDS[kind])
    if kind in ("int32", "enum"):
        return values.astype(np.uint32).view(np.int32)
    return values.astype(VARINT_KINDS[kind])


def encode_packed(kind: str, values: npt.NDArray[Any]) -> bytes:
    """Encodes an array of numbers, already of the kind's range, as the content of a packed field."""
    if kind in FIXED_KINDS:
        return bytes(np.ascontiguousarray(values, FIXED_KINDS[kind]).data)
    if kind == "bool":
        return np.ascontiguousarray(values, np.uint8).tobytes()
    signed = np.asarray(values)
    if kind in ("sint32", "sint64"):
        wide = signed.astype(np.int64)
        unsigned = ((wide << 1) ^ (wide >> 63)).view(np.uint64)
    elif signed.dtype == np.uint64:
        unsigned = signed
    else:
        unsigned = signed.astype(np.int64).view(np.uint64)
    if unsigned.size and unsigned.max() < 128:
        return bytes(unsigned.astype(np.uint8).data)
    return b"".join(_encode_chunk(unsigned[i : i + _PACK_CHUNK]) for i in range(0, unsigned.size, _PACK_CHUNK))


def _encode_chunk(values: npt.NDArray[np.uint64]) -> bytes:
    shifts = np.arange(_VARINT_BYTES, dtype=np.uint64) * np.uint64(7)
    shifted = values[:, None] >> shifts  # [count, 10]: what is left from each digit on
    used = shifted != 0
    used[:, 0] = True
    digits = (shifted & np.uint64(127)).astype(np.uint8)
    digits[:, :-1] |= used[:, 1:].astype(np.uint8) << np.uint8(7)
    return bytes(digits[used].data)
