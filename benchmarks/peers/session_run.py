"""Programs of TensorFlow 1, a `session.run` for each step with what it is fed: Weft's session and TensorFlow's own."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.peers import CHECKED_STEPS, Task

#: a training operation, its loss, and the feeds of each step in turn
Program = tuple[Any, Any, list[dict[Any, Any]]]


class _Draw:
    """First values, the same for everybody."""

    def __init__(self, tf: Any) -> None:
        self.tf, self.rng = tf, np.random.default_rng(3)

    def weights(self, *shape: int) -> Any:
        spread = np.sqrt(2.0 / np.prod(shape[:-1]))
        return self.tf.Variable((self.rng.standard_normal(shape) * spread).astype("float32"))

    def zeros(self, size: int) -> Any:
        return self.tf.Variable(np.zeros(size, "float32"))


def _digits(task: Task) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    images = rng.random((task.rows, 784), dtype=np.float32)
    return images, np.eye(10, dtype=np.float32)[rng.integers(0, 10, task.rows)]


def _fed(task: Task, x: Any, y: Any, images: np.ndarray, labels: np.ndarray) -> list[dict[Any, Any]]:
    starts = range(0, task.rows, task.batch)
    return [{x: images[i : i + task.batch], y: labels[i : i + task.batch]} for i in starts]


def _classified(tf: Any, task: Task, network: Callable[[_Draw, Any], Any]) -> Program:
    images, labels = _digits(task)
    x, y = tf.placeholder(tf.float32, [None, 784]), tf.placeholder(tf.float32, [None, 10])
    logits = network(_Draw(tf), x)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits))
    return tf.train.AdamOptimizer(1e-3).minimize(loss), loss, _fed(task, x, y, images, labels)


def linear(tf: Any, task: Task) -> Program:
    """A line through points, a run for each point."""
    rng = np.random.default_rng(7)
    points = rng.random(task.rows, dtype=np.float32)
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    weight, bias = tf.Variable(0.5), tf.Variable(0.0)
    loss = tf.reduce_sum(tf.pow(tf.add(tf.multiply(x, weight), bias) - y, 2)) / 2.0
    train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    return train, loss, [{x: p, y: np.float32(0.3) * p + np.float32(0.1)} for p in points]


def mlp(tf: Any, task: Task) -> Program:
    """784 pixels, two layers of 256, ten classes."""

    def network(draw: _Draw, x: Any) -> Any:
        for inputs, units in ((784, 256), (256, 256)):
            x = tf.nn.relu(tf.add(tf.matmul(x, draw.weights(inputs, units)), draw.zeros(units)))
        return tf.matmul(x, draw.weights(256, 10)) + draw.zeros(10)

    return _classified(tf, task, network)


def cnn(tf: Any, task: Task) -> Program:
    """The network of the tutorial: two convolutions with pooling, a layer of 1024."""

    def network(draw: _Draw, x: Any) -> Any:
        x = tf.reshape(x, [-1, 28, 28, 1])
        for inputs, filters in ((1, 32), (32, 64)):
            x = tf.nn.conv2d(x, draw.weights(5, 5, inputs, filters), [1, 1, 1, 1], "SAME") + draw.zeros(filters)
            x = tf.nn.max_pool(tf.nn.relu(x), [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
        x = tf.reshape(x, [-1, 7 * 7 * 64])
        x = tf.nn.relu(tf.matmul(x, draw.weights(7 * 7 * 64, 1024)) + draw.zeros(1024))
        return tf.matmul(x, draw.weights(1024, 10)) + draw.zeros(10)

    return _classified(tf, task, network)


def lstm(tf: Any, task: Task) -> Program:
    """Rows of digits through an LSTM cell of 128, unrolled: TensorFlow 2 has version 1's cells no longer."""

    def network(draw: _Draw, x: Any) -> Any:
        rows = tf.unstack(tf.reshape(x, [-1, 28, 28]), 28, 1)
        kernel, bias = draw.weights(28 + 128, 512), draw.zeros(512)
        c = h = tf.zeros([tf.shape(x)[0], 128])
        for row in rows:
            i, j, f, o = tf.split(tf.nn.bias_add(tf.matmul(tf.concat([row, h], 1), kernel), bias), 4, 1)
            c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
            h = tf.tanh(c) * tf.sigmoid(o)
        return tf.matmul(h, draw.weights(128, 10)) + draw.zeros(10)

    return _classified(tf, task, network)


PROGRAMS: dict[str, Callable[[Any, Task], Program]] = {"linear": linear, "mlp": mlp, "cnn": cnn, "lstm": lstm}


class SessionRun:
    """A program in a session."""

    def __init__(self, library: str, task: Task) -> None:
        self.tf = importlib.import_module(f"{library}.compat.v1")
        self.version = f"{library} {importlib.import_module(library).__version__}"
        self.tf.disable_v2_behavior()
        self.train, self.loss, self.feeds = PROGRAMS[task.model](self.tf, task)
        config = self.tf.ConfigProto(intra_op_parallelism_threads=task.threads)
        self.session = self.tf.Session(config=config)
        self.start = self.tf.global_variables_initializer()
        self.session.run(self.start)
        self.place = 0

    def weights(self) -> dict[str, np.ndarray]:
        return {}

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """All begin with the same numbers."""

    def facts(self) -> dict[str, Any]:
        return {"version": self.version}

    def check(self) -> list[float]:
        found = [float(self.session.run([self.train, self.loss], self.feeds[i])[1]) for i in range(CHECKED_STEPS)]
        self.session.run(self.train, self.feeds[0])
        self.session.run(self.start)
        return found

    def run(self, count: int) -> float:
        run, train, feeds = self.session.run, self.train, self.feeds
        start = time.perf_counter()
        for i in range(self.place, self.place + count):
            run(train, feed_dict=feeds[i % len(feeds)])
        taken = time.perf_counter() - start
        self.place = (self.place + count) % len(feeds)
        return taken
