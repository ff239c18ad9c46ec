"""Graphs that were made for tensors of any rank: compiled for the ranks that runs give them."""

import numpy as np
import pytest

import weft
import weft.compat.v1 as tf
from weft.base.errors import InvalidArgumentError
from weft.engines.native.executable import Executable
from weft.runtime import dispatch

pytestmark = pytest.mark.skipif(dispatch.engine().name != "native", reason="about the native engine")


def _made(session):
    """What the latest plan of a session was compiled to, for each combination of ranks and equal sizes."""
    return [graph.compiled["native"] for graph in list(session._plans.values())[-1].variants.all()]


def test_placeholders_without_a_shape_leave_nothing_to_the_interpreter():
    with tf.Graph().as_default(), tf.Session() as session:
        x, rate, keep = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        training = tf.placeholder(tf.bool)
        w = tf.get_variable("w", initializer=np.ones((3, 2), np.float32))
        hidden = tf.nn.dropout(tf.matmul(x, w), keep)
        hidden = tf.cond(training, lambda: hidden * 2.0, lambda: hidden)
        loss = tf.reduce_mean(tf.square(hidden))
        step = tf.train.AdamOptimizer(rate).minimize(loss)
        session.run(tf.global_variables_initializer())
        feed = {x: np.ones((4, 3)), rate: 0.5, keep: 1.0, training: True}
        assert session.run([step, loss], feed)[1] == 36.0
        made = _made(session)
        np.testing.assert_allclose(session.run(w), 0.5, rtol=1e-5)
        session.run([step, loss], {**feed, training: False})
        session.run([step, loss], {**feed, x: np.ones((2, 3))})
        assert len(made) == 1 and type(made[0]) is Executable


def test_functions_of_any_rank_are_compiled_for_those_that_they_get():
    function = weft.function(lambda a, b: weft.reduce_sum(a * b), [weft.TensorSpec(None), weft.TensorSpec([None])])
    for shape in ((3,), (5,), (2, 3)):
        a, b = np.ones(shape, np.float32), np.ones(shape[-1:], np.float32)
        assert float(function(a, b)) == a.sum()
    made = function.get_concrete_function().graph.compiled["native"].made
    assert [type(executable) for executable in made.values()] == [Executable, Executable]


def test_placeholders_with_as_many_rows_share_one_size():
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 3])
        unread = tf.placeholder(tf.float32)
        loss = tf.reduce_mean(tf.square(x - y))
        for rows in (4, 2, 5):
            value = session.run(loss, {x: np.ones((rows, 3)), y: np.zeros((rows, 3)), unread: np.zeros(rows)})
            assert value == 1.0
        (made,) = _made(session)
        assert made.fixed == ()  # one code for all numbers of rows
        assert session.run(loss, {x: np.ones((4, 3)), y: np.zeros((1, 3)), unread: 0.0}) == 1.0
        with pytest.raises(InvalidArgumentError, match="subtract"):
            session.run(loss, {x: np.ones((4, 3)), y: np.zeros((3, 3)), unread: 0.0})


def test_one_graph_serves_several_ranks_and_sizes():
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        w = tf.get_variable("w", initializer=2.0)
        total = tf.reduce_sum(tf.square(x * w - y), axis=-1)
        slope = tf.gradients(total, [w, y])
        session.run(tf.global_variables_initializer())
        for one, other in (((3,), (3,)), ((5,), (5,)), ((2, 3), (3,)), ((2, 3), (2, 1)), ((4, 1, 3), (2, 3))):
            a = np.arange(np.prod(one), dtype=np.float32).reshape(one)
            b = np.arange(np.prod(other), dtype=np.float32).reshape(other)
            value, (of_w, of_y) = session.run([total, slope], {x: a, y: b})
            rest = 2 * a - b
            np.testing.assert_allclose(value, np.sum(rest**2, -1), rtol=1e-6)
            np.testing.assert_allclose(of_w, np.sum(2 * rest * a), rtol=1e-6)
            whole = np.broadcast_to(-2 * rest, rest.shape)
            extra = rest.ndim - b.ndim
            axes = tuple(i for i in range(rest.ndim) if i < extra or b.shape[i - extra] == 1)
            np.testing.assert_allclose(of_y, whole.sum(axes).reshape(b.shape), rtol=1e-6)
        made = _made(session)
        assert len(made) == 4  # (3,) and (5,) share code
        assert all(type(executable) is Executable for executable in made)


def test_ranks_that_do_not_fit_are_refused_in_the_words_of_the_op():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32)
        y = tf.matmul(x, tf.ones([3, 2]))
        assert session.run(y, {x: np.ones((1, 3))}).tolist() == [[3, 3]]
        for shape in ((), (3,), (2, 4)):
            with pytest.raises(InvalidArgumentError, match="matmul"):
                session.run(y, {x: np.ones(shape)})
        assert session.run(y, {x: np.ones((1, 3))}).tolist() == [[3, 3]]


def test_a_shape_that_was_told_later_stays_told():
    with tf.Graph().as_default(), tf.Session() as session:
        x, sizes = tf.placeholder(tf.float32), tf.placeholder(tf.int32, [2])
        y = tf.reshape(x, sizes)
        y.set_shape([None, 3])
        z = tf.matmul(y, tf.ones([3, 1]))
        for rows in (2, 4):
            found = session.run(z, {x: np.ones(rows * 3), sizes: [rows, 3]})
            assert found.tolist() == [[3.0]] * rows


def test_loops_and_branches_take_ranks_from_outside():
    with tf.Graph().as_default(), tf.Session() as session:
        x, scale = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        _, y = tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * scale), [0, x],
                             shape_invariants=[tf.TensorShape([]), tf.TensorShape(None)])  # fmt: skip
        z = tf.cond(tf.reduce_sum(scale) > 1.0, lambda: tf.reduce_max(y, axis=0), lambda: tf.reduce_min(y, axis=0))
        for shape in ((2,), (2, 3)):
            a = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
            assert session.run(z, {x: a, scale: 2.0}).tolist() == (8 * a).max(0).tolist()
            assert session.run(z, {x: a, scale: 0.5}).tolist() == (a / 8).min(0).tolist()
