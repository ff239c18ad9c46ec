"""What a compiled model keeps for its loops."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import weft as tf
from weft import extend
from weft.keras.trainer import replicas

#: held while a step is traced: layers are built and losses gathered in shared places meanwhile
tracing = extend.Lock()


class Step:
    """A step of a model over a batch, traced once per signature; threads may share it.

    Args:
        model: The model; it is not kept alive by this.
        method: `"train_step"`, `"test_step"` or `"predict_step"`.
        eagerly: Whether it runs as plain Python.
        cuts: Whether replicas that each run it share out the batch; else each is given all of it.
    """

    def __init__(self, model: Any, method: str, eagerly: bool, cuts: bool = True) -> None:
        reference = weakref.ref(model)

        def step(data: Any) -> Any:
            model: Any = reference()
            found = getattr(model, method)
            strategy = model._strategy_of(method)
            if strategy is not None:
                return replicas.run(strategy, found, data, method, cuts)
            with replicas.as_a_whole(model):
                return extend.traceable(found)(data)

        def step_on_tensors(data: Any) -> Any:
            return step(as_tensors(data))

        #: traced; None where it runs as plain Python
        self._function: Any = None if eagerly else extend.function(step, name=method)
        self._plain: Callable[[Any], Any] = step
        self._seen: set[Any] = set()

    def __call__(self, data: Any, later: bool = False) -> Any:
        """Runs it.

        Args:
            data: A batch.
            later: Whether the caller goes on while a device works, and hears of errors later (`extend.settle`).
        """
        if self._function is None:
            return self._plain(as_tensors(data))
        result = self._function.again(data, later=later)
        if result is not NotImplemented:
            return result
        key = _signature(data)
        if key in self._seen:
            return self._function(data)
        with tracing:
            result = self._function(data)
        self._seen.add(key)
        return result

    def batches(self, data: Any, order: Any, size: int) -> Any:
        """The step over batch after batch of arrays; None where it runs as plain Python.

        Args:
            data: As the step is given them, but whole.
            order: Numbers of rows; None for all as they lie.
            size: Rows in a batch.
        """
        if self._function is None:
            return None
        first = tf.nest.map_structure(lambda leaf: leaf if leaf is None else leaf[:size], data)
        key = _signature(first)
        if key not in self._seen:
            with tracing:
                self._function.trace_of(first)
            self._seen.add(key)
        return extend.batches(self._function, data, order, size)


def as_tensors(data: Any) -> Any:
    """A batch as a step sees it where it is not traced: its arrays made tensors, which a tape can watch."""
    return tf.nest.map_structure(lambda leaf: leaf if leaf is None else tf.convert_to_tensor(leaf), data)


def _signature(data: Any) -> tuple[Any, ...]:
    """What may make another trace necessary: structure, dtypes, and all sizes but the first."""
    first: dict[Any, int] = {}
    parts: list[Any] = []
    for leaf in tf.nest.flatten(data):
        shape = getattr(leaf, "shape", None)
        if shape is None:
            parts.append((type(leaf), leaf if isinstance(leaf, (bool, int, float, str)) else None))
        else:
            shape = tuple(shape)
            parts.append((shape[1:], leaf.dtype, first.setdefault(shape[0], len(first)) if shape else -1))
    return tuple(parts)


class State:
    """What `compile` said, and what followed from it."""

    def __init__(self) -> None:
        self.loss_tracker: Any = None
        self.compile_loss: Any = None
        self.compile_metrics: Any = None
        self.arguments: dict[str, Any] = {}
        self.run_eagerly = False
        self.jit_compile: Any = None
        #: the batches that `fit` goes through
        self.loop: Any = None
        #: set while a step is searched for NaN
        self.watch: Any = None
        self.forget_steps()

    def forget_steps(self) -> None:
        """Lets every step be traced anew."""
        self.steps: dict[str, Step] = {}

    def step(self, model: Any, method: str, cuts: bool = True) -> Step:
        """The step of a method, over batches that replicas share out, or are each given."""
        name = method if cuts else f"{method} of whole batches"
        found = self.steps.get(name)
        if found is None:
            found = self.steps[name] = Step(model, method, self.run_eagerly, cuts)
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "steps": {}, "watch": None, "loop": None}
