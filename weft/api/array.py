"""Making tensors and changing their shape: constant, zeros, reshape, concat, gather, …"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.api import late_axes, ragged_map
from weft.api import late_parameters as late
from weft.api.common import apply, axes_of, cast_to, in_a_row, integer, shape_vector
from weft.base import dtypes, shapes
from weft.base.errors import DTypeError, InvalidArgumentError, UnimplementedError, explain
from weft.base.shapes import TensorShape
from weft.ops import opdef
from weft.runtime import context, dispatch, frontdoor, indexing, sizes, static
from weft.runtime.composite import CompositeTensor
from weft.runtime.ragged import RaggedTensor
from weft.runtime.tensor import EagerTensor, Tensor, TensorOperators

newaxis = None


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Any:
    """A tensor with fixed values.

    Args:
        value: A number, string, numpy array or nested list.
        dtype: Its dtype; that of the value where None (Python floats give float32, ints int32).
        shape: A shape for it; a single value fills it.
        name: The node's name, in a graph.

    Returns:
        A tensor.

    Raises:
        ValueError: For rows of different lengths, or a shape that does not fit.
        TypeError: For values that the dtype cannot hold.

    Example:
        >>> import weft as tf
        >>> tf.constant([[1.0, 2.0], [3.0, 4.0]]).shape
        TensorShape([2, 2])
    """
    if isinstance(value, Tensor) or getattr(value, "_read_as_tensor", None) is not None:
        tensor = frontdoor.convert(value)
        if dtype is not None:
            tensor = cast_to(tensor, dtype)
        return tensor if shape is None else reshape(tensor, shape)
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    if isinstance(value, (list, tuple)) and frontdoor._holds_tensor(value):
        tensor = frontdoor.convert(value, wanted)
        return tensor if shape is None else reshape(tensor, shape)
    array = frontdoor.to_array(value, wanted)
    if shape is not None:
        wanted_shape = tuple(TensorShape(shape).as_list())
        count = int(np.prod(wanted_shape))  # type: ignore[arg-type]
        if array.size == 1 and count != 1:
            array = np.full(wanted_shape, array.reshape(())[()], array.dtype)  # type: ignore[arg-type]
        elif array.size == count:
            array = array.reshape(wanted_shape)
        else:
            raise TypeError(
                explain(f"constant: {array.size} values do not fill shape {shapes.show(wanted_shape)}.",  # type: ignore[arg-type]
                        hint="give one value to fill it, or as many as it has elements")  # fmt: skip
            )
    scope = context.scope()
    return frontdoor.constant(array, name if scope is not None else None)


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None, preferred_dtype: Any = None
) -> Any:
    """A value as a tensor: numbers, strings, numpy arrays, nested lists, variables; tensors as they are.

    Args:
        value: What to convert.
        dtype: The dtype it must have; a tensor of another one is refused.
        dtype_hint: The dtype to take where the value leaves it open.
        name: The node's name, in a graph.
        preferred_dtype: An older name of `dtype_hint`.

    Returns:
        A tensor.
    """
    hint = dtype_hint if dtype_hint is not None else preferred_dtype
    return frontdoor.convert(value, dtype, name, None if hint is None else dtypes.as_dtype(hint))


def register_tensor_conversion_function(base_type: Any, conversion_func: Any, priority: int = 100) -> None:
    """Teaches `convert_to_tensor` a class: `conversion_func(value, dtype, name, as_ref)` gives a tensor."""
    frontdoor.conversions.append((base_type, conversion_func))


def is_tensor(x: Any) -> bool:
    """Whether a value is a tensor or a variable."""
    return frontdoor.is_tensor_like(x)


def identity(input: Any, name: str | None = None) -> Any:
    """The same values as a new tensor."""
    if isinstance(input, CompositeTensor) and not isinstance(input, TensorOperators):
        return input._rebuild([apply("identity", part, name=name) for part in input._components()])
    return apply("identity", input, name=name)


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """The same values; no gradient flows back through them."""
    return apply("stop_gradient", input, name=name)


#: fillings that were made at once, each a view of one number, and how many are kept
_fillings: dict[Any, Any] = {}
_MOST_FILLINGS = 512


def _filled(shape: Any, number: Any, dtype: Any, name: str | None) -> Any:
    dtype = dtypes.as_dtype(dtype)
    if shape.__class__ is TensorShape:
        whole = shape.symbolic or ()
    else:
        whole = tuple(shape) if isinstance(shape, (list, tuple)) else ()
    if whole and all(size.__class__ is int for size in whole) and dispatch.at_once():
        found = _fillings.get((whole, number, dtype))
        if found is None:
            found = _filled_new(shape, number, dtype, name)._array
            if len(_fillings) >= _MOST_FILLINGS:
                _fillings.clear()
            _fillings[whole, number, dtype] = found
        return EagerTensor(found)
    return _filled_new(shape, number, dtype, name)


def _filled_new(shape: Any, number: Any, dtype: dtypes.DType, name: str | None) -> Any:
    if dtype is dtypes.string and number == 0:
        number = ""
    return fill(shape_vector(shape), constant(bool(number) if dtype.is_bool else number, dtype), name=name)


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None) -> Any:
    """A tensor of zeros."""
    return _filled(shape, 0, dtype, name)


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None) -> Any:
    """A tensor of ones."""
    return _filled(shape, 1, dtype, name)


def _like(input: Any, number: Any, dtype: Any, name: str | None) -> Any:
    tensor = frontdoor.convert(input)
    wanted = tensor.dtype if dtype is None else dtypes.as_dtype(dtype)
    if isinstance(tensor, RaggedTensor):
        return tensor.with_flat_values(_like(tensor.flat_values, number, wanted, name))
    if hasattr(tensor, "__weft_operation__"):
        # A constant would not depend on the operand, and its owner would not hear of it.
        same, other = apply("equal", tensor, tensor), apply("not_equal", tensor, tensor)
        return cast_to(apply("logical_or" if number else "logical_and", same, other), wanted)
    if tensor.shape.symbolic is None:
        return fill(shape(tensor), constant(number, wanted), name=name)
    return _filled(tensor.shape, number, wanted, name)


def zeros_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
    """Zeros in the shape and dtype of another tensor."""
    return _like(input, 0, dtype, name)


def ones_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
    """Ones in the shape and dtype of another tensor."""
    return _like(input, 1, dtype, name)


def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Any:
    """A tensor of a shape, filled with one value."""
    if isinstance(dims, (list, tuple)) and any(isinstance(size, (list, tuple)) for size in dims):
        raise InvalidArgumentError(explain("fill: `dims` must be a vector.", received=repr(dims)[:100]))
    return broadcast_to(frontdoor.convert(value), dims, name=name)


def eye(num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = dtypes.float32,
        name: str | None = None) -> Any:  # fmt: skip
    """The identity matrix, repeated over `batch_shape`."""
    if late.is_late(num_rows, num_columns):
        matrix = late.eye(num_rows, num_rows if num_columns is None else num_columns, dtypes.as_dtype(dtype))
        return matrix if batch_shape is None else broadcast_to(matrix, concat([batch_shape, shape(matrix)], 0))
    rows = integer(num_rows, "num_rows")
    columns = rows if num_columns is None else integer(num_columns, "num_columns")
    if min(rows, columns) < 0:
        raise InvalidArgumentError(explain("eye: a size must not be negative.", received=f"{rows} by {columns}"))
    matrix = constant(np.eye(rows, columns), dtype)
    return matrix if batch_shape is None else broadcast_to(matrix, [*batch_shape, rows, columns])


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Any:
    """The numbers from `start` up to, not with, `limit`, in steps of `delta`; one argument is the limit."""
    if limit is None:
        start, limit = 0, start
    parts = [start, limit, delta]
    if all(isinstance(p, (int, float, np.number)) and not isinstance(p, bool) for p in parts):
        if delta == 0:
            raise InvalidArgumentError(explain("range: `delta` must not be 0."))
        natural = dtypes.float32 if any(isinstance(p, (float, np.floating)) for p in parts) else dtypes.int32
        wanted = natural if dtype is None else dtypes.as_dtype(dtype)
        if (limit - start) * delta < 0:
            raise InvalidArgumentError(explain(
                "range: `delta` leads away from `limit`.", received=f"start {start}, limit {limit}, delta {delta}",
                expected="start <= limit with delta > 0, or start >= limit with delta < 0",
            ))  # fmt: skip
        count = max(0, int(np.ceil((limit - start) / delta)))
        values = start + np.arange(count) * delta
        return constant(values.astype(wanted.numpy), wanted)
    tensors = [frontdoor.convert(p) for p in parts]
    wanted = dtypes.as_dtype(dtype) if dtype is not None else _widest([t.dtype for t in tensors])
    return apply("range", *(cast_to(t, wanted) for t in tensors), name=name)


def _widest(found: Sequence[Any]) -> Any:
    order = [dtypes.int32, dtypes.int64, dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64]
    return max(found, key=lambda d: order.index(d) if d in order else 0)


def shape(input: Any, out_type: Any = dtypes.int32, name: str | None = None) -> Any:
    """The shape of a tensor as an integer tensor `[rank]`."""
    tensor = frontdoor.convert(input) if not hasattr(input, "__weft_operation__") else input
    if hasattr(tensor, "__weft_operation__"):
        return apply("shape", tensor, dtype=dtypes.as_dtype(out_type))
    return sizes.shape_tensor(tensor, dtypes.as_dtype(out_type))


def size(input: Any, out_type: Any = dtypes.int32, name: str | None = None) -> Any:
    """The number of elements as an integer scalar."""
    return apply("size", input, dtype=dtypes.as_dtype(out_type), name=name)


def rank(input: Any, name: str | None = None) -> Any:
    """The number of axes as an int32 scalar."""
    tensor = frontdoor.convert(input)
    known = tensor.shape.rank
    return apply("rank", tensor, name=name) if known is None else constant(known, dtypes.int32)


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """The values as another dtype; floats to integers lose their fraction."""
    tensor = x if x.__class__ is EagerTensor else frontdoor.convert(x)
    wanted = dtype if dtype.__class__ is dtypes.DType else dtypes.as_dtype(dtype)
    if tensor.dtype == wanted:
        return tensor
    if tensor.dtype == dtypes.string and wanted is not dtypes.string:
        raise UnimplementedError(explain(f"Cast string to {wanted.name} is not supported.",
                                         received=str(tensor.type), hint="tf.strings.to_number"))  # fmt: skip
    return cast_to(tensor, wanted)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """The same elements under another shape; one size may be -1 and is then computed. Ragged ones become dense.

    Raises:
        InvalidArgumentError: Where the numbers of elements differ.
    """
    x = frontdoor.convert(tensor)
    if x.__class__ is EagerTensor and isinstance(shape, (list, tuple)) and all(n.__class__ is int for n in shape):
        record, call = opdef.get("reshape"), ("to", *shape)
        found = dispatch.single(record, x, call)
        if found is None:
            found = _reshape(x, shape, name)
            if found.__class__ is EagerTensor:
                dispatch.remember(record, call, (x,), {"shape": found._array.shape})
        return found
    return _reshape(x, shape, name)


def _reshape(x: Any, shape: Any, name: str | None) -> Any:
    if isinstance(x, RaggedTensor):
        return _reshape(x.flat_values, shape, name)
    target = sizes.shape_argument(shape)
    if not sizes.is_static(target):
        return apply("reshape_dynamic", x, target, name=name, sizes=sizes.known_parts(shape))
    known = x.shape.symbolic
    if known is None:
        wanted = constant(np.asarray(target, np.int32))
        return apply("reshape_dynamic", x, wanted, sizes=tuple(None if n == -1 else n for n in target), name=name)
    try:
        resolved = sizes.resolve_minus_one(target, known)
    except ValueError as error:
        raise InvalidArgumentError(explain(f"reshape: {error}", received=f"tensor: {x.dtype.name}{x.shape}")) from None
    return apply("reshape", x, shape=resolved, name=name)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """The tensor repeated until it has the shape."""
    target = sizes.shape_argument(shape)
    if sizes.is_static(target):
        for n in target:
            if isinstance(n, int) and n < 0:
                raise InvalidArgumentError(explain(f"A size must be known and not negative, received {shape}."))
        return apply("broadcast_to", input, shape=target, name=name)
    return apply("broadcast_to_dynamic", input, target, sizes=sizes.known_parts(shape), name=name)


def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str = "transpose") -> Any:
    """The axes in another order; reversed where `perm` is None."""
    x = frontdoor.convert(a)
    if perm is None and x.shape.rank is None:
        result = dispatch.call("reverse_axes", x)
        return apply("conj", result) if conjugate and x.dtype.is_complex else result
    if late.is_late(perm):
        result = late.transpose(x, perm)
        return apply("conj", result) if conjugate and x.dtype.is_complex else result
    if perm is None:
        order = tuple(np.arange(x.shape.rank)[::-1].tolist())
    else:
        order = tuple(integer(p, "perm") for p in (perm if isinstance(perm, (list, tuple)) else axes_of(x, perm)))
        order = tuple(p % len(order) if -len(order) <= p < len(order) else p for p in order)
    result = apply("transpose", x, perm=order, name=name)
    return apply("conj", result) if conjugate and x.dtype.is_complex else result


def expand_dims(input: Any, axis: Any, name: str | None = None) -> Any:
    """The tensor with an axis of size 1 put in."""
    if late_axes.unknown(axis, x := frontdoor.operand(input)):
        return late_axes.expand_dims(x, axis)
    return apply("expand_dims", x, axis=integer(axis, "axis"), name=name)


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """The tensor without its axes of size 1, or without the named ones."""
    x = frontdoor.convert(input)
    if axis is not None and not isinstance(axis, (list, tuple)):
        axis = [axis]
    if axis is not None and not axis:
        axis = None
    return apply("squeeze", x, axis=None if axis is None else tuple(integer(a, "axis") for a in axis), name=name)


def concat(values: Any, axis: Any, name: str = "concat") -> Any:
    """Tensors joined along an axis."""
    if not isinstance(values, (list, tuple)):
        values = [values]
    tensors = _one_dtype(values, "concat")
    if late_axes.unknown(axis, tensors[0]):
        return late_axes.concat(tensors, axis)
    return apply("concat", *tensors, axis=integer(axis, "axis"), name=name)


def _one_dtype(values: Sequence[Any], op: str) -> list[Any]:
    if not values:
        raise InvalidArgumentError(f"{op} needs at least one tensor.")
    return frontdoor.alike(values, op)


def stack(values: Any, axis: Any = 0, name: str = "stack") -> Any:
    """Tensors of one shape joined along a new axis."""
    if not isinstance(values, (list, tuple)):
        values = unstack(values)
    if not values and axis in (0, -1):
        return zeros([0])
    return apply("stack", *_one_dtype(values, "stack"), axis=integer(axis, "axis"), name=name)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Any]:
    """The tensors that lie along an axis, as a list."""
    result = apply("unstack", value, num=num, axis=axis, name=name)
    return list(result) if isinstance(result, tuple) else [result]


def split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: str = "split") -> list[Any]:
    """A tensor cut along an axis, into so many equal parts or into parts of these sizes."""
    if isinstance(num_or_size_splits, (list, tuple)) or getattr(num_or_size_splits, "shape", ()) != ():
        parts = sizes.shape_argument(num_or_size_splits)
        if not sizes.is_static(parts):
            return late.split(frontdoor.convert(value), frontdoor.convert(num_or_size_splits), integer(axis, "axis"))
        number: Any = tuple(parts)
    else:
        number = integer(num_or_size_splits, "num_or_size_splits")
    if late_axes.unknown(axis, x := frontdoor.operand(value)):
        return late_axes.split(x, number, axis)
    result = apply("split", x, num_or_sizes=number, axis=integer(axis, "axis"), name=name)
    return list(result) if isinstance(result, tuple) else [result]


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None) -> Any:
    """The tensor with a border: `paddings[i]` says how much before and after along axis i."""
    if mode.lower() not in ("constant", "reflect", "symmetric"):
        raise ValueError(f"Unknown padding mode {mode!r}; it is CONSTANT, REFLECT or SYMMETRIC.")
    x = frontdoor.convert(tensor)
    if isinstance(paddings, (list, tuple, np.ndarray)):
        if any(np.isscalar(p) or (isinstance(p, (list, tuple, np.ndarray)) and len(p) != 2) for p in paddings):
            raise InvalidArgumentError(f"pad: `paddings` must be pairs (before and after), received {paddings!r}.")
        pairs = [[sizes._size(n) for n in pair] for pair in paddings]
        if all(n is not None for pair in pairs for n in pair):
            number = constant_values
            if frontdoor.is_tensor_like(number):
                number = static.known_array(number, None, "pad: `constant_values`").item()
            if x.dtype.is_integer and not isinstance(number, (int, np.integer)):
                raise DTypeError(explain(
                    f"pad: `constant_values` would lose its fraction as {x.dtype.name}.", received=repr(number),
                    hint="cast the tensor: tf.cast(x, tf.float32)",
                ))  # fmt: skip
            return apply("pad", x, paddings=tuple(tuple(p) for p in pairs), mode=mode.lower(),
                         constant_value=number, name=name)  # fmt: skip
    found = frontdoor.convert(paddings)
    if hasattr(found, "_array"):
        return pad(x, found._array, mode, constant_values, name)
    return apply("pad_dynamic", x, found, constant_value=constant_values, name=name)


def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """The tensor repeated `multiples[i]` times along axis i."""
    counts = sizes.shape_argument(multiples)
    if sizes.is_static(counts):
        return apply("tile", input, multiples=counts, name=name)
    return apply("tile_dynamic", input, counts, name=name)


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Every element (or row along an axis) repeated, all as often or each by its own number."""
    x = frontdoor.convert(input)
    if axis is None:
        x, axis = reshape(x, [-1]), 0
    if isinstance(repeats, int):
        return apply("repeat", x, repeats=repeats, axis=axis, name=name)
    counts = _indices(repeats, "`repeats`")
    if counts.shape.rank == 0 and hasattr(counts, "_array"):
        return apply("repeat", x, repeats=int(counts._array), axis=axis, name=name)
    if counts.shape.rank == 0 or counts.shape[0] == 1:
        counts = broadcast_to(counts, [shape(x)[axis]])
    return gather(x, apply("repeat_indices", counts), axis=axis)


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """The order along axes reversed."""
    x = frontdoor.convert(tensor)
    if late_axes.unknown(axis, x):
        return late_axes.reverse(x, axis)
    return apply("reverse", x, axis=axes_of(x, axis), name=name)


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """Elements moved along axes; what leaves at the end comes in at the start."""
    if late_axes.unknown(axis, x := frontdoor.operand(input)):
        return late_axes.roll(x, shift, axis)
    axes = axes_of(input, axis)
    if late.is_late(shift):
        return apply("roll_dynamic", input, in_a_row(frontdoor.convert(shift)), axis=axes, name=name)
    shifts = axes_of(input, shift)
    return apply("roll", input, shift=shifts, axis=axes, name=name)


def gather(params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: int = 0,
           name: str | None = None) -> Any:  # fmt: skip
    """Slices of `params` along an axis, chosen by `indices`."""
    if axis is None:
        axis = batch_dims
    found = _indices(indices)
    if late_axes.unknown(axis, x := frontdoor.operand(params)) and not batch_dims:
        return late_axes.gather(x, found, axis)
    return apply("gather", x, found, axis=integer(axis, "axis"), batch_dims=batch_dims, name=name)


def _indices(indices: Any, what: str = "Indices") -> Any:
    found = frontdoor.operand(indices)
    if found.dtype not in (dtypes.int32, dtypes.int64):
        if not found.dtype.is_integer:
            raise DTypeError(explain(f"{what} must be integers, received {found.dtype.name}.", hint="use tf.cast"))
        found = cast_to(found, dtypes.int32)
    return found


def gather_nd(
    params: Any, indices: Any, batch_dims: int = 0, name: str | None = None, bad_indices_policy: str = ""
) -> Any:
    """Elements or slices of `params` at points: the last axis of `indices` holds the coordinates."""
    places = _indices(indices)
    if not _passes_over(bad_indices_policy, "gather_nd"):
        return apply("gather_nd", params, places, batch_dims=batch_dims, name=name)
    values = frontdoor.convert(params)
    good = _within(places, shape(values)[batch_dims:])
    found = apply("gather_nd", values, where(good[..., newaxis], places, zeros_like(places)), batch_dims=batch_dims,
                  name=name)  # fmt: skip
    good = reshape(good, concat([shape(good), ones([rank(found) - rank(good)], dtypes.int32)], 0))
    return where(good, found, zeros_like(found))


def _passes_over(policy: str, said: str) -> bool:
    """Whether indices out of range are passed over; they are refused otherwise."""
    if policy not in ("", "DEFAULT", "ERROR", "IGNORE"):
        raise ValueError(explain(f"tf.{said}: no such bad_indices_policy.", received=repr(policy),
                                 expected="'', 'DEFAULT' or 'ERROR' to refuse, 'IGNORE' to pass over"))  # fmt: skip
    return policy == "IGNORE"


def _within(places: Any, limits: Any) -> Any:
    """Which points lie inside: bools of the shape of `places` without its last axis."""
    from weft.api import math

    top = cast_to(limits, places.dtype)[: places.shape[-1]]
    return math.reduce_all(math.logical_and(math.greater_equal(places, zeros_like(top)), math.less(places, top)), -1)


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None, bad_indices_policy: str = "") -> Any:
    """Zeros of a shape with updates added at points; policy 'IGNORE' passes over points that lie outside."""
    target, places = sizes.shape_argument(shape), _indices(indices)
    if _passes_over(bad_indices_policy, "scatter_nd"):
        good = _within(places, shape)
        places, updates = boolean_mask(places, good), boolean_mask(updates, good)
    if not sizes.is_static(target):
        return tensor_scatter_nd_add(zeros(shape, frontdoor.convert(updates).dtype), places, updates, name)
    return apply("scatter_nd", places, updates, shape=target, name=name)


def _tensor_scatter(op: str) -> Any:
    public = op.replace("scatter", "scatter_nd")

    def function(tensor: Any, indices: Any, updates: Any, name: str | None = None,
                 bad_indices_policy: str = "") -> Any:  # fmt: skip
        x, places = frontdoor.convert(tensor), _indices(indices)
        values = frontdoor.convert(updates, hint=x.dtype)
        if _passes_over(bad_indices_policy, public):
            good = _within(places, shape(x))
            places, values = boolean_mask(places, good), boolean_mask(values, good)
        return apply(op, x, places, values, name=name)

    function.__name__ = function.__qualname__ = public
    return function


tensor_scatter_nd_update = _tensor_scatter("tensor_scatter_update")
tensor_scatter_nd_add = _tensor_scatter("tensor_scatter_add")
tensor_scatter_nd_sub = _tensor_scatter("tensor_scatter_sub")
tensor_scatter_nd_max = _tensor_scatter("tensor_scatter_max")
tensor_scatter_nd_min = _tensor_scatter("tensor_scatter_min")


def one_hot(indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: int | None = None,
            dtype: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """Vectors with `on_value` at the index and `off_value` elsewhere, along a new axis (the last one by default)."""
    found = _indices(indices)
    if dtype is None:
        given = on_value if on_value is not None else off_value
        dtype = dtypes.float32 if given is None else frontdoor.convert(given).dtype
    wanted = dtypes.as_dtype(dtype)
    size = late.number(depth, "depth")
    if not isinstance(size, int):
        hot = late.one_hot(found, size, -1 if axis is None else axis)
        return where(hot, cast_to(1 if on_value is None else on_value, wanted),
                     cast_to(0 if off_value is None else off_value, wanted), name=name)  # fmt: skip
    if on_value is not None and off_value is not None and frontdoor.strict():
        frontdoor.together(on_value, off_value, "one_hot")  # refuses those of two dtypes
    options: dict[str, Any] = {"depth": size, "axis": -1 if axis is None else axis}
    on, off = (1 if on_value is None else on_value), (0 if off_value is None else off_value)
    if wanted is not dtypes.string and not any(frontdoor.is_tensor_like(value) for value in (on, off)):
        return apply("one_hot", found, dtype=wanted, on_value=on, off_value=off, name=name, **options)
    hot = apply("one_hot", found, dtype=dtypes.bool_, on_value=True, off_value=False, **options)
    return where(hot, cast_to(on, wanted), cast_to(off, wanted), name=name)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """x where the condition holds, else y; with the condition alone, the coordinates at which it holds."""
    if isinstance(condition, RaggedTensor):
        return ragged_map.where(condition, x, y)
    test = frontdoor.convert(condition)
    if (x is None) != (y is None):
        raise ValueError("where takes both x and y, or neither.")
    if x is None:
        return apply("where", test, name=name)
    if not test.dtype.is_bool:
        test = cast_to(test, dtypes.bool_)
    a, b = frontdoor.together(x, y, "where")
    return apply("select", test, a, b, name=name)


def boolean_mask(tensor: Any, mask: Any, axis: int | None = None, name: str = "boolean_mask") -> Any:
    """The elements (or slices from an axis on) at which the mask is true."""
    x, chosen = frontdoor.convert(tensor), cast_to(frontdoor.convert(mask), dtypes.bool_)
    if axis:
        order = chosen.shape.rank
        moved = [*np.arange(axis, axis + order), *np.arange(axis), *np.arange(axis + order, x.shape.rank)]
        picked = apply("boolean_mask", transpose(x, [int(m) for m in moved]), chosen)
        back = [*np.arange(1, axis + 1), 0, *np.arange(axis + 1, picked.shape.rank)]
        return transpose(picked, [int(m) for m in back])
    return apply("boolean_mask", x, chosen, name=name)


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """A window of a tensor: from `begin`, `size` long along each axis (-1: to the end)."""
    start, extent = sizes.shape_argument(begin), sizes.shape_argument(size)
    if sizes.is_static(start) and sizes.is_static(extent):
        return apply("slice", input_, begin=start, size=extent, name=name)
    known = sizes.known_parts(extent if sizes.is_static(extent) else size)
    return apply("slice_dynamic", input_, sizes.as_tensor(start), sizes.as_tensor(extent), sizes=known, name=name)


def strided_slice(input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
                  ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None,
                  name: str | None = None) -> Any:  # fmt: skip
    """Slices with TensorFlow's bit masks; `x[...]` says the same more plainly."""
    starts, ends = list(begin), list(end)
    steps = [1] * len(starts) if strides is None else list(strides)
    key: list[Any] = []
    for i, (a, b, s) in enumerate(zip(starts, ends, steps, strict=True)):
        bit = 1 << i
        if ellipsis_mask & bit:
            key.append(Ellipsis)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(a)
        else:
            key.append(_slice_object(None if begin_mask & bit else a, None if end_mask & bit else b, s))
    return indexing.getitem(input_, tuple(key))


def _slice_object(start: Any, stop: Any, step: Any) -> Any:
    import builtins

    return builtins.slice(start, stop, step)


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = dtypes.bool_, name: str | None = None) -> Any:
    """Rows that are true up to a length each: `[..., maxlen]` for lengths `[...]`.

    Example:
        >>> sequence_mask([1, 3]).numpy().tolist()
        [[True, False, False], [True, True, True]]
    """
    ends = frontdoor.convert(lengths)
    if maxlen is None:
        longest = apply("reduce_max", reshape(ends, [-1]), axis=(0,))
        row = range(0, apply("maximum", longest, zeros_like(longest)))
    else:
        size = maxlen if isinstance(maxlen, int) else sizes.known(maxlen)  # which may be that of another tensor's axis
        row = range(0, maxlen) if size is None or isinstance(size, tuple) else apply("iota", shape=(size,), axis=0)
    mask = apply("less", cast_to(row, ends.dtype), expand_dims(ends, -1), name=name)
    return cast_to(mask, dtype)


def reverse_sequence(input: Any, seq_lengths: Any, seq_axis: Any = None, batch_axis: Any = None,
                     name: str | None = None) -> Any:  # fmt: skip
    """The first `seq_lengths[i]` elements of each sequence i in the opposite order, the rest as it is."""
    return apply("reverse_sequence", input, seq_lengths, seq_axis=0 if seq_axis is None else seq_axis,
                 batch_axis=0 if batch_axis is None else batch_axis, name=name)  # fmt: skip


def space_to_batch(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Any:
    """Positions within blocks of space (padded with zeros first) laid out along the batch."""
    return apply("space_to_batch", input, block_shape=_integers(block_shape), paddings=_pairs(paddings), name=name)


space_to_batch_nd = space_to_batch


def batch_to_space(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Any:
    """Parts of the batch woven back into space, its edges cropped; undoes `space_to_batch`."""
    return apply("batch_to_space", input, block_shape=_integers(block_shape), crops=_pairs(crops), name=name)


def _integers(values: Any) -> tuple[int, ...]:
    found = sizes.shape_argument(values)
    if not isinstance(found, tuple):
        raise ValueError(explain("A block's sizes must be known when the graph is built.", received=str(values),
                                 hint="give them as Python integers"))  # fmt: skip
    return found


def _pairs(values: Any) -> tuple[tuple[int, ...], ...]:
    known = static.get_static_value(values) if frontdoor.is_tensor_like(values) else np.asarray(values)
    if known is None:
        raise ValueError(explain("Paddings and crops must be known when the graph is built.", received=str(values),
                                 hint="give them as Python integers"))  # fmt: skip
    return tuple((int(before), int(after)) for before, after in known)


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """A cast in which numbers that the dtype cannot hold become its least or greatest.

    Example:
        >>> saturate_cast([-300.0, 1.5, 300.0], "int8").numpy().tolist()
        [-128, 1, 127]
    """
    x, wanted = frontdoor.convert(value), dtypes.as_dtype(dtype)
    if x.dtype.is_bool or x.dtype.is_complex or wanted.is_complex:
        return cast_to(x, wanted)
    least, greatest = _common_limits(x.dtype, wanted)
    low, high = (frontdoor.convert(np.asarray(n, x.dtype.numpy)) for n in (least, greatest))
    return cast_to(apply("clip", x, low, high), wanted)


def _common_limits(source: Any, wanted: Any) -> tuple[Any, Any]:
    """The least and greatest number of the source dtype that the other one holds as well."""
    (low, high), (least, greatest) = source.limits, wanted.limits
    if not (source.is_floating and wanted.is_integer):
        return max(low, least), min(high, greatest)
    # A power of two is its neighbour up where the greatest integer has more digits than the float holds.
    top = source.numpy.type(min(int(high), greatest))
    return max(int(low), least), np.nextafter(top, source.numpy.type(0)) if int(top) > greatest else top


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """The same tensor, checked when it runs to have the shape."""
    known = TensorShape(shape)
    wanted = tuple(n if isinstance(n, int) else None for n in known.symbolic or ())
    return apply("ensure_shape", x, shape=wanted, name=name)


def meshgrid(*args: Any, indexing: str = "xy", name: str = "meshgrid") -> list[Any]:
    """Coordinate grids out of coordinate vectors."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: `indexing` must be 'xy' or 'ij', received {indexing!r}.")
    vectors = [reshape(v, [-1]) for v in _one_dtype(args, "meshgrid")]
    count = len(vectors)
    order: list[int] = np.arange(count).tolist()
    if indexing == "xy" and count > 1:
        order[0], order[1] = 1, 0
    lengths = [v.shape.symbolic[0] for v in vectors]
    target: list[Any] = [None] * count
    for axis, length in zip(order, lengths, strict=True):
        target[axis] = length
    grids = []
    for axis, vector in zip(order, vectors, strict=True):
        form = [1] * count
        form[axis] = -1
        grids.append(broadcast_to(reshape(vector, form), tuple(target)))
    return grids


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape that two shapes broadcast to."""
    joined = shapes.broadcast(TensorShape(shape_x).symbolic or (), TensorShape(shape_y).symbolic or ())
    return TensorShape(late.joined(joined, shape_x, shape_y))


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape that two shape tensors broadcast to, as a tensor."""
    first, second = sizes.shape_argument(shape_x), sizes.shape_argument(shape_y)
    joined = late.broadcast_known(first, second)
    if joined is None:
        return late.broadcast_sizes(first, second)
    return frontdoor.convert(joined.as_list(), dtypes.int32) if joined.is_fully_defined() else dispatch.call(
        "dimensions", sizes=joined.symbolic, dtype=dtypes.int32)  # fmt: skip


def guarantee_const(input: Any, name: str | None = None) -> Any:
    """The same tensor."""
    return identity(input, name)


def bitcast(input: Any, type: Any, name: str | None = None) -> Any:
    """The same bits read as another dtype."""
    return apply("bitcast", input, dtype=dtypes.as_dtype(type), name=name)


