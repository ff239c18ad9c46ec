"""Variables: read where they lie, and updated in place."""

from __future__ import annotations

from collections.abc import Sequence

from weft.engines.native.lower import Lowering, Unsupported, rule
from weft.engines.native.rules.pointwise import op
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
    return [low.assign(node.inputs[0], value, node)]


@rule("assign_add_variable", "assign_sub_variable")
def _update(low: Lowering, node: Node) -> Sequence[Source]:
    held, change = low.variable(node.inputs[0]), low.source(node.inputs[1])
    if tuple(change.shape) != tuple(held.shape):
        raise Unsupported("an update that broadcasts")
    name = "add" if node.op == "assign_add_variable" else "subtract"
    value = Computed(held.shape, held.dtype, lambda place: op(name, held.at(place), change.at(place)), change.cost + 1)
    return [low.assign(node.inputs[0], value, node)]
