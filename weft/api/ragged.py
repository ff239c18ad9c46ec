"""`tf.ragged`: rows of different lengths."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np

from weft.api import array, crossing, math, ordering
from weft.api.common import cast_to
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor, ragged_choice
from weft.runtime.ragged import RaggedTensor, _check_rowids, rows_at, splits_of
from weft.runtime.ragged_forms import take
from weft.runtime.ragged_ops import _stack
from weft.runtime.sparse import SparseTensor
from weft.runtime.tensor import EagerTensor


def constant(pylist: Any, dtype: Any = None, ragged_rank: int | None = None, inner_shape: Any = None,
             name: str | None = None, row_splits_dtype: Any = dtypes.int64) -> Any:  # fmt: skip
    """A ragged tensor out of nested lists.

    Args:
        pylist: Nested lists; values stand all at one depth.
        dtype: Of the values; theirs where None.
        ragged_rank: How many levels are ragged; all but the innermost axes of `inner_shape` where None.
        inner_shape: The shape of the dense values within the rows; () where None.
        name: Accepted.
        row_splits_dtype: int32 or int64.

    Raises:
        ValueError: For values at different depths.

    Example:
        >>> import weft as tf
        >>> tf.ragged.constant([[1, 2], [], [3]])
        <tf.RaggedTensor [[1, 2], [], [3]]>
    """
    kind = None if dtype is None else dtypes.as_dtype(dtype)
    if not isinstance(pylist, (list, tuple, np.ndarray)):
        if ragged_rank:
            raise ValueError(f"Invalid pylist={pylist}: incompatible with ragged_rank={ragged_rank}")
        return frontdoor.convert(pylist, kind)
    flat, splits, inner = rows_of_lists(pylist, ragged_rank, inner_shape)
    if kind is None and not _leaves(flat):
        kind = dtypes.float32
    found = frontdoor.to_array(flat, kind) if _leaves(flat) else np.zeros((0, *inner) if inner else (len(flat),),
                                                                         (kind or dtypes.float32).numpy)  # fmt: skip
    if inner:
        found = found.reshape((-1, *inner))
    if not splits:
        return frontdoor.convert(found)
    ends = dtypes.as_dtype(row_splits_dtype)
    return RaggedTensor.from_nested_row_splits(frontdoor.convert(found), [s.astype(ends.numpy) for s in splits],
                                               validate=False)  # fmt: skip


def rows_of_lists(pylist: Any, ragged_rank: int | None, inner_shape: Any) -> tuple[Any, list[Any], tuple[int, ...]]:
    """Nested lists as their values in a row, where the rows of each level begin, and the shape of dense values.

    Raises:
        ValueError: For values at different depths; for more levels than there are.
    """
    values = _as_lists(pylist)
    depth, least = _depths(values)
    if least is not None and depth is not None and least != depth:
        raise ValueError(explain(f"Invalid pylist={pylist}: scalars must all be at the same depth.".replace("\n", " ")))
    levels = max(depth or 0, _list_depth(values))
    inner = () if inner_shape is None else tuple(inner_shape)
    if ragged_rank is None:
        ragged_rank = max(levels - 1 if inner_shape is None else levels - 1 - len(inner), 0)
    if inner_shape is None and ragged_rank < levels - 1:
        inner = _inner_shape(values, ragged_rank)
    if ragged_rank > levels and depth is not None:
        raise ValueError(f"Invalid pylist={pylist}: incompatible with ragged_rank={ragged_rank}")
    flat: Any = values
    splits = []
    for _ in builtins.range(ragged_rank):
        splits.append(np.concatenate([[0], np.cumsum([len(row) for row in flat])]).astype(np.int64))
        flat = [item for row in flat for item in row]
    return flat, splits, inner


def _as_lists(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_as_lists(v) for v in value] if value.dtype == object or value.ndim else value.tolist()
    return [_as_lists(v) for v in value] if isinstance(value, (list, tuple)) else value


def _depths(value: Any, at: int = 0) -> tuple[int | None, int | None]:
    """The greatest and the least depth at which a value stands."""
    if not isinstance(value, list):
        return at, at
    found = [_depths(item, at + 1) for item in value]
    tops = [top for top, _ in found if top is not None]
    lows = [low for _, low in found if low is not None]
    return (max(tops) if tops else None), (min(lows) if lows else None)


def _list_depth(value: Any) -> int:
    if not isinstance(value, list):
        return 0
    return 1 + max((_list_depth(item) for item in value), default=0)


def _leaves(value: Any) -> bool:
    return any(_leaves(item) for item in value) if isinstance(value, list) else True


def _inner_shape(values: Any, ragged_rank: int) -> tuple[int, ...]:
    for _ in builtins.range(ragged_rank):
        values = [item for row in values for item in row]
    return tuple(np.asarray(values, object if not values else None).shape[1:])


def range(starts: Any, limits: Any = None, deltas: Any = 1, dtype: Any = None, name: str | None = None,
          row_splits_dtype: Any = dtypes.int64) -> RaggedTensor:  # fmt: skip
    """A row of numbers for each start, limit and step; one argument is the limits.

    Example:
        >>> import weft as tf
        >>> tf.ragged.range([3, 0, 2])
        <tf.RaggedTensor [[0, 1, 2], [], [0, 1]]>
    """
    if limits is None:
        starts, limits = 0, starts
    given = [frontdoor.convert(v) for v in (starts, limits, deltas)]
    wanted = dtypes.as_dtype(dtype) if dtype is not None else array._widest([t.dtype for t in given])
    first, last, step = (cast_to(t, wanted) for t in given)
    splits = dtypes.as_dtype(row_splits_dtype)
    reach = (last - first) + array.zeros_like(step)
    many = math.ceil(reach / step) if wanted.is_floating else math.floordiv(reach + step - math.sign(step), step)
    counts = cast_to(math.maximum(many, array.zeros_like(many)), splits)
    counts = array.reshape(counts, [-1])
    total = splits_of(counts)
    rows = rows_at(total, total[-1])
    inside = array.range(array.constant(0, splits), total[-1], array.constant(1, splits)) - array.gather(total, rows)

    def each(value: Any) -> Any:
        whole = array.reshape(value + array.zeros_like(reach), [-1])
        return array.gather(whole, rows)

    return RaggedTensor._made(each(first) + cast_to(inside, wanted) * each(step), total)


def stack(values: Any, axis: int = 0, name: str | None = None) -> Any:
    """Tensors, ragged or not, joined along a new axis; rows may differ in length.

    Example:
        >>> import weft as tf
        >>> tf.ragged.stack([tf.constant([1, 2]), tf.constant([3])])
        <tf.RaggedTensor [[1, 2], [3]]>
    """
    found: list[Any] = [v if isinstance(v, RaggedTensor) else frontdoor.convert(v)
                        for v in (values if isinstance(values, (list, tuple)) else array.unstack(values))]  # fmt: skip
    if not any(isinstance(v, RaggedTensor) for v in found):
        if axis != 0 or found[0].shape.rank == 0:
            if found[0].shape.rank != 1 and found[0].shape.rank and axis in (1, -1):
                return _stack([RaggedTensor.from_tensor(v) for v in found], {"axis": axis})
            return array.stack(found, axis)
        if found[0].shape.rank > 1:
            return _stack([RaggedTensor.from_tensor(v) for v in found], {"axis": axis})
        lengths = array.stack([array.shape(v)[0] for v in found])
        return RaggedTensor.from_row_lengths(array.concat(found, 0), lengths, validate=False)
    return _stack(found, {"axis": axis})


def map_flat_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A function applied to the innermost values of ragged tensors of the same rows.

    Example:
        >>> import weft as tf
        >>> tf.ragged.map_flat_values(tf.square, tf.ragged.constant([[1, 2], [3]]))
        <tf.RaggedTensor [[1, 4], [9]]>
    """
    found = [v for v in [*args, *kwargs.values()] if isinstance(v, RaggedTensor)]
    if not found:
        return op(*args, **kwargs)
    like = max(found, key=lambda x: x.ragged_rank)

    def flat(value: Any) -> Any:
        return value.flat_values if isinstance(value, RaggedTensor) else value

    return like.with_flat_values(op(*[flat(v) for v in args], **{k: flat(v) for k, v in kwargs.items()}))


def boolean_mask(data: Any, mask: Any, name: str | None = None) -> Any:
    """The values at which a mask of the same rows is true, in their rows.

    Args:
        data: Ragged or dense.
        mask: Bools, ragged or dense; its shape begins that of `data`.
        name: Accepted.

    Example:
        >>> import weft as tf
        >>> tf.ragged.boolean_mask([[1, 2], [3, 4]], [[True, False], [True, True]])
        <tf.RaggedTensor [[1], [3, 4]]>
    """
    chosen: Any = mask if isinstance(mask, RaggedTensor) else frontdoor.convert(mask, dtypes.bool_)
    x: Any = data if isinstance(data, RaggedTensor) else frontdoor.convert(data)
    if chosen.shape.rank == 0:
        raise ValueError("mask cannot be scalar.")
    if chosen.shape.rank == 1 and not isinstance(chosen, RaggedTensor):
        return take(x, array.where(chosen)[:, 0])
    levels = chosen.shape.rank - 1
    if not isinstance(chosen, RaggedTensor):
        chosen = RaggedTensor.from_tensor(chosen, ragged_rank=levels)
    if not isinstance(x, RaggedTensor):
        x = RaggedTensor.from_tensor(x, ragged_rank=levels)
    return _masked(x, chosen)


def _masked(x: RaggedTensor, chosen: RaggedTensor) -> RaggedTensor:
    ragged_choice.check(math.equal(cast_to(x.row_splits, dtypes.int64), cast_to(chosen.row_splits, dtypes.int64)),
                        "tf.ragged.boolean_mask: the rows of the mask differ in length from those of the data",
                        f"{x.shape} and {chosen.shape}")  # fmt: skip
    if isinstance(chosen.values, RaggedTensor):
        return x.with_values(_masked(x.values, chosen.values))
    kept = array.where(chosen.values)[:, 0]
    counts = math.reduce_sum(chosen.with_values(cast_to(chosen.values, x.row_splits.dtype)), axis=1)
    return RaggedTensor.from_row_lengths(take(x.values, kept), counts, validate=False)  # type: ignore[no-any-return]


def row_splits_to_segment_ids(splits: Any, name: str | None = None, out_type: Any = None) -> Any:
    """The number of the row of each value, from where rows begin and end."""
    found = frontdoor.convert(splits)
    if not found.dtype.is_integer:
        raise ValueError(explain("splits must be an int32 or int64 tensor", received=found.dtype.name))
    ids = rows_at(cast_to(found, dtypes.int64), cast_to(found[-1], dtypes.int64))
    return cast_to(ids, (found.dtype if found.dtype == dtypes.int32 and frontdoor.is_tensor_like(splits)
                         else dtypes.int64) if out_type is None else out_type)  # fmt: skip


def segment_ids_to_row_splits(segment_ids: Any, num_segments: Any = None, out_type: Any = None,
                              name: str | None = None) -> Any:  # fmt: skip
    """Where rows begin and end, from the number of the row of each value."""
    ids = frontdoor.convert(segment_ids)
    if isinstance(ids, EagerTensor):
        _check_rowids(ids._array, None)
    made = RaggedTensor.from_value_rowids(ids, cast_to(ids, dtypes.int64), num_segments, validate=False)
    wanted = out_type or (dtypes.int32 if ids.dtype == dtypes.int32 and frontdoor.is_tensor_like(segment_ids)
                          else dtypes.int64)  # fmt: skip
    return cast_to(made.row_splits, wanted)


def stack_dynamic_partitions(data: Any, partitions: Any, num_partitions: Any, name: str | None = None) -> RaggedTensor:
    """The values of a tensor sorted into rows by number.

    Example:
        >>> import weft as tf
        >>> tf.ragged.stack_dynamic_partitions(["a", "b", "c"], [2, 0, 2], 3)
        <tf.RaggedTensor [[b'b'], [], [b'a', b'c']]>
    """
    numbers = frontdoor.convert(partitions)
    order = ordering.argsort(numbers, stable=True)
    x = data if isinstance(data, RaggedTensor) else frontdoor.convert(data)
    return RaggedTensor.from_value_rowids(take(x, order), array.gather(numbers, order), num_partitions)  # type: ignore[no-any-return]


def cross(inputs: Any, name: str | None = None) -> RaggedTensor:
    """What stands together in each row of several features, as text: every combination, as rows."""
    return _crossed(crossing.crossed_texts([_sparse(x) for x in inputs], b"_X_"))


def cross_hashed(inputs: Any, num_buckets: int = 0, hash_key: int | None = None,
                 name: str | None = None) -> RaggedTensor:  # fmt: skip
    """What stands together in each row of several features, as a hash: every combination, as rows."""
    return _crossed(crossing.crossed_hashes([_sparse(x) for x in inputs], num_buckets, hash_key))


def _sparse(value: Any) -> Any:
    return value.to_sparse() if isinstance(value, RaggedTensor) else value


def _crossed(found: SparseTensor) -> RaggedTensor:
    return RaggedTensor.from_sparse(found)  # type: ignore[no-any-return]
