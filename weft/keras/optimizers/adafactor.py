"""Adafactor: second moments of matrices kept as rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import weft as tf
from weft.keras.core.variable import Variable
from weft.keras.optimizers import slices
from weft.keras.optimizers.optimizer import Optimizer


class Adafactor(Optimizer):
    """w -= a · u / max(1, rms(u) / threshold), u = g / sqrt(v), a = max(epsilon_2, rms(w)) · min(rate, 1/sqrt(t)).

    v is a moving average of g² + epsilon_1 with share 1 - t^beta_2_decay of the old one; of variables with two axes or
    more only its means r along rows and c along columns are kept, and v = r · c / mean(r).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_2_decay: See above.
        epsilon_1: See above.
        epsilon_2: See above.
        clip_threshold: See above.
        relative_step: Whether the learning rate is at most 1/sqrt(t).
        **kwargs: What every `Optimizer` takes.

    Source: Shazeer and Stern, Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, 2018, algorithms 4 and 5.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the means. Scalars stand in where a variable has no rows, so that saved states line up with Keras'."""
        if self.built:
            return
        super().build(variables)
        self._rows, self._columns, self._velocities = [], [], []
        for variable in variables:
            shape = tuple(variable.shape)
            dtype = tf.as_dtype(variable.dtype).name
            has_rows = len(shape) >= 2
            self._rows.append(self.add_variable(shape[:-1] if has_rows else (), dtype=dtype))
            self._columns.append(self.add_variable((*shape[:-2], shape[-1]) if has_rows else (), dtype=dtype))
            self._velocities.append(self.add_variable_from_reference(variable, "velocity"))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        place = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        bound = 1.0 / tf.sqrt(step)
        if self.relative_step and isinstance(self._learning_rate, Variable):
            learning_rate = tf.minimum(learning_rate, bound)
        size = tf.sqrt(tf.reduce_mean(tf.square(variable)))
        rate = tf.maximum(tf.cast(self.epsilon_2, variable.dtype), size) * tf.minimum(learning_rate, bound)
        share = 1.0 - tf.pow(step, self.beta_2_decay)
        square = slices.dense(slices.each(tf.square, gradient), variable) + self.epsilon_1
        velocity = self._moment(place, share, square)
        direction = slices.times(gradient, 1.0 / tf.sqrt(velocity))
        length = tf.sqrt(tf.reduce_mean(slices.dense(slices.each(tf.square, direction), variable)))
        direction = slices.dense(direction, variable) / tf.maximum(length / self.clip_threshold, 1.0)
        variable.assign_sub(rate * direction)

    def _moment(self, place: int, share: Any, square: Any) -> Any:
        """The average of squares after this step."""
        kept = self._velocities[place]
        if square.shape.rank < 2:
            velocity = share * kept + (1 - share) * square
        else:
            rows, columns = self._rows[place], self._columns[place]
            row = share * rows + (1 - share) * tf.reduce_mean(square, axis=-1)
            column = share * columns + (1 - share) * tf.reduce_mean(square, axis=-2)
            rows.assign(row)
            columns.assign(column)
            part = row / tf.reduce_mean(row, axis=-1, keepdims=True)
            velocity = tf.expand_dims(part, -1) * tf.expand_dims(column, -2)
        kept.assign(velocity)
        return velocity
