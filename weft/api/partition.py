"""Tensors taken apart by numbers of parts and put together by places; further small functions of the top level."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from weft.api import array
from weft.api.common import apply, cast_to, integer
from weft.base import dtypes, nest
from weft.base.errors import explain
from weft.runtime import context, frontdoor
from weft.runtime.tensor import Tensor


def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: str | None = None) -> list[Any]:
    """The slices of a tensor sorted into parts, in order.

    Args:
        data: `[..., ...]`; its shape begins with that of `partitions`.
        partitions: int32: which part each slice belongs to.
        num_partitions: How many parts there are.
        name: The node's name.

    Returns:
        A list of tensors.

    Example:
        >>> import weft as tf
        >>> [part.numpy().tolist() for part in tf.dynamic_partition([10, 20, 30], [1, 0, 1], 2)]
        [[20], [10, 30]]
    """
    count = integer(num_partitions, "num_partitions")
    found = apply("dynamic_partition", data, partitions, num_partitions=count, name=name)
    return list(found) if isinstance(found, tuple) else [found]


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Any:
    """Slices of several tensors at places of one; of several for one place the last counts.

    Args:
        indices: A list of integer tensors.
        data: A list of tensors, whose shapes begin with those of the indices.
        name: The node's name.

    Returns:
        `[greatest index + 1, ...]`.

    Example:
        >>> import weft as tf
        >>> tf.dynamic_stitch([[0, 2], [1]], [[10, 30], [20]]).numpy().tolist()
        [10, 20, 30]
    """
    if len(indices) != len(data):
        raise ValueError(explain("dynamic_stitch: one tensor of data for each of indices.",
                                 received=f"{len(indices)} and {len(data)}"))  # fmt: skip
    places, rows = [], []
    for index, values in zip(indices, array._one_dtype(list(data), "dynamic_stitch"), strict=True):
        numbers = cast_to(index, dtypes.int32)
        rest = values.shape.as_list()[numbers.shape.rank :]
        places.append(array.reshape(numbers, [-1]))
        rows.append(array.reshape(values, [-1, *rest]))
    return apply("dynamic_stitch", array.concat(places, 0), array.concat(rows, 0), name=name)


parallel_dynamic_stitch = dynamic_stitch


def shape_n(input: Sequence[Any], out_type: Any = dtypes.int32, name: str | None = None) -> list[Any]:
    """The shapes of several tensors."""
    return [array.shape(tensor, out_type) for tensor in input]


def parallel_stack(values: Any, name: str = "parallel_stack") -> Any:
    """Tensors of one shape joined along a new first axis, in a graph.

    Raises:
        RuntimeError: Outside of a graph, as in TensorFlow.
    """
    if context.scope() is None:
        raise RuntimeError(explain("tf.parallel_stack() is not compatible with eager execution.", hint="tf.stack"))
    return array.stack(values, 0, name)


def tuple_(tensors: Sequence[Any], control_inputs: Any = None, name: str | None = None) -> list[Any]:
    """Tensors that are there once all of them are computed: each run gives all or none.

    Args:
        tensors: Tensors or None, which stays.
        control_inputs: What comes before them too.
        name: Accepted.

    Returns:
        A list.

    Raises:
        ValueError: Where all are None.
    """
    from weft.api.flow import control_dependencies

    if not any(tensor is not None for tensor in tensors):
        raise ValueError(explain("tf.tuple takes at least one tensor.", received=repr(tensors)))
    with control_dependencies([*(control_inputs or ()), *(tensor for tensor in tensors if tensor is not None)]):
        return [None if tensor is None else array.identity(tensor) for tensor in tensors]


def identity_n(input: Sequence[Any], name: str | None = None) -> list[Any]:
    """The same values as new tensors."""
    return [array.identity(tensor) for tensor in input]


def vectorized_map(fn: Callable[[Any], Any], elems: Any, fallback_to_while_loop: bool = True,
                   warn: bool = True) -> Any:  # fmt: skip
    """A function applied to each row of tensors, all results stacked.

    Args:
        fn: A row (in the structure of `elems`) to nested tensors.
        elems: Nested tensors with rows along their first axis; those of size 1 serve all rows.
        fallback_to_while_loop: Accepted.
        warn: Accepted.

    Returns:
        The results, with an axis of rows in front.

    Example:
        >>> import weft as tf
        >>> tf.vectorized_map(lambda x: tf.reduce_sum(x * x), tf.constant([[1.0, 2.0], [3.0, 0.0]])).numpy().tolist()
        [5.0, 9.0]
    """
    from weft.api.flow import map_fn

    tensors = [frontdoor.convert(leaf) for leaf in nest.flatten(elems)]
    rows = [t.shape[0] for t in tensors]
    known = next((n for n in rows if n not in (None, 1)), None)
    wanted = [array.repeat(t, known, 0) if known is not None and n == 1 else t
              for t, n in zip(tensors, rows, strict=True)]  # fmt: skip
    given = nest.pack(elems, wanted)
    return map_fn(fn, given, fn_output_signature=_signature(fn, given))


def _signature(fn: Callable[[Any], Any], elems: Any) -> Any:
    """What a function returns for a row, as specs."""
    from weft.base.shapes import TensorShape
    from weft.runtime.function import evaluate_shape
    from weft.runtime.spec import TensorSpec

    rows = nest.map_structure(lambda t: TensorSpec(TensorShape(t.shape.as_list()[1:]), t.dtype), elems)
    return evaluate_shape(lambda row: fn(row), (rows,), {})


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose intermediate results no tape keeps: for its gradient they are computed again.

    Traced functions keep what is cheaper kept, by Weft's own choice.

    Example:
        >>> import weft as tf
        >>> x = tf.Variable(3.0)
        >>> with tf.GradientTape() as tape:
        ...     y = tf.recompute_grad(lambda v: v * v)(x)
        >>> float(tape.gradient(y, x))
        6.0
    """
    from weft.api.flow import GradientTape, custom_gradient

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves = nest.flatten((args, kwargs))
        places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]

        def call(values: Sequence[Any]) -> Any:
            whole = list(leaves)
            for place, value in zip(places, values, strict=True):
                whole[place] = value
            positional, named = nest.pack((args, kwargs), whole)
            return f(*positional, **named)

        @custom_gradient
        def run(*tensors: Any) -> Any:
            tapes = context.tapes()
            outer = tapes[:-1]  # the last one is there to see which variables are read
            del tapes[:-1]
            try:
                results = call(tensors)
            finally:
                tapes[:0] = outer
            for tape in outer:  # they have not seen what was read
                tape._watch_read(list(tapes[-1].variables.values()))

            def gradient(*upstream: Any, variables: Any = None) -> Any:
                with GradientTape() as tape:
                    tape.watch([t for t in tensors if t.dtype.is_floating or t.dtype.is_complex])
                    again = nest.flatten(call(tensors))
                found = tape.gradient(again, [*tensors, *(variables or ())], output_gradients=list(upstream))
                of_tensors, of_variables = found[: len(tensors)], found[len(tensors) :]
                return of_tensors if variables is None else (of_tensors, of_variables)

            return results, gradient

        return run(*[leaves[place] for place in places])

    return wrapped


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose gradient is that of doing nothing.

    Example:
        >>> import weft as tf
        >>> x = tf.Variable(1.6)
        >>> with tf.GradientTape() as tape:
        ...     y = tf.grad_pass_through(tf.round)(x)
        >>> float(y), float(tape.gradient(y, x))
        (2.0, 1.0)
    """
    from weft.api.flow import custom_gradient

    @custom_gradient
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        def gradient(*upstream: Any, variables: Any = None) -> Any:
            found = upstream[0] if len(upstream) == 1 else upstream
            return (found, [None] * len(variables)) if variables is not None else found

        return f(*args, **kwargs), gradient

    return wrapped
