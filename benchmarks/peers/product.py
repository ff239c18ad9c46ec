"""Products of square matrices, one after the other: Weft's, in a traced function, and those of numpy's OpenBLAS."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.peers import Task, sample
from benchmarks.peers.keras_fit import import_keras

#: multiplications in a row make small products long against what a call costs, up to so many operations or products
_ENOUGH, _MOST = 1e8, 20


class Product:
    """`x @ b @ b ...` with a reflection `b`, so that numbers stay as large as they are."""

    def __init__(self, library: str, task: Task) -> None:
        size = task.sizes["size"]
        rng = np.random.default_rng(5)
        normal = rng.standard_normal(size).astype("float32")
        normal /= np.linalg.norm(normal)
        self.start = rng.standard_normal((size, size)).astype("float32")
        self.turn = np.eye(size, dtype="float32") - 2 * np.outer(normal, normal)
        self.count = int(np.clip(_ENOUGH / (2 * size**3), 1, _MOST))
        self.work = float(self.count * 2 * size**3)
        if library == "weft":
            _, self.version = import_keras(library, task.threads)
            import weft as tf

            start, turn = tf.constant(self.start), tf.constant(self.turn)
            traced = tf.function(self._chain)
            self.once: Any = lambda: traced(start, turn)
        else:
            self.version = f"numpy {np.__version__}"
            self.once = lambda: self._chain(self.start, self.turn)

    def weights(self) -> dict[str, np.ndarray]:
        return {}

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """There is nothing to load."""

    def facts(self) -> dict[str, Any]:
        return {"version": self.version, "flops": self.work}

    def check(self) -> list[float]:
        return sample(self.once())

    def run(self, count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            self.once()
        return time.perf_counter() - start

    def _chain(self, x: Any, b: Any) -> Any:
        for _ in range(self.count):
            x = x @ b
        return x
