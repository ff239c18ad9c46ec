"""`tf.distributions`: the distributions that programs of version 1 draw from and score with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1 import operation_tables
from weft.runtime import frontdoor
from weft.runtime.operation_counts import further, standing_for

FULLY_REPARAMETERIZED, NOT_REPARAMETERIZED = "FULLY_REPARAMETERIZED", "NOT_REPARAMETERIZED"


class Distribution:
    """What all distributions have; each of their parameters may be a batch."""

    reparameterization_type = NOT_REPARAMETERIZED

    def __init__(self, name: str, dtype: Any, batch: Any) -> None:
        self.name, self.dtype, self._batch = name, dtype, batch

    def _like(self) -> Any:
        """A tensor of the batch's shape."""
        return self._batch

    @property
    def batch_shape(self) -> Any:
        """The shape of the batch."""
        return self._like().shape

    @property
    def event_shape(self) -> Any:
        """The shape of one draw."""
        return weft.TensorShape([])

    def _shape(self, sample_shape: Any) -> Any:
        first = weft.get_static_value(weft.reshape(frontdoor.convert(sample_shape, dtypes.int32), [-1]))
        batch = self._like().shape.symbolic
        if first is None or batch is None:
            raise ValueError(explain(f"{type(self).__name__}.sample needs to know `sample_shape` and the batch's rank.",
                                     received=repr(sample_shape)))  # fmt: skip
        return [*first.tolist(), *batch]

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        raise NotImplementedError(explain(f"{type(self).__name__} does not draw."))

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density, or of the probability, at values."""
        raise NotImplementedError(explain(f"{type(self).__name__} has no log_prob."))

    def prob(self, value: Any, name: str = "prob") -> Any:
        """The density, or the probability, at values."""
        return weft.exp(self.log_prob(value))

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        raise NotImplementedError(explain(f"{type(self).__name__} has no mean."))

    def variance(self, name: str = "variance") -> Any:
        """The variance."""
        raise NotImplementedError(explain(f"{type(self).__name__} has no variance."))

    def stddev(self, name: str = "stddev") -> Any:
        """The standard deviation."""
        return weft.sqrt(self.variance())

    def kl_divergence(self, other: Any, name: str = "kl_divergence") -> Any:
        """The Kullback-Leibler divergence to another distribution of the same kind."""
        return kl_divergence(self, other)


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
        self.loc = frontdoor.convert(loc, name="loc")
        self.scale = frontdoor.convert(scale, self.loc.dtype, name="scale")
        super().__init__(name, self.loc.dtype, None)
        further(2)  # both by the distribution's own name

    def _like(self) -> Any:
        return self.loc + weft.zeros_like(self.scale)

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        # the shape is put together in the graph, out of those of the parameters where they are not known
        before = 6 if operation_tables.known(self.loc.shape) and operation_tables.known(self.scale.shape) else 8
        before += 1 if np.ndim(sample_shape) else 2
        with standing_for(before + 13) as standing:
            shape = self._shape(sample_shape)
            standing.so_far(before)
            drawn = weft.random.normal(shape, dtype=self.dtype, seed=seed)
            return drawn * self.scale + self.loc

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density at values."""
        z = (frontdoor.convert(value, self.dtype) - self.loc) / self.scale
        return -0.5 * weft.square(z) - (0.5 * math.log(2 * math.pi) + weft.math.log(self.scale))

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """The probability of a smaller value."""
        z = (frontdoor.convert(value, self.dtype) - self.loc) / self.scale
        return 0.5 * (1.0 + weft.math.erf(z / math.sqrt(2)))

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        return 0.5 * math.log(2 * math.pi * math.e) + weft.math.log(self.scale) + weft.zeros_like(self.loc)

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        return self._like()

    mode = mean

    def variance(self, name: str = "variance") -> Any:
        """The variance."""
        return weft.square(self.scale) + weft.zeros_like(self.loc)


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
        self.low = frontdoor.convert(low, name="low")
        self.high = frontdoor.convert(high, self.low.dtype, name="high")
        super().__init__(name, self.low.dtype, None)

    def _like(self) -> Any:
        return self.low + weft.zeros_like(self.high)

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        drawn = weft.random.uniform(self._shape(sample_shape), dtype=self.dtype, seed=seed)
        return self.low + drawn * (self.high - self.low)

    def prob(self, value: Any, name: str = "prob") -> Any:
        """The density at values."""
        x = frontdoor.convert(value, self.dtype)
        inside = weft.logical_and(x >= self.low, x < self.high)
        density = weft.ones_like(x) / (self.high - self.low)
        return weft.where(inside, density, weft.zeros_like(density))

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density at values."""
        return weft.math.log(self.prob(value))

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
        if (logits is None) == (probs is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if logits is not None:
            self.logits = frontdoor.convert(logits, name="logits")
            self.probs = weft.sigmoid(self.logits)
        else:
            self.probs = frontdoor.convert(probs, name="probs")
            self.logits = weft.math.log(self.probs) - weft.math.log1p(-self.probs)
        super().__init__(name, dtypes.as_dtype(dtype), self.probs)

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        drawn = weft.random.uniform(self._shape(sample_shape), dtype=self.probs.dtype, seed=seed)
        return weft.cast(drawn < self.probs, self.dtype)

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the probability of values."""
        event = weft.cast(frontdoor.convert(value), self.logits.dtype)
        logits, event = self.logits + weft.zeros_like(event), event + weft.zeros_like(self.logits)
        return -weft.nn.sigmoid_cross_entropy_with_logits(labels=event, logits=logits)

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        return weft.nn.sigmoid_cross_entropy_with_logits(labels=self.probs, logits=self.logits)

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        return self.probs

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
        if (logits is None) == (probs is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if logits is not None:
            self.logits = frontdoor.convert(logits, name="logits")
            self.probs = weft.nn.softmax(self.logits)
        else:
            self.probs = frontdoor.convert(probs, name="probs")
            self.logits = weft.math.log(self.probs)
        super().__init__(name, dtypes.as_dtype(dtype), self.logits[..., 0])

    @property
    def event_size(self) -> Any:
        """How many classes there are."""
        return weft.shape(self.logits)[-1]

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        wanted = self._shape(sample_shape)
        rows = weft.reshape(self.logits, weft.stack([-1, self.event_size]))
        count = math.prod(wanted[: len(wanted) - len(self._batch.shape)])
        drawn = weft.random.categorical(rows, count, dtypes.int32, seed)
        return weft.cast(weft.reshape(weft.transpose(drawn), wanted), self.dtype)

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the probability of classes."""
        index = frontdoor.convert(value, dtypes.int32)
        logits = self.logits + weft.zeros_like(weft.cast(index, self.logits.dtype))[..., None]
        index = index + weft.zeros_like(weft.cast(logits[..., 0], index.dtype))
        return -weft.nn.sparse_softmax_cross_entropy_with_logits(labels=index, logits=logits)

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        return -weft.reduce_sum(weft.nn.log_softmax(self.logits) * weft.nn.softmax(self.logits), -1)

    def mode(self, name: str = "mode") -> Any:
        """The likeliest class."""
        return weft.cast(weft.argmax(self.logits, -1), self.dtype)


def kl_divergence(distribution_a: Any, distribution_b: Any, allow_nan_stats: bool = True,
                  name: str | None = None) -> Any:  # fmt: skip
    """The Kullback-Leibler divergence from one distribution to another of the same kind.

    Raises:
        NotImplementedError: For other pairs.
    """
    a, b = distribution_a, distribution_b
    if isinstance(a, Normal) and isinstance(b, Normal):
        ratio = weft.square(a.scale / b.scale)
        return weft.square((a.loc - b.loc) / b.scale) / 2 + 0.5 * (ratio - 1.0 - weft.math.log(ratio))
    if isinstance(a, Categorical) and isinstance(b, Categorical):
        difference = weft.nn.log_softmax(a.logits) - weft.nn.log_softmax(b.logits)
        return weft.reduce_sum(weft.nn.softmax(a.logits) * difference, -1)
    if isinstance(a, Bernoulli) and isinstance(b, Bernoulli):
        ones = weft.math.softplus(-b.logits) - weft.math.softplus(-a.logits)
        zeros = weft.math.softplus(b.logits) - weft.math.softplus(a.logits)
        return a.probs * ones + (1.0 - a.probs) * zeros
    if isinstance(a, Uniform) and isinstance(b, Uniform):
        inside = weft.logical_and(b.low <= a.low, a.high <= b.high)
        found = weft.math.log((b.high - b.low) / (a.high - a.low))
        return weft.where(inside, found, weft.fill(weft.shape(found), weft.cast(math.inf, found.dtype)))
    raise NotImplementedError(explain("kl_divergence knows pairs of one kind: Normal, Categorical, Bernoulli, Uniform.",
                                      received=f"{type(a).__name__} and {type(b).__name__}"))  # fmt: skip
