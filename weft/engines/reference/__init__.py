"""The reference engine: numpy, obvious, always there. What other engines are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weft.engines.base import Distribution, Hook, only_the_processor
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import direct, interpreter, opdef
from weft.ops.direct import Ready
from weft.ops.opdef import OpDef


class _Program:
    def __init__(self, graph: Graph) -> None:
        self._program = interpreter.Program(graph)

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        return self._program.start(inputs, hook)


class ReferenceEngine:
    """Runs every op by its `reference`."""

    name = "reference"

    def supports(self, op: str, types: Sequence[TensorType], attrs: Mapping[str, Any]) -> bool:
        """Every op in the table."""
        return op in opdef.names()

    def compile(self, graph: Graph) -> _Program:
        """The graph prepared for the interpreter."""
        return _Program(graph)

    def execute(self, op: str, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
        """The op's reference, applied."""
        return interpreter.evaluate(opdef.get(op), inputs, attrs)

    def prepare(self, record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Ready | None:
        """The op's reference, made ready."""
        return direct.prepare(record, inputs, attrs)

    def devices(self) -> list[str]:
        """The processor."""
        return ["cpu:0"]

    def distribute(self, distribution: Distribution | None) -> None:
        """Takes the processor alone."""
        only_the_processor(self.name, distribution)

    def to_numpy(self, array: Any) -> Any:
        """The array itself."""
        return array

    def from_numpy(self, array: Any) -> Any:
        """The array itself."""
        return array


def create() -> ReferenceEngine:
    """The engine."""
    return ReferenceEngine()
