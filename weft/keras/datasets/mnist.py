"""MNIST: handwritten digits, 60,000 for training and 10,000 for testing, 28 × 28 pixels."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from weft.extend import explain
from weft.keras.utils import file_utils

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

_PARTS = ("x_train", "y_train", "x_test", "y_test")


def load_data(path: str = "mnist.npz") -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The images and labels of MNIST.

    They are looked for in `WEFT_HOME/datasets`, then in the folders that `WEFT_DATA_DIR` names, then downloaded. What
    lies in `WEFT_DATA_DIR` is taken as it is, if names, shapes and dtypes are right.

    Args:
        path: The file's name, or the absolute path of a file of one's own.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images `[n, 28, 28]` from 0 to 255, and labels `[n]` from 0 to 9.

    Raises:
        DownloadError: Where it is not here and there is no network; names the address, the place and the hash.
        ValueError: Where a user's own file holds something else.
    """
    if os.path.isabs(path):
        return read(Path(path))
    kept = file_utils.home() / "datasets" / path
    if kept.is_file() and file_utils.file_hash(kept) == SHA256:
        return read(kept)
    for folder in data_folders():
        if (folder / path).is_file():
            return read(folder / path)
    return read(file_utils.fetch(URL, kept, SHA256))


def data_folders() -> list[Path]:
    """The folders that `WEFT_DATA_DIR` names, and their own `datasets`."""
    named = [Path(part).expanduser() for part in os.environ.get("WEFT_DATA_DIR", "").split(os.pathsep) if part]
    return [place for folder in named for place in (folder, folder / "datasets")]


def read(path: Path) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The images and labels in a file.

    Raises:
        ValueError: Where it holds something else.
    """
    if not zipfile.is_zipfile(path):
        there = path.is_file()
        problem = "it is no .npz file" if there else "there is no such file"
        hint = "remove it, or put a whole mnist.npz there" if there else "put mnist.npz there, or name another path"
        raise ValueError(explain(f"{path} cannot be read: {problem}.", hint=hint))
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [name for name in _PARTS if name not in archive.files]
            if missing:
                raise ValueError(
                    explain(f"{path} has no {', '.join(missing)}.", received=", ".join(archive.files) or "nothing")
                )
            parts = {name: archive[name] for name in _PARTS}
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            explain(f"{path} cannot be read: {error}.", hint="remove it, or put a whole one there")
        ) from None
    for kind in ("train", "test"):
        _check(path, kind, parts[f"x_{kind}"], parts[f"y_{kind}"])
    return (parts["x_train"], parts["y_train"]), (parts["x_test"], parts["y_test"])


def _check(path: Path, kind: str, x: Any, y: Any) -> None:
    if (
        x.ndim != 3
        or x.shape[1:] != (28, 28)
        or x.dtype != np.uint8
        or y.shape != x.shape[:1]
        or y.dtype.kind not in "iu"
    ):
        raise ValueError(explain(
            f"{path} does not hold MNIST.", expected="uint8 images [n, 28, 28] and n integer labels",
            received=[f"x_{kind}: {x.dtype} {x.shape}", f"y_{kind}: {y.dtype} {y.shape}"],
        ))  # fmt: skip
    if len(y) and (int(y.min()) < 0 or int(y.max()) > 9):
        raise ValueError(explain(f"{path}: labels must be from 0 to 9.", received=f"from {y.min()} to {y.max()}"))
