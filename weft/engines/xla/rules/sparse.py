"""Places of sparse tensors: their order, checks of it, and where values stand among keys."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from weft.engines.xla.table import lowering


@lowering("lexicographic_order")
def _lexicographic_order(indices: Any) -> Any:
    rows, columns = indices.shape
    order = jnp.arange(rows, dtype=jnp.int64)
    return lax.sort((*(indices[:, i] for i in range(columns)), order), num_keys=columns)[-1] if columns else order


@lowering("ordered_indices", checks=True)
def _ordered_indices(check: Any, indices: Any, dense_shape: Any) -> Any:
    check((indices < 0) | (indices >= dense_shape))
    steps = indices[1:] - indices[:-1]
    if steps.size:
        first = jnp.argmax(steps != 0, axis=1)
        check(jnp.take_along_axis(steps, first[:, None], 1) <= 0)
    return indices


@lowering("positions_of", raw=True)
def _positions_of(values: Any, keys: Any) -> Any:
    if not len(keys):
        return jnp.full(values.shape, -1, jnp.int64)
    # keys that are known are sorted here, once
    places = np.argsort(keys, kind="stable") if isinstance(keys, np.ndarray) else jnp.argsort(keys, stable=True)
    ordered, places = jnp.asarray(keys[places]), jnp.asarray(places)
    at = jnp.minimum(jnp.searchsorted(ordered, values), len(keys) - 1)
    return jnp.where(ordered[at] == values, places[at], -1).astype(jnp.int64)
