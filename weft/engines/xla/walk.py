"""Walks a graph under jax's tracing: each node becomes the jax operations of its lowering.

Every size is a number by then, because jax compiles for each combination of sizes. What does not depend on data
(sizes, constants and small sums of those) is computed while tracing and stays a numpy array: lowerings that need to
know numbers, such as `reshape_dynamic`, find them there.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from weft.autodiff.subgraph import gradient_graph
from weft.base import dims
from weft.base.errors import InvalidArgumentError
from weft.engines.xla import table
from weft.engines.xla.table import HostOnly, WriteOut
from weft.ir.graph import Graph, Node, Value
from weft.ir.types import TensorType
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder
from weft.ops.interpreter import resolve
from weft.ops.opdef import Effect, OpDef
from weft.ops.replicas import EXCHANGES

if TYPE_CHECKING:
    from weft.base.dims import Symbol

#: results up to so many elements are computed while tracing, where all operands are known then
_FOLDED = 4096


class Refused(Exception):
    """The reference has to run the whole: it words the error, or does what compiled code does not."""


class Unlowered(Exception):
    """A node has to run on the host: the graph must be cut there."""

    def __init__(self, node: Node, why: str) -> None:
        super().__init__(f"{node.op} `{node.name}`: {why}")
        self.node = node
        self.why = why


class Place:
    """What stands for a resource while tracing: a key into the walk's state."""

    __slots__ = ("type",)

    def __init__(self, type: TensorType) -> None:
        self.type = type


class Walk:
    """One walk over a graph and its sub-graphs.

    Attributes:
        state: What each place holds now; None where nothing has been written yet.
        written: The places that have been written.
        flags: Conditions under which the run has failed.
        guards: Whether places that are written keep what they held at first where the run has failed.
        axis: Along which axis of the devices replicas differ; "" where they go in step, node by node; None outside.
        replica: Which replica this is, a number or a scalar, and how many there are.
    """

    def __init__(
        self, state: Mapping[Place, Any], axis: str | None = None, guards: bool = False,
        replica: tuple[Any, int] = (0, 1),
    ) -> None:  # fmt: skip
        self.axis = axis
        self.replica = replica
        self.state = dict(state)
        self.written: dict[Place, None] = {}
        self.flags: list[Any] = []
        self.guards = guards
        self._first = state
        self._guarded: dict[Place, int] = {}  # with how many of the flags each was guarded

    def check(self, bad: Any) -> None:
        """Makes the run fail where any element of a condition holds."""
        self.flags.append(jnp.any(bad))

    def failed(self) -> Any:
        """Whether any condition has held; None where none was set."""
        if not self.flags:
            return None
        total = jnp.asarray(self.flags[0])
        for flag in self.flags[1:]:
            total = jnp.logical_or(total, flag)
        return total

    def read(self, place: Place) -> Any:
        """What a place holds."""
        value = self.state[place]
        if value is None:
            raise Refused("a variable is read before it has a value")
        return value

    def write(self, place: Place, value: Any) -> None:
        """Gives a place another value."""
        self.state[place] = value
        self.written[place] = None
        self._guarded.pop(place, None)
        if self.guards and self.flags:
            self.guard(place)

    def guard(self, place: Place) -> None:
        """Lets a place keep what it held at first where the run has failed so far."""
        old, new = self._first[place], self.state[place]
        failed = self.failed()
        if failed is None or old is None or old.shape != new.shape or self._guarded.get(place) == len(self.flags):
            return
        self.state[place] = jnp.where(failed, old, new)
        self._guarded[place] = len(self.flags)

    def refuse(self, why: str) -> None:
        """Gives the whole back to the reference.

        Raises:
            Refused: Always.
        """
        raise Refused(why)

    def graph(self, graph: Graph, inputs: Sequence[Any], outside: Mapping[Symbol, int]) -> list[Any]:
        """The outputs of a graph for some inputs, under the sizes known outside."""
        try:
            next(self.steps(graph, inputs, outside))
        except StopIteration as end:
            return list(end.value)
        raise AssertionError("only replicas that go in step wait for one another")

    def steps(
        self, graph: Graph, inputs: Sequence[Any], outside: Mapping[Symbol, int], waits: bool = False
    ) -> Generator[Any, Any, list[Any]]:
        """As `graph`; with `waits` it hands out each value that replicas exchange, with its node, and takes what all
        get."""
        known = dict(outside)
        values: dict[Value, Any] = {}
        for value, given in zip(graph.inputs, inputs, strict=True):
            values[value] = given
            if value.shape is not None and not value.type.is_resource and dims.bind(value.shape, given.shape, known):
                raise Refused("an input does not fit")
        for node in graph.nodes:
            if node.op == "input":
                continue
            operands = [values[value] for value in node.inputs]
            if waits and node.op in EXCHANGES:
                results: Sequence[Any] = ((yield node, operands[0]),)
            else:
                results = self._node(node, operands, known)
                if node.op == "assign_variable" and operands[0] in self._guarded and is_traced(operands[1]):
                    # from here on the guarded value goes on: else XLA computes it a second time for whoever needs it,
                    # from what the place held, of which it has to keep a copy then
                    values[node.inputs[1]] = self.state[operands[0]]
                    results = (values[node.inputs[1]],)
            for value, result in zip(node.outputs, results, strict=True):
                values[value] = result
                shown = value.shape is not None and not value.type.is_resource
                if shown and dims.bind(value.shape or (), result.shape, known):
                    raise Refused("a result does not have the size that was expected")
        return [values[value] for value in graph.outputs]

    def _node(self, node: Node, operands: list[Any], known: dict[Symbol, int]) -> Sequence[Any]:
        record = opdef.get(node.op)
        try:
            attrs = {name: resolve(value, known) for name, value in node.attrs.items()}
        except KeyError:
            raise Unlowered(node, "it mentions a size that only the run tells") from None
        except (ValueError, ZeroDivisionError):
            raise Refused("a size cannot be computed") from None
        if not record.higher_order:
            self._agree(record, operands, attrs)
        self.known = known
        try:
            results = self.apply(record, operands, attrs)
        except HostOnly as reason:
            raise Unlowered(node, str(reason)) from None
        return results

    def _agree(self, record: OpDef, operands: Sequence[Any], attrs: Mapping[str, Any]) -> None:
        """Asks the op's own rule whether the sizes, which are all known now, go together."""
        types = [operand.type if isinstance(operand, Place) else _type_of(operand) for operand in operands]
        try:
            record.infer(types, attrs)
        except (InvalidArgumentError, ValueError, TypeError):
            raise Refused("operands do not fit") from None

    def apply(self, record: OpDef, operands: Sequence[Any], attrs: Mapping[str, Any]) -> Sequence[Any]:
        """An op on jax values, numpy arrays (known while tracing) and places."""
        if record.name == "constant":
            return (attrs["value"].array,)
        if record.effect is Effect.HOST:
            raise HostOnly("it works on the host")
        folded = _folded(record, operands, attrs)
        if folded is not None:
            return folded
        found = table.find(record.name)
        if found is None:
            return self._decomposed(record, operands, attrs)
        given: list[Any] = []
        for position, operand in enumerate(operands):
            if found.needs_static(position):
                if not isinstance(operand, np.ndarray):
                    raise HostOnly(f"`{record.input_name(position)}` decides a size and is known at run time only")
                given.append(operand)
            else:
                given.append(jnp.asarray(operand) if isinstance(operand, np.ndarray) and not found.raw else operand)
        first: tuple[Any, ...] = (self,) if found.walk else (self.check,) if found.checks else ()
        try:
            result = found.function(*first, *given, **attrs)
        except WriteOut:
            return self._decomposed(record, operands, attrs)
        return result if isinstance(result, (tuple, list)) else (result,)

    def _decomposed(self, record: OpDef, operands: Sequence[Any], attrs: Mapping[str, Any]) -> Sequence[Any]:
        if record.decompose is None:
            raise HostOnly("it has no lowering")
        graph = Graph(record.name)
        values = [graph.add_input(operand.type if isinstance(operand, Place) else _type_of(operand), "x")
                  for operand in operands]  # fmt: skip
        builder = GraphBuilder(graph)
        builder.differentiate = gradient_graph
        made = record.decompose(builder, *values, **attrs)
        graph.outputs = list(made) if isinstance(made, (tuple, list)) else [made]
        return self.graph(graph, operands, self.known)

    # Sub-graphs: what goes into a branch or a loop is explicit, and so is what comes out of it.

    def inside(
        self, graph: Graph, places: Sequence[Place], known: Mapping[Symbol, int]
    ) -> Callable[[Sequence[Any], Sequence[Any]], tuple[list[Any], list[Any], Any]]:
        """A graph as a function of (operands, what the places hold) to (results, what they hold then, failed)."""

        def run(operands: Sequence[Any], held: Sequence[Any]) -> tuple[list[Any], list[Any], Any]:
            inner = Walk({**self.state, **dict(zip(places, held, strict=True))}, self.axis, replica=self.replica)
            results = [jnp.asarray(result) for result in inner.graph(graph, operands, known)]
            failed = inner.failed()
            return results, [inner.state[place] for place in places], jnp.asarray(False) if failed is None else failed

        return run

    def enter(self, graphs: Sequence[Graph], operands: Sequence[Any]) -> list[Place]:
        """The places among the operands that these graphs may write."""
        if not any(graph.has_effects() for graph in graphs):
            return []
        return list(dict.fromkeys(operand for operand in operands if isinstance(operand, Place)))

    def leave(self, places: Sequence[Place], held: Sequence[Any], failed: Any) -> None:
        """Takes over what a branch or a loop has left in the places, and whether it has failed."""
        for place, value in zip(places, held, strict=True):
            self.write(place, value)
        self.flags.append(failed)


def _type_of(array: Any) -> TensorType:
    from weft.base import dtypes

    return TensorType(tuple(array.shape), dtypes.as_dtype(array.dtype))


def _folded(record: OpDef, operands: Sequence[Any], attrs: Mapping[str, Any]) -> Sequence[Any] | None:
    """The results where they can be known while tracing, as numpy arrays."""
    if record.effect is not Effect.NONE or record.higher_order:
        return None
    if record.name in OF_SHAPES:
        return opdef.apply_reference(record, [np.broadcast_to(np.zeros((), x.dtype), x.shape) for x in operands], attrs)
    if not operands or not all(isinstance(operand, np.ndarray) for operand in operands):
        return None
    if sum(operand.size for operand in operands) > _FOLDED or not _is_small(record, operands, attrs):
        return None
    try:
        return interpreter.evaluate(record, operands, attrs)
    except (InvalidArgumentError, ValueError, TypeError, IndexError, ArithmeticError, np.linalg.LinAlgError):
        raise Refused("it refuses its operands") from None


#: what these say of a tensor follows from its shape
OF_SHAPES = frozenset(("shape", "size", "rank", "shape_of_axis", "dimension", "dimensions"))


def _is_small(record: OpDef, operands: Sequence[Any], attrs: Mapping[str, Any]) -> bool:
    sizes = [operand.size for operand in operands]
    for type in record.infer([_type_of(operand) for operand in operands], attrs):
        count = 1
        for size in type.shape or ():
            count *= size if isinstance(size, int) else 1
        if count > max(64, *sizes, 0):
            return False
    return True


def is_traced(value: Any) -> bool:
    """Whether a value is known only when the compiled code runs."""
    return isinstance(value, jax.core.Tracer)
