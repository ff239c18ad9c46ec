"""What a caller holds of a graph that jax compiles: arrays in, arrays out, variables kept on the device.

jax compiles for each combination of sizes, kinds of input and variables that are the same one. State that a run writes
is donated: its memory becomes that of the new values. A run that fails gives the old values back as the new ones, so
that nothing has changed when the reference runs the step again to word the error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from weft.base import dims
from weft.base.errors import explain
from weft.base.locks import Together
from weft.engines.base import Distribution, Hook, Rows
from weft.engines.xla import processes, resident
from weft.engines.xla.sharding import Placement, placement
from weft.engines.xla.walk import Place, Refused, Walk
from weft.ir.graph import Graph
from weft.ops import interpreter


class Key(NamedTuple):
    """What a program is compiled for, beyond sizes.

    Attributes:
        same: For each handle the number of its variable: two handles may be of one.
        placement: Where operands lie on several devices; None on one.
    """

    same: tuple[int, ...]
    placement: Placement | None


class Reshaped(Exception):
    """Raised while tracing: a variable is given a value of another shape, so its memory cannot be handed on."""


class Program:
    """A graph as a function that jax compiles.

    Args:
        graph: What is computed.
        donates: Whether it takes over the memory of state that it writes.
    """

    def __init__(self, graph: Graph, donates: bool = True) -> None:
        self.graph = graph
        prepared = interpreter.program(graph)
        self.handles = prepared.resources
        self.written = frozenset(prepared.written)
        captured = set(graph.captures.values())
        #: of each input that is an array, whether it is an argument: those are cut into batches for several devices
        self.batched = [v not in captured for v in graph.inputs if not v.type.is_resource]
        self._replicas = _replicas(graph)
        self._donates = donates
        self._compiled = self._compile()

    def _compile(self) -> Any:
        return jax.jit(self.traced, static_argnums=(0,), donate_argnums=(1,) if self._donates else ())

    def traced(
        self, key: Key, changed: Sequence[Any], fixed: Sequence[Any], arrays: Sequence[Any]
    ) -> tuple[list[Any], list[Any], Any]:
        """The graph under jax's tracing.

        Args:
            key: Which handles are of which variables, and where those lie.
            changed: What the variables hold that are written.
            fixed: What the others hold.
            arrays: The other inputs.

        Returns:
            The outputs, what the written variables hold then, and whether a check has failed (None without checks).
        """
        places, kept = self._places(key, changed, fixed)
        walk = Walk(kept, guards=self._donates)
        handles, supply = iter(key.same), iter(arrays)
        operands = [places[next(handles)] if value.type.is_resource else next(supply) for value in self.graph.inputs]
        outputs = [jnp.asarray(output) for output in walk.graph(self.graph, operands, {})]
        failed = walk.failed()
        written = self.written_of(key)
        if self._donates:
            for number in written:
                walk.guard(places[number])
        after = [walk.state[places[number]] for number in written]
        if self._donates and any(new is not None and old is not None and new.shape != old.shape
                                 for new, old in zip(after, changed, strict=True)):  # fmt: skip
            raise Reshaped
        if key.placement is not None:
            if key.placement.spans():  # else each process would hold parts of results only
                outputs = [lax.with_sharding_constraint(output, key.placement.whole()) for output in outputs]
            after = [lax.with_sharding_constraint(new, key.placement.state(n)) for n, new in
                     zip(written, after, strict=True)]  # fmt: skip
        return outputs, after, failed

    def _places(
        self, key: Key, changed: Sequence[Any], fixed: Sequence[Any]
    ) -> tuple[dict[int, Place], dict[Place, Any]]:
        places: dict[int, Place] = {}
        for index, number in zip(self.handles, key.same, strict=True):
            held = self.graph.inputs[index].type
            places.setdefault(number, Place(held))
        written = self.written_of(key)
        values = dict(zip(written, changed, strict=True))
        values.update(zip([n for n in places if n not in values], fixed, strict=True))
        return places, {place: values[number] for number, place in places.items()}

    def written_of(self, key: Key) -> list[int]:
        """The numbers of the variables that are written."""
        return list(dict.fromkeys(n for i, n in zip(self.handles, key.same, strict=True) if i in self.written))

    def cells(self, inputs: Sequence[Any]) -> tuple[Key, dict[int, Any]]:
        """What to compile for, and the cells by their numbers."""
        cells: dict[int, Any] = {}
        numbers: dict[int, int] = {}
        same = []
        for index in self.handles:
            number = numbers.setdefault(id(inputs[index]), len(numbers))
            cells[number] = inputs[index]
            same.append(number)
        return Key(tuple(same), placement(cells, self._replicas)), cells

    def run(self, inputs: Sequence[Any]) -> list[Any] | None:
        """The outputs, with state written; None where the reference has to run."""
        key, cells = self.cells(inputs)
        if key.placement is not None and key.placement.spans():
            return processes.together(lambda: self._run(inputs, key, cells))
        return self._run(inputs, key, cells)

    def _arrays(self, inputs: Sequence[Any], at: Placement | None) -> list[Any]:
        """The inputs that are no variables, where they belong."""
        arrays = [on_device(inputs[i]) for i, value in enumerate(self.graph.inputs) if not value.type.is_resource]
        if at is None:
            return arrays
        return [resident.placed(array, at.batch(array.shape) if mine else at.whole())
                for array, mine in zip(arrays, self.batched, strict=True)]  # fmt: skip

    def text(self, inputs: Sequence[Any], stage: str) -> str:
        """The program before it is optimised (`"hlo"`) or after (`"optimized_hlo"`).

        Raises:
            ValueError: For another stage.
        """
        if stage not in ("hlo", "optimized_hlo"):
            raise ValueError(explain("experimental_get_compiler_ir: there is no such stage.", received=repr(stage),
                                     expected="'hlo' or 'optimized_hlo'"))  # fmt: skip
        key, cells = self.cells(inputs)
        written, at = self.written_of(key), key.placement
        with jax.enable_x64(True):
            fixed = [resident.held(cells[n], at and at.state(n)) for n in cells if n not in written]
            changed = [resident.held(cells[n], at and at.state(n)) for n in written]
            lowered = self._compiled.lower(key, changed, fixed, self._arrays(inputs, at))
            found = lowered.as_text("hlo") if stage == "hlo" else lowered.compile().as_text()
        return str(found)

    def _run(self, inputs: Sequence[Any], key: Key, cells: dict[int, Any]) -> list[Any] | None:
        written, at = self.written_of(key), key.placement
        with jax.enable_x64(True):
            if at is not None and at.spans():
                resident.share(cells.values(), [at.state(n) for n in cells])
            fixed = [resident.held(cells[n], at and at.state(n)) for n in cells if n not in written]
            arrays = self._arrays(inputs, at)
            try:
                changed, (outputs, after, failed) = self._call(key, cells, fixed, arrays)
            except Refused:
                return None
        if failed is not None and bool(failed):
            if self._donates:  # the old values, in the memory of the new ones
                kept = [new if old is not None else None for new, old in zip(after, changed, strict=True)]
                self.commit(cells, written, kept)
            return None
        self.commit(cells, written, after)
        return list(outputs)

    def _call(
        self, key: Key, cells: dict[int, Any], fixed: Sequence[Any], arrays: Sequence[Any]
    ) -> tuple[list[Any], Any]:
        take, at = resident.owned if self._donates else resident.held, key.placement
        changed = [take(cells[n], at and at.state(n)) for n in self.written_of(key)]
        try:
            return changed, processes.settled(self._compiled(key, changed, fixed, arrays))
        except Reshaped:
            self._donates = False
            self._compiled = self._compile()
            return self._call(key, cells, fixed, arrays)

    def commit(self, cells: dict[int, Any], written: Sequence[int], values: Sequence[Any]) -> None:
        """Gives cells what compiled code has left for them."""
        for number, value in zip(written, values, strict=True):
            if value is not None:
                resident.keep(cells[number], value)


class Executable:
    """A graph that runs in compiled code as a whole.

    Raises:
        Unlowered: From `run`, before anything has run, where a node has to run on the host.
    """

    copies = True  # neither results nor state share memory with inputs

    def __init__(self, original: Graph, graph: Graph) -> None:
        self.original = original
        self.program = Program(graph)
        self._loop: Any = None

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs it; state stays on the device."""
        results = None
        if hook is None and fits(self.original, inputs):
            # all cells: what is read must not be donated by another thread's run meanwhile
            with Together([inputs[index].lock for index in self.program.handles]):
                results = self.program.run(inputs)
        if results is None:
            own = [array.copy() if isinstance(array, np.ndarray) else on_host(array) for array in inputs]
            return interpreter.program(self.original).start(own, hook)
        return [resident.fetched(result) for result in results]

    def run_rows(self, inputs: Sequence[Any], rows: Rows) -> tuple[int, list[Any] | None]:
        """Runs it on rows of arrays, batch after batch, in one call."""
        from weft.engines.xla.rows import Loop  # which needs this module

        if self._loop is None:
            self._loop = Loop(self.program)
        with Together([inputs[index].lock for index in self.program.handles]):
            result: tuple[int, list[Any] | None] = self._loop.run(inputs, rows)
            return result


def _replicas(graph: Graph) -> Distribution | None:
    """How a graph that runs replicas shares them; None for others."""
    for node in graph.nodes:
        if node.op == "replicate" and node.attrs["devices"]:
            return Distribution((node.attrs["count"],), ("replica",), node.attrs["devices"], "replica")
        found = next(filter(None, map(_replicas, node.subgraphs())), None)
        if found is not None:
            return found
    return None


def on_device(value: Any) -> Any:
    """An operand as jax takes it."""
    return value.array if isinstance(value, resident.Resident) else value


def on_host(value: Any) -> Any:
    """An operand as the reference takes it."""
    return value.fetch() if isinstance(value, resident.Resident) else value


def fits(graph: Graph, inputs: Sequence[Any]) -> bool:
    """Whether arrays have the dtypes and sizes that a graph takes; what does not fit the reference refuses in words."""
    known: dict[Any, int] = {}
    for value, given in zip(graph.inputs, inputs, strict=True):
        if value.type.is_resource:
            continue
        if given.dtype != value.dtype.numpy or (value.shape is not None and dims.bind(value.shape, given.shape, known)):
            return False
    return True


