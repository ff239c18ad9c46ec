"""RMSprop, and the optimizers with growing or windowed sums of squares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import weft as tf
from weft.keras import initializers
from weft.keras.optimizers import rules, slices
from weft.keras.optimizers.optimizer import Optimizer


class RMSprop(Optimizer):
    """v = rho · v + (1 - rho) · g²; w -= rate · g / sqrt(v + epsilon).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        rho: Share of the old mean of squares in the new one.
        momentum: Share of the last step in the next one.
        epsilon: Keeps the divisor from 0.
        centered: Whether the mean gradient's square is taken from the mean of squares.
        **kwargs: What every `Optimizer` takes.

    Source: Hinton, Neural Networks for Machine Learning, lecture 6, 2012; centered: Graves, 2013, equation 40.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> v = tf.Variable(1.0)
        >>> count = keras.optimizers.RMSprop(0.1, rho=0.0).apply_gradients([(tf.constant(2.0), v)])
        >>> round(float(v), 3)
        0.9
    """

    _slot_attributes = {"rms": "_velocities", "momentum": "_momentums", "mg": "_average_gradients"}

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the means."""
        if self.built:
            return
        super().build(variables)
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        self._momentums = self.add_optimizer_variables(variables, "momentum") if self.momentum > 0 else []
        self._average_gradients = self.add_optimizer_variables(variables, "average_gradient") if self.centered else []

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        place = self._get_variable_index(variable)
        velocity = self._velocities[place]
        square = slices.dense(slices.each(tf.square, gradient), variable)
        gradient = slices.dense(gradient, variable)
        average = self._average_gradients[place] if self.centered else None
        mean_square, mean, step = rules.rmsprop(
            velocity, average, gradient, square, learning_rate, self.rho, self.epsilon
        )
        velocity.assign(mean_square)
        if average is not None:
            average.assign(mean)
        if self.momentum > 0:
            step = self.momentum * self._momentums[place] + step
            self._momentums[place].assign(step)
        variable.assign_sub(step)


class Adagrad(Optimizer):
    """a += g²; w -= rate · g / sqrt(a + epsilon).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        initial_accumulator_value: Where the sum of squares starts.
        epsilon: Keeps the divisor from 0.
        **kwargs: What every `Optimizer` takes.

    Source: Duchi et al., Adaptive Subgradient Methods, 2011.
    """

    _slot_attributes = {"accumulator": "_sums"}

    def __init__(
        self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the sums."""
        if self.built:
            return
        super().build(variables)
        first = initializers.Constant(self.initial_accumulator_value)
        self._sums = self.add_optimizer_variables(variables, "accumulator", first)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        kept = self._sums[self._get_variable_index(variable)]
        squared = slices.dense(slices.each(tf.square, gradient), variable)
        whole = slices.dense(gradient, variable)
        total, step = rules.adagrad(kept, whole, squared, learning_rate, self.epsilon)
        kept.assign(total)
        variable.assign_sub(step)


class Adadelta(Optimizer):
    """a = rho · a + (1 - rho) · g²; d = g · sqrt(u + epsilon) / sqrt(a + epsilon); u likewise of d; w -= rate · d.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        rho: Share of the old means in the new ones.
        epsilon: Keeps the divisor from 0 and lets the first step be one.
        **kwargs: What every `Optimizer` takes.

    Source: Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012, algorithm 1.
    """

    _slot_attributes = {"accum_grad": "_squares", "accum_var": "_steps"}

    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the means."""
        if self.built:
            return
        super().build(variables)
        self._squares, self._steps = self.add_optimizer_variables(
            variables, ["accumulated_grad", "accumulated_delta_var"]
        )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        place = self._get_variable_index(variable)
        squares, steps = self._squares[place], self._steps[place]
        squared = slices.dense(slices.each(tf.square, gradient), variable)
        mean, factor = rules.adadelta(squares, steps, squared, self.rho, self.epsilon)
        squares.assign(mean)
        step = slices.times(gradient, factor)
        squared = slices.dense(slices.each(tf.square, step), variable)
        steps.assign(self.rho * steps + (1 - self.rho) * squared)
        variable.assign_sub(learning_rate * slices.dense(step, variable))


class Ftrl(Optimizer):
    """Follow the regularized leader.

    n' = n + g²; z += g + 2 · shrinkage · w - (n'^-p - n^-p) / rate · w;
    w = (clip(z, -l1, l1) - z) / (n'^-p / rate + 2 · (l2 + beta / (2 · rate))), with p the learning rate's power.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        learning_rate_power: At most 0.
        initial_accumulator_value: Where n starts.
        l1_regularization_strength: l1.
        l2_regularization_strength: l2.
        l2_shrinkage_regularization_strength: Shrinkage.
        beta: As above.
        **kwargs: What every `Optimizer` takes.

    Source: McMahan et al., Ad Click Prediction: a View from the Trenches, 2013, algorithm 1.
    """

    _slot_attributes = {"accumulator": "_sums", "linear": "_linears"}

    def __init__(
        self, learning_rate: Any = 0.001, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float = 0.0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        least_zero = {
            "initial_accumulator_value": initial_accumulator_value,
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
        }
        for word, value in least_zero.items():
            if value < 0:
                raise ValueError(f"`{word}` needs to be positive or zero. Received: {word}={value}.")
        if learning_rate_power > 0:
            raise ValueError(
                "`learning_rate_power` needs to be negative or zero. Received: "
                f"learning_rate_power={learning_rate_power}."
            )
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def build(self, variables: Sequence[Any]) -> None:
        """Makes n and z."""
        if self.built:
            return
        super().build(variables)
        firsts = [initializers.Constant(self.initial_accumulator_value), "zeros"]
        self._sums, self._linears = self.add_optimizer_variables(variables, ["accumulator", "linear"], firsts)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        place = self._get_variable_index(variable)
        kept, linear = self._sums[place], self._linears[place]
        squared = slices.dense(slices.each(tf.square, gradient), variable)
        l2 = self.l2_regularization_strength + self.beta / (2.0 * learning_rate)
        new, total, leader = rules.ftrl(
            variable, kept, linear, slices.dense(gradient, variable), squared, learning_rate, -self.learning_rate_power,
            self.l1_regularization_strength, l2, self.l2_shrinkage_regularization_strength,
        )  # fmt: skip
        linear.assign(leader)
        variable.assign(new)
        kept.assign(total)
