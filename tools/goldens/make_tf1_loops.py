"""TensorFlow 1.15: meta graphs of loops in training with checkpoints of version 1, what they go on to, and further
checkpoints of that version. Python 3.7."""

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
GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "tf1_loops.json"
DTYPES = "float16 float32 float64 int8 int16 int32 int64 uint8 bool complex64 complex128".split()


def packed(path: str) -> str:
    return base64.b64encode(zlib.compress(Path(path).read_bytes(), 9)).decode()


def weight(size: int) -> Any:
    return tf.get_variable("w", initializer=np.cos(np.arange(size, dtype=np.float32)) * 0.4 + 0.5)


def steps(x: Any) -> Any:
    """A loop of known length over what it takes in and a variable."""
    w = weight(6)
    return tf.while_loop(lambda i, a: i < 4, lambda i, a: (i + 1, tf.tanh(a * w) + x[0]), [0, x[1]])[1]


def until(x: Any) -> Any:
    """A loop that data ends."""
    w = weight(1)
    return tf.while_loop(lambda a: tf.reduce_sum(a) < 30.0, lambda a: a * (w[0] + 1.0), [tf.abs(x[0]) + 0.1])


def within(x: Any) -> Any:
    """A loop in a loop."""
    w = weight(6)

    def turn(i: Any, a: Any) -> Any:
        return i + 1, tf.while_loop(lambda j, b: j <= i, lambda j, b: (j + 1, b * w + x[1]), [0, a])[1]

    return tf.while_loop(lambda i, a: i < 3, turn, [0, x[0]])[1]


def branches(x: Any) -> Any:
    """A branch in a loop."""
    w = weight(6)

    def turn(i: Any, a: Any) -> Any:
        return i + 1, tf.cond(i % 2 < 1, lambda: tf.sin(a * w), lambda: tf.square(a) - w)

    return tf.while_loop(lambda i, a: i < 5, turn, [0, x[0]])[1]


def rows(x: Any) -> Any:
    """A loop that reads and writes rows, and reads one of them again."""
    w, held = weight(6), tf.TensorArray(tf.float32, 4, clear_after_read=False).unstack(x)
    _, out = tf.while_loop(lambda i, o: i < 4, lambda i, o: (
        i + 1, o.write(i, tf.tanh(held.read(i) * w) + held.read(0))), [0, tf.TensorArray(tf.float32, 4)])  # fmt: skip
    return out.stack()


def recurrent(x: Any) -> Any:
    """Recurrent cells, one of them over sequences of several lengths."""
    sequences, lengths = tf.reshape(x, [-1, 6, 2]), [6, 3]
    with tf.variable_scope("layers", initializer=tf.constant_initializer(0.2)):
        first, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(3, use_peepholes=True), sequences, lengths,
                                     dtype=tf.float32)  # fmt: skip
        second, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(2), first, dtype=tf.float32, scope="second")
    return second


def trained(build: Any) -> dict[str, Any]:
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [4, 6] if build is rows else [None, 6], name="x")
    loss = tf.reduce_mean(tf.square(build(x) - 0.3), name="loss")
    optimizer = tf.train.MomentumOptimizer(0.02, 0.9)
    gradients, variables = zip(*optimizer.compute_gradients(loss))
    gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
    optimizer.apply_gradients(zip(gradients, variables), name="train")
    saver, folder = tf.train.Saver(write_version=tf.train.SaverDef.V1), tempfile.mkdtemp()
    feeds = {x: np.sin(np.arange(24, dtype=np.float32)).reshape(4, 6)}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run("train", feeds)
        path = saver.save(session, os.path.join(folder, "model"))
        losses = []
        for _ in range(3):
            losses.append(float(session.run("loss:0", feeds)))
            session.run("train", feeds)
    return {"meta": packed(path + ".meta"), "checkpoint": packed(path), "losses": losses}


def checkpoints() -> dict[str, Any]:
    """Files of all types of elements, of partitioned variables, and in shards."""
    tf.reset_default_graph()
    for dtype in DTYPES:
        tf.Variable(np.arange(6).reshape(2, 3).astype(dtype), name=dtype)
    tf.Variable([["a", "long"], ["", "\xe9"]], name="text")
    tf.get_variable("parts", [5, 4], partitioner=tf.fixed_size_partitioner(2), initializer=tf.ones_initializer())
    folder, found = tempfile.mkdtemp(), {}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for name, sharded in (("whole", False), ("shards", True)):
            saver = tf.train.Saver(write_version=tf.train.SaverDef.V1, sharded=sharded)
            path = saver.save(session, os.path.join(folder, name), write_meta_graph=False)
            found[name] = {"path": os.path.basename(path),
                           "files": {os.path.basename(p): packed(p) for p in sorted(glob.glob(path))}}  # fmt: skip
    return found


def main() -> None:
    programs = (steps, until, within, branches, rows, recurrent)
    found = {"loops": {program.__name__: trained(program) for program in programs}, "checkpoints": checkpoints()}
    found["meta"] = {"script": "tools/goldens/make_tf1_loops.py", "tensorflow": tf.VERSION}
    GOLDEN.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
