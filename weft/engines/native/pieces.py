"""Graphs that are native in part: compiled pieces, and ops that run by their reference between them."""

from __future__ import annotations

from weft.engines.base import Executable as AnyExecutable
from weft.engines.native import target
from weft.engines.native.executable import Executable
from weft.engines.native.lower import Refused
from weft.ir.graph import Graph
from weft.ops import interpreter


class _Reference:
    """A graph that runs by the interpreter."""

    def __init__(self, graph: Graph) -> None:
        self.run = interpreter.Program(graph).start


def compile_graph(graph: Graph) -> AnyExecutable:
    """The fastest way to run a graph here."""
    from weft.engines.native.decompose import decompose

    try:
        return Executable(decompose(graph), target.current())
    except Refused as e:
        print("REFUSED", e)
        return _Reference(graph)
