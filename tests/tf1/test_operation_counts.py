"""How many operations functions stand for: what draws without a seed of its own is numbered by them."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.runtime import random as streams

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "goldens"))
import tf1_operation_lines as uses  # noqa: E402

GOLDEN = json.loads((ROOT / "tests" / "golden" / "tf1_operation_counts.json").read_text())


@pytest.fixture(autouse=True)
def numbered():
    before = streams._streams.by_operations
    streams.number_by_operations(True)
    yield
    streams.number_by_operations(before)
    tf.reset_default_graph()


@pytest.mark.parametrize("line", uses.LINES)
def test_a_function_stands_for_as_many_operations(line):
    assert uses.counted(tf, line) == GOLDEN["lines"][line]


@pytest.mark.parametrize("line", uses.GRADIENTS)
def test_a_gradient_stands_for_as_many_operations(line):
    found = [uses.differentiated(tf, line, gated) for gated in (False, True)]
    assert found == GOLDEN["gradients"][line]


@pytest.mark.parametrize("line", uses.DRAWS)
def test_draws_within_a_function_are_numbered_alike(line, monkeypatch):
    found, number = [], streams._Streams.number_in_session
    monkeypatch.setattr(streams._Streams, "number_in_session",
                        lambda self, graph: found.append(number(self, graph)) or found[-1])  # fmt: skip
    assert uses.numbered(tf, line, lambda graph, first: found) == GOLDEN["draws"][line]


def test_what_falls_short_is_listed():
    better = [line for line in uses.SHORT if _counted(line) == GOLDEN["lines"][line]]
    assert not better, "these agree now; they belong to LINES"


def _counted(line):
    try:
        return uses.counted(tf, line)
    except Exception:
        return None


def drawn(build):
    """What a program draws behind a function, and the function's own result, which draws too."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        x = tf.placeholder(tf.float32, [None, 6, 4])
        flag = tf.placeholder(tf.bool, [])
        result = build(x, flag)
        after = tf.random_normal([2])
        session.run(tf.global_variables_initializer())
        images = np.arange(48).reshape(2, 6, 4) / 48.0
        found = session.run([result, after], {x: images, flag: True})
    return [np.round(np.asarray(part, np.float32).ravel()[:4], 4).tolist() for part in found]


#: what TensorFlow 1.15.5 gives
DRAWN = {
    "branch": [[-0.3476, -1.4915], [-0.1918, -0.2796]],
    "loop": [[-0.7485, 0.0503], [0.4375, -0.3144]],
    "rows": [[0.037, 1.2708], [-0.0827, 1.3221]],
    "recurrent": [[0.0041, -0.0062, -0.0058, 0.0021], [-0.0962, 0.1954]],
    "dropout": [[0.0192, 0.041, -0.0072, 0.457], [1.5818, 0.8162]],
    "normalised": [[-0.3021, -0.226, 0.544, 0.3021], [1.0638, 0.9529]],
    "after training": [[0.0087, -0.0075, 0.3343, 0.3294], [0.8902, -0.4208]],
}


def after_training(x, flag):
    hidden = tf.layers.dense(x[:, 0], 5, tf.nn.relu)
    loss = tf.reduce_mean(tf.square(tf.layers.dense(hidden, 1) - x[:, 0, :1]))
    tf.train.AdamOptimizer().minimize(loss)
    return tf.layers.dense(x[:, 0], 2)


PROGRAMS = {
    "branch": lambda x, flag: tf.cond(flag, lambda: tf.random_normal([2]), lambda: tf.random_uniform([2])),
    "loop": lambda x, flag: tf.while_loop(lambda n, s: n < 3, lambda n, s: (n + 1, s + tf.random_normal([2])),
                                          [0, tf.zeros([2])])[1],
    "rows": lambda x, flag: tf.map_fn(lambda row: row[0, 0] + tf.random_uniform([]), x),
    "recurrent": lambda x, flag: tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(3), x, dtype=tf.float32)[0],
    "dropout": lambda x, flag: tf.layers.dense(tf.layers.dropout(tf.layers.dense(x[:, 0], 5), training=flag), 3),
    "normalised": lambda x, flag: tf.layers.dense(tf.layers.batch_normalization(x[:, 0], training=flag), 3),
    "after training": after_training,
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_draw_the_same_numbers(name):
    for found, expected in zip(drawn(PROGRAMS[name]), DRAWN[name], strict=True):
        np.testing.assert_allclose(found, expected, atol=2e-4)


def test_a_size_may_be_a_placeholder_without_a_shape():
    with tf.Graph().as_default(), tf.Session() as session:
        size = tf.placeholder(tf.int32)
        drawn, filled = tf.random_uniform([size]), tf.zeros([size, 2])
        found = session.run([drawn, filled], {size: 3})
    assert [part.shape for part in found] == [(3,), (3, 2)]


def test_an_interactive_session_leaves_the_default_graph_where_it_is():
    session = tf.InteractiveSession()
    tf.reset_default_graph()
    assert session.graph is not tf.get_default_graph()
    session.close()


def test_what_is_drawn_behind_a_meta_graph_is_numbered_alike(tmp_path):
    # 1.15.5 draws 0.88454056 behind its own file of this graph, which has 176 operations there
    inputs, wanted = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 1])
    hidden = tf.layers.dense(inputs, 4, tf.nn.relu)
    loss = tf.reduce_mean(tf.square(tf.layers.dense(hidden, 1) - wanted), name="loss")
    tf.train.AdamOptimizer(0.01).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "net"))
    tf.reset_default_graph()
    tf.set_random_seed(1)
    tf.train.import_meta_graph(path + ".meta")
    with tf.Session() as session:
        assert session.run(tf.random_uniform([])) == np.float32(0.88454056)
