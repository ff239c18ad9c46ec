"""The optimizers of TensorFlow 1 as Keras': `compile(tf.train.AdamOptimizer(0.001))`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import weft as tf
from weft.keras.optimizers.optimizer import Optimizer


class TFOptimizer(Optimizer):
    """Updates variables by an optimizer of TensorFlow 1, with its rule and its state.

    Args:
        optimizer: One of `tf.compat.v1.train`.
    """

    def __init__(self, optimizer: Any) -> None:
        rate = getattr(optimizer, "_learning_rate", getattr(optimizer, "_lr", 0.001))
        super().__init__(learning_rate=rate if isinstance(rate, float) else 0.001, name=optimizer.get_name())
        self.optimizer = optimizer

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the state that the optimizer keeps beside variables."""
        if not self.built:
            super().build(variables)
            with tf.init_scope():
                self.optimizer._create_slots(list(variables))

    def _update(self, grads: list[Any], variables: list[Any]) -> None:
        self.optimizer.apply_gradients(list(zip(grads, variables, strict=True)))

    def get_config(self) -> dict[str, Any]:
        """Refused: the optimizers of TensorFlow 1 have none."""
        raise NotImplementedError("An optimizer of TensorFlow 1 has no configuration; use one of keras.optimizers.")
