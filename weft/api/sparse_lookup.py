"""Rows of tables at the ids of sparse tensors, combined row by row."""

from __future__ import annotations

from typing import Any

from weft.api import array, math, sparse
from weft.api.common import cast_to
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor
from weft.runtime.ragged import RaggedTensor
from weft.runtime.sparse import SparseTensor

_COMBINERS = ("sum", "mean", "sqrtn")


def _combiner(combiner: str | None) -> str:
    if combiner is None:
        return "mean"
    if combiner not in _COMBINERS:
        raise ValueError(explain("combiner must be one of 'mean', 'sqrtn' or 'sum'", received=repr(combiner)))
    return combiner


def _as_sparse(ids: Any) -> Any:
    """Ragged ids or weights as a SparseTensor."""
    return ids.to_sparse() if isinstance(ids, RaggedTensor) else ids


def embedding_lookup_sparse(params: Any, sp_ids: Any, sp_weights: Any, combiner: str | None = None,
                            max_norm: Any = None, name: str | None = None,
                            allow_fast_lookup: bool = False) -> Any:  # fmt: skip
    """The rows of a table at the ids of each row of a sparse matrix, combined into one.

    Args:
        params: The table `[rows, ...]`.
        sp_ids: A SparseTensor or RaggedTensor `[n, m]` of row numbers; every row needs one.
        sp_weights: Their weights, a SparseTensor of the same places; 1 each where None.
        combiner: `"sum"`, `"mean"` (by the weights' sum) or `"sqrtn"` (by the root of the sum of their squares).
        max_norm: The greatest norm of a row of the table; longer ones are scaled down.
        name: Accepted.
        allow_fast_lookup: Accepted.

    Returns:
        `[n, ...]`.

    Example:
        >>> import weft as tf
        >>> ids = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [0, 2, 1], [2, 2])
        >>> tf.nn.embedding_lookup_sparse(tf.constant([[1.0], [2.0], [5.0]]), ids, None).numpy().tolist()
        [[3.0], [2.0]]
    """
    from weft.api.nn import embedding_lookup

    how = _combiner(combiner)
    sp_ids, sp_weights = _as_sparse(sp_ids), _as_sparse(sp_weights)
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError(explain(f"sp_ids must be SparseTensor, got {type(sp_ids).__name__}"))
    if sp_weights is not None and not isinstance(sp_weights, SparseTensor):
        raise TypeError(explain(f"sp_weights must be either None or SparseTensor, got {type(sp_weights).__name__}"))
    rows = embedding_lookup(params, sp_ids.values, max_norm)
    numbers = sp_ids.indices[:, 0]
    if sp_weights is None:
        weights = array.ones_like(numbers, rows.dtype)
    else:
        weights = cast_to(sp_weights.values, rows.dtype)
    weights = array.reshape(weights, [-1, *[1] * (rows.shape.rank - 1)])
    total = math.segment_sum(rows * weights, numbers)
    if how == "sum":
        return total
    by = math.segment_sum(weights if how == "mean" else math.square(weights), numbers)
    return math.divide_no_nan(total, by if how == "mean" else math.sqrt(by))


def safe_embedding_lookup_sparse(embedding_weights: Any, sparse_ids: Any, sparse_weights: Any = None,
                                 combiner: str | None = "mean", default_id: Any = None, max_norm: Any = None,
                                 name: str | None = None, allow_fast_lookup: bool = False) -> Any:  # fmt: skip
    """As `embedding_lookup_sparse`, for ids of any rank, rows without ids and ids that do not count.

    Args:
        embedding_weights: The table `[rows, size]`.
        sparse_ids: A SparseTensor or RaggedTensor `[..., m]` of row numbers; negative ones are left out.
        sparse_weights: Their weights; ids whose weight is not positive are left out, except for sums.
        combiner: `"sum"`, `"mean"` or `"sqrtn"`.
        default_id: The id of a row without any; its result is 0 where None.
        max_norm: The greatest norm of a row of the table.
        name: Accepted.
        allow_fast_lookup: Accepted.

    Returns:
        `[..., size]`.
    """
    how = _combiner(combiner)
    sparse_ids, sparse_weights = _as_sparse(sparse_ids), _as_sparse(sparse_weights)
    whole = sparse_ids.dense_shape
    flat = array.stack([math.reduce_prod(whole[:-1]), whole[-1]])
    ids = sparse.reshape(sparse_ids, flat)
    kept = math.greater_equal(ids.values, 0)
    weights = None
    if sparse_weights is not None:
        weights = SparseTensor(ids.indices, sparse_weights.values, flat)
        if how != "sum":
            kept = math.logical_and(kept, math.greater(weights.values, 0))
        weights = sparse.retain(weights, kept)
    ids, empty = sparse.fill_empty_rows(sparse.retain(ids, kept), 0 if default_id is None else default_id)
    if weights is not None:
        weights, _ = sparse.fill_empty_rows(weights, 1.0)
    found = embedding_lookup_sparse(embedding_weights, ids, weights, how, max_norm)
    if default_id is None:
        found = array.where(empty[:, None], array.zeros_like(found), found)
    result = array.reshape(found, array.concat([cast_to(whole[:-1], dtypes.int32), array.shape(found)[1:]], 0))
    known = sparse_ids.shape
    if known.rank is not None:
        result.set_shape([*known.as_list()[:-1], frontdoor.convert(found).shape[-1]])
    return result
