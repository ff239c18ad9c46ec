"""Control flow: calls, branches, loops and scans over closed sub-graphs, and their gradients.

A gradient of a loop is a loop: the forward one is run with its states stacked, and the backward one walks the stacks.
Being made of the same ops, it can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.base.dims import Dim, Symbol, substitute, symbols_of
from weft.base.errors import InvalidArgumentError, explain
from weft.ir.graph import Graph, Value
from weft.ir.types import TensorType
from weft.ops import control_cases
from weft.ops.axes import axis_of, shape_of
from weft.ops.builder import inline
from weft.ops.interpreter import Runner
from weft.ops.loop_gradient import leads_on, walk_back
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register
from weft.ops.uneven import padded, padded_type, varying

#: the loops, and the attribute that says how many variables go from step to step
COUNTS = {"scan": "carries", "while_loop": "count"}

_ANY = (*dtypes.ALL, dtypes.resource, dtypes.variant)


def _carries(value: Any) -> bool:
    return bool(value.dtype.is_floating or value.dtype.is_complex)


# Types through sub-graphs --------------------------------------------------------------------------------------------


def _bind(inner: Sequence[Value], types: Sequence[TensorType], what: str) -> dict[Symbol, Any]:
    """The outer sizes that a sub-graph's own symbols stand for, after checking that operands fit its inputs."""
    if len(inner) != len(types):
        raise SpecError(f"{what} takes {len(inner)} values, received {len(types)}")
    sizes: dict[Symbol, Any] = {}
    for value, type in zip(inner, types, strict=True):
        if value.dtype is not type.dtype or not shapes.compatible(value.shape, type.shape):
            raise SpecError(f"{what} takes {value.type} as `{value.node.name}`, received {type}")
        if value.shape is None or type.shape is None:
            continue
        for dimension, size in zip(value.shape, type.shape, strict=True):
            symbol = dimension.symbol if isinstance(dimension, Dim) else None
            if symbol is not None:
                sizes.setdefault(symbol, size)
    return sizes


def _outer_type(type: TensorType, sizes: dict[Symbol, Any], known: frozenset[Symbol]) -> TensorType:
    """A type seen from outside: own symbols replaced, those that depend on data made fresh (once each)."""
    if type.shape is None or type.is_resource:
        return type
    shape = []
    for dimension in type.shape:
        if isinstance(dimension, Dim):
            for symbol in dimension.symbols():
                if symbol not in sizes and symbol not in known:
                    sizes[symbol] = Dim.fresh(symbol.hint)
        shape.append(substitute(dimension, sizes))
    return TensorType(tuple(shape), type.dtype, type.handle)


def _inner_symbols(graph: Graph) -> set[Symbol]:
    found: set[Symbol] = set()
    for node in graph.nodes:
        for value in node.outputs:
            for dimension in value.shape or ():
                if isinstance(dimension, Dim):
                    found |= dimension.symbols()
    return found


def _free(graph: Graph, sizes: dict[Symbol, Any]) -> frozenset[Symbol]:
    """Symbols of the surroundings: those that the graph mentions without binding them by a value of its own."""
    bound: set[Symbol] = set(sizes)
    for node in graph.nodes:
        for value in node.outputs:
            bound |= {d.symbol for d in value.shape or () if isinstance(d, Dim) and d.symbol is not None}
    return frozenset(_inner_symbols(graph) - bound)


def result_types(graph: Graph, types: Sequence[TensorType], what: str) -> list[TensorType]:
    """The types that a graph gives for operands of these types."""
    sizes = _bind(graph.inputs, types, what)
    known = _free(graph, sizes)
    return [_outer_type(value.type, sizes, known) for value in graph.outputs]


def _merge(first: TensorType, second: TensorType, position: int) -> TensorType:
    if first.dtype is not second.dtype:
        raise SpecError(
            f"the branches differ in dtype in result {position}: {first.dtype.name} and {second.dtype.name}",
            hint="cast one of them",
            dtype=True,
        )
    if first.shape is None or second.shape is None or len(first.shape) != len(second.shape):
        return TensorType(None, first.dtype, first.handle)
    shape = tuple(a if a == b else Dim.fresh() for a, b in zip(first.shape, second.shape, strict=True))
    return TensorType(shape, first.dtype, first.handle)


# Calls ---------------------------------------------------------------------------------------------------------------


def _call_vjp(b: Any, node: Any, *cts: Any) -> Sequence[Any]:
    wrt = [i for i, need in enumerate(node.needs) if need]
    graph, backward, count = node.attrs["graph"], node.attrs["backward"], node.attrs["residuals"]
    own = len(graph.outputs) - count
    # a cotangent of a residual comes from the gradient's own gradient: then the whole is differentiated anew
    if backward is not None and not any(node.received[own:]):
        flowing = [ct for ct, v in zip(cts[:own], graph.outputs[:own], strict=True) if _carries(v)]
        found = _as_list(b.call("call", *node.outputs[own:], *flowing, graph=backward))
        by_input = dict(zip(node.attrs["wrt"], found, strict=True))
        return [by_input.get(i) for i in range(len(node.inputs))]
    gradient = b.differentiate(graph, wrt)
    flowing = [ct for ct, v in zip(cts, graph.outputs, strict=True) if _carries(v)]
    found = _as_list(b.call("call", *node.inputs, *flowing, graph=gradient))
    by_input = dict(zip(wrt, found, strict=True))
    for ct, value, received in zip(cts, graph.outputs, node.received, strict=True):
        if received and value.type.is_resource and value in graph.inputs:  # a handle that is handed on
            place = graph.inputs.index(value)
            if place in by_input:
                by_input[place] = b.add(b.densify(by_input[place]), b.densify(ct))
    return [by_input.get(i) for i in range(len(node.inputs))]


def _as_list(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple) else [result]


register(
    OpDef(
        name="call",
        inputs=("*inputs",),
        attrs={"graph": REQUIRED, "backward": None, "residuals": 0, "wrt": ()},
        spec=lambda *inputs, graph, **_: result_types(graph, inputs, f"function `{graph.name}`"),
        reference=lambda runner, *inputs, graph, **_: tuple(runner.run(graph, inputs)),
        dtypes=(_ANY,),
        same=(),
        vjp=_call_vjp,
        decompose=lambda b, *inputs, graph, **_: tuple(inline(b, graph, inputs)),
        higher_order=True,
        outputs=None,
        cases=control_cases.call,
        doc="Runs a graph. With `backward`, its last `residuals` outputs are what that graph of the gradient needs.",
    )
)


# Branches ------------------------------------------------------------------------------------------------------------


def _cond_spec(pred: TensorType, *inputs: TensorType, then_graph: Graph, else_graph: Graph) -> list[TensorType]:
    if pred.rank not in (0, None):
        raise SpecError(f"`pred` must be a scalar, received shape {shapes.show(pred.shape)}",
                        hint="reduce it with tf.reduce_any or tf.reduce_all")  # fmt: skip
    if len(then_graph.outputs) != len(else_graph.outputs):
        raise SpecError(f"the branches return {len(then_graph.outputs)} and {len(else_graph.outputs)} values")
    first = result_types(then_graph, inputs, "the true branch")
    second = result_types(else_graph, inputs, "the false branch")
    return [_merge(a, b, i) for i, (a, b) in enumerate(zip(first, second, strict=True))]


def _cond(runner: Runner, pred: Any, *inputs: Any, then_graph: Graph, else_graph: Graph) -> tuple[Any, ...]:
    return tuple(runner.run(then_graph if bool(pred) else else_graph, inputs))


def _cond_vjp(b: Any, node: Any, *cts: Any) -> Sequence[Any]:
    wrt = [i for i, need in enumerate(node.needs[1:]) if need]
    pred, *inputs = node.inputs
    then_graph, else_graph = node.attrs["then_graph"], node.attrs["else_graph"]
    flowing = [ct for ct, v in zip(cts, then_graph.outputs, strict=True) if _carries(v)]
    found = _as_list(b.call("cond", pred, *inputs, *flowing, then_graph=b.differentiate(then_graph, wrt),
                            else_graph=b.differentiate(else_graph, wrt)))  # fmt: skip
    by_input = dict(zip(wrt, found, strict=True))
    return [None, *(by_input.get(i) for i in range(len(inputs)))]


register(
    OpDef(
        name="cond",
        inputs=("pred", "*inputs"),
        attrs={"then_graph": REQUIRED, "else_graph": REQUIRED},
        spec=_cond_spec,
        reference=_cond,
        dtypes=((dtypes.bool_,), _ANY),
        same=(),
        vjp=_cond_vjp,
        higher_order=True,
        outputs=None,
        cases=control_cases.cond,
        doc="Runs one of two graphs on the same inputs.",
    )
)


# Loops ---------------------------------------------------------------------------------------------------------------


def _loop_types(inputs: Sequence[TensorType], body: Graph, count: int, ragged: Sequence[int]) -> list[TensorType]:
    sizes = _bind(body.inputs, inputs, "the loop body")
    if len(body.outputs) < count:
        raise SpecError(f"the loop has {count} variables, its body returns {len(body.outputs)}")
    known = _free(body, sizes)
    types = _variable_types(body, count, sizes, known)
    if len(body.outputs) > count:
        steps = Dim.fresh("steps")
        types += [_stacked(steps, type) for type in _row_types(body, count, sizes, known, ragged)]
    return types


def _row_types(
    body: Graph, count: int, sizes: dict[Symbol, Any], known: frozenset[Symbol], ragged: Sequence[int]
) -> list[TensorType]:
    """The types of what the body returns behind the variables; a size that they change is not that before the loop."""
    own = varying(body, count)
    steady = {symbol: Dim.fresh(symbol.hint) if symbol in own else size for symbol, size in sizes.items()}
    outside = known | _all([size for symbol, size in sizes.items() if symbol not in own])
    found = [padded_type(_outer_type(value.type, steady, known)) if place in ragged
             else _outer_type(value.type, steady, known)
             for place, value in enumerate(body.outputs[count:])]  # fmt: skip
    return _shown(found, outside)


def _shown(types: Sequence[TensorType], outside: frozenset[Symbol]) -> list[TensorType]:
    """The same types, in which each size can be told from the results' shapes or from sizes of the surroundings: one
    that is computed of a size inside of the body, which no result shows, is a size of its own."""
    bare = {size.symbol for type in types for size in type.shape or () if isinstance(size, Dim)}
    made: dict[Dim, Dim] = {}

    def told(size: Any) -> Any:
        if not isinstance(size, Dim) or all(symbol in bare or symbol in outside for symbol in size.symbols()):
            return size
        return made.setdefault(size, Dim.fresh())

    return [type if type.shape is None else type.with_shape(tuple(told(size) for size in type.shape))
            for type in types]  # fmt: skip


def _variable_types(
    body: Graph, count: int, sizes: dict[Symbol, Any], known: frozenset[Symbol]
) -> list[TensorType]:
    types = []
    for position, (start, end) in enumerate(zip(body.inputs[:count], body.outputs, strict=False)):
        if start.dtype is not end.dtype:
            raise SpecError(f"loop variable {position} is {start.dtype.name}, the body returns {end.dtype.name}",
                            hint="cast it in the body", dtype=True)  # fmt: skip
        if start.shape is None or end.shape is None:
            types.append(TensorType(None, start.dtype, start.type.handle))
            continue
        if len(start.shape) != len(end.shape) or any(
            isinstance(a, int) and a != b for a, b in zip(start.shape, end.shape, strict=True)
        ):
            raise SpecError(
                f"loop variable {position} has shape {shapes.show(start.shape)}, the body returns "
                f"{shapes.show(end.shape)}",
                hint="keep its shape, or give a shape_invariants entry with None for the sizes that change",
            )
        steady = [a == b for a, b in zip(start.shape, end.shape, strict=True)]
        kept = zip(start.shape, steady, strict=True)
        shape = tuple(substitute(a, sizes) if same else Dim.fresh() for a, same in kept)
        types.append(_outer_type(TensorType(shape, start.dtype, start.type.handle), {}, known | _all(shape)))
    return types


def _stacked(steps: Any, type: TensorType) -> TensorType:
    return TensorType(None if type.shape is None else (steps, *type.shape), type.dtype)


def _all(shape: Sequence[Any]) -> frozenset[Symbol]:
    return frozenset(s for d in shape if isinstance(d, Dim) for s in d.symbols())


def _while_spec(
    *inputs: TensorType, body: Graph, condition: Graph, count: int, maximum: int | None, ragged: tuple[int, ...]
) -> list[TensorType]:
    test = result_types(condition, inputs, "the loop condition")
    if len(test) != 1 or test[0].dtype is not dtypes.bool_ or test[0].rank not in (0, None):
        raise SpecError("the loop condition must give one scalar bool, it gives " + ", ".join(map(str, test)),
                        hint="reduce it with tf.reduce_any or tf.reduce_all")  # fmt: skip
    return _loop_types(inputs, body, count, ragged)


def _while(
    runner: Runner, *inputs: Any, body: Graph, condition: Graph, count: int, maximum: int | None,
    ragged: tuple[int, ...],
) -> tuple[Any, ...]:  # fmt: skip
    state, captures = list(inputs[:count]), list(inputs[count:])
    rows: list[list[Any]] = []
    while (maximum is None or len(rows) < maximum) and bool(runner.run(condition, state + captures)[0]):
        found = runner.run(body, state + captures)
        state = found[:count]
        rows.append(found[count:])
    results = range(len(body.outputs) - count)
    stacks = [_stack([row[i] for row in rows], i, i in ragged) if rows else
              _empty_stack(body, count + i, inputs, runner) for i in results]  # fmt: skip
    return (*state, *stacks)


def _stack(rows: Sequence[Any], position: int, ragged: bool) -> Any:
    if ragged:
        return padded(rows)
    arrays = [np.asarray(row) for row in rows]
    different = next((i for i, a in enumerate(arrays) if a.shape != arrays[0].shape), None)
    if different is not None:
        raise ValueError(
            f"result {position} of step {different} has shape {arrays[different].shape}, that of step 0 "
            f"{arrays[0].shape}; what is stacked, or kept for a gradient, must have one shape in all steps"
        )
    return np.stack(arrays)


def _empty_stack(body: Graph, output: int, inputs: Sequence[Any], runner: Runner) -> Any:
    """A stack of no steps: its sizes come from the body's types."""
    type = body.outputs[output].type
    given = [getattr(value, "shape", ()) for value in inputs]
    return np.zeros((0, *_sizes_without_a_step(body, given, type, runner.known)), type.dtype.numpy)


def check_ranks(b: Any, inputs: Sequence[Any], outputs: Sequence[Any], count: int) -> None:
    """Refuses to differentiate a loop of whose variables not even the rank is known.

    Args:
        b: The builder that the loop's gradient is made with.
        inputs: The loop's inputs.
        outputs: The loop's outputs.
        count: How many loop variables there are.
    """
    for position in range(count):
        if not (b.knows_rank(inputs[position]) and b.knows_rank(outputs[position])):
            raise InvalidArgumentError(explain(
                f"while_loop: the rank of loop variable {position} is not known, and a gradient needs the history of "
                "its states.",
                hint="tell its shape before the loop, with x.set_shape(...) or tf.ensure_shape(x, ...)",
            ))  # fmt: skip


def _while_vjp(b: Any, node: Any, *cts: Any) -> Sequence[Any]:
    count = node.attrs["count"]
    if not leads_on(node.attrs["body"], [place for place, needed in enumerate(node.needs) if needed], count):
        return [None] * len(node.inputs)
    check_ranks(b, node.inputs, node.outputs, count)
    return walk_back(b, "while_loop", node, cts, (count, 0), None, True)


register(
    OpDef(
        name="while_loop",
        inputs=("*inputs",),
        attrs={"body": REQUIRED, "condition": REQUIRED, "count": REQUIRED, "maximum": None, "ragged": ()},
        spec=_while_spec,
        reference=_while,
        dtypes=(_ANY,),
        same=(),
        vjp=_while_vjp,
        higher_order=True,
        outputs=None,
        cases=control_cases.while_loop,
        doc="Repeats a body while a condition holds. What the body returns behind the loop variables is returned "
        "stacked, a row for each step; what of it `ragged` numbers is padded with zeros to one shape.",
    )
)


# Scans ---------------------------------------------------------------------------------------------------------------


def _scan_spec(
    *inputs: TensorType, body: Graph, carries: int, sequences: int, length: Any, backwards: bool, moves: bool,
    ragged: tuple[int, ...],
) -> list[TensorType]:  # fmt: skip
    start = inputs[:carries]
    rows = []
    for position, type in enumerate(inputs[carries : carries + sequences]):
        if type.shape == () or (type.shape is None and length is None):
            raise SpecError(
                f"sequence {position} needs a leading axis to walk along, received {type}",
                hint="tell its shape with x.set_shape(...) or tf.ensure_shape(x, ...)" if type.shape is None else None,
            )
        rows.append(TensorType(None if type.shape is None else type.shape[1:], type.dtype, type.handle))
    captures = inputs[carries + sequences :]
    sizes = _bind(body.inputs, [*start, *rows, *captures], "the scan body")
    known = _free(body, sizes)
    results = _row_types(body, carries, sizes, known, ragged)
    if moves:
        return [*_variable_types(body, carries, sizes, known), *(_stacked(length, type) for type in results)]
    found = [_outer_type(value.type, sizes, known) for value in body.outputs[:carries]]
    for position, (before, after) in enumerate(zip(start, found, strict=True)):
        own = body.inputs[position].shape == body.outputs[position].shape  # though less may be known of it outside
        if before.dtype is not after.dtype or (before.shape != after.shape and not own):
            alike = ", whose sizes are not known to be the same" if str(before) == str(after) else ""
            raise SpecError(f"carry {position} is {before}, the body returns {after}{alike}",
                            hint="a scan's carry keeps its shape and dtype")  # fmt: skip
    return [*found, *(_stacked(length, type) for type in results)]


def _scan(
    runner: Runner, *inputs: Any, body: Graph, carries: int, sequences: int, length: int, backwards: bool, moves: bool,
    ragged: tuple[int, ...],
) -> tuple[Any, ...]:  # fmt: skip
    carry = list(inputs[:carries])
    rows = inputs[carries : carries + sequences]
    captures = list(inputs[carries + sequences :])
    for position, row in enumerate(rows):
        if len(row) != length:
            raise ValueError(f"sequence {position} has {len(row)} steps, expected {length}")
    stacks: list[Any] = [[] if i in ragged else None for i in range(len(body.outputs) - carries)]
    for step in range(length - 1, -1, -1) if backwards else range(length):
        found = runner.run(body, [*carry, *(row[step, ...] for row in rows), *captures])  # arrays, of strings too
        carry = found[:carries]
        for position, value in enumerate(found[carries:]):
            if position in ragged:
                stacks[position].append(value)
                continue
            if stacks[position] is None:
                stacks[position] = np.empty((length, *np.shape(value)), np.asarray(value).dtype)
            elif stacks[position].shape[1:] != np.shape(value):
                raise ValueError(f"result {position} of step {step} has shape {np.shape(value)}, those before it "
                                 f"{stacks[position].shape[1:]}; results that are stacked must have one shape")
            stacks[position][step, ...] = value  # of strings without axes the string, not an array of it
    if length == 0:
        given = [*carry, *(np.empty(row.shape[1:], row.dtype) for row in rows), *captures]
        stacks = [_empty_stack(body, carries + position, given, runner) for position in range(len(stacks))]
    else:
        for position in ragged:
            stacks[position] = padded(stacks[position][::-1] if backwards else stacks[position])
    return (*carry, *stacks)


def _sizes_without_a_step(
    body: Graph, given: Sequence[tuple[int, ...]], type: TensorType, outside: Mapping[Symbol, int]
) -> tuple[int, ...]:
    """The sizes of a body's result where it never ran, from those of its inputs; 0 for what only running tells."""
    known = dict(outside)
    for value, shape in zip(body.inputs, given, strict=True):
        if value.shape is not None and not value.type.is_resource:
            dims.bind(value.shape, shape, known)
    return tuple(dims.evaluate(d, known) if symbols_of(d) <= known.keys() else 0 for d in type.shape or ())


def _scan_vjp(b: Any, node: Any, *cts: Any) -> Sequence[Any]:
    attrs = node.attrs
    counts = attrs["carries"], attrs["sequences"]
    if attrs["moves"]:
        check_ranks(b, node.inputs, node.outputs, attrs["carries"])
    return walk_back(b, "scan", node, cts, counts, attrs["length"], not attrs["backwards"])


register(
    OpDef(
        name="scan",
        inputs=("*inputs",),
        attrs={"body": REQUIRED, "carries": REQUIRED, "sequences": REQUIRED, "length": REQUIRED, "backwards": False,
               "moves": False, "ragged": ()},
        spec=_scan_spec,
        reference=_scan,
        dtypes=(_ANY,),
        same=(),
        vjp=_scan_vjp,
        higher_order=True,
        outputs=None,
        cases=control_cases.scan,
        doc="Walks along the first axis of sequences with a carry: body(carry, rows, captures) -> (carry, results). "
        "Returns the last carry and the results stacked; `backwards` walks from the end. A carry that `moves` changes "
        "its sizes; results that `ragged` numbers are padded with zeros to one shape.",
    )
)  # fmt: skip


# Helpers of the above ------------------------------------------------------------------------------------------------


def _axis_size_spec(x: TensorType, *, axis: int) -> TensorType:
    axis_of(axis, len(shape_of(x)))
    return TensorType((), dtypes.int32)


def _axis_size(x: Any, axis: int) -> Any:
    return np.asarray(x.shape[axis], np.int32)


register(
    OpDef(
        name="shape_of_axis",
        inputs=("x",),
        attrs={"axis": REQUIRED},
        spec=_axis_size_spec,
        reference=_axis_size,
        dtypes=(_ANY,),
        vjp=lambda b, node, ct: (None,),
        reason="its result is an integer",
        cases=(case((2, 3), axis=1), case((0, 3), axis=0)),
        doc="The size of one axis, as an int32 scalar.",
    )
)


def _row_spec(x: TensorType, index: TensorType) -> TensorType:
    if not x.shape or index.shape != ():
        raise SpecError("needs a tensor with a leading axis and a scalar index")
    return TensorType(x.shape[1:], x.dtype)


def _take_row(x: Any, index: Any) -> Any:
    if not 0 <= int(index) < len(x):
        raise IndexError(f"row {int(index)} is out of range for {len(x)} rows")
    return x[int(index), ...]  # an array even where one string is left


def _put_row_spec(x: TensorType, index: TensorType, *, shape: tuple[Any, ...]) -> TensorType:
    if index.shape != () or not shapes.compatible(x.shape, tuple(shape[1:])):
        raise SpecError("needs a row of the result and a scalar index", expected=f"a row of {shapes.show(shape)}")
    return TensorType(tuple(shape), x.dtype)


def _put_row(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    whole = np.zeros(shape, x.dtype)
    whole[int(index)] = x
    return whole


register(
    OpDef(
        name="take_row",
        inputs=("x", "index"),
        spec=_row_spec,
        reference=_take_row,
        dtypes=(dtypes.ALL, (dtypes.int32, dtypes.int64)),
        same=(),
        vjp=lambda b, node, ct: (b.put_row(ct, node.inputs[1], shape=b.shape(node.inputs[0])), None),
        cases=(case((3, 2), np.array(2)), case((3,), np.array(0))),
        doc="One row of the first axis, chosen at run time.",
    )
)
register(
    OpDef(
        name="put_row",
        inputs=("x", "index"),
        attrs={"shape": REQUIRED},
        spec=_put_row_spec,
        reference=_put_row,
        dtypes=(dtypes.NUMBERS, (dtypes.int32, dtypes.int64)),
        same=(),
        vjp=lambda b, node, ct: (b.take_row(ct, node.inputs[1]), None),
        cases=(case((2,), np.array(1), shape=(3, 2)),),
        doc="Zeros of a shape but for one row of the first axis.",
    )
)


# Gradients of the user's own -----------------------------------------------------------------------------------------


def _custom_vjp(b: Any, node: Any, *cts: Any) -> Sequence[Any]:
    found = node.attrs["gradient"](b, node, cts)
    return [*found, *([None] * (len(node.inputs) - len(found)))]


register(
    OpDef(
        name="custom_gradient",
        inputs=("*values",),
        attrs={"gradient": REQUIRED, "count": REQUIRED},
        spec=lambda *values, gradient, count: values[count:],
        reference=lambda *values, gradient, count: tuple(values[count:]),
        dtypes=(_ANY,),
        same=(),
        vjp=_custom_vjp,
        decompose=lambda b, *values, gradient, count: tuple(b.identity(v) for v in values[count:]),
        outputs=None,
        cases=control_cases.custom_gradient,
        doc="Passes on the results (from position `count`) of a function of the values before them, whose gradient is "
        "what `gradient(builder, application, cotangents)` says.",
    )
)
