"""Runs a graph by the ops' `reference`: the meaning of graphs, and the engine that is always there.

State is written to a transaction and committed when the whole graph has run, so that a step which fails half-way (a
label out of range, a failed assert) has changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from weft.base import dims
from weft.base.dims import Dim
from weft.base.errors import InternalError, InvalidArgumentError, explain
from weft.ir.graph import Graph, Node, Value, attr_symbols, symbol_sources
from weft.ops import opdef
from weft.ops.opdef import Effect, OpDef

if TYPE_CHECKING:
    from weft.base.dims import Symbol
    from weft.base.sources import SourceLine


class Cell(Protocol):
    """What a resource handle is at run time: a place that holds a value."""

    def read(self) -> Any: ...
    def write(self, value: Any) -> None: ...


class _Pending:
    """A cell seen through a transaction: reads see the transaction's own writes, others see them after commit."""

    __slots__ = ("cell", "value", "written")
    tentative = True  # what is read through it must not be changed in place

    def __init__(self, cell: Any) -> None:
        self.cell = cell
        self.value: Any = None
        self.written = False

    def read(self) -> Any:
        return self.value if self.written else self.cell.read()

    def write(self, value: Any) -> None:
        self.value, self.written = value, True

    def commit(self) -> None:
        if self.written:
            self.cell.write(self.value)
            # in this order: a commit that Ctrl-C cut short can be done again
            self.written = False
            self.value = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cell, name)  # tables and iterators have methods beyond read and write


def transaction(inputs: Sequence[Any], resources: Sequence[int]) -> tuple[list[Any], list[_Pending]]:
    """The inputs with each cell seen through a transaction, and the transactions, one for each different cell."""
    arguments = list(inputs)
    pending: dict[int, _Pending] = {}
    for index in resources:
        cell = arguments[index]
        arguments[index] = pending.setdefault(id(cell), _Pending(cell))
    return arguments, list(pending.values())


def unwrapped(results: Sequence[Any]) -> list[Any]:
    """Results with the cells themselves in the place of their transactions."""
    return [result.cell if isinstance(result, _Pending) else result for result in results]


class Runner:
    """What a higher-order op's `reference` is given: it runs sub-graphs under the sizes known outside."""

    def __init__(self, known: Mapping[Symbol, int], hook: Hook | None) -> None:
        self.known = known
        self.hook = hook

    def run(self, graph: Graph, inputs: Sequence[Any]) -> list[Any]:
        """Runs a sub-graph; its writes belong to the surrounding transaction."""
        return program(graph).run(inputs, self.known, self.hook)


#: Called after each node with the node and its arrays: NaN hunting, profiling, tests.
Hook = Callable[[Node, Sequence[Any]], None]


class _Step:
    """One node, ready to run: where its operands are, which attributes need sizes, what may be freed after it."""

    __slots__ = ("attrs", "frees", "inputs", "mentions", "node", "outputs", "record", "shapes")

    def __init__(self, node: Node, record: OpDef, slots: dict[Value, int]) -> None:
        self.node = node
        self.record = record
        self.inputs = [slots[v] for v in node.inputs]
        self.outputs = [slots.setdefault(v, len(slots)) for v in node.outputs]
        self.attrs = {k: v for k, v in node.attrs.items() if not (isinstance(v, (Dim, tuple)) and attr_symbols(v))}
        self.mentions = {k: v for k, v in node.attrs.items() if k not in self.attrs}
        self.shapes: list[tuple[int, tuple[Any, ...]]] = []  # outputs that bind sizes: (position, shape)
        self.frees: list[int] = []


class Program:
    """A graph prepared for running many times."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.version = (len(graph.nodes), tuple(graph.outputs))
        slots: dict[Value, int] = {}
        for value in graph.inputs:
            slots[value] = len(slots)
        self.steps: list[_Step] = []
        sources = symbol_sources(graph)
        binding = {value for value in sources.values() if value.node.op != "input"}
        last: dict[int, _Step] = {}
        for node in graph.nodes:
            if node.op == "input":
                continue
            step = _Step(node, opdef.get(node.op), slots)
            step.shapes = [(i, v.shape) for i, v in enumerate(node.outputs) if v in binding and v.shape is not None]
            self.steps.append(step)
            for slot in (*step.inputs, *step.outputs):
                last[slot] = step
        self.outputs = [slots[v] for v in graph.outputs]
        kept = set(self.outputs)
        for slot, step in last.items():
            if slot not in kept:
                step.frees.append(slot)
        self.size = len(slots)
        self.resources = [i for i, v in enumerate(graph.inputs) if v.type.is_resource]

    def start(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs from outside: checks inputs, wraps state in a transaction and commits it at the end."""
        arguments, pending = transaction(inputs, self.resources)
        results = self.run(arguments, {}, hook, pending)
        commit(pending)
        return unwrapped(results)

    def run(
        self,
        inputs: Sequence[Any],
        outside: Mapping[Symbol, int],
        hook: Hook | None = None,
        pending: Sequence[_Pending] = (),
    ) -> list[Any]:
        """Runs with the sizes known outside; `pending` is what a host op must see committed before it runs."""
        graph = self.graph
        if len(inputs) != len(graph.inputs):
            raise InternalError(f"Graph `{graph.name}` takes {len(graph.inputs)} inputs, received {len(inputs)}.")
        slots: list[Any] = [None] * self.size
        known = dict(outside)
        for index, (value, given) in enumerate(zip(graph.inputs, inputs, strict=True)):
            slots[index] = given
            if value.shape is not None and not value.type.is_resource:
                _bind(value, given, known)
        for step in self.steps:
            operands = [slots[i] for i in step.inputs]
            attrs = step.attrs
            if step.mentions:
                attrs = {**attrs, **{k: resolve(v, known) for k, v in step.mentions.items()}}
            if step.record.effect is Effect.HOST:
                commit(pending)
            results = self._apply(step, operands, attrs, known, hook)
            if hook is not None:
                hook(step.node, results)
            for slot, result in zip(step.outputs, results, strict=True):
                slots[slot] = result
            for position, shape in step.shapes:
                problem = dims.bind(shape, results[position].shape, known)
                if problem:
                    raise InternalError(f"{step.node!r} made a result whose {problem}.")
            for slot in step.frees:
                slots[slot] = None
        return [slots[i] for i in self.outputs]

    def _apply(
        self, step: _Step, operands: list[Any], attrs: Mapping[str, Any], known: Mapping[Symbol, int], hook: Hook | None
    ) -> tuple[Any, ...]:
        if step.record.higher_order:
            operands.insert(0, Runner(known, hook))
        try:
            return opdef.apply_reference(step.record, operands, attrs)
        except InvalidArgumentError:
            raise
        except (ValueError, TypeError, IndexError, ZeroDivisionError, np.linalg.LinAlgError) as error:
            where = step.node.source
            raise InvalidArgumentError(_failure(step, operands, error, where)) from error


def commit(pending: Iterable[_Pending]) -> None:
    """Commits all of them, or none: Ctrl-C between two of them waits for the rest."""
    try:
        for transaction in pending:
            transaction.commit()
    except KeyboardInterrupt:
        for transaction in pending:
            transaction.commit()
        raise


def _failure(step: _Step, operands: list[Any], error: Exception, where: SourceLine | None) -> str:
    received = [
        f"{step.record.input_name(i)}: {a.dtype.name}{a.shape}"
        for i, a in enumerate(operands[1:] if step.record.higher_order else operands)
        if isinstance(a, np.ndarray)
    ]
    return explain(f"{step.node.op} `{step.node.name}`: {error}", received=received, where=where)


def _bind(value: Value, given: Any, known: dict[Symbol, int]) -> None:
    problem = dims.bind(value.shape or (), given.shape, known)
    if problem:
        raise InvalidArgumentError(
            explain(f"Graph `{value.graph.name}`: input `{value.node.name}` does not fit: {problem}.",
                    expected=str(value.type), received=f"{given.dtype}{given.shape}")  # fmt: skip
        )


def resolve(value: Any, known: Mapping[Symbol, int]) -> Any:
    """An attribute with every size that it mentions replaced by its number."""
    if isinstance(value, Dim):
        return value.evaluate(known)
    if isinstance(value, tuple):
        return tuple(resolve(item, known) for item in value)
    return value


def program(graph: Graph) -> Program:
    """The prepared form of a graph, made once for as long as the graph does not grow."""
    made: Program | None = graph.prepared
    if made is None or made.version != (len(graph.nodes), tuple(graph.outputs)):
        made = graph.prepared = Program(graph)
    return made


def run(graph: Graph, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
    """Runs a graph on arrays (and cells, for resource inputs); returns arrays.

    Args:
        graph: What to run.
        inputs: One array a graph input; for a resource, an object with `read` and `write`.
        hook: Called after each node.

    Raises:
        InvalidArgumentError: Where an input does not fit or an op refuses its data; state is then unchanged.
    """
    return program(graph).start(inputs, hook)


def evaluate(record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Runs one op on arrays, outside any graph."""
    if record.higher_order:
        return opdef.apply_reference(record, [Runner({}, None), *inputs], attrs)
    return opdef.apply_reference(record, inputs, attrs)


__all__ = ["Cell", "Hook", "Program", "Runner", "evaluate", "program", "resolve", "run"]
