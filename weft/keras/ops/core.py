"""What tensors are (dtype, shape, size), and Keras' control flow."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

import weft as tf
from weft import extend
from weft.extend import explain
from weft.keras.core import conversion
from weft.keras.core.dtypes import standardize_dtype
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.ops import sparse as sparse_rules
from weft.keras.ops.promotion import place_of, shape_of
from weft.keras.ops.records import FUNCTIONS, operation, unrecorded


@unrecorded
def shape(x: Any) -> Any:
    """The sizes, a tuple of integers; those that only a run knows are scalars, None for symbolic and ragged tensors."""
    if isinstance(x, (KerasTensor, tf.RaggedTensor)):
        return tuple(x.shape)
    return tuple(shape_of(conversion.convert_to_tensor(x)))


@unrecorded
def dtype(x: Any) -> str:
    """The name of the dtype."""
    return standardize_dtype(x.dtype)


@unrecorded
def is_tensor(x: Any) -> bool:
    """Whether a value is a tensor."""
    return conversion.is_tensor(x)


@unrecorded
def ndim(x: Any) -> Any:
    """The number of axes."""
    return len(x.shape) if hasattr(x, "shape") else conversion.convert_to_tensor(x).shape.rank


@unrecorded
def convert_to_numpy(x: Any) -> Any:
    """The values as an array; sparse and ragged tensors are filled up with zeros."""
    if isinstance(x, tf.RaggedTensor):
        x = x.to_tensor()
    return np.asarray(sparse_rules.dense(x))


@operation("core")
def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """A tensor of a value.

    Args:
        x: A number, nested lists, an array, a variable or a tensor.
        dtype: Of the result; by default that of the value, the default float for Python's floats.
        sparse: Whether a sparse tensor stays one; False makes it dense.
        ragged: Whether a ragged tensor stays one; False makes it dense.
    """
    if sparse is not None and not sparse:
        x = tf.sparse.to_dense(x) if isinstance(x, tf.SparseTensor) else x
        x = tf.convert_to_tensor(x) if isinstance(x, tf.IndexedSlices) else x
    if ragged is not None and not ragged and isinstance(x, tf.RaggedTensor):
        x = x.to_tensor()
    return conversion.convert_to_tensor(x, dtype)


@operation("core")
def cast(x: Any, dtype: Any) -> Any:
    """The values in another dtype."""
    return tf.cast(conversion.convert_to_tensor(x), standardize_dtype(dtype))


@operation("core")
def stop_gradient(variable: Any) -> Any:
    """The same values, through which no gradient flows."""
    return tf.stop_gradient(conversion.convert_to_tensor(variable))


@operation("numpy")
def size(x: Any) -> Any:
    """The number of values, int32."""
    return tf.size(conversion.convert_to_tensor(x))


# Control flow --------------------------------------------------------------------------------------------------------


@operation("core")
def cond(pred: Any, true_fn: Any, false_fn: Any) -> Any:
    """What one of two functions gives.

    Args:
        pred: A boolean.
        true_fn: Called without arguments where it is True.
        false_fn: Called without arguments where it is False.
    """
    if not tf.is_tensor(pred) and not isinstance(pred, tf.Variable):
        return true_fn() if pred else false_fn()
    return tf.cond(tf.cast(pred, "bool"), true_fn, false_fn)


@operation("core")
def switch(index: Any, branches: Any, *operands: Any) -> Any:
    """What the function with a number gives for the operands; numbers beyond the ends count as the ends.

    Args:
        index: An integer.
        branches: Functions of the operands.
        *operands: Tensors.
    """
    place = tf.clip_by_value(tf.cast(conversion.convert_to_tensor(index), "int32"), 0, len(branches) - 1)
    return tf.switch_case(place, [lambda branch=branch: branch(*operands) for branch in branches])


def _tensors(value: Any) -> Any:
    return tf.nest.map_structure(conversion.convert_to_tensor, value)


@operation("core")
def while_loop(cond: Any, body: Any, loop_vars: Any, maximum_iterations: int | None = None) -> Any:
    """Repeats a function of some values while a condition of them holds.

    Args:
        cond: `(*values) -> boolean`.
        body: `(*values) -> values`.
        loop_vars: The first values: a tuple, a list, or one value.
        maximum_iterations: When it ends in any case.

    Returns:
        The last values, in the structure of the first.
    """
    several = isinstance(loop_vars, (tuple, list))
    first = tuple(loop_vars) if several else (loop_vars,)

    def step(*values: Any) -> Any:
        found = body(*values)
        found = tuple(found) if isinstance(found, (tuple, list)) and several else (found,)
        return _tensors(found)

    found = tf.while_loop(cond, step, _tensors(first), maximum_iterations=maximum_iterations)
    return type(loop_vars)(found) if several and type(loop_vars) in (tuple, list) else tuple(found) if several else (
        found[0]
    )


@operation("core")
def fori_loop(lower: Any, upper: Any, body_fun: Any, init_val: Any) -> Any:
    """`value = body_fun(i, value)` for i from `lower` to `upper`, that excluded; returns the last value."""
    value = _tensors(init_val)
    if tf.executing_eagerly() and isinstance(lower, int) and isinstance(upper, int):
        for i in range(lower, upper):  # Python's numbers, which meet values of any dtype
            value = _tensors(body_fun(i, value))
        return value
    end = tf.cast(upper, "int32")
    found = tf.while_loop(
        lambda i, value: i < end,
        lambda i, value: (i + 1, _tensors(body_fun(i, value))),
        (tf.cast(lower, "int32"), value),
    )
    return found[1]


@operation("core")
def scan(
    f: Any, init: Any, xs: Any = None, length: int | None = None, reverse: bool = False, unroll: Any = 1
) -> Any:
    """Walks along the first axis of tensors with a carry.

    Args:
        f: `(carry, row) -> (carry, result)`.
        init: The first carry, nested tensors.
        xs: Nested tensors `[n, ...]`; None gives None for every row.
        length: How many rows, where `xs` is None.
        reverse: Whether to walk from the end.
        unroll: Changes nothing.

    Returns:
        The last carry, and the results along a first axis.
    """
    if not callable(f):
        raise TypeError(explain("scan: `f` should be a callable.", received=repr(f)))
    if xs is None and length is None:
        raise ValueError(explain(
            "scan: nothing tells how many rows to scan over and stack: xs and length are both None.",
            hint="pass xs or length",
        ))  # fmt: skip
    if not isinstance(unroll, bool) and (not isinstance(unroll, int) or unroll < 1):
        raise ValueError(explain("scan: `unroll` must be an positive integer or boolean.", received=repr(unroll)))
    rows = tf.range(int(length or 0)) if xs is None else _tensors(xs)
    if xs is not None and length is not None:
        for leaf in tf.nest.flatten(rows):
            if leaf.shape[0] not in (None, int(length)):
                raise ValueError(explain("scan: `length` is not that of xs.", received=f"{length}, xs {leaf.shape}"))
    silent: list[bool] = []

    def step(carry: Any, row: Any) -> Any:
        carry, found = f(carry, None if xs is None else row)
        silent.append(found is None)
        return _tensors(carry), tf.zeros([]) if found is None else _tensors(found)

    last, results = extend.scan(step, _tensors(init), rows, backwards=reverse)
    return last, None if silent and silent[0] else results


@operation("core")
def map(f: Any, xs: Any) -> Any:
    """What a function gives for each row of tensors, along a first axis."""
    return extend.scan(lambda carry, row: (carry, _tensors(f(row))), tf.constant(0), _tensors(xs))[1]


@operation("core")
def vectorized_map(function: Any, elements: Any) -> Any:
    """As `map`."""
    return FUNCTIONS["map"](function, elements)


@operation("core")
def associative_scan(f: Any, elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Every running result of an associative function, in few steps.

    Args:
        f: `(a, b) -> c`, on nested tensors, row by row along `axis`.
        elems: Nested tensors of one size along `axis`.
        reverse: Whether to begin at the end.
        axis: The axis.

    Source: Blelloch 1990.
    """
    if not callable(f):
        raise TypeError(explain("associative_scan: `f` should be a callable.", received=repr(f)))
    parts = [conversion.convert_to_tensor(one) for one in tf.nest.flatten(elems)]
    sizes = {part.shape[axis] for part in parts}
    if len(sizes - {None}) > 1:
        raise ValueError(explain(
            "associative_scan: all tensors must have the same first dimension, which is that of the axis.",
            received=", ".join(str(part.shape) for part in parts) + f", axis {axis}",
        ))  # fmt: skip
    places = [place_of(axis, part.shape.rank) for part in parts]
    parts = [FUNCTIONS["moveaxis"](tf.reverse(part, [place]) if reverse else part, place, 0)
             for part, place in zip(parts, places)]  # fmt: skip

    def combine(first: list[Any], second: list[Any]) -> list[Any]:
        outward = [[FUNCTIONS["moveaxis"](one, 0, place) for one, place in zip(side, places)]
                   for side in (first, second)]  # fmt: skip
        found = f(*(tf.nest.pack_sequence_as(elems, side) for side in outward))
        return [FUNCTIONS["moveaxis"](one, place, 0) for one, place in zip(tf.nest.flatten(found), places)]

    done = _one_by_one(combine, parts) if None in sizes else _running(combine, parts)
    done = [FUNCTIONS["moveaxis"](part, 0, place) for part, place in zip(done, places)]
    if reverse:
        done = [tf.reverse(part, [place]) for part, place in zip(done, places)]
    return tf.nest.pack_sequence_as(elems, done)


def _running(combine: Callable[..., Any], parts: list[Any]) -> list[Any]:
    """Running results along first axes: of pairs first, from which those in between follow."""
    count = int(parts[0].shape[0])
    if count < 2:
        return parts
    pairs = combine([part[0 : count - 1 : 2] for part in parts], [part[1::2] for part in parts])
    odd = _running(combine, pairs)
    earlier = [part[: (count - 1) // 2] for part in odd]
    later = [part[2::2] for part in parts]
    even = combine(earlier, later) if count > 2 else later
    even = [tf.concat([part[:1], rest], 0) for part, rest in zip(parts, even)]
    return [_alternating(first, second, count) for first, second in zip(even, odd)]


def _one_by_one(combine: Callable[..., Any], parts: list[Any]) -> list[Any]:
    """Running results along first axes of which only a run knows how long they are."""
    first = [tf.reshape(part[:1], [1, *part.shape.symbolic[1:]]) for part in parts]

    def step(carry: list[Any], row: list[Any]) -> tuple[list[Any], list[Any]]:
        found = _tensors(combine(carry, [part[None] for part in row]))
        return found, [part[0] for part in found]

    _, later = extend.scan(step, first, [part[1:] for part in parts])
    return [tf.concat([one, rest], 0) for one, rest in zip(first, later)]


def _alternating(even: Any, odd: Any, count: int) -> Any:
    both = tf.concat([even, odd], 0)
    half = (count + 1) // 2
    return tf.gather(both, np.array([place // 2 + (half if place % 2 else 0) for place in range(count)]))


@unrecorded
def custom_gradient(f: Any) -> Any:
    """A function whose gradient its author writes: `f(*args)` returns the value and a function of the cotangents.

    In that function `upstream` may be a keyword, as Keras' examples have it.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        return tf.custom_gradient(f)(*args, **kwargs)

    return call


@unrecorded
def vectorize(pyfunc: Any, *, excluded: Any = None, signature: str | None = None) -> Any:
    """A function of numbers or small tensors, made one of whole tensors, whose shapes broadcast.

    Args:
        pyfunc: The function.
        excluded: Numbers or names of arguments that are handed on as they are.
        signature: The axes of single calls, such as `"(n),(n)->()"`; numbers by default.
    """
    left_out = set(excluded or ())

    def call(*args: Any, **kwargs: Any) -> Any:
        places = [place for place in range(len(args)) if place not in left_out]
        tensors = [conversion.convert_to_tensor(args[place]) for place in places]
        inner = _inner_ranks(signature, len(tensors))
        outer = [tf.TensorShape(tensor.shape[: tensor.shape.rank - rank]) for tensor, rank in zip(tensors, inner)]
        loop = list(np.broadcast_shapes(*(tuple(int(size or 1) for size in one) for one in outer)))
        flat = []
        for tensor, rank in zip(tensors, inner):
            own = list(tensor.shape[tensor.shape.rank - rank :])
            flat.append(tf.reshape(tf.broadcast_to(tensor, [*loop, *own]), [int(np.prod(loop)), *own]))

        def one(values: Any) -> Any:
            filled = list(args)
            for place, value in zip(places, values):
                filled[place] = value
            return pyfunc(*filled, **kwargs)

        found = FUNCTIONS["map"](one, tuple(flat))
        return tf.nest.map_structure(lambda part: tf.reshape(part, [*loop, *part.shape[1:]]), found)

    return call


def _inner_ranks(signature: str | None, count: int) -> list[int]:
    if signature is None:
        return [0] * count
    groups = re.findall(r"\(([^()]*)\)", signature.partition("->")[0])
    if len(groups) != count:
        raise ValueError(explain(f"vectorize: {signature!r} is not for {count} arguments."))
    return [len([name for name in group.split(",") if name.strip()]) for group in groups]
