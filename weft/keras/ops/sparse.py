"""What functions of `keras.ops` give for sparse operands: which of them stay sparse, and how.

A `tf.SparseTensor` holds single numbers, a `tf.IndexedSlices` whole rows; all else of either is zero. Functions that
have no rule here take them dense.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.core.dtypes import result_type, standardize_dtype
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.ops.promotion import alike, as_floats, axes_of

#: functions of one operand that make zero of zero: they are applied to what is stored
_ZERO_STAYS = frozenset(
    "abs absolute arcsin arcsinh arctan arctanh cast ceil conj conjugate convert_to_tensor copy expm1 floor "
    "imag log1p negative real round sign sin sinh sqrt square stop_gradient tan tanh trunc".split()
)
#: functions of one operand that put what is stored elsewhere
_MOVED = frozenset("expand_dims reshape squeeze transpose sum mean digitize".split())
#: functions of two operands, sparse where both are, and where one is
_UNION = frozenset("add subtract maximum minimum".split())
_DIVISIONS = frozenset(("divide", "true_divide"))


def is_sparse(value: Any) -> bool:
    """Whether a value is a sparse tensor, or rows of one, or a symbolic tensor that one may stand for."""
    if isinstance(value, KerasTensor):
        return value.sparse
    return isinstance(value, (tf.SparseTensor, tf.IndexedSlices))


def any_sparse(*structures: Any) -> bool:
    """Whether there is a sparse tensor among values."""
    return any(isinstance(leaf, (tf.SparseTensor, tf.IndexedSlices)) for leaf in tf.nest.flatten(structures))


def dense(value: Any) -> Any:
    """A sparse tensor as a dense one; other values as they are."""
    if isinstance(value, tf.SparseTensor):
        return tf.sparse.to_dense(tf.sparse.reorder(value))
    return tf.convert_to_tensor(value) if isinstance(value, tf.IndexedSlices) else value


def stays_sparse(name: str, operands: Sequence[Any]) -> bool:
    """Whether the result of a function is sparse.

    Args:
        name: The function's name in `keras.ops`.
        operands: The leading arguments.
    """
    flags = [is_sparse(leaf) for leaf in operands]
    if name in _ZERO_STAYS or name in _MOVED:
        return flags[0]
    if name in _DIVISIONS:
        return flags[0] and not any(flags[1:2])
    if name in _UNION or name == "matmul":
        return all(flags[:2])
    if name == "multiply":
        return any(flags[:2])
    return name == "concatenate" and all(map(is_sparse, operands[0]))


def apply(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function gives for operands some of which are sparse.

    Args:
        name: The function's name in `keras.ops`.
        function: What it does to dense operands, and to the stored numbers of sparse ones.
        args: As given.
        kwargs: As given.
    """
    if args and stays_sparse(name, args):
        x = args[0]
        if name in _ZERO_STAYS or name == "digitize":
            return _on_stored(lambda values: function(values, *args[1:], **kwargs), x)
        if name in _MOVES and isinstance(x, tf.SparseTensor):
            return _MOVES[name](x, *args[1:], **kwargs)
        if name in ("sum", "mean"):
            return tf.sparse.from_dense(function(dense(x), *args[1:], **kwargs))
        if name == "multiply":
            return _product(function, x, args[1])
        if name in _DIVISIONS:
            return _quotient(function, x, args[1])
        if name == "concatenate" and all(isinstance(one, tf.SparseTensor) for one in x):
            return tf.sparse.concat(args[1] if len(args) > 1 else kwargs.get("axis", 0), _alike(*x))
        if name == "matmul":
            return tf.sparse.from_dense(function(*map(dense, args)))
        if name in _UNION and type(x) is type(args[1]):
            return _union(name, function, x, args[1])
    elif name == "bincount":
        return function(*args, **kwargs)
    elif name == "matmul" and isinstance(args[0], tf.SparseTensor) and not is_sparse(args[1]):
        return product_with_matrix(args[0], args[1])
    return function(*tf.nest.map_structure(dense, args), **tf.nest.map_structure(dense, kwargs))


def product_with_matrix(x: Any, y: Any) -> Any:
    """`x · y` for sparse `x` `[..., n, k]`, without making it dense where `y` is a matrix `[k, m]`."""
    y = tf.convert_to_tensor(y)
    x, y = alike(x, y)
    if y.shape.rank != 2 or standardize_dtype(y.dtype) not in ("float32", "float64"):
        return tf.matmul(dense(x), y)
    lead = tf.shape(x)[:-1]
    flat = x if x.shape.rank == 2 else tf.sparse.reshape(x, tf.stack([-1, tf.shape(x)[-1]]))
    found = tf.sparse.sparse_dense_matmul(flat, y)
    if x.shape.rank == 2:
        return found
    found = tf.reshape(found, tf.concat([lead, tf.shape(y)[1:]], axis=0))
    found.set_shape([*x.shape[:-1], y.shape[1]])
    return found


def _with_values(x: Any, values: Any) -> Any:
    if isinstance(x, tf.SparseTensor):
        return tf.SparseTensor(x.indices, values, x.dense_shape)
    return tf.IndexedSlices(values, x.indices, x.dense_shape)


def _on_stored(function: Callable[[Any], Any], x: Any) -> Any:
    return _with_values(x, function(x.values))


def _alike(*values: Any) -> list[Any]:
    """Sparse operands in the dtype in which they meet."""
    kind = result_type(*[standardize_dtype(value.dtype) for value in values])
    return [_on_stored(lambda stored: tf.cast(stored, kind), value) for value in values]


def _union(name: str, function: Callable[..., Any], x: Any, y: Any) -> Any:
    """Of two sparse operands, for functions that give zero only where both are."""
    x, y = _alike(x, y)
    if isinstance(x, tf.IndexedSlices):
        places, rows = _union_of_rows(x, y)
        return tf.IndexedSlices(function(*rows), places, x.dense_shape)
    if name == "subtract":
        return tf.sparse.add(x, tf.sparse.map_values(tf.negative, y))
    return getattr(tf.sparse, name)(x, y)


def _union_of_rows(x: Any, y: Any) -> tuple[Any, list[Any]]:
    """The numbers of the rows that either has, and these rows of both."""
    places, _ = tf.unique(tf.concat([x.indices, y.indices], axis=0))
    return places, [tf.gather(dense(one), places) for one in (x, y)]


def _product(function: Callable[..., Any], x: Any, y: Any) -> Any:
    """Of a sparse operand and another: sparse where the sparse one is."""
    if not is_sparse(x):
        x, y = y, x
    if is_sparse(y):
        if isinstance(x, tf.IndexedSlices) and isinstance(y, tf.IndexedSlices):
            places, rows = _union_of_rows(*_alike(x, y))
            return tf.IndexedSlices(function(*rows), places, x.dense_shape)
        y = dense(y)
    return _at_stored(function, x, y)


def _quotient(function: Callable[..., Any], x: Any, y: Any) -> Any:
    """Of a sparse operand by a dense one; what zero divided by zero or NaN gives is not zero."""
    y = tf.convert_to_tensor(y)
    if not y.shape.rank:
        return _at_stored(function, x, y)
    floats = as_floats(y)
    strange = tf.logical_or(floats == 0, tf.math.is_nan(floats))
    found = _at_stored(function, x, y)
    if isinstance(x, tf.IndexedSlices):
        every = tf.reduce_any(strange, axis=list(range(1, strange.shape.rank)))
        places, _ = tf.unique(tf.concat([x.indices, tf.cast(tf.where(every)[:, 0], x.indices.dtype)], axis=0))
        rows = function(tf.gather(dense(x), places), tf.gather(tf.broadcast_to(y, tf.shape(dense(x))), places))
        return tf.IndexedSlices(rows, places, x.dense_shape)
    places = tf.where(strange)
    more = tf.fill(tf.shape(places)[:1], tf.constant(math.nan, found.dtype))
    # Where something is stored, its quotient stands already.
    kept = tf.equal(tf.gather_nd(tf.sparse.to_dense(_with_values(x, tf.ones_like(x.values))), places), 0)
    extra = tf.SparseTensor(tf.boolean_mask(places, kept), tf.boolean_mask(more, kept), x.dense_shape)
    return tf.sparse.add(found, tf.sparse.reorder(extra))


def _at_stored(function: Callable[..., Any], x: Any, y: Any) -> Any:
    """A function of the stored numbers and of the other operand's numbers at the same places."""
    y = tf.convert_to_tensor(y)
    if y.shape.rank:
        y = tf.broadcast_to(y, x.dense_shape if x.dense_shape is not None else tf.shape(dense(x)))
        y = tf.gather_nd(y, x.indices) if isinstance(x, tf.SparseTensor) else tf.gather(y, x.indices)
    return _with_values(x, function(x.values, y))


def reshape(x: Any, shape: Any) -> Any:
    """The values in another shape; sparse tensors stay sparse."""
    return tf.sparse.reshape(x, shape) if isinstance(x, tf.SparseTensor) else tf.reshape(x, shape)


def transpose(x: Any, axes: Any = None) -> Any:
    """The axes in another order; sparse tensors stay sparse."""
    axes = None if axes is None else list(axes)
    if isinstance(x, tf.SparseTensor):
        return tf.sparse.reorder(tf.sparse.transpose(x, perm=axes))
    return tf.transpose(x, axes)


def _reshape(x: Any, newshape: Any) -> Any:
    sizes = [newshape] if isinstance(newshape, int) else newshape
    return reshape(x, [-1 if size is None else size for size in sizes])


def _expand_dims(x: Any, axis: Any) -> Any:
    places = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    for place in sorted(axes_of(places, x.shape.rank + len(places))):
        x = tf.sparse.expand_dims(x, place)
    return x


def _squeeze(x: Any, axis: Any = None) -> Any:
    rank = x.shape.rank
    ones = [place for place in range(rank) if x.shape[place] == 1]
    gone = ones if axis is None else axes_of(list(axis) if isinstance(axis, (list, tuple)) else [axis], rank)
    kept = [place for place in range(rank) if place not in gone]
    sizes = tf.gather(x.dense_shape, kept)
    if known := [place for place in gone if x.shape[place] not in (1, None)]:
        raise ValueError(explain(f"squeeze: axis {known[0]} has not size 1.", received=f"shape {x.shape}"))
    found = tf.SparseTensor(tf.gather(x.indices, kept, axis=1), x.values, sizes)
    return tf.sparse.reset_shape(found, [x.shape[place] for place in kept]) if x.shape.is_fully_defined() else found


_MOVES: dict[str, Callable[..., Any]] = {
    "expand_dims": _expand_dims, "reshape": _reshape, "squeeze": _squeeze, "transpose": transpose,
}  # fmt: skip
