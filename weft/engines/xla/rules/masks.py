"""By masks. What a mask selects has a size that only the data tells: those ops run on the host."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from weft.engines.xla.table import lowering


@lowering("boolean_mask_grad", checks=True)
def _boolean_mask_grad(check: Any, ct: Any, mask: Any, shape: tuple[int, ...], axis: int) -> Any:
    at = axis % len(shape)
    flat = mask.reshape(-1)
    check(jnp.sum(flat) != ct.shape[at])
    if not ct.shape[at]:
        return jnp.zeros(shape, ct.dtype)
    place = jnp.clip(jnp.cumsum(flat) - 1, 0, ct.shape[at] - 1)
    spread = jnp.take(ct, place, axis=at)
    chosen = flat.reshape((-1,) + (1,) * (ct.ndim - at - 1))
    return jnp.where(chosen, spread, jnp.zeros((), ct.dtype)).reshape(shape)
