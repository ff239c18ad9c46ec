"""Learning rates that depend on the step: `keras.optimizers.schedules`."""

from __future__ import annotations

from typing import Any

from weft.keras.core import lookup
from weft.keras.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from weft.keras.optimizers.schedules.decays import (
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

_TABLE: dict[str, Any] = {
    cls.__name__: cls
    for cls in (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
}


def serialize(learning_rate_schedule: Any) -> Any:
    """The configuration of a schedule."""
    return lookup.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule of a configuration."""
    return lookup.deserialize(config, _TABLE, "learning rate schedule", custom_objects)


__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule",
    "PiecewiseConstantDecay", "PolynomialDecay", "deserialize", "serialize",
]  # fmt: skip
