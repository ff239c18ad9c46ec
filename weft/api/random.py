"""`tf.random`: stateful draws from the global generator, stateless ones from a seed, generators of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api.array import reshape
from weft.api.common import apply, cast_to, in_a_row, integer
from weft.base import dtypes
from weft.ops import opdef
from weft.runtime import dispatch, frontdoor, sizes
from weft.runtime import random as streams
from weft.runtime.tensor import EagerTensor


def set_seed(seed: int | None) -> None:
    """Makes all random numbers that follow the same every time.

    Args:
        seed: An integer.
    """
    streams.set_seed(None if seed is None else integer(seed, "seed"))


def _shape(shape: Any) -> tuple[Any, ...]:
    found = sizes.shape_argument(shape)
    if sizes.is_static(found):
        return found  # type: ignore[no-any-return]
    raise NotImplementedError("Random ops in a graph need a shape whose sizes follow from the shapes of inputs.")


def _words(op: str, dtype: Any) -> int:
    from weft.ops.random import WORDS

    return WORDS[op](dtype)


class _Global:
    """Draws from the global generator or, with a seed, from that seed's own stream."""

    def __init__(self, seed: Any) -> None:
        self.seed = None if seed is None else integer(seed, "seed")

    def take(self, op: str, shape: tuple[Any, ...], dtype: Any) -> Any:
        opdef.load()
        return streams.take(shape, self.seed, _words(op, dtype))


class _Fixed:
    """Draws from the stream that a stateless seed names."""

    def __init__(self, seed: Any) -> None:
        found = frontdoor.convert(seed)
        self.stream = apply("random_stream", found)

    def take(self, op: str, shape: tuple[Any, ...], dtype: Any) -> Any:
        return self.stream


def _draw(source: Any, op: str, shape: Any, result: Any, *operands: Any, **attrs: Any) -> Any:
    target = _shape(shape)
    key, counter = source.take(op, target, result)
    return dispatch.call(op, key, counter, *operands, shape=target, **attrs)


def _uniform(source: Any, shape: Any, minval: Any, maxval: Any, dtype: Any) -> Any:
    wanted = dtypes.as_dtype(dtype)
    if wanted.is_integer:
        if maxval is None:
            raise ValueError("Integers need a maxval.")
        low, high = cast_to(minval, wanted), cast_to(maxval, wanted)
        return _draw(source, "random_integers", shape, wanted, low, high)
    maxval = 1 if maxval is None else maxval
    unit = _draw(source, "random_uniform", shape, wanted, dtype=wanted)
    if isinstance(minval, (int, float)) and isinstance(maxval, (int, float)) and (minval, maxval) == (0, 1):
        return unit
    low, high = _as(minval, wanted), _as(maxval, wanted)
    return unit * (high - low) + low


def _as(value: Any, dtype: Any) -> Any:
    return cast_to(value, dtype) if frontdoor.is_tensor_like(value) else EagerTensor(np.asarray(value, dtype.numpy))


def _affine(standard: Any, mean: Any, stddev: Any, dtype: Any) -> Any:
    if isinstance(stddev, (int, float)) and stddev == 1:
        scaled = standard
    else:
        scaled = standard * _as(stddev, dtype)
    return scaled if isinstance(mean, (int, float)) and mean == 0 else scaled + _as(mean, dtype)


def uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32, seed: int | None = None,
            name: str | None = None) -> Any:  # fmt: skip
    """Numbers from `[minval, maxval)`, each equally likely; integers need a maxval."""
    return _uniform(_Global(seed), shape, minval, maxval, dtype)


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, seed: int | None = None,
           name: str | None = None) -> Any:  # fmt: skip
    """Normally distributed numbers (Box and Muller 1958)."""
    wanted = dtypes.as_dtype(dtype)
    return _affine(_draw(_Global(seed), "random_normal", shape, wanted, dtype=wanted), mean, stddev, wanted)


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
                     seed: int | None = None, name: str | None = None) -> Any:  # fmt: skip
    """Normally distributed numbers, those further than two deviations from the mean drawn again."""
    wanted = dtypes.as_dtype(dtype)
    return _affine(_draw(_Global(seed), "random_truncated_normal", shape, wanted, dtype=wanted), mean, stddev, wanted)


def _gamma(source: Any, shape: Any, alpha: Any, beta: Any, dtype: Any) -> Any:
    wanted = dtypes.as_dtype(dtype)
    a = _as(alpha, wanted)
    rate = _as(1.0 if beta is None else beta, wanted)
    joined = a + rate * 0
    target = (*_shape(shape), *(joined.shape.symbolic or ()))
    return _draw(source, "random_gamma", target, wanted, joined) / rate


def gamma(shape: Any, alpha: Any, beta: Any = None, dtype: Any = dtypes.float32, seed: int | None = None,
          name: str | None = None) -> Any:  # fmt: skip
    """Gamma-distributed numbers (Marsaglia and Tsang 2000), `shape` of them for every alpha and beta."""
    return _gamma(_Global(seed), shape, alpha, beta, dtype)


def poisson(shape: Any, lam: Any, dtype: Any = dtypes.float32, seed: int | None = None, name: str | None = None) -> Any:
    """Poisson-distributed numbers, `shape` of them for every rate."""
    wanted = dtypes.as_dtype(dtype)
    rate = _as(lam, dtypes.float32 if not wanted.is_floating else wanted)
    target = (*_shape(shape), *(rate.shape.symbolic or ()))
    return _draw(_Global(seed), "random_poisson", target, wanted, rate, dtype=wanted)


def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Any:
    """Class numbers drawn by unnormalised log-probabilities: `[batch, num_samples]`."""
    return _categorical(_Global(seed), logits, num_samples, dtype)


def _categorical(source: Any, logits: Any, num_samples: Any, dtype: Any) -> Any:
    x = frontdoor.convert(logits)
    wanted = dtypes.int64 if dtype is None else dtypes.as_dtype(dtype)
    count = integer(num_samples, "num_samples")
    key, counter = source.take("random_categorical", (x.shape.symbolic[0] * count * x.shape.symbolic[-1],), wanted)
    return dispatch.call("random_categorical", key, counter, x, num_samples=count, dtype=wanted)


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """The rows of a tensor in random order."""
    return _shuffle(_Global(seed), value)


def _shuffle(source: Any, value: Any) -> Any:
    x = frontdoor.convert(value)
    size = x.shape.symbolic[0]
    key, counter = source.take("random_permutation", (size,), dtypes.int64)
    order = dispatch.call("random_permutation", key, counter, size=size, dtype=dtypes.int64)
    return dispatch.call("gather", x, order, axis=0)


def stateless_uniform(shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32,
                      name: str | None = None, alg: str = "auto_select") -> Any:  # fmt: skip
    """`uniform` as a function of a seed of two integers."""
    return _uniform(_Fixed(seed), shape, minval, maxval, dtype)


def stateless_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
                     name: str | None = None, alg: str = "auto_select") -> Any:  # fmt: skip
    """`normal` as a function of a seed of two integers."""
    wanted = dtypes.as_dtype(dtype)
    return _affine(_draw(_Fixed(seed), "random_normal", shape, wanted, dtype=wanted), mean, stddev, wanted)


def stateless_truncated_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
                               name: str | None = None, alg: str = "auto_select") -> Any:  # fmt: skip
    """`truncated_normal` as a function of a seed of two integers."""
    wanted = dtypes.as_dtype(dtype)
    return _affine(_draw(_Fixed(seed), "random_truncated_normal", shape, wanted, dtype=wanted), mean, stddev, wanted)


def stateless_gamma(shape: Any, seed: Any, alpha: Any, beta: Any = None, dtype: Any = dtypes.float32,
                    name: str | None = None) -> Any:  # fmt: skip
    """Gamma-distributed numbers as a function of a seed; `shape` ends with that of alpha."""
    wanted = dtypes.as_dtype(dtype)
    a = _as(alpha, wanted)
    sample = _draw(_Fixed(seed), "random_gamma", shape, wanted, a)
    return sample if beta is None else sample / _as(beta, wanted)


def stateless_categorical(logits: Any, num_samples: Any, seed: Any, dtype: Any = dtypes.int64,
                          name: str | None = None) -> Any:  # fmt: skip
    """`categorical` as a function of a seed of two integers."""
    return _categorical(_Fixed(seed), logits, num_samples, dtype)


def stateless_shuffle(value: Any, seed: Any, alg: str = "auto_select", name: str | None = None) -> Any:
    """`shuffle` as a function of a seed of two integers."""
    return _shuffle(_Fixed(seed), value)


def stateless_dropout(x: Any, rate: float, seed: Any, rng_alg: str = "auto_select", noise_shape: Any = None,
                      name: str | None = None) -> Any:  # fmt: skip
    """`tf.nn.dropout` as a function of a seed of two integers."""
    tensor = frontdoor.convert(x)
    key, counter = _Fixed(seed).stream
    noise = None if noise_shape is None else _noise_shape(tensor, noise_shape)
    return dispatch.call("dropout", tensor, key, counter, rate=float(rate), noise_shape=noise)


def dropout_with(x: Any, rate: Any, noise_shape: Any, seed: int | None, name: str | None) -> Any:
    """Dropout from the global generator; the rate may be a tensor."""
    if x.shape.rank is None and noise_shape is None:  # word i of the stream is element i's, under any shape
        return dispatch.builder.reshape_like(dropout_with(in_a_row(x), rate, None, seed, name), x)
    noise = None if noise_shape is None else _noise_shape(x, noise_shape)
    target = x.shape.symbolic if noise is None else noise
    source = _Global(seed)
    if isinstance(rate, (int, float)):
        key, counter = source.take("dropout", target, x.dtype)
        return dispatch.call("dropout", x, key, counter, rate=float(rate), noise_shape=noise)
    level = cast_to(rate, x.dtype)
    unit = _draw(source, "random_uniform", target, dtypes.float32, dtype=dtypes.float32)
    kept = dispatch.call("greater_equal", unit, cast_to(level, dtypes.float32))
    scaled = x / (1 - level)
    return dispatch.call("select", kept, scaled, dispatch.builder.zeros_like(scaled))


def _noise_shape(x: Any, noise_shape: Any) -> tuple[Any, ...]:
    given = _shape(noise_shape)
    return tuple(own if isinstance(n, int) and n == -1 else n for n, own in zip(given, x.shape.symbolic, strict=True))


class Generator:
    """A source of random numbers with a state of its own.

    Example:
        >>> import weft as tf
        >>> g = tf.random.Generator.from_seed(1)
        >>> g.normal([2, 3]).shape
        TensorShape([2, 3])
    """

    def __init__(self, key: int) -> None:
        self._handle = streams.make_handle(key)

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """A generator whose numbers are the same every time."""
        return cls(streams.mix(integer(seed, "seed"), 0x67656E))

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator started from the operating system's random numbers."""
        import os

        return cls(int.from_bytes(os.urandom(8), "little"))

    @property
    def key(self) -> Any:
        """Its key."""
        return EagerTensor(self._handle._array.read()[:1])

    def reset_from_seed(self, seed: int) -> None:
        """Starts it anew."""
        key = streams.mix(integer(seed, "seed"), 0x67656E)
        self._handle._array.write(np.array([key, 0], np.uint64))

    def split(self, count: int = 1) -> list[Generator]:
        """Generators of their own, derived from this one."""
        state = self._handle._array.read()
        made = [Generator(streams.mix(int(state[0]), int(state[1]), i)) for i in np.arange(count).tolist()]
        self._handle._array.write(np.array([state[0], state[1] + np.uint64(1)], np.uint64))
        return made

    def take(self, op: str, shape: tuple[Any, ...], dtype: Any) -> Any:
        """Reserves numbers for an op of the table."""
        opdef.load()
        return streams.take(shape, None, _words(op, dtype), self._handle)

    def uniform(self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32,
                name: str | None = None) -> Any:  # fmt: skip
        """As `tf.random.uniform`."""
        return _uniform(self, shape, minval, maxval, dtype)

    def normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
               name: str | None = None) -> Any:  # fmt: skip
        """As `tf.random.normal`."""
        wanted = dtypes.as_dtype(dtype)
        return _affine(_draw(self, "random_normal", shape, wanted, dtype=wanted), mean, stddev, wanted)

    def truncated_normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
                         name: str | None = None) -> Any:  # fmt: skip
        """As `tf.random.truncated_normal`."""
        wanted = dtypes.as_dtype(dtype)
        return _affine(_draw(self, "random_truncated_normal", shape, wanted, dtype=wanted), mean, stddev, wanted)

    def make_seeds(self, count: int = 1) -> Any:
        """Seeds for stateless functions: `[2, count]` integers."""
        return cast_to(reshape(_draw(self, "random_bits", [2, count], dtypes.uint64, dtype=dtypes.uint64), [2, count]),
                       dtypes.int64)  # fmt: skip


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
