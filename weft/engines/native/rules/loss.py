"""Cross-entropies from class numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.engines.native.index import Entry, Index
from weft.engines.native.loops import At, Expr, Op
from weft.engines.native.lower import Lowering, rule
from weft.engines.native.rules.matmul import HALVES, narrowed, widened
from weft.engines.native.rules.reduction import reduce_over
from weft.engines.native.shorthand import cast, compare, like, op, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source
from weft.ir.graph import Node

if TYPE_CHECKING:
    from weft.base.dims import Dimension


def _bounds(label: Expr, classes: Dimension) -> Expr:
    wide = cast(label, dtypes.int64)
    zero, count = At(Index.of(0)), At(Index.of(classes))
    return Op("or", (compare("less", wide, zero), compare("greater_equal", wide, count)), dtypes.bool_)


def _shares(low: Lowering, logits: Memory) -> tuple[Memory, Memory]:
    """For each row its greatest element (0 where that is not finite) and the sum of exp(x - greatest)."""
    axis = len(logits.shape) - 1
    top = reduce_over(low, logits, (axis,), "maximum", "top")

    def shifted(element: Expr, indices: Indices) -> Expr:
        return op("exp", op("subtract", element, finite(top.at(indices[:-1]))))

    total = reduce_over(low, logits, (axis,), "add", "total", None, shifted)
    return top, total


def finite(top: Expr) -> Expr:
    """A number, or 0 where it is none."""
    return pick(compare("less", op("abs", top), like(float("inf"), top)), top, like(0, top))


def _logits(low: Lowering, source: Source) -> Memory:
    return low.memory(widened(low, source, dtypes.float32 if source.dtype in HALVES else source.dtype), "logits")


@rule("sparse_softmax_cross_entropy_with_logits")
def _sparse(low: Lowering, node: Node) -> Sequence[Source]:
    logits, labels = _logits(low, low.source(node.inputs[0])), low.memory(low.source(node.inputs[1]), "labels")
    classes = logits.shape[-1]
    top, total = _shares(low, logits)

    def element(place: Indices) -> Expr:
        label = labels.at(place)
        # a label out of range reads class 0; the check below then throws the step away
        safe = pick(_bounds(label, classes), At(Index.of(0)), cast(label, dtypes.int64))
        chosen = logits.at((*place, Index.of(Entry(safe, classes))))
        return op("subtract", op("log", total.at(place)), op("subtract", chosen, finite(top.at(place))))

    low.check(labels.shape, lambda place: _bounds(labels.at(place), classes))
    return [narrowed(Computed(labels.shape, logits.dtype, element, 20), node.outputs[0].dtype)]


@rule("sparse_softmax_cross_entropy_gradient")
def _sparse_gradient(low: Lowering, node: Node) -> Sequence[Source]:
    ct, logits = low.source(node.inputs[0]), _logits(low, low.source(node.inputs[1]))
    labels = low.memory(low.source(node.inputs[2]), "labels")
    classes = logits.shape[-1]
    top, total = _shares(low, logits)
    low.check(labels.shape, lambda place: _bounds(labels.at(place), classes))

    def element(place: Indices) -> Expr:
        row = place[:-1]
        x = op("subtract", logits.at(place), finite(top.at(row)))
        share = op("exp", op("subtract", x, op("log", total.at(row))))
        here = compare("equal", At(place[-1]), cast(labels.at(row), dtypes.int64))
        less = pick(here, op("subtract", share, like(1, share)), share)
        return op("multiply", less, cast(ct.at(row), logits.dtype))

    return [narrowed(Computed(logits.shape, logits.dtype, element, 30), node.outputs[0].dtype)]
