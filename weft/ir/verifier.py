"""What makes a graph legal, whatever its ops mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weft.base.errors import InternalError
from weft.ir.graph import Graph, Node, Value, attr_symbols

if TYPE_CHECKING:
    from weft.base.dims import Symbol


def verify(graph: Graph, *, after: str = "") -> None:
    """Checks order, ownership, naming, outputs and the binding of sizes, in the graph and its sub-graphs.

    Args:
        graph: What to check.
        after: What has just been done to it, for the message.

    Raises:
        InternalError: Naming the node and the rule that it breaks.
    """
    _verify(graph, f" after {after}" if after else "", frozenset())


def _verify(graph: Graph, context: str, outside: frozenset[Symbol]) -> None:
    """`outside` are the sizes that the surroundings of a sub-graph know."""
    seen: set[Node] = set()
    bound = outside.union(symbol for value in graph.inputs for d in value.shape or () for symbol in attr_symbols(d))
    inputs = {value.node for value in graph.inputs}

    def refuse(node: Node, rule: str) -> None:
        raise InternalError(f"Graph `{graph.name}`{context}: node {node.name} ({node.op}) {rule}.\n{graph}")

    for node in graph.nodes:
        if node.graph is not graph:
            refuse(node, "belongs to another graph")
        if node.op == "input" and node not in inputs:
            refuse(node, "is an input that the graph does not list")
        for value in node.inputs:
            if value.node not in seen:
                refuse(node, f"reads {value.name} before it is made")
            if value.node.outputs[value.index] is not value:
                refuse(node, f"reads {value.name}, which its node no longer owns")
        for before in node.control:
            if before not in seen:
                refuse(node, f"waits for {before.name}, which does not come before it")
        for subgraph in node.subgraphs():
            _verify(subgraph, context, bound)
        for attr in node.attrs.values():
            for symbol in attr_symbols(attr):
                if symbol not in bound:
                    refuse(node, f"mentions size {symbol!r}, which nothing before it binds")
        for value in node.outputs:
            for dimension in value.shape or ():
                bound |= attr_symbols(dimension)
        seen.add(node)
    _verify_outputs(graph)


def _verify_outputs(graph: Graph) -> None:
    members = set(graph.nodes)
    for value in graph.outputs:
        if not isinstance(value, Value) or value.node not in members:
            raise InternalError(f"Graph `{graph.name}` returns {value!r}, which is not one of its values.")
