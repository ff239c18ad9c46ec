"""Graphs that are native in part: compiled pieces, and ops that run by their reference between them.

Nodes are told apart by whether they have a native form. A piece holds as many of one kind as can run together, so
that there are as few changes between the two as the order of data and effects allows. State is written to a
transaction that is committed when the last piece has run.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import flags
from weft.engines.base import Executable as AnyExecutable
from weft.engines.base import Hook
from weft.engines.native import cache, target
from weft.engines.native.bytewise.running import apply, settled
from weft.engines.native.cache import Named
from weft.engines.native.executable import Executable
from weft.engines.native.problems import Refused
from weft.engines.native.ranked import Ranked
from weft.ir.cutting import cut
from weft.ir.fingerprint import Fingerprint, Unkeyed
from weft.ir.graph import Graph, Node, Value
from weft.ops import interpreter
from weft.passes import pipeline

_log = logging.getLogger("weft.native")


def compile_graph(graph: Graph) -> AnyExecutable:
    """The fastest way to run a graph here."""
    return Ranked(graph, _known) if any(value.shape is None for value in graph.inputs) else _known(graph)


def compile_traced(graph: Graph) -> AnyExecutable:
    """The same for a graph that has not been through the passes, which are left out where its code is kept."""
    checked = flags.check()
    if checked or flags.debug() >= 2 or any(value.shape is None for value in graph.inputs):
        return compile_graph(pipeline.run(graph))
    machine = target.current()
    try:
        traced = Fingerprint(graph)
    except Unkeyed:
        return compile_graph(pipeline.run(graph))
    name = cache.key(traced.digest, machine, checked, "as traced")
    found = cache.note(name)
    if isinstance(found, list) and len(found) == 3 and set(found[1]) <= set(range(len(traced.symbols))):
        digest, places, fixed = found
        passed = functools.cache(lambda: pipeline.run(graph))
        symbols = [traced.symbols[place] for place in places]
        return Executable(
            graph, functools.cache(lambda: _written_out(passed())), machine, Named(digest, symbols), fixed, passed
        )
    made = compile_graph(pipeline.run(graph))
    # what the code calls a size must be found again without the passes
    if isinstance(made, Executable) and made.digest is not None and set(made.symbols) <= set(traced.symbols):
        places = [traced.numbers[symbol] for symbol in made.symbols]
        cache.write_note(name, [made.digest, places, list(made.fixed)])
    return made


def _known(graph: Graph) -> AnyExecutable:
    """The same for the graph as it is, whether or not all ranks are known."""
    machine = target.current()
    try:
        fingerprint = Fingerprint(graph)
    except Unkeyed:
        fingerprint = None
    name = None if fingerprint is None else cache.key(fingerprint.digest, machine, flags.check())
    known = None if name is None else cache.note(name)
    if isinstance(known, list) and fingerprint is not None and set(known) <= set(range(len(fingerprint.symbols))):
        return Executable(graph, functools.cache(lambda: _written_out(graph)), machine, fingerprint, known)
    return _compile(graph, machine, fingerprint, name)


def _compile(graph: Graph, machine: target.Target, fingerprint: Fingerprint | None, name: str | None) -> AnyExecutable:
    from weft.engines.native import rules
    from weft.engines.native.lower import Lowering

    assert rules
    written_out = _written_out(graph)
    made: Executable | None = None
    if not any(value.type.is_resource for value in graph.outputs):
        try:
            made = Executable(graph, lambda: written_out, machine, fingerprint)
        except Refused:
            made = None
    # where it has waited for a size, nodes behind the one that asked have not been looked at
    host = set() if made is not None and not made.fixed else Lowering(written_out).refused()
    if flags.debug() and host:
        _log.warning("%s: %d ops run on the host: %s", graph.name, len(host), ", ".join(sorted({n.op for n in host})))
    if not host and not any(value.type.is_resource for value in graph.outputs):
        if made is None:
            return _Whole(graph)
        if name is not None:
            cache.write_note(name, list(made.fixed))  # native as a whole: the next process need not find out
        return made
    if all(node in host or node.op in ("input", "constant") for node in written_out.nodes):
        return _Whole(graph)
    return Pieces(graph, written_out, host)


def _written_out(graph: Graph) -> Graph:
    from weft.engines.native.decompose import decompose  # not needed where the code is kept

    return decompose(graph)


class _Whole:
    """A graph that runs by the interpreter."""

    def __init__(self, graph: Graph) -> None:
        self._program = interpreter.Program(graph)

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs it."""
        return settled(self._program.start(inputs, hook, apply))


class Pieces:
    """A graph cut into native pieces and pieces for the host."""

    def __init__(self, original: Graph, graph: Graph, host: set[Node]) -> None:
        self.original = original
        self.graph = graph
        self._handles = [i for i, v in enumerate(graph.inputs) if v.type.is_resource]
        self._constants: dict[Executable, list[Any]] = {}
        self.pieces = [(part, None if part.on_host else _native(part.graph)) for part in cut(graph, host)]

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs the pieces in order; state is written when all have succeeded."""
        if hook is not None:
            return interpreter.program(self.original).start(inputs, hook)
        transaction = interpreter.Transaction(inputs, self._handles, interpreter.program(self.graph).written)
        with transaction.locks:
            results = settled(self._run(transaction))
            transaction.commit()
        return interpreter.unwrapped(results)

    def _run(self, transaction: interpreter.Transaction) -> list[Any]:
        values: dict[Value, Any] = dict(zip(self.graph.inputs, transaction.arguments, strict=True))
        for piece, native in self.pieces:
            if not piece.inputs and native is not None:
                values.update(zip(piece.outputs, self._once(native), strict=True))
                continue
            operands = [values[value] for value in piece.inputs]
            if native is not None:
                results = native.run(operands)
            else:
                results = interpreter.program(piece.graph).run(operands, {}, None, transaction, apply)
            values.update(zip(piece.outputs, results, strict=True))
            for value in piece.frees:
                values.pop(value, None)
        results = [values[value] for value in self.graph.outputs]
        return [result.copy() if _is_kept(result) else result for result in results]

    def _once(self, native: Executable) -> list[Any]:
        """The results of a piece that depends on nothing, which it gives every time."""
        found = self._constants.get(native)
        if found is None:
            found = native.run([])
            for array in found:
                array.flags.writeable = False
            self._constants[native] = found
        return found


def _is_kept(result: Any) -> bool:
    """Whether it is (a part of) what `_once` gives every time."""
    return isinstance(result, np.ndarray) and not result.flags.writeable


def _native(graph: Graph) -> Executable | None:
    """The code of a piece; None where it has a size that only the whole tells, and the host runs it as well."""
    try:
        fingerprint: Fingerprint | None = Fingerprint(graph)
    except Unkeyed:
        fingerprint = None
    try:
        return Executable(graph, lambda: graph, target.current(), fingerprint)
    except Refused:
        return None
