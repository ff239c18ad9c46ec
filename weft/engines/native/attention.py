"""Attention without its matrix in memory.

A product whose result only maps, sums over rows and further products read need not be stored as a whole: it is made
some rows at a time, what comes behind is done with these rows, and they are forgotten. The nests of one such walk are a
`Run`; `attention_kernel.py` makes its kernel. What a later run reads of an earlier one's matrix (the gradient, of the
shares that softmax gave) it computes again, from the operands and from the sums over rows, which are kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.engines.native.ahead import Ahead, adds_nothing
from weft.engines.native.fusion import Walk, walk
from weft.engines.native.index import ZERO, Index, LoopVar
from weft.engines.native.loops import Buffer, Expr, Load
from weft.engines.native.lower import Nest, variables
from weft.engines.native.packing import Element
from weft.engines.native.products import Product
from weft.engines.native.rewriting import Rewriter
from weft.engines.native.sources import Memory, flat_index

if TYPE_CHECKING:
    from weft.base.dims import Shape

#: shorter rows, and fewer, are not worth it
_LEAST = 16
#: the longest reduced axis of a product that is done again
_DEEP = 512


@dataclass(eq=False)
class Use:
    """A product that reads the matrix.

    Attributes:
        nest: The product.
        side: Which operand the matrix is: -2 for the first, -1 for the second.
        down: Whether the sums run over the matrix's rows, rather than along them.
    """

    nest: Nest
    side: int
    down: bool

    @property
    def square(self) -> Buffer:
        """The matrix."""
        given: Product = self.nest.template
        return (given.a if self.side == -2 else given.b).loads()[0].buffer


@dataclass(eq=False)
class Run:
    """Nests that go through a matrix together, some rows at a time.

    Attributes:
        space: The matrix's sizes, those of the batch first.
        scores: Products that give such a matrix.
        maps: Maps over it, and sums over its rows, in order.
        uses: Products that read it.
        squares: The matrices: none of them lies in memory.
        kept: For those that are wanted as a whole all the same, where in memory.
        given: Those that lie in memory already, from an earlier run.
        ahead: How far ahead of its row a column takes no part any more, where that is known.
    """

    space: Shape
    scores: list[Nest] = field(default_factory=list)
    maps: list[Nest] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    squares: set[Buffer] = field(default_factory=set)
    kept: dict[Buffer, Memory] = field(default_factory=dict)
    given: dict[Buffer, Memory] = field(default_factory=dict)
    ahead: int | None = None

    @property
    def nests(self) -> list[Nest]:
        """All of them, in order."""
        return [*self.scores, *self.maps, *(use.nest for use in self.uses)]


def find_runs(nests: list[Nest]) -> list[Nest]:
    """The nests with those of each run side by side, and marked with it."""
    if not any(_is_score(nest) for nest in nests):
        return nests
    found = _Finder(nests)
    runs = [run for matrix in found.matrices() for run in found.runs(matrix)]
    ordered = found.in_order(runs) if runs else None
    if ordered is None:
        return nests
    for run in runs:
        for nest in run.nests:
            nest.run = run
            if nest.template is not None:
                nest.template.packed = None  # its run puts operands in order
    return ordered


def _is_score(nest: Nest) -> bool:
    """Whether a nest is a product, for each of a batch, whose result may be such a matrix."""
    template = nest.template
    if not isinstance(template, Product) or template.pairs or nest.region is not None or nest.when is not None:
        return False
    if template.dtype not in (dtypes.float32, dtypes.float64) or nest.output.buffer.role != "temp":
        return False
    *batch, rows, columns = nest.shape
    known = all(isinstance(size, int) for size in (rows, columns, template.inner))
    if not batch or not known or not nest.output.whole:
        return False
    if min(rows, columns) < _LEAST or template.inner > _DEEP:  # type: ignore[operator, type-var]
        return False
    return all(any(operand.batch()) and operand.steps() is not None for operand in (template.a, template.b))


def _plain(index: Index) -> Index:
    """An index without the variables that are always 0."""
    alone = {v: ZERO for v in index.variables() if isinstance(v.extent, int) and v.extent == 1}
    return index.substitute(alone) if alone else index


def _same(first: Index, second: Index) -> bool:
    return first == second or _plain(first) == _plain(second)


@dataclass(eq=False)
class _Matrix:
    """What is computed of a matrix, found so far."""

    space: Shape
    members: list[Nest] = field(default_factory=list)
    uses: dict[Nest, Use] = field(default_factory=dict)
    squares: dict[Buffer, Nest] = field(default_factory=dict)
    rows: dict[Buffer, Nest] = field(default_factory=dict)


class _Finder:
    """Looks for matrices in the nests of a graph."""

    def __init__(self, nests: Sequence[Nest]) -> None:
        self.nests = nests
        self.walks = {nest: walk(nest) for nest in nests if nest.template is None}
        self.reads = {nest: _reads(nest, self.walks) for nest in nests}
        self.place = {nest: number for number, nest in enumerate(nests)}
        self.packs = {nest.template.packed.buffer: nest for nest in nests
                      if isinstance(nest.template, Product) and nest.template.packed is not None}  # fmt: skip
        self.of: dict[Buffer, _Matrix] = {}
        self.readers: dict[Buffer, list[Nest]] = {}
        self.writers: dict[Buffer, list[Nest]] = {}
        for nest in nests:
            for buffer in self.reads[nest]:
                self.readers.setdefault(buffer, []).append(nest)
            self.writers.setdefault(nest.output.buffer, []).append(nest)
        self._taken: set[Nest] = set()  # what runs do, or need not do

    # -- what belongs together ----------------------------------------------------------------------------------------

    def matrices(self) -> list[_Matrix]:
        """The matrices, each with all that is done with it."""
        for nest in self.nests:
            if nest.region is not None or nest.when is not None:
                continue
            touched = list(dict.fromkeys(self.of[buffer] for buffer in self.reads[nest] if buffer in self.of))
            if touched and self._joins(nest, touched):
                continue
            if _is_score(nest):
                found = _Matrix(nest.shape, [nest])
                found.squares[nest.output.buffer] = nest
                self.of[nest.output.buffer] = found
        return [m for m in dict.fromkeys(self.of.values()) if m.uses and any(n.reduced for n in m.members)]

    def _joins(self, nest: Nest, touched: list[_Matrix]) -> bool:
        space = touched[0].space
        if any(matrix.space != space for matrix in touched):
            return False
        use = _use_of(nest, space, touched)
        if use is None and not self._is_map(nest, space, touched):
            return False
        whole = touched[0]
        for other in touched[1:]:
            whole.members = sorted(whole.members + other.members, key=self.place.__getitem__)
            whole.uses.update(other.uses)
            whole.squares.update(other.squares)
            whole.rows.update(other.rows)
            self.of.update(dict.fromkeys((*other.squares, *other.rows), whole))
        if use is not None:
            whole.uses[nest] = use
            return not _is_score(nest)  # such a product of a matrix begins one of its own
        whole.members.append(nest)
        rows = bool(nest.reduced) or nest.shape != space
        (whole.rows if rows else whole.squares)[nest.output.buffer] = nest
        self.of[nest.output.buffer] = whole
        return True

    def _is_map(self, nest: Nest, space: Shape, touched: Sequence[_Matrix]) -> bool:
        """Whether a nest reads of a matrix its own place, and of sums over rows its own row."""
        output = nest.output
        if nest.template is not None or nest.combine == "fail" or output.buffer.role != "temp" or not output.whole:
            return False
        if (nest.shape, nest.reduced) not in ((space, ()), (space[:-1], space[-1:]), (space[:-1], ())):
            return False
        seen = self.walks[nest]
        indices = tuple(map(Index.of, (*seen.place, *seen.within)))
        for load in seen.reads:
            for matrix in touched:
                if load.buffer in matrix.squares:
                    if len(indices) < len(space) or not _same(load.index, flat_index(space, indices)):
                        return False
                elif load.buffer in matrix.rows:
                    if not _same(load.index, flat_index(space[:-1], indices[: len(space) - 1])):
                        return False
        return len(self.writers[output.buffer]) == 1

    # -- runs ---------------------------------------------------------------------------------------------------------

    def runs(self, matrix: _Matrix) -> list[Run]:
        """The runs that a matrix takes; none where it cannot be done so."""
        members = {*matrix.members, *matrix.uses}
        turn = self._turns(members, matrix)
        wanted = {buffer for buffer in matrix.squares
                  if buffer.role != "temp" or any(nest not in members for nest in self._readers(buffer, members))}
        makers = [_RunMaker(matrix, number, turn, wanted, self)
                  for number in sorted({turn[nest] for nest in members})]  # fmt: skip
        asked: set[Buffer] = set()  # sums over rows that a later run reads
        for maker in reversed(makers):
            maker.find_needed(asked)
        found = [maker.made() for maker in makers]
        made = [run for run in found if run is not None and run.scores and run.uses]
        if len(made) < len(found):
            return []
        self._taken |= members
        return made

    def _readers(self, buffer: Buffer, members: set[Nest]) -> Iterator[Nest]:
        """Who reads a buffer, other than to put it in order for a member."""
        for nest in self.readers.get(buffer, ()):
            if self.packs.get(nest.output.buffer) not in members:
                yield nest

    def _turns(self, members: set[Nest], matrix: _Matrix) -> dict[Nest, int]:
        """In which run each nest is: what needs a result of one, other than a matrix or its row, is in the next."""
        turn: dict[Nest, int] = {}
        last: dict[Buffer, Nest] = {}
        for nest in self.nests:
            here = 0
            for buffer in self.reads[nest]:
                before = last.get(buffer)
                if before is not None:
                    apart = before in matrix.uses or (before in members and nest not in members)
                    here = max(here, turn[before] + apart)
            turn[nest] = here
            last[nest.output.buffer] = nest
        return turn

    # -- order --------------------------------------------------------------------------------------------------------

    def in_order(self, runs: Sequence[Run]) -> list[Nest] | None:
        """The nests in an order in which each run is one piece, otherwise as they were; None where there is none."""
        home = {nest.output.buffer: run for run in runs for nest in run.nests}
        used = {nest for nest in self._taken if nest.output.buffer in home}
        units: dict[Run | Nest, tuple[int, list[Nest]]] = {}
        for number, nest in enumerate(self.nests):
            if self.packs.get(nest.output.buffer) in used:
                continue
            if nest not in self._taken:
                units[nest] = number, [nest]
            elif nest in used:
                run = home[nest.output.buffer]
                units[run] = number, run.nests
        return _sorted(sorted(units.values(), key=lambda unit: unit[0]), self.place)


def _reads(nest: Nest, walks: dict[Nest, Walk]) -> list[Buffer]:
    """What a nest reads; of a product, its operands rather than these put in order."""
    if isinstance(nest.template, Product):
        found = [*nest.template.a.loads(), *nest.template.b.loads()]
    else:
        found = walks[nest].reads if nest in walks else walk(nest).reads
    return list(dict.fromkeys(load.buffer for load in found))


def _use_of(nest: Nest, space: Shape, touched: Sequence[_Matrix]) -> Use | None:
    """What a product does with a matrix, if it reads it, by one operand, as it is or turned round."""
    template = nest.template
    if not isinstance(template, Product) or template.pairs or tuple(nest.shape[:-2]) != tuple(space[:-2]):
        return None
    output = nest.output
    sizes = (*nest.shape[-2:], output.strides[-2])
    if not output.filled or output.buffer.role == "state" or not all(isinstance(n, int) for n in sizes):
        return None
    squares = {buffer for matrix in touched for buffer in matrix.squares}
    found: list[Use] = []
    for side, operand in ((-2, template.a), (-1, template.b)):
        if operand.steps() is None:
            return None
        if not any(load.buffer in squares for load in operand.loads()):
            continue
        *outer, along = map(Index.of, variables((*nest.shape[:-2], nest.shape[side]), "t"))
        k = Index.of(LoopVar("k", operand.inner))
        load = operand.at(tuple(outer), along, k)
        if not isinstance(load, Load) or load.dtype is not template.dtype:
            return None
        if _same(load.index, flat_index(space, (*outer, along, k))):
            found.append(Use(nest, side, False))
        elif _same(load.index, flat_index(space, (*outer, k, along))):
            found.append(Use(nest, side, True))
        else:
            return None
    if len(found) != 1 or (found[0].side == -1 and not found[0].down):
        return None
    return found[0]


class _RunMaker:
    """One run being put together."""

    def __init__(
        self, matrix: _Matrix, number: int, turn: dict[Nest, int], wanted: set[Buffer], finder: _Finder
    ) -> None:
        self.matrix, self.number, self.turn, self.wanted, self.finder = matrix, number, turn, wanted, finder
        self.run = Run(matrix.space)
        self.own = [nest for nest in matrix.members if turn[nest] == number]
        self.uses = [use for nest, use in matrix.uses.items() if turn[nest] == number]
        self.needed: set[Nest] = set()

    def find_needed(self, asked: set[Buffer]) -> None:
        """Finds what has to be computed for what is read behind the run; `asked` are sums of earlier runs."""
        matrix, number, members = self.matrix, self.number, {*self.matrix.members, *self.matrix.uses}
        waiting = [use.nest for use in self.uses]
        for nest in self.own:
            buffer = nest.output.buffer
            outside = buffer.role != "temp" or any(n not in members for n in self.finder.readers.get(buffer, ()))
            if buffer in self.wanted or (buffer in matrix.rows and (outside or buffer in asked)):
                waiting.append(nest)
        while waiting:
            nest = waiting.pop()
            if nest in self.needed:
                continue
            self.needed.add(nest)
            for buffer in self.finder.reads[nest]:
                square, row = matrix.squares.get(buffer), matrix.rows.get(buffer)
                if row is not None and self.turn[row] < number:
                    asked.add(buffer)
                elif square is not None and self.turn[square] < number and buffer in self.wanted:
                    self.run.given[buffer] = square.output
                elif row is not None or square is not None:
                    waiting.append(row or square)  # type: ignore[arg-type]

    def made(self) -> Run | None:
        """The run; None where what it would do again can no longer be read."""
        run, matrix = self.run, self.matrix
        if not self._still_there():
            return None
        again = [nest for nest in matrix.members if self.turn[nest] < self.number and nest in self.needed]
        copies = {nest.output.buffer: replace(nest.output.buffer, name=f"{nest.output.buffer.name}_{self.number}")
                  for nest in again}  # fmt: skip
        for nest in matrix.members:
            if nest not in self.needed:
                continue
            made = _moved(nest, copies)
            (run.maps if nest.template is None else run.scores).append(made)
            if nest.shape == run.space and not nest.reduced:
                run.squares.add(made.output.buffer)
                if made.output.buffer in self.wanted:
                    run.kept[made.output.buffer] = made.output
        run.uses = [Use(_moved(use.nest, copies), use.side, use.down) for use in self.uses]
        if not run.kept and not run.given:
            rows, columns = run.space[-2:]
            assert isinstance(rows, int) and isinstance(columns, int)
            run.ahead = next((d for d in (1, 1 + columns - rows) if d > 0 and self._is_nothing(d)), None)
        return run

    def _is_nothing(self, distance: int) -> bool:
        """Whether what lies so far ahead of the rows takes no part."""
        run = self.run
        own = {nest.output.buffer: [nest] for nest in (*run.maps, *run.scores)}  # some of them copies
        seen = Ahead(distance, {**self.finder.writers, **own}, {})
        for nest in run.maps:
            if nest.shape == run.space[:-1] and not nest.reduced:
                continue
            number = seen.number(nest)
            if nest.reduced and not adds_nothing(nest, number):
                return False
            if not nest.reduced and number is not None:
                seen.known[nest.output.buffer] = number
        return all(seen.known.get(use.square) == 0 for use in run.uses)

    def _still_there(self) -> bool:
        """Whether nothing that is read later than before has been written over meanwhile."""
        finder = self.finder
        end = max(finder.place[nest] for nest in (*self.own, *(use.nest for use in self.uses)))
        return not any(
            finder.place[nest] < finder.place[writer] <= end
            for nest in self.needed for buffer in finder.reads[nest] for writer in finder.writers.get(buffer, ())
        )  # fmt: skip


def _moved(nest: Nest, copies: dict[Buffer, Buffer]) -> Nest:
    """The same nest reading copies, and giving one, where there are some."""
    if not copies:
        return nest

    def instead(load: Load) -> Expr | None:
        other = copies.get(load.buffer)
        return None if other is None else Load(other, load.index, load.guard)

    def changed(element: Element) -> Element:
        return lambda place, k: Rewriter(instead).expr(element(place, k))

    output = nest.output
    if output.buffer in copies:
        output = Memory(copies[output.buffer], nest.shape)
    template = nest.template
    if template is not None:
        a, b = changed(template.a.element), changed(template.b.element)
        template = Product(template.shape, template.inner, a, b, template.dtype)
        return replace(nest, value=lambda place, _: output.at(place), output=output, template=template, seen=None)
    return replace(nest, value=lambda place, within: Rewriter(instead).expr(nest.value(place, within)), output=output,
                   seen=None)  # fmt: skip


def _sorted(units: Sequence[tuple[int, Sequence[Nest]]], place: dict[Nest, int]) -> list[Nest] | None:
    """Units in an order in which each can run, as nearly as may be that in which they are given."""
    made = {nest.output.buffer: number for nest, number in place.items()}
    events: dict[Buffer, list[tuple[int, bool, int]]] = {}  # where it is touched, whether it is written, by which unit
    for number, (end, unit) in enumerate(units):
        for nest in unit:
            # one that reads copies stands for the one that it was made of; others nobody else knows of
            at = 2 * (place[nest] if nest in place else made.get(nest.output.buffer, end))
            for buffer in _reads(nest, {}):
                events.setdefault(buffer, []).append((at, False, number))
            events.setdefault(nest.output.buffer, []).append((at + 1, True, number))
    behind: list[set[int]] = [set() for _ in units]
    for touches in events.values():
        writer, readers = -1, set[int]()
        for _, writes, number in sorted(touches):
            if not writes:
                readers.add(number)
                before = {writer}
            else:
                before = {writer, *readers}
                writer, readers = number, set()
            for other in before - {-1, number}:
                behind[other].add(number)
    waits = [0] * len(units)
    for numbers in behind:
        for number in numbers:
            waits[number] += 1
    ready = [number for number, count in enumerate(waits) if not count]
    found: list[Nest] = []
    done = 0
    while ready:
        number = heapq.heappop(ready)
        done += 1
        found += units[number][1]
        for other in behind[number]:
            waits[other] -= 1
            if not waits[other]:
                heapq.heappush(ready, other)
    return found if done == len(units) else None
