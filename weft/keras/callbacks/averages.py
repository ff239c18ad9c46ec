"""A callback that evaluates the moving averages of the weights."""

from __future__ import annotations

from typing import Any

from weft.extend import explain
from weft.keras.callbacks.callback import Callback
from weft.keras.optimizers.several import single_optimizers


class SwapEMAWeights(Callback):
    """Evaluates and predicts with the moving averages of the weights, and trains the weights themselves.

    The optimizer must keep averages: `use_ema=True`.

    Args:
        swap_on_epoch: Whether they are also swapped when an epoch ends and begins, so that callbacks that follow, such
            as ModelCheckpoint, see the averages.

    Example:
        >>> from weft import keras
        >>> callback = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._averages_in_model = False

    def _has_batch_hooks(self) -> bool:
        return False

    def _optimizer(self) -> Any:
        optimizer = getattr(self.model, "optimizer", None)
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        if not any(getattr(each, "use_ema", False) for each in single_optimizers(optimizer)):
            raise ValueError(explain(
                "SwapEMAWeights must be used when `use_ema=True` is set: the optimizer keeps no moving averages.",
                received="no optimizer" if optimizer is None else type(optimizer).__name__,
                hint='compile with keras.optimizers.Adam(use_ema=True), or another optimizer with that argument',
            ))  # fmt: skip
        return optimizer

    def _swap(self) -> None:
        optimizer = self._optimizer()
        if not optimizer.built:
            return
        for variable, average in optimizer._pairs():
            value = variable.numpy().copy()
            variable.assign(average.numpy())
            average.assign(value)
        self._averages_in_model = not self._averages_in_model

    def _show_averages(self) -> None:
        if not self._averages_in_model:
            self._swap()

    def _show_weights(self) -> None:
        if self._averages_in_model:
            self._swap()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Puts the weights back."""
        if self.swap_on_epoch:
            self._show_weights()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Shows the averages to the callbacks that follow."""
        if self.swap_on_epoch:
            self._show_averages()
            if self.model.stop_training or epoch == self.params.get("epochs", 0) - 1:
                self._keep_averages()  # `fit` ends by giving the model what the optimizer holds as averages

    def on_test_begin(self, logs: Any = None) -> None:
        """Evaluates the averages."""
        self._show_averages()

    def on_test_end(self, logs: Any = None) -> None:
        """Puts the weights back."""
        self._show_weights()

    def on_predict_begin(self, logs: Any = None) -> None:
        """Predicts with the averages."""
        self._show_averages()

    def on_predict_end(self, logs: Any = None) -> None:
        """Puts the weights back."""
        self._show_weights()

    def on_train_end(self, logs: Any = None) -> None:
        """The model ends with the averages, and so does the optimizer."""
        self._show_averages()
        self._keep_averages()
        self._averages_in_model = False

    def _keep_averages(self) -> None:
        """Gives the optimizer the averages that are in the model."""
        for variable, average in self._optimizer()._pairs():
            average.assign(variable.numpy())
