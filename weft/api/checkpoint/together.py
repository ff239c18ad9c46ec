"""A checkpoint of variables that lie cut over several processes: each writes the pieces that it has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from weft.formats import sharded_bundle
from weft.runtime import processes


def write_together(path: str, tensors: Mapping[str, Any]) -> str:
    """Writes a checkpoint with a data file of each process; all of them call this.

    Args:
        path: The prefix. That of the first process counts; its folder must be one that all of them see.
        tensors: The values by their keys, arrays or `processes.Cut`.

    Returns:
        The prefix.

    Raises:
        OSError: Where the disk refuses; an older checkpoint of this prefix is then as it was.
        NotFoundError: Where the first process does not see what another one has written.
        UnavailableError: Where another process could not do its part.
    """
    number, first = processes.number(), processes.number() == 0

    def place() -> bytes:
        if not first:
            return b""
        begin, shards = sharded_bundle.count_shards(path, processes.count())
        return f"{begin} {shards} {os.path.abspath(path)}".encode()

    begin, shards, path = processes.all_done(place)[0].decode().split(" ", 2)

    def write() -> bytes:
        with sharded_bundle.Part(path, int(begin) + number, int(shards)) as part:
            whole = 0
            for key, value in tensors.items():
                if isinstance(value, processes.Cut):
                    for start, piece in value.pieces:
                        part.add_slice(key, piece, shape=value.shape, start=start)
                    continue
                if whole % processes.count() == number:  # what all of them have, they write in turns
                    part.add(key, value)
                whole += 1
        return part.entries()

    parts = processes.all_done(write)

    def index() -> bytes:
        if first:
            sharded_bundle.write_index_of(path, parts, int(shards))
        return b""

    processes.all_done(index)
    return path
