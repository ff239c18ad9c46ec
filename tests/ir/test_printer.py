"""Graphs as text: the same text for the same graph, whatever numbers its symbols happen to have."""

import textwrap

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim
from weft.ir.graph import Constant, Graph
from weft.ir.types import TensorType, resource_of

F32 = dtypes.float32


def _expect(graph, text):
    assert str(graph) == textwrap.dedent(text).strip()


def test_values_sizes_and_attributes():
    n = Dim.fresh("batch")
    graph = Graph("model")
    x = graph.add_input(TensorType((n, 3), F32), "x")
    y = graph.add_input(TensorType(None, dtypes.int64), "y")
    node = graph.add("thing", [x, y], {"axis": (0,), "dtype": F32, "flag": True, "mode": "fast", "rate": 0.5,
                                       "shape": (n * 2, n + 1), "nothing": None},
                     [TensorType((n * 2, n + 1), F32), TensorType((), dtypes.bool_)])  # fmt: skip
    graph.outputs = list(node.outputs)
    _expect(graph, """
        graph model(%0: float32[a, 3], %1: int64[?]) {
          %2, %3 = thing(%0, %1, axis=(0,), dtype=float32, flag=True, mode='fast', rate=0.5, shape=(2*a, a + 1), nothing=None) : float32[2*a, a + 1], bool[]
          return %2, %3
        }
    """)  # noqa: E501


def test_constants_are_shown_as_far_as_they_are_short():
    graph = Graph("g")
    short = graph.add("constant", [], {"value": Constant(np.array([1, 2]))}, [TensorType((2,), dtypes.int64)])
    long = graph.add("constant", [], {"value": Constant(np.zeros((3, 4)))}, [TensorType((3, 4), dtypes.float64)])
    graph.outputs = [short.outputs[0], long.outputs[0]]
    _expect(graph, """
        graph g() {
          %0 = constant(value=[1, 2]) : int64[2]
          %1 = constant(value=<float64[3x4]>) : float64[3, 4]
          return %0, %1
        }
    """)


def test_control_edges_resources_and_nodes_without_outputs():
    graph = Graph("step")
    v = graph.add_input(resource_of((2,), F32), "v")
    x = graph.add_input(TensorType((2,), F32), "x")
    first = graph.add("assign_variable", [v, x], {}, [], effect=True)
    read = graph.add("read_variable", [v], {}, [TensorType((2,), F32)], control=[first])
    graph.outputs = [read.outputs[0]]
    _expect(graph, """
        graph step(%0: resource<float32[2]>, %1: float32[2]) {
          assign_variable(%0, %1)
          %2 = read_variable(%0) : float32[2] after assign_variable
          return %2
        }
    """)


def test_subgraphs_follow_their_node():
    inner = Graph("body")
    i = inner.add_input(TensorType((), F32))
    inner.outputs = [inner.add("negative", [i], {}, [TensorType((), F32)]).outputs[0]]
    outer = Graph("outer")
    x = outer.add_input(TensorType((), F32))
    outer.outputs = [outer.add("call", [x], {"graph": inner}, [TensorType((), F32)]).outputs[0]]
    _expect(outer, """
        graph outer(%0: float32[]) {
          %1 = call(%0, graph=@body) : float32[]
            graph body(%2: float32[]) {
              %3 = negative(%2) : float32[]
              return %3
            }
          return %1
        }
    """)


def test_two_graphs_made_alike_print_alike():
    def make():
        n, m = Dim.fresh(), Dim.fresh()
        graph = Graph("g")
        x = graph.add_input(TensorType((n, m), F32))
        graph.outputs = [graph.add("op", [x], {"shape": (m, n)}, [TensorType((m, n), F32)]).outputs[0]]
        return graph

    assert str(make()) == str(make())
    assert "float32[b, a]" in str(make())
