"""Passes over one large array, which wait for memory and little else: an elementwise chain, and an Adam step."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.peers import Task, sample
from benchmarks.peers.keras_fit import import_keras

#: bytes that a pass moves for each number: the chain reads and writes it; Adam reads gradient, value and moments
TRAFFIC = {"chain": 8, "adam": 28}


class ArrayPass:
    """`sqrt(x * x + 1) / 2 + x / 4` in place, or Adam on all of the array, as each library does it best."""

    def __init__(self, library: str, task: Task) -> None:
        self.task = task
        self.start = np.linspace(-1, 1, task.rows, dtype="float32")
        self.slope = self.start + np.float32(2)  # never near 0, where Adam's epsilon would show
        make: dict[str, Callable[[], Any]] = {
            "weft": lambda: self._traced(library),
            "tensorflow": lambda: self._traced(library),
            "jax-jit": self._jax,
            "torch": self._torch,
        }
        self.once, self.read, self.version = make[library]()

    def weights(self) -> dict[str, np.ndarray]:
        return {}

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """There is nothing to load."""

    def facts(self) -> dict[str, Any]:
        return {"version": self.version, "bytes": float(TRAFFIC[self.task.mode] * self.task.rows)}

    def check(self) -> list[float]:
        self.once()
        return sample(self.read()[:: max(1, self.task.rows // 16)])

    def run(self, count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            self.once()
        self.read()[:1]
        return time.perf_counter() - start

    def _traced(self, library: str) -> tuple[Any, Any, str]:
        """A traced function that changes a variable; Weft and TensorFlow are written alike."""
        keras, version = import_keras(library, self.task.threads)
        tf = importlib.import_module(library)
        value = tf.Variable(self.start)
        if self.task.mode == "chain":

            @tf.function
            def once() -> None:
                value.assign(tf.sqrt(value * value + 1.0) * 0.5 + value * 0.25)

        else:
            optimizer = keras.optimizers.Adam(1e-3)
            optimizer.build([value])
            gradient = tf.constant(self.slope)

            @tf.function
            def once() -> None:
                optimizer.apply_gradients([(gradient, value)])

        return once, value.numpy, version

    def _jax(self) -> tuple[Any, Any, str]:
        keras, version = import_keras("jax", self.task.threads)
        import jax

        if self.task.mode == "chain":
            held = [jax.numpy.array(self.start)]
            step = jax.jit(lambda x: [jax.numpy.sqrt(x * x + 1.0) * 0.5 + x * 0.25], donate_argnums=0)
        else:
            variable = keras.Variable(self.start)
            optimizer = keras.optimizers.Adam(1e-3)
            optimizer.build([variable])
            gradient = jax.numpy.array(self.slope)
            held = [jax.numpy.array(variable.value), *(jax.numpy.array(v.value) for v in optimizer.variables)]

            def update(value: Any, *slots: Any) -> list[Any]:
                (value,), slots = optimizer.stateless_apply(list(slots), [gradient], [value])
                return [value, *slots]

            step = jax.jit(update, donate_argnums=tuple(range(len(held))))

        def once() -> None:
            held[:] = step(*held)

        return once, lambda: np.asarray(held[0].block_until_ready()), version

    def _torch(self) -> tuple[Any, Any, str]:
        import torch

        torch.set_num_threads(self.task.threads)
        value = torch.from_numpy(self.start)
        if self.task.mode == "chain":
            room = torch.empty_like(value)

            def once() -> None:
                torch.mul(value, value, out=room)
                room.add_(1.0).sqrt_().mul_(0.5)
                torch.add(room, value, alpha=0.25, out=value)

        else:
            value.requires_grad_(True)
            value.grad = torch.from_numpy(self.slope)
            once = torch.optim.Adam([value], lr=1e-3, eps=1e-7, fused=True).step  # type: ignore[assignment]

        return once, lambda: value.detach().numpy(), f"torch {torch.__version__}"
