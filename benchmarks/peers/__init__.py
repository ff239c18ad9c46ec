"""The contestants: Weft, and the libraries that it is compared with. Each runs in a process of its own.

A contestant is made from a `Task` and has these methods; a module here is imported by the worker in the interpreter
that has its library, and by nobody else.

- `weights()` and `load(weights)`: the model's numbers, keyed as `benchmarks.models.get_weights` does it.
- `check()`: a few numbers that say whether it computes what the others compute. Also the warm-up: what is compiled
  is compiled here.
- `run(count)`: does `count` steps and returns the seconds that they took.
- `facts()`: what it knows about itself: its library's version, the model's work and size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from benchmarks.models import DESCRIPTIONS, Arrays, Description

#: by name, the environment of `make peers` that a contestant runs in; None is this interpreter
ENVIRONMENTS: dict[str, str | None] = {
    "weft": None,
    "weft-bf16": None,
    "tensorflow": "tensorflow",
    "torch": "torch",
    "jax-fit": "jax",
    "jax-jit": "jax",
    "onnx": "onnx",
    "numpy": None,
}

#: in training, how many steps on the same batch `check` compares
CHECKED_STEPS = 3


@dataclass(frozen=True)
class Task:
    """What a contestant is asked to do.

    Attributes:
        mode: `train`, `infer` (batches of an array in memory), `predict` (one row, array to array), `call` (one row
            through the model as a function), `chain` or `adam` (over one large array), `product`, `session`.
        model: A name of `benchmarks.models.DESCRIPTIONS`, where there is a model.
        sizes: The arguments of its description.
        batch: Rows in a step.
        rows: Rows in memory; for `chain` and `adam` the length of the array.
        threads: How many threads may be used.
        exchange: A folder where contestants leave files for one another.
    """

    mode: str
    model: str
    sizes: Mapping[str, Any]
    batch: int
    rows: int
    threads: int
    exchange: str

    @property
    def description(self) -> Description:
        """The model that is asked for."""
        return DESCRIPTIONS[self.model]

    @cached_property
    def data(self) -> tuple[Arrays, Arrays]:
        """Inputs and targets, the same in every process."""
        return self.description.data(np.random.default_rng(7), self.rows, **self.sizes)

    def first(self, count: int) -> tuple[Arrays, Arrays]:
        """The first rows."""
        inputs, targets = self.data
        return [array[:count] for array in inputs], [array[:count] for array in targets]

    def shuffled(self, rng: np.random.Generator, steps: int) -> list[np.ndarray]:
        """Rows of `steps` batches in a fresh order, again from the start where the data is at its end."""
        chosen: list[np.ndarray] = []
        while len(chosen) < steps:
            order = rng.permutation(self.rows)
            chosen += [order[start : start + self.batch] for start in range(0, self.rows - self.batch + 1, self.batch)]
        return chosen[:steps]


class Contestant(Protocol):
    """What the worker asks of a library."""

    def weights(self) -> dict[str, np.ndarray]: ...

    def load(self, weights: Mapping[str, np.ndarray]) -> None: ...

    def check(self) -> list[float]: ...

    def run(self, count: int) -> float: ...

    def facts(self) -> dict[str, Any]: ...


def single(arrays: Arrays) -> Any:
    """The only one of several arrays, or all of them, as `fit` wants them."""
    return arrays[0] if len(arrays) == 1 else list(arrays)


def sample(outputs: Any) -> list[float]:
    """A few numbers of a model's first output."""
    first = outputs[0] if isinstance(outputs, list | tuple) else outputs
    return [float(value) for value in np.asarray(first, "float32").ravel()[:16]]
