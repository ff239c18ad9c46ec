"""`tf.distributions`: the distributions that programs of version 1 draw from and score with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.compat.v1 import operation_tables
from weft.compat.v1.distribution_base import (  # noqa: F401
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    Distribution,
    RegisterKL,
    ReparameterizationType,
    kl_divergence,
)
from weft.compat.v1.distributions_of_rates import Beta, Exponential, Gamma, Laplace, StudentT  # noqa: F401
from weft.compat.v1.distributions_of_vectors import Dirichlet, DirichletMultinomial, Multinomial  # noqa: F401
from weft.runtime import frontdoor
from weft.runtime.operation_counts import further, standing_for


def _all_known(*tensors: Any) -> bool:
    return all(operation_tables.known(tensor.shape) for tensor in tensors)


def _before_draws(sample_shape: Any, *parameters: Any) -> int:
    """How many operations TensorFlow makes of a sample's shape: more where parameters' shapes are not known."""
    return (7 if _all_known(*parameters) else 9) + (np.ndim(sample_shape) == 0)


def _ones_like(tensor: Any) -> Any:
    with standing_for(3):
        return weft.ones_like(tensor)


class Normal(Distribution):
    """Normal distributions.

    Args:
        loc: The means.
        scale: The standard deviations.
        validate_args: Accepted.
        allow_nan_stats: Accepted.
        name: Its name.
    """

    reparameterization_type = FULLY_REPARAMETERIZED

    def __init__(self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Normal") -> None:  # fmt: skip
        parameters = dict(locals())
        means = frontdoor.convert(loc, name="loc")
        deviations = frontdoor.convert(scale, means.dtype, name="scale")
        self.loc, self.scale = weft.identity(means), weft.identity(deviations)
        super().__init__(name, self.loc.dtype, None, parameters)

    def _like(self) -> Any:
        return self.loc + weft.zeros_like(self.scale)

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        before = _before_draws(sample_shape, self.loc, self.scale)
        with standing_for(before + 13) as standing:
            shape = self._shape(sample_shape)
            standing.so_far(before)
            drawn = weft.random.normal(shape, dtype=self.dtype, seed=seed)
            return weft.reshape(drawn * self.scale + self.loc, shape)  # which is an operation more for gradients

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density at values."""
        z = (frontdoor.convert(value, self.dtype) - self.loc) / self.scale
        return -0.5 * weft.square(z) - (0.5 * math.log(2 * math.pi) + weft.math.log(self.scale))

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """The probability of a smaller value."""
        z = (frontdoor.convert(value, self.dtype) - self.loc) / self.scale
        return 0.5 * (1.0 + weft.math.erf(z / math.sqrt(2)))

    def quantile(self, value: Any, name: str = "quantile") -> Any:
        """The value that is not exceeded with a probability."""
        return weft.math.ndtri(frontdoor.convert(value, self.dtype)) * self.scale + self.loc

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        return 0.5 * math.log(2 * math.pi * math.e) + weft.math.log(self.stddev())

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        return self.loc * _ones_like(self.scale)

    mode = mean

    def stddev(self, name: str = "stddev") -> Any:
        """The standard deviation."""
        return self.scale * _ones_like(self.loc)

    def variance(self, name: str = "variance") -> Any:
        """The variance."""
        return weft.square(self.stddev())


class Uniform(Distribution):
    """Uniform distributions between two bounds.

    Args:
        low: The lower bounds.
        high: The upper bounds.
        validate_args: Accepted.
        allow_nan_stats: Accepted.
        name: Its name.
    """

    reparameterization_type = FULLY_REPARAMETERIZED

    def __init__(self, low: Any = 0.0, high: Any = 1.0, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Uniform") -> None:  # fmt: skip
        parameters = dict(locals())
        lowest = frontdoor.convert(low, name="low")
        self.low, self.high = weft.identity(lowest), weft.identity(frontdoor.convert(high, lowest.dtype, name="high"))
        super().__init__(name, self.low.dtype, None, parameters)

    def _like(self) -> Any:
        return self.low + weft.zeros_like(self.high)

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        before = _before_draws(sample_shape, self.low, self.high)
        with standing_for(before + 15) as standing:
            shape = self._shape(sample_shape)
            standing.so_far(before)
            drawn = weft.random.uniform(shape, dtype=self.dtype, seed=seed)
            return weft.reshape(self.low + drawn * (self.high - self.low), shape)

    def prob(self, value: Any, name: str = "prob") -> Any:
        """The density at values."""
        x = frontdoor.convert(value, self.dtype)
        with standing_for(16 if _all_known(self.low, self.high) else 18):
            inside = weft.logical_and(x >= self.low, x < self.high)
            density = weft.ones_like(x) / (self.high - self.low)
            return weft.where(inside, density, weft.zeros_like(density))

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density at values."""
        return weft.math.log(self.prob(value))

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """The probability of a smaller value."""
        return weft.clip_by_value((frontdoor.convert(value, self.dtype) - self.low) / (self.high - self.low), 0.0, 1.0)

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        return weft.math.log(self.high - self.low)

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        return (self.low + self.high) / 2

    def variance(self, name: str = "variance") -> Any:
        """The variance."""
        return weft.square(self.high - self.low) / 12


class Bernoulli(Distribution):
    """Distributions of 0 and 1.

    Args:
        logits: The logarithms of the odds of 1.
        probs: Or its probabilities.
        dtype: Of the draws.
        validate_args: Accepted.
        allow_nan_stats: Accepted.
        name: Its name.
    """

    def __init__(self, logits: Any = None, probs: Any = None, dtype: Any = dtypes.int32, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str = "Bernoulli") -> None:  # fmt: skip
        parameters = dict(locals())
        if (logits is None) == (probs is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if logits is not None:
            self.logits = frontdoor.convert(logits, name="logits")
            self.probs = weft.sigmoid(self.logits)
        else:
            self.probs = frontdoor.convert(probs, name="probs")
            self.logits = weft.math.log(self.probs) - weft.math.log1p(-self.probs)
            further(1)
        super().__init__(name, dtypes.as_dtype(dtype), self.probs, parameters)

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        before = _before_draws(sample_shape)
        with standing_for(before + 14) as standing:
            shape = self._shape(sample_shape)
            standing.so_far(before)
            return weft.cast(weft.random.uniform(shape, dtype=self.probs.dtype, seed=seed) < self.probs, self.dtype)

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the probability of values."""
        event = weft.cast(frontdoor.convert(value), self.logits.dtype)
        alike = _all_known(event, self.logits) and event.shape == self.logits.shape
        with standing_for(11 if alike else 19) as standing:
            standing.gradients = (17, 15) if alike else (47, 18)
            logits, event = self.logits + weft.zeros_like(event), event + weft.zeros_like(self.logits)
            return -weft.nn.sigmoid_cross_entropy_with_logits(labels=event, logits=logits)

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        with standing_for(8) as standing:
            standing.gradients = (28, 9)
            return weft.nn.sigmoid_cross_entropy_with_logits(labels=self.probs, logits=self.logits)

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        return weft.identity(self.probs)

    def variance(self, name: str = "variance") -> Any:
        """The variance."""
        return self.probs * (1.0 - self.probs)

    def mode(self, name: str = "mode") -> Any:
        """The likelier value."""
        return weft.cast(self.probs > 0.5, self.dtype)


class Categorical(Distribution):
    """Distributions of classes, by number.

    Args:
        logits: `[..., classes]`, the logarithms of the probabilities but for a common term.
        probs: Or the probabilities.
        dtype: Of the draws.
        validate_args: Accepted.
        allow_nan_stats: Accepted.
        name: Its name.
    """

    def __init__(self, logits: Any = None, probs: Any = None, dtype: Any = dtypes.int32, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str = "Categorical") -> None:  # fmt: skip
        parameters = dict(locals())
        if (logits is None) == (probs is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if logits is not None:
            self.logits = frontdoor.convert(logits, name="logits")
            self.probs = weft.nn.softmax(self.logits)
        else:
            self.probs = frontdoor.convert(probs, name="probs")
            self.logits = weft.math.log(self.probs)
        super().__init__(name, dtypes.as_dtype(dtype), self.logits[..., 0], parameters)
        shape = self.logits.shape.as_list() if self.logits.shape.rank else [None]
        further(3 * (None in shape[:-1]) + 5 * (shape[-1] is None))  # sizes are taken out of the shape there

    @property
    def event_size(self) -> Any:
        """How many classes there are."""
        return weft.shape(self.logits)[-1]

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        before = (1 if np.ndim(sample_shape) else 2) + (0 if self.logits.shape.rank == 2 else 3)  # rows are made of it
        with standing_for(before + 17) as standing:
            wanted = self._shape(sample_shape)
            rows = weft.reshape(self.logits, weft.stack([-1, self.event_size]))
            count = math.prod(wanted[: len(wanted) - len(self._batch.shape)])
            standing.so_far(before)
            drawn = weft.random.categorical(rows, count, dtypes.int32, seed)
            return weft.cast(weft.reshape(weft.transpose(drawn), wanted), self.dtype)

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the probability of classes."""
        index = frontdoor.convert(value, dtypes.int32)
        alike = _all_known(index, self.logits) and index.shape == self.logits.shape[:-1]
        with standing_for(3 if alike else 19) as standing:
            standing.gradients = (6, 0) if alike else (15, 3)
            logits = self.logits + weft.zeros_like(weft.cast(index, self.logits.dtype))[..., None]
            index = index + weft.zeros_like(weft.cast(logits[..., 0], index.dtype))
            return -weft.nn.sparse_softmax_cross_entropy_with_logits(labels=index, logits=logits)

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        return -weft.reduce_sum(weft.nn.log_softmax(self.logits) * self.probs, -1)

    def mode(self, name: str = "mode") -> Any:
        """The likeliest class."""
        with standing_for(2):
            return weft.cast(weft.argmax(self.logits, -1), self.dtype)


@RegisterKL(Normal, Normal)
def _between_normals(a: Normal, b: Normal, name: str | None = None) -> Any:
    one, two, half = (weft.constant(number, a.dtype) for number in (1.0, 2.0, 0.5))
    own, others = weft.square(a.scale), weft.square(b.scale)
    ratio = own / others
    distance = weft.math.squared_difference(a.loc, b.loc) / (two * others)
    return distance + half * (ratio - one - weft.math.log(ratio))


@RegisterKL(Categorical, Categorical)
def _between_categoricals(a: Categorical, b: Categorical, name: str | None = None) -> Any:
    difference = weft.nn.log_softmax(a.logits) - weft.nn.log_softmax(b.logits)
    return weft.reduce_sum(weft.nn.softmax(a.logits) * difference, -1)


@RegisterKL(Bernoulli, Bernoulli)
def _between_bernoullis(a: Bernoulli, b: Bernoulli, name: str | None = None) -> Any:
    ones = weft.math.softplus(-b.logits) - weft.math.softplus(-a.logits)
    zeros = weft.math.softplus(b.logits) - weft.math.softplus(a.logits)
    return a.probs * ones + (1.0 - a.probs) * zeros


@RegisterKL(Uniform, Uniform)
def _between_uniforms(a: Uniform, b: Uniform, name: str | None = None) -> Any:
    inside = weft.logical_and(b.low <= a.low, a.high <= b.high)
    found = weft.math.log((b.high - b.low) / (a.high - a.low))
    return weft.where(inside, found, weft.fill(weft.shape(found), weft.cast(math.inf, found.dtype)))
