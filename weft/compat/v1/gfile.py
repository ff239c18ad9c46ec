"""`tf.gfile`: files and folders under TensorFlow 1's names."""

from __future__ import annotations

from typing import Any

from weft.api import gfile
from weft.api.gfile import GFile

FastGFile = gfile.FastGFile
Open = GFile


def Copy(oldpath: Any, newpath: Any, overwrite: bool = False) -> None:
    """Copies a file."""
    gfile.copy(oldpath, newpath, overwrite)


def DeleteRecursively(dirname: Any) -> None:
    """Deletes a folder with all it holds."""
    gfile.rmtree(dirname)


def Exists(filename: Any) -> bool:
    """Whether there is a file or folder."""
    return gfile.exists(filename)


def Glob(filename: Any) -> list[str]:
    """The paths that match a pattern, or one of several, sorted."""
    return gfile.glob(filename)


def IsDirectory(dirname: Any) -> bool:
    """Whether it is a folder."""
    return gfile.isdir(dirname)


def ListDirectory(dirname: Any) -> list[str]:
    """What a folder holds."""
    return gfile.listdir(dirname)


def MakeDirs(dirname: Any) -> None:
    """Makes a folder and those around it; one that is there stays."""
    gfile.makedirs(dirname)


def Remove(filename: Any) -> None:
    """Deletes a file."""
    gfile.remove(filename)


def Rename(oldname: Any, newname: Any, overwrite: bool = False) -> None:
    """Renames or moves a file."""
    gfile.rename(oldname, newname, overwrite)


def Stat(filename: Any) -> Any:
    """What the operating system says of a file; `length` is its size."""
    return gfile.stat(filename)


def Walk(top: Any, in_order: bool = True) -> Any:
    """Folders below a folder, each with the folders and the files in it."""
    return gfile.walk(top, in_order)


def MkDir(dirname: Any) -> None:
    """Makes a folder inside one that is there; one that exists already stays as it is."""
    if not gfile.isdir(dirname):
        gfile.mkdir(dirname)


def _read_text(filename: Any, binary_mode: bool = False) -> Any:
    """A whole file as text or bytes."""
    with GFile(filename, "rb" if binary_mode else "r") as file:
        return file.read()


def _write_text(filename: Any, file_content: Any) -> None:
    """Writes a whole file."""
    with GFile(filename, "wb" if isinstance(file_content, bytes) else "w") as file:
        file.write(file_content)
