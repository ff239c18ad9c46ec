"""Weights that are spread over several files of at most a given size, as Keras 3 lays them out.

`NAME.weights.json` says which file holds which group of variables; `NAME_00000.weights.h5`, … hold them.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from weft.extend import explain, replacing_file, temporary_file
from weft.keras.saving import hdf5
from weft.keras.saving.state import Writer

INDEX = ".weights.json"
_SHARD = ".weights.h5"


class _Shards:
    """Takes the place of an open HDF5 file: what is written goes to the shard that is open, or to a new one."""

    def __init__(self, prefix: str, limit: int) -> None:
        self._prefix, self._limit = prefix, limit
        self._left = 0
        self._file: Any = None
        self._store: Any = None
        self.names: list[str] = []
        self.where: dict[str, list[str]] = {}
        self.total = 0
        self._open()

    def _open(self) -> None:
        self.names.append(f"{self._prefix}_{len(self.names):05d}{_SHARD}")
        self._left = self._limit
        self._file = tempfile.TemporaryFile()
        self._store = hdf5.h5py().File(self._file, mode="w")

    def close(self) -> None:
        """Puts the open shard in its place."""
        self._store.close()
        self._file.seek(0)
        with self._file, replacing_file(self.names[-1]) as target:
            shutil.copyfileobj(self._file, target, 1 << 20)

    def abandon(self) -> None:
        """Forgets the open shard; does nothing where it was put in its place."""
        self._store.close()
        self._file.close()

    def group(self, path: str) -> Any:
        """The group at a path in the open shard."""
        return self._store.require_group(path)

    def create_group(self, path: str) -> _Group:
        """What takes the variables of an object."""
        return _Group(self, path)

    def put(self, path: str, name: str, array: np.ndarray) -> None:
        """Writes an array; into a new shard where the open one has no room for it."""
        if array.nbytes > self._limit:
            raise ValueError(explain(
                f"The variable `{path}/{name}` takes more than `max_shard_size`.", received=f"{array.nbytes} bytes",
                expected=f"at most {self._limit} bytes", hint="raise max_shard_size, which is in GB",
            ))  # fmt: skip
        if array.nbytes > self._left:
            self.close()
            self._open()
        self._left -= array.nbytes
        self.total += array.nbytes
        hdf5.put_array(self.group(path), name, array)
        held = self.where.setdefault(f"/{path}", [])
        shard = os.path.basename(self.names[-1])
        if shard not in held:
            held.append(shard)


class _Group:
    """Takes the place of the group of an object's variables."""

    def __init__(self, shards: _Shards, path: str) -> None:
        self._shards, self._path = shards, path
        self._names: list[str] = []

    @property
    def attrs(self) -> Any:
        """The attributes of the group in the open shard."""
        return self._shards.group(self._path).attrs

    def keys(self) -> list[str]:
        """The names so far."""
        return self._names

    def __setitem__(self, name: str, value: Any) -> None:
        self._shards.put(self._path, name, np.asarray(value))
        self._names.append(name)


def index_of(path: str) -> str:
    """The path of the index, for what a program called the file of weights.

    Raises:
        ValueError: For a path with another ending.
    """
    for ending in (INDEX, _SHARD):
        if path.endswith(ending):
            return path[: -len(ending)] + INDEX
    raise ValueError(explain(
        f"With `max_shard_size`, the path of weights must end in `{INDEX}`.", received=repr(path),
        hint=f"model.save_weights({os.path.splitext(path)[0] + INDEX!r}, max_shard_size=...)",
    ))  # fmt: skip


def write(model: Any, index: str, max_shard_size: float, skip: Any = ()) -> None:
    """Writes the weights of a model and its optimizer's state, each file whole or not at all, the index last.

    Args:
        model: The model.
        index: The path of the index.
        max_shard_size: How many GB a file holds at most.
        skip: Objects that are left out.

    Raises:
        ValueError: For a variable that does not fit a file.
    """
    if isinstance(max_shard_size, bool) or not isinstance(max_shard_size, (int, float)) or max_shard_size <= 0:
        raise ValueError(explain("`max_shard_size` is a number of GB.", received=repr(max_shard_size)))
    shards = _Shards(index[: -len(INDEX)], int(max_shard_size * 1024**3))
    try:
        Writer(shards, skip=skip).write(model)
        shards.close()
    finally:
        shards.abandon()
    text = json.dumps({"metadata": {"total_size": float(shards.total)}, "weight_map": shards.where}, indent=4)
    with replacing_file(index) as target:
        target.write(text.encode("utf-8"))


@contextmanager
def joined(index: str) -> Iterator[hdf5.Reader]:
    """The shards of an index as one file.

    Raises:
        ValueError: For an index that is damaged or names files elsewhere, and for shards that are not there.
    """
    with open(index, "rb") as file:
        found = hdf5.parse_json(file.read(), index)
    where = found.get("weight_map") if isinstance(found, dict) else None
    if not isinstance(where, dict):
        raise ValueError(explain(f"`{index}` is no index of weights: it has no `weight_map`."))
    names: list[Any] = []
    for held in where.values():
        names.extend(name for name in (held if isinstance(held, list) else [held]) if name not in names)
    with temporary_file() as whole:
        with hdf5.h5py().File(whole, mode="w") as store:
            for name in names:
                _take_over(index, name, store)
        whole.seek(0)
        reader = hdf5.Reader(whole, index)
        try:
            yield reader
        finally:
            reader.close()


def _take_over(index: str, name: Any, store: Any) -> None:
    if not isinstance(name, str) or os.path.basename(name) != name or not name.endswith(_SHARD):
        raise ValueError(explain(f"`{index}` is refused: it names a file {name!r}.",
                                 hint="load only files that you trust"))  # fmt: skip
    path = os.path.join(os.path.dirname(index), name)
    if not os.path.isfile(path):
        raise ValueError(explain(f"`{index}` names the file `{name}`, which is not beside it."))
    reader = hdf5.Reader(path, path)
    try:
        waiting: list[tuple[str, Any, int]] = [("", reader.group(""), 0)]
        while waiting:
            place, group, depth = waiting.pop()
            if depth > 100:
                raise ValueError(explain(f"`{path}` is refused: its groups are nested too deeply."))
            for key in reader.keys(group):
                if isinstance(reader.find(key, group), hdf5.h5py().Group):
                    waiting.append((f"{place}/{key}", reader.group(key, group), depth + 1))
                else:
                    hdf5.put_array(store.require_group(place or "/"), key, reader.read(group, key))
    finally:
        reader.close()
