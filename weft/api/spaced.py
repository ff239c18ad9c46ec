"""`tf.linspace`."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api import late_parameters as late
from weft.api.array import constant, expand_dims, where
from weft.api.common import cast_to, integer
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import frontdoor


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Any:
    """`num` evenly spaced numbers from `start` to `stop`, both included.

    Args:
        start: The first number, or a tensor of them.
        stop: The last.
        num: How many; 0 gives none.
        name: Accepted.
        axis: The new axis along which they lie.

    Raises:
        InvalidArgumentError: For a negative `num`.
    """
    first, last = frontdoor.together(start, stop, "linspace")
    if first.dtype.is_integer:
        first, last = cast_to(first, dtypes.float64), cast_to(last, dtypes.float64)
    if late.is_late(num) and first.shape.rank == last.shape.rank == 0:
        return late.linspace(first, last, num)
    count = integer(num, "num")
    if count < 0:
        raise InvalidArgumentError(explain(f"linspace: `num` must be 0 or more, received {count}."))
    step = np.arange(count, dtype=np.float64) / max(count - 1, 1)
    first, last = expand_dims(first, axis), expand_dims(last, axis)
    weights_shape = [1] * first.shape.rank
    weights_shape[axis] = count
    weights = constant(step.reshape(weights_shape), first.dtype)
    spaced = first + (last - first) * weights
    if count <= 1:
        return spaced
    # the last number is the end itself, not what rounding made of it
    return where(constant((np.arange(count) < count - 1).reshape(weights_shape)), spaced, last)
