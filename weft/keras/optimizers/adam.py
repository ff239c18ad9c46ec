"""Adam and its relatives: steps by moving averages of gradients and their squares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import weft as tf
from weft.keras.optimizers import rules, slices
from weft.keras.optimizers.optimizer import Optimizer


class TwoMoments(Optimizer):
    """An optimizer that keeps an average of gradients and one of their squares."""

    beta_1: float
    beta_2: float
    _slots = ("momentum", "velocity")
    _slot_attributes = {"m": "_momentums", "v": "_velocities", "vhat": "_velocity_hats"}

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the averages."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, list(self._slots))

    def _moments(self, gradient: Any, variable: Any) -> tuple[Any, Any]:
        """The two averages after this gradient; every row of them decays, also those without a gradient."""
        place = self._get_variable_index(variable)
        mean, square = self._momentums[place], self._velocities[place]
        squared = slices.dense(slices.each(tf.square, gradient), variable)
        whole = slices.dense(gradient, variable)
        new_mean, new_square = rules.two_moments(mean, square, whole, squared, self.beta_1, self.beta_2)
        mean.assign(new_mean)
        square.assign(new_square)
        return new_mean, new_square

    def _power(self, beta: float, dtype: Any, ahead: int = 1) -> Any:
        """beta^t, with t the number of this update, from 1."""
        return self._once((beta, dtype, ahead), lambda: tf.pow(
            tf.cast(beta, dtype), tf.cast(self.iterations + ahead, dtype)))  # fmt: skip


class Adam(TwoMoments):
    """w -= rate · sqrt(1 - beta_2^t) / (1 - beta_1^t) · m / (sqrt(v) + epsilon).

    m and v are moving averages of the gradient and of its square.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_1: Share of the old average in the new one, for gradients.
        beta_2: The same for their squares.
        epsilon: Keeps the divisor from 0.
        amsgrad: Whether the greatest v so far is used.
        **kwargs: What every `Optimizer` takes.

    Source: Kingma and Ba, Adam: A Method for Stochastic Optimization, 2014, section 2; amsgrad: Reddi et al., 2018.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> v = tf.Variable(1.0)
        >>> count = keras.optimizers.Adam(0.1).apply_gradients([(tf.constant(2.0), v)])
        >>> round(float(v), 3)
        0.9
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the averages."""
        if self.built:
            return
        super().build(variables)
        if self.amsgrad:
            self._velocity_hats = self.add_optimizer_variables(variables, "velocity_hat")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        dtype = tf.as_dtype(variable.dtype)
        mean, square = self._moments(gradient, variable)
        rate = rules.adam_rate(learning_rate, self._power(self.beta_1, dtype), self._power(self.beta_2, dtype))
        if self.amsgrad:
            greatest = self._velocity_hats[self._get_variable_index(variable)]
            square = tf.maximum(greatest, square)
            greatest.assign(square)
        variable.assign_sub(rules.adam_step(mean, square, rate, self.epsilon))


class AdamW(Adam):
    """Adam with weight decay that does not pass through the averages.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        weight_decay: Share of each variable that is taken away in a step, times the learning rate.
        beta_1: See `Adam`, as the following.
        beta_2: For the squares.
        epsilon: Keeps the divisor from 0.
        amsgrad: Whether the greatest v so far is used.
        **kwargs: What every `Optimizer` takes.

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2017.
    """

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, amsgrad: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            learning_rate=learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon, amsgrad=amsgrad,
            weight_decay=weight_decay, **kwargs,
        )  # fmt: skip
        if self.weight_decay is None:
            raise ValueError(
                "AdamW: Argument `weight_decay` must be a float. Received: weight_decay=None. Without one it is Adam."
            )


class Adamax(TwoMoments):
    """w -= rate · m / ((1 - beta_1^t) · (u + epsilon)), with u = max(beta_2 · u, |g|).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_1: Share of the old average of gradients in the new one.
        beta_2: How fast u falls.
        epsilon: Keeps the divisor from 0.
        **kwargs: What every `Optimizer` takes.

    Source: Kingma and Ba, 2014, section 7.1.
    """

    _slots = ("momentum", "norm")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        place = self._get_variable_index(variable)
        mean, norm = self._momentums[place], self._velocities[place]
        size = slices.dense(slices.each(tf.abs, gradient), variable)
        new_mean = mean + (slices.dense(gradient, variable) - mean) * (1 - self.beta_1)
        new_norm = tf.maximum(self.beta_2 * norm, size)
        mean.assign(new_mean)
        norm.assign(new_norm)
        below = (1 - self._power(self.beta_1, tf.as_dtype(variable.dtype))) * (new_norm + self.epsilon)
        variable.assign_sub(learning_rate * new_mean / below)


class Nadam(TwoMoments):
    """Adam with Nesterov's momentum, under a schedule for beta_1.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_1: Share of the old average of gradients in the new one.
        beta_2: The same for their squares.
        epsilon: Keeps the divisor from 0.
        **kwargs: What every `Optimizer` takes.

    Source: Dozat, Incorporating Nesterov Momentum into Adam, 2015.
    """

    _tracked_names = {"_product": "_u_product"}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the averages, and the product of the momentums so far."""
        if self.built:
            return
        dtype = tf.as_dtype(variables[0].dtype).name if variables else None
        super().build(variables)
        self._product = self.add_variable((), "ones", dtype, name="momentum_product")

    def _momentum(self, dtype: Any, ahead: int) -> Any:
        return tf.cast(self.beta_1, dtype) * (1.0 - 0.5 * self._power(0.96, dtype, ahead))

    def _update_variables(self, grads: list[Any], variables: list[Any], rate: Any) -> None:
        # Once a step, whatever the number of variables.
        self._product.assign(self._product * self._momentum(tf.as_dtype(self._product.dtype), 1))
        super()._update_variables(grads, variables, rate)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        dtype = tf.as_dtype(variable.dtype)
        now, next_one = self._momentum(dtype, 1), self._momentum(dtype, 2)
        product = tf.cast(self._product, dtype)
        mean, square = self._moments(gradient, variable)
        ahead = next_one * mean / (1 - product * next_one)
        ahead += (1 - now) * slices.dense(gradient, variable) / (1 - product)
        spread = tf.sqrt(square / (1 - self._power(self.beta_2, dtype)))
        variable.assign_sub(ahead * learning_rate / (spread + self.epsilon))


class Lamb(TwoMoments):
    """Adam's step, scaled for each variable to the variable's own norm.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_1: Share of the old average of gradients in the new one.
        beta_2: The same for their squares.
        epsilon: Keeps the divisor from 0.
        **kwargs: What every `Optimizer` takes.

    Source: You et al., Large Batch Optimization for Deep Learning, 2019, algorithm 2.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        dtype = tf.as_dtype(variable.dtype)
        mean, square = self._moments(gradient, variable)
        spread = tf.sqrt(square / (1 - self._power(self.beta_2, dtype))) + self.epsilon
        step = mean / (1 - self._power(self.beta_1, dtype)) / spread
        own, given = tf.sqrt(tf.reduce_sum(tf.square(variable))), tf.sqrt(tf.reduce_sum(tf.square(step)))
        known = tf.logical_and(own > 0, given > 0)
        ratio = tf.where(known, tf.math.divide_no_nan(own, given), tf.ones_like(own))
        variable.assign_sub(ratio * learning_rate * step)
