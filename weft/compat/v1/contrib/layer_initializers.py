"""Initializers of `tf.contrib.layers`: by how many inputs and outputs there are."""

from __future__ import annotations

from typing import Any

import weft
from weft.compat.v1 import making


def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = weft.float32) -> Any:
    """Random numbers whose spread follows from how many inputs and outputs there are (Glorot and Bengio 2010)."""
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False,
                                 seed: int | None = None, dtype: Any = weft.float32) -> Any:  # fmt: skip
    """Random numbers of variance factor / n, with n the number of inputs, of outputs, or the mean of both.

    Args:
        factor: As above.
        mode: `FAN_IN`, `FAN_OUT` or `FAN_AVG`.
        uniform: Whether they are uniform; else normal, cut off at two deviations.
        seed: For the random numbers.
        dtype: Of floats.

    Raises:
        TypeError: For another mode.
    """
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")

    def initializer(shape: Any, dtype: Any = dtype, partition_info: Any = None) -> Any:
        sizes = [int(n or 0) for n in weft.TensorShape(shape).as_list()]
        inputs = float(sizes[-2]) if len(sizes) > 1 else float(sizes[-1])
        outputs = float(sizes[-1])
        for size in sizes[:-2]:
            inputs, outputs = inputs * size, outputs * size
        count = {"FAN_IN": inputs, "FAN_OUT": outputs, "FAN_AVG": (inputs + outputs) / 2.0}[mode]
        if uniform:
            limit = (3.0 * factor / count) ** 0.5
            return making.random_uniform(sizes, -limit, limit, dtype, seed)
        deviation = (1.3 * factor / count) ** 0.5
        return making.truncated_normal(sizes, 0.0, deviation, dtype, seed)

    return initializer
