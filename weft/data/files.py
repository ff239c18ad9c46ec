"""Plans that read files: lines of text, TFRecords, records of one length, names that fit a pattern."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np

from weft.base import dtypes
from weft.base.errors import DataLossError, InvalidArgumentError, NotFoundError, explain
from weft.data import structure
from weft.data.nodes import Flat, Node
from weft.formats.tfrecord import MAX_COMPRESSED_RECORD, Inflater, TFRecordReader, check_compression, read_records
from weft.runtime import engine_loader, frontdoor
from weft.runtime.spec import TensorSpec
from weft.runtime.tensor import EagerTensor, SymbolicTensor

_BLOCK = 1 << 18


def text_of(value: Any) -> str:
    """A path as text: of a str, bytes, a path object or a tensor of one string."""
    if isinstance(value, EagerTensor):
        value = value.numpy()
    return os.fsdecode(value)


class FileRecords(Node):
    """The records of files, one file after another.

    Args:
        names: Paths: a string, a list of them, a tensor, or a node whose elements are paths.
        read: `path -> records`.
        label: What the dataset prints as.
    """

    works = True

    def __init__(self, names: Any, read: Callable[[str], Iterator[bytes]], label: str) -> None:
        self.read = read
        self.label = label
        self.spec = TensorSpec((), dtypes.string)
        if isinstance(names, structure.PipelineHandle):
            names = names._node
        if isinstance(names, Node):
            spec = names.spec
            if not (isinstance(spec, TensorSpec) and spec.dtype is dtypes.string):
                raise TypeError(explain(f"{self._public()}: a dataset of file names must give strings.",
                                        received=repr(spec)))  # fmt: skip
        elif not isinstance(names, SymbolicTensor):
            names = _as_names(names, self._public())
        self.names = names

    def _public(self) -> str:
        return "tf.data." + self.label.lstrip("_").removesuffix("V2").removesuffix("V1")

    def paths(self) -> Iterator[str]:
        """The files."""
        if isinstance(self.names, Node):
            for flat in self.names.iterate():
                yield from (os.fsdecode(name) for name in flat[0].ravel())
        else:
            yield from (os.fsdecode(name) for name in structure.array_of(self.names).ravel())

    def stacked(self, size: int) -> Iterator[Flat] | None:
        blocks = getattr(self.read, "blocks", None)
        return None if blocks is None else self._in_stacks(blocks, size)

    def _in_stacks(self, blocks: Callable[[str], Iterator[list[bytes]]], size: int) -> Iterator[Flat]:
        waiting: list[bytes] = []
        for path in self.paths():
            for block in blocks(path):
                waiting += block
                begin = 0
                while len(waiting) - begin >= size:
                    yield [_strings(waiting[begin : begin + size])]
                    begin += size
                del waiting[:begin]
        if waiting:
            yield [_strings(waiting)]

    def iterate(self) -> Iterator[Flat]:
        for path in self.paths():
            for record in self.read(path):
                leaf = np.empty((), object)
                leaf[()] = record
                yield [leaf]


def _as_names(names: Any, public: str) -> Any:
    if isinstance(names, (str, bytes, os.PathLike)):
        names = os.fspath(names)
    elif isinstance(names, (list, tuple)):
        names = [os.fspath(n) if isinstance(n, os.PathLike) else n for n in names]
    tensor = frontdoor.convert(names, None if len(np.shape(names)) == 0 or len(names) else dtypes.string)
    if tensor.dtype is not dtypes.string:
        raise TypeError(explain(f"{public}: `filenames` must be strings.", received=str(tensor.type)))
    return tensor


def opened(path: str, compression: str) -> BinaryIO:
    """A file for reading, unpacked where it is compressed.

    Raises:
        NotFoundError: Where there is no such file.
    """
    try:
        if compression == "GZIP":
            return gzip.open(path, "rb")  # type: ignore[return-value]
        file = open(path, "rb")
    except FileNotFoundError:
        raise NotFoundError(explain(f"There is no file {path}.", hint="check the path; tf.data.Dataset.list_files "
                                    "gives the files that fit a pattern")) from None  # fmt: skip
    return io.BufferedReader(_Unpacked(file, path), _BLOCK) if compression == "ZLIB" else file


class _Unpacked(io.RawIOBase):
    """The content of a file that zlib packed, unpacked as it is read."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        self._file, self._path = file, path
        self._source = Inflater(file, "ZLIB")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._source.read(len(buffer))
        if self._source.cut_off:
            raise EOFError("it ends in the middle")
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()


@contextlib.contextmanager
def _unpacking(path: str, compression: str) -> Iterator[None]:
    """Words what is wrong with a packed file."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataLossError(f"{path}: the {compression} data is corrupt or cut off ({error}).") from None


def _strings(values: list[bytes]) -> Any:
    made = np.empty(len(values), object)
    made[:] = values
    return made


class lines_of:
    """Reads the lines of files, without their ends and, as TensorFlow does, without any carriage return.

    Args:
        compression: How the files are packed.

    Attributes:
        blocks: `path -> lists of lines`, as they come out of the file; None for packed files, in which what is damaged
            must not take lines before it along.
    """

    def __init__(self, compression: str) -> None:
        self.compression = compression
        self.blocks = None if compression else self._blocks

    def __call__(self, path: str) -> Iterator[bytes]:
        with opened(path, self.compression) as file, _unpacking(path, self.compression):
            # what a small packed file unpacks to is bounded by nothing else
            most = MAX_COMPRESSED_RECORD if self.compression else -1
            while line := file.readline(most):
                if len(line) == most:
                    raise DataLossError(f"{path}: a line of a packed file is longer than {most} bytes.")
                ended = line.endswith(b"\n")
                line = line.rstrip(b"\n").replace(b"\r", b"")
                if ended or line:
                    yield line

    def _blocks(self, path: str) -> Iterator[list[bytes]]:
        with opened(path, "") as file:
            rest: list[bytes] = []  # pieces of a line whose end has not come
            while block := file.read1(_BLOCK):  # type: ignore[attr-defined]
                lines = block.split(b"\n")
                if len(lines) == 1:
                    rest.append(block)
                    continue
                lines[0] = b"".join([*rest, lines[0]])
                rest = [lines.pop()]
                yield [line.replace(b"\r", b"") for line in lines] if b"\r" in block or b"\r" in lines[0] else lines
            last = b"".join(rest).replace(b"\r", b"")
            if last:
                yield [last]


class tfrecords_of:
    """Reads the records of TFRecord files.

    Args:
        compression: How the files are packed.

    Attributes:
        blocks: `path -> lists of records`, where the engine looks through whole blocks; else None.
    """

    def __init__(self, compression: str) -> None:
        self.compression = compression

    def __call__(self, path: str) -> Iterator[bytes]:
        return read_records(path, self.compression)

    @property
    def blocks(self) -> Callable[[str], Iterator[list[bytes]]] | None:
        """See above."""
        scan = getattr(engine_loader.load(), "tfrecords", None)
        return None if scan is None or self.compression else lambda path: _records(path, scan)


def _records(path: str, scan: Callable[[bytes], tuple[list[bytes], int, bool]]) -> Iterator[list[bytes]]:
    """The records of a file in blocks; what is no whole record is read, or refused, by the reader of single ones."""
    offset = count = 0
    with TFRecordReader(path) as rest, open(path, "rb") as file:
        held, wanted = b"", _BLOCK
        while block := file.read(wanted):
            held += block
            found, taken, damaged = scan(held)
            while found:
                offset, count, held = offset + taken, count + len(found), held[taken:]
                yield found
                found, taken, damaged = scan(held) if not damaged else ([], 0, True)
            if damaged:
                break
            wanted = max(_BLOCK, len(held))  # a record may be longer than a block
        if held:
            rest.seek(offset, count)
            yield from ([record] for record in rest)


def pieces_of(length: int, header: int, footer: int, compression: str) -> Callable[[str], Iterator[bytes]]:
    """Reads the records of one length between a file's header and footer."""

    def plain(path: str) -> Iterator[bytes]:
        with opened(path, "") as file:
            body = os.path.getsize(path) - header - footer
            if body < 0 or body % length:
                raise InvalidArgumentError(explain(
                    f"FixedLengthRecordDataset: {path} does not hold whole records.",
                    expected=f"a multiple of {length} bytes between header ({header}) and footer ({footer})",
                    received=f"{body} bytes",
                ))  # fmt: skip
            file.seek(header)
            for _ in range(body // length):
                yield file.read(length)

    def packed(path: str) -> Iterator[bytes]:
        with opened(path, compression) as file, _unpacking(path, compression):
            # how long it is shows at its end
            if len(file.read(header)) < header or len(held := file.read(footer)) < footer:
                raise DataLossError(f"{path}: the {compression} data ends before its header and footer do.")
            while piece := file.read(length):
                if len(piece) < length:
                    raise DataLossError(f"{path}: the {compression} data ends within a record of {length} bytes.")
                held += piece
                yield held[:length]
                held = held[length:]

    return packed if compression else plain


def glob_paths(pattern: str) -> list[str]:
    """The paths that fit one shell pattern, as TensorFlow writes them: from `./` where its first part has a star."""
    import glob

    found = sorted(glob.glob(pattern))
    first = pattern.partition("/")[0]
    return [f"./{path}" for path in found] if glob.has_magic(first) else found


def matching(patterns: Any) -> list[str]:
    """The files that fit shell patterns, sorted.

    Raises:
        InvalidArgumentError: Where there are none.
    """
    tensor = _as_names(patterns, "tf.data.Dataset.list_files")
    wanted = [os.fsdecode(p) for p in structure.array_of(tensor).ravel()]
    found = sorted({path for pattern in wanted for path in glob_paths(pattern)})
    if not found:
        raise InvalidArgumentError(explain(f"list_files: No files matched pattern: {', '.join(wanted)}",
                                           hint=f"the current folder is {os.getcwd()}"))  # fmt: skip
    return found


def compression_of(value: Any) -> str:
    """`compression_type` as given: None, "", "GZIP" or "ZLIB"."""
    return check_compression(text_of(value) if isinstance(value, (bytes, EagerTensor)) else value)
