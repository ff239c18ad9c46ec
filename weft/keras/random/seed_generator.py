"""Where random numbers come from: seeds drawn for those who bring none, and generators with state."""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras.core.variable import Variable

_process: dict[str, Any] = {"generator": None}


def make_default_seed() -> int:
    """A seed for whoever brings none, drawn from Python's `random`, so that `random.seed` governs it."""
    return python_random.randint(1, int(1e9))


class SeedGenerator:
    """A source of seeds with state: every `next()` gives another one, the same ones again from the same seed.

    Args:
        seed: Where to start; drawn where None.
        name: Its name.

    Raises:
        ValueError: For a seed that is no integer.

    Example:
        >>> from weft import keras
        >>> generator = keras.random.SeedGenerator(seed=1)
        >>> a = keras.random.normal((2,), seed=generator)
        >>> b = keras.random.normal((2,), seed=generator)
        >>> bool((a.numpy() == b.numpy()).all())
        False
    """

    _weft_trackable = True

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise TypeError(f"SeedGenerator has no argument `{next(iter(kwargs))}`.")
        if seed is None:
            seed = make_default_seed()
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise ValueError(explain("SeedGenerator: `seed` must be an integer.", received=repr(seed)))
        self.name = name or "seed_generator"
        self.seed = int(seed)
        with tf.init_scope():
            self.state = Variable(
                np.array([int(seed) & 0xFFFFFFFF, 0], np.uint32),
                dtype="uint32",
                trainable=False,
                name="seed_generator_state",
            )

    @property
    def variables(self) -> list[Any]:
        """Its state."""
        return [self.state]

    def next(self, ordered: bool = True) -> Any:
        """A seed, uint32 [2], and moves on."""
        # One assignment that gives the new state: within a graph, its place in the order of effects is what makes
        # two draws differ.
        return self.state.assign_add(np.array([0, 1], np.uint32)) - np.array([0, 1], np.uint32)

    def get_config(self) -> dict[str, Any]:
        """Its seed."""
        return {"seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """The generator of a configuration."""
        return cls(**config)


def global_seed_generator() -> SeedGenerator:
    """The generator of those who bring neither a seed nor a generator."""
    if _process["generator"] is None:
        _process["generator"] = SeedGenerator(name="global_seed_generator")
    return _process["generator"]  # type: ignore[no-any-return]


def forget_global_generator() -> None:
    """The next one starts from a new seed."""
    _process["generator"] = None


def draw_seed(seed: Any) -> Any:
    """A seed tensor [2] for the stateless random functions, from a generator, an integer, or None."""
    if seed is None:
        return tf.cast(global_seed_generator().next(), "int64")
    if isinstance(seed, SeedGenerator):
        return tf.cast(seed.next(), "int64")
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return tf.constant([int(seed) & 0xFFFFFFFF, 0], dtype="int64")
    if hasattr(seed, "shape") and hasattr(seed, "dtype"):
        return tf.cast(seed, "int64")
    raise ValueError(explain(
        "`seed` must be None, an integer or a keras.random.SeedGenerator.", received=repr(seed)
    ))  # fmt: skip
