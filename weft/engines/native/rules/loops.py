"""Loops over the steps of a sequence, native from the first step to the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weft.base.dims import Dim
from weft.engines.native.decompose import decompose
from weft.engines.native.fusion import walk
from weft.engines.native.index import Index, LoopVar
from weft.engines.native.lower import Lowering, Nest, Region, rule
from weft.engines.native.problems import Unsupported
from weft.engines.native.sources import Memory, Source
from weft.ir.graph import Graph, Node
from weft.passes import pipeline
from weft.passes.specialise import specialise

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Symbol
    from weft.engines.native.loops import Buffer
    from weft.ir.types import TensorType

_WRITES = ("assign_variable", "assign_add_variable", "assign_sub_variable", "advance_random_state")


@rule("scan")
def _scan(low: Lowering, node: Node) -> Sequence[Source]:
    """Each turn reads its carry from one half of a buffer and leaves the next one in the other."""
    carries, sequences = node.attrs["carries"], node.attrs["sequences"]
    length, backwards = node.attrs["length"], node.attrs["backwards"]
    if any(value.type.is_resource for value in node.inputs):
        raise Unsupported("a loop over variables")
    if isinstance(length, int) and length == 0:
        raise Unsupported("a loop of no turns")
    body = _body(node, carries, sequences)
    outer = [low.memory(low.source(value)) for value in node.inputs]
    region = Region(LoopVar("turn", length))
    turn = Index.of(region.turn)
    step = Index.of(length) - 1 - turn if backwards else turn
    rings = []
    inputs: list[Source] = []
    for start in outer[:carries]:
        ring = low.temporary((2, *start.shape), start.dtype, "carry")
        ring.buffer.ring = True
        _store(low, start, Memory(ring.buffer, start.shape), "start")
        inputs.append(_part(ring, turn % 2))
        rings.append(ring)
    inputs += [_part(row, step) for row in outer[carries : carries + sequences]]
    inputs += outer[carries + sequences :]
    first = len(low.nests)
    found = low.body(body, inputs, region)
    stacks = [low.temporary((length, *value.shape), value.dtype, "stack") for value in found[carries:]]
    for source, stack in zip(found[carries:], stacks, strict=True):
        _store(low, source, _part(stack, step), "stack")
    for source, ring in zip(found[:carries], rings, strict=True):
        _store(low, source, _part(ring, (turn + 1) % 2), "carry")
    for nest in low.nests[first:]:
        nest.region = region
    _move_out(low.nests[first:], {ring.buffer for ring in rings}, region)
    return [*(_part(ring, Index.of(length) % 2) for ring in rings), *stacks]


def _part(whole: Memory, position: Index) -> Memory:
    """One entry of the first axis."""
    offset = Index.of(whole.offset) + position * whole.strides[0]
    return Memory(whole.buffer, whole.shape[1:], whole.strides[1:], offset)


def _store(low: Lowering, source: Source, target: Memory, name: str) -> None:
    low.nests.append(Nest(target.shape, lambda place, _: source.at(place), target, name=name))


def _move_out(nests: Sequence[Nest], moving: set[Buffer], region: Region) -> None:
    """Takes what is the same in every turn out of the loop: it is done once, before."""
    for nest in nests:
        seen = walk(nest)
        fixed = nest.combine != "fail" and nest.when is None and not any(
            load.buffer in moving or region.turn in load.index.variables() for load in seen.reads
        )  # fmt: skip
        if fixed and nest.template is None:
            fixed = not any(region.turn in index.variables() for index in seen.indices)
        fixed = fixed and region.turn not in Index.of(nest.output.offset).variables()
        if fixed:
            nest.region = None
        else:
            moving.add(nest.output.buffer)


def _body(node: Node, carries: int, sequences: int) -> Graph:
    """The body with its sizes in terms of those outside, in ops that have rules."""
    body: Graph = node.attrs["body"]
    if any(inner.op in _WRITES or inner.effect for inner in body.nodes):
        raise Unsupported("a loop with effects")
    sizes: dict[Symbol, Dimension] = {}
    for position, (inside, outside) in enumerate(zip(body.inputs, node.inputs, strict=True)):
        type: TensorType = outside.type
        shape = type.shape[1:] if type.shape is not None and carries <= position < carries + sequences else type.shape
        for own, size in zip(inside.shape or (), shape or (), strict=False):
            if isinstance(own, Dim) and own.symbol is not None:
                sizes.setdefault(own.symbol, size)
    return decompose(pipeline.run(specialise(body, sizes)))

