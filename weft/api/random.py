"""`tf.random`: stateful draws from the global generator, stateless ones from a seed, generators of one's own."""

from __future__ import annotations

from typing import Any

from weft.api.array import concat, reshape, where
from weft.api.array import shape as shape_of
from weft.api.common import cast_to, in_a_row, integer
from weft.api.drawing import Algorithm as Algorithm
from weft.api.drawing import (
    Fixed,
    Global,
    affine,
    binomial_from,
    draw,
    drawn_shape,
    followed_by,
    rank_is_unknown,
    seed_number,
    tensor_of,
    uniform_from,
)
from weft.api.generators import Generator as Generator
from weft.api.generators import create_rng_state as create_rng_state
from weft.api.generators import get_global_generator as get_global_generator
from weft.api.generators import set_global_generator as set_global_generator
from weft.api.sampling import (  # noqa: F401
    all_candidate_sampler,
    fixed_unigram_candidate_sampler,
    learned_unigram_candidate_sampler,
    log_uniform_candidate_sampler,
    uniform_candidate_sampler,
)
from weft.base import dtypes
from weft.base.absent import Namespace
from weft.runtime import dispatch, frontdoor
from weft.runtime import random as streams
from weft.runtime.operation_counts import standing_for


def set_seed(seed: int | None) -> None:
    """Makes all random numbers that follow the same every time.

    Args:
        seed: An integer.
    """
    streams.set_seed(seed_number(seed))


def uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32, seed: int | None = None,
            name: str | None = None) -> Any:  # fmt: skip
    """Numbers from `[minval, maxval)`, each equally likely; integers need a maxval."""
    return uniform_from(Global(seed), shape, minval, maxval, dtype)


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, seed: int | None = None,
           name: str | None = None) -> Any:  # fmt: skip
    """Normally distributed numbers (Box and Muller 1958)."""
    wanted = dtypes.as_dtype(dtype)
    return affine(draw(Global(seed), "random_normal", shape, wanted, dtype=wanted), mean, stddev, wanted)


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
                     seed: int | None = None, name: str | None = None) -> Any:  # fmt: skip
    """Normally distributed numbers, those further than two deviations from the mean drawn again."""
    wanted = dtypes.as_dtype(dtype)
    return affine(draw(Global(seed), "random_truncated_normal", shape, wanted, dtype=wanted), mean, stddev, wanted)


def _gamma(source: Any, shape: Any, alpha: Any, beta: Any, dtype: Any) -> Any:
    wanted = dtypes.as_dtype(dtype)
    with standing_for(0):
        a = tensor_of(alpha, wanted)
        rate = tensor_of(1.0 if beta is None else beta, wanted)
        joined = a + rate * 0
    return _for_each(source, "random_gamma", shape, wanted, joined) / rate


def _for_each(source: Any, op: str, shape: Any, result: Any, parameter: Any, **attrs: Any) -> Any:
    """As many draws as `shape` says for every element of a parameter."""
    if parameter.shape.rank is not None:
        with standing_for(0):
            target = followed_by(shape, parameter)
        return draw(source, op, target, result, parameter, **attrs)
    with standing_for(0):
        row = in_a_row(parameter)
        target = followed_by(shape, row)
    drawn = draw(source, op, target, result, row, **attrs)
    whole = concat([frontdoor.convert(shape, dtypes.int32), shape_of(parameter)], 0)
    return dispatch.call("reshape_dynamic", drawn, whole, sizes=None)


def gamma(shape: Any, alpha: Any, beta: Any = None, dtype: Any = dtypes.float32, seed: int | None = None,
          name: str | None = None) -> Any:  # fmt: skip
    """Gamma-distributed numbers (Marsaglia and Tsang 2000), `shape` of them for every alpha and beta."""
    return _gamma(Global(seed), shape, alpha, beta, dtype)


def poisson(shape: Any, lam: Any, dtype: Any = dtypes.float32, seed: int | None = None, name: str | None = None) -> Any:
    """Poisson-distributed numbers, `shape` of them for every rate."""
    wanted = dtypes.as_dtype(dtype)
    rate = tensor_of(lam, dtypes.float32 if not wanted.is_floating else wanted)
    return _for_each(Global(seed), "random_poisson", shape, wanted, rate, dtype=wanted)


def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Any:
    """Class numbers drawn by unnormalised log-probabilities: `[batch, num_samples]`."""
    return _categorical(Global(seed), logits, num_samples, dtype)


def _categorical(source: Any, logits: Any, num_samples: Any, dtype: Any) -> Any:
    x = frontdoor.convert(logits)
    wanted = dtypes.int64 if dtype is None else dtypes.as_dtype(dtype)
    in_graph = frontdoor.is_tensor_like(num_samples)
    with standing_for(0):
        count = drawn_shape([num_samples])[0] if in_graph else integer(num_samples, "num_samples")
    key, counter = source.take("random_categorical", (x.shape.symbolic[0] * count * x.shape.symbolic[-1],), wanted)
    return dispatch.call("random_categorical", key, counter, x, num_samples=count, dtype=wanted)


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """The rows of a tensor in random order."""
    return _shuffle(Global(seed), value)


def _shuffle(source: Any, value: Any) -> Any:
    x = frontdoor.convert(value)
    if x.shape.rank == 0:
        return x  # one element has one order
    if x.shape.rank is None:
        raise ValueError(f"`value` needs an axis to shuffle along, received shape {x.shape}.")
    size = x.shape.symbolic[0]
    key, counter = source.take("random_shuffle_order", (size,), x.dtype)
    order = dispatch.call("random_shuffle_order", key, counter, size=size, dtype=dtypes.int64)
    return dispatch.call("gather", x, order, axis=0)


def stateless_uniform(shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32,
                      name: str | None = None, alg: str = "auto_select") -> Any:  # fmt: skip
    """`uniform` as a function of a seed of two integers."""
    return uniform_from(Fixed(seed, alg), shape, minval, maxval, dtype)


def stateless_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
                     name: str | None = None, alg: str = "auto_select") -> Any:  # fmt: skip
    """`normal` as a function of a seed of two integers."""
    wanted = dtypes.as_dtype(dtype)
    return affine(draw(Fixed(seed, alg), "random_normal", shape, wanted, dtype=wanted), mean, stddev, wanted)


def stateless_truncated_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
                               name: str | None = None, alg: str = "auto_select") -> Any:  # fmt: skip
    """`truncated_normal` as a function of a seed of two integers."""
    wanted = dtypes.as_dtype(dtype)
    return affine(draw(Fixed(seed, alg), "random_truncated_normal", shape, wanted, dtype=wanted), mean, stddev, wanted)


def stateless_parameterized_truncated_normal(
    shape: Any, seed: Any, means: Any = 0.0, stddevs: Any = 1.0, minvals: Any = -2.0, maxvals: Any = 2.0,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Normally distributed numbers that lie between bounds, as a function of a seed of two integers.

    Args:
        shape: Ends with the common shape of the parameters.
        seed: Two integers.
        means: Means before what is beyond the bounds is cut off.
        stddevs: Standard deviations before that.
        minvals: Lower bounds.
        maxvals: Upper bounds.
        name: For graphs.
    """
    wanted = frontdoor.convert(means).dtype
    mean, deviation, least, most = (
        cast_to(tensor_of(each, wanted), dtypes.float64) for each in (means, stddevs, minvals, maxvals)
    )
    low, high = (least - mean) / deviation, (most - mean) / deviation
    # On the side of the mean where probabilities are small float64 tells them apart: mirrored where that is the other.
    mirrored = low + high > 0
    low, high = where(mirrored, -high, low), where(mirrored, -low, high)
    below, within = _normal_cdf(low), _normal_cdf(high) - _normal_cdf(low)
    drawn = draw(Fixed(seed), "random_uniform", shape, dtypes.float64, dtype=dtypes.float64)
    value = dispatch.call("maximum", dispatch.call("ndtri", below + drawn * within), low)
    value = dispatch.call("minimum", value, high)
    return cast_to(where(mirrored, -value, value) * deviation + mean, wanted)


def _normal_cdf(x: Any) -> Any:
    return 0.5 * dispatch.call("erfc", x * -(0.5**0.5))


def stateless_gamma(shape: Any, seed: Any, alpha: Any, beta: Any = None, dtype: Any = dtypes.float32,
                    name: str | None = None) -> Any:  # fmt: skip
    """Gamma-distributed numbers as a function of a seed; `shape` ends with that of alpha."""
    wanted = dtypes.as_dtype(dtype)
    a = tensor_of(alpha, wanted)
    sample = draw(Fixed(seed), "random_gamma", shape, wanted, a)
    return sample if beta is None else sample / tensor_of(beta, wanted)


def stateless_categorical(logits: Any, num_samples: Any, seed: Any, dtype: Any = dtypes.int64,
                          name: str | None = None) -> Any:  # fmt: skip
    """`categorical` as a function of a seed of two integers."""
    return _categorical(Fixed(seed), logits, num_samples, dtype)


def stateless_shuffle(value: Any, seed: Any, alg: str = "auto_select", name: str | None = None) -> Any:
    """`shuffle` as a function of a seed of two integers."""
    return _shuffle(Fixed(seed, alg), value)


def stateless_dropout(x: Any, rate: float, seed: Any, rng_alg: str = "auto_select", noise_shape: Any = None,
                      name: str | None = None) -> Any:  # fmt: skip
    """`tf.nn.dropout` as a function of a seed of two integers."""
    tensor = frontdoor.convert(x)
    key, counter = Fixed(seed, rng_alg).stream
    noise = None if noise_shape is None else _noise_shape(tensor, noise_shape)
    return dispatch.call("dropout", tensor, key, counter, rate=float(rate), noise_shape=noise)


def dropout_with(x: Any, rate: Any, noise_shape: Any, seed: int | None, name: str | None) -> Any:
    """Dropout from the global generator; the rate may be a tensor."""
    if x.shape.rank is None and noise_shape is None:  # word i of the stream is element i's, under any shape
        with standing_for(0):
            row = in_a_row(x)
        return dispatch.builder.reshape_like(dropout_with(row, rate, None, seed, name), x)
    noise = None if noise_shape is None else _noise_shape(x, noise_shape)
    target = x.shape.symbolic if noise is None else noise
    source, kind = Global(seed), dtypes.as_dtype(x.dtype)
    if isinstance(rate, (int, float)) and kind is dtypes.float32 and x.shape.rank is not None:
        key, counter = source.take("random_uniform", target, kind)
        return dispatch.call("dropout", x, key, counter, rate=float(rate), noise_shape=noise)
    level = tensor_of(rate, kind)
    unit = draw(source, "random_uniform", target, kind, dtype=kind)
    kept = dispatch.call("greater_equal", unit, level)
    scaled = x * (1 / (1 - level))
    return dispatch.call("select", kept, scaled, dispatch.builder.zeros_like(scaled))


def _noise_shape(x: Any, noise_shape: Any) -> Any:
    with standing_for(0):
        if rank_is_unknown(noise_shape):
            if x.shape.rank is None:
                return noise_shape
            noise_shape = reshape(noise_shape, [x.shape.rank])  # it has a size for each axis
        given = drawn_shape(noise_shape)
    if x.shape.rank is None:
        return given
    return tuple(own if isinstance(n, int) and n == -1 else n for n, own in zip(given, x.shape.symbolic, strict=True))


def stateless_poisson(shape: Any, seed: Any, lam: Any, dtype: Any = dtypes.int32, name: str | None = None) -> Any:
    """Poisson-distributed numbers as a function of a seed; `shape` ends with that of the rates."""
    rate = tensor_of(lam, dtypes.float32) if not frontdoor.is_tensor_like(lam) else frontdoor.convert(lam)
    return draw(Fixed(seed), "random_poisson", shape, dtypes.as_dtype(dtype), rate, dtype=dtypes.as_dtype(dtype))


def stateless_binomial(shape: Any, seed: Any, counts: Any, probs: Any, output_dtype: Any = dtypes.int32,
                       name: str | None = None) -> Any:  # fmt: skip
    """How many of `counts` trials succeed, as a function of a seed; `shape` ends with that of the parameters."""
    return binomial_from(Fixed(seed), shape, counts, probs, output_dtype)


def split(seed: Any, num: int = 2, alg: str = "auto_select") -> Any:
    """New seeds for stateless functions out of one: `[num, 2]`."""
    found = frontdoor.convert(seed)
    return draw(Fixed(found, alg), "random_bits", [num, 2], found.dtype, dtype=found.dtype)


def fold_in(seed: Any, data: Any, alg: str = "auto_select") -> Any:
    """A new seed for stateless functions out of one and a number, such as a step."""
    found = frontdoor.convert(seed)
    word = draw(Fixed(found, alg), "random_bits", [1], found.dtype, dtype=found.dtype)
    return concat([word, reshape(cast_to(data, found.dtype), [1])], 0)


class _Experimental(Namespace):
    """`tf.random.experimental`: older names of the same things."""

    Algorithm = Algorithm
    Generator = Generator
    create_rng_state = staticmethod(create_rng_state)
    get_global_generator = staticmethod(get_global_generator)
    set_global_generator = staticmethod(set_global_generator)
    stateless_fold_in = staticmethod(fold_in)
    stateless_shuffle = staticmethod(stateless_shuffle)
    stateless_split = staticmethod(split)


experimental = _Experimental("tf.random.experimental")
