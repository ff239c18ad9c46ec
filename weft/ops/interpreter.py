"""Runs a graph by the ops' `reference`: the meaning of graphs, and the engine that is always there.

State is written to a transaction and committed when the whole graph has run, so that a step which fails half-way (a
label out of range, a failed assert) has changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from weft.base import dims
from weft.base.dims import Dim
from weft.base.errors import InternalError, InvalidArgumentError, OpError, explain, naming, relocate
from weft.base.locks import Lock, Together
from weft.base.shapes import is_static
from weft.ir.graph import Graph, Node, Value, attr_symbols, symbol_sources
from weft.ops import opdef
from weft.ops.opdef import Effect, OpDef

if TYPE_CHECKING:
    from weft.base.dims import Symbol
    from weft.base.sources import SourceLine


class Cell(Protocol):
    """What a resource handle is at run time: a place that holds a value.

    Who replaces the value by one that depends on it holds the lock from the reading to the writing.

    A cell with `on_devices` also takes values that are on a device (anything with `fetch`, which gives the array), and
    `peek` gives what it holds as it is; `read` fetches.
    """

    @property
    def lock(self) -> Lock: ...
    def read(self) -> Any: ...
    def write(self, value: Any) -> None: ...

    def take(self) -> Any:
        """The array, to be changed in place until `put_back`; None where it has to be replaced by another."""

    def put_back(self) -> None:
        """Ends the change in place, if there was one."""


class _Pending:
    """A cell seen through a transaction: reads see the transaction's own writes, others see them after commit."""

    __slots__ = ("cell", "value", "written")
    on_devices = False  # what is written through it others may read before it is committed

    def __init__(self, cell: Any) -> None:
        self.cell = cell
        self.value: Any = None
        self.written = False

    def read(self) -> Any:
        return self.value if self.written else self.cell.read()

    def write(self, value: Any) -> None:
        self.value, self.written = value, True

    def take(self) -> Any:
        return None  # what is read through it must not be changed in place: the run may still fail

    def put_back(self) -> None:
        """Nothing was taken."""

    def commit(self) -> None:
        if self.written:
            self.cell.write(self.value)
            # in this order: a commit that Ctrl-C cut short can be done again
            self.written = False
            self.value = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cell, name)  # tables and iterators have methods beyond read and write


class Transaction:
    """One run's writes, and the locks of what it may write: from the first reading to the commit nobody else does.

    All locks are taken at once, in the order of all. While Python code of the user's runs none is held, so that it may
    wait for threads that write the same state.

    Args:
        inputs: What the graph is given.
        resources: Which of them are cells.
        written: Which of the cells the graph may write.
    """

    __slots__ = ("arguments", "locks", "pending")

    def __init__(self, inputs: Sequence[Any], resources: Iterable[int], written: Iterable[int]) -> None:
        #: the inputs, with each cell seen through the transaction
        self.arguments = list(inputs)
        pending: dict[int, _Pending] = {}
        for index in resources:
            cell = self.arguments[index]
            self.arguments[index] = pending.setdefault(id(cell), _Pending(cell))
        self.pending = list(pending.values())
        self.locks = Together([inputs[index].lock for index in written])

    def commit(self) -> None:
        """Commits all of them, or none: Ctrl-C between two of them waits for the rest."""
        try:
            for each in self.pending:
                each.commit()
        except KeyboardInterrupt:
            for each in self.pending:
                each.commit()
            raise

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Lets the outside see what was written so far, and write itself."""
        self.commit()
        self.locks.release()
        try:
            yield
        finally:
            self.locks.acquire()


def unwrapped(results: Sequence[Any]) -> list[Any]:
    """Results with the cells themselves in the place of their transactions."""
    return [result.cell if isinstance(result, _Pending) else result for result in results]


class Runner:
    """What a higher-order op's `reference` is given: it runs sub-graphs under the sizes known outside."""

    def __init__(self, known: Mapping[Symbol, int], hook: Hook | None, transaction: Transaction | None = None) -> None:
        self.known = known
        self.hook = hook
        self.transaction = transaction

    def run(self, graph: Graph, inputs: Sequence[Any]) -> list[Any]:
        """Runs a sub-graph; its writes belong to the surrounding transaction."""
        return program(graph).run(inputs, self.known, self.hook, self.transaction)


#: Called after each node with the node and its arrays: NaN hunting, profiling, tests.
Hook = Callable[[Node, Sequence[Any]], None]


_REMEMBERED = 256  # combinations of sizes, for each node


class _Step:
    """One node, ready to run: where its operands are, which attributes need sizes, what may be freed after it."""

    __slots__ = ("attrs", "checked", "frees", "inputs", "mentions", "node", "outputs", "record", "shapes")

    def __init__(self, node: Node, record: OpDef, slots: dict[Value, int]) -> None:
        self.node = node
        self.record = record
        self.inputs = [slots[v] for v in node.inputs]
        self.outputs = [slots.setdefault(v, len(slots)) for v in node.outputs]
        self.attrs = {k: v for k, v in node.attrs.items() if not (isinstance(v, (Dim, tuple)) and attr_symbols(v))}
        self.mentions = {k: v for k, v in node.attrs.items() if k not in self.attrs}
        self.shapes: list[tuple[int, tuple[Any, ...]]] = []  # outputs that bind sizes: (position, shape)
        self.frees: list[int] = []
        # the sizes that the op's rule has taken; None where all sizes were known when it was asked while tracing
        self.checked: set[Any] | None = None if record.higher_order or self._is_static() else set()

    def _is_static(self) -> bool:
        types = [v.type.handle or v.type for v in self.node.inputs]
        return not self.mentions and all(is_static(t.shape) for t in types)

    def check(self, operands: Sequence[Any], attrs: Mapping[str, Any]) -> None:
        """Asks the op's rule again, once for each combination of sizes, now that they are known.

        While tracing, an unknown size might be anything. numpy would broadcast what does not go together, or worse.
        """
        assert self.checked is not None
        shapes = tuple([a.shape if isinstance(a, np.ndarray) else None for a in operands])
        sizes = tuple([attrs[name] for name in self.mentions])
        if (shapes, sizes) in self.checked:
            return
        types = [value.type if shape is None else value.type.with_shape(shape)
                 for value, shape in zip(self.node.inputs, shapes, strict=True)]  # fmt: skip
        with naming(self.node.name):
            self.record.infer(types, attrs, self.node.source)
        if len(self.checked) >= _REMEMBERED:
            self.checked.clear()
        self.checked.add((shapes, sizes))


#: runs one step: (step, operands, attributes) -> results
Apply = Callable[[_Step, "list[Any]", Mapping[str, Any]], "tuple[Any, ...]"]


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
        changed = _changed(graph)
        self.written = [i for i in self.resources if graph.inputs[i] in changed]

    def start(self, inputs: Sequence[Any], hook: Hook | None = None, apply: Apply | None = None) -> list[Any]:
        """Runs from outside: checks inputs, wraps state in a transaction and commits it at the end."""
        if not self.resources:
            return self.run(inputs, {}, hook, None, apply)
        transaction = Transaction(inputs, self.resources, self.written)
        with transaction.locks:
            results = self.run(transaction.arguments, {}, hook, transaction, apply)
            transaction.commit()
        return unwrapped(results)

    def run(
        self,
        inputs: Sequence[Any],
        outside: Mapping[Symbol, int],
        hook: Hook | None = None,
        transaction: Transaction | None = None,
        apply: Apply | None = None,
    ) -> list[Any]:
        """Runs with the sizes known outside; a host op sees what the transaction has written before it.

        `apply` may have faster forms of some ops, which give the same.
        """
        graph = self.graph
        apply = apply or apply_step
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
                attrs = {**attrs, **_resolved(step, known)}
            if step.checked is not None:
                step.check(operands, attrs)
            if step.record.higher_order:
                operands.insert(0, Runner(known, hook, transaction))
            if step.record.effect is Effect.HOST and transaction is not None:
                with transaction.suspended():
                    results = apply(step, operands, attrs)
            else:
                results = apply(step, operands, attrs)
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


def apply_step(step: _Step, operands: list[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Runs one step by its op's reference; what that refuses is told with the op and its line."""
    try:
        return opdef.apply_reference(step.record, operands, attrs)
    except OpError as error:
        error.node_name = error.node_name or step.node.name
        if isinstance(error, InvalidArgumentError):
            relocate(error, step.node.source)
        raise
    except (ValueError, TypeError, IndexError, ZeroDivisionError, np.linalg.LinAlgError) as error:
        where = step.node.source
        refusal = InvalidArgumentError(_failure(step, operands, error, where))
        refusal.node_name = step.node.name
        raise refusal from error


def _changed(graph: Graph) -> set[Value]:
    """The resources that a run may write; all of them where it writes one that is no input of its own."""
    found = {value for node in graph.nodes if _may_write(node) for value in node.inputs if value.type.is_resource}
    return found if found <= set(graph.inputs) else set(graph.inputs)


def _may_write(node: Node) -> bool:
    if node.op == "input":
        return False
    return opdef.get(node.op).effect is Effect.WRITE or any(
        _may_write(inner) for subgraph in node.subgraphs() for inner in subgraph.nodes
    )


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


def _resolved(step: _Step, known: Mapping[Symbol, int]) -> dict[str, Any]:
    try:
        return {k: resolve(v, known) for k, v in step.mentions.items()}
    except (ValueError, ZeroDivisionError) as error:
        raise InvalidArgumentError(
            explain(f"{step.node.op} `{step.node.name}`: a size cannot be computed: {error}.", where=step.node.source)
        ) from error


def program(graph: Graph) -> Program:
    """The prepared form of a graph, made once for as long as the graph does not grow."""
    made: Program | None = graph.prepared
    if made is None or made.version != (len(graph.nodes), tuple(graph.outputs)):
        made = graph.prepared = Program(graph)
    return made


def agree(graph: Graph, known: Mapping[Symbol, int]) -> bool:
    """Whether every op's rule takes the sizes that were unknown while tracing, as far as they are known now.

    What engines ask that do not ask each op while it runs; `Program` words the error.
    """
    try:
        for node in graph.nodes:
            if node.op == "input":
                continue
            if not all(agree(subgraph, known) for subgraph in node.subgraphs()):
                return False
            record = opdef.get(node.op)
            attrs = {name: _known_now(value, known) for name, value in node.attrs.items()}
            types = [value.type.with_sizes(known) for value in node.inputs]
            same = all(t == v.type for t, v in zip(types, node.inputs, strict=True)) and attrs == node.attrs
            if not record.higher_order and not same:
                record.infer(types, attrs, node.source)
    except (InvalidArgumentError, ValueError, TypeError, ZeroDivisionError):
        return False
    return True


def _known_now(value: Any, known: Mapping[Symbol, int]) -> Any:
    if isinstance(value, Dim):
        return dims.substitute(value, known)
    if type(value) is tuple:
        return tuple([_known_now(item, known) for item in value])
    return value


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
    """Runs one op on arrays, outside any graph. What it writes, no other thread writes meanwhile."""
    if record.higher_order:
        return _evaluate_higher_order(record, inputs, attrs)
    if record.effect is Effect.WRITE:
        locks = [value.lock for value in inputs if hasattr(value, "lock")]
        with locks[0] if len(locks) == 1 else Together(locks):
            return opdef.apply_reference(record, inputs, attrs)
    return opdef.apply_reference(record, inputs, attrs)


def _evaluate_higher_order(record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    resources = [index for index, value in enumerate(inputs) if hasattr(value, "lock")]
    transaction = Transaction(inputs, resources, resources if _writes(attrs) else ())
    with transaction.locks:
        results = opdef.apply_reference(record, [Runner({}, None, transaction), *transaction.arguments], attrs)
        transaction.commit()
    return tuple(unwrapped(results))


def _writes(attrs: Mapping[str, Any]) -> bool:
    return any(_may_write(node) for value in attrs.values() if isinstance(value, Graph) for node in value.nodes)


__all__ = [
    "Apply", "Cell", "Hook", "Program", "Runner", "Transaction", "agree", "apply_step", "evaluate", "program",
    "resolve", "run", "unwrapped",
]  # fmt: skip
