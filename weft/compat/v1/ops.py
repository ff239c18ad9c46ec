"""Functions whose version 1 signature differs from version 2's."""

from __future__ import annotations

from typing import Any

import weft
from weft.base import dtypes
from weft.compat.v1.naming import composite, in_graph
from weft.runtime import graph_ops


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
            with graph_ops.constants_outside():
                return getattr(weft.math, op)(input_tensor, None, bool(keep), name)
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


arg_max, arg_min = argmax, argmin


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


for _name in ("count_nonzero", "multinomial", "random_gamma", "random_shuffle", "reduce_logsumexp", "to_bfloat16",
              "to_complex64", "to_double", "to_float", "to_int32", "to_int64"):  # fmt: skip
    globals()[_name] = composite(_name, globals()[_name])
