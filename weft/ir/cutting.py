"""Cutting a graph into parts that run one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weft.ir.graph import Graph, Node, Value, attr_symbols, symbol_sources


def numbers(graph: Graph, host: set[Node]) -> dict[Node, int]:
    """The piece of each node: even for compiled ones, odd for those of the host.

    A piece holds as many nodes of one kind as can run together, in the order of data and effects.
    """
    number: dict[Node, int] = {}
    last_write: dict[Value, Node] = {}
    readers: dict[Value, list[Node]] = {}
    last_effect: Node | None = None
    sources: Mapping[Any, Value] = symbol_sources(graph)
    for node in graph.nodes:
        if node.op == "input":
            continue
        before_it = (*(value.node for value in node.inputs), *node.control)
        needs = [before for before in before_it if before.op != "input"]
        told = [sources[symbol].node for symbol in mentioned(node) if symbol in sources]
        needs += [before for before in told if before in number]  # who tells a size that it mentions
        for value in node.inputs:
            if not value.type.is_resource:
                continue
            if value in last_write:
                needs.append(last_write[value])
            if node.op in ("read_variable", "is_variable_initialized"):
                readers.setdefault(value, []).append(node)
            else:
                needs += readers.pop(value, [])
                last_write[value] = node
        if node.effect and not any(value.type.is_resource for value in node.inputs):
            needs += [last_effect] if last_effect is not None else []
            last_effect = node
        odd = node in host
        least = 1 if odd else 0
        for before in needs:
            at = number[before]
            least = max(least, at if (at % 2 == 1) is odd else at + 1)
        number[node] = least
    return number


@dataclass(eq=False)
class Part:
    """A piece of a graph: a graph of its own, and how it stands in the whole."""

    on_host: bool
    nodes: list[Node]  # of the whole
    inputs: list[Value]  # of the whole, as the part's inputs
    outputs: list[Value]  # of the whole, as the part's outputs
    graph: Graph
    frees: list[Value] = field(default_factory=list)  # of the whole, not needed after it

    def original(self) -> dict[Node, Node]:
        """A node of its graph -> the node of the whole."""
        return dict(zip((node for node in self.graph.nodes if node.op != "input"), self.nodes, strict=True))


def cut(graph: Graph, host: set[Node]) -> list[Part]:
    """A graph in parts that run one after the other, each compiled as a whole or run on the host.

    Args:
        graph: The whole.
        host: Its nodes that have to run on the host.
    """
    number = numbers(graph, host)
    sources: Mapping[Any, Value] = symbol_sources(graph)
    members: dict[int, list[Node]] = {piece: [] for piece in sorted(set(number.values()))}
    for node in graph.nodes:
        if node in number:
            members[number[node]].append(node)
    wanted = {piece: wanted_by(nodes, sources) for piece, nodes in members.items()}
    used = {value for values in wanted.values() for value in values} | set(graph.outputs)
    parts = []
    for piece, nodes in members.items():
        outputs = [value for node in nodes for value in node.outputs if value in used]
        part = part_of(nodes, wanted[piece], outputs, f"{graph.name}_{piece}")
        parts.append(Part(piece % 2 == 1, nodes, wanted[piece], outputs, part))
    kept = set(graph.outputs)
    for part_ in reversed(parts):
        for value in (*part_.inputs, *part_.outputs):
            if value not in kept:
                kept.add(value)
                part_.frees.append(value)
    return parts


def wanted_by(members: Sequence[Node], sources: Mapping[Any, Value]) -> list[Value]:
    """What some nodes take from the rest: operands, and values that tell sizes which they mention."""
    inside = set(members)
    wanted = dict.fromkeys(value for node in members for value in node.inputs if value.node not in inside)
    shown = {s for value in wanted for s in _bare(value)}
    told = {s for value in wanted for size in value.shape or () for s in attr_symbols(size)}
    for symbol in sorted(told.union(*map(mentioned, members)) - shown, key=lambda s: s.index):
        if symbol in sources and sources[symbol].node not in inside:
            wanted[sources[symbol]] = None
            shown.add(symbol)
    return list(wanted)


def part_of(members: Sequence[Node], inputs: Sequence[Value], outputs: Sequence[Value], name: str) -> Graph:
    """Some nodes as a graph of their own."""
    sub = Graph(name)
    values: dict[Value, Value] = {value: sub.add_input(value.type, value.node.name) for value in inputs}
    nodes: dict[Node, Node] = {}
    for node in members:
        control = [nodes[before] for before in node.control if before in nodes]
        made = sub.add(node.op, [values[v] for v in node.inputs], node.attrs, [v.type for v in node.outputs],
                       name=node.name, control=control, source=node.source, effect=node.effect)  # fmt: skip
        nodes[node] = made
        values.update(zip(node.outputs, made.outputs, strict=True))
    sub.outputs = [values[value] for value in outputs]
    return sub


def mentioned(node: Node) -> set[Any]:
    """The sizes that a node mentions, in its attributes and its results."""
    found = {s for attr in node.attrs.values() for s in attr_symbols(attr)}
    return found | {s for value in node.outputs for size in value.shape or () for s in attr_symbols(size)}


def _bare(value: Value) -> list[Any]:
    return [size.symbol for size in value.shape or () if not isinstance(size, int) and size.symbol is not None]
