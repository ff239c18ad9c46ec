"""JAX by hand: the whole training step, or the whole model, is one jitted function."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks import work
from benchmarks.models import get_weights, set_weights
from benchmarks.peers import CHECKED_STEPS, Task, sample, single
from benchmarks.peers.keras_fit import import_keras


class JaxStep:
    """The layers are those of Keras on JAX; step, loss and loop are written out, and the state is donated."""

    def __init__(self, library: str, task: Task) -> None:
        self.keras, self.version = import_keras(library, task.threads)
        import jax

        self.jax = jax
        self.task = task
        self.keras.utils.set_random_seed(1)
        self.model = task.description.compiled(self.keras, task.sizes)
        self.rng = np.random.default_rng(3)
        self.step = jax.jit(self._step, donate_argnums=(0, 1, 2))
        self.forward = jax.jit(self._forward)
        self.state = self._fresh_state()

    def weights(self) -> dict[str, np.ndarray]:
        return get_weights(self.model)

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        set_weights(self.model, weights)
        self.state = self._fresh_state()

    def facts(self) -> dict[str, Any]:
        counted = work.count(self.model, self.task.batch, training=self.task.mode == "train")
        return {"version": self.version, **counted}

    def check(self) -> list[float]:
        inputs, targets = self.task.first(self.task.batch)
        if self.task.mode == "train":
            return [float(self._advance(inputs, targets)) for _ in range(CHECKED_STEPS)]
        return sample(self.forward(self.state[0], self.state[1], single(inputs)))

    def run(self, count: int) -> float:
        return self._train(count) if self.task.mode == "train" else self._infer(count)

    def _train(self, count: int) -> float:
        inputs, targets = self.task.data
        start = time.perf_counter()
        for rows in self.task.shuffled(self.rng, count):
            loss = self._advance([array[rows] for array in inputs], [array[rows] for array in targets])
        loss.block_until_ready()
        return time.perf_counter() - start

    def _infer(self, count: int) -> float:
        inputs, batch = self.task.data[0], self.task.batch
        places = max(1, self.task.rows // batch)
        start = time.perf_counter()
        for place in range(count):
            rows = slice(place % places * batch, place % places * batch + batch)
            answer = self.forward(self.state[0], self.state[1], single([array[rows] for array in inputs]))
            if self.task.mode == "predict":
                np.asarray(answer[0] if isinstance(answer, list | tuple) else answer)
        self.jax.block_until_ready(answer)
        return time.perf_counter() - start

    def _fresh_state(self) -> tuple[Any, Any, Any]:
        """Copies of all variables: what is donated is gone, and the model keeps its own."""
        model = self.model
        model.optimizer.build(model.trainable_variables)
        kinds = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        return tuple([self.jax.numpy.array(v.value) for v in kind] for kind in kinds)  # type: ignore[return-value]

    def _advance(self, inputs: list[np.ndarray], targets: list[np.ndarray]) -> Any:
        loss, self.state = self.step(*self.state, single(inputs), targets)
        return loss

    def _step(self, trained: Any, others: Any, slots: Any, inputs: Any, targets: Any) -> Any:
        derive = self.jax.value_and_grad(self._loss, has_aux=True)
        (loss, others), gradients = derive(trained, others, inputs, targets)
        trained, slots = self.model.optimizer.stateless_apply(slots, gradients, trained)
        return loss, (trained, others, slots)

    def _loss(self, trained: Any, others: Any, inputs: Any, targets: Any) -> Any:
        answers, others = self.model.stateless_call(trained, others, inputs, training=True)
        answers = answers if isinstance(answers, list | tuple) else [answers]
        losses = self.task.description.loss(self.keras, **self.task.sizes)
        losses = losses if isinstance(losses, list) else [losses]
        shares = self.task.description.loss_weights(**self.task.sizes) or [1.0] * len(losses)
        total = 0.0
        for share, loss, target, answer in zip(shares, losses, targets, answers):
            function = self.keras.losses.get(loss)
            total += share * self.jax.numpy.mean(function(target, answer))
        return total, others

    def _forward(self, trained: Any, others: Any, inputs: Any) -> Any:
        return self.model.stateless_call(trained, others, inputs, training=False)[0]
