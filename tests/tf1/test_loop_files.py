"""Loops with their gradients out of TensorFlow 1.15.5's meta graphs, and its checkpoints of version 1, both ways."""

import base64
import zlib

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.base.errors import DataLossError, NotFoundError
from weft.formats import checkpoint_v1

from .conftest import golden

GOLDEN = golden("tf1_loops.json")
FEEDS = {"x:0": np.sin(np.arange(24, dtype=np.float32)).reshape(4, 6)}


def unpacked(text):
    return zlib.decompress(base64.b64decode(text))


@pytest.mark.parametrize("title", sorted(GOLDEN["loops"]))
def test_loops_train_on_where_tensorflow_stopped(title, tmp_path):
    held = GOLDEN["loops"][title]
    (tmp_path / "model").write_bytes(unpacked(held["checkpoint"]))
    (tmp_path / "model.meta").write_bytes(unpacked(held["meta"]))
    saver = tf.train.import_meta_graph(str(tmp_path / "model.meta"))
    with tf.Session() as session:
        saver.restore(session, str(tmp_path / "model"))
        for expected in held["losses"]:
            np.testing.assert_allclose(session.run("loss:0", FEEDS), expected, rtol=2e-5)
            session.run("train", FEEDS)
        again = saver.save(session, str(tmp_path / "again"))  # by the graph's own operations, so in version 1 too
        assert checkpoint_v1.Reader(again).names() == checkpoint_v1.Reader(str(tmp_path / "model")).names()


@pytest.mark.parametrize("title", sorted(GOLDEN["checkpoints"]))
def test_checkpoints_of_version_1_are_read(title, tmp_path):
    held = GOLDEN["checkpoints"][title]
    for name, content in held["files"].items():
        (tmp_path / name).write_bytes(unpacked(content))
    path = str(tmp_path / held["path"])
    assert tf.train.checkpoint_exists(path)
    reader = tf.train.NewCheckpointReader(path)
    kinds = reader.get_variable_to_dtype_map()
    for dtype in set(kinds) - {"text", "parts"}:
        value = reader.get_tensor(dtype)
        assert kinds[dtype].name == value.dtype.name == dtype
        np.testing.assert_array_equal(value, np.arange(6).reshape(2, 3).astype(dtype))
    assert reader.get_tensor("text").tolist() == [[b"a", b"long"], [b"", "\xe9".encode()]]
    np.testing.assert_array_equal(reader.get_tensor("parts"), np.ones([5, 4], np.float32))
    assert not reader.has_tensor("no") and dict(tf.train.list_variables(path))["parts"] == [5, 4]
    with pytest.raises(NotFoundError, match="float3"):
        reader.get_tensor("float3")


def test_a_saver_of_version_1_writes_one_file_and_keeps_count(tmp_path):
    whole = tf.get_variable("whole", initializer=np.arange(3.0, dtype=np.float32))
    tf.get_variable("parts", [5, 2], partitioner=tf.fixed_size_partitioner(2))
    counter = tf.Variable(7, name="counter")
    saver = tf.train.Saver(write_version=tf.train.SaverDef.V1, max_to_keep=1)
    assert saver.saver_def.version == tf.train.SaverDef.V1
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(tf.trainable_variables())
        saver.save(session, str(tmp_path / "model"), 1)
        path = saver.save(session, str(tmp_path / "model"), 2)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint", "model-2", "model-2.meta"]
        assert tf.train.latest_checkpoint(str(tmp_path)) == path
        session.run([whole.assign([5.0, 5.0, 5.0]), counter.assign(0)])
        tf.train.Saver().restore(session, path)
        for one, other in zip(session.run(tf.trainable_variables()), before, strict=True):
            np.testing.assert_array_equal(one, other)
        assert session.run(counter) == 7


def test_what_is_damaged_says_so(tmp_path):
    path = tmp_path / "model"
    whole = np.arange(6.0, dtype=np.float32).reshape(3, 2)
    checkpoint_v1.write(path, [checkpoint_v1.Slice("w", whole[:2], (3, 2), (0, 0))])
    with checkpoint_v1.open_checkpoint(path) as reader, pytest.raises(DataLossError, match="do not make up"):
        reader.read("w")
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
        with pytest.raises(DataLossError), checkpoint_v1.Reader(path) as reader:
            reader.read("w")


def test_rows_of_logits_of_higher_rank_are_written_as_tensorflows_operation():
    logits = tf.placeholder(tf.float32, [2, None, 3], name="logits")
    labels = tf.placeholder(tf.int32, [2, None], name="labels")
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="each")
    (gradient,) = tf.gradients(tf.reduce_sum(each, name="loss"), logits)
    feeds = {"logits:0": np.sin(np.arange(24.0)).reshape(2, 4, 3), "labels:0": np.arange(8).reshape(2, 4) % 3}
    names = [gradient.name, "loss:0"]
    with tf.Session() as session:
        expected = session.run(names, feeds)
    message = tf.get_default_graph().as_graph_def()
    entries = [node for node in message.node if node.op == "SparseSoftmaxCrossEntropyWithLogits"]
    assert entries and all("T" in node.attr for node in entries)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(message, name="")
        for one, other in zip(session.run(names, feeds), expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)


def test_a_loop_whose_gradient_draws_again_is_saved_and_its_variables_restored(tmp_path):
    x, keep = tf.placeholder(tf.float32, [None, 5, 3]), tf.placeholder(tf.float32)
    cell = tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicLSTMCell(4), output_keep_prob=keep)
    out, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(out))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, {x: np.ones((2, 5, 3)), keep: 0.5})
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
        trained = session.run(tf.trainable_variables())
    tf.reset_default_graph()
    saver = tf.train.import_meta_graph(path + ".meta")
    with tf.Session() as session:
        saver.restore(session, path)
        for found, expected in zip(session.run(tf.trainable_variables()), trained, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_a_file_that_has_the_name_of_a_checkpoint_of_version_2_is_not_deleted_with_it(tmp_path):
    tf.get_variable("v", [2], initializer=tf.zeros_initializer())
    saver = tf.train.Saver(max_to_keep=1)
    (tmp_path / "model-1").write_text("mine")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in (1, 2):
            saver.save(session, str(tmp_path / "model"), global_step=step)
    assert not (tmp_path / "model-1.index").exists() and (tmp_path / "model-1").read_text() == "mine"
