"""Shows that TensorFlow runs the graphs that Weft writes: `python tools/check_exported_graphs.py PYTHON_OF_TENSORFLOW`.

Weft builds graphs with branches, loops, recurrent networks and their training, runs them, and writes frozen GraphDefs,
meta graphs and checkpoints. The other Python, which has TensorFlow 1.15 or 2, runs this file on them and compares.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

DATA = np.sin(np.arange(36)).reshape(3, 6, 2).astype(np.float32)


def recurrent(tf: Any, x: Any) -> Any:
    lengths = tf.fill([tf.shape(x)[0]], 4)
    first, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(3), x, dtype=tf.float32, sequence_length=lengths)
    both, _ = tf.nn.bidirectional_dynamic_rnn(tf.nn.rnn_cell.GRUCell(2), tf.nn.rnn_cell.GRUCell(2), first,
                                              dtype=tf.float32)  # fmt: skip
    return tf.concat(both, 2)


def branches(tf: Any, x: Any) -> Any:
    weights = tf.get_variable("w", [2, 3])
    h = tf.tensordot(x, weights, 1)
    low = tf.cond(tf.reduce_sum(h) > 0, lambda: h * 2, lambda: h - tf.cast(tf.shape(h)[0], tf.float32))
    a, b = tf.cond(tf.reduce_mean(x) > 0, lambda: (h, low * 2),
                   lambda: (tf.cond(h[0, 0, 0] > 0, lambda: h, lambda: -h), low))  # fmt: skip
    return a + b


def loops(tf: Any, x: Any) -> Any:
    weights = tf.get_variable("w", [2, 2])
    total = tf.while_loop(lambda i, a: i < tf.shape(x)[1], lambda i, a: (i + 1, tf.cond(
        tf.equal(i % 2, 0), lambda: tf.tanh(tf.tensordot(a, weights, 1)), lambda: a - x)), [0, x])[1]  # fmt: skip
    rows = tf.map_fn(lambda r: tf.nn.softmax(r), total)
    return rows + tf.scan(lambda a, r: a * 0.5 + r, total) + tf.foldr(lambda a, r: a + r, total)


PROGRAMS = {"recurrent": recurrent, "branches": branches, "loops": loops}


def write(title: str, folder: Path) -> None:
    import weft.compat.v1 as tf

    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        x = tf.placeholder(tf.float32, [None, 6, 2], name="x")
        out = tf.identity(PROGRAMS[title](tf, x), name="out")
        loss = tf.reduce_sum(tf.square(out), name="loss")
        tf.identity(tf.gradients(loss, tf.trainable_variables()[0])[0], name="slope")
        train = tf.train.MomentumOptimizer(0.001, 0.9).minimize(loss, name="train")
        saver = tf.train.Saver()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            part = tf.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["out", "slope"])
            tf.train.write_graph(part, str(folder), f"{title}.pb", as_text=False)
            tf.train.write_graph(part, str(folder), f"{title}.pbtxt", as_text=True)
            saver.save(session, str(folder / title))
            results = [session.run(name, {x: DATA}) for name in ("out:0", "slope:0")]
            losses = []
            for _ in range(3):
                session.run(train, {x: DATA})
                losses.append(float(session.run(loss, {x: DATA})))
    (folder / f"{title}.json").write_text(json.dumps([*(r.tolist() for r in results), losses]), encoding="utf-8")


def read(title: str, folder: Path) -> list[str]:
    """What TensorFlow computes otherwise."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow
    from google.protobuf import text_format

    tf = tensorflow.compat.v1
    tf.disable_eager_execution()
    expected = json.loads((folder / f"{title}.json").read_text(encoding="utf-8"))
    wrong = []
    messages = [tf.GraphDef.FromString((folder / f"{title}.pb").read_bytes()), tf.GraphDef()]
    text_format.Parse((folder / f"{title}.pbtxt").read_text(encoding="utf-8"), messages[1])
    for form, message in zip(("binary", "text"), messages):
        with tf.Graph().as_default(), tf.Session() as session:
            outputs = tf.import_graph_def(message, return_elements=["out:0", "slope:0"], name="")
            for found, wanted in zip(session.run(outputs, {"x:0": DATA}), expected):
                if not np.allclose(found, wanted, rtol=1e-4, atol=1e-4):
                    wrong.append(f"{title}, {form}: {found} for {wanted}")
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(str(folder / f"{title}.meta"))
        saver.restore(session, str(folder / title))
        losses = []
        for _ in range(3):
            session.run("train", {"x:0": DATA})
            losses.append(float(session.run("loss:0", {"x:0": DATA})))
        if not np.allclose(losses, expected[2], rtol=1e-4):
            wrong.append(f"{title}, training: {losses} for {expected[2]}")
    return wrong


def main() -> int:
    if sys.argv[1] == "--read":
        folder = Path(sys.argv[2])
        wrong = [line for title in PROGRAMS for line in read(title, folder)]
        print("\n".join(wrong) or f"{len(PROGRAMS)} graphs: the same results, frozen and trained on")
        return bool(wrong)
    with tempfile.TemporaryDirectory() as name:
        for title in PROGRAMS:
            write(title, Path(name))
        return subprocess.run([sys.argv[1], __file__, "--read", name], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
