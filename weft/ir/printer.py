"""A graph as text: one line a node, sub-graphs indented below the node that holds them."""

from __future__ import annotations

from typing import Any

from weft.base.dims import Dim, Symbol
from weft.base.dtypes import DType
from weft.ir.graph import Constant, Graph, Node, Value
from weft.ir.types import TensorType


class _Names:
    """Short names for values (%0, %1, …) and sizes (a, b, …), in order of appearance, so that text is reproducible."""

    def __init__(self) -> None:
        self.values: dict[Value, str] = {}
        self.symbols: dict[Symbol, str] = {}

    def value(self, value: Value) -> str:
        if value not in self.values:
            self.values[value] = f"%{len(self.values)}"
        return self.values[value]

    def dimension(self, dimension: int | Dim) -> str:
        if isinstance(dimension, int):
            return str(dimension)
        text = repr(dimension)
        for symbol in sorted(dimension.symbols(), key=lambda s: -s.index):
            if symbol not in self.symbols:
                count = len(self.symbols)
                self.symbols[symbol] = chr(ord("a") + count % 26) + (str(count // 26) if count >= 26 else "")
            text = text.replace(repr(symbol), self.symbols[symbol])
        return text

    def type(self, type: TensorType) -> str:
        if type.handle is not None:
            return f"resource<{self.type(type.handle)}>"
        if type.shape is None:
            return f"{type.dtype.name}[?]"
        return f"{type.dtype.name}[{', '.join(self.dimension(d) for d in type.shape)}]"

    def attr(self, value: Any) -> str:
        if isinstance(value, (int, Dim)) and not isinstance(value, bool):
            return self.dimension(value)
        if isinstance(value, DType):
            return value.name
        if isinstance(value, tuple):
            return "(" + ", ".join(self.attr(item) for item in value) + ("," if len(value) == 1 else "") + ")"
        if isinstance(value, TensorType):
            return self.type(value)
        if isinstance(value, Graph):
            return f"@{value.name}"
        if isinstance(value, (Constant, str, float, bool)) or value is None:
            return repr(value)
        return getattr(value, "__name__", type(value).__name__)


def print_graph(graph: Graph) -> str:
    """The text of a graph and of its sub-graphs."""
    return "\n".join(_lines(graph, _Names(), ""))


def _lines(graph: Graph, names: _Names, indent: str) -> list[str]:
    head = ", ".join(f"{names.value(v)}: {names.type(v.type)}" for v in graph.inputs)
    lines = [f"{indent}graph {graph.name}({head}) {{"]
    for node in graph.nodes:
        if node.op == "input":
            continue
        lines.append(f"{indent}  {_node(node, names)}")
        for subgraph in node.subgraphs():
            lines.extend(_lines(subgraph, names, indent + "    "))
    lines.append(f"{indent}  return {', '.join(names.value(v) for v in graph.outputs)}")
    lines.append(f"{indent}}}")
    return lines


def _node(node: Node, names: _Names) -> str:
    operands = [names.value(v) for v in node.inputs]
    operands += [f"{key}={names.attr(value)}" for key, value in node.attrs.items()]
    text = f"{node.op}({', '.join(operands)})"
    if node.outputs:
        left = ", ".join(names.value(v) for v in node.outputs)
        right = ", ".join(names.type(v.type) for v in node.outputs)
        text = f"{left} = {text} : {right}"
    if node.control:
        text += f" after {', '.join(before.name for before in node.control)}"
    return text
