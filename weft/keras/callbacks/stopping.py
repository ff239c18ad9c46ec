"""Callbacks that end training, or lower the learning rate, by what a metric does."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from weft.extend import explain, nearest
from weft.keras.callbacks.callback import Callback, say
from weft.keras.optimizers.several import learning_rates, single_optimizers

_log = logging.getLogger("weft.keras")


class _Watching(Callback):
    """A callback that watches whether a metric gets better."""

    #: attributes that say what it has seen; a backup of the training keeps them
    _kept: tuple[str, ...] = ()

    def __init__(self, monitor: str, mode: str, min_delta: float) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__} mode {mode!r} is unknown, so it is taken for 'auto'. "
                f"{nearest(str(mode), ('auto', 'min', 'max'))}", stacklevel=3,
            )  # fmt: skip
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self._warned = False

    def _is_greater_better(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        for metric in _single_metrics(self.model):
            if name == metric.name or name.endswith(f"_{metric.name}"):  # that of one output among several
                direction = getattr(metric, "_direction", None)
                if direction is not None:
                    return bool(direction == "up")
        name = name.lower()
        return any(part in name for part in ("acc", "auc", "precision", "recall", "f1", "iou", "top_k"))

    @property
    def monitor_op(self) -> Any:
        """The comparison by which one value of the metric is better than another."""
        return np.greater if self._is_greater_better() else np.less

    def _is_better(self, value: float, best: float) -> bool:
        return value - self.min_delta > best if self._is_greater_better() else value + self.min_delta < best

    def _worst(self) -> float:
        return -np.inf if self._is_greater_better() else np.inf

    def _value(self, logs: Any) -> float | None:
        value = (logs or {}).get(self.monitor)
        if value is None and not self._warned:
            self._warned = True
            warnings.warn(
                f"{type(self).__name__} watches `{self.monitor}`, which is not there. "
                f"There are: {', '.join(logs or {}) or 'none'}. {nearest(self.monitor, logs or {}) if logs else ''}",
                stacklevel=2,
            )  # fmt: skip
        return None if value is None else float(value)


def _single_metrics(model: Any) -> list[Any]:
    """The metrics of a model, those that `compile` was given among them, one by one."""
    found: list[Any] = []
    for metric in getattr(model, "metrics", None) or []:
        found.extend(getattr(metric, "metrics", [metric]))
    return found


class EarlyStopping(_Watching):
    """Ends training when a metric no longer gets better.

    Args:
        monitor: The metric.
        min_delta: The least change that counts.
        patience: After how many epochs without it training ends.
        verbose: Whether it says so.
        mode: `"min"`, `"max"`, or `"auto"`: by the metric's name.
        baseline: A value that must be passed.
        restore_best_weights: Whether the model ends with the weights of the best epoch.
        start_from_epoch: How many epochs pass before it begins to watch.

    Example:
        >>> from weft import keras
        >>> callback = keras.callbacks.EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
    """

    _kept = ("wait", "stopped_epoch", "best_epoch", "best")

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0, mode: str = "auto",
        baseline: float | None = None, restore_best_weights: bool = False, start_from_epoch: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Starts anew."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = None
        self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Looks at the metric."""
        value = self._value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self._is_better(value, self._worst() if self.best is None else self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._is_better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        """Says what happened, and restores the best weights."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                say(f"The weights are those of the best epoch, {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(_Watching):
    """Lowers the learning rate when a metric no longer gets better.

    Args:
        monitor: The metric.
        factor: The new rate as a share of the old one, below 1.
        patience: After how many epochs without progress.
        verbose: Whether it says so.
        mode: `"min"`, `"max"`, or `"auto"`: by the metric's name.
        min_delta: The least change that counts.
        cooldown: How many epochs pass after a reduction before it watches again.
        min_lr: The least rate.
    """

    _kept = ("wait", "cooldown_counter", "best")

    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0, mode: str = "auto",
        min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0.0, **kwargs: Any,
    ) -> None:  # fmt: skip
        min_delta = kwargs.pop("epsilon", min_delta)  # Keras 2's first name for it
        if kwargs:
            raise TypeError(explain(f"ReduceLROnPlateau has no argument `{next(iter(kwargs))}`."))
        super().__init__(monitor, mode, min_delta)
        if factor >= 1.0:
            raise ValueError(explain("ReduceLROnPlateau: `factor` must be below 1.", received=repr(factor)))
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._start()

    def _start(self) -> None:
        self.wait = 0
        self.cooldown_counter = 0
        self.best: float | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Starts anew."""
        self._start()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Looks at the metric."""
        if logs is None:
            logs = {}
        value = self._value(logs)
        logs.update(learning_rates(self.model.optimizer))
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_better(value, self._worst() if self.best is None else self.best):
            self.best = value
            self.wait = 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        reduced = False
        for optimizer in single_optimizers(self.model.optimizer):
            old = float(optimizer.learning_rate)
            if old <= np.float32(self.min_lr):
                continue
            new = max(old * self.factor, self.min_lr)
            optimizer.learning_rate = new
            reduced = True
            if self.verbose > 0:
                say(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new:.6g}.")
        if not reduced:
            return
        self.cooldown_counter = self.cooldown
        self.wait = 0


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Args:
        schedule: `schedule(epoch, rate)` or `schedule(epoch)`, the new rate.
        verbose: Whether it says so.
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Sets the rate, for each optimizer inside one of several."""
        for optimizer in single_optimizers(self.model.optimizer):
            present = float(optimizer.learning_rate)
            try:
                rate = self.schedule(epoch, present)
            except TypeError:
                rate = self.schedule(epoch)
            if not isinstance(rate, (int, float, np.floating)) and not hasattr(rate, "numpy"):
                raise ValueError(explain(
                    "LearningRateScheduler: the schedule must return a number.",
                    received=f"{rate!r} of {type(rate).__name__}"
                ))  # fmt: skip
            optimizer.learning_rate = float(rate)
            if self.verbose > 0:
                say(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate)}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Puts the rate into the history."""
        if logs is not None:
            logs.update(learning_rates(self.model.optimizer))


class TerminateOnNaN(Callback):
    """Ends training when the loss is NaN or infinite.

    Args:
        raise_error: Whether it raises instead, so that nothing goes on with the spoilt weights.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Looks at the loss."""
        loss = (logs or {}).get("loss")
        if loss is None or np.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(explain(
                f"NaN or Inf loss encountered: the loss of batch {batch} is {loss}.",
                hint="keras.config.enable_debug_nans() names the layer that made the first NaN; a smaller learning "
                "rate often helps",
            ))  # fmt: skip
        say(f"Batch {batch}: the loss is {loss}, training ends.")
        self.model.stop_training = True
