"""Graphs that jax compiles in part: compiled pieces, and ops that run by their reference between them.

What has to run on the host is known of some nodes before (host effects, strings, ops whose result has a size that only
the data tells) and of others when the sizes are there and the graph is traced: it is then cut anew.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft.base import flags
from weft.base.errors import InternalError, UnavailableError
from weft.engines.base import Hook, Rows
from weft.engines.xla import ahead, resident, table
from weft.engines.xla.executable import Executable, Program, fits
from weft.engines.xla.walk import OF_SHAPES, Unlowered
from weft.ir.cutting import Part, cut
from weft.ir.graph import Graph, Node, Value
from weft.ops import interpreter, opdef
from weft.ops.opdef import Effect
from weft.passes.simplify import inline_calls

_log = logging.getLogger("weft.xla")


def _is_of_host(value: Value) -> bool:
    """Whether a value can only be held by the host."""
    return value.type.is_host or value.dtype.name == "variant"


def _has_to_be_host(node: Node) -> bool:
    """Whether a node can never run in compiled code, whatever the sizes."""
    if node.op == "input":
        return False
    record = opdef.get(node.op)
    values = (*node.inputs, *node.outputs)
    if record.effect is Effect.HOST or any(map(_is_of_host, values)):
        return True
    if any(v.type.is_resource for v in node.outputs):
        return True
    if any(_has_to_be_host(inner) for graph in node.subgraphs() for inner in graph.nodes):
        return True
    if node.op == "constant" or node.op in OF_SHAPES:
        return False
    return table.find(node.op) is None and record.decompose is None


class Compiled:
    """A graph as jax runs it: as a whole where that is possible, else in pieces."""

    copies = True

    def __init__(self, graph: Graph) -> None:
        self.original = graph
        self.graph = inline_calls(graph)
        self.host = {node for node in self.graph.nodes if _has_to_be_host(node)}
        self._whole: Executable | None = None
        self._pieces: _Pieces | None = None
        ends = (*self.graph.inputs, *self.graph.outputs)
        passes = any(map(_is_of_host, ends))  # such as text that goes through untouched, or that nothing asks for
        if not (self.host or passes or any(value.type.is_resource for value in self.graph.outputs)):
            self._whole = Executable(graph, self.graph)

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs it; state is written when all of it has succeeded."""
        if hook is not None:
            return interpreter.program(self.original).start([_on_host(value) for value in inputs], hook)
        if self._whole is not None:
            try:
                return self._whole.run(inputs)
            except Unlowered as found:
                self._give_up(found)
        return self._in_pieces(inputs)

    def begin(self, inputs: Sequence[Any], later: bool = False) -> list[Any]:
        """Begins a run; its results are arrays, or what stands for them on the device until somebody looks.

        Args:
            inputs: As for `run`.
            later: Whether an error may be raised later: when a result is looked at, or the next run begins.
        """
        if self._whole is not None:
            try:
                return self._whole.begin(inputs, later)
            except Unlowered as found:
                self._give_up(found)
        return self._in_pieces(inputs)

    def _in_pieces(self, inputs: Sequence[Any]) -> list[Any]:
        ahead.settle()
        own = [value.copy() if type(value) is np.ndarray else value for value in inputs]
        if self._pieces is None:
            self._pieces = _Pieces(self.graph, self.host)
        results = self._pieces.run(own)
        for late in self._pieces.learned:
            self._give_up(late)
        return results

    def text(self, inputs: Sequence[Any], stage: str) -> str:
        """The program that XLA is given (`"hlo"`), or has made of it (`"optimized_hlo"`).

        Raises:
            UnavailableError: For a graph of which parts run on the host.
            ValueError: For another stage.
        """
        if self._whole is None:
            raise UnavailableError("Parts of this function run on the host: there is no one program of it.")
        return self._whole.program.text(inputs, stage)

    def run_rows(self, inputs: Sequence[Any], rows: Rows) -> tuple[int, list[Any] | None]:
        """Runs it on rows of arrays, batch after batch, where it is compiled as a whole."""
        if self._whole is None or not rows.batches:
            return 0, None
        try:
            return self._whole.run_rows(inputs, rows)
        except Unlowered as found:
            self._give_up(found)
            return 0, None

    def _give_up(self, found: Unlowered) -> None:
        self._whole = self._pieces = None
        if found.node in self.host:
            raise InternalError(f"{found} runs on the host already.")
        # a node of a sub-graph cannot run on the host alone: what holds it does
        holder = next(node for node in self.graph.nodes if node is found.node or _holds(node, found.node))
        if flags.debug():
            _log.warning("%s: %s; it runs on the host", self.original.name, found)
        self.host.add(holder)


def _holds(node: Node, inner: Node) -> bool:
    return any(each is inner or _holds(each, inner) for graph in node.subgraphs() for each in graph.nodes)


@dataclass(eq=False)
class _Piece:
    part: Part
    compiled: Program | None
    nodes: dict[Node, Node]  # of the piece -> of the whole


class _Pieces:
    """A graph cut into compiled pieces and pieces for the host."""

    def __init__(self, graph: Graph, host: set[Node]) -> None:
        self.graph = graph
        self._handles = [i for i, v in enumerate(graph.inputs) if v.type.is_resource]
        self.learned: list[Unlowered] = []  # nodes that turned out to need the host
        self.pieces = []
        for part in cut(graph, host):
            # a piece of constants alone is as well off on the host
            compiles = not part.on_host and any(node.op != "constant" for node in part.nodes)
            compiled = Program(part.graph, donates=False) if compiles else None
            self.pieces.append(_Piece(part, compiled, part.original()))

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """Runs the pieces in order; state is written when all have succeeded."""
        transaction = interpreter.Transaction(inputs, self._handles, interpreter.program(self.graph).written)
        with transaction.locks:
            results = self._run(transaction)
            transaction.commit()
        return interpreter.unwrapped([_on_host(result) for result in results])

    def _run(self, transaction: interpreter.Transaction) -> list[Any]:
        values: dict[Value, Any] = dict(zip(self.graph.inputs, transaction.arguments, strict=True))
        for piece in self.pieces:
            operands = [values[value] for value in piece.part.inputs]
            results = self._compiled(piece, operands)
            if results is None:
                operands = [_on_host(value) for value in operands]
                results = interpreter.program(piece.part.graph).run(operands, {}, None, transaction)
            values.update(zip(piece.part.outputs, results, strict=True))
            for value in piece.part.frees:
                values.pop(value, None)
        return [values[value] for value in self.graph.outputs]

    def _compiled(self, piece: _Piece, operands: Sequence[Any]) -> list[Any] | None:
        """The results of a piece; None where the host has to run it, be it only to word an error."""
        if piece.compiled is None or not fits(piece.part.graph, operands):
            return None
        try:
            return piece.compiled.run([_sizes_alone(value) for value in operands])
        except Unlowered as found:  # this time the host runs all of the piece: others have run already
            self.learned.append(Unlowered(self._outer(piece, found.node), found.why))
            return None

    def _outer(self, piece: _Piece, node: Node) -> Node:
        """The node of the whole that a node of a piece stands for, or that holds it."""
        return next(outer for inner, outer in piece.nodes.items() if inner is node or _holds(inner, node))


def _sizes_alone(value: Any) -> Any:
    """Of text, of which compiled code can use the sizes alone, numbers of these sizes; others as they are."""
    return np.zeros(value.shape, np.bool_) if isinstance(value, np.ndarray) and value.dtype.kind == "O" else value


def _on_host(value: Any) -> Any:
    """A value with jax's arrays fetched."""
    if isinstance(value, resident.Resident):
        return value.fetch()
    return value if type(value) is np.ndarray or not hasattr(value, "addressable_shards") else resident.fetched(value)
