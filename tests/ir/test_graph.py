"""Graphs: names, ownership, captures, copies, and which nodes a value needs."""

import pickle

import numpy as np
import pytest

from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.errors import InternalError
from weft.ir.graph import Constant, Graph, clone, free_symbols, reachable, symbol_sources
from weft.ir.types import TensorType, resource_of

SCALAR = TensorType((), dtypes.float32)


def _node(graph, op, *inputs, control=(), effect=False, type=SCALAR, **attrs):
    return graph.add(op, inputs, attrs, [type], control=control, effect=effect)


def test_names_are_unique_whatever_their_case():
    graph = Graph()
    names = [graph.add_input(SCALAR, name).node.name for name in ("x", "x", "X", "x_1", "x")]
    assert names == ["x", "x_1", "X_2", "x_1_1", "x_3"]
    assert len({name.lower() for name in names}) == 5


def test_values_know_where_they_come_from():
    graph = Graph("g")
    node = graph.add("split", [], {}, [SCALAR, SCALAR], name="halves")
    assert [v.name for v in node.outputs] == ["halves:0", "halves:1"]
    assert node.outputs[0].graph is graph and node.outputs[1].index == 1
    assert "halves:0" in repr(node.outputs[0]) and "split" in repr(node)
    assert len(graph.nodes) == len(list(graph)) == 1 and "1 nodes" in repr(graph)


def test_values_of_other_graphs_are_refused():
    first, second = Graph("first"), Graph("second")
    x = first.add_input(SCALAR)
    with pytest.raises(InternalError, match="belongs to graph `first` and was not captured"):
        _node(second, "negative", x)


def test_captures_are_made_once():
    graph = Graph()
    outer = object()
    first = graph.capture(outer, SCALAR, "w")
    assert graph.capture(outer, SCALAR) is first and graph.inputs == [first]
    assert graph.captures == {outer: first}


def test_users_effects_and_types():
    graph = Graph()
    x = graph.add_input(SCALAR)
    square = _node(graph, "multiply", x, x)
    both = _node(graph, "add", x, square.outputs[0])
    graph.outputs = [both.outputs[0]]
    assert graph.users() == {x: [square, both], square.outputs[0]: [both]}
    assert graph.types == ([SCALAR], [SCALAR]) and not graph.has_effects()
    holder = Graph()
    _node(graph, "print", x, effect=True)
    _node(holder, "call", body=graph)
    assert graph.has_effects() and holder.has_effects()
    assert holder.nodes[0].subgraphs() == [graph]


def test_constants_compare_by_bits():
    nan = np.array([np.nan, 1.0])
    assert Constant(nan) == Constant(nan.copy()) and hash(Constant(nan)) == hash(Constant(nan.copy()))
    assert Constant(np.float32(0.0)) != Constant(np.float32(-0.0))
    assert Constant(np.float32(1)) != Constant(np.float64(1)) and Constant([1]) != Constant([[1]])
    assert Constant(np.array([b"a"], object)) == Constant(np.array([b"a"], object))
    with pytest.raises(ValueError, match="read-only"):
        Constant(np.zeros(2)).array[0] = 1


def test_sizes_and_where_they_are_bound():
    n, m = Dim.fresh(), Dim.fresh()
    graph = Graph()
    x = graph.add_input(TensorType((n, 3), dtypes.float32))
    kept = _node(graph, "boolean_mask", x, type=TensorType((m, 3), dtypes.float32))
    assert symbol_sources(graph) == {n.symbol: x, m.symbol: kept.outputs[0]}
    assert free_symbols(graph) == frozenset()
    inner = Graph()
    _node(inner, "fill", shape=(n, m * 2))
    assert free_symbols(inner) == {n.symbol, m.symbol}
    told = _node(inner, "fill", shape=(n,), type=TensorType((n,), dtypes.float32))  # needs the size that it shows
    assert free_symbols(inner) == {n.symbol, m.symbol} and symbol_sources(inner) == {n.symbol: told.outputs[0]}


def test_what_a_value_needs():
    m = Dim.fresh()
    graph = Graph()
    x = graph.add_input(TensorType((4,), dtypes.float32))
    check = _node(graph, "assert", x, effect=True)
    mask = _node(graph, "boolean_mask", x, type=TensorType((m,), dtypes.float32))
    unused = _node(graph, "negative", x)
    zeros = _node(graph, "fill", shape=(m,), control=[check])
    needed = reachable(graph, [zeros.outputs[0]])
    assert needed == {x.node, check, mask, zeros} and unused not in needed


def test_clone_is_a_copy_of_its_own():
    graph = Graph("g")
    x = graph.add_input(SCALAR, "x")
    first = _node(graph, "negative", x)
    first.metadata["key"] = 1
    second = _node(graph, "abs", first.outputs[0], control=[first])
    graph.outputs = [second.outputs[0]]
    graph.capture("outside", SCALAR)
    copy, values = clone(graph, name="copy")
    assert str(copy).replace("copy", "g") == str(graph)
    assert values[x].graph is copy and copy.nodes[1].metadata == {"key": 1}
    assert copy.outputs[0].node.control == (values[first.outputs[0]].node,)
    assert copy.captures == {"outside": copy.inputs[1]}
    partly, _ = clone(graph, keep=reachable(graph, [first.outputs[0]]))
    assert [n.op for n in partly.nodes] == ["input", "negative", "input"] and partly.outputs == []


def test_graphs_survive_pickling():
    n = Dim.fresh()
    graph = Graph("g")
    x = graph.add_input(TensorType((n,), dtypes.float32))
    graph.add_input(resource_of((), dtypes.float32))
    graph.outputs = [_node(graph, "op", x, shape=(n, 2), value=Constant([1.0])).outputs[0]]
    graph.prepared = object()
    restored = pickle.loads(pickle.dumps(graph))
    assert str(restored) == str(graph) and restored.prepared is None


def test_types_read_well():
    assert str(TensorType((Dim.fresh(), 3), dtypes.float32)) == "float32(None, 3)"
    assert str(resource_of(None, dtypes.int8)) == "resource<int8<unknown>>"
    assert TensorType((2,), dtypes.string).is_host and resource_of((), dtypes.int8).is_resource
    assert TensorType((2,), dtypes.int8).with_dtype(dtypes.int16).with_shape(None).rank is None
