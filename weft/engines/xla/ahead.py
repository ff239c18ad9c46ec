"""Runs whose checks are heard of later, so that the next batch is fetched and sent while the device works.

Of each thread one run at most is in the air: the next one waits for it before it begins, and whoever looks at a result
waits for it too. A run that has failed has changed nothing; the reference then runs it again to word the error.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from weft.engines.xla.resident import Resident

if TYPE_CHECKING:
    from weft.engines.xla.executable import Begun


class _Latest(threading.local):
    run: _Late | None = None


_latest = _Latest()


class _Late:
    """A run that nobody has waited for yet.

    Attributes:
        instead: What the reference has given where a check had failed; None where none had.
    """

    def __init__(self, begun: Begun, again: Callable[[], list[Any]]) -> None:
        self.instead: list[Any] | None = None
        self._begun: Begun | None = begun
        self._again: Callable[[], list[Any]] | None = again
        self._error: Exception | None = None

    def settle(self) -> None:
        """Waits for the run and raises what it was wrong about, every time that it is asked."""
        begun, again = self._begun, self._again
        if begun is not None and again is not None:
            try:
                self.instead = again() if begun.has_failed() else None
            except Exception as error:
                self._error = error
            self._begun = self._again = None  # with them goes the batch
        if self._error is not None:
            raise self._error


class _Result(Resident):
    """A result of a run that nobody has waited for yet."""

    __slots__ = ("_array", "_place", "_run")

    def __init__(self, array: Any, run: _Late, place: int) -> None:
        self._array = array
        self._copy = None
        self._run = run
        self._place = place

    @property
    def array(self) -> Any:
        """jax's array, or numpy's of the reference."""
        self._run.settle()
        return self._array if self._run.instead is None else self._run.instead[self._place]

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes."""
        return tuple(self._array.shape)

    @property
    def dtype(self) -> Any:
        """The element type, as numpy has it."""
        return self._array.dtype


def keep(begun: Begun, again: Callable[[], list[Any]]) -> list[Any]:
    """Leaves a run in the air.

    Args:
        begun: The run.
        again: Runs it by the reference, where a check has failed.

    Returns:
        Its results.
    """
    settle()
    run = _latest.run = _Late(begun, again)
    return [_Result(output, run, place) for place, output in enumerate(begun.outputs)]


def settle() -> None:
    """Waits for this thread's run that is in the air, and raises what it was wrong about."""
    run, _latest.run = _latest.run, None
    if run is not None:
        run.settle()


def forget() -> None:
    """Leaves this thread's run that is in the air to itself: after Ctrl-C, for instance."""
    _latest.run = None
