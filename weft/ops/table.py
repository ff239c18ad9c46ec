"""Vocabularies: where each value stands in a list of keys.

The index of a list is made once and kept as long as the list's array lives: a vocabulary of many words is looked up
batch after batch.
"""

from __future__ import annotations

import itertools
import weakref
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.locks import Lock
from weft.ir.types import TensorType
from weft.ops.axes import need_rank
from weft.ops.opdef import OpDef, case, nondifferentiable, register

_KEYS = (dtypes.string, dtypes.int32, dtypes.int64)
_lock = Lock()
_indexes: dict[int, tuple[Any, Any]] = {}  # by the array's id: a weak reference to it, and its index


def _index_of(keys: Any) -> Any:
    """A dict for strings, (sorted keys, their places) for integers. Of equal keys the first counts."""
    with _lock:
        known = _indexes.get(id(keys))
        if known is not None and known[0]() is keys:
            return known[1]
    if keys.dtype == object:
        index: Any = {key: place for place, key in reversed(list(enumerate(keys.tolist())))}
    else:
        order = np.argsort(keys, kind="stable")
        index = (keys[order], order)
    if len(keys) >= 64:  # below, making the index again costs as little as keeping it
        name = id(keys)
        with _lock:
            _indexes[name] = (weakref.ref(keys, lambda gone: _forget(name, gone)), index)
    return index


def _forget(name: int, gone: Any) -> None:
    with _lock:
        known = _indexes.get(name)
        if known is not None and known[0] is gone:
            del _indexes[name]


def _spec(values: TensorType, keys: TensorType) -> TensorType:
    need_rank(keys, 1, "keys")
    return values.with_dtype(dtypes.int64)


def _positions(values: Any, keys: Any) -> Any:
    if not len(keys):
        return np.full(values.shape, -1, np.int64)
    index = _index_of(keys)
    if keys.dtype == object:
        found = map(index.get, values.ravel().tolist(), itertools.repeat(-1))
        return np.fromiter(found, np.int64, values.size).reshape(values.shape)
    ordered, places = index
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return np.where(ordered[at] == values, places[at], -1).astype(np.int64)


register(
    OpDef(
        name="positions_of",
        inputs=("values", "keys"),
        spec=_spec,
        reference=_positions,
        dtypes=(_KEYS,),
        vjp=nondifferentiable("its results are positions"),
        any_rank=True,
        doc="Where each value stands in a vector of keys, the first place where it recurs, -1 where it does not occur.",
        cases=(
            case(np.array([["b", "", "x"]], object), np.array(["a", "b", "", "b"], object)),
            case(np.array([7, 3, 9]), np.array([3, 9, 3, 5])),
            case(np.array(5), np.array([5])),
            case(np.array([5, 6]), np.zeros((0,), np.int64)),
        ),
    )
)
