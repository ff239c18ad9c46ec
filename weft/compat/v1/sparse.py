"""`tf.sparse` and the `tf.sparse_*` functions of version 1."""

from __future__ import annotations

from typing import Any

import weft
from weft.api.sparse import add as _add
from weft.api.sparse import concat as _concat
from weft.api.sparse import (  # noqa: F401
    cross,
    cross_hashed,
    expand_dims,
    eye,
    fill_empty_rows,
    from_dense,
    mask,
    maximum,
    minimum,
    slice,
    softmax,
    sparse_dense_matmul,
    to_dense,
    to_indicator,
)
from weft.api.sparse import reduce_max as _reduce_max
from weft.api.sparse import reduce_sum as _reduce_sum
from weft.api.sparse import reorder as _reorder
from weft.api.sparse import reset_shape as _reset_shape
from weft.api.sparse import reshape as _reshape
from weft.api.sparse import retain as _retain
from weft.api.sparse import segment_mean as _segment_mean
from weft.api.sparse import segment_sqrt_n as _segment_sqrt_n
from weft.api.sparse import segment_sum as _segment_sum
from weft.api.sparse import sparse_merge as merge  # noqa: F401
from weft.api.sparse import split as _split
from weft.api.sparse import transpose as _transpose
from weft.base import dtypes
from weft.base.shapes import TensorShape
from weft.compat.v1 import graphs, operation_tables
from weft.compat.v1.accumulators import SparseConditionalAccumulator as SparseConditionalAccumulator
from weft.compat.v1.naming import composite, in_graph
from weft.compat.v1.ops import _old_name
from weft.runtime.sparse import SparseTensor, SparseTensorValue


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> SparseTensor:
    """A sparse tensor that is fed: with a `SparseTensorValue` or a triple (indices, values, dense_shape).

    Args:
        dtype: The element type.
        shape: Of the whole, a tensor too; None, or None in it, where it is fed too.
        name: A name for its placeholders.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     x = tf.sparse_placeholder(tf.float32, [2, 2])
        ...     float(session.run(tf.sparse_reduce_sum(x), {x: ([[0, 1]], [3.0], [2, 2])}))
        3.0
    """

    def part(what: str) -> str | None:
        return None if name is None else f"{name}/{what}"

    known = _known_shape(shape)
    if weft.is_tensor(shape):
        whole = weft.cast(shape, dtypes.int64)
    elif known.is_fully_defined():
        whole = weft.constant(known.as_list(), dtypes.int64, name=part("shape") or "Const")
    else:
        whole = graphs.placeholder(dtypes.int64, [known.rank], part("shape"))
    values = graphs.placeholder(dtype, [None], part("values"))
    indices = graphs.placeholder(dtypes.int64, [None, known.rank], part("indices"))
    result = SparseTensor(indices, values, whole)
    result.set_shape(known)
    return result


def _known_shape(shape: Any) -> TensorShape:
    """What is known of a shape that was given as such, as a tensor, or not at all."""
    if not weft.is_tensor(shape):
        return TensorShape(shape)
    value = weft.get_static_value(shape)
    return TensorShape([None] * shape.shape[0] if value is None else value.tolist())


def to_tensor(sparse_indices: Any, output_shape: Any, sparse_values: Any, default_value: Any = 0,
              validate_indices: bool = True, name: str | None = None) -> Any:  # fmt: skip
    """A dense tensor with values at places and a default elsewhere; `tf.sparse_to_dense`.

    Args:
        sparse_indices: `[n, rank]`, `[n]` for vectors, or one place.
        output_shape: Of the result.
        sparse_values: `[n]`, or one value for all places.
        default_value: What stands elsewhere.
        validate_indices: Whether places must be in order, each once.
        name: Accepted.
    """
    places = weft.cast(weft.convert_to_tensor(sparse_indices), dtypes.int64)
    if places.shape.rank is not None and places.shape.rank < 2:
        places = weft.reshape(places, [-1, 1])
    values = weft.convert_to_tensor(sparse_values)
    if values.shape.rank == 0:
        values = weft.fill([weft.shape(places)[0]], values)
    whole = weft.cast(weft.convert_to_tensor(output_shape), dtypes.int64)
    default = default_value if hasattr(default_value, "dtype") else weft.constant(default_value, values.dtype)
    return to_dense(SparseTensor(places, values, whole), default, validate_indices)


def add(a: Any, b: Any, threshold: Any = None, thresh: Any = None) -> Any:
    """The sum of two tensors of which at least one is sparse."""
    found = _old_name(threshold, thresh, "threshold", "thresh")
    if not all(isinstance(x, (SparseTensor, SparseTensorValue)) for x in (a, b)):
        return _with_dense(a, b)
    result = _sum(a, b, 0 if found is None else found)
    known = result.shape
    return SparseTensor(result.indices, result.values, known if known.is_fully_defined() else result.dense_shape)


_sum, _with_dense = composite("sparse.add", _add), composite("sparse.dense_add", _add)


def concat(axis: Any, sp_inputs: Any, name: str | None = None, expand_nonconcat_dim: bool = False,
           concat_dim: Any = None, expand_nonconcat_dims: Any = None) -> SparseTensor:  # fmt: skip
    """Joined along an axis."""
    axis = _old_name(axis, concat_dim, "axis", "concat_dim")
    if expand_nonconcat_dims or expand_nonconcat_dim:
        return _expanding(axis, sp_inputs, True, name)
    result = _joined(axis, sp_inputs, False, name)
    shapes = [part.shape for part in sp_inputs] if in_graph() and isinstance(sp_inputs, list) else []
    if len(shapes) < 2 or not all(map(operation_tables.known, shapes)):
        return result
    whole = shapes[0].as_list()
    whole[axis] = sum(shape[axis] for shape in shapes)
    return _rebuilt(result, weft.constant(whole, dtypes.int64))


def _rebuilt(x: SparseTensor, dense_shape: Any, indices: Any = None, values: Any = None) -> SparseTensor:
    """A sparse tensor with another tensor for its shape."""
    parts = [x.indices if indices is None else indices, x.values if values is None else values, dense_shape]
    return x._rebuild(parts)


_joined, _expanding = composite("sparse.concat", _concat), composite("sparse.concat_expanding", _concat)


def split(keyword_required: Any = None, sp_input: Any = None, num_split: Any = None, axis: Any = None,
          name: str | None = None, split_dim: Any = None) -> list[SparseTensor]:  # fmt: skip
    """Cut along an axis; arguments are named."""
    if keyword_required is not None:
        raise ValueError("Keyword arguments are required for this function.")
    return _parts(sp_input, num_split, _old_name(axis, split_dim, "axis", "split_dim"), name)


def _outputs_of_split(sp_input: Any, num_split: Any, axis: Any, name: str | None) -> Any:
    """All places, then all values, then all shapes: the order of the operation's outputs."""
    parts = _split(sp_input, num_split, axis, name)
    return list(zip(*(part._components() for part in parts), strict=True))


_cut = composite("sparse.split", _outputs_of_split)


def _parts(*args: Any) -> list[SparseTensor]:
    return [SparseTensor(*part) for part in zip(*_cut(*args), strict=True)]


def _reduction(function: Any, sparse: bool) -> Any:
    def reduce(sp_input: Any, axis: Any = None, keepdims: Any = None, reduction_axes: Any = None,
               keep_dims: Any = None) -> Any:  # fmt: skip
        over = _old_name(axis, reduction_axes, "axis", "reduction_axes")
        keep = _old_name(keepdims, keep_dims, "keepdims", "keep_dims")
        return function(sp_input, over, bool(keep), sparse)

    reduce = composite(f"sparse.{function.__name__}" + "_sparse" * sparse, reduce)
    reduce.__name__ = reduce.__qualname__ = function.__name__ + ("_sparse" if sparse else "")
    reduce.__doc__ = function.__doc__
    return reduce


reduce_sum, reduce_sum_sparse = _reduction(_reduce_sum, False), _reduction(_reduce_sum, True)
reduce_max, reduce_max_sparse = _reduction(_reduce_max, False), _reduction(_reduce_max, True)


def _segments(function: Any) -> Any:
    def segment(data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None,
                sparse_gradient: bool = False) -> Any:  # fmt: skip
        made = alone if num_segments is None else counting
        return made(data, indices, segment_ids, num_segments, name, sparse_gradient)

    alone = composite(f"sparse.{function.__name__}", function)
    counting = composite(f"sparse.{function.__name__}_of", function)
    segment.__name__ = segment.__qualname__ = f"sparse_{function.__name__}"
    segment.__doc__ = function.__doc__
    return segment


segment_sum, segment_mean, segment_sqrt_n = map(_segments, (_segment_sum, _segment_mean, _segment_sqrt_n))


def sparse_matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, a_is_sparse: bool = False,
                  b_is_sparse: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """The product of two dense matrices of which many elements are zero, as float32."""
    a, b = weft.cast(weft.convert_to_tensor(a), "float32"), weft.cast(weft.convert_to_tensor(b), "float32")
    return weft.matmul(a, b, transpose_a, transpose_b, name=name)


def convert_to_tensor_or_sparse_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A value as a tensor; sparse ones stay sparse."""
    if isinstance(value, SparseTensorValue):
        value = SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        return weft.convert_to_tensor(value, dtype, name=name)
    if dtype is not None and value.dtype != dtypes.as_dtype(dtype):
        raise RuntimeError(f"Sparse dtype: requested = {dtypes.as_dtype(dtype).name}, actual = {value.dtype.name}")
    return value


def reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """The same entries in a larger shape, or in the least one that holds them."""
    x = _reset_shape(sp_input, new_shape)
    if not in_graph():
        return x
    known = weft.get_static_value(x.dense_shape)
    whole = _least(x.dense_shape) if known is None or new_shape is None else known
    return SparseTensor(weft.identity(x.indices), weft.identity(x.values), whole)


_reorder = composite("sparse.reorder", _reorder)
_least = composite("sparse.least_shape", lambda dense_shape: weft.identity(dense_shape))


def reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The same entries with their places in row-major order."""
    x = _reorder(sp_input, name)
    known = x.shape
    if not in_graph():
        return x
    return SparseTensor(x.indices, x.values, known if known.is_fully_defined() else weft.identity(x.dense_shape))


def reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """The same entries under another shape; one size may be -1 and is then computed."""
    x = _reshape(sp_input, shape)
    return _rebuilt(x, x.dense_shape, values=weft.identity(x.values)) if in_graph() else x


def transpose(sp_input: Any, perm: Any = None, name: str | None = None) -> SparseTensor:
    """The axes in another order; reversed where `perm` is None."""
    x = _transpose(sp_input, perm)
    known = x.shape
    if not in_graph():
        return x
    if perm is None or not known.is_fully_defined():
        return _rebuilt(x, weft.identity(x.dense_shape))
    return _rebuilt(x, weft.constant(known.as_list(), dtypes.int64, name="SparseTensor_1/dense_shape"))


def retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """The entries at which a vector of bools is true."""
    if not in_graph() or not isinstance(sp_input, SparseTensor):
        return _retain(sp_input, to_retain)
    to_retain = weft.convert_to_tensor(to_retain, dtypes.bool_)
    to_retain.shape.assert_is_compatible_with(sp_input.values.shape)
    rows = weft.reshape(weft.where(to_retain), [-1])
    return SparseTensor(weft.gather(sp_input.indices, rows), weft.gather(sp_input.values, rows),
                        weft.identity(sp_input.dense_shape))  # fmt: skip


to_dense, to_tensor = composite("sparse.to_dense", to_dense), composite("sparse.to_dense", to_tensor)
sparse_matmul = composite("sparse.matmul", sparse_matmul)
for _name in ("expand_dims", "eye", "fill_empty_rows", "from_dense", "mask", "maximum", "merge", "minimum", "reshape",
              "slice", "softmax", "sparse_dense_matmul", "to_indicator", "transpose"):  # fmt: skip
    globals()[_name] = composite(f"sparse.{_name}", globals()[_name])
matmul = sparse_dense_matmul

#: names of version 1's top level -> names here
AT_TOP = {
    "sparse_add": "add", "sparse_concat": "concat", "sparse_fill_empty_rows": "fill_empty_rows",
    "sparse_mask": "mask", "sparse_matmul": "sparse_matmul", "sparse_maximum": "maximum", "sparse_merge": "merge",
    "sparse_minimum": "minimum", "sparse_placeholder": "placeholder", "sparse_reduce_max": "reduce_max",
    "sparse_reduce_max_sparse": "reduce_max_sparse", "sparse_reduce_sum": "reduce_sum",
    "sparse_reduce_sum_sparse": "reduce_sum_sparse", "sparse_reorder": "reorder",
    "sparse_reset_shape": "reset_shape", "sparse_reshape": "reshape", "sparse_retain": "retain",
    "sparse_segment_mean": "segment_mean", "sparse_segment_sqrt_n": "segment_sqrt_n",
    "sparse_segment_sum": "segment_sum", "sparse_slice": "slice", "sparse_softmax": "softmax",
    "sparse_split": "split", "sparse_tensor_dense_matmul": "sparse_dense_matmul",
    "sparse_tensor_to_dense": "to_dense", "sparse_to_dense": "to_tensor", "sparse_to_indicator": "to_indicator",
    "sparse_transpose": "transpose", "SparseTensor": "SparseTensor", "SparseTensorValue": "SparseTensorValue",
    "convert_to_tensor_or_sparse_tensor": "convert_to_tensor_or_sparse_tensor",
}  # fmt: skip
