"""Functions along an axis that only running tells: one that is a traced tensor.

Along one axis a tensor is read as `[before, along, behind]`, whose middle axis an op can name, and the result gets its
own shape afterwards. Several axes are put behind the others. The rank of the tensor must be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft.api import late_parameters as late
from weft.api.common import apply, integer
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import dispatch, frontdoor, sizes
from weft.runtime.tensor import Tensor


def unknown(axis: Any, x: Any) -> bool:
    """Whether axes of a tensor of known rank are integers of which only running tells the value."""
    if axis.__class__ is int or axis is None or not isinstance(x, Tensor) or x.shape.rank is None:
        return False
    parts = axis if isinstance(axis, (list, tuple)) else (axis,)
    if not late.is_late(*parts):
        return False
    found = frontdoor.convert(axis)
    return bool(found.dtype.is_integer and found.shape.is_fully_defined() and found.shape.rank <= 1)


def are_unknown(pairs: Any, x: Any, y: Any) -> bool:
    """Whether only running tells which axes of two tensors are paired, as `tensordot` takes them."""
    if isinstance(pairs, int):
        return False
    if frontdoor.is_tensor_like(pairs):
        shape = frontdoor.convert(pairs).shape
        return late.is_late(pairs) and shape.rank == 2 and shape.is_fully_defined()
    return len(pairs) == 2 and (unknown(pairs[0], x) or unknown(pairs[1], y))


def _int32(value: Any) -> Any:
    return dispatch.call("cast", frontdoor.convert(value), dtype=dtypes.int32)


def _shape(x: Any) -> Any:
    return dispatch.call("shape", x, dtype=dtypes.int32)


def _counted(axis: Any, rank: int, op: str) -> Any:
    """Axes counted from the front.

    Raises:
        InvalidArgumentError: When the graph runs, for an axis that there is not.
    """
    number = _int32(axis)
    there = dispatch.call("logical_and", number >= -rank, number < rank)
    whole = there if there.shape.rank == 0 else dispatch.call("reduce_all", there, axis=(0,), keepdims=False)
    apply("assert", whole, number, message=f"{op}: `axis` is none of the {rank} axes")
    return dispatch.call("select", number < 0, number + rank, number)


def _number(axis: Any, rank: int, op: str) -> Any:
    """One axis, counted from the front, as a scalar."""
    found = frontdoor.convert(axis)
    if found.shape.rank == 1 and found.shape[0] != 1:
        raise InvalidArgumentError(explain(f"{op}: `axis` must be one axis.", received=str(found.type)))
    return _counted(dispatch.call("reshape", found, shape=()), rank, op)


def _product(numbers: Any) -> Any:
    return dispatch.call("reduce_prod", numbers, axis=(0,), keepdims=False)


def _vector(*parts: Any) -> Any:
    """Integers, some of them traced, as a vector."""
    return dispatch.call("stack", *[_int32(part) for part in parts], axis=0)


def _to_shape(x: Any, shape: Any) -> Any:
    return dispatch.call("reshape_dynamic", x, shape, sizes=sizes.known_parts(shape))


def _folded(x: Any, axis: Any) -> Any:
    """The tensor as `[before, along, behind]`."""
    shape, places = _shape(x), _int32(range(x.shape.rank))
    one = dispatch.builder.ones_like(shape)
    before = _product(dispatch.call("select", places < axis, shape, one))
    behind = _product(dispatch.call("select", places > axis, shape, one))
    along = dispatch.call("gather", shape, axis, axis=0, batch_dims=0)
    return _to_shape(x, _vector(before, along, behind))


def _with_size(shape: Any, axis: Any, size: Any) -> Any:
    """A shape with another size along an axis."""
    places = _int32(range(shape.shape[0]))
    return dispatch.call("select", dispatch.call("equal", places, axis), _int32(size), shape)


def _without(shape: Any, axis: Any) -> Any:
    """A shape without an axis."""
    places = _int32(range(shape.shape[0] - 1))
    return dispatch.call("gather", shape, places + _int32(places >= axis), axis=0, batch_dims=0)


def reduced(op: str, x: Any, axis: Any, keepdims: bool, **attrs: Any) -> Any:
    """A reduction over axes."""
    rank, shape = x.shape.rank, _shape(x)
    several = frontdoor.convert(axis).shape
    if several.rank == 0 or several[0] == 1:
        place = _number(axis, rank, op)
        found = apply(op, _folded(x, place), axis=(1,), keepdims=False, **attrs)
        return _to_shape(found, _with_size(shape, place, 1) if keepdims else _without(shape, place))
    chosen = _counted(axis, rank, op)
    order = _behind(chosen, rank, op)
    found = apply(op, late.transpose(x, order), axis=tuple(range(rank - several[0], rank)), keepdims=False, **attrs)
    if not keepdims:
        return found
    return _to_shape(found, dispatch.call("select", _among(chosen, rank), dispatch.builder.ones_like(shape), shape))


def _among(axes: Any, rank: int) -> Any:
    """Which axes of a tensor are among these: bool `[rank]`."""
    places = dispatch.call("expand_dims", _int32(range(rank)), axis=-1)
    return dispatch.call("reduce_any", dispatch.call("equal", places, axes), axis=(1,), keepdims=False)


def _behind(axes: Any, rank: int, op: str) -> Any:
    """The order of axes in which these, in their own order, are behind the others.

    Raises:
        InvalidArgumentError: When the graph runs, for an axis that is named twice.
    """
    count, chosen = axes.shape[0], _int32(_among(axes, rank))
    different = dispatch.call("reduce_sum", chosen, axis=(0,), keepdims=False)
    apply("assert", dispatch.call("equal", different, _int32(count)), axes, message=f"{op}: an axis is named twice")
    order = apply("argsort", chosen * rank + _int32(range(rank)), axis=-1, direction="ASCENDING")
    return dispatch.call("concat", _int32(order)[: rank - count], axes, axis=0)


def each(op: str, x: Any, axis: Any, **attrs: Any) -> Any:
    """An op along an axis that leaves the shape as it is."""
    place = _number(axis, x.shape.rank, op)
    return _to_shape(apply(op, _folded(x, place), axis=1, **attrs), _shape(x))


def chosen(op: str, x: Any, axis: Any, **attrs: Any) -> Any:
    """An op that gives one number for each row along an axis, such as `argmax`."""
    place = _number(axis, x.shape.rank, op)
    return _to_shape(apply(op, _folded(x, place), axis=1, **attrs), _without(_shape(x), place))


def expand_dims(x: Any, axis: Any) -> Any:
    """The tensor with an axis of size 1 put in."""
    rank = x.shape.rank
    place = _number(axis, rank + 1, "expand_dims")
    places = _int32(range(rank + 1))
    longer = dispatch.call("concat", _int32([1]), _shape(x), axis=0)
    old = dispatch.call("select", dispatch.call("equal", places, place), _int32(0), places + _int32(places < place))
    return _to_shape(x, dispatch.call("gather", longer, old, axis=0, batch_dims=0))


def concat(values: Sequence[Any], axis: Any) -> Any:
    """Tensors of one rank joined along an axis."""
    ranks = [x.shape.rank for x in values]
    if len(set(ranks)) > 1:
        raise InvalidArgumentError(explain("concat: the tensors have different ranks.", received=str(ranks)))
    place = _number(axis, ranks[0], "concat")
    shapes = [_shape(x) for x in values]
    for number, shape in enumerate(shapes[1:], 1):
        same = dispatch.call("equal", _with_size(shape, place, 1), _with_size(shapes[0], place, 1))
        agree = dispatch.call("reduce_all", same, axis=(0,), keepdims=False)
        message = f"concat: tensor {number} and the first one have different sizes beside the axis"
        apply("assert", agree, shape, shapes[0], message=message)
    joined = apply("concat", *[_folded(x, place) for x in values], axis=1)
    return _to_shape(joined, _with_size(shapes[0], place, _shape(joined)[1]))


def split(x: Any, number: Any, axis: Any) -> list[Any]:
    """A tensor cut along an axis, into so many equal parts or into parts of these sizes."""
    place = _number(axis, x.shape.rank, "split")
    folded = _folded(x, place)
    if isinstance(number, int):
        size = _shape(folded)[1]
        message = f"split: the size of the axis is no multiple of {number}"
        apply("assert", dispatch.call("equal", size % number, _int32(0)), size, message=message)
        lengths = dispatch.call("broadcast_to", dispatch.call("expand_dims", size // number, axis=0), shape=(number,))
    else:
        lengths = _int32(number)
    parts = late.split(folded, lengths, 1)
    shape = _shape(x)
    return [_to_shape(part, _with_size(shape, place, _shape(part)[1])) for part in parts]


def gather(x: Any, indices: Any, axis: Any) -> Any:
    """Slices along an axis, chosen by indices of any known rank."""
    rank, more = x.shape.rank, indices.shape.rank
    place = _number(axis, rank, "gather")
    found = apply("gather", _folded(x, place), indices, axis=1, batch_dims=0)
    both = dispatch.call("concat", _shape(x), _shape(indices), axis=0)
    places = _int32(range(rank + more - 1))
    among = dispatch.call("select", places < place + more, places - place + rank, places - more + 1)
    wanted = dispatch.call("select", places < place, places, among)
    return _to_shape(found, dispatch.call("gather", both, wanted, axis=0, batch_dims=0))


def reverse(x: Any, axis: Any) -> Any:
    """The order along axes reversed."""
    rank = x.shape.rank
    among = _among(_vector_of(_counted(axis, rank, "reverse")), rank)
    for place in range(rank):
        x = dispatch.call("select", among[place], dispatch.call("reverse", x, axis=(place,)), x)
    return x


def roll(x: Any, shift: Any, axis: Any) -> Any:
    """Elements moved along axes; an axis that is named twice is moved by both shifts."""
    rank = x.shape.rank
    axes, shifts = _vector_of(_counted(axis, rank, "roll")), _vector_of(_int32(shift))
    if not axes.shape.is_compatible_with(shifts.shape):
        raise InvalidArgumentError(explain("roll: `shift` and `axis` must have one length.",
                                           received=f"{shifts.shape} and {axes.shape}"))  # fmt: skip
    places = dispatch.call("expand_dims", _int32(range(rank)), axis=-1)
    own = dispatch.call("select", dispatch.call("equal", places, axes), shifts, _int32(0))
    by = dispatch.call("reduce_sum", own, axis=(1,), keepdims=False)
    return apply("roll_dynamic", x, by, axis=tuple(range(rank)))


def _vector_of(numbers: Any) -> Any:
    return dispatch.call("expand_dims", numbers, axis=0) if numbers.shape.rank == 0 else numbers


def tensordot(x: Any, y: Any, axes: Any) -> Any:
    """The product of two tensors summed over pairs of axes: a matrix `[2, pairs]`, or two vectors or numbers."""
    pairs = [_vector_of(frontdoor.convert(axes[0])), _vector_of(frontdoor.convert(axes[1]))]
    count = integer(pairs[0].shape[0], "axes")
    order = [_behind(_counted(own, t.shape.rank, "tensordot"), t.shape.rank, "tensordot")
             for own, t in zip(pairs, (x, y), strict=True)]  # fmt: skip
    left, right = (late.transpose(t, one) for t, one in zip((x, y), order, strict=True))
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    shared, free = letters[:count], iter(letters[count:])
    one, other = ("".join(next(free) for _ in range(t.shape.rank - count)) for t in (left, right))
    return apply("einsum", left, right, equation=f"{one}{shared},{other}{shared}->{one}{other}")
