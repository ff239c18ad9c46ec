"""Products of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import product
from weft.engines.native.index import Index
from weft.engines.native.loops import Expr
from weft.engines.native.lower import Lowering, aligned, rule
from weft.engines.native.products import Product
from weft.engines.native.shorthand import cast
from weft.engines.native.sources import Computed, Indices, Memory, Source
from weft.ir.graph import Node

if TYPE_CHECKING:
    from weft.base.dtypes import DType

#: types whose numbers are stored so, and computed with as float32
HALVES = (dtypes.float16, dtypes.bfloat16)
#: those whose numbers an int16 holds
_SMALL = {dtypes.int8, dtypes.uint8, dtypes.int16}


@rule("matmul")
def _matmul(low: Lowering, node: Node) -> Sequence[Source]:
    out = node.outputs[0]
    dtype = dtypes.float32 if out.dtype in HALVES else out.dtype
    halves = _halves(low, node)
    a, b = (widened(low, low.source(value), halves or dtype) for value in node.inputs)
    shape = tuple(out.shape or ())
    flip_a = bool(node.attrs["transpose_a"] or node.attrs["adjoint_a"])
    flip_b = bool(node.attrs["transpose_b"] or node.attrs["adjoint_b"])
    inner = a.shape[-2] if flip_a else a.shape[-1]
    wanted = shape
    if len(b.shape) == 2 and not flip_a and isinstance(a, Memory) and a.contiguous and a.shape[:-1] == shape[:-1]:
        # rows of all matrices meet the same B: they are one matrix
        a = Memory(a.buffer, (product(shape[:-1]), inner), None, a.offset)
        shape = (a.shape[0], shape[-1])
    place_a, place_b = _places(low, a, shape), _places(low, b, shape)

    def element_a(place: Indices, k: Index) -> Expr:
        return a.at((*place_a(place), *((k, place[-2]) if flip_a else (place[-2], k))))

    def element_b(place: Indices, k: Index) -> Expr:
        return b.at((*place_b(place), *((place[-1], k) if flip_b else (k, place[-1]))))

    ordered = low.ordered(out, "matmul") if shape == wanted and dtype is out.dtype else None
    output = Product(shape, inner, element_a, element_b, dtype, halves).add(low, "matmul", ordered)
    return [narrowed(output if shape == wanted else Memory(output.buffer, wanted), out.dtype)]


def _halves(low: Lowering, node: Node) -> DType | None:
    """The type whose pairs of products the processor adds up, where the operands' numbers fit into it."""
    given, out = {value.dtype for value in node.inputs}, node.outputs[0].dtype
    if given == {dtypes.bfloat16} and out is dtypes.bfloat16:
        found = dtypes.bfloat16
    elif given <= _SMALL and out is dtypes.int32:
        found = dtypes.int16
    else:
        return None
    return found if found in low.pairs else None


def widened(low: Lowering, source: Source, dtype: DType) -> Source:
    """An operand in memory, in the type that products of it are added up in."""
    if source.dtype is dtype:
        return low.memory(source) if source.cost > 0 else source
    known: Source | None = getattr(source, "widened", None)
    if known is None or known.dtype is not dtype:
        known = low.memory(Computed(source.shape, dtype, lambda place: cast(source.at(place), dtype), source.cost + 1))
        source.widened = known  # type: ignore[attr-defined]
    return known


def narrowed(source: Source, dtype: DType) -> Source:
    """A result in the type that it is wanted in."""
    if source.dtype is dtype:
        return source
    return Computed(source.shape, dtype, lambda place: cast(source.at(place), dtype), source.cost + 1)


def _places(low: Lowering, source: Source, shape: Sequence[object]) -> Callable[[Indices], Indices]:
    """From a place in the result to the batch axes of an operand, some of which may be broadcast."""
    batch = Memory(low.temporary((), source.dtype).buffer, source.shape[:-2])
    where = aligned(batch, tuple(shape[:-2]))  # type: ignore[arg-type]
    return lambda place: where(tuple(place[:-2]))
