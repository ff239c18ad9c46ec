"""The part of a graph that a run needs, as a graph of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from weft.base import shapes
from weft.base.errors import InvalidArgumentError, explain
from weft.base.locks import Lock
from weft.ir import graph as ir
from weft.ir.graph import Value

if TYPE_CHECKING:
    from weft.base.dims import Symbol


class Cleared(NamedTuple):
    """What a node reads of rows that may be read once in a run: a TensorArray's. Nodes hold it as `cleared`.

    Attributes:
        array: Whose rows; told apart by identity.
        name: What that is called.
        asked: The value that says which; None where numbers do.
        rows: Their numbers, or `asked` where only running tells them.
    """

    array: object
    name: str
    asked: Value | None
    rows: Sequence[int | Value]


class Order:
    """Where nodes stand in a graph, and which values show its sizes: kept while it grows, so that a program that adds
    to its graph between runs does not go through all of it for each.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: ir.Graph) -> None:
        self.graph = graph
        self._places: dict[ir.Node, int] = {}
        self._sources: dict[Symbol, Value] = {}
        self._last: ir.Node | None = None
        self._lock = Lock()

    def sort(self, nodes: set[ir.Node]) -> list[ir.Node]:
        """Nodes in the order in which they stand."""
        with self._lock:
            self._catch_up()
            return sorted(nodes, key=self._places.__getitem__)

    def source(self, symbol: Symbol) -> Value | None:
        """A value whose shape shows a size bare; None where none does."""
        with self._lock:
            self._catch_up()
            found = self._sources.get(symbol)
            if found is None or symbol not in ir.bare_symbols(found):  # more was told of a shape since
                self._sources = ir.symbol_sources(self.graph)
                found = self._sources.get(symbol)
            return found

    def _catch_up(self) -> None:
        nodes, seen = self.graph.nodes, len(self._places)
        if seen and (len(nodes) < seen or nodes[seen - 1] is not self._last):  # something was put between them
            self._places, self._sources, seen = {}, {}, 0
        for node in nodes[seen:]:
            self._places[node] = len(self._places)
            for value in node.outputs:
                for symbol in ir.bare_symbols(value):
                    self._sources.setdefault(symbol, value)
        self._last = nodes[-1] if nodes else None


def extract(
    order: Order, fetches: Sequence[Value], targets: Sequence[ir.Node], feeds: Sequence[Value],
    changed: Mapping[ir.Node, Mapping[str, Any]] = MappingProxyType({}),
) -> tuple[ir.Graph, list[Any]]:
    """The part of a graph that the fetches need, with feeds and cells as inputs.

    Args:
        order: The graph.
        fetches: What is to be given.
        targets: What is to be run.
        feeds: What is given.
        changed: Attributes that nodes have in it instead of their own.

    Returns:
        The part, and the cells of its last inputs.

    Raises:
        InvalidArgumentError: Where a placeholder is needed that is not fed, or a row is read twice that may be read
            once.
    """
    source = order.graph
    fed = set(feeds)
    part = ir.Graph(f"run_{source.name}")
    values: dict[Value, Value] = {}
    for value in feeds:
        values[value] = part.add_input(value.type, value.node.name)
    by_value = {value: key.target for key, value in source.captures.items()}
    cells: list[Any] = []
    members = order.sort(needed(order, fetches, targets, fed, changed))
    _check_cleared(members, fed)
    for node in members:
        if node.op == "input" and node.outputs[0] not in fed:
            value = node.outputs[0]
            if value not in by_value:
                raise _not_fed(value)
            values[value] = part.add_input(value.type, node.name)
            cells.append(by_value[value]._array)
    nodes: dict[ir.Node, ir.Node] = {}
    awaited = {before for node in members for before in node.control}
    for node in members:
        if node.op == "input" or (node.outputs and all(v in fed for v in node.outputs)):
            continue
        if node.op == "identity_n" and not node.control and node not in awaited:  # it is there for its name
            for old, new in zip(node.outputs, node.inputs, strict=True):
                values.setdefault(old, values[new])
            continue
        control = [nodes[before] for before in node.control if before in nodes]
        attrs = changed.get(node, node.attrs)
        made = part.add(node.op, [values[v] for v in node.inputs], attrs, [v.type for v in node.outputs],
                        name=node.name, control=control, source=node.source, effect=node.effect)  # fmt: skip
        nodes[node] = made
        for old, new in zip(node.outputs, made.outputs, strict=True):
            values.setdefault(old, new)
    part.outputs = [values[v] if v in fed else _as_left(part, v, values) for v in fetches]
    return part, cells


def _check_cleared(nodes: Sequence[ir.Node], fed: set[Value]) -> None:
    seen: dict[tuple[int, int | Value], ir.Node] = {}
    for node in nodes:
        note: Cleared | None = node.metadata.get("cleared")
        if note is None or (note.asked in fed and note.rows != [note.asked]) or node.outputs[0] in fed:
            continue
        for row in note.rows:
            before = seen.setdefault((id(note.array), row), node)
            if before is not node or note.rows.count(row) > 1:
                which = f"row {row}" if isinstance(row, int) else f"the row of tensor `{row.name}`"
                first = f"`{before.name}`" + (f", made at {before.source}" if before.source else "")
                raise InvalidArgumentError(explain(
                    f"TensorArray.read: {which} of `{note.name}` was read before, by {first}, and a row is cleared "
                    "by that.", expected="one read of each row in a run", received=f"`{node.name}`, a second one",
                    hint="keep what `read` gave, or make it with clear_after_read=False",
                ))  # fmt: skip


def _as_left(part: ir.Graph, fetched: Value, values: dict[Value, Value]) -> Value:
    """What is given for a fetched value: for a variable that the run updates, what it holds after all updates.

    TensorFlow 1 fetches a variable's own memory, so `run([train, global_step])` gives the step after `train`.
    """
    node = fetched.node
    if node.op == "identity" and not node.control and node.name == f"{node.inputs[0].node.name}/read":
        node = node.inputs[0].node
    if node.metadata.get("type") != "VariableV2" or node.op != "read_variable":
        return values[fetched]
    handle = values[node.inputs[0]]
    updates = [each for each in part.nodes if each.effect and handle in each.inputs and each.op != "read_variable"]
    if not updates:
        return values[fetched]
    read = part.add(node.op, [handle], node.attrs, [value.type for value in node.outputs],
                    name=node.name, control=updates, source=node.source, effect=node.effect)  # fmt: skip
    return read.outputs[0]


def needed(
    order: Order, fetches: Sequence[Value], targets: Sequence[ir.Node], fed: set[Value],
    changed: Mapping[ir.Node, Mapping[str, Any]] = MappingProxyType({}),
) -> set[ir.Node]:
    """The nodes that fetches and targets need; what only leads to a fed value is not."""
    # a size is asked of what is fed, rather than of what led to it
    sizes = {symbol: value for value in fed for symbol in ir.bare_symbols(value)}
    found: set[ir.Node] = set()
    stack = [v.node for v in fetches if v not in fed] + list(targets)
    while stack:
        node = stack.pop()
        if node in found:
            continue
        found.add(node)
        stack.extend(v.node for v in node.inputs if v not in fed)
        stack.extend(node.control)
        for attr in changed.get(node, node.attrs).values():
            for symbol in ir.attr_symbols(attr):
                teller = sizes[symbol] if symbol in sizes else order.source(symbol)
                if teller is not None and teller not in fed:
                    stack.append(teller.node)
    return found


def without_unread(graph: ir.Graph, count: int) -> list[int]:
    """Drops those of the first inputs that nothing reads, nor asks for its sizes; the places of the others.

    Programs feed all their placeholders to whatever they run.
    """
    read = {value for node in graph.nodes for value in node.inputs} | set(graph.outputs)
    mentioned = {symbol for node in graph.nodes for attr in node.attrs.values() for symbol in ir.attr_symbols(attr)}
    kept = [place for place, value in enumerate(graph.inputs[:count])
            if value in read or not mentioned.isdisjoint(ir.bare_symbols(value))]  # fmt: skip
    dropped = {value.node for value in graph.inputs[:count]} - {graph.inputs[place].node for place in kept}
    if dropped:
        graph.inputs = [value for value in graph.inputs if value.node not in dropped]
        graph.nodes = [node for node in graph.nodes if node not in dropped]
    return kept


def _not_fed(value: Value) -> InvalidArgumentError:
    kind = f"dtype {value.dtype.name}" + ("" if value.shape is None else f" and shape {shapes.show(value.shape)}")
    made = "" if value.node.source is None else f" It was made at {value.node.source}."
    return InvalidArgumentError(
        explain(f"You must feed a value for placeholder tensor '{value.node.name}' with {kind}.{made}",
                hint=f"pass feed_dict={{{value.node.name}: ...}} to run()")  # fmt: skip
    )
