"""What an operation costs that runs at once: microseconds a call, in Weft and in TensorFlow in one sitting.

    python -m benchmarks.eager                  # TensorFlow in .peers/tensorflow, or $WEFT_PEERS/tensorflow
    python -m benchmarks.eager --alone          # Weft only

Arrays of 3 x 2 and 2 x 3 floats, so that the work is next to nothing. CPU time, best of many short repeats.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import contest

#: microseconds that Weft is to stay below, and how many times faster than TensorFlow it is to be
BARS = {"a + b": 3.0, "matmul": 4.0, "gradient of mean(square(v * b))": 60.0}
TIMES = 3.0


def jobs(tf: Any) -> dict[str, Callable[[], Any]]:
    """What is measured."""
    rng = np.random.default_rng(0)
    a, b = (tf.constant(rng.random((3, 2)), tf.float32) for _ in range(2))
    c = tf.constant(rng.random((2, 3)), tf.float32)
    v = tf.Variable(a)

    def gradient() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(v * b))
        return tape.gradient(loss, v)

    return {
        "a + b": lambda: a + b,
        "matmul": lambda: tf.matmul(a, c),
        "gradient of mean(square(v * b))": gradient,
        "tf.reduce_sum(a)": lambda: tf.reduce_sum(a),
        "a[0]": lambda: a[0],
        "v.assign(a)": lambda: v.assign(a),
    }


def best(function: Callable[[], Any], seconds: float = 0.01, repeats: int = 60) -> float:
    """Microseconds of one call."""
    for _ in range(20):
        function()
    start = time.process_time()
    for _ in range(50):
        function()
    count = max(int(seconds / max((time.process_time() - start) / 50, 1e-7)), 1)
    found = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        for _ in range(count):
            function()
        found = min(found, time.process_time() - start)
    return found / count * 1e6


def main() -> None:
    """Prints a line for each operation."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.eager", description=__doc__.splitlines()[0])
    parser.add_argument("--alone", action="store_true", help="Weft only")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        measured = {name: best(job) for name, job in jobs(contest.library(given.inside)).items()}
        print(json.dumps({"jobs": measured}))
        return
    if given.alone:
        found = {"weft": contest.ask("eager", "weft")}
    else:
        found = contest.rounds("eager", given.rounds, min)
    print(f"{'microseconds a call':34} {'Weft':>8} {'TensorFlow':>12} {'times':>7}")
    for name, ours in found["weft"]["jobs"].items():
        theirs = found.get("tensorflow", {}).get("jobs", {}).get(name)
        beside = "" if theirs is None else f" {theirs:12.2f} {theirs / ours:7.1f}"
        bar = f"  (to stay below {BARS[name]:g}, {TIMES:g} times)" if name in BARS else ""
        print(f"{name:34} {ours:8.2f}{beside}{bar}")


if __name__ == "__main__":
    main()
