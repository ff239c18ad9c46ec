"""Variables in parts: their names, what they begin with, what is looked up in them, and files that hold them as one."""

import base64
import zlib

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.formats import bundle

from .conftest import golden

GOLDEN = golden("tf1_partitioned.json")


def model():
    tf.set_random_seed(7)
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(3)):
        v = tf.get_variable("v", [10, 4], initializer=tf.glorot_uniform_initializer(seed=1))
        wide = tf.get_variable("wide", [2, 5], partitioner=tf.fixed_size_partitioner(2, axis=1))
    rows = tf.nn.embedding_lookup(v, [0, 4, 9], partition_strategy="div")
    loss = tf.reduce_sum(tf.square(tf.matmul(v, tf.ones([4, 2])))) + tf.reduce_sum(rows) + tf.reduce_sum(wide)
    return v, wide, rows, tf.train.AdamOptimizer(0.1).minimize(loss)


def test_parts_are_tensorflows():
    v, wide, rows, _ = model()
    assert [x.name for x in tf.global_variables()] == GOLDEN["variables"]
    assert (v.name, v.shape.as_list(), len(v), len(tf.trainable_variables())) == ("s/v", [10, 4], 3, 5)
    assert [part.shape.as_list() for part in wide] == [[2, 3], [2, 2]]
    assert v.as_tensor().name == "s/v_1:0"  # the first one is that of the product
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        whole = session.run(tf.identity(v))
        np.testing.assert_array_equal(whole, np.float32(GOLDEN["start"]))
        np.testing.assert_array_equal(session.run(rows), whole[[0, 4, 9]])
        np.testing.assert_array_equal(session.run(tf.nn.embedding_lookup(v, [0, 4, 9])), np.float32(GOLDEN["mod"]))
        session.run(v.assign(tf.zeros([10, 4])))
        assert not session.run(v.as_tensor()).any()


def test_training_goes_on_from_tensorflows_checkpoint_and_saves_slices(tmp_path):
    for name, content in GOLDEN["files"].items():
        (tmp_path / name).write_bytes(zlib.decompress(base64.b64decode(content)))
    v, _, _, train = model()
    saver = tf.train.Saver()
    with tf.Session() as session:
        saver.restore(session, str(tmp_path / "parts"))
        np.testing.assert_array_equal(session.run(v.as_tensor()), np.float32(GOLDEN["saved"]))
        path = saver.save(session, str(tmp_path / "ours"))
        session.run(train)
        np.testing.assert_allclose(session.run(v.as_tensor()), GOLDEN["after"], rtol=1e-5, atol=1e-6)
    assert [[name, list(shape)] for name, shape in tf.train.list_variables(path)] == GOLDEN["tensors"]
    with bundle.BundleReader(str(tmp_path / "parts")) as theirs, bundle.BundleReader(path) as ours:
        assert theirs._entries.keys() == ours._entries.keys()  # the keys of slices among them
        for name, _ in GOLDEN["tensors"]:
            np.testing.assert_array_equal(ours.read(name), theirs.read(name))
    tf.reset_default_graph()
    again = tf.train.import_meta_graph(path + ".meta")
    with tf.Session() as session:
        again.restore(session, path)
        np.testing.assert_array_equal(session.run("s/v/part_1:0"), np.float32(GOLDEN["saved"])[4:7])
    assert tf.global_variables()[1]._save_slice_info.spec == "10 4 4,3:0,4"


def test_whole_and_parts_take_each_others_values(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("table", initializer=np.arange(10, dtype=np.float32).reshape(5, 2))
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "whole"))
    with tf.Graph().as_default(), tf.Session() as session:
        with tf.variable_scope("m", partitioner=tf.variable_axis_size_partitioner(16)):
            table = tf.get_variable("table", [5, 2])
        assert len(table) == 3
        tf.train.Saver({"table": table}).restore(session, path)
        assert session.run(table.as_tensor()).ravel().tolist() == list(range(10))
    with tf.Graph().as_default(), tf.Session() as session:
        table = tf.get_variable("table", [5, 2], partitioner=tf.fixed_size_partitioner(2))
        tf.train.init_from_checkpoint(path, {"/": "/"})
        session.run(tf.global_variables_initializer())
        assert session.run(table.as_tensor()).ravel().tolist() == list(range(10))


def test_layers_and_reuse():
    x = tf.ones([2, 4])
    with tf.variable_scope("net", partitioner=tf.fixed_size_partitioner(2)):
        first = tf.layers.dense(x, 3, name="dense")
    with tf.variable_scope("net", reuse=True, partitioner=tf.fixed_size_partitioner(2)):
        second = tf.layers.dense(x, 3, name="dense")
    assert [v.name for v in tf.trainable_variables()] == [
        "net/dense/kernel/part_0:0", "net/dense/kernel/part_1:0", "net/dense/bias/part_0:0", "net/dense/bias/part_1:0"
    ]  # fmt: skip
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        a, b = session.run([first, second])
    np.testing.assert_array_equal(a, b)


def test_what_is_refused():
    tf.get_variable("v", [4, 4], partitioner=tf.fixed_size_partitioner(2))
    with pytest.raises(ValueError, match="already exists"):
        tf.get_variable("v", [4, 4], partitioner=tf.fixed_size_partitioner(2))
    with pytest.raises(ValueError, match="one dimension"):
        tf.get_variable("w", [4, 4], partitioner=lambda shape, dtype: [2, 2])
    with pytest.raises(ValueError, match="rank"):
        tf.get_variable("w", [4, 4], partitioner=lambda shape, dtype: [2])
