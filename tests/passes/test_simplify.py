"""Constants, common code, calls, dead code: what each pass does, and what it leaves alone."""

import textwrap

import numpy as np
import pytest

from weft.base import dtypes
from weft.base.dims import Dim
from weft.ir.graph import Graph
from weft.ir.types import TensorType, resource_of
from weft.ir.verifier import verify
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder
from weft.passes.simplify import fold_constants, forward_state, inline_calls, remove_dead_code, share_common_code
from weft.testing import numeric

F32 = dtypes.float32
SCALAR = TensorType((), F32)


def _graph(*types, name="g"):
    graph = Graph(name)
    return graph, GraphBuilder(graph), [graph.add_input(t, f"x{i}") for i, t in enumerate(types)]


def _expect(graph, text):
    verify(graph)
    assert str(graph) == textwrap.dedent(text).strip()


def _write(graph, handle, value, *, control=(), name=None):
    return GraphBuilder(graph).node(opdef.get("assign_variable"), [handle, value], {}, control=control, name=name)


class Cell(numeric.Cell):
    def __init__(self, value):
        super().__init__(np.asarray(value, np.float32))


# Constants -----------------------------------------------------------------------------------------------------------


def test_constants_are_folded_as_far_as_they_go():
    graph, b, (x,) = _graph(TensorType((2,), F32))
    c = b.multiply(b.add(b.constant([1.0, 2.0], F32), 1.0), b.constant(3.0, F32))
    graph.outputs = [b.add(x, c)]
    _expect(fold_constants(graph), """
        graph g(%0: float32[2]) {
          %1 = constant(value=[6.0, 9.0]) : float32[2]
          %2 = add(%0, %1) : float32[2]
          return %2
        }
    """)


def test_large_results_stay_what_they_are_made_of():
    graph, b, _ = _graph()
    graph.outputs = [b.full((64, 64), 0, F32), b.transpose(b.constant(np.ones((2, 3), np.float32)), perm=(1, 0)),
                     b.full((3,), 7, F32)]  # fmt: skip
    assert [v.node.op for v in fold_constants(graph).outputs] == ["broadcast_to", "constant", "constant"]


def test_what_depends_on_sizes_is_not_folded():
    n = Dim.fresh()
    graph, b, (x,) = _graph(TensorType((n,), F32))
    graph.outputs = [b.add(x, b.full((n,), 1, F32))]
    assert str(fold_constants(graph)) == str(graph)


def test_what_raises_raises_when_it_runs():
    graph, b, _ = _graph()
    one, zero = b.constant(1, dtypes.int32), b.constant(0, dtypes.int32)
    graph.outputs = [b.floordiv(one, zero)]
    folded = fold_constants(graph)
    assert folded.outputs[0].node.op == "floordiv"
    with pytest.raises(ValueError, match="division by zero"):
        interpreter.run(folded, [])


def test_folding_goes_into_subgraphs():
    inner, b, (x,) = _graph(SCALAR, name="inner")
    inner.outputs = [b.add(x, b.add(b.constant(1.0, F32), 2.0))]
    graph, b, (x,) = _graph(SCALAR)
    graph.outputs = [b.call("call", x, graph=inner)]
    body = fold_constants(graph).outputs[0].node.attrs["graph"]
    assert body is not inner and [n.op for n in body.nodes] == ["input", "constant", "add"]


# Common code ---------------------------------------------------------------------------------------------------------


def test_equal_computations_are_shared():
    graph, b, (x,) = _graph(TensorType((3,), F32))
    graph.outputs = [b.multiply(b.exp(b.add(x, 1.0)), b.exp(b.add(x, 1.0)))]
    _expect(share_common_code(graph), """
        graph g(%0: float32[3]) {
          %1 = constant(value=1.0) : float32[]
          %2 = add(%0, %1) : float32[3]
          %3 = exp(%2) : float32[3]
          %4 = multiply(%3, %3) : float32[3]
          return %4
        }
    """)


def test_attributes_that_only_look_equal_keep_apart():
    graph, b, (x,) = _graph(TensorType((3, 2), F32))
    graph.outputs = [b.reduce_sum(x, axis=(0,)), b.reduce_sum(x, axis=(1,)), b.reduce_sum(x, axis=(0,), keepdims=True),
                     b.constant(1.0, F32), b.constant(1.0, dtypes.float64), b.constant(0.0, F32),
                     b.constant(-0.0, F32)]  # fmt: skip
    assert len(set(share_common_code(graph).outputs)) == 7


def test_reads_are_shared_up_to_the_next_write():
    graph, b, (v, x) = _graph(resource_of((), F32), SCALAR)
    first, second = b.read_variable(v), b.read_variable(v)
    _write(graph, v, x)
    third = b.read_variable(v)
    graph.outputs = [first, second, third]
    shared = share_common_code(graph)
    assert shared.outputs[0] is shared.outputs[1] and shared.outputs[0] is not shared.outputs[2]
    cell = Cell(1.0)
    assert [float(r) for r in interpreter.run(shared, [cell, np.float32(5)])] == [1, 1, 5]


def test_effects_are_never_shared():
    graph, _, (v, x) = _graph(resource_of((), F32), SCALAR)
    for _ in range(2):
        _write(graph, v, x)
    assert [n.op for n in share_common_code(graph).nodes].count("assign_variable") == 2


def test_control_edges_keep_computations_apart_and_follow_what_is_shared():
    graph, b, (v, x) = _graph(resource_of((), F32), SCALAR)
    write = _write(graph, v, x)
    free = b.exp(x)
    late = graph.add("exp", [x], {}, [SCALAR], control=[write])
    again = graph.add("exp", [x], {}, [SCALAR])
    last = _write(graph, v, x, control=[again], name="last")
    graph.outputs = [free, late.outputs[0]]
    shared = share_common_code(graph)
    verify(shared)
    assert shared.outputs[0] is not shared.outputs[1]
    assert shared.names[last.name].control == (shared.outputs[0].node,)


# Dead code -----------------------------------------------------------------------------------------------------------


def test_dead_code_goes_and_effects_stay():
    graph, b, (v, x) = _graph(resource_of((), F32), SCALAR)
    b.exp(x)
    doubled = b.multiply(x, 2.0)
    _write(graph, v, doubled)
    graph.outputs = [x]
    _expect(remove_dead_code(graph), """
        graph g(%0: resource<float32[]>, %1: float32[]) {
          %2 = constant(value=2.0) : float32[]
          %3 = multiply(%1, %2) : float32[]
          %4 = assign_variable(%0, %3) : float32[]
          return %1
        }
    """)


def test_what_binds_a_size_stays():
    graph, b, (x, mask) = _graph(TensorType((5,), F32), TensorType((5,), dtypes.bool_))
    kept = b.boolean_mask(x, mask)
    graph.outputs = [b.full(kept.shape, 1, F32)]
    cleaned = remove_dead_code(graph)
    verify(cleaned)
    assert "boolean_mask" in [n.op for n in cleaned.nodes]
    result = interpreter.run(cleaned, [np.ones(5, np.float32), np.array([1, 0, 1, 1, 0], bool)])
    assert result[0].shape == (3,)


# State ---------------------------------------------------------------------------------------------------------------


def test_what_was_written_is_not_read_again():
    graph, b, (v, x) = _graph(resource_of((), F32), SCALAR)
    first, again = b.read_variable(v), b.read_variable(v)
    write = _write(graph, v, b.add(first, x))
    stored = GraphBuilder(graph).node(opdef.get("read_variable"), [v], {}, control=[write]).outputs[0]
    added = b.assign_add_variable(v, x)
    last = b.read_variable(v)
    graph.outputs = [first, again, stored, last]
    made = forward_state(graph)
    verify(made)
    assert [n.op for n in made.nodes].count("read_variable") == 1
    assert made.outputs[0] is made.outputs[1] and made.outputs[2].node.op == "assign_variable"
    assert made.outputs[3].node.op == added.node.op
    cell, same = Cell(1.0), Cell(1.0)
    expected = interpreter.run(graph, [cell, np.float32(5)])
    assert [float(r) for r in interpreter.run(made, [same, np.float32(5)])] == [float(r) for r in expected]
    assert float(same.value) == float(cell.value) == 11


def test_handles_may_stand_for_one_variable():
    graph, b, (v, w, x) = _graph(resource_of((), F32), resource_of((), F32), SCALAR)
    before = b.read_variable(v)
    _write(graph, w, x)
    after = b.read_variable(v)
    graph.outputs = [before, after]
    made = forward_state(graph)
    assert made.outputs[0] is not made.outputs[1]
    cell = Cell(1.0)
    assert [float(r) for r in interpreter.run(made, [cell, cell, np.float32(5)])] == [1, 5]


def test_checks_write_nothing_and_host_calls_may():
    def reads_around(op, *inputs, **attrs):
        graph, b, (v,) = _graph(resource_of((), F32))
        first = b.read_variable(v)
        b.call(op, *inputs, **attrs)
        graph.outputs = [first, b.read_variable(v)]
        return len(set(forward_state(graph).outputs))

    assert reads_around("assert", np.array(True)) == 1
    assert reads_around("print", write=lambda *_: None) == 2


# Calls ---------------------------------------------------------------------------------------------------------------


def test_calls_are_inlined_under_the_callers_sizes():
    n, m = Dim.fresh(), Dim.fresh()
    body, b, (x,) = _graph(TensorType((n, 2), F32), name="body")
    body.outputs = [b.reshape(x, shape=(n * 2,))]
    graph, b, (y,) = _graph(TensorType((m, 2), F32))
    graph.outputs = [b.exp(b.call("call", y, graph=body))]
    _expect(inline_calls(graph), """
        graph g(%0: float32[a, 2]) {
          %1 = reshape(%0, shape=(2*a,)) : float32[2*a]
          %2 = exp(%1) : float32[2*a]
          return %2
        }
    """)


def test_calls_within_calls():
    inner, b, (x,) = _graph(SCALAR, name="inner")
    inner.outputs = [b.exp(x)]
    middle, b, (x,) = _graph(SCALAR, name="middle")
    middle.outputs = [b.negative(b.call("call", x, graph=inner))]
    graph, b, (x,) = _graph(SCALAR)
    graph.outputs = [b.call("call", b.call("call", x, graph=middle), graph=inner)]
    assert [n.op for n in inline_calls(graph).nodes] == ["input", "exp", "negative", "exp"]


def test_effects_of_calls_keep_their_order():
    body, _, (v, x) = _graph(resource_of((), F32), SCALAR, name="body")
    _write(body, v, x)
    graph, b, (v, x) = _graph(resource_of((), F32), SCALAR)
    before = _write(graph, v, b.constant(9.0, F32), name="before")
    call = graph.add("call", [v, x], {"graph": body, "backward": None, "residuals": 0, "wrt": ()}, [],
                     control=[before], effect=True)  # fmt: skip
    read = graph.add("read_variable", [v], {}, [SCALAR], control=[call])
    graph.outputs = [read.outputs[0]]
    inlined = inline_calls(graph)
    verify(inlined)
    writes = [n for n in inlined.nodes if n.op == "assign_variable"]
    assert len(writes) == 2 and writes[1].control == (writes[0],)
    assert inlined.outputs[0].node.control == (writes[1],)
    assert float(interpreter.run(inlined, [Cell(0.0), np.float32(4)])[0]) == 4


def test_calls_whose_results_sizes_depend_on_data_stay():
    body, b, (x, mask) = _graph(TensorType((5,), F32), TensorType((5,), dtypes.bool_), name="body")
    body.outputs = [b.boolean_mask(x, mask)]
    graph, b, (x, mask) = _graph(TensorType((5,), F32), TensorType((5,), dtypes.bool_))
    kept = b.call("call", x, mask, graph=body)
    graph.outputs = [b.full(kept.shape, 1, F32)]
    inlined = inline_calls(graph)
    verify(inlined)
    assert [n.op for n in inlined.nodes if n.op == "call"] == ["call"]
