"""Builds and trains small things again and again, and says how much memory each cycle leaves behind.

A program that makes many models (a search over settings, a notebook that is run again and again, a server) must not
grow with each of them. This script measures it, in a fresh process for each kind of cycle:

    python tools/memory_cycles.py                       # every kind, 500 cycles each
    python tools/memory_cycles.py sequential --cycles 200
    python tools/memory_cycles.py sequential --cycles 1000
    python tools/memory_cycles.py predict --cycles 100000 --limit 0.05      # 5 MB in all
    python tools/memory_cycles.py --json                # one line of JSON for each kind, for programs

Two figures are given for each kind: `grows`, the resident memory between the end of the warm-up and the last cycle,
divided by the cycles between; and `objects`, the same for what Python's garbage collector tracks, counted after a
collection, which does not depend on the allocator. The exit status is 1 where a kind grows by more than `--limit` kB a
cycle. `--top` shows which types of objects became more.
"""

from __future__ import annotations

import argparse
import collections
import functools
import gc
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

LIMIT_KB = 20.0
WARM_UP = 50

_rng = np.random.default_rng(0)
X = _rng.normal(size=(64, 8)).astype(np.float32)
Y = _rng.integers(0, 3, size=64)
IMAGES = _rng.normal(size=(16, 8, 8, 1)).astype(np.float32)
LABELS = _rng.integers(0, 3, size=16)


def sequential() -> None:
    """Dense layers in a Sequential, compiled, fitted, evaluated, asked for predictions."""
    from weft import keras

    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dropout(0.2),
         keras.layers.Dense(3, activation="softmax")]
    )  # fmt: skip
    _train(model, X, Y)


def functional() -> None:
    """Two branches that meet again, as a Functional model."""
    from weft import keras

    inputs = keras.Input((8,))
    left = keras.layers.Dense(8, activation="relu")(inputs)
    right = keras.layers.Dense(8, activation="tanh")(inputs)
    joined = keras.layers.Concatenate()([left, right])
    _train(keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(joined)), X, Y)


def conv() -> None:
    """Convolution, pooling and batch normalisation."""
    from weft import keras

    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.BatchNormalization(),
         keras.layers.MaxPooling2D(), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    )  # fmt: skip
    _train(model, IMAGES, LABELS)


def cleared() -> None:
    """The Sequential model with `clear_session` behind it."""
    from weft import keras

    sequential()
    keras.backend.clear_session()


def subclassed() -> None:
    """A model class with a recurrent layer, whose loop is a graph inside the graph."""
    from weft import keras

    class Reader(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.cells = keras.layers.LSTM(4)
            self.head = keras.layers.Dense(3, activation="softmax")

        def call(self, inputs: object) -> object:
            return self.head(self.cells(inputs))

    _train(Reader(), X.reshape(64, 4, 2), Y)


def _train(model: object, x: object, y: object) -> None:
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])  # type: ignore[attr-defined]
    model.fit(x, y, epochs=1, batch_size=16, verbose=0)  # type: ignore[attr-defined]
    model.evaluate(x, y, verbose=0)  # type: ignore[attr-defined]
    model.predict(x, verbose=0)  # type: ignore[attr-defined]


@functools.cache
def _asked() -> object:
    from weft import keras

    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(3)])
    model.compile("adam", "mse")
    return model


def predict() -> None:
    """One model, asked for a prediction of one row."""
    _asked().predict(X[:1], verbose=0)  # type: ignore[attr-defined]


def tape() -> None:
    """A loop of one's own, with tape and variables and no Keras."""
    import weft as tf

    w = tf.Variable(tf.zeros((8, 3)))
    b = tf.Variable(tf.zeros((3,)))
    for _ in range(4):
        with tf.GradientTape() as recorded:
            logits = tf.matmul(tf.constant(X), w) + b
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=Y, logits=logits))
        for variable, gradient in zip((w, b), recorded.gradient(loss, [w, b])):
            variable.assign_sub(0.1 * gradient)


def function() -> None:
    """A traced function that is made anew in each cycle, with a variable of its own and a gradient through it."""
    import weft as tf

    w = tf.Variable(tf.ones((8,)))

    @tf.function
    def step(x: object) -> object:
        return tf.reduce_sum(tf.tanh(x * w))

    for size in (4, 5):
        with tf.GradientTape() as recorded:
            loss = step(tf.constant(X[:size]))
        recorded.gradient(loss, w)


def session() -> None:
    """A graph and a session of TensorFlow 1, made and closed."""
    import weft.compat.v1 as tf

    with tf.Graph().as_default(), tf.Session() as run:
        x = tf.placeholder(tf.float32, [None, 8])
        w = tf.Variable(tf.random_normal([8, 1], seed=1))
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w)))
        step = tf.assign_sub(w, 0.1 * tf.gradients(loss, w)[0])
        run.run(tf.global_variables_initializer())
        for _ in range(4):
            run.run([step, loss], {x: X})


def default_graph() -> None:
    """The default graph of TensorFlow 1, reset after use."""
    import weft.compat.v1 as tf

    tf.disable_eager_execution()
    x = tf.placeholder(tf.float32, [None, 8])
    w = tf.Variable(tf.zeros([8, 1]))
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0))
    gradient = tf.gradients(loss, w)[0]
    with tf.Session() as run:
        run.run(tf.global_variables_initializer())
        run.run([tf.assign_sub(w, 0.1 * gradient), loss], {x: X})
    tf.reset_default_graph()


_numbers = itertools.count()


def compiled() -> None:
    """A graph that was not there before, compiled to machine code."""
    import weft as tf

    number = float(next(_numbers))

    @tf.function
    def step(x):
        y = tf.tanh(tf.matmul(x, tf.ones([8, 8]) * number)) + number
        return tf.reduce_sum(y * tf.nn.softmax(y))

    step(X)


KINDS: dict[str, Callable[[], None]] = {
    each.__name__: each
    for each in (
        sequential, functional, conv, cleared, subclassed, predict, tape, function, session, default_graph, compiled,
    )
}  # fmt: skip


def resident() -> float:
    """The process's resident memory in kB; the highest so far where the system tells no more."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform == "darwin" else float(peak)


def count_objects() -> collections.Counter[str]:
    """How many objects of each type the garbage collector tracks, after a collection."""
    gc.collect()
    return collections.Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())


def measure(cycle: Callable[[], None], cycles: int, warm_up: int) -> dict[str, object]:
    """Runs the cycles; returns the growth of memory (kB a cycle) and of objects (a cycle, in all and by type).

    `always_kb` is the growth in that quarter of the cycles in which it was least. A leak grows in all of them; a heap
    that settles, as it does in a short run, does not.
    """
    started = time.perf_counter()
    for _ in range(warm_up):
        cycle()
    count_objects()  # what counting itself keeps is there before the first count
    objects = count_objects()
    span = cycles - warm_up
    quarters = [span * (number + 1) // 4 - span * number // 4 for number in range(4)]
    levels = [resident()]
    for length in quarters:
        for _ in range(length):
            cycle()
        levels.append(resident())
    more = count_objects()
    more.subtract(objects)
    each = [(after - before) / length for before, after, length in zip(levels, levels[1:], quarters) if length]
    return {
        "cycles": cycles, "warm_up": warm_up, "start_kb": round(levels[0]),
        "grows_kb": round((levels[-1] - levels[0]) / span, 3), "always_kb": round(min(each), 3),
        "objects": round(sum(more.values()) / span, 3), "seconds": round(time.perf_counter() - started, 1),
        "types": {name: count for name, count in more.most_common(12) if count > 0},
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"what to repeat: {', '.join(KINDS)} (default: all)")
    parser.add_argument("--cycles", type=int, default=500, help="cycles of each kind, the warm-up included")
    parser.add_argument("--warm-up", type=int, default=WARM_UP, help="cycles before the first measurement")
    parser.add_argument("--limit", type=float, default=LIMIT_KB, help="kB a cycle that a kind may grow")
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each kind")
    parser.add_argument("--top", action="store_true", help="show which types of objects became more")
    parser.add_argument("--here", action="store_true", help="run in this process, the kinds one after the other")
    options = parser.parse_args()
    for kind in options.kinds:
        if kind not in KINDS:
            parser.error(f"there is no kind {kind!r}; there are {', '.join(KINDS)}")
    if options.cycles <= options.warm_up:
        parser.error("--cycles must be more than --warm-up")
    failed = False
    for kind in options.kinds or KINDS:
        if options.here:
            found = measure(KINDS[kind], options.cycles, options.warm_up)
        else:
            command = [sys.executable, __file__, kind, "--here", "--json", "--limit", "inf",
                       "--cycles", str(options.cycles), "--warm-up", str(options.warm_up)]  # fmt: skip
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            found = json.loads(output)
        too_much = float(str(found["grows_kb"])) > options.limit
        failed |= too_much
        if options.json:
            print(json.dumps({"kind": kind, **found}), flush=True)
            continue
        print(
            f"{kind:14} grows {found['grows_kb']:8.2f} kB a cycle, {found['objects']:7.2f} objects a cycle "
            f"(from {found['start_kb']} kB after {found['warm_up']} of {found['cycles']} cycles, {found['seconds']} s)"
            + (f": more than {options.limit:g}" if too_much else ""),
            flush=True,
        )
        if options.top:
            for name, count in dict(found["types"]).items():  # type: ignore[call-overload]
                print(f"    {count:+8d}  {name}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
