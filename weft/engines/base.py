"""What an engine is. Engines add speed, never meaning: what a graph means is the interpreter's answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from weft.base.errors import UnavailableError, explain
from weft.ir.graph import Graph, Node
from weft.ir.types import TensorType
from weft.ops.direct import Ready
from weft.ops.opdef import OpDef

#: Called after each node with the node and its results, where an engine can: for NaN hunting and profiles.
Hook = Callable[[Node, Sequence[Any]], None]


class Distribution(NamedTuple):
    """How work is shared by devices.

    Attributes:
        shape: Sizes of the grid of devices.
        axes: The names of its axes.
        devices: The names of the devices, in the grid's row-major order.
        batch_axis: The axis of the grid that batches are cut along; None where each device has all rows.
    """

    shape: tuple[int, ...]
    axes: tuple[str, ...]
    devices: tuple[str, ...]
    batch_axis: str | None


class Rows(NamedTuple):
    """Which rows of some inputs make which batch, for engines that take whole arrays.

    Attributes:
        places: Which inputs are cut into batches: arrays in row-major order, with the dtypes of the graph.
        order: `[n]`, int64: numbers of rows, batch after batch; None where they are taken as they lie.
        size: How many rows a batch has.
        first: The number of the first batch that is run.
        batches: How many are run.
        joined: Whether the results of all batches are wanted, joined along the first axis; else those of the last.
    """

    places: Sequence[int]
    order: Any
    size: int
    first: int
    batches: int
    joined: bool = False


def only_the_processor(engine: str, distribution: Distribution | None) -> None:
    """What engines for one processor say to a distribution.

    Raises:
        UnavailableError: Where there is more than one device in it.
    """
    if distribution is not None and len(distribution.devices) > 1:
        raise UnavailableError(explain(
            f"The {engine} engine runs on one device; {len(distribution.devices)} were asked for.",
            hint="set WEFT_ENGINE=xla (pip install 'weft[xla]') before starting",
        ))  # fmt: skip


#: where a result may go: (its number, its sizes, numpy's dtype) -> an array of them in row-major order
Room = Callable[[int, "tuple[int, ...]", Any], Any]


class Executable(Protocol):
    """A compiled graph.

    An engine's may also have `copies = True`, where neither results nor state share memory with inputs, and
    `run_rows(inputs, rows)`, which runs it on batch after batch: it returns how many batches were run, and the results
    (None where the next one has to go through `run`).

    It may have `takes_room = True`: then `run` takes a `Room`, too, and puts results there, unless the reference runs.

    It may have `begin(inputs, later)`, which takes what stands for arrays on a device, begins a run and gives what
    stands for its results. With `later`, errors may be raised when somebody looks at a
    result, by the thread's next run, or by the engine's `settle()`; `forget()` waits no more.
    """

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs it on arrays, with a cell (`read`, `write`) for each resource input.

        State is written when the whole graph has succeeded and stays as it was where it raises.
        """
        ...


class Engine(Protocol):
    """Compiles graphs and runs single ops.

    It may also have `compile_traced(graph)`, which takes a graph that has not been through the passes: it does what
    `compile` does behind them, or knows the result without.

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

    def prepare(self, record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Ready | None:
        """One op made ready to run on arrays of the dtypes and shapes of these; None where it has to be executed."""
        ...

    def devices(self) -> Sequence[str]:
        """The names of the devices that it can run on, such as `cpu:0`."""
        ...

    def distribute(self, distribution: Distribution | None) -> None:
        """Shares what runs from now on between devices; variables lie as the `layout` of their cells says.

        Raises:
            UnavailableError: Where it cannot.
        """
        ...

    def to_numpy(self, array: Any) -> Any:
        """An array of this engine as a numpy array."""
        ...

    def from_numpy(self, array: Any) -> Any:
        """A numpy array as one of this engine's."""
        ...
