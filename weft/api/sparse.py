"""`tf.sparse`: tensors that say only what is not zero.

Everything is composed of gathers, sorts and sums over segments of places and values, so that gradients flow through the
values, in eager code and in graphs alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.api import array, crossing, math, matrices
from weft.api.common import apply, cast_to
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import dispatch, frontdoor, sizes
from weft.runtime.composite import IndexedSlices
from weft.runtime.ragged import RaggedTensor
from weft.runtime.sparse import SparseTensor, SparseTensorValue


def _sparse(value: Any, argument: str = "sp_input") -> SparseTensor:
    if isinstance(value, SparseTensor):
        return value
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    raise TypeError(explain(f"`{argument}`: Input must be a SparseTensor.", received=type(value).__name__,
                            hint="tf.sparse.from_dense makes one of a dense tensor"))  # fmt: skip


def _made(indices: Any, values: Any, dense_shape: Any) -> SparseTensor:
    made = SparseTensor.__new__(SparseTensor)
    return made._set(_int64(indices), frontdoor.convert(values), _int64(dense_shape), None)


def _rank(x: SparseTensor) -> int:
    found = x.shape.rank
    if found is None:
        raise ValueError(explain("The rank of this SparseTensor is not known.", received=repr(x._type_spec),
                                 hint="say it: sparse.set_shape([None, None])"))  # fmt: skip
    return found


def _axis(axis: Any, rank: int) -> int:
    number = int(axis)
    if not -rank <= number < rank:
        raise ValueError(explain(f"axis {number} is out of range for a SparseTensor of rank {rank}."))
    return number % rank


def _int64(value: Any) -> Any:
    return cast_to(value if frontdoor.is_tensor_like(value) else np.asarray(value, np.int64), dtypes.int64)


def _chosen(x: SparseTensor, rows: Any) -> SparseTensor:
    """The entries of these numbers."""
    return _made(array.gather(x.indices, rows), _picked(x.values, rows), x.dense_shape)


def _picked(values: Any, rows: Any) -> Any:
    """Values by number, such that the gradient at them is dense."""
    return array.gather_nd(values, rows[:, None])


def _true(mask: Any) -> Any:
    """Where a vector is true."""
    return array.where(mask)[:, 0]


def _strides(whole: Any) -> Any:
    return math.cumprod(whole, exclusive=True, reverse=True)


def _linear(indices: Any, whole: Any) -> Any:
    """The places counted in row-major order."""
    return math.reduce_sum(indices * _strides(whole), axis=1)


def _groups(indices: Any) -> tuple[Any, Any, Any]:
    """For rows of integers: their order, the number of the different row that each (in order) is, those rows."""
    order = apply("lexicographic_order", indices)
    ordered = array.gather(indices, order)
    changed = math.reduce_any(math.not_equal(ordered[1:], ordered[:-1]), axis=1)
    first = array.concat([array.ones_like(order[:1], dtypes.bool_), changed], 0)
    numbers = math.cumsum(array.cast(first, dtypes.int64)) - 1
    return order, numbers, array.gather(ordered, _true(first))


# Dense ones and back -------------------------------------------------------------------------------------------------


def to_dense(sp_input: Any, default_value: Any = None, validate_indices: bool = True, name: str | None = None) -> Any:
    """The dense tensor.

    Args:
        sp_input: A SparseTensor.
        default_value: What stands where it says nothing; 0 or `""` where None.
        validate_indices: Whether places out of order or repeated are refused.
        name: Accepted.

    Raises:
        InvalidArgumentError: For places outside the shape, and those that `validate_indices` refuses.

    Example:
        >>> import weft as tf
        >>> tf.sparse.to_dense(tf.SparseTensor([[0, 1]], [2.0], [1, 3]), default_value=-1.0).numpy().tolist()
        [[-1.0, 2.0, -1.0]]
    """
    x = _sparse(sp_input)
    if default_value is None:
        default_value = "" if x.dtype == dtypes.string else False if x.dtype.is_bool else 0
    places = apply("ordered_indices", x.indices, x.dense_shape) if validate_indices else x.indices
    empty = array.fill(x.dense_shape, frontdoor.convert(default_value, x.dtype))
    result = array.tensor_scatter_nd_update(empty, places, x.values)
    if result.shape.rank is None or None in result.shape.as_list():
        result.set_shape(x.shape)
    return result


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """A SparseTensor of what is not zero (or empty) in a dense tensor."""
    x = frontdoor.convert(tensor)
    places = array.where(math.not_equal(x, array.zeros_like(x)))
    return _made(places, array.gather_nd(x, places), array.shape(x, dtypes.int64))


def eye(num_rows: Any, num_columns: Any = None, dtype: Any = dtypes.float32, name: str | None = None) -> SparseTensor:
    """The identity matrix."""
    rows = _int64(num_rows)
    columns = rows if num_columns is None else _int64(num_columns)
    count = math.minimum(rows, columns)
    diagonal = array.range(array.constant(0, dtypes.int64), count, array.constant(1, dtypes.int64))
    return _made(array.stack([diagonal, diagonal], 1), array.ones([count], dtype), array.stack([rows, columns]))


def to_indicator(sp_input: Any, vocab_size: Any, name: str | None = None) -> Any:
    """Bools that say which of `vocab_size` integers occur in each row: `[..., vocab_size]`."""
    x = _sparse(sp_input)
    if not x.dtype.is_integer:
        raise TypeError(explain("to_indicator takes integers.", received=repr(x._type_spec)))
    places = array.concat([x.indices[:, :-1], _int64(x.values)[:, None]], 1)
    whole = array.concat([x.dense_shape[:-1], array.reshape(_int64(vocab_size), [1])], 0)
    hot = array.tensor_scatter_nd_update(array.fill(whole, False), places, array.ones_like(x.values, dtypes.bool_))
    rank = x.shape.rank
    if rank is not None:
        hot.set_shape([*x.shape.as_list()[:-1], None if not isinstance(vocab_size, int) else vocab_size])
    return hot


def sparse_merge(sp_ids: Any, sp_values: Any, vocab_size: Any, name: str | None = None,
                 already_sorted: bool = False) -> SparseTensor:  # fmt: skip
    """Values under columns that are given by ids: the last axis becomes `vocab_size` wide."""
    many = isinstance(sp_ids, (list, tuple)) and not isinstance(sp_ids, SparseTensorValue)
    ids = [_sparse(one, "sp_ids") for one in (sp_ids if many else [sp_ids])]
    limits = list(vocab_size) if isinstance(vocab_size, (list, tuple)) else [vocab_size]
    values = _sparse(sp_values, "sp_values")
    columns = [_int64(one.values)[:, None] for one in ids]
    places = array.concat([ids[0].indices[:, :-1], *columns], 1)
    whole = array.concat([ids[0].dense_shape[:-1], array.stack([_int64(n) for n in limits])], 0)
    result = _made(places, values.values, whole)
    return result if already_sorted else reorder(result)


# Order and form ------------------------------------------------------------------------------------------------------


def reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The same entries with their places in row-major order.

    Example:
        >>> import weft as tf
        >>> tf.sparse.reorder(tf.SparseTensor([[1], [0]], [5, 7], [2])).values.numpy().tolist()
        [7, 5]
    """
    x = _sparse(sp_input)
    return _as(x, _chosen(x, apply("lexicographic_order", x.indices)))


def _as(x: SparseTensor, made: SparseTensor) -> SparseTensor:
    """A result of the shape of an operand, with what that one knows about it."""
    return x._with(made.values)._set(made.indices, made.values, made.dense_shape, x._said)


def transpose(sp_input: Any, perm: Any = None, name: str | None = None) -> SparseTensor:
    """The axes in another order; reversed where `perm` is None."""
    x = _sparse(sp_input)
    rank = _rank(x)
    order = list(reversed(range(rank))) if perm is None else [_axis(p, rank) for p in _numbers(perm)]
    moved = _made(array.gather(x.indices, order, axis=1), x.values, array.gather(x.dense_shape, order))
    return _said(reorder(moved), [x.shape.as_list()[axis] for axis in order])


def _said(x: SparseTensor, shape: Sequence[Any]) -> SparseTensor:
    if sizes.known(x.dense_shape) is None:
        x.set_shape(shape)
    return x


def _numbers(values: Any) -> list[int]:
    if frontdoor.is_tensor_like(values):
        known = sizes.known(frontdoor.convert(values))
        if known is None:
            raise ValueError("The axes must be known when the graph is built.")
        values = known
    return [int(v) for v in (values if isinstance(values, (list, tuple, np.ndarray)) else [values])]


def reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """The same entries under another shape; one size may be -1 and is then computed.

    Raises:
        InvalidArgumentError: Where the numbers of elements differ.
    """
    x = _sparse(sp_input)
    wanted = _int64(array.stack(shape) if isinstance(shape, (list, tuple)) and frontdoor._holds_tensor(shape)
                    else shape.as_list() if hasattr(shape, "as_list") else shape)  # fmt: skip
    count = math.reduce_prod(x.dense_shape)
    open_ = math.equal(wanted, -1)
    given = math.reduce_prod(array.where(open_, array.ones_like(wanted), wanted))
    rest = math.floordiv(count, math.maximum(given, 1))
    whole = array.where(open_, array.ones_like(wanted) * rest, wanted)
    same = math.equal(math.reduce_prod(whole), count)
    _check(same, f"sparse.reshape: a SparseTensor of shape {x.shape} does not fit the shape {_show(wanted)}")
    strides = _strides(whole)
    places = math.floormod(math.floordiv(_linear(x.indices, x.dense_shape)[:, None], strides), math.maximum(whole, 1))
    return _made(places, x.values, whole)


def _show(tensor: Any) -> str:
    known = sizes.known(tensor)
    return "that was asked for" if known is None else str(list(known) if isinstance(known, tuple) else known)


def _check(condition: Any, message: str) -> None:
    apply("assert", condition, message=message)


def expand_dims(sp_input: Any, axis: Any = None, name: str | None = None) -> SparseTensor:
    """With an axis of size 1 put in (behind the last one where `axis` is None)."""
    x = _sparse(sp_input)
    rank = _rank(x)
    place = int(-1 if axis is None else axis)
    if not -rank - 1 <= place <= rank:
        raise ValueError(explain(f"axis {place} is out of range for a SparseTensor of rank {rank}."))
    place %= rank + 1
    zeros, one = array.zeros_like(x.indices[:, :1]), array.ones([1], dtypes.int64)
    places = array.concat([x.indices[:, :place], zeros, x.indices[:, place:]], 1)
    whole = array.concat([x.dense_shape[:place], one, x.dense_shape[place:]], 0)
    known = x.shape.as_list()
    return _said(_made(places, x.values, whole), [*known[:place], 1, *known[place:]])


def reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """The same entries in a larger shape, or in the least one that holds them.

    Raises:
        InvalidArgumentError: Where the shape is smaller than it was.
    """
    x = _sparse(sp_input)
    if new_shape is None:
        rank = _rank(x)
        nothing = array.zeros([1, rank], dtypes.int64)
        return _made(x.indices, x.values, math.reduce_max(array.concat([nothing, x.indices + 1], 0), axis=0))
    whole = _int64(new_shape)
    if x.shape.rank is not None and whole.shape[0] not in (None, x.shape.rank):
        raise ValueError(explain("reset_shape keeps the rank.", expected=f"{x.shape.rank} sizes",
                                 received=f"{whole.shape[0]}"))  # fmt: skip
    _check(math.reduce_all(math.less_equal(x.dense_shape, whole)),
           f"sparse.reset_shape: the new shape {_show(whole)} is smaller than {x.shape}")  # fmt: skip
    return _made(x.indices, x.values, whole)


# Parts and wholes ----------------------------------------------------------------------------------------------------


def slice(sp_input: Any, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """The part that begins at `start` and has at most the shape `size`."""
    x = _sparse(sp_input)
    first, most = _int64(start), _int64(size)
    for what, given in (("start", first), ("size", most)):
        if not given.shape.is_compatible_with(x.dense_shape.shape):
            raise InvalidArgumentError(explain(
                f"sparse.slice: `{what}` has one number for each axis.", received=str(given.type),
                expected=f"shape {x.dense_shape.shape}",
            ))  # fmt: skip
    whole = math.maximum(math.minimum(most, x.dense_shape - first), 0)
    moved = x.indices - first
    inside = math.reduce_all(math.logical_and(math.greater_equal(moved, 0), math.less(moved, whole)), axis=1)
    rows = _true(inside)
    return _made(array.gather(moved, rows), _picked(x.values, rows), whole)


def split(sp_input: Any = None, num_split: Any = None, axis: Any = None, name: str | None = None) -> list[SparseTensor]:
    """Cut along an axis into parts of sizes that differ by at most one, larger ones first."""
    x = _sparse(sp_input)
    rank = _rank(x)
    if axis is None or num_split is None:
        raise ValueError("sparse.split needs `num_split` and `axis`.")
    place, count = _axis(axis, rank), int(num_split)
    whole = x.dense_shape[place]
    parts = []
    for number in range(count):
        length = whole // count + array.cast(math.less(array.constant(number, dtypes.int64), whole % count),
                                             dtypes.int64)  # fmt: skip
        begin = (whole // count) * number + math.minimum(array.constant(number, dtypes.int64), whole % count)
        here = np.arange(rank) == place
        parts.append(slice(x, array.where(here, begin, array.zeros_like(x.dense_shape)),
                           array.where(here, length, x.dense_shape)))  # fmt: skip
    return parts


def retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """The entries at which a vector of bools is true."""
    x = _sparse(sp_input)
    kept = frontdoor.convert(to_retain, None if frontdoor.is_tensor_like(to_retain) else dtypes.bool_)
    if None not in (kept.shape[0], x.values.shape[0]) and kept.shape[0] != x.values.shape[0]:
        raise ValueError(explain("sparse.retain takes a bool for each entry.", expected=f"{x.values.shape[0]} bools",
                                 received=str(kept.type)))  # fmt: skip
    return _as(x, _chosen(x, _true(kept)))


def concat(axis: Any, sp_inputs: Any, expand_nonconcat_dims: bool = False, name: str | None = None) -> SparseTensor:
    """Joined along an axis.

    Args:
        axis: Along which axis.
        sp_inputs: SparseTensors.
        expand_nonconcat_dims: Whether they may differ in the other sizes, of which the largest counts.
        name: Accepted.

    Raises:
        InvalidArgumentError: Where the other sizes differ and may not.
    """
    parts = [_sparse(part, "sp_inputs") for part in (sp_inputs if isinstance(sp_inputs, (list, tuple)) and
             not isinstance(sp_inputs, SparseTensorValue) else [sp_inputs])]  # fmt: skip
    if len(parts) == 1:
        return parts[0]
    rank = _rank(parts[0])
    place = _axis(axis, rank)
    here = np.arange(rank) == place
    wholes = [part.dense_shape for part in parts]
    largest = math.reduce_max(array.stack(wholes), axis=0)
    if not expand_nonconcat_dims:
        for number, part in enumerate(parts[1:], 1):
            _same_sizes(parts[0], part, place, number)
    moved, offset = [], array.constant(0, dtypes.int64)
    for part, whole in zip(parts, wholes, strict=True):
        moved.append(part.indices + array.where(here, offset, array.zeros_like(whole)))
        offset = offset + whole[place]
    result = _made(array.concat(moved, 0), array.concat([p.values for p in parts], 0),
                   array.where(here, offset, largest))  # fmt: skip
    return reorder(result)


def _same_sizes(first: SparseTensor, other: SparseTensor, place: int, number: int) -> None:
    a, b = first.shape, other.shape
    for axis, (mine, theirs) in enumerate(zip(a.as_list(), b.as_list(), strict=True)):
        if axis != place and mine is not None and theirs is not None and mine != theirs:
            raise InvalidArgumentError(explain(
                f"sparse.concat: Input shapes must match: expected {mine} for dimension {axis} but got {theirs} at "
                f"position {number}.", hint="expand_nonconcat_dims=True takes the largest",
            ))  # fmt: skip
    if None in a.as_list() or None in b.as_list():
        others = array.constant(np.arange(len(a.as_list())) != place)
        differ = math.logical_and(math.not_equal(first.dense_shape, other.dense_shape), others)
        _check(math.logical_not(math.reduce_any(differ)), "sparse.concat: Input shapes must match")


def mask(a: Any, mask_indices: Any, name: str | None = None) -> IndexedSlices:
    """IndexedSlices without the rows of these numbers."""
    gone = math.reduce_any(math.equal(a.indices[:, None], cast_to(mask_indices, a.indices.dtype)[None]), axis=1)
    rows = _true(math.logical_not(gone))
    return IndexedSlices(array.gather(a.values, rows), array.gather(a.indices, rows), a.dense_shape)


def fill_empty_rows(sp_input: Any, default_value: Any, name: str | None = None) -> tuple[SparseTensor, Any]:
    """With a default in the first column of every row of a matrix that has no entry; and which rows those are.

    Example:
        >>> import weft as tf
        >>> filled, empty = tf.sparse.fill_empty_rows(tf.SparseTensor([[1, 0]], [5], [2, 3]), -1)
        >>> filled.values.numpy().tolist(), empty.numpy().tolist()
        ([-1, 5], [True, False])
    """
    x = _sparse(sp_input)
    rows = x.dense_shape[0]
    filled = math.unsorted_segment_sum(array.ones_like(x.indices[:, 0]), x.indices[:, 0], rows)
    empty = math.equal(filled, 0)
    missing = array.where(empty)
    more = array.concat([missing, array.zeros([array.shape(missing)[0], _rank(x) - 1], dtypes.int64)], 1)
    default = array.fill(array.shape(missing)[:1], frontdoor.convert(default_value, x.dtype))
    joined = _made(array.concat([x.indices, more], 0), array.concat([x.values, default], 0), x.dense_shape)
    return _as(x, reorder(joined)), empty


# Arithmetic ----------------------------------------------------------------------------------------------------------


def map_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> SparseTensor:
    """A function applied to the values of SparseTensors of the same places.

    Example:
        >>> import weft as tf
        >>> tf.sparse.map_values(tf.add, tf.SparseTensor([[1]], [5], [2]), 3).values.numpy().tolist()
        [8]
    """
    found = [v for v in [*args, *kwargs.values()] if isinstance(v, SparseTensor)]
    if not found:
        raise ValueError("No SparseTensor in argument list of map_values")
    first = found[0]
    for other in found[1:]:
        if other.indices is not first.indices:
            same = math.reduce_all(math.equal(other.indices, first.indices))
            _check(same, "sparse.map_values: the SparseTensors must have the same places")

    def plain(value: Any) -> Any:
        return value.values if isinstance(value, SparseTensor) else value

    return first.with_values(op(*[plain(a) for a in args], **{k: plain(v) for k, v in kwargs.items()}))


def add(a: Any, b: Any, threshold: Any = 0) -> Any:
    """The sum of two tensors of which at least one is sparse; two sparse ones give a sparse one.

    Args:
        a: A SparseTensor or dense.
        b: Likewise.
        threshold: Sums of two entries that are closer to 0 are left out of a sparse result.
    """
    sparse = [isinstance(x, (SparseTensor, SparseTensorValue)) for x in (a, b)]
    if not any(sparse):
        raise TypeError(explain("sparse.add: At least one input should be SparseTensor.",
                                hint="tf.add adds dense ones"))  # fmt: skip
    if not all(sparse):
        x, dense = (_sparse(a), b) if sparse[0] else (_sparse(b), a)
        whole = frontdoor.convert(dense, None if frontdoor.is_tensor_like(dense) else x.dtype)
        return array.tensor_scatter_nd_add(whole, x.indices, x.values)
    x, y = _sparse(a), _sparse(b)
    _same_whole(x, y, "add")
    order, numbers, places = _groups(array.concat([x.indices, y.indices], 0))
    joined = array.gather(array.concat([x.values, y.values], 0), order)
    result = _made(places, math.segment_sum(joined, numbers), x.dense_shape)
    if isinstance(threshold, (int, float)) and threshold == 0:
        return _as(x, result)
    size = math.abs(result.values)
    alone = math.equal(math.segment_sum(array.ones_like(numbers), numbers), 1)
    kept = math.logical_or(alone, math.greater_equal(size, cast_to(threshold, size.dtype)))
    return _as(x, _chosen(result, _true(kept)))


def _same_whole(x: SparseTensor, y: SparseTensor, name: str) -> None:
    if not x.shape.is_compatible_with(y.shape):
        raise InvalidArgumentError(explain(f"sparse.{name}: the operands must have one shape.",
                                           received=[str(x.shape), str(y.shape)]))  # fmt: skip


def _extreme(name: str, pick: Callable[..., Any], sp_a: Any, sp_b: Any) -> SparseTensor:
    x, y = _sparse(sp_a, "sp_a"), _sparse(sp_b, "sp_b")
    _same_whole(x, y, name)
    order, numbers, places = _groups(array.concat([x.indices, y.indices], 0))
    count = array.shape(places, dtypes.int64)[0]
    where = array.gather(numbers, math.invert_permutation(order))
    mine = array.shape(x.values)[0]
    sides = [math.unsorted_segment_sum(values, group, count)
             for values, group in ((x.values, where[:mine]), (y.values, where[mine:]))]  # fmt: skip
    return _as(x, _made(places, pick(*sides), x.dense_shape))


def maximum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """The greater of two, element by element, at the places of either."""
    return _extreme("maximum", math.maximum, sp_a, sp_b)


def minimum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """The lesser of two, element by element, at the places of either."""
    return _extreme("minimum", math.minimum, sp_a, sp_b)


def softmax(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The softmax along the last axis, over the entries alone."""
    x = _sparse(sp_input)
    order, numbers, places = _groups(x.indices[:, :-1])
    count = array.shape(places, dtypes.int64)[0]
    where = array.gather(numbers, math.invert_permutation(order))
    top = math.unsorted_segment_max(dispatch.call("stop_gradient", x.values), where, count)
    grown = math.exp(x.values - array.gather(top, where))
    return x.with_values(grown / array.gather(math.unsorted_segment_sum(grown, where, count), where))


def sparse_dense_matmul(sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False,
                        name: str | None = None) -> Any:  # fmt: skip
    """The product of a sparse and a dense matrix (one of them, in either place), which is dense.

    Args:
        sp_a: `[n, m]`.
        b: `[m, p]`.
        adjoint_a: Whether the first is transposed and conjugated.
        adjoint_b: Whether the second is.
        name: Accepted.

    Returns:
        `[n, p]`.

    Example:
        >>> import weft as tf
        >>> tf.sparse.sparse_dense_matmul(tf.SparseTensor([[0, 1]], [2.0], [1, 2]), [[1.0], [3.0]]).numpy().tolist()
        [[6.0]]
    """
    if isinstance(b, (SparseTensor, SparseTensorValue)) and not isinstance(sp_a, (SparseTensor, SparseTensorValue)):
        product = sparse_dense_matmul(b, sp_a, not adjoint_b, not adjoint_a)
        return _adjoint(product)
    x = _sparse(sp_a, "sp_a")
    dense = frontdoor.convert(b, None if frontdoor.is_tensor_like(b) else x.dtype)
    if adjoint_b:
        dense = _adjoint(dense)
    row, column = (1, 0) if adjoint_a else (0, 1)
    wanted, given = x.shape, dense.shape
    if wanted.rank is not None and None not in (wanted.as_list()[column], given[0]) and wanted[column] != given[0]:
        raise InvalidArgumentError(explain("sparse_dense_matmul: the inner sizes differ.",
                                           received=[str(wanted), str(dense.type)]))  # fmt: skip
    values = math.conj(x.values) if adjoint_a and x.dtype.is_complex else x.values
    # The matrix' gradient is a whole one, as TensorFlow's is, and not rows of it that may be given several times.
    dense = array.expand_dims(dense, 0)[0]
    terms = array.gather(dense, x.indices[:, column]) * values[:, None]
    return math.unsorted_segment_sum(terms, x.indices[:, row], x.dense_shape[row])


def _adjoint(matrix: Any) -> Any:
    return array.transpose(matrix, conjugate=matrix.dtype.is_complex)


def sampled_addmm(indices: Any, values: Any, dense_shape: Any, mat1: Any, mat2: Any, beta: Any = 1.0, alpha: Any = 1.0,
                  output_type: Any = dtypes.float32) -> tuple[Any, Any, Any]:  # fmt: skip
    """alpha times the product of two matrices at some places, plus beta times the values there.

    Args:
        indices: `[..., n, 2]`: rows and columns.
        values: `[..., n]`.
        dense_shape: The shape of the whole.
        mat1: `[..., rows, inner]`.
        mat2: `[..., inner, columns]`.
        beta: What the values are multiplied by.
        alpha: What the product is multiplied by.
        output_type: The dtype of the result.

    Returns:
        The indices, the new values and the shape.
    """
    first, second = frontdoor.convert(mat1), frontdoor.convert(mat2)
    places = _int64(indices)
    stacked = (first.shape.rank or 2) - 2
    rows = array.gather(first, places[..., 0], batch_dims=stacked)
    columns = array.gather(matrices.matrix_transpose(second), places[..., 1], batch_dims=stacked)
    result = math.reduce_sum(rows * columns, axis=-1) * alpha + frontdoor.convert(values) * beta
    return indices, cast_to(result, output_type), dense_shape


# Reductions ----------------------------------------------------------------------------------------------------------


def _reduced(kind: str, sp_input: Any, axis: Any, keepdims: Any, output_is_sparse: bool) -> Any:
    x = _sparse(sp_input)
    rank = _rank(x)
    over = list(range(rank)) if axis is None else sorted({_axis(a, rank) for a in _numbers(axis)})
    kept = [a for a in range(rank) if a not in over]
    places = array.gather(x.indices, kept, axis=1) if kept else x.indices[:, :0]
    whole = array.gather(x.dense_shape, kept) if kept else x.dense_shape[:0]
    full = array.where(np.isin(np.arange(rank), over), array.ones_like(x.dense_shape), x.dense_shape)
    if output_is_sparse:
        order, numbers, found = _groups(places)
        values = getattr(math, f"segment_{kind}")(_picked(x.values, order), numbers)
        if not keepdims:
            return _made(found, values, whole)
        columns = [found[:, kept.index(a)] if a in kept else array.zeros_like(found[:, 0]) for a in range(rank)] \
            if kept else [array.zeros_like(values, dtypes.int64)] * rank  # fmt: skip
        return _made(array.stack(columns, 1), values, full)
    count = math.reduce_prod(whole)
    numbers = _linear(places, whole) if kept else array.zeros_like(x.values, dtypes.int64)
    values = getattr(math, f"unsorted_segment_{kind}")(x.values, numbers, count)
    if kind == "max":
        there = math.unsorted_segment_sum(array.ones_like(numbers), numbers, count)
        values = array.where(math.greater(there, 0), values, array.zeros_like(values))
    result = array.reshape(values, full if keepdims else whole)
    known = x.shape.as_list()
    result.set_shape([1 if a in over else known[a] for a in range(rank)] if keepdims else [known[a] for a in kept])
    return result


def reduce_sum(sp_input: Any, axis: Any = None, keepdims: Any = None, output_is_sparse: bool = False,
               name: str | None = None) -> Any:  # fmt: skip
    """The sum over axes (all of them where None), dense or sparse."""
    return _reduced("sum", sp_input, axis, keepdims, output_is_sparse)


def reduce_max(sp_input: Any, axis: Any = None, keepdims: Any = None, output_is_sparse: bool = False,
               name: str | None = None) -> Any:  # fmt: skip
    """The greatest entry over axes (all of them where None); a dense result is 0 where there is no entry."""
    return _reduced("max", sp_input, axis, keepdims, output_is_sparse)


def _segments(kind: str) -> Callable[..., Any]:
    def function(data: Any, indices: Any, segment_ids: Any, num_segments: Any = None, name: str | None = None,
                 sparse_gradient: bool = False) -> Any:  # fmt: skip
        # what flows back to the data is a whole tensor, and not rows of it that may be given several times
        whole = array.expand_dims(frontdoor.convert(data), 0)[0]
        rows, numbers = array.gather(whole, indices), frontdoor.convert(segment_ids)
        if num_segments is not None:
            return getattr(math, f"unsorted_segment_{kind}")(rows, numbers, num_segments)
        if kind != "sqrt_n":
            return getattr(math, f"segment_{kind}")(rows, numbers)
        total = math.segment_sum(rows, numbers)
        counts = math.segment_sum(array.ones_like(numbers), numbers)
        by = math.sqrt(cast_to(math.maximum(counts, 1), total.dtype))
        return total / array.reshape(by, [-1, *[1] * (total.shape.rank - 1)])

    how = {"sum": "sum", "mean": "mean", "sqrt_n": "sum, divided by the square root of the number,"}[kind]
    function.__name__ = function.__qualname__ = f"segment_{kind}"
    function.__doc__ = f"""The {how} of chosen rows by segment.

    Args:
        data: `[rows, ...]`.
        indices: `[n]`: which rows.
        segment_ids: `[n]`, ascending: the segment of each.
        num_segments: How many segments there are; as many as the last id asks for where None.
        name: Accepted.
        sparse_gradient: Accepted.

    Returns:
        `[segments, ...]`; 0 where a segment has no row.
    """
    return function


segment_sum, segment_mean, segment_sqrt_n = (_segments(kind) for kind in ("sum", "mean", "sqrt_n"))


def bincount(values: Any, weights: Any = None, axis: Any = 0, minlength: Any = None, maxlength: Any = None,
             binary_output: bool = False, name: str | None = None) -> SparseTensor:  # fmt: skip
    """How often each number occurs, in the whole (axis 0) or in each row (axis -1), as a SparseTensor.

    Without weights the counts have the dtype of the numbers.

    Args:
        values: Integers: dense, sparse or ragged.
        weights: What each of them counts, in the same form.
        axis: 0, or -1 for each row of a matrix.
        minlength: The least number of columns.
        maxlength: The greatest; larger numbers are left out.
        binary_output: Whether what occurs counts 1, however often.
        name: Accepted.
    """
    if axis not in (0, -1):
        raise ValueError(f"Unsupported value for argument axis={axis}. Only 0 and -1 are currently supported.")
    if weights is not None and binary_output:
        raise ValueError("`binary_output` and `weights` are mutually exclusive.")
    if isinstance(values, SparseTensor):
        numbers, rows, count = values.values, values.indices[:, 0], values.dense_shape[0]
        weighed = None if weights is None else _sparse(weights, "weights").values
    elif isinstance(values, RaggedTensor):
        numbers, rows, count = values.values, values.value_rowids(), values.nrows()
        rows, count = cast_to(rows, dtypes.int64), cast_to(count, dtypes.int64)
        weighed = None if weights is None else weights.values if isinstance(weights, RaggedTensor) else weights
    else:
        x = frontdoor.convert(values)
        flat = array.reshape(x, [-1])
        height = array.shape(x, dtypes.int64)[0] if x.shape.rank else array.constant(1, dtypes.int64)
        width = math.maximum(array.size(x, dtypes.int64) // math.maximum(height, 1), 1)
        rows = array.range(array.constant(0, dtypes.int64), array.size(x, dtypes.int64),
                           array.constant(1, dtypes.int64)) // width  # fmt: skip
        numbers, count = flat, height
        weighed = None if weights is None else array.reshape(frontdoor.convert(weights), [-1])
    counted = numbers.dtype
    numbers = cast_to(numbers, dtypes.int64)
    if maxlength is not None:
        kept = _true(math.less(numbers, _int64(maxlength)))
        numbers, rows = array.gather(numbers, kept), array.gather(rows, kept)
        weighed = None if weighed is None else array.gather(weighed, kept)
    places = numbers[:, None] if axis == 0 else array.stack([rows, numbers], 1)
    order, groups, found = _groups(places)
    ones = array.ones_like(groups, counted) if weighed is None else array.gather(weighed, order)
    totals = math.segment_sum(ones, groups)
    top = math.reduce_max(array.concat([array.zeros([1], dtypes.int64), numbers + 1], 0))
    if minlength is not None:
        top = math.maximum(top, _int64(minlength))
    if maxlength is not None:
        top = math.minimum(top, _int64(maxlength))
    whole = array.stack([top] if axis == 0 else [count, top])
    return _made(found, array.ones_like(totals) if binary_output else totals, whole)


def cross(inputs: Any, name: str | None = None, separator: str | None = None) -> SparseTensor:
    """What stands together in each row of several features, as text: every combination.

    Args:
        inputs: Sparse or dense tensors `[rows, n]` of strings or integers.
        name: Accepted.
        separator: What stands between the parts; `"_X_"` where None.

    Example:
        >>> import weft as tf
        >>> tf.sparse.cross([[["a"]], [["b", "c"]]]).values.numpy().tolist()
        [b'a_X_b', b'a_X_c']
    """
    return crossing.crossed_texts(_inputs(inputs), b"_X_" if separator is None else str(separator).encode())


def cross_hashed(inputs: Any, num_buckets: int = 0, hash_key: int | None = None,
                 name: str | None = None) -> SparseTensor:  # fmt: skip
    """What stands together in each row of several features, as a hash: every combination.

    Args:
        inputs: Sparse or dense tensors `[rows, n]` of strings or integers.
        num_buckets: The hashes are taken modulo this where it is not 0.
        hash_key: A number that makes another hash.
        name: Accepted.
    """
    return crossing.crossed_hashes(_inputs(inputs), num_buckets, hash_key)


def _inputs(inputs: Any) -> list[Any]:
    if not isinstance(inputs, (list, tuple)):
        raise TypeError("Inputs must be a list")
    return list(inputs)
