"""Windows of a template's results of which a pooling behind it makes one number each.

A template that has whole windows of its results in registers can do the pooling too: results that nothing else reads
are then never stored, and those that no window reads are never computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from weft.engines.native.index import Index, LoopVar
from weft.engines.native.loops import Buffer, Load
from weft.engines.native.sources import row_major

if TYPE_CHECKING:
    from weft.base.dims import Shape

Steps = tuple[int, ...]


def folded_shape(space: Shape, steps: Steps) -> Shape:
    """How many whole windows there are, in a shape [batch, *spatial, channels]."""
    return (space[0], *(size // step for size, step in zip(space[1:-1], steps, strict=True)), space[-1])


def steps_of(
    space: Shape, place: tuple[LoopVar, ...], reads: Iterable[Load], results: Collection[Buffer]
) -> Steps | None:
    """The extents of the windows that a nest reads of a template's results, one after the other without overlap.

    Args:
        space: The results' shape, [batch, *spatial, channels].
        place: The nest's variables.
        reads: What it loads there.
        results: The buffers with the results.

    Returns:
        The extents; None where it reads them in another way.
    """
    if len(place) != len(space) or len(space) < 3 or not all(isinstance(size, int) for size in space[1:]):
        return None
    strides = row_major(space)
    found: Steps | None = None
    for load in reads:
        if load.buffer not in results:
            continue
        steps = _steps(load, place, strides)
        if load.guard is not None or steps is None or (found is not None and steps != found):
            return None
        found = steps
    if found is None or tuple(v.extent for v in place) != folded_shape(space, found):
        return None
    return found


def _steps(load: Load, place: tuple[LoopVar, ...], strides: Shape) -> Steps | None:
    terms = load.index.terms
    if not set(terms) <= set(place) or not isinstance(load.index.constant, int):
        return None
    if terms.get(place[0], 0) != strides[0] or terms.get(place[-1], 0) != 1:
        return None
    steps: list[int] = []
    rest = load.index.constant
    for variable, stride in zip(place[1:-1], strides[1:-1], strict=True):
        coefficient = terms.get(variable, 0)
        if not isinstance(coefficient, int) or not isinstance(stride, int) or coefficient % stride:
            return None
        offset, rest = divmod(rest, stride)
        steps.append(coefficient // stride)
        if not 0 <= offset < steps[-1]:
            return None
    return tuple(steps) if rest == 0 else None


def whole(load: Load, wanted: Index) -> bool:
    """Whether a load reads the place that is computed."""
    return load.guard is None and load.index == wanted
