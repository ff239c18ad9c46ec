"""`tf.contrib.distributions.Mixture`: draws from one of several distributions, which is drawn first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft
from weft.base.errors import explain
from weft.compat.v1.distribution_base import Distribution, another_seed
from weft.compat.v1.distributions import Categorical


class Mixture(Distribution):
    """Mixtures of distributions of one dtype and shape.

    Args:
        cat: A `Categorical` with a class for each of them, of their batch's shape.
        components: The distributions.
        validate_args: Accepted.
        allow_nan_stats: Accepted.
        use_static_graph: Accepted.
        name: Its name.

    Raises:
        TypeError: Where `cat` is no Categorical, a component no distribution, or dtypes differ.
        ValueError: Where there are no components or not as many as classes, or shapes differ.
    """

    def __init__(self, cat: Any, components: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 use_static_graph: bool = False, name: str = "Mixture") -> None:  # fmt: skip
        parameters = dict(locals())
        if not isinstance(cat, Categorical):
            raise TypeError(explain("Mixture: `cat` must be a Categorical distribution.", received=repr(cat)))
        if not components:
            raise ValueError(explain("Mixture: `components` must be a non-empty list or tuple."))
        self.cat, self.components = cat, list(components)
        if not all(isinstance(each, Distribution) for each in self.components):
            raise TypeError(explain("Mixture: all components must be distributions.", received=repr(components)))
        first = self.components[0]
        if any(each.dtype != first.dtype for each in self.components):
            raise TypeError(explain("Mixture: all components must have one dtype.",
                                    received=", ".join(each.dtype.name for each in self.components)))  # fmt: skip
        classes = cat.logits.shape[-1]
        if classes is not None and classes != len(self.components):
            raise ValueError(explain("Mixture: `cat` must have a class for each component.",
                                     expected=f"{len(self.components)} classes", received=str(classes)))  # fmt: skip
        for each in self.components:
            for what, own, other in (("event", each.event_shape, first.event_shape),
                                     ("batch", each.batch_shape, cat.batch_shape)):  # fmt: skip
                if not own.is_compatible_with(other):
                    raise ValueError(explain(f"Mixture: shapes of the {what} are not compatible.",
                                             expected=str(other), received=str(own)))  # fmt: skip
        super().__init__(name, first.dtype, None, parameters)

    def _like(self) -> Any:
        return self.components[0]._like()

    @property
    def num_components(self) -> int:
        """How many components there are."""
        return len(self.components)

    @property
    def event_shape(self) -> Any:
        """The shape of one draw."""
        return self.components[0].event_shape

    def _weights(self) -> list[Any]:
        """The probability of each component, of the batch's shape."""
        probs = weft.nn.softmax(self.cat.logits)
        return [probs[..., i] for i in range(len(self.components))]

    def _over_events(self, weight: Any) -> Any:
        """Something of the batch's shape with an axis for each of an event's."""
        return weight[(..., *[None] * self.event_shape.rank)]

    def _logsumexp(self, part: Callable[[Any], Any]) -> Any:
        logs = weft.nn.log_softmax(self.cat.logits)
        parts = [logs[..., i] + part(each) for i, each in enumerate(self.components)]
        return weft.reduce_logsumexp(weft.stack(parts), 0)

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density, or of the probability, at values."""
        return self._logsumexp(lambda each: each.log_prob(value))

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Any:
        """The logarithm of `cdf`."""
        return self._logsumexp(lambda each: each.log_cdf(value))

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """The probability of a value that is no greater."""
        return weft.exp(self.log_cdf(value))

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """Draws, `[*sample_shape, *batch_shape, *event_shape]`."""
        chosen = self._over_events(self.cat.sample(sample_shape, another_seed(seed, "component")))
        found = self.components[0].sample(sample_shape, another_seed(seed, "0"))
        for i, each in enumerate(self.components[1:], 1):
            drawn = each.sample(sample_shape, another_seed(seed, str(i)))
            found = weft.where(weft.equal(chosen, i), drawn, found)
        return found

    def _mean_of(self, parts: list[Any]) -> Any:
        return weft.add_n([self._over_events(w) * part for w, part in zip(self._weights(), parts, strict=True)])

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        return self._mean_of([each.mean() for each in self.components])

    def variance(self, name: str = "variance") -> Any:
        """The variance: within components and between them."""
        squares = [each.variance() + weft.square(each.mean()) for each in self.components]
        return self._mean_of(squares) - weft.square(self.mean())

    def entropy_lower_bound(self, name: str = "entropy_lower_bound") -> Any:
        """The components' entropies, weighted: the mixture's own is at least that."""
        return weft.add_n([w * each.entropy() for w, each in zip(self._weights(), self.components, strict=True)])
