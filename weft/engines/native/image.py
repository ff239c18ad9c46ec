"""What a graph compiles to, as plain data: machine code, buffers, phases. It can be kept, and used by several programs.

Sizes in it are polynomials over symbols of its own, numbered as those of the graph it was made from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims, dtypes
from weft.engines.native import codegen, emit, rules, schedule
from weft.engines.native.fusion import Fusion, Group
from weft.engines.native.kernels import Plan, kernel_of
from weft.engines.native.loops import Buffer, Kernel, buffers, verify
from weft.engines.native.lower import Lowering, Region
from weft.engines.native.sources import Memory, Source
from weft.engines.native.target import Target

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Symbol
    from weft.base.dtypes import DType
    from weft.ir.graph import Graph

assert rules
_NONE = (-1, -1)


@dataclass(frozen=True)
class Place:
    """A buffer: its word in the table, its size, and for temporary ones the first and the last phase that touch it."""

    slot: int
    size: Dimension  # in bytes
    name: str = ""
    life: tuple[int, int] = _NONE


@dataclass(frozen=True)
class Outside:
    """An input or output of the graph."""

    slot: int
    shape: tuple[Dimension, ...]
    dtype: DType


@dataclass(frozen=True)
class Phase:
    """Kernels that need nothing of one another; phases of one loop follow each other and are run for each turn."""

    kernels: tuple[tuple[str, Dimension], ...]  # name, number of chunks
    writes_state: bool
    loop: int = -1
    turns: Dimension = 1


@dataclass(frozen=True)
class Image:
    """A compiled graph.

    Attributes:
        code: An object file.
        symbols: What sizes mention, by number.
        words: How many words the table has.
        sizes: The words that hold sizes.
        constants: The words that hold the addresses of arrays.
        written: Which inputs are state that it writes.
    """

    code: bytes
    symbols: tuple[Symbol, ...]
    words: int
    places: tuple[Place, ...]
    sizes: tuple[tuple[int, Dimension], ...]
    constants: tuple[tuple[int, np.ndarray[Any, Any]], ...]
    phases: tuple[Phase, ...]
    inputs: tuple[Outside, ...]
    outputs: tuple[Outside, ...]
    written: tuple[int, ...]
    #: of one made in this process: what its kernels are made of, and LLVM's text
    groups: Mapping[str, Group] = field(default_factory=dict, compare=False)
    text: str = field(default="", compare=False)

    @property
    def kernels(self) -> list[str]:
        """The names of the functions in the code."""
        return [name for phase in self.phases for name, _ in phase.kernels]


def compile_graph(graph: Graph, target: Target, checked: bool, symbols: Sequence[Symbol]) -> Image:
    """Compiles a graph whose nodes all have native forms.

    Args:
        graph: What to compile.
        target: The machine.
        checked: Whether every access to memory is compared with the size of its buffer.
        symbols: The unknown sizes that it may mention.

    Raises:
        Specialise: Where the code needs to know sizes that are symbols.
        Refused: Where a node has no native form.
    """
    lowering = Lowering(graph)
    results = lowering.run()
    outputs = _own_outputs(lowering, results)
    nests = schedule.prepare(lowering)
    fusion = Fusion(nests)
    inputs = [lowering.given(value) for value in graph.inputs]
    plan = Plan(target, lambda buffer, group: _needed_outside(fusion, buffer, group))
    layout = emit.Layout()
    emitter = emit.Emitter(layout, checked)
    phases: list[tuple[list[Kernel], bool, Region | None]] = []
    groups: dict[str, Group] = {}
    state = {memory.buffer for memory in lowering.written.values()}
    for step in schedule.steps(fusion, state):
        kernels = []
        for group in step.groups:
            if all(nest.combine != "fail" and not _needed_outside(fusion, nest.output.buffer, group)
                   for nest in group.nests):  # fmt: skip
                continue
            name = f"k{len(groups)}_{group.nests[0].name}"
            kernel = kernel_of(group, name, plan)
            verify(kernel)
            emitter.add(kernel)
            kernels.append(kernel)
            groups[name] = group
        if kernels:
            writes = any(buffer in state for kernel in kernels for buffer in buffers(kernel)[1])
            phases.append((kernels, writes, step.region))
    for memory in (*inputs, *outputs):
        layout.buffer(memory.buffer)
    for kernels, _, region in phases:
        for size in (*(kernel.chunks for kernel in kernels), *([region.turn.extent] if region is not None else [])):
            if isinstance(size, dims.Dim):
                layout.size(size)
    text = emitter.module()
    loops: dict[Region, int] = {}
    return Image(
        code=codegen.to_object(text, target),
        symbols=tuple(symbols),
        words=emit.Layout.HEADER + len(layout),
        places=tuple(_places(layout, phases)),
        sizes=tuple((emit.Layout.HEADER + layout.slot_of_size(size), size) for size in layout.sizes),
        constants=tuple((emit.Layout.HEADER + b.slot, np.ascontiguousarray(b.data))
                        for b in layout.buffers if b.role == "constant"),
        phases=tuple(
            Phase(tuple((kernel.name, kernel.chunks) for kernel in kernels), writes,
                  -1 if region is None else loops.setdefault(region, len(loops)),
                  1 if region is None else region.turn.extent)
            for kernels, writes, region in phases
        ),
        inputs=tuple(Outside(emit.Layout.HEADER + m.buffer.slot, m.shape, m.dtype) for m in inputs),
        outputs=tuple(Outside(emit.Layout.HEADER + m.buffer.slot, m.shape, m.dtype) for m in outputs),
        written=tuple(i for i, value in enumerate(graph.inputs) if value in lowering.written),
        groups=groups,
        text=text,
    )  # fmt: skip


def _places(layout: emit.Layout, phases: Sequence[tuple[list[Kernel], bool, Region | None]]) -> list[Place]:
    lives = _find_lives(phases)
    found = []
    for buffer in layout.buffers:
        size = buffer.size * buffer.dtype.size
        found.append(Place(emit.Layout.HEADER + buffer.slot, size, buffer.name, lives.get(buffer, _NONE)))
    return found


def _find_lives(phases: Sequence[tuple[list[Kernel], bool, Region | None]]) -> dict[Buffer, tuple[int, int]]:
    """For each temporary buffer the first and the last phase that touch it."""
    lives: dict[Buffer, tuple[int, int]] = {}
    spans: dict[Region, list[int]] = {}
    for number, (_, _, region) in enumerate(phases):
        if region is not None:
            spans.setdefault(region, []).append(number)
    for number, (kernels, _, region) in enumerate(phases):
        # the next turn needs what this one has used: all of a loop's buffers live as long as the loop
        turns = spans[region] if region is not None else [number]
        for kernel in kernels:
            read, written = buffers(kernel)
            for buffer in (*read, *written):
                if buffer.role == "temp":
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


# To bytes and back ---------------------------------------------------------------------------------------------------


def to_plain(image: Image) -> tuple[dict[str, Any], list[bytes]]:
    """The image as what JSON can hold, and its long parts: the code and the constants."""
    numbers = {symbol: number for number, symbol in enumerate(image.symbols)}

    def size(dimension: Dimension) -> Any:
        return dims.to_plain(dimension, numbers)

    def outside(each: Outside) -> list[Any]:
        return [each.slot, [size(d) for d in each.shape], each.dtype.name]

    plain = {
        "symbols": len(image.symbols),
        "words": image.words,
        "places": [[p.slot, size(p.size), p.name, list(p.life)] for p in image.places],
        "sizes": [[slot, size(dimension)] for slot, dimension in image.sizes],
        "constants": [[slot, list(array.shape), array.dtype.name] for slot, array in image.constants],
        "phases": [[[[name, size(chunks)] for name, chunks in p.kernels], p.writes_state, p.loop, size(p.turns)]
                   for p in image.phases],
        "inputs": [outside(each) for each in image.inputs],
        "outputs": [outside(each) for each in image.outputs],
        "written": list(image.written),
    }  # fmt: skip
    return plain, [image.code, *(array.tobytes() for _, array in image.constants)]


def from_plain(plain: Mapping[str, Any], parts: Sequence[bytes]) -> Image:
    """The image that `to_plain` took apart.

    Raises:
        ValueError, KeyError, TypeError, IndexError: For anything else.
    """
    symbols = tuple(dims.Symbol() for _ in range(plain["symbols"]))

    def size(dimension: Any) -> Dimension:
        return dims.from_plain(dimension, symbols)

    def outside(slot: int, shape: Sequence[Any], dtype: str) -> Outside:
        return Outside(slot, tuple(size(d) for d in shape), dtypes.as_dtype(dtype))

    constants = []
    for (slot, shape, dtype), data in zip(plain["constants"], parts[1:], strict=True):
        array = np.frombuffer(data, dtypes.as_dtype(dtype).numpy).reshape(shape)
        constants.append((slot, np.require(array, requirements=["A", "C"])))
    return Image(
        code=parts[0],
        symbols=symbols,
        words=plain["words"],
        places=tuple(Place(slot, size(bytes_), name, tuple(life)) for slot, bytes_, name, life in plain["places"]),
        sizes=tuple((slot, size(dimension)) for slot, dimension in plain["sizes"]),
        constants=tuple(constants),
        phases=tuple(Phase(tuple((name, size(chunks)) for name, chunks in kernels), writes, loop, size(turns))
                     for kernels, writes, loop, turns in plain["phases"]),
        inputs=tuple(outside(*each) for each in plain["inputs"]),
        outputs=tuple(outside(*each) for each in plain["outputs"]),
        written=tuple(plain["written"]),
    )  # fmt: skip
