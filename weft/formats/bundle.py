"""Tensor bundles, the checkpoints of TensorFlow (V2): an index table and data files with the tensors' bytes.

`prefix.index` maps names to `BundleEntryProto`s, which say where in `prefix.data-00000-of-00001` a tensor lies; the
empty name holds the `BundleHeaderProto`. A partitioned variable's entry lists slices, whose entries stand under keys
made from name and slice. Numbers lie as they are in memory; strings as their lengths, a checksum of those, and their
bytes.
"""

from __future__ import annotations

import glob
import math
import os
import struct
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

import numpy as np
import numpy.typing as npt

from weft.base.errors import DataLossError, InvalidArgumentError, NotFoundError, UnimplementedError, nearest
from weft.formats import bundle_keys, files
from weft.formats.crc32c import crc32c, mask
from weft.formats.messages.checkpoint import BundleEntryProto, BundleHeaderProto, TensorSliceProto
from weft.formats.messages.graph import VersionDef
from weft.formats.messages.tensor import DataType, TensorShapeProto
from weft.formats.table import TableReader, TableWriter
from weft.formats.tensors import (
    data_type,
    decode_strings,
    encode_strings,
    from_bytes,
    numpy_dtype,
    shape_to_proto,
    static_shape,
)
from weft.formats.wire import decode_varint, encode_varint

VERSION: Final = 1
HEADER_KEY: Final = b""
# While the two files of a checkpoint are being replaced, the new ones carry this suffix.
_NEW: Final = ".weft-new"
_READ_CHUNK: Final = 1 << 24

Path = str | os.PathLike[str]


def index_path(prefix: Path) -> str:
    """The index file of a checkpoint."""
    return f"{os.fspath(prefix)}.index"


def data_path(prefix: Path, shard: int = 0, shards: int = 1) -> str:
    """One of the data files of a checkpoint."""
    return f"{os.fspath(prefix)}.data-{shard:05d}-of-{shards:05d}"


def data_files(prefix: Path) -> list[str]:
    """The data files of a checkpoint that are there."""
    return glob.glob(f"{glob.escape(os.fspath(prefix))}.data-?????-of-?????")


def checkpoint_exists(prefix: Path) -> bool:
    """Whether there is a checkpoint of this prefix."""
    return os.path.exists(index_path(prefix)) or os.path.exists(index_path(prefix) + _NEW)


def forget_replacement(prefix: Path) -> None:
    """Removes what a replacement left that was interrupted, once another index is in its place."""
    files.remove_quietly(index_path(prefix) + _NEW)
    files.remove_quietly(data_path(prefix) + _NEW)


def _interrupted(prefix: Path) -> bool:
    """Whether a replacement was interrupted after the data took its place and before the index did."""
    return os.path.exists(index_path(prefix) + _NEW) and not os.path.exists(data_path(prefix) + _NEW)


class BundleReader(files.Closing):
    """Reads a checkpoint.

    Args:
        prefix: The checkpoint's path without `.index` and `.data-…`.

    Raises:
        NotFoundError: Where there is no such checkpoint.
        DataLossError: Where its index is damaged.

    Example:
        >>> import tempfile
        >>> prefix = tempfile.mkdtemp() + "/ckpt"
        >>> with BundleWriter(prefix) as writer:
        ...     writer.add("w", np.array([1.5, 2.5], np.float32))
        >>> with BundleReader(prefix) as reader:
        ...     print(reader.read("w").tolist(), reader.shapes())
        [1.5, 2.5] {'w': (2,)}
    """

    def __init__(self, prefix: Path) -> None:
        self._prefix = os.fspath(prefix)
        self._files: dict[int, BinaryIO] = {}
        path = index_path(prefix)
        path = path + _NEW if _interrupted(prefix) else path
        if not os.path.exists(path):
            raise NotFoundError(f"There is no checkpoint {self._prefix}: the file {path} does not exist.")
        with TableReader(path) as table:
            self._entries = dict(table.items())
        header = self._entries.pop(HEADER_KEY, None)
        if header is None:
            raise DataLossError(f"{path}: there is no header; this is no checkpoint index.")
        self._header = self._parse(BundleHeaderProto, header, "its header")
        self._check_header()

    def _parse(self, kind: type[Any], data: bytes, what: str) -> Any:
        try:
            return kind.FromString(data)
        except DataLossError as error:
            raise DataLossError(f"Checkpoint {self._prefix}: {what} is damaged: {error}") from None

    def _check_header(self) -> None:
        version = self._header.version
        if version.min_consumer > VERSION or VERSION in version.bad_consumers:
            raise UnimplementedError(
                f"Checkpoint {self._prefix} needs a reader of version {version.min_consumer}; this one has {VERSION}."
            )
        if self._header.num_shards < 1:
            raise DataLossError(f"Checkpoint {self._prefix}: its header counts {self._header.num_shards} shards.")

    @property
    def shards(self) -> int:
        """How many data files there are."""
        return int(self._header.num_shards)

    def names(self) -> list[str]:
        """The tensors' names, sorted; the slices of partitioned ones have none."""
        return [self._text(key) for key in self._entries if not bundle_keys.is_slice_key(key)]

    def _text(self, key: bytes) -> str:
        try:
            return str(key, "utf-8")
        except UnicodeDecodeError:
            raise DataLossError(f"Checkpoint {self._prefix}: the name {key!r} is not UTF-8.") from None

    def __contains__(self, name: str) -> bool:
        key = name.encode("utf-8")
        return key in self._entries and not bundle_keys.is_slice_key(key)

    def entry(self, name: str) -> BundleEntryProto:
        """What the index says of a tensor.

        Raises:
            NotFoundError: Where the checkpoint has no such tensor.
        """
        if name not in self:
            raise NotFoundError(f"Checkpoint {self._prefix} has no tensor {name!r}. {nearest(name, self.names())}")
        data = self._entries[name.encode("utf-8")]
        entry: BundleEntryProto = self._parse(BundleEntryProto, data, f"the entry of {name!r}")
        return entry

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape."""
        return self._shape(self.entry(name).shape, name)

    def _shape(self, proto: TensorShapeProto, what: str) -> tuple[int, ...]:
        try:
            return static_shape(proto)
        except InvalidArgumentError as error:
            raise DataLossError(f"Checkpoint {self._prefix}: tensor {what!r}: {error}") from None

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor, by name."""
        return {name: self.shape(name) for name in self.names()}

    def dtype(self, name: str) -> int:
        """A tensor's element type, a `DataType`."""
        return self.entry(name).dtype

    def read(self, name: str) -> npt.NDArray[Any]:
        """Reads a tensor; strings come as an object array of bytes.

        Raises:
            NotFoundError: Where the checkpoint has no such tensor, or a data file is missing.
            DataLossError: Where the tensor is damaged; names the data file and the byte offset.
            DTypeError: Where its type has no values that numpy can hold.
        """
        entry = self.entry(name)
        if len(entry.slices):
            return self._read_slices(entry, name)
        return self._read_entry(entry, name)

    def _read_slices(self, entry: BundleEntryProto, name: str) -> npt.NDArray[Any]:
        shape = self._shape(entry.shape, name)
        parts = []
        for proto in entry.slices:
            part = self._entries.get(bundle_keys.slice_key(name, proto))
            if part is None:
                raise DataLossError(f"Checkpoint {self._prefix}: a slice of {name!r} is missing from the index.")
            part_entry = self._parse(BundleEntryProto, part, f"the entry of a slice of {name!r}")
            parts.append((self._extent(proto, shape, name), part_entry))
        # Counted before anything of the whole's size is made: bytes of their own in the files bound it then.
        held = sum(math.prod(stop - start for start, stop in extent) for extent, _ in parts)
        if held != math.prod(shape):
            raise DataLossError(
                f"Checkpoint {self._prefix}: the slices of {name!r} do not make up shape {list(shape)}."
            )
        self._check_apart(parts, name)
        whole = np.empty(shape, numpy_dtype(entry.dtype))
        covered = np.zeros(shape, np.bool_)
        for extent, part_entry in parts:
            values = self._read_entry(part_entry, name)
            place = tuple(slice(start, stop) for start, stop in extent)
            if values.shape != covered[place].shape or values.dtype != whole.dtype:
                raise DataLossError(
                    f"Checkpoint {self._prefix}: a slice of {name!r} is {values.dtype} {list(values.shape)} where "
                    f"{whole.dtype} {list(covered[place].shape)} belongs."
                )
            whole[place] = values
            covered[place] = True
        if not covered.all():
            raise DataLossError(f"Checkpoint {self._prefix}: the slices of {name!r} overlap and leave gaps.")
        return whole

    def _check_apart(self, parts: Sequence[tuple[list[tuple[int, int]], BundleEntryProto]], name: str) -> None:
        """Checks that the slices of a tensor lie in the files, each in a place of its own and as long as it must be."""
        ends: dict[int, int] = {}
        for extent, entry in sorted(parts, key=lambda part: (part[1].shard_id, part[1].offset)):
            sizes = [stop - start for start, stop in extent]
            dtype = numpy_dtype(entry.dtype)
            self._file_of(entry, name)
            if entry.size < math.prod(sizes) * (1 if dtype.kind == "O" else dtype.itemsize):
                raise DataLossError(
                    f"Checkpoint {self._prefix}: a slice of {name!r} of shape {sizes} has {entry.size} bytes."
                )
            if entry.size and entry.offset < ends.get(entry.shard_id, 0):
                raise DataLossError(f"Checkpoint {self._prefix}: the slices of {name!r} share bytes of a file.")
            ends[entry.shard_id] = max(ends.get(entry.shard_id, 0), entry.offset + entry.size)

    def _extent(self, proto: TensorSliceProto, shape: tuple[int, ...], name: str) -> list[tuple[int, int]]:
        """Where a slice starts and stops, in each dimension."""
        out = []
        for extent, size in zip(proto.extent, shape):
            whole = not extent.HasField("length")
            out.append((0, size) if whole else (extent.start, extent.start + extent.length))
        if len(proto.extent) != len(shape) or any(not 0 <= a <= b <= n for (a, b), n in zip(out, shape)):
            raise DataLossError(
                f"Checkpoint {self._prefix}: a slice of {name!r} does not lie in its shape {list(shape)}."
            )
        return out

    def _read_entry(self, entry: BundleEntryProto, name: str) -> npt.NDArray[Any]:
        dtype = numpy_dtype(entry.dtype)
        shape = self._shape(entry.shape, name)
        is_string = dtype.kind == "O"
        count = math.prod(shape)
        if not is_string and entry.size != count * dtype.itemsize:
            raise DataLossError(
                f"Checkpoint {self._prefix}: tensor {name!r} of shape {list(shape)} and type {dtype} has "
                f"{count * dtype.itemsize} bytes, but its entry says {entry.size}."
            )
        path, data = self._read_bytes(entry, name)
        try:
            values = self._decode_strings(data, count) if is_string else from_bytes(data, dtype)
            actual = values[1] if isinstance(values, tuple) else crc32c(data)
            array = decode_strings(values[0], shape) if isinstance(values, tuple) else values.reshape(shape)
        except (DataLossError, ValueError) as error:
            raise DataLossError(f"{path}: tensor {name!r} at byte {entry.offset} is damaged: {error}") from None
        if mask(actual) != entry.crc32c:
            raise DataLossError(f"{path}: tensor {name!r} at byte {entry.offset}: the checksum does not match.")
        big_endian = self._header.endianness == BundleHeaderProto.Endianness.BIG
        return array.byteswap() if big_endian and not is_string and dtype.itemsize > 1 else array

    def _file_of(self, entry: BundleEntryProto, name: str) -> tuple[str, BinaryIO]:
        """The data file that has a tensor."""
        if not 0 <= entry.shard_id < self.shards:
            raise DataLossError(
                f"Checkpoint {self._prefix}: tensor {name!r} lies in shard {entry.shard_id} of {self.shards}."
            )
        path = data_path(self._prefix, entry.shard_id, self.shards)
        file = self._files.get(entry.shard_id)
        if file is None:
            try:
                file = self._files[entry.shard_id] = open(path, "rb")
            except FileNotFoundError:
                raise NotFoundError(f"Checkpoint {self._prefix} is incomplete: {path} does not exist.") from None
        size = os.fstat(file.fileno()).st_size
        if entry.offset < 0 or entry.size < 0 or entry.offset + entry.size > size:
            raise DataLossError(
                f"{path}: tensor {name!r} takes {entry.size} bytes at byte {entry.offset}, but the file has {size}. "
                "Is it cut off?"
            )
        return path, file

    def _read_bytes(self, entry: BundleEntryProto, name: str) -> tuple[str, bytes]:
        path, file = self._file_of(entry, name)
        file.seek(entry.offset)
        return path, file.read(entry.size)

    @staticmethod
    def _decode_strings(data: bytes, count: int) -> tuple[list[bytes], int]:
        """The strings of a tensor, and its checksum: of the lengths as fixed-width numbers, then of all the rest."""
        if count > len(data):
            raise DataLossError(f"{count} strings cannot lie in {len(data)} bytes.")
        lengths = []
        position = 0
        for _ in range(count):
            length, position = decode_varint(data, position, len(data))
            lengths.append(length)
        crc = crc32c(_fixed_lengths(lengths))
        if len(data) - position < 4 or sum(lengths) != len(data) - position - 4:
            raise DataLossError("the lengths of its strings do not add up.")
        stored = data[position : position + 4]
        if stored != struct.pack("<I", mask(crc)):
            raise DataLossError("the checksum of the lengths does not match.")
        position += 4
        crc = crc32c(data[position:], crc32c(stored, crc))
        strings = []
        for length in lengths:
            strings.append(data[position : position + length])
            position += length
        return strings, crc

    def close(self) -> None:
        """Closes the data files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def __del__(self) -> None:
        if hasattr(self, "_files"):
            self.close()


def _fixed_lengths(lengths: Sequence[int]) -> bytes:
    """Lengths as the checksum sees them: four bytes each, eight where four are too few."""
    return b"".join(length.to_bytes(4 if length < 1 << 32 else 8, "little") for length in lengths)


class BundleWriter:
    """Writes a checkpoint with one data file, which takes its place when the `with` block, or `finish`, ends.

    Until then, and after a crash at any moment, an older checkpoint of the same prefix stays readable.

    Args:
        prefix: The checkpoint's path without `.index` and `.data-…`; its folder is made if need be.

    Example:
        >>> import tempfile
        >>> prefix = tempfile.mkdtemp() + "/ckpt"
        >>> with BundleWriter(prefix) as writer:
        ...     writer.add("step", np.int64(7))
        >>> list_variables(prefix)
        [('step', ())]
    """

    def __init__(self, prefix: Path) -> None:
        self._begin(prefix, 0, 1)

    def _begin(self, prefix: Path, shard: int, shards: int) -> None:
        self._prefix = os.path.abspath(os.fspath(prefix))
        self._shard = shard
        self._entries: dict[bytes, BundleEntryProto] = {}
        self._missing: dict[str, int] = {}  # how many elements of partitioned tensors are still to come
        self._offset = 0
        self._file, self._temporary = files.open_temporary(data_path(self._prefix, shard, shards))
        self._done = False

    def add(self, name: str, values: npt.ArrayLike, *, dtype: int | None = None) -> None:
        """Adds a tensor.

        Args:
            name: Its name, once only.
            values: The array; texts and bytes make a string tensor.
            dtype: Its element type, a `DataType`; None takes that of the array.

        Raises:
            InvalidArgumentError: For an empty name, or one that was added before.
            DTypeError: For a dtype that has no element type.
        """
        self._add(self._key(name), np.asarray(values), dtype)

    def add_slice(
        self,
        name: str,
        values: npt.ArrayLike,
        *,
        shape: Sequence[int],
        start: Sequence[int],
        dtype: int | None = None,
    ) -> None:
        """Adds one slice of a partitioned tensor; all slices together have to cover it.

        Args:
            name: The name of the whole.
            values: The slice.
            shape: The shape of the whole.
            start: Where the slice starts, in each dimension.
            dtype: Its element type, a `DataType`; None takes that of the array.

        Raises:
            InvalidArgumentError: Where the slice does not lie in the whole, or does not go with slices added before.
        """
        array = np.asarray(values)
        kind = data_type(array.dtype) if dtype is None else dtype
        if not len(shape) == len(start) == array.ndim or any(
            not 0 <= first <= first + size <= full for first, size, full in zip(start, array.shape, shape)
        ):
            raise InvalidArgumentError(
                f"BundleWriter.add_slice: {name!r}: a slice of shape {list(array.shape)} at {list(start)} does not lie "
                f"in shape {list(shape)}."
            )
        proto = TensorSliceProto()
        for first, size in zip(start, array.shape):
            proto.extent.add(start=first, length=size)
        key = name.encode("utf-8")
        whole = self._entries.get(key)
        if whole is None:
            whole = self._entries[self._key(name)] = BundleEntryProto(dtype=kind, shape=shape_to_proto(shape))
            self._missing[name] = math.prod(shape)
        if name not in self._missing or static_shape(whole.shape) != tuple(shape) or whole.dtype != kind:
            raise InvalidArgumentError(f"BundleWriter.add_slice: {name!r} was added before with another shape or type.")
        self._add(bundle_keys.slice_key(name, proto), array, kind)
        whole.slices.append(proto)
        self._missing[name] -= array.size

    def _key(self, name: str) -> bytes:
        key = name.encode("utf-8")
        if not key or bundle_keys.is_slice_key(key):
            raise InvalidArgumentError(f"BundleWriter: {name!r} cannot be a tensor's name.")
        if key in self._entries:
            raise InvalidArgumentError(f"BundleWriter: there are two tensors with the name {name!r}.")
        return key

    def _add(self, key: bytes, array: npt.NDArray[Any], dtype: int | None) -> None:
        if self._done:
            raise InvalidArgumentError(f"BundleWriter: checkpoint {self._prefix} is finished.")
        if key in self._entries:
            raise InvalidArgumentError("BundleWriter.add_slice: the same slice was added before.")
        kind = data_type(array.dtype) if dtype is None else dtype
        entry = BundleEntryProto(dtype=kind, shape=shape_to_proto(array.shape), offset=self._offset)
        entry.shard_id = self._shard
        if kind == DataType.DT_STRING:
            entry.size, entry.crc32c = self._write_strings(encode_strings(array))
        else:
            flat = np.ascontiguousarray(array.astype(numpy_dtype(kind), copy=False)).reshape(-1)
            if flat.dtype.kind in "iufc":
                flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
            data = flat.view(np.uint8).data
            with files.writing(self._prefix):
                self._file.write(data)
            entry.size, entry.crc32c = len(data), mask(crc32c(data))
        self._offset += entry.size
        self._entries[key] = entry

    def _write_strings(self, strings: list[bytes]) -> tuple[int, int]:
        lengths = [len(string) for string in strings]
        crc = crc32c(_fixed_lengths(lengths))
        checksum = struct.pack("<I", mask(crc))
        content = b"".join(strings)
        head = b"".join(map(encode_varint, lengths)) + checksum
        with files.writing(self._prefix):
            self._file.write(head)
            self._file.write(content)
        return len(head) + len(content), mask(crc32c(content, crc32c(checksum, crc)))

    def finish(self) -> None:
        """Writes the index and puts both files in their place.

        Raises:
            OSError: Where the disk refuses (a ResourceExhaustedError where it is full); an older checkpoint of the
                prefix is then as it was.
            InvalidArgumentError: Where the slices of a tensor do not cover it.
        """
        if self._done:
            return
        for name, missing in self._missing.items():
            if missing:
                self.abandon()
                raise InvalidArgumentError(
                    f"BundleWriter.finish: the slices of {name!r} hold {abs(missing)} elements too "
                    f"{'few' if missing > 0 else 'many'}."
                )
        self._done = True
        index = ""
        try:
            with files.writing(self._prefix):
                with self._file as data_file:
                    files.sync_file(data_file)
                index_file, index = files.open_temporary(index_path(self._prefix))
                with index_file:
                    self._write_index(index_file)
                    files.sync_file(index_file)
                _put_in_place(self._prefix, self._temporary, index)
        except BaseException:
            files.remove_quietly(self._temporary)
            files.remove_quietly(index)
            raise

    def _write_index(self, file: BinaryIO) -> None:
        write_index(file, self._entries, 1)

    def abandon(self) -> None:
        """Gives up: nothing is left of what was written."""
        if not self._done:
            self._done = True
            self._file.close()
            files.remove_quietly(self._temporary)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self.abandon()

    def __del__(self) -> None:
        if hasattr(self, "_done"):
            self.abandon()


def write_index(file: BinaryIO, entries: Mapping[bytes, BundleEntryProto], shards: int) -> None:
    """Writes the index of a checkpoint with so many data files."""
    table = TableWriter(file)
    header = BundleHeaderProto(num_shards=shards, version=VersionDef(producer=VERSION))
    table.add(HEADER_KEY, header.SerializeToString())
    for key in sorted(entries):
        table.add(key, entries[key].SerializeToString())
    table.finish()


def _put_in_place(prefix: str, data: str, index: str) -> None:
    """Replaces a checkpoint's two files, which no file system does at once.

    Both first stand beside the old ones under marked names. Then the data takes its place, then the index. A reader
    that finds a marked index and no marked data knows that it came in between, and takes the marked index. Of several
    threads or processes that save one checkpoint at once, one after the other puts its files in place; the last counts.
    """
    folder = os.path.dirname(prefix)
    data_target, index_target = data_path(prefix), index_path(prefix)
    with files.alone_in(folder):  # the marked names are the same for all that save this checkpoint
        if _interrupted(prefix):
            os.replace(index_target + _NEW, index_target)
        # Left-overs of earlier attempts; the index first, as one without its data would count as an interruption.
        files.remove_quietly(index_target + _NEW)
        files.remove_quietly(data_target + _NEW)
        if os.path.exists(index_target):
            os.replace(data, data_target + _NEW)
            files.sync_folder(folder)
            os.replace(index, index_target + _NEW)
            files.sync_folder(folder)
            data, index = data_target + _NEW, index_target + _NEW
        os.replace(data, data_target)
        files.sync_folder(folder)
        os.replace(index, index_target)
        files.sync_folder(folder)


def list_variables(prefix: Path) -> list[tuple[str, tuple[int, ...]]]:
    """The names and shapes of a checkpoint's tensors, sorted by name."""
    with BundleReader(prefix) as reader:
        return list(reader.shapes().items())


def read_tensor(prefix: Path, name: str) -> npt.NDArray[Any]:
    """Reads one tensor of a checkpoint; the errors are those of `BundleReader.read`."""
    with BundleReader(prefix) as reader:
        return reader.read(name)
