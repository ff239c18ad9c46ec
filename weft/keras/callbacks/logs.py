"""Callbacks that write down, and those that are made of functions."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from weft.extend import explain, nearest
from weft.keras.callbacks.callback import Callback


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        **hooks: Name of a hook, such as `on_epoch_end` → function with the hook's arguments. Other names become
            attributes.

    Raises:
        TypeError: A name begins as hooks do, but there is no such hook.
    """

    def __init__(self, **hooks: Callable[..., Any] | None) -> None:
        super().__init__()
        known = [name for name in dir(Callback) if name.startswith("on_")]
        for name, function in hooks.items():
            if name.startswith("on_") and name not in known:
                raise TypeError(explain(f"There is no hook `{name}`. {nearest(name, known)}"))
            if function is not None:
                setattr(self, name, function)


class CSVLogger(Callback):
    """Writes the metrics of every epoch to a file of comma-separated values.

    Args:
        filename: Where.
        separator: Between values.
        append: Whether lines are added to a file that is there.
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self._file: Any = None
        self._writer: Any = None
        self._with_header = True

    def on_train_begin(self, logs: Any = None) -> None:
        """Opens the file."""
        self._with_header = not (self.append and os.path.exists(self.filename) and os.path.getsize(self.filename))
        self._file = open(self.filename, "a" if self.append else "w", newline="", encoding="utf-8")
        self._writer = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Writes a line."""
        logs = logs or {}
        if self._writer is None:
            names = sorted(logs)
            if not any(name.startswith("val_") for name in names):
                names += [f"val_{name}" for name in names]  # in case that validation begins in a later epoch
            self._writer = csv.DictWriter(
                self._file, ["epoch", *names], delimiter=self.separator, restval="NA", extrasaction="ignore"
            )
            if self._with_header:
                self._writer.writeheader()
        self._writer.writerow({"epoch": epoch, **{name: _cell(value) for name, value in logs.items()}})
        self._file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
        self._file = self._writer = None


def _cell(value: Any) -> Any:
    if (isinstance(value, np.ndarray) and value.ndim > 0) or isinstance(value, (list, tuple)):
        return '"[' + ", ".join(str(item) for item in value) + ']"'
    return value
