"""`tf.experimental.numpy`: sums, means, extremes and the like, over axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft.api import array as arrays
from weft.api import math
from weft.api.common import cast_to
from weft.api.numpy.conversion import asarray, default_float, floated, inexact, known_rank, named, result_type, wanted
from weft.api.numpy.elementwise import isnan, logical_not
from weft.api.numpy.shaping import atleast_1d, ravel
from weft.base import dtypes
from weft.base.errors import explain


def _counted(x: Any) -> Any:
    """Narrow integers and bools as NumPy's usual integers, in which sums are made."""
    if x.dtype.is_bool or (x.dtype.is_integer and not x.dtype.is_unsigned and x.dtype.size < 8):
        return cast_to(x, dtypes.int64)
    return cast_to(x, dtypes.uint64) if x.dtype.is_unsigned and x.dtype.size < 8 else x


def _total(a: Any, axis: Any, dtype: Any, keepdims: Any, numbers: Callable[..., Any], bools: Any) -> Any:
    x = asarray(a, dtype)
    if wanted(dtype) == dtypes.bool_:
        return bools(x, axis, bool(keepdims))
    return numbers(_counted(x) if dtype is None else x, axis, bool(keepdims))


def sum(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = None) -> Any:
    """Sums; of narrow integers and bools as int64."""
    return _total(a, axis, dtype, keepdims, math.reduce_sum, math.reduce_any)


def prod(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = None) -> Any:
    """Products; of narrow integers and bools as int64."""
    return _total(a, axis, dtype, keepdims, math.reduce_prod, math.reduce_all)


def _averaged(a: Any, dtype: Any) -> Any:
    """What means are made of: floats, unless a dtype is asked for."""
    return floated(a) if dtype is None else asarray(a, dtype)


def _no_output(out: Any) -> None:
    if out is not None:
        raise ValueError("There is no `out` here: tensors never change; use what is returned.")


def mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = None) -> Any:
    """Means; of integers as floats."""
    _no_output(out)
    return math.reduce_mean(_averaged(a, dtype), axis, bool(keepdims))


def std(a: Any, axis: Any = None, keepdims: Any = None) -> Any:
    """Standard deviations; of integers as floats."""
    return math.reduce_std(floated(a), axis, bool(keepdims))


def var(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = None) -> Any:
    """Variances.

    Args:
        a: An array.
        axis: Over which axis or axes; all where None.
        dtype: What it is computed in, together with the array's own.
        out: None.
        ddof: What is taken from the number of elements before it divides.
        keepdims: Whether reduced axes stay, with size 1.
    """
    _no_output(out)
    x = floated(a) if not dtype else asarray(a, result_type(asarray(a), dtype))
    if ddof == 0:
        found = math.reduce_variance(x, axis, bool(keepdims))
    else:
        centred = x - math.reduce_mean(x, axis, True)
        squares = cast_to(math.real(centred * math.conj(centred)), x.dtype) if x.dtype.is_complex else centred * centred
        total = math.reduce_sum(squares, axis, bool(keepdims))
        count = arrays.size(x) // math.maximum(arrays.size(total), 1)
        found = total / cast_to(count - ddof, x.dtype)
    return cast_to(found, wanted(dtype)) if dtype else found


def _extreme(name: str, numbers: Callable[..., Any], bools: Callable[..., Any]) -> Callable[..., Any]:
    def apply(a: Any, axis: Any = None, out: Any = None, keepdims: Any = None) -> Any:
        _no_output(out)
        x = asarray(a)
        return (bools if x.dtype.is_bool else numbers)(x, axis, bool(keepdims))

    return named(apply, name, f"NumPy's `{name}`: the extreme over axes, all of them where `axis` is None.", __name__)


amax = _extreme("amax", math.reduce_max, math.reduce_any)
amin = _extreme("amin", math.reduce_min, math.reduce_all)


def max(a: Any, axis: Any = None, keepdims: Any = None) -> Any:
    """The greatest elements."""
    return amax(a, axis, None, keepdims)


def min(a: Any, axis: Any = None, keepdims: Any = None) -> Any:
    """The least elements."""
    return amin(a, axis, None, keepdims)


def ptp(a: Any, axis: Any = None, keepdims: Any = None) -> Any:
    """The greatest elements less the least."""
    return amax(a, axis, None, keepdims) - amin(a, axis, None, keepdims)


def all(a: Any, axis: Any = None, keepdims: Any = None) -> Any:
    """Whether all elements are true."""
    return math.reduce_all(asarray(a, bool), axis, bool(keepdims))


def any(a: Any, axis: Any = None, keepdims: Any = None) -> Any:
    """Whether any element is true."""
    return math.reduce_any(asarray(a, bool), axis, bool(keepdims))


def count_nonzero(a: Any, axis: Any = None) -> Any:
    """How many elements are not zero."""
    return math.count_nonzero(asarray(a), axis)


def _extreme_place(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(a: Any, axis: Any = None) -> Any:
        return function(ravel(a), None) if axis is None else function(atleast_1d(a), axis)

    return named(apply, name, f"NumPy's `{name}`: the first place of the extreme along an axis.", __name__)


argmax = _extreme_place("argmax", math.argmax)
argmin = _extreme_place("argmin", math.argmin)


def _running(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(a: Any, axis: Any = None, dtype: Any = None) -> Any:
        x = asarray(a, dtype)
        if dtype is None and x.dtype.is_integer:
            x = asarray(x, np.promote_types(x.dtype.numpy, np.int64))
        return function(ravel(x), 0) if axis is None else function(x, axis)

    return named(apply, name, f"NumPy's `{name}` along an axis; over the elements in a row where it is None.", __name__)


cumsum = _running("cumsum", math.cumsum)
cumprod = _running("cumprod", math.cumprod)


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Differences of neighbours along an axis, `n` times over."""
    x = asarray(a)
    rank = known_rank(x)
    if not -rank <= axis < rank or n < 0:
        raise ValueError(explain("diff: an axis of the array, and `n` of 0 or more.", received=f"axis={axis}, n={n}"))
    later, earlier = ([slice(None)] * rank for _ in range(2))
    later[axis], earlier[axis] = slice(1, None), slice(None, -1)
    for _ in range(n):
        x = (math.not_equal if x.dtype.is_bool else math.subtract)(x[tuple(later)], x[tuple(earlier)])
    return x


# Without what is not a number ----------------------------------------------------------------------------------------


def _known(a: Any, otherwise: int) -> Any:
    x = asarray(a)
    return arrays.where(math.is_nan(x), arrays.constant(otherwise, x.dtype), x) if inexact(x) else x


def nansum(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Sums that pass over NaN."""
    return sum(_known(a, 0), axis, dtype, keepdims)


def nanprod(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Products that pass over NaN."""
    return prod(_known(a, 1), axis, dtype, keepdims)


def nanmean(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = None) -> Any:
    """Means that pass over NaN."""
    x = asarray(a)
    if not inexact(x):
        return mean(x, axis, dtype, None, keepdims)
    counts = sum(logical_not(isnan(x)), axis, dtype or x.dtype, keepdims)
    return nansum(x, axis, dtype, bool(keepdims)) / counts


def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False) -> Any:
    """Means in which elements count by weights; with `returned` the sums of the weights too.

    Raises:
        ValueError: For several axes, or weights that fit neither the array nor its axis.
    """
    if axis is not None and not isinstance(axis, int):
        raise ValueError(explain("average: `axis` must be an integer.", received=repr(axis)))
    x = asarray(a)
    if weights is None:
        x = floated(x)
        found = math.reduce_mean(x, axis)
        total = cast_to(arrays.size(x) if axis is None else arrays.shape(x)[axis], x.dtype)
    else:
        heavy = asarray(weights)
        dtype = result_type(x, heavy) if inexact(x) else result_type(x, heavy, default_float())
        x, heavy = cast_to(x, dtype), cast_to(heavy, dtype)
        if x.shape.rank != heavy.shape.rank:
            if axis is None or known_rank(heavy) != 1:
                raise ValueError(explain("average: weights of the array's shape, or a vector for an axis.",
                                         received=f"{heavy.shape} for {x.shape}"))  # fmt: skip
            total = math.reduce_sum(heavy)
            found = math.tensordot(x, heavy, [[axis], [0]]) / total
        else:
            total = math.reduce_sum(heavy, axis)
            found = math.reduce_sum(x * heavy, axis) / total
    return (found, arrays.broadcast_to(total, arrays.shape(found))) if returned else found
