"""Muon, which makes updates of matrices orthogonal, and AdamW that averages instead of following a schedule."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import weft as tf
from weft.keras.optimizers import rules, slices
from weft.keras.optimizers.adam import TwoMoments
from weft.keras.optimizers.optimizer import Optimizer


class Muon(Optimizer):
    """Updates matrices by the nearest orthogonal matrix to their momentum, and all else by Adam.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        adam_beta_1: Share of the old average in the new one, for gradients of what Adam updates.
        adam_beta_2: The same for their squares.
        adam_weight_decay: Weight decay of what Adam updates.
        epsilon: Keeps Adam's divisor from 0.
        weight_decay: Weight decay of the matrices.
        clipnorm: As for every `Optimizer`.
        clipvalue: As for every `Optimizer`.
        global_clipnorm: As for every `Optimizer`.
        use_ema: As for every `Optimizer`.
        ema_momentum: As for every `Optimizer`.
        ema_overwrite_frequency: As for every `Optimizer`.
        loss_scale_factor: As for every `Optimizer`.
        gradient_accumulation_steps: As for every `Optimizer`.
        name: Its name.
        exclude_layers: Patterns of variables' paths that Adam updates.
        exclude_embeddings: Whether Adam updates variables with "embedding" in their path.
        muon_a: First coefficient of the iteration that makes a matrix orthogonal.
        muon_b: The second.
        muon_c: The third.
        adam_lr_ratio: Adam's learning rate as a share of the other.
        momentum: Share of the old momentum in the new one.
        ns_steps: How many iterations.
        nesterov: Whether the momentum looks one step ahead.
        rms_rate: Updates are multiplied by this and by the root of the greater size; None leaves them.
        **kwargs: As for every `Optimizer`.

    Source: Jordan et al., Muon, 2024; Liu et al., Muon is Scalable for LLM Training, 2025.
    """

    def __init__(
        self, learning_rate: Any = 0.001, adam_beta_1: float = 0.9, adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004, epsilon: float = 1e-7, weight_decay: float | None = 0.004,
        clipnorm: float | None = None, clipvalue: float | None = None, global_clipnorm: float | None = None,
        use_ema: bool = False, ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None, gradient_accumulation_steps: int | None = None,
        name: str | None = None, exclude_layers: list[str] | None = None, exclude_embeddings: bool = True,
        muon_a: float = 3.4445, muon_b: float = -4.7750, muon_c: float = 2.0315, adam_lr_ratio: float = 1,
        momentum: float = 0.95, ns_steps: int = 5, nesterov: bool = True, rms_rate: float | None = 0.2, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name, **kwargs,
        )  # fmt: skip
        self.adam_beta_1, self.adam_beta_2 = adam_beta_1, adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = exclude_layers or []
        self.exclude_embeddings = exclude_embeddings
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate

    def _should_use_adamw(self, variable: Any) -> bool:
        path = str(getattr(variable, "path", variable.name))
        if len(variable.shape) != 2 or (self.exclude_embeddings and "embedding" in path.lower()):
            return True
        return any(re.search(pattern, path) for pattern in self.exclude_layers)

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the momentums, and velocities for what Adam updates."""
        if self.built:
            return
        super().build(variables)
        self._momentums: list[Any] = []
        self._velocities: list[Any] = []
        for variable in variables:
            kept = not getattr(variable, "overwrite_with_gradient", False)
            by_adam = kept and self._should_use_adamw(variable)
            self._momentums.append(self.add_variable_from_reference(variable, "momentum") if kept else None)
            self._velocities.append(self.add_variable_from_reference(variable, "velocity") if by_adam else None)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        place = self._get_variable_index(variable)
        mean, square = self._momentums[place], self._velocities[place]
        gradient = slices.dense(gradient, variable)
        if square is not None:
            self._adam_step(gradient, variable, learning_rate * self.adam_lr_ratio, mean, square)
            return
        momentum = mean + (gradient + mean * (self.momentum - 1))
        mean.assign(momentum)
        direction = gradient + self.momentum * momentum if self.nesterov else momentum
        step = self.lr_adjust(self.zeropower_via_newtonschulz5(direction, self.ns_steps))
        variable.assign_sub(learning_rate * step)

    def lr_adjust(self, x: Any) -> Any:
        """An update of a matrix, scaled as `rms_rate` says."""
        if self.rms_rate is None:
            return x
        return x * math.sqrt(max(int(size) for size in x.shape)) * self.rms_rate

    def _adam_step(self, gradient: Any, variable: Any, rate: Any, mean: Any, square: Any) -> None:
        count = tf.cast(self.iterations + 1, variable.dtype)
        powers = [tf.pow(tf.cast(beta, variable.dtype), count) for beta in (self.adam_beta_1, self.adam_beta_2)]
        new_mean, new_square = rules.two_moments(
            mean, square, gradient, tf.square(gradient), self.adam_beta_1, self.adam_beta_2
        )
        mean.assign(new_mean)
        square.assign(new_square)
        variable.assign_sub(rules.adam_step(new_mean, new_square, rules.adam_rate(rate, *powers), self.epsilon))

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Nearly the orthogonal factor of a matrix: a polynomial that draws all singular values towards 1.

        Args:
            x: The matrix.
            steps: How many times the polynomial is applied.
        """
        tall = x.shape[0] > x.shape[1]
        x = tf.transpose(x) if tall else x
        x = x / (tf.sqrt(tf.reduce_sum(x * x)) + 1e-7)
        for _ in range(steps):
            square = tf.matmul(x, x, transpose_b=True)
            x = self.muon_a * x + tf.matmul(self.muon_b * square + self.muon_c * tf.matmul(square, square), x)
        return tf.transpose(x) if tall else x

    def _apply_weight_decay(self, variables: list[Any], rate: Any = None) -> None:
        if rate is None:
            rate = tf.convert_to_tensor(self._present_learning_rate())
        for variable in variables:
            share = self.adam_weight_decay if self._should_use_adamw(variable) else self.weight_decay
            if share is not None and self._decays(variable):
                variable.assign_sub(variable * tf.cast(share, variable.dtype) * tf.cast(rate, variable.dtype))


class ScheduleFreeAdamW(TwoMoments):
    """Adam on a sequence of its own; the variables lie between it and the average of all its points.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_1: How near to the average the variables lie.
        beta_2: Share of the old average in the new one, for squares of gradients.
        epsilon: Keeps the divisor from 0.
        warmup_steps: Over how many updates the learning rate rises to its value.
        **kwargs: What every `Optimizer` takes.

    Source: Defazio et al., The Road Less Scheduled, 2024.
    """

    def __init__(
        self, learning_rate: Any = 0.0025, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        warmup_steps: int = 0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.warmup_steps = warmup_steps

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the sequence, which begins where the variables are, and the averages of squares."""
        if self.built:
            return
        super().build(variables)
        for point, variable in zip(self._momentums, variables, strict=True):
            if point is not None:
                point.assign(variable)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        place = self._get_variable_index(variable)
        point, square = self._momentums[place], self._velocities[place]
        gradient = slices.dense(gradient, variable)
        count = tf.cast(self.iterations + 1, variable.dtype)
        if self.warmup_steps > 0:
            learning_rate = learning_rate * tf.minimum(count / self.warmup_steps, tf.cast(1, count.dtype))
        new_square = square + (tf.square(gradient) - square) * (1 - self.beta_2)
        square.assign(new_square)
        below = tf.sqrt(new_square / (1 - self._power(self.beta_2, variable.dtype))) + self.epsilon
        new_point = point - learning_rate * gradient / below
        # By the paper the old point belongs here. Keras on TensorFlow reads it when it is the new one already.
        average = (variable - (1 - self.beta_1) * new_point) / self.beta_1
        average = (1 - 1 / count) * average + new_point / count
        point.assign(new_point)
        variable.assign((1 - self.beta_1) * new_point + self.beta_1 * average)
