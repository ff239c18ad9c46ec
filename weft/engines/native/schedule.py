"""From nests to phases, and the native loop that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from weft.base.dims import Dim, ceil_divide, product
from weft.engines.native.attention import find_runs
from weft.engines.native.fusion import Fusion, Group, walk
from weft.engines.native.index import Index
from weft.engines.native.loops import Buffer, Expr
from weft.engines.native.lower import Loop, Lowering, Nest, Region
from weft.engines.native.sources import Indices, unflatten

#: reductions of more elements than this, with fewer results than would keep threads busy, are done in pieces
_PIECE = 1 << 15


def prepare(lowering: Lowering) -> list[Nest]:
    """The nests, long reductions cut into pieces of a size that depends on the problem alone."""
    found: list[Nest] = []
    for nest in lowering.nests:
        if product(tuple(nest.shape)) == 0:
            continue  # nothing to store
        pieces = _in_pieces(lowering, nest) if nest.reduced and nest.template is None else [nest]
        for piece in pieces:
            piece.region, piece.when, piece.node = nest.region, nest.when, nest.node
        found += pieces
    return find_runs(found)


def _in_pieces(lowering: Lowering, nest: Nest) -> list[Nest]:
    results, range_ = product(tuple(nest.shape)), product(tuple(nest.reduced))
    if nest.shape and not walk(nest).column:
        return [nest]  # rows are shared out among threads as they are
    if isinstance(results, Dim) or results > 4096:
        return [nest]
    total = results * range_
    if isinstance(total, int) and total <= 2 * _PIECE:
        return [nest]
    # pieces of the range, seen as one axis
    length = max(1, _PIECE // results)
    if isinstance(range_, int):
        length = min(length, range_)
        while range_ % length:  # the nearest that divides: pieces are then whole
            length -= 1
        if range_ // length < 2 or length * results < _PIECE // 16:
            return [nest]
    else:
        inner = product(tuple(nest.reduced[1:]))
        if isinstance(inner, Dim) or not isinstance(nest.reduced[0], Dim):
            return [nest]
        if inner < 64:
            return [nest]  # a batch of numbers: short enough as it is
        length = inner  # one piece for each of an unknown number
    pieces = ceil_divide(range_, length)
    partial = lowering.temporary((pieces, *nest.shape), nest.output.dtype, "partial")

    def value(place: Indices, within: Indices) -> Expr:
        flat = Index.of(place[0]) * length + within[0]
        return nest.value(place[1:], unflatten(flat, nest.reduced))

    first = Nest((pieces, *nest.shape), value, partial, (length,), nest.combine, name=nest.name)
    second = Nest(nest.shape, lambda place, within: partial.at((*within, *place)), nest.output, (pieces,),
                  nest.combine, name=f"{nest.name}_of_pieces")  # fmt: skip
    return [first, second]


@dataclass(eq=False)
class Step:
    """Groups that need nothing of one another; those of a loop's body run once for each turn.

    Attributes:
        groups: What runs.
        region: The loop.
        loops: Loops that one thread walks, beside the groups.
    """

    groups: list[Group]
    region: Region | None = None
    loops: list[Turns] = field(default_factory=list)


@dataclass(eq=False)
class Turns:
    """A loop that one thread walks: steps of its parts, of which a loop of a known number of turns has a body alone."""

    of: Region | Loop
    test: list[Step]
    body: list[Step]
    tail: list[Step]


#: what is put in order: groups, and loops as a whole
Unit = Group | Region | Loop


def steps(fusion: Fusion, state: set[Buffer]) -> list[Step]:
    """The groups in order. What writes state comes after every check, so that a failed step has changed nothing."""
    # loops too come before what writes: one that does not end can then be given up
    checks = {g for g in fusion.groups if any(n.combine == "fail" for n in g.nests)}
    checks |= {g for g in fusion.groups if g.region is not None and g.region.may_not_end}
    writers = {g for g in fusion.groups if any(n.output.buffer in state for n in g.nests)}
    ordered = fusion.ordered()
    unit = _units(ordered, None)
    needs = _needs(ordered, unit)
    late = {unit[g] for g in writers}
    units = _in_order(needs)
    level = _levels(units, needs, {})
    last_check = max((level[unit[g]] for g in checks), default=-1)
    level = _levels(units, needs, dict.fromkeys(late, last_check + 1))
    _postpone(units, needs, level, {unit[g] for g in checks | writers})
    found: list[Step] = []
    for here in _by_level(level):
        groups = [of for of in here if isinstance(of, Group)]
        loops = [_walk(of, ordered) for of in here if isinstance(of, Loop)]
        if groups or loops:
            found.append(Step(groups, None, loops))
        regions = [of for of in here if isinstance(of, Region)]
        while regions:  # loops of as many turns that need nothing of one another turn together
            alike = [of for of in regions if of.turn.extent == regions[0].turn.extent]
            regions = [of for of in regions if of not in alike]
            turns = [_inside(of, ordered) for of in alike]
            for number in range(max(map(len, turns))):
                side = [steps[number] for steps in turns if number < len(steps)]
                found.append(Step([g for s in side for g in s.groups], alike[0], [t for s in side for t in s.loops]))
    return found


def _units(groups: Sequence[Group], within: Region | None) -> dict[Group, Unit]:
    """For each group inside a loop, itself or the loop next to that one that it belongs to."""
    return {g: g if g.region is within or g.region is None else g.region.within(within) for g in groups}


def _needs(groups: Sequence[Group], unit: dict[Group, Unit]) -> dict[Unit, dict[Unit, None]]:
    needs: dict[Unit, dict[Unit, None]] = {}  # in an order that does not change from run to run
    for group in groups:
        needs.setdefault(unit[group], {}).update(
            dict.fromkeys(unit[b] for b in group.waits if b in unit and unit[b] is not unit[group])
        )
    return needs


def _levels(units: Sequence[Unit], needs: dict[Unit, dict[Unit, None]], least: dict[Unit, int]) -> dict[Unit, int]:
    level: dict[Unit, int] = {}
    for of in units:
        level[of] = max([least.get(of, 0), *(level[n] + 1 for n in needs[of])])
    return level


def _postpone(
    units: Sequence[Unit], needs: dict[Unit, dict[Unit, None]], level: dict[Unit, int], kept: set[Unit]
) -> None:
    """Lets what depends on constants and state alone wait until it is needed: weights that are put in order lie about
    no longer than they must."""
    free: set[Unit] = set()
    makers: dict[Buffer, Unit] = {}
    for of in units:
        if isinstance(of, Group):
            for nest in of.nests:
                makers[nest.output.buffer] = of
    for of in units:
        if isinstance(of, Group) and of not in kept and of.when is None and all(n in free for n in needs[of]):
            reads = (load.buffer for nest in of.nests for load in walk(nest).reads)
            if all(buffer.role in ("state", "constant") or makers.get(buffer) in free or makers.get(buffer) is of
                   for buffer in reads):  # fmt: skip
                free.add(of)
    users: dict[Unit, list[Unit]] = {}
    for of, before in needs.items():
        for other in before:
            users.setdefault(other, []).append(of)
    for of in reversed(units):
        if of in free and of in users:
            level[of] = min(level[user] for user in users[of]) - 1


def _by_level(level: dict[Unit, int]) -> list[list[Unit]]:
    found: list[list[Unit]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for unit, at in level.items():
        found[at].append(unit)
    return found


def _inside(region: Region, groups: Sequence[Group]) -> list[Step]:
    """One turn of a loop, in steps."""
    members = [g for g in groups if g.region is not None and _is_within(g.region, region)]
    unit = _units(members, region)
    needs = _needs(members, unit)
    units = _in_order(needs)
    level = _levels(units, needs, {})
    found = []
    for here in _by_level(level):
        found.append(Step([of for of in here if isinstance(of, Group)], region,
                          [_walk(of, groups) for of in here if not isinstance(of, Group)]))  # fmt: skip
    return found


def _walk(of: Region | Loop, groups: Sequence[Group]) -> Turns:
    if isinstance(of, Region):
        return Turns(of, [], _inside(of, groups), [])
    return Turns(of, *(_inside(part, groups) for part in (of.test, of.body, of.tail)))


def _is_within(region: Region | None, outer: Region) -> bool:
    while region is not None and region is not outer:
        region = region.parent
    return region is outer


def _in_order(needs: dict[Unit, dict[Unit, None]]) -> list[Unit]:
    found: dict[Unit, None] = {}

    def visit(of: Unit) -> None:
        stack = [of]
        while stack:
            top = stack[-1]
            open_ = [n for n in needs[top] if n not in found]
            if open_:
                stack.extend(open_)
            else:
                found[top] = None
                stack.pop()

    for of in needs:
        if of not in found:
            visit(of)
    return list(found)
