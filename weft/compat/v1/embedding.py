"""Rows of tables, which version 1 lets be cut into parts."""

from __future__ import annotations

from typing import Any

import weft
from weft.api import nn as _nn
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1.partitioned import PartitionedVariable


def embedding_lookup(params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None,
                     validate_indices: bool = True, max_norm: Any = None) -> Any:  # fmt: skip
    """The rows of a table at `ids`.

    Args:
        params: The table `[rows, ...]`, or a list of its parts.
        ids: Row numbers.
        partition_strategy: How a list is cut: row r is in part r mod n (`mod`), or parts follow each other (`div`).
        name: A name for the operation.
        validate_indices: Accepted; indices are always checked.
        max_norm: The greatest norm of a row; longer ones are scaled down.

    Raises:
        ValueError: For an empty list or another strategy.
    """
    parts = list(params) if isinstance(params, (list, tuple, PartitionedVariable)) else [params]
    if not parts:
        raise ValueError("Need at least one param")
    if partition_strategy not in ("mod", "div"):
        raise ValueError(explain("Unrecognized partition strategy.", expected="'mod' or 'div'",
                                 received=repr(partition_strategy)))  # fmt: skip
    if len(parts) == 1:
        return _nn.embedding_lookup(parts[0], ids, max_norm, name)
    numbers = weft.cast(weft.convert_to_tensor(ids), dtypes.int64)
    tables = [weft.convert_to_tensor(part) for part in parts]
    sizes = [table.shape[0] for table in tables]
    if partition_strategy == "mod":
        # parts are stacked to the longest one's size: row r lies at place r // n of part r mod n
        longest = max(sizes)
        padded = [weft.pad(t, [[0, longest - n], *[[0, 0]] * (t.shape.rank - 1)])
                  for t, n in zip(tables, sizes, strict=True)]  # fmt: skip
        whole = weft.reshape(weft.stack(padded, axis=1), [longest * len(parts), *tables[0].shape.as_list()[1:]])
        return _nn.embedding_lookup(whole, numbers, max_norm, name)
    return _nn.embedding_lookup(weft.concat(tables, 0), numbers, max_norm, name)
