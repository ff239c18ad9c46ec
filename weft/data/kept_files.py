"""Elements kept in a file: a TFRecord file with one TensorProto for each tensor, after a record that counts them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from weft.base.errors import explain
from weft.formats.files import remove_quietly
from weft.formats.messages.tensor import TensorProto
from weft.formats.tensors import from_tensor_proto, to_tensor_proto
from weft.formats.tfrecord import TFRecordWriter, read_records


def write(path: str, elements: list[list[Any]]) -> None:
    """Writes flat elements; the file appears whole or not at all."""
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    part = f"{path}.{os.getpid()}.part"
    try:
        with TFRecordWriter(part) as writer:
            writer.write(str(len(elements[0]) if elements else 0).encode())
            for flat in elements:
                for leaf in flat:
                    if leaf is not None and not isinstance(leaf, np.ndarray):
                        raise TypeError(explain("A cache in a file holds tensors, not datasets.",
                                                hint="cache before window"))  # fmt: skip
                    writer.write(b"" if leaf is None else b"+" + to_tensor_proto(leaf).SerializeToString())
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
