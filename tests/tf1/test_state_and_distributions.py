"""Rows of variables, templates, second derivatives and distributions: TensorFlow 1.15.5's own numbers."""

import numpy as np
import pytest

import weft.compat.v1 as tf


def test_rows_are_changed():
    v = tf.Variable(np.arange(12, dtype=np.float32).reshape(4, 3))
    ops = [tf.scatter_update(v, [0, 2], np.ones((2, 3), np.float32)), tf.scatter_add(v, [1, 1], np.ones((2, 3))),
           tf.scatter_sub(v, [3], [[1.0, 2, 3]]), tf.scatter_mul(v, 1, [2.0, 2, 2]),
           tf.scatter_nd_update(v, [[0, 0], [3, 2]], [9.0, 8.0])]  # fmt: skip
    assert [op.op.name for op in ops] == ["ScatterUpdate", "ScatterAdd", "ScatterSub", "ScatterMul", "ScatterNdUpdate"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = [session.run(op).tolist() for op in ops]
    assert found[1] == [[1, 1, 1], [5, 6, 7], [1, 1, 1], [9, 10, 11]]
    assert found[-1] == [[9, 1, 1], [10, 12, 14], [1, 1, 1], [8, 8, 8]]


def test_templates_make_their_variables_once():
    def scaled(a, k=1.0):
        return a * tf.get_variable("w", [], initializer=tf.ones_initializer()) * k

    first = tf.make_template("t", scaled, k=3.0)
    total = first(2.0) + first(1.0)
    tf.make_template("t", scaled)(2.0)
    assert [v.name for v in tf.global_variables()] == ["t/w:0", "t_1/w:0"]
    assert [v.name for v in first.trainable_variables] == ["t/w:0"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(total) == 9.0


def test_second_derivatives():
    y = tf.Variable([1.0, 2.0])
    (found,) = tf.hessians(tf.reduce_sum(y**3) * y[0], [y])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_allclose(session.run(found), [[12, 12], [12, 12]])


def test_distributions():
    d, e = tf.distributions.Normal([0.0, 1.0], [1.0, 2.0]), tf.distributions.Normal(0.5, 1.5)
    b = tf.distributions.Bernoulli(logits=[0.3, -1.0])
    c, c2 = (tf.distributions.Categorical(logits=[[1.0, 2, 3], [0, 0, 1]]),
             tf.distributions.Categorical(probs=[[0.2, 0.3, 0.5]]))  # fmt: skip
    u, x = tf.distributions.Uniform(0.0, [2.0, 4.0]), tf.constant([0.3, -0.2])
    expected = [
        (d.log_prob(x), [-0.9639, -1.7921]), (d.prob(x), [0.3814, 0.1666]), (d.cdf(x), [0.6179, 0.2743]),
        (d.entropy(), [1.4189, 2.1121]), (d.mean(), [0, 1]), (d.stddev(), [1, 2]),
        (tf.distributions.kl_divergence(d, e), [0.1832, 0.1568]), (b.log_prob([1, 0]), [-0.5544, -0.3133]),
        (b.entropy(), [0.682, 0.5822]), (b.mode(), [1, 0]), (c.log_prob([2, 0]), [-0.4076, -1.5514]),
        (c.entropy(), [0.8324, 0.9753]), (tf.distributions.kl_divergence(c, c2), [0.0683, 0.0203]),
        (c.mode(), [2, 2]), (u.prob([1.0, 5.0]), [0.5, 0]), (u.entropy(), [0.6931, 1.3863]), (u.mean(), [1, 2]),
        (tf.distributions.kl_divergence(b, tf.distributions.Bernoulli(probs=0.4)), [0.0617, 0.0377]),
    ]  # fmt: skip
    draws = [d.sample(5), c.sample(7), b.sample([2, 3]), u.sample()]
    with tf.Session() as session:
        for value, numbers in zip(session.run([v for v, _ in expected]), [n for _, n in expected], strict=True):
            np.testing.assert_allclose(value, numbers, atol=6e-5)
        assert [a.shape for a in session.run(draws)] == [(5, 2), (7, 2), (2, 3, 2), (2,)]
        drawn = session.run([d.sample(4000), c.sample(4000)])
    np.testing.assert_allclose(drawn[0].mean(0), [0, 1], atol=0.15)
    np.testing.assert_allclose((drawn[1] == 2).mean(0), [0.6652, 0.5761], atol=0.05)
    with pytest.raises(NotImplementedError, match="registered for this pair"):
        tf.distributions.kl_divergence(d, b)


def test_a_loop_reads_its_weights_once_before_it():
    x = tf.placeholder(tf.float32, [None, 5, 3])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), x, dtype=tf.float32)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(outputs))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, {x: np.ones([2, 5, 3], np.float32)})
        plan = next(p for p in session._plans.values() if any(n.op == "scan" for n in p.graph.nodes))
    loops = [node for node in plan.graph.nodes if node.op in ("scan", "while_loop")]
    assert loops and not any(value.type.is_resource for node in loops for value in node.inputs)


def test_a_first_value_made_of_other_variables_takes_their_first_values():
    a = tf.Variable(2.0)
    b = tf.Variable(a * 3.0 + 1.0)
    c = tf.get_variable("c", initializer=a)
    drawn = tf.Variable(tf.random_normal([3]))
    doubled = tf.Variable(drawn * 2.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run([b, c]) == [7.0, 2.0]
        first, twice = session.run([drawn, doubled])
        assert twice.tolist() == (first * 2).tolist()
        session.run(a.assign(5.0))
        session.run(b.initializer)
        assert session.run(b) == 16.0


def test_choices_between_shapes_that_differ_are_refused():
    rows, square = tf.placeholder(tf.bool, [2]), tf.placeholder(tf.float32, [2, 2])
    assert tf.where(rows, square, square).shape == (2, 2)
    for condition, x, y in ((rows, 1, 2), (square > 0, square, 0.0), (square[:, :1] > 0, square, square)):
        with pytest.raises(ValueError, match="x and y must have one shape"):
            tf.where(condition, x, y)


def test_complex_numbers_are_no_feed_for_floats():
    x = tf.placeholder(tf.float32, [])
    with tf.Session() as session, pytest.raises(TypeError, match="lose their imaginary parts"):
        session.run(x, {x: 1j})
