"""Crosses of sparse features: what stands in a row of several of them together, as text or as a hash."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.api import array
from weft.api.common import cast_to
from weft.base import dtypes, hashing
from weft.base.dims import Dim
from weft.base.errors import explain
from weft.ir.types import TensorType
from weft.runtime import frontdoor
from weft.runtime.host_call import host_call
from weft.runtime.sparse import SparseTensor

_GREATEST = (1 << 63) - 1


def _sparse(value: Any) -> SparseTensor:
    if not isinstance(value, SparseTensor):
        x = frontdoor.convert(value)
        places = array.where(array.ones_like(x, dtypes.bool_))
        value = SparseTensor(places, array.reshape(x, [-1]), array.shape(x, dtypes.int64))
    if value.dtype == dtypes.string or value.dtype == dtypes.int64:
        return value
    if not value.dtype.is_integer:
        raise TypeError(explain("Crosses are of strings and integers.", received=value.dtype.name))
    return value.with_values(cast_to(value.values, dtypes.int64))


def _crossed(inputs: Sequence[Any], mixed: Callable[[tuple[Any, ...]], Any], dtype: Any) -> SparseTensor:
    dense = [value for value in inputs if not isinstance(value, SparseTensor)]
    # TensorFlow's order: what is sparse comes first
    parts = [_sparse(value) for value in [*(v for v in inputs if isinstance(v, SparseTensor)), *dense]]

    def run(*arrays: Any) -> list[Any]:
        rows = max(int(arrays[3 * n + 2][0]) for n in range(len(parts)))
        columns = []
        for number in range(len(parts)):
            places, values, _ = arrays[3 * number : 3 * number + 3]
            lists: list[list[Any]] = [[] for _ in range(rows)]
            for row, value in zip(places[:, 0].tolist(), values.tolist(), strict=True):
                lists[row].append(value)
            columns.append(lists)
        found: list[Any] = []
        indices: list[tuple[int, int]] = []
        for row in range(rows):
            for place, together in enumerate(itertools.product(*(lists[row] for lists in columns))):
                found.append(mixed(together))
                indices.append((row, place))
        values = np.empty(len(found), dtype.numpy)
        values[:] = found
        widest = max((place for _, place in indices), default=-1) + 1
        return [np.array(indices, np.int64).reshape(-1, 2), values, np.array([rows, widest], np.int64)]

    count = Dim.fresh("crosses")
    types = (TensorType((count, 2), dtypes.int64), TensorType((count,), dtype), TensorType((2,), dtypes.int64))
    tensors = [tensor for part in parts for tensor in part._components()]
    return SparseTensor(*host_call(run, tensors, types, "SparseCross"))


def crossed_hashes(inputs: Sequence[Any], num_buckets: int = 0, hash_key: int | None = None) -> SparseTensor:
    """The hash of each combination of a row, modulo a number of buckets where there is one."""
    key = hashing.CROSS_KEY if hash_key is None else hash_key

    def mixed(together: tuple[Any, ...]) -> int:
        found = key
        for item in together:
            found = hashing.concatenate(found, hashing.fingerprint64(item) if isinstance(item, bytes) else item)
        return found % (num_buckets or _GREATEST)

    return _crossed(inputs, mixed, dtypes.int64)


def crossed_texts(inputs: Sequence[Any], separator: bytes) -> SparseTensor:
    """The text of each combination of a row."""

    def mixed(together: tuple[Any, ...]) -> bytes:
        return separator.join(item if isinstance(item, bytes) else str(item).encode() for item in together)

    return _crossed(inputs, mixed, dtypes.string)
