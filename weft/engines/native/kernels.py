"""Groups of nests to kernels in the loop IR: loops, vectors, chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from weft.base import dtypes
from weft.base.dims import Dim, ceil_divide, product
from weft.engines.native.fusion import Group, space_of, split
from weft.engines.native.index import LANE, ZERO, Entry, Index, LoopVar, Quotient
from weft.engines.native.loops import (
    Across,
    At,
    Buffer,
    Call,
    Const,
    Expr,
    Fail,
    For,
    Get,
    If,
    Kernel,
    Load,
    Masked,
    Op,
    Prefetch,
    Register,
    Set,
    Statement,
    Store,
    Transpose,
    show,
    walk,
)  # fmt: skip
from weft.engines.native.lower import Nest, variables
from weft.engines.native.problems import Unordered
from weft.engines.native.rewriting import Rewriter
from weft.engines.native.rewriting import indices as indices_of
from weft.engines.native.rewriting import loads as loads_of
from weft.engines.native.sources import flat_index, unflatten

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.base.dtypes import DType
    from weft.engines.native.target import Target

#: about how many elements a chunk of a kernel works on
CHUNK = 1 << 14
#: an axis of fewer rows is not worth a loop of its own
_SHORTEST = 8
#: vectors that a long reduction adds up side by side, so that one sum need not wait for the other
STRANDS = 4


@dataclass(eq=False)
class Plan:
    """What making a kernel needs to know of its surroundings.

    Attributes:
        target: The machine.
        stored: Whether anything outside of the group reads a buffer.
        choose: (kernel, kind of product, ways to cut it) → one of the ways, the first being the cost model's.
    """

    target: Target
    stored: Callable[[Buffer, Group], bool]
    choose: Callable[[str, Any, Sequence[Any]], Any] = lambda name, kind, ways: ways[0]


def identity(combine: str, dtype: DType) -> Const:
    """What leaves every element as it is when combined with it."""
    if combine in ("add", "or"):
        return Const(0, dtype)
    if combine in ("multiply", "and"):
        return Const(1 if dtype.is_bool or combine == "multiply" else -1, dtype)
    if dtype.is_floating:
        return Const(float("-inf") if combine == "maximum" else float("inf"), dtype)
    if dtype.is_bool:
        return Const(combine == "minimum", dtype)
    low, high = dtype.limits
    return Const(low if combine == "maximum" else high, dtype)


def kernel_of(group: Group, name: str, plan: Plan) -> Kernel:
    """The kernel of a group."""
    made = _kernel_of(group, name, plan)
    made.turn = None if group.region is None else group.region.turn
    if group.when is not None:
        made.body = [If(group.when.at(()), made.body)]
    return made


def _kernel_of(group: Group, name: str, plan: Plan) -> Kernel:
    if group.kind == "run":
        from weft.engines.native.attention_kernel import kernel_of_run  # which stands on this

        return kernel_of_run(group, name, plan)
    if group.kind == "template":
        made: Kernel = group.nests[0].template.kernel(group, name, plan)
        return made
    if group.kind == "column":
        return _Column(group, name, plan).kernel()
    return Rows(group, name, plan).kernel()


@dataclass(eq=False)
class _Item:
    """A nest within a stage: its element as an expression of the stage's loop variables."""

    nest: Nest
    value: Expr
    index: Index  # where it is stored, for maps
    vector: Register | None = None
    scalar: Register | None = None


class Rows:
    """Kernels of maps, and of reductions of rows with the maps around them."""

    def __init__(self, group: Group, name: str, plan: Plan) -> None:
        self.group = group
        self.name = name
        self.plan = plan
        self.rows = variables(group.rows, "row")
        self.values: dict[Buffer, tuple[Index, Expr]] = {}  # what this row has summed up and holds in registers
        self.done: dict[Buffer, int] = {}  # the stages in which walks that are written out have stored their maps
        widest = max((_width(nest) for nest in group.nests), default=4)
        self.lanes = plan.target.lanes(widest)

    def kernel(self) -> Kernel:
        if self.group.kind == "map":
            return self._flat()
        inner_size = max(_known(self._inner(n)) for n in self.group.nests)
        return self._over_rows(self.row(), self.rows, max(1, CHUNK // max(1, inner_size)))

    def row(self) -> list[Statement]:
        """What is done with one row, whose place the variables `rows` say."""
        body: list[Statement] = []
        for stage in sorted(dict.fromkeys(self.group.stages.values())):
            members = [n for n in self.group.nests if self.group.stages[n] == stage]
            for inner in dict.fromkeys(self._inner(n) for n in members):
                body += self._stage([n for n in members if self._inner(n) == inner], inner)
        return body

    def _inner(self, nest: Nest) -> Shape:
        return space_of(nest)[self.group.prefix :]

    # -- whole maps ---------------------------------------------------------------------------------------------------

    def _flat(self) -> Kernel:
        """Maps alone: axes that lie in order are walked as one."""
        place = variables(self.group.space, "i")
        items = self._items(self.group.nests, tuple(map(Index.of, place)), self.group.space)
        place = self._cut_axes(items, place)
        exprs = [item.value for item in items]
        used = [*indices_of(exprs), *(item.index for item in items)]
        groups = collapse(place, used)
        walked = [LoopVar(f"i{n}", product(tuple(v.extent for v in group))) for n, group in enumerate(groups)]
        rewrite = Rewriter(values=_merge(place, groups, walked))
        for item in items:
            item.value, item.index = rewrite.expr(item.value), rewrite.index(item.index)
        if not walked:
            return self._single(self._stores(items))
        turned = self._turned(items, walked)
        if turned is not None:
            return turned
        last = walked[-1]
        work = sum(item.nest.name == "check" or 1 for item in items)
        if len(walked) == 1:
            size = max(self.lanes * 4, CHUNK // max(1, work) // self.lanes * self.lanes)
            chunk = LoopVar("chunk", ceil_divide(last.extent, size))
            start = Index.of(chunk) * size
            stop = minimum(start + size, Index.of(last.extent)) if not _divides(size, last.extent) else start + size
            body = self._vectors(items, last, start, stop)
            return Kernel(self.name, chunk, body, self.lanes)
        self.lanes = _narrow(self.lanes, last.extent)
        body = self._vectors(items, last, ZERO, Index.of(last.extent))
        inner = last.extent if isinstance(last.extent, int) else CHUNK
        return self._over_rows(body, tuple(walked[:-1]), max(1, CHUNK // max(1, inner * work)))

    def _cut_axes(self, items: list[_Item], place: tuple[LoopVar, ...]) -> tuple[LoopVar, ...]:
        """The last axis becomes several where quotients of it are taken, so that no lane has to divide."""
        first = max((at for at, v in enumerate(place) if v.extent != 1), default=0)
        for _ in range(8):
            used = [*indices_of([item.value for item in items]), *(item.index for item in items)]
            found = _first_cut(used, place[first:])
            if found is None:
                break
            variable, size = found
            outer = LoopVar(f"{variable.name}o", variable.extent // size)
            inner = LoopVar(f"{variable.name}i", size)
            rewrite = Rewriter(values={variable: Index.of(outer) * size + inner})
            for item in items:
                item.value, item.index = rewrite.expr(item.value), rewrite.index(item.index)
            at = place.index(variable)
            place = (*place[:at], outer, inner, *place[at + 1 :])
        return place

    def _turned(self, items: list[_Item], walked: list[LoopVar]) -> Kernel | None:
        """Maps that read across the order in which they write: squares of vectors are turned round in registers."""
        if len(walked) < 2:
            return None
        last, lanes = walked[-1], self.lanes
        across = [load for load in loads_of([item.value for item in items])
                  if load.index.terms.get(last, 0) not in (0, 1) and load.guard is None]  # fmt: skip
        along = {v for load in across for v in walked[:-1] if load.index.terms.get(v, 0) == 1}
        if len(along) != 1 or len({load.index for load in across}) > 4 or any(load.dtype.size != 4 for load in across):
            return None
        (down,) = along
        if any(load.index.terms.get(down, 0) != 1 for load in across):
            return None
        if any(isinstance(size, int) and size < lanes for size in (down.extent, last.extent)):
            return None
        if any(item.nest.combine or item.index.terms.get(last, 0) != 1 for item in items):
            return None
        outer = tuple(v for v in walked[:-1] if v is not down)
        blocks = LoopVar("block", ceil_divide(down.extent, lanes))
        first, start = Index.of(blocks) * lanes, LoopVar("start", last.extent)
        row = LoopVar("t", lanes)
        squares = {load: Register(f"square{n}", load.dtype, (lanes,), vector=True) for n, load in enumerate(across)}
        into = Rewriter(values={down: first + LANE, last: Index.of(start) + row})
        body: list[Statement] = []
        for load, square in squares.items():
            fill = Set(square, into.expr(load), (Index.of(row),))
            body.append(For(row, ZERO, Index.of(lanes), [fill], unrolled=True))
            body.append(Transpose(square))
        held = Rewriter(lambda load: Get(squares[load], (Index.of(row),)) if load in squares else None)
        out = Rewriter(values={down: first + row, last: Index.of(start) + LANE})
        entries = [(i.nest.output.buffer, out.index(i.index), out.expr(held.expr(i.value))) for i in items
                   if self.plan.stored(i.nest.output.buffer, self.group)]  # fmt: skip
        body.append(For(row, ZERO, Index.of(lanes), [Store(entries)], unrolled=True))
        whole = Index.of(last.extent) // lanes * lanes
        square_loop: list[Statement] = [For(start, ZERO, whole, body, step=lanes)]
        edge = self._strip(items, last, whole, {down: first + row}, row, Index.of(lanes))
        full = [*square_loop, *edge]
        if not _divides(lanes, down.extent):
            left = Index.of(down.extent) - first
            rest = self._strip(items, last, ZERO, {down: first + row}, row, left)
            full = [If(compare_less(left, Index.of(lanes)), rest, full)]
        inner = last.extent if isinstance(last.extent, int) else CHUNK
        return self._over_rows(full, (*outer, blocks), max(1, CHUNK // max(1, inner * lanes)))

    def _strip(
        self, items: list[_Item], last: LoopVar, start: Index, values: dict[LoopVar, Index], row: LoopVar, rows: Index
    ) -> list[Statement]:
        """The edge of a walk in squares, row by row."""
        rewrite = Rewriter(values=values)
        moved = [_Item(i.nest, rewrite.expr(i.value), rewrite.index(i.index)) for i in items]
        inner = self._vectors(moved, last, start, Index.of(last.extent))
        return [For(row, ZERO, rows, inner)] if inner else []

    def _single(self, body: list[Statement]) -> Kernel:
        return Kernel(self.name, LoopVar("chunk", 1), body, self.lanes)

    def _over_rows(self, body: list[Statement], rows: tuple[LoopVar, ...], block: int) -> Kernel:
        """A loop over blocks of rows; the variables of several axes come from one row number."""
        if not rows:
            return self._single(body)
        *outer, inner = rows
        if outer and isinstance(inner.extent, int) and _SHORTEST <= inner.extent <= block:
            # what depends on the axes before it is worked out once for all of an axis
            whole: list[Statement] = [For(inner, ZERO, Index.of(inner.extent), body)]
            return self._over_rows(whole, tuple(outer), block // inner.extent)
        count = product(tuple(v.extent for v in rows))
        chunk = LoopVar("chunk", ceil_divide(count, block))
        row = LoopVar("row", count)
        start = Index.of(chunk) * block
        stop = start + block if _divides(block, count) else minimum(start + block, Index.of(count))
        places = unflatten(Index.of(row), tuple(v.extent for v in rows))
        if len(rows) > 1 or rows[0] is not row:
            body = rewrite_body(body, Rewriter(values=dict(zip(rows, places, strict=True))))
        return Kernel(self.name, chunk, [For(row, start, stop, body)], self.lanes)

    # -- one stage ----------------------------------------------------------------------------------------------------

    def _stage(self, nests: Sequence[Nest], inner: Shape) -> list[Statement]:
        within = variables(inner, "in")
        space = (*self.group.rows, *inner)
        items = self._items(nests, tuple(map(Index.of, (*self.rows, *within))), space)
        used = [*indices_of([item.value for item in items]), *(item.index for item in items)]
        groups = collapse(within, used)
        walked = [LoopVar(f"{v[0].name}", product(tuple(x.extent for x in v))) for v in groups]
        rewrite = Rewriter(values=_merge(within, groups, walked))
        for item in items:
            item.value, item.index = rewrite.expr(item.value), rewrite.index(item.index)
        before: list[Statement] = []
        after: list[Statement] = []
        for item in items:
            if item.nest.reduced:
                self._begin(item, before, after)
        if not walked:
            one = self._stores(items)  # a sum of one element: in one lane, not in each
            return [*before, *([Masked(Index.of(1), one)] if before else one), *after]
        last = walked[-1]
        body = self._vectors(items, last, ZERO, self._bound(items, last))
        for variable in reversed(walked[:-1]):
            body = [For(variable, ZERO, self._bound(items, variable), body)]
        return [*before, *body, *after]

    def _bound(self, items: Sequence[_Item], variable: LoopVar) -> Index:
        return Index.of(variable.extent)

    def _begin(self, item: _Item, before: list[Statement], after: list[Statement]) -> None:
        """Registers for a sum: emptied before the loops, joined after them, and then there for later stages."""
        nest, dtype = item.nest, item.value.dtype
        number = len(self.values)
        vector = item.vector = Register(f"lanes{number}", dtype, (STRANDS,), vector=True)
        scalar = item.scalar = Register(f"total{number}", dtype)
        start = identity(nest.combine, dtype)
        for strand in range(STRANDS):
            before.append(Set(vector, start, (Index.of(strand),)))
        strands: list[Expr] = [Get(vector, (Index.of(s),)) for s in range(STRANDS)]
        while len(strands) > 1:
            strands = [Op(nest.combine, (a, b), dtype) for a, b in zip(strands[::2], strands[1::2], strict=True)]
        after.append(Set(scalar, Across(nest.combine, strands[0])))
        place = tuple(map(Index.of, self.rows))
        target = nest.output.place(split(nest, (*place, *map(Index.of, variables(nest.reduced))), space_of(nest))[0])
        self.values[nest.output.buffer] = (target, Get(scalar))
        if self.plan.stored(nest.output.buffer, self.group):
            after.append(Store([(nest.output.buffer, target, Get(scalar))]))

    def _items(self, nests: Sequence[Nest], indices: tuple[Index, ...], space: Shape) -> list[_Item]:
        """The nests' elements, each using what the earlier ones computed at the same place."""
        here: dict[Buffer, tuple[Index, Expr]] = {}

        def replace(load: Load) -> Expr | None:
            found = here.get(load.buffer) or self.values.get(load.buffer)
            if found is None and self.done.get(load.buffer, -1) == stage:
                raise Unordered(show(load))
            return None if found is None else made_here(load, *found)

        rewrite = Rewriter(replace)
        items = []
        stage = self.group.stages.get(nests[0], 0)
        for nest in nests:
            place, within = split(nest, indices, space)
            value = rewrite.expr(nest.value(place, within))
            index = ZERO if nest.reduced else nest.output.place(place)
            items.append(_Item(nest, value, index))
            if not nest.reduced and nest.combine != "fail":
                here[nest.output.buffer] = (index, value)
                rewrite = Rewriter(replace)
        self.done.update(dict.fromkeys((buffer for buffer in here if not buffer.ring), stage))
        return items

    def _stores(self, items: Sequence[_Item], strand: Index | None = None) -> list[Statement]:
        found: list[Statement] = []
        entries = []
        for item in items:
            if item.nest.combine == "fail":
                found.append(Fail(item.value))
            elif item.nest.reduced:
                assert item.vector is not None
                place = (ZERO if strand is None else strand,)
                joined = Op(item.nest.combine, (Get(item.vector, place), item.value), item.value.dtype)
                found.append(Set(item.vector, joined, place))
            elif self.plan.stored(item.nest.output.buffer, self.group) or self._crosses_stages(item.nest):
                entries.append((item.nest.output.buffer, item.index, item.value))
        return [*found, Store(entries)] if entries else found

    def _crosses_stages(self, nest: Nest) -> bool:
        stage = self.group.stages.get(nest, 0)
        return any(at > stage for at in self.group.stages.values()) and self.group.kind == "rows"

    def _vectors(self, items: list[_Item], last: LoopVar, start: Index, stop: Index) -> list[Statement]:
        """The innermost loop: whole vectors, several at a time where something is added up, then the rest masked."""
        lanes = self.lanes
        body: list[Statement] = []
        extent = stop - start
        known = extent.number
        position = start
        if any(item.nest.reduced for item in items) and (known is None or known >= 2 * lanes * STRANDS):
            wide = extent // (lanes * STRANDS) * (lanes * STRANDS)
            step, strand = LoopVar("step", last.extent), LoopVar("strand", STRANDS)
            at = Index.of(step) + Index.of(strand) * lanes + LANE
            inner = self._stores(_moved(items, last, at), Index.of(strand))
            body.append(For(step, start, start + wide, [For(strand, ZERO, Index.of(STRANDS), inner, unrolled=True)],
                            step=lanes * STRANDS))  # fmt: skip
            position = start + wide
        whole = start + extent // lanes * lanes
        if (whole - position).number != 0:
            step = LoopVar("step", last.extent)
            stores = self._stores(_moved(items, last, Index.of(step) + LANE))
            body.append(For(step, position, whole, stores, step=lanes))
        rest = stop - whole
        if rest.number != 0:
            body.append(Masked(rest, self._stores(_moved(items, last, whole + LANE))))
        return body


class _Column:
    """Kernels of reductions whose results lie side by side in memory: a vector adds up several of them at once."""

    #: so many bytes of a row are gone through at once: memory is fast where it is read in order
    RUN = 1024

    def __init__(self, group: Group, name: str, plan: Plan) -> None:
        self.nests = group.nests  # sums over the same elements, side by side
        self.name = name
        self.plan = plan
        self.lanes = plan.target.lanes(max(map(_width, self.nests)))

    def kernel(self) -> Kernel:
        first, lanes = self.nests[0], self.lanes
        place, within = variables(first.shape, "i"), variables(first.reduced, "r")
        places, range_ = tuple(map(Index.of, place)), tuple(map(Index.of, within))
        values = [nest.value(places, range_) for nest in self.nests]
        indices = [nest.output.place(places) for nest in self.nests]
        used = [*indices_of(values), *indices]
        kept, summed = collapse(place, used), collapse(within, used)
        outer = [LoopVar(f"i{n}", product(tuple(v.extent for v in g))) for n, g in enumerate(kept)]
        inner = [LoopVar(f"r{n}", product(tuple(v.extent for v in g))) for n, g in enumerate(summed)]
        rewrite = Rewriter(values={**_merge(place, kept, outer), **_merge(within, summed, inner)})
        last = outer[-1]
        wide = max(1, self.RUN // (lanes * max(map(_width, self.nests))))
        block = lanes * wide if not isinstance(last.extent, int) else min(
            lanes * wide, -(-last.extent // lanes) * lanes)  # fmt: skip
        blocks = ceil_divide(last.extent, block)
        chunk = LoopVar("chunk", product(tuple(v.extent for v in outer[:-1])) * blocks)
        start = Index.of(chunk) % blocks * block if not isinstance(blocks, int) or blocks > 1 else ZERO
        rows = unflatten(Index.of(chunk) // blocks, tuple(v.extent for v in outer[:-1]))
        moved = Rewriter(values=dict(zip(outer[:-1], rows, strict=True)))
        found = [(moved.expr(rewrite.expr(value)), moved.index(rewrite.index(index)))
                 for value, index in zip(values, indices, strict=True)]  # fmt: skip
        body = self._walk(found, last, start, block // lanes, inner)
        return Kernel(self.name, chunk, body, lanes)

    def _walk(
        self, found: Sequence[tuple[Expr, Index]], last: LoopVar, start: Index, parts: int, inner: list[LoopVar]
    ) -> list[Statement]:
        """Row by row, all vectors of a row at once: memory is read in order."""
        before: list[Statement] = []
        step: list[Statement] = []
        after: list[Statement] = []
        registers = [Register(f"sums{n or ''}", value.dtype, (parts,), vector=True)
                     for n, (value, _) in enumerate(found)]  # fmt: skip
        whole = _divides(self.lanes * parts, last.extent)
        for part in range(parts):
            at = start + part * self.lanes
            inside = Rewriter(values={last: at + LANE})
            place = (Index.of(part),)
            added: list[Statement] = []
            stored: list[Statement] = []
            for nest, sums, (value, index) in zip(self.nests, registers, found, strict=True):
                before.append(Set(sums, identity(nest.combine, value.dtype), place))
                joined = Op(nest.combine, (Get(sums, place), inside.expr(value)), value.dtype)
                added.append(Set(sums, joined, place))
                stored.append(Store([(nest.output.buffer, inside.index(index), Get(sums, place))]))
            left = Index.of(last.extent) - at
            full = whole or (left.number is not None and left.number >= self.lanes)
            step += added if full else [Masked(left, added)]
            after += stored if full else [Masked(left, stored)]
        for variable in reversed(inner):
            step = [For(variable, ZERO, Index.of(variable.extent), step)]
        return [*before, *step, *after]


def epilogue(group: Group, plan: Plan, place: tuple[Index, ...], value: Expr) -> list[Statement]:
    """What a group does with one element (or vector) of its template's result: the maps behind it, and the stores."""
    first = group.nests[0]
    # in plain variables, whose ranges are known, so that indices into reshaped results simplify
    axes = variables(first.shape, "t")
    plain = tuple(map(Index.of, axes))
    here: dict[Buffer, tuple[Index, Expr]] = {}

    def replace(load: Load) -> Expr | None:
        found = here.get(load.buffer)
        return None if found is None else made_here(load, *found)

    moved = Rewriter(values=dict(zip(axes, place, strict=True)))
    entries = []
    for nest in group.nests:
        if nest is first:
            made, index = value, nest.output.place(plain)
        else:
            own, _ = split(nest, plain, first.shape)
            made, index = Rewriter(replace).expr(nest.value(own, ())), nest.output.place(own)
        here[nest.output.buffer] = (index, made)
        if plan.stored(nest.output.buffer, group):
            entries.append((nest.output.buffer, moved.index(index), moved.expr(made)))
    return [Store(entries)]


def made_here(load: Load, index: Index, value: Expr) -> Expr | None:
    """What stands for a load of something that the same walk makes; None for the other part of a ring."""
    if load.index != index and not _one_place(load.index, index):
        if load.buffer.ring:
            return None
        raise Unordered(show(load))
    return value if load.guard is None else Op("select", (load.guard, value, Const(0, value.dtype)), value.dtype)


def _one_place(first: Index, second: Index) -> bool:
    """Whether indices are equal where axes of one element are nothing."""
    single = {v: ZERO for v in first.variables() | second.variables() if isinstance(v.extent, int) and v.extent == 1}
    return first.substitute(single) == second.substitute(single)


def prefetches(group: Group, plan: Plan, place: tuple[Index, ...]) -> list[Statement]:
    """Asks for the vectors that the maps behind a template will read or write, so that they arrive meanwhile."""
    axes = variables(group.nests[0].shape, "t")
    plain = tuple(map(Index.of, axes))
    moved = Rewriter(values=dict(zip(axes, place, strict=True)))
    found: dict[tuple[Buffer, Index], bool] = {}
    made = {nest.output.buffer for nest in group.nests if nest.output.buffer.role != "state"}
    for number, nest in enumerate(group.nests):
        own = plain if number == 0 else split(nest, plain, group.nests[0].shape)[0]
        for load in loads_of([nest.value(own, ())]) if number else ():
            index = moved.index(load.index)
            if load.buffer not in made and load.guard is None and index.terms.get(LANE, 0) == 1:
                found[load.buffer, index] = False
        index = moved.index(nest.output.place(own))
        if plan.stored(nest.output.buffer, group) and index.terms.get(LANE, 0) == 1:
            found[nest.output.buffer, index] = True
    return [Prefetch(buffer, index, writes) for (buffer, index), writes in found.items()]


# -- helpers ----------------------------------------------------------------------------------------------------------


def collapse(variables: Sequence[LoopVar], used: Sequence[Index]) -> list[list[LoopVar]]:
    """Neighbouring axes that every index walks as if they were one."""
    groups: list[list[LoopVar]] = []
    for variable in variables:
        if isinstance(variable.extent, int) and variable.extent == 1:
            continue
        if groups and all(_together(groups[-1][-1], variable, index) for index in used):
            groups[-1].append(variable)
        else:
            groups.append([variable])
    return groups


def _first_cut(used: Sequence[Index], place: Sequence[LoopVar]) -> tuple[LoopVar, int] | None:
    """A variable of which a quotient is taken by a number that divides its extent; the greatest such number."""
    best: tuple[LoopVar, int] | None = None
    waiting = [atom for index in used for atom in index.terms if isinstance(atom, Quotient)]
    while waiting:
        atom = waiting.pop()
        waiting += [inner for inner in atom.index.terms if isinstance(inner, Quotient)]
        size = atom.divisor
        if not isinstance(size, int) or atom.index.constant != 0 or len(atom.index.terms) != 1:
            continue
        ((variable, coefficient),) = atom.index.terms.items()
        if not isinstance(variable, LoopVar) or variable not in place or coefficient != 1:
            continue
        left = variable.extent % size
        if isinstance(left, int) and left == 0 and variable.extent != size and (best is None or size > best[1]):
            best = variable, size
    return best


def _together(outer: LoopVar, inner: LoopVar, index: Index) -> bool:
    if any(not isinstance(atom, (LoopVar, Entry)) and {outer, inner} & atom.index.variables() for atom in index.terms):
        return False
    return index.terms.get(outer, 0) == index.terms.get(inner, 0) * inner.extent


def _merge(
    axes: Sequence[LoopVar], groups: Sequence[Sequence[LoopVar]], walked: Sequence[LoopVar]
) -> dict[LoopVar, Index]:
    """Each axis in terms of the walked variables: the last of a group carries it, the others add nothing."""
    values: dict[LoopVar, Index] = dict.fromkeys(axes, ZERO)
    for group, variable in zip(groups, walked, strict=True):
        values[group[-1]] = Index.of(variable)
    return values


def rewrite_body(body: Sequence[Statement], rewrite: Rewriter) -> list[Statement]:
    """Statements with other indices."""
    found: list[Statement] = []
    for statement in body:
        match statement:
            case For():
                start, stop = rewrite.index(statement.start), rewrite.index(statement.stop)
                within = rewrite_body(statement.body, rewrite)
                found.append(For(statement.var, start, stop, within, statement.step, statement.unrolled))
            case Masked():
                found.append(Masked(rewrite.index(statement.count), rewrite_body(statement.body, rewrite)))
            case Store():
                entries = [(b, rewrite.index(i), rewrite.expr(v)) for b, i, v in statement.entries]
                found.append(Store(entries))
            case Set():
                found.append(Set(statement.register, rewrite.expr(statement.value), statement.place))
            case If():
                found.append(If(rewrite.expr(statement.condition), rewrite_body(statement.body, rewrite),
                                rewrite_body(statement.orelse, rewrite)))  # fmt: skip
            case Transpose():
                found.append(statement)
            case Prefetch():
                found.append(Prefetch(statement.buffer, rewrite.index(statement.index), statement.writes))
            case Fail():
                found.append(Fail(rewrite.expr(statement.condition)))
            case Call():
                places = tuple((buffer, rewrite.index(index)) for buffer, index in statement.places)
                found.append(Call(statement.routine, places, tuple(map(rewrite.index, statement.numbers)),
                                  statement.sizes))  # fmt: skip
            case _:
                raise TypeError(type(statement).__name__)
    return found


def written_out(body: Sequence[Statement]) -> list[Statement]:
    """Statements with what routines do in place of their calls."""
    found: list[Statement] = []
    for statement in body:
        match statement:
            case Call():
                found += written_out(_in_place(statement))
            case For() | Masked():
                found.append(replace(statement, body=written_out(statement.body)))
            case If():
                body, orelse = written_out(statement.body), written_out(statement.orelse)
                found.append(If(statement.condition, body, orelse))
            case _:
                found.append(statement)
    return found


def _in_place(call: Call) -> list[Statement]:
    given = dict(zip(call.routine.places, call.places, strict=True))

    def moved(load: Load) -> Expr | None:
        if load.buffer not in given:
            return None
        buffer, start = given[load.buffer]
        return Load(buffer, start + load.index, load.guard)

    sizes = {symbol: number for size, number in zip(call.routine.sizes, call.sizes, strict=True)
             for symbol in size.symbols()}  # fmt: skip
    rewrite = Rewriter(moved, dict(zip(call.routine.numbers, call.numbers, strict=True)), sizes)
    body = rewrite_body(call.routine.body, rewrite)
    for statement in walk(body):
        if isinstance(statement, Store):
            statement.entries = [
                (given[b][0], given[b][1] + index, value) if b in given else (b, index, value)
                for b, index, value in statement.entries
            ]
    return body


def _moved(items: Sequence[_Item], variable: LoopVar, at: Index) -> list[_Item]:
    rewrite = Rewriter(values={variable: at})
    return [_Item(i.nest, rewrite.expr(i.value), rewrite.index(i.index), i.vector, i.scalar) for i in items]


def compare_less(first: Index, second: Index) -> Expr:
    """Whether one index lies below another."""
    return Op("less", (At(first), At(second)), dtypes.bool_)


def minimum(first: Index, second: Index) -> Index:
    """The lesser of two indices."""
    return Index.of(Entry(Op("minimum", (At(first), At(second)), dtypes.int64)))


def _divides(size: int, whole: Dimension) -> bool:
    return isinstance(whole, int) and whole % size == 0


def _narrow(lanes: int, extent: Dimension) -> int:
    """As many lanes as a short row needs: some instructions, such as divisions, take longer the wider vectors are."""
    while isinstance(extent, int) and lanes >= 2 * max(extent, 4):
        lanes //= 2
    return lanes


def _known(shape: Shape) -> int:
    total = product(tuple(shape))
    return total if isinstance(total, int) else 1


def _width(nest: Nest) -> int:
    """Bytes of the elements that decide how many lanes a vector has: four, or eight for float64 and int64."""
    return 8 if nest.output.dtype.size == 8 and nest.output.dtype.is_floating else 4


def is_symbolic(size: Dimension) -> bool:
    """Whether a size is known at run time only."""
    return isinstance(size, Dim)


__all__ = ["Plan", "identity", "kernel_of", "minimum", "collapse", "rewrite_body", "flat_index", "Any"]
