"""Distributions of numbers that are made of gamma functions, or have heavy tails."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import weft
from weft.base.errors import explain
from weft.compat.v1.distribution_base import FULLY_REPARAMETERIZED, Distribution, RegisterKL, another_seed
from weft.runtime import frontdoor


def _log_beta(a: Any, b: Any) -> Any:
    return weft.math.lgamma(a) + weft.math.lgamma(b) - weft.math.lgamma(a + b)


class Gamma(Distribution):
    """Gamma distributions.

    Args:
        concentration: The shape parameters.
        rate: The inverse scales.
        validate_args: Whether parameters that are not positive raise when they are run.
        allow_nan_stats: Whether the mode is not-a-number where there is none; else it raises when run.
        name: Its name.
    """

    reparameterization_type = FULLY_REPARAMETERIZED

    def __init__(self, concentration: Any, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Gamma") -> None:  # fmt: skip
        super().__init__(name, None, None, dict(locals()))
        self._begin(concentration, rate)

    def _begin(self, concentration: Any, rate: Any) -> None:
        self.concentration = self._parameter(concentration, "concentration", positive=True)
        self.dtype = self.concentration.dtype
        self.rate = self._parameter(rate, "rate", self.dtype, positive=True)

    def _like(self) -> Any:
        return self.concentration + weft.zeros_like(self.rate)

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        wanted = self._shape(sample_shape)
        count = wanted[: len(wanted) - self.batch_shape.rank]
        return weft.random.gamma(count, self.concentration, self.rate, self.dtype, seed)

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density at values."""
        x = frontdoor.convert(value, self.dtype)
        scaled = (self.concentration - 1.0) * weft.math.log(x) - self.rate * x
        return scaled - (weft.math.lgamma(self.concentration) - self.concentration * weft.math.log(self.rate))

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """The probability of a smaller value."""
        x = self.rate * frontdoor.convert(value, self.dtype)
        return weft.math.igamma(self.concentration + weft.zeros_like(x), x)

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        a = self.concentration
        return a - weft.math.log(self.rate) + weft.math.lgamma(a) + (1.0 - a) * weft.math.digamma(a)

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        return self.concentration / self.rate

    def variance(self, name: str = "variance") -> Any:
        """The variance."""
        return self.concentration / weft.square(self.rate)

    def mode(self, name: str = "mode") -> Any:
        """The value of the greatest density; there is none for concentrations up to 1."""
        mode = (self.concentration - 1.0) / self.rate
        return self._where_defined(mode, self.concentration > 1.0, "there is no mode for concentrations up to 1")


class Exponential(Gamma):
    """Exponential distributions: of the time until something happens that happens at a rate.

    Args:
        rate: The inverse means.
        validate_args: Whether rates that are not positive raise when they are run.
        allow_nan_stats: As for Gamma.
        name: Its name.
    """

    def __init__(self, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Exponential") -> None:  # fmt: skip
        Distribution.__init__(self, name, None, None, dict(locals()))
        given = self._parameter(rate, "rate")
        self._begin(weft.ones_like(given), given)

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        least = np.finfo(self.dtype.as_numpy_dtype).tiny  # whose logarithm is a number
        drawn = weft.random.uniform(self._shape(sample_shape), least, 1.0, self.dtype, seed)
        return -weft.math.log(drawn) / self.rate


class Beta(Distribution):
    """Beta distributions, of numbers between 0 and 1.

    Args:
        concentration1: The parameters of 1.
        concentration0: The parameters of 0.
        validate_args: Whether parameters that are not positive raise when they are run.
        allow_nan_stats: Whether the mode is not-a-number where there is none; else it raises when run.
        name: Its name.
    """

    reparameterization_type = FULLY_REPARAMETERIZED

    def __init__(self, concentration1: Any = None, concentration0: Any = None, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str = "Beta") -> None:  # fmt: skip
        super().__init__(name, None, None, dict(locals()))
        if concentration1 is None or concentration0 is None:
            raise ValueError(explain("Beta needs `concentration1` and `concentration0`."))
        self.concentration1 = self._parameter(concentration1, "concentration1", positive=True)
        self.dtype = self.concentration1.dtype
        self.concentration0 = self._parameter(concentration0, "concentration0", self.dtype, positive=True)
        self.total_concentration = self.concentration1 + self.concentration0

    def _like(self) -> Any:
        return self.total_concentration

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        wanted, whole = self._shape(sample_shape), weft.zeros_like(self.total_concentration)
        count = wanted[: len(wanted) - self.batch_shape.rank]
        ones = weft.random.gamma(count, self.concentration1 + whole, None, self.dtype, another_seed(seed, "1"))
        zeros = weft.random.gamma(count, self.concentration0 + whole, None, self.dtype, another_seed(seed, "0"))
        return ones / (ones + zeros)

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density at values."""
        x, a, b = frontdoor.convert(value, self.dtype), self.concentration1, self.concentration0
        return (a - 1.0) * weft.math.log(x) + (b - 1.0) * weft.math.log1p(-x) - _log_beta(a, b)

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """The probability of a smaller value."""
        x = frontdoor.convert(value, self.dtype) + weft.zeros_like(self.total_concentration)
        none = weft.zeros_like(x)
        return weft.math.betainc(self.concentration1 + none, self.concentration0 + none, x)

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        a, b, both, digamma = self.concentration1, self.concentration0, self.total_concentration, weft.math.digamma
        return _log_beta(a, b) - (a - 1.0) * digamma(a) - (b - 1.0) * digamma(b) + (both - 2.0) * digamma(both)

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        return self.concentration1 / self.total_concentration

    def variance(self, name: str = "variance") -> Any:
        """The variance."""
        mean = self.mean()
        return mean * (1.0 - mean) / (1.0 + self.total_concentration)

    def mode(self, name: str = "mode") -> Any:
        """The value of the greatest density; there is none for concentrations up to 1."""
        mode = (self.concentration1 - 1.0) / (self.total_concentration - 2.0)
        defined = weft.logical_and(self.concentration1 > 1.0, self.concentration0 > 1.0)
        return self._where_defined(mode, defined, "there is no mode for concentrations up to 1")


class Laplace(Distribution):
    """Laplace distributions.

    Args:
        loc: The means.
        scale: How far apart, on average, draws lie from them.
        validate_args: Whether scales that are not positive raise when they are run.
        allow_nan_stats: Accepted: all statistics are defined.
        name: Its name.
    """

    reparameterization_type = FULLY_REPARAMETERIZED

    def __init__(self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Laplace") -> None:  # fmt: skip
        super().__init__(name, None, None, dict(locals()))
        self.loc = self._parameter(loc, "loc")
        self.dtype = self.loc.dtype
        self.scale = self._parameter(scale, "scale", self.dtype, positive=True)
        self._batch = self.loc + weft.zeros_like(self.scale)

    def _z(self, value: Any) -> Any:
        return (frontdoor.convert(value, self.dtype) - self.loc) / self.scale

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        kind = self.dtype.as_numpy_dtype
        least = np.nextafter(kind(-1.0), kind(0.0))  # at -1 there would be no logarithm
        drawn = weft.random.uniform(self._shape(sample_shape), least, 1.0, self.dtype, seed)
        return self.loc - self.scale * weft.sign(drawn) * weft.math.log1p(-weft.abs(drawn))

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density at values."""
        return -weft.abs(self._z(value)) - math.log(2.0) - weft.math.log(self.scale)

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """The probability of a smaller value."""
        z = self._z(value)
        return 0.5 + 0.5 * weft.sign(z) * (1.0 - weft.exp(-weft.abs(z)))

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Any:
        """The logarithm of `cdf`, exact far below the mean too."""
        z = self._z(value)
        below = weft.minimum(z, 0.0) - math.log(2.0)
        return weft.where(z < 0, below, weft.math.log1p(-0.5 * weft.exp(-weft.abs(z))))

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Any:
        """The logarithm of `survival_function`, exact far above the mean too."""
        z = -self._z(value)
        above = weft.minimum(z, 0.0) - math.log(2.0)
        return weft.where(z < 0, above, weft.math.log1p(-0.5 * weft.exp(-weft.abs(z))))

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        return weft.math.log(2.0 * math.e * self.scale) + weft.zeros_like(self.loc)

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        return self._batch

    median = mode = mean

    def stddev(self, name: str = "stddev") -> Any:
        """The standard deviation."""
        return math.sqrt(2.0) * self.scale + weft.zeros_like(self.loc)

    def variance(self, name: str = "variance") -> Any:
        """The variance."""
        return weft.square(self.stddev())


class StudentT(Distribution):
    """Student's t-distributions.

    Args:
        df: The degrees of freedom.
        loc: The centres.
        scale: The scales; their signs do not matter.
        validate_args: Whether degrees of freedom that are not positive raise when they are run.
        allow_nan_stats: Whether statistics are not-a-number where there are none; else they raise when run.
        name: Its name.
    """

    reparameterization_type = FULLY_REPARAMETERIZED

    def __init__(self, df: Any, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "StudentT") -> None:  # fmt: skip
        super().__init__(name, None, None, dict(locals()))
        self.df = self._parameter(df, "df", positive=True)
        self.dtype = self.df.dtype
        self.loc = self._parameter(loc, "loc", self.dtype)
        self.scale = self._parameter(scale, "scale", self.dtype)
        self._batch = weft.zeros_like(self.df) + self.loc + weft.zeros_like(self.scale)

    def _y(self, value: Any) -> Any:
        return (frontdoor.convert(value, self.dtype) - self.loc) / self.scale

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape]`."""
        wanted = self._shape(sample_shape)
        count = wanted[: len(wanted) - self.batch_shape.rank]
        half = 0.5 * self.df + weft.zeros_like(self._batch)
        normal = weft.random.normal(wanted, dtype=self.dtype, seed=another_seed(seed, "normal"))
        spread = weft.random.gamma(count, half, half, self.dtype, another_seed(seed, "gamma"))
        return normal * weft.math.rsqrt(spread) * self.scale + self.loc

    def _log_normalization(self) -> Any:
        half = weft.math.lgamma(0.5 * self.df) - weft.math.lgamma(0.5 * (self.df + 1.0))
        return weft.math.log(weft.abs(self.scale)) + 0.5 * weft.math.log(self.df) + 0.5 * math.log(math.pi) + half

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density at values."""
        y = self._y(value)
        return -0.5 * (self.df + 1.0) * weft.math.log1p(weft.square(y) / self.df) - self._log_normalization()

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """The probability of a smaller value."""
        y = (frontdoor.convert(value, self.dtype) - self.loc) / weft.abs(self.scale)
        x = self.df / (weft.square(y) + self.df)
        none = weft.zeros_like(x)
        below = 0.5 * weft.math.betainc(0.5 * self.df + none, 0.5 + none, x)
        return weft.where(weft.less(y + none, 0.0), below, 1.0 - below)

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy."""
        half, more = 0.5 * self.df, 0.5 * (self.df + 1.0)
        beta = _log_beta(weft.cast(0.5, self.dtype), half)
        steep = more * (weft.math.digamma(more) - weft.math.digamma(half))
        found = weft.math.log(weft.abs(self.scale)) + 0.5 * weft.math.log(self.df) + beta + steep
        return found + weft.zeros_like(self._batch)

    def mean(self, name: str = "mean") -> Any:
        """The mean; there is none for up to one degree of freedom."""
        return self._where_defined(self._batch, self.df > 1.0, "there is no mean for up to one degree of freedom")

    def variance(self, name: str = "variance") -> Any:
        """The variance; infinite for up to two degrees of freedom, and there is none for up to one."""
        none = weft.zeros_like(self._batch)
        df = self.df + none
        finite = df > 2.0
        spread = weft.square(self.scale) * df / weft.where(finite, df - 2.0, none + 1.0)
        found = weft.where(finite, spread, weft.fill(weft.shape(none), weft.cast(math.inf, self.dtype)))
        return self._where_defined(found, df > 1.0, "there is no variance for up to one degree of freedom")

    def mode(self, name: str = "mode") -> Any:
        """The centre."""
        return weft.identity(self._batch)


@RegisterKL(Gamma, Gamma)
def _between_gammas(a: Gamma, b: Gamma, name: str | None = None) -> Any:
    log, lgamma, p, q = weft.math.log, weft.math.lgamma, a.concentration, b.concentration
    return ((p - q) * weft.math.digamma(p) + lgamma(q) - lgamma(p) + q * (log(a.rate) - log(b.rate))
            + p * (b.rate / a.rate - 1.0))  # fmt: skip


@RegisterKL(Beta, Beta)
def _between_betas(a: Beta, b: Beta, name: str | None = None) -> Any:
    digamma = weft.math.digamma
    ones, zeros = a.concentration1 - b.concentration1, a.concentration0 - b.concentration0
    terms = ones * digamma(a.concentration1) + zeros * digamma(a.concentration0)
    norms = _log_beta(b.concentration1, b.concentration0) - _log_beta(a.concentration1, a.concentration0)
    return norms + terms - (ones + zeros) * digamma(a.total_concentration)
