"""`gradients` on graphs: the second door to the one autodiff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from weft.autodiff.reverse import reverse
from weft.base import nest, sources
from weft.base.errors import explain
from weft.ir.graph import Constant, Node, Value
from weft.ops import opdef
from weft.ops.builder import GraphBuilder
from weft.ops.opdef import OpDef, Slices
from weft.runtime import context, dispatch, frontdoor, graph_ops
from weft.runtime.composite import IndexedSlices
from weft.runtime.context import Scope
from weft.runtime.gradient_overrides import records_of
from weft.runtime.tape import UnconnectedGradients
from weft.runtime.tensor import wrap


def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, stop_gradients: Any = None, unconnected: Any = UnconnectedGradients.NONE,
    name: str = "gradients",
) -> list[Any]:  # fmt: skip
    """The gradients of the sum of `ys` with respect to each of `xs`, as new nodes of their graph.

    Raises:
        RuntimeError: When eager; the tape is for that.
        ValueError: Where `grad_ys` has not one gradient for each of `ys`.
    """
    scope = context.scope()
    if scope is None:
        raise RuntimeError(
            explain("tf.gradients works on graphs, and ops run at once here.", hint="use tf.GradientTape")
        )
    targets = [place_of(y) for y in nest.flatten(ys)]
    wrt = [place_of(x, source=True) for x in nest.flatten(xs)]
    stops = [place_of(s, source=True) for s in nest.flatten(stop_gradients)] if stop_gradients is not None else []
    seeds = nest.flatten(grad_ys) if grad_ys is not None else [None] * len(targets)
    if len(seeds) != len(targets):
        raise ValueError(explain(
            "tf.gradients: grad_ys must have one gradient for each tensor of ys.", expected=f"{len(targets)} gradients",
            received=str(len(seeds)), hint="pass a list as long as ys; None in it stands for ones",
        ))  # fmt: skip
    graph = scope.graph
    records = _records(scope)
    b = _NamedBuilder(scope, graph.unique_name(context.qualified(name)))
    given = enumerate(zip(targets, seeds, strict=True))
    cotangents = [b.start(target, i) if seed is None else value_of(seed) for i, (target, seed) in given]
    found = reverse(records, targets, cotangents, wrt, b, stop=stops)
    zero = UnconnectedGradients(unconnected) is UnconnectedGradients.ZERO
    results: list[Any] = []
    for part, source in zip(found, wrt, strict=True):
        if isinstance(part, Slices):
            rows = IndexedSlices(wrap(b.inside(part.values)), wrap(b.inside(part.indices)), tuple(part.shape))
            results.append(frontdoor.convert(rows) if _read_as_rows(source) else rows)
        elif part is None and zero:
            held = b.call("read_variable", source) if source.type.is_resource else source
            results.append(wrap(b.zeros_like(held)))
        else:
            results.append(None if part is None else wrap(b.inside(part)))
    return results


def _read_as_rows(source: Value) -> bool:
    """Whether a TensorArray was made of a value and read: the gradient is then that of all its rows."""
    return any("dense" in node.metadata and source in node.inputs for node in source.node.graph.nodes)


class _Taken(NamedTuple):
    """What a branch or body takes in from around it, as a record: the one is the other."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    op: str = "identity"
    attrs: Mapping[str, Any] = MappingProxyType({})
    name: str = ""


def _around(scope: Scope) -> Scope | None:
    """The graph that a branch or body of TensorFlow 1 is part of; a traced function is part of none."""
    return None if scope.ordered else scope.outer


def _records(scope: Scope) -> list[Any]:
    """The records of the graph at hand, and before those of a branch or body the ones of the graph around it."""
    own, outer = records_of(scope.graph), _around(scope)
    if outer is None:
        return list(own)
    taken = [_Taken((dispatch.resolve(key.target, outer),), (value,)) for key, value in scope.graph.captures.items()]
    return [*_records(outer), *taken, *own]


class _NamedBuilder(GraphBuilder):
    """Gives nodes the names that TensorFlow 1's graphs have: `gradients/MatMul_grad/MatMul`. In a branch or body it
    takes in what rules ask for of the graph around it."""

    def __init__(self, scope: Scope, name: str) -> None:
        super().__init__(scope.graph, sources.user_line())
        self._scope = scope
        self.prefix = self._root = name + "/"

    def differentiating(self, application: Any) -> None:
        self.prefix = self._root if application is None else f"{self._root}{application.name}_grad/"

    def node(self, record: OpDef, inputs: Sequence[Value], attrs: Mapping[str, Any], *, name: str | None = None,
             control: Iterable[Node] = ()) -> Node:  # fmt: skip
        total = record.name == "add" and self.prefix == self._root  # where a value is used twice its gradients meet
        label = name or self.prefix + ("AddN" if total else graph_ops.shown(record.name).name)
        made = super().node(record, [self.inside(value) for value in inputs], attrs, name=label, control=control)
        if total:
            made.metadata["type"] = "AddN"
        return made

    def inside(self, value: Value) -> Value:
        """What stands for a value, of this graph or of one around it, in this graph."""
        graph = value.node.graph
        if graph is self.graph:
            return value
        handles = (key.target for key, own in graph.captures.items() if own is value) if value.type.is_resource else ()
        return dispatch.resolve(next(iter(handles), None) or wrap(value), self._scope)

    def start(self, target: Value, position: int) -> Value:
        """The cotangent that a sum of targets begins with: ones."""
        shape = target.shape
        if shape is not None and all(isinstance(n, int) for n in shape):
            self.node(opdef.get("constant"), (), {"value": Constant(np.asarray(shape, np.int32))},
                      name=f"{self._root}Shape")  # fmt: skip
        ones = self.node(opdef.get("constant"), (), {"value": Constant(np.ones((), target.dtype.numpy))},
                         name=f"{self._root}grad_ys_{position}").outputs[0]  # fmt: skip
        result: Value = self.broadcast_like(ones, target)
        result.node.metadata["type"] = "Fill"
        if result.node is not ones.node:
            self.graph.rename(result.node, self.graph.unique_name(f"{self._root}Fill"))
        return result


def place_of(item: Any, source: bool = False) -> Value:
    """The value of something that `gradients` takes in the graph at hand, or where it is a branch or body in the one
    around it; a variable's cell where it is a source."""
    scope = context.scope()
    assert scope is not None
    handle = getattr(item, "handle", None)
    if source and handle is not None:
        root = scope
        while (outer := _around(root)) is not None:
            root = outer
        return dispatch.resolve(handle, root)
    value = getattr(item, "_value", None)
    around = _around(scope)
    while value is not None and around is not None:
        if value.node.graph is around.graph:
            return value  # type: ignore[no-any-return]
        around = _around(around)
    return value_of(item)


def value_of(item: Any) -> Value:
    """The value in the graph at hand of something that `gradients` takes."""
    scope = context.scope()
    assert scope is not None
    if hasattr(item, "__weft_operation__") and hasattr(item, "_as_graph_element"):
        item = item._as_graph_element()  # a symbolic tensor of Keras: what stands for it in the graph
    return dispatch.resolve(frontdoor.convert(item), scope)
