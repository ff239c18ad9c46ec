"""What the engine's tests have in common: their graphs are small, and go among threads as large ones do."""

from __future__ import annotations

import pytest

from weft.engines.native import strands


@pytest.fixture(autouse=True)
def _shared_by_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strands, "SHARED", 0)
    monkeypatch.setattr(strands, "HANDED", 0)
