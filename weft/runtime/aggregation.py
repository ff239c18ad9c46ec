"""How what replicas give a variable becomes one value, and when."""

from __future__ import annotations

import enum


class VariableAggregation(enum.Enum):
    """How the values that replicas give a variable become one."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


class VariableSynchronization(enum.Enum):
    """When they become one: when they are written, or when the variable is read outside of replicas."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3
