"""A compiled graph ready to run: its code in memory, buffers in an arena, a table of pointers, a schedule.

Sizes that are known only at run time stay arguments of the code. For each combination of them that occurs there is a
`Binding`, made once: buffers whose lives do not overlap share their place. The memory itself is one `Arena`.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims
from weft.base.errors import InternalError, explain
from weft.engines.native import profile, threads
from weft.engines.native.cache import Loaded
from weft.engines.native.image import HEADER, NEVER, OUTSIDE, Image, Place
from weft.engines.native.interrupts import ASKED, ASKING, FLAGS, LOOK
from weft.engines.native.stepping import GATHERING
from weft.engines.native.strands import Schedule
from weft.engines.native.target import Target

if TYPE_CHECKING:
    from weft.base.dims import Symbol
    from weft.engines.native.work import Work

#: the stamps of the cells of a call; None where they have none
Stamps = tuple[int, ...] | None

_ALIGN = 64
_REMEMBERED = 16  # combinations of sizes that keep their table


class Arena:
    """Memory for what lives no longer than a run, shared by programs and sizes whose runs follow one another."""

    def __init__(self) -> None:
        self._memory: np.ndarray[Any, Any] | None = None
        self._size = -1
        self.base = 0
        self.user: Binding | None = None  # who used it last

    def reserve(self, size: int) -> int:
        """The address of at least so many bytes; what lay there before may be gone."""
        if size > self._size:
            self._memory, self._size, self.base = None, -1, 0  # given back before more is taken
            self._memory = np.empty(size + _ALIGN, np.uint8)
            self.base = -(-self._memory.ctypes.data // _ALIGN) * _ALIGN
            self._size = size
        return self.base


class Program:
    """An image in memory.

    Args:
        loaded: What to run.
        target: The machine.
        name: For messages.
        arena: Where its buffers lie while it runs.
        describe: Tells what its kernels do, which the image does not know, and what symbols, in the order of the
            image's own, that mentions.
    """

    def __init__(
        self, loaded: Loaded, target: Target, name: str, arena: Arena,
        describe: Callable[[], tuple[Sequence[Symbol], Mapping[str, Work]]],
    ) -> None:  # fmt: skip
        image, code = loaded.image, loaded.code
        self._loaded = loaded  # the code stays in memory as long as this
        self.image = image
        self.target = target
        self.name = name
        self.arena = arena
        self.describe = describe
        self.addresses = {name: code.address(name) for name in image.functions}
        self._bindings: dict[tuple[int, ...], Binding] = {}
        mentioned = set().union(*(dims.symbols_of(size) for size in _sizes(image)))
        self._symbols = [number for number, symbol in enumerate(image.symbols) if symbol in mentioned]

    def binding(self, known: Mapping[int, int]) -> Binding | None:
        """The table and the arena for some sizes, given by the symbols' numbers.

        None where a size cannot be computed from these, or is told only by running.
        """
        if not set(self._symbols) <= known.keys():
            return None
        key = tuple(known[number] for number in self._symbols)
        found = self._bindings.pop(key, None)
        if found is None:
            sizes = {self.image.symbols[number]: known[number] for number in self._symbols}
            try:
                for size in _sizes(self.image):
                    dims.evaluate(size, sizes)
            except (KeyError, ValueError, ZeroDivisionError):
                return None
            found = Binding(self, sizes)
            while len(self._bindings) >= _REMEMBERED:
                self._bindings.pop(next(iter(self._bindings)))
        self._bindings[key] = found  # the last one used is the last to go
        return found

    def run(self, binding: Binding, stamps: Stamps = None) -> bool:
        """Runs the code on the addresses in the binding's table. False where a check failed: no state was written."""
        pool = self.ready(binding)
        rest = binding.begin(stamps)
        done = self.steps(binding, rest, pool=pool)
        if not rest:  # else what is held stays as it is
            binding.end(stamps, done)
        return done == 1

    def ready(self, binding: Binding) -> threads.Pool:
        """The threads of the next run, for which a binding now has room: what lay there before may be gone."""
        pool = threads.pool(self.target)
        if binding.threads != pool.count or binding.base != self.arena.base:
            binding.prepare(pool.count)
        return pool

    def steps(
        self, binding: Binding, rest: bool = False, steps: int = 1, first: int = 0, moves: int = 0, moving: int = 0,
        pool: threads.Pool | None = None, gathering: Sequence[Sequence[int]] = (),
    ) -> int:  # fmt: skip
        """Runs it several times, with what changes from step to step. How often it ran before a check failed.

        Args:
            binding: For which sizes.
            rest: Whether the steady phases are left out: for the threads that were there when this was chosen.
            steps: How often.
            first: The number of the first step.
            moves: The address of what changes.
            moving: How many such changes there are.
            pool: The threads; those of now where None.
            gathering: The words of phases that come first.
        """
        pool = pool or self.ready(binding)
        self.arena.user = binding
        opened = profile.active  # asked once: another thread may open or close one meanwhile
        if opened is not None:
            done = opened.run(self, binding, pool, rest, steps, first, moves, moving, gathering)
        else:
            own = binding.schedule
            schedule, phases, _kept = own.behind(gathering, rest)
            done = pool.run(binding.table_address, schedule, phases, own.parallel, steps, first, moves, moving)
        if done < steps:
            binding.held = None
            self._look(binding)
        return done

    def _look(self, binding: Binding) -> None:
        """Forgets which check failed, which the reference will find out; what reaches outside is our own error."""
        flag = int(binding.flag[0])
        binding.flag[0] = 0
        if flag >= OUTSIDE:
            slot = flag - OUTSIDE + HEADER
            place = next(place.name for place in self.image.places if place.slot == slot)
            raise InternalError(f"{self.name}: native code reaches outside of {place}.")


class Binding:
    """The table of pointers and sizes for one combination of sizes; where the buffers lie is settled for each run."""

    def __init__(self, program: Program, known: Mapping[Symbol, int]) -> None:
        image = program.image
        self.spare = image.words  # words behind the image's own, for the gathering of rows
        self.table = np.zeros(image.words + GATHERING * len(image.inputs), np.int64)
        self.flag = np.zeros(FLAGS, np.int64)  # which check failed; how many steps have come to their end
        self.flag[LOOK] = threads.pool(program.target).driver.look
        if ASKED is not None:
            self.flag[ASKING] = ASKED.ctypes.data
        self.table[0] = self.flag.ctypes.data
        self._offsets, self._size = _arrange([place for place in image.places if not place.threads], known)
        self._own, self._own_size = _arrange([place for place in image.places if place.threads], known)
        self.table[1] = self._own_size
        self._name = program.name
        self._places, self.known = image.places, known
        self._arena = program.arena
        self.base = -1
        self.threads = 0
        for slot, array in image.constants:
            self.table[slot] = array.ctypes.data
        self.table[image.words - len(image.operands) : image.words] = image.operands
        for slot, size in image.sizes:
            self.table[slot] = dims.evaluate(size, known)
        self.steady = image.steady
        self.held: Stamps = None  # the stamps of the variables that these phases have seen
        self._image, self._addresses = image, program.addresses
        self.schedule = Schedule(image, program.addresses, known, threads.pool(program.target))
        self.table_address = self.table.ctypes.data
        self.shapes = [tuple(dims.evaluate(d, known) for d in output.shape) for output in image.outputs]

    @cached_property
    def apart(self) -> Schedule:
        """The schedule in which each kernel is a phase of its own, for a profile."""
        return Schedule(self._image, self._addresses, self.known, None)

    def begin(self, stamps: Stamps) -> bool:
        """Whether a run leaves the steady phases out: those that have seen these very variables."""
        held, arena = self.held, self._arena
        if held is not None and held == stamps and arena.user is self and self.base == arena.base:
            return True
        self.held = None
        return False

    def end(self, stamps: Stamps, done: int) -> bool:
        """Notes what steps that have succeeded leave behind; whether more of them leave the steady phases out."""
        if done and self.skips(stamps):
            self.held = stamps
            return True
        return False

    def skips(self, stamps: Stamps) -> bool:
        """Whether there are steady phases that may be left out once they have run."""
        return bool(self.steady) and stamps is not None

    def prepare(self, threads: int) -> None:
        """Finds room for the buffers, and for what each of so many threads has for itself."""
        wanted = self._size + threads * self._own_size
        try:
            base = self._arena.reserve(wanted)
        except (MemoryError, ValueError):  # numpy raises the other one where no computer has so much
            raise MemoryError(self._shortage(wanted)) from None
        self.threads = threads
        if base != self.base:
            self.base, self.held = base, None
            for slot, offset in self._offsets.items():
                self.table[slot] = base + offset
            for slot, offset in self._own.items():
                self.table[slot] = base + self._size + offset

    def _shortage(self, wanted: int) -> str:
        """Which buffers would take the most."""
        sizes = [(dims.evaluate(place.size, self.known), place.name) for place in self._places if place.life != NEVER]
        largest = sorted(sizes, reverse=True)[:5]
        return explain(
            f"{self._name}: there is not enough memory for what is computed between its inputs and its results.",
            expected=f"{show_bytes(wanted)} in one piece",
            received=[f"{name}: {show_bytes(size)}" for size, name in largest],
            hint="a smaller batch needs less",
        )  # fmt: skip

    def succeeded(self) -> bool:
        """Whether a step of the last run came to its end without a failed check: what it writes is written."""
        return bool(self.flag[1] > 0)


def show_bytes(size: float) -> str:
    """A number of bytes for people."""
    units = ("B", "KiB", "MiB", "GiB", "TiB")
    power = min(len(units) - 1, max(0, int(math.log2(max(size, 1))) // 10))
    return f"{size / 1024**power:.{1 if power else 0}f} {units[power]}"


def _sizes(image: Image) -> Iterator[Any]:
    for _, size in image.sizes:
        yield size
    for place in image.places:
        yield place.size
    for phase in image.phases:
        yield phase.turns
        for call in phase.kernels:
            yield call.chunks
            if call.effort is not None:
                yield call.effort
    for outside in (*image.inputs, *image.outputs):
        yield from outside.shape


def _arrange(places: Sequence[Place], known: Mapping[Symbol, int]) -> tuple[dict[int, int], int]:
    """Offsets in the arena by slot: the longest buffers first, each at the lowest place free during its life."""
    sized = []
    for place in places:
        if place.life[0] < 0:
            continue
        size = dims.evaluate(place.size, known)
        sized.append((-(-size // _ALIGN) * _ALIGN + _ALIGN, place.slot, place.life))
    sized.sort(key=lambda item: -item[0])
    placed: list[tuple[int, int, tuple[int, ...]]] = []  # in the order of their places: start, stop, and when
    offsets: dict[int, int] = {}
    total = 0
    for size, slot, life in sized:
        offset, begin, end = 0, life[0], life[-1]
        for start, stop, other in placed:
            if other[0] <= end and begin <= other[-1] and (len(life) == len(other) == 2 or _meet(life, other)):
                if offset + size <= start:
                    break
                if stop > offset:
                    offset = stop
        insort(placed, (offset, offset + size, life))
        offsets[slot] = offset
        total = max(total, offset + size)
    return offsets, total


def _meet(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Whether two buffers, of which one is made twice, are in use at the same time."""
    spans, others = (list(zip(life[::2], life[1::2], strict=True)) for life in (first, second))
    return any(begin <= last and start <= end for begin, end in spans for start, last in others)
