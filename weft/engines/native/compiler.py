"""From a graph to its image: lowering, fusion, kernels, LLVM's text, machine code."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from weft.base import dims, dtypes, flags
from weft.base.errors import InternalError
from weft.engines.native import codegen, emit, report, rules, schedule
from weft.engines.native.again import Life, run_again
from weft.engines.native.fusion import Fusion, Group
from weft.engines.native.image import HEADER, NEVER, Call, Image, Outside, Phase, Place
from weft.engines.native.kernels import Plan, kernel_of, written_out
from weft.engines.native.loops import Buffer, Kernel, buffers, verify
from weft.engines.native.lower import Loop, Lowering, Region
from weft.engines.native.packing import Panels
from weft.engines.native.problems import Unordered
from weft.engines.native.products import panel_bytes
from weft.engines.native.schedule import Step
from weft.engines.native.serial import Serial
from weft.engines.native.sources import Memory, Source
from weft.engines.native.steady import steady_kernels
from weft.engines.native.target import Target
from weft.engines.native.work import Work, effort, work_of

if TYPE_CHECKING:
    from weft.base.dims import Symbol
    from weft.engines.native.tuning import Choice
    from weft.ir.graph import Graph

assert rules

#: what runs at a time, whether it writes state, and the loop whose turn it is part of
_Phase: TypeAlias = tuple[list[Kernel | Serial], bool, Region | None]

#: what an unknown size is taken for where only the order of kernels hangs on it
_USUAL = 64


class _Made(NamedTuple):
    """An image without its code, LLVM's text of that, the kernels by name, and what they are made of."""

    image: Image
    text: str
    kernels: dict[str, Kernel]
    groups: dict[str, Group]


def compile_graph(
    graph: Graph, target: Target, checked: bool, symbols: Sequence[Symbol], choice: Choice | None = None
) -> Image:
    """Compiles a graph whose nodes all have native forms.

    Args:
        graph: What to compile.
        target: The machine.
        checked: Whether every access to memory is compared with the size of its buffer.
        symbols: The unknown sizes that it may mention.
        choice: How products are cut; as the cost model says where None.

    Raises:
        Specialise: Where the code needs to know sizes that are symbols.
        Refused: Where a node has no native form.
    """
    begin = time.perf_counter()
    made = _made(graph, target, checked, symbols, choice)
    image = replace(made.image, code=codegen.to_object(made.text, target))
    if flags.debug():  # groups hold all that the graph was on its way
        image = replace(image, groups=made.groups, text=made.text)
    report.compiled(graph.name, image, made.kernels, target, time.perf_counter() - begin)
    return image


def describe_graph(graph: Graph, target: Target, checked: bool, symbols: Sequence[Symbol]) -> Mapping[str, Work]:
    """What the kernels do, by name, that `compile_graph` makes of a graph."""
    made = _made(graph, target, checked, symbols)
    return {name: work_of(made.groups[name], kernel) for name, kernel in made.kernels.items()}


def _made(
    graph: Graph, target: Target, checked: bool, symbols: Sequence[Symbol], choice: Choice | None = None
) -> _Made:
    apart: frozenset[int] = frozenset()
    while True:
        try:
            return _made_apart(graph, target, checked, symbols, apart, choice)
        except Unordered as error:  # apart they are right, and slower
            if error.numbers <= apart:
                raise InternalError(f"{graph.name}: {error}.") from None
            apart |= error.numbers


def _made_apart(graph: Graph, target: Target, checked: bool, symbols: Sequence[Symbol],
                apart: frozenset[int], choice: Choice | None) -> _Made:  # fmt: skip
    """As `_made`, where the nests of some numbers have walks of their own."""
    # a checking build compares each access with its buffer, which pairs are read out of as if they were one number
    halves = {dtypes.bfloat16: target.bf16 and target.vector_bytes == 64, dtypes.int16: bool(target.dots)}
    pairs = frozenset(half for half, paired in halves.items() if paired and not checked)
    lowering = Lowering(graph, pairs, panel_bytes(target))
    results = lowering.run()
    outputs = _own_outputs(lowering, results)
    nests = schedule.prepare(lowering)
    fusion = Fusion(nests, apart)
    inputs = [lowering.given(value) for value in graph.inputs]
    plan = Plan(target, lambda buffer, group: _needed_outside(fusion, buffer, group))
    if choice is not None:
        plan = replace(plan, choose=choice)
    layout = emit.Layout()
    emitter = emit.Emitter(layout, checked, target.fma, target.scales, target.dots, target.halves)
    phases: list[_Phase] = []
    groups: dict[str, Group] = {}
    functions: dict[Kernel | Serial, tuple[str, int]] = {}
    state = {memory.buffer for memory in lowering.written.values()}

    def kernels_of(step: Step) -> list[Kernel | Serial]:
        found: list[Kernel | Serial] = []
        for group in step.groups:
            if all(nest.combine != "fail" and not _needed_outside(fusion, nest.output.buffer, group)
                   for nest in group.nests):  # fmt: skip
                continue
            name = f"k{len(groups)}_{group.nests[0].name}"
            try:
                kernel = kernel_of(group, name, plan)
            except Unordered as error:
                error.numbers = frozenset(number for number, nest in enumerate(nests) if nest in group.nests)
                raise
            verify(kernel)
            if checked:  # so that every access is compared with the buffer that it goes to
                kernel.body = written_out(kernel.body)
            functions[kernel] = emitter.add(kernel)
            found.append(kernel)
            groups[name] = group
        for turns in step.loops:
            test, body, tail = ([kernels_of(inner) for inner in part] for part in (turns.test, turns.body, turns.tail))
            loop = Serial(f"loop{len(functions)}", turns.of, test, body, tail)
            functions[loop] = loop.name, 0
            found.append(loop)
        return sorted(found, key=lambda kernel: _turn(kernel, groups.get(kernel.name)))

    for step in schedule.steps(fusion, state):
        kernels = kernels_of(step)
        if kernels:
            writes = any(buffer in state for kernel in kernels if isinstance(kernel, Kernel)
                         for buffer in buffers(kernel)[1])  # fmt: skip
            phases.append((kernels, writes, step.region))
    steady = 0
    if not state:
        phases, steady = _steady_first(phases, {memory.buffer for memory in lowering.state.values()})
    lives = _find_lives(phases)
    if not steady:
        phases = run_again(phases, groups, lives)
    for memory in (*inputs, *outputs):
        layout.buffer(memory.buffer)
    for kernels, _, region in phases:
        for size in (*(kernel.chunks for kernel in kernels), *([region.turn.extent] if region is not None else [])):
            if isinstance(size, dims.Dim):
                layout.size(size)
        for kernel in kernels:
            if isinstance(kernel, Serial):
                kernel.lay_out(layout)
    loops: dict[Region, int] = {}
    first = HEADER + len(layout)

    def place(kernel: Kernel) -> tuple[str, int]:
        function, begin = functions[kernel]
        return function, first + begin

    for kernels, _, _ in phases:
        for kernel in kernels:
            if isinstance(kernel, Serial):
                emitter.functions += kernel.text(layout, place)

    strands: dict[Region | Loop | None, int] = {}

    def call(kernel: Kernel | Serial) -> Call:
        function, begin = functions[kernel]
        group = groups.get(kernel.name)
        cycles = None if group is None else effort(group)
        region = kernel.of if isinstance(kernel, Serial) else group.region if group is not None else None
        strand = strands.setdefault(region, len(strands))
        return Call(kernel.name, kernel.chunks, cycles, function, first + begin, strand)

    image = Image(
        code=b"",
        symbols=tuple(symbols),
        words=first + len(layout.operands),
        operands=tuple(layout.operands),
        places=tuple(_places(layout, phases, steady, lives)),
        sizes=tuple((HEADER + layout.slot_of_size(size), size) for size in layout.sizes),
        constants=tuple((HEADER + b.slot, np.ascontiguousarray(b.data))
                        for b in layout.buffers if b.role == "constant"),
        phases=tuple(
            Phase(tuple(call(kernel) for kernel in kernels), writes,
                  -1 if region is None else loops.setdefault(region, len(loops)),
                  1 if region is None else region.turn.extent)
            for kernels, writes, region in phases
        ),
        inputs=tuple(Outside(HEADER + m.buffer.slot, m.shape, m.dtype) for m in inputs),
        outputs=tuple(Outside(HEADER + m.buffer.slot, m.shape, m.dtype) for m in outputs),
        written=tuple(i for i, value in enumerate(graph.inputs) if value in lowering.written),
        steady=steady,
    )  # fmt: skip
    named = {kernel.name: kernel for kernel in functions if isinstance(kernel, Kernel)}
    return _Made(image, emitter.module(), named, groups)


def _steady_first(phases: Sequence[_Phase], variables: set[Buffer]) -> tuple[list[_Phase], int]:
    """The phases with what depends on variables alone in front, and how many of them that is."""
    plain = [kernel for kernels, _, _ in phases for kernel in kernels if isinstance(kernel, Kernel)]
    inside = {buffer for kernels, _, _ in phases for serial in kernels if isinstance(serial, Serial)
              for kernel in serial.kernels() for buffer in buffers(kernel)[1]}  # fmt: skip
    found = {kernel for kernel in steady_kernels(plain, variables) if not inside & set(buffers(kernel)[1])}
    first: list[_Phase] = []
    rest: list[_Phase] = []
    for kernels, writes, region in phases:
        some: list[Kernel | Serial] = [kernel for kernel in kernels if kernel in found]
        others = [kernel for kernel in kernels if kernel not in found]
        first += [(some, False, None)] if some else []
        rest += [(others, writes, region)] if others else []
    return [*first, *rest], len(first)


def _turn(kernel: Kernel | Serial, group: Group | None) -> tuple[int, int]:
    """For kernels of a phase: those whose chunks take long begin early, so that threads end together."""
    if group is None:  # a loop that one thread walks
        return 0, 0
    template = group.nests[0].template if group.kind == "template" else None
    if template is None or isinstance(template, Panels):
        return 2, 0
    return 1, dims.evaluate(kernel.chunks, defaultdict(lambda: _USUAL))


def _places(layout: emit.Layout, phases: Sequence[_Phase], steady: int, lives: dict[Buffer, Life]) -> list[Place]:
    for kernels, _, _ in phases[:steady]:  # the next run finds it where it is
        for kernel in kernels:
            for buffer in buffers(kernel)[1] if isinstance(kernel, Kernel) else ():
                if buffer.role == "temp":
                    lives[buffer] = (0, len(phases) - 1)
    found = []
    for buffer in layout.buffers:
        size = buffer.size * buffer.dtype.size
        life = lives.get(buffer, NEVER)
        found.append(Place(HEADER + buffer.slot, size, buffer.name, life, buffer.role == "thread"))
    return found


def _find_lives(phases: Sequence[_Phase]) -> dict[Buffer, Life]:
    """For each temporary buffer the first and the last phase that touch it."""
    lives: dict[Buffer, Life] = {}
    spans: dict[Region, list[int]] = {}
    for number, (_, _, region) in enumerate(phases):
        if region is not None:
            spans.setdefault(region, []).append(number)
    for number, (kernels, _, region) in enumerate(phases):
        # the next turn needs what this one has used: all of a loop's buffers live as long as the loop
        turns = spans[region] if region is not None else [number]
        for kernel in (k for each in kernels for k in (each.kernels() if isinstance(each, Serial) else (each,))):
            read, written = buffers(kernel)
            for buffer in (*read, *written):
                if buffer.role in ("temp", "thread"):
                    first, last = lives.get(buffer, (turns[0], turns[-1]))
                    lives[buffer] = (min(first, turns[0]), max(last, turns[-1]))
    return lives


def _own_outputs(lowering: Lowering, results: Sequence[Source]) -> list[Memory]:
    """Each output in a buffer of its own, in order."""
    found: list[Memory] = []
    taken: set[Buffer] = set()
    for source in results:
        memory = source
        if not (isinstance(memory, Memory) and memory.whole and memory.buffer.role == "temp"
                and memory.buffer not in taken):  # fmt: skip
            memory = lowering.copy(source, "output")
        memory.buffer.role = "output"
        taken.add(memory.buffer)
        found.append(memory)
    return found


def _needed_outside(fusion: Fusion, buffer: Buffer, group: Group) -> bool:
    if buffer.role in ("output", "state") or buffer.ring:  # the next turn reads a ring
        return True
    return any(fusion.home[nest] is not group for nest in fusion.all_readers.get(buffer, ()))
