"""Derivatives of whole graphs: for branches, loop bodies and called functions.

`gradient_graph` is what control flow's rules call through `b.differentiate`; `split` is for calls, whose forward part
hands what the backward part needs over as further outputs instead of computing it twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weft.autodiff import replay
from weft.base.dims import Dim
from weft.base.errors import InternalError
from weft.base.shapes import is_static
from weft.ir.graph import Graph, Node, Value, attr_symbols, clone, reachable, symbol_sources
from weft.ops.builder import Builder, GraphBuilder


def _joint(graph: Graph, wrt: Sequence[int]) -> tuple[Graph, dict[Value, Value], list[Value], list[Value]]:
    """A copy of the graph followed by its gradient: (graph, old -> new values, cotangent inputs, cotangents)."""
    from weft.autodiff import reverse

    joint, values = clone(graph, name=f"{graph.name}_gradient")
    b = GraphBuilder(joint)
    targets = [values[v] for v in graph.outputs]
    pairs = [(t, joint.add_input(t.type, "cotangent")) for t in targets if t.dtype.is_floating or t.dtype.is_complex]
    sources = [joint.inputs[i] for i in wrt]
    records = [node for node in joint.nodes if node.op != "input"]
    found = reverse.reverse(records, [t for t, _ in pairs], [c for _, c in pairs], sources, b)
    cotangents = [
        b.densify(part) if part is not None else _zeros(b, source)
        for part, source in zip(found, sources, strict=True)
    ]
    return joint, values, [c for _, c in pairs], cotangents


def _zeros(b: Builder, source: Value) -> Value:
    held = source.type.handle
    if held is not None and not is_static(held.shape):
        source, held = b.call("read_variable", source), None
    zeros: Value = b.zeros_like(source) if held is None else b.full(held.shape or (), 0, held.dtype)
    return zeros


def gradient_graph(graph: Graph, wrt: Sequence[int]) -> Graph:
    """The graph (inputs, cotangents of its differentiable outputs) -> cotangents of the inputs at `wrt`.

    What the forward part computes is computed again inside; zeros stand where an input has no influence.

    Raises:
        InternalError: Where the forward part has effects, which must not happen again: differentiate its replay.
    """
    _check_pure(graph)
    key = ("gradient", tuple(wrt), len(graph.nodes), tuple(graph.outputs))
    if key not in graph.derived:  # kept, so that an engine compiles it once
        joint, _, _, cotangents = _joint(graph, wrt)
        joint.outputs = cotangents
        graph.derived[key], _ = clone(joint, keep=reachable(joint, joint.outputs))
    return graph.derived[key]


def _check_pure(graph: Graph) -> None:
    if replay.has_such(graph):
        raise InternalError(f"Graph `{graph.name}` reads, writes or draws, and its gradient would do that again.")


def _size_sources(joint: Graph, nodes: Sequence[Node], given: Sequence[Value]) -> list[Value]:
    """Values whose shapes tell the sizes that the nodes mention and the given values do not show."""
    sources = symbol_sources(joint)
    members = set(nodes)
    shown = {d.symbol for v in given for d in v.shape or () if isinstance(d, Dim)}
    mentioned = dict.fromkeys(s for node in nodes for attr in node.attrs.values() for s in attr_symbols(attr))
    missing = [sources[s] for s in mentioned if s not in shown and s in sources and sources[s].node not in members]
    return [value for value in dict.fromkeys(missing) if value not in given]


@dataclass(frozen=True)
class Split:
    """A graph in two halves.

    Attributes:
        forward: The graph with residuals as further outputs.
        backward: (residuals, cotangents of the differentiable outputs) -> cotangents of the inputs at `wrt`.
        residuals: How many further outputs `forward` has.
    """

    forward: Graph
    backward: Graph
    residuals: int


def split(graph: Graph, wrt: Sequence[int]) -> Split:
    """The two halves of a graph's computation and gradient, joined by residuals."""
    joint, values, cotangent_inputs, cotangents = _joint(graph, wrt)
    late: set[Node] = {value.node for value in cotangent_inputs}
    original = {value.node for value in values.values()}
    for node in joint.nodes:
        if node not in original and any(value.node in late for value in node.inputs):
            late.add(node)
    needed = reachable(joint, cotangents)
    backward_nodes = [n for n in joint.nodes if n in late and n in needed]
    residuals = list(dict.fromkeys(
        value for node in backward_nodes for value in node.inputs if value.node not in late
    ))  # fmt: skip
    residuals += [c for c in dict.fromkeys(cotangents) if c.node not in late and c not in residuals]
    residuals += _size_sources(joint, backward_nodes, residuals + cotangent_inputs)

    forward, moved = clone(joint, keep={n for n in joint.nodes if n not in late})
    forward.name = f"{graph.name}_forward"
    ends = {moved[v] for v in cotangent_inputs if v in moved}
    forward.inputs = [v for v in forward.inputs if v not in ends]
    forward.nodes = [n for n in forward.nodes if not (n.op == "input" and n.outputs[0] in ends)]
    forward.outputs = [moved[values[v]] for v in graph.outputs] + [moved[v] for v in residuals]
    forward, _ = clone(forward, keep=reachable(forward, [*forward.outputs, *(n for n in forward.nodes if n.effect)]))

    backward = Graph(f"{graph.name}_backward")
    known = {value: backward.add_input(value.type, "residual") for value in residuals}
    known |= {value: backward.add_input(value.type, "cotangent") for value in cotangent_inputs}
    for node in backward_nodes:
        if node.op == "input":
            continue
        made = backward.add(node.op, [known[v] for v in node.inputs], node.attrs, [v.type for v in node.outputs],
                            source=node.source, effect=node.effect)  # fmt: skip
        known.update(zip(node.outputs, made.outputs, strict=True))
    backward.outputs = [known[c] for c in cotangents]
    return Split(forward, backward, len(residuals))


def split_body(graph: Graph, wrt: Sequence[int]) -> Split:
    """The two halves of a loop's body.

    Raises:
        InternalError: Where the forward part has effects, as for `gradient_graph`.
    """
    _check_pure(graph)
    return split(graph, wrt)


# rules on the floor below differentiate sub-graphs through the builder that they are given
Builder.differentiate = staticmethod(gradient_graph)
Builder.split_body = staticmethod(split_body)
