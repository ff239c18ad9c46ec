"""Calls of our own functions on the host that a file can keep: as the function's public name and its arguments.

A decoder of images is a node that calls Python. In a file stands which decoder it is, never what it does: `rebuilt`
asks the function of that name for its node again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from weft.base.errors import DataLossError
from weft.base.signatures import signature
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.runtime import context
from weft.runtime.context import Scope
from weft.runtime.tensor import wrap

_Function = TypeVar("_Function", bound=Callable[..., Any])
_kept: dict[str, Callable[..., Any]] = {}
#: name -> makes what a node calls of the static arguments alone
made: dict[str, Callable[..., Any]] = {}
#: classes of arguments, by name
classes: dict[str, Any] = {}


class KeptCall:
    """What a node calls, and which public function it is part of.

    Args:
        function: Arrays to arrays.
        name: The public function's name.
        static: Its arguments that are no tensors.
    """

    def __init__(self, function: Callable[..., Any], name: str, static: dict[str, Any]) -> None:
        self._function = function
        self.plain_call = name, static
        self.form = getattr(function, "form", None)  # what engines may know of it

    def __call__(self, *arrays: Any) -> Any:
        return self._function(*arrays)


def keepable(name: str, *tensors: str) -> Callable[[_Function], _Function]:
    """Decorates a public function whose one node on the host takes these arguments, in this order.

    Args:
        name: The name under which files know it.
        *tensors: Its arguments that are tensors.
    """

    def decorate(function: _Function) -> _Function:
        _kept[name] = function
        parameters = signature(function)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            scope = context.scope()
            before = 0 if scope is None else len(scope.graph.nodes)
            result = function(*args, **kwargs)
            if scope is not None:
                bound = parameters.bind(*args, **kwargs)
                static = {key: value for key, value in bound.arguments.items() if key not in tensors and key != "name"}
                for node in scope.graph.nodes[before:]:
                    if node.op == "py_function" and len(node.inputs) == len(tensors):
                        node.attrs["function"] = KeptCall(node.attrs["function"], name, static)
            return result

        return call  # type: ignore[return-value]

    return decorate


def rebuilt(name: str, static: dict[str, Any], inputs: Sequence[TensorType]) -> Any:
    """What a node calls that a file names.

    Args:
        name: As `keepable` was given it.
        static: The arguments that are no tensors.
        inputs: The types of the node's inputs.

    Raises:
        DataLossError: Where there is no such function, or it does not take these arguments.
    """
    if name in made:
        try:
            return KeptCall(made[name](**static), name, static)
        except TypeError as error:
            raise DataLossError(f"a file calls {name} in a way that it does not take: {error}") from error
    found = _kept.get(name)
    if found is None:
        raise DataLossError(f"a file names the function {name!r}, which cannot be kept in files.")
    graph = Graph("kept")
    placeholders = [wrap(graph.add_input(type, "input")) for type in inputs]
    parameters = [key for key in signature(found).parameters if key not in static and key != "name"]
    try:
        with context.open_scope(Scope(graph, None, ordered=True)):
            found(**dict(zip(parameters, placeholders, strict=False)), **static)
    except Exception as error:
        raise DataLossError(f"a file calls {name} in a way that it does not take: {error}") from error
    for node in graph.nodes:
        if node.op == "py_function" and len(node.inputs) == len(inputs):
            return KeptCall(node.attrs["function"], name, static)
    raise DataLossError(f"a file calls {name} in a way that it does not take.")
