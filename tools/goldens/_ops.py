"""Recording calls of TensorFlow functions: inputs, outputs, and gradients for a cotangent."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import _store as store
import numpy as np
import tensorflow as tf

recipes = store.load_recipes()


def draws(name: str, extra: int = 0) -> np.random.Generator:
    """A stream of its own for every case."""
    return recipes.generator(zlib.crc32(name.encode()) + extra)


def values(name: str, *shape: int, low: float = -2.0, high: float = 2.0, dtype: Any = np.float32) -> np.ndarray:
    return recipes.uniform(draws(name), shape, low, high).astype(dtype)


def find(path: str) -> Any:
    target: Any = tf
    for part in path.split("."):
        target = getattr(target, part)
    return target


def cotangents_for(name: str, outputs: Sequence[Any], ones: bool) -> list[np.ndarray]:
    drawn = []
    for number, output in enumerate(outputs):
        rng = draws(name, 50 + number)
        value = np.ones(output.shape) if ones else recipes.uniform(rng, tuple(output.shape))
        if output.dtype.is_complex and not ones:
            value = value + 1j * recipes.uniform(rng, tuple(output.shape))
        drawn.append(np.asarray(value).astype(output.dtype.as_numpy_dtype))
    return drawn


def differentiable(tensor: Any) -> bool:
    return tensor.dtype.is_floating or tensor.dtype.is_complex


class Recorder:
    """Calls functions by their public path and puts what happens into a store."""

    def __init__(self, out: store.Store) -> None:
        self.out = out

    def __call__(
        self,
        name: str,
        function: str,
        *inputs: Any,
        leading: Sequence[Any] = (),
        attrs: dict[str, Any] | None = None,
        packed: bool = False,
        gradient: bool = True,
        ones: bool = False,
        jit: bool = False,
        **record: Any,
    ) -> None:
        """Records function(*leading, *inputs, **attrs), or with the inputs as one list if `packed`.

        `ones` takes the cotangent 1 (for elementwise functions, whose gradient is then the derivative). `jit` compiles
        by XLA what the CPU kernels of TensorFlow refuse.
        """
        attrs = attrs or {}
        target = find(function)
        arrays = [np.asarray(value) for value in inputs]

        def call(*tensors: Any) -> list[Any]:
            result = target(*leading, list(tensors), **attrs) if packed else target(*leading, *tensors, **attrs)
            return list(result) if isinstance(result, (list, tuple)) else [result]

        tensors = [tf.constant(array) for array in arrays]
        watched = [tensor for tensor in tensors if differentiable(tensor)]

        def both(*tensors: Any) -> tuple[list[Any], list[Any]]:
            watched = [tensor for tensor in tensors if differentiable(tensor)]
            with tf.GradientTape() as tape:
                tape.watch(watched)
                outputs = call(*tensors)
            usable = [index for index, output in enumerate(outputs) if differentiable(output)]
            given = [tf.constant(cotangents[index]) for index in usable]
            return outputs, tape.gradient([outputs[index] for index in usable], watched, output_gradients=given)

        forward = tf.function(call, jit_compile=True) if jit else call
        outputs = forward(*tensors)
        cotangents = cotangents_for(name, outputs, ones)
        wanted = gradient and bool(watched) and any(differentiable(output) for output in outputs)
        self.out.case(
            name,
            function=function,
            leading=list(leading),
            attrs=attrs,
            packed=packed,
            gradient=wanted,
            **record,
        )
        self.out.put(f"{name}/input", arrays)
        self.out.put(f"{name}/output", [np.asarray(output) for output in outputs])
        if not wanted:
            return
        try:
            _, gradients = (tf.function(both, jit_compile=True) if jit else both)(*tensors)
        except LookupError:
            self.out.cases[-1].update(gradient=False, refused="TensorFlow has no gradient for this op")
            return
        if not ones:
            self.out.put(f"{name}/cotangent", cotangents)
        positions = [index for index, tensor in enumerate(tensors) if differentiable(tensor)]
        for index, found in zip(positions, gradients):
            if found is not None:
                self.out.put(f"{name}/grad/{index}", np.asarray(tf.convert_to_tensor(found)))
