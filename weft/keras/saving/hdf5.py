"""HDF5 files of weights: reading them without trust, and what writing has in common.

h5py is imported when a file is opened and not before.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import ml_dtypes
import numpy as np

from weft.extend import explain

#: what a file may claim to hold beyond twice its own size: compressed files of weights stay far below it
_SLACK = 64 << 20
#: gzip, shuffle, checksums, szip, n-bit, scale-offset and lzf; others would make HDF5 look for plugins to load
_FILTERS = (1, 2, 3, 4, 5, 6, 32000)
#: bytes that HDF5 takes as one attribute, less what its header needs
_ATTRIBUTE_LIMIT = 64512
MAGIC = b"\x89HDF\r\n\x1a\n"


def h5py() -> Any:
    """The library, imported when it is first needed."""
    import h5py as module

    return module


class Reader:
    """An open HDF5 file of which only what lies in it is read, and no more than it can hold.

    Links to other places, data outside the file, and sizes that the file cannot back are refused.

    Args:
        file: A path, or an open binary file.
        name: What errors call it.
    """

    def __init__(self, file: Any, name: str) -> None:
        self.name = name
        size = _size_of(file)
        self._left = 2 * size + _SLACK
        try:
            self._file = h5py().File(file, mode="r")
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise ValueError(explain(
                f"`{name}` cannot be read as an HDF5 file: it is damaged, cut short, or something else.",
                received=f"{size} bytes; {str(error).splitlines()[0][:200] if str(error) else type(error).__name__}",
            )) from error  # fmt: skip

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _refuse(self, problem: str) -> ValueError:
        return ValueError(explain(f"`{self.name}` is refused: {problem}.", hint="load only files that you trust"))

    def _member(self, parent: Any, part: str) -> Any:
        if part in ("", ".", ".."):
            raise self._refuse(f"a path in it has the part {part!r}")
        with self._reading():
            link = parent.get(part, default=None, getclass=True, getlink=True)
        if link is None:
            return None
        if link is not h5py().HardLink:
            raise self._refuse(f"`{part}` is a link to another place ({link.__name__})")
        with self._reading():
            return parent[part]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """HDF5 reports damage as errors of many kinds."""
        try:
            yield
        except (OSError, RuntimeError, KeyError, TypeError, OverflowError, MemoryError) as error:
            raise ValueError(explain(
                f"`{self.name}` is damaged: {str(error).splitlines()[0][:200] if str(error) else type(error).__name__}."
            )) from error  # fmt: skip

    def find(self, path: str, start: Any = None) -> Any:
        """The group or data set at a path, or None."""
        item = self._file if start is None else start
        for part in path.split("/") if path else ():
            if not isinstance(item, h5py().Group):
                return None
            item = self._member(item, part)
            if item is None:
                return None
        return item

    def group(self, path: str, start: Any = None) -> Any:
        """The group at a path, or None."""
        item = self.find(path, start)
        if item is not None and not isinstance(item, h5py().Group):
            raise self._refuse(f"`{path}` is no group")
        return item

    def keys(self, group: Any) -> list[str]:
        """The names in a group."""
        with self._reading():
            return list(group.keys())

    def read(self, group: Any, path: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
        """The array at a path within a group.

        Args:
            group: Where the path begins.
            path: The path.
            shape: What the array must have, so that nothing else is read; any where None.

        Raises:
            KeyError: Where there is none.
            ValueError: For what is refused.
        """
        data = self.find(path, group)
        if data is None:
            raise KeyError(path)
        if not isinstance(data, h5py().Dataset):
            raise self._refuse(f"`{path}` is no array")
        self._check(data, path)
        if shape is not None and tuple(data.shape) != tuple(shape):
            return np.broadcast_to(np.zeros((), data.dtype), data.shape)  # its shape is all that is looked at
        with self._reading():
            array = np.asarray(data[()])
        if self._text(data, "dtype") == "bfloat16":
            array = array.view(ml_dtypes.bfloat16) if array.dtype.itemsize == 2 else array.astype(ml_dtypes.bfloat16)
        return array

    def _check(self, data: Any, path: str) -> None:
        with self._reading():
            plan = data.id.get_create_plist()
            filters = [plan.get_filter(number)[0] for number in range(plan.get_nfilters())]
            outside, virtual = data.external, data.is_virtual
            shape, kind, stored = data.shape, data.dtype, int(data.id.get_storage_size())
        if outside:
            raise self._refuse(f"`{path}` has its numbers in other files ({outside[0][0]!r})")
        if virtual:
            raise self._refuse(f"`{path}` is put together from other files (a virtual data set)")
        if shape is None or kind.kind not in "fiubcV" or (kind.kind == "V" and kind.itemsize != 2):
            raise self._refuse(f"`{path}` holds no numbers but {kind}")
        if any(number not in _FILTERS for number in filters):
            raise self._refuse(f"`{path}` is packed in a way ({filters}) that is not known")
        claimed = math.prod(map(int, shape)) * kind.itemsize
        if claimed > (self._left if filters else max(stored, 1 << 20)) or claimed > self._left:
            raise self._refuse(f"`{path}` claims {claimed} bytes (shape {shape}), and {stored} are stored")
        self._left -= claimed

    def attribute(self, group: Any, name: str) -> Any:
        """An attribute of a group, or None."""
        with self._reading():
            if name not in group.attrs:
                return None
            record = group.attrs.get_id(name)
            size = math.prod(map(int, record.shape or (1,))) * max(int(record.dtype.itemsize), 1)
            if size > self._left:
                raise self._refuse(f"attribute `{name}` claims {size} bytes")
            self._left -= size
            return group.attrs[name]

    def _text(self, group: Any, name: str) -> str | None:
        value = self.attribute(group, name)
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return None if value is None else str(value)

    def json(self, name: str) -> Any:
        """An attribute of the file that holds JSON, or None."""
        text = self._text(self._file, name)
        return None if text is None else parse_json(text, f"{self.name}: {name}")

    def text(self, group: Any, name: str) -> str | None:
        """An attribute as text, or None."""
        return self._text(self._file if group is None else group, name)

    def names(self, group: Any, name: str) -> list[str] | None:
        """An attribute that lists names, in one piece or in numbered ones; None where there is none."""
        value = self.attribute(group, name)
        pieces = []
        if value is not None:
            pieces.append(value)
        else:
            number = 0
            while (piece := self.attribute(group, f"{name}{number}")) is not None:
                pieces.append(piece)
                number += 1
            if not pieces:
                return None
        return [
            item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)
            for piece in pieces for item in np.ravel(np.asarray(piece)).tolist()
        ]  # fmt: skip


def parse_json(text: str | bytes, name: str) -> Any:
    """What JSON says.

    Raises:
        ValueError: For anything else, naming where it stood.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(explain(f"`{name}` is refused: its JSON is nested too deeply.")) from error
    except ValueError as error:  # also what is no UTF-8
        raise ValueError(explain(f"`{name}` holds no JSON: {str(error)[:200]}.")) from error


def _size_of(file: Any) -> int:
    if isinstance(file, (str, os.PathLike)):
        return os.path.getsize(file)
    place = file.tell()
    size = int(file.seek(0, os.SEEK_END))
    file.seek(place)
    return size


def put_array(group: Any, name: str, value: Any) -> None:
    """Writes an array into a group."""
    array = np.asarray(value)
    if array.dtype == ml_dtypes.bfloat16:
        group.create_dataset(name, data=array).attrs["dtype"] = "bfloat16"
    else:
        group[name] = array


def put_names(group: Any, name: str, values: Iterable[str]) -> None:
    """Writes a list of names as an attribute, in numbered pieces where it is too long for one."""
    encoded = [value.encode("utf-8") for value in values]
    longest = max((len(value) for value in encoded), default=1)
    if longest > _ATTRIBUTE_LIMIT:
        raise ValueError(explain(f"A name of {longest} bytes does not fit an HDF5 attribute."))
    room = max(_ATTRIBUTE_LIMIT // longest, 1)
    if len(encoded) <= room:
        group.attrs[name] = encoded
        return
    for number, start in enumerate(range(0, len(encoded), room)):
        group.attrs[f"{name}{number}"] = encoded[start : start + room]
