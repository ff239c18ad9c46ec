"""The rarer functions at the top of version 1's `tf`: those that version 2 dropped or gave other arguments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

import weft
from weft.api.common import apply
from weft.base import dtypes
from weft.compat.v1.naming import composite, in_graph
from weft.compat.v1.ops import _old_name
from weft.compat.v1.strings import _needed
from weft.runtime import frontdoor
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys
from weft.runtime.scopes import NameScope, Unit

# Numbers -------------------------------------------------------------------------------------------------------------


def lin_space(start: Any, stop: Any, num: Any, name: str | None = None) -> Any:
    """`num` evenly spaced numbers from `start` to `stop`, both included."""
    from weft.compat import v1

    return v1.linspace(start, stop, num, name)


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Any:
    """A tensor scaled down so that its norm, divided by its number of elements, is at most `clip_norm`."""
    tensor = weft.convert_to_tensor(t)
    count = weft.cast(weft.size(tensor), tensor.dtype)
    most = weft.cast(clip_norm, tensor.dtype)
    norm = weft.sqrt(weft.reduce_sum(tensor * tensor)) / count
    return weft.multiply(tensor * most, weft.minimum(1.0 / norm, 1.0 / most), name=name)


def to_complex128(x: Any, name: str = "ToComplex128") -> Any:
    """The values as complex128."""
    return weft.cast(x, dtypes.complex128)


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """The rows at `indices` for each element of a batch, which is all axes of the indices but the last."""
    where = weft.convert_to_tensor(indices)
    if where.shape.rank is None:
        raise ValueError("batch_gather does not allow indices with unknown shape.")
    return weft.gather(params, where, batch_dims=where.shape.rank - 1, name=name)


class ListDiff(NamedTuple):
    """The result of `setdiff1d`."""

    out: Any
    idx: Any


def setdiff1d(x: Any, y: Any, index_dtype: Any = dtypes.int32, name: str | None = None) -> ListDiff:
    """What of one list is not in another, in its order, and where it stands: fields `out` and `idx`.

    Example:
        >>> import weft.compat.v1 as tf
        >>> found = tf.setdiff1d([1, 2, 3, 4], [2, 4])
        >>> found.out.numpy().tolist(), found.idx.numpy().tolist()
        ([1, 3], [0, 2])
    """
    first = weft.convert_to_tensor(x)
    second = frontdoor.convert(y, hint=first.dtype)
    inside = weft.reduce_any(weft.equal(first[:, None], second[None, :]), axis=1)
    places = weft.where(weft.logical_not(inside))[:, 0]
    return ListDiff(weft.gather(first, places), weft.cast(places, index_dtype))


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Any:
    """Flat indices as one index for each axis of an array of these sizes, `[axes, ...]`.

    Example:
        >>> import weft.compat.v1 as tf
        >>> tf.unravel_index([5, 3], [2, 3]).numpy().tolist()
        [[1, 1], [2, 0]]
    """
    flat = weft.convert_to_tensor(indices)
    sizes = weft.cast(dims, flat.dtype)
    if not in_graph():  # version 1's own has no such check
        inside = weft.logical_and(weft.reduce_all(flat >= 0), weft.reduce_all(flat < weft.reduce_prod(sizes)))
        apply("assert", inside, flat, sizes, message="unravel_index: an index lies outside of an array of these sizes")
    strides = weft.math.cumprod(sizes, exclusive=True, reverse=True)
    shape = [-1] + [1] * (flat.shape.rank or 0)
    return weft.math.floormod(flat[None] // weft.reshape(strides, shape), weft.reshape(sizes, shape))


def matrix_solve_ls(matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True,
                    name: str | None = None) -> Any:  # fmt: skip
    """The least-squares solutions of matrix x = rhs."""
    return weft.linalg.lstsq(matrix, rhs, l2_regularizer, fast, name)


# Space and batch -----------------------------------------------------------------------------------------------------


def _block(block_size: Any, block_shape: Any) -> Any:
    given = _old_name(block_shape, block_size, "block_shape", "block_size")
    return [given, given] if isinstance(given, int) else given


def space_to_batch(input: Any, paddings: Any, block_size: Any = None, name: str | None = None,
                   block_shape: Any = None) -> Any:  # fmt: skip
    """Positions within blocks of images laid out along the batch."""
    return weft.space_to_batch(input, _block(block_size, block_shape), paddings, name)


def batch_to_space(input: Any, crops: Any, block_size: Any = None, name: str | None = None,
                   block_shape: Any = None) -> Any:  # fmt: skip
    """Parts of the batch woven back into images."""
    return weft.batch_to_space(input, _block(block_size, block_shape), crops, name)


def required_space_to_batch_paddings(input_shape: Any, block_shape: Any, base_paddings: Any = None,
                                     name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The paddings that make sizes multiples of a block's, and the crops that undo them; both `[axes, 2]`."""
    sizes, block = (weft.cast(part, dtypes.int32) for part in (input_shape, block_shape))
    base = weft.zeros([block.shape[0], 2], dtypes.int32) if base_paddings is None else base_paddings
    base = weft.cast(base, dtypes.int32)
    start, end = base[:, 0], base[:, 1]
    extra = weft.math.floormod(block - weft.math.floormod(sizes + start + end, block), block)
    paddings = weft.stack([start, end + extra], 1)
    return paddings, weft.stack([weft.zeros_like(extra), extra], 1)


# Checks --------------------------------------------------------------------------------------------------------------


def verify_tensor_all_finite(t: Any = None, msg: str | None = None, name: str | None = None, x: Any = None,
                             message: str | None = None) -> Any:  # fmt: skip
    """The same tensor; raises when it runs where an element is NaN or infinite.

    Args:
        t: A tensor; `x` is another name of it.
        msg: What the error says; `message` is another name of it.
        name: A name for the operation.
    """
    tensor, text = _old_name(x, t, "x", "t"), _old_name(message, msg, "message", "msg")
    return apply("check_numerics", tensor, message=text, name=name)


def add_check_numerics_ops() -> Any:
    """An operation that checks every floating-point tensor of the graph so far for NaN and infinity."""
    graph = graphs.default_graph()
    checks = []
    for op in graph.get_operations():
        for output in op.outputs:
            if output.dtype.is_floating:
                checks.append(apply("check_numerics", output, message=output.name))
    return graphs.group(*checks)


def _checked(function: Any, public: str, *args: Any, message: str | None, name: str | None) -> Any:
    if not in_graph():
        return function(*args, message=message)
    with Unit(name or public):
        done = function(*args, message=message)
        return graphs.group(*([] if done is None else [done]), name="Assert/AssertGuard/Merge")


def _rank_checked(function: Any, public: str, x: Any, ranks: Any, fits: Any, message: str | None,
                  name: str | None) -> Any:  # fmt: skip
    """A check of a rank: at once where it is known, else by an operation."""
    if not in_graph():
        return function(x, ranks, message=message)
    with Unit(name or public):
        function(x, ranks, message=message)
        tensor = weft.convert_to_tensor(x)
        if tensor.shape.rank is not None:
            return graphs.group(name="static_checks_determined_all_ok")
        rank = weft.rank(tensor)
        text = f"{message or ''}Tensor {tensor.name} must have rank {public.removeprefix('assert_rank')} {ranks}."
        done = weft.debugging.Assert(fits(rank), [text, "Received shape: ", weft.shape(tensor)])
        return graphs.group(*([] if done is None else [done]), name="Assert/Assert")


def _typed(function: Any, public: str, shown: str, *args: Any, message: str | None, name: str | None) -> Any:
    """A check of a dtype, which is known: an operation that does nothing where it holds."""
    function(*args, message=message)
    if not in_graph():
        return None
    with Unit(name or public):
        return graphs.group(name=shown)


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises TypeError unless the dtype is one of integers."""
    return _typed(weft.debugging.assert_integer, "assert_integer", "statically_determined_was_integer", x,
                  message=message, name=name)  # fmt: skip


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> Any:
    """Raises TypeError unless the tensor has a dtype."""
    return _typed(weft.debugging.assert_type, "assert_type", "statically_determined_correct_type", tensor, tf_type,
                  message=message, name=name)  # fmt: skip


def assert_rank(x: Any, rank: Any, data: Any = None, summarize: Any = None, message: str | None = None,
                name: str | None = None) -> Any:  # fmt: skip
    """Raises unless a tensor has this rank."""
    return _rank_checked(weft.debugging.assert_rank, "assert_rank", x, rank, lambda found: weft.equal(found, rank),
                         message, name)  # fmt: skip


def assert_rank_at_least(x: Any, rank: Any, data: Any = None, summarize: Any = None, message: str | None = None,
                         name: str | None = None) -> Any:  # fmt: skip
    """Raises unless a tensor has at least this rank."""
    return _rank_checked(weft.debugging.assert_rank_at_least, "assert_rank_at_least", x, rank,
                         lambda found: weft.greater_equal(found, rank), message, name)  # fmt: skip


def assert_rank_in(x: Any, ranks: Any, data: Any = None, summarize: Any = None, message: str | None = None,
                   name: str | None = None) -> Any:  # fmt: skip
    """Raises unless a tensor has one of these ranks."""
    return _rank_checked(weft.debugging.assert_rank_in, "assert_rank_in", x, ranks,
                         lambda found: weft.reduce_any(weft.equal(found, list(ranks))), message, name)  # fmt: skip


def assert_none_equal(x: Any, y: Any, data: Any = None, summarize: Any = None, message: str | None = None,
                      name: str | None = None) -> Any:  # fmt: skip
    """Raises where elements are equal."""
    return _checked(weft.debugging.assert_none_equal, "assert_none_equal", x, y, message=message, name=name)


def assert_near(x: Any, y: Any, rtol: Any = None, atol: Any = None, data: Any = None, summarize: Any = None,
                message: str | None = None, name: str | None = None) -> Any:  # fmt: skip
    """Raises unless |x - y| <= atol + rtol |y| everywhere."""
    return _checked(weft.debugging.assert_near, "assert_near", x, y, rtol, atol, message=message, name=name)


def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Any:
    """The tensor; raises unless it is a single value."""
    found = weft.convert_to_tensor(tensor)
    weft.debugging.assert_scalar(found, message)
    return found


def assert_variables_initialized(var_list: Any = None) -> Any:
    """An operation that raises where a variable has no value yet."""
    from weft.compat.v1.graphs import global_variables, local_variables

    given = list(var_list) if var_list is not None else global_variables() + local_variables()
    return graphs.group(*[weft.identity(variable) for variable in given])


# Graphs --------------------------------------------------------------------------------------------------------------


class AggregationMethod:
    """How gradients of one tensor are added up; accepted, for they are added the same way."""

    ADD_N = DEFAULT = 0
    EXPERIMENTAL_TREE, EXPERIMENTAL_ACCUMULATE_N = 1, 2


def add_to_collections(names: Any, value: Any) -> None:
    """Puts a value into several collections of the default graph."""
    graphs.default_graph().add_to_collections(names, value)


def model_variables(scope: str | None = None) -> list[Any]:
    """The variables of the collection MODEL_VARIABLES."""
    return graphs.default_graph().get_collection(GraphKeys.MODEL_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """The variables that have a moving average."""
    return graphs.default_graph().get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


@contextmanager
def colocate_with(op: Any, ignore_existing: bool = False) -> Iterator[None]:
    """Accepted: everything runs in this process."""
    yield


@contextmanager
def container(container_name: str) -> Iterator[None]:
    """Accepted: variables belong to their session."""
    yield


@contextmanager
def op_scope(values: Any, name: str | None, default_name: str | None = None) -> Iterator[Any]:
    """A name scope, as before version 1.0: the values come first."""
    with NameScope(name, default_name) if in_graph() else weft.name_scope(name or default_name) as scope:
        yield scope


def with_dependencies(dependencies: Any, output_tensor: Any, name: str | None = None) -> Any:
    """A tensor that is there only after operations have run."""
    with weft.control_dependencies(dependencies):
        return weft.identity(output_tensor, name=name)


def convert_to_tensor_or_indexed_slices(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A value as a tensor; IndexedSlices as they are."""
    return value if isinstance(value, weft.IndexedSlices) else weft.convert_to_tensor(value, dtype, name=name)


def no_regularizer(_: Any) -> None:
    """No penalty."""


#: other names of functions that stay
reverse_v2, realdiv, floor_div, batch_to_space_nd = (
    weft.reverse, weft.divide, weft.floordiv, weft.batch_to_space)  # fmt: skip
tensor_scatter_add, tensor_scatter_sub, tensor_scatter_update = (
    weft.tensor_scatter_nd_add, weft.tensor_scatter_nd_sub, weft.tensor_scatter_nd_update)  # fmt: skip


# What there was before version 1.0 -----------------------------------------------------------------------------------


def reverse(tensor: Any = None, axis: Any = None, name: str | None = None, dims: Any = None) -> Any:
    """A tensor turned around along axes. Before version 1.0 there was a bool for each axis: both are understood."""
    from weft.compat.v1.old_names import _tell

    given = _needed(_old_name(axis, dims, "axis", "dims"), "reverse", "axis")
    known = weft.get_static_value(given) if frontdoor.is_tensor_like(given) else np.asarray(given)
    if known is not None and known.dtype == np.bool_ and known.ndim == 1:
        _tell("reverse(tensor, [True, ...])", "reverse(tensor, axis)")
        given = [int(place) for place in np.flatnonzero(known)]
    return weft.reverse(tensor, given, name)


def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """As version 2's `where`: shapes are broadcast."""
    return weft.where(condition, x, y, name or (None if x is None or not in_graph() else "SelectV2"))


def select(condition: Any, t: Any, e: Any, name: str | None = None) -> Any:
    """`t` where the condition holds, else `e`."""
    from weft.compat.v1.ops import where

    return where(condition, t, e, name)


for _name in ("setdiff1d", "to_complex128", "batch_gather", "batch_to_space", "batch_to_space_nd",
              "required_space_to_batch_paddings", "space_to_batch", "clip_by_average_norm", "floor_div",
              "matrix_solve_ls", "realdiv", "unravel_index", "verify_tensor_all_finite"):  # fmt: skip
    globals()[_name] = composite(_name, globals()[_name])
histogram_fixed_width_bins = composite("histogram_fixed_width_bins", weft.histogram_fixed_width_bins)
