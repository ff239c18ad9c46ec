"""A graph compiled for this machine, and what it takes to run it: buffers in an arena, a table of pointers, a schedule.

Sizes that are known only at run time stay arguments of the code. For each combination of them that occurs there is a
`Layout` of the arena, made once: buffers whose lives do not overlap share their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims, flags
from weft.base.errors import InternalError
from weft.engines.native import codegen, emit, rules, schedule, threads
from weft.engines.native.fusion import Fusion, Group
from weft.engines.native.kernels import Plan, kernel_of
from weft.engines.native.loops import Buffer, Kernel, buffers, verify
from weft.engines.native.lower import Lowering, Region
from weft.engines.native.sources import Memory, Source
from weft.engines.native.target import Target

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Symbol
    from weft.ir.graph import Graph

_ALIGN = 64
assert rules


@dataclass(eq=False)
class _Phase:
    """Kernels that need nothing of one another."""

    kernels: list[Kernel]
    writes_state: bool
    region: Region | None = None


class Program:
    """A compiled graph.

    Args:
        graph: What to compile; its nodes all have native forms.
        target: The machine.
        checked: Whether every access to memory is compared with the size of its buffer; `WEFT_CHECK` where None.

    Raises:
        Specialise: Where the code needs to know sizes that are symbols.
        Refused: Where a node has no native form.
    """

    def __init__(self, graph: Graph, target: Target, checked: bool | None = None) -> None:
        checked = flags.check() if checked is None else checked
        self.graph = graph
        self.target = target
        lowering = Lowering(graph)
        results = lowering.run()
        self.outputs = _own_outputs(lowering, results)
        nests = schedule.prepare(lowering)
        fusion = Fusion(nests)
        self.inputs = [lowering.given(value) for value in graph.inputs]
        self.written = [i for i, value in enumerate(graph.inputs) if value in lowering.written]
        plan = Plan(target, lambda buffer, group: _needed_outside(fusion, buffer, group))
        self.layout = emit.Layout()
        emitter = emit.Emitter(self.layout, checked)
        self.phases: list[_Phase] = []
        self.groups: dict[str, Group] = {}
        state = {memory.buffer for memory in lowering.written.values()}
        for step in schedule.steps(fusion, state):
            kernels = []
            for group in step.groups:
                if all(nest.combine != "fail" and not _needed_outside(fusion, nest.output.buffer, group)
                       for nest in group.nests):  # fmt: skip
                    continue
                name = f"k{len(self.groups)}_{group.nests[0].name}"
                kernel = kernel_of(group, name, plan)
                verify(kernel)
                emitter.add(kernel)
                kernels.append(kernel)
                self.groups[name] = group
            if kernels:
                writes = any(buffer in state for kernel in kernels for buffer in buffers(kernel)[1])
                self.phases.append(_Phase(kernels, writes, step.region))
        for source in (*self.inputs, *self.outputs):
            self.layout.buffer(source.buffer)
        for phase in self.phases:
            for kernel in phase.kernels:
                if isinstance(kernel.chunks, dims.Dim):
                    self.layout.size(kernel.chunks)
            if phase.region is not None and isinstance(phase.region.turn.extent, dims.Dim):
                self.layout.size(phase.region.turn.extent)
        self.text = emitter.module()
        self.code = codegen.Code(codegen.to_object(self.text, target), target)
        self._addresses = {name: self.code.address(name) for name in self.groups}
        self._lives = self._find_lives()
        self._bindings: dict[tuple[int, ...], _Binding] = {}
        self._symbols = sorted({s for size in self._dynamic_sizes() for s in size.symbols()}, key=lambda s: s.index)
        self._constants = {b: np.ascontiguousarray(b.data) for b in self.layout.buffers if b.role == "constant"}

    def _dynamic_sizes(self) -> list[Any]:
        found: list[Any] = list(self.layout.sizes)
        found += [b.size for b in self.layout.buffers if isinstance(b.size, dims.Dim)]
        found += [d for source in (*self.inputs, *self.outputs) for d in source.shape if isinstance(d, dims.Dim)]
        return found

    def _find_lives(self) -> dict[Buffer, tuple[int, int]]:
        """For each temporary buffer the first and the last phase that touch it."""
        lives: dict[Buffer, tuple[int, int]] = {}
        spans: dict[Region, list[int]] = {}
        for number, phase in enumerate(self.phases):
            if phase.region is not None:
                spans.setdefault(phase.region, []).append(number)
        for number, phase in enumerate(self.phases):
            # the next turn needs what this one has used: all of a loop's buffers live as long as the loop
            turns = spans[phase.region] if phase.region is not None else [number]
            for kernel in phase.kernels:
                read, written = buffers(kernel)
                for buffer in (*read, *written):
                    if buffer.role == "temp":
                        first, last = lives.get(buffer, (turns[0], turns[-1]))
                        lives[buffer] = (min(first, turns[0]), max(last, turns[-1]))
        return lives

    def binding(self, known: Mapping[Symbol, int]) -> _Binding:
        """The table and the arena for some sizes."""
        key = tuple(known[symbol] for symbol in self._symbols)
        found = self._bindings.get(key)
        if found is None:
            found = self._bindings[key] = _Binding(self, dict(zip(self._symbols, key, strict=True)))
        return found

    def run(self, binding: _Binding) -> bool:
        """Runs the code on the addresses in the binding's table. False where a check failed: no state was written."""
        binding.flag[:] = 0
        threads.pool(self.target).run(
            binding.table_address, binding.schedule_address, binding.phases, binding.parallel
        )
        flag = int(binding.flag[0])
        if flag >= emit.Emitter.OUTSIDE:
            buffer = self.layout.in_slot(flag - emit.Emitter.OUTSIDE)
            raise InternalError(f"{self.graph.name}: native code reaches outside of {buffer!r}.\n{self.graph}")
        return not flag


class _Binding:
    """The table of pointers and sizes for one combination of sizes."""

    def __init__(self, program: Program, known: dict[Symbol, int]) -> None:
        layout = program.layout
        self.table = np.zeros(emit.Layout.HEADER + len(layout), np.int64)
        self.flag = np.zeros(8, np.int64)  # which check failed; whether the run came to its end
        self.table[0] = self.flag.ctypes.data
        offsets, total = _arrange(program._lives, known)
        self.arena = np.empty(total + _ALIGN, np.uint8)
        base = -(-self.arena.ctypes.data // _ALIGN) * _ALIGN
        for buffer, offset in offsets.items():
            if buffer.slot >= 0:
                self.table[emit.Layout.HEADER + buffer.slot] = base + offset
        for buffer, array in program._constants.items():
            self.table[emit.Layout.HEADER + buffer.slot] = array.ctypes.data
        for size in layout.sizes:
            self.table[emit.Layout.HEADER + layout.slot_of_size(size)] = size.evaluate(known)
        words: list[int] = []
        self.parallel = False
        self.phases = 0
        for turn, phase in _unrolled(program.phases, known):
            counts = [dims.evaluate(kernel.chunks, known) for kernel in phase.kernels]
            # few enough claims that they cost nothing, many enough that threads end together
            grain = max(1, sum(counts) // (16 * flags.num_threads()))
            words += [len(phase.kernels), int(phase.writes_state), sum(counts), grain]
            for kernel, count in zip(phase.kernels, counts, strict=True):
                words += [program._addresses[kernel.name], count, turn]
            self.parallel = self.parallel or sum(counts) > 1
            self.phases += 1
        self.schedule = np.array(words or [0], np.int64)
        self.table_address = self.table.ctypes.data
        self.schedule_address = self.schedule.ctypes.data
        self.shapes = [tuple(dims.evaluate(d, known) for d in source.shape) for source in program.outputs]

    def succeeded(self) -> bool:
        """Whether the last run came to its end without a failed check: what it writes is written."""
        return bool(self.flag[1] == 1 and self.flag[0] == 0)


def _unrolled(phases: Sequence[_Phase], known: Mapping[Symbol, int]) -> Iterator[tuple[int, _Phase]]:
    """The phases as they run: those of a loop's body again for each turn."""
    at = 0
    while at < len(phases):
        region = phases[at].region
        if region is None:
            yield 0, phases[at]
            at += 1
            continue
        end = at
        while end < len(phases) and phases[end].region is region:
            end += 1
        for turn in range(dims.evaluate(region.turn.extent, known)):
            for phase in phases[at:end]:
                yield turn, phase
        at = end


def _arrange(lives: Mapping[Buffer, tuple[int, int]], known: Mapping[Symbol, int]) -> tuple[dict[Buffer, int], int]:
    """Places in the arena: the longest buffers first, each at the lowest place that is free during its life."""
    sized = []
    for buffer, life in lives.items():
        size = dims.evaluate(buffer.size, known) * buffer.dtype.size
        sized.append((-(-size // _ALIGN) * _ALIGN + _ALIGN, buffer, life))
    sized.sort(key=lambda item: -item[0])
    placed: list[tuple[int, int, tuple[int, int]]] = []
    offsets: dict[Buffer, int] = {}
    total = 0
    for size, buffer, life in sized:
        offset = 0
        for start, stop, _ in sorted(p for p in placed if p[2][0] <= life[1] and life[0] <= p[2][1]):
            if offset + size <= start:
                break
            offset = max(offset, stop)
        placed.append((offset, offset + size, life))
        offsets[buffer] = offset
        total = max(total, offset + size)
    return offsets, total


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


def bytes_of(size: Dimension, known: Mapping[Symbol, int]) -> int:
    """A size in numbers."""
    return dims.evaluate(size, known)
