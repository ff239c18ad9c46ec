"""What a call costs beyond the work: microseconds of CPU time between the user's line and the compiled code.

Each job is so small that its work is next to nothing. CPU time of all threads is measured and the best of many short
repeats is taken, so that other programs on the machine do not show. Run it as `python -m benchmarks.overhead`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

#: what the table is to stay below, in microseconds, where something was promised
BARS = {"predict of one row, MNIST network": 120.0, "model(x), MNIST network": 50.0, "session.run": 30.0}


def best(function: Callable[[], object], count: int, repeats: int = 30) -> float:
    """CPU microseconds of one call: the best of some repeats of so many calls each."""
    function()
    found = float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        for _ in range(count):
            function()
        found = min(found, time.process_time() - begin)
    return found / count * 1e6


def small_network() -> object:
    """A model whose training step is a few dozen operations."""
    from weft import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def mnist_network() -> object:
    """The network of the classical introduction: two convolutions with pooling, two dense layers."""
    from weft import keras

    layers = keras.layers
    return keras.Sequential([
        keras.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def measure_fit() -> float:
    """Microseconds a step of `fit` on arrays: the slope between two lengths, so that what an epoch costs drops out."""
    model = small_network()
    rng = np.random.default_rng(0)
    x, y = rng.random((32 * 1100, 4), np.float32), rng.random((32 * 1100, 1), np.float32)

    def epoch(steps: int) -> Callable[[], object]:
        return lambda: model.fit(x[: 32 * steps], y[: 32 * steps], verbose=0)  # type: ignore[attr-defined]

    return (best(epoch(1100), 1, 15) - best(epoch(100), 1, 15)) / 1000


def measure_train_on_batch() -> float:
    """Microseconds of `train_on_batch`."""
    model = small_network()
    x, y = np.zeros((32, 4), np.float32), np.zeros((32, 1), np.float32)
    return best(lambda: model.train_on_batch(x, y), 100)  # type: ignore[attr-defined]


def measure_predict() -> float:
    """Microseconds of `predict` for one image, its computation included."""
    model, x = mnist_network(), np.zeros((1, 28, 28, 1), np.float32)
    return best(lambda: model.predict(x, verbose=0), 200)  # type: ignore[attr-defined]


def measure_small_predict() -> float:
    """Microseconds of `predict` for one row."""
    model, x = small_network(), np.zeros((1, 4), np.float32)
    return best(lambda: model.predict(x, verbose=0), 200)  # type: ignore[attr-defined]


def measure_call() -> float:
    """Microseconds of `model(x)` for one image, its computation included."""
    import weft as tf

    model, x = mnist_network(), tf.constant(np.zeros((1, 28, 28, 1), np.float32))
    return best(lambda: model(x), 200)  # type: ignore[operator]


def measure_small_call() -> float:
    """Microseconds of `model(x)` for one row."""
    import weft as tf

    model, x = small_network(), tf.constant(np.zeros((1, 4), np.float32))
    return best(lambda: model(x), 200)  # type: ignore[operator]


def measure_function() -> float:
    """Microseconds of a traced function."""
    import weft as tf

    add = tf.function(lambda a, b: a + b)
    a = tf.ones((4,))
    return best(lambda: add(a, a), 500)


def measure_session() -> float:
    """Microseconds of a later run in a session: a fetch, a feed and a variable."""
    import weft.compat.v1 as tf

    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 4])
        w = tf.get_variable("w", initializer=np.ones((4, 1), np.float32))
        y = tf.reduce_sum(x * tf.transpose(w))
        session.run(tf.global_variables_initializer())
        value = np.zeros((1, 4), np.float32)
        return best(lambda: session.run(y, {x: value}), 500)


def measure_session_step() -> float:
    """Microseconds of a training step in a session."""
    import weft.compat.v1 as tf

    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 4])
        w = tf.get_variable("w", initializer=np.ones((4, 1), np.float32))
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0))
        train = tf.assign_sub(w, 0.01 * tf.gradients(loss, w)[0])
        session.run(tf.global_variables_initializer())
        value = np.ones((8, 4), np.float32)
        return best(lambda: session.run([train, loss], {x: value}), 300)


JOBS: dict[str, Callable[[], float]] = {
    "fit, a step": measure_fit,
    "train_on_batch": measure_train_on_batch,
    "predict of one row, MNIST network": measure_predict,
    "predict of one row": measure_small_predict,
    "model(x), MNIST network": measure_call,
    "model(x)": measure_small_call,
    "traced function": measure_function,
    "session.run": measure_session,
    "session.run, a training step": measure_session_step,
}


def main(argv: list[str] | None = None) -> int:
    """Prints a table of the jobs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__.splitlines()[0])
    parser.add_argument("jobs", nargs="*", help="words that a job's name has to have one of; all where there are none")
    words = parser.parse_args(argv).jobs
    width = max(map(len, JOBS))
    for name, job in JOBS.items():
        if words and not any(word in name for word in words):
            continue
        bar = f"  (below {BARS[name]:.0f})" if name in BARS else ""
        print(f"{name:<{width}}  {job():8.1f} µs{bar}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
