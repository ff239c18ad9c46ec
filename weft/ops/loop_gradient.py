"""Gradients of loops: the walk back along what the walk forward has left.

The loop runs again with what its gradient needs stacked, a row for each step: states, and results inside its body that
are dear to compute; what is cheap is computed again on the way back. (Where the loop itself is still at hand, as in a
graph, it and its repetition become one loop: `passes.loops`.) A cotangent of something that all steps use is a sum over
the steps: where each step's part is a matrix product, the factors are stacked and multiplied after the loop, all steps
at once.

States that change their sizes, and results inside the body whose sizes only data tells, are stacked padded, with a row
of their sizes beside (`uneven`); where the way back only asks for the shape of such a value, it is not kept at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from weft.base import shapes
from weft.base.dims import Dim, Symbol
from weft.ir.graph import Graph, Node, Value, attr_symbols, clone, symbol_sources
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.ops.builder import GraphBuilder, inline
from weft.ops.uneven import Sizes, changing, cut, mentions, padded_type, varying

#: ops whose results are computed again rather than kept
_CHEAP = frozenset((
    "abs", "add", "broadcast_to", "cast", "concat", "constant", "equal", "expand_dims", "greater", "greater_equal",
    "identity", "less", "less_equal", "logical_and", "logical_not", "logical_or", "maximum", "minimum", "multiply",
    "negative", "not_equal", "relu", "reshape", "select", "sign", "slice", "split", "square", "squeeze", "subtract",
))  # fmt: skip
#: ops that take less time than their results do on the way to memory and back, where what they need is at hand
_FAIR = frozenset(("exp", "sigmoid", "sqrt", "tanh"))


def _carries(value: Any) -> bool:
    return bool(value.dtype.is_floating or value.dtype.is_complex)


def _as_list(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple) else [result]


def walk_back(
    b: Any, op: str, node: Any, cts: Sequence[Any], counts: tuple[int, int], length: Any, backwards: bool
) -> Sequence[Any]:
    """The cotangents of the inputs of a loop: states, rows, captures.

    Args:
        b: Applies the ops.
        op: `scan` or `while_loop`.
        node: The application of the loop.
        cts: The cotangents of its results: the last states, and what is stacked.
        counts: How many states and how many sequences of rows it has.
        length: How many steps it took; None where only its stacks tell.
        backwards: Whether to walk from the end.
    """
    body: Graph = node.attrs["body"]
    carries, sequences = counts
    floating = [i for i in range(carries) if _carries(node.inputs[i])]
    moving = [i for i in range(carries, carries + sequences) if _carries(node.inputs[i]) and node.needs[i]]
    wanted = [i for i in range(carries + sequences, len(node.inputs)) if node.needs[i]]
    halves = b.split_body(body, tuple(floating + moving + wanted))
    kept = _Kept(body, halves, carries, sequences, length is None)
    attrs = {**node.attrs, "body": kept.forward, "ragged": kept.ragged(node.attrs["ragged"])}
    stacks = _as_list(b.call(op, *node.inputs, **attrs))[len(body.outputs) :] if kept.count else []
    if length is None:
        length = b.shape(stacks[0])[0]
    back = _Backward(body, halves.backward, kept, (len(floating), len(moving)), carries, node.attrs["ragged"])
    plans = back.plan(wanted)
    inner = back.graph([node.inputs[i] for i in floating], wanted)
    ys = [cts[i] for i in range(carries, len(body.outputs)) if _carries(body.outputs[i])]
    rows = [*stacks, *(node.inputs[i] for i in kept.rows), *ys]
    left = [i for i in wanted if plans[i] is None]
    found = _as_list(b.call(
        "scan", *(cts[i] for i in floating), *(_zeros_for(b, node.inputs[i]) for i in left), *rows,
        *(node.inputs[i] for i in kept.captures), body=inner, carries=len(floating) + len(left), sequences=len(rows),
        length=length, backwards=backwards, moves=bool(back.changing),
    )) if inner.outputs else []  # fmt: skip
    result: list[Any] = [None] * len(node.inputs)
    for position, ct in zip([*floating, *left], found, strict=False):
        result[position] = b.reshape_like(ct, node.inputs[position]) if position in back.changing else ct
    first = len(floating) + len(left)
    given: dict[Value, Any] = dict(zip(back.stacked, found[first:], strict=True))
    for position, value in zip(moving, back.own, strict=True):  # several may have one cotangent: x and y in x + y
        result[position] = given[value]
    outside = [*stacks, *(node.inputs[i] for i in kept.rows)]
    given.update((value, outside[place]) for value, place in back.outside.items())
    given.update(zip(back.ys, ys, strict=True))
    for position in wanted:
        plan = plans[position]
        if plan is not None:
            result[position] = _like(b, plan(b, given), node.inputs[position])
    return result


def leads_on(body: Graph, wanted: Sequence[int], count: int) -> bool:
    """Whether a gradient can flow from some inputs of a loop's body to what the loop gives, in however many steps.

    Args:
        body: The body.
        wanted: The numbers of the inputs.
        count: How many of its inputs and outputs are the loop's variables.
    """
    if body.has_effects():
        return True
    moving = {body.inputs[place] for place in wanted}
    while True:
        for node in body.nodes:
            if any(value in moving for value in node.inputs) and not _stops(node):
                moving.update(value for value in node.outputs if value.dtype.is_floating or value.dtype.is_complex)
        ends = {place for place, value in enumerate(body.outputs) if value in moving}
        again = {body.inputs[place] for place in ends if place < count} - moving
        if not again:
            return bool(ends)
        moving |= again


def _stops(node: Any) -> bool:
    return isinstance(opdef.get(node.op).vjp, opdef.Nondifferentiable) and not node.subgraphs()


def _zeros_for(b: Any, value: Any) -> Any:
    """Zeros that a cotangent of a value is added up in; for a handle, of what it holds."""
    held = _held_type(value)
    if held is not None and not shapes.is_static(held.shape):
        value, held = b.call("read_variable", value), None
    return b.full(held.shape, 0, held.dtype) if held is not None else b.zeros_like(value)


def _like(b: Any, total: Any, value: Any) -> Any:
    """A cotangent in the shape of its value; for a handle, of what it holds."""
    held = _held_type(value)
    shape = b.shape(value) if held is None else held.shape
    return total if shape is None or b.shape(total) == shape else b.reshape(total, shape=shape)


def _held_type(value: Any) -> TensorType | None:
    type = getattr(value, "type", None)
    return type.handle if isinstance(type, TensorType) else getattr(value, "handle_type", None)


def _cotangent_type(value: Value) -> TensorType:
    return value.type.handle if value.type.handle is not None else value.type


class _Kept:
    """What a loop keeps for the way back: rows of stacks, and how the rest follows from them.

    Attributes:
        forward: The body with what is stacked behind its outputs.
        stacked: The values of `source` that are stacked, states (its inputs) among them.
        uneven: Those among them whose shapes differ from step to step.
        sizes: The sizes that differ and that the way back needs; their rows are stacked last.
        rows: The sequences of the loop that the way back reads, by their positions among the inputs.
        captures: The captures that it reads, likewise.
        residuals: What the backward half wants, as values of `source`.
        shapes: Those among them of which the half itself wants the shapes alone.
        count: How many stacks there are.
    """

    def __init__(self, body: Graph, halves: Any, carries: int, sequences: int, always: bool) -> None:
        self.source = source = halves.forward
        self.own = len(body.outputs) - carries
        self.residuals = source.outputs[len(body.outputs) :]
        self.varying = varying(source, carries)
        self.shapes = _shapes_alone(halves.backward, self.residuals, self.varying)
        wanted = [v for v in self.residuals if v not in self.shapes]
        keep = _dear(source, wanted)
        position = {value: i for i, value in enumerate(source.inputs)}
        self.again = _made_from(source, wanted, keep)
        needed = {v for node in self.again for v in node.inputs if v in position}
        needed |= {v for v in (*wanted, *keep) if v in position}
        needed |= _telling(source, self.again, needed, self.varying)
        states = {v for v in needed if position[v] < carries}
        shown = [*states, *keep, *self.shapes, *body.outputs]
        self.sizes = Sizes(self._asked(halves.backward, shown))
        if always and not states and not self.sizes.symbols:
            needed.add(source.inputs[0])  # the number of steps
        used = sorted(position[v] for v in needed)
        self.rows = [i for i in used if carries <= i < carries + sequences]
        self.captures = [i for i in used if i >= carries + sequences]
        self.stacked: list[Value] = [*(source.inputs[i] for i in used if i < carries),
                                     *(v for v in keep if v not in position)]  # fmt: skip
        self.uneven = {v: None for v in self.stacked if mentions(v.shape, self.varying)}
        self.forward, values = clone(source, name=f"{body.name}_kept")
        self.forward.outputs = [values[v] for v in (*source.outputs[: len(body.outputs)], *self.stacked)]
        if self.sizes.symbols:
            self.forward.outputs.append(self.sizes.row(self.forward))
        self.count = len(self.forward.outputs) - len(body.outputs)

    def _asked(self, half: Graph, shown: Sequence[Value]) -> set[Symbol]:
        """The sizes that the way back must be told step by step."""
        nodes = [*self.again, *half.nodes]
        asked = {s for node in nodes for attr in node.attrs.values() for s in attr_symbols(attr)} & self.varying
        for value in shown:
            if mentions(value.shape, self.varying):
                asked |= {s for d in value.shape or () for s in attr_symbols(d)}
        told = {s for v in self.source.nodes for o in v.outputs for d in o.shape or () for s in attr_symbols(d)}
        return asked & told

    def ragged(self, before: Sequence[int]) -> tuple[int, ...]:
        """Which of the forward loop's stacks are padded, where those of its own results that are were known before."""
        return (*before, *(self.own + place for place, value in enumerate(self.stacked) if value in self.uneven))


def _shapes_alone(half: Graph, residuals: Sequence[Value], own: frozenset[Symbol]) -> dict[Value, None]:
    """The residuals of unsteady shape that a half takes only to know their sizes."""
    read = {v for node in half.nodes for v in node.inputs} | set(half.outputs)
    return {value: None for inner, value in zip(half.inputs, residuals, strict=False)
            if inner not in read and mentions(value.shape, own)}  # fmt: skip


def _dear(graph: Graph, residuals: Sequence[Value]) -> list[Value]:
    """Those among some values from which, and from the inputs, the others can be computed cheaply."""
    keep = dict.fromkeys(v for v in residuals if v.node.op != "input")
    order = {node: i for i, node in enumerate(graph.nodes)}
    wanted = dict(keep)  # at hand one way or the other when it is the turn of what is made of it
    for value in sorted(wanted, key=lambda v: order[v.node]):
        fair = value.node.op in _FAIR and not value.node.control
        if (fair or _cheap(value.node)) and all(_free(v, wanted, {}) for v in value.node.inputs):
            del keep[value]
    return list(keep)


def _cheap(node: Node) -> bool:
    return node.op in _CHEAP and not node.control


def _free(value: Value, keep: Mapping[Value, None], known: dict[Value, bool]) -> bool:
    """Whether a value is at hand on the way back, or follows from such by cheap ops."""
    if value in keep or value.node.op == "input":
        return True
    if value not in known:
        known[value] = _cheap(value.node) and all(_free(v, keep, known) for v in value.node.inputs)
    return known[value]


def _made_from(graph: Graph, wanted: Sequence[Value], keep: Sequence[Value]) -> list[Node]:
    """The nodes that compute some values from those that are kept, in order."""
    found: set[Node] = set()
    held = set(keep)
    stack = [v for v in wanted if v not in held]
    while stack:
        value = stack.pop()
        if value.node.op != "input" and value.node not in found:
            found.add(value.node)
            stack += [v for v in value.node.inputs if v not in held]
    return [node for node in graph.nodes if node in found]


def _telling(graph: Graph, nodes: Sequence[Node], shown: set[Value], own: frozenset[Symbol]) -> set[Value]:
    """Inputs whose shapes tell the steady sizes that some nodes mention and the given values do not show."""
    sources = symbol_sources(graph)
    mentioned = {s for node in nodes for attr in node.attrs.values() for s in attr_symbols(attr)}
    known = {s for v in shown for d in v.shape or () for s in attr_symbols(d)}
    return {sources[s] for s in mentioned - known - own if s in sources and sources[s].node.op == "input"}


#: (builder, stacked values) -> a sum over the steps
_Total = Callable[[Any, Mapping[Value, Any]], Any]


class _Backward:
    """One step of the way back, and what is made of all of them.

    Attributes:
        stacked: The values that each step leaves: the rows' cotangents, then factors.
        outside: Values that are stacked already, and in which of the rows that it reads.
        ys: Its inputs that are rows of the results' cotangents.
        changing: The states that change their shapes.
    """

    def __init__(
        self, body: Graph, half: Graph, kept: _Kept, counts: tuple[int, int], carries: int, ragged: Sequence[int]
    ) -> None:
        self.changing = frozenset(i for i in changing(kept.source, carries) if _carries(body.inputs[i]))
        self.ragged = {carries + place for place in ragged}
        self.body, self.half, self.kept, self.carries = body, half, kept, carries
        self.flowing, self.moving = counts
        first = self.flowing
        self.stacked: dict[Value, None] = {}
        self.own = half.outputs[first : first + self.moving]
        count = len(kept.residuals)
        cotangents = iter(half.inputs[count:])
        self.cts = {i: next(cotangents) for i, v in enumerate(body.outputs) if _carries(v)}
        self.ys = [ct for i, ct in self.cts.items() if i >= carries]
        position = {value: i for i, value in enumerate(kept.source.inputs)}
        places = {v: i for i, v in enumerate(kept.stacked)}
        places.update((kept.source.inputs[i], kept.count + n) for n, i in enumerate(kept.rows))
        self.outside = {inner: places[v] for inner, v in zip(half.inputs, kept.residuals, strict=False) if v in places}
        fixed = {inner for inner, v in zip(half.inputs, kept.residuals, strict=False)
                 if v in position and v not in places}  # fmt: skip
        self.moves: set[Value] = set(half.inputs) - fixed  # values that differ from step to step
        for node in half.nodes:
            if any(v in self.moves for v in node.inputs):
                self.moves.update(node.outputs)
        self.totals: dict[int, _Total | None] = {}

    # -- sums over the steps ------------------------------------------------------------------------------------------

    def plan(self, wanted: Sequence[int]) -> dict[int, _Total | None]:
        """How each wanted cotangent is made after the loop; None for those that are added up on the way."""
        self.stacked.update(dict.fromkeys(self.own))
        values = dict(zip(wanted, self.half.outputs[self.flowing + self.moving :], strict=True))
        products = {i: self._total(v, False) for i, v in values.items()}
        self.totals = {i: products[i] or self._total(v, True) for i, v in values.items()}
        return self.totals

    def _total(self, value: Value, sums: bool) -> _Total | None:
        """The sum of a value over the steps from stacked factors; with `sums`, sums of what is stacked anyway too."""
        node, attrs = value.node, value.node.attrs
        if value not in self.moves or not value.dtype.is_floating or value.shape is None or node.control:
            return None
        if any(mentions(v.shape, self.kept.varying) for v in (value, *node.inputs)):
            return None  # stacks of it are padded, or it could not be stacked
        if node.op == "matmul" and all(len(v.shape or ()) == 2 and v.dtype is value.dtype for v in node.inputs):
            first, second = node.inputs
            if not (first in self.moves and second in self.moves):
                return None
            if not all(v in self.outside or v in self.ys for v in (first, second)):
                self.stacked.update((v, None) for v in (first, second) if v not in self.outside and v not in self.ys)
            flips = attrs["transpose_a"] or attrs["adjoint_a"], attrs["transpose_b"] or attrs["adjoint_b"]
            return lambda b, given: _product_of_all(b, given[first], given[second], *flips)
        if node.op in ("sum_to_shape", "reduce_sum"):
            (source,) = node.inputs
            if not sums or not (source in self.stacked or source in self.outside or source in self.ys):
                return None
            if node.op == "sum_to_shape":
                shape = attrs["shape"]
                return lambda b, given: b.unbroadcast(given[source], shape)
            rank = len(source.shape or ())
            axes = range(rank) if attrs["axis"] is None else attrs["axis"]
            over = (0, *(a % rank + 1 for a in ((axes,) if isinstance(axes, int) else axes)))
            sizes = value.shape
            return lambda b, given: _shaped(b, b.reduce_sum(given[source], axis=over, keepdims=False), sizes)
        return self._linear(value, node, sums)

    def _linear(self, value: Value, node: Node, sums: bool) -> _Total | None:
        """What is linear in its operands is done to their sums."""
        attrs = dict(node.attrs)
        zero = node.op == "pad" and attrs["mode"].lower() == "constant" and attrs["constant_value"] == 0
        if node.op not in ("add", "negative", "reshape", "transpose", "concat", "identity") and not zero:
            return None
        if any(v.type.shape != value.shape for v in node.inputs) and node.op == "add":
            return None
        parts = [self._total(v, sums) for v in node.inputs]
        if any(part is None for part in parts):
            return None
        op = node.op
        return lambda b, given: b.call(op, *(part(b, given) for part in parts if part is not None), **attrs)

    # -- the step -----------------------------------------------------------------------------------------------------

    def graph(self, flowing: Sequence[Any], wanted: Sequence[int]) -> Graph:
        """(state cotangents, sums; kept rows, rows, result cotangents; captures) -> (those; what is stacked)."""
        body, kept = self.body, self.kept
        graph = Graph(f"{body.name}_backward")
        floating = [i for i in range(self.carries) if _carries(body.inputs[i])]
        cotangents = {i: graph.add_input(self._state_type(i), "cotangent") for i in floating}
        left = [i for i in wanted if self.totals[i] is None]
        sums = [graph.add_input(_cotangent_type(body.inputs[i]), "sum") for i in left]
        values = {v: graph.add_input(padded_type(v.type) if v in kept.uneven else v.type, "kept")
                  for v in kept.stacked}  # fmt: skip
        sizes = graph.add_input(kept.sizes.type, "sizes") if kept.sizes.symbols else None
        values.update((kept.source.inputs[i], graph.add_input(body.inputs[i].type, "row")) for i in kept.rows)
        results = {i: graph.add_input(padded_type(v.type) if i in self.ragged else v.type, "cotangent")
                   for i, v in enumerate(body.outputs) if i >= self.carries and _carries(v)}  # fmt: skip
        values.update((kept.source.inputs[i], graph.add_input(body.inputs[i].type, "capture")) for i in kept.captures)
        b = GraphBuilder(graph)
        before = [*cotangents.values(), *sums]
        if sizes is not None:
            kept.sizes.bind(graph, sizes)
            self._cut(b, values, cotangents, results)
        for node in kept.again:
            made = graph.add(node.op, [values[v] for v in node.inputs], node.attrs, [v.type for v in node.outputs],
                             source=node.source)  # fmt: skip
            values.update((old, new) for old, new in zip(node.outputs, made.outputs, strict=True) if old not in values)
        given = [values[v] for v in kept.residuals]
        given += [cotangents[i] if i < self.carries else results[i] for i in self.cts]
        half, moved = clone(self.half)
        half.outputs = [moved[v] for v in (*self.half.outputs, *self.stacked)]
        found = inline(b, half, given)
        by_input = dict(zip(wanted, found[self.flowing + self.moving :], strict=False))
        added = [b.add(total, by_input[i]) for total, i in zip(sums, left, strict=True)]
        free = {before[place] for place, i in enumerate(floating) if i in self.changing}
        after = [new if new.type == old.type or old in free else b.reshape_like(new, old)
                 for old, new in zip(before, [*found[: self.flowing], *added], strict=True)]  # fmt: skip
        graph.outputs = [*after, *found[len(self.half.outputs) :]]
        return graph

    def _state_type(self, state: int) -> TensorType:
        before, after = self.body.inputs[state].type, self.body.outputs[state].type
        if state not in self.changing:
            return before
        sizes = zip(before.shape or (), after.shape or (), strict=True)
        return after.with_shape(tuple(a if isinstance(a, int) and a == b else Dim.fresh() for a, b in sizes))

    def _cut(self, b: Any, values: dict[Value, Any], cotangents: dict[int, Any], results: dict[int, Any]) -> None:
        """Gives what comes with sizes of its own those that it has in this step."""
        for value in self.kept.uneven:
            values[value] = cut(b, values[value], value.shape or ())
        for value in self.kept.shapes:
            if value not in values:
                values[value] = b.full(value.shape or (), 0, value.dtype)
        for state in sorted(self.changing):
            cotangents[state] = b.reshape(cotangents[state], shape=self.body.outputs[state].shape)
        for result in sorted(results.keys() & self.ragged):
            results[result] = cut(b, results[result], self.body.outputs[result].shape or ())


def _shaped(b: Any, value: Any, sizes: Sequence[Any]) -> Any:
    return value if b.shape(value) == tuple(sizes) else b.reshape(value, shape=tuple(sizes))


def _product_of_all(b: Any, first: Any, second: Any, flip_first: bool, flip_second: bool) -> Any:
    """sum over t of first[t] · second[t], as one product over t and the axis between them."""
    first = first if flip_first else b.transpose(first, perm=(0, 2, 1))
    second = b.transpose(second, perm=(0, 2, 1)) if flip_second else second
    steps, inner, rows = b.shape(first)
    columns = b.shape(second)[2]
    flat = b.reshape(first, shape=(steps * inner, rows)), b.reshape(second, shape=(steps * inner, columns))
    return b.matmul(*flat, transpose_a=True)
