"""Arithmetic on gradients that may be rows of a larger tensor (`tf.IndexedSlices`).

Rows that recur stay apart until something needs the whole: squares and clipping act on each of them, as in Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf


def is_sparse(gradient: Any) -> bool:
    """Whether a gradient is given as rows."""
    return isinstance(gradient, tf.IndexedSlices)


def each(function: Callable[[Any], Any], gradient: Any) -> Any:
    """A function of the numbers, which maps 0 to 0, applied to a gradient or to each of its rows."""
    if is_sparse(gradient):
        return tf.IndexedSlices(function(gradient.values), gradient.indices, gradient.dense_shape)
    return function(gradient)


def times(gradient: Any, factor: Any) -> Any:
    """A gradient times a tensor of the variable's shape; rows take the factor's rows."""
    if is_sparse(gradient):
        return tf.IndexedSlices(
            gradient.values * tf.gather(factor, gradient.indices), gradient.indices, gradient.dense_shape
        )
    return gradient * factor


def dense(gradient: Any, like: Any = None) -> Any:
    """The whole gradient, rows that recur added up.

    Args:
        gradient: A tensor, or rows.
        like: The variable, for rows that do not say the shape of the whole.
    """
    if not is_sparse(gradient):
        return gradient
    if gradient.dense_shape is None and like is not None:
        gradient = tf.IndexedSlices(gradient.values, gradient.indices, like.shape)
    return tf.convert_to_tensor(gradient)


def numbers(gradient: Any) -> Any:
    """The numbers in a gradient: the tensor itself, or the rows."""
    return gradient.values if is_sparse(gradient) else gradient
