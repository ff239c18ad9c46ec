"""The keys of a partitioned tensor's slices in a bundle's index.

They are made of numbers and strings encoded so that their bytes sort as they do: a zero, the tensor's name, the number
of dimensions, and start and length of each.
"""

from __future__ import annotations

from typing import Final

from weft.formats.messages.checkpoint import TensorSliceProto

_WHOLE: Final = -1  # the length of a dimension that is taken whole


def is_slice_key(key: bytes) -> bool:
    """Whether a key is a slice's: they start with an encoded zero, which no name does."""
    return key[:1] == b"\0"


def slice_key(name: str, proto: TensorSliceProto) -> bytes:
    """The key of one slice of a tensor.

    Example:
        >>> extent = [{"start": 2, "length": 3}, {}]
        >>> slice_key("w", TensorSliceProto(extent=[TensorSliceProto.Extent(**part) for part in extent])).hex()
        '0077000101028283807f'
    """
    out = [_unsigned(0), _string(name.encode("utf-8")), _unsigned(len(proto.extent))]
    for extent in proto.extent:
        whole = not extent.HasField("length")
        out += [_signed(0 if whole else extent.start), _signed(_WHOLE if whole else extent.length)]
    return b"".join(out)


def _unsigned(value: int) -> bytes:
    """The number of bytes, then the bytes, highest first, without leading zeros."""
    digits = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([len(digits)]) + digits


def _string(value: bytes) -> bytes:
    """The bytes, with zeros escaped, and an end mark that sorts before every byte. UTF-8 has no 255 to escape."""
    return value.replace(b"\0", b"\0\xff") + b"\0\x01"


def _signed(value: int) -> bytes:
    """Two's complement, highest byte first, in as few bytes as hold a sign, a length mark and the digits.

    The mark is as many ones in front as there are bytes, behind the sign, inverted for negative numbers; a number of n
    bytes has 7 n - 1 digits.
    """
    magnitude = ~value if value < 0 else value
    length = max(1, (magnitude.bit_length() + 7) // 7)
    bits = 8 * length
    # The mark is `length` ones at the top; exclusive or'ed in, it leaves negative numbers below positive ones.
    mark = ((1 << length) - 1) << (bits - length)
    return ((value & ((1 << bits) - 1)) ^ mark).to_bytes(length, "big")
