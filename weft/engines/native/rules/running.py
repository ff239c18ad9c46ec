"""Running sums, products and extremes along an axis, and the linear recurrence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import product
from weft.engines.native.index import ZERO, Index
from weft.engines.native.kernels import identity
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, Nest, rule
from weft.engines.native.rewriting import guarded
from weft.engines.native.rules.index import settled
from weft.engines.native.rules.scatter import reshaped
from weft.engines.native.running import Running, Step
from weft.engines.native.shorthand import cast, compare, like, op, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source, row_major
from weft.ir.graph import Node

if TYPE_CHECKING:
    from weft.base.dims import Shape
    from weft.base.dtypes import DType

_HALVES = (dtypes.float16, dtypes.bfloat16)


def _flat(shape: Shape, axis: int) -> Shape:
    """What lies before the axis, the axis, and what lies after it."""
    return (product(tuple(shape[:axis])), shape[axis], product(tuple(shape[axis + 1 :])))


def _wide(dtype: DType) -> DType:
    return dtypes.float32 if dtype in _HALVES else dtype


def _operand(low: Lowering, source: Source, axis: int) -> Callable[[Indices], Expr]:
    """Its elements by place in the flat view, in the type that is computed in."""
    flat, dtype = _seen(low, source, axis), _wide(source.dtype)
    return lambda place: cast(flat.at(place), dtype)


def _seen(low: Lowering, source: Source, axis: int) -> Source:
    shape, rank = _flat(source.shape, axis), len(source.shape)
    if rank == 1:
        return Computed(shape, source.dtype, lambda place: source.at((place[1],)), source.cost)
    if rank == 2 and axis == 1:
        return Computed(shape, source.dtype, lambda place: source.at(place[:2]), source.cost)
    if rank == 2 and axis == 0:
        return Computed(shape, source.dtype, lambda place: source.at(place[1:]), source.cost)
    return reshaped(low, low.contiguous(source), shape)


def _running(
    low: Lowering, node: Node, shape: Shape, axis: int, dtype: DType, start: Sequence[Const], step: Step,
    result: Callable[[Sequence[Expr], Sequence[Expr]], Expr],
) -> Memory:  # fmt: skip
    output = low.temporary(shape, dtype, node.op)
    flat = _flat(shape, axis)
    seen = Memory(output.buffer, flat, row_major(flat))
    template = Running(seen, start, step, result, node.attrs["reverse"])
    low.nests.append(Nest(flat, lambda place, _: seen.at(place), seen, name=node.op, template=template))
    return output


def accumulated(low: Lowering, source: Memory, axis: int, combine: str) -> Memory:
    """The elements up to each place along an axis, combined one after the other."""
    flat = _seen(low, source, axis)
    output = low.temporary(source.shape, source.dtype, "accumulated")
    shape = _flat(source.shape, axis)
    seen = Memory(output.buffer, shape, row_major(shape))

    def step(held: Sequence[Expr], place: Indices, turn: Index) -> Sequence[Expr]:
        return [Op(combine, (held[0], flat.at(place)), source.dtype)]

    template = Running(seen, [identity(combine, source.dtype)], step, lambda before, after: after[0], False)
    low.nests.append(Nest(shape, lambda place, _: seen.at(place), seen, name="accumulated", template=template))
    return output


_COMBINE = {"cumsum": "add", "cumprod": "multiply"}


@rule("cumsum", "cumprod", "cumulative_logsumexp")
def _cumulative(low: Lowering, node: Node) -> Sequence[Source]:
    source = low.source(node.inputs[0])
    axis = node.attrs["axis"] % len(source.shape)
    x, dtype, kind = _operand(low, source, axis), _wide(source.dtype), node.op

    def step(held: Sequence[Expr], place: Indices, turn: Index) -> Sequence[Expr]:
        if kind == "cumulative_logsumexp":
            return [pick(compare("equal", At(turn), At(ZERO)), x(place), _log_add(held[0], x(place)))]
        return [Op(_COMBINE[kind], (held[0], x(place)), dtype)]

    start = Const({"cumsum": 0, "cumprod": 1}.get(kind, float("-inf")), dtype)
    which = 0 if node.attrs["exclusive"] else 1
    return [_running(low, node, source.shape, axis, source.dtype, [start], step,
                     lambda *held: cast(held[which][0], source.dtype))]  # fmt: skip


def _log_add(a: Expr, b: Expr) -> Expr:
    """log(exp(a) + exp(b)), from the greater of them."""
    distance = op("abs", op("subtract", a, b))
    more = op("log1p", op("exp", op("negative", distance)))
    total = op("add", op("maximum", a, b), more)
    return pick(compare("equal", a, b), op("add", a, like(log(2), a)), total)  # infinities have no distance


@rule("cummax", "cummin")
def _extremes(low: Lowering, node: Node) -> Sequence[Source]:
    source = settled(low, low.source(node.inputs[0]))
    axis, dtype = node.attrs["axis"] % len(source.shape), _wide(source.dtype)
    x = _operand(low, source, axis)
    combine = "maximum" if node.op == "cummax" else "minimum"
    start = [identity(combine, dtype), Const(0, dtypes.int64)]

    def step(held: Sequence[Expr], place: Indices, turn: Index) -> Sequence[Expr]:
        best = Op(combine, (held[0], x(place)), dtype)
        new = compare("not_equal", best, held[0])
        if dtype.is_floating:
            nan = Op("is_nan", (held[0],), dtypes.bool_)
            new = Op("and", (new, Op("not", (nan,), dtypes.bool_)), dtypes.bool_)
        new = Op("or", (new, compare("equal", At(turn), At(ZERO))), dtypes.bool_)
        return [best, pick(new, At(place[1]), held[1])]

    values = _running(low, node, source.shape, axis, source.dtype, start, step,
                      lambda before, after: cast(after[0], source.dtype))  # fmt: skip
    places = _running(low, node, source.shape, axis, dtypes.int64, start, step, lambda before, after: after[1])
    return [values, places]


@rule("linear_recurrence")
def _recurrence(low: Lowering, node: Node) -> Sequence[Source]:
    coefficients, values = (low.source(value) for value in node.inputs)
    axis, dtype = node.attrs["axis"] % len(values.shape), _wide(values.dtype)
    a, b = _operand(low, coefficients, axis), _operand(low, values, axis)

    def step(held: Sequence[Expr], place: Indices, turn: Index) -> Sequence[Expr]:
        onward = op("add", b(place), op("multiply", a(place), held[0]))
        return [pick(compare("equal", At(turn), At(ZERO)), b(place), onward)]

    return [_running(low, node, values.shape, axis, values.dtype, [Const(0, dtype)], step,
                     lambda before, after: cast(after[0], values.dtype))]  # fmt: skip


@rule("shift")
def _shift(low: Lowering, node: Node) -> Sequence[Source]:
    x = settled(low, low.source(node.inputs[0]))
    axis, reverse = node.attrs["axis"] % len(x.shape), node.attrs["reverse"]

    def element(place: Indices) -> Expr:
        at = place[axis] + (1 if reverse else -1)
        there = compare("less", At(at), At(Index.of(x.shape[axis]))) if reverse else compare(
            "greater_equal", At(at), At(ZERO))  # fmt: skip
        moved = guarded(x.at((*place[:axis], at, *place[axis + 1 :])), there)
        return pick(there, moved, Const(0, x.dtype))

    return [Computed(x.shape, x.dtype, element, x.cost + 3)]
