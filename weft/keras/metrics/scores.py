"""F scores and the coefficient of determination."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain, nearest
from weft.keras import config
from weft.keras.losses.alignment import align_ranks
from weft.keras.metrics.metric import Metric


def _columns(metric: Metric, y_true: Any, y_pred: Any) -> int:
    """How many columns two matrices have."""
    sizes = [tf.TensorShape(value.shape) for value in (y_true, y_pred)]
    if any(shape.rank != 2 or shape[1] is None for shape in sizes):
        raise ValueError(explain(
            f"{type(metric).__name__} expects 2D inputs with shape [batch, outputs].",
            received=f"y_true {sizes[0]}, y_pred {sizes[1]}", hint="one output: y[:, None]; class numbers: one-hot",
        ))  # fmt: skip
    return int(sizes[1][1])


class FBetaScore(Metric):
    """The weighted harmonic mean of precision and recall, for each class or over all.

    Formula: (1 + beta²) · precision · recall / (beta² · precision + recall).

    Args:
        average: None for one score a class; `"micro"` over all answers, `"macro"` the mean of the classes',
            `"weighted"` that mean weighted by how often a class occurs.
        beta: How much recall counts against precision.
        threshold: From where a prediction means yes; None: the greatest of a row does.
        name: Its name.
        dtype: Its dtype.

    Raises:
        ValueError: For another average, a beta that is not above 0, or a threshold beyond 0 and 1.

    Example:
        >>> from weft import keras
        >>> metric = keras.metrics.FBetaScore(beta=2.0, threshold=0.5)
        >>> [round(float(score), 4) for score in metric([[1, 0], [1, 1]], [[0.9, 0.7], [0.2, 0.8]])]
        [0.5556, 0.8333]
    """

    true_positives: Any
    false_positives: Any
    false_negatives: Any
    intermediate_weights: Any
    _direction = "up"

    def __init__(
        self, average: str | None = None, beta: float = 1.0, threshold: float | None = None,
        name: str | None = "fbeta_score", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        known = (None, "micro", "macro", "weighted")
        if average not in known:
            raise ValueError(explain(
                f"{type(self).__name__}: Invalid `average` argument value. Expected one of: "
                f"{{None, 'micro', 'macro', 'weighted'}}. Received: average={average}",
                hint=nearest(str(average), known[1:]),
            ))  # fmt: skip
        self._check_float("beta", beta, "> 0", isinstance(beta, float) and beta > 0)
        if threshold is not None:
            fits = isinstance(threshold, float) and 0 < threshold <= 1
            self._check_float("threshold", threshold, "0 < threshold <= 1", fits)
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self._built = False

    def _check_float(self, word: str, value: Any, bounds: str, fits: bool) -> None:
        if fits:
            return
        problem = f"{type(self).__name__}: Invalid `{word}` argument value."
        if not isinstance(value, float):
            kind = f"{word}={value} of type '{type(value)}'"
            raise ValueError(explain(f"{problem} It should be a Python float. Received: {kind}"))
        verb = "be" if bounds.startswith(">") else "verify"
        raise ValueError(explain(f"{problem} It should {verb} {bounds}. Received: {word}={value}"))

    _KEPT = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in: labels and predictions `[batch, outputs]`."""
        y_true = tf.cast(tf.convert_to_tensor(y_true), self.dtype)
        y_pred = tf.cast(tf.convert_to_tensor(y_pred), self.dtype)
        if not self._built:
            columns = _columns(self, y_true, y_pred)
            for kind in self._KEPT:
                shape = () if self.average == "micro" else (columns,)
                setattr(self, kind, self.add_variable(shape, dtype=self.dtype, name=kind))
            self._built = True
        if self.threshold is None:
            # A row of zeros has no greatest.
            yes = tf.logical_and(y_pred >= tf.reduce_max(y_pred, axis=-1, keepdims=True), tf.abs(y_pred) > 1e-9)
        else:
            yes = y_pred > self.threshold
        yes = tf.cast(yes, self.dtype)
        weights = 1.0 if sample_weight is None else tf.cast(tf.convert_to_tensor(sample_weight), self.dtype)[:, None]
        axis = None if self.average == "micro" else 0
        counts = (yes * y_true, yes * (1 - y_true), (1 - yes) * y_true, y_true)
        for kind, found in zip(self._KEPT, counts):
            getattr(self, kind).assign_add(tf.reduce_sum(found * weights, axis=axis))

    def result(self) -> Any:
        """The score, or one a class."""
        if not self._built:
            return tf.zeros((), self.dtype)
        epsilon = config.epsilon()
        hits = tf.identity(self.true_positives)
        precision, recall = (
            hits / (hits + self.false_positives + epsilon),
            hits / (hits + self.false_negatives + epsilon),
        )
        share = self.beta**2
        score = precision * recall / (share * precision + recall + epsilon) * (1 + share)
        if self.average == "weighted":
            weights = tf.identity(self.intermediate_weights)
            return tf.reduce_sum(score * (weights / (tf.reduce_sum(weights) + epsilon)))
        return score if self.average is None else tf.reduce_mean(score)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall: `FBetaScore` with beta 1.

    Args:
        average: As for `FBetaScore`.
        threshold: As for `FBetaScore`.
        name: Its name.
        dtype: Its dtype.
    """

    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        found = super().get_config()
        del found["beta"]
        return found


class R2Score(Metric):
    """The share of the labels' variance that the predictions explain.

    Formula: 1 − Σ (y − ŷ)² / Σ (y − mean y)².

    Args:
        class_aggregation: None for one score an output, `"uniform_average"` for their mean,
            `"variance_weighted_average"` for the mean weighted by the outputs' variances.
        num_regressors: The number of explaining variables, for the adjusted score; 0 for the plain one.
        name: Its name.
        dtype: Its dtype.

    Raises:
        ValueError: For another aggregation, or a negative number.

    Example:
        >>> from weft import keras
        >>> round(float(keras.metrics.R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
        0.5714
    """

    squared_sum: Any
    sum: Any
    total_mse: Any
    count: Any
    _direction = "up"

    def __init__(
        self, class_aggregation: str | None = "uniform_average", num_regressors: int = 0,
        name: str | None = "r2_score", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        known = (None, "uniform_average", "variance_weighted_average")
        if class_aggregation not in known:
            raise ValueError(explain(
                f"R2Score: Invalid value for argument `class_aggregation`: {class_aggregation!r}. "
                f"{nearest(str(class_aggregation), known[1:])}"
            ))  # fmt: skip
        if num_regressors < 0:
            raise ValueError(explain(
                "R2Score: Invalid value for argument `num_regressors`. Expected a value >= 0.",
                received=repr(num_regressors),
            ))  # fmt: skip
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), dtype=self.dtype, name="num_samples")
        self._built = False

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in: labels and predictions `[batch, outputs]`."""
        y_pred = tf.cast(tf.convert_to_tensor(y_pred), self.dtype)
        y_true, y_pred = align_ranks(tf.cast(tf.convert_to_tensor(y_true), self.dtype), y_pred)
        if not self._built:
            columns = _columns(self, y_true, y_pred)
            for kind, name in (("squared_sum", "squared_sum"), ("sum", "sum"), ("total_mse", "residual"),
                               ("count", "count")):  # fmt: skip
                setattr(self, kind, self.add_variable((columns,), dtype=self.dtype, name=name))
            self._built = True
        weights = tf.ones((), self.dtype) if sample_weight is None else tf.cast(
            tf.convert_to_tensor(sample_weight), self.dtype
        )  # fmt: skip
        weights = tf.broadcast_to(weights[:, None] if weights.shape.rank == 1 else weights, tf.shape(y_true))
        self.sum.assign_add(tf.reduce_sum(y_true * weights, axis=0))
        self.squared_sum.assign_add(tf.reduce_sum(y_true * (y_true * weights), axis=0))
        self.total_mse.assign_add(tf.reduce_sum((y_true - y_pred) ** 2 * weights, axis=0))
        self.count.assign_add(tf.reduce_sum(weights, axis=0))
        self.num_samples.assign_add(tf.cast(tf.size(y_true), self.dtype))

    def result(self) -> Any:
        """The score, or one an output."""
        if not self._built:
            return tf.zeros((), self.dtype)
        mean = self.sum / self.count
        total = self.squared_sum - self.sum * mean
        scores = 1 - self.total_mse / total
        scores = tf.where(tf.math.is_inf(scores), tf.zeros_like(scores), scores)
        if self.class_aggregation == "uniform_average":
            scores = tf.reduce_mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = tf.reduce_sum(total * scores) / tf.reduce_sum(total)
        if not self.num_regressors:
            return scores
        # With no more samples than variables there is no adjusted score, and the plain one stands.
        left = self.num_samples - float(self.num_regressors) - 1.0
        adjusted = 1.0 - (1.0 - scores) * (self.num_samples - 1.0) / tf.where(left > 0, left, tf.ones_like(left))
        return tf.where(left > 0, adjusted, scores)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {
            **super().get_config(), "class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors,
        }  # fmt: skip
