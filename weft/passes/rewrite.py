"""The driver: rebuilds a graph node by node and applies rules where they fit, until nothing changes.

Nodes with effects are kept, in their order, with their control edges; a node that waits for others by control edges
is never replaced. A replacement must have exactly the type of what it replaces, so sizes that later nodes mention
stay bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weft.base.errors import InvalidArgumentError
from weft.ir.graph import Graph, Node, Value, clone, reachable
from weft.ops import opdef
from weft.ops.builder import GraphBuilder
from weft.ops.opdef import Effect, OpDef
from weft.passes import pattern
from weft.passes.pattern import Match

After = str | Callable[[GraphBuilder, Match], Any]


@dataclass(frozen=True)
class Stable:
    """What a rule promises that changes bits: why, where, and how near its results are to the true ones.

    Attributes:
        ulps: The greatest distance of the new form's results from the exact ones, in units in the last place of the
            larger of the result and its operand (of rows of up to 1000 elements, where there are rows).
        where: For which operands the old form loses more than that.
    """

    ulps: float
    where: str


@dataclass(frozen=True)
class Rule:
    """One rewriting. Results keep every bit (which NaN it is does not count), unless it is a stable form.

    Attributes:
        name: A few words, for listings and errors.
        before: The pattern that it looks for.
        after: The pattern that it puts in its place, or a function that builds it (None: leave it as it is).
        when: A condition on the match.
        stable: For the declared exceptions: what they promise instead of the same bits.
        any_rank: Whether both forms have one shape whatever the operands' ranks and the constants' shapes are. Two
            unknown ranks look alike; what would be the result of a broadcast may be one operand of it.
    """

    name: str
    before: str
    after: After
    when: Callable[[Match], bool] | None = None
    stable: Stable | None = None
    any_rank: bool = False

    @property
    def exact(self) -> bool:
        """Whether results keep every bit."""
        return self.stable is None

    def matches(self, value: Value) -> Iterator[Match]:
        """Every way in which it could be applied to a value."""
        if value.shape is None and not self.any_rank:
            return
        for found in pattern.match(pattern.parse(self.before), value):
            if not any(node.control for node in found.nodes) and (self.when is None or self.when(found)):
                yield found

    def apply(self, b: GraphBuilder, value: Value) -> Value | None:
        """What replaces the value, or None where the rule does not fit."""
        for found in self.matches(value):
            if isinstance(self.after, str):
                made = pattern.build(pattern.parse(self.after), found, b)
                made = made if isinstance(made, Value) else b.full(value.shape or (), made, value.dtype)
            else:
                made = self.after(b, found)
            if isinstance(made, Value) and made is not value and made.type == value.type:
                return made
        return None


def has_effects(node: Node) -> bool:
    """Whether a node, or a sub-graph of it, does more than compute its outputs."""
    return node.effect or any(g.has_effects() for g in node.subgraphs())


def reads_state(node: Node) -> bool:
    """Whether a node, or a sub-graph of it, reads a resource."""
    if node.op == "input":
        return False
    return opdef.get(node.op).effect is Effect.READ or any(reads_state(n) for g in node.subgraphs() for n in g.nodes)


def holds(graph: Graph, wanted: Callable[[Node], bool]) -> bool:
    """Whether there is such a node in a graph or in a sub-graph of it: a pass with nothing to do need not copy it."""
    return any(wanted(node) or any(holds(g, wanted) for g in node.subgraphs()) for node in graph.nodes)


def roots(graph: Graph) -> list[Value | Node]:
    """What must be kept: outputs and effects."""
    return [*graph.outputs, *(node for node in graph.nodes if has_effects(node))]


def prune(graph: Graph) -> Graph:
    """A copy without the nodes that neither an output nor an effect needs. Inputs stay."""
    return clone(graph, keep=reachable(graph, roots(graph)))[0]


class Rebuild:
    """A graph being built anew from another one; what a pass works on.

    Attributes:
        old: The graph that is read.
        new: The graph that is made.
        values: Old values to new ones.
        after: For each old node, the new nodes to wait for where something waited for it.
    """

    def __init__(self, old: Graph) -> None:
        self.old = old
        self.new = Graph(old.name)
        self.values: dict[Value, Value] = {}
        self.after: dict[Node, tuple[Node, ...]] = {}

    def control(self, node: Node) -> list[Node]:
        """The new nodes that a node's copy must wait for."""
        return [late for before in node.control for late in self.after.get(before, ())]

    def copy(self, node: Node, attrs: Mapping[str, Any] | None = None) -> Node:
        """Copies a node; the values it reads have been made."""
        made = self.new.add(
            node.op, [self.values[v] for v in node.inputs], node.attrs if attrs is None else attrs,
            [v.type for v in node.outputs], name=node.name, control=self.control(node), source=node.source,
            effect=node.effect,
        )  # fmt: skip
        made.metadata = dict(node.metadata)
        self.replace(node, made.outputs)
        self.after[node] = (made,)
        return made

    def replace(self, node: Node, outputs: Sequence[Value], after: Sequence[Node] = ()) -> None:
        """Lets new values stand for a node's outputs, and new nodes be waited for in its place."""
        self.values.update(zip(node.outputs, outputs, strict=True))
        self.after[node] = tuple(after)

    def finish(self) -> Graph:
        """The new graph, without nodes that nothing needs."""
        self.new.inputs = [self.values[v] for v in self.old.inputs]
        self.new.outputs = [self.values[v] for v in self.old.outputs]
        self.new.captures = {outer: self.values[v] for outer, v in self.old.captures.items()}
        needed = reachable(self.new, roots(self.new)).union(value.node for value in self.new.inputs)
        return self.new if len(needed) == len(self.new.nodes) else clone(self.new, keep=needed)[0]


def map_subgraphs(attrs: Mapping[str, Any], function: Callable[[Graph], Graph]) -> dict[str, Any]:
    """Attributes with every sub-graph replaced."""

    def mapped(value: Any) -> Any:
        if isinstance(value, Graph):
            return function(value)
        return tuple(mapped(v) for v in value) if isinstance(value, tuple) else value

    return {key: mapped(value) for key, value in attrs.items()}


#: (what is being built, the old node, its attributes with sub-graphs rebuilt already); copies or replaces the node
Visit = Callable[[Rebuild, Node, Mapping[str, Any]], None]


def through(graph: Graph, visit: Visit, done: dict[int, Graph] | None = None) -> Graph:
    """Rebuilds a graph and its sub-graphs, each once; `visit` copies or replaces each node that is not an input."""
    made = {} if done is None else done

    def inner(subgraph: Graph) -> Graph:
        return made[id(subgraph)] if id(subgraph) in made else through(subgraph, visit, made)

    rebuild = Rebuild(graph)
    for node in graph.nodes:
        if node.op == "input":
            rebuild.copy(node)
        else:
            visit(rebuild, node, map_subgraphs(node.attrs, inner) if node.subgraphs() else node.attrs)
    made[id(graph)] = rebuild.finish()
    return made[id(graph)]


class _RewritingBuilder(GraphBuilder):
    """Applies rules to every node as it is made, those that rules make included."""

    def __init__(self, graph: Graph, rules: Mapping[str, Sequence[Rule]], used: list[str]) -> None:
        super().__init__(graph)
        self.rules = rules
        self.used = used
        self.depth = 0

    def apply(self, record: OpDef, inputs: Sequence[Value], attrs: Mapping[str, Any]) -> tuple[Value, ...]:
        outputs = super().apply(record, inputs, attrs)
        return (self.simplify(outputs[0]),) if len(outputs) == 1 else outputs

    def simplify(self, value: Value) -> Value:
        """The value, or what rules make of it."""
        if self.depth > 16 or value.node.control:  # a chain this long is two rules undoing each other's work
            return value
        self.depth += 1
        try:
            for rule in self.rules.get(value.node.op, ()):
                try:
                    made = rule.apply(self, value)
                except InvalidArgumentError:
                    continue  # the replacement does not take these dtypes or shapes: the rule does not fit
                if made is not None:
                    self.used.append(rule.name)
                    return made
            return value
        finally:
            self.depth -= 1


def by_root(rules: Sequence[Rule]) -> dict[str, list[Rule]]:
    """The rules by the op at the root of their patterns."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        root = pattern.parse(rule.before)
        assert isinstance(root, pattern.Apply), f"rule `{rule.name}` matches everything"
        found.setdefault(root.op, []).append(rule)
    return found


def rewrite(graph: Graph, rules: Sequence[Rule], *, used: list[str] | None = None, rounds: int = 8) -> Graph:
    """Applies rules until none fits any more.

    Args:
        graph: What to rewrite; it is left as it is.
        rules: What to apply; earlier ones first.
        used: Receives the names of the rules that were applied.
        rounds: How often the graph is gone through at most.
    """
    table = by_root(rules)

    def may_change(node: Node) -> bool:
        if len(node.outputs) != 1 or node.control or node.effect:
            return False
        return any(True for rule in table.get(node.op, ()) for _ in rule.matches(node.outputs[0]))

    for _ in range(rounds):
        if not holds(graph, may_change):
            break
        applied: list[str] = []

        def visit(rebuild: Rebuild, node: Node, attrs: Mapping[str, Any], applied: list[str] = applied) -> None:
            made = rebuild.copy(node, attrs)
            if len(made.outputs) != 1 or made.control or made.effect or made.op not in table:
                return
            b = _RewritingBuilder(rebuild.new, table, applied)
            b.source = node.source
            replacement = b.simplify(made.outputs[0])
            if replacement is not made.outputs[0]:
                rebuild.replace(node, (replacement,), (replacement.node,))

        graph = through(graph, visit)
        if used is not None:
            used.extend(applied)
        if not applied:
            break
    return graph
