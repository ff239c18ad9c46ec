"""Graphs that are differentiated without doing again what they did.

What a graph reads, writes, draws and asks of the host happens once, when it runs forward. Its gradient needs the
results. So `record` makes two graphs of one: the recorded graph, which also returns what its effects gave, and the
replay, which is given that and computes the same without any effect. Only replays are differentiated. A branch or loop
in the middle of a graph is widened in its place, so that it hands over what its replay needs (`replayed`); loops stack
it. A variable that a loop only reads is read once, before the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim, Symbol, substitute
from weft.base.errors import InternalError, explain
from weft.base.shapes import is_static
from weft.ir.graph import Graph, Node, Value, attr_symbols, clone, reachable, symbol_sources
from weft.ir.types import TensorType
from weft.ops import opdef, uneven
from weft.ops.builder import Builder, GraphBuilder, inline
from weft.ops.control import check_ranks
from weft.ops.opdef import Effect, Nondifferentiable

if TYPE_CHECKING:
    from weft.autodiff.reverse import Record

_ONCE = (Effect.READ, Effect.WRITE, Effect.HOST)


def happens_once(node: Node) -> bool:
    """Whether running a node again, or later, could give or do something else: it reads, writes, calls out."""
    if node.op == "input":
        return False
    return opdef.get(node.op).effect in _ONCE or any(has_such(graph) for graph in _run_by(node.attrs))


def _run_by(attrs: Mapping[str, Any]) -> list[Graph]:
    """The graphs that an application runs: those among its attributes, but for the one of a call's gradient."""
    return [graph for name, graph in attrs.items() if isinstance(graph, Graph) and name != "backward"]


def has_such(graph: Graph) -> bool:
    """Whether a graph has nodes that must happen once."""
    return any(happens_once(node) for node in graph.nodes)


@dataclass(frozen=True)
class Recording:
    """A graph as it runs, and as it is differentiated.

    Attributes:
        graph: (inputs) -> (outputs, what is kept).
        replay: (inputs, values of the variables at `held`, what is kept) -> outputs, without effects.
        held: Inputs, handles all, whose variables the caller reads instead of the graph.
        kept: The types of what is kept.
    """

    graph: Graph
    replay: Graph
    held: tuple[int, ...]
    kept: tuple[TensorType, ...]


@dataclass(frozen=True)
class Plan:
    """How an op with sub-graphs is recorded and replayed.

    Attributes:
        attrs: Its attributes where it returns what is kept, too, as its last outputs.
        held: The inputs, handles all, whose variables are read before it.
        kept: How many outputs it has more.
        op: The op that replays it,
        replay: with these attributes (a `length` that is the kept stacks' own is filled in)
        layout: and these inputs: pairs of "input", "held" or "kept" with a position.
    """

    attrs: Mapping[str, Any]
    held: tuple[int, ...]
    kept: int
    op: str
    replay: Mapping[str, Any]
    layout: tuple[tuple[str, int], ...]

    def inputs(self, inputs: Sequence[Any], held: Sequence[Any], kept: Sequence[Any]) -> list[Any]:
        """The inputs of the replay."""
        given = {"input": inputs, "held": held, "kept": kept}
        return [given[kind][position] for kind, position in self.layout]

    def replay_attrs(self, shapes: Iterable[Sequence[Any] | None]) -> dict[str, Any]:
        """The attributes of the replay, given the shapes of what is kept."""
        attrs = dict(self.replay)
        if "length" in attrs and attrs["length"] is None:
            attrs["length"] = next(shape[0] for shape in shapes if shape is not None)
        return attrs


# Recording a graph ---------------------------------------------------------------------------------------------------


def record(graph: Graph, given: Iterable[int] = ()) -> Recording:
    """Makes of a graph the one that runs and the one that is differentiated.

    Args:
        graph: The graph; it stays as it is.
        given: Inputs, handles of variables that the graph does not change, whose values the caller can supply.
    """
    return _Recorder(graph, given).finish()


class _Recorder:
    """Walks over a graph and makes its replay, widening what is needed in a copy."""

    def __init__(self, graph: Graph, given: Iterable[int]) -> None:
        self.graph = graph
        self.recorded, self.copies = clone(graph, name=f"{graph.name}_recorded")
        self.replay = Graph(f"{graph.name}_replay")
        self.values: dict[Value, Value] = {}  # of the graph -> of the replay
        self.given = {graph.inputs[i]: i for i in given}
        self.held: dict[int, Value] = {}
        self.kept: list[tuple[Value, Value]] = []  # (of the recorded graph, of the replay)
        needed = _needed(graph)
        for node in graph.nodes:
            if node.op == "input":
                self.values[node.outputs[0]] = self.replay.add_input(node.outputs[0].type, node.name)
            elif node in needed:
                self._visit(node)
        self.replay.inputs = [self.values[v] for v in graph.inputs]

    def _visit(self, node: Node) -> None:
        if not happens_once(node):
            made = self.replay.add(node.op, [self.values[v] for v in node.inputs], node.attrs,
                                   [v.type for v in node.outputs], source=node.source, effect=node.effect)  # fmt: skip
            self.values.update(zip(node.outputs, made.outputs, strict=True))
        elif _run_by(node.attrs):
            self._replay_control(node)
        elif node.op == "read_variable" and node.inputs[0] in self.given:
            self.values[node.outputs[0]] = self._read(node, node.inputs[0])
        else:
            kept = [self._keep(self.copies[v]) for v in node.outputs]
            self.values.update(zip(node.outputs, self._differentiable(node, node.inputs, kept), strict=True))

    def _keep(self, value: Value) -> Value:
        found = self.replay.add_input(value.type, "kept")
        self.kept.append((value, found))
        return found

    def _read(self, node: Node, handle: Value) -> Value:
        """The value of a variable just before a node."""
        position = self.given.get(handle)
        if position is not None:
            if position not in self.held:
                held = handle.type.handle
                assert held is not None
                self.held[position] = self.replay.add_input(held, "held")
            return self.held[position]
        read = read_before(self.copies[node.outputs[0]].node, self.copies[handle])
        return self._differentiable(read, [handle], [self._keep(read.outputs[0])])[0]

    def _differentiable(self, node: Node, inputs: Sequence[Value], results: Sequence[Value]) -> Sequence[Value]:
        """Results of a node that are given, joined to its inputs for the sake of gradients."""
        if isinstance(opdef.get(node.op).vjp, Nondifferentiable) or not results:
            return results
        operands = [*(self.values[v] for v in inputs), *results]
        attrs = {"gradient": Rule(node.op, tuple(node.attrs.items())), "count": len(inputs)}
        return self.replay.add("custom_gradient", operands, attrs, [v.type for v in results],
                               source=node.source).outputs  # fmt: skip

    def _replay_control(self, node: Node) -> None:
        free = frozenset(i for i, v in enumerate(node.inputs) if v in self.given)
        plan = plan_of(node.op, node.attrs, [v.type for v in node.inputs], free)
        held = [self._read(node, node.inputs[i]) for i in plan.held]
        kept = [self._keep(v) for v in widen(self.copies[node.outputs[0]].node, plan)]
        made = self.replay.add(
            plan.op, plan.inputs([self.values[v] for v in node.inputs], held, kept),
            plan.replay_attrs(v.shape for v in kept), [v.type for v in node.outputs], source=node.source,
        )  # fmt: skip
        self.values.update(zip(node.outputs, made.outputs, strict=True))

    def finish(self) -> Recording:
        own = len(self.graph.inputs)
        held = sorted(self.held)
        self.replay.inputs += [*(self.held[i] for i in held), *(inner for _, inner in self.kept)]
        self.replay.outputs = [self.values[v] for v in self.graph.outputs]
        used = reachable(self.replay, self.replay.outputs)
        replay, _ = clone(self.replay, keep=used)
        dropped = {new for old, new in zip(self.replay.inputs[own:], replay.inputs[own:], strict=True)
                   if old.node not in used}  # fmt: skip
        _drop_inputs(replay, dropped)
        kept = [value for value, inner in self.kept if inner.node in used]
        self.recorded.outputs = [*self.recorded.outputs, *kept]
        return Recording(self.recorded, replay, tuple(i for i in held if self.held[i].node in used),
                         tuple(v.type for v in kept))  # fmt: skip


def _needed(graph: Graph) -> set[Node]:
    """The nodes that the outputs need by data or by the sizes they mention, and not only by order."""
    sources = symbol_sources(graph)
    needed: set[Node] = set()
    stack = [value.node for value in graph.outputs]
    while stack:
        node = stack.pop()
        if node not in needed:
            needed.add(node)
            stack += [value.node for value in node.inputs]
            stack += [sources[s].node for attr in node.attrs.values() for s in attr_symbols(attr) if s in sources]
    return needed


def _drop_inputs(graph: Graph, dropped: set[Value]) -> None:
    graph.inputs = [v for v in graph.inputs if v not in dropped]
    graph.nodes = [n for n in graph.nodes if not (n.op == "input" and n.outputs[0] in dropped)]


@dataclass(frozen=True)
class _Applied:
    """An application whose results are given."""

    op: str
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    attrs: Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """The gradient of a node whose results are given: its op's own."""

    op: str
    attributes: tuple[tuple[str, Any], ...]

    def __call__(self, b: Builder, application: Any, cotangents: Sequence[Any]) -> list[Any]:
        """The cotangents of the inputs."""
        from weft.autodiff.reverse import pull_back

        count = len(application.inputs) - len(application.outputs)
        applied = _Applied(self.op, application.inputs[:count], application.inputs[count:], dict(self.attributes))
        needs = application.needs[:count]
        parts = pull_back(b, applied, needs, application.received, cotangents)
        return [b.densify(part) if need and part is not None else None
                for part, need in zip(parts, needs, strict=True)]  # fmt: skip


# Plans for the ops with sub-graphs -----------------------------------------------------------------------------------


def plan_of(
    op: str, attrs: Mapping[str, Any], inputs: Sequence[TensorType], free: frozenset[int] = frozenset()
) -> Plan:
    """How an application of an op with sub-graphs is recorded and replayed.

    Args:
        op: The op.
        attrs: Its attributes.
        inputs: The types of its inputs.
        free: Inputs, handles all, whose variables' values are at hand anyway.
    """
    return _PLANS[op](attrs, inputs, free)


def _plan_call(attrs: Mapping[str, Any], inputs: Sequence[TensorType], free: frozenset[int]) -> Plan:
    made = record(attrs["graph"], free)
    layout = [*_all("input", len(inputs)), *_all("held", len(made.held)), *_all("kept", len(made.kept))]
    whole = {"graph": made.graph, "backward": None, "residuals": 0, "wrt": ()}  # residuals are no longer the last
    return Plan(whole, made.held, len(made.kept), "call", {**attrs, "graph": made.replay}, tuple(layout))


def _all(kind: str, count: int) -> list[tuple[str, int]]:
    return [(kind, i) for i in range(count)]


def _plan_cond(attrs: Mapping[str, Any], inputs: Sequence[TensorType], free: frozenset[int]) -> Plan:
    """Each branch returns zeros for what the other one keeps."""
    parts = [record(attrs[name], (i - 1 for i in free)) for name in ("then_graph", "else_graph")]
    held = sorted({i for part in parts for i in part.held})
    counts = [len(part.kept) for part in parts]
    own = len(inputs) - 1
    recorded, replays = [], []
    for mine, part in enumerate(parts):
        outputs = len(part.graph.outputs) - counts[mine]
        b = GraphBuilder(part.graph)
        stacks = [[_stand_in(b, t) for t in other.kept] for other in parts]
        stacks[mine] = part.graph.outputs[outputs:]
        part.graph.outputs = [*part.graph.outputs[:outputs], *stacks[0], *stacks[1]]
        recorded.append(part.graph)
        replay = part.replay
        known = dict(zip(part.held, replay.inputs[own:], strict=False))
        read = [known[i] if i in known else replay.add_input(_held(inputs[i + 1]), "held") for i in held]
        groups = [[replay.add_input(t, "other") for t in other.kept] if place != mine else
                  replay.inputs[own + len(part.held) : own + len(part.held) + counts[mine]]
                  for place, other in enumerate(parts)]  # fmt: skip
        replay.inputs = [*replay.inputs[:own], *read, *groups[0], *groups[1]]
        replays.append(replay)
    layout = [*_all("input", len(inputs)), *_all("held", len(held)), *_all("kept", sum(counts))]
    return Plan({"then_graph": recorded[0], "else_graph": recorded[1]}, tuple(i + 1 for i in held), sum(counts),
                "cond", {"then_graph": replays[0], "else_graph": replays[1]}, tuple(layout))  # fmt: skip


def _held(handle: TensorType) -> TensorType:
    if handle.handle is None:
        raise InternalError(f"{handle} is read, and is no handle of a variable.")
    return handle.handle


def _stand_in(b: GraphBuilder, type: TensorType) -> Value:
    """Something of a type, as far as its shape is known; what is not known is 0."""
    nothing = b.constant(np.zeros((), type.dtype.numpy) if type.dtype is not dtypes.string else np.array(b"", object))
    shape = tuple(d if isinstance(d, int) else 0 for d in type.shape or ())
    value: Value = b.call("broadcast_to", nothing, shape=shape)
    return value


def _plan_scan(attrs: Mapping[str, Any], inputs: Sequence[TensorType], free: frozenset[int]) -> Plan:
    body, carries = attrs["body"], attrs["carries"]
    moving = carries + attrs["sequences"]
    made = record(body, free | _unchanged([body], inputs, moving))
    made, ragged = _padded(made, body, carries, attrs["ragged"])
    replay, layout = _scan_layout(made, moving, len(inputs))
    changed = {**attrs, "body": replay, "sequences": attrs["sequences"] + len(made.kept)}
    return Plan({"body": made.graph, "ragged": ragged}, made.held, len(made.kept), "scan", changed, layout)


def _plan_while(attrs: Mapping[str, Any], inputs: Sequence[TensorType], free: frozenset[int]) -> Plan:
    """A loop is replayed as a scan over what each step kept; that also tells how many steps there were."""
    body, condition, count = attrs["body"], attrs["condition"], attrs["count"]
    made = record(body, free | _unchanged([body, condition], inputs, count))
    made, ragged = _padded(made, body, count, attrs["ragged"])
    if all(type.shape is None for type in made.kept):  # then something else must tell the number of steps
        made.graph.outputs.append(GraphBuilder(made.graph).constant(0, dtypes.int32))
        step = made.replay.add_input(TensorType((), dtypes.int32), "step")
        made = Recording(made.graph, made.replay, made.held, (*made.kept, step.type))
    replay, layout = _scan_layout(made, count, len(inputs))
    scan = {"body": replay, "carries": count, "sequences": len(made.kept), "length": None, "backwards": False,
            "moves": bool(uneven.changing(body, count)), "ragged": attrs["ragged"]}  # fmt: skip
    return Plan({"body": made.graph, "ragged": ragged}, made.held, len(made.kept), "scan", scan, layout)


def _padded(
    made: Recording, body: Graph, count: int, ragged: tuple[int, ...]
) -> tuple[Recording, tuple[int, ...]]:
    """The recording of a loop's body with rows of one shape for what it keeps, and which of its results are padded.

    Args:
        made: The recording.
        body: The body.
        count: How many variables the loop has.
        ragged: Which of the body's own results are padded.
    """
    own = uneven.varying(body, count)
    places = [i for i, type in enumerate(made.kept) if uneven.mentions(type.shape, own)]
    if not places:
        return made, ragged
    kept = list(made.kept)
    sizes = uneven.Sizes(s for i in places for d in kept[i].shape or () for s in attr_symbols(d))
    made.graph.outputs.append(sizes.row(made.graph))
    replay = Graph(made.replay.name)
    first = len(made.replay.inputs) - len(kept)
    types = [value.type for value in made.replay.inputs]
    for i in places:
        types[first + i] = kept[i] = uneven.padded_type(kept[i])
    given = [replay.add_input(type, value.node.name) for type, value in zip(types, made.replay.inputs, strict=True)]
    sizes.bind(replay, replay.add_input(sizes.type, "sizes"))
    b = GraphBuilder(replay)
    for i in places:
        given[first + i] = uneven.cut(b, given[first + i], made.kept[i].shape or ())
    replay.outputs = inline(b, made.replay, given)
    results = len(body.outputs) - count
    return (Recording(made.graph, replay, made.held, (*kept, sizes.type)),
            (*ragged, *(results + i for i in places)))  # fmt: skip


def _scan_layout(made: Recording, moving: int, count: int) -> tuple[Graph, tuple[tuple[str, int], ...]]:
    """The replay of a loop's body with what is kept among the rows, without handles that it no longer needs."""
    replay = made.replay
    idle = {v for v in replay.inputs[moving:count] if v.type.is_resource} - {v for n in replay.nodes for v in n.inputs}
    first = count + len(made.held)
    captures = [i for i in range(moving, count) if replay.inputs[i] not in idle]
    layout = [*_all("input", moving), *_all("kept", len(made.kept)), *(("input", i) for i in captures),
              *_all("held", len(made.held))]  # fmt: skip
    replay.inputs = [*replay.inputs[:moving], *replay.inputs[first:], *replay.inputs[moving:first]]
    _drop_inputs(replay, idle)
    return replay, tuple(layout)


def _unchanged(graphs: Sequence[Graph], inputs: Sequence[TensorType], first: int) -> frozenset[int]:
    """The handles among a loop's captures whose variables nothing in it can change.

    Two handles may stand for one variable, so a write counts for all variables of its type.
    """
    written: list[TensorType] = []
    for graph in graphs:
        if _writes(graph, written):
            return frozenset()
    return frozenset(i for i in range(first, len(inputs)) if _fixed(inputs[i], written))


def _fixed(type: TensorType, written: Sequence[TensorType]) -> bool:
    held = type.handle
    if held is None or not is_static(held.shape):
        return False
    return not any(w.handle is None or w.handle.dtype is held.dtype for w in written)


def _writes(graph: Graph, written: list[TensorType]) -> bool:
    """Collects the types of handles that a graph writes through; whether it calls Python, which may write anything."""
    for node in graph.nodes:
        effect = opdef.get(node.op).effect if node.op != "input" else Effect.NONE
        if effect is Effect.HOST and node.op != "print":
            return True
        if effect is Effect.WRITE:
            written += [v.type for v in node.inputs if v.type.is_resource]
        if any(_writes(inner, written) for inner in _run_by(node.attrs)):
            return True
    return False


_PLANS: dict[str, Callable[[Mapping[str, Any], Sequence[TensorType], frozenset[int]], Plan]] = {
    "call": _plan_call, "cond": _plan_cond, "scan": _plan_scan, "while_loop": _plan_while,
}  # fmt: skip


# Widening a node in its graph ----------------------------------------------------------------------------------------


def read_before(node: Node, handle: Value) -> Node:
    """A read of a variable in the place just before a node of a graph that is being built."""
    graph = node.graph
    types = opdef.get("read_variable").infer([handle.type], {}, node.source)
    read = graph.add("read_variable", [handle], {}, types, control=node.control, source=node.source)
    graph.nodes.pop()
    graph.nodes.insert(graph.nodes.index(node), read)
    node.control = (*node.control, read)  # so that whatever waits for the node to have read waits for this, too
    return read


def widen(node: Node, plan: Plan) -> tuple[Value, ...]:
    """Makes a node of a graph return what is kept, too; its present outputs stay."""
    if plan.kept == 0:
        return ()
    attrs = {**node.attrs, **plan.attrs}
    types = opdef.get(node.op).infer([v.type for v in node.inputs], attrs, node.source)
    own = len(node.outputs)
    known: dict[Symbol, Any] = {}
    for value, type in zip(node.outputs, types, strict=False):
        for before, now in zip(value.shape or (), type.shape or (), strict=False):
            if isinstance(now, Dim) and now.symbol is not None:
                known.setdefault(now.symbol, before)
    made = [TensorType(None if t.shape is None else tuple(substitute(d, known) for d in t.shape), t.dtype, t.handle)
            for t in types[own:]]  # fmt: skip
    node.attrs = attrs
    node.outputs = (*node.outputs, *(Value(node, own + i, type) for i, type in enumerate(made)))
    node.metadata["widened"] = Widened(plan, own)
    return node.outputs[own:]


@dataclass(frozen=True)
class Widened:
    """That a node returns what its replay needs, behind its own outputs."""

    plan: Plan
    own: int

    def holds(self, node: Node) -> bool:
        """Whether the node is still as it was left: copies of graphs keep this note, but a node may change."""
        return len(node.outputs) == self.own + self.plan.kept and all(
            node.attrs.get(name) == value for name, value in self.plan.attrs.items()
        )


@dataclass
class Replayed:
    """The application that stands for one with effects, and where its inputs come from.

    Attributes:
        op, inputs, outputs, attrs: The application, as autodiff wants it.
        layout: For each input, what it is (see `Plan`).
        held: For each input of the original that was read before it: its position.
    """

    op: str
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    attrs: Mapping[str, Any]
    layout: tuple[tuple[str, int], ...] = field(repr=False)
    held: tuple[int, ...] = field(repr=False)

    def needs(self, needs: Sequence[bool]) -> tuple[bool, ...]:
        """Which inputs want a cotangent, given which of the original's do."""
        found = {"input": needs, "held": [needs[i] for i in self.held]}
        return tuple(kind != "kept" and bool(found[kind][i]) for kind, i in self.layout)

    def parts(self, b: Builder, parts: Sequence[Any], count: int) -> list[Any]:
        """The cotangents of the original's inputs, given those of this one's."""
        result: list[Any] = [None] * count
        for (kind, position), part in zip(self.layout, parts, strict=True):
            if kind == "kept" or part is None:
                continue
            place = self.held[position] if kind == "held" else position
            before = result[place]
            result[place] = part if before is None else b.call("add", b.densify(before), b.densify(part))
        return result


def must_be_replayed(op: str, attrs: Mapping[str, Any], received: Sequence[bool]) -> bool:
    """Whether differentiating an application would do again what must happen once."""
    if not opdef.get(op).higher_order:
        return False
    if op == "call" and attrs["backward"] is not None and not any(received[len(received) - attrs["residuals"] :]):
        return False  # its other half has all that it needs
    return any(has_such(graph) for graph in _run_by(attrs))


def replayed(b: Builder, record: Record) -> Replayed:
    """The replay of an application whose graph is still at hand: the node behind its outputs is widened.

    Raises:
        RuntimeError: Where it has run already, and has kept nothing.
    """
    inputs, outputs = record.inputs, record.outputs
    node = b.node_behind(outputs[0])
    if node is None:
        raise RuntimeError(
            explain(f"{record.op}: its gradient needs what it read, wrote or drew when it ran, and that was not kept.",
                    hint="open the tapes for all orders of the gradient before the call")  # fmt: skip
        )
    done = node.metadata.get("widened")
    if isinstance(done, Widened) and done.holds(node):
        plan, kept = done.plan, node.outputs[done.own :]
        outputs = outputs[: done.own]
    else:
        plan = plan_of(node.op, node.attrs, [v.type for v in node.inputs])
        kept = widen(node, plan)
    held = [b.has_read(inputs[i], read_before(node, node.inputs[i]).outputs[0]) for i in plan.held]
    given = plan.inputs(inputs, held, [b.of_value(v) for v in kept])
    made = plan.replay_attrs(v.shape for v in kept)
    if plan.op != node.op:
        check_ranks(b, inputs, outputs, plan.replay["carries"])
    return Replayed(plan.op, tuple(given), tuple(outputs), made, plan.layout, plan.held)


def variables_read(op: str, attrs: Mapping[str, Any]) -> set[int]:
    """The inputs of an application that are handles whose variables its sub-graphs read."""
    first = 1 if op == "cond" else 0
    return {first + i for graph in _run_by(attrs) for i, value in enumerate(graph.inputs) if _is_read(value)}


def _is_read(handle: Value) -> bool:
    if not handle.type.is_resource:
        return False
    for node in handle.graph.nodes:
        if handle in node.inputs:
            if node.op == "read_variable":
                return True
            if _run_by(node.attrs) and any(node.inputs[i] is handle for i in variables_read(node.op, node.attrs)):
                return True
    return False


def recorded(op: str, types: Sequence[TensorType], attrs: Mapping[str, Any]) -> Plan | None:
    """How an op that is about to run is recorded; None where nothing in it must happen once."""
    if not must_be_replayed(op, attrs, (True,)):
        return None
    return plan_of(op, attrs, types)
