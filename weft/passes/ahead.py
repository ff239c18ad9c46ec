"""A graph in two: what may be done for later elements already, and what has to wait for its turn.

Reading and decoding files has no effects and takes long. In a graph with effects (random numbers, say), which take
elements in order, such nodes and what they need can still be done ahead, many elements side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from weft.ir.cutting import part_of, wanted_by
from weft.ir.graph import Graph, Node, Value, symbol_sources
from weft.ops import opdef
from weft.ops.opdef import Effect
from weft.passes.batched import pure


class Halves(NamedTuple):
    """The two graphs.

    Attributes:
        first: What goes ahead.
        given: The numbers of the whole graph's inputs that it takes.
        rest: The rest; it returns what the whole graph returns.
        taken: What it takes: (True, the number of an input of the whole), (False, of a result of the first).
    """

    first: Graph
    given: Sequence[int]
    rest: Graph
    taken: Sequence[tuple[bool, int]]


def halves(graph: Graph) -> Halves | None:
    """A graph in two; None where nothing in it is worth going ahead, or all of it may."""
    if not any(map(pure, graph.nodes)):
        return None
    free: set[Node] = set()
    for node in graph.nodes:
        if node.op == "input":
            continue
        plain = pure(node) or (not node.effect and opdef.get(node.op).effect is Effect.NONE and not node.subgraphs())
        before = [value.node for value in node.inputs] + list(node.control)
        if plain and all(one in free or one.op == "input" for one in before):
            free.add(node)
    needed: set[Node] = set()
    for node in reversed(graph.nodes):
        if node in free and (pure(node) or node in needed):
            needed.update((node, *(value.node for value in node.inputs if value.node in free)))
    early = [node for node in graph.nodes if node in needed]
    late = [node for node in graph.nodes if node not in needed and node.op != "input"]
    if not early or not any(node.effect for node in late):
        return None
    sources = symbol_sources(graph)
    given = wanted_by(early, sources)
    taken = list(dict.fromkeys([*wanted_by(late, sources), *(v for v in graph.outputs if v.node not in set(late))]))
    made = [value for value in taken if value.node in needed]
    places: dict[Value, int] = {value: number for number, value in enumerate(graph.inputs)}
    return Halves(
        part_of(early, given, made, f"{graph.name}_ahead"), [places[value] for value in given],
        part_of(late, taken, graph.outputs, graph.name),
        [(True, places[v]) if v in places else (False, made.index(v)) for v in taken],
    )  # fmt: skip
