"""Data that are no rectangular arrays, cut into batches by row: sparse and ragged tensors, scipy's matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft as tf
from weft.keras import config


class Rows:
    """What batches are cut from: `rows[slice or row numbers]` is a tensor.

    Attributes:
        shape: Of the whole; None for ragged sizes.
    """

    shape: tuple[Any, ...] = ()

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def dtype(self) -> Any:
        """The numbers' dtype."""
        raise NotImplementedError

    def __len__(self) -> int:
        return int(self.shape[0] or 0)

    def __getitem__(self, chosen: Any) -> Any:
        numbers = np.arange(len(self))[chosen] if isinstance(chosen, slice) else np.asarray(chosen)
        return self.take(numbers)

    def take(self, numbers: Any) -> Any:
        """The rows of these numbers, as a tensor."""
        raise NotImplementedError


class SparseRows(Rows):
    """Rows of a sparse tensor, kept in the order of rows so that a batch is found without a search.

    Args:
        tensor: A `tf.SparseTensor`.
    """

    def __init__(self, tensor: Any) -> None:
        tensor = tf.sparse.reorder(tensor)
        self._indices, self._values = tensor.indices.numpy(), tensor.values.numpy()
        self._values = _as_default_float(self._values)
        self.shape = tuple(int(size) for size in tensor.dense_shape.numpy())
        self._starts = np.searchsorted(self._indices[:, 0], np.arange(self.shape[0] + 1))

    @property
    def dtype(self) -> Any:
        """The numbers' dtype."""
        return self._values.dtype

    def take(self, numbers: Any) -> Any:
        """The rows of these numbers, as a sparse tensor."""
        counts = self._starts[numbers + 1] - self._starts[numbers]
        first = np.repeat(self._starts[numbers] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
        places = (first + np.arange(len(first))).astype(np.int64)
        indices = self._indices[places]
        indices[:, 0] = np.repeat(np.arange(len(numbers)), counts)
        return tf.SparseTensor(indices, self._values[places], (len(numbers), *self.shape[1:]))


class RaggedRows(Rows):
    """Rows of a ragged tensor.

    Args:
        tensor: A `tf.RaggedTensor`.
    """

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor
        self.shape = (int(tensor.nrows()), *tensor.shape[1:])

    @property
    def dtype(self) -> Any:
        """The numbers' dtype."""
        return self._tensor.dtype.as_numpy_dtype

    def take(self, numbers: Any) -> Any:
        """The rows of these numbers, as a ragged tensor."""
        return tf.gather(self._tensor, tf.constant(numbers, dtype="int64"))


def rows_of(value: Any) -> Rows | None:
    """The rows of a sparse or ragged tensor or of a sparse matrix of scipy; None for anything else."""
    if isinstance(value, tf.SparseTensor):
        return SparseRows(value)
    if isinstance(value, tf.RaggedTensor):
        return RaggedRows(value)
    if hasattr(value, "tocoo") and hasattr(value, "nnz"):
        found = value.tocoo()
        places = np.stack([found.row, found.col], axis=1).astype(np.int64)
        return SparseRows(tf.SparseTensor(places, found.data, found.shape))
    return None


def _as_default_float(values: Any) -> Any:
    wide = values.dtype.kind == "f" and values.dtype.itemsize >= 4
    return values.astype(config.floatx()) if wide else values


def joined(parts: list[Any]) -> Any:
    """Outputs of batches one after the other: arrays as an array, ragged and sparse ones as such.

    Arrays whose sizes differ, other than in their rows, become a ragged tensor.
    """
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], tf.RaggedTensor):
        return tf.concat(parts, axis=0)
    if isinstance(parts[0], tf.SparseTensor):
        return tf.sparse.concat(0, parts)
    sizes = [part.shape[1:] for part in parts]
    uneven = [axis for axis in range(1, parts[0].ndim) if len({size[axis - 1] for size in sizes}) > 1]
    if not uneven or len({len(size) for size in sizes}) > 1:
        return np.concatenate(parts)
    # As in Keras: sizes that differ from batch to batch, such as lengths of sequences, become ragged.
    return tf.concat([tf.RaggedTensor.from_tensor(part, ragged_rank=uneven[-1]) for part in parts], axis=0)


def on_host(leaf: Any) -> Any:
    """An output as a numpy array; ragged and sparse ones as they are."""
    if isinstance(leaf, (tf.RaggedTensor, tf.SparseTensor)):
        return leaf
    return np.asarray(leaf.numpy() if hasattr(leaf, "numpy") else leaf)
