"""Functions of several of our nodes that are one operation with several outputs in TensorFlow 1."""

import numpy as np

import weft.compat.v1 as tf


def test_outputs_are_those_of_one_operation():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        out, idx = tf.setdiff1d([1, 2, 3], [2], name="rest")
        assert (out.name, idx.name) == ("rest:0", "rest:1")
        assert out.op is idx.op and out.op.type == "ListDiff" and len(out.op.outputs) == 2
        assert session.run(["rest:0", graph.get_tensor_by_name("rest:1")])[0].tolist() == [1, 3]
        assert session.run(idx * 10).tolist() == [0, 20]


def test_what_an_operation_is_made_of_does_not_show():
    with tf.Graph().as_default() as graph:
        x = tf.SparseTensor([[0, 1]], [3.0], [2, 2])
        tf.sparse_add(x, x)
        assert [op.type for op in graph.get_operations()].count("SparseAdd") == 1
        assert {op.type for op in graph.get_operations()} == {"Const", "SparseAdd"}


def test_files_keep_the_outputs():
    with tf.Graph().as_default() as graph:
        tf.setdiff1d([5, 6, 7], [6], name="rest")
        definition = graph.as_graph_def()
    with tf.Graph().as_default(), tf.Session() as session:
        found = tf.import_graph_def(definition, return_elements=["rest:0", "rest:1"], name="")
        assert [x.tolist() for x in session.run(found)] == [[5, 7], [0, 2]]
        assert session.run("rest:1").tolist() == [0, 2]


def test_gradients_and_feeds_go_through():
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.constant([1.0, 2.0]), tf.constant([3.0])
        x, y = tf.identity_n([a, b], name="both")
        assert [session.run(g).tolist() for g in tf.gradients([x * 2.0, y * y], [a, b])] == [[2.0, 2.0], [6.0]]
        assert session.run(y + 1.0, {"both:1": [7.0]}).tolist() == [8.0]
        with tf.control_dependencies([x.op]):
            z = tf.identity(b)
        assert session.run([z, x])[0].tolist() == [3.0]


def test_constants_of_a_sparse_tensor_have_a_scope():
    with tf.Graph().as_default():
        places = tf.constant([[0, 1]], tf.int64, name="places")
        x = tf.SparseTensor(places, np.float32([3]), [2, 2])
        assert (x.indices.name, x.values.name) == ("places:0", "SparseTensor/values:0")
        assert x.dense_shape.name == "SparseTensor/dense_shape:0"
        assert tf.SparseTensor([[0]], [1], [1]).indices.name == "SparseTensor_1/indices:0"
