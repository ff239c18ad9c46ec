"""The XLA engine: graphs compiled by XLA through jax, for processors, GPUs and TPUs.

jax is used by its public interface alone, and imported nowhere else. Its 64-bit types are on while this engine traces
and runs, and as the user has them outside: `jax.enable_x64` is a context here, never a setting of the process.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from weft.base import accelerators
from weft.base.errors import explain
from weft.engines.base import Distribution, Executable
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import direct, interpreter, opdef
from weft.ops.direct import Ready
from weft.ops.opdef import OpDef


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

    def prepare(self, record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Ready | None:
        """The op's reference, made ready."""
        return direct.prepare(record, inputs, attrs)

    def settle(self) -> None:
        """Waits for the run whose checks were to be heard of later, and raises what it was wrong about."""
        from weft.engines.xla import ahead

        ahead.settle()

    def forget(self) -> None:
        """Leaves that run to itself."""
        from weft.engines.xla import ahead

        ahead.forget()

    def devices(self) -> list[str]:
        """Those that jax sees."""
        from weft.engines.xla import sharding

        return sharding.names()

    def distribute(self, distribution: Distribution | None) -> None:
        """Shares what runs from now on."""
        from weft.engines.xla import sharding

        sharding.use(distribution)

    def join(self, address: str | None, count: int | None, number: int | None, timeout: float) -> None:
        """Makes this process one of several that work together, before anything has run.

        Args:
            address: Of the first process, host and port; None where the surroundings (a cluster's) tell.
            count: How many processes there are.
            number: Which of them this is, from 0 on.
            timeout: Seconds after which waiting for others is an error.
        """
        from weft.engines.xla import processes

        processes.join(address, count, number, timeout)

    def processes(self) -> tuple[int, int]:
        """Which of several processes this is, and how many there are."""
        import jax

        return jax.process_index(), jax.process_count()

    def divide_processor(self, count: int) -> None:
        """Makes so many devices of this processor; before they are used.

        Raises:
            RuntimeError: Where they have been used already.
        """
        import jax

        try:
            jax.config.update("jax_num_cpu_devices", count)
        except RuntimeError:
            if len(jax.devices("cpu")) != count:
                raise RuntimeError(explain(
                    "Physical devices cannot be modified after being initialized.",
                    received=f"{count} parts of the processor, which is {len(jax.devices('cpu'))} already",
                    hint="divide it at the start of the program",
                )) from None  # fmt: skip

    def grows(self) -> bool:
        """Whether an accelerator's memory is taken as it is needed, rather than most of it at the start."""
        return os.environ.get("XLA_PYTHON_CLIENT_PREALLOCATE", "true").strip().lower() in ("false", "0")

    def grow(self, enable: bool) -> bool:
        """Says whether memory is taken as it is needed; False where that is settled, since devices are in use."""
        import jax

        if enable != self.grows():
            count = jax.config.jax_num_cpu_devices
            try:  # a change that jax refuses once it has its devices
                jax.config.update("jax_num_cpu_devices", 2 if count != 2 else 3)
                jax.config.update("jax_num_cpu_devices", count)
            except RuntimeError:
                return False
            os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false" if enable else "true"
        return True

    def prefer(self, name: str) -> None:
        """Computes on a device, such as `GPU:0`, what is not said to run elsewhere."""
        import jax

        from weft.engines.xla import sharding

        jax.config.update("jax_default_device", sharding.device(name))

    def on_device(self, name: str) -> Any:
        """A block in which compiled code runs on a device, such as `GPU:0`.

        Raises:
            UnavailableError: Where it is not there.
        """
        import jax

        from weft.engines.xla import sharding

        return jax.default_device(sharding.device(name))

    def has_accelerators(self) -> bool:
        """Whether there may be devices beside the processor; without starting it where none can be."""
        if os.environ.get("JAX_PLATFORMS", "").strip() == "cpu":
            return False
        if accelerators.usable():
            return True
        # other makers' plugins enter themselves in a namespace of their own
        return not accelerators.shown() and importlib.util.find_spec("jax_plugins") is not None

    def devices_here(self) -> list[str]:
        """Those devices that are this process's own."""
        from weft.engines.xla import sharding

        return sharding.names_here()

    def spans(self) -> bool:
        """Whether what runs now is shared with other processes."""
        from weft.engines.xla import processes, sharding

        return processes.joined() and sharding.spans(sharding.current())

    def told(self, data: bytes) -> list[bytes]:
        """What each process gives, in all of them."""
        from weft.engines.xla import processes

        return processes.told(data)

    def parts(self, cell: Any) -> tuple[tuple[int, ...], list[tuple[tuple[int, ...], Any]]] | None:
        """Of a cell cut over processes: its shape, where the pieces start that this one is to write, and they."""
        from weft.engines.xla import resident

        return resident.parts(cell)

    def agreed(self, arrays: Sequence[Any]) -> list[Any]:
        """Arrays as the first process has them; all processes give some of the same shapes and dtypes."""
        from weft.engines.xla import processes

        return processes.agreed(arrays)

    def assembled(
        self, parts: Sequence[Sequence[Any]], ended: bool, distribution: Distribution | None = None
    ) -> tuple[list[Any], list[int]] | None:
        """A batch of the rows that each process has.

        Args:
            parts: This process's own, as many in each process: arrays each, with rows along their first axis.
            ended: Whether its data have come to their end; the parts have no rows then.
            distribution: Over which devices batches are cut; as what runs now is shared where None.

        Returns:
            The batch's arrays, and how many rows each part had; None where the data of all have ended.
        """
        from weft.engines.xla import processes, resident, sharding

        chosen = distribution or sharding.current()
        assert chosen is not None
        found = processes.assembled(parts, ended, sharding.rows_of(chosen))
        if found is None:
            return None
        arrays, sizes = found
        return [a if isinstance(a, np.ndarray) else resident.Resident(a) for a in arrays], sizes

    def to_numpy(self, array: Any) -> Any:
        """The array in the host's memory."""
        return np.asarray(array)

    def from_numpy(self, array: Any) -> Any:
        """A numpy array on the device."""
        import jax
        import jax.numpy as jnp

        with jax.enable_x64(True):
            return jnp.array(array)


def create() -> XlaEngine:
    """The engine. An accelerator's memory is taken as it is needed, unless TF_FORCE_GPU_ALLOW_GROWTH says no."""
    grows = os.environ.get("TF_FORCE_GPU_ALLOW_GROWTH", "true").strip().lower() not in ("false", "0")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false" if grows else "true")  # jax reads it when it starts
    return XlaEngine()
