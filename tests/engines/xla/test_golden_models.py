"""The golden models on the XLA engine: the tests that compare training with Keras' own numbers, run here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

from tests.keras.trainer.test_golden_training import test_fit, test_single_batches  # noqa: F401
from tests.keras.trainer.test_mnist_network import test_gradients, test_twenty_steps_of_training  # noqa: F401
from weft.runtime import dispatch


@pytest.fixture(autouse=True)
def _xla() -> Iterator[None]:
    dispatch.use_engine("xla")
    yield
    dispatch.use_engine(None)
