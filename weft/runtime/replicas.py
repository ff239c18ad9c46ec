"""Functions run as several replicas: traced once, with what replicas differ in as inputs of the trace.

What a replica writes to a variable has to be the same in all of them. The trace is read for that: a value that depends
on a replica's own operands, and on no sum over replicas, cannot be written; a variable's `aggregation` puts one there.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from weft.base import dtypes, nest
from weft.base.dims import Dim
from weft.base.errors import explain
from weft.ir.graph import Graph, Node, Value
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.ops.opdef import Effect
from weft.ops.replicas import EXCHANGES
from weft.runtime import context, dispatch, frontdoor, variable
from weft.runtime.composite import CompositeTensor, IndexedSlices
from weft.runtime.control import Traced, Tracing
from weft.runtime.variable import on_read


def _pieces(value: Any) -> list[Any]:
    """The tensors that a replica's value is made of."""
    return list(value._components()) if isinstance(value, CompositeTensor) else [value]


def _put_together(value: Any, supply: Iterator[Any]) -> Any:
    """A value of this form, of the next tensors."""
    if not isinstance(value, CompositeTensor):
        return next(supply)
    return value._rebuild([next(supply) for _ in value._components()])


class DistributedValues(CompositeTensor):
    """A value that differs between replicas."""


class PerReplica(DistributedValues):
    """A value of each replica: rows of one tensor that are cut among them, or a tensor for each.

    Args:
        parts: The tensors; with `count` the one that is cut.
        count: Among how many replicas it is cut; None where there is a tensor for each.
    """

    def __init__(self, parts: Sequence[Any], count: int | None = None) -> None:
        self.parts = list(parts)
        self.count = count

    @property
    def values(self) -> tuple[Any, ...]:
        """The tensor of each replica."""
        if self.count is None:
            return tuple(self.parts)
        rows = self.parts[0]
        known = rows.shape.as_list()[0]
        size = -(-(dispatch.builder.shape(rows)[0] if known is None else known) // self.count)
        return tuple(rows[number * size : (number + 1) * size] for number in range(self.count))

    def _components(self) -> list[Any]:
        return [piece for part in self.parts for piece in _pieces(part)]

    def _rebuild(self, parts: list[Any]) -> PerReplica:
        supply = iter(parts)
        return PerReplica([_put_together(part, supply) for part in self.parts], self.count)

    def _static_part(self) -> Any:
        return self.count, *(part._static_part() for part in self.parts if isinstance(part, CompositeTensor))

    def __repr__(self) -> str:
        return "PerReplica:{\n" + ",\n".join(f"  {i}: {value!r}" for i, value in enumerate(self.values)) + "\n}"

    def __str__(self) -> str:
        return "PerReplica:{\n" + ",\n".join(f"  {i}: {value!s}" for i, value in enumerate(self.values)) + "\n}"


class Own(PerReplica):
    """A replica's own tensor, as what `merge_call` calls is given it: the value of each replica.

    Args:
        tensor: It.
        body: The replicas.
    """

    def __init__(self, tensor: Any, body: Body) -> None:
        super().__init__([tensor])
        self.body = body

    @property
    def values(self) -> tuple[Any, ...]:
        """The tensor of each replica, which all of them get."""
        return self.body.of_all(self.parts[0])

    def _rebuild(self, parts: list[Any]) -> Own:
        return Own(parts[0], self.body)

    def __repr__(self) -> str:
        return f"PerReplica:{{{self.parts[0]!r} of each of {self.body.count} replicas}}"


class Body:
    """The trace of replicas that is open in this thread.

    Attributes:
        count: How many replicas there are.
        number: Which of them runs, a scalar int32 tensor.
        merged: Whether what is written now is the same in all of them, whatever variables say.
    """

    def __init__(self, count: int, number: Any) -> None:
        self.count = count
        self.number = number
        self.merged = False
        self.traces: dict[Any, Any] = {}  # of functions called in it: they sum over these replicas

    def total(self, value: Any) -> Any:
        """The sum of a value over replicas."""
        if isinstance(value, IndexedSlices):
            value = value.dense()
        value = frontdoor.convert(value)
        if value.dtype.is_bool:
            raise TypeError(explain("all_reduce: numbers are summed over replicas.", received="bool"))
        return dispatch.call("all_reduce", value, count=self.count)

    def mean(self, value: Any) -> Any:
        """The mean of a value over replicas."""
        return divided(self.total(value), self.count)

    def joined(self, value: Any, axis: int = 0) -> Any:
        """The values of all replicas after one another along an axis, in which they may differ in size."""
        return dispatch.call("all_gather", frontdoor.convert(value), self.number, axis=axis, count=self.count)

    def of_all(self, value: Any) -> tuple[Any, ...]:
        """The value of each replica; all have the same shape."""
        row = dispatch.call("expand_dims", frontdoor.convert(value), axis=0)
        return tuple(dispatch.builder.unstack(self.joined(row), num=self.count))

    def own(self, value: Any) -> Any:
        """The value in the first replica, zeros in the others."""
        zero = dispatch.builder.zeros_like(value)
        first = dispatch.call("equal", self.number, frontdoor.convert(0, dtypes.int32))
        return dispatch.call("select", first, value, zero)


def divided(total: Any, count: int) -> Any:
    """A sum over replicas as their mean; whole numbers are divided without the rest."""
    kind = "divide" if total.dtype.is_floating or total.dtype.is_complex else "floordiv"
    return dispatch.call(kind, total, frontdoor.convert(count, total.dtype))


class _Open(threading.local):
    def __init__(self) -> None:
        self.bodies: list[Body] = []


_open = _Open()
variable.replica_views = sys.modules[__name__]


def body() -> Body | None:
    """The trace of replicas that is open, or None."""
    return _open.bodies[-1] if _open.bodies else None


def differing() -> Body | None:
    """The open trace, where values of it are at hand that may differ from replica to replica."""
    found = body()
    return None if found is None or found.merged or context.scope() is None else found


@contextmanager
def merged() -> Iterator[None]:
    """Inside, variables are given values that are the same in all replicas, whatever they say of aggregation."""
    found = body()
    if found is None:
        yield
        return
    before, found.merged = found.merged, True
    try:
        yield
    finally:
        found.merged = before


def merged_call(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Calls a function once for all replicas: of tensors that each has made it is given the values of all.

    Returns:
        What it returns; what is a value of each replica is the replica's own again.
    """
    found = body()
    with merged():
        if found is None:
            return function(*args, **kwargs)
        graphs, scope = [], context.scope()
        while scope is not None:  # up to the replicas' own graph
            graphs.append(scope.graph)
            scope = None if scope.graph is found.number._value.node.graph else scope.outer

        def of_all(leaf: Any) -> Any:
            value = getattr(leaf, "_value", None)
            return leaf if value is None or value.node.graph not in graphs else Own(leaf, found)

        args, kwargs = nest.map_structure(of_all, (args, kwargs))
        return nest.map_structure(lambda leaf: _own_of(leaf, found), function(*args, **kwargs))


def _own_of(leaf: Any, body: Body) -> Any:
    """What a replica gets of a value that `merge_call` has made."""
    if isinstance(leaf, Own):
        return leaf.parts[0]
    if not isinstance(leaf, PerReplica):
        return leaf
    return dispatch.call("gather", dispatch.call("stack", *leaf.values, axis=0), body.number, axis=0)


def summed(values: Sequence[Any]) -> list[Any]:
    """Gradients summed over replicas; as they are outside of replicas. None stays None."""
    found = differing()
    if found is None:
        return list(values)
    return [None if value is None else found.total(value) for value in values]


def seen(variable: Any, value: Any) -> Any:
    """What a replica reads of a variable: of one that is summed when it is read, the first replica has all."""
    found = differing()
    if found is None or how(variable) != "sum" or not on_read(variable.synchronization):
        return value
    return found.own(value)


def given(variable: Any, value: Any, change: bool) -> Any:
    """What a variable takes of a value that each replica gives it.

    Args:
        variable: It.
        value: What a replica gives.
        change: Whether it is added to what the variable holds. One that was made outside of every strategy's scope is
            one for all replicas rather than one of each, and takes the change of all of them.
    """
    found = differing()
    if found is None:
        return value
    said = how(variable)
    if said == "sum" or (said == "none" and change and not variable._of_strategy):
        return found.total(value)
    if said == "mean":
        return found.mean(value)
    return found.total(found.own(value)) if said == "only_first_replica" else value


def how(variable: Any) -> str:
    """How values that replicas give a variable become one: `sum`, `mean`, `only_first_replica` or `none`."""
    said: Any = variable._replica_aggregation()
    return str(getattr(said, "name", said) or "none").lower()


def replicate(
    function: Callable[..., Any], operands: Any, count: int, devices: Sequence[str],
    within: Callable[[Any], Any],
) -> Any:  # fmt: skip
    """Runs a function as several replicas, in the graph at hand.

    Args:
        function: Called once, with a replica's own values in the places of `PerReplica` ones.
        operands: Its arguments, `(args, kwargs)`.
        count: How many replicas there are.
        devices: Where they run; empty for wherever the rest does.
        within: Makes the context in which it is called, of the replica's number.

    Returns:
        What it returns, with `PerReplica` leaves.
    """
    leaves = nest.flatten(operands)
    varying = [piece for leaf in leaves if isinstance(leaf, PerReplica) for piece in _pieces_of_each(leaf)]
    types = [TensorType((), dtypes.int32)]
    inputs: list[Any] = []
    for piece in varying:
        types.append(_part_type(piece, count))
        inputs.extend(piece.parts)

    def call(number: Any, *parts: Any) -> Any:
        supply = iter(parts)
        given = [_put_together(leaf.parts[0], supply) if isinstance(leaf, PerReplica) else leaf for leaf in leaves]
        args, kwargs = nest.pack(operands, given)
        _open.bodies.append(Body(count, number))
        try:
            with within(number):
                return function(*args, **kwargs)
        finally:
            _open.bodies.pop()

    tracing = Tracing(call, types, "replica")
    traced = tracing.close(without_plain(tracing.returned))
    _require_sameness(traced.graph, [True] * len(types) + [False] * (len(traced.graph.inputs) - len(types)))
    kinds = tuple("each" if piece.count is None else "cut" for piece in varying)
    return with_plain(tracing.returned, _joined(traced, inputs, kinds, count, devices))


def _pieces_of_each(leaf: PerReplica) -> list[PerReplica]:
    """The values of replicas that one is made of: of sparse and ragged tensors those of their parts."""
    columns = zip(*map(_pieces, leaf.parts), strict=True)
    return [PerReplica(column, leaf.count) for column in columns]


def is_plain(leaf: Any) -> bool:
    """Whether what a replica returns is a value of Python's own, which stays as it is."""
    return isinstance(leaf, (bool, int, float, complex, str, bytes)) and not isinstance(leaf, np.generic)


def without_plain(returned: Any) -> Any:
    """What a function returns, with None for values of Python's own."""
    return nest.map_structure(lambda leaf: None if is_plain(leaf) else leaf, returned)


def with_plain(returned: Any, found: Any) -> Any:
    """What has come out of a graph, with the values of Python's own that the function returned."""
    if not any(map(is_plain, nest.flatten(returned))):
        return found
    return nest.map_structure(lambda leaf, value: leaf if is_plain(leaf) else value, returned, found)


def _joined(traced: Traced, inputs: Sequence[Any], kinds: tuple[str, ...], count: int, devices: Sequence[str]) -> Any:
    attrs = {"body": traced.graph, "kinds": kinds, "count": count, "devices": tuple(devices)}
    found = list(dispatch.apply(opdef.get("replicate"), [*inputs, *traced.captured], attrs, None))
    width = len(traced.graph.outputs)
    structures = [traced.result.rebuild(found[i * width : (i + 1) * width]) for i in range(count)]

    def together(*values: Any) -> Any:
        return None if values[0] is None else PerReplica(values)

    return nest.map_structure(together, *structures)


def _part_type(leaf: PerReplica, count: int) -> TensorType:
    """The type of what a replica is given; sizes in which replicas may differ are unknown."""
    types = [part.type for part in leaf.parts]
    first: TensorType = types[0]
    if leaf.count is not None:
        rows, *rest = first.shape or (None,)
        part = rows // count if isinstance(rows, int) and rows % count == 0 else Dim.fresh("rows")
        return first.with_shape((part, *rest))
    if any(len(type.shape or ()) != len(first.shape or ()) for type in types):
        raise ValueError(explain("run: the replicas' values differ in rank.", received=", ".join(map(str, types))))
    sizes = zip(*(type.shape or () for type in types), strict=True)
    return first.with_shape(tuple(s[0] if all(each == s[0] and isinstance(each, int) for each in s) else Dim.fresh()
                                  for s in sizes))  # fmt: skip


def _require_sameness(graph: Graph, differing: Sequence[bool], apart: bool = False) -> list[bool]:
    """Which outputs differ among replicas.

    Args:
        graph: A replica's graph, or one inside of it.
        differing: Of each input whether replicas differ in it.
        apart: Whether some replicas may run it and others not, or more often.

    Raises:
        ValueError: Where a variable is given a value in which they differ, or where some replicas alone would write
            one, or wait for the others.
    """

    def check(node: Node, differs: Sequence[bool], apart: bool) -> None:
        writes = opdef.get(node.op).effect is Effect.WRITE
        if apart and (writes or node.op in EXCHANGES):
            raise ValueError(explain(
                "Replicas must write variables and sum up all together, and here some would do so alone: "
                f"`{node.name}` runs under a condition in which they differ.",
                where=node.source,
                hint="choose the value under the condition (tf.where(condition, value, 0.0)), and write or sum it "
                     "outside",
            ))  # fmt: skip
        if writes and any(differs):
            raise ValueError(explain(
                "You must specify an aggregation method to update a variable in replica context: replicas would give "
                f"it different values (`{node.name}`).",
                where=node.source,
                hint="make it with aggregation=tf.VariableAggregation.MEAN or SUM, or assign what "
                     "tf.distribute.get_replica_context().all_reduce gives",
            ))  # fmt: skip

    return _differences(graph, differing, apart, check)


_Check = Callable[[Node, Sequence[bool], bool], None]


def _differences(graph: Graph, differing: Sequence[bool], apart: bool, check: _Check) -> list[bool]:
    """Which outputs differ among replicas; `check` is called for each node, of which operands they differ and whether
    some replicas may run it and others not."""
    found: dict[Value, bool] = dict(zip(graph.inputs, differing, strict=True))
    for node in graph.nodes:
        if node.op == "input":
            continue
        differs = [found[value] for value in node.inputs]
        check(node, differs, apart)
        results = [(any(differs) and node.op not in EXCHANGES) or node.op == "advance_random_state"] * len(node.outputs)
        if node.op == "call":
            results = _differences(node.attrs["graph"], differs, apart, check)
        elif node.op == "cond":
            alone = apart or differs[0]
            branches = [_differences(inner, differs[1:], alone, check) for inner in node.subgraphs()]
            results = [differs[0] or one or other for one, other in zip(*branches, strict=True)]
        elif node.op == "while_loop":
            results = _differences_of_loop(node, differs, apart, check)
        else:
            for inner in node.subgraphs():
                _differences(inner, [any(differs) and not v.type.is_resource for v in inner.inputs], apart, check)
        found.update(zip(node.outputs, results, strict=True))
    return [found[value] for value in graph.outputs]


def _differences_of_loop(node: Node, differs: Sequence[bool], apart: bool, check: _Check) -> list[bool]:
    """The same of a loop: what a turn makes differ does so in the next one, and all does once they stop apart."""
    body, condition, count = (node.attrs[name] for name in ("body", "condition", "count"))
    held, alone = list(differs), apart

    def look(node: Node, differs: Sequence[bool], apart: bool) -> None:
        """What is carried is not settled yet."""

    while True:
        leaves = _differences(condition, held, alone, look)[0]
        made = _differences(body, held, alone or leaves, look)
        after = [leaves or before or now for before, now in zip(held, made[:count], strict=False)]
        if after == held[:count] and (alone or not leaves):
            break
        held[:count], alone = after, alone or leaves
    _differences(condition, held, alone, check)
    made = _differences(body, held, alone, check)
    return [*held[:count], *(alone or each for each in made[count:])]
