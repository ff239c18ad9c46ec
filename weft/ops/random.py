"""Random numbers as functions of a stream (a key and a counter): the same on every engine, in every process.

The layout of streams is part of each op's meaning, so that engines and shards agree to the bit; `philox` says what a
word of a stream is. Element i, in row-major order, uses

    random_bits, random_uniform, random_integers, random_normal
                           word i; for 64-bit results words 2i and 2i + 1. Normal numbers come from pairs of uniform
                           ones by Box and Muller, so each pair of elements shares its words.
    dropout                word i, for any dtype.
    random_truncated_normal
                           groups of four elements (two in float64) with 256 (128) blocks each.
    random_gamma, random_poisson
                           blocks from 256j on, where j counts the elements with the parameters' axes first: attempts
                           are drawn until one is accepted. Uniform and normal numbers come from a block in pairs, each
                           kind from its own, the second of a pair first.
    random_binomial        blocks 64i to 64i + 63: attempts are drawn until one is accepted.
    random_categorical, random_permutation
                           words 2i and 2i + 1.
    random_shuffle_order   word i.

All but categorical, permutation and binomial numbers are TensorFlow's generators to the bit (up to the last digit of
log and sin); `blocks_for` says by how many blocks a draw moves a stateful generator on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.base.dtypes import FLOATS, INTEGERS, REALS, DType
from weft.ir.types import TensorType
from weft.ops import philox
from weft.ops.families import in_float32, quiet
from weft.ops.numerics import gammas
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, nondifferentiable, register

Array = np.ndarray[Any, Any]

_ATTEMPT_BLOCKS = 64

#: blocks by which a number drawn moves a stateful generator on, more than any op uses of them
_BLOCKS_A_NUMBER = 256

_STREAM = ("key", "counter")
_UINT = (dtypes.uint32,)
_KEY = np.array([0x1234ABCD, 7], np.uint32)
_COUNTER = np.array([0xFFFFFFFE, 1], np.uint32)
_LONG_COUNTER = np.array([0, 0, 3, 9], np.uint32)


def _check_stream(key: TensorType, counter: TensorType) -> None:
    if not shapes.compatible(key.shape, (2,)):
        raise SpecError(f"`key` has shape {shapes.show(key.shape)}", expected="two 32-bit words, shape (2,)")
    if not (shapes.compatible(counter.shape, (2,)) or shapes.compatible(counter.shape, (4,))):
        raise SpecError(f"`counter` has shape {shapes.show(counter.shape)}", expected="two or four 32-bit words")


def _check_dtype(dtype: DType, allowed: Sequence[DType]) -> None:
    if dtype not in allowed:
        raise SpecError(f"cannot draw {dtype.name} numbers", expected=f"one of {', '.join(d.name for d in allowed)}",
                        dtype=True)  # fmt: skip


def _drawn(allowed: Sequence[DType]) -> Callable[..., TensorType]:
    """The shape rule of ops whose result is shaped by attributes alone."""

    def spec(key: TensorType, counter: TensorType, *, shape: tuple[Any, ...], dtype: DType) -> TensorType:
        _check_stream(key, counter)
        _check_dtype(dtype, allowed)
        return TensorType(tuple(shape), dtype)

    return spec


def _is_a_draw(what: str = "its result is drawn by chance from the stream") -> Any:
    return nondifferentiable(what)


def _stream_spec(seed: TensorType) -> tuple[TensorType, TensorType]:
    if not shapes.compatible(seed.shape, (2,)):
        raise SpecError(f"the seed has shape {shapes.show(seed.shape)}", expected="two integers, shape (2,)",
                        hint="stateless functions take a pair, such as seed=(1, 2)")  # fmt: skip
    return TensorType((2,), dtypes.uint32), TensorType((4,), dtypes.uint32)


register(
    OpDef(
        name="random_stream",
        inputs=("seed",),
        spec=_stream_spec,
        reference=philox.stream_of_seed,
        dtypes=((dtypes.int32, dtypes.int64, dtypes.uint32, dtypes.uint64),),
        outputs=_STREAM,
        vjp=_is_a_draw("a seed is a whole number"),
        doc="The stream, key and counter, that a seed of two integers stands for.",
        cases=(case(np.array([1, 2], np.int32)), case(np.array([-1, 2**40]))),
    )
)


# Bits and uniform numbers ---------------------------------------------------------------------------------------------


def _raw(key: Array, counter: Array, count: int, dtype: DType) -> Array:
    """Unsigned words of the dtype's width (32 bits at least)."""
    if dtype.size == 8:
        return philox.wide(philox.words(key, counter, 2 * count).reshape(-1, 2))
    return philox.words(key, counter, count)


def _random_bits(key: Array, counter: Array, shape: tuple[int, ...], dtype: DType) -> Any:
    return _raw(key, counter, math.prod(shape), dtype).astype(dtype.numpy).reshape(shape)


def _random_uniform(key: Array, counter: Array, shape: tuple[int, ...], dtype: DType) -> Any:
    count = math.prod(shape)
    if dtype is dtypes.float64:
        return philox.unit_float64(philox.words(key, counter, 2 * count).reshape(-1, 2)).reshape(shape)
    words = philox.words(key, counter, count)
    if dtype is dtypes.float32:
        return philox.unit_float32(words).reshape(shape)
    digits = 10 if dtype is dtypes.float16 else 7  # of the fraction, all of them drawn
    values = (words & np.uint32((1 << digits) - 1)).astype(np.float32) * np.float32(2.0**-digits)
    return values.astype(dtype.numpy).reshape(shape)


def _random_integers(key: Array, counter: Array, minval: Array, maxval: Array, shape: tuple[int, ...]) -> Any:
    if np.any(minval >= maxval):
        low, high = (int(a[np.broadcast_arrays(minval, maxval)[0] >= maxval].flat[0] if a.ndim else a)
                     for a in np.broadcast_arrays(minval, maxval))  # fmt: skip
        raise ValueError(f"the range is empty: minval {low} must be below maxval {high} (maxval itself is not drawn)")
    bits = _raw(key, counter, math.prod(shape), dtypes.as_dtype(minval.dtype)).reshape(shape)
    unsigned = np.dtype(f"u{minval.itemsize}")
    width = maxval.astype(unsigned) - minval.astype(unsigned)
    offset = (bits % width.astype(bits.dtype)).astype(unsigned)
    return (minval.astype(unsigned) + offset).astype(minval.dtype)


def _integers_spec(
    key: TensorType, counter: TensorType, minval: TensorType, maxval: TensorType, *, shape: tuple[Any, ...]
) -> TensorType:
    _check_stream(key, counter)
    _check_broadcast("minval", minval, shape)
    _check_broadcast("maxval", maxval, shape)
    return TensorType(tuple(shape), minval.dtype)


def _check_broadcast(name: str, type: TensorType, shape: tuple[Any, ...]) -> None:
    joined = shapes.broadcast(type.shape or (), tuple(shape))
    if joined is None or len(joined) != len(shape):
        raise SpecError(f"`{name}` of shape {shapes.show(type.shape)} does not broadcast to {shapes.show(shape)}",
                        hint="the shape of the result must end with that of the parameters")  # fmt: skip


register(
    OpDef(
        name="random_bits",
        inputs=_STREAM,
        attrs={"shape": REQUIRED, "dtype": dtypes.uint32},
        spec=_drawn(INTEGERS),
        reference=_random_bits,
        dtypes=(_UINT,),
        vjp=_is_a_draw(),
        doc="Integers of any value, each equally likely.",
        cases=(case(_KEY, _COUNTER, shape=(3, 5)), case(_KEY, _LONG_COUNTER, shape=(), dtype=dtypes.uint64),
               case(_KEY, _COUNTER, shape=(0, 2), dtype=dtypes.int8), case(_KEY, _COUNTER, shape=(4,),
                                                                          dtype=dtypes.int64)),
    )
)  # fmt: skip
register(
    OpDef(
        name="random_uniform",
        inputs=_STREAM,
        attrs={"shape": REQUIRED, "dtype": dtypes.float32},
        spec=_drawn(FLOATS),
        reference=_random_uniform,
        dtypes=(_UINT,),
        vjp=_is_a_draw(),
        doc="Floats from [0, 1), each equally likely.",
        cases=tuple(case(_KEY, _COUNTER, shape=(2, 3), dtype=dtype) for dtype in FLOATS)
        + (case(_KEY, _LONG_COUNTER, shape=()), case(_KEY, _COUNTER, shape=(0,))),
    )
)
register(
    OpDef(
        name="random_integers",
        inputs=(*_STREAM, "minval", "maxval"),
        attrs={"shape": REQUIRED},
        spec=_integers_spec,
        reference=quiet(_random_integers),
        dtypes=(_UINT, _UINT, INTEGERS, INTEGERS),
        same=(2, 3),
        vjp=_is_a_draw(),
        doc="Integers from [minval, maxval): random bits modulo the width of the range.",
        cases=(case(_KEY, _COUNTER, np.array(-3, np.int32), np.array(10, np.int32), shape=(3, 4)),
               case(_KEY, _COUNTER, np.array([0, -(2**62)]), np.array([1, 2**62]), shape=(2, 2),
                    dtypes=(dtypes.int64,)),
               case(_KEY, _COUNTER, np.array(0, np.uint8), np.array(255, np.uint8), shape=(5,),
                    dtypes=(dtypes.uint8,))),
    )
)  # fmt: skip


# Normal numbers -------------------------------------------------------------------------------------------------------


def _random_normal(key: Array, counter: Array, shape: tuple[int, ...], dtype: DType) -> Any:
    count = math.prod(shape)
    if dtype is dtypes.float64:
        values = philox.normal_float64(philox.blocks(key, counter, -(-count // 2)))
    else:
        values = philox.normal_float32(philox.blocks(key, counter, -(-count // 4)))
    return values.reshape(-1)[:count].astype(dtype.numpy).reshape(shape)


def _random_truncated_normal(key: Array, counter: Array, shape: tuple[int, ...], dtype: DType) -> Any:
    values = philox.truncated(key, counter, math.prod(shape), dtype is dtypes.float64)
    return values.astype(dtype.numpy).reshape(shape)


for _name, _function, _doc in (
    ("random_normal", _random_normal, "Normal numbers of mean 0 and standard deviation 1."),
    ("random_truncated_normal", _random_truncated_normal, "Normal numbers, drawn again beyond two deviations."),
):
    register(
        OpDef(
            name=_name,
            inputs=_STREAM,
            attrs={"shape": REQUIRED, "dtype": dtypes.float32},
            spec=_drawn(FLOATS),
            reference=quiet(_function),
            dtypes=(_UINT,),
            vjp=_is_a_draw(),
            doc=_doc,
            cases=tuple(case(_KEY, _COUNTER, shape=(2, 3), dtype=dtype) for dtype in FLOATS)
            + (case(_KEY, _LONG_COUNTER, shape=()), case(_KEY, _COUNTER, shape=(0,))),
        )
    )


# By attempts: gamma, Poisson, binomial -------------------------------------------------------------------------------


class _Attempts:
    """Blocks of each element's own, for sampling by rejection."""

    def __init__(self, key: Array, counter: Array) -> None:
        self.key = key
        self.counter = counter

    def block(self, elements: Array, number: int) -> Array:
        """The block of that number of each element: two uniform numbers an element, float64 [n, 2]."""
        numbers = elements.astype(np.uint64) * np.uint64(_ATTEMPT_BLOCKS) + np.uint64(number)
        return philox.unit_float64(philox.blocks_at(self.key, self.counter, numbers).reshape(-1, 2, 2))


class _Pairs:
    """Blocks of each element's own, of which uniform and normal numbers are taken in pairs.

    Args:
        key: The stream's.
        counter: The stream's.
        shape: Of the result.
        parameter: The shape of what the distribution depends on: the elements of each of its places follow one another.
    """

    def __init__(self, key: Array, counter: Array, shape: tuple[int, ...], parameter: tuple[int, ...]) -> None:
        self.key = key
        self.counter = counter
        count, places = math.prod(shape), max(1, math.prod(shape[len(shape) - len(parameter) :]))
        numbers = np.arange(count, dtype=np.uint64)
        places_ = np.uint64(places)
        order = numbers % places_ * np.uint64(count // places) + numbers // places_
        self._next = order * np.uint64(_BLOCKS_A_NUMBER)
        self._uniform = np.zeros((count, 2)), np.zeros(count, np.int8)
        self._normal = np.zeros((count, 2)), np.zeros(count, np.int8)

    def uniform(self, elements: Array) -> Array:
        """The next uniform number of each of some elements, float64."""
        return self._taken(elements, *self._uniform, lambda pairs: pairs)

    def normal(self, elements: Array) -> Array:
        """The next normal number of each of some elements, float64."""
        both = philox.normal_pairs
        return self._taken(elements, *self._normal, lambda pairs: np.stack(both(pairs[:, 0], pairs[:, 1]), axis=-1))

    def _taken(self, elements: Array, kept: Array, left: Array, made: Callable[[Array], Array]) -> Array:
        empty = elements[left[elements] == 0]
        if empty.size:
            drawn = philox.blocks_at(self.key, self.counter, self._next[empty]).reshape(-1, 2, 2)
            self._next[empty] += np.uint64(1)
            kept[empty], left[empty] = made(philox.unit_float64(drawn)), 2
        left[elements] -= 1
        found: Array = kept[elements, left[elements]]
        return found


def _gamma(key: Array, counter: Array, alpha: Array, shape: tuple[int, ...]) -> Any:
    """Source: G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26, 2000."""
    if not (alpha > 0).all():
        raise ValueError(f"alpha must be positive, received {alpha[~(alpha > 0)].flat[0]}")
    shapes_ = np.broadcast_to(alpha, shape).reshape(-1).astype(np.float64)
    draws = _Pairs(key, counter, shape, alpha.shape)
    exponential = np.flatnonzero(shapes_ == 1)
    result = np.empty_like(shapes_)
    result[exponential] = -np.log1p(-draws.uniform(exponential))
    # drawn for alpha + 1 where alpha is less than 1, and brought back by a power of another uniform number
    d = shapes_ + np.where(shapes_ < 1, 2 / 3, -1 / 3)
    c = 1 / 3 / np.sqrt(d)
    left = np.flatnonzero(shapes_ != 1)
    while left.size:
        x = draws.normal(left)
        v = 1 + c[left] * x
        positive = v > 0
        tried, x, v = left[positive], x[positive], v[positive] ** 3
        u = draws.uniform(tried)
        quick = u < 1 - 0.0331 * (x * x) * (x * x)
        accepted = quick | (np.log(u) < 0.5 * x * x + d[tried] * (1 - v + np.log(v)))
        done = tried[accepted]
        result[done] = d[done] * v[accepted]
        small = done[shapes_[done] < 1]
        result[small] *= draws.uniform(small) ** (1 / shapes_[small])
        left = np.setdiff1d(left, done, assume_unique=True)
    return result.astype(alpha.dtype).reshape(shape)


def _gamma_spec(key: TensorType, counter: TensorType, alpha: TensorType, *, shape: tuple[Any, ...]) -> TensorType:
    _check_stream(key, counter)
    _check_broadcast("alpha", alpha, shape)
    return TensorType(tuple(shape), alpha.dtype)


def _gamma_gradient_spec(alpha: TensorType, sample: TensorType) -> TensorType:
    both = shapes.broadcast(alpha.shape or (), sample.shape or ())
    if both is None:
        raise SpecError("`alpha` and `sample` do not broadcast", expected="the sample's shape, or one that becomes it")
    return TensorType(both, alpha.dtype)


def _gamma_gradient(alpha: Array, sample: Array) -> Any:
    """d sample / d alpha at a fixed quantile: minus the derivative of the distribution function over the density.

    The distribution function is the series sum(t[n]), t[n] = x**(a + n) exp(-x) / gamma(a + n + 1); for large alpha the
    quantile follows Cornish and Fisher.
    """
    a, x = (np.ascontiguousarray(v, np.float64).reshape(-1) for v in np.broadcast_arrays(alpha, sample))
    x = np.maximum(x, np.finfo(np.float64).tiny)
    result = np.empty_like(a)
    large = a > 1000
    z = 3 * np.sqrt(a) * ((x / a) ** (1 / 3) - 1 + 1 / (9 * a))
    result[large] = (1 + z / (2 * np.sqrt(a)))[large]
    a, x = a[~large], x[~large]
    # Divided by the density x**(a - 1) exp(-x) / gamma(a), the terms are x, x**2 / ((a + 1) a) ..., in a recurrence.
    term, log_x, psi = x / a, np.log(x), gammas.digamma(a + 1)
    total = np.zeros_like(a)
    for n in range(1, 20000):
        part = term * (psi - log_x)
        total += part
        if not a.size or (n > (x - a).max() and np.abs(part).max() <= 1e-14 * np.abs(total).min()):
            break
        psi += 1 / (a + n)
        term = term * x / (a + n)
        if not (term > 1e-300).any():
            break
    result[~large] = total
    return result.reshape(np.broadcast_shapes(alpha.shape, sample.shape)).astype(alpha.dtype)


def _gamma_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    alpha, sample = node.inputs[2], node.outputs[0]
    if not node.needs[2]:
        return None, None, None
    slope = b.random_gamma_gradient(b.broadcast_like(alpha, sample), sample)
    return None, None, b.unbroadcast_like(b.multiply(ct, slope), alpha)


_FIRST_ORDER = "the slope of a gamma quantile is itself not differentiated, as in TensorFlow"

register(
    OpDef(
        name="random_gamma",
        inputs=(*_STREAM, "alpha"),
        attrs={"shape": REQUIRED},
        spec=_gamma_spec,
        reference=quiet(_gamma),
        dtypes=(_UINT, _UINT, FLOATS),
        same=(2,),
        vjp=_gamma_vjp,
        grad_order=1,
        reason=_FIRST_ORDER,
        doc="Gamma numbers of shape parameter alpha and scale 1; differentiable in alpha at a fixed quantile.",
        # Not compared with finite differences: a step of alpha changes which attempts are accepted.
        cases=(case(_KEY, _COUNTER, (3,), shape=(2, 3), domain=(0.2, 5.0), grad=0),
               case(_KEY, _COUNTER, (), shape=(0,), domain=(0.2, 5.0), grad=0)),
    )
)  # fmt: skip
register(
    OpDef(
        name="random_gamma_gradient",
        inputs=("alpha", "sample"),
        spec=_gamma_gradient_spec,
        reference=quiet(_gamma_gradient),
        dtypes=(FLOATS,),
        vjp=nondifferentiable(_FIRST_ORDER),
        reason=_FIRST_ORDER,
        doc="The derivative of a gamma number in its shape parameter, at a fixed quantile.",
        cases=(case((2, 3), (2, 3), domain=(0.5, 3.0)), case((), (), domain=(0.5, 3.0)), case((0,), (0,))),
    )
)


def _poisson(key: Array, counter: Array, rate: Array, shape: tuple[int, ...], dtype: DType) -> Any:
    """By D. Knuth's product of uniform numbers for small rates, by W. Hörmann's PTRS ("The transformed rejection method
    for generating Poisson random variables", 1993) from 10 on."""
    if not (np.isfinite(rate) & (rate >= 0)).all():
        bad = rate[~(np.isfinite(rate) & (rate >= 0))].flat[0]
        raise ValueError(f"the rate of a Poisson distribution must be finite and not negative, received {bad}")
    rates = np.broadcast_to(rate, shape).reshape(-1).astype(np.float64)
    draws = _Pairs(key, counter, shape, rate.shape)
    result = np.zeros(rates.size)
    left = np.flatnonzero(rates < 10)
    product, least = np.ones(rates.size), np.exp(-rates)
    while left.size:
        product[left] *= draws.uniform(left)
        left = left[product[left] > least[left]]
        result[left] += 1
    left = np.flatnonzero(rates >= 10)
    while left.size:
        lam = rates[left]
        b = 0.931 + 2.53 * np.sqrt(lam)
        a = -0.059 + 0.02483 * b
        u, v = draws.uniform(left) - 0.5, draws.uniform(left)
        room = 0.5 - np.abs(u)
        k = np.floor((2 * a / room + b) * u + lam + 0.43)
        density = k * np.log(lam) - lam - gammas.lgamma(np.maximum(k, 0) + 1)
        scale = np.log(v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (room * room) + b))
        quick = (room >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2))
        accepted = quick | ((k >= 0) & ~((room < 0.013) & (v > room)) & (scale <= density))
        result[left[accepted]] = k[accepted]
        left = left[~accepted]
    return result.astype(dtype.numpy).reshape(shape)


def _binomial(key: Array, counter: Array, counts: Array, probs: Array, shape: tuple[int, ...], dtype: DType) -> Any:
    """By inversion where few successes are expected, else by W. Hörmann's BTRD ("The generation of binomial random
    variates", 1993) in its simple form."""
    if not ((probs >= 0) & (probs <= 1)).all():
        raise ValueError(f"a probability must lie in [0, 1], received {probs[~((probs >= 0) & (probs <= 1))].flat[0]}")
    if not (counts >= 0).all():
        raise ValueError(f"the number of trials must not be negative, received {counts[~(counts >= 0)].flat[0]}")
    n = np.floor(np.broadcast_to(counts, shape).reshape(-1).astype(np.float64))
    given = np.broadcast_to(probs, shape).reshape(-1).astype(np.float64)
    p = np.minimum(given, 1 - given)
    draws = _Attempts(key, counter)
    result = np.zeros(n.size)
    few = np.flatnonzero(n * p < 10)
    if few.size:
        result[few] = _binomial_by_inversion(draws.block(few, 0)[:, 0], n[few], p[few])
    left = np.flatnonzero(n * p >= 10)
    for turn in range(_ATTEMPT_BLOCKS):
        if not left.size:
            break
        k, accepted = _binomial_attempt(draws.block(left, turn), n[left], p[left])
        result[left[accepted]] = k[accepted]
        left = left[~accepted]
    result[left] = np.floor(n * p)[left]
    return np.where(given > 0.5, n - result, result).astype(dtype.numpy).reshape(shape)


def _binomial_attempt(uniform: Array, n: Array, p: Array) -> tuple[Array, Array]:
    spread = np.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    u, v = uniform[:, 0] - 0.5, 1 - uniform[:, 1]
    room = 0.5 - np.abs(u)
    k = np.floor((2 * a / room + b) * u + n * p + 0.5)
    inside = (k >= 0) & (k <= n)
    mode = np.floor((n + 1) * p)
    at = np.clip(k, 0, n)
    density = (gammas.lgamma(mode + 1) + gammas.lgamma(n - mode + 1) - gammas.lgamma(at + 1) - gammas.lgamma(n - at + 1)
               + (at - mode) * np.log(p / (1 - p)))  # fmt: skip
    scale = np.log(v * (2.83 + 5.1 / b) * spread / (a / (room * room) + b))
    quick = (room >= 0.07) & (v <= 0.92 - 4.2 / b)
    return k, inside & (quick | (scale <= density))


def _binomial_by_inversion(u: Array, n: Array, p: Array) -> Array:
    count = np.zeros_like(u)
    probability = (1 - p) ** n
    reached = probability.copy()
    ratio = p / (1 - p)
    for k in range(1, 120):
        further = (u >= reached) & (count < n)
        if not further.any():
            break
        count += further
        probability = probability * ratio * np.maximum(n - k + 1, 0) / k
        reached += probability
    return count


def _counted_spec(key: TensorType, counter: TensorType, *parameters: TensorType, shape: tuple[Any, ...],
                  dtype: DType) -> TensorType:  # fmt: skip
    _check_stream(key, counter)
    _check_dtype(dtype, REALS)
    for parameter in parameters:
        _check_broadcast("rate" if len(parameters) == 1 else "counts or probs", parameter, shape)
    return TensorType(tuple(shape), dtype)


register(
    OpDef(
        name="random_poisson",
        inputs=(*_STREAM, "rate"),
        attrs={"shape": REQUIRED, "dtype": dtypes.float32},
        spec=_counted_spec,
        reference=quiet(_poisson),
        dtypes=(_UINT, _UINT, REALS),
        same=(2,),
        vjp=_is_a_draw("its result is a whole number"),
        doc="Poisson numbers of the given rates.",
        cases=(case(_KEY, _COUNTER, (3,), shape=(2, 3), domain=(0.0, 30.0), dtype=dtypes.int32),
               case(_KEY, _COUNTER, (), shape=(0,), domain=(0.0, 30.0))),
    )
)  # fmt: skip
register(
    OpDef(
        name="random_binomial",
        inputs=(*_STREAM, "counts", "probs"),
        attrs={"shape": REQUIRED, "dtype": dtypes.float32},
        spec=_counted_spec,
        reference=quiet(_binomial),
        dtypes=(_UINT, _UINT, REALS, FLOATS),
        same=(),
        vjp=_is_a_draw("its result is a whole number"),
        doc="How many of `counts` trials succeed, each with the given probability.",
        cases=(case(_KEY, _COUNTER, np.array([5, 10, 100]), (3,), shape=(2, 3), domain=(0.0, 1.0), dtype=dtypes.int32),
               case(_KEY, _COUNTER, np.array(7.0), (), shape=(0,), domain=(0.0, 1.0))),
    )
)  # fmt: skip


# Choices --------------------------------------------------------------------------------------------------------------


def _categorical(key: Array, counter: Array, logits: Array, num_samples: int, dtype: DType) -> Any:
    rows, classes = logits.shape
    uniform = philox.unit_float64(philox.words(key, counter, 2 * rows * num_samples).reshape(rows, num_samples, 2))
    result = np.zeros((rows, num_samples), np.int64)
    if not result.size:
        return result.astype(dtype.numpy)
    wide = logits.astype(np.float64)
    finite = np.isfinite(wide)
    if finite.all():
        weights = np.exp(wide - wide.max(axis=-1, keepdims=True))
    else:
        top = wide.max(axis=-1, keepdims=True, where=finite, initial=-np.inf)
        weights = np.where(finite, np.exp(wide - np.where(np.isfinite(top), top, 0)), 0)
    reached = np.cumsum(weights, axis=-1)
    if not (reached[:, -1] > 0).all():
        row = int(np.flatnonzero(~(reached[:, -1] > 0))[0])
        raise ValueError(f"row {row} of the logits has no finite entry, so there is nothing to draw from")
    last = classes - 1 - np.argmax(weights[:, ::-1] > 0, axis=-1)
    goal = uniform * reached[:, -1:]
    if num_samples * classes > 4000 or rows <= num_samples:  # a search for each row, or a comparison for each draw
        for row in range(rows):
            result[row] = np.searchsorted(reached[row], goal[row], side="right")
    else:
        for sample in range(num_samples):
            result[:, sample] = (reached <= goal[:, sample, None]).sum(axis=-1)
    return np.minimum(result, last[:, None]).astype(dtype.numpy)


def _categorical_spec(key: TensorType, counter: TensorType, logits: TensorType, *, num_samples: Any,
                      dtype: DType) -> TensorType:  # fmt: skip
    _check_stream(key, counter)
    shape = logits.shape or ()
    if len(shape) != 2:
        raise SpecError(f"the logits have shape {shapes.show(shape)}", expected="[batch, classes]",
                        hint="add a batch axis with tf.expand_dims(logits, 0)")  # fmt: skip
    if isinstance(shape[1], int) and shape[1] < 1:
        raise SpecError("the logits name no class to draw from", expected="[batch, classes] with at least one class")
    return TensorType((shape[0], num_samples), dtype)


register(
    OpDef(
        name="random_categorical",
        inputs=(*_STREAM, "logits"),
        attrs={"num_samples": REQUIRED, "dtype": dtypes.int64},
        spec=_categorical_spec,
        reference=quiet(_categorical),
        dtypes=(_UINT, _UINT, REALS),
        same=(2,),
        vjp=_is_a_draw("its result is a class number"),
        doc="Class numbers drawn by their unnormalised log-probabilities, num_samples from each row.",
        cases=(case(_KEY, _COUNTER, (2, 4), num_samples=5), case(_KEY, _COUNTER, (6, 3), num_samples=1,
               dtype=dtypes.int32), case(_KEY, _COUNTER, (0, 3), num_samples=2)),
    )
)  # fmt: skip


def _permutation(key: Array, counter: Array, size: int, dtype: DType) -> Any:
    keys = philox.wide(philox.words(key, counter, 2 * size).reshape(-1, 2))
    return np.argsort(keys, kind="stable").astype(dtype.numpy)


def _permutation_spec(key: TensorType, counter: TensorType, *, size: Any, dtype: DType) -> TensorType:
    _check_stream(key, counter)
    _check_dtype(dtype, INTEGERS)
    return TensorType((size,), dtype)


register(
    OpDef(
        name="random_permutation",
        inputs=_STREAM,
        attrs={"size": REQUIRED, "dtype": dtypes.int64},
        spec=_permutation_spec,
        reference=_permutation,
        dtypes=(_UINT,),
        vjp=_is_a_draw("its result is an order"),
        doc="The numbers 0 to size - 1 in random order: 64 random bits each, sorted.",
        cases=(case(_KEY, _COUNTER, size=7), case(_KEY, _COUNTER, size=0, dtype=dtypes.int32)),
    )
)


def _shuffle_order(key: Array, counter: Array, size: int, dtype: DType) -> Any:
    """Source: R. Durstenfeld, "Algorithm 235: Random permutation", Communications of the ACM 7, 1964."""
    order = list(range(size))
    for place, word in enumerate(philox.words(key, counter, max(size - 1, 0)).tolist()):
        other = place + word % (size - place)
        order[place], order[other] = order[other], order[place]
    return np.array(order, dtype.numpy)


register(
    OpDef(
        name="random_shuffle_order",
        inputs=_STREAM,
        attrs={"size": REQUIRED, "dtype": dtypes.int64},
        spec=_permutation_spec,
        reference=_shuffle_order,
        dtypes=(_UINT,),
        vjp=_is_a_draw("its result is an order"),
        doc="The numbers 0 to size - 1 in random order: each place takes one of those that are left.",
        cases=(case(_KEY, _COUNTER, size=7), case(_KEY, _COUNTER, size=0, dtype=dtypes.int32),
               case(_KEY, _COUNTER, size=1)),
    )
)  # fmt: skip


# Dropout --------------------------------------------------------------------------------------------------------------

_STEPS = 1 << 23


def _threshold(rate: float) -> int:
    """The least 23-bit number whose fraction of 2**23 is not below the rate: from there on, elements are kept."""
    return min(_STEPS, math.ceil(float(np.float32(rate)) * _STEPS))


def _dropout(x: Array, key: Array, counter: Array, rate: float, noise_shape: tuple[int, ...] | None) -> Any:
    shape = x.shape if noise_shape is None else noise_shape
    bits = philox.words(key, counter, math.prod(shape)).reshape(shape) & np.uint32(_STEPS - 1)
    scale = np.asarray(1 / (1 - rate) if rate < 1 else 0, x.dtype)
    return np.where(bits >= np.uint32(_threshold(rate)), x * scale, np.zeros((), x.dtype))


def _dropout_spec(
    x: TensorType, key: TensorType, counter: TensorType, *, rate: float, noise_shape: tuple[Any, ...] | None
) -> TensorType:
    _check_stream(key, counter)
    if not 0 <= rate <= 1:
        raise SpecError(f"the rate is {rate}", expected="a number from 0 to 1: the fraction of elements to drop",
                        hint="a percentage must be divided by 100")  # fmt: skip
    if noise_shape is not None:
        _check_broadcast("noise_shape", TensorType(tuple(noise_shape), x.dtype), x.shape or ())
    return x


def _dropout_by_bits(b: Any, x: Any, key: Any, counter: Any, *, rate: float, noise_shape: Any) -> Any:
    shape = b.shape(x) if noise_shape is None else noise_shape
    bits = b.bitwise_and(b.random_bits(key, counter, shape=shape, dtype=dtypes.uint32), _STEPS - 1)
    kept = b.greater_equal(bits, _threshold(rate))
    scale = b.constant(1 / (1 - rate) if rate < 1 else 0.0, b.dtype(x))
    return b.select(kept, b.multiply(x, scale), b.zeros_like(x))


def _dropout_again(b: Any, node: Any, ct: Any) -> Any:
    return b.dropout(ct, node.inputs[1], node.inputs[2], **node.attrs)


register(
    OpDef(
        name="dropout",
        inputs=("x", *_STREAM),
        attrs={"rate": REQUIRED, "noise_shape": None},
        spec=_dropout_spec,
        reference=quiet(in_float32(_dropout)),
        dtypes=(FLOATS, _UINT, _UINT),
        same=(0,),
        vjp=lambda b, node, ct: (_dropout_again(b, node, ct), None, None),
        jvp=lambda b, node, t, *_: (_dropout_again(b, node, t),),
        decompose=_dropout_by_bits,
        doc="x with a fraction of its elements set to 0 and the others scaled by 1 / (1 - rate); the stream decides "
        "which, so that the gradient draws the same ones again and no mask is kept.",
        cases=(case((3, 4), _KEY, _COUNTER, rate=0.4), case((2, 3, 4), _KEY, _COUNTER, rate=0.5,
               noise_shape=(2, 1, 4)), case((), _KEY, _LONG_COUNTER, rate=0.0), case((0, 2), _KEY, _COUNTER, rate=1.0)),
    )
)  # fmt: skip


def blocks_for(op: str, shape: tuple[Any, ...]) -> Any:
    """By how many blocks an op that draws this many numbers moves a stateful generator on, as in TensorFlow."""
    count = dims.product(shape)
    if op == "random_shuffle_order":
        return dims.ceil_divide(count - 1, 4)
    return count * (2 * _BLOCKS_A_NUMBER if op == "candidates" else _BLOCKS_A_NUMBER)
