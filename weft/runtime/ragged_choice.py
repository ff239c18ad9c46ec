"""Choosing from ragged tensors: elements by index, in batches too, and parts along an axis."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import sizes
from weft.runtime.ragged import RaggedTensor, _call, _cast, _int, length, rows_at
from weft.runtime.ragged_forms import take
from weft.runtime.tensor import EagerTensor


def check(holds: Any, message: str, received: str = "") -> None:
    """Raises InvalidArgumentError unless all of some bools hold: at once, or when the graph runs."""
    whole = _call("reduce_all", holds, axis=tuple(range(holds.shape.rank)), keepdims=False)
    if not isinstance(whole, EagerTensor):
        _call("assert", whole, message=message)
    elif not bool(whole._array):
        raise InvalidArgumentError(explain(message, received=received))


def axis_of(axis: int, rank: int, op: str) -> int:
    """An axis, counted from the front.

    Raises:
        InvalidArgumentError: Where there is none of that number.
    """
    if not -rank <= axis < rank:
        raise InvalidArgumentError(explain(f"{op}: a RaggedTensor has no such axis.", received=f"axis {axis}",
                                           expected=f"from {-rank} to {rank - 1}"))  # fmt: skip
    return axis % rank


def _places(x: RaggedTensor, rows: Any, inside: Any) -> Any:
    """Where the elements of rows lie among the values: rows by number, and elements within them."""
    dtype = x._splits.dtype
    rows, inside = _cast(rows, dtype), _cast(inside, dtype)
    count = _call("gather", x.row_lengths(), rows, axis=0)
    there = _call("logical_and", _call("greater_equal", inside, _int(0, dtype)), _call("less", inside, count))
    check(there, "an index is outside of its row of a RaggedTensor", str(x.shape))
    return _call("add", _call("gather", x._splits, rows, axis=0), inside)


def gather(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    """Slices along an axis; with `batch_dims`, each row of indices chooses from the row of the same number."""
    x, indices = inputs
    rank = x.shape.rank
    batch, axis = int(attrs.get("batch_dims") or 0), int(attrs.get("axis") or 0)
    batch = batch % indices.shape.rank if batch < 0 else batch
    axis = axis % rank if axis < 0 else max(axis, batch)
    if not isinstance(x, RaggedTensor) and not isinstance(indices, RaggedTensor):
        return _call("gather", x, indices, axis=axis, batch_dims=batch)
    if not batch:
        return _gathered(x, indices, axis)
    if not isinstance(x, RaggedTensor):
        x = RaggedTensor.from_tensor(x, ragged_rank=batch)
    if batch > 1:
        if not isinstance(indices, RaggedTensor):
            indices = RaggedTensor.from_tensor(indices, ragged_rank=batch - 1)
        lower = {"axis": axis - 1, "batch_dims": batch - 1}
        check(_call("equal", _cast(x._splits, dtypes.int64), _cast(indices._splits, dtypes.int64)),
              "gather: the batches of the RaggedTensor and of the indices differ", str(x.shape))  # fmt: skip
        return indices.with_values(gather([x._values, indices._values], lower))
    if axis > 1:
        rows = rows_at(x._splits, length(x._values))
        own = gather([indices, rows], {"axis": 0})
        return x.with_values(gather([x._values, own], {"axis": axis - 1, "batch_dims": 1}))
    return _in_rows(x, indices)


def _in_rows(x: RaggedTensor, indices: Any) -> Any:
    """For each row the elements at its own indices."""
    rows = indices.nrows() if isinstance(indices, RaggedTensor) else _call("shape", indices, dtype=dtypes.int64)[0]
    check(_call("equal", _cast(rows, dtypes.int64), _cast(x.nrows(), dtypes.int64)),
          "gather: the RaggedTensor and the indices have not as many rows", str(x.shape))  # fmt: skip
    numbers = _call("range", _int(0, dtypes.int64), _cast(rows, dtypes.int64), _int(1, dtypes.int64))
    if not isinstance(indices, RaggedTensor):
        spread = numbers
        for _ in range(indices.shape.rank - 1):
            spread = _call("expand_dims", spread, axis=-1)
        spread = _call("add", spread, _call("multiply", _cast(indices, dtypes.int64), _int(0, dtypes.int64)))
        return gather([x._values, _places(x, spread, indices)], {"axis": 0})
    flat = indices.flat_values
    for level in indices._levels():
        numbers = _call("gather", numbers, rows_at(level._splits, length(level._values)), axis=0)
    for _ in range(flat.shape.rank - 1):
        numbers = _call("expand_dims", numbers, axis=-1)
    numbers = _call("add", numbers, _call("multiply", _cast(flat, dtypes.int64), _int(0, dtypes.int64)))
    return gather([x._values, indices.with_flat_values(_places(x, numbers, flat))], {"axis": 0})


def _gathered(x: Any, indices: Any, axis: int) -> Any:
    if isinstance(indices, RaggedTensor) and not axis:
        return indices.with_values(_gathered(x, indices._values, axis))
    if not isinstance(x, RaggedTensor):
        return _call("gather", x, indices, axis=axis)
    if axis:  # the same indices for every row
        rows = x.nrows()
        own = gather([_wrapped(indices), _call("multiply", _numbers(rows), _int(0, rows.dtype))], {"axis": 0})
        return gather([x, own], {"axis": axis, "batch_dims": 1})
    if indices.shape.rank == 0:
        return x[indices]
    if indices.shape.rank == 1:
        return take(x, indices)
    nested = RaggedTensor.from_tensor(indices, ragged_rank=indices.shape.rank - 1)
    return _gathered(x, nested._loosened(None), 0)


def _numbers(count: Any) -> Any:
    return _call("range", _int(0, count.dtype), count, _int(1, count.dtype))


def _wrapped(indices: Any) -> Any:
    return _call("expand_dims", indices, axis=0)


def gather_nd(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    """What lies at places whose coordinates are the rows of `indices`."""
    x, indices = inputs
    if attrs.get("batch_dims"):
        raise ValueError(explain("tf.gather_nd of a RaggedTensor takes batch_dims=0."))
    if isinstance(indices, RaggedTensor):
        if indices.flat_values.shape.rank == 1:
            raise ValueError(explain("tf.gather_nd: the last axis of the indices must not be ragged.",
                                     received=str(indices.shape)))  # fmt: skip
        return indices.with_values(gather_nd([x, indices._values], attrs))
    if not isinstance(x, RaggedTensor):
        return _call("gather_nd", x, indices)
    if indices.shape.rank > 2:
        nested = RaggedTensor.from_tensor(indices, ragged_rank=indices.shape.rank - 2)
        return gather_nd([x, nested._loosened(None)], attrs)
    if indices.shape.rank == 1:
        found = gather_nd([x, _wrapped(indices)], attrs)
        return found[0]
    depth = indices.shape[-1]
    if depth is None:
        raise ValueError(explain("tf.gather_nd of a RaggedTensor: the last size of the indices must be known.",
                                 received=str(indices.type)))  # fmt: skip
    coordinates = [_cast(indices[:, number], dtypes.int64) for number in range(depth)]
    place, values = coordinates[0], x
    for number, inside in enumerate(coordinates[1:], 1):
        if not isinstance(values, RaggedTensor):
            return _call("gather_nd", values, _call("stack", place, *coordinates[number:], axis=1))
        place, values = _cast(_places(values, place, inside), dtypes.int64), values._values
    return take(values, place)


def split(inputs: list[Any], attrs: dict[str, Any]) -> tuple[Any, ...]:
    """Parts of a ragged tensor: rows, or parts of the innermost values."""
    x, number = inputs[0], attrs["num_or_sizes"]
    axis = axis_of(attrs["axis"], x.shape.rank, "split")
    if axis > x.ragged_rank:
        found = _call("split", x.flat_values, num_or_sizes=number, axis=axis - x.ragged_rank)
        return tuple(x.with_flat_values(part) for part in (found if isinstance(found, (list, tuple)) else (found,)))
    if axis:
        raise ValueError(explain("tf.split cannot cut a RaggedTensor along a ragged axis.", received=f"axis {axis}",
                                 hint="x.to_tensor(), or axis=0"))  # fmt: skip
    rows = x.nrows()
    if isinstance(number, int):
        check(_call("equal", _call("floormod", rows, _int(number, rows.dtype)), _int(0, rows.dtype)),
              f"split: the RaggedTensor's rows do not make {number} equal parts", str(x.shape))  # fmt: skip
        size = _call("floordiv", rows, _int(number, rows.dtype))
        ends = [_call("multiply", size, _int(k, rows.dtype)) for k in range(number + 1)]
    else:
        counts = [int(part) for part in number]
        known = sizes.known(rows)
        if counts.count(-1) == 1 and isinstance(known, int):
            counts[counts.index(-1)] = known - sum(counts) - 1
        ends = [_int(int(end), rows.dtype) for end in np.cumsum([0, *counts])]
        message = f"split: the sizes {tuple(number)} do not add up to the rows"
        check(_call("equal", ends[-1], rows), message, str(x.shape))
    return tuple(x[begin:end] for begin, end in pairwise(ends))


def partition(inputs: list[Any], attrs: dict[str, Any]) -> tuple[Any, ...]:
    """The rows of each part, as `dynamic_partition` gives them; of ragged numbers of parts, what lies in rows."""
    x, parts = inputs
    if isinstance(parts, RaggedTensor):
        check(_call("equal", _cast(x._splits, dtypes.int64), _cast(parts._splits, dtypes.int64)),
              "tf.dynamic_partition: the rows of the values and of the numbers of parts differ",
              f"{x.shape} and {parts.shape}")  # fmt: skip
        inner = [x._values, parts._values]
        if any(isinstance(part, RaggedTensor) for part in inner):
            return partition(inner, attrs)
        found = _call("dynamic_partition", *inner, **attrs)
        return found if isinstance(found, tuple) else (found,)
    found = []
    for number in range(attrs["num_partitions"]):
        here = _call("where", _call("equal", parts, _int(number, parts.dtype)))
        found.append(take(x, here[:, 0]))
    return tuple(found)


# Products ------------------------------------------------------------------------------------------------------------


def matmul(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    """Products of the matrices of two batches, whose sizes may differ from matrix to matrix."""
    first, second = inputs
    flips = [bool(attrs.get(f"transpose_{side}")) or bool(attrs.get(f"adjoint_{side}")) for side in "ab"]
    ranks = first.shape.rank, second.shape.rank
    if ranks[0] != ranks[1] or ranks[0] not in (2, 3):
        raise ValueError(explain("tf.matmul of RaggedTensors takes matrices, or batches of matrices of one rank.",
                                 expected="both [batch, rows, columns]",
                                 received=f"{first.shape} and {second.shape}"))  # fmt: skip
    if ranks[0] == 2:
        return _call("matmul", *[_even(x) for x in inputs], **attrs)
    (rows, inner), (other, columns) = [
        (_extent(x, 2), _extent(x, 1)) if flip else (_extent(x, 1), _extent(x, 2))
        for x, flip in zip(inputs, flips, strict=True)
    ]
    check(_call("equal", _each(inner, first), _each(other, second)),
          "matmul: the columns of the first matrices and the rows of the second ones differ in number",
          f"{first.shape} and {second.shape}")  # fmt: skip
    dense = _call("matmul", *[_dense(x) for x in inputs], **attrs)
    if isinstance(rows, int):
        made = RaggedTensor.from_tensor(dense, ragged_rank=1)
    else:
        made = RaggedTensor.from_tensor(dense, lengths=rows)
    if isinstance(columns, int):
        return made
    lengths = _call("gather", columns, rows_at(made._splits, length(made._values)), axis=0)
    return made.with_values(RaggedTensor.from_tensor(made._values, lengths=lengths))


def _dense(x: Any) -> Any:
    return x.to_tensor() if isinstance(x, RaggedTensor) else x


def _even(x: Any) -> Any:
    """A ragged matrix whose rows have one length, as a tensor."""
    if not isinstance(x, RaggedTensor):
        return x
    counts = x.row_lengths()
    check(_call("equal", counts, counts[:1]), "matmul: the rows of a matrix differ in length", str(x.shape))
    return x.to_tensor()


def _extent(x: Any, axis: int) -> Any:
    """The size of each matrix of a batch along an axis: a number where it is known, else one for each."""
    if not isinstance(x, RaggedTensor):
        known = x.shape[axis]
        if known is not None:
            return known
        shape = _call("shape", x, dtype=dtypes.int64)
        return _call("broadcast_to_dynamic", shape[axis], shape[:1], sizes=None)
    if axis == 1:
        return x._uniform if x._uniform is not None else x.row_lengths()
    values = x._values
    if not isinstance(values, RaggedTensor):
        known = values.shape[1]
        if known is not None:
            return known
        size = _call("shape", values, dtype=dtypes.int64)[1]
        return _call("add", _call("multiply", _cast(x.row_lengths(), dtypes.int64), _int(0, dtypes.int64)), size)
    if values._uniform is not None:
        return values._uniform
    counts = RaggedTensor._made(values.row_lengths(), x._splits)
    most, least = (_call(op, counts, axis=(1,), keepdims=False) for op in ("reduce_max", "reduce_min"))
    empty = _call("equal", x.row_lengths(), _int(0, x._splits.dtype))
    check(_call("logical_or", empty, _call("equal", most, least)),
          "matmul: the rows of one matrix differ in length", str(x.shape))  # fmt: skip
    return _call("select", empty, _call("multiply", x.row_lengths(), _int(0, x._splits.dtype)), most)


def _each(extent: Any, x: Any) -> Any:
    """One size for each matrix of a batch."""
    if not isinstance(extent, int):
        return _cast(extent, dtypes.int64)
    rows = x.nrows() if isinstance(x, RaggedTensor) else _call("shape", x, dtype=dtypes.int64)[0]
    return _call("add", _call("multiply", _numbers(_cast(rows, dtypes.int64)), _int(0, dtypes.int64)), _int(extent))


def cumulative(op: str) -> Any:
    """Running sums along rows, or along the innermost axes."""

    def handler(inputs: list[Any], attrs: dict[str, Any]) -> Any:
        x = inputs[0]
        axis = axis_of(attrs["axis"], x.shape.rank, op)
        if axis > x.ragged_rank:
            return x.with_flat_values(_call(op, x.flat_values, **(attrs | {"axis": axis - x.ragged_rank})))
        if axis > 1:
            return x.with_values(handler([x._values], attrs | {"axis": axis - 1}))
        if isinstance(x._values, RaggedTensor):
            raise ValueError(explain(f"{op} of a RaggedTensor is along its innermost ragged axis, or across rows of "
                                     "single values.", received=f"axis {axis} of {x.shape}"))  # fmt: skip
        found = _call(op, x.to_tensor(), **(attrs | {"axis": axis}))
        return RaggedTensor.from_tensor(found, lengths=x.row_lengths(), row_splits_dtype=x._splits.dtype)

    return handler
