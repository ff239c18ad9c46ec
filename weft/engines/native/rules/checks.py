"""Ops that refuse what they are given, and those that are there for others to wait for."""

from __future__ import annotations

from collections.abc import Sequence

from weft.base import dtypes
from weft.base.dims import Dim
from weft.engines.native.loops import Const, Expr, Op
from weft.engines.native.lower import Lowering, rule
from weft.engines.native.problems import Unsupported
from weft.engines.native.rules.index import settled
from weft.engines.native.shorthand import cast, compare, op
from weft.engines.native.sources import Computed, Indices, Source, constant
from weft.ir.graph import Node


@rule("no_op")
def _no_op(low: Lowering, node: Node) -> Sequence[Source]:
    return []


@rule("assert")
def _assert(low: Lowering, node: Node) -> Sequence[Source]:
    """Where it does not hold the reference runs, which has the data for the message."""
    condition = settled(low, low.source(node.inputs[0]))
    low.check(condition.shape, lambda place: Op("not", (condition.at(place),), dtypes.bool_))
    return []


@rule("check_numerics")
def _check_numerics(low: Lowering, node: Node) -> Sequence[Source]:
    x = settled(low, low.source(node.inputs[0]))
    wide = dtypes.float32 if x.dtype.size == 2 else x.dtype

    def wrong(place: Indices) -> Expr:
        finite = compare("less", op("abs", cast(x.at(place), wide)), Const(float("inf"), wide))
        return Op("not", (finite,), dtypes.bool_)

    low.check(x.shape, wrong)
    return [x]


@rule("custom_gradient")
def _custom_gradient(low: Lowering, node: Node) -> Sequence[Source]:
    return [low.source(value) for value in node.inputs[node.attrs["count"] :]]


@rule("ensure_shape")
def _ensure_shape(low: Lowering, node: Node) -> Sequence[Source]:
    source = low.source(node.inputs[0])
    wanted = node.attrs["shape"]
    sizes = [n for n, want in zip(source.shape, wanted, strict=True) if want is not None and n != want]
    low.known(*sizes, *(want for want in wanted if isinstance(want, Dim) and sizes))
    if sizes:
        raise Unsupported("a tensor of another shape")
    return [Computed(node.outputs[0].shape or (), source.dtype, source.at, source.cost) if tuple(source.shape) != tuple(
        node.outputs[0].shape or ()) else source]  # fmt: skip


@rule("is_variable_initialized")
def _is_initialized(low: Lowering, node: Node) -> Sequence[Source]:
    return [constant(True, dtypes.bool_)]  # with a variable that has no value the reference runs
