"""Where the time goes: while a profile is open, compiled graphs run kernel by kernel and each is timed.

The driver walks a schedule in which each kernel is a phase of its own, and notes when each ends (`driver.py`); a step
is one run of it as ever, so that checks, Ctrl-C and what is written are as in a run that nobody watches.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims
from weft.base.errors import UnavailableError
from weft.engines.native import roofline, target, threads
from weft.engines.native.interrupts import TIMES
from weft.engines.native.strands import kernel_names

if TYPE_CHECKING:
    from weft.base.dims import Symbol
    from weft.engines.native.program import Binding, Program
    from weft.engines.native.work import Work

#: the profile that is open in this process
active: Profile | None = None
_EVENTS = 200_000  # more are not kept for the trace; the sums go on


@dataclass
class Entry:
    """The runs of one kernel, added up.

    Attributes:
        graph: The graph's name.
        kernel: The kernel's.
        part: The part of the program that it is for, such as a model's layer; "" where none said so.
        nodes: The nodes that it computes.
        runs: How often it ran.
        seconds: How long that took.
        flops: Floating-point operations of all runs, as the graph has them.
        bytes: Bytes read and written by all runs, each buffer counted once a run.
    """

    graph: str
    kernel: str
    part: str
    nodes: tuple[str, ...]
    runs: int = 0
    seconds: float = 0.0
    flops: float = 0.0
    bytes: float = 0.0
    products: dict[str, float] = field(default_factory=dict, repr=False)  # by node, of all kernels that are part of it


@dataclass
class _Event:
    name: str
    part: str
    start: float
    seconds: float
    arguments: dict[str, Any] = field(default_factory=dict)


class Profile:
    """Times of kernels; a context that is open while they are gathered.

    Attributes:
        most: Batches that are run in one call at most.

    Example:
        >>> import weft as tf
        >>> from weft import extend
        >>> f = tf.function(lambda x: tf.reduce_sum(tf.exp(x)))
        >>> with extend.profile() as profile:
        ...     _ = f(tf.ones([64, 64]))
        >>> [entry.runs for entry in profile.entries][0]
        1
    """

    most = sys.maxsize

    def __init__(self) -> None:
        self._entries: dict[tuple[int, str], Entry] = {}
        self._programs: dict[int, Program] = {}  # held, so that no other comes to have its number
        self._works: dict[int, tuple[Sequence[Symbol], Mapping[str, Work]]] = {}
        self._events: list[_Event] = []
        self._clock = _Clock()

    def __enter__(self) -> Profile:
        global active
        if active is not None:
            raise UnavailableError("A profile is open already; close it first.")
        active = self
        return self

    def __exit__(self, *error: object) -> None:
        global active
        active = None

    @property
    def entries(self) -> list[Entry]:
        """The kernels that ran, those that took longest first.

        Where several share in a product or convolution, the longest of them is told to have done its operations.
        """
        found = sorted(self._entries.items(), key=lambda item: -item[1].seconds)
        told: set[tuple[int, str]] = set()
        result = []
        for (program, _), entry in found:
            mine = {node: flops for node, flops in entry.products.items() if (program, node) not in told}
            told.update((program, node) for node in mine)
            result.append(replace(entry, flops=entry.flops + sum(mine.values())))
        return result

    @property
    def seconds(self) -> float:
        """The time of all kernels."""
        return sum(entry.seconds for entry in self._entries.values())

    def clear(self) -> None:
        """Forgets what ran so far."""
        self._entries.clear()
        self._events.clear()

    def run(
        self, program: Program, binding: Binding, pool: threads.Pool, rest: bool, steps: int, first: int, moves: int,
        moving: int, gathering: Sequence[Sequence[int]],
    ) -> int:  # fmt: skip
        """Runs a program's steps, timed; as `Program.steps`, for the threads in `pool`."""
        own = binding.apart
        schedule, phases, _kept = own.behind([alone for words in gathering for alone in _each_alone(words)], rest)
        names = list(kernel_names(program.image, binding.known, rest))
        names = ["gather"] * (phases - len(names)) + names
        times = np.zeros(phases + 1, np.int64)
        symbols, works = self._known(program)
        known = {symbol: binding.known[own] for symbol, own in zip(symbols, program.image.symbols, strict=True)
                 if own in binding.known}  # fmt: skip
        for step in range(steps):
            binding.flag[TIMES] = times.ctypes.data
            try:
                begin = time.perf_counter(), pool.driver.ticks()
                done = pool.run(binding.table_address, schedule, phases, own.parallel, 1, first + step, moves, moving)
                end = time.perf_counter(), pool.driver.ticks()
            finally:
                binding.flag[TIMES] = 0
            if done < 1:
                return step
            tick = self._clock.tick(begin, end)
            ends = np.maximum.accumulate(times)  # phases in which there was nothing to do note no time
            starts, lengths = begin[0] + (ends - begin[1]) * tick, np.diff(ends) * tick
            self._note_run(program, works, known, list(zip(names, starts.tolist(), lengths.tolist(), strict=False)))
        return steps

    def _note_run(
        self, program: Program, works: Mapping[str, Work], known: Mapping[Symbol, int],
        kernels: Sequence[tuple[str, float, float]],
    ) -> None:  # fmt: skip
        """Adds up a run: the kernels' names, when they began, and how long they took, in seconds."""
        for name, start, seconds in kernels:
            self._note(program, name, works.get(name), known, start, seconds)

    def next(self, program: Program, make: Callable[..., Program]) -> Program | None:
        """What takes the place of a program from now on: nothing does (`tuning.py`)."""
        return None

    def _known(self, program: Program) -> tuple[Sequence[Symbol], Mapping[str, Work]]:
        """What the kernels of a program do, found out once, and what symbols it mentions."""
        found = self._works.get(id(program))
        if found is None:
            self._programs[id(program)] = program
            found = self._works[id(program)] = program.describe()
        return found

    def _note(
        self, program: Program, name: str, work: Work | None, known: Mapping[Symbol, int], begin: float, seconds: float
    ) -> None:
        entry = self._entries.get((id(program), name))
        if entry is None:
            nodes = () if work is None else work.nodes
            entry = self._entries[id(program), name] = Entry(program.name, name, _part(nodes), nodes)
        entry.runs += 1
        entry.seconds += seconds
        if work is not None:
            entry.flops += dims.evaluate(work.flops, known)
            entry.bytes += dims.evaluate(work.bytes, known)
            for node, flops in work.products:
                entry.products[node] = entry.products.get(node, 0.0) + dims.evaluate(flops, known)
        if len(self._events) < _EVENTS:
            self._events.append(_Event(name, entry.part, begin, seconds, {"nodes": list(entry.nodes)}))

    def parts(self) -> list[Entry]:
        """The times by part of the program, those that took longest first."""
        found: dict[str, Entry] = {}
        for entry in self.entries:
            part = found.setdefault(entry.part, Entry("", "", entry.part, ()))
            part.runs += entry.runs
            part.seconds += entry.seconds
            part.flops += entry.flops
            part.bytes += entry.bytes
        return sorted(found.values(), key=lambda entry: -entry.seconds)

    def table(self, limit: int = 40) -> str:
        """The times as text: by part of the program, then by kernel."""
        machine = target.current()
        limits = roofline.measured(machine, threads.pool(machine).count)
        lines = [(f"{self.seconds * 1e3:.3f} ms in {sum(e.runs for e in self._entries.values())} runs of kernels; "
                 f"at best {limits.flops / 1e9:.0f} GFLOPS and {limits.bandwidth / 1e9:.0f} GB/s here")]  # fmt: skip
        parts = [(entry.part or "(no layer)", entry) for entry in self.parts()]
        if any(entry.part for _, entry in parts):
            lines += ["", *_rows("layer", parts[:limit], self.seconds, limits)]
        kernels = [(f"{entry.kernel}  {_summary(entry.nodes)}".rstrip(), entry) for entry in self.entries]
        lines += ["", *_rows("kernel", kernels[:limit], self.seconds, limits)]
        if len(kernels) > limit:
            lines.append(f"... and {len(kernels) - limit} more")
        return "\n".join(lines)

    def trace_events(self) -> list[dict[str, Any]]:
        """What ran when, as events of a trace; `ts` is in seconds of `time.perf_counter`."""
        return [
            {"name": event.name, "cat": event.part or "weft", "ph": "X", "pid": os.getpid(), "tid": 0,
             "ts": event.start, "dur": event.seconds * 1e6, "args": {"layer": event.part, **event.arguments}}
            for event in self._events
        ]  # fmt: skip

    def write_trace(self, path: str | os.PathLike[str]) -> None:
        """Writes what ran when, in the JSON format that Perfetto (ui.perfetto.dev) opens."""
        start = min((event.start for event in self._events), default=0.0)
        events = [{**event, "ts": (event["ts"] - start) * 1e6} for event in self.trace_events()]
        Path(path).write_text(json.dumps({"traceEvents": events, "displayTimeUnit": "ns"}), encoding="utf-8")


class _Clock:
    """How long the driver's ticks are: what has passed since the first run, by both clocks."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None

    def tick(self, begin: tuple[float, int], end: tuple[float, int]) -> float:
        """In seconds; a run began and ended at these times, in seconds and in ticks."""
        first = self._first = self._first or begin
        return (end[0] - first[0]) / max(1, end[1] - first[1])


def _each_alone(words: Sequence[int]) -> list[list[int]]:
    """The words of phases for the kernels of one, each alone."""
    _, writes, _, claims = words[:4]
    entries = [words[at : at + 3] for at in range(4, len(words), 3)]
    return [[1, writes, entry[1], claims, *entry] for entry in entries]


def _part(nodes: Sequence[str]) -> str:
    """The part of the program that most of the nodes are for."""
    parts = [node.rpartition("/")[0] for node in nodes]
    named = [part for part in parts if part]
    return max(dict.fromkeys(named), key=named.count) if named else ""


def _summary(nodes: Sequence[str]) -> str:
    names = list(dict.fromkeys(node.rpartition("/")[2] for node in nodes))
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")


def _rows(title: str, found: Sequence[tuple[str, Entry]], total: float, limits: roofline.Roofline) -> list[str]:
    width = min(60, max(len(title), *(len(name) for name, _ in found))) if found else len(title)
    lines = [f"{title:<{width}} {'runs':>7} {'ms':>10} {'share':>6} {'GFLOPS':>8} {'GB/s':>7} {'roofline':>8}"]
    for name, entry in found:
        seconds = max(entry.seconds, 1e-12)
        least = limits.least(entry.flops, entry.bytes)
        shares = f"{entry.seconds / max(total, 1e-12):>6.1%} {entry.flops / seconds / 1e9:>8.1f}"
        rates = f"{entry.bytes / seconds / 1e9:>7.1f} {least / seconds:>8.0%}"
        lines.append(f"{name[:width]:<{width}} {entry.runs:>7} {entry.seconds * 1e3:>10.3f} {shares} {rates}")
    return lines
