"""What a run may be told, and what it may note."""

from __future__ import annotations

from typing import Any

from weft.formats.messages.run_metadata import RunMetadata as RunMetadata


class RunOptions:
    """Settings of a run. With a `trace_level`, the run notes its times in the `RunMetadata` that it is given.

    Args:
        **settings: `trace_level`, `timeout_in_ms` and their like.
    """

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = 0, 1, 2, 3

    def __init__(self, **settings: Any) -> None:
        self.trace_level = settings.pop("trace_level", self.NO_TRACE)
        self.timeout_in_ms = settings.pop("timeout_in_ms", 0)
        self.__dict__.update(settings)
