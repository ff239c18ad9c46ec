"""Callbacks: `keras.callbacks`."""

from __future__ import annotations

from typing import Any

from weft.keras.callbacks.callback import Callback, CallbackList, History, ProgbarLogger
from weft.keras.callbacks.logs import CSVLogger, LambdaCallback
from weft.keras.callbacks.stopping import EarlyStopping, LearningRateScheduler, ReduceLROnPlateau, TerminateOnNaN

_NEED_SAVING = ("BackupAndRestore", "ModelCheckpoint")


def __getattr__(name: str) -> Any:
    from weft.extend import absent

    if name in _NEED_SAVING:
        raise NotImplementedError(
            f"keras.callbacks.{name} writes models to files, and Weft cannot save models yet: saving comes later. "
            "Until then EarlyStopping(restore_best_weights=True) keeps the best weights in memory."
        )
    raise AttributeError(absent(f"keras.callbacks.{name}", __all__))


__all__ = [
    "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback", "LearningRateScheduler",
    "ProgbarLogger", "ReduceLROnPlateau", "TerminateOnNaN",
]  # fmt: skip
