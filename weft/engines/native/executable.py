"""What a caller holds of a compiled graph: arrays in, arrays out, state updated in place."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims
from weft.base.errors import InternalError
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


class Executable:
    """A graph whose nodes all have native forms."""

    def __init__(self, graph: Graph, target: Target) -> None:
        self.graph = graph
        self.target = target
        self._fixed: list[Symbol] = []  # symbols whose sizes the code must know
        self._programs: dict[tuple[int, ...], Program] = {}
        self._calls: dict[Any, _Call] = {}
        self._lock = threading.Lock()
        self._handles = [i for i, v in enumerate(graph.inputs) if v.type.is_resource]
        self._dtypes = [None if v.type.is_resource else v.dtype.numpy for v in graph.inputs]
        self._program({})  # so that what has no native form is known now

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs it; state is written in place where nobody else holds the array."""
        if hook is not None:
            return interpreter.program(self.graph).start(inputs, hook)
        with self._lock:
            call = self._call(inputs)
            return self.graph_failed(inputs) if call is None else call.run(self, inputs)

    def graph_failed(self, inputs: Sequence[Any]) -> list[Any]:
        """Runs the reference instead: it words the error, or does what native code cannot (a variable without value)."""
        return interpreter.program(self.graph).start(inputs)

    def _call(self, inputs: Sequence[Any]) -> _Call | None:
        key = []
        for value, given in zip(self.graph.inputs, inputs, strict=True):
            if value.type.is_resource:
                held = given.read()
                key.append(None if held is None else held.shape)
            else:
                key.append(given.shape)
        found = self._calls.get(tuple(key))
        if found is None:
            if any(shape is None for shape in key):
                return None
            made = self._prepare(inputs)
            if made is None:
                return None
            found = self._calls[tuple(key)] = made
        return found

    def _prepare(self, inputs: Sequence[Any]) -> _Call | None:
        known: dict[Symbol, int] = {}
        for value, given in zip(self.graph.inputs, inputs, strict=True):
            held = value.type.handle or value.type
            array = given.read() if value.type.is_resource else given
            if held.shape is None or dims.bind(held.shape, array.shape, known) or array.dtype != held.dtype.numpy:
                return None
        program = self._program(known)
        return _Call(program, program.binding(known))

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

    def __init__(self, program: Program, binding: _Binding) -> None:
        self.program = program
        self.binding = binding
        head = Layout.HEADER
        self.inputs = [head + source.buffer.slot for source in program.inputs]
        self.outputs = [
            (head + source.buffer.slot, shape, source.dtype.numpy)
            for source, shape in zip(program.outputs, binding.shapes, strict=True)
        ]
        self.written = set(program.written)

    def run(self, executable: Executable, inputs: Sequence[Any]) -> list[Any]:
        table, held, replaced = self.binding.table, [], []
        cells: set[int] = set()
        for index, (slot, given) in enumerate(zip(self.inputs, inputs, strict=True)):
            wanted = executable._dtypes[index]
            if wanted is None:
                if id(given) in cells:
                    return executable.graph_failed(inputs)  # two handles of one variable
                cells.add(id(given))
                if index in self.written and not _ours(given):
                    array = np.array(given.read(), order="C", copy=True)
                    replaced.append((given, array))
                else:
                    array = given.read()
                    if not array.flags.c_contiguous:
                        array = np.ascontiguousarray(array)
            else:
                array = given
                if not array.flags.c_contiguous or array.dtype != wanted or not array.flags.aligned:
                    array = np.ascontiguousarray(array, wanted)
            held.append(array)
            table[slot] = array.ctypes.data
        results = []
        for slot, shape, dtype in self.outputs:
            result = np.empty(shape, dtype)
            results.append(result)
            table[slot] = result.ctypes.data
        if not self.program.run(self.binding):
            return executable.graph_failed(inputs)
        for cell, array in replaced:
            cell.write(array)
        return results


def _ours(cell: Any) -> bool:
    """Whether nobody but its cell holds a variable's array, so that it may change in place."""
    if getattr(type(cell), "tentative", False):
        return False
    array = cell.read()
    return bool(
        sys.getrefcount(array) <= _ALONE
        and array.base is None
        and array.flags.c_contiguous
        and array.flags.writeable
        and array.flags.aligned
    )


class _Probe:
    def __init__(self) -> None:
        self.value = np.zeros(1)

    def read(self) -> Any:
        return self.value


def _references(cell: Any) -> int:
    array = cell.read()
    return sys.getrefcount(array)


_ALONE = _references(_Probe())
