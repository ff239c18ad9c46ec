"""What the layers that turn things into categories have in common: forms of output, and data to adapt to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain, nearest
from weft.keras.ops.sparse import dense


def check_mode(layer: str, value: Any, allowed: tuple[str, ...]) -> str:
    """An `output_mode`.

    Raises:
        ValueError: For one that is not allowed, naming layer and argument.
    """
    if value not in allowed:
        raise ValueError(explain(
            f"{layer}: Invalid value for argument `output_mode`. Expected one of {allowed}. "
            f"Unknown arg for output_mode: {value}. {nearest(str(value), allowed)}"
        ))  # fmt: skip
    return str(value)


def check_sparse(layer: str, sparse: Any, mode: str) -> bool:
    """Whether sparse tensors are asked for.

    Raises:
        ValueError: Where they are, of a mode that gives numbers.
    """
    if sparse and mode == "int":
        raise ValueError(explain(
            f"{layer}: `sparse` may only be true if `output_mode` is `'one_hot'`, `'multi_hot'`, `'count'` or "
            "`'tf_idf'`.", received=f"sparse={sparse!r}, output_mode={mode!r}",
        ))  # fmt: skip
    return bool(sparse)


def encode(values: Any, size: int, mode: str, dtype: Any, weights: Any = None, sparse: bool = False) -> Any:
    """Category numbers in the form that `output_mode` asks for, as a sparse tensor where `sparse` does; see `_encode`.
    """
    found = _encode(dense(values), size, mode, dtype, None if weights is None else dense(weights))
    return tf.sparse.from_dense(found) if sparse else found


def _encode(values: Any, size: int, mode: str, dtype: Any, weights: Any = None) -> Any:
    """Category numbers in the form that `output_mode` asks for.

    Args:
        values: Integers. Those outside `[0, size)` leave no trace.
        size: The number of categories.
        mode: "int" (as they are), "one_hot" (a new last axis; one of size 1 makes room for it), "multi_hot" (which
            ones occur in a sample) or "count" (how often, or the sum of their weights).
        dtype: Of the result.
        weights: One for each value, for "count".

    Returns:
        For inputs `[batch, n]`: `[batch, n, size]` for "one_hot", `[batch, size]` for "multi_hot" and "count".
    """
    if mode == "int":
        return tf.cast(values, dtype)
    rank = values.shape.rank
    if mode == "one_hot" or rank == 0:
        if rank and values.shape[-1] == 1 and rank > 1:
            values = tf.squeeze(values, -1)
        found = tf.one_hot(tf.cast(values, "int64"), size, dtype=dtype)
        return tf.expand_dims(found, 0) if rank == 0 and mode == "one_hot" else found
    if rank > 2:  # what lies along axis 1 makes a sample
        values = tf.transpose(values, (0, *range(2, rank), 1))
        weights = None if weights is None else tf.transpose(weights, (0, *range(2, rank), 1))
    lead = [tf.shape(values)[axis] if size is None else size for axis, size in enumerate(values.shape[:-1])]
    values = tf.cast(values, "int64")
    # A place of its own, cut off in the end, for what is outside: no row is ever taken for another.
    inside = tf.logical_and(values >= 0, values < size)
    places = tf.reshape(tf.where(inside, values, tf.constant(size, "int64")), (-1,))
    ones = tf.ones_like(values, dtype=dtype) if weights is None else tf.cast(weights, dtype)
    count = tf.size(values, out_type="int64")
    width = tf.cast(tf.shape(values)[-1], "int64")
    rows = tf.math.floordiv(tf.range(count), tf.maximum(width, 1))
    samples = tf.cast(tf.reduce_prod(tf.shape(values)[:-1]), "int64")
    found = tf.scatter_nd(tf.stack([rows, places], axis=1), tf.reshape(ones, (-1,)), tf.stack([samples, size + 1]))
    if mode == "multi_hot":
        found = tf.minimum(found, tf.ones((), dtype=dtype))
    return tf.reshape(found[:, :size], (*lead, size))


def is_whole(data: Any) -> bool:
    """Whether data for `adapt` is all of them: an array, a tensor, or a list of numbers or strings."""
    if isinstance(data, (np.ndarray, tf.Tensor)) or (hasattr(data, "__array__") and hasattr(data, "shape")):
        return True
    if not isinstance(data, (list, tuple)):
        return False
    firsts = [item[0] if isinstance(item, tuple) and item else item for item in data]  # before labels
    return not any(hasattr(item, "shape") and np.ndim(item) for item in firsts)


def batches(data: Any, layer: Any) -> Iterator[Any]:
    """The batches of what `adapt` was given: an array or tensor is one, anything else is iterated over.

    Args:
        data: An array, a tensor, a list, or an iterable of arrays or tensors, such as a data set.
        layer: The layer, for the message.

    Raises:
        TypeError: For what cannot be iterated over.
    """
    if is_whole(data):
        yield np.asarray(data)
        return
    if not hasattr(data, "__iter__"):
        raise TypeError(explain(
            f"Layer `{layer.name}` ({type(layer).__name__}): adapt() needs data.", received=type(data).__name__,
            expected="an array, a tensor, a list, or an iterable of batches",
        ))  # fmt: skip
    from weft.keras.utils import PyDataset

    numbered = isinstance(data, PyDataset)
    for batch in (data[place] for place in range(len(data))) if numbered else data:
        if isinstance(batch, tuple) and 1 <= len(batch) <= 3:
            batch = batch[0]  # labels and weights behind it
        if isinstance(batch, (tuple, dict)):
            raise TypeError(explain(
                f"Layer `{layer.name}` ({type(layer).__name__}): adapt() takes the inputs alone, received batches of "
                f"several things.", received=f"a {type(batch).__name__} of {len(batch)}",
                hint="take the labels off first: layer.adapt(dataset.map(lambda x, y: x))",
            ))  # fmt: skip
        yield np.asarray(batch)
