"""Linear algebra with a native form: Cholesky's decomposition and triangular systems."""

from __future__ import annotations

from collections.abc import Sequence

from weft.base import dtypes
from weft.engines.native.index import Index
from weft.engines.native.loops import Const, Expr, Op
from weft.engines.native.lower import Lowering, Nest, aligned, rule
from weft.engines.native.problems import Unsupported
from weft.engines.native.shorthand import compare
from weft.engines.native.sources import Indices, Memory, Source
from weft.engines.native.triangular import Cholesky, Substitution
from weft.ir.graph import Node

_FLOATS = (dtypes.float32, dtypes.float64)


def _add(low: Lowering, output: Memory, template: Cholesky | Substitution, name: str) -> Memory:
    low.nests.append(Nest(output.shape, lambda place, _: output.at(place), output, name=name, template=template))
    return output


@rule("cholesky")
def _cholesky(low: Lowering, node: Node) -> Sequence[Source]:
    """Where a matrix is not positive definite the reference runs, which words the error."""
    x = low.memory(low.source(node.inputs[0]), "matrices")
    if x.dtype not in _FLOATS:
        raise Unsupported("matrices of such numbers")
    low.known(*x.shape[-2:])
    output = low.temporary(x.shape, x.dtype, "cholesky")
    _add(low, output, Cholesky(output, x.at, x.dtype), "cholesky")

    def refused(place: Indices) -> Expr:
        positive = compare("greater", output.at((*place, place[-1])), Const(0, x.dtype))
        return Op("not", (positive,), dtypes.bool_)

    low.check(x.shape[:-1], refused)
    return [output]


@rule("triangular_solve")
def _triangular_solve(low: Lowering, node: Node) -> Sequence[Source]:
    matrix, rhs = (low.memory(low.source(value), "matrices") for value in node.inputs)
    lower, adjoint, shape = node.attrs["lower"], node.attrs["adjoint"], node.outputs[0].shape
    if rhs.dtype not in _FLOATS or shape is None:
        raise Unsupported("matrices of such numbers")
    low.known(*shape[-2:])
    place_of_matrix, place_of_rhs = (
        aligned(Memory(given.buffer, given.shape[:-2]), shape[:-2]) for given in (matrix, rhs)
    )

    def element(outer: Indices, row: Index, column: Index) -> Expr:
        return matrix.at((*place_of_matrix(outer), *((column, row) if adjoint else (row, column))))

    def given(place: Indices) -> Expr:
        return rhs.at((*place_of_rhs(place[:-2]), *place[-2:]))

    output = low.temporary(shape, rhs.dtype, "triangular_solve")
    return [_add(low, output, Substitution(output, element, given, rhs.dtype, lower != adjoint), "triangular_solve")]
