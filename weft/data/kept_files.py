"""Elements kept in a file: a TFRecord file with one TensorProto for each tensor.

The first record tells how many tensors an element has, the last one how many elements there are, so that a file cut off
between two records is noticed. Files without the last one, which Weft wrote once, are read as they are.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from weft.base.errors import DataLossError, InvalidArgumentError, explain
from weft.formats.files import remove_quietly
from weft.formats.messages.tensor import TensorProto
from weft.formats.tensors import from_tensor_proto, to_tensor_proto
from weft.formats.tfrecord import TFRecordWriter, read_records

_COUNTED = " counted"
_END = b"="  # tensors begin with a plus


def write(path: str, elements: Iterable[list[Any]]) -> None:
    """Writes flat elements; the file appears whole or not at all."""
    with opened(path) as writer:
        for flat in elements:
            writer.add(flat)


class Writer:
    """Takes in flat elements one by one.

    Args:
        records: Where their records go.
    """

    def __init__(self, records: TFRecordWriter) -> None:
        self._records = records
        self._width: int | None = None
        self._count = 0

    def add(self, flat: list[Any]) -> None:
        """One more element."""
        if self._width is None:
            self._width = len(flat)
            self._begin()
        self._count += 1
        for leaf in flat:
            if leaf is not None and not isinstance(leaf, np.ndarray):
                raise TypeError(explain("A file of elements holds tensors, not datasets.", hint="write before window"))
            self._records.write(b"" if leaf is None else b"+" + to_tensor_proto(leaf).SerializeToString())

    def _begin(self) -> None:
        self._records.write(f"{self._width or 0}{_COUNTED}".encode())

    def end(self) -> None:
        """Ends the file."""
        if self._width is None:
            self._begin()
        self._records.write(_END + str(self._count).encode())


@contextlib.contextmanager
def opened(path: str) -> Iterator[Writer]:
    """A writer of a file that appears when all has been written."""
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    part = f"{path}.{os.getpid()}.part"
    try:
        with TFRecordWriter(part) as records:
            writer = Writer(records)
            yield writer
            writer.end()
        os.replace(part, path)
    except BaseException:
        remove_quietly(part)
        raise


def read(path: str) -> Iterator[list[Any]]:
    """The flat elements of such a file.

    Raises:
        DataLossError: Where it is damaged or cut off.
    """
    records = read_records(path)
    first = next(records, b"").decode("latin-1")
    width = first.removesuffix(_COUNTED)
    if not (width.isascii() and width.isdecimal()):
        raise DataLossError(f"{path}: this is no file of elements; is it cut off?")
    flat: list[Any] = []
    count = 0
    for record in records:
        if record.startswith(_END):
            if flat or record != _END + str(count).encode():
                raise _cut(path, f"there are {count} whole elements of {record[len(_END) :].decode('latin-1')}")
            return
        flat.append(_tensor(path, record) if record else None)
        if len(flat) >= int(width):
            yield flat
            flat, count = [], count + 1
    if flat or first.endswith(_COUNTED):
        raise _cut(path, f"after {count} whole elements")


def _tensor(path: str, record: bytes) -> Any:
    try:
        return from_tensor_proto(TensorProto.FromString(record[1:]), max_expanded_bytes=0)  # every number is there
    except (DataLossError, InvalidArgumentError) as error:
        raise DataLossError(f"{path} is damaged: {error}") from None


def _cut(path: str, where: str) -> DataLossError:
    return DataLossError(explain(f"The file of elements {path} is cut off: {where}.", hint="save the dataset again"))
