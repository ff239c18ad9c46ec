"""Writing files so that a crash leaves the old or the new content, never a part of it; readers that are closed."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, Self

from weft.base.errors import DiskFullError, explain
from weft.base.locks import Lock

#: the disk is full, the user's share of it is, a file is as long as it may be
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_alone = Lock()


class Closing:
    """Something open, which `with` closes."""

    def close(self) -> None:
        """Closes it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def refusal(error: OSError, path: str | os.PathLike[str]) -> OSError:
    """What to raise where a file could not be written: which one, where the disk is full; else the error itself."""
    if error.errno not in _FULL or isinstance(error, DiskFullError):
        return error
    found = DiskFullError(explain(f"{os.fspath(path)}; {error.strerror}: the file could not be written to its end.",
                                  hint="make room on that disk, or write to another one"))  # fmt: skip
    found.errno, found.strerror, found.filename = error.errno, error.strerror, os.fspath(path)
    return found


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[None]:
    """Within the block a full disk raises a `DiskFullError` that names the file."""
    try:
        yield
    except OSError as error:
        raise refusal(error, path) from None


@contextlib.contextmanager
def temporary() -> Iterator[BinaryIO]:
    """A file without a name that is gone after the block; where there is no room for it, the error names its folder."""
    with writing(tempfile.gettempdir()), tempfile.TemporaryFile() as file:
        yield file


def sync_file(file: BinaryIO) -> None:
    """Makes sure that everything written to a file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(path: str) -> None:
    """Makes sure that the names in a folder are on the disk, where the system can do that."""
    flags = getattr(os, "O_DIRECTORY", None)
    if flags is None:  # Windows opens no folders
        return
    with contextlib.suppress(OSError):  # some network file systems refuse it
        descriptor = os.open(path or ".", os.O_RDONLY | flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def alone_in(folder: str) -> Iterator[None]:
    """Within the block no other thread is in such a block, nor another process in one of the same folder.

    Processes wait for each other where the system and the file system can lock a folder.
    """
    with _alone, contextlib.ExitStack() as stack:
        flags = getattr(os, "O_DIRECTORY", None)
        if flags is not None:
            with contextlib.suppress(OSError, ImportError):  # Windows has no fcntl, some network file systems no locks
                import fcntl

                descriptor = os.open(folder or ".", os.O_RDONLY | flags)
                stack.callback(os.close, descriptor)  # which gives the lock back
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def open_temporary(path: str) -> tuple[BinaryIO, str]:
    """Opens a new file beside a path, which can be renamed to it; returns the file and its name."""
    folder, name = os.path.split(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name[:100]}.", suffix=".part", dir=folder)
    _usual_mode(descriptor)
    return os.fdopen(descriptor, "wb"), temporary


def _usual_mode(descriptor: int) -> None:
    """mkstemp makes private files; a file that a user saves has the mode that `open` gives."""
    if hasattr(os, "fchmod"):
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(descriptor, 0o666 & ~mask)


def remove_quietly(path: str) -> None:
    """Removes a file if it is there."""
    with contextlib.suppress(OSError):
        os.remove(path)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` once the block ends without an exception, and vanishes otherwise.

    Example:
        >>> from pathlib import Path
        >>> target = tempfile.mkdtemp() + "/state"
        >>> with replacing(target) as file:
        ...     _ = file.write(b"whole")
        >>> Path(target).read_bytes()
        b'whole'
    """
    target = os.path.abspath(os.fspath(path))
    with writing(target):
        file, temporary = open_temporary(target)
        try:
            with file:
                yield file
                sync_file(file)
            os.replace(temporary, target)
        except BaseException:
            remove_quietly(temporary)
            raise
    sync_folder(os.path.dirname(target))
