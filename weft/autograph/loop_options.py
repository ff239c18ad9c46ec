"""What a loop says of itself at its start: shapes that hold in all turns, a bound on their number."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from weft.base import nest
from weft.base.errors import explain
from weft.base.shapes import TensorShape
from weft.runtime.spec import TypeSpec


class Options:
    """The options of one loop; none where `given` is None."""

    def __init__(self, given: dict[str, Any] | None) -> None:
        self.given = given

    def invariants(self, before: Sequence[Any]) -> list[Any]:
        """For each value before the loop the shapes that its tensors keep, or None."""
        pairs = (self.given or {}).get("shape_invariants") or ()
        return [next((_shapes(shape) for marked, shape in pairs if marked == position), None)
                for position in range(len(before))]  # fmt: skip

    def bound(self, maximum: int | None) -> int | None:
        """The greatest number of turns, where there is one."""
        asked = (self.given or {}).get("maximum_iterations")
        if not isinstance(asked, int):
            return maximum
        return asked if maximum is None else min(asked, maximum)


class Restart(Exception):
    """A loop's first turn told its options: it is traced again with them."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__()
        self.options = options


class _Open(threading.local):
    def __init__(self) -> None:
        self.loops: list[tuple[Options, Callable[[], list[Any]]]] = []


_open = _Open()


@contextmanager
def opened(given: dict[str, Any] | None, values: Callable[[], list[Any]]) -> Iterator[Options]:
    """The loop that is traced within the block; `values` gives what its names have at the moment."""
    options = Options(given)
    _open.loops.append((options, values))
    try:
        yield options
    finally:
        _open.loops.pop()


def tell(shape_invariants: Any, maximum_iterations: Any) -> None:
    """Tells the innermost loop that is being traced its options; does nothing where there is none.

    Raises:
        Restart: The loop is to be traced again.
        ValueError: For an invariant of something that is no variable of the loop.
    """
    if not _open.loops or _open.loops[-1][0].given is not None:
        return
    here = _open.loops[-1][1]()
    marked = []
    for value, shape in shape_invariants or ():
        position = next((i for i, own in enumerate(here) if own is value), None)
        if position is None:
            raise ValueError(explain("set_loop_options: a shape is given for what is no variable of the loop.",
                                     received=repr(value), hint="call it first in the loop's body"))  # fmt: skip
        marked.append((position, shape))
    raise Restart({"shape_invariants": marked, "maximum_iterations": maximum_iterations})


def _shapes(shape: Any) -> list[Any]:
    if isinstance(shape, (TensorShape, TypeSpec)) or shape is None:
        return [shape if isinstance(shape, TypeSpec) else TensorShape(shape)]
    if isinstance(shape, (list, tuple)) and all(size is None or isinstance(size, int) for size in shape):
        return [TensorShape(shape)]
    return [one for part in nest.flatten(shape) for one in _shapes(part)]
