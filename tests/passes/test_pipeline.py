"""The pipeline as a whole: what it makes of a training step, that it keeps numbers, and that it names guilty passes."""

import logging

import numpy as np
import pytest

from weft.autodiff.subgraph import gradient_graph
from weft.base import dtypes, flags
from weft.base.dims import Dim
from weft.base.errors import InternalError
from weft.ir.graph import Graph, clone
from weft.ir.types import TensorType, resource_of
from weft.ops.builder import GraphBuilder
from weft.passes import pipeline
from weft.passes.rewrite import Rule, rewrite
from weft.testing import random_graphs

F32 = dtypes.float32


def _network():
    """A small network's loss as a graph of (x, labels, weights)."""
    n = Dim.fresh("batch")
    graph = Graph("network")
    b = GraphBuilder(graph)
    x, y = graph.add_input(TensorType((n, 4), F32), "x"), graph.add_input(TensorType((n, 3), F32), "y")
    w, v = graph.add_input(TensorType((4, 5), F32), "w"), graph.add_input(TensorType((5, 3), F32), "v")
    hidden = b.relu(b.matmul(x, w))
    log_p = b.log(b.softmax(b.matmul(hidden, v), axis=-1))
    graph.outputs = [b.negative(b.reduce_sum(b.multiply(b.stop_gradient(y), log_p), axis=(0, 1)))]
    return graph


@pytest.mark.parametrize("kind", ["plain", "symbolic", "state", "control"])
@pytest.mark.parametrize("seed", range(40))
def test_the_exact_pipeline_keeps_every_bit(seed, kind):
    graph, inputs = random_graphs.make(seed, size=25, symbolic=kind in ("symbolic", "control") and seed % 3 > 0,
                                       state=kind == "state" or (kind == "control" and seed % 3 == 0),
                                       control=kind == "control")  # fmt: skip

    def problem(graph):
        after = pipeline.run(graph, pipeline.EXACT_PIPELINE)
        return random_graphs.differences(random_graphs.run(graph, inputs), random_graphs.run(after, inputs))

    with flags.override(WEFT_CHECK=1):
        found = problem(graph)
    if found:
        small = random_graphs.shrink(graph, lambda g: problem(g) is not None)
        raise AssertionError(f"{found}\n{small}\n=>\n{pipeline.run(small, pipeline.EXACT_PIPELINE)}")


@pytest.mark.parametrize("seed", range(60, 90))
def test_the_whole_pipeline_keeps_random_graphs(seed):
    graph, inputs = random_graphs.make(seed, size=30, symbolic=seed % 2 == 0)
    with flags.override(WEFT_CHECK=1):
        after = pipeline.run(graph)
    assert len(after.nodes) <= len(graph.nodes)
    problem = random_graphs.differences(random_graphs.run(graph, inputs), random_graphs.run(after, inputs), 1e-4)
    assert problem is None


def test_a_gradient_gets_shorter_and_stays_what_it_is():
    graph = gradient_graph(_network(), [2, 3])
    with flags.override(WEFT_CHECK=1):
        after = pipeline.run(graph)
    assert len(after.nodes) < len(graph.nodes)
    assert not {"stop_gradient", "identity"} & {n.op for n in after.nodes}
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=s).astype(np.float32) for s in ((6, 4), (6, 3), (4, 5), (5, 3), ())]
    problem = random_graphs.differences(random_graphs.run(graph, inputs), random_graphs.run(after, inputs), 1e-4)
    assert problem is None


def test_the_graph_given_is_left_alone():
    graph = _network()
    text, nodes = str(graph), list(graph.nodes)
    pipeline.run(graph)
    assert str(graph) == text and graph.nodes == nodes


def test_running_twice_changes_nothing_more():
    once = pipeline.run(gradient_graph(_network(), [2, 3]))
    assert str(pipeline.run(once)) == str(once)


def test_state_and_captures_are_kept():
    graph = Graph("step")
    b = GraphBuilder(graph)
    v = graph.capture("the variable", resource_of((2,), F32), "v")
    x = graph.add_input(TensorType((2,), F32), "x")
    value = b.identity(b.read_variable(v))
    write = b.assign_variable(v, b.add(value, b.multiply(x, 1.0))).node
    after = graph.add("read_variable", [v], {}, [TensorType((2,), F32)], control=[write])
    graph.outputs = [value, after.outputs[0]]
    with flags.override(WEFT_CHECK=1):
        made = pipeline.run(graph)
    assert list(made.captures) == ["the variable"]
    assert [n.op for n in made.nodes] == ["input", "input", "read_variable", "add", "assign_variable"]
    assert made.outputs[1].node.op == "assign_variable"


def _wrong_number(graph):
    return rewrite(graph, [Rule("wrong", "exp(x)", "expm1(x)")])


def _wrong_type(graph):
    copy, _ = clone(graph)
    for node in copy.nodes:
        for value in node.outputs:
            if node.op == "exp":
                value.type = TensorType((7,), F32)
    return copy


def _illegal(graph):
    copy, _ = clone(graph)
    copy.nodes.reverse()
    return copy


def _other_interface(graph):
    copy, _ = clone(graph)
    copy.outputs = copy.outputs * 2
    return copy


def _raising(graph):
    return rewrite(graph, [Rule("raising", "exp(x)", lambda b, m: b.check_numerics(b.log(b.negative(b.exp(m["x"])))
                                                                                     , message="no"))])  # fmt: skip


@pytest.mark.parametrize(("guilty", "message"), [
    (_wrong_number, "was .*, is"), (_wrong_type, "its op says"), (_illegal, "before it is made"),
    (_other_interface, "its outputs were"), (_raising, "it raises now"),
])  # fmt: skip
def test_a_pass_that_breaks_the_graph_is_named(guilty, message):
    graph = Graph("g")
    b = GraphBuilder(graph)
    x = graph.add_input(TensorType((3,), F32))
    graph.outputs = [b.add(b.exp(x), x)]
    passes = [("innocent", pipeline.remove_dead_code), ("the guilty one", guilty)]
    with flags.override(WEFT_CHECK=1), pytest.raises(InternalError, match=message) as caught:
        pipeline.run(graph, passes)
    assert "the guilty one" in str(caught.value) and "innocent" not in str(caught.value)


@pytest.mark.parametrize(("level", "count"), [(0, 0), (1, 0), (2, 2), (3, 1 + len(pipeline.PIPELINE))])
def test_debugging_shows_graphs(level, count, caplog):
    with caplog.at_level(logging.INFO, logger="weft.passes"), flags.override(WEFT_DEBUG=level):
        pipeline.run(_network())
    assert len(caplog.records) == count
    if level == 3:
        assert "after fold constants" in caplog.text and "graph network(" in caplog.text


def test_pass_names_are_unique():
    names = [name for name, _ in pipeline.PIPELINE]
    assert len(set(names)) == len(names)
