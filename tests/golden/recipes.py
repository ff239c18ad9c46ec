"""Draws that golden files and the tests that read them have in common; only seeds and checksums are stored.

Everything is built on `Generator(PCG64(seed)).random()`, raw 53-bit uniforms, because that stream is the one least
likely ever to change between numpy versions. Needs numpy only.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

GOLDEN_DIR = Path(__file__).resolve().parent


class Golden:
    """One golden file: `golden["case/part"]`, `golden.cases` (name → record), `golden.meta`."""

    def __init__(self, topic: str) -> None:
        with np.load(GOLDEN_DIR / f"{topic}.npz", allow_pickle=False) as archive:
            self.arrays = {key: archive[key] for key in archive.files}
        self.meta: dict[str, Any] = json.loads(str(self.arrays.pop("__meta__")))
        self.cases: dict[str, dict[str, Any]] = {
            case["name"]: case for case in json.loads(str(self.arrays.pop("__cases__")))
        }

    def __getitem__(self, key: str) -> np.ndarray:
        return self.arrays[key]

    def __contains__(self, key: str) -> bool:
        return key in self.arrays

    def series(self, key: str) -> list[np.ndarray]:
        """The arrays key/0, key/1, … in order (empty if there is none)."""
        found: list[np.ndarray] = []
        while f"{key}/{len(found)}" in self.arrays:
            found.append(self.arrays[f"{key}/{len(found)}"])
        return found


def generator(seed: int) -> np.random.Generator:
    """The bit stream behind every draw."""
    return np.random.Generator(np.random.PCG64(seed))


def uniform(rng: np.random.Generator, shape: tuple[int, ...], low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """float32 values in [low, high) that float16 holds exactly, so that storing and shipping them loses nothing."""
    values = low + (high - low) * rng.random(shape)
    return values.astype(np.float16).astype(np.float32)


def integers(rng: np.random.Generator, shape: tuple[int, ...], count: int) -> np.ndarray:
    """int32 values in [0, count)."""
    return np.floor(rng.random(shape) * count).astype(np.int32)


def checksum(*arrays: np.ndarray) -> str:
    """SHA-256 over dtype, shape and bytes of the arrays in order."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


# --- the MNIST network -----------------------------------------------------------------------------------------------

MNIST_BATCH = 32
MNIST_STEPS = 20
MNIST_LEARNING_RATE = 0.001
MNIST_PARAMETER_SEEDS = (100, 101, 102, 103)
MNIST_SHAPES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("conv1/kernel", (3, 3, 1, 32)),
    ("conv1/bias", (32,)),
    ("conv2/kernel", (3, 3, 32, 64)),
    ("conv2/bias", (64,)),
    ("dense1/kernel", (1600, 128)),
    ("dense1/bias", (128,)),
    ("dense2/kernel", (128, 10)),
    ("dense2/bias", (10,)),
)


def mnist_parameters(seed: int = MNIST_PARAMETER_SEEDS[0]) -> list[np.ndarray]:
    """The eight arrays of MNIST_SHAPES: Glorot-uniform kernels, biases in [-0.1, 0.1); all float16-representable."""
    rng = generator(seed)
    drawn = []
    for name, shape in MNIST_SHAPES:
        limit = 0.1
        if name.endswith("kernel"):
            receptive = int(np.prod(shape[:-2]))
            limit = float(np.sqrt(6.0 / (receptive * (shape[-2] + shape[-1]))))
        drawn.append(uniform(rng, shape, -limit, limit))
    return drawn


def mnist_batch(step: int) -> tuple[np.ndarray, np.ndarray]:
    """Images float32 [32, 28, 28, 1] in [0, 1] and labels int32 [32]: a blocky pattern per class, plus noise."""
    patterns = generator(7).random((10, 7, 7)) > 0.5
    rng = generator(1000 + step)
    labels = integers(rng, (MNIST_BATCH,), 10)
    blocks = np.repeat(np.repeat(patterns[labels], 4, axis=1), 4, axis=2)
    pixels = np.floor(blocks * 160 + rng.random((MNIST_BATCH, 28, 28)) * 95).astype(np.uint8)
    return (pixels[..., None] / np.float32(255)).astype(np.float32), labels


def mnist_mask(step: int) -> np.ndarray:
    """What stands in for Dropout(0.5): float32 [32, 128], 0 or 2; the layer multiplies its input by it."""
    kept = generator(2000 + step).random((MNIST_BATCH, 128)) >= 0.5
    return kept.astype(np.float32) * np.float32(2)


# --- optimizers ------------------------------------------------------------------------------------------------------

OPTIMIZER_STEPS = 50
OPTIMIZER_SHAPES = ((3, 4), (5,))
SPARSE_SHAPE = (6, 3)


def optimizer_start() -> list[np.ndarray]:
    """The two variables' first values."""
    rng = generator(3000)
    return [uniform(rng, shape) for shape in OPTIMIZER_SHAPES]


def optimizer_gradients(step: int) -> list[np.ndarray]:
    """The two gradients of update `step` (from 0), each of a size that wanders over two orders of magnitude."""
    rng = generator(3100 + step)
    scale = 10.0 ** (2 * rng.random() - 1)
    return [uniform(rng, shape, -scale, scale) for shape in OPTIMIZER_SHAPES]


def sparse_start() -> np.ndarray:
    """The embedding-like variable's first value, float32 [6, 3]."""
    return uniform(generator(3200), SPARSE_SHAPE)


def sparse_gradient(step: int, unique: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Rows int32 [4] and values float32 [4, 3] of update `step`; row 5 is never touched.

    Rows repeat within an update unless `unique` asks for ascending rows without repeats (int32 [n], float32 [n, 3]).
    """
    rng = generator(3300 + step)
    rows, values = integers(rng, (4,), SPARSE_SHAPE[0] - 1), uniform(rng, (4, SPARSE_SHAPE[1]))
    if unique:
        rows, first = np.unique(rows, return_index=True)
        values = values[first]
    return rows, values
