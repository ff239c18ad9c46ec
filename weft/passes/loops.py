"""Loops that take the same walk become one: above all a loop and its repetition, which keeps what a gradient needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weft.ir.graph import Graph, Node, Value, symbol_sources
from weft.ops.control import COUNTS
from weft.passes.rewrite import Rebuild, has_effects, holds, reads_state, through
from weft.passes.simplify import Inlined, share_common_code


def merge_loops(graph: Graph) -> Graph:
    """Runs once what several loops over the same inputs compute alike; what each of them stacks is kept."""
    if not holds(graph, lambda node: node.op in COUNTS):
        return graph
    groups: dict[Rebuild, dict[Node, list[Node]]] = {}
    made: dict[Node, tuple[Value, ...]] = {}

    def visit(rebuild: Rebuild, node: Node, attrs: Mapping[str, Any]) -> None:
        if node.op not in COUNTS:
            rebuild.copy(node, attrs)
            return
        if node in made:
            rebuild.replace(node, made[node], (made[node][0].node,) if made[node] else ())
            return
        if rebuild not in groups:
            groups[rebuild] = _alike(rebuild.old)
        members = groups[rebuild].get(node, [])
        merged = _merged(members) if len(members) > 1 else None
        if merged is None:
            rebuild.copy(node, attrs)
            return
        body, places, ragged = merged
        carries = node.attrs[COUNTS[node.op]]
        types = [v.type for v in node.outputs[:carries]]
        stacks: dict[int, Value] = {}
        for member, where in zip(members, places, strict=True):
            stacks.update(zip(where, member.outputs[carries:], strict=True))
        types += [stacks[place].type for place in sorted(stacks)]
        attrs = {**node.attrs, "body": body, "ragged": ragged}
        new = rebuild.new.add(node.op, [rebuild.values[v] for v in node.inputs], attrs, types, name=node.name,
                              source=node.source)  # fmt: skip
        for member, where in zip(members, places, strict=True):
            made[member] = (*new.outputs[:carries], *(new.outputs[carries + place] for place in where))
        rebuild.replace(node, made[node], (new,))

    return through(graph, visit)


def _alike(graph: Graph) -> dict[Node, list[Node]]:
    """For the first of several loops that may be one: all of them."""
    found: dict[Any, list[Node]] = {}
    for node in graph.nodes:
        if node.op in COUNTS and not (node.control or has_effects(node) or reads_state(node)):
            attrs = sorted((name, value) for name, value in node.attrs.items() if name not in ("body", "ragged"))
            rest = tuple((name, id(value) if isinstance(value, Graph) else value) for name, value in attrs)
            found.setdefault((node.op, node.inputs, rest), []).append(node)
    return {members[0]: members for members in found.values()}


def _merged(members: Sequence[Node]) -> tuple[Graph, list[list[int]], tuple[int, ...]] | None:
    """The bodies of some loops as one, where in it each one's stacked results are, and which of these are padded; None
    where they differ."""
    first = members[0]
    carries = first.attrs[COUNTS[first.op]]
    bodies = [node.attrs["body"] for node in members]
    types = [v.type for v in bodies[0].inputs]
    stacking = [node for node in members if len(node.outputs) > carries]
    if first.op == "while_loop" and len(stacking) > 1:
        return None  # each names the number of steps in its own way
    for node, body in zip(members, bodies, strict=True):
        if [v.type for v in body.inputs] != types or _data_sizes(body):
            return None
        if [v.type for v in node.outputs[:carries]] != [v.type for v in first.outputs[:carries]]:
            return None
    joint = Graph(bodies[-1].name)
    inputs = [joint.add_input(v.type, v.node.name) for v in bodies[0].inputs]
    found = [Inlined(joint, body, inputs, (), {}).outputs for body in bodies]
    joint.outputs = [v for outputs in found for v in outputs]
    joint = share_common_code(joint)
    ends: list[list[Value]] = []
    at = 0
    for outputs in found:
        ends.append(joint.outputs[at : at + len(outputs)])
        at += len(outputs)
    if any(end[:carries] != ends[0][:carries] for end in ends):
        return None
    stacked: dict[tuple[Value, bool], int] = {}
    places = [[stacked.setdefault((v, i in node.attrs["ragged"]), len(stacked)) for i, v in enumerate(end[carries:])]
              for node, end in zip(members, ends, strict=True)]  # fmt: skip
    joint.outputs = [*ends[0][:carries], *(value for value, _ in stacked)]
    return joint, places, tuple(place for (_, padded), place in stacked.items() if padded)


def _data_sizes(body: Graph) -> bool:
    """Whether a result's size is known only when it has run."""
    given = set(body.inputs)
    return any(value not in given for value in symbol_sources(body).values())
