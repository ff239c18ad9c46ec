"""Default graphs of threads, and which graph an op goes into."""

import threading

import pytest

import weft
import weft.compat.v1 as tf


def _in_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_each_thread_has_a_default_graph_of_its_own_in_the_mode_of_the_process():
    graph = tf.get_default_graph()
    assert _in_thread(tf.get_default_graph) is not graph
    assert _in_thread(lambda: tf.constant(1.0).graph) is not graph
    assert _in_thread(lambda: tf.Session().graph) is not graph
    assert _in_thread(tf.executing_eagerly) is False
    _in_thread(tf.reset_default_graph)
    assert tf.get_default_graph() is graph


def test_a_graph_is_opened_in_several_threads():
    graph = tf.get_default_graph()
    x = tf.placeholder(tf.float32, [])

    def doubled():
        with graph.as_default(), tf.Session() as session:
            return session.run(x * 2.0, {x: 4.0})

    assert _in_thread(doubled) == 8.0


@pytest.mark.parametrize(
    "made",
    [
        lambda x, v: x + 1.0,
        lambda x, v: 1.0 - x,
        lambda x, v: tf.stack([x, x]),
        lambda x, v: tf.matmul(tf.reshape(x, [1, 1]), [[2.0]]),
        lambda x, v: v + 1.0,
    ],
)
def test_an_op_goes_into_the_graph_of_its_first_tensor(made):
    graph = tf.Graph()
    with graph.as_default():
        x, v = tf.constant(1.0), tf.get_variable("v", initializer=2.0)
    assert made(x, v).graph is graph
    assert _in_thread(lambda: made(x, v).graph) is graph


def test_tensors_of_two_graphs_do_not_go_together():
    with tf.Graph().as_default():
        x = tf.constant(1.0)
    with pytest.raises(weft.errors.InaccessibleTensorError, match="is used in graph"):
        x + tf.constant(1.0)
