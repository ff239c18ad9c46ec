"""What a training step costs on the XLA engine beyond the same step written directly in jax.

`python -m benchmarks.xla_step` trains one network both ways, in turns, and prints the least time of a step of each: a
network of dense layers and one of convolutions, batches of rows in memory, stochastic gradient descent.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

BATCH = 128
RATE = 0.01


def data(shape: tuple[int, ...], rows: int) -> tuple[Any, Any]:
    """Images and class numbers."""
    rng = np.random.default_rng(0)
    return rng.random((rows, *shape), dtype=np.float32), rng.integers(0, 10, rows).astype(np.int32)


def layers_of(kind: str) -> list[Any]:
    """The network as Keras layers."""
    from weft.keras import layers

    if kind == "dense":
        return [layers.Flatten(), layers.Dense(256, activation="relu"), layers.Dense(128, activation="relu"),
                layers.Dense(10)]  # fmt: skip
    return [layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10)]  # fmt: skip


def ours(kind: str, x: Any, y: Any) -> tuple[Callable[[], int], Any]:
    """One epoch of `fit`: how many steps it makes; and the model."""
    from weft import keras

    model = keras.Sequential([keras.Input(x.shape[1:]), *layers_of(kind)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(RATE), loss)

    def epoch() -> int:
        model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0)
        return len(x) // BATCH

    return epoch, model


def theirs(kind: str, x: Any, y: Any, weights: list[Any]) -> Callable[[], int]:
    """The same epoch in jax: a jitted step with donated parameters, fed batch by batch."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    def dense(p: list[Any], x: Any) -> Any:
        x = x.reshape(x.shape[0], -1)
        x = jax.nn.relu(x @ p[0] + p[1])
        x = jax.nn.relu(x @ p[2] + p[3])
        return x @ p[4] + p[5]

    def pooled(x: Any) -> Any:
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def convolutions(p: list[Any], x: Any) -> Any:
        for kernel, bias in ((p[0], p[1]), (p[2], p[3])):
            x = lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            x = pooled(jax.nn.relu(x + bias))
        return x.reshape(x.shape[0], -1) @ p[4] + p[5]

    network = dense if kind == "dense" else convolutions

    def loss(p: list[Any], x: Any, y: Any) -> Any:
        logits = jax.nn.log_softmax(network(p, x))
        return -jnp.mean(jnp.take_along_axis(logits, y[:, None], axis=1))

    def step(p: list[Any], x: Any, y: Any) -> Any:
        value, slope = jax.value_and_grad(loss)(p, x, y)
        return [w - RATE * g for w, g in zip(p, slope, strict=True)], value

    compiled = jax.jit(step, donate_argnums=0)
    held = [[jnp.array(w) for w in weights]]

    def epoch() -> int:
        value = None
        for i in range(0, len(x), BATCH):
            held[0], value = compiled(held[0], x[i : i + BATCH], y[i : i + BATCH])
        jax.block_until_ready(value)
        return len(x) // BATCH

    return epoch


def compare(kind: str, rows: int, turns: int) -> tuple[float, float]:
    """The least seconds of a step: ours, and jax's."""
    x, y = data((28, 28, 1), rows)
    first, model = ours(kind, x, y)
    second = theirs(kind, x, y, model.get_weights())
    for epoch in (first, second, first, second):  # compiles, and learns how long slices may be
        epoch()
    least = [float("inf"), float("inf")]
    for _ in range(turns):
        for place, epoch in enumerate((first, second)):
            begin = time.perf_counter()
            steps = epoch()
            least[place] = min(least[place], (time.perf_counter() - begin) / steps)
    return least[0], least[1]


def main() -> None:
    """Prints a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=128 * 40)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--networks", nargs="+", default=["dense", "convolutions"])
    args = parser.parse_args()
    os.environ["WEFT_ENGINE"] = "xla"
    for kind in args.networks:
        mine, other = compare(kind, args.rows, args.turns)
        print(f"{kind:14} weft {1e3 * mine:8.3f} ms   jax {1e3 * other:8.3f} ms   ratio {mine / other:.2f}")


if __name__ == "__main__":
    main()
