"""What the engine's tests have in common: their graphs are small, and go among threads as large ones do.

Tests marked `either_schedule` compare what does not hang on that: about half of them run as users' programs of their
size do, where one thread walks what is little work.
"""

from __future__ import annotations

import zlib

import pytest

from weft.engines.native import strands


@pytest.fixture(autouse=True)
def _shared_by_threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("either_schedule") and zlib.crc32(request.node.nodeid.encode()) % 2:
        return
    monkeypatch.setattr(strands, "SHARED", 0)
    monkeypatch.setattr(strands, "HANDED", 0)
