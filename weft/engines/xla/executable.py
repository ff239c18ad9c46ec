"""What a caller holds of a graph that jax compiles: arrays in, arrays out, variables kept on the device.

jax compiles for each combination of sizes, kinds of input and variables that are the same one. State that a run writes
is donated: its memory becomes that of the new values. A run that fails gives the old values back as the new ones, so
that nothing has changed when the reference runs the step again to word the error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from weft.base import dims
from weft.base.errors import explain
from weft.base.locks import Together
from weft.engines.base import Distribution, Hook, Rows
from weft.engines.xla import ahead, processes, resident
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


class Sent(NamedTuple):
    """A run that has not begun.

    Attributes:
        key: What it is compiled for.
        cells: The cells by their numbers.
        arrays: The other inputs, where they belong, or on their way there.
    """

    key: Key
    cells: dict[int, Any]
    arrays: list[Any]

    def spans(self) -> bool:
        """Whether devices of other processes take part."""
        return self.key.placement is not None and self.key.placement.spans()


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
        begun = self.begin(self.sent(inputs))
        return None if begun is None or begun.has_failed() else begun.outputs

    def sent(self, inputs: Sequence[Any], early: bool = False) -> Sent:
        """What is known of a run before it begins.

        Args:
            inputs: Its inputs.
            early: Whether its arrays are sent to the device now, rather than when it begins.
        """
        key, cells = self.cells(inputs)
        with jax.enable_x64(True):
            arrays = self._arrays(inputs, key.placement)
            return Sent(key, cells, resident.sent(arrays) if early and key.placement is None else arrays)

    def begin(self, sent: Sent) -> Begun | None:
        """Begins a run, with the state that it will leave already in its cells; None where the reference has to run."""
        if sent.spans():
            return processes.together(lambda: self._begin(sent))
        return self._begin(sent)

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

    def _begin(self, sent: Sent) -> Begun | None:
        key, cells = sent.key, sent.cells
        written, at = self.written_of(key), key.placement
        with jax.enable_x64(True):
            if at is not None and sent.spans():
                resident.share(cells.values(), [at.state(n) for n in cells])
            fixed = [resident.held(cells[n], at and at.state(n)) for n in cells if n not in written]
            try:
                return self._call(key, cells, fixed, sent.arrays)
            except Refused:
                return None

    def _call(self, key: Key, cells: dict[int, Any], fixed: Sequence[Any], arrays: Sequence[Any]) -> Begun:
        take, at, written = resident.owned if self._donates else resident.held, key.placement, self.written_of(key)
        changed = [take(cells[n], at and at.state(n)) for n in written]
        given = (key, changed, fixed, arrays)
        try:
            if self._donates and not any(value is None for value in changed):
                outputs, _, failed = self.donating(self._compiled, cells, written, given)
                return Begun(processes.settled(outputs), failed)
            outputs, after, failed = processes.settled(self._compiled(*given))
        except Reshaped:
            self._donates = False
            self._compiled = self._compile()
            return self._call(key, cells, fixed, arrays)
        begun = Begun(outputs, failed)
        if begun.has_failed():  # what was donated has its old value in the memory of the new one
            after = [new if self._donates and old is not None else None
                     for new, old in zip(after, changed, strict=True)]  # fmt: skip
        self.commit(cells, written, after)
        return begun

    def donating(
        self, function: Callable[..., Any], cells: dict[int, Any], written: Sequence[int], arguments: Sequence[Any],
        place: int = 1,
    ) -> Any:  # fmt: skip
        """Calls a compiled function that takes over what cells hold, and gives them what it leaves.

        Ctrl-C finds the cells with the old values or the new ones: what the function has given is kept by a loop that
        Python does not interrupt.

        Args:
            function: What is called.
            cells: The cells by their numbers.
            written: The numbers of those that are written.
            arguments: For the function.
            place: Where among its results the values are.
        """
        kept: list[Any] = []
        try:
            kept.extend(map(function, *((argument,) for argument in arguments)))
            self.commit(cells, written, kept[0][place])
        except BaseException:
            if kept:
                self.commit(cells, written, kept[0][place])
            raise
        return kept[0]

    def commit(self, cells: dict[int, Any], written: Sequence[int], values: Sequence[Any]) -> None:
        """Gives cells what compiled code has left for them."""
        for number, value in zip(written, values, strict=True):
            if value is not None:
                resident.keep(cells[number], value)


class Begun:
    """A run that has begun.

    Attributes:
        outputs: The outputs, which may not be there yet.
    """

    def __init__(self, outputs: Sequence[Any], failed: Any) -> None:
        self.outputs = list(outputs)
        self._failed = failed

    @property
    def may_fail(self) -> bool:
        """Whether there is a check that may turn out to have failed."""
        return self._failed is not None

    def has_failed(self) -> bool:
        """Whether a check has failed; waits for it."""
        if self._failed is not None and not isinstance(self._failed, bool):
            self._failed = bool(self._failed)
        return bool(self._failed)


class Executable:
    """A graph that runs in compiled code as a whole.

    Raises:
        Unlowered: From `run` and `begin`, before anything has run, where a node has to run on the host.
    """

    copies = True  # neither results nor state share memory with inputs

    def __init__(self, original: Graph, graph: Graph) -> None:
        self.original = original
        self.program = Program(graph)
        self._loop: Any = None

    def run(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        """Runs it; state stays on the device."""
        if hook is not None:
            return self._by_reference(inputs, hook)
        if not self.original.outputs:
            return self.begin(inputs)  # nothing to wait for: the run goes on while the caller has its arrays again
        return [on_host(result) for result in self._begun(inputs, later=False)]

    def begin(self, inputs: Sequence[Any], later: bool = False) -> list[Any]:
        """Begins a run; its results are fetched when somebody looks.

        Args:
            inputs: The inputs.
            later: Whether checks may be heard of later: when a result is fetched, or the next run begins.
        """
        # the caller may change its arrays once this has returned
        own = [resident.aligned(value) if type(value) is np.ndarray else value for value in inputs]
        return self._begun(own, later)

    def _begun(self, inputs: Sequence[Any], later: bool) -> list[Any]:
        sent = self.program.sent(inputs, later) if fits(self.original, inputs) else None
        ahead.settle()
        begun = None
        if sent is not None:
            # all cells: what is read must not be donated by another thread's run meanwhile
            with Together([inputs[index].lock for index in self.program.handles]):
                begun = self.program.begin(sent)
        if begun is None or sent is None:
            return self._by_reference(inputs)
        if later and begun.may_fail and not sent.spans():
            return ahead.keep(begun, lambda: self._by_reference(inputs))
        if begun.has_failed():
            return self._by_reference(inputs)
        return [resident.Resident(output) for output in begun.outputs]

    def _by_reference(self, inputs: Sequence[Any], hook: Hook | None = None) -> list[Any]:
        own = [array.copy() if isinstance(array, np.ndarray) else on_host(array) for array in inputs]
        return interpreter.program(self.original).start(own, hook)

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


