"""`tf.resource_loader`: files that lie beside a program."""

from __future__ import annotations

import os
import sys
from typing import Any

from weft.compat.v1.gfile import GFile


def get_data_files_path() -> str:
    """The folder of the file that asks."""
    return os.path.dirname(os.path.abspath(sys._getframe(1).f_code.co_filename))


def get_path_to_datafile(path: Any) -> str:
    """A path beside the file that asks."""
    folder = os.path.dirname(os.path.abspath(sys._getframe(1).f_code.co_filename))
    return os.path.join(folder, path)


def get_root_dir_with_all_resources() -> str:
    """The folder of the file that asks."""
    return os.path.dirname(os.path.abspath(sys._getframe(1).f_code.co_filename))


def readahead_file_path(path: Any, readahead: str = "128M") -> Any:
    """The path; how files are read ahead is for the operating system."""
    return path


def load_resource(path: Any) -> bytes:
    """The bytes of a file."""
    with GFile(path, "rb") as file:
        return bytes(file.read())


