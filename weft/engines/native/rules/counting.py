"""Counts of numbers, and rows put where numbers say."""

from __future__ import annotations

from collections.abc import Sequence

from weft.base import dtypes
from weft.base.dims import product
from weft.engines.native.index import Index
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, rule
from weft.engines.native.problems import Unsupported
from weft.engines.native.rules.index import entry, outside, settled, wide
from weft.engines.native.rules.scatter import columns_of, rows_of, scattered
from weft.engines.native.shorthand import cast, compare, op
from weft.engines.native.sources import Indices, Source
from weft.ir.graph import Node


@rule("bincount")
def _bincount(low: Lowering, node: Node) -> Sequence[Source]:
    """Numbers beyond the last bin are left out."""
    size = node.attrs["size"]
    if size is None:
        raise Unsupported("as many bins as the data says")
    values, *weights = (settled(low, low.source(value)) for value in node.inputs)
    dtype, shape = node.outputs[0].dtype, node.outputs[0].shape
    assert shape is not None
    low.check(values.shape, lambda place: compare("less", wide(values.at(place)), Const(0, dtypes.int64)))
    outer, count = tuple(values.shape[:-1]), tuple(values.shape[-1:])

    def value(o: Indices, u: Indices, column: Index) -> Expr:
        return weights[0].at((*o, *u)) if weights else Const(1, dtype)

    result = low.temporary(shape, dtype, "bins")
    scattered(
        low, rows_of(result, outer, size, 1), outer, count, lambda o, u: wide(values.at((*o, *u))), value,
        "" if node.attrs["binary_output"] else "add", lambda o, row, column: Const(0, dtype), node.op,
    )  # fmt: skip
    return [result]


@rule("histogram_fixed_width")
def _histogram(low: Lowering, node: Node) -> Sequence[Source]:
    values, edges = (settled(low, low.source(value)) for value in node.inputs)
    bins, dtype = node.attrs["nbins"], node.attrs["dtype"]
    number = values.dtype
    floating = number if number in (dtypes.float32, dtypes.float64) else (
        dtypes.float32 if number.is_floating else dtypes.float64)  # fmt: skip
    first, last = (cast(edges.at((Index.of(i),)), floating) for i in (0, 1))
    low.check((), lambda place: Op("not", (compare("less", first, last),), dtypes.bool_))

    def share(u: Indices) -> Expr:
        return op("divide", op("subtract", cast(values.at(u), floating), first), op("subtract", last, first))

    low.check(tuple(values.shape), lambda place: Op("is_nan", (share(place),), dtypes.bool_))

    def bin_of(o: Indices, u: Indices) -> Expr:
        place: Expr = op("floor", op("multiply", Const(bins, floating), share(u)))
        held = op("minimum", Const(bins - 1, floating), op("maximum", Const(0, floating), place))
        return cast(held, dtypes.int64)

    result = low.temporary((bins,), dtype, "bins")
    scattered(
        low, rows_of(result, (), bins, 1), (), tuple(values.shape), bin_of, lambda o, u, c: Const(1, dtype), "add",
        lambda o, row, column: Const(0, dtype), node.op,
    )  # fmt: skip
    return [result]


@rule("dynamic_stitch")
def _dynamic_stitch(low: Lowering, node: Node) -> Sequence[Source]:
    indices, data = settled(low, low.source(node.inputs[0])), low.source(node.inputs[1])
    size = node.attrs["size"]
    if size is None:
        raise Unsupported("as many rows as the data says")
    low.check(indices.shape, lambda place: outside(wide(indices.at(place)), size))
    values = columns_of(low, data, tuple(indices.shape), data.shape[1:])
    result = low.temporary((size, *data.shape[1:]), data.dtype, "stitched")
    scattered(
        low, rows_of(result, (), size, product(tuple(data.shape[1:]))), (), tuple(indices.shape),
        lambda o, u: wide(indices.at(u)), lambda o, u, c: values.at((*u, c)), "",
        lambda o, row, column: Const(0, data.dtype), node.op,
    )  # fmt: skip
    return [result]


@rule("invert_permutation")
def _invert_permutation(low: Lowering, node: Node) -> Sequence[Source]:
    x = low.memory(low.source(node.inputs[0]))
    (size,) = x.shape
    low.check(x.shape, lambda place: outside(wide(x.at(place)), size))
    result = low.temporary(x.shape, x.dtype, "inverse")
    scattered(
        low, rows_of(result, (), size, 1), (), (size,), lambda o, u: wide(x.at(u)),
        lambda o, u, c: cast(At(u[0]), x.dtype), "", lambda o, row, column: Const(0, x.dtype), node.op,
    )  # fmt: skip

    def twice(place: Indices) -> Expr:  # of a number that occurs twice only the last is found again
        return compare("not_equal", wide(result.at((entry(wide(x.at(place)), size),))), At(place[0]))

    low.check(x.shape, twice)
    return [result]


