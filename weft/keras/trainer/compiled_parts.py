"""What `compile` made, under the names by which steps written for Keras 2 and 3 reach it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.trainer import arguments
from weft.keras.trainer.compile_utils import NoMetrics
from weft.keras.trainer.state import State


class CompiledParts:
    """The loss, the metrics and the mean loss of a model that was compiled."""

    _state: State

    @property
    def compiled_metrics(self) -> Any:
        """The metrics of `compile` as one, for steps written for Keras 2."""
        found = self._state.compile_metrics
        return found if found is not None else NoMetrics()

    @property
    def compiled_loss(self) -> Callable[..., Any]:
        """The loss of `compile` as a function, for steps written for Keras 2."""
        return self._compiled_loss

    def _compiled_loss(self, y: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None) -> Any:
        if self._state.compile_loss is None:
            raise ValueError(explain("There is no loss.", hint="give one to compile()"))
        total = self._state.compile_loss(y, y_pred, sample_weight)
        for extra in regularization_losses or ():
            total = total + tf.cast(extra, total.dtype)
        self._state.loss_tracker.update_state(total, sample_weight=arguments.rows(y_pred))
        return total

    @property
    def _loss_tracker(self) -> Any:
        """The mean loss, as steps written for Keras 3 reach it."""
        return self._state.loss_tracker

    @property
    def _compile_loss(self) -> Any:
        """The loss of `compile`, likewise."""
        return self._state.compile_loss

    @property
    def _compile_metrics(self) -> Any:
        """The metrics of `compile`, likewise."""
        return self._state.compile_metrics
