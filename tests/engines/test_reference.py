"""The engine protocol, by the engine that is always there."""

import numpy as np
import pytest

from weft.base import dtypes, flags
from weft.base.dims import Dim
from weft.base.errors import InvalidArgumentError, UnavailableError
from weft.engines import reference
from weft.ir.graph import Graph
from weft.ir.types import TensorType, resource_of
from weft.ops import opdef
from weft.ops.builder import GraphBuilder
from weft.runtime import engine_loader
from weft.testing.numeric import Cell


def counter_graph(message=""):
    """(handle, x): adds x to the variable, then demands that x be positive; returns the new value."""
    graph = Graph("count")
    handle = graph.add_input(resource_of((2,), dtypes.float32), "handle")
    x = graph.add_input(TensorType((2,), dtypes.float32), "x")
    b = GraphBuilder(graph)
    new = b.assign_add_variable(handle, x)
    holds = b.reduce_all(b.greater(x, 0.0), axis=(0,))
    b.apply(opdef.get("assert"), (holds, x), {"message": message})
    graph.outputs = [new]
    return graph


def test_runs_a_graph_for_any_size_of_a_symbol():
    graph = Graph("scale")
    x = graph.add_input(TensorType((Dim.fresh("batch"), 2), dtypes.float32), "x")
    graph.outputs = [GraphBuilder(graph).multiply(x, 2.0)]
    executable = reference.create().compile(graph)
    for rows in (0, 1, 5):
        (result,) = executable.run([np.ones((rows, 2), np.float32)])
        np.testing.assert_array_equal(result, np.full((rows, 2), 2, np.float32))


def test_state_is_written_when_the_whole_graph_succeeded():
    cell = Cell(np.zeros(2, np.float32))
    executable = reference.create().compile(counter_graph())
    (result,) = executable.run([cell, np.array([1, 2], np.float32)])
    np.testing.assert_array_equal(result, [1, 2])
    np.testing.assert_array_equal(cell.value, [1, 2])


def test_a_failing_step_leaves_state_as_it_was():
    cell = Cell(np.zeros(2, np.float32))
    executable = reference.create().compile(counter_graph("x must be positive"))
    with pytest.raises(InvalidArgumentError, match="x must be positive"):
        executable.run([cell, np.array([1, -2], np.float32)])
    np.testing.assert_array_equal(cell.value, [0, 0])


def test_two_handles_to_one_cell_see_each_others_writes():
    graph = Graph("alias")
    first, second = (graph.add_input(resource_of((), dtypes.float32), name) for name in ("first", "second"))
    b = GraphBuilder(graph)
    b.assign_variable(first, b.constant(3.0, dtypes.float32))
    graph.outputs = [b.read_variable(second)]
    cell = Cell(np.float32(1))
    assert reference.create().compile(graph).run([cell, cell]) == [3.0]


def test_an_input_that_does_not_fit_is_refused_by_name():
    graph = Graph("fit")
    x = graph.add_input(TensorType((3,), dtypes.float32), "x")
    graph.outputs = [GraphBuilder(graph).negative(x)]
    with pytest.raises(InvalidArgumentError, match="input `x` does not fit: axis 0 is 2, expected 3"):
        reference.create().compile(graph).run([np.ones(2, np.float32)])


def test_a_hook_sees_every_node():
    graph = Graph("seen")
    x = graph.add_input(TensorType((), dtypes.float32), "x")
    b = GraphBuilder(graph)
    graph.outputs = [b.exp(b.negative(x))]
    seen = []

    def hook(node, results):
        seen.append((node.op, float(results[0])))

    reference.create().compile(graph).run([np.float32(0)], hook)
    assert seen == [("negative", 0.0), ("exp", 1.0)]


def test_single_ops():
    engine = reference.create()
    assert engine.supports("add", (), {})
    assert not engine.supports("no such op", (), {})
    assert engine.execute("add", [np.float32(1), np.float32(2)], {}) == (3.0,)


def test_the_loader_says_why_an_engine_cannot_be_used():
    statuses = {status.name: status for status in engine_loader.describe_engines()}
    assert statuses["reference"].available
    assert all(status.reason for status in statuses.values())
    for status in statuses.values():
        if not status.available:
            with pytest.raises(UnavailableError, match=status.name):
                engine_loader.load(status.name)


def test_the_loader_follows_the_flag_and_knows_near_names():
    with flags.override(WEFT_ENGINE="reference"):
        assert engine_loader.load().name == "reference"
    with flags.override(WEFT_ENGINE="referense"), pytest.raises(UnavailableError, match="reference"):
        engine_loader.load()
