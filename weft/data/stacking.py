"""Elements put into stacks: a batch at a time where a plan can give one without walking over its elements."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from weft.base.errors import InvalidArgumentError, explain
from weft.base.shapes import TensorShape
from weft.data.nodes import Flat, Node
from weft.data.structure import Parts


class Shelf:
    """Room for the elements of a batch, side by side, so that they need not be put together once they are made.

    Args:
        size: How many elements a batch has.
    """

    #: smaller elements are put together in no time
    LEAST = 1 << 14

    def __init__(self, size: int) -> None:
        self._size = size
        self._blocks: dict[int, tuple[np.ndarray[Any, Any], int]] = {}  # by result: the elements, how many there are

    def room(self, number: int, shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        """A place for a result of the next element."""
        if math.prod(shape) * dtype.itemsize < self.LEAST or dtype.hasobject:
            return np.empty(shape, dtype)
        block, row = self._blocks.get(number, (None, 0))
        if block is None:
            block = np.empty((self._size, *shape), dtype)
        elif row == self._size or block.shape[1:] != shape:
            return np.empty(shape, dtype)
        self._blocks[number] = block, row + 1
        return block[row]  # type: ignore[no-any-return]

    def joined(self, column: Sequence[Any]) -> np.ndarray[Any, Any] | None:
        """The elements in one array, where they lie so: all that was made since `clear`, in order."""
        for number, (block, rows) in self._blocks.items():
            if column[0].base is block and rows == len(column):
                same = all(a.base is block and a.shape == block.shape[1:] for a in column)
                first, step = block.ctypes.data, block.strides[0]
                if same and all(a.ctypes.data == first + n * step for n, a in enumerate(column)):
                    del self._blocks[number]  # two components that are one result become two arrays
                    return block[:rows]
        return None

    def clear(self) -> None:
        """Begins the next batch."""
        self._blocks.clear()


def stacked(elements: Sequence[Flat], place: int, shelf: Shelf | None = None) -> Flat:
    """Elements in one, each component along a new first axis.

    Args:
        elements: One or more.
        place: The number of the first, for messages.
        shelf: Where they may have been put.

    Raises:
        InvalidArgumentError: Where their shapes differ.
    """
    columns = enumerate(zip(*elements, strict=True))
    return [_column(column, component, place, shelf) for component, column in columns]


def _column(column: Any, component: int, place: int, shelf: Shelf | None) -> Any:
    first = column[0]
    if first is None:
        return None
    if isinstance(first, Parts):
        return Parts(first.spec._stacked([parts.arrays for parts in column]), first.spec._batched(None))
    for number, array in enumerate(column):
        if array.shape != first.shape:
            raise InvalidArgumentError(explain(
                f"Dataset.batch: elements of different shapes cannot be stacked (component {component}).",
                received=[f"element {place}: {TensorShape(first.shape)}",
                          f"element {place + number}: {TensorShape(array.shape)}"],
                hint="padded_batch fills them up to one shape",
            ))  # fmt: skip
    joined = None if shelf is None else shelf.joined(column)
    if joined is not None:
        return joined
    made = np.empty((len(column), *first.shape), first.dtype)
    for number, array in enumerate(column):
        made[number, ...] = array
    return made


def mapped_stacks(
    source: Node, given: Iterator[Flat] | None, size: int, together: Callable[[Flat], Flat],
    alone: Callable[[int, Flat], Flat],
) -> Iterator[Flat]:  # fmt: skip
    """Stacks of a function's results.

    Where the elements of a stack go together they are given to the function together; where not, or where it refuses
    them, one by one, which gives the same or the error of the element that is at fault.

    Args:
        source: The plan behind.
        given: What it gives in stacks itself.
        size: How many elements a stack has; the last may have fewer.
        together: The function of a stack, which has no effects.
        alone: The function of an element, given its number.
    """
    place = 0
    elements = source.iterate() if given is None else None
    while True:
        if given is not None:
            stack = next(given, None)
            if stack is None:
                return
            one_by_one: Sequence[Flat] = _Rows(stack)
        else:
            assert elements is not None
            one_by_one = list(itertools.islice(elements, size))
            if not one_by_one:
                return
            stack = _if_alike(one_by_one)
        yield _made(stack, one_by_one, place, together, alone)
        place += len(one_by_one)


def _made(stack: Flat | None, elements: Any, place: int, together: Any, alone: Any) -> Flat:
    if stack is not None:
        try:
            return together(stack)
        except Exception:  # (whatever it was, it is told below, with its element)
            pass
    return stacked([alone(place + number, element) for number, element in enumerate(elements)], place)


def _if_alike(elements: Sequence[Flat]) -> Flat | None:
    for column in zip(*elements, strict=True):
        first = column[0]
        if not all(isinstance(a, np.ndarray) and a.shape == first.shape for a in column):
            return None
    return stacked(elements, 0)


def count_of(stack: Flat) -> int:
    """How many elements a stack has."""
    for column in stack:
        if column is not None:
            return len(column)
    return 0


class _Rows(Sequence[Flat]):
    """The elements of a stack, made where they are asked for."""

    def __init__(self, stack: Flat) -> None:
        self.stack = stack

    def __len__(self) -> int:
        return count_of(self.stack)

    def __getitem__(self, row: Any) -> Any:
        if not 0 <= row < len(self):
            raise IndexError(row)
        return [None if c is None else c[row : row + 1].reshape(c.shape[1:]) for c in self.stack]
