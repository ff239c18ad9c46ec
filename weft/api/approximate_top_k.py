"""The greatest and the least few of an axis, under the names of their approximations."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from weft.api import array, math
from weft.api.common import integer
from weft.base.errors import explain
from weft.runtime import frontdoor


class ApproxTopK(NamedTuple):
    """The greatest or least elements along an axis, and where they stand."""

    values: Any
    indices: Any


def approx_top_k(input: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95, is_max_k: bool = True,
                 reduction_input_size_override: int = -1, aggregate_to_topk: bool = True,
                 name: str | None = None) -> ApproxTopK:  # fmt: skip
    """The `k` greatest (or least) elements along an axis: all of them are found, whatever share is asked for.

    Raises:
        NotImplementedError: Without `aggregate_to_topk`, which is for what several TPUs then join.
    """
    if not aggregate_to_topk:
        raise NotImplementedError(explain("approx_top_k gives the k elements themselves.",
                                          received="aggregate_to_topk=False", hint="leave it out"))  # fmt: skip
    x = frontdoor.convert(input)
    axis = integer(reduction_dimension, "reduction_dimension") % x.shape.rank
    last = axis == x.shape.rank - 1
    order = [a for a in range(x.shape.rank) if a != axis] + [axis]
    rows = x if last else array.transpose(x, order)
    values, indices = math.top_k(rows if is_max_k else -rows, k)
    values = values if is_max_k else -values
    if not last:
        undo = [int(place) for place in np.argsort(order)]
        values, indices = array.transpose(values, undo), array.transpose(indices, undo)
    return ApproxTopK(values, indices)


def approx_max_k(operand: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95,
                 reduction_input_size_override: int = -1, aggregate_to_topk: bool = True,
                 name: str | None = None) -> ApproxTopK:  # fmt: skip
    """The `k` greatest elements along an axis: all of them are found, whatever share is asked for."""
    return approx_top_k(operand, k, reduction_dimension, recall_target, True, reduction_input_size_override,
                        aggregate_to_topk, name)  # fmt: skip


def approx_min_k(operand: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95,
                 reduction_input_size_override: int = -1, aggregate_to_topk: bool = True,
                 name: str | None = None) -> ApproxTopK:  # fmt: skip
    """The `k` least elements along an axis: all of them are found, whatever share is asked for."""
    return approx_top_k(operand, k, reduction_dimension, recall_target, False, reduction_input_size_override,
                        aggregate_to_topk, name)  # fmt: skip
