"""Golden programs of TensorFlow 1 on the XLA engine: its numbers of layers, cells, losses and metrics."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

from tests.tf1 import test_training_goldens
from tests.tf1.conftest import graph_mode  # noqa: F401
from tests.tf1.test_training_goldens import test_what_tensorflow_computes  # noqa: F401
from weft.runtime import dispatch


@pytest.fixture(autouse=True)
def _xla(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # gradients that are zero but for what does not cancel: XLA sums in an order of its own
    monkeypatch.setattr(test_training_goldens, "ABSOLUTE", 1e-4)
    dispatch.use_engine("xla")
    yield
    dispatch.use_engine(None)
