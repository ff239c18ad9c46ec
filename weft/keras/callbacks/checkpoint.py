"""Callbacks that save the model while it is trained."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from weft.extend import explain
from weft.keras.callbacks.callback import say
from weft.keras.callbacks.stopping import _Watching
from weft.keras.core.metric_logs import Logs
from weft.keras.saving.checkpoints import names_checkpoint


class ModelCheckpoint(_Watching):
    """Saves the model, or its weights, after epochs or batches. A file is whole or not there.

    Args:
        filepath: Where: a path that ends in `.keras`, or in `.h5`; with `save_weights_only` in `.weights.h5`, or one
            without an ending, for checkpoints of TensorFlow's. It may hold `{epoch}`, `{batch}` and names of metrics,
            such as `{epoch:02d}-{val_loss:.2f}.keras`.
        monitor: The metric that says which one is best.
        verbose: Whether it says so.
        save_best_only: Whether only a better model than the best so far is saved.
        save_weights_only: Whether only the weights are.
        mode: `"min"`, `"max"`, or `"auto"`: by the metric.
        save_freq: `"epoch"`, or after how many batches.
        initial_value_threshold: What a first model must be better than.

    Raises:
        ValueError: For a path with another ending, or another `save_freq`.

    Example:
        >>> from weft import keras
        >>> callback = keras.callbacks.ModelCheckpoint("best.keras", monitor="val_loss", save_best_only=True)
    """

    _kept = ("best",)

    def __init__(
        self, filepath: Any, monitor: str = "val_loss", verbose: int = 0, save_best_only: bool = False,
        save_weights_only: bool = False, mode: str = "auto", save_freq: Any = "epoch",
        initial_value_threshold: float | None = None, **old: Any,
    ) -> None:  # fmt: skip
        period = old.pop("period", 1)  # Keras 1 and 2: only every so many epochs
        old.pop("options", None)
        if old:
            raise TypeError(explain(f"ModelCheckpoint has no argument `{next(iter(old))}`."))
        super().__init__(monitor, mode, 0.0)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.best = initial_value_threshold
        self._period = int(period)
        self._epoch = self._batches = 0
        self._check()

    def _check(self) -> None:
        if self.save_freq != "epoch" and (isinstance(self.save_freq, bool) or not isinstance(self.save_freq, int)):
            raise ValueError(explain(
                "ModelCheckpoint: Unrecognized save_freq: it is 'epoch' or a number of batches.",
                received=repr(self.save_freq),
            ))  # fmt: skip
        weights = self.filepath.endswith((".weights.h5", ".h5", ".hdf5")) or names_checkpoint(self.filepath)
        if self.save_weights_only and not weights:
            raise ValueError(explain(
                "ModelCheckpoint: with save_weights_only=True the path must end in `.weights.h5`.",
                received=repr(self.filepath), hint=f"filepath={os.path.splitext(self.filepath)[0] + '.weights.h5'!r}",
            ))  # fmt: skip
        if not self.save_weights_only and not self.filepath.endswith((".keras", ".h5", ".hdf5")):
            raise ValueError(explain(
                "ModelCheckpoint: the path must end in `.keras`.", received=repr(self.filepath),
                hint=f"filepath={self.filepath + '.keras'!r}",
            ))  # fmt: skip

    def _has_batch_hooks(self) -> bool:
        return self.save_freq != "epoch"

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Notes the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Saves after so many batches."""
        if self.save_freq == "epoch":
            return
        self._batches += 1
        if self._batches >= self.save_freq:
            self._batches = 0
            self._save(self._epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Saves after an epoch."""
        if self.save_freq == "epoch" and (epoch + 1) % self._period == 0:
            self._save(epoch, None, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> None:
        path = self._path(epoch, batch, logs)
        if not self._is_wanted(epoch, logs, path):
            return
        if os.path.isdir(path):
            raise IsADirectoryError(explain(f"ModelCheckpoint: `{path}` is a folder.", hint="give the path of a file"))
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)

    def _path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        values = Logs(({} if batch is None else {"batch": batch + 1}) | logs)
        try:
            return self.filepath.format_map(Logs({"epoch": epoch + 1} | values))
        except (KeyError, ValueError) as error:
            raise KeyError(explain(
                f"ModelCheckpoint: the path {self.filepath!r} names {error}, which is not there.",
                expected=", ".join(("epoch", *values)),
            )) from error  # fmt: skip

    def _is_wanted(self, epoch: int, logs: dict[str, Any], path: str) -> bool:
        if not self.save_best_only:
            self._say(epoch, f"the model is saved to {path}")
            return True
        value = logs.get(self.monitor)
        if value is None or np.ndim(value) > 0:
            if value is not None:
                warnings.warn(f"ModelCheckpoint: `{self.monitor}` is no scalar; every model is saved.", stacklevel=2)
            else:
                self._value(logs)  # says what there is
            return True
        before = "nothing" if self.best is None else f"{self.best:.5f}"
        if self.best is not None and not self._is_better(float(value), float(self.best)):
            self._say(epoch, f"{self.monitor} did not improve from {before}")
            return False
        self._say(epoch, f"{self.monitor} improved from {before} to {float(value):.5f}, the model is saved to {path}")
        self.best = float(value)
        return True

    def _say(self, epoch: int, text: str) -> None:
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: {text}")
