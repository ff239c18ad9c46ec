"""Lifetimes and fusion groups."""

import numpy as np
import pytest

from weft.base import dtypes
from weft.ir.graph import Graph
from weft.ir.types import TensorType, resource_of
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder
from weft.passes.fusion import Kind, groups, kind_of
from weft.passes.liveness import Interval, intervals, last_reads, peak
from weft.testing import random_graphs

F32 = dtypes.float32
ROWS = TensorType((4, 3), F32)


def _graph(*types):
    graph = Graph("g")
    return graph, GraphBuilder(graph), [graph.add_input(t) for t in types]


def test_lifetimes():
    graph, b, (x,) = _graph(ROWS)
    first = b.exp(x)
    second = b.negative(first)
    b.abs(x)  # nothing reads it
    third = b.add(second, first)
    graph.outputs = [third]
    found = intervals(graph)
    assert [found[v] for v in (x, first, second, third)] == [
        Interval(-1, 2), Interval(0, 3), Interval(1, 3), Interval(3, 4)]  # fmt: skip
    assert found[first].overlaps(found[second]) and not found[x].overlaps(found[third])
    frees = last_reads(graph)
    assert frees[third.node] == [first, second] and len(frees[graph.nodes[3]]) == 2
    assert peak(graph, lambda v: 1) == 4


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_read_after_its_end(seed):
    graph, _ = random_graphs.make(seed)
    frees, gone = last_reads(graph), set()
    for node in graph.nodes:
        if node.op == "input":
            continue
        assert not gone & set(node.inputs)
        gone.update(frees[node])
    assert not gone & set(graph.outputs)
    assert peak(graph, lambda v: 1) <= len(intervals(graph))


def test_a_chain_is_one_group_with_its_reduction():
    graph, b, (x,) = _graph(ROWS)
    e = b.exp(b.multiply(x, 2.0))
    total = b.reduce_sum(e, axis=(1,), keepdims=True)
    graph.outputs = [b.divide(e, total)]
    made = groups(graph)
    assert [[n.op for n in g.nodes] for g in made] == [["constant"], ["multiply", "exp", "reduce_sum"], ["divide"]]
    fused = made[1]
    assert fused.kind is Kind.REDUCTION and fused.outputs == [e, total] and fused.shape == (4, 3)
    assert fused.inputs[0] is x


def test_no_group_waits_for_itself():
    graph, b, (x, w) = _graph(TensorType((3, 3), F32), TensorType((3, 3), F32))
    a = b.exp(x)
    graph.outputs = [b.add(a, b.matmul(a, w))]  # `add` needs the product, which needs `exp`
    assert [[n.op for n in g.nodes] for g in groups(graph)] == [["exp"], ["matmul"], ["add"]]


def test_effects_stay_in_order():
    graph, b, (v, x) = _graph(resource_of((), F32), TensorType((), F32))
    before = b.read_variable(v)
    write = b.assign_variable(v, x).node
    after = b.read_variable(v)
    graph.outputs = [b.add(before, after)]
    order = [node for group in groups(graph) for node in group.nodes]
    assert [n for n in order if kind_of(n) is Kind.EFFECT] == [before.node, write, after.node]


@pytest.mark.parametrize("seed", range(30))
def test_groups_cover_the_graph_and_can_run_in_order(seed):
    graph, inputs = random_graphs.make(seed, size=30)
    made = groups(graph)
    nodes = [node for group in made for node in group.nodes]
    assert sorted(nodes, key=lambda n: n.serial) == [n for n in graph.nodes if n.op != "input"]
    values = dict(zip(graph.inputs, inputs, strict=True))
    for group in made:
        inside = {v: values[v] for v in group.inputs}
        for node in group.nodes:
            with np.errstate(all="ignore"):
                results = interpreter.evaluate(opdef.get(node.op), [inside[v] for v in node.inputs], node.attrs)
            inside.update(zip(node.outputs, results, strict=True))
        values.update({v: inside[v] for v in group.outputs})
    expected = random_graphs.run(graph, inputs)
    assert random_graphs.differences(expected, [values[v] for v in graph.outputs]) is None


def test_every_op_named_by_the_kinds_exists():
    from weft.passes import fusion

    known = set(opdef.names())
    named = fusion._MORE_ELEMENTWISE | fusion._REDUCTIONS | fusion._CONTRACTIONS | fusion._MOVEMENTS
    assert named - known == set()
