"""Means and variances in parts, and batch normalisation, under version 1's names."""

from __future__ import annotations

from typing import Any

import weft
from weft.api import moments as _moments
from weft.api import nn as _nn
from weft.base import dtypes
from weft.compat.v1.naming import in_graph
from weft.compat.v1.ops import _old_name
from weft.runtime.scopes import Unit

#: the least epsilon of the fused form
_LEAST = 1.001e-5


def sufficient_statistics(x: Any, axes: Any, shift: Any = None, keep_dims: Any = None, name: str | None = None,
                          keepdims: Any = None) -> Any:  # fmt: skip
    """Count, sum, sum of squares and shift; see `weft.nn.sufficient_statistics`."""
    keep = bool(_old_name(keepdims, keep_dims, "keepdims", "keep_dims"))
    return _moments.sufficient_statistics(x, axes, shift, keep, name)


def weighted_moments(x: Any, axes: Any, frequency_weights: Any, name: str | None = None, keep_dims: Any = None,
                     keepdims: Any = None) -> Any:  # fmt: skip
    """Mean and variance of elements that count differently; see `weft.nn.weighted_moments`."""
    keep = bool(_old_name(keepdims, keep_dims, "keepdims", "keep_dims"))
    if not in_graph():
        return _moments.weighted_moments(x, axes, frequency_weights, keep, name)
    with Unit(name or "weighted_moments") as unit:
        found = _moments.weighted_moments(x, axes, frequency_weights, keep)
        return unit.call(found, ("Mul_1", "Mul_3") if keep else "Squeeze")


def batch_norm_with_global_normalization(t: Any = None, m: Any = None, v: Any = None, beta: Any = None,
                                         gamma: Any = None, variance_epsilon: Any = None,
                                         scale_after_normalization: Any = None, name: str | None = None,
                                         input: Any = None, mean: Any = None, variance: Any = None) -> Any:  # fmt: skip
    """Batch normalization of images with one mean and variance for each channel."""
    x, centre = _old_name(input, t, "input", "t"), _old_name(mean, m, "mean", "m")
    spread = _old_name(variance, v, "variance", "v")
    return _moments.batch_norm_with_global_normalization(x, centre, spread, beta, gamma, variance_epsilon,
                                                      scale_after_normalization, name)  # fmt: skip


def fused_batch_norm(x: Any, scale: Any, offset: Any, mean: Any = None, variance: Any = None, epsilon: float = 0.001,
                     data_format: str = "NHWC", is_training: bool = True,
                     name: str | None = None) -> tuple[Any, Any, Any]:  # fmt: skip
    """Batch normalization of images: the result, and the means and variances of the channels.

    Args:
        x: `[batch, height, width, channels]`, channels second for NCHW.
        scale: `[channels]`.
        offset: `[channels]`.
        mean: `[channels]`, where `is_training` is False.
        variance: Likewise.
        epsilon: Keeps the divisor from 0.
        data_format: `NHWC` or `NCHW`.
        is_training: Whether means and variances are those of the batch.
        name: Accepted.

    Returns:
        The result, the means, and the variances as those of a sample (divided by count - 1).

    Raises:
        ValueError: Where mean and variance are missing or given against `is_training`.
    """
    images = weft.convert_to_tensor(x)
    first = data_format.upper() == "NCHW"
    factor, shift = (weft.cast(part, dtypes.float32) for part in (scale, offset))
    if is_training:
        if mean is not None or variance is not None:
            raise ValueError("Both 'mean' and 'variance' must be None if is_training is True.")
        wide = weft.cast(images, dtypes.float32)
        mean, variance = _nn.moments(wide, [0, 2, 3] if first else [0, 1, 2])
        count = weft.cast(weft.size(images), dtypes.float32) / weft.cast(weft.size(mean), dtypes.float32)
        seen = variance * (count / weft.maximum(count - 1.0, 1.0))
    else:
        if mean is None or variance is None:
            raise ValueError("Both 'mean' and 'variance' must be given if is_training is False.")
        mean, variance = weft.convert_to_tensor(mean), weft.convert_to_tensor(variance)
        seen = variance
    place = [-1, 1, 1] if first else [-1]
    middle, spread, shift, factor = (weft.reshape(part, place) for part in (mean, variance, shift, factor))
    result = _nn.batch_normalization(images, middle, spread, shift, factor, max(epsilon, _LEAST))
    return weft.cast(result, images.dtype), mean, seen
