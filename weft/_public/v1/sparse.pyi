"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.sparse import cross as cross
from weft.api.sparse import cross_hashed as cross_hashed
from weft.api.sparse import expand_dims as expand_dims
from weft.api.sparse import eye as eye
from weft.api.sparse import fill_empty_rows as fill_empty_rows
from weft.api.sparse import from_dense as from_dense
from weft.api.sparse import mask as mask
from weft.api.sparse import maximum as maximum
from weft.api.sparse import minimum as minimum
from weft.api.sparse import slice as slice
from weft.api.sparse import softmax as softmax
from weft.api.sparse import sparse_dense_matmul as sparse_dense_matmul
from weft.api.sparse import sparse_merge as _merge
from weft.api.sparse import to_indicator as to_indicator
from weft.compat.v1.accumulators import SparseConditionalAccumulator as SparseConditionalAccumulator
from weft.compat.v1.sparse import AT_TOP as AT_TOP
from weft.compat.v1.sparse import add as add
from weft.compat.v1.sparse import concat as concat
from weft.compat.v1.sparse import convert_to_tensor_or_sparse_tensor as convert_to_tensor_or_sparse_tensor
from weft.compat.v1.sparse import placeholder as placeholder
from weft.compat.v1.sparse import reorder as reorder
from weft.compat.v1.sparse import reset_shape as reset_shape
from weft.compat.v1.sparse import reshape as reshape
from weft.compat.v1.sparse import retain as retain
from weft.compat.v1.sparse import split as split
from weft.compat.v1.sparse import transpose as transpose

merge = _merge

def matmul(sp_a: Any, b: Any, adjoint_a: bool = ..., adjoint_b: bool = ..., name: str | None = ...) -> Any:
    """The product of a sparse and a dense matrix (one of them, in either place), which is dense."""

def reduce_max(
    sp_input: Any, axis: Any = ..., keepdims: Any = ..., reduction_axes: Any = ..., keep_dims: Any = ...
) -> Any:
    """The greatest entry over axes (all of them where None); a dense result is 0 where there is no entry."""

def reduce_max_sparse(
    sp_input: Any, axis: Any = ..., keepdims: Any = ..., reduction_axes: Any = ..., keep_dims: Any = ...
) -> Any:
    """The greatest entry over axes (all of them where None); a dense result is 0 where there is no entry."""

def reduce_sum(
    sp_input: Any, axis: Any = ..., keepdims: Any = ..., reduction_axes: Any = ..., keep_dims: Any = ...
) -> Any:
    """The sum over axes (all of them where None), dense or sparse."""

def reduce_sum_sparse(
    sp_input: Any, axis: Any = ..., keepdims: Any = ..., reduction_axes: Any = ..., keep_dims: Any = ...
) -> Any:
    """The sum over axes (all of them where None), dense or sparse."""

def segment_mean(
    data: Any, indices: Any, segment_ids: Any, name: str | None = ..., num_segments: Any = ..., sparse_gradient: bool =
    ...
) -> Any:
    """The mean of chosen rows by segment."""

def segment_sqrt_n(
    data: Any, indices: Any, segment_ids: Any, name: str | None = ..., num_segments: Any = ..., sparse_gradient: bool =
    ...
) -> Any:
    """The sum, divided by the square root of the number, of chosen rows by segment."""

def segment_sum(
    data: Any, indices: Any, segment_ids: Any, name: str | None = ..., num_segments: Any = ..., sparse_gradient: bool =
    ...
) -> Any:
    """The sum of chosen rows by segment."""

def sparse_matmul(
    a: Any, b: Any, transpose_a: bool = ..., transpose_b: bool = ..., a_is_sparse: bool = ..., b_is_sparse: bool = ...,
    name: str | None = ...
) -> Any:
    """The product of two dense matrices of which many elements are zero, as float32."""

def to_dense(sp_input: Any, default_value: Any = ..., validate_indices: bool = ..., name: str | None = ...) -> Any:
    """The dense tensor."""

def to_tensor(
    sparse_indices: Any, output_shape: Any, sparse_values: Any, default_value: Any = ..., validate_indices: bool = ...,
    name: str | None = ...
) -> Any:
    """A dense tensor with values at places and a default elsewhere; `tf.sparse_to_dense`."""
