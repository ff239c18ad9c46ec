"""What checkpoints on disk hold, looked at without the objects that were saved."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from weft.base import dtypes
from weft.base.errors import explain
from weft.formats import bundle, checkpoint_state, checkpoint_v1
from weft.formats.messages.checkpoint import CheckpointState
from weft.formats.messages.tensor import DataType
from weft.formats.tensors import numpy_dtype


def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """The prefix of a folder's newest checkpoint, or None where there is none.

    Args:
        checkpoint_dir: The folder.
        latest_filename: The name of the file that says which it is; `checkpoint` where None.
    """
    return checkpoint_state.latest_checkpoint(checkpoint_dir, latest_filename=latest_filename or "checkpoint")


def get_checkpoint_state(checkpoint_dir: Any, latest_filename: str | None = None) -> CheckpointState | None:
    """What a folder's state file says: the newest checkpoint and those that are kept; None where there is no file."""
    return checkpoint_state.read_checkpoint_state(checkpoint_dir, latest_filename=latest_filename or "checkpoint")


def remove_checkpoint(prefix: str) -> None:
    """Deletes the files of a checkpoint of either version, as far as they are there.

    The list of a folder's checkpoints is a text file, which may name anything: what is no checkpoint stays.
    """
    if not bundle.checkpoint_exists(prefix) and checkpoint_v1.is_checkpoint(prefix):  # the prefix is the file
        os.remove(prefix)
    for path in [*bundle.data_files(prefix), bundle.index_path(prefix)]:
        if os.path.exists(path):
            os.remove(path)


class CheckpointReader:
    """What a checkpoint holds, by name.

    Args:
        filename: The checkpoint's prefix.

    Raises:
        NotFoundError: Where there is no such checkpoint.
    """

    def __init__(self, filename: Any) -> None:
        self._reader = checkpoint_v1.open_checkpoint(filename)

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shape of every tensor, by name."""
        return {name: list(shape) for name, shape in self._reader.shapes().items()}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        """The dtype of every tensor, by name."""
        return {name: dtypes.as_dtype(numpy_dtype(self._reader.dtype(name))) for name in self._reader.names()}

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether there is a tensor of that name."""
        return tensor_str in self._reader

    def get_tensor(self, tensor_str: str) -> Any:
        """A tensor as an array; a scalar string as bytes.

        Raises:
            NotFoundError: Where there is none of that name.
        """
        try:
            found = self._reader.read(tensor_str)
        finally:
            self._reader.close()  # it opens its files again when they are needed
        return found.item() if found.dtype == object and found.ndim == 0 else found

    def debug_string(self) -> bytes:
        """A line for each tensor: name, dtype, shape."""
        lines = [f"{name} ({DataType(self._reader.dtype(name)).name}) [{','.join(map(str, shape))}]"
                 for name, shape in self._reader.shapes().items()]  # fmt: skip
        return "\n".join(lines).encode()


def resolved_prefix(ckpt_dir_or_file: Any) -> str:
    """A checkpoint's prefix, or that of a folder's newest one."""
    given = os.fspath(ckpt_dir_or_file)
    if os.path.isdir(given):
        found = latest_checkpoint(given)
        if found is None:
            raise ValueError(explain(f"Couldn't find a checkpoint in the folder {given!r}.",
                                     hint="pass the prefix of the checkpoint's files"))  # fmt: skip
        return found
    return given


def load_checkpoint(ckpt_dir_or_file: Any) -> CheckpointReader:
    """A reader of a checkpoint, or of a folder's newest one."""
    return CheckpointReader(resolved_prefix(ckpt_dir_or_file))


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """The names and shapes of a checkpoint's tensors, sorted by name."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """One tensor of a checkpoint as an array; a name may end with `:0`."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def checkpoints_iterator(checkpoint_dir: Any, min_interval_secs: float = 0, timeout: float | None = None,
                         timeout_fn: Callable[[], bool] | None = None) -> Iterator[str]:  # fmt: skip
    """Waits for new checkpoints in a folder and yields the prefix of each.

    Args:
        checkpoint_dir: The folder.
        min_interval_secs: The fewest seconds from one to the next.
        timeout: The most seconds to wait for a new one; for ever where None.
        timeout_fn: Asked after that time: True ends the waiting. Without it the time alone does.
    """
    seen: str | None = None
    while True:
        found = _wait_for_new(checkpoint_dir, seen, timeout)
        if found is None:
            if timeout_fn is None or timeout_fn():
                return
            continue
        start = time.time()
        seen = found
        yield found
        left = start + min_interval_secs - time.time()
        if left > 0:
            time.sleep(left)


def _wait_for_new(folder: Any, seen: str | None, timeout: float | None) -> str | None:
    stop = None if timeout is None else time.time() + timeout
    while True:
        found = latest_checkpoint(folder)
        if found is not None and found != seen:
            return found
        rest = 1.0 if stop is None else min(1.0, stop - time.time())
        if rest <= 0:
            return None
        time.sleep(rest)
