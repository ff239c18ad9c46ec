"""What a caller holds of a compiled graph: arrays in, arrays out, state updated in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims
from weft.base.errors import InternalError
from weft.base.locks import Lock, Together
from weft.engines.base import Hook
from weft.engines.native.emit import Layout
from weft.engines.native.lower import Specialise
from weft.engines.native.program import Program, _Binding
from weft.engines.native.target import Target
from weft.ir.graph import Graph
from weft.ops import interpreter
from weft.passes.specialise import specialise

if TYPE_CHECKING:
    from weft.base.dims import Symbol

_REMEMBERED = 64  # combinations of sizes whose calls stay prepared


class Executable:
    """A graph whose nodes all have native forms.

    Args:
        original: The graph as it came: its ops check the sizes, and word the errors.
        graph: What is compiled: the same with larger ops written out.
        target: The machine.
    """

    def __init__(self, original: Graph, graph: Graph, target: Target) -> None:
        self.original = original
        self.graph = graph
        self.target = target
        self._fixed: list[Symbol] = []  # symbols whose sizes the code must know
        self._programs: dict[tuple[int, ...], Program] = {}
        self._calls: dict[Any, _Call] = {}
        self._lock = Lock()
        self._handles = [i for i, v in enumerate(graph.inputs) if v.type.is_resource]
        self._writes = bool(interpreter.program(graph).written)
        self._dtypes = [None if v.type.is_resource else v.dtype.numpy for v in graph.inputs]
        self._program({})  # so that what has no native form is known now

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs it; state is written in place where nobody else holds the array."""
        if hook is None and self._writes:
            # all cells, also those that are only read: who has taken an array must not wait for anybody
            with Together([inputs[index].lock for index in self._handles]):
                results = self._run(inputs)
        else:
            results = None if hook is not None else self._run(inputs)
        return interpreter.program(self.original).start(inputs, hook) if results is None else results

    def _run(self, inputs: Sequence[Any]) -> list[Any] | None:
        """The results; None where the reference has to run: it words the error, or does what native code cannot."""
        arrays = list(inputs)
        for index in self._handles:
            arrays[index] = inputs[index].read()
            if arrays[index] is None:
                return None  # a variable without a value
        with self._lock:
            call = self._call(arrays)
            return None if call is None else call.run(inputs, arrays)

    def _call(self, arrays: Sequence[Any]) -> _Call | None:
        key = tuple([array.shape for array in arrays])
        found = self._calls.get(key)
        if found is None:
            found = self._prepare(arrays)
            if found is not None:
                while len(self._calls) >= _REMEMBERED:
                    self._calls.pop(next(iter(self._calls)))
                self._calls[key] = found
        return found

    def _prepare(self, arrays: Sequence[Any]) -> _Call | None:
        known: dict[Symbol, int] = {}
        for value, array in zip(self.graph.inputs, arrays, strict=True):
            held = value.type.handle or value.type
            if held.shape is None or dims.bind(held.shape, array.shape, known) or array.dtype != held.dtype.numpy:
                return None
        if known and not interpreter.agree(self.original, known):
            return None
        program = self._program(known)
        try:
            binding = program.binding(known)
        except (ValueError, ZeroDivisionError):  # a size that cannot be computed
            return None
        return _Call(program, binding, self._dtypes)

    def _program(self, known: Mapping[Symbol, int]) -> Program:
        while True:
            if not known and self._fixed:
                raise Specialise(frozenset(self._fixed))
            key = tuple(known[symbol] for symbol in self._fixed)
            found = self._programs.get(key)
            if found is not None:
                return found
            sizes = dict(zip(self._fixed, key, strict=True))
            try:
                graph = specialise(self.graph, sizes) if sizes else self.graph
                found = self._programs[key] = Program(graph, self.target)
                return found
            except Specialise as more:
                new = [symbol for symbol in more.symbols if symbol not in self._fixed]
                if not new:
                    raise InternalError(f"{self.graph.name}: {more}") from None
                self._fixed += new
                self._programs.clear()
                if not known:
                    return None  # type: ignore[return-value]


class _Call:
    """A program with its sizes bound: what is left to do for a call is to fill in addresses."""

    def __init__(self, program: Program, binding: _Binding, dtypes: Sequence[Any]) -> None:
        self.program = program
        self.binding = binding
        head = Layout.HEADER
        written = set(program.written)
        self.inputs = [
            (index, head + source.buffer.slot, dtypes[index])
            for index, source in enumerate(program.inputs)
            if index not in written
        ]
        self.written = [(index, head + program.inputs[index].buffer.slot) for index in program.written]
        self.outputs = [
            (head + source.buffer.slot, shape, source.dtype.numpy)
            for source, shape in zip(program.outputs, binding.shapes, strict=True)
        ]

    def run(self, inputs: Sequence[Any], arrays: list[Any]) -> list[Any] | None:
        """Runs it on the inputs, whose cells' values lie in `arrays`; None where a check failed."""
        table = self.binding.table
        for index, slot, wanted in self.inputs:
            array = arrays[index]
            flags = array.flags
            if not (flags.c_contiguous and flags.aligned) or (wanted is not None and array.dtype != wanted):
                array = arrays[index] = np.ascontiguousarray(array, wanted)
            table[slot] = array.ctypes.data
        results = []
        for slot, shape, dtype in self.outputs:
            result = np.empty(shape, dtype)
            results.append(result)
            table[slot] = result.ctypes.data
        if not self.written:
            return results if self.program.run(self.binding) else None
        cells = [inputs[index] for index, _ in self.written]
        if len(set(map(id, cells))) < len(cells):
            return None  # two handles of one variable
        for index, _ in self.written:
            arrays[index] = None  # the cell alone holds it now
        replaced: list[tuple[Any, Any]] = []
        self.binding.flag[:] = 0
        try:
            for cell, (_, slot) in zip(cells, self.written, strict=True):
                array = cell.take()
                if array is None or not _suits(array):
                    array = np.array(cell.read(), order="C", copy=True)
                    replaced.append((cell, array))
                table[slot] = array.ctypes.data
            self.program.run(self.binding)
        finally:
            # Ctrl-C is told when the code has come to its end: then all is written, else nothing
            _end(cells, replaced if self.binding.succeeded() else [])
        return results if self.binding.succeeded() else None


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
