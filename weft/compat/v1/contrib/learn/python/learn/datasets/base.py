"""Tables in files as data sets, and files that are fetched once."""

from __future__ import annotations

import csv
import os
from typing import Any, NamedTuple

import numpy as np

from weft.base import dtypes
from weft.compat.v1 import gfile


class Dataset(NamedTuple):
    """Rows and what they stand for."""

    data: Any
    target: Any


class Datasets(NamedTuple):
    """What is for training, for choosing, and for judging."""

    train: Any
    validation: Any
    test: Any


def _held(dtype: Any) -> Any:
    return dtype.as_numpy_dtype if isinstance(dtype, dtypes.DType) else dtype


def _rows(filename: Any) -> list[list[str]]:
    with gfile.Open(filename) as file:
        return [row for row in csv.reader(file) if row]


def load_csv_without_header(filename: Any, target_dtype: Any, features_dtype: Any, target_column: int = -1) -> Dataset:
    """The numbers of a file of values with commas between them.

    Args:
        filename: The file.
        target_dtype: What targets are.
        features_dtype: What the other columns are.
        target_column: The column of the targets.
    """
    rows = _rows(filename)
    targets = [row.pop(target_column) for row in rows]
    return Dataset(np.array(rows, _held(features_dtype)), np.array(targets, _held(target_dtype)))


def load_csv_with_header(filename: Any, target_dtype: Any, features_dtype: Any, target_column: int = -1) -> Dataset:
    """As `load_csv_without_header`, for a file whose first line says how many rows and columns there are."""
    header, *rows = _rows(filename)
    count = int(header[0])
    targets = [row.pop(target_column) for row in rows[:count]]
    return Dataset(np.array(rows[:count], _held(features_dtype)), np.array(targets, _held(target_dtype)))


def maybe_download(filename: str, work_directory: str, source_url: str) -> str:
    """A file in a folder, fetched from an address where it is not there yet; gives its path."""
    path = os.path.join(work_directory, filename)
    if not gfile.Exists(path):
        from weft.keras.utils import get_file

        gfile.MakeDirs(work_directory)
        get_file(filename, source_url, cache_dir=work_directory, cache_subdir="")
    return path
