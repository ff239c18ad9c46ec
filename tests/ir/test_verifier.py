"""The verifier: every rule has a graph that breaks it."""

import pytest

from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.errors import InternalError
from weft.ir.graph import Graph, Value
from weft.ir.types import TensorType
from weft.ir.verifier import verify

SCALAR = TensorType((), dtypes.float32)


def _graph():
    graph = Graph("g")
    x = graph.add_input(SCALAR, "x")
    first = graph.add("negative", [x], {}, [SCALAR])
    second = graph.add("abs", first.outputs, {}, [SCALAR], control=[first])
    graph.outputs = [second.outputs[0]]
    return graph, x, first, second


def _refused(graph, rule):
    with pytest.raises(InternalError, match=rule) as caught:
        verify(graph, after="a change")
    return str(caught.value)


def test_a_good_graph_passes():
    verify(_graph()[0])


def test_the_message_says_after_what_and_shows_the_graph():
    graph, *_ = _graph()
    graph.nodes[1], graph.nodes[2] = graph.nodes[2], graph.nodes[1]
    message = _refused(graph, "reads negative:0 before it is made")
    assert "Graph `g` after a change: node abs (abs)" in message and "graph g(" in message


def test_a_node_of_another_graph():
    graph, *_ = _graph()
    graph.nodes.append(Graph().add("constant", [], {}, [SCALAR]))
    _refused(graph, "belongs to another graph")


def test_an_input_that_is_not_listed():
    graph, *_ = _graph()
    graph.inputs = []
    _refused(graph, "is an input that the graph does not list")


def test_a_value_that_its_node_does_not_own():
    graph, _, first, second = _graph()
    second.inputs = (Value(first, 0, SCALAR),)
    _refused(graph, "which its node no longer owns")


def test_a_control_edge_from_later():
    graph, _, first, second = _graph()
    first.control = (second,)
    _refused(graph, "waits for abs, which does not come before it")


def test_a_size_that_nothing_binds():
    graph, x, *_ = _graph()
    graph.add("fill", [x], {"shape": (2, (Dim.fresh("lost"),))}, [SCALAR])
    _refused(graph, "mentions size lost[0-9]+, which nothing before it binds")


def test_a_size_that_is_bound_only_later():
    n = Dim.fresh("late")
    graph, x, *_ = _graph()
    graph.add("fill", [x], {"shape": (n,)}, [SCALAR])
    graph.add("unique", [x], {}, [TensorType((n,), dtypes.float32)])
    _refused(graph, "mentions size late")


def test_an_output_that_is_not_its_own():
    graph, *_ = _graph()
    graph.outputs = [Graph().add_input(SCALAR)]
    _refused(graph, "which is not one of its values")


def test_subgraphs_are_looked_at_too():
    inner, *_ = _graph()
    inner.outputs = [Graph().add_input(SCALAR)]
    outer = Graph("outer")
    outer.add("call", [], {"graph": inner}, [SCALAR])
    _refused(outer, "Graph `g` returns")
    inner, *_ = _graph()
    inner.nodes[1], inner.nodes[2] = inner.nodes[2], inner.nodes[1]
    outer = Graph("outer")
    outer.add("call", [], {"graph": inner}, [SCALAR])
    _refused(outer, "Graph `g` after a change: node abs")


def test_subgraphs_may_mention_the_sizes_around_them():
    n = Dim.fresh("n")
    inner = Graph("inner")
    inner.outputs = [inner.add("fill", [], {"shape": (n,)}, [TensorType((n,), dtypes.float32)]).outputs[0]]
    outer = Graph("outer")
    outer.add_input(TensorType((n,), dtypes.float32))
    outer.add("call", [], {"graph": inner}, [TensorType((n,), dtypes.float32)])
    verify(outer)
    with pytest.raises(InternalError, match="mentions size n"):
        verify(inner)
