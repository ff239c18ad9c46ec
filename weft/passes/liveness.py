"""How long values live, for planning memory: a value's place may be used again after its last reader has run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from weft.ir.graph import Graph, Node, Value


@dataclass(frozen=True)
class Interval:
    """When a value is alive, in positions of nodes.

    Attributes:
        start: The position of the node that makes it; -1 for inputs.
        end: The position of its last reader, `start` where nothing reads it, the number of nodes for outputs.
    """

    start: int
    end: int

    def overlaps(self, other: Interval) -> bool:
        """Whether both are alive at one time. What a node reads and what it makes are."""
        return self.start <= other.end and other.start <= self.end


def intervals(graph: Graph, order: Sequence[Node] | None = None) -> dict[Value, Interval]:
    """The lifetime of every value, inputs first, then in the order in which they are made.

    Args:
        graph: The graph.
        order: The order in which its nodes run; that of `graph.nodes` where None.
    """
    nodes = [node for node in (graph.nodes if order is None else order) if node.op != "input"]
    start = dict.fromkeys(graph.inputs, -1)
    end = dict(start)
    for position, node in enumerate(nodes):
        for value in node.inputs:
            end[value] = position
        for value in node.outputs:
            start[value] = end[value] = position
    for value in graph.outputs:
        end[value] = len(nodes)
    return {value: Interval(start[value], end[value]) for value in start}


def last_reads(graph: Graph, order: Sequence[Node] | None = None) -> dict[Node, list[Value]]:
    """For each node, the values that nothing needs once it has run: those it is the last to read, or makes in vain."""
    nodes = [node for node in (graph.nodes if order is None else order) if node.op != "input"]
    found: dict[Node, list[Value]] = {node: [] for node in nodes}
    for value, interval in intervals(graph, order).items():
        if 0 <= interval.end < len(nodes):
            found[nodes[interval.end]].append(value)
    return found


def peak(graph: Graph, size: Callable[[Value], int], order: Sequence[Node] | None = None) -> int:
    """The greatest total size of values alive at one time.

    Args:
        graph: The graph.
        size: Bytes of a value; 0 for what takes no room of its own.
        order: The order in which its nodes run.
    """
    nodes = [node for node in (graph.nodes if order is None else order) if node.op != "input"]
    frees = last_reads(graph, order)
    alive = sum(size(value) for value in graph.inputs)
    highest = alive
    for node in nodes:
        alive += sum(size(value) for value in node.outputs)
        highest = max(highest, alive)
        alive -= sum(size(value) for value in frees[node])
    return highest
