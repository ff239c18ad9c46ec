"""`tf.contrib.losses.metric_learning`: losses that bring embeddings of one class together."""

from __future__ import annotations

from typing import Any

import weft


def _distances(embeddings: Any, squared: bool) -> Any:
    """The distances between all pairs of rows; those of a row from itself are 0."""
    norms = weft.reduce_sum(weft.square(embeddings), axis=1, keepdims=True)
    apart = norms + weft.transpose(norms) - 2.0 * weft.matmul(embeddings, embeddings, transpose_b=True)
    apart = weft.maximum(apart, 0.0)
    if not squared:
        zero = weft.less_equal(apart, 0.0)  # whose root has no gradient
        apart = weft.where(zero, weft.zeros_like(apart), weft.sqrt(weft.where(zero, weft.ones_like(apart), apart)))
    many = weft.shape(apart)[0]
    return apart * (1.0 - weft.eye(many, dtype=apart.dtype))


def _alike(labels: Any) -> Any:
    """Which pairs of rows have one label."""
    column = weft.reshape(labels, [-1, 1])
    return weft.equal(column, weft.transpose(column))


def _others(mask: Any, dtype: Any) -> Any:
    """The pairs of a mask that are of two rows, as numbers."""
    return weft.cast(mask, dtype) * (1.0 - weft.eye(weft.shape(mask)[0], dtype=dtype))


def contrastive_loss(labels: Any, embeddings_anchor: Any, embeddings_positive: Any, margin: float = 1.0) -> Any:
    """The mean of d² where the label is 1, and of max(margin - d, 0)² where it is 0, d being the pair's distance.

    Args:
        labels: `[batch]`, 0 or 1.
        embeddings_anchor: `[batch, size]`.
        embeddings_positive: `[batch, size]`.
        margin: How far apart pairs of two classes are to be.

    Source: Hadsell et al., Dimensionality Reduction by Learning an Invariant Mapping, 2006.
    """
    first, second = weft.convert_to_tensor(embeddings_anchor), weft.convert_to_tensor(embeddings_positive)
    distance = weft.sqrt(weft.reduce_sum(weft.math.squared_difference(first, second), 1))
    same = weft.cast(labels, distance.dtype)
    far = weft.square(weft.maximum(margin - distance, 0.0))
    return weft.reduce_mean(same * weft.square(distance) + (1.0 - same) * far, name="contrastive_loss")


def triplet_semihard_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Any:
    """How much nearer pairs of one class should be than the nearest row of another class that is farther than they are.

    Where no row of another class is farther, the farthest one counts.

    Args:
        labels: `[batch]`, integers.
        embeddings: `[batch, size]`, best of length 1.
        margin: How much nearer.

    Source: Schroff et al., FaceNet, 2015.
    """
    rows = weft.convert_to_tensor(embeddings)
    apart = _distances(rows, squared=True)
    alike = _alike(weft.convert_to_tensor(labels))
    other = weft.cast(weft.logical_not(alike), apart.dtype)
    # [anchor, positive, negative]: what another class' distances are beyond that of the pair
    farther = other[:, None, :] * weft.cast(apart[:, None, :] > apart[:, :, None], apart.dtype)
    highest = weft.reduce_max(apart, axis=1, keepdims=True)
    beyond = highest[:, :, None] + weft.reduce_min((apart - highest)[:, None, :] * farther, axis=2, keepdims=True)
    nearest = weft.squeeze(beyond, [2])
    lowest = weft.reduce_min(apart, axis=1, keepdims=True)
    farthest = lowest + weft.reduce_max((apart - lowest) * other, axis=1, keepdims=True)
    found = weft.reduce_any(farther > 0.0, axis=2)
    negative = weft.where(found, nearest, farthest + weft.zeros_like(nearest))
    pairs = _others(alike, apart.dtype)
    loss = weft.reduce_sum(weft.maximum((margin + apart - negative) * pairs, 0.0))
    return weft.divide(loss, weft.reduce_sum(pairs), name="triplet_semihard_loss")


def lifted_struct_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Any:
    """A smooth form of the margin between pairs of one class and all pairs of their rows with other classes.

    Args:
        labels: `[batch]`, integers.
        embeddings: `[batch, size]`, not normalized.
        margin: How far apart classes are to be.

    Source: Song et al., Deep Metric Learning via Lifted Structured Feature Embedding, 2016.
    """
    rows = weft.convert_to_tensor(embeddings)
    apart = _distances(rows, squared=False)
    alike = _alike(weft.convert_to_tensor(labels))
    other = weft.cast(weft.logical_not(alike), apart.dtype)
    short = margin - apart
    lowest = weft.reduce_min(short, axis=1, keepdims=True)
    most = lowest + weft.reduce_max((short - lowest) * other, axis=1, keepdims=True)
    both = weft.maximum(most, weft.transpose(most))
    sums = weft.reduce_sum(weft.exp(short[:, None, :] - both[:, :, None]) * other[:, None, :], axis=2)
    total = weft.math.log(sums + weft.transpose(sums)) + both + apart
    pairs = _others(alike, apart.dtype)
    loss = 0.25 * weft.reduce_sum(weft.square(weft.maximum(total * pairs, 0.0)))
    return weft.divide(loss, weft.reduce_sum(pairs) / 2.0, name="liftedstruct_loss")


def npairs_loss(labels: Any, embeddings_anchor: Any, embeddings_positive: Any, reg_lambda: float = 0.002,
                print_losses: bool = False) -> Any:  # fmt: skip
    """The cross-entropy of finding, among all positives, those of the anchor's class by products, and a penalty.

    Args:
        labels: `[batch]`, integers.
        embeddings_anchor: `[batch, size]`.
        embeddings_positive: `[batch, size]`.
        reg_lambda: What the squares of the embeddings cost.
        print_losses: Accepted.

    Source: Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, 2016.
    """
    first, second = weft.convert_to_tensor(embeddings_anchor), weft.convert_to_tensor(embeddings_positive)
    squares = sum(weft.reduce_mean(weft.reduce_sum(weft.square(part), 1)) for part in (first, second))
    penalty = weft.multiply(0.25 * reg_lambda, squares, name="l2loss")
    same = weft.cast(_alike(weft.convert_to_tensor(labels)), first.dtype)
    shares = same / weft.reduce_sum(same, 1, keepdims=True)
    scores = weft.matmul(first, second, transpose_b=True)
    found = weft.reduce_mean(weft.nn.softmax_cross_entropy_with_logits(shares, scores), name="xentropy")
    return penalty + found
