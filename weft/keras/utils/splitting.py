"""Data in two parts."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain


def split_dataset(
    dataset: Any, left_size: Any = None, right_size: Any = None, shuffle: bool = False, seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Data in two parts, such as one to train with and one to test with.

    Args:
        dataset: An array, a list or tuple of arrays of one length, or a data set (whose rows are held in memory).
        left_size: How many rows the first part has, or which share of them; the rest where None.
        right_size: Likewise for the second part, which is taken from the end.
        shuffle: Whether rows are shuffled first.
        seed: Makes the order the same every time.
        preferred_backend: "tensorflow" or None.

    Returns:
        Two data sets; in batches if `dataset` was.

    Raises:
        TypeError: For other data, and sizes that are no numbers.
        ValueError: For sizes that leave nothing, or more than there is.

    Example:
        >>> import numpy as np
        >>> from weft import keras
        >>> left, right = keras.utils.split_dataset(np.arange(10), left_size=0.7)
        >>> [int(row) for row in left], len(right)
        ([0, 1, 2, 3, 4, 5, 6], 3)
    """
    if preferred_backend not in (None, "tensorflow"):
        raise ValueError(explain(
            "split_dataset gives data sets of tf.data.", received=f"preferred_backend={preferred_backend!r}",
            hint="leave preferred_backend out",
        ))  # fmt: skip
    batch_size = getattr(dataset, "_batch_size", None) if isinstance(dataset, tf.data.Dataset) else None
    rows = _rows(dataset if batch_size is None else dataset.unbatch())
    if left_size is None and right_size is None:
        raise ValueError(explain("split_dataset needs `left_size` or `right_size`.", hint="left_size=0.8"))
    if shuffle:
        random.Random(random.randrange(10**6) if seed is None else seed).shuffle(rows)
    left, right = _counts(left_size, right_size, len(rows))
    parts = []
    for part in (rows[:left], rows[len(rows) - right :]):
        made = tf.data.Dataset.from_tensor_slices(tf.nest.map_structure(lambda *column: np.array(column), *part))
        parts.append((made if batch_size is None else made.batch(batch_size)).prefetch(tf.data.AUTOTUNE))
    return parts[0], parts[1]


def _rows(dataset: Any) -> list[Any]:
    if isinstance(dataset, tf.data.Dataset):
        return list(dataset.as_numpy_iterator())
    if isinstance(dataset, np.ndarray):
        return list(dataset)
    if not isinstance(dataset, (list, tuple)):
        raise TypeError(explain(
            "split_dataset takes an array, a list or tuple of arrays, or a tf.data.Dataset.",
            received=type(dataset).__name__, hint="tf.data.Dataset.from_tensor_slices makes one of a dict",
        ))  # fmt: skip
    columns = [np.asarray(column) for column in dataset]
    lengths = {len(column) for column in columns}
    if len(lengths) != 1:
        raise ValueError(explain(
            "split_dataset: the arrays have different lengths.",
            received=", ".join(str(len(column)) for column in columns) + " rows",
        ))  # fmt: skip
    return list(zip(*columns))


def _counts(left: Any, right: Any, total: int) -> tuple[int, int]:
    """How many rows the parts get."""
    sizes = []
    for name, size in (("left_size", left), ("right_size", right)):
        if size is not None and (isinstance(size, bool) or not isinstance(size, (int, float))):
            raise TypeError(explain(f"split_dataset: `{name}` is a number of rows or a share.", received=repr(size)))
        if size is not None and not 0 < size < (1 if isinstance(size, float) else total):
            raise ValueError(explain(
                f"split_dataset: `{name}` is a number of rows below {total}, or a share between 0 and 1.",
                received=repr(size),
            ))  # fmt: skip
        sizes.append(round(size * total) if isinstance(size, float) else size)
    first, second = sizes
    first = total - int(second or 0) if first is None else int(first)
    second = total - first if second is None else int(second)
    if first + second > total or not first or not second:
        raise ValueError(explain(
            f"split_dataset: {total} rows are not enough for parts of {first} and {second}, or leave one empty.",
            received=f"left_size={left!r}, right_size={right!r}",
        ))  # fmt: skip
    return first, second
