"""Sums and means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf
from weft import extend
from weft.keras.core.masking import get_mask
from weft.keras.losses.alignment import align_ranks
from weft.keras.metrics.metric import Metric
from weft.keras.saving import deserialize_keras_object, serialize_keras_object


def weighted(values: Any, sample_weight: Any, dtype: str, reduce: Callable[..., Any]) -> tuple[Any, Any]:
    """A number for each sample from values times their weights, and each sample's weight, or None.

    Args:
        values: `[batch, …]`.
        sample_weight: None, or weights that broadcast to them.
        dtype: In which to compute.
        reduce: Makes one of a sample's several values or weights: `tf.reduce_mean` or `tf.reduce_sum`.
    """
    mask = get_mask(values)
    values = tf.cast(tf.convert_to_tensor(values), dtype)
    weights = None if sample_weight is None else tf.cast(tf.convert_to_tensor(sample_weight), dtype)
    if mask is not None:
        mask = tf.cast(mask, dtype)
        if weights is None:
            weights = mask
        else:
            mask, weights = align_ranks(mask, weights)
            weights = weights * mask
    if weights is None:
        return _by_sample(values, reduce), None
    values, weights = align_ranks(values, weights, expand_vectors=False)
    ranks = values.shape.rank, weights.shape.rank
    if None not in ranks and ranks[0] > ranks[1]:
        values = reduce(values, axis=list(range(ranks[1], ranks[0])))
    weights = tf.broadcast_to(weights, tf.shape(values))
    return _by_sample(values * weights, reduce), _by_sample(weights, reduce)


def _by_sample(values: Any, reduce: Callable[..., Any]) -> Any:
    """Samples count the same, however many values each of them has."""
    rank = values.shape.rank
    return values if rank is None or rank < 2 else reduce(values, axis=list(range(1, rank)))


class Sum(Metric):
    """The sum of values.

    Args:
        name: Its name.
        dtype: Its dtype.

    Example:
        >>> from weft import keras
        >>> float(keras.metrics.Sum()([1.0, 2.0]))
        3.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), dtype=self.dtype, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Adds values, times their weights."""
        values, _ = weighted(values, sample_weight, self.dtype, tf.reduce_sum)
        self.total.assign_add(tf.reduce_sum(values))

    def result(self) -> Any:
        """The sum."""
        return tf.identity(self.total)


class Mean(Metric):
    """The mean of values, each with its weight.

    Args:
        name: Its name.
        dtype: Its dtype.

    Example:
        >>> from weft import keras
        >>> float(keras.metrics.Mean()([1.0, 3.0]))
        2.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), dtype=self.dtype, name="total")
        self.count = self.add_variable((), dtype=self.dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Takes values in, with their weights."""
        values, weights = weighted(values, sample_weight, self.dtype, tf.reduce_mean)
        self.total.assign_add(tf.reduce_sum(values))
        self.count.assign_add(tf.cast(tf.size(values), self.dtype) if weights is None else tf.reduce_sum(weights))

    def result(self) -> Any:
        """The mean; 0 where there was nothing."""
        return tf.math.divide_no_nan(tf.identity(self.total), tf.identity(self.count))


class MeanMetricWrapper(Mean):
    """The mean of a function of labels and predictions.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)`, a value for each row.
        name: Its name.
        dtype: Its dtype.
        **kwargs: Passed to the function.
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Takes a batch in."""
        mask = get_mask(y_pred)
        values = extend.traceable(self._fn)(y_true, y_pred, **self._fn_kwargs)
        own = get_mask(values)
        if sample_weight is not None and mask is not None:
            mask, sample_weight = align_ranks(
                tf.cast(mask, self.dtype), tf.cast(tf.convert_to_tensor(sample_weight), self.dtype)
            )
            sample_weight = sample_weight * mask
        elif mask is not None:
            sample_weight = mask
        if own is not None and sample_weight is not None:
            # As in Keras: without weights, rows of an ignored class count with the value 0.
            sample_weight = tf.cast(sample_weight, self.dtype) * tf.cast(own, self.dtype)
        values = tf.identity(values)  # without the mask, which is in the weights now
        super().update_state(values, sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        found = {**super().get_config(), **self._fn_kwargs}
        if type(self) is MeanMetricWrapper:
            found["fn"] = serialize_keras_object(self._fn)
        return found

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A metric from what `get_config` gave."""
        if isinstance(config.get("fn"), (dict, str)):
            config = {**config, "fn": deserialize_keras_object(config["fn"])}
        return cls(**config)
