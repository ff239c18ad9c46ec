"""The same bits of a training run: for any number of threads, with compiled code kept or not, in any process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft import keras
from weft.base import flags
from weft.engines.native import cache
from weft.keras import layers
from weft.runtime import dispatch

pytestmark = pytest.mark.either_schedule

_STEPS = 30


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    dispatch.use_engine("native")
    cache.forget()
    yield
    cache.forget()
    dispatch.use_engine(None)


def _mlp() -> tuple[Any, Any]:
    model = keras.Sequential([
        keras.Input((50,)), layers.Dense(70, activation="relu"), layers.Dropout(0.3),
        layers.Dense(64, activation="gelu"), layers.Dense(7),
    ])  # fmt: skip
    return model, np.random.default_rng(1).standard_normal((70, 50)).astype(np.float32)


def _convolutions() -> tuple[Any, Any]:
    model = keras.Sequential([
        keras.Input((14, 14, 3)), layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(20, 3, padding="same", use_bias=False), layers.BatchNormalization(), layers.ReLU(),
        layers.AveragePooling2D(2), layers.Flatten(), layers.Dense(7),
    ])  # fmt: skip
    return model, np.random.default_rng(1).standard_normal((70, 14, 14, 3)).astype(np.float32)


def _lstm() -> tuple[Any, Any]:
    model = keras.Sequential([keras.Input((9, 6)), layers.LSTM(20), layers.Dense(7)])
    return model, np.random.default_rng(1).standard_normal((70, 9, 6)).astype(np.float32)


def _embedding() -> tuple[Any, Any]:
    model = keras.Sequential([
        keras.Input((11,), dtype="int32"), layers.Embedding(40, 18), layers.GlobalAveragePooling1D(), layers.Dense(7),
    ])  # fmt: skip
    return model, np.random.default_rng(1).integers(0, 40, (70, 11)).astype(np.int32)


def _attention() -> tuple[Any, Any]:
    x = keras.Input((10, 24))
    y = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 12)(x, x))
    y = layers.LayerNormalization()(y + layers.Dense(24)(layers.Dense(40, activation="gelu")(y)))
    model = keras.Model(x, layers.Dense(7)(layers.GlobalAveragePooling1D()(y)))
    return model, np.random.default_rng(1).standard_normal((70, 10, 24)).astype(np.float32)


JOBS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "mlp": _mlp, "convolutions": _convolutions, "lstm": _lstm, "embedding": _embedding, "attention": _attention,
}  # fmt: skip


def trained(job: str, threads: int, steps: int = _STEPS) -> str:
    """What the weights and the optimizer's variables are after some steps of a job, in short."""
    with flags.override(WEFT_NUM_THREADS=threads):
        keras.utils.set_random_seed(3)
        model, x = JOBS[job]()
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        y = np.random.default_rng(2).integers(0, 7, len(x))
        per_epoch = -(-len(x) // 16)  # the last one is a short one
        model.fit(x, y, batch_size=16, epochs=-(-steps // per_epoch), verbose=0)
        values = [*model.get_weights(), *(np.asarray(v) for v in model.optimizer.variables)]
    assert all(np.isfinite(value).all() for value in values)
    return hashlib.sha256(b"".join(value.tobytes() for value in values)).hexdigest()


@pytest.mark.parametrize("job", JOBS)
def test_the_same_bits_for_any_number_of_threads_and_with_code_that_was_kept(job: str, tmp_path: Path) -> None:
    with flags.override(WEFT_CACHE=str(tmp_path)):
        first = trained(job, 1)
        for threads in (2, 3, 8):
            cache.forget()  # from the folder, as in another process
            assert trained(job, threads) == first, f"{threads} threads"
    with flags.override(WEFT_CACHE="off"):
        cache.forget()
        assert trained(job, 2) == first, "compiled anew"


_PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.engines.native import test_bits
print(*(test_bits.trained(job, int(sys.argv[2]), 8) for job in test_bits.JOBS))
"""


def test_two_processes_give_the_same_bits_cold_and_warm(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[3])

    def start(threads: int) -> str:
        environment = {**os.environ, "WEFT_ENGINE": "native", "WEFT_CACHE": str(tmp_path), "PYTHONHASHSEED": "random"}
        command = [sys.executable, "-c", _PROGRAM, root, str(threads)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    cold = start(1)
    assert cold and start(2) == cold
