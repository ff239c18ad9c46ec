"""`tf.histogram_fixed_width` and the bins that it counts."""

from __future__ import annotations

from typing import Any

from weft.api.array import unstack
from weft.api.common import apply, cast_to, integer
from weft.base import dtypes
from weft.runtime import frontdoor


def histogram_fixed_width(values: Any, value_range: Any, nbins: Any = 100, dtype: Any = dtypes.int32,
                          name: str | None = None) -> Any:  # fmt: skip
    """How many values fall into each of `nbins` equal bins of a range; those outside count in the outermost bins."""
    x = frontdoor.convert(values)
    return apply("histogram_fixed_width", x, frontdoor.convert(value_range, hint=x.dtype),
                 nbins=integer(nbins, "nbins"), dtype=dtypes.as_dtype(dtype), name=name)  # fmt: skip


def histogram_fixed_width_bins(values: Any, value_range: Any, nbins: Any = 100, dtype: Any = dtypes.int32,
                               name: str | None = None) -> Any:  # fmt: skip
    """The number of the bin that each value falls into, of `nbins` equal ones; those outside are in the outermost.

    Example:
        >>> histogram_fixed_width_bins([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], nbins=5).numpy().tolist()
        [0, 0, 1, 2, 4, 4]
    """
    x, count = frontdoor.convert(values), integer(nbins, "nbins")
    low, high = unstack(frontdoor.convert(value_range, hint=x.dtype))
    share = (x - low) / (high - low) * float(count) if x.dtype.is_floating else cast_to(x - low, dtypes.float64) / (
        cast_to(high - low, dtypes.float64)) * float(count)  # fmt: skip
    return cast_to(apply("clip", apply("floor", share), *(cast_to(n, share.dtype) for n in (0, count - 1))), dtype)
