"""MNIST in three sets that give batches: `input_data.read_data_sets(folder, one_hot=True).train.next_batch(100)`."""

from __future__ import annotations

import gzip
import os
from typing import Any, NamedTuple

import numpy as np

from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1.graphs import get_seed
from weft.keras.datasets import mnist as _mnist

_FILES = {
    "x_train": "train-images-idx3-ubyte.gz", "y_train": "train-labels-idx1-ubyte.gz",
    "x_test": "t10k-images-idx3-ubyte.gz", "y_test": "t10k-labels-idx1-ubyte.gz",
}  # fmt: skip


class Datasets(NamedTuple):
    """The three sets."""

    train: Any
    validation: Any
    test: Any


def _bytes(file: Any) -> bytes:
    if isinstance(file, (str, os.PathLike)):
        opened = gzip.open if str(file).endswith(".gz") else open
        with opened(file, "rb") as content:
            return bytes(content.read())
    with gzip.GzipFile(fileobj=file) as content:
        return bytes(content.read())


def _idx(file: Any, axes: int) -> Any:
    content = _bytes(file)
    magic, *shape = np.frombuffer(content, ">i4", 1 + axes).tolist()
    if magic != 0x800 + axes or len(content) - 4 * (1 + axes) != int(np.prod(shape)):
        name = getattr(file, "name", file)
        raise ValueError(explain(f"Invalid magic number {magic} or size in MNIST file: {name}",
                                 hint="remove it, so that it is looked for anew"))  # fmt: skip
    return np.frombuffer(content, np.uint8, offset=4 * (1 + axes)).reshape(shape)


def extract_images(f: Any) -> Any:
    """The images in a file of the original format: uint8 `[n, rows, columns, 1]`."""
    return _idx(f, 3)[..., None]


def extract_labels(f: Any, one_hot: bool = False, num_classes: int = 10) -> Any:
    """The labels in a file of the original format: `[n]`, or rows of ones and zeros."""
    labels = _idx(f, 1)
    return dense_to_one_hot(labels, num_classes) if one_hot else labels


def dense_to_one_hot(labels_dense: Any, num_classes: int) -> Any:
    """Labels as rows with a 1 at the label's place."""
    return np.eye(num_classes)[np.asarray(labels_dense).reshape(-1)]


class DataSet:
    """Images and labels that are given out in batches.

    Args:
        images: `[n, rows, columns, channels]`.
        labels: `[n]`, or `[n, classes]`.
        fake_data: Whether to give made-up images.
        one_hot: Whether made-up labels are rows of ones and zeros.
        dtype: float32 scales from 0 to 1; uint8 leaves the images as they are.
        reshape: Whether images become rows.
        seed: For the order.
    """

    def __init__(self, images: Any, labels: Any, fake_data: bool = False, one_hot: bool = False,
                 dtype: Any = dtypes.float32, reshape: bool = True, seed: int | None = None) -> None:  # fmt: skip
        graph_seed, op_seed = get_seed(seed)
        np.random.seed(graph_seed if seed is None else op_seed)
        held = dtypes.as_dtype(dtype)
        if held not in (dtypes.uint8, dtypes.float32):
            raise TypeError(f"Invalid image dtype {held.name}, expected uint8 or float32")
        self.one_hot, self._fake = one_hot, fake_data
        if not fake_data:
            if len(images) != len(labels):
                raise ValueError(f"images.shape: {np.shape(images)} labels.shape: {np.shape(labels)}")
            if reshape:
                images = images.reshape(len(images), int(np.prod(images.shape[1:])))
            if held is dtypes.float32:
                images = np.multiply(images.astype(np.float32), 1.0 / 255.0, dtype=np.float32)
        self._images, self._labels = images, labels
        self._num_examples = 10000 if fake_data else len(images)
        self._epochs_completed = self._index_in_epoch = 0

    @property
    def images(self) -> Any:
        """The images, in the present order."""
        return self._images

    @property
    def labels(self) -> Any:
        """The labels, in the present order."""
        return self._labels

    @property
    def num_examples(self) -> int:
        """How many there are."""
        return self._num_examples

    @property
    def epochs_completed(self) -> int:
        """How often all have been given out."""
        return self._epochs_completed

    def _shuffle(self) -> None:
        order = np.arange(self._num_examples)
        np.random.shuffle(order)
        self._images, self._labels = self._images[order], self._labels[order]

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> tuple[Any, Any]:
        """The next images and labels; an epoch's last batch is filled up from the next epoch.

        Args:
            batch_size: How many.
            fake_data: Whether to give made-up ones.
            shuffle: Whether each epoch has an order of its own.
        """
        if fake_data:
            label: Any = [1] + [0] * 9 if self.one_hot else 0
            return [[1] * 784 for _ in range(batch_size)], [label for _ in range(batch_size)]
        start = self._index_in_epoch
        if self._epochs_completed == 0 and start == 0 and shuffle:
            self._shuffle()
        if start + batch_size <= self._num_examples:
            self._index_in_epoch = start + batch_size
            return self._images[start : start + batch_size], self._labels[start : start + batch_size]
        self._epochs_completed += 1
        images, labels = self._images[start:], self._labels[start:]
        if shuffle:
            self._shuffle()
        self._index_in_epoch = batch_size - len(images)
        more = slice(0, self._index_in_epoch)
        return np.concatenate((images, self._images[more])), np.concatenate((labels, self._labels[more]))


def read_data_sets(train_dir: Any, fake_data: bool = False, one_hot: bool = False, dtype: Any = dtypes.float32,
                   reshape: bool = True, validation_size: int = 5000, seed: int | None = None,
                   source_url: str | None = None) -> Datasets:  # fmt: skip
    """MNIST: from the four files of the original format where they lie in a folder, else from where
    `keras.datasets.mnist` finds it.

    Args:
        train_dir: The folder.
        fake_data: Whether to give made-up images.
        one_hot: Whether labels are rows of ones and zeros.
        dtype: float32 scales from 0 to 1; uint8 leaves the images as they are.
        reshape: Whether images become rows of 784.
        validation_size: How many of the training images make the validation set.
        seed: For the order of batches.
        source_url: Accepted.

    Returns:
        `train`, `validation` and `test`, each with `images`, `labels`, `num_examples` and `next_batch`.

    Raises:
        ValueError: For a validation set of more images than there are.
        DownloadError: Where MNIST is not here and there is no network.
    """
    options = {"dtype": dtype, "reshape": reshape, "seed": seed}
    if fake_data:
        empty: Any = np.zeros(0)
        return Datasets(*(DataSet(empty, empty, True, one_hot, dtype, seed=seed) for _ in range(3)))
    parts = _read(os.fspath(train_dir))
    labels = {kind: parts[f"y_{kind}"] for kind in ("train", "test")}
    if one_hot:
        labels = {kind: dense_to_one_hot(found, 10) for kind, found in labels.items()}
    images = {kind: parts[f"x_{kind}"][..., None] for kind in ("train", "test")}
    most = len(images["train"])
    if not 0 <= validation_size <= most:
        raise ValueError(f"Validation size should be between 0 and {most}. Received: {validation_size}.")
    rest, kept = slice(validation_size, None), slice(0, validation_size)
    return Datasets(
        DataSet(images["train"][rest], labels["train"][rest], **options),
        DataSet(images["train"][kept], labels["train"][kept], **options),
        DataSet(images["test"], labels["test"], **options),
    )


def _read(folder: str) -> dict[str, Any]:
    paths = {part: os.path.join(folder, name) for part, name in _FILES.items()}
    if all(os.path.isfile(path) for path in paths.values()):
        return {part: _idx(path, 3 if part.startswith("x") else 1) for part, path in paths.items()}
    (x_train, y_train), (x_test, y_test) = _mnist.load_data()
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


