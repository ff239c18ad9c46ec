"""Graphs that were traced for tensors of any rank: code for each combination of ranks that occurs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import garbage
from weft.base.dims import Dim
from weft.base.errors import InvalidArgumentError
from weft.engines.base import Executable, Hook
from weft.ir.graph import Graph
from weft.passes import pipeline, ranks

if TYPE_CHECKING:
    from weft.base.dims import Shape

_MOST = 32  # combinations that have code of their own; what comes after runs as the graph was traced
_REMEMBERED = 64  # combinations of sizes that are not taken apart again


class Ranked:
    """Compiles a graph again for the ranks that it is given.

    Sizes stay arguments of the code, except those of 1, which may be broadcast. Those that are equal when a
    combination first occurs are one size in its code: it is a part of what tells combinations apart.

    Args:
        graph: A graph with inputs of unknown rank.
        compile_graph: Compiles one.
    """

    copies = True

    def __init__(self, graph: Graph, compile_graph: Callable[[Graph], Executable]) -> None:
        self._graph = graph
        self._compile = compile_graph
        self._made: dict[Any, Executable] = {}
        self._known: dict[Any, Executable] = {}  # by all shapes
        self._arrays = [place for place, value in enumerate(graph.inputs) if not value.type.is_resource]
        self._open = [place for place, value in enumerate(graph.inputs) if value.shape is None]
        self._told = [
            (place, value.shape) for place, value in enumerate(graph.inputs)
            if value.shape is not None and not value.type.is_resource
        ]  # fmt: skip

    @functools.cached_property
    def _whole(self) -> Executable:
        """The graph as it was traced."""
        return self._compile(self._graph)

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs it."""
        if hook is not None:
            return _run(self._whole, inputs, hook)
        shapes = tuple([inputs[place].shape for place in self._arrays])
        found = self._known.get(shapes)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[shapes] = self._for(inputs)
        return _run(found, inputs)

    def _for(self, inputs: Sequence[Any]) -> Executable:
        names = self._names(inputs)
        key = tuple([
            tuple([1 if size == 1 else names.setdefault(size, (place, axis))
                   for axis, size in enumerate(inputs[place].shape)])
            for place in self._open
        ])  # fmt: skip
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._whole if len(self._made) >= _MOST else self._specialised(key)
        return found

    def _names(self, inputs: Sequence[Any]) -> dict[int, Any]:
        """For each size that an input of known rank has, the symbol that stands for it there."""
        names: dict[int, Any] = {}
        for place, shape in self._told:
            for dimension, size in zip(shape, inputs[place].shape, strict=False):
                if isinstance(dimension, Dim) and dimension.symbol is not None:
                    names.setdefault(size, dimension)
        return names

    def _specialised(self, key: Any) -> Executable:
        sizes: dict[Any, Dim] = {}

        def size(name: Any) -> Any:
            return name if not isinstance(name, tuple) else sizes.setdefault(name, Dim.fresh())

        shapes: dict[int, Shape] = {place: tuple(map(size, part)) for place, part in zip(self._open, key, strict=True)}
        try:
            with garbage.Later():
                return self._compile(pipeline.run(ranks.with_shapes(self._graph, shapes)))
        except (InvalidArgumentError, LookupError, ValueError, TypeError, ArithmeticError):
            return self._whole  # an op does not take these ranks: running it says which, and why


def _run(executable: Executable, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
    """Runs it so that neither results nor state share memory with inputs."""
    if getattr(executable, "copies", False):
        return executable.run(inputs, hook)
    own = [np.copy(given) if isinstance(given, np.ndarray) else given for given in inputs]
    return [np.array(result) if isinstance(result, np.ndarray) else result for result in executable.run(own, hook)]
