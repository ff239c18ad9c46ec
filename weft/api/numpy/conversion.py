"""What goes into the functions of `tf.experimental.numpy`: arrays, brought together by NumPy's own rules for dtypes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft.api import array as arrays
from weft.api.common import cast_to
from weft.base import dtypes, nest
from weft.base.errors import explain
from weft.runtime import frontdoor, sizes
from weft.runtime.tensor import Tensor

#: whether Python's floats count as float32
_settings = {"prefer_float32": False}


def prefer_float32(on: bool) -> None:
    """Whether Python's floats count as float32 (or as float64, which is NumPy's way)."""
    _settings["prefer_float32"] = bool(on)


def _seen_by_numpy(value: Any) -> Any:
    """What `np.result_type` is to be asked about: numbers stay numbers, whose kind alone counts."""
    if isinstance(value, dtypes.DType):
        return value.numpy
    if frontdoor.is_tensor_like(value):
        return value.dtype.numpy
    if _settings["prefer_float32"] and value is float:
        return np.float32
    if _settings["prefer_float32"] and type(value) in (float, complex):
        return np.float32(value) if type(value) is float else np.complex64(value)
    return value


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype that NumPy gives to what is made of all of these.

    Args:
        arrays_and_dtypes: Tensors, arrays, numbers, dtypes, or lists of them.

    Returns:
        A DType.

    Example:
        >>> import weft as tf
        >>> result_type(tf.constant([1, 2]), 2.0, np.float16).name
        'float64'
    """
    found = [_seen_by_numpy(value) for value in nest.flatten(list(arrays_and_dtypes))]
    if not found:
        return dtypes.float64
    return dtypes.as_dtype(np.result_type(*found))


def promote_types(type1: Any, type2: Any) -> Any:
    """The smallest dtype of NumPy that holds both."""
    first, second = (t.numpy if isinstance(t, dtypes.DType) else np.dtype(t) for t in (type1, type2))
    return np.promote_types(first, second)


def finfo(dtype: Any) -> Any:
    """The limits of a floating dtype."""
    return np.finfo(dtypes.as_dtype(dtype).numpy)


def default_float() -> Any:
    """The dtype of Python's floats."""
    return dtypes.float32 if _settings["prefer_float32"] else dtypes.float64


def wanted(dtype: Any) -> Any:
    """A dtype that was asked for; None where none was."""
    return None if dtype is None else result_type(dtype)


def asarray(a: Any, dtype: Any = None) -> Any:
    """A value as a tensor, with the dtype that NumPy would give it."""
    given = wanted(dtype)
    if not isinstance(a, Tensor):
        if isinstance(a, (str, bytes)):
            return frontdoor.convert(a)
        natural = given or result_type(a)
        if not frontdoor.is_tensor_like(a) and not any(map(frontdoor.is_tensor_like, nest.flatten(a))):
            return frontdoor.convert(np.asarray(a).astype(natural.numpy), natural)
        given, a = natural, frontdoor.convert(a)
    return a if given is None else cast_to(a, given)


def asanyarray(a: Any, dtype: Any = None) -> Any:
    """`asarray`."""
    return asarray(a, dtype)


def array(val: Any, dtype: Any = None, copy: bool = True, ndmin: int = 0) -> Any:
    """A value as a new tensor.

    Args:
        val: A number, list, array or tensor.
        dtype: The dtype; the one that NumPy would give it where None.
        copy: Whether a tensor is copied.
        ndmin: How many axes it has at least; those that are missing are put in front.
    """
    x = asarray(val, dtype)
    if copy:
        x = arrays.identity(x)
    if ndmin > 32:
        raise ValueError(explain("array: `ndmin` may be 32 at most.", received=str(ndmin)))
    return with_axes(x, ndmin)


def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """A value as a new tensor with one axis or more."""
    return array(a, dtype, ndmin=1)


def copy(a: Any) -> Any:
    """A value as a new tensor."""
    return array(a)


def with_axes(x: Any, rank: int) -> Any:
    """A tensor with axes of size 1 in front, so that it has `rank` or more."""
    missing = rank - known_rank(x)
    return x if missing <= 0 else arrays.reshape(x, arrays.concat([[1] * missing, arrays.shape(x)], 0))


def known_rank(x: Any) -> int:
    """The number of axes.

    Raises:
        ValueError: Where a graph does not know it.
    """
    rank: int | None = x.shape.rank
    if rank is None:
        raise ValueError(explain("The number of axes must be known.", received=str(x.type), hint="set_shape tells it"))
    return rank


def place_of(axis: Any, rank: int) -> int:
    """An axis counted from the front."""
    number = sizes.known(frontdoor.convert(axis)) if frontdoor.is_tensor_like(axis) else int(axis)
    return int(number) % rank if rank and -rank <= int(number) < rank else int(number)


def together(*values: Any) -> list[Any]:
    """Values as tensors of the one dtype that NumPy gives them."""
    dtype = result_type(*values)
    return [cast_to(asarray(value), dtype) if isinstance(value, Tensor) else asarray(value, dtype) for value in values]


def inexact(x: Any) -> bool:
    """Whether a tensor is of floats or complex numbers."""
    return bool(x.dtype.is_floating or x.dtype.is_complex)


def floated(x: Any) -> Any:
    """A value as a tensor of floats or complex numbers."""
    x = asarray(x)
    return x if inexact(x) else cast_to(x, default_float())


def named(function: Callable[..., Any], name: str, doc: str, module: str) -> Callable[..., Any]:
    """A function that was made, under the name that it is to have."""
    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    function.__doc__ = doc
    return function


def pair(x: Any, y: Any) -> tuple[Any, Any]:
    """Two operands by NumPy's rules, for the operators of tensors."""
    first, second = together(x, y)
    return first, second
