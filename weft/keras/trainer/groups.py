"""Batches of an iterable that are run in one call: `steps_per_execution` of them, joined to a small epoch's arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import weft as tf
from weft.keras.trainer.sources import pack


def groups(batches: Iterator[Any], first: int, stride: int) -> Iterator[tuple[int, list[Any]]]:
    """Batches in groups as callbacks hear of them.

    Args:
        batches: The batches.
        first: The number of the first one. Where it stands within a group, the first group is shorter.
        stride: How many a group has, but for the last one.

    Yields:
        The number of a group's first batch, and its batches.
    """
    group: list[Any] = []
    for number, batch in enumerate(batches, first):
        group.append(batch)
        if not (number + 1) % stride:
            yield first, group
            group, first = [], number + 1
    if group:
        yield first, group


def joined(group: list[Any]) -> tuple[Any, int] | None:
    """The packed rows of a group's batches one after the other, and how many rows a batch has.

    Returns:
        None for a single batch, for batches that differ in more than their values, and for what has no rows of numbers.
    """
    packed = [pack(batch) for batch in group]
    if len(packed) == 1:
        return None
    try:
        for other in packed[1:]:
            tf.nest.assert_same_structure(packed[0], other)
    except (TypeError, ValueError):
        return None
    columns = list(zip(*(tf.nest.flatten(one) for one in packed), strict=True))
    rows = [_rows(column) for column in columns]
    sizes = {size for size in rows if size is not None}
    missing = [size is None and column[0] is not None for size, column in zip(rows, columns, strict=True)]
    if len(sizes) != 1 or any(missing):
        return None
    leaves = [None if column[0] is None else np.concatenate([np.asarray(x) for x in column]) for column in columns]
    return tf.nest.pack_sequence_as(packed[0], leaves), sizes.pop()


def _rows(column: tuple[Any, ...]) -> int | None:
    """How many rows each of these arrays has; None where they have no rows, or differ in shape or dtype."""
    plain = all(isinstance(x, np.ndarray) or (isinstance(x, tf.Tensor) and tf.executing_eagerly()) for x in column)
    if not plain:
        return None
    shapes = {tuple(x.shape) for x in column}
    kinds = {np.dtype(getattr(x.dtype, "as_numpy_dtype", x.dtype)) for x in column}
    shape = next(iter(shapes))
    numeric = all(kind.kind not in "OSU" for kind in kinds)
    return int(shape[0]) if len(shapes) == 1 and len(kinds) == 1 and shape and shape[0] and numeric else None
