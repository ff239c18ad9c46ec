"""Gradient rules derived from decompositions, for ops whose own rule would only repeat what the parts' rules say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops.builder import GraphBuilder, inline


def vjp_of_parts(parts: Callable[..., Any], name: str) -> Callable[..., Sequence[Any]]:
    """The gradient rule of an op that equals a composition of others.

    Args:
        parts: (builder, *inputs, **attrs) -> output(s), as an op's `decompose`; differentiated where the rule runs.
        name: The op's, for printed graphs.
    """

    def vjp(b: Any, node: Any, *cts: Any) -> Sequence[Any]:
        graph = Graph(f"{name}_parts")
        inside = [graph.add_input(TensorType(b.shape(v), b.dtype(v))) for v in node.inputs]
        outputs = parts(GraphBuilder(graph), *inside, **node.attrs)
        graph.outputs = list(outputs) if isinstance(outputs, tuple) else [outputs]
        wanted = [i for i, need in enumerate(node.needs) if need]
        found = iter(inline(b, b.differentiate(graph, wanted), [*node.inputs, *cts]))
        return [next(found) if need else None for need in node.needs]

    return vjp
