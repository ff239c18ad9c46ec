"""The schedule of a program for some sizes, and which of its loops are walked by a thread each.

To hand a phase from thread to thread costs about a microsecond, which the turns of a small loop do not take. Loops
that turn together and whose turns are short are then strands: each is one chunk, in which a thread does turn after
turn. Kernels, their chunks and the order of their sums are the same, and so are the bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims, flags
from weft.engines.native.image import Call, Image, Phase

if TYPE_CHECKING:
    from weft.base.dims import Symbol
    from weft.engines.native.threads import Pool

#: about how many cycles a phase takes at least for a schedule to be shared: less is done before cache lines have moved
SHARED = 12288
#: about how many cycles the end of a phase takes that several threads share
HANDED = 3000

_Words = np.ndarray[Any, np.dtype[np.int64]]


class Schedule:
    """What the driver walks, as words (`driver.py`).

    Args:
        image: What is run.
        addresses: Of its functions.
        known: The sizes.
        pool: The threads for which loops may become strands; None where each kernel is to be a phase of its own.

    Attributes:
        words: The words; those of strands are held, too.
        phases: How many phases.
        parallel: Whether there is work for several threads.
        whole: Its address, and its phases.
        rest: The same without the steady phases.
    """

    def __init__(
        self, image: Image, addresses: Mapping[str, int], known: Mapping[Symbol, int], pool: Pool | None
    ) -> None:
        self._addresses, self._known = addresses, known
        words: list[_Words] = []
        self._strands: list[_Words] = []
        self.parallel = False
        self.phases = skipped = steady = 0
        for number, body in _blocks(image.phases):
            if number == image.steady:
                skipped, steady = sum(map(len, words)), self.phases
            again = number >= image.steady or image.steady == len(image.phases)  # what runs again and again
            turns = dims.evaluate(body[0].turns, known) if body[0].loop >= 0 else 1
            if pool is None:
                body = [replace(phase, kernels=(call,)) for phase in body for call in phase.kernels]
            if pool is not None and turns > 1 and _alone(body, known, pool.count):
                strands = self._walk(body, turns)
                self._strands += strands
                entries = [word for strand in strands for word in (pool.driver.strand, 1, strand.ctypes.data)]
                head = [len(strands), int(body[0].writes_state), len(strands), len(strands)]
                words.append(np.array([*head, *entries], np.int64))
                self.parallel = self.parallel or (again and len(strands) > 1)
                self.phases += 1
            elif turns:
                words.append(self._turns(body, turns))
                self.parallel = self.parallel or (again and any(self._is_shared(phase) for phase in body))
                self.phases += turns * len(body)
        if image.steady == len(image.phases):
            skipped, steady = sum(map(len, words)), self.phases
        self.words = np.concatenate([*words, np.zeros(1, np.int64)])
        self.address = self.words.ctypes.data
        self.whole = self.address, self.phases
        self.rest = (self.address + skipped * 8, self.phases - steady) if image.steady else self.whole

    def behind(self, others: Sequence[Sequence[int]], rest: bool) -> tuple[int, int, _Words | None]:
        """The address and the phases of all, or of the rest, behind other phases; what holds the words."""
        address, phases = self.rest if rest else self.whole
        if not others:
            return address, phases, None
        own = self.words[(address - self.address) // 8 :]
        words = np.concatenate([*(np.array(other, np.int64) for other in others), own])
        return words.ctypes.data, phases + len(others), words

    def _entry(self, call: Call) -> tuple[int, int, int]:
        """A kernel's address, its number of chunks, and its last argument in the first turn."""
        return self._addresses[call.function], dims.evaluate(call.chunks, self._known), call.last(0)

    def _is_shared(self, phase: Phase) -> bool:
        cycles = _cycles(phase, self._known)
        little = cycles is not None and sum(cycles.values()) < SHARED
        return not little and sum(dims.evaluate(call.chunks, self._known) for call in phase.kernels) > 1

    def _turns(self, body: Sequence[Phase], turns: int) -> _Words:
        """Phases, turn after turn."""
        claims = 16 * flags.num_threads()  # few enough that they cost nothing, many enough that threads end together
        once: list[int] = []
        last: list[int] = []  # where last arguments are: they alone differ from turn to turn
        for phase in body:
            entries = [self._entry(call) for call in phase.kernels]
            total = sum(count for _, count, _ in entries)
            once += [len(entries), int(phase.writes_state), total, claims]
            for entry in entries:
                once += entry
                last.append(len(once) - 1)
        return _repeated(once, last, turns)

    def _walk(self, body: Sequence[Phase], turns: int) -> list[_Words]:
        """What each of the loops does, turn after turn."""
        strands: dict[int, list[int]] = {}
        for phase in body:
            for call in phase.kernels:
                strands.setdefault(call.strand, []).extend(self._entry(call))
        return [
            np.concatenate([[len(once) // 3 * turns], _repeated(once, range(2, len(once), 3), turns)]).astype(np.int64)
            for once in strands.values()
        ]


def _repeated(once: Sequence[int], last: Sequence[int], turns: int) -> _Words:
    """Words for turn after turn, whose number stands in the upper halves of some (`Call.last`)."""
    table = np.tile(np.array(once, np.int64), (turns, 1))
    table[:, list(last)] |= (np.arange(turns, dtype=np.int64) << 32)[:, None]
    return table.ravel()


def _alone(body: Sequence[Phase], known: Mapping[Symbol, int], threads: int) -> bool:
    """Whether a loop's turns are done sooner by a thread for each of its strands than by all threads together."""
    if threads == 1 or len({phase.writes_state for phase in body}) > 1:
        return False
    strands: dict[int, int] = {}
    for phase in body:
        each = _cycles(phase, known)
        if each is None:
            return False
        for strand, some in each.items():
            strands[strand] = strands.get(strand, 0) + some
    loads = [0] * threads  # the longest first, each to the thread that has the least to do
    for cycles in sorted(strands.values(), reverse=True):
        loads[loads.index(min(loads))] += cycles
    return max(loads) <= sum(loads) // threads + HANDED * len(body)


def _cycles(phase: Phase, known: Mapping[Symbol, int]) -> dict[int, int] | None:
    """About how many cycles a thread takes for each strand of a phase; None where nothing says that they are few."""
    found: dict[int, int] = {}
    for call in phase.kernels:
        if call.effort is None:
            return None
        found[call.strand] = found.get(call.strand, 0) + dims.evaluate(call.effort, known)
    return found


def _blocks(phases: Sequence[Phase]) -> Iterator[tuple[int, Sequence[Phase]]]:
    """The phases of each loop together, with the number of the first; others one by one."""
    at = 0
    while at < len(phases):
        end = at + 1
        while phases[at].loop >= 0 and end < len(phases) and phases[end].loop == phases[at].loop:
            end += 1
        yield at, phases[at:end]
        at = end


def kernel_names(image: Image, known: Mapping[Symbol, int], rest: bool) -> Iterator[str]:
    """The names of the kernels, those of a loop's body for each turn, in the order of a schedule in which each is a
    phase of its own; `rest` without those of the steady phases."""
    for number, body in _blocks(image.phases):
        if not (rest and number < image.steady):
            names = [call.name for phase in body for call in phase.kernels]
            for _ in range(dims.evaluate(body[0].turns, known) if body[0].loop >= 0 else 1):
                yield from names
