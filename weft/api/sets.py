"""`tf.sets`: sets that are rows along the last axis, and the distance between sequences there."""

from __future__ import annotations

from typing import Any

from weft.api import array, math
from weft.api.common import apply, cast_to
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor
from weft.runtime.sparse import SparseTensor


def _as_sparse(value: Any) -> SparseTensor:
    """A sparse tensor as it is, a dense one with all of its elements."""
    if isinstance(value, SparseTensor):
        return value
    x = frontdoor.convert(value)
    places = array.where(array.ones_like(x, dtypes.bool_))
    return SparseTensor(places, array.reshape(x, [-1]), array.shape(x, dtypes.int64))


def _rows(x: SparseTensor, groups: Any) -> Any:
    """The number of the row of each entry, rows counted in a shape of groups."""
    strides = math.cumprod(groups, exclusive=True, reverse=True)
    return math.reduce_sum(x.indices[:, :-1] * strides, axis=1)


def _operation(operation: str, a: Any, b: Any) -> SparseTensor:
    x, y = _as_sparse(a), _as_sparse(b)
    if x.dtype != y.dtype:
        raise TypeError(explain(f"sets.{operation}: the operands have different dtypes.",
                                received=[x.dtype.name, y.dtype.name]))  # fmt: skip
    if x.shape.rank is not None and y.shape.rank is not None and x.shape.rank != y.shape.rank:
        raise ValueError(explain(f"sets.{operation}: the operands have different ranks.",
                                 received=[str(x.shape), str(y.shape)]))  # fmt: skip
    groups = x.dense_shape[:-1]
    values, rows, places = apply("set_operation", x.values, _rows(x, groups), y.values, _rows(y, groups),
                                 math.reduce_prod(groups), operation=operation)  # fmt: skip
    strides = math.cumprod(groups, exclusive=True, reverse=True)
    outer = math.floormod(math.floordiv(rows[:, None], strides), math.maximum(groups, 1))
    widest = math.reduce_max(array.concat([array.zeros([1], dtypes.int64), places + 1], 0))
    return SparseTensor(array.concat([outer, places[:, None]], 1), values, array.concat([groups, widest[None]], 0))


def intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """What is in both sets, for each row along the last axis.

    Args:
        a: `[..., n]`, dense or sparse; integers or strings.
        b: `[..., m]`, of the same dtype.
        validate_indices: Accepted.

    Returns:
        A SparseTensor `[..., members]`, the members of each row in order.

    Example:
        >>> import weft as tf
        >>> tf.sparse.to_dense(tf.sets.intersection([[1, 2, 3]], [[3, 5, 1]])).numpy().tolist()
        [[1, 3]]
    """
    return _operation("intersection", a, b)


def union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """What is in either set, for each row along the last axis; as `intersection`."""
    return _operation("union", a, b)


def difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """What is in `a` and not in `b` (the other way round unless `aminusb`), for each row; as `intersection`."""
    return _operation("difference", a, b) if aminusb else _operation("difference", b, a)


def size(a: Any, validate_indices: bool = True) -> Any:
    """How many members each set along the last axis of a SparseTensor has, as int32 `[...]`."""
    if not isinstance(a, SparseTensor):
        raise TypeError(explain("sets.size: Expected `SparseTensor`.", received=type(a).__name__))
    alone = _operation("union", a, a)
    groups = a.dense_shape[:-1]
    counts = math.unsorted_segment_sum(array.ones_like(alone.indices[:, 0], dtypes.int32), _rows(alone, groups),
                                       math.reduce_prod(groups))  # fmt: skip
    return array.reshape(counts, groups)


def edit_distance(hypothesis: Any, truth: Any, normalize: bool = True, name: str = "edit_distance") -> Any:
    """The Levenshtein distance between sequences along the last axis.

    Args:
        hypothesis: A SparseTensor `[..., n]`.
        truth: A SparseTensor `[..., m]`, of the same dtype.
        normalize: Whether it is divided by the length of the truth (infinite where that is 0 and the other is not).
        name: Accepted.

    Returns:
        `[...]`, float32.

    Example:
        >>> import weft as tf
        >>> sequences = [tf.sparse.from_dense([list("kitten")]), tf.sparse.from_dense([list("sitting")])]
        >>> tf.edit_distance(*sequences, normalize=False).numpy().tolist()
        [3.0]
    """
    for value, argument in ((hypothesis, "hypothesis"), (truth, "truth")):
        if not isinstance(value, SparseTensor):
            raise TypeError(explain(f"edit_distance: `{argument}` must be a SparseTensor.",
                                    received=type(value).__name__, hint="tf.sparse.from_dense makes one"))  # fmt: skip
    groups = math.maximum(hypothesis.dense_shape[:-1], truth.dense_shape[:-1])
    values = truth.values if truth.dtype == hypothesis.dtype else cast_to(truth.values, hypothesis.dtype)
    distances = apply("edit_distance", hypothesis.values, _rows(hypothesis, groups), values, _rows(truth, groups),
                      math.reduce_prod(groups), normalize=bool(normalize))  # fmt: skip
    return array.reshape(distances, groups)
