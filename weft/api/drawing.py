"""What all ways of drawing random numbers have in common: where the stream comes from, and what is made of it."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np

from weft.api.common import apply, cast_to, integer
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import dispatch, frontdoor, sizes
from weft.runtime import random as streams
from weft.runtime.operation_counts import standing_for
from weft.runtime.tensor import literal


class Algorithm(enum.IntEnum):
    """How bits are made. Philox is the one that there is."""

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


def check_algorithm(alg: Any) -> None:
    """Refuses what is not Philox, under its name or its number.

    Raises:
        ValueError: For any other algorithm.
    """
    name = alg.lower() if isinstance(alg, str) else None
    number = None if name else int(alg) if alg is not None else Algorithm.PHILOX
    if name in ("philox", "auto_select") or number in (Algorithm.PHILOX, Algorithm.AUTO_SELECT):
        return
    raise ValueError(f"The algorithm {alg!r} is not available (expected 'philox' or 'auto_select', the same here).")


def drawn_shape(shape: Any) -> tuple[Any, ...]:
    """A shape argument as sizes; sizes that only running tells get symbols of their own.

    Raises:
        NotImplementedError: Where not even the rank is known.
    """
    found: Any = sizes.shape_argument(shape)
    if sizes.is_static(found):
        return found
    parts = sizes.known_parts(shape)
    if parts is None and found.shape.rank == 1 and found.shape[0] is not None:
        parts = (None,) * found.shape[0]
    if parts is None:
        raise NotImplementedError(
            "A random op with parameters per element needs a shape of known rank; give the shape as a list of sizes."
        )
    # The one thing in a graph that turns numbers into sizes is an op whose result has them: an empty-handed one here,
    # whose single False is never copied.
    holder = dispatch.call("broadcast_to_dynamic", literal(np.asarray(False)), found, sizes=parts)
    return holder.shape.symbolic  # type: ignore[no-any-return]


def followed_by(shape: Any, parameter: Any) -> Any:
    """The shape of as many draws as `shape` says for every element of a parameter."""
    tail = parameter.shape.symbolic or ()
    return shape if not tail and rank_is_unknown(shape) else (*drawn_shape(shape), *tail)


def rank_is_unknown(shape: Any) -> bool:
    """Whether a shape argument does not even tell how many axes there are."""
    found: Any = sizes.shape_argument(shape)
    return not sizes.is_static(found) and (found.shape.rank != 1 or found.shape[0] is None)


def seed_number(seed: Any) -> int | None:
    """A seed as an integer; 42.0 and True, which TensorFlow takes, count as the integers that Python makes of them."""
    if seed is None or isinstance(seed, (bool, float, np.floating)):
        return None if seed is None else int(seed)
    return integer(seed, "seed")


class Global:
    """Draws from the global generator or, with a seed, from that seed's own stream."""

    def __init__(self, seed: Any) -> None:
        self.seed = seed_number(seed)

    def take(self, op: str, shape: tuple[Any, ...], dtype: Any) -> Any:
        return streams.take(op, shape, dtype, self.seed)


class Fixed:
    """Draws from the stream that a stateless seed names."""

    def __init__(self, seed: Any, alg: Any = "auto_select") -> None:
        check_algorithm(alg)
        found = frontdoor.convert(seed)
        self.stream = apply("random_stream", found)

    def take(self, op: str, shape: tuple[Any, ...], dtype: Any) -> Any:
        return self.stream


def draw(source: Any, op: str, shape: Any, result: Any, *operands: Any, **attrs: Any) -> Any:
    """Applies an op that draws.

    Args:
        source: Where its stream comes from: `Global`, `Fixed` or a generator.
        op: The op of the table.
        shape: Of the result.
        result: The result's dtype.
        *operands: Inputs after the stream.
        **attrs: Attributes but for the shape.
    """
    if isinstance(shape, (list, tuple)):
        shape = sizes.shape_argument(shape)
    in_row = rank_is_unknown(shape) and all(frontdoor.convert(x).shape.rank == 0 for x in operands)
    with standing_for(0):  # a graph of TensorFlow's draws of the shape as it is
        if in_row:  # the numbers follow each other in the order of the elements: drawn in a row, they are the same
            flat = apply("reshape_dynamic", shape, [-1], sizes=(None,))
            target = drawn_shape([apply("reduce_prod", flat, axis=(0,), keepdims=False)])
        else:
            target = drawn_shape(shape)
    if any(isinstance(size, int) and size < 0 for size in target):
        raise InvalidArgumentError(explain(f"{op}: a size must not be negative, received {target}."))
    key, counter = source.take(op, target, result)
    drawn = dispatch.call(op, key, counter, *operands, shape=target, **attrs)
    return dispatch.call("reshape_dynamic", drawn, shape, sizes=None) if in_row else drawn


def uniform_from(source: Any, shape: Any, minval: Any, maxval: Any, dtype: Any) -> Any:
    """Uniform numbers from a source; integers over their whole range where both bounds are None."""
    wanted = dtypes.as_dtype(dtype)
    if wanted.is_integer:
        if minval is None and maxval is None and not isinstance(source, Global):
            return draw(source, "random_bits", shape, wanted, dtype=wanted)
        if minval is None or maxval is None:
            raise ValueError(f"Integers need a minval and a maxval, received minval={minval}, maxval={maxval}.")
        low, high = cast_to(minval, wanted), cast_to(maxval, wanted)
        return draw(source, "random_integers", shape, wanted, low, high)
    maxval = 1 if maxval is None else maxval
    unit = draw(source, "random_uniform", shape, wanted, dtype=wanted)
    if isinstance(minval, (int, float)) and isinstance(maxval, (int, float)) and (minval, maxval) == (0, 1):
        return unit
    low, high = tensor_of(minval, wanted), tensor_of(maxval, wanted)
    return unit * (high - low) + low


def tensor_of(value: Any, dtype: Any) -> Any:
    """A parameter of a distribution as a tensor of that dtype."""
    return cast_to(value, dtype) if frontdoor.is_tensor_like(value) else literal(np.asarray(value, dtype.numpy))


def affine(standard: Any, mean: Any, stddev: Any, dtype: Any) -> Any:
    """Standard normal numbers with another mean and deviation."""
    if isinstance(stddev, (int, float)) and stddev == 1:
        scaled = standard
    else:
        scaled = standard * tensor_of(stddev, dtype)
    return scaled if isinstance(mean, (int, float)) and mean == 0 else scaled + tensor_of(mean, dtype)


def binomial_from(source: Any, shape: Any, counts: Any, probs: Any, dtype: Any) -> Any:
    """Binomial numbers from a source of random numbers."""
    wanted = dtypes.as_dtype(dtype)
    trials = frontdoor.convert(counts)
    odds = frontdoor.convert(probs)
    return draw(source, "random_binomial", shape, wanted, trials, odds, dtype=wanted)
