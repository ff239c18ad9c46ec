"""The best of one quantity where another is at least so and so good, over thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras.metrics.confusion import count
from weft.keras.metrics.metric import Metric

_KINDS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class _AtLeast(Metric):
    """The greatest value of `_best` at thresholds where `_bound` is at least `value`; 0 where it never is."""

    _direction = "up"
    _best = _bound = _word = ""
    true_positives: Any

    def __init__(
        self, value: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        if not 0 <= value <= 1:
            raise ValueError(explain(
                f"{type(self).__name__}: Argument `{self._word}` must be in the range [0, 1].", received=repr(value)
            ))  # fmt: skip
        if num_thresholds <= 0:
            raise ValueError(explain(
                f"{type(self).__name__}: Argument `num_thresholds` must be an integer > 0.",
                received=repr(num_thresholds),
            ))  # fmt: skip
        self.value = value
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        self.thresholds = [0.5] if num_thresholds == 1 else np.linspace(0.0, 1.0, num_thresholds).tolist()
        for kind in _KINDS:
            setattr(self, kind, self.add_variable((num_thresholds,), name=kind))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        y_true, y_pred = tf.convert_to_tensor(y_true), tf.cast(tf.convert_to_tensor(y_pred), self.dtype)
        if self.class_id is not None:
            y_true, y_pred = y_true[..., self.class_id], y_pred[..., self.class_id]
        bounds = np.asarray(self.thresholds, np.float32)
        if len(bounds) > 1:
            y_pred = tf.clip_by_value(y_pred, 0.0, 1.0)
        for kind, found in count(y_true, y_pred, sample_weight, bounds, self.true_positives.dtype.name).items():
            getattr(self, kind).assign_add(found)

    def _quantity(self, name: str) -> Any:
        first, second = {
            "recall": ("true_positives", "false_negatives"), "sensitivity": ("true_positives", "false_negatives"),
            "specificity": ("true_negatives", "false_positives"), "precision": ("true_positives", "false_positives"),
        }[name]  # fmt: skip
        hits = tf.identity(getattr(self, first))
        return tf.math.divide_no_nan(hits, hits + getattr(self, second))

    def result(self) -> Any:
        """The greatest value."""
        best = self._quantity(self._best)
        allowed = self._quantity(self._bound) >= self.value
        return tf.reduce_max(tf.where(allowed, best, tf.zeros_like(best)))

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {
            **super().get_config(), "num_thresholds": self.num_thresholds, self._word: self.value,
            "class_id": self.class_id,
        }  # fmt: skip


class SensitivityAtSpecificity(_AtLeast):
    """The best sensitivity at thresholds where specificity is at least a given one.

    Args:
        specificity: The least specificity, from 0 to 1.
        num_thresholds: How many thresholds there are.
        class_id: The one class that counts.
        name: Its name.
        dtype: Its dtype.
    """

    _best, _bound, _word = "sensitivity", "specificity", "specificity"

    def __init__(
        self, specificity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(specificity, num_thresholds, class_id, name, dtype)
        self.specificity = specificity


class SpecificityAtSensitivity(_AtLeast):
    """The best specificity at thresholds where sensitivity is at least a given one.

    Args:
        sensitivity: The least sensitivity, from 0 to 1.
        num_thresholds: How many thresholds there are.
        class_id: The one class that counts.
        name: Its name.
        dtype: Its dtype.
    """

    _best, _bound, _word = "specificity", "sensitivity", "sensitivity"

    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity


class PrecisionAtRecall(_AtLeast):
    """The best precision at thresholds where recall is at least a given one.

    Args:
        recall: The least recall, from 0 to 1.
        num_thresholds: How many thresholds there are.
        class_id: The one class that counts.
        name: Its name.
        dtype: Its dtype.
    """

    _best, _bound, _word = "precision", "recall", "recall"

    def __init__(
        self, recall: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(recall, num_thresholds, class_id, name, dtype)
        self.recall = recall


class RecallAtPrecision(_AtLeast):
    """The best recall at thresholds where precision is at least a given one.

    Args:
        precision: The least precision, from 0 to 1.
        num_thresholds: How many thresholds there are.
        class_id: The one class that counts.
        name: Its name.
        dtype: Its dtype.
    """

    _best, _bound, _word = "recall", "precision", "precision"

    def __init__(
        self, precision: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(precision, num_thresholds, class_id, name, dtype)
        self.precision = precision
