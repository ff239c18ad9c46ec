"""Losses made greater before their gradients are taken, so that gradients of 16 bits do not vanish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import weft as tf
from weft import extend
from weft.extend import explain, user_facing
from weft.keras.core import stateless
from weft.keras.optimizers import slices
from weft.keras.optimizers.optimizer import Optimizer, Variables, scaled
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object

#: what belongs to the optimizer inside; files of earlier releases hold these values all the same
_INNER = {
    "weight_decay": None, "clipnorm": None, "global_clipnorm": None, "clipvalue": None, "use_ema": False,
    "ema_momentum": 0.99, "ema_overwrite_frequency": None, "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}  # fmt: skip


class LossScaleOptimizer(Optimizer):
    """An optimizer inside another, which scales the loss, and the gradients back.

    An update whose gradients are not finite is left out, and the scale halved; after many that are, it is doubled.

    Args:
        inner_optimizer: What updates the variables.
        initial_scale: The first scale.
        dynamic_growth_steps: After how many updates in a row the scale is doubled.
        name: Its name.
        **kwargs: `dynamic=True`, and what files hold of earlier releases.

    Raises:
        ValueError: For arguments that belong to the optimizer inside.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0), initial_scale=8.0)
        >>> v = keras.Variable(1.0)
        >>> optimizer.apply([tf.constant(4.0)], [v])
        >>> float(v), float(optimizer.scale_loss(tf.constant(1.0)))
        (0.5, 8.0)
    """

    def __init__(
        self, inner_optimizer: Any, initial_scale: float = 2.0**15, dynamic_growth_steps: int = 2000,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if not kwargs.pop("dynamic", True):
            raise ValueError(explain(
                "LossScaleOptimizer: the scale is never fixed.", hint="set `loss_scale_factor` of the optimizer inside"
            ))  # fmt: skip
        for word, usual in _INNER.items():
            if kwargs.pop(word, usual) != usual:
                raise ValueError(
                    explain(f"LossScaleOptimizer has no `{word}`.", hint=f"set `{word}` on the `inner_optimizer`")
                )
        if kwargs:
            raise ValueError("LossScaleOptimizer does not take the arguments: " + ", ".join(f"`{k}`" for k in kwargs))
        if not isinstance(inner_optimizer, Optimizer):
            raise ValueError(explain(
                "LossScaleOptimizer: `inner_optimizer` must be an optimizer.", received=repr(inner_optimizer)[:200]
            ))  # fmt: skip
        self.inner_optimizer = inner_optimizer
        super().__init__(learning_rate=0.0, name=name)
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        # Made now: a step that is traced reads the scale before the first update.
        self.step_counter = self._own_variable(0, "step_counter", "int32")
        self.dynamic_scale = self._own_variable(float(initial_scale), "dynamic_scale", "float32")
        self.inner_optimizer.loss_scale_factor = None  # else gradients would be scaled back twice

    def build(self, variables: Sequence[Any]) -> None:
        """Makes what the optimizer inside keeps."""
        if self.built:
            return
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Any]:
        """Its own variables, then those of the optimizer inside."""
        return Variables([*self._variables, *self.inner_optimizer.variables])

    @property
    def iterations(self) -> Any:
        """How many updates were made."""
        return self.inner_optimizer.iterations

    @iterations.setter
    def iterations(self, variable: Any) -> None:
        self.inner_optimizer.iterations = variable

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the optimizer inside."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @user_facing
    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Updates variables, unless a gradient is infinite or NaN.

        Args:
            grads: Gradients of the scaled loss.
            trainable_variables: Their variables; those that it was built with where None.
        """
        grads = extend.summed_over_replicas(grads)
        variables = self._built_variables(len(grads)) if trainable_variables is None else list(trainable_variables)
        if not self.built:
            with tf.init_scope():
                self.build(variables)
        inner = self.inner_optimizer
        scale = self.dynamic_scale.read_value()

        def update() -> None:
            inner.apply([self._scaled_back(gradient, v, scale) for gradient, v in zip(grads, variables)], variables)
            full = tf.equal(self.step_counter, self.dynamic_growth_steps - 1)
            self.dynamic_scale.assign(tf.where(full, scale * 2.0, scale))
            self.step_counter.assign(tf.where(full, 0, self.step_counter + 1))

        def leave_out() -> None:
            self.step_counter.assign(0)
            self.dynamic_scale.assign(scale * 0.5)

        with extend.same_in_all_replicas():
            tf.cond(self._all_finite(grads), update, leave_out)

    def stateless_apply(
        self, optimizer_variables: Any, grads: Sequence[Any], trainable_variables: Any
    ) -> tuple[list[Any], list[Any]]:
        """As for every optimizer; both outcomes are computed, for nothing is assigned."""
        stateless.require_built(self, "stateless_apply")
        inner, held = self.inner_optimizer, list(optimizer_variables)
        known = dict(zip(map(id, self.variables), held, strict=True))
        scale, count = known[id(self.dynamic_scale)], known[id(self.step_counter)]
        targets = list(trainable_variables)
        back = [self._scaled_back(g, v, scale) for g, v in zip(grads, self._trainable_variables, strict=True)]
        updated, state = inner.stateless_apply([known[id(v)] for v in inner.variables], back, targets)
        finite = self._all_finite(grads)
        full = tf.equal(count, self.dynamic_growth_steps - 1)
        known[id(self.dynamic_scale)] = tf.where(finite, tf.where(full, scale * 2.0, scale), scale * 0.5)
        known[id(self.step_counter)] = tf.where(tf.logical_and(finite, ~full), count + 1, 0)
        for variable, value in zip(inner.variables, state, strict=True):
            known[id(variable)] = tf.where(finite, value, known[id(variable)])
        targets = [tf.where(finite, new, old) for new, old in zip(updated, targets, strict=True)]
        return targets, [known[id(variable)] for variable in self.variables]

    @staticmethod
    def _all_finite(grads: Sequence[Any]) -> Any:
        found = [slices.numbers(gradient) for gradient in grads if gradient is not None]
        return tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in found])

    @staticmethod
    def _scaled_back(gradient: Any, variable: Any, scale: Any) -> Any:
        if gradient is None or getattr(variable, "overwrite_with_gradient", False):
            return gradient
        return slices.each(lambda numbers: numbers / tf.cast(scale, numbers.dtype), gradient)

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the scale."""
        return scaled(loss, self.dynamic_scale)

    def finalize_variable_values(self, var_list: Any = None) -> None:
        """As for the optimizer inside."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {"name": self.name, "inner_optimizer": serialize_keras_object(self.inner_optimizer),
                "initial_scale": self.initial_scale, "dynamic_growth_steps": self.dynamic_growth_steps}  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """An optimizer from what `get_config` gave."""
        config = dict(config)
        inner = config.pop("inner_optimizer")
        if isinstance(inner, dict):
            inner = deserialize_keras_object(inner, custom_objects=custom_objects)
        return cls(inner, **config)


def with_loss_scale(optimizer: Any) -> Any:
    """The optimizer, in one that scales the loss."""
    if isinstance(optimizer, LossScaleOptimizer):
        return optimizer
    return LossScaleOptimizer(optimizer, name="loss_scale_optimizer")
