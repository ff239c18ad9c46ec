"""Files of others and lookup tables in SavedModels: what a table is filled from travels in the folder `assets`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Any

import numpy as np

from weft.api.lookup import KeyValueTensorInitializer, StaticHashTable, TextFileInitializer
from weft.api.lookup_experimental import DenseHashTable, MutableHashTable
from weft.api.lookup_tables import LookupTable
from weft.base import dtypes
from weft.base.errors import DataLossError, NotFoundError, explain
from weft.ir.plain import Writer
from weft.runtime import frontdoor
from weft.runtime.tensor import Replaceable


class Asset:
    """A file that a SavedModel takes along, and that its functions read by `asset_path`.

    Args:
        path: The file.

    Example:
        >>> import os, tempfile
        >>> import weft as tf
        >>> class Notes(tf.Module):
        ...     def __init__(self, path):
        ...         super().__init__()
        ...         self.file = tf.saved_model.Asset(path)
        ...     @tf.function(input_signature=[])
        ...     def read(self):
        ...         return tf.io.read_file(self.file.asset_path)
        >>> folder = tempfile.mkdtemp()
        >>> path = os.path.join(folder, "notes.txt")
        >>> with open(path, "w") as file:
        ...     _ = file.write("hello")
        >>> tf.saved_model.save(Notes(path), os.path.join(folder, "model"))
        >>> os.remove(path)
        >>> tf.saved_model.load(os.path.join(folder, "model")).read().numpy()
        b'hello'
    """

    def __init__(self, path: Any) -> None:
        given = frontdoor.convert(path if frontdoor.is_tensor_like(path) else os.fspath(path), dtypes.string)
        self._tensor = Replaceable(given._array)

    @property
    def asset_path(self) -> Any:
        """The file's path: a scalar string, which is another one once the model was loaded."""
        return self._tensor

    @property
    def path(self) -> str:
        """The file's path."""
        return str(self._tensor.numpy().decode())

    def _trackable_children(self) -> dict[str, Any]:
        return {}


class AssetFiles:
    """The files that a SavedModel takes along."""

    def __init__(self) -> None:
        self._sources: dict[str, str] = {}  # where a file is -> its name in the model's folder

    @property
    def names(self) -> list[str]:
        """Their names in the folder."""
        return list(self._sources.values())

    def name_of(self, path: str) -> str:
        """The name that a file has in the model's folder."""
        source = os.path.abspath(path)
        if source not in self._sources:
            name = base = os.path.basename(source)
            number = 0
            while name in self.names:
                number += 1
                name = f"{base}_{number}"
            self._sources[source] = name
        return self._sources[source]

    def copy(self, folder: str) -> None:
        """Copies them into a folder, which is made.

        Raises:
            NotFoundError: Where a file is gone.
        """
        os.makedirs(folder)
        for source, name in self._sources.items():
            if not os.path.isfile(source):
                raise NotFoundError(explain(f"The file {source} is gone, which the SavedModel is to take along.",
                                            hint="keep it until the model is saved"))  # fmt: skip
            shutil.copyfile(source, os.path.join(folder, name))


def asset_path(folder: str, name: Any) -> str:
    """Where a file lies that a model took along.

    Raises:
        DataLossError: For a name that leads out of the folder, or a file that is not there.
    """
    if not isinstance(name, str) or os.path.basename(name) != name or name in ("", os.curdir, os.pardir):
        raise DataLossError(f"it names {name!r} as a file that lies in it")
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        raise DataLossError(f"its file {path} is missing")
    return path


_TABLES: dict[str, Any] = {cls.__name__: cls for cls in (StaticHashTable, MutableHashTable, DenseHashTable)}


def table_record(table: LookupTable, plain: Writer, assets: AssetFiles) -> dict[str, Any]:
    """A table as plain data: a static one with what fills it; what is in others stands with the variables."""
    kind = next(name for name, cls in reversed(_TABLES.items()) if isinstance(table, cls))
    default: Any = table.default_value if isinstance(table, StaticHashTable) else table._default  # type: ignore[attr-defined]
    record = {"class": kind, "name": table.name, "keys": table.key_dtype.name, "values": table.value_dtype.name,
              "default": plain.array(default.numpy())}  # fmt: skip
    if isinstance(table, StaticHashTable):
        initializer = table._initializer
        if isinstance(initializer, TextFileInitializer):
            record["file"] = {"name": assets.name_of(initializer.path), "key_index": initializer._key_index,
                              "value_index": initializer._value_index, "vocab_size": initializer._size,
                              "delimiter": initializer._delimiter,
                              "value_index_offset": initializer._offset}  # fmt: skip
        else:
            record["entries"] = [plain.array(part) for part in table._run_export()]
    if isinstance(table, DenseHashTable):
        record["special"] = [plain.array(np.array(key, table.key_dtype.numpy)) for key in table._special.values()]
    return record


def table_made(record: Mapping[str, Any], arrays: list[Any], folder: str) -> LookupTable:
    """A table of its record.

    Args:
        record: As `table_record` wrote it.
        arrays: The arrays that it refers to.
        folder: Where the model's files lie.
    """
    cls = _TABLES[record["class"]]
    keys, values, name = dtypes.as_dtype(record["keys"]), dtypes.as_dtype(record["values"]), str(record["name"])
    default = _array(arrays, record["default"], values)
    if cls is not StaticHashTable:
        special = [_array(arrays, number, keys) for number in record.get("special", ())]
        made: LookupTable = cls(keys, values, default, *special, name=name)
        return made
    if "file" in record:
        given = dict(record["file"])
        path = asset_path(folder, given.pop("name"))
        initializer: Any = TextFileInitializer(path, keys, value_dtype=values, **given)
    else:
        initializer = KeyValueTensorInitializer(*(_array(arrays, number, dtype) for number, dtype
                                                  in zip(record["entries"], (keys, values), strict=True)))  # fmt: skip
    return StaticHashTable(initializer, default, name=name)


def _array(arrays: list[Any], number: Any, dtype: Any) -> Any:
    if not isinstance(number, int) or number < 0:
        raise ValueError(f"no position: {number!r}")
    return frontdoor.convert(arrays[number], dtype)
