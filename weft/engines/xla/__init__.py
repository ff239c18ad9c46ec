"""The XLA engine: graphs compiled by XLA through jax, for processors, GPUs and TPUs.

jax is used by its public interface alone, and imported nowhere else. Its 64-bit types are on while this engine traces
and runs, and as the user has them outside: `jax.enable_x64` is a context here, never a setting of the process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weft.engines.base import Distribution, Executable
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter, opdef


class XlaEngine:
    """Compiles graphs by XLA; what has no lowering runs by its reference, between two compiled pieces."""

    name = "xla"

    def supports(self, op: str, types: Sequence[TensorType], attrs: Mapping[str, Any]) -> bool:
        """Whether there is a lowering for the op."""
        from weft.engines.xla import table

        return table.find(op) is not None

    def compile(self, graph: Graph) -> Executable:
        """The graph as jax runs it; it is traced when the sizes of its inputs are there."""
        from weft.engines.xla.pieces import Compiled

        return Compiled(graph)

    def execute(self, op: str, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
        """One op at once, by its reference: starting a device for a single op costs more than it saves."""
        return interpreter.evaluate(opdef.get(op), inputs, attrs)

    def devices(self) -> list[str]:
        """Those that jax sees."""
        from weft.engines.xla import sharding

        return sharding.names()

    def distribute(self, distribution: Distribution | None) -> None:
        """Shares what runs from now on."""
        from weft.engines.xla import sharding

        sharding.use(distribution)

    def join(self, address: str | None, count: int | None, number: int | None) -> None:
        """Makes this process one of several that work together, before anything has run.

        Args:
            address: Of the first process, host and port; None where the surroundings (a cluster's) tell.
            count: How many processes there are.
            number: Which of them this is, from 0 on.
        """
        import jax

        jax.distributed.initialize(coordinator_address=address, num_processes=count, process_id=number)

    def to_numpy(self, array: Any) -> Any:
        """The array in the host's memory."""
        import numpy as np

        return np.asarray(array)

    def from_numpy(self, array: Any) -> Any:
        """A numpy array on the device."""
        import jax
        import jax.numpy as jnp

        with jax.enable_x64(True):
            return jnp.array(array)


def create() -> XlaEngine:
    """The engine."""
    return XlaEngine()
