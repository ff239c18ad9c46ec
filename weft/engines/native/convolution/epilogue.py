"""What is done with a convolution's results while they are in registers: maps, and poolings of whole windows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from weft.engines.native.fusion import Group, split
from weft.engines.native.index import Index
from weft.engines.native.kernels import Plan, compare_less, made_here
from weft.engines.native.loops import Buffer, Expr, If, Load, Statement, Store, show
from weft.engines.native.lower import Nest, variables
from weft.engines.native.problems import Unordered
from weft.engines.native.rewriting import Rewriter
from weft.engines.native.sources import Indices

if TYPE_CHECKING:
    from weft.base.dims import Shape


#: for each spatial axis below which window something is there, None where it always is
_Guard = tuple["int | None", ...]


class Windows:
    """How a template goes through its results: window by window, where a pooling is folded into it.

    Args:
        group: The template and what is done with its results, [batch, *spatial, channels].
        plan: What is stored.
        least: The windows where no pooling is folded in.
        whole: Whether only windows are gone through that lie within the results.
        maps: Whether only results are gone through, one by one, and the pooling left alone.

    Attributes:
        steps: The windows' extents along the spatial axes.
        counts: How many windows there are along each; the last ones may reach beyond the results.
        every: Whether all results are wanted, for themselves too.
        offsets: The places in a window, in order.
    """

    def __init__(
        self, group: Group, plan: Plan, least: tuple[int, ...] = (), *, whole: bool = False, maps: bool = False
    ) -> None:
        self.group, self.plan = group, plan
        self.space = group.space
        self.steps = (() if maps else group.fold) or least or (1,) * (len(self.space) - 2)
        self.offsets = list(itertools.product(*map(range, self.steps)))
        self._maps = [nest for nest in group.nests if not group.folded(nest)]
        self._pooled = [] if maps else [nest for nest in group.nests if group.folded(nest)]
        self.every = not group.fold or any(plan.stored(nest.output.buffer, group) for nest in self._maps)
        self.sizes: list[int] = [size for size in self.space[1:-1] if isinstance(size, int)]
        self.counts = tuple(size // step if whole or not self.every else -(-size // step)
                            for size, step in zip(self.sizes, self.steps, strict=True))  # fmt: skip

    def finish(self, place: Indices, value: Callable[[tuple[int, ...]], Expr]) -> list[Statement]:
        """What is done with one window (or a vector of them, side by side in the channels).

        Args:
            place: Which window: [batch, *spatial, channel].
            value: (place in the window) -> the template's result there.
        """
        stores: dict[_Guard, list[tuple[Buffer, Index, Expr]]] = {}
        for offset in self.offsets:
            bounds = [-(-(size - o) // step) for size, step, o in zip(self.sizes, self.steps, offset, strict=True)]
            walk = _Walk(self, (self.space[0], *map(min, bounds, self.counts), self.space[-1]), place)
            walk.map(offset, value)
            stores.setdefault(self._guard(bounds), []).extend(walk.stores)
        if self._pooled:
            walk = _Walk(self, self.group.folded_space, place)
            for offset in self.offsets:
                walk.map(offset, value)
            walk.stores.clear()  # done above, also for results that no whole window has
            for nest in self._pooled:
                walk.make(nest, self.group.folded_space, walk.plain)
            guard = self._guard([size // step for size, step in zip(self.sizes, self.steps, strict=True)])
            stores.setdefault(guard, []).extend(walk.stores)
        return [_where(guard, place, Store(entries)) for guard, entries in stores.items() if entries]

    def maps_at(self) -> list[Nest]:
        """The nests with an element for each result of the template, the template first."""
        return self._maps

    @property
    def leaves(self) -> bool:
        """Whether results are wanted that no whole window has."""
        return self.every and any(size % step for size, step in zip(self.sizes, self.steps, strict=True))

    def _guard(self, bounds: list[int]) -> _Guard:
        return tuple(bound if bound < count else None for bound, count in zip(bounds, self.counts, strict=True))


class _Walk:
    """Nests computed at a window: in plain variables with the ranges that hold there, so that indices into reshaped
    results simplify and are found again."""

    def __init__(self, windows: Windows, shape: Shape, place: Indices) -> None:
        self._windows = windows
        axes = variables(shape, "w")
        self.plain: Indices = tuple(map(Index.of, axes))
        self._moved = Rewriter(values=dict(zip(axes, place, strict=True)))
        self._here: dict[tuple[Buffer, Index], Expr] = {}
        self.stores: list[tuple[Buffer, Index, Expr]] = []

    def map(self, offset: tuple[int, ...], value: Callable[[tuple[int, ...]], Expr]) -> None:
        """What is done with one result of the template in the window."""
        steps = self._windows.steps
        at = (self.plain[0], *(w * step + o for w, step, o in zip(self.plain[1:-1], steps, offset, strict=True)),
              self.plain[-1])  # fmt: skip
        first, *others = self._windows.maps_at()
        self.make(first, self._windows.space, at, value(offset))
        for nest in others:
            self.make(nest, self._windows.space, at)

    def make(self, nest: Nest, shape: Shape, at: Indices, result: Expr | None = None) -> None:
        """A nest's element, stored where it is wanted."""
        own, _ = split(nest, at, shape)
        if result is None:
            result = Rewriter(self._made).expr(nest.value(own, ()))
        index = nest.output.place(own)
        self._here[nest.output.buffer, index] = result
        if self._windows.plan.stored(nest.output.buffer, self._windows.group):
            self.stores.append((nest.output.buffer, self._moved.index(index), self._moved.expr(result)))

    def _made(self, load: Load) -> Expr | None:
        """What stands for a load of something that is made here."""
        found = self._here.get((load.buffer, load.index))
        if found is None and not load.buffer.ring and any(load.buffer is buffer for buffer, _ in self._here):
            raise Unordered(show(load))
        return found if found is None else made_here(load, load.index, found)


def _where(guard: _Guard, place: Indices, body: Statement) -> Statement:
    for axis, bound in enumerate(guard):
        if bound is not None:
            body = If(compare_less(place[1 + axis], Index.of(bound)), [body])
    return body
