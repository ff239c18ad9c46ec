"""Schedules by powers, and by pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.core.construction import KnownArguments


class LearningRateSchedule(metaclass=KnownArguments):
    """A learning rate for each step. Subclasses say which in `__call__(step)`."""

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step.

        Args:
            step: A scalar, counted from 0.
        """
        raise NotImplementedError(explain(f"{type(self).__name__} has no __call__(step)."))

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        raise NotImplementedError(
            explain(f"{type(self).__name__} has no get_config().", hint="define it to save the optimizer")
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """A schedule from what `get_config` gave."""
        return cls(**config)


def number(value: Any) -> Any:
    """A scalar as float32, or as the float tensor that it is."""
    tensor = tf.convert_to_tensor(value)
    return tensor if tensor.dtype.is_floating else tf.cast(tensor, "float32")


class ExponentialDecay(LearningRateSchedule):
    """initial · rate^(step / decay_steps)

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: After how many steps the rate is multiplied by `decay_rate`.
        decay_rate: See above.
        staircase: Whether that happens at once, rather than little by little.
        name: Its name.

    Example:
        >>> from weft import keras
        >>> schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
        >>> round(float(schedule(20)), 4)
        0.025
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:  # fmt: skip
        if decay_steps <= 0:
            raise ValueError(explain("ExponentialDecay: `decay_steps` must be positive.", received=repr(decay_steps)))
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def _progress(self, step: Any, dtype: Any) -> Any:
        done = tf.cast(step, dtype) / tf.cast(self.decay_steps, dtype)
        return tf.floor(done) if self.staircase else done

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step."""
        initial = number(self.initial_learning_rate)
        return initial * tf.pow(tf.cast(self.decay_rate, initial.dtype), self._progress(step, initial.dtype))

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {
            "initial_learning_rate": self.initial_learning_rate, "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate, "staircase": self.staircase, "name": self.name,
        }  # fmt: skip


class InverseTimeDecay(ExponentialDecay):
    """initial / (1 + rate · step / decay_steps)

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: See above.
        decay_rate: See above.
        staircase: Whether only whole multiples of `decay_steps` count.
        name: Its name.
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:  # fmt: skip
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step."""
        initial = number(self.initial_learning_rate)
        return initial / (1.0 + tf.cast(self.decay_rate, initial.dtype) * self._progress(step, initial.dtype))


class PiecewiseConstantDecay(LearningRateSchedule):
    """One rate up to and with the first boundary, another up to the second, and so on.

    Args:
        boundaries: Steps, growing.
        values: Rates, one more than boundaries.
        name: Its name.
    """

    def __init__(self, boundaries: Sequence[Any], values: Sequence[Any], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(explain(
                "PiecewiseConstantDecay: there must be one value more than boundaries.",
                received=f"{len(boundaries)} boundaries, {len(values)} values",
            ))  # fmt: skip
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step."""
        step = tf.convert_to_tensor(step)
        rate = number(self.values[0])
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            later = tf.cast(step, "float32") > tf.cast(boundary, "float32")
            rate = tf.where(later, tf.cast(value, rate.dtype), rate)
        return rate

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {"boundaries": list(self.boundaries), "values": list(self.values), "name": self.name}


class PolynomialDecay(LearningRateSchedule):
    """(initial - end) · (1 - step / decay_steps)^power + end

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: The step from which the rate is `end_learning_rate`.
        end_learning_rate: See above.
        power: See above.
        cycle: Whether it starts again, over a longer stretch, instead of staying at the end.
        name: Its name.
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, end_learning_rate: float = 0.0001, power: float = 1.0,
        cycle: bool = False, name: str = "PolynomialDecay",
    ) -> None:  # fmt: skip
        if decay_steps <= 0:
            raise ValueError(explain("PolynomialDecay: `decay_steps` must be positive.", received=repr(decay_steps)))
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step."""
        initial = number(self.initial_learning_rate)
        end, step = tf.cast(self.end_learning_rate, initial.dtype), tf.cast(step, initial.dtype)
        length = tf.cast(self.decay_steps, initial.dtype)
        if self.cycle:
            length = length * tf.maximum(tf.math.ceil(step / length), 1.0)
        else:
            step = tf.minimum(step, length)
        return (initial - end) * tf.pow(1.0 - step / length, tf.cast(self.power, initial.dtype)) + end

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {
            "initial_learning_rate": self.initial_learning_rate, "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate, "power": self.power, "cycle": self.cycle, "name": self.name,
        }  # fmt: skip
