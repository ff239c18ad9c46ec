"""Elements kept in a file: a TFRecord file with one TensorProto for each tensor, after a record that counts them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from weft.base.errors import explain
from weft.formats.files import remove_quietly
from weft.formats.messages.tensor import TensorProto
from weft.formats.tensors import from_tensor_proto, to_tensor_proto
from weft.formats.tfrecord import TFRecordWriter, read_records


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

    def add(self, flat: list[Any]) -> None:
        """One more element."""
        if self._width is None:
            self._width = len(flat)
            self._records.write(str(self._width).encode())
        for leaf in flat:
            if leaf is not None and not isinstance(leaf, np.ndarray):
                raise TypeError(explain("A file of elements holds tensors, not datasets.", hint="write before window"))
            self._records.write(b"" if leaf is None else b"+" + to_tensor_proto(leaf).SerializeToString())

    def end(self) -> None:
        """A file without elements says so."""
        if self._width is None:
            self._records.write(b"0")


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
    """The flat elements of such a file."""
    records = read_records(path)
    width = int(next(records))
    while width:
        flat = []
        for record in records:
            flat.append(from_tensor_proto(TensorProto.FromString(record[1:])) if record else None)
            if len(flat) == width:
                break
        if not flat:
            return
        yield flat
