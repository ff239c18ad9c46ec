"""From nests to phases, and the native loop that runs them."""

from __future__ import annotations

from weft.base.dims import Dim, ceil_divide, product
from weft.engines.native.fusion import Fusion, Group, walk
from weft.engines.native.index import Index
from weft.engines.native.loops import Buffer, Expr
from weft.engines.native.lower import Lowering, Nest
from weft.engines.native.sources import Indices, unflatten

#: reductions of more elements than this, with fewer results than would keep threads busy, are done in pieces
_PIECE = 1 << 15


def prepare(lowering: Lowering) -> list[Nest]:
    """The nests, long reductions cut into pieces of a size that depends on the problem alone."""
    found: list[Nest] = []
    for nest in lowering.nests:
        if product(tuple(nest.shape)) == 0:
            continue  # nothing to store
        found += _in_pieces(lowering, nest) if nest.reduced and nest.template is None else [nest]
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


def levels(fusion: Fusion, state: set[Buffer]) -> list[list[Group]]:
    """The groups by phase. What writes state comes after every check, so that a failed step has changed nothing."""
    checks = {g for g in fusion.groups if any(n.combine == "fail" for n in g.nests)}
    writers = {g for g in fusion.groups if any(n.output.buffer in state for n in g.nests)}
    level: dict[Group, int] = {}
    for group in fusion.ordered():
        level[group] = 1 + max((level[g] for g in group.before), default=-1)
    last_check = max((level[g] for g in checks), default=-1)
    for group in fusion.ordered():
        least = max((level[g] + 1 for g in group.before), default=0)
        level[group] = max(least, last_check + 1) if group in writers else least
    found: list[list[Group]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for group, at in level.items():
        found[at].append(group)
    return found

