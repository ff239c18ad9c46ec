"""From nests to phases, and the native loop that runs them."""

from __future__ import annotations

from dataclasses import dataclass

from weft.base.dims import Dim, ceil_divide, product
from weft.engines.native.fusion import Fusion, Group, walk
from weft.engines.native.index import Index
from weft.engines.native.loops import Buffer, Expr
from weft.engines.native.lower import Lowering, Nest, Region
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
    return found


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
    """

    groups: list[Group]
    region: Region | None = None


def steps(fusion: Fusion, state: set[Buffer]) -> list[Step]:
    """The groups in order. What writes state comes after every check, so that a failed step has changed nothing."""
    checks = {g for g in fusion.groups if any(n.combine == "fail" for n in g.nests)}
    writers = {g for g in fusion.groups if any(n.output.buffer in state for n in g.nests)}
    ordered = fusion.ordered()
    unit: dict[Group, Group | Region] = {g: g.region or g for g in ordered}
    needs: dict[Group | Region, set[Group | Region]] = {}
    for group in ordered:
        needs.setdefault(unit[group], set()).update(unit[b] for b in group.before if unit[b] is not unit[group])
    late = {unit[g] for g in writers}
    level: dict[Group | Region, int] = {}

    def place(of: Group | Region, least: int) -> int:
        return max([least, *(level[n] + 1 for n in needs[of])])

    units = _in_order(needs)
    for of in units:
        level[of] = place(of, 0)
    last_check = max((level[unit[g]] for g in checks), default=-1)
    level = {}
    for of in units:
        level[of] = place(of, last_check + 1 if of in late else 0)
    found: list[Step] = []
    for at in range(max(level.values(), default=-1) + 1):
        here = [of for of in units if level[of] == at]
        groups = [of for of in here if isinstance(of, Group)]
        if groups:
            found.append(Step(groups))
        regions = [of for of in here if isinstance(of, Region)]
        while regions:  # loops of as many turns that need nothing of one another turn together
            alike = [of for of in regions if of.turn.extent == regions[0].turn.extent]
            regions = [of for of in regions if of not in alike]
            found += _turns([[g for g in ordered if unit[g] is of] for of in alike])
    return found


def _turns(loops: list[list[Group]]) -> list[Step]:
    """One turn of some loops side by side, in steps; the groups of each loop come in order."""
    found: dict[int, list[Group]] = {}
    for members in loops:
        level: dict[Group, int] = {}
        for group in members:
            level[group] = 1 + max((level[g] for g in group.before if g in level), default=-1)
            found.setdefault(level[group], []).append(group)
    return [Step(found[at], loops[0][0].region) for at in sorted(found)]


def _in_order(needs: dict[Group | Region, set[Group | Region]]) -> list[Group | Region]:
    found: dict[Group | Region, None] = {}

    def visit(of: Group | Region) -> None:
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
