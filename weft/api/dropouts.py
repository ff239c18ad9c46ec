"""`tf.nn.experimental`: dropout by a generator, and by a seed without state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.api import array, math
from weft.api.common import cast_to, keeps_all
from weft.runtime import frontdoor


def general_dropout(x: Any, rate: Any, uniform_sampler: Callable[..., Any], noise_shape: Any = None,
                    name: str | None = None) -> Any:  # fmt: skip
    """`tf.nn.dropout` by numbers of one's own.

    Args:
        x: Floats.
        rate: The share of the elements that become zero.
        uniform_sampler: `(shape=..., dtype=...)` to numbers between 0 and 1.
        noise_shape: The shape of these numbers, which is broadcast; that of `x` where None.
        name: The node's name.

    Raises:
        ValueError: For a rate outside [0, 1).
    """
    tensor = frontdoor.convert(x)
    if keeps_all(rate):
        return tensor
    share = cast_to(rate, tensor.dtype)
    drawn = uniform_sampler(shape=array.shape(tensor) if noise_shape is None else noise_shape, dtype=tensor.dtype)
    kept = math.greater_equal(drawn, share)
    scale = 1 / (1 - (rate if isinstance(rate, (int, float)) else share))
    return array.where(kept, tensor * scale, array.zeros_like(tensor))


def stateless_dropout(x: Any, rate: Any, seed: Any, rng_alg: Any = None, noise_shape: Any = None,
                      name: str | None = None) -> Any:  # fmt: skip
    """`tf.nn.dropout` as a function of a seed of two integers."""
    from weft.api import random

    def drawn(shape: Any, dtype: Any) -> Any:
        return random.stateless_uniform(shape, seed, dtype=dtype, alg=rng_alg or "auto_select")

    return general_dropout(x, rate, drawn, noise_shape, name)


class experimental:
    """`tf.nn.experimental`."""

    general_dropout = staticmethod(general_dropout)
    stateless_dropout = staticmethod(stateless_dropout)
