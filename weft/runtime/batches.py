"""A traced function over batch after batch of arrays in memory, with Python between slices of time and not batches."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from weft.base import nest
from weft.engines.base import Rows
from weft.runtime import context, dispatch, processes
from weft.runtime.concrete import ConcreteFunction
from weft.runtime.function import Function, functions_run_eagerly

_TOGETHER = 16  # batches in a call, at most, where several processes share them
_SLICE = 0.05  # seconds after which Python has its turn: for Ctrl-C and for whoever shows progress


class Batches:
    """Calls a function of one argument for rows of arrays.

    Args:
        function: The function. It sees one batch at a time, as arguments that it was given itself.
        data: The arrays, nested; all have rows along their first axis. None stays None.
        order: Numbers of rows, `[n]`, int64, in the order in which they are taken; None for all as they lie.
        size: How many rows a batch has; the last one may have fewer.

    Attributes:
        at: The number of the batch that is next, or that an error is about.
    """

    def __init__(self, function: Function, data: Any, order: Any, size: int) -> None:
        self._function = function
        self._data = nest.map_structure(lambda leaf: leaf if leaf is None else np.ascontiguousarray(leaf), data)
        self._leaves = [leaf for leaf in nest.flatten(self._data) if leaf is not None]
        self._order = None if order is None else np.ascontiguousarray(order, np.int64)
        rows = len(self._leaves[0])
        if any(len(leaf) != rows for leaf in self._leaves):
            raise ValueError(f"The arrays differ in their number of rows: {[len(leaf) for leaf in self._leaves]}.")
        if self._order is not None and self._order.size and not 0 <= self._order.min() <= self._order.max() < rows:
            raise IndexError(f"There are {rows} rows, and the order names others.")
        self._rows = rows if self._order is None else len(self._order)
        self._size = size
        self._concrete: ConcreteFunction | None = None
        self.at = 0

    def __len__(self) -> int:
        return -(-self._rows // self._size)

    def batch(self, number: int) -> Any:
        """The rows of a batch."""
        chosen: Any = slice(number * self._size, (number + 1) * self._size)
        if self._order is not None:
            chosen = self._order[chosen]
        return nest.map_structure(lambda leaf: leaf if leaf is None else leaf[chosen], self._data)

    def run(self, single: bool = False, joined: bool = False, at_once: bool = False) -> Iterator[tuple[int, Any]]:
        """Runs them all.

        Args:
            single: Whether Python has its turn after every batch.
            at_once: Whether all whole batches are run in one call, however long that takes.
            joined: Whether all results are wanted, those of several batches joined along the first axis.

        Yields:
            The number of the latest batch, and what the function has returned for it; with `joined`, what it has
            returned for all batches since the last turn.
        """
        whole, rest = divmod(self._rows, self._size)
        self.at = 0
        yield from self._run(whole, single, joined, whole if at_once else 1)
        if rest:
            result = self._function(self.batch(whole))
            self.at += 1
            yield whole, result

    def _run(self, end: int, single: bool, joined: bool, count: int) -> Iterator[tuple[int, Any]]:
        while self.at < end:
            begin = time.perf_counter()
            done, result = self._some(min(count, end - self.at), joined)
            took = time.perf_counter() - begin
            yield self.at - 1, result
            if single:
                continue
            if processes.spans():  # all of them have to take the same steps in one call, however fast they are
                count = min(2 * count, _TOGETHER)
            else:
                count = max(1, min(2 * count, int(_SLICE / max(took / done, 1e-9))))

    def _some(self, count: int, joined: bool) -> tuple[int, Any]:
        """Runs up to so many batches from where it is: how many there were, and the result."""
        found = self._executable(joined)
        done = 0
        if found is not None:
            concrete, executable = found
            rows = Rows(range(len(self._leaves)), self._order, self._size, self.at, count, joined)
            done, results = executable.run_rows([*self._leaves, *concrete.held], rows)
            self.at += done
            if results is not None:
                return done, concrete.wrapped(results)
        # the next one in the ordinary way: it raises the error, or does what takes Python
        result = self._function(self.batch(self.at))
        self.at += 1
        return done + 1, result

    def _executable(self, joined: bool) -> tuple[ConcreteFunction, Any] | None:
        """The trace for batches of this size as the engine runs it, where it takes whole arrays."""
        if functions_run_eagerly() or context.tapes() or context.scope() is not None:
            return None
        concrete = self._concrete
        if concrete is None:
            first = nest.map_structure(lambda leaf: leaf if leaf is None else leaf[: self._size], self._data)
            concrete = self._concrete = self._function.trace_of(first)
        executable = dispatch.compiled(concrete.graph)
        wanted = [value.dtype.numpy for value in concrete.graph.inputs[: len(self._leaves)]]
        if joined and not all(value.shape for value in concrete.graph.outputs):
            return None  # something without an axis to join along
        if not hasattr(executable, "run_rows") or [leaf.dtype for leaf in self._leaves] != wanted:
            return None
        return concrete, executable
