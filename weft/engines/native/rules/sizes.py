"""Sizes as values: known once the inputs are, without looking at any element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weft.base.dims import product
from weft.base.dtypes import DType
from weft.engines.native.index import Index
from weft.engines.native.loops import At, Expr
from weft.engines.native.lower import Lowering, rule
from weft.engines.native.problems import Unsupported
from weft.engines.native.shorthand import cast, compare, pick
from weft.engines.native.sources import Computed, Indices, Source
from weft.ir.graph import Node

if TYPE_CHECKING:
    from weft.base.dims import Dimension


def size_of(size: Dimension, dtype: DType) -> Expr:
    """A size as a number."""
    return cast(At(Index.of(size)), dtype)


def vector_of(sizes: Sequence[Dimension], dtype: DType) -> Computed:
    """Sizes as a vector."""

    def element(indices: Indices) -> Expr:
        (index,) = indices
        if not sizes:
            return size_of(0, dtype)
        if index.number is not None:
            return size_of(sizes[index.number], dtype)
        found = size_of(sizes[-1], dtype)
        for place in range(len(sizes) - 2, -1, -1):
            found = pick(compare("equal", At(index), At(Index.of(place))), size_of(sizes[place], dtype), found)
        return found

    return Computed((len(sizes),), dtype, element, max(0, len(sizes) - 1))


@rule("size")
def _size(low: Lowering, node: Node) -> Sequence[Source]:
    shape = node.inputs[0].shape
    if shape is None:
        raise Unsupported("its rank is not known")
    total = size_of(product(tuple(shape)), node.outputs[0].dtype)
    return [Computed((), node.outputs[0].dtype, lambda indices: total, 1)]


@rule("dimensions")
def _dimensions(low: Lowering, node: Node) -> Sequence[Source]:
    return [vector_of(tuple(node.attrs["sizes"]), node.attrs["dtype"])]


@rule("shape")
def _shape(low: Lowering, node: Node) -> Sequence[Source]:
    shape = node.inputs[0].shape
    if shape is None:
        raise Unsupported("its rank is not known")
    return [vector_of(tuple(shape), node.outputs[0].dtype)]


@rule("dimension")
def _dimension(low: Lowering, node: Node) -> Sequence[Source]:
    return [_single(node.attrs["size"], node.attrs["dtype"])]


@rule("shape_of_axis")
def _shape_of_axis(low: Lowering, node: Node) -> Sequence[Source]:
    shape = node.inputs[0].shape
    if shape is None:
        raise Unsupported("its rank is not known")
    return [_single(shape[node.attrs["axis"]], node.outputs[0].dtype)]


@rule("rank")
def _rank(low: Lowering, node: Node) -> Sequence[Source]:
    shape = node.inputs[0].shape
    if shape is None:
        raise Unsupported("its rank is not known")
    return [_single(len(shape), node.outputs[0].dtype)]


def _single(size: Dimension, dtype: DType) -> Computed:
    number = size_of(size, dtype)
    return Computed((), dtype, lambda indices: number, 1)
