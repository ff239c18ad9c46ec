"""What an engine is. Engines add speed, never meaning: what a graph means is the interpreter's answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from weft.ir.graph import Graph, Node
from weft.ir.types import TensorType

#: Called after each node with the node and its results, where an engine can: for NaN hunting and profiles.
Hook = Callable[[Node, Sequence[Any]], None]


class Executable(Protocol):
    """A compiled graph."""

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs it on arrays, with a cell (`read`, `write`) for each resource input.

        State is written when the whole graph has succeeded and stays as it was where it raises.
        """
        ...


class Engine(Protocol):
    """Compiles graphs and runs single ops.

    Attributes:
        name: As in `WEFT_ENGINE`.
    """

    name: str

    def supports(self, op: str, types: Sequence[TensorType], attrs: Mapping[str, Any]) -> bool:
        """Whether it runs the op itself, rather than by decomposition or on the host."""
        ...

    def compile(self, graph: Graph) -> Executable:
        """Prepares a graph for running many times."""
        ...

    def execute(self, op: str, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
        """Runs one op at once."""
        ...

    def to_numpy(self, array: Any) -> Any:
        """An array of this engine as a numpy array."""
        ...

    def from_numpy(self, array: Any) -> Any:
        """A numpy array as one of this engine's."""
        ...
