"""Losses of label sequences, of embeddings, and of labels that may be wrong."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain, op
from weft.keras.core.conversion import convert_to_tensor
from weft.keras.core.masking import set_mask
from weft.keras.losses.loss import LossFunctionWrapper

_REDUCTION = "sum_over_batch_size"


def ctc(y_true: Any, y_pred: Any) -> Any:
    """The loss of label sequences that are shorter than the sequences of logits.

    Args:
        y_true: `[batch, labels]`, class numbers from 1; 0 fills up.
        y_pred: `[batch, time, classes]`, logits.

    Returns:
        `[batch]`.

    Source: Graves et al. 2006.
    """
    y_true, y_pred = convert_to_tensor(y_true), convert_to_tensor(y_pred)
    if y_true.shape.rank != 2 or y_pred.shape.rank != 3:
        raise ValueError(explain(
            "ctc: labels and logits do not go together.", received=f"y_true {y_true.shape}, y_pred {y_pred.shape}",
            expected="y_true (batch, labels), y_pred (batch, time, classes)",
        ))  # fmt: skip
    labels = tf.cast(y_true, "int32")
    length = tf.reduce_sum(tf.cast(tf.not_equal(labels, 0), "int32"), axis=-1)
    steps = tf.zeros_like(length) + tf.shape(y_pred)[1]
    return op("ctc_loss", tf.transpose(y_pred, [1, 0, 2]), labels, length, steps, blank_index=0)


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """(1 - p^q) / q for the probability p of the true class: near to the cross-entropy for a small q.

    Args:
        y_true: `[batch]` or `[batch, 1]`, class numbers.
        y_pred: `[batch, classes]`, probabilities.
        q: Above 0 and below 1.

    Returns:
        `[batch]`.

    Source: Zhang and Sabuncu 2018.
    """
    y_pred = convert_to_tensor(y_pred)
    labels = tf.cast(convert_to_tensor(y_true), "int32")
    if labels.shape.rank == y_pred.shape.rank and labels.shape[-1] == 1:
        labels = tf.squeeze(labels, -1)
    chosen = tf.reduce_sum(y_pred * tf.one_hot(labels, int(y_pred.shape[-1]), dtype=y_pred.dtype), axis=-1)
    return (1 - tf.pow(chosen, tf.cast(q, y_pred.dtype))) / q


def circle(
    y_true: Any, y_pred: Any, ref_labels: Any = None, ref_embeddings: Any = None, remove_diagonal: bool = True,
    gamma: float = 80, margin: float = 0.4,
) -> Any:  # fmt: skip
    """How much nearer embeddings lie to others of their class than to those of other classes.

    Args:
        y_true: `[batch]`, class numbers.
        y_pred: `[batch, n]`, embeddings of length 1.
        ref_labels: Class numbers of what they are compared with; `y_true` by default.
        ref_embeddings: Embeddings of what they are compared with; `y_pred` by default.
        remove_diagonal: Whether an embedding is not compared with itself.
        gamma: The scale.
        margin: How far apart is far enough.

    Returns:
        `[batch]`.

    Source: Sun et al. 2020.
    """
    y_pred = convert_to_tensor(y_pred)
    labels = tf.cast(convert_to_tensor(y_true), "int32")
    others = y_pred if ref_embeddings is None else convert_to_tensor(ref_embeddings)
    names = labels if ref_labels is None else tf.cast(convert_to_tensor(ref_labels), "int32")
    distances = tf.maximum(1 - tf.matmul(y_pred, others, transpose_b=True), tf.cast(0, y_pred.dtype))
    same = tf.equal(tf.reshape(labels, [-1, 1]), tf.reshape(names, [1, -1]))
    apart = tf.logical_not(same)
    if remove_diagonal:
        rows, columns = tf.shape(same)[0], tf.shape(same)[1]
        same = tf.logical_and(same, tf.not_equal(tf.range(rows)[:, None], tf.range(columns)[None, :]))
    near = tf.maximum(margin + distances, 0.0) * (margin - distances) * -gamma
    far = tf.maximum(1 + margin - distances, 0.0) * (1 - margin - distances) * gamma
    none = tf.cast(float("-inf"), y_pred.dtype)
    positive = tf.reduce_logsumexp(tf.where(same, near, none), axis=1)
    negative = tf.reduce_logsumexp(tf.where(apart, far, none), axis=1)
    found = tf.nn.softplus(positive + negative)
    set_mask(found, found > 0)
    return found


class CTC(LossFunctionWrapper):
    """The loss of label sequences that are shorter than the sequences of logits, as `keras.losses.ctc`.

    Args:
        reduction: See `Loss`.
        name: Its name.
        dtype: Its dtype.
    """

    def __init__(self, reduction: str | None = _REDUCTION, name: str | None = "ctc", dtype: Any = None) -> None:
        super().__init__(ctc, reduction=reduction, name=name, dtype=dtype)


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """(1 - p^q) / q for the probability p of the true class.

    Args:
        q: Above 0 and below 1.
        reduction: See `Loss`.
        name: Its name.
        dtype: Its dtype.

    Raises:
        ValueError: For another q.
    """

    def __init__(
        self, q: float = 0.5, reduction: str | None = _REDUCTION,
        name: str | None = "categorical_generalized_cross_entropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        if not 0 < q < 1:
            raise ValueError(explain("CategoricalGeneralizedCrossEntropy: `q` lies between 0 and 1.", received=repr(q)))
        super().__init__(categorical_generalized_cross_entropy, reduction=reduction, name=name, dtype=dtype, q=q)


class Circle(LossFunctionWrapper):
    """How much nearer embeddings lie to others of their class, as `keras.losses.circle`.

    Args:
        gamma: The scale.
        margin: How far apart is far enough.
        remove_diagonal: Whether an embedding is not compared with itself.
        reduction: See `Loss`.
        name: Its name.
        dtype: Its dtype.
    """

    def __init__(
        self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True,
        reduction: str | None = _REDUCTION, name: str | None = "circle", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            circle, reduction=reduction, name=name, dtype=dtype, gamma=gamma, margin=margin,
            remove_diagonal=remove_diagonal,
        )  # fmt: skip
