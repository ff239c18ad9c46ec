"""A graph for sizes that are known: the same nodes with numbers in the place of some symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from weft.base.dims import Dim, substitute
from weft.ir.graph import Graph, Node, Value

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Symbol


def specialise(graph: Graph, sizes: Mapping[Symbol, Dimension]) -> Graph:
    """A copy in which symbols have the given sizes, in types and attributes; sub-graphs too."""
    copy = Graph(graph.name)
    values: dict[Value, Value] = {}
    nodes: dict[Node, Node] = {}
    for node in graph.nodes:
        attrs = {name: attribute_at(value, sizes) for name, value in node.attrs.items()}
        types = [value.type.with_sizes(sizes) for value in node.outputs]
        control = [nodes[before] for before in node.control if before in nodes]
        made = copy.add(node.op, [values[v] for v in node.inputs], attrs, types, name=node.name, control=control,
                        source=node.source, effect=node.effect)  # fmt: skip
        made.metadata = dict(node.metadata)
        nodes[node] = made
        values.update(zip(node.outputs, made.outputs, strict=True))
    copy.inputs = [values[value] for value in graph.inputs]
    copy.outputs = [values[value] for value in graph.outputs]
    copy.captures = {outer: values[value] for outer, value in graph.captures.items()}
    return copy


def attribute_at(value: Any, sizes: Mapping[Symbol, Dimension]) -> Any:
    """An attribute with some symbols replaced."""
    if isinstance(value, Dim):
        return substitute(value, sizes)
    if isinstance(value, Graph):
        return specialise(value, sizes)
    if isinstance(value, tuple):
        return tuple(attribute_at(item, sizes) for item in value)
    return value
