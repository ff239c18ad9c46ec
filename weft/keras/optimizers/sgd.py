"""Gradient descent, with and without momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.optimizers import slices
from weft.keras.optimizers.optimizer import Optimizer


class SGD(Optimizer):
    """w -= rate · g; with momentum, v = momentum · v - rate · g and w += v.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        momentum: From 0 to 1.
        nesterov: Whether w += momentum · v - rate · g instead.
        **kwargs: What every `Optimizer` takes.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> v = tf.Variable([1.0, 2.0])
        >>> count = keras.optimizers.SGD(0.1).apply_gradients([(tf.constant([1.0, 1.0]), v)])
        >>> [round(float(value), 2) for value in v.numpy()]
        [0.9, 1.9]
    """

    _slot_attributes = {"momentum": "momentums"}

    def __init__(self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        if not isinstance(momentum, (int, float)) or not 0 <= momentum <= 1:
            raise ValueError(explain("SGD: `momentum` must be a float between [0, 1].", received=repr(momentum)))
        self.momentum = momentum
        self.nesterov = nesterov
        self.momentums: list[Any] = []

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the momentums."""
        if self.built:
            return
        super().build(variables)
        if self.momentum:
            self.momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        if not self.momentum:
            step = slices.each(lambda g: g * learning_rate, gradient)
            if slices.is_sparse(step):
                variable.scatter_sub(step)
            else:
                variable.assign_sub(step)
            return
        velocity = self.momentums[self._get_variable_index(variable)]
        step = slices.dense(gradient, variable) * learning_rate
        new = velocity * self.momentum - step
        velocity.assign(new)
        variable.assign_add(new * self.momentum - step if self.nesterov else new)


class Lion(Optimizer):
    """w -= rate · sign(beta_1 · m + (1 - beta_1) · g), with m a moving average of gradients.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_1: Share of the average in the direction, above 0.
        beta_2: Share of the old average in the new one.
        **kwargs: What every `Optimizer` takes.

    Source: Chen et al., Symbolic Discovery of Optimization Algorithms, 2023, algorithm 2.
    """

    def __init__(self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        if not 0 < beta_1 <= 1:
            raise ValueError(explain(
                "Lion: Argument `beta_1` must be in the [0, 1] range. Otherwise, the optimizer degenerates to SignSGD. "
                f"Received: beta_1={beta_1}."
            ))  # fmt: skip
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the averages."""
        if self.built:
            return
        super().build(variables)
        self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        average = self._momentums[self._get_variable_index(variable)]
        gradient = slices.dense(gradient, variable)
        variable.assign_sub(learning_rate * tf.sign(average * self.beta_1 + gradient * (1 - self.beta_1)))
        average.assign(average * self.beta_2 + gradient * (1 - self.beta_2))
