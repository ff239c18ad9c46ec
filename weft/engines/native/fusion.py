"""Which nests share a walk over memory.

A group has rows: the leading sizes that all its nests have in common. For each row its nests run in stages; within a
stage they share the innermost loops, and what one computes the next one uses without going through memory. Sums over
the rest of a row are there for later stages of the same row: so a softmax, a normalisation or a loss is one kernel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weft.base.dims import Dim, product
from weft.engines.native.folding import Steps, folded_shape, steps_of, whole
from weft.engines.native.index import Index, LoopVar, Quotient
from weft.engines.native.loops import Buffer, Load
from weft.engines.native.lower import Nest, Region, variables
from weft.engines.native.rewriting import indices, loads
from weft.engines.native.sources import flat_index, unflatten

if TYPE_CHECKING:
    from weft.base.dims import Shape
    from weft.engines.native.sources import Memory

#: rows longer than this are not kept together for the sake of fusion: threads would have too little to share
_LONG_ROW = 1 << 16
#: so many sums of columns share a walk
_COLUMNS = 4


@dataclass(eq=False)
class Group:
    """Nests that become one kernel.

    Attributes:
        kind: `map`, `rows`, `column`, `template` or `run`.
        space: The sizes that it walks over.
        prefix: How many of them, from the left, are rows.
        nests: In order.
        number: Its place among the groups.
        waits: The groups that must run before, others that they wait for left out.
        before: The groups that must run before, directly or not: a bit for each, by their numbers.
        fold: The extents of the windows of the template's results that nests of the group read, where they do.
    """

    kind: str
    space: Shape
    prefix: int
    nests: list[Nest] = field(default_factory=list)
    number: int = -1
    waits: dict[Group, None] = field(default_factory=dict, repr=False)
    before: int = field(default=0, repr=False)
    stages: dict[Nest, int] = field(default_factory=dict)
    fold: Steps = ()

    @property
    def folded_space(self) -> Shape:
        """The sizes of the pooling that is folded into a template."""
        return folded_shape(self.space, self.fold)

    def folded(self, nest: Nest) -> bool:
        """Whether a nest has an element for each window, rather than for each result of the template."""
        return bool(self.fold) and not _same_points(self.space, nest.shape)

    @property
    def region(self) -> Region | None:
        """The loop whose body it belongs to."""
        return self.nests[0].region

    @property
    def when(self) -> Memory | None:
        """The bool without which nothing of it is done."""
        return self.nests[0].when

    @property
    def bit(self) -> int:
        """What stands for it in sets of groups."""
        return 1 << self.number

    @property
    def rows(self) -> Shape:
        """The sizes of the rows."""
        return self.space[: self.prefix]


@dataclass(eq=False)
class Walk:
    """How a nest goes through its elements: its expression in loop variables of its own.

    Attributes:
        place: A variable for each axis of the output.
        within: One for each reduced axis.
        reads: The loads of its expression.
        column: For reductions, whether neighbours in memory belong to different results.
        indices: Every index of its expression.
    """

    place: tuple[LoopVar, ...]
    within: tuple[LoopVar, ...]
    reads: list[Load]
    column: bool = False
    indices: list[Index] = field(default_factory=list)


def walk(nest: Nest) -> Walk:
    """Looks at what a nest reads."""
    found: Walk | None = nest.seen
    if found is None:
        found = _walk(nest)
        if nest.template is None:  # what templates read may change yet
            nest.seen = found
    return found


def _walk(nest: Nest) -> Walk:
    place, within = variables(nest.shape, "i"), variables(nest.reduced, "r")
    awaited = [] if nest.when is None else loads([nest.when.at(())])
    if nest.template is not None:
        return Walk(place, within, [*nest.template.reads(), *awaited])
    expr = nest.value(tuple(map(Index.of, place)), tuple(map(Index.of, within)))
    reads = loads([expr])
    column = False
    if nest.reduced and product(tuple(nest.shape)) != 1:
        votes = 0
        for load in reads:
            along, across = load.index.terms.get(within[-1], 0), load.index.terms.get(place[-1], 0)
            votes += 16 * ((across not in (0, 1)) - (along not in (0, 1)))  # lanes far apart in memory
            votes += (along == 1) - (across == 1)
        column = votes < 0
    return Walk(place, within, [*reads, *awaited], column, indices([expr]))


def space_of(nest: Nest) -> Shape:
    """All the sizes that a nest walks over."""
    return (*nest.shape, *nest.reduced)


class Fusion:
    """Puts nests into groups, in order.

    Args:
        nests: All of them.
        apart: The numbers of those that get a group of their own.
    """

    def __init__(self, nests: list[Nest], apart: frozenset[int] = frozenset()) -> None:
        self.nests = nests
        self.walks = {nest: walk(nest) for nest in nests}
        self.early = _needed_by_checks(nests, self.walks)
        self.groups: list[Group] = []
        # sets of groups, a bit for each: with what checks need, before those, with writes to state, before any
        self._early = self._before_early = self._writing = self._awaited = 0
        self.home: dict[Nest, Group] = {}
        self.writers: dict[Buffer, list[Nest]] = {}  # the last to write all of it, or those that wrote its parts
        self.readers: dict[Buffer, list[Nest]] = {}
        self.all_readers: dict[Buffer, list[Nest]] = {}
        for number, nest in enumerate(nests):
            self._place(nest, number in apart)

    def _place(self, nest: Nest, apart: bool) -> None:
        needs = self._needs(nest)
        groups = {self.home[n] for n in needs}
        loops = {group.region.whole for group in groups if group.region is not None}
        loops -= {nest.region.whole} if nest.region is not None else set()
        if loops:  # what needs a loop needs all of it
            groups |= {group for group in self.groups if group.region is not None and group.region.whole in loops}
        for group in self._candidates(nest, needs) if nest.run is not None or not apart else []:
            if nest.run is not None and group.nests[0].run is nest.run:
                break
            if group.region is not nest.region or group.when is not nest.when:
                continue
            if any(group.bit & other.before for other in groups if other is not group):
                continue
            if self._delays_a_check(group, nest, groups):
                continue
            if self._join(group, nest, needs):
                break
        else:
            group = self._alone(nest)
            group.number = len(self.groups)
            self.groups.append(group)
        group.nests.append(nest)
        if nest in self.early:
            self._early |= group.bit
            self._before_early |= group.before
        if _writes_state(nest):
            self._writing |= group.bit
        self.home[nest] = group
        self._order(group, groups - {group})
        for load in self.walks[nest].reads:
            self.readers.setdefault(load.buffer, []).append(nest)
            self.all_readers.setdefault(load.buffer, []).append(nest)
        written = self.writers.setdefault(nest.output.buffer, [])
        if not _side_by_side(written, nest):
            written.clear()
        written.append(nest)
        self.readers[nest.output.buffer] = []

    def _needs(self, nest: Nest) -> list[Nest]:
        """The nests that must come before: those that make what it reads, and those that read what it overwrites."""
        found = [maker for load in self.walks[nest].reads for maker in self.writers.get(load.buffer, ())]
        found += self.readers.get(nest.output.buffer, [])
        written = self.writers.get(nest.output.buffer, [])
        if not _side_by_side(written, nest):
            found += written
        return list(dict.fromkeys(found))

    def _delays_a_check(self, group: Group, nest: Nest, waits: set[Group]) -> bool:
        """Whether a check would come after a write to state were the nest to join: a failed step must write none."""
        early = nest in self.early
        if not early and not (self._early | self._before_early) & group.bit:
            return False
        before = _with_all_before(waits) & ~group.before
        if early:
            before |= group.before | group.bit
        return _writes_state(nest) or bool(before & self._writing)

    def _candidates(self, nest: Nest, needs: list[Nest]) -> list[Group]:
        if nest.run is not None:
            return [group for group in self.groups[-1:] if group.nests[0].run is nest.run]
        if nest.template is not None:
            return []
        if self.walks[nest].column:
            return self._beside(nest)
        makers = [n for load in self.walks[nest].reads for n in self.writers.get(load.buffer, ())]
        # beside those that make what it reads rather than beside those that must be done with what it overwrites
        found = dict.fromkeys(self.home[n] for n in (*reversed(makers), *reversed(needs)))
        shared = {load.buffer for load in self.walks[nest].reads}
        for group in reversed(self.groups[-32:]):  # beside others that read the same, or are as small
            if group in found or group.kind not in ("map", "rows"):
                continue
            if not nest.shape and not nest.reduced and not group.space:
                found[group] = None
            elif any(load.buffer in shared for n in group.nests for load in self.walks[n].reads if n.shape):
                found[group] = None
        return list(found)

    def _beside(self, nest: Nest) -> list[Group]:
        """Sums of columns that go through the same elements."""
        shared = {load.buffer for load in self.walks[nest].reads}
        return [group for group in reversed(self.groups[-32:])
                if group.kind == "column" and len(group.nests) < _COLUMNS
                and (group.nests[0].shape, group.nests[0].reduced) == (nest.shape, nest.reduced)
                and any(load.buffer in shared for load in self.walks[group.nests[0]].reads)]  # fmt: skip

    def _alone(self, nest: Nest) -> Group:
        if nest.run is not None:
            return Group("run", nest.run.space, len(nest.run.space) - 1)
        if nest.template is not None:
            return Group("template", nest.shape, len(nest.shape))
        if nest.reduced:
            kind = "column" if self.walks[nest].column else "rows"
            return Group(kind, space_of(nest), len(nest.shape), stages={nest: 0})
        return Group("map", nest.shape, len(nest.shape), stages={nest: 0})

    # -- joining ------------------------------------------------------------------------------------------------------

    def _join(self, group: Group, nest: Nest, needs: list[Nest]) -> bool:
        if group.kind == "run":
            return False
        if group.kind == "template":
            return self._join_template(group, nest, needs)
        if group.kind == "column":
            made = {member.output.buffer for member in group.nests}
            read = {load.buffer for member in group.nests for load in self.walks[member].reads}
            reads = {load.buffer for load in self.walks[nest].reads}
            return not made & reads and nest.output.buffer not in made | read
        if group.kind == "map" and not nest.reduced:
            if not _same_points(group.space, nest.shape) or not _in_order(group.space, nest):
                return False
            return self._fits(group, nest, needs, len(group.space), group.space)
        prefix = self._prefix(group, nest)
        if prefix is None or not self._fits(group, nest, needs, prefix, space_of(nest)):
            return False
        if prefix != group.prefix or group.kind == "map":
            group.kind, group.prefix = "rows", prefix
            self._restage(group)
            return self._fits(group, nest, needs, prefix, space_of(nest))  # its stage, after those of the others
        return True

    def _prefix(self, group: Group, nest: Nest) -> int | None:
        """How many leading sizes would be rows, were the nest to join."""
        prefix = len(nest.shape) if nest.reduced else group.prefix
        if group.kind == "rows" and prefix != group.prefix:
            return None
        space = space_of(nest)
        if prefix == 0 or prefix > len(group.space) or prefix > len(space) or space[:prefix] != group.space[:prefix]:
            return None
        if any(space_of(member)[:prefix] != space[:prefix] for member in group.nests):
            return None  # a map of as many points, in another shape
        longest = max(_size(group.space[prefix:]), _size(space[prefix:]))
        return prefix if longest <= _LONG_ROW else None

    def _fits(self, group: Group, nest: Nest, needs: list[Nest], prefix: int, space: Shape) -> bool:
        """Whether what it reads of the group's results, or overwrites of what the group reads, is of its own row."""
        rows = variables(space[:prefix], "row")
        inner = variables(space[prefix:], "in")
        indices = tuple(map(Index.of, (*rows, *inner)))
        place, within = _split(nest, indices, space)
        reads = loads([nest.value(place, within)])
        stage = 0
        for load in reads:
            maker = next((n for n in self.writers.get(load.buffer, ()) if self.home[n] is group), None)
            if maker is None:
                continue
            same = _same_place(load.index, maker, indices, space)
            if maker.part or not (same or _own_row(load.index, maker, rows, prefix)):
                return False
            stage = max(stage, group.stages.get(maker, 0) + (0 if same else 1))
        for reader in self.readers.get(nest.output.buffer, []):
            if self.home[reader] is group and not nest.output.buffer.ring:
                if not self._reads_own_place(group, reader, nest):
                    return False
                apart = group.kind != "map" and reader.shape != nest.shape  # walks of their own, in no given order
                stage = max(stage, group.stages[reader] + (1 if apart else 0))
        written = self.writers.get(nest.output.buffer, [])
        if any(self.home[writer] is group for writer in written) and not _side_by_side(written, nest):
            return False
        if group.kind == "map" and prefix == len(group.space) and stage > 0:
            return False
        group.stages[nest] = stage
        return True

    def _reads_own_place(self, group: Group, reader: Nest, writer: Nest) -> bool:
        """Whether a nest of the group reads the buffer that another will overwrite only where that one writes."""
        if reader.reduced or not _same_points(reader.shape, writer.shape):
            return False
        indices = tuple(map(Index.of, variables(reader.shape, "x")))
        wanted = writer.output.place(_split(writer, indices, reader.shape)[0])
        reads = loads([reader.value(indices, ())])
        return all(load.index == wanted for load in reads if load.buffer is writer.output.buffer)

    def _join_template(self, group: Group, nest: Nest, needs: list[Nest]) -> bool:
        template = group.nests[0].template
        if nest.reduced or nest.combine or not template.takes_epilogue:
            return False
        fold = group.fold
        if not _same_points(group.space, nest.shape) and not (
            fold and _same_points(group.folded_space, nest.shape)
        ):
            results = {n.output.buffer for n in group.nests}
            place = variables(nest.shape, "t")
            reads = loads([nest.value(tuple(map(Index.of, place)), ())])
            fold = steps_of(group.space, place, reads, results) or ()
            if group.fold or not fold or not template.folds(fold):
                return False
        if not self._suits_template(group, nest, fold):
            return False
        group.fold = fold
        return True

    def _suits_template(self, group: Group, nest: Nest, fold: Steps) -> bool:
        """Whether a nest reads of the group's results its own place, or its own window, and overwrites none."""
        pooled = not _same_points(group.space, nest.shape)
        space = folded_shape(group.space, fold) if pooled else group.space
        axes = variables(space, "t")
        indices = tuple(map(Index.of, axes))
        place, _ = _split(nest, indices, space)
        own = {n.output.buffer: n for n in group.nests}
        results = {n.output.buffer for n in group.nests if _same_points(group.space, n.shape)}
        reads = [load for load in loads([nest.value(place, ())]) if load.buffer in own]
        if pooled and any(load.buffer in results for load in reads):
            if steps_of(group.space, axes, reads, results) != fold:
                return False
            if not all(own[load.buffer].output.whole for load in reads if load.buffer in results):
                return False  # windows are known by where they lie
            reads = [load for load in reads if load.buffer not in results]
        for load in reads:
            maker = own[load.buffer]
            if not _same_points(space, maker.shape):
                return False
            if not whole(load, maker.output.place(_split(maker, indices, space)[0])):
                return False
        operands = {load.buffer for load in group.nests[0].template.reads()}
        if nest.output.buffer in own or (nest.output.buffer in operands and not nest.output.buffer.ring):
            return False
        for reader in self.readers.get(nest.output.buffer, []):
            if self.home[reader] is group and not (
                nest.output.buffer.ring or self._reads_own_place(group, reader, nest)
            ):
                return False
        return True

    def _restage(self, group: Group) -> None:
        """Finds the stages anew, now that the rows are shorter."""
        members, group.stages = list(group.nests), {}
        for nest in members:
            space = space_of(nest)
            rows = variables(space[: group.prefix], "row")
            indices = tuple(map(Index.of, (*rows, *variables(space[group.prefix :], "in"))))
            stage = 0
            for load in loads([nest.value(*_split(nest, indices, space))]):
                maker = next((n for n in members if n.output.buffer is load.buffer and n in group.stages), None)
                if maker is not None:
                    same = _same_place(load.index, maker, indices, space)
                    stage = max(stage, group.stages[maker] + (0 if same else 1))
            for reader in self.all_readers.get(nest.output.buffer, ()):
                if reader in group.stages and not nest.output.buffer.ring:  # what it overwrites must have been read
                    stage = max(stage, group.stages[reader] + (1 if reader.shape != nest.shape else 0))
            group.stages[nest] = stage

    def _order(self, group: Group, waits: set[Group]) -> None:
        group.waits.update(dict.fromkeys(sorted(waits, key=lambda other: other.number)))
        more = _with_all_before(waits) & ~group.before
        if not more:
            return
        behind = [other for other in self.groups if other.before & group.bit] if self._awaited & group.bit else []
        for other in (group, *behind):
            other.before |= more
            if self._early & other.bit:
                self._before_early |= more
        self._awaited |= more

    def ordered(self) -> list[Group]:
        """The groups in an order in which they can run."""
        return sorted(self.groups, key=lambda g: (g.before.bit_count(), g.number))


def _needed_by_checks(nests: list[Nest], walks: dict[Nest, Walk]) -> set[Nest]:
    """The checks, and loops that may have to be given up, and what they are computed from."""
    makers: dict[Buffer, list[Nest]] = {}
    needs: dict[Nest, list[Nest]] = {}
    for nest in nests:
        needs[nest] = [maker for load in walks[nest].reads for maker in makers.get(load.buffer, ())]
        makers.setdefault(nest.output.buffer, []).append(nest)
    found: set[Nest] = set()
    waiting = [nest for nest in nests if nest.combine == "fail" or (nest.region and nest.region.may_not_end)]
    while waiting:
        nest = waiting.pop()
        if nest not in found:
            found.add(nest)
            waiting += [maker for maker in needs[nest] if not _writes_state(maker)]
    return found


def _with_all_before(groups: set[Group]) -> int:
    found = 0
    for group in groups:
        found |= group.bit | group.before
    return found


def _writes_state(nest: Nest) -> bool:
    return nest.output.buffer.role == "state"


def _side_by_side(written: list[Nest], nest: Nest) -> bool:
    """Whether a nest writes a part of a buffer of which others have written other parts."""
    return nest.part and all(writer.part for writer in written)


def _same_points(first: Shape, second: Shape) -> bool:
    return first == second or product(tuple(first)) == product(tuple(second))


def _in_order(space: Shape, nest: Nest) -> bool:
    """Whether a map writes as its points are walked in a space of as many, without a division for each."""
    if nest.shape == space:
        return True
    place, _ = _split(nest, tuple(map(Index.of, variables(space))), space)
    return not any(isinstance(atom, Quotient) for atom in nest.output.place(place).terms)


def _size(shape: Shape) -> int:
    total = product(tuple(shape))
    return total if isinstance(total, int) else 1


def _split(
    nest: Nest, indices: tuple[Index, ...], space: Shape
) -> tuple[tuple[Index, ...], tuple[Index, ...]]:
    """Indices into a space as a nest's own place and range."""
    own = space_of(nest)
    if own != space:
        indices = unflatten(flat_index(space, indices), own)
    return indices[: len(nest.shape)], indices[len(nest.shape) :]


def split(nest: Nest, indices: tuple[Index, ...], space: Shape) -> tuple[tuple[Index, ...], tuple[Index, ...]]:
    """Indices into a space as a nest's own place and range."""
    return _split(nest, indices, space)


def _own_row(index: Index, maker: Nest, rows: tuple[LoopVar, ...], prefix: int) -> bool:
    """Whether a load from a nest's result stays within the row that the rows' variables name."""
    output = maker.output
    if len(maker.shape) < prefix or not output.contiguous:
        return False
    rest = index - output.offset
    for variable, stride in zip(rows, output.strides[:prefix], strict=True):
        found = index.terms.get(variable, 0)
        if not (isinstance(variable.extent, int) and variable.extent == 1) and found != stride:
            return False
        rest = rest - Index({variable: found})
    if rest.variables() & set(rows):
        return False
    high, size = rest.highest(), product(tuple(maker.shape[prefix:]))
    if high is None:
        return False
    room = size - high
    return isinstance(room, int) and room > 0


def _same_place(index: Index, maker: Nest, indices: tuple[Index, ...], space: Shape) -> bool:
    """Whether a load reads what a map leaves at the very point of the walk that they share."""
    return not maker.reduced and maker.shape == space and index == maker.output.place(indices)


def is_dynamic(shape: Shape) -> bool:
    """Whether a size of it is known at run time only."""
    return any(isinstance(size, Dim) for size in shape)
