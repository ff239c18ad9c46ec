"""Intersection over union of what is labelled and what is predicted to be of a class."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import config
from weft.keras.metrics.metric import Metric


class IoU(Metric):
    """Intersection over union: how far what is labelled as a class and what is predicted as it coincide.

    Formula: true positives / (true positives + false positives + false negatives), the mean over classes that occur.

    Args:
        num_classes: How many classes there are; others are left out.
        target_class_ids: The classes that count.
        name: Its name.
        dtype: The dtype of its counts; int where None, so that weights count as whole numbers.
        ignore_class: Labels of this class do not count.
        sparse_y_true: Whether labels are class numbers; else the greatest of a vector is the class.
        sparse_y_pred: Likewise for predictions.
        axis: The axis of such vectors.

    Raises:
        ValueError: For a class that there is not.

    Example:
        >>> from weft import keras
        >>> metric = keras.metrics.IoU(num_classes=2, target_class_ids=[0])
        >>> round(float(metric([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    _direction = "up"

    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None, dtype: Any = None,
        ignore_class: int | None = None, sparse_y_true: bool = True, sparse_y_pred: bool = True, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype or "int32")
        if max(target_class_ids) >= num_classes:
            raise ValueError(explain(
                f"{type(self).__name__}: a target class is not among the {num_classes} classes.",
                received=f"target_class_ids={list(target_class_ids)}",
            ))  # fmt: skip
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_variable((num_classes, num_classes), dtype=self.dtype, name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        y_true = self._classes(y_true, self.sparse_y_true)
        y_pred = self._classes(y_pred, self.sparse_y_pred)
        size = self.num_classes
        inside = tf.logical_and(tf.logical_and(y_true >= 0, y_true < size), tf.logical_and(y_pred >= 0, y_pred < size))
        if self.ignore_class is not None:
            inside = tf.logical_and(inside, tf.not_equal(y_true, self.ignore_class))
        if sample_weight is not None and "int" in self.dtype and tf.convert_to_tensor(sample_weight).dtype.is_floating:
            warnings.warn(
                f"{type(self).__name__} counts in {self.dtype}: weights given as float become int by casting, which "
                f"cuts off their fractions. Make the metric with dtype='float32'.", stacklevel=2,
            )  # fmt: skip
        weights = tf.ones((), self.dtype) if sample_weight is None else tf.cast(
            tf.convert_to_tensor(sample_weight), self.dtype
        )  # fmt: skip
        weights = tf.reshape(weights, [-1]) if weights.shape.rank and weights.shape.rank > 1 else weights
        weights = tf.broadcast_to(weights, tf.shape(y_true))
        weights = tf.where(inside, weights, tf.zeros_like(weights))
        cells = tf.where(inside, y_true * size + y_pred, tf.zeros_like(y_true))
        found = tf.math.unsorted_segment_sum(weights, cells, size * size)
        self.total_cm.assign_add(tf.cast(tf.reshape(found, [size, size]), self.total_cm.dtype))

    def _classes(self, values: Any, sparse: bool) -> Any:
        values = tf.convert_to_tensor(values)
        if not sparse:
            values = tf.argmax(values, axis=self.axis)
        # Counts are whole numbers even where they are kept as floats.
        return tf.reshape(tf.cast(values, "int64"), [-1])

    def result(self) -> Any:
        """The mean over the classes that count and occur."""
        matrix = tf.cast(tf.identity(self.total_cm), "float32" if "int" in self.dtype else self.dtype)
        hits = tf.linalg.diag_part(matrix)
        union = tf.reduce_sum(matrix, axis=0) + tf.reduce_sum(matrix, axis=1) - hits
        hits = tf.cast(tf.gather(hits, self.target_class_ids), "float32")
        union = tf.cast(tf.gather(union, self.target_class_ids), "float32")
        occurs = union > 1e-9
        share = tf.where(occurs, hits / (union + config.epsilon()), tf.zeros_like(hits))
        return tf.reduce_sum(share) / (tf.reduce_sum(tf.cast(occurs, "float32")) + config.epsilon())

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {
            **super().get_config(), "num_classes": self.num_classes, "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class, "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred, "axis": self.axis,
        }  # fmt: skip

    def _without(self, *names: str) -> dict[str, Any]:
        return {name: value for name, value in IoU.get_config(self).items() if name not in names}


class BinaryIoU(IoU):
    """`IoU` of two classes, from predictions between 0 and 1.

    Args:
        target_class_ids: The classes that count.
        threshold: From where a prediction means class 1.
        name: Its name.
        dtype: The dtype of its counts.
    """

    def __init__(
        self, target_class_ids: Sequence[int] = (0, 1), threshold: float = 0.5, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(2, target_class_ids, name=name, dtype=dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        yes = tf.cast(tf.convert_to_tensor(y_pred), "float32") >= self.threshold
        super().update_state(y_true, tf.cast(yes, "int64"), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        kept = ("name", "dtype", "target_class_ids")
        return {**{key: IoU.get_config(self)[key] for key in kept}, "threshold": self.threshold}


class MeanIoU(IoU):
    """`IoU` of all classes.

    Args:
        num_classes: How many classes there are.
        name: Its name.
        dtype: The dtype of its counts.
        ignore_class: Labels of this class do not count.
        sparse_y_true: Whether labels are class numbers.
        sparse_y_pred: Whether predictions are class numbers.
        axis: The axis of vectors.
    """

    def __init__(
        self, num_classes: int, name: str | None = None, dtype: Any = None, ignore_class: int | None = None,
        sparse_y_true: bool = True, sparse_y_pred: bool = True, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return self._without("target_class_ids")


class OneHotIoU(IoU):
    """`IoU` of labels that are one-hot.

    Args:
        num_classes: How many classes there are.
        target_class_ids: The classes that count.
        name: Its name.
        dtype: The dtype of its counts.
        ignore_class: Labels of this class do not count.
        sparse_y_pred: Whether predictions are class numbers; else the greatest of a vector is the class.
        axis: The axis of vectors.
    """

    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None, dtype: Any = None,
        ignore_class: int | None = None, sparse_y_pred: bool = False, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return self._without("sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of labels that are one-hot.

    Args:
        num_classes: How many classes there are.
        name: Its name.
        dtype: The dtype of its counts.
        ignore_class: Labels of this class do not count.
        sparse_y_pred: Whether predictions are class numbers; else the greatest of a vector is the class.
        axis: The axis of vectors.
    """

    def __init__(
        self, num_classes: int, name: str | None = None, dtype: Any = None, ignore_class: int | None = None,
        sparse_y_pred: bool = False, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return self._without("target_class_ids", "sparse_y_true")
