"""Functions out of TensorFlow 1's graphs: a graph that a function built, and parts of it that are called eagerly."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from weft.base import nest
from weft.base.errors import explain
from weft.ir import graph as ir
from weft.ir.graph import Node, Value
from weft.runtime import context, frontdoor
from weft.runtime import graph as graphs
from weft.runtime.concrete import ConcreteFunction, TracedResult
from weft.runtime.graph import Operation
from weft.runtime.session import Session
from weft.runtime.spec import TensorSpec
from weft.runtime.tensor import Handle, wrap
from weft.runtime.variable import Variable


def wrap_function(fn: Callable[..., Any], signature: Any, name: str | None = None) -> WrappedFunction:
    """Runs a function of TensorFlow 1's into a graph, which can then be called.

    Args:
        fn: The function; it may make placeholders, import graphs and make variables.
        signature: Specs of its arguments.
        name: A name for messages.

    Example:
        >>> import weft as tf
        >>> def build(x):
        ...     return tf.identity(tf.multiply(x, 2.0, name="doubled") + 1.0, name="more")
        >>> wrapped = tf.compat.v1.wrap_function(build, [tf.TensorSpec([], tf.float32)])
        >>> float(wrapped(tf.constant(3.0)))
        7.0
        >>> later = wrapped.prune("doubled:0", "more:0")
        >>> float(later(tf.constant(4.0)))
        5.0
    """
    return WrappedFunction(fn, signature, name or str(getattr(fn, "__name__", "wrapped")))


class WrappedFunction:
    """A function that has been run into a graph of TensorFlow 1.

    Attributes:
        graph: The graph.
        variables: Eager variables that stand for those of the graph, with what these begin with.
    """

    def __init__(self, fn: Callable[..., Any], signature: Any, name: str) -> None:
        self.graph = graphs.Graph()
        self.name = name
        self._variables: dict[int, Any] = {}
        with self.graph.as_default():
            specs = list(signature) if isinstance(signature, (list, tuple)) else [signature]
            given = nest.map_structure(self._placeholder, specs)
            returned = fn(*given)
        self._arguments = [leaf for leaf in nest.flatten(given) if hasattr(leaf, "_value")]
        self._returned = returned
        self._whole: Any = None

    @staticmethod
    def _placeholder(spec: Any) -> Any:
        if not isinstance(spec, TensorSpec):
            return spec
        return graphs.placeholder(spec.dtype, spec.shape, name=spec.name)

    @property
    def variables(self) -> list[Any]:
        """The variables that its calls read and write."""
        return list(self._variables.values())

    def __call__(self, *args: Any) -> Any:
        """What the function returned, for these arguments."""
        if self._whole is None:
            with self.graph.as_default():
                fetches = nest.map_structure(
                    lambda leaf: leaf if leaf is None or isinstance(leaf, Operation) else frontdoor.convert(leaf),
                    self._returned)  # fmt: skip
            self._whole = self.prune(self._arguments, fetches, self.name)
        return self._whole(*args)

    def prune(self, feeds: Any, fetches: Any, name: str | None = None, input_signature: Any = None) -> ConcreteFunction:
        """A function from some of the graph's tensors to others.

        Args:
            feeds: Tensors of the graph, or their names.
            fetches: Nested tensors and operations of the graph, or their names.
            name: A name for messages.
            input_signature: Accepted.

        Raises:
            ValueError: Where a placeholder is needed that is not fed.
        """
        elements = [self.graph.as_graph_element(feed) for feed in nest.flatten(feeds)]
        wanted = nest.map_structure(lambda leaf: None if leaf is None else self.graph.as_graph_element(leaf), fetches)
        part = _Part(self, [tensor._value for tensor in elements], name or f"{self.name}_pruned")
        operations = [leaf for leaf in nest.flatten(wanted) if isinstance(leaf, Operation)]
        values = {id(leaf): part.value(leaf._value) for leaf in nest.flatten(wanted)
                  if leaf is not None and not isinstance(leaf, Operation)}  # fmt: skip
        for operation in operations:
            part.node(operation.node)
        results = nest.map_structure(lambda leaf: wrap(values[id(leaf)]) if id(leaf) in values else None, wanted)
        return part.closed(results, [tensor.op.name for tensor in elements])


class _Part:
    """The nodes that some fetches need, copied into the graph of a traced function."""

    def __init__(self, owner: WrappedFunction, feeds: Sequence[Value], name: str) -> None:
        self._owner, self.graph = owner, ir.Graph(name)
        self._source = owner.graph.ir
        self._cells = {value: key.target for key, value in self._source.captures.items()}
        self._sizes = ir.symbol_sources(self._source)
        self._handles: list[Any] = []
        self._nodes: dict[Node, list[Node]] = {}
        self._values = {feed: self.graph.add_input(feed.type, feed.node.name) for feed in feeds}
        self._count = len(feeds)

    def value(self, wanted: Value) -> Value:
        """The copy of a value."""
        for node in self._behind(wanted.node, wanted):
            self._copy(node)
        return self._values[wanted]

    def node(self, wanted: Node) -> None:
        """Copies a node with what it needs."""
        for node in self._behind(wanted, None):
            self._copy(node)

    def _behind(self, first: Node, given: Value | None) -> list[Node]:
        """The nodes that are needed, in the order in which they were made."""
        if given in self._values:
            return []
        found: dict[Node, None] = {}
        stack = [first]
        while stack:
            node = stack.pop()
            if node in found or (node.outputs and all(value in self._values for value in node.outputs)):
                continue
            found[node] = None
            stack.extend(value.node for value in node.inputs if value not in self._values)
            stack.extend(node.control)
            symbols = (symbol for attr in node.attrs.values() for symbol in ir.attr_symbols(attr))
            stack.extend(self._sizes[symbol].node for symbol in symbols if symbol in self._sizes)
        return sorted(found, key=lambda node: node.serial)

    def _copy(self, node: Node) -> None:
        if node in self._nodes or (node.outputs and all(value in self._values for value in node.outputs)):
            return
        if node.op == "input":
            self._values[node.outputs[0]] = self._variable(node)
            return
        control = [made for before in node.control for made in self._nodes.get(before, ())]
        if node.op == "no_op":  # what waits for it waits for what it waits for
            self._nodes[node] = control
            return
        made = self.graph.add(node.op, [self._values[v] for v in node.inputs], node.attrs,
                              [v.type for v in node.outputs], name=node.name, control=control, source=node.source,
                              effect=node.effect)  # fmt: skip
        self._nodes[node] = [made]
        for before, after in zip(node.outputs, made.outputs, strict=True):
            self._values.setdefault(before, after)

    def _variable(self, node: Node) -> Value:
        """The input for a variable of the graph: an eager one, that begins as it does, stands for it."""
        target = self._cells.get(node.outputs[0])
        if not isinstance(target, Handle):
            raise ValueError(explain(f"prune: the fetches need the placeholder `{node.name}`, which is not fed.",
                                     hint="add it to the feeds"))  # fmt: skip
        held = self._owner._variables.get(id(target._array))
        if held is None:
            held = self._owner._variables[id(target._array)] = self._made(target)
        self._handles.append(held.handle)
        return self.graph.add_input(node.outputs[0].type, node.name)

    def _made(self, target: Handle) -> Any:
        graph = self._owner.graph
        variable = next((v for v in graph.get_collection(graphs.GraphKeys.GLOBAL_VARIABLES)
                         if v.handle._array is target._array), None)  # fmt: skip
        if variable is None:
            raise ValueError(explain("prune: the graph keeps something else than variables between runs.",
                                     received=getattr(target._array, "name", "") or repr(target)))  # fmt: skip
        with context.outside_graphs():
            with Session(graph=graph) as session:
                session.run(variable.initializer)
                value = session.run(variable)
            return Variable(value, name=variable.op.name, trainable=variable.trainable)

    def closed(self, results: Any, names: Sequence[str]) -> ConcreteFunction:
        """The function."""
        result = TracedResult(results)
        self.graph.outputs = [tensor._value for tensor in result.tensors]
        feeds = self.graph.inputs[: self._count]
        captured = [value for value in self.graph.inputs if value not in feeds]
        self.graph.inputs = [*feeds, *captured]
        made = ConcreteFunction(self.graph, self._handles, result, self.graph.name)
        labels = [name.rpartition("/")[2] for name in names]
        if len(set(labels)) == len(labels) and all(label.isidentifier() for label in labels):
            kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
            made._parameters = inspect.Signature([inspect.Parameter(label, kind) for label in labels])
            made._signature = (made._flat_signature(), {})
        return made
