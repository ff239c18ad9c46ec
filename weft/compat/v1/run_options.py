"""What a run may be told, and what it may note."""

from __future__ import annotations

from typing import Any


class RunOptions:
    """Settings of a run; accepted and kept.

    Args:
        **settings: `trace_level`, `timeout_in_ms` and their like.
    """

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = 0, 1, 2, 3

    def __init__(self, **settings: Any) -> None:
        self.trace_level = settings.pop("trace_level", self.NO_TRACE)
        self.timeout_in_ms = settings.pop("timeout_in_ms", 0)
        self.__dict__.update(settings)


class RunMetadata:
    """What a run notes: nothing, so that its message is empty."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def SerializeToString(self) -> bytes:
        """The message's bytes."""
        return b""
