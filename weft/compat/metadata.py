"""What `importlib.metadata` says of `tensorflow` and `keras`. Apart from the hook, for it takes a while to load."""

import importlib.metadata
from typing import Any


class StandingDistribution(importlib.metadata.Distribution):
    """The metadata of ``tensorflow`` and ``keras`` as long as Weft answers to those names."""

    def __init__(self, name: str, version: str) -> None:
        self._text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: Provided by Weft.\n"

    def read_text(self, filename: str) -> str | None:
        """Give the METADATA file; there are no others."""
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        """Give a path as it is: the distribution has no files."""
        return path
