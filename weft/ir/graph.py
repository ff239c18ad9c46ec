"""Graphs: nodes in an order in which they can run, values between them, explicit inputs, outputs and captures.

The IR does not know what an op means: a node names it and carries its attributes. Sub-graphs (branches, loop bodies,
called functions) are closed graphs held in attributes: whatever they use from outside is an explicit input.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base.dims import Dim, symbols_of
from weft.base.errors import InternalError
from weft.ir.types import TensorType

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Symbol
    from weft.base.sources import SourceLine

_serial = itertools.count()


class Constant:
    """An array as an attribute: hashable by content, so that equal constants are one after common-code removal."""

    __slots__ = ("_hash", "array")

    def __init__(self, array: Any) -> None:
        self.array: np.ndarray[Any, Any] = np.asarray(array)
        self.array.setflags(write=False)
        self._hash: int | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Constant):
            return NotImplemented
        a, b = self.array, other.array
        if a is b:
            return True
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        if a.dtype == object:
            return bool(np.array_equal(a, b))
        return a.tobytes() == b.tobytes()  # bytes, so that NaN equals itself and -0.0 differs from 0.0

    def __hash__(self) -> int:
        if self._hash is None:
            a = self.array
            content = a.tobytes() if a.dtype != object else repr(a.tolist())
            self._hash = hash((a.dtype.str, a.shape, content))
        return self._hash

    def __repr__(self) -> str:
        a = self.array
        if a.size <= 8:
            return repr(a.tolist())
        return f"<{a.dtype.name}[{'x'.join(map(str, a.shape))}]>"


class Value:
    """One output of a node, or an input of a graph. `tensor` is where the runtime keeps its handle to it."""

    __slots__ = ("__weakref__", "index", "node", "tensor", "type")

    def __init__(self, node: Node, index: int, type: TensorType) -> None:
        self.node = node
        self.index = index
        self.type = type
        self.tensor: Any = None

    @property
    def shape(self) -> tuple[Dimension, ...] | None:
        """Sizes and symbols, or None for an unknown rank."""
        return self.type.shape

    @property
    def dtype(self) -> Any:
        """The element type."""
        return self.type.dtype

    @property
    def graph(self) -> Graph:
        """The graph it belongs to."""
        return self.node.graph

    @property
    def name(self) -> str:
        """TensorFlow's name for it: the node's name and the output's number."""
        return f"{self.node.name}:{self.index}"

    def __repr__(self) -> str:
        return f"<Value {self.name} {self.type}>"


class Node:
    """One application of an op: inputs, attributes, outputs, and the nodes that must run before it."""

    __slots__ = (
        "__weakref__", "attrs", "control", "effect", "graph", "inputs", "metadata", "name", "op", "outputs", "serial",
        "source",
    )  # fmt: skip

    def __init__(
        self,
        graph: Graph,
        op: str,
        inputs: tuple[Value, ...],
        attrs: Mapping[str, Any],
        types: Sequence[TensorType],
        name: str,
        control: tuple[Node, ...] = (),
        source: SourceLine | None = None,
        effect: bool = False,
    ) -> None:
        self.graph = graph
        self.op = op
        self.inputs = inputs
        self.attrs = dict(attrs)
        self.control = control
        self.name = name
        self.source = source
        self.effect = effect
        self.metadata: dict[str, Any] = {}
        self.serial = next(_serial)
        self.outputs = tuple(Value(self, index, type) for index, type in enumerate(types))

    def subgraphs(self) -> list[Graph]:
        """The graphs among its attributes."""
        found = []
        for value in self.attrs.values():
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Graph):
                    found.append(item)
        return found

    def __repr__(self) -> str:
        return f"<Node {self.name} = {self.op}>"


#: gives a graph as programs see it; set by the runtime
view: Callable[[Graph], Any] | None = None


class Graph:
    """A function from inputs to outputs. `nodes` is always in an order in which they can run.

    Attributes:
        name: For people.
        nodes: Every node, the inputs' own (op `input`) among them.
        inputs: The values that a caller supplies, captures last.
        outputs: The values that a caller receives.
        captures: For each captured input, what it stands for outside (an outer Value, or whatever the tracer keeps).
    """

    def __init__(self, name: str = "graph") -> None:
        self.name = name
        self.nodes: list[Node] = []
        self.inputs: list[Value] = []
        self.outputs: list[Value] = []
        self.captures: dict[Any, Value] = {}
        self.names: dict[str, Node] = {}
        self.prepared: Any = None  # what the interpreter made of it
        self.compiled: dict[str, Any] = {}  # what engines made of it, by their names
        self.derived: dict[Any, Graph] = {}  # graphs made of it, such as its gradients
        self.wrapper: Any = None  # TensorFlow 1's view of it
        self.frozen = False  # whether further nodes are refused
        self.uncounted = 0  # operations that TensorFlow's graph has beyond the nodes
        self.readings: list[Any] = []  # what was read of the content of its values while it was built
        self._counts: dict[str, int] = {}
        self._reserved: set[str] = set()  # names given out for nodes that are still to come

    def __getattr__(self, name: str) -> Any:
        # programs ask a traced function's graph what they ask any: its operations, its tensors by name, its message
        if name.startswith("_") or view is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(view(self), name)

    def unique_name(self, wanted: str, take: bool = True) -> str:
        """The name, with `_1`, `_2`, … behind it where it is taken; it is taken from now on, unless only asked for."""
        count = self._counts.get(wanted.lower(), 0)
        if count == 0:
            if take:
                self._counts[wanted.lower()] = 1
            return wanted
        while (candidate := f"{wanted}_{count}").lower() in self._counts:
            count += 1
        if not take:
            return candidate
        self._counts[wanted.lower()] = count + 1
        self._counts[candidate.lower()] = 1
        return candidate

    def reserve(self, wanted: str) -> str:
        """A unique name for the node that is added under it later; its operands can be named after it before."""
        name = self.unique_name(wanted)
        self._reserved.add(name)
        return name

    def reserve_exactly(self, name: str) -> str:
        """That name for a node to come, though a name scope has taken it already; a unique one where a node has it."""
        if name in self.names or name in self._reserved:
            return self.reserve(name)
        self._counts.setdefault(name.lower(), 1)
        self._reserved.add(name)
        return name

    def rename(self, node: Node, name: str) -> None:
        """Gives a node a name that was reserved."""
        del self.names[node.name]
        self._reserved.discard(name)
        self._counts.setdefault(name.lower(), 1)
        node.name = name
        self.names[name] = node

    def add(
        self,
        op: str,
        inputs: Iterable[Value],
        attrs: Mapping[str, Any],
        types: Sequence[TensorType],
        *,
        name: str | None = None,
        control: Iterable[Node] = (),
        source: SourceLine | None = None,
        effect: bool = False,
    ) -> Node:
        """Appends a node.

        Raises:
            InternalError: Where an input belongs to another graph.
        """
        values = tuple(inputs)
        if self.frozen:
            raise RuntimeError(f"Graph `{self.name}` is finalized and cannot take {op}.")
        for value in values:
            if value.node.graph is not self:
                raise InternalError(
                    f"{op} in graph `{self.name}` uses {value!r}, which belongs to graph `{value.node.graph.name}` "
                    "and was not captured."
                )
        label = name or op
        if label in self._reserved:
            self._reserved.discard(label)
        else:
            label = self.unique_name(label)
        node = Node(self, op, values, attrs, types, label, tuple(dict.fromkeys(control)), source, effect)
        self.nodes.append(node)
        self.names[node.name] = node
        return node

    def add_input(self, type: TensorType, name: str = "input") -> Value:
        """Appends an input."""
        node = self.add("input", (), {}, (type,), name=name)
        self.inputs.append(node.outputs[0])
        return node.outputs[0]

    def capture(self, outer: Any, type: TensorType, name: str = "capture") -> Value:
        """The input that stands for something from outside; made on first use."""
        if outer not in self.captures:
            self.captures[outer] = self.add_input(type, name)
        return self.captures[outer]

    @property
    def types(self) -> tuple[list[TensorType], list[TensorType]]:
        """The types of inputs and outputs."""
        return [value.type for value in self.inputs], [value.type for value in self.outputs]

    def has_effects(self) -> bool:
        """Whether running it does more than compute its outputs."""
        return any(node.effect or any(g.has_effects() for g in node.subgraphs()) for node in self.nodes)

    def users(self) -> dict[Value, list[Node]]:
        """For each value, the nodes that read it, in order."""
        found: dict[Value, list[Node]] = {}
        for node in self.nodes:
            for value in dict.fromkeys(node.inputs):
                found.setdefault(value, []).append(node)
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "prepared": None, "compiled": {}, "derived": {}, "wrapper": None}

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __repr__(self) -> str:
        return f"<Graph {self.name}: {len(self.inputs)} inputs, {len(self.nodes)} nodes>"

    def __str__(self) -> str:
        from weft.ir.printer import print_graph

        return print_graph(self)


def attr_symbols(value: Any) -> frozenset[Symbol]:
    """The dimension symbols that an attribute mentions, sub-graphs with the sizes they bind themselves left out."""
    if isinstance(value, Dim):
        return symbols_of(value)
    if isinstance(value, Graph):
        return free_symbols(value)
    found: frozenset[Symbol] = frozenset()
    if isinstance(value, (tuple, list)):
        for item in value:
            if isinstance(item, (Dim, Graph, tuple, list)):
                found |= attr_symbols(item)
    return found


def free_symbols(graph: Graph) -> frozenset[Symbol]:
    """The sizes that a graph mentions and does not bind by its own values: whoever runs it must know them."""
    found: set[Symbol] = set()
    shown: set[Symbol] = set()
    for node in graph.nodes:
        for attr in node.attrs.values():
            found |= attr_symbols(attr) - shown  # what a node makes tells it no size that it must know itself
        for value in node.outputs:
            shown.update(bare_symbols(value))
    return frozenset(found)


def symbol_sources(graph: Graph) -> dict[Symbol, Value]:
    """For each dimension symbol, the first value whose shape shows it bare: where running the graph binds it."""
    found: dict[Symbol, Value] = {}
    for node in graph.nodes:
        for value in node.outputs:
            for symbol in bare_symbols(value):
                found.setdefault(symbol, value)
    return found


def bare_symbols(value: Value) -> Iterator[Symbol]:
    """The dimension symbols that a value's shape shows bare."""
    for dimension in value.shape or ():
        symbol = dimension.symbol if isinstance(dimension, Dim) else None
        if symbol is not None:
            yield symbol


def reachable(graph: Graph, roots: Iterable[Value | Node]) -> set[Node]:
    """The nodes that the roots need: by data, by control edges, and to bind the sizes they mention."""
    sources = symbol_sources(graph)
    needed: set[Node] = set()
    stack = [root.node if isinstance(root, Value) else root for root in roots]
    while stack:
        node = stack.pop()
        if node in needed:
            continue
        needed.add(node)
        stack.extend(value.node for value in node.inputs)
        stack.extend(node.control)
        for attr in node.attrs.values():
            for symbol in attr_symbols(attr):
                if symbol in sources:
                    stack.append(sources[symbol].node)
    return needed


def clone(
    graph: Graph, *, keep: set[Node] | None = None, name: str | None = None
) -> tuple[Graph, dict[Value, Value]]:
    """A copy with nodes of its own (sub-graphs are shared), and the map from old values to new ones.

    Args:
        graph: What to copy.
        keep: The nodes to copy; inputs are always kept. All where None.
        name: The copy's name.
    """
    copy = Graph(name or graph.name)
    values: dict[Value, Value] = {}
    nodes: dict[Node, Node] = {}
    inputs = {value.node for value in graph.inputs}
    for node in graph.nodes:
        if keep is not None and node not in keep and node not in inputs:
            continue
        types = [value.type for value in node.outputs]
        control = [nodes[before] for before in node.control if before in nodes]
        made = copy.add(node.op, [values[v] for v in node.inputs], node.attrs, types, name=node.name, control=control,
                        source=node.source, effect=node.effect)  # fmt: skip
        made.metadata = dict(node.metadata)
        nodes[node] = made
        values.update(zip(node.outputs, made.outputs, strict=True))
    copy.inputs = [values[value] for value in graph.inputs]
    copy.outputs = [values[value] for value in graph.outputs if value in values]
    copy.captures = {outer: values[value] for outer, value in graph.captures.items()}
    return copy, values
