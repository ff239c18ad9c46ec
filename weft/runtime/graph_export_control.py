"""Branches, loops and scans as TensorFlow 1's graphs have them: Switch and Merge, Enter, NextIteration and Exit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.shapes import TensorShape
from weft.ir.graph import Graph, Node, Value
from weft.runtime.graph_export import NotWritten, Writer, rule
from weft.runtime.graph_export_contexts import Context, tensor

_INT32, _BOOL, _FLOW = dtypes.int32, dtypes.bool_, dtypes.float32


@rule("call")
def _call(x: Writer, node: Node) -> Sequence[str]:
    found = x.inside(node.attrs["graph"], node.inputs, [_reference(x, v) for v in node.inputs])
    return _named(x, node, found.outputs, found.effects)


def _reference(x: Writer, value: Value) -> str:
    """What stands for a value: a tensor, or a variable."""
    if value.type.is_resource:
        return x.variables.get(value, "")
    if value not in x.references:
        raise NotWritten
    return x.references[value]


def _named(x: Writer, node: Node, found: Sequence[str], effects: Sequence[str]) -> list[str]:
    """The outputs of a node written in several, the first one under the node's name."""
    if not node.outputs:
        return [x.op("NoOp", [f"^{name}" for name in effects], main=True)]
    first = x.op("Identity", [found[0], *(f"^{name}" for name in effects)], main=True, T=node.outputs[0].dtype)
    return [first, *found[1 : len(node.outputs)]]


# Branches -----------------------------------------------------------------------------------------------------------


@rule("cond")
def _cond(x: Writer, node: Node) -> Sequence[str]:
    predicate, *operands = node.inputs
    asked = x.op("Identity", [_reference(x, predicate)], "pred_id", T=_BOOL)
    switch = x.op("Switch", [asked, asked], "Switch", T=_BOOL)
    pivots = [x.op("Identity", [switch], "switch_f", T=_BOOL), x.op("Identity", [f"{switch}:1"], "switch_t", T=_BOOL)]

    def bring(side: int, context: Context) -> Callable[[str, Any, bool], str]:
        def one(reference: str, kind: Any, variable: bool) -> str:
            if reference not in context.outside:
                with x.part_of(context):
                    switch = x.op("RefSwitch" if variable else "Switch", [reference, asked], "Switch", plain=True,
                                  T=kind)  # fmt: skip
                context.outside[reference] = f"{switch}:1" if side else switch
            return context.outside[reference]

        return one

    sides = []
    for side, name in enumerate(("else_graph", "then_graph")):
        graph: Graph = node.attrs[name]
        context = x.context("cond_text" if side else "cond_text_1", False, branch=side, pred_name=tensor(asked),
                            pivot_name=tensor(pivots[side]))  # fmt: skip
        inner = [_brought(x, value, bring(side, context)) for value in operands]
        found = x.inside(graph, operands, inner, pivots[side], bring(side, context), context)
        if found.effects:  # they have run before anything is handed out
            before = [f"^{effect}" for effect in found.effects]
            with x.part_of(context):
                outputs = [x.op("Identity", [reference, *before], T=value.dtype)
                           for reference, value in zip(found.outputs, graph.outputs, strict=True)]  # fmt: skip
                done = x.op("Identity", [pivots[side], *before], "done", T=_BOOL)
        else:
            outputs, done = found.outputs, pivots[side]
        sides.append((outputs, done))
    if not node.outputs:
        return [x.op("Merge", [sides[0][1], sides[1][1]], main=True, N=2, T=_BOOL)]
    return [x.op("Merge", [otherwise, then], "Merge", main=place == 0, N=2, T=node.outputs[place].dtype)
            for place, (otherwise, then) in enumerate(zip(sides[0][0], sides[1][0], strict=True))]  # fmt: skip


def _brought(x: Writer, value: Value, bring: Callable[[str, Any, bool], str]) -> str:
    reference = _reference(x, value)
    if not value.type.is_resource:
        return bring(reference, value.dtype, False)
    inner = value.type.handle
    return bring(reference, inner.dtype, True) if reference and inner is not None else ""


# Loops --------------------------------------------------------------------------------------------------------------


class _Loop:
    """A loop that is being written.

    Args:
        x: The writer.
        starts: References and dtypes of what the loop's variables begin with.
    """

    def __init__(self, x: Writer, starts: Sequence[tuple[str, Any]]) -> None:
        self.x, self.kinds = x, [kind for _, kind in starts]
        self._frame = f"{x.prefix}/while_context"
        self.context = x.context("while_context", True, parallel_iterations=10, back_prop=True)
        self._nexts = [x.reserved("NextIteration") for _ in starts]
        entered = [self._enter(reference, kind, False) for reference, kind in starts]
        with x.part_of(self.context):
            self.merges = [x.op("Merge", [enter, after], "Merge", plain=True, N=2, T=kind)
                           for enter, after, kind in zip(entered, self._nexts, self.kinds, strict=True)]  # fmt: skip
        self.context.fields.update(loop_enter_names=list(map(tensor, entered)),
                                   pivot_for_pred_name=tensor(self.merges[0]))  # fmt: skip

    def _enter(self, reference: str, kind: Any, constant: bool, variable: bool = False) -> str:
        with self.x.part_of(self.context):
            return self.x.op("RefEnter" if variable else "Enter", [reference], "Enter", plain=True, T=kind,
                             frame_name=self._frame, is_constant=constant, parallel_iterations=10)  # fmt: skip

    def bring(self, reference: str, kind: Any, variable: bool = False) -> str:
        """What stands in the loop for a tensor from around it."""
        if reference not in self.context.outside:
            self.context.outside[reference] = self._enter(reference, kind, True, variable)
        return self.context.outside[reference]

    def turn(self, condition: str) -> list[str]:
        """The loop's variables in a turn, given whether there is one."""
        with self.x.part_of(self.context):
            going = self.x.op("LoopCond", [condition], "LoopCond", plain=True)
            self._switches = [self.x.op("Switch", [merge, going], "Switch", plain=True, T=kind)
                              for merge, kind in zip(self.merges, self.kinds, strict=True)]  # fmt: skip
            found = [self.x.op("Identity", [f"{switch}:1"], "Identity", plain=True, T=kind)
                     for switch, kind in zip(self._switches, self.kinds, strict=True)]  # fmt: skip
        self.context.fields.update(pivot_name=tensor(going), pivot_for_body_name=tensor(found[0]))
        return found

    def close(self, results: Sequence[str], effects: Sequence[str] = ()) -> list[str]:
        """What the variables are after the last turn, given what a turn makes of them."""
        before = [f"^{name}" for name in effects]
        with self.x.part_of(self.context):
            for name, result, kind in zip(self._nexts, results, self.kinds, strict=True):
                self.x.op("NextIteration", [result, *before], full=name, plain=True, T=kind)
            found = [self.x.op("Exit", [switch], "Exit", plain=True, T=kind)
                     for switch, kind in zip(self._switches, self.kinds, strict=True)]  # fmt: skip
        self.context.fields["loop_exit_names"] = list(map(tensor, found))
        return found


class _Rows:
    """Rows that a loop reads or writes: a TensorArray.

    Args:
        x: The writer.
        kind: The rows' dtype.
        shape: Their shape.
        count: How many; a reference.
        grows: Whether there may be more.
    """

    def __init__(self, x: Writer, kind: Any, shape: Any, count: str, grows: bool) -> None:
        self._x, self._kind = x, kind
        self._shape = TensorShape(None if shape is None else [n if isinstance(n, int) else None for n in shape])
        self._handle = x.op("TensorArrayV3", [count], "TensorArray", dtype=kind, element_shape=self._shape,
                            dynamic_size=grows, clear_after_read=False, identical_element_shapes=True,
                            tensor_array_name="")  # fmt: skip
        self.flow = f"{self._handle}:1"

    def filled(self, value: str, numbers: str) -> None:
        """Writes all rows at once."""
        self.flow = self._x.op("TensorArrayScatterV3", [self._handle, numbers, value, self.flow],
                               "TensorArrayScatter", T=self._kind)  # fmt: skip

    def read(self, loop: _Loop, number: str) -> str:
        """A row, within a loop."""
        held = loop.bring(self._handle, dtypes.resource), number, loop.bring(self.flow, _FLOW)
        with self._x.part_of(loop.context):
            return self._x.op("TensorArrayReadV3", held, "TensorArrayRead", plain=True, dtype=self._kind)

    def written(self, loop: _Loop, number: str, value: str, flow: str) -> str:
        """Writes a row within a loop: the flow after it."""
        held = loop.bring(self._handle, dtypes.resource), number, value, flow
        with self._x.part_of(loop.context):
            return self._x.op("TensorArrayWriteV3", held, "TensorArrayWrite", plain=True, T=self._kind)

    def stacked(self, flow: str) -> str:
        """All rows, after the loop."""
        x = self._x
        count = x.op("TensorArraySizeV3", [self._handle, flow], "TensorArraySize")
        numbers = _numbers(x, count)
        return x.op("TensorArrayGatherV3", [self._handle, numbers, flow], "TensorArrayGather", dtype=self._kind,
                    element_shape=self._shape)  # fmt: skip


def _numbers(x: Writer, count: str) -> str:
    bounds = [x.const(0, "start", np.int32), count, x.const(1, "delta", np.int32)]
    return x.op("Range", bounds, "range", Tidx=_INT32)


def _row_types(body: Graph, first: int) -> list[tuple[Any, Any]]:
    return [(value.dtype, value.shape) for value in body.outputs[first:]]


@rule("while_loop")
def _while(x: Writer, node: Node) -> Sequence[str]:
    count, body, condition = node.attrs["count"], node.attrs["body"], node.attrs["condition"]
    zero = x.const(0, "zero", np.int32)
    rows = [_Rows(x, kind, shape, zero, True) for kind, shape in _row_types(body, count)]
    starts = [(x.const(0, "counter", np.int32), _INT32), *((_reference(x, v), v.dtype) for v in node.inputs[:count]),
              *((row.flow, _FLOW) for row in rows)]  # fmt: skip
    loop = _Loop(x, starts)
    captures = [_brought(x, value, loop.bring) for value in node.inputs[count:]]
    state = loop.merges[1 : count + 1]
    pivot = loop.merges[0]
    asked = x.inside(condition, node.inputs, [*state, *captures], pivot, loop.bring, loop.context).outputs[0]
    limit = node.attrs["maximum"]
    if limit is not None:
        most = loop.bring(x.const(limit, "maximum_iterations", np.int32), _INT32)
        with x.part_of(loop.context):
            less = x.op("Less", [loop.merges[0], most], "Less", plain=True, T=_INT32)
            asked = x.op("LogicalAnd", [asked, less], "LogicalAnd", plain=True)
    number, *variables = loop.turn(asked)
    made = x.inside(body, node.inputs, [*variables[:count], *captures], number, loop.bring, loop.context)
    flows = [row.written(loop, number, value, flow)
             for row, value, flow in zip(rows, made.outputs[count:], variables[count:], strict=True)]  # fmt: skip
    after = _increased(x, loop, number)
    found = loop.close([after, *made.outputs[:count], *flows], made.effects)[1:]
    results = [*found[:count], *(row.stacked(flow) for row, flow in zip(rows, found[count:], strict=True))]
    return _named(x, node, results, [])


def _increased(x: Writer, loop: _Loop, number: str) -> str:
    one = loop.bring(x.const(1, "one", np.int32), _INT32)
    with x.part_of(loop.context):
        return x.op("Add", [number, one], "Add", plain=True, T=_INT32)


@rule("scan")
def _scan(x: Writer, node: Node) -> Sequence[str]:
    body, carries, sequences = node.attrs["body"], node.attrs["carries"], node.attrs["sequences"]
    length = x.size(node.attrs["length"], "length")
    numbers = _numbers(x, length)
    given = []
    for value in node.inputs[carries : carries + sequences]:
        given.append(_Rows(x, value.dtype, None if value.shape is None else value.shape[1:], length, False))
        given[-1].filled(_reference(x, value), numbers)
    rows = [_Rows(x, kind, shape, length, False) for kind, shape in _row_types(body, carries)]
    starts = [(x.const(0, "counter", np.int32), _INT32), *((_reference(x, v), v.dtype) for v in node.inputs[:carries]),
              *((row.flow, _FLOW) for row in rows)]  # fmt: skip
    last = x.op("Sub", [length, x.const(1, "last", np.int32)], "last_row", T=_INT32)
    loop = _Loop(x, starts)
    captures = [_brought(x, value, loop.bring) for value in node.inputs[carries + sequences :]]
    most = loop.bring(length, _INT32)
    with x.part_of(loop.context):
        going = x.op("Less", [loop.merges[0], most], "Less", plain=True, T=_INT32)
    counted, *variables = loop.turn(going)
    number = counted
    if node.attrs["backwards"]:
        first = loop.bring(last, _INT32)
        with x.part_of(loop.context):
            number = x.op("Sub", [first, counted], "Sub", plain=True, T=_INT32)
    read = [sequence.read(loop, number) for sequence in given]
    made = x.inside(body, node.inputs, [*variables[:carries], *read, *captures], counted, loop.bring,
                    loop.context)  # fmt: skip
    flows = [row.written(loop, number, value, flow)
             for row, value, flow in zip(rows, made.outputs[carries:], variables[carries:], strict=True)]  # fmt: skip
    after = _increased(x, loop, counted)
    found = loop.close([after, *made.outputs[:carries], *flows], made.effects)[1:]
    results = [*found[:carries], *(row.stacked(flow) for row, flow in zip(rows, found[carries:], strict=True))]
    return _named(x, node, results, [])
