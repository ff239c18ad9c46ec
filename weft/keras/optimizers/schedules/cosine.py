"""Schedules that follow a cosine.

Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2016, equation 5.
"""

from __future__ import annotations

import math
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.optimizers.schedules.decays import LearningRateSchedule, number


class CosineDecay(LearningRateSchedule):
    """Falls along half a cosine, after an optional linear rise.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: How many steps the fall takes.
        alpha: The last rate as a share of the first.
        name: Its name.
        warmup_target: The rate to which it rises first; None for no rise.
        warmup_steps: How many steps the rise takes.
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, name: str = "CosineDecay",
        warmup_target: float | None = None, warmup_steps: int = 0,
    ) -> None:  # fmt: skip
        if decay_steps <= 0:
            raise ValueError(explain("CosineDecay: `decay_steps` must be positive.", received=repr(decay_steps)))
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def _fall(self, step: Any, top: Any) -> Any:
        length = tf.cast(self.decay_steps, top.dtype)
        wave = 0.5 * (1.0 + tf.cos(math.pi * tf.minimum(step, length) / length))
        return top * ((1.0 - self.alpha) * wave + self.alpha)

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step."""
        initial = number(self.initial_learning_rate)
        step = tf.cast(step, initial.dtype)
        if self.warmup_target is None:
            return self._fall(step, initial)
        rise, top = tf.cast(self.warmup_steps, initial.dtype), tf.cast(self.warmup_target, initial.dtype)
        if not self.warmup_steps:
            return self._fall(step, top)
        return tf.where(step < rise, initial + (top - initial) * step / rise, self._fall(step - rise, top))

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {
            "initial_learning_rate": self.initial_learning_rate, "decay_steps": self.decay_steps, "alpha": self.alpha,
            "name": self.name, "warmup_target": self.warmup_target, "warmup_steps": self.warmup_steps,
        }  # fmt: skip


class CosineDecayRestarts(LearningRateSchedule):
    """Falls along half a cosine again and again, each time longer and from a lower rate.

    Args:
        initial_learning_rate: The rate at step 0.
        first_decay_steps: How many steps the first fall takes.
        t_mul: How much longer each fall is than the one before.
        m_mul: Each fall's first rate as a share of that of the one before.
        alpha: The last rate as a share of the first.
        name: Its name.
    """

    def __init__(
        self, initial_learning_rate: float, first_decay_steps: int, t_mul: float = 2.0, m_mul: float = 1.0,
        alpha: float = 0.0, name: str = "SGDRDecay",
    ) -> None:  # fmt: skip
        if first_decay_steps <= 0:
            raise ValueError(
                explain("CosineDecayRestarts: `first_decay_steps` must be positive.", received=repr(first_decay_steps))
            )
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step."""
        initial = number(self.initial_learning_rate)
        dtype = initial.dtype
        done = tf.cast(step, dtype) / tf.cast(self.first_decay_steps, dtype)
        if self.t_mul == 1.0:
            restarts = tf.floor(done)
            share = done - restarts
        else:
            # The falls' lengths are a geometric series: its sum tells in which fall a step lies.
            ratio = self.t_mul
            restarts = tf.floor(tf.math.log(1.0 - done * (1.0 - ratio)) / math.log(ratio))
            growth = tf.pow(tf.cast(ratio, dtype), restarts)
            share = (done - (1.0 - growth) / (1.0 - ratio)) / growth
        top = tf.pow(tf.cast(self.m_mul, dtype), restarts)
        wave = 0.5 * top * (1.0 + tf.cos(math.pi * share))
        return initial * ((1.0 - self.alpha) * wave + self.alpha)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {
            "initial_learning_rate": self.initial_learning_rate, "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul, "m_mul": self.m_mul, "alpha": self.alpha, "name": self.name,
        }  # fmt: skip
