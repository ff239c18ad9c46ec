"""Sorted string tables in LevelDB's layout, the index files of checkpoints.

A table is blocks of entries sorted by key, an index block with the last key (or a separator) and the place of each of
them, and a footer with the place of the index. In a block, a key is stored as the length that it shares with the key
before it and the rest; every sixteenth stands whole, and the list of those ends the block. Each block is followed by a
byte that tells its compression and the masked CRC-32C of both.
"""

from __future__ import annotations

import bisect
import os
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, NamedTuple

from weft.base.errors import DataLossError, InvalidArgumentError, NotFoundError
from weft.formats import files, snappy
from weft.formats.crc32c import masked_crc32c
from weft.formats.wire import decode_varint, encode_varint

MAGIC: Final = 0xDB4775248B80FB57
_FOOTER_SIZE: Final = 48
_HANDLE_SPACE: Final = 40  # two handles of at most twenty bytes, padded
_TRAILER: Final = struct.Struct("<BI")
_RAW, _SNAPPY = 0, 1
_BLOCK_SIZE: Final = 262144
_RESTART_INTERVAL: Final = 16
# Prefix compression lets a few bytes stand for a long key; the keys of an honest table do not come near this.
_KEY_BYTES_FREE: Final = 1 << 26
_KEY_BYTES_PER_BYTE: Final = 16


class _Handle(NamedTuple):
    offset: int
    size: int

    def encode(self) -> bytes:
        return encode_varint(self.offset) + encode_varint(self.size)


def _decode_handle(data: bytes, position: int) -> tuple[_Handle, int]:
    offset, position = decode_varint(data, position, len(data))
    size, position = decode_varint(data, position, len(data))
    return _Handle(offset, size), position


def _shared_length(one: bytes, other: bytes) -> int:
    """How many bytes two keys have in common at their start."""
    limit = min(len(one), len(other))
    if one[:limit] == other[:limit]:
        return limit
    return next(position for position in range(limit) if one[position] != other[position])


class _BlockBuilder:
    """Collects the entries of one block."""

    def __init__(self, restart_interval: int) -> None:
        self._restart_interval = restart_interval
        self.reset()

    def reset(self) -> None:
        self._data = bytearray()
        self._restarts = [0]
        self._since_restart = 0
        self._last_key = b""

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._since_restart < self._restart_interval:
            shared = _shared_length(self._last_key, key)
        else:
            self._restarts.append(len(self._data))
            self._since_restart = 0
        self._data += encode_varint(shared) + encode_varint(len(key) - shared) + encode_varint(len(value))
        self._data += key[shared:] + value
        self._last_key = key
        self._since_restart += 1

    def finish(self) -> bytes:
        return bytes(self._data) + struct.pack(f"<{len(self._restarts) + 1}I", *self._restarts, len(self._restarts))

    def size(self) -> int:
        return len(self._data) + 4 * (len(self._restarts) + 1)

    def is_empty(self) -> bool:
        return not self._data


def shortest_separator(low: bytes, high: bytes) -> bytes:
    """A short key that is at least `low` and below `high`."""
    shared = _shared_length(low, high)
    if shared < min(len(low), len(high)) and low[shared] < 255 and low[shared] + 1 < high[shared]:
        return low[:shared] + bytes([low[shared] + 1])
    return low


def short_successor(key: bytes) -> bytes:
    """A short key that is at least `key`."""
    for position, byte in enumerate(key):
        if byte < 255:
            return key[:position] + bytes([byte + 1])
    return key


class TableWriter:
    """Writes a table to a binary file, entry by entry in the order of the keys, without compression.

    Args:
        file: Where to write; it stays open.
        block_size: The size at which a block ends.

    Example:
        >>> import io
        >>> file = io.BytesIO()
        >>> writer = TableWriter(file)
        >>> writer.add(b"a", b"1")
        >>> writer.finish()
        >>> dict(TableReader(file).items())
        {b'a': b'1'}
    """

    def __init__(self, file: BinaryIO, *, block_size: int = _BLOCK_SIZE) -> None:
        self._file = file
        self._offset = 0
        self._block_size = block_size
        self._block = _BlockBuilder(_RESTART_INTERVAL)
        self._index = _BlockBuilder(1)
        self._last_key: bytes | None = None
        # The index entry of a finished block waits for the next key, which lets it be short.
        self._pending: _Handle | None = None

    def add(self, key: bytes, value: bytes) -> None:
        """Adds an entry.

        Raises:
            InvalidArgumentError: Where the key does not come after the one before.
        """
        if self._last_key is not None and key <= self._last_key:
            raise InvalidArgumentError(f"TableWriter.add: {key!r} does not come after {self._last_key!r}.")
        if self._pending is not None:
            self._index.add(shortest_separator(self._last_key or b"", key), self._pending.encode())
            self._pending = None
        self._block.add(key, value)
        self._last_key = key
        if self._block.size() >= self._block_size:
            self._end_block()

    def _end_block(self) -> None:
        self._pending = self._write_block(self._block.finish())
        self._block.reset()

    def _write_block(self, content: bytes) -> _Handle:
        handle = _Handle(self._offset, len(content))
        checked = content + bytes([_RAW])
        self._file.write(checked + struct.pack("<I", masked_crc32c(checked)))
        self._offset += len(content) + _TRAILER.size
        return handle

    def finish(self) -> None:
        """Writes the last block, the index and the footer."""
        if not self._block.is_empty():
            self._end_block()
        meta = self._write_block(_BlockBuilder(1).finish())
        if self._pending is not None:
            self._index.add(short_successor(self._last_key or b""), self._pending.encode())
        index = self._write_block(self._index.finish())
        handles = meta.encode() + index.encode()
        self._file.write(handles.ljust(_HANDLE_SPACE, b"\0") + struct.pack("<Q", MAGIC))


class TableReader(files.Closing):
    """Reads a table.

    Args:
        source: The path of a file, or an open binary file that can be sought; it is closed with the reader.
        name: What errors call it; None takes the path.

    Raises:
        NotFoundError: Where there is no such file.
        DataLossError: Where it is no table, or damaged; names the file and the byte offset.
    """

    def __init__(self, source: str | os.PathLike[str] | BinaryIO, *, name: str | None = None) -> None:
        if isinstance(source, (str, os.PathLike)):
            self._name = name or os.fspath(source)
            try:
                self._file: BinaryIO = open(source, "rb")
            except FileNotFoundError:
                raise NotFoundError(f"There is no file {self._name}.") from None
        else:
            self._name, self._file = name or "table", source
        try:
            self._size = self._file.seek(0, os.SEEK_END)
            self._index = self._read_index()
        except BaseException:
            self.close()
            raise
        self._last_keys = [key for key, _ in self._index]

    def _error(self, problem: str, offset: int) -> DataLossError:
        return DataLossError(f"{self._name}: at byte {offset}: {problem}")

    def _read_index(self) -> list[tuple[bytes, _Handle]]:
        start = self._size - _FOOTER_SIZE
        if start < 0:
            raise self._error(f"the file has {self._size} bytes, too few for a table.", 0)
        self._file.seek(start)
        footer = self._file.read(_FOOTER_SIZE)
        if int.from_bytes(footer[_HANDLE_SPACE:], "little") != MAGIC:
            raise self._error("this is no table: its last eight bytes are wrong. Is the file cut off?", start)
        try:
            _, position = _decode_handle(footer, 0)
            index, _ = _decode_handle(footer, position)
        except DataLossError as error:
            raise self._error(f"the footer is damaged ({error})", start) from None
        entries = []
        for key, value in self._ordered_entries([index]):
            try:
                entries.append((key, _decode_handle(value, 0)[0]))
            except DataLossError as error:
                raise self._error(f"the index is damaged ({error})", index.offset) from None
        return entries

    def _read_block(self, handle: _Handle) -> bytes:
        if handle.offset + handle.size + _TRAILER.size > self._size:
            raise self._error(f"a block of {handle.size} bytes reaches past the end of the file.", handle.offset)
        self._file.seek(handle.offset)
        stored = self._file.read(handle.size + _TRAILER.size)
        if len(stored) != handle.size + _TRAILER.size:
            raise self._error("the file became shorter while it was read.", handle.offset)
        compression, checksum = _TRAILER.unpack_from(stored, handle.size)
        if masked_crc32c(memoryview(stored)[: handle.size + 1]) != checksum:
            raise self._error("the checksum of a block does not match.", handle.offset)
        if compression == _RAW:
            return stored[: handle.size]
        if compression != _SNAPPY:
            raise self._error(f"a block has the unknown compression {compression}.", handle.offset)
        try:
            return snappy.decompress(stored[: handle.size])
        except DataLossError as error:
            raise self._error(str(error), handle.offset) from None

    def _entries(self, handle: _Handle) -> Iterator[tuple[bytes, bytes]]:
        """The entries of a block, in order."""
        data = self._read_block(handle)
        count = int.from_bytes(data[-4:], "little")
        end = len(data) - 4 * (count + 1)
        if len(data) < 4 or end < 0:
            raise self._error("a block has no room for its restart points.", handle.offset)
        key = b""
        position = 0
        while position < end:
            try:
                shared, position = decode_varint(data, position, end)
                fresh, position = decode_varint(data, position, end)
                size, position = decode_varint(data, position, end)
            except DataLossError as error:
                raise self._error(f"a block is damaged ({error})", handle.offset) from None
            if shared > len(key) or fresh + size > end - position:
                raise self._error("an entry reaches past its block.", handle.offset)
            key = key[:shared] + data[position : position + fresh]
            position += fresh
            yield key, data[position : position + size]
            position += size

    def _ordered_entries(self, handles: Iterable[_Handle]) -> Iterator[tuple[bytes, bytes]]:
        """The entries of blocks, whose keys must rise and may not be unreasonably long."""
        budget = _KEY_BYTES_FREE + _KEY_BYTES_PER_BYTE * self._size
        last: bytes | None = None
        for handle in handles:
            for key, value in self._entries(handle):
                if last is not None and key <= last:
                    raise self._error("the keys of a block are not in order.", handle.offset)
                budget -= len(key)
                if budget < 0:
                    raise self._error("the keys are longer in all than a sound table's.", handle.offset)
                last = key
                yield key, value

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every entry, in the order of the keys.

        Raises:
            DataLossError: Where a block is damaged.
        """
        return self._ordered_entries([handle for _, handle in self._index])

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None; reads one block.

        Raises:
            DataLossError: Where that block is damaged.
        """
        block = bisect.bisect_left(self._last_keys, key)
        if block == len(self._index):
            return None
        return next((value for found, value in self._entries(self._index[block][1]) if found == key), None)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
