"""Functions whose parameters only running tells: a depth, an order of axes or a diagonal that is a traced tensor.

Where such a parameter is known it is an attribute of one op; here it is an operand, so the result is put together of
smaller ops, and its sizes are known when the graph runs.
"""

from __future__ import annotations

from typing import Any

from weft.api.common import apply, cast_to, integer
from weft.base import dtypes, shapes
from weft.base.shapes import TensorShape
from weft.runtime import dispatch, frontdoor, sizes
from weft.runtime.static import get_static_value
from weft.runtime.tensor import SymbolicTensor


def is_late(*parameters: Any) -> bool:
    """Whether one of these is a tensor whose value is not known while the graph is built."""
    return any(frontdoor.is_tensor_like(value) and not _is_known(frontdoor.convert(value)) for value in parameters)


def _is_known(tensor: Any) -> bool:
    found = sizes.known(tensor)
    return all(isinstance(number, int) for number in (found if isinstance(found, tuple) else [found]))


def number(value: Any, what: str) -> Any:
    """A number as an int where it is known, else as the tensor that it is.

    Raises:
        TypeError: For what is no integer.
    """
    if not isinstance(value, SymbolicTensor) or not value.dtype.is_integer:
        return integer(value, what)
    known = get_static_value(value)
    return value if known is None else int(known)


def _int32(value: Any) -> Any:
    return cast_to(value, dtypes.int32)


def _count(limit: Any) -> Any:
    """The numbers from 0 up to a limit."""
    return dispatch.call("range", _int32(0), _int32(limit), _int32(1))


def _shape(x: Any) -> Any:
    return dispatch.call("shape", x, dtype=dtypes.int32)


def _at(vector: Any, place: Any) -> Any:
    return dispatch.call("gather", vector, _int32(place), axis=0, batch_dims=0)


def joined(shape: Any, shape_x: Any, shape_y: Any) -> Any:
    """The shape that two were broadcast to.

    Raises:
        ValueError: Where it is None: they do not go together.
    """
    if shape is None:
        raise ValueError(f"Shapes {shape_x} and {shape_y} do not broadcast.")
    return shape


def broadcast_known(first: Any, second: Any) -> TensorShape | None:
    """The broadcast of two shapes where each of its sizes is one of theirs; None where only running tells.

    Raises:
        ValueError: Where they do not go together.
    """
    if not isinstance(first, tuple) or not isinstance(second, tuple):
        return None
    sides = TensorShape(first).symbolic or (), TensorShape(second).symbolic or ()
    found = joined(shapes.broadcast(*sides), first, second)
    return TensorShape(found) if all(isinstance(size, int) or size in (*first, *second) for size in found) else None


def broadcast_sizes(first: Any, second: Any) -> Any:
    """The sizes of a broadcast as a tensor, of shapes that are tensors or have some in them."""
    a, b = (_int32(sizes.as_tensor(shape)) for shape in (first, second))
    known = [x.shape.as_list()[0] for x in (a, b)]
    lengths = [dispatch.call("reshape", _shape(x), shape=()) for x in (a, b)]
    rank = dispatch.call("maximum", *lengths)
    one, ones = _int32(1), _int32([1])
    a, b = (_at(dispatch.call("concat", ones, x, axis=0),
                dispatch.call("maximum", _count(rank) - (rank - length) + 1, _int32(0)))
            for x, length in zip((a, b), lengths, strict=True))  # fmt: skip
    alone = dispatch.call("equal", a, one)
    fit = dispatch.call("logical_or", alone, dispatch.call("logical_or", dispatch.call("equal", b, one),
                                                           dispatch.call("equal", a, b)))  # fmt: skip
    message = "broadcast_dynamic_shape: the shapes do not broadcast"
    apply("assert", dispatch.call("reduce_all", fit, axis=(0,), keepdims=False), a, b, message=message)
    found = dispatch.call("select", alone, b, a)
    if None not in known and isinstance(found, SymbolicTensor):
        found.set_shape([max(known)])
    return found


def _to_shape(x: Any, shape: Any) -> Any:
    return dispatch.call("reshape_dynamic", x, shape, sizes=sizes.known_parts(shape))


def one_hot(indices: Any, depth: Any, axis: int) -> Any:
    """Whether an index is the place along a new axis, of `depth` places."""
    rank = indices.shape.rank + 1
    places = _count(depth)
    for _ in range(rank - 1 - axis % rank):
        places = dispatch.call("expand_dims", places, axis=-1)
    spread = dispatch.call("expand_dims", indices, axis=axis)
    return dispatch.call("equal", spread, cast_to(places, spread.dtype))


def transpose(x: Any, perm: Any) -> Any:
    """The axes in an order that is a vector of integers."""
    order, shape, rank = _int32(perm), _shape(x), x.shape.rank
    order = dispatch.call("floormod", order + rank, _int32(rank))
    wanted = _at(shape, order)
    strides = _at(dispatch.call("cumprod", shape, axis=0, exclusive=True, reverse=True), order)
    places: Any = _int32(0)
    for axis in range(rank):
        along = _count(_at(wanted, axis)) * _at(strides, axis)
        for _ in range(rank - 1 - axis):
            along = dispatch.call("expand_dims", along, axis=-1)
        places = places + along
    return dispatch.call("gather", _to_shape(x, _int32([-1])), places, axis=0, batch_dims=0)


def eye(rows: Any, columns: Any, dtype: Any) -> Any:
    """The identity matrix of these sizes."""
    down, across = _count(rows), _count(columns)
    return cast_to(dispatch.call("equal", _column(down), across), dtype)


def linspace(first: Any, last: Any, num: Any) -> Any:
    """`num` evenly spaced numbers between scalars."""
    count, steps = cast_to(num, first.dtype), cast_to(_count(num), first.dtype)
    whole = dispatch.call("maximum", count - 1, cast_to(1, first.dtype))
    at_end = dispatch.call("logical_and", steps > 0, dispatch.call("equal", steps, count - 1))
    return dispatch.call("select", at_end, last, first + (last - first) * (steps / whole))


def split(x: Any, lengths: Any, axis: int) -> list[Any]:
    """Parts along an axis, of lengths that are a vector of integers of known size."""
    ends = dispatch.call("cumsum", _int32(lengths), axis=0, exclusive=False, reverse=False)
    size = _at(_shape(x), axis % x.shape.rank)
    message = "split: the sizes of the parts do not add up to the size of the axis"
    apply("assert", dispatch.call("equal", _at(ends, lengths.shape[0] - 1), size), ends, size, message=message)
    begin, parts = _int32(0), []
    for part in range(lengths.shape[0]):
        end = _at(ends, part)
        places = dispatch.call("range", begin, end, _int32(1))
        parts.append(dispatch.call("gather", x, places, axis=axis, batch_dims=0))
        begin = end
    return parts


# Diagonals -----------------------------------------------------------------------------------------------------------


def _column(vector: Any) -> Any:
    return dispatch.call("expand_dims", vector, axis=-1)


def _plane(x: Any) -> tuple[Any, Any]:
    """The numbers of the rows, as a column, and of the columns of matrices."""
    shape, rank = _shape(x), x.shape.rank
    return _column(_count(_at(shape, rank - 2))), _count(_at(shape, rank - 1))


def band_part(x: Any, lower: Any, upper: Any) -> Any:
    """Matrices with zeros outside a band."""
    row, column = _plane(x)
    lower, upper = _int32(lower), _int32(upper)
    below = dispatch.call("logical_or", lower < 0, row - column <= lower)
    above = dispatch.call("logical_or", upper < 0, column - row <= upper)
    return dispatch.call("select", dispatch.call("logical_and", below, above), x, cast_to(0, x.dtype))


def diag(x: Any, k: Any, padding_value: Any) -> Any:
    """Matrices with vectors on diagonal `k`, as small as they can be."""
    length, k = _at(_shape(x), x.shape.rank - 1), _int32(k)
    numbers = _count(length + dispatch.call("abs", k))
    row, column = _column(numbers), numbers
    return _on_diagonal(x, row, column, k, cast_to(padding_value, x.dtype))


def set_diag(x: Any, values: Any, k: Any) -> Any:
    """Matrices with diagonal `k` overwritten."""
    return _on_diagonal(values, *_plane(x), _int32(k), x)


def _on_diagonal(values: Any, row: Any, column: Any, k: Any, elsewhere: Any) -> Any:
    last = _at(_shape(values), values.shape.rank - 1) - 1
    along = dispatch.call("minimum", dispatch.call("minimum", row, column), last)
    spread = dispatch.call("gather", values, along, axis=values.shape.rank - 1, batch_dims=0)
    return dispatch.call("select", dispatch.call("equal", column - row, k), spread, elsewhere)


def diag_part(x: Any, k: Any) -> Any:
    """Diagonal `k` of matrices."""
    shape, rank, k = _shape(x), x.shape.rank, _int32(k)
    rows, columns = _at(shape, rank - 2), _at(shape, rank - 1)
    right, down = dispatch.call("maximum", k, _int32(0)), dispatch.call("maximum", -k, _int32(0))
    steps = _count(dispatch.call("minimum", rows - down, columns - right))
    places = (steps + down) * columns + steps + right
    batch = _at(shape, [*range(rank - 2)]) if rank > 2 else None
    flat = _int32([-1]) if batch is None else dispatch.call("concat", batch, _int32([-1]), axis=0)
    return dispatch.call("gather", _to_shape(x, flat), places, axis=rank - 2, batch_dims=0)


def top_k(x: Any, k: Any) -> tuple[Any, Any]:
    """The k greatest values of each row, and where they are: of all in order the first k."""
    from weft.api.asserts import assert_less_equal

    assert_less_equal(_int32(k), _shape(x)[-1], "top_k: the last axis has fewer than k elements")
    order = apply("argsort", x, axis=-1, direction="DESCENDING")[..., :k]
    # in a batch of one, so that rows have a dense gradient, as those of `top_k` have, and not that of parts of a table
    one = [apply("expand_dims", tensor, axis=0) for tensor in (x, order)]
    return apply("gather", *one, axis=-1, batch_dims=-1)[0], order
