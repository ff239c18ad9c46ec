"""Graphs that were traced for tensors of any rank: code for each combination of ranks that occurs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.engines.base import Executable, Hook
from weft.ir.graph import Graph
from weft.passes import pipeline
from weft.passes.variants import Variants


class Ranked:
    """Compiles a graph again for the ranks that it is given.

    Args:
        graph: A graph with inputs of unknown rank.
        compile_graph: Compiles one.
    """

    copies = True
    fixed = (0,)  # there is not one code for all sizes

    def __init__(self, graph: Graph, compile_graph: Callable[[Graph], Executable]) -> None:
        self._graph = graph
        self._compile = compile_graph
        self._variants = Variants(graph, merges=True)
        self.made: dict[Graph, Executable] = {}

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs it."""
        graph = self._variants.at(inputs)
        executable = self.made.get(graph)
        if executable is None:
            changed = graph if graph is self._graph else pipeline.run(graph)
            executable = self.made.setdefault(graph, self._compile(changed))
        if getattr(executable, "copies", False):
            return executable.run(inputs, hook)
        own = [np.copy(given) if isinstance(given, np.ndarray) else given for given in inputs]
        return [np.array(result) if isinstance(result, np.ndarray) else result for result in executable.run(own, hook)]
