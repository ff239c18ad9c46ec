"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.sparse import add as add
from weft.api.sparse import bincount as bincount
from weft.api.sparse import concat as concat
from weft.api.sparse import cross as cross
from weft.api.sparse import cross_hashed as cross_hashed
from weft.api.sparse import expand_dims as expand_dims
from weft.api.sparse import eye as eye
from weft.api.sparse import fill_empty_rows as fill_empty_rows
from weft.api.sparse import from_dense as from_dense
from weft.api.sparse import map_values as map_values
from weft.api.sparse import mask as mask
from weft.api.sparse import maximum as maximum
from weft.api.sparse import minimum as minimum
from weft.api.sparse import reduce_max as reduce_max
from weft.api.sparse import reduce_sum as reduce_sum
from weft.api.sparse import reorder as reorder
from weft.api.sparse import reset_shape as reset_shape
from weft.api.sparse import reshape as reshape
from weft.api.sparse import retain as retain
from weft.api.sparse import sampled_addmm as sampled_addmm
from weft.api.sparse import slice as slice
from weft.api.sparse import softmax as softmax
from weft.api.sparse import sparse_dense_matmul as sparse_dense_matmul
from weft.api.sparse import sparse_merge as sparse_merge
from weft.api.sparse import split as split
from weft.api.sparse import to_dense as to_dense
from weft.api.sparse import to_indicator as to_indicator
from weft.api.sparse import transpose as transpose

def segment_mean(
    data: Any, indices: Any, segment_ids: Any, num_segments: Any = ..., name: str | None = ..., sparse_gradient: bool =
    ...
) -> Any:
    """The mean of chosen rows by segment."""

def segment_sqrt_n(
    data: Any, indices: Any, segment_ids: Any, num_segments: Any = ..., name: str | None = ..., sparse_gradient: bool =
    ...
) -> Any:
    """The sum, divided by the square root of the number, of chosen rows by segment."""

def segment_sum(
    data: Any, indices: Any, segment_ids: Any, num_segments: Any = ..., name: str | None = ..., sparse_gradient: bool =
    ...
) -> Any:
    """The sum of chosen rows by segment."""
