"""Cross-entropies of class numbers; a number that is no class makes the run fail."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from weft.engines.xla.rules.elementwise import in_float32
from weft.engines.xla.rules.indexing import inside
from weft.engines.xla.table import lowering


def _shifted(logits: Any) -> tuple[Any, Any]:
    """Logits less each row's greatest, and the logarithm of the sum of their exponentials."""
    top = jnp.max(logits, axis=-1, keepdims=True)
    shifted = logits - jnp.where(jnp.isfinite(top), top, jnp.zeros((), logits.dtype))
    return shifted, jnp.log(jnp.sum(jnp.exp(shifted), axis=-1, keepdims=True))


@lowering("sparse_softmax_cross_entropy_with_logits", checks=True)
def _sparse(check: Any, logits: Any, labels: Any) -> Any:
    at = inside(check, labels, logits.shape[-1])
    if not logits.size:
        return jnp.zeros(labels.shape, logits.dtype)

    def loss(logits: Any) -> Any:
        shifted, total = _shifted(logits)
        return (total - jnp.take_along_axis(shifted, at[..., None], axis=-1))[..., 0]

    return in_float32(loss)(logits)


@lowering("sparse_softmax_cross_entropy_gradient", checks=True)
def _sparse_gradient(check: Any, ct: Any, logits: Any, labels: Any) -> Any:
    classes = logits.shape[-1]
    at = inside(check, labels, classes)
    if not logits.size:
        return logits

    def gradient(ct: Any, logits: Any) -> Any:
        shifted, total = _shifted(logits)
        chosen = (jnp.arange(classes) == at[..., None]).astype(logits.dtype)
        return (jnp.exp(shifted - total) - chosen) * ct[..., None]

    return in_float32(gradient)(ct, logits)
