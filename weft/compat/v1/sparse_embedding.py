"""Rows of tables by sparse ids, summed or averaged."""

from __future__ import annotations

from typing import Any

import weft
from weft.api import sparse_lookup as _lookup


def _table(params: Any, partition_strategy: str) -> Any:
    """A table, or its parts put together, so that its rows can be looked up by number."""
    from weft.compat.v1.embedding import embedding_lookup
    from weft.compat.v1.partitioned import PartitionedVariable

    parts = list(params) if isinstance(params, (list, tuple, PartitionedVariable)) else [params]
    if len(parts) == 1:
        return parts[0]

    rows = sum(part.shape[0] for part in parts)
    return embedding_lookup(parts, weft.range(rows), partition_strategy)


def embedding_lookup_sparse(params: Any, sp_ids: Any, sp_weights: Any, partition_strategy: str = "mod",
                            name: str | None = None, combiner: str | None = None,
                            max_norm: Any = None) -> Any:  # fmt: skip
    """The rows of a table at the ids of each row of a sparse matrix, combined into one; see `weft.nn`."""
    return _lookup.embedding_lookup_sparse(_table(params, partition_strategy), sp_ids, sp_weights, combiner, max_norm,
                                           name)  # fmt: skip


def safe_embedding_lookup_sparse(embedding_weights: Any, sparse_ids: Any, sparse_weights: Any = None,
                                 combiner: str | None = "mean", default_id: Any = None, name: str | None = None,
                                 partition_strategy: str = "div", max_norm: Any = None) -> Any:  # fmt: skip
    """As `embedding_lookup_sparse`, for rows without ids and ids that do not count; see `weft.nn`."""
    table = _table(embedding_weights, partition_strategy)
    return _lookup.safe_embedding_lookup_sparse(table, sparse_ids, sparse_weights, combiner, default_id, max_norm, name)
