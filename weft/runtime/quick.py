"""The short way into a traced function: a key that is cheap to make finds the trace that the long way found before."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.runtime.tensor import EagerTensor

_TEXT = frozenset("OSUV")


def scan(value: Any, key: list[Any], leaves: list[Any]) -> bool:
    """Whether an argument is made of arrays, eager tensors and plain values only.

    Args:
        value: The argument.
        key: Takes in what tells its kind: shapes, dtypes, plain values.
        leaves: Takes in the arrays, in the order of `nest.flatten`.
    """
    kind = type(value)
    if kind is EagerTensor:
        array = value._array
        key += (kind, array.shape, array.dtype)
        leaves.append(array)
        return type(array) is np.ndarray
    if kind is np.ndarray:
        dtype = value.dtype
        key += (kind, value.shape, dtype)
        leaves.append(value)
        return dtype.kind not in _TEXT
    if kind is tuple or kind is list:
        key += (kind, len(value))
        for item in value:
            if not scan(item, key, leaves):
                return False
        return True
    if value is None or kind is bool or kind is int or kind is str:
        key += (kind, value)
        return True
    if kind is dict:
        try:
            names = sorted(value)
        except TypeError:
            return False
        key += (kind, tuple(value))  # results may keep the order
        return all(scan(value[name], key, leaves) for name in names)
    return False
