"""Variables: read where they lie, and updated in place."""

from __future__ import annotations

from collections.abc import Sequence

from weft.engines.native.lower import Lowering, aligned, rule
from weft.engines.native.problems import Unsupported
from weft.engines.native.rules.pointwise import FORMULAS
from weft.engines.native.rules.scatter import Scattered
from weft.engines.native.sources import Computed, Source
from weft.ir.graph import Node


@rule("read_variable")
def _read(low: Lowering, node: Node) -> Sequence[Source]:
    return [low.variable(node.inputs[0])]


@rule("assign_variable")
def _assign(low: Lowering, node: Node) -> Sequence[Source]:
    value = low.source(node.inputs[1])
    held = low.variable(node.inputs[0])
    if tuple(value.shape) != tuple(held.shape):
        raise Unsupported("an assignment that changes the shape")
    if isinstance(value, Scattered):
        return [low.assign(node.inputs[0], held, node, value.finish)]
    return [low.assign(node.inputs[0], value, node)]


@rule("assign_add_variable", "assign_sub_variable")
def _update(low: Lowering, node: Node) -> Sequence[Source]:
    held, change = low.variable(node.inputs[0]), low.source(node.inputs[1])
    change = low.memory(change) if change.cost > 3 and tuple(change.shape) != tuple(held.shape) else change
    where = aligned(change, held.shape)
    add, subtract = (FORMULAS[name][0] for name in ("add", "subtract"))
    formula = add if node.op == "assign_add_variable" else subtract
    value = Computed(
        held.shape, held.dtype,
        lambda place: formula([held.at(place), change.at(where(place))], held.dtype, held.dtype), change.cost + 1,
    )  # fmt: skip
    return [low.assign(node.inputs[0], value, node)]
