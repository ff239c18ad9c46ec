"""What is done to weights after every update."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.keras import config as settings
from weft.keras.core import lookup
from weft.keras.core.construction import KnownArguments


class Constraint(metaclass=KnownArguments):
    """A function that brings a weight back into where it may be, applied after every update.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> float(keras.constraints.NonNeg()(tf.constant(2.0)))
        2.0
    """

    def __call__(self, w: Any) -> Any:
        """The weight as it may be."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The constraint of a configuration."""
        return cls(**config)


def _norms(w: Any, axis: Any) -> Any:
    return tf.sqrt(tf.reduce_sum(tf.square(w), axis=axis, keepdims=True))


class MaxNorm(Constraint):
    """Keeps the norm along an axis from growing above a bound.

    Args:
        max_value: The bound.
        axis: Axis or axes of a unit's weights: 0 for Dense, [0, 1, 2] for Conv2D.
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        w = tf.convert_to_tensor(w)
        norms = _norms(w, self.axis)
        return w * (tf.clip_by_value(norms, 0.0, float(self.max_value)) / (norms + settings.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


def maxnorm(max_value: float = 2, axis: Any = 0, m: float | None = None) -> MaxNorm:
    """`MaxNorm` under its oldest name; `m` is what Keras 1 called `max_value`."""
    return MaxNorm(max_value if m is None else m, axis)


class NonNeg(Constraint):
    """Sets negative weights to 0."""

    def __call__(self, w: Any) -> Any:
        w = tf.convert_to_tensor(w)
        return w * tf.cast(w >= 0, w.dtype)


class UnitNorm(Constraint):
    """Scales to norm 1 along an axis.

    Args:
        axis: Axis or axes of a unit's weights.
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        w = tf.convert_to_tensor(w)
        return w / (settings.epsilon() + _norms(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Moves the norm along an axis towards an interval.

    Args:
        min_value: The least norm.
        max_value: The greatest norm.
        rate: How much of the way it moves at each update; 1 is all of it.
        axis: Axis or axes of a unit's weights.
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        w = tf.convert_to_tensor(w)
        norms = _norms(w, self.axis)
        wanted = (
            self.rate * tf.clip_by_value(norms, float(self.min_value), float(self.max_value)) + (1 - self.rate) * norms
        )
        return w * (wanted / (norms + settings.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


max_norm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm

_TABLE: dict[str, Any] = {
    "MaxNorm": MaxNorm, "NonNeg": NonNeg, "UnitNorm": UnitNorm, "MinMaxNorm": MinMaxNorm, "max_norm": MaxNorm,
    "maxnorm": MaxNorm, "non_neg": NonNeg, "nonneg": NonNeg, "unit_norm": UnitNorm, "unitnorm": UnitNorm,
    "min_max_norm": MinMaxNorm,
}  # fmt: skip


def get(identifier: Any) -> Any:
    """The constraint for None, a name such as `"non_neg"`, a configuration, a class or a function."""
    return lookup.get(identifier, _TABLE, "constraint")


def serialize(constraint: Any) -> Any:
    """The configuration of a constraint."""
    return lookup.serialize(constraint)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The constraint of a configuration."""
    return lookup.deserialize(config, _TABLE, "constraint", custom_objects)


__all__ = [
    "Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "deserialize", "get", "max_norm", "maxnorm",
    "min_max_norm", "non_neg", "nonneg", "serialize", "unit_norm", "unitnorm",
]  # fmt: skip
