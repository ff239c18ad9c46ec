"""Gradients through tensors of unknown rank are those of known ranks, for every op of the table."""

import numpy as np
import pytest

import weft as tf
from tests.traced import assert_traced
from weft.base import dtypes
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import late
from weft.ops.builder import UnknownRankError
from weft.testing import opcases, ranks

#: ops none of whose differentiable cases can be built of arguments of unknown rank alone, and why
REFUSED = {
    "conv_input_gradient": "an attribute fixes the sizes that the kernel's must fit",
    "ctc_loss": "four arguments of different ranks: not all combinations are tried",
    "while_loop": "a gradient needs the stacked history of the loop's state",
    "simple_rnn_sequence": "five arguments of different ranks: not all combinations are tried",
    "simple_rnn_sequence_gradient": "as `simple_rnn_sequence`",
    "gru_sequence_gradient": "as `simple_rnn_sequence`",
    "lstm_sequence": "as `simple_rnn_sequence`",
    "lstm_sequence_gradient": "as `simple_rnn_sequence`",
}


def test_every_rule_works_for_unknown_ranks_or_is_listed():
    compared, refused = set(), {}
    for item in opcases.cases():
        outcome = ranks.check_gradient_of_unknown_rank(item)
        if outcome is None:
            compared.add(item.record.name)
        elif item.record.inputs and outcome != "nothing to differentiate":
            refused.setdefault(item.record.name, outcome)
    assert {name for name in refused if name not in compared} == set(REFUSED)
    assert len(compared) > 200


def _unknown(function):
    return tf.function(function, input_signature=[tf.TensorSpec(None, tf.float32)])


def _gradient(function):
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tape.gradient(y, x)

    return run


X = np.linspace(-1.5, 2.0, 6, dtype=np.float32).reshape(2, 3)


@pytest.mark.parametrize("function", [
    lambda x: tf.reduce_sum(tf.square(x) * 3.0),
    lambda x: tf.reduce_mean(tf.nn.softmax(x) * x, axis=-1, keepdims=True),
    lambda x: tf.matmul(x, x, transpose_b=True),
    lambda x: x[0] * tf.constant([1.0, 2.0, 3.0]),
    lambda x: tf.transpose(x) + tf.ones([3, 1]),
    lambda x: tf.concat([x, tf.reshape(x, [2, 3])], axis=1),
    lambda x: tf.gather(x, [1, 1, 0], axis=1),
    lambda x: tf.tensordot(x, tf.ones([3, 2]), 1),
    lambda x: tf.norm(x) * tf.reduce_max(x, keepdims=True),
    lambda x: tf.nn.softmax_cross_entropy_with_logits(labels=tf.ones([2, 3]) / 3, logits=x),
    lambda x: tf.where(x > 0, x, tf.zeros_like(x)) + tf.clip_by_value(x, -1.0, 1.0),
    lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: tf.square(x), lambda: x),
    lambda x: tf.linalg.matvec(x, tf.ones([3])) + tf.cumsum(x, axis=1)[:, 0],
    lambda x: tf.tile(x, [2, 1]) - tf.pad(x, [[1, 1], [0, 0]]),
])  # fmt: skip
def test_functions_of_unknown_rank_have_the_gradient_of_eager_code(function):
    run = _gradient(function)
    expected = run(tf.constant(X)).numpy()
    actual = _unknown(run)(tf.constant(X)).numpy()
    assert_traced(actual, expected)


def test_one_trace_serves_several_ranks():
    run = _unknown(_gradient(lambda x: tf.reduce_prod(x) + tf.reduce_logsumexp(x)))
    for shape in ((6,), (2, 3), (1, 3, 2)):
        x = tf.constant(X.reshape(shape))
        assert_traced(run(x).numpy(), _gradient(lambda x: tf.reduce_prod(x) + tf.reduce_logsumexp(x))(x).numpy())


def test_second_order():
    def run(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(tf.reduce_prod(tf.sin(x), axis=1) * tf.reduce_max(x))
            first = inner.gradient(y, x)
        return outer.gradient(first, x)

    assert_traced(_unknown(run)(tf.constant(X)).numpy(), run(tf.constant(X)).numpy())


@pytest.mark.parametrize("function", [
    lambda x: tf.reduce_max(tf.square(x), axis=-1),
    lambda x: tf.matmul(x, x, transpose_b=True)[0] + tf.reduce_logsumexp(x),
    lambda x: tf.gather(tf.sort(x), [1, 0], axis=1),
])  # fmt: skip
def test_forward_mode(function):
    def run(x):
        with tf.autodiff.ForwardAccumulator(x, tf.cos(x)) as accumulator:
            y = function(x)
        return accumulator.jvp(y)

    assert_traced(_unknown(run)(tf.constant(X)).numpy(), run(tf.constant(X)).numpy())


def test_through_what_python_functions_return():
    @tf.function
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.py_function(lambda v: v * 2.0, [x], tf.float32)
            z = tf.reduce_sum(tf.reduce_max(y, axis=1) * y[0, 0])
        return tape.gradient(z, x)

    with tf.GradientTape() as tape:
        x = tf.constant(X)
        tape.watch(x)
        y = x * 2.0
        z = tf.reduce_sum(tf.reduce_max(y, axis=1) * y[0, 0])
    assert np.array_equal(run(tf.constant(X)), tape.gradient(z, x))


def test_through_python_functions_in_a_row():
    @tf.function
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.py_function(lambda v: v * 2.0, [x], tf.float32)
            z = tf.py_function(lambda v: tf.reduce_sum(v * v), [y], tf.float32) + tf.reduce_sum(y)
        return tape.gradient(z, x)

    assert np.array_equal(run(tf.constant(X)), X * 8 + 2)


def test_placeholders_without_a_shape():
    v1 = tf.compat.v1
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32)
        (gradient,) = v1.gradients(v1.reduce_mean(v1.nn.relu(x) * x[0]), [x])
        found = session.run(gradient, {x: X})
    with tf.GradientTape() as tape:
        value = tf.constant(X)
        tape.watch(value)
        mean = tf.reduce_mean(tf.nn.relu(value) * value[0])
    assert np.array_equal(found, tape.gradient(mean, value))


def test_what_cannot_wait_says_why_and_what_to_do():
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            _, y = tf.while_loop(lambda i, v: i < 2, lambda i, v: (i + 1, v * 2.0), [tf.constant(0), x])
        return tape.gradient(y, x)

    with pytest.raises(tf.errors.InvalidArgumentError, match=r"rank of loop variable 1 is not known(.|\n)*set_shape"):
        _unknown(run)(tf.constant(X))


def test_the_builder_refuses_to_invent_a_shape():
    from weft.ops.builder import GraphBuilder

    graph = Graph("g")
    value = graph.add_input(TensorType(None, dtypes.float32))
    with pytest.raises(UnknownRankError, match="set_shape"):
        GraphBuilder(graph).shape(value)


def test_state_and_graphs_are_listed_with_a_reason():
    assert "graphs inside" in late.why_not("while_loop", [])
    assert "state" in late.why_not("read_variable", [])
    assert "out of the graph" in late.why_not("py_function", [])
    assert late.why_not("reduce_sum", []) is None
