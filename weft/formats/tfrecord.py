"""TFRecord files: records of bytes, each with its length and two checksums, optionally compressed as a whole.

A record is the length (8 bytes, little endian), the masked CRC-32C of those, the data, and its masked CRC-32C.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, Literal

from weft.base.errors import DataLossError, InvalidArgumentError, NotFoundError, explain
from weft.formats import files
from weft.formats.crc32c import masked_crc32c

Compression = Literal["", "GZIP", "ZLIB"]

_COMPRESSIONS: Final[dict[str | None, Compression]] = {None: "", "": "", "NONE": "", "GZIP": "GZIP", "ZLIB": "ZLIB"}
_HEADER: Final = struct.Struct("<QI")
_FOOTER: Final = struct.Struct("<I")
_CHUNK: Final = 1 << 18
_BIG_READ: Final = 1 << 24
# zlib's window sizes: 15 bits, plus 16 for the gzip container.
_WINDOW_BITS: Final = {"GZIP": 31, "ZLIB": 15}
MAX_COMPRESSED_RECORD: Final = 1 << 28

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def check_compression(value: Any) -> Compression:
    """Turns None, "", "NONE", "GZIP" or "ZLIB" into a compression; 0, 1 and 2 are older names for none, zlib and gzip.

    Raises:
        InvalidArgumentError: For anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2:
        value = (None, "ZLIB", "GZIP")[value]
    found = _COMPRESSIONS.get(value) if value is None or isinstance(value, str) else None
    if found is None:
        raise InvalidArgumentError(
            explain(
                f"TFRecord: unknown compression {value!r}.",
                expected="None, '' (none), 'GZIP' or 'ZLIB'",
                hint="pass one of these as `compression`",
            )
        )
    return found


class TFRecordWriter(files.Closing):
    """Writes a TFRecord file. The file is complete once `close` returned; leave it by a `with` block.

    Args:
        path: The file, which is replaced.
        compression: None, `"GZIP"` or `"ZLIB"`.
        level: zlib's compression level, from -1 (its default, 6) and 0 to 9.
        memory_level: zlib's, from 1 to 9.
        strategy: zlib's, such as `zlib.Z_FILTERED`.

    Raises:
        InvalidArgumentError: For an unknown compression.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/two.tfrecord"
        >>> with TFRecordWriter(path) as writer:
        ...     writer.write(b"one")
        ...     writer.write(b"two")
        >>> list(read_records(path))
        [b'one', b'two']
    """

    def __init__(
        self,
        path: Path,
        compression: str | None = None,
        *,
        level: int = -1,
        memory_level: int = 9,
        strategy: int = zlib.Z_DEFAULT_STRATEGY,
    ) -> None:
        self._name = os.fsdecode(path)
        kind = check_compression(compression)
        self._compressor = (
            zlib.compressobj(level, zlib.DEFLATED, _WINDOW_BITS[kind], memory_level, strategy) if kind else None
        )
        try:
            self._file: BinaryIO | None = open(path, "wb", buffering=_CHUNK)
        except FileNotFoundError:
            problem = f"There is no folder for the TFRecord file {os.fsdecode(path)!r}."
            raise NotFoundError(explain(problem, hint="make it first: tf.io.gfile.makedirs")) from None

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._file is None

    def write(self, record: bytes) -> None:
        """Writes one record.

        Raises:
            TypeError: Where the record is not bytes.
            ValueError: On a closed writer.
            ResourceExhaustedError: Where the disk is full; the writer is closed then.
        """
        if isinstance(record, str) or not hasattr(record, "__len__"):
            raise TypeError(f"TFRecordWriter.write takes bytes, got {type(record).__name__}; encode or serialize it.")
        data = record if isinstance(record, bytes) else bytes(record)
        length = len(data).to_bytes(8, "little")
        self._emit(length + _FOOTER.pack(masked_crc32c(length)))
        self._emit(data)
        self._emit(_FOOTER.pack(masked_crc32c(data)))

    def _open_file(self) -> BinaryIO:
        if self._file is None:
            raise ValueError(f"The TFRecord file {self._name} is closed.")
        return self._file

    def _emit(self, data: bytes) -> None:
        file = self._open_file()
        try:
            file.write(data if self._compressor is None else self._compressor.compress(data))
        except OSError as error:
            raise self._given_up(error) from None

    def _given_up(self, error: OSError) -> OSError:
        """Closes a file that could not be written: what stands in it now does not become whole any more."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
        return files.refusal(error, self._name)

    def flush(self) -> None:
        """Hands everything written so far to the operating system; readers of the file then see it."""
        file = self._open_file()
        try:
            if self._compressor is not None:
                file.write(self._compressor.flush(zlib.Z_SYNC_FLUSH))
            file.flush()
        except OSError as error:
            raise self._given_up(error) from None

    def close(self) -> None:
        """Ends the file; closing twice does nothing."""
        if self._file is None:
            return
        file, self._file = self._file, None
        with files.writing(self._name):
            try:
                if self._compressor is not None:
                    file.write(self._compressor.flush(zlib.Z_FINISH))
            finally:
                file.close()

    def __del__(self) -> None:
        # An abandoned writer still ends its file, as an abandoned Python file does.
        if getattr(self, "_file", None) is not None:
            self.close()


class TFRecordReader(files.Closing):
    """Reads a TFRecord file from front to back, a record at a time.

    Args:
        path: The file.
        compression: None, `"GZIP"` or `"ZLIB"`.
        max_record_bytes: The longest record that a compressed file may hold: what a small compressed file unpacks to is
            bounded by nothing else. Without compression, the file's own size is the bound.

    Raises:
        NotFoundError: Where there is no such file.
        InvalidArgumentError: For an unknown compression.
    """

    def __init__(
        self, path: Path, compression: str | None = None, *, max_record_bytes: int = MAX_COMPRESSED_RECORD
    ) -> None:
        self._name = os.fsdecode(path)
        self._kind = check_compression(compression)
        self._max_record_bytes = max_record_bytes
        try:
            file = open(path, "rb")
        except FileNotFoundError:
            raise NotFoundError(f"There is no TFRecord file {self._name}.") from None
        self._file: BinaryIO = file
        self._source: Inflater | _Plain = Inflater(file, self._kind) if self._kind else _Plain(file)
        self._offset = 0
        self._count = 0
        self.cut_off = False  # whether the last error was that the file ends within a record

    @property
    def offset(self) -> int:
        """The position behind the last record, in the uncompressed stream."""
        return self._offset

    def seek(self, offset: int, count: int = 0) -> None:
        """Goes to the start of a record, whose offset an earlier reader told; uncompressed files only.

        Args:
            offset: The position.
            count: How many records there are before it, for messages.

        Raises:
            InvalidArgumentError: On a compressed file.
        """
        if not isinstance(self._source, _Plain):
            raise InvalidArgumentError(f"{self._name} is compressed; only its start can be sought.")
        self._file.seek(offset)
        self._offset, self._count = offset, count

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        record = self.read()
        if record is None:
            raise StopIteration
        return record

    def read(self) -> bytes | None:
        """The next record, or None at the end of the file.

        Raises:
            DataLossError: Where the file is corrupt or cut off; names the file, the record and the byte offset.
        """
        header = self._take(_HEADER.size, "header", may_end=True)
        if not header:
            return None
        length, checksum = _HEADER.unpack(header)
        if masked_crc32c(header[:8]) != checksum:
            hint = " Is the file compressed, or no TFRecord file?" if self._count == 0 and not self._kind else ""
            raise self._error(f"the checksum of its length does not match.{hint}")
        if self._kind and length > self._max_record_bytes:
            limit = self._max_record_bytes
            raise self._error(f"it claims {length} bytes of data, more than max_record_bytes={limit} allows.")
        data = self._take(length, "data")
        if masked_crc32c(data) != _FOOTER.unpack(self._take(_FOOTER.size, "checksum"))[0]:
            raise self._error("the checksum of its data does not match.")
        self._offset += _HEADER.size + length + _FOOTER.size
        self._count += 1
        return data

    def _take(self, count: int, what: str, *, may_end: bool = False) -> bytes:
        try:
            taken = self._source.read(count)
        except zlib.error as error:
            raise self._error(f"the {self._kind} data of its {what} is corrupt ({error}).") from None
        self.cut_off = self._source.cut_off or (len(taken) < count and bool(taken or not may_end))
        if self._source.cut_off:
            raise self._error(f"the {self._kind} stream is cut off.")
        if self.cut_off:
            raise self._error(f"its {what} is cut off: {len(taken)} of {count} bytes are there.")
        return taken

    def _error(self, problem: str) -> DataLossError:
        stream = f"{self._kind} stream" if self._kind else "file"
        return DataLossError(f"{self._name}: record {self._count} at byte {self._offset} of the {stream}: {problem}")

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class _Plain:
    """An uncompressed file."""

    cut_off = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, count: int) -> bytes:
        """Up to `count` bytes, fewer only at the end; allocates little more than the file really holds."""
        if count <= _BIG_READ:
            return self._file.read(count)
        parts = []
        while count and (part := self._file.read(min(count, _BIG_READ))):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


class Inflater:
    """The content of a gzip or zlib file, unpacked as it is read. gzip members may follow one another.

    Args:
        file: The file.
        kind: "GZIP" or "ZLIB".

    Attributes:
        cut_off: Whether the file ended in the middle of the compressed stream.
    """

    def __init__(self, file: BinaryIO, kind: str) -> None:
        self._file = file
        self._kind = kind
        self._inflate = zlib.decompressobj(_WINDOW_BITS[kind])
        self._started = False
        self._pending = bytearray()
        self.cut_off = False  # whether the file ended in the middle of the compressed stream

    def read(self, count: int) -> bytes:
        """Up to `count` bytes, fewer only at the end."""
        while len(self._pending) < count and self._unpack():
            pass
        taken = bytes(memoryview(self._pending)[:count])
        del self._pending[:count]
        return taken

    def _unpack(self) -> bool:
        """Unpacks a bounded piece; False at the end."""
        rest = self._inflate.unconsumed_tail
        if self._inflate.eof:
            rest = self._inflate.unused_data or self._file.read(_CHUNK)
            if self._kind != "GZIP" or not rest:
                return False
            self._inflate = zlib.decompressobj(_WINDOW_BITS[self._kind])
        packed = rest or self._file.read(_CHUNK)
        self._started = self._started or bool(packed)
        # With no input left, zlib may still hold output back.
        piece = self._inflate.decompress(packed, _CHUNK)
        self._pending += piece
        if not packed and not piece:
            self.cut_off = self._started and not self._inflate.eof
            return False
        return True


def read_records(
    path: Path, compression: str | None = None, *, max_record_bytes: int = MAX_COMPRESSED_RECORD
) -> Iterator[bytes]:
    """The records of a TFRecord file, one after another; the arguments and errors are those of `TFRecordReader`."""
    with TFRecordReader(path, compression, max_record_bytes=max_record_bytes) as reader:
        yield from reader
