"""`tf.gfile`: files and folders under TensorFlow 1's names."""

from __future__ import annotations

from typing import Any

from weft.api import gfile
from weft.api.gfile import GFile

Copy = gfile.copy
DeleteRecursively = gfile.rmtree
Exists = gfile.exists
FastGFile = gfile.FastGFile
Glob = gfile.glob
IsDirectory = gfile.isdir
ListDirectory = gfile.listdir
MakeDirs = gfile.makedirs
Open = GFile
Remove = gfile.remove
Rename = gfile.rename
Stat = gfile.stat
Walk = gfile.walk


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
