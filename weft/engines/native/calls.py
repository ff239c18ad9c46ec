"""Prepared calls: a program with its sizes bound, for which only addresses are left to fill in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base.errors import explain
from weft.engines.base import Room, Rows
from weft.engines.native import threads
from weft.engines.native.arrays import entry, signature
from weft.engines.native.program import Binding, Program, Stamps, show_bytes
from weft.engines.native.stepping import GATHERING

_CHUNK = 1 << 15  # bytes that one thread gathers at a time


class Call:
    """A program for some sizes.

    Args:
        program: What to run.
        binding: Its table for the sizes.
        dtypes: The inputs' dtypes; None for cells.
        arrays: Inputs of these sizes.
    """

    def __init__(
        self, program: Program, binding: Binding, dtypes: Sequence[Any], arrays: Sequence[Any]
    ) -> None:
        self.program = program
        self.binding = binding
        image = program.image
        self._match = threads.pool(program.target).driver.match
        self._slots = [given.slot for given in image.inputs]
        self._dtypes = [given.dtype.numpy for given in image.inputs]
        self.written = image.written
        self.handles = [index for index, dtype in enumerate(dtypes) if dtype is None]
        self._plain = [index for index, _ in enumerate(dtypes) if index not in image.written]
        self.outputs = [
            (output.slot, shape, output.dtype.numpy)
            for output, shape in zip(image.outputs, binding.shapes, strict=True)
        ]
        state = set(image.written)
        self._inputs = signature([
            entry(array.shape, dtype, slot, index in state)
            for index, (array, dtype, slot) in enumerate(zip(arrays, self._dtypes, self._slots, strict=True))
        ])
        self._results = signature([entry(shape, dtype, slot) for slot, shape, dtype in self.outputs])
        self._both = np.concatenate([self._inputs, self._results[1:]])
        self._inputs_address, self._results_address = self._inputs.ctypes.data, self._results.ctypes.data
        self._both_address, self._count = self._both.ctypes.data, len(self._slots) + len(self.outputs)
        self._staging: dict[int, np.ndarray[Any, Any]] = {}

    def fits(self, arrays: list[Any]) -> bool:
        """Whether these arrays are of the sizes; then their addresses, or those of copies, are in the table."""
        match = self._match
        if match is None:
            return False
        count = len(self._slots)
        found = match(id(arrays), self._inputs_address, count, self.binding.table_address)
        while found < count:
            array = arrays[found]
            if type(array) is not np.ndarray or array.flags.c_contiguous or found in self.written:
                return False
            arrays[found] = array.copy(order="C")
            found = match(id(arrays), self._inputs_address, count, self.binding.table_address)
        return True

    def ready(self, arrays: list[Any], room: Room | None = None) -> list[Any] | None:
        """Arrays for the results, where these are of the sizes; then all addresses are in the table."""
        if room is None:
            results = self._empty()
        else:
            results = [room(number, shape, dtype) for number, (_, shape, dtype) in enumerate(self.outputs)]
        match = self._match
        if match is None:
            return None
        both = arrays + results
        if match(id(both), self._both_address, self._count, self.binding.table_address) == self._count:
            return results
        return self._make_results() if self.fits(arrays) else None

    def run(
        self, inputs: Sequence[Any], arrays: list[Any], results: list[Any] | None, stamps: Stamps = None
    ) -> list[Any] | None:
        """Runs it on the inputs, whose cells' values lie in `arrays`; None where a check failed.

        `results` are what `ready` gave, `stamps` those of the cells, read before their values.
        """
        filled = results is not None
        if results is None:
            self._fill(arrays)
            results = self._make_results()
        if not self.written:
            return results if self.program.run(self.binding, stamps) else None
        done = self._change(inputs, arrays, filled, 1, 0, [], [])
        return results if done else None

    def run_rows(
        self, inputs: Sequence[Any], arrays: list[Any], rows: Rows, stamps: Stamps = None
    ) -> tuple[int, list[Any] | None]:
        """Runs it on batch after batch; `inputs` hold the whole arrays, `arrays` a first batch of them."""
        if not self.fits(arrays):
            self._fill(arrays)
        moves: list[int] = []
        gathering: list[list[int]] = []
        if rows.order is None:
            for place in rows.places:
                moves += [self._slots[place], inputs[place].ctypes.data, rows.size * _row(inputs[place])]
        else:
            gathering = self._gather(inputs, rows, moves)
        if rows.joined:
            results = self._empty(rows.batches)
            for (slot, _, _), result in zip(self.outputs, results, strict=True):
                each = result.nbytes // rows.batches
                moves += [slot, result.ctypes.data - rows.first * each, each]
        else:
            results = self._make_results()
        done = self._batches(inputs, arrays, rows, moves, gathering, stamps)
        if done == rows.batches:
            return done, results
        if rows.joined and done:
            return done, [result[: len(result) // rows.batches * done] for result in results]
        return done, None

    def _batches(
        self, inputs: Sequence[Any], arrays: list[Any], rows: Rows, moves: list[int], gathering: list[list[int]],
        stamps: Stamps,
    ) -> int:  # fmt: skip
        """Runs all batches, the steady phases with the first one alone. How many have succeeded."""
        binding = self.binding
        if self.written:
            return self._change(inputs, arrays, False, rows.batches, rows.first, moves, gathering)
        pool = self.program.ready(binding)
        rest = binding.begin(stamps)
        first = 1 if not rest and binding.skips(stamps) else rows.batches
        done = 0
        for steps in (first, rows.batches - first):
            if not steps:
                break
            now = self._steps(rest, steps, rows.first + done, moves, gathering, pool)
            rest, done = binding.end(stamps, now), done + now
            if now < steps:
                break
        return done

    def _gather(self, inputs: Sequence[Any], rows: Rows, moves: list[int]) -> list[list[int]]:
        """The phase that gathers rows into arrays of their own."""
        binding, order = self.binding, rows.order
        assert order is not None
        gather = threads.pool(self.program.target).driver.gather
        kernels: list[int] = []
        total = 0
        for number, place in enumerate(rows.places):
            source = inputs[place]
            goal = self._staging.get(place)
            if goal is None:
                goal = self._staging[place] = np.empty((rows.size, *source.shape[1:]), source.dtype)
            size = _row(source)
            each = max(1, min(rows.size, _CHUNK // max(1, size)))
            chunks = -(-rows.size // each)
            where = binding.spare + GATHERING * number
            binding.table[where : where + GATHERING] = (
                source.ctypes.data, size, rows.size, order.ctypes.data, goal.ctypes.data, each
            )  # fmt: skip
            binding.table[self._slots[place]] = goal.ctypes.data
            moves += [where + 3, order.ctypes.data, rows.size * order.itemsize]
            kernels += [gather, chunks, where]
            total += chunks
        return [[len(rows.places), 0, total, total, *kernels]]

    def _fill(self, arrays: list[Any]) -> None:
        """Puts addresses into the table; of arrays that are not as code needs them those of copies."""
        table = self.binding.table
        for index in self._plain:
            array, wanted = arrays[index], self._dtypes[index]
            flags = array.flags
            if not (flags.c_contiguous and flags.aligned) or array.dtype != wanted:
                array = arrays[index] = np.ascontiguousarray(array, wanted)
            table[self._slots[index]] = array.ctypes.data

    def _empty(self, batches: int = 1) -> list[Any]:
        """Arrays for the results, or for those of several batches one behind the other."""
        try:
            if batches == 1:
                return [np.empty(shape, dtype) for _, shape, dtype in self.outputs]
            return [np.empty((batches * shape[0], *shape[1:]), dtype) for _, shape, dtype in self.outputs]
        except (MemoryError, ValueError):  # numpy raises the other one where no computer has so much
            raise MemoryError(self._shortage(batches)) from None

    def _shortage(self, batches: int) -> str:
        sizes = [math.prod(shape) * dtype.itemsize * batches for _, shape, dtype in self.outputs]
        found = zip(sizes, self.outputs, strict=True)
        return explain(
            f"{self.program.name}: there is not enough memory for its results.",
            expected=f"{show_bytes(sum(sizes))}",
            received=[f"{dtype.name}{list(shape)}" + (f" in each of {batches} batches" if batches > 1 else "")
                      + f": {show_bytes(size)}" for size, (_, shape, dtype) in found][:5],
            hint="fewer rows at a time need less",
        )  # fmt: skip

    def _make_results(self) -> list[Any]:
        results = self._empty()
        match, table = self._match, self.binding.table_address
        if match is None or match(id(results), self._results_address, len(results), table) < len(results):
            for (slot, _, _), result in zip(self.outputs, results, strict=True):
                self.binding.table[slot] = result.ctypes.data
        return results

    def _steps(
        self, rest: bool, steps: int, first: int, moves: list[int], gathering: list[list[int]],
        pool: threads.Pool | None = None,
    ) -> int:  # fmt: skip
        words = np.array(moves or [0], np.int64)
        return self.program.steps(
            self.binding, rest, steps, first, words.ctypes.data, len(moves) // 3, pool, gathering
        )

    def _change(
        self, inputs: Sequence[Any], arrays: list[Any], filled: bool, steps: int, first: int, moves: list[int],
        gathering: list[list[int]],
    ) -> int:  # fmt: skip
        """Runs steps that write state, in place where nobody else holds it. How many have succeeded."""
        cells = [inputs[index] for index in self.written]
        if len({id(inputs[index]) for index in self.handles}) < len(self.handles):
            return 0  # two handles of one variable
        for index in self.written:
            arrays[index] = None  # the cell alone holds it now
        binding = self.binding
        replaced: list[tuple[Any, Any]] = []
        binding.flag[1] = 0
        try:
            for cell, index in zip(cells, self.written, strict=True):
                array = cell.take()
                if array is None or not (filled or _suits(array)):
                    array = np.array(cell.read(), order="C", copy=True)
                    replaced.append((cell, array))
                elif filled:
                    continue
                binding.table[self._slots[index]] = array.ctypes.data
            if moves or steps > 1:
                return self._steps(False, steps, first, moves, gathering)
            return self.program.steps(binding)
        finally:
            # Ctrl-C is told when the code has come to its end: then all is written, else nothing
            _end(cells, replaced if binding.succeeded() else [])


def _row(array: np.ndarray[Any, Any]) -> int:
    """The bytes of one row."""
    return array.nbytes // len(array)


def _end(cells: Sequence[Any], replaced: Sequence[tuple[Any, Any]]) -> None:
    """Ends all changes: Ctrl-C between two of them waits for the rest."""
    try:
        _put_back(cells, replaced)
    except KeyboardInterrupt:
        _put_back(cells, replaced)
        raise


def _put_back(cells: Sequence[Any], replaced: Sequence[tuple[Any, Any]]) -> None:
    for cell in cells:
        cell.put_back()
    for cell, array in replaced:
        cell.write(array)


def _suits(array: np.ndarray[Any, Any]) -> bool:
    """Whether native code can change an array in place."""
    flags = array.flags
    return array.base is None and flags.c_contiguous and flags.writeable and flags.aligned
