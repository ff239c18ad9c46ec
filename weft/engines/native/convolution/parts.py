"""What the kernels of convolutions are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import ceil_divide, maximum, product, quotient
from weft.engines.native.index import LANE, ZERO, Index, LoopVar
from weft.engines.native.loops import Buffer, Expr, For, Load, Masked, Statement, Store
from weft.engines.native.lower import Lowering, Nest, variables
from weft.engines.native.rewriting import loads
from weft.engines.native.sources import Indices, Memory

if TYPE_CHECKING:
    from typing import Any

    from weft.base.dims import Dimension
    from weft.base.dtypes import DType

#: what kernels that go by tiles or by spots compute in
FLOATS = (dtypes.float32, dtypes.float64)


def add_template(low: Lowering, output: Memory, template: Any, name: str) -> None:
    """Adds a nest that brings its own loops."""
    low.nests.append(Nest(output.shape, lambda place, _: output.at(place), output, name=name, template=template))


def reads_of(*memories: Memory) -> list[Load]:
    """A load from each, for dependencies."""
    return loads([memory.at(tuple(map(Index.of, variables(memory.shape, "t")))) for memory in memories])


def filled(batch: Dimension, shares: int) -> Dimension:
    """How many of so many shares of a batch have images: the last ones may have none, and nothing is stored there.

    They must not be read, not even where a guard does not hold: processors are slow where memory was never written.
    """
    share = maximum(1, ceil_divide(batch, shares))
    return quotient(batch + (share - 1), share)


def scratch(name: str, dtype: DType, shape: tuple[int, ...]) -> Memory:
    """Room that each thread has for itself."""
    return Memory(Buffer(name, dtype, product(shape), "thread"), shape)


def store(memory: Memory, place: Indices, value: Expr) -> Store:
    """One element, or a vector of them, into memory."""
    return Store([(memory.buffer, memory.place(place), value)])


def by_vectors(size: int, lanes: int, make: Callable[[Index], list[Statement]]) -> list[Statement]:
    """Code for every vector of an axis; the last one may be cut."""
    whole = size // lanes * lanes
    at = LoopVar("at", size)
    body: list[Statement] = []
    if whole:
        body.append(For(at, ZERO, Index.of(whole), make(Index.of(at) + LANE), step=lanes))
    if size > whole:
        body.append(Masked(Index.of(size - whole), make(Index.of(whole) + LANE)))
    return body


def cut(statement: Statement, size: int, lanes: int) -> Statement:
    """A statement on a vector of which so many elements are there."""
    return statement if size == lanes else Masked(Index.of(size), [statement])


def even(size: int, most: int) -> int:
    """Into which pieces of at most `most` a size is cut, all of them as nearly the same as can be."""
    return -(-size // -(-size // max(1, most)))


def nested(variables: Sequence[LoopVar], body: list[Statement]) -> list[Statement]:
    """Loops over whole axes, the last one innermost."""
    for variable in reversed(variables):
        body = [For(variable, ZERO, Index.of(variable.extent), body)]
    return body
