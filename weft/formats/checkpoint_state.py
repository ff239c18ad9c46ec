"""The file `checkpoint` in a folder of checkpoints: which is the newest, and which are kept."""

from __future__ import annotations

import os
from collections.abc import Sequence

from weft.base.errors import DataLossError, InvalidArgumentError
from weft.formats import files, text
from weft.formats.checkpoint_v1 import checkpoint_exists
from weft.formats.messages.checkpoint import CheckpointState

Path = str | os.PathLike[str]


def read_checkpoint_state(folder: Path, *, latest_filename: str = "checkpoint") -> CheckpointState | None:
    """Reads a folder's state file; its relative paths come out joined with the folder. None where there is no file.

    Raises:
        DataLossError: Where the file is damaged; says the line.
    """
    path = os.path.join(os.fspath(folder), latest_filename)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        state = text.from_text(content, CheckpointState, allow_unknown_fields=True)
    except InvalidArgumentError as error:
        raise DataLossError(f"{path} is damaged: {error}") from None
    state.model_checkpoint_path = _resolve(folder, state.model_checkpoint_path)
    paths = [_resolve(folder, kept) for kept in state.all_model_checkpoint_paths]
    state.all_model_checkpoint_paths[:] = paths
    return state


def _resolve(folder: Path, path: str) -> str:
    return os.path.join(os.fspath(folder), path) if path else path


def write_checkpoint_state(
    folder: Path,
    latest: Path,
    kept: Sequence[Path] = (),
    *,
    timestamps: Sequence[float] = (),
    last_preserved_timestamp: float = 0.0,
    latest_filename: str = "checkpoint",
) -> None:
    """Writes a folder's state file; a crash leaves the old one.

    Args:
        folder: The folder.
        latest: The newest checkpoint's prefix. Paths in the folder are stored relative to it, so that it can be moved.
        kept: All prefixes, oldest first; the newest is added where it is missing.
        timestamps: When each of them was written, in seconds, or nothing.
        last_preserved_timestamp: When the last one was written that is to be kept for good.
        latest_filename: The file's name.
    """
    everything = [_stored(folder, path) for path in kept]
    newest = _stored(folder, latest)
    if newest not in everything:
        everything.append(newest)
    if timestamps and len(timestamps) != len(everything):
        raise InvalidArgumentError(f"{len(timestamps)} timestamps were given for {len(everything)} checkpoints.")
    state = CheckpointState(
        model_checkpoint_path=newest,
        all_model_checkpoint_paths=everything,
        all_model_checkpoint_timestamps=timestamps,
        last_preserved_timestamp=last_preserved_timestamp,
    )
    with files.replacing(os.path.join(os.fspath(folder), latest_filename)) as file:
        file.write(text.to_text(state).encode("utf-8"))


def _stored(folder: Path, path: Path) -> str:
    """A path relative to the folder where it lies in it, absolute otherwise."""
    base, full = os.path.abspath(folder), os.path.abspath(path)
    return os.path.relpath(full, base) if full.startswith(os.path.join(base, "")) else full


def latest_checkpoint(folder: Path, *, latest_filename: str = "checkpoint") -> str | None:
    """The prefix of a folder's newest checkpoint, or None where there is no state file or the checkpoint is gone."""
    state = read_checkpoint_state(folder, latest_filename=latest_filename)
    if state is None or not state.model_checkpoint_path:
        return None
    return state.model_checkpoint_path if checkpoint_exists(state.model_checkpoint_path) else None
