"""TensorFlow 1 in small: graphs and sessions."""

import threading
from collections import namedtuple

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.runtime import context


@pytest.fixture(autouse=True)
def graph_mode():
    """Graphs as TensorFlow 1 has them, within this file alone."""
    tf.reset_default_graph()
    tf.disable_v2_behavior()
    yield
    tf.enable_v2_behavior()
    tf.reset_default_graph()
    assert context.scope() is None


def test_fetches_of_any_nesting():
    x = tf.placeholder(tf.float32, [None], name="x")
    pair = namedtuple("pair", "a b")
    total = tf.reduce_sum(x)
    with tf.Session() as session:
        found = session.run({"t": total, "p": pair(x, [total, (x,)]), "n": "x:0"}, {x: [1, 2]})
    assert found["t"] == 3 and isinstance(found["t"], np.float32) and isinstance(found["p"], pair)
    assert found["p"].b[1][0].tolist() == found["n"].tolist() == [1, 2]


def test_any_tensor_can_be_fed_and_what_lies_behind_it_does_not_run():
    x = tf.placeholder(tf.float32, [], name="x")
    y = x * 2.0
    with tf.Session() as session:
        assert session.run(y + 1.0, {y: 10}) == 11
        with pytest.raises(tf.errors.InvalidArgumentError, match="feed a value for placeholder tensor 'x'"):
            session.run(y)
        with pytest.raises(ValueError, match="Cannot feed value of shape"):
            session.run(y, {x: [1, 2]})
        with pytest.raises(TypeError, match="invalid type"):
            session.run(None)


def test_each_session_has_values_of_its_own():
    v = tf.Variable(1.0, name="v")
    more = v.assign_add(1.0)
    with tf.Session() as first, tf.Session() as second:
        with pytest.raises(tf.errors.FailedPreconditionError, match="`v`"):
            first.run(v)
        for session in (first, second):
            session.run(tf.global_variables_initializer())
        first.run(more)
        assert (first.run(v), second.run(v)) == (2, 1)
        assert v.eval(session=first) == 2


def test_control_dependencies_order_what_data_do_not():
    v = tf.Variable(1.0)
    with tf.control_dependencies([v.assign(5.0)]):
        after = tf.identity(v)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(after) == 5 and session.run(v) == 5


def test_gradients_are_nodes_of_the_graph():
    w = tf.Variable([[1.0], [2.0]])
    x = tf.placeholder(tf.float32, [None, 2])
    loss = tf.reduce_sum(tf.square(tf.matmul(x, w)))
    first, none = tf.gradients(loss, [w, tf.constant(1.0)])
    assert none is None and first.name.startswith("gradients/")
    (second,) = tf.gradients(first, [x])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(first, {x: [[1, 1]]}).tolist() == [[6], [6]]
        assert session.run(second, {x: [[1, 1]]}).shape == (1, 2)


def test_learning_a_line():
    tf.set_random_seed(0)
    x, y = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
    a, b = tf.Variable(tf.random_normal([])), tf.Variable(0.0)
    loss = tf.reduce_mean(tf.square(a * x + b - y))
    train = [v.assign_sub(0.1 * g) for v, g in zip([a, b], tf.gradients(loss, [a, b]), strict=True)]
    data = np.linspace(-1, 1, 20)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(200):
            session.run(train, {x: data, y: 3 * data + 1})
        np.testing.assert_allclose(session.run([a, b]), [3, 1], atol=1e-3)


def test_the_same_graph_seed_gives_every_session_the_same_numbers():
    tf.set_random_seed(4)
    draw = tf.random_uniform([3])
    runs = []
    for _ in range(2):
        with tf.Session() as session:
            runs.append([session.run(draw).tolist() for _ in range(2)])
    assert runs[0] == runs[1] and runs[0][0] != runs[0][1]


def test_graphs_names_and_collections():
    graph = tf.Graph()
    with graph.as_default():
        with tf.name_scope("layer"):
            c = tf.constant(1.0, name="c")
        d = tf.constant(2.0, name="c")
        v = tf.Variable(0.0, name="v", trainable=False)
    assert (c.name, d.name, v.name) == ("layer/c:0", "c:0", "v:0")
    assert graph.get_tensor_by_name("layer/c:0") is c and c.graph is graph
    assert graph.get_collection("variables") == [v] and graph.get_collection("trainable_variables") == []
    with pytest.raises(KeyError, match="layer/c"):
        graph.get_operation_by_name("layer/d")
    with tf.Session(graph=graph) as session:
        assert session.run(c) == 1
        with pytest.raises(RuntimeError, match="closed"):
            session.close()
            session.run(c)


def test_automatic_names_count_variables_alone():
    assert [tf.Variable(0.0).name for _ in range(3)] == ["Variable:0", "Variable_1:0", "Variable_2:0"]
    late = tf.placeholder_with_default(3.0, [])
    first = tf.constant(1.0)
    assert first.name == "Const:0"
    with tf.Session() as session:
        assert session.run(late + first, {"Const:0": 6.0}) == 9
        assert session.run(late + first, {late: 1.0}) == 2


def test_interactive_sessions_and_threads():
    session = tf.InteractiveSession()
    try:
        x = tf.placeholder(tf.float32, [])
        y, found = x * 2.0, []
        assert y.eval({x: 2}) == 4
        threads = [threading.Thread(target=lambda n=n: found.append(session.run(y, {x: n}))) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [2 * n for n in range(8)]
    finally:
        session.close()


def test_names_that_mean_the_opposite_in_version_2():
    x = tf.ones([1000])
    with tf.Session() as session:
        kept = session.run(tf.nn.dropout(x, 0.8))
    assert 700 < (kept != 0).sum() < 900
    with pytest.raises(ValueError, match="named arguments"):
        tf.nn.softmax_cross_entropy_with_logits(x)
    with pytest.raises(AttributeError, match=r"no `tf\.contrib\.tpu` yet"):
        _ = tf.contrib.tpu
