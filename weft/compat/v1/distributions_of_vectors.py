"""Distributions whose draws are vectors: shares, counts of classes, and independent normal numbers."""

from __future__ import annotations

import math
from typing import Any

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1.distribution_base import FULLY_REPARAMETERIZED, Distribution, RegisterKL, another_seed
from weft.runtime import frontdoor


def _draws(wanted: list[Any], distribution: Distribution) -> int:
    """How many draws a shape asks for of each member of a batch."""
    return math.prod(wanted[: len(wanted) - distribution.batch_shape.rank])


def _outer(vector: Any) -> Any:
    return vector[..., :, None] * vector[..., None, :]


def _log_arrangements(total: Any, counts: Any) -> Any:
    """The logarithm of the number of orders in which so many of each class come."""
    return weft.math.lgamma(total + 1.0) - weft.reduce_sum(weft.math.lgamma(counts + 1.0), -1)


def _counts(total: Any, logits: Any, dtype: Any, seed: Any) -> Any:
    """How often each class comes up in `total` draws: `[draws, *batch, classes]` for logits of that shape."""
    most = weft.cast(weft.reduce_max(total), dtypes.int32)
    classes = logits.shape[-1]
    rows = weft.random.categorical(weft.reshape(logits, [-1, classes]), most, dtypes.int32, seed)
    each = weft.cast(weft.reshape(total + weft.zeros_like(logits[..., 0]), [-1]), dtypes.int32)
    counted = weft.range(most)[None, :] < each[:, None]
    ones = weft.one_hot(rows, classes, dtype=dtype) * weft.cast(counted, dtype)[..., None]
    return weft.reshape(weft.reduce_sum(ones, 1), weft.shape(logits))


class Dirichlet(Distribution):
    """Dirichlet distributions, of shares that add up to 1.

    Args:
        concentration: `[..., shares]`.
        validate_args: Whether concentrations that are not positive raise when they are run.
        allow_nan_stats: Whether the mode is not-a-number where there is none; else it raises when run.
        name: Its name.
    """

    reparameterization_type = FULLY_REPARAMETERIZED

    def __init__(self, concentration: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Dirichlet") -> None:  # fmt: skip
        super().__init__(name, None, None, dict(locals()))
        self.concentration = self._parameter(concentration, "concentration", positive=True)
        if self.concentration.shape.rank == 0:
            raise ValueError(explain("Dirichlet: `concentration` has an axis of shares.", expected="[..., shares]",
                                     received=str(self.concentration.type)))  # fmt: skip
        self.dtype = self.concentration.dtype
        self.total_concentration = self._batch = weft.reduce_sum(self.concentration, -1)

    @property
    def event_shape(self) -> Any:
        """How many shares there are."""
        return self.concentration.shape[-1:]

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape, shares]`."""
        wanted = self._shape(sample_shape)
        count = wanted[: len(wanted) - self.batch_shape.rank]
        drawn = weft.random.gamma(count, self.concentration, None, self.dtype, seed)
        return drawn / weft.reduce_sum(drawn, -1, keepdims=True)

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density at shares."""
        x = frontdoor.convert(value, self.dtype)
        return weft.reduce_sum((self.concentration - 1.0) * weft.math.log(x), -1) - weft.math.lbeta(self.concentration)

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        a, digamma = self.concentration, weft.math.digamma
        whole = (self.total_concentration - weft.cast(weft.shape(a)[-1], self.dtype)) * digamma(self._batch)
        return weft.math.lbeta(a) + whole - weft.reduce_sum((a - 1.0) * digamma(a), -1)

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        return self.concentration / self.total_concentration[..., None]

    def covariance(self, name: str = "covariance") -> Any:
        """The covariances of the shares."""
        mean = self.mean()
        spread = weft.linalg.diag(mean) - _outer(mean)
        return spread / (1.0 + self.total_concentration)[..., None, None]

    def variance(self, name: str = "variance") -> Any:
        """The variances of the shares."""
        mean = self.mean()
        return mean * (1.0 - mean) / (1.0 + self.total_concentration)[..., None]

    def mode(self, name: str = "mode") -> Any:
        """The shares of the greatest density; there are none unless all concentrations are above 1."""
        classes = weft.cast(weft.shape(self.concentration)[-1], self.dtype)
        mode = (self.concentration - 1.0) / (self.total_concentration - classes)[..., None]
        defined = weft.reduce_all(self.concentration > 1.0, -1, keepdims=True)
        return self._where_defined(mode, defined, "there is no mode for concentrations up to 1")


class Multinomial(Distribution):
    """Multinomial distributions: how often each class comes up.

    Args:
        total_count: How many draws there are.
        logits: `[..., classes]`, the logarithms of the probabilities but for a common term.
        probs: Or the probabilities.
        validate_args: Whether counts that are not positive raise when they are run.
        allow_nan_stats: Accepted: all statistics are defined.
        name: Its name.
    """

    def __init__(self, total_count: Any, logits: Any = None, probs: Any = None, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str = "Multinomial") -> None:  # fmt: skip
        super().__init__(name, None, None, dict(locals()))
        if (logits is None) == (probs is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if logits is not None:
            self.logits = self._parameter(logits, "logits")
            self.probs = weft.nn.softmax(self.logits)
        else:
            self.probs = self._parameter(probs, "probs")
            self.logits = weft.math.log(self.probs)
        self.dtype = self.probs.dtype
        self.total_count = self._parameter(total_count, "total_count", self.dtype, positive=True)
        self._batch = weft.zeros_like(self.probs[..., 0]) + self.total_count

    @property
    def event_shape(self) -> Any:
        """How many classes there are."""
        return self.probs.shape[-1:]

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape, classes]`."""
        wanted, classes = self._shape(sample_shape), self.logits.shape[-1]
        batch = self.logits + weft.zeros_like(self._batch)[..., None]
        logits = batch + weft.zeros([_draws(wanted, self), *[1] * batch.shape.rank], self.dtype)
        return weft.reshape(_counts(self.total_count, logits, self.dtype, seed), [*wanted, classes])

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the probability of counts."""
        counts = frontdoor.convert(value, self.dtype)
        chosen = weft.reduce_sum(counts * weft.nn.log_softmax(self.logits), -1)
        return chosen + _log_arrangements(self.total_count, counts)

    def mean(self, name: str = "mean") -> Any:
        """The mean counts."""
        return self.total_count[..., None] * self.probs

    def covariance(self, name: str = "covariance") -> Any:
        """The covariances of the counts."""
        return self.total_count[..., None, None] * (weft.linalg.diag(self.probs) - _outer(self.probs))

    def variance(self, name: str = "variance") -> Any:
        """The variances of the counts."""
        return self.mean() * (1.0 - self.probs)


class DirichletMultinomial(Distribution):
    """Multinomial distributions whose probabilities are drawn from a Dirichlet distribution.

    Args:
        total_count: How many draws there are.
        concentration: `[..., classes]`, of the Dirichlet distribution.
        validate_args: Whether parameters that are not positive raise when they are run.
        allow_nan_stats: Accepted: all statistics are defined.
        name: Its name.
    """

    def __init__(self, total_count: Any, concentration: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "DirichletMultinomial") -> None:  # fmt: skip
        super().__init__(name, None, None, dict(locals()))
        self.concentration = self._parameter(concentration, "concentration", positive=True)
        self.dtype = self.concentration.dtype
        self.total_count = self._parameter(total_count, "total_count", self.dtype, positive=True)
        self.total_concentration = weft.reduce_sum(self.concentration, -1)
        self._batch = self.total_concentration + weft.zeros_like(self.total_count)

    @property
    def event_shape(self) -> Any:
        """How many classes there are."""
        return self.concentration.shape[-1:]

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape, classes]`."""
        wanted, classes = self._shape(sample_shape), self.concentration.shape[-1]
        batch = self.concentration + weft.zeros_like(self._batch)[..., None]
        rates = weft.random.gamma([_draws(wanted, self)], batch, None, self.dtype, another_seed(seed, "shares"))
        found = _counts(self.total_count, weft.math.log(rates), self.dtype, another_seed(seed, "counts"))
        return weft.reshape(found, [*wanted, classes])

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the probability of counts."""
        counts = frontdoor.convert(value, self.dtype)
        shares = weft.math.lbeta(self.concentration + counts) - weft.math.lbeta(self.concentration)
        return shares + _log_arrangements(self.total_count, counts)

    def mean(self, name: str = "mean") -> Any:
        """The mean counts."""
        return self.total_count[..., None] * self._shares()

    def _shares(self) -> Any:
        return self.concentration / self.total_concentration[..., None]

    def _spread(self) -> Any:
        whole = self.total_concentration
        return self.total_count * (self.total_count + whole) / (1.0 + whole)

    def covariance(self, name: str = "covariance") -> Any:
        """The covariances of the counts."""
        shares = self._shares()
        return self._spread()[..., None, None] * (weft.linalg.diag(shares) - _outer(shares))

    def variance(self, name: str = "variance") -> Any:
        """The variances of the counts."""
        shares = self._shares()
        return self._spread()[..., None] * shares * (1.0 - shares)


class MultivariateNormalDiag(Distribution):
    """Vectors of independent normal numbers: the policies of many programs that learn continuous actions.

    Args:
        loc: `[..., n]`, the means; zeros where None.
        scale_diag: `[..., n]`, the standard deviations; ones where None.
        scale_identity_multiplier: `[...]`, what is added to each of them, or where there is no `scale_diag` what
            they are.
        validate_args: Whether standard deviations that are not positive raise when they are run.
        allow_nan_stats: Accepted: all statistics are defined.
        name: Its name.
    """

    reparameterization_type = FULLY_REPARAMETERIZED

    def __init__(self, loc: Any = None, scale_diag: Any = None, scale_identity_multiplier: Any = None,
                 validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "MultivariateNormalDiag") -> None:  # fmt: skip
        super().__init__(name, None, None, dict(locals()))
        if loc is None and scale_diag is None:
            raise ValueError(explain("MultivariateNormalDiag needs `loc` or `scale_diag`.",
                                     hint="either of them tells how long a draw is"))  # fmt: skip
        self.loc = None if loc is None else self._parameter(loc, "loc")
        dtype: Any = None if self.loc is None else self.loc.dtype
        diag: Any = None if scale_diag is None else self._parameter(scale_diag, "scale_diag", dtype)
        dtype = dtype or diag.dtype
        if scale_identity_multiplier is not None:
            more = self._parameter(scale_identity_multiplier, "scale_identity_multiplier", dtype)[..., None]
            diag = more + (weft.zeros_like(self.loc) if diag is None else diag)
        elif diag is None:
            diag = weft.ones_like(self.loc)
        diag = self._parameter(diag, "scale_diag", positive=True)
        self.dtype = dtype
        self._alike = scale_diag is None, scale_identity_multiplier
        self._diag, self._mean = diag, weft.zeros_like(diag) + (0.0 if self.loc is None else self.loc)
        self._stddev = weft.abs(diag) + weft.zeros_like(self._mean)

    def _like(self) -> Any:
        return self._mean[..., 0]

    @property
    def scale(self) -> Any:
        """The scale, as a linear operator."""
        alike, number = self._alike
        if not alike or self.event_shape[0] is None:
            return weft.linalg.LinearOperatorDiag(self._diag)
        if number is None:
            return weft.linalg.LinearOperatorIdentity(self.event_shape[0], dtype=self.dtype)
        return weft.linalg.LinearOperatorScaledIdentity(self.event_shape[0], self._diag[..., 0])

    @property
    def event_shape(self) -> Any:
        """How long a draw is."""
        return self._mean.shape[-1:]

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape, n]`."""
        wanted = [*self._shape(sample_shape), *self.event_shape.symbolic]
        return weft.random.normal(wanted, dtype=self.dtype, seed=seed) * self._diag + self._mean

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density at vectors."""
        z = (frontdoor.convert(value, self.dtype) - self._mean) / self._diag
        return -weft.reduce_sum(0.5 * weft.square(z) + 0.5 * math.log(2 * math.pi) + weft.math.log(self._stddev), -1)

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        return weft.reduce_sum(0.5 * math.log(2 * math.pi * math.e) + weft.math.log(self._stddev), -1)

    def mean(self, name: str = "mean") -> Any:
        """The means."""
        return weft.identity(self._mean)

    mode = mean

    def stddev(self, name: str = "stddev") -> Any:
        """The standard deviations."""
        return weft.identity(self._stddev)

    def variance(self, name: str = "variance") -> Any:
        """The variances."""
        return weft.square(self._stddev)

    def covariance(self, name: str = "covariance") -> Any:
        """The covariances: `[..., n, n]`, zero but for the diagonal."""
        return weft.linalg.diag(self.variance())


class MultivariateNormalDiagWithSoftplusScale(MultivariateNormalDiag):
    """Vectors of independent normal numbers whose standard deviations are given before softplus.

    Args:
        loc: `[..., n]`, the means.
        scale_diag: `[..., n]`; the standard deviations are `softplus(scale_diag)`.
        validate_args: As for MultivariateNormalDiag.
        allow_nan_stats: Accepted.
        name: Its name.
    """

    def __init__(self, loc: Any, scale_diag: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "MultivariateNormalDiagWithSoftplusScale") -> None:  # fmt: skip
        parameters = dict(locals())
        super().__init__(loc, weft.math.softplus(frontdoor.convert(scale_diag)), None, validate_args, allow_nan_stats,
                         name)  # fmt: skip
        self.parameters = {key: parameters[key] for key in self.parameters if key in parameters}


@RegisterKL(Dirichlet, Dirichlet)
def _between_dirichlets(a: Dirichlet, b: Dirichlet, name: str | None = None) -> Any:
    digamma = weft.math.digamma
    differences = digamma(a.concentration) - digamma(a.total_concentration)[..., None]
    terms = weft.reduce_sum((a.concentration - b.concentration) * differences, -1)
    return terms - weft.math.lbeta(a.concentration) + weft.math.lbeta(b.concentration)


@RegisterKL(MultivariateNormalDiag, MultivariateNormalDiag)
def _between_vectors(a: MultivariateNormalDiag, b: MultivariateNormalDiag, name: str | None = None) -> Any:
    ratio = a.variance() / b.variance()
    terms = ratio + weft.square(a.mean() - b.mean()) / b.variance() - 1.0 - weft.math.log(ratio)
    return 0.5 * weft.reduce_sum(terms, -1)
