"""CRC-32C (Castagnoli), the checksum of TFRecord files and checkpoints, vectorised over numpy.

A CRC is linear over GF(2): the remainder of a message is the exclusive or of the remainders of its bytes, each shifted
by its distance to the end. Long buffers are folded: seen as rows of 64-bit words, the running row is moved on by one
row's length through lookup tables and exclusive-or'ed into the next, until a single row is left that has the same
remainder as the whole. Short ones look each byte up in a table of (distance to the end, byte).
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

_POLYNOMIAL: Final = 0x82F63B78  # reflected: the highest bit is the coefficient of x^0
_MASK_DELTA: Final = 0xA282EAD8
_ALL_ONES: Final = 0xFFFFFFFF
# Row lengths in words. The longest spreads the cost of numpy's calls and still lies in the second-level cache; the
# others bring what is left down to the reach of the position table.
_ROWS: Final = (8192, 1024, 128)
_BLOCK: Final = _ROWS[-1] * 8
_LOOP_BELOW: Final = 24  # bytes: below, a plain loop beats the overhead of numpy

Buffer = bytes | bytearray | memoryview
_Table = npt.NDArray[np.uint32]
_Words = npt.NDArray[np.uint64]


def crc32c(data: Buffer, crc: int = 0) -> int:
    """The CRC-32C of some bytes.

    Args:
        data: Any contiguous buffer.
        crc: The checksum of the bytes in front of these, to be extended.

    Returns:
        The checksum, in [0, 2**32).

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
        >>> crc32c(b"6789", crc32c(b"12345")) == crc32c(b"123456789")
        True
    """
    view = memoryview(data).cast("B")
    remainder = crc ^ _ALL_ONES
    if len(view) < _LOOP_BELOW:
        return _loop(view, remainder) ^ _ALL_ONES
    if len(view) <= _BLOCK:
        return _short(np.frombuffer(view, np.uint8), remainder) ^ _ALL_ONES
    tail = len(view) % 8
    words: _Words = np.frombuffer(view[: len(view) - tail], "<u8")
    for row in _ROWS:
        if words.size > row:
            words = _fold(words, row, remainder)
            remainder = 0
    remainder = _short(words.view(np.uint8), remainder)
    return _loop(view[len(view) - tail :], remainder) ^ _ALL_ONES


def mask(crc: int) -> int:
    """The stored form of a checksum: rotated and offset, so that a CRC over data with CRCs in it stays meaningful."""
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & _ALL_ONES


def unmask(masked: int) -> int:
    """The inverse of `mask`."""
    rotated = (masked - _MASK_DELTA) & _ALL_ONES
    return (rotated >> 17 | rotated << 15) & _ALL_ONES


def masked_crc32c(data: Buffer) -> int:
    """The masked CRC-32C of some bytes, as files hold it."""
    return mask(crc32c(data))


def _make_byte_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


_BYTE_TABLE: Final = _make_byte_table()


def _loop(data: memoryview, remainder: int) -> int:
    table = _BYTE_TABLE
    for byte in data:
        remainder = remainder >> 8 ^ table[(remainder ^ byte) & 255]
    return remainder


def _short(data: npt.NDArray[np.uint8], remainder: int) -> int:
    """Takes a remainder through 4 to `_BLOCK` bytes. It counts as exclusive-or'ed into the first four of them."""
    index = data.astype(np.intp)
    for byte in range(4):
        index[byte] ^= remainder >> 8 * byte & 255
    index += _position_offsets()[_BLOCK - data.size :]
    return int(np.bitwise_xor.reduce(_position_table().take(index)))


def _fold(words: _Words, row: int, remainder: int) -> _Words:
    """The one row of words that has the same remainder as more than a row of them.

    Words in front that fill no row of their own make a first row, with zeros before them, which change nothing.
    """
    head = words.size % row or row
    running = np.zeros(row, "<u8")
    running[row - head :] = words[:head]
    running[row - head] ^= np.uint64(remainder)
    quarters = running.view("<u2").reshape(row, 4)
    index = np.empty(row, np.intp)
    moved, looked_up = np.empty((2, row), np.uint32)
    tables = _fold_tables(row * 8)
    for start in range(head, words.size, row):
        index[:] = quarters[:, 0]
        tables[0].take(index, out=moved, mode="wrap")  # "wrap", for with "raise" numpy buffers the output
        for quarter in (1, 2, 3):
            index[:] = quarters[:, quarter]
            tables[quarter].take(index, out=looked_up, mode="wrap")
            np.bitwise_xor(moved, looked_up, out=moved)
        np.bitwise_xor(words[start : start + row], moved, out=running)
    return running


@cache
def _fold_tables(row_bytes: int) -> tuple[_Table, _Table, _Table, _Table]:
    """Tables that move a word on by a row, one for each sixteen bits of it.

    The low half of a word acts as a remainder at the word's place; moved on by a row, it is exclusive-or'ed into the
    low half of the word below. The high half lies four bytes further on, so it has four bytes less to go.
    """
    low, high = _advance(row_bytes), _advance(row_bytes - 4)
    return _spread(low[:16]), _spread(low[16:]), _spread(high[:16]), _spread(high[16:])


def _advance(count: int) -> list[int]:
    """What each bit of a remainder turns into over `count` zero bytes."""
    result = [1 << bit for bit in range(32)]
    power = [_loop(memoryview(b"\0"), bit) for bit in result]
    while count:
        if count & 1:
            result = [_apply(power, column) for column in result]
        power = [_apply(power, column) for column in power]
        count >>= 1
    return result


def _apply(matrix: list[int], value: int) -> int:
    out = 0
    for column in matrix:
        if value & 1:
            out ^= column
        value >>= 1
    return out


def _spread(columns: list[int]) -> _Table:
    """The exclusive or of every set of columns, by the bits of the index."""
    table = np.zeros(1 << len(columns), np.uint32)
    for bit, column in enumerate(columns):
        np.bitwise_xor(table[: 1 << bit], np.uint32(column), out=table[1 << bit : 2 << bit])
    return table


@cache
def _position_table() -> _Table:
    """`[_BLOCK * 256]`: the remainder of a byte and the zero bytes behind it, in a block."""
    table = np.empty((_BLOCK, 256), np.uint32)
    table[-1] = step = np.array(_BYTE_TABLE, np.uint32)
    for row in range(_BLOCK - 1, 0, -1):
        following = table[row]
        table[row - 1] = following >> np.uint32(8) ^ step[following & np.uint32(255)]
    return table.reshape(-1)


@cache
def _position_offsets() -> npt.NDArray[np.intp]:
    return np.arange(_BLOCK, dtype=np.intp) * 256
