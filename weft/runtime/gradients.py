"""`gradients` on graphs: the second door to the one autodiff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from weft.autodiff.reverse import reverse
from weft.base import nest, sources
from weft.base.errors import explain
from weft.ir.graph import Constant, Graph, Node, Value
from weft.ops import opdef
from weft.ops.builder import GraphBuilder
from weft.ops.opdef import OpDef, Slices
from weft.runtime import context, dispatch, frontdoor, graph_ops
from weft.runtime.composite import IndexedSlices
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
    """
    scope = context.scope()
    if scope is None:
        raise RuntimeError(
            explain("tf.gradients works on graphs, and ops run at once here.", hint="use tf.GradientTape")
        )
    targets = [value_of(y) for y in nest.flatten(ys)]
    wrt = [value_of(x, source=True) for x in nest.flatten(xs)]
    stops = [value_of(s, source=True) for s in nest.flatten(stop_gradients)] if stop_gradients is not None else []
    seeds = nest.flatten(grad_ys) if grad_ys is not None else [None] * len(targets)
    graph = scope.graph
    records = records_of(graph)
    b = _NamedBuilder(graph, graph.unique_name(context.qualified(name)))
    given = enumerate(zip(targets, seeds, strict=True))
    cotangents = [b.start(target, i) if seed is None else value_of(seed) for i, (target, seed) in given]
    found = reverse(records, targets, cotangents, wrt, b, stop=stops)
    zero = UnconnectedGradients(unconnected) is UnconnectedGradients.ZERO
    results: list[Any] = []
    for part, source in zip(found, wrt, strict=True):
        if isinstance(part, Slices):
            results.append(IndexedSlices(wrap(part.values), wrap(part.indices), tuple(part.shape)))
        elif part is None and zero:
            held = b.call("read_variable", source) if source.type.is_resource else source
            results.append(wrap(b.zeros_like(held)))
        else:
            results.append(None if part is None else wrap(part))
    return results


class _NamedBuilder(GraphBuilder):
    """Gives nodes the names that TensorFlow 1's graphs have: `gradients/MatMul_grad/MatMul`."""

    def __init__(self, graph: Graph, name: str) -> None:
        super().__init__(graph, sources.user_line())
        self.prefix = self._root = name + "/"

    def differentiating(self, application: Any) -> None:
        self.prefix = self._root if application is None else f"{self._root}{application.name}_grad/"

    def node(self, record: OpDef, inputs: Sequence[Value], attrs: Mapping[str, Any], *, name: str | None = None,
             control: Iterable[Node] = ()) -> Node:  # fmt: skip
        total = record.name == "add" and self.prefix == self._root  # where a value is used twice its gradients meet
        label = name or self.prefix + ("AddN" if total else graph_ops.shown(record.name).name)
        made = super().node(record, inputs, attrs, name=label, control=control)
        if total:
            made.metadata["type"] = "AddN"
        return made

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


def value_of(item: Any, source: bool = False) -> Value:
    """The value in the graph at hand of something that `gradients` takes; a variable's cell where it is a source."""
    scope = context.scope()
    assert scope is not None
    handle = getattr(item, "handle", None)
    if source and handle is not None:
        return dispatch.resolve(handle, scope)
    if hasattr(item, "__weft_operation__") and hasattr(item, "_as_graph_element"):
        item = item._as_graph_element()  # a symbolic tensor of Keras: what stands for it in the graph
    return dispatch.resolve(frontdoor.convert(item), scope)
