"""Branches: both are compiled, and each does its work only where the condition says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import Dim
from weft.engines.native.decompose import decompose
from weft.engines.native.loops import Expr, Op
from weft.engines.native.lower import Lowering, native_type, rule
from weft.engines.native.problems import Specialise, Unsupported
from weft.engines.native.sources import Memory, Source
from weft.ir.graph import Graph, Node
from weft.passes import pipeline
from weft.passes.specialise import specialise

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Symbol


@rule("cond")
def _cond(low: Lowering, node: Node) -> Sequence[Source]:
    """What both ways read is there before; the result has one place, which the way that is taken fills."""
    if not all(native_type(value.type) for value in node.outputs):
        raise Unsupported("a result is not native")
    pred, *operands = node.inputs
    condition = low.memory(low.source(pred), "condition")
    held = [low.memory(low.source(value)) for value in operands if not value.type.is_resource]
    results = [low.temporary(value.shape or (), value.dtype, "chosen") for value in node.outputs]
    first, written = len(low.nests), dict(low.written)

    def otherwise() -> Expr:
        return Op("not", (condition.at(()),), dtypes.bool_)

    ways = low.taken(lambda: condition.at(())), low.taken(otherwise)
    try:
        for taken, name in zip(ways, ("then_graph", "else_graph"), strict=True):
            graph = _inside(node.attrs[name], node)
            handles = {own: value for own, value in zip(graph.inputs, operands, strict=True) if own.type.is_resource}
            # what is noted on a source while a branch is lowered holds in that branch only
            inputs = [Memory(m.buffer, m.shape, m.strides, m.offset) for m in held]
            low.branch(graph, inputs, handles, taken, results)
    except (Unsupported, Specialise):
        del low.nests[first:]
        low.written = written
        raise
    return results


def _inside(graph: Graph, node: Node) -> Graph:
    """A branch with its sizes in terms of those outside, in ops that have rules."""
    sizes: dict[Symbol, Dimension] = {}
    for inside, outside in zip(graph.inputs, node.inputs[1:], strict=True):
        for own, size in zip(inside.shape or (), outside.shape or (), strict=False):
            if isinstance(own, Dim) and own.symbol is not None:
                sizes.setdefault(own.symbol, size)
    return decompose(pipeline.run(specialise(graph, sizes)))
