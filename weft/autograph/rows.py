"""Tensors as what a loop walks: their rows, turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from weft.base.errors import explain
from weft.runtime import context, dispatch, frontdoor
from weft.runtime.tensor import SymbolicTensor, Tensor
from weft.runtime.variable import Variable


def staged(value: Any) -> Any:
    """A tensor of the graph under construction, where a value is one or a variable there; else None."""
    if isinstance(value, SymbolicTensor):
        return value
    if isinstance(value, Variable) and context.scope() is not None:
        return frontdoor.convert(value)
    return None


class Rows:
    """What a loop over tensors takes turn by turn.

    Args:
        count: How many turns.
        item: (number of the turn) -> what the loop's variable gets.
    """

    def __init__(self, count: Any, item: Callable[[Any], Any]) -> None:
        self.count, self.item = count, item

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(explain("How often this repeats only the graph knows.", hint="use it in a `for` statement"))

    @staticmethod
    def of(items: Any) -> Rows | None:
        """The rows of a tensor of the graph; None for what Python iterates over."""
        if isinstance(items, Rows):
            return items
        found = staged(items)
        if found is None and isinstance(items, Tensor) and context.scope() is not None:
            found = items  # a constant: its rows are not written out one by one either
        if found is None:
            return None
        if found.shape.rank == 0:
            raise TypeError(explain("A scalar tensor cannot be iterated over.", received=str(found.type),
                                    hint="use tf.range(n) to repeat something n times"))  # fmt: skip
        return Rows(length(found), lambda number: found[number])


def length(value: Any) -> Any:
    """The first size of a tensor: an int where it is known."""
    size = value.shape[0] if value.shape.rank is not None else None
    return size if size is not None else dispatch.call("shape", value)[0]
