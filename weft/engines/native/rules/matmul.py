"""Products of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from weft.base import dtypes
from weft.engines.native.contraction import Contraction
from weft.engines.native.loops import Expr
from weft.engines.native.lower import Lowering, Nest, Unsupported, aligned, rule
from weft.engines.native.sources import Indices, Memory, Source
from weft.ir.graph import Node


@rule("matmul")
def _matmul(low: Lowering, node: Node) -> Sequence[Source]:
    a, b = (low.source(value) for value in node.inputs)
    out = node.outputs[0]
    if a.dtype not in (dtypes.float32, dtypes.float64) or out.dtype is not a.dtype:
        raise Unsupported(f"no native product of {a.dtype.name}")
    if a.cost > 0:
        a = low.memory(a)
    if b.cost > 0:
        b = low.memory(b)
    shape = tuple(out.shape or ())
    flip_a = bool(node.attrs["transpose_a"] or node.attrs["adjoint_a"])
    flip_b = bool(node.attrs["transpose_b"] or node.attrs["adjoint_b"])
    inner = a.shape[-2] if flip_a else a.shape[-1]
    if flip_b:
        b, flip_b = turned(low, b), False  # rows of B are read as vectors: they must lie in order
    place_a, place_b = _places(low, a, shape), _places(low, b, shape)

    def element_a(place: Indices, within: Indices) -> Expr:
        return a.at((*place_a(place), *((within[0], place[-2]) if flip_a else (place[-2], within[0]))))

    def element_b(place: Indices, within: Indices) -> Expr:
        return b.at((*place_b(place), within[0], place[-1]))

    output = low.temporary(shape, out.dtype, "product")
    template = Contraction(shape, (inner,), element_a, element_b, out.dtype)
    low.nests.append(Nest(shape, lambda place, _: output.at(place), output, name="matmul", template=template))
    return [output]


def turned(low: Lowering, source: Source) -> Memory:
    """A matrix (or many) with rows and columns exchanged, in memory."""
    shape = (*source.shape[:-2], source.shape[-1], source.shape[-2])
    packed = low.temporary(shape, source.dtype, "packed")

    def value(place: Indices, _: Indices) -> Expr:
        return source.at((*place[:-2], place[-1], place[-2]))

    low.nests.append(Nest(shape, value, packed, name="pack"))
    return packed


def _places(low: Lowering, source: Source, shape: Sequence[object]) -> Callable[[Indices], Indices]:
    """From a place in the result to the batch axes of an operand, some of which may be broadcast."""
    batch = Memory(low.temporary((), source.dtype).buffer, source.shape[:-2])
    where = aligned(batch, tuple(shape[:-2]))  # type: ignore[arg-type]
    return lambda place: where(tuple(place[:-2]))
