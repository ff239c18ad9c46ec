"""Diagonals of matrices, taken out and put in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from weft.base import dims, dtypes
from weft.engines.native.index import ZERO, Entry, Index
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, rule
from weft.engines.native.problems import Specialise
from weft.engines.native.rewriting import guarded
from weft.engines.native.rules.index import settled
from weft.engines.native.shorthand import compare, op, pick
from weft.engines.native.sources import Computed, Indices, Source
from weft.ir.graph import Node

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape


class _Band:
    """How the diagonals k[0] to k[1] of a matrix lie in a tensor of diagonals, the highest first.

    Raises:
        Specialise: Where the diagonals' lengths are not known and several of them differ.
    """

    def __init__(self, matrix: Shape, attrs: Any) -> None:
        self.rows, self.columns = rows, columns = matrix[-2:]
        (self.low, self.high), align = attrs["k"], attrs["align"]
        self.above, self.below = (word == "LEFT" for word in align.split("_"))
        self.single = self.low == self.high
        self.longest = self._length(self.high) if self.single else dims.minimum(
            rows + min(self.high, 0), columns - max(self.low, 0))  # fmt: skip
        if not isinstance(self.longest, int) and not self.single:
            raise Specialise(frozenset(s for size in (rows, columns) if not isinstance(size, int)
                                       for s in size.symbols()))  # fmt: skip

    def _length(self, diagonal: int) -> Dimension:
        return dims.minimum(self.rows + min(diagonal, 0), self.columns - max(diagonal, 0))

    def shift(self, diagonal: int) -> int:
        """How far into its row of the tensor a diagonal begins."""
        left = (diagonal >= 0 and self.above) or (diagonal <= 0 and self.below)
        if left or self.single:
            return 0
        shift = self.longest - self._length(diagonal)
        assert isinstance(shift, int)
        return shift

    def by_diagonal(self, number: Expr, value: Callable[[int], Expr]) -> Expr:
        """A number that differs from diagonal to diagonal."""
        found = value(self.low)
        for diagonal in range(self.low + 1, self.high + 1):
            found = pick(compare("equal", number, At(Index.of(diagonal))), value(diagonal), found)
        return found

    def of_matrix(self, place: Indices) -> tuple[Expr, Indices]:
        """For a place in the matrix: whether it is on the band, and where that is in the tensor of diagonals."""
        *batch, row, column = place
        diagonal = At(column - row)
        inside = both(compare("greater_equal", diagonal, At(Index.of(self.low))),
                      compare("less_equal", diagonal, At(Index.of(self.high))))  # fmt: skip
        along = op("minimum", At(row), At(column))
        if self.single:
            return inside, (*batch, Index.of(Entry(along)))
        shifted = op("add", along, self.by_diagonal(diagonal, lambda d: At(Index.of(self.shift(d)))))
        return inside, (*batch, Index.of(self.high) - (column - row), Index.of(Entry(shifted)))

    def of_diagonals(self, place: Indices) -> tuple[Expr | None, Indices]:
        """For a place in the tensor of diagonals: whether it is one of the matrix (None: always), and which."""
        if self.single:
            *batch, along = place
            return None, (*batch, along - min(self.low, 0), along + max(self.low, 0))
        *batch, number, position = place
        diagonal = At(Index.of(self.high) - number)
        shift = self.by_diagonal(diagonal, lambda d: At(Index.of(self.shift(d))))
        length = self.by_diagonal(diagonal, lambda d: At(Index.of(self._length(d))))
        distance = op("subtract", At(position), shift)
        inside = both(compare("greater_equal", distance, At(ZERO)), compare("less", distance, length))
        down = op("minimum", diagonal, At(ZERO))
        row, column = op("subtract", distance, down), op("add", distance, op("maximum", diagonal, At(ZERO)))
        return inside, (*batch, Index.of(Entry(row)), Index.of(Entry(column)))


def both(first: Expr, second: Expr) -> Expr:
    """Whether two conditions hold."""
    return Op("and", (first, second), dtypes.bool_)


@rule("matrix_diag_part")
def _part(low: Lowering, node: Node) -> Sequence[Source]:
    x, shape = settled(low, low.source(node.inputs[0])), node.outputs[0].shape
    assert shape is not None
    band = _Band(x.shape, node.attrs)
    padding = Const(node.attrs["padding_value"], x.dtype)

    def element(place: Indices) -> Expr:
        inside, own = band.of_diagonals(place)
        found = x.at(own)
        return found if inside is None else pick(inside, guarded(found, inside), padding)

    return [Computed(shape, x.dtype, element, x.cost + (0 if band.single else 6))]


def _written(low: Lowering, shape: Shape, diagonal: Source, band: _Band, other: Callable[[Indices], Expr]) -> Source:
    def element(place: Indices) -> Expr:
        inside, own = band.of_matrix(place)
        return pick(inside, guarded(diagonal.at(own), inside), other(place))

    return Computed(shape, diagonal.dtype, element, diagonal.cost + 6)


@rule("matrix_set_diag")
def _set(low: Lowering, node: Node) -> Sequence[Source]:
    x, diagonal = (settled(low, low.source(value)) for value in node.inputs)
    return [_written(low, x.shape, diagonal, _Band(x.shape, node.attrs), x.at)]


@rule("matrix_diag")
def _diag(low: Lowering, node: Node) -> Sequence[Source]:
    diagonal, shape = settled(low, low.source(node.inputs[0])), node.outputs[0].shape
    assert shape is not None
    padding = Const(node.attrs["padding_value"], diagonal.dtype)
    band = _Band(shape, node.attrs)
    length = diagonal.shape[-1]
    if length != band.longest:  # a size that was asked for and need not fit: the reference says so
        raise Specialise(frozenset(s for size in (length, *shape[-2:]) if not isinstance(size, int)
                                   for s in size.symbols()))  # fmt: skip
    return [_written(low, shape, diagonal, band, lambda place: padding)]


@rule("tensor_diag")
def _tensor_diag(low: Lowering, node: Node) -> Sequence[Source]:
    x = settled(low, low.source(node.inputs[0]))
    rank = len(x.shape)

    def element(place: Indices) -> Expr:
        found: Expr = x.at(place[:rank])
        for first, second in zip(place[:rank], place[rank:], strict=True):
            found = pick(compare("equal", At(first), At(second)), found, Const(0, x.dtype))
        return found

    return [Computed(x.shape * 2, x.dtype, element, x.cost + 2 * rank)]


@rule("tensor_diag_part")
def _tensor_diag_part(low: Lowering, node: Node) -> Sequence[Source]:
    x = settled(low, low.source(node.inputs[0]))
    half = len(x.shape) // 2
    return [Computed(x.shape[:half], x.dtype, lambda place: x.at((*place, *place)), x.cost)]


