"""Arrays of numbers into other arrays of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain


def to_categorical(x: Any, num_classes: int | None = None, dtype: Any = None, nb_classes: int | None = None) -> Any:
    """Class numbers as rows with a single 1.

    Args:
        x: Integers from 0 on, of any shape; a last axis of size 1 is dropped.
        num_classes: The number of classes; one more than the greatest number where None.
        dtype: The dtype of the result; float64 for arrays where None, as in Keras.
        nb_classes: What Keras 1 called `num_classes`.

    Returns:
        `[…, num_classes]`; an array for arrays, a tensor for tensors.

    Raises:
        ValueError: For numbers outside [0, num_classes), naming the first one and its place.

    Example:
        >>> from weft import keras
        >>> keras.utils.to_categorical([0, 2], num_classes=3).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    num_classes = nb_classes if num_classes is None else num_classes
    if tf.is_tensor(x) and not hasattr(x, "numpy"):
        x = x[..., 0] if len(x.shape) > 1 and x.shape[-1] == 1 else x
        return tf.one_hot(tf.cast(x, "int64"), num_classes, dtype=dtype or "float32")
    labels = np.asarray(x)
    if labels.dtype.kind not in "biuf":
        raise ValueError(explain(
            "to_categorical takes integers.", received=f"dtype {labels.dtype}",
            hint="number the classes first, for instance with np.unique(y, return_inverse=True)",
        ))  # fmt: skip
    labels = labels.astype(np.int64)
    shape = labels.shape[:-1] if labels.ndim > 1 and labels.shape[-1] == 1 else labels.shape
    flat = labels.reshape(-1)
    count = int(flat.max()) + 1 if num_classes is None and flat.size else int(num_classes or 0)
    wrong = np.flatnonzero((flat < 0) | (flat >= count))
    if wrong.size:
        place = int(wrong[0])
        raise ValueError(explain(
            f"to_categorical: label {int(flat[place])} at position {place} is outside of [0, {count}).",
            received=f"labels from {int(flat.min())} to {int(flat.max())}",
            hint="raise num_classes, or number the classes from 0 on",
        ))  # fmt: skip
    rows = np.zeros((flat.size, count), dtype=np.float64 if dtype is None else tf.as_dtype(dtype).as_numpy_dtype)
    rows[np.arange(flat.size), flat] = 1
    rows = rows.reshape((*shape, count))
    return tf.convert_to_tensor(rows) if tf.is_tensor(x) else rows


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """Scales to norm 1 along an axis; what is all zeros stays.

    Args:
        x: An array or a tensor, which gives a tensor.
        axis: The axis.
        order: Which norm.

    Example:
        >>> from weft import keras
        >>> keras.utils.normalize([[3.0, 4.0]]).tolist()
        [[0.6, 0.8]]
    """
    if tf.is_tensor(x):
        norms = tf.norm(x, ord=order, axis=axis, keepdims=True)
        return x / tf.where(tf.equal(norms, 0), tf.ones_like(norms), norms)
    array = np.asarray(x)
    norms = np.atleast_1d(np.linalg.norm(array, order, axis))
    norms[norms == 0] = 1
    return array / np.expand_dims(norms, axis)
