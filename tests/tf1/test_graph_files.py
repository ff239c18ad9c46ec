"""Graphs in files: what TensorFlow 1.15.5 wrote runs here with its results, and what is written here says the same."""

import base64
import zlib
from pathlib import Path

import numpy as np
import pytest

import weft.compat.v1 as tf

from .conftest import golden

GOLDEN = golden("tf1_graphs.json")
BATCH = np.sin(np.arange(2 * 6 * 6 * 2, dtype=np.float32)).reshape(2, 6, 6, 2)


def unpacked(text):
    return zlib.decompress(base64.b64decode(text))


@pytest.mark.parametrize("title", sorted(GOLDEN["frozen"]))
def test_tensorflows_graphs_give_its_results(title):
    message = tf.GraphDef.FromString(unpacked(GOLDEN["frozen"][title]["graph"]))
    (out,) = tf.import_graph_def(message, return_elements=["out:0"])
    assert out.name == "import/out:0" and out.op.type == "Identity"
    with tf.Session() as session:
        for flag, expected in zip((False, True), GOLDEN["frozen"][title]["results"], strict=True):
            feeds = {"import/x:0": BATCH}
            if "import/flag" in out.graph.ir.names:
                feeds["import/flag:0"] = flag
            np.testing.assert_allclose(session.run(out, feeds), expected, rtol=2e-5, atol=2e-5)


@pytest.fixture
def checkpoint(tmp_path):
    held = GOLDEN["training"]
    for name, content in held["files"].items():
        (tmp_path / name).write_bytes(unpacked(content))
    return str(tmp_path / held["prefix"])


def test_training_goes_on_where_tensorflow_stopped(checkpoint, tmp_path):
    held = GOLDEN["training"]
    saver = tf.train.import_meta_graph(checkpoint + ".meta")
    assert [v.name for v in tf.global_variables()] == held["variables"]
    assert [v.name for v in tf.trainable_variables()] == held["trainable"]
    assert tf.get_collection("settings") == [b"five"]
    (train,) = tf.get_collection("train")
    feeds = {"x:0": BATCH.reshape(-1, 4)[:8], "y:0": np.arange(8) % 3}
    with tf.Session() as session:
        saver.restore(session, checkpoint)
        assert session.run("global_step:0") == 2
        losses = [session.run(["loss:0", train], feeds)[0] for _ in range(4)]
        np.testing.assert_allclose(losses, held["losses"], rtol=1e-5)
        again = saver.save(session, str(tmp_path / "again"), 7)
        last = session.run("loss:0", feeds)
    tf.reset_default_graph()
    with tf.Session() as session:
        tf.train.import_meta_graph(again + ".meta", import_scope="there").restore(session, again)
        assert session.run("there/loss:0", {f"there/{k}": v for k, v in feeds.items()}) == last


def model():
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    h = tf.layers.conv2d(x, 4, 3, activation=tf.nn.relu, padding="same")
    h = tf.layers.max_pooling2d(tf.layers.batch_normalization(h, training=True), 2, 2)
    logits = tf.layers.dense(tf.nn.dropout(tf.layers.flatten(h), 0.9), 5, name="logits")
    rows = tf.nn.embedding_lookup(tf.get_variable("rows", [10, 5]), y)
    out = tf.nn.log_softmax(logits + rows, name="out")
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.one_hot(y, 5), logits=out), name="loss")
    step = tf.train.get_or_create_global_step()
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train = tf.train.MomentumOptimizer(0.01, 0.9).minimize(loss, step, name="train")
    tf.summary.scalar("loss", loss)
    tf.add_to_collection("out", out)
    return x, y, train


def test_a_written_graph_is_made_of_tensorflows_operations_and_trains_on(tmp_path):
    x, y, train = model()
    feeds = {x: np.sin(np.arange(768, dtype=np.float32)).reshape(4, 8, 8, 3), y: [0, 1, 2, 1]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, feeds)
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
        kernel = session.run("conv2d/kernel:0")
    message = tf.get_default_graph().as_graph_def()
    assert not {node.op for node in message.node} & OURS
    names = [node.name for node in message.node]
    assert len(set(names)) == len(names)
    tf.reset_default_graph()
    saver = tf.train.import_meta_graph(path + ".meta")
    with tf.Session() as session:
        saver.restore(session, path)
        np.testing.assert_array_equal(session.run("conv2d/kernel:0"), kernel)
        feeds = {"x:0": feeds[x], "y:0": feeds[y]}
        first = session.run("loss:0", feeds)
        for _ in range(20):
            session.run("train", feeds)
        assert session.run("loss:0", feeds) < first / 2 and session.run("global_step:0") == 21


#: operations that TensorFlow has not, written where nothing better is known
OURS = frozenset({"SumToShape", "TakeAlongAxisGrad", "ScatterAddRows", "Dropout", "ReduceVariance", "PyFunc",
"Dimension"})  # fmt: skip


def test_frozen_graphs_keep_their_values(tmp_path):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    out = tf.identity(tf.layers.dense(x, 2), name="out")
    data = np.ones([2, 3], np.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        expected = session.run(out, {x: data})
        graph = tf.get_default_graph().as_graph_def()
        part = tf.graph_util.convert_variables_to_constants(session, graph, ["out"])
    assert not {"VariableV2", "Assign"} & {node.op for node in part.node}
    binary, text = (tf.train.write_graph(part, str(tmp_path), name, as_text) for name, as_text in
                    (("g.pb", False), ("g.pbtxt", True)))  # fmt: skip
    small = tf.graph_util.remove_training_nodes(part, ["out"])
    assert len(small.node) < len(part.node)
    messages = [tf.GraphDef.FromString(Path(binary).read_bytes()), Path(text).read_text(encoding="utf-8"), small]
    for message in messages:
        with tf.Graph().as_default(), tf.Session() as session:
            (found,) = tf.import_graph_def(message, return_elements=["out:0"], name="")
            np.testing.assert_array_equal(session.run(found, {"x:0": data}), expected)


def test_input_maps_and_what_is_missing():
    with tf.Graph().as_default() as first:
        tf.multiply(tf.placeholder(tf.float32, [], name="x"), 2.0, name="doubled")
    message = first.as_graph_def()
    (found,) = tf.import_graph_def(message, {"x:0": tf.constant(4.0)}, ["doubled:0"])
    with tf.Session() as session:
        assert session.run(found) == 8.0
    with pytest.raises(ValueError, match="nothing"):
        tf.import_graph_def(message, {"nothing:0": tf.constant(4.0)})
    message.node[1].op = "NoSuchOperation"
    with pytest.raises((ValueError, tf.errors.UnimplementedError), match="NoSuchOperation"), tf.Session() as session:
        (found,) = tf.import_graph_def(message, return_elements=[message.node[1].name + ":0"], name="other")
        session.run(found)


def test_variables_of_a_graph_without_collections_are_written_by_name(tmp_path):
    weights = tf.get_variable("w", [2, 2], initializer=tf.ones_initializer())
    tf.matmul(tf.placeholder(tf.float32, [None, 2], name="x"), weights, name="y")
    tf.variables_initializer([weights], name="init")
    message = tf.get_default_graph().as_graph_def()
    tf.reset_default_graph()
    tf.import_graph_def(message, name="")
    held = tf.get_default_graph().get_tensor_by_name("w:0")
    with tf.Session() as session:
        assert not session.run(tf.is_variable_initialized(held))
        session.run("init")
        assert session.run(tf.assign_add(held, [[1.0, 2.0], [3.0, 4.0]])).tolist() == [[2, 3], [4, 5]]
        assert session.run(tf.scatter_sub(held, [0], [[1.0, 1.0]])).tolist() == [[1, 2], [4, 5]]
        assert session.run("y:0", {"x:0": [[1.0, 1.0]]}).tolist() == [[5, 7]]
        path = tf.train.Saver({"kept": held}).save(session, str(tmp_path / "one"))
        assert tf.train.list_variables(path) == [("kept", [2, 2])]
    assert tf.global_variables() == []
    with pytest.raises(TypeError, match=r"tf\.scatter_add changes a variable"):
        tf.scatter_add(tf.get_default_graph().get_tensor_by_name("y:0"), [0], [[1.0, 1.0]])
