"""Sums, extremes and the like over axes."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from weft.base.dtypes import DType
from weft.engines.xla.rules.elementwise import kind
from weft.engines.xla.table import lowering


def _wide(x: Any) -> Any:
    return x.astype(jnp.float32) if kind(x) == "f" and x.dtype.itemsize == 2 else x


@lowering("reduce_sum")
def reduce_sum(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """The sum over axes, of half precisions in float32."""
    return jnp.sum(_wide(x), axis=axis, keepdims=keepdims, dtype=_wide(x).dtype).astype(x.dtype)


@lowering("reduce_mean", checks=True)
def _reduce_mean(check: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    count = math.prod(x.shape[a] for a in axis)
    if kind(x) in "iu":
        total = jnp.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype)
        if count == 0:
            check(jnp.asarray(total.size > 0))
            return total
        return lax.div(total, jnp.asarray(count).astype(x.dtype))
    wide = _wide(x)
    return (jnp.sum(wide, axis=axis, keepdims=keepdims) / jnp.asarray(count, wide.dtype)).astype(x.dtype)


@lowering("reduce_prod")
def _reduce_prod(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    return jnp.prod(_wide(x), axis=axis, keepdims=keepdims, dtype=_wide(x).dtype).astype(x.dtype)


def _limits(x: Any) -> tuple[Any, Any]:
    if kind(x) == "f":
        return np.asarray(-np.inf, x.dtype), np.asarray(np.inf, x.dtype)
    info = jnp.iinfo(x.dtype)
    return np.asarray(info.min, x.dtype), np.asarray(info.max, x.dtype)


@lowering("reduce_max")
def reduce_max(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """The greatest over axes."""
    return jnp.max(x, axis=axis, keepdims=keepdims, initial=_limits(x)[0])


@lowering("reduce_min")
def _reduce_min(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    return jnp.min(x, axis=axis, keepdims=keepdims, initial=_limits(x)[1])


@lowering("reduce_any")
def _reduce_any(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    return jnp.any(x, axis=axis, keepdims=keepdims)


@lowering("reduce_all")
def _reduce_all(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    return jnp.all(x, axis=axis, keepdims=keepdims)


@lowering("argmax")
def _argmax(x: Any, axis: int, output_type: DType) -> Any:
    return jnp.argmax(_no_nan(x, -jnp.inf), axis=axis).astype(output_type.numpy)


@lowering("argmin")
def _argmin(x: Any, axis: int, output_type: DType) -> Any:
    return jnp.argmin(_no_nan(x, jnp.inf), axis=axis).astype(output_type.numpy)


def _no_nan(x: Any, worst: float) -> Any:
    return jnp.where(jnp.isnan(x), jnp.asarray(worst, x.dtype), x) if kind(x) == "f" else x


@lowering("count_nonzero")
def _count_nonzero(x: Any, axis: tuple[int, ...], keepdims: bool, dtype: DType) -> Any:
    return jnp.sum(x != 0, axis=axis, keepdims=keepdims, dtype=jnp.int64).astype(dtype.numpy)
