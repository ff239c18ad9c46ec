"""How many predictions are right."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import config
from weft.keras.losses.alignment import align_ranks
from weft.keras.losses.crossentropy import are_one_hot
from weft.keras.metrics.reduction import MeanMetricWrapper


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where prediction and label are equal, else 0.

    Args:
        y_true: Labels.
        y_pred: Predictions of the same shape.
    """
    y_pred = tf.convert_to_tensor(y_pred)
    y_true, y_pred = align_ranks(tf.cast(tf.convert_to_tensor(y_true), y_pred.dtype), y_pred)
    return tf.cast(tf.equal(y_true, y_pred), "float32")


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """Whether label and thresholded prediction are equal, 1 or 0 for each element.

    Args:
        y_true: `[..., n]`, 0 or 1.
        y_pred: `[..., n]`.
        threshold: From where a prediction means 1.
    """
    y_pred = tf.convert_to_tensor(y_pred)
    if not y_pred.dtype.is_floating:
        y_pred = tf.cast(y_pred, config.floatx())
    y_true, y_pred = align_ranks(tf.cast(tf.convert_to_tensor(y_true), y_pred.dtype), y_pred)
    right = tf.equal(y_true, tf.cast(y_pred > tf.cast(threshold, y_pred.dtype), y_true.dtype))
    return tf.cast(right, "float32")


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the greatest prediction is the label's class.

    Args:
        y_true: `[..., classes]`, one-hot.
        y_pred: `[..., classes]`.
    """
    return tf.cast(tf.equal(tf.argmax(y_true, axis=-1), tf.argmax(y_pred, axis=-1)), "float32")


def _class_numbers(y_true: Any, y_pred: Any) -> Any:
    """Labels without a last axis of size 1; one-hot ones as numbers."""
    if are_one_hot(y_true, y_pred):
        return tf.argmax(y_true, axis=-1)
    if y_true.shape.rank is not None and y_true.shape.rank == y_pred.shape.rank and y_true.shape[-1] == 1:
        return tf.squeeze(y_true, -1)
    return y_true


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the greatest prediction is the label.

    Args:
        y_true: `[...]` or `[..., 1]`, class numbers.
        y_pred: `[..., classes]`.
    """
    y_pred = tf.convert_to_tensor(y_pred)
    y_true = _class_numbers(tf.convert_to_tensor(y_true), y_pred)
    return tf.cast(tf.equal(tf.cast(y_true, "int64"), tf.argmax(y_pred, axis=-1)), "float32")


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """Whether the label's class is among the `k` greatest predictions.

    Args:
        y_true: `[..., classes]`, one-hot.
        y_pred: `[..., classes]`.
        k: How many.
    """
    return sparse_top_k_categorical_accuracy(tf.argmax(y_true, axis=-1), y_pred, k=k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Any:
    """Whether the label is among the `k` greatest predictions.

    Args:
        y_true: `[...]` or `[..., 1]`, class numbers.
        y_pred: `[..., classes]`; or with `from_sorted_ids` class numbers, best first.
        k: How many.
        from_sorted_ids: See above.
    """
    y_pred = tf.convert_to_tensor(y_pred)
    y_true = tf.convert_to_tensor(y_true)
    if from_sorted_ids:
        wanted = tf.expand_dims(tf.cast(y_true, y_pred.dtype), -1)
        return tf.cast(tf.reduce_any(tf.equal(y_pred[..., :k], wanted), axis=-1), "float32")
    y_true = tf.cast(_class_numbers(y_true, y_pred), "int32")
    flat, shape = tf.reshape(y_true, [-1]), tf.shape(y_true)
    hits = tf.math.in_top_k(flat, tf.reshape(y_pred, [-1, y_pred.shape[-1]]), k)
    return tf.reshape(tf.cast(hits, "float32"), shape)


class Accuracy(MeanMetricWrapper):
    """How often predictions equal labels.

    Args:
        name: Its name.
        dtype: Its dtype.
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype=dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often thresholded predictions equal labels.

    Args:
        name: Its name.
        dtype: Its dtype.
        threshold: From where a prediction means 1.
    """

    _direction = "up"

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        if threshold is not None and not 0 <= threshold <= 1:
            raise ValueError(explain("BinaryAccuracy: `threshold` must be from 0 to 1.", received=repr(threshold)))
        super().__init__(binary_accuracy, name, dtype=dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the greatest prediction is the class of the one-hot label.

    Args:
        name: Its name.
        dtype: Its dtype.
    """

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype=dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the greatest prediction is the class that the label numbers.

    Args:
        name: Its name.
        dtype: Its dtype.

    Example:
        >>> from weft import keras
        >>> float(keras.metrics.SparseCategoricalAccuracy()([0, 1], [[0.9, 0.1], [0.8, 0.2]]))
        0.5
    """

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype=dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class of the one-hot label is among the `k` greatest predictions.

    Args:
        k: How many.
        name: Its name.
        dtype: Its dtype.
    """

    _direction = "up"

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype=dtype, k=k)
        self.k = k


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class that the label numbers is among the `k` greatest predictions.

    Args:
        k: How many.
        name: Its name.
        dtype: Its dtype.
        from_sorted_ids: Whether predictions are class numbers, best first.
    """

    _direction = "up"

    def __init__(
        self, k: int = 5, name: str | None = "sparse_top_k_categorical_accuracy", dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype=dtype, k=k, from_sorted_ids=from_sorted_ids)
        self.k = k
        self.from_sorted_ids = from_sorted_ids
