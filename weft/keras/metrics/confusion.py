"""Counts of right and wrong answers at thresholds, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain, nearest
from weft.keras import config
from weft.keras.losses.alignment import align_ranks
from weft.keras.metrics.metric import Metric


def count(
    y_true: Any, y_pred: Any, sample_weight: Any, thresholds: Any, dtype: str, label_weights: Any = None,
    by_label: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Weighted counts of the four kinds of answers, one for each threshold.

    Args:
        y_true: Labels, 0 or not.
        y_pred: Predictions of the same shape.
        sample_weight: None, or weights that broadcast to them.
        thresholds: `[n]`; a prediction above one means yes.
        dtype: The dtype of the counts.
        label_weights: None, or weights along the last axis.
        by_label: Whether the labels `[batch, labels]` are counted apart.

    Returns:
        Name → `[n]`, or `[n, labels]`.
    """
    y_pred = tf.cast(tf.convert_to_tensor(y_pred), dtype)
    y_true, y_pred = align_ranks(tf.cast(tf.convert_to_tensor(y_true), dtype), y_pred)
    _require_one_shape(y_true, y_pred)
    weights = tf.ones([1], dtype)
    if sample_weight is not None:
        weights = tf.cast(tf.convert_to_tensor(sample_weight), dtype)
        while weights.shape.rank < y_pred.shape.rank:
            weights = tf.expand_dims(weights, -1)
    if label_weights is not None:
        weights = weights * tf.cast(tf.convert_to_tensor(label_weights), dtype)
    ends = [-1, y_pred.shape[-1]] if by_label else [-1]
    if sample_weight is not None or label_weights is not None:
        weights = tf.reshape(tf.broadcast_to(weights, tf.shape(y_pred)), ends)
    labels = tf.cast(tf.reshape(y_true, ends) != 0, dtype)
    bounds = tf.cast(tf.reshape(tf.convert_to_tensor(thresholds), [-1] + [1] * len(ends)), dtype)
    yes = tf.cast(tf.reshape(y_pred, [1, *ends]) > bounds, dtype)
    positive, negative = labels * weights, (1 - labels) * weights
    hits, false = tf.reduce_sum(yes * positive, axis=1), tf.reduce_sum(yes * negative, axis=1)
    return {
        "true_positives": hits, "false_positives": false, "true_negatives": tf.reduce_sum(negative, axis=0) - false,
        "false_negatives": tf.reduce_sum(positive, axis=0) - hits,
    }  # fmt: skip


def _require_one_shape(y_true: Any, y_pred: Any) -> None:
    labels, answers = tf.TensorShape(y_true.shape), tf.TensorShape(y_pred.shape)
    if labels.is_compatible_with(answers):
        return
    classes = answers[-1] if answers.rank else None
    raise ValueError(explain(
        "A metric that counts right and wrong answers needs labels of the predictions' shape, 0 or 1 each: "
        f"Shapes {labels} and {answers} are incompatible.",
        expected=f"labels of shape {answers}",
        received=f"y_true {labels}, y_pred {answers}",
        hint=f"make class numbers one-hot: keras.utils.to_categorical(y, {classes})"
        if classes not in (None, 1) and labels.rank in (1, answers.rank) else "give each prediction its label",
    ))  # fmt: skip


class _Counting(Metric):
    """A metric that keeps some of the four counts."""

    _kept: tuple[str, ...] = ()

    def __init__(self, thresholds: Any, default: float, name: str | None, dtype: Any) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        given = (
            [default] if thresholds is None else list(thresholds) if isinstance(thresholds, Sequence) else [thresholds]
        )
        bad = [value for value in given if value is None or (thresholds is not None and not 0 <= value <= 1)]
        if bad:
            raise ValueError(explain(
                f"{type(self).__name__}: Threshold values must be in [0, 1]. Received: {bad}",
                hint="predictions that are logits want from_logits=True or a sigmoid",
            ))  # fmt: skip
        self.thresholds = given
        for kind in self._kept:
            setattr(self, kind, self.add_variable((len(given),), name=kind))

    def _take(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        dtype = getattr(self, self._kept[0]).dtype.name  # counts are kept in the default float
        found = count(y_true, y_pred, sample_weight, self.thresholds, dtype)
        for kind in self._kept:
            getattr(self, kind).assign_add(found[kind])

    def _one(self, result: Any) -> Any:
        return result[0] if len(self.thresholds) == 1 else result

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


class _Count(_Counting):
    """One of the four counts."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(thresholds, 0.5, name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        self._take(y_true, y_pred, sample_weight)

    def result(self) -> Any:
        """The count; one for each threshold where there are several."""
        return self._one(tf.identity(getattr(self, self._kept[0])))


class TruePositives(_Count):
    """How many labels 1 are answered with 1."""

    _kept = ("true_positives",)


class FalsePositives(_Count):
    """How many labels 0 are answered with 1."""

    _kept = ("false_positives",)


class TrueNegatives(_Count):
    """How many labels 0 are answered with 0."""

    _kept = ("true_negatives",)


class FalseNegatives(_Count):
    """How many labels 1 are answered with 0."""

    _kept = ("false_negatives",)


class _Share(_Counting):
    """A count over a sum of two."""

    _direction = "up"

    _other = ""

    def __init__(
        self, thresholds: Any = None, top_k: int | None = None, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(thresholds, 0.5 if top_k is None else -1e10, name, dtype)
        self.top_k = top_k
        self.class_id = class_id

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        y_true, y_pred = tf.convert_to_tensor(y_true), tf.cast(tf.convert_to_tensor(y_pred), self.dtype)
        if self.top_k is not None:
            # Exactly so many, also where predictions are equal: the first of these count.
            places = tf.math.top_k(y_pred, self.top_k)[1]
            chosen = tf.reduce_any(tf.one_hot(places, y_pred.shape[-1], on_value=True, off_value=False), axis=-2)
            y_pred = tf.where(chosen, y_pred, tf.fill(tf.shape(y_pred), tf.cast(-1e10, self.dtype)))
        if self.class_id is not None:
            if y_pred.shape.rank == 1:
                raise ValueError(explain(
                    f"{type(self).__name__}: When class_id is provided, y_pred must be a 2D array with shape "
                    f"(num_samples, num_classes), found shape: {tuple(y_pred.shape)}.",
                    received=f"class_id={self.class_id}",
                    hint="leave out class_id where there is one output",
                ))  # fmt: skip
            y_true, y_pred = y_true[..., self.class_id], y_pred[..., self.class_id]
        self._take(y_true, y_pred, sample_weight)

    def result(self) -> Any:
        """The share; one for each threshold where there are several."""
        hits, other = tf.identity(getattr(self, self._kept[0])), tf.identity(getattr(self, self._kept[1]))
        return self._one(tf.math.divide_no_nan(hits, hits + other))

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {**super().get_config(), "top_k": self.top_k, "class_id": self.class_id}


class Precision(_Share):
    """Which share of the answers 1 is right.

    Args:
        thresholds: From where a prediction means 1, one or several; 0.5 where None.
        top_k: Only the `top_k` greatest predictions of a row mean 1.
        class_id: The one class that counts.
        name: Its name.
        dtype: Its dtype.

    Example:
        >>> from weft import keras
        >>> float(keras.metrics.Precision()([1, 0], [0.9, 0.8]))
        0.5
    """

    _kept = ("true_positives", "false_positives")


class Recall(_Share):
    """Which share of the labels 1 is found.

    Args:
        thresholds: From where a prediction means 1, one or several; 0.5 where None.
        top_k: Only the `top_k` greatest predictions of a row mean 1.
        class_id: The one class that counts.
        name: Its name.
        dtype: Its dtype.
    """

    _kept = ("true_positives", "false_negatives")


class AUC(Metric):
    """The area under a curve of answers, summed over thresholds.

    Args:
        num_thresholds: How many thresholds there are.
        curve: `"ROC"`, `"PR"`, or `"PRGAIN"`: precision and recall as gains over answering 1 always.
        summation_method: `"interpolation"`, `"minoring"` or `"majoring"`.
        name: Its name.
        dtype: Its dtype.
        thresholds: The thresholds between 0 and 1, instead of `num_thresholds`.
        multi_label: Whether the columns are labels of their own: the result is the mean of their areas.
        num_labels: How many labels there are; known from the first batch where None.
        label_weights: How much each label counts in that mean, or in the counts without `multi_label`.
        from_logits: Whether predictions are logits.

    Raises:
        ValueError: For an unknown curve or summation, too few thresholds, or predictions that are no matrix where
            there are several labels.

    Source: Davis and Goadrich, The Relationship Between Precision-Recall and ROC Curves, 2006; Flach and Kull,
        Precision-Recall-Gain Curves, 2015.
    """

    _direction = "up"

    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any

    def __init__(
        self, num_thresholds: int = 200, curve: str = "ROC", summation_method: str = "interpolation",
        name: str | None = None, dtype: Any = None, thresholds: Sequence[float] | None = None,
        multi_label: bool = False, num_labels: int | None = None, label_weights: Any = None, from_logits: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        if num_labels is not None and not multi_label:
            raise ValueError(explain("AUC: `num_labels` belongs to multi_label=True.", received=repr(num_labels)))
        for word, value, known in (
            ("curve", curve, ("ROC", "PR", "PRGAIN")),
            ("summation_method", summation_method, ("interpolation", "minoring", "majoring")),
        ):
            if value not in known:
                raise ValueError(explain(
                    f'AUC: Invalid AUC {word.replace("_", " ")} value: "{value}". {nearest(str(value), known)}'
                ))  # fmt: skip
        if thresholds is None and num_thresholds <= 1:
            raise ValueError(explain(
                "AUC: Argument `num_thresholds` must be an integer > 1.", received=repr(num_thresholds)
            ))  # fmt: skip
        self._given = None if thresholds is None else sorted(thresholds)
        inner = self._given
        if inner is None:
            inner = [(i + 1) / (num_thresholds - 1) for i in range(num_thresholds - 2)]
        self.num_thresholds = len(inner) + 2
        epsilon = config.epsilon()
        self.thresholds = [0.0 - epsilon, *inner, 1.0 + epsilon]
        #: as in Keras, predictions beyond 0 and 1 then count as 0 and 1
        self._even = bool(np.allclose([0.0, *inner, 1.0], np.linspace(0.0, 1.0, self.num_thresholds)))
        self.curve = curve
        self.summation_method = summation_method
        self._from_logits = from_logits
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else np.asarray(label_weights, np.float32)
        self._built = False
        if not multi_label or num_labels is not None:
            self._build(num_labels)

    def _build(self, labels: int | None) -> None:
        shape = (self.num_thresholds,) if labels is None else (self.num_thresholds, labels)
        for kind in ("true_positives", "false_positives", "true_negatives", "false_negatives"):
            setattr(self, kind, self.add_variable(shape, name=kind))
        self._built = True

    def _prepare_labels(self, y_pred: Any) -> None:
        shape = tf.TensorShape(y_pred.shape)
        if shape.rank != 2 or shape[1] is None or self.num_labels not in (None, shape[1]):
            raise ValueError(explain(
                "AUC: with multi_label=True predictions are a matrix [batch, labels].", received=str(shape),
                expected=f"[batch, {self.num_labels}]" if self.num_labels else None,
            ))  # fmt: skip
        if not self._built:
            self._build(int(shape[1]))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        if self._from_logits:
            y_pred = tf.sigmoid(y_pred)
        if self._even:
            y_pred = tf.clip_by_value(tf.cast(tf.convert_to_tensor(y_pred), self.dtype), 0.0, 1.0)
        if self.multi_label:
            self._prepare_labels(y_pred := tf.convert_to_tensor(y_pred))
        bounds = np.asarray(self.thresholds, np.float32)
        weights = None if self.multi_label else self.label_weights
        dtype = self.true_positives.dtype.name
        found = count(y_true, y_pred, sample_weight, bounds, dtype, weights, by_label=self.multi_label)
        for kind, values in found.items():
            getattr(self, kind).assign_add(values)

    def result(self) -> Any:
        """The area; of several labels the mean."""
        if not self._built:
            return tf.zeros((), self.dtype)
        areas = self._areas()
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return tf.reduce_mean(areas)
        weights = tf.cast(self.label_weights, areas.dtype)
        return tf.math.divide_no_nan(tf.reduce_sum(areas * weights), tf.reduce_sum(weights))

    def _areas(self) -> Any:
        hits, false = tf.identity(self.true_positives), tf.identity(self.false_positives)
        missed, refused = tf.identity(self.false_negatives), tf.identity(self.true_negatives)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._interpolated(hits, false, missed)
        recall = tf.math.divide_no_nan(hits, hits + missed)
        if self.curve == "ROC":
            x, y = tf.math.divide_no_nan(false, false + refused), recall
        elif self.curve == "PRGAIN":
            odds = tf.math.divide_no_nan(hits + missed, refused + false)
            gains = (1.0 - odds * tf.math.divide_no_nan(wrong, hits) for wrong in (missed, false))
            x, y = (tf.maximum(gain, 0.0) for gain in gains)
            x = tf.where(tf.equal(hits, 0), tf.zeros_like(x), x)
        else:
            x, y = recall, tf.math.divide_no_nan(hits, hits + false)
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2.0
        else:
            heights = (tf.minimum if self.summation_method == "minoring" else tf.maximum)(y[:-1], y[1:])
        return tf.reduce_sum((x[:-1] - x[1:]) * heights, axis=0)

    def _interpolated(self, hits: Any, false: Any, missed: Any) -> Any:
        """Between two thresholds hits grow in line with answers, so precision follows a hyperbola: its integral."""
        answers = hits + false
        more = hits[:-1] - hits[1:]
        slope = tf.math.divide_no_nan(more, tf.maximum(answers[:-1] - answers[1:], 0.0))
        start = hits[1:] - slope * answers[1:]
        both = tf.logical_and(answers[:-1] > 0, answers[1:] > 0)
        ratio = tf.where(both, tf.math.divide_no_nan(answers[:-1], answers[1:]), tf.ones_like(more))
        area = slope * (more + start * tf.math.log(ratio))
        return tf.reduce_sum(tf.math.divide_no_nan(area, hits[1:] + missed[1:]), axis=0)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {
            **super().get_config(), "num_thresholds": self.num_thresholds, "curve": self.curve,
            "summation_method": self.summation_method, "thresholds": self._given, "multi_label": self.multi_label,
            "num_labels": self.num_labels, "from_logits": self._from_logits,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
        }  # fmt: skip
