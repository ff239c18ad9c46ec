"""Functions with a gradient of the user's own.

In a graph the gradient function is traced where the function is applied: what it uses of the function's own tensors
become inputs of the node, so that the graph can be copied, cut in two and differentiated wherever it goes.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from weft.base import nest
from weft.base.errors import explain
from weft.base.signatures import signature
from weft.ir.graph import Graph, Value, free_symbols, symbol_sources
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.ops.builder import inline
from weft.passes.checking import damage
from weft.runtime import context, dispatch, kept_calls
from weft.runtime.context import Scope
from weft.runtime.frontdoor import convert
from weft.runtime.tape import Tape
from weft.runtime.tensor import wrap

#: gradient functions traced within one another: a function whose gradient calls it would go on for ever
_DEEPEST = 3


class _Depth(threading.local):
    value = 0


_depth = _Depth()


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a function a gradient of the user's own.

    Args:
        f: Returns `(results, gradient)`; `gradient(*cotangents, variables=None)` returns one cotangent a tensor
            argument, and, where the function reads variables, also a list of theirs.

    Returns:
        The function, returning its results alone.

    Raises:
        TypeError: Where the function reads variables and its gradient function does not take `variables`.

    Example:
        >>> import weft as tf
        >>> @tf.custom_gradient
        ... def clipped(x):
        ...     return tf.identity(x), lambda ct: tf.clip_by_value(ct, -1.0, 1.0)
        >>> x = tf.constant(2.0)
        >>> with tf.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = 10 * clipped(x)
        >>> float(tape.gradient(y, x))
        1.0
    """

    return _WithGradient(f)


class _WithGradient:
    """A function that has a gradient of the user's own; as an attribute of a class, a method."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        functools.update_wrapper(self, function)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(_apply, self._function.__get__(instance, owner))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _apply(self._function, *args, **kwargs)

    def __reduce__(self) -> str | tuple[Any, ...]:
        name = getattr(self, "__qualname__", "")
        found: Any = sys.modules.get(getattr(self, "__module__", None) or "")
        for part in name.split("."):
            found = getattr(found, part, None)
        return name if found is self else (_WithGradient, (self._function,))


def _apply(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """What a function returns, with the gradient that it returns beside it."""
    tensors = [convert(leaf) for leaf in nest.flatten(args)]
    inner = Tape()
    context.tapes().append(inner)
    try:
        results, gradient = function(*nest.pack(args, tensors), **kwargs)
    finally:
        context.tapes().remove(inner)
    flat = [convert(leaf) for leaf in nest.flatten(results)]
    name = getattr(function, "__name__", "function")
    pull_back = _PullBack(name, gradient, len(tensors), list(inner.variables.values()))
    made, captured = _traced(pull_back, flat)
    operands = [*tensors, *pull_back.variables, *captured]
    outputs = dispatch.apply(
        opdef.get("custom_gradient"), [*operands, *flat], {"gradient": made, "count": len(operands)}
    )
    return nest.pack(results, outputs)


class _PullBack:
    """A gradient function of the user's, which runs where its tensors are at hand.

    Attributes:
        name: The name of the function that it belongs to.
        variables: The handles of the variables that the function reads.
    """

    def __init__(self, name: str, gradient: Callable[..., Any], count: int, variables: list[Any]) -> None:
        self.name = name
        self.variables = variables
        self._gradient = gradient
        self._count = count
        parameters = signature(gradient).parameters.values()
        if variables and not any(p.name == "variables" or p.kind is p.VAR_KEYWORD for p in parameters):
            names = [getattr(handle._array, "name", "") or "a variable" for handle in variables]
            raise TypeError(
                explain(f"custom_gradient of `{name}`: the function reads variables, so its gradient function must "
                        "take the argument `variables`.", received=f"reads of {', '.join(names)}",
                        hint="write `def gradient(*cotangents, variables=None)` and return (cotangents of the "
                        "arguments, a list of those of the variables)")  # fmt: skip
            )

    def run(self, cotangents: Sequence[Any]) -> list[Any]:
        """A cotangent, or None, for each tensor argument and each variable."""
        of_variables: Any = []
        if self.variables:
            owners = [handle._array.variable() for handle in self.variables]
            found, of_variables = self._gradient(*cotangents, variables=owners)
        else:
            found = self._gradient(*cotangents)
        parts = nest.flatten(found) if isinstance(found, (list, tuple, dict)) else [found]
        if len(parts) != self._count:
            raise ValueError(
                f"custom_gradient of `{self.name}`: the gradient function returned {len(parts)} values for "
                f"{self._count} tensor arguments."
            )
        return [None if part is None else convert(part) for part in (*parts, *nest.flatten(list(of_variables)))]

    def __call__(self, builder: Any, application: Any, cotangents: Sequence[Any]) -> list[Any]:
        """Runs the function on whatever the builder works with: tensors, or the values of a graph."""
        graph = getattr(builder, "graph", None)
        if graph is None:
            if not any(application.needs[: self._count + len(self.variables)]):
                # nobody asks about the arguments: the results are what made them, tensors of the surroundings too
                return [*[None] * (len(application.inputs) - len(cotangents)), *cotangents]
            return self.run(cotangents)
        scope = Scope(graph, None, ordered=True)
        with context.open_scope(scope):
            found = self.run([None if ct is None else wrap(ct) for ct in cotangents])
            return [None if part is None else dispatch.resolve(part, scope) for part in found]


@dataclass(frozen=True)
class _Traced:
    """A gradient function as a graph.

    Attributes:
        graph: (what it captured, cotangents of the differentiable results) -> cotangents.
        present: For each tensor argument and variable whether it has a cotangent.
    """

    graph: Graph = field(repr=False)
    present: tuple[bool, ...]

    @property
    def plain_call(self) -> tuple[str, dict[str, Any]]:
        """How files name it."""
        return _KEPT, {"graph": self.graph, "present": self.present}

    def __call__(self, builder: Any, application: Any, cotangents: Sequence[Any]) -> list[Any]:
        """The cotangents of the tensor arguments and the variables."""
        count = len(application.inputs) - len(application.outputs)
        captured = application.inputs[len(self.present) : count]
        operands = [*captured, *(ct for ct in cotangents if ct is not None)]
        if self.graph.has_effects():
            found = builder.call("call", *operands, graph=self.graph)
            found = found if isinstance(found, tuple) else (found,)
        else:
            found = inline(builder, self.graph, operands)
        supply = iter(found)
        return [next(supply) if present else None for present in self.present]


def _traced(pull_back: _PullBack, results: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The gradient function as the node keeps it, and what of its surroundings it uses.

    Where there is no graph, and in graphs of TensorFlow 1, whose own nodes are differentiated, it stays as it is.
    """
    outer = context.scope()
    if outer is None or (not outer.ordered and outer.outer is None) or _depth.value >= _DEEPEST:
        return pull_back, []
    graph = Graph(f"{pull_back.name}_custom_gradient")
    scope = Scope(graph, outer, ordered=outer.ordered)
    given = [
        graph.add_input(_type(tensor), "cotangent") if tensor.dtype.is_floating or tensor.dtype.is_complex else None
        for tensor in results
    ]
    _depth.value += 1
    try:
        with context.open_scope(scope):
            found = pull_back.run([None if ct is None else wrap(ct) for ct in given])
            graph.outputs = [dispatch.resolve(part, scope) for part in found if part is not None]
    except Exception as error:
        return _Failed(error), []
    finally:
        _depth.value -= 1
    sizes = _show_sizes(graph, outer)
    captured = [*(key.target for key in graph.captures), *(wrap(value) for value in sizes)]
    shown = [graph.add_input(value.type, "size") for value in sizes]
    graph.inputs = [*graph.captures.values(), *shown, *(ct for ct in given if ct is not None)]
    return _Traced(graph, tuple(part is not None for part in found)), captured


def _from_file(graph: Any, present: Any) -> _Traced:
    """The gradient function that a file holds.

    Raises:
        TypeError: For what is none.
    """
    if not isinstance(graph, Graph) or not isinstance(present, tuple) or len(graph.outputs) != present.count(True):
        raise TypeError("no gradient function")
    problem = damage(graph)
    if problem is not None:
        raise TypeError(problem)
    return _Traced(graph, present)


_KEPT = "custom_gradient"
kept_calls.made[_KEPT] = _from_file


def _show_sizes(graph: Graph, outer: Scope) -> list[Value]:
    """Values of the surroundings whose shapes tell sizes that a graph mentions and its inputs do not show."""
    missing = free_symbols(graph)
    found: dict[Value, None] = {}
    scope: Scope | None = outer
    while missing and scope is not None:
        sources = symbol_sources(scope.graph)
        for symbol, value in sources.items():
            if symbol in missing:
                found[dispatch.resolve(wrap(value), outer)] = None
        missing -= sources.keys()
        scope = scope.outer
    return list(found)


def _type(tensor: Any) -> TensorType:
    type: TensorType = tensor.type
    return type


@dataclass(frozen=True)
class _Failed:
    """In the place of a gradient function that raised an error when it was traced: it matters if it is asked for."""

    error: Exception

    def __call__(self, builder: Any, application: Any, cotangents: Sequence[Any]) -> list[Any]:
        """Raises what the gradient function has raised."""
        raise self.error
