"""TensorFlow 1.15: frozen graphs with what they compute, and a meta graph in the middle of training. Python 3.7."""

from __future__ import annotations

import base64
import glob
import json
import os
import tempfile
import warnings
import zlib
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "tf1_graphs.json"
BATCH = np.sin(np.arange(2 * 6 * 6 * 2, dtype=np.float32)).reshape(2, 6, 6, 2)


def packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()


def recurrent(x: Any, flag: Any) -> Any:
    rows = tf.reshape(x, [-1, 6, 12])
    first, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(3), rows, dtype=tf.float32)
    cells = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.GRUCell(2) for _ in range(2)])
    lengths = tf.fill([tf.shape(x)[0]], 4)
    second, _ = tf.nn.dynamic_rnn(cells, rows, dtype=tf.float32, sequence_length=lengths, scope="second")
    return tf.layers.dense(tf.concat([first[:, -1], second[:, 3]], 1), 2)


def control(x: Any, flag: Any) -> Any:
    _, total = tf.while_loop(lambda i, a: i < 5, lambda i, a: (i + 1, a * 1.1 + tf.cast(i, tf.float32)),
                             [0, tf.reduce_mean(x, [1, 2])])  # fmt: skip
    rows = tf.map_fn(lambda r: tf.cond(tf.reduce_sum(r) > 8.0, lambda: r * 2, lambda: r - 1), total)
    return tf.cond(flag, lambda: rows, lambda: -rows)


def several(x: Any, flag: Any) -> Any:
    flat = tf.reshape(x, [tf.shape(x)[0], -1]) @ tf.get_variable("v", [72, 10])
    a, b = tf.split(flat, 2, 1)
    best, places = tf.nn.top_k(a, 3)
    rows = tf.nn.embedding_lookup(tf.get_variable("e", [10, 5]), places)
    found = tf.reduce_logsumexp(rows, 2) + best + tf.nn.l2_normalize(b, 1)[:, :3] + tf.cumsum(b, 1)[:, 1:4]
    found += tf.one_hot(tf.argmax(a, 1), 3) + tf.clip_by_value(b[:, 2:], -0.1, 0.1)
    return found + tf.transpose(tf.stack(tf.unstack(a, axis=1)[:3]))


def windows(x: Any, flag: Any) -> Any:
    large = tf.nn.conv2d_transpose(x, tf.get_variable("k", [3, 3, 2, 2]), [tf.shape(x)[0], 12, 12, 2], [1, 2, 2, 1])
    parts = [tf.image.resize_bilinear(x, [8, 8]), tf.image.resize_nearest_neighbor(x, [5, 5]), large,
             tf.image.resize_bicubic(x, [7, 9]), tf.layers.separable_conv2d(x, 2, 3), tf.nn.lrn(x),
             tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), tf.pad(x, [[0, 0], [1, 1], [2, 0], [0,
             0]])]  # fmt: skip
    normal = tf.layers.batch_normalization(tf.layers.conv2d(x, 2, 3), training=False)
    parts.append(tf.layers.max_pooling2d(normal, 2, 1))
    return tf.stack([tf.reduce_mean(tf.square(part), [1, 2]) for part in parts])


def frozen(build: Any) -> dict[str, Any]:
    tf.reset_default_graph()
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 6, 6, 2], name="x")
    flag = tf.placeholder_with_default(False, [], name="flag")
    out = tf.identity(build(x, flag), name="out")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        graph = tf.get_default_graph().as_graph_def()
        part = tf.graph_util.convert_variables_to_constants(session, graph, ["out"])
        results = [session.run(out, {x: BATCH, flag: value}).tolist() for value in (False, True)]
    names = [op.name for op in tf.get_default_graph().get_operations()]
    return {"graph": packed(part.SerializeToString()), "results": results, "known": len(names)}


def training() -> dict[str, Any]:
    tf.reset_default_graph()
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    hidden = tf.layers.batch_normalization(tf.layers.dense(x, 5, tf.nn.relu), training=True)
    logits = tf.layers.dense(hidden, 3, name="logits")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits), name="loss")
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, step, 2, 0.9)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train = tf.train.AdamOptimizer(rate).minimize(loss, step, name="train")
    tf.add_to_collection("train", train)
    tf.add_to_collection("settings", "five")
    feeds = {x: BATCH.reshape(-1, 4)[:8], y: np.arange(8) % 3}
    saver, losses, folder = tf.train.Saver(max_to_keep=3), [], tempfile.mkdtemp()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(2):
            session.run(train, feeds)
        prefix = saver.save(session, os.path.join(folder, "model"), step)
        for _ in range(4):
            losses.append(float(session.run([loss, train], feeds)[0]))
    files = {os.path.basename(path): packed(Path(path).read_bytes()) for path in sorted(glob.glob(prefix + "*"))}
    return {"files": files, "prefix": os.path.basename(prefix), "losses": losses,
            "variables": [v.name for v in tf.global_variables()],
            "trainable": [v.name for v in tf.trainable_variables()]}  # fmt: skip


def main() -> None:
    found = {"frozen": {f.__name__: frozen(f) for f in (recurrent, control, several, windows)}, "training": training()}
    found["meta"] = {"script": "tools/goldens/make_tf1_graphs.py", "tensorflow": tf.VERSION}
    GOLDEN.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
