"""What ops mean for ragged tensors: element by element, along rows, across them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.errors import DTypeError, InvalidArgumentError, explain
from weft.ops import families
from weft.runtime import dispatch, frontdoor, ragged_choice, sizes
from weft.runtime.ragged import RaggedTensor, _call, _cast, _int, length, rows_at, splits_of
from weft.runtime.ragged_choice import axis_of
from weft.runtime.ragged_forms import _longest, _within, _wrapped, column, coordinates, take
from weft.runtime.tensor import EagerTensor

#: further ops that work on each element alone
_EACH = frozenset("""
    cast identity stop_gradient check_numerics elu leaky_relu gelu silu clip clip_by_value select string_length
    string_lower string_upper string_strip substr string_join string_add regex_replace regex_full_match as_string
    string_to_number encode_base64 decode_base64 unicode_transcode unicode_script string_to_hash_bucket
    string_to_hash_bucket_fast string_to_hash_bucket_strong positions_of bitcast celu dropout
    sigmoid_cross_entropy_with_logits
""".split())  # fmt: skip


def apply(op: str, inputs: list[Any], attrs: dict[str, Any]) -> tuple[Any, ...]:
    """Applies an op of which an input is ragged.

    Raises:
        DTypeError: For ops that are not there for ragged tensors.
    """
    if op in _EACH or op in families.elementwise_ops():
        return (_elementwise(op, inputs, attrs),)
    handler = _HANDLERS.get(op)
    if handler is not None:
        found = handler(inputs, attrs)
        return found if isinstance(found, tuple) else (found,)
    raise DTypeError(explain(
        f"{op} does not take a RaggedTensor.", received=[repr(getattr(x, "_type_spec", x)) for x in inputs][:2],
        hint="tf.ragged.map_flat_values applies a function to its values, x.to_tensor() makes it dense",
    ))  # fmt: skip


# Element by element --------------------------------------------------------------------------------------------------


def _elementwise(op: str, inputs: list[Any], attrs: dict[str, Any]) -> Any:
    ragged = [x for x in inputs if isinstance(x, RaggedTensor)]
    like = max(ragged, key=lambda x: x.ragged_rank)
    flat = [_beside(x, like) for x in inputs]
    return like.with_flat_values(_call(op, *flat, **attrs))


def _beside(x: Any, like: RaggedTensor) -> Any:
    """The values of an operand that broadcasts, one for each innermost value of another."""
    if x is like:
        return like.flat_values
    if isinstance(x, RaggedTensor):
        if x.ragged_rank == like.ragged_rank:
            for mine, theirs in zip(x.nested_row_splits, like.nested_row_splits, strict=True):
                if mine is not theirs:
                    _check_same(mine, theirs)
            return x.flat_values
        x = x.to_tensor()
    if x.shape.rank is None:
        raise ValueError("A tensor of unknown rank cannot be broadcast to a RaggedTensor.")
    outer = like.ragged_rank + 1
    whole = outer + like.flat_values.shape.rank - 1
    if x.shape.rank < whole - outer + 1:
        return x  # it broadcasts with the innermost values
    missing = whole - x.shape.rank
    if missing < 0:
        raise ValueError(explain("A tensor of a higher rank cannot be broadcast to a RaggedTensor.",
                                 received=[str(x.shape), str(like.shape)]))  # fmt: skip
    places = coordinates(like)
    chosen = []
    for axis in range(missing, outer):
        size = x.shape.as_list()[axis - missing]
        if size != 1:
            _check_size(like, axis, size, x)
        place = _cast(places[axis], dtypes.int64)
        chosen.append(_call("multiply", place, _int(0)) if size == 1 else place)
    return _call("gather_nd", x, _call("stack", *chosen, axis=1))


def _check_same(mine: Any, theirs: Any) -> None:
    if isinstance(mine, EagerTensor) and isinstance(theirs, EagerTensor):
        if not np.array_equal(mine._array, theirs._array):
            raise InvalidArgumentError(explain("Unable to broadcast: the rows of two RaggedTensors differ in length.",
                                               received=[str(t._array.tolist())[:80] for t in (mine, theirs)]))
        return
    same = _call("reduce_all", _call("equal", _cast(mine, dtypes.int64), _cast(theirs, dtypes.int64)), axis=(0,))
    _call("assert", same, message="Unable to broadcast: the rows of two RaggedTensors differ in length")


def _check_size(like: RaggedTensor, axis: int, size: int | None, x: Any) -> None:
    """A dense operand has the size of all rows along an axis."""
    counts = like.nrows() if axis == 0 else like._levels()[axis - 1].row_lengths()
    wanted = _int(size, like._splits.dtype) if size is not None else _cast(_call("shape", x), like._splits.dtype)[axis]
    same = _call("equal", counts, wanted)
    if same.shape.rank:
        same = _call("reduce_all", same, axis=(0,))
    if isinstance(same, EagerTensor) and not bool(same._array):
        raise InvalidArgumentError(explain("Unable to broadcast: dimension size mismatch in dimension "
                                           f"{axis}.", received=[str(like.shape), str(x.shape)]))  # fmt: skip
    if not isinstance(same, EagerTensor):
        _call("assert", same, message=f"Unable to broadcast: dimension size mismatch in dimension {axis}")


# Reductions ----------------------------------------------------------------------------------------------------------

_SEGMENTS = {"reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min", "reduce_prod": "prod"}


def _reduction(op: str) -> Callable[[list[Any], dict[str, Any]], Any]:
    def handler(inputs: list[Any], attrs: dict[str, Any]) -> Any:
        x = inputs[0]
        rank = x.shape.rank
        axes = sorted({a if rank is None and a >= 0 else a % _told(rank, op) for a in attrs["axis"]})
        return _reduced(op, x, axes, bool(attrs.get("keepdims")))

    return handler


def _told(rank: int | None, op: str) -> int:
    if rank is None:
        raise InvalidArgumentError(explain(
            f"{op}: the rank of the ragged tensor is not known, so no axis counts from its end.",
            hint="give the shape of its values, or an axis from 0 on",
        ))  # fmt: skip
    return rank


def _reduced(op: str, x: Any, axes: list[int], keepdims: bool) -> Any:
    if op == "reduce_mean":
        total = _reduced("reduce_sum", x, axes, keepdims)
        return _over(total, _reduced("reduce_sum", _ones(x), axes, keepdims))
    if op in ("reduce_variance", "reduce_std"):
        mean = _reduced("reduce_mean", x, axes, keepdims)
        squares = _reduced("reduce_mean", _call("square", x), axes, keepdims)
        spread = _call("maximum", _call("subtract", squares, _call("square", mean)), _zero_like(mean))
        return spread if op == "reduce_variance" else _call("sqrt", spread)
    if op in ("reduce_any", "reduce_all"):
        found = _reduced("reduce_max" if op == "reduce_any" else "reduce_min", _call("cast", x, dtype=dtypes.int32),
                         axes, keepdims)  # fmt: skip
        return _call("greater", found, _int(0, dtypes.int32))
    for axis in reversed(axes):
        x = _along(op, x, axis, keepdims)
    return x


def _over(total: Any, count: Any) -> Any:
    return frontdoor.truediv(total, count)  # a mean of integers is a float here


def _zero_like(x: Any) -> Any:
    return frontdoor.convert(np.zeros((), x.dtype.numpy))


def _ones(x: RaggedTensor) -> RaggedTensor:
    flat = x.flat_values
    return x.with_flat_values(dispatch.builder.ones_like(flat))


def _along(op: str, x: Any, axis: int, keepdims: bool) -> Any:
    if not isinstance(x, RaggedTensor):
        return _call(op, x, axis=(axis,), keepdims=keepdims)
    if axis > 1:
        return x.with_values(_along(op, x._values, axis - 1, keepdims))
    kind = f"unsorted_segment_{_SEGMENTS[op]}"
    rows = rows_at(x._splits, length(x._values))
    if axis == 1:
        found = _segmented(kind, x._values, rows, x.nrows())
        return _call("expand_dims", found, axis=1) if keepdims and not isinstance(found, RaggedTensor) else (
            _kept(found) if keepdims else found)  # fmt: skip
    found = _segmented(kind, x._values, _within(x, rows), _longest(x))
    return _wrapped(found) if keepdims else found


def _kept(x: RaggedTensor) -> RaggedTensor:
    return RaggedTensor.from_uniform_row_length(x, 1, x.nrows(), validate=False)  # type: ignore[no-any-return]


def _segmented(kind: str, values: Any, numbers: Any, count: Any) -> Any:
    """Values, or rows of them position by position, combined by number."""
    if not isinstance(values, RaggedTensor):
        known = sizes.known(count)
        if known is not None:
            return _call(kind, values, numbers, num_segments=known)
        return _call(kind, values, numbers, _cast(count, dtypes.int64))
    # rows of one number are added up place by place: a place is told by its number and where in the row it is
    inner = rows_at(values._splits, length(values._values))
    here = _within(values, inner)
    lengths = _segmented("unsorted_segment_max", values.row_lengths(), numbers, count)
    lengths = _call("maximum", lengths, _int(0, lengths.dtype))
    splits = splits_of(lengths)
    place = _call("add", _call("gather", splits, _call("gather", numbers, inner, axis=0), axis=0), here)
    return RaggedTensor._made(_segmented(kind, values._values, place, splits[-1]), splits)


def _logsumexp(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    x = inputs[0]
    axes, keepdims = sorted({axis % x.shape.rank for axis in attrs["axis"]}), bool(attrs.get("keepdims"))
    top = _call("stop_gradient", _reduced("reduce_max", x, axes, True))
    lowest = frontdoor.convert(np.asarray(np.finfo(top.dtype.numpy).min, top.dtype.numpy))
    empty = _call("less_equal", top, lowest)  # a row without elements has the least number for its greatest one
    shift = _call("select", empty, _zero_like(top), top)
    total = _reduced("reduce_sum", _call("exp", _call("subtract", x, shift)), axes, True)
    found = _call("add", _call("log", total), shift)
    return found if keepdims else _call("squeeze", found, axis=tuple(axes))


def _segments(op: str) -> Callable[[list[Any], dict[str, Any]], Any]:
    def handler(inputs: list[Any], attrs: dict[str, Any]) -> Any:
        x, numbers = inputs[:2]
        count = inputs[2] if len(inputs) > 2 else _int(attrs["num_segments"], dtypes.int64)
        while isinstance(numbers, RaggedTensor):
            if not isinstance(x, RaggedTensor):
                x = RaggedTensor.from_tensor(x, ragged_rank=numbers.ragged_rank)
            _check_same(x._splits, numbers._splits)
            x, numbers = x._values, numbers._values
        return _segmented(op, x, numbers, count)

    return handler


# Joining -------------------------------------------------------------------------------------------------------------


def _ragged(x: Any, rank: int) -> Any:
    if isinstance(x, RaggedTensor):
        return x
    return RaggedTensor.from_tensor(x, ragged_rank=rank)


def _concat(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    rank = max(x.ragged_rank for x in inputs if isinstance(x, RaggedTensor))
    found = [_ragged(x, min(rank, x.shape.rank - 1)) for x in inputs]
    wide = any(x._splits.dtype == dtypes.int64 for x in found)
    found = [x.with_row_splits_dtype(dtypes.int64) for x in found] if wide else found
    axis = attrs["axis"]
    return _joined(found, axis % found[0].shape.rank if axis < 0 else axis)


def _joined(parts: list[Any], axis: int) -> Any:
    if not any(isinstance(x, RaggedTensor) for x in parts):
        return _call("concat", *parts, axis=axis)
    if axis == 0:
        rank = max(x.ragged_rank for x in parts if isinstance(x, RaggedTensor))
        parts = [_ragged(x, rank) for x in parts]
        counts = _call("concat", *[x.row_lengths() for x in parts], axis=0)
        uniform = parts[0]._uniform if len({x._uniform for x in parts}) == 1 else None
        return RaggedTensor._made(_joined([x._values for x in parts], 0), splits_of(counts), uniform)
    if axis == 1:
        return _side_by_side(parts)
    first = parts[0]
    for other in parts[1:]:
        _check_same(first._splits, other._splits)
    return first.with_values(_joined([x._values for x in parts], axis - 1))


def _side_by_side(parts: list[Any]) -> Any:
    many = len(parts)
    whole = _joined(parts, 0)
    rows = parts[0].nrows()
    dtype = rows.dtype
    for other in parts[1:]:
        _check_same(_call("expand_dims", rows, axis=0), _call("expand_dims", other.nrows(), axis=0))
    grid = _call("range", _int(0, dtype), rows, _int(1, dtype))
    steps = frontdoor.convert(np.arange(many, dtype=dtype.numpy))
    order = _call("add", column(grid), _call("multiply", _call("expand_dims", steps, axis=0), rows))
    order = _call("reshape_dynamic", order, frontdoor.convert(np.asarray([-1], np.int32)))
    mixed = take(whole, order)
    ends = _call("multiply", _call("range", _int(0, dtype), _call("add", rows, _int(1, dtype)), _int(1, dtype)),
                 _int(many, dtype))  # fmt: skip
    return RaggedTensor._made(mixed._values, _call("gather", mixed._splits, ends, axis=0))


def _stack(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    axis = attrs["axis"]
    rank = next(x for x in inputs if isinstance(x, RaggedTensor)).shape.rank
    if rank is None:
        raise ValueError("stack: the rank of a RaggedTensor is not known.")
    place = axis % (rank + 1)
    if place == 0:
        made = _concat([_wrapped(_ragged(x, 1)) for x in inputs], {"axis": 0})
        return RaggedTensor._made(made._values, made._splits)
    return _concat([_expanded(_ragged(x, 1), place) for x in inputs], {"axis": place})


def _expand(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    x = inputs[0]
    return _expanded(x, axis_of(attrs["axis"], x.shape.rank + 1, "expand_dims"))


def _expanded(x: Any, axis: int) -> Any:
    if not isinstance(x, RaggedTensor):
        return _call("expand_dims", x, axis=axis)
    if axis == 0:
        return _wrapped(x)
    if axis == 1:
        return RaggedTensor.from_uniform_row_length(x, 1, x.nrows(), validate=False)
    return x.with_values(_expanded(x._values, axis - 1))


def _squeeze(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    x = inputs[0]
    if attrs["axis"] is None:
        raise ValueError(explain("tf.squeeze of a RaggedTensor must have an axis argument.",
                                 hint="name the axes that have size 1"))  # fmt: skip
    for axis in sorted((axis_of(axis, x.shape.rank, "squeeze") for axis in attrs["axis"]), reverse=True):
        x = _squeezed(x, axis)
    return x


def _squeezed(x: Any, axis: int) -> Any:
    if not isinstance(x, RaggedTensor):
        return _call("squeeze", x, axis=(axis,))
    if axis > 1:
        return x.with_values(_squeezed(x._values, axis - 1))
    sizes_there = x.row_lengths() if axis == 1 else _call("expand_dims", x.nrows(), axis=0)
    one = frontdoor.convert(np.ones((), sizes_there.dtype.numpy))
    ones = _call("reduce_all", _call("equal", sizes_there, one), axis=(0,), keepdims=False)
    if isinstance(ones, EagerTensor) and not bool(ones._array):
        raise InvalidArgumentError(explain(f"tf.squeeze: axis {axis} has not size 1 everywhere.",
                                           received=str(sizes_there.numpy().tolist())[:100]))  # fmt: skip
    if not isinstance(ones, EagerTensor):
        _call("assert", ones, message=f"tf.squeeze: axis {axis} has not size 1 everywhere")
    return x._values if axis == 1 else x[0]


# Choosing ------------------------------------------------------------------------------------------------------------


def _size(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    return _call("size", inputs[0].flat_values, **attrs)


def _assert(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    """What is shown of a ragged tensor are its values."""
    return _call("assert", *[x.flat_values if isinstance(x, RaggedTensor) else x for x in inputs], **attrs)


def _reverse(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    x = inputs[0]
    for axis in attrs["axis"]:
        place = axis_of(axis, x.shape.rank, "reverse")
        x = x[(slice(None),) * place + (slice(None, None, -1),)]
    return x


def _tile(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    x = inputs[0]
    for axis, many in enumerate(attrs["multiples"]):
        if many != 1:
            x = _joined([x] * int(many), axis) if many else x[(slice(None),) * axis + (slice(0, 0),)]
    return x


def _one_hot(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    return inputs[0].with_flat_values(_call("one_hot", inputs[0].flat_values, **attrs))


def _softmax(op: str) -> Callable[[list[Any], dict[str, Any]], Any]:
    def handler(inputs: list[Any], attrs: dict[str, Any]) -> Any:
        x = inputs[0]
        axis = axis_of(attrs.get("axis", -1), x.shape.rank, op)
        if axis != 1 or x.ragged_rank != 1:
            if axis > x.ragged_rank:
                return x.with_flat_values(_call(op, x.flat_values, axis=-1))
            raise NotImplementedError(explain(f"{op} of a RaggedTensor is along its only ragged axis."))
        rows = rows_at(x._splits, length(x._values))
        top = _along("reduce_max", x, 1, False)
        moved = _call("subtract", x._values, _call("gather", _call("stop_gradient", top), rows, axis=0))
        grown = x.with_values(_call("exp", moved))
        total = _call("gather", _along("reduce_sum", grown, 1, False), rows, axis=0)
        if op == "log_softmax":
            return x.with_values(_call("subtract", moved, _call("log", total)))
        return x.with_values(_call("divide", grown._values, total))

    return handler


_HANDLERS: dict[str, Callable[[list[Any], dict[str, Any]], Any]] = {
    **{op: _reduction(op) for op in ("reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod",
                                     "reduce_any", "reduce_all", "reduce_variance", "reduce_std")},
    "concat": _concat,
    "stack": _stack,
    "expand_dims": _expand,
    "gather": ragged_choice.gather,
    "gather_nd": ragged_choice.gather_nd,
    "split": ragged_choice.split,
    "dynamic_partition": ragged_choice.partition,
    "matmul": ragged_choice.matmul,
    "cumsum": ragged_choice.cumulative("cumsum"),
    "reduce_logsumexp": _logsumexp,
    **{f"unsorted_segment_{how}": _segments(f"unsorted_segment_{how}") for how in ("sum", "max", "min", "prod")},
    "squeeze": _squeeze,
    "size": _size,
    "assert": _assert,
    "reverse": _reverse,
    "tile": _tile,
    "one_hot": _one_hot,
    "softmax": _softmax("softmax"),
    "log_softmax": _softmax("log_softmax"),
}  # fmt: skip
