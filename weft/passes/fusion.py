"""Fusion groups: which nodes can be computed in one walk over memory.

A group is a chain (or a tree) of elementwise nodes over one shape, at whose end reductions may stand. Groups are made
greedily, a node joining the group of a producer unless some other path leads from that group to the node.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import cache

from weft.ir.graph import Graph, Node, Value
from weft.ops import families
from weft.passes.rewrite import has_effects, reads_state


class Kind(Enum):
    """What a node does to memory."""

    ELEMENTWISE = "elementwise"  # each element of the result from one of each operand
    REDUCTION = "reduction"  # each element of the result from a range of the operand's
    CONTRACTION = "contraction"  # products summed: matmul, convolution
    MOVEMENT = "movement"  # the same elements elsewhere
    OTHER = "other"
    EFFECT = "effect"  # ordered among themselves: reads and writes of state, checks, host calls


_MORE_ELEMENTWISE = frozenset((
    "select", "clip", "cast", "identity", "stop_gradient", "constant_around", "broadcast_to", "leaky_relu", "elu",
    "gelu",
))  # fmt: skip
_REDUCTIONS = frozenset((
    "reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod", "reduce_all", "reduce_any",
))  # fmt: skip
_CONTRACTIONS = frozenset(("matmul", "conv", "conv_input_gradient", "conv_kernel_gradient", "depthwise_conv"))
_MOVEMENTS = frozenset((
    "reshape", "transpose", "expand_dims", "squeeze", "slice", "strided_slice", "concat", "stack", "split", "unstack",
    "pad", "tile", "reverse", "roll", "gather",
))  # fmt: skip


@cache
def _elementwise() -> frozenset[str]:
    return frozenset(families.elementwise_ops()) | _MORE_ELEMENTWISE


def kind_of(node: Node) -> Kind:
    """What a node does to memory."""
    if has_effects(node) or reads_state(node):
        return Kind.EFFECT
    if node.op in _elementwise():
        return Kind.ELEMENTWISE
    if node.op in _REDUCTIONS:
        return Kind.REDUCTION
    if node.op in _CONTRACTIONS:
        return Kind.CONTRACTION
    return Kind.MOVEMENT if node.op in _MOVEMENTS else Kind.OTHER


@dataclass(eq=False)
class Group:
    """Nodes that can run together.

    Attributes:
        kind: ELEMENTWISE for fused chains, REDUCTION where one ends in reductions, else the single node's.
        nodes: In the graph's order.
        inputs: Values from outside that they read.
        outputs: Values of theirs that are read outside, or are outputs of the graph.
    """

    kind: Kind
    nodes: list[Node] = field(default_factory=list)
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    before: set[Group] = field(default_factory=set, repr=False)  # groups that must run before, directly or not

    @property
    def shape(self) -> tuple[object, ...] | None:
        """The shape that the group walks over."""
        first = self.nodes[0]
        value = first.inputs[0] if self.kind is Kind.REDUCTION and len(self.nodes) == 1 else first.outputs[0]
        return value.shape


def _dependencies(graph: Graph) -> dict[Node, list[Node]]:
    """What each node must wait for: producers, control edges, and the order of effects."""
    found: dict[Node, list[Node]] = {}
    last: Node | None = None
    reads: list[Node] = []
    for node in graph.nodes:
        needed = [v.node for v in node.inputs] + list(node.control)
        if has_effects(node):
            needed += [*reads, *([last] if last else [])]
            last, reads = node, []
        elif node.op != "input" and reads_state(node):
            needed += [last] if last else []
            reads.append(node)
        found[node] = [n for n in dict.fromkeys(needed) if n.op != "input"]
    return found


def _joinable(node: Node, kind: Kind, group: Group) -> bool:
    if group.kind not in (Kind.ELEMENTWISE, Kind.REDUCTION) or node.control:
        return False
    if any(v.node in group.nodes and kind_of(v.node) is Kind.REDUCTION for v in node.inputs):
        return False  # it needs the whole walk to be over
    walked = node.outputs[0].shape if kind is Kind.ELEMENTWISE else node.inputs[0].shape
    return kind in (Kind.ELEMENTWISE, Kind.REDUCTION) and walked is not None and walked == group.shape


def groups(graph: Graph) -> list[Group]:
    """The graph's nodes (inputs left out) in groups, in an order in which the groups can run."""
    needs = _dependencies(graph)
    home: dict[Node, Group] = {}
    made: list[Group] = []
    for node in graph.nodes:
        if node.op == "input":
            continue
        kind = kind_of(node)
        waits = {home[n] for n in needs[node]}
        chosen = next((g for g in _candidates(node, home) if _joinable(node, kind, g) and _acyclic(g, waits)), None)
        if chosen is None:
            chosen = Group(kind)
            made.append(chosen)
        elif kind is Kind.REDUCTION:
            chosen.kind = Kind.REDUCTION
        chosen.nodes.append(node)
        home[node] = chosen
        _add_dependencies(chosen, waits - {chosen}, made)
    _set_interfaces(graph, made, home)
    return _ordered(made, {node: i for i, node in enumerate(graph.nodes)})


def _candidates(node: Node, home: dict[Node, Group]) -> Iterable[Group]:
    return dict.fromkeys(home[v.node] for v in node.inputs if v.node in home)


def _acyclic(group: Group, waits: set[Group]) -> bool:
    """Whether a node may join a group: nothing else that it waits for waits for that group."""
    return not any(group in other.before for other in waits if other is not group)


def _add_dependencies(group: Group, waits: set[Group], made: list[Group]) -> None:
    more = waits.union(*(other.before for other in waits)) - group.before
    if more:
        for other in made:
            if other is group or group in other.before:
                other.before |= more


def _set_interfaces(graph: Graph, made: Iterable[Group], home: dict[Node, Group]) -> None:
    wanted = set(graph.outputs)
    for node in graph.nodes:
        wanted.update(v for v in node.inputs if node.op != "input" and home.get(v.node) is not home[node])
    for group in made:
        read = dict.fromkeys(v for node in group.nodes for v in node.inputs)
        group.inputs = [v for v in read if home.get(v.node) is not group]
        group.outputs = [v for node in group.nodes for v in node.outputs if v in wanted]


def _ordered(made: list[Group], position: dict[Node, int]) -> list[Group]:
    # a group has more groups before it than each of those has: `before` is closed under "before"
    return sorted(made, key=lambda g: (len(g.before), position[g.nodes[0]]))
