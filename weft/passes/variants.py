"""A graph for what runs give it: its ranks, and which of its unknown sizes are one.

A placeholder without a shape tells nothing, and `[None, 784]` beside `[None, 10]` does not tell that both have as many
rows. The arrays of a run do. For each combination of ranks and equal sizes that occurs there is a variant of the graph
that knows them; the sizes themselves stay unknown, except those of 1 in tensors of unknown rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from weft.base import garbage
from weft.base.dims import Dim
from weft.base.errors import InvalidArgumentError
from weft.ir.graph import Graph
from weft.passes.ranks import with_shapes

if TYPE_CHECKING:
    from weft.base.dims import Shape

_MOST = 32  # combinations that have a variant; those that come after have the graph itself
_REMEMBERED = 256  # combinations of sizes that are not taken apart again


class Variants:
    """What a graph is for runs.

    Args:
        graph: The graph.
        merges: Whether sizes along one axis that are equal are to be one; else ranks alone are told.

    Attributes:
        needed: Whether there is something that only runs tell.
    """

    def __init__(self, graph: Graph, merges: bool) -> None:
        self._graph = graph
        arrays = [(place, value.shape) for place, value in enumerate(graph.inputs) if not value.type.is_resource]
        self._open = [place for place, shape in arrays if shape is None]
        self._told = [(place, shape) for place, shape in arrays if shape is not None] if merges or self._open else []
        alike: dict[int, set[Any]] = {}
        for _, shape in self._told:
            for axis, size in enumerate(shape):
                if isinstance(size, Dim) and size.symbol is not None:
                    alike.setdefault(axis, set()).add(size)
        self._merges = merges and any(len(symbols) > 1 for symbols in alike.values())
        self.needed = bool(self._open) or self._merges
        self._made: dict[Any, Graph] = {}
        self._known: dict[Any, Graph] = {}  # by all shapes

    def at(self, arrays: Sequence[Any]) -> Graph:
        """The variant for some inputs; the graph itself where they tell nothing, or its ops do not take them."""
        shapes = tuple([array.shape if hasattr(array, "shape") else None for array in arrays])
        found = self._known.get(shapes)
        if found is None:
            found = self._for(shapes)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[shapes] = found
        return found

    def all(self) -> list[Graph]:
        """The variants that there are."""
        return list(self._made.values())

    def _for(self, shapes: Sequence[Any]) -> Graph:
        key = self._key(shapes)
        found = self._made.get(key)
        if found is None:
            # setdefault: two threads that are first at once share what is compiled of it
            found = self._graph if len(self._made) >= _MOST else self._made.setdefault(key, self._variant(key))
        return found

    def _key(self, shapes: Sequence[Any]) -> tuple[Any, ...]:
        """For each input its shape, as far as it is told: a symbol of the graph, or where a size occurs first."""
        names: dict[tuple[int, int], Any] = {}
        key = []
        for place, known in self._told:
            sizes = shapes[place]
            if len(sizes) != len(known):
                continue
            told = []
            for axis, (dimension, size) in enumerate(zip(known, sizes, strict=True)):
                if isinstance(dimension, Dim) and dimension.symbol is not None:
                    same = names.setdefault((axis, size), dimension)
                    told.append(same if self._merges else dimension)
                else:
                    told.append(dimension)
            key.append((place, tuple(told)))
        for place in self._open:
            key.append((place, tuple([1 if size == 1 else names.setdefault((axis, size), (place, axis))
                                      for axis, size in enumerate(shapes[place])])))  # fmt: skip
        return tuple(key)

    def _variant(self, key: tuple[Any, ...]) -> Graph:
        fresh: dict[Any, Dim] = {}

        def size(name: Any) -> Any:
            return fresh.setdefault(name, Dim.fresh()) if isinstance(name, tuple) else name

        shapes: dict[int, Shape] = {place: tuple(map(size, told)) for place, told in key}
        if all(shapes.get(place) == value.shape for place, value in enumerate(self._graph.inputs)
               if not value.type.is_resource):  # fmt: skip
            return self._graph
        try:
            with garbage.Later():
                return with_shapes(self._graph, shapes)
        except (InvalidArgumentError, LookupError, ValueError, TypeError, ArithmeticError):
            return self._graph  # an op does not take them: running it says which, and why
