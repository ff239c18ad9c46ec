"""Variables, weights of losses and metrics, and the rest of what packages take from modules of ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft

ResourceVariable = BaseResourceVariable = weft.Variable


def is_resource_variable(var: Any) -> bool:
    """Whether a value is a variable; all are handles to resources."""
    return isinstance(var, weft.Variable) or bool(getattr(var, "_should_act_as_resource_variable", False))


def variable_accessed(variable: Any) -> None:
    """Tells tapes that a variable is used."""
    weft.identity(variable)


def broadcast_weights(weights: Any, values: Any) -> Any:
    """The weights in the shape of the values: of their rank, with each size theirs or 1, or a scalar.

    Raises:
        ValueError: The shapes do not go together.
    """
    values = weft.convert_to_tensor(values)
    weights = weft.cast(weft.convert_to_tensor(weights), values.dtype) if not weft.is_tensor(weights) else weights
    assert_broadcastable(weights, values)
    return weft.broadcast_to(weights, weft.shape(values))


def assert_broadcastable(weights: Any, values: Any) -> None:
    """Checks that weights have the rank of the values, with each size theirs or 1, or are a scalar.

    Raises:
        ValueError: They do not.
    """
    weights, values = weft.convert_to_tensor(weights), weft.convert_to_tensor(values)
    of_weights, of_values = weights.shape, values.shape
    if of_weights.rank in (0, None) or of_values.rank is None:
        return
    fits = of_weights.rank == of_values.rank and all(
        a in (1, None) or b is None or a == b for a, b in zip(of_weights.as_list(), of_values.as_list(), strict=True)
    )
    if not fits:
        raise ValueError(
            f"weights cannot be broadcast to values: they take the rank of values with each size theirs or 1, or no "
            f"axes; weights has the shape {of_weights}, values {of_values}."
        )


def pfor(loop_fn: Callable[[Any], Any], iters: Any, **kwargs: Any) -> Any:
    """What a function gives for 0, 1, …, stacked."""
    return weft.vectorized_map(loop_fn, weft.range(iters))


def constant_value_as_shape(tensor: Any) -> Any:
    """The shape that a tensor of sizes says, as far as it is known."""
    value = weft.get_static_value(tensor, partial=True)
    if value is None:
        count = weft.convert_to_tensor(tensor).shape[0]
        return weft.TensorShape(None if count is None else [None] * count)
    return weft.TensorShape([None if size is None or size < 0 else int(size) for size in value])


def convert_variables_to_constants_v2_as_graph(func: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """A traced function without its variables, and the graph that says so."""
    from weft.compat.v1 import graph_util

    frozen = graph_util.convert_variables_to_constants_v2(func, *args, **kwargs)
    return frozen, frozen.graph.as_graph_def()


def shape_internal(input: Any, name: str | None = None, optimize: bool = True, out_type: Any = None) -> Any:
    """The sizes of a tensor; whether they are put in as constants where they are known is up to graphs' passes."""
    return weft.shape(input, out_type=weft.int32 if out_type is None else out_type, name=name)


def prevent_gradient(input: Any, message: str = "", name: str | None = None) -> Any:
    """The tensor; who asks for a gradient through it hears the message."""

    @weft.custom_gradient
    def kept(x: Any) -> Any:
        def refuse(upstream: Any) -> Any:
            raise LookupError(f"No gradient goes through here: {message}")

        return weft.identity(x, name=name), refuse

    return kept(weft.convert_to_tensor(input))


def parameterized_truncated_normal(
    shape: Any, means: Any = 0.0, stddevs: Any = 1.0, minvals: Any = -2.0, maxvals: Any = 2.0,
    dtype: Any = weft.float32, seed: int | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Normally distributed numbers that lie between bounds, under the process's seed."""
    drawn = weft.random.uniform([2], maxval=weft.int32.max, dtype=weft.int32, seed=seed)
    means, stddevs, minvals, maxvals = (weft.cast(each, dtype) for each in (means, stddevs, minvals, maxvals))
    return weft.random.stateless_parameterized_truncated_normal(shape, drawn, means, stddevs, minvals, maxvals, name)
