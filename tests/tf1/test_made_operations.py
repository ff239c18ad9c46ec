"""Operations made by their type; seeds and queue runners within scopes."""

import pytest

import weft.compat.v1 as tf
from weft.base.errors import NotFoundError


def test_operations_are_made_by_their_type() -> None:
    with tf.Graph().as_default() as graph, tf.Session() as session:
        a, b = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
        total = graph.create_op("Add", [a, b], [tf.float32], name="total")
        assert (total.name, total.type, session.run(total.outputs[0]).tolist()) == ("total", "Add", [4.0, 6.0])
        with tf.name_scope("scope"):
            names = [graph.create_op("Relu", [a], [tf.float32]).name for _ in range(2)]
        assert names == ["scope/Relu", "scope/Relu_1"]
        assert session.run(tf.gradients(total.outputs[0] * 2.0, a)[0]).tolist() == [2.0, 2.0]


def test_a_type_that_is_not_known_is_told() -> None:
    with tf.Graph().as_default() as graph, pytest.raises(NotFoundError, match=r"(?s)'MatMull'.*MatMul"):
        graph.create_op("MatMull", [tf.constant([[1.0]])], [tf.float32])


def test_what_a_type_takes_and_gives_is_told() -> None:
    with tf.Graph().as_default():
        told = tf.matmul([[1.0]], [[2.0]]).op.op_def
    assert told.name == "MatMul"
    assert [argument.name for argument in told.input_arg] == ["a", "b"]
    assert {attribute.name for attribute in told.attr} >= {"T", "transpose_a", "transpose_b"}


def test_a_queue_runner_belongs_to_the_scope_of_its_queue() -> None:
    with tf.Graph().as_default():
        with tf.name_scope("outer"):
            queue = tf.FIFOQueue(3, tf.float32)
        runner = tf.train.QueueRunner(queue, [queue.enqueue(1.0)])
        assert runner.to_proto("outer").queue_name == "fifo_queue"
        assert runner.to_proto("other") is None
        assert runner.to_proto().queue_name == "outer/fifo_queue"


def test_an_operations_seed_has_a_graphs_beside_it() -> None:
    with tf.Graph().as_default():
        assert tf.get_seed(3) == (87654321, 3)
        assert tf.get_seed(None) == (None, None)
        tf.set_random_seed(0)
        assert tf.get_seed(0) == (0, 2**31 - 1)
