"""`tf.random.Generator`: a source of random numbers with a state of its own, in TensorFlow's layout and numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api.array import stack
from weft.api.common import cast_to, integer
from weft.api.drawing import Algorithm, affine, binomial_from, check_algorithm, draw, uniform_from
from weft.base import dtypes
from weft.runtime import frontdoor
from weft.runtime import random as streams
from weft.runtime.tensor import EagerTensor

_WORD = 1 << 64


def _words(value: Any) -> list[int]:
    if frontdoor.is_tensor_like(value) and not isinstance(value, (list, tuple, np.ndarray)):
        value = frontdoor.convert(value).numpy()
    return [int(word) % _WORD for word in np.ravel(np.asarray(value, dtype=object))]


def _state_of_seed(seed: Any) -> np.ndarray[Any, Any]:
    """A whole number fills the state from its lowest word on, a list from its end."""
    if isinstance(seed, (list, tuple, np.ndarray)) and np.ndim(seed) == 1:
        given = _words(seed)[:3]
        words = [0] * (3 - len(given)) + given
    else:
        whole = integer(seed, "seed")
        words = [whole >> shift & (_WORD - 1) for shift in (0, 64, 128)]
    return np.array(words, np.uint64)


def create_rng_state(seed: Any, alg: Any) -> Any:
    """The state, three 64-bit words, that a generator made of this seed has."""
    check_algorithm(alg)
    return EagerTensor(_state_of_seed(seed).view(np.int64))


class _SavedState:
    """A generator's state in checkpoints."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator

    def _serialize_to_tensors(self) -> dict[str, Any]:
        return {"VARIABLE_VALUE": self._generator.state.numpy()}

    def _restore_from_tensors(self, values: Any) -> None:
        self._generator.reset(values["VARIABLE_VALUE"])


class Generator:
    """A source of random numbers with a state of its own: two words of counter and one of key.

    Args:
        copy_from: A generator whose state to begin with.
        state: Three 64-bit words.
        alg: `"philox"`.

    Example:
        >>> import weft as tf
        >>> g = tf.random.Generator.from_seed(1)
        >>> g.normal([2, 3]).shape
        TensorShape([2, 3])
    """

    def __init__(self, copy_from: Generator | None = None, state: Any = None, alg: Any = None) -> None:
        check_algorithm(alg)
        if (copy_from is None) == (state is None):
            raise ValueError("A generator is made of `copy_from` or of `state`; use Generator.from_seed for a seed.")
        words = _words(state if copy_from is None else copy_from.state)
        if len(words) != 3:
            raise ValueError(f"`state` has {len(words)} words (expected three: two of the counter, then the key).")
        self._handle = streams.make_handle(np.array(words, np.uint64))

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """A generator whose numbers are the same every time."""
        return cls(state=_state_of_seed(seed), alg=alg)

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """A generator that goes on from a state."""
        return cls(state=state, alg=alg)

    @classmethod
    def from_key_counter(cls, key: Any, counter: Any, alg: Any) -> Generator:
        """A generator with this key (a number) and this counter (two)."""
        return cls(state=[*_words(counter), *_words(key)], alg=alg)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator started from the operating system's random numbers."""
        return cls(state=np.frombuffer(streams.unpredictable(24), np.uint64).copy(), alg=alg)

    def _trackable_children(self) -> dict[str, Any]:
        """What `tf.train.Checkpoint` saves: the state, where TensorFlow has a variable."""
        return {"_state_var": self.__dict__.setdefault("_saved_state", _SavedState(self))}

    @property
    def state(self) -> Any:
        """Its state: int64 `[3]`."""
        return EagerTensor(self._handle._array.read().view(np.int64).copy())

    @property
    def key(self) -> Any:
        """Its key: an int64 scalar."""
        return EagerTensor(self._handle._array.read().view(np.int64)[2].copy())

    @property
    def algorithm(self) -> int:
        """The number of its algorithm."""
        return int(Algorithm.PHILOX)

    def reset(self, state: Any) -> None:
        """Puts it into a state."""
        cell = self._handle._array
        with cell.lock:
            cell.write(Generator(state=state)._handle._array.read())

    def reset_from_seed(self, seed: Any) -> None:
        """Starts it anew."""
        self.reset(_state_of_seed(seed))

    def reset_from_key_counter(self, key: Any, counter: Any) -> None:
        """Gives it this key and counter."""
        self.reset([*_words(counter), *_words(key)])

    def skip(self, delta: Any) -> Any:
        """Leaves out what drawing `delta` numbers would take; returns the state before: int64 `[3]`."""
        before = self.state
        self.take("random_bits", (integer(delta, "delta"),), dtypes.uint32)
        return before

    def split(self, count: int = 1) -> list[Generator]:
        """Generators of their own, derived from this one."""
        keys = _words(self.uniform_full_int([count], dtypes.uint64))
        return [Generator(state=streams.state_of(key)) for key in keys]

    def take(self, op: str, shape: tuple[Any, ...], dtype: Any) -> Any:
        """Reserves numbers for an op of the table."""
        return streams.take(op, shape, dtype, None, self._handle)

    def uniform(self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32,
                name: str | None = None) -> Any:  # fmt: skip
        """As `tf.random.uniform`."""
        return uniform_from(self, shape, minval, maxval, dtype)

    def uniform_full_int(self, shape: Any, dtype: Any = dtypes.uint64, name: str | None = None) -> Any:
        """Integers of any value."""
        wanted = dtypes.as_dtype(dtype)
        return draw(self, "random_bits", shape, wanted, dtype=wanted)

    def normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
               name: str | None = None) -> Any:  # fmt: skip
        """As `tf.random.normal`."""
        return self._affine("random_normal", shape, mean, stddev, dtype)

    def truncated_normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
                         name: str | None = None) -> Any:  # fmt: skip
        """As `tf.random.truncated_normal`."""
        return self._affine("random_truncated_normal", shape, mean, stddev, dtype)

    def _affine(self, op: str, shape: Any, mean: Any, stddev: Any, dtype: Any) -> Any:
        wanted = dtypes.as_dtype(dtype)
        return affine(draw(self, op, shape, wanted, dtype=wanted), mean, stddev, wanted)

    def binomial(self, shape: Any, counts: Any, probs: Any, dtype: Any = dtypes.int32, name: str | None = None) -> Any:
        """How many of `counts` trials succeed, each with the given probability."""
        return binomial_from(self, shape, counts, probs, dtype)

    def make_seeds(self, count: int = 1) -> Any:
        """Seeds for stateless functions: int64 `[2, count]`."""
        words = cast_to(self.uniform_full_int([count], dtypes.uint64), dtypes.int64)
        return stack([words, words * 0])


_global: list[Generator] = []


def get_global_generator() -> Generator:
    """The generator that belongs to the process."""
    if not _global:
        seed = streams.seed()
        _global.append(Generator.from_non_deterministic_state() if seed is None else Generator.from_seed(seed))
    return _global[0]


def set_global_generator(generator: Generator) -> None:
    """Replaces it."""
    _global[:] = [generator]
