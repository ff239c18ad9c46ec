"""What a training step costs on the XLA engine beyond the same step written directly in jax.

`python -m benchmarks.xla_step` trains each network both ways, in turns, from the same weights on the same rows, and
prints the least time of a step of each and how far the losses of the first epoch are apart. `fit` is ours; the other
side is a jitted function with donated state (`benchmarks/peers/jax_nets.py`), fed batch by batch.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import Machine
from benchmarks.models import DESCRIPTIONS, get_weights

#: network: its sizes, the rows of a batch, and the batches of an epoch
NETWORKS: dict[str, tuple[dict[str, Any], int, int]] = {
    "mlp": ({}, 128, 100),
    "mnist": ({}, 128, 40),
    "gpt": ({}, 8, 4),
    "resnet50": ({"size": 224, "classes": 1000}, 8, 2),
}
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- xla_step -->", "<!-- end of xla_step -->"
#: what a step of ours may cost of theirs
BAR = 1.05
INTRODUCTION = """## The XLA engine beside jax by hand

Written by `python -m benchmarks.xla_step --write`: the least time of a training step by `fit` on the XLA engine, and of
the same step written directly in jax and jitted, in turns; ours may take 1.05 of theirs. The losses of the first epoch
are apart by the last column but one, relatively."""
TITLES = """| network | rows | Weft | jax | ratio | within | losses apart | machine |
| --- | --- | --- | --- | --- | --- | --- | --- |"""
_BY_HAND = {"mnist": "digits"}


def ours(model: Any, x: Any, y: Any, batch: int) -> Callable[[], float]:
    """One epoch of `fit`; its mean loss."""

    def epoch() -> float:
        return float(model.fit(x, y, batch_size=batch, shuffle=False, verbose=0).history["loss"][0])

    return epoch


def theirs(kind: str, weights: dict[str, Any], trained: set[str], x: Any, y: Any, batch: int) -> Callable[[], float]:
    """The same epoch in jax."""
    import jax
    import jax.numpy as jnp

    from benchmarks.peers import jax_nets

    network = getattr(jax_nets, _BY_HAND.get(kind, kind))
    name, arguments = DESCRIPTIONS[kind].optimizer
    begin, update = (jax_nets.adam(arguments["learning_rate"]) if name == "Adam" else
                     jax_nets.momentum(arguments["learning_rate"], arguments["momentum"]))  # fmt: skip
    counts = bool(DESCRIPTIONS[kind].metrics)

    def loss(p: Any, others: Any, x: Any, y: Any) -> Any:
        moved: dict[str, Any] = {}
        found = network({**p, **others}, x, moved)
        right = jnp.mean(jnp.argmax(found, -1) == y) if counts else None
        return -jnp.mean(jnp.take_along_axis(found, y[..., None], axis=-1)), (moved, right)

    def step(p: Any, others: Any, kept: Any, x: Any, y: Any) -> Any:
        (value, (others, right)), slopes = jax.value_and_grad(loss, has_aux=True)(p, others, x, y)
        p, kept = update(p, kept, slopes)
        return (p, others, kept), value, right

    compiled = jax.jit(step, donate_argnums=(0, 1, 2))
    p = {name: jnp.array(value) for name, value in weights.items() if name in trained}
    others = {name: jnp.array(value) for name, value in weights.items() if name not in trained}
    state = (p, others, begin(p))

    def epoch() -> float:
        nonlocal state
        values = []
        for i in range(0, len(x), batch):
            state, value, _ = compiled(*state, x[i : i + batch], y[i : i + batch])
            values.append(value)
        return float(sum(values) / len(values))

    return epoch


def compare(kind: str, turns: int) -> tuple[float, float, float]:
    """The least seconds of a step, ours and jax's; and how far the losses of the first epoch are apart, relatively."""
    from weft import keras

    sizes, batch, batches = NETWORKS[kind]
    (x,), (y,) = DESCRIPTIONS[kind].data(np.random.default_rng(0), batch * batches, **sizes)
    y = np.asarray(y, np.int32).reshape(x.shape if kind == "gpt" else len(x))
    keras.utils.set_random_seed(1)
    model = DESCRIPTIONS[kind].compiled(keras, sizes)
    weights = get_weights(model)
    trained = {f"{layer.name}:{place}" for layer in model.layers for place, weight in enumerate(layer.weights)
               if any(weight is one for one in layer.trainable_weights)}  # fmt: skip
    epochs = (ours(model, x, y, batch), theirs(kind, weights, trained, x, y, batch))
    first = [epoch() for epoch in epochs]
    for epoch in epochs:  # what is learned from the first epoch shows in the second
        epoch()
    least = [float("inf"), float("inf")]
    for _ in range(turns):
        for place, epoch in enumerate(epochs):
            begin = time.perf_counter()
            epoch()
            least[place] = min(least[place], (time.perf_counter() - begin) / batches)
    return least[0], least[1], abs(first[0] - first[1]) / abs(first[1])


def section(page: str, begin: str = BEGIN, end: str = END) -> str:
    """What this, or another that puts such marks around it, has written into the page; "" where it has not."""
    found = re.search(f"{begin}.*?{end}\n", page, re.DOTALL)
    return found.group() if found else ""


def write(kind: str, mine: float, other: float, apart: float) -> None:
    """Puts the line of a network into the page; those of others stay as they are."""
    import jax

    text = PAGE.read_text(encoding="utf-8")
    before = section(text)
    lines = {line.split("|")[1].strip(): line for line in before.splitlines() if line.startswith("| ")}
    _, batch, _ = NETWORKS[kind]
    machine = f"{Machine(2).describe()}; jax {jax.__version__}; {datetime.date.today()}"
    lines[kind] = (f"| {kind} | {batch} | {1e3 * mine:.2f} ms | {1e3 * other:.2f} ms | {mine / other:.2f} | "
                   f"{'yes' if mine <= BAR * other else 'NO'} | {apart:.0e} | {machine} |")  # fmt: skip
    table = "\n".join(lines[name] for name in NETWORKS if name in lines)
    made = f"{BEGIN}\n{INTRODUCTION}\n\n{TITLES}\n{table}\n{END}\n"
    PAGE.write_text(text.replace(before, made) if before else f"{text.rstrip()}\n\n{made}", encoding="utf-8")


def main() -> None:
    """Prints a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the lines into docs/benchmarks.md, beside others")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    args = parser.parse_args()
    os.environ["WEFT_ENGINE"] = "xla"
    for kind in args.networks:
        mine, other, apart = compare(kind, args.turns)
        if args.write:
            write(kind, mine, other, apart)
        print(f"{kind:10} weft {1e3 * mine:9.3f} ms   jax {1e3 * other:9.3f} ms   ratio {mine / other:.2f}   "
              f"losses apart {apart:.0e}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
