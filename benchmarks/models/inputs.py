"""Data for the jobs, the same from the same seed in every process; MNIST is the real one where it is found."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Arrays = list[np.ndarray]
Pair = tuple[Arrays, Arrays]


def mnist_file() -> Path | None:
    """Where `WEFT_DATA_DIR` has mnist.npz, if it has."""
    folders = [Path(part) for part in os.environ.get("WEFT_DATA_DIR", "").split(os.pathsep) if part]
    return next((folder / "mnist.npz" for folder in folders if (folder / "mnist.npz").is_file()), None)


@cache
def _strokes() -> np.ndarray:
    """Ten shapes, smooth and mostly dark, as digits are."""
    rng = np.random.default_rng(10)
    rough = np.repeat(np.repeat(rng.random((10, 7, 7)) > 0.72, 4, axis=1), 4, axis=2).astype("float32")
    return (rough + np.roll(rough, 1, 1) + np.roll(rough, 1, 2)) / 3


def digits(rng: np.random.Generator, rows: int, *, size: int = 28, **sizes: Any) -> Pair:
    """Images `[rows, size, size, 1]` from 0 to 1 and their labels: MNIST's first, or drawn ones without it."""
    file = mnist_file()
    if file is not None and size == 28 and rows <= 60_000:
        with np.load(file) as arrays:
            images, labels = arrays["x_train"][:rows], arrays["y_train"][:rows]
        return [images[..., None].astype("float32") / np.float32(255)], [labels.astype("int32")]
    labels = rng.integers(0, 10, rows)
    shapes = _strokes()
    if size != 28:
        nearest = np.arange(size) * 28 // size
        shapes = shapes[:, nearest][:, :, nearest]
    images = np.clip(shapes[labels] + rng.normal(0, 0.15, (rows, size, size)) * (shapes[labels] > 0), 0, 1)
    return [images[..., None].astype("float32")], [labels.astype("int32")]


def flat_digits(
    rng: np.random.Generator, rows: int, *, features: int = 784, classes: int = 10, **sizes: Any
) -> Pair:
    """The digits as vectors, or random vectors where they are to be of another length."""
    if features == 784 and classes >= 10:
        (images,), labels = digits(rng, rows)
        return [images.reshape(rows, 784)], labels
    return [rng.random((rows, features), dtype="float32")], [rng.integers(0, classes, rows).astype("int32")]


def noisy(rng: np.random.Generator, rows: int, *, features: int = 784, latent: int = 16, **sizes: Any) -> Pair:
    """Vectors with the noise that a VAE adds; they are their own targets."""
    (images,), _ = flat_digits(rng, rows, features=features)
    noise = rng.standard_normal((rows, latent), dtype="float32")
    return [images, noise], [images, np.zeros((rows, 2 * latent), "float32")]


def pictures(rng: np.random.Generator, rows: int, *, size: int, classes: int = 10, **sizes: Any) -> Pair:
    """Random pictures of three channels and random labels."""
    return [_noise(rng, (rows, size, size, 3))], [rng.integers(0, classes, rows).astype("int32")]


def masks(rng: np.random.Generator, rows: int, *, size: int = 64, **sizes: Any) -> Pair:
    """Random pictures, and where they are bright."""
    image = _noise(rng, (rows, size, size, 3))
    return [image], [(image.mean(axis=-1, keepdims=True) > 0).astype("float32")]


def series(
    rng: np.random.Generator, rows: int, *, steps: int = 100, features: int = 64, classes: int = 10, **sizes: Any
) -> Pair:
    """Random series of numbers and random labels."""
    return [_noise(rng, (rows, steps, features))], [rng.integers(0, classes, rows).astype("int32")]


def labelled_tokens(rng: np.random.Generator, rows: int, *, steps: int, words: int, **sizes: Any) -> Pair:
    """Random words and an answer of yes or no to each text."""
    labels = rng.integers(0, 2, (rows, 1)).astype("float32")
    return [rng.integers(0, words, (rows, steps)).astype("int32")], [labels]


def next_tokens(rng: np.random.Generator, rows: int, *, steps: int = 256, words: int = 256, **sizes: Any) -> Pair:
    """Random words, and for each the one that follows."""
    text = rng.integers(0, words, (rows, steps + 1)).astype("int32")
    return [np.ascontiguousarray(text[:, :-1])], [np.ascontiguousarray(text[:, 1:])]


def ratings(rng: np.random.Generator, rows: int, *, users: int = 100_000, items: int = 10_000, **sizes: Any) -> Pair:
    """Who rated what, and how."""
    who, what = rng.integers(0, users, rows).astype("int32"), rng.integers(0, items, rows).astype("int32")
    return [who, what], [rng.random((rows, 1), dtype="float32")]


def _noise(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    return rng.standard_normal(tuple(shape), dtype="float32")
