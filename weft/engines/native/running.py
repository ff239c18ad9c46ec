"""Running reductions: along an axis one place after the other, side by side across the other axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base.dims import ceil_divide, product
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Index, LoopVar
from weft.engines.native.kernels import CHUNK, Plan, minimum
from weft.engines.native.loops import Expr, For, Get, Kernel, Load, Masked, Register, Set, Statement, Store
from weft.engines.native.lower import variables
from weft.engines.native.rewriting import loads
from weft.engines.native.sources import Memory, unflatten

if TYPE_CHECKING:
    from weft.engines.native.loops import Const
    from weft.engines.native.sources import Indices

#: (what is held, place in the view, turn) -> what is held next
Step = Callable[[Sequence[Expr], "Indices", Index], Sequence[Expr]]


class Running:
    """output[o, n, c] = what is held after place n (or before it), walking along n.

    Args:
        output: A view `[*outer, places, columns]` of the result; columns are neighbours in memory.
        start: What is held at first, one number or more.
        step: What is held after a place, from what was held before.
        result: (held before, held after) -> what is stored.
        reverse: Whether the walk begins at the end.
    """

    takes_epilogue = False

    def __init__(
        self, output: Memory, start: Sequence[Const], step: Step,
        result: Callable[[Sequence[Expr], Sequence[Expr]], Expr], reverse: bool,
    ) -> None:  # fmt: skip
        self.output, self.start, self.step, self.result, self.reverse = output, tuple(start), step, result, reverse
        *outer, self.places, self.columns = output.shape
        self.outer = tuple(outer)

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        place = tuple(map(Index.of, variables(self.output.shape, "p")))
        return loads(self.step(self.start, place, Index.of(LoopVar("turn", self.places))))

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel: a chunk is some of the vectors across."""
        held = [c.dtype.size for c in self.start if c.dtype.is_floating or c is self.start[0]]
        lanes = plan.target.lanes(max(4, *held))
        single = isinstance(self.columns, int) and self.columns == 1
        across = 1 if single else ceil_divide(self.columns, lanes)
        count = product(self.outer) * across
        long = self.places if isinstance(self.places, int) else 64
        block = max(1, CHUNK // max(1, long * (1 if single else lanes)))
        chunk = LoopVar("chunk", ceil_divide(count, block))
        number = LoopVar("number", count)
        outer = unflatten(Index.of(number) // across, self.outer)
        first = Index.of(number) % across * lanes
        body = self._walk(outer, ZERO if single else first + LANE, not single)
        whole = single or (isinstance(self.columns, int) and self.columns % lanes == 0)
        if not whole:
            body = [Masked(Index.of(self.columns) - first, body)]
        begin = Index.of(chunk) * block
        return Kernel(name, chunk, [For(number, begin, minimum(begin + block, Index.of(count)), body)], lanes)

    def _walk(self, outer: Indices, column: Index, vector: bool) -> list[Statement]:
        held = [Register(f"held{n}", c.dtype, (), vector) for n, c in enumerate(self.start)]
        fresh = [Register(f"next{n}", c.dtype, (), vector) for n, c in enumerate(self.start)]
        turn = LoopVar("turn", self.places)
        at = Index.of(self.places) - 1 - turn if self.reverse else Index.of(turn)
        place = (*outer, at, column)
        before: list[Expr] = [Get(register) for register in held]
        after: list[Expr] = [Get(register) for register in fresh]
        steps = self.step(before, place, Index.of(turn))
        body: list[Statement] = [Set(register, value) for register, value in zip(fresh, steps, strict=True)]
        body.append(Store([(self.output.buffer, self.output.place(place), self.result(before, after))]))
        body += [Set(register, Get(new)) for register, new in zip(held, fresh, strict=True)]
        begin: list[Statement] = [Set(register, value) for register, value in zip(held, self.start, strict=True)]
        return [*begin, For(turn, ZERO, Index.of(self.places), body)]
