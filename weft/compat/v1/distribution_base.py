"""What the distributions of `tf.distributions` have in common, and divergences between kinds of them."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor


class ReparameterizationType:
    """Whether draws are a function of the parameters through which gradients flow.

    Args:
        rep_type: Its name.
    """

    def __init__(self, rep_type: str) -> None:
        self._rep_type = rep_type

    def __repr__(self) -> str:
        return f"<Reparameterization Type: {self._rep_type}>"


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


class Distribution:
    """What all distributions have; each of their parameters may be a batch."""

    reparameterization_type = NOT_REPARAMETERIZED

    def __init__(self, name: str, dtype: Any, batch: Any, parameters: Mapping[str, Any] | None = None) -> None:
        self.name, self.dtype, self._batch = name, dtype, batch
        self.parameters = {key: value for key, value in (parameters or {}).items() if key not in ("self", "__class__")}
        self.validate_args = bool(self.parameters.get("validate_args", False))
        self.allow_nan_stats = bool(self.parameters.get("allow_nan_stats", True))

    def copy(self, **override_parameters_kwargs: Any) -> Any:
        """One of the same kind with other parameters in the place of some."""
        return type(self)(**{**self.parameters, **override_parameters_kwargs})

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

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Any:
        """The shape of the batch, as a tensor."""
        return weft.shape(self._like())

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Any:
        """The shape of one draw, as a tensor."""
        return frontdoor.convert(self.event_shape.as_list(), dtypes.int32)

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> Any:
        """Whether there is one distribution, rather than a batch."""
        return weft.equal(weft.rank(self._like()), 0)

    def is_scalar_event(self, name: str = "is_scalar_event") -> Any:
        """Whether a draw is a number."""
        return frontdoor.convert(self.event_shape.rank == 0)

    def _shape(self, sample_shape: Any) -> Any:
        first = weft.get_static_value(weft.reshape(frontdoor.convert(sample_shape, dtypes.int32), [-1]))
        batch = self._like().shape.symbolic
        if first is None or batch is None:
            raise ValueError(explain(f"{type(self).__name__}.sample needs to know `sample_shape` and the batch's rank.",
                                     received=repr(sample_shape)))  # fmt: skip
        return [*first.tolist(), *batch]

    def _missing(self, method: str) -> NotImplementedError:
        return NotImplementedError(explain(f"{method} is not implemented: {type(self).__name__}."))

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape, *event_shape]`."""
        raise self._missing("sample")

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density, or of the probability, at values."""
        raise self._missing("log_prob")

    def prob(self, value: Any, name: str = "prob") -> Any:
        """The density, or the probability, at values."""
        return weft.exp(self.log_prob(value))

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """The probability of a value that is no greater."""
        raise self._missing("cdf")

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Any:
        """The logarithm of `cdf`."""
        return weft.math.log(self.cdf(value))

    def survival_function(self, value: Any, name: str = "survival_function") -> Any:
        """The probability of a greater value."""
        return 1.0 - self.cdf(value)

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Any:
        """The logarithm of `survival_function`."""
        return weft.math.log1p(-self.cdf(value))

    def quantile(self, value: Any, name: str = "quantile") -> Any:
        """The value that is not exceeded with a probability."""
        raise self._missing("quantile")

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy, in nats."""
        raise self._missing("entropy")

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        raise self._missing("mean")

    def mode(self, name: str = "mode") -> Any:
        """The likeliest value."""
        raise self._missing("mode")

    def variance(self, name: str = "variance") -> Any:
        """The variance."""
        raise self._missing("variance")

    def stddev(self, name: str = "stddev") -> Any:
        """The standard deviation."""
        return weft.sqrt(self.variance())

    def covariance(self, name: str = "covariance") -> Any:
        """The covariances of a draw's elements."""
        raise self._missing("covariance")

    def kl_divergence(self, other: Any, name: str = "kl_divergence") -> Any:
        """The Kullback-Leibler divergence to another distribution."""
        return kl_divergence(self, other, self.allow_nan_stats)

    def cross_entropy(self, other: Any, name: str = "cross_entropy") -> Any:
        """The cross-entropy with another distribution."""
        return self.entropy() + self.kl_divergence(other)

    # What kinds ask of their parameters ------------------------------------------------------------------------------

    def _parameter(self, value: Any, name: str, dtype: Any = None, positive: bool = False) -> Any:
        """A parameter, of floats; where arguments are validated it raises when run unless it is positive."""
        tensor = frontdoor.convert(value, dtype, name=name)
        if not tensor.dtype.is_floating:
            raise ValueError(explain(f"{type(self).__name__}: `{name}` is made of floats.",
                                     received=str(tensor.type), hint=f"{name}=1.0 rather than 1"))  # fmt: skip
        if not (positive and self.parameters.get("validate_args")):
            return tensor
        return checked(tensor, tensor > 0, f"{type(self).__name__}: `{name}` must be positive")

    def _where_defined(self, value: Any, defined: Any, what: str) -> Any:
        """A statistic where there is one, else not-a-number; without `allow_nan_stats` it raises there."""
        if not self.allow_nan_stats:
            return checked(value, defined, f"{type(self).__name__}: {what}")
        nan = weft.fill(weft.shape(value), weft.cast(math.nan, value.dtype))
        return weft.where(weft.logical_and(defined, weft.ones_like(value, weft.bool)), value, nan)


def checked(value: Any, holds: Any, message: str) -> Any:
    """A value that raises when it is run unless something holds everywhere."""
    with weft.control_dependencies([weft.debugging.assert_equal(weft.reduce_all(holds), True, message=message)]):
        return weft.identity(value)


def another_seed(seed: Any, place: str) -> Any:
    """A seed for one of several draws that a call with one seed makes."""
    if seed is None:
        return None
    return int(hashlib.md5(f"{seed}{place}".encode(), usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF


# Divergences ---------------------------------------------------------------------------------------------------------

_divergences: dict[tuple[type, type], Callable[..., Any]] = {}


class RegisterKL:
    """A decorator for the function that gives the Kullback-Leibler divergence between two kinds of distributions.

    Args:
        dist_cls_a: The one kind.
        dist_cls_b: The other one.
    """

    def __init__(self, dist_cls_a: type, dist_cls_b: type) -> None:
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn: Any) -> Any:
        """Registers a function of two distributions and a keyword `name`.

        Raises:
            TypeError: Where it cannot be called.
            ValueError: Where there is one for this pair.
        """
        if not callable(kl_fn):
            raise TypeError(f"kl_fn must be callable, received: {kl_fn}")
        if self._key in _divergences:
            raise ValueError("KL({} || {}) has already been registered to: {}".format(
                *(kind.__name__ for kind in self._key), _divergences[self._key]))  # fmt: skip
        _divergences[self._key] = kl_fn
        return kl_fn


def kl_divergence(distribution_a: Any, distribution_b: Any, allow_nan_stats: bool = True,
                  name: str | None = None) -> Any:  # fmt: skip
    """The Kullback-Leibler divergence from one distribution to another, by what is registered for the nearest kinds.

    Args:
        distribution_a: The one.
        distribution_b: The other one.
        allow_nan_stats: Whether it may be not-a-number; else it raises when it is run and is that.
        name: A name.

    Raises:
        NotImplementedError: For pairs that nobody has registered.
    """
    a, b = type(distribution_a), type(distribution_b)
    pairs = itertools.product(enumerate(a.__mro__), enumerate(b.__mro__))
    known = [(i + j, i, _divergences[one, other]) for (i, one), (j, other) in pairs if (one, other) in _divergences]
    if not known:
        raise NotImplementedError(explain(
            "No KL(distribution_a || distribution_b) registered for this pair.",
            received=f"{a.__name__} and {b.__name__}", hint="register one: @tf.distributions.RegisterKL",
        ))  # fmt: skip
    found = min(known, key=lambda entry: entry[:2])[2](distribution_a, distribution_b, name=name)
    if allow_nan_stats:
        return found
    return checked(found, weft.logical_not(weft.math.is_nan(found)), "the KL divergence is not a number")
