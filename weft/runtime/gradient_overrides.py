"""Gradients that programs register for operations of TensorFlow 1's graphs, and graphs' parts that ask for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from weft.autodiff.reverse import carries_gradient, pull_back
from weft.base import sources
from weft.base.errors import explain, nearest
from weft.ir.graph import Graph, Node, Value
from weft.ops import opdef
from weft.ops.opdef import Nondifferentiable, Slices
from weft.runtime import context, dispatch, frontdoor, graph_ops
from weft.runtime import graph as graphs
from weft.runtime.composite import IndexedSlices
from weft.runtime.scopes import NameScope
from weft.runtime.tensor import wrap

#: names -> (the function, or None where there is no gradient; the line that registered it)
_REGISTERED: dict[str, tuple[Callable[..., Any] | None, str]] = {}


def _add(name: Any, function: Callable[..., Any] | None) -> None:
    if not isinstance(name, str):
        raise TypeError(f"op_type must be a string, received {name!r}.")
    before = _REGISTERED.get(name)
    own = before is None and name in _types()
    if before is not None or own:
        place = "Weft has one itself" if own or before is None else f"it was registered at {before[1]}"
        hint = "register it under a name of its own and use graph.gradient_override_map"
        raise KeyError(explain(f"Registering two gradients with name {name!r}: {place}.", hint=hint))
    _REGISTERED[name] = function, str(sources.user_line())


def _types() -> set[str]:
    """Types of operations that have a gradient without being told."""
    return {graph_ops.shown(name).type for name in opdef.names()
            if not isinstance(opdef.get(name).vjp, Nondifferentiable)} - {"PyFunc", "EagerPyFunc"}  # fmt: skip


class RegisterGradient:
    """Registers a function as the gradient of a type of operations.

    Args:
        op_type: The type, or a name that `Graph.gradient_override_map` gives to operations of other types.

    Raises:
        TypeError: For what is no string.
        KeyError: Where that name has a gradient already.

    Example:
        >>> import weft.compat.v1 as tf
        >>> @tf.RegisterGradient("PassedThrough")
        ... def passed(op, gradient):
        ...     return gradient
        >>> with tf.Graph().as_default() as graph, tf.Session() as session:
        ...     x = tf.constant(1.4)
        ...     with graph.gradient_override_map({"Round": "PassedThrough"}):
        ...         y = tf.round(x) * 3.0
        ...     float(session.run(tf.gradients(y, x)[0]))
        3.0
    """

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError(f"op_type must be a string, received {op_type!r}.")
        self._op_type = op_type

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """Registers `f(op, *gradients)`, which returns the gradient of each of the operation's inputs."""
        _add(self._op_type, f)
        return f


def no_gradient(op_type: str) -> None:
    """Says that operations of a type have no gradient.

    Raises:
        TypeError: For what is no string.
        KeyError: Where that name has a gradient already.
    """
    _add(op_type, None)


class Blocks:
    """The blocks of a graph in which operations get the gradients of other names."""

    def __init__(self) -> None:
        self.open: list[tuple[int, dict[str, str]]] = []

    def mark(self, graph: Graph) -> None:
        """Notes at the operations that the open blocks have so far whose gradients they get; inner blocks go first."""
        for start, names in reversed(self.open):
            for node in graph.nodes[start:]:
                name = names.get(graph_ops.type_of(node))
                if name is not None:
                    node.metadata.setdefault("gradient", name)


def blocks_of(graph: Graph) -> Blocks:
    """The open blocks of a graph."""
    wrapper = graphs.wrapper_of(graph)
    found: Blocks | None = wrapper.__dict__.get("_gradient_blocks")
    if found is None:
        found = wrapper.__dict__["_gradient_blocks"] = Blocks()
    return found


@contextmanager
def override(graph: Graph, names: Mapping[str, str]) -> Iterator[None]:
    """Within the block operations of some types get the gradients that are registered under other names.

    Raises:
        TypeError: For what maps anything but strings to strings.
    """
    if not isinstance(names, Mapping) or not all(isinstance(item, str) for pair in names.items() for item in pair):
        raise TypeError(explain("op_type_map must be a dictionary mapping strings to strings.", received=repr(names)))
    blocks = blocks_of(graph)
    blocks.open.append((len(graph.nodes), dict(names)))
    try:
        yield
    finally:
        blocks.mark(graph)
        blocks.open.pop()


class Overridden:
    """An operation whose gradient is a function of the program's.

    Attributes:
        op: As that of the node.
        inputs: As those of the node.
        outputs: As those of the node.
        attrs: As those of the node.
    """

    def __init__(self, node: Node, name: str) -> None:
        self.op, self.inputs, self.outputs, self.attrs = node.op, node.inputs, node.outputs, node.attrs
        self.name, self._node, self._registered = node.name, node, name

    def pull_back(self, builder: Any, cotangents: Sequence[Any]) -> list[Any]:
        """What the function makes of cotangents, for each input of the node.

        Raises:
            LookupError: Where nothing is registered under the name.
            ValueError: Where it returns another number of gradients than the operation has inputs.
        """
        if self._registered not in _REGISTERED:
            return self._as_another(builder, cotangents)
        function = _REGISTERED[self._registered][0]
        operation = graphs.operation_of(self._node)
        given = operation.inputs
        if function is None:
            return [None] * len(self.inputs)
        with NameScope(None), NameScope(f"{builder.prefix}"):
            found = function(operation, *(None if ct is None else wrap(ct) for ct in cotangents))
        parts = list(found) if isinstance(found, (list, tuple)) else [found]
        if len(parts) not in (len(given), len(self.inputs)):
            raise ValueError(
                explain(f"Num gradients {len(parts)} generated for op `{self.name}` do not match num inputs "
                        f"{len(given)}: the gradient {self._registered!r} must return one for each.")  # fmt: skip
            )
        return [None if part is None else _as_part(part) for part in parts[: len(self.inputs)]]


    def _as_another(self, builder: Any, cotangents: Sequence[Any]) -> list[Any]:
        """The gradient that an operation of another type would have in its place: `{"Round": "Identity"}`."""
        name = next((n for n in opdef.names() if graph_ops.shown(n).type == self._registered), None)
        rule = None if name is None else opdef.get(name)
        if name is None or rule is None or isinstance(rule.vjp, Nondifferentiable):
            raise LookupError(
                explain(f"No gradient is registered under {self._registered!r}, which `{self.name}` asks for. "
                        f"{nearest(self._registered, _REGISTERED)}",
                        hint=f"write one: @tf.RegisterGradient({self._registered!r})")  # fmt: skip
            )
        needs = tuple(carries_gradient(value) for value in self.inputs)
        received = tuple(ct is not None for ct in cotangents)
        return list(pull_back(builder, _Another(name, self.inputs, self.outputs, rule.complete({})), needs, received,
                              cotangents))  # fmt: skip


class _Another(NamedTuple):
    """An operation as one of another type."""

    op: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    attrs: Mapping[str, Any]


def _as_part(part: Any) -> Value | Slices:
    scope = context.scope()
    assert scope is not None
    if isinstance(part, IndexedSlices):
        values, indices = (dispatch.resolve(frontdoor.convert(t), scope) for t in (part.values, part.indices))
        return Slices(values, indices, tuple(part.dense_shape or ()))
    return dispatch.resolve(frontdoor.convert(part), scope)


def records_of(graph: Graph) -> list[Any]:
    """What gradients go back through: a graph's nodes, some of them with gradients of the program's."""
    blocks_of(graph).mark(graph)
    found: list[Any] = []
    for node in graph.nodes:
        if node.op == "input":
            continue
        name = node.metadata.get("gradient")
        if name is None and _REGISTERED:
            kind = graph_ops.type_of(node)
            name = kind if kind in _REGISTERED else None
        found.append(node if name is None else Overridden(node, name))
    return found
