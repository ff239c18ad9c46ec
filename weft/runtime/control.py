"""Branches, loops and scans out of Python functions: traces them into sub-graphs with explicit captures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft.base import dtypes, nest, shapes
from weft.base.dims import Derived, Dim
from weft.base.errors import explain
from weft.ir.graph import Graph, Node
from weft.ir.types import TensorType
from weft.runtime import context, dispatch, frontdoor
from weft.runtime.composite import CompositeTensor
from weft.runtime.concrete import TracedResult
from weft.runtime.context import Scope
from weft.runtime.spec import CompositeSpec
from weft.runtime.tensor import wrap


class Traced:
    """A sub-graph with what it captured and how its result is put together."""

    def __init__(self, graph: Graph, captured: list[Any], result: TracedResult) -> None:
        self.graph = graph
        self.captured = captured
        self.result = result


class Tracing:
    """A sub-graph that a function has been run into, before it is settled which of what it made are the outputs.

    Args:
        function: Gets symbolic tensors.
        types: Their types.
        name: The graph's name.

    Attributes:
        returned: What the function returned.
    """

    def __init__(self, function: Callable[..., Any], types: Sequence[TensorType], name: str) -> None:
        outer = context.scope()
        self.graph = Graph(name)
        self._scope = Scope(self.graph, outer, ordered=outer.ordered if outer is not None else True)
        leaves = [self.add_input(type) for type in types]
        with context.open_scope(self._scope):
            self.returned = function(*leaves)

    def add_input(self, type: TensorType) -> Any:
        """One more symbolic tensor that is given to it."""
        value = self.graph.add_input(type, "argument")
        inputs = self.graph.inputs
        inputs.insert(len(inputs) - 1 - len(self.graph.captures), inputs.pop())  # captures come last
        return wrap(value)

    def within(self, function: Callable[[], Any]) -> Any:
        """Runs a function into the sub-graph."""
        with context.open_scope(self._scope):
            return function()

    def close(self, outputs: Any) -> Traced:
        """The sub-graph with these outputs: nested tensors of its own or from around it."""

        def settle() -> TracedResult:
            result = TracedResult(outputs)
            self.graph.outputs = [dispatch.resolve(tensor, self._scope) for tensor in result.tensors]
            return result

        result = self.within(settle)
        return Traced(self.graph, [key.target for key in self.graph.captures], result)


def trace_subgraph(
    function: Callable[..., Any],
    args: Any,
    types: Sequence[TensorType],
    name: str,
) -> Traced:
    """Runs a function on symbolic tensors of these types, inside the scope at hand.

    Args:
        function: The function.
        args: Its arguments, whose leaves are replaced.
        types: The leaves' types.
        name: The graph's name.
    """
    tracing = Tracing(lambda *leaves: function(*nest.pack(args, list(leaves))), types, name)
    return tracing.close(tracing.returned)


def _share_captures(parts: Sequence[Traced], own: int) -> list[Any]:
    """Gives several sub-graphs the same captured inputs in the same order; returns what they stand for."""
    union: dict[int, Any] = {}
    for part in parts:
        for tensor in part.captured:
            union.setdefault(_identity(tensor), tensor)
    for part in parts:
        have = {_identity(tensor): value
                for tensor, value in zip(part.captured, part.graph.inputs[own:], strict=True)}  # fmt: skip
        values = [have[key] if key in have else part.graph.add_input(_type(tensor), "capture")
                  for key, tensor in union.items()]  # fmt: skip
        part.graph.inputs = [*part.graph.inputs[:own], *values]
        part.captured = list(union.values())
    return list(union.values())


def _identity(tensor: Any) -> int:
    return id(tensor._array) if hasattr(tensor, "handle_type") else id(tensor)


def _type(tensor: Any) -> TensorType:
    type: TensorType = tensor.type
    return type


def cond(pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
         name: str | None = None) -> Any:  # fmt: skip
    """What `true_fn` returns where the predicate holds, else what `false_fn` returns.

    Raises:
        TypeError: Where the branches return different structures.
    """
    if not callable(true_fn) or not callable(false_fn):
        raise TypeError("tf.cond takes functions as branches: tf.cond(pred, lambda: x, lambda: y).")
    if isinstance(pred, bool):
        return true_fn() if pred else false_fn()
    pred = frontdoor.convert(pred)
    scope = context.scope()
    if scope is None:
        return true_fn() if bool(pred) else false_fn()
    pred = one_element(pred)
    if not pred.dtype.is_bool:
        pred = dispatch.call("cast", pred, dtype=dtypes.bool_)
    branches = [trace_subgraph(true_fn, (), (), "true_branch"), trace_subgraph(false_fn, (), (), "false_branch")]
    first, second = (branch.result for branch in branches)
    try:
        nest.assert_same(first.structure, second.structure)
    except ValueError as error:
        raise TypeError(explain(f"tf.cond: the branches return different structures. {error}",
                                hint="return the same number of tensors from both")) from None  # fmt: skip
    with context.after(scope, _waited_for(branches)):
        return first.loosened(second).rebuild(branch(pred, branches, name))


def _waited_for(branches: Sequence[Traced]) -> tuple[Node, ...]:
    """What nodes of branches wait for outside of them: it runs before the whole, whichever branch is taken."""
    found: dict[Node, None] = {}
    for part in branches:
        for node in part.graph.nodes:
            outside = [before for before in node.control if before.graph is not part.graph]
            if outside:
                found.update(dict.fromkeys(outside))
                node.control = tuple(before for before in node.control if before.graph is part.graph)
    return tuple(found)


def one_element(tensor: Any) -> Any:
    """A condition as a scalar, where it has one element or only the run tells how many; another one as it is."""
    shape = tensor.shape
    if shape.rank in (0, None) or any(size not in (1, None) for size in shape.as_list()):
        return tensor
    return dispatch.call("reshape", tensor, shape=())


def _of_one_element(condition: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: one_element(frontdoor.convert(condition(*values)))


def branch(pred: Any, branches: Sequence[Traced], name: str | None = None) -> list[Any]:
    """The outputs of the first sub-graph where a scalar bool holds, else of the second."""
    _match_dtypes(branches)
    captures = _share_captures(branches, 0)
    attrs = {"then_graph": branches[0].graph, "else_graph": branches[1].graph}
    outputs = dispatch.apply(_record("cond"), [pred, *captures], attrs, name)
    return list(outputs[: len(branches[0].graph.outputs)])


def repeat(
    condition: Traced, body: Traced, start: Sequence[Any], maximum: int | None, name: str | None = None
) -> list[Any]:
    """Feeds the body's outputs to itself, from these tensors on, while the condition holds of them."""
    captures = _share_captures([body, condition], len(start))
    attrs = {"body": body.graph, "condition": condition.graph, "count": len(start), "maximum": maximum,
             "ragged": ()}  # fmt: skip
    return list(dispatch.apply(_record("while_loop"), [*start, *captures], attrs, name))


def _match_dtypes(branches: Sequence[Traced]) -> None:
    """A Python number in one branch takes the dtype of the tensor in the other."""
    from weft.ops.builder import GraphBuilder

    first, second = (branch.graph for branch in branches)
    for position, (a, b) in enumerate(zip(first.outputs, second.outputs, strict=True)):
        if a.dtype == b.dtype:
            continue
        for graph, mine, theirs in ((first, a, b), (second, b, a)):
            if mine.node.op == "constant" and mine.dtype.is_integer and theirs.dtype.is_floating:
                graph.outputs[position] = GraphBuilder(graph).cast(mine, dtype=theirs.dtype)


def _record(op: str) -> Any:
    from weft.ops import opdef

    return opdef.get(op)


def while_loop(
    condition: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """Repeats `loop_vars = body(*loop_vars)` while `condition(*loop_vars)` holds.

    Args:
        condition: Loop variables to a scalar bool.
        body: Loop variables to loop variables.
        loop_vars: Nested tensors.
        shape_invariants: Shapes with None for sizes that may change, or specs.
        maximum_iterations: A bound on the number of steps.
        name: The node's name.
    """
    given = loop_vars if isinstance(loop_vars, (list, tuple)) else [loop_vars]
    loop_vars = list(given)
    if context.scope() is None:
        return nest.rebuild(given, _python_loop(condition, body, loop_vars, maximum_iterations))
    condition = _of_one_element(condition)
    loop_vars = _with_memory(body, loop_vars)
    loop_vars = nest.map_structure(lambda v: v._loosened(None) if isinstance(v, CompositeTensor) else v, loop_vars)
    start = TracedResult(loop_vars)
    leaves = nest.flatten(loop_vars)
    if shape_invariants is None:
        types = loop_types(leaves)
    else:
        kept = nest.flatten(nest.map_structure(_Boxed, _as_shapes(shape_invariants, loop_vars)))
        types = loop_types(leaves, [box.shape for box in kept])
    count = len(types)
    limit = None
    if maximum_iterations is not None:
        fixed = maximum_iterations if isinstance(maximum_iterations, int) else None
        if fixed is None:
            counted = _with_counter(condition, body, loop_vars, shape_invariants, maximum_iterations, name)
            return nest.rebuild(given, counted)
        limit = fixed

    def rebuilt(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*leaves: Any) -> Any:
            return function(*start.rebuild(leaves))

        return call

    def stepped(*leaves: Any) -> Any:
        found = body(*start.rebuild(leaves))
        if len(loop_vars) == 1 and not (isinstance(found, (list, tuple)) and len(found) == 1):
            found = [found]
        try:
            nest.assert_same(start.structure, list(found) if isinstance(found, tuple) else found)
        except ValueError as error:
            raise ValueError(explain(f"tf.while_loop: the body returns another structure. {error}")) from None
        parts = TracedResult(found).tensors
        return [p if p.dtype == t.dtype else _number_like(p, t) for p, t in zip(parts, types, strict=True)]

    blank, before = tuple([None] * count), list(types)
    outer = trace_subgraph(rebuilt(condition), blank, types, "condition")
    inner = _steady(stepped, types)
    if types != before:
        outer = trace_subgraph(rebuilt(condition), blank, types, "condition")
    outputs = repeat(outer, inner, start.tensors, limit, name)
    return nest.rebuild(given, start.rebuild(outputs))


def _steady(body: Callable[..., Any], types: list[TensorType]) -> Traced:
    """A loop's body, traced for types (which are changed) whose sizes are those of every turn: one that a turn changes
    is not that of the start."""
    blank = tuple([None] * len(types))
    traced = trace_subgraph(body, blank, types, "body")
    free: set[tuple[int, int]] = set()
    while True:
        found = {(i, axis) for i, (type, end) in enumerate(zip(types, traced.graph.outputs, strict=False))
                 for axis, (a, b) in enumerate(zip(type.shape or (), end.shape or (), strict=False))
                 if isinstance(a, Dim) and _differs(a, b)} - free  # fmt: skip
        if not found:
            return traced
        free |= found
        wanted = [TensorType(tuple(Dim.fresh() if (i, axis) in free else n for axis, n in enumerate(type.shape)),
                             type.dtype, type.handle) if type.shape is not None else type
                  for i, type in enumerate(types)]  # fmt: skip
        try:
            traced = trace_subgraph(body, blank, wanted, "body")
        except Exception:
            return traced  # it needs what it was told; whether the size changes is seen when it runs
        types[:] = wanted


def _differs(before: Dim, after: Any) -> bool:
    """Whether a size is not that of before; what only a run tells to be broadcast may be."""
    if not isinstance(after, Dim):
        return True
    parts = [atom for term in after._terms for atom in term]
    return after != before and not any(isinstance(a, Derived) and a.function == "broadcast" for a in parts)


def collecting_loop(
    condition: Callable[..., Any], body: Callable[..., Any], loop_vars: Sequence[Any]
) -> tuple[list[Any], Any]:
    """Repeats `loop_vars, results = body(*loop_vars)` while `condition(*loop_vars)` holds; keeps all results.

    Args:
        condition: Loop variables to a scalar bool.
        body: Loop variables to new ones, and a nested structure of tensors of fixed shapes.
        loop_vars: Nested tensors.

    Returns:
        The last loop variables, and the results of all steps stacked.
    """
    variables = _with_memory(lambda *given: body(*given)[0], list(loop_vars))
    variables = nest.map_structure(lambda v: v._loosened(None) if isinstance(v, CompositeTensor) else v, variables)
    start = TracedResult(variables)
    types = loop_types(nest.flatten(variables))
    results: list[TracedResult] = []

    def stepped(*leaves: Any) -> Any:
        new, found = body(*start.rebuild(leaves))
        results.append(TracedResult(found))
        parts = TracedResult(list(new)).tensors
        if len(parts) != len(types):
            raise ValueError(explain(f"The loop's body returns {len(parts)} tensors of {len(types)}."))
        carried = [p if p.dtype == t.dtype else _number_like(p, t) for p, t in zip(parts, types, strict=True)]
        return [*carried, *results[-1].tensors]

    inner = trace_subgraph(stepped, tuple([None] * len(types)), types, "body")
    outer = trace_subgraph(lambda *leaves: condition(*start.rebuild(leaves)), tuple([None] * len(types)), types,
                           "condition")  # fmt: skip
    outputs = repeat(outer, inner, start.tensors, None)
    return start.rebuild(outputs[: len(types)]), results[0].rebuild(outputs[len(types) :])


def _with_memory(body: Callable[..., Any], loop_vars: list[Any]) -> list[Any]:
    """The loop variables, composite ones with the components that a turn gives them."""
    if not any(isinstance(leaf, CompositeTensor) for leaf in nest.flatten(loop_vars)):
        return loop_vars
    start = TracedResult(loop_vars)
    # what this makes is dropped: it only tells what a turn leaves
    probe = Tracing(lambda *leaves: body(*start.rebuild(leaves)), [_type(t) for t in start.tensors], "probe")
    found = probe.returned if isinstance(probe.returned, (list, tuple)) else [probe.returned]
    ends = nest.flatten(list(found))

    def grown(leaf: Any, after: Any) -> Any:
        return (leaf._before_a_loop(after) or leaf) if isinstance(leaf, CompositeTensor) else leaf

    leaves = nest.flatten(loop_vars)
    if len(leaves) != len(ends):
        return loop_vars
    return list(nest.pack(loop_vars, [grown(a, b) for a, b in zip(leaves, ends, strict=True)]))


def loop_types(leaves: Sequence[Any], invariants: Sequence[Any] | None = None) -> list[TensorType]:
    """The types of loop variables at the start of every turn; sizes that composite ones may change are unknown.

    Args:
        leaves: The loop variables.
        invariants: For each the shape, or the spec, that holds in all turns, where they are given. A shape says
            nothing new of a composite variable, such as a TensorArray.

    Raises:
        ValueError: Where there are not as many invariants as variables.
    """
    if invariants is None:
        invariants = [None] * len(leaves)
    elif len(invariants) != len(leaves):
        raise ValueError(explain(f"shape_invariants gives {len(invariants)} shapes for {len(leaves)} loop variables."))
    types = []
    for leaf, invariant in zip(leaves, invariants, strict=True):
        mine = [_type(tensor) for tensor in TracedResult([leaf]).tensors]
        for place, axis in leaf._changing_in_loops() if isinstance(leaf, CompositeTensor) else ():
            shape = mine[place].shape or ()
            mine[place] = mine[place].with_shape((*shape[:axis], Dim.fresh(), *shape[axis + 1 :]))
        told = _told(leaf, invariant)
        types += mine if told is None else [
            TensorType(shapes.refreshed(shape.symbolic), type.dtype, type.handle)
            for shape, type in zip(told, mine, strict=True)]  # fmt: skip
    return types


def _told(leaf: Any, invariant: Any) -> list[shapes.TensorShape] | None:
    """The shapes that an invariant gives the tensors of a loop variable; None where it gives none."""
    if isinstance(leaf, CompositeTensor):
        return [spec.shape for spec in invariant._component_specs()] if isinstance(invariant, CompositeSpec) else None
    return None if invariant is None else [shapes.TensorShape(getattr(invariant, "shape", invariant))]


class _Boxed:
    def __init__(self, shape: Any) -> None:
        self.shape = shape


def _as_shapes(invariants: Any, loop_vars: Any) -> Any:
    """Shape invariants in the structure of the loop variables, each a TensorShape (a leaf)."""
    if isinstance(invariants, (list, tuple)) and len(invariants) == len(loop_vars):
        return [_as_shapes_one(i) for i in invariants]
    return [_as_shapes_one(invariants)]


def _as_shapes_one(invariant: Any) -> Any:
    if isinstance(invariant, (shapes.TensorShape, CompositeSpec)):
        return invariant
    if isinstance(invariant, (list, tuple)) and all(isinstance(d, (int, type(None), Dim)) for d in invariant):
        return shapes.TensorShape(invariant)
    if hasattr(invariant, "shape"):
        return shapes.TensorShape(invariant.shape)
    return nest.map_structure(_as_shapes_one, invariant)


def _number_like(tensor: Any, type: TensorType) -> Any:
    if tensor.dtype.is_integer and (type.dtype.is_floating or type.dtype.is_integer):
        return dispatch.call("cast", tensor, dtype=type.dtype)
    return tensor


def _python_loop(condition: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, limit: Any) -> list[Any]:
    """The loop as Python runs it: its functions see what was given and returned, the caller gets tensors."""
    state = loop_vars
    done = 0
    bound = None if limit is None else int(limit)
    while (bound is None or done < bound) and bool(condition(*state)):
        found = body(*state)
        if len(loop_vars) == 1 and not (isinstance(found, (list, tuple)) and len(found) == 1):
            found = [found]
        try:
            nest.assert_same(loop_vars, found)
        except ValueError as error:
            raise ValueError(explain(f"tf.while_loop: the body returns another structure. {error}")) from None
        state = list(found)
        done += 1
    return nest.map_structure(_converted, state)  # type: ignore[no-any-return]


def _converted(leaf: Any) -> Any:
    return leaf if isinstance(leaf, CompositeTensor) else frontdoor.convert(leaf)


def _with_counter(
    condition: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, invariants: Any, limit: Any, name: Any
) -> Any:
    bound = frontdoor.convert(limit)
    bound = bound if bound.dtype == dtypes.int32 else dispatch.call("cast", bound, dtype=dtypes.int32)

    def go_on(step: Any, *state: Any) -> Any:
        return dispatch.call("logical_and", step < bound, frontdoor.convert(condition(*state)))

    def advance(step: Any, *state: Any) -> Any:
        found = body(*state)
        if len(loop_vars) == 1 and not (isinstance(found, (list, tuple)) and len(found) == 1):
            found = [found]
        return [step + 1, *found]

    shapes_given = None if invariants is None else [shapes.TensorShape([]), *_as_shapes(invariants, loop_vars)]
    return while_loop(go_on, advance, [0, *loop_vars], shapes_given, None, name)[1:]


def _as_large(after: Any, before: Any) -> Any:
    """A carried tensor, refused at run time unless it has the sizes that it had: not all can be known before."""
    new, old = _type(after), _type(before)
    if new.shape is None or old.shape is None or new.shape == old.shape or not shapes.compatible(new.shape, old.shape):
        return after
    return dispatch.apply(_record("ensure_shape"), [after], {"shape": old.shape})


def scan(
    function: Callable[..., Any],
    carry: Any,
    sequences: Any,
    length: Any = None,
    backwards: bool = False,
    padded: bool = False,
) -> tuple[Any, Any]:
    """Walks along the first axis: `carry, result = function(carry, rows)`; returns the last carry and all results.

    Args:
        function: (carry, rows) -> (carry, results), nested structures of tensors.
        carry: The first carry; its shapes and dtypes stay.
        sequences: Tensors `[length, ...]`, nested; None where there are none.
        length: The number of steps, where `sequences` does not say it.
        backwards: Whether to walk from the end.
        padded: Whether results whose sizes differ from row to row are filled up with zeros.
    """
    start = TracedResult(carry)
    rows = TracedResult(sequences)
    if length is None:
        if not rows.tensors:
            raise ValueError("scan needs sequences or a length.")
        length = (_type(rows.tensors[0]).shape or (None,))[0]
    carry_types = [_type(t) for t in start.tensors]
    row_types = [TensorType((_type(t).shape or ())[1:], t.dtype) for t in rows.tensors]
    count = len(carry_types)
    results: list[TracedResult] = []

    def step(*leaves: Any) -> Any:
        new_carry, found = function(start.rebuild(leaves[:count]), rows.rebuild(leaves[count:]))
        packed = TracedResult(found)
        results.append(packed)
        carried = TracedResult(new_carry).tensors
        if len(carried) != count:
            raise ValueError(explain(f"scan: the function returns {len(carried)} carried tensors of {count}."))
        kept = list(map(_as_large, carried, leaves[:count]))
        same = {id(tensor): checked for tensor, checked in zip(carried, kept, strict=True)}
        return [*kept, *(same.get(id(tensor), tensor) for tensor in packed.tensors)]

    part = trace_subgraph(step, tuple([None] * (count + len(row_types))), [*carry_types, *row_types], "scan_body")
    attrs = {"body": part.graph, "carries": count, "sequences": len(row_types), "length": length,
             "backwards": backwards, "moves": False,
             "ragged": tuple(range(len(part.graph.outputs) - count)) if padded else ()}  # fmt: skip
    outputs = dispatch.apply(_record("scan"), [*start.tensors, *rows.tensors, *part.captured], attrs)
    return start.rebuild(outputs[:count]), results[0].rebuild(outputs[count:])
