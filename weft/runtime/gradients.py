"""`gradients` on graphs: the second door to the one autodiff."""

from __future__ import annotations

from typing import Any

from weft.autodiff.reverse import reverse
from weft.base import nest
from weft.base.errors import explain
from weft.ir.graph import Value
from weft.ops.builder import GraphBuilder
from weft.ops.opdef import Slices
from weft.runtime import context, dispatch, frontdoor
from weft.runtime.composite import IndexedSlices
from weft.runtime.tape import UnconnectedGradients
from weft.runtime.tensor import wrap


def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, stop_gradients: Any = None, unconnected: Any = UnconnectedGradients.NONE
) -> list[Any]:
    """The gradients of the sum of `ys` with respect to each of `xs`, as new nodes of their graph.

    Raises:
        RuntimeError: When eager; the tape is for that.
    """
    scope = context.scope()
    if scope is None:
        raise RuntimeError(
            explain("tf.gradients works on graphs, and ops run at once here.", hint="use tf.GradientTape")
        )
    targets = [_value(y) for y in nest.flatten(ys)]
    sources = [_value(x, source=True) for x in nest.flatten(xs)]
    stops = [_value(s, source=True) for s in nest.flatten(stop_gradients)] if stop_gradients is not None else []
    seeds = nest.flatten(grad_ys) if grad_ys is not None else [None] * len(targets)
    graph = scope.graph
    records = [node for node in graph.nodes if node.op != "input"]
    b = GraphBuilder(graph)
    b.prefix = "gradients/"
    cotangents = [b.ones_like(t) if s is None else _value(s) for t, s in zip(targets, seeds, strict=True)]
    found = reverse(records, targets, cotangents, sources, b, stop=stops)
    zero = UnconnectedGradients(unconnected) is UnconnectedGradients.ZERO
    results: list[Any] = []
    for part, source in zip(found, sources, strict=True):
        if isinstance(part, Slices):
            results.append(IndexedSlices(wrap(part.values), wrap(part.indices), tuple(part.shape)))
        elif part is None and zero:
            held = source.type.handle or source.type
            results.append(wrap(b.full(held.shape or (), 0, held.dtype)))
        else:
            results.append(None if part is None else wrap(part))
    return results


def _value(item: Any, source: bool = False) -> Value:
    scope = context.scope()
    assert scope is not None
    handle = getattr(item, "handle", None)
    if source and handle is not None:
        return dispatch.resolve(handle, scope)
    return dispatch.resolve(frontdoor.convert(item), scope)
