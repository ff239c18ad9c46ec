"""TensorFlow 1.15: variables in parts, what they begin with, and a checkpoint of them with an optimizer's state."""

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

import tensorflow as tf  # noqa: E402

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "tf1_partitioned.json"


def main() -> None:
    tf.set_random_seed(7)
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(3)):
        v = tf.get_variable("v", [10, 4], initializer=tf.glorot_uniform_initializer(seed=1))
        wide = tf.get_variable("wide", [2, 5], partitioner=tf.fixed_size_partitioner(2, axis=1))
    rows = tf.nn.embedding_lookup(v, [0, 4, 9], partition_strategy="div")
    loss = tf.reduce_sum(tf.square(tf.matmul(v, tf.ones([4, 2])))) + tf.reduce_sum(rows) + tf.reduce_sum(wide)
    train = tf.train.AdamOptimizer(0.1).minimize(loss)
    found: dict[str, Any] = {"variables": [x.name for x in tf.global_variables()]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found["start"] = session.run(v.as_tensor()).tolist()
        found["mod"] = session.run(tf.nn.embedding_lookup(v, [0, 4, 9])).tolist()
        session.run(train)
        prefix = tf.train.Saver().save(session, os.path.join(tempfile.mkdtemp(), "parts"), write_meta_graph=False)
        found["saved"] = session.run(v.as_tensor()).tolist()
        session.run(train)
        found["after"] = session.run(v.as_tensor()).tolist()
    found["tensors"] = tf.train.list_variables(prefix)
    found["files"] = {os.path.basename(path): base64.b64encode(zlib.compress(Path(path).read_bytes(), 9)).decode()
                      for path in sorted(glob.glob(prefix + "*"))}  # fmt: skip
    found["meta"] = {"script": "tools/goldens/make_tf1_partitioned.py", "tensorflow": tf.VERSION}
    GOLDEN.write_text(json.dumps(found, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
