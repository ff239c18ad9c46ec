"""Values of a traced function that are wanted while it is traced: what a variable starts from."""

from __future__ import annotations

from typing import Any

from weft.base.errors import explain
from weft.ir import graph as ir
from weft.ir.graph import Node, Value
from weft.runtime import dispatch, frontdoor
from weft.runtime.context import Scope
from weft.runtime.tensor import EagerTensor, SymbolicTensor


def lifted(tensor: SymbolicTensor, scope: Scope | None) -> EagerTensor:
    """The value of a tensor of a graph under construction, computed now and outside of it.

    What it is made of is run once by itself; the nodes stay in the graph, where nothing needs to use them.

    Args:
        tensor: A tensor that depends on constants, random numbers, variables, tensors of outside, and arguments of
            the call for which the function is traced.
        scope: The graph under construction.

    Raises:
        ValueError: Where it depends on an argument that is known by its spec alone.
    """
    part = ir.Graph(f"lifted_{tensor._value.node.name}")
    arrays: list[Any] = []
    part.outputs = [_copy(tensor, tensor._value, scope, part, arrays, {})]
    return EagerTensor(dispatch.compiled(part).run(arrays)[0])


def _copy(
    tensor: SymbolicTensor,
    wanted: Value,
    scope: Scope | None,
    part: ir.Graph,
    arrays: list[Any],
    values: dict[Value, Value],
) -> Value:
    """Copies what a value is made of; a sub-graph's captures lead on to the graphs around it."""
    graph = wanted.node.graph
    outside = {value: key.target for key, value in graph.captures.items()}
    for node in _behind(wanted):
        if node.op != "input":
            made = part.add(node.op, [values[v] for v in node.inputs], node.attrs, [v.type for v in node.outputs],
                            name=node.name, source=node.source, effect=node.effect)  # fmt: skip
            values.update(zip(node.outputs, made.outputs, strict=True))
            continue
        value = node.outputs[0]
        target = outside.get(value)
        if target is None:
            target = _argument(value, scope)
            if target is None:
                raise _depends(tensor, node)
        if isinstance(target, SymbolicTensor):
            values[value] = _copy(tensor, target._value, scope, part, arrays, values)
        else:
            values[value] = part.add_input(value.type, node.name)
            arrays.append(target._array)
    return values[wanted]


def _argument(value: Value, scope: Scope | None) -> Any:
    """What an input of a function was called with; None where it is traced for a spec."""
    while scope is not None and scope.graph is not value.node.graph:
        scope = scope.outer
    given = None if scope is None else scope.lifted.get("arguments", {}).get(value)
    return None if given is None else frontdoor.convert(given)


def _behind(wanted: Value) -> list[Node]:
    """The nodes that a value is made of, in the order in which they were made."""
    sizes = ir.symbol_sources(wanted.node.graph)
    found: dict[Node, None] = {}
    stack = [wanted.node]
    while stack:
        node = stack.pop()
        if node not in found:
            found[node] = None
            stack.extend(value.node for value in node.inputs)
            symbols = (symbol for attr in node.attrs.values() for symbol in ir.attr_symbols(attr))
            stack.extend(sizes[symbol].node for symbol in symbols if symbol in sizes)
    return sorted(found, key=lambda node: node.serial)


def _depends(tensor: SymbolicTensor, node: Node) -> ValueError:
    return ValueError(
        explain(
            "A Variable is made inside a traced function from a tensor that depends on an argument without a value.",
            received=f"{tensor!r}, of argument `{node.name}`",
            hint="call the function with tensors once, or make variables outside, from constants, and assign() later",
        )
    )
