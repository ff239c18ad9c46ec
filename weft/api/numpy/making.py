"""`tf.experimental.numpy`: arrays made anew, ranges, triangles and diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api import array as arrays
from weft.api import math, matrices, spaced
from weft.api.common import cast_to
from weft.api.numpy.conversion import asarray, default_float, known_rank, result_type, wanted
from weft.api.numpy.elementwise import log10
from weft.api.numpy.shaping import moveaxis, nonzero
from weft.base import dtypes
from weft.base.errors import explain


def zeros(shape: Any, dtype: Any = float) -> Any:
    """An array of zeros; float64 where no dtype is given."""
    return arrays.zeros(shape, wanted(dtype) or default_float())


def ones(shape: Any, dtype: Any = float) -> Any:
    """An array of ones; float64 where no dtype is given."""
    return arrays.ones(shape, wanted(dtype) or dtypes.float32)


def empty(shape: Any, dtype: Any = float) -> Any:
    """An array of zeros: there are no arrays without values."""
    return zeros(shape, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """An array of one value, or of values that broadcast to its shape."""
    return arrays.broadcast_to(asarray(fill_value, dtype), arrays.reshape(shape, [-1]))


def zeros_like(a: Any, dtype: Any = None) -> Any:
    """Zeros in the shape of another array."""
    return arrays.zeros_like(asarray(a), wanted(dtype) or result_type(a))


def ones_like(a: Any, dtype: Any = None) -> Any:
    """Ones in the shape of another array."""
    return arrays.ones_like(asarray(a), wanted(dtype) or result_type(a))


def empty_like(a: Any, dtype: Any = None) -> Any:
    """Zeros in the shape of another array."""
    return zeros_like(a, dtype)


def full_like(a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True,
              shape: Any = None) -> Any:  # fmt: skip
    """One value in the shape of another array, and of its dtype where none is given."""
    if order != "K" or not subok or shape:
        raise ValueError("full_like: only `a`, `fill_value` and `dtype` can be chosen.")
    x = asarray(a)
    return arrays.broadcast_to(asarray(fill_value, dtype or x.dtype), arrays.shape(x))


def eye(N: Any, M: Any = None, k: int = 0, dtype: Any = float) -> Any:
    """Ones on the k-th diagonal, zeros elsewhere."""
    return arrays.constant(np.eye(int(N), int(M) if M else None, int(k)), wanted(dtype) or dtypes.float32)


def identity(n: Any, dtype: Any = float) -> Any:
    """The identity matrix."""
    return eye(n, n, dtype=dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """Numbers from `start` up to, not with, `stop`.

    Raises:
        ValueError: For a step of 0.
    """
    if not step:
        raise ValueError("arange: `step` must not be 0.")
    found = wanted(dtype) or result_type(*(part for part in (start, step, stop) if part is not None))
    first, last = (0, start) if stop is None else (start, stop)
    if (last - first) * step < 0:
        return arrays.constant([], found)
    return cast_to(arrays.range(first, last, step), found)


def _spaced_dtype(start: Any, stop: Any) -> Any:
    return result_type(start * 1.0, stop * 1.0)


def linspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = float,
             axis: int = 0) -> Any:  # fmt: skip
    """Evenly spaced numbers.

    Args:
        start: The first.
        stop: The last, or what would come after it.
        num: How many.
        endpoint: Whether `stop` is among them.
        retstep: Whether the distance is returned too.
        dtype: Accepted; NumPy's dtype for the ends is taken, as TensorFlow does.
        axis: Where the new axis goes, for ends that are arrays.
    """
    if num < 0:
        raise ValueError(explain("linspace: `num` must not be negative.", received=str(num)))
    found = _spaced_dtype(start, stop) if dtype else None
    first, last = asarray(start, found), asarray(stop, found)
    parts = num - 1 if endpoint else num
    step = (last - first) / parts if parts > 0 else arrays.constant(np.nan)
    end = last if endpoint or num <= 1 else last - cast_to(step, last.dtype)
    result = spaced.linspace(first, end, num, axis=axis)
    return (result, step) if retstep else result


def logspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None,
             axis: int = 0) -> Any:  # fmt: skip
    """Numbers whose logarithms are evenly spaced: from base**start to base**stop."""
    exponents = linspace(start, stop, num, endpoint, axis=axis)
    return math.pow(cast_to(base, exponents.dtype), exponents)


def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """Numbers each of which is the same multiple of the one before."""
    found = dtypes.as_dtype(dtype) if dtype else result_type(start, stop, float(num), zeros((), dtype or float))
    inner = np.promote_types(found.numpy, np.float32)
    first, last = asarray(start, inner), asarray(stop, inner)
    both_negative = math.logical_and(math.less(math.real(first), 0), math.less(math.real(last), 0))
    sign = arrays.where(both_negative, arrays.constant(-1, first.dtype), arrays.constant(1, first.dtype))
    spaced = sign * logspace(log10(sign * first), log10(sign * last), num, endpoint)
    return cast_to(moveaxis(spaced, 0, axis) if axis != 0 else spaced, found)


def meshgrid(*xi: Any, **kwargs: Any) -> Any:
    """The coordinates of the points of a grid, an array for each axis; `indexing="ij"` keeps the order of the axes."""
    if kwargs.get("sparse", False) or not kwargs.get("copy", True):
        raise ValueError("meshgrid: sparse grids and views are not made here; leave `sparse` and `copy` out.")
    return arrays.meshgrid(*map(asarray, xi), indexing=kwargs.get("indexing", "xy"))


def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """The powers of numbers, a row for each.

    Raises:
        ValueError: For anything but a vector, or a negative `N`.
    """
    x = asarray(x)
    if known_rank(x) != 1:
        raise ValueError(explain("vander takes a vector.", received=str(x.shape)))
    count = arrays.shape(x)[0] if N is None else N
    if isinstance(count, int) and count < 0:
        raise ValueError(explain("vander: `N` must not be negative.", received=str(count)))
    powers = arrays.range(count) if increasing else count - 1 - arrays.range(count)
    return math.pow(x[:, None], cast_to(powers, x.dtype))


# Diagonals and triangles ---------------------------------------------------------------------------------------------


def _size(x: Any, axis: int) -> Any:
    known = x.shape[axis]
    return arrays.shape(x)[axis] if known is None else int(known)


def diag(v: Any, k: int = 0) -> Any:
    """A matrix with a vector on its k-th diagonal, or the k-th diagonal of a matrix."""
    v = asarray(v)
    rank = known_rank(v)
    if rank not in (1, 2):
        raise ValueError(explain("diag takes a vector or a matrix.", received=str(v.shape)))
    if rank == 2:
        return diagonal(v, k)
    return arrays.zeros([abs(k)] * 2, v.dtype) if _size(v, 0) == 0 else matrices.diag(v, k=k)


def diagflat(v: Any, k: int = 0) -> Any:
    """A matrix with the elements of an array, in a row, on its k-th diagonal."""
    return diag(arrays.reshape(asarray(v), [-1]), k)


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonals of the matrices that two axes make; they become the last axis."""
    x = moveaxis(asarray(a), (axis1, axis2), (-2, -1))
    rows, columns = _size(x, -2), _size(x, -1)
    if isinstance(rows, int) and isinstance(columns, int) and not -rows < offset < columns:
        return arrays.zeros(arrays.concat([arrays.shape(x)[:-2], [0]], 0), x.dtype)
    return matrices.diag_part(x, k=offset)


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    """The sums of diagonals."""
    from weft.api.numpy.reducing import sum

    x = asarray(a, dtype)
    rank = known_rank(x)
    if offset == 0 and axis1 in (-2, rank - 2) and axis2 in (-1, rank - 1):
        return matrices.trace(x)
    return sum(diagonal(x, offset, axis1, axis2), -1, dtype)


def tri(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on and below the k-th diagonal, zeros above."""
    found = wanted(dtype) or default_float()
    return arrays.constant(np.tri(N, N if M is None else M, k, found.numpy), found)


def _triangle(m: Any, k: int, lower: bool) -> Any:
    x = asarray(m)
    if known_rank(x) < 2 or None in x.shape.as_list()[-2:]:
        raise ValueError(explain("tril and triu take matrices of known size.", received=str(x.shape)))
    rows, columns = x.shape.as_list()[-2:]
    mask = tri(rows, columns, k, bool)
    mask = arrays.broadcast_to(mask if lower else math.logical_not(mask), arrays.shape(x))
    return arrays.where(mask, x, arrays.zeros([], x.dtype))


def tril(m: Any, k: int = 0) -> Any:
    """Matrices with zeros above the k-th diagonal."""
    return _triangle(m, k, True)


def triu(m: Any, k: int = 0) -> Any:
    """Matrices with zeros below the k-th diagonal."""
    return _triangle(m, k - 1, False)


def diag_indices(n: Any, ndim: int = 2) -> tuple[Any, ...]:
    """Indices of the diagonal of an array with `ndim` axes of size `n`."""
    if n < 0 or ndim < 0:
        raise ValueError(explain("diag_indices: sizes must not be negative.", received=f"n={n}, ndim={ndim}"))
    return (arrays.range(n),) * ndim


def ix_(*args: Any) -> list[Any]:
    """Index vectors, each along an axis of its own, so that together they name all crossings."""
    found = []
    for place, value in enumerate(args):
        x = asarray(value)
        if known_rank(x) != 1:
            raise ValueError(explain("ix_ takes vectors.", received=f"rank {x.shape.rank} for argument {place}"))
        if not (x.dtype.is_bool or x.dtype.is_integer):
            raise ValueError(explain("ix_ takes integers or bools.", received=x.dtype.name))
        x = nonzero(x)[0] if x.dtype.is_bool else x
        found.append(arrays.reshape(x, [-1 if axis == place else 1 for axis in range(len(args))]))
    return found
