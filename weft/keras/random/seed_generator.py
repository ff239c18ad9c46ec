"""Where random numbers come from: seeds drawn for those who bring none, and generators with state."""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain, outermost_graph
from weft.keras.core import naming
from weft.keras.core.variable import Variable

#: drawn seeds are taken modulo this
_SEEDS = (1 << 31) - 2
_process: dict[str, Any] = {"generator": None}


def make_default_seed() -> int:
    """A seed for whoever brings none, drawn from Python's `random`, so that `random.seed` governs it.

    In a graph of TensorFlow 1 that has a seed that one governs it.
    """
    graph = outermost_graph()
    if graph is not None and graph.seed is not None:
        from weft.keras.core import in_graph

        return in_graph.next_seed(graph)
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
            raise ValueError(explain(
                f"SeedGenerator: Unrecognized keyword arguments: {kwargs}.", expected="seed and name"
            ))  # fmt: skip
        self.seed = seed
        if seed is None:
            seed = make_default_seed()
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise ValueError(explain("SeedGenerator: Argument `seed` must be an integer.", received=repr(seed)))
        self.name = name or naming.auto_name("seed_generator")
        with tf.init_scope(), naming.name_scope(self.name, override_parent=""):
            self.state = Variable(
                np.array([_held(seed), 0]),
                dtype="int64",
                trainable=False,
                name="seed_generator_state",
            )

    @property
    def variables(self) -> list[Any]:
        """Its state."""
        return [self.state]

    def next(self, ordered: bool = True) -> Any:
        """A seed, int64 [2], and moves on.

        Args:
            ordered: Whether to count; else to jump about, as the generator of those who bring no seed does.
        """
        step = np.array([0, 1])
        if ordered:
            # One assignment that gives the new state: within a graph, its place in the order of effects is what makes
            # two draws differ.
            return self.state.assign_add(step) - step
        seed = tf.identity(self.state.value)
        self.state.assign((seed + 1) * 5387 % 933199)
        return seed

    def get_config(self) -> dict[str, Any]:
        """The seed it was given, if any, and its name."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """The generator of a configuration."""
        return cls(**config)


def global_seed_generator() -> SeedGenerator:
    """The generator of those who bring neither a seed nor a generator."""
    if _process["generator"] is None:
        _process["generator"] = SeedGenerator(name="global_seed_generator")
    return _process["generator"]  # type: ignore[no-any-return]


def global_state() -> list[int] | None:
    """The state of the generator of those who bring none; None where nobody has asked for it yet."""
    generator = _process["generator"]
    return None if generator is None else [int(part) for part in generator.state.numpy()]


def restore_global_state(state: list[int] | None) -> None:
    """Sets the generator of those who bring none to what `global_state` gave."""
    if state is None:
        forget_global_generator()
    else:
        global_seed_generator().state.assign(np.array(state, np.int64))


def forget_global_generator() -> None:
    """The next one starts from a new seed."""
    _process["generator"] = None


def _held(seed: Any) -> int:
    """A seed that fits an int64 tensor.

    Raises:
        ValueError: For one that does not.
    """
    if not -(1 << 63) <= int(seed) < 1 << 63:
        raise ValueError(explain("A seed must fit 64 bits.", received=repr(seed), expected="-2**63 to 2**63 - 1"))
    return int(seed)


def draw_seed(seed: Any) -> Any:
    """A seed tensor [2] for the stateless random functions, from a generator, an integer, or None.

    Seeds of any size are folded into the 32-bit integers that every backend takes, as Keras folds them.
    """
    if seed is None:
        return global_seed_generator().next(ordered=False) % _SEEDS
    if isinstance(seed, SeedGenerator):
        return seed.next() % _SEEDS
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return tf.constant([_held(seed) % _SEEDS, 0], dtype="int64")
    if hasattr(seed, "shape") and hasattr(seed, "dtype"):
        return tf.cast(seed, "int64") % _SEEDS
    raise ValueError(explain(
        "Argument `seed` must be either an integer, a keras.random.SeedGenerator, or None.", received=repr(seed)
    ))  # fmt: skip
