"""Checkpoints of version 1, which TensorFlow wrote before 1.0 and later where it was asked to: one file, a table.

Its first entry lists the tensors; each slice of one, of which a whole tensor has one, is an entry of its own with the
numbers as a message. A checkpoint that was written in shards is several such files, which a pattern stands for:
`model-?????-of-?????`. `open_checkpoint` reads either version.
"""

from __future__ import annotations

import glob
import math
import os
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.base.errors import DataLossError, InvalidArgumentError, NotFoundError, nearest
from weft.formats import bundle, bundle_keys, files
from weft.formats.messages.checkpoint import SavedTensorSlices, TensorSliceProto
from weft.formats.table import TableReader, TableWriter
from weft.formats.tensors import (
    data_type,
    from_tensor_proto,
    numpy_dtype,
    shape_to_proto,
    static_shape,
    to_tensor_proto,
)

_META_KEY: Final = b""
_VERSION: Final = 1

Path = str | os.PathLike[str]


def _paths(prefix: Path) -> list[str]:
    """The files of a checkpoint of version 1."""
    text = os.fspath(prefix)
    if os.path.isfile(text):
        return [text]
    return sorted(path for path in glob.glob(text) if os.path.isfile(path)) if glob.has_magic(text) else []


def checkpoint_exists(prefix: Path) -> bool:
    """Whether there is a checkpoint, of either version, at this path."""
    return bundle.checkpoint_exists(prefix) or bool(_paths(prefix))


def is_checkpoint(path: Path) -> bool:
    """Whether a file is a checkpoint of version 1: a table whose first entry lists tensors."""
    if not os.path.isfile(path):
        return False
    try:
        with Reader(path):
            return True
    except (DataLossError, InvalidArgumentError, OSError):
        return False


def modification_time(prefix: Path) -> float:
    """When a checkpoint, of either version, was written, in seconds.

    Raises:
        NotFoundError: Where there is none.
    """
    if bundle.checkpoint_exists(prefix):
        return os.path.getmtime(bundle.index_path(prefix))
    found = _paths(prefix)
    if not found:
        raise NotFoundError(f"There is no checkpoint {os.fspath(prefix)}.")
    return max(os.path.getmtime(path) for path in found)


def open_checkpoint(prefix: Path) -> bundle.BundleReader | Reader:
    """A reader of a checkpoint of either version.

    Raises:
        NotFoundError: Where there is no such checkpoint.
        DataLossError: Where what lists its tensors is damaged.
    """
    if not bundle.checkpoint_exists(prefix) and _paths(prefix):
        return Reader(prefix)
    return bundle.BundleReader(prefix)


class _Tensor(NamedTuple):
    """What a checkpoint says of a tensor; slices stand with the number of the file that has them."""

    shape: tuple[int, ...]
    dtype: int
    slices: list[tuple[int, TensorSliceProto]]


class Reader(files.Closing):
    """Reads a checkpoint of version 1, as `BundleReader` does one of version 2.

    Args:
        prefix: The file, or the pattern of several.

    Raises:
        NotFoundError: Where there is none.
        DataLossError: Where one is no table, or damaged.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/model"
        >>> write(path, [Slice("w", np.array([1.5, 2.5], np.float32))])
        >>> with Reader(path) as reader:
        ...     print(reader.read("w").tolist(), reader.shapes())
        [1.5, 2.5] {'w': (2,)}
    """

    def __init__(self, prefix: Path) -> None:
        self._prefix = os.fspath(prefix)
        self._paths = _paths(prefix)
        if not self._paths:
            raise NotFoundError(f"There is no checkpoint {self._prefix}.")
        self._tensors: dict[str, _Tensor] = {}
        self._tables: dict[int, TableReader] = {}  # those that are open
        for number, path in enumerate(self._paths):
            with TableReader(path) as table:
                self._note(number, table.get(_META_KEY))

    def _note(self, number: int, content: bytes | None) -> None:
        if content is None:
            raise DataLossError(f"{self._prefix}: nothing lists its tensors; this is no checkpoint.")
        for entry in self._parsed(content, "the list of its tensors").meta.tensor:
            shape = self._shape(entry.shape, entry.name)
            held = self._tensors.setdefault(entry.name, _Tensor(shape, entry.type, []))
            if held.shape != shape or held.dtype != entry.type:
                raise DataLossError(f"Checkpoint {self._prefix}: its files do not agree about {entry.name!r}.")
            held.slices.extend((number, proto) for proto in entry.slice)

    def _parsed(self, content: bytes, what: str) -> SavedTensorSlices:
        try:
            return SavedTensorSlices.FromString(content)
        except DataLossError as error:
            raise DataLossError(f"Checkpoint {self._prefix}: {what} is damaged: {error}") from None

    def _shape(self, proto: Any, name: str) -> tuple[int, ...]:
        try:
            return static_shape(proto)
        except InvalidArgumentError as error:
            raise DataLossError(f"Checkpoint {self._prefix}: tensor {name!r}: {error}") from None

    def names(self) -> list[str]:
        """The tensors' names, sorted."""
        return sorted(self._tensors)

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def _tensor(self, name: str) -> _Tensor:
        if name not in self._tensors:
            raise NotFoundError(f"Checkpoint {self._prefix} has no tensor {name!r}. {nearest(name, self._tensors)}")
        return self._tensors[name]

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape."""
        return self._tensor(name).shape

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor, by name."""
        return {name: self._tensors[name].shape for name in self.names()}

    def dtype(self, name: str) -> int:
        """A tensor's element type, a `DataType`."""
        return self._tensor(name).dtype

    def read(self, name: str) -> npt.NDArray[Any]:
        """Reads a tensor; strings come as an object array of bytes.

        Raises:
            NotFoundError: Where the checkpoint has no such tensor.
            DataLossError: Where the tensor is damaged, or a slice of it missing.
            DTypeError: Where its type has no values that numpy can hold.
        """
        tensor = self._tensor(name)
        parts = [(place, self._slice(number, name, tensor, proto, place))
                 for number, proto in tensor.slices for place in [self._place(proto, tensor.shape, name)]]  # fmt: skip
        if sum(part.size for _, part in parts) != math.prod(tensor.shape):
            raise DataLossError(
                f"Checkpoint {self._prefix}: the slices of {name!r} do not make up shape {list(tensor.shape)}."
            )
        whole = np.empty(tensor.shape, numpy_dtype(tensor.dtype))
        covered = np.zeros(tensor.shape, np.bool_)
        for place, part in parts:
            whole[place], covered[place] = part, True
        if not covered.all():
            raise DataLossError(f"Checkpoint {self._prefix}: the slices of {name!r} overlap and leave gaps.")
        return whole

    def _place(self, proto: TensorSliceProto, shape: tuple[int, ...], name: str) -> tuple[slice, ...]:
        out = []
        for extent, size in zip(proto.extent, shape):
            whole = not extent.HasField("length")
            out.append(slice(0, size) if whole else slice(extent.start, extent.start + extent.length))
        if len(proto.extent) != len(shape) or any(not 0 <= s.start <= s.stop <= n for s, n in zip(out, shape)):
            raise DataLossError(
                f"Checkpoint {self._prefix}: a slice of {name!r} does not lie in its shape {list(shape)}."
            )
        return tuple(out)

    def _slice(
        self, number: int, name: str, tensor: _Tensor, proto: TensorSliceProto, place: tuple[slice, ...]
    ) -> npt.NDArray[Any]:
        if number not in self._tables:
            self._tables[number] = TableReader(self._paths[number])
        content = self._tables[number].get(bundle_keys.slice_key(name, proto))
        if content is None:
            raise DataLossError(f"Checkpoint {self._prefix}: a slice of {name!r} is missing.")
        held = self._parsed(content, f"a slice of {name!r}").data.data
        held.dtype = tensor.dtype
        held.tensor_shape.CopyFrom(shape_to_proto([s.stop - s.start for s in place]))
        try:
            return from_tensor_proto(held, max_expanded_bytes=0)  # every number is there
        except InvalidArgumentError as error:
            raise DataLossError(f"Checkpoint {self._prefix}: a slice of {name!r} is damaged: {error}") from None

    def close(self) -> None:
        """Closes the files; the next reading opens them again."""
        for table in self._tables.values():
            table.close()
        self._tables.clear()

    def __del__(self) -> None:
        if hasattr(self, "_tables"):
            self.close()


class Slice(NamedTuple):
    """What is written under a name: a whole tensor, or a part of one.

    Attributes:
        name: The name.
        values: The numbers.
        shape: Of the whole, for a part.
        start: Where the part starts in it, in each dimension.
    """

    name: str
    values: npt.NDArray[Any]
    shape: tuple[int, ...] | None = None
    start: tuple[int, ...] | None = None

    def box(self) -> TensorSliceProto:
        """The part as a message; of a whole tensor all dimensions are whole."""
        proto = TensorSliceProto()
        for axis, size in enumerate(self.values.shape):
            if self.start is None:
                proto.extent.add()
            else:
                proto.extent.add(start=self.start[axis], length=size)
        return proto


def write(path: Path, slices: Iterable[Slice]) -> None:
    """Writes a checkpoint of version 1; a crash leaves the old file or the new one.

    Args:
        path: The file.
        slices: The tensors, or their parts.

    Raises:
        InvalidArgumentError: For two of one name and place, or parts that do not go together.
        DTypeError: For a dtype that has no element type.
    """
    listed = SavedTensorSlices()
    listed.meta.versions.producer = _VERSION
    entries: dict[bytes, bytes] = {}
    known: dict[str, Any] = {}
    for part in sorted(slices, key=lambda s: s.name):
        values, box = np.asarray(part.values), part.box()
        shape = values.shape if part.shape is None else tuple(part.shape)
        if part.name not in known:
            known[part.name] = listed.meta.tensor.add(name=part.name, type=data_type(values.dtype))
            known[part.name].shape.CopyFrom(shape_to_proto(shape))
        entry, key = known[part.name], bundle_keys.slice_key(part.name, box)
        if key in entries or static_shape(entry.shape) != shape or entry.type != data_type(values.dtype):
            raise InvalidArgumentError(f"Two tensors of a checkpoint have the name {part.name!r}.")
        entry.slice.append(box)
        held = SavedTensorSlices()
        held.data.name = part.name
        held.data.slice.CopyFrom(box)
        numbers = to_tensor_proto(values, raw=False)
        numbers.ClearField("dtype")
        numbers.ClearField("tensor_shape")
        held.data.data.CopyFrom(numbers)
        entries[key] = held.SerializeToString()
    with files.replacing(path) as file:
        table = TableWriter(file)
        table.add(_META_KEY, listed.SerializeToString())
        for key in sorted(entries):
            table.add(key, entries[key])
        table.finish()
