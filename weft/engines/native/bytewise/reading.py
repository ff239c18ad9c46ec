"""Records and examples by the kernels of `records.py`; None where the reference has to look."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from weft.engines.native.bytewise import records, strings
from weft.engines.native.bytewise.strings import as_words, made_of, taken
from weft.ops.host import Feature

_KINDS = {"string": (1, 16), "float32": (2, 4), "int64": (3, 8)}
_MOST = 4096  # records of a block


@cache
def _native(function: Any) -> Any:
    return records.library.native(function)


def tfrecords(block: bytes) -> tuple[list[bytes], int, bool]:
    """The whole records at the start of a block of a TFRecord file, the bytes that they take up, and whether the next
    one is damaged."""
    places = np.empty(2 * _MOST + 2, np.int64)
    address = ctypes.cast(ctypes.c_char_p(block), ctypes.c_void_p).value
    count = _native(records.scan)(address, len(block), _MOST, places.ctypes.data)
    taken, damaged = places[-2:].tolist()
    begins, sizes = places[: 2 * count : 2].tolist(), places[1 : 2 * count : 2].tolist()
    found = [block[begin : begin + size] for begin, size in zip(begins, sizes, strict=True)]
    return found, taken, bool(damaged)


def examples(serialized: Any, features: Sequence[Feature], batched: bool) -> tuple[Any, ...] | None:
    """The features of serialized examples, each `[batch, ...]` (without that axis where not `batched`)."""
    rows = taken(serialized)
    if rows is None or not all(feature.fixed for feature in features):
        return None
    count, columns = rows.size, len(features)
    names = np.empty(columns, object)
    names[:] = [feature.key.encode() for feature in features]
    keys = taken(names)
    if keys is None:
        return None
    plan = np.empty((columns, 4), np.int64)
    goals: list[Any] = []
    for line, feature in zip(plan, features, strict=True):
        kind, width = _KINDS[feature.dtype.name]
        size = math.prod(feature.shape)
        goals.append(np.empty(2 * count * size, np.int64) if kind == 1 else
                     np.empty((count, *feature.shape), feature.dtype.numpy))  # fmt: skip
        line[:] = kind, size, goals[-1].ctypes.data, width
    counts = np.empty((count, columns), np.int64)
    views, key_views = as_words(rows), as_words(keys)
    done = _native(records.take_examples)(views.ctypes.data, count, key_views.ctypes.data, columns, plan.ctypes.data,
                                          counts.ctypes.data)  # fmt: skip
    if done < count:
        return None
    made = []
    for number, (feature, goal) in enumerate(zip(features, goals, strict=True)):
        whole = _filled(feature, goal, counts[:, number], (count, *feature.shape), rows.owners)
        if whole is None:
            return None
        made.append(whole if batched else whole.reshape(feature.shape))
    return tuple(made)


def _filled(feature: Feature, goal: Any, counts: Any, shape: tuple[int, ...], owners: Any) -> Any:
    """A column with its default in the place of what is missing; None where there is something wrong."""
    whole = made_of(goal, shape, owners) if goal.ndim == 1 and feature.dtype.name == "string" else goal
    if (counts == math.prod(feature.shape)).all():
        return whole
    missing = counts == records.MISSING
    if feature.default is None or not (missing | (counts == math.prod(feature.shape))).all():
        return None
    if not isinstance(whole, strings.Strings):
        whole[missing] = feature.default
        return whole
    default = taken(np.asarray(feature.default, object))
    if default is None:
        return None
    whole[missing] = np.asarray(default)
    whole.owners = (*whole.owners, *default.owners)
    return whole


def raw(operands: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Strings of one size as numbers."""
    rows, dtype = operands[0], attrs["dtype"]
    if not isinstance(rows, strings.Strings) or attrs["fixed_length"] is not None or not attrs["little_endian"]:
        return None
    views = as_words(rows)
    size = int(views[1]) if rows.size else 0
    if size % dtype.size or dtype.name == "bool":
        return None
    goal = np.empty((*rows.shape, size // dtype.size), dtype.numpy)
    done = _native(records.gather_bytes)(views.ctypes.data, rows.size, size, goal.ctypes.data)
    return (goal,) if done == rows.size else None
