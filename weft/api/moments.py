"""Means and variances in parts, and normalisation by given ones."""

from __future__ import annotations

from typing import Any

from weft.api import array, math
from weft.api.common import cast_to
from weft.base import dtypes
from weft.runtime import frontdoor


def sufficient_statistics(x: Any, axes: Any, shift: Any = None, keepdims: bool = False,
                          name: str | None = None) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """What mean and variance over axes follow from.

    Args:
        x: A tensor.
        axes: Over which axes.
        shift: What is taken off beforehand, near the mean, or None.
        keepdims: Whether reduced axes stay, with size 1.
        name: Accepted.

    Returns:
        The number of elements, their sum, the sum of their squares (both after the shift), and the shift.
    """
    tensor = frontdoor.convert(x)
    over = sorted({int(a) % tensor.shape.rank for a in (axes if isinstance(axes, (list, tuple)) else [axes])})
    known = tensor.shape.as_list()
    if all(known[a] is not None for a in over):
        number = 1
        for a in over:
            number *= known[a]
        count = array.constant(number, tensor.dtype)
    else:
        count = cast_to(math.reduce_prod(array.gather(array.shape(tensor), over)), tensor.dtype)
    moved = tensor if shift is None else tensor - cast_to(frontdoor.convert(shift), tensor.dtype)
    total = math.reduce_sum(moved, axis=over, keepdims=keepdims)
    squares = math.reduce_sum(math.square(moved), axis=over, keepdims=keepdims)
    return count, total, squares, None if shift is None else frontdoor.convert(shift)


def normalize_moments(counts: Any, mean_ss: Any, variance_ss: Any, shift: Any,
                      name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """Mean and variance from what `sufficient_statistics` gives."""
    divisor = math.reciprocal(frontdoor.convert(counts))
    moved = math.multiply(mean_ss, divisor)
    mean = moved if shift is None else moved + shift
    return mean, math.subtract(math.multiply(variance_ss, divisor), math.square(moved))


def weighted_moments(x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False,
                     name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """Mean and variance over axes, where elements count by weights that broadcast."""
    tensor = frontdoor.convert(x)
    weights = frontdoor.convert(frequency_weights, None if frontdoor.is_tensor_like(frequency_weights)
                                else tensor.dtype)  # fmt: skip
    wide = tensor.dtype == dtypes.float16
    values = cast_to(tensor, dtypes.float32) if wide else tensor
    weights = cast_to(weights, values.dtype)
    over = [int(a) for a in (axes if isinstance(axes, (list, tuple)) else [axes])]
    spread = weights + array.zeros_like(values)
    total = math.reduce_sum(spread, axis=over, keepdims=True)
    mean = math.reduce_sum(values * weights, axis=over, keepdims=True) / total
    distance = math.reduce_sum(weights * math.squared_difference(values, mean), axis=over, keepdims=True) / total
    if not keepdims:
        mean, distance = array.squeeze(mean, over), array.squeeze(distance, over)
    return (cast_to(mean, tensor.dtype), cast_to(distance, tensor.dtype)) if wide else (mean, distance)


def batch_norm_with_global_normalization(input: Any, mean: Any, variance: Any, beta: Any, gamma: Any,
                                         variance_epsilon: float, scale_after_normalization: bool,
                                         name: str | None = None) -> Any:  # fmt: skip
    """`batch_normalization`, with the scale left out unless it is asked for."""
    from weft.api.nn import batch_normalization

    return batch_normalization(input, mean, variance, beta, gamma if scale_after_normalization else None,
                               variance_epsilon, name)  # fmt: skip
