"""Loops over the steps of a sequence, native from the first step to the last."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import Dim, product
from weft.engines.native.decompose import decompose
from weft.engines.native.fusion import walk
from weft.engines.native.index import Index, LoopVar
from weft.engines.native.loops import Const, Expr, Load, Op
from weft.engines.native.lower import Loop, Lowering, Nest, Region, rule, variables
from weft.engines.native.problems import Unsupported
from weft.engines.native.products import LINE, WAY, Product
from weft.engines.native.rewriting import Rewriter
from weft.engines.native.shorthand import compare, op
from weft.engines.native.sources import Computed, Indices, Memory, Source, flat_index
from weft.ir.graph import Graph, Node
from weft.passes import pipeline
from weft.passes.specialise import specialise

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape, Symbol
    from weft.base.dtypes import DType
    from weft.engines.native.loops import Buffer

_WRITES = ("assign_variable", "assign_add_variable", "assign_sub_variable", "advance_random_state")


@rule("scan")
def _scan(low: Lowering, node: Node) -> Sequence[Source]:
    """Each turn reads its carry from one half of a buffer and leaves the next one in the other."""
    carries, sequences = node.attrs["carries"], node.attrs["sequences"]
    length, backwards = node.attrs["length"], node.attrs["backwards"]
    if isinstance(length, int) and length == 0:
        raise Unsupported("a loop of no turns")
    if node.attrs["moves"] or node.attrs["ragged"]:
        raise Unsupported("a loop whose values change their sizes")
    rows = range(carries, carries + sequences)
    body = _inside(node.attrs["body"], [
        v.type.shape[1:] if place in rows and v.type.shape is not None else v.type.shape
        for place, v in enumerate(node.inputs)
    ])  # fmt: skip
    outer = _operands(low, node, rows)
    region = Region(LoopVar("turn", length), low.region)
    turn = Index.of(region.turn)
    step = Index.of(length) - 1 - turn if backwards else turn
    rings = [_ring(low, start) for start in outer[:carries]]
    inputs: list[Source] = [_part(ring, turn % 2) for ring in rings]
    inputs += [_row(row, step) for row in outer[carries : carries + sequences]]
    inputs += outer[carries + sequences :]
    first = len(low.nests)
    found = low.body(body, inputs, region)
    stacks = [_stack(low, (length, *value.shape), value.dtype) for value in found[carries:]]
    for source, stack in zip(found[carries:], stacks, strict=True):
        _store(low, source, _part(stack, step), "stack")
    for source, ring in zip(found[:carries], rings, strict=True):
        _store(low, source, _part(ring, (turn + 1) % 2), "carry")
    low.enclose(first, region)
    _move_out(low.nests[first:], {ring.buffer for ring in rings}, region.turn, region.parent)
    low.nests[first:] = _in_stacks(low.nests[first:], {stack.buffer for stack in stacks}, region)
    return [*(_part(ring, Index.of(length) % 2) for ring in rings), *stacks]


@rule("while_loop")
def _while(low: Lowering, node: Node) -> Sequence[Source]:
    """As a scan, but for the number of turns: the test says before each turn whether it takes place."""
    count, maximum = node.attrs["count"], node.attrs["maximum"]
    if len(node.outputs) > count:
        raise Unsupported("the number of steps that are stacked is known only when it has run")
    if any(start.shape != end.shape for start, end in zip(node.inputs, node.outputs, strict=False)):
        raise Unsupported("loop variables that change their shapes")
    sizes = [value.type.shape for value in node.inputs]
    body, condition = (_inside(node.attrs[name], sizes) for name in ("body", "condition"))
    outer = _operands(low, node)
    loop = Loop(LoopVar("turn", 2), low.region)
    turn = Index.of(loop.turn)
    rings = [_ring(low, start) for start in outer[:count]]
    turns = None
    if maximum is not None:
        turns = _ring(low, Computed((), dtypes.int64, lambda place: Const(0, dtypes.int64), 0))
    inputs: list[Source] = [*(_part(ring, turn % 2) for ring in rings), *outer[count:]]
    first = len(low.nests)
    (test,) = low.body(condition, inputs, loop.test)
    loop.condition = _condition(low, test, None if turns is None else _part(turns, turn % 2), maximum)
    low.enclose(first, loop.test)
    second = len(low.nests)
    found = low.body(body, inputs, loop.body)
    if turns is not None:
        before = _part(turns, turn % 2)
        found.append(Computed((), dtypes.int64, lambda place: op("add", before.at(()), Const(1, dtypes.int64)), 1))
        rings.append(turns)
    for source, ring in zip(found, rings, strict=True):
        _store(low, source, _part(ring, (turn + 1) % 2), "carry")
    low.enclose(second, loop.body)
    moving = {ring.buffer for ring in rings} | {loop.condition.buffer}
    _move_out(low.nests[first:], moving, loop.turn, loop.parent)
    third = len(low.nests)
    for ring in rings:
        _store(low, _part(ring, Index.of(1)), _part(ring, Index.of(0)), "last")
    low.enclose(third, loop.tail)
    return [_part(ring, Index.of(0)) for ring in rings[:count]]


def _operands(low: Lowering, node: Node, rows: Collection[int] = ()) -> list[Source]:
    """What goes into a loop, where it stays while the loop turns; rows of constants need no place."""
    if any(value.type.is_resource for value in node.inputs):
        raise Unsupported("a loop over variables")
    found: list[Source] = []
    for at, value in enumerate(node.inputs):
        source = low.source(value)
        if at not in rows or not _constant(source):
            memory = low.memory(source)
            source = low.copy(memory, "row") if Index.of(memory.offset).variables() else memory
        found.append(source)
    return found


def _constant(source: Source) -> bool:
    """Whether all elements are one number that is known now."""
    return isinstance(source, Computed) and isinstance(source.at((Index.of(0),) * len(source.shape)), Const)


def _row(whole: Source, position: Index) -> Source:
    """One row of what a loop goes along."""
    if isinstance(whole, Memory):
        return _part(whole, position)
    return Computed(whole.shape[1:], whole.dtype, lambda place: whole.at((position, *place)), whole.cost)


def _stack(low: Lowering, shape: Shape, dtype: DType) -> Memory:
    """Room for what each turn leaves; rows that would share places in a cache lie a little apart."""
    row = shape[-1]
    if len(shape) < 3 or not isinstance(row, int) or row * dtype.size % WAY:
        return low.temporary(shape, dtype, "stack")
    found = low.temporary((*shape[:-1], row + LINE // dtype.size), dtype, "stack")
    return Memory(found.buffer, shape, found.strides)


def _spread(memory: Memory, like: Memory) -> Memory | None:
    """The same part of a tensor whose rows lie as those of another; None where it does not keep to rows."""
    row, apart = _rows_of(like)
    if row == apart:
        return memory
    assert isinstance(row, int) and isinstance(apart, int)
    start, strides = Index.of(memory.offset), []
    reach = (start % row).highest()
    for size, stride in zip(memory.shape, memory.strides, strict=True):
        if not isinstance(stride, int) or reach is None:
            return None
        if stride % row:
            reach = reach + (size - 1) * stride
        strides.append(stride if stride % row else stride // row * apart)
    if not isinstance(reach, int) or reach >= row:
        return None
    return Memory(memory.buffer, memory.shape, tuple(strides), _spread_index(start, like))


def _rows_of(memory: Memory) -> tuple[Dimension, Dimension]:
    """How long the rows of a tensor are and how far they lie apart; equal where there is one element or one row."""
    return (memory.shape[-1], memory.strides[-2]) if len(memory.shape) > 1 else (1, 1)


def _spread_index(index: Index, like: Memory) -> Index:
    row, apart = _rows_of(like)
    return index if row == apart else index + index // row * (apart - row)


def _ring(low: Lowering, start: Source) -> Memory:
    """Two places for what goes from turn to turn, the first of which holds the start."""
    ring = low.temporary((2, *start.shape), start.dtype, "carry")
    ring.buffer.ring = True
    _store(low, start, Memory(ring.buffer, start.shape), "start")
    return ring


def _condition(low: Lowering, test: Source, turns: Memory | None, maximum: int | None) -> Memory:
    """Whether there is another turn, in memory; never in a branch that is not taken."""
    found, when = low.temporary((), dtypes.bool_, "goes_on"), low.when
    found.buffer.ring = True  # not read by nests, but by the loop

    def value(place: Indices, _: Indices) -> Expr:
        holds = test.at(())
        if turns is not None:
            holds = Op("and", (holds, compare("less", turns.at(()), Const(maximum, dtypes.int64))), dtypes.bool_)
        return holds if when is None else Op("and", (when.at(()), holds), dtypes.bool_)

    low.unconditional(Nest((), value, found, name="goes_on"))
    return found


def _part(whole: Memory, position: Index) -> Memory:
    """One entry of the first axis."""
    offset = Index.of(whole.offset) + position * whole.strides[0]
    return Memory(whole.buffer, whole.shape[1:], whole.strides[1:], offset)


def _store(low: Lowering, source: Source, target: Memory, name: str) -> None:
    low.nests.append(Nest(target.shape, lambda place, _: source.at(place), target, name=name))


def _in_stacks(nests: Sequence[Nest], stacks: set[Buffer], region: Region) -> list[Nest]:
    """The nests of a loop's body with what products read, and what is then copied to a stack, made there at once."""
    makers: dict[Buffer, list[Nest]] = {}
    readers: dict[Buffer, list[Nest]] = {}
    for nest in nests:
        makers.setdefault(nest.output.buffer, []).append(nest)
        for load in walk(nest).reads:
            readers.setdefault(load.buffer, []).append(nest)
    moved: dict[Buffer, tuple[Memory, Nest]] = {}
    for nest in nests:
        if nest.output.buffer not in stacks or nest.region is not region or nest.template is not None:
            continue
        place = tuple(map(Index.of, variables(nest.shape, "i")))
        value = nest.value(place, ())
        if not isinstance(value, Load) or value.guard is not None or value.buffer in moved:
            continue
        concerned = (*makers.get(value.buffer, ()), *readers[value.buffer])
        if (
            value.buffer in makers and value.buffer.role == "temp" and not value.buffer.ring
            and value.buffer.size == product(tuple(nest.shape)) and value.index == flat_index(nest.shape, place)
            and all(other.region is region for other in concerned)
            and all(other is nest or isinstance(other.template, Product) for other in readers[value.buffer])
            and all(other.template is None and _spread(other.output, nest.output) for other in makers[value.buffer])
        ):  # fmt: skip
            moved[value.buffer] = nest.output, nest
    copies = {nest for _, nest in moved.values()}
    into = Rewriter(lambda load: _elsewhere(load, moved))
    for buffer, (stack, copy) in moved.items():
        for nest in makers[buffer]:
            spread = _spread(nest.output, stack)
            assert spread is not None
            offset = Index.of(spread.offset) + Index.of(stack.offset)
            nest.output = Memory(stack.buffer, spread.shape, spread.strides, offset)
        for nest in readers[buffer]:
            if nest is not copy:
                nest.template.read_through(into)
    return [nest for nest in nests if nest not in copies]


def _elsewhere(load: Load, moved: Mapping[Buffer, tuple[Memory, Nest]]) -> Expr | None:
    found = moved.get(load.buffer)
    if found is None:
        return None
    stack = found[0]
    return Load(stack.buffer, _spread_index(load.index, stack) + Index.of(stack.offset), load.guard)


def _move_out(nests: Sequence[Nest], moving: set[Buffer], turn: LoopVar, parent: Region | None) -> None:
    """Takes what is the same in every turn out of the loop: it is done once, before."""
    for nest in nests:
        fixed = nest.combine != "fail" and nest.when is None and not nest.output.buffer.ring
        fixed = fixed and nest.region is not None and nest.region.turn is turn
        if fixed:
            seen = walk(nest)
            used = [*seen.indices, *(load.index for load in seen.reads), Index.of(nest.output.offset)]
            fixed = not any(load.buffer in moving for load in seen.reads)
            fixed = fixed and not any(turn in index.variables() for index in used)
        if fixed:
            nest.region = parent
        else:
            moving.add(nest.output.buffer)


def _inside(graph: Graph, shapes: Sequence[Shape | None]) -> Graph:
    """A part of a loop with its sizes in terms of those outside, in ops that have rules."""
    if any(inner.op in _WRITES or inner.effect for inner in graph.nodes):
        raise Unsupported("a loop with effects")
    sizes: dict[Symbol, Dimension] = {}
    for inside, shape in zip(graph.inputs, shapes, strict=True):
        for own, size in zip(inside.shape or (), shape or (), strict=False):
            if isinstance(own, Dim) and own.symbol is not None:
                sizes.setdefault(own.symbol, size)
    return decompose(pipeline.run(specialise(graph, sizes)))
