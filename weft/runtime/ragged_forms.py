"""Ragged tensors into other forms and out of them: dense, sparse, parts of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.base.errors import explain
from weft.base.shapes import TensorShape
from weft.runtime import frontdoor, indexing, sizes
from weft.runtime.ragged import RaggedTensor, _call, _cast, _int, counted, length, part, rows_at, splits_of
from weft.runtime.sparse import SparseTensor

#: the greatest end of a slice
_END = 1 << 62


def column(tensor: Any) -> Any:
    """A vector as a column."""
    return _call("expand_dims", tensor, axis=1)


def scalar(tensor: Any) -> Any:
    """A vector of one number as that number, in the other direction."""
    return _call("expand_dims", tensor, axis=0)


def coordinates(x: RaggedTensor) -> list[Any]:
    """For each innermost value its place along the outermost axis and along each ragged one."""
    levels = x._levels()
    numbers = rows_at(levels[-1]._splits, length(levels[-1]._values))
    found = [_within(levels[-1], numbers)]
    for level in reversed(levels[:-1]):
        own = rows_at(level._splits, length(level._values))
        inside = _within(level, own)
        found.insert(0, _call("gather", inside, numbers, axis=0))
        numbers = _call("gather", own, numbers, axis=0)
    return [numbers, *found]


def _within(level: RaggedTensor, rows: Any) -> Any:
    """The place of each value in its row."""
    places = counted(length(level._values, level._splits.dtype))
    return _call("subtract", places, _call("gather", level._splits, rows, axis=0))


def bounding_shape(x: RaggedTensor) -> Any:
    """The shape of the least dense tensor that holds it."""
    parts = [scalar(x.nrows())]
    for level in x._levels():
        parts.append(scalar(_longest(level)))
    flat = x.flat_values
    if flat.shape.rank != 1:
        parts.append(_cast(_call("shape", flat, dtype=dtypes.int64), x._splits.dtype)[1:])
    return _call("concat", *parts, axis=0)


def _longest(level: RaggedTensor) -> Any:
    if level._uniform is not None:
        return _int(level._uniform, level._splits.dtype)
    none = frontdoor.convert(np.zeros(1, level._splits.dtype.numpy))
    return _call("reduce_max", _call("concat", none, level.row_lengths(), axis=0), axis=(0,))


def to_tensor(x: RaggedTensor, default_value: Any, shape: Any) -> Any:
    """A dense tensor, shorter rows filled up with a default."""
    flat = x.flat_values
    if default_value is None:
        default_value = "" if x.dtype == dtypes.string else False if x.dtype.is_bool else 0
    default = frontdoor.convert(default_value, None if frontdoor.is_tensor_like(default_value) else x.dtype)
    if default.dtype != x.dtype:
        raise ValueError(explain("to_tensor: the default has another dtype.", expected=x.dtype.name,
                                 received=default.dtype.name))  # fmt: skip
    whole = _cast(bounding_shape(x), dtypes.int64)
    places = [_cast(c, dtypes.int64) for c in coordinates(x)]
    wanted = None if shape is None else TensorShape(shape) if not frontdoor.is_tensor_like(shape) else None
    if shape is not None and wanted is None:
        whole = _asked(whole, _cast(frontdoor.convert(shape), dtypes.int64))
    elif wanted is not None and wanted.rank is not None:
        asked = [-1 if n is None else n for n in wanted.as_list()]
        asked += [-1] * (x.ragged_rank + flat.shape.rank - len(asked))
        whole = _asked(whole, frontdoor.convert(np.asarray(asked, np.int64)))
    values = flat
    if shape is not None:
        outer = whole[: len(places)]
        inside = _call("reduce_all", _call("less", _call("stack", *places, axis=1), outer), axis=(1,), keepdims=False)
        kept = _call("where", inside)[:, 0]
        values = _call("gather_nd", flat, column(kept))
        places = [_call("gather", c, kept, axis=0) for c in places]
    empty = _call("broadcast_to_dynamic", default, whole)
    result = _call("tensor_scatter_update", empty, _call("stack", *places, axis=1), values)
    known = x.shape
    if known.rank is not None and hasattr(result, "set_shape"):
        sizes_ = known.as_list()
        if wanted is not None and wanted.rank is not None:
            sizes_ = [b if b is not None else a if n > 0 and a is not None else None for n, (a, b) in enumerate(
                zip(sizes_, [*wanted.as_list(), *[None] * (known.rank - wanted.rank)], strict=True))]  # fmt: skip
        if result.shape.rank is None or None in result.shape.as_list():
            result.set_shape(sizes_)
    return result


def _asked(whole: Any, asked: Any) -> Any:
    return _call("select", _call("less", asked, _int(0)), whole, asked)


def to_sparse(x: RaggedTensor) -> SparseTensor:
    """A sparse tensor of all values."""
    flat = x.flat_values
    places = [_cast(c, dtypes.int64) for c in coordinates(x)]
    indices = _call("stack", *places, axis=1)
    if flat.shape.rank != 1:
        inner = _call("where", _call("equal", flat, flat) if not flat.dtype.is_floating else
                      _call("logical_or", _call("equal", flat, flat), _call("not_equal", flat, flat)))  # fmt: skip
        indices = _call("concat", _call("gather", indices, inner[:, 0], axis=0), inner[:, 1:], axis=1)
        flat = _call("reshape_dynamic", flat, frontdoor.convert(np.asarray([-1], np.int32)))
    return SparseTensor(indices, flat, _cast(bounding_shape(x), dtypes.int64))


def from_sparse(x: Any, splits: DType) -> Any:
    """The rows of a sparse matrix whose entries stand at the beginnings of its rows."""
    if not isinstance(x, SparseTensor):
        raise TypeError(f"Argument `st_input` must be of type SparseTensor, but is of type {type(x).__name__}.")
    if x.shape.rank not in (2, None):
        raise ValueError(f"rank(st_input) must be 2. Received {x.shape.rank}.")
    made = RaggedTensor.from_value_rowids(x.values, _cast(x.indices[:, 0], splits), x.dense_shape[0], validate=False)
    here = _cast(_within(made, made.value_rowids()), dtypes.int64)
    right = _call("reduce_all", _call("equal", here, x.indices[:, 1]), axis=(0,))
    _call("assert", right, message="SparseTensor is not right-ragged: its entries must stand at the beginnings of rows")
    return made


def from_tensor(tensor: Any, lengths: Any, padding: Any, ragged_rank: int, splits: DType) -> Any:
    """The rows of a dense tensor, of given lengths or without padding at their ends."""
    if lengths is not None and padding is not None:
        raise ValueError("Specify argument `lengths` or `padding`, but not both.")
    x = frontdoor.convert(tensor)
    rank = x.shape.rank
    if not isinstance(ragged_rank, int) or ragged_rank <= 0:
        raise ValueError(f"Argument `ragged_rank` must be greater than 0. Received {ragged_rank}.")
    if rank is None or rank <= ragged_rank:
        raise ValueError(f"Expected a tensor of rank greater than {ragged_rank} (`ragged_rank`), received {x.shape}.")
    if isinstance(lengths, (list, tuple)) and lengths and not isinstance(lengths[0], (int, float)):
        return RaggedTensor.from_nested_row_lengths(_trimmed(x, lengths, splits), lengths, validate=False)
    whole = _call("shape", x, dtype=dtypes.int64)
    if ragged_rank > 1:
        flat = _call("reshape_dynamic", x, _call("concat", frontdoor.convert(np.asarray([-1], np.int64)),
                                                 whole[ragged_rank:], axis=0))  # fmt: skip
        inner = from_tensor(flat, lengths, padding, 1, splits)
        for axis in range(ragged_rank - 1, 0, -1):
            known = x.shape.as_list()[axis]
            width = _cast(whole[axis], splits) if known is None else _int(known, splits)
            inner = RaggedTensor.from_uniform_row_length(inner, width, validate=False)
            inner = RaggedTensor._made(inner._values, _cast(inner._splits, splits), inner._uniform)
        return inner
    known = x.shape.as_list()[1]
    rows = _cast(whole[0], splits)
    tail = _call("concat", frontdoor.convert(np.asarray([-1], np.int64)), whole[2:], axis=0)
    flat = _call("reshape_dynamic", x, tail)
    if lengths is None and padding is None:
        width = _cast(whole[1], splits)
        ends = _call("multiply", counted(_call("add", rows, _int(1, splits))), width)
        return RaggedTensor._made(flat, ends, known)
    if padding is not None:
        counts = _without_padding(x, padding, splits)
    else:
        counts = _cast(frontdoor.convert(lengths), splits)
        counts = _call("minimum", _call("maximum", counts, _int(0, splits)), _cast(whole[1], splits))
    inside = _call("less", _call("expand_dims", counted(_cast(whole[1], splits)), axis=0), column(counts))
    return RaggedTensor._made(_call("gather_nd", x, _call("where", inside)), splits_of(counts))


def _trimmed(x: Any, lengths: Any, splits: DType) -> Any:
    """The innermost values of a dense tensor that lie within nested lengths."""
    found = from_tensor(x, lengths[0], None, 1, splits)
    values = found._values
    for inner in lengths[1:]:
        values = from_tensor(values, inner, None, 1, splits)._values
    return values


def _without_padding(x: Any, padding: Any, splits: DType) -> Any:
    """The length of each row without padding at its end."""
    fill = frontdoor.convert(padding, None if frontdoor.is_tensor_like(padding) else x.dtype)
    if not TensorShape(x.shape[2:]).is_compatible_with(fill.shape):
        raise ValueError(explain("from_tensor: the padding must have the shape of what stands in the rows.",
                                 expected=str(x.shape[2:]), received=str(fill.shape)))  # fmt: skip
    other = _call("not_equal", x, fill)
    rank = x.shape.rank
    if rank > 2:
        other = _call("reduce_any", other, axis=tuple(range(2, rank)), keepdims=False)
    width = _cast(_call("shape", x, dtype=dtypes.int64), splits)[1]
    ends = _call("expand_dims", _call("add", counted(width), _int(1, splits)), axis=0)
    reached = _call("multiply", _cast(other, splits), ends)
    none = _call("multiply", reached[:, :1], _int(0, splits))
    return _call("reduce_max", _call("concat", none, reached, axis=1), axis=(1,), keepdims=False)


def merge_dims(x: Any, outer: int, inner: int) -> Any:
    """With the axes from one to another joined into one."""
    rank = x.shape.rank
    first = outer if outer >= 0 else outer + rank
    last = inner if inner >= 0 else inner + rank
    if first >= last:
        raise ValueError(f"Expected outer_axis ({outer}) to be less than inner_axis ({inner}).")
    return _merged(x, first, last)


def _merged(x: Any, first: int, last: int) -> Any:
    if not isinstance(x, RaggedTensor):
        whole = _call("shape", x, dtype=dtypes.int64)
        joint = _call("concat", whole[:first], frontdoor.convert(np.asarray([-1], np.int64)), whole[last + 1 :], axis=0)
        return _call("reshape_dynamic", x, joint)
    if first > 0:
        if first == 1:
            while last > 1:
                x = _joined(x)
                last -= 1
            return x
        return x.with_values(_merged(x._values, first - 1, last - 1))
    inner = x._values
    return _merged(inner, 0, last - 1) if last > 1 else inner


def _joined(x: RaggedTensor) -> RaggedTensor:
    """Axes 1 and 2 as one."""
    if isinstance(x._values, RaggedTensor):
        return RaggedTensor._made(x._values._values, _call("gather", x._values._splits, x._splits, axis=0))
    whole = _call("shape", x._values, dtype=x._splits.dtype)
    flat = _call("reshape_dynamic", x._values, _call("concat", frontdoor.convert(np.asarray([-1], np.int64)),
                                                     _cast(whole, dtypes.int64)[2:], axis=0))  # fmt: skip
    return RaggedTensor._made(flat, _call("multiply", x._splits, whole[1]))


# Parts ---------------------------------------------------------------------------------------------------------------


def take(x: Any, rows: Any) -> Any:
    """Rows by number."""
    if not isinstance(x, RaggedTensor):
        return _call("gather", x, rows, axis=0)
    starts = _call("gather", x.row_starts(), rows, axis=0)
    counts = _call("gather", x.row_lengths(), rows, axis=0)
    return _spans(x._values, starts, counts, x._uniform)


def _spans(values: Any, starts: Any, counts: Any, uniform: int | None = None, step: Any = None) -> RaggedTensor:
    """Rows that begin at places among values, with so many of them each."""
    splits = splits_of(counts)
    total = splits[-1]
    numbers = rows_at(splits, total)
    inside = _call("subtract", counted(total), _call("gather", splits, numbers, axis=0))
    if step is not None:
        inside = _call("multiply", inside, step)
    places = _call("add", _call("gather", starts, numbers, axis=0), inside)
    return RaggedTensor._made(take(values, places), splits, uniform)


def getitem(x: Any, key: Any) -> Any:
    """A part of a ragged tensor: rows by number or slice, and parts of all rows."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if isinstance(key, RaggedTensor) or getattr(key, "dtype", None) == dtypes.bool_:
        raise ValueError(explain("A RaggedTensor is not indexed by a mask.", hint="tf.ragged.boolean_mask"))
    if any(k is Ellipsis for k in keys):
        place = next(n for n, k in enumerate(keys) if k is Ellipsis)
        count = x.shape.rank - sum(1 for k in keys if k is not None and k is not Ellipsis)
        keys[place : place + 1] = [slice(None)] * count
    return _indexed(x, keys)


def _indexed(x: Any, keys: list[Any]) -> Any:
    if not keys:
        return x
    if not isinstance(x, RaggedTensor):
        return indexing.getitem(x, tuple(keys))
    first, rest = keys[0], keys[1:]
    if first is None:
        whole = _indexed(x, rest) if rest else x
        return _wrapped(whole)
    if isinstance(first, slice):
        return _inner(_sliced(x, first), rest)
    return _indexed(_row(x, first), rest)


def _wrapped(x: Any) -> Any:
    """With an axis of size 1 in front."""
    if isinstance(x, RaggedTensor):
        count = x.nrows()
        splits = _call("concat", frontdoor.convert(np.zeros(1, count.dtype.numpy)), scalar(count), axis=0)
        known = sizes.known(count)
        return RaggedTensor._made(x, splits, known if isinstance(known, int) else None)
    return _call("expand_dims", x, axis=0)


def _row(x: RaggedTensor, number: Any) -> Any:
    known = sizes.known(frontdoor.convert(number))
    count = sizes.known(x.nrows())
    if isinstance(known, int) and isinstance(count, int) and not -count <= known < count:
        raise IndexError(explain(f"Row {known} of a RaggedTensor of {count} rows."))
    place = _cast(frontdoor.convert(number), x._splits.dtype)
    if not isinstance(known, int):
        place = _call("select", _call("less", place, _int(0, place.dtype)), _call("add", place, x.nrows()), place)
    elif known < 0:
        place = _call("add", place, x.nrows())
    pair = _call("gather", x._splits, _call("stack", place, _call("add", place, _int(1, place.dtype)), axis=0), axis=0)
    return part(x._values, pair[0], pair[1])


def _sliced(x: RaggedTensor, rows: slice) -> RaggedTensor:
    if rows == slice(None):
        return x
    return take(x, indexing.getitem(counted(x.nrows()), rows))  # type: ignore[no-any-return]


def _inner(x: RaggedTensor, keys: list[Any]) -> Any:
    """A part of every row."""
    if not keys:
        return x
    first, rest = keys[0], keys[1:]
    if first is None:
        rows = _inner(x, rest) if rest else x
        return RaggedTensor.from_uniform_row_length(rows, 1, x.nrows(), validate=False)
    if isinstance(first, slice):
        cut = x if first == slice(None) else _columns(x, first)
        return cut if not rest else cut.with_values(_deeper(cut._values, rest))
    if x._uniform is None:
        raise ValueError(explain("Cannot index into an inner ragged dimension.", received=f"shape {x.shape}",
                                 hint="take a slice, x[:, i:i + 1], or make it dense: x.to_tensor()"))  # fmt: skip
    place = _cast(frontdoor.convert(first), x._splits.dtype)
    found = take(x._values, _call("add", x.row_starts(), place))
    return found if not rest else _inner(found, rest) if isinstance(found, RaggedTensor) else \
        indexing.getitem(found, (slice(None), *rest))  # fmt: skip


def _deeper(values: Any, keys: list[Any]) -> Any:
    if isinstance(values, RaggedTensor):
        return _inner(values, keys)
    return indexing.getitem(values, (slice(None), *keys))


def _columns(x: RaggedTensor, cut: slice) -> RaggedTensor:
    dtype = x._splits.dtype
    step = 1 if cut.step is None else int(cut.step)
    if step == 0:
        raise ValueError("Slice step must not be 0.")
    counts = x.row_lengths()

    def bound(value: Any, otherwise: Any, low: Any, high: Any) -> Any:
        if value is None:
            return otherwise
        given = _cast(frontdoor.convert(value), dtype)
        given = _call("select", _call("less", given, _int(0, dtype)), _call("add", counts, given),
                      _call("add", given, _call("multiply", counts, _int(0, dtype))))  # fmt: skip
        return _call("minimum", _call("maximum", given, low), high)

    zero, one = _int(0, dtype), _int(1, dtype)
    last = _call("subtract", counts, one)
    if step > 0:
        start = bound(cut.start, _call("multiply", counts, zero), zero, counts)
        stop = bound(cut.stop, counts, zero, counts)
        reach = _call("subtract", stop, start)
    else:
        start = bound(cut.start, last, _int(-1, dtype), last)
        stop = bound(cut.stop, _call("subtract", _call("multiply", counts, zero), one), _int(-1, dtype), last)
        reach = _call("subtract", start, stop)
    size = _int(abs(step), dtype)
    many = _call("floordiv", _call("add", _call("maximum", reach, zero), _call("subtract", size, one)), size)
    begins = _call("add", x.row_starts(), start)
    return _spans(x._values, begins, many, None, None if step == 1 else _int(step, dtype))
