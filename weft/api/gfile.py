"""`tf.io.gfile`: files and folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

from weft.base.errors import (
    AlreadyExistsError,
    DiskFullError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    explain,
)  # fmt: skip
from weft.formats import files


def _path(path: Any) -> str:
    found = os.fspath(path)
    found = found.decode() if isinstance(found, bytes) else found
    return found.removeprefix("file://")


def content(path: Any) -> bytes:
    """The bytes of a whole file, in as few calls as it takes: after each of them Python's lock has to be had again."""
    file = os.open(_path(path), os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        size = os.fstat(file).st_size
        parts = [os.read(file, size)] if size else []
        if not size or len(parts[0]) < size:  # a pipe, or more than one call reads
            while part := os.read(file, 1 << 20):
                parts.append(part)
        return b"".join(parts) if len(parts) != 1 else parts[0]
    finally:
        os.close(file)


def error_of(error: OSError, path: str) -> Exception:
    """The error of TensorFlow's class for one of the operating system."""
    kinds = {FileNotFoundError: NotFoundError, PermissionError: PermissionDeniedError,
             FileExistsError: AlreadyExistsError}  # fmt: skip
    for kind, ours in kinds.items():
        if isinstance(error, kind):
            return ours(f"{path}; {error.strerror}")
    found = files.refusal(error, path)
    if isinstance(found, DiskFullError):
        return found
    return FailedPreconditionError(f"{path}; {error.strerror}")


class GFile:
    """A file, opened when it is first used.

    Args:
        name: Its path.
        mode: As for Python's `open`; texts are UTF-8.

    Example:
        >>> import tempfile
        >>> import weft as tf
        >>> path = tempfile.mkdtemp() + "/note.txt"
        >>> with tf.io.gfile.GFile(path, "w") as file:
        ...     file.write("one line")
        >>> with tf.io.gfile.GFile(path) as file:
        ...     file.read()
        'one line'
    """

    def __init__(self, name: Any, mode: str = "r") -> None:
        if mode.replace("b", "") not in ("r", "w", "a", "r+", "w+", "a+"):
            raise InvalidArgumentError(explain(f"GFile: unknown mode {mode!r}.",
                                               expected="r, w, a, r+, w+ or a+, with a b for bytes"))  # fmt: skip
        self._name, self._mode = _path(name), mode
        self._file: Any = None

    @property
    def name(self) -> str:
        """Its path."""
        return self._name

    @property
    def mode(self) -> str:
        """How it is opened."""
        return self._mode

    def _open(self) -> Any:
        if self._file is None:
            try:
                text = None if "b" in self._mode else "utf-8"
                self._file = open(self._name, self._mode, encoding=text)
            except OSError as error:
                raise error_of(error, self._name) from None
        return self._file

    def read(self, n: int = -1) -> Any:
        """The next `n` characters or bytes; the rest where negative."""
        return self._open().read(n)

    def write(self, file_content: Any) -> None:
        """Writes a text or bytes."""
        file = self._open()
        with files.writing(self._name):
            file.write(file_content)

    def readline(self) -> Any:
        """The next line."""
        return self._open().readline()

    def readlines(self) -> list[Any]:
        """The rest in lines."""
        return list(self._open().readlines())

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Goes to a place."""
        self._open().seek(position if offset is None else offset, whence)

    def tell(self) -> int:
        """The present place."""
        return int(self._open().tell())

    def size(self) -> int:
        """How many bytes it has."""
        try:
            return os.path.getsize(self._name)
        except OSError as error:
            raise error_of(error, self._name) from None

    def flush(self) -> None:
        """Hands what was written to the operating system."""
        if self._file is not None:
            with files.writing(self._name):
                self._file.flush()

    def close(self) -> None:
        """Closes it."""
        if self._file is not None:
            file, self._file = self._file, None
            with files.writing(self._name):
                file.close()

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._open())

    def __next__(self) -> Any:
        return next(self._open())

    def next(self) -> Any:
        """The next line: `next(file)`."""
        return self.__next__()



class FastGFile(GFile):
    """A file that is read at once."""


def exists(path: Any) -> bool:
    """Whether there is a file or folder."""
    return os.path.exists(_path(path))


def isdir(path: Any) -> bool:
    """Whether it is a folder."""
    return os.path.isdir(_path(path))


def glob(pattern: Any) -> list[str]:
    """The paths that match a pattern, or one of several, sorted."""
    patterns = [pattern] if isinstance(pattern, (str, bytes, os.PathLike)) else list(pattern)
    from weft.data.files import glob_paths

    return [found for each in patterns for found in glob_paths(_path(each))]


def listdir(path: Any) -> list[str]:
    """What a folder holds."""
    try:
        return os.listdir(_path(path))
    except OSError as error:
        raise error_of(error, _path(path)) from None


def makedirs(path: Any) -> None:
    """Makes a folder and those around it; one that is there stays."""
    try:
        os.makedirs(_path(path), exist_ok=True)
    except OSError as error:
        raise error_of(error, _path(path)) from None


def mkdir(path: Any) -> None:
    """Makes a folder inside one that is there."""
    try:
        os.mkdir(_path(path))
    except OSError as error:
        raise error_of(error, _path(path)) from None


def remove(path: Any) -> None:
    """Deletes a file."""
    try:
        os.remove(_path(path))
    except OSError as error:
        raise error_of(error, _path(path)) from None


def rmtree(path: Any) -> None:
    """Deletes a folder with all it holds."""
    try:
        shutil.rmtree(_path(path))
    except OSError as error:
        raise error_of(error, _path(path)) from None


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copies a file.

    Raises:
        AlreadyExistsError: Where the new one is there and is not to be overwritten.
    """
    if not overwrite and os.path.exists(_path(dst)):
        raise AlreadyExistsError(f"{_path(dst)}; file already exists")
    try:
        shutil.copyfile(_path(src), _path(dst))
    except OSError as error:
        raise error_of(error, _path(src)) from None


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Renames or moves a file.

    Raises:
        AlreadyExistsError: Where the new one is there and is not to be overwritten.
    """
    if not overwrite and os.path.exists(_path(dst)):
        raise AlreadyExistsError(f"{_path(dst)}; file already exists")
    try:
        os.replace(_path(src), _path(dst))
    except OSError as error:
        raise error_of(error, _path(src)) from None


def stat(path: Any) -> Any:
    """What the operating system says of a file; `length` is its size."""
    try:
        return _Status(os.stat(_path(path)))
    except OSError as error:
        raise error_of(error, _path(path)) from None


class _Status:
    """Size, time of the last change, and whether it is a folder."""

    def __init__(self, status: os.stat_result) -> None:
        self.length, self.mtime_nsec = status.st_size, status.st_mtime_ns
        self.is_directory = (status.st_mode & 0o170000) == 0o040000


def walk(top: Any, topdown: bool = True, onerror: Any = None) -> Iterator[tuple[str, list[str], list[str]]]:
    """Folders below a folder, each with the folders and the files in it; `onerror` gets what cannot be read."""
    return os.walk(_path(top), topdown=topdown, onerror=onerror)


def join(path: Any, *paths: Any) -> str:
    """Parts of a path as one."""
    return os.path.join(_path(path), *map(_path, paths))


def get_registered_schemes() -> list[str]:
    """The kinds of file systems that are known: the local one."""
    return ["", "file://"]
