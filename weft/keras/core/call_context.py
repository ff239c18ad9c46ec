"""What holds during a call of a model: whether it trains, and which layer was called first."""

from __future__ import annotations

import threading
from typing import Any

#: what every layer hands on to the layers inside it
TRAINING = frozenset({"training"})


class CallContext:
    """The call of an outermost layer and of all layers inside it.

    Attributes:
        entry: The outermost layer.
        training: What holds for `training`.
        values: What holds for other keywords that layers have registered.
    """

    __slots__ = ("entry", "training", "values")

    def __init__(self, entry: Any) -> None:
        self.entry = entry
        self.training: Any = None
        self.values: dict[str, Any] = {}


class _Local(threading.local):
    def __init__(self) -> None:
        self.context: CallContext | None = None


_local = _Local()


def current() -> CallContext | None:
    """The context of the running call, None outside of calls."""
    return _local.context


def set_current(context: CallContext | None) -> None:
    """Makes a context the running one."""
    _local.context = context
