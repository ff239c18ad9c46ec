"""Gradients of whole graphs: against differences, in two halves, under unknown sizes, through control flow."""

import numpy as np
import pytest

from weft.autodiff.subgraph import gradient_graph, split
from weft.base import dtypes
from weft.base.dims import Dim
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ir.verifier import verify
from weft.ops import interpreter
from weft.ops.builder import GraphBuilder
from weft.testing import numeric

F64 = dtypes.float64
N = Dim.fresh("n")


def _graph(function, *shapes, name="g"):
    graph = Graph(name)
    values = [graph.add_input(TensorType(shape, F64), f"x{i}") for i, shape in enumerate(shapes)]
    made = function(GraphBuilder(graph), *values)
    graph.outputs = list(made) if isinstance(made, (tuple, list)) else [made]
    return graph


def _network(b, x, w, v):
    hidden = b.tanh(b.matmul(x, w))
    logits = b.matmul(hidden, v)
    return b.reduce_mean(b.reduce_logsumexp(logits, axis=(1,), keepdims=False), axis=(0,), keepdims=False)


def _branching(b, x, w, v):
    total = b.reduce_sum(x, axis=(0, 1), keepdims=False)
    then_graph = _graph(lambda b, y: b.square(y), (N, 2), name="then")
    else_graph = _graph(lambda b, y: b.sin(y), (N, 2), name="else")
    chosen = b.cond(b.greater(total, 0.0), b.matmul(x, w), then_graph=then_graph, else_graph=else_graph)
    return b.matmul(chosen, v)


def _looping(b, x, w, v):
    shapes = [(), (N, 3), (3, 3)]
    body = _graph(lambda b, i, y, m: (b.add(i, 1.0), b.tanh(b.matmul(y, m))), *shapes, name="body")
    condition = _graph(lambda b, i, y, m: b.less(i, 2.5), *shapes, name="condition")
    square = b.matmul(w, b.transpose(w, perm=(1, 0)))
    return b.while_loop(b.constant(0.0, F64), x, square, body=body, condition=condition, count=2)[1]


FUNCTIONS = {"network": _network, "branching": _branching, "looping": _looping}
SHAPES = ((4, 3), (3, 2), (2, 5))
SYMBOLIC = ((N, 3), (3, 2), (2, 5))


def _inputs(salt=0):
    return [numeric.draw(numeric.generator("autodiff", salt, i), s, F64, (-0.9, 0.9)) for i, s in enumerate(SHAPES)]


def _cotangents(graph, inputs):
    return [np.asarray(np.cos(r)) for r in interpreter.run(graph, inputs) if r.dtype.kind == "f"]


def _check_against_differences(graph, inputs):
    wrt = [i for i, v in enumerate(graph.inputs) if v.dtype.is_floating]
    cotangents = _cotangents(graph, inputs)
    found = interpreter.run(gradient_graph(graph, wrt), [*inputs, *cotangents])

    def loss(moved):
        return sum(numeric.inner(c, r) for c, r in zip(cotangents, interpreter.run(graph, moved), strict=True))

    for position, part in zip(wrt, found, strict=True):
        direction = numeric.draw(numeric.generator("direction", position), part.shape, F64)
        expected = numeric.directional_derivative(loss, inputs, position, direction, 2e-4)
        assert numeric.inner(part, direction) == pytest.approx(expected, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(("name", "shapes"), [("network", SHAPES), *((name, SYMBOLIC) for name in FUNCTIONS)])
def test_gradients_agree_with_differences(name, shapes):
    _check_against_differences(_graph(FUNCTIONS[name], *shapes), _inputs())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_order(name):
    graph = _graph(FUNCTIONS[name], *SYMBOLIC)
    inputs = _inputs()
    first = gradient_graph(graph, [0, 1])
    verify(first)
    _check_against_differences(first, [*inputs, *_cotangents(graph, inputs)])


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("wrt", [(0, 1, 2), (1,)])
def test_two_halves_make_the_whole(name, wrt):
    graph = _graph(FUNCTIONS[name], *SYMBOLIC)
    inputs = _inputs()
    halves = split(graph, wrt)
    verify(halves.forward)
    verify(halves.backward)
    results = interpreter.run(halves.forward, inputs)
    own = len(graph.outputs)
    assert len(results) == own + halves.residuals
    for actual, expected in zip(results[:own], interpreter.run(graph, inputs), strict=True):
        assert np.array_equal(actual, expected)
    cotangents = _cotangents(graph, inputs)
    whole = interpreter.run(gradient_graph(graph, wrt), [*inputs, *cotangents])
    for actual, expected in zip(interpreter.run(halves.backward, [*results[own:], *cotangents]), whole, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-12)


def test_the_backward_half_repeats_nothing():
    halves = split(_graph(_network, *SYMBOLIC), (0, 1, 2))
    assert [n.op for n in halves.backward.nodes].count("tanh") == 0
    assert [n.op for n in halves.forward.nodes].count("tanh") == 1


def test_without_influence_the_gradient_is_zero():
    graph = _graph(lambda b, x, y: b.add(b.square(x), b.stop_gradient(y)), (2,), (2,))
    found = interpreter.run(gradient_graph(graph, [0, 1]), [np.ones(2), np.ones(2), np.ones(2)])
    assert np.array_equal(found[0], [2, 2]) and np.array_equal(found[1], [0, 0])


def test_results_that_carry_no_gradient_take_no_cotangent():
    graph = _graph(lambda b, x: (b.floor(x), b.argmax(x, axis=0), b.square(x)), (3,))
    gradient = gradient_graph(graph, [0])
    assert len(gradient.inputs) == 3  # x, and one for each float result
    assert np.array_equal(interpreter.run(gradient, [np.arange(3.0), np.ones(3), np.ones(3)])[0], [0, 2, 4])


def test_a_graph_that_returns_its_input_twice():
    graph = _graph(lambda b, x: (x, x, b.negative(x)), (2,))
    found = interpreter.run(gradient_graph(graph, [0]), [np.zeros(2), np.ones(2), 2 * np.ones(2), 4 * np.ones(2)])
    assert np.array_equal(found[0], [-1, -1])
