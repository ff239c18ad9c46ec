"""Ops without a lowering rule, written out in smaller ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weft.autodiff.subgraph import gradient_graph
from weft.base.dims import Dim
from weft.engines.native.lower import RULES
from weft.engines.native.ranges import with_known_ranges
from weft.ir.graph import Graph, Node, Value, symbol_sources
from weft.ops import opdef
from weft.ops.builder import GraphBuilder
from weft.passes.simplify import inline_calls, remove_dead_code, share_common_code
from weft.passes.specialise import attribute_at

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Symbol


def decompose(graph: Graph) -> Graph:
    """The graph with every op that has no rule and does have a decomposition replaced by that."""
    graph = with_known_ranges(graph)
    while True:
        open_ = [node for node in graph.nodes if _is_open(node)]
        if not open_:
            return graph
        graph = share_common_code(remove_dead_code(inline_calls(_replace(graph, set(open_)))))


def _is_open(node: Node) -> bool:
    if node.op == "input" or node.op in RULES or opdef.get(node.op).decompose is None:
        return False
    return all(value.shape is not None for value in (*node.inputs, *node.outputs))


def _replace(graph: Graph, chosen: set[Node]) -> Graph:
    copy = Graph(graph.name)
    values: dict[Value, Value] = {}
    nodes: dict[Node, Node] = {}
    told = symbol_sources(graph)
    renamed: dict[Symbol, Dimension] = {}  # sizes that only a run tells: what is written out has its own names for them
    for node in graph.nodes:
        types = [value.type.with_sizes(renamed) for value in node.outputs]
        attrs = {name: attribute_at(value, renamed) for name, value in node.attrs.items()} if renamed else node.attrs
        control = [nodes[before] for before in node.control if before in nodes]
        if node in chosen:
            record = opdef.get(node.op)
            assert record.decompose is not None
            builder = GraphBuilder(copy, node.source, control)
            builder.differentiate = gradient_graph
            part, slash, _ = node.name.rpartition("/")
            builder.prefix = part + slash  # what it is written out in belongs to the same part of the program
            made = record.decompose(builder, *(values[v] for v in node.inputs), **attrs)
            results = made if isinstance(made, (tuple, list)) else (made,)
            for old, new in zip(node.outputs, results, strict=True):
                for size, found in zip(old.shape or (), new.shape or (), strict=True):
                    if isinstance(size, Dim) and size.symbol is not None and size != found and told[size.symbol] is old:
                        renamed[size.symbol] = found
            values.update(zip(node.outputs, results, strict=True))
            continue
        new = copy.add(node.op, [values[v] for v in node.inputs], attrs, types, name=node.name, control=control,
                       source=node.source, effect=node.effect)  # fmt: skip
        nodes[node] = new
        values.update(zip(node.outputs, new.outputs, strict=True))
    copy.inputs = [values[value] for value in graph.inputs]
    copy.outputs = [values[value] for value in graph.outputs]
    copy.captures = {outer: values[value] for outer, value in graph.captures.items()}
    return copy
