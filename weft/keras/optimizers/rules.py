"""What optimizers do to one variable, as arithmetic on tensors: the same for Keras' optimizers and TensorFlow 1's.

Who keeps the state, and whether a rule is given whole tensors or the rows that a gradient has, is the caller's matter.
"""

from __future__ import annotations

from typing import Any

import weft as tf


def two_moments(mean: Any, square: Any, gradient: Any, squared: Any, beta_1: Any, beta_2: Any) -> tuple[Any, Any]:
    """The moving averages of gradients and of their squares after one more."""
    return mean + (gradient - mean) * (1 - beta_1), square + (squared - square) * (1 - beta_2)


def adam_rate(rate: Any, power_1: Any, power_2: Any) -> Any:
    """The learning rate that makes up for averages which began at zero; the powers are beta^t."""
    return rate * tf.sqrt(1 - power_2) / (1 - power_1)


def adam_step(mean: Any, square: Any, rate: Any, epsilon: Any) -> Any:
    """What Adam takes away from a variable."""
    return mean * rate / (tf.sqrt(square) + epsilon)


def rmsprop(velocity: Any, average: Any, gradient: Any, squared: Any, rate: Any, rho: Any,
            epsilon: Any) -> tuple[Any, Any, Any]:  # fmt: skip
    """The mean of squares, the mean gradient (None where it is not kept) and the step, before momentum."""
    mean_square = rho * velocity + (1 - rho) * squared
    below, mean = mean_square + epsilon, None
    if average is not None:
        mean = rho * average + (1 - rho) * gradient
        below = mean_square - tf.square(mean) + epsilon
    return mean_square, mean, rate * gradient / tf.sqrt(below)


def adagrad(total: Any, gradient: Any, squared: Any, rate: Any, epsilon: Any) -> tuple[Any, Any]:
    """The sum of squares and the step."""
    total = total + squared
    return total, rate * gradient / tf.sqrt(total + epsilon)


def adadelta(squares: Any, steps: Any, squared: Any, rho: Any, epsilon: Any) -> tuple[Any, Any]:
    """The mean of squares, and what the gradient is multiplied by."""
    mean = rho * squares + (1 - rho) * squared
    return mean, tf.sqrt(steps + epsilon) / tf.sqrt(mean + epsilon)


def ftrl(variable: Any, kept: Any, linear: Any, gradient: Any, squared: Any, rate: Any, power: Any, l1: Any, l2: Any,
         shrinkage: Any) -> tuple[Any, Any, Any]:  # fmt: skip
    """The variable, the sum of squares and the linear part after one more gradient; `power` is not negative."""
    total = kept + squared
    shrunk = gradient + 2 * shrinkage * variable
    linear = linear + shrunk - (tf.pow(total, power) - tf.pow(kept, power)) / rate * variable
    return (tf.clip_by_value(linear, -l1, l1) - linear) / (tf.pow(total, power) / rate + 2 * l2), total, linear
