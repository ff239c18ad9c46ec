"""Batches of elements of similar length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, nest
from weft.base.errors import explain
from weft.data import batching
from weft.runtime import dispatch, frontdoor
from weft.runtime.tensor import EagerTensor


def bucketed(
    dataset: Any, length_of: Any, boundaries: Sequence[int], sizes: Sequence[int], shapes: Any, values: Any,
    to_boundary: bool, no_padding: bool, drop_remainder: bool,
) -> Any:  # fmt: skip
    """`Dataset.bucket_by_sequence_length`, made of group_by_window."""
    bounds = [int(b) for b in boundaries]
    batch_sizes = [int(s) for s in sizes]
    if len(batch_sizes) != len(bounds) + 1:
        raise ValueError(explain(
            "bucket_by_sequence_length: `bucket_batch_sizes` needs one size more than there are boundaries.",
            expected=str(len(bounds) + 1), received=str(len(batch_sizes)),
        ))  # fmt: skip
    edges = EagerTensor(np.asarray(bounds, np.int64))
    windows = EagerTensor(np.asarray(batch_sizes, np.int64))

    def bucket_of(*element: Any) -> Any:
        length = dispatch.call("cast", frontdoor.convert(length_of(*element)), dtype=dtypes.int64)
        above = dispatch.call("cast", dispatch.call("greater_equal", length, edges), dtype=dtypes.int64)
        return dispatch.call("reduce_sum", above, axis=(0,))

    def size_of(bucket: Any) -> Any:
        return dispatch.call("gather", windows, bucket)

    padded = nest.map_structure(lambda s: s.shape, dataset.element_spec) if shapes is None else shapes

    def batch_of(bucket: Any, window: Any) -> Any:
        size = size_of(bucket)
        if no_padding:
            return window.batch(size, drop_remainder=drop_remainder)
        made = batching.PaddedBatch(window._node, _number(size), padded, values, drop_remainder)
        if to_boundary:
            longest = EagerTensor(np.asarray([*(b - 1 for b in bounds), -1], np.int64))
            made.least = dispatch.call("gather", longest, bucket)
        return window._then(made)

    if len(set(batch_sizes)) == 1:
        return dataset.group_by_window(bucket_of, batch_of, window_size=batch_sizes[0])
    return dataset.group_by_window(bucket_of, batch_of, window_size_func=size_of)


def _number(size: Any) -> Any:
    from weft.data.structure import number

    return number(size, "batch_size")
