"""Rewriting where ranks are unknown: two unknown ranks look alike, and one may be a broadcast of the other."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import weft as tf
from weft.base import dtypes
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter
from weft.ops.builder import GraphBuilder
from weft.passes import pattern
from weft.passes.pattern import Match
from weft.testing import numeric

_spec = importlib.util.spec_from_file_location("rule_examples", Path(__file__).with_name("rule_examples.py"))
examples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(examples)


class _WideConstants(GraphBuilder):
    """Every number of an expression is a row of three, so that it broadcasts what it meets."""

    def constant(self, value, dtype=None):
        return super().constant(np.full((3,), value, None if dtype is None else dtype.numpy))


def _unknown(expression, types):
    graph = Graph("g")
    b = _WideConstants(graph)
    values, shapes = {}, []
    for position, part in enumerate(types.split()):
        name, text = part.split("=")
        values[name] = graph.add_input(TensorType(None, examples.LETTERS[text[0]]), name)
        rank = len([d for d in text[2:-1].split(",") if d])
        column = (2, 1) if position == 0 else (1, 3) if position == 1 else (4, 1, 1)
        shapes.append([tuple([2] * rank), column])
    made = examples._build(pattern.parse(expression), Match(values, examples.LETTERS), b, next(iter(values.values())))
    graph.outputs = [made]
    return graph, shapes


@pytest.mark.parametrize("name", list(examples.EXAMPLES))
def test_no_rule_loses_a_broadcast(name):
    try:
        graph, shapes = _unknown(*examples.EXAMPLES[name])
    except ValueError:
        return  # the expression cannot be written of unknown ranks
    after = examples.rewrite(graph, [examples.RULES[name]])
    for kind in (0, 1):
        inputs = [numeric.draw(numeric.generator("unknown ranks", i), both[kind], value.dtype, (0.1, 0.9))
                  for i, (value, both) in enumerate(zip(graph.inputs, shapes, strict=True))]  # fmt: skip
        try:
            (expected,) = interpreter.run(graph, inputs)
        except ValueError:
            continue  # these shapes do not suit the expression
        (actual,) = interpreter.run(after, inputs)
        assert actual.shape == expected.shape
        assert numeric.close(actual, expected, 1e-5) is None


def test_rules_that_keep_shapes_still_fit():
    graph, _ = _unknown("negative(negative(x))", "x=f[a]")
    after = examples.rewrite(graph, [examples.RULES["double negation"]])
    assert after.outputs[0] is after.inputs[0]


@pytest.mark.parametrize("function", [
    lambda x: x * tf.ones([3]), lambda x: x / tf.ones([3]), lambda x: x - tf.zeros([3]), lambda x: x ** tf.ones([3]),
    lambda x: tf.ones([3]) - tf.sigmoid(x), lambda x: tf.math.log(x + tf.ones([3])),
    lambda x: tf.math.log(tf.exp(x) + tf.ones([3])), lambda x: tf.ones([3]) / tf.sqrt(x),
    lambda x: tf.exp(x) - tf.ones([3]), lambda x: tf.ones([3]) / (tf.ones([3]) + tf.exp(-x)),
    lambda x: tf.where(tf.constant([True, False, True]), x, x),
    lambda x: tf.logical_and(x > 2.5, tf.ones([3], tf.bool)),
    lambda x: tf.cast(x, tf.int32) + tf.zeros([3], tf.int32),
])  # fmt: skip
def test_what_broadcasts_a_tensor_of_unknown_rank(function):
    x = tf.constant([[2.0], [3.0]])
    traced = tf.function(function, input_signature=[tf.TensorSpec(None, tf.float32)])
    found, eager = traced(x), function(x)
    assert found.shape == eager.shape == (2, 3)
    np.testing.assert_allclose(found.numpy(), eager.numpy(), rtol=1e-6)


def test_gradients_through_a_broadcast():
    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32)])
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(x**3.0 * tf.ones([3]))
        return tape.gradient(loss, x)

    np.testing.assert_allclose(gradient(tf.constant([[2.0], [1.0]])).numpy(), [[36.0], [9.0]])


@pytest.mark.parametrize("dtype", [d for d in dtypes.DENSE if d.is_integer and d.min == 0], ids=lambda d: d.name)
def test_the_absolute_value_of_a_negated_unsigned_number(dtype):
    """Negation wraps around there: -5 is 251 in uint8, and its own absolute value."""
    x = tf.cast(tf.constant([5, 0, 1]), dtype)
    traced = tf.function(lambda x: tf.abs(tf.negative(x)))
    if dtype.name in ("uint8", "uint16", "uint32", "uint64"):
        expected = (0 - np.array([5, 0, 1]).astype(dtype.numpy)).astype(dtype.numpy)
        np.testing.assert_array_equal(traced(x).numpy(), expected)
