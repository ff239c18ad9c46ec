"""The reverse loop: sums of cotangents, rows that stay sparse, paths that are cut, and why."""

import numpy as np
import pytest

import weft as tf
from weft.autodiff import reverse
from weft.autodiff.forward import push_forward
from weft.autodiff.reverse import Blocked
from weft.base import dtypes
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter
from weft.ops.builder import GraphBuilder
from weft.ops.opdef import Slices

F64 = dtypes.float64


def _start(*shapes, dtype=F64):
    graph = Graph("g")
    return graph, GraphBuilder(graph), [graph.add_input(TensorType(s, dtype), f"x{i}") for i, s in enumerate(shapes)]


def _reverse(graph, target, sources, **keywords):
    b = GraphBuilder(graph)
    records = [n for n in graph.nodes if n.op != "input"]
    return reverse.reverse(records, [target], [b.ones_like(target)], sources, b, **keywords)


def _value(graph, value, inputs):
    graph.outputs = [value]
    return interpreter.run(graph, inputs)[0]


def test_cotangents_of_all_uses_are_added():
    graph, b, (x,) = _start((2,))
    y = b.add(b.multiply(x, x), b.exp(x))
    (found,) = _reverse(graph, y, [x])
    np.testing.assert_allclose(_value(graph, found, [np.array([1.0, 2.0])]), 2 * np.array([1, 2]) + np.exp([1, 2]))


def test_no_dependence_is_none():
    graph, b, (x, y) = _start((2,), (2,))
    assert _reverse(graph, b.exp(x), [y]) == [None]


def test_a_source_may_be_on_the_way():
    graph, b, (x,) = _start(())
    y = b.square(x)
    z = b.square(y)
    to_y, to_x, to_z = _reverse(graph, z, [y, x, z])
    graph.outputs = [to_y, to_x, to_z]
    assert [float(r) for r in interpreter.run(graph, [np.array(3.0)])] == [18, 108, 1]


def test_stopping_at_a_value():
    graph, b, (x,) = _start(())
    y = b.square(x)
    z = b.multiply(y, x)
    (found,) = _reverse(graph, z, [x], stop=[y])
    assert float(_value(graph, found, [np.array(3.0)])) == 9


def test_only_wanted_parts_are_computed():
    graph, b, (x, w) = _start((2, 3), (3, 4))
    y = b.matmul(x, w)
    count = len(graph.nodes)
    _reverse(graph, y, [w])
    assert [n.op for n in graph.nodes[count:]].count("matmul") == 1


def test_rows_stay_sparse_until_they_must_not():
    graph, b, (table,) = _start((5, 2))
    first, second = b.constant(np.array([1, 3])), b.constant(np.array([3, 3]))
    rows = b.add(b.gather(table, first, axis=0), b.gather(table, second, axis=0))
    (found,) = _reverse(graph, rows, [table])
    assert isinstance(found, Slices) and found.shape == (5, 2)
    dense = _value(graph, GraphBuilder(graph).densify(found), [np.zeros((5, 2))])
    assert dense[:, 0].tolist() == [0, 1, 0, 3, 0]
    both = b.add(b.reduce_sum(rows, axis=(0,)), b.reduce_sum(table, axis=(0,)))
    (found,) = _reverse(graph, both, [table])
    assert not isinstance(found, Slices)
    assert _value(graph, found, [np.zeros((5, 2))])[:, 1].tolist() == [1, 2, 1, 4, 1]


def test_where_a_path_was_cut_and_why():
    graph, b, (x,) = _start((3,))
    y = b.cast(b.argmax(x, axis=0), dtype=F64)
    z = b.multiply(b.floor(x), y)
    blocked: list[Blocked] = []
    assert _reverse(graph, z, [x], blocked=blocked) == [None]
    assert {entry.op for entry in blocked} == {"floor", "cast"}  # cast takes the integers of argmax
    assert all(entry.why for entry in blocked)


def test_complex_cotangents_are_conjugated():
    graph, b, (z,) = _start((), dtype=dtypes.complex128)
    (found,) = _reverse(graph, b.square(z), [z])
    assert complex(_value(graph, found, [np.array(1 + 2j)])) == 2 - 4j


def test_prevent_gradient_raises():
    graph, b, (x,) = _start(())
    y = b.prevent_gradient(x, message="not this one")
    with pytest.raises(LookupError, match="not this one"):
        _reverse(graph, y, [x])


def test_forward_mode_along_a_chain():
    graph, b, (x,) = _start(())
    node = b.exp(x).node
    tangent = graph.add_input(TensorType((), F64), "tangent")
    (pushed,) = push_forward(b, node, [tangent])
    assert float(_value(graph, pushed, [np.array(0.0), np.array(3.0)])) == 3
    assert push_forward(b, node, [None]) == [None]
    assert push_forward(b, b.floor(x).node, [tangent]) == [None]


def test_forward_mode_says_where_it_has_no_rule():
    _, b, (x, y) = _start((2, 2), (2, 2))
    node = b.maximum(x, y).node
    with pytest.raises(LookupError, match="maximum has no forward-mode rule"):
        push_forward(b, node, [x, None])


def test_what_is_stopped_keeps_its_own_gradient():
    @tf.function
    def gradients(x):
        def of(ys, xs, stop):
            found = tf.gradients(ys, xs, stop_gradients=stop)
            return [tf.constant(-1.0) if part is None else part for part in found]

        u, s = tf.unstack(x)
        a = u * u
        b = a * s
        c = a + b
        return [
            *of(c, [u, s, a, b], [a]), *of(c, [u, s, a, b], [b]), *of([c, a], [u, a], [c]), *of(c, [c, u], [c]),
            *of(c, [u, x], [x, u]), *of(b, [x], [u]),
        ]  # fmt: skip

    of_a, of_b, of_ca, of_c = [-1, 9, 6, 1], [6, -1, 1, 1], [6, 1], [1, -1]  # -1 stands for none; TensorFlow 2.21
    found = [float(part) for part in gradients(tf.constant([3.0, 5.0]))]
    assert found == [*of_a, *of_b, *of_ca, *of_c, 36, -1, -1]
