"""Checkpoints that several processes write together, each a data file of its own; one of them writes the index.

A data file never takes the place of one that a checkpoint of the same prefix still needs: where that has as many, the
new ones are counted as the upper half of twice as many, which readers allow. So the index alone decides, and it is
replaced at once.
"""

from __future__ import annotations

import glob
import math
import os
from collections.abc import Sequence

from weft.base.errors import DataLossError, InvalidArgumentError, NotFoundError
from weft.formats import bundle_keys, files
from weft.formats.bundle import (
    BundleReader,
    BundleWriter,
    Path,
    checkpoint_exists,
    data_path,
    forget_replacement,
    index_path,
    write_index,
)
from weft.formats.messages.checkpoint import BundleEntryProto
from weft.formats.tensors import static_shape
from weft.formats.wire import decode_length, encode_varint


class Part(BundleWriter):
    """One of the data files of a checkpoint.

    Args:
        prefix: The checkpoint's path without `.index` and `.data-…`.
        shard: The file's number.
        shards: As `count_shards` gives it.
    """

    def __init__(self, prefix: Path, shard: int, shards: int) -> None:
        self._begin(prefix, shard, shards)
        self._shards = shards

    def finish(self) -> None:
        """Puts the data file in its place, where nobody reads it before there is an index."""
        if self._done:
            return
        self._done = True
        try:
            with files.writing(self._prefix), self._file as data_file:
                files.sync_file(data_file)
            os.replace(self._temporary, data_path(self._prefix, self._shard, self._shards))
            files.sync_folder(os.path.dirname(self._prefix))
        except BaseException:
            files.remove_quietly(self._temporary)
            raise

    def entries(self) -> bytes:
        """What the index has to know of this file, for `write_index_of`."""
        out = bytearray()
        for key, entry in self._entries.items():
            for field in (key, entry.SerializeToString()):
                out += encode_varint(len(field)) + field
        return bytes(out)


def count_shards(prefix: Path, parts: int) -> tuple[int, int]:
    """How data files are numbered that take nothing from a checkpoint that is there.

    Args:
        prefix: The checkpoint's path.
        parts: How many files are to be written.

    Returns:
        The number of the first one, and how many the index counts.
    """
    if not checkpoint_exists(prefix):
        return 0, parts
    try:
        with BundleReader(prefix) as reader:
            found = reader.shards
    except (DataLossError, NotFoundError):
        return 0, parts
    return (parts, 2 * parts) if found == parts else (0, parts)


def write_index_of(prefix: Path, parts: Sequence[bytes], shards: int) -> None:
    """Writes the index once all data files are there, and removes those of an older checkpoint.

    Args:
        prefix: The checkpoint's path.
        parts: The `entries` of each file.
        shards: As `count_shards` gave it.

    Raises:
        NotFoundError: Where a data file is not there.
        InvalidArgumentError: Where parts do not go together, or the slices of a tensor do not cover it.
    """
    path = os.path.abspath(os.fspath(prefix))
    entries = _joined(parts)
    needed = {data_path(path, entry.shard_id, shards) for entry in entries.values() if not entry.slices}
    for file in sorted(needed):
        if not os.path.exists(file):
            raise NotFoundError(
                f"The checkpoint {path} is incomplete: {file} does not exist here. Workers that save one checkpoint "
                "need a folder that all of them see."
            )
    index_file, index = files.open_temporary(index_path(path))
    try:
        with files.writing(path), index_file:
            write_index(index_file, entries, shards)
            files.sync_file(index_file)
        with files.alone_in(os.path.dirname(path)):
            os.replace(index, index_path(path))
            files.sync_folder(os.path.dirname(path))
            forget_replacement(path)
    except BaseException:
        files.remove_quietly(index)
        raise
    for old in glob.glob(f"{glob.escape(path)}.data-*-of-*"):
        if old not in needed:
            files.remove_quietly(old)


def _joined(parts: Sequence[bytes]) -> dict[bytes, BundleEntryProto]:
    entries: dict[bytes, BundleEntryProto] = {}
    for part in parts:
        for key, entry in _read(part):
            whole = entries.setdefault(key, entry)
            if whole is entry:
                continue
            same = static_shape(whole.shape) == static_shape(entry.shape) and whole.dtype == entry.dtype
            if not (whole.slices and entry.slices and same):
                raise InvalidArgumentError(f"Two processes have written {key.decode(errors='replace')!r}.")
            for proto in entry.slices:
                whole.slices.append(proto)
    for key, entry in entries.items():
        if entry.slices:
            name = key.decode()
            held = (entries[bundle_keys.slice_key(name, proto)] for proto in entry.slices)
            found = sum(math.prod(static_shape(one.shape)) for one in held)
            if found != math.prod(static_shape(entry.shape)):
                raise InvalidArgumentError(f"The slices of {name!r} hold {found} elements, its shape is "
                                           f"{list(static_shape(entry.shape))}.")  # fmt: skip
    return entries


def _read(part: bytes) -> list[tuple[bytes, BundleEntryProto]]:
    at, fields = 0, []
    while at < len(part):
        begin, at = decode_length(part, at, len(part))
        fields.append(part[begin:at])
    return [(key, BundleEntryProto.FromString(entry)) for key, entry in zip(fields[::2], fields[1::2], strict=True)]
