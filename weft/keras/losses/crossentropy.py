"""Cross-entropies between labels and predicted distributions.

Where the probabilities were just made by a softmax or a sigmoid in the same graph, the logits behind them are used:
the detour over probabilities loses digits, and the gradient of a certain wrong answer with them. Elsewhere
probabilities are kept `keras.config.epsilon()` away from 0 and 1.
"""

from __future__ import annotations

import logging
from typing import Any

import weft as tf
from weft import extend
from weft.extend import explain
from weft.keras import config
from weft.keras.losses.alignment import align_ranks, as_float_like, as_predictions, prepare

_log = logging.getLogger("weft.keras")
_said: set[str] = set()


def warn_once(key: str, text: str) -> None:
    """Logs a warning the first time that its key comes up in this process."""
    if key not in _said:
        _said.add(key)
        _log.warning(text)


def forget_warnings() -> None:
    """Lets every warning be given once more."""
    _said.clear()


def logits_behind(probabilities: Any, op: str, axis: int = -1) -> Any:
    """What the softmax or sigmoid that made a tensor of this graph was applied to; None where that is not known."""
    if not tf.is_tensor(probabilities):
        return None
    found = extend.origin(probabilities)
    while found is not None and found[0] == "identity":
        probabilities = found[1][0]
        found = extend.origin(probabilities)
    if found is None or found[0] != op:
        return None
    if op == "softmax":
        rank = probabilities.shape.rank
        if rank is None or found[2].get("axis", -1) % rank != axis % rank:
            return None
    return found[1][0]


def _clip(probabilities: Any) -> Any:
    epsilon = config.epsilon()
    return tf.clip_by_value(probabilities, epsilon, 1.0 - epsilon)


def _classes_last(tensor: Any, axis: int) -> Any:
    """The tensor with its class axis moved to the end."""
    rank = tensor.shape.rank
    place = axis % rank
    if place == rank - 1:
        return tensor
    return tf.transpose(tensor, [i for i in range(rank) if i != place] + [place])


def _check_classes(y_true: Any, y_pred: Any, axis: int, function: str) -> None:
    if y_pred.shape.rank is not None and y_pred.shape.rank > 0 and y_pred.shape[axis] == 1:
        import warnings

        warnings.warn(
            f"In {function}, the predictions have a single class ({y_pred.shape}); for yes or no answers use "
            "binary_crossentropy.", SyntaxWarning, stacklevel=4,
        )  # fmt: skip
    if y_true.shape.rank is None or y_pred.shape.rank is None:
        return
    if y_true.shape.rank != y_pred.shape.rank or any(
        None not in (a, b) and a != b for a, b in zip(y_true.shape, y_pred.shape, strict=True)
    ):
        raise ValueError(explain(
            f"{function}: labels and predictions differ in shape; they must have the same shape.",
            expected=f"one-hot labels of shape {y_pred.shape}",
            received=[f"y_true {y_true.shape}", f"y_pred {y_pred.shape}"],
            hint="for labels that are class numbers use sparse_categorical_crossentropy, or keras.utils.to_categorical"
            if y_true.shape.rank < y_pred.shape.rank or y_true.shape[-1] == 1
            else "give the last layer as many units as the labels have classes",
        ))  # fmt: skip


def _smooth_categories(y_true: Any, y_pred: Any, smoothing: float, axis: int) -> Any:
    if not smoothing:
        return y_true
    classes = tf.cast(tf.shape(y_true)[axis], y_pred.dtype)
    return y_true * (1.0 - smoothing) + smoothing / classes


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Cross-entropy between one-hot labels (or distributions) and predictions.

    Args:
        y_true: `[..., classes]`.
        y_pred: `[..., classes]`, probabilities or logits.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: Share of the labels' weight that is spread over all classes.
        axis: The axis of the classes.

    Returns:
        One loss a row: the shape without the axis of the classes.

    Example:
        >>> from weft import keras
        >>> round(float(keras.losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 4)
        0.6931
    """
    y_pred = as_predictions(y_pred)
    y_true = as_float_like(y_true, y_pred)
    if y_true.shape.rank == 0 or y_pred.shape.rank == 0:
        y_true, y_pred = tf.reshape(y_true, [-1]), tf.reshape(y_pred, [-1])
    _check_classes(y_true, y_pred, axis, "categorical_crossentropy")
    y_true = _smooth_categories(y_true, y_pred, label_smoothing, axis)
    logits = y_pred if from_logits else logits_behind(y_pred, "softmax", axis)
    if logits is not None:
        return tf.nn.softmax_cross_entropy_with_logits(_classes_last(y_true, axis), _classes_last(logits, axis))
    y_pred = _clip(y_pred / tf.reduce_sum(y_pred, axis=axis, keepdims=True))
    return -tf.reduce_sum(y_true * tf.math.log(y_pred), axis=axis)


def are_one_hot(y_true: Any, y_pred: Any, axis: int = -1) -> bool:
    """Whether labels for a sparse cross-entropy have the predictions' own shape, several classes and all."""
    if y_true.shape.rank is None or y_true.shape.rank != y_pred.shape.rank or y_true.shape.rank < 2:
        return False
    classes = y_pred.shape[axis]
    return classes is not None and classes > 1 and y_true.shape[axis] == classes


def as_class_numbers(y_true: Any, y_pred: Any) -> Any:
    """Labels as integers `[...]`, without a last axis of size 1."""
    y_true = tf.convert_to_tensor(y_true)
    if y_true.shape.rank is not None and y_true.shape.rank == y_pred.shape.rank and y_true.shape[-1] == 1:
        y_true = tf.squeeze(y_true, -1)
    if not y_true.dtype.is_integer:
        if y_true.dtype == "string":
            raise TypeError(explain(
                "sparse_categorical_crossentropy: the labels are strings.", expected="class numbers from 0",
                hint="number the classes first, for instance with numpy.unique(labels, return_inverse=True)[1]",
            ))  # fmt: skip
        y_true = tf.cast(y_true, "int64")
    return y_true


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """Cross-entropy between class numbers and predictions.

    One-hot labels of the predictions' shape are understood as what they are, with a warning.

    Args:
        y_true: `[...]` or `[..., 1]`, class numbers, integers or floats that hold integers.
        y_pred: `[..., classes]`, probabilities or logits.
        from_logits: Whether `y_pred` are logits.
        ignore_class: A label whose rows have loss 0 and do not count.
        axis: The axis of the classes.

    Returns:
        One loss a row.

    Raises:
        InvalidArgumentError: For a label out of range, naming the value, its row and the range.

    Example:
        >>> from weft import keras
        >>> round(float(keras.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]])[0]), 4)
        0.6931
    """
    y_pred = as_predictions(y_pred)
    y_true = tf.convert_to_tensor(y_true)
    if ignore_class is None and are_one_hot(y_true, y_pred, axis):
        warn_once("one-hot", (
            f"sparse_categorical_crossentropy got one-hot labels of the predictions' shape {y_pred.shape}; they are "
            "understood as categorical_crossentropy. Say loss=\"categorical_crossentropy\", or pass class numbers."
        ))  # fmt: skip
        return categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)
    labels = as_class_numbers(y_true, y_pred)
    _check_rows(labels, y_pred, axis)
    counted = None
    if ignore_class is not None:
        counted = tf.not_equal(labels, tf.cast(ignore_class, labels.dtype))
        labels = tf.where(counted, labels, tf.zeros_like(labels))
    logits = y_pred if from_logits else logits_behind(y_pred, "softmax", axis)
    if logits is None:
        logits = tf.math.log(_clip(y_pred))
    result = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, _classes_last(logits, axis))
    if counted is not None:
        result = tf.where(counted, result, tf.zeros_like(result))
        result._keras_mask = counted
    return result


def _check_rows(labels: Any, y_pred: Any, axis: int) -> None:
    if labels.shape.rank is None or y_pred.shape.rank is None:
        return
    rows = [size for place, size in enumerate(y_pred.shape) if place != axis % max(y_pred.shape.rank, 1)]
    if labels.shape.rank != len(rows) or any(
        None not in (a, b) and a != b for a, b in zip(labels.shape, rows, strict=True)
    ):
        raise ValueError(explain(
            "sparse_categorical_crossentropy: labels and predictions do not go together.",
            expected=f"one class number a row: shape {tf.TensorShape(rows)}",
            received=[f"y_true {labels.shape}", f"y_pred {y_pred.shape}"],
            hint="the last layer's units are the classes; a Flatten or a pooling layer before it may be missing"
            if y_pred.shape.rank > labels.shape.rank + 1 else "check that labels and predictions belong together",
        ))  # fmt: skip


def _smooth_binary(y_true: Any, smoothing: float) -> Any:
    return y_true * (1.0 - smoothing) + 0.5 * smoothing if smoothing else y_true


def elementwise_binary(y_true: Any, y_pred: Any, from_logits: bool) -> Any:
    """The cross-entropy of each label with its prediction."""
    logits = y_pred if from_logits else logits_behind(y_pred, "sigmoid")
    if logits is not None:
        return tf.nn.sigmoid_cross_entropy_with_logits(y_true, logits)
    y_pred = _clip(y_pred)
    return -(y_true * tf.math.log(y_pred) + (1.0 - y_true) * tf.math.log(1.0 - y_pred))


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Cross-entropy between labels 0 or 1 and predictions, averaged over an axis.

    Args:
        y_true: `[..., n]`, 0 or 1.
        y_pred: `[..., n]`, probabilities or logits.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: How far labels are drawn towards 0.5.
        axis: The axis over which the mean is taken.

    Returns:
        One loss a row.

    Example:
        >>> from weft import keras
        >>> round(float(keras.losses.binary_crossentropy([[1.0]], [[0.5]])[0]), 4)
        0.6931
    """
    y_true, y_pred = prepare(y_true, y_pred)
    check_same_shape(y_true, y_pred, "binary_crossentropy")
    losses = elementwise_binary(_smooth_binary(y_true, label_smoothing), y_pred, from_logits)
    return tf.reduce_mean(losses, axis=axis)


def check_same_shape(y_true: Any, y_pred: Any, function: str) -> None:
    """Refuses labels whose known sizes are not those of the predictions."""
    if y_true.shape.rank is None or y_pred.shape.rank is None:
        return
    if y_true.shape.rank != y_pred.shape.rank or any(
        None not in (a, b) and a != b for a, b in zip(y_true.shape, y_pred.shape, strict=True)
    ):
        raise ValueError(explain(
            f"{function}: labels and predictions differ in shape; they must have the same shape.",
            expected=f"labels of shape {y_pred.shape}", received=[f"y_true {y_true.shape}", f"y_pred {y_pred.shape}"],
            hint="give the last layer as many units as a label has numbers",
        ))  # fmt: skip


def binary_focal_crossentropy(
    y_true: Any, y_pred: Any, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0,
    from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
) -> Any:  # fmt: skip
    """Binary cross-entropy in which what is already answered well counts less.

    loss = (1 - p)^gamma · binary_crossentropy, with p the probability given to the right answer.

    Args:
        y_true: `[..., n]`, 0 or 1.
        y_pred: `[..., n]`, probabilities or logits.
        apply_class_balancing: Whether labels 1 weigh `alpha` and labels 0 `1 - alpha`.
        alpha: That weight.
        gamma: How strongly easy answers are played down.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: How far labels are drawn towards 0.5.
        axis: The axis over which the mean is taken.

    Source: Lin et al., Focal Loss for Dense Object Detection, 2017, equations 4 and 5.
    """
    y_true, y_pred = prepare(y_true, y_pred)
    y_true = _smooth_binary(y_true, label_smoothing)
    if from_logits:
        y_pred = tf.sigmoid(y_pred)
    losses = elementwise_binary(y_true, y_pred, False)
    right = y_true * y_pred + (1.0 - y_true) * (1.0 - y_pred)
    losses = tf.pow(1.0 - right, gamma) * losses
    if apply_class_balancing:
        losses = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * losses
    return tf.reduce_mean(losses, axis=axis)


def categorical_focal_crossentropy(
    y_true: Any, y_pred: Any, alpha: Any = 0.25, gamma: float = 2.0, from_logits: bool = False,
    label_smoothing: float = 0.0, axis: int = -1,
) -> Any:  # fmt: skip
    """Categorical cross-entropy in which what is already answered well counts less.

    loss = Σ alpha · (1 - p)^gamma · (-y log p)

    Args:
        y_true: `[..., classes]`, one-hot.
        y_pred: `[..., classes]`, probabilities or logits.
        alpha: A weight, or one for each class.
        gamma: How strongly easy answers are played down.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: Share of the labels' weight that is spread over all classes.
        axis: The axis of the classes.

    Source: Lin et al., Focal Loss for Dense Object Detection, 2017.
    """
    y_pred = as_predictions(y_pred)
    y_true = as_float_like(y_true, y_pred)
    _check_classes(y_true, y_pred, axis, "categorical_focal_crossentropy")
    y_true = _smooth_categories(y_true, y_pred, label_smoothing, axis)
    if from_logits:
        y_pred = tf.nn.softmax(y_pred, axis=axis)
    y_pred = _clip(y_pred / tf.reduce_sum(y_pred, axis=axis, keepdims=True))
    losses = -y_true * tf.math.log(y_pred)
    return tf.reduce_sum(tf.pow(1.0 - y_pred, gamma) * alpha * losses, axis=axis)


__all__ = [
    "align_ranks", "are_one_hot", "as_class_numbers", "binary_crossentropy", "binary_focal_crossentropy",
    "categorical_crossentropy", "categorical_focal_crossentropy", "sparse_categorical_crossentropy",
]  # fmt: skip
