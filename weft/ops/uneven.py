"""What has another size in each step of a loop: how it is stacked, and taken from the stack again.

A stack is one tensor, so its rows are padded with zeros up to the greatest sizes. Beside it goes a row of numbers for
each step: the sizes that differ. A later loop over the stack binds them again and cuts each row to its shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim, Symbol, symbols_of
from weft.ir.graph import Graph, Value, attr_symbols
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.ops.builder import GraphBuilder


def changing(body: Graph, count: int) -> list[int]:
    """Which of a loop's variables may have another shape after a step.

    Args:
        body: The loop's body.
        count: How many of its inputs, and of its outputs, are variables.
    """
    pairs = list(zip(body.inputs[:count], body.outputs, strict=False))
    own = varying(body, count)
    return [place for place, (start, end) in enumerate(pairs)
            if start.shape is not None and (start.shape != end.shape or mentions(end.shape, own))]  # fmt: skip


def varying(body: Graph, count: int) -> frozenset[Symbol]:
    """The sizes that may be other ones in each step: those of variables that change them, and those that data tells."""
    found: set[Symbol] = set()
    for start, end in zip(body.inputs[:count], body.outputs, strict=False):
        ends = end.shape or ()
        for axis, size in enumerate(start.shape or ()):
            if axis >= len(ends) or ends[axis] != size:
                found |= symbols_of(size)
    told = {s for value in body.inputs for d in value.shape or () for s in symbols_of(d)}
    for node in body.nodes:
        if node.op == "input":
            continue
        told |= _named(node.attrs.values())
        new = {s for value in node.outputs for d in value.shape or () for s in symbols_of(d)} - told
        found |= new
        told |= new
    return frozenset(found)


def _named(attrs: Iterable[Any]) -> set[Symbol]:
    """The sizes that attributes name, those that sub-graphs do in their values' shapes among them."""
    found: set[Symbol] = set()
    for attr in attrs:
        found |= attr_symbols(attr)
        for graph in attr if isinstance(attr, tuple) else (attr,):
            if isinstance(graph, Graph):
                found |= {s for n in graph.nodes for v in n.outputs for d in v.shape or () for s in symbols_of(d)}
                found |= _named(a for n in graph.nodes for a in n.attrs.values())
    return found


def mentions(shape: Sequence[Any] | None, sizes: frozenset[Symbol]) -> bool:
    """Whether a shape depends on one of some sizes."""
    return any(symbols_of(d) & sizes for d in shape or ())


def padded(rows: Sequence[Any]) -> Any:
    """Arrays of one rank, at least one, as one: each filled up with zeros to the greatest sizes.

    Example:
        >>> padded([np.ones(1), np.ones(2)]).tolist()
        [[1.0, 0.0], [1.0, 1.0]]
    """
    arrays = [np.asarray(row) for row in rows]
    sizes = [max(n) for n in zip(*(a.shape for a in arrays), strict=True)]
    whole = np.full((len(arrays), *sizes), b"" if arrays[0].dtype == object else 0, arrays[0].dtype)
    for place, array in enumerate(arrays):
        window: tuple[Any, ...] = (place, *map(slice, array.shape), ...)  # of strings the string, not an array of it
        whole[window] = array
    return whole


def padded_type(type: TensorType) -> TensorType:
    """The type of a row of a padded stack: sizes that are not numbers are anything."""
    return type.with_shape(tuple(d if isinstance(d, int) else Dim.fresh("most") for d in type.shape or ()))


class Sizes:
    """Sizes that differ from step to step, as a row of numbers.

    Args:
        symbols: The sizes.
    """

    def __init__(self, symbols: Iterable[Symbol]) -> None:
        self.symbols = sorted(set(symbols), key=lambda symbol: symbol.index)

    @property
    def type(self) -> TensorType:
        """The type of the row."""
        return TensorType((len(self.symbols),), dtypes.int64)

    def row(self, graph: Graph) -> Value:
        """A row of a graph that has these sizes."""
        sizes = tuple(Dim({(symbol,): 1}) for symbol in self.symbols)
        value: Value = GraphBuilder(graph).call("dimensions", sizes=sizes, dtype=dtypes.int64)
        return value

    def bind(self, graph: Graph, row: Value) -> None:
        """Gives a graph the sizes that a row of it tells: each as that of a vector that takes no memory."""
        b = GraphBuilder(graph)
        nothing = b.constant(False, dtypes.bool_)
        for place, symbol in enumerate(self.symbols):
            size = b.call("strided_slice", row, index=(("slice", place, place + 1, None),))
            attrs = opdef.get("broadcast_to_dynamic").complete({})
            graph.add("broadcast_to_dynamic", (nothing, size), attrs, [
                TensorType((Dim({(symbol,): 1}),), dtypes.bool_)
            ])  # fmt: skip


def cut(b: Any, row: Any, shape: Sequence[Any]) -> Any:
    """A row of a padded stack without its padding; the sizes must be bound."""
    return b.slice(row, begin=(0,) * len(shape), size=tuple(shape))


__all__ = ["Sizes", "changing", "cut", "mentions", "padded", "padded_type", "varying"]
