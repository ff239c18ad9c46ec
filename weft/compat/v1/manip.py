"""`tf.manip`: a second name of functions that take tensors apart and put them together."""

from __future__ import annotations

from typing import Any

import weft
from weft.compat.v1.dropped_ops import reverse as reverse


def gather_nd(params: Any, indices: Any, name: str | None = None, batch_dims: int = 0) -> Any:
    """The elements or slices at index tuples."""
    return weft.gather_nd(params, indices, batch_dims, name)


reshape, roll, scatter_nd, tile = weft.reshape, weft.roll, weft.scatter_nd, weft.tile
batch_to_space_nd, space_to_batch_nd = weft.batch_to_space, weft.space_to_batch_nd
