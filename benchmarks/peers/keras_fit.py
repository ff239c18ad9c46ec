"""Libraries with Keras' interface: Weft, TensorFlow, and Keras on JAX."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks import work
from benchmarks.models import get_weights, set_weights
from benchmarks.peers import CHECKED_STEPS, Task, sample, single


def import_keras(library: str, threads: int) -> tuple[Any, str]:
    """The `keras` of a library, limited to some threads, and the versions that are behind it."""
    if library.startswith("weft"):
        import weft

        if library == "weft-bf16":
            weft.keras.mixed_precision.set_global_policy("mixed_bfloat16")
        return weft.keras, f"weft {weft.__version__}"
    if library == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        return tf.keras, f"tensorflow {tf.__version__}, keras {tf.keras.__version__}"
    os.environ["KERAS_BACKEND"] = "jax"
    import jax
    import keras

    return keras, f"jax {jax.__version__}, keras {keras.__version__}"


class KerasFit:
    """A compiled Keras model, trained with `fit` and asked with `predict`."""

    def __init__(self, library: str, task: Task) -> None:
        self.keras, self.version = import_keras(library, task.threads)
        self.task = task
        self.keras.utils.set_random_seed(1)
        self.model = task.description.compiled(self.keras, task.sizes)
        self.clock = _clock(self.keras)

    def weights(self) -> dict[str, np.ndarray]:
        return get_weights(self.model)

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        set_weights(self.model, weights)

    def facts(self) -> dict[str, Any]:
        counted = work.count(self.model, self.task.batch, training=self.task.mode == "train")
        return {"version": self.version, **counted}

    def check(self) -> list[float]:
        inputs, targets = self.task.first(self.task.batch)
        if self.task.mode == "train":
            kept = self.model.fit(
                single(inputs), single(targets), batch_size=self.task.batch, epochs=CHECKED_STEPS, verbose=0
            )
            return [float(loss) for loss in kept.history["loss"]]
        if self.task.mode == "call":
            return sample(self._answer(inputs))
        return sample(self.model.predict(single(inputs), batch_size=self.task.batch, verbose=0))

    def run(self, count: int) -> float:
        return getattr(self, f"_{self.task.mode}")(count)

    def _train(self, count: int) -> float:
        """Seconds from the first epoch's begin to the last one's end: what `fit` does once is left out."""
        rows = min(count * self.task.batch, self.task.rows)
        inputs, targets = self.task.first(rows)
        self.model.fit(
            single(inputs),
            single(targets),
            batch_size=self.task.batch,
            epochs=max(1, count * self.task.batch // rows),
            verbose=0,
            callbacks=[self.clock],
        )
        return self.clock.seconds

    def _infer(self, count: int) -> float:
        rows = min(count * self.task.batch, self.task.rows)
        inputs, _ = self.task.first(rows)
        start = time.perf_counter()
        for _ in range(max(1, count * self.task.batch // rows)):
            self.model.predict(single(inputs), batch_size=self.task.batch, verbose=0)
        return time.perf_counter() - start

    def _predict(self, count: int) -> float:
        row = single(self.task.first(1)[0])
        start = time.perf_counter()
        for _ in range(count):
            self.model.predict(row, verbose=0)
        return time.perf_counter() - start

    def _call(self, count: int) -> float:
        inputs = self.task.first(1)[0]
        start = time.perf_counter()
        for _ in range(count):
            answer = self._answer(inputs)
        np.asarray(answer)  # JAX answers before it has computed
        return time.perf_counter() - start

    def _answer(self, inputs: list[np.ndarray]) -> Any:
        return self.model(single(inputs), training=False)


def _clock(keras: Any) -> Any:
    """A callback that takes the time of all epochs together."""

    class Clock(keras.callbacks.Callback):
        seconds = 0.0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if not epoch:
                self.start = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seconds = time.perf_counter() - self.start

    return Clock()
