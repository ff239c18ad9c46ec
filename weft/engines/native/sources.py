"""Where the elements of a tensor come from: memory, or an expression that is computed where it is used.

A lowering rule gets a source for each operand and gives one for each result. Sources are asked for single elements,
`source.at(indices)`, so that views (transposes, slices, broadcasts) are nothing but functions of indices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base.dims import product
from weft.engines.native.index import Index
from weft.engines.native.loops import Buffer, Const, Expr, Load

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.base.dtypes import DType

Indices = tuple[Index, ...]


class Source:
    """The elements of a tensor.

    Attributes:
        shape: Its sizes; those that are known only at run time are symbols.
        dtype: The element type.
    """

    shape: Shape
    dtype: DType
    #: whether it is kept as it is however often it is used: its users know a shorter way than reading each element
    lasting = False

    def at(self, indices: Indices) -> Expr:
        """The element at a place."""
        raise NotImplementedError

    @property
    def cost(self) -> int:
        """About how many instructions it takes to compute an element anew."""
        raise NotImplementedError


class Memory(Source):
    """Elements that lie in a buffer.

    Attributes:
        strides: For each axis, how many elements lie between neighbours.
        offset: Where the first element lies; in a loop's body this may depend on the turn.
    """

    def __init__(
        self, buffer: Buffer, shape: Shape, strides: Shape | None = None, offset: Index | Dimension = 0
    ) -> None:
        self.buffer = buffer
        self.shape = tuple(shape)
        self.dtype = buffer.dtype
        self.strides = row_major(self.shape) if strides is None else strides
        self.offset = offset

    def place(self, indices: Indices) -> Index:
        """Where in the buffer an element lies."""
        return Index.sum([(Index.of(self.offset), 1), *zip(indices, self.strides, strict=True)])

    def at(self, indices: Indices) -> Expr:
        return Load(self.buffer, self.place(indices))

    @property
    def whole(self) -> bool:
        """Whether it is all of its buffer, in order."""
        return self.contiguous and self.offset == 0 and product(self.shape) == self.buffer.size

    @property
    def filled(self) -> bool:
        """Whether it is all of its buffer, whatever the order of its rows; these lie in order themselves."""
        return self.offset == 0 and product(self.shape) == self.buffer.size and self.strides[-1:] == (1,)

    @property
    def contiguous(self) -> bool:
        """Whether its elements lie in order, without gaps."""
        return all(
            stride == wanted or size == 1
            for stride, wanted, size in zip(self.strides, row_major(self.shape), self.shape, strict=True)
        )

    @property
    def cost(self) -> int:
        return 0


class Computed(Source):
    """Elements that are computed where they are used."""

    def __init__(self, shape: Shape, dtype: DType, function: Callable[[Indices], Expr], cost: int) -> None:
        self.shape = tuple(shape)
        self.dtype = dtype
        self._function = function
        self._cost = cost
        self._known: dict[Indices, Expr] = {}

    def at(self, indices: Indices) -> Expr:
        found = self._known.get(indices)
        if found is None:
            found = self._known[indices] = self._function(indices)
        return found

    @property
    def cost(self) -> int:
        return self._cost

    def forget(self) -> None:
        """Drops the expressions made so far."""
        self._known.clear()


def constant(value: object, dtype: DType) -> Computed:
    """A single number known now."""
    made = Const(value, dtype)
    return Computed((), dtype, lambda indices: made, 0)


def row_major(shape: Sequence[Dimension]) -> Shape:
    """The strides of a tensor whose elements lie in order."""
    strides: list[Dimension] = []
    step: Dimension = 1
    for size in reversed(shape):
        strides.insert(0, step)
        step = step * size
    return tuple(strides)


def flat_index(shape: Sequence[Dimension], indices: Indices) -> Index:
    """The position of an element in row-major order."""
    return Index.sum(zip(indices, row_major(shape), strict=True))


def unflatten(position: Index, shape: Sequence[Dimension]) -> Indices:
    """The indices of the element at a position in row-major order."""
    if not shape:
        return ()
    found: list[Index] = []
    for size in reversed(shape[1:]):
        found.insert(0, position % size)
        position = position // size
    return (position, *found)
