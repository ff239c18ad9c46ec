"""Functions whose version 1 signature differs from version 2's."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import weft
from weft.api.common import apply
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1 import gradient_counts, operation_tables
from weft.compat.v1.naming import composite, counted, in_graph
from weft.runtime import frontdoor, graph_ops
from weft.runtime import graph as graphs
from weft.runtime.composite import IndexedSlices
from weft.runtime.operation_counts import further, standing_for
from weft.runtime.scopes import NameScope, Unit


def _old_name(new: Any, old: Any, what: str, name: str) -> Any:
    """One of two spellings of an argument.

    Raises:
        ValueError: Where both are given.
    """
    if new is not None and old is not None:
        raise ValueError(f"Cannot specify both `{what}` and `{name}`: they are the same argument.")
    return old if new is None else new


def _reduction(op: str) -> Any:
    def function(input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None,
                 reduction_indices: Any = None, keep_dims: Any = None) -> Any:  # fmt: skip
        axis = _old_name(axis, reduction_indices, "axis", "reduction_indices")
        keep = _old_name(keepdims, keep_dims, "keepdims", "keep_dims")
        if axis is None and in_graph():
            total = operation_tables.reduced(input_tensor, axis)
            with standing_for(total) as standing, graph_ops.constants_outside():
                tensor = frontdoor.convert(input_tensor)
                if tensor.shape.rank is None:
                    standing.gradients = gradient_counts.OF_UNKNOWN_RANK.get(op)
                further(tensor.shape.rank is None)  # the axes are a range up to the rank then
                return getattr(weft.math, op)(tensor, None, bool(keep), name)
        return getattr(weft.math, op)(input_tensor, axis, bool(keep), name)

    function.__name__ = function.__qualname__ = op
    function.__doc__ = f"As `weft.{op}`, with version 1's `reduction_indices` and `keep_dims` too."
    return function


reduce_sum = _reduction("reduce_sum")
reduce_mean = _reduction("reduce_mean")
reduce_max = _reduction("reduce_max")
reduce_min = _reduction("reduce_min")
reduce_prod = _reduction("reduce_prod")
reduce_all = _reduction("reduce_all")
reduce_any = _reduction("reduce_any")
reduce_logsumexp = _reduction("reduce_logsumexp")


def add_n(inputs: Any, name: str | None = None) -> Any:
    """The sum of tensors of one shape; a tensor alone is itself, or under the name that is given."""
    if in_graph() and isinstance(inputs, (list, tuple)) and len(inputs) == 1:
        only = weft.convert_to_tensor(inputs[0])
        return only if name is None else weft.identity(only, name=name)
    return _sum_of_several(inputs, name=name)


_sum_of_several = composite("add_n", weft.add_n)


def count_nonzero(input_tensor: Any = None, axis: Any = None, keepdims: Any = None, dtype: Any = dtypes.int64,
                  name: str | None = None, reduction_indices: Any = None, keep_dims: Any = None,
                  input: Any = None) -> Any:  # fmt: skip
    """How many elements differ from zero."""
    x = _old_name(input, input_tensor, "input", "input_tensor")
    axis = _old_name(axis, reduction_indices, "axis", "reduction_indices")
    return weft.math.count_nonzero(x, axis, bool(_old_name(keepdims, keep_dims, "keepdims", "keep_dims")), dtype, name)


def argmax(input: Any, axis: Any = None, name: str | None = None, dimension: Any = None,
           output_type: Any = dtypes.int64) -> Any:  # fmt: skip
    """Where the greatest value lies along an axis."""
    return weft.argmax(input, _old_name(axis, dimension, "axis", "dimension"), output_type, name)


def argmin(input: Any, axis: Any = None, name: str | None = None, dimension: Any = None,
           output_type: Any = dtypes.int64) -> Any:  # fmt: skip
    """Where the least value lies along an axis."""
    return weft.argmin(input, _old_name(axis, dimension, "axis", "dimension"), output_type, name)



def arg_max(input: Any, dimension: Any, output_type: Any = dtypes.int64, name: str | None = None) -> Any:
    """`argmax` with its parameters in an older order."""
    return weft.argmax(input, dimension, output_type, name)


def arg_min(input: Any, dimension: Any, output_type: Any = dtypes.int64, name: str | None = None) -> Any:
    """`argmin` with its parameters in an older order."""
    return weft.argmin(input, dimension, output_type, name)


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """The tensor with an axis of size 1 put in."""
    return weft.expand_dims(input, _old_name(axis, dim, "axis", "dim"), name)


def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Any:
    """The tensor without its axes of size 1."""
    return weft.squeeze(input, _old_name(axis, squeeze_dims, "axis", "squeeze_dims"), name)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """x where the condition holds, else y; a condition of rank 1 chooses whole rows."""
    if x is None and y is None:
        return weft.where(condition, name=name)
    test, a = weft.convert_to_tensor(condition), weft.convert_to_tensor(x)
    if in_graph():
        y = y if weft.is_tensor(y) else weft.convert_to_tensor(y, dtype_hint=a.dtype)
        rows = test.shape.rank == 1 and a.shape.rank not in (0, None)
        fits = test.shape.rank == 0 or test.shape.is_compatible_with(a.shape[:1] if rows else a.shape)
        if not fits or not a.shape.is_compatible_with(y.shape):
            raise ValueError(
                explain("tf.where: x and y must have one shape, the condition that shape or the number of its rows.",
                        received=[f"condition {test.shape}", f"x {a.shape}", f"y {y.shape}"],
                        hint="use tf.where_v2, which broadcasts, or tf.fill(tf.shape(condition), x)")  # fmt: skip
            )
    if test.shape.rank == 1 and a.shape.rank is not None and a.shape.rank > 1:
        test = weft.reshape(test, [-1] + [1] * (a.shape.rank - 1))
    return weft.where(test, a, y, name)


def div(x: Any, y: Any, name: str | None = None) -> Any:
    """Division as Python 2 has it: integers give the floor, floats the quotient."""
    a = weft.convert_to_tensor(x) if not hasattr(x, "dtype") else x
    integers = dtypes.as_dtype(a.dtype).is_integer and not _is_float(y)
    name = name or ("div" if in_graph() else None)
    return weft.floordiv(x, y, name) if integers else weft.divide(x, y, name)


def _is_float(y: Any) -> bool:
    return isinstance(y, float) or (hasattr(y, "dtype") and dtypes.as_dtype(y.dtype).is_floating)


def _cast_to(public: str, dtype: Any) -> Any:
    def function(x: Any, name: str | None = None) -> Any:
        return weft.cast(x, dtype, name)

    function.__name__ = function.__qualname__ = public
    function.__doc__ = f"The values as {dtype.name}."
    return function


to_float = _cast_to("to_float", dtypes.float32)
to_double = _cast_to("to_double", dtypes.float64)
to_int32 = _cast_to("to_int32", dtypes.int32)
to_int64 = _cast_to("to_int64", dtypes.int64)
to_bfloat16 = _cast_to("to_bfloat16", dtypes.bfloat16)
to_complex64 = _cast_to("to_complex64", dtypes.complex64)


def random_gamma(shape: Any, alpha: Any, beta: Any = None, dtype: Any = dtypes.float32, seed: Any = None,
                 name: str | None = None) -> Any:  # fmt: skip
    """Gamma-distributed numbers."""
    return weft.random.gamma(shape, alpha, beta, dtype, seed, name)


def random_poisson(lam: Any, shape: Any, dtype: Any = dtypes.float32, seed: Any = None, name: str | None = None) -> Any:
    """Poisson-distributed numbers; version 1 takes the rate first."""
    return weft.random.poisson(shape, lam, dtype, seed, name)


def random_shuffle(value: Any, seed: Any = None, name: str | None = None) -> Any:
    """The rows in random order."""
    return weft.random.shuffle(value, seed, name)


def multinomial(logits: Any, num_samples: Any, seed: Any = None, name: str | None = None,
                output_dtype: Any = None) -> Any:  # fmt: skip
    """Class numbers drawn by unnormalised log-probabilities."""
    return weft.random.categorical(logits, num_samples, output_dtype, seed, name)


def batch_matmul(x: Any, y: Any, adj_x: bool = False, adj_y: bool = False, name: str | None = None) -> Any:
    """The matrix product of batches."""
    return weft.matmul(x, y, adjoint_a=adj_x, adjoint_b=adj_y, name=name)


def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None) -> Any:
    """Tensors scaled down together to a common norm of at most `clip_norm`; returns them and the norm before."""
    if not in_graph():
        return weft.clip_by_global_norm(t_list, clip_norm, use_norm, name)
    if use_norm is None:
        use_norm = composite("global_norm", weft.math.global_norm)(t_list)
    label = name or "clip_by_global_norm"
    with Unit(label) as unit:
        clipped, norm_before = weft.clip_by_global_norm(t_list, clip_norm, use_norm)
        parts = [(i, t) for i, t in enumerate(clipped) if isinstance(t, weft.Tensor)]
        for i, tensor in parts:  # the place, as version 1 has it, repeats the scope's name
            unit.call(tensor, f"{label}/_{i}", "Identity")
    return clipped, norm_before


def diag(diagonal: Any, name: str | None = None) -> Any:
    """A tensor with these elements on its diagonal and zeros elsewhere; its rank is twice theirs."""
    return apply("tensor_diag", diagonal, name=name)


def diag_part(input: Any, name: str | None = None) -> Any:
    """The diagonal of a tensor, as `diag` takes it."""
    return apply("tensor_diag_part", input, name=name)


def _tell_split(axis: Any, number: Any) -> tuple[Any, Any]:
    from weft.compat.v1.old_names import _tell

    _tell("split(split_dim, num_split, value)", "split(value, num_or_size_splits, axis)")
    return axis, number


def split(value: Any = None, num_or_size_splits: Any = None, axis: Any = 0, num: Any = None, name: str = "split",
          split_dim: Any = None, num_split: Any = None) -> list[Any]:  # fmt: skip
    """A tensor cut along an axis, into so many equal parts or into parts of these sizes.

    Before TensorFlow 1.0 the axis came first, then the number of parts and the tensor: both orders are understood.
    """
    if split_dim is not None or num_split is not None:
        axis, num_or_size_splits = _tell_split(split_dim or 0, num_split)
    elif isinstance(value, int) and not isinstance(axis, int):
        value, (axis, num_or_size_splits) = axis, _tell_split(value, num_or_size_splits)
    if in_graph() and not frontdoor.is_tensor_like(num_or_size_splits):
        num_or_size_splits = frontdoor.convert(num_or_size_splits)  # version 1 has this constant beside the op
    found: list[Any] = weft.split(value, num_or_size_splits, axis, num, name)
    return found


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A tensor times a number; rows of a tensor stay such."""
    if isinstance(x, IndexedSlices):
        return IndexedSlices(scalar_mul(scalar, x.values, name), x.indices, x.dense_shape)
    tensor = weft.convert_to_tensor(x)
    factor = frontdoor.convert(scalar, None if frontdoor.is_tensor_like(scalar) else tensor.dtype, name="scalar")
    return weft.multiply(factor, tensor, name)


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = dtypes.int32,
                 name: str | None = None) -> Any:  # fmt: skip
    """Where values would have to be put into a sorted sequence to keep it sorted; rows are searched as matrices."""
    if not in_graph():
        return weft.searchsorted(sorted_sequence, values, side, out_type, name)
    ordered, wanted = weft.convert_to_tensor(sorted_sequence), weft.convert_to_tensor(values)
    if None in (ordered.shape.rank, wanted.shape.rank) or None in (ordered.shape[-1], wanted.shape[-1]):
        return weft.searchsorted(ordered, wanted, side, out_type, name)
    rows, questions = weft.reshape(ordered, [-1, ordered.shape[-1]]), weft.reshape(wanted, [-1, wanted.shape[-1]])
    return weft.reshape(weft.searchsorted(rows, questions, side, out_type, name), weft.shape(wanted))


def real(input: Any, name: str | None = None) -> Any:
    """The real part; real tensors as they are."""
    tensor = weft.convert_to_tensor(input)
    return weft.math.real(tensor, name) if tensor.dtype.is_complex else tensor


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = None, name: str | None = None,
         keep_dims: Any = None) -> Any:  # fmt: skip
    """The norm of vectors (an axis) or matrices (two axes), or of the whole."""
    keep = bool(_old_name(keepdims, keep_dims, "keepdims", "keep_dims"))
    return composite("norm", weft.linalg.norm)(tensor, ord, axis, keep, name)


def space_to_depth(input: Any, block_size: Any, name: str | None = None, data_format: str = "NHWC") -> Any:
    """Blocks of the image moved into the channels; version 1 takes the name third."""
    return weft.nn.space_to_depth(input, block_size, data_format, name)


def depth_to_space(input: Any, block_size: Any, name: str | None = None, data_format: str = "NHWC") -> Any:
    """Channels spread over blocks of the image; version 1 takes the name third."""
    return weft.nn.depth_to_space(input, block_size, data_format, name)


def reverse_sequence(input: Any, seq_lengths: Any, seq_axis: Any = None, batch_axis: Any = None,
                     name: str | None = None, seq_dim: Any = None, batch_dim: Any = None) -> Any:  # fmt: skip
    """The first elements of each sequence in reverse order."""
    return weft.reverse_sequence(input, seq_lengths, _old_name(seq_axis, seq_dim, "seq_axis", "seq_dim"),
                                 _old_name(batch_axis, batch_dim, "batch_axis", "batch_dim"), name)  # fmt: skip


def _assertion(public: str) -> Any:
    def function(x: Any, y: Any, data: Any = None, summarize: Any = None, message: str | None = None,
                 name: str | None = None) -> Any:  # fmt: skip
        if not in_graph():
            return getattr(weft.debugging, public)(x, y, message, summarize, name)
        with Unit(name or public):
            checked = getattr(weft.debugging, public)(x, y, message, summarize)
            shown = "NoOp" if x is y and public == "assert_equal" else "Assert/AssertGuard/Merge"
            return graphs.group(*([] if checked is None else [checked]), name=shown)

    function.__name__ = function.__qualname__ = public
    function.__doc__ = f"As `weft.debugging.{public}`; in a graph, an operation to depend on."
    return function


assert_equal, assert_less, assert_less_equal = (_assertion(f"assert_{n}") for n in ("equal", "less", "less_equal"))
assert_greater, assert_greater_equal = (_assertion(f"assert_{n}") for n in ("greater", "greater_equal"))


def _sign_assertion(public: str, comparison: Any, zero_first: bool) -> Any:
    def function(x: Any, data: Any = None, summarize: Any = None, message: str | None = None,
                 name: str | None = None) -> Any:  # fmt: skip
        pair = (0, x) if zero_first else (x, 0)
        with NameScope(name or public) if in_graph() else nullcontext():
            return comparison(*pair, data, summarize, message)

    function.__name__ = function.__qualname__ = public
    function.__doc__ = f"As `{comparison.__name__}` with 0 {'before' if zero_first else 'behind'} it."
    return function


assert_positive = _sign_assertion("assert_positive", assert_less, True)
assert_negative = _sign_assertion("assert_negative", assert_less, False)
assert_non_negative = _sign_assertion("assert_non_negative", assert_less_equal, True)
assert_non_positive = _sign_assertion("assert_non_positive", assert_less_equal, False)


for _name in ("count_nonzero", "multinomial", "random_gamma", "random_poisson", "random_shuffle", "reduce_logsumexp",
              "to_bfloat16", "to_complex64", "to_double", "to_float", "to_int32", "to_int64"):  # fmt: skip
    globals()[_name] = composite(_name, globals()[_name])
for _name in ("clip_by_global_norm", *(n for n in globals() if n.startswith("assert_"))):
    globals()[_name] = counted(_name, globals()[_name])
