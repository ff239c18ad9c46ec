"""Graphs that are native in part: compiled pieces, and ops that run by their reference between them.

Nodes are told apart by whether they have a native form. A piece holds as many of one kind as can run together, so
that there are as few changes between the two as the order of data and effects allows. State is written to a
transaction that is committed when the last piece has run.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weft.base import flags
from weft.engines.base import Executable as AnyExecutable
from weft.engines.base import Hook
from weft.engines.native import cache, target
from weft.engines.native.cache import Fingerprint, Unkeyed
from weft.engines.native.executable import Executable
from weft.engines.native.problems import Refused
from weft.ir.cutting import numbers, part_of, wanted_by
from weft.ir.graph import Graph, Node, Value, symbol_sources
from weft.ops import interpreter

_log = logging.getLogger("weft.native")


def compile_graph(graph: Graph) -> AnyExecutable:
    """The fastest way to run a graph here."""
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
        return self._program.start(inputs, hook)


@dataclass(eq=False)
class _Piece:
    graph: Graph
    inputs: list[Value]  # of the whole graph, as the piece's inputs
    outputs: list[Value]
    native: Executable | None
    frees: list[Value]  # not needed after it


class Pieces:
    """A graph cut into native pieces and pieces for the host."""

    def __init__(self, original: Graph, graph: Graph, host: set[Node]) -> None:
        self.original = original
        self.graph = graph
        self._handles = [i for i, v in enumerate(graph.inputs) if v.type.is_resource]
        number = numbers(graph, host)
        self.pieces: list[_Piece] = []
        sources: Mapping[Any, Value] = symbol_sources(graph)
        members: dict[int, list[Node]] = {piece: [] for piece in sorted(set(number.values()))}
        for node in graph.nodes:
            if node in number:
                members[number[node]].append(node)
        wanted = {piece: wanted_by(nodes, sources) for piece, nodes in members.items()}
        used = {value for values in wanted.values() for value in values} | set(graph.outputs)
        for piece, nodes in members.items():
            inputs = wanted[piece]
            outputs = [value for node in nodes for value in node.outputs if value in used]
            sub = part_of(nodes, inputs, outputs, f"{graph.name}_{piece}")
            native: Executable | None = None
            if piece % 2 == 0:
                try:
                    native = _piece(sub)
                except Refused:
                    native = None  # the whole has a size that the piece cannot see: the host runs it as well
            self.pieces.append(_Piece(sub, inputs, outputs, native, []))
        kept = set(graph.outputs)
        for piece_ in reversed(self.pieces):
            for value in (*piece_.inputs, *piece_.outputs):
                if value not in kept:
                    kept.add(value)
                    piece_.frees.append(value)

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs the pieces in order; state is written when all have succeeded."""
        if hook is not None:
            return interpreter.program(self.original).start(inputs, hook)
        transaction = interpreter.Transaction(inputs, self._handles, interpreter.program(self.graph).written)
        with transaction.locks:
            results = self._run(transaction)
            transaction.commit()
        return interpreter.unwrapped(results)

    def _run(self, transaction: interpreter.Transaction) -> list[Any]:
        values: dict[Value, Any] = dict(zip(self.graph.inputs, transaction.arguments, strict=True))
        for piece in self.pieces:
            operands = [values[value] for value in piece.inputs]
            if piece.native is not None:
                results = piece.native.run(operands)
            else:
                results = interpreter.program(piece.graph).run(operands, {}, None, transaction)
            values.update(zip(piece.outputs, results, strict=True))
            for value in piece.frees:
                values.pop(value, None)
        return [values[value] for value in self.graph.outputs]


def _piece(graph: Graph) -> Executable:
    try:
        fingerprint: Fingerprint | None = Fingerprint(graph)
    except Unkeyed:
        fingerprint = None
    return Executable(graph, lambda: graph, target.current(), fingerprint)
