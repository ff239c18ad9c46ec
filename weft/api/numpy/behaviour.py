"""Tensors that behave as NumPy's arrays: its methods, its dtypes in arithmetic, its indexing."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api import array as arrays
from weft.api import math
from weft.api.common import cast_to
from weft.api.numpy import conversion, elementwise, reducing, shaping
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor, indexing
from weft.runtime import tensor as tensors

MODES = ("off", "legacy", "safe", "all")


def experimental_enable_numpy_behavior(prefer_float32: bool = False, dtype_conversion_mode: str = "legacy") -> None:
    """Gives tensors NumPy's methods (`x.T`, `x.reshape(2, 3)`, `x.astype`, …), rules for dtypes, and indexing.

    Args:
        prefer_float32: Whether Python's floats count as float32, not as float64.
        dtype_conversion_mode: `"legacy"`, NumPy's rules, or `"off"`, which takes everything back. The rules `"safe"`
            and `"all"` of TensorFlow are not there.

    Raises:
        ValueError: For an unknown mode.
        NotImplementedError: For `"safe"` and `"all"`.

    Example:
        >>> import weft as tf
        >>> tf.experimental.numpy.arange(3).dtype.name
        'int64'
    """
    if dtype_conversion_mode not in MODES:
        raise ValueError(explain("dtype_conversion_mode is one of four.", expected=", ".join(MODES),
                                 received=repr(dtype_conversion_mode)))  # fmt: skip
    if dtype_conversion_mode in ("safe", "all"):
        raise NotImplementedError(explain(f"There is no dtype_conversion_mode={dtype_conversion_mode!r} here.",
                                          hint="'legacy' has NumPy's rules"))  # fmt: skip
    on = dtype_conversion_mode == "legacy"
    conversion.prefer_float32(prefer_float32 and on)
    frontdoor.promotion = conversion.pair if on else None
    tensors.operators["getitem"] = getitem if on else indexing.getitem
    for owner, name, member in _MEMBERS:
        _replace(owner, name, member if on else None)


#: what members of tensors were before they became NumPy's
_before: dict[tuple[type, str], Any] = {}


def _replace(owner: type, name: str, member: Any) -> None:
    """Sets a member of a class, or puts back what was there for None."""
    if member is not None:
        _before.setdefault((owner, name), vars(owner).get(name))
        setattr(owner, name, member)
    elif (owner, name) in _before:
        old = _before.pop((owner, name))
        setattr(owner, name, old) if old is not None else delattr(owner, name)


def _reshaped(x: Any, *newshape: Any, **kwargs: Any) -> Any:
    order = kwargs.pop("order", "C")
    if kwargs:
        raise ValueError(explain("reshape: unknown arguments.", received=str(list(kwargs))))
    sizes = newshape[0] if len(newshape) == 1 and not isinstance(newshape[0], int) else newshape
    return shaping.reshape(x, list(sizes), order)


def _size(x: Any) -> Any:
    return x.shape.num_elements()


_METHODS: dict[str, Any] = {
    "T": property(lambda x: shaping.transpose(x)),
    "astype": lambda x, dtype: cast_to(x, dtype),
    "clip": elementwise.clip,
    "data": property(lambda x: x),
    "flatten": shaping.flatten,
    "max": reducing.amax,
    "mean": reducing.mean,
    "min": reducing.amin,
    "ravel": shaping.ravel,
    "reshape": _reshaped,
    "size": property(_size),
    "tolist": lambda x: x.numpy().tolist(),
    "transpose": shaping.transpose,
}
_MEMBERS: list[tuple[type, str, Any]] = [(tensors.Tensor, name, member) for name, member in _METHODS.items()]
_MEMBERS.append((tensors.EagerTensor, "__round__", lambda x, digits=None: elementwise.around(x, digits or 0)))


def getitem(x: Any, key: Any) -> Any:
    """A part of a tensor as NumPy means it: arrays and lists of integers pick elements."""
    keys = _as_tuple(key)
    if not any(map(_picks, keys)) or _is_mask(key):
        return indexing.getitem(x, key if not isinstance(key, np.ndarray) or key.ndim else key.item())
    return _picked(frontdoor.convert(x), keys)


def _as_tuple(key: Any) -> tuple[Any, ...]:
    if isinstance(key, tuple):
        return key
    if isinstance(key, list) and any(k is None or k is Ellipsis or isinstance(k, (list, tuple, slice)) for k in key):
        return tuple(key)
    return (key,)


def _is_mask(key: Any) -> bool:
    dtype = getattr(key, "dtype", None)
    return dtype is not None and (dtype == np.bool_ or dtype == dtypes.bool_)


def _picks(key: Any) -> bool:
    """Whether it is an array of places, or a mask along one axis."""
    if isinstance(key, (list, tuple)):
        return True
    return not isinstance(key, (int, slice)) and len(getattr(key, "shape", ())) > 0


def _picked(x: Any, keys: tuple[Any, ...]) -> Any:
    """Slices first, with the places' axes whole; then the places, whose axes come where NumPy puts them."""
    full = [key if not _picks(key) else slice(None) for key in keys]
    sliced = indexing.getitem(x, tuple(full))
    rank = conversion.known_rank(sliced)
    behind = len(keys) - keys.index(Ellipsis) - 1 if any(key is Ellipsis for key in keys) else 0
    places: list[int] = []
    chosen: list[Any] = []
    for number, key in enumerate(keys):
        if not _picks(key):
            continue
        before = sum(1 for other in keys[:number] if isinstance(other, (int, np.integer)) or _is_number(other))
        after = sum(1 for other in keys[number + 1 :] if isinstance(other, (int, np.integer)) or _is_number(other))
        from_end = behind and number > len(keys) - behind - 1
        places.append(rank - (len(keys) - number) + after if from_end else number - before)
        index = conversion.asarray(key)
        chosen.append(shaping.nonzero(index)[0] if index.dtype.is_bool else index)
    indices = shaping.broadcast_arrays(*conversion.together(*chosen))
    count = len(places)
    together = places == list(range(places[0], places[0] + count))
    front = shaping.moveaxis(sliced, places, list(range(count)))
    limits = arrays.shape(front, indices[0].dtype)
    safe = [arrays.where(math.less(i, 0), i + limits[n], i) for n, i in enumerate(indices)]
    found = arrays.gather_nd(front, arrays.stack(safe, -1))
    if not together or places[0] == 0:
        return found
    depth = conversion.known_rank(indices[0])
    return shaping.moveaxis(found, list(range(depth)), list(range(places[0], places[0] + depth)))


def _is_number(key: Any) -> bool:
    """Whether a key is a tensor or array of one number, which takes its axis away."""
    shape = getattr(key, "shape", None)
    return shape is not None and len(shape) == 0
