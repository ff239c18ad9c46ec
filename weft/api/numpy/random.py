"""`tf.experimental.numpy.random`: numbers drawn by TensorFlow's generators under NumPy's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api import array as arrays
from weft.api import random as drawing
from weft.api.numpy.conversion import asarray, default_float, result_type
from weft.base import dtypes
from weft.base.errors import explain


def _sizes(size: Any) -> Any:
    return () if size is None else (size,) if np.isscalar(size) else size


def seed(s: Any) -> None:
    """Sets the seed of `tf.random` (`tf.random.set_seed`)."""
    try:
        number = int(s)
    except TypeError:
        raise ValueError(explain("seed takes an integer.", received=repr(s))) from None
    drawing.set_seed(number)


def standard_normal(size: Any = None) -> Any:
    """Normal numbers with mean 0 and variance 1."""
    return drawing.normal(_sizes(size), dtype=default_float())


def randn(*args: Any) -> Any:
    """`standard_normal` with the sizes as arguments."""
    return standard_normal(args)


def uniform(low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
    """Numbers between `low` and `high`, without the latter."""
    first, last = asarray(low, default_float()), asarray(high, default_float())
    if size is None:
        size = arrays.broadcast_static_shape(first.shape, last.shape)
    return drawing.uniform(size, first, last, dtype=default_float())


def random(size: Any = None) -> Any:
    """Numbers between 0 and 1."""
    return uniform(0.0, 1.0, size)


def rand(*size: Any) -> Any:
    """`random` with the sizes as arguments."""
    return uniform(0.0, 1.0, size)


def poisson(lam: Any = 1.0, size: Any = None) -> Any:
    """Poisson's distribution, as int64."""
    return drawing.poisson(_sizes(size), lam, dtype=dtypes.int64)


def randint(low: Any, high: Any = None, size: Any = None, dtype: Any = np.int64) -> Any:
    """Integers from `low` up to, not with, `high`; from 0 up to `low` where that is None.

    Raises:
        ValueError: For another dtype than int32 and int64.
    """
    found = result_type(dtype)
    if found not in (dtypes.int32, dtypes.int64):
        raise ValueError(explain("randint draws int32 and int64.", received=found.name))
    first, last = (0, int(low)) if high is None else (int(low), high)
    return drawing.uniform(_sizes(size), first, last, dtype=found)
