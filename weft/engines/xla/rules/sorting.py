"""Order: sorting, the greatest few, places in a sequence."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from weft.base.dtypes import DType
from weft.engines.xla.rules.elementwise import kind
from weft.engines.xla.table import HostOnly, lowering


@lowering("sort")
def _sort(x: Any, axis: int, direction: str) -> Any:
    ordered = jnp.sort(x, axis=axis)
    return ordered if direction == "ASCENDING" else jnp.flip(ordered, axis)


def _order(x: Any, axis: int, direction: str) -> Any:
    if direction == "ASCENDING":
        return jnp.argsort(x, axis=axis, stable=True)
    turned = jnp.argsort(jnp.flip(x, axis), axis=axis, stable=True)
    return x.shape[axis] - 1 - jnp.flip(turned, axis)


@lowering("argsort")
def _argsort(x: Any, axis: int, direction: str, dtype: DType) -> Any:
    return _order(x, axis, direction).astype(dtype.numpy)


@lowering("top_k", static_from=1)
def _top_k(x: Any, *count: Any, k: int | None, sorted: bool, index_type: DType) -> Any:
    wanted = int(count[0]) if k is None else k
    if not 0 <= wanted <= x.shape[-1]:
        raise HostOnly("more are wanted than there are")
    if wanted == 1 and x.size:
        order = jnp.argmax(x, axis=-1, keepdims=True)
    else:
        order = _order(x, -1, "DESCENDING")[..., :wanted]
    return jnp.take_along_axis(x, order, -1), order.astype(index_type.numpy)


@lowering("in_top_k")
def _in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    rows = predictions.astype(jnp.float32) if predictions.dtype.itemsize == 2 else predictions
    within = (targets >= 0) & (targets < rows.shape[1])
    if not rows.shape[1]:
        return within
    chosen = jnp.take_along_axis(rows, jnp.where(within, targets, 0)[:, None], 1)
    return within & jnp.all(jnp.isfinite(rows), axis=1) & (jnp.sum(rows > chosen, axis=1) < k)


@lowering("nth_element", checks=True)
def _nth_element(check: Any, x: Any, n: int, reverse: bool) -> Any:
    if n >= x.shape[-1]:
        raise HostOnly("there is no such place")
    return jnp.sort(x, axis=-1)[..., x.shape[-1] - 1 - n if reverse else n]


@lowering("searchsorted")
def _searchsorted(sequence: Any, values: Any, side: str, dtype: DType) -> Any:
    rows, wanted = sequence[..., None, :], values[..., :, None]
    found = jnp.sum(rows < wanted if side == "left" else rows <= wanted, axis=-1).astype(dtype.numpy)
    if kind(values) == "f":
        found = jnp.where(jnp.isnan(values), 0 if side == "left" else sequence.shape[-1], found).astype(dtype.numpy)
    return found

