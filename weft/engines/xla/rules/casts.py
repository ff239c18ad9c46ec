"""Values under another element type."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from weft.base.dtypes import DType
from weft.engines.xla.rules.elementwise import kind
from weft.engines.xla.table import lowering


@lowering("cast")
def cast(x: Any, dtype: DType) -> Any:
    """The same numbers in another dtype; floats become integers by saturation, NaN as 0."""
    if x.dtype == dtype.numpy:
        return x
    if dtype.is_bool:
        return x != 0
    if kind(x) == "c" and not dtype.is_complex:
        x = jnp.real(x)
    if kind(x) == "f" and dtype.is_integer:
        return _to_integers(x, dtype)
    if dtype.is_complex and kind(x) == "f" and x.dtype.itemsize == 2:
        x = x.astype(jnp.float32)
    return x.astype(dtype.numpy)


def _to_integers(x: Any, dtype: DType) -> Any:
    if x.dtype.itemsize < 4:
        x = x.astype(jnp.float32)
    low, high = dtype.limits
    whole = jnp.trunc(x)
    below, above = whole < float(low), whole >= float(high + 1)
    fits = jnp.logical_not(below | above | jnp.isnan(whole))
    result = jnp.where(fits, whole, 0).astype(dtype.numpy)
    result = jnp.where(below, jnp.asarray(low, dtype.numpy), result)
    return jnp.where(above, jnp.asarray(high, dtype.numpy), result)


@lowering("bitcast")
def _bitcast(x: Any, dtype: DType) -> Any:
    if kind(x) != "c" and not dtype.is_complex:
        return lax.bitcast_convert_type(x, dtype.numpy)
    # complex numbers have no bits of their own in XLA: they go through the bytes of their parts
    shape = _cast_shape(x, dtype)
    data = _bytes(x).reshape(*shape, dtype.size)
    if not dtype.is_complex:
        return _from_bytes(data, dtype.numpy)
    parts = _from_bytes(data.reshape(*shape, 2, dtype.size // 2), dtype.real_dtype.numpy)
    return lax.complex(parts[..., 0], parts[..., 1])


def _cast_shape(x: Any, dtype: DType) -> tuple[int, ...]:
    size = x.dtype.itemsize
    if dtype.size == size:
        return tuple(x.shape)
    return (*x.shape, size // dtype.size) if dtype.size < size else tuple(x.shape[:-1])


def _bytes(x: Any) -> Any:
    """The bytes of each element along a new last axis."""
    if kind(x) == "c":
        parts = jnp.stack([_bytes(jnp.real(x)), _bytes(jnp.imag(x))], axis=-2)
        return parts.reshape(*x.shape, x.dtype.itemsize)
    found = lax.bitcast_convert_type(x, jnp.uint8)
    return found if x.dtype.itemsize > 1 else found[..., None]


def _from_bytes(data: Any, dtype: Any) -> Any:
    return lax.bitcast_convert_type(data if data.shape[-1] > 1 else data[..., 0], dtype)
