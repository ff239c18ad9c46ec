"""What is computed a second time rather than kept: memory between the first use of a result and the last.

A training step reads on its way back what it made on its way forth. Where a kernel that only maps gave it, and what
that kernel reads is still there when the result is wanted again, the kernel runs twice, and in between its result takes
no memory. The second run gives the same bits. It costs time: graphs that do not need much memory are left as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from weft.base.dims import evaluate
from weft.engines.native.loops import Buffer, Kernel, buffers

if TYPE_CHECKING:
    from weft.engines.native.fusion import Group
    from weft.engines.native.lower import Region
    from weft.engines.native.serial import Serial

#: phases from the first that touches a buffer to the last; of one that is made twice, those of the second time behind
Life: TypeAlias = tuple[int, ...]
#: what runs at a time, whether it writes state, and the loop whose turn it is part of
PhaseOf: TypeAlias = "tuple[list[Kernel | Serial], bool, Region | None]"

#: what an unknown size is taken for, bytes at a time below which all is kept, and the part of them that is worth it
_USUAL, _MUCH, _LEAST = 64, 1 << 32, 1 / 512


def run_again(phases: Sequence[PhaseOf], groups: Mapping[str, Group], lives: dict[Buffer, Life]) -> list[PhaseOf]:
    """The phases with kernels that run again, and `lives` as they are then.

    Args:
        phases: What runs, in order.
        groups: What kernels are made of, by name.
        lives: For each buffer that is not kept from run to run, where it is in use.
    """
    return _Search(phases, groups, lives).found()


class _Search:
    def __init__(self, phases: Sequence[PhaseOf], groups: Mapping[str, Group], lives: dict[Buffer, Life]) -> None:
        self.phases = [(list(kernels), writes, region) for kernels, writes, region in phases]
        self.groups, self.lives = groups, lives
        self.seen: dict[Kernel, tuple[list[Buffer], list[Buffer]]] = {}
        known: Mapping[object, int] = defaultdict(lambda: _USUAL)
        self.bytes = {buffer: evaluate(buffer.size, known) * buffer.dtype.size for buffer in lives}  # type: ignore[arg-type]
        changes = [0] * (len(phases) + 1)
        for buffer, (first, last) in lives.items():
            changes[first] += self.bytes[buffer]
            changes[last + 1] -= self.bytes[buffer]
        self.use = list(accumulate(changes[:-1]))

    def found(self) -> list[PhaseOf]:
        """One kernel after another, the one that leaves most memory where most is in use, as long as there is one."""
        if max(self.use, default=0) < _MUCH:
            return list(self.phases)
        self.touches: dict[Buffer, set[int]] = defaultdict(set)
        self.writes: dict[Buffer, list[int]] = defaultdict(list)
        makers: list[tuple[Kernel, int]] = []
        for number, (kernels, _, region) in enumerate(self.phases):
            for kernel in (k for one in kernels for k in ([one] if isinstance(one, Kernel) else one.kernels())):
                read, written = self.seen[kernel] = buffers(kernel)
                for buffer in (*read, *written):
                    self.touches[buffer].add(number)
                for buffer in written:
                    self.writes[buffer].append(number)
                if kernel in kernels and region is None and self._only_maps(kernel):
                    makers.append((kernel, number))
        while makers:
            most = max(range(len(self.use)), key=self.use.__getitem__)
            chosen = max(((self._freed(kernel), kernel, at) for kernel, at in makers if self._can(kernel, at, most)),
                         key=lambda one: one[0], default=None)  # fmt: skip
            if chosen is None:
                break
            makers.remove(chosen[1:])
            self._again(*chosen[1:])
        return list(self.phases)

    def _only_maps(self, kernel: Kernel) -> bool:
        """Whether a kernel may run twice: it maps what it reads to whole buffers that nobody else writes."""
        group = self.groups.get(kernel.name)
        if group is None or group.kind != "map" or group.when is not None:
            return False
        read, written = self.seen[kernel]
        whole = {nest.output.buffer for nest in group.nests if nest.output.whole and not nest.part}
        return (
            bool(written) and not set(read) & set(written) and set(written) <= whole
            and all(nest.combine != "fail" for nest in group.nests)
            and all(b.role == "temp" and not b.ring and len(self.lives.get(b, ())) == 2 for b in written)
            and all(b.role in ("temp", "state", "constant", "input") and not b.ring for b in read)
            and self._freed(kernel) >= _LEAST * max(self.use)
        )  # fmt: skip

    def _freed(self, kernel: Kernel) -> int:
        return sum(self.bytes[buffer] for buffer in self.seen[kernel][1])

    def _gap(self, kernel: Kernel, most: int) -> tuple[int, int]:
        """The phases around `most` that touch nothing of what a kernel gives: the last before, the first behind."""
        touched = set[int]().union(*(self.touches[buffer] for buffer in self.seen[kernel][1]))
        return max((t for t in touched if t <= most), default=-1), min((t for t in touched if t > most), default=-1)

    def _can(self, kernel: Kernel, at: int, most: int) -> bool:
        """Whether a kernel's results need not be there in the phase in which most memory is in use."""
        read, written = self.seen[kernel]
        if any(len(self.writes[buffer]) > 1 for buffer in written):
            return False
        before, behind = self._gap(kernel, most)
        again = behind - 1
        if before < at or again <= most or before == most or self.phases[again][2] is not None:
            return False
        if any(region is not None for _, _, region in self.phases[before : behind + 1]):
            return False
        longer = 0
        for buffer in read:
            if any(at < number <= again for number in self.writes[buffer]):
                return False
            if buffer.role == "temp":
                life = self.lives[buffer]
                if len(life) == 4 and not (life[2] < again or again <= life[1]):
                    return False
                if life[-1] < again:
                    longer += self.bytes[buffer]
        return longer <= self._freed(kernel) // 16

    def _again(self, kernel: Kernel, at: int) -> None:
        """Lets a kernel run again just before its results are wanted."""
        most = max(range(len(self.use)), key=self.use.__getitem__)
        before, behind = self._gap(kernel, most)
        again = behind - 1
        self.phases[again][0].append(kernel)
        read, written = self.seen[kernel]
        for buffer in written:
            first, last = self.lives[buffer][0], self.lives[buffer][-1]
            for phase in range(before + 1, min(again, last + 1)):
                self.use[phase] -= self.bytes[buffer]
            self.lives[buffer] = (first, before, again, max(last, again))
            self.touches[buffer].add(again)
        for buffer in read:
            self.touches[buffer].add(again)
            if buffer.role == "temp" and self.lives[buffer][-1] < again:
                for phase in range(self.lives[buffer][-1] + 1, again + 1):
                    self.use[phase] += self.bytes[buffer]
                self.lives[buffer] = (*self.lives[buffer][:-1], again)
